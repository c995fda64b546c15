//! RFC 7692: the inflater and the compressor alone, and within a connection.

use crate::endpoint::assert_strict;
use crate::input::{Deflate, Part, Settings, Task};
use crate::support::entropy::Counter;
use crate::support::model::Limits;
use crate::support::{AMPLE, ms};
use sansocket::{
    CallError, Compressor, Config, Connection, DeflateDirection, DeflateParams, Event, InflateError, Inflater, MessageKind,
    Negotiated, ProtocolError, Role,
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
    fn small_window(&self) -> usize {
        self.small_window.into()
    }

    fn config(&self) -> (Config<'static>, Limits) {
        Settings { has_small_limits: self.has_small_limits, ..Settings::default() }.config()
    }

    fn params(&self) -> DeflateParams {
        let direction = DeflateDirection { no_context_takeover: self.no_context_takeover, max_window_bits: self.window_bits };
        DeflateParams { server: direction, client: direction }
    }
}

/// What messages inflate to, and the fault that ended it.
type Inflated = (Vec<Vec<u8>>, Option<InflateError>);

/// Law 2 for the inflater, whose memory held `garbage` before.
fn inflate(setup: &Deflate<'_>, messages: &[&[u8]], piece: usize, window: usize, garbage: u8) -> Inflated {
    let mut history = vec![garbage; 1 << setup.window_bits];
    let mut inflater = Inflater::new(&mut history).unwrap();
    let mut output = vec![!garbage; window];
    let mut inflated = Vec::new();
    for message in messages {
        let mut bytes = Vec::new();
        let mut rest = *message;
        let mut is_full = false;
        while !rest.is_empty() || is_full {
            let part = &rest[..piece.min(rest.len())];
            let progress = match inflater.inflate(part, &mut output) {
                Ok(progress) => progress,
                Err(error) => {
                    assert_eq!(inflater.inflate(part, &mut output), Err(error), "the fault is forgotten");
                    return (inflated, Some(error));
                }
            };
            is_full = progress.more;
            assert!(progress.produced <= window && progress.consumed <= part.len());
            assert!(progress.consumed == part.len() || is_full, "no progress: {progress:?}");
            bytes.extend(&output[..progress.produced]);
            rest = &rest[progress.consumed..];
        }
        loop {
            let finished = match inflater.finish_message(&mut output) {
                Ok(finished) => finished,
                Err(error) => return (inflated, Some(error)),
            };
            bytes.extend(&output[..finished.produced]);
            if finished.done {
                break;
            }
            assert!(finished.produced > 0, "not done, and nothing written");
        }
        inflated.push(bytes);
        if setup.no_context_takeover {
            inflater.reset();
        }
    }
    (inflated, None)
}

fn inflating(setup: &Deflate<'_>, bytes: &[u8]) {
    let messages = setup.pieces.of(bytes);
    let whole = inflate(setup, &messages, usize::MAX, 1 << 14, 0);
    let len: usize = whole.0.iter().map(Vec::len).sum();
    assert_eq!(whole, inflate(setup, &messages, 1, 1 << 14, 0xFF), "byte by byte");
    // A message that fails may have come out in part, and long.
    let window = if len < 5_000 && whole.1.is_none() { setup.small_window() } else { setup.small_window() + 500 };
    assert_eq!(whole, inflate(setup, &messages, 1 + setup.pieces.room(), window, 0x55), "through a window of {window}");
}

/// Compresses `messages`, each in pieces and to outputs of `room`; all into `garbage`.
fn compress(setup: &Deflate<'_>, messages: &[&[u8]], piece: usize, room: usize, garbage: u8) -> Vec<Vec<u8>> {
    let len = if setup.small_window() % 2 == 0 { 2 << setup.window_bits } else { (1 << setup.window_bits) + 128 };
    let mut memory = vec![garbage; len];
    let mut compressor = Compressor::new(setup.window_bits, &mut memory).unwrap();
    let mut output = vec![!garbage; room];
    let mut all = Vec::new();
    for message in messages {
        let (mut rest, mut compressed) = (*message, Vec::new());
        loop {
            let part = &rest[..piece.min(rest.len())];
            let flush = part.len() == rest.len();
            let progress = compressor.compress(part, &mut output, flush);
            assert!(progress.produced <= room && progress.consumed <= part.len() && (flush || !progress.done));
            // Up to 63 bits wait inside, so that up to 7 bytes of room may stay.
            let stays = progress.produced + 8 > room;
            assert!(progress.consumed == part.len() && (progress.done || !flush) || stays, "no progress: {progress:?}");
            compressed.extend(&output[..progress.produced]);
            rest = &rest[progress.consumed..];
            if progress.done {
                assert!(rest.is_empty());
                break;
            }
        }
        all.push(compressed);
        if setup.no_context_takeover {
            compressor.reset();
        }
    }
    all
}

fn compressing(setup: &Deflate<'_>, bytes: &[u8]) {
    let messages = setup.pieces.of(bytes);
    let room = 9 + setup.small_window();
    let compressed = compress(setup, &messages, 1 + setup.pieces.room(), room, 0);
    assert_eq!(compressed, compress(setup, &messages, 1 + setup.pieces.room(), room, 0xA5), "what was in the memory shows");
    let whole = compress(setup, &messages, usize::MAX, bytes.len() * 9 / 8 + 64, 0x3C);
    for compressed in [compressed, whole] {
        let compressed: Vec<_> = compressed.iter().map(|message| &message[..]).collect();
        let (inflated, error) = inflate(setup, &compressed, usize::MAX, 1 << 12, 0x7E);
        assert_eq!(error, None);
        assert!(inflated.iter().eq(&messages), "what is inflated is not what was compressed");
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
    let mut history = vec![way.garbage; 1 << setup.window_bits];
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
    let mut memory = vec![0x99; 2 << setup.window_bits];
    let mut compressor = Compressor::new(setup.window_bits, &mut memory).unwrap();
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
