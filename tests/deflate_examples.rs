//! RFC 7692 §7.2.3: the six examples, to both roles, at every split of the input and through every small window.
#![cfg(feature = "deflate")]
mod inflation;
mod support;

use inflation::{Delivered, deliver, open};
use sansocket::{Connection, DeflateDirection, DeflateParams, Inflater, MessageKind, Negotiated, Role};
use support::frames::*;
use support::{DEFAULT, ROLES};

/// Fragments of one message each, and its text.
type Example = (&'static [&'static [u8]], &'static str);

/// In the RFC's order: §7.2.3.2 refers to the message before it.
const EXAMPLES: [Example; 10] = [
    // §7.2.3.1, whole and in two fragments.
    (&[&[0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00]], "Hello"),
    (&[&[0xF2, 0x48, 0xCD], &[0xC9, 0xC9, 0x07, 0x00]], "Hello"),
    // §7.2.3.2
    (&[&[0xF2, 0x00, 0x11, 0x00, 0x00]], "Hello"),
    // §7.2.3.3
    (&[&[0x00, 0x05, 0x00, 0xFA, 0xFF, 0x48, 0x65, 0x6C, 0x6C, 0x6F, 0x00]], "Hello"),
    // §7.2.3.4, and without its last byte, as some send it.
    (&[&[0xF3, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00, 0x00]], "Hello"),
    (&[&[0xF3, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00]], "Hello"),
    // §7.2.3.5, whole and with an empty last frame.
    (&[&[0xF2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0xCA, 0xC9, 0xC9, 0x07, 0x00]], "Hello"),
    (&[&[0xF2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0xCA, 0xC9, 0xC9, 0x07, 0x00], &[]], "Hello"),
    // §7.2.3.6, and no byte at all.
    (&[&[0x00]], ""),
    (&[&[]], ""),
];

fn wire_of(receiver: Role, examples: &[Example]) -> Vec<u8> {
    let mut wire = Vec::new();
    for (fragments, _) in examples {
        for (i, payload) in fragments.iter().enumerate() {
            let fin = if i + 1 == fragments.len() { FIN } else { 0 };
            wire.extend(frame_to(receiver, fin | if i == 0 { 0x40 | TEXT } else { CONTINUATION }, payload));
        }
    }
    wire
}

fn texts(examples: &[Example]) -> Delivered {
    let messages = examples.iter().map(|(_, text)| (MessageKind::Text, text.as_bytes().to_vec())).collect();
    Delivered { messages, ..Delivered::default() }
}

/// B-13: all examples on one connection, cut in two at every place and byte by byte, with windows of 1 to 20
/// bytes, to a client and to a server.
#[test]
fn examples_of_the_rfc_at_every_split_through_every_window() {
    let mut history = vec![0; 1 << 15];
    for role in ROLES {
        let wire = wire_of(role, &EXAMPLES);
        for window in 1..=20 {
            let mut all_of = |cuts: &mut dyn Iterator<Item = usize>| {
                let mut inflater = Inflater::new(&mut history).unwrap();
                let delivered = deliver(&mut open(role, &DEFAULT), &mut inflater, &wire, cuts, window);
                assert_eq!(delivered, texts(&EXAMPLES), "{role:?}, window {window}");
            };
            all_of(&mut (1..wire.len()));
            (0..=wire.len()).for_each(|cut| all_of(&mut [cut].into_iter()));
        }
    }
}

/// any two of them after the first, in every order: each leaves the same history, the five bytes of the text, to the next.
#[test]
fn examples_of_the_rfc_in_every_order() {
    let mut history = vec![0; 1 << 8];
    let pairs = EXAMPLES.into_iter().flat_map(|first| EXAMPLES.map(|second| (first, second)));
    for ((first, second), role) in pairs.flat_map(|pair| ROLES.map(|role| (pair, role))) {
        let examples = [EXAMPLES[0], first, second, EXAMPLES[2]];
        let mut inflater = Inflater::new(&mut history).unwrap();
        let agreed = DeflateDirection { no_context_takeover: false, max_window_bits: 8 };
        let params = DeflateParams { server: agreed, client: agreed };
        let negotiated = Negotiated::NOTHING.with_deflate(params);
        let mut conn = Connection::open(role, &DEFAULT, Default::default(), negotiated, support::ms(0));
        let delivered = deliver(&mut conn, &mut inflater, &wire_of(role, &examples), [], 64);
        assert_eq!(delivered, texts(&examples));
    }
}
