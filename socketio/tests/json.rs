//! JSON: what is valid, and what is found in it.

mod support;

use proptest::prelude::*;
use sansocket_socketio::NeedsRoom;
use sansocket_socketio::json::{JsonError, MAX_DEPTH, Text, Value, ValueKind, escape};
use serde_json::value::RawValue;
use support::{json, mutated};

#[test]
fn values_of_each_kind_are_valid() {
    for (json, kind) in [
        ("null", ValueKind::Null),
        ("true", ValueKind::Bool),
        (" false\r\n", ValueKind::Bool),
        ("0", ValueKind::Number),
        ("-0", ValueKind::Number),
        ("10.050", ValueKind::Number),
        ("-1.5e+10", ValueKind::Number),
        ("0e0", ValueKind::Number),
        ("1E-07", ValueKind::Number),
        ("123456789012345678901234567890", ValueKind::Number),
        ("\"\"", ValueKind::Text),
        ("\"\u{7f}\u{80}\u{20ac}\u{1f600}\"", ValueKind::Text),
        (r#""\"\\\/\b\f\n\r\t\u00e4\uD83D\ude00""#, ValueKind::Text),
        ("[]", ValueKind::Array),
        ("\t[ ] ", ValueKind::Array),
        ("[1 , \"]\",[[]]]", ValueKind::Array),
        ("{}", ValueKind::Object),
        ("{ }", ValueKind::Object),
        ("{\"a\" : 1 , \"\\u0061\":[{}]}", ValueKind::Object),
    ] {
        let value = Value::parse(json).unwrap_or_else(|error| panic!("{json}: {error}"));
        assert_eq!(value.kind(), kind, "{json}");
        assert_eq!(value.as_json(), json.trim_matches([' ', '\t', '\r', '\n']));
    }
}

#[test]
fn each_fault_has_its_error() {
    use JsonError as E;
    for (json, error) in [
        ("", E::UnexpectedEnd),
        (" ", E::UnexpectedEnd),
        ("[", E::UnexpectedEnd),
        ("[1", E::UnexpectedEnd),
        ("[1,", E::UnexpectedEnd),
        ("{\"a\"", E::UnexpectedEnd),
        ("{\"a\":", E::UnexpectedEnd),
        ("\"a", E::UnexpectedEnd),
        ("\"\\", E::UnexpectedEnd),
        ("\"\\u12", E::UnexpectedEnd),
        ("tru", E::UnexpectedEnd),
        ("True", E::UnexpectedByte),
        ("nulL", E::UnexpectedByte),
        ("undefined", E::UnexpectedByte),
        ("NaN", E::UnexpectedByte),
        ("'a'", E::UnexpectedByte),
        ("\u{feff}1", E::UnexpectedByte),
        ("\u{a0}1", E::UnexpectedByte),
        ("[1}", E::UnexpectedByte),
        ("{\"a\":1]", E::UnexpectedByte),
        ("[,]", E::UnexpectedByte),
        ("[1,]", E::UnexpectedByte),
        ("[1 2]", E::UnexpectedByte),
        ("{,}", E::UnexpectedByte),
        ("{\"a\":1,}", E::UnexpectedByte),
        ("{\"a\",1}", E::UnexpectedByte),
        ("{a:1}", E::UnexpectedByte),
        ("{1:1}", E::UnexpectedByte),
        ("[1/**/]", E::UnexpectedByte),
        ("+1", E::UnexpectedByte),
        (".5", E::UnexpectedByte),
        ("01", E::InvalidNumber),
        ("-", E::InvalidNumber),
        ("-a", E::InvalidNumber),
        ("-01", E::InvalidNumber),
        ("1.", E::InvalidNumber),
        ("1.e1", E::InvalidNumber),
        ("1e", E::InvalidNumber),
        ("1e+", E::InvalidNumber),
        ("[1e,2]", E::InvalidNumber),
        ("1e1.5", E::TrailingBytes),
        ("0x1", E::TrailingBytes),
        ("1 2", E::TrailingBytes),
        ("[]]", E::TrailingBytes),
        ("{}\0", E::TrailingBytes),
        ("\"\\a\"", E::InvalidEscape),
        ("\"\\u12g4\"", E::InvalidEscape),
        ("\"\\U0041\"", E::InvalidEscape),
        ("\"\\\u{e4}\"", E::InvalidEscape),
        ("\"a\nb\"", E::ControlCharacter),
        ("\"\0\"", E::ControlCharacter),
        ("[\"\u{1f}\"]", E::ControlCharacter),
    ] {
        assert_eq!(Value::parse(json), Err(error), "{json:?}");
    }
}

/// Each byte of ASCII after a backslash, and as a digit of a `\u`.
#[test]
fn only_the_escapes_of_the_rfc_are_valid() {
    for char in (0..=0x7F_u8).map(char::from) {
        let is_valid = "\"\\/bfnrt".contains(char);
        assert_eq!(Value::parse(&format!("\"\\{char}\"")).is_ok(), is_valid, "{char:?}");
        assert_eq!(Value::parse(&format!("\"\\{char}0000\"")).is_ok(), is_valid || char == 'u', "{char:?}");
        for digits in [format!("{char}000"), format!("000{char}")] {
            let is_valid = char.is_ascii_hexdigit();
            assert_eq!(Value::parse(&format!("\"\\u{digits}\"")).is_ok(), is_valid, "{char:?}");
        }
    }
}

#[test]
fn depth_has_a_limit_for_arrays_objects_and_both() {
    for (open, inner, close) in
        [("[", "1", "]"), ("{\"a\":", "1", "}"), ("[", "[]", "]"), ("[", "{}", "]"), ("[{\"a\":[ ", "", "]}]")]
    {
        for depth in 1..50 {
            let inside = usize::from(inner.len() == 2);
            let unit = if open.len() > 5 { 3 } else { 1 };
            let json = format!("{}{inner}{}", open.repeat(depth), close.repeat(depth));
            let fits = depth * unit + inside <= usize::try_from(MAX_DEPTH).unwrap();
            assert_eq!(Value::parse(&json).map(drop), if fits { Ok(()) } else { Err(JsonError::TooDeep) }, "{json}");
        }
    }
    // Side by side they do not count.
    assert!(Value::parse(&format!("[{}[]]", "[[]],{\"a\":{}},".repeat(1_000))).is_ok());
}

/// The bits that tell arrays from objects are kept at every depth.
#[test]
fn ends_are_matched_at_every_depth() {
    for kinds in 0..1_u32 << 10 {
        let (mut open, mut close) = (String::new(), Vec::new());
        for level in 0..32 {
            let is_object = kinds >> (level % 10) & 1 == 1;
            open += if is_object { "{\"\":" } else { "[" };
            close.insert(0, if is_object { '}' } else { ']' });
        }
        let close: String = close.into_iter().collect();
        assert!(Value::parse(&format!("{open}0{close}")).is_ok());
        let at = usize::try_from(kinds % 32).unwrap();
        let wrong: String =
            close.char_indices().map(|(i, end)| if i == at { if end == ']' { '}' } else { ']' } } else { end }).collect();
        assert_eq!(Value::parse(&format!("{open}0{wrong}")), Err(JsonError::UnexpectedByte));
    }
}

#[test]
fn items_and_members_are_found_in_their_order() {
    let json = r#" [1 ,"a,]\"", [2,[3]] ,{"b":[4],"c":{"d":5}}, null,true ] "#;
    let items: Vec<_> = Value::parse(json).unwrap().items().map(|item| item.as_json()).collect();
    assert_eq!(items, ["1", r#""a,]\"""#, "[2,[3]]", r#"{"b":[4],"c":{"d":5}}"#, "null", "true"]);
    let json = r#"{ "a" : 1,"b}" :{"c":"}"} , "a":[2] ,"\"":null}"#;
    let value = Value::parse(json).unwrap();
    let members: Vec<_> = value.members().map(|(key, value)| (key.raw(), value.as_json())).collect();
    assert_eq!(members, [("a", "1"), ("b}", r#"{"c":"}"}"#), ("a", "[2]"), (r#"\""#, "null")]);
    assert_eq!(value.get("a").map(|value| value.as_json()), Some("[2]"), "the last one counts");
    assert_eq!(value.get("\"").map(|value| value.kind()), Some(ValueKind::Null));
    assert_eq!(value.get("c"), None);
    for other in ["{}", "[]", "1", "\"a\"", "null"] {
        let value = Value::parse(other).unwrap();
        assert_eq!((value.items().count(), value.members().count(), value.get("a")), (0, 0, None), "{other}");
    }
    assert_eq!(Value::parse("[1,2]").unwrap().members().count(), 0);
    assert_eq!(Value::parse("{\"a\":1}").unwrap().items().count(), 0);
}

#[test]
fn numbers_are_plain_digits_up_to_what_javascript_counts_to() {
    for (json, number) in [
        ("0", Some(0)),
        ("25000", Some(25_000)),
        ("9007199254740991", Some(9_007_199_254_740_991)),
        ("9007199254740992", None),
        ("99999999999999999999999", None),
        ("-0", None),
        ("-1", None),
        ("1.0", None),
        ("1e3", None),
        ("\"1\"", None),
        ("true", None),
        ("[1]", None),
    ] {
        assert_eq!(Value::parse(json).unwrap().as_u64(), number, "{json}");
    }
    assert_eq!(
        ["true", "false", "null", "1"].map(|json| Value::parse(json).unwrap().as_bool()),
        [Some(true), Some(false), None, None]
    );
}

#[test]
fn strings_are_read_without_their_escapes() {
    let read = |json| Value::parse(json).unwrap().text().map(|text| text.to_string());
    for (json, expected) in [
        (r#""""#, ""),
        (r#""a\"\\\/b""#, "a\"\\/b"),
        (r#""\b\f\n\r\t""#, "\u{8}\u{c}\n\r\t"),
        (r#""\u0041\u00e4\u20AC""#, "A\u{e4}\u{20ac}"),
        (r#""\ud83d\ude00x""#, "\u{1f600}x"),
        (r#""\uD800\uDC00\uDBFF\uDFFF""#, "\u{10000}\u{10ffff}"),
        (r#""\u0000""#, "\0"),
        (r#""\\u0041""#, "\\u0041"),
        // Halves of pairs.
        (r#""\ud83d""#, "\u{fffd}"),
        (r#""\ude00a""#, "\u{fffd}a"),
        (r#""\ud83dx\ude00""#, "\u{fffd}x\u{fffd}"),
        (r#""\ud83d\n""#, "\u{fffd}\n"),
        (r#""\ud83d\u0041""#, "\u{fffd}A"),
        (r#""\ud83d\ud83d\ude00""#, "\u{fffd}\u{1f600}"),
        (r#""\ude00\ud83d""#, "\u{fffd}\u{fffd}"),
    ] {
        assert_eq!(read(json).as_deref(), Some(expected), "{json}");
        let text = Value::parse(json).unwrap().text().unwrap();
        assert!(text == expected && text != "other" && text == *expected);
        assert_eq!(text.as_plain(), (!json.contains('\\')).then_some(expected));
        // As long as it was is always enough.
        assert_eq!(text.unescape(&mut vec![0; text.raw().len()]), Ok(expected));
        assert_eq!(text.unescape(&mut vec![0; expected.len()]), Ok(expected));
        if let Some(less) = expected.len().checked_sub(1) {
            assert_eq!(text.unescape(&mut vec![0; less]), Err(NeedsRoom { bytes: expected.len() }));
        }
    }
    assert_eq!(["1", "null", "[\"a\"]", "{}"].map(read), [None, None, None, None]);
    assert_eq!(Text::plain("a\u{20ac}/").unwrap(), "a\u{20ac}/");
    assert!(["a\"", "\\", "\n", "\u{1f}"].iter().all(|text| Text::plain(text).is_none()));
}

#[test]
fn each_byte_of_a_long_string_is_looked_at() {
    for len in 0..40 {
        let plain = "~".repeat(len);
        assert_eq!(Text::plain(&plain).map(|text| text.raw()), Some(&*plain));
        for at in 0..len {
            let with = |text: &str| [plain.get(..at).unwrap(), text, plain.get(at + 1..).unwrap()].concat();
            for byte in 0..=0x7F_u8 {
                let text = with(char::from(byte).encode_utf8(&mut [0; 1]));
                let is_plain = byte >= 0x20 && byte != b'"' && byte != b'\\';
                assert_eq!(Text::plain(&text).is_some(), is_plain, "{byte} at {at} of {len}");
                let json = ["\"", &text, "\""].concat();
                assert_eq!(Value::parse(&json).is_ok(), is_plain, "{byte} at {at} of {len}");
                let mut out = [0; 60];
                assert_eq!(Value::parse(escape(&text, &mut out).unwrap()).unwrap().text().unwrap(), *text);
            }
            assert!(Text::plain(&with("\u{a2}\u{dc}\u{20ac}\u{1f600}")).is_some());
        }
    }
}

#[test]
fn every_character_is_escaped_where_it_must_be_and_found_again() {
    for char in (0..=0x10_FFFF).filter_map(char::from_u32).filter(|&char| u32::from(char) < 0x900 || u32::from(char) % 97 == 0) {
        let (plain, mut out) = (format!("a{char}b"), [0; 20]);
        let escaped = escape(&plain, &mut out).unwrap();
        assert_eq!(escaped, serde_json::to_string(&plain).unwrap());
        assert_eq!(Value::parse(escaped).unwrap().text().unwrap(), plain.as_str());
        let bytes = escaped.len();
        assert_eq!(escape(&plain, &mut [0; 20][..bytes - 1]), Err(NeedsRoom { bytes }));
    }
}

/// What another reader makes of a value.
fn assert_same(ours: Value<'_>, theirs: &serde_json::Value) {
    match theirs {
        serde_json::Value::Null => assert_eq!(ours.kind(), ValueKind::Null),
        serde_json::Value::Bool(value) => assert_eq!(ours.as_bool(), Some(*value)),
        serde_json::Value::Number(number) => {
            assert_eq!(ours.kind(), ValueKind::Number);
            if let Some(expected) = number.as_u64().filter(|&number| number < 1 << 53) {
                assert_eq!(ours.as_u64(), Some(expected));
            }
        }
        serde_json::Value::String(text) => {
            assert_eq!(ours.kind(), ValueKind::Text);
            assert_eq!(ours.text().unwrap(), text.as_str());
        }
        serde_json::Value::Array(items) => {
            assert_eq!(ours.kind(), ValueKind::Array);
            assert_eq!(ours.items().count(), items.len());
            ours.items().zip(items).for_each(|(ours, theirs)| assert_same(ours, theirs));
        }
        serde_json::Value::Object(members) => {
            assert_eq!(ours.kind(), ValueKind::Object);
            assert!(ours.members().all(|(name, _)| members.contains_key(&name.to_string())));
            members.iter().for_each(|(name, theirs)| assert_same(ours.get(name).unwrap(), theirs));
        }
    }
}

fn assert_agreement(json: &str) {
    let ours = Value::parse(json);
    let theirs = serde_json::from_str::<&RawValue>(json);
    match (ours, &theirs) {
        (Ok(ours), Ok(theirs)) => assert_eq!(ours.as_json(), theirs.get()),
        (Err(JsonError::TooDeep), _) | (Err(_), Err(_)) => {}
        _ => panic!("{json:?}: {ours:?}, {theirs:?}"),
    }
    // That reader refuses more: lone surrogates, and numbers that are too large.
    if let (Ok(ours), Ok(theirs)) = (ours, serde_json::from_str(json)) {
        assert_same(ours, &theirs);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn valid_json_is_accepted_and_read_as_another_reader_does(json in json()) {
        prop_assert!(Value::parse(&json).is_ok());
        assert_agreement(&json);
    }

    #[test]
    fn mutated_json_is_accepted_where_another_reader_does(json in mutated(json(), "[]{},:\"\\ue+-.01x\n \u{20ac}d8")) {
        assert_agreement(&json);
    }

    #[test]
    fn any_text_is_escaped_and_found_again(text: String) {
        let mut out = vec![0; 2 + 6 * text.len()];
        let escaped = escape(&text, &mut out).unwrap();
        prop_assert_eq!(Value::parse(escaped).unwrap().text().unwrap().to_string(), text);
    }
}
