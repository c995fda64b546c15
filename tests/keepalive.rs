//! Which peer is alive: Pings and the Pongs that answer them, frames under way, slow writers, machines that slept. Each
//! is judged by a model of a few lines, written from RFC 6455 and from law 10.
mod property;
mod support;

use property::{count, one_of, property, role, weighted};
use proptest::collection::vec;
use proptest::prelude::*;
use sansocket::{Config, Connection, Event, Instant, MessageKind, Negotiated, PingSource, Role, State};
use std::cell::Cell;
use std::time::Duration;
use support::entropy::Counter;
use support::frames::*;
use support::probe::{Probe, Seen};
use support::{Begin, DEFAULT, ROLES};

const DROPPED: Seen = Seen::Closed { code: 1006, was_clean: false };

/// Time passes: deadlines up to `now` are obeyed, each at its own time. True if the connection lives.
fn pass(probe: &mut Probe<'_>, now: u64) -> bool {
    while let Some(next) = probe.next_timeout().filter(|&next| next <= now) {
        let next = next.max(probe.now);
        probe.timeout(next, 200);
    }
    probe.now = now;
    probe.conn.state() != State::Closed
}

/// The payload of the last keepalive Ping that was written, after which the output is cleared; `None` if there is no such Ping.
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

/// What a Ping or a Pong carries.
#[derive(Clone, Copy, Debug)]
enum Payload {
    Fixed(&'static [u8]),
    /// That of the keepalive's last Ping, or this many before it.
    Keepalive(usize),
    /// One more than that: what the keepalive sends next, or would have.
    AfterKeepalive(usize),
}

impl Payload {
    /// `pings`: those of the keepalive so far.
    fn of(self, pings: &[Vec<u8>]) -> Vec<u8> {
        let last_but = |n| pings.iter().rev().nth(n).cloned().unwrap_or_default();
        match self {
            Payload::Fixed(payload) => payload.into(),
            Payload::Keepalive(n) => last_but(n),
            Payload::AfterKeepalive(n) => match last_but(n).try_into() {
                Ok(ping) => (u32::from_be_bytes(ping) + 1).to_be_bytes().into(),
                Err(_) => vec![],
            },
        }
    }
}

/// Mostly one that was sent lately.
fn payload() -> impl Strategy<Value = Payload> {
    weighted(&[
        (1, Payload::Fixed(b"")),
        (1, Payload::Fixed(b"app")),
        (1, Payload::Fixed(b"b")),
        (1, Payload::Fixed(&[0, 0, 0, 1])),
        (1, Payload::Fixed(&[b'l'; 125])),
        (8, Payload::Keepalive(0)),
        (1, Payload::Keepalive(1)),
        (1, Payload::Keepalive(3)),
        (1, Payload::AfterKeepalive(0)),
        (1, Payload::AfterKeepalive(1)),
    ])
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Pong {
        wait: u64,
        payload: Payload,
    },
    Ping(Payload),
    /// The keepalive's Ping becomes due. Left out if a Pong is awaited.
    Due {
        has_room: bool,
    },
    /// The Pong that is awaited does not come. Left out if no Pong is awaited.
    Missed,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => (0..3_000_u64, payload()).prop_map(|(wait, payload)| Step::Pong { wait, payload }),
        4 => payload().prop_map(Step::Ping),
        5 => Just(Step::Due { has_room: true }),
        1 => Just(Step::Due { has_room: false }),
        2 => Just(Step::Missed),
    ]
}

const CASES: u32 = 3_000;

