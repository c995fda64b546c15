//! What happens to sockets, and what names them.

use alloc::sync::Arc;
use bytes::Bytes;

use crate::engine::server as engine;
use crate::json::Value;
use crate::packet::Packet;
use crate::sentences::sentences;
use crate::slab::Number;

/// A socket: a client in a namespace, from its [`Event::Connect`] to its [`Event::Disconnected`]. Never used again for another one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct SocketId(pub(super) Number);

impl From<SocketId> for Number {
    fn from(id: SocketId) -> Self {
        id.0
    }
}

/// An event of ours that waits for its answer. No two of a socket are the same.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct AckId(pub(super) u64);

/// The right to answer an event, for [`Io::ack`](super::Io::ack), which takes it: so an event is answered once. It may be kept as long as you
/// like, and dropping it answers nothing.
#[derive(PartialEq, Eq, Hash, Debug)]
pub struct AckToken {
    pub(super) socket: SocketId,
    pub(super) id: u64,
}

impl AckToken {
    /// Who waits for the answer.
    pub const fn socket(&self) -> SocketId {
        self.socket
    }
}

/// What happens. What is borrowed is valid during the call.
pub enum Event<'a> {
    /// A client wants into a namespace: [`Io::accept`](super::Io::accept) or [`Io::refuse`](super::Io::refuse), now or later. Until then it
    /// gets nothing. Namespaces that there are not are refused with [`INVALID_NAMESPACE`](super::INVALID_NAMESPACE).
    Connect {
        /// The client in this namespace.
        socket: SocketId,
        /// `/`, or `/` and a name, with a query if the client has sent one.
        namespace: &'a str,
        /// An object, if the client has sent one.
        auth: Option<Value<'a>>,
    },
    /// A client has emitted an event.
    Message {
        /// Whose it is.
        socket: SocketId,
        /// Its [name](Packet::name) and [arguments](Packet::args), and where its [attachments belong](Packet::placeholders).
        packet: Packet<'a>,
        /// All of them.
        attachments: &'a [Bytes],
        /// If the client waits for an answer.
        ack: Option<AckToken>,
    },
    /// The answer to an event of ours.
    Ack {
        /// Whose it is.
        socket: SocketId,
        /// What [`Io::emit_with_ack`](super::Io::emit_with_ack) has returned.
        id: AckId,
        /// Its [arguments](Packet::args).
        packet: Packet<'a>,
        /// All of them.
        attachments: &'a [Bytes],
    },
    /// An event of ours has not been answered in time. If the answer comes later, it is ignored.
    AckTimeout {
        /// Who has not answered.
        socket: SocketId,
        /// What [`Io::emit_with_ack`](super::Io::emit_with_ack) has returned.
        id: AckId,
    },
    /// A socket is over: one for each `Connect` that was not refused. Answers that were outstanding do not come any more.
    ///
    /// Nothing goes to it, and it is a member of nothing; but during this call its rooms, its sid and its namespace can still be read.
    Disconnected {
        /// Which one.
        socket: SocketId,
        /// Its namespace.
        namespace: &'a str,
        /// Why.
        reason: Reason,
    },
}

/// Shows lengths, not what users send.
impl core::fmt::Debug for Event<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Connect { socket, namespace, auth } => {
                write!(f, "Connect({socket:?}, {namespace:?}, {} bytes)", auth.map_or(0, |auth| auth.as_json().len()))
            }
            Self::Message { socket, packet, ack, .. } => write!(f, "Message({socket:?}, {packet:?}, {ack:?})"),
            Self::Ack { socket, id, packet, .. } => write!(f, "Ack({socket:?}, {id:?}, {packet:?})"),
            Self::AckTimeout { socket, id } => write!(f, "AckTimeout({socket:?}, {id:?})"),
            Self::Disconnected { socket, namespace, reason } => {
                write!(f, "Disconnected({socket:?}, {namespace:?}, {reason:?})")
            }
        }
    }
}

