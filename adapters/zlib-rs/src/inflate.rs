//! zlib's inflater as the library's: RFC 7692 §7.2.2, with blocks after one with BFINAL and a checked end of the message.

use crate::history::History;
use sansocket::{Finished, Inflate, InflateError, Progress};
use zlib_rs::{InflateFlush, Status};

/// Inflates what one peer compressed, by zlib-rs.
///
/// It takes what zlib takes. Messages may have blocks after one with BFINAL (§7.2.3.4), which costs a copy of the window each time, as
/// zlib forgets its window there: therefore a message has at most 8 such blocks, and one more for each 256 bytes of it.
///
/// # The window
///
/// zlib-rs keeps 32 KiB whatever was agreed, and takes every distance within them. A peer that refers to bytes beyond a smaller window,
/// which §7.1.2 forbids, is refused only if they are more than 32 KiB back, or before the first one. The bytes are always those that the
/// peer sent. The library's own [`Inflater`](sansocket::Inflater) refuses every distance beyond the agreed window.
pub struct ZlibInflater {
    stream: zlib_rs::Inflate,
    history: History,
    window_bits: u8,
    /// zlib has forgotten its window after a block with BFINAL, and gets it back before the next byte.
    forgotten: bool,
    /// No byte was read since the start of the message or since a block with BFINAL: the message may end here.
    may_end: bool,
    /// The last output was filled: more may come out without further input.
    pending: bool,
    /// How many bytes of the current message were consumed, and how many blocks with BFINAL were in them.
    taken: u64,
    finals: u64,
    failed: Option<InflateError>,
}

/// How many blocks with BFINAL a message may have, and for how many of its bytes it may have one more.
const FINALS: u64 = 8;
const BYTES_A_FINAL: u64 = 256;

/// What the sender removed from the end of the message (§7.2.1), and what follows it if there is a byte too many.
const TAIL: [u8; 4] = [0, 0, 0xFF, 0xFF];
const TAIL_AND_MORE: [u8; 5] = [0, 0, 0xFF, 0xFF, 0];
/// An empty stored block (RFC 1951 §3.2.4) from its first bit.
const EMPTY_BLOCK: [u8; 5] = [0, 0, 0, 0xFF, 0xFF];

impl ZlibInflater {
    /// For a window of 8 to 15 bits, at least the agreed one; else `None`.
    pub fn new(window_bits: u8) -> Option<Self> {
        (8..=15).contains(&window_bits).then(|| Self {
            stream: zlib_rs::Inflate::new(false, window_bits),
            history: History::new(window_bits),
            window_bits,
            forgotten: false,
            may_end: true,
            pending: false,
            taken: 0,
            finals: 0,
            failed: None,
        })
    }

    /// One call of zlib: how many bytes it took and wrote, and what it says.
    fn step(&mut self, input: &[u8], output: &mut [u8], flush: InflateFlush) -> Step {
        let (read, written) = (self.stream.total_in(), self.stream.total_out());
        let says = self.stream.decompress(input, output, flush);
        let count = |now: u64, before: u64| usize::try_from(now - before).unwrap_or(usize::MAX);
        Step { consumed: count(self.stream.total_in(), read), produced: count(self.stream.total_out(), written), says }
    }

    /// A block with BFINAL has ended (§7.2.3.4).
    fn end_final_block(&mut self) -> Result<(), InflateError> {
        self.stream.reset(false);
        (self.forgotten, self.may_end) = (true, true);
        self.finals += 1;
        if self.finals > FINALS + self.taken / BYTES_A_FINAL { Err(InflateError::Unspecified) } else { Ok(()) }
    }

    fn remember(&mut self) {
        for part in self.history.parts() {
            // Raw data takes a dictionary at any time.
            let _ = self.stream.set_dictionary(part);
        }
        self.forgotten = false;
    }

