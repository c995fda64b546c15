//! Who lives: Pings and the Pongs that answer them, frames under way, writers that are slow, machines that slept. Each kind of it
//! is tried at random and judged by a model of a few lines, written from RFC 6455 and from law 10.
mod support;

use sansocket::{Config, Connection, Event, Instant, MessageKind, Negotiated, PingSource, Role, State};
use std::time::Duration;
use support::frames::*;
use support::probe::{Probe, Seen};
use support::rng::{Counter, Rng};
use support::{Begin, DEFAULT, ROLES};

const DROPPED: Seen = Seen::Closed { code: 1006, was_clean: false };

/// The time comes: deadlines up to `now` are obeyed, each at its own time. Whether the connection lives.
fn pass(probe: &mut Probe<'_>, now: u64) -> bool {
    while let Some(next) = probe.next_timeout().filter(|&next| next <= now) {
        let next = next.max(probe.now);
        probe.timeout(next, 200);
    }
    probe.now = now;
    probe.conn.state() != State::Closed
}

/// The payload of the last keepalive Ping that was written, the output being cleared: `None` if there was none.
fn take_ping(probe: &mut Probe<'_>, role: Role) -> Option<Vec<u8>> {
    let frames = written_by(role, &core::mem::take(&mut probe.output));
    frames.into_iter().rfind(|frame| frame.first == FIN | PING).map(|frame| frame.payload)
}

/// §5.5.3 with our policies: of each source the latest Ping that is not answered yet, and when it left, counted in Pings.
#[derive(Default)]
struct Pings {
    keepalive: Option<(Vec<u8>, u64)>,
    application: Option<(Vec<u8>, u64)>,
    left: u64,
}

impl Pings {
    fn sent(&mut self, by: PingSource, payload: &[u8]) {
        self.left += 1;
        let ping = Some((payload.to_vec(), self.left));
        match by {
            PingSource::Keepalive => self.keepalive = ping,
            _ => self.application = ping,
        }
    }

    /// Of equal payloads the latest counts; a Pong also answers whatever keepalive left before.
    fn pong(&mut self, payload: &[u8]) -> Option<PingSource> {
        let left = |ping: &Option<(Vec<u8>, u64)>| ping.as_ref().filter(|ping| ping.0 == payload).map(|ping| ping.1);
        let (keepalive, application) = (left(&self.keepalive), left(&self.application));
        let latest = keepalive.max(application)?;
        if self.keepalive.as_ref().is_some_and(|ping| ping.1 <= latest) {
            self.keepalive = None;
        }
        if keepalive == Some(latest) {
            return Some(PingSource::Keepalive);
        }
        self.application = None;
        Some(PingSource::Application)
    }
}

