//! §4.1: a client's request, and how it judges the response.
mod property;
mod support;

use core::cell::Cell;

use property::{count, one_of, property};
use proptest::collection::vec;
use sansocket::ProtocolError::{self, *};
use sansocket::{CallError, ClientRequest, Connection, Event, Header, MessageKind, Request, Role, State, Transport, UsageError};
use support::entropy::Counter;
use support::frames::*;
use support::http::*;
use support::probe::{Probe, Seen};
use support::{Case, DEFAULT, Transcript, ms};

fn client() -> Case<'static> {
    Case::handshake(Role::Client)
}

fn fresh<'c>(config: &'c sansocket::Config<'c>) -> Probe<'c> {
    let entropy = Counter::default();
    Probe::of(Connection::client(config, entropy.clone(), ms(0)), config, entropy)
}

fn opens(wire: &[u8]) -> Transcript {
    let seen = client().run_briefly(wire);
    assert!(matches!(seen.before_closed(), [Seen::Opened { status: 101, .. }]), "{:?} on {}", seen.events, wire.escape_ascii());
    assert!(seen.output.is_empty());
    seen
}

/// The response is shown and refused; what follows it stays in the input.
fn refuses(wire: &[u8], fault: ProtocolError) {
    let wire = [wire, b"body"].concat();
    let seen = client().run_briefly(&wire);
    let [Seen::Refused { status, error, .. }] = seen.before_closed() else {
        panic!("{:?} on {}", seen.events, wire.escape_ascii())
    };
    assert_eq!(*error, fault, "{}", wire.escape_ascii());
    // K-12: the body of a refusal is the caller's; after a 101 there is no body.
    let rest = if *status == 101 { Vec::new() } else { b"body".to_vec() };
    assert_eq!((seen.rest, seen.output), (rest, Vec::new()));
}

/// The head is invalid.
fn fails(wire: &[u8], fault: ProtocolError) -> Option<usize> {
    let seen = client().run_briefly(wire);
    assert_eq!(seen.before_closed(), [Seen::Failed(fault)], "{}", wire.escape_ascii());
    assert!(seen.output.is_empty());
    seen.fault_at
}

fn response_lines(key: &str) -> Vec<u8> {
    let accept = format!("Sec-WebSocket-Accept: {key}");
    head(&["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade", &accept])
}

/// HC-01 to HC-07: the request, byte by byte.
#[test]
fn request_is_that_of_the_rfc() {
    let config = DEFAULT.subprotocols("chat, superchat");
    let mut probe = fresh(&config);
    let headers = [Header::new("Cookie", "a=b"), Header::new("User-Agent", "test")];
    let request = ClientRequest::new("example.com:8080", "/chat?room=1").origin(Some("https://example.com")).headers(&headers);
    probe.write(|conn, out| conn.request(&request, ms(0), out));
    let expected = head(&[
        "GET /chat?room=1 HTTP/1.1",
        "Host: example.com:8080",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: AQIDBAUGBwgJCgsMDQ4PEA==",
        "Sec-WebSocket-Protocol: chat, superchat",
        "Origin: https://example.com",
        "Cookie: a=b",
        "User-Agent: test",
    ]);
    assert_eq!(String::from_utf8_lossy(&probe.output), String::from_utf8_lossy(&expected));
    assert_eq!((probe.entropy.draws(), probe.conn.state()), (vec![16], State::Connecting));
    // HC-07: Origin only if it was asked for.
    let mut probe = fresh(&DEFAULT);
    probe.write(|conn, out| conn.request(&ClientRequest::new("[::1]", "/"), ms(0), out));
    let text = String::from_utf8(probe.output).unwrap();
    assert!(text.contains("\r\nHost: [::1]\r\n") && !text.contains("Origin") && !text.contains("Protocol"));
}

