//! Engine.IO: packets, handshakes and bodies.

use sansocket_socketio::NeedsRoom;
use sansocket_socketio::engine::{EngineError, Handshake, Packet, PayloadWriter, PushError, packets};
use sansocket_socketio::json::Text;

#[test]
fn each_type_of_packet_is_read_and_written() {
    for (text, packet) in [
        ("0{}", Packet::Open("{}")),
        ("0", Packet::Open("")),
        ("1", Packet::Close),
        ("2", Packet::Ping("")),
        ("2probe", Packet::Ping("probe")),
        ("3", Packet::Pong("")),
        ("3probe", Packet::Pong("probe")),
        ("4", Packet::Message("")),
        ("42[\"x\"]", Packet::Message("2[\"x\"]")),
        ("4\u{20ac}", Packet::Message("\u{20ac}")),
        ("5", Packet::Upgrade),
        ("6", Packet::Noop),
        ("bAQID", Packet::Base64("AQID")),
        ("b", Packet::Base64("")),
    ] {
        assert_eq!(Packet::decode(text), Ok(packet));
        assert_eq!(packet.encode(&mut [0; 20]), Ok(text));
    }
    assert_eq!(Packet::Binary(&[1, 2, 3, 4]).encode(&mut [0; 20]), Ok("bAQIDBA=="));
}

#[test]
fn payload_of_packets_that_have_none_is_ignored() {
    for (text, packet) in [("1x", Packet::Close), ("5probe", Packet::Upgrade), ("6\u{e4}", Packet::Noop)] {
        assert_eq!(Packet::decode(text), Ok(packet));
    }
}

#[test]
fn empty_and_unknown_packets_are_refused() {
    assert_eq!(Packet::decode(""), Err(EngineError::Empty));
    for text in ["7", "9", "abc", "B", " 4", "-", "\u{e4}4", "\0", "\u{1e}"] {
        assert_eq!(Packet::decode(text), Err(EngineError::UnknownType), "{text:?}");
    }
}

#[test]
fn packets_need_exactly_the_room_that_they_say() {
    for packet in [Packet::Close, Packet::Ping("probe"), Packet::Message("\u{20ac}"), Packet::Binary(&[1; 5])] {
        let bytes = packet.encoded_len();
        assert_eq!(packet.encode(&mut vec![0; bytes]).map(str::len), Ok(bytes));
        assert_eq!(packet.encode(&mut vec![0; bytes - 1]), Err(NeedsRoom { bytes }));
        assert_eq!(packet.encode(&mut []), Err(NeedsRoom { bytes }));
    }
}