/// K-05, K-06: random Pings of both sources, some with one payload, some of the keepalive's without room, and Pongs to any of
/// them, to older ones and to none: what each Pong answers, who is dropped, and every deadline on the way are those of the model.
#[test]
fn random_pings_and_pongs_are_judged_as_by_a_model() {
    let mut rng = Rng::new(505);
    let (mut dropped, mut by_keepalive, mut by_application, mut unasked) = (0, 0, 0, 0);
    for round in 0..4_000 {
        let role = rng.pick(&ROLES);
        let (interval, pong) = rng.pick(&[(25_000, 20_000), (5_000, 20_000), (25_000, 30_000)]);
        let config = DEFAULT.keepalive_interval_ms(interval).pong_timeout_ms(pong);
        let mut probe = Probe::start(role, &config, Begin::Open);
        let (mut model, mut since) = (Pings::default(), 0);
        // What was sent so far, what may come next, and what is nobody's.
        let mut payloads: Vec<Vec<u8>> = vec![vec![], b"app".into(), b"b".into(), vec![0, 0, 0, 1], vec![b'l'; 125]];
        for step in 0..60 {
            let what = format!("round {round}, step {step}, {role:?}");
            let wait = if model.keepalive.is_some() { pong } else { interval };
            let due = since + u64::from(wait);
            assert_eq!(probe.next_timeout(), Some(due), "{what}");
            match rng.below(if model.keepalive.is_some() { 40 } else { 10 }) {
                0..2 => {
                    let now = due.max(probe.now);
                    let is_missed = model.keepalive.is_some();
                    let room = if rng.one_in(6) { 0 } else { 200 };
                    let out = probe.timeout(now, room);
                    if is_missed {
                        assert_eq!(probe.events.last(), Some(&DROPPED), "{what}");
                        dropped += 1;
                        break;
                    }
                    since = now;
                    if room == 0 {
                        // No Pong has such a payload.
                        model.sent(PingSource::Keepalive, &[0; 126]);
                    } else {
                        let ping = written_by(role, &out).remove(0);
                        assert_eq!(ping.first, FIN | PING, "{what}");
                        model.sent(PingSource::Keepalive, &ping.payload);
                        let next = u32::from_be_bytes(ping.payload.clone().try_into().unwrap()) + 1;
                        payloads.extend([ping.payload, next.to_be_bytes().into()]);
                    }
                }
                2..5 => {
                    let payload = payloads[rng.below(payloads.len())].clone();
                    probe.write(|conn, out| conn.ping(&payload, out));
                    model.sent(PingSource::Application, &payload);
                }
                _ => {
                    probe.now += (rng.below(3_000) as u64).min(due.saturating_sub(probe.now + 1));
                    // Mostly one that was sent lately.
                    let few = if rng.one_in(2) { payloads.len() } else { 3 };
                    let payload = payloads[payloads.len() - 1 - rng.below(few)].clone();
                    probe.feed(&frame_to(role, FIN | PONG, &payload));
                    let answers = model.pong(&payload);
                    assert_eq!(probe.answers.last(), Some(&answers), "{what}: {payload:02x?}");
                    match answers {
                        Some(PingSource::Keepalive) => by_keepalive += 1,
                        Some(_) => by_application += 1,
                        None => unasked += 1,
                    }
                }
            }
        }
    }
    let counts = [dropped, by_keepalive, by_application, unasked];
    assert!(counts.iter().all(|&count| count > 2_000), "{counts:?}");
}

/// A peer that sends frames at 2 KB a second, one behind the other, and answers a Ping as soon as §5.4 lets it: behind the frame in
/// which it fell, or behind the one after, if that had left before the Ping came.
struct SlowPeer {
    rng: Rng,
    role: Role,
    kind: u8,
    /// Lengths of the frames of a message.
    fragments: Vec<usize>,
}

impl SlowPeer {
    /// Sends its messages from `start` for `ms`, a piece each second; every Ping is answered. Whether it was never dropped.
    fn keeps_its_connection(&mut self, start: u64, ms: u64, is_late: bool) -> bool {
        let role = self.role;
        let mut probe = Probe::start(role, &DEFAULT, Begin::Open);
        let mut wire = Vec::new();
        let (mut frame, mut now) = (0, start);
        // The payload to answer, and behind how many further frames.
        let mut asked: Option<(Vec<u8>, usize)> = None;
        while now < start + ms {
            if !pass(&mut probe, now) {
                return false;
            }
            let is_inside = !wire.is_empty();
            if let Some(payload) = take_ping(&mut probe, role) {
                asked = Some((payload, usize::from(is_late && is_inside)));
            }
            if wire.is_empty() {
                match &mut asked {
                    Some((payload, 0)) => {
                        probe.feed(&frame_to(role, FIN | PONG, &payload.clone()));
                        asked = None;
                    }
                    Some((_, more)) => *more -= 1,
                    None => {}
                }
                let fin = if frame + 1 == self.fragments.len() { FIN } else { 0 };
                let opcode = if frame == 0 { self.kind } else { CONTINUATION };
                wire = frame_to(role, fin | opcode, &vec![b'x'; self.fragments[frame]]);
                frame = (frame + 1) % self.fragments.len();
            }
            let piece: Vec<_> = wire.drain(..wire.len().min(2_000)).collect();
            // The first bytes alone, or in a row.
            let cut = self.rng.below(15).min(piece.len());
            probe.feed(&piece[..cut]);
            probe.feed(&piece[cut..]);
            now += 1_000;
        }
        true
    }
}

