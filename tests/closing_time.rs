//! How long a closing may take: what is still being taken of what was due before our Close moves its deadline, and the rest of a
//! message that was under way; nothing else does. Judged by a model of a few lines, written from law 10.
mod property;
mod support;

use property::{count, one_of, property, role};
use proptest::collection::vec;
use proptest::prelude::*;
use sansocket::{CallError, CloseCode, Config, Connection, Event, Instant, MessageKind, Negotiated, Role, State};
use std::cell::Cell;
use support::entropy::Counter;
use support::frames::*;
use support::http::head;
use support::probe::{Probe, Seen};
use support::{Begin, DEFAULT, ROLES, connecting, ms};

const DROPPED: Seen = Seen::Closed { code: 1006, was_clean: false };

fn us(us: u64) -> Instant {
    Instant::from_micros(us)
}

/// What starts a closing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Way {
    Close,
    PeersClose,
    Fault,
    Fail,
    /// Server: an answer whose body the caller writes.
    Respond,
}

const WAYS: [Way; 5] = [Way::Close, Way::PeersClose, Way::Fault, Way::Fail, Way::Respond];

/// A connection that closes from `now` on, and how many bytes of ours are due then, `len` and a little more.
fn closing<'c>(role: Role, config: &'c Config<'c>, way: Way, len: u64, now: u64) -> (Connection<'c, Counter>, u64) {
    let mut out = vec![0; 70_000];
    if way == Way::Respond {
        let mut conn = connecting(Role::Server, config, Counter::default());
        let mut request = head(&["GET /large HTTP/1.1", "Host: x"]);
        assert!(conn.receive(us(now), &mut request, &mut out).unwrap().event.is_some());
        let head_len = conn.respond_head(200, &[], len as usize, us(now), &mut out).unwrap();
        return (conn, len + head_len as u64);
    }
    let mut conn = Connection::open(role, config, Counter::default(), Negotiated::NOTHING, us(now));
    let mut due = 0;
    if role == Role::Server {
        due += conn.send_binary_header(len, true, &mut out).unwrap() as u64 + len;
    } else {
        while due < len {
            let payload = vec![0; (len - due).min(64_000) as usize];
            due += conn.send(MessageKind::Binary, &payload, true, &mut out).unwrap() as u64;
        }
    }
    due += match way {
        Way::Close => conn.close(Some(CloseCode::NORMAL_CLOSURE), "bye", us(now), &mut out).unwrap(),
        Way::Fail => conn.fail(CloseCode(1011), us(now), &mut out).unwrap(),
        Way::PeersClose => receive(&mut conn, now, &close_to(role, 1000, b"")),
        _ => receive(&mut conn, now, &frame_to(role, 0x83, b"")),
    } as u64;
    assert_eq!(conn.state(), State::Closing);
    (conn, due)
}

/// Delivers `wire`; how many bytes went out for it.
fn receive(conn: &mut Connection<'_, Counter>, now: u64, wire: &[u8]) -> usize {
    let mut wire = wire.to_vec();
    let (mut consumed, mut produced) = (0, 0);
    loop {
        let received = conn.receive(us(now), &mut wire[consumed..], &mut [0; 131]).unwrap();
        consumed += received.consumed;
        produced += received.produced;
        if received.event.is_none() {
            return produced;
        }
    }
}

/// `handle_timeout` a microsecond before the deadline does nothing; at it there is the one `Closed`.
fn ends_at(conn: &mut Connection<'_, Counter>, deadline: u64) {
    assert_eq!(conn.next_timeout(), Some(us(deadline)));
    assert!(conn.handle_timeout(us(deadline - 1), &mut []).event.is_none());
    assert!(matches!(conn.handle_timeout(us(deadline), &mut []).event, Some(Event::Closed { .. })));
    assert_eq!((conn.state(), conn.next_timeout()), (State::Closed, None));
}

/// Law 10: the time from which the closing is counted. What was due before it moves that by as long as it may take at the least rate,
/// but not past now.
struct Clock {
    start: f64,
    due: u64,
    rate: f64,
}

impl Clock {
    fn written(&mut self, n: u64, now: u64) {
        let n = n.min(self.due);
        self.due -= n;
        if n > 0 {
            self.start = (self.start + n as f64 / self.rate * 1e6).min(now as f64);
        }
    }
}

/// A whole frame that comes after a Close and must not move anything.
#[derive(Clone, Copy, Debug)]
enum Noise {
    Ping(usize),
    UnaskedPong,
    /// A message or a fragment.
    Data {
        kind: u8,
        fin: bool,
        len: usize,
    },
}

