//! §5.5.1, §7: Close frames, failing, the end of input, and what happens to the transport.
mod property;
mod support;

use property::{moves, property, weighted};
use proptest::collection::vec;
use proptest::prelude::*;
use sansocket::ProtocolError::*;
use sansocket::{CallError, CloseCode, Connection, Event, MessageKind, Role, State, Transport, UsageError};
use support::entropy::Counter;
use support::frames::*;
use support::http::good_head_to;
use support::model::is_code_for_frames;
use support::pair::Pair;
use support::probe::{Probe, Seen};
use support::{Begin, Case, DEFAULT, ROLES, ms, open};

fn received(code: u16, reason: &str) -> Seen {
    Seen::CloseReceived { code, reason: reason.into() }
}

fn closed(code: u16, was_clean: bool) -> Seen {
    Seen::Closed { code, was_clean }
}

fn sent(role: Role, output: &[u8]) -> Vec<(u8, Vec<u8>)> {
    plain(&written_by(role, output))
}

fn close_frame(code: u16) -> (u8, Vec<u8>) {
    (FIN | CLOSE, code.to_be_bytes().into())
}

/// F-21, C-05, C-06, A 7.1.1: the Close is answered once, with its code.
#[test]
fn close_is_answered_with_its_code() {
    for role in ROLES {
        let seen = Case::open(role).run(&close_to(role, 1000, b"bye"));
        assert_eq!(seen.events, [received(1000, "bye"), closed(1000, true)]);
        assert_eq!(sent(role, &seen.output), [close_frame(1000)]);
    }
}

/// C-06, B-36: a Close without body, A 7.3.1.
#[test]
fn close_without_code_is_1005_and_answered_without_code() {
    for role in ROLES {
        let seen = Case::open(role).run(&frame_to(role, FIN | CLOSE, b""));
        assert_eq!(seen.events, [received(1005, ""), closed(1005, true)]);
        assert_eq!(sent(role, &seen.output), [(FIN | CLOSE, Vec::new())]);
    }
}

/// C-12, C-13, C-14, C-15, F-21: all 65 536 codes received, A 7.7.x, 7.9.x.
#[test]
fn received_codes_are_those_of_the_rfc_and_the_registry() {
    for role in ROLES {
        for code in 0..=u16::MAX {
            let mut conn = open(role);
            let mut input = close_to(role, code, b"");
            let mut out = [0; 131];
            let result = conn.receive(ms(0), &mut input, &mut out).unwrap();
            let produced = result.produced;
            let answer = match result.event {
                Some(Event::CloseReceived { code: given, reason: "", .. }) if given.0 == code && is_code_for_frames(code) => code,
                Some(Event::Failed { error: InvalidCloseCode, .. }) if !is_code_for_frames(code) => 1002,
                event => panic!("{event:?} for {code}"),
            };
            assert_eq!(sent(role, &out[..produced]), [close_frame(answer)]);
        }
    }
}

/// C-12, F-19: all 65 536 codes sent, by `close` and by `fail`.
#[test]
fn sent_codes_are_those_of_the_rfc_and_the_registry() {
    for role in ROLES {
        for code in 0..=u16::MAX {
            let mut out = [0; 131];
            let results = [
                open(role).close(Some(CloseCode(code)), "", ms(0), &mut out).map(|len| out[..len].to_vec()),
                open(role).fail(CloseCode(code), ms(0), &mut out).map(|len| out[..len].to_vec()),
            ];
            for result in results {
                match &result {
                    Ok(bytes) => assert_eq!(sent(role, bytes), [close_frame(code)]),
                    Err(error) => assert_eq!(*error, UsageError::InvalidCloseCode.into()),
                }
                assert_eq!(result.is_ok(), is_code_for_frames(code), "{code}");
            }
            assert_eq!(CloseCode(code).is_allowed_in_frame(), is_code_for_frames(code));
        }
    }
}

/// F-18, F-19, B-07, B-36: bodies of 0 to 126 bytes, received.
#[test]
fn received_close_bodies_of_every_length() {
    for role in ROLES {
        for len in 0..=126 {
            let body: Vec<_> = [0x0F, 0xA0].into_iter().chain(core::iter::repeat(b'r')).take(len).collect();
            let seen = Case::open(role).run_briefly(&frame_to(role, FIN | CLOSE, &body));
            let expected = match len {
                0 => received(1005, ""),
                1 => Seen::Failed(CloseBodyTooShort),
                126 => Seen::Failed(ControlFrameTooLong),
                _ => received(4000, &"r".repeat(len - 2)),
            };
            assert_eq!(seen.before_closed(), [expected], "{len}");
            assert_eq!(seen.fault_at, [1, 126].contains(&len).then_some(2));
        }
    }
}

