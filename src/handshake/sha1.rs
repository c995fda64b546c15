//! SHA-1 (FIPS 180-4), for the accept key and nothing else: no security depends on it there (§10.8).

#[cfg(any(not(feature = "std"), test))]
use core::ops::Range;

use crate::length::{copy, wire_len};

/// The SHA-1 of `parts`, one after the other.
pub(super) fn sha1(parts: &[&[u8]]) -> [u8; 20] {
    let mut sha1 = Sha1 { state: [0x6745_2301, 0xEFCD_AB89, 0x98BA_DCFE, 0x1032_5476, 0xC3D2_E1F0], block: [0; 64], len: 0 };
    for part in parts {
        sha1.update(part);
    }
    sha1.pad();
    let mut digest = [0; 20];
    let mut words = sha1.state.into_iter();
    for bytes in digest.chunks_exact_mut(4) {
        copy(&words.next().unwrap_or_default().to_be_bytes(), bytes);
    }
    digest
}

struct Sha1 {
    state: [u32; 5],
    /// The current block, of which the first `len % 64` bytes are filled.
    block: [u8; 64],
    /// How many bytes were hashed so far.
    len: usize,
}

impl Sha1 {
    fn update(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let room = self.block.get_mut(self.len % 64..).unwrap_or_default();
            let len = room.len().min(bytes.len());
            copy(bytes, room);
            bytes = bytes.get(len..).unwrap_or_default();
            self.len = self.len.wrapping_add(len);
            if self.len % 64 == 0 {
                compress(&mut self.state, &self.block);
            }
        }
    }

    /// FIPS 180-4 §5.1.1: a bit, zeros up to 56 bytes into a block, and the length in bits.
    fn pad(&mut self) {
        let filled = self.len % 64;
        if let Some((bit, zeros)) = self.block.get_mut(filled..).and_then(|rest| rest.split_first_mut()) {
            *bit = 0x80;
            zeros.fill(0);
        }
        if filled >= 56 {
            compress(&mut self.state, &self.block);
            self.block = [0; 64];
        }
        if let Some(end) = self.block.last_chunk_mut::<8>() {
            *end = wire_len(self.len).wrapping_mul(8).to_be_bytes();
        }
        compress(&mut self.state, &self.block);
    }
}

#[cfg(not(feature = "std"))]
use compress_briefly as compress;

/// By the CPU's instructions for SHA-1 where it has them.
#[cfg(feature = "std")]
fn compress(state: &mut [u32; 5], block: &[u8; 64]) {
    sha1::block_api::compress(state, core::slice::from_ref(block));
}

/// How many of the 80 words of the schedule are kept: all, or the last 16 for small stacks, the alternate method (FIPS 180-4 §6.1.3).
#[cfg(any(not(feature = "std"), test))]
const KEPT: usize = if cfg!(target_pointer_width = "64") { 80 } else { 16 };

/// FIPS 180-4 §6.1.2.
#[cfg(any(not(feature = "std"), test))]
fn compress_briefly(state: &mut [u32; 5], block: &[u8; 64]) {
    let mut words = [0_u32; KEPT];
    let mut bytes = block.chunks_exact(4);
    for word in words.iter_mut().take(16) {
        *word = bytes.next().and_then(|bytes| bytes.first_chunk()).map_or(0, |&bytes| u32::from_be_bytes(bytes));
    }
    let mut v = *state;
    rounds(&mut v, &mut words, 0..20, 0x5A82_7999, |b, c, d| b & c | !b & d);
    rounds(&mut v, &mut words, 20..40, 0x6ED9_EBA1, |b, c, d| b ^ c ^ d);
    rounds(&mut v, &mut words, 40..60, 0x8F1B_BCDC, |b, c, d| b & c | b & d | c & d);
    rounds(&mut v, &mut words, 60..80, 0xCA62_C1D6, |b, c, d| b ^ c ^ d);
    for (word, add) in state.iter_mut().zip(v) {
        *word = word.wrapping_add(add);
    }
}

/// Twenty rounds with one function and one constant.
#[cfg(any(not(feature = "std"), test))]
fn rounds(v: &mut [u32; 5], words: &mut [u32; KEPT], range: Range<usize>, k: u32, f: impl Fn(u32, u32, u32) -> u32) {
    let [mut a, mut b, mut c, mut d, mut e] = *v;
    for t in range {
        let back = |by: usize| words.get(t.wrapping_sub(by) % KEPT).copied().unwrap_or_default();
        let word = if t < 16 {
            words.get(t).copied().unwrap_or_default()
        } else {
            (back(3) ^ back(8) ^ back(14) ^ back(16)).rotate_left(1)
        };
        if let Some(slot) = words.get_mut(t % KEPT) {
            *slot = word;
        }
        let next = a.rotate_left(5).wrapping_add(f(b, c, d)).wrapping_add(e).wrapping_add(k).wrapping_add(word);
        (a, b, c, d, e) = (next, a, b.rotate_left(30), c, d);
    }
    *v = [a, b, c, d, e];
}

#[cfg(all(test, feature = "std"))]
mod tests {
    /// What hosts have and what firmware has do the same to a block.
    #[test]
    fn both_ways_to_compress_agree() {
        let (mut quickly, mut briefly) = ([0, 1, 2, 3, 4], [0, 1, 2, 3, 4]);
        for seed in 0..=u8::MAX {
            let block = core::array::from_fn(|at| (at as u8).wrapping_mul(seed).wrapping_add(seed));
            super::compress(&mut quickly, &block);
            super::compress_briefly(&mut briefly, &block);
            assert_eq!(quickly, briefly, "{seed}");
        }
    }
}
