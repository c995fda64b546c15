//! Whatever is written is read again, and whatever is read is written again as something that is read the same.

mod support;

use proptest::prelude::*;
use proptest::sample::select;
use sansocket_socketio::engine::{self, Handshake, PayloadWriter, base64_len, decode_base64, packets};
use sansocket_socketio::json::{Text, Value};
use sansocket_socketio::{Assembler, EventWriter, Header, Kind, Limits, Packet};
use support::{json, mutated};

/// Good packets, as text, of every kind.
fn packet() -> impl Strategy<Value = String> {
    let kind = select(vec![
        Kind::Connect,
        Kind::Disconnect,
        Kind::Event,
        Kind::Ack,
        Kind::ConnectError,
        Kind::BinaryEvent,
        Kind::BinaryAck,
    ]);
    let namespace = select(vec!["/", "/admin", "/a?b=c", "/\u{e4}", "//"]);
    let id = prop_oneof![Just(None), (0..1_u64 << 53).prop_map(Some), (0..20_u64).prop_map(Some)];
    let items = proptest::collection::vec(json(), 0..4);
    (kind, namespace, id, 1..=10_u16, items).prop_map(|(kind, namespace, id, count, items)| {
        let items = items.join(",");
        let json = match kind {
            Kind::Connect => format!("{{\"a\":[{items}]}}"),
            Kind::Disconnect => String::new(),
            Kind::ConnectError => "{\"message\":\"no\"}".into(),
            Kind::Event | Kind::BinaryEvent if items.is_empty() => "[\"name\"]".into(),
            Kind::Event | Kind::BinaryEvent => format!("[\"name\",{items}]"),
            Kind::Ack | Kind::BinaryAck => format!("[{items}]"),
        };
        let mut header = Header::new(kind, namespace);
        header.attachments = if kind.is_binary() { count } else { 0 };
        header.id = id.filter(|_| kind.is_event() || kind.is_ack());
        // Placeholders may be out of range: then it is a plain packet.
        let mut out = vec![0; json.len() + 100];
        let packet = Packet::new(header, &json).or_else(|_| Packet::new(header.with_attachments(0), &json)).unwrap();
        assert!(packet.attachments() == header.attachments || json.contains("_placeholder"));
        packet.encode(&mut out).unwrap().to_owned()
    })
}

/// If it is read, it is written as something that is read the same. Whether it was.
fn assert_round_trip(text: &str, limits: Limits) -> bool {
    let Ok(packet) = Packet::decode(text, limits) else { return false };
    let mut out = vec![0; text.len() + 1];
    let written = packet.encode(&mut out).unwrap_or_else(|error| panic!("{text}: {error}"));
    assert_eq!(Packet::decode(written, limits), Ok(packet), "{text}");
    assert_eq!(
        packet.args().count() + usize::from(packet.name().is_some()),
        packet.payload().map_or(0, |payload| payload.items().count())
    );
    assert!(packet.placeholders().all(|one| one.is_ok_and(|one| one.num < packet.attachments())));
    let mut assembler = Assembler::new(limits);
    assert_eq!(assembler.text(text), Ok(packet));
    assert_eq!(assembler.due(), packet.attachments());
    true
}

/// An engine packet for each variant, from a text and bytes.
fn engine_packet<'a>(variant: u8, text: &'a str, bytes: &'a [u8]) -> engine::Packet<'a> {
    match variant % 9 {
        0 => engine::Packet::Open(text),
        1 => engine::Packet::Close,
        2 => engine::Packet::Ping(text),
        3 => engine::Packet::Pong(text),
        4 => engine::Packet::Message(text),
        5 => engine::Packet::Upgrade,
        6 => engine::Packet::Noop,
        7 => engine::Packet::Base64(text),
        _ => engine::Packet::Binary(bytes),
    }
}

