//! Socket.IO v5 for a server: namespaces, events, acknowledgements, attachments, rooms and broadcast. The caller owns the sockets.
//!
//! Below it are the [sessions of Engine.IO](crate::engine::server), and it is driven as they are, by whoever has the connections. What happens
//! is told to the application, as [`Event`]s; what it wants done, it does with [`Io`].
//!
//! ```text
//!   connections                                          the application
//!     request, opened, receive, gone, advance  ──►  on(&mut Io, Event)
//!     next_ready, pull                         ◄──  Io: accept, emit, join, ack, …
//! ```
//!
//! A client is one connection with a [`SocketId`] in each namespace that it is in. `Io` exists in a handler, and outside of one by
//! [`Server::at`]: for a timer of the application's, for other tasks.
//!
//! ```
//! use sansocket::{Entropy, Instant};
//! use sansocket_socketio::engine::server::{Answer, Due, Key, Message as Received, Request};
//! use sansocket_socketio::server::{Config, Event, INVALID_NAMESPACE, Io, Message, Server, To};
//!
//! /// A chat with one room, in which files can be shown.
//! fn chat<E: Entropy>(io: &mut Io<'_, E>, event: Event<'_>) {
//!     match event {
//!         Event::Connect { socket, namespace: "/", .. } => {
//!             io.accept(socket);
//!             // It has just been accepted, and is in no room.
//!             let _joined = io.join(socket, "lobby");
//!         }
//!         Event::Connect { socket, .. } => drop(io.refuse(socket, INVALID_NAMESPACE)),
//!         Event::Message { socket, packet, attachments, ack } => {
//!             let name = packet.name().and_then(|name| name.text());
//!             if name.is_some_and(|name| name == "say") {
//!                 // As it came, with its files.
//!                 if let Ok(message) = Message::from_json(packet.json(), attachments) {
//!                     io.emit(To::room("/", "lobby").except(socket), &message);
//!                 }
//!             }
//!             if let (Some(ack), Ok(answer)) = (ack, sansocket_socketio::server::Answer::new(|args| args.text("said"))) {
//!                 io.ack(ack, &answer);
//!             }
//!         }
//!         Event::Disconnected { socket, reason, .. } => println!("{:?} is gone: {reason}", io.sid(socket)),
//!         Event::Ack { .. } | Event::AckTimeout { .. } => {}
//!     }
//! }
//!
//! # struct Generator(u8);
//! # impl Entropy for Generator {
//! #     fn fill(&mut self, bytes: &mut [u8]) -> Result<(), sansocket::EntropyError> {
//! #         self.0 += 1;
//! #         bytes.fill(self.0);
//! #         Ok(())
//! #     }
//! # }
//! # let generator = Generator(0);
//! let mut server = Server::new(Config::new(), generator);
//! let now = Instant::from_millis(0);
//! // A WebSocket for each of two clients. Their keys are the caller's.
//! let query = "EIO=4&transport=websocket";
//! let request = Request { method: "GET", query, content_type: None, is_upgrade: true, body: b"" };
//! for key in [Key(1), Key(2)] {
//!     assert_eq!(server.request(now, key, &request, &mut chat), Answer::Upgrade);
//!     server.opened(now, key, &mut chat);
//!     server.receive(now, key, Received::Text("40"), &mut chat);
//! }
//! # while let Some(key) = server.next_ready() {
//! #     while server.pull(key).is_some() {}
//! # }
//! server.receive(now, Key(1), Received::Text(r#"427["say","hi"]"#), &mut chat);
//! let mut sent = Vec::new();
//! while let Some(key) = server.next_ready() {
//!     while let Some(due) = server.pull(key) {
//!         if let Due::Text(text) = due {
//!             sent.push((key, text));
//!         }
//!     }
//! }
//! sent.sort();
//! assert_eq!(sent, [(Key(1), r#"437["said"]"#.into()), (Key(2), r#"42["say","hi"]"#.into())]);
//! ```
//!
//! # What can be relied upon
//!
//! - Nothing goes to a socket before it is accepted, or after its end.
//! - Each [`Event::Connect`] is followed by one [`Event::Disconnected`], unless it was refused. A [`SocketId`] is never used again.
//! - A socket gets messages in the order in which they were emitted, each with its attachments directly after it.
//! - An event of ours that wants an answer brings one [`Event::Ack`] or one [`Event::AckTimeout`], unless the socket ends before that. An event
//!   of a client's can be answered once.
//! - A message is written once, however many get it; what waits for them shares its bytes.
//! - No call walks over all sockets, but for a broadcast over those it goes to, and [`Io::shut_down`].
//!
//! # What is limited
//!
//! | what | by | beyond it |
//! |---|---|---|
//! | attachments of a packet, and their bytes | [`Config::limits`], [`Config::max_attachment_bytes`] | the connection is closed |
//! | namespaces of a connection, and the lengths of their names | [`Config::max_namespaces`], [`MAX_NAMESPACE_LEN`] | the connection is closed |
//! | time until a client is let in | [`Config::connect_timeout_ms`] | the connection is closed |
//! | what waits for a client | [`engine::Config::max_queued`] | the connection is closed |
//! | answers that a socket owes | [`Config::max_acks`] | [`IoError::TooManyAcks`] |
//! | rooms of a socket | [`Config::max_rooms`] | [`IoError::TooManyRooms`] |
//! | connections | [`engine::Config::max_sessions`] | openings are refused |
//!
//! Names of rooms are the application's: where clients choose them, it limits their length. A client that is neither accepted nor refused waits
//! as long as its connection lives, if that is in another namespace.
//!
//! What is done with packets that no good client sends is in the table of the [crate's page](crate#odd-packets).
//!
//! # What it does not do
//!
//! - It sees no header fields and no addresses: who a client is, it says in its `auth`. Which pages may connect, cookies and CORS are for the
//!   caller, who has the requests.
//! - It limits what waits and what is kept, not how much comes: events in a second, connections of an address.
//! - It has no connection state recovery: a client that comes back is a new socket, in no room.
//! - Its rooms and broadcasts are those of one value. Several processes need a proxy that brings a client always to the same one, and something
//!   between them that carries what is emitted.
//! - It keeps nothing of the application's: that is in a map by [`SocketId`]. Answers of many to one event are collected there, too.