/// A row of them.
fn flood() -> impl Strategy<Value = Vec<Noise>> {
    let data = (one_of(&[TEXT, BINARY]), any::<bool>(), 1..=300_usize);
    let noise = prop_oneof![
        1 => (0..126_usize).prop_map(Noise::Ping),
        1 => Just(Noise::UnaskedPong),
        2 => data.prop_map(|(kind, fin, len)| Noise::Data { kind, fin, len }),
    ];
    vec(noise, 0..4)
}

/// Its wire; `inside`: whether a message of it is unfinished.
fn wire_of(role: Role, flood: &[Noise], inside: &mut bool) -> Vec<u8> {
    let frame = |noise: &Noise| match *noise {
        Noise::Ping(len) => frame_to(role, FIN | PING, &vec![b'p'; len]),
        Noise::UnaskedPong => frame_to(role, FIN | PONG, b"unasked"),
        Noise::Data { kind, fin, len } => {
            let first = if *inside { CONTINUATION } else { kind };
            *inside = !fin;
            frame_to(role, if fin { FIN } else { 0 } | first, &vec![b'x'; len])
        }
    };
    flood.iter().flat_map(frame).collect()
}

/// What happens while a connection closes.
#[derive(Clone, Debug)]
enum Step {
    /// The transport takes this many bytes.
    Written(u64),
    /// Frames come, and we try to send.
    Flood(Vec<Noise>),
    /// The next step of the closing, which does not restart it.
    PeersClose,
    Fault,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        40 => prop_oneof![0..2_u64, 0..300_u64, 0..20_000_u64].prop_map(Step::Written),
        20 => flood().prop_map(Step::Flood),
        1 => one_of(&[Step::PeersClose, Step::Fault]),
    ]
}

/// K-11: closings of every kind, what was due before taken in any pieces at any times, a flood after them answered and
/// written too, new messages: the deadline is that of the model after every call, and the connection ends at it and not before.
#[test]
fn random_closings_end_when_the_model_says() {
    let (moved, answered) = (Cell::new(0), Cell::new(0));
    let limits = (one_of(&[0, 1, 240, 1_000, 50_000]), one_of(&[100, 5_000, 60_000]));
    // The time before each step, in thousandths of a closing timeout.
    let steps = vec((0..333_u64, step()), 0..80);
    let closings = (role(), one_of(&WAYS), limits, 0..1_000_000_000_000_u64, 0..40_000_u64, steps);
    property(2_000, closings, |(role, way, (rate, timeout), begin, len, steps)| {
        let config = DEFAULT.min_write_rate(rate).closing_timeout_ms(timeout);
        let (mut conn, due) = closing(role, &config, way, len, begin);
        let mut clock = Clock { start: begin as f64, due, rate: f64::from(rate) };
        // Pongs wait until what was due is written.
        let (mut now, mut pongs, mut inside) = (begin, 0, false);
        let timeout = u64::from(timeout) * 1_000;
        for (i, (wait, step)) in steps.into_iter().enumerate() {
            let deadline = conn.next_timeout().unwrap().as_micros();
            let off = (clock.start + timeout as f64 - deadline as f64).abs();
            // A division that rounds, once for each call.
            assert!(off <= 2.0 + i as f64, "off by {off} before step {i}");
            if deadline > begin + timeout {
                count(&moved);
            }
            now += timeout * wait / 1_000;
            if deadline <= now {
                break;
            }
            let wire = match step {
                Step::Written(n) => {
                    let n = n.min(clock.due + pongs);
                    pongs -= n.saturating_sub(clock.due);
                    clock.written(n, now);
                    conn.written(n as usize, us(now));
                    continue;
                }
                Step::Flood(flood) => wire_of(role, &flood, &mut inside),
                Step::PeersClose => close_to(role, 1000, b""),
                Step::Fault => frame_to(role, 0x83, b""),
            };
            let produced = receive(&mut conn, now, &wire);
            pongs += produced as u64;
            answered.set(answered.get() + produced);
            let sent = conn.send(MessageKind::Binary, b"late", true, &mut [0; 100]);
            assert!(matches!(sent, Ok(0)) || way == Way::Respond, "{sent:?} in step {i}");
        }
        let deadline = conn.next_timeout().unwrap().as_micros();
        ends_at(&mut conn, deadline);
    });
    assert!(moved.get() > 5_000 && answered.get() > 5_000, "{moved:?} moved, {answered:?} bytes of Pongs");
}

