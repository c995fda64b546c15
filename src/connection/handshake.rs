//! §4: the opening handshake within the machine.

use super::receive::Reception;
use super::{Machine, Stage};
use crate::entropy::Entropy;
use crate::error::{CallError, ProtocolError, UsageError, room};
use crate::event::{Event, Received, Role};
use crate::handshake::accept_key::key_of;
use crate::handshake::client::write_request;
use crate::handshake::server::{refusal, write_accept, write_response};
use crate::handshake::{Accept, ClientRequest, Request, Response};
use crate::http::head::Head;
use crate::http::scan::Scan;
use crate::http::{Header, Tokens};
use crate::length::{copy, wire_len};
use crate::time::Instant;

/// What the opening handshake needs to know until it is over.
#[derive(Clone, Copy)]
pub(super) struct Handshake {
    scan: Scan,
    /// Client: the nonce in our key.
    nonce: [u8; 16],
    /// Client: interim responses so far.
    interim: u8,
}

impl Handshake {
    pub(super) const SERVER: Self = Self { scan: Scan::REQUEST, nonce: [0; 16], interim: 0 };
}

impl<'c> Machine<'c> {
    pub(super) fn subprotocol(&self) -> Option<&'c str> {
        let index = usize::from(self.subprotocol?);
        Tokens::of(self.config.subprotocols.as_bytes()).nth(index)
    }

    pub(super) fn request(
        &mut self,
        entropy: &mut dyn Entropy,
        request: &ClientRequest<'_>,
        _now: Instant,
        out: &mut [u8],
    ) -> Result<usize, CallError> {
        if self.role != Role::Client {
            return Err(UsageError::WrongRole.into());
        }
        if self.stage != Stage::Fresh {
            return Err(UsageError::NotConnecting.into());
        }
        let mut nonce = [0; 16];
        let octets = write_request(request, self.config, out, || entropy.fill(&mut nonce).map(|()| nonce))?;
        self.reception = Reception::Handshake(Handshake { scan: Scan::RESPONSE, nonce, interim: 0 });
        self.stage = Stage::Head;
        Ok(octets)
    }

    pub(super) fn accept(
        &mut self,
        request: &Request<'_>,
        accept: &Accept<'_>,
        now: Instant,
        out: &mut [u8],
    ) -> Result<usize, CallError> {
        self.check_deciding()?;
        let (octets, subprotocol) = write_accept(request, accept, self.config, out)?;
        self.subprotocol = subprotocol;
        self.enter_open(now);
        Ok(octets)
    }

    pub(super) fn respond(
        &mut self,
        status: u16,
        headers: &[Header<'_>],
        content_len: usize,
        body: &[u8],
        now: Instant,
        out: &mut [u8],
    ) -> Result<usize, CallError> {
        self.check_deciding()?;
        let octets = write_response(status, headers, content_len, body, out)?;
        self.enter_failed(now);
        Ok(octets)
    }

    fn check_deciding(&self) -> Result<(), UsageError> {
        match (self.role, self.stage) {
            (Role::Client, _) => Err(UsageError::WrongRole),
            (_, Stage::Deciding) => Ok(()),
            _ => Err(UsageError::NotConnecting),
        }
    }

    /// Scans the head that is awaited and acts on it when it is complete.
    pub(super) fn receive_head<'i>(&mut self, now: Instant, input: &'i [u8], out: &mut [u8]) -> Result<Received<'i>, CallError> {
        let Reception::Handshake(handshake) = self.reception else { return Ok(Received::NOTHING) };
        if wire_len(input.len()) < u64::from(handshake.scan.scanned) {
            return Err(UsageError::InputTooShort.into());
        }
        let read = match self.role {
            Role::Server => self.read_request(handshake, input),
            Role::Client => self.read_response(handshake, now, input),
        };
        let received = match read {
            Ok(received) => received,
            Err(error) => self.refuse(error, now, input, out)?,
        };
        if received.consumed > 0 {
            self.timers.note_received(now);
        }
        Ok(received)
    }

    fn read_request<'i>(&mut self, mut handshake: Handshake, input: &'i [u8]) -> Result<Received<'i>, ProtocolError> {
        let Some(len) = handshake.scan.advance(input, self.config)? else {
            self.reception = Reception::Handshake(handshake);
            return Ok(Received::NOTHING);
        };
        let request = Request::of_head(Head::of_scanned(input.get(..len).unwrap_or_default())).check()?;
        self.stage = Stage::Deciding;
        let event = if request.is_opening_handshake() { Event::Request(request) } else { Event::HttpRequest(request) };
        Ok(Received { consumed: len, produced: 0, event: Some(event) })
    }

    fn read_response<'i>(
        &mut self,
        mut handshake: Handshake,
        now: Instant,
        input: &'i [u8],
    ) -> Result<Received<'i>, ProtocolError> {
        let mut consumed = 0;
        loop {
            let rest = input.get(consumed..).unwrap_or_default();
            let Some(len) = handshake.scan.advance(rest, self.config)? else {
                self.reception = Reception::Handshake(handshake);
                return Ok(Received { consumed, ..Received::NOTHING });
            };
            let response = Response::of_head(Head::of_scanned(rest.get(..len).unwrap_or_default()));
            consumed = consumed.saturating_add(len);
            // RFC 9110 §15.2: interim responses go before the final one; 101 is final here.
            if (100..200).contains(&response.status()) && response.status() != 101 {
                if handshake.interim >= self.config.max_interim_responses {
                    return Err(ProtocolError::TooManyInterimResponses);
                }
                handshake.interim = handshake.interim.saturating_add(1);
                handshake.scan = Scan::RESPONSE;
                continue;
            }
            response.check_http()?;
            let event = match response.check(&key_of(handshake.nonce), self.config) {
                Ok(subprotocol) => {
                    self.subprotocol = subprotocol;
                    self.enter_open(now);
                    Event::Opened(response)
                }
                Err(error) => {
                    self.stage = Stage::Refused;
                    Event::Refused { response, error }
                }
            };
            return Ok(Received { consumed, produced: 0, event: Some(event) });
        }
    }

    /// A head that is none, or a request that breaks the rules: a server says so, and nothing more is taken.
    fn refuse<'i>(
        &mut self,
        error: ProtocolError,
        now: Instant,
        input: &[u8],
        out: &mut [u8],
    ) -> Result<Received<'i>, CallError> {
        let mut produced = 0;
        if self.role == Role::Server {
            let response = refusal(error);
            copy(response, room(out, response.len())?);
            produced = response.len();
        }
        self.enter_failed(now);
        Ok(Received { consumed: input.len(), produced, event: Some(Event::Failed { error }) })
    }
}
