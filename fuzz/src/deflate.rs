//! RFC 7692: the inflater and the compressor alone, and within a connection.

use crate::codec::{compressing, inflating};
use crate::endpoint::assert_strict;
use crate::input::Settings;
use crate::input_deflate::{Deflate, Part, Task};
use crate::support::entropy::Counter;
use crate::support::model::Limits;
use crate::support::{AMPLE, ms};
use sansocket::{
    CallError, Compressor, Config, Connection, DeflateDirection, DeflateParams, Event, Inflater, MessageKind, Negotiated,
    ProtocolError, Role,
};

/// Compressed bytes for the inflater, bytes for the compressor, a wire for a connection, or messages for a pair of them.
pub fn deflate(input: &Deflate<'_>) {
    let bytes = input.bytes.0;
    match &input.task {
        Task::Inflate => inflating(input, bytes),
        Task::Compress => compressing(input, bytes),
        Task::Receive => {
            every_way(input, bytes);
        }
        Task::Pair(parts) => pair(input, parts, bytes),
    }
}

impl Deflate<'_> {
    pub(crate) fn small_window(&self) -> usize {
        self.small_window.into()
    }

    /// A history that is larger than the window, or as large.
    pub(crate) fn history_bits(&self) -> u8 {
        (self.window_bits + self.spare_bits).min(15)
    }

    /// Lengths, over and over, that are not all 0.
    pub(crate) fn sizes(&self) -> [usize; 5] {
        let [a, b, c, d] = self.sizes.map(usize::from);
        [a, b, c, d, self.small_window()]
    }

    fn config(&self) -> (Config<'static>, Limits) {
        Settings { has_small_limits: self.has_small_limits, ..Settings::default() }.config()
    }

    fn params(&self) -> DeflateParams {
        let direction = DeflateDirection { no_context_takeover: self.no_context_takeover, max_window_bits: self.window_bits };
        DeflateParams { server: direction, client: direction }
    }
}

/// The events of a connection, with chunks joined.
#[derive(PartialEq, Eq, Debug)]
enum Item {
    Message(MessageKind, Vec<u8>),
    Control(u8, Vec<u8>),
    Failed(ProtocolError),
}

struct Delivered {
    items: Vec<Item>,
    open: Option<(MessageKind, Vec<u8>)>,
    output: Vec<u8>,
    rest: Vec<u8>,
}

/// How a wire is delivered.
struct Way<'w> {
    pieces: Vec<&'w [u8]>,
    window: usize,
    room: usize,
    garbage: u8,
}

/// A connection with permessage-deflate over `way`, each call checked.
fn deliver(setup: &Deflate<'_>, config: &Config<'_>, max_message_len: u64, way: &Way<'_>) -> Delivered {
    let negotiated = Negotiated::NOTHING.with_deflate(setup.params());
    let mut connection = Connection::open(setup.receiver, config, Counter::default(), negotiated, ms(0));
    // The connection keeps it to the window that was agreed.
    let mut history = vec![way.garbage; 1 << setup.history_bits()];
    let mut inflater = Inflater::new(&mut history).unwrap();
    let mut window = vec![!way.garbage; way.window];
    let mut all = Delivered { items: Vec::new(), open: None, output: Vec::new(), rest: Vec::new() };
    for piece in &way.pieces {
        all.rest.extend(*piece);
        let mut room = way.room;
        loop {
            let before = all.rest.clone();
            let mut out = vec![0; room];
            let received = match connection.receive_with(ms(0), &mut all.rest, &mut inflater, &mut window, &mut out) {
                Ok(received) => received,
                Err(CallError::NeedsRoom { bytes }) => {
                    assert!(bytes > room && bytes <= AMPLE, "{bytes} bytes wanted, {room} offered");
                    assert_eq!(all.rest, before, "a refused call changed its input");
                    room = bytes;
                    continue;
                }
                Err(error) => panic!("{error}"),
            };
            room = way.room;
            let consumed = received.consumed;
            all.output.extend(&out[..received.produced]);
            let more = received.event.is_some();
            let over = matches!(all.items.last(), Some(Item::Failed(_) | Item::Control(8, _)));
            assert!(!(over && more), "an event after the end");
            match received.event {
                None => assert_eq!(received.produced, 0),
                Some(Event::Data(data)) => {
                    assert!(!data.payload.is_empty() || data.last, "an empty chunk inside a message");
                    let (kind, bytes) = all.open.get_or_insert((data.kind, Vec::new()));
                    assert_eq!((*kind, bytes.len() as u64), (data.kind, data.offset));
                    bytes.extend(&*data.payload);
                    assert!(bytes.len() as u64 <= max_message_len, "longer than the limit");
                    if data.last {
                        let (kind, bytes) = all.open.take().unwrap();
                        assert!(kind == MessageKind::Binary || core::str::from_utf8(&bytes).is_ok(), "no text");
                        all.items.push(Item::Message(kind, bytes));
                    }
                }
                Some(Event::Ping { payload, .. }) => all.items.push(Item::Control(9, payload.into())),
                Some(Event::Pong { payload, .. }) => all.items.push(Item::Control(10, payload.into())),
                Some(Event::CloseReceived { code, reason, .. }) => {
                    all.items.push(Item::Control(8, [&code.0.to_be_bytes(), reason.as_bytes()].concat()));
                }
                Some(Event::Failed { error, .. }) => all.items.push(Item::Failed(error)),
                Some(other) => panic!("{other:?}"),
            }
            assert_eq!(all.rest[consumed..], before[consumed..], "unconsumed input was changed");
            all.rest.drain(..consumed);
            if !more {
                break;
            }
        }
    }
    assert!(matches!(connection.receive_eof(ms(0)).event, Some(Event::Closed { .. })));
    assert!(connection.receive_eof(ms(0)).event.is_none(), "a second Closed");
    all
}

