//! Decoder for raw DEFLATE (RFC 1951), a message at a time (RFC 7692 §7.2.2), with its history in memory that the caller lends.

use super::bits::BitReader;
use super::error::InflateError;
use super::history::History;
use super::huffman::{Code, Shape};
use crate::length::{copy, wire_len};

/// Inflates what a peer compressed, message by message.
///
/// The history, 2^window_bits bytes, is lent by the caller for the life of the value; everything else, about 2.1 KB, is in the
/// value itself, which the caller places and may move. Consumed input is never presented again: up to 63 bits of it that are not
/// yet used are kept inside.
///
/// For each message, call [`inflate`](Self::inflate) any number of times, then [`finish_message`](Self::finish_message) until it
/// is done. The history is kept for the next message (context takeover, RFC 7692 §7.1.1) unless the caller calls
/// [`reset`](Self::reset) between them. Messages that were sent without compression are not passed to the inflater and do not
/// change the history.
///
/// It reads stored, fixed and dynamic blocks, and blocks after one with BFINAL set (§7.2.3.4), which begin at the next byte
/// boundary. Any split of the input, and any sequence of output windows, gives the same bytes.
pub struct Inflater<'m> {
    history: History<'m>,
    bits: BitReader,
    mode: Mode,
    /// The block being read has BFINAL set.
    last_block: bool,
    /// No byte was read since the start of the message or since a block with BFINAL: the message may end here.
    may_end: bool,
    /// `literals` and `distances` hold the fixed code of RFC 1951 §3.2.6, which small messages use again and again.
    fixed: bool,
    /// How many bytes of the current message were consumed.
    taken: u64,
    /// The rest of a match (RFC 1951 §3.2.5) that the last output had no room for.
    match_len: u16,
    match_distance: u16,
    literals: Code<512, 288>,
    distances: Code<128, 32>,
}

/// What the decoder reads next.
#[derive(Clone, Copy)]
enum Mode {
    /// The 3 bits of a block header.
    Header,
    /// LEN and NLEN of a stored block.
    StoredLen,
    Stored {
        left: u16,
    },
    /// HLIT, HDIST and HCLEN of a dynamic block.
    Sizes,
    /// The lengths of the code length code.
    CodeLengths {
        literals: u16,
        distances: u16,
        codes: u16,
        have: u16,
    },
    /// The lengths of both codes, compressed with the code length code.
    Lengths {
        literals: u16,
        distances: u16,
        have: u16,
        previous: u16,
    },
    Symbols,
    Failed(InflateError),
}

/// How far a call of [`Inflater::inflate`] got.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Progress {
    /// How many bytes were taken from the start of the input; they must not be presented again.
    pub consumed: usize,
    /// How many bytes were written to the start of the output.
    pub produced: usize,
    /// Whether more may come out without further input: the output is full, or a fault follows the bytes written.
    pub more: bool,
}

/// What a call of [`Inflater::finish_message`] did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Finished {
    /// How many bytes were written to the start of the output.
    pub produced: usize,
    /// Whether the message is complete and valid. If not, call again.
    pub done: bool,
}

impl<'m> Inflater<'m> {
    /// A decoder at the start of a connection.
    ///
    /// `history` is lent for the life of the value: exactly 2^window_bits bytes, window_bits 8 to 15; its content does not
    /// matter. `None` if it has another length. The window must be the one agreed for the peer's direction: a larger one would
    /// accept what the peer must not send.
    pub const fn new(history: &'m mut [u8]) -> Option<Self> {
        let Some(history) = History::new(history) else { return None };
        Some(Self {
            history,
            bits: BitReader::new(),
            mode: Mode::Header,
            last_block: false,
            may_end: true,
            fixed: false,
            taken: 0,
            match_len: 0,
            match_distance: 0,
            literals: Code::new(),
            distances: Code::new(),
        })
    }

    /// The base-2 logarithm of the window in bytes, 8 to 15.
    pub const fn window_bits(&self) -> u8 {
        let [bits, ..] = self.history.window().trailing_zeros().to_le_bytes();
        bits
    }

