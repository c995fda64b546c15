//! Events and acknowledgements: written argument after argument, and read with their placeholders.

use sansocket_socketio::json::{Value, ValueKind};
use sansocket_socketio::{
    EncodeError, EventWriter, Header, Kind, Limits, NeedsRoom, Packet, PacketError, Placeholder, Placeholders, placeholder,
};

fn placeholders(json: &str, attachments: u16) -> Vec<Result<u16, PacketError>> {
    let value = Value::parse(json).unwrap();
    Placeholders::new(value, attachments).map(|found| found.map(|found| found.num)).collect()
}

#[test]
fn events_and_acknowledgements_are_written() {
    let mut out = [0; 200];
    let event = EventWriter::event(&Header::event("/admin").with_id(13), "a \"b\"", &mut out);
    let text = event.text("c\n").number(-7).number(i64::MIN).json(" {\"d\": [null]} ").finish().unwrap();
    assert_eq!(text, r#"42/admin,13["a \"b\"","c\n",-7,-9223372036854775808,{"d": [null]}]"#);
    assert_eq!(EventWriter::event(&Header::event("/"), "", &mut out).finish(), Ok("42[\"\"]"));
    assert_eq!(EventWriter::ack(&Header::ack("/", 0), &mut out).finish(), Ok("430[]"));
    assert_eq!(EventWriter::ack(&Header::ack("/x", 5), &mut out).text("a").number(0).finish(), Ok("43/x,5[\"a\",0]"));
}

#[test]
fn attachments_get_their_places_in_order() {
    let mut out = [0; 200];
    let header = Header::event("/").with_attachments(3);
    let text =
        EventWriter::event(&header, "x", &mut out).attachment().json(r#"[{"_placeholder":true,"num":2}]"#).attachment().finish();
    assert_eq!(
        text,
        Ok(r#"453-["x",{"_placeholder":true,"num":0},[{"_placeholder":true,"num":2}],{"_placeholder":true,"num":1}]"#)
    );
    let header = Header::ack("/", 1).with_attachments(1);
    assert_eq!(EventWriter::ack(&header, &mut out).attachment().finish(), Ok(r#"461-1[{"_placeholder":true,"num":0}]"#));
    assert_eq!(placeholder(0, &mut out), Ok(r#"{"_placeholder":true,"num":0}"#));
    assert_eq!(placeholder(u16::MAX, &mut [0; 33]).map(str::len), Ok(33));
    assert_eq!(placeholder(10, &mut [0; 29]), Err(NeedsRoom { bytes: 30 }));
}

#[test]
fn type_of_the_header_follows_from_what_is_written() {
    let mut out = [0; 100];
    let wrong = Header { kind: Kind::Connect, attachments: 1, namespace: "/", id: Some(1) };
    assert_eq!(EventWriter::event(&wrong, "x", &mut out).finish(), Ok("451-1[\"x\"]"));
    assert_eq!(EventWriter::ack(&Header { attachments: 0, ..wrong }, &mut out).finish(), Ok("431[]"));
}

#[test]
fn mistakes_are_told_at_the_end_and_the_first_one_counts() {
    use PacketError as E;
    let header = Header::event("/");
    let mut out = [0; 400];
    let mut check = |write: fn(EventWriter<'_>) -> EventWriter<'_>, header: Header<'_>, name: &str, error| {
        assert_eq!(write(EventWriter::event(&header, name, &mut out)).finish(), Err(EncodeError::Packet(error)));
        // That there is no room does not hide it.
        assert_eq!(write(EventWriter::event(&header, name, &mut [])).finish(), Err(EncodeError::Packet(error)));
    };
    check(|event| event, header, "disconnect", E::ReservedEventName);
    check(|event| event, Header { namespace: "x", ..header }, "x", E::InvalidNamespace);
    check(|event| event, header.with_id(1 << 53), "x", E::InvalidId);
    for (json, error) in [("", E::InvalidJson), ("1,2", E::InvalidJson), ("1]", E::InvalidJson), ("\"", E::InvalidJson)] {
        assert_eq!(EventWriter::event(&header, "x", &mut [0; 40]).json(json).finish(), Err(EncodeError::Packet(error)), "{json}");
    }
    check(|event| event.json("a").json("[").attachment(), header, "x", E::InvalidJson);
    check(|event| event.attachment(), header, "x", E::InvalidPlaceholder);
    check(|event| event.attachment().attachment().text("y"), header.with_attachments(1), "x", E::InvalidPlaceholder);
    check(|event| event.json(r#"{"_placeholder":true,"num":1}"#), header.with_attachments(1), "x", E::InvalidPlaceholder);
    assert_eq!(EventWriter::ack(&header, &mut [0; 40]).finish(), Err(EncodeError::Packet(E::InvalidId)));
    // In a plain event it is data.
    assert!(EventWriter::event(&header, "x", &mut [0; 90]).json(r#"{"_placeholder":true,"num":1}"#).finish().is_ok());
}

#[test]
fn argument_may_be_as_deep_as_the_packet_can_be() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    for (depth, expected) in [(31, Ok(())), (32, Err(EncodeError::Packet(PacketError::TooDeep)))] {
        let mut out = [0; 200];
        let text = EventWriter::event(&Header::event("/"), "x", &mut out).json(&nested(depth)).finish();
        assert_eq!(text.map(drop), expected);
        if let Ok(text) = text {
            assert!(Packet::decode(&text[1..], Limits::new()).is_ok());
        }
    }
}

#[test]
fn event_needs_exactly_the_room_that_it_says() {
    let write = |out: &mut [u8]| {
        let header = Header::event("/admin").with_id(10).with_attachments(1);
        let event = EventWriter::event(&header, "na\"me", out).text("\u{20ac}\n").number(-120).json("[1]").attachment();
        event.finish().map(str::to_owned)
    };
    let text = write(&mut [0; 200]).unwrap();
    for bytes in 0..text.len() {
        assert_eq!(write(&mut vec![0; bytes]), Err(EncodeError::NeedsRoom { bytes: text.len() }));
    }
    assert_eq!(write(&mut vec![0; text.len()]), Ok(text));
}

#[test]
fn placeholders_are_found_depth_first() {
    for (json, expected) in [
        (r#"["x"]"#, vec![]),
        (r#"[{"_placeholder":true,"num":0}]"#, vec![Ok(0)]),
        (r#"{"_placeholder":true,"num":0}"#, vec![Ok(0)]),
        // Out of order, twice, nested, after strings that look like some.
        (
            r#"["{\"_placeholder\":true,\"num\":4}",{"a":[{"num":2,"_placeholder":true}],"b":{"_placeholder":true,"num":0}},{ "_placeholder" : true , "num" : 2 }]"#,
            vec![Ok(2), Ok(0), Ok(2)],
        ),
        // Escaped names; other members beside; of the same name the last one.
        (r#"[{"\u005fplaceholder":true,"n\u0075m":1}]"#, vec![Ok(1)]),
        (r#"[{"_placeholder":true,"num":1,"x":{"y":[true]}}]"#, vec![Ok(1)]),
        (r#"[{"num":9,"_placeholder":false,"_placeholder":true,"num":1}]"#, vec![Ok(1)]),
        (r#"[{"_placeholder":true,"num":1,"_placeholder":false}]"#, vec![]),
        // None: not the value true.
        (
            r#"[{"_placeholder":1,"num":0},{"_placeholder":"true","num":0},{"placeholder":true,"num":0},["_placeholder",true]]"#,
            vec![],
        ),
        (r#"[{"_placeholder":false,"num":{"_placeholder":true,"num":0}}]"#, vec![Ok(0)]),
    ] {
        assert_eq!(placeholders(json, 3), expected, "{json}");
    }
    for num in ["3", "-1", "-0", "0.5", "1.0", "1e0", "\"1\"", "null", "true", "[1]", "65536", "99999999999999999999"] {
        let json = format!(r#"[{{"_placeholder":true,"num":{num}}}]"#);
        assert_eq!(placeholders(&json, 3), [Err(PacketError::InvalidPlaceholder)], "{json}");
    }
    assert_eq!(placeholders(r#"[{"_placeholder":true}]"#, 3), [Err(PacketError::InvalidPlaceholder)]);
    assert_eq!(placeholders(r#"[{"_placeholder":true,"num":0}]"#, 0), [Err(PacketError::InvalidPlaceholder)]);
    // An error is the last item.
    let json = r#"[{"_placeholder":true,"num":0},{"_placeholder":true},{"_placeholder":true,"num":1}]"#;
    assert_eq!(placeholders(json, 3), [Ok(0), Err(PacketError::InvalidPlaceholder)]);
    // One inside another.
    let json = r#"[{"_placeholder":true,"num":1,"x":[[{"_placeholder":true,"num":2}]]}]"#;
    assert_eq!(placeholders(json, 3), [Ok(2), Err(PacketError::InvalidPlaceholder)]);
    let json = r#"[{"_placeholder":true,"num":1,"x":{"_placeholder":true,"num":2},"y":{}}]"#;
    assert_eq!(placeholders(json, 3), [Ok(2), Err(PacketError::InvalidPlaceholder)]);
}

#[test]
fn placeholders_are_found_at_every_depth() {
    for depth in 1..=32 {
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            let inside = r#"{"_placeholder":true,"num":7}"#;
            let json = format!("{}{inside}{}", open.repeat(depth - 1), close.repeat(depth - 1));
            assert_eq!(placeholders(&json, 8), [Ok(7)], "{json}");
            assert_eq!(placeholders(&json, 7), [Err(PacketError::InvalidPlaceholder)], "{json}");
            let outside = json.replacen(open, r#"{"_placeholder":true,"num":0,"x":"#, 1);
            if depth > 1 && open == "{\"a\":" {
                assert_eq!(placeholders(&outside, 8), [Ok(7), Err(PacketError::InvalidPlaceholder)], "{outside}");
            }
        }
    }
}

#[test]
fn placeholders_say_where_they_stand() {
    let text = r#"52-["x", {"_placeholder":true,"num":1},{"y":{"num":0,"_placeholder":true}}]"#;
    let packet = Packet::decode(text, Limits::new()).unwrap();
    let found: Vec<Placeholder> = packet.placeholders().map(Result::unwrap).collect();
    let at: Vec<_> = found.iter().map(|one| (one.num, packet.json().get(one.start..one.end).unwrap())).collect();
    assert_eq!(at, [(1, r#"{"_placeholder":true,"num":1}"#), (0, r#"{"num":0,"_placeholder":true}"#)]);
    // In other packets they are data.
    assert_eq!(Packet::decode(&text.replacen("52-", "2", 1), Limits::new()).unwrap().placeholders().count(), 0);
    assert_eq!(Packet::decode("0", Limits::new()).unwrap().placeholders().count(), 0);
}

#[test]
fn names_and_arguments_are_walked() {
    let args = |text| Packet::decode(text, Limits::new()).unwrap().args().map(|arg| arg.as_json().to_owned()).collect::<Vec<_>>();
    let name = |text| Packet::decode(text, Limits::new()).unwrap().name().map(|name| (name.kind(), name.as_json().to_owned()));
    assert_eq!(args(r#"2["x",1,{"a":[2]},"b"]"#), ["1", r#"{"a":[2]}"#, "\"b\""]);
    assert_eq!(args(r#"2["x"]"#), [""; 0]);
    assert_eq!(args("31[]"), [""; 0]);
    assert_eq!(args(r#"31["x",1]"#), ["\"x\"", "1"]);
    assert_eq!(args(r#"61-1[{"_placeholder":true,"num":0}]"#), [r#"{"_placeholder":true,"num":0}"#]);
    assert_eq!(args(r#"0{"a":[1]}"#), [""; 0]);
    assert_eq!(args(r#"4"x""#), [""; 0]);
    assert_eq!(name(r#"2[ "x" ,1]"#), Some((ValueKind::Text, "\"x\"".to_owned())));
    assert_eq!(name("2[5,1]"), Some((ValueKind::Number, "5".to_owned())));
    assert_eq!(name(r#"31["x"]"#), None);
    assert_eq!(name(r#"0{"a":1}"#), None);
    assert_eq!(name("1"), None);
}

#[test]
fn replies_of_servers_are_read() {
    let packet = Packet::decode(r#"0{"sid":"oSO0OpakMV_3jnilAAAA","pid":"p"}"#, Limits::new()).unwrap();
    assert_eq!(
        packet.payload().and_then(|payload| payload.get("sid")).and_then(|sid| sid.text()).unwrap(),
        "oSO0OpakMV_3jnilAAAA"
    );
    let packet = Packet::decode(r#"4/x,{"message":"Invalid namespace"}"#, Limits::new()).unwrap();
    assert_eq!(packet.payload().unwrap().get("message").unwrap().text().unwrap(), "Invalid namespace");
    assert_eq!(Packet::decode("0", Limits::new()).unwrap().payload(), None);
}
