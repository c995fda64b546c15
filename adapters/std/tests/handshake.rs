//! Opening handshakes that succeed, are refused, are wrong, or do not come.

mod support;

use std::error::Error as _;
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener};
use std::thread;
use std::time::{Duration, Instant};

use sansocket_std::sansocket::{EndCause, ProtocolError, UrlError, UsageError};
use sansocket_std::{Accept, Config, Connector, Error, Handshake, Header, Message, Origin, accept, connect};
use support::{REQUEST, accepting, answered, read_head, reset, rest, sockets};

static CONFIG: Config = Config::new();
static HASTY: Config = Config::new().handshake_timeout_ms(300).closing_timeout_ms(300);

#[test]
fn connect_and_accept_need_a_url_and_a_decision() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("ws://localhost:{}/chat?room=1", listener.local_addr().unwrap().port());
    let server = thread::spawn(move || {
        let mut ws = accept(listener.accept().unwrap().0, Origin::SameHost { secure: false }).unwrap();
        ws.send("Welcome").unwrap();
        assert_eq!(ws.read().unwrap(), None);
    });
    let mut ws = connect(&url).unwrap();
    assert!(ws.stream().tcp().nodelay().unwrap());
    assert_eq!(ws.read().unwrap(), Some(Message::Text("Welcome")));
    ws.close(None, "").unwrap();
    server.join().unwrap();
}

#[test]
fn request_and_answer_carry_what_they_are_told() {
    static SPEAKS: Config = Config::new().subprotocols("chat, superchat");
    static OFFERS: Config = Config::new().subprotocols("other, superchat");
    let (one, two) = sockets();
    let server = thread::spawn(move || {
        let handshake = Handshake::receive(two, &SPEAKS).unwrap();
        let request = handshake.request();
        assert!(request.is_opening_handshake() && request.origin() == Some(b"https://example.com"));
        assert_eq!((request.path(), request.query(), request.host()), ("/a", Some("b=c"), Some(&b"example.com"[..])));
        assert_eq!((request.header("x-one"), request.header("X-Two")), (Some(&b"1"[..]), Some(&b"2"[..])));
        let subprotocol = request.choose_subprotocol(&SPEAKS);
        let answer = Accept::new(Origin::OneOf(&["https://example.com"])).subprotocol(subprotocol);
        let ws = handshake.accept(&answer.headers(&[Header::new("Set-Cookie", "a=b")])).unwrap();
        assert_eq!(ws.subprotocol(), Some("superchat"));
    });
    let connector = Connector::new(&OFFERS).header("X-One", "1").header("X-Two", "2").origin("https://example.com");
    let ws = connector.over(one, "ws://example.com/a?b=c").unwrap();
    assert_eq!(ws.subprotocol(), Some("superchat"));
    server.join().unwrap();
}

#[cfg(unix)]
#[test]
fn a_unix_socket_carries_it_too() {
    let (one, two) = std::os::unix::net::UnixStream::pair().unwrap();
    let server = thread::spawn(move || {
        let mut ws = accept(two, Origin::Any).unwrap();
        assert!(!ws.ready_within(Duration::from_millis(30)).unwrap());
        ws.send(&vec![7; 1 << 20]).unwrap();
        assert_eq!(ws.read().unwrap(), None);
    });
    let mut ws = Connector::new(&CONFIG).over(one, "ws://localhost/").unwrap();
    thread::sleep(Duration::from_millis(100));
    assert_eq!(ws.read().unwrap(), Some(Message::Binary(&vec![7; 1 << 20])));
    ws.close(None, "").unwrap();
    server.join().unwrap();
}

#[test]
fn what_is_no_url_or_no_host_is_told_apart() {
    assert!(matches!(connect("ftp://example.com/").unwrap_err(), Error::Url(UrlError::InvalidScheme)));
    #[cfg(not(feature = "rustls"))]
    assert!(matches!(connect("wss://127.0.0.1:1/").unwrap_err(), Error::NoTls));
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let error = connect(&format!("ws://127.0.0.1:{port}/")).unwrap_err();
    let Error::Connect { to, source, .. } = &error else { panic!("{error:?}") };
    assert_eq!((to, source.kind()), (&format!("127.0.0.1:{port}"), ErrorKind::ConnectionRefused));
    assert!(error.to_string().starts_with(&format!("cannot connect to 127.0.0.1:{port}: ")) && error.source().is_some());
}

