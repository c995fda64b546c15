//! §5: frames as they arrive and as they are sent.
mod property;
mod support;

use property::{bytes, one_of, property};
use proptest::prelude::*;
use sansocket::ProtocolError::{self, *};
use sansocket::frame::{FrameHeader, HeaderRules, Opcode, apply_mask};
use sansocket::{CallError, Event, MessageKind, Role};
use support::frames::*;
use support::probe::Seen;
use support::{Case, DEFAULT, ROLES, ms, open};

fn text(text: &str) -> Seen {
    Seen::Message(MessageKind::Text, text.into())
}

fn binary(bytes: &[u8]) -> Seen {
    Seen::Message(MessageKind::Binary, bytes.to_vec())
}

fn ping(payload: &[u8], within: u64) -> Seen {
    Seen::Ping { payload: payload.to_vec(), answered: true, within }
}

/// F-11, F-14, F-22, C-03: the examples of §5.7 in both directions.
#[test]
fn examples_of_the_rfc_arrive_as_the_rfc_says() {
    let to_client = |wire: &str| Case::open(Role::Client).run(&hex(wire));
    let to_server = |wire: &str| Case::open(Role::Server).run(&hex(wire));
    // A single-frame unmasked text message.
    assert_eq!(to_client("81 05 48 65 6c 6c 6f").before_closed(), [text("Hello")]);
    // A single-frame masked text message.
    assert_eq!(to_server("81 85 37 fa 21 3d 7f 9f 4d 51 58").before_closed(), [text("Hello")]);
    // A fragmented unmasked text message.
    assert_eq!(to_client("01 03 48 65 6c 80 02 6c 6f").before_closed(), [text("Hello")]);
    // Unmasked Ping and its masked response; the key is our entropy's.
    let pinged = to_client("89 05 48 65 6c 6c 6f");
    assert_eq!(pinged.before_closed(), [ping(b"Hello", 0)]);
    assert_eq!(
        written_by(Role::Client, &pinged.output),
        [Written { first: 0x8A, key: Some([1, 2, 3, 4]), payload: b"Hello".into() }]
    );
    // The masked response.
    let pong = to_server("8a 85 37 fa 21 3d 7f 9f 4d 51 58");
    assert_eq!(pong.before_closed(), [Seen::Pong { payload: b"Hello".into(), within: 0 }]);
    assert!(pong.output.is_empty());
}

/// F-07: the long examples of §5.7, 256 bytes and 64 KiB.
#[test]
fn long_examples_of_the_rfc_arrive_as_the_rfc_says() {
    let bytes: Vec<_> = (0..=255).collect();
    let wire = [hex("82 7e 01 00"), bytes.clone()].concat();
    assert_eq!(Case::open(Role::Client).run(&wire).before_closed(), [binary(&bytes)]);
    let bytes: Vec<_> = (0..65_536_u32).map(|i| (i * 7) as u8).collect();
    let wire = [hex("82 7f 00 00 00 00 00 01 00 00"), bytes.clone()].concat();
    let case = Case::open(Role::Client);
    for cuts in [&[][..], &[1], &[9], &[10], &[11], &[5, 300, 40_000], &[65_545]] {
        let seen = case.deliver(&wire, cuts.iter().copied(), 0);
        assert_eq!(seen.before_closed(), [binary(&bytes)]);
    }
}

