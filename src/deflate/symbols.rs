//! The symbols of a block (RFC 1951 §3.2.5), however little input and room there is.

use super::bits::{BitReader, Plenty};
use super::entry::{BASE, END, KIND, LITERAL, OTHER, distance, extra, literal, low, value};
use super::error::InflateError;
use super::fast::{Fast, ROOM};
use super::inflate::Inflater;
use super::mode::Mode;
use super::output::{Output, copy_match};
use super::tables::Tables;

impl<T: Tables> Inflater<'_, T> {
    /// A symbol with its extra bits and its distance has at most 48 bits; it is used as a whole or left in the hold.
    pub(super) fn symbols(&mut self, input: &mut &[u8], output: &mut Output<'_>) -> Result<Option<Mode>, InflateError> {
        if self.match_len > 0 && !self.copy_rest(output) {
            return Ok(None);
        }
        if T::HAS_FAST_LOOP && output.bytes.len() - output.at >= ROOM && self.fast(input, output)? {
            return Ok(Some(self.end_of_block()));
        }
        let mut bits = self.bits;
        let next = loop {
            if bits.count() < 48 {
                if T::HAS_FAST_LOOP { bits.refill_here(input) } else { bits.refill(input) }
            }
            let entry = self.literals.decode(bits.peek(), literal);
            if entry & 31 > bits.count() {
                break None;
            }
            match entry & KIND {
                LITERAL => {
                    let [byte, _] = value(entry).to_le_bytes();
                    if !output.push(byte) {
                        break None;
                    }
                    bits.drop(entry & 31);
                }
                END => {
                    bits.drop(entry & 31);
                    self.bits = bits;
                    return Ok(Some(self.end_of_block()));
                }
                OTHER => return Err(InflateError::InvalidLiteral),
                _ => {
                    let Some(len) = self.read_match(entry, bits, output.at)? else { break None };
                    bits.drop(len);
                    if !self.copy_rest(output) {
                        break None;
                    }
                }
            }
        };
        self.bits = bits;
        Ok(next)
    }

    /// Reads the match whose length begins with `entry`, after `at` bytes of output, and returns how many bits it has, if they are all
    /// there.
    #[inline(always)]
    fn read_match(&mut self, entry: u32, bits: BitReader, at: usize) -> Result<Option<u32>, InflateError> {
        let ahead = bits.hold() >> (entry & 31);
        let far = self.distances.decode(low(ahead), distance);
        let len = (entry & 31) + (far & 31);
        if len > bits.count() {
            return Ok(None);
        }
        if far & KIND != BASE {
            return Err(InflateError::InvalidDistance);
        }
        self.match_len = value(entry) + extra(bits.hold(), entry);
        self.match_distance = value(far) + extra(ahead, far);
        if usize::from(self.match_distance) > (self.history.filled() + at).min(self.limit) {
            return Err(InflateError::DistanceTooFar);
        }
        Ok(Some(len))
    }

    /// Copies as much of the match as there is room for, and returns whether that was all of it.
    fn copy_rest(&mut self, output: &mut Output<'_>) -> bool {
        let copied = copy_match(&self.history, output, self.match_distance.into(), self.match_len.into());
        self.match_len = self.match_len.saturating_sub(u16::try_from(copied).unwrap_or(u16::MAX));
        self.match_len == 0
    }

    /// Reads symbols for as long as there is plenty of input and room, and returns whether the block has ended.
    #[inline(never)]
    fn fast(&mut self, input: &mut &[u8], output: &mut Output<'_>) -> Result<bool, InflateError> {
        let fast = Fast {
            literals: &self.literals,
            distances: &self.distances,
            history: &self.history,
            limit: self.limit,
            bits: Plenty::new(self.bits),
            input,
            output: Output { bytes: output.bytes, at: output.at },
        };
        let ended;
        (ended, self.bits, *input, output.at) = fast.run();
        ended
    }
}
