//! The symbols of a block (RFC 1951 §3.2.5) while there is plenty of input and room, so that little is checked for each of them.

use super::bits::{BitReader, Plenty};
use super::entry::{BASE, END, Entry, KIND, LITERAL, RARE, distance, extra, literal, low, value};
use super::error::InflateError;
use super::history::History;
use super::huffman::Code;
use super::output::{Output, copy_match, sixteen};
use crate::length::copy;

/// What one turn of the loop writes at most, and what copies 16 bytes at a time write beyond that: two literals and a match.
pub(super) const ROOM: usize = 2 + 258 + 16;

/// What the loop works on.
pub(super) struct Fast<'a, 'm, 'i, E> {
    pub(super) literals: &'a Code<E, 512, 288>,
    pub(super) distances: &'a Code<E, 128, 32>,
    pub(super) history: &'a History<'m>,
    /// How many bytes back a match may begin.
    pub(super) limit: usize,
    pub(super) bits: Plenty,
    pub(super) input: &'i [u8],
    pub(super) output: Output<'a>,
}

/// Why a turn of the loop was the last one.
enum Stop {
    /// There is no longer plenty of input or room.
    Plenty,
    EndOfBlock,
    Fault(InflateError),
}

impl<'i, E: Entry> Fast<'_, '_, 'i, E> {
    /// Reads symbols until the end of the block, of which it returns whether it was read, or until there is no longer plenty. The
    /// next bit is then the first one of a symbol.
    #[inline(always)]
    pub(super) fn run(mut self) -> (Result<bool, InflateError>, BitReader, &'i [u8], usize) {
        let result = loop {
            match self.turn() {
                Ok(()) => {}
                Err(Stop::Plenty) => break Ok(false),
                Err(Stop::EndOfBlock) => break Ok(true),
                Err(Stop::Fault(error)) => break Err(error),
            }
        };
        (result, self.bits.reader(), self.input, self.output.at)
    }

    /// Up to three literals, or up to two and a match.
    #[inline(always)]
    fn turn(&mut self) -> Result<(), Stop> {
        let room = self.output.bytes.get_mut(self.output.at..).and_then(|room| room.first_chunk_mut::<ROOM>());
        let Some([first, second, third, ..]) = room else { return Err(Stop::Plenty) };
        (self.bits, self.input) = refill(self.bits, self.input)?;
        let mut entry = look(self.literals, self.bits);
        if entry & KIND == LITERAL {
            *first = take_byte(&mut self.bits, entry);
            self.output.at += 1;
            entry = look(self.literals, self.bits);
            if entry & KIND == LITERAL {
                *second = take_byte(&mut self.bits, entry);
                self.output.at += 1;
                entry = look(self.literals, self.bits);
                if entry & KIND == LITERAL {
                    *third = take_byte(&mut self.bits, entry);
                    self.output.at += 1;
                    return Ok(());
                }
            }
        }
        if entry & RARE != 0 {
            return self.rare(entry);
        }
        self.read_match(entry)
    }

    /// What is neither a literal nor a length, as far as `entry` shows.
    #[inline(always)]
    fn rare(&mut self, entry: u32) -> Result<(), Stop> {
        let mut entry = entry;
        if E::LONG.packed(literal) == entry {
            // Two codes of 9 bits before it leave too few for the longest.
            (self.bits, self.input) = refill(self.bits, self.input)?;
            entry = self.literals.look_long(low(self.bits.hold()), literal).packed(literal);
        }
        match entry & KIND {
            LITERAL => {
                self.output.push(take_byte(&mut self.bits, entry));
                Ok(())
            }
            BASE => self.read_match(entry),
            END => {
                self.bits.drop(entry);
                Err(Stop::EndOfBlock)
            }
            _ => Err(Stop::Fault(InflateError::InvalidLiteral)),
        }
    }

