//! What follows an answer to an opening handshake: to a HEAD, to a client that has ended its writing, and how a client ends
//! after a refusal or a wrong 101.
mod support;

use sansocket::{
    Accept, CallError, ClientRequest, CloseCode, Connection, Event, Header, Instant, Origin, Role, State, Transport,
};
use support::entropy::Counter;
use support::frames::*;
use support::http::*;
use support::probe::Probe;
use support::{Begin, DEFAULT, ROLES, ms};

type Client = Connection<'static, Counter>;

/// A client that has sent its request at 0.
fn client() -> Client {
    let mut conn = Connection::client(&DEFAULT, Counter::default(), ms(0));
    conn.request(&ClientRequest::new(HOST, "/"), ms(0), &mut [0; 1_000]).unwrap();
    conn
}

/// The verdict of a client on a response.
#[derive(PartialEq, Eq, Debug)]
enum Verdict {
    Incomplete,
    Opened,
    Refused(u16),
    Failed,
}

/// Delivers `wire`; the verdict, and how much of it was taken.
fn respond(conn: &mut Client, now: u64, wire: &[u8]) -> (Verdict, usize) {
    let mut wire = wire.to_vec();
    let received = conn.receive(ms(now), &mut wire, &mut []).unwrap();
    assert_eq!(received.produced, 0);
    let verdict = match received.event {
        None => Verdict::Incomplete,
        Some(Event::Opened(_)) => Verdict::Opened,
        Some(Event::Refused { response, .. }) => Verdict::Refused(response.status()),
        Some(Event::Failed { .. }) => Verdict::Failed,
        Some(event) => panic!("{event:?}"),
    };
    (verdict, received.consumed)
}

/// The calls that can give `Closed`.
#[derive(Clone, Copy, Debug)]
enum Call {
    Receive,
    Eof,
    Timeout,
}

/// Every order of them.
const ORDERS: [[Call; 3]; 6] = [
    [Call::Receive, Call::Eof, Call::Timeout],
    [Call::Receive, Call::Timeout, Call::Eof],
    [Call::Eof, Call::Receive, Call::Timeout],
    [Call::Eof, Call::Timeout, Call::Receive],
    [Call::Timeout, Call::Receive, Call::Eof],
    [Call::Timeout, Call::Eof, Call::Receive],
];

/// One of them, with `input`: whether it gave a `Closed` of 1006.
fn call<E: sansocket::Entropy>(conn: &mut Connection<'_, E>, call: Call, now: u64, input: &[u8]) -> bool {
    let (mut input, mut out) = (input.to_vec(), [0; 200]);
    let received = match call {
        Call::Receive => conn.receive(ms(now), &mut input, &mut out).unwrap(),
        Call::Eof => conn.receive_eof(ms(now)),
        Call::Timeout => conn.handle_timeout(ms(now), &mut out),
    };
    assert_eq!(received.produced, 0);
    match received.event {
        None => false,
        Some(Event::Closed { code: CloseCode::ABNORMAL_CLOSURE, was_clean: false, .. }) => true,
        Some(event) => panic!("{event:?}"),
    }
}

