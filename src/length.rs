//! Law 15: lengths are u64 until they have been compared with a limit. The two conversions between `usize` and u64.

/// The length of a buffer as u64. Lossless wherever `usize` has at most 64 bits.
pub(crate) fn wire_len(len: usize) -> u64 {
    u64::try_from(len).unwrap_or(u64::MAX)
}

/// How many of `len` bytes are in a buffer of `available`.
pub(crate) fn at_most(len: u64, available: usize) -> usize {
    usize::try_from(len).map_or(available, |len| len.min(available))
}

/// Moves `len` bytes from `from` to `to`, which is not after it. Does nothing if they are not all there. Eight bytes at a time: as
/// firmware has no `memmove` otherwise, that would cost it 1.5 KB.
pub(crate) fn move_down(bytes: &mut [u8], from: usize, to: usize, len: usize) {
    let Some(distance) = from.checked_sub(to) else { return };
    let Some(mut both) = bytes.get_mut(to..).and_then(|rest| rest.get_mut(..distance.saturating_add(len))) else { return };
    // Each step reads before it writes, and writes nothing that a later one reads.
    while let Some(eight) = both.get(distance..).and_then(|rest| rest.first_chunk::<8>().copied()) {
        let Some((front, rest)) = both.split_first_chunk_mut::<8>() else { return };
        *front = eight;
        both = rest;
    }
    for at in 0..both.len().saturating_sub(distance) {
        let byte = both.get(at.saturating_add(distance)).copied().unwrap_or_default();
        if let Some(place) = both.get_mut(at) {
            *place = byte;
        }
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

/// How long `len` bytes can become by compressing them: data that does not compress grows by an eighth at most.
pub(crate) const fn max_deflated(len: u64) -> u64 {
    len.saturating_add(len / 8).saturating_add(len / 64).saturating_add(64)
}

#[cfg(test)]
mod tests {
    use super::move_down;
    use std::vec::Vec;

    #[test]
    fn bytes_are_moved_down_as_copy_within_does() {
        let bytes: Vec<u8> = (0..64).collect();
        for to in 0..20 {
            for distance in 0..20 {
                for len in 0..30 {
                    let (mut moved, mut expected) = (bytes.clone(), bytes.clone());
                    move_down(&mut moved, to + distance, to, len);
                    if to + distance + len <= 64 {
                        expected.copy_within(to + distance..to + distance + len, to);
                    }
                    assert_eq!(moved, expected, "{to} {distance} {len}");
                }
            }
        }
    }
}
