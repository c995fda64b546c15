//! The sliding window of RFC 1951 §2: the latest bytes produced, in memory that the caller lends.

use crate::length::copy;

/// A ring of 2^8 to 2^15 bytes, of which only those that were produced can be read.
pub(super) struct History<'m> {
    bytes: &'m mut [u8],
    /// Where the next byte goes.
    at: usize,
    /// How many bytes before `at` are valid.
    filled: usize,
}

impl<'m> History<'m> {
    /// `None` if the length is not a power of two from 256 to 32 768.
    pub(super) const fn new(bytes: &'m mut [u8]) -> Option<Self> {
        if !bytes.len().is_power_of_two() || bytes.len() < 1 << 8 || bytes.len() > 1 << 15 {
            return None;
        }
        Some(Self { bytes, at: 0, filled: 0 })
    }

    /// Size of the window in bytes.
    pub(super) const fn window(&self) -> usize {
        self.bytes.len()
    }

    /// How many bytes back can be read.
    pub(super) const fn filled(&self) -> usize {
        self.filled
    }

    pub(super) const fn clear(&mut self) {
        self.at = 0;
        self.filled = 0;
    }

    /// The last `back` bytes, oldest first, in two parts. `back` is 1 to `filled`.
    #[inline]
    pub(super) fn last(&self, back: usize) -> (&[u8], &[u8]) {
        let (older, newer) = (self.bytes.get(self.at..).unwrap_or(&[]), self.bytes.get(..self.at).unwrap_or(&[]));
        match self.at.checked_sub(back) {
            Some(start) => (newer.get(start..).unwrap_or(&[]), &[]),
            None => {
                let skip = self.bytes.len().saturating_sub(back);
                (older.get(skip..).unwrap_or(&[]), newer)
            }
        }
    }

    /// The last `back` bytes up to the wrap, and what lies in memory after them. `back` is 1 to `filled`.
    #[inline(always)]
    pub(super) fn tail(&self, back: usize) -> &[u8] {
        self.bytes.get(self.at.wrapping_sub(back) & self.bytes.len().wrapping_sub(1)..).unwrap_or(&[])
    }

    /// Appends `produced`; bytes older than the window are forgotten.
    pub(super) fn push(&mut self, produced: &[u8]) {
        let window = self.bytes.len();
        let kept = produced.get(produced.len().saturating_sub(window)..).unwrap_or(&[]);
        let first = kept.len().min(window - self.at);
        for (part, at) in [(kept.get(..first), self.at), (kept.get(first..), 0)] {
            if let (Some(place), Some(part)) = (self.bytes.get_mut(at..), part) {
                copy(part, place);
            }
        }
        self.at = (self.at + kept.len()) & (window - 1);
        self.filled = (self.filled + kept.len()).min(window);
    }
}

#[cfg(test)]
#[expect(clippy::cast_possible_truncation, reason = "numbers made up for tests")]
mod tests {
    use super::*;

    #[test]
    fn only_the_eight_window_sizes_are_taken() {
        let mut bytes = [0; 65536];
        for len in (0..2048).chain(32760..32780).chain([16384, 65536]) {
            let ok = History::new(&mut bytes[..len]).is_some();
            assert_eq!(ok, (8..=15).any(|bits| len == 1 << bits), "{len}");
        }
    }

    #[test]
    fn last_gives_what_was_pushed_across_the_wrap() {
        let all: [u8; 1024] = core::array::from_fn(|i| (i * 7 + i / 256) as u8);
        for step in [1, 3, 100, 255, 256, 257, 600] {
            let mut bytes = [0; 256];
            let mut history = History::new(&mut bytes).unwrap();
            let mut end = 0;
            for part in all.chunks(step) {
                history.push(part);
                end += part.len();
                assert_eq!(history.filled(), end.min(256));
                for back in 1..=history.filled() {
                    let (a, b) = history.last(back);
                    assert!(a.iter().chain(b).eq(&all[end - back..end]), "step {step}, end {end}, back {back}");
                }
            }
        }
    }
}
