//! Encoder for raw DEFLATE (RFC 1951), a message at a time (RFC 7692 §7.2.1), in memory that the caller lends.

use super::bits::BitWriter;
use super::history::{History, copy};

/// Compresses what we send, message by message.
///
/// All its memory but a few words is lent by the caller for the life of the value: 2^window_bits octets for the history and the rest for
/// a hash table of places seen; [`memory_len`](Self::memory_len) says how much is sensible. Matches reach over the whole window and into earlier
/// messages (context takeover, RFC 7692 §7.1.1) unless [`reset`](Self::reset) is called between them.
///
/// Greedy matching and the fixed code (RFC 1951 §3.2.6), and stored blocks where that would be longer: a microcontroller's trade
/// of some size for little memory and one pass. Every window from 2^8 octets on is kept to exactly.
///
/// The same calls give the same octets. Other splits of the same input give other octets for the same message, since no match
/// reaches beyond the input of the call.
pub struct Compressor<'m> {
    history: History<'m>,
    places: Places<'m>,
    bits: BitWriter,
    block: Block,
}

/// What the octets and bits produced so far end in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Block {
    /// The end of a block, or nothing at all.
    None,
    /// A block with the fixed code that is not yet ended.
    Fixed,
    /// The end of the message, of which some bits are still to be written.
    Flushed,
}

/// How far a call of [`Compressor::compress`] came.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Compressed {
    /// Octets taken from the front of the input; they need not be presented again.
    pub consumed: usize,
    /// Octets written to the front of the output.
    pub produced: usize,
    /// The message is complete: `flush` was given, all input is consumed and the last octet is written.
    pub done: bool,
}

impl<'m> Compressor<'m> {
    /// Octets of memory that go well with a window: twice its size, so 512 for 2^8 and 65 536 for 2^15. `None` if `window_bits` is not 8 to 15.
    pub const fn memory_len(window_bits: u8) -> Option<usize> {
        match window_bits {
            8..=15 => Some(2 << window_bits),
            _ => None,
        }
    }

    /// A compressor at the start of a connection.
    ///
    /// `window_bits`, 8 to 15, is the base-2 logarithm of the window in octets, at most that agreed for our direction. `memory`
    /// is lent for the life of the value; its content does not matter. It is divided into the window and, from what is left, the largest hash table that
    /// fits: a power of two from 64 to 32 768 entries of two octets.
    ///
    /// `None` if `window_bits` is out of range or `memory` is shorter than the window and 128 octets.
    pub fn new(window_bits: u8, memory: &'m mut [u8]) -> Option<Self> {
        Self::memory_len(window_bits)?;
        let (history, table) = memory.split_at_mut_checked(1 << window_bits)?;
        Some(Self {
            history: History::new(history)?,
            places: Places::new(table)?,
            bits: BitWriter::new(),
            block: Block::None,
        })
    }

    /// The base-2 logarithm of the window in octets, 8 to 15.
    pub const fn window_bits(&self) -> u8 {
        let [bits, ..] = self.history.window().trailing_zeros().to_le_bytes();
        bits
    }

    /// Forgets the history, and a message that was not ended: between messages without context takeover (RFC 7692 §7.1.1).
    ///
    /// The window's octets are not wiped, but can no longer be referred to. Costs the clearing of the hash table.
    pub fn reset(&mut self) {
        self.history.clear();
        self.places.clear();
        self.bits = BitWriter::new();
        self.block = Block::None;
    }

    /// Compresses `input` into `output` until the one is consumed or the other is full; up to 63 bits wait inside for room.
    ///
    /// `flush` says that the message ends with this input, and is given again with the rest of it, which may be nothing, until the result is
    /// done. The octets 00 00 ff ff, which end a sync flush, are not written (RFC 7692 §7.2.1); an empty message is the octet 00.
    /// Once the end has begun to be written, no input is taken until it is done.
    ///
    /// Any room serves, but a stored block is only written where the whole of it fits, so that small windows make random octets
    /// grow by up to an eighth. Octets of `output` behind those produced may be overwritten.
    pub fn compress(&mut self, input: &[u8], output: &mut [u8], flush: bool) -> Compressed {
        let mut run = Run { input, at: 0, output, written: 0 };
        if self.block != Block::Flushed {
            while run.at < input.len() {
                let before = run.at;
                self.pieces(&mut run);
                if run.at == before {
                    break;
                }
            }
            self.places.advance(run.at);
            self.history.push(run.input.get(..run.at).unwrap_or(&[]));
            self.drain(&mut run);
            if flush && run.at == input.len() && self.bits.count() <= 32 {
                self.end_block();
                // §7.2.1: the header of an empty stored block, whose LEN and NLEN are the octets to be removed.
                self.bits.put(0, 3);
                self.bits.align();
                self.block = Block::Flushed;
            }
        }
        self.drain(&mut run);
        let done = self.block == Block::Flushed && self.bits.count() == 0;
        if done {
            self.block = Block::None;
        }
        Compressed { consumed: run.at, produced: run.written, done }
    }

