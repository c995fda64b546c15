//! Random JSON texts.

use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::sample::select;

/// Valid JSON with blanks and escapes, nested a few levels.
pub(crate) fn json() -> impl Strategy<Value = String> {
    let scalar = prop_oneof![
        select(vec!["null", "true", "false", "0", "-0", "7", "-1.5", "1e3", "2E-9", "12.50e+1", "9007199254740993"])
            .prop_map(str::to_owned),
        any::<i64>().prop_map(|number| number.to_string()),
        string(),
    ];
    scalar.prop_recursive(5, 40, 5, |inner| {
        let items = proptest::collection::vec((blanks(), inner.clone(), blanks()), 0..5);
        let members = proptest::collection::vec((blanks(), string(), blanks(), inner, blanks()), 0..5);
        prop_oneof![
            (items, blanks()).prop_map(|(items, blanks)| {
                let items: Vec<_> = items.iter().map(|(before, item, after)| format!("{before}{item}{after}")).collect();
                format!("[{}]", if items.is_empty() { blanks.to_owned() } else { items.join(",") })
            }),
            (members, blanks()).prop_map(|(members, blanks)| {
                let members: Vec<_> = members.iter().map(|(a, key, b, value, c)| format!("{a}{key}{b}:{b}{value}{c}")).collect();
                format!("{{{}}}", if members.is_empty() { blanks.to_owned() } else { members.join(",") })
            }),
            // What binary packets have in them.
            (0..12_u16).prop_map(|num| format!("{{\"_placeholder\":true,\"num\":{num}}}")),
        ]
    })
}

/// A string in quotes.
fn string() -> impl Strategy<Value = String> {
    let piece = select(vec![
        "a",
        "num",
        "_placeholder",
        "\u{e4}",
        "\u{20ac}",
        "\u{1f600}",
        "\\n",
        "\\\"",
        "\\\\",
        "\\/",
        "\\u00e4",
        "\\u20AC",
        "\\ud83d\\ude00",
        "{",
        "]",
        ",",
        "\u{7f}",
    ]);
    proptest::collection::vec(piece, 0..4).prop_map(|pieces| format!("\"{}\"", pieces.concat()))
}

fn blanks() -> impl Strategy<Value = &'static str> {
    prop_oneof![8 => Just(""), 1 => select(vec![" ", "\t", "\n\r", "  "])]
}

/// A few characters of a text are taken out, put in or exchanged.
pub(crate) fn mutated(text: impl Strategy<Value = String>, alphabet: &'static str) -> impl Strategy<Value = String> {
    let alphabet: Vec<char> = alphabet.chars().collect();
    let edits = proptest::collection::vec((any::<proptest::sample::Index>(), 0..3_u8, select(alphabet)), 0..4);
    (text, edits).prop_map(|(text, edits)| {
        let mut chars: Vec<char> = text.chars().collect();
        for (at, kind, char) in edits {
            let at = at.index(chars.len() + 1);
            match kind {
                0 => chars.insert(at, char),
                1 if at < chars.len() => drop(chars.remove(at)),
                _ if at < chars.len() => chars[at] = char,
                _ => {}
            }
        }
        chars.into_iter().collect()
    })
}