/// HC-01, HC-05, HC-08, HT-22, B-23: random requests are accepted by our own server and read there as they were meant.
#[test]
fn random_requests_are_read_as_they_were_meant() {
    property(500, ("/[!-~&&[^#]]{0,20}", "X-[a-zA-Z0-9-]{0,5}", "v[!-~]{0,30}v"), |(target, name, value)| {
        let headers = [Header::new(&name, &value)];
        let mut probe = fresh(&DEFAULT);
        let request = ClientRequest::new("example.com", &target).headers(&headers);
        probe.write(|conn, out| conn.request(&request, ms(0), out));
        let read = Request::parse(&probe.output, &DEFAULT).unwrap().unwrap();
        assert_eq!((read.method(), read.target(), read.bytes().len()), ("GET", target.as_str(), probe.output.len()));
        assert_eq!((read.header(&name), read.headers().count()), (Some(value.as_bytes()), 6));
        let seen = Case::handshake(Role::Server).deliver(&probe.output, [], 131);
        assert_eq!(status_of(&seen.output), 101);
    });
}

/// HC-02, HC-03, HC-08, B-23, B-24, CVE-2026-47072, CVE-2026-1527: what a request cannot contain is refused before a byte is
/// written or drawn.
#[test]
fn requests_that_cannot_be_sent_are_refused() {
    let refused = |request: &ClientRequest<'_>, error: UsageError| {
        fresh(&DEFAULT).refused(error, 2_000, |conn, out| conn.request(request, ms(0), out));
    };
    for target in
        ["", "chat", "*", "http://example.com/", "/a b", "/a#b", "/\r\nX: y", "/\u{e4}", "/\0", "/\u{7f}", "/a HTTP/1.1\r\n\r\n"]
    {
        refused(&ClientRequest::new("a", target), UsageError::InvalidTarget);
    }
    for host in ["", "a b", "a/b", "user@a", "a\r\nX: y", "\u{e4}", "a?", "a#", "a\n", " a", "a\\b"] {
        refused(&ClientRequest::new(host, "/"), UsageError::InvalidHost);
    }
    for origin in ["a\r\nX: y", "a\n", "\0", "a\u{7f}", "a\r"] {
        refused(&ClientRequest::new("a", "/").origin(Some(origin)), UsageError::InvalidHeader);
    }
    for (name, value) in
        [("X", "a\r\nY: z"), ("X", "\n"), ("X", "\0"), ("", "a"), ("X:", "a"), ("X Y", "a"), ("X\r\n", "a"), ("\u{e4}", "a")]
    {
        refused(&ClientRequest::new("a", "/").headers(&[Header::new(name, value)]), UsageError::InvalidHeader);
    }
    for name in [
        "Host",
        "upgrade",
        "CONNECTION",
        "Origin",
        "Content-Length",
        "Transfer-Encoding",
        "Sec-WebSocket-Key",
        "sec-websocket-version",
        "Sec-WebSocket-Protocol",
        "Sec-WebSocket-Extensions",
    ] {
        refused(&ClientRequest::new("a", "/").headers(&[Header::new(name, "a")]), UsageError::ReservedHeader);
    }
}

/// HC-08: subprotocols are distinct tokens; each separator alone, doubles, empty ones.
#[test]
fn malformed_subprotocols_are_refused() {
    for list in ["a,", ",a", "a,,b", "a, a", "a b", " ", ",", "a,b,a", "\u{e4}"] {
        let config = DEFAULT.subprotocols(list);
        fresh(&config)
            .refused(UsageError::InvalidSubprotocol, 2_000, |conn, out| conn.request(&ClientRequest::new("a", "/"), ms(0), out));
    }
    for separator in "()<>@;:\\\"/[]?={}".chars() {
        let list = format!("a{separator}b");
        let config = DEFAULT.subprotocols(&list);
        fresh(&config)
            .refused(UsageError::InvalidSubprotocol, 2_000, |conn, out| conn.request(&ClientRequest::new("a", "/"), ms(0), out));
    }
}

