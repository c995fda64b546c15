//! Deadlines: handshake, keepalive Ping and its Pong, idle peer, closing; pauses, and clocks that misbehave.
mod property;
mod support;

use property::{count, moves, one_of, property, role, weighted};
use proptest::collection::vec;
use proptest::prelude::*;
use sansocket::{CloseCode, Config, MessageKind, Role, State, Transport};
use std::cell::Cell;
use std::time::Duration;
use support::frames::*;
use support::http::{good_head_to, head, request_with};
use support::pair::Pair;
use support::probe::{Answer, Probe, Seen};
use support::{Begin, Case, DEFAULT, ROLES, ms};

const DROPPED: Seen = Seen::Closed { code: 1006, was_clean: false };

fn open_with<'c>(role: Role, config: &'c Config<'c>) -> Probe<'c> {
    Probe::start(role, config, Begin::Open)
}

fn at(probe: &mut Probe<'_>, now: u64, bytes: &[u8]) {
    probe.now = now;
    probe.feed(bytes);
}

/// L-08, B-19: the defaults.
#[test]
fn deadlines_are_on_by_default() {
    for role in ROLES {
        assert_eq!(Case::handshake(role).start().next_timeout(), Some(10_000));
        assert_eq!(Case::open(role).start().next_timeout(), Some(25_000));
        assert_eq!(Case::closing(role).start().next_timeout(), Some(5_000));
    }
}

/// L-08, B-19: the handshake deadline stands however slowly bytes come, and nothing leaves when it passes.
#[test]
fn handshake_deadline_drops_a_slow_peer() {
    for role in ROLES {
        let mut probe = Case::handshake(role).start();
        let bytes = good_head_to(role);
        for (i, byte) in bytes[..bytes.len() - 1].iter().enumerate() {
            at(&mut probe, i as u64 * 50, &[*byte]);
            assert_eq!(probe.next_timeout(), Some(10_000));
        }
        assert_eq!(probe.timeout(9_999, 200), []);
        assert_eq!(probe.conn.state(), State::Connecting);
        assert_eq!(probe.timeout(10_000, 200), []);
        assert_eq!(probe.events, [DROPPED]);
    }
}

/// L-08: it also runs while the request waits for its answer, and for the body after a refusal.
#[test]
fn handshake_deadline_runs_until_the_answer() {
    let mut probe = Case::handshake(Role::Server).start();
    probe.answer = Answer::Wait;
    at(&mut probe, 3_000, &request_with(&[]));
    assert_eq!(probe.next_timeout(), Some(10_000));
    probe.timeout(10_000, 0);
    assert_eq!(probe.events.last(), Some(&DROPPED));
    let mut probe = Case::handshake(Role::Client).start();
    at(&mut probe, 3_000, &head(&["HTTP/1.1 404 Not Found"]));
    assert_eq!(probe.next_timeout(), Some(10_000));
    probe.timeout(10_000, 0);
    assert_eq!(probe.events.last(), Some(&DROPPED));
}

/// L-08: a Ping each 25 s; its Pong puts the next one at its own time and gives the round trip.
#[test]
fn keepalive_pings_and_counts_the_round_trip() {
    for role in ROLES {
        let mut probe = Case::open(role).start();
        assert_eq!(probe.timeout(24_999, 200), []);
        let ping = probe.timeout(25_000, 200);
        let frames = written_by(role, &ping);
        assert_eq!((frames.len(), frames[0].first, frames[0].payload.len()), (1, FIN | PING, 4));
        assert_eq!(probe.next_timeout(), Some(45_000));
        assert_eq!(probe.conn.round_trip(), None);
        at(&mut probe, 25_120, &frame_to(role, FIN | PONG, &frames[0].payload));
        assert_eq!(probe.conn.round_trip(), Some(Duration::from_millis(120)));
        assert_eq!(probe.next_timeout(), Some(50_000));
        let again = written_by(role, &probe.timeout(50_000, 200));
        assert!(again[0].first == FIN | PING && again[0].payload != frames[0].payload);
        assert_eq!(probe.next_timeout(), Some(70_000));
    }
}

