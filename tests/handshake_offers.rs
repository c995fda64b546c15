//! §3, §4.1, §4.4, §9.1: what a client asks for, what it learns from a refusal, and what is never offered.
mod property;
mod support;

use property::{one_of, property};
use sansocket::ProtocolError::*;
use sansocket::{ClientRequest, Connection, Event, Header, Request, Role, Tokens, Url, UsageError};
use support::entropy::Counter;
use support::frames::{FIN, TEXT};
use support::http::*;
use support::probe::{Probe, Seen};
use support::{Case, DEFAULT, ms};

/// What a client with default settings writes for `request`.
fn written(request: &ClientRequest<'_>) -> String {
    let entropy = Counter::default();
    let mut probe = Probe::of(Connection::client(&DEFAULT, entropy.clone(), ms(0)), &DEFAULT, entropy);
    probe.write(|conn, out| conn.request(request, ms(0), out));
    String::from_utf8(probe.output).unwrap()
}

/// HC-02, HC-03, W-07: from a URL to the request line and the only Host: path and query and never a fragment; the port only where it is not the
/// scheme's; IPv6 in brackets.
#[test]
fn url_becomes_request_line_and_host() {
    for (url, line, host) in [
        ("ws://example.com", "GET / HTTP/1.1", "example.com"),
        ("ws://example.com:80/chat", "GET /chat HTTP/1.1", "example.com"),
        ("wss://example.com:443/chat?room=1", "GET /chat?room=1 HTTP/1.1", "example.com"),
        ("ws://example.com:443/", "GET / HTTP/1.1", "example.com:443"),
        ("wss://example.com:80/", "GET / HTTP/1.1", "example.com:80"),
        ("ws://[::1]:9001/a%23b", "GET /a%23b HTTP/1.1", "[::1]:9001"),
        ("wss://[2001:db8::1]", "GET / HTTP/1.1", "[2001:db8::1]"),
        // §3: an empty path is sent as `/`.
        ("ws://example.com?room=1", "GET /?room=1 HTTP/1.1", "example.com"),
        ("ws://example.com/?", "GET /? HTTP/1.1", "example.com"),
    ] {
        let url = Url::parse(url).unwrap();
        let text = written(&ClientRequest::new(url.authority(), url.target()));
        let mut lines = text.split("\r\n");
        assert_eq!(lines.next(), Some(line));
        let hosts: Vec<_> = lines.filter(|line| line.to_ascii_lowercase().starts_with("host:")).collect();
        assert_eq!(hosts, [format!("Host: {host}")]);
        assert!(!text.contains('#'));
    }
}

/// HC-02, HC-01: random targets arrive as they were given, and none with a fragment goes out.
#[test]
fn random_targets_are_sent_whole_or_not_at_all() {
    property(1_000, (one_of(&["/", "?", ""]), "[/?#%a&=. \r\n\t\x7f~!]{0,11}"), |(start, rest)| {
        let target = format!("{start}{rest}");
        let is_good = target.starts_with(['/', '?']) && target.chars().all(|c| ('!'..='~').contains(&c) && c != '#');
        let mut out = [0; 500];
        let mut conn = Connection::client(&DEFAULT, Counter::default(), ms(0));
        match conn.request(&ClientRequest::new("a", &target), ms(0), &mut out) {
            Ok(len) => {
                assert!(is_good, "{target:?}");
                let read = Request::parse(&out[..len], &DEFAULT).unwrap().unwrap();
                let slash = if target.starts_with('?') { "/" } else { "" };
                assert_eq!((read.target(), read.bytes().len()), (format!("{slash}{target}").as_str(), len));
            }
            Err(error) => assert!(!is_good && error == UsageError::InvalidTarget.into() && out == [0; 500], "{target:?}"),
        }
    });
}

/// HC-09, HC-16: no extension is offered, and the caller cannot offer one past us, however the header is spelled; so none can be agreed.
#[test]
fn client_offers_no_extension() {
    let headers = [Header::new("X-Sec-WebSocket-Extensions", "x")];
    let text = written(&ClientRequest::new("a", "/").headers(&headers));
    assert!(!text.to_ascii_lowercase().contains("\r\nsec-websocket-extensions"));
    for name in ["Sec-WebSocket-Extensions", "sec-websocket-extensions", "SEC-WEBSOCKET-EXTENSIONS"] {
        let headers = [Header::new(name, "permessage-deflate")];
        let request = ClientRequest::new("a", "/").headers(&headers);
        let result = Connection::client(&DEFAULT, Counter::default(), ms(0)).request(&request, ms(0), &mut [0; 500]);
        assert_eq!(result, Err(UsageError::ReservedHeader.into()));
    }
}