/// B-23, B-24, HC-08: the list goes into the head as it is, so no byte around a name may be one that a header cannot have: with CR LF
/// the head would end there.
#[test]
fn subprotocols_cannot_end_their_header_line() {
    let mut written = Vec::new();
    for blank in ["\r\n", "\n", "\r\n\r\n", "\u{b}", "\u{c}", "\u{85}", "\u{a0}", "\u{3000}", "\u{2028}"] {
        for list in [format!("chat{blank}"), format!("{blank}chat"), format!("chat,{blank}superchat")] {
            let config = DEFAULT.subprotocols(&list);
            if fresh(&config).try_write(|conn, out| conn.request(&ClientRequest::new("a", "/"), ms(0), out)).is_ok() {
                written.push(list.clone());
            }
        }
    }
    assert!(written.is_empty(), "sent: {written:?}");
}

/// Law 7, HC-05: the request needs exactly the room it asks for, and draws entropy once, when it is written.
#[test]
fn request_needs_exactly_the_room_it_asks_for() {
    let request = ClientRequest::new(HOST, "/");
    let mut probe = fresh(&DEFAULT);
    let Err(CallError::NeedsRoom { bytes }) = probe.conn.request(&request, ms(0), &mut []) else { panic!() };
    assert_eq!(probe.conn.request(&request, ms(0), &mut vec![0; bytes - 1]), Err(CallError::NeedsRoom { bytes }));
    probe.entropy.set_broken(true);
    assert_eq!(probe.conn.request(&request, ms(0), &mut vec![0; bytes]), Err(CallError::EntropyFailed));
    probe.entropy.set_broken(false);
    assert_eq!((probe.entropy.draws(), probe.conn.state()), (vec![], State::Connecting));
    assert_eq!(probe.conn.request(&request, ms(0), &mut vec![0; bytes]), Ok(bytes));
    assert_eq!(probe.entropy.draws(), [16]);
    probe.refused(UsageError::NotConnecting, 2_000, |conn, out| conn.request(&request, ms(0), out));
    probe.feed(&response_with(&[]));
    probe.refused(UsageError::NotConnecting, 2_000, |conn, out| conn.request(&request, ms(0), out));
    let mut server = Case::handshake(Role::Server).start();
    server.refused(UsageError::WrongRole, 2_000, |conn, out| conn.request(&request, ms(0), out));
}

/// `CallError`: whatever the variant, nothing was written.
#[test]
fn refused_request_leaves_the_output_alone() {
    let request = ClientRequest::new(HOST, "/");
    let mut out = [0xA5; 100];
    assert!(fresh(&DEFAULT).conn.request(&request, ms(0), &mut out).is_err());
    assert!(out.iter().all(|&byte| byte == 0xA5), "request wrote and refused");
    let mut probe = fresh(&DEFAULT);
    probe.entropy.set_broken(true);
    probe.refused(CallError::EntropyFailed, 2_000, |conn, out| conn.request(&request, ms(0), out));
}

/// HC-03: a host goes out if the grammar of RFC 3986, written out a second time, has it: random texts of the parts of hosts.
#[test]
fn hosts_are_sent_if_a_second_grammar_has_them() {
    let pieces = [
        "h", ":", "80", "[", "]", "::", "1", "%", "41", ".", "v1.", "65536", "-", "@", "/", " ", "\u{e4}", "zz", "%25eth0",
        "fe80",
    ];
    let sent = Cell::new(0);
    property(30_000, vec(one_of(&pieces), 1..7), |pieces| {
        let host = pieces.concat();
        let result = fresh(&DEFAULT).try_write(|conn, out| conn.request(&ClientRequest::new(&host, "/"), ms(0), out));
        let expected = is_authority(&host);
        assert_eq!(result.is_ok(), expected, "{host}");
        assert!(expected || result == Err(UsageError::InvalidHost.into()), "{host}");
        if expected {
            count(&sent);
        }
    });
    assert!(sent.get() > 3_000, "{sent:?}");
}