    /// Forgets the history and all state, faults included: to be called between messages without context takeover (RFC 7692
    /// §7.1.1).
    ///
    /// The lent bytes are not wiped, but can no longer be referred to.
    pub const fn reset(&mut self) {
        self.history.clear();
        self.bits = BitReader::new();
        self.mode = Mode::Header;
        self.may_end = true;
        self.taken = 0;
        self.match_len = 0;
    }

    /// How many bytes of the current message were consumed.
    pub(crate) const fn taken(&self) -> u64 {
        self.taken
    }

    /// Inflates from `input` into `output` until all of `input` is consumed and written out, or `output` is full.
    ///
    /// Bytes of `output` after those produced may be overwritten.
    ///
    /// # Errors
    ///
    /// The broken rule. It is found at the first byte that shows it (an over-subscribed code at its last length), and returned by
    /// the first call that has nothing to write before it, and by every later call until [`reset`](Self::reset).
    pub fn inflate(&mut self, input: &[u8], output: &mut [u8]) -> Result<Progress, InflateError> {
        let mut rest = input;
        let room = output.len();
        let mut output = Output { bytes: output, at: 0 };
        if let Err(error) = self.run(&mut rest, &mut output) {
            self.mode = Mode::Failed(error);
            if output.at == 0 {
                return Err(error);
            }
        }
        self.history.push(output.written());
        let more = output.at == room || matches!(self.mode, Mode::Failed(_));
        let consumed = input.len().saturating_sub(rest.len());
        self.taken = self.taken.saturating_add(wire_len(consumed));
        Ok(Progress { consumed, produced: output.at, more })
    }

    /// Ends the message after its last byte was consumed: writes the rest of the output, and then is in the state after the bytes
    /// 00 00 ff ff, which the sender removed (RFC 7692 §7.2.2). If the result is not done, the output is full, or a fault follows
    /// the bytes written: call again, with room (with an empty output it may never be done).
    ///
    /// An empty message is accepted. So is one that ends with a BFINAL block but without the byte 00 that §7.2.3.4 requires after
    /// it: peers that end each message with zlib's finish function send that.
    ///
    /// # Errors
    ///
    /// [`InflateError::NotFlushed`] if the message ends inside a block or continues after its end, and those of
    /// [`inflate`](Self::inflate).
    pub fn finish_message(&mut self, output: &mut [u8]) -> Result<Finished, InflateError> {
        let Progress { produced, more, .. } = self.inflate(&[], output)?;
        // §7.2.1: the last block is stored and empty, and only its LEN and NLEN are missing.
        let flushed = matches!(self.mode, Mode::StoredLen) || (matches!(self.mode, Mode::Header) && self.may_end);
        let done = flushed && self.bits.count() == 0;
        if done {
            self.mode = Mode::Header;
            self.may_end = true;
            self.taken = 0;
        } else if !more {
            self.mode = Mode::Failed(InflateError::NotFlushed);
            if produced == 0 {
                return Err(InflateError::NotFlushed);
            }
        }
        Ok(Finished { produced, done })
    }

    /// Continues until there is no more input or no more room.
    fn run(&mut self, input: &mut &[u8], output: &mut Output<'_>) -> Result<(), InflateError> {
        loop {
            self.bits.refill(input);
            let next = match self.mode {
                Mode::Header => self.header()?,
                Mode::StoredLen => self.stored_len()?,
                Mode::Stored { left } => self.stored(left, input, output),
                Mode::Sizes => self.sizes()?,
                Mode::CodeLengths { literals, distances, codes, have } => {
                    self.code_lengths(literals, distances, codes, have, input)?
                }
                Mode::Lengths { literals, distances, have, previous } => {
                    self.lengths(literals, distances, have, previous, input)?
                }
                Mode::Symbols => self.symbols(input, output)?,
                Mode::Failed(error) => return Err(error),
            };
            match next {
                Some(mode) => self.mode = mode,
                None => return Ok(()),
            }
        }
    }

