//! Whole connections: what one end sends, or what zlib compressed into frames, the other end receives, byte for byte.

use crate::Tally;
use crate::inputs::{self, Size, one_of, size};
use crate::zlib::{self, Flushes, Settings};
use proptest::collection::vec;
use proptest::prelude::*;
use sansocket::frame::{FrameHeader, Opcode, apply_mask};
use sansocket::{
    Compressor, Config, Connection, DeflateDirection, DeflateParams, Entropy, EntropyError, Event, Inflater, Instant, Level,
    MessageKind, Negotiated, ProtocolError, Role,
};
use std::collections::VecDeque;

static CONFIG: Config = Config::new();
const NOW: Instant = Instant::from_millis(0);

#[derive(Clone, Debug)]
pub(crate) enum Case {
    BetweenOurs(BetweenOurs),
    FromZlib(FromZlib),
}

pub(crate) fn cases() -> impl Strategy<Value = Case> {
    prop_oneof![2 => between_ours().prop_map(Case::BetweenOurs), 1 => from_zlib().prop_map(Case::FromZlib)]
}

pub(crate) fn check(case: &Case) -> Tally {
    match case {
        Case::BetweenOurs(case) => check_between_ours(case),
        Case::FromZlib(case) => check_from_zlib(case),
    }
}

/// Messages from a client to a server and from the server to the client, on their way at the same time.
#[derive(Clone, Debug)]
pub(crate) struct BetweenOurs {
    /// What was agreed for the client's direction and for the server's, and what each lends.
    ends: [(DeflateDirection, Lent); 2],
    /// The role of the sender or receiver.
    steps: Vec<(Role, Step)>,
}

#[derive(Clone, Debug)]
enum Step {
    Send(Vec<Frame>, Message),
    Receive(Receive),
}

fn between_ours() -> impl Strategy<Value = BetweenOurs> {
    let send = (frames(), messages()).prop_map(|(frames, message)| Step::Send(frames, message));
    let step = prop_oneof![1 => send, 5 => receive().prop_map(Step::Receive)];
    let end = || (direction(8), lent());
    ([end(), end()], vec((one_of(&[Role::Client, Role::Server]), step), 1..=60))
        .prop_map(|(ends, steps)| BetweenOurs { ends, steps })
}

fn check_between_ours(case: &BetweenOurs) -> Tally {
    let mut tally = Tally::default();
    let [(of_client, lent_to_client), (of_server, lent_to_server)] = &case.ends;
    let params = DeflateParams { server: *of_server, client: *of_client };
    let mut memories =
        [Memory::new(lent_to_client, params.client, params.server), Memory::new(lent_to_server, params.server, params.client)];
    let [of_client, of_server] = &mut memories;
    let mut client = End::open(Role::Client, params, of_client);
    let mut server = End::open(Role::Server, params, of_server);
    for (role, step) in &case.steps {
        let (one, other) = if *role == Role::Client { (&mut client, &mut server) } else { (&mut server, &mut client) };
        match step {
            Step::Send(frames, message) => {
                let message = message.whole();
                tally.add_message(message.bytes.len());
                one.send(&message, frames, &mut other.arriving);
                other.expected.push_back(message);
            }
            Step::Receive(receive) => one.receive_some(receive, &mut other.arriving),
        }
    }
    // Pongs answer what the others still had to receive.
    for _ in 0..2 {
        client.receive_all(&mut server.arriving);
        server.receive_all(&mut client.arriving);
    }
    for end in [client, server] {
        end.assert_all_came();
    }
    tally
}

/// Messages compressed by zlib, and others, in frames that end anywhere.
#[derive(Clone, Debug)]
pub(crate) struct FromZlib {
    receiver: Role,
    no_context_takeover: bool,
    settings: Settings,
    lent: Lent,
    messages: Vec<(Flushes, Vec<Frame>, Receive, Message)>,
}

fn from_zlib() -> impl Strategy<Value = FromZlib> {
    let messages = vec((zlib::flushes(), frames(), receive(), messages()), 1..=12);
    (one_of(&[Role::Client, Role::Server]), any::<bool>(), zlib::settings(), lent(), messages).prop_map(
        |(receiver, no_context_takeover, settings, lent, messages)| FromZlib {
            receiver,
            no_context_takeover,
            settings,
            lent,
            messages,
        },
    )
}