/// L-08, B-19: a Pong that is missing drops the connection without a Close, whatever else arrives.
#[test]
fn missing_pong_drops_the_connection() {
    for role in ROLES {
        let mut probe = Case::open(role).start();
        probe.timeout(25_000, 200);
        probe.output.clear();
        at(&mut probe, 30_000, &frame_to(role, FIN | TEXT, b"not a pong"));
        at(&mut probe, 31_000, &frame_to(role, FIN | PONG, b"not that pong"));
        at(&mut probe, 32_000, &frame_to(role, FIN | PONG, b""));
        assert_eq!(probe.next_timeout(), Some(45_000));
        assert_eq!(probe.timeout(44_999, 200), []);
        assert_eq!(probe.timeout(45_000, 200), []);
        assert_eq!(probe.events.last(), Some(&DROPPED));
        assert!(probe.output.is_empty());
    }
}

/// Law 10: a keepalive Ping without room is left out, and its Pong is missed all the same. Nor does it draw entropy.
#[test]
fn ping_without_room_is_left_out_and_missed() {
    for role in ROLES {
        let needed = if role == Role::Client { 10 } else { 6 };
        for room in [0, needed - 1] {
            let mut probe = Case::open(role).start();
            assert_eq!(probe.timeout(25_000, room), []);
            assert!(probe.entropy.draws().is_empty());
            assert_eq!(probe.next_timeout(), Some(45_000));
            probe.timeout(45_000, room);
            assert_eq!(probe.events, [DROPPED]);
        }
        assert_eq!(Case::open(role).start().timeout(25_000, needed).len(), needed);
    }
    let mut probe = Case::open(Role::Client).start();
    probe.entropy.set_broken(true);
    assert_eq!(probe.timeout(25_000, 200), []);
    assert_eq!(probe.next_timeout(), Some(45_000));
}

/// L-08, law 10: without a Pong deadline the Pings continue; without an interval there are no Pings.
#[test]
fn keepalive_can_be_turned_off_in_parts() {
    let config = DEFAULT.pong_timeout_ms(0);
    let mut probe = open_with(Role::Server, &config);
    for now in [25_000, 50_000, 75_000] {
        assert_eq!(probe.next_timeout(), Some(now));
        assert_eq!(probe.timeout(now, 200).len(), 6);
    }
    let config = DEFAULT.keepalive_interval_ms(0);
    assert_eq!(open_with(Role::Server, &config).next_timeout(), None);
    let config = DEFAULT.closing_timeout_ms(0).handshake_timeout_ms(0);
    assert_eq!(Probe::start(Role::Client, &config, Begin::Closing).next_timeout(), None);
    assert_eq!(Probe::start(Role::Client, &config, Begin::Handshake).next_timeout(), None);
}

/// L-08, B-19: an idle peer is told 1001 if that fits, and has the closing deadline to answer.
#[test]
fn idle_peer_gets_a_close() {
    let config = DEFAULT.idle_timeout_ms(7_000);
    for role in ROLES {
        let mut probe = open_with(role, &config);
        assert_eq!(probe.next_timeout(), Some(7_000));
        at(&mut probe, 5_000, &frame_to(role, FIN | TEXT, b"x"));
        assert_eq!(probe.next_timeout(), Some(12_000));
        // Bytes inside a message count.
        at(&mut probe, 6_000, &frame_to(role, BINARY, b"xyz")[..header_len(role) + 1]);
        assert_eq!(probe.next_timeout(), Some(13_000));
        // What we send does not.
        probe.write(|conn, out| conn.send_text("x", out));
        probe.output.clear();
        assert_eq!(plain(&written_by(role, &probe.timeout(13_000, 200))), [(FIN | CLOSE, vec![0x03, 0xE9])]);
        assert_eq!((probe.conn.state(), probe.next_timeout()), (State::Closing, Some(18_000)));
        at(&mut probe, 14_000, &[b"yz"[..].to_vec(), close_to(role, 1001, b"")].concat());
        probe.eof();
        assert_eq!(probe.events.last(), Some(&Seen::Closed { code: 1001, was_clean: true }));
    }
}

