//! Appends to a slice of the caller's, moves what is in it, and cuts texts, without a way to panic.

/// Writes `bytes` to `out` from `len` on. `Some(the new length)` if they fit.
pub(crate) fn append(out: &mut [u8], len: usize, bytes: &[u8]) -> Option<usize> {
    let room = out.get_mut(len..)?.get_mut(..bytes.len())?;
    room.iter_mut().zip(bytes).for_each(|(to, &from)| *to = from);
    len.checked_add(bytes.len())
}

/// Moves `len` bytes from `from` to `to`, which is not after it; what is not there is not moved. (`copy_within` panics instead, which the
/// optimiser does not see to be out of reach.)
pub(crate) fn move_down(bytes: &mut [u8], from: usize, to: usize, len: usize) {
    let Some(distance) = from.checked_sub(to).filter(|&distance| distance > 0) else { return };
    let rest = bytes.get_mut(to..).unwrap_or_default();
    for at in 0..len {
        let Some(byte) = rest.get(at.saturating_add(distance)).copied() else { return };
        if let Some(place) = rest.get_mut(at) {
            *place = byte;
        }
    }
}

/// Cuts `text` before its first byte that is one of `marks`; if there is none, the second part is empty.
pub(crate) fn cut_at<'a>(text: &'a str, marks: &[u8]) -> (&'a str, &'a str) {
    let at = text.bytes().position(|byte| marks.contains(&byte));
    at.and_then(|at| text.split_at_checked(at)).unwrap_or((text, ""))
}

#[cfg(test)]
mod tests {
    use super::move_down;
    use std::vec::Vec;

    #[test]
    fn bytes_are_moved_down_as_copy_within_does() {
        let bytes: Vec<u8> = (0..32).collect();
        for to in 0..10 {
            for distance in 0..10 {
                for len in 0..20 {
                    let (mut moved, mut expected) = (bytes.clone(), bytes.clone());
                    move_down(&mut moved, to + distance, to, len);
                    let end = (to + distance + len).min(32);
                    expected.copy_within(to + distance..end, to);
                    assert_eq!(moved, expected, "{to} {distance} {len}");
                }
            }
        }
    }
}