/// K-12, HC-11: after a refusal of every status, with any headers and body: the transport is kept and the body left alone until
/// the end of input or the handshake's deadline. `close` ends it at once: `Closed` comes from whatever is called next, once, and
/// without delay.
#[test]
fn refusals_of_every_status_end_when_the_client_wants() {
    for status in 200..=999 {
        let body = vec![b'<'; usize::from(status) % 41];
        let headers = [format!("Content-Length: {}", body.len()), "Location: /elsewhere".into(), "Retry-After: 9".into()];
        let line = format!("HTTP/1.1 {status} Whatever");
        let wire = [head(&[&line, &headers[usize::from(status) % 3]]), body.clone()].concat();
        for order in ORDERS {
            for closes in [false, true] {
                let mut conn = client();
                let now = u64::from(status) * 9;
                let (verdict, consumed) = respond(&mut conn, now, &wire);
                let what = format!("{status}, {order:?}, closes: {closes}");
                assert_eq!((verdict, consumed), (Verdict::Refused(status), wire.len() - body.len()), "{what}");
                // However often the caller looks, the body is its own, and nothing is lost by waiting.
                for now in [now, 9_999] {
                    let mut body = body.clone();
                    let received = conn.receive(ms(now), &mut body, &mut []).unwrap();
                    assert!(received.consumed == 0 && received.event.is_none(), "{what}");
                    assert!(!call(&mut conn, Call::Timeout, now, &[]), "{what}");
                    let look = (conn.state(), conn.transport(), conn.next_timeout());
                    assert_eq!(look, (State::Closing, Transport::Keep, Some(ms(10_000))), "{what}");
                }
                let mut now = 10_000;
                if closes {
                    now = 9_999;
                    for _ in 0..2 {
                        assert_eq!(conn.close(Some(CloseCode::NORMAL_CLOSURE), "", ms(now), &mut []), Ok(0), "{what}");
                        assert_eq!((conn.state(), conn.transport()), (State::Closing, Transport::Close), "{what}");
                        assert_eq!(conn.millis_until_timeout(ms(now)), Some(0), "{what}");
                    }
                }
                // Without `close`, `receive` has nothing to report.
                let silent = usize::from(!closes && matches!(order[0], Call::Receive));
                for (i, one) in order.into_iter().enumerate() {
                    assert_eq!(call(&mut conn, one, now, &body), i == silent, "{what}");
                }
                assert_eq!((conn.state(), conn.next_timeout()), (State::Closed, None), "{what}");
            }
        }
    }
}

/// A 101 that was wrong, with all of its input taken: the client shuts its writing down and waits for the end, its closing
/// timeout long. Then one call of `order` gives `Closed`.
fn assert_wrong_101(conn: &mut Client, now: u64, order: [Call; 3], what: &str) {
    let look = |conn: &Client| (conn.state(), conn.transport(), conn.next_timeout(), conn.close_code());
    let expected = (State::Closing, Transport::ShutdownWrite, Some(ms(now + 5_000)), CloseCode::ABNORMAL_CLOSURE);
    assert_eq!(look(conn), expected, "{what}");
    // Whatever comes is taken and changes nothing; nor does closing.
    let mut more = [0xA5; 20];
    let received = conn.receive(ms(now + 100), &mut more, &mut []).unwrap();
    assert!(received.consumed == 20 && received.event.is_none(), "{what}");
    assert_eq!(conn.close(None, "", ms(now + 100), &mut []), Ok(0), "{what}");
    assert_eq!(conn.send_text("x", &mut []), Ok(0), "{what}");
    assert_eq!(look(conn), expected, "{what}");
    assert!(!call(conn, Call::Timeout, now + 4_999, &[]), "{what}");
    let count = order.into_iter().filter(|&one| call(conn, one, now + 5_000, b"more")).count();
    assert_eq!((count, conn.state(), conn.next_timeout()), (1, State::Closed, None), "{what}");
}

/// K-12: each line of a good 101 left out, doubled or replaced, and what was not offered: the client ends its transport by
/// itself, at once.
#[test]
fn a_wrong_101_shuts_down_writing_at_once() {
    let accept = format!("Sec-WebSocket-Accept: {}", accept_of(RFC_KEY));
    let mut wires: Vec<_> = (1..4).map(|index| response_but(index, "")).collect();
    for line in ["Upgrade: websocket", "Sec-WebSocket-Accept: x", &accept, "Sec-WebSocket-Extensions: permessage-deflate"] {
        wires.push(response_with(&[line]));
    }
    for line in ["Sec-WebSocket-Protocol: chat", "Sec-WebSocket-Protocol:", "Bad Header: x", "Transfer-Encoding: chunked, x"] {
        wires.push(response_with(&[line]));
    }
    for (index, line) in [(1, "Upgrade: h2c"), (1, "Upgrade: websocket, h2c"), (2, "Connection: close"), (3, &accept)] {
        wires.push(response_but(index, line));
    }
    wires.push(response_but(0, "HTTP/1.0 101 Switching Protocols"));
    for (wire, order) in wires.iter().flat_map(|wire| ORDERS.map(|order| (wire, order))) {
        for now in [0, 9_998] {
            let mut conn = client();
            let more = [&wire[..], &frame(FIN | TEXT, None, b"x")].concat();
            let (verdict, consumed) = respond(&mut conn, now, &more);
            let what = String::from_utf8_lossy(wire);
            if verdict == Verdict::Opened {
                assert!(what.contains("Transfer-Encoding"), "{what}");
                continue;
            }
            assert_eq!(consumed, more.len(), "{what}");
            assert!(matches!(verdict, Verdict::Refused(101) | Verdict::Failed), "{verdict:?}: {what}");
            assert_wrong_101(&mut conn, now, order, &what);
        }
    }
}

