//! What a Socket.IO packet does wrong, and why one was not written.

use crate::json::JsonError;
use crate::sentences::sentences;
use crate::writer::NeedsRoom;

sentences! {
/// What a Socket.IO packet does wrong, received or to be sent. In brackets the sections of the Socket.IO protocol, 5th version.
///
/// A server closes the connection that such a packet came in on.
PacketError {
    /// There is no byte ("Packet encoding").
    Empty = "the packet is empty";
    /// The first byte is not a digit from 0 to 6 ("Packet encoding").
    UnknownType = "the packet has an unknown type";
    /// Before the dash of a binary packet there are no plain digits, or they say 0; or the packet is not a binary one and has attachments
    /// ("Packet encoding").
    InvalidAttachments = "the packet has an invalid number of attachments";
    /// More attachments than [`Limits::max_attachments`](crate::Limits::max_attachments).
    TooManyAttachments = "the packet has more attachments than allowed";
    /// Ours only, of a packet that is to be sent: a namespace starts with a slash and has no comma ("Packet encoding").
    InvalidNamespace = "the namespace does not start with a slash, or has a comma";
    /// The id is larger than 2^53 - 1, beyond which JavaScript rounds ("Packet encoding"); or an acknowledgement that is to be sent has none
    /// ("Acknowledgement").
    InvalidId = "the id of the packet is too large or missing";
    /// A packet that cannot be acknowledged has an id ("Packet encoding").
    UnexpectedId = "the packet has an id although its type has none";
    /// An event, an acknowledgement or a refusal without a payload ("Sending and receiving data", "Acknowledgement").
    MissingPayload = "the packet has no payload";
    /// A DISCONNECT with a payload ("Disconnection from a namespace").
    UnexpectedPayload = "the packet has a payload although its type has none";
    /// The payload is not JSON (RFC 8259), or has a blank before it, or what stands there was meant as an id.
    InvalidJson = "the payload is not JSON";
    /// Arrays and objects of the payload are nested deeper than [`MAX_DEPTH`](crate::json::MAX_DEPTH).
    TooDeep = "the payload is nested too deep";
    /// The payload is no array, for an event or acknowledgement ("Sending and receiving data", "Acknowledgement"); no object, for CONNECT;
    /// neither object nor string, for CONNECT_ERROR ("Connection to a namespace").
    WrongPayload = "the payload is not of the kind that the packet's type has";
    /// An event's array is empty, or begins with neither a string nor a number ("Sending and receiving data").
    InvalidEventName = "the event has no name";
    /// The event has a name that the libraries use themselves: [`RESERVED_EVENTS`](crate::RESERVED_EVENTS).
    ReservedEventName = "the event has a reserved name";
    /// A placeholder whose `num` is missing, no plain number, or not lower than the number of attachments ("Packet encoding"); or one inside
    /// another.
    InvalidPlaceholder = "a placeholder names no attachment of the packet";
    /// A text message while attachments of the last packet are due ("Packet encoding").
    AttachmentsDue = "a text message came while attachments were due";
    /// A binary message while no attachment is due ("Packet encoding").
    NoAttachmentDue = "a binary message came while no attachment was due";
}
}

impl From<JsonError> for PacketError {
    fn from(error: JsonError) -> Self {
        match error {
            JsonError::TooDeep => Self::TooDeep,
            _ => Self::InvalidJson,
        }
    }
}

/// Why a packet was not written.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum EncodeError {
    /// The caller's buffer is too short.
    NeedsRoom {
        /// How many bytes all of it takes.
        bytes: usize,
    },
    /// No peer would take the packet.
    Packet(PacketError),
}

impl From<NeedsRoom> for EncodeError {
    fn from(NeedsRoom { bytes }: NeedsRoom) -> Self {
        Self::NeedsRoom { bytes }
    }
}

impl From<PacketError> for EncodeError {
    fn from(error: PacketError) -> Self {
        Self::Packet(error)
    }
}

impl core::fmt::Display for EncodeError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::NeedsRoom { bytes } => NeedsRoom { bytes: *bytes }.fmt(f),
            Self::Packet(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for EncodeError {}