/// K-05, K-06: any Pings of both sources, some with one payload, some of the keepalive's without room, and Pongs to any of them, to
/// older ones and to none: what each Pong answers, who is dropped, and every deadline on the way are those of the model.
#[test]
fn random_pings_and_pongs_are_judged_as_by_a_model() {
    let counts = [const { Cell::new(0) }; 4];
    let [dropped, by_keepalive, by_application, unasked] = &counts;
    let timeouts = one_of(&[(25_000, 20_000), (5_000, 20_000), (25_000, 30_000)]);
    property(CASES, (role(), timeouts, vec(step(), 0..60)), |(role, (interval, pong), steps)| {
        let config = DEFAULT.keepalive_interval_ms(interval).pong_timeout_ms(pong);
        let mut probe = Probe::start(role, &config, Begin::Open);
        let (mut model, mut since, mut pings) = (Pings::default(), 0, Vec::new());
        for (i, step) in steps.into_iter().enumerate() {
            let is_awaited = model.keepalive.is_some();
            let due = since + u64::from(if is_awaited { pong } else { interval });
            assert_eq!(probe.next_timeout(), Some(due), "before step {i}");
            match step {
                Step::Due { has_room } if !is_awaited => {
                    since = due.max(probe.now);
                    let out = probe.timeout(since, if has_room { 200 } else { 0 });
                    if has_room {
                        let ping = written_by(role, &out).remove(0);
                        assert_eq!(ping.first, FIN | PING, "step {i}");
                        model.sent(PingSource::Keepalive, &ping.payload);
                        pings.push(ping.payload);
                    } else {
                        // A Pong cannot have such a payload.
                        model.sent(PingSource::Keepalive, &[0; 126]);
                    }
                }
                Step::Missed if is_awaited => {
                    probe.timeout(due.max(probe.now), 200);
                    assert_eq!(probe.events.last(), Some(&DROPPED), "step {i}");
                    count(dropped);
                    break;
                }
                Step::Due { .. } | Step::Missed => {}
                Step::Ping(payload) => {
                    let payload = payload.of(&pings);
                    probe.write(|conn, out| conn.ping(&payload, out));
                    model.sent(PingSource::Application, &payload);
                }
                Step::Pong { wait, payload } => {
                    let payload = payload.of(&pings);
                    probe.now += wait.min(due.saturating_sub(probe.now + 1));
                    probe.feed(&frame_to(role, FIN | PONG, &payload));
                    let answers = model.pong(&payload);
                    assert_eq!(probe.answers.last(), Some(&answers), "step {i}: {payload:02x?}");
                    count(match answers {
                        Some(PingSource::Keepalive) => by_keepalive,
                        Some(_) => by_application,
                        None => unasked,
                    });
                }
            }
        }
    });
    assert!(counts.iter().all(|count| count.get() > CASES / 3), "{counts:?}");
}

/// A peer that sends frames at 2 KB a second, one after the other, and answers a Ping as soon as §5.4 lets it: after the frame in
/// which it fell, or after the next one, if that had left before the Ping came.
struct SlowPeer {
    role: Role,
    /// The frames of a message.
    frames: Vec<Vec<u8>>,
}

impl SlowPeer {
    /// `fragments`: lengths of the frames of a message.
    fn new(role: Role, kind: u8, fragments: &[usize]) -> Self {
        let frame = |(i, &len): (usize, &usize)| {
            let fin = if i + 1 == fragments.len() { FIN } else { 0 };
            frame_to(role, fin | if i == 0 { kind } else { CONTINUATION }, &vec![b'x'; len])
        };
        Self { role, frames: fragments.iter().enumerate().map(frame).collect() }
    }

    /// Sends its messages from `start` for `ms`, a piece each second; every Ping is answered. True if it was never dropped.
    fn keeps_its_connection(&self, start: u64, ms: u64, is_late: bool) -> bool {
        let role = self.role;
        let mut probe = Probe::start(role, &DEFAULT, Begin::Open);
        let mut frames = self.frames.iter().cycle();
        let mut wire: &[u8] = &[];
        // The payload to answer, and after how many further frames.
        let mut asked: Option<(Vec<u8>, usize)> = None;
        for second in 0..ms / 1_000 {
            if !pass(&mut probe, start + second * 1_000) {
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
                wire = frames.next().unwrap();
            }
            let (piece, rest) = wire.split_at(wire.len().min(2_000));
            wire = rest;
            // The first bytes alone: every length of them in turn.
            let (first, rest) = piece.split_at((second % 15).min(piece.len() as u64) as usize);
            probe.feed(first);
            probe.feed(rest);
        }
        true
    }
}

