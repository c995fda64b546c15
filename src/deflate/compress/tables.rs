//! Where bytes occurred before: the hash chains of the thorough levels, in memory that the caller lends.

use super::positions::{AGE, age};

/// Where bytes occurred: tables of pairs of bytes, each a power of two long.
pub(super) struct Tables<'m> {
    /// For each hash of four bytes their latest position, 0 for none.
    heads: &'m mut [u8],
    /// For each position as it would be if it was never reduced, modulo the window, the distance to the one before with the same
    /// hash of four bytes.
    steps: &'m mut [u8],
    /// The same as `heads` for three bytes, where a search began.
    threes: &'m mut [u8],
    /// The right shifts that reduce a hash to an index.
    heads_shift: u8,
    threes_shift: u8,
    /// By how much positions were reduced so far, modulo 2^16.
    aged: u16,
}

impl<'m> Tables<'m> {
    pub(super) fn new(heads: &'m mut [u8], steps: &'m mut [u8], threes: &'m mut [u8]) -> Option<Self> {
        let shift = |table: &[u8]| match table.len() {
            4..=0x2_0000 if table.len().is_power_of_two() => u8::try_from(32 - table.len().trailing_zeros()).ok(),
            _ => None,
        };
        shift(steps)?;
        let (heads_shift, threes_shift) = (shift(heads)?, shift(threes)?);
        heads.fill(0);
        threes.fill(0);
        Some(Self { heads, steps, threes, heads_shift, threes_shift, aged: 0 })
    }

    pub(super) const fn window(&self) -> usize {
        self.steps.len() / 2
    }

    /// Reduces all positions.
    pub(super) fn age(&mut self) {
        age(self.heads);
        age(self.threes);
        self.aged = self.aged.wrapping_add(AGE);
    }

    /// Enters a position by the hash of its four bytes, and returns the distance to the one before with the same.
    #[inline(always)]
    pub(super) fn enter(&mut self, four: u32, position: u16) -> u16 {
        let distance = position.wrapping_sub(exchange(self.heads, hash(four, self.heads_shift), position));
        exchange(self.steps, self.step_index(self.place(position)), distance);
        distance
    }

    /// The same for the first three of the bytes.
    #[inline(always)]
    pub(super) fn enter_three(&mut self, four: u32, position: u16) -> u16 {
        position.wrapping_sub(exchange(self.threes, hash(four << 8, self.threes_shift), position))
    }

    /// The distance to the position before this one with the same hash of three bytes.
    pub(super) fn distance_of_three(&self, [a, b, c]: [u8; 3], position: u16) -> u16 {
        let three = pair(self.threes, hash(u32::from_le_bytes([0, a, b, c]), self.threes_shift));
        position.wrapping_sub(three.unwrap_or_default())
    }

    /// The place of a position in the steps, which does not change when positions are reduced.
    #[inline(always)]
    pub(super) fn place(&self, position: u16) -> u32 {
        u32::from(position) + u32::from(self.aged)
    }

    /// How far what stands at this place is from the position before it with the same hash of four bytes.
    #[inline(always)]
    pub(super) fn step(&self, place: u32) -> Option<u32> {
        pair(self.steps, self.step_index(place)).map(u32::from)
    }

    #[inline(always)]
    fn step_index(&self, place: u32) -> usize {
        index(place.wrapping_mul(2)) & self.steps.len().wrapping_sub(1)
    }
}

/// Knuth's multiplicative hash: the high bits of a product with 2^32 divided by the golden ratio, as the index of a pair.
#[inline(always)]
fn hash(bytes: u32, shift: u8) -> usize {
    usize::try_from(bytes.wrapping_mul(0x9e37_79b1) >> (shift & 31)).unwrap_or_default() & !1
}

/// Puts a number into a table of pairs, and returns what stood there.
#[inline(always)]
fn exchange(table: &mut [u8], index: usize, number: u16) -> u16 {
    match table.get_mut(index..index.wrapping_add(2)) {
        Some([low, high]) => {
            let old = u16::from_le_bytes([*low, *high]);
            [*low, *high] = number.to_le_bytes();
            old
        }
        _ => 0,
    }
}

#[inline(always)]
fn pair(table: &[u8], index: usize) -> Option<u16> {
    match table.get(index..index.wrapping_add(2)) {
        Some(&[low, high]) => Some(u16::from_le_bytes([low, high])),
        _ => None,
    }
}

/// A number that is used as an index.
#[inline(always)]
pub(super) fn index(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
