//! RFC 7692 §8, RFC 6455 §10.4: what little on the wire can cost: bytes that come out, work, and memory.
#![cfg(feature = "deflate")]
mod inflation;
mod support;

use inflation::{Bits, CODINGS, Coding, Watched, deliver, open, zeros};
use sansocket::ProtocolError::{self, *};
use sansocket::{Compressor, Config, Level, MessageKind, Role};
use support::ROLES;
use support::frames::*;

const COMPRESSED: u8 = 0x40 | BINARY;

/// L-06: how many compressed bytes a message of `fragments` may have.
fn most_compressed(max_message_len: usize, fragments: usize) -> usize {
    max_message_len + max_message_len / 8 + max_message_len / 64 + 64 + 8 * fragments
}

/// A compressed message in frames of `len` bytes of payload.
fn frames_to(receiver: Role, payload: &[u8], len: usize) -> Vec<u8> {
    let mut wire = Vec::new();
    let count = payload.len().div_ceil(len);
    for (i, part) in payload.chunks(len).enumerate() {
        let first = if i == 0 { COMPRESSED } else { CONTINUATION };
        wire.extend(frame_to(receiver, first | if i + 1 == count { FIN } else { 0 }, part));
    }
    wire
}

/// X-17, L-05, B-12, B-14: zeros in blocks of each kind, up to 1 032 to 1, at limit - 1, limit, limit + 1 and beyond, as one frame and as many,
/// through windows of each size: a message above the limit is refused with at most one byte inflated beyond it; what follows, a block
/// that does not exist, is not looked at. The inflater is not called more often than windows are filled and frames come.
#[test]
fn bombs_end_at_the_limit_whatever_their_blocks() {
    for role in ROLES {
        for (coding, len) in CODINGS.into_iter().flat_map(|coding| [1, 1_000, 70_000].map(|len| (coding, len))) {
            let bits = zeros(coding, len);
            let payload = bits.ended();
            if coding == Coding::Dynamic && len == 70_000 {
                assert!(payload.len() * 500 < len, "{} bytes", payload.len());
            }
            for (max, frame_len) in
                [len / 2, len - 1, len, len + 1].into_iter().flat_map(|max| [payload.len(), 125].map(|len| (max, len)))
            {
                let config = Config::new().max_message_len(max as u64);
                for window in [if len > 1_000 { 300 } else { 1 }, 64, 4_096] {
                    let mut history = vec![0; 1 << 15];
                    let mut inflater = Watched::new(&mut history);
                    let mut conn = open(role, &config);
                    let mut wire = frames_to(role, &payload, frame_len);
                    wire.extend(frame_to(role, FIN | COMPRESSED, &[6]));
                    let delivered = deliver(&mut conn, &mut inflater, &wire, [], window);
                    let what = format!("{role:?}, {coding:?}, {len} under {max} in frames of {frame_len}, window {window}");
                    if max < len {
                        assert_eq!((delivered.fault, delivered.messages.len()), (Some(MessageTooLong), 0), "{what}");
                        assert!(delivered.open.len() <= max, "{what}");
                    } else {
                        assert_eq!(delivered.fault, Some(InvalidDeflate), "{what}");
                        assert_eq!(delivered.messages, [(MessageKind::Binary, vec![0; len])], "{what}");
                    }
                    assert!(inflater.produced <= max + 1, "{what}: {} came out", inflater.produced);
                    let frames = payload.len().div_ceil(frame_len) + 1;
                    // A frame is given in parts of the window's size or of 64 bytes.
                    let parts = payload.len() / window.max(64) + inflater.produced / window;
                    assert!(inflater.calls <= 2 * (parts + frames + 2), "{what}: {} calls", inflater.calls);
                }
            }
        }
    }
}