fn check_from_zlib(case: &FromZlib) -> Tally {
    let mut tally = Tally::default();
    let FromZlib { receiver, no_context_takeover, settings, .. } = *case;
    let peers = DeflateDirection { no_context_takeover, max_window_bits: settings.window_bits };
    let params = DeflateParams { server: peers, client: peers };
    let mut memory = Memory::new(&case.lent, peers, peers);
    let mut end = End::open(receiver, params, &mut memory);
    let mut deflater = zlib::Deflater::new(settings);
    for (flushes, frames, receive, message) in &case.messages {
        let message = message.whole();
        tally.add_message(message.bytes.len());
        if message.compressed {
            if no_context_takeover {
                deflater.reset();
            }
            let payload = deflater.message(flushes, &message.bytes);
            put_frames(&message, &payload, receiver == Role::Server, frames, &mut end.arriving);
        } else {
            put_frames(&message, &message.bytes, receiver == Role::Server, frames, &mut end.arriving);
        }
        end.expected.push_back(message);
        end.receive_some(receive, &mut Vec::new());
    }
    end.receive_all(&mut Vec::new());
    end.assert_all_came();
    tally
}

/// How much of what is left of a message goes into its next frame. After the last of them, all of it.
#[derive(Clone, Copy, Debug)]
struct Frame {
    size: Size,
    /// If that is all, whether an empty frame ends the message.
    is_open: bool,
    /// Room for what our compressor writes, which may need more frames.
    room: usize,
    /// The length of a Ping after it.
    ping: Option<usize>,
    masking_key: [u8; 4],
}

impl Frame {
    const LAST: Self = Self { size: Size::ALL, is_open: false, room: 8192, ping: None, masking_key: [0x37, 0xFA, 0x21, 0x3D] };
}

fn frames() -> impl Strategy<Value = Vec<Frame>> {
    let size = prop_oneof![Just(Size::ALL), size()];
    let room = size_up_to(8192 - 32).prop_map(|more| 32 + more);
    let ping = proptest::option::weighted(0.125, size_up_to(125));
    let frame = (size, prop::bool::weighted(0.2), room, ping, any::<[u8; 4]>())
        .prop_map(|(size, is_open, room, ping, masking_key)| Frame { size, is_open, room, ping, masking_key });
    vec(frame, 0..8)
}

fn size_up_to(max: usize) -> impl Strategy<Value = usize> {
    size().prop_map(move |size| size.of(max))
}

/// `payload` in one frame or more, any of which may be empty.
fn put_frames(message: &Whole, payload: &[u8], masked: bool, frames: &[Frame], wire: &mut Vec<u8>) {
    let (mut rest, mut starts) = (payload, true);
    for frame in frames.iter().chain([&Frame::LAST]) {
        let part = frame.size.of(rest.len());
        let fin = part == rest.len() && !frame.is_open;
        let opcode = match message.kind {
            _ if !starts => Opcode::Continuation,
            MessageKind::Text => Opcode::Text,
            MessageKind::Binary => Opcode::Binary,
        };
        let masking_key = masked.then_some(frame.masking_key);
        let rsv = if starts && message.compressed { 4 } else { 0 };
        let header = FrameHeader { fin, rsv, opcode, masking_key, payload_len: part as u64 };
        let mut bytes = [0; FrameHeader::MAX_LEN];
        let header_len = header.encode(&mut bytes).expect("room for a header");
        wire.extend_from_slice(&bytes[..header_len]);
        let start = wire.len();
        wire.extend_from_slice(&rest[..part]);
        apply_mask(masking_key.unwrap_or_default(), &mut wire[start..]);
        (rest, starts) = (&rest[part..], false);
        if fin {
            return;
        }
    }
}

/// What was agreed for one direction.
fn direction(min_bits: u8) -> impl Strategy<Value = DeflateDirection> {
    (any::<bool>(), min_bits..=15)
        .prop_map(|(no_context_takeover, max_window_bits)| DeflateDirection { no_context_takeover, max_window_bits })
}

#[derive(Clone, Debug)]
struct Message {
    kind: MessageKind,
    content: inputs::Message,
    compressed: bool,
}

fn messages() -> impl Strategy<Value = Message> {
    use inputs::{message, text};
    let text = prop_oneof![text(100), text(3_000), text(30_000), text(100_000)].prop_map(|text| (MessageKind::Text, text));
    let binary = prop_oneof![message(100), message(3_000), message(30_000), message(100_000)]
        .prop_map(|message| (MessageKind::Binary, message));
    (prop_oneof![text, binary], prop::bool::weighted(0.75)).prop_map(|((kind, content), compressed)| Message {
        kind,
        content,
        compressed,
    })
}