/// F-19, W-04, B-36, B-38: reasons of 0 to 124 bytes, sent; none without a code.
#[test]
fn sent_close_reasons_of_every_length() {
    for role in ROLES {
        for len in 0..=124 {
            let reason = "r".repeat(len);
            let mut probe = Case::open(role).start();
            if len > 123 {
                probe.refused(UsageError::InvalidCloseReason, 200, |conn, out| {
                    conn.close(Some(CloseCode(4000)), &reason, ms(0), out)
                });
                continue;
            }
            let bytes = 4 + len + if role == Role::Client { 4 } else { 0 };
            probe.refused(CallError::NeedsRoom { bytes }, bytes - 1, |conn, out| {
                conn.close(Some(CloseCode(4000)), &reason, ms(0), out)
            });
            probe.write(|conn, out| conn.close(Some(CloseCode(4000)), &reason, ms(0), out));
            let body = [&[0x0F, 0xA0], reason.as_bytes()].concat();
            assert_eq!(sent(role, &probe.output), [(FIN | CLOSE, body)]);
        }
        let mut probe = Case::open(role).start();
        probe.refused(UsageError::InvalidCloseReason, 200, |conn, out| conn.close(None, "r", ms(0), out));
        // Multi-byte characters at the edge.
        probe.refused(UsageError::InvalidCloseReason, 200, |conn, out| {
            conn.close(Some(CloseCode(1000)), &"\u{e4}".repeat(62), ms(0), out)
        });
        probe.write(|conn, out| conn.close(Some(CloseCode(1000)), &format!("x{}", "\u{e4}".repeat(61)), ms(0), out));
    }
}

/// F-18, F-19, C-13: the byte at which each fault of a Close shows: length, code, reason.
#[test]
fn close_fails_at_the_byte_that_shows_it() {
    for role in ROLES {
        let header = if role == Role::Server { 6 } else { 2 };
        let cases: [(&[u8], _, usize); 7] = [
            (b"\x03", CloseBodyTooShort, 2),
            (b"\x03\xE7", InvalidCloseCode, header + 2),
            (b"\x03\xEDreason", InvalidCloseCode, header + 2),
            (b"\x03\xE8r\xFFeason", InvalidCloseReason, header + 4),
            (b"\x03\xE8r\xC3eason", InvalidCloseReason, header + 5),
            (b"\x03\xE8\xED\xA0\x80", InvalidCloseReason, header + 4),
            (b"\x03\xE8reason\xC3", InvalidCloseReason, header + 9),
        ];
        for (body, fault, position) in cases {
            let seen = Case::open(role).run(&frame_to(role, FIN | CLOSE, body));
            assert_eq!(seen.before_closed(), [Seen::Failed(fault)]);
            assert_eq!(seen.fault_at, Some(position), "{body:02x?}");
            let code = if fault == InvalidCloseReason { 1007 } else { 1002 };
            assert_eq!(sent(role, &seen.output), [close_frame(code)]);
        }
    }
}

/// F-21, C-09, B-37, A 7.1.2-7.1.6: what comes after a Close is consumed and gives nothing.
#[test]
fn input_after_a_close_is_ignored() {
    for role in ROLES {
        for begin in [Begin::Open, Begin::Closing] {
            let more =
                [frame_to(role, FIN | PING, b"x"), frame_to(role, FIN | TEXT, b"y"), hex("ff ff ff"), close_to(role, 1001, b"")];
            let wire = [close_to(role, 1000, b""), more.concat()].concat();
            let seen = Case { role, config: &DEFAULT, begin }.run(&wire);
            assert_eq!(seen.events, [received(1000, ""), closed(1000, true)]);
            assert!(seen.rest.is_empty());
        }
    }
}

/// C-08, B-14, law 9: a failure is sticky: whatever comes afterwards is consumed and gives nothing, and one Close went out.
#[test]
fn failure_is_sticky() {
    for role in ROLES {
        let more =
            [close_to(role, 1000, b""), frame_to(role, FIN | PING, b"x"), frame_to(role, FIN | TEXT, b"y"), hex("ff ff ff")];
        let wire = [frame_to(role, 0xF1, b""), more.concat()].concat();
        let seen = Case::open(role).run(&wire);
        assert_eq!(seen.events, [Seen::Failed(ReservedBitSet), closed(1006, false)]);
        assert_eq!(sent(role, &seen.output), [close_frame(1002)]);
        assert!(seen.rest.is_empty());
    }
}

