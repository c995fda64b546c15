//! A Socket.IO client over WebSocket, above a [`Session`](sansocket_session::Session) that gives it its reconnecting: sans-IO, without a heap.
//!
//! [`Client`] has what the protocol adds: Engine.IO's handshake and heartbeat, namespaces, acknowledgements with timeouts, attachments, and
//! connection state recovery. The transport, the dials, the waits and the queue are the session's.
//!
//! # The loop
//!
//! That of a session, with two more calls: each event of the session goes through [`handle`](Client::handle), and once there is none
//! [`poll`](Client::poll) gives what is due by itself. The wait ends at the earlier of both timeouts. `examples/minimal_client.rs` has it with
//! a socket.
//!
//! ```
//! use sansocket::{Buffered, Config, Connection, Entropy, Instant};
//! use sansocket_session::{Commands, Session, SessionConfig};
//! use sansocket_socketio::client::{AckSlot, Client, ClientConfig, DEFAULT_PATH, Emit, Event, NamespaceId, NamespaceSlot, target};
//!
//! static CONFIG: Config = Config::new();
//! static SESSION: SessionConfig = SessionConfig::new();
//! static CLIENT: ClientConfig = ClientConfig::new();
//!
//! type Io = Client<'static, [NamespaceSlot; 1], [AckSlot; 4], [u8; 1024]>;
//!
//! /// What the program does about an event.
//! fn on_event<E: Entropy>(event: &Event<'_>, io: &mut Io, ws: &mut Commands<'_, '_, E>) -> Result<(), Box<dyn std::error::Error>> {
//!     match event {
//!         Event::Joining { namespace, .. } => io.authenticate(ws, *namespace, r#"{"token":"fresh"}"#)?,
//!         Event::Connected { namespace, .. } => drop(io.emit(ws, &Emit::new(*namespace, "hello").args(r#"["world"]"#).ack_within_ms(5_000))?),
//!         Event::Event { packet, asker, .. } => {
//!             println!("{:?}", packet.name());
//!             if let Some(asker) = asker {
//!                 io.ack(ws, *asker, r#"["got it"]"#, &[])?;
//!             }
//!         }
//!         Event::Disconnected { reason, .. } => println!("{reason}"),
//!         _ => {}
//!     }
//!     Ok(())
//! }
//!
//! # struct Zero;
//! # impl Entropy for Zero {
//! #     fn fill(&mut self, bytes: &mut [u8]) -> Result<(), sansocket::EntropyError> {
//! #         bytes.fill(0);
//! #         Ok(())
//! #     }
//! # }
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let (entropy, now) = (Zero, || Instant::from_millis(0));
//! let mut memory = [0; 256];
//! let target = target("http://localhost:3000/", DEFAULT_PATH, &mut memory)?;
//! let ws = Buffered::new(Connection::client(&CONFIG, entropy, now()), [0; 4096], [0; 4096]);
//! let mut session = Session::new(ws, &SESSION, target.url, [0; 4096])?;
//! let mut io: Io = Client::new(&CLIENT, [NamespaceSlot::EMPTY; 1], [AckSlot::EMPTY; 4], [0; 1024]);
//! io.connect(&mut session.commands(now()), target.namespace)?;
//! session.start(now());
//! // In the loop:
//! loop {
//!     while let Some((event, mut ws)) = session.next(now())? {
//!         if let Some(event) = io.handle(event, &mut ws) {
//!             on_event(&event, &mut io, &mut ws)?;
//!         }
//!     }
//!     let mut ws = session.commands(now());
//!     let Some(event) = io.poll(&mut ws) else { break };
//!     on_event(&event, &mut io, &mut ws)?;
//! }
//! // Then the session's transport: dial, write, and wait until the earlier of session.next_timeout() and io.next_timeout().
//! # assert!(matches!(session.transport(), sansocket_session::Transport::Dial(dial) if dial.port == 3000));
//! # Ok(())
//! # }
//! ```
//!
//! # What it promises
//!
//! - **At most once**, as the session does: what is emitted is handed to one connection or to none. An event and its attachments are one
//!   message to the session: they wait, leave and are dropped together, whatever its [`Overflow`](sansocket_session::Overflow) says, and have
//!   to fit into its output together.
//! - **Each answer ends once**: with the answer, at its timeout, or with [`AckError::Lost`]. Later answers are passed over.
//! - **In order.** What is emitted while a namespace connects waits in the session's queue, and leaves when the last namespace that
//!   connects was let in or refused. (The queue is one for all, so that others wait with it. [`hold`](sansocket_session::Commands::hold)
//!   and [`release`](sansocket_session::Commands::release) are this client's.) What waits for a namespace that was refused is dropped.
//! - **Dead links are found**: without a ping within `pingInterval` and `pingTimeout` the connection is dropped and dialled anew, after a sleep
//!   of the machine once its input was looked at; what is emitted before that waits for the next one.
//! - **Recovery.** If the server keeps our place (`pid`), we ask for it again, with the offset of the last event that has come whole. What was
//!   missed comes before [`Event::Connected`] with `recovered`.
//!
//! # What ends what
//!
//! | what happens | namespace | transport |
//! |---|---|---|
//! | the server refuses the namespace | [`Event::ConnectError`], off | goes on; closed if no other is wanted |
//! | the server closes it (`41`) | [`Event::Disconnected`], off | the same |
//! | [`disconnect`](Client::disconnect) | [`Event::Disconnected`], off, after what waits | the same |
//! | the server closes the WebSocket, with any code | [`Event::Disconnected`], connects again | dialled by the session's rules |
//! | no ping in time, what is no packet ([`Fault`]) | the same | dropped, dialled by the session's rules |
//! | refused by HTTP, a broken rule of WebSocket, and so on | the same | what the session's rules say |
//!
//! Once the session has closed the transport for want of namespaces, it is stopped: after the next [`connect`](Client::connect) it has to be
//! [started](sansocket_session::Session::start).
//!
//! # Memory
//!
//! All of it is lent, or given: a slot for each namespace and each answer that is waited for, and bytes, of which each namespace has
//! [`namespace_len`](ClientConfig::namespace_len) and the rest is where packets are written before the session takes them.

