//! Decoding tables for the prefix codes of RFC 1951 §3.2.2: one lookup for short codes, a walk over the lengths for long ones.

/// A prefix code of up to `SYMBOLS` symbols, with a lookup table of `FAST` entries (a power of two).
///
/// An entry is `symbol << 4 | length`, or zero if the code is longer than the lookup.
pub(super) struct Code<const FAST: usize, const SYMBOLS: usize> {
    fast: [u16; FAST],
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

/// For bits that are not a code: a symbol outside of all alphabets, of one bit.
const INVALID: u16 = 0x1ff << 4 | 1;

impl<const FAST: usize, const SYMBOLS: usize> Code<FAST, SYMBOLS> {
    const FAST_BITS: u32 = FAST.trailing_zeros();

    pub(super) const fn new() -> Self {
        Self { fast: [0; FAST], symbols: [0; SYMBOLS], count: [0; 16], long_code: 0, long_index: 0 }
    }

    /// Memory for the lengths that [`Self::build`] will read: the lookup table, which is empty until then.
    pub(super) const fn lengths(&mut self) -> &mut [u16; FAST] {
        &mut self.fast
    }

    /// Builds the code from the lengths (0 to 15) of symbols 0, 1, … `None` if they do not give a code, by zlib's rules:
    /// over-subscribed, or incomplete with more than a single code of one bit.
    pub(super) fn build_from(&mut self, lengths: &[u16]) -> Option<Shape> {
        let shape = sort(lengths, &mut self.symbols, &mut self.count)?;
        self.fill(shape);
        Some(shape)
    }

    /// As [`Self::build_from`], from the first `len` values in [`Self::lengths`].
    pub(super) fn build(&mut self, len: usize) -> Option<Shape> {
        let shape = sort(self.fast.get(..len)?, &mut self.symbols, &mut self.count)?;
        self.fill(shape);
        Some(shape)
    }

    /// Sets each lookup entry to what `entry` returns for its index.
    pub(super) fn fill_with(&mut self, entry: impl Fn(u16) -> (u16, u16)) {
        for (slot, index) in self.fast.iter_mut().zip(0..) {
            let (symbol, len) = entry(index);
            *slot = symbol << 4 | len;
        }
    }

    /// Fills the lookup table from `symbols` and `count`. Codes count upwards, and the first bit of a code is the lowest of the
    /// index.
    fn fill(&mut self, shape: Shape) {
        self.fast.fill(if shape == Shape::Complete { 0 } else { INVALID });
        let mut symbols = self.symbols.iter();
        let (mut code, mut index) = (0_u16, 0);
        for (len, &count) in (0..=Self::FAST_BITS).zip(&self.count).skip(1) {
            for &symbol in symbols.by_ref().take(usize::from(count)) {
                let mut index = usize::from(code.reverse_bits() >> (16 - len));
                // `len` is at most `FAST_BITS`, which is at most 9.
                let [low, ..] = len.to_le_bytes();
                while let Some(slot) = self.fast.get_mut(index) {
                    *slot = symbol << 4 | u16::from(low);
                    index += 1 << len;
                }
                code = code.wrapping_add(1);
            }
            code <<= 1;
            index += count;
        }
        (self.long_code, self.long_index) = (code, index);
    }

    /// The code that `bits` (the next ones of the stream, lowest first, zeros after the end) start with: symbol and length. A
    /// length greater than the number of bits held means that more are needed.
    #[inline(always)]
    pub(super) fn decode(&self, bits: u16) -> (u16, u32) {
        let mut entry = self.fast.get(usize::from(bits) & (FAST - 1)).copied().unwrap_or(INVALID);
        if entry == 0 {
            entry = self.decode_long(bits);
        }
        (entry >> 4, u32::from(entry & 15))
    }

    /// The walk over the lengths: at each length the codes are consecutive numbers.
    #[cold]
    fn decode_long(&self, bits: u16) -> u16 {
        let reversed = u32::from(bits.reverse_bits());
        let mut first = u32::from(self.long_code);
        let mut index = u32::from(self.long_index);
        for (len, &count) in (0_u16..).zip(&self.count).skip(usize::from(self.fast_len())) {
            let offset = (reversed >> (16 - len)).wrapping_sub(first);
            if offset < u32::from(count) {
                let [low, high, ..] = (index + offset).to_le_bytes();
                let symbol = self.symbols.get(usize::from(u16::from_le_bytes([low, high])));
                return symbol.map_or(INVALID, |symbol| symbol << 4 | len);
            }
            first = (first + u32::from(count)) << 1;
            index += u32::from(count);
        }
        INVALID
    }

    /// Length of the shortest code that is longer than the lookup.
    const fn fast_len(&self) -> u8 {
        let [low, ..] = (Self::FAST_BITS + 1).to_le_bytes();
        low
    }
}

/// Counting sort of the symbols by length of code.
fn sort(lengths: &[u16], symbols: &mut [u16], count: &mut [u16; 16]) -> Option<Shape> {
    count.fill(0);
    for &len in lengths {
        *count.get_mut(usize::from(len))? += 1;
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
    for (&len, symbol) in lengths.iter().zip(0_u16..) {
        if len != 0 {
            let offset = offsets.get_mut(usize::from(len))?;
            *symbols.get_mut(usize::from(*offset))? = symbol;
            *offset += 1;
        }
    }
    Some(shape)
}

#[cfg(test)]
#[expect(clippy::cast_possible_truncation, reason = "numbers made up for tests")]
mod tests {
    use super::*;

    #[test]
    fn example_of_section_3_2_2_decodes() {
        let mut code = Code::<4, 8>::new();
        assert_eq!(code.build_from(&[3, 3, 3, 3, 3, 2, 4, 4]), Some(Shape::Complete));
        // Symbols A to H and their codes, first bit leftmost; F is in the lookup, the others are not.
        for (symbol, text) in ["010", "011", "100", "101", "110", "00", "1110", "1111"].iter().enumerate() {
            let bits = text.bytes().rev().fold(0, |bits, bit| bits << 1 | u16::from(bit == b'1'));
            assert_eq!(code.decode(bits), (symbol as u16, text.len() as u32));
        }
    }

    #[test]
    fn sets_of_lengths_are_refused_as_zlib_does() {
        let mut code = Code::<128, 32>::new();
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
            assert_eq!(code.build_from(lengths), shape, "{lengths:?}");
        }
    }

    #[test]
    fn what_no_code_stands_for_shows_after_one_bit() {
        let mut code = Code::<128, 32>::new();
        code.build_from(&[0, 0, 1]).unwrap();
        assert_eq!(code.decode(0), (2, 1));
        assert_eq!(code.decode(1), (INVALID >> 4, 1));
        code.build_from(&[]).unwrap();
        assert_eq!(code.decode(0), (INVALID >> 4, 1));
    }
}