    /// RFC 1951 §3.2.3.
    fn header(&mut self) -> Result<Option<Mode>, InflateError> {
        self.may_end &= self.bits.count() == 0;
        let Some(header) = self.bits.take(3) else { return Ok(None) };
        self.last_block = header & 1 != 0;
        match header >> 1 {
            0 => {
                self.bits.align();
                Ok(Some(Mode::StoredLen))
            }
            1 => {
                self.use_fixed();
                Ok(Some(Mode::Symbols))
            }
            2 => Ok(Some(Mode::Sizes)),
            _ => Err(InflateError::ReservedBlockType),
        }
    }

    /// The mode after a block.
    fn end_of_block(&mut self) -> Mode {
        if self.last_block {
            // RFC 7692 §7.2.3.4: a BFINAL block is followed by a new sequence of blocks, which starts at a byte boundary.
            self.bits.align();
            self.may_end = true;
        }
        Mode::Header
    }

    /// RFC 1951 §3.2.4.
    fn stored_len(&mut self) -> Result<Option<Mode>, InflateError> {
        if self.bits.count() < 32 {
            return Ok(None);
        }
        let (Some(len), Some(complement)) = (self.bits.take_u16(), self.bits.take_u16()) else { return Ok(None) };
        if len != !complement {
            return Err(InflateError::StoredLenMismatch);
        }
        Ok(Some(if len == 0 { self.end_of_block() } else { Mode::Stored { left: len } }))
    }

    fn stored(&mut self, left: u16, input: &mut &[u8], output: &mut Output<'_>) -> Option<Mode> {
        let mut left = left;
        // First the bytes in the hold, then the rest directly from the input.
        while left > 0 {
            let Some(slot) = output.slot() else { break };
            let Some(byte) = self.bits.take_byte() else { break };
            *slot = byte;
            output.at += 1;
            left -= 1;
        }
        if left > 0 && self.bits.count() == 0 {
            let copied = output.append(input.get(..usize::from(left)).unwrap_or(input));
            *input = input.get(usize::from(copied)..).unwrap_or(&[]);
            left = left.saturating_sub(copied);
        }
        if left == 0 {
            return Some(self.end_of_block());
        }
        self.mode = Mode::Stored { left };
        None
    }

    /// RFC 1951 §3.2.7: HLIT, HDIST, HCLEN. The limits of 286 and 30 come from the alphabets in §3.2.5.
    fn sizes(&mut self) -> Result<Option<Mode>, InflateError> {
        let Some(sizes) = self.bits.take(14) else { return Ok(None) };
        let (literals, distances, codes) = (257 + (sizes & 31), 1 + (sizes >> 5 & 31), 4 + (sizes >> 10));
        if literals > 286 || distances > 30 {
            return Err(InflateError::TooManyCodes);
        }
        // Until the codes of this block are built, their memory is used to read them: the lookup table of the literal code holds
        // the lengths, and the distance code is the code length code.
        self.fixed = false;
        self.literals.lengths().fill(0);
        Ok(Some(Mode::CodeLengths { literals, distances, codes, have: 0 }))
    }

    fn code_lengths(
        &mut self,
        literals: u16,
        distances: u16,
        codes: u16,
        have: u16,
        input: &mut &[u8],
    ) -> Result<Option<Mode>, InflateError> {
        let mut have = have;
        while have < codes {
            self.bits.refill(input);
            let Some(len) = self.bits.take(3) else {
                self.mode = Mode::CodeLengths { literals, distances, codes, have };
                return Ok(None);
            };
            let place = CODE_LENGTH_ORDER.get(usize::from(have)).copied().unwrap_or(0);
            if let Some(slot) = self.literals.lengths().get_mut(usize::from(place)) {
                *slot = len;
            }
            have += 1;
        }
        let lengths = self.literals.lengths().get(..19).unwrap_or(&[]);
        if self.distances.build_from(lengths) != Some(Shape::Complete) {
            return Err(InflateError::BadCodeLengthCode);
        }
        Ok(Some(Mode::Lengths { literals, distances, have: 0, previous: 0 }))
    }

