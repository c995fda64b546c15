//! HTTP long-polling: one request that waits for messages to the client, others that bring those from it.

use super::query::Refusal;
use super::session::{Poll, Session, Transport};
use super::{Answer, Event, Key, Reason, Request, Response, Role, Server, SessionId, sid};
use crate::engine::packets;
use bytes::Bytes;
use sansocket::{Entropy, Instant};

pub(super) const NOOP: Bytes = Bytes::from_static(b"6");

impl<E: Entropy> Server<E> {
    pub(super) fn open_polling(&mut self, now: Instant, on: &mut impl FnMut(&mut Self, Event<'_>)) -> Result<Answer, Refusal> {
        let sid = sid::draw(&mut self.entropy).map_err(|_| Refusal::NoEntropy)?;
        let transport = Transport::Polling { poll: None, candidate: None };
        // That the id is taken means that it is not random.
        let id = self.start(now, sid, transport).ok_or(Refusal::NoEntropy)?;
        on(self, Event::Opened(id));
        Ok(Answer::Respond(response(self.open_packet(&sid, true))))
    }

    /// A GET: it waits if nothing else does.
    pub(super) fn poll(&mut self, key: Key, id: SessionId) -> Result<Answer, Refusal> {
        let Some(session) = self.sessions.get_mut(id) else { return Err(Refusal::UnknownSid) };
        let Transport::Polling { poll, .. } = &mut session.transport else { return Err(Refusal::BadRequest) };
        if poll.is_some() {
            self.end(id, Reason::TransportError);
            return Err(Refusal::BadRequest);
        }
        *poll = Some(Poll { key, ends: false });
        if let Some(response) = self.pull_poll(id) {
            return Ok(Answer::Respond(response));
        }
        self.links.insert(key, Role::Of(id));
        Ok(Answer::Park)
    }

    /// The answer of the poll that waits, which has done with it then.
    pub(super) fn pull_poll(&mut self, id: SessionId) -> Option<Response> {
        let session = self.sessions.get_mut(id)?;
        let body = if !session.queue.is_empty() {
            session.queue.pop_body(self.config.max_payload)
        } else if session.poll_ends() {
            NOOP
        } else {
            return None;
        };
        if let Some(poll) = session.take_poll() {
            self.links.remove(poll.key);
        }
        let is_over = !session.is_open() && session.queue.is_empty();
        if is_over {
            self.end(id, Reason::ForcedClose);
        }
        Some(response(body))
    }

    /// A POST: its packets are taken one after the other.
    pub(super) fn post(
        &mut self,
        now: Instant,
        id: SessionId,
        request: &Request<'_>,
        on: &mut impl FnMut(&mut Self, Event<'_>),
    ) -> Result<Answer, Refusal> {
        let (refusal, reason) = if request.content_type.is_some_and(is_octets) {
            (Refusal::BadRequest, Reason::TransportError)
        } else if request.body.len() > self.config.max_payload {
            (Refusal::TooLarge, Reason::TransportError)
        } else {
            match self.take_body(now, id, request.body, on) {
                Ok(()) => return Ok(ok()),
                Err(reason) => (Refusal::BadRequest, reason),
            }
        };
        self.end(id, reason);
        if reason == Reason::TransportClose { Ok(ok()) } else { Err(refusal) }
    }

    fn take_body(
        &mut self,
        now: Instant,
        id: SessionId,
        body: &[u8],
        on: &mut impl FnMut(&mut Self, Event<'_>),
    ) -> Result<(), Reason> {
        let body = core::str::from_utf8(body).map_err(|_| Reason::ParseError)?;
        for packet in packets(body) {
            let packet = packet.map_err(|_| Reason::ParseError)?;
            self.take(now, id, packet, on)?;
        }
        Ok(())
    }
}

impl Session {
    pub(super) const fn poll_ends(&self) -> bool {
        matches!(self.transport, Transport::Polling { poll: Some(Poll { ends: true, .. }), .. })
    }

    pub(super) const fn take_poll(&mut self) -> Option<Poll> {
        match &mut self.transport {
            Transport::Polling { poll, .. } => poll.take(),
            Transport::WebSocket { .. } => None,
        }
    }
}

/// The answer of a poll.
pub(super) const fn response(body: Bytes) -> Response {
    Response { status: 200, content_type: "text/plain; charset=UTF-8", body }
}

/// The answer of a POST. As a page, because there are browsers that want to store what is plain text.
fn ok() -> Answer {
    Answer::Respond(Response { status: 200, content_type: "text/html", body: Bytes::from_static(b"ok") })
}

/// The form of bodies that Engine.IO had before its 4th version.
fn is_octets(content_type: &str) -> bool {
    let media_type = content_type.split(';').next().unwrap_or_default();
    media_type.trim().eq_ignore_ascii_case("application/octet-stream")
}
