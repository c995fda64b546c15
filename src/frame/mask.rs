//! §5.3: masking, in place or on the way.

#[cfg(feature = "std")]
use super::xor::{copy_by_words, copy_end};
use super::xor::{is_ascii, mask_by_words, mask_end};
#[cfg(not(feature = "std"))]
use crate::length::copy;
#[cfg(all(feature = "std", target_arch = "x86_64"))]
use crate::vector;

/// What is shorter is masked where it is received: the cost of a call outweighs the flash, but where registers are short.
const SHORT: usize = if cfg!(target_pointer_width = "64") { 128 } else { 0 };

/// XORs `bytes` with `key`, repeated; masks and unmasks (§5.3). The first byte meets `key[0]`.
#[inline(never)]
pub fn apply_mask(key: [u8; 4], bytes: &mut [u8]) {
    // Unmasked payload comes here with a key of zeros.
    if key == [0; 4] {
        return;
    }
    #[cfg(all(feature = "std", target_arch = "x86_64"))]
    if vector::mask(key, bytes).is_some() {
        return;
    }
    mask_anywhere(key, bytes);
}

/// For every CPU. Not inlined with the feature `std`: the way to the vectors would have to save its registers.
#[cfg_attr(feature = "std", inline(never))]
#[cfg_attr(not(feature = "std"), inline(always))]
fn mask_anywhere(key: [u8; 4], bytes: &mut [u8]) -> u64 {
    mask_by_words(key, bytes)
}

/// The same, for the one place where most payloads are short.
#[inline(always)]
pub(crate) fn apply_mask_inline(key: [u8; 4], bytes: &mut [u8]) {
    if bytes.len() < SHORT {
        mask_end(key, bytes);
    } else {
        apply_mask(key, bytes);
    }
}

/// Unmasks text and returns whether all of it is ASCII, in one pass: most text is, and needs no second pass.
#[inline(never)]
pub(crate) fn unmask_text(key: [u8; 4], bytes: &mut [u8]) -> bool {
    #[cfg(all(feature = "std", target_arch = "x86_64"))]
    if let Some(seen) = vector::mask_and_see(key, bytes) {
        return is_ascii(seen);
    }
    is_ascii(mask_anywhere(key, bytes))
}

/// The same, for the one place where most payloads are short.
#[inline(always)]
pub(crate) fn unmask_text_inline(key: [u8; 4], bytes: &mut [u8]) -> bool {
    if bytes.len() < SHORT { is_ascii(mask_end(key, bytes)) } else { unmask_text(key, bytes) }
}

/// Copies `from` to `to`, which is as long, and masks it: in one pass where that is faster than two.
#[inline(never)]
pub(crate) fn copy_masked(key: [u8; 4], from: &[u8], to: &mut [u8]) {
    #[cfg(feature = "std")]
    copy_masked_at_once(key, from, to);
    #[cfg(not(feature = "std"))]
    {
        copy(from, to);
        apply_mask(key, to);
    }
}

/// Firmware has `memcpy` and [`apply_mask`] anyway: this would be 300 bytes more.
#[cfg(feature = "std")]
#[inline(always)]
fn copy_masked_at_once(key: [u8; 4], from: &[u8], to: &mut [u8]) {
    #[cfg(target_arch = "x86_64")]
    if vector::copy_masked(key, from, to).is_some() {
        return;
    }
    if from.len() < SHORT {
        copy_end(key, from, to);
    } else {
        copy_by_words(key, from, to);
    }
}

