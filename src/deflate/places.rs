//! Where the next bytes occurred before: the hash table of the compressor, in memory that the caller lends.

/// Buckets, one for each hash of three bytes, with the four latest positions of such bytes modulo 2^16.
///
/// An entry is only a hint, since positions wrap around and hashes collide: the bytes are always compared.
pub(super) struct Places<'m> {
    buckets: &'m mut [u8],
    /// The right shift that reduces a hash to the index of a bucket.
    shift: u32,
    /// Position of the first byte of this call's input.
    base: u16,
}

/// Positions in a bucket. Each has two bytes.
pub(super) const WAYS: usize = 4;

impl<'m> Places<'m> {
    /// Takes the largest power of two of buckets that fits into `memory`, at most 8192; `None` if that is less than 16.
    pub(super) fn new(memory: &'m mut [u8]) -> Option<Self> {
        let bits = (4..=13).rev().find(|bits| memory.len() >= (2 * WAYS) << bits)?;
        let buckets = memory.get_mut(..(2 * WAYS) << bits)?;
        buckets.fill(0);
        Some(Self { buckets, shift: 32 - bits, base: 0 })
    }

    /// Not needed for safety, but so that earlier messages have no influence on the output.
    pub(super) fn clear(&mut self) {
        self.buckets.fill(0);
        self.base = 0;
    }

    /// The call's input is consumed up to `len`.
    pub(super) fn advance(&mut self, len: usize) {
        self.base = self.base.wrapping_add(low_16(len));
    }

    /// Looks up the three bytes at the start of `rest`, which begins at `at` in the call's input, and stores their position.
    /// Returns the distances to the positions stored before, the nearest first, modulo 2^16 and unchecked; 0 for none.
    #[inline(always)]
    pub(super) fn exchange(&mut self, rest: &[u8], at: usize) -> [u16; WAYS] {
        let Some(&[a, b, c]) = rest.first_chunk::<3>() else { return [0; WAYS] };
        // Knuth's multiplicative hash: the high bits of a product with 2^32 divided by the golden ratio.
        let hash = u32::from_le_bytes([0, a, b, c]).wrapping_mul(0x9e37_79b1) >> self.shift;
        let [low, high, ..] = hash.to_le_bytes();
        let index = usize::from(u16::from_le_bytes([low, high])) * 2 * WAYS;
        let bucket = self.buckets.get_mut(index..).and_then(|buckets| buckets.first_chunk_mut::<{ 2 * WAYS }>());
        let Some(bucket) = bucket else { return [0; WAYS] };
        let place = self.base.wrapping_add(low_16(at));
        let old = *bucket;
        *bucket = (u64::from_le_bytes(old) << 16 | u64::from(place)).to_le_bytes();
        let [a, b, c, d, e, f, g, h] = old;
        [[a, b], [c, d], [e, f], [g, h]].map(|before| place.wrapping_sub(u16::from_le_bytes(before)))
    }
}

/// A position modulo 2^16.
#[inline(always)]
fn low_16(at: usize) -> u16 {
    let [low, high, ..] = at.to_le_bytes();
    u16::from_le_bytes([low, high])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_four_latest_places_are_remembered() {
        let mut memory = [0xaa; 128];
        let mut places = Places::new(&mut memory).unwrap();
        places.advance(65_530);
        for at in [0, 2, 3, 10] {
            places.exchange(b"abc", at);
        }
        assert_eq!(places.exchange(b"abcd", 12), [2, 9, 10, 12]);
        places.advance(20);
        assert_eq!(places.exchange(b"abc", 0), [8, 10, 17, 18]);
        assert_eq!(places.exchange(b"ab", 1), [0; 4]);
    }

    #[test]
    fn too_little_memory_is_refused() {
        assert!(Places::new(&mut [0; 127]).is_none());
        assert!(Places::new(&mut [0; 70_000]).is_some());
    }
}