/// Sending the examples of §5.7 gives their bytes.
#[test]
fn examples_of_the_rfc_leave_as_the_rfc_says() {
    let mut server = open(Role::Server);
    let mut out = [0; 70_000];
    let len = server.send_text("Hello", &mut out).unwrap();
    assert_eq!(out[..len], hex("81 05 48 65 6c 6c 6f"));
    let len = server.send(MessageKind::Text, b"Hel", false, &mut out).unwrap();
    assert_eq!(out[..len], hex("01 03 48 65 6c"));
    let len = server.send(MessageKind::Text, b"lo", true, &mut out).unwrap();
    assert_eq!(out[..len], hex("80 02 6c 6f"));
    let len = server.ping(b"Hello", &mut out).unwrap();
    assert_eq!(out[..len], hex("89 05 48 65 6c 6c 6f"));
    for (payload, header) in [
        (125, "82 7d"),
        (126, "82 7e 00 7e"),
        (256, "82 7e 01 00"),
        (65_535, "82 7e ff ff"),
        (65_536, "82 7f 00 00 00 00 00 01 00 00"),
    ] {
        let payload = vec![0x5A; payload];
        let len = server.send(MessageKind::Binary, &payload, true, &mut out).unwrap();
        assert_eq!(out[..len], [hex(header), payload].concat());
    }
    let mut client = open(Role::Client);
    let len = client.pong(b"Hello", &mut out).unwrap();
    assert_eq!(out[..len], hex("8a 85 01 02 03 04 49 67 6f 68 6e"));
}

/// The rules that a first and second byte break, by the table of §5.2: those of the first byte, else of the second.
fn rules_broken(role: Role, inside: bool, first: u8, second: u8) -> (usize, Vec<ProtocolError>) {
    let (opcode, len) = (first & 15, second & 127);
    let rules = [
        (1, first & 0x70 != 0, ReservedBitSet),
        (1, (3..8).contains(&opcode) || opcode > 10, ReservedOpcode),
        (1, opcode > 7 && first < 0x80, FragmentedControlFrame),
        (1, opcode == 0 && !inside, ContinuationWithoutStart),
        (1, (1..3).contains(&opcode) && inside, MessageInsideMessage),
        (2, role == Role::Server && second < 0x80, UnmaskedClientFrame),
        (2, role == Role::Client && second > 0x7F, MaskedServerFrame),
        (2, opcode > 7 && len > 125, ControlFrameTooLong),
        (2, opcode == 8 && len == 1, CloseBodyTooShort),
    ];
    let bytes = rules.iter().find(|(_, broken, _)| *broken).map_or(2, |rule| rule.0);
    (bytes, rules.into_iter().filter(|rule| rule.1 && rule.0 == bytes).map(|rule| rule.2).collect())
}

/// F-02, F-04, F-05, F-06, F-12, F-13, F-17, F-18, B-26, B-32: all 65 536 first two bytes, for both roles, between messages
/// and inside one, whole and byte by byte: the verdict, the byte at which it falls, and the code that it sends.
#[test]
fn every_pair_of_first_bytes_gets_the_verdict_of_the_table() {
    for role in ROLES {
        for inside in [false, true] {
            for pair in 0..=u16::MAX {
                let [first, second] = pair.to_be_bytes();
                let (bytes, faults) = rules_broken(role, inside, first, second);
                for whole in [false, true] {
                    let mut conn = open(role);
                    if inside {
                        let mut start = frame_to(role, TEXT, b"a");
                        let received = conn.receive(ms(0), &mut start, &mut [0; 131]).unwrap();
                        assert!(matches!(received.event, Some(Event::Data(_))));
                    }
                    let mut failed = None;
                    for known in if whole { 2..=2 } else { 1..=2 } {
                        let mut input = [first, second];
                        let mut out = [0; 131];
                        let received = conn.receive(ms(0), &mut input[..known], &mut out).unwrap();
                        let produced = received.produced;
                        match received.event {
                            None => assert_eq!(produced, 0),
                            Some(Event::Failed { error, .. }) => {
                                assert_eq!(received.consumed, known);
                                assert_eq!(out[..produced.min(1)], [0x88]);
                                failed = Some((known, error));
                                break;
                            }
                            // Without masking key, two bytes can be a whole frame.
                            Some(event) => assert!(role == Role::Client && second == 0 && faults.is_empty(), "{event:?}"),
                        }
                    }
                    match failed {
                        None => assert!(faults.is_empty(), "{role:?} {inside} {pair:04x}: {faults:?} not found"),
                        Some((known, error)) => {
                            assert!(faults.contains(&error), "{role:?} {inside} {pair:04x}: {error:?}, not {faults:?}");
                            assert!(whole || known == bytes, "{role:?} {inside} {pair:04x}: {error:?} at byte {known}");
                        }
                    }
                }
            }
        }
    }
}