impl Message {
    fn whole(&self) -> Whole {
        Whole { kind: self.kind, bytes: self.content.bytes(), compressed: self.compressed }
    }
}

/// A message put together.
struct Whole {
    kind: MessageKind,
    bytes: Vec<u8>,
    compressed: bool,
}

/// How much more of what is on its way is presented, and with what window for inflated data.
#[derive(Clone, Copy, Debug)]
struct Receive {
    size: Size,
    window: usize,
}

fn receive() -> impl Strategy<Value = Receive> {
    (size(), size_up_to(4095)).prop_map(|(size, more)| Receive { size, window: 1 + more })
}

/// What an end lends to its compressor.
#[derive(Clone, Debug)]
struct Lent {
    /// A sender may use a smaller window than agreed.
    max_window_bits: u8,
    level: Level,
    /// Between the least memory for the level and a window more than that.
    more: Size,
    /// What is in the memory.
    garbage: u8,
}

fn lent() -> impl Strategy<Value = Lent> {
    let level = one_of(&[Level::Fast, Level::Default, Level::Best]);
    (prop_oneof![Just(15), 8..=15_u8], level, any::<u8>(), any::<u8>()).prop_map(|(max_window_bits, level, more, garbage)| Lent {
        max_window_bits,
        level,
        more: Size::Share(more),
        garbage,
    })
}

/// What one end lends to its compressor and its inflater.
struct Memory {
    window_bits: u8,
    level: Level,
    compressor: Vec<u8>,
    history: Vec<u8>,
}

impl Memory {
    fn new(lent: &Lent, ours: DeflateDirection, peers: DeflateDirection) -> Self {
        let window_bits = lent.max_window_bits.min(ours.max_window_bits);
        let window = 1 << window_bits;
        let least = match lent.level {
            Level::Fast => window + 128,
            level => Compressor::memory_len(window_bits, level).expect("8 to 15 bits"),
        };
        let compressor = vec![lent.garbage; least + lent.more.of(window)];
        Self { window_bits, level: lent.level, compressor, history: vec![lent.garbage; 1 << peers.max_window_bits] }
    }
}

/// One end of a connection, and what is on its way to it.
struct End<'m> {
    connection: Connection<'static, Keys>,
    compressor: Compressor<'m>,
    inflater: Inflater<'m>,
    /// What the peer has written and this end has not consumed.
    arriving: Vec<u8>,
    /// How much of it was presented before.
    presented: usize,
    expected: VecDeque<Whole>,
    /// What has arrived of the first expected message.
    came: Vec<u8>,
}

impl<'m> End<'m> {
    fn open(role: Role, params: DeflateParams, memory: &'m mut Memory) -> Self {
        Self {
            connection: Connection::open(role, &CONFIG, Keys(0), Negotiated::NOTHING.with_deflate(params), NOW),
            compressor: Compressor::new(memory.window_bits, memory.level, &mut memory.compressor).expect("enough memory"),
            inflater: Inflater::new(&mut memory.history).expect("a window of 8 to 15 bits"),
            arriving: Vec::new(),
            presented: 0,
            expected: VecDeque::new(),
            came: Vec::new(),
        }
    }

    /// Sends a message in fragments that end anywhere, with Pings between the frames.
    fn send(&mut self, message: &Whole, frames: &[Frame], wire: &mut Vec<u8>) {
        let mut rest = message.bytes.as_slice();
        for frame in frames.iter().chain([&Frame::LAST]) {
            let part = frame.size.of(rest.len());
            let fin = part == rest.len() && !frame.is_open;
            if message.compressed {
                self.send_compressed(message.kind, &rest[..part], fin, frame, wire);
            } else {
                let mut out = vec![0; part + FrameHeader::MAX_LEN];
                let written = self.connection.send(message.kind, &rest[..part], fin, &mut out).expect("send");
                wire.extend_from_slice(&out[..written]);
            }
            if fin {
                return;
            }
            rest = &rest[part..];
            self.maybe_ping(frame, wire);
        }
    }