/// K-07: a message of 200 KB at 2 KB a second, as one frame and in fragments of every size, text and binary, with the keepalive's
/// Pings at every phase: a peer that answers as soon as a frame ends is never dropped, nor is one that answers after the
/// next, if that had left.
#[test]
fn a_slow_frame_is_life_in_every_phase() {
    for role in ROLES {
        for fragment in [200_000, 70_000, 45_000, 10_000, 700] {
            let mut fragments = vec![fragment; 200_000 / fragment];
            fragments.push(200_000 % fragment);
            let peers = [TEXT, BINARY].map(|kind| SlowPeer::new(role, kind, &fragments));
            for phase in 0..26 {
                let is_late = phase % 2 == 1 && fragment > 40_000;
                let is_binary = phase % 4 >= 2;
                // Through all of the 25 s between two Pings.
                let start = phase * 1_000;
                let lives = peers[usize::from(is_binary)].keeps_its_connection(start, 210_000, is_late);
                let what = format!("from {start}, {role:?}, fragments of {fragment}, binary: {is_binary}, late: {is_late}");
                assert!(lives, "dropped: {what}");
            }
        }
    }
}

/// K-07: a frame that stops: its sender is dropped one Pong's time after its last byte, wherever it stopped and wherever the
/// Ping fell.
#[test]
fn a_frame_that_stops_is_no_sign_of_life() {
    let stops = (role(), one_of(&[TEXT, BINARY]), 0..24_000_u64, 1..100_usize);
    property(300, stops, |(role, kind, start, stops)| {
        let mut probe = Probe::start(role, &DEFAULT, Begin::Open);
        probe.feed(&header_to(role, FIN | kind, Form::SixtyFour, 100_000));
        // A mask repeats every four bytes.
        let piece = frame_to(role, FIN | kind, &[b'x'; 1_000]);
        let piece = &piece[piece.len() - 1_000..];
        let mut last = 0;
        for second in 0..stops {
            last = start + second as u64 * 1_000;
            assert!(pass(&mut probe, last));
            probe.feed(piece);
        }
        let due = last.max(25_000) + 20_000;
        assert!(pass(&mut probe, due - 1), "dropped before {due}");
        assert!(!pass(&mut probe, due), "not dropped at {due}");
    });
}

/// How a frame comes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Delivery {
    Whole,
    Halves,
    Bytewise,
}

/// What is sent by a peer that never answers a Ping.
#[derive(Clone, Debug)]
enum Sent {
    /// A frame of a message, of this many bytes.
    Data { kind: u8, fin: bool, len: usize, delivery: Delivery },
    /// A Ping, or an unsolicited Pong, byte by byte.
    Control { opcode: u8, len: usize },
}

fn data(deliveries: &[Delivery]) -> impl Strategy<Value = Sent> + use<> {
    (one_of(&[TEXT, BINARY]), any::<bool>(), 1..=40_usize, one_of(deliveries)).prop_map(|(kind, fin, len, delivery)| Sent::Data {
        kind,
        fin,
        len,
        delivery,
    })
}

fn control() -> impl Strategy<Value = Sent> {
    (one_of(&[PING, PONG]), 0..9_usize).prop_map(|(opcode, len)| Sent::Control { opcode, len })
}

/// What a peer sends over and over.
fn sent_for_ever() -> impl Strategy<Value = Vec<Sent>> {
    use Delivery::*;
    let frames = 1..40;
    prop_oneof![
        vec(data(&[Whole]), frames.clone()),
        vec(data(&[Halves]), frames.clone()),
        vec(data(&[Bytewise]), frames.clone()),
        vec(prop_oneof![3 => data(&[Whole, Halves, Bytewise]), 1 => control()], frames.clone()),
        vec(prop_oneof![data(&[Halves]), control()], frames.clone()),
        vec(prop_oneof![data(&[Bytewise]), control()], frames),
    ]
}

