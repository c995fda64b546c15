//! What arrives: events of the session, packets of Engine.IO in them, packets of Socket.IO in those.

use sansocket::{Codec, Data, Entropy, MessageKind};
use sansocket_session::{Cause, Commands, Event as Session};

use super::Asker;
use super::event::{Event, Fault, Reason, Refusal};
use super::parts::{Link, Parts, after};
use super::slots::{AckId, AckSlot, AckState, State};
use crate::assembler::Assembler;
use crate::engine;
use crate::header::Kind;
use crate::json::Text;
use crate::packet::{Limits, Packet};

impl Parts<'_> {
    pub(super) fn handle<'i, E: Entropy, D: Codec>(
        &mut self,
        event: Session<'i>,
        ws: &mut Commands<'_, '_, E, D>,
    ) -> Option<Event<'i>> {
        self.core.stuck = None;
        let event = match event {
            Session::Data(_) if self.core.link == Link::Away => None,
            Session::Data(data) => match self.message(data, ws) {
                Ok(event) => event,
                Err(fault) => {
                    self.fail(fault, ws);
                    None
                }
            },
            Session::Down { cause, retry_in_ms, unconfirmed, .. } => {
                let (fault, retry_in_ms) = self.down(cause, retry_in_ms, ws);
                Some(Event::Down { cause, fault, retry_in_ms, unconfirmed })
            }
            other => {
                self.note(&other, ws);
                Some(Event::Session(other))
            }
        };
        self.hold_or_release(ws);
        event
    }

    /// Events that are the application's.
    fn note<E: Entropy, D: Codec>(&mut self, event: &Session<'_>, ws: &mut Commands<'_, '_, E, D>) {
        match event {
            Session::Up(_) => {
                self.core.leave_link();
                self.core.link = Link::Opening;
                self.core.deadline = after(ws.now(), self.config.open_timeout_ms.into());
                self.core.assembler = Assembler::new(Limits::new().max_attachments(self.config.max_attachments));
                self.core.connection = self.core.connection.wrapping_add(1);
                self.core.fault = None;
            }
            Session::Dropped(numbers) => self.note_dropped(numbers),
            // Nothing can be sent any longer.
            Session::CloseReceived { .. } | Session::Failed { .. } => self.core.leave_link(),
            _ => {}
        }
    }

    /// The connection has ended. Why we dropped it, if we did, and when the next dial is.
    fn down<E: Entropy, D: Codec>(
        &mut self,
        cause: Cause,
        retry_in_ms: Option<u64>,
        ws: &mut Commands<'_, '_, E, D>,
    ) -> (Option<Fault>, Option<u64>) {
        self.core.leave_link();
        let fault = self.core.fault.take().filter(|_| cause == Cause::Dropped);
        let reason = fault.map_or_else(|| reason_of(cause), Fault::reason);
        for index in 0..self.names.slots.len() {
            self.names.forget_next(index);
            match self.names.state(index) {
                State::Off | State::Wanted => {}
                State::Joining | State::Pending => self.names.set_state(index, State::Wanted),
                State::Connected => {
                    self.names.set_state(index, State::Wanted);
                    if let Some(slot) = self.names.slots.get_mut(index) {
                        slot.gone = Some(reason);
                    }
                }
                State::Cancelled => self.close(index, None),
                State::Leaving => self.close(index, Some(Reason::IoClientDisconnect)),
            }
        }
        // What waits goes to the next connection, and was not handed to this one.
        let oldest = ws.oldest_queued().unwrap_or(u64::MAX);
        self.lose_acks(|ack| ack.number < oldest);
        self.drop_unwanted(ws);
        let comes_back = matches!(cause, Cause::Closed(_)) && self.names.find(State::is_wanted).is_some();
        let retry_in_ms = retry_in_ms.or_else(|| if comes_back { ws.retry() } else { None });
        (fault, retry_in_ms)
    }

    fn message<'i, E: Entropy, D: Codec>(
        &mut self,
        data: Data<'i>,
        ws: &mut Commands<'_, '_, E, D>,
    ) -> Result<Option<Event<'i>>, Fault> {
        let Data { kind, payload, offset: 0, last: true, .. } = data else { return Err(Fault::Unexpected) };
        let payload: &'i [u8] = payload;
        match (kind, self.core.link) {
            (MessageKind::Text, _) => self.text(core::str::from_utf8(payload).map_err(|_| Fault::Unexpected)?, ws),
            (MessageKind::Binary, Link::Open) => self.attachment(payload),
            (MessageKind::Binary, _) => Err(Fault::Unexpected),
        }
    }

    fn text<'i, E: Entropy, D: Codec>(
        &mut self,
        text: &'i str,
        ws: &mut Commands<'_, '_, E, D>,
    ) -> Result<Option<Event<'i>>, Fault> {
        use engine::Packet as P;
        match (engine::Packet::decode(text).map_err(Fault::Engine)?, self.core.link) {
            (P::Open(json), Link::Opening) => {
                let handshake = engine::Handshake::parse(json).map_err(Fault::Engine)?;
                self.core.link = Link::Open;
                self.core.patience_ms = handshake.ping_interval_ms.saturating_add(handshake.ping_timeout_ms);
                self.core.max_payload = handshake.max_payload;
                self.core.deadline = after(ws.now(), self.core.patience_ms);
            }
            (P::Ping(_), Link::Open) => {
                self.core.deadline = after(ws.now(), self.core.patience_ms);
                self.core.owes_pong = true;
                self.pong(ws);
            }
            (P::Close, _) => return Err(Fault::ClosedByServer),
            (P::Message(text), Link::Open) => return self.packet(text, ws),
            (P::Message(_) | P::Binary(_) | P::Base64(_) | P::Ping(_), _) => return Err(Fault::Unexpected),
            // A second handshake, and what belongs to polling.
            (P::Open(_) | P::Pong(_) | P::Upgrade | P::Noop, _) => {}
        }
        Ok(None)
    }

    fn packet<'i, E: Entropy, D: Codec>(
        &mut self,
        text: &'i str,
        ws: &mut Commands<'_, '_, E, D>,
    ) -> Result<Option<Event<'i>>, Fault> {
        let packet = self.core.assembler.text(text).map_err(Fault::Packet)?;
        self.core.attachments_of = None;
        let Some(index) = self.names.by_name_of_server(packet.namespace()) else { return Ok(None) };
        let namespace = self.names.id(index);
        let error = |error| Event::ConnectError { namespace, error };
        Ok(match (packet.kind(), self.names.state(index)) {
            (Kind::Connect, State::Wanted | State::Joining | State::Pending | State::Cancelled) => {
                self.joined(index, &packet, ws)
            }
            (Kind::ConnectError, State::Pending | State::Cancelled) => {
                self.turn_off(index, None, ws);
                packet.payload().map(|payload| error(Refusal::Refused(payload)))
            }
            (Kind::Disconnect, State::Pending | State::Cancelled) => {
                self.turn_off(index, None, ws);
                Some(error(Refusal::Closed))
            }
            (Kind::Disconnect, State::Connected | State::Leaving) => {
                self.turn_off(index, None, ws);
                Some(Event::Disconnected { namespace, reason: Reason::IoServerDisconnect })
            }
            (Kind::Event | Kind::BinaryEvent, State::Pending | State::Connected) => Some(self.event(index, packet)),
            (Kind::Ack | Kind::BinaryAck, _) => self.answer(index, packet),
            _ => None,
        })
    }

    /// The server's answer to CONNECT, or what a server of Socket.IO 2 says unasked.
    fn joined<'i, E: Entropy, D: Codec>(
        &mut self,
        index: usize,
        packet: &Packet<'i>,
        ws: &mut Commands<'_, '_, E, D>,
    ) -> Option<Event<'i>> {
        let namespace = self.names.id(index);
        let text = |name| packet.payload().and_then(|payload| payload.get(name)).and_then(|value| value.text());
        let Some(sid) = text("sid") else {
            self.turn_off(index, None, ws);
            return Some(Event::ConnectError { namespace, error: Refusal::OldServer });
        };
        let state = match self.names.state(index) {
            State::Pending => State::Connected,
            // It comes and goes.
            State::Cancelled => State::Leaving,
            _ => return None,
        };
        let pid = text("pid").map_or("", |pid: Text<'i>| pid.raw());
        let recovered = !pid.is_empty() && pid == self.names.pid(index);
        if !recovered {
            self.names.set_pid(index, pid);
        }
        self.names.set_state(index, state);
        Some(Event::Connected { namespace, sid, recovered })
    }

    fn event<'i>(&mut self, index: usize, packet: Packet<'i>) -> Event<'i> {
        let namespace = self.names.id(index);
        // As in the reference: events with an id are not kept by the server.
        if !self.names.pid(index).is_empty() && packet.id().is_none() {
            if let Some(offset) = packet.args().last().and_then(|arg| arg.text()) {
                self.names.set_offset(index, offset.raw());
            }
        }
        if packet.attachments() == 0 {
            self.names.advance(index);
        } else {
            self.core.attachments_of = Some(namespace);
        }
        let asker = packet.id().map(|id| Asker { namespace, id, connection: self.core.connection });
        Event::Event { namespace, packet, asker }
    }

    fn answer<'i>(&mut self, index: usize, packet: Packet<'i>) -> Option<Event<'i>> {
        let namespace = self.names.id(index);
        let is_it =
            |ack: &&mut AckSlot| ack.state == AckState::Waiting && Some(ack.id) == packet.id() && ack.namespace == namespace.0;
        let ack = core::mem::replace(self.acks.iter_mut().find(is_it)?, AckSlot::EMPTY);
        if packet.attachments() > 0 {
            self.core.attachments_of = Some(namespace);
        }
        Some(Event::Ack { ack: AckId(ack.id), namespace, packet })
    }

    fn attachment<'i>(&mut self, bytes: &'i [u8]) -> Result<Option<Event<'i>>, Fault> {
        let attachment = self.core.assembler.binary(bytes).map_err(Fault::Packet)?;
        let Some(namespace) = self.core.attachments_of else { return Ok(None) };
        if attachment.is_last() {
            self.core.attachments_of = None;
            if let Some(index) = self.names.index_of(namespace) {
                self.names.advance(index);
            }
        }
        Ok(Some(Event::Attachment { namespace, attachment }))
    }

    /// Answers a ping, as soon as there is room.
    pub(super) fn pong<E: Entropy, D: Codec>(&mut self, ws: &mut Commands<'_, '_, E, D>) {
        if self.core.owes_pong && ws.send_now(MessageKind::Text, b"3").is_ok() {
            self.core.owes_pong = false;
        }
    }
}

fn reason_of(cause: Cause) -> Reason {
    use sansocket::EndCause;
    match cause {
        Cause::HeartbeatTimeout | Cause::Lost(EndCause::PongTimeout) => Reason::PingTimeout,
        Cause::Failed(_) => Reason::TransportError,
        Cause::Application => Reason::ForcedClose,
        _ => Reason::TransportClose,
    }
}
