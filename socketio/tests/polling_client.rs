//! The client over long-polling, rule by rule ("HTTP long-polling", "Heartbeat" and "Upgrade" in the Engine.IO protocol).
#![cfg(feature = "alloc")]

use sansocket::Instant;
use sansocket_socketio::engine::EngineError;
use sansocket_socketio::engine::polling::{Due, End, Event, Message, Method, Polling, Refusal, Request, SendError};

const OPEN: &str = r#"0{"sid":"a+b/c","upgrades":["websocket"],"pingInterval":300,"pingTimeout":200,"maxPayload":20}"#;

fn ms(ms: u64) -> Instant {
    Instant::from_millis(ms)
}

fn request(polling: &mut Polling, method: Method) -> Request {
    let request = polling.next_request().expect("a request is due");
    assert_eq!(request.method, method);
    request
}

/// What came with the answer to this request.
fn answer(polling: &mut Polling, request: &Request, body: &str) -> Vec<String> {
    polling.response(ms(0), request.id, 200, body.as_bytes()).iter().map(shown).collect()
}

fn shown(event: &Event<'_>) -> String {
    match event {
        Event::Opened(handshake) => format!("open {}", handshake.sid),
        Event::Ping => "ping".to_owned(),
        Event::Text(text) => (*text).to_owned(),
        Event::Binary(bytes) => format!("{bytes:?}"),
    }
}

/// A session that is open, without a request in flight.
fn open() -> Polling {
    let mut polling = Polling::new("/engine.io/");
    let opening = request(&mut polling, Method::Get);
    assert_eq!(answer(&mut polling, &opening, OPEN), ["open a+b/c"]);
    polling
}

/// The same, with a poll in flight.
fn polled() -> (Polling, Request) {
    let mut polling = open();
    let poll = request(&mut polling, Method::Get);
    (polling, poll)
}

fn text(due: &str) -> Option<Due> {
    Some(Due::Text(due.to_owned()))
}

/// A session of which the server has agreed to the WebSocket, with a poll in flight.
fn agreed() -> (Polling, Request) {
    let (mut polling, poll) = polled();
    polling.opened();
    assert_eq!(polling.pull(), text("2probe"));
    assert_eq!(polling.receive(ms(0), Message::Text("3probe")), None);
    (polling, poll)
}

/// A session that goes over the WebSocket.
fn upgraded() -> Polling {
    let (mut polling, poll) = agreed();
    answer(&mut polling, &poll, "6");
    assert_eq!(polling.pull(), text("5"));
    polling
}

#[test]
fn session_is_opened_by_the_first_get() {
    let mut polling = Polling::new("/socket.io/?a=b%20c");
    assert_eq!(polling.send(Message::Text("x")), Err(SendError::NotOpen));
    let opening = request(&mut polling, Method::Get);
    assert_eq!(opening.target, "/socket.io/?a=b%20c&EIO=4&transport=polling&t=0");
    assert_eq!((polling.next_request(), polling.websocket_target()), (None, None));
    // What comes with it counts, and `t` is another one each time.
    assert_eq!(answer(&mut polling, &opening, &format!("{OPEN}\u{1e}4hi\u{1e}2")), ["open a+b/c", "hi", "ping"]);
    let poll = request(&mut polling, Method::Get);
    assert_eq!(poll.target, "/socket.io/?a=b%20c&EIO=4&transport=polling&t=1&sid=a%2Bb%2Fc");
    let pong = request(&mut polling, Method::Post);
    assert_eq!(pong.target, "/socket.io/?a=b%20c&EIO=4&transport=polling&t=2&sid=a%2Bb%2Fc");
    let target = "/socket.io/?a=b%20c&EIO=4&transport=websocket&sid=a%2Bb%2Fc";
    assert_eq!(polling.websocket_target().as_deref(), Some(target));
}

#[test]
fn what_is_no_handshake_opens_nothing() {
    for (body, end) in [
        (&b"4hi"[..], End::NoHandshake),
        (b"6", End::NoHandshake),
        (b"<html>", End::Packet(EngineError::UnknownType)),
        (b"", End::Packet(EngineError::Empty)),
        (b"0{}", End::Packet(EngineError::InvalidSid)),
        (b"0", End::Packet(EngineError::InvalidHandshake)),
        (b"0\xFF", End::NotUtf8),
    ] {
        let mut polling = Polling::new("/engine.io/");
        let opening = request(&mut polling, Method::Get);
        assert_eq!(polling.response(ms(0), opening.id, 200, body), []);
        assert_eq!(polling.end(), Some(&end));
        assert_eq!((polling.next_request(), polling.next_timeout()), (None, None));
    }
}