/// K-07: a message of 200 KB at 2 KB a second, as one frame and in fragments of every size, text and binary, the keepalive's
/// Pings falling in at every phase: who answers as soon as a frame ends is never dropped, nor is who answers behind the next,
/// where that had left.
#[test]
fn a_slow_frame_is_life_in_every_phase() {
    for phase in 0..26 {
        for role in ROLES {
            for fragment in [200_000, 70_000, 45_000, 10_000, 700] {
                let mut fragments = vec![fragment; 200_000 / fragment];
                fragments.push(200_000 % fragment);
                let is_late = phase % 2 == 1 && fragment > 40_000;
                let kind = if phase % 4 < 2 { TEXT } else { BINARY };
                let mut peer = SlowPeer { rng: Rng::new(phase), role, kind, fragments };
                // Through all of the 25 s between two Pings.
                let start = phase * 1_000;
                let what = format!("from {start}, {role:?}, {kind}, fragments of {fragment}, late: {is_late}");
                assert!(peer.keeps_its_connection(start, 210_000, is_late), "dropped: {what}");
            }
        }
    }
}

/// K-07: a frame that stops: its sender is dropped one Pong's time behind its last byte, wherever it stopped and wherever the
/// Ping fell.
#[test]
fn a_frame_that_stops_is_no_life() {
    let mut rng = Rng::new(707);
    for _ in 0..300 {
        let role = rng.pick(&ROLES);
        let mut probe = Probe::start(role, &DEFAULT, Begin::Open);
        let wire = frame_to(role, FIN | rng.pick(&[TEXT, BINARY]), &vec![b'x'; 100_000]);
        let start = rng.below(24_000) as u64;
        let mut last = 0;
        let stops = 1 + rng.below(100);
        for (i, piece) in wire.chunks(1_000).take(stops).enumerate() {
            last = start + i as u64 * 1_000;
            assert!(pass(&mut probe, last));
            probe.feed(piece);
        }
        let due = last.max(25_000) + 20_000;
        assert!(pass(&mut probe, due - 1), "{role:?}: dropped before {due}");
        assert!(!pass(&mut probe, due), "{role:?}: not dropped at {due}");
    }
}

/// K-07: who sends for ever and never a Pong is dropped in the end, however its frames come: whole, in halves, byte by byte, with
/// control frames between. Not before the Pong is missed; and at most two frames and two waits for a Pong after the Ping.
#[test]
fn who_never_answers_is_dropped_in_the_end() {
    let mut rng = Rng::new(708);
    let mut latest = 0;
    for round in 0..400 {
        let role = rng.pick(&ROLES);
        let mut probe = Probe::start(role, &DEFAULT, Begin::Open);
        let ways: &[usize] = rng.pick::<&[usize]>(&[&[0], &[1], &[2], &[0, 1, 2, 3], &[1, 3], &[2, 3]]);
        let (longest, mut is_inside) = (rng.pick(&[200, 5_000, 30_000]), false);
        let bound = 25_000 + 2 * longest + 2 * 20_000;
        let mut now = 0;
        'peer: while now <= bound + 1_000 {
            let way = rng.pick(ways);
            let fin = if rng.one_in(2) { FIN } else { 0 };
            let first = if is_inside { CONTINUATION } else { rng.pick(&[TEXT, BINARY]) };
            let frame = match way {
                3 => frame_to(role, FIN | rng.pick(&[PING, PONG]), &vec![b'c'; rng.below(9)]),
                _ => frame_to(role, fin | first, &vec![b'x'; 1 + rng.below(40)]),
            };
            is_inside = if way == 3 { is_inside } else { fin == 0 };
            let pieces = match way {
                0 => 1,
                1 => 2,
                _ => frame.len(),
            };
            let gap = if pieces == 1 { longest.min(2_000) } else { longest / pieces as u64 };
            for piece in frame.chunks(frame.len().div_ceil(pieces)) {
                if !pass(&mut probe, now) {
                    break 'peer;
                }
                probe.feed(piece);
                now += gap;
            }
        }
        assert!(probe.conn.state() == State::Closed, "round {round}, {role:?}, {ways:?}: not dropped until {now}");
        assert_eq!(probe.events.last(), Some(&DROPPED));
        if ways == [0] {
            // The deadline of the last call is no later than the time that it was seen at.
            assert!((45_000..47_001).contains(&now), "whole frames: {now}");
        }
        latest = latest.max(now);
    }
    assert!(latest > 60_000, "no frame was ever taken for life: {latest}");
}

