//! §4.2, §4.4, RFC 9110, RFC 9112: requests as a server judges them, and its answers.
mod property;
mod support;

use core::cell::Cell;

use property::{count, one_of, property};
use proptest::collection::vec;
use proptest::prelude::*;
use sansocket::ProtocolError::{self, *};
use sansocket::{
    Accept, CallError, Config, Connection, Event, Header, MessageKind, Negotiated, Origin, Request, Role, State, Transport,
    UsageError,
};
use support::frames::*;
use support::http::*;
use support::probe::{Answer, Probe, Seen};
use support::{Begin, Case, DEFAULT, Transcript, ms};

fn server() -> Case<'static> {
    Case::handshake(Role::Server)
}

fn accepts(wire: &[u8]) -> Transcript {
    let seen = server().run_briefly(wire);
    assert!(matches!(seen.before_closed(), [Seen::Request { .. }]), "{:?} on {}", seen.events, String::from_utf8_lossy(wire));
    assert_eq!(status_of(&seen.output), 101);
    seen
}

fn is_plain(wire: &[u8]) {
    let seen = server().run_briefly(wire);
    assert!(matches!(seen.before_closed(), [Seen::HttpRequest { .. }]), "{:?} on {}", seen.events, String::from_utf8_lossy(wire));
    assert_eq!(status_of(&seen.output), 404);
}

/// HS-08, HT-23: the fault, its status, and the end of the connection.
fn refuses(wire: &[u8], fault: ProtocolError, status: u16) -> Transcript {
    let seen = server().run_briefly(wire);
    assert_eq!(seen.before_closed(), [Seen::Failed(fault)], "{}", String::from_utf8_lossy(wire));
    assert_eq!(status_of(&seen.output), status);
    let text = String::from_utf8(seen.output.clone()).unwrap();
    assert!(text.contains("\r\nConnection: close") && text.ends_with("\r\n\r\n"));
    seen
}

/// HS-02 to HS-10, HS-15, law 3: the request of §1.3, in every delivery: the answer of §1.3.
#[test]
fn request_of_the_rfc_is_accepted() {
    let wire = head(&[
        "GET /chat HTTP/1.1",
        "Host: server.example.com",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Origin: http://example.com",
        "Sec-WebSocket-Protocol: chat, superchat",
        "Sec-WebSocket-Version: 13",
    ]);
    let config = DEFAULT.subprotocols("superchat, chat");
    let seen = server().with(&config).run(&wire);
    let [Seen::Request { method, target, fields }] = seen.before_closed() else { panic!("{seen:?}") };
    assert_eq!((method.as_str(), target.as_str(), fields.len()), ("GET", "/chat", 7));
    let expected = head(&[
        "HTTP/1.1 101 Switching Protocols",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
        "Sec-WebSocket-Protocol: superchat",
    ]);
    assert_eq!(String::from_utf8_lossy(&seen.output), String::from_utf8_lossy(&expected));
}