fn header_len(role: Role) -> usize {
    if role == Role::Server { 6 } else { 2 }
}

/// L-08: without room for the Close the idle peer is dropped.
#[test]
fn idle_peer_is_dropped_if_the_close_does_not_fit() {
    let config = DEFAULT.idle_timeout_ms(7_000);
    for role in ROLES {
        let mut probe = open_with(role, &config);
        assert_eq!(probe.timeout(7_000, if role == Role::Client { 7 } else { 3 }), []);
        assert_eq!(probe.events, [DROPPED]);
    }
}

/// Config: "that was consumed". Bytes that stay in the input are presented again, so they cannot be told from new ones.
#[test]
fn bytes_of_an_unfinished_control_frame_are_no_sign_of_life() {
    let config = DEFAULT.idle_timeout_ms(7_000);
    for role in ROLES {
        let mut probe = open_with(role, &config);
        at(&mut probe, 5_000, &frame_to(role, FIN | PING, b"0123456789")[..5]);
        assert_eq!(probe.next_timeout(), Some(7_000), "{role:?}");
    }
}

/// L-08, B-19, C-04, C-10: whatever the closing waits for, its deadline ends it: clean if both Closes went.
#[test]
fn closing_deadline_ends_every_closing() {
    for role in ROLES {
        // Our Close, no answer.
        let mut probe = Case::closing(role).start();
        at(&mut probe, 4_000, &frame_to(role, FIN | TEXT, b"x"));
        assert_eq!(probe.timeout(4_999, 0), []);
        probe.timeout(5_000, 0);
        assert_eq!(probe.events.last(), Some(&DROPPED));
        // Both Closes, no end of input.
        let mut probe = Case::open(role).start();
        at(&mut probe, 1_000, &close_to(role, 4000, b""));
        at(&mut probe, 3_000, b"noise");
        assert_eq!(probe.next_timeout(), Some(6_000));
        probe.timeout(6_000, 0);
        assert_eq!(probe.events.last(), Some(&Seen::Closed { code: 4000, was_clean: true }));
        // A failure.
        let mut probe = Case::open(role).start();
        at(&mut probe, 1_000, &frame_to(role, 0x83, b""));
        at(&mut probe, 3_000, b"noise");
        assert_eq!(probe.next_timeout(), Some(6_000));
        probe.timeout(6_000, 0);
        assert_eq!(probe.events.last(), Some(&DROPPED));
        assert_eq!(probe.conn.transport(), Transport::Close);
    }
}

/// Config: the closing deadline runs "from our Close … to the end of the connection": the peer's Close does not restart it.
#[test]
fn closing_deadline_counts_from_our_close() {
    for role in ROLES {
        let mut probe = Case::closing(role).start();
        at(&mut probe, 4_000, &close_to(role, 1000, b""));
        assert_eq!(probe.next_timeout(), Some(5_000), "{role:?}");
    }
}

