//! Encoder for raw DEFLATE (RFC 1951), a message at a time (RFC 7692 §7.2.1), in memory that the caller lends.

use super::bits::BitWriter;
use super::history::History;
use super::places::Places;
use crate::length::copy;

/// Compresses what we send, message by message.
///
/// All its memory but a few words is lent by the caller for the life of the value: 2^window_bits bytes for the history and the
/// rest for a hash table of positions; [`memory_len`](Self::memory_len) is a sensible length. Matches reach over the whole window
/// and into earlier messages (context takeover, RFC 7692 §7.1.1) unless [`reset`](Self::reset) is called between them.
///
/// It uses lazy matching and the fixed code (RFC 1951 §3.2.6), and stored blocks where that would be longer: the output is
/// somewhat larger in exchange for little memory and a single pass. Every window from 2^8 bytes on is respected exactly.
///
/// The same calls give the same bytes. Other splits of the input give other bytes for the same message, since no match reaches
/// beyond the input of the call.
pub struct Compressor<'m> {
    history: History<'m>,
    places: Places<'m>,
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

/// How far a call of [`Compressor::compress`] got.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Compressed {
    /// How many bytes were taken from the start of the input; they must not be presented again.
    pub consumed: usize,
    /// How many bytes were written to the start of the output.
    pub produced: usize,
    /// Whether the message is complete: `flush` was given, all input is consumed and the last byte is written.
    pub done: bool,
}

impl<'m> Compressor<'m> {
    /// A sensible length of memory for a window: twice its size, so 512 for 2^8 and 65 536 for 2^15. `None` if `window_bits`
    /// is not 8 to 15.
    pub const fn memory_len(window_bits: u8) -> Option<usize> {
        match window_bits {
            8..=15 => Some(2 << window_bits),
            _ => None,
        }
    }

    /// A compressor at the start of a connection.
    ///
    /// `window_bits`, 8 to 15, is the base-2 logarithm of the window in bytes, at most the one agreed for our direction. `memory`
    /// is lent for the life of the value; its content does not matter. It is divided into the window and, in the rest, the
    /// largest hash table that fits: a power of two from 128 to 65 536 bytes.
    ///
    /// `None` if `window_bits` is out of range or `memory` is shorter than the window and 128 bytes.
    pub fn new(window_bits: u8, memory: &'m mut [u8]) -> Option<Self> {
        Self::memory_len(window_bits)?;
        let (history, table) = memory.split_at_mut_checked(1 << window_bits)?;
        Some(Self { history: History::new(history)?, places: Places::new(table)?, bits: BitWriter::new(), block: Block::None })
    }

    /// The base-2 logarithm of the window in bytes, 8 to 15.
    pub const fn window_bits(&self) -> u8 {
        let [bits, ..] = self.history.window().trailing_zeros().to_le_bytes();
        bits
    }

    /// Forgets the history, and an unfinished message: to be called between messages without context takeover (RFC 7692 §7.1.1).
    ///
    /// The window's bytes are not wiped, but can no longer be referred to. It takes the time to clear the hash table.
    pub fn reset(&mut self) {
        self.history.clear();
        self.places.clear();
        self.bits = BitWriter::new();
        self.block = Block::None;
    }

