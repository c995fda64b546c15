//! RFC 7692 §7.2: compressed messages that were changed on their way, and their ends.
#![cfg(feature = "deflate")]
mod inflation;
mod property;
mod support;

use inflation::{Bits, CODINGS, Delivered, deliver, open, zeros};
use property::{count, one_of, property};
use proptest::collection::vec;
use proptest::prelude::*;
use sansocket::ProtocolError::*;
use sansocket::{Compressor, Config, Deflate, Inflater, Level, MessageKind, Role};
use std::cell::Cell;
use support::frames::*;
use support::{DEFAULT, ROLES};

const COMPRESSED: u8 = 0x40 | BINARY;

/// What a message is to a connection of its own, byte by byte through a window of one byte and whole through a large one: both say the
/// same of it.
fn judge(role: Role, config: &Config<'_>, wire: &[u8]) -> Delivered {
    let [slow, fast] = [deliver_by(1, 1, role, config, wire), deliver_by(wire.len(), 4_096, role, config, wire)];
    assert_eq!((&slow.messages, slow.fault), (&fast.messages, fast.fault), "{wire:02x?}");
    // Of a message that fails, more comes out of small pieces.
    assert!(slow.open.starts_with(&fast.open), "{wire:02x?}");
    slow
}

fn deliver_by(step: usize, window: usize, role: Role, config: &Config<'_>, wire: &[u8]) -> Delivered {
    let mut history = vec![0; 1 << 15];
    let mut inflater = Inflater::new(&mut history).unwrap();
    deliver(&mut open(role, config), &mut inflater, wire, (step..wire.len()).step_by(step), window)
}

/// Streams of each kind of block: by hand, and from our compressor.
fn streams() -> Vec<Vec<u8>> {
    let mut streams: Vec<_> = CODINGS.map(|coding| zeros(coding, 600).ended()).to_vec();
    streams.push(Bits::default().put_stored(b"Hello").put_empty_fixed().put_stored(b"").put_stored(b"Hello").ended());
    let text = "the same words, again and again; the same words, and then some: 0123456789. ".repeat(4);
    for level in [Level::Fast, Level::Default, Level::Best] {
        let mut memory = vec![0; Compressor::memory_len(15, level).unwrap()];
        let mut compressor = Compressor::new(15, level, &mut memory).unwrap();
        let mut output = vec![0; 1_000];
        let progress = Deflate::compress(&mut compressor, text.as_bytes(), &mut output, true);
        assert!(progress.done);
        streams.push(output[..progress.produced].to_vec());
    }
    streams
}

/// X-13, B-14: one byte of a stream changed to every other value, at every position: the message is delivered, or the connection fails with
/// InvalidDeflate (1007); how it is cut makes no difference, and nothing panics.
#[test]
fn changed_byte_gives_a_message_or_invalid_deflate() {
    let (mut good, mut bad) = (0, 0);
    for (number, stream) in streams().iter().enumerate() {
        let role = ROLES[number % 2];
        assert_eq!(judge(role, &DEFAULT, &frame_to(role, FIN | COMPRESSED, stream)).fault, None);
        for at in 0..stream.len() {
            // What is in a stored block is as good as anything else: a few places are enough.
            if stream.len() > 400 && at > 40 && at + 40 < stream.len() {
                continue;
            }
            for change in 1..=255 {
                let mut changed = stream.clone();
                changed[at] ^= change;
                let wire = frame_to(role, FIN | COMPRESSED, &changed);
                // Byte by byte takes long: for single bits only.
                let delivered = match u8::is_power_of_two(change) {
                    true => judge(role, &DEFAULT, &wire),
                    false => deliver_by(wire.len(), 4_096, role, &DEFAULT, &wire),
                };
                match delivered.fault {
                    None => assert_eq!((delivered.messages.len(), delivered.open.len()), (1, 0), "{changed:02x?}"),
                    Some(fault) => assert_eq!((fault, delivered.messages.len()), (InvalidDeflate, 0), "{changed:02x?}"),
                }
                let counted = if delivered.fault.is_none() { &mut good } else { &mut bad };
                *counted += 1;
            }
        }
    }
    assert!(good > 5_000 && bad > 20_000, "{good} good, {bad} bad");
}