/// Law 10: while the caller does not read, the deadlines that wait for the peer stand still.
#[test]
fn pause_stops_pong_and_idle_deadlines() {
    let config = DEFAULT.idle_timeout_ms(60_000);
    for role in ROLES {
        let mut probe = open_with(role, &config);
        probe.timeout(25_000, 200);
        assert_eq!(probe.next_timeout(), Some(45_000));
        probe.conn.pause(ms(30_000));
        assert_eq!(probe.next_timeout(), None);
        assert_eq!(probe.timeout(200_000, 200), []);
        probe.conn.pause(ms(205_000));
        probe.conn.resume(ms(230_000));
        // 200 s later: 15 s are left for the Pong, 30 s for any byte.
        assert_eq!(probe.next_timeout(), Some(245_000));
        probe.timeout(244_999, 200);
        assert_eq!(probe.conn.state(), State::Open);
        probe.conn.resume(ms(244_999));
        probe.timeout(245_000, 200);
        assert_eq!(probe.events, [DROPPED]);
        let config = config.keepalive_interval_ms(0);
        let mut probe = open_with(role, &config);
        probe.conn.pause(ms(10_000));
        assert_eq!(probe.next_timeout(), None);
        probe.conn.resume(ms(110_000));
        assert_eq!(probe.next_timeout(), Some(160_000));
    }
}

/// Law 10: Pings of ours go out during a pause; their Pong deadline begins with its end.
#[test]
fn ping_during_a_pause_is_awaited_after_it() {
    for role in ROLES {
        let mut probe = Case::open(role).start();
        probe.conn.pause(ms(10_000));
        assert_eq!(probe.next_timeout(), Some(25_000));
        assert!(!probe.timeout(25_000, 200).is_empty());
        assert_eq!(probe.next_timeout(), None);
        probe.conn.resume(ms(100_000));
        assert_eq!(probe.next_timeout(), Some(120_000));
    }
}

/// Law 10: the handshake deadline waits for the peer too, so it stands still in a pause and continues after it.
#[test]
fn pause_stops_the_handshake_deadline() {
    for role in ROLES {
        let mut probe = Case::handshake(role).start();
        probe.conn.pause(ms(4_000));
        assert_eq!(probe.next_timeout(), None);
        probe.conn.resume(ms(30_000));
        assert_eq!(probe.next_timeout(), Some(36_000), "{role:?}");
        probe.timeout(30_000, 0);
        assert_eq!(probe.conn.state(), State::Connecting);
    }
}

/// Law 10: however often the caller pauses, the peer has all of the handshake timeout while it reads.
#[test]
fn pauses_stop_the_handshake_deadline() {
    let steps = vec((any::<bool>(), 0..3_000_u64), 0..12);
    property(1_000, (role(), steps), |(role, steps)| {
        let mut probe = Case::handshake(role).start();
        let (mut now, mut paused_at, mut paused) = (0, None, 0);
        for (pauses, wait) in steps {
            now += wait;
            if pauses {
                probe.conn.pause(ms(now));
                paused_at = paused_at.or(Some(now));
            } else {
                probe.conn.resume(ms(now));
                paused += paused_at.take().map_or(0, |since| now - since);
            }
            let expected = if paused_at.is_some() { None } else { Some(10_000 + paused) };
            assert_eq!(probe.next_timeout(), expected, "at {now}");
            if expected.is_some_and(|due| due <= now) {
                break;
            }
        }
    });
}

/// `pause`: the closing deadline does not stand still, not even while a Pong is awaited.
#[test]
fn pause_does_not_stop_the_closing_deadline() {
    for role in ROLES {
        for ping_first in [false, true] {
            let mut probe = Case::open(role).start();
            if ping_first {
                probe.timeout(25_000, 200);
            }
            probe.conn.pause(ms(26_000));
            probe.write(|conn, out| conn.close(None, "", ms(27_000), out));
            assert_eq!(probe.next_timeout(), Some(32_000));
            probe.conn.resume(ms(30_000));
            assert_eq!(probe.next_timeout(), Some(32_000), "{role:?}, Ping first: {ping_first}");
        }
    }
}

/// `round_trip` is the time between a Ping and its Pong, whatever happened in between.
#[test]
fn round_trip_is_counted_from_the_ping_even_after_our_close() {
    for role in ROLES {
        let mut probe = Case::open(role).start();
        let ping = written_by(role, &probe.timeout(25_000, 200));
        probe.write(|conn, out| conn.close(None, "", ms(25_400), out));
        at(&mut probe, 25_500, &frame_to(role, FIN | PONG, &ping[0].payload));
        let round_trip = probe.conn.round_trip();
        assert!(round_trip.is_none_or(|time| time.as_millis() == 500), "{round_trip:?} instead of 500 ms");
    }
}

