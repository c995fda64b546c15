//! Law 15: lengths are u64 until they have been compared with a limit. The two conversions between `usize` and u64.

/// The length of a buffer as u64. Lossless wherever `usize` has at most 64 bits.
pub(crate) fn wire_len(len: usize) -> u64 {
    u64::try_from(len).unwrap_or(u64::MAX)
}

/// How many of `len` bytes are in a buffer of `available`.
pub(crate) fn at_most(len: u64, available: usize) -> usize {
    usize::try_from(len).map_or(available, |len| len.min(available))
}

/// Moves `len` bytes from `from` to `to`, which is not after it. Does nothing if they are not all there.
pub(crate) fn move_down(bytes: &mut [u8], from: usize, to: usize, len: usize) {
    let Some(distance) = from.checked_sub(to) else { return };
    let Some(both) = bytes.get_mut(to..).and_then(|rest| rest.get_mut(..distance.saturating_add(len))) else { return };
    // So that no panic is left in `copy_within`.
    if distance <= both.len() {
        both.copy_within(distance.., 0);
    }
}

/// Copies as much as fits, and returns how much. `copy_from_slice` reaches a panic wherever the optimiser does not see both lengths;
/// this compiles to the same `memcpy` and has none at any level.
#[inline]
pub(crate) fn copy(from: &[u8], to: &mut [u8]) -> usize {
    for (to, from) in to.iter_mut().zip(from) {
        *to = *from;
    }
    to.len().min(from.len())
}
