//! Each error of either kind is met by at least one wire or call: a variant without one fails here.
mod support;

use sansocket::ProtocolError as P;
use sansocket::UsageError as U;
use sansocket::{
    Accept, Buffered, CallError, ClientRequest, CloseCode, Connection, DeflateConfig, Event, Header, MessageKind, Origin,
    Request, Role,
};
use support::frames::*;
use support::http::*;
use support::model::code_of;
use support::probe::{Answer, Seen};
use support::{Case, DEFAULT, ms, open};

/// A wire for an open connection, or for an opening handshake, that breaks the rule; `None` if other tests cover it.
fn wire_that_breaks(rule: P) -> Option<(Case<'static>, Vec<u8>)> {
    let role = Role::Server;
    let frames = |wire: Vec<u8>| Some((Case::open(role), wire));
    let request = |wire: Vec<u8>| Some((Case::handshake(Role::Server), wire));
    let response = |wire: Vec<u8>| Some((Case::handshake(Role::Client), wire));
    match rule {
        P::ReservedBitSet => frames(frame_to(role, 0xC1, b"")),
        P::ReservedOpcode => frames(frame_to(role, 0x83, b"")),
        P::FragmentedControlFrame => frames(frame_to(role, PING, b"")),
        P::ControlFrameTooLong => frames(frame_to(role, FIN | PING, &[0; 126])),
        P::UnmaskedClientFrame => frames(frame(FIN | TEXT, None, b"")),
        P::MaskedServerFrame => Some((Case::open(Role::Client), frame(FIN | TEXT, Some(KEY), b""))),
        P::NonMinimalLength => frames(header_to(role, FIN | TEXT, Form::Sixteen, 125)),
        P::LengthTopBitSet => frames(header_to(role, FIN | TEXT, Form::SixtyFour, 1 << 63)),
        P::ContinuationWithoutStart => frames(frame_to(role, FIN, b"")),
        P::MessageInsideMessage => frames(frame_to(role, TEXT, b"").repeat(2)),
        P::InvalidUtf8 => frames(frame_to(role, FIN | TEXT, b"\xFF")),
        P::CloseBodyTooShort => frames(frame_to(role, FIN | CLOSE, b"\x03")),
        P::InvalidCloseCode => frames(close_to(role, 1005, b"")),
        P::InvalidCloseReason => frames(close_to(role, 1000, b"\xFF")),
        P::MessageTooLong => frames(header_to(role, FIN | TEXT, Form::SixtyFour, 1 << 40)),
        P::TooManyFragments => frames([frame_to(role, BINARY, b"x"), frame_to(role, CONTINUATION, b"x").repeat(65_536)].concat()),
        P::TooManyEmptyFrames => frames([frame_to(role, BINARY, b""), frame_to(role, CONTINUATION, b"").repeat(1_024)].concat()),
        // Compression has tests of its own.
        P::InvalidDeflate | P::InvalidDeflateResponse => None,
        // Comes from `Offer` alone: tests/offers.rs.
        P::ConnectionSpecificField => None,
        P::InvalidRequestLine => request(b"\x16\x03\x01\x02\0".into()),
        P::InvalidStatusLine => response(b"SSH-2.0".into()),
        P::InvalidHeaderName => request(request_with(&["X : y"])),
        P::InvalidHeaderValue => request(request_with(&["X: \0"])),
        P::InvalidLineEnd => request(b"GET / HTTP/1.1\r\nX: y\n".into()),
        P::FoldedHeaderLine => request(request_with(&[" y"])),
        P::HeadTooLong => request(request_with(&[&format!("X: {}", "y".repeat(9_000))])),
        P::TooManyHeaderLines => request(request_with(&["X: y"; 100])),
        P::TargetTooLong => request(request_but(0, &format!("GET /{} HTTP/1.1", "x".repeat(5_000)))),
        P::InvalidHeaderList => request(request_with(&["Sec-WebSocket-Protocol: a b"])),
        P::InvalidBodyLength => request(request_with(&["Content-Length: 5, 6"])),
        P::MethodNotGet => request(request_but(0, "POST / HTTP/1.1")),
        P::InvalidHost => request(request_but(1, "")),
        P::MissingConnectionUpgrade => request(request_but(3, "")),
        P::InvalidKey => request(request_but(4, "")),
        P::InvalidVersion => request(request_but(5, "")),
        P::UnsupportedVersion => request(request_but(5, "Sec-WebSocket-Version: 8")),
        P::RequestWithBody => request(request_with(&["Content-Length: 1"])),
        P::UnsupportedExpectation => request(request_with(&["Expect: 100-continue"])),
        P::StatusNot101 => response(head(&["HTTP/1.1 200 OK"])),
        P::InvalidUpgrade => response(response_but(1, "")),
        P::MissingConnectionUpgradeInResponse => response(response_but(2, "")),
        P::InvalidAccept => response(response_but(3, "")),
        P::WrongAccept => response(response_but(3, "Sec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=")),
        P::UnofferedSubprotocol => response(response_with(&["Sec-WebSocket-Protocol: x"])),
        P::UnofferedExtension => response(response_with(&["Sec-WebSocket-Extensions: x"])),
        P::ResponseWithBody => response(response_with(&["Transfer-Encoding: chunked"])),
        P::TooManyInterimResponses => response(head(&["HTTP/1.1 100 Continue"]).repeat(9)),
        other => panic!("no wire for {other:?} yet"),
    }
}

