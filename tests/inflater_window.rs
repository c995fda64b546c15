//! RFC 7692 §7.1.2: the window that was agreed is enforced, also where the history that was lent is larger.
#![cfg(feature = "deflate")]

use sansocket::{InflateError, Inflater, Progress, SmallTables, Tables};

/// RFC 1951 §3.2.5: the shortest distance of each symbol with its extra bits.
fn distance_symbols() -> impl Iterator<Item = (u32, u32)> {
    (0..30_u32).scan(1, |next, symbol| {
        let (base, extra) = (*next, if symbol < 2 { 0 } else { symbol / 2 - 1 });
        *next += 1 << extra;
        Some((base, extra))
    })
}

/// A block with the fixed code: a match of 3 bytes at `distance`, `literals` of the byte 0, the end, and the header of a stored
/// block.
fn match_at(distance: u32, literals: usize) -> Vec<u8> {
    let (symbol, (base, extra)) =
        (0_u32..).zip(distance_symbols()).take_while(|(_, (base, _))| *base <= distance).last().unwrap();
    let mut bits: Vec<bool> = vec![false, true, false];
    let mut put = |value: u32, len: u32| bits.extend((0..len).map(|bit| value >> bit & 1 != 0));
    // Codes come with their first bit lowest.
    put(0b100_0000, 7);
    put((symbol << 27).reverse_bits(), 5);
    put(distance - base, extra);
    for _ in 0..literals {
        put(0b0000_1100, 8);
    }
    put(0, 7 + 3);
    bits.chunks(8).map(|byte| byte.iter().rev().fold(0, |value, bit| value << 1 | u8::from(*bit))).collect()
}

/// A stored block of `content`.
fn stored(content: &[u8]) -> Vec<u8> {
    let len = u16::try_from(content.len()).unwrap();
    [&[0][..], &len.to_le_bytes(), &(!len).to_le_bytes(), content].concat()
}

/// The byte that was produced as number `at`, different from those around and from those a power of two before.
fn content(at: usize) -> u8 {
    (at * 7 + at / 256 * 13) as u8
}

fn remember<T: Tables>(inflater: &mut Inflater<'_, T>, len: usize) {
    let bytes: Vec<u8> = (0..len).map(content).collect();
    let mut output = vec![0; len + 1];
    let progress = inflater.inflate(&stored(&bytes), &mut output).unwrap();
    assert_eq!((progress.produced, &output[..len]), (len, &bytes[..]));
}

/// What a match at `distance` gives after `len` bytes, those of an earlier call (`early`) or of the same one, with enough room and
/// input after it for any way of copying, or with little.
fn reach<T: Tables>(
    inflater: &mut Inflater<'_, T>,
    distance: usize,
    early: usize,
    len: usize,
) -> [Result<[u8; 3], InflateError>; 2] {
    [(0, 3), (400, 700)].map(|(literals, room)| {
        inflater.reset();
        remember(inflater, early);
        let bytes: Vec<u8> = (early..len).map(content).collect();
        let mut message = if bytes.is_empty() { Vec::new() } else { stored(&bytes) };
        message.extend(match_at(distance as u32, literals));
        let mut output = vec![0xEE; bytes.len() + room];
        let start = bytes.len();
        let Progress { produced, .. } = inflater.inflate(&message, &mut output)?;
        if produced == start {
            return Err(inflater.inflate(&[], &mut output).unwrap_err());
        }
        assert_eq!(produced, start + 3 + literals);
        Ok(output[start..start + 3].try_into().unwrap())
    })
}

#[test]
fn limit_holds_in_every_larger_history_at_the_distance_and_one_beyond() {
    for history_bits in 8..=15 {
        let mut history = vec![0xAA; 1 << history_bits];
        check_limits(Inflater::new(&mut history).unwrap(), history_bits);
        check_limits(Inflater::<SmallTables>::with_tables(&mut history).unwrap(), history_bits);
    }
}

fn check_limits<T: Tables>(mut inflater: Inflater<'_, T>, history_bits: u8) {
    for window_bits in (8..=history_bits).rev() {
        inflater.limit_window(window_bits);
        assert_eq!(inflater.window_bits(), history_bits);
        let window = 1_usize << window_bits;
        let len = (1 << history_bits) + 777;
        for early in [0, len - window / 2, len] {
            let expected = [0, 1, 2].map(|at| content(len - window + at));
            assert_eq!(reach(&mut inflater, window, early, len), [Ok(expected); 2], "{window_bits} in {history_bits}");
            if window < 1 << 15 {
                let refused = Err(InflateError::DistanceTooFar);
                assert_eq!(reach(&mut inflater, window + 1, early, len), [refused; 2], "{window_bits} in {history_bits}");
            }
        }
    }
}

#[test]
fn limit_beyond_the_history_has_no_effect() {
    for limit in [9, 15, 16, 64, 255] {
        let mut history = [0; 256];
        let mut inflater = Inflater::new(&mut history).unwrap();
        inflater.limit_window(limit);
        assert_eq!(reach(&mut inflater, 256, 1000, 1000), [Ok([0, 1, 2].map(|at| content(744 + at))); 2]);
        assert_eq!(reach(&mut inflater, 257, 1000, 1000), [Err(InflateError::DistanceTooFar); 2]);
        assert_eq!(inflater.window_bits(), 8);
    }
}

#[test]
fn limit_is_replaced_by_the_next_one() {
    let mut history = [0; 1 << 10];
    let mut inflater = Inflater::new(&mut history).unwrap();
    for (limit, reached) in [(8, 256), (9, 512), (8, 256), (15, 1024)] {
        inflater.limit_window(limit);
        assert!(reach(&mut inflater, reached, 2000, 2000)[0].is_ok(), "{limit}");
        assert_eq!(reach(&mut inflater, reached + 1, 2000, 2000)[0], Err(InflateError::DistanceTooFar), "{limit}");
    }
}

/// A limit does not make readable what was not produced.
#[test]
fn nothing_before_the_first_byte_is_reached() {
    let mut history = [0; 1 << 10];
    let mut inflater = Inflater::new(&mut history).unwrap();
    inflater.limit_window(9);
    for early in [0, 200] {
        assert!(reach(&mut inflater, 200, early, 200)[0].is_ok());
        assert_eq!(reach(&mut inflater, 201, early, 200), [Err(InflateError::DistanceTooFar); 2]);
    }
}
