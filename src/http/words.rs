//! Searches in a head, eight bytes at a time where registers have as many. Elsewhere one byte at a time, which is the smaller code.

use crate::http::token::{is_token_byte, is_value_byte};

/// How many bytes at the start may be in a header value.
#[inline]
pub(crate) fn value_run(bytes: &[u8]) -> usize {
    // Below a blank, or DEL. One of them may be in a value, the tab.
    let marks = |word: u64| (word.wrapping_sub(each(b' ')) | (word & each(0x7F)).wrapping_add(each(1))) & !word & each(0x80);
    run(bytes, marks, is_value_byte)
}

/// How many bytes at the start may be in a token.
#[inline]
pub(crate) fn token_run(bytes: &[u8]) -> usize {
    name_run(bytes, is_token_byte)
}

/// Whether `bytes` is a token.
#[inline(never)]
pub(crate) fn is_token(bytes: &[u8]) -> bool {
    !bytes.is_empty() && token_run(bytes) == bytes.len()
}

/// How many bytes at the start are `allowed` in a name of some kind. Letters and dashes, of which most names are made, are.
#[inline]
pub(crate) fn name_run(bytes: &[u8], allowed: impl Fn(u8) -> bool) -> usize {
    let marks = |word: u64| {
        let low = word | each(b' ');
        let not_dash = word ^ each(b'-');
        (low.wrapping_sub(each(b'a')) | low.wrapping_add(each(0x7F - b'z')))
            & ((not_dash & each(0x7F)).wrapping_add(each(0x7F)) | not_dash)
            & each(0x80)
    };
    run(bytes, marks, allowed)
}

/// How many bytes at the start may be in a request target: visible ASCII.
#[inline]
pub(crate) fn visible_run(bytes: &[u8]) -> usize {
    let marks = |word: u64| (word.wrapping_sub(each(b'!')) | word.wrapping_add(each(1))) & each(0x80);
    run(bytes, marks, |byte| byte.is_ascii_graphic())
}

/// How many bytes at the start are `allowed`. `marks` sets the top bit of each byte of a word that is not, and perhaps of others.
/// (The first byte of a word is its lowest, and what is subtracted or added at a byte with a mark changes only those above it.)
#[inline]
fn run(bytes: &[u8], marks: impl Fn(u64) -> u64, allowed: impl Fn(u8) -> bool) -> usize {
    let mut rest = bytes;
    loop {
        while cfg!(target_pointer_width = "64") {
            let Some((&word, after)) = rest.split_first_chunk::<8>() else { break };
            let found = marks(u64::from_le_bytes(word));
            if found != 0 {
                let at = usize::try_from(found.trailing_zeros() / 8).unwrap_or_default();
                rest = rest.get(at..).unwrap_or_default();
                break;
            }
            rest = after;
        }
        match rest.split_first() {
            Some((&byte, after)) if allowed(byte) => rest = after,
            _ => return bytes.len().wrapping_sub(rest.len()),
        }
    }
}

/// A word of eight such bytes.
const fn each(byte: u8) -> u64 {
    u64::from_le_bytes([byte; 8])
}

#[cfg(test)]
mod tests {
    use super::{token_run, value_run, visible_run};
    use crate::http::token::{is_token_byte, is_value_byte};
    use std::vec::Vec;

    /// Every pair of bytes, in a word, between two and after them: a wrong bit above the first mark would show.
    #[test]
    fn words_find_what_bytes_find() {
        for (one, two) in (0..=u8::MAX).flat_map(|one| (0..=u8::MAX).map(move |two| (one, two))) {
            for (at, len) in [(0, 2), (0, 17), (3, 16), (7, 16), (14, 16), (15, 32), (15, 33), (30, 32), (32, 34)] {
                let mut bytes: Vec<u8> = b"abcdefghijklmnopqrstuvwxyzABCDEFGH"[..len].to_vec();
                bytes[at..at + 2].copy_from_slice(&[one, two]);
                let run = |is: fn(u8) -> bool| bytes.iter().take_while(|&&byte| is(byte)).count();
                assert_eq!(value_run(&bytes), run(is_value_byte), "{bytes:?}");
                assert_eq!(token_run(&bytes), run(is_token_byte), "{bytes:?}");
                assert_eq!(visible_run(&bytes), run(|byte| matches!(byte, 0x21..=0x7E)), "{bytes:?}");
            }
        }
    }
}
