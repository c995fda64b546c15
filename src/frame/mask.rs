//! §5.3: masking, in place.

/// Bytes that one step of the bulk loop takes: eight SSE2 registers, so the loop itself costs next to nothing.
const BLOCK: usize = 128;

/// XORs `bytes` with `key`, repeated; masks and unmasks (§5.3). The first byte meets `key[0]`.
#[inline(never)]
pub fn apply_mask(key: [u8; 4], bytes: &mut [u8]) {
    apply_mask_inline(key, bytes);
}

/// The same, for the one place where the cost of a call outweighs 200 bytes of flash.
#[inline]
pub(crate) fn apply_mask_inline(key: [u8; 4], bytes: &mut [u8]) {
    let word = u64::from(u32::from_ne_bytes(key));
    // Unmasked payload comes here with a key of zeros.
    if word == 0 {
        return;
    }
    let wide = word << 32 | word;
    // The length of every step is a multiple of 4, so the next step starts with the first byte of the key.
    let mut blocks = bytes.chunks_exact_mut(BLOCK);
    for block in &mut blocks {
        for word in block.chunks_exact_mut(8) {
            mask_word(wide, word);
        }
    }
    let mut words = blocks.into_remainder().chunks_exact_mut(8);
    for word in &mut words {
        mask_word(wide, word);
    }
    let rest = words.into_remainder();
    let (half, last) = rest.split_at_mut(rest.len() & 4);
    for (byte, key) in half.iter_mut().zip(key) {
        *byte ^= key;
    }
    for (byte, key) in last.iter_mut().zip(key) {
        *byte ^= key;
    }
}

/// Unmasks text and returns whether all of it is ASCII, in one pass: most text is, and needs no second pass.
#[inline(never)]
pub(crate) fn unmask_text(key: [u8; 4], bytes: &mut [u8]) -> bool {
    let word = u64::from(u32::from_ne_bytes(key));
    let wide = word << 32 | word;
    // Every bit that is set in any byte, kept by the position of the word in its block so that the compiler can use vectors.
    let mut lanes = [0; BLOCK / 8];
    let mut blocks = bytes.chunks_exact_mut(BLOCK);
    for block in &mut blocks {
        for (lane, word) in lanes.iter_mut().zip(block.chunks_exact_mut(8)) {
            *lane |= mask_word(wide, word);
        }
    }
    let mut seen = lanes.iter().fold(0, |seen, lane| seen | lane);
    let mut words = blocks.into_remainder().chunks_exact_mut(8);
    for word in &mut words {
        seen |= mask_word(wide, word);
    }
    for (byte, key) in words.into_remainder().iter_mut().zip(key.into_iter().chain(key)) {
        *byte ^= key;
        seen |= u64::from(*byte);
    }
    seen & 0x8080_8080_8080_8080 == 0
}

/// XORs eight bytes and returns them. A slice of another length, which no caller passes, is left alone.
#[inline]
fn mask_word(wide: u64, word: &mut [u8]) -> u64 {
    let Some(word) = word.first_chunk_mut::<8>() else { return 0 };
    let masked = u64::from_ne_bytes(*word) ^ wide;
    *word = masked.to_ne_bytes();
    masked
}

/// The key after `len` bytes: rotated so that the next byte meets its `key[0]`.
#[inline]
pub fn advance_key(key: [u8; 4], len: usize) -> [u8; 4] {
    // Only the low two bits count, so 32 bits are enough.
    let count = u32::try_from(len & 3).unwrap_or(0);
    u32::from_be_bytes(key).rotate_left(count.wrapping_mul(8)).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::{advance_key, apply_mask, unmask_text};

    /// F-11: against the formula of §5.3, every length up to 255 at every split.
    #[test]
    fn masking_is_the_formula_of_the_rfc_at_every_split() {
        let key = [0x37, 0xFA, 0x21, 0x3D];
        for len in 0..=255_u8 {
            let expected: [u8; 256] = core::array::from_fn(|i| i as u8 ^ key[i % 4]);
            for split in 0..=usize::from(len) {
                let mut bytes: [u8; 256] = core::array::from_fn(|i| i as u8);
                let (a, b) = bytes[..usize::from(len)].split_at_mut(split);
                apply_mask(key, a);
                apply_mask(advance_key(key, split), b);
                let mut text: [u8; 256] = core::array::from_fn(|i| i as u8);
                let (c, d) = text[..usize::from(len)].split_at_mut(split);
                assert_eq!(unmask_text(key, c), c.is_ascii());
                assert_eq!(unmask_text(advance_key(key, split), d), d.is_ascii());
                assert_eq!(text[..usize::from(len)], expected[..usize::from(len)]);
                assert_eq!(bytes[..usize::from(len)], expected[..usize::from(len)]);
            }
        }
    }
}
