//! Checks UTF-8 (RFC 3629) as it arrives, and fails at the first byte that cannot continue a valid text (§8.1).

#[cfg(not(feature = "std"))]
use core::str::from_utf8;

#[cfg(feature = "std")]
use simdutf8::compat::from_utf8;

#[cfg(feature = "std")]
use crate::length::copy;

/// The state of a text: what its next byte must be. Only the second byte of a character may have narrower bounds than 80-BF (no
/// overlong forms, no surrogates, nothing above U+10FFFF).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Utf8 {
    /// Between characters.
    Start,
    /// Before the last byte of a character.
    Last,
    /// Before the last but one.
    Two,
    /// Before the last but two.
    Three,
    /// After E0: A0-BF.
    AfterE0,
    /// After ED: 80-9F.
    AfterEd,
    /// After F0: 90-BF.
    AfterF0,
    /// After F4: 80-8F.
    AfterF4,
}

/// Whether `bytes` is a whole text.
#[inline]
pub(crate) fn is_utf8(bytes: &[u8]) -> bool {
    #[cfg(not(feature = "std"))]
    return from_utf8(bytes).is_ok();
    #[cfg(feature = "std")]
    if (WORTH_PADDING..BLOCK).contains(&bytes.len()) {
        let mut block = [0; BLOCK];
        copy(bytes, &mut block);
        simdutf8::basic::from_utf8(&block).is_ok()
    } else {
        simdutf8::basic::from_utf8(bytes).is_ok()
    }
}

/// `simdutf8` leaves less than this to core, at 14 instructions a byte. So a short text is followed by NULs, which are valid, and which
/// no unfinished character can go on with.
#[cfg(feature = "std")]
const BLOCK: usize = 64;

/// From here on that is faster, for text beyond ASCII. ASCII seldom comes here.
#[cfg(feature = "std")]
const WORTH_PADDING: usize = 16;

/// The text can no longer become valid UTF-8.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct InvalidUtf8;

impl Utf8 {
    pub(crate) const START: Self = Self::Start;

    /// Whether the text may end here.
    #[inline]
    pub(crate) const fn is_complete(self) -> bool {
        matches!(self, Self::Start)
    }

    /// Takes the next bytes of the text.
    #[inline]
    pub(crate) fn feed(&mut self, bytes: &[u8]) -> Result<(), InvalidUtf8> {
        self.feed_after(bytes.is_ascii(), bytes)
    }

    /// [`feed`](Self::feed) for a caller that knows whether the bytes are ASCII.
    #[inline]
    pub(crate) fn feed_after(&mut self, is_ascii: bool, bytes: &[u8]) -> Result<(), InvalidUtf8> {
        if is_ascii && self.is_complete() { Ok(()) } else { self.feed_any(bytes) }
    }

    #[inline(never)]
    fn feed_any(&mut self, mut bytes: &[u8]) -> Result<(), InvalidUtf8> {
        while !self.is_complete() {
            let Some((&byte, rest)) = bytes.split_first() else { return Ok(()) };
            self.step(byte)?;
            bytes = rest;
        }
        match from_utf8(bytes) {
            Ok(_) => Ok(()),
            Err(error) if error.error_len().is_some() => Err(InvalidUtf8),
            // At most three bytes of an unfinished character are left.
            Err(error) => bytes.get(error.valid_up_to()..).unwrap_or_default().iter().try_for_each(|&byte| self.step(byte)),
        }
    }

    /// Takes one byte.
    pub(crate) fn step(&mut self, byte: u8) -> Result<(), InvalidUtf8> {
        *self = match (*self, byte) {
            (Self::Start, 0x00..=0x7F) => Self::Start,
            (Self::Start, 0xC2..=0xDF) => Self::Last,
            (Self::Start, 0xE0) => Self::AfterE0,
            (Self::Start, 0xED) => Self::AfterEd,
            (Self::Start, 0xE1..=0xEF) => Self::Two,
            (Self::Start, 0xF0) => Self::AfterF0,
            (Self::Start, 0xF1..=0xF3) => Self::Three,
            (Self::Start, 0xF4) => Self::AfterF4,
            (Self::Last, 0x80..=0xBF) => Self::Start,
            (Self::Two, 0x80..=0xBF) | (Self::AfterE0, 0xA0..=0xBF) | (Self::AfterEd, 0x80..=0x9F) => Self::Last,
            (Self::Three, 0x80..=0xBF) | (Self::AfterF0, 0x90..=0xBF) | (Self::AfterF4, 0x80..=0x8F) => Self::Two,
            _ => return Err(InvalidUtf8),
        };
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Utf8, is_utf8};
    use std::vec::Vec;

    /// By core: may `bytes` be the start of valid text, and is it whole?
    fn by_core(bytes: &[u8]) -> (bool, bool) {
        match core::str::from_utf8(bytes) {
            Ok(_) => (true, true),
            Err(error) => (error.error_len().is_none(), false),
        }
    }

    /// Every character and half character at every place of a text that is shorter, as long and longer than what is checked at once.
    #[test]
    fn whole_texts_agree_with_core_at_every_length() {
        let ends: [&[u8]; 10] = [
            b"",
            b"a",
            b"\xC3\xA9",
            b"\xC3",
            b"\xE4\xB8\xAD",
            b"\xE4\xB8",
            b"\xF0\x9F\x98\x80",
            b"\xF0\x9F\x98",
            b"\xED\xA0\x80",
            b"\xFF",
        ];
        for len in 0..150 {
            for end in ends {
                for rest in [&b""[..], b"z"] {
                    let text: Vec<u8> = [&b"a".repeat(len)[..], end, rest].concat();
                    assert_eq!(is_utf8(&text), core::str::from_utf8(&text).is_ok(), "{text:02x?}");
                }
            }
        }
    }

    /// F-25, F-26, B-33: every string of three bytes, and of four with a leading F0-F5, whole and at every split.
    #[test]
    fn validator_agrees_with_core_on_short_strings_at_every_split() {
        let check = |bytes: &[u8]| {
            let expected = by_core(bytes);
            for split in 0..=bytes.len() {
                let mut utf8 = Utf8::START;
                let (a, b) = bytes.split_at(split);
                let valid = utf8.feed(a).and_then(|()| utf8.feed(b)).is_ok();
                assert_eq!((valid, valid && utf8.is_complete()), expected, "{bytes:02x?} at {split}");
            }
        };
        let edges = [0x00, 0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xE0, 0xED, 0xF0, 0xF4, 0xFF];
        for a in 0..=255 {
            for b in 0..=255 {
                check(&[a, b]);
                for c in edges {
                    check(&[a, b, c]);
                    if a >= 0xEF {
                        edges.iter().for_each(|&d| check(&[a, b, c, d]));
                    }
                }
            }
        }
    }
}
