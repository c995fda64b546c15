//! Strings (RFC 8259 §7): read as characters, compared, and written.

use crate::writer::{NeedsRoom, Writer};

/// A string in a JSON text, as it stands there between its quotes.
///
/// It is read without a heap: compared with a `&str`, shown, or written to a buffer.
///
/// ```
/// use sansocket_socketio::json::Value;
///
/// let text = Value::parse(r#""gr\u00fc\u00df""#)?.text().unwrap();
/// assert_eq!(text, "gr\u{fc}\u{df}");
/// assert_eq!(text.raw(), r"gr\u00fc\u00df");
/// assert_eq!(text.unescape(&mut [0; 10]), Ok("gr\u{fc}\u{df}"));
/// # Ok::<(), sansocket_socketio::json::JsonError>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Text<'a> {
    raw: &'a str,
}

impl<'a> Text<'a> {
    /// From what stands between the quotes, which was checked.
    pub(crate) const fn checked(raw: &'a str) -> Self {
        Self { raw }
    }

    /// A text that JSON has as it is. `None` if it has a quote, a backslash or a control character, which must be escaped.
    pub fn plain(text: &'a str) -> Option<Self> {
        (plain_len(text.as_bytes()) == text.len()).then_some(Self { raw: text })
    }

    /// What stands between the quotes, escapes and all.
    pub const fn raw(&self) -> &'a str {
        self.raw
    }

    /// The string, if it has no escapes.
    pub fn as_plain(&self) -> Option<&'a str> {
        (!self.raw.as_bytes().contains(&b'\\')).then_some(self.raw)
    }

    /// The characters. A surrogate without its other half, which JSON can have but Unicode not (RFC 8259 §8.2), becomes U+FFFD, as where
    /// browsers write UTF-8.
    pub fn chars(&self) -> Chars<'a> {
        Chars { rest: self.raw.chars() }
    }

    /// Writes the string to `out`, which is the caller's, and returns it. A buffer as long as [`raw`](Self::raw) suffices.
    ///
    /// # Errors
    /// [`NeedsRoom`], if it does not fit.
    pub fn unescape<'o>(&self, out: &'o mut [u8]) -> Result<&'o str, NeedsRoom> {
        let mut writer = Writer::new(out);
        self.chars().for_each(|char| writer.char(char));
        writer.finish()
    }
}

/// The same string, whatever is escaped.
impl PartialEq for Text<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.chars().eq(other.chars())
    }
}

impl Eq for Text<'_> {}

impl PartialEq<str> for Text<'_> {
    fn eq(&self, other: &str) -> bool {
        self.chars().eq(other.chars())
    }
}

impl PartialEq<&str> for Text<'_> {
    fn eq(&self, other: &&str) -> bool {
        self.chars().eq(other.chars())
    }
}

/// Shows the string.
impl core::fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.chars().try_for_each(|char| core::fmt::Write::write_char(f, char))
    }
}

/// The characters of a [`Text`].
#[derive(Clone, Debug)]
pub struct Chars<'a> {
    rest: core::str::Chars<'a>,
}

impl Iterator for Chars<'_> {
    type Item = char;

    fn next(&mut self) -> Option<char> {
        let char = self.rest.next()?;
        if char != '\\' {
            return Some(char);
        }
        Some(match self.rest.next()? {
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => self.unicode(),
            // A quote, a backslash, a slash.
            other => other,
        })
    }
}

impl Chars<'_> {
    /// After `\u`.
    fn unicode(&mut self) -> char {
        let (unit, rest) = unit(self.rest.clone());
        self.rest = rest;
        // RFC 8259 §7: a pair of surrogates is one character.
        let mut ahead = self.rest.clone();
        if matches!(unit, 0xD800..=0xDBFF) && ahead.next() == Some('\\') && ahead.next() == Some('u') {
            let (low, rest) = self::unit(ahead);
            if matches!(low, 0xDC00..=0xDFFF) {
                self.rest = rest;
                let bits = (unit & 0x3FF) << 10 | low & 0x3FF;
                return char::from_u32(bits.saturating_add(0x1_0000)).unwrap_or(char::REPLACEMENT_CHARACTER);
            }
        }
        char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER)
    }
}

/// The value of four hexadecimal digits, and what follows them.
fn unit(mut rest: core::str::Chars<'_>) -> (u32, core::str::Chars<'_>) {
    let value = rest.by_ref().take(4).fold(0, |value, char| value << 4 | char.to_digit(16).unwrap_or(0));
    (value, rest)
}

/// Writes `text` to `out` as a JSON string, in quotes, and returns that. It takes two bytes beside the text, and one or five more for each
/// character that must be escaped (RFC 8259 §7); no other is escaped.
///
/// ```
/// let mut out = [0; 20];
/// assert_eq!(sansocket_socketio::json::escape("say \"hi\"\n", &mut out)?, r#""say \"hi\"\n""#);
/// # Ok::<(), sansocket_socketio::NeedsRoom>(())
/// ```
///
/// # Errors
/// [`NeedsRoom`], if it does not fit.
pub fn escape<'o>(text: &str, out: &'o mut [u8]) -> Result<&'o str, NeedsRoom> {
    let mut writer = Writer::new(out);
    write_escaped(text, &mut writer);
    writer.finish()
}

pub(crate) fn write_escaped(text: &str, writer: &mut Writer<'_>) {
    writer.text("\"");
    let mut rest = text;
    loop {
        let (plain, others) = rest.split_at_checked(plain_len(rest.as_bytes())).unwrap_or((rest, ""));
        writer.text(plain);
        let mut chars = others.chars();
        let Some(char) = chars.next() else { break };
        write_escape(char, writer);
        rest = chars.as_str();
    }
    writer.text("\"");
}

/// A character that a string cannot have as it is.
fn write_escape(char: char, writer: &mut Writer<'_>) {
    match char {
        '"' => writer.text("\\\""),
        '\\' => writer.text("\\\\"),
        '\u{8}' => writer.text("\\b"),
        '\u{c}' => writer.text("\\f"),
        '\n' => writer.text("\\n"),
        '\r' => writer.text("\\r"),
        '\t' => writer.text("\\t"),
        _ => {
            writer.text("\\u00");
            let code = u32::from(char);
            for digit in [code >> 4, code & 0xF] {
                writer.char(char::from_digit(digit, 16).unwrap_or('0'));
            }
        }
    }
}

/// How many bytes come before one that a string cannot have as it is: a quote, a backslash or a control character (RFC 8259 §7).
pub(crate) fn plain_len(text: &[u8]) -> usize {
    let words = text.chunks_exact(8).map_while(<[u8]>::first_chunk).take_while(|&&word| is_plain_word(u64::from_ne_bytes(word)));
    let len = words.count().saturating_mul(8);
    let rest = text.get(len..).unwrap_or_default();
    len.saturating_add(rest.iter().take_while(|&&byte| is_plain(byte)).count())
}

const fn is_plain(byte: u8) -> bool {
    !matches!(byte, b'"' | b'\\' | 0..=0x1F)
}

/// The same of eight bytes at once.
fn is_plain_word(word: u64) -> bool {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x80 * ONES;
    const QUOTES: u64 = 0x22 * ONES;
    const BACKSLASHES: u64 = 0x5C * ONES;
    // A byte less than `limit`, at most 0x80, has its high bit set afterwards. The next one may have it by the borrow, but only after such a byte.
    let less = |word: u64, limit: u64| word.wrapping_sub(limit) & !word;
    (less(word, 0x20 * ONES) | less(word ^ QUOTES, ONES) | less(word ^ BACKSLASHES, ONES)) & HIGH == 0
}