/// K-12: every byte of a good 101 replaced by every other, frames after it: whatever is wrong with it then, a 101 shuts writing
/// down at once and its input is gone; any other status keeps the transport and leaves what is after the head.
#[test]
fn every_byte_of_a_101_decides_what_becomes_of_the_transport() {
    let good = response_with(&[]);
    let more = frame(FIN | TEXT, None, b"x");
    let mut wire = [&good[..], &more].concat();
    let (mut opened, mut refused, mut wrong) = (0, 0, 0);
    for at in 0..good.len() {
        for byte in 0..=255 {
            wire[at] = byte;
            let mut conn = client();
            let (verdict, consumed) = respond(&mut conn, 3_000, &wire);
            let what = format!("{byte:02x} at {at}: {verdict:?}");
            match verdict {
                Verdict::Incomplete => assert_eq!(conn.transport(), Transport::Keep, "{what}"),
                Verdict::Opened => {
                    opened += 1;
                    assert_eq!((conn.state(), consumed), (State::Open, good.len()), "{what}");
                }
                Verdict::Refused(status) if status != 101 => {
                    refused += 1;
                    let look = (conn.transport(), conn.next_timeout(), consumed);
                    assert_eq!(look, (Transport::Keep, Some(ms(10_000)), good.len()), "{what}");
                }
                _ => {
                    assert_eq!(consumed, wire.len(), "{what}");
                    assert_wrong_101(&mut conn, 3_000, ORDERS[wrong % ORDERS.len()], &what);
                    wrong += 1;
                }
            }
        }
        wire[at] = good[at];
    }
    assert!(opened > good.len() && refused > 8 && wrong > 20_000, "{opened} opened, {refused} refused, {wrong} wrong");
}

/// A server that was shown the request of `lines` at 0.
fn deciding(lines: &[&str]) -> Connection<'static> {
    let mut conn = Connection::server(&DEFAULT, ms(0));
    let mut input = head(lines);
    assert!(matches!(conn.receive(ms(0), &mut input, &mut [0; 131]).unwrap().event, Some(Event::HttpRequest(_))));
    conn
}

