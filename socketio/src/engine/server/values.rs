//! What goes in and out of a server: keys, requests and their answers, messages, events.

use super::SessionId;
use bytes::Bytes;
use core::fmt;

/// A number of the caller's for an HTTP request that may be answered later, or for a WebSocket. No two that are alive have the same.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Key(pub u64);

/// An HTTP request with all of its body.
#[derive(Clone, Copy)]
pub struct Request<'r> {
    /// Of the request line: `GET`, `POST`.
    pub method: &'r str,
    /// Of the target: what follows the `?`, as it is, without it.
    pub query: &'r str,
    /// Content-Type, if there is one.
    pub content_type: Option<&'r str>,
    /// Whether it asks for a WebSocket, by a handshake that the caller has found valid.
    pub is_upgrade: bool,
    /// No more than one byte beyond [`Config::max_payload`](super::Config::max_payload) needs to be read: that is refused with 413 whatever
    /// follows.
    pub body: &'r [u8],
}

/// What becomes of a request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Answer {
    /// It is answered now. Its key is done with.
    Respond(Response),
    /// It is answered later, under its key: [`Server::next_ready`](super::Server::next_ready). If the client gives up before that,
    /// [`Server::gone`](super::Server::gone).
    Park,
    /// It is to be answered with 101; then [`Server::opened`](super::Server::opened), or [`Server::gone`](super::Server::gone) if that has
    /// failed.
    Upgrade,
}

/// An HTTP response. The caller adds its headers, `Cache-Control: no-store` among them.
#[derive(Clone, PartialEq, Eq)]
pub struct Response {
    /// 200, or what is wrong: 400, 403, 413, 503.
    pub status: u16,
    /// Content-Type.
    pub content_type: &'static str,
    /// All of it.
    pub body: Bytes,
}

/// A message of a client's.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Message<'m> {
    /// Text, or all of a text message of the WebSocket.
    Text(&'m str),
    /// Bytes.
    Binary(&'m [u8]),
}

/// A message to a client. Cloning shares the bytes, so that one that goes to many is encoded once.
#[derive(Clone, PartialEq, Eq)]
pub enum Outgoing {
    /// A packet of Engine.IO: `4`, and then the text in UTF-8. It goes unchanged into WebSockets and into the answers of polls, where packets
    /// are cut at U+001E: a text that has that character (which JSON never has, it escapes it) is torn there.
    Text(Bytes),
    /// Bytes as they are. In the answers of polls they are written in base64.
    Binary(Bytes),
}

/// What is due under a key.
#[derive(Clone, PartialEq, Eq)]
pub enum Due {
    /// The answer to a parked request, which has done with its key.
    Respond(Response),
    /// A text message of the WebSocket: UTF-8.
    Text(Bytes),
    /// A binary message of the WebSocket.
    Binary(Bytes),
    /// The WebSocket is to be closed; its key is done with.
    Close,
}

/// What happens to a session.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Event<'m> {
    /// It is open; messages can be sent.
    Opened(SessionId),
    /// A message of the client's.
    Message(SessionId, Message<'m>),
    /// From here on it goes over a WebSocket.
    Upgraded(SessionId),
    /// It is over; nothing can be sent any longer.
    Closed(SessionId, Reason),
}

/// What a session goes over.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Transport {
    /// HTTP long-polling.
    Polling,
    /// A WebSocket.
    WebSocket,
}

/// Why a session is over.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Reason {
    /// The client closed its transport, or its WebSocket ended.
    TransportClose,
    /// A request or packet that no good client makes, or a poll that the client gave up.
    TransportError,
    /// No answer to a ping in time.
    PingTimeout,
    /// A packet that is none.
    ParseError,
    /// The program closed it.
    ForcedClose,
    /// The client does not take what waits for it: more than [`Config::max_queued`](super::Config::max_queued) bytes.
    QueueFull,
}

impl Outgoing {
    /// A text message, copied behind Engine.IO's `4`.
    pub fn text(text: &str) -> Self {
        Self::Text(["4", text].concat().into())
    }
}

/// Shows lengths, not what users send.
impl fmt::Debug for Message<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "Text({} bytes)", text.len()),
            Self::Binary(bytes) => write!(f, "Binary({} bytes)", bytes.len()),
        }
    }
}

/// Shows lengths, not what is sent.
impl fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(packet) => write!(f, "Text({} bytes)", packet.len()),
            Self::Binary(bytes) => write!(f, "Binary({} bytes)", bytes.len()),
        }
    }
}

/// Shows lengths, not what is sent.
impl fmt::Debug for Due {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Respond(response) => f.debug_tuple("Respond").field(response).finish(),
            Self::Text(packet) => write!(f, "Text({} bytes)", packet.len()),
            Self::Binary(bytes) => write!(f, "Binary({} bytes)", bytes.len()),
            Self::Close => f.write_str("Close"),
        }
    }
}

/// Shows the length of the body, not what is in it.
impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Response({}, {} bytes)", self.status, self.body.len())
    }
}

/// Shows neither the query, in which there is a secret, nor what is in the body.
impl fmt::Debug for Request<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Request({}, {} bytes)", self.method, self.body.len())
    }
}
