//! What goes in and out, and how a session ends.

use crate::engine::server::Message;
use crate::engine::{EngineError, Handshake};
use crate::json::{Value, ValueKind};
use crate::sentences::sentences;
use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

/// What was received.
#[derive(Clone, PartialEq, Eq)]
pub enum Event<'b> {
    /// The session is open: messages can be sent.
    Opened(Handshake<'b>),
    /// The server asks whether we live. It is answered already.
    Ping,
    /// A text message.
    Text(&'b str),
    /// A binary message.
    Binary(Cow<'b, [u8]>),
}

/// Shows the length of messages, not what they are.
impl fmt::Debug for Event<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Opened(handshake) => f.debug_tuple("Opened").field(handshake).finish(),
            Self::Ping => f.write_str("Ping"),
            Self::Text(text) => Message::Text(text).fmt(f),
            Self::Binary(bytes) => Message::Binary(bytes).fmt(f),
        }
    }
}

/// What is to be done with the WebSocket.
#[derive(Clone, PartialEq, Eq)]
pub enum Due {
    /// A text message is to be sent.
    Text(String),
    /// A binary message is to be sent.
    Binary(Vec<u8>),
    /// It is to be closed, with code 1000, and is not asked about again.
    Close,
}

/// Shows the length of messages, not what they are.
impl fmt::Debug for Due {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => Message::Text(text).fmt(f),
            Self::Binary(bytes) => Message::Binary(bytes).fmt(f),
            Self::Close => f.write_str("Close"),
        }
    }
}

sentences! {
/// Why a message was not sent.
SendError {
    /// The session is not open yet, is being closed, or is over.
    NotOpen = "the session is not open";
    /// More than [`max_queued`](super::Polling::max_queued) bytes would wait.
    Full = "too much waits to be sent";
    /// It is longer than the body of a request may be, as the server has said (`maxPayload`). Bytes are a third longer there than over a
    /// WebSocket.
    TooLong = "the message is longer than the server allows";
    /// The text has a U+001E, which would cut it in two. JSON escapes it in strings, so no packet of Socket.IO has one.
    Separator = "the message has a separator of packets in it";
}
}

/// How a session has ended.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum End {
    /// By [`close`](super::Polling::close).
    Closed,
    /// The server has closed it, or the WebSocket that was its transport has ended.
    ServerClosed,
    /// The server has answered a request with another status than 200.
    Refused(Refusal),
    /// A request was not answered.
    RequestFailed,
    /// The server was not heard for too long.
    PingTimeout,
    /// The server has sent what is no packet, or a wrong handshake.
    Packet(EngineError),
    /// The first answer does not begin with a handshake: this is no server of Engine.IO.
    NoHandshake,
    /// The server has sent a body that is not UTF-8.
    NotUtf8,
    /// The server has sent a binary message that is not base64.
    Base64,
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Closed => "the session was closed",
            Self::ServerClosed => "the server has closed the session",
            Self::Refused(refusal) => return refusal.fmt(f),
            Self::RequestFailed => "a request was not answered",
            Self::PingTimeout => "the server was not heard for too long",
            Self::Packet(error) => error.text(),
            Self::NoHandshake => "the answer is no handshake of Engine.IO",
            Self::NotUtf8 => "a body is not UTF-8",
            Self::Base64 => "a binary message is not base64",
        })
    }
}

impl core::error::Error for End {}

/// Why a server has refused a request ("Handshake" in the Engine.IO protocol: `{"code":1,"message":"Session ID unknown"}`).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refusal {
    /// Of the response: 400, 403, or what a proxy says.
    pub status: u16,
    /// 0: transport unknown, 1: session id unknown, 2: bad handshake method, 3: bad request, 4: forbidden, 5: unsupported protocol version. `None`
    /// if the body has no `code`.
    pub code: Option<u64>,
    /// Empty if the body has no `message`.
    pub message: String,
}

impl Refusal {
    pub(super) fn new(status: u16, body: &[u8]) -> Self {
        let json = core::str::from_utf8(body).ok().and_then(|body| Value::parse(body).ok());
        let member = |name| json.filter(|json| json.kind() == ValueKind::Object).and_then(|json| json.get(name));
        let code = member("code").and_then(|code| code.as_u64());
        let message = member("message").and_then(|message| message.text());
        Self { status, code, message: message.map(|message| message.chars().collect()).unwrap_or_default() }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the server has answered {}", self.status)?;
        if self.message.is_empty() { Ok(()) } else { write!(f, ": {}", self.message) }
    }
}
