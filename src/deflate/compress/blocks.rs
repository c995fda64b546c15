//! How a block is written: as it is, with the fixed code or with codes of its own, whichever is shortest.

use super::super::bits::BitWriter;
use super::codes::{Code, assign, best_lengths};
use super::header::{self, DISTANCES, LITERALS, MAX_HEADER};
use super::tokens::{Token, Tokens};

/// The codes of the block that is being written, and its header, in lent memory.
pub(super) struct Blocks<'m> {
    /// The code of each literal and length, then of each distance, four bytes each; then the header.
    memory: &'m mut [u8],
    /// The codes are those of §3.2.6, which small messages use again and again.
    is_fixed: bool,
}

/// What was chosen.
#[derive(Clone, Copy)]
pub(super) struct Choice {
    /// In bits. The header of a stored block ends with its byte; LEN and NLEN follow.
    pub(super) header_len: u32,
    pub(super) is_stored: bool,
}

const CODES: usize = 4 * (LITERALS + DISTANCES);

/// The bytes of memory that it needs.
pub(super) const BLOCKS: usize = CODES + MAX_HEADER;

/// With fewer tokens, codes of their own do not make up for their header.
const LEAST_DYNAMIC: usize = 64;

impl<'m> Blocks<'m> {
    pub(super) const fn new(memory: &'m mut [u8]) -> Self {
        Self { memory, is_fixed: false }
    }

    /// Chooses how the block is written.
    ///
    /// `stored` are its bytes, if they are still known; `held` is the number of bits before its header that are not written.
    pub(super) fn choose(&mut self, tokens: &Tokens<'_>, stored: Option<usize>, held: u32) -> Choice {
        let mut literals = [0_u16; LITERALS];
        let mut distances = [0_u16; DISTANCES];
        let mut extra = 0;
        count(&mut literals, END);
        for token in tokens.iter(0) {
            match token {
                Token::Literal(byte) => count(&mut literals, u32::from(byte)),
                Token::Match(found) => {
                    let (len, distance) = (found.len_symbol(), found.distance_symbol());
                    count(&mut literals, 257 + len.number);
                    count(&mut distances, distance.number);
                    extra += len.extra_len + distance.extra_len;
                }
            }
        }
        let mut fixed = [0; LITERALS + 2];
        fixed_lengths(&mut fixed);
        let fixed_cost = 3 + extra + cost(&literals, &fixed) + cost(&distances, &[5; DISTANCES]);
        let mut best = fixed_cost;
        let (mut literal_lengths, mut distance_lengths) = ([0; LITERALS], [0; DISTANCES]);
        let (mut header_len, mut is_dynamic) = (3, false);
        let (codes, header) = self.memory.split_at_mut_checked(CODES).unwrap_or_default();
        if tokens.len() >= LEAST_DYNAMIC {
            best_lengths(&literals, 15, &mut literal_lengths);
            best_lengths(&distances, 15, &mut distance_lengths);
            header_len = header::write(&literal_lengths, &distance_lengths, header);
            let dynamic = header_len + extra + cost(&literals, &literal_lengths) + cost(&distances, &distance_lengths);
            is_dynamic = dynamic < best;
            best = best.min(dynamic);
        }
        let to_byte = (held + 3).wrapping_neg() & 7;
        let is_stored = stored.is_some_and(|bytes| stored_cost(bytes, to_byte) < best);
        if is_stored || !is_dynamic {
            header_len = 3;
            if let Some(first) = header.first_mut() {
                // BFINAL 0, BTYPE 00 or 01.
                *first = if is_stored { 0 } else { 2 };
            }
        }
        if is_dynamic && !is_stored {
            self.is_fixed = false;
            assign(&literal_lengths, |symbol, code| set_code(codes, symbol, code));
            assign(&distance_lengths, |symbol, code| set_code(codes, LITERALS + symbol, code));
        } else if !is_stored && !self.is_fixed {
            self.is_fixed = true;
            assign(&fixed, |symbol, code| {
                if symbol < LITERALS {
                    set_code(codes, symbol, code);
                }
            });
            assign(&[5; DISTANCES], |symbol, code| set_code(codes, LITERALS + symbol, code));
        }
        Choice { header_len, is_stored }
    }

    /// Eight bits of the header, from one on.
    pub(super) fn header(&self, at: u32) -> u8 {
        let index = usize::try_from(at / 8).unwrap_or(usize::MAX);
        self.memory.get(CODES.saturating_add(index)).copied().unwrap_or_default()
    }

    /// At most 48 bits.
    #[inline(always)]
    pub(super) fn put(&self, token: Token, bits: &mut BitWriter) {
        match token {
            Token::Literal(byte) => self.put_code(u32::from(byte), bits),
            Token::Match(found) => {
                let (len, distance) = (found.len_symbol(), found.distance_symbol());
                self.put_code(257 + len.number, bits);
                bits.put(len.extra, len.extra_len);
                self.put_code(DISTANCE_CODES + distance.number, bits);
                bits.put(distance.extra, distance.extra_len);
            }
        }
    }

    /// At most 15 bits.
    pub(super) fn put_end(&self, bits: &mut BitWriter) {
        self.put_code(END, bits);
    }

    #[inline(always)]
    fn put_code(&self, symbol: u32, bits: &mut BitWriter) {
        let [low, high, ..] = (symbol * 4).to_le_bytes();
        let at = usize::from(u16::from_le_bytes([low, high]));
        let code = self.memory.get(at..at + 4).and_then(|codes| codes.first_chunk::<4>());
        let code = Code(code.map_or(0, |code| u32::from_le_bytes(*code)));
        bits.put(code.bits(), code.len());
    }
}

/// The symbol for the end of a block.
const END: u32 = 256;

/// The index of the first distance's code.
const DISTANCE_CODES: u32 = 286;
const _: () = assert!(LITERALS == 286);

fn set_code(codes: &mut [u8], symbol: usize, code: Code) {
    if let Some(place) = codes.get_mut(symbol * 4..).and_then(|codes| codes.first_chunk_mut::<4>()) {
        *place = code.0.to_le_bytes();
    }
}

#[inline(always)]
fn count(frequencies: &mut [u16], symbol: u32) {
    let [low, high, ..] = symbol.to_le_bytes();
    if let Some(frequency) = frequencies.get_mut(usize::from(u16::from_le_bytes([low, high]))) {
        *frequency += 1;
    }
}

/// How many bits symbols need that occur so often and have codes of these lengths.
fn cost(frequencies: &[u16], lengths: &[u8]) -> u32 {
    frequencies.iter().zip(lengths).map(|(frequency, length)| u32::from(*frequency) * u32::from(*length)).sum()
}

fn stored_cost(raw: usize, to_byte: u32) -> u32 {
    u32::try_from(raw).map_or(u32::MAX, |raw| 3 + to_byte + 32 + 8 * raw)
}

/// RFC 1951 §3.2.6. Two symbols take part in the code that do not occur.
fn fixed_lengths(lengths: &mut [u8; LITERALS + 2]) {
    for (length, symbol) in lengths.iter_mut().zip(0..) {
        *length = match symbol {
            0..144 => 8,
            144..256 => 9,
            256..280 => 7,
            _ => 8,
        };
    }
}