/// Why a socket is over.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum Reason {
    /// The client has closed its transport, or its connection has ended.
    TransportClose,
    /// A request that no good client makes, or a poll that the client gave up.
    TransportError,
    /// The client has not answered a ping in time.
    PingTimeout,
    /// A packet of Engine.IO that is none.
    ParseError,
    /// The client has sent a packet of Socket.IO that is none or that is out of place, or more than [`Config`](super::Config) allows; or it was
    /// let into no namespace in time.
    ForcedClose,
    /// [`Io::disconnect`](super::Io::disconnect) or [`Io::close`](super::Io::close).
    ServerNamespaceDisconnect,
    /// The client has left the namespace.
    ClientNamespaceDisconnect,
    /// [`Io::shut_down`](super::Io::shut_down).
    ServerShuttingDown,
    /// The client does not take what waits for it.
    QueueFull,
}

impl Reason {
    /// The string that the reference has for it; for [`Reason::QueueFull`], which is ours, `queue full`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TransportClose => "transport close",
            Self::TransportError => "transport error",
            Self::PingTimeout => "ping timeout",
            Self::ParseError => "parse error",
            Self::ForcedClose => "forced close",
            Self::ServerNamespaceDisconnect => "server namespace disconnect",
            Self::ClientNamespaceDisconnect => "client namespace disconnect",
            Self::ServerShuttingDown => "server shutting down",
            Self::QueueFull => "queue full",
        }
    }
}

impl core::fmt::Display for Reason {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl From<engine::Reason> for Reason {
    fn from(reason: engine::Reason) -> Self {
        match reason {
            engine::Reason::TransportClose => Self::TransportClose,
            engine::Reason::TransportError => Self::TransportError,
            engine::Reason::PingTimeout => Self::PingTimeout,
            engine::Reason::ParseError => Self::ParseError,
            engine::Reason::ForcedClose => Self::ForcedClose,
            engine::Reason::QueueFull => Self::QueueFull,
        }
    }
}

sentences! {
/// Why the server has not done what the application asked for.
IoError {
    /// The socket was not accepted yet, or is over.
    NotConnected = "the socket is not connected";
    /// [`Config::max_acks`](super::Config::max_acks) answers of the socket are outstanding.
    TooManyAcks = "the socket owes too many answers";
    /// The socket is in [`Config::max_rooms`](super::Config::max_rooms) rooms.
    TooManyRooms = "the socket is in too many rooms";
}
}

/// Who gets a message.
///
/// ```
/// use sansocket_socketio::server::{SocketId, To};
///
/// fn others_in_the_lobby(sender: SocketId) -> To<'static> {
///     To::room("/chat", "lobby").except(sender)
/// }
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct To<'a> {
    pub(super) scope: Scope<'a>,
    pub(super) except: Option<SocketId>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Scope<'a> {
    Socket(SocketId),
    Namespace(&'a str),
    Room(&'a str, &'a str),
}

impl<'a> To<'a> {
    /// One socket.
    pub const fn socket(socket: SocketId) -> Self {
        Self { scope: Scope::Socket(socket), except: None }
    }

    /// All sockets of a namespace.
    pub const fn namespace(namespace: &'a str) -> Self {
        Self { scope: Scope::Namespace(namespace), except: None }
    }

    /// All sockets in a room of a namespace.
    pub const fn room(namespace: &'a str, room: &'a str) -> Self {
        Self { scope: Scope::Room(namespace, room), except: None }
    }

    /// The same without this one: the sender, for example.
    pub const fn except(self, socket: SocketId) -> Self {
        Self { except: Some(socket), ..self }
    }
}

impl From<SocketId> for To<'_> {
    fn from(socket: SocketId) -> Self {
        Self::socket(socket)
    }
}

/// A name of a namespace or a room, which many share.
pub(super) type Name = Arc<str>;
