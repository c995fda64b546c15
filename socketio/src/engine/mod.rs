//! Engine.IO v4: what a Socket.IO connection is made of, below its packets.
//!
//! A packet is a digit and a payload. Over a WebSocket each is one message: a text, or, if it is a binary message, the bytes as they are. Over
//! HTTP long-polling several are joined in one body ([`packets`], [`PayloadWriter`]).
//!
//! The decoder does not know who speaks and when. That a client may not send `2` without `probe`, or that a second `0` means nothing, is
//! for the layer above it.

mod base64;
mod handshake;
mod payload;
#[cfg(feature = "alloc")]
pub mod polling;
#[cfg(feature = "alloc")]
pub mod server;

pub use base64::{Base64Error, base64_len, decode_base64};
pub use handshake::Handshake;
pub use payload::{Packets, PayloadWriter, PushError, packets};

use crate::sentences::sentences;
use crate::writer::{NeedsRoom, Writer};

sentences! {
/// What an Engine.IO packet does wrong. In brackets the sections of the Engine.IO protocol, 4th version.
EngineError {
    /// A text message, or a packet in a body, without a byte ("Packet encoding").
    Empty = "the packet is empty";
    /// The first byte is neither a digit from 0 to 6 nor `b` ("Packet encoding").
    UnknownType = "the packet has an unknown type";
    /// The payload of `0` is not JSON, or not an object ("Handshake").
    InvalidHandshake = "the handshake is not a JSON object";
    /// `sid` is missing, empty or not a string ("Handshake").
    InvalidSid = "the handshake has no valid sid";
    /// `upgrades` is missing, or not an array of strings ("Handshake").
    InvalidUpgrades = "the handshake has no valid upgrades";
    /// `pingInterval` is missing, or not a number of plain digits up to 2^53 - 1 ("Handshake").
    InvalidPingInterval = "the handshake has no valid pingInterval";
    /// `pingTimeout` is missing, or not a number of plain digits up to 2^53 - 1 ("Handshake").
    InvalidPingTimeout = "the handshake has no valid pingTimeout";
    /// `maxPayload` is not a number of plain digits up to 2^53 - 1 ("Handshake"). It may be missing: servers older than engine.io 6.2
    /// do not send it.
    InvalidMaxPayload = "the handshake has an invalid maxPayload";
}
}

/// An Engine.IO packet, as it lies in the message or body that it came in.
///
/// ```
/// use sansocket_socketio::engine::Packet;
///
/// assert_eq!(Packet::decode("4hello")?, Packet::Message("hello"));
/// assert_eq!(Packet::Pong("probe").encode(&mut [0; 10]), Ok("3probe"));
/// # Ok::<(), sansocket_socketio::engine::EngineError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Packet<'a> {
    /// `0`: the session is open. The JSON is not read yet, [`Handshake::parse`] does that: a server that gets one ignores it.
    Open(&'a str),
    /// `1`: the session is over. A payload is ignored, as in the reference.
    Close,
    /// `2`, which a server sends to know whether the client lives, or a client as `probe` in an upgrade.
    Ping(&'a str),
    /// `3`, the answer, with the same payload.
    Pong(&'a str),
    /// `4`: a text message, for Socket.IO a [`Packet`](crate::Packet).
    Message(&'a str),
    /// A binary message: all of a binary WebSocket message.
    Binary(&'a [u8]),
    /// `b`: a binary message in base64, for [`decode_base64`]. The form that it has in bodies; over a WebSocket it comes from clients that are
    /// set to `forceBase64`.
    Base64(&'a str),
    /// `5`: the WebSocket is the transport from here on. A payload is ignored, as in the reference.
    Upgrade,
    /// `6`: ends a poll. A payload is ignored, as in the reference.
    Noop,
}

impl<'a> Packet<'a> {
    /// Reads a text message of a WebSocket, or one packet of a body. (A binary message needs no reading, it is [`Packet::Binary`].)
    ///
    /// # Errors
    /// [`EngineError::Empty`], [`EngineError::UnknownType`]. Either ends the session.
    pub fn decode(text: &'a str) -> Result<Self, EngineError> {
        let (digit, payload) = match text.split_at_checked(1) {
            Some(parts) => parts,
            None if text.is_empty() => return Err(EngineError::Empty),
            None => return Err(EngineError::UnknownType),
        };
        Ok(match digit {
            "0" => Self::Open(payload),
            "1" => Self::Close,
            "2" => Self::Ping(payload),
            "3" => Self::Pong(payload),
            "4" => Self::Message(payload),
            "5" => Self::Upgrade,
            "6" => Self::Noop,
            "b" => Self::Base64(payload),
            _ => return Err(EngineError::UnknownType),
        })
    }

    /// Writes the packet as a text to `out`, which is the caller's, and returns it. [`encoded_len`](Self::encoded_len) bytes suffice.
    ///
    /// [`Packet::Binary`] becomes base64. Over a WebSocket its bytes are sent as they are instead, in a binary message, unless the client has
    /// asked for base64 (`b64=1` in its query).
    ///
    /// # Errors
    /// [`NeedsRoom`], if it does not fit.
    pub fn encode<'o>(&self, out: &'o mut [u8]) -> Result<&'o str, NeedsRoom> {
        let mut writer = Writer::new(out);
        self.write(&mut writer);
        writer.finish()
    }

    /// The length of the packet as a text, in bytes.
    pub const fn encoded_len(&self) -> usize {
        let payload_len = match self {
            Self::Open(text) | Self::Ping(text) | Self::Pong(text) | Self::Message(text) | Self::Base64(text) => text.len(),
            Self::Binary(bytes) => base64::encoded_len(bytes.len()),
            Self::Close | Self::Upgrade | Self::Noop => 0,
        };
        payload_len.saturating_add(1)
    }

    pub(crate) fn write(&self, writer: &mut Writer<'_>) {
        let (digit, payload) = match *self {
            Self::Open(json) => ("0", json),
            Self::Close => ("1", ""),
            Self::Ping(payload) => ("2", payload),
            Self::Pong(payload) => ("3", payload),
            Self::Message(text) => ("4", text),
            Self::Upgrade => ("5", ""),
            Self::Noop => ("6", ""),
            Self::Base64(text) => ("b", text),
            Self::Binary(bytes) => {
                writer.text("b");
                return base64::write_base64(bytes, writer);
            }
        };
        writer.text(digit);
        writer.text(payload);
    }
}

/// Shows the length of what users send, not what it is.
impl core::fmt::Debug for Packet<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Open(json) => write!(f, "Open({} bytes)", json.len()),
            Self::Close => f.write_str("Close"),
            Self::Ping(payload) => write!(f, "Ping({payload:?})"),
            Self::Pong(payload) => write!(f, "Pong({payload:?})"),
            Self::Message(text) => write!(f, "Message({} bytes)", text.len()),
            Self::Binary(bytes) => write!(f, "Binary({} bytes)", bytes.len()),
            Self::Base64(text) => write!(f, "Base64({} bytes)", text.len()),
            Self::Upgrade => f.write_str("Upgrade"),
            Self::Noop => f.write_str("Noop"),
        }
    }
}
