//! Writes texts to a buffer of the caller's, and goes on counting where it ends.

/// The caller's buffer is too short. What it holds then is of no use.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct NeedsRoom {
    /// How many bytes all of it takes.
    pub bytes: usize,
}

impl core::fmt::Display for NeedsRoom {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "the buffer is too short, {} bytes are needed", self.bytes)
    }
}

impl core::error::Error for NeedsRoom {}

/// Takes all that is written, so that only the end can be refused.
pub(crate) struct Writer<'o> {
    out: &'o mut [u8],
    len: usize,
}

/// Shows how much was written, not what.
impl core::fmt::Debug for Writer<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Writer").field("len", &self.len).field("room", &self.out.len()).finish()
    }
}

impl<'o> Writer<'o> {
    pub(crate) const fn new(out: &'o mut [u8]) -> Self {
        Self { out, len: 0 }
    }

    /// How many bytes were written, with those for which there was no room.
    pub(crate) const fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn text(&mut self, text: &str) {
        let end = self.len.saturating_add(text.len());
        if let Some(room) = self.out.get_mut(self.len..end) {
            room.iter_mut().zip(text.bytes()).for_each(|(to, from)| *to = from);
        }
        self.len = end;
    }

    pub(crate) fn char(&mut self, char: char) {
        self.text(char.encode_utf8(&mut [0; 4]));
    }

    /// In decimal digits.
    pub(crate) fn number(&mut self, number: u64) {
        let mut digits = [b'0'; 20];
        let (mut rest, mut unused) = (number, digits.len());
        for digit in digits.iter_mut().rev() {
            *digit |= u8::try_from(rest % 10).unwrap_or_default();
            rest /= 10;
            unused = unused.saturating_sub(1);
            if rest == 0 {
                break;
            }
        }
        self.text(digits.get(unused..).and_then(|digits| core::str::from_utf8(digits).ok()).unwrap_or_default());
    }

    /// All that was written, if it fits.
    pub(crate) fn finish(self) -> Result<&'o str, NeedsRoom> {
        let written = self.out.get(..self.len).ok_or(NeedsRoom { bytes: self.len })?;
        // Only whole texts were written, each of them whole: it is UTF-8.
        Ok(core::str::from_utf8(written).unwrap_or_default())
    }
}