/// F-02, B-26: the payload of the frame is not shown, and the Close says 1002.
#[test]
fn server_fails_on_unmasked_frame() {
    let seen = Case::open(Role::Server).run(&hex("81 05 48 65 6c 6c 6f"));
    assert_eq!(seen.before_closed(), [Seen::Failed(UnmaskedClientFrame)]);
    assert_eq!((seen.open, seen.fault_at), (None, Some(2)));
    assert_eq!(seen.output, hex("88 02 03 ea"));
}

/// F-04.
#[test]
fn client_fails_on_masked_frame() {
    let seen = Case::open(Role::Client).run(&hex("81 85 37 fa 21 3d 7f 9f 4d 51 58"));
    assert_eq!(seen.before_closed(), [Seen::Failed(MaskedServerFrame)]);
    assert_eq!(seen.fault_at, Some(2));
}

/// F-04: a server that sends back what it got, still masked.
#[test]
fn client_names_the_masking_of_a_server_that_echoes_raw_bytes() {
    let mut client = Case::open(Role::Client).start();
    client.write(|conn, out| conn.send_text("Hello", out));
    let echo = client.output.clone();
    let seen = Case::open(Role::Client).run(&echo);
    assert_eq!(seen.before_closed(), [Seen::Failed(MaskedServerFrame)]);
    // A Pong of ours too.
    client.output.clear();
    client.write(|conn, out| conn.pong(b"", out));
    assert_eq!(Case::open(Role::Client).run(&client.output).before_closed(), [Seen::Failed(MaskedServerFrame)]);
}

/// F-05, F-27: all reserved bits on all opcodes, A 3.1-3.7.
#[test]
fn reserved_bits_fail_at_the_first_byte() {
    for role in ROLES {
        for rsv in 1..8 {
            for opcode in [TEXT, BINARY, CLOSE, PING, PONG] {
                let seen = Case::open(role).run_briefly(&frame_to(role, FIN | rsv << 4 | opcode, b""));
                assert_eq!((seen.before_closed(), seen.fault_at), (&[Seen::Failed(ReservedBitSet)][..], Some(1)));
            }
        }
    }
}

/// F-06, A 4.1.x, 4.2.x.
#[test]
fn reserved_opcodes_fail_at_the_first_byte() {
    for role in ROLES {
        for opcode in (3..8).chain(11..16) {
            let seen = Case::open(role).run_briefly(&frame_to(role, FIN | opcode, b"x"));
            assert_eq!((seen.before_closed(), seen.fault_at), (&[Seen::Failed(ReservedOpcode)][..], Some(1)));
        }
    }
}

/// The fault of a length of `value` in `form` under a limit of `max`, if any.
fn length_fault(form: Form, value: u64, max: u64) -> Option<ProtocolError> {
    match (form, value) {
        (Form::SixtyFour, 0x8000_0000_0000_0000..) => Some(LengthTopBitSet),
        (Form::SixtyFour, 0..65_536) | (Form::Sixteen, 0..126) => Some(NonMinimalLength),
        _ => (value > max).then_some(MessageTooLong),
    }
}

/// The same by hand: how many bytes of the header show it.
fn length_fault_at(form: Form, value: u64, max: u64) -> usize {
    let bytes = length(form, value, false);
    (1..=bytes.len())
        .find(|&known| {
            // It shows once no completion is good.
            let with = |fill: u8| {
                let filled: Vec<_> = (1..bytes.len()).map(|i| if i < known { bytes[i] } else { fill }).collect();
                filled.iter().fold(if bytes.len() > 1 { 0 } else { value }, |sum: u64, &byte| sum << 8 | u64::from(byte))
            };
            let minimum = [0, 126, 65_536][form as usize];
            let (low, high) = (with(0), with(0xFF));
            known > 1 && (low >> 63 == 1 || high < minimum || low > max) || known == bytes.len() && value > max
        })
        .unwrap()
        + 1
}