/// HS-09: the accept key against SHA-1 and base64 of the test's own, for random keys.
#[test]
fn accept_key_is_that_of_an_independent_sha1() {
    assert_eq!(accept_of(RFC_KEY), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    property(300, any::<[u8; 16]>(), |key| {
        let key = base64(&key);
        assert_eq!(&sansocket::accept_key(key.as_bytes())[..], accept_of(&key).as_bytes());
        let seen = server().deliver(&request_but(4, &format!("Sec-WebSocket-Key: {key}")), [], 131);
        assert!(String::from_utf8(seen.output).unwrap().contains(&format!("Sec-WebSocket-Accept: {}\r\n", accept_of(&key))));
    });
}

/// HS-15, B-31: request and frames in one buffer, at every split: nothing is lost, nothing comes early.
#[test]
fn frames_after_the_request_are_kept() {
    let frames = [
        frame_to(Role::Server, FIN | TEXT, b"early"),
        frame_to(Role::Server, FIN | PING, b"p"),
        close_to(Role::Server, 1000, b""),
    ];
    let wire = [request_with(&[]), frames.concat()].concat();
    let seen = server().run(&wire);
    let expected = [
        Seen::Message(MessageKind::Text, b"early".into()),
        Seen::Ping { payload: b"p".into(), answered: true, within: 0 },
        Seen::CloseReceived { code: 1000, reason: String::new() },
    ];
    assert_eq!(seen.before_closed()[1..], expected);
    let end = seen.output.windows(4).position(|bytes| bytes == b"\r\n\r\n").unwrap() + 4;
    assert_eq!(plain(&written_by(Role::Server, &seen.output[end..])).len(), 2);
}

/// HS-15: until the answer nothing after the head is consumed.
#[test]
fn nothing_is_consumed_until_the_answer() {
    let mut probe = server().start();
    probe.answer = Answer::Wait;
    let frame = frame_to(Role::Server, FIN | TEXT, b"early");
    probe.feed(&[request_with(&[]), frame.clone()].concat());
    assert_eq!((probe.buffer.clone(), probe.events.len(), probe.conn.state()), (frame, 1, State::Connecting));
    // A copy of the head, parsed again, is accepted later.
    let copy = request_with(&[]);
    let request = Request::parse(&copy, &DEFAULT).unwrap().unwrap();
    assert_eq!((request.bytes(), request.path(), request.query()), (&copy[..], "/chat", None));
    probe.write(|conn, out| conn.accept(&request, &Accept::new(Origin::Any), ms(5), out));
    probe.feed(b"");
    assert_eq!(probe.events[1..], [Seen::Message(MessageKind::Text, b"early".into())]);
    assert!(probe.buffer.is_empty());
}

/// HS-01, HT-12: method and version.
#[test]
fn request_line_must_be_get_and_http_1_1() {
    for line in ["POST /chat HTTP/1.1", "get /chat HTTP/1.1", "CONNECT a:1 HTTP/1.1", "GETT / HTTP/1.1"] {
        refuses(&request_but(0, line), MethodNotGet, 400);
    }
    is_plain(&request_but(0, "GET /chat HTTP/1.0"));
    for line in ["GET /chat HTTP/1.2", "GET /chat HTTP/1.9"] {
        accepts(&request_but(0, line));
    }
    for line in [
        "GET /chat HTTP/2.0",
        "GET /chat HTTP/1.",
        "GET /chat HTTP/1.10",
        "GET /chat http/1.1",
        "GET /chat",
        "GET  /chat HTTP/1.1",
        "GET /chat  HTTP/1.1",
        "GET /chat HTTP/1.1 ",
        " GET /chat HTTP/1.1",
        "GET /ch\u{e4}t HTTP/1.1",
        "G\u{e4}T / HTTP/1.1",
        "GET /a b HTTP/1.1",
        "GET",
        "\u{16}\u{3}\u{1}",
    ] {
        refuses(&request_but(0, line), InvalidRequestLine, 400);
    }
}

/// HS-01, §4.2.1: the Request-URI is a resource name (§3), which starts with `/` and has no fragment, or an absolute one.
#[test]
fn target_must_be_a_resource_name_or_an_absolute_url() {
    for target in
        ["/", "/chat?room=1", "/%C3%A4", "//x", "http://example.com/chat", "https://example.com", "http://example.com?q"]
    {
        accepts(&request_but(0, &format!("GET {target} HTTP/1.1")));
    }
    let mut wrong = Vec::new();
    for target in ["chat", "*", "example.com:80", "/chat#fragment", "http://example.com/#f", "://", "ftp://example.com/"] {
        let seen = server().deliver(&request_but(0, &format!("GET {target} HTTP/1.1")), [], 131);
        if status_of(&seen.output) == 101 {
            wrong.push(target);
        }
    }
    assert!(wrong.is_empty(), "accepted: {wrong:?}");
}

/// HT-21: an absolute target is accepted, and its host wins.
#[test]
fn host_of_an_absolute_target_wins() {
    let wire = request_but(0, "GET http://other.example:81/path?query=1 HTTP/1.1");
    accepts(&wire);
    let request = Request::parse(&wire, &DEFAULT).unwrap().unwrap();
    assert_eq!(request.host(), Some(&b"other.example:81"[..]));
    assert_eq!((request.path(), request.query()), ("/path", Some("query=1")));
    let wire = request_but(0, "GET http://other.example HTTP/1.1");
    let request = Request::parse(&wire, &DEFAULT).unwrap().unwrap();
    assert_eq!((request.host(), request.path()), (Some(&b"other.example"[..]), "/"));
    let wire = request_but(0, "GET /a?b=c://d?e HTTP/1.1");
    let request = Request::parse(&wire, &DEFAULT).unwrap().unwrap();
    assert_eq!((request.host(), request.path(), request.query()), (Some(&b"example.com"[..]), "/a", Some("b=c://d?e")));
}

/// HS-02, HT-06: Host missing, twice, empty, malformed.
#[test]
fn host_must_be_there_once() {
    refuses(&request_but(1, ""), InvalidHost, 400);
    for host in
        ["Host:", "Host:   ", "Host: a b", "Host: a/b", "Host: user@a", "Host: a?b", "Host: a#b", "Host: \u{e4}", "Host: a\tb"]
    {
        refuses(&request_but(1, host), InvalidHost, 400);
    }
    for host in ["Host: example.com", "Host: other.example"] {
        refuses(&request_with(&[host]), InvalidHost, 400);
    }
    for host in ["host:example.com:8080", "HOST: [::1]:9001", "Host:\texample.com \t"] {
        accepts(&request_but(1, host));
    }
}

/// HS-03, HT-13, B-22: Upgrade names websocket, among others and in any case; else the request is plain HTTP.
#[test]
fn upgrade_must_name_websocket() {
    for upgrade in ["Upgrade: WebSocket", "Upgrade: h2c, WEBSOCKET", "Upgrade: ,, websocket ,", "upgrade:websocket"] {
        accepts(&request_but(2, upgrade));
    }
    accepts(&[head(&["GET / HTTP/1.1", "Upgrade: h2c"]).strip_suffix(b"\r\n").unwrap(), &request_but(0, "X: y")].concat());
    for upgrade in ["", "Upgrade:", "Upgrade: h2c", "Upgrade: websockets", "Upgrade: websocket/13", "Upgrade: TLS/1.0, h2c"] {
        is_plain(&request_but(2, upgrade));
    }
    for upgrade in ["Upgrade: \"websocket\"", "Upgrade: web socket", "Upgrade: websocket, a/b/c", "Upgrade: websocket, /"] {
        refuses(&request_but(2, upgrade), InvalidHeaderList, 400);
    }
}

/// HS-04, HT-11, HT-13, B-22.
#[test]
fn connection_must_list_upgrade() {
    for connection in
        ["Connection: keep-alive, UPGRADE", "connection: ,upgrade,,", "Connection:upgrade", "Connection: a\t,\tupgrade\t,b"]
    {
        accepts(&request_but(3, connection));
    }
    accepts(
        &[&request_but(3, "Connection: keep-alive")[..], b""]
            .concat()
            .strip_suffix(b"\r\n")
            .map(|start| [start, b"Connection: upgrade\r\n\r\n"].concat())
            .unwrap(),
    );
    for connection in ["", "Connection:", "Connection: keep-alive", "Connection: upgraded", "Connection: upgrade-insecure"] {
        refuses(&request_but(3, connection), MissingConnectionUpgrade, 400);
    }
    for connection in
        ["Connection: close upgrade", "Connection: upgrade, a b", "Connection: upgrade, a/b", "Connection: upgrade; x"]
    {
        refuses(&request_but(3, connection), InvalidHeaderList, 400);
    }
}

/// HS-05, HS-06, B-28, CVE-2026-5067: the key is the base64 of 16 bytes, once.
#[test]
fn key_must_be_the_base64_of_16_bytes() {
    let long = "A".repeat(3_000);
    let keys = [
        "",
        "Sec-WebSocket-Key:",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ===",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZVg=",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25j",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZVhYWA==",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub2 jZQ==",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub2-jZQ==",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub2=jZQ==",
        "Sec-WebSocket-Key: ========================",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25j\u{e4}==",
        &format!("Sec-WebSocket-Key: {long}"),
    ];
    for key in keys {
        let seen = server().deliver(&request_but(4, key), [], 131);
        assert_eq!(seen.before_closed(), [Seen::Failed(InvalidKey)], "{key}");
        assert_eq!(status_of(&seen.output), 400);
    }
    refuses(&request_with(&["Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="]), InvalidKey, 400);
    accepts(&request_but(4, "sec-websocket-key:\t dGhlIHNhbXBsZSBub25jZQ== "));
}

/// HS-06, HS-07, HT-19, B-21: versions; 426 names the one that we support.
#[test]
fn version_must_be_13() {
    for version in ["0", "8", "12", "013", "13,8", "13 8", "1 3", "14", "130", "", "xiii", "255"] {
        let seen = refuses(&request_but(5, &format!("Sec-WebSocket-Version: {version}")), UnsupportedVersion, 426);
        let text = String::from_utf8(seen.output).unwrap().to_ascii_lowercase();
        assert!(text.contains("\r\nsec-websocket-version: 13\r\n") && text.contains("\r\nupgrade: websocket\r\n"));
        assert!(text.contains("\r\nconnection: close, upgrade\r\n"));
    }
    refuses(&request_but(5, ""), InvalidVersion, 400);
    refuses(&request_with(&["Sec-WebSocket-Version: 13"]), InvalidVersion, 400);
    refuses(&request_with(&["Sec-WebSocket-Version: 8"]), InvalidVersion, 400);
    accepts(&request_but(5, "Sec-WebSocket-Version:  13 \t"));
}

/// HT-14, HT-15, B-20: no body of any kind, and no length that is in doubt.
#[test]
fn handshake_with_a_body_is_refused() {
    for line in ["Content-Length: 1", "Content-Length: 00010", "Transfer-Encoding: chunked"] {
        refuses(&request_with(&[line]), RequestWithBody, 400);
    }
    for line in [
        "Content-Length: +5",
        "Content-Length: 0x5",
        "Content-Length: 0, 0",
        "Content-Length: -0",
        "Content-Length:",
        "Content-Length: 18446744073709551617",
        "Transfer-Encoding: identity",
        "transfer-encoding:",
    ] {
        refuses(&request_with(&[line]), InvalidBodyLength, 400);
    }
    refuses(&request_with(&["Content-Length: 0", "Content-Length: 3"]), InvalidBodyLength, 400);
    refuses(&request_with(&["Content-Length: 0", "Transfer-Encoding: chunked"]), InvalidBodyLength, 400);
    accepts(&request_with(&["Content-Length: 0"]));
    accepts(&request_with(&["Content-Length: 0", "Content-Length: 00"]));
}

/// HT-18.
#[test]
fn expectation_is_refused() {
    refuses(&request_with(&["Expect: 100-continue"]), UnsupportedExpectation, 417);
}

/// HT-01 to HT-10, B-22: syntax, with the byte that shows the fault.
#[test]
fn syntax_of_heads_is_strict() {
    let start = "GET / HTTP/1.1\r\n";
    for (lines, fault, position) in [
        ("Host : a", InvalidHeaderName, 5),
        ("Host\t: a", InvalidHeaderName, 5),
        (": a", InvalidHeaderName, 1),
        ("Ho st: a", InvalidHeaderName, 3),
        ("Host", InvalidHeaderName, 5),
        ("H\u{e4}: a", InvalidHeaderName, 2),
        ("H(: a", InvalidHeaderName, 2),
        (" Host: a", FoldedHeaderLine, 1),
        ("\tHost: a", FoldedHeaderLine, 1),
        ("Host: a\r\n b", FoldedHeaderLine, 10),
        ("Host: a\r\n\tb", FoldedHeaderLine, 10),
        ("Host: a\nb: c", InvalidLineEnd, 8),
        ("Host: a\rb", InvalidLineEnd, 9),
        ("Host: a\r\r\n", InvalidLineEnd, 9),
        ("\nHost: a", InvalidLineEnd, 1),
        ("\rHost: a", InvalidLineEnd, 2),
        ("Host: a\0b", InvalidHeaderValue, 8),
        ("Host: a\u{7f}", InvalidHeaderValue, 8),
        ("Host: a\u{b}", InvalidHeaderValue, 8),
    ] {
        let wire = format!("{start}{lines}\r\n\r\n");
        let seen = refuses(wire.as_bytes(), fault, 400);
        assert_eq!(seen.fault_at, Some(start.len() + position), "{lines:?}");
    }
    for (line, position) in
        [("GET / HTTP/1.1\n", 15), ("GET / HTTP/1.1\rX", 16), ("GET /\r\n", 6), ("\nGET /", 1), ("\r\n\r\nGET", 3), ("\rGET", 2)]
    {
        let seen = server().run_briefly(line.as_bytes());
        assert_eq!(seen.fault_at, Some(position), "{line:?}");
    }
}

/// HT-07: one empty line before the request, not two.
#[test]
fn one_empty_line_before_the_request_is_ignored() {
    let wire = [b"\r\n", &request_with(&[])[..]].concat();
    accepts(&wire);
    let request = Request::parse(&wire, &DEFAULT).unwrap().unwrap();
    assert_eq!((request.method(), request.bytes().len()), ("GET", wire.len()));
    refuses(&[b"\r\n\r\n", &request_with(&[])[..]].concat(), InvalidRequestLine, 400);
}

/// HT-09, B-15: all bytes as part of a value: controls fail, others arrive as they are.
#[test]
fn values_hold_any_byte_but_controls() {
    for byte in 0..=255_u8 {
        let wire = [&request_with(&[])[..request_with(&[]).len() - 2], b"X: a", &[byte], b"b\r\n\r\n"].concat();
        let is_good = byte == b'\t' || byte >= 0x20 && byte != 0x7F;
        let seen = server().run_briefly(&wire);
        match seen.before_closed() {
            [Seen::Request { fields, .. }] if is_good => assert_eq!(fields.last().unwrap().1, [b'a', byte, b'b']),
            [Seen::Failed(InvalidHeaderValue | InvalidLineEnd)] if !is_good => {}
            other => panic!("{other:?} on {byte:02x}"),
        }
    }
}

/// HT-10: all bytes as part of a name, against the list of RFC 9110 §5.6.2.
#[test]
fn names_are_tokens() {
    for byte in 0..=255_u8 {
        let wire = [&request_with(&[])[..request_with(&[]).len() - 2], b"X", &[byte], b"Y: z\r\n\r\n"].concat();
        let is_token = b"!#$%&'*+-.^_`|~".contains(&byte) || byte.is_ascii_alphanumeric();
        let seen = server().deliver(&wire, [], 131);
        // A colon ends the name.
        assert_eq!(status_of(&seen.output) == 101, is_token || byte == b':', "{byte:02x}");
    }
}

/// HS-10, HS-11, HS-12, B-24: offers that break their grammar.
#[test]
fn malformed_lists_are_refused() {
    for line in [
        "Sec-WebSocket-Protocol:",
        "Sec-WebSocket-Protocol: ,",
        "Sec-WebSocket-Protocol: a b",
        "Sec-WebSocket-Protocol: a/b",
        "Sec-WebSocket-Protocol: a;b",
        "Sec-WebSocket-Protocol: \u{e4}",
        "Sec-WebSocket-Extensions: ,",
        "Sec-WebSocket-Extensions: a b",
        "Sec-WebSocket-Extensions: ;",
        "Sec-WebSocket-Extensions: a;",
        "Sec-WebSocket-Extensions: a; b=",
        "Sec-WebSocket-Extensions: a; b=\"",
        "Sec-WebSocket-Extensions: a; b=\"c d\"",
        "Sec-WebSocket-Extensions: a; b=\"\"",
        "Sec-WebSocket-Extensions: a, \u{e4}",
    ] {
        refuses(&request_with(&[line]), InvalidHeaderList, 400);
    }
    for line in [
        "Sec-WebSocket-Protocol: a, b,,",
        // Not a list by the letter, but a real client sends it: by policy no offer (K-15).
        "Sec-WebSocket-Extensions:",
        "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits, x; y=\"z\"; a=b",
    ] {
        let seen = accepts(&request_with(&[line]));
        // HS-10, HS-11: nothing of it was agreed.
        assert!(!String::from_utf8(seen.output).unwrap().contains("Sec-WebSocket-Extensions"));
    }
}

/// HS-12: a list means the same on one line and on several.
#[test]
fn lists_may_be_split_over_lines() {
    let config = DEFAULT.subprotocols("c, b");
    for lines in [&["a, b, c"][..], &["a", "b, c"], &["a, b", "c"], &["a", "b", "c"], &["a ,", ", b,c"]] {
        let lines: Vec<_> = lines.iter().map(|line| format!("Sec-WebSocket-Protocol: {line}")).collect();
        let lines: Vec<_> = lines.iter().map(String::as_str).collect();
        let wire = request_with(&lines);
        let request = Request::parse(&wire, &config).unwrap().unwrap();
        assert!(request.subprotocols().eq(["a", "b", "c"]));
        let seen = server().with(&config).run_briefly(&wire);
        assert!(String::from_utf8(seen.output).unwrap().contains("\r\nSec-WebSocket-Protocol: c\r\n"));
    }
}

/// HS-12, HT-11: joined, `a` and an empty line are `a, `, which is tolerated; so must they be apart.
#[test]
fn empty_members_mean_the_same_on_a_line_of_their_own() {
    accepts(&request_with(&["Sec-WebSocket-Protocol: a,"]));
    accepts(&request_with(&["Sec-WebSocket-Extensions: a,"]));
    let mut refused = Vec::new();
    for name in ["Sec-WebSocket-Protocol", "Sec-WebSocket-Extensions"] {
        let seen = server().deliver(&request_with(&[&format!("{name}: a"), &format!("{name}:")]), [], 131);
        if status_of(&seen.output) != 101 {
            refused.push(name);
        }
    }
    assert!(refused.is_empty(), "refused: {refused:?}");
}

/// Runs `verb` on a connection that was shown `wire` as a request.
fn decide<R>(
    config: &Config<'_>,
    wire: &[u8],
    verb: impl FnOnce(&mut Connection<'_, support::entropy::Counter>, &Request<'_>) -> R,
) -> R {
    let mut conn = support::connecting(Role::Server, config, Default::default());
    let mut input = wire.to_vec();
    let received = conn.receive(ms(0), &mut input, &mut [0; 131]).unwrap();
    match received.event {
        Some(Event::Request(request) | Event::HttpRequest(request)) => verb(&mut conn, &request),
        event => panic!("{event:?}"),
    }
}

/// HS-13, C-21, B-25: Origin.
#[test]
fn origin_is_decided_explicitly() {
    let accept = |origin: Option<&str>, decision| {
        let line = origin.map(|origin| format!("Origin: {origin}"));
        decide(&DEFAULT, &request_with(line.as_deref().as_slice()), |conn, request| {
            assert_eq!(request.origin(), origin.map(str::as_bytes));
            let result = conn.accept(request, &Accept::new(decision), ms(0), &mut [0; 500]);
            assert_eq!(conn.state(), if result.is_ok() { State::Open } else { State::Connecting });
            // §4.2.2: 403 is still possible.
            assert!(result.is_ok() || conn.respond(403, &[], b"", ms(0), &mut [0; 500]).is_ok());
            result.map_err(|error| assert_eq!(error, UsageError::OriginNotAllowed.into()))
        })
        .is_ok()
    };
    let ours = Origin::OneOf(&["https://a.example", "https://b.example"]);
    assert!(accept(Some("https://b.example"), ours) && accept(None, ours) && accept(Some("null"), Origin::Any));
    for origin in [
        "https://c.example",
        "http://b.example",
        "https://b.example/",
        "https://B.example",
        "https://b.example:443",
        "null",
        "https://a.example.evil",
        "https://a.example, https://b.example",
    ] {
        assert!(!accept(Some(origin), ours), "{origin}");
    }
    assert!(!accept(Some("https://a.example"), Origin::OneOf(&[])) && accept(None, Origin::OneOf(&[])));
}

/// HS-13, B-25: an allowed Origin does not cover for another after it; browsers never send two.
#[test]
fn second_origin_does_not_pass_unseen() {
    let wire = request_with(&["Origin: https://a.example", "Origin: https://evil.example"]);
    let seen = server().deliver(&wire, [], 131);
    if seen.has_failed() {
        return;
    }
    let result = decide(&DEFAULT, &wire, |conn, request| {
        conn.accept(request, &Accept::new(Origin::OneOf(&["https://a.example"])), ms(0), &mut [0; 500])
    });
    assert_eq!(result, Err(UsageError::OriginNotAllowed.into()));
}

/// HS-10, B-24: the choice is one of the offer and of the configuration.
#[test]
fn chosen_subprotocol_is_offered_and_configured() {
    let config = DEFAULT.subprotocols("a, b, c");
    let wire = request_with(&["Sec-WebSocket-Protocol: x, b, c, B"]);
    let choose = |subprotocol| {
        decide(&config, &wire, |conn, request| {
            let mut out = [0; 500];
            let accept = Accept::new(Origin::Any).subprotocol(subprotocol);
            let result = conn.accept(request, &accept, ms(0), &mut out).map(|len| String::from_utf8(out[..len].into()).unwrap());
            (result, conn.subprotocol().map(String::from))
        })
    };
    let (text, agreed) = choose(Some("c"));
    assert!(text.unwrap().contains("\r\nSec-WebSocket-Protocol: c\r\n") && agreed.as_deref() == Some("c"));
    let (text, agreed) = choose(None);
    assert!(!text.unwrap().contains("Sec-WebSocket-Protocol") && agreed.is_none());
    for name in ["a", "x", "B", "", "b, c", "b ", "d"] {
        assert_eq!(choose(Some(name)), (Err(UsageError::UnofferedSubprotocol.into()), None), "{name:?}");
    }
    let request = Request::parse(&wire, &config).unwrap().unwrap();
    assert_eq!(request.choose_subprotocol(&config), Some("b"));
    assert_eq!(request.choose_subprotocol(&DEFAULT), None);
    for list in ["a,", "a, a", "a b", ",", " "] {
        let config = DEFAULT.subprotocols(list);
        let result =
            decide(&config, &wire, |conn, request| conn.accept(request, &Accept::new(Origin::Any), ms(0), &mut [0; 500]));
        assert_eq!(result, Err(UsageError::InvalidSubprotocol.into()), "{list:?}");
    }
}

/// HS-10: a server without a list may take whatever the client offers, and nothing else.
#[test]
fn without_a_list_any_offered_subprotocol_can_be_chosen() {
    let wire = request_with(&["Sec-WebSocket-Protocol: x, b", "Sec-WebSocket-Protocol: c"]);
    let choose = |name| {
        decide(&DEFAULT, &wire, |conn, request| {
            let mut out = [0; 500];
            let accept = Accept::new(Origin::Any).subprotocol(Some(name));
            let result = conn.accept(request, &accept, ms(0), &mut out).map(|len| String::from_utf8(out[..len].into()).unwrap());
            // The connection has no list to find it in.
            assert_eq!((conn.subprotocol(), conn.negotiated()), (None, Negotiated::NOTHING));
            result
        })
    };
    for name in ["x", "b", "c"] {
        assert!(choose(name).unwrap().ends_with(&format!("\r\nSec-WebSocket-Protocol: {name}\r\n\r\n")));
    }
    for name in ["a", "B", "", "b, c", "x, b", "b ", "x\r\ny"] {
        assert_eq!(choose(name), Err(UsageError::UnofferedSubprotocol.into()), "{name:?}");
    }
    // Nor can it be an empty offer.
    let accept = Accept::new(Origin::Any).subprotocol(Some(""));
    let result = decide(&DEFAULT, &request_with(&[]), |conn, request| conn.accept(request, &accept, ms(0), &mut [0; 500]));
    assert_eq!(result, Err(UsageError::UnofferedSubprotocol.into()));
}

/// B-23, HT-16: nothing that a server adds can end its line, or double what we write; what it adds arrives as it was.
#[test]
fn headers_of_the_answer_are_checked() {
    let wire = request_with(&[]);
    let accept = |header: Header<'_>| {
        decide(&DEFAULT, &wire, |conn, request| {
            conn.accept(request, &Accept::new(Origin::Any).headers(&[header]), ms(0), &mut [0; 500])
        })
    };
    let respond = |header: Header<'_>| decide(&DEFAULT, &wire, |conn, _| conn.respond(404, &[header], b"", ms(0), &mut [0; 500]));
    for byte in 0..=255_u8 {
        let value = [b'v', byte, b'v'];
        let is_good = byte == b'\t' || byte >= 0x20 && byte != 0x7F;
        let header = Header { name: "X", value: &value };
        assert_eq!((accept(header).is_ok(), respond(header).is_ok()), (is_good, is_good), "{byte:02x}");
        if let Ok(name) = core::str::from_utf8(&[b'n', byte]) {
            let is_token = b"!#$%&'*+-.^_`|~".contains(&byte) || byte.is_ascii_alphanumeric();
            let header = Header::new(name, "v");
            assert_eq!((accept(header).is_ok(), respond(header).is_ok()), (is_token, is_token), "{byte:02x}");
        }
    }
    assert_eq!(accept(Header::new("", "v")), Err(UsageError::InvalidHeader.into()));
    for name in [
        "Upgrade",
        "connection",
        "Content-Length",
        "TRANSFER-ENCODING",
        "Sec-WebSocket-Accept",
        "Sec-WebSocket-Protocol",
        "Sec-WebSocket-Extensions",
    ] {
        assert_eq!(accept(Header::new(name, "v")), Err(UsageError::ReservedHeader.into()), "{name}");
    }
    for name in ["Connection", "content-length", "Transfer-Encoding"] {
        assert_eq!(respond(Header::new(name, "v")), Err(UsageError::ReservedHeader.into()), "{name}");
    }
    let mut out = [0; 500];
    let headers = [Header::new("Set-Cookie", "a=b"), Header::new("set-cookie", "c=d")];
    let len = decide(&DEFAULT, &wire, |conn, request| {
        conn.accept(request, &Accept::new(Origin::Any).headers(&headers), ms(0), &mut out)
    });
    let text = core::str::from_utf8(&out[..len.unwrap()]).unwrap();
    assert!(
        text.ends_with("\r\nSet-Cookie: a=b\r\nset-cookie: c=d\r\n\r\n") && !text.to_ascii_lowercase().contains("content-length")
    );
}