/// C-07, law 9: after our own Close no second one reports the fault.
#[test]
fn failure_after_our_close_sends_nothing() {
    for role in ROLES {
        let seen = Case::closing(role).run(&frame_to(role, 0xF1, b""));
        assert_eq!(seen.events, [Seen::Failed(ReservedBitSet), closed(1006, false)]);
        assert!(seen.output.is_empty());
    }
}

/// F-20, F-22, C-01: after our Close messages still arrive and Pings are answered, and only Pongs may be sent.
#[test]
fn our_close_ends_sending_and_not_receiving() {
    for role in ROLES {
        let wire = [frame_to(role, FIN | TEXT, b"late"), frame_to(role, FIN | PING, b"p"), frame_to(role, FIN | CLOSE, b"")];
        let seen = Case::closing(role).run(&wire.concat());
        let expected = [
            Seen::Message(MessageKind::Text, b"late".into()),
            Seen::Ping { payload: b"p".into(), answered: true, within: 0 },
            received(1005, ""),
            closed(1005, true),
        ];
        assert_eq!(seen.events, expected);
        assert_eq!(sent(role, &seen.output), [(FIN | PONG, b"p".to_vec())]);

        let mut probe = Case::closing(role).start();
        assert_eq!(probe.conn.state(), State::Closing);
        sends_nothing_but_pong(&mut probe);
        probe.write(|conn, out| conn.pong(b"", out));
        // §5.5.1: once the peer's Close has arrived, not even that.
        probe.feed(&frame_to(role, FIN | CLOSE, b""));
        sends_nothing_but_pong(&mut probe);
        sends_nothing(&mut probe);
    }
}

