//! What comes out of a client.

use sansocket_session::{Cause, Numbers};

use super::{AckId, Asker, NamespaceId};
use crate::assembler::Attachment;
use crate::engine::EngineError;
use crate::error::PacketError;
use crate::json::{Text, Value};
use crate::packet::Packet;

/// What happened. What it borrows is the session's input. (Patterns of its variants end in `..`, as they may grow.)
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'i> {
    /// A namespace is asked for next, at each connection anew. The handler may call [`authenticate`](super::Client::authenticate);
    /// otherwise it is asked for without credentials.
    #[non_exhaustive]
    Joining {
        /// Which.
        namespace: NamespaceId,
    },
    /// The server has let us in.
    #[non_exhaustive]
    Connected {
        /// Where.
        namespace: NamespaceId,
        /// What the server calls us in this namespace; another one at each connection, unless that is recovered.
        sid: Text<'i>,
        /// The server has kept our place: what we missed came before this, as events.
        recovered: bool,
    },
    /// The server does not let us in. It is not asked again, until [`connect`](super::Client::connect).
    #[non_exhaustive]
    ConnectError {
        /// Where.
        namespace: NamespaceId,
        /// What it says.
        error: Refusal<'i>,
    },
    /// We are not in a namespace any longer: one for each [`Connected`](Self::Connected). It is asked for again by itself, unless the
    /// [reason](Reason::is_final) is that somebody wanted it so.
    #[non_exhaustive]
    Disconnected {
        /// Which.
        namespace: NamespaceId,
        /// Why.
        reason: Reason,
    },
    /// An event of the server's. If it has attachments, they come next, and with the last the event is complete; a connection that ends before
    /// takes it along.
    #[non_exhaustive]
    Event {
        /// Where.
        namespace: NamespaceId,
        /// Its name, arguments and number of attachments. (With connection state recovery the server adds an argument, the offset.)
        packet: Packet<'i>,
        /// Whom to answer, if the server wants that: [`ack`](super::Client::ack), once.
        asker: Option<Asker>,
    },
    /// The answer to an event of ours, which ends its [`AckId`]. If it has attachments, they come next.
    #[non_exhaustive]
    Ack {
        /// Which event.
        ack: AckId,
        /// Where.
        namespace: NamespaceId,
        /// The arguments, and number of attachments.
        packet: Packet<'i>,
    },
    /// There will be no answer, which ends the [`AckId`].
    #[non_exhaustive]
    AckFailed {
        /// Which event.
        ack: AckId,
        /// Where.
        namespace: NamespaceId,
        /// Why.
        error: AckError,
    },
    /// An attachment of the last event or answer.
    #[non_exhaustive]
    Attachment {
        /// Where.
        namespace: NamespaceId,
        /// Which of how many, and its bytes.
        attachment: Attachment<'i>,
    },
    /// There is no connection any longer, or it did not come about: in place of the session's own
    /// [`Down`](sansocket_session::Event::Down). The handler can decide otherwise, as there.
    #[non_exhaustive]
    Down {
        /// Why, as the session sees it.
        cause: Cause,
        /// Why the client dropped it, if it did.
        fault: Option<Fault>,
        /// When the session dials again, in milliseconds from now; `None`: it does not. Unlike the session itself a client comes back after a
        /// Close with any code.
        retry_in_ms: Option<u64>,
        /// Messages that were handed to the transport, and of which it is not known whether they arrived.
        unconfirmed: Numbers,
    },
    /// Another event of the session's: [`Connected`](sansocket_session::Event::Connected), where header fields are given,
    /// [`Dropped`](sansocket_session::Event::Dropped), and so on.
    Session(sansocket_session::Event<'i>),
}

/// Why the server does not let us into a namespace.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Refusal<'i> {
    /// The payload of its CONNECT_ERROR: an object, whose `message` says why, or a string.
    Refused(Value<'i>),
    /// It is a server of Socket.IO 2, which speaks an older protocol: it answers without a `sid`, or unasked.
    OldServer,
    /// It has closed the namespace instead of an answer.
    Closed,
    /// The request does not fit into the client's memory or the session's output.
    TooLong,
}

/// Why we are not in a namespace any longer.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum Reason {
    /// The server has closed the namespace.
    IoServerDisconnect,
    /// We have left it.
    IoClientDisconnect,
    /// The server sent no ping in time, or did not answer ours.
    PingTimeout,
    /// The connection was closed or cut off.
    TransportClose,
    /// The server broke a rule of WebSocket, or of who speaks when.
    TransportError,
    /// The server sent what is no packet.
    ParseError,
    /// The application closed the session.
    ForcedClose,
}

impl Reason {
    /// The string that other clients of Socket.IO give for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::IoServerDisconnect => "io server disconnect",
            Self::IoClientDisconnect => "io client disconnect",
            Self::PingTimeout => "ping timeout",
            Self::TransportClose => "transport close",
            Self::TransportError => "transport error",
            Self::ParseError => "parse error",
            Self::ForcedClose => "forced close",
        }
    }

    /// Whether the namespace is not asked for again.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::IoServerDisconnect | Self::IoClientDisconnect)
    }
}

/// As other clients of Socket.IO write it.
impl core::fmt::Display for Reason {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why there will be no answer.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum AckError {
    /// It did not come in time. If the event still waited, it is dropped.
    Timeout,
    /// The event was sent and its connection has ended, or the namespace was left, or the event was dropped unsent.
    Lost,
}

impl core::fmt::Display for AckError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Timeout => "the answer did not come in time",
            Self::Lost => "the connection of the event has ended",
        })
    }
}

impl core::error::Error for AckError {}

/// Why the client dropped the connection.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum Fault {
    /// The server sent no ping within `pingInterval` and `pingTimeout` of its handshake.
    PingTimeout,
    /// No handshake of Engine.IO came within [`open_timeout_ms`](super::ClientConfig::open_timeout_ms).
    OpenTimeout,
    /// What came is no packet of Engine.IO, or its handshake is wrong.
    Engine(EngineError),
    /// What came is no packet of Socket.IO.
    Packet(PacketError),
    /// `1` of Engine.IO: the server has closed the session.
    ClosedByServer,
    /// What only another peer would send: a packet before the handshake, base64 over a WebSocket, or a message in pieces
    /// ([`Buffered::in_pieces`](sansocket::Buffered::in_pieces)).
    Unexpected,
}

impl Fault {
    pub(super) const fn reason(self) -> Reason {
        match self {
            Self::PingTimeout => Reason::PingTimeout,
            Self::OpenTimeout | Self::ClosedByServer => Reason::TransportClose,
            Self::Engine(_) | Self::Packet(_) => Reason::ParseError,
            Self::Unexpected => Reason::TransportError,
        }
    }
}

impl core::fmt::Display for Fault {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::PingTimeout => f.write_str("the server sent no ping in time"),
            Self::OpenTimeout => f.write_str("the server sent no handshake in time"),
            Self::Engine(error) => error.fmt(f),
            Self::Packet(error) => error.fmt(f),
            Self::ClosedByServer => f.write_str("the server has closed the session"),
            Self::Unexpected => f.write_str("the server sent what no server sends here"),
        }
    }
}

impl core::error::Error for Fault {}
