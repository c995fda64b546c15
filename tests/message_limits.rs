//! §10.4: limits on messages under random settings, judged by the reference model; and limits while inflating, by what was compressed.
mod support;

use sansocket::ProtocolError::{self, *};
use sansocket::Role;
use support::frames::*;
use support::model::{Limits, judge};
use support::probe::Seen;
use support::rng::Rng;
use support::{Begin, Case, DEFAULT, ROLES};

/// Messages of small fragments, control frames between them.
fn random_messages(rng: &mut Rng, receiver: Role) -> Vec<u8> {
    let mut wire = Vec::new();
    for _ in 0..1 + rng.below(4) {
        let mut first = rng.pick(&[TEXT, BINARY]);
        let fragments = 1 + rng.below(8);
        for i in 1..=fragments {
            let fin = if i == fragments { FIN } else { 0 };
            let len = rng.pick(&[0, 0, 0, 0, 1, 2, 5, 20, 60, 127]);
            wire.extend(frame_to(receiver, first | fin, &vec![b'x'; len]));
            first = CONTINUATION;
            if rng.one_in(4) {
                wire.extend(frame_to(receiver, FIN | PING, b"p"));
            }
        }
    }
    wire
}

/// L-05, L-07, L-09, C-18, B-09, B-10, B-34, F-16: random messages under random limits on bytes, fragments and empty frames, in random
/// pieces: what is delivered, the byte at which a limit is passed, the fault and its Close are those of the reference model.
#[test]
fn random_messages_under_random_limits() {
    let mut rng = Rng::new(104);
    let mut faults: [(ProtocolError, u16, usize); 3] =
        [(MessageTooLong, 1009, 0), (TooManyFragments, 1008, 0), (TooManyEmptyFrames, 1008, 0)];
    let (mut good, mut ended_by_nothing) = (0, 0);
    for round in 0..4_000 {
        let role = rng.pick(&ROLES);
        let limits = Limits {
            message: rng.pick(&[0, 1, 2, 7, 25, 60, 126, 130, 1_000, 1_000, 1_000, 1_000]),
            fragments: rng.pick(&[1, 2, 3, 5, 8, 1_000, 1_000, 1_000, 1_000]),
            empty: rng.pick(&[0, 1, 2, 4, 1_000, 1_000, 1_000, 1_000]),
        };
        let config = DEFAULT.max_message_len(limits.message).max_fragments(limits.fragments).max_empty_frames(limits.empty);
        let wire = random_messages(&mut rng, role);
        let expected = judge(role, Begin::Open, limits, &wire);
        let what = format!("round {round}, {role:?}, {limits:?}, {wire:02x?}, expected {expected:02x?}");
        let seen = Case::open(role).with(&config).run_randomly(&wire, &mut rng);
        let events = seen.before_closed();
        match events.last() {
            Some(Seen::Failed(fault)) => {
                assert!(expected.faults.contains(fault) && seen.fault_at == Some(expected.fault_at), "{fault:?} in {what}");
                assert_eq!(events[..events.len() - 1], expected.events, "{what}");
                let counted = faults.iter_mut().find(|counted| counted.0 == *fault).unwrap();
                counted.2 += 1;
                let close = plain(&written_by(role, &seen.output)).pop();
                assert_eq!(close, Some((FIN | CLOSE, counted.1.to_be_bytes().to_vec())), "{what}");
            }
            _ => {
                assert!(expected.faults.is_empty(), "{what}");
                assert_eq!(events, expected.events, "{what}");
                good += 1;
                ended_by_nothing += usize::from(wire.windows(2).any(|pair| pair[0] == FIN && pair[1] & 0x7F == 0));
            }
        }
        assert_eq!(seen.open, expected.open, "{what}");
    }
    assert!(faults.iter().all(|counted| counted.2 > 200), "{faults:?}");
    assert!(good > 700 && ended_by_nothing > 300, "{good} good, {ended_by_nothing} ended by an empty frame");
}

