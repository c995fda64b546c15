//! How sessions begin, what their time brings, and how they end.

use super::heartbeat::Heartbeat;
use super::polling::{self, NOOP};
use super::queue::CLOSE;
use super::queue::Queue;
use super::session::{Candidate, Life, Session, Transport};
use super::sid::Sid;
use super::{Due, Event, Outgoing, Reason, Server, SessionId, after};
use crate::engine::{Handshake, Packet};
use crate::json::Text;
use alloc::collections::VecDeque;
use bytes::Bytes;
use sansocket::{Entropy, Instant};

const PING: Bytes = Bytes::from_static(b"2");

impl<E: Entropy> Server<E> {
    /// `None` if there is such a session already, or one too many.
    pub(super) fn start(&mut self, now: Instant, sid: Sid, transport: Transport) -> Option<SessionId> {
        if self.sids.contains_key(&sid) || self.sids.len() >= self.config.max_sessions {
            return None;
        }
        let heartbeat = Heartbeat::new(now, &self.config);
        let armed = heartbeat.deadline();
        let session = Session { sid, transport, queue: Queue::default(), life: Life::Open(heartbeat), armed };
        let id = SessionId(self.sessions.insert(session)?);
        self.sids.insert(sid, id);
        self.timers.insert((armed, id));
        Some(id)
    }

    /// What a client is told first.
    pub(super) fn open_packet(&self, sid: &Sid, can_upgrade: bool) -> Bytes {
        let handshake = Handshake {
            // It has neither quotes nor escapes.
            sid: Text::checked(core::str::from_utf8(sid).unwrap_or_default()),
            can_upgrade,
            ping_interval_ms: self.config.ping_interval_ms.into(),
            ping_timeout_ms: self.config.ping_timeout_ms.into(),
            max_payload: u64::try_from(self.config.max_payload).ok(),
        };
        let (mut json, mut packet) = ([0; 200], [0; 200]);
        let packet = handshake.encode(&mut json).and_then(|json| Packet::Open(json).encode(&mut packet));
        Bytes::copy_from_slice(packet.unwrap_or_default().as_bytes())
    }

    /// A packet of a client's, by whatever way it came. Fails with the reason why the session is to end.
    pub(super) fn take(
        &mut self,
        now: Instant,
        id: SessionId,
        packet: Packet<'_>,
        on: &mut impl FnMut(&mut Self, Event<'_>),
    ) -> Result<(), Reason> {
        let Some(Session { life: Life::Open(heartbeat), .. }) = self.sessions.get_mut(id) else { return Ok(()) };
        match packet {
            Packet::Pong(_) => *heartbeat = Heartbeat::new(now, &self.config),
            _ => heartbeat.extend(now, &self.config),
        }
        self.rearm(id);
        self.deliver(id, packet, on)
    }

    fn deliver(&mut self, id: SessionId, packet: Packet<'_>, on: &mut impl FnMut(&mut Self, Event<'_>)) -> Result<(), Reason> {
        match packet {
            Packet::Message(text) => on(self, Event::Message(id, super::Message::Text(text))),
            Packet::Binary(bytes) => on(self, Event::Message(id, super::Message::Binary(bytes))),
            Packet::Base64(text) => {
                let mut room = alloc::vec![0; crate::engine::base64_len(text)];
                let bytes = crate::engine::decode_base64(text, &mut room).map_err(|_| Reason::ParseError)?;
                on(self, Event::Message(id, super::Message::Binary(bytes)));
            }
            Packet::Close => return Err(Reason::TransportClose),
            Packet::Ping(_) => return Err(Reason::TransportError),
            Packet::Open(_) | Packet::Pong(_) | Packet::Upgrade | Packet::Noop => {}
        }
        Ok(())
    }

