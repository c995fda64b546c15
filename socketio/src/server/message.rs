//! What is sent: events and answers, written once and shared.

use alloc::vec::Vec;
use bytes::Bytes;
use sansocket::Entropy;

use crate::engine::server::{self as engine, Outgoing, SessionId};
use crate::error::{EncodeError, PacketError};
use crate::event_writer::EventWriter;
use crate::header::Header;
use crate::packet::Packet;
use crate::writer::Writer;

/// An event that is to be sent: its name, arguments and attachments. It is written once, and sent to one socket or to many.
///
/// Arguments are added with an [`EventWriter`]. The closure is called a second time if the packet was too long for the buffer that it got first.
///
/// ```
/// use sansocket_socketio::server::Message;
///
/// let message = Message::new("say", |args| args.text("hi").number(2))?;
/// assert_eq!(message.as_json(), r#"["say","hi",2]"#);
///
/// let names = ["ann", "bob"];
/// let message = Message::new("names", |args| names.iter().fold(args, |args, name| args.text(name)))?;
/// assert_eq!(message.as_json(), r#"["names","ann","bob"]"#);
///
/// let message = Message::with_attachments("file", [vec![1, 2, 3].into()], |args| args.text("a.bin").attachment())?;
/// assert_eq!(message.as_json(), r#"["file","a.bin",{"_placeholder":true,"num":0}]"#);
/// # Ok::<(), sansocket_socketio::PacketError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    body: Body,
}

/// The answer to an event: arguments and attachments.
///
/// ```
/// use sansocket_socketio::server::Answer;
///
/// let answer = Answer::new(|args| args.text("heard"))?;
/// assert_eq!(answer.as_json(), r#"["heard"]"#);
/// # Ok::<(), sansocket_socketio::PacketError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Answer {
    body: Body,
}

impl Message {
    /// An event without attachments.
    ///
    /// # Errors
    /// [`PacketError::ReservedEventName`], or what is wrong with an argument: what [`EventWriter`] refuses.
    pub fn new(name: &str, args: impl for<'o> Fn(EventWriter<'o>) -> EventWriter<'o>) -> Result<Self, PacketError> {
        Self::with_attachments(name, [], args)
    }

    /// An event with attachments, each of which [`EventWriter::attachment`] gives its place. Without any it is a plain event.
    ///
    /// # Errors
    /// The same, and [`PacketError::TooManyAttachments`] beyond 65 535.
    pub fn with_attachments(
        name: &str,
        attachments: impl Into<Vec<Bytes>>,
        args: impl for<'o> Fn(EventWriter<'o>) -> EventWriter<'o>,
    ) -> Result<Self, PacketError> {
        let body = Body::write(attachments.into(), |header, out| args(EventWriter::event(&header, name, out)).finish())?;
        Ok(Self { body })
    }

    /// From a JSON array that begins with the name, `["say","hi"]`. Where attachments belong, it has placeholders, as
    /// [`placeholder`](fn@crate::placeholder) writes them.
    ///
    /// # Errors
    /// What [`Packet::new`] refuses, and [`PacketError::TooManyAttachments`] beyond 65 535.
    pub fn from_json(json: &str, attachments: impl Into<Vec<Bytes>>) -> Result<Self, PacketError> {
        let body = Body::write(attachments.into(), |header, out| Ok(Packet::new(header, json)?.encode_message(out)?))?;
        Ok(Self { body })
    }

    /// The array of its name and arguments.
    pub fn as_json(&self) -> &str {
        self.body.as_json()
    }

    /// The packet for a namespace, with the id for an answer.
    pub(super) fn encode(&self, namespace: &str, id: Option<u64>) -> Encoded<'_> {
        self.body.encode(&Header { id, ..Header::event(namespace) })
    }
}

impl Answer {
    /// An answer without attachments.
    ///
    /// # Errors
    /// What is wrong with an argument: what [`EventWriter`] refuses.
    pub fn new(args: impl for<'o> Fn(EventWriter<'o>) -> EventWriter<'o>) -> Result<Self, PacketError> {
        Self::with_attachments([], args)
    }

    /// An answer with attachments, each of which [`EventWriter::attachment`] gives its place.
    ///
    /// # Errors
    /// The same, and [`PacketError::TooManyAttachments`] beyond 65 535.
    pub fn with_attachments(
        attachments: impl Into<Vec<Bytes>>,
        args: impl for<'o> Fn(EventWriter<'o>) -> EventWriter<'o>,
    ) -> Result<Self, PacketError> {
        let body = Body::write(attachments.into(), |header, out| args(EventWriter::ack(&header.with_id(0), out)).finish())?;
        Ok(Self { body })
    }

    /// From a JSON array, `["heard"]`. Where attachments belong, it has placeholders.
    ///
    /// # Errors
    /// What [`Packet::new`] refuses, and [`PacketError::TooManyAttachments`] beyond 65 535.
    pub fn from_json(json: &str, attachments: impl Into<Vec<Bytes>>) -> Result<Self, PacketError> {
        let body = Body::write(attachments.into(), |header, out| {
            let header = Header::ack("/", 0).with_attachments(header.attachments);
            Ok(Packet::new(header, json)?.encode_message(out)?)
        })?;
        Ok(Self { body })
    }

    /// The array of its arguments.
    pub fn as_json(&self) -> &str {
        self.body.as_json()
    }

    /// The packet for the event with this id.
    pub(super) fn encode(&self, namespace: &str, id: u64) -> Encoded<'_> {
        self.body.encode(&Header::ack(namespace, id))
    }
}

