//! Writes events and acknowledgements, argument after argument, straight into the caller's buffer.

use crate::error::{EncodeError, PacketError};
use crate::header::{Header, Kind};
use crate::json::{MAX_DEPTH, Value, write_escaped};
use crate::packet::is_reserved;
use crate::placeholder::{Placeholders, write_placeholder};
use crate::writer::Writer;

/// Writes a packet with arguments: Engine.IO's `4`, the header, and `["name",…]`. What is wrong is told at the end.
///
/// ```
/// use sansocket_socketio::{EventWriter, Header};
///
/// let mut out = [0; 100];
/// let header = Header::event("/").with_id(7);
/// let text = EventWriter::event(&header, "say", &mut out).text("hi").json(r#"{"loud":true}"#).finish()?;
/// assert_eq!(text, r#"427["say","hi",{"loud":true}]"#);
///
/// // With attachments, which are sent after it as binary messages, in their order.
/// let header = Header::event("/").with_attachments(1);
/// let text = EventWriter::event(&header, "file", &mut out).text("a.bin").attachment().finish()?;
/// assert_eq!(text, r#"451-["file","a.bin",{"_placeholder":true,"num":0}]"#);
/// # Ok::<(), sansocket_socketio::EncodeError>(())
/// ```
#[derive(Debug)]
#[must_use = "`finish` gives the packet"]
pub struct EventWriter<'o> {
    writer: Writer<'o>,
    attachments: u16,
    /// The next one that has not got its place.
    next_attachment: u16,
    has_args: bool,
    /// The first mistake.
    error: Option<PacketError>,
}

impl<'o> EventWriter<'o> {
    /// An event with this name, whatever the header's type is. `out` is the caller's.
    pub fn event(header: &Header<'_>, name: &str, out: &'o mut [u8]) -> Self {
        let mut event = Self::new(&Header { kind: Kind::Event, ..*header }, out);
        if is_reserved(name.chars()) {
            event.fail(PacketError::ReservedEventName);
        }
        event.text(name)
    }

    /// An acknowledgement of the event with the header's id, whatever the header's type is. `out` is the caller's.
    pub fn ack(header: &Header<'_>, out: &'o mut [u8]) -> Self {
        let mut ack = Self::new(&Header { kind: Kind::Ack, ..*header }, out);
        // Nobody could know what it answers.
        if header.id.is_none() {
            ack.fail(PacketError::InvalidId);
        }
        ack
    }

    fn new(header: &Header<'_>, out: &'o mut [u8]) -> Self {
        // Plain or binary.
        let header = header.with_attachments(header.attachments);
        let mut writer = Writer::new(out);
        writer.text("4");
        header.write(&mut writer);
        writer.text("[");
        Self { writer, attachments: header.attachments, next_attachment: 0, has_args: false, error: header.check().err() }
    }

    /// Adds an argument: a string.
    pub fn text(mut self, text: &str) -> Self {
        self.separate();
        write_escaped(text, &mut self.writer);
        self
    }

    /// Adds an argument: a number. JavaScript rounds what is beyond 2^53 - 1.
    pub fn number(mut self, number: i64) -> Self {
        self.separate();
        if number < 0 {
            self.writer.text("-");
        }
        self.writer.number(number.unsigned_abs());
        self
    }

    /// Adds an argument: a value that is JSON already. In a packet with attachments it may have placeholders, as
    /// [`placeholder`](fn@crate::placeholder) writes them.
    pub fn json(mut self, json: &str) -> Self {
        self.separate();
        // Inside the array of the arguments.
        match Value::parse_within(json, MAX_DEPTH.saturating_sub(1)) {
            Ok(value) => {
                let are_valid = self.attachments == 0 || Placeholders::new(value, self.attachments).all(|one| one.is_ok());
                if !are_valid {
                    self.fail(PacketError::InvalidPlaceholder);
                }
                self.writer.text(value.as_json());
            }
            Err(error) => self.fail(error.into()),
        }
        self
    }

    /// Adds an argument: the place of the next attachment that has none by this function.
    pub fn attachment(mut self) -> Self {
        self.separate();
        if self.next_attachment >= self.attachments {
            self.fail(PacketError::InvalidPlaceholder);
        }
        write_placeholder(self.next_attachment, &mut self.writer);
        self.next_attachment = self.next_attachment.saturating_add(1);
        self
    }

    /// The packet: the text message of a WebSocket.
    ///
    /// # Errors
    /// [`EncodeError::Packet`] with the first rule that was broken: what [`Packet::new`](crate::Packet::new) refuses, and an acknowledgement
    /// without an id. [`EncodeError::NeedsRoom`].
    pub fn finish(mut self) -> Result<&'o str, EncodeError> {
        self.writer.text("]");
        match self.error {
            Some(error) => Err(error.into()),
            None => Ok(self.writer.finish()?),
        }
    }

    fn separate(&mut self) {
        if self.has_args {
            self.writer.text(",");
        }
        self.has_args = true;
    }

    fn fail(&mut self, error: PacketError) {
        self.error = self.error.or(Some(error));
    }
}
