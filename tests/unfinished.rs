//! Messages that are not finished: nothing whole goes between their fragments, and what a compressed one may cost is bounded over
//! all of them.
mod property;
mod support;

use property::{count, one_of, property, role};
use proptest::collection::vec;
use proptest::prelude::*;
use sansocket::frame::apply_mask;
use sansocket::{CallError, MessageKind, Role, UsageError};
use std::cell::Cell;
use support::frames::*;
use support::probe::{Probe, Seen};
use support::{Begin, DEFAULT};

/// The verbs that send a message, or a fragment of one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Verb {
    Text,
    Send(MessageKind, bool),
    Header(MessageKind, bool),
    BinaryHeader(bool),
    Encoded,
}

const VERBS: [Verb; 12] = [
    Verb::Text,
    Verb::Send(MessageKind::Text, false),
    Verb::Send(MessageKind::Text, true),
    Verb::Send(MessageKind::Binary, false),
    Verb::Send(MessageKind::Binary, true),
    Verb::Header(MessageKind::Text, false),
    Verb::Header(MessageKind::Text, true),
    Verb::Header(MessageKind::Binary, false),
    Verb::Header(MessageKind::Binary, true),
    Verb::BinaryHeader(false),
    Verb::BinaryHeader(true),
    Verb::Encoded,
];

impl Verb {
    /// The kind that it sends, whether it ends the message, and whether it can continue one.
    fn means(self) -> (MessageKind, bool, bool) {
        match self {
            Verb::Text => (MessageKind::Text, true, false),
            Verb::Send(kind, fin) | Verb::Header(kind, fin) => (kind, fin, true),
            Verb::BinaryHeader(fin) => (MessageKind::Binary, fin, true),
            Verb::Encoded => (MessageKind::Binary, true, false),
        }
    }

    /// Calls it; what it wrote, and what the caller adds, goes to the output.
    fn call(self, probe: &mut Probe<'_>, payload: &str) -> Result<(), CallError> {
        let bytes = payload.as_bytes();
        let encoded = frame(FIN | BINARY, None, bytes);
        // What the caller writes itself.
        let mut rest = vec![];
        probe.try_write(|conn, out| match self {
            Verb::Text => conn.send_text(payload, out),
            Verb::Send(kind, fin) => conn.send(kind, bytes, fin, out),
            Verb::Header(..) | Verb::BinaryHeader(_) => {
                let n = match self {
                    Verb::Header(kind, fin) => conn.send_header(kind, bytes, fin, out)?,
                    _ => conn.send_binary_header(bytes.len() as u64, matches!(self, Verb::BinaryHeader(true)), out)?,
                };
                rest = bytes.to_vec();
                if conn.role() == Role::Client {
                    apply_mask(*out[..n].last_chunk().unwrap(), &mut rest);
                }
                Ok(n)
            }
            Verb::Encoded => {
                let n = conn.send_encoded(&encoded)?;
                out[..n].copy_from_slice(&encoded);
                Ok(n)
            }
        })?;
        probe.output.extend(rest);
        Ok(())
    }
}