#[test]
fn headers_that_cannot_be_sent_are_mistakes() {
    let over = |connector: Connector<'static, '_>| connector.over(sockets().0, "ws://localhost/").unwrap_err();
    let mistake = |error| matches!(error, Error::Usage(UsageError::InvalidHeader));
    assert!(mistake(over(Connector::new(&CONFIG).header("X", "a\r\nb"))));
    let long = "x".repeat(20_000);
    let error = over(Connector::new(&CONFIG).header("X", &long));
    assert!(matches!(error, Error::Usage(UsageError::BufferTooShort)), "{error:?}");
}

#[test]
fn a_refusal_has_status_headers_and_body() {
    let counted = b"HTTP/1.1 401 Who?\r\nWWW-Authenticate: Basic\r\nContent-Length: 5\r\n\r\nGo on";
    let chunked =
        b"HTTP/1.1 503 Later\r\nRetry-After: 5\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nGo\r\n3;x=y\r\n on\r\n0\r\n\r\n";
    let to_the_end = b"HTTP/1.0 404 No\r\nX: y\r\n\r\nGo on";
    let cases =
        [(&counted[..], 401, "WWW-authenticate", "Basic"), (chunked, 503, "retry-after", "5"), (to_the_end, 404, "x", "y")];
    for (answer, status, name, value) in cases {
        let is_open = status != 404;
        let error = answered(&CONFIG, answer, |raw| {
            if is_open {
                thread::sleep(Duration::from_millis(200));
            }
            drop(raw);
        });
        let Err(Error::Refused(refusal)) = error else { panic!("{error:?}") };
        assert_eq!((refusal.status, refusal.header(name), &refusal.body[..]), (status, Some(value.as_bytes()), &b"Go on"[..]));
        assert_eq!(refusal.headers[0].1, value.as_bytes());
        assert_eq!(refusal.to_string(), format!("the server refused with {status} {}", refusal.reason));
    }
}

#[test]
fn a_body_that_does_not_come_is_not_waited_for_beyond_the_deadline() {
    let start = Instant::now();
    let answer = b"HTTP/1.1 503 Later\r\nContent-Length: 100\r\n\r\nWe are";
    let error = answered(&HASTY, answer, |raw| {
        thread::sleep(Duration::from_millis(500));
        drop(raw);
    });
    let Err(Error::Refused(refusal)) = error else { panic!("{error:?}") };
    assert_eq!((refusal.status, &refusal.body[..]), (503, &b"We are"[..]));
    assert!(start.elapsed() < Duration::from_secs(3));
}

#[test]
fn a_body_is_kept_up_to_a_limit() {
    let answer = [&b"HTTP/1.1 200 OK\r\nContent-Length: 10000000\r\n\r\n"[..], &[b'x'; 100_000]].concat();
    let error = answered(&CONFIG, &answer, drop);
    let Err(Error::Refused(refusal)) = error else { panic!("{error:?}") };
    assert_eq!(refusal.body, vec![b'x'; 65_536]);
}

#[test]
fn a_wrong_101_breaks_the_protocol() {
    let answer = accepting("Sec-WebSocket-Key: of another\r\n");
    let error = answered(&CONFIG, answer.as_bytes(), |raw| drop(rest(raw).join().unwrap()));
    assert!(matches!(error, Err(Error::Protocol(ProtocolError::WrongAccept))), "{error:?}");
    let error = answered(&CONFIG, b"SSH-2.0-OpenSSH\r\n\r\n", drop);
    assert!(matches!(error, Err(Error::Protocol(ProtocolError::InvalidStatusLine))), "{error:?}");
}

#[test]
fn silence_ends_at_the_deadline_on_both_sides() {
    let (ours, raw) = sockets();
    let start = Instant::now();
    let error = Connector::new(&HASTY).over(ours, "ws://localhost/").unwrap_err();
    assert!(matches!(error, Error::Lost { cause: EndCause::HandshakeTimeout, source: None, .. }), "{error:?}");
    assert!((Duration::from_millis(290)..Duration::from_secs(3)).contains(&start.elapsed()));
    drop(raw);

    let (mut raw, ours) = sockets();
    raw.write_all(&REQUEST[..50]).unwrap();
    let start = Instant::now();
    let error = Handshake::receive(ours, &HASTY).err().unwrap();
    assert!(matches!(error, Error::Lost { cause: EndCause::HandshakeTimeout, source: None, .. }), "{error:?}");
    assert!((Duration::from_millis(290)..Duration::from_secs(3)).contains(&start.elapsed()));
}

