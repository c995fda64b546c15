//! The loops of masking (§5.3). Always inlined: what calls them decides for which vector unit they are compiled.

/// Bytes that one step of the bulk loop takes: eight registers of the CPU's widest unit, so the loop itself costs next to nothing.
const BLOCK: usize = if cfg!(feature = "std") { 256 } else { 128 };

/// The key twice.
#[inline(always)]
fn repeated(key: [u8; 4]) -> u64 {
    let word = u64::from(u32::from_le_bytes(key));
    word << 32 | word
}

/// Whether no byte had its top bit set, from the bits that [`mask_by_words`] saw.
#[inline(always)]
pub(super) fn is_ascii(seen: u64) -> bool {
    seen & 0x8080_8080_8080_8080 == 0
}

/// XORs `bytes` with `key`, and returns every bit that is then set in any word of them.
#[inline(always)]
pub(crate) fn mask_by_words(key: [u8; 4], bytes: &mut [u8]) -> u64 {
    // The length of every step is a multiple of 4, so the next step starts with the first byte of the key.
    let (rest, seen) = mask_steps::<BLOCK>(repeated(key), bytes);
    // Firmware does without: it is some more code, and seldom masks much.
    let (rest, also) = if cfg!(feature = "std") { mask_steps::<32>(repeated(key), rest) } else { (rest, 0) };
    seen | also | mask_end(key, rest)
}

/// The same for few bytes.
#[inline(always)]
pub(super) fn mask_end(key: [u8; 4], bytes: &mut [u8]) -> u64 {
    let wide = repeated(key);
    let mut seen = 0;
    let mut words = bytes.chunks_exact_mut(8);
    for word in &mut words {
        if let Some(word) = word.first_chunk_mut() {
            seen |= mask_word(wide, word);
        }
    }
    let left = words.into_remainder();
    let (half, last) = left.split_at_mut(left.len() & 4);
    for part in [half, last] {
        for (byte, key) in part.iter_mut().zip(key) {
            *byte ^= key;
            seen |= u64::from(*byte);
        }
    }
    seen
}

/// Masks as many steps of `STEP` bytes as there are. Returns what is left, and the bits that were seen.
#[inline(always)]
fn mask_steps<const STEP: usize>(wide: u64, bytes: &mut [u8]) -> (&mut [u8], u64) {
    // Bits are kept by the position of their word in the step, so that the compiler can use vectors.
    let mut lanes = [0; BLOCK / 8];
    let mut steps = bytes.chunks_exact_mut(STEP);
    for step in &mut steps {
        // Not `zip`, which divides at opt-level z, and could panic there.
        let mut words = step.chunks_exact_mut(8);
        for lane in &mut lanes {
            let Some(word) = words.next().and_then(<[u8]>::first_chunk_mut) else { break };
            *lane |= mask_word(wide, word);
        }
    }
    (steps.into_remainder(), lanes.iter().fold(0, |seen, lane| seen | lane))
}

/// Copies `from` to `to` and masks it.
#[cfg(feature = "std")]
#[inline(always)]
pub(crate) fn copy_by_words(key: [u8; 4], from: &[u8], to: &mut [u8]) {
    let (from, to) = copy_steps::<BLOCK>(repeated(key), from, to);
    let (from, to) = copy_steps::<32>(repeated(key), from, to);
    copy_end(key, from, to);
}

/// The same for few bytes.
#[cfg(feature = "std")]
#[inline(always)]
pub(super) fn copy_end(key: [u8; 4], from: &[u8], to: &mut [u8]) {
    let Some(to) = to.get_mut(..from.len()) else { return };
    let (from, to) = copy_steps::<8>(repeated(key), from, to);
    let half = from.len() & 4;
    let (from, to) = (from.split_at(half), to.split_at_mut(half));
    for (from, to) in [(from.0, to.0), (from.1, to.1)] {
        for ((to, from), key) in to.iter_mut().zip(from).zip(key) {
            *to = from ^ key;
        }
    }
}

/// Copies as many steps of `STEP` bytes as there are, and returns what is left.
#[cfg(feature = "std")]
#[inline(always)]
fn copy_steps<'f, 't, const STEP: usize>(wide: u64, from: &'f [u8], to: &'t mut [u8]) -> (&'f [u8], &'t mut [u8]) {
    let mut sources = from.chunks_exact(STEP);
    let mut steps = to.chunks_exact_mut(STEP);
    for (step, source) in (&mut steps).zip(&mut sources) {
        for (word, source) in step.chunks_exact_mut(8).zip(source.chunks_exact(8)) {
            if let (Some(word), Some(source)) = (word.first_chunk_mut(), source.first_chunk()) {
                *word = (u64::from_le_bytes(*source) ^ wide).to_le_bytes();
            }
        }
    }
    (sources.remainder(), steps.into_remainder())
}

/// XORs eight bytes and returns them.
#[inline(always)]
fn mask_word(wide: u64, word: &mut [u8; 8]) -> u64 {
    let masked = u64::from_le_bytes(*word) ^ wide;
    *word = masked.to_le_bytes();
    masked
}
