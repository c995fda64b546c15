//! What a code stands for (RFC 1951 §3.2.5, §3.2.7), packed into one word, and the two ways in which tables keep it.
//!
//! A packed entry has, from the lowest bit on: 8 bits for how many bits the code and its extra bits take, 4 for the code alone, two
//! that are zero, the kind, and 16 for the value.

/// The kind of a packed entry.
pub(super) const KIND: u32 = 3 << 14;
/// Set for the last two kinds.
pub(super) const RARE: u32 = 2 << 14;
/// A literal; the value is the byte.
pub(super) const LITERAL: u32 = 0;
/// A length or a distance; the value is the shortest, to which the extra bits are added.
pub(super) const BASE: u32 = 1 << 14;
/// The end of the block.
pub(super) const END: u32 = RARE;
/// Not in the alphabet; or, if it takes no bits, a code that is longer than the lookup.
pub(super) const OTHER: u32 = RARE | 1 << 14;

/// How a table keeps an entry. While there are no entries yet, it keeps the lengths of codes in their place.
pub(super) trait Entry: Copy + From<u8> {
    /// For a code that is longer than the lookup.
    const LONG: Self;
    /// For bits that are not a code: outside of all alphabets, of one bit.
    const INVALID: Self;

    /// `symbol`, whose code has `len` bits.
    fn new(symbol: u16, len: u16, pack: impl Fn(u16) -> u32) -> Self;

    /// The length of a code that stands in the place of an entry.
    fn value(self) -> u16;

    fn is_long(self) -> bool;

    /// Packed.
    fn packed(self, pack: impl Fn(u16) -> u32) -> u32;
}

/// Packed when the table is built.
impl Entry for u32 {
    const LONG: Self = OTHER;
    const INVALID: Self = OTHER + 0x101;

    #[inline(always)]
    fn new(symbol: u16, len: u16, pack: impl Fn(u16) -> u32) -> Self {
        pack(symbol) + u32::from(len) * 0x101
    }

    #[inline(always)]
    fn value(self) -> u16 {
        low(self.into())
    }

    #[inline(always)]
    fn is_long(self) -> bool {
        self == Self::LONG
    }

    #[inline(always)]
    fn packed(self, _: impl Fn(u16) -> u32) -> u32 {
        self
    }
}

/// Half as large: `symbol << 4 | length`, packed when it is read.
impl Entry for u16 {
    const LONG: Self = 0;
    const INVALID: Self = 0x1ff << 4 | 1;

    #[inline(always)]
    fn new(symbol: u16, len: u16, _: impl Fn(u16) -> u32) -> Self {
        symbol << 4 | len
    }

    #[inline(always)]
    fn value(self) -> u16 {
        self
    }

    #[inline(always)]
    fn is_long(self) -> bool {
        self == Self::LONG
    }

    #[inline(always)]
    fn packed(self, pack: impl Fn(u16) -> u32) -> u32 {
        u32::new(self >> 4, self & 15, pack)
    }
}

/// The value of a packed entry.
#[inline(always)]
pub(super) fn value(entry: u32) -> u16 {
    low((entry >> 16).into())
}

/// The extra bits of a packed entry, which stands for the first bits of `hold`.
#[inline(always)]
pub(super) fn extra(hold: u64, entry: u32) -> u16 {
    low((hold & ((1 << (entry & 31)) - 1)) >> (entry >> 8 & 63))
}

/// The lowest 16 bits.
#[inline(always)]
pub(super) fn low(word: u64) -> u16 {
    let [low, high, ..] = word.to_le_bytes();
    u16::from_le_bytes([low, high])
}

/// RFC 1951 §3.2.5: a symbol of the alphabet of literals and lengths.
#[inline(always)]
pub(super) fn literal(symbol: u16) -> u32 {
    match symbol {
        0..256 => LITERAL | u32::from(symbol) << 16,
        256 => END,
        _ => base(LENGTHS.get(usize::from(symbol) - 257)),
    }
}

/// RFC 1951 §3.2.5: a symbol of the alphabet of distances.
#[inline(always)]
pub(super) fn distance(symbol: u16) -> u32 {
    base(DISTANCES.get(usize::from(symbol)))
}

/// RFC 1951 §3.2.7: a symbol of the code length code; the value is the symbol.
#[inline(always)]
pub(super) fn code_length(symbol: u16) -> u32 {
    let extra = match symbol {
        0..=15 => 0,
        16 => 2,
        17 => 3,
        _ => 7,
    };
    u32::from(symbol) << 16 | extra
}

#[inline(always)]
fn base(base: Option<&(u16, u8)>) -> u32 {
    base.map_or(OTHER, |&(base, extra)| BASE | u32::from(base) << 16 | u32::from(extra))
}

/// RFC 1951 §3.2.5: shortest length and number of extra bits for symbols 257 to 285.
#[rustfmt::skip]
const LENGTHS: [(u16, u8); 29] = [
    (3, 0), (4, 0), (5, 0), (6, 0), (7, 0), (8, 0), (9, 0), (10, 0),
    (11, 1), (13, 1), (15, 1), (17, 1), (19, 2), (23, 2), (27, 2), (31, 2),
    (35, 3), (43, 3), (51, 3), (59, 3), (67, 4), (83, 4), (99, 4), (115, 4),
    (131, 5), (163, 5), (195, 5), (227, 5), (258, 0),
];

/// RFC 1951 §3.2.5: shortest distance and number of extra bits for symbols 0 to 29.
#[rustfmt::skip]
const DISTANCES: [(u16, u8); 30] = [
    (1, 0), (2, 0), (3, 0), (4, 0), (5, 1), (7, 1), (9, 2), (13, 2),
    (17, 3), (25, 3), (33, 4), (49, 4), (65, 5), (97, 5), (129, 6), (193, 6),
    (257, 7), (385, 7), (513, 8), (769, 8), (1025, 9), (1537, 9), (2049, 10), (3073, 10),
    (4097, 11), (6145, 11), (8193, 12), (12289, 12), (16385, 13), (24577, 13),
];
