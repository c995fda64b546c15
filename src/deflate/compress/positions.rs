//! Positions in 16 bits, in tables of pairs of bytes, for messages without end.

/// Positions are looked up to this one: those of a match and what is looked up ahead of it still fit into 16 bits. Once they are
/// reduced, all are further than a window from 0, which stands for none.
pub(super) const MAX_POSITION: usize = 0xFFFF - AHEAD;

/// A match, and what is looked up ahead of it.
const AHEAD: usize = 520;

/// By how much positions are reduced.
pub(super) const AGE: u16 = 32_000;

const _: () = assert!(MAX_POSITION - 32_000 > 1 << 15);

/// Reduces all positions in a table, those too far back to 0.
#[cold]
#[inline(never)]
pub(super) fn age(table: &mut [u8]) {
    for position in table.chunks_exact_mut(2) {
        if let [low, high] = position {
            [*low, *high] = u16::from_le_bytes([*low, *high]).saturating_sub(AGE).to_le_bytes();
        }
    }
}

/// A number modulo 2^16.
#[inline(always)]
pub(super) const fn low_16(number: usize) -> u16 {
    let [low, high, ..] = number.to_le_bytes();
    u16::from_le_bytes([low, high])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_positions_become_none_and_others_stay_as_far_apart() {
        let mut table = [0; 10];
        let positions = [0, 1, AGE, AGE + 1, u16::MAX];
        for (pair, position) in table.chunks_mut(2).zip(positions) {
            pair.copy_from_slice(&position.to_le_bytes());
        }
        age(&mut table);
        let aged: std::vec::Vec<_> = table.chunks(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
        assert_eq!(aged, [0, 0, 0, 1, u16::MAX - AGE]);
    }
}
