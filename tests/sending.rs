//! §6.1, beside whole frames: headers alone, one encoding for many, responses without their body.

mod support;

use sansocket::frame::{HeaderRules, encode_message};
use sansocket::{
    CallError, Config, Connection, Event, Header, Instant, MessageKind, Negotiated, NoEntropy, Role, Transport, UsageError, frame,
};

static CONFIG: Config = Config::new();
const NOW: Instant = Instant::from_millis(0);

fn open(role: Role) -> Connection<'static> {
    Connection::open(role, &CONFIG, NoEntropy, Negotiated::NOTHING, NOW)
}

/// Law 7: header and payload are what `send` writes in one piece, for every length form, whole and as fragments.
#[test]
fn header_alone_is_that_of_the_whole_frame() {
    for len in [0, 1, 125, 126, 65_535, 65_536] {
        let payload = vec![b'x'; len];
        let (mut whole, mut alone) = (open(Role::Server), open(Role::Server));
        for (kind, fin) in [(MessageKind::Binary, false), (MessageKind::Binary, true), (MessageKind::Text, true)] {
            let (mut frame, mut header) = (vec![0; len + 10], [0; 10]);
            let written = whole.send(kind, &payload, fin, &mut frame).unwrap();
            let header_len = alone.send_header(kind, &payload, fin, &mut header).unwrap();
            assert_eq!(frame[..written], [&header[..header_len], &payload].concat());
            assert_eq!(
                open(Role::Server).send_header(kind, &payload, fin, &mut header[..header_len - 1]),
                Err(CallError::NeedsRoom { bytes: header_len })
            );
        }
    }
}

/// C-23: text is checked although it is not copied, across fragments too, and a refusal changes nothing.
#[test]
fn header_alone_checks_text() {
    let mut server = open(Role::Server);
    let mut out = [0; 10];
    let (start, end) = "ä".as_bytes().split_at(1);
    server.send_header(MessageKind::Text, start, false, &mut out).unwrap();
    for wrong in [&b"x"[..], &[]] {
        assert_eq!(server.send_header(MessageKind::Text, wrong, true, &mut out), Err(UsageError::InvalidUtf8.into()));
    }
    assert_eq!(server.send_binary_header(1, true, &mut out), Err(UsageError::WrongMessageKind.into()));
    assert_eq!(server.send_header(MessageKind::Text, end, true, &mut out), Ok(2));
    assert_eq!(out[..2], [0x80, 1]);
}

/// F-08: a header for payload that is not in memory, up to the longest that a frame can have.
#[test]
fn binary_header_takes_any_length() {
    for (len, expected) in [
        (5, &[0x82, 5][..]),
        (1 << 40, &[0x82, 127, 0, 0, 1, 0, 0, 0, 0, 0]),
        (u64::MAX >> 1, &[0x82, 127, 0x7F, 255, 255, 255, 255, 255, 255, 255]),
    ] {
        let mut out = [0; 10];
        let written = open(Role::Server).send_binary_header(len, true, &mut out).unwrap();
        assert_eq!(&out[..written], expected);
    }
    assert_eq!(open(Role::Server).send_binary_header(1 << 63, true, &mut [0; 10]), Err(UsageError::PayloadTooLong.into()));
}

/// F-01: a client's header carries the key that its payload is to be masked with, drawn only if the call succeeds.
#[test]
fn a_clients_header_ends_with_its_masking_key() {
    for len in [0, 1, 125, 126, 65_535, 65_536] {
        let mut payload = vec![b'x'; len];
        let (mut frame, mut header) = (vec![0; len + 14], [0; 14]);
        let (mut whole, mut alone) = (support::open(Role::Client), support::open(Role::Client));
        let written = whole.send(MessageKind::Text, &payload, true, &mut frame).unwrap();
        let short = alone.send_header(MessageKind::Text, &payload, true, &mut header[..written - len - 1]);
        assert_eq!(short, Err(CallError::NeedsRoom { bytes: written - len }));
        let n = alone.send_header(MessageKind::Text, &payload, true, &mut header).unwrap();
        frame::apply_mask(*header[..n].last_chunk().unwrap(), &mut payload);
        assert_eq!(frame[..written], [&header[..n], &payload].concat());
    }
    let mut out = [0xAA; 14];
    assert_eq!(open(Role::Client).send_header(MessageKind::Text, b"x", true, &mut out), Err(CallError::EntropyFailed));
    assert_eq!(out, [0xAA; 14], "a refused call writes nothing");
    let mut client = support::open(Role::Client);
    assert_eq!(client.send_binary_header(1 << 40, true, &mut [0; 14]), Ok(14));
}

/// F-01: a client's frame is masked, so it cannot be shared.
#[test]
fn client_shares_no_frame() {
    assert_eq!(open(Role::Client).send_encoded(b"\x81\0"), Err(UsageError::WrongRole));
}