/// What a connection wrote and its transport has not taken yet.
struct Writer {
    due: usize,
    /// How many bytes of what is due lie before the end of the keepalive Ping.
    ping_ends: Option<usize>,
    ping: Vec<u8>,
}

impl Writer {
    /// Notes what `probe` wrote.
    fn collect(&mut self, probe: &mut Probe<'_>, role: Role) {
        let len = probe.output.len();
        if let Some(ping) = take_ping(probe, role) {
            (self.ping, self.ping_ends) = (ping, Some(self.due + len));
        }
        self.due += len;
    }

    /// The transport takes up to `n` bytes. The keepalive's Ping, if it left by that.
    fn take(&mut self, probe: &mut Probe<'_>, n: usize) -> Option<Vec<u8>> {
        let n = n.min(self.due);
        self.due -= n;
        if n > 0 {
            probe.conn.written(n, Instant::from_millis(probe.now));
        }
        let ends = self.ping_ends.as_mut()?;
        *ends = ends.saturating_sub(n);
        let has_left = *ends == 0;
        has_left.then(|| {
            self.ping_ends = None;
            self.ping.clone()
        })
    }
}

/// K-05, K-11: a writer that is slow, told by `written`: a Ping behind up to 1 MB is awaited from when it has left, and its peer
/// is not dropped while bytes go, in whatever pieces; no more is one whose Ping found no room behind them. One that stops is
/// dropped one Pong's time after its last byte.
#[test]
fn a_slow_writer_is_told_from_a_stuck_one() {
    let mut rng = Rng::new(1_101);
    let mut pongs = 0;
    for round in 0..120 {
        let role = rng.pick(&ROLES);
        let mut probe = Probe::start(role, &DEFAULT, Begin::Open);
        let mut writer = Writer { due: 0, ping_ends: None, ping: Vec::new() };
        let (frames, is_full) = (1 + rng.below(16), rng.one_in(2));
        for _ in 0..frames {
            probe.write(|conn, out| conn.send(MessageKind::Binary, &[7; 64_000], true, out));
        }
        let (rate, gap) = (rng.pick(&[2_000, 5_000, 20_000, 200_000]), rng.pick(&[500, 2_000, 7_000, 19_000]));
        let stops = if round % 2 == 0 { u64::MAX } else { rng.below(200_000) as u64 };
        let latency = rng.below(19_000) as u64;
        let what =
            format!("round {round}, {role:?}, {frames} frames, {rate} B/s each {gap} ms, stops at {stops}, full: {is_full}");
        // When the transport took something last, when the Ping that waits was due, and when its Pong comes.
        let (mut last, mut asked, mut pong_at) = (0, 0, u64::MAX);
        for now in (0..800_000).step_by(500) {
            while let Some(next) = probe.next_timeout().filter(|&next| next <= now) {
                if !probe.timeout(next, if is_full && writer.due > 1_000 { 0 } else { 200 }).is_empty() || probe.events.is_empty()
                {
                    asked = next;
                }
            }
            if probe.conn.state() == State::Closed {
                break;
            }
            probe.now = now;
            writer.collect(&mut probe, role);
            if pong_at <= now {
                probe.feed(&frame_to(role, FIN | PONG, &writer.ping));
                probe.events.clear();
                (pong_at, pongs) = (u64::MAX, pongs + 1);
            }
            if now % gap == 0 && now < stops && writer.due > 0 {
                let n = (rate * gap / 1_000) as usize;
                let pieces = rng.pick(&[&[n][..], &[n / 3, n - n / 3], &[1, 2, n - 3]]).to_vec();
                for piece in pieces {
                    if writer.take(&mut probe, piece).is_some() {
                        pong_at = now + latency;
                    }
                }
                last = now;
            }
        }
        match stops {
            u64::MAX => assert_eq!((probe.conn.state(), writer.due), (State::Open, 0), "{what}"),
            _ => {
                let dropped = (probe.events.last(), probe.now);
                assert_eq!(dropped, (Some(&DROPPED), asked.max(last) + 20_000), "{what}: bytes until {last}, Ping at {asked}");
            }
        }
    }
    assert!(pongs > 500, "{pongs} Pongs");
}

