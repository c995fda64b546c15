//! Packets of Engine.IO and Socket.IO and their JSON, read by the library and a second time here, with another reader of JSON; and a trip
//! through what writes them.

use sansocket_socketio::engine::{self, Handshake, PayloadWriter, base64_len, decode_base64, packets};
use sansocket_socketio::json::{JsonError, MAX_DEPTH, MAX_SAFE_INTEGER, Value as Ours, ValueKind, escape};
use sansocket_socketio::{Assembler, EventWriter, Kind, Limits, NeedsRoom, Packet, PacketError, RESERVED_EVENTS};
use serde_json::Value;
use serde_json::value::RawValue;

/// A text that may be JSON.
pub fn socketio_json(&text: &&str) {
    let ours = Ours::parse(text);
    match (ours, serde_json::from_str::<&RawValue>(text)) {
        (Ok(ours), Ok(theirs)) => assert_eq!(ours.as_json(), theirs.get()),
        (Err(JsonError::TooDeep), _) | (Err(_), Err(_)) => {}
        (ours, theirs) => panic!("{ours:?}, expected {theirs:?}"),
    }
    // The other reader has no place for lone surrogates and numbers that are too large.
    if let (Ok(ours), Ok(theirs)) = (ours, serde_json::from_str(text)) {
        assert_same(ours, &theirs);
        assert!(depth(&theirs) <= limit());
    } else if let (Err(JsonError::TooDeep), Ok(theirs)) = (ours, serde_json::from_str(text)) {
        assert!(depth(&theirs) > limit());
    }
    // Any text can be a string.
    let mut out = vec![0; 2 + 6 * text.len()];
    let escaped = escape(text, &mut out).unwrap();
    assert_eq!(escaped, serde_json::to_string(text).unwrap());
    assert_eq!(Ours::parse(escaped).unwrap().text().unwrap(), text);
    let bytes = escaped.len();
    assert_eq!(escape(text, &mut vec![0; bytes - 1]), Err(NeedsRoom { bytes }));
}