fn every_way(setup: &Deflate<'_>, wire: &[u8]) -> Delivered {
    let (config, limits) = setup.config();
    // 64 KiB are enough to see a limit, and bound what inflates a thousandfold.
    let max = limits.message.min(1 << 16);
    let config = config.max_message_len(max);
    let whole = Way { pieces: vec![wire], window: 1 << 12, room: AMPLE, garbage: 0 };
    let single = Way { pieces: wire.chunks(1).collect(), window: 1 << 12, room: 0, garbage: 0xFF };
    let pieces = Way { pieces: setup.pieces.of(wire), window: setup.small_window(), room: setup.pieces.room(), garbage: 0x55 };
    let whole = deliver(setup, &config, max, &whole);
    for way in [single, pieces] {
        assert_same(&whole, &deliver(setup, &config, max, &way));
    }
    assert_strict(setup.receiver, &whole.output);
    whole
}

/// Law 2.
fn assert_same(whole: &Delivered, other: &Delivered) {
    assert_eq!(whole.items, other.items, "events differ");
    assert_eq!(whole.output, other.output, "output differs");
    assert_eq!(whole.rest, other.rest, "unconsumed bytes differ");
    match (&whole.open, &other.open) {
        (Some((_, a)), Some((_, b))) => assert!(a.starts_with(b) || b.starts_with(a), "the unfinished message differs"),
        (None, None) => {}
        _ => assert!(matches!(whole.items.last(), Some(Item::Failed(_))), "the unfinished message differs"),
    }
}

/// Messages from one end to the other, some compressed, some not, some in fragments.
fn pair(setup: &Deflate<'_>, parts: &[Part; 4], bytes: &[u8]) {
    let (config, _) = setup.config();
    let config = config.max_message_len(1 << 16).max_fragments(1000);
    let sender_role = if setup.receiver == Role::Server { Role::Client } else { Role::Server };
    let negotiated = Negotiated::NOTHING.with_deflate(setup.params());
    let mut sender = Connection::open(sender_role, &config, Counter::default(), negotiated, ms(0));
    let mut memory = vec![0x99; Compressor::memory_len(setup.window_bits, setup.level).unwrap()];
    let mut compressor = Compressor::new(setup.window_bits, setup.level, &mut memory).unwrap();
    let (mut wire, mut expected) = (Vec::new(), Vec::new());
    let mut unfinished = Vec::new();
    let room = 32 + setup.small_window();
    let last = Part { fin: true, is_plain: false, pings: false };
    for (mut piece, how) in setup.pieces.of(bytes).into_iter().zip(parts.iter().chain([&last])) {
        // If a fragment went out compressed, the next does too.
        let is_plain = how.is_plain && unfinished.is_empty();
        let kind = MessageKind::Binary;
        if is_plain {
            let mut out = vec![0; piece.len() + 14];
            let len = sender.send(kind, piece, true, &mut out).unwrap();
            wire.extend(&out[..len]);
            expected.push(Item::Message(kind, piece.into()));
            continue;
        }
        unfinished.push(piece);
        loop {
            let mut out = vec![0; room];
            let sent = sender.send_with(&mut compressor, kind, piece, how.fin, &mut out).unwrap();
            assert!(sent.produced > 0 || sent.consumed > 0 || sent.done, "no progress");
            wire.extend(&out[..sent.produced]);
            piece = &piece[sent.consumed..];
            if sent.done {
                break;
            }
        }
        if how.fin {
            expected.push(Item::Message(kind, unfinished.concat()));
            unfinished.clear();
        }
        if how.pings {
            let mut out = [0; AMPLE];
            let len = sender.ping(b"p", &mut out).unwrap();
            wire.extend(&out[..len]);
            expected.push(Item::Control(9, b"p".into()));
        }
    }
    assert_strict(sender_role, &wire);
    let received = every_way(setup, &wire);
    match received.items.split_last() {
        // The small limits.
        Some((Item::Failed(ProtocolError::TooManyFragments | ProtocolError::MessageTooLong), before)) => {
            assert!(expected.starts_with(before));
        }
        _ => assert_eq!(received.items, expected),
    }
    assert!(received.rest.is_empty());
}
