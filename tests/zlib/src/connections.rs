//! Whole connections: what one end sends, or what zlib compressed into frames, the other end receives, octet for octet.

use crate::chance::Chance;
use crate::{Tally, zlib};
use sansocket::frame::{FrameHeader, Opcode, apply_mask};
use sansocket::{
    Compressor, Config, Connection, DeflateDirection, DeflateParams, Entropy, EntropyError, Event, Inflater, Instant,
    MessageKind, Negotiated, Role,
};
use std::collections::VecDeque;

static CONFIG: Config = Config::new();
const NOW: Instant = Instant::from_millis(0);

pub(crate) fn case(chance: &mut Chance) -> Tally {
    if chance.one_in(3) { from_zlib(chance) } else { between_ours(chance) }
}

/// Messages from a client to a server and from the server to the client, on their way at the same time.
fn between_ours(chance: &mut Chance) -> Tally {
    let mut tally = Tally::default();
    let params = DeflateParams { server: direction(chance, 8), client: direction(chance, 8) };
    let mut memories = [Memory::new(chance, params.client, params.server), Memory::new(chance, params.server, params.client)];
    let [of_client, of_server] = &mut memories;
    let mut client = End::open(Role::Client, params, of_client, chance);
    let mut server = End::open(Role::Server, params, of_server, chance);
    for _ in 0..chance.between(1, 12) {
        let (sender, receiver) = if chance.one_in(2) { (&mut client, &mut server) } else { (&mut server, &mut client) };
        let message = Message::any(chance);
        tally.add_message(message.octets.len());
        sender.send(&message, chance, &mut receiver.arriving);
        receiver.expected.push_back(message);
        for _ in 0..chance.between(0, 5) {
            receiver.receive_some(chance, &mut sender.arriving);
            sender.receive_some(chance, &mut receiver.arriving);
        }
    }
    // Pongs answer what the others still had to receive.
    for _ in 0..2 {
        client.receive_all(chance, &mut server.arriving);
        server.receive_all(chance, &mut client.arriving);
    }
    for end in [client, server] {
        end.assert_all_came();
    }
    tally
}

/// Messages compressed by zlib, and others, in frames that end anywhere.
fn from_zlib(chance: &mut Chance) -> Tally {
    let mut tally = Tally::default();
    let role = chance.pick(&[Role::Client, Role::Server]);
    let peers = direction(chance, 9);
    let params = DeflateParams { server: peers, client: peers };
    let mut memory = Memory::new(chance, peers, peers);
    let mut end = End::open(role, params, &mut memory, chance);
    let mut deflater = zlib::Deflater::any(chance, peers.max_window_bits);
    for _ in 0..chance.between(1, 12) {
        let message = Message::any(chance);
        tally.add_message(message.octets.len());
        if message.compressed {
            if peers.no_context_takeover {
                deflater.reset();
            }
            let payload = deflater.message(chance, &message.octets);
            put_frames(&message, &payload, role == Role::Server, chance, &mut end.arriving);
        } else {
            put_frames(&message, &message.octets, role == Role::Server, chance, &mut end.arriving);
        }
        end.expected.push_back(message);
        end.receive_some(chance, &mut Vec::new());
    }
    end.receive_all(chance, &mut Vec::new());
    end.assert_all_came();
    tally
}

