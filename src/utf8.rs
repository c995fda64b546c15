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

/// Whether text goes byte by byte through a table: on 64-bit machines without `simdutf8`, in half the time that core takes for what is beyond
/// ASCII. It has 2 KB, which firmware is without.
const BY_TABLE: bool = cfg!(all(not(feature = "std"), target_pointer_width = "64"));

/// Whether `bytes` is a whole text.
#[inline]
pub(crate) fn is_utf8(bytes: &[u8]) -> bool {
    if BY_TABLE {
        return Utf8::START.after_all(bytes) == Some(Utf8::START);
    }
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
        if BY_TABLE {
            *self = self.after_all(bytes).ok_or(InvalidUtf8)?;
            return Ok(());
        }
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
        *self = self.after(byte).ok_or(InvalidUtf8)?;
        Ok(())
    }

    /// The state after `byte`, if that may come.
    const fn after(self, byte: u8) -> Option<Self> {
        Some(match (self, byte) {
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
            _ => return None,
        })
    }

    /// The state after `bytes`, if they may come, by the table.
    #[inline(never)]
    fn after_all(self, bytes: &[u8]) -> Option<Self> {
        let mut place = place_of(Some(self));
        for part in bytes.chunks(ASCII_PART) {
            if place & PLACE == 0 && part.is_ascii() {
                continue;
            }
            for &byte in part {
                place = TABLE.get(usize::from(byte)).map_or(INVALID, |row| row >> (place & PLACE));
            }
        }
        STATES.into_iter().find(|&state| place_of(Some(state)) == place & PLACE)
    }
}

/// For each byte, what comes after each state: its place, which is how far to the right it has to be shifted to come to its own successor.
static TABLE: [u64; 256] = table();

const STATES: [Utf8; 8] =
    [Utf8::Start, Utf8::Last, Utf8::Two, Utf8::Three, Utf8::AfterE0, Utf8::AfterEd, Utf8::AfterF0, Utf8::AfterF4];

/// The place of what can no longer become valid, and stays there.
const INVALID: u64 = 48;

/// The bits of a place.
const PLACE: u64 = 0x3F;

/// Bytes that are passed over at once if they are ASCII, and of which the next may be.
const ASCII_PART: usize = 8;

const fn place_of(state: Option<Utf8>) -> u64 {
    match state {
        Some(Utf8::Start) => 0,
        Some(Utf8::Last) => 6,
        Some(Utf8::Two) => 12,
        Some(Utf8::Three) => 18,
        Some(Utf8::AfterE0) => 24,
        Some(Utf8::AfterEd) => 30,
        Some(Utf8::AfterF0) => 36,
        Some(Utf8::AfterF4) => 42,
        None => INVALID,
    }
}

const fn table() -> [u64; 256] {
    let mut table = [INVALID << INVALID; 256];
    let (mut rows, mut byte): (&mut [u64], u8) = (&mut table, 0);
    while let [row, rest @ ..] = rows {
        let mut states: &[Utf8] = &STATES;
        while let [state, others @ ..] = states {
            *row |= place_of(state.after(byte)) << place_of(Some(*state));
            states = others;
        }
        (rows, byte) = (rest, byte.wrapping_add(1));
    }
    table
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
                    let expected = core::str::from_utf8(&text).is_ok();
                    assert_eq!(is_utf8(&text), expected, "{text:02x?}");
                    assert_eq!(Utf8::START.after_all(&text) == Some(Utf8::START), expected, "{text:02x?}");
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
                let by_table = Utf8::START.after_all(a).and_then(|state| state.after_all(b));
                assert_eq!(
                    (by_table.is_some(), by_table == Some(Utf8::START)),
                    expected,
                    "{bytes:02x?} at {split}, by the table"
                );
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