/// B-18, B-21, HS-14, HS-18, HT-23: other answers: status, headers, body; then the connection closes.
#[test]
fn any_other_answer_closes_the_connection() {
    for wire in [request_with(&[]), head(&["GET /favicon.ico HTTP/1.1", "Host: a"])] {
        let mut probe = server().start();
        probe.answer = Answer::Wait;
        probe.feed(&wire);
        for status in [0, 99, 100, 101, 103, 199, 1000, u16::MAX] {
            probe.refused(UsageError::InvalidStatus, 500, |conn, out| conn.respond(status, &[], b"", ms(0), out));
        }
        let headers = [Header::new("WWW-Authenticate", "Basic realm=\"x\"")];
        probe.write(|conn, out| conn.respond(401, &headers, b"who?", ms(0), out));
        let text = String::from_utf8(probe.output.clone()).unwrap();
        assert!(text.starts_with("HTTP/1.1 401 ") && text.contains("\r\nWWW-Authenticate: Basic realm=\"x\"\r\n"));
        assert!(
            text.contains("\r\nConnection: close\r\n")
                && text.contains("\r\nContent-Length: 4\r\n")
                && text.ends_with("\r\n\r\nwho?")
        );
        assert_eq!((probe.conn.state(), probe.conn.transport()), (State::Closing, Transport::ShutdownWrite));
        // A second request on the same connection is not looked at.
        probe.feed(&request_with(&[]));
        probe.eof();
        assert_eq!(probe.events[1..], [Seen::Closed { code: 1006, was_clean: false }]);
    }
}