/// The key after `len` bytes: rotated so that the next byte meets its `key[0]`.
#[inline]
pub fn advance_key(key: [u8; 4], len: usize) -> [u8; 4] {
    // Only the low two bits count, so 32 bits are enough.
    let count = u32::try_from(len & 3).unwrap_or(0);
    u32::from_le_bytes(key).rotate_right(count.wrapping_mul(8)).to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::{
        advance_key, apply_mask, apply_mask_inline, copy_masked, is_ascii, mask_by_words, unmask_text, unmask_text_inline,
    };
    use std::vec;
    use std::vec::Vec;

    const KEY: [u8; 4] = [0x37, 0xFA, 0x21, 0x3D];

    /// §5.3, octet by octet.
    fn by_formula(bytes: &[u8]) -> Vec<u8> {
        bytes.iter().enumerate().map(|(i, byte)| byte ^ KEY[i % 4]).collect()
    }

    /// F-11: at every split, each half with the key where it stands.
    #[test]
    fn masking_is_the_formula_of_the_rfc_at_every_split() {
        for len in 0..=255_u8 {
            let plain: Vec<u8> = (0..len).collect();
            for split in 0..=plain.len() {
                let (mut masked, mut text, mut copied) = (plain.clone(), plain.clone(), vec![0; plain.len()]);
                let (a, b) = masked.split_at_mut(split);
                apply_mask(KEY, a);
                apply_mask(advance_key(KEY, split), b);
                let (a, b) = text.split_at_mut(split);
                assert_eq!(unmask_text(KEY, a), a.is_ascii());
                assert_eq!(unmask_text(advance_key(KEY, split), b), b.is_ascii());
                let (a, b) = copied.split_at_mut(split);
                copy_masked(KEY, &plain[..split], a);
                copy_masked(advance_key(KEY, split), &plain[split..], b);
                assert_eq!([&masked, &text, &copied], [&by_formula(&plain); 3]);
            }
        }
    }

    /// Long payload begins at any place of a cache line; what lies beside it stays as it is.
    #[test]
    fn long_payload_is_masked_wherever_it_lies() {
        let all: Vec<u8> = (0..4200_u32).map(|i| ((i * 37) >> 2) as u8).collect();
        for start in 0..64 {
            for len in [2047, 2048, 2049, 2080, 2303, 2304, 2336, 3000, 4097] {
                let mut expected = all.clone();
                expected[start..][..len].copy_from_slice(&by_formula(&all[start..][..len]));
                let by_words = |key: [u8; 4], bytes: &mut [u8]| assert!(!is_ascii(mask_by_words(key, bytes)));
                let as_text = |key: [u8; 4], bytes: &mut [u8]| assert!(!unmask_text(key, bytes));
                for mask in [apply_mask, by_words, as_text] {
                    let mut masked = all.clone();
                    mask(KEY, &mut masked[start..][..len]);
                    assert_eq!(masked, expected, "{len} at {start}");
                }
                let mut text = vec![b'a'; start + len];
                apply_mask(KEY, &mut text[start..]);
                assert!(unmask_text(KEY, &mut text[start..]) && text.iter().all(|&byte| byte == b'a'), "{len} at {start}");
                for place in [0, 1, 31, 32, 33, len / 2, len - 33, len - 32, len - 1] {
                    text[start + place] = 0xC3;
                    apply_mask(KEY, &mut text[start..]);
                    assert!(!unmask_text(KEY, &mut text[start..]), "{place} of {len} at {start}");
                    text[start + place] = b'a';
                }
            }
        }
    }

    /// The loops for words, and those for the CPU's vectors with the feature `std`, over lengths around all their steps.
    #[test]
    fn every_way_to_mask_gives_the_same_bytes() {
        let all: Vec<u8> = (0..1100_u32).map(|i| ((i * 37) >> 2) as u8).collect();
        for len in (0..300).chain(500..560).chain(1000..1100) {
            let plain = &all[..len];
            let expected = by_formula(plain);
            let mut copied = vec![0xAA; len];
            copy_masked(KEY, plain, &mut copied);
            assert_eq!(copied, expected, "copied, {len}");
            let by_words = |key: [u8; 4], bytes: &mut [u8]| assert_eq!(is_ascii(mask_by_words(key, bytes)), bytes.is_ascii());
            for mask in [apply_mask, apply_mask_inline, by_words] {
                let mut masked = plain.to_vec();
                mask(KEY, &mut masked);
                assert_eq!(masked, expected, "{len}");
            }
            // One byte beyond ASCII, at each place.
            for place in 0..len {
                let mut masked = vec![b'a'; len];
                masked[place] = 0xC3;
                apply_mask(KEY, &mut masked);
                let mut again = masked.clone();
                assert!(!unmask_text(KEY, &mut masked) && !unmask_text_inline(KEY, &mut again), "{place} of {len}");
                apply_mask(KEY, &mut masked);
                apply_mask(KEY, &mut again);
                masked[place] ^= 0x80;
                again[place] ^= 0x80;
                assert!(unmask_text(KEY, &mut masked) && unmask_text_inline(KEY, &mut again), "{place} of {len}");
            }
        }
    }
}