/// K-05, K-11: what the transport takes behind the Ping is no answer to it: who takes bytes for ever, and sends what else it
/// likes, but no Pong, is dropped one Pong's time after the Ping has left.
#[test]
fn taking_bytes_behind_a_ping_is_no_pong() {
    let mut rng = Rng::new(1_102);
    for round in 0..60 {
        let role = rng.pick(&ROLES);
        let mut probe = Probe::start(role, &DEFAULT, Begin::Open);
        let mut writer = Writer { due: 0, ping_ends: None, ping: Vec::new() };
        probe.write(|conn, out| conn.send(MessageKind::Binary, &[7; 60_000], true, out));
        writer.collect(&mut probe, role);
        let mut now = 0;
        let mut left = None;
        while now < 400_000 {
            now += 1 + rng.next() % 3_000;
            if !pass(&mut probe, now) {
                break;
            }
            writer.collect(&mut probe, role);
            let most = rng.pick(&[1, 1_000, 4_000]);
            if writer.take(&mut probe, 1 + rng.below(most)).is_some() {
                left = Some(now);
            }
            probe.write(|conn, out| conn.send(MessageKind::Binary, &[7; 2_000], true, out));
            if rng.one_in(2) {
                probe.feed(&frame_to(role, FIN | rng.pick(&[TEXT, PING, PONG]), b"x"));
            }
            writer.collect(&mut probe, role);
        }
        let due = left.unwrap() + 20_000;
        assert_eq!(probe.events.last(), Some(&DROPPED), "round {round}, {role:?}");
        assert!(now >= due && now <= due + 3_000, "round {round}, {role:?}: dropped by {now}, not at {due}");
    }
}

/// A connection on a clock of microseconds, keepalive and Pongs only.
struct Timed<'c> {
    conn: Connection<'c, Counter>,
    role: Role,
}

impl<'c> Timed<'c> {
    fn start(role: Role, config: &'c Config<'c>, now: u64) -> Self {
        let now = Instant::from_micros(now);
        Self { conn: Connection::open(role, config, Counter::default(), Negotiated::NOTHING, now), role }
    }

    /// The payload of the Ping that is due at `now`.
    fn ping(&mut self, now: u64) -> Vec<u8> {
        let mut out = [0; 200];
        let received = self.conn.handle_timeout(Instant::from_micros(now), &mut out);
        assert!(received.event.is_none());
        written_by(self.role, &out[..received.produced]).remove(0).payload
    }

    fn feed(&mut self, now: u64, wire: &[u8]) -> Option<PingSource> {
        let mut wire = wire.to_vec();
        let received = self.conn.receive(Instant::from_micros(now), &mut wire, &mut [0; 131]).unwrap();
        match received.event {
            Some(Event::Pong { answers, .. }) => answers,
            _ => None,
        }
    }
}

