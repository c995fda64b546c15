//! The fast level: one pass with the fixed code (RFC 1951 §3.2.6), from the input straight to the output.

use super::super::bits::BitWriter;
use super::super::history::History;
use super::places::{Places, WAYS};
use super::run::Run;
use super::symbols::{MAX_MATCH, MIN_MATCH, Match, common_len};
use crate::length::copy;

/// A compressor that holds back at most 63 bits.
///
/// Lazy matching over four candidates at most, and stored blocks where the fixed code would be longer.
pub(super) struct Fast<'m> {
    history: History<'m>,
    places: Places<'m>,
    /// How far back a match may begin.
    limit: usize,
    bits: BitWriter,
    block: Block,
}

/// What the output so far ends with.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Block {
    /// The end of a block, or there is no output yet.
    None,
    /// An unfinished block with the fixed code.
    Fixed,
    /// The end of the message, of which some bits are still to be written.
    Flushed,
}

/// From this length on, a match is taken without comparing other positions or the next byte.
const GOOD_MATCH: u16 = 32;

impl<'m> Fast<'m> {
    pub(super) fn new(window_bits: u8, memory: &'m mut [u8]) -> Option<Self> {
        let (history, table) = memory.split_at_mut_checked(1 << window_bits)?;
        let (history, places) = (History::new(history)?, Places::new(table)?);
        Some(Self { limit: history.window(), history, places, bits: BitWriter::new(), block: Block::None })
    }

    pub(super) const fn window(&self) -> usize {
        self.history.window()
    }

    pub(super) const fn limit_window(&mut self, limit: usize) {
        self.limit = limit;
    }

    /// What the table holds of earlier messages is further back than the history reaches.
    pub(super) const fn reset(&mut self) {
        // Even the byte after the last consumed one, which may have been looked up.
        self.places.advance(2);
        self.history.clear();
        self.bits = BitWriter::new();
        self.block = Block::None;
    }

    /// Goes on as far as input and room allow, and returns whether the message is done.
    pub(super) fn compress(&mut self, run: &mut Run<'_>, flush: bool) -> bool {
        if self.block != Block::Flushed {
            while run.at < run.input.len() {
                let before = run.at;
                self.pieces(run);
                if run.at == before {
                    break;
                }
            }
            self.places.advance(run.at);
            self.history.push(run.input.get(..run.at).unwrap_or(&[]));
            self.drain(run);
            if flush && run.at == run.input.len() && self.bits.count() <= 32 {
                self.end_block();
                // §7.2.1: the header of an empty stored block, whose LEN and NLEN are the bytes to be removed.
                self.bits.put(0, 3);
                self.bits.align();
                self.block = Block::Flushed;
            }
        }
        self.drain(run);
        let done = self.block == Block::Flushed && self.bits.count() == 0;
        if done {
            self.block = Block::None;
        }
        done
    }

    fn drain(&mut self, run: &mut Run<'_>) {
        run.written = self.bits.drain(run.output, run.written);
    }

