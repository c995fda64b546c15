//! Decoder for raw DEFLATE (RFC 1951), a message at a time (RFC 7692 §7.2.2), with its history in memory that the caller lends.

use super::bits::BitReader;
use super::error::InflateError;
use super::history::History;
use super::huffman::Code;
use super::mode::Mode;
use super::output::Output;
use super::tables::{FastTables, Tables};
use crate::length::wire_len;

/// Inflates what a peer compressed, message by message.
///
/// The history, 2^window_bits bytes, is lent by the caller for the life of the value; everything else, 3.4 KB, or 2.1 KB with
/// [`SmallTables`](crate::SmallTables), is in the value itself, which the caller places and may move. Consumed input is never
/// presented again: up to 63 bits of it that are not yet used are kept inside.
///
/// For each message, call [`inflate`](Self::inflate) any number of times, then [`finish_message`](Self::finish_message) until it
/// is done. The history is kept for the next message (context takeover, RFC 7692 §7.1.1) unless the caller calls
/// [`reset`](Self::reset) between them. Messages that were sent without compression are not passed to the inflater and do not
/// change the history.
///
/// It reads stored, fixed and dynamic blocks, and blocks after one with BFINAL set (§7.2.3.4), which begin at the next byte
/// boundary. Any split of the input, and any sequence of output windows, gives the same bytes.
pub struct Inflater<'m, T: Tables = FastTables> {
    pub(super) history: History<'m>,
    /// How many bytes back a match may begin: the agreed window, at most that of the history.
    pub(super) limit: usize,
    pub(super) bits: BitReader,
    pub(super) mode: Mode,
    /// The block being read has BFINAL set.
    pub(super) last_block: bool,
    /// No byte was read since the start of the message or since a block with BFINAL: the message may end here.
    pub(super) may_end: bool,
    /// `literals` and `distances` hold the fixed code of RFC 1951 §3.2.6, which small messages use again and again.
    pub(super) fixed: bool,
    /// How many bytes of the current message were consumed.
    pub(super) taken: u64,
    /// The rest of a match (RFC 1951 §3.2.5) that the last output had no room for.
    pub(super) match_len: u16,
    pub(super) match_distance: u16,
    pub(super) literals: Code<T::Entry, 512, 288>,
    pub(super) distances: Code<T::Entry, 128, 32>,
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
    /// matter. `None` if it has another length. It may be larger than the window agreed for the peer's direction, which
    /// [`limit_window`](Self::limit_window) then enforces.
    pub const fn new(history: &'m mut [u8]) -> Option<Self> {
        Self::with_tables(history)
    }
}

impl<'m, T: Tables> Inflater<'m, T> {
    /// As [`Inflater::new`], with tables of either kind: `Inflater::<SmallTables>::with_tables(history)`.
    pub const fn with_tables(history: &'m mut [u8]) -> Option<Self> {
        let Some(history) = History::new(history) else { return None };
        Some(Self {
            limit: history.window(),
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

    /// From now on, a match that begins more than 2^window_bits bytes back fails with [`InflateError::DistanceTooFar`], even if the
    /// history is larger: RFC 7692 §7.1.2 forbids the peer to send it. Replaces an earlier limit, and outlasts
    /// [`reset`](Self::reset). At first, and with a limit larger than the history, the history alone counts.
    pub const fn limit_window(&mut self, window_bits: u8) {
        let window = self.history.window();
        self.limit = if window_bits < 16 && 1 << window_bits < window { 1 << window_bits } else { window };
    }

    /// The base-2 logarithm of the size in bytes of the history, 8 to 15.
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
                Mode::CodeLengths(sizes) => self.code_lengths(sizes, input)?,
                Mode::Lengths(sizes) => self.lengths(sizes, input)?,
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
    pub(super) fn end_of_block(&mut self) -> Mode {
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
            if output.is_full() {
                break;
            }
            let Some(byte) = self.bits.take_byte() else { break };
            output.push(byte);
            left -= 1;
        }
        if left > 0 && self.bits.count() == 0 {
            let copied = output.append(input.get(..usize::from(left)).unwrap_or(input));
            *input = input.get(copied..).unwrap_or(&[]);
            left = left.saturating_sub(u16::try_from(copied).unwrap_or(u16::MAX));
        }
        if left == 0 {
            return Some(self.end_of_block());
        }
        self.mode = Mode::Stored { left };
        None
    }
}

#[cfg(test)]
#[expect(clippy::cast_possible_truncation, reason = "numbers made up for tests")]
mod tests {
    use super::super::bits::BitWriter;
    use super::super::lengths::CODE_LENGTH_ORDER;
    use super::super::tables::SmallTables;
    use super::*;

    impl<T: Tables> Inflater<'_, T> {
        /// Test support: as if `bytes` had been inflated.
        pub(in super::super) fn remember(&mut self, bytes: &[u8]) {
            self.history.push(bytes);
        }
    }

    /// Inflates a message given in parts of `part` bytes into windows of `room` bytes.
    fn inflate<'o, T: Tables>(
        inflater: &mut Inflater<'_, T>,
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
    fn first_error<T: Tables>(inflater: &mut Inflater<'_, T>, message: &[u8]) -> Option<(InflateError, usize)> {
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
        check_examples::<FastTables>();
        check_examples::<SmallTables>();
    }

    fn check_examples<T: Tables>() {
        for (part, room) in [(1, 1), (1, 40), (2, 3), (3, 1), (40, 1), (40, 40)] {
            let mut history = [0xaa; 256];
            let mut inflater = Inflater::<T>::with_tables(&mut history).unwrap();
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
        check_faults::<FastTables>();
        check_faults::<SmallTables>();
    }

    fn check_faults<T: Tables>() {
        use InflateError::*;
        let mut history = [0; 32768];
        let mut inflater = Inflater::<T>::with_tables(&mut history).unwrap();
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
        check_dynamic_block::<FastTables>();
        check_dynamic_block::<SmallTables>();
    }

    fn check_dynamic_block<T: Tables>() {
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
                let mut inflater = Inflater::<T>::with_tables(&mut history).unwrap();
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
        check_distances::<FastTables>();
        check_distances::<SmallTables>();
    }

    fn check_distances<T: Tables>() {
        // 256 is symbol 15 with 6 extra bits set, 257 is symbol 16 with 7 that are not.
        let (inside, inside_len) = fixed_match(15, (63, 6));
        let (outside, _) = fixed_match(16, (0, 7));
        let (nearest, _) = fixed_match(0, (0, 0));
        for produced in [254, 255, 256, 257, 600] {
            let mut history = [0xaa; 256];
            let mut inflater = Inflater::<T>::with_tables(&mut history).unwrap();
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
        assert!(size_of::<Inflater<'_>>() <= 3400, "{}", size_of::<Inflater<'_>>());
        let small = size_of::<Inflater<'_, SmallTables>>();
        assert!(small <= 2100, "{small}");
    }
}