/// RFC 9110 §8.6: no Content-Length in a response with status 204.
#[test]
fn response_204_has_no_content_length() {
    let mut out = [0; 500];
    let len = decide(&DEFAULT, &request_with(&[]), |conn, _| conn.respond(204, &[], b"", ms(0), &mut out)).unwrap();
    let text = core::str::from_utf8(&out[..len]).unwrap();
    assert!(!text.to_ascii_lowercase().contains("content-length"), "{text}");
}

/// HS-08, law 9: verbs of the handshake at the wrong time are refused and change nothing.
#[test]
fn verbs_of_the_handshake_have_their_place() {
    let wire = request_with(&[]);
    let request = Request::parse(&wire, &DEFAULT).unwrap().unwrap();
    let accept = Accept::new(Origin::Any);
    let tried = |probe: &mut Probe<'_>, error: UsageError| {
        probe.refused(error, 500, |conn, out| conn.accept(&request, &accept, ms(0), out));
        probe.refused(error, 500, |conn, out| conn.respond(404, &[], b"", ms(0), out));
    };
    tried(&mut server().start(), UsageError::NotConnecting);
    tried(&mut Case::open(Role::Server).start(), UsageError::NotConnecting);
    tried(&mut Case::open(Role::Client).start(), UsageError::WrongRole);
    tried(&mut Case::handshake(Role::Client).start(), UsageError::WrongRole);
    let mut probe = server().start();
    probe.feed(&wire);
    tried(&mut probe, UsageError::NotConnecting);
    probe.eof();
    tried(&mut probe, UsageError::NotConnecting);
    let client_request = sansocket::ClientRequest::new("a", "/");
    probe.refused(UsageError::WrongRole, 500, |conn, out| conn.request(&client_request, ms(0), out));
    // Plain HTTP cannot be accepted.
    let plain = head(&["GET / HTTP/1.1", "Host: a"]);
    let result = decide(&DEFAULT, &plain, |conn, request| conn.accept(request, &accept, ms(0), &mut [0; 500]));
    assert_eq!(result, Err(UsageError::NotAnOpeningHandshake.into()));
}

