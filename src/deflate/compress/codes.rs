//! The codes of a block (RFC 1951 §3.2.2): the best lengths for how often each symbol occurs, and the codes that have them.

use super::positions::low_16;

/// Symbols of the larger alphabet.
const MOST: usize = 288;

/// A code as it is written: the bits, the first one lowest, and above the 16th how many they are.
#[derive(Clone, Copy)]
pub(super) struct Code(pub(super) u32);

impl Code {
    #[inline(always)]
    pub(super) const fn bits(self) -> u32 {
        self.0 & 0xFFFF
    }

    #[inline(always)]
    pub(super) const fn len(self) -> u32 {
        self.0 >> 16
    }
}

/// Numbers that are read and written by their places; 0 stands beyond the end.
struct Numbers<const N: usize>([u16; N]);

impl<const N: usize> Numbers<N> {
    fn get(&self, at: usize) -> u16 {
        self.0.get(at).copied().unwrap_or_default()
    }

    fn set(&mut self, at: usize, number: u16) {
        if let Some(place) = self.0.get_mut(at) {
            *place = number;
        }
    }

    fn add(&mut self, at: usize, number: u16) {
        self.set(at, self.get(at).wrapping_add(number));
    }
}

/// The lengths of codes with which symbols that occur so often need the fewest bits, none above `max`. They form a complete code:
/// where fewer than two symbols occur, two have a bit each.
///
/// There are at most 288 symbols, and all together they occur less than 2^16 times.
pub(super) fn best_lengths(frequencies: &[u16], max: usize, lengths: &mut [u8]) {
    lengths.fill(0);
    let mut sorted = [0_u32; MOST];
    let mut count = 0;
    for (&frequency, symbol) in frequencies.iter().zip(0_u32..) {
        if let (1.., Some(place)) = (frequency, sorted.get_mut(count)) {
            *place = u32::from(frequency) << 9 | symbol;
            count += 1;
        }
    }
    let sorted = sorted.get_mut(..count).unwrap_or_default();
    if count < 2 {
        let used = sorted.first().map_or(0, |only| symbol_of(*only));
        for symbol in [used, if used == 0 { 1 } else { 0 }] {
            if let Some(length) = lengths.get_mut(symbol) {
                *length = 1;
            }
        }
        return;
    }
    sort(sorted);
    let mut counts = depths(sorted);
    limit(&mut counts, max);
    // The rarest symbols have the longest codes.
    let mut symbols = sorted.iter();
    for length in (1..16_u8).rev() {
        for &symbol in symbols.by_ref().take(usize::from(counts.get(usize::from(length)))) {
            if let Some(place) = lengths.get_mut(symbol_of(symbol)) {
                *place = length;
            }
        }
    }
}

/// The symbol in a number that was sorted by frequency.
fn symbol_of(sorted: u32) -> usize {
    let [low, high, ..] = (sorted & 0x1FF).to_le_bytes();
    usize::from(u16::from_le_bytes([low, high]))
}

/// Shell's sort: short, and without recursion.
fn sort(numbers: &mut [u32]) {
    for gap in [132, 57, 23, 10, 4, 1] {
        for from in gap..numbers.len() {
            let Some(&number) = numbers.get(from) else { return };
            let mut to = from;
            while let Some(&before) = to.checked_sub(gap).and_then(|before| numbers.get(before)) {
                if before <= number {
                    break;
                }
                if let Some(place) = numbers.get_mut(to) {
                    *place = before;
                }
                to -= gap;
            }
            if let Some(place) = numbers.get_mut(to) {
                *place = number;
            }
        }
    }
}

/// Huffman's algorithm: how many codes there are of each length, none above 31, for at least two symbols in rising order.
fn depths(sorted: &[u32]) -> Numbers<32> {
    // The nodes, in the order in which they are made, so that their weights rise. Once a node has a parent, the parent's number
    // stands in the place of its weight.
    let mut nodes = Numbers([0; MOST]);
    let last = sorted.len().saturating_sub(2);
    let mut leaves = sorted.iter().map(|leaf| {
        let [low, high, ..] = (leaf >> 9).to_le_bytes();
        u16::from_le_bytes([low, high])
    });
    let mut leaf = leaves.next();
    let mut free = 0;
    for made in 0..=last {
        let mut sum = 0_u16;
        for _ in 0..2 {
            let lightest = match leaf {
                Some(weight) if free == made || weight <= nodes.get(free) => {
                    leaf = leaves.next();
                    weight
                }
                _ => {
                    let weight = nodes.get(free);
                    nodes.set(free, low_16(made));
                    free += 1;
                    weight
                }
            };
            sum = sum.wrapping_add(lightest);
        }
        nodes.set(made, sum);
    }
    // From the root down, depths in the place of parents. Each node has two children, and those that are not nodes are leaves.
    let mut counts = Numbers([0; 32]);
    nodes.set(last, 0);
    for node in (0..=last).rev() {
        let depth = if node == last { 0 } else { nodes.get(usize::from(nodes.get(node))) + 1 };
        nodes.set(node, depth);
        let below = usize::from(depth).min(30) + 1;
        counts.add(below, 2);
        if node != last {
            counts.set(below - 1, counts.get(below - 1).wrapping_sub(1));
        }
    }
    counts
}

/// Makes codes above `max` shorter, and for each some other longer, so that the code stays complete.
fn limit(counts: &mut Numbers<32>, max: usize) {
    let mut over = 0;
    for length in max + 1..32 {
        over += counts.get(length);
        counts.set(length, 0);
    }
    if over == 0 {
        return;
    }
    counts.add(max, over);
    let mut used: u32 = (1..=max).map(|length| u32::from(counts.get(length)) << (max - length)).sum();
    while used > 1 << max {
        let Some(longer) = (1..max).rev().find(|&length| counts.get(length) > 0) else { return };
        counts.set(max, counts.get(max).wrapping_sub(1));
        counts.set(longer, counts.get(longer).wrapping_sub(1));
        counts.add(longer + 1, 2);
        used -= 1;
    }
}

/// Gives each symbol that has a length its code, in the order of §3.2.2.
pub(super) fn assign(lengths: &[u8], mut give: impl FnMut(usize, Code)) {
    let mut counts = Numbers([0; 16]);
    for &length in lengths {
        counts.add(usize::from(length), 1);
    }
    counts.set(0, 0);
    let mut next = Numbers([0; 16]);
    let mut code = 0_u16;
    for length in 1..16 {
        code = code.wrapping_add(counts.get(length - 1)) << 1;
        next.set(length, code);
    }
    for (symbol, &length) in lengths.iter().enumerate() {
        if length > 0 {
            let code = next.get(usize::from(length));
            next.add(usize::from(length), 1);
            let bits = code.reverse_bits() >> (u32::from(16 - length.min(15)) & 15);
            give(symbol, Code(u32::from(bits) | u32::from(length) << 16));
        }
    }
}