/// HT-24: to answers of every status, with `respond` and `respond_head`: HEAD gets what GET gets up to the end of the head, byte
/// for byte, and needs no more room than that; an answer that a GET cannot have, a HEAD cannot have either. Names that only look like HEAD
/// get the body.
#[test]
fn head_gets_the_head_of_a_get() {
    let mut refused = 0;
    let headers = [
        Header { name: "Content-Type", value: b"text/plain" },
        Header { name: "X-Blank", value: b"" },
        Header { name: "Upgrade", value: b"websocket" },
    ];
    // Each status with each length, and with each number of headers.
    let cases = (0..=1_000).flat_map(|status| [0, 1, 9, 10, 300].map(|len| (status, len)));
    for (i, (status, len)) in cases.enumerate() {
        let body = vec![b'<'; len];
        let headers = &headers[..i % 4];
        let what = format!("{status}, {} headers, {len} bytes", headers.len());
        let answer = |method: &str, alone: bool, room: usize| {
            let line = format!("{method} /x HTTP/1.1");
            let mut conn = deciding(&[&line, "Host: x"]);
            let mut out = vec![0; room];
            let written = match alone {
                true => conn.respond_head(status, headers, body.len(), ms(0), &mut out),
                false => conn.respond(status, headers, &body, ms(0), &mut out),
            };
            out.truncate(*written.as_ref().unwrap_or(&0));
            written.map(|_| (out, conn.transport(), conn.state(), conn.next_timeout()))
        };
        for alone in [false, true] {
            let get = answer("GET", false, 1_000);
            let Ok((whole, transport, state, next)) = get else {
                refused += 1;
                assert_eq!(answer("HEAD", alone, 1_000), get, "{what}");
                continue;
            };
            let end = whole.windows(4).position(|four| four == b"\r\n\r\n").unwrap() + 4;
            assert_eq!(whole[end..], body, "{what}");
            let expected = (whole[..end].to_vec(), transport, state, next);
            assert_eq!(transport, Transport::ShutdownWrite);
            // Exactly that room.
            assert_eq!(answer("HEAD", alone, end), Ok(expected), "{what}");
            assert_eq!(answer("HEAD", alone, end - 1), Err(CallError::NeedsRoom { bytes: end }), "{what}");
            for other in ["head", "HEADS", "HEA", "Head", "POST", "OPTIONS"] {
                let (other, ..) = answer(other, false, 1_000).unwrap();
                assert_eq!(other, whole, "{what}");
            }
        }
    }
    assert!(refused > 300, "{refused}");
}

/// HT-24, K-11: the body that a HEAD does not get is not due: what is written after its head moves no deadline. That of a GET does.
#[test]
fn no_body_is_due_after_a_head() {
    for len in [1, 1_000, 50_000_000] {
        for (method, is_due) in [("HEAD", false), ("GET", true)] {
            let line = format!("{method} /x HTTP/1.1");
            let mut conn = deciding(&[&line, "Host: x"]);
            let n = conn.respond_head(200, &[], len, ms(1_000), &mut [0; 1_000]).unwrap();
            conn.written(n, ms(1_100));
            let next = conn.next_timeout().unwrap();
            conn.written(len, ms(4_000));
            assert_eq!(conn.next_timeout() != Some(next), is_due, "{method}, {len}");
        }
    }
}

/// What happens around an answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Step {
    Eof,
    Answer,
    Receive,
    Timeout,
}

/// What a server does with a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Answer {
    Accept,
    Respond,
    RespondHead,
}

/// A server before whose answer, or after it, the input ends.
struct HalfClosed {
    conn: Connection<'static>,
    rest: Vec<u8>,
    seen: Vec<String>,
    written: usize,
}

impl HalfClosed {
    fn note(&mut self, event: Option<Event<'_>>) -> bool {
        self.seen.extend(event.as_ref().map(|event| match event {
            Event::Data(data) => format!("message {}", data.payload.len()),
            Event::CloseReceived { code, .. } => format!("close {}", code.0),
            Event::Closed { code, was_clean, .. } => format!("closed {} {was_clean}", code.0),
            other => panic!("{other:?}"),
        }));
        event.is_some()
    }

    /// Until there is no event, or for one call.
    fn receive(&mut self) {
        let mut rest = core::mem::take(&mut self.rest);
        let mut consumed = 0;
        loop {
            let received = self.conn.receive(ms(20), &mut rest[consumed..], &mut [0; 131]).unwrap();
            consumed += received.consumed;
            let event = received.event;
            // The borrow of `rest` ends with the event.
            let more = match event {
                None => false,
                event => self.note(event),
            };
            if !more {
                break;
            }
        }
        rest.drain(..consumed);
        self.rest = rest;
    }
}