/// Writes `due` bytes at `rate` a second from `begin` on, `piece` at a time. When the connection ended by its deadline, and what
/// was left then.
fn write_all(conn: &mut Connection<'_, Counter>, begin: u64, mut due: u64, rate: u64, piece: u64) -> (u64, u64) {
    let mut done = 0;
    loop {
        let n = piece.min(due);
        done += n;
        let now = begin + (u128::from(done) * 1_000_000 / u128::from(rate)) as u64;
        let deadline = conn.next_timeout().unwrap().as_micros();
        if deadline < now || n == 0 {
            ends_at(conn, deadline);
            return (deadline, due);
        }
        due -= n;
        conn.written(n as usize, us(now));
    }
}

/// K-11: 8 MB in flight at our Close, or a body of 50 MB, to a reader of 1 MB/s: all of it is taken, in large pieces or
/// small; then the connection waits its five seconds and ends.
#[test]
fn what_is_still_being_taken_is_not_cut() {
    let begin = 7_000_000;
    for role in ROLES {
        for way in WAYS {
            let len = if way == Way::Respond { 50_000_000 } else { 8_000_000 };
            for piece in [65_536, 1_400] {
                let (mut conn, due) = closing(role, &DEFAULT, way, len, begin);
                let (end, left) = write_all(&mut conn, begin, due, 1_000_000, piece);
                assert_eq!((end, left), (begin + due + 5_000_000, 0), "{role:?}, {way:?}, pieces of {piece}");
            }
        }
    }
}

/// K-11: a reader a little faster than the least rate gets everything, for hours; one a little slower is cut once it has fallen
/// behind by the closing timeout; each in pieces of every size. Bytes are counted from our Close on.
#[test]
fn the_least_rate_is_a_border() {
    let begin = 1_000;
    for way in WAYS {
        for rate in [1, 7, 240, 1_000, 100_000] {
            let config = DEFAULT.min_write_rate(rate);
            let rate = u64::from(rate);
            for piece in [1, rate / 7, rate, 2 * rate, 4 * rate] {
                let piece = piece.clamp(1, 4 * rate).max(rate / 100);
                // A twentieth faster: none of an hour is lost.
                let (mut conn, due) = closing(Role::Server, &config, way, 3_600 * rate, begin);
                let (_, left) = write_all(&mut conn, begin, due, rate * 21 / 20 + u64::from(rate < 20), piece);
                assert_eq!(left, 0, "{way:?}, above {rate} B/s, pieces of {piece}");
                if rate < 20 {
                    continue;
                }
                // A twentieth slower: 5 s are lost in 100, the last piece being awaited.
                let (mut conn, due) = closing(Role::Server, &config, way, 3_600 * rate, begin);
                let (end, left) = write_all(&mut conn, begin, due, rate * 19 / 20, piece);
                let seconds = (end - begin) / 1_000_000;
                let earliest = 98 - 21 * piece / rate - 21 * u64::from(piece % rate > 0);
                assert!(
                    left > 0 && (earliest..=101).contains(&seconds),
                    "{way:?}, below {rate} B/s, pieces of {piece}: {seconds} s"
                );
            }
        }
    }
}

/// K-11: with a least rate of 0 any byte will do, but it must come; a reader that stops is cut one closing timeout after its
/// last byte, however fast it was before: nothing is saved up.
#[test]
fn a_reader_that_stops_is_cut() {
    // With a rate of 0, and with another.
    let bytes = (1..=3_usize, 5_000..105_000_usize);
    let steps = vec((0..4_999_999_u64, bytes), 1..300);
    property(300, (one_of(&WAYS), one_of(&[0, 240, 1_000]), steps), |(way, rate, steps)| {
        let config = DEFAULT.min_write_rate(rate);
        let (mut conn, due) = closing(Role::Server, &config, way, 1 << 30, 0);
        assert!(due > 300 * 105_000);
        let mut now = 0;
        for (gap, (few, many)) in steps {
            now += gap;
            conn.written(if rate == 0 { few } else { many }, us(now));
        }
        ends_at(&mut conn, now + 5_000_000);
    });
}