fn limit() -> usize {
    usize::try_from(MAX_DEPTH).unwrap()
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(members) => 1 + members.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

fn assert_same(ours: Ours<'_>, theirs: &Value) {
    let kind = match theirs {
        Value::Null => ValueKind::Null,
        Value::Bool(value) => {
            assert_eq!(ours.as_bool(), Some(*value));
            ValueKind::Bool
        }
        Value::Number(number) => {
            let plain = ours.as_json().bytes().all(|byte| byte.is_ascii_digit());
            assert_eq!(ours.as_u64(), number.as_u64().filter(|&number| plain && number <= MAX_SAFE_INTEGER));
            ValueKind::Number
        }
        Value::String(text) => {
            let ours = ours.text().unwrap();
            assert_eq!(ours, text.as_str());
            assert_eq!(ours.unescape(&mut vec![0; ours.raw().len()]), Ok(text.as_str()));
            ValueKind::Text
        }
        Value::Array(items) => {
            assert_eq!(ours.items().count(), items.len());
            ours.items().zip(items).for_each(|(ours, theirs)| assert_same(ours, theirs));
            ValueKind::Array
        }
        Value::Object(members) => {
            assert!(ours.members().all(|(name, _)| members.contains_key(&name.to_string())));
            members.iter().for_each(|(name, theirs)| assert_same(ours.get(name).unwrap(), theirs));
            ValueKind::Object
        }
    };
    assert_eq!(ours.kind(), kind);
}

/// A text that may be an Engine.IO packet, the JSON of a handshake, or a body of several packets.
pub fn socketio_engine(&text: &&str) {
    let known = text.starts_with(['0', '1', '2', '3', '4', '5', '6', 'b']);
    assert_eq!(engine::Packet::decode(text).is_ok(), known);
    let read: Vec<_> = packets(text).collect();
    let good = read.iter().map_while(|packet| packet.ok());
    // As far as they are good, one for each part; and after a wrong one none.
    let parts: Vec<&str> = text.split('\u{1e}').collect();
    assert!(good.clone().eq(parts.iter().map_while(|part| engine::Packet::decode(part).ok())));
    assert!(read.len() == good.clone().count() + usize::from(read.iter().any(Result::is_err)));
    // Joined again, they read the same.
    let mut out = vec![0; text.len()];
    let mut body = PayloadWriter::new(&mut out, u64::MAX);
    good.clone().for_each(|packet| body.push(&packet).unwrap());
    let body = body.finish();
    assert!(good.clone().count() == 0 || packets(body).map(Result::unwrap).eq(good.clone()));
    for packet in good {
        assert_packet(packet);
    }
}

fn assert_packet(packet: engine::Packet<'_>) {
    let bytes = packet.encoded_len();
    let mut out = vec![0; bytes];
    assert_eq!(packet.encode(&mut out[1..]), Err(NeedsRoom { bytes }));
    assert_eq!(engine::Packet::decode(packet.encode(&mut out).unwrap()), Ok(packet));
    match packet {
        engine::Packet::Open(json) => assert_handshake(json),
        engine::Packet::Base64(text) => {
            use base64::Engine;
            let theirs = base64::engine::general_purpose::STANDARD.decode(text);
            let mut out = vec![0; base64_len(text)];
            let ours = decode_base64(text, &mut out);
            assert_eq!(ours.ok(), theirs.ok().as_deref());
            if let Ok(bytes) = ours {
                assert_eq!(bytes.len(), base64_len(text));
                let mut out = vec![0; 1 + text.len()];
                let again = engine::Packet::Binary(bytes).encode(&mut out).unwrap();
                assert_eq!(engine::Packet::decode(again), Ok(packet));
            }
        }
        _ => {}
    }
}

fn assert_handshake(json: &str) {
    let ours = Handshake::parse(json);
    if let Ok(handshake) = ours {
        let mut out = vec![0; json.len() + 200];
        assert_eq!(Handshake::parse(handshake.encode(&mut out).unwrap()), ours);
    }
    let Ok(theirs) = serde_json::from_str::<Value>(json) else { return };
    let plain = |name| theirs.get(name).and_then(Value::as_u64).filter(|&number| number <= MAX_SAFE_INTEGER);
    let is_good = depth(&theirs) <= limit()
        && theirs.get("sid").and_then(Value::as_str).is_some_and(|sid| !sid.is_empty())
        && theirs.get("upgrades").and_then(Value::as_array).is_some_and(|names| names.iter().all(Value::is_string))
        && plain("pingInterval").is_some()
        && plain("pingTimeout").is_some()
        && (theirs.get("maxPayload").is_none() || plain("maxPayload").is_some());
    assert_eq!(ours.is_ok(), is_good, "{ours:?}");
}

/// A text that may be a Socket.IO packet.
pub fn socketio_packet(&text: &&str) {
    let limits = Limits::new();
    let packet = Packet::decode(text, limits);
    let expected = naive(text);
    match (&packet, &expected) {
        // What the second reading does not judge.
        (_, Some(None)) | (Err(_), None) => {}
        (Ok(packet), Some(Some(parts))) => {
            let id = packet.id();
            assert_eq!(&(packet.kind(), packet.attachments(), packet.namespace(), id), &parts.0);
            match (packet.payload(), &parts.1) {
                (None, None) => {}
                (Some(ours), Some(theirs)) => assert_same(ours, theirs),
                (ours, theirs) => panic!("{ours:?}, expected {theirs:?}"),
            }
        }
        (Err(PacketError::InvalidPlaceholder), Some(Some(_))) => {
            assert!(text.char_indices().any(|(at, _)| Ours::parse(&text[at..]).is_ok_and(has_duplicates)));
        }
        (packet, expected) => panic!("{packet:?}, expected {expected:?}"),
    }
    let mut assembler = Assembler::new(limits);
    assert_eq!(assembler.text(text), packet);
    let Ok(packet) = packet else { return };
    assert_eq!(assembler.due(), packet.attachments());
    let mut out = vec![0; text.len() + 2];
    let written = packet.encode(&mut out).unwrap();
    assert_eq!(Packet::decode(written, limits), Ok(packet));
    assert!(packet.placeholders().all(|one| one.is_ok_and(|one| one.num < packet.attachments())));
    // Argument after argument it is the same again, but for blanks between them.
    let mut out = vec![0; 2 * text.len() + 100];
    let writer = match packet.name().map(|name| name.text()) {
        Some(Some(name)) => EventWriter::event(packet.header(), &name.to_string(), &mut out),
        None if packet.kind().is_ack() && packet.id().is_some() => EventWriter::ack(packet.header(), &mut out),
        _ => return,
    };
    // (A lone surrogate in a name was made another character, which is longer.)
    let written = packet.args().fold(writer, |writer, arg| writer.json(arg.as_json())).finish().unwrap();
    let again = Packet::decode(&written[1..], limits).unwrap();
    assert_eq!(again.header(), packet.header());
    assert!(again.args().eq(packet.args()));
}

type Front<'a> = (Kind, u16, &'a str, Option<u64>);