/// Law 10: `now` that runs backwards stands still; deadlines neither come earlier nor move.
#[test]
fn time_running_backwards_stands_still() {
    let config = DEFAULT.idle_timeout_ms(7_000);
    for role in ROLES {
        let mut probe = Probe::start(role, &config, Begin::Open);
        at(&mut probe, 5_000, &frame_to(role, FIN | TEXT, b"x"));
        at(&mut probe, 100, &frame_to(role, FIN | TEXT, b"x"));
        assert_eq!(probe.next_timeout(), Some(12_000));
        assert_eq!(probe.timeout(0, 200), []);
        probe.write(|conn, out| conn.close(None, "", ms(1), out));
        assert_eq!(probe.next_timeout(), Some(10_000));
        probe.conn.pause(ms(2));
        probe.conn.resume(ms(1));
        at(&mut probe, 3, &frame_to(role, FIN | CLOSE, b""));
        assert_eq!(probe.next_timeout(), Some(10_000));
        probe.now = 0;
        probe.eof();
        assert_eq!(probe.conn.state(), State::Closed);
    }
}

/// Law 10, 11: the ends of the scale: nothing panics, and no deadline stays in the past for ever.
#[test]
fn time_at_the_end_of_the_scale_is_harmless() {
    for role in ROLES {
        for now in [u64::MAX, u64::MAX - 1, u64::MAX - 5_000, u64::MAX - 25_000] {
            let mut probe = Case::open(role).start();
            at(&mut probe, now, &frame_to(role, FIN | TEXT, b"x"));
            for _ in 0..4 {
                let mut out = [0; 200];
                let _ = probe.conn.handle_timeout(ms(now), &mut out);
            }
            probe.conn.pause(ms(now));
            probe.conn.resume(ms(u64::MAX));
            probe.write(|conn, out| conn.close(None, "", ms(u64::MAX), out));
            let _ = probe.conn.handle_timeout(ms(u64::MAX), &mut []);
            assert!(matches!(probe.conn.state(), State::Closing | State::Closed));
        }
    }
}

/// Law 10: early and repeated calls change nothing.
#[test]
fn early_and_repeated_timeouts_are_harmless() {
    for role in ROLES {
        for begin in [Begin::Handshake, Begin::Open, Begin::Closing] {
            let mut probe = Probe::start(role, &DEFAULT, begin);
            let next = probe.next_timeout();
            for now in [0, 1, 1, 4_999, 4_999] {
                assert_eq!(probe.timeout(now, 200), []);
                assert_eq!(probe.next_timeout(), next);
            }
        }
        let mut probe = Case::open(role).start();
        assert!(!probe.timeout(25_000, 200).is_empty());
        assert_eq!(probe.timeout(25_000, 200), []);
        assert_eq!(probe.timeout(25_000, 200), []);
    }
}

/// Law 10: a clock that leaps, and a caller that was late: one thing is done, and the next deadline is in the future.
#[test]
fn late_timeouts_catch_up_in_one_call() {
    let config = DEFAULT.idle_timeout_ms(30_000);
    for role in ROLES {
        let mut probe = open_with(role, &DEFAULT);
        assert!(!probe.timeout(10_000_000, 200).is_empty());
        assert_eq!(probe.next_timeout(), Some(10_020_000));
        let mut probe = open_with(role, &config);
        assert_eq!(plain(&written_by(role, &probe.timeout(10_000_000, 200)))[0].0, FIN | CLOSE);
        assert_eq!(probe.next_timeout(), Some(10_005_000));
    }
}