/// L-06, B-12: a message of blocks without data is refused from the header of the frame that passes the bound on
/// compressed bytes, at bound - 1, bound and bound + 1: before that frame nothing of it is inflated.
#[test]
fn compressed_bytes_that_bring_nothing_out_are_bounded() {
    for role in ROLES {
        for max in [0, 1, 1_000, 20_000] {
            let most = most_compressed(max, 1);
            let config = Config::new().max_message_len(max as u64);
            for (len, is_good) in [(most - 1, true), (most, true), (most + 1, false)] {
                let mut payload = [0, 0, 0, 0xFF, 0xFF].repeat(len / 5);
                // What is left: blocks of the fixed code with BFINAL have two bytes.
                payload.truncate((len - 1) / 5 * 5);
                let left = len - payload.len();
                payload.extend(match left {
                    1 => vec![0],
                    2 => vec![3, 0],
                    3 => vec![3, 0, 0],
                    4 => vec![3, 0, 3, 0],
                    _ => vec![3, 0, 3, 0, 0],
                });
                assert_eq!(payload.len(), len);
                let mut history = vec![0; 1 << 15];
                let mut inflater = Watched::new(&mut history);
                let wire = frame_to(role, FIN | COMPRESSED, &payload);
                let delivered = deliver(&mut open(role, &config), &mut inflater, &wire, [], 64);
                let what = format!("{role:?}, {len} bytes under {max}");
                if is_good {
                    assert_eq!((delivered.fault, delivered.messages), (None, vec![(MessageKind::Binary, vec![])]), "{what}");
                    assert_eq!((inflater.consumed, inflater.produced), (len, 0), "{what}");
                } else {
                    assert_eq!((delivered.fault, inflater.calls), (Some(MessageTooLong), 0), "{what}");
                }
            }
        }
    }
}

/// L-06: blocks without data that never end, stored ones and ones with the fixed code, with and without BFINAL, in frames of all
/// sizes: the connection fails after exactly the frames that the bound allows, and each byte was inflated once.
#[test]
fn endless_empty_blocks_end_at_the_bound() {
    let mut fixed = Bits::default();
    // Four of them end where a byte does.
    for _ in 0..4 {
        fixed.put_empty_fixed();
    }
    let blocks: [&[u8]; 4] = [&[0, 0, 0, 0xFF, 0xFF], &fixed.bytes, &[3, 0], &[1, 0, 0, 0xFF, 0xFF]];
    for (block, role) in blocks.into_iter().flat_map(|block| ROLES.map(|role| (block, role))) {
        for (max, count) in [0, 1_000, 50_000].into_iter().flat_map(|max| [2, 7, 100, 1_000].map(|count| (max, count))) {
            let payload = block.repeat(count);
            let config = Config::new().max_message_len(max as u64).max_empty_frames(u32::MAX).max_fragments(u32::MAX);
            // Up to eight bytes a fragment are free; L-07 and L-09 bound those.
            if payload.len() <= 8 {
                continue;
            }
            let allowed = (0..).find(|n| (n + 1) * payload.len() > most_compressed(max, n + 1)).unwrap();
            let mut wire = frame_to(role, COMPRESSED, &payload);
            (0..=allowed).for_each(|_| wire.extend(frame_to(role, CONTINUATION, &payload)));
            let mut history = vec![0; 1 << 15];
            let mut inflater = Watched::new(&mut history);
            let delivered = deliver(&mut open(role, &config), &mut inflater, &wire, [], 256);
            let what = format!("{count} times {block:x?} under {max}");
            assert_eq!((delivered.fault, delivered.open.len()), (Some(MessageTooLong), 0), "{what}");
            assert_eq!((inflater.consumed, inflater.produced), (allowed * payload.len(), 0), "{what}");
            assert!(inflater.calls <= allowed * (payload.len() / 256 + 2), "{what}: {} calls", inflater.calls);
        }
    }
}