/// What has yet to arrive of a frame, and nothing between frames or for control frames.
#[test]
fn the_rest_of_a_payload_can_be_read_into_its_place() {
    let mut client = support::open(Role::Client);
    assert_eq!(client.payload_remaining(), 0);
    for (input, remaining) in
        [(&b"\x02\x03a"[..], 2), (b"b", 1), (b"c", 0), (b"\x89\x02p", 0), (b"\x89\x02pp", 0), (b"\x80\x05", 5)]
    {
        let mut input = input.to_vec();
        let _ = client.receive(NOW, &mut input, &mut [0; 131]).unwrap();
        assert_eq!(client.payload_remaining(), remaining, "{input:?}");
    }
    let mut rest = *b"defgh";
    let received = client.receive(NOW, &mut rest, &mut [0; 131]).unwrap();
    assert!(matches!(received.event, Some(Event::Data(data)) if data.payload == b"defgh" && data.last && data.offset == 3));
}

/// One encoding for many: the same bytes as `send`, and which connections may take them.
#[test]
fn message_is_encoded_once_for_all_that_may_send() {
    for (kind, payload) in [(MessageKind::Text, "tick ⏰".as_bytes()), (MessageKind::Binary, &[0xFF; 300])] {
        let (mut once, mut each) = ([0; 400], [0; 400]);
        let written = encode_message(kind, payload, &mut once).unwrap();
        let mut server = open(Role::Server);
        assert_eq!(server.send_encoded(&once[..written]), Ok(written));
        assert_eq!(server.send(kind, payload, true, &mut each).unwrap(), written);
        assert_eq!(once[..written], each[..written]);
        let header = frame::FrameHeader::decode(&once, HeaderRules::ANY).unwrap().unwrap();
        assert_eq!(header.payload_len, payload.len() as u64);
        assert_eq!(encode_message(kind, payload, &mut once[..written - 1]), Err(CallError::NeedsRoom { bytes: written }));
    }
    assert_eq!(encode_message(MessageKind::Text, b"\xFF", &mut [0; 10]), Err(UsageError::InvalidUtf8.into()));

    let mut server = open(Role::Server);
    server.send(MessageKind::Binary, b"first", false, &mut [0; 20]).unwrap();
    assert_eq!(server.send_encoded(b"\x81\0"), Err(UsageError::MessageUnfinished));
    server.send(MessageKind::Binary, b"last", true, &mut [0; 20]).unwrap();
    assert_eq!(server.send_encoded(b"\x81\0"), Ok(2));
    server.close(None, "", NOW, &mut [0; 20]).unwrap();
    assert_eq!(server.send_encoded(b"\x81\0"), Ok(0));
    assert_eq!(Connection::server(&CONFIG, NOW).send_encoded(b"\x81\0"), Err(UsageError::NotOpen));
}

/// What a server answers to `request` by `answer`.
fn answer(request: &str, answer: impl Fn(&mut Connection, &mut [u8]) -> Result<usize, CallError>) -> (String, Transport) {
    let mut server = Connection::server(&CONFIG, NOW);
    let mut input = request.as_bytes().to_vec();
    let received = server.receive(NOW, &mut input, &mut [0; 131]).unwrap();
    assert!(matches!(received.event, Some(Event::HttpRequest(_) | Event::Request(_))));
    let mut out = [0; 500];
    let bytes = answer(&mut server, &mut out).unwrap();
    (String::from_utf8(out[..bytes].to_vec()).unwrap(), server.transport())
}

/// HS-14: the head alone, with the length of a body that the caller writes or, after HEAD, does not.
#[test]
fn response_head_announces_a_body_that_others_write() {
    let (text, transport) = answer("HEAD / HTTP/1.1\r\nHost: x\r\n\r\n", |server, out| {
        server.respond_head(200, &[Header::new("Content-Type", "text/html")], 1_000_000, NOW, out)
    });
    assert_eq!(text, "HTTP/1.1 200 \r\nConnection: close\r\nContent-Length: 1000000\r\nContent-Type: text/html\r\n\r\n");
    assert_eq!(transport, Transport::ShutdownWrite);
}

/// HT-19: a 426 of the caller's own has Upgrade in Connection too.
#[test]
fn response_with_upgrade_names_it_in_connection() {
    let (text, _) = answer("GET / HTTP/1.1\r\nHost: x\r\n\r\n", |server, out| {
        server.respond(426, &[Header::new("Upgrade", "websocket")], b"WebSocket only", NOW, out)
    });
    assert!(text.contains("\r\nConnection: close, upgrade\r\n") && text.ends_with("\r\n\r\nWebSocket only"), "{text}");
}