/// C-24: two peers that are silent for long, whatever the pieces in which their Pings and Pongs travel: living peers keep the
/// connection.
#[test]
fn keepalive_keeps_two_living_peers_connected() {
    property(20, moves(), |moves| {
        let mut pair = Pair::with(&DEFAULT, &DEFAULT, Begin::Handshake, moves);
        pair.settle();
        pair.pass(1_000_000);
        assert_eq!((pair.client.conn.state(), pair.server.conn.state()), (State::Open, State::Open));
        assert!(pair.client.conn.round_trip() == Some(Duration::ZERO) && pair.server.conn.round_trip() == Some(Duration::ZERO));
        pair.client.write(|conn, out| conn.close(Some(CloseCode::NORMAL_CLOSURE), "", ms(1_000_000), out));
        pair.pass(5_000);
        let clean = Seen::Closed { code: 1000, was_clean: true };
        assert_eq!(pair.closed(), [clean.clone(), clean]);
    });
}

#[derive(Clone, Copy, Debug)]
enum Call {
    Timeout {
        has_room: bool,
    },
    Pause,
    Resume,
    /// What arrives, except in a handshake.
    Text,
    Ping,
    Send,
    Close,
}

fn call() -> impl Strategy<Value = Call> {
    weighted(&[
        (15, Call::Timeout { has_room: true }),
        (15, Call::Timeout { has_room: false }),
        (8, Call::Pause),
        (8, Call::Resume),
        (8, Call::Text),
        (8, Call::Ping),
        (8, Call::Send),
        (1, Call::Close),
    ])
}

/// How the clock moved before a call.
#[derive(Clone, Copy, Debug)]
enum Tick {
    Forwards(u64),
    /// To half of its time.
    Backwards,
}

/// C-24, law 10: any calls at any times, forwards and backwards: at most one Closed, no deadline after it, and every
/// deadline that was obeyed is in the future afterwards (the probe checks both).
#[test]
fn random_schedules_end_at_most_once() {
    let (closed, living) = (Cell::new(0), Cell::new(0));
    let begin = one_of(&[Begin::Open, Begin::Closing, Begin::Handshake]);
    let timeouts = (one_of(&[0, 9_000, 40_000]), one_of(&[0, 5_000, 40_000]));
    let tick = (0..10_000_u64).prop_map(|by| if by < 9_000 { Tick::Forwards(by) } else { Tick::Backwards });
    property(2_000, (role(), begin, timeouts, vec((tick, call()), 0..=40)), |(role, begin, (idle, pong), calls)| {
        let config = DEFAULT.idle_timeout_ms(idle).pong_timeout_ms(pong);
        let mut probe = Probe::start(role, &config, begin);
        let mut now = 0;
        for (tick, call) in calls {
            now = match tick {
                Tick::Forwards(by) => now + by,
                Tick::Backwards => now / 2,
            };
            probe.now = probe.now.max(now);
            match call {
                Call::Pause => probe.conn.pause(ms(now)),
                Call::Resume => probe.conn.resume(ms(now)),
                Call::Text if begin != Begin::Handshake => at(&mut probe, now, &frame_to(role, FIN | TEXT, b"x")),
                Call::Ping if begin != Begin::Handshake => at(&mut probe, now, &frame_to(role, FIN | PING, b"x")),
                Call::Text | Call::Ping => {}
                Call::Send => drop(probe.try_write(|conn, out| conn.send(MessageKind::Text, b"x", true, out))),
                Call::Close => drop(probe.try_write(|conn, out| conn.close(None, "", ms(now), out))),
                Call::Timeout { has_room } => drop(probe.timeout(probe.now, if has_room { 200 } else { 0 })),
            }
        }
        match probe.events.iter().filter(|seen| matches!(seen, Seen::Closed { .. })).count() {
            0 => count(&living),
            1 => count(&closed),
            more => panic!("{more} times Closed"),
        }
    });
    assert!(closed.get() > 400 && living.get() > 400, "{closed:?} closed, {living:?} living");
}