/// `payload` in one frame or more, any of which may be empty.
fn put_frames(message: &Message, payload: &[u8], masked: bool, chance: &mut Chance, wire: &mut Vec<u8>) {
    let (mut rest, mut starts) = (payload, true);
    loop {
        let part = if chance.one_in(2) { rest.len() } else { chance.part(rest.len()) };
        let fin = part == rest.len() && !chance.one_in(5);
        let opcode = match message.kind {
            _ if !starts => Opcode::Continuation,
            MessageKind::Text => Opcode::Text,
            MessageKind::Binary => Opcode::Binary,
        };
        let masking_key = masked.then(|| (chance.next() as u32).to_be_bytes());
        let rsv = if starts && message.compressed { 4 } else { 0 };
        let header = FrameHeader { fin, rsv, opcode, masking_key, payload_len: part as u64 };
        let mut octets = [0; FrameHeader::MAX_LEN];
        let header_len = header.encode(&mut octets).expect("room for a header");
        wire.extend_from_slice(&octets[..header_len]);
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
fn direction(chance: &mut Chance, min_bits: usize) -> DeflateDirection {
    DeflateDirection { no_context_takeover: chance.one_in(2), max_window_bits: chance.between(min_bits, 15) as u8 }
}

struct Message {
    kind: MessageKind,
    octets: Vec<u8>,
    compressed: bool,
}

impl Message {
    fn any(chance: &mut Chance) -> Self {
        let (max, compressed) = (chance.pick(&[100, 3_000, 30_000, 100_000]), !chance.one_in(4));
        if chance.one_in(2) {
            Self { kind: MessageKind::Text, octets: chance.text(max).into_bytes(), compressed }
        } else {
            Self { kind: MessageKind::Binary, octets: chance.message(max), compressed }
        }
    }
}

/// What one end lends to its compressor and its inflater.
struct Memory {
    window_bits: u8,
    compressor: Vec<u8>,
    history: Vec<u8>,
}

impl Memory {
    fn new(chance: &mut Chance, ours: DeflateDirection, peers: DeflateDirection) -> Self {
        // A sender may use a smaller window than agreed.
        let window_bits =
            if chance.one_in(2) { ours.max_window_bits } else { chance.between(8, ours.max_window_bits.into()) as u8 };
        let window = 1 << window_bits;
        let compressor = vec![chance.octet(); window + chance.between(128, 128 + window)];
        Self { window_bits, compressor, history: vec![chance.octet(); 1 << peers.max_window_bits] }
    }
}

/// One end of a connection, and what is on its way to it.
struct End<'m> {
    connection: Connection<'static, Keys>,
    compressor: Compressor<'m>,
    inflater: Inflater<'m>,
    /// What the peer has written and this end has not consumed.
    arriving: Vec<u8>,
    /// So much of it was presented before.
    presented: usize,
    expected: VecDeque<Message>,
    /// What has come of the first message expected.
    came: Vec<u8>,
}

impl<'m> End<'m> {
    fn open(role: Role, params: DeflateParams, memory: &'m mut Memory, chance: &mut Chance) -> Self {
        let keys = Keys(Chance::new(chance.next()));
        Self {
            connection: Connection::open(role, &CONFIG, keys, Negotiated::NOTHING.with_deflate(params), NOW),
            compressor: Compressor::new(memory.window_bits, &mut memory.compressor).expect("enough memory"),
            inflater: Inflater::new(&mut memory.history).expect("a window of 8 to 15 bits"),
            arriving: Vec::new(),
            presented: 0,
            expected: VecDeque::new(),
            came: Vec::new(),
        }
    }

    /// Sends a message in fragments that end anywhere, with Pings between the frames.
    fn send(&mut self, message: &Message, chance: &mut Chance, wire: &mut Vec<u8>) {
        let mut rest = message.octets.as_slice();
        loop {
            let part = if chance.one_in(2) { rest.len() } else { chance.part(rest.len()) };
            let fin = part == rest.len() && !chance.one_in(5);
            if message.compressed {
                self.send_compressed(message.kind, &rest[..part], fin, chance, wire);
            } else {
                let mut out = vec![0; part + FrameHeader::MAX_LEN];
                let written = self.connection.send(message.kind, &rest[..part], fin, &mut out).expect("send");
                wire.extend_from_slice(&out[..written]);
            }
            if fin {
                return;
            }
            rest = &rest[part..];
            self.maybe_ping(chance, wire);
        }
    }

    fn send_compressed(&mut self, kind: MessageKind, fragment: &[u8], fin: bool, chance: &mut Chance, wire: &mut Vec<u8>) {
        let mut out = [0; 8192];
        let mut rest = fragment;
        loop {
            let room = 32 + chance.part(out.len() - 32);
            let sent = self.connection.send_with(&mut self.compressor, kind, rest, fin, &mut out[..room]).expect("send_with");
            assert!(sent.done || sent.consumed > 0 || sent.produced > 0, "nothing done with room for {room}");
            wire.extend_from_slice(&out[..sent.produced]);
            rest = &rest[sent.consumed..];
            if sent.done {
                assert!(rest.is_empty());
                return;
            }
            self.maybe_ping(chance, wire);
        }
    }

    fn maybe_ping(&mut self, chance: &mut Chance, wire: &mut Vec<u8>) {
        if chance.one_in(8) {
            let mut out = [0; 131];
            let len = chance.part(125);
            let written = self.connection.ping(&chance.octets(len), &mut out).expect("ping");
            wire.extend_from_slice(&out[..written]);
        }
    }

    /// Presents some more of what is on its way; the answers go `back`.
    fn receive_some(&mut self, chance: &mut Chance, back: &mut Vec<u8>) {
        let end = self.presented + chance.part(self.arriving.len() - self.presented);
        let mut consumed = 0;
        loop {
            let mut out = [0; 131];
            let mut window = vec![0; 1 + chance.part(4095)];
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
                    assert!(expected.octets.starts_with(data.payload) || data.offset > 0, "the message starts differently");
                    if data.last {
                        let is_same = self.came == expected.octets;
                        assert!(is_same, "{} octets came as {} others", expected.octets.len(), self.came.len());
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

    fn receive_all(&mut self, chance: &mut Chance, back: &mut Vec<u8>) {
        while self.presented < self.arriving.len() {
            self.receive_some(chance, back);
        }
    }

    fn assert_all_came(self) {
        assert!(self.arriving.is_empty(), "{} octets are left", self.arriving.len());
        assert!(self.expected.is_empty(), "{} messages did not come", self.expected.len());
    }
}

/// Masking keys that can be repeated.
struct Keys(Chance);

impl Entropy for Keys {
    fn fill(&mut self, octets: &mut [u8]) -> Result<(), EntropyError> {
        octets.fill_with(|| self.0.octet());
        Ok(())
    }
}
