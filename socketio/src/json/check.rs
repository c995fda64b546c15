//! Whether a text is JSON (RFC 8259 §2 to §7): without recursion, in a state of fixed size.

use super::cursor::Cursor;
use crate::sentences::sentences;

/// How deep arrays and objects may be nested: 32. The array that holds an event's arguments counts as one.
///
/// JSON.parse has no limit but its stack. RFC 8259 §9 allows one.
pub const MAX_DEPTH: u32 = u32::BITS;

sentences! {
/// Why a text is not JSON.
JsonError {
    /// It ends inside a value, or has none (RFC 8259 §2).
    UnexpectedEnd = "the JSON text ends too early";
    /// A byte where the grammar has no place for it (RFC 8259 §2, §3).
    UnexpectedByte = "the JSON text has a byte out of place";
    /// A number that RFC 8259 §6 does not have: `01`, `1.`, `.5`, `+1`, `1e`.
    InvalidNumber = "the JSON text has an invalid number";
    /// A backslash that no escape of RFC 8259 §7 follows.
    InvalidEscape = "the JSON text has an invalid escape";
    /// A control character in a string, which must be escaped (RFC 8259 §7).
    ControlCharacter = "the JSON text has a control character in a string";
    /// Arrays and objects are nested deeper than [`MAX_DEPTH`]. Our limit, as RFC 8259 §9 allows.
    TooDeep = "the JSON text is nested too deep";
    /// Something follows the value (RFC 8259 §2).
    TrailingBytes = "the JSON text goes on after its value";
}
}

/// Checks that `text` is one JSON value, with blanks around it or not, nested at most `max_depth` deep, which is at most [`MAX_DEPTH`]. The
/// value without the blanks.
pub(crate) fn check(text: &str, max_depth: u32) -> Result<&str, JsonError> {
    let mut checker = Checker { cursor: Cursor::new(text), objects: 0, depth: 0, max_depth };
    checker.cursor.skip_blanks();
    let start = checker.cursor.at();
    while !(checker.begin()? && checker.end()?) {}
    let value = checker.cursor.since(start);
    checker.cursor.skip_blanks();
    if checker.cursor.peek().is_some() { Err(JsonError::TrailingBytes) } else { Ok(value) }
}

struct Checker<'a> {
    cursor: Cursor<'a>,
    /// A bit for each array and object that is open, the innermost lowest: 1 for an object.
    objects: u32,
    depth: u32,
    max_depth: u32,
}

impl Checker<'_> {
    fn next(&mut self) -> Result<u8, JsonError> {
        self.cursor.next().ok_or(JsonError::UnexpectedEnd)
    }

    /// Takes a value, or the beginning of one up to the first value in it. Whether it was all of it.
    fn begin(&mut self) -> Result<bool, JsonError> {
        match self.next()? {
            b'"' => self.string()?,
            b'[' => return self.open(false, b']'),
            b'{' => return self.open(true, b'}'),
            first @ (b'-' | b'0'..=b'9') => self.number(first)?,
            b't' => self.literal(b"rue")?,
            b'f' => self.literal(b"alse")?,
            b'n' => self.literal(b"ull")?,
            _ => return Err(JsonError::UnexpectedByte),
        }
        Ok(true)
    }

    /// Takes what may follow a value: the ends of arrays and objects, or all up to the next value. Whether the outermost has ended.
    fn end(&mut self) -> Result<bool, JsonError> {
        while self.depth > 0 {
            self.cursor.skip_blanks();
            let is_object = self.objects & 1 == 1;
            match (self.next()?, is_object) {
                (b']', false) | (b'}', true) => self.close(),
                (b',', _) => {
                    self.cursor.skip_blanks();
                    if is_object {
                        self.key()?;
                    }
                    return Ok(false);
                }
                _ => return Err(JsonError::UnexpectedByte),
            }
        }
        Ok(true)
    }

    /// An array or object whose first byte was taken. Whether it is empty, and so has ended.
    fn open(&mut self, is_object: bool, end: u8) -> Result<bool, JsonError> {
        if self.depth >= self.max_depth.min(MAX_DEPTH) {
            return Err(JsonError::TooDeep);
        }
        self.depth = self.depth.saturating_add(1);
        self.objects = self.objects << 1 | u32::from(is_object);
        self.cursor.skip_blanks();
        if self.cursor.eat(end) {
            self.close();
            return Ok(true);
        }
        if is_object {
            self.key()?;
        }
        Ok(false)
    }

    fn close(&mut self) {
        self.depth = self.depth.saturating_sub(1);
        self.objects >>= 1;
    }

    /// RFC 8259 §4: a string and a colon.
    fn key(&mut self) -> Result<(), JsonError> {
        self.expect(b'"')?;
        self.string()?;
        self.cursor.skip_blanks();
        self.expect(b':')?;
        self.cursor.skip_blanks();
        Ok(())
    }

    fn expect(&mut self, byte: u8) -> Result<(), JsonError> {
        if self.next()? == byte { Ok(()) } else { Err(JsonError::UnexpectedByte) }
    }

    /// RFC 8259 §3.
    fn literal(&mut self, rest: &[u8]) -> Result<(), JsonError> {
        rest.iter().try_for_each(|&byte| self.expect(byte))
    }

    /// RFC 8259 §6.
    fn number(&mut self, first: u8) -> Result<(), JsonError> {
        let first = if first == b'-' { self.cursor.next() } else { Some(first) };
        match first {
            // No digit may follow it.
            Some(b'0') => {}
            Some(b'1'..=b'9') => drop(self.cursor.digits()),
            _ => return Err(JsonError::InvalidNumber),
        }
        let has_fraction = !self.cursor.eat(b'.') || self.cursor.digits();
        let has_exponent = !(self.cursor.eat(b'e') || self.cursor.eat(b'E')) || {
            let _has_sign = self.cursor.eat(b'-') || self.cursor.eat(b'+');
            self.cursor.digits()
        };
        let is_over = !matches!(self.cursor.peek(), Some(b'0'..=b'9'));
        if has_fraction && has_exponent && is_over { Ok(()) } else { Err(JsonError::InvalidNumber) }
    }

    /// RFC 8259 §7, after the opening quote.
    fn string(&mut self) -> Result<(), JsonError> {
        loop {
            self.cursor.skip_plain();
            match self.next()? {
                b'"' => return Ok(()),
                b'\\' => self.escape()?,
                _ => return Err(JsonError::ControlCharacter),
            }
        }
    }

    fn escape(&mut self) -> Result<(), JsonError> {
        match self.next()? {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Ok(()),
            b'u' => (0..4).try_for_each(|_| match self.next()? {
                b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F' => Ok(()),
                _ => Err(JsonError::InvalidEscape),
            }),
            _ => Err(JsonError::InvalidEscape),
        }
    }
}