/// a stream that ends inside a block is refused, and so is one with any further byte that begins no block. The
/// policy of D5: one whose bytes 00 00 FF FF were not removed is refused (1007), although zlib would take it and only fail at the next.
#[test]
fn message_ends_with_its_flush_and_nothing_else() {
    for role in ROLES {
        for stream in streams() {
            // The header of a stored block is all that a flush leaves, so that one cut off after it is a message.
            let has_stored_block = stream[0] & 6 == 0;
            for cut in if has_stored_block { 2..6 } else { 1..stream.len() - 1 } {
                let delivered = judge(role, &DEFAULT, &frame_to(role, FIN | COMPRESSED, &stream[..cut]));
                assert_eq!(delivered.fault, Some(InvalidDeflate), "{cut} of {stream:02x?}");
            }
            for tail in [&[0, 0, 0xFF, 0xFF][..], &[0, 0, 0xFF], &[0, 0], &[0], &[0xFF], &[0, 0, 0xFF, 0xFF, 0xFF]] {
                let whole = [&stream, tail].concat();
                let delivered = judge(role, &DEFAULT, &frame_to(role, FIN | COMPRESSED, &whole));
                assert_eq!(delivered.fault, Some(InvalidDeflate), "{tail:02x?} after {stream:02x?}");
            }
            // With the byte that begins another flush it is a message of one empty block more.
            let whole = [&stream[..], &[0, 0, 0xFF, 0xFF, 0]].concat();
            assert_eq!(judge(role, &DEFAULT, &frame_to(role, FIN | COMPRESSED, &whole)).fault, None);
        }
        // The close code of the policy.
        let mut wire = frame_to(role, FIN | COMPRESSED, &[0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00, 0, 0, 0xFF, 0xFF]);
        let (mut history, mut window, mut out) = (vec![0; 1 << 15], [0; 64], [0; 131]);
        let mut inflater = Inflater::new(&mut history).unwrap();
        let mut conn = open(role, &DEFAULT);
        let first = conn.receive_with(support::ms(0), &mut wire, &mut inflater, &mut window, &mut out).unwrap();
        let consumed = first.consumed;
        let rest = &mut wire[consumed..];
        let failed = conn.receive_with(support::ms(0), rest, &mut inflater, &mut window, &mut out).unwrap();
        let produced = failed.produced;
        assert_eq!(plain(&written_by(role, &out[..produced])), [(FIN | CLOSE, vec![0x03, 0xEF])]);
    }
}

/// text of every kind of invalid UTF-8 fails at its first bad byte: through a window of one byte, all before that byte came, and it
/// did not; also if the rest of the message has not arrived.
#[test]
fn bad_text_fails_at_its_first_bad_byte() {
    let bad: [&[u8]; 9] = [
        b"\x80",
        b"\xC3(",
        b"\xC0\x80",
        b"\xE2\x82(",
        b"\xE0\x80\x80",
        b"\xED\xA0\x80",
        b"\xF0\x9F\x98(",
        b"\xF4\x90\x80\x80",
        b"\xF5\x80\x80\x80",
    ];
    for role in ROLES {
        for (bad, before) in
            bad.into_iter().flat_map(|bad| ["", "a", "\u{E9}\u{20AC}", "\u{1F980}--"].map(|before| (bad, before)))
        {
            let text = [before.as_bytes(), bad, b" and more of it"].concat();
            let is_bad = |len: &usize| std::str::from_utf8(&text[..*len]).is_err_and(|error| error.error_len().is_some());
            let good = (1..).find(is_bad).unwrap() - 1;
            let mut fixed = Bits::default();
            fixed.put(2, 3);
            for &byte in &text {
                match byte {
                    0..144 => fixed.put_code(0x30 + u32::from(byte), 8),
                    _ => fixed.put_code(0x190 + u32::from(byte) - 144, 9),
                };
            }
            fixed.put_code(0, 7);
            for payload in [Bits::default().put_stored(&text).ended(), fixed.ended()] {
                // Without FIN: the fault does not wait for the end.
                for fin in [FIN, 0] {
                    let delivered = judge(role, &DEFAULT, &frame_to(role, fin | 0x40 | TEXT, &payload));
                    assert_eq!(delivered.fault, Some(InvalidUtf8), "{text:02x?}");
                    assert_eq!(delivered.open, text[..good], "{text:02x?}");
                }
            }
        }
        // A message that ends inside a character fails at its end.
        for cut in 1..4 {
            let text = &"\u{1F980}".as_bytes()[..cut];
            let wire = frame_to(role, FIN | 0x40 | TEXT, &Bits::default().put_stored(text).ended());
            assert_eq!(judge(role, &DEFAULT, &wire).fault, Some(InvalidUtf8));
        }
    }
}