/// HT-15, RFC 9112 §6.3: a response whose end is in doubt is not an event; one without a body may say anything.
#[test]
fn responses_whose_end_is_in_doubt_are_faults() {
    for lines in [
        &["Content-Length: 5", "Content-Length: 6"][..],
        &["Content-Length: 5, 6"],
        &["Content-Length: -1"],
        &["Content-Length:"],
        &["Content-Length: 18446744073709551616"],
        &["Transfer-Encoding: chunked, gzip"],
        &["Transfer-Encoding:"],
    ] {
        for status in ["200 OK", "404 Not Found", "407 Proxy Authentication Required", "503 x"] {
            fails(&head(&[&[&*format!("HTTP/1.1 {status}")], lines].concat()), InvalidBodyLength);
        }
        for status in ["204 x", "304 x"] {
            refuses(&head(&[&[&*format!("HTTP/1.1 {status}")], lines].concat()), StatusNot101);
        }
    }
    fails(&head(&["HTTP/1.0 404 x", "Transfer-Encoding: chunked"]), InvalidBodyLength);
    for lines in [
        &["Content-Length: 5", "Content-Length: 5"][..],
        &["Transfer-Encoding: chunked", "Content-Length: 5"],
        &["Transfer-Encoding: gzip"],
        &["Content-Length: 18446744073709551615"],
    ] {
        refuses(&head(&[&["HTTP/1.1 404 Not Found"], lines].concat()), StatusNot101);
    }
}

/// HC-10, HT-22: before the response nothing goes out, whatever is tried.
#[test]
fn nothing_is_sent_before_the_response() {
    let mut probe = client().start();
    let draws = probe.entropy.draws();
    probe.refused(UsageError::NotOpen, 500, |conn, out| conn.send_text("early", out));
    probe.refused(UsageError::NotOpen, 500, |conn, out| conn.ping(b"", out));
    probe.refused(UsageError::NotOpen, 500, |conn, out| conn.close(None, "", ms(0), out));
    assert_eq!(probe.entropy.draws(), draws);
    // Before the request nothing is read either.
    let mut probe = fresh(&DEFAULT);
    probe.feed(&response_with(&[]));
    assert_eq!((probe.buffer, probe.events), (response_with(&[]), vec![]));
}

/// HC-04, HC-12, HC-13, HC-14, HT-16, HT-20: the good response, in every delivery, and its variants.
#[test]
fn good_responses_open_the_connection() {
    let seen = client().run(&response_with(&["Server: x", "Set-Cookie: a=b"]));
    let [Seen::Opened { fields, .. }] = seen.before_closed() else { panic!("{seen:?}") };
    assert!(fields.contains(&("set-cookie".into(), b"a=b".into())));
    for line in ["HTTP/1.1 101", "HTTP/1.1 101 ", "HTTP/1.1 101 \u{e4}\t!", "HTTP/1.2 101 x"] {
        opens(&response_but(0, line));
    }
    for line in ["Upgrade: WebSocket", "UPGRADE:websocket\t"] {
        opens(&response_but(1, line));
    }
    for line in ["Connection: keep-alive, UPGRADE", "connection:,upgrade"] {
        opens(&response_but(2, line));
    }
    opens(&response_with(&["Content-Length: 0"]));
    opens(&response_with(&["Content-Length: 17"]));
    opens(&response_with(&["X-Latin: \u{e4}"]));
}

/// HC-11, HC-21, W-03, B-21: other final responses are shown with their headers; the body stays in the input; nothing opens.
#[test]
fn other_statuses_are_refused_and_shown() {
    for status in [200, 204, 301, 307, 400, 401, 403, 404, 407, 426, 500, 503, 999, 600] {
        let wire = [
            head(&[
                &format!("HTTP/1.1 {status} Reason"),
                "Location: /x",
                "Sec-WebSocket-Version: 13, 8",
                "Sec-WebSocket-Version: 7",
            ]),
            b"body".to_vec(),
        ];
        let seen = client().run(&wire.concat());
        let [Seen::Refused { status: given, error, fields }] = seen.before_closed() else { panic!("{seen:?}") };
        assert_eq!((*given, *error, fields.len()), (status, StatusNot101, 3));
        assert_eq!(seen.rest, b"body");
        assert_eq!(seen.events.last(), Some(&Seen::Closed { code: 1006, was_clean: false }));
    }
    let mut probe = client().start();
    probe.feed(&head(&["HTTP/1.1 401 Unauthorized"]));
    assert_eq!((probe.conn.state(), probe.conn.transport()), (State::Closing, Transport::Keep));
    probe.writes_nothing(|conn, out| conn.send_text("x", out));
    // Even with all that a 101 has.
    for line in ["HTTP/1.1 200 OK", "HTTP/1.1 102 Processing", "HTTP/1.1 001 x"] {
        let seen = client().deliver(&response_but(0, line), [], 131);
        assert!(!seen.events.iter().any(|seen| matches!(seen, Seen::Opened { .. })), "{line}");
    }
}