/// F-07, F-08, F-09, B-01, B-02, B-03, L-06: every form of length with minimal and other values, at the limit and far above, and
/// the byte at which it fails. CVE-2020-27813, CVE-2020-13935, CVE-2026-50161 came from such headers.
#[test]
fn lengths_fail_at_the_first_byte_that_shows_it() {
    let values: Vec<u64> = (0..=130)
        .chain([
            255, 256, 511, 512, 999, 1000, 1001, 4_095, 65_535, 65_536, 65_537, 100_000, 100_001, 131_071, 0xFF_FFFF, 0x100_0000,
        ])
        .chain([
            u32::MAX.into(),
            1 << 32,
            (1 << 32) + 1,
            (1 << 32) + 5,
            (1 << 63) - 1,
            1 << 63,
            (1 << 63) + 1,
            u64::MAX - 3,
            u64::MAX,
        ])
        .collect();
    for max in [0, 1, 124, 125, 126, 1000, 65_535, 65_536, 100_000, u32::MAX.into(), u64::MAX] {
        let config = DEFAULT.max_message_len(max);
        for role in ROLES {
            for form in [Form::Seven, Form::Sixteen, Form::SixtyFour] {
                for &value in &values {
                    if form == Form::Seven && value > 125 || form == Form::Sixteen && value > 65_535 {
                        continue;
                    }
                    let wire = header_to(role, FIN | BINARY, form, value);
                    let seen = Case::open(role).with(&config).run_briefly(&wire);
                    let what = format!("{form:?} {value} under {max}");
                    match length_fault(form, value, max) {
                        None if value == 0 => assert_eq!(seen.before_closed(), [binary(b"")], "{what}"),
                        None => assert_eq!(seen.before_closed(), [], "{what}"),
                        Some(fault) => {
                            assert_eq!(seen.before_closed(), [Seen::Failed(fault)], "{what}");
                            assert_eq!(seen.fault_at, Some(length_fault_at(form, value, max)), "{what}");
                        }
                    }
                }
            }
        }
    }
}

/// F-17, A 2.5: longer forms of length on control frames fail at the second byte, even for a small value.
#[test]
fn control_frames_have_at_most_125_bytes() {
    for role in ROLES {
        for opcode in [CLOSE, PING, PONG] {
            for form in [Form::Sixteen, Form::SixtyFour] {
                let seen = Case::open(role).run_briefly(&header_to(role, FIN | opcode, form, 5));
                assert_eq!((seen.before_closed(), seen.fault_at), (&[Seen::Failed(ControlFrameTooLong)][..], Some(2)));
            }
        }
        // 125 pass, with the longest Pong there is.
        let payload: Vec<_> = (0..125).collect();
        let seen = Case::open(role).run(&frame_to(role, FIN | PING, &payload));
        assert_eq!(seen.before_closed(), [ping(&payload, 0)]);
        assert_eq!(plain(&written_by(role, &seen.output)), [(FIN | PONG, payload)]);
    }
}

/// F-17, A 5.1, 5.2.
#[test]
fn control_frames_are_not_fragmented() {
    for role in ROLES {
        for opcode in [CLOSE, PING, PONG] {
            let seen = Case::open(role).run(&frame_to(role, opcode, b"ab"));
            assert_eq!((seen.before_closed(), seen.fault_at), (&[Seen::Failed(FragmentedControlFrame)][..], Some(1)));
        }
    }
}

/// F-22, F-23, A 2.1-2.4, 2.10: each Ping has its Pong, in order, with the same bytes.
#[test]
fn every_ping_is_answered_in_the_call_that_takes_it() {
    for role in ROLES {
        let payloads: Vec<Vec<u8>> = (0..10).map(|i| vec![0xF0 | i; usize::from(i) * 13]).collect();
        let wire: Vec<u8> = payloads.iter().flat_map(|payload| frame_to(role, FIN | PING, payload)).collect();
        let seen = Case::open(role).run(&wire);
        assert_eq!(seen.before_closed(), payloads.iter().map(|payload| ping(payload, 0)).collect::<Vec<_>>());
        let pongs: Vec<_> = payloads.into_iter().map(|payload| (FIN | PONG, payload)).collect();
        assert_eq!(plain(&written_by(role, &seen.output)), pongs);
    }
}