#[test]
fn one_get_and_one_post_are_in_flight_at_most() {
    let (mut polling, poll) = polled();
    polling.send(Message::Text("a")).unwrap();
    let post = request(&mut polling, Method::Post);
    assert_eq!(post.body, "4a");
    polling.send(Message::Text("b")).unwrap();
    polling.send(Message::Binary(&[1, 2, 3])).unwrap();
    assert_eq!(polling.next_request(), None);
    // Each makes way for the next of its kind only.
    answer(&mut polling, &poll, "6");
    let poll = request(&mut polling, Method::Get);
    assert_eq!(polling.next_request(), None);
    answer(&mut polling, &post, "ok");
    assert_eq!(request(&mut polling, Method::Post).body, "4b\u{1e}bAQID");
    assert_eq!(polling.next_request(), None);
    // An answer is heard once.
    assert_eq!(answer(&mut polling, &poll, "4x"), ["x"]);
    assert_eq!(answer(&mut polling, &poll, "4x"), [""; 0]);
}

#[test]
fn bodies_are_no_longer_than_the_server_allows() {
    let mut polling = open();
    // 20 bytes: packets have a digit more, bytes a `b` and a third more.
    assert_eq!(polling.send(Message::Text(&"x".repeat(20))), Err(SendError::TooLong));
    assert_eq!(polling.send(Message::Binary(&[0; 16])), Err(SendError::TooLong));
    for message in ["0123456789012345678", "012345678", "12345678", "x"] {
        polling.send(Message::Text(message)).unwrap();
    }
    polling.send(Message::Binary(&[0; 13])).unwrap_err();
    polling.send(Message::Binary(&[0; 12])).unwrap();
    assert_eq!(polling.send(Message::Text("a\u{1e}b")), Err(SendError::Separator));
    request(&mut polling, Method::Get);
    for body in ["40123456789012345678", "4012345678\u{1e}412345678", "4x\u{1e}bAAAAAAAAAAAAAAAA"] {
        let post = request(&mut polling, Method::Post);
        assert_eq!(post.body, body);
        assert!(body.len() <= 20);
        answer(&mut polling, &post, "ok");
    }
    assert_eq!(polling.next_request(), None);
}