/// RFC 9110 §7.8: HTTP/1.0 knows no upgrade, so a 101 of that version is refused (law 16: strict unless RFC 6455 asks for
/// leniency).
#[test]
fn switching_protocols_needs_http_1_1() {
    let seen = client().deliver(&response_but(0, "HTTP/1.0 101 Switching Protocols"), [], 131);
    assert!(!matches!(seen.before_closed(), [Seen::Opened { .. }]), "opened by HTTP/1.0");
}

/// HC-12.
#[test]
fn upgrade_of_the_response_must_be_websocket() {
    for line in ["", "Upgrade:", "Upgrade: h2c", "Upgrade: websocket, h2c", "Upgrade: websocket/13", "Upgrade: web socket"] {
        refuses(&response_but(1, line), InvalidUpgrade);
    }
    refuses(&response_with(&["Upgrade: h2c"]), InvalidUpgrade);
}

/// HC-13.
#[test]
fn connection_of_the_response_must_list_upgrade() {
    for line in ["", "Connection:", "Connection: close", "Connection: upgraded", "Connection: up grade"] {
        refuses(&response_but(2, line), MissingConnectionUpgradeInResponse);
    }
}

/// HC-14, HC-15, HC-18: each of the 28 characters counts, and the length.
#[test]
fn accept_must_be_exactly_that_of_our_key() {
    let good = accept_of(&client_key());
    opens(&response_lines(&good));
    opens(&response_lines(&format!(" \t{good}\t ")));
    refuses(&response_but(3, ""), InvalidAccept);
    refuses(&response_with(&[&format!("Sec-WebSocket-Accept: {good}")]), InvalidAccept);
    for place in 0..good.len() {
        let mut wrong = good.clone().into_bytes();
        wrong[place] ^= 1;
        let wrong = String::from_utf8(wrong).unwrap();
        let seen = client().deliver(&response_lines(&wrong), [], 131);
        assert!(matches!(seen.before_closed(), [Seen::Refused { error: WrongAccept, .. }]), "{wrong}");
    }
    let longer = format!("{good}=");
    for wrong in [
        "",
        &good[..27],
        &longer,
        &good.to_ascii_lowercase(),
        &good.to_ascii_uppercase(),
        &good.replace('=', ""),
        &accept_of(RFC_KEY),
        &client_key(),
    ] {
        refuses(&response_lines(wrong), WrongAccept);
    }
}

/// HC-14: a server that hashes the GUID before the key.
#[test]
fn guid_before_key_is_named_a_wrong_accept() {
    let wrong = base64(&sha1(format!("{GUID}{}", client_key()).as_bytes()));
    refuses(&response_lines(&wrong), WrongAccept);
    // And one that hashes the nonce instead of its text.
    let nonce: Vec<u8> = (1..=16).collect();
    refuses(&response_lines(&base64(&sha1(&[&nonce[..], GUID.as_bytes()].concat()))), WrongAccept);
}

/// HC-16, HC-22.
#[test]
fn extension_that_was_not_offered_is_refused() {
    for line in ["permessage-deflate", "x", "", "\u{e4}"] {
        refuses(&response_with(&[&format!("Sec-WebSocket-Extensions: {line}")]), UnofferedExtension);
    }
}

