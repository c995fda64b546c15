//! A place in a JSON text, and the steps from token to token.

use super::text::plain_len;

/// Stands at a byte of a text. All that it stops at is ASCII, so slices between two stops are whole characters.
#[derive(Clone, Copy)]
pub(crate) struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

/// Shows where it stands, not what is there.
impl core::fmt::Debug for Cursor<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{} of {} bytes", self.at, self.text.len())
    }
}

impl<'a> Cursor<'a> {
    pub(crate) const fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    pub(crate) const fn at(&self) -> usize {
        self.at
    }

    /// The next byte, which stays.
    pub(crate) fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// The next byte, which is taken.
    pub(crate) fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at = self.at.saturating_add(1);
        Some(byte)
    }

    /// Takes the next byte if it is this one.
    pub(crate) fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        if found {
            self.at = self.at.saturating_add(1);
        }
        found
    }

    /// RFC 8259 §2: blank, tab, line feed, carriage return.
    pub(crate) fn skip_blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at = self.at.saturating_add(1);
        }
    }

    /// At least one, how many ever.
    pub(crate) fn digits(&mut self) -> bool {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at = self.at.saturating_add(1);
        }
        self.at > start
    }

    /// Takes what a string has as it is.
    pub(crate) fn skip_plain(&mut self) {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        self.at = self.at.saturating_add(plain_len(rest));
    }

    /// What was passed since `start`.
    pub(crate) fn since(&self, start: usize) -> &'a str {
        self.text.get(start..self.at).unwrap_or_default()
    }

    /// Passes the rest of a string whose opening quote was taken, in a text that was checked, and its closing quote. What is between them.
    pub(crate) fn string_rest(&mut self) -> &'a str {
        let start = self.at;
        loop {
            self.skip_plain();
            let end = self.at;
            match self.next() {
                Some(b'"') | None => return self.text.get(start..end).unwrap_or_default(),
                Some(b'\\') => drop(self.next()),
                Some(_) => {}
            }
        }
    }

    /// Passes a value in a text that was checked, blanks before it included. The value.
    pub(crate) fn value(&mut self) -> &'a str {
        self.skip_blanks();
        let start = self.at;
        match self.peek() {
            Some(b'[' | b'{') => self.skip_nested(),
            Some(b'"') => {
                self.next();
                self.string_rest();
            }
            _ => {
                while !matches!(self.peek(), None | Some(b',' | b']' | b'}' | b' ' | b'\t' | b'\n' | b'\r')) {
                    self.next();
                }
            }
        }
        self.since(start)
    }

    fn skip_nested(&mut self) {
        let mut depth = 0_usize;
        while let Some(byte) = self.next() {
            match byte {
                b'"' => drop(self.string_rest()),
                b'[' | b'{' => depth = depth.saturating_add(1),
                b']' | b'}' => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth == 0 {
                return;
            }
        }
    }
}