mod config;
mod event;
mod io;
mod message;
mod receive;
mod state;

pub use config::{Config, MAX_NAMESPACE_LEN};
pub use event::{AckId, AckToken, Event, IoError, Reason, SocketId, To};
pub use io::{INVALID_NAMESPACE, Io};
pub use message::{Answer, Message};

use crate::engine::server as engine;
use sansocket::{Entropy, Instant};
use state::State;

/// All connections, namespaces and rooms of a server. See the [module](self).
pub struct Server<E> {
    engine: engine::Server<E>,
    state: State,
}

impl<E: Entropy> Server<E> {
    /// Without connections. `entropy` makes the ids of sessions, which are secrets, and of sockets.
    pub fn new(config: Config, entropy: E) -> Self {
        Self { engine: engine::Server::new(config.engine, entropy), state: State::new(config) }
    }

    /// A request to the path of Socket.IO, `/socket.io/` if you have no other: [`engine::Server::request`].
    pub fn request(
        &mut self,
        now: Instant,
        key: engine::Key,
        request: &engine::Request<'_>,
        on: &mut impl FnMut(&mut Io<'_, E>, Event<'_>),
    ) -> engine::Answer {
        self.at(now).report(on);
        let Self { engine, state } = self;
        engine.request(now, key, request, &mut |engine, event| Io { engine, state, now }.handle(event, on))
    }

    /// The WebSocket of a request that was to be upgraded is open.
    pub fn opened(&mut self, now: Instant, key: engine::Key, on: &mut impl FnMut(&mut Io<'_, E>, Event<'_>)) {
        self.at(now).report(on);
        let Self { engine, state } = self;
        engine.opened(now, key, &mut |engine, event| Io { engine, state, now }.handle(event, on));
    }

    /// A whole message of a WebSocket.
    pub fn receive(
        &mut self,
        now: Instant,
        key: engine::Key,
        message: engine::Message<'_>,
        on: &mut impl FnMut(&mut Io<'_, E>, Event<'_>),
    ) {
        self.at(now).report(on);
        let Self { engine, state } = self;
        engine.receive(now, key, message, &mut |engine, event| Io { engine, state, now }.handle(event, on));
    }

    /// The WebSocket has ended, or the client has given up a parked request. The key is done with.
    pub fn gone(&mut self, now: Instant, key: engine::Key, on: &mut impl FnMut(&mut Io<'_, E>, Event<'_>)) {
        self.at(now).report(on);
        let Self { engine, state } = self;
        engine.gone(key, &mut |engine, event| Io { engine, state, now }.handle(event, on));
    }

    /// Does what is due by now.
    pub fn advance(&mut self, now: Instant, on: &mut impl FnMut(&mut Io<'_, E>, Event<'_>)) {
        // What this closes, the sessions tell of below.
        self.at(now).expire(on);
        let Self { engine, state } = self;
        engine.advance(now, &mut |engine, event| Io { engine, state, now }.handle(event, on));
    }

    /// When [`advance`](Self::advance) is to be called next. It may lie in the past.
    pub fn next_timeout(&self) -> Option<Instant> {
        if !self.state.ended.is_empty() {
            return Some(Instant::from_micros(0));
        }
        let deadline = self.state.deadlines.first().map(|&(at, _)| at);
        [self.engine.next_timeout(), deadline].into_iter().flatten().min()
    }

    /// A key under which something is due. Each is told once, until [`pull`](Self::pull) has returned `None` for it.
    pub fn next_ready(&mut self) -> Option<engine::Key> {
        self.engine.next_ready()
    }

    /// What is due under a key: to be called until it returns `None`, or as long as the transport takes it.
    pub fn pull(&mut self, key: engine::Key) -> Option<engine::Due> {
        self.engine.pull(key)
    }

    /// What the application can do outside of a handler. What happens by it is told with the next call, for which
    /// [`next_timeout`](Self::next_timeout) asks.
    pub const fn at(&mut self, now: Instant) -> Io<'_, E> {
        Io { engine: &mut self.engine, state: &mut self.state, now }
    }

    /// Whether there is no client, and nothing of one is kept here.
    pub fn is_empty(&self) -> bool {
        self.state.is_empty()
    }
}
