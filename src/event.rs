//! What comes out of the machine: events and their contents.

use crate::close_code::CloseCode;
use crate::error::ProtocolError;
use crate::handshake::{Request, Response};
use crate::numbered::numbered;

/// What a call did: how much it consumed, how much it wrote, and at most one event.
#[derive(PartialEq, Eq, Debug)]
#[must_use = "the bytes in the output are due, and the event may end the connection"]
#[non_exhaustive]
pub struct Received<'i> {
    /// How many bytes of the input are consumed. The caller drops them and presents the rest again, with more after it.
    pub consumed: usize,
    /// How many bytes at the start of the output go to the peer, whatever the event.
    pub produced: usize,
    /// What happened. `None`: this input gives nothing more.
    pub event: Option<Event<'i>>,
}

impl Received<'_> {
    /// `consumed` bytes are consumed, and nothing happened.
    #[inline]
    pub(crate) fn consumed(consumed: usize) -> Self {
        Self { consumed, produced: 0, event: None }
    }
}

/// What happened. (Patterns of its variants end in `..`, as they may grow: `Event::Closed { code, .. }`.) It borrows the input of the call that returned it (or the window lent for inflating), never the connection.
#[derive(PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Event<'i> {
    /// Server: a valid opening handshake (§4.2.1). Nothing more is read until
    /// [`accept`](crate::Connection::accept) or [`respond`](crate::Connection::respond) answers it.
    Request(Request<'i>),
    /// Server: plain HTTP on our port. Answer with [`respond`](crate::Connection::respond), or
    /// [`accept_or_refuse`](crate::Connection::accept_or_refuse), which says 400; until then the peer waits, at most for the
    /// handshake's deadline. After the answer the connection ends by itself, with a `Closed` of 1006, since no Close was exchanged.
    HttpRequest(Request<'i>),
    /// Client: the server's 101, completely checked (§4.1). Messages can now be sent.
    Opened(Response<'i>),
    /// Client: any other final response. Its body, if any, stays in the input, unparsed; the connection consumes nothing more.
    /// After an invalid 101 there is no body, and all input is consumed.
    #[non_exhaustive]
    Refused {
        /// Status and headers, such as Location, WWW-Authenticate and Retry-After.
        response: Response<'i>,
        /// What is wrong with it.
        error: ProtocolError,
    },
    /// A piece of a message, unmasked and, if it is text, checked.
    Data(Data<'i>),
    /// A Ping (§5.5.2).
    #[non_exhaustive]
    Ping {
        /// At most 125 bytes.
        payload: &'i [u8],
        /// Whether the Pong is in the output of this call; if not, the caller answers with [`pong`](crate::Connection::pong).
        answered: bool,
    },
    /// A Pong (§5.5.3).
    #[non_exhaustive]
    Pong {
        /// At most 125 bytes.
        payload: &'i [u8],
        /// Which Ping of ours it answers; `None` if it came unasked, or answers one that was not the latest of its source.
        answers: Option<PingSource>,
    },
    /// The peer's Close (§5.5.1). Ours is in the output of this call unless it was sent before.
    #[non_exhaustive]
    CloseReceived {
        /// The code in the frame, or 1005 if it has none (§7.1.5).
        code: CloseCode,
        /// At most 123 bytes of text for humans.
        reason: &'i str,
    },
    /// The peer broke a rule (§7.1.7). The Close or HTTP response that reports it is in the output of this call, unless none can
    /// be sent: there is no second Close after our own, none before a client is open, and none without entropy to mask it.
    #[non_exhaustive]
    Failed {
        /// The rule.
        error: ProtocolError,
    },
    /// The connection has ended: the last event of every connection, given exactly once. The transport can be closed.
    #[non_exhaustive]
    Closed {
        /// The peer's code (§7.1.5): 1005 if its Close had none, 1006 if there was no Close.
        code: CloseCode,
        /// Whether both Closes were exchanged (§7.1.4).
        was_clean: bool,
        /// What ended it.
        cause: EndCause,
    },
}

/// A piece of a message, in the caller's memory.
#[derive(PartialEq, Eq)]
pub struct Data<'i> {
    /// Text or binary, the same for all pieces of a message.
    pub kind: MessageKind,
    /// The bytes, unmasked in place; the caller may change them. Empty only if a message ends without further bytes. A piece of
    /// text may end inside a character; with `last` the message as a whole is valid UTF-8.
    pub payload: &'i mut [u8],
    /// How many bytes of this message came before this piece; 0 marks its first piece.
    pub offset: u64,
    /// Whether the message ends with this piece.
    pub last: bool,
}

/// Shows the length of the payload, not its bytes, which are the users' own (§10.6) and may be many.
impl core::fmt::Debug for Data<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let len = self.payload.len();
        f.debug_struct("Data")
            .field("kind", &self.kind)
            .field("len", &len)
            .field("offset", &self.offset)
            .field("last", &self.last)
            .finish()
    }
}

impl Data<'_> {
    /// Whether the message starts with this piece.
    pub const fn first(&self) -> bool {
        self.offset == 0
    }
}

/// What sent a Ping of ours.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum PingSource {
    /// [`handle_timeout`](crate::Connection::handle_timeout), to see whether the peer is alive.
    Keepalive = 1,
    /// The caller, by [`ping`](crate::Connection::ping).
    Application = 2,
}

numbered! {
/// What ended a connection: for a log, and for whoever decides about connecting again.
EndCause {
    /// The transport's input ended: the peer closed it, or it broke.
    EndOfInput = 1, "the input ended";
    /// The opening handshake took longer than [`Config::handshake_timeout_ms`](crate::Config::handshake_timeout_ms).
    HandshakeTimeout = 2, "the opening handshake took too long";
    /// A keepalive Ping was not answered within [`Config::pong_timeout_ms`](crate::Config::pong_timeout_ms).
    PongTimeout = 3, "a keepalive Ping was not answered in time";
    /// The peer sent nothing for [`Config::idle_timeout_ms`](crate::Config::idle_timeout_ms), and there was no room for a Close.
    IdleTimeout = 4, "the peer sent nothing for too long";
    /// The closing took longer than [`Config::closing_timeout_ms`](crate::Config::closing_timeout_ms).
    ClosingTimeout = 5, "the closing took too long";
    /// The caller closed a refused opening handshake.
    Caller = 6, "the caller closed a refused handshake";
    /// The transport took none of the output for [`Config::write_timeout_ms`](crate::Config::write_timeout_ms): of a
    /// [`Buffered`](crate::Buffered) connection.
    WriteTimeout = 7, "the peer took nothing of the output for too long";
}
}

/// The two kinds of message (§5.6).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum MessageKind {
    /// UTF-8 text.
    Text = 1,
    /// Any bytes.
    Binary = 2,
}

/// The states of a connection, numbered as browsers number `readyState`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum State {
    /// The opening handshake is under way.
    Connecting = 0,
    /// Messages may be sent.
    Open = 1,
    /// A Close was sent or received, the connection failed or the handshake was refused.
    Closing = 2,
    /// [`Event::Closed`] was given.
    Closed = 3,
}

/// What to do with the transport now.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Transport {
    /// Keep it.
    Keep = 0,
    /// Write what is due, then shut down writing (`shutdown(SHUT_WR)`) and continue to read until the end of input or the
    /// deadline, so that a reset does not destroy our last bytes (§7.1.1).
    ShutdownWrite = 1,
    /// Close it once what is due is written, or when the peer stops taking it: the caller sets a deadline for that.
    Close = 2,
}
