//! The opening handshake as values: offers from any source of header fields, judged as this library's own head is, and answers.
mod property;
mod support;

use core::cell::Cell;

use property::{count, one_of, property};
use proptest::collection::vec;
use proptest::prelude::*;
use sansocket::{
    Accept, Config, Connection, ExtendedConnect, Header, Negotiated, NoEntropy, Offer, OfferError, Origin, ProtocolError,
    Request, UsageError,
};
use support::http::*;
use support::{DEFAULT, ms};

static CHATS: Config<'static> = Config::new().subprotocols("superchat, chat");

/// A request of HTTP/1.1 for `/`, of these lines after the first.
fn wire(method: &str, lines: &[(&str, &str)]) -> Vec<u8> {
    let lines: Vec<_> = lines.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    head(&[vec![&*format!("{method} / HTTP/1.1")], lines.iter().map(String::as_str).collect()].concat())
}

/// A change to a list of fields. Places wrap around.
#[derive(Clone, Debug)]
enum Change {
    Remove(usize),
    Insert(usize, (&'static str, &'static str)),
}

/// HS-01 to HS-13, H2-09, B-22: random header fields, right and wrong ones: another stack's fields give the offer, or the fault, that this
/// library's own head gives, and the same answer.
#[test]
fn fields_of_another_stack_are_judged_as_those_of_a_head() {
    let pool = [
        ("Host", "a"),
        ("host", "b:1"),
        ("HOST", "a]b"),
        ("Upgrade", "websocket"),
        ("upgrade", "h2c, WebSocket"),
        ("Upgrade", "a b"),
        ("Connection", "Upgrade"),
        ("connection", "keep-alive,upgrade"),
        ("Connection", "a b"),
        ("Sec-WebSocket-Key", RFC_KEY),
        ("sec-websocket-key", "x"),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Version", "8"),
        ("Sec-WebSocket-Protocol", "chat"),
        ("sec-websocket-protocol", "x, superchat"),
        ("Sec-WebSocket-Protocol", "a b"),
        ("Sec-WebSocket-Extensions", "permessage-deflate"),
        ("Sec-WebSocket-Extensions", ""),
        ("Sec-WebSocket-Extensions", "a;"),
        ("Content-Length", "0"),
        ("Content-Length", "1"),
        ("Transfer-Encoding", "chunked"),
        ("Transfer-Encoding", "gzip"),
        ("Expect", "100-continue"),
        ("Origin", "http://a"),
        ("Origin", "null"),
        ("X", "y"),
    ];
    let good = [pool[0], pool[3], pool[6], pool[9], pool[11]];
    let change = prop_oneof![
        1 => (0..8_usize).prop_map(Change::Remove),
        2 => (0..8_usize, one_of(&pool)).prop_map(|(place, field)| Change::Insert(place, field)),
    ];
    let method = prop_oneof![7 => Just("GET"), 1 => Just("POST")];
    let origin = one_of(&[Origin::Any, Origin::SameHost { secure: false }, Origin::OneOf(&["http://a"])]);
    let (accepted, refused) = (Cell::new(0), Cell::new(0));
    property(16_000, (vec(change, 0..4), method, origin), |(changes, method, origin)| {
        let mut lines = good.to_vec();
        for change in changes {
            let len = lines.len();
            match change {
                Change::Remove(at) => drop(lines.remove(at % len)),
                Change::Insert(at, field) => lines.insert(at % len, field),
            }
        }
        // Several Origins are for a head to show; another stack's must be one.
        let origins = lines.iter().filter(|(name, _)| *name == "Origin").count();
        let origin = if origins > 1 { Origin::Any } else { origin };
        let fields = lines.iter().map(|(name, value)| Header::new(name, value));
        let elsewhere = Offer::of_http1(method, fields, &CHATS, origin);
        let wire = wire(method, &lines);
        let mut server = Connection::server(&CHATS, ms(0));
        let mut input = wire.clone();
        let received = server.receive(ms(0), &mut input, &mut [0; 131]).unwrap();
        let own = match received.event {
            Some(sansocket::Event::Request(request)) => request.offer(&CHATS, origin).map_err(OfferError::Usage),
            Some(sansocket::Event::HttpRequest(_)) => Err(OfferError::Usage(UsageError::NotAnOpeningHandshake)),
            Some(sansocket::Event::Failed { error, .. }) => Err(OfferError::Protocol(error)),
            other => panic!("{other:?}"),
        };
        assert_eq!(elsewhere, own, "{}", wire.escape_ascii());
        match elsewhere {
            Err(_) => count(&refused),
            Ok(offer) => {
                let mut out = [0; 300];
                let n = server.accept_offer(&offer, offer.subprotocols().next(), &[], ms(0), &mut out).unwrap();
                let answer = offer.answer(offer.subprotocols().next()).unwrap();
                let said: Vec<_> = answer.fields().map(|(name, value)| format!("{name}: {value}")).collect();
                let lines = [vec!["HTTP/1.1 101 Switching Protocols"], said.iter().map(String::as_str).collect()].concat();
                assert!(out[..n].eq_ignore_ascii_case(&head(&lines)), "{} is not {lines:?}", out[..n].escape_ascii());
                assert_eq!((server.negotiated(), server.subprotocol()), (answer.negotiated(), answer.subprotocol()));
                count(&accepted);
            }
        }
    });
    assert!(accepted.get() > 2_400 && refused.get() > 2_400, "{accepted:?} accepted, {refused:?} refused");
}