/// Law 7: answers need exactly the room that they ask for, and the same call goes through later.
#[test]
fn answers_need_exactly_the_room_they_ask_for() {
    let accept = Accept::new(Origin::Any);
    decide(&DEFAULT, &request_with(&[]), |conn, request| {
        let Err(CallError::NeedsRoom { bytes }) = conn.accept(request, &accept, ms(0), &mut []) else { panic!() };
        assert_eq!(conn.accept(request, &accept, ms(0), &mut vec![0; bytes - 1]), Err(CallError::NeedsRoom { bytes }));
        assert_eq!(conn.accept(request, &accept, ms(0), &mut vec![0; bytes]), Ok(bytes));
    });
    decide(&DEFAULT, &request_with(&[]), |conn, _| {
        let Err(CallError::NeedsRoom { bytes }) = conn.respond(404, &[], b"gone", ms(0), &mut []) else { panic!() };
        assert_eq!(conn.respond(404, &[], b"gone", ms(0), &mut vec![0; bytes - 1]), Err(CallError::NeedsRoom { bytes }));
        assert_eq!(conn.respond(404, &[], b"gone", ms(0), &mut vec![0; bytes]), Ok(bytes));
    });
}

/// `CallError`: whatever the variant, nothing was written.
#[test]
fn refused_answer_leaves_the_output_alone() {
    for room in [10, 60, 128] {
        let mut out = vec![0xA5; room];
        decide(&DEFAULT, &request_with(&[]), |conn, request| {
            assert!(conn.accept(request, &Accept::new(Origin::Any), ms(0), &mut out).is_err());
        });
        assert!(out.iter().all(|&byte| byte == 0xA5), "accept wrote into {room} bytes and refused");
    }
}

