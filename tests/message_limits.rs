//! §10.4: limits on messages under random settings, judged by the reference model; and limits while inflating, by what was compressed.
mod property;
mod support;

use std::cell::Cell;

use property::{cuts, one_of, property, role};
use proptest::collection::vec;
use proptest::prelude::*;
use sansocket::ProtocolError::{self, *};
use sansocket::Role;
use support::frames::*;
use support::model::{Limits, judge};
use support::probe::Seen;
use support::{Begin, Case, DEFAULT};

/// A message in fragments.
#[derive(Clone, Debug)]
struct Message {
    opcode: u8,
    /// The length of each, and whether a Ping follows it.
    fragments: Vec<(usize, bool)>,
}

fn messages() -> impl Strategy<Value = Vec<Message>> {
    let fragment = (one_of(&[0, 0, 0, 0, 1, 2, 5, 20, 60, 127]), prop::bool::weighted(0.25));
    let message = (one_of(&[TEXT, BINARY]), vec(fragment, 1..9)).prop_map(|(opcode, fragments)| Message { opcode, fragments });
    vec(message, 1..5)
}

fn wire_of(messages: &[Message], receiver: Role) -> Vec<u8> {
    let mut wire = Vec::new();
    for message in messages {
        for (i, &(len, has_ping)) in message.fragments.iter().enumerate() {
            let opcode = if i == 0 { message.opcode } else { CONTINUATION };
            let fin = if i + 1 == message.fragments.len() { FIN } else { 0 };
            wire.extend(frame_to(receiver, opcode | fin, &vec![b'x'; len]));
            if has_ping {
                wire.extend(frame_to(receiver, FIN | PING, b"p"));
            }
        }
    }
    wire
}

fn limits() -> impl Strategy<Value = Limits> {
    let message = one_of(&[1_000, 1_000, 1_000, 1_000, 0, 1, 2, 7, 25, 60, 126, 130]);
    let fragments = one_of(&[1_000, 1_000, 1_000, 1_000, 1, 2, 3, 5, 8]);
    let empty = one_of(&[1_000, 1_000, 1_000, 1_000, 0, 1, 2, 4]);
    (message, fragments, empty).prop_map(|(message, fragments, empty)| Limits { message, fragments, empty })
}

/// L-05, L-07, L-09, C-18, B-09, B-10, B-34, F-16: random messages under random limits on bytes, fragments and empty frames, in random
/// pieces: what is delivered, the byte at which a limit is passed, the fault and its Close are those of the reference model.
#[test]
fn random_messages_under_random_limits() {
    let codes: [(ProtocolError, u16); 3] = [(MessageTooLong, 1009), (TooManyFragments, 1008), (TooManyEmptyFrames, 1008)];
    let faults = [const { Cell::new(0) }; 3];
    let (good, ended_by_nothing) = (Cell::new(0), Cell::new(0));
    property(4_000, (cuts(), role(), limits(), messages()), |((cuts, room), role, limits, messages)| {
        let config = DEFAULT.max_message_len(limits.message).max_fragments(limits.fragments).max_empty_frames(limits.empty);
        let wire = wire_of(&messages, role);
        let expected = judge(role, Begin::Open, limits, &wire);
        let what = || format!("{wire:02x?}, expected {expected:02x?}");
        let seen = Case::open(role).with(&config).run_cut(&wire, &cuts, room);
        let events = seen.before_closed();
        match events.last() {
            Some(Seen::Failed(fault)) => {
                assert!(expected.faults.contains(fault) && seen.fault_at == Some(expected.fault_at), "{fault:?} in {}", what());
                assert_eq!(events[..events.len() - 1], expected.events, "{}", what());
                let known = codes.iter().position(|(known, _)| known == fault).unwrap();
                faults[known].set(faults[known].get() + 1);
                let close = plain(&written_by(role, &seen.output)).pop();
                assert_eq!(close, Some((FIN | CLOSE, codes[known].1.to_be_bytes().to_vec())), "{}", what());
            }
            _ => {
                assert!(expected.faults.is_empty(), "{}", what());
                assert_eq!(events, expected.events, "{}", what());
                good.set(good.get() + 1);
                let ends = messages.iter().any(|message| matches!(message.fragments[..], [_, .., (0, _)]));
                ended_by_nothing.set(ended_by_nothing.get() + usize::from(ends));
            }
        }
        assert_eq!(seen.open, expected.open, "{}", what());
    });
    assert!(faults.iter().all(|count| count.get() > 200), "{faults:?}");
    assert!(good.get() > 700 && ended_by_nothing.get() > 300, "{good:?} good, {ended_by_nothing:?} ended by an empty frame");
}

