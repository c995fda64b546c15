//! H2-09, HS-13: opening handshakes that `http`'s types carry, accepted and refused as over this library's own heads.

use http::Request;
use sansocket::{Config, Connection, Event, Instant, NoEntropy, OfferError, Origin, ProtocolError, Role, UsageError};
use sansocket_header_map::{offer, response};

static CONFIG: Config<'static> = Config::new().subprotocols("superchat, chat");

fn upgrade() -> http::request::Builder {
    Request::get("/chat?room=1")
        .header("Host", "server.example.com")
        .header("Upgrade", "websocket")
        .header("Connection", "keep-alive, Upgrade")
        .header("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
        .header("Sec-WebSocket-Version", "13")
}

fn connect() -> http::request::Builder {
    Request::connect("https://server.example.com/chat").header("sec-websocket-version", "13")
}

/// A message from the client comes up after `response`, on its connection.
fn talks(negotiated: sansocket::Negotiated) {
    let now = Instant::from_millis(0);
    let mut ws = Connection::open(Role::Server, &CONFIG, NoEntropy, negotiated, now);
    let mut input = *b"\x81\x82\0\0\0\0Hi";
    let received = ws.receive(now, &mut input, &mut [0; sansocket::MAX_ANSWER]).unwrap();
    assert!(matches!(received.event, Some(Event::Data(data)) if data.payload == b"Hi"));
}

#[test]
fn request_of_the_rfc_is_accepted_over_http_1_1() {
    let request =
        upgrade().header("Sec-WebSocket-Protocol", "chat").header("sec-websocket-protocol", "x, superchat").body(()).unwrap();
    let offer = offer(&request, None, &CONFIG, Origin::Any).unwrap();
    assert!(offer.subprotocols().eq(["superchat", "chat"]));
    assert_eq!(offer.answer(Some("x")), Err(UsageError::UnofferedSubprotocol));
    let answer = offer.answer(Some("chat")).unwrap();
    let response = response(&answer);
    assert_eq!(
        (response.status().as_u16(), response.headers()["sec-websocket-accept"].as_bytes()),
        (101, &b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="[..])
    );
    assert!(&response.headers()["upgrade"] == "websocket" && &response.headers()["sec-websocket-protocol"] == "chat");
    assert_eq!((answer.negotiated().subprotocol(), answer.subprotocol()), (Some(1), Some("chat")));
    talks(answer.negotiated());
}

#[test]
fn extended_connect_is_accepted_over_http_2() {
    let request = connect().header("sec-websocket-protocol", "chat").body(()).unwrap();
    let offer = offer(&request, Some("websocket"), &CONFIG, Origin::SameHost { secure: true }).unwrap();
    let answer = offer.answer(offer.subprotocols().next()).unwrap();
    let response = response(&answer);
    // RFC 8441 §5: 200, and nothing of the connection's own.
    assert_eq!((response.status().as_u16(), response.headers().len()), (200, 1));
    assert_eq!(&response.headers()["sec-websocket-protocol"], "chat");
    talks(answer.negotiated());
}

#[test]
fn what_is_wrong_is_refused_with_its_status() {
    let refused = |request: http::request::Builder, protocol, origin| {
        let error = offer(&request.body(()).unwrap(), protocol, &CONFIG, origin).unwrap_err();
        (error, error.status())
    };
    let same = Origin::SameHost { secure: true };
    let origin_refused = (OfferError::Usage(UsageError::OriginNotAllowed), 403);
    assert_eq!(refused(upgrade().header("Origin", "https://evil.example"), None, same), origin_refused);
    assert_eq!(refused(connect().header("origin", "null"), Some("websocket"), same), origin_refused);
    assert_eq!(refused(upgrade().header("Sec-WebSocket-Version", "8"), None, Origin::Any).1, 400);
    assert_eq!(
        refused(connect().header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="), Some("websocket"), Origin::Any).0,
        OfferError::Protocol(ProtocolError::ConnectionSpecificField)
    );
    assert_eq!(
        refused(Request::get("/").header("Host", "h"), None, Origin::Any).0,
        OfferError::Usage(UsageError::NotAnOpeningHandshake)
    );
}