/// Whether `read` is what `written` becomes: bytes come back as base64.
fn is_same(written: engine::Packet<'_>, read: engine::Packet<'_>) -> bool {
    match (written, read) {
        (engine::Packet::Binary(bytes), engine::Packet::Base64(text)) => {
            base64_len(text) == bytes.len() && decode_base64(text, &mut vec![0; bytes.len()]) == Ok(bytes)
        }
        _ => written == read,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn good_packets_are_read_and_written_unchanged(text in packet()) {
        prop_assert!(assert_round_trip(&text, Limits::new()));
        let packet = Packet::decode(&text, Limits::new()).unwrap();
        assert_eq!(packet.encode(&mut vec![0; text.len()]), Ok(&text[..]));
    }

    #[test]
    fn mutated_packets_that_are_read_are_written_as_the_same(text in mutated(packet(), "0123456789-/,[]{}\"\\ux: e+\u{e4}")) {
        assert_round_trip(&text, Limits::new());
        assert_round_trip(&text, Limits::new().max_attachments(u16::MAX));
    }

    #[test]
    fn any_text_that_is_read_is_written_as_the_same(text in any::<String>(), kind in 0..7_u8) {
        assert_round_trip(&text, Limits::new());
        assert_round_trip(&format!("{kind}{text}"), Limits::new());
        if let Ok(packet) = engine::Packet::decode(&text) {
            assert_eq!(engine::Packet::decode(packet.encode(&mut vec![0; text.len()]).unwrap()), Ok(packet));
        }
        let read = packets(&text).filter(|packet| packet.is_ok()).count();
        assert!(read <= text.split('\u{1e}').count());
    }

    #[test]
    fn events_come_back_with_their_name_arguments_and_attachments(
        name: String, texts in proptest::collection::vec(any::<String>(), 0..4), number: i64, arg in json(), count in 0..9_u16, id in proptest::option::of(0..1_u64 << 53),
    ) {
        let mut header = Header::event("/n").with_attachments(count);
        header.id = id;
        let arg = if count == 0 { arg } else { "{\"a\":[]}".into() };
        let mut out = vec![0; 500 + 6 * (name.len() + texts.iter().map(|text| text.len() + 3).sum::<usize>()) + arg.len()];
        let event = EventWriter::event(&header, &name, &mut out).json(&arg).number(number);
        let event = (0..count).fold(event, |event, _| event.attachment());
        let text = texts.iter().fold(event, |event, text| event.text(text)).finish().unwrap();
        let engine::Packet::Message(text) = engine::Packet::decode(text).unwrap() else { panic!() };
        let packet = Packet::decode(text, Limits::new()).unwrap();
        prop_assert_eq!((packet.attachments(), packet.namespace(), packet.id()), (count, "/n", id));
        prop_assert_eq!(packet.name().unwrap().text().unwrap().to_string(), name);
        let mut args = packet.args();
        let arg = Value::parse(&arg).unwrap();
        prop_assert_eq!(args.next(), Some(arg));
        let number = number.to_string();
        prop_assert_eq!(args.next().map(|arg| arg.as_json()), Some(&number[..]));
        prop_assert!(packet.placeholders().map(|one| one.unwrap().num).eq(0..count));
        let strings: Vec<_> = args.skip(count.into()).map(|arg| arg.text().unwrap().to_string()).collect();
        prop_assert_eq!(strings, texts);
    }

    #[test]
    fn bodies_come_back_packet_by_packet(
        parts in proptest::collection::vec((any::<u8>(), "[ -~\u{e4}\u{20ac}]{0,9}", proptest::collection::vec(any::<u8>(), 0..9)), 1..9),
        max_payload in 1..60_u64,
    ) {
        let all: Vec<_> = parts.iter().map(|(variant, text, bytes)| engine_packet(*variant, text, bytes)).collect();
        let mut rest = &all[..];
        while let [first, ..] = rest {
            let mut out = [0; 50];
            let mut body = PayloadWriter::new(&mut out, max_payload);
            let pushed = rest.iter().take_while(|packet| body.push(packet).is_ok()).count();
            let body = body.finish();
            prop_assert!(u64::try_from(body.len()).unwrap() <= max_payload && body.len() <= 50);
            if pushed == 0 {
                prop_assert!(first.encoded_len() > 50.min(usize::try_from(max_payload).unwrap()));
                rest = &rest[1..];
                continue;
            }
            let read: Vec<_> = packets(body).map(Result::unwrap).collect();
            prop_assert_eq!(read.len(), pushed);
            prop_assert!(rest.iter().zip(read).all(|(&written, read)| is_same(written, read)));
            rest = &rest[pushed..];
        }
    }

    #[test]
    fn handshakes_come_back(sid in "[ !#-Z^-~\u{e4}]{1,30}", can_upgrade: bool, times in (0..1_u64 << 53, 0..1_u64 << 53), max in proptest::option::of(0..1_u64 << 53)) {
        let sid = Text::plain(&sid).unwrap();
        let handshake = Handshake { sid, can_upgrade, ping_interval_ms: times.0, ping_timeout_ms: times.1, max_payload: max };
        assert_eq!(Handshake::parse(handshake.encode(&mut [0; 300]).unwrap()), Ok(handshake));
    }
}
