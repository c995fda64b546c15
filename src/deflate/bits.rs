//! The bit order of RFC 1951 §3.1.1: bytes are filled from the least significant bit. Bits are held in 64-bit words.

/// Bits read from the input and not yet used: at most 63, and only zeros above `count`.
#[derive(Clone, Copy)]
pub(super) struct BitReader {
    hold: u64,
    count: u32,
}

impl BitReader {
    pub(super) const fn new() -> Self {
        Self { hold: 0, count: 0 }
    }

    /// Number of bits held.
    #[inline(always)]
    pub(super) const fn count(&self) -> u32 {
        self.count
    }

    /// Moves bytes from the front of `input` into the hold, until at least 56 bits are held or the input is empty.
    #[inline(never)]
    pub(super) fn refill(&mut self, input: &mut &[u8]) {
        self.refill_here(input);
    }

    /// The same, for where speed counts more than size.
    #[inline(always)]
    pub(super) fn refill_here(&mut self, input: &mut &[u8]) {
        if let Some(word) = input.first_chunk::<8>() {
            let len = (63 - self.count) >> 3;
            self.hold |= u64::from_le_bytes(*word) << self.count;
            self.count += len << 3;
            // Otherwise the part of the word that stays in the input would be read twice.
            self.hold &= (1 << self.count) - 1;
            let [len, ..] = len.to_le_bytes();
            *input = input.get(usize::from(len)..).unwrap_or(&[]);
        } else {
            while self.count < 56 {
                let Some((&byte, rest)) = input.split_first() else { break };
                self.hold |= u64::from(byte) << self.count;
                self.count += 8;
                *input = rest;
            }
        }
    }

    /// The next 16 bits, filled up with zeros if fewer are held.
    #[inline(always)]
    pub(super) fn peek(&self) -> u16 {
        let [low, high, ..] = self.hold.to_le_bytes();
        u16::from_le_bytes([low, high])
    }

    /// Drops `len <= 15` bits if so many are held, and returns whether they were.
    #[inline(always)]
    pub(super) fn skip(&mut self, len: u32) -> bool {
        let held = len <= self.count;
        if held {
            self.hold >>= len & 15;
            self.count -= len;
        }
        held
    }

    /// Takes the next `len <= 15` bits if so many are held.
    #[inline(always)]
    pub(super) fn take(&mut self, len: u32) -> Option<u16> {
        let value = self.peek() & ((1 << (len & 15)) - 1);
        if self.skip(len) { Some(value) } else { None }
    }

    /// Takes 16 bits if so many are held.
    pub(super) fn take_u16(&mut self) -> Option<u16> {
        let value = self.peek();
        if self.count < 16 {
            return None;
        }
        self.hold >>= 16;
        self.count -= 16;
        Some(value)
    }

    /// Takes a byte if one is held.
    pub(super) fn take_byte(&mut self) -> Option<u8> {
        let [byte, ..] = self.hold.to_le_bytes();
        if self.skip(8) { Some(byte) } else { None }
    }

    /// Drops the bits up to the next byte boundary of the input.
    pub(super) fn align(&mut self) {
        self.skip(self.count & 7);
    }

    /// All the bits, the next one lowest.
    #[inline(always)]
    pub(super) const fn hold(&self) -> u64 {
        self.hold
    }

    /// Drops `len <= 63` bits, of which so many are held.
    #[inline(always)]
    pub(super) const fn drop(&mut self, len: u32) {
        self.hold >>= len & 63;
        self.count = self.count.wrapping_sub(len & 63);
    }
}

/// Bits read where there are plenty: only the low 6 bits of `count` count, and what lies above them in the hold is from the bytes
/// that are next in the input, which will be read once more.
#[derive(Clone, Copy)]
pub(super) struct Plenty {
    hold: u64,
    count: u32,
}

impl Plenty {
    #[inline(always)]
    pub(super) const fn new(bits: BitReader) -> Self {
        Self { hold: bits.hold, count: bits.count }
    }

    /// What is held, for one who has less.
    #[inline(always)]
    pub(super) const fn reader(self) -> BitReader {
        let count = self.count & 63;
        BitReader { hold: self.hold & ((1 << count) - 1), count }
    }