#[cfg(feature = "deflate")]
mod deflate {
    use super::*;
    use sansocket::{
        Compressor, Config, Connection, DeflateDirection, DeflateParams, Event, Inflater, MessageKind, Negotiated, NoEntropy,
        UsageError,
    };
    use support::ms;

    /// The frames of `payload` as a compressing server sends them, each of at most `room` bytes.
    fn compressed(payload: &[u8], room: usize) -> Vec<u8> {
        let mut memory = vec![0; Compressor::memory_len(15).unwrap()];
        let mut compressor = Compressor::new(15, &mut memory).unwrap();
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
        let mut client = Connection::open(Role::Client, config, support::rng::Counter::default(), negotiated, ms(0));
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

    /// B-12, L-05, C-18: random messages from noise to bombs, as one compressed frame and as many, with windows of every size, under limits
    /// around their length: delivered whole if the limit allows them; else 1009, what came before is the start of the message, and not a
    /// byte behind the limit was delivered.
    #[test]
    fn nothing_behind_the_limit_is_inflated() {
        let mut rng = Rng::new(1409);
        let mut counts = [0, 0];
        let mut cut = 0;
        for _ in 0..250 {
            let size = rng.pick(&[20, 300, 3_000, 20_000]);
            let len = 1 + rng.below(size);
            let mut payload = Vec::new();
            while payload.len() < len {
                let run = 1 + rng.below(len);
                match rng.below(3) {
                    0 => payload.extend(rng.octets(run.min(50))),
                    1 => payload.resize(payload.len() + run, 0),
                    _ => payload.extend(b"abcdefg".iter().cycle().take(run)),
                }
            }
            payload.truncate(len);
            let room = if rng.one_in(3) { 32 + rng.below(40) } else { 2 * len + 200 };
            let wire = compressed(&payload, room);
            for limit in [0, 1, rng.below(len + 1), len - 1, len, len + 1] {
                let most = rng.pick(&[1, 30, 5_000]);
                let window = 1 + rng.below(most);
                let config = DEFAULT.max_message_len(limit as u64).max_empty_frames(u32::MAX).max_fragments(u32::MAX);
                let (all, is_whole, fault) = delivered(&wire, &config, window);
                let what = format!("{len} bytes under {limit}, window {window}, {} on the wire", wire.len());
                assert!(all.len() <= limit && payload.starts_with(&all), "{} bytes of {what}", all.len());
                let is_good = len <= limit;
                assert_eq!((is_whole, all.len() == len), (is_good, is_good), "{what}: {fault:?}");
                assert_eq!(fault, (!is_good).then_some(MessageTooLong), "{what}");
                counts[usize::from(is_good)] += 1;
                cut += usize::from(!is_good && !all.is_empty());
            }
        }
        assert!(counts.iter().all(|&count| count > 400) && cut > 100, "{counts:?}, {cut} began");
    }

    /// B-29, CVE-2026-2229: every number of window bits from 0 to 255 in what was negotiated elsewhere, against inflaters of every size: used
    /// if and only if both are the same from 8 to 15; else nothing is read. Memory of every other size makes no inflater.
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
                if max_window_bits == bits {
                    assert!(matches!(received.unwrap().event, Some(Event::Data(data)) if *data.payload == *b"Hello"));
                } else {
                    assert_eq!(received.unwrap_err(), UsageError::NoDeflate.into(), "{max_window_bits} against {bits}");
                    assert_eq!((input, window, out), (wire, [0xA5; 64], [0xA5; 131]));
                }
            }
            let is_good = (8..=15).contains(&max_window_bits);
            assert_eq!(Compressor::memory_len(max_window_bits).is_some(), is_good);
            assert_eq!(Compressor::new(max_window_bits, &mut vec![0; 1 << 18]).is_some(), is_good, "{max_window_bits}");
        }
        for len in 0..=1 << 15 {
            assert_eq!(Inflater::new(&mut history[..len]).is_some(), len >= 256 && len.is_power_of_two(), "{len}");
        }
        assert!(Inflater::new(&mut vec![0; 1 << 16]).is_none());
    }
}