mod config;
mod event;
mod parts;
mod poll;
mod receive;
mod send;
mod slots;
mod target;

pub use config::ClientConfig;
pub use event::{AckError, Event, Fault, Reason, Refusal};
pub use send::{Asker, Emit, EmitError, MAX_ATTACHMENTS, Sent};
pub use slots::{AckId, AckSlot, NamespaceId, NamespaceSlot, NamespaceState, Slots};
pub use target::{DEFAULT_PATH, Target, TargetError, target};

use sansocket::{Buffer, Codec, Entropy, Instant};
use sansocket_session::Commands;

use crate::event_writer::EventWriter;
use crate::header::{Header, Kind};
use crate::sentences::sentences;
use parts::{Core, Parts};
use slots::{Names, State, by_name, index_of, name_of};

sentences! {
/// Why a namespace is not connected.
ConnectError {
    /// It does not start with a slash, or has a comma.
    InvalidName = "the namespace does not start with a slash, or has a comma";
    /// Its name does not fit into [`namespace_len`](ClientConfig::namespace_len), or the memory is too short for another namespace.
    NameTooLong = "the namespace's name does not fit into its memory";
    /// Every [`NamespaceSlot`] has a namespace that is wanted.
    NoNamespaceSlot = "as many namespaces are connected as there is memory for";
    /// [`disconnect`](Client::disconnect) is under way: again, after its event.
    Leaving = "the namespace is being left";
}
}

/// A Socket.IO client: namespaces, events and answers on a session's connections. `N`, `A` and `B` are memory that the caller lends or gives:
/// arrays, vectors or borrowed slices. See the [module](self) for the loop.
pub struct Client<'c, N, A, B> {
    config: &'c ClientConfig,
    core: Core,
    namespaces: N,
    acks: A,
    bytes: B,
}

impl<'c, N: Slots<NamespaceSlot>, A: Slots<AckSlot>, B: Buffer> Client<'c, N, A, B> {
    /// A client without namespaces. `bytes` has [`namespace_len`](ClientConfig::namespace_len) for each slot of `namespaces`, and then room
    /// for the longest packet that is sent, without its attachments.
    pub fn new(config: &'c ClientConfig, namespaces: N, acks: A, bytes: B) -> Self {
        let mut client = Self { config, core: Core::new(config), namespaces, acks, bytes };
        client.namespaces.as_mut().fill(NamespaceSlot::EMPTY);
        client.acks.as_mut().fill(AckSlot::EMPTY);
        client
    }