/// K-13: the round trip is exact to the microsecond, from the keepalive's Ping to its own Pong, on random clocks. A Pong to the
/// application's later Ping, or one that had to wait for a frame, tells no time: what was known before stays.
#[test]
fn round_trips_are_exact_or_unknown() {
    let mut rng = Rng::new(1_301);
    for _ in 0..2_000 {
        let role = rng.pick(&ROLES);
        let mut now = rng.next() >> rng.pick(&[2, 20, 40, 60]);
        let mut timed = Timed::start(role, &DEFAULT, now);
        let mut known = None;
        for _ in 0..5 {
            assert_eq!(timed.conn.round_trip(), known);
            now = timed.conn.next_timeout().unwrap().as_micros() + rng.below(1_000_000) as u64;
            let ping = timed.ping(now);
            let trip = rng.next() % rng.pick(&[1, 2, 1_000, 1_000_000, 20_000_000]);
            match rng.below(5) {
                0 => {
                    timed.conn.ping(b"app", &mut [0; 200]).unwrap();
                    now += trip;
                    assert_eq!(timed.feed(now, &frame_to(role, FIN | PONG, b"app")), Some(PingSource::Application));
                    assert_eq!(timed.feed(now, &frame_to(role, FIN | PONG, &ping)), None);
                }
                1 => {
                    let frame = frame_to(role, FIN | BINARY, b"0123456789");
                    timed.feed(now + trip / 2, &frame[..12]);
                    timed.feed(now + trip, &frame[12..]);
                    now += trip;
                    assert_eq!(timed.feed(now, &frame_to(role, FIN | PONG, &ping)), Some(PingSource::Keepalive));
                    let told = timed.conn.round_trip();
                    assert!(told == known || told == Some(Duration::from_micros(trip)), "{told:?}");
                    known = told;
                }
                2 => {
                    // It left late: the time before was the transport's.
                    let due = timed.conn.send_text("x", &mut [0; 200]).unwrap() + 200;
                    now += rng.next() % 20_000_000;
                    timed.conn.written(due, Instant::from_micros(now));
                    now += trip;
                    assert_eq!(timed.feed(now, &frame_to(role, FIN | PONG, &ping)), Some(PingSource::Keepalive));
                    known = Some(Duration::from_micros(trip));
                }
                _ => {
                    // What comes between has no influence.
                    timed.feed(now + trip / 2, &frame_to(role, FIN | TEXT, b"x"));
                    timed.feed(now + trip / 2, &frame_to(role, FIN | PONG, b"unasked"));
                    now += trip;
                    assert_eq!(timed.feed(now, &frame_to(role, FIN | PONG, &ping)), Some(PingSource::Keepalive));
                    known = Some(Duration::from_micros(trip));
                }
            }
        }
    }
}

/// K-13: milliseconds until the next deadline are rounded up, so that nobody wakes before it and spins; 0 from then on; `None`
/// where nothing is waited for.
#[test]
fn milliseconds_until_a_deadline_are_rounded_up() {
    let mut rng = Rng::new(1_302);
    let off = DEFAULT.keepalive_interval_ms(0);
    for round in 0..5_000_u64 {
        let role = rng.pick(&ROLES);
        let start = rng.next() >> rng.pick(&[2, 20, 40, 60]);
        let conn = Timed::start(role, &DEFAULT, start).conn;
        let ahead = match round {
            0..2_100 => round,
            _ => rng.next() % 60_000_000,
        };
        let deadline = start + 25_000_000;
        let now = (deadline + 2_000).saturating_sub(ahead);
        let left = deadline.saturating_sub(now);
        let told = conn.millis_until_timeout(Instant::from_micros(now));
        assert_eq!(told, Some(left / 1_000 + u64::from(left % 1_000 > 0)), "{left} microseconds");
        let mut conn = Timed::start(role, &off, start).conn;
        assert_eq!(conn.millis_until_timeout(Instant::from_micros(now)), None);
        let _ = conn.close(None, "", Instant::from_micros(start), &mut [0; 200]).unwrap();
        assert_eq!(conn.millis_until_timeout(Instant::from_micros(start + 1)), Some(5_000));
        let _ = conn.receive_eof(Instant::from_micros(start));
        assert_eq!(conn.millis_until_timeout(Instant::from_micros(now)), None);
    }
}