/// HC-21, §4.4: the versions of a server that refuses ours, in one line or in several, as its answer has them.
#[test]
fn versions_of_a_refusal_can_be_read() {
    for lines in [
        &["Sec-WebSocket-Version: 13, 8, 7"][..],
        &["Sec-WebSocket-Version: 13", "Sec-WebSocket-Version: 8, 7"],
        &["sec-websocket-version:13,8", "Server: x", "SEC-WEBSOCKET-VERSION: ,7 ,"],
    ] {
        for status in ["HTTP/1.1 426 Upgrade Required", "HTTP/1.1 400 Bad Request"] {
            let mut input = head(&[&[status], lines].concat());
            let mut client = Case::handshake(Role::Client).start().conn;
            let received = client.receive(ms(0), &mut input, &mut [0; 131]).unwrap();
            let Some(Event::Refused { response, error: StatusNot101, .. }) = received.event else { panic!("{received:?}") };
            let versions = response.headers().all("Sec-WebSocket-Version").flat_map(Tokens::of);
            assert!(versions.eq(["13", "8", "7"]), "{lines:?}");
        }
    }
}

/// B-05, HS-07, CVE-2014-0193: the drafts before RFC 6455 are not supported: neither their opening handshakes nor their frames.
#[test]
fn drafts_are_not_supported() {
    // Draft 76: two keys, eight bytes after the head, no version.
    let draft_76 = [
        head(&[
            "GET /demo HTTP/1.1",
            "Host: example.com",
            "Connection: Upgrade",
            "Upgrade: WebSocket",
            "Sec-WebSocket-Key2: 12998 5 Y3 1  .P00",
            "Sec-WebSocket-Key1: 4 @1  46546xW%0l 1 5",
            "Origin: http://example.com",
        ]),
        b"^n:ds[4U".to_vec(),
    ];
    let seen = Case::handshake(Role::Server).run(&draft_76.concat());
    assert_eq!((seen.before_closed(), status_of(&seen.output)), (&[Seen::Failed(InvalidVersion)][..], 400));
    for version in 0..=12 {
        let wire = request_but(5, &format!("Sec-WebSocket-Version: {version}"));
        let seen = Case::handshake(Role::Server).run_briefly(&wire);
        assert_eq!((seen.before_closed(), status_of(&seen.output)), (&[Seen::Failed(UnsupportedVersion)][..], 426));
    }
    for role in support::ROLES {
        // A frame of draft 76, text between 00 and FF, is a continuation of nothing; its closing is a reserved opcode with all bits set.
        let seen = Case::open(role).run(b"\0Hello\xFF");
        assert_eq!((seen.before_closed(), seen.fault_at), (&[Seen::Failed(ContinuationWithoutStart)][..], Some(1)));
        let seen = Case::open(role).run(b"\xFF\0");
        assert!(matches!(seen.before_closed(), [Seen::Failed(ReservedOpcode | ReservedBitSet)]) && seen.fault_at == Some(1));
        // A length of draft 76, seven bits a byte with the top bit for more, is not a length here: its second byte is ours.
        let seen = Case::open(role).run(&[FIN | TEXT, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F]);
        assert!(seen.has_failed());
    }
}

/// HS-11, HS-10: whatever extensions are offered, none is answered while we support none; the 101 lacks the header.
#[test]
fn server_answers_no_extension() {
    for offer in
        ["permessage-deflate", "permessage-deflate; client_max_window_bits, x-webkit-deflate-frame", "a, b; c=\"d\"", "x"]
    {
        let line = format!("Sec-WebSocket-Extensions: {offer}");
        let seen = Case::handshake(Role::Server).run_briefly(&request_with(&[&line]));
        assert_eq!(status_of(&seen.output), 101);
        let text = String::from_utf8(seen.output).unwrap().to_ascii_lowercase();
        assert!(!text.contains("sec-websocket-extensions") && !text.contains("sec-websocket-protocol"), "{text}");
    }
}