/// What the reference and python-socketio send, and servers before `maxPayload`.
#[test]
fn handshakes_of_servers_are_read() {
    for (json, can_upgrade, max_payload) in [
        (
            r#"{"sid":"abc-_9","upgrades":["websocket"],"pingInterval":300,"pingTimeout":200,"maxPayload":1000000}"#,
            true,
            Some(1_000_000),
        ),
        (r#"{"sid": "abc-_9", "upgrades": [], "pingTimeout": 200, "pingInterval": 300, "maxPayload": 5}"#, false, Some(5)),
        (r#"{"sid":"abc-_9","upgrades":["webtransport"],"pingInterval":300,"pingTimeout":200}"#, false, None),
        (
            r#" {"x":[{"sid":1}],"pingInterval":300,"upgrades":["a","websocket","b"],"pingTimeout":200,"s\u0069d":"abc-_9","y":"}"} "#,
            true,
            None,
        ),
        // Of members with the same name the last one counts.
        (
            r#"{"sid":"x","upgrades":[1],"pingInterval":"1","pingTimeout":200,"sid":"abc-_9","upgrades":[],"pingInterval":300}"#,
            false,
            None,
        ),
    ] {
        let sid = Text::plain("abc-_9").unwrap();
        let expected = Handshake { sid, can_upgrade, ping_interval_ms: 300, ping_timeout_ms: 200, max_payload };
        assert_eq!(Handshake::parse(json), Ok(expected), "{json}");
    }
}

#[test]
fn handshakes_with_a_fault_are_refused_by_its_name() {
    use EngineError as E;
    let good = r#"{"sid":"a","upgrades":[],"pingInterval":1,"pingTimeout":9007199254740991,"maxPayload":0}"#;
    assert!(Handshake::parse(good).is_ok());
    for (from, to, error) in [
        (good, "", E::InvalidHandshake),
        (good, "[]", E::InvalidHandshake),
        (good, "null", E::InvalidHandshake),
        ("}", "", E::InvalidHandshake),
        ("}", "}}", E::InvalidHandshake),
        ("sid", "side", E::InvalidSid),
        ("\"a\"", "\"\"", E::InvalidSid),
        ("\"a\"", "1", E::InvalidSid),
        ("upgrades", "up", E::InvalidUpgrades),
        ("[]", "{}", E::InvalidUpgrades),
        ("[]", "[\"websocket\",1]", E::InvalidUpgrades),
        ("pingInterval", "pinginterval", E::InvalidPingInterval),
        (":1,", ":\"1\",", E::InvalidPingInterval),
        (":1,", ":1.0,", E::InvalidPingInterval),
        (":1,", ":1e3,", E::InvalidPingInterval),
        (":1,", ":-1,", E::InvalidPingInterval),
        ("740991", "740992", E::InvalidPingTimeout),
        ("740991", "740991000000000000000000", E::InvalidPingTimeout),
        ("\"pingTimeout\":9007199254740991,", "", E::InvalidPingTimeout),
        (":0}", ":null}", E::InvalidMaxPayload),
        (":0}", ":-0}", E::InvalidMaxPayload),
    ] {
        let json = good.replacen(from, to, 1);
        assert_eq!(Handshake::parse(&json), Err(error), "{json}");
    }
}

#[test]
fn handshake_is_written_as_the_reference_writes_it() {
    let handshake = Handshake {
        sid: Text::plain("s").unwrap(),
        can_upgrade: true,
        ping_interval_ms: 25_000,
        ping_timeout_ms: 20_000,
        max_payload: Some(1_000_000),
    };
    let json = r#"{"sid":"s","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#;
    assert_eq!(handshake.encode(&mut [0; 200]), Ok(json));
    assert_eq!(handshake.encode(&mut [0; 200][..json.len() - 1]), Err(NeedsRoom { bytes: json.len() }));
    assert_eq!(Handshake::parse(json), Ok(handshake));
    let least = Handshake { can_upgrade: false, ping_interval_ms: 0, ping_timeout_ms: u64::MAX, max_payload: None, ..handshake };
    let json = r#"{"sid":"s","upgrades":[],"pingInterval":0,"pingTimeout":18446744073709551615}"#;
    assert_eq!(least.encode(&mut [0; 200]), Ok(json));
    assert!(!format!("{handshake:?}").contains("sid"), "the sid is a secret");
}

#[test]
fn bodies_are_cut_at_their_separators() {
    let message = |text| Ok(Packet::Message(text));
    for (body, expected) in [
        ("4a", vec![message("a")]),
        ("4a\u{1e}2\u{1e}bAQ==", vec![message("a"), Ok(Packet::Ping("")), Ok(Packet::Base64("AQ=="))]),
        ("4\u{1f}\u{20ac}\u{1e}4", vec![message("\u{1f}\u{20ac}"), message("")]),
        ("", vec![Err(EngineError::Empty)]),
        ("\u{1e}4a", vec![Err(EngineError::Empty)]),
        ("4a\u{1e}", vec![message("a"), Err(EngineError::Empty)]),
        ("4a\u{1e}\u{1e}4b", vec![message("a"), Err(EngineError::Empty)]),
        ("4a\u{1e}x\u{1e}4b", vec![message("a"), Err(EngineError::UnknownType)]),
    ] {
        assert_eq!(packets(body).collect::<Vec<_>>(), expected, "{body:?}");
    }
}

#[test]
fn body_takes_packets_up_to_max_payload_and_no_byte_more() {
    // 4ab, a separator, bAQ==
    for (max_payload, room, second) in
        [(9, 20, Ok(())), (8, 20, Err(PushError::Full)), (20, 9, Ok(())), (20, 8, Err(PushError::Full))]
    {
        let mut out = [0; 20];
        let mut body = PayloadWriter::new(&mut out[..room], max_payload);
        assert!(body.is_empty());
        assert_eq!(body.push(&Packet::Message("ab")), Ok(()));
        assert_eq!(body.push(&Packet::Binary(&[1])), second);
        assert!(!body.is_empty());
        assert_eq!(body.finish(), if second.is_ok() { "4ab\u{1e}bAQ==" } else { "4ab" });
    }
}

#[test]
fn packet_that_no_body_can_hold_is_told_apart_from_a_full_body() {
    let mut out = [0; 10];
    let mut body = PayloadWriter::new(&mut out, 4);
    assert_eq!(body.push(&Packet::Message("abcd")), Err(PushError::TooLong));
    assert_eq!(body.push(&Packet::Message("abc")), Ok(()));
    assert_eq!(body.push(&Packet::Noop), Err(PushError::Full));
    assert_eq!(body.push(&Packet::Message("abcd")), Err(PushError::TooLong));
    assert_eq!(body.finish(), "4abc");
    assert_eq!(PayloadWriter::new(&mut [], 4).push(&Packet::Noop), Err(PushError::TooLong));
    assert_eq!(PayloadWriter::new(&mut [], 4).finish(), "");
    let mut out = [0; 2];
    assert_eq!(PayloadWriter::new(&mut out, u64::MAX).push(&Packet::Message("a")), Ok(()));
}

#[test]
fn packet_with_a_separator_in_it_goes_into_no_body() {
    let mut out = [0; 30];
    let mut body = PayloadWriter::new(&mut out, 30);
    for text in ["\u{1e}", "a\u{1e}b"] {
        for packet in [Packet::Message(text), Packet::Ping(text), Packet::Pong(text), Packet::Open(text), Packet::Base64(text)] {
            assert_eq!(body.push(&packet), Err(PushError::Separator));
        }
    }
    assert_eq!(body.push(&Packet::Binary(b"\x1e")), Ok(()));
    assert_eq!(body.finish(), "bHg==");
}

#[test]
fn what_users_send_is_not_shown() {
    let mut out = [0; 30];
    let mut body = PayloadWriter::new(&mut out, 30);
    body.push(&Packet::Message("hunter2")).unwrap();
    let shown = format!("{:?} {:?} {:?} {body:?}", Packet::Message("hunter2"), Packet::Open("hunter2"), packets("4hunter2"));
    assert!(!shown.contains("hunter2") && shown.contains("Message(7 bytes)"), "{shown}");
    // The numbers of bytes.
    assert!(!format!("{body:?}").contains("104"), "{body:?}");
}