/// `None` if it is no packet. `Some(None)` if the other reader of JSON cannot say what is in it.
fn naive(text: &str) -> Option<Option<(Front<'_>, Option<Value>)>> {
    let mut chars = text.chars();
    let kinds = [Kind::Connect, Kind::Disconnect, Kind::Event, Kind::Ack, Kind::ConnectError, Kind::BinaryEvent, Kind::BinaryAck];
    let kind = *kinds.get(usize::try_from(chars.next()?.to_digit(10)?).ok()?)?;
    let mut rest = chars.as_str();
    let mut attachments = 0;
    if kind.is_binary() {
        let (count, after) = rest.split_once('-')?;
        attachments = plain(count).filter(|count| (1..=10).contains(count))?;
        rest = after;
    }
    let mut namespace = "/";
    if rest.starts_with('/') {
        (namespace, rest) = rest.split_once(',').unwrap_or((rest, ""));
    }
    let json = rest.trim_start_matches(|char: char| char.is_ascii_digit());
    let digits = &rest[..rest.len() - json.len()];
    let id = if digits.is_empty() { None } else { Some(plain(digits)?) };
    let front = (kind, u16::try_from(attachments).unwrap(), namespace, id);
    if matches!(kind, Kind::Connect | Kind::Disconnect | Kind::ConnectError) && id.is_some()
        || json.starts_with([' ', '\t', '\n', '\r'])
    {
        return None;
    }
    if json.is_empty() {
        return matches!(kind, Kind::Connect | Kind::Disconnect).then_some(Some((front, None)));
    }
    serde_json::from_str::<&RawValue>(json).ok()?;
    let Ok(value) = serde_json::from_str::<Value>(json) else { return Some(None) };
    let is_good = match kind {
        Kind::Connect => value.is_object(),
        Kind::Disconnect => false,
        Kind::ConnectError => value.is_object() || value.is_string(),
        Kind::Ack | Kind::BinaryAck => value.is_array(),
        Kind::Event | Kind::BinaryEvent => match value.get(0) {
            Some(Value::String(name)) => !RESERVED_EVENTS.contains(&&name[..]),
            Some(Value::Number(_)) => value.is_array(),
            _ => false,
        },
    };
    let are_placed = attachments == 0 || are_placed(&value, attachments);
    (is_good && are_placed && depth(&value) <= limit()).then_some(Some((front, Some(value))))
}

/// Whether every placeholder names an attachment, and has none in it. (A number that is written otherwise than in plain digits is no integer
/// to the other reader.)
fn are_placed(value: &Value, attachments: u64) -> bool {
    match value {
        Value::Object(members) if is_placeholder(members) => {
            let num = members.get("num").and_then(Value::as_u64);
            num.is_some_and(|num| num < attachments) && !members.values().any(has_placeholder)
        }
        Value::Object(members) => members.values().all(|value| are_placed(value, attachments)),
        Value::Array(items) => items.iter().all(|value| are_placed(value, attachments)),
        _ => true,
    }
}

fn is_placeholder(members: &serde_json::Map<String, Value>) -> bool {
    members.get("_placeholder") == Some(&Value::Bool(true))
}

fn has_placeholder(value: &Value) -> bool {
    match value {
        Value::Object(members) => is_placeholder(members) || members.values().any(has_placeholder),
        Value::Array(items) => items.iter().any(has_placeholder),
        _ => false,
    }
}

/// Whether an object in it has two members of the same name: the other reader drops the first.
fn has_duplicates(value: Ours<'_>) -> bool {
    let mut names: Vec<_> = value.members().map(|(name, _)| name.to_string()).collect();
    names.sort();
    names.windows(2).any(|pair| pair[0] == pair[1])
        || value.members().any(|(_, value)| has_duplicates(value))
        || value.items().any(has_duplicates)
}

fn plain(digits: &str) -> Option<u64> {
    let is_plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let digits = digits.trim_start_matches('0');
    let number = if digits.is_empty() { Some(0) } else { digits.parse().ok() };
    number.filter(|&number| is_plain && number <= MAX_SAFE_INTEGER)
}