/// K-07: a peer that sends for ever and never a Pong is dropped in the end, however its frames come: whole, in halves, byte by byte, with
/// control frames between. Not before the Pong is missed; and at most two frames and two waits for a Pong after the Ping.
#[test]
fn a_peer_that_never_answers_is_dropped_in_the_end() {
    let latest = Cell::new(0);
    // How long a frame takes if it does not come whole.
    let longest = one_of(&[1_000, 5_000, 30_000]);
    property(400, (role(), longest, sent_for_ever()), |(role, longest, frames)| {
        let mut probe = Probe::start(role, &DEFAULT, Begin::Open);
        let bound = 25_000 + 2 * longest + 2 * 20_000;
        let (mut now, mut is_inside) = (0, false);
        'peer: for sent in frames.iter().cycle() {
            if now > bound + 1_000 {
                break;
            }
            let (frame, pieces) = match *sent {
                Sent::Control { opcode, len } => (frame_to(role, FIN | opcode, &vec![b'c'; len]), usize::MAX),
                Sent::Data { kind, fin, len, delivery } => {
                    let first = if is_inside { CONTINUATION } else { kind };
                    is_inside = !fin;
                    let pieces = match delivery {
                        Delivery::Whole => 1,
                        Delivery::Halves => 2,
                        Delivery::Bytewise => usize::MAX,
                    };
                    (frame_to(role, if fin { FIN } else { 0 } | first, &vec![b'x'; len]), pieces)
                }
            };
            let pieces = pieces.min(frame.len());
            let gap = if pieces == 1 { longest.min(2_000) } else { longest / pieces as u64 };
            for piece in frame.chunks(frame.len().div_ceil(pieces)) {
                if !pass(&mut probe, now) {
                    break 'peer;
                }
                probe.feed(piece);
                now += gap;
            }
        }
        assert!(probe.conn.state() == State::Closed, "not dropped until {now}");
        assert_eq!(probe.events.last(), Some(&DROPPED));
        if frames.iter().all(|sent| matches!(sent, Sent::Data { delivery: Delivery::Whole, .. })) {
            // The deadline of the last call is no later than the time that it was seen at.
            assert!((45_000..47_001).contains(&now), "whole frames: {now}");
        }
        latest.set(latest.get().max(now));
    });
    assert!(latest.get() > 60_000, "no frame was ever taken for life: {latest:?}");
}

/// What a connection wrote and its transport has not taken yet.
#[derive(Default)]
struct Writer {
    due: usize,
    /// How many bytes of what is due lie before the end of the keepalive Ping.
    ping_ends: Option<usize>,
    ping: Vec<u8>,
}

impl Writer {
    /// Sends a message of `len` bytes.
    fn send(&mut self, probe: &mut Probe<'_>, len: usize) {
        let mut out = vec![0; len + 14];
        self.due += probe.conn.send(MessageKind::Binary, &vec![7; len], true, &mut out).unwrap();
    }

    /// Notes what `probe` wrote.
    fn collect(&mut self, probe: &mut Probe<'_>, role: Role) {
        let len = probe.output.len();
        if let Some(ping) = take_ping(probe, role) {
            (self.ping, self.ping_ends) = (ping, Some(self.due + len));
        }
        self.due += len;
    }

    /// The transport takes up to `n` bytes. Returns the keepalive's Ping, if it left thereby.
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

/// How the transport takes what it takes at a time.
#[derive(Clone, Copy, Debug)]
enum Taking {
    AtOnce,
    InTwo,
    CrumbsFirst,
}

/// K-05, K-11: a writer that is slow, told by `written`: a Ping after up to 1 MB is awaited from when it has left, and its peer
/// is not dropped while bytes go, in whatever pieces, even if its Ping found no room after them. One that stops is
/// dropped one Pong's time after its last byte.
#[test]
fn a_slow_writer_is_told_from_a_stuck_one() {
    let pongs = Cell::new(0);
    let speed = (one_of(&[200_000, 20_000, 5_000, 2_000]), one_of(&[500, 2_000, 7_000, 19_000]));
    let takings = vec(one_of(&[Taking::AtOnce, Taking::InTwo, Taking::CrumbsFirst]), 1..20);
    let stops = prop_oneof![Just(None), (0..200_000_u64).prop_map(Some)];
    let writers = (role(), 1..=16_usize, any::<bool>(), speed, takings, stops, 0..19_000_u64);
    property(120, writers, |(role, frames, is_full, (rate, gap), takings, stops, latency)| {
        let mut probe = Probe::start(role, &DEFAULT, Begin::Open);
        let mut writer = Writer::default();
        for _ in 0..frames {
            writer.send(&mut probe, 64_000);
        }
        let mut takings = takings.iter().cycle();
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
                pong_at = u64::MAX;
                count(&pongs);
            }
            if now % gap == 0 && stops.is_none_or(|stops| now < stops) && writer.due > 0 {
                let n = (rate * gap / 1_000) as usize;
                let pieces = match takings.next().unwrap() {
                    Taking::AtOnce => vec![n],
                    Taking::InTwo => vec![n / 3, n - n / 3],
                    Taking::CrumbsFirst => vec![1, 2, n - 3],
                };
                for piece in pieces {
                    if writer.take(&mut probe, piece).is_some() {
                        pong_at = now + latency;
                    }
                }
                last = now;
            }
        }
        match stops {
            // A Ping may have become due at the very end.
            None => assert!(probe.conn.state() == State::Open && writer.due <= 10, "{} bytes left", writer.due),
            Some(_) => {
                let dropped = (probe.events.last(), probe.now);
                assert_eq!(dropped, (Some(&DROPPED), asked.max(last) + 20_000), "bytes until {last}, Ping at {asked}");
            }
        }
    });
    assert!(pongs.get() > 500, "{pongs:?} Pongs");
}

