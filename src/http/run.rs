//! Searches in a head, as many bytes at a time as registers have. Where those are short it is one, which is the smaller code.

use crate::http::token::{is_token_byte, is_value_byte};
#[cfg(not(all(any(feature = "std", feature = "ffi"), target_arch = "x86_64")))]
use crate::http::words as chunk;
#[cfg(all(any(feature = "std", feature = "ffi"), target_arch = "x86_64"))]
use crate::vector as chunk;

/// How many bytes at the start may be in a header value.
#[inline]
pub(crate) fn value_run(bytes: &[u8]) -> usize {
    run::<{ chunk::WIDTH }, { chunk::APART }>(bytes, chunk::value_marks, is_value_byte)
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
    run::<{ chunk::WIDTH }, { chunk::APART }>(bytes, chunk::name_marks, allowed)
}

/// How many bytes at the start may be in a request target: visible ASCII.
#[inline]
pub(crate) fn visible_run(bytes: &[u8]) -> usize {
    run::<{ chunk::WIDTH }, { chunk::APART }>(bytes, chunk::visible_marks, |byte| byte.is_ascii_graphic())
}

/// How many bytes at the start are `allowed`. `marks` has a bit for each of `WIDTH` bytes that is not, and perhaps for others, `APART` bits
/// from that of the next.
#[inline]
fn run<const WIDTH: usize, const APART: u32>(
    bytes: &[u8],
    marks: impl Fn(&[u8; WIDTH]) -> u64,
    allowed: impl Fn(u8) -> bool,
) -> usize {
    let mut rest = bytes;
    if cfg!(target_pointer_width = "64") {
        let first = |chunk: &[u8; WIDTH], mut found: u64| {
            while found != 0 {
                let at = usize::try_from(found.trailing_zeros() / APART).unwrap_or_default();
                if !chunk.get(at).is_some_and(|&byte| allowed(byte)) {
                    return Some(at);
                }
                found &= found.wrapping_sub(1);
            }
            None
        };
        while let Some((chunk, after)) = rest.split_first_chunk::<WIDTH>() {
            if let Some(at) = first(chunk, marks(chunk)) {
                return bytes.len().wrapping_sub(rest.len()).wrapping_add(at);
            }
            rest = after;
        }
        // What is left, with bytes before it that were looked at: their marks go.
        if let Some(chunk) = bytes.last_chunk::<WIDTH>() {
            let seen = u32::try_from(WIDTH.wrapping_sub(rest.len())).unwrap_or_default().wrapping_mul(APART);
            let found = marks(chunk).checked_shr(seen).and_then(|found| found.checked_shl(seen)).unwrap_or_default();
            return first(chunk, found).map_or(bytes.len(), |at| bytes.len().wrapping_sub(WIDTH).wrapping_add(at));
        }
    }
    while let Some((&byte, after)) = rest.split_first() {
        if !allowed(byte) {
            break;
        }
        rest = after;
    }
    bytes.len().wrapping_sub(rest.len())
}

#[cfg(test)]
mod tests {
    use super::{chunk, run, token_run, value_run, visible_run};
    use crate::http::token::{is_token_byte, is_value_byte};
    use crate::http::words;
    use std::vec::Vec;

    /// Every pair of bytes, in a chunk, between two and after them: a wrong bit beyond the first mark would show. Words do the same where
    /// there are vectors, too.
    #[test]
    fn chunks_find_what_bytes_find() {
        for (one, two) in (0..=u8::MAX).flat_map(|one| (0..=u8::MAX).map(move |two| (one, two))) {
            for (at, len) in [(0, 2), (0, 17), (3, 16), (7, 16), (14, 16), (15, 32), (15, 33), (30, 32), (32, 34)] {
                let mut bytes: Vec<u8> = b"abcdefghijklmnopqrstuvwxyzABCDEFGH"[..len].to_vec();
                bytes[at..at + 2].copy_from_slice(&[one, two]);
                let expected = |is: fn(u8) -> bool| bytes.iter().take_while(|&&byte| is(byte)).count();
                let (value, token, visible) = (expected(is_value_byte), expected(is_token_byte), expected(is_visible));
                assert_eq!([value_run(&bytes), token_run(&bytes), visible_run(&bytes)], [value, token, visible], "{bytes:?}");
                assert_eq!(
                    run::<{ words::WIDTH }, { words::APART }>(&bytes, words::value_marks, is_value_byte),
                    value,
                    "{bytes:?}"
                );
                assert_eq!(
                    run::<{ words::WIDTH }, { words::APART }>(&bytes, words::name_marks, is_token_byte),
                    token,
                    "{bytes:?}"
                );
                assert_eq!(
                    run::<{ words::WIDTH }, { words::APART }>(&bytes, words::visible_marks, is_visible),
                    visible,
                    "{bytes:?}"
                );
            }
        }
    }

    fn is_visible(byte: u8) -> bool {
        matches!(byte, 0x21..=0x7E)
    }

    /// Each mark is where its byte is: every byte at every place, among those that have none.
    #[test]
    fn marks_are_at_their_bytes() {
        for (at, byte) in (0..chunk::WIDTH).flat_map(|at| (0..=u8::MAX).map(move |byte| (at, byte))) {
            let mut bytes = [b'a'; chunk::WIDTH];
            bytes[at] = byte;
            let expected = |is: bool| if is { 0 } else { 1 << ((at + 1) * chunk::APART as usize - 1) };
            assert_eq!(chunk::value_marks(&bytes), expected(byte != b'\t' && is_value_byte(byte)), "{byte:#x} at {at}");
            assert_eq!(chunk::name_marks(&bytes), expected(byte.is_ascii_alphabetic() || byte == b'-'), "{byte:#x} at {at}");
            assert_eq!(chunk::visible_marks(&bytes), expected(is_visible(byte)), "{byte:#x} at {at}");
        }
    }
}
