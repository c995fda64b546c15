//! SHA-1 (FIPS 180-4), for the accept key and nothing else: it protects nothing there (§10.8).

use crate::length::wire_len;

/// The SHA-1 of `parts`, one behind the other.
pub(super) fn sha1(parts: &[&[u8]]) -> [u8; 20] {
    let len = parts.iter().fold(0_usize, |sum, part| sum.saturating_add(part.len()));
    // §5.1.1: a bit, zeros up to 56 octets into a block, and the length in bits.
    let zeros = 64_usize.wrapping_add(55).wrapping_sub(len % 64) % 64;
    let bits = wire_len(len).wrapping_mul(8).to_be_bytes();
    let padding = [0x80].into_iter().chain(core::iter::repeat_n(0, zeros)).chain(bits);
    let mut octets = parts.iter().flat_map(|part| part.iter().copied()).chain(padding).peekable();

    let mut state = [0x6745_2301, 0xEFCD_AB89, 0x98BA_DCFE, 0x1032_5476, 0xC3D2_E1F0];
    while octets.peek().is_some() {
        let mut block = [0_u32; 16];
        for word in &mut block {
            *word = octets.by_ref().take(4).fold(0, |word, octet| word << 8 | u32::from(octet));
        }
        compress(&mut state, block);
    }
    let mut digest = [0; 20];
    for (octet, value) in digest.iter_mut().zip(state.into_iter().flat_map(u32::to_be_bytes)) {
        *octet = value;
    }
    digest
}

/// §6.1.3, the alternate method: of the 80 words of the schedule only the last 16 are kept.
fn compress(state: &mut [u32; 5], mut words: [u32; 16]) {
    let [mut a, mut b, mut c, mut d, mut e] = *state;
    for t in 0..80_usize {
        let word = |back: usize| words.get(t.wrapping_sub(back) % 16).copied().unwrap_or_default();
        let word = if t < 16 { word(16) } else { (word(3) ^ word(8) ^ word(14) ^ word(16)).rotate_left(1) };
        if let Some(slot) = words.get_mut(t % 16) {
            *slot = word;
        }
        let (f, k) = match t {
            0..20 => (b & c | !b & d, 0x5A82_7999),
            20..40 => (b ^ c ^ d, 0x6ED9_EBA1),
            40..60 => (b & c | b & d | c & d, 0x8F1B_BCDC),
            _ => (b ^ c ^ d, 0xCA62_C1D6_u32),
        };
        let next = a.rotate_left(5).wrapping_add(f).wrapping_add(e).wrapping_add(k).wrapping_add(word);
        (a, b, c, d, e) = (next, a, b.rotate_left(30), c, d);
    }
    for (word, add) in state.iter_mut().zip([a, b, c, d, e]) {
        *word = word.wrapping_add(add);
    }
}