/// K-08: a machine that slept for anything up to days and gives its input before it looks at the deadlines: what arrived counts,
/// the Pong, its Close, any byte for an idle deadline. Without it the peer is dropped.
#[test]
fn input_before_deadlines_after_any_sleep() {
    let mut rng = Rng::new(808);
    let idle = DEFAULT.idle_timeout_ms(60_000);
    for round in 0..2_000 {
        let role = rng.pick(&ROLES);
        let config = rng.pick(&[&DEFAULT, &idle]);
        let mut probe = Probe::start(role, config, Begin::Open);
        let ping = written_by(role, &probe.timeout(25_000, 200)).remove(0).payload;
        let woken = 25_000 + (rng.next() >> rng.pick(&[36, 44, 50])) % 400_000_000;
        let late = woken >= 45_000;
        let pong = frame_to(role, FIN | PONG, &ping);
        let text = frame_to(role, FIN | TEXT, b"x");
        let way = rng.below(4);
        probe.now = woken;
        match way {
            0 => probe.feed(&pong),
            1 => probe.feed(&[text, pong].concat()),
            2 => probe.feed(&[text, close_to(role, 1000, b"")].concat()),
            _ => probe.feed(&text),
        }
        probe.timeout(woken, 200);
        let what = format!("round {round}, {role:?}, way {way}, woken at {woken}");
        match way {
            2 => {
                assert_eq!(probe.conn.state(), State::Closing, "{what}");
                probe.eof();
                assert_eq!(probe.events.last(), Some(&Seen::Closed { code: 1000, was_clean: true }), "{what}");
            }
            3 if late => assert_eq!(probe.events.last(), Some(&DROPPED), "{what}"),
            _ => assert_eq!(probe.conn.state(), State::Open, "{what}"),
        }
    }
}

/// K-09: a tick of 32 bits, read at random steps of up to 24 days over many wraps, and now and then a little behind itself: never
/// anything but the time that has passed.
#[test]
fn random_ticks_are_widened_over_every_wrap() {
    const DAYS_24: u64 = 24 * 86_400_000;
    let mut rng = Rng::new(909);
    for _ in 0..200 {
        let (mut real, mut last) = (0_u64, 0);
        for _ in 0..500 {
            real += rng.next() % rng.pick(&[2, 1_000, 86_400_000, DAYS_24 + 1]);
            last = Instant::widen_millis(last, real as u32);
            assert_eq!(last, real);
            // A second core's counter, or one that was read before an interrupt.
            let behind = real.saturating_sub(rng.next() % rng.pick(&[2, 1_000, DAYS_24]));
            assert_eq!(Instant::widen_millis(last, behind as u32), last, "{behind} behind {last}");
        }
        assert!(real > 1 << 34, "no wrap: {real}");
    }
}

/// K-13: a wait for a Pong that a pause of the caller's reading fell into: the round trip is the time that went by, or it is not
/// known; it is never a shorter one, and never 0.
#[test]
fn a_pause_makes_no_round_trip_shorter() {
    let mut rng = Rng::new(1_303);
    for round in 0..1_000 {
        let role = rng.pick(&ROLES);
        let mut timed = Timed::start(role, &DEFAULT, 0);
        let due = 25_000_000;
        // Before the Ping or after it.
        let paused = due - 1_000_000 + rng.next() % 2_000_000;
        if paused < due {
            timed.conn.pause(Instant::from_micros(paused));
        }
        let ping = timed.ping(due);
        timed.conn.pause(Instant::from_micros(paused.max(due)));
        let resumed = paused.max(due) + rng.next() % 60_000_000;
        timed.conn.resume(Instant::from_micros(resumed));
        let now = resumed + rng.next() % 1_000_000;
        assert_eq!(timed.feed(now, &frame_to(role, FIN | PONG, &ping)), Some(PingSource::Keepalive));
        let (told, real) = (timed.conn.round_trip(), Duration::from_micros(now - due));
        assert!(told.is_none() || told == Some(real), "round {round}: {told:?}, not {real:?}");
    }
}

