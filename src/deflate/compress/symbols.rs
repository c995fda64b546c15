//! RFC 1951 §3.2.5: the symbols that stand for lengths and distances, and their extra bits.

/// A repetition of `len` bytes, 3 to 258, from `distance` bytes before, 1 to 32 768.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Match {
    pub(super) len: u16,
    pub(super) distance: u16,
}

pub(super) const MIN_MATCH: u16 = 3;
pub(super) const MAX_MATCH: usize = 258;

/// A symbol without what its code alphabet begins with, and the extra bits that follow its code.
#[derive(Clone, Copy)]
pub(super) struct Symbol {
    pub(super) number: u32,
    pub(super) extra: u32,
    pub(super) extra_len: u32,
}

impl Match {
    pub(super) const NONE: Self = Self { len: 0, distance: 0 };

    /// The symbol of the length, less 257.
    #[inline(always)]
    pub(super) fn len_symbol(self) -> Symbol {
        // Numbers from 8 on (distances: 4) have a symbol for their first three (two) binary digits; the other digits are extra
        // bits.
        let value = u32::from(self.len.wrapping_sub(MIN_MATCH));
        match value {
            255 => Symbol { number: 28, extra: 0, extra_len: 0 },
            0..8 => Symbol { number: value, extra: 0, extra_len: 0 },
            _ => {
                let extra_len = 29 - value.leading_zeros();
                Symbol { number: (extra_len << 2) + (value >> extra_len), extra: value & ((1 << extra_len) - 1), extra_len }
            }
        }
    }

    /// The symbol of the distance.
    #[inline(always)]
    pub(super) fn distance_symbol(self) -> Symbol {
        let value = u32::from(self.distance.wrapping_sub(1));
        match value {
            0..4 => Symbol { number: value, extra: 0, extra_len: 0 },
            _ => {
                let extra_len = 30 - value.leading_zeros();
                Symbol { number: (extra_len << 1) + (value >> extra_len), extra: value & ((1 << extra_len) - 1), extra_len }
            }
        }
    }
}

/// How many bytes two slices have in common at the start.
#[inline(always)]
pub(super) fn common_len(a: &[u8], b: &[u8]) -> usize {
    let mut len = 0;
    let (mut a, mut b) = (a, b);
    while let (Some((x, more_a)), Some((y, more_b))) = (a.split_first_chunk::<8>(), b.split_first_chunk::<8>()) {
        let differ = u64::from_le_bytes(*x) ^ u64::from_le_bytes(*y);
        if differ != 0 {
            let [same, ..] = (differ.trailing_zeros() >> 3).to_le_bytes();
            return len + usize::from(same);
        }
        len += 8;
        (a, b) = (more_a, more_b);
    }
    len + a.iter().zip(b).take_while(|(x, y)| x == y).count()
}