#[cfg(feature = "deflate")]
mod deflate {
    use super::*;
    use property::bytes;
    use proptest::sample::Index;
    use sansocket::{
        Compressor, Config, Connection, DeflateDirection, DeflateParams, Event, Inflater, Level, MessageKind, Negotiated,
        NoEntropy, UsageError,
    };
    use support::ms;

    /// The frames of `payload` as a compressing server sends them, each of at most `room` bytes.
    fn compressed(payload: &[u8], room: usize) -> Vec<u8> {
        let mut memory = vec![0; Compressor::memory_len(15, Level::Fast).unwrap()];
        let mut compressor = Compressor::new(15, Level::Fast, &mut memory).unwrap();
        let negotiated = Negotiated::NOTHING.with_deflate(DeflateParams::DEFAULT);
        let mut server = Connection::open(Role::Server, &DEFAULT, NoEntropy, negotiated, ms(0));
        let (mut wire, mut from) = (Vec::new(), 0);
        loop {
            let mut out = vec![0; room];
            let sent = server.send_with(&mut compressor, MessageKind::Binary, &payload[from..], true, &mut out).unwrap();
            wire.extend(&out[..sent.produced]);
            from += sent.consumed;
            if sent.done {
                return wire;
            }
        }
    }

    /// What a client delivers of `wire` before the end or the fault.
    fn delivered(wire: &[u8], config: &Config<'_>, window: usize) -> (Vec<u8>, bool, Option<ProtocolError>) {
        let mut history = vec![0; 1 << 15];
        let mut inflater = Inflater::new(&mut history).unwrap();
        let negotiated = Negotiated::NOTHING.with_deflate(DeflateParams::DEFAULT);
        let mut client = Connection::open(Role::Client, config, support::entropy::Counter::default(), negotiated, ms(0));
        let (mut input, mut consumed, mut all) = (wire.to_vec(), 0, Vec::new());
        let mut window = vec![0; window];
        loop {
            let received = client.receive_with(ms(0), &mut input[consumed..], &mut inflater, &mut window, &mut [0; 131]).unwrap();
            consumed += received.consumed;
            match received.event {
                Some(Event::Data(data)) => {
                    all.extend_from_slice(data.payload);
                    if data.last {
                        return (all, true, None);
                    }
                }
                Some(Event::Failed { error, .. }) => return (all, false, Some(error)),
                other => panic!("{other:?}"),
            }
        }
    }

    /// A part of a message, from what does not shrink to what shrinks most.
    #[derive(Clone, Debug)]
    enum Part {
        Noise(Vec<u8>),
        Letters(usize),
        Zeros(usize),
    }

    /// Payloads of at most `most` bytes, from noise to bombs.
    fn payloads(most: usize) -> impl Strategy<Value = Vec<u8>> {
        let part = prop_oneof![
            bytes(1..50).prop_map(Part::Noise),
            (1..=most).prop_map(Part::Letters),
            (1..=most).prop_map(Part::Zeros),
        ];
        (vec(part, 1..8), 1..=most).prop_map(|(parts, len)| {
            let mut payload = Vec::new();
            for part in parts {
                match part {
                    Part::Noise(noise) => payload.extend(noise),
                    Part::Letters(len) => payload.extend(b"abcdefg".iter().cycle().take(len)),
                    Part::Zeros(len) => payload.resize(payload.len() + len, 0),
                }
            }
            payload.truncate(len);
            payload
        })
    }