/// K-14: any sequence of the verbs that send, in both roles, with Pings and Pongs between: what does not continue an unfinished
/// message is refused and writes nothing, whatever its kind; the peer receives the messages of the model, and no other.
#[test]
fn nothing_whole_goes_inside_an_unfinished_message() {
    let (refused, messages) = (Cell::new(0), Cell::new(0));
    let payload = one_of(&["", "a", "he", "status", "\u{20ac}"]);
    // Each verb, and whether a Ping and a Pong of ours go before it.
    let verbs = vec((one_of(&VERBS), payload, prop::bool::weighted(1.0 / 6.0)), 0..=25);
    property(3_000, (role(), verbs), |(role, verbs)| {
        let mut probe = Probe::start(role, &DEFAULT, Begin::Open);
        let mut expected = Vec::new();
        let mut unfinished: Option<(MessageKind, Vec<u8>)> = None;
        for (i, (verb, payload, pings)) in verbs.into_iter().enumerate() {
            if pings {
                probe.write(|conn, out| conn.ping(b"between", out));
                probe.write(|conn, out| conn.pong(b"between", out));
            }
            let (kind, fin, goes_on) = verb.means();
            let right = match &unfinished {
                _ if matches!(verb, Verb::Encoded) && role == Role::Client => Err(UsageError::WrongRole),
                Some(_) if !goes_on => Err(UsageError::MessageUnfinished),
                Some((other, _)) if *other != kind => Err(UsageError::WrongMessageKind),
                _ => Ok(()),
            };
            let before = probe.output.len();
            assert_eq!(verb.call(&mut probe, payload), right.map_err(CallError::Usage), "verb {i} inside {unfinished:02x?}");
            if right.is_err() {
                count(&refused);
                assert_eq!(probe.output.len(), before, "verb {i} inside {unfinished:02x?}");
                continue;
            }
            unfinished.get_or_insert_with(|| (kind, Vec::new())).1.extend(payload.as_bytes());
            if fin {
                let (kind, payload) = unfinished.take().unwrap();
                expected.push(Seen::Message(kind, payload));
                count(&messages);
            }
        }
        let mut peer = Probe::start(if role == Role::Client { Role::Server } else { Role::Client }, &DEFAULT, Begin::Open);
        peer.feed(&probe.output);
        peer.events.retain(|seen| !matches!(seen, Seen::Ping { .. } | Seen::Pong { .. }));
        assert_eq!(peer.events, expected);
        let open = peer.open.filter(|open| !open.1.is_empty());
        assert_eq!(open, unfinished.filter(|open| !open.1.is_empty()));
    });
    assert!(refused.get() > 5_000 && messages.get() > 5_000, "{refused:?} refused, {messages:?} messages");
}

#[cfg(feature = "deflate")]
mod deflate {
    use super::*;
    use sansocket::ProtocolError::{self, *};
    use sansocket::{Compressor, Config, Connection, DeflateParams, Event, Inflater, Level, Negotiated, UsageError};
    use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
    use support::entropy::Counter;
    use support::{ROLES, ms};

    fn open<'c>(role: Role, config: &'c Config<'c>) -> Connection<'c, Counter> {
        let negotiated = Negotiated::NOTHING.with_deflate(DeflateParams::DEFAULT);
        Connection::open(role, config, Counter::default(), negotiated, ms(0))
    }