    /// What the timer of a session has brought. Afterwards it stands later, or the session is over.
    pub(super) fn do_due(&mut self, now: Instant, id: SessionId) {
        let Some(session) = self.sessions.get_mut(id) else { return };
        match &session.life {
            Life::Closing { until } if *until <= now => return self.end(id, Reason::ForcedClose),
            Life::Open(Heartbeat::Pong { by, .. }) if *by <= now => return self.end(id, Reason::PingTimeout),
            Life::Open(Heartbeat::Ping { at }) if *at <= now => {
                session.life = Life::Open(Heartbeat::pinged(now, &self.config));
                session.queue.push(Outgoing::Text(PING));
            }
            _ => {}
        }
        if session.candidate().is_some_and(|candidate| candidate.deadline <= now) {
            self.close_candidate(id);
        } else if session.candidate().is_some_and(|candidate| candidate.next_noop.is_some_and(|at| at <= now)) {
            session.end_poll(now);
        }
        self.set_outlet_ready(id);
        self.rearm(id);
    }

    /// What waits can go, or the poll is to end.
    pub(super) fn set_outlet_ready(&mut self, id: SessionId) {
        let Some(session) = self.sessions.get(id) else { return };
        let is_due = !session.queue.is_empty() || session.poll_ends();
        let outlet = session.outlet().filter(|_| is_due);
        self.set_ready(outlet);
    }

    /// To be called when the session waits for something else.
    pub(super) fn rearm(&mut self, id: SessionId) {
        let Some(session) = self.sessions.get_mut(id) else { return };
        let deadline = session.deadline();
        if deadline != session.armed {
            self.timers.remove(&(session.armed, id));
            self.timers.insert((deadline, id));
            session.armed = deadline;
        }
    }

    /// The session is over, for the program and for the client. What was to leave before leaves, if the client takes it.
    pub(super) fn end(&mut self, id: SessionId, reason: Reason) {
        let Some(mut session) = self.remove(id) else { return };
        if session.is_open() {
            self.closed.push_back((id, reason));
        }
        if let Some(Candidate { key, .. }) = session.take_candidate() {
            self.links.end(key, [Due::Close].into());
        }
        match session.transport {
            Transport::Polling { poll: Some(poll), .. } => {
                let body = match (session.queue.pop_body(self.config.max_payload), reason) {
                    (rest, _) if !rest.is_empty() => rest,
                    (_, Reason::TransportClose) => NOOP,
                    _ => CLOSE,
                };
                self.links.end(poll.key, [Due::Respond(polling::response(body))].into());
            }
            Transport::Polling { poll: None, .. } => {}
            Transport::WebSocket { key, wants_base64 } => {
                let takes_nothing = matches!(reason, Reason::PingTimeout | Reason::QueueFull);
                let rest = if takes_nothing { Queue::default() } else { session.queue };
                self.links.end(key, rest.into_dues(wants_base64));
            }
        }
    }

    /// The session is over for the program. The client gets what waits for it.
    pub(super) fn close_softly(&mut self, now: Instant, id: SessionId) {
        let Some(session) = self.sessions.get_mut(id).filter(|session| session.is_open()) else { return };
        self.closed.push_back((id, Reason::ForcedClose));
        match session.transport {
            Transport::Polling { .. } => {
                session.life = Life::Closing { until: after(now, self.config.ping_timeout_ms) };
                session.queue.push(Outgoing::Text(CLOSE));
                self.set_outlet_ready(id);
                self.rearm(id);
            }
            Transport::WebSocket { key, wants_base64 } => {
                let rest = self.remove(id).map_or_else(VecDeque::new, |session| session.queue.into_dues(wants_base64));
                self.links.end(key, rest);
            }
        }
    }

    /// Nobody finds it any more.
    pub(super) fn remove(&mut self, id: SessionId) -> Option<Session> {
        let session = self.sessions.remove(id)?;
        self.sids.remove(&session.sid);
        self.timers.remove(&(session.armed, id));
        Some(session)
    }

    /// Tells of those that are over.
    pub(super) fn tell_closed(&mut self, on: &mut impl FnMut(&mut Self, Event<'_>)) {
        while let Some((id, reason)) = self.closed.pop_front() {
            on(self, Event::Closed(id, reason));
        }
    }
}