/// K-05, K-11: bytes that the transport takes after the Ping do not answer it: a peer that takes bytes for ever, and sends
/// anything but a Pong, is dropped one Pong's time after the Ping has left.
#[test]
fn taking_bytes_after_a_ping_is_no_pong() {
    // After how long the transport takes how many bytes, and what the peer sends then.
    let taken = prop_oneof![Just(1), 1..=1_000_usize, 1..=4_000_usize];
    let step = (100..=3_000_u64, taken, prop_oneof![Just(None), one_of(&[TEXT, PING, PONG]).prop_map(Some)]);
    let dropped = Cell::new(0);
    property(60, (role(), vec(step, 1..100)), |(role, steps)| {
        let mut probe = Probe::start(role, &DEFAULT, Begin::Open);
        let mut writer = Writer::default();
        writer.send(&mut probe, 60_000);
        let (mut now, mut left) = (0, None);
        for (gap, taken, sent) in steps.into_iter().cycle() {
            now += gap;
            let end = left.map_or(400_000, |left| left + 25_000);
            if now >= end || !pass(&mut probe, now) {
                break;
            }
            writer.collect(&mut probe, role);
            if writer.take(&mut probe, taken).is_some() {
                left = Some(now);
            }
            writer.send(&mut probe, 2_000);
            if let Some(opcode) = sent {
                probe.feed(&frame_to(role, FIN | opcode, b"x"));
            }
            writer.collect(&mut probe, role);
        }
        let Some(left) = left else {
            assert_eq!(probe.conn.state(), State::Open);
            return;
        };
        let due = left + 20_000;
        assert_eq!(probe.events.last(), Some(&DROPPED));
        assert!(now >= due && now <= due + 3_000, "dropped by {now}, not at {due}");
        count(&dropped);
    });
    assert!(dropped.get() > 30, "{dropped:?} dropped");
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

/// Any time, in microseconds, each number of bits as often as the others.
fn any_time() -> impl Strategy<Value = u64> {
    prop_oneof![0..1_u64 << 4, 0..1_u64 << 24, 0..1_u64 << 44, 0..1_u64 << 62]
}

/// What comes between a keepalive's Ping and its Pong.
#[derive(Clone, Copy, Debug)]
enum Between {
    /// Another message, and a Pong to nothing.
    Message,
    /// The application's Ping, and its Pong instead.
    PingOfApplication,
    /// A frame in two pieces, so that the Pong has to wait.
    SlowFrame,
    /// The Ping itself, which leaves so much later.
    Departure(u64),
}

fn between() -> impl Strategy<Value = Between> {
    prop_oneof![
        2 => Just(Between::Message),
        1 => Just(Between::PingOfApplication),
        1 => Just(Between::SlowFrame),
        1 => (0..20_000_000_u64).prop_map(Between::Departure),
    ]
}

/// K-13: the round trip is exact to the microsecond, from the keepalive's Ping to its own Pong, on clocks of every size. A Pong to
/// the application's later Ping, or one that had to wait for a frame, gives no time: what was known before stays.
#[test]
fn round_trips_are_exact_or_unknown() {
    let trip = prop_oneof![Just(0), 0..2_u64, 0..1_000_u64, 0..1_000_000_u64, 0..20_000_000_u64];
    let pings = vec((0..1_000_000_u64, between(), trip), 1..6);
    property(1_000, (role(), any_time(), pings), |(role, start, pings)| {
        let mut timed = Timed::start(role, &DEFAULT, start);
        let mut known = None;
        for (late, between, trip) in pings {
            assert_eq!(timed.conn.round_trip(), known);
            let mut now = timed.conn.next_timeout().unwrap().as_micros() + late;
            let ping = timed.ping(now);
            let pong = frame_to(role, FIN | PONG, &ping);
            match between {
                Between::PingOfApplication => {
                    timed.conn.ping(b"app", &mut [0; 200]).unwrap();
                    now += trip;
                    assert_eq!(timed.feed(now, &frame_to(role, FIN | PONG, b"app")), Some(PingSource::Application));
                    assert_eq!(timed.feed(now, &pong), None);
                }
                Between::SlowFrame => {
                    let frame = frame_to(role, FIN | BINARY, b"0123456789");
                    timed.feed(now + trip / 2, &frame[..12]);
                    timed.feed(now + trip, &frame[12..]);
                    assert_eq!(timed.feed(now + trip, &pong), Some(PingSource::Keepalive));
                    let told = timed.conn.round_trip();
                    assert!(told == known || told == Some(Duration::from_micros(trip)), "{told:?}");
                    known = told;
                }
                Between::Departure(after) => {
                    // The time before was the transport's.
                    let due = timed.conn.send_text("x", &mut [0; 200]).unwrap() + 200;
                    now += after;
                    timed.conn.written(due, Instant::from_micros(now));
                    assert_eq!(timed.feed(now + trip, &pong), Some(PingSource::Keepalive));
                    known = Some(Duration::from_micros(trip));
                }
                Between::Message => {
                    timed.feed(now + trip / 2, &frame_to(role, FIN | TEXT, b"x"));
                    timed.feed(now + trip / 2, &frame_to(role, FIN | PONG, b"unasked"));
                    assert_eq!(timed.feed(now + trip, &pong), Some(PingSource::Keepalive));
                    known = Some(Duration::from_micros(trip));
                }
            }
        }
        assert_eq!(timed.conn.round_trip(), known);
    });
}

/// K-13: milliseconds until the next deadline are rounded up, so that no caller wakes before it and spins; 0 from then on; `None`
/// if there is no deadline.
#[test]
fn milliseconds_until_a_deadline_are_rounded_up() {
    let off = DEFAULT.keepalive_interval_ms(0);
    let check = |role, start, ahead| {
        let conn = Timed::start(role, &DEFAULT, start).conn;
        let deadline = start + 25_000_000;
        // From two milliseconds after the deadline back.
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
    };
    for role in ROLES {
        for ahead in 0..4_100 {
            check(role, 123_456_789, ahead);
        }
    }
    property(1_000, (role(), any_time(), 0..60_000_000_u64), |(role, start, ahead)| check(role, start, ahead));
}

/// What arrived while a machine slept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Arrived {
    Pong,
    TextAndPong,
    TextAndClose,
    Text,
}