/// A peer that sends a byte now and then does not move the deadline.
#[test]
fn a_slow_head_ends_at_the_deadline() {
    let (mut raw, ours) = sockets();
    thread::spawn(move || {
        for byte in REQUEST {
            raw.write_all(&[*byte]).ok();
            thread::sleep(Duration::from_millis(30));
        }
    });
    let start = Instant::now();
    let error = Handshake::receive(ours, &HASTY).err().unwrap();
    assert!(matches!(error, Error::Lost { cause: EndCause::HandshakeTimeout, .. }), "{error:?}");
    assert!(start.elapsed() < Duration::from_secs(3));
}

#[test]
fn a_reset_or_an_end_in_the_handshake_is_told_apart() {
    let lost = |error| match error {
        Err(Error::Lost { cause: EndCause::EndOfInput, source, .. }) => source.map(|source| source.kind()),
        other => panic!("{other:?}"),
    };
    assert_eq!(lost(answered(&CONFIG, b"HTTP/1.1 101 ", drop)), None);
    assert_eq!(lost(answered(&CONFIG, b"HTTP/1.1 101 ", reset)), Some(ErrorKind::ConnectionReset));
}

#[test]
fn a_request_of_another_page_is_declined() {
    for (origin, allowed) in [("http://localhost", true), ("http://elsewhere.example", false), ("null", false)] {
        let (mut raw, ours) = sockets();
        let request = String::from_utf8(REQUEST.to_vec()).unwrap().replace("Host:", &format!("Origin: {origin}\r\nHost:"));
        raw.write_all(request.as_bytes()).unwrap();
        let client = thread::spawn(move || {
            let head = read_head(&mut raw);
            raw.shutdown(Shutdown::Write).unwrap();
            head
        });
        let accepted = accept(ours, Origin::SameHost { secure: false });
        let status = if allowed { "101" } else { "403" };
        assert!(client.join().unwrap().starts_with(&format!("HTTP/1.1 {status} ")));
        match accepted {
            Ok(_) => assert!(allowed),
            Err(error) => assert!(!allowed && matches!(error, Error::Declined(UsageError::OriginNotAllowed)), "{error:?}"),
        }
    }
}

#[test]
fn plain_http_can_be_answered_and_is_declined_otherwise() {
    let ask = |answer: fn(Handshake<'static, std::net::TcpStream>) -> Result<(), Error>| {
        let (mut raw, ours) = sockets();
        raw.write_all(b"GET /page.html HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
        raw.shutdown(Shutdown::Write).unwrap();
        let handshake = Handshake::receive(ours, &CONFIG).unwrap();
        assert!(!handshake.request().is_opening_handshake() && handshake.request().path() == "/page.html");
        let answered = answer(handshake);
        (answered, String::from_utf8(rest(raw).join().unwrap()).unwrap())
    };
    let (answered, answer) = ask(|handshake| handshake.respond(404, &[Header::new("X", "y")], b"Nothing here.\n"));
    answered.unwrap();
    assert!(
        answer.starts_with("HTTP/1.1 404 ") && answer.contains("\r\nX: y\r\n") && answer.ends_with("\r\n\r\nNothing here.\n")
    );
    let (answered, answer) = ask(|handshake| handshake.accept(&Accept::new(Origin::Any)).map(drop));
    assert!(matches!(answered, Err(Error::Declined(UsageError::NotAnOpeningHandshake))), "{answered:?}");
    assert!(answer.starts_with("HTTP/1.1 400 "));
    let (answered, _) = ask(|handshake| handshake.respond(200, &[], &[b'x'; 20_000]));
    assert!(matches!(answered, Err(Error::Usage(UsageError::BufferTooShort))), "{answered:?}");
}

#[test]
fn a_request_that_breaks_a_rule_is_answered_before_the_error_comes() {
    for (request, status, error) in [
        (&b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 no HTTP"[..], "400", ProtocolError::InvalidRequestLine),
        (&[&b"GET / HTTP/1.1\r\nX: "[..], &[b'x'; 40_000]].concat(), "431", ProtocolError::HeadTooLong),
    ] {
        let (mut raw, ours) = sockets();
        raw.write_all(request).unwrap();
        let client = thread::spawn(move || {
            let head = read_head(&mut raw);
            // The end of the answer, and not a reset.
            raw.read_to_end(&mut Vec::new()).unwrap();
            head
        });
        let failed = Handshake::receive(ours, &CONFIG).err().unwrap();
        assert!(matches!(failed, Error::Protocol(found) if found == error), "{failed:?}");
        assert!(client.join().unwrap().starts_with(&format!("HTTP/1.1 {status} ")));
    }
}

/// What the README says that a connection takes, beside its two buffers of 16 KiB.
#[test]
fn a_connection_is_small() {
    let size = size_of::<sansocket_std::WebSocket<'_, std::net::TcpStream>>();
    assert!(size <= 512, "{size}");
}