/// An offer outlives the head that it came in, and is answered turns later.
#[test]
fn offer_is_kept_and_answered_later() {
    let mut server = Connection::server(&CHATS, ms(0));
    let mut input = request_with(&["Sec-WebSocket-Protocol: chat"]);
    let received = server.receive(ms(0), &mut input, &mut [0; 131]).unwrap();
    let Some(sansocket::Event::Request(request)) = received.event else { panic!("{received:?}") };
    let offer = request.offer(&CHATS, Origin::Any).unwrap();
    assert!(size_of::<Offer<'_>>() <= 88);
    drop(input);
    let mut out = [0; 300];
    assert_eq!(
        server.accept_offer(&offer, Some("superchat"), &[], ms(5), &mut out),
        Err(UsageError::UnofferedSubprotocol.into())
    );
    let n = server.accept_offer(&offer, Some("chat"), &[Header::new("X", "y")], ms(5), &mut out).unwrap();
    assert!(out[..n].ends_with(b"Sec-WebSocket-Protocol: chat\r\nX: y\r\n\r\n") && status_of(&out[..n]) == 101);
    assert_eq!(server.accept_offer(&offer, None, &[], ms(6), &mut out), Err(UsageError::NotConnecting.into()));
    assert_eq!(server.negotiated(), Negotiated::NOTHING.with_subprotocol(1));
}

/// HS-10: subprotocols by their bits: every subset of three offered, in every order of lines.
#[test]
fn offered_subprotocols_are_ours_in_our_order() {
    let config = DEFAULT.subprotocols("a, b, c");
    for subset in 0..8_u8 {
        let offered: Vec<_> = ["c", "x", "a", "b"]
            .into_iter()
            .filter(|name| *name == "x" || subset & 1 << (name.as_bytes()[0] - b'a') != 0)
            .collect();
        let wire = request_with(&[&format!("Sec-WebSocket-Protocol: {}", offered.join(","))]);
        let request = Request::parse(&wire, &config).unwrap().unwrap();
        let offer = request.offer(&config, Origin::Any).unwrap();
        let expected: Vec<_> = ["a", "b", "c"].into_iter().filter(|name| offered.contains(name)).collect();
        assert!(offer.subprotocols().eq(expected.iter().copied()));
        for name in ["a", "b", "c", "x", "A", ""] {
            assert_eq!(offer.answer(Some(name)).is_ok(), expected.contains(&name), "{name} of {offered:?}");
        }
    }
    // At most 64 names: each has its bit.
    let names: Vec<_> = (0..64).map(|index| format!("p{index}")).collect();
    let list = names.join(", ");
    let config = DEFAULT.subprotocols(&list);
    let wire = request_with(&["Sec-WebSocket-Protocol: p63, p0"]);
    let offer = Request::parse(&wire, &config).unwrap().unwrap().offer(&config, Origin::Any).unwrap();
    assert!(offer.subprotocols().eq(["p0", "p63"]));
    let list = list + ", p64";
    let config = DEFAULT.subprotocols(&list);
    assert_eq!(Request::parse(&wire, &config).unwrap().unwrap().offer(&config, Origin::Any), Err(UsageError::InvalidSubprotocol));
}

const CONNECT: ExtendedConnect<'static> =
    ExtendedConnect { protocol: "websocket", scheme: "https", authority: "h:1", path: "/chat?a" };

fn connect(connect: ExtendedConnect<'_>, fields: &[(&str, &str)]) -> Result<Offer<'static>, OfferError> {
    let fields = fields.iter().map(|(name, value)| Header::new(name, value));
    Offer::of_extended_connect(connect, fields, &CHATS, Origin::SameHost { secure: true })
}

/// H2-02, H2-03, H2-04, H2-07, H2-09: the fields of RFC 8441 §5.1, what may not be among them, and the answer.
#[test]
fn extended_connect_of_rfc_8441() {
    let version = ("sec-websocket-version", "13");
    let offer = connect(
        CONNECT,
        &[
            version,
            ("sec-websocket-protocol", "chat, superchat"),
            ("sec-websocket-extensions", "permessage-deflate"),
            ("origin", "https://h:1"),
        ],
    );
    let answer = offer.unwrap().answer(Some("chat")).unwrap();
    assert_eq!(answer.status(), 200);
    assert!(answer.fields().eq([("sec-websocket-protocol", "chat")]));
    let conn = Connection::open(sansocket::Role::Server, &CHATS, NoEntropy, answer.negotiated(), ms(0));
    assert_eq!(conn.subprotocol(), Some("chat"));
    // Our own heads never carry it.
    let mut server = Connection::server(&CHATS, ms(0));
    let _ = server.receive(ms(0), &mut request_with(&[]), &mut [0; 131]).unwrap();
    assert_eq!(
        server.accept_offer(&offer.unwrap(), None, &[], ms(0), &mut [0; 300]),
        Err(UsageError::NotAnOpeningHandshake.into())
    );

    use ProtocolError as P;
    for (field, fault) in [
        (("connection", "keep-alive"), P::ConnectionSpecificField),
        (("upgrade", "websocket"), P::ConnectionSpecificField),
        (("transfer-encoding", "chunked"), P::ConnectionSpecificField),
        (("sec-websocket-key", RFC_KEY), P::ConnectionSpecificField),
        (("sec-websocket-version", "13"), P::InvalidVersion),
        (("content-length", "1"), P::RequestWithBody),
        (("expect", "100-continue"), P::UnsupportedExpectation),
        (("sec-websocket-protocol", "a b"), P::InvalidHeaderList),
        (("sec-websocket-extensions", "a;"), P::InvalidHeaderList),
    ] {
        assert_eq!(connect(CONNECT, &[version, field]), Err(OfferError::Protocol(fault)), "{field:?}");
    }
    assert_eq!(connect(CONNECT, &[]), Err(OfferError::Protocol(P::InvalidVersion)));
    assert_eq!(connect(CONNECT, &[("sec-websocket-version", "8")]).unwrap_err().status(), 426);
    for (wrong, fault) in [
        (ExtendedConnect { scheme: "ftp", ..CONNECT }, P::InvalidRequestLine),
        (ExtendedConnect { path: "chat", ..CONNECT }, P::InvalidRequestLine),
        (ExtendedConnect { path: "", ..CONNECT }, P::InvalidRequestLine),
        (ExtendedConnect { path: "/#a", ..CONNECT }, P::InvalidRequestLine),
        (ExtendedConnect { authority: "", ..CONNECT }, P::InvalidHost),
        (ExtendedConnect { authority: "u@h", ..CONNECT }, P::InvalidHost),
        (ExtendedConnect { authority: "a]b", ..CONNECT }, P::InvalidHost),
    ] {
        assert_eq!(connect(wrong, &[version]), Err(OfferError::Protocol(fault)));
    }
    let other = connect(ExtendedConnect { protocol: "connect-udp", ..CONNECT }, &[version]);
    assert_eq!(other, Err(OfferError::OtherProtocol));
    assert_eq!(other.unwrap_err().status(), 501);
    for origin in ["https://h", "http://h:1x", "null", "https://evil:1"] {
        assert_eq!(
            connect(CONNECT, &[version, ("origin", origin)]),
            Err(OfferError::Usage(UsageError::OriginNotAllowed)),
            "{origin}"
        );
    }
}

/// HS-13, C-21: the decision goes with `accept` too, and a refusal leaves the request to be answered.
#[test]
fn same_host_is_asked_for_by_the_head() {
    for (origin, secure, allowed) in [
        ("http://example.com", false, true),
        ("http://example.com:80", false, true),
        ("https://example.com", false, false),
        ("null", false, false),
    ] {
        let mut server = Connection::server(&DEFAULT, ms(0));
        let mut input = request_with(&[&format!("Origin: {origin}")]);
        let received = server.receive(ms(0), &mut input, &mut [0; 131]).unwrap();
        let Some(sansocket::Event::Request(request)) = received.event else { panic!("{received:?}") };
        let result = server.accept(&request, &Accept::new(Origin::SameHost { secure }), ms(0), &mut [0; 300]);
        assert_eq!(result.is_ok(), allowed, "{origin}");
        if !allowed {
            assert_eq!(result, Err(UsageError::OriginNotAllowed.into()));
            assert!(server.respond(403, &[], b"", ms(0), &mut [0; 300]).is_ok());
        }
    }
}
