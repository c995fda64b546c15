//! Searches by words of eight bytes, for what has no vectors. A mark is the top bit of its byte.
//!
//! The first byte of a word is its lowest. What is subtracted or added at a byte with a mark changes those above it, but takes no mark from
//! them.

/// How many bytes a search looks at together.
pub(crate) const WIDTH: usize = 8;
/// How many bits a mark is from that of the next byte.
pub(crate) const APART: u32 = 8;

/// Below a blank, or DEL. One of them may be in a value, the tab.
#[inline]
pub(crate) fn value_marks(bytes: &[u8; WIDTH]) -> u64 {
    let word = u64::from_le_bytes(*bytes);
    (word.wrapping_sub(each(b' ')) | (word & each(0x7F)).wrapping_add(each(1))) & !word & each(0x80)
}

/// Neither a letter nor a dash.
#[inline]
pub(crate) fn name_marks(bytes: &[u8; WIDTH]) -> u64 {
    let word = u64::from_le_bytes(*bytes);
    let low = word | each(b' ');
    let not_dash = word ^ each(b'-');
    (low.wrapping_sub(each(b'a')) | low.wrapping_add(each(0x7F - b'z')))
        & ((not_dash & each(0x7F)).wrapping_add(each(0x7F)) | not_dash)
        & each(0x80)
}

/// Not visible ASCII.
#[inline]
pub(crate) fn visible_marks(bytes: &[u8; WIDTH]) -> u64 {
    let word = u64::from_le_bytes(*bytes);
    (word.wrapping_sub(each(b'!')) | word.wrapping_add(each(1))) & each(0x80)
}

/// A word of eight such bytes.
const fn each(byte: u8) -> u64 {
    u64::from_le_bytes([byte; 8])
}