/// B-11, B-38, F-23, CVE-2026-11586, RUSTSEC-2020-0043: a flood of Pings and a writer that is blocked: nothing is consumed and
/// nothing piles up; once there is room, every Pong leaves, in order.
#[test]
fn flood_of_pings_waits_for_the_writer() {
    for role in ROLES {
        let flood: Vec<u8> = (0..2_000_u16).flat_map(|i| frame_to(role, FIN | PING, &i.to_be_bytes())).collect();
        let mut conn = open(role);
        let mut input = flood.clone();
        let mut start = 0;
        let (mut pongs, mut blocked) = (Vec::new(), 0);
        let mut room = 0;
        loop {
            let mut out = [0; 131];
            match conn.receive(ms(0), &mut input[start..], &mut out[..room]) {
                Err(CallError::NeedsRoom { bytes }) => {
                    assert_eq!((bytes, &input[start..]), (131, &flood[start..]));
                    blocked += 1;
                    room = bytes;
                }
                Err(error) => panic!("{error}"),
                Ok(received) if received.event.is_none() => break,
                Ok(received) => {
                    start += received.consumed;
                    pongs.extend(&out[..received.produced]);
                    room = 0;
                }
            }
        }
        let expected: Vec<_> = (0..2_000_u16).map(|i| (FIN | PONG, i.to_be_bytes().to_vec())).collect();
        assert_eq!((plain(&written_by(role, &pongs)), blocked, start), (expected, 2_000, flood.len()));
    }
}

/// F-24, A 2.7.
#[test]
fn unsolicited_pong_is_shown_and_not_answered() {
    for role in ROLES {
        let seen = Case::open(role).run(&frame_to(role, FIN | PONG, b"why not"));
        assert_eq!(seen.before_closed(), [Seen::Pong { payload: b"why not".into(), within: 0 }]);
        assert!(seen.output.is_empty());
    }
}

/// F-22: those who answer Pings themselves.
#[test]
fn pings_are_left_to_the_caller_if_configured() {
    let config = DEFAULT.auto_pong(false);
    for role in ROLES {
        let seen = Case::open(role).with(&config).run(&frame_to(role, FIN | PING, b"x"));
        assert_eq!(seen.before_closed(), [Seen::Ping { payload: b"x".into(), answered: false, within: 0 }]);
        assert!(seen.output.is_empty());
    }
}

/// F-11, B-06: every key phase, every length to 70, every split.
#[test]
fn unmasking_continues_over_chunk_boundaries() {
    for key in [[1, 2, 3, 4], [0, 0, 0, 0], [0xFF, 0, 0xAA, 0x80]] {
        for len in 1..70_usize {
            let payload: Vec<_> = (0..len).map(|i| (i * 31) as u8).collect();
            let seen = Case::open(Role::Server).run_briefly(&frame(FIN | BINARY, Some(key), &payload));
            assert_eq!(seen.before_closed(), [binary(&payload)]);
        }
    }
}

/// F-01, F-10, HC-05, B-27: one fresh key of exactly four bytes for each frame, none for refused calls.
#[test]
fn client_draws_four_bytes_for_each_frame() {
    let mut probe = Case::open(Role::Client).start();
    probe.write(|conn, out| conn.send_text("a", out));
    probe.write(|conn, out| conn.send(MessageKind::Binary, b"", false, out));
    probe.write(|conn, out| conn.send(MessageKind::Binary, &[7; 70], true, out));
    probe.write(|conn, out| conn.ping(b"p", out));
    probe.write(|conn, out| conn.pong(b"p", out));
    probe.feed(&frame_to(Role::Client, FIN | PING, b"q"));
    probe.refused(CallError::NeedsRoom { bytes: 7 }, 6, |conn, out| conn.send_text("b", out));
    probe.refused(CallError::NeedsRoom { bytes: 6 }, 5, |conn, out| conn.ping(b"", out));
    probe.write(|conn, out| conn.close(None, "", ms(0), out));
    assert_eq!(probe.entropy.draws(), [4; 7]);
    let keys: Vec<_> = written_by(Role::Client, &probe.output).iter().map(|frame| frame.key.unwrap()).collect();
    assert_eq!(keys.concat(), (1..=28).collect::<Vec<u8>>());
}

