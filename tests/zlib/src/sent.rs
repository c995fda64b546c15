//! What a connection sends compressed, zlib reads; and what zlib makes of a message, however it grows, a connection takes at its limit.

use crate::inputs::{self, Message, Size, one_of, size};
use crate::zlib::{self, Flushes, Settings};
use crate::{Tally, connections};
use proptest::collection::vec;
use proptest::prelude::*;
use sansocket::{
    Compressor, Config, Connection, DeflateDirection, DeflateParams, Inflater, Instant, Level, MessageKind, Negotiated, Role,
};

#[derive(Clone, Debug)]
pub(crate) struct Case {
    role: Role,
    agreed: DeflateDirection,
    /// A compressor may have a smaller window than agreed.
    bits: u8,
    level: Level,
    garbage: u8,
    messages: Vec<Sent>,
    /// Of zlib in the other direction.
    settings: Settings,
}

#[derive(Clone, Debug)]
struct Sent {
    message: Message,
    /// How much of the rest goes into the next fragments, after which comes all.
    fragments: Vec<Size>,
    room: usize,
    flushes: Flushes,
}

pub(crate) fn cases() -> impl Strategy<Value = Case> {
    let message = prop_oneof![3 => inputs::message(100), 2 => inputs::message(3_000), 1 => inputs::message(60_000)];
    let room = prop_oneof![32..=80_usize, 32..=10_000_usize];
    let sent = (message, vec(size(), 0..5), room, zlib::flushes()).prop_map(|(message, fragments, room, flushes)| Sent {
        message,
        fragments,
        room,
        flushes,
    });
    let agreed = (any::<bool>(), 8..=15_u8)
        .prop_map(|(no_context_takeover, max_window_bits)| DeflateDirection { no_context_takeover, max_window_bits });
    let level = one_of(&[Level::Fast, Level::Default, Level::Best]);
    let role = one_of(&[Role::Client, Role::Server]);
    (role, agreed, 8..=15_u8, level, any::<u8>(), vec(sent, 1..=8), zlib::settings()).prop_map(
        |(role, agreed, bits, level, garbage, messages, settings)| Case {
            role,
            agreed,
            bits: bits.min(agreed.max_window_bits),
            level,
            garbage,
            messages,
            settings,
        },
    )
}

pub(crate) fn check(case: &Case) -> Tally {
    let mut tally = Tally::default();
    let config = Config::new();
    let params = DeflateParams { server: case.agreed, client: case.agreed };
    let negotiated = Negotiated::NOTHING.with_deflate(params);
    let mut sender = Connection::open(case.role, &config, connections::Keys(0), negotiated, Instant::from_millis(0));
    let mut memory = vec![case.garbage; Compressor::memory_len(case.bits, case.level).expect("8 to 15 bits")];
    let mut compressor = Compressor::new(case.bits, case.level, &mut memory).expect("enough memory");
    let mut reader = zlib::Inflater::new(case.agreed.max_window_bits);
    let mut history = vec![case.garbage; 1 << 15];
    for Sent { message, fragments, room, flushes } in &case.messages {
        let message = message.bytes();
        let (mut rest, mut payload, mut is_first) = (&message[..], Vec::new(), true);
        for fragment in fragments.iter().chain([&Size::ALL]) {
            let part = fragment.of(rest.len());
            let fin = part == rest.len();
            let mut out = vec![0; *room];
            let mut fragment;
            (fragment, rest) = rest.split_at(part);
            loop {
                let sent = sender.send_with(&mut compressor, MessageKind::Binary, fragment, fin, &mut out).expect("send_with");
                take_frame(&out[..sent.produced], case.role, &mut is_first, fin && sent.done, &mut payload);
                fragment = &fragment[sent.consumed..];
                if sent.done {
                    break;
                }
            }
            if fin {
                break;
            }
        }
        let mut inflated = Vec::new();
        assert!(reader.inflate(&payload, &mut inflated) && reader.finish_message(), "zlib refuses what was sent");
        assert!(inflated == message, "{} bytes inflated by zlib to {} others", message.len(), inflated.len());
        if case.agreed.no_context_takeover {
            reader.reset();
        }

        // L-06: the limit on compressed bytes leaves room for whatever zlib makes of a message.
        let payload = zlib::Deflater::new(case.settings).message(flushes, &message);
        let mut inflater = Inflater::new(&mut history).expect("a window of 15 bits");
        let limit = message.len() as u64;
        let received = connections::receive_one_at(limit, case.role, &mut inflater, &payload);
        assert!(received == Ok(message), "{limit} bytes, {} compressed: {:?}", payload.len(), received.err());
        tally.add_message(inflated.len());
    }
    tally
}

/// The payload of the frame that a call of `send_with` wrote, if it wrote one.
fn take_frame(wire: &[u8], role: Role, is_first: &mut bool, ends: bool, payload: &mut Vec<u8>) {
    let [first, second, ..] = *wire else {
        assert!(wire.is_empty() && !ends, "{wire:02x?}");
        return;
    };
    assert_eq!(first, u8::from(ends) << 7 | if *is_first { 0x42 } else { 0 }, "FIN, RSV1 and opcode");
    *is_first = false;
    let (len, start) = match second & 0x7F {
        126 => (usize::from(u16::from_be_bytes([wire[2], wire[3]])), 4),
        127 => panic!("a frame of more than 64 KiB"),
        len => (usize::from(len), 2),
    };
    assert_eq!(second & 0x80 != 0, role == Role::Client, "the mask bit");
    let (key, start) = match role {
        Role::Client => (<[u8; 4]>::try_from(&wire[start..start + 4]).expect("four bytes"), start + 4),
        Role::Server => ([0; 4], start),
    };
    assert_eq!(wire.len() - start, len, "one frame and nothing after it");
    payload.extend(wire[start..].iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key));
}