/// One step of a conversation.
#[derive(Clone, Debug)]
struct Step {
    text: String,
    is_compressed: bool,
    fragment: usize,
    room: usize,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let character = || one_of(&['a', 'b', ' ', '\u{E9}', '\u{20AC}', '\u{8A9E}', '\u{1F980}']);
    let text = prop_oneof![vec(character(), 0..12), vec(character(), 0..200)].prop_map(String::from_iter);
    let step = (text, any::<bool>(), 1..20_usize, 32..90_usize);
    vec(step.prop_map(|(text, is_compressed, fragment, room)| Step { text, is_compressed, fragment, room }), 1..9)
}

/// random texts, some compressed and some not, in fragments that end inside characters, through windows of a few
/// bytes and in random pieces: all come as they were sent. The compressed ones are the same on the wire without the plain ones between
/// them, which leave the history alone.
#[test]
fn plain_messages_leave_the_history_alone() {
    let (compressed, plain_between) = (Cell::new(0), Cell::new(0));
    let cuts = vec(any::<prop::sample::Index>(), 0..5);
    property(500, (cuts, property::role(), 1..6_usize, steps()), |(cuts, role, window, steps)| {
        let send = |all: bool| {
            let mut memory = vec![0; Compressor::memory_len(15, Level::Fast).unwrap()];
            let mut compressor = Compressor::new(15, Level::Fast, &mut memory).unwrap();
            // With keys of its own for each message, the wire of a client would differ.
            let mut sender = open(Role::Server, &DEFAULT);
            let mut wires = Vec::new();
            for step in steps.iter().filter(|step| all || step.is_compressed) {
                let (mut wire, mut from, bytes) = (Vec::new(), 0, step.text.as_bytes());
                loop {
                    let to = bytes.len().min(from + step.fragment);
                    let fin = to == bytes.len();
                    let mut out = vec![0; step.room];
                    let (consumed, produced, done) = if step.is_compressed {
                        let payload = &bytes[from..to];
                        let sent = sender.send_with(&mut compressor, MessageKind::Text, payload, fin, &mut out).unwrap();
                        (sent.consumed, sent.produced, sent.done)
                    } else {
                        (to - from, sender.send(MessageKind::Text, &bytes[from..to], fin, &mut out).unwrap(), true)
                    };
                    wire.extend_from_slice(&out[..produced]);
                    from += consumed;
                    if done && fin {
                        break;
                    }
                }
                wires.push((step.is_compressed, wire));
            }
            wires
        };
        let wires = send(true);
        let alone: Vec<_> = wires.iter().filter(|(is_compressed, _)| *is_compressed).cloned().collect();
        assert_eq!(alone, send(false));
        if alone.len() > 1 && alone.len() < wires.len() {
            count(&plain_between);
        }
        count(&compressed);
        // To a server the same frames go masked.
        let mut wire = Vec::new();
        for frame in written_by(Role::Server, &wires.into_iter().flat_map(|(_, wire)| wire).collect::<Vec<_>>()) {
            wire.extend(frame_to(role, frame.first, &frame.payload));
        }
        let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(wire.len() + 1)).collect();
        cuts.sort_unstable();
        let mut history = vec![0; 1 << 15];
        let mut inflater = Inflater::new(&mut history).unwrap();
        let delivered = deliver(&mut open(role, &DEFAULT), &mut inflater, &wire, cuts, window);
        let expected: Vec<_> = steps.iter().map(|step| (MessageKind::Text, step.text.clone().into_bytes())).collect();
        assert_eq!((delivered.fault, delivered.messages), (None, expected));
    });
    assert!(plain_between.get() > 100, "{plain_between:?} of {compressed:?}");
}