    fn drain(&mut self, run: &mut Run<'_>) {
        run.written = self.bits.drain(run.output, run.written);
    }

    /// Ends a block with the fixed code, if one was begun: symbol 256.
    fn end_block(&mut self) {
        if self.block == Block::Fixed {
            self.bits.put(0, 7);
            self.block = Block::None;
        }
    }

    /// Compresses what a stored block can hold, and stores it instead if that is shorter.
    fn pieces(&mut self, run: &mut Run<'_>) {
        let (bits, block, at, written) = (self.bits, self.block, run.at, run.written);
        let end = run.input.len().min(at.saturating_add(usize::from(u16::MAX)));
        self.fixed(run, end);

        let len = run.at - at;
        // In bits from the octet `written` on.
        let compressed = (run.written - written).saturating_mul(8).saturating_add(bits_of(self.bits));
        let header = bits_of(bits) + if block == Block::Fixed { 7 + 3 } else { 3 };
        let stored = header.div_ceil(8) + 4 + len;
        let room = run.output.len() - written;
        if len == 0 || stored.saturating_mul(8) >= compressed || stored > room {
            return;
        }
        let Ok(len) = u16::try_from(len) else { return };
        // RFC 1951 §3.2.4. What the hash table learnt meanwhile is as true as before.
        (self.bits, self.block, run.written) = (bits, block, written);
        self.drain(run);
        self.end_block();
        self.bits.put(0, 3);
        self.bits.align();
        self.drain(run);
        self.bits.put(u32::from(len), 16);
        self.bits.put(u32::from(!len), 16);
        self.drain(run);
        if let (Some(to), Some(from)) = (run.output.get_mut(run.written..), run.input.get(at..run.at)) {
            run.written += copy(to, from);
        }
    }

    /// Compresses up to `end` of the input with the fixed code, until there is no more room.
    fn fixed(&mut self, run: &mut Run<'_>, end: usize) {
        while run.at < end {
            // A block header and a match together have at most 34 bits.
            if self.bits.count() >= 29 {
                self.drain(run);
                if self.bits.count() >= 29 {
                    return;
                }
            }
            if self.block == Block::None {
                // BFINAL 0, BTYPE 01.
                self.bits.put(2, 3);
                self.block = Block::Fixed;
            }
            let rest = run.input.get(run.at..end).unwrap_or(&[]);
            let distance = self.places.exchange(rest, run.at);
            let len = self.match_len(run, rest, usize::from(distance));
            if len < MIN_MATCH {
                let Some(&octet) = rest.first() else { return };
                put_literal(&mut self.bits, octet);
                run.at += 1;
                continue;
            }
            put_match(&mut self.bits, len, distance);
            for skipped in 1..usize::from(len) {
                self.places.exchange(rest.get(skipped..).unwrap_or(&[]), run.at + skipped);
            }
            run.at += usize::from(len);
        }
    }

    /// How many of the octets `distance` before `run.at` are the same as those of `rest`, up to 258; 0 for a distance beyond the window or what
    /// is known.
    #[inline]
    fn match_len(&self, run: &Run<'_>, rest: &[u8], distance: usize) -> u16 {
        let rest = rest.get(..MAX_MATCH).unwrap_or(rest);
        let window = self.history.window();
        if distance == 0 || distance > window || distance > self.history.filled() + run.at {
            return 0;
        }
        let len = match distance.checked_sub(run.at) {
            None | Some(0) => common_len(rest, run.input.get(run.at - distance..).unwrap_or(&[])),
            Some(back) => {
                // From the history into this call's input.
                let (first, second) = self.history.last(back);
                let mut len = 0;
                for part in [first, second, run.input] {
                    let rest = rest.get(len..).unwrap_or(&[]);
                    let common = common_len(rest, part);
                    len += common;
                    if common < part.len() {
                        break;
                    }
                }
                len
            }
        };
        u16::try_from(len).unwrap_or(0)
    }
}

/// Input and output of one call, and how far each is used.
struct Run<'c> {
    input: &'c [u8],
    at: usize,
    output: &'c mut [u8],
    written: usize,
}

/// RFC 1951 §3.2.5: a match has 3 to 258 octets.
const MIN_MATCH: u16 = 3;
const MAX_MATCH: usize = 258;

fn bits_of(bits: BitWriter) -> usize {
    let [count, ..] = bits.count().to_le_bytes();
    usize::from(count)
}

