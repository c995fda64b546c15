//! Decoding tables for the prefix codes of RFC 1951 §3.2.2: one lookup for short codes, a walk over the lengths for long ones.

use super::entry::Entry;

/// A prefix code of up to `SYMBOLS` symbols, with a lookup table of `FAST` entries (a power of two).
pub(super) struct Code<E, const FAST: usize, const SYMBOLS: usize> {
    fast: [E; FAST],
    /// Symbols in the order of their codes.
    symbols: [u16; SYMBOLS],
    /// Number of codes of each length.
    count: [u16; 16],
    /// The first code that is longer than the lookup, and the index of its symbol in `symbols`.
    long_code: u16,
    long_index: u16,
}

/// The kinds of code that a valid set of lengths gives.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Shape {
    /// Every bit string starts with a code.
    Complete,
    /// A single code of one bit.
    Single,
    /// No code.
    Empty,
}

impl<E: Entry, const FAST: usize, const SYMBOLS: usize> Code<E, FAST, SYMBOLS> {
    pub(super) const fn new() -> Self {
        Self { fast: [E::LONG; FAST], symbols: [0; SYMBOLS], count: [0; 16], long_code: 0, long_index: 0 }
    }

    /// Length of the longest codes in the lookup.
    #[inline(always)]
    fn fast_bits() -> usize {
        let [bits, ..] = FAST.trailing_zeros().to_le_bytes();
        bits.into()
    }

    /// Memory for the lengths that [`Self::build`] will read: the lookup table, which is empty until then.
    pub(super) const fn lengths(&mut self) -> &mut [E; FAST] {
        &mut self.fast
    }

    /// Builds the code from the lengths (0 to 15) of symbols 0, 1, … `None` if they do not give a code, by zlib's rules:
    /// over-subscribed, or incomplete with more than a single code of one bit.
    pub(super) fn build_from(&mut self, lengths: &[E], pack: impl Fn(u16) -> u32) -> Option<Shape> {
        let shape = sort(lengths, &mut self.symbols, &mut self.count)?;
        (self.long_code, self.long_index) = fill(&mut self.fast, &self.symbols, &self.count, shape, pack);
        Some(shape)
    }

    /// As [`Self::build_from`], from the first `len` values in [`Self::lengths`].
    pub(super) fn build(&mut self, len: usize, pack: impl Fn(u16) -> u32) -> Option<Shape> {
        let shape = sort(self.fast.get(..len)?, &mut self.symbols, &mut self.count)?;
        (self.long_code, self.long_index) = fill(&mut self.fast, &self.symbols, &self.count, shape, pack);
        Some(shape)
    }

    /// The entry for the code that `bits` (the next ones of the stream, lowest first) start with, or [`Entry::LONG`].
    #[inline(always)]
    pub(super) fn look(&self, bits: u16) -> E {
        self.fast.get(usize::from(bits) & (FAST - 1)).copied().unwrap_or(E::INVALID)
    }

    /// As [`Self::look`], for a code that is longer than the lookup.
    #[inline(always)]
    pub(super) fn look_long(&self, bits: u16, pack: impl Fn(u16) -> u32) -> E {
        let (index, len) = walk(&self.count, Self::fast_bits(), [self.long_code, self.long_index], bits);
        self.symbols.get(index).map_or(E::INVALID, |&symbol| E::new(symbol, len, pack))
    }

    /// The packed entry for the code that `bits` start with. One that takes more bits than are held means that more are needed.
    #[inline(always)]
    pub(super) fn decode(&self, bits: u16, pack: impl Fn(u16) -> u32 + Copy) -> u32 {
        let mut entry = self.look(bits);
        if entry.is_long() {
            entry = self.look_long(bits, pack);
        }
        entry.packed(pack)
    }
}

/// Fills a lookup table from the symbols in the order of their codes, and the number of codes of each length. Codes count upwards,
/// and the first bit of a code is the lowest of the index; the part that is filled doubles with each length. Returns the first code
/// that is longer than the lookup, and the index of its symbol.
#[inline(never)]
fn fill<E: Entry>(fast: &mut [E], symbols: &[u16], count: &[u16; 16], shape: Shape, pack: impl Fn(u16) -> u32) -> (u16, u16) {
    if let Some(first) = fast.first_mut() {
        *first = if shape == Shape::Complete { E::LONG } else { E::INVALID };
    }
    let mut symbols = symbols.iter();
    // `code` has its first bit lowest, so that it is the same when a bit is appended.
    let (mut code, mut index, mut filled, mut unfilled) = (0_u16, 0, 1, 16);
    for (len, &count) in (0_u16..).zip(count).skip(1) {
        if filled >= fast.len() {
            break;
        }
        let (front, back) = fast.split_at_mut_checked(filled).unwrap_or((&mut [], &mut []));
        for (to, from) in back.iter_mut().zip(front) {
            *to = *from;
        }
        filled *= 2;
        unfilled -= 1;
        for &symbol in symbols.by_ref().take(usize::from(count)) {
            if let Some(slot) = fast.get_mut(usize::from(code)) {
                *slot = E::new(symbol, len, &pack);
            }
            // One more: the last zero becomes one, and the ones after it zeros.
            let last = 0x8000_u16.wrapping_shr((!code << unfilled).leading_zeros()) >> unfilled;
            code = code & last.wrapping_sub(1) | last;
        }
        index += count;
    }
    (code.reverse_bits().wrapping_shr(unfilled) << 1, index)
}

