//! Places in the JSON of a binary packet where its attachments belong: `{"_placeholder":true,"num":0}`.

use crate::error::PacketError;
use crate::json::{Cursor, MAX_DEPTH, Text, Value};
use crate::writer::{NeedsRoom, Writer};

/// A place where an attachment belongs.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Placeholder {
    /// Which attachment, counted from 0 in the order in which they come. Several places may name the same one.
    pub num: u16,
    /// Where the placeholder's object starts in the JSON, in bytes.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
}

/// The placeholders in a JSON text, in the order in which they stand there: depth first.
///
/// As in the reference, every object with a member `_placeholder` that is `true` is one, whatever else it has, but for further placeholders
/// inside it, which the reference drops and we refuse: so one pass finds them all, whatever is nested in what. They are placeholders in
/// binary packets only; in others they are data.
#[derive(Clone, Debug)]
pub struct Placeholders<'a> {
    json: &'a str,
    cursor: Cursor<'a>,
    attachments: u16,
    /// How many arrays and objects are open, and where each starts.
    depth: usize,
    starts: [usize; DEPTH],
    /// A bit for each of them, the innermost lowest: whether it is a placeholder as far as is known, and whether one was in it.
    is_placeholder: u32,
    has_placeholder: u32,
}

/// Bits have room for as many levels as JSON may have.
const DEPTH: usize = 32;
const _: () = assert!(MAX_DEPTH == u32::BITS && DEPTH == 32);

impl<'a> Placeholders<'a> {
    /// Those in a payload, or in a part of one, which has so many attachments.
    pub const fn new(json: Value<'a>, attachments: u16) -> Self {
        let json = json.as_json();
        let cursor = Cursor::new(json);
        Self { json, cursor, attachments, depth: 0, starts: [0; DEPTH], is_placeholder: 0, has_placeholder: 0 }
    }

    fn open(&mut self, start: usize) {
        if let Some(slot) = self.starts.get_mut(self.depth) {
            *slot = start;
        }
        self.depth = self.depth.saturating_add(1);
        self.is_placeholder <<= 1;
        self.has_placeholder <<= 1;
    }

    /// After a string: if it was the name of a member, that is looked at.
    fn name(&mut self, name: Text<'_>) {
        self.cursor.skip_blanks();
        if self.cursor.eat(b':') && name == "_placeholder" {
            let mut ahead = self.cursor;
            // Of members with the same name the last one counts, as in JSON.parse.
            self.is_placeholder = self.is_placeholder & !1 | u32::from(ahead.value() == "true");
        }
    }

    /// After the end of an array or object: its place, if it was a placeholder.
    fn close(&mut self) -> Option<Result<Placeholder, PacketError>> {
        let (is_placeholder, has_placeholder) = (self.is_placeholder & 1 == 1, self.has_placeholder & 1 == 1);
        self.depth = self.depth.saturating_sub(1);
        self.is_placeholder >>= 1;
        self.has_placeholder >>= 1;
        self.has_placeholder |= u32::from(is_placeholder || has_placeholder);
        let (start, end) = (self.starts.get(self.depth).copied().unwrap_or_default(), self.cursor.at());
        let object = Value::checked(self.json.get(start..end).filter(|_| is_placeholder)?);
        let num = object.get("num").and_then(|num| u16::try_from(num.as_u64()?).ok());
        let num = num.filter(|&num| num < self.attachments && !has_placeholder);
        Some(num.map(|num| Placeholder { num, start, end }).ok_or(PacketError::InvalidPlaceholder))
    }
}

impl Iterator for Placeholders<'_> {
    /// [`PacketError::InvalidPlaceholder`] only in JSON that is not a packet's, since that was checked. It is the last item.
    type Item = Result<Placeholder, PacketError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let start = self.cursor.at();
            match self.cursor.next()? {
                b'{' | b'[' => self.open(start),
                b'"' => {
                    let name = Text::checked(self.cursor.string_rest());
                    self.name(name);
                }
                b'}' | b']' => {
                    let found = self.close();
                    if let Some(Err(_)) = found {
                        self.cursor = Cursor::new("");
                    }
                    if found.is_some() {
                        return found;
                    }
                }
                _ => {}
            }
        }
    }
}

/// Writes the placeholder of an attachment, counted from 0, to `out`, and returns it. It takes at most 34 bytes.
///
/// ```
/// let mut out = [0; 34];
/// assert_eq!(sansocket_socketio::placeholder(0, &mut out)?, r#"{"_placeholder":true,"num":0}"#);
/// # Ok::<(), sansocket_socketio::NeedsRoom>(())
/// ```
///
/// # Errors
/// [`NeedsRoom`], if it does not fit.
pub fn placeholder(num: u16, out: &mut [u8]) -> Result<&str, NeedsRoom> {
    let mut writer = Writer::new(out);
    write_placeholder(num, &mut writer);
    writer.finish()
}

pub(crate) fn write_placeholder(num: u16, writer: &mut Writer<'_>) {
    writer.text("{\"_placeholder\":true,\"num\":");
    writer.number(num.into());
    writer.text("}");
}