    /// Wants into a namespace: now, if there is a connection, and at each connection to come, until somebody does not want it any longer. If it
    /// is wanted already, nothing happens. Start the session then, unless it is.
    ///
    /// # Errors
    /// Any [`ConnectError`].
    pub fn connect<E: Entropy, D: Codec>(
        &mut self,
        ws: &mut Commands<'_, '_, E, D>,
        name: &str,
    ) -> Result<NamespaceId, ConnectError> {
        let mut parts = self.parts();
        Header::new(Kind::Connect, name).check().map_err(|_| ConnectError::InvalidName)?;
        let known = parts.names.by_name(name);
        let index = known.or_else(|| parts.names.free()).ok_or(ConnectError::NoNamespaceSlot)?;
        let state = parts.names.state(index);
        if let State::Cancelled | State::Leaving = state {
            return Err(ConnectError::Leaving);
        }
        if known.is_none() {
            let id = parts.core.last_namespace.saturating_add(1);
            if !parts.names.assign(index, NamespaceId(id), name) {
                return Err(ConnectError::NameTooLong);
            }
            parts.core.last_namespace = id;
        }
        if state == State::Off {
            parts.names.set_state(index, State::Wanted);
            parts.core.serves = true;
        }
        parts.hold_or_release(ws);
        Ok(parts.names.id(index))
    }

    /// In the handler of [`Event::Joining`]: asks for the namespace with these credentials, a JSON object. If the output has no room for it
    /// now, `Joining` comes again.
    ///
    /// # Errors
    /// [`EmitError::NotConnected`] at any other time; [`EmitError::TooLong`] and [`EmitError::Packet`], after which the namespace is off.
    pub fn authenticate<E: Entropy, D: Codec>(
        &mut self,
        ws: &mut Commands<'_, '_, E, D>,
        namespace: NamespaceId,
        auth: &str,
    ) -> Result<(), EmitError> {
        let mut parts = self.parts();
        let index = parts.names.index_of(namespace).filter(|&index| parts.names.state(index) == State::Joining);
        parts.ask(index.ok_or(EmitError::NotConnected)?, auth, ws)
    }

    /// Leaves a namespace, after what waits for it. [`Event::Disconnected`] follows if we are in; if we are not, what waits is dropped. With
    /// the last namespace the session is closed.
    pub fn disconnect<E: Entropy, D: Codec>(&mut self, ws: &mut Commands<'_, '_, E, D>, namespace: NamespaceId) {
        let mut parts = self.parts();
        let Some(index) = parts.names.index_of(namespace) else { return };
        match parts.names.state(index) {
            State::Connected => parts.names.set_state(index, State::Leaving),
            State::Wanted | State::Joining => parts.turn_off(index, None, ws),
            State::Pending => {
                // A server does not understand that we leave before we are in.
                parts.turn_off(index, None, ws);
                parts.names.set_state(index, State::Cancelled);
            }
            State::Off | State::Cancelled | State::Leaving => {}
        }
        parts.hold_or_release(ws);
    }

    /// Emits an event: now, or once its namespace is connected.
    ///
    /// ```
    /// use sansocket_session::Commands;
    /// use sansocket_socketio::client::{AckSlot, Client, Emit, EmitError, NamespaceId, NamespaceSlot, Sent};
    ///
    /// fn upload<E: sansocket::Entropy>(
    ///     io: &mut Client<'_, [NamespaceSlot; 1], [AckSlot; 4], [u8; 1024]>,
    ///     ws: &mut Commands<'_, '_, E>,
    ///     (namespace, bytes): (NamespaceId, &[u8]),
    /// ) -> Result<Sent, EmitError> {
    ///     let args = r#"["a.bin",{"_placeholder":true,"num":0}]"#;
    ///     io.emit(ws, &Emit::new(namespace, "upload").args(args).attachments(&[bytes]).ack_within_ms(5_000))
    /// }
    /// ```
    ///
    /// # Errors
    /// Any [`EmitError`] but [`Stale`](EmitError::Stale).
    pub fn emit<E: Entropy, D: Codec>(&mut self, ws: &mut Commands<'_, '_, E, D>, emit: &Emit<'_>) -> Result<Sent, EmitError> {
        self.parts().emit(ws, emit, |writer| writer)
    }