#[test]
fn servers_without_a_limit_get_all_at_once() {
    for limit in ["", r#","maxPayload":0"#] {
        let mut polling = Polling::new("/engine.io/");
        let opening = request(&mut polling, Method::Get);
        let open = format!(r#"0{{"sid":"a","upgrades":[],"pingInterval":300,"pingTimeout":200{limit}}}"#);
        answer(&mut polling, &opening, &open);
        let long = "x".repeat(70_000);
        polling.send(Message::Text(&long)).unwrap();
        polling.send(Message::Text(&long)).unwrap();
        request(&mut polling, Method::Get);
        assert_eq!(request(&mut polling, Method::Post).body, format!("4{long}\u{1e}4{long}"));
        assert_eq!(polling.websocket_target(), None);
    }
}

#[test]
fn what_waits_is_bounded() {
    let mut polling = open().max_queued(10);
    polling.send(Message::Text("12345")).unwrap();
    polling.send(Message::Binary(&[0; 5])).unwrap();
    assert_eq!(polling.send(Message::Text("x")), Err(SendError::Full));
    assert!(!polling.is_writable());
    request(&mut polling, Method::Get);
    let post = request(&mut polling, Method::Post);
    // What has left waits no more, but the next has to wait for its answer.
    assert!(!polling.is_writable());
    polling.send(Message::Text("1234567890")).unwrap();
    answer(&mut polling, &post, "ok");
    let post = request(&mut polling, Method::Post);
    answer(&mut polling, &post, "ok");
    assert!(polling.is_writable());
}

#[test]
fn pings_are_answered_by_a_post_before_what_waits() {
    let (mut polling, poll) = polled();
    polling.send(Message::Text("a")).unwrap();
    // However many there are, and whatever they carry.
    assert_eq!(answer(&mut polling, &poll, "2\u{1e}2x\u{1e}2"), ["ping", "ping", "ping"]);
    request(&mut polling, Method::Get);
    let post = request(&mut polling, Method::Post);
    assert_eq!(post.body, "3\u{1e}4a");
    answer(&mut polling, &post, "ok");
    assert_eq!(polling.next_request(), None);
}

#[test]
fn server_that_does_not_ping_is_given_up() {
    let mut polling = Polling::new("/engine.io/");
    assert_eq!(polling.next_timeout(), None);
    let opening = request(&mut polling, Method::Get);
    polling.response(ms(1000), opening.id, 200, OPEN.as_bytes());
    assert_eq!(polling.next_timeout(), Some(ms(1500)));
    let poll = request(&mut polling, Method::Get);
    // Messages are no sign of life, pings are.
    polling.response(ms(1100), poll.id, 200, b"4hi");
    assert_eq!(polling.next_timeout(), Some(ms(1500)));
    let poll = request(&mut polling, Method::Get);
    polling.response(ms(1400), poll.id, 200, b"2");
    assert_eq!(polling.next_timeout(), Some(ms(1900)));
    polling.advance(ms(1899));
    assert_eq!(polling.end(), None);
    polling.advance(ms(1900));
    assert_eq!(polling.end(), Some(&End::PingTimeout));
    assert_eq!((polling.next_timeout(), polling.next_request()), (None, None));
    assert_eq!(polling.send(Message::Text("x")), Err(SendError::NotOpen));
}

#[test]
fn refusals_end_the_session_and_tell_why() {
    let refused = |status, code, message: &str| End::Refused(Refusal { status, code, message: message.to_owned() });
    for (status, body, end) in [
        (400, r#"{"code":1,"message":"Session ID unknown"}"#, refused(400, Some(1), "Session ID unknown")),
        (403, r#"{"code":4,"message":"Fo\"r"}"#, refused(403, Some(4), "Fo\"r")),
        (502, "<html>Bad Gateway</html>", refused(502, None, "")),
        (400, r#"["code"]"#, refused(400, None, "")),
        (204, "", refused(204, None, "")),
        (413, "", refused(413, None, "")),
    ] {
        let (mut by_get, poll) = polled();
        let (mut by_post, _) = polled();
        by_post.send(Message::Text("x")).unwrap();
        let post = request(&mut by_post, Method::Post);
        for (mut polling, id) in [(by_get.take(), poll.id), (by_post.take(), post.id)] {
            assert_eq!(polling.response(ms(0), id, status, body.as_bytes()), []);
            assert_eq!(polling.end(), Some(&end));
            assert_eq!(polling.next_request(), None);
        }
    }
    assert_eq!(refused(400, Some(1), "Session ID unknown").to_string(), "the server has answered 400: Session ID unknown");
}

/// To move it out of a variable that is borrowed before.
trait Take {
    fn take(&mut self) -> Self;
}

impl Take for Polling {
    fn take(&mut self) -> Self {
        std::mem::replace(self, Self::new("/"))
    }
}

#[test]
fn request_without_an_answer_ends_the_session() {
    let (mut polling, poll) = polled();
    polling.failed(99);
    assert_eq!(polling.end(), None);
    polling.failed(poll.id);
    assert_eq!(polling.end(), Some(&End::RequestFailed));
    let (mut polling, _) = polled();
    polling.send(Message::Text("x")).unwrap();
    let post = request(&mut polling, Method::Post);
    polling.failed(post.id);
    assert_eq!(polling.end(), Some(&End::RequestFailed));
}

#[test]
fn bad_packet_ends_the_session_after_what_came_before_it() {
    for (body, end) in [
        ("4a\u{1e}7\u{1e}4b", End::Packet(EngineError::UnknownType)),
        ("4a\u{1e}\u{1e}4b", End::Packet(EngineError::Empty)),
        ("4a\u{1e}bAQI\u{1e}4b", End::Base64),
        ("4a\u{1e}1\u{1e}4b", End::ServerClosed),
    ] {
        let (mut polling, poll) = polled();
        assert_eq!(answer(&mut polling, &poll, body), ["a"]);
        assert_eq!(polling.end(), Some(&end));
        assert_eq!(polling.next_request(), None);
    }
}

#[test]
fn packets_that_mean_nothing_are_passed_over() {
    let (mut polling, poll) = polled();
    assert_eq!(answer(&mut polling, &poll, "6\u{1e}3\u{1e}5\u{1e}0{}\u{1e}bAQID\u{1e}4"), ["[1, 2, 3]", ""]);
    assert_eq!(polling.end(), None);
}

#[test]
fn closing_says_so_after_what_waits() {
    let (mut polling, poll) = polled();
    polling.send(Message::Text("0123456789012345678")).unwrap();
    polling.close();
    assert_eq!((polling.is_open(), polling.end()), (false, None));
    assert_eq!(polling.send(Message::Text("x")), Err(SendError::NotOpen));
    let post = request(&mut polling, Method::Post);
    answer(&mut polling, &post, "ok");
    let post = request(&mut polling, Method::Post);
    assert_eq!(post.body, "1");
    // What the server has sent before still counts, and no poll follows.
    assert_eq!(answer(&mut polling, &poll, "4last"), ["last"]);
    assert_eq!((polling.next_request(), polling.end()), (None, None));
    answer(&mut polling, &post, "ok");
    assert_eq!(polling.end(), Some(&End::Closed));
    assert_eq!(polling.next_request(), None);

    let (mut polling, _) = polled();
    polling.send(Message::Text("x")).unwrap();
    polling.close();
    assert_eq!(request(&mut polling, Method::Post).body, "4x\u{1e}1");
}

#[test]
fn session_that_is_not_open_yet_can_be_closed() {
    let mut polling = Polling::new("/engine.io/");
    polling.close();
    assert_eq!((polling.next_request(), polling.end()), (None, Some(&End::Closed)));
    // The server has it once it was asked.
    let mut polling = Polling::new("/engine.io/");
    let opening = request(&mut polling, Method::Get);
    polling.close();
    assert_eq!((polling.next_request(), polling.end()), (None, None));
    answer(&mut polling, &opening, OPEN);
    assert_eq!(request(&mut polling, Method::Post).body, "1");
}

#[test]
fn upgrade_waits_for_both_requests_and_holds_messages_back() {
    let (mut polling, poll) = polled();
    polling.send(Message::Text("a")).unwrap();
    let post = request(&mut polling, Method::Post);
    polling.opened();
    assert_eq!(polling.websocket_target(), None);
    assert_eq!((polling.pull(), polling.pull()), (text("2probe"), None));
    // While the server is asked, polling goes on.
    assert_eq!(answer(&mut polling, &poll, "4b"), ["b"]);
    let poll = request(&mut polling, Method::Get);
    assert_eq!(polling.receive(ms(0), Message::Text("3probe")), None);
    polling.send(Message::Text("c")).unwrap();
    assert!(!polling.is_writable());
    assert_eq!((polling.pull(), polling.next_request()), (None, None));
    answer(&mut polling, &post, "ok");
    assert_eq!((polling.pull(), polling.next_request()), (None, None));
    // A ping that comes by the last poll is answered over the WebSocket.
    assert_eq!(answer(&mut polling, &poll, "4d\u{1e}2"), ["d", "ping"]);
    assert_eq!((polling.next_request(), polling.is_upgraded()), (None, false));
    polling.send(Message::Binary(&[0; 3])).unwrap();
    let due: Vec<_> = std::iter::from_fn(|| polling.pull()).collect();
    assert_eq!(due[..3], [text("5").unwrap(), text("3").unwrap(), text("4c").unwrap()]);
    assert_eq!(due[3..], [Due::Binary(vec![0; 3])]);
    assert!(polling.is_upgraded() && polling.is_writable());
    assert_eq!(polling.next_request(), None);
}

#[test]
fn everything_goes_over_the_websocket_after_the_upgrade() {
    let mut polling = upgraded();
    let long = "x\u{1e}".repeat(70);
    polling.send(Message::Text(&long)).unwrap();
    assert_eq!(polling.pull(), text(&format!("4{long}")));
    assert_eq!(polling.receive(ms(0), Message::Text("4hi")), Some(Event::Text("hi")));
    assert_eq!(polling.receive(ms(0), Message::Binary(&[1])).as_ref().map(shown).as_deref(), Some("[1]"));
    assert_eq!(polling.receive(ms(0), Message::Text("bAQ==")).as_ref().map(shown).as_deref(), Some("[1]"));
    // python-socketio answers `5` so.
    assert_eq!(polling.receive(ms(0), Message::Text("6")), None);
    assert_eq!(polling.receive(ms(400), Message::Text("2")), Some(Event::Ping));
    assert_eq!((polling.pull(), polling.pull()), (text("3"), None));
    assert_eq!(polling.next_timeout(), Some(ms(900)));
    polling.advance(ms(900));
    assert_eq!(polling.end(), Some(&End::PingTimeout));
    assert_eq!((polling.pull(), polling.pull()), (Some(Due::Close), None));
}

#[test]
fn session_ends_with_its_websocket() {
    let mut polling = upgraded();
    polling.gone();
    assert_eq!(polling.end(), Some(&End::ServerClosed));
    assert_eq!((polling.pull(), polling.next_request()), (None, None));
    for (packet, end) in [("1", End::ServerClosed), ("", End::Packet(EngineError::Empty)), ("b=", End::Base64)] {
        let mut polling = upgraded();
        assert_eq!(polling.receive(ms(0), Message::Text(packet)), None);
        assert_eq!(polling.end(), Some(&end));
        assert_eq!(polling.receive(ms(0), Message::Text("4x")), None);
        assert_eq!(polling.pull(), Some(Due::Close));
        polling.gone();
        assert_eq!(polling.end(), Some(&end));
    }
}

#[test]
fn closing_after_the_upgrade_closes_the_websocket() {
    let mut polling = upgraded();
    polling.send(Message::Text("last")).unwrap();
    polling.close();
    assert_eq!((polling.pull(), polling.end()), (text("4last"), None));
    assert_eq!((polling.pull(), polling.end()), (Some(Due::Close), Some(&End::Closed)));
    polling.gone();
    assert_eq!((polling.pull(), polling.end()), (None, Some(&End::Closed)));
}

#[test]
fn upgrade_that_fails_leaves_polling_going() {
    // At any time before `5`.
    for stage in 0..3 {
        let (mut polling, poll) = polled();
        polling.opened();
        if stage > 0 {
            assert_eq!(polling.pull(), text("2probe"));
        }
        if stage > 1 {
            polling.receive(ms(0), Message::Text("3probe"));
            polling.send(Message::Text("held")).unwrap();
        }
        polling.gone();
        assert_eq!((polling.pull(), polling.end()), (None, None));
        if stage > 1 {
            assert_eq!(request(&mut polling, Method::Post).body, "4held");
        }
        assert_eq!(answer(&mut polling, &poll, "4x"), ["x"]);
        request(&mut polling, Method::Get);
        // Another one may be tried.
        assert!(polling.websocket_target().is_some());
    }
}

#[test]
fn wrong_answer_to_the_probe_fails_the_upgrade() {
    for answer in [Message::Text("3"), Message::Text("3prob"), Message::Text("4x"), Message::Text("9"), Message::Binary(&[1])] {
        let (mut polling, _) = polled();
        polling.opened();
        polling.pull();
        assert_eq!(polling.receive(ms(0), answer), None);
        assert_eq!(polling.receive(ms(0), Message::Text("3probe")), None);
        assert_eq!((polling.pull(), polling.pull()), (Some(Due::Close), None));
        assert_eq!(polling.end(), None);
    }
    // Before it is asked, and after it has agreed, it has nothing to say.
    let (mut polling, _) = agreed();
    assert_eq!(polling.receive(ms(0), Message::Text("4x")), None);
    assert_eq!(polling.pull(), Some(Due::Close));
    let (mut polling, _) = polled();
    polling.opened();
    polling.receive(ms(0), Message::Text("3probe"));
    assert_eq!(polling.pull(), Some(Due::Close));
}

#[test]
fn websocket_of_a_session_that_closes_is_closed() {
    for after_probe in [false, true] {
        let (mut polling, _) = if after_probe { agreed() } else { polled() };
        if !after_probe {
            polling.opened();
        }
        polling.close();
        assert_eq!(polling.websocket_target(), None);
        assert_eq!(polling.pull(), Some(Due::Close));
        assert_eq!(request(&mut polling, Method::Post).body, "1");
    }
    // Too late, and a second one.
    let mut polling = open();
    polling.close();
    polling.opened();
    assert_eq!(polling.pull(), Some(Due::Close));
    let (mut polling, poll) = polled();
    polling.failed(poll.id);
    polling.opened();
    assert_eq!(polling.pull(), Some(Due::Close));
}

#[test]
fn secrets_and_messages_are_not_shown() {
    let (mut polling, poll) = polled();
    polling.send(Message::Text("secret")).unwrap();
    let shown = format!("{polling:?} {poll:?} {:?}", polling.next_request());
    assert!(!shown.contains("a+b") && !shown.contains("a%2B") && !shown.contains("secret"), "{shown}");
    let events = polling.response(ms(0), poll.id, 200, "4secret\u{1e}bAQID".as_bytes());
    assert_eq!(format!("{events:?}"), "[Text(6 bytes), Binary(3 bytes)]");
    let shown = format!("{:?} {:?}", Message::Text("secret"), Due::Text("secret".to_owned()));
    assert!(!shown.contains("secret"), "{shown}");
}