/// Law 3: fewer bytes than before are an error that changes nothing; the scan continues where it was.
#[test]
fn fewer_bytes_than_before_are_a_usage_error() {
    let wire = request_with(&[]);
    for (first, second) in [(1, 0), (50, 49), (100, 3), (wire.len() - 1, 10)] {
        let mut conn = Connection::server(&DEFAULT, ms(0));
        let mut input = wire.clone();
        assert_eq!(conn.receive(ms(0), &mut input[..first], &mut [0; 131]).unwrap().consumed, 0);
        let short = conn.receive(ms(0), &mut input[..second], &mut [0; 131]);
        assert!(matches!(short, Err(CallError::Usage(UsageError::InputTooShort))));
        assert!(matches!(conn.receive(ms(0), &mut input, &mut [0; 131]).unwrap().event, Some(Event::Request(_))));
    }
}

/// Law 3, 11: other bytes than before: no panic, and never a 101 for anything but a handshake.
#[test]
fn other_bytes_than_before_are_harmless() {
    let wire = request_with(&["X: y"]);
    let changes = (0..wire.len()).prop_flat_map(|seen| {
        let change = (0..=seen, one_of(&[b'a', b'\n', b'\r', b':', b' ', 0, 0xFF]));
        (Just(seen), vec(change, 1..5))
    });
    property(3_000, changes, |(seen, changes)| {
        let mut conn = Connection::server(&DEFAULT, ms(0));
        let mut input = wire.clone();
        let _ = conn.receive(ms(0), &mut input[..seen], &mut [0; 131]).unwrap();
        for (place, byte) in changes {
            input[place] = byte;
        }
        let result = conn.receive(ms(0), &mut input, &mut [0; 131]);
        if let Ok(sansocket::Received { event: Some(Event::Request(request) | Event::HttpRequest(request)), .. }) = result {
            let _ = (request.path(), request.query(), request.host(), request.subprotocols().count(), format!("{request:?}"));
            let _ = conn.accept(&request, &Accept::new(Origin::Any), ms(0), &mut [0; 500]);
        }
    });
}

/// Law 3: a copy of the head is the request that it was, before and after the answer; so is the head of another request.
#[test]
fn pending_request_is_found_in_a_copy_of_its_head() {
    let origin = "Origin: https://a.example";
    let more: [&[&str]; 6] = [
        &[],
        &[origin, "Sec-WebSocket-Protocol: chat", "Sec-WebSocket-Extensions: permessage-deflate"],
        &["Sec-WebSocket-Protocol: x", "Sec-WebSocket-Protocol: chat", origin, origin],
        &["Sec-WebSocket-Extensions:", "Sec-WebSocket-Protocol: superchat,chat "],
        &["X: y", "Origin:"],
        &["Cookie: a=b"],
    ];
    let mut wires: Vec<_> = more.map(request_with).to_vec();
    wires.push([b"\r\n", &wires[1][..]].concat());
    wires.push(head(&["GET http://b.example?q HTTP/1.1", "Host: a", origin]));
    wires.push(head(&["HEAD / HTTP/1.0"]));
    wires.push(head(&["CONNECT a:1 HTTP/1.1", "Host: a"]));
    let read = |wire: &[u8]| Request::parse(wire, &DEFAULT).unwrap().map(|request| format!("{:?}", parts(&request)));
    for (wire, other) in wires.iter().flat_map(|wire| wires.iter().map(move |other| (wire, other))) {
        for piece in [wire.len(), wire.len() - 1, 3] {
            let mut conn = Connection::server(&DEFAULT, ms(0));
            let mut input = wire.clone();
            assert!(conn.receive(ms(0), &mut input[..piece], &mut [0; 131]).is_ok());
            let (before, found) = (read(wire), |conn: &Connection<'_>, head: &[u8]| {
                conn.pending_request(head).map(|request| format!("{:?}", parts(&request)))
            });
            if piece < wire.len() {
                assert_eq!(found(&conn, wire), before);
                assert!(conn.receive(ms(0), &mut input, &mut [0; 131]).unwrap().event.is_some());
            }
            assert_eq!(found(&conn, wire), before, "{}", String::from_utf8_lossy(wire));
            if other.len() != wire.len() {
                assert_eq!(found(&conn, other), read(other));
            }
            assert_eq!(found(&conn, &wire[..wire.len() - 1]), None);
            let request = conn.pending_request(wire).unwrap();
            let accepted = conn.accept(&request, &Accept::new(Origin::Any), ms(0), &mut [0; 500]);
            assert_eq!(accepted.is_ok(), request.is_opening_handshake());
            assert_eq!(found(&conn, wire), before);
        }
    }
}

/// Laws 3, 11: what is not a copy of the head, but as long, does no harm, and is not answered without a key.
#[test]
fn other_bytes_than_the_head_are_harmless() {
    let wire = request_with(&["Origin: https://a.example", "Sec-WebSocket-Protocol: chat", "Sec-WebSocket-Extensions: x"]);
    let config = DEFAULT.subprotocols("chat");
    let mut input = wire.clone();
    let mut first = Connection::server(&config, ms(0));
    assert!(first.receive(ms(0), &mut input, &mut [0; 131]).unwrap().event.is_some());
    let bytes = (0..wire.len(), one_of(&[b'a', b'\n', b'\r', b':', b' ', b'=', b'/', 0, 0xFF]));
    let changes = (vec(bytes, 1..200), 0..wire.len(), any::<bool>());
    property(3_000, changes, |(changes, by, turns)| {
        let mut copy = wire.clone();
        if turns {
            copy.rotate_left(by);
        }
        for (place, byte) in changes {
            copy[place] = byte;
        }
        let Some(request) = first.pending_request(&copy) else { return };
        let _ = (parts(&request), format!("{request:?}"), request.choose_subprotocol(&config), request.bytes());
        for origin in [Origin::Any, Origin::OneOf(&["https://a.example"]), Origin::SameHost { secure: true }] {
            if let Ok(offer) = request.offer(&config, origin) {
                assert!(offer.answer(None).is_ok() && request.is_opening_handshake());
                assert!(copy.windows(24).any(|key| key.ends_with(b"==")), "no key in {}", String::from_utf8_lossy(&copy));
            }
        }
    });
}

type Parts<'r> = (
    &'r str,
    &'r str,
    &'r str,
    Option<&'r str>,
    [Option<&'r [u8]>; 2],
    Vec<&'r str>,
    Vec<(&'r str, &'r [u8])>,
    bool,
    Option<Vec<&'static str>>,
);