    fn lengths(
        &mut self,
        literals: u16,
        distances: u16,
        have: u16,
        previous: u16,
        input: &mut &[u8],
    ) -> Result<Option<Mode>, InflateError> {
        let (mut have, mut previous) = (have, previous);
        while have < literals + distances {
            self.bits.refill(input);
            let mut bits = self.bits;
            let (symbol, len) = self.distances.decode(bits.peek());
            let repeat = if bits.skip(len) {
                match symbol {
                    0..=15 => Some(1),
                    16 => bits.take(2).map(|extra| 3 + extra),
                    17 => bits.take(3).map(|extra| 3 + extra),
                    _ => bits.take(7).map(|extra| 11 + extra),
                }
            } else {
                None
            };
            let Some(repeat) = repeat else {
                self.mode = Mode::Lengths { literals, distances, have, previous };
                return Ok(None);
            };
            match symbol {
                0..=15 => previous = symbol,
                16 if have == 0 => return Err(InflateError::BadRepeat),
                16 => {}
                _ => previous = 0,
            }
            if repeat > literals + distances - have {
                return Err(InflateError::BadRepeat);
            }
            let places = self.literals.lengths().iter_mut().skip(usize::from(have)).take(usize::from(repeat));
            for place in places {
                *place = previous;
            }
            have += repeat;
            self.bits = bits;
        }
        self.build(usize::from(literals), usize::from(distances))?;
        Ok(Some(Mode::Symbols))
    }

    /// Both codes of a dynamic block from their lengths.
    fn build(&mut self, literals: usize, distances: usize) -> Result<(), InflateError> {
        let lengths = self.literals.lengths();
        if lengths.get(256) == Some(&0) {
            return Err(InflateError::NoEndOfBlock);
        }
        let (of_literals, of_distances) = lengths.split_at_checked(literals).unwrap_or((&[], &[]));
        let of_distances = of_distances.get(..distances).unwrap_or(&[]);
        // The distance code comes first: building the literal code overwrites the lengths.
        let distances = self.distances.build_from(of_distances);
        let literals = of_literals.len();
        if self.literals.build(literals).is_none() {
            return Err(InflateError::BadLiteralCode);
        }
        if distances.is_none() {
            return Err(InflateError::BadDistanceCode);
        }
        Ok(())
    }

    /// RFC 1951 §3.2.6.
    fn use_fixed(&mut self) {
        if self.fixed {
            return;
        }
        self.fixed = true;
        self.literals.fill_with(|index| match index.reverse_bits() >> 7 {
            code @ 0..96 => (256 + (code >> 2), 7),
            code @ 96..384 => ((code >> 1) - 48, 8),
            code @ 384..400 => (280 - 192 + (code >> 1), 8),
            code => (144 + code - 400, 9),
        });
        self.distances.fill_with(|index| (index.reverse_bits() >> 11, 5));
    }

    /// RFC 1951 §3.2.5. A symbol with its extra bits and its distance has at most 48 bits; it is used as a whole or left in the
    /// hold.
    fn symbols(&mut self, input: &mut &[u8], output: &mut Output<'_>) -> Result<Option<Mode>, InflateError> {
        if self.match_len > 0 && !self.copy_match(output) {
            return Ok(None);
        }
        let mut bits = self.bits;
        let next = loop {
            if bits.count() < 48 {
                bits.refill(input);
            }
            let mut ahead = bits;
            let (symbol, len) = self.literals.decode(ahead.peek());
            if !ahead.skip(len) {
                break None;
            }
            if let Ok(literal) = u8::try_from(symbol) {
                let Some(slot) = output.slot() else { break None };
                *slot = literal;
                output.at += 1;
                bits = ahead;
                continue;
            }
            if symbol == 256 {
                self.bits = ahead;
                return Ok(Some(self.end_of_block()));
            }
            let &(base, extra) = LENGTHS.get(usize::from(symbol) - 257).ok_or(InflateError::InvalidLiteral)?;
            let Some(more) = ahead.take(u32::from(extra)) else { break None };
            self.match_len = base + more;
            let (symbol, len) = self.distances.decode(ahead.peek());
            if !ahead.skip(len) {
                self.match_len = 0;
                break None;
            }
            let &(base, extra) = DISTANCES.get(usize::from(symbol)).ok_or(InflateError::InvalidDistance)?;
            let Some(more) = ahead.take(u32::from(extra)) else {
                self.match_len = 0;
                break None;
            };
            self.match_distance = base + more;
            let known = (self.history.filled() + output.at).min(self.history.window());
            if usize::from(self.match_distance) > known {
                return Err(InflateError::DistanceTooFar);
            }
            bits = ahead;
            if !self.copy_match(output) {
                break None;
            }
        };
        self.bits = bits;
        Ok(next)
    }