    /// Deliveries of compressed messages to one connection.
    struct Receiver<'c> {
        conn: Connection<'c, Counter>,
        history: Vec<u8>,
    }

    /// The result of a wire.
    #[derive(Default, Debug)]
    struct Delivered {
        messages: Vec<Vec<u8>>,
        /// The fault, and how many bytes had been delivered when it came.
        fault: Option<(ProtocolError, usize)>,
    }

    impl<'c> Receiver<'c> {
        fn new(role: Role, config: &'c Config<'c>) -> Self {
            Self { conn: open(role, config), history: vec![0; 1 << 15] }
        }

        /// In pieces of up to `piece` bytes, inflated into a window of `window`.
        fn deliver(&mut self, wire: &[u8], piece: usize, window: usize) -> Delivered {
            let mut inflater = Inflater::new(&mut self.history).unwrap();
            let (mut delivered, mut message, mut input, mut end) = (Delivered::default(), Vec::new(), Vec::new(), 0);
            for piece in wire.chunks(piece) {
                input.extend(piece);
                end += piece.len();
                let mut consumed = 0;
                loop {
                    let (mut window, mut out) = (vec![0; window], [0; 131]);
                    let received =
                        self.conn.receive_with(ms(0), &mut input[consumed..], &mut inflater, &mut window, &mut out).unwrap();
                    consumed += received.consumed;
                    match received.event {
                        None => break,
                        Some(Event::Data(data)) => {
                            message.extend_from_slice(data.payload);
                            if data.last {
                                delivered.messages.push(core::mem::take(&mut message));
                            }
                        }
                        Some(Event::Failed { error, .. }) => {
                            delivered.fault = Some((error, end));
                            return delivered;
                        }
                        Some(event) => panic!("{event:?}"),
                    }
                }
                input.drain(..consumed);
            }
            delivered
        }
    }

    /// A stored block: the bytes and five more. It starts and ends between bytes.
    fn stored(data: &[u8]) -> Vec<u8> {
        let len = data.len() as u16;
        [&[0][..], &len.to_le_bytes(), &(!len).to_le_bytes(), data].concat()
    }

    /// RFC 1951 §3.2.6 by hand, literals alone, and the empty stored block of a flush: what a proper sender makes of a fragment
    /// that it flushes.
    fn flushed(data: &[u8]) -> Vec<u8> {
        // The block's head, 1 0 0: not the last, fixed codes.
        let mut bits = vec![0, 1, 0];
        let mut code = |value: u16, len: u16| bits.extend((0..len).rev().map(|place| value >> place & 1));
        for &byte in data {
            match byte {
                0..144 => code(0x30 + u16::from(byte), 8),
                _ => code(0x190 + u16::from(byte - 144), 9),
            }
        }
        code(0, 7);
        bits.extend([0, 0, 0]);
        let bytes = bits.chunks(8).map(|bits| bits.iter().rev().fold(0, |byte, &bit| byte << 1 | bit as u8));
        bytes.chain([0, 0, 0xFF, 0xFF]).collect()
    }

    /// Bytes that count up from the first.
    #[derive(Clone, Copy, Debug)]
    struct Run {
        first: u8,
        len: usize,
    }

    impl Run {
        fn bytes(self) -> Vec<u8> {
            (0..self.len).map(|i| self.first.wrapping_add(i as u8)).collect()
        }
    }

    fn run() -> impl Strategy<Value = Run> {
        let len = prop_oneof![1..=2_usize, 1..=20_usize, 1..=200_usize];
        (any::<u8>(), len).prop_map(|(first, len)| Run { first, len })
    }

    /// What a fragment is made of.
    #[derive(Clone, Copy, Debug)]
    enum Part {
        /// Zero bytes.
        Nothing,
        Stored(Run),
        Flushed(Run),
        /// The flush of nothing.
        EmptyFlush,
        /// Blocks without data: many of them are a bomb.
        EmptyBlocks(usize),
        /// The data twice, in several blocks.
        Mixed(Run),
    }

    impl Part {
        /// Its bytes, and what they inflate to.
        fn bytes(self) -> (Vec<u8>, Vec<u8>) {
            match self {
                Part::Nothing => (vec![], vec![]),
                Part::Stored(run) => (stored(&run.bytes()), run.bytes()),
                Part::Flushed(run) => (flushed(&run.bytes()), run.bytes()),
                Part::EmptyFlush => (flushed(b""), vec![]),
                Part::EmptyBlocks(blocks) => (stored(b"").repeat(blocks), vec![]),
                Part::Mixed(run) => {
                    let data = run.bytes();
                    ([stored(b""), stored(&data), flushed(&data), stored(b"")].concat(), data.repeat(2))
                }
            }
        }
    }

    fn part() -> impl Strategy<Value = Part> {
        prop_oneof![
            1 => Just(Part::Nothing),
            2 => run().prop_map(Part::Stored),
            2 => run().prop_map(Part::Flushed),
            1 => Just(Part::EmptyFlush),
            2 => prop_oneof![1..=9_usize, 0..60_usize].prop_map(Part::EmptyBlocks),
            1 => run().prop_map(Part::Mixed),
        ]
    }

    /// Of a sequence of frames of a message, each with what it inflates to.
    type Fragments = Vec<(Vec<u8>, Vec<u8>)>;

    /// The wire of a compressed message of `fragments`, and where each frame begins.
    fn wire_of(role: Role, fragments: &Fragments, places: &mut Vec<(usize, usize)>, mut wire: Vec<u8>) -> Vec<u8> {
        for (i, (payload, _)) in fragments.iter().enumerate() {
            let first = if i == 0 { 0x40 | BINARY } else { CONTINUATION };
            let fin = if i + 1 == fragments.len() { FIN } else { 0 };
            let start = wire.len();
            wire.extend(frame_to(role, first | fin, payload));
            places.push((start, wire.len()));
        }
        wire
    }

    /// K-16, L-06, L-09, B-12: any compressed messages, several on one connection, of fragments that inflate to something
    /// or to nothing, under any limits and in any pieces: the total of compressed bytes is bounded from each frame's header
    /// on, a fragment that inflates to nothing counts as an empty one, and what keeps within both is delivered.
    #[test]
    fn compressed_bytes_are_bounded_over_all_fragments() {
        let (whole, long, empty) = (Cell::new(0), Cell::new(0), Cell::new(0));
        let limits = (one_of(&[5_000, 1_000, 300, 10, 0]), one_of(&[1_024, 1_024, 3, 1, 0]));
        let parts = prop_oneof![vec(part(), 0..1), vec(part(), 0..5), vec(part(), 0..40)];
        // The end of a message, and its last bytes if it has any.
        let last = (any::<u8>(), 0..3_usize).prop_map(|(first, len)| Run { first, len });
        let messages = vec((parts, last), 1..5);
        let piece = prop_oneof![1 => Just(5_000), 2 => Just(1), 1 => 1..=30_usize, 1 => 1..=5_000_usize];
        let deliveries = (piece, one_of(&[3_000, 7, 1]));
        property(2_000, (role(), limits, messages, deliveries), |(role, limits, messages, (piece, window))| {
            let (limit, max_empty) = limits;
            let config = DEFAULT.max_message_len(limit).max_empty_frames(max_empty);
            let (mut wire, mut expected, mut fault) = (Vec::new(), Vec::new(), None);
            'wire: for (parts, last) in messages {
                let mut fragments: Fragments = parts.into_iter().map(Part::bytes).collect();
                let last = last.bytes();
                fragments.push((if last.is_empty() { vec![0] } else { [stored(&last), vec![0]].concat() }, last));
                let mut places = Vec::new();
                wire = wire_of(role, &fragments, &mut places, wire);
                let (mut total, mut inflated, mut empties) = (0, Vec::new(), 0);
                for (i, ((payload, data), (start, end))) in fragments.iter().zip(places).enumerate() {
                    let count = i as u64 + 1;
                    total += payload.len() as u64;
                    let header_ends = end - payload.len();
                    let ends = count as usize == fragments.len();
                    empties = if data.is_empty() { empties + 1 } else { 0 };
                    if total > limit + limit / 8 + limit / 64 + 64 + 8 * count {
                        fault = Some((MessageTooLong, start + 1, header_ends));
                    } else if !ends && empties > max_empty {
                        fault = Some((TooManyEmptyFrames, start + 1, end));
                    } else if (inflated.len() + data.len()) as u64 > limit {
                        fault = Some((MessageTooLong, header_ends, end));
                    }
                    if fault.is_some() {
                        break 'wire;
                    }
                    inflated.extend(data);
                }
                expected.push(inflated);
            }
            let delivered = Receiver::new(role, &config).deliver(&wire, piece, window);
            assert_eq!(delivered.messages, expected, "{:?}", delivered.fault);
            match (fault, delivered.fault) {
                (None, None) => count(&whole),
                (Some((right, from, to)), Some((error, at))) => {
                    assert_eq!(error, right);
                    assert!((from..to + piece).contains(&at), "{error:?} at {at}, not at {from} to {to}");
                    count(if right == MessageTooLong { &long } else { &empty });
                }
                (right, other) => panic!("{other:?}, not {right:?}"),
            }
        });
        let enough = [&whole, &long, &empty].iter().all(|met| met.get() > 200);
        assert!(enough, "{whole:?} whole, {long:?} too long, {empty:?} empty");
    }

    /// K-16: what a limit of 1 000 bytes can cost at most, if every fragment takes what it may: with the default of
    /// empty frames no more than the bound of its 1 025 fragments; a fragment that brings a byte now and then buys eight bytes
    /// for each.
    #[test]
    fn a_limit_of_1000_bytes_costs_no_megabytes() {
        for role in ROLES {
            for every in [1, 10, 1_000, 70_000] {
                let config = DEFAULT.max_message_len(1_000);
                let (mut wire, mut total, mut count) = (Vec::new(), 0, 0_usize);
                // Nothing continues after the last fragment that is allowed.
                while count < 66_000 {
                    count += 1;
                    let allowed = 1_000 + 125 + 15 + 64 + 8 * count - total;
                    let mut payload = if count % every == 0 && allowed > 5 { stored(b"x") } else { vec![] };
                    let blocks = allowed.saturating_sub(payload.len()) / 5;
                    payload.extend(stored(b"").repeat(if count == 1 { blocks.min(100) } else { blocks.min(20) }));
                    total += payload.len();
                    let first = if count == 1 { 0x40 | BINARY } else { CONTINUATION };
                    wire.extend(frame_to(role, first, &payload));
                }
                let delivered = Receiver::new(role, &config).deliver(&wire, 4_096, 64);
                let (error, at) = delivered.fault.unwrap();
                assert!(matches!(error, TooManyEmptyFrames | TooManyFragments | MessageTooLong), "{role:?}, {every}: {error:?}");
                let frames = if every > 1_024 { 1_025 } else { 65_536 };
                let bound = 1_204 + frames * (8 + 8) + 4_096;
                assert!(at <= bound, "{role:?}, {every}: {error:?} at {at}, not until {bound}");
            }
        }
    }

    /// How a proper sender makes frames of a message.
    #[derive(Clone, Copy, Debug)]
    enum Sender {
        /// Flushes each fragment.
        Flushes,
        /// Stores each fragment.
        Stores,
        /// Compresses the message a part at a time, as it comes to the caller, and cuts the result: the lengths of the parts.
        Compresses(usize),
    }

    /// K-16: proper senders are let through up to the last byte of the limit: those that flush each fragment, however small, of
    /// incompressible bytes; those that cut a compressed message into small frames; and those that store it.
    #[test]
    fn proper_senders_of_small_fragments_pass() {
        // Noise, of bytes with the longest codes.
        let noise = |i: usize| (BuildHasherDefault::<DefaultHasher>::default().hash_one(i) >> 32) as u8 | 0x90;
        let noise: Vec<_> = (0..20_000).map(noise).collect();
        let size = || prop_oneof![Just(1), 1..=4_usize, 1..=30_usize, 1..=300_usize];
        let sender = prop_oneof![Just(Sender::Flushes), Just(Sender::Stores), size().prop_map(Sender::Compresses)];
        let senders = (role(), sender, one_of(&[1, 2, 10, 100, 1_000, 20_000]), size(), 1..=3_000_usize);
        property(400, senders, |(role, sender, len, size, piece)| {
            let message = &noise[..len];
            let config = DEFAULT.max_message_len(len as u64);
            let by_blocks = |block: fn(&[u8]) -> Vec<u8>| {
                let mut fragments: Fragments = message.chunks(size).map(|data| (block(data), data.to_vec())).collect();
                fragments.push((vec![0], vec![]));
                wire_of(role, &fragments, &mut Vec::new(), Vec::new())
            };
            let wire = match sender {
                Sender::Flushes => by_blocks(flushed),
                Sender::Stores => by_blocks(stored),
                Sender::Compresses(part) => {
                    let mut memory = vec![0; Compressor::memory_len(15, Level::Fast).unwrap()];
                    let mut compressor = Compressor::new(15, Level::Fast, &mut memory).unwrap();
                    let mut sender = open(if role == Role::Client { Role::Server } else { Role::Client }, &DEFAULT);
                    let (mut wire, mut from) = (Vec::new(), 0);
                    loop {
                        let mut out = vec![0; 32 + size];
                        let to = (from + part).min(len);
                        let sent =
                            sender.send_with(&mut compressor, MessageKind::Binary, &message[from..to], to == len, &mut out);
                        let sent = sent.unwrap();
                        wire.extend(&out[..sent.produced]);
                        from += sent.consumed;
                        if sent.done && from == len {
                            break wire;
                        }
                    }
                }
            };
            let delivered = Receiver::new(role, &config).deliver(&wire, piece, 100);
            assert!(delivered.messages == [message], "{} bytes on the wire: {:?}", wire.len(), delivered.fault);
        });
    }

    /// K-07: compressed frames under way are life as others are: a message of 150 KB at 2 KB a second, as one frame and as
    /// several, with windows of every size; the keepalive's Ping is answered as soon as a frame ends.
    #[test]
    fn a_slow_compressed_frame_is_life() {
        let mut windows = [7, 500, 9_000].into_iter().cycle();
        for role in ROLES {
            for blocks in [1, 2, 3] {
                for start in (0..25).step_by(4) {
                    let block = stored(&vec![b'x'; 50_000]);
                    let mut fragments: Fragments = (0..3 / blocks).map(|_| (block.repeat(blocks), vec![])).collect();
                    fragments.push((vec![0], vec![]));
                    let mut places = Vec::new();
                    let wire = wire_of(role, &fragments, &mut places, Vec::new());
                    let mut conn = open(role, &DEFAULT);
                    let mut history = vec![0; 1 << 15];
                    let mut inflater = Inflater::new(&mut history).unwrap();
                    let (mut input, mut asked, mut at, mut inflated) = (Vec::new(), None, 0, 0);
                    let size = windows.next().unwrap();
                    for now in start.. {
                        let mut out = [0; 200];
                        let received = conn.handle_timeout(ms(now * 1_000), &mut out);
                        assert!(received.event.is_none(), "dropped at {now}, {role:?}, {blocks} blocks from {start}");
                        if received.produced > 0 {
                            asked = Some(written_by(role, &out[..received.produced]).remove(0).payload);
                        }
                        if places.iter().any(|&(start, _)| start == at) {
                            input.extend(asked.take().map(|payload| frame_to(role, FIN | PONG, &payload)).unwrap_or_default());
                        }
                        // Up to the end of a frame at most.
                        let (_, end) = *places.iter().find(|(_, end)| *end > at).unwrap();
                        let to = end.min(at + 2_000);
                        input.extend(&wire[at..to]);
                        at = to;
                        let mut consumed = 0;
                        loop {
                            let mut window = vec![0; size];
                            let received = conn
                                .receive_with(ms(now * 1_000), &mut input[consumed..], &mut inflater, &mut window, &mut [0; 131])
                                .unwrap();
                            consumed += received.consumed;
                            match received.event {
                                None => break,
                                Some(Event::Data(data)) => inflated += data.payload.len(),
                                Some(event) => assert!(matches!(event, Event::Pong { answers: Some(_), .. }), "{event:?}"),
                            }
                        }
                        input.drain(..consumed);
                        if at == wire.len() {
                            break;
                        }
                    }
                    assert_eq!(inflated, (3 / blocks) * blocks * 50_000);
                }
            }
        }
    }

    /// K-14: compressed and plain fragments do not mix inside a message either; nothing is written or taken.
    #[test]
    fn compressed_and_plain_fragments_do_not_mix() {
        for role in ROLES {
            for (kind, payload) in [(MessageKind::Text, "text"), (MessageKind::Binary, "binary")] {
                let mut memory = vec![0; Compressor::memory_len(15, Level::Fast).unwrap()];
                let mut compressor = Compressor::new(15, Level::Fast, &mut memory).unwrap();
                let payload = payload.as_bytes();
                let mut out = [0xA5; 200];
                let mut conn = open(role, &DEFAULT);
                conn.send(kind, payload, false, &mut out).unwrap();
                out.fill(0xA5);
                for fin in [false, true] {
                    for kind in [MessageKind::Text, MessageKind::Binary] {
                        let sent = conn.send_with(&mut compressor, kind, payload, fin, &mut out);
                        assert_eq!(sent, Err(UsageError::WrongMessageKind.into()));
                    }
                }
                assert_eq!(out, [0xA5; 200]);
                conn.send(kind, payload, true, &mut out).unwrap();
                let _ = conn.send_with(&mut compressor, kind, payload, false, &mut out).unwrap();
                out.fill(0xA5);
                assert_eq!(conn.send_text("x", &mut out), Err(UsageError::MessageUnfinished.into()));
                for fin in [false, true] {
                    assert_eq!(conn.send(kind, payload, fin, &mut out), Err(UsageError::WrongMessageKind.into()));
                }
                assert_eq!(out, [0xA5; 200]);
            }
        }
    }
}