    /// A match whose length begins with `entry`. Nothing is dropped before all of it is there.
    #[inline(always)]
    fn read_match(&mut self, entry: u32) -> Result<(), Stop> {
        let len = value(entry) + extra(self.bits.hold(), entry);
        let mut ahead = self.bits.hold() >> (entry & 63);
        let mut far = self.distances.look(low(ahead)).packed(distance);
        if far & RARE != 0 {
            if E::LONG.packed(distance) == far {
                (self.bits, self.input) = refill(self.bits, self.input)?;
                ahead = self.bits.hold() >> (entry & 63);
                far = self.distances.look_long(low(ahead), distance).packed(distance);
            }
            if far & RARE != 0 {
                return Err(Stop::Fault(InflateError::InvalidDistance));
            }
        }
        let back = usize::from(value(far) + extra(ahead, far));
        self.bits.drop(entry);
        self.bits.drop(far);
        if back > self.limit {
            return Err(Stop::Fault(InflateError::DistanceTooFar));
        }
        self.copy(back, usize::from(len))
    }

    /// Copies the match of `len` bytes that begins `back` before the end.
    #[inline(always)]
    fn copy(&mut self, back: usize, len: usize) -> Result<(), Stop> {
        let at = self.output.at;
        let copied = match at.checked_sub(back) {
            Some(start) if back >= 16 => {
                let (written, room) = self.output.bytes.split_at_mut_checked(at).unwrap_or((&mut [], &mut []));
                copy_chunks(written.get(start..).unwrap_or(&[]), room, len)
            }
            Some(_) => None,
            // It begins before this call's output.
            None if back - at > self.history.filled() => return Err(Stop::Fault(InflateError::DistanceTooFar)),
            None if back - at < len => None,
            None => copy_chunks(self.history.tail(back - at), self.output.bytes.get_mut(at..).unwrap_or(&mut []), len),
        };
        self.output.at = match copied {
            Some(()) => at + len,
            None => copy_slowly(self.history, Output { bytes: self.output.bytes, at }, back, len),
        };
        Ok(())
    }
}

/// Makes it 52 bits or more: for two literals of 9 bits, a length of 9 and 5 and a distance of 7 and 13, or for a length and a
/// distance of 15 bits with their extra bits.
#[inline(always)]
fn refill(bits: Plenty, input: &[u8]) -> Result<(Plenty, &[u8]), Stop> {
    let mut bits = bits;
    if let Some(word) = input.first_chunk::<8>() {
        let len = bits.refill(*word);
        return Ok((bits, input.get(usize::from(len)..).unwrap_or(&[])));
    }
    let (bits, input) = refill_last(bits.reader(), input);
    if bits.count() < 52 { Err(Stop::Plenty) } else { Ok((Plenty::new(bits), input)) }
}

#[cold]
#[inline(never)]
fn refill_last(bits: BitReader, input: &[u8]) -> (BitReader, &[u8]) {
    let (mut bits, mut input) = (bits, input);
    bits.refill(&mut input);
    (bits, input)
}

#[inline(always)]
fn look<E: Entry>(literals: &Code<E, 512, 288>, bits: Plenty) -> u32 {
    literals.look(low(bits.hold())).packed(literal)
}

/// The byte of a literal, whose bits are dropped.
#[inline(always)]
fn take_byte(bits: &mut Plenty, entry: u32) -> u8 {
    bits.drop(entry);
    let [byte, _] = value(entry).to_le_bytes();
    byte
}

/// Copies `len` bytes, or more if these are few: 16 or 32 at once. `None` if that is more than there are, as where a match overlaps
/// itself.
#[inline(always)]
fn copy_chunks(from: &[u8], room: &mut [u8], len: usize) -> Option<()> {
    *room.first_chunk_mut::<16>()? = sixteen(from)?.to_le_bytes();
    if len > 16 {
        if len <= 32 && from.len() >= 32 {
            *room.get_mut(16..)?.first_chunk_mut::<16>()? = sixteen(from.get(16..)?)?.to_le_bytes();
        } else {
            copy(from.get(16..len)?, room.get_mut(16..)?);
        }
    }
    Some(())
}

/// Copies a match that overlaps itself, or the end of the history; returns the position after it.
#[inline(never)]
fn copy_slowly(history: &History<'_>, output: Output<'_>, back: usize, len: usize) -> usize {
    let mut output = output;
    copy_match(history, &mut output, back, len);
    output.at
}