    /// Whether the message is one without the bytes of `TAIL`, after all of it was read and written out.
    fn is_flushed(&mut self) -> bool {
        let mut none = [0];
        // Z_BLOCK stops at the end of a block. Where only LEN and NLEN are missing, that is after TAIL and before the byte beyond it.
        let Step { consumed, produced, says } = self.step(&TAIL_AND_MORE, &mut none, InflateFlush::Block);
        if (consumed, produced, says) != (TAIL.len(), 0, Ok(Status::Ok)) {
            return false;
        }
        // A block that ends inside the last byte of TAIL leaves bits of it, all of them ones: with them this is no empty block, but
        // one with BFINAL or of the reserved type.
        match self.step(&EMPTY_BLOCK, &mut none, InflateFlush::SyncFlush) {
            Step { consumed: 0, produced: 0, says: Ok(Status::StreamEnd) } => {
                // The block that TAIL completed has BFINAL.
                self.stream.reset(false);
                self.forgotten = true;
                true
            }
            Step { consumed, produced, says } => (consumed, produced, says) == (EMPTY_BLOCK.len(), 0, Ok(Status::Ok)),
        }
    }

    fn start_message(&mut self) {
        (self.may_end, self.pending) = (true, false);
        (self.taken, self.finals) = (0, 0);
    }

    /// The fault, if nothing comes before it.
    fn fail(&mut self, error: InflateError, produced: usize) -> Result<(), InflateError> {
        self.failed = Some(error);
        if produced == 0 { Err(error) } else { Ok(()) }
    }
}

struct Step {
    consumed: usize,
    produced: usize,
    says: Result<Status, zlib_rs::InflateError>,
}

impl Inflate for ZlibInflater {
    fn window_bits(&self) -> u8 {
        self.window_bits
    }

    /// True for a window of at most the inflater's own. It is not enforced: see [the type](Self#the-window).
    fn limit_window(&mut self, window_bits: u8) -> bool {
        (8..=self.window_bits).contains(&window_bits)
    }

    fn reset(&mut self) {
        self.stream.reset(false);
        self.history.clear();
        (self.forgotten, self.failed) = (false, None);
        self.start_message();
    }

    fn taken(&self) -> u64 {
        self.taken
    }

    fn inflate(&mut self, input: &[u8], output: &mut [u8]) -> Result<Progress, InflateError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        let (mut consumed, mut produced, mut remembered) = (0, 0, 0);
        while produced < output.len() && (consumed < input.len() || self.pending) {
            if self.forgotten {
                self.remember();
            }
            let step = self.step(&input[consumed..], &mut output[produced..], InflateFlush::SyncFlush);
            consumed += step.consumed;
            produced += step.produced;
            self.taken += step.consumed as u64;
            self.may_end &= step.consumed == 0;
            self.pending = false;
            let result = match step.says {
                Ok(Status::StreamEnd) => {
                    self.history.push(&output[remembered..produced]);
                    remembered = produced;
                    self.end_final_block()
                }
                Ok(_) if step.consumed == 0 && step.produced == 0 => break,
                Ok(_) => Ok(()),
                // zlib-rs does not always say which rule was broken.
                Err(_) => Err(InflateError::Unspecified),
            };
            if let Err(error) = result {
                self.fail(error, produced)?;
                break;
            }
        }
        self.history.push(&output[remembered..produced]);
        self.pending |= produced == output.len();
        Ok(Progress { consumed, produced, more: self.pending || self.failed.is_some() })
    }

    fn finish_message(&mut self, output: &mut [u8]) -> Result<Finished, InflateError> {
        let mut produced = 0;
        if self.pending || self.failed.is_some() {
            let progress = self.inflate(&[], output)?;
            produced = progress.produced;
            if progress.more {
                return Ok(Finished { produced, done: false });
            }
        }
        // §7.2.3.6 and peers that leave out the byte 00 after a block with BFINAL: nothing is missing.
        if !self.may_end && !self.is_flushed() {
            self.fail(InflateError::NotFlushed, produced)?;
            return Ok(Finished { produced, done: false });
        }
        self.start_message();
        Ok(Finished { produced, done: true })
    }
}
