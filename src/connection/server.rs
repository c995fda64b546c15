//! §4.2: a server's opening handshake. A program without servers contains none of this.

use super::machine::{HeadInput, Heads, Machine, Method, Output, Stage};
use super::receive::SHORTCUTS;
use crate::config::Config;
use crate::error::{CallError, ProtocolError, UsageError, room};
use crate::event::{Event, Received};
use crate::handshake::server::{refusal, write_answer, write_response};
use crate::handshake::{Accept, Answer, Offer, Request};
use crate::http::Header;
use crate::http::scan::Scan;
use crate::length::{copy, wire_len};
use crate::role::Role;
use crate::time::Instant;

/// The first stage of a server.
pub(super) const AWAITS_REQUEST: Stage =
    Stage::Head { reads: read_request, heads: Heads { scan: Scan::REQUEST, nonce: [0; 16] } };

/// The limits were applied when the head arrived.
const UNLIMITED: Config<'static> = Config::new().max_head_len(u32::MAX).max_target_len(u32::MAX).max_header_lines(u16::MAX);

impl Machine<'_> {
    // Not inlined: it needs more of the stack than the loop around it.
    #[inline(never)]
    pub(super) fn accept(
        &mut self,
        request: &Request<'_>,
        accept: &Accept<'_>,
        now: Instant,
        out: &mut [u8],
    ) -> Result<usize, CallError> {
        self.deciding()?;
        let mut offer = request.offer(self.config, accept.origin)?;
        if let Some(deflate) = accept.deflate {
            offer = offer.with_deflate(deflate);
        }
        // Without a list of ours, all that matters is that the client offers it.
        let unlisted = accept.subprotocol.filter(|_| self.config.subprotocols.is_empty());
        let mut answer = offer.answer(if unlisted.is_some() { None } else { accept.subprotocol })?;
        if let Some(name) = unlisted {
            let offered = request.subprotocols().find(|&offered| offered == name);
            answer.subprotocol = Some(offered.ok_or(UsageError::UnofferedSubprotocol)?);
        }
        self.put_answer(&answer, accept.headers, now, out)
    }

    pub(super) fn accept_offer(
        &mut self,
        offer: &Offer<'_>,
        subprotocol: Option<&str>,
        headers: &[Header<'_>],
        now: Instant,
        out: &mut [u8],
    ) -> Result<usize, CallError> {
        self.deciding()?;
        self.put_answer(&offer.answer(subprotocol)?, headers, now, out)
    }

    fn put_answer(
        &mut self,
        answer: &Answer<'_>,
        headers: &[Header<'_>],
        now: Instant,
        out: &mut [u8],
    ) -> Result<usize, CallError> {
        let n = write_answer(answer, headers, out)?;
        self.timers.note_produced(n);
        self.open(answer.negotiated(), now);
        Ok(n)
    }

    /// Any other answer. `body` is the part of its body that is written with the head, and the length of the whole.
    pub(super) fn respond(
        &mut self,
        status: u16,
        headers: &[Header<'_>],
        body: (&[u8], usize),
        now: Instant,
        out: &mut [u8],
    ) -> Result<usize, CallError> {
        let method = self.deciding()?;
        if method == Method::Connect && status / 100 == 2 {
            return Err(UsageError::InvalidStatus.into());
        }
        let (body, content_len) = body;
        // RFC 9110 §9.3.2: the answer to a HEAD is the head of the answer to a GET.
        let body = if method == Method::Head { &[] } else { body };
        let n = write_response(status, headers, content_len, body, out)?;
        self.timers.note_produced(n);
        if method != Method::Head {
            self.timers.note_due(wire_len(content_len.saturating_sub(body.len())));
        }
        self.enter(Stage::Failed, now);
        Ok(n)
    }

    /// The request in `head`, a copy of that of the request that waits for its answer.
    pub(super) fn pending_request<'i>(&self, head: &'i [u8]) -> Option<Request<'i>> {
        match self.stage {
            Stage::Deciding { places, .. } if SHORTCUTS => Request::in_copy(head, places),
            _ => None,
        }
        .or_else(|| Request::parse(head, &UNLIMITED).ok().flatten())
    }

    /// The method of the request that waits for its answer.
    fn deciding(&self) -> Result<Method, UsageError> {
        match (self.role, &self.stage) {
            (Role::Client, _) => Err(UsageError::WrongRole),
            (_, &Stage::Deciding { method, .. }) => Ok(method),
            _ => Err(UsageError::NotConnecting),
        }
    }
}

/// Scans the awaited request and shows it once it is complete. One that breaks a rule is answered at once, and the rest of the
/// input is ignored.
fn read_request<'i>(
    machine: &mut Machine<'_>,
    mut heads: Heads,
    input: HeadInput<'i>,
    now: Instant,
    out: &mut Output<'_>,
) -> Result<Received<'i>, CallError> {
    let HeadInput { bytes: input, is_full } = input;
    let input = &*input;
    match Request::read(input, &mut heads.scan, machine.config, true) {
        Ok(None) if !is_full => {
            machine.enter(Stage::Head { reads: read_request, heads }, now);
            Ok(Received::consumed(0))
        }
        Ok(Some(request)) => {
            let method = match request.parts() {
                [b"HEAD", ..] => Method::Head,
                [b"CONNECT", ..] => Method::Connect,
                _ => Method::Other,
            };
            let places = if SHORTCUTS { request.places() } else { None };
            machine.enter(Stage::Deciding { method, places: places.unwrap_or_default() }, now);
            let consumed = request.bytes().len();
            let event = if request.is_opening_handshake() { Event::Request(request) } else { Event::HttpRequest(request) };
            Ok(Received { consumed, produced: 0, event: Some(event) })
        }
        incomplete_or_wrong => {
            let error = incomplete_or_wrong.err().unwrap_or(ProtocolError::HeadTooLong);
            let response = refusal(error);
            copy(response, room(out.room, response.len())?);
            machine.timers.note_produced(response.len());
            machine.enter(Stage::Failed, now);
            Ok(Received { consumed: input.len(), produced: response.len(), event: Some(Event::Failed { error }) })
        }
    }
}