/// How many octets two slices have in common at the front.
#[inline]
fn common_len(a: &[u8], b: &[u8]) -> usize {
    let mut len = 0;
    let (mut a, mut b) = (a, b);
    while let (Some((x, more_a)), Some((y, more_b))) = (a.split_first_chunk::<8>(), b.split_first_chunk::<8>()) {
        let differ = u64::from_le_bytes(*x) ^ u64::from_le_bytes(*y);
        if differ != 0 {
            let [octets, ..] = (differ.trailing_zeros() >> 3).to_le_bytes();
            return len + usize::from(octets);
        }
        len += 8;
        (a, b) = (more_a, more_b);
    }
    len + a.iter().zip(b).take_while(|(x, y)| x == y).count()
}

/// RFC 1951 §3.2.6: octets below 144 have 8 bits from 00110000 on, the others 9 bits from 110010000 on. Codes go first bit lowest.
#[inline(always)]
fn put_literal(bits: &mut BitWriter, octet: u8) {
    if octet < 144 {
        bits.put(u32::from((octet + 0x30).reverse_bits()), 8);
    } else {
        bits.put(u32::from(octet.reverse_bits()) << 1 | 1, 9);
    }
}

/// RFC 1951 §3.2.5 and §3.2.6: a length of 3 to 258 and a distance of 1 to 32 768, 31 bits at most.
#[inline(always)]
fn put_match(bits: &mut BitWriter, len: u16, distance: u16) {
    // Numbers from 8 on (distances: 4) are a symbol for the first three (two) binary digits and as many extra bits as follow.
    let value = u32::from(len) - 3;
    let (symbol, extra) = match value {
        255 => (29 - 1, 0),
        0..8 => (value, 0),
        _ => {
            let extra = 29 - value.leading_zeros();
            ((extra << 2) + (value >> extra), extra)
        }
    };
    // Symbols 257 to 279 have 7 bits from 0000001 on, 280 to 287 have 8 bits from 11000000 on.
    let code = 1 + symbol;
    if code < 24 {
        bits.put((code << 25).reverse_bits(), 7);
    } else {
        bits.put(((code - 24 + 0xc0) << 24).reverse_bits(), 8);
    }
    bits.put(value & ((1 << extra) - 1), extra);

    let value = u32::from(distance) - 1;
    let (symbol, extra) = match value {
        0..4 => (value, 0),
        _ => {
            let extra = 30 - value.leading_zeros();
            ((extra << 1) + (value >> extra), extra)
        }
    };
    bits.put((symbol << 27).reverse_bits(), 5);
    bits.put(value & ((1 << extra) - 1), extra);
}

/// Where octets like those to come were last seen: a hash table of positions modulo 2^16.
///
/// An entry proves nothing, since positions come round again and hashes collide: the octets are always compared.
struct Places<'m> {
    entries: &'m mut [u8],
    /// Right shift that leaves as many bits of a hash as there are entries to choose from.
    shift: u32,
    /// Position of the first octet of this call's input.
    base: u16,
}

impl<'m> Places<'m> {
    /// Takes the largest power of two of entries that fits into `memory`. `None` if not even 64 do.
    fn new(memory: &'m mut [u8]) -> Option<Self> {
        let bits = (6..=15).rev().find(|bits| memory.len() >= 2 << bits)?;
        let entries = memory.get_mut(..2 << bits)?;
        entries.fill(0);
        Some(Self { entries, shift: 32 - bits, base: 0 })
    }

    /// Not for safety, but so that what was compressed before has no influence on the output.
    fn clear(&mut self) {
        self.entries.fill(0);
        self.base = 0;
    }

    /// The call's input is consumed up to `len`.
    fn advance(&mut self, len: usize) {
        self.base = self.base.wrapping_add(low_16(len));
    }

    /// Looks up the three octets at the front of `rest`, which begins at `at` in the call's input, and notes their place. Gives
    /// the distance to the place noted before, modulo 2^16 and without any warrant; 0 if there are no three octets.
    #[inline(always)]
    fn exchange(&mut self, rest: &[u8], at: usize) -> u16 {
        let Some(&[a, b, c]) = rest.first_chunk::<3>() else { return 0 };
        // Knuth's multiplicative hash: the high bits of a product with 2^32 divided by the golden ratio.
        let hash = u32::from_le_bytes([0, a, b, c]).wrapping_mul(0x9e37_79b1) >> self.shift;
        let [low, high, ..] = hash.to_le_bytes();
        let index = usize::from(u16::from_le_bytes([low, high])) << 1;
        let Some(entry) = self.entries.get_mut(index..).and_then(|entries| entries.first_chunk_mut::<2>()) else {
            return 0;
        };
        let place = self.base.wrapping_add(low_16(at));
        let before = u16::from_le_bytes(*entry);
        *entry = place.to_le_bytes();
        place.wrapping_sub(before)
    }
}

/// A position modulo 2^16.
#[inline(always)]
fn low_16(at: usize) -> u16 {
    let [low, high, ..] = at.to_le_bytes();
    u16::from_le_bytes([low, high])
}