/// K-11: a caller that does not report what was written has five seconds, whatever was in flight and whatever comes.
#[test]
fn without_written_the_closing_takes_its_timeout() {
    let floods = vec((0..400_000_u64, flood()), 0..25);
    property(300, (role(), one_of(&WAYS), 0..300_000_u64, floods), |(role, way, len, floods)| {
        let begin = 123;
        let (mut conn, _) = closing(role, &DEFAULT, way, len, begin);
        let (mut now, mut inside) = (begin, false);
        for (gap, flood) in floods {
            receive(&mut conn, now, &wire_of(role, &flood, &mut inside));
            let _ = conn.close(None, "", us(now), &mut [0; 200]).unwrap();
            now = (now + gap).min(begin + 4_900_000);
        }
        ends_at(&mut conn, begin + 5_000_000);
    });
}

/// K-11: the rest of the message that was under way at our Close, in any pieces and fragments: while it comes the deadline is one
/// closing timeout after its last piece, up to ten after our Close and no later. What comes after the message moves nothing.
#[test]
fn the_rest_of_a_message_has_ten_closing_timeouts() {
    let (whole, cut) = (Cell::new(0), Cell::new(0));
    // The first frame lacks bytes of its payload, or is whole.
    let first = (one_of(&[TEXT, BINARY]), one_of(&[0, 3_usize]));
    let fragments = vec(1..=40_usize, 1..=60);
    // After what part of a closing timeout, or of an eighth of one, how many bytes come: over and over.
    let pieces = (one_of(&[8, 1]), vec((0..1_000_u64, 1..=30_usize), 1..60));
    let closings =
        (role(), one_of(&[1_000, 5_000]), first, 0..20_000_u64, fragments, pieces, [flood(), flood(), flood(), flood()]);
    property(600, closings, |(role, timeout, (kind, lacks), close, fragments, (speed, pieces), floods)| {
        let config = DEFAULT.closing_timeout_ms(timeout as u32);
        let mut probe = Probe::start(role, &config, Begin::Open);
        let mut wire = frame_to(role, kind, b"begins");
        let rest = wire.split_off(wire.len() - lacks);
        probe.feed(&wire);
        probe.now = close;
        probe.write(|conn, out| conn.close(None, "", ms(close), out));
        let mut wire = rest;
        for (i, len) in fragments.iter().enumerate() {
            let fin = if i + 1 == fragments.len() { FIN } else { 0 };
            wire.extend(frame_to(role, fin | CONTINUATION, &vec![b'x'; *len]));
        }
        let (mut last, mut now) = (close, close);
        let mut rest = &wire[..];
        for (part, len) in pieces.into_iter().cycle() {
            let bound = last.min(close + 9 * timeout) + timeout;
            assert!((bound - 1..=bound).contains(&probe.next_timeout().unwrap()), "{:?} at {last}", probe.next_timeout());
            now += 1 + (timeout - 2) / speed * part / 1_000;
            if rest.is_empty() || probe.next_timeout().unwrap() <= now {
                break;
            }
            probe.now = now;
            let before = probe.open.clone();
            let (piece, more) = rest.split_at(len.min(rest.len()));
            rest = more;
            probe.feed(piece);
            // Headers are not part of a message.
            if probe.open != before {
                last = now;
            }
        }
        let deadline = probe.next_timeout().unwrap();
        if rest.is_empty() {
            count(&whole);
            assert!(matches!(probe.events.last(), Some(Seen::Message(..))));
            // The message is over: a flood and new messages change nothing.
            let mut inside = false;
            for flood in floods {
                probe.now = (probe.now + timeout / 10).min(deadline - 1);
                probe.feed(&wire_of(role, &flood, &mut inside));
                assert_eq!(probe.next_timeout(), Some(deadline));
            }
        } else if last >= close + 9 * timeout {
            count(&cut);
        }
        assert!(deadline <= close + 10 * timeout, "{deadline}");
        probe.timeout(deadline - 1, 0);
        assert_eq!(probe.conn.state(), State::Closing);
        probe.timeout(deadline, 0);
        assert_eq!(probe.events.last(), Some(&DROPPED));
    });
    assert!(whole.get() > 100 && cut.get() > 50, "{whole:?} whole, {cut:?} cut");
}

