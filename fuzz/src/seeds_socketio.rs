//! The seeds of the targets for Engine.IO and Socket.IO.

use crate::input::Wire;
use crate::seeds::Seeds;

impl Seeds {
    pub(crate) fn socketio(&mut self) {
        self.texts("socketio_engine", ENGINE);
        self.texts("socketio_packet", PACKETS);
        self.texts("socketio_json", JSON);
    }

    fn texts(&mut self, target: &'static str, texts: &[(&str, &str)]) {
        for (name, text) in texts {
            self.add(target, name, &Wire(text.as_bytes()));
        }
    }
}

const ENGINE: &[(&str, &str)] = &[
    (
        "open",
        r#"0{"sid":"lv_VI97HAXpY6yYWAAAC","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#,
    ),
    ("open-other-order", r#"0{"pingTimeout":1,"x":{"sid":[]},"upgrades":[ ],"s\u0069d":"\n","pingInterval":9007199254740991}"#),
    ("open-bad-number", r#"0{"sid":"a","upgrades":[],"pingInterval":1.0,"pingTimeout":1}"#),
    ("probe", "2probe"),
    ("body", "4hello\u{1e}2\u{1e}4\u{20ac}\u{1e}6\u{1e}1\u{1e}5"),
    ("body-binary", "bAQIDBA==\u{1e}bAQ==\u{1e}b\u{1e}b+/A="),
    ("body-bad-base64", "bAQI\u{1e}bAR==\u{1e}bA-_A"),
    ("body-empty-packet", "4a\u{1e}\u{1e}4b"),
    ("unknown", "7"),
];

const PACKETS: &[(&str, &str)] = &[
    ("connect", r#"0/admin,{"token":"123"}"#),
    ("connect-no-comma", "0/random"),
    ("disconnect", "1/admin,"),
    ("event", r#"2/admin,13["bar",{"a":[1,null,"\u00e4"]},-1.5e3]"#),
    ("event-number", "2[5,1]"),
    ("event-reserved", r#"2["\u0063onnect"]"#),
    ("ack", "3/admin,13[]"),
    ("refused", r#"4/none,{"message":"Invalid namespace"}"#),
    ("refused-string", r#"4"no""#),
    ("binary", r#"52-/a?b=c,7["baz",{"_placeholder":true,"num":1},{"a":[{"num":0,"_placeholder":true}]}]"#),
    ("binary-out-of-range", r#"51-["baz",{"_placeholder":true,"num":1}]"#),
    ("binary-nested", r#"51-["x",{"_placeholder":true,"num":0,"y":[{"_placeholder":true,"num":0}]}]"#),
    ("binary-replaced", r#"51-["x",{"y":{"_placeholder":true,"num":1},"y":0}]"#),
    ("binary-ack", r#"61-456[{"_placeholder":true,"num":0}]"#),
    ("eleven", r#"511-["x"]"#),
    ("exponent", r#"51e1-["x"]"#),
    ("id-too-large", r#"29007199254740992["x"]"#),
    ("zeros", r#"501-007["x"]"#),
    ("blank", r#"2 ["x"]"#),
    ("surrogate", r#"21["\ud800","\ud83d\ude00"]"#),
];

const JSON: &[(&str, &str)] = &[
    ("object", r#" { "a" : [ 1 , -0.5e+10 , true ] , "b" : { } , "a" : null } "#),
    ("strings", r#"["\"\\\/\b\f\n\r\t\u00e4\uD83D\ude00","\ud800","ä€😀"]"#),
    ("numbers", "[0,-0,1.5,1e3,2E-9,9007199254740991,9007199254740992]"),
    ("bad-numbers", "[01]"),
    ("bad-escape", r#""\x""#),
    ("bad-comma", "[1,]"),
    ("control", "\"\u{1f}\""),
    ("deep-32", "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]"),
    ("deep-33", "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]"),
    ("mixed", r#"[{"a":[{"b":[{"c":{}}]}]}]"#),
    ("trailing", "{}{}"),
];