/// The index among the sorted symbols of the code longer than `fast_bits` that `bits` start with, and its length. At each length the
/// codes are consecutive numbers. `long` is the first code, and the index of its symbol.
#[cold]
#[inline(never)]
fn walk(count: &[u16; 16], fast_bits: usize, long: [u16; 2], bits: u16) -> (usize, u16) {
    let reversed = u32::from(bits.reverse_bits());
    let [mut first, mut index] = long.map(u32::from);
    for (len, &count) in (0_u16..).zip(count).skip(1 + fast_bits) {
        let offset = (reversed >> (16 - len)).wrapping_sub(first);
        if offset < u32::from(count) {
            let [low, high, ..] = (index + offset).to_le_bytes();
            return (usize::from(u16::from_le_bytes([low, high])), len);
        }
        first = (first + u32::from(count)) << 1;
        index += u32::from(count);
    }
    (usize::MAX, 1)
}

/// Counting sort of the symbols by length of code.
fn sort<E: Entry>(lengths: &[E], symbols: &mut [u16], count: &mut [u16; 16]) -> Option<Shape> {
    count.fill(0);
    for len in lengths {
        *count.get_mut(usize::from(len.value() & 15))? += 1;
    }
    // Symbols that are not used have length 0.
    let [unused, used @ ..] = count;
    *unused = 0;
    let mut free = 1_u32;
    let mut offsets = [0_u16; 16];
    let mut total = 0;
    for (&mut count, offset) in used.iter_mut().zip(offsets.iter_mut().skip(1)) {
        free = (free << 1).checked_sub(u32::from(count))?;
        *offset = total;
        total += count;
    }
    let [single, ..] = used;
    let shape = match (free, total) {
        (0, _) => Shape::Complete,
        (_, 0) => Shape::Empty,
        (_, 1) if *single == 1 => Shape::Single,
        _ => return None,
    };
    for (len, symbol) in lengths.iter().zip(0_u16..) {
        let len = len.value();
        if len != 0 {
            let offset = offsets.get_mut(usize::from(len & 15))?;
            *symbols.get_mut(usize::from(*offset))? = symbol;
            *offset += 1;
        }
    }
    Some(shape)
}

#[cfg(test)]
#[expect(clippy::cast_possible_truncation, reason = "numbers made up for tests")]
mod tests {
    use super::super::entry::{OTHER, value};
    use super::*;
    use std::vec::Vec;

    /// A symbol as its own value.
    fn itself(symbol: u16) -> u32 {
        u32::from(symbol) << 16
    }

    /// The lengths as both kinds of entries hold them, and what both kinds of table give.
    fn build<const FAST: usize, const SYMBOLS: usize>(lengths: &[u16]) -> (Code<u16, FAST, SYMBOLS>, Code<u32, FAST, SYMBOLS>) {
        let (mut small, mut fast) = (Code::new(), Code::new());
        let shape = small.build_from(lengths, itself);
        let lengths: Vec<u32> = lengths.iter().map(|&len| len.into()).collect();
        assert_eq!(fast.build_from(&lengths, itself), shape);
        (small, fast)
    }

    #[test]
    fn example_of_section_3_2_2_decodes() {
        let (small, fast) = build::<4, 8>(&[3, 3, 3, 3, 3, 2, 4, 4]);
        // Symbols A to H and their codes, first bit leftmost; F is in the lookup, the others are not.
        for (symbol, text) in ["010", "011", "100", "101", "110", "00", "1110", "1111"].iter().enumerate() {
            let bits = text.bytes().rev().fold(0, |bits, bit| bits << 1 | u16::from(bit == b'1'));
            for entry in [small.decode(bits, itself), fast.decode(bits, itself)] {
                assert_eq!((value(entry), entry & 31, entry >> 8 & 15), (symbol as u16, text.len() as u32, text.len() as u32));
            }
        }
    }

    #[test]
    fn sets_of_lengths_are_refused_as_zlib_does() {
        let mut code = Code::<u16, 128, 32>::new();
        for (lengths, shape) in [
            (&[1, 1][..], Some(Shape::Complete)),
            (&[0, 1], Some(Shape::Single)),
            (&[0, 0], Some(Shape::Empty)),
            (&[0, 2], None),
            (&[1, 2], None),
            (&[1, 1, 1], None),
            (&[1, 2, 2, 15], None),
            (&[2, 2, 2], None),
        ] {
            assert_eq!(code.build_from(lengths, itself), shape, "{lengths:?}");
        }
    }

    #[test]
    fn what_no_code_stands_for_shows_after_one_bit() {
        let (small, fast) = build::<128, 32>(&[0, 0, 1]);
        for code in [small.decode(0, itself), fast.decode(0, itself)] {
            assert_eq!((value(code), code & 31), (2, 1));
        }
        assert_eq!(fast.decode(1, itself), OTHER + 0x101);
        let (_, fast) = build::<128, 32>(&[]);
        assert_eq!(fast.decode(0, itself), OTHER + 0x101);
    }
}