/// F-03.
#[test]
fn server_draws_no_entropy() {
    let mut probe = Case::open(Role::Server).start();
    probe.entropy.set_broken(true);
    probe.write(|conn, out| conn.send_text("a", out));
    probe.feed(&frame_to(Role::Server, FIN | PING, b"q"));
    probe.write(|conn, out| conn.close(None, "", ms(0), out));
    assert_eq!(written_by(Role::Server, &probe.output).len(), 3);
}

/// Law 1: a source that fails makes the call fail and changes nothing; later the same call succeeds.
#[test]
fn failing_entropy_changes_nothing() {
    let mut probe = Case::open(Role::Client).start();
    probe.entropy.set_broken(true);
    probe.refused(CallError::EntropyFailed, 100, |conn, out| conn.send_text("a", out));
    probe.refused(CallError::EntropyFailed, 100, |conn, out| conn.send(MessageKind::Text, b"\xC3", false, out));
    probe.refused(CallError::EntropyFailed, 100, |conn, out| conn.ping(b"a", out));
    probe.refused(CallError::EntropyFailed, 100, |conn, out| conn.close(None, "", ms(0), out));
    probe.refused(CallError::EntropyFailed, 100, |conn, out| conn.fail(sansocket::CloseCode(1011), ms(0), out));
    // Input whose answer needs a key is handed back as it came.
    for wire in [frame_to(Role::Client, FIN | PING, b"x"), frame_to(Role::Client, FIN | CLOSE, b"")] {
        let mut input = wire.clone();
        let result = probe.conn.receive(ms(0), &mut input, &mut [0; 131]);
        assert!(matches!(result, Err(CallError::EntropyFailed)), "{result:?} on {wire:02x?}");
        assert_eq!(input, wire);
    }
    // Empty fragments before it are not taken either: a caller that sees no event and no error would wait for more.
    let mut input = hex("01 00 00 00 89 01 70");
    for _ in 0..2 {
        let refused = probe.conn.receive(ms(0), &mut input, &mut [0; 131]);
        assert!(matches!(refused, Err(CallError::EntropyFailed)), "{refused:?}");
        assert_eq!(input, hex("01 00 00 00 89 01 70"));
    }
    probe.entropy.set_broken(false);
    probe.write(|conn, out| conn.send(MessageKind::Binary, b"a", true, out));
    assert_eq!(probe.output[0], FIN | BINARY);
    probe.feed(&hex("01 00 00 00 89 01 70 80 00"));
    assert_eq!(probe.events, [ping(b"p", 0), text("")]);
    // A fault fails the connection without the Close that would report it.
    probe.entropy.set_broken(true);
    probe.output.clear();
    probe.feed(&hex("83"));
    assert_eq!(
        (probe.events.last(), probe.conn.transport()),
        (Some(&Seen::Failed(ReservedOpcode)), sansocket::Transport::ShutdownWrite)
    );
    assert!(probe.output.is_empty());
}

