//! Law 15: lengths are u64 until they were compared with a limit; the two conversions between `usize` and u64.

/// A buffer's length as the wire counts it. Lossless wherever `usize` has at most 64 bits.
pub(crate) fn wire_len(len: usize) -> u64 {
    u64::try_from(len).unwrap_or(u64::MAX)
}

/// How many of `len` bytes lie in a buffer of `available`.
pub(crate) fn at_most(len: u64, available: usize) -> usize {
    usize::try_from(len).map_or(available, |len| len.min(available))
}

/// Copies what fits. `copy_from_slice` reaches a panic wherever the optimiser does not see both lengths.
#[inline]
pub(crate) fn copy(from: &[u8], to: &mut [u8]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to = *from;
    }
}