/// K-08: a machine that slept for anything up to days and gives its input before it looks at the deadlines: what arrived counts,
/// the Pong, its Close, any byte for an idle deadline. Without it the peer is dropped.
#[test]
fn input_before_deadlines_after_any_sleep() {
    let idle = DEFAULT.idle_timeout_ms(60_000);
    let sleep = prop_oneof![0..16_384_u64, 0..1_048_576_u64, 0..400_000_000_u64];
    let arrived = one_of(&[Arrived::Pong, Arrived::TextAndPong, Arrived::TextAndClose, Arrived::Text]);
    property(2_000, (role(), any::<bool>(), sleep, arrived), |(role, has_idle, sleep, arrived)| {
        let mut probe = Probe::start(role, if has_idle { &idle } else { &DEFAULT }, Begin::Open);
        let ping = written_by(role, &probe.timeout(25_000, 200)).remove(0).payload;
        let woken = 25_000 + sleep;
        let pong = frame_to(role, FIN | PONG, &ping);
        let text = frame_to(role, FIN | TEXT, b"x");
        probe.now = woken;
        probe.feed(&match arrived {
            Arrived::Pong => pong,
            Arrived::TextAndPong => [text, pong].concat(),
            Arrived::TextAndClose => [text, close_to(role, 1000, b"")].concat(),
            Arrived::Text => text,
        });
        probe.timeout(woken, 200);
        match arrived {
            Arrived::TextAndClose => {
                assert_eq!(probe.conn.state(), State::Closing);
                probe.eof();
                assert_eq!(probe.events.last(), Some(&Seen::Closed { code: 1000, was_clean: true }));
            }
            Arrived::Text if sleep >= 20_000 => assert_eq!(probe.events.last(), Some(&DROPPED)),
            _ => assert_eq!(probe.conn.state(), State::Open),
        }
    });
}

