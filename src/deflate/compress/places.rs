//! Where the next bytes occurred before: the hash table of the fast level, in memory that the caller lends.

use super::positions::{AGE, MAX_POSITION, age, low_16};

/// Buckets, one for each hash of three bytes, with the four latest positions of such bytes.
///
/// Positions count on from message to message. They are aged before they would wrap around, so that the distance to a position is
/// always the true one.
pub(super) struct Places<'m> {
    buckets: &'m mut [u8],
    /// The right shift that reduces a hash to the index of a byte.
    shift: u32,
    /// Position of the first byte of this call's input, modulo the numbers of `usize`.
    base: usize,
}

/// Positions in a bucket. Each has two bytes.
pub(super) const WAYS: usize = 4;

impl<'m> Places<'m> {
    /// Takes the largest power of two of buckets that fits into `memory`, at most 8192; `None` if that is less than 16.
    pub(super) fn new(memory: &'m mut [u8]) -> Option<Self> {
        let bits = (4..=13).rev().find(|bits| memory.len() >= (2 * WAYS) << bits)?;
        let buckets = memory.get_mut(..(2 * WAYS) << bits)?;
        buckets.fill(0);
        Some(Self { buckets, shift: 32 - bits - (2 * WAYS).trailing_zeros(), base: 1 })
    }

    /// The call's input is consumed up to `len`.
    pub(super) const fn advance(&mut self, len: usize) {
        self.base = self.base.wrapping_add(len);
    }

    /// To be called before a lookup `at` and the next byte, and before those in the match that is found there.
    #[inline(always)]
    pub(super) fn prepare(&mut self, at: usize) {
        while self.base.wrapping_add(at) > MAX_POSITION {
            age(self.buckets);
            self.base = self.base.wrapping_sub(usize::from(AGE));
        }
    }

    /// The position of a byte of the call's input.
    #[inline(always)]
    pub(super) const fn position(&self, at: usize) -> u16 {
        low_16(self.base.wrapping_add(at))
    }

    /// Looks up three bytes and stores their position. Returns the positions stored before.
    #[inline(always)]
    pub(super) fn exchange(&mut self, [a, b, c]: [u8; 3], position: u16) -> Found {
        // Knuth's multiplicative hash: the high bits of a product with 2^32 divided by the golden ratio.
        let hash = u32::from_le_bytes([0, a, b, c]).wrapping_mul(0x9e37_79b1) >> (self.shift & 31);
        let index = usize::try_from(hash).unwrap_or_default() & !(2 * WAYS - 1);
        let bucket = self.buckets.get_mut(index..index.wrapping_add(2 * WAYS));
        let Some(bucket) = bucket.and_then(|bucket| bucket.first_chunk_mut::<{ 2 * WAYS }>()) else { return Found::NONE };
        let old = u64::from_le_bytes(*bucket);
        *bucket = (old << 16 | u64::from(position)).to_le_bytes();
        Found { positions: old, position }
    }
}

/// Four positions, the latest lowest, and the one that they are looked up for.
pub(super) struct Found {
    positions: u64,
    position: u16,
}

impl Found {
    pub(super) const NONE: Self = Self { positions: 0, position: 0 };

    /// The distance to the nearest position that was not taken yet.
    #[inline(always)]
    pub(super) const fn take(&mut self) -> u16 {
        let [low, high, ..] = self.positions.to_le_bytes();
        self.positions >>= 16;
        self.position.wrapping_sub(u16::from_le_bytes([low, high]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn distances(places: &mut Places<'_>, three: &[u8; 3], at: usize) -> [u16; WAYS] {
        let mut found = places.exchange(*three, places.position(at));
        [(); WAYS].map(|()| found.take())
    }

    #[test]
    fn the_four_latest_places_are_remembered() {
        let mut memory = [0xaa; 128];
        let mut places = Places::new(&mut memory).unwrap();
        places.advance(65_000);
        for at in [0, 2, 3, 10] {
            places.prepare(at);
            distances(&mut places, b"abc", at);
        }
        assert_eq!(distances(&mut places, b"abc", 12), [2, 9, 10, 12]);
        places.advance(20);
        assert_eq!(distances(&mut places, b"abc", 0), [8, 10, 17, 18]);
    }

    #[test]
    fn no_place_is_taken_for_a_nearer_one() {
        let mut memory = [0xaa; 128];
        let mut places = Places::new(&mut memory).unwrap();
        distances(&mut places, b"abc", 0);
        for at in (1000..=400_000).step_by(1000) {
            places.prepare(at);
            // What is not in the table counts from 0, which is never within the window.
            let [distance, ..] = distances(&mut places, b"xyz", at);
            assert!(distance == 1000 || at == 1000 && distance == 1001, "{distance} at {at}");
        }
        let [distance, ..] = distances(&mut places, b"abc", 400_000);
        assert!(distance > 1 << 15, "{distance}");
    }

    #[test]
    fn too_little_memory_is_refused() {
        assert!(Places::new(&mut [0; 127]).is_none());
        assert!(Places::new(&mut [0; 70_000]).is_some());
    }
}
