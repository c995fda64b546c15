//! §4: the opening handshake within the machine.

use super::receive::{Outcome, Reception, What};
use super::{Machine, Stage};
use crate::entropy::Entropy;
use crate::error::{CallError, ProtocolError, UsageError, room};
use crate::event::Role;
use crate::handshake::client::{key, write_request};
use crate::handshake::head::Head;
use crate::handshake::scan::Scan;
use crate::handshake::server::{refusal, write_accept, write_response};
use crate::handshake::{Accept, ClientRequest, Header, Request, Response};
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
        crate::handshake::Tokens::of(self.config.subprotocols.as_bytes()).nth(index)
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
    pub(super) fn receive_head(&mut self, now: Instant, input: &[u8], out: &mut [u8]) -> Result<Outcome, CallError> {
        let Reception::Handshake(mut handshake) = self.reception else {
            return Ok(Outcome::nothing(0));
        };
        let seen = usize::try_from(handshake.scan.scanned).unwrap_or(usize::MAX);
        if input.len() < seen {
            return Err(UsageError::InputTooShort.into());
        }
        let mut consumed = 0;
        loop {
            let rest = input.get(consumed..).unwrap_or_default();
            let len = match handshake.scan.advance(rest, self.config) {
                Ok(Some(len)) => len,
                Ok(None) => {
                    self.reception = Reception::Handshake(handshake);
                    return Ok(Outcome::nothing(consumed));
                }
                Err(error) => return self.refuse(error, now, input, out),
            };
            let head = Head::of_scanned(rest.get(..len).unwrap_or_default());
            if self.role == Role::Server {
                let what = match Request::of_head(head).check() {
                    Ok(request) if request.is_opening_handshake() => What::Request,
                    Ok(_) => What::HttpRequest,
                    Err(error) => return self.refuse(error, now, input, out),
                };
                self.stage = Stage::Deciding;
                return Ok(Outcome { consumed: len, produced: 0, start: 0, len, what });
            }
            let response = Response::of_head(head);
            let start = consumed;
            consumed = consumed.saturating_add(len);
            // RFC 9110 §15.2: interim responses go before the final one; 101 is final here.
            if (100..200).contains(&response.status()) && response.status() != 101 {
                if handshake.interim >= self.config.max_interim_responses {
                    return self.refuse(ProtocolError::TooManyInterimResponses, now, input, out);
                }
                handshake.interim = handshake.interim.saturating_add(1);
                handshake.scan = Scan::RESPONSE;
                continue;
            }
            let what = match response.check(&key(handshake.nonce), self.config) {
                Ok(subprotocol) => {
                    self.subprotocol = subprotocol;
                    self.enter_open(now);
                    What::Opened
                }
                Err(error) => {
                    self.stage = Stage::Refused;
                    What::Refused(error)
                }
            };
            return Ok(Outcome { consumed, produced: 0, start, len, what });
        }
    }

    /// A head that is none, or a request that breaks the rules: a server says so, and nothing more is taken.
    fn refuse(&mut self, error: ProtocolError, now: Instant, input: &[u8], out: &mut [u8]) -> Result<Outcome, CallError> {
        let mut produced = 0;
        if self.role == Role::Server {
            let response = refusal(error);
            crate::length::copy(response, room(out, response.len())?);
            produced = response.len();
        }
        self.enter_failed(now);
        Ok(Outcome::failed(error, input, produced))
    }
}