/// K-06, K-13: behind our Close, too, a Pong says which Ping it answers: the peer may have sent it before it saw the Close.
#[test]
fn pongs_behind_our_close_say_what_they_answer() {
    for role in ROLES {
        let mut probe = Probe::start(role, &DEFAULT, Begin::Open);
        let ping = written_by(role, &probe.timeout(25_000, 200)).remove(0).payload;
        probe.write(|conn, out| conn.ping(b"app", out));
        probe.write(|conn, out| conn.close(None, "", Instant::from_millis(25_100), out));
        for (payload, answers) in [(&ping[..], PingSource::Keepalive), (b"app", PingSource::Application)] {
            probe.feed(&frame_to(role, FIN | PONG, payload));
            assert_eq!(probe.answers.last(), Some(&Some(answers)), "{role:?}");
        }
    }
}

/// K-07, K-11: both directions slow: our Ping waits behind bytes that the transport takes slowly, told by `written`, while frames
/// come in, one behind the other. Those that came before the Ping had left say nothing of who answers it: the one under way when
/// it leaves is life, and so is the next.
#[test]
fn frames_before_a_ping_has_left_are_not_held_against_its_pong() {
    let mut rng = Rng::new(709);
    let mut wrong = Vec::new();
    for round in 0..40 {
        let role = rng.pick(&ROLES);
        let mut probe = Probe::start(role, &DEFAULT, Begin::Open);
        let mut writer = Writer { due: 0, ping_ends: None, ping: Vec::new() };
        for _ in 0..10 {
            probe.write(|conn, out| conn.send(MessageKind::Binary, &[7; 60_000], true, out));
        }
        writer.collect(&mut probe, role);
        // Seconds for each frame, all but the last ones short; the transport takes 600 KB in 60 s.
        let (short, long) = (rng.pick(&[4, 10]), rng.pick(&[25, 90]));
        let (mut wire, mut asked) = (Vec::new(), None);
        for now in 0..200 {
            if !pass(&mut probe, now * 1_000) {
                break;
            }
            writer.collect(&mut probe, role);
            asked = writer.take(&mut probe, 10_100).or(asked);
            if wire.is_empty() {
                if let Some(payload) = asked.take() {
                    probe.feed(&frame_to(role, FIN | PONG, &payload));
                }
                let seconds = if now < 50 { short } else { long };
                wire = frame_to(role, FIN | BINARY, &vec![b'x'; seconds * 1_000]);
            }
            let piece: Vec<_> = wire.drain(..wire.len().min(1_000)).collect();
            probe.feed(&piece);
        }
        if probe.conn.state() != State::Open {
            wrong.push((round, role, short, long, probe.now));
        }
    }
    assert!(wrong.is_empty(), "dropped in the middle of a frame: {} of 40, such as {:?}", wrong.len(), wrong[0]);
}

/// K-05, K-11: a Ping behind more than 4 GiB that the caller writes from elsewhere (sendfile), told by `written`: it is awaited from when it
/// has left, however far behind it was. A peer that stops taking them is dropped one Pong's time after its last byte.
#[test]
fn a_ping_behind_gigabytes_is_awaited_once_it_has_left() {
    for gigabytes in [3, 4, 5, 10, 40] {
        for stops in [false, true] {
            let mut probe = Probe::start(Role::Server, &DEFAULT, Begin::Open);
            let (len, mut due, mut now) = (gigabytes * 1_000_000_000, 0, 0);
            probe.write(|conn, out| conn.send_binary_header(len, true, out));
            due += probe.output.len() as u64 + len;
            probe.output.clear();
            let stop_at = if stops { due / 2 } else { 0 };
            // 100 MB a second, by a clock that obeys every deadline.
            while due > stop_at {
                now += 1_000;
                assert!(pass(&mut probe, now), "dropped at {now} ms, {due} of {gigabytes} GB to go");
                due += core::mem::take(&mut probe.output).len() as u64;
                let n = due.min(100_000_000);
                due -= n;
                probe.conn.written(n as usize, Instant::from_millis(now));
            }
            // From its way out (or the last byte) the Pong has 20 s; a Ping that was not due before is so within 25 s.
            assert!(pass(&mut probe, now + 19_999), "{gigabytes} GB, {stops}");
            if gigabytes >= 5 {
                assert!(!pass(&mut probe, now + 20_000), "{gigabytes} GB, {stops}");
            }
        }
    }
}
