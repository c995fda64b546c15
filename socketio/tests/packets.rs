//! Socket.IO packets: each rule of their format, and what odd ones give.

use sansocket_socketio::json::MAX_SAFE_INTEGER;
use sansocket_socketio::{Assembler, Header, Kind, Limits, NeedsRoom, Packet, PacketError, engine};

/// Kind, attachments, namespace, id, payload.
type Parts<'a> = (Kind, u16, &'a str, Option<u64>, &'a str);

fn decode(text: &str) -> Result<Parts<'_>, PacketError> {
    Packet::decode(text, Limits::new())
        .map(|packet| (packet.kind(), packet.attachments(), packet.namespace(), packet.id(), packet.json()))
}

/// Those that the protocol's document prints, and the forms of the reference's tests.
#[test]
fn good_packets_are_read_and_written_again() {
    for (text, parts) in [
        ("0", (Kind::Connect, 0, "/", None, "")),
        (r#"0{"sid":"x"}"#, (Kind::Connect, 0, "/", None, r#"{"sid":"x"}"#)),
        ("0/admin,", (Kind::Connect, 0, "/admin", None, "")),
        (r#"0/admin,{"sid":"o"}"#, (Kind::Connect, 0, "/admin", None, r#"{"sid":"o"}"#)),
        ("1", (Kind::Disconnect, 0, "/", None, "")),
        ("1/admin,", (Kind::Disconnect, 0, "/admin", None, "")),
        (r#"2["foo"]"#, (Kind::Event, 0, "/", None, r#"["foo"]"#)),
        (r#"2/admin,["bar"]"#, (Kind::Event, 0, "/admin", None, r#"["bar"]"#)),
        (r#"212["foo"]"#, (Kind::Event, 0, "/", Some(12), r#"["foo"]"#)),
        (r#"2/admin,13["bar"]"#, (Kind::Event, 0, "/admin", Some(13), r#"["bar"]"#)),
        ("3/admin,13[\"bar\"]", (Kind::Ack, 0, "/admin", Some(13), "[\"bar\"]")),
        ("30[]", (Kind::Ack, 0, "/", Some(0), "[]")),
        (r#"4{"message":"Not authorized"}"#, (Kind::ConnectError, 0, "/", None, r#"{"message":"Not authorized"}"#)),
        (r#"4/none,"Unable to connect""#, (Kind::ConnectError, 0, "/none", None, r#""Unable to connect""#)),
        (
            r#"51-["baz",{"_placeholder":true,"num":0}]"#,
            (Kind::BinaryEvent, 1, "/", None, r#"["baz",{"_placeholder":true,"num":0}]"#),
        ),
        (
            r#"52-/admin,["baz",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]"#,
            (Kind::BinaryEvent, 2, "/admin", None, r#"["baz",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]"#),
        ),
        (
            r#"61-/admin,456[{"_placeholder":true,"num":0}]"#,
            (Kind::BinaryAck, 1, "/admin", Some(456), r#"[{"_placeholder":true,"num":0}]"#),
        ),
        (r#"29007199254740991["x"]"#, (Kind::Event, 0, "/", Some(MAX_SAFE_INTEGER), r#"["x"]"#)),
        ("2/\u{e4}?a=b/c,[\"x\"]", (Kind::Event, 0, "/\u{e4}?a=b/c", None, "[\"x\"]")),
    ] {
        assert_eq!(decode(text), Ok(parts), "{text}");
        let packet = Packet::decode(text, Limits::new()).unwrap();
        assert_eq!(packet.encode(&mut [0; 100]), Ok(text));
        assert_eq!(packet.encode_message(&mut [0; 100]), Ok(format!("4{text}").as_str()));
        assert_eq!(Packet::new(*packet.header(), packet.json()), Ok(packet));
        let bytes = text.len();
        assert_eq!(packet.encode(&mut vec![0; bytes - 1]), Err(NeedsRoom { bytes }));
        assert_eq!(packet.encode(&mut vec![0; bytes]), Ok(text));
    }
}

#[test]
fn other_forms_of_good_packets_are_read() {
    for (text, parts) in [
        // The comma may be missing if nothing follows.
        ("0/random", (Kind::Connect, 0, "/random", None, "")),
        ("1/random", (Kind::Disconnect, 0, "/random", None, "")),
        ("0/,", (Kind::Connect, 0, "/", None, "")),
        ("0/", (Kind::Connect, 0, "/", None, "")),
        (r#"2/,["x"]"#, (Kind::Event, 0, "/", None, r#"["x"]"#)),
        (r#"2007["x"]"#, (Kind::Event, 0, "/", Some(7), r#"["x"]"#)),
        (r#"200000000000000000000000["x"]"#, (Kind::Event, 0, "/", Some(0), r#"["x"]"#)),
        (r#"501-["x"]"#, (Kind::BinaryEvent, 1, "/", None, r#"["x"]"#)),
        // Blanks within and after JSON.
        ("2[ \"x\" , 1 ]\n", (Kind::Event, 0, "/", None, "[ \"x\" , 1 ]")),
    ] {
        assert_eq!(decode(text), Ok(parts), "{text}");
    }
}

/// Each text breaks one rule.
#[test]
fn each_broken_rule_has_its_error() {
    use PacketError as E;
    for (text, error) in [
        ("", E::Empty),
        ("7", E::UnknownType),
        ("a[]", E::UnknownType),
        ("abc", E::UnknownType),
        ("\u{e4}", E::UnknownType),
        (r#"5["x"]"#, E::InvalidAttachments),
        (r#"5-["x"]"#, E::InvalidAttachments),
        (r#"50-["x"]"#, E::InvalidAttachments),
        (r#"500-["x"]"#, E::InvalidAttachments),
        (r#"51["x"]"#, E::InvalidAttachments),
        (r#"51"#, E::InvalidAttachments),
        (r#"5 1-["x"]"#, E::InvalidAttachments),
        (r#"5+1-["x"]"#, E::InvalidAttachments),
        (r#"51e0-["x"]"#, E::InvalidAttachments),
        (r#"50x1-["x"]"#, E::InvalidAttachments),
        (r#"51.0-["x"]"#, E::InvalidAttachments),
        (r#"6-1-["x"]"#, E::InvalidAttachments),
        (r#"511-["x"]"#, E::TooManyAttachments),
        (r#"565546-["x"]"#, E::TooManyAttachments),
        (r#"599999999999999999999999999999-["x"]"#, E::TooManyAttachments),
        (r#"29007199254740992["x"]"#, E::InvalidId),
        (r#"299999999999999999999999999999["x"]"#, E::InvalidId),
        ("01{}", E::UnexpectedId),
        ("11", E::UnexpectedId),
        (r#"4/x,1{}"#, E::UnexpectedId),
        ("2", E::MissingPayload),
        ("2/admin", E::MissingPayload),
        (r#"2/admin["x"]"#, E::MissingPayload),
        ("31", E::MissingPayload),
        ("4", E::MissingPayload),
        ("51-", E::MissingPayload),
        ("1{}", E::UnexpectedPayload),
        ("1/x,null", E::UnexpectedPayload),
        (r#"2["m""#, E::InvalidJson),
        (r#"2["m"]]"#, E::InvalidJson),
        (r#"2abc["x"]"#, E::InvalidJson),
        (r#"2 ["x"]"#, E::InvalidJson),
        (r#"2 1["x"]"#, E::InvalidJson),
        (r#"21 ["x"]"#, E::InvalidJson),
        (r#"2-1["x"]"#, E::InvalidJson),
        (r#"21e1["x"]"#, E::InvalidJson),
        (r#"21-["x"]"#, E::InvalidJson),
        ("0/a,/b", E::InvalidJson),
        ("0[]", E::WrongPayload),
        ("0\"x\"", E::WrongPayload),
        ("0null", E::WrongPayload),
        ("2{}", E::WrongPayload),
        ("2\"x\"", E::WrongPayload),
        ("31{}", E::WrongPayload),
        ("31null", E::WrongPayload),
        ("4[]", E::WrongPayload),
        ("4null", E::WrongPayload),
        ("51-{}", E::WrongPayload),
        ("2[]", E::InvalidEventName),
        ("2[{}]", E::InvalidEventName),
        ("2[null]", E::InvalidEventName),
        ("2[true]", E::InvalidEventName),
        ("2[[\"x\"]]", E::InvalidEventName),
        (r#"51-[{"_placeholder":true,"num":0}]"#, E::InvalidEventName),
        (r#"51-["x",{"_placeholder":true,"num":1}]"#, E::InvalidPlaceholder),
    ] {
        assert_eq!(decode(text), Err(error), "{text}");
    }
    let nested = |depth: usize| format!("2[\"x\",{}{}]", "[".repeat(depth - 1), "]".repeat(depth - 1));
    assert!(decode(&nested(32)).is_ok());
    assert_eq!(decode(&nested(33)), Err(E::TooDeep));
}

#[test]
fn reserved_names_are_refused_however_they_are_escaped() {
    for name in ["connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"] {
        assert_eq!(decode(&format!("2[\"{name}\"]")), Err(PacketError::ReservedEventName));
        assert_eq!(decode(&format!("51-[ \"{name}\",1]")), Err(PacketError::ReservedEventName));
        let escaped: String = name.chars().map(|char| format!("\\u{:04X}", u32::from(char))).collect();
        assert_eq!(decode(&format!("2[\"{escaped}\"]")), Err(PacketError::ReservedEventName), "{escaped}");
        for other in [format!("{name}x"), name[1..].to_owned(), name.to_uppercase()] {
            assert!(decode(&format!("2[\"{other}\"]")).is_ok(), "{other}");
        }
        // As an argument, and in an acknowledgement, it is data.
        assert!(decode(&format!("2[\"x\",\"{name}\"]")).is_ok());
        assert!(decode(&format!("31[\"{name}\"]")).is_ok());
    }
}

#[test]
fn number_of_attachments_has_a_limit() {
    let packet = |count: u32| format!("5{count}-[\"x\"]");
    for (limits, max) in [(Limits::new(), 10), (Limits::default(), 10), (Limits::new().max_attachments(300), 300)] {
        let attachments = |count| Packet::decode(&packet(count), limits).map(|packet| packet.attachments());
        assert_eq!(attachments(max), Ok(u16::try_from(max).unwrap()));
        assert_eq!(attachments(max + 1), Err(PacketError::TooManyAttachments));
    }
    let most = Limits::new().max_attachments(u16::MAX);
    assert!(Packet::decode(&packet(65_535), most).is_ok());
    assert_eq!(Packet::decode(&packet(65_536), most).map(drop), Err(PacketError::TooManyAttachments));
    let none = Limits::new().max_attachments(0);
    assert_eq!(Packet::decode(&packet(1), none).map(drop), Err(PacketError::TooManyAttachments));
}

#[test]
fn packets_that_no_peer_would_take_cannot_be_made() {
    use PacketError as E;
    let event = Header::event("/");
    for (header, json, error) in [
        (Header { attachments: 1, ..event }, r#"["x"]"#, E::InvalidAttachments),
        (Header::new(Kind::BinaryEvent, "/"), r#"["x"]"#, E::InvalidAttachments),
        (Header::new(Kind::Connect, "/").with_attachments(1), "", E::InvalidAttachments),
        (Header::event(""), r#"["x"]"#, E::InvalidNamespace),
        (Header::event("admin"), r#"["x"]"#, E::InvalidNamespace),
        (Header::event("/a,b"), r#"["x"]"#, E::InvalidNamespace),
        (event.with_id(MAX_SAFE_INTEGER + 1), r#"["x"]"#, E::InvalidId),
        (Header::new(Kind::Connect, "/").with_id(1), "", E::UnexpectedId),
        (event, "", E::MissingPayload),
        (event, "[\"x\"]]", E::InvalidJson),
        (event, r#"["connect"]"#, E::ReservedEventName),
        (Header::new(Kind::Disconnect, "/"), "{}", E::UnexpectedPayload),
        (event.with_attachments(1), r#"["x",{"_placeholder":true,"num":1}]"#, E::InvalidPlaceholder),
    ] {
        assert_eq!(Packet::new(header, json), Err(error), "{header:?} {json}");
    }
    // Blanks around the JSON are left out.
    assert_eq!(Packet::new(event, " [\"x\"] ").unwrap().encode(&mut [0; 9]), Ok("2[\"x\"]"));
}

#[test]
fn headers_become_binary_with_attachments() {
    assert_eq!(Header::event("/").with_attachments(2).kind, Kind::BinaryEvent);
    assert_eq!(Header::event("/").with_attachments(2).with_attachments(0).kind, Kind::Event);
    assert_eq!(
        Header::ack("/", 1).with_attachments(2),
        Header { attachments: 2, id: Some(1), ..Header::new(Kind::BinaryAck, "/") }
    );
    assert_eq!(Header::ack("/", 1).with_attachments(2).with_attachments(0), Header::ack("/", 1));
}

/// What a server of ours knows after one message, as far as this layer says it.
fn one(message: Result<&str, &[u8]>, assembler: &mut Assembler) -> String {
    let text = match message {
        Ok(text) => text,
        Err(bytes) => {
            return assembler.binary(bytes).map_or_else(|error| format!("{error:?}"), |one| format!("attachment {}", one.index));
        }
    };
    match engine::Packet::decode(text) {
        Ok(engine::Packet::Message(text)) => match assembler.text(text) {
            Ok(packet) => {
                let id = packet.id().map_or(String::new(), |id| format!(" {id}"));
                let name = packet.name().map_or(String::new(), |name| format!(" {}", name.as_json()));
                format!("{:?} {}{id}{name}", packet.kind(), packet.namespace())
            }
            Err(error) => format!("{error:?}"),
        },
        Ok(engine::Packet::Base64(text)) => {
            let mut out = [0; 100];
            let bytes = engine::decode_base64(text, &mut out).unwrap();
            one(Err(bytes), assembler)
        }
        Ok(other) => format!("{other:?}"),
        Err(error) => format!("{error:?}"),
    }
}

/// The table of odd packets in the crate's documentation, row by row. Where a layer above decides, the packet is read.
#[test]
fn odd_packets_give_what_the_table_says() {
    let text = |text: &'static str| vec![(Ok(text), None)];
    let placeholder = r#"451-["x",{"_placeholder":true,"num":0}]"#;
    type Message = (Result<&'static str, &'static [u8]>, Option<&'static str>);
    let rows: Vec<(Vec<Message>, &str)> = vec![
        (text("2"), "Ping(\"\")"),
        (text("7"), "UnknownType"),
        (text(""), "Empty"),
        (text("2probe"), "Ping(\"probe\")"),
        (text("3"), "Pong(\"\")"),
        (text("0{}"), "Open(2 bytes)"),
        (text("5"), "Upgrade"),
        (text("6"), "Noop"),
        (text("1"), "Close"),
        (text("1x"), "Close"),
        (text("5x"), "Upgrade"),
        (text("6x"), "Noop"),
        (vec![(Ok("40"), Some("Connect /")), (Ok("40"), None)], "Connect /"),
        (text("44{}"), "ConnectError /"),
        (text(r#"42/none,["x"]"#), "Event /none \"x\""),
        (text("40/none,"), "Connect /none"),
        (text("40/none?a=b,"), "Connect /none?a=b"),
        (text("40[]"), "WrongPayload"),
        (text("40\"x\""), "WrongPayload"),
        (text("40/,"), "Connect /"),
        (text("40/"), "Connect /"),
        (text(r#"44/auth,{"message":"no","data":1}"#), "ConnectError /auth"),
        (text("41{}"), "UnexpectedPayload"),
        (vec![(Ok("41"), Some("Disconnect /")), (Ok("42[\"x\"]"), None)], "Event / \"x\""),
        (text("4 "), "UnknownType"),
        (text("4"), "Empty"),
        (text("401{}"), "UnexpectedId"),
        (text("411"), "UnexpectedId"),
        (text("441{}"), "UnexpectedId"),
        (text("42"), "MissingPayload"),
        (text("431"), "MissingPayload"),
        (text("44"), "MissingPayload"),
        (text("42[]"), "InvalidEventName"),
        (text("42[{}]"), "InvalidEventName"),
        (text("42[\"m\""), "InvalidJson"),
        (text("42abc[\"x\"]"), "InvalidJson"),
        (text("4abc"), "UnknownType"),
        (text("42{}"), "WrongPayload"),
        (text("44[]"), "WrongPayload"),
        (text("42[\"connect\"]"), "ReservedEventName"),
        (text("42[5,1]"), "Event / 5"),
        (text("43999[1]"), "Ack / 999"),
        (text("43[1]"), "Ack /"),
        (text("431{}"), "WrongPayload"),
        (text("44/none,\"text\""), "ConnectError /none"),
        (text("42007[\"x\"]"), "Event / 7 \"x\""),
        (text("42 1[\"x\"]"), "InvalidJson"),
        (text("42 [\"x\"]"), "InvalidJson"),
        (text("429007199254740993[\"x\"]"), "InvalidId"),
        (text("450-[\"x\"]"), "InvalidAttachments"),
        (text("451[\"x\"]"), "InvalidAttachments"),
        (text("45-[\"x\"]"), "InvalidAttachments"),
        (text("4511-[\"x\"]"), "TooManyAttachments"),
        (text("451e1-[\"x\"]"), "InvalidAttachments"),
        (text("450x1-[\"x\"]"), "InvalidAttachments"),
        (text("45 1-[\"x\"]"), "InvalidAttachments"),
        (vec![(Ok(placeholder), Some("BinaryEvent / \"x\"")), (Ok("42[\"x\"]"), None)], "AttachmentsDue"),
        (vec![(Err(&[1]), None)], "NoAttachmentDue"),
        (text("bAQID"), "NoAttachmentDue"),
        (text(r#"451-["x",{"_placeholder":true,"num":1}]"#), "InvalidPlaceholder"),
        (text(r#"451-["x",{"_placeholder":true,"num":-1}]"#), "InvalidPlaceholder"),
        (text(r#"451-["x",{"_placeholder":true,"num":0.5}]"#), "InvalidPlaceholder"),
        (text(r#"451-["x",{"_placeholder":true,"num":-0}]"#), "InvalidPlaceholder"),
        (text(r#"451-["x",{"_placeholder":true,"num":0,"y":{"_placeholder":true,"num":0}}]"#), "InvalidPlaceholder"),
        (text(r#"451-["x",{"y":{"_placeholder":true,"num":1},"y":0}]"#), "InvalidPlaceholder"),
        (vec![(Ok("451-[\"x\"]"), Some("BinaryEvent / \"x\"")), (Err(&[1]), None)], "attachment 0"),
        (vec![(Ok(placeholder), Some("BinaryEvent / \"x\"")), (Ok("bAQID"), None)], "attachment 0"),
        // A ping between a packet and its attachment.
        (vec![(Ok(placeholder), Some("BinaryEvent / \"x\"")), (Ok("2"), Some("Ping(\"\")")), (Err(&[]), None)], "attachment 0"),
        (text(r#"42["\ud800"]"#), r#"Event / "\ud800""#),
    ];
    for (messages, last) in rows {
        let mut assembler = Assembler::new(Limits::new());
        for &(message, expected) in &messages {
            assert_eq!(one(message, &mut assembler), expected.unwrap_or(last), "{messages:?}");
        }
    }
}

#[test]
fn errors_are_sentences_in_lower_case_and_differ() {
    let packet = PacketError::ALL.iter().map(|error| error.to_string());
    let engine = engine::EngineError::ALL.iter().map(|error| error.to_string());
    let push = engine::PushError::ALL.iter().map(|error| error.to_string());
    let base64 = engine::Base64Error::ALL.iter().map(|error| error.to_string());
    let json = sansocket_socketio::json::JsonError::ALL.iter().map(|error| error.to_string());
    let texts: Vec<String> = packet.chain(engine).chain(push).chain(base64).chain(json).collect();
    for text in &texts {
        assert!(text.starts_with(char::is_lowercase) && !text.ends_with('.'), "{text}");
    }
    // An empty packet is one in either layer.
    let distinct: std::collections::BTreeSet<&String> = texts.iter().collect();
    assert_eq!(distinct.len() + 2, texts.len());
}

#[test]
fn payload_of_a_packet_is_not_shown() {
    let packet = Packet::decode(r#"0{"token":"hunter2"}"#, Limits::new()).unwrap();
    let shown = format!("{packet:?}");
    assert!(!shown.contains("hunter2") && !shown.contains("token") && shown.contains("payload: 19"), "{shown}");
}
