//! WebSocket: sessions that open with it, and those that upgrade to it from polling.

use super::query::{Query, Refusal};
use super::session::{Candidate, Life, NOOP_INTERVAL_MS, Session, Transport};
use super::sid::{self, Sid};
use super::{Answer, Due, Event, Key, Message, Outgoing, Reason, Role, Server, SessionId, after};
use crate::engine::Packet;
use alloc::collections::VecDeque;
use bytes::Bytes;
use sansocket::{Entropy, Instant};

const PONG: Bytes = Bytes::from_static(b"3probe");

impl<E: Entropy> Server<E> {
    pub(super) fn promise_websocket(&mut self, key: Key, query: &Query<'_>) -> Result<Answer, Refusal> {
        let sid = sid::draw(&mut self.entropy).map_err(|_| Refusal::NoEntropy)?;
        self.links.insert(key, Role::Opening { sid, wants_base64: query.wants_base64 });
        Ok(Answer::Upgrade)
    }

    pub(super) fn open_websocket(
        &mut self,
        now: Instant,
        key: Key,
        (sid, wants_base64): (Sid, bool),
        on: &mut impl FnMut(&mut Self, Event<'_>),
    ) {
        let Some(id) = self.start(now, sid, Transport::WebSocket { key, wants_base64 }) else {
            return self.links.end(key, [Due::Close].into());
        };
        self.links.set_role(key, Role::Of(id));
        let packet = self.open_packet(&sid, false);
        if let Some(session) = self.sessions.get_mut(id) {
            session.queue.push(Outgoing::Text(packet));
        }
        self.set_outlet_ready(id);
        on(self, Event::Opened(id));
    }

    /// A second connection, to upgrade to. There is at most one, and none after an upgrade.
    pub(super) fn join(&mut self, now: Instant, key: Key, id: SessionId, wants_base64: bool) {
        let deadline = after(now, self.config.upgrade_timeout_ms);
        let place = match self.sessions.get_mut(id) {
            Some(Session { transport: Transport::Polling { candidate, .. }, .. }) if candidate.is_none() => candidate,
            _ => return self.links.end(key, [Due::Close].into()),
        };
        *place = Some(Candidate { key, wants_base64, deadline, next_noop: None, owes_pong: false });
        self.links.set_role(key, Role::Of(id));
        self.rearm(id);
    }

    pub(super) fn receive_message(
        &mut self,
        now: Instant,
        id: SessionId,
        message: Message<'_>,
        on: &mut impl FnMut(&mut Self, Event<'_>),
    ) {
        let packet = match message {
            Message::Text(text) => Packet::decode(text).map_err(|_| Reason::ParseError),
            Message::Binary(bytes) => Ok(Packet::Binary(bytes)),
        };
        if let Err(reason) = packet.and_then(|packet| self.take(now, id, packet, on)) {
            self.end(id, reason);
        }
    }

    /// A message of a connection that is to be upgraded to. One that does not belong there costs this connection only.
    pub(super) fn receive_probe(
        &mut self,
        now: Instant,
        id: SessionId,
        message: Message<'_>,
        on: &mut impl FnMut(&mut Self, Event<'_>),
    ) {
        match message {
            Message::Text("2probe") => self.probed(now, id),
            Message::Text(text) if Packet::decode(text) == Ok(Packet::Upgrade) => self.upgrade(id, on),
            _ => self.close_candidate(id),
        }
    }

    fn probed(&mut self, now: Instant, id: SessionId) {
        let Some(candidate) = self.sessions.get_mut(id).and_then(Session::candidate) else { return };
        candidate.owes_pong = true;
        candidate.next_noop = Some(after(now, NOOP_INTERVAL_MS));
        self.links.set_ready(candidate.key);
        self.rearm(id);
    }

    pub(super) fn pull_pong(&mut self, id: SessionId) -> Option<Due> {
        let candidate = self.sessions.get_mut(id)?.candidate()?;
        core::mem::take(&mut candidate.owes_pong).then_some(Due::Text(PONG))
    }

    /// All that waits goes over the WebSocket from here on. The client has no poll left that could have an older message.
    fn upgrade(&mut self, id: SessionId, on: &mut impl FnMut(&mut Self, Event<'_>)) {
        let Some(session) = self.sessions.get_mut(id) else { return };
        let Some(Candidate { key, wants_base64, owes_pong, .. }) = session.take_candidate() else { return };
        if owes_pong {
            session.queue.push_first(Outgoing::Text(PONG));
        }
        if let Some(poll) = session.take_poll() {
            // As one that comes a moment later.
            self.links.end(poll.key, [Due::Respond(Refusal::BadRequest.response())].into());
        }
        if let Life::Closing { .. } = session.life {
            // The end of the WebSocket says what the packet would have said.
            session.queue.pop_last();
            let rest = self.remove(id).map_or_else(VecDeque::new, |session| session.queue.into_dues(wants_base64));
            return self.links.end(key, rest);
        }
        session.transport = Transport::WebSocket { key, wants_base64 };
        self.set_outlet_ready(id);
        self.rearm(id);
        on(self, Event::Upgraded(id));
    }

    pub(super) fn close_candidate(&mut self, id: SessionId) {
        if let Some(candidate) = self.sessions.get_mut(id).and_then(Session::take_candidate) {
            self.links.end(candidate.key, [Due::Close].into());
            self.rearm(id);
        }
    }

    /// The candidate is gone by itself.
    pub(super) fn drop_candidate(&mut self, id: SessionId) {
        if self.sessions.get_mut(id).and_then(Session::take_candidate).is_some() {
            self.rearm(id);
        }
    }
}