    /// The bits, the next one lowest.
    #[inline(always)]
    pub(super) const fn hold(self) -> u64 {
        self.hold
    }

    /// Drops as many bits as the low 6 of `len` say, which are held; `len` may have others.
    #[inline(always)]
    pub(super) const fn drop(&mut self, len: u32) {
        self.hold >>= len & 63;
        self.count = self.count.wrapping_sub(len);
    }

    /// Makes it 56 bits or more, and returns the number of bytes that are read with that. The 8 bytes are those that are next.
    #[inline(always)]
    pub(super) const fn refill(&mut self, word: [u8; 8]) -> u8 {
        self.hold |= u64::from_le_bytes(word) << (self.count & 63);
        let [len, ..] = (!self.count >> 3 & 7).to_le_bytes();
        self.count |= 56;
        len
    }
}

/// Bits produced and not yet written: at most 63.
#[derive(Clone, Copy)]
pub(super) struct BitWriter {
    hold: u64,
    count: u32,
}

impl BitWriter {
    pub(super) const fn new() -> Self {
        Self { hold: 0, count: 0 }
    }

    /// Number of bits held.
    #[inline(always)]
    pub(super) const fn count(&self) -> u32 {
        self.count
    }

    /// Appends the `len` low bits of `value`, whose other bits are zero. The caller makes sure that at most 63 are held then.
    #[inline(always)]
    pub(super) fn put(&mut self, value: u32, len: u32) {
        self.hold |= u64::from(value) << (self.count & 63);
        self.count += len;
    }

    /// Fills the last byte with zeros.
    pub(super) fn align(&mut self) {
        self.count = (self.count + 7) & !7;
    }

    /// Moves whole bytes to `output` from `at` on, as many as there is room for, and returns the position after them.
    #[inline(always)]
    pub(super) fn drain(&mut self, output: &mut [u8], at: usize) -> usize {
        if let Some(room) = output.get_mut(at..).and_then(|room| room.first_chunk_mut::<8>()) {
            *room = self.hold.to_le_bytes();
            let [len, ..] = (self.count >> 3).to_le_bytes();
            self.hold >>= self.count & 56;
            self.count &= 7;
            return at + usize::from(len);
        }
        let mut at = at;
        while self.count >= 8 {
            let Some(slot) = output.get_mut(at) else { break };
            [*slot, ..] = self.hold.to_le_bytes();
            self.hold >>= 8;
            self.count -= 8;
            at += 1;
        }
        at
    }
}

#[cfg(test)]
#[expect(clippy::cast_possible_truncation, reason = "numbers made up for tests")]
mod tests {
    use super::*;

    #[test]
    fn refill_gives_the_same_bits_for_any_split() {
        let bytes: [u8; 24] = core::array::from_fn(|i| (i * 37 + 11) as u8);
        for cut in 0..=bytes.len() {
            let (mut reader, mut got) = (BitReader::new(), [0; 24]);
            let mut at = 0;
            for mut part in [&bytes[..cut], &bytes[cut..]] {
                loop {
                    reader.refill(&mut part);
                    match reader.take_byte() {
                        Some(byte) => got[at] = byte,
                        None => break,
                    }
                    at += 1;
                }
            }
            assert_eq!(got, bytes);
        }
    }

    #[test]
    fn nothing_is_taken_that_is_not_held() {
        let mut reader = BitReader::new();
        reader.refill(&mut [0b1010_0101].as_slice());
        assert_eq!(reader.take(9), None);
        assert_eq!(reader.take(3), Some(0b101));
        assert_eq!(reader.take(0), Some(0));
        reader.align();
        assert_eq!(reader.count(), 0);
    }

    #[test]
    fn writer_holds_what_has_no_room() {
        let mut writer = BitWriter::new();
        writer.put(0x1ff, 9);
        writer.put(0x7fff_ffff, 31);
        let mut output = [0; 3];
        assert_eq!(writer.drain(&mut output, 1), 3);
        assert_eq!((output, writer.count()), ([0, 0xff, 0xff], 24));
    }
}
