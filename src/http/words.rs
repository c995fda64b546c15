//! Searches in a head, eight bytes at a time where registers have as many. Elsewhere one byte at a time, which is the smaller code.

use crate::http::token::{is_token_byte, is_value_byte};

/// The position of the first `mark`.
#[inline]
pub(crate) fn position(bytes: &[u8], mark: u8) -> Option<usize> {
    first(bytes, |word| zeros(word ^ each(mark)), |byte| byte == mark)
}

/// How many bytes at the start may be in a header value.
#[inline]
pub(crate) fn value_run(bytes: &[u8]) -> usize {
    // Below a blank, or DEL. One of them may be in a value, the tab.
    let marks = |word: u64| word.wrapping_sub(each(b' ')) & !word & each(0x80) | zeros(word ^ each(0x7F));
    let is_mark = |byte: u8| byte.is_ascii_control();
    let mut run = 0_usize;
    loop {
        let rest = bytes.get(run..).unwrap_or_default();
        let at = first(rest, marks, is_mark).unwrap_or(rest.len());
        run = run.saturating_add(at);
        match rest.get(at) {
            Some(&byte) if is_value_byte(byte) => run = run.saturating_add(1),
            _ => return run,
        }
    }
}

/// How many bytes at the start may be in a token.
#[inline]
pub(crate) fn token_run(bytes: &[u8]) -> usize {
    bytes.iter().position(|&byte| !is_token_byte(byte)).unwrap_or(bytes.len())
}

/// The position of the first byte that is a mark. `marks` sets the top bit of each such byte of a word; of the bytes above one it may be
/// wrong. (The first byte of a word is its lowest.)
#[inline]
fn first(bytes: &[u8], marks: impl Fn(u64) -> u64, is_mark: impl Fn(u8) -> bool) -> Option<usize> {
    let mut rest = bytes;
    if cfg!(target_pointer_width = "64") {
        while let Some((&word, after)) = rest.split_first_chunk::<8>() {
            let found = marks(u64::from_le_bytes(word));
            if found != 0 {
                let at = usize::try_from(found.trailing_zeros() / 8).unwrap_or_default();
                return Some(bytes.len().wrapping_sub(rest.len()).wrapping_add(at));
            }
            rest = after;
        }
    }
    let at = rest.iter().position(|&byte| is_mark(byte))?;
    Some(bytes.len().wrapping_sub(rest.len()).wrapping_add(at))
}

/// A word of eight such bytes.
const fn each(byte: u8) -> u64 {
    u64::from_le_bytes([byte; 8])
}

/// The top bit of each byte that is 0; of the bytes above one perhaps too.
const fn zeros(word: u64) -> u64 {
    word.wrapping_sub(each(1)) & !word & each(0x80)
}

#[cfg(test)]
mod tests {
    use super::{position, token_run, value_run};
    use crate::http::token::{is_token_byte, is_value_byte};
    use std::vec::Vec;

    /// Every pair of bytes at every place of two words: a wrong bit above the first mark would show.
    #[test]
    fn words_find_what_bytes_find() {
        for (one, two) in (0..=u8::MAX).flat_map(|one| (0..=u8::MAX).map(move |two| (one, two))) {
            for (at, len) in [(0, 2), (0, 9), (3, 8), (6, 17), (7, 16), (7, 9), (14, 16)] {
                let mut bytes: Vec<u8> = b"abcdefghijklmnopqrst"[..len].to_vec();
                bytes[at..at + 2].copy_from_slice(&[one, two]);
                let run = |is: fn(u8) -> bool| bytes.iter().take_while(|&&byte| is(byte)).count();
                assert_eq!(value_run(&bytes), run(is_value_byte), "{bytes:?}");
                assert_eq!(token_run(&bytes), run(is_token_byte), "{bytes:?}");
                for mark in [b':', b'\n', one, two] {
                    assert_eq!(position(&bytes, mark), bytes.iter().position(|&byte| byte == mark), "{bytes:?} {mark}");
                }
            }
        }
    }
}
