//! The codes of a block with codes of its own (RFC 1951 §3.2.7), and the fixed ones (§3.2.6).

use super::entry::{Entry, code_length, distance, extra, literal, value};
use super::error::InflateError;
use super::huffman::Shape;
use super::inflate::Inflater;
use super::mode::{Mode, Sizes};
use super::tables::Tables;

/// RFC 1951 §3.2.7: the order in which the lengths of the code length code are sent.
pub(super) const CODE_LENGTH_ORDER: [u8; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

impl<T: Tables> Inflater<'_, T> {
    /// HLIT, HDIST, HCLEN. The limits of 286 and 30 come from the alphabets in §3.2.5.
    pub(super) fn sizes(&mut self) -> Result<Option<Mode>, InflateError> {
        let Some(bits) = self.bits.take(14) else { return Ok(None) };
        let [codes, _] = (4 + (bits >> 10)).to_le_bytes();
        let sizes = Sizes { literals: 257 + (bits & 31), distances: 1 + (bits >> 5 & 31), codes, have: 0, previous: 0 };
        if sizes.literals > 286 || sizes.distances > 30 {
            return Err(InflateError::TooManyCodes);
        }
        // Until the codes of this block are built, their memory is used to read them: the lookup table of the literal code holds
        // the lengths, and the distance code is the code length code.
        self.fixed = false;
        self.literals.lengths().fill(0.into());
        Ok(Some(Mode::CodeLengths(sizes)))
    }

    pub(super) fn code_lengths(&mut self, sizes: Sizes, input: &mut &[u8]) -> Result<Option<Mode>, InflateError> {
        let mut sizes = sizes;
        while sizes.have < sizes.codes.into() {
            self.bits.refill(input);
            let Some(len) = self.bits.take(3) else {
                self.mode = Mode::CodeLengths(sizes);
                return Ok(None);
            };
            let place = CODE_LENGTH_ORDER.get(usize::from(sizes.have)).copied().unwrap_or(0);
            if let Some(slot) = self.literals.lengths().get_mut(usize::from(place)) {
                let [len, _] = len.to_le_bytes();
                *slot = len.into();
            }
            sizes.have += 1;
        }
        let lengths = self.literals.lengths().get(..19).unwrap_or(&[]);
        if self.distances.build_from(lengths, code_length) != Some(Shape::Complete) {
            return Err(InflateError::BadCodeLengthCode);
        }
        Ok(Some(Mode::Lengths(Sizes { have: 0, ..sizes })))
    }

    pub(super) fn lengths(&mut self, sizes: Sizes, input: &mut &[u8]) -> Result<Option<Mode>, InflateError> {
        let mut sizes = sizes;
        let all = sizes.literals + sizes.distances;
        while sizes.have < all {
            if self.bits.count() < 16 {
                self.bits.refill(input);
            }
            let entry = self.distances.decode(self.bits.peek(), code_length);
            if entry & 31 > self.bits.count() {
                self.mode = Mode::Lengths(sizes);
                return Ok(None);
            }
            let repeat = match value(entry) {
                0..=15 => {
                    [sizes.previous, _] = value(entry).to_le_bytes();
                    1
                }
                16 if sizes.have == 0 => return Err(InflateError::BadRepeat),
                16 => 3 + extra(self.bits.hold(), entry),
                symbol => {
                    sizes.previous = 0;
                    let least = if symbol == 17 { 3 } else { 11 };
                    least + extra(self.bits.hold(), entry)
                }
            };
            if repeat > all - sizes.have {
                return Err(InflateError::BadRepeat);
            }
            let places = self.literals.lengths().iter_mut().skip(usize::from(sizes.have)).take(usize::from(repeat));
            for place in places {
                *place = sizes.previous.into();
            }
            sizes.have += repeat;
            self.bits.drop(entry & 31);
        }
        self.build(usize::from(sizes.literals), usize::from(sizes.distances))?;
        Ok(Some(Mode::Symbols))
    }

    /// Both codes from their lengths.
    fn build(&mut self, literals: usize, distances: usize) -> Result<(), InflateError> {
        let lengths = self.literals.lengths();
        if lengths.get(256).is_some_and(|len| len.value() == 0) {
            return Err(InflateError::NoEndOfBlock);
        }
        let of_distances = lengths.get(literals..).and_then(|lengths| lengths.get(..distances)).unwrap_or(&[]);
        // The distance code comes first: building the literal code overwrites the lengths.
        let distances = self.distances.build_from(of_distances, distance);
        if self.literals.build(literals, literal).is_none() {
            return Err(InflateError::BadLiteralCode);
        }
        if distances.is_none() {
            return Err(InflateError::BadDistanceCode);
        }
        Ok(())
    }

    /// RFC 1951 §3.2.6. Of its symbols, 286, 287, 30 and 31 are never right.
    pub(super) fn use_fixed(&mut self) {
        if self.fixed {
            return;
        }
        self.fixed = true;
        for (len, symbol) in self.literals.lengths().iter_mut().zip(0_u16..) {
            let bits: u8 = match symbol {
                144..256 => 9,
                256..280 => 7,
                _ => 8,
            };
            *len = bits.into();
        }
        self.distances.build_from(&[5.into(); 32], distance);
        self.literals.build(288, literal);
    }
}