    /// B-12, L-05, C-18: random messages from noise to bombs, as one compressed frame and as many, with windows of every size, under limits
    /// around their length: delivered whole if the limit allows them; else 1009, what came before is the start of the message, and not a
    /// byte past the limit was delivered.
    #[test]
    fn nothing_beyond_the_limit_is_inflated() {
        let payload = prop_oneof![payloads(20), payloads(300), payloads(3_000), payloads(20_000)];
        // Without a limit, one frame holds all.
        let room = proptest::option::weighted(0.33, 32_usize..72);
        let windows = vec(prop_oneof![Just(1), 1_usize..=30, 1_usize..=5_000], 6);
        let counts = [const { Cell::new(0) }; 2];
        let cut = Cell::new(0);
        property(250, (room, windows, payload, any::<Index>()), |(room, windows, payload, lower)| {
            let len = payload.len();
            let wire = compressed(&payload, room.unwrap_or(2 * len + 200));
            for (limit, window) in [0, 1, lower.index(len + 1), len - 1, len, len + 1].into_iter().zip(windows) {
                let config = DEFAULT.max_message_len(limit as u64).max_empty_frames(u32::MAX).max_fragments(u32::MAX);
                let (all, is_whole, fault) = delivered(&wire, &config, window);
                let what = format!("{len} bytes under {limit}, window {window}, {} on the wire", wire.len());
                assert!(all.len() <= limit && payload.starts_with(&all), "{} bytes of {what}", all.len());
                let is_good = len <= limit;
                assert_eq!((is_whole, all.len() == len), (is_good, is_good), "{what}: {fault:?}");
                assert_eq!(fault, (!is_good).then_some(MessageTooLong), "{what}");
                let count = &counts[usize::from(is_good)];
                count.set(count.get() + 1);
                cut.set(cut.get() + usize::from(!is_good && !all.is_empty()));
            }
        });
        assert!(counts.iter().all(|count| count.get() > 400) && cut.get() > 100, "{counts:?}, {cut:?} began");
    }

    /// B-29, CVE-2026-2229: every number of window bits from 0 to 255 in what was negotiated elsewhere, against inflaters of every size: accepted
    /// if and only if it is from 8 to the inflater's; else nothing is read. Memory of every other size makes no inflater.
    #[test]
    fn every_number_of_window_bits() {
        let wire = [0xC1, 0x07, 0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00];
        let mut history = vec![0; 1 << 15];
        for max_window_bits in 0..=255 {
            let direction = DeflateDirection { no_context_takeover: false, max_window_bits };
            let params = DeflateParams { server: direction, client: direction };
            for bits in 8..=15 {
                let mut inflater = Inflater::new(&mut history[..1 << bits]).unwrap();
                let mut conn =
                    Connection::open(Role::Client, &DEFAULT, NoEntropy, Negotiated::NOTHING.with_deflate(params), ms(0));
                let (mut input, mut window, mut out) = (wire, [0xA5; 64], [0xA5; 131]);
                let received = conn.receive_with(ms(0), &mut input, &mut inflater, &mut window, &mut out);
                // One that is larger than agreed keeps to the agreement.
                if (8..=bits).contains(&max_window_bits) {
                    assert!(matches!(received.unwrap().event, Some(Event::Data(data)) if *data.payload == *b"Hello"));
                } else {
                    assert_eq!(received.unwrap_err(), UsageError::NoDeflate.into(), "{max_window_bits} against {bits}");
                    assert_eq!((input, window, out), (wire, [0xA5; 64], [0xA5; 131]));
                }
            }
            let is_good = (8..=15).contains(&max_window_bits);
            assert_eq!(Compressor::memory_len(max_window_bits, Level::Fast).is_some(), is_good);
            assert_eq!(
                Compressor::new(max_window_bits, Level::Fast, &mut vec![0; 1 << 18]).is_some(),
                is_good,
                "{max_window_bits}"
            );
        }
        for len in 0..=1 << 15 {
            assert_eq!(Inflater::new(&mut history[..len]).is_some(), len >= 256 && len.is_power_of_two(), "{len}");
        }
        assert!(Inflater::new(&mut vec![0; 1 << 16]).is_none());
    }
}
