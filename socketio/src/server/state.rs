//! What a server keeps: connections, their sockets, namespaces with their rooms, and deadlines.

use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::string::String;
use alloc::vec::Vec;
use bytes::Bytes;
use sansocket::Instant;

use super::config::Config;
use super::event::{AckId, Name, Reason, Scope, SocketId};
use crate::assembler::Assembler;
use crate::engine::server::{SessionId, Sid};
use crate::slab::Slab;

pub(super) struct State {
    pub(super) config: Config,
    pub(super) connections: BTreeMap<SessionId, Connection>,
    pub(super) sockets: Slab<Socket>,
    /// Those with accepted sockets.
    pub(super) namespaces: BTreeMap<Name, Namespace>,
    pub(super) deadlines: BTreeSet<(Instant, Deadline)>,
    /// Sockets that are over, until the application has been told.
    pub(super) ended: VecDeque<SocketId>,
}

/// A connection: a session of Engine.IO, in one namespace or in several.
pub(super) struct Connection {
    pub(super) assembler: Assembler,
    /// A packet whose attachments are coming.
    pub(super) incomplete: Option<Incomplete>,
    pub(super) places: Vec<Place>,
    /// Until when it has to be let into its first namespace, if it was not yet.
    pub(super) deadline: Instant,
}

pub(super) struct Incomplete {
    pub(super) text: String,
    pub(super) attachments: Vec<Bytes>,
    pub(super) bytes: usize,
}

/// A namespace that a connection is in, waits for, or was put out of.
pub(super) struct Place {
    pub(super) namespace: Name,
    /// `None` after we have disconnected the socket: what the client sent before it knew of that is no mistake.
    pub(super) socket: Option<SocketId>,
}

pub(super) struct Socket {
    pub(super) session: SessionId,
    pub(super) namespace: Name,
    /// Not that of its session, which is a secret.
    pub(super) sid: Sid,
    pub(super) stage: Stage,
    pub(super) rooms: BTreeSet<Name>,
    /// Our events without an answer, and until when they may get one.
    pub(super) acks: BTreeMap<AckId, Instant>,
    pub(super) next_ack: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// For the application to accept it.
    Waiting,
    Connected,
    /// The application is to be told why; `None` once it was, even if it has panicked at that.
    Ended(Option<Reason>),
}

#[derive(Default)]
pub(super) struct Namespace {
    pub(super) members: Members,
    pub(super) rooms: BTreeMap<Name, Members>,
}

pub(super) type Members = BTreeSet<SocketId>;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Deadline {
    Connect(SessionId),
    Ack(SocketId, AckId),
}