/// A packet as sessions take it: a text and its attachments.
pub(super) struct Encoded<'m> {
    text: Bytes,
    attachments: &'m [Bytes],
}

impl<'m> Encoded<'m> {
    /// `json` is checked, and fits the header.
    pub(super) fn new(header: &Header<'_>, json: &str, attachments: &'m [Bytes]) -> Self {
        let header_room = header.namespace.len().saturating_add(MAX_HEADER_LEN);
        let mut text = Vec::with_capacity(header_room.saturating_add(json.len()));
        text.resize(header_room, 0);
        let mut writer = Writer::new(&mut text);
        writer.text("4");
        header.write(&mut writer);
        let header_len = writer.len();
        text.truncate(header_len);
        text.extend_from_slice(json.as_bytes());
        Self { text: text.into(), attachments }
    }

    /// False if the session does not take it.
    pub(super) fn send<E: Entropy>(&self, engine: &mut engine::Server<E>, session: SessionId) -> bool {
        let mut attachments = self.attachments.iter();
        engine.send(session, Outgoing::Text(self.text.clone()))
            && attachments.all(|bytes| engine.send(session, Outgoing::Binary(bytes.clone())))
    }
}

/// Of a header without its namespace: two digits, `65535-`, a comma, and the digits of an id.
const MAX_HEADER_LEN: usize = 2 + 6 + 1 + 20;

/// A checked array of JSON, and the attachments that it names.
#[derive(Clone, PartialEq, Eq)]
struct Body {
    /// A whole packet in the namespace `/`, with Engine.IO's digit: of an event, what is sent there as it is.
    packet: Bytes,
    /// Where its array begins.
    json_at: usize,
    attachments: Vec<Bytes>,
}

/// Most packets are shorter, and are written once.
const USUAL_LEN: usize = 512;

impl Body {
    /// `write` gets the header of an event in `/`.
    fn write(
        attachments: Vec<Bytes>,
        write: impl for<'o> Fn(Header<'static>, &'o mut [u8]) -> Result<&'o str, EncodeError>,
    ) -> Result<Self, PacketError> {
        let count = u16::try_from(attachments.len()).map_err(|_| PacketError::TooManyAttachments)?;
        let header = Header::event("/").with_attachments(count);
        let attempt = |out: &mut [u8]| match write(header, out) {
            Ok(packet) => Ok(Ok(Bytes::copy_from_slice(packet.as_bytes()))),
            Err(EncodeError::NeedsRoom { bytes }) => Ok(Err(bytes)),
            Err(EncodeError::Packet(error)) => Err(error),
        };
        let mut written = attempt(&mut [0; USUAL_LEN])?;
        let packet = loop {
            match written {
                Ok(packet) => break packet,
                Err(bytes) => written = attempt(&mut alloc::vec![0; bytes])?,
            }
        };
        let json_at = packet.iter().position(|&byte| byte == b'[').unwrap_or_default();
        Ok(Self { packet, json_at, attachments })
    }

    fn as_json(&self) -> &str {
        let json = self.packet.get(self.json_at..).unwrap_or_default();
        // It was written as text.
        core::str::from_utf8(json).unwrap_or_default()
    }

    fn encode(&self, header: &Header<'_>) -> Encoded<'_> {
        let header = header.with_attachments(u16::try_from(self.attachments.len()).unwrap_or_default());
        let is_ready = header.kind.is_event() && header.id.is_none() && header.namespace == "/";
        if is_ready {
            return Encoded { text: self.packet.clone(), attachments: &self.attachments };
        }
        Encoded::new(&header, self.as_json(), &self.attachments)
    }
}

/// Shows lengths, not what is sent.
impl core::fmt::Debug for Message {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_tuple("Message").field(&self.body).finish()
    }
}

/// Shows lengths, not what is sent.
impl core::fmt::Debug for Answer {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_tuple("Answer").field(&self.body).finish()
    }
}

impl core::fmt::Debug for Body {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{} bytes of JSON, {} attachments", self.as_json().len(), self.attachments.len())
    }
}