/// All that a request says, and what it offers of two subprotocols.
fn parts<'r>(request: &Request<'r>) -> Parts<'r> {
    static SPEAKS: Config<'static> = DEFAULT.subprotocols("superchat, chat");
    let headers = request.headers().map(|header| (header.name, header.value)).collect();
    let offered = request.offer(&SPEAKS, Origin::Any).ok().map(|offer| offer.subprotocols().collect());
    let hosts = [request.host(), request.origin()];
    let names = request.subprotocols().collect();
    let is_opening = request.is_opening_handshake();
    (request.method(), request.target(), request.path(), request.query(), hosts, names, headers, is_opening, offered)
}

/// HS-17, B-08, CVE-2023-43669: a head of 64 KiB, byte by byte: the work per byte does not grow. (Measured roughly: a scan that
/// started over would take minutes.)
#[test]
fn long_head_byte_by_byte_is_linear_work() {
    let config = DEFAULT.max_head_len(100_000).max_header_lines(10_000);
    let mut wire = request_with(&vec!["X-Padding: 0123456789012345678901234567890123456789012345678901"; 1_000]);
    assert!(wire.len() > 64_000);
    let mut conn = Connection::server(&config, ms(0));
    for len in 1..wire.len() {
        assert!(conn.receive(ms(0), &mut wire[..len], &mut [0; 131]).unwrap().event.is_none());
    }
    assert!(matches!(conn.receive(ms(0), &mut wire, &mut [0; 131]).unwrap().event, Some(Event::Request(_))));
}

/// C-22: no key, cookie or credential in text formatted for logs, neither as text nor as numbers.
#[test]
fn debug_output_has_no_secrets() {
    let secret = "c2VjcmV0";
    let as_numbers = format!("{:?}", secret.as_bytes());
    let as_numbers = as_numbers.trim_matches(['[', ']']);
    let line = format!("Authorization: Basic {secret}");
    let wire = request_with(&[&line]);
    let mut conn = Connection::server(&DEFAULT, ms(0));
    let mut input = wire.clone();
    let received = conn.receive(ms(0), &mut input, &mut [0; 131]).unwrap();
    let header = Header::new("Authorization", secret);
    let headers = [header];
    let texts = [
        ("Received", format!("{received:?}")),
        ("Connection", format!("{conn:?}")),
        ("Header", format!("{header:?}")),
        ("Accept", format!("{:?}", Accept::new(Origin::Any).headers(&headers))),
        ("ClientRequest", format!("{:?}", sansocket::ClientRequest::new("a", "/").headers(&headers))),
    ];
    let leaks: Vec<_> =
        texts.iter().filter(|(_, text)| text.contains(secret) || text.contains(as_numbers)).map(|(name, _)| *name).collect();
    assert!(leaks.is_empty(), "secrets in the Debug output of {leaks:?}");
}

/// A second parser, slow and naive: whether `wire` starts with a whole opening handshake that a strict server accepts. The
/// target is a path: no single change to one makes a URL of it.
fn is_opening_handshake(wire: &[u8]) -> bool {
    let wire = wire.strip_prefix(b"\r\n").unwrap_or(wire);
    let Some(end) = wire.windows(4).position(|bytes| bytes == b"\r\n\r\n") else { return false };
    // One char for each byte.
    let text: String = wire[..end].iter().map(|&byte| char::from(byte)).collect();
    let token = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c));
    let mut lines = text.split("\r\n");
    let line: Vec<_> = lines.next().unwrap().split(' ').collect();
    let [method, target, version] = line[..] else { return false };
    let modern = version.len() == 8 && version.starts_with("HTTP/1.") && ('1'..='9').contains(&version.chars().last().unwrap());
    let is_ours = target.starts_with('/')
        || ["http:", "https:", "ws:", "wss:"]
            .iter()
            .any(|scheme| target.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)));
    if method != "GET" || !modern || !is_ours || !is_request_target(method, target) {
        return false;
    }
    let mut fields = Vec::new();
    for line in lines {
        let Some((name, value)) = line.split_once(':') else { return false };
        if !token(name) || value.chars().any(|c| c != '\t' && (c < ' ' || c == '\u{7f}')) {
            return false;
        }
        fields.push((name.to_ascii_lowercase(), value.trim_matches([' ', '\t']).to_string()));
    }
    let all = |name: &str| fields.iter().filter(|field| field.0 == name).map(|field| field.1.clone()).collect::<Vec<_>>();
    let lists = |name: &str, member: &str| {
        all(name).iter().any(|value| value.split(',').any(|one| one.trim_matches([' ', '\t']).eq_ignore_ascii_case(member)))
    };
    let [host] = &all("host")[..] else { return false };
    let [key] = &all("sec-websocket-key")[..] else { return false };
    let host_is_good = is_authority(host);
    let lists_are_good = all("connection").iter().all(|value| is_list_of_options(value, false))
        && all("upgrade").iter().all(|value| is_list_of_options(value, true));
    let digits = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || c == '+' || c == '/');
    let is_empty = |len: &String| is_body_length(&[len], &[], true) && len.chars().all(|c| c == '0');
    host_is_good
        && lists_are_good
        && key.len() == 24
        && key.ends_with("==")
        && digits(&key[..22])
        && lists("upgrade", "websocket")
        && lists("connection", "upgrade")
        && all("sec-websocket-version") == ["13"]
        && all("content-length").iter().all(is_empty)
        && all("transfer-encoding").is_empty()
        && all("expect").is_empty()
        && all("sec-websocket-protocol")
            .iter()
            .all(|value| value.split(',').map(|one| one.trim_matches([' ', '\t'])).filter(|one| !one.is_empty()).all(token))
}

/// Whether the server shows a request of `wire`, and then accepts it.
fn is_accepted(wire: &mut [u8]) -> bool {
    let mut conn = Connection::server(&DEFAULT, ms(0));
    let mut out = [0; 300];
    let received = conn.receive(ms(0), wire, &mut out).unwrap();
    match received.event {
        Some(Event::Request(request)) => {
            let len = conn.accept(&request, &Accept::new(Origin::Any), ms(0), &mut out).unwrap();
            assert!(out[..len].starts_with(b"HTTP/1.1 101 "));
            true
        }
        Some(Event::HttpRequest(_)) | None => false,
        Some(_) => {
            assert!(!out.starts_with(b"HTTP/1.1 1"));
            false
        }
    }
}

/// HS-01 to HS-08, HT-01 to HT-15, B-15, B-21, B-22: every byte substituted, inserted and deleted at every position of a valid
/// handshake: accepted if and only if a second parser says so.
#[test]
fn every_mutation_of_a_handshake_is_judged_as_by_a_second_parser() {
    let good = head(&[
        "GET /c?d HTTP/1.1",
        "Host: a",
        "Upgrade: websocket",
        "Connection: a, Upgrade",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version: 13",
        "Content-Length: 0",
        "Sec-WebSocket-Protocol: x, y",
    ]);
    assert!(is_opening_handshake(&good) && is_accepted(&mut good.clone()));
    let mut judged = [0, 0];
    let mut judge = |mut wire: Vec<u8>| {
        let expected = is_opening_handshake(&wire);
        judged[usize::from(expected)] += 1;
        assert_eq!(is_accepted(&mut wire), expected, "{}", wire.escape_ascii());
    };
    for place in 0..good.len() {
        for byte in 0..=255 {
            let mut wire = good.clone();
            wire[place] = byte;
            judge(wire);
            let mut wire = good.clone();
            wire.insert(place, byte);
            judge(wire);
        }
        let mut wire = good.clone();
        wire.remove(place);
        judge(wire);
    }
    assert!(judged[0] > 20_000 && judged[1] > 5_000, "{judged:?}");
}