impl State {
    pub(super) const fn new(config: Config) -> Self {
        Self {
            config,
            connections: BTreeMap::new(),
            sockets: Slab::new(),
            namespaces: BTreeMap::new(),
            deadlines: BTreeSet::new(),
            ended: VecDeque::new(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.connections.is_empty()
            && self.sockets.is_empty()
            && self.namespaces.is_empty()
            && self.deadlines.is_empty()
            && self.ended.is_empty()
    }

    /// A socket that was accepted and is not over.
    pub(super) fn connected(&self, socket: SocketId) -> Option<&Socket> {
        self.sockets.get(socket).filter(|socket| socket.stage == Stage::Connected)
    }

    pub(super) fn connected_mut(&mut self, socket: SocketId) -> Option<&mut Socket> {
        self.sockets.get_mut(socket).filter(|socket| socket.stage == Stage::Connected)
    }

    pub(super) fn members(&self, namespace: &str) -> Option<&Members> {
        Some(&self.namespaces.get(namespace)?.members)
    }

    pub(super) fn room(&self, namespace: &str, room: &str) -> Option<&Members> {
        self.namespaces.get(namespace)?.rooms.get(room)
    }

    /// The namespace and the accepted sockets that are meant.
    pub(super) fn select<'a>(&'a self, scope: &Scope<'a>) -> Option<(&'a str, impl Iterator<Item = SocketId> + use<'a>)> {
        let (namespace, one, many) = match *scope {
            Scope::Socket(id) => (&*self.connected(id)?.namespace, Some(id), None),
            Scope::Namespace(namespace) => (namespace, None, Some(self.members(namespace)?)),
            Scope::Room(namespace, room) => (namespace, None, Some(self.room(namespace, room)?)),
        };
        Some((namespace, one.into_iter().chain(many.into_iter().flatten().copied())))
    }

    /// All sockets of a connection.
    pub(super) fn sockets_of(&self, session: SessionId) -> Vec<SocketId> {
        let connection = self.connections.get(&session);
        connection.into_iter().flat_map(|connection| &connection.places).filter_map(|place| place.socket).collect()
    }

    /// The name as it is shared by all who are in the namespace.
    pub(super) fn name(&self, namespace: &str) -> Name {
        self.namespaces.get_key_value(namespace).map_or_else(|| namespace.into(), |(name, _)| name.clone())
    }

    pub(super) fn open(&mut self, session: SessionId, now: Instant) {
        let deadline = later(now, self.config.connect_timeout_ms);
        self.deadlines.insert((deadline, Deadline::Connect(session)));
        let assembler = Assembler::new(self.config.limits);
        let connection = Connection { assembler, incomplete: None, places: Vec::new(), deadline };
        self.connections.insert(session, connection);
    }

    /// Forgets a connection, and ends its sockets. False if there is none.
    pub(super) fn close(&mut self, session: SessionId, reason: Reason) -> bool {
        let Some(connection) = self.connections.remove(&session) else { return false };
        self.deadlines.remove(&(connection.deadline, Deadline::Connect(session)));
        for socket in connection.places.iter().filter_map(|place| place.socket) {
            self.end(socket, reason);
        }
        true
    }

    /// A waiting socket becomes one of its namespace. False if it does not wait.
    pub(super) fn enter(&mut self, id: SocketId) -> bool {
        let Some(socket) = self.sockets.get_mut(id).filter(|socket| socket.stage == Stage::Waiting) else { return false };
        socket.stage = Stage::Connected;
        self.namespaces.entry(socket.namespace.clone()).or_default().members.insert(id);
        if let Some(connection) = self.connections.get(&socket.session) {
            self.deadlines.remove(&(connection.deadline, Deadline::Connect(socket.session)));
        }
        true
    }

    /// Takes a socket out of all but its own record, which stays until the application has been told.
    pub(super) fn end(&mut self, id: SocketId, reason: Reason) {
        let Some(socket) = self.sockets.get_mut(id) else { return };
        if matches!(socket.stage, Stage::Ended(_)) {
            return;
        }
        socket.stage = Stage::Ended(Some(reason));
        for (ack, deadline) in core::mem::take(&mut socket.acks) {
            self.deadlines.remove(&(deadline, Deadline::Ack(id, ack)));
        }
        if let Some(namespace) = self.namespaces.get_mut(&socket.namespace) {
            namespace.members.remove(&id);
            for room in &socket.rooms {
                namespace.remove(room, id);
            }
            if namespace.members.is_empty() {
                self.namespaces.remove(&socket.namespace);
            }
        }
        self.ended.push_back(id);
    }

    /// What the application is to be told of a socket that is over.
    pub(super) fn take_end(&mut self, id: SocketId) -> Option<(Name, Reason)> {
        let socket = self.sockets.get_mut(id)?;
        let Stage::Ended(reason) = &mut socket.stage else { return None };
        Some((socket.namespace.clone(), reason.take()?))
    }

    /// The connection's place in a namespace.
    pub(super) fn place(&mut self, session: SessionId, namespace: &str) -> Option<&mut Place> {
        let places = &mut self.connections.get_mut(&session)?.places;
        places.iter_mut().find(|place| *place.namespace == *namespace)
    }

    pub(super) fn forget_place(&mut self, session: SessionId, namespace: &str) {
        if let Some(connection) = self.connections.get_mut(&session) {
            connection.places.retain(|place| *place.namespace != *namespace);
        }
    }

    /// Whether the answer was outstanding; it is no longer.
    pub(super) fn take_ack(&mut self, id: SocketId, ack: AckId) -> bool {
        let deadline = self.connected_mut(id).and_then(|socket| socket.acks.remove(&ack));
        deadline.is_some_and(|deadline| self.deadlines.remove(&(deadline, Deadline::Ack(id, ack))))
    }

    /// Takes a deadline that has passed.
    pub(super) fn take_deadline(&mut self, now: Instant) -> Option<Deadline> {
        let &(at, deadline) = self.deadlines.first().filter(|(at, _)| *at <= now)?;
        self.deadlines.remove(&(at, deadline));
        Some(deadline)
    }
}

impl Socket {
    pub(super) fn sid(&self) -> &str {
        // It is ASCII.
        core::str::from_utf8(&self.sid).unwrap_or_default()
    }
}

impl Namespace {
    /// Takes a socket out of a room, which is gone with its last one. Whether it was there.
    pub(super) fn remove(&mut self, room: &str, id: SocketId) -> bool {
        let Some(members) = self.rooms.get_mut(room) else { return false };
        let was_there = members.remove(&id);
        if members.is_empty() {
            self.rooms.remove(room);
        }
        was_there
    }
}

/// So many milliseconds after `now`.
pub(super) fn later(now: Instant, ms: u32) -> Instant {
    Instant::from_micros(now.as_micros().saturating_add(u64::from(ms).saturating_mul(1000)))
}