/// L-09: fragments that inflate to nothing count as empty ones, with those that are empty on the wire, at limit - 1, limit and
/// limit + 1; a byte that comes out starts the count again.
#[test]
fn fragments_that_inflate_to_nothing_count_as_empty_ones() {
    // Nothing at all, a flush, a part of a block's header, a block that does not end.
    let kinds: [&[&[u8]]; 4] = [&[&[]], &[&[0, 0, 0, 0xFF, 0xFF]], &[&[], &[3, 0]], &[&[0], &[0, 0], &[0xFF], &[0xFF]]];
    let byte: &[u8] = &[0, 1, 0, 0xFE, 0xFF, b'x'];
    for (kind, role) in kinds.into_iter().flat_map(|kind| ROLES.map(|role| (kind, role))) {
        for (max, with_byte) in [0_u32, 1, 4, 100].into_iter().flat_map(|max| [(max, false), (max, true)]) {
            for count in [max, max + 1].into_iter().chain(max.checked_sub(1)) {
                let config = Config::new().max_empty_frames(max);
                let mut fragments: Vec<&[u8]> =
                    kind.iter().copied().cycle().take(count as usize / kind.len() * kind.len()).collect();
                let empties = fragments.len() as u32;
                if with_byte {
                    fragments.push(byte);
                    fragments.extend(kind.iter().copied().cycle().take(empties as usize));
                }
                let mut wire = Vec::new();
                for (i, payload) in fragments.iter().enumerate() {
                    wire.extend(frame_to(role, if i == 0 { COMPRESSED } else { CONTINUATION }, payload));
                }
                wire.extend(frame_to(role, FIN | if wire.is_empty() { COMPRESSED } else { CONTINUATION }, &[0]));
                let mut history = vec![0; 1 << 15];
                let delivered = deliver(&mut open(role, &config), &mut Watched::new(&mut history), &wire, [], 64);
                let expected: (Option<ProtocolError>, usize) =
                    if empties > max { (Some(TooManyEmptyFrames), 0) } else { (None, 1) };
                let what = format!("{role:?}, {empties} of {kind:x?} under {max}, a byte between: {with_byte}");
                assert_eq!((delivered.fault, delivered.messages.len()), expected, "{what}");
            }
        }
    }
}

/// L-06: bytes that do not compress, as many as the limit allows, pass in one frame and in fragments,
/// whether they are sent with the longest fixed codes, nine bits each, or by our compressor, which stores them.
#[test]
fn what_does_not_compress_passes_at_its_limit() {
    for (len, role) in [0, 1, 2, 64, 100, 1_300, 2_000, 20_000].into_iter().flat_map(|len| ROLES.map(|role| (len, role))) {
        let message: Vec<u8> = (0..len as u32).map(|i| (i.wrapping_mul(0x9E37_79B1) >> 20) as u8 | 0x90).collect();
        let mut fixed = Bits::default();
        fixed.put(2, 3);
        for &byte in &message {
            fixed.put_code(0x190 + u32::from(byte) - 144, 9);
        }
        let mut payloads = vec![fixed.put_code(0, 7).ended()];
        for level in [Level::Fast, Level::Default, Level::Best] {
            let mut memory = vec![0; Compressor::memory_len(15, level).unwrap()];
            let mut compressor = Compressor::new(15, level, &mut memory).unwrap();
            let mut output = vec![0; most_compressed(len, 0)];
            let progress = compressor.compress(&message, &mut output, true);
            assert!(progress.done && progress.consumed == len, "{level:?}: {progress:?}");
            payloads.push(output[..progress.produced].to_vec());
        }
        for (payload, frame_len) in payloads.iter().flat_map(|payload| [payload.len(), 40].map(|len| (payload, len))) {
            let config = Config::new().max_message_len(len as u64);
            let mut history = vec![0; 1 << 15];
            let wire = frames_to(role, payload, frame_len);
            let delivered = deliver(&mut open(role, &config), &mut Watched::new(&mut history), &wire, [], 999);
            let expected = (None, vec![(MessageKind::Binary, message.clone())]);
            assert!((delivered.fault, delivered.messages) == expected, "{len} bytes as {}: {:?}", payload.len(), delivered.fault);
        }
    }
}