/// Law 1: any frames whose answer finds no entropy at first: what comes in the end is the same.
#[test]
fn input_refused_for_want_of_entropy_is_read_anew() {
    property(1_000, (0..4_usize, one_of(&[PING, CLOSE]), 1..4_usize), |(empty, opcode, tries)| {
        let start = frame_to(Role::Client, TEXT, b"");
        let fragments = vec![frame_to(Role::Client, CONTINUATION, b""); empty].concat();
        let wire = [&start[..], &fragments, &frame_to(Role::Client, FIN | opcode, b"")].concat();
        let config = DEFAULT.max_empty_frames(empty as u32 + 1);
        let mut probe = Case::open(Role::Client).with(&config).start();
        probe.entropy.set_broken(true);
        for _ in 0..tries {
            let mut input = wire.clone();
            assert!(matches!(probe.conn.receive(ms(0), &mut input, &mut [0; 131]), Err(CallError::EntropyFailed)));
            assert_eq!(input, wire);
        }
        probe.entropy.set_broken(false);
        probe.feed(&wire);
        assert!(!probe.has_failed(), "{:?}", probe.events);
    });
}

/// Law 7: a Ping after an empty fragment, without room for the Pong: nothing happened, nor was the fragment counted.
#[test]
fn refused_call_forgets_the_empty_fragment_before() {
    for role in ROLES {
        for control in [frame_to(role, FIN | PING, b""), frame_to(role, FIN | CLOSE, b""), close_to(role, 999, b"")] {
            let wire = [frame_to(role, TEXT, b""), control].concat();
            let mut conn = open(role);
            let mut input = wire.clone();
            let refused = conn.receive(ms(0), &mut input, &mut [0; 130]);
            assert!(matches!(refused, Err(CallError::NeedsRoom { .. })), "{refused:?}");
            assert_eq!(input, wire);
            let received = conn.receive(ms(0), &mut input, &mut [0; 131]).unwrap();
            let as_expected = match received.event {
                Some(Event::Ping { .. } | Event::CloseReceived { .. }) => true,
                Some(Event::Failed { error, .. }) => error == InvalidCloseCode,
                _ => false,
            };
            assert!(as_expected, "{received:?} on {wire:02x?}");
        }
    }
}

fn headers() -> impl Strategy<Value = FrameHeader> {
    let opcode = one_of(&[Opcode::Continuation, Opcode::Text, Opcode::Binary, Opcode::Close, Opcode::Ping, Opcode::Pong]);
    // Each number of bits as often as the others.
    let len = (0_u32..64).prop_flat_map(|bits| 0..=u64::MAX >> 1 >> bits);
    (any::<bool>(), 0_u8..8, opcode, any::<Option<[u8; 4]>>(), len).prop_map(|(fin, rsv, opcode, masking_key, len)| {
        let is_control = opcode.is_control();
        let payload_len = if is_control { len % 126 } else { len };
        FrameHeader { fin: fin || is_control, rsv, opcode, masking_key, payload_len }
    })
}

/// F-29: the public header functions agree with each other on random headers, and keep the reserved bits.
#[test]
fn public_headers_survive_both_ways() {
    property(5_000, headers(), |header| {
        let FrameHeader { fin, rsv, opcode, masking_key, payload_len } = header;
        let mut wire = [0; FrameHeader::MAX_LEN];
        let len = header.encode(&mut wire).unwrap();
        assert_eq!(len, header.header_len());
        let by_hand = [
            vec![u8::from(fin) << 7 | rsv << 4 | opcode as u8],
            length(shortest_form(payload_len), payload_len, masking_key.is_some()),
            masking_key.map(Vec::from).unwrap_or_default(),
        ];
        assert_eq!(wire[..len], by_hand.concat());
        for known in 0..len {
            assert_eq!(FrameHeader::decode(&wire[..known], HeaderRules::ANY), Ok(None));
        }
        assert_eq!(FrameHeader::decode(&wire, HeaderRules::ANY), Ok(Some(header)));
    });
}

/// F-11: the public mask is §5.3's formula, and undoes itself.
#[test]
fn public_mask_is_the_formula_of_the_rfc() {
    property(2_000, (any::<[u8; 4]>(), bytes(0..200)), |(key, bytes)| {
        let mut masked = bytes.clone();
        apply_mask(key, &mut masked);
        assert!(masked.iter().zip(&bytes).enumerate().all(|(i, (masked, byte))| *masked == byte ^ key[i % 4]));
        apply_mask(key, &mut masked);
        assert_eq!(masked, bytes);
    });
}