/// HC-17, HC-18, HC-22, B-15, B-24.
#[test]
fn subprotocol_must_have_been_offered() {
    for line in ["chat", "", "a, b", "\u{e4}"] {
        refuses(&response_with(&[&format!("Sec-WebSocket-Protocol: {line}")]), UnofferedSubprotocol);
    }
    let config = DEFAULT.subprotocols("chat, superchat");
    let case = client().with(&config);
    // The key is another draw of the same entropy, so the same.
    for (line, agreed) in [(&["Sec-WebSocket-Protocol: superchat"][..], Some("superchat")), (&[], None)] {
        let mut probe = case.start();
        probe.feed(&response_with(line));
        assert!(matches!(probe.events[..], [Seen::Opened { .. }]));
        assert_eq!(probe.conn.subprotocol(), agreed);
    }
    for lines in [
        &["Chat"][..],
        &["chat, superchat"],
        &["chat", "chat"],
        &["chat", "superchat"],
        &["superchatx"],
        &["super"],
        &[""],
        &["chat\u{e4}"],
    ] {
        let lines: Vec<_> = lines.iter().map(|name| format!("Sec-WebSocket-Protocol: {name}")).collect();
        let lines: Vec<_> = lines.iter().map(String::as_str).collect();
        let seen = case.run_briefly(&response_with(&lines));
        assert!(matches!(seen.before_closed(), [Seen::Refused { error: UnofferedSubprotocol, .. }]), "{lines:?}");
    }
}

/// HT-16: Transfer-Encoding in a 101.
#[test]
fn transfer_coding_in_a_101_is_refused() {
    refuses(&response_with(&["Transfer-Encoding: chunked"]), ResponseWithBody);
}

/// HC-19, B-31: 101 and the first frames in one buffer, at every split.
#[test]
fn frames_after_the_response_are_kept() {
    let frames = [
        frame_to(Role::Client, FIN | TEXT, b"early"),
        frame_to(Role::Client, FIN | PING, b"p"),
        close_to(Role::Client, 1000, b""),
    ];
    let seen = client().run(&[response_with(&[]), frames.concat()].concat());
    let expected = [
        Seen::Message(MessageKind::Text, b"early".into()),
        Seen::Ping { payload: b"p".into(), answered: true, within: 0 },
        Seen::CloseReceived { code: 1000, reason: String::new() },
    ];
    assert_eq!(seen.before_closed()[1..], expected);
    assert_eq!(plain(&written_by(Role::Client, &seen.output)).len(), 2);
}

/// HT-17: interim responses are skipped, in every delivery, and do not count as the answer.
#[test]
fn interim_responses_are_skipped() {
    let interim =
        [head(&["HTTP/1.1 100 Continue"]), head(&["HTTP/1.1 103 Early Hints", "Link: x"]), head(&["HTTP/1.1 199"])].concat();
    let seen = client().run(&[interim.clone(), response_with(&[]), frame_to(Role::Client, FIN | TEXT, b"x")].concat());
    assert!(matches!(seen.before_closed(), [Seen::Opened { status: 101, .. }, Seen::Message(..)]));
    let seen = client().run(&[interim.clone(), head(&["HTTP/1.1 404 Not Found"]), b"body".to_vec()].concat());
    assert!(matches!(seen.before_closed(), [Seen::Refused { status: 404, error: StatusNot101, .. }]));
    assert_eq!(seen.rest, b"body");
    let seen = client().run(&interim);
    assert_eq!(seen.before_closed(), []);
}

/// HT-03, HT-04, HT-05, HT-08, HT-09, HT-20: invalid heads, with the byte that shows it.
#[test]
fn syntax_of_responses_is_strict() {
    for (line, position) in [
        ("HTTP/2 101", 6),
        ("HTTP/1. 101", 8),
        ("HTTP/1.1  101", 10),
        ("HTTP/1.1 10", 12),
        ("HTTP/1.1 1011", 13),
        ("HTTP/1.1 abc", 10),
        ("HTTP/1.10 101", 9),
        ("http/1.1 101", 1),
        ("ICY 200 OK", 1),
        ("", 1),
        ("HTTP/1.1 101 a\0", 15),
        ("HTTP/1.1 101 a\nUpgrade: x", 15),
    ] {
        assert_eq!(
            fails(&response_but(0, if line.is_empty() { "\r\n" } else { line }), InvalidStatusLine),
            Some(position),
            "{line:?}"
        );
    }
    for (line, fault) in [
        ("Upgrade : websocket", InvalidHeaderName),
        (": x", InvalidHeaderName),
        (" Upgrade: websocket", FoldedHeaderLine),
        ("Upgrade:\r\n websocket", FoldedHeaderLine),
        ("Upgrade: websocket\nX: y", InvalidLineEnd),
        ("Upgrade: websocket\rX: y", InvalidLineEnd),
        ("Upgrade: web\0socket", InvalidHeaderValue),
        ("Upgrade: web\u{7f}socket", InvalidHeaderValue),
    ] {
        fails(&response_but(1, line), fault);
    }
    // RFC 9112 §2.2 lets an empty line go before a request only.
    fails(&[b"\r\n", &response_with(&[])[..]].concat(), InvalidStatusLine);
}