/// Each variant of `ProtocolError` is met by a wire, arrives as an event, and in OPEN sends its code.
#[test]
fn every_protocol_error_is_met_by_a_wire() {
    for &rule in P::ALL {
        let Some((case, wire)) = wire_that_breaks(rule) else { continue };
        let mut probe = case.start();
        wire.chunks(2_000).for_each(|bytes| probe.feed(bytes));
        match probe.events.last() {
            Some(Seen::Failed(error) | Seen::Refused { error, .. }) => assert_eq!(*error, rule),
            other => panic!("{other:?} instead of {rule:?}"),
        }
        assert_eq!(rule.close_code(), CloseCode(code_of(rule)), "{rule:?}");
        if case.begin == support::Begin::Open {
            let frames = plain(&written_by(case.role, &probe.output));
            assert_eq!(frames.last(), Some(&(FIN | CLOSE, code_of(rule).to_be_bytes().into())));
        }
    }
}

/// The result of a call that is a mistake of the kind `error`; `None` if other tests cover it.
fn call_that_is(error: U) -> Option<CallError> {
    let mut out = [0; 500];
    let now = ms(0);
    let mut server = open(Role::Server);
    let mut client = open(Role::Client);
    let mut fresh = Connection::client(&DEFAULT, support::entropy::Counter::default(), now);
    let mut deciding = Case::handshake(Role::Server).start();
    deciding.answer = Answer::Wait;
    let wire = request_with(&["Origin: https://a.example"]);
    deciding.feed(&wire);
    let deciding = &mut deciding.conn;
    let request = Request::parse(&wire, &DEFAULT).unwrap().unwrap();
    let any = Accept::new(Origin::Any);
    let bad_header = [Header::new("X", "\n")];
    let our_header = [Header::new("Upgrade", "x")];
    let bad_list = DEFAULT.subprotocols("a,,b");
    let result = match error {
        U::NotConnecting => server.accept(&request, &any, now, &mut out),
        U::NotOpen => fresh.send_text("x", &mut out),
        U::WrongRole => client.accept(&request, &any, now, &mut out),
        U::InvalidUtf8 => server.send(MessageKind::Text, b"\xFF", true, &mut out),
        U::ControlPayloadTooLong => server.ping(&[0; 126], &mut out),
        U::InvalidCloseCode => server.close(Some(CloseCode(1005)), "", now, &mut out),
        U::InvalidCloseReason => server.close(None, "why", now, &mut out),
        U::WrongMessageKind => {
            server.send(MessageKind::Text, b"a", false, &mut out).unwrap();
            server.send(MessageKind::Binary, b"a", true, &mut out)
        }
        U::InvalidHost => fresh.request(&ClientRequest::new("", "/"), now, &mut out),
        U::InvalidTarget => fresh.request(&ClientRequest::new("a", ""), now, &mut out),
        U::InvalidHeader => deciding.accept(&request, &any.headers(&bad_header), now, &mut out),
        U::ReservedHeader => deciding.accept(&request, &any.headers(&our_header), now, &mut out),
        U::InvalidSubprotocol => {
            let mut fresh = Connection::client(&bad_list, support::entropy::Counter::default(), now);
            fresh.request(&ClientRequest::new("a", "/"), now, &mut out)
        }
        U::UnofferedSubprotocol => deciding.accept(&request, &any.subprotocol(Some("x")), now, &mut out),
        U::OriginNotAllowed => deciding.accept(&request, &Accept::new(Origin::OneOf(&[])), now, &mut out),
        U::InvalidWindowBits => {
            deciding.accept(&request, &any.deflate(Some(DeflateConfig::OFF.receive_window_bits(7))), now, &mut out)
        }
        U::NotAnOpeningHandshake => {
            let wire = head(&["GET / HTTP/1.1", "Host: a"]);
            let request = Request::parse(&wire, &DEFAULT).unwrap().unwrap();
            deciding.accept(&request, &any, now, &mut out)
        }
        U::InvalidStatus => deciding.respond(101, &[], b"", now, &mut out),
        U::InputTooShort => {
            let mut conn = Connection::server(&DEFAULT, now);
            let mut input = *b"GET / HTTP/1.1\r\n";
            assert!(conn.receive(now, &mut input, &mut out).unwrap().event.is_none());
            conn.receive(now, &mut input[..3], &mut out).map(|_| 0)
        }
        U::MessageUnfinished => {
            server.send(MessageKind::Text, b"a", false, &mut out).unwrap();
            server.send_encoded(b"\x81\0").map_err(CallError::from)
        }
        U::NoMessageUnfinished => {
            let mut ws = Buffered::new(open(Role::Server), [0; 512], [0; 512]);
            ws.commands(now).send_part(MessageKind::Text, 1, b"a", true)
        }
        U::BufferTooShort => Buffered::new(open(Role::Server), [0; 131], [0; 261]).advance(now).map(usize::from),
        U::PayloadTooLong => server.send_binary_header(1 << 63, true, &mut out),
        // Compression has tests of its own.
        U::NoDeflate | U::WrongCompressor => return None,
        other => panic!("no call for {other:?} yet"),
    };
    Some(result.unwrap_err())
}

/// Each variant of `UsageError` is met by a call.
#[test]
fn every_usage_error_is_met_by_a_call() {
    for &error in U::ALL {
        if let Some(given) = call_that_is(error) {
            assert_eq!(given, error.into());
        }
    }
}

/// Law 7, 131 bytes: the largest answers of each kind that `receive` writes.
#[test]
fn largest_answers_fit_131_bytes() {
    let mut input = frame_to(Role::Client, FIN | PING, &[7; 125]);
    let mut out = [0; 131];
    let mut client = open(Role::Client);
    assert!(matches!(client.receive(ms(0), &mut input, &mut out[..130]), Err(CallError::NeedsRoom { bytes: 131 })));
    assert_eq!(client.receive(ms(0), &mut input, &mut out).unwrap().produced, 131);
    for &rule in P::ALL {
        let Some((case, wire)) = wire_that_breaks(rule) else { continue };
        if case.begin == support::Begin::Handshake && case.role == Role::Server {
            let mut server = Connection::server(&DEFAULT, ms(0));
            let mut input = wire.clone();
            let received = server.receive(ms(0), &mut input, &mut out).unwrap();
            assert!(matches!(received.event, Some(Event::Failed { error, .. }) if error == rule));
        }
    }
}