    /// Compresses `input` into `output` until one is consumed or the other is full; up to 63 bits may wait inside for room.
    ///
    /// `flush` says that the message ends with this input. It is given again with the rest of the input, which may be empty,
    /// until the result is done. The bytes 00 00 ff ff, which end a sync flush, are not written (RFC 7692 §7.2.1); an empty
    /// message is the byte 00. Once the end is being written, no input is taken until it is done.
    ///
    /// Any room is enough, but a stored block is only written if the whole of it fits, so in a small output random bytes grow by
    /// up to an eighth. Bytes of `output` after those produced may be overwritten.
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
                // §7.2.1: the header of an empty stored block, whose LEN and NLEN are the bytes to be removed.
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
            let found = match ahead.take() {
                Some(found) => found,
                None => self.find(run.input, rest, run.at),
            };
            // Lazy matching: prefer a longer match one byte later.
            let hesitates = found.len >= MIN_MATCH && found.len < GOOD_MATCH;
            if hesitates {
                ahead = Some(self.find(run.input, next, run.at + 1)).filter(|later| later.len > found.len);
            }
            if found.len < MIN_MATCH || ahead.is_some() {
                put_literal(&mut self.bits, byte);
                run.at += 1;
                continue;
            }
            put_match(&mut self.bits, found);
            let len = usize::from(found.len);
            for skipped in if hesitates { 2 } else { 1 }..len {
                self.places.exchange(rest.get(skipped..).unwrap_or(&[]), run.at + skipped);
            }
            run.at += len;
        }
    }

    /// The longest match for `rest`, which begins at `at` of `input`, and the nearest of those. Stores the position.
    #[inline]
    fn find(&mut self, input: &[u8], rest: &[u8], at: usize) -> Match {
        let mut best = Match { len: 0, distance: 0 };
        for distance in self.places.exchange(rest, at) {
            let len = self.match_len(input, rest, at, usize::from(distance));
            if len > best.len {
                best = Match { len, distance };
            }
            if len >= GOOD_MATCH {
                break;
            }
        }
        best
    }

    /// How many of the bytes `distance` before `at` are the same as those of `rest`, up to 258; 0 for a distance beyond the
    /// window or before the first known byte.
    #[inline]
    fn match_len(&self, input: &[u8], rest: &[u8], at: usize, distance: usize) -> u16 {
        let rest = rest.get(..MAX_MATCH).unwrap_or(rest);
        let window = self.history.window();
        if distance == 0 || distance > window || distance > self.history.filled() + at {
            return 0;
        }
        let len = match distance.checked_sub(at) {
            None | Some(0) => common_len(rest, input.get(at - distance..).unwrap_or(&[])),
            Some(back) => {
                // From the history into this call's input.
                let (first, second) = self.history.last(back);
                let mut len = 0;
                for part in [first, second, input] {
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

/// The input and output of one call, and the positions in them.
struct Run<'c> {
    input: &'c [u8],
    at: usize,
    output: &'c mut [u8],
    written: usize,
}

/// A repetition of `len` bytes from `distance` bytes before.
#[derive(Clone, Copy)]
struct Match {
    len: u16,
    distance: u16,
}

/// From this length on, a match is taken without comparing other positions or the next byte.
const GOOD_MATCH: u16 = 32;

/// RFC 1951 §3.2.5: a match has 3 to 258 bytes.
const MIN_MATCH: u16 = 3;
const MAX_MATCH: usize = 258;

fn bits_of(bits: BitWriter) -> usize {
    let [count, ..] = bits.count().to_le_bytes();
    usize::from(count)
}

/// How many bytes two slices have in common at the start.
#[inline]
fn common_len(a: &[u8], b: &[u8]) -> usize {
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

/// RFC 1951 §3.2.5 and §3.2.6: a length of 3 to 258 and a distance of 1 to 32 768, 31 bits at most.
#[inline(always)]
fn put_match(bits: &mut BitWriter, Match { len, distance }: Match) {
    // Numbers from 8 on (distances: 4) have a symbol for their first three (two) binary digits; the other digits are extra bits.
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

#[cfg(test)]
mod tests {
    use super::super::inflate::Inflater;
    use super::*;

    /// Compresses a message into outputs of `room` bytes.
    fn compress<'o>(compressor: &mut Compressor<'_>, message: &[u8], room: usize, output: &'o mut [u8]) -> &'o [u8] {
        let (mut read, mut written) = (0, 0);
        loop {
            let end = output.len().min(written + room);
            let step = compressor.compress(&message[read..], &mut output[written..end], true);
            read += step.consumed;
            written += step.produced;
            if step.done {
                assert_eq!(read, message.len());
                return &output[..written];
            }
            assert!(written < output.len());
        }
    }

    fn assert_inflates(inflater: &mut Inflater<'_>, compressed: &[u8], message: &[u8]) {
        let mut output = [0; 4096];
        let progress = inflater.inflate(compressed, &mut output).unwrap();
        assert_eq!(progress.consumed, compressed.len());
        assert!(output[..progress.produced] == *message);
        assert!(inflater.finish_message(&mut output).is_ok_and(|end| end.done && end.produced == 0));
    }

    /// Text that repeats itself at many distances, and noise.
    fn samples() -> ([u8; 3000], [u8; 3000]) {
        let mut state = 1_u32;
        let mut random = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        };
        let noise = core::array::from_fn(|_| random());
        let words = b"the quick brown fox jumps over a lazy dog, 0123456789 times\n";
        let mut text = [0; 3000];
        let mut at = 0;
        while at < text.len() {
            let start = usize::from(random()) % words.len();
            let len = (usize::from(random()) % 16).min(words.len() - start).min(text.len() - at);
            text[at..at + len].copy_from_slice(&words[start..start + len]);
            at += len;
        }
        (text, noise)
    }

    #[test]
    fn example_of_rfc_7692_section_7_2_3_1_comes_out() {
        let mut memory = [0; 512];
        let mut compressor = Compressor::new(8, &mut memory).unwrap();
        let mut output = [0; 20];
        let hello = [0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00];
        assert_eq!(compress(&mut compressor, b"Hello", 20, &mut output), hello);
        // §7.2.3.2: with the history, the second is shorter.
        assert!(compress(&mut compressor, b"Hello", 20, &mut output).len() < 7);
        compressor.reset();
        assert_eq!(compress(&mut compressor, b"Hello", 1, &mut output), hello);
    }

    #[test]
    fn empty_message_is_the_byte_00() {
        let mut memory = [0; 512];
        let mut compressor = Compressor::new(8, &mut memory).unwrap();
        for room in [1, 9] {
            assert_eq!(compress(&mut compressor, b"", room, &mut [0xff; 9]), [0]);
        }
    }

    #[test]
    fn messages_come_back_for_every_window_and_any_room() {
        let (text, noise) = samples();
        let (mut memory, mut history) = ([0xaa; 65536], [0; 32768]);
        let mut output = [0; 4096];
        for window_bits in 8..=15 {
            let memory = &mut memory[..Compressor::memory_len(window_bits).unwrap()];
            for room in [1, 7, 8, 100, 4096] {
                // The inflater has exactly the same window and refuses longer distances.
                let mut inflater = Inflater::new(&mut history[..1 << window_bits]).unwrap();
                let mut compressor = Compressor::new(window_bits, memory).unwrap();
                for message in [&text[..], &noise, &text[..1000], b"", &text[500..2500], b"abcabc"] {
                    let compressed = compress(&mut compressor, message, room, &mut output);
                    assert_inflates(&mut inflater, compressed, message);
                }
            }
        }
    }

    #[test]
    fn history_shortens_and_reset_forgets() {
        let (text, _) = samples();
        let mut memory = [0; 8192];
        let mut compressor = Compressor::new(12, &mut memory).unwrap();
        let (mut first, mut later) = ([0; 4096], [0; 4096]);
        let first = compress(&mut compressor, &text, 4096, &mut first);
        assert!(compress(&mut compressor, &text, 4096, &mut later).len() < first.len() / 5);
        compressor.reset();
        assert!(compress(&mut compressor, &text, 4096, &mut later) == first);
    }

    #[test]
    fn noise_is_stored() {
        let (_, noise) = samples();
        let mut memory = [0; 512];
        let mut compressor = Compressor::new(8, &mut memory).unwrap();
        // LEN and NLEN, a byte with the header before them, and one with the header of the empty block at the end.
        assert_eq!(compress(&mut compressor, &noise, 4096, &mut [0; 4096]).len(), noise.len() + 6);
    }

    #[test]
    fn input_in_pieces_is_one_message() {
        let (text, noise) = samples();
        let (mut memory, mut history) = ([0; 2048], [0; 1024]);
        let mut compressor = Compressor::new(10, &mut memory).unwrap();
        let mut inflater = Inflater::new(&mut history).unwrap();
        for piece in [1, 2, 3, 10, 1000] {
            for message in [text, noise] {
                let mut output = [0; 4096];
                let mut written = 0;
                for part in message.chunks(piece) {
                    let step = compressor.compress(part, &mut output[written..], false);
                    assert_eq!((step.consumed, step.done), (part.len(), false));
                    written += step.produced;
                }
                let end = compressor.compress(&[], &mut output[written..], true);
                assert!(end.done);
                assert_inflates(&mut inflater, &output[..written + end.produced], &message);
            }
        }
    }

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

    #[test]
    fn memory_too_short_and_other_windows_are_refused() {
        let mut memory = [0; 70_000];
        for window_bits in 0..=255 {
            let ok = (8..=15).contains(&window_bits);
            assert_eq!(Compressor::memory_len(window_bits).is_some(), ok);
            assert_eq!(Compressor::new(window_bits, &mut memory).is_some(), ok);
        }
        assert!(Compressor::new(8, &mut memory[..256 + 127]).is_none());
        assert_eq!(Compressor::new(8, &mut memory[..256 + 128]).unwrap().window_bits(), 8);
    }
}
