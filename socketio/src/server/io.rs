//! What the application can do.

use sansocket::{Entropy, Instant};

use super::event::{AckId, AckToken, IoError, Name, Reason, SocketId, To};
use super::message::{Answer, Encoded, Message};
use super::state::{Deadline, Socket, Stage, State, later};
use crate::engine::server::{self as engine, SessionId, Transport};
use crate::error::PacketError;
use crate::header::{Header, Kind};
use crate::packet::Packet;

/// What the application can do, at an instant: in a handler, which gets it, or outside of one, by [`Server::at`](super::Server::at).
pub struct Io<'s, E> {
    pub(super) engine: &'s mut engine::Server<E>,
    pub(super) state: &'s mut State,
    pub(super) now: Instant,
}

/// The refusal of a namespace that there is not, for [`Io::refuse`]: what the reference says then.
pub const INVALID_NAMESPACE: &str = r#"{"message":"Invalid namespace"}"#;

impl<E: Entropy> Io<'_, E> {
    /// Lets a client in. False if it does not wait for that, or not any more.
    pub fn accept(&mut self, socket: SocketId) -> bool {
        if !self.state.enter(socket) {
            return false;
        }
        if let Some(socket) = self.state.sockets.get(socket) {
            let json = alloc::format!(r#"{{"sid":"{}"}}"#, socket.sid());
            send(self.engine, socket.session, &Header::new(Kind::Connect, &socket.namespace), &json);
        }
        true
    }

    /// Does not let a client in. `error` is an object with a `message`, and `data` if you like; or a string. The socket is forgotten, without
    /// [`Disconnected`](super::Event::Disconnected). False if it does not wait, or not any more.
    ///
    /// # Errors
    /// `error` is not JSON, or neither of the two. The client waits on then.
    pub fn refuse(&mut self, socket: SocketId, error: &str) -> Result<bool, PacketError> {
        let Some(waiting) = self.state.sockets.get(socket).filter(|socket| socket.stage == Stage::Waiting) else {
            return Ok(false);
        };
        let (session, namespace) = (waiting.session, waiting.namespace.clone());
        let packet = Packet::new(Header::new(Kind::ConnectError, &namespace), error)?;
        send(self.engine, session, packet.header(), packet.json());
        self.state.forget_place(session, &namespace);
        self.state.sockets.remove(socket);
        Ok(true)
    }

    /// Sends a message to all of `to` that were accepted, and says how many they are. It is written once, and shared by all.
    pub fn emit<'t>(&mut self, to: impl Into<To<'t>>, message: &Message) -> usize {
        self.emit_if(&to.into(), message, |_, _| true)
    }

    /// The same, but a message does not wait: it is dropped for those to whom it would not go at once. For what is worth nothing later, such as
    /// positions.
    pub fn emit_volatile<'t>(&mut self, to: impl Into<To<'t>>, message: &Message) -> usize {
        self.emit_if(&to.into(), message, engine::Server::is_writable)
    }

    fn emit_if(&mut self, to: &To<'_>, message: &Message, is_ready: impl Fn(&engine::Server<E>, SessionId) -> bool) -> usize {
        let Some((namespace, sockets)) = self.state.select(&to.scope) else { return 0 };
        let packet = message.encode(namespace, None);
        let mut count: usize = 0;
        for socket in sockets.filter(|&socket| to.except != Some(socket)) {
            let Some(session) = self.state.connected(socket).map(|socket| socket.session) else { continue };
            if is_ready(self.engine, session) && packet.send(self.engine, session) {
                count = count.saturating_add(1);
            }
        }
        count
    }

    /// Sends a message to one socket, which is to answer within `timeout_ms` milliseconds, at least 1: [`Event::Ack`](super::Event::Ack) or
    /// [`Event::AckTimeout`](super::Event::AckTimeout) follows, unless the socket is over before.
    ///
    /// # Errors
    /// [`IoError::NotConnected`], [`IoError::TooManyAcks`]. Nothing is sent then.
    pub fn emit_with_ack(&mut self, socket: SocketId, message: &Message, timeout_ms: u32) -> Result<AckId, IoError> {
        let (deadline, max) = (later(self.now, timeout_ms.max(1)), self.state.config.max_acks);
        let owing = self.state.connected_mut(socket).ok_or(IoError::NotConnected)?;
        if owing.acks.len() >= max {
            return Err(IoError::TooManyAcks);
        }
        let id = AckId(owing.next_ack);
        owing.next_ack = owing.next_ack.saturating_add(1);
        owing.acks.insert(id, deadline);
        let session = owing.session;
        message.encode(&owing.namespace, Some(id.0)).send(self.engine, session);
        self.state.deadlines.insert((deadline, Deadline::Ack(socket, id)));
        Ok(id)
    }

    /// Answers an event. False if its socket is over.
    pub fn ack(&mut self, token: AckToken, answer: &Answer) -> bool {
        let AckToken { socket, id } = token;
        let Some(socket) = self.state.connected(socket) else { return false };
        answer.encode(&socket.namespace, id).send(self.engine, socket.session)
    }

    /// Puts a socket in a room of its namespace. That it is there already is no error.
    ///
    /// # Errors
    /// [`IoError::NotConnected`], [`IoError::TooManyRooms`].
    pub fn join(&mut self, socket: SocketId, room: &str) -> Result<(), IoError> {
        let max = self.state.config.max_rooms;
        let Some(joining) = self.state.sockets.get_mut(socket).filter(|socket| socket.stage == Stage::Connected) else {
            return Err(IoError::NotConnected);
        };
        if joining.rooms.contains(room) {
            return Ok(());
        }
        if joining.rooms.len() >= max {
            return Err(IoError::TooManyRooms);
        }
        let namespace = self.state.namespaces.entry(joining.namespace.clone()).or_default();
        let name = namespace.rooms.get_key_value(room).map_or_else(|| room.into(), |(name, _)| Name::clone(name));
        namespace.rooms.entry(name.clone()).or_default().insert(socket);
        joining.rooms.insert(name);
        Ok(())
    }

    /// Takes a socket out of a room. Whether it was there.
    pub fn leave(&mut self, socket: SocketId, room: &str) -> bool {
        let Some(leaving) = self.state.connected_mut(socket) else { return false };
        let was_there = leaving.rooms.remove(room);
        let namespace = leaving.namespace.clone();
        if let Some(namespace) = self.state.namespaces.get_mut(&namespace).filter(|_| was_there) {
            namespace.remove(room, socket);
        }
        was_there
    }

    /// The rooms of a socket, in the order of their names.
    pub fn rooms(&self, socket: SocketId) -> impl Iterator<Item = &str> {
        self.state.sockets.get(socket).into_iter().flat_map(|socket| &socket.rooms).map(|room| &**room)
    }

    /// The sockets in a room, in no order that means anything.
    pub fn members(&self, namespace: &str, room: &str) -> impl Iterator<Item = SocketId> {
        self.state.room(namespace, room).into_iter().flatten().copied()
    }

    /// The accepted sockets of a namespace, in no order that means anything.
    pub fn sockets(&self, namespace: &str) -> impl Iterator<Item = SocketId> {
        self.state.members(namespace).into_iter().flatten().copied()
    }

    /// Takes an accepted socket out of its namespace; its connection stays, and the client may connect to the namespace again. False if it was
    /// not accepted, or is over. [`Event::Disconnected`](super::Event::Disconnected) follows when the handler has returned; outside of one with
    /// the next call to the server, which [`next_timeout`](super::Server::next_timeout) asks for.
    pub fn disconnect(&mut self, socket: SocketId) -> bool {
        let Some(ending) = self.state.connected(socket) else { return false };
        let (session, namespace) = (ending.session, ending.namespace.clone());
        send(self.engine, session, &Header::new(Kind::Disconnect, &namespace), "");
        if let Some(place) = self.state.place(session, &namespace) {
            place.socket = None;
        }
        self.state.end(socket, Reason::ServerNamespaceDisconnect);
        true
    }

    /// Closes the connection of a socket, with all of its sockets, accepted or not, after what waits for the client has left. False if it is
    /// over. [`Event::Disconnected`](super::Event::Disconnected) follows for each of them as with [`disconnect`](Self::disconnect).
    pub fn close(&mut self, socket: SocketId) -> bool {
        let Some(session) = self.session(socket) else { return false };
        for socket in self.state.sockets_of(session) {
            self.disconnect(socket);
        }
        self.close_session(session, Reason::ServerNamespaceDisconnect)
    }

    /// Closes all connections, without telling their clients to stay away. [`Event::Disconnected`](super::Event::Disconnected) follows for each
    /// socket as with [`disconnect`](Self::disconnect).
    pub fn shut_down(&mut self) {
        while let Some((&session, _)) = self.state.connections.first_key_value() {
            self.close_session(session, Reason::ServerShuttingDown);
        }
    }

    /// False if there is none.
    pub(super) fn close_session(&mut self, session: SessionId, reason: Reason) -> bool {
        let is_known = self.state.close(session, reason);
        if is_known {
            self.engine.close(self.now, session);
        }
        is_known
    }

    /// Whether it was accepted and is not over.
    pub fn is_connected(&self, socket: SocketId) -> bool {
        self.state.connected(socket).is_some()
    }

    /// Its public id, which the client knows as `socket.id`: 20 characters, each a letter, a digit, `-` or `_`.
    pub fn sid(&self, socket: SocketId) -> Option<&str> {
        self.state.sockets.get(socket).map(Socket::sid)
    }

    /// Its namespace.
    pub fn namespace(&self, socket: SocketId) -> Option<&str> {
        self.state.sockets.get(socket).map(|socket| &*socket.namespace)
    }

    /// Its connection: the same for all sockets of a client.
    pub fn session(&self, socket: SocketId) -> Option<SessionId> {
        self.state.sockets.get(socket).map(|socket| socket.session)
    }

    /// What its connection goes over now. `None` if that is over.
    pub fn transport(&self, socket: SocketId) -> Option<Transport> {
        self.engine.transport(self.session(socket)?)
    }

    /// The instant at which this is.
    pub const fn now(&self) -> Instant {
        self.now
    }
}

/// Sends a packet without attachments.
fn send<E: Entropy>(engine: &mut engine::Server<E>, session: SessionId, header: &Header<'_>, json: &str) -> bool {
    Encoded::new(header, json, &[]).send(engine, session)
}