/// Every row of up to five steps in which the request is answered once and the input ends before that.
fn rows() -> Vec<Vec<Step>> {
    let mut rows = vec![vec![]];
    let mut all = Vec::new();
    for _ in 0..5 {
        rows = rows
            .into_iter()
            .flat_map(|row: Vec<Step>| {
                [Step::Eof, Step::Answer, Step::Receive, Step::Timeout].map(|step| [&row[..], &[step]].concat())
            })
            .collect();
        all.extend(rows.clone());
    }
    all.retain(|row| {
        let at = |step: Step| row.iter().position(|&one| one == step);
        row.iter().filter(|&&step| step == Step::Answer).count() == 1
            && at(Step::Eof).is_some_and(|eof| Some(eof) < at(Step::Answer))
    });
    all
}

/// HT-26: every order of the end of input, the answer, `receive` with what came after the head, and `handle_timeout`:
/// before the answer nothing ends; the answer goes out whole; frames after the head still come, unless the caller passes a
/// second end of input before them; then exactly one `Closed`.
#[test]
fn a_client_that_half_closes_after_its_request_gets_the_answer() {
    let text = frame_to(Role::Server, FIN | TEXT, b"hello");
    let close = close_to(Role::Server, 1000, b"");
    let mut tried = 0;
    for answer in [Answer::Accept, Answer::Respond, Answer::RespondHead] {
        for (rest, frames) in [
            (vec![], vec![]),
            (text.clone(), vec!["message 5"]),
            ([&text[..], &close].concat(), vec!["message 5", "close 1000"]),
            ([&text[..], &text[..4]].concat(), vec!["message 5"]),
        ] {
            for row in rows() {
                tried += 1;
                let what = format!("{answer:?}, {rest:02x?}, {row:?}");
                let mut request = request_with(&[]);
                let mut conn = Connection::server(&DEFAULT, ms(0));
                let event = conn.receive(ms(10), &mut request, &mut [0; 131]).unwrap().event;
                let Some(Event::Request(request)) = event else { panic!("{what}: no request") };
                let mut half = HalfClosed { conn, rest: rest.clone(), seen: Vec::new(), written: 0 };
                let mut ended_early = false;
                for &step in &row {
                    let is_answered = half.written > 0;
                    match step {
                        Step::Eof => {
                            let event = half.conn.receive_eof(ms(20)).event;
                            let is_end = half.note(event);
                            assert!(is_answered || !is_end, "{what}");
                            ended_early |= is_end;
                        }
                        Step::Receive => {
                            half.receive();
                            assert!(is_answered || half.rest == rest && half.seen.is_empty(), "{what}");
                        }
                        Step::Timeout => {
                            let event = half.conn.handle_timeout(ms(20), &mut [0; 131]).event;
                            let is_end = half.note(event);
                            assert!(is_answered || !is_end, "{what}");
                            ended_early |= is_end;
                        }
                        Step::Answer => {
                            assert_eq!(half.conn.state(), State::Connecting, "{what}");
                            let mut out = [0; 1_000];
                            half.written = match answer {
                                Answer::Accept => half.conn.accept(&request, &Accept::new(Origin::Any), ms(20), &mut out),
                                Answer::Respond => half.conn.respond(404, &[], b"no", ms(20), &mut out),
                                Answer::RespondHead => half.conn.respond_head(404, &[], 2, ms(20), &mut out),
                            }
                            .unwrap();
                            assert_eq!(
                                status_of(&out[..half.written]),
                                if answer == Answer::Accept { 101 } else { 404 },
                                "{what}"
                            );
                        }
                    }
                }
                half.receive();
                // The end of input need not be reported again.
                assert_eq!(half.conn.state(), State::Closed, "{what}");
                let event = half.conn.receive_eof(ms(20)).event;
                half.note(event);
                let is_clean = frames.contains(&"close 1000") && answer == Answer::Accept;
                let (last, before) = half.seen.split_last().unwrap();
                let before: Vec<_> = before.iter().map(String::as_str).collect();
                if answer != Answer::Accept {
                    assert_eq!((before.len(), last.as_str()), (0, "closed 1006 false"), "{what}");
                } else if ended_early {
                    assert!(frames.starts_with(&before) && last.starts_with("closed"), "{what}: {:?}", half.seen);
                } else {
                    let end = if is_clean { "closed 1000 true" } else { "closed 1006 false" };
                    assert_eq!((before, last.as_str()), (frames.clone(), end), "{what}");
                }
                assert_eq!((half.conn.state(), half.conn.next_timeout()), (State::Closed, None), "{what}");
            }
        }
    }
    assert!(tried > 1_000, "{tried}");
}

