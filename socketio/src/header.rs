//! What stands before a packet's payload: type, number of attachments, namespace, id.

use crate::error::PacketError;
use crate::json::{self, MAX_SAFE_INTEGER};
use crate::writer::Writer;

/// The type of a packet.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Kind {
    /// `0`: a client wants into a namespace, or a server lets it in.
    Connect,
    /// `1`: one of them leaves the namespace.
    Disconnect,
    /// `2`: an event with its arguments.
    Event,
    /// `3`: the answer to an event with an id.
    Ack,
    /// `4`: a server does not let the client into the namespace.
    ConnectError,
    /// `5`: an event with attachments.
    BinaryEvent,
    /// `6`: an answer with attachments.
    BinaryAck,
}

impl Kind {
    const fn digit(self) -> char {
        match self {
            Self::Connect => '0',
            Self::Disconnect => '1',
            Self::Event => '2',
            Self::Ack => '3',
            Self::ConnectError => '4',
            Self::BinaryEvent => '5',
            Self::BinaryAck => '6',
        }
    }

    const fn of(digit: u8) -> Option<Self> {
        Some(match digit {
            b'0' => Self::Connect,
            b'1' => Self::Disconnect,
            b'2' => Self::Event,
            b'3' => Self::Ack,
            b'4' => Self::ConnectError,
            b'5' => Self::BinaryEvent,
            b'6' => Self::BinaryAck,
            _ => return None,
        })
    }

    /// Whether it has attachments.
    pub const fn is_binary(self) -> bool {
        matches!(self, Self::BinaryEvent | Self::BinaryAck)
    }

    /// Whether it is an event, with or without attachments.
    pub const fn is_event(self) -> bool {
        matches!(self, Self::Event | Self::BinaryEvent)
    }

    /// Whether it is an acknowledgement, with or without attachments.
    pub const fn is_ack(self) -> bool {
        matches!(self, Self::Ack | Self::BinaryAck)
    }
}

/// What stands before the payload.
///
/// ```
/// use sansocket_socketio::{Header, Kind};
///
/// let header = Header::event("/admin").with_id(13).with_attachments(2);
/// assert_eq!(header.kind, Kind::BinaryEvent);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Header<'a> {
    /// The type.
    pub kind: Kind,
    /// How many binary messages follow. Of binary packets at least 1, of all others 0.
    pub attachments: u16,
    /// Where the packet belongs: `/`, or `/` and a name without a comma. A query is part of the name.
    pub namespace: &'a str,
    /// Of an event that wants an answer, and of the answer. At most 2^53 - 1.
    pub id: Option<u64>,
}

impl<'a> Header<'a> {
    /// A packet of this type, without an id and attachments.
    pub const fn new(kind: Kind, namespace: &'a str) -> Self {
        Self { kind, attachments: 0, namespace, id: None }
    }

    /// An event.
    pub const fn event(namespace: &'a str) -> Self {
        Self::new(Kind::Event, namespace)
    }

    /// The answer to the event with this id.
    pub const fn ack(namespace: &'a str, id: u64) -> Self {
        Self::new(Kind::Ack, namespace).with_id(id)
    }

    /// The same with this id: an event that wants an answer.
    pub const fn with_id(self, id: u64) -> Self {
        Self { id: Some(id), ..self }
    }

    /// The same with so many attachments: an event or an answer becomes a binary one, or, with none, a plain one.
    pub const fn with_attachments(self, attachments: u16) -> Self {
        let kind = match (self.kind, attachments) {
            (Kind::Event | Kind::BinaryEvent, 0) => Kind::Event,
            (Kind::Event | Kind::BinaryEvent, _) => Kind::BinaryEvent,
            (Kind::Ack | Kind::BinaryAck, 0) => Kind::Ack,
            (Kind::Ack | Kind::BinaryAck, _) => Kind::BinaryAck,
            (kind, _) => kind,
        };
        Self { kind, attachments, ..self }
    }

    /// Reads the front of a packet. The header, and the payload behind it.
    ///
    /// The number of attachments and the id have plain digits, with leading zeros or without; a number in another form is not one.
    pub(crate) fn decode(text: &'a str, max_attachments: u16) -> Result<(Self, &'a str), PacketError> {
        let digit = text.bytes().next().ok_or(PacketError::Empty)?;
        let kind = Kind::of(digit).ok_or(PacketError::UnknownType)?;
        let rest = text.get(1..).unwrap_or_default();
        let (attachments, rest) = if kind.is_binary() { attachments(rest, max_attachments)? } else { (0, rest) };
        let (namespace, rest) = namespace(rest);
        let (digits, payload) = digits(rest);
        let id = if digits.is_empty() { None } else { Some(json::digits(digits).ok_or(PacketError::InvalidId)?) };
        Ok((Self { kind, attachments, namespace, id }, payload))
    }

    /// Whether a peer would take it, for what is to be sent.
    pub(crate) fn check(&self) -> Result<(), PacketError> {
        if self.kind.is_binary() != (self.attachments > 0) {
            return Err(PacketError::InvalidAttachments);
        }
        if !self.namespace.starts_with('/') || self.namespace.bytes().any(|byte| byte == b',') {
            return Err(PacketError::InvalidNamespace);
        }
        match self.id {
            Some(_) if !self.kind.is_event() && !self.kind.is_ack() => Err(PacketError::UnexpectedId),
            Some(id) if id > MAX_SAFE_INTEGER => Err(PacketError::InvalidId),
            _ => Ok(()),
        }
    }

    pub(crate) fn write(&self, writer: &mut Writer<'_>) {
        writer.char(self.kind.digit());
        if self.attachments > 0 {
            writer.number(self.attachments.into());
            writer.text("-");
        }
        if self.namespace != "/" {
            writer.text(self.namespace);
            writer.text(",");
        }
        if let Some(id) = self.id {
            writer.number(id);
        }
    }
}

/// The number before the dash, and what follows that.
fn attachments(text: &str, max: u16) -> Result<(u16, &str), PacketError> {
    let (digits, rest) = digits(text);
    let rest = rest.strip_prefix('-').filter(|_| !digits.is_empty()).ok_or(PacketError::InvalidAttachments)?;
    // A number that is too large to be read is too many all the same.
    match json::digits(digits).unwrap_or(u64::MAX) {
        0 => Err(PacketError::InvalidAttachments),
        count if count > u64::from(max) => Err(PacketError::TooManyAttachments),
        count => Ok((u16::try_from(count).map_err(|_| PacketError::TooManyAttachments)?, rest)),
    }
}

/// The namespace up to its comma, which may be missing if nothing follows, and what follows that.
fn namespace(text: &str) -> (&str, &str) {
    if !text.starts_with('/') {
        return ("/", text);
    }
    let comma = text.bytes().position(|byte| byte == b',');
    let (namespace, rest) = comma.and_then(|comma| text.split_at_checked(comma)).unwrap_or((text, ""));
    (namespace, rest.get(1..).unwrap_or_default())
}

/// The digits at the front, and what follows them.
fn digits(text: &str) -> (&str, &str) {
    let end = text.bytes().position(|byte| !byte.is_ascii_digit());
    end.and_then(|end| text.split_at_checked(end)).unwrap_or((text, ""))
}