/// A change to the lines of a head. Places count from the first header line and wrap around.
#[derive(Clone, Debug)]
enum Change {
    Remove(usize),
    Insert(usize, &'static str),
    /// With the first header line.
    Swap(usize),
}

/// HS-08, HT-06, B-17: lines left out, doubled, exchanged and emptied: the second parser agrees.
#[test]
fn every_shuffle_of_header_lines_is_judged_as_by_a_second_parser() {
    let pool = [
        &REQUEST[1..],
        &[
            "Host: b",
            "upgrade: h2c",
            "Connection: close",
            "Content-Length: 0",
            "Content-Length: 1",
            "X:",
            "Sec-WebSocket-Version: 8",
        ],
        &[
            "Transfer-Encoding: gzip",
            "Expect: x",
            "Sec-WebSocket-Protocol: a",
            "Origin: x",
            "Connection: ,upgrade",
            "Upgrade: WEBSOCKET",
        ],
    ]
    .concat();
    let change = prop_oneof![
        (0..8_usize).prop_map(Change::Remove),
        (0..8_usize, one_of(&pool)).prop_map(|(place, line)| Change::Insert(place, line)),
        (0..8_usize).prop_map(Change::Swap),
    ];
    let accepted = Cell::new(0);
    property(20_000, vec(change, 0..4), |changes| {
        let mut lines = REQUEST.to_vec();
        for change in changes {
            let headers = lines.len() - 1;
            match change {
                Change::Remove(at) => drop(lines.remove(1 + at % headers)),
                Change::Insert(at, line) => lines.insert(1 + at % headers, line),
                Change::Swap(at) => lines.swap(1 + at % headers, 1),
            }
        }
        let mut wire = head(&lines);
        let expected = is_opening_handshake(&wire);
        if expected {
            count(&accepted);
        }
        assert_eq!(is_accepted(&mut wire), expected, "{lines:?}");
    });
    assert!(accepted.get() > 2_000, "{accepted:?}");
}

/// HS-15, B-31: the same at the level of a whole session whose connection was handed over by another HTTP stack.
#[test]
fn connection_opened_elsewhere_starts_with_frames() {
    let seen = Case { role: Role::Server, config: &DEFAULT, begin: Begin::Open }.run(&request_with(&[]));
    // `G` is 0x47: reserved opcode 7 with RSV1.
    assert!(matches!(seen.before_closed(), [Seen::Failed(ReservedOpcode | ReservedBitSet)]));
    assert_eq!(seen.fault_at, Some(1));
}

/// What a plain request is made of: method, target, version and lines of the four headers that RFC 9112 has rules for.
#[derive(Clone, Debug)]
struct Plain {
    method: &'static str,
    target: &'static str,
    version: u8,
    hosts: Vec<&'static str>,
    lens: Vec<&'static str>,
    codings: Vec<&'static str>,
    connections: Vec<&'static str>,
}

impl Plain {
    fn wire(&self) -> Vec<u8> {
        let mut lines = vec![format!("{} {} HTTP/1.{}", self.method, self.target, self.version)];
        let headers = [
            ("Host", &self.hosts),
            ("Content-Length", &self.lens),
            ("Transfer-Encoding", &self.codings),
            ("Connection", &self.connections),
        ];
        for (name, values) in headers {
            lines.extend(values.iter().map(|value| format!("{name}: {value}")));
        }
        (lines.join("\r\n") + "\r\n\r\n").into_bytes()
    }

    fn is_valid(&self) -> bool {
        let hosts_are_good = match self.hosts[..] {
            [] => self.version == 0,
            [host] => is_authority(host),
            _ => false,
        };
        hosts_are_good
            && is_request_target(self.method, self.target)
            && is_body_length(&self.lens, &self.codings, self.version > 0)
            && self.connections.iter().all(|value| is_list_of_options(value, false))
    }
}

/// HT-06, HT-15, HT-21: whatever a plain request is made of, over both versions: an event if the grammar of RFC 3986,
/// 9110 and 9112, written out a second time, accepts it, else 400.
#[test]
fn plain_requests_are_judged_as_by_a_second_grammar() {
    let hosts = [
        "example.com",
        "h:",
        "h:80",
        "[::1]:9001",
        "127.0.0.1",
        "a%41b",
        "a]b[c",
        "h:abc",
        "::1",
        "[]",
        "[::1]x",
        "%zz",
        "host:65536",
        "a:1:2",
        "[fe80::1%25eth0]",
        "u@h",
        "",
        "a b",
        "[1:2:3]",
        "[v1.a]",
    ];
    let targets = [
        "/",
        "/q?a={b|c}",
        "/q?t=50%",
        "/a|b",
        "http://h/x",
        "ws://h:1?q",
        "*",
        "h:80",
        "x?u=http://evil/",
        "http://",
        "ws://u@h/",
        "/a#b",
        "/%zz",
        "ftp://h/",
        "//",
        "http://[::1]:x/",
    ];
    let lens = ["0", "5", "5", "6", "5, 6", "-1", "", "18446744073709551616", "5;x"];
    let codings = ["chunked", "CHUNKED", "gzip", "gzip, chunked", "chunked, gzip", "", "identity"];
    let connections = ["close", "keep-alive, Upgrade", "a b", ",", "a/b"];
    // One thing in four is not the usual one, so that about as many are valid as are not.
    let some = |from: &[&'static str], usual: usize| prop_oneof![3 => Just(from[..usual].to_vec()), 1 => vec(one_of(from), 0..3)];
    let lines = (some(&hosts, 1), some(&lens, 0), some(&codings, 0), some(&connections, 0));
    let method = one_of(&["GET", "GET", "POST", "HEAD", "OPTIONS", "CONNECT"]);
    let target = prop_oneof![2 => Just("/x"), 1 => one_of(&targets)];
    let plain = (lines, method, target, 0..2_u8).prop_map(|((hosts, lens, codings, connections), method, target, version)| {
        Plain { method, target, version, hosts, lens, codings, connections }
    });
    let judged = [Cell::new(0), Cell::new(0)];
    property(40_000, plain, |plain| {
        let seen = server().deliver(&plain.wire(), [], 131);
        let (is_event, status) = (matches!(seen.events[0], Seen::HttpRequest { .. }), status_of(&seen.output));
        assert_eq!(
            (is_event, status),
            if plain.is_valid() { (true, 404) } else { (false, 400) },
            "{}",
            plain.wire().escape_ascii()
        );
        count(&judged[usize::from(is_event)]);
    });
    assert!(judged.iter().all(|count| count.get() > 6_000), "{judged:?}");
}
