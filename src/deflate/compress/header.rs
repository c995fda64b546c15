//! The header of a dynamic block (RFC 1951 §3.2.7): the lengths of both codes, compressed themselves.

use super::super::bits::BitWriter;
use super::codes::{Code, assign, best_lengths};

/// Symbols for literals and lengths, and for distances, that may occur.
pub(super) const LITERALS: usize = 286;
pub(super) const DISTANCES: usize = 30;

/// Bytes that every header fits into, and 8 more.
pub(super) const MAX_HEADER: usize = 304;

/// The order in which the lengths of the third code are written.
const ORDER: [u8; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/// Writes the header for codes with these lengths, from BFINAL on, and returns how many bits it has.
pub(super) fn write(literals: &[u8; LITERALS], distances: &[u8; DISTANCES], output: &mut [u8]) -> u32 {
    let used = |lengths: &[u8], least: u8| {
        (1..).zip(lengths).filter(|(_, length)| **length > 0).map(|(count, _)| count).max().unwrap_or(0_u32).max(u32::from(least))
    };
    let (literal_count, distance_count) = (used(literals, 0), used(distances, 1));
    let all = || literals.iter().zip(0..literal_count).chain(distances.iter().zip(0..distance_count)).map(|(length, _)| *length);

    let mut frequencies = [0_u16; 19];
    each_run(all(), |run| {
        if let Some(frequency) = frequencies.get_mut(usize::from(run.symbol)) {
            *frequency += 1;
        }
    });
    let mut lengths = [0; 19];
    best_lengths(&frequencies, 7, &mut lengths);
    let mut codes = [Code(0); 19];
    assign(&lengths, |symbol, code| {
        if let Some(place) = codes.get_mut(symbol) {
            *place = code;
        }
    });

    let mut writer = Writer { bits: BitWriter::new(), output, at: 0 };
    let length_of = |symbol: u8| lengths.get(usize::from(symbol)).copied().unwrap_or_default();
    let ordered = ORDER.map(length_of);
    let count = used(&ordered, 4);
    // BFINAL 0, BTYPE 10; HLIT, HDIST, HCLEN.
    writer.put(4, 3);
    writer.put(literal_count - 257, 5);
    writer.put(distance_count - 1, 5);
    writer.put(count - 4, 4);
    for (&length, _) in ordered.iter().zip(0..count) {
        writer.put(u32::from(length), 3);
    }
    each_run(all(), |run| {
        let code = codes.get(usize::from(run.symbol)).copied().unwrap_or(Code(0));
        writer.put(code.bits(), code.len());
        writer.put(run.extra, run.extra_len);
    });
    writer.finish()
}

/// A symbol of the third code.
struct Run {
    symbol: u8,
    extra: u32,
    extra_len: u32,
}

/// Puts lengths that repeat together, as §3.2.7 has it.
fn each_run(lengths: impl Iterator<Item = u8>, mut take: impl FnMut(Run)) {
    let (mut length, mut count) = (0, 0);
    // `Peekable` would reach a panic.
    for next in lengths {
        if next == length {
            count += 1;
        } else {
            run(length, count, &mut take);
            (length, count) = (next, 1);
        }
    }
    run(length, count, &mut take);
}

/// One length, so many times.
fn run(length: u8, count: u32, take: &mut impl FnMut(Run)) {
    let mut left = count;
    if length > 0 {
        take(Run { symbol: length, extra: 0, extra_len: 0 });
        left = left.saturating_sub(1);
    }
    while left >= 3 {
        let (symbol, least, most, extra_len) = match (length, left) {
            (0, 11..) => (18, 11, 138, 7),
            (0, _) => (17, 3, 10, 3),
            _ => (16, 3, 6, 2),
        };
        let now = left.min(most);
        take(Run { symbol, extra: now - least, extra_len });
        left -= now;
    }
    for _ in 0..left {
        take(Run { symbol: length, extra: 0, extra_len: 0 });
    }
}

struct Writer<'o> {
    bits: BitWriter,
    output: &'o mut [u8],
    at: usize,
}

impl Writer<'_> {
    /// At most 16 bits.
    fn put(&mut self, value: u32, len: u32) {
        self.bits.put(value, len);
        if self.bits.count() > 40 {
            self.at = self.bits.drain(self.output, self.at);
        }
    }

    /// How many bits there are, once all are in the output, the last byte filled up with zeros.
    fn finish(mut self) -> u32 {
        self.at = self.bits.drain(self.output, self.at);
        let left = self.bits.count();
        self.bits.align();
        self.bits.drain(self.output, self.at);
        u32::try_from(self.at * 8).unwrap_or(u32::MAX) + left
    }
}