    /// Copies as much of the match as there is room for, and returns whether that was all of it.
    #[inline]
    fn copy_match(&mut self, output: &mut Output<'_>) -> bool {
        let distance = usize::from(self.match_distance);
        while self.match_len > 0 {
            let copied = match distance.checked_sub(output.at) {
                None | Some(0) => output.repeat(distance, self.match_len),
                // The match starts before this call's output.
                Some(back) => {
                    let (part, _) = self.history.last(back);
                    output.append(part.get(..usize::from(self.match_len)).unwrap_or(part))
                }
            };
            if copied == 0 {
                return false;
            }
            self.match_len = self.match_len.saturating_sub(copied);
        }
        true
    }
}

/// The output of one call, and how much of it is written.
struct Output<'o> {
    bytes: &'o mut [u8],
    at: usize,
}

impl Output<'_> {
    fn written(&self) -> &[u8] {
        self.bytes.get(..self.at).unwrap_or(&[])
    }

    #[inline(always)]
    fn slot(&mut self) -> Option<&mut u8> {
        self.bytes.get_mut(self.at)
    }

    /// Appends as much of `part` (at most 65 535 bytes) as there is room for, and returns how much.
    #[inline]
    fn append(&mut self, part: &[u8]) -> u16 {
        let len = copy(part, self.bytes.get_mut(self.at..).unwrap_or(&mut []));
        self.at += len;
        u16::try_from(len).unwrap_or(u16::MAX)
    }

    /// Appends up to `len` of the bytes that begin `distance` before the end, which may include those just appended (RFC 1951
    /// §3.2.3), and returns how many.
    #[inline]
    fn repeat(&mut self, distance: usize, len: u16) -> u16 {
        let mut left = usize::from(len);
        let (mut at, mut back) = (self.at, distance);
        while left > 0 {
            let Some((written, room)) = self.bytes.split_at_mut_checked(at) else { break };
            let Some(from) = at.checked_sub(back).and_then(|start| written.get(start..)) else { break };
            // Most matches are short. 16 bytes at a time: those beyond the match will be overwritten.
            let step = match (room.first_chunk_mut::<16>(), from.first_chunk::<16>()) {
                (Some(to), Some(from)) => {
                    *to = *from;
                    left.min(16)
                }
                _ => copy(from.get(..left).unwrap_or(from), room),
            };
            if step == 0 {
                break;
            }
            if back < 16 {
                // Bytes that repeat after `back` bytes also repeat after twice as many, once these have been appended.
                back *= 2;
            }
            at += step;
            left -= step;
        }
        let copied = at - self.at;
        self.at = at;
        u16::try_from(copied).unwrap_or(u16::MAX)
    }
}