/// K-09: a tick of 32 bits, read after steps of up to 24 days over many wraps, and now and then a little earlier than before: never
/// anything but the time that has passed.
#[test]
fn random_ticks_are_widened_over_every_wrap() {
    const DAYS_24: u64 = 24 * 86_400_000;
    let latest = Cell::new(0);
    let step = prop_oneof![0..2_u64, 0..1_000_u64, 0..86_400_000_u64, 0..=DAYS_24];
    // A second core's counter, or one that was read before an interrupt.
    let lag = prop_oneof![0..2_u64, 0..1_000_u64, 0..DAYS_24];
    property(1_000, vec((step, lag), 0..30), |ticks| {
        let (mut real, mut last) = (0_u64, 0);
        for (step, lag) in ticks {
            real += step;
            last = Instant::widen_millis(last, real as u32);
            assert_eq!(last, real);
            let earlier = real.saturating_sub(lag);
            assert_eq!(Instant::widen_millis(last, earlier as u32), last, "{earlier} after {last}");
        }
        latest.set(latest.get().max(real));
    });
    assert!(latest.get() > 1 << 33, "few wraps: {latest:?}");
}

/// K-13: a wait for a Pong with a pause of the caller's reading in it: the round trip is the time that went by, or it is not
/// known; it is never a shorter one, and never 0.
#[test]
fn a_pause_makes_no_round_trip_shorter() {
    let due = 25_000_000;
    // Before the Ping or after it.
    let paused = due - 1_000_000..due + 1_000_000;
    property(1_000, (role(), paused, 0..60_000_000_u64, 0..1_000_000_u64), |(role, paused, pause, wait)| {
        let mut timed = Timed::start(role, &DEFAULT, 0);
        if paused < due {
            timed.conn.pause(Instant::from_micros(paused));
        }
        let ping = timed.ping(due);
        timed.conn.pause(Instant::from_micros(paused.max(due)));
        let resumed = paused.max(due) + pause;
        timed.conn.resume(Instant::from_micros(resumed));
        let now = resumed + wait;
        assert_eq!(timed.feed(now, &frame_to(role, FIN | PONG, &ping)), Some(PingSource::Keepalive));
        let (told, real) = (timed.conn.round_trip(), Duration::from_micros(now - due));
        assert!(told.is_none() || told == Some(real), "{told:?}, not {real:?}");
    });
}

/// K-06, K-13: after our Close, too, a Pong says which Ping it answers: the peer may have sent it before it saw the Close.
#[test]
fn pongs_after_our_close_say_what_they_answer() {
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

/// K-07, K-11: both directions slow: our Ping waits after bytes that the transport takes slowly, told by `written`, while frames
/// come in, one after the other. Those that came before the Ping had left say nothing about an answer to it: the one under way when
/// it leaves is life, and so is the next.
#[test]
fn frames_before_a_ping_has_left_are_not_held_against_its_pong() {
    let mut wrong = Vec::new();
    // Seconds for each frame, all but the last ones short; the transport takes 600 KB in 60 s.
    let seconds = [(4, 25), (4, 90), (10, 25), (10, 90)];
    for (role, (short, long)) in ROLES.into_iter().flat_map(|role| seconds.map(|seconds| (role, seconds))) {
        let mut probe = Probe::start(role, &DEFAULT, Begin::Open);
        let mut writer = Writer::default();
        for _ in 0..10 {
            writer.send(&mut probe, 60_000);
        }
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
            wrong.push((role, short, long, probe.now));
        }
    }
    assert!(wrong.is_empty(), "dropped in the middle of a frame: {wrong:?}");
}

/// K-05, K-11: a Ping after more than 4 GiB that the caller writes from elsewhere (sendfile), told by `written`: it is awaited from when it
/// has left, however far back it was. A peer that stops taking them is dropped one Pong's time after its last byte.
#[test]
fn a_ping_after_gigabytes_is_awaited_once_it_has_left() {
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