/// K-11: the same by a peer that sends one endless message: Pings inside it, empty fragments and single bytes of headers move
/// nothing by themselves.
#[test]
fn only_payload_of_the_rest_moves_the_deadline() {
    for role in ROLES {
        let mut probe = Probe::start(role, &DEFAULT, Begin::Open);
        probe.feed(&frame_to(role, BINARY, b"begins"));
        probe.write(|conn, out| conn.close(None, "", ms(0), out));
        for (i, bytes) in [
            frame_to(role, FIN | PING, b"p"),
            frame_to(role, CONTINUATION, b""),
            frame_to(role, FIN | PONG, b""),
            header_to(role, CONTINUATION, Form::Sixteen, 50_000),
        ]
        .iter()
        .enumerate()
        {
            for byte in bytes {
                probe.now = 1_000 * (i as u64 + 1);
                probe.feed(&[*byte]);
                assert_eq!(probe.next_timeout(), Some(5_000), "{role:?}, {i}");
            }
        }
        let mut now = 4_000;
        while now < 100_000 {
            now += 900;
            if probe.next_timeout().unwrap() <= now {
                break;
            }
            probe.now = now;
            probe.feed(&[KEY[0]]);
        }
        assert_eq!(probe.next_timeout(), Some(50_000), "{role:?}");
    }
}

/// K-10: every verb that sends or closes, in every way to close, while it closes and once it has ended: nothing is written, no
/// room is needed, nothing moves, and it is not an error.
#[test]
fn a_closing_connection_writes_nothing() {
    type Verb = fn(&mut Connection<'_, Counter>) -> Result<usize, CallError>;
    let verbs: [(bool, Verb); 13] = [
        (false, |conn| conn.send_text("x", &mut [])),
        (false, |conn| conn.send(MessageKind::Text, b"x", false, &mut [])),
        (false, |conn| conn.send(MessageKind::Binary, b"x", true, &mut [])),
        (false, |conn| conn.send_header(MessageKind::Binary, b"x", true, &mut [])),
        (false, |conn| conn.send_binary_header(1 << 40, false, &mut [])),
        (true, |conn| Ok(conn.send_encoded(b"\x81\x01x")?)),
        (false, |conn| conn.ping(b"x", &mut [])),
        (false, |conn| conn.close(None, "", ms(9), &mut [])),
        (false, |conn| conn.close(Some(CloseCode::NORMAL_CLOSURE), "again", ms(9), &mut [])),
        (false, |conn| conn.close(Some(CloseCode(4999)), &"r".repeat(123), ms(9), &mut [])),
        // After our Close alone these still mean something.
        (false, |conn| conn.pong(b"x", &mut [])),
        (false, |conn| conn.fail(CloseCode(1011), ms(9), &mut [])),
        (false, |conn| conn.fail(CloseCode(3000), ms(9), &mut [])),
    ];
    for role in ROLES {
        for way in WAYS {
            let (mut conn, due) = closing(role, &DEFAULT, way, 100, 5_000);
            for state in [State::Closing, State::Closed] {
                let count = if way == Way::Close && state == State::Closing { 10 } else { verbs.len() };
                for (i, (is_servers, verb)) in verbs.iter().take(count).enumerate() {
                    if *is_servers && conn.role() == Role::Client {
                        continue;
                    }
                    let look =
                        |conn: &Connection<'_, Counter>| (conn.state(), conn.transport(), conn.next_timeout(), conn.close_code());
                    let before = look(&conn);
                    assert_eq!(verb(&mut conn), Ok(0), "verb {i}, {role:?}, {way:?}, {state:?}");
                    assert_eq!(look(&conn), before, "verb {i}, {role:?}, {way:?}, {state:?}");
                }
                if state == State::Closing {
                    // Nor is anything due that was not written.
                    conn.written(due as usize, us(6_000));
                    conn.written(1_000, us(1_000_000));
                    ends_at(&mut conn, 5_006_000);
                }
            }
        }
    }
}

/// K-11: bytes count the same in pieces of any size, at every least rate: a peer that reads twice as fast is never cut. (A byte may be
/// worth less than the unit of time.)
#[test]
fn no_piece_is_too_small_to_count() {
    let mut wrong = Vec::new();
    for rate in [240, 300_000, 700_000, 1_000_001, 3_000_000, 40_000_000] {
        let config = DEFAULT.min_write_rate(rate).closing_timeout_ms(20);
        let rate = u64::from(rate);
        for piece in [1, 2, 7, 100] {
            if 1_000 * piece > 20 * rate {
                // The next one would come too late.
                continue;
            }
            // A tenth of a second.
            let (mut conn, due) = closing(Role::Server, &config, Way::Close, rate / 5 + 1, 0);
            let (end, left) = write_all(&mut conn, 0, due, 2 * rate, piece);
            if left > 0 {
                wrong.push(format!("{rate} B/s by {piece}: cut at {end} us with {left} bytes left"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