    fn send_compressed(&mut self, kind: MessageKind, fragment: &[u8], fin: bool, frame: &Frame, wire: &mut Vec<u8>) {
        let mut out = vec![0; frame.room];
        let mut rest = fragment;
        loop {
            let sent = self.connection.send_with(&mut self.compressor, kind, rest, fin, &mut out).expect("send_with");
            assert!(sent.done || sent.consumed > 0 || sent.produced > 0, "nothing done with room for {}", frame.room);
            wire.extend_from_slice(&out[..sent.produced]);
            rest = &rest[sent.consumed..];
            if sent.done {
                assert!(rest.is_empty());
                return;
            }
            self.maybe_ping(frame, wire);
        }
    }

    fn maybe_ping(&mut self, frame: &Frame, wire: &mut Vec<u8>) {
        if let Some(len) = frame.ping {
            let mut out = [0; 131];
            let written = self.connection.ping(&vec![b'p'; len], &mut out).expect("ping");
            wire.extend_from_slice(&out[..written]);
        }
    }

    /// Presents some more of what is on its way; the answers go `back`.
    fn receive_some(&mut self, receive: &Receive, back: &mut Vec<u8>) {
        let end = self.presented + receive.size.of(self.arriving.len() - self.presented);
        let mut consumed = 0;
        loop {
            let mut out = [0; 131];
            let mut window = vec![0; receive.window];
            let input = &mut self.arriving[consumed..end];
            let received =
                self.connection.receive_with(NOW, input, &mut self.inflater, &mut window, &mut out).expect("receive_with");
            back.extend_from_slice(&out[..received.produced]);
            consumed += received.consumed;
            match received.event {
                None => break,
                Some(Event::Ping { .. } | Event::Pong { .. }) => {}
                Some(Event::Data(data)) => {
                    let expected = self.expected.front().expect("no more messages");
                    assert_eq!((data.kind, data.offset), (expected.kind, self.came.len() as u64));
                    assert!(!data.payload.is_empty() || data.last, "an empty piece");
                    self.came.extend_from_slice(data.payload);
                    assert!(expected.bytes.starts_with(data.payload) || data.offset > 0, "the message starts differently");
                    if data.last {
                        let is_same = self.came == expected.bytes;
                        assert!(is_same, "{} bytes came as {} others", expected.bytes.len(), self.came.len());
                        self.expected.pop_front();
                        self.came.clear();
                    }
                }
                Some(other) => panic!("{other:?}"),
            }
        }
        self.arriving.drain(..consumed);
        self.presented = end - consumed;
    }

    fn receive_all(&mut self, back: &mut Vec<u8>) {
        self.receive_some(&Receive { size: Size::ALL, window: 4096 }, back);
    }

    fn assert_all_came(self) {
        assert!(self.arriving.is_empty(), "{} bytes are left", self.arriving.len());
        assert!(self.expected.is_empty(), "{} messages did not come", self.expected.len());
    }
}

/// A compressed message of one frame, as a connection of its own receives it, or its fault.
pub(crate) fn receive_one(role: Role, inflater: &mut Inflater<'_>, payload: &[u8]) -> Result<Vec<u8>, ProtocolError> {
    receive_one_at(1 << 24, role, inflater, payload)
}

/// The same for messages of at most `max_message_len` bytes.
pub(crate) fn receive_one_at(
    max_message_len: u64,
    role: Role,
    inflater: &mut Inflater<'_>,
    payload: &[u8],
) -> Result<Vec<u8>, ProtocolError> {
    let config = Config::new().max_message_len(max_message_len);
    let negotiated = Negotiated::NOTHING.with_deflate(DeflateParams::DEFAULT);
    let mut connection = Connection::open(role, &config, Keys(0), negotiated, NOW);
    let message = Whole { kind: MessageKind::Binary, bytes: Vec::new(), compressed: true };
    let (mut wire, mut consumed, mut came) = (Vec::new(), 0, Vec::new());
    put_frames(&message, payload, role == Role::Server, &[], &mut wire);
    loop {
        let (mut window, mut out) = ([0; 700], [0; 131]);
        let received =
            connection.receive_with(NOW, &mut wire[consumed..], inflater, &mut window, &mut out).expect("receive_with");
        consumed += received.consumed;
        match received.event {
            Some(Event::Data(data)) => {
                came.extend_from_slice(data.payload);
                if data.last {
                    return Ok(came);
                }
            }
            Some(Event::Failed { error, .. }) => return Err(error),
            other => panic!("{other:?} before the end of the message"),
        }
    }
}

/// Masking keys of bytes that count on.
pub(crate) struct Keys(pub(crate) u8);

impl Entropy for Keys {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        bytes.fill_with(|| {
            self.0 = self.0.wrapping_add(1);
            self.0
        });
        Ok(())
    }
}