/// A failure of the opening handshake ends as any other: nothing goes out, later input is ignored.
#[test]
fn invalid_head_ends_the_connection() {
    let seen = client().run(b"SSH-2.0-OpenSSH_9.2p1\r\nHTTP/1.1 101 x\r\n\r\n");
    assert_eq!(seen.events, [Seen::Failed(InvalidStatusLine), Seen::Closed { code: 1006, was_clean: false }]);
    assert!(seen.output.is_empty() && seen.rest.is_empty());
}

/// The naive second parser for responses: whether `wire` opens a client that offered nothing.
fn is_good_response(wire: &[u8]) -> bool {
    let Some(end) = wire.windows(4).position(|bytes| bytes == b"\r\n\r\n") else { return false };
    let text: String = wire[..end].iter().map(|&byte| char::from(byte)).collect();
    let token = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c));
    let value_byte = |c: char| c == '\t' || c >= ' ' && c != '\u{7f}';
    let mut lines = text.split("\r\n");
    let line = lines.next().unwrap();
    let Some(version) = line.strip_prefix("HTTP/1.") else { return false };
    let Some(rest) = version.strip_prefix(|c: char| c.is_ascii_digit()) else { return false };
    if !(rest == " 101" || rest.starts_with(" 101 ")) || !rest.chars().all(value_byte) {
        return false;
    }
    let mut fields = Vec::new();
    for line in lines {
        let Some((name, value)) = line.split_once(':') else { return false };
        if !token(name) || !value.chars().all(value_byte) {
            return false;
        }
        fields.push((name.to_ascii_lowercase(), value.trim_matches([' ', '\t']).to_string()));
    }
    let all = |name: &str| fields.iter().filter(|field| field.0 == name).map(|field| field.1.clone()).collect::<Vec<_>>();
    let upgrades = all("connection")
        .iter()
        .any(|value| value.split(',').any(|one| one.trim_matches([' ', '\t']).eq_ignore_ascii_case("upgrade")));
    let [upgrade] = &all("upgrade")[..] else { return false };
    let names = ["transfer-encoding", "sec-websocket-extensions", "sec-websocket-protocol"];
    upgrade.eq_ignore_ascii_case("websocket")
        && upgrades
        && all("sec-websocket-accept") == [accept_of(&client_key())]
        && names.into_iter().all(|name| all(name).is_empty())
}

/// HC-11 to HC-18, HC-22, HT-03 to HT-10, HT-20, B-15: every byte substituted, inserted and deleted at every position of a good
/// response: it opens the connection if and only if a second parser says so. (The version's digit is judged elsewhere.)
#[test]
fn every_mutation_of_a_response_is_judged_as_by_a_second_parser() {
    let good = response_with(&["X-Y: z"]);
    let request = ClientRequest::new(HOST, "/");
    let mut judged = [0, 0];
    let mut judge = |mut wire: Vec<u8>| {
        if wire.starts_with(b"HTTP/1.0") {
            return;
        }
        let expected = is_good_response(&wire);
        judged[usize::from(expected)] += 1;
        let mut conn = Connection::client(&DEFAULT, Counter::default(), ms(0));
        assert!(conn.request(&request, ms(0), &mut [0; 300]).is_ok());
        let received = conn.receive(ms(0), &mut wire, &mut [0; 131]).unwrap();
        let opened = matches!(received.event, Some(Event::Opened(_)));
        assert_eq!(opened, expected, "{}", wire.escape_ascii());
        assert_eq!(conn.state() == State::Open, opened);
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
