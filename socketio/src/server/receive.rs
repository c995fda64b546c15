//! What clients send: read, checked against what their connection has done before, and told to the application.

use alloc::borrow::ToOwned;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use bytes::Bytes;
use sansocket::Entropy;

use super::config::MAX_NAMESPACE_LEN;
use super::event::{AckId, AckToken, Event, Reason, SocketId};
use super::io::Io;
use super::state::{Deadline, Incomplete, Place, Socket, Stage};
use crate::engine::server::{self as engine, SessionId};
use crate::error::PacketError;
use crate::header::Kind;
use crate::packet::Packet;

/// The client has done what no good client does: its connection is closed.
struct Fault;

impl From<PacketError> for Fault {
    fn from(_: PacketError) -> Self {
        Self
    }
}

/// Where a packet goes.
enum Route {
    /// To the application: the client wants in.
    Connect,
    /// To a socket.
    Socket(SocketId),
    /// Nowhere: it has crossed the packet by which we have disconnected its socket.
    Late,
}

impl<E: Entropy> Io<'_, E> {
    /// What happens below, told to the application as what it means here.
    pub(super) fn handle(&mut self, event: engine::Event<'_>, on: &mut impl FnMut(&mut Io<'_, E>, Event<'_>)) {
        match event {
            engine::Event::Opened(session) => self.state.open(session, self.now),
            engine::Event::Message(session, message) => {
                let handled = match message {
                    engine::Message::Text(text) => self.text(session, text, on),
                    engine::Message::Binary(bytes) => self.binary(session, bytes, on),
                };
                if handled.is_err() {
                    self.close_session(session, Reason::ForcedClose);
                }
            }
            engine::Event::Upgraded(_) => {}
            engine::Event::Closed(session, reason) => drop(self.state.close(session, reason.into())),
        }
        self.report(on);
    }

    /// Does what is due by now.
    pub(super) fn expire(&mut self, on: &mut impl FnMut(&mut Io<'_, E>, Event<'_>)) {
        self.report(on);
        while let Some(deadline) = self.state.take_deadline(self.now) {
            match deadline {
                Deadline::Connect(session) => drop(self.close_session(session, Reason::ForcedClose)),
                Deadline::Ack(socket, id) => {
                    if let Some(owing) = self.state.connected_mut(socket) {
                        owing.acks.remove(&id);
                        on(self, Event::AckTimeout { socket, id });
                    }
                }
            }
            self.report(on);
        }
    }

    /// Tells of the sockets that are over, and forgets them.
    pub(super) fn report(&mut self, on: &mut impl FnMut(&mut Io<'_, E>, Event<'_>)) {
        while let Some(&id) = self.state.ended.front() {
            if let Some((namespace, reason)) = self.state.take_end(id) {
                on(self, Event::Disconnected { socket: id, namespace: &namespace, reason });
            }
            self.state.ended.pop_front();
            self.state.sockets.remove(id);
        }
    }

    fn text(&mut self, session: SessionId, text: &str, on: &mut impl FnMut(&mut Io<'_, E>, Event<'_>)) -> Result<(), Fault> {
        let Some(connection) = self.state.connections.get_mut(&session) else { return Ok(()) };
        let packet = connection.assembler.text(text)?;
        if packet.attachments() == 0 {
            return self.packet(session, &packet, &[], on);
        }
        connection.incomplete = Some(Incomplete { text: text.to_owned(), attachments: Vec::new(), bytes: 0 });
        // Nothing is collected for who may not send it.
        self.route(session, &packet).map(drop)
    }

    fn binary(&mut self, session: SessionId, bytes: &[u8], on: &mut impl FnMut(&mut Io<'_, E>, Event<'_>)) -> Result<(), Fault> {
        let config = self.state.config;
        let Some(connection) = self.state.connections.get_mut(&session) else { return Ok(()) };
        let is_last = connection.assembler.binary(bytes)?.is_last();
        let incomplete = connection.incomplete.as_mut().ok_or(Fault)?;
        incomplete.bytes = incomplete.bytes.saturating_add(bytes.len());
        if incomplete.bytes > config.max_attachment_bytes {
            return Err(Fault);
        }
        incomplete.attachments.push(Bytes::copy_from_slice(bytes));
        match connection.incomplete.take_if(|_| is_last) {
            Some(complete) => {
                let packet = Packet::decode(&complete.text, config.limits)?;
                self.packet(session, &packet, &complete.attachments, on)
            }
            None => Ok(()),
        }
    }

    /// What may be sent when.
    fn route(&mut self, session: SessionId, packet: &Packet<'_>) -> Result<Route, Fault> {
        let place = self.state.place(session, packet.namespace()).map(|place| place.socket);
        match (packet.kind(), place) {
            // Only servers send it.
            (Kind::ConnectError, _) => Err(Fault),
            (Kind::Connect, None | Some(None)) => Ok(Route::Connect),
            (Kind::Connect, Some(Some(_))) | (_, None) => Err(Fault),
            (_, Some(None)) => Ok(Route::Late),
            (_, Some(Some(socket))) => self.state.connected(socket).map(|_| Route::Socket(socket)).ok_or(Fault),
        }
    }

    fn packet(
        &mut self,
        session: SessionId,
        packet: &Packet<'_>,
        attachments: &[Bytes],
        on: &mut impl FnMut(&mut Io<'_, E>, Event<'_>),
    ) -> Result<(), Fault> {
        let packet = *packet;
        match self.route(session, &packet)? {
            Route::Connect => {
                let socket = self.connect(session, packet.namespace())?;
                on(self, Event::Connect { socket, namespace: packet.namespace(), auth: packet.payload() });
            }
            Route::Late if packet.kind() == Kind::Disconnect => self.state.forget_place(session, packet.namespace()),
            Route::Late => {}
            Route::Socket(socket) if packet.kind() == Kind::Disconnect => {
                self.state.forget_place(session, packet.namespace());
                self.state.end(socket, Reason::ClientNamespaceDisconnect);
            }
            Route::Socket(socket) if packet.kind().is_ack() => {
                // An answer that nobody waits for is ignored: it may be late.
                if let Some(id) = packet.id().map(AckId).filter(|&id| self.state.take_ack(socket, id)) {
                    on(self, Event::Ack { socket, id, packet, attachments });
                }
            }
            Route::Socket(socket) => {
                let ack = packet.id().map(|id| AckToken { socket, id });
                on(self, Event::Message { socket, packet, attachments, ack });
            }
        }
        Ok(())
    }

    /// A new socket, which waits for the application.
    fn connect(&mut self, session: SessionId, namespace: &str) -> Result<SocketId, Fault> {
        let max = self.state.config.max_namespaces;
        let sid = self.engine.draw_sid().map_err(|_| Fault)?;
        let namespace = self.state.name(namespace);
        let places = &mut self.state.connections.get_mut(&session).ok_or(Fault)?.places;
        places.retain(|place| place.namespace != namespace);
        if places.len() >= max {
            // Places that only wait for late packets give way: those have come by now, or soon do.
            places.retain(|place| place.socket.is_some());
        }
        if places.len() >= max || namespace.len() > MAX_NAMESPACE_LEN {
            return Err(Fault);
        }
        let socket = Socket {
            session,
            namespace: namespace.clone(),
            sid,
            stage: Stage::Waiting,
            rooms: BTreeSet::new(),
            acks: BTreeMap::new(),
            next_ack: 0,
        };
        let id = SocketId(self.state.sockets.insert(socket).ok_or(Fault)?);
        places.push(Place { namespace, socket: Some(id) });
        Ok(id)
    }
}