/// A verb of the application's.
type Verb = fn(&mut Connection<'_, Counter>, &mut [u8]) -> Result<usize, CallError>;

const ALL_BUT_PONG: [Verb; 6] = [
    |conn, out| conn.send_text("x", out),
    |conn, out| conn.send(MessageKind::Binary, b"x", true, out),
    |conn, out| conn.send(MessageKind::Text, b"x", false, out),
    |conn, out| conn.ping(b"", out),
    |conn, out| conn.close(None, "", ms(0), out),
    |conn, out| conn.close(Some(CloseCode(4000)), "reason", ms(0), out),
];

/// K-10: a closing connection needs nothing more: calls succeed, even without room, and write and change nothing.
fn sends_nothing_but_pong(probe: &mut Probe<'_>) {
    for verb in ALL_BUT_PONG {
        probe.writes_nothing(verb);
    }
}

fn sends_nothing(probe: &mut Probe<'_>) {
    sends_nothing_but_pong(probe);
    probe.writes_nothing(|conn, out| conn.pong(b"", out));
    probe.writes_nothing(|conn, out| conn.fail(CloseCode(1000), ms(0), out));
}

/// An argument that is wrong in itself is still refused.
fn refuses_what_is_wrong(probe: &mut Probe<'_>) {
    probe.refused(UsageError::InvalidCloseCode, 200, |conn, out| conn.close(Some(CloseCode(1006)), "", ms(0), out));
    probe.refused(UsageError::InvalidCloseCode, 200, |conn, out| conn.fail(CloseCode(0), ms(0), out));
    probe.refused(UsageError::InvalidCloseReason, 200, |conn, out| conn.close(None, "reason", ms(0), out));
    probe.refused(UsageError::ControlPayloadTooLong, 200, |conn, out| conn.ping(&[0; 126], out));
    probe.refused(UsageError::ControlPayloadTooLong, 200, |conn, out| conn.pong(&[0; 126], out));
}

/// C-01, HC-10, K-10: a verb of an open connection is a mistake before the opening handshake is over; after a Close, a failure or the
/// end it writes nothing.
#[test]
fn verbs_are_refused_before_the_connection_is_open_and_do_nothing_after() {
    for role in ROLES {
        let mut probe = Case::handshake(role).start();
        for verb in ALL_BUT_PONG {
            probe.refused(UsageError::NotOpen, 200, verb);
        }
        probe.refused(UsageError::NotOpen, 200, |conn, out| conn.pong(b"", out));
        let mut probe = Case::open(role).start();
        probe.feed(&frame_to(role, 0xF1, b""));
        for _ in 0..2 {
            sends_nothing(&mut probe);
            refuses_what_is_wrong(&mut probe);
            if probe.conn.state() != State::Closed {
                probe.eof();
            }
        }
    }
}

/// C-02: an unfinished message of ours is no reason not to close; nor is one of the peer's.
#[test]
fn closing_inside_messages_is_clean() {
    for role in ROLES {
        let mut probe = Case::open(role).start();
        probe.write(|conn, out| conn.send(MessageKind::Text, b"a", false, out));
        probe.feed(&frame_to(role, TEXT, b"b"));
        probe.write(|conn, out| conn.close(Some(CloseCode::GOING_AWAY), "", ms(0), out));
        probe.feed(&close_to(role, 1000, b""));
        probe.eof();
        assert_eq!(probe.events, [received(1000, ""), closed(1000, true)]);
    }
}

/// C-07, C-10: failing by the caller sends its code, and the rest of the input is ignored.
#[test]
fn caller_can_fail_the_connection() {
    for role in ROLES {
        let mut probe = Case::open(role).start();
        let bytes = if role == Role::Client { 8 } else { 4 };
        probe.refused(CallError::NeedsRoom { bytes }, bytes - 1, |conn, out| conn.fail(CloseCode(1011), ms(0), out));
        probe.refused(UsageError::InvalidCloseCode, 100, |conn, out| conn.fail(CloseCode(1006), ms(0), out));
        probe.write(|conn, out| conn.fail(CloseCode(1011), ms(0), out));
        assert_eq!((probe.conn.state(), probe.conn.transport()), (State::Closing, Transport::ShutdownWrite));
        probe.feed(&[frame_to(role, FIN | TEXT, b"x"), close_to(role, 1000, b"")].concat());
        assert!(probe.buffer.is_empty());
        probe.eof();
        assert_eq!(probe.events, [closed(1006, false)]);
        assert_eq!(sent(role, &probe.output), [close_frame(1011)]);
        // After our Close nothing more goes out.
        let mut probe = Case::closing(role).start();
        probe.write(|conn, out| conn.fail(CloseCode(1011), ms(0), out));
        assert!(probe.output.is_empty());
        probe.eof();
        assert_eq!(probe.events, [closed(1006, false)]);
    }
}

/// C-04: what to do with the transport, step by step.
#[test]
fn transport_is_kept_shut_down_and_closed_as_the_table_says() {
    for role in ROLES {
        let steps = |probe: &Probe<'_>| (probe.conn.state(), probe.conn.transport());
        let mut probe = Case::handshake(role).start();
        assert_eq!(steps(&probe), (State::Connecting, Transport::Keep));
        probe.feed(&good_head_to(role));
        assert_eq!(steps(&probe), (State::Open, Transport::Keep));
        probe.write(|conn, out| conn.close(None, "", ms(0), out));
        assert_eq!(steps(&probe), (State::Closing, Transport::Keep));
        probe.feed(&frame_to(role, FIN | CLOSE, b""));
        // §7.1.1: the server ends TCP first.
        let first = if role == Role::Server { Transport::ShutdownWrite } else { Transport::Keep };
        assert_eq!(steps(&probe), (State::Closing, first));
        probe.eof();
        assert_eq!(steps(&probe), (State::Closed, Transport::Close));
        let mut probe = Case::open(role).start();
        probe.feed(&frame_to(role, 0x83, b""));
        assert_eq!(steps(&probe), (State::Closing, Transport::ShutdownWrite));
        probe.eof();
        assert_eq!(steps(&probe), (State::Closed, Transport::Close));
    }
}

/// C-17, C-24: the end of input at every byte of a session gives exactly one Closed, clean if both Closes went before.
#[test]
fn end_of_input_anywhere_gives_one_closed() {
    for role in ROLES {
        let session = [
            good_head_to(role),
            frame_to(role, TEXT, b"ab"),
            frame_to(role, FIN | PING, b"ping"),
            frame_to(role, FIN, &[b'c'; 130]),
            close_to(role, 1001, b"bye"),
            b"ignored".to_vec(),
        ];
        let lens: Vec<_> = session.iter().map(Vec::len).collect();
        let (wire, end) = (session.concat(), lens[..5].iter().sum());
        for cut in 0..=wire.len() {
            for whole in [true, false] {
                let cuts = if whole { 0..0 } else { 1..cut };
                let seen = Case::handshake(role).deliver(&wire[..cut], cuts, 131);
                let expected = if cut < end { closed(1006, false) } else { closed(1001, true) };
                assert_eq!(seen.events.last(), Some(&expected), "{role:?} cut at {cut}");
                assert_eq!(seen.events.iter().filter(|seen| matches!(seen, Seen::Closed { .. })).count(), 1);
            }
        }
    }
}

/// C-24: before anything happened.
#[test]
fn end_of_input_before_the_handshake_gives_closed() {
    for role in ROLES {
        let mut probe = Probe::of(support::connecting(role, &DEFAULT, Default::default()), &DEFAULT, Default::default());
        probe.eof();
        assert_eq!(probe.events, [closed(1006, false)]);
    }
}

/// C-16: both ends close at once, with everything in flight: clean on both sides, one Close each way.
#[test]
fn simultaneous_close_is_clean() {
    property(200, (moves(), 0..5_usize), |(moves, steps)| {
        let mut pair = Pair::open(moves);
        pair.client.write(|conn, out| conn.send_text("a", out));
        pair.server.write(|conn, out| conn.send_text("b", out));
        for _ in 0..steps {
            pair.step();
        }
        pair.client.write(|conn, out| conn.close(Some(CloseCode(4001)), "client", ms(0), out));
        pair.server.write(|conn, out| conn.close(Some(CloseCode(4002)), "server", ms(0), out));
        pair.settle();
        // The client waits for the end of TCP, or for its deadline.
        pair.pass(5_000);
        assert_eq!(pair.closed(), [closed(4002, true), closed(4001, true)]);
        for (role, output) in [(Role::Client, &pair.client.output), (Role::Server, &pair.server.output)] {
            assert_eq!(sent(role, output).iter().filter(|(first, _)| *first == FIN | CLOSE).count(), 1);
        }
    });
}

/// What a peer does, before a piece travels.
#[derive(Clone, Copy, Debug)]
enum Act {
    Nothing,
    SendText,
    Ping,
    SendFragment,
    Close,
    Fail,
}

/// C-05, C-16, C-24: any closings, failures and ends of input between two peers: each gets exactly one Closed, at most one
/// Close goes each way and nothing after it, and the end is clean if both Closes went.
#[test]
fn every_session_of_two_peers_ends_once_on_both_sides() {
    let act = weighted(&[
        (15, Act::Nothing),
        (7, Act::SendText),
        (3, Act::Ping),
        (3, Act::SendFragment),
        (1, Act::Close),
        (1, Act::Fail),
    ]);
    property(400, (moves(), vec((any::<bool>(), act), 0..60)), |(moves, acts)| {
        let mut pair = Pair::with(&DEFAULT, &DEFAULT, Begin::Handshake, moves);
        for (is_client, act) in acts {
            let now = ms(pair.now);
            let probe = if is_client { &mut pair.client } else { &mut pair.server };
            let _refused_where_closing = match act {
                Act::Nothing => Ok(0),
                Act::SendText => probe.try_write(|conn, out| conn.send_text("text", out)),
                Act::Ping => probe.try_write(|conn, out| conn.ping(b"p", out)),
                Act::SendFragment => probe.try_write(|conn, out| conn.send(MessageKind::Binary, &[1; 200], false, out)),
                Act::Close => probe.try_write(|conn, out| conn.close(Some(CloseCode(4000)), "", now, out)),
                Act::Fail => probe.try_write(|conn, out| conn.fail(CloseCode(1011), now, out)),
            };
            pair.step();
            pair.now += 1;
        }
        // A connection that is not open yet has nothing to close.
        while pair.client.conn.state() == State::Connecting && pair.step() {}
        let now = ms(pair.now);
        for probe in [&mut pair.client, &mut pair.server] {
            let _ours_is_under_way_already = probe.try_write(|conn, out| conn.close(None, "", now, out));
        }
        pair.pass(100_000);
        let [client, server] = pair.closed();
        let request = pair.client.output.windows(4).position(|bytes| bytes == b"\r\n\r\n").unwrap() + 4;
        let response = pair.server.output.windows(4).position(|bytes| bytes == b"\r\n\r\n").map_or(0, |at| at + 4);
        let frames = [sent(Role::Client, &pair.client.output[request..]), sent(Role::Server, &pair.server.output[response..])];
        for (frames, closed) in [(&frames[0], &server), (&frames[1], &client)] {
            let closes = frames.iter().filter(|(first, _)| *first == FIN | CLOSE).count();
            assert!(closes <= 1);
            let after = frames.iter().skip_while(|(first, _)| *first != FIN | CLOSE).skip(1);
            assert!(after.into_iter().all(|(first, _)| *first == FIN | PONG), "data after a Close");
            assert!(closes == 1 || !matches!(closed, Seen::Closed { was_clean: true, .. }));
        }
    });
}