/// HT-26: a client that half-closes and never gets an answer is dropped at the handshake's deadline, wherever the end of input
/// fell, and not before; then it is too late.
#[test]
fn a_client_without_an_answer_is_dropped_at_the_deadline() {
    for eof in (0..10_000).step_by(333) {
        let mut conn = deciding(&["GET / HTTP/1.1", "Host: x"]);
        for _ in 0..2 {
            assert!(!call(&mut conn, Call::Eof, eof, &[]));
        }
        assert_eq!(conn.next_timeout(), Some(ms(10_000)));
        assert!(!call(&mut conn, Call::Receive, 9_999, b"more") && !call(&mut conn, Call::Timeout, 9_999, &[]));
        assert!(call(&mut conn, Call::Timeout, 10_000, &[]));
        assert!(conn.respond(200, &[], b"", ms(10_000), &mut [0; 200]).is_err());
        let at: Option<Instant> = conn.next_timeout();
        assert!(at.is_none() && !call(&mut conn, Call::Eof, 10_001, &[]) && !call(&mut conn, Call::Receive, 10_001, &[]));
    }
}

/// HT-26: "`Closed` comes from the next `receive`, `receive_eof` or `handle_timeout` after the answer": whichever it is, and it
/// is due at once, so that a caller that waits for a deadline, with nothing left to read, does not wait for a peer that has gone.
#[test]
fn after_the_answer_to_a_half_closed_client_the_end_is_due_at_once() {
    let mut wrong = Vec::new();
    for order in ORDERS {
        for accepts in [false, true] {
            let mut request = request_with(&[]);
            let mut conn = Connection::server(&DEFAULT, ms(0));
            let event = conn.receive(ms(10), &mut request, &mut [0; 131]).unwrap().event;
            let Some(Event::Request(request)) = event else { panic!("no request") };
            assert!(!call(&mut conn, Call::Eof, 20, &[]));
            match accepts {
                true => conn.accept(&request, &Accept::new(Origin::Any), ms(50), &mut [0; 1_000]),
                false => conn.respond(404, &[], b"", ms(50), &mut [0; 1_000]),
            }
            .unwrap();
            let left = conn.millis_until_timeout(ms(50));
            let first = call(&mut conn, order[0], 50, &[]);
            if left != Some(0) || !first {
                wrong.push(format!("accepts: {accepts}, first {:?}: ended by it: {first}, due in {left:?} ms", order[0]));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Law 7: if no input is left there is nothing to answer, so nothing asks for room: a loop that continues until there is no event ends, and
/// `Closed` after a half-closed request needs none either.
#[test]
fn an_empty_input_needs_no_room() {
    for role in ROLES {
        for closing in [false, true] {
            let mut probe = Probe::start(role, &DEFAULT, Begin::Open);
            if closing {
                probe.write(|conn, out| conn.close(None, "", ms(0), out));
            }
            let received = probe.conn.receive(ms(1), &mut [], &mut []).unwrap();
            assert_eq!((received.consumed, received.produced, received.event.is_none()), (0, 0, true));
        }
    }
    let mut conn = Connection::server(&DEFAULT, ms(0));
    let mut input = request_with(&[]);
    let Some(Event::Request(request)) = conn.receive(ms(0), &mut input, &mut [0; 131]).unwrap().event else { panic!() };
    let _ = conn.receive_eof(ms(1));
    conn.accept(&request, &Accept::new(Origin::Any), ms(2), &mut [0; 500]).unwrap();
    let last = conn.receive(ms(3), &mut [], &mut []).unwrap();
    assert!(matches!(last.event, Some(Event::Closed { was_clean: false, .. })), "{last:?}");
}