    /// Ends an unfinished block with the fixed code: symbol 256.
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
        // In bits, from the byte at `written` on.
        let compressed = (run.written - written).saturating_mul(8).saturating_add(bits_of(self.bits));
        let header = bits_of(bits) + if block == Block::Fixed { 7 + 3 } else { 3 };
        let stored = header.div_ceil(8) + 4 + len;
        let room = run.output.len() - written;
        if len == 0 || stored.saturating_mul(8) >= compressed || stored > room {
            return;
        }
        let Ok(len) = u16::try_from(len) else { return };
        // RFC 1951 §3.2.4. The positions stored in the hash table meanwhile remain valid.
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
            run.written += copy(from, to);
        }
    }

    /// Compresses the input up to `end` with the fixed code, as long as there is room.
    fn fixed(&mut self, run: &mut Run<'_>, end: usize) {
        let mut ahead = None;
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
            let Some((&byte, next)) = rest.split_first() else { return };
            self.places.prepare(run.at);
            let found = match ahead.take() {
                Some(found) => found,
                None => self.find(run.input, rest, run.at, MIN_MATCH - 1),
            };
            // Lazy matching: prefer a longer match one byte later.
            let hesitates = found.len >= MIN_MATCH && found.len < GOOD_MATCH;
            if hesitates {
                ahead = Some(self.find(run.input, next, run.at + 1, found.len)).filter(|later| later.len > found.len);
            }
            if found.len < MIN_MATCH || ahead.is_some() {
                put_literal(&mut self.bits, byte);
                run.at += 1;
                continue;
            }
            put_match(&mut self.bits, found);
            let len = usize::from(found.len);
            let first = if hesitates { 2 } else { 1 };
            let mut position = self.places.position(run.at + first);
            for bytes in rest.get(first..rest.len().min(len + 2)).unwrap_or(&[]).windows(3) {
                if let Some(three) = bytes.first_chunk::<3>() {
                    self.places.exchange(*three, position);
                }
                position = position.wrapping_add(1);
            }
            run.at += len;
        }
    }

    /// The longest match for `rest`, which begins at `at` of `input`, if it is longer than `than`, and the nearest of those. Stores
    /// the position.
    #[inline]
    fn find(&mut self, input: &[u8], rest: &[u8], at: usize, than: u16) -> Match {
        let mut found = Match::NONE;
        let mut best = usize::from(than);
        let wanted = rest.get(..MAX_MATCH).unwrap_or(rest);
        let reach = (self.history.filled() + at).min(self.limit);
        let Some(&three) = rest.first_chunk::<3>() else { return found };
        let mut places = self.places.exchange(three, self.places.position(at));
        for _ in 0..WAYS {
            let near = places.take();
            let distance = usize::from(near);
            // Those after it are further away.
            if distance.wrapping_sub(1) >= reach {
                break;
            }
            let len = match distance.checked_sub(at) {
                None | Some(0) => {
                    let from = input.get(at - distance..).unwrap_or(&[]);
                    // Without the byte after the best match it is no longer.
                    if from.get(best) != wanted.get(best) {
                        continue;
                    }
                    common_len(wanted, from)
                }
                Some(back) => {
                    // From the history into this call's input.
                    let (first, second) = self.history.last(back);
                    if first.len() > best && first.get(best) != wanted.get(best) {
                        continue;
                    }
                    let len = common_len(wanted, first);
                    if len < first.len() { len } else { len + across(wanted.get(len..).unwrap_or(&[]), [second, input]) }
                }
            };
            if len > best {
                best = len;
                found = Match { len: u16::try_from(len).unwrap_or(0), distance: near };
            }
            if best >= usize::from(GOOD_MATCH) {
                break;
            }
        }
        found
    }
}

/// How many bytes are the same as those of two parts together.
fn across(bytes: &[u8], parts: [&[u8]; 2]) -> usize {
    let mut len = 0;
    for part in parts {
        let common = common_len(bytes.get(len..).unwrap_or(&[]), part);
        len += common;
        if common < part.len() {
            break;
        }
    }
    len
}

fn bits_of(bits: BitWriter) -> usize {
    let [count, ..] = bits.count().to_le_bytes();
    usize::from(count)
}

/// RFC 1951 §3.2.6: bytes below 144 have 8 bits from 00110000 on, the others 9 bits from 110010000 on. The first bit of a code is
/// the lowest.
#[inline(always)]
fn put_literal(bits: &mut BitWriter, byte: u8) {
    if byte < 144 {
        bits.put(u32::from((byte + 0x30).reverse_bits()), 8);
    } else {
        bits.put(u32::from(byte.reverse_bits()) << 1 | 1, 9);
    }
}

/// RFC 1951 §3.2.5 and §3.2.6: 31 bits at most.
#[inline(always)]
fn put_match(bits: &mut BitWriter, found: Match) {
    let len = found.len_symbol();
    // Symbols 257 to 279 have 7 bits from 0000001 on, 280 to 287 have 8 bits from 11000000 on.
    let code = 1 + len.number;
    if code < 24 {
        bits.put((code << 25).reverse_bits(), 7);
    } else {
        bits.put(((code - 24 + 0xc0) << 24).reverse_bits(), 8);
    }
    bits.put(len.extra, len.extra_len);
    let distance = found.distance_symbol();
    bits.put((distance.number << 27).reverse_bits(), 5);
    bits.put(distance.extra, distance.extra_len);
}

#[cfg(test)]
mod tests {
    use super::super::super::inflate::Inflater;
    use super::*;

    #[test]
    fn matches_of_every_length_and_distance_come_back() {
        let (mut history, mut output) = ([0; 32768], [0; 300]);
        let distances = (1..=600).chain((601..=32_768).step_by(97)).chain([32_768]);
        for (len, distance) in (3..=258).map(|len| (len, 1)).chain(distances.map(|distance| (3, distance))) {
            let mut bits = BitWriter::new();
            bits.put(2, 3);
            put_match(&mut bits, Match { len, distance });
            bits.put(0, 10);
            let mut compressed = [0; 8];
            let end = bits.drain(&mut compressed, 0);
            bits.align();
            let end = bits.drain(&mut compressed, end);
            history.fill(0);
            history[32768 - usize::from(distance)] = 7;
            let mut known = [0; 32768];
            let mut inflater = Inflater::new(&mut known).unwrap();
            inflater.remember(&history);
            let progress = inflater.inflate(&compressed[..end], &mut output).unwrap();
            assert_eq!((progress.produced, output[0]), (usize::from(len), 7));
            assert!(inflater.finish_message(&mut output).unwrap().done);
        }
    }
}