    /// The same, with arguments that `write` adds one after the other, after those of `emit`.
    ///
    /// # Errors
    /// As [`emit`](Self::emit).
    pub fn emit_with<E: Entropy, D: Codec>(
        &mut self,
        ws: &mut Commands<'_, '_, E, D>,
        emit: &Emit<'_>,
        write: impl FnOnce(EventWriter<'_>) -> EventWriter<'_>,
    ) -> Result<Sent, EmitError> {
        self.parts().emit(ws, emit, write)
    }

    /// Answers an event, once, with these arguments, a JSON array. An answer that waits when its connection ends is dropped.
    ///
    /// # Errors
    /// [`EmitError::Stale`], [`EmitError::TooLong`], [`EmitError::Packet`], [`EmitError::Session`].
    pub fn ack<E: Entropy, D: Codec>(
        &mut self,
        ws: &mut Commands<'_, '_, E, D>,
        asker: Asker,
        args: &str,
        attachments: &[&[u8]],
    ) -> Result<(), EmitError> {
        let args = send::items(args)?;
        self.parts().ack(ws, asker, attachments, |writer| send::add(writer, args))
    }

    /// The same, with arguments that `write` adds one after the other.
    ///
    /// # Errors
    /// As [`ack`](Self::ack).
    pub fn ack_with<E: Entropy, D: Codec>(
        &mut self,
        ws: &mut Commands<'_, '_, E, D>,
        asker: Asker,
        attachments: &[&[u8]],
        write: impl FnOnce(EventWriter<'_>) -> EventWriter<'_>,
    ) -> Result<(), EmitError> {
        self.parts().ack(ws, asker, attachments, write)
    }

    /// Takes an event of the session's, each of them, and says what it means; `None` if nothing that concerns the application.
    pub fn handle<'i, E: Entropy, D: Codec>(
        &mut self,
        event: sansocket_session::Event<'i>,
        ws: &mut Commands<'_, '_, E, D>,
    ) -> Option<Event<'i>> {
        self.parts().handle(event, ws)
    }

    /// What is due without an event of the session's; `None` if nothing. To be called once the session has no event, before each wait; after
    /// an event of this, the session may have one again.
    pub fn poll<E: Entropy, D: Codec>(&mut self, ws: &mut Commands<'_, '_, E, D>) -> Option<Event<'static>> {
        self.parts().poll(ws)
    }

    /// When to call [`poll`](Self::poll) again, if nothing happens before: while there is a transport, after a
    /// [`filled`](sansocket_session::Session::filled), with 0 if need be. `None` if there is no deadline.
    pub fn next_timeout(&self) -> Option<Instant> {
        parts::next_timeout(self.core.deadline, self.acks.as_ref())
    }

    /// Where a namespace stands.
    pub fn state(&self, namespace: NamespaceId) -> NamespaceState {
        let slots = self.namespaces.as_ref();
        let slot = index_of(slots, namespace).and_then(|index| slots.get(index));
        slot.map_or(NamespaceState::Off, |slot| slot.state.shown())
    }

    /// The name of a namespace; empty if this client does not know it.
    pub fn name(&self, namespace: NamespaceId) -> &str {
        let slots = self.namespaces.as_ref();
        let index = index_of(slots, namespace).unwrap_or(usize::MAX);
        name_of(slots, self.bytes.as_ref(), self.config.namespace_len.into(), index)
    }

    /// The namespace with this name, if this client knows it.
    pub fn namespace(&self, name: &str) -> Option<NamespaceId> {
        let slots = self.namespaces.as_ref();
        let index = by_name(slots, self.bytes.as_ref(), self.config.namespace_len.into(), name)?;
        slots.get(index).map(|slot| NamespaceId(slot.id))
    }

    fn parts(&mut self) -> Parts<'_> {
        let Self { config, core, namespaces, acks, bytes } = self;
        let (slots, share) = (namespaces.as_mut(), usize::from(config.namespace_len));
        let (texts, out) = bytes.as_mut().split_at_mut_checked(slots.len().saturating_mul(share)).unwrap_or_default();
        Parts { config, core, names: Names { slots, texts, share }, acks: acks.as_mut(), out }
    }
}

/// Shows no bytes, which are the users' own.
impl<N: Slots<NamespaceSlot>, A: Slots<AckSlot>, B> core::fmt::Debug for Client<'_, N, A, B> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let awaited = self.acks.as_ref().iter().filter(|ack| ack.state == slots::AckState::Waiting).count();
        f.debug_struct("Client").field("link", &self.core.link).field("awaited", &awaited).finish_non_exhaustive()
    }
}