/// RFC 1951 §3.2.7: the order in which the lengths of the code length code are sent.
const CODE_LENGTH_ORDER: [u8; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

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

#[cfg(test)]
#[expect(clippy::cast_possible_truncation, reason = "numbers made up for tests")]
mod tests {
    use super::super::bits::BitWriter;
    use super::*;

    impl Inflater<'_> {
        /// Test support: as if `bytes` had been inflated.
        pub(in super::super) fn remember(&mut self, bytes: &[u8]) {
            self.history.push(bytes);
        }
    }

    /// Inflates a message given in parts of `part` bytes into windows of `room` bytes.
    fn inflate<'o>(
        inflater: &mut Inflater<'_>,
        message: &[u8],
        part: usize,
        room: usize,
        output: &'o mut [u8],
    ) -> Result<&'o [u8], InflateError> {
        let mut written = 0;
        for mut part in message.chunks(part) {
            loop {
                let end = output.len().min(written + room);
                let step = inflater.inflate(part, &mut output[written..end])?;
                written += step.produced;
                part = &part[step.consumed..];
                if step.produced < room {
                    assert!(part.is_empty());
                    break;
                }
            }
        }
        loop {
            let end = output.len().min(written + room);
            let step = inflater.finish_message(&mut output[written..end])?;
            written += step.produced;
            if step.done {
                return Ok(&output[..written]);
            }
        }
    }

    /// The error at the first byte that shows it, and how many bytes that takes.
    fn first_error(inflater: &mut Inflater<'_>, message: &[u8]) -> Option<(InflateError, usize)> {
        let mut output = [0; 1024];
        for (byte, count) in message.iter().zip(1..) {
            if let Err(error) = inflater.inflate(&[*byte], &mut output) {
                assert_eq!(inflater.inflate(&[], &mut output), Err(error));
                assert_eq!(inflater.finish_message(&mut output), Err(error));
                return Some((error, count));
            }
        }
        None
    }

    const HELLO: &[u8] = &[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00];

    #[test]
    fn examples_of_rfc_7692_section_7_2_3_inflate_for_any_split() {
        for (part, room) in [(1, 1), (1, 40), (2, 3), (3, 1), (40, 1), (40, 40)] {
            let mut history = [0xaa; 256];
            let mut inflater = Inflater::new(&mut history).unwrap();
            for message in [
                HELLO,
                // §7.2.3.2: refers to the previous message.
                &[0xf2, 0x00, 0x11, 0x00, 0x00],
                // §7.2.3.3: stored.
                &[0x00, 0x05, 0x00, 0xfa, 0xff, 0x48, 0x65, 0x6c, 0x6c, 0x6f, 0x00],
                // §7.2.3.4: BFINAL.
                &[0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00],
                // §7.2.3.5: two blocks.
                &[0xf2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xff, 0xff, 0xca, 0xc9, 0xc9, 0x07, 0x00],
            ] {
                assert_eq!(inflate(&mut inflater, message, part, room, &mut [0; 40]), Ok(&b"Hello"[..]));
                // §7.2.3.6, and an empty payload.
                assert_eq!(inflate(&mut inflater, &[0], part, room, &mut [0; 40]), Ok(&b""[..]));
                assert_eq!(inflate(&mut inflater, &[], part, room, &mut [0; 40]), Ok(&b""[..]));
            }
        }
    }

    #[test]
    fn message_may_end_and_continue_after_bfinal() {
        let mut history = [0; 256];
        let mut inflater = Inflater::new(&mut history).unwrap();
        let end = [0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00];
        let mut output = [0; 40];
        assert_eq!(inflate(&mut inflater, &end, 1, 9, &mut output), Ok(&b"Hello"[..]));
        let twice: [u8; 14] = core::array::from_fn(|i| end[i % 7]);
        assert_eq!(inflate(&mut inflater, &twice, 1, 9, &mut output), Ok(&b"HelloHello"[..]));
        // An empty stored block with BFINAL whose LEN and NLEN were removed, and a complete one.
        assert_eq!(inflate(&mut inflater, &[0x01], 1, 9, &mut output), Ok(&b""[..]));
        assert_eq!(inflate(&mut inflater, &[0x01, 0, 0, 0xff, 0xff], 1, 9, &mut output), Ok(&b""[..]));
        assert_eq!(inflate(&mut inflater, HELLO, 1, 9, &mut output), Ok(&b"Hello"[..]));
    }

    #[test]
    fn message_that_does_not_end_with_its_flush_is_refused() {
        let stored = [0x00, 0x05, 0x00, 0xfa, 0xff, 0x48, 0x65, 0x6c, 0x6c, 0x6f, 0x00];
        let bfinal = [0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00];
        let unstripped = [0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00, 0x00, 0xff, 0xff];
        let mut history = [0; 256];
        let mut inflater = Inflater::new(&mut history).unwrap();
        for (message, fine) in [(HELLO, &[0, 7][..]), (&stored, &[0, 1, 11]), (&bfinal, &[0, 7, 8]), (&unstripped, &[0, 7])] {
            for cut in 0..=message.len() {
                inflater.reset();
                let result = inflate(&mut inflater, &message[..cut], 3, 40, &mut [0; 40]).map(|_| ());
                let expected = if fine.contains(&cut) { Ok(()) } else { Err(InflateError::NotFlushed) };
                assert_eq!(result, expected, "{cut} bytes of {message:02x?}");
            }
        }
        // Garbage after the end is read as LEN and NLEN.
        inflater.reset();
        inflater.inflate(&[0x00, 1, 2, 3], &mut [0; 9]).unwrap();
        assert_eq!(inflater.inflate(&[4], &mut [0; 9]), Err(InflateError::StoredLenMismatch));
    }

    #[test]
    fn every_fault_is_named_at_the_byte_that_shows_it() {
        use InflateError::*;
        let mut history = [0; 32768];
        let mut inflater = Inflater::new(&mut history).unwrap();
        // Most of them are from zlib's own coverage test.
        type Case<'a> = (&'a [u8], Option<(InflateError, usize)>);
        let table: &[Case<'_>] = &[
            (&[0x06], Some((ReservedBlockType, 1))),
            (&[0x00, 0x00, 0x00, 0x00, 0x00], Some((StoredLenMismatch, 5))),
            (&[0xfc, 0x00, 0x00], Some((TooManyCodes, 3))),
            (&[0x04, 0x00, 0xfe, 0xff], Some((BadCodeLengthCode, 4))),
            (&[0x04, 0x00, 0x00, 0x00], Some((BadCodeLengthCode, 4))),
            (&[0x04, 0x00, 0x24, 0x49, 0x00], Some((BadRepeat, 5))),
            (&[0x04, 0x00, 0x24, 0xe9, 0xff, 0xff], Some((BadRepeat, 6))),
            (&[0x04, 0x00, 0x24, 0xe9, 0xff, 0x6d], Some((NoEndOfBlock, 6))),
            (&[0x04, 0x80, 0x49, 0x92, 0x24, 0x49, 0x92, 0x24, 0x71, 0xff, 0xff, 0x93, 0x11, 0x00], Some((BadLiteralCode, 14))),
            (&[0x04, 0x80, 0x49, 0x92, 0x24, 0x49, 0x92, 0x24, 0x0f, 0xb4, 0xff, 0xff, 0xc3, 0x84], Some((BadDistanceCode, 14))),
            (&[0x04, 0xc0, 0x81, 0x08, 0x00, 0x00, 0x00, 0x00, 0x20, 0x7f, 0xeb, 0x0b, 0x00, 0x00], Some((InvalidLiteral, 12))),
            (&[0x02, 0x7e, 0xff, 0xff], Some((InvalidDistance, 2))),
            (&[0x0c, 0xc0, 0x81, 0x00, 0x00, 0x00, 0x00, 0x00, 0x90, 0xff, 0x6b, 0x04, 0x00], Some((DistanceTooFar, 12))),
            // Codes longer than the lookup tables, in both alphabets.
            (
                &[
                    0x05, 0xe0, 0x81, 0x91, 0x24, 0xcb, 0xb2, 0x2c, 0x49, 0xe2, 0x0f, 0x2e, 0x8b, 0x9a, 0x47, 0x56, 0x9f, 0xfb,
                    0xfe, 0xec, 0xd2, 0xff, 0x1f,
                ],
                None,
            ),
            (
                &[
                    0xed, 0xcf, 0xc1, 0xb1, 0x2c, 0x47, 0x10, 0xc4, 0x30, 0xfa, 0x6f, 0x35, 0x1d, 0x01, 0x82, 0x59, 0x3d, 0xfb,
                    0xbe, 0x2e, 0x2a, 0xfc, 0x0f, 0x0c,
                ],
                None,
            ),
        ];
        for &(message, expected) in table {
            inflater.reset();
            assert_eq!(first_error(&mut inflater, message), expected, "{message:02x?}");
        }
    }

    #[test]
    fn dynamic_block_inflates_for_any_split() {
        // 'a' has a code of one bit, 'b' and the end of the block of two; there is no distance code.
        let mut bits = BitWriter::new();
        let mut message = [0; 24];
        let mut at = 0;
        let mut put = |value: u32, len: u32| {
            bits.put(value, len);
            at = bits.drain(&mut message, at);
        };
        put(4, 3);
        put(0, 5);
        put(0, 5);
        put(14, 4);
        // The code length code: 0, 1, 2 and 18 with two bits each.
        for symbol in CODE_LENGTH_ORDER.iter().take(18) {
            put(if matches!(symbol, 0 | 1 | 2 | 18) { 2 } else { 0 }, 3);
        }
        // Its codes, first bit lowest: 0 is 00, 1 is 10, 2 is 01, 18 is 11.
        for (code, extra) in [(3, 86), (2, 0), (1, 0), (3, 127), (3, 8), (1, 0), (0, 0)] {
            put(code, 2);
            if code == 3 {
                put(extra, 7);
            }
        }
        for code in [(0, 1), (1, 2), (0, 1), (1, 2), (0, 1), (3, 2)] {
            put(code.0, code.1);
        }
        put(0, 3);
        bits.align();
        at = bits.drain(&mut message, at);
        for part in 1..=at {
            for room in 1..=6 {
                let mut history = [0; 256];
                let mut inflater = Inflater::new(&mut history).unwrap();
                assert_eq!(inflate(&mut inflater, &message[..at], part, room, &mut [0; 40]), Ok(&b"ababa"[..]));
            }
        }
    }

    /// A fixed block with a match of three bytes; `extra` are the bits of the distance after symbol `distance`.
    fn fixed_match(distance: u32, extra: (u32, u32)) -> ([u8; 4], usize) {
        let mut bits = BitWriter::new();
        bits.put(2, 3);
        bits.put(0b100_0000, 7);
        bits.put((distance << 27).reverse_bits(), 5);
        bits.put(extra.0, extra.1);
        bits.put(0, 7 + 3);
        bits.align();
        let mut message = [0; 4];
        let len = bits.drain(&mut message, 0);
        (message, len)
    }

    #[test]
    fn distance_is_held_to_the_window_and_to_what_was_produced() {
        // 256 is symbol 15 with 6 extra bits set, 257 is symbol 16 with 7 that are not.
        let (inside, inside_len) = fixed_match(15, (63, 6));
        let (outside, _) = fixed_match(16, (0, 7));
        let (nearest, _) = fixed_match(0, (0, 0));
        for produced in [254, 255, 256, 257, 600] {
            let mut history = [0xaa; 256];
            let mut inflater = Inflater::new(&mut history).unwrap();
            for byte in 0..produced {
                inflater.remember(&[byte as u8]);
            }
            let mut output = [0; 9];
            let result = inflater.inflate(&inside[..inside_len], &mut output);
            if produced < 256 {
                assert_eq!(result, Err(InflateError::DistanceTooFar));
            } else {
                assert_eq!(result.unwrap().produced, 3);
                assert_eq!(output[0], (produced - 256) as u8);
                inflater.reset();
                inflater.remember(&[1; 600]);
                assert_eq!(inflater.inflate(&outside, &mut output), Err(InflateError::DistanceTooFar));
            }
            // The bytes are still in the history, but cannot be referred to.
            inflater.reset();
            assert_eq!(inflater.inflate(&nearest, &mut output), Err(InflateError::DistanceTooFar));
        }
    }

    #[test]
    fn state_stays_below_its_bound() {
        assert!(size_of::<Inflater<'_>>() <= 2100, "{}", size_of::<Inflater<'_>>());
    }
}
