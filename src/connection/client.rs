//! §4.1: a client's opening handshake. A program without clients contains none of this.

use super::machine::{HeadInput, Heads, Machine, Output, Stage};
use crate::error::{CallError, ProtocolError, UsageError};
use crate::event::{Event, Received};
use crate::handshake::accept_key::key_of;
use crate::handshake::client::write_request;
use crate::handshake::fields::Fields;
use crate::handshake::{ClientRequest, Response};
use crate::http::scan::Scan;
use crate::role::Role;
use crate::time::Instant;

impl Machine<'_> {
    pub(super) fn request(&mut self, request: &ClientRequest<'_>, now: Instant, out: Output<'_>) -> Result<usize, CallError> {
        if self.role != Role::Client {
            return Err(UsageError::WrongRole.into());
        }
        let Stage::Fresh = self.stage else { return Err(UsageError::NotConnecting.into()) };
        let mut nonce = [0; 16];
        let entropy = out.entropy;
        let n = write_request(request, self.config, out.room, || entropy.fill(&mut nonce).map(|()| nonce))?;
        self.timers.note_produced(n);
        self.enter(Stage::Head { reads: read_response, heads: Heads { scan: Scan::RESPONSE, nonce } }, now);
        Ok(n)
    }
}

/// Scans the response that is awaited and acts on it when it is complete.
fn read_response<'i>(
    machine: &mut Machine<'_>,
    mut heads: Heads,
    input: HeadInput<'i>,
    now: Instant,
    _: &mut Output<'_>,
) -> Result<Received<'i>, CallError> {
    let HeadInput { bytes: input, is_full } = input;
    let len = input.len();
    let mut consumed = 0;
    let mut fields = Fields::default();
    let event = loop {
        let rest = input.get(consumed..).unwrap_or_default();
        match next_response(rest, &mut heads.scan, machine, &mut fields) {
            // An interim response that was consumed has made room.
            Ok(None) if !is_full || consumed > 0 => {
                machine.enter(Stage::Head { reads: read_response, heads }, now);
                return Ok(Received::consumed(consumed));
            }
            Ok(Some(interim)) if interim.is_interim() => {
                consumed = consumed.saturating_add(interim.bytes().len());
            }
            Ok(Some(response)) => {
                consumed = consumed.saturating_add(response.bytes().len());
                break respond_to(response, &fields, heads, (machine, now));
            }
            incomplete_or_wrong => {
                let error = incomplete_or_wrong.err().unwrap_or(ProtocolError::HeadTooLong);
                machine.enter(Stage::Failed, now);
                return Ok(Received { consumed: len, produced: 0, event: Some(Event::Failed { error }) });
            }
        }
    };
    // After a wrong 101 what follows is not for us.
    let consumed = if let Stage::Failed = machine.stage { len } else { consumed };
    Ok(Received { consumed, produced: 0, event: Some(event) })
}

/// The next head, if it is complete, and its `fields`. After an interim one the scan starts again.
fn next_response<'i>(
    input: &'i [u8],
    scan: &mut Scan,
    machine: &Machine<'_>,
    fields: &mut Fields<'i>,
) -> Result<Option<Response<'i>>, ProtocolError> {
    let Some(response) = Response::read(input, scan, machine.config, fields)? else { return Ok(None) };
    if response.is_interim() {
        if scan.heads >= machine.config.max_interim_responses {
            return Err(ProtocolError::TooManyInterimResponses);
        }
        *scan = scan.next_response();
    } else {
        response.check_http(fields)?;
    }
    Ok(Some(response))
}

/// What the final response leads to: an open connection; a failed one, after an invalid 101; or a refusal, whose body the caller
/// may read.
fn respond_to<'i>(
    response: Response<'i>,
    fields: &Fields<'i>,
    heads: Heads,
    (machine, now): (&mut Machine<'_>, Instant),
) -> Event<'i> {
    match response.check(fields, &key_of(heads.nonce), machine.config) {
        Ok(negotiated) => {
            machine.open(negotiated, now);
            Event::Opened(response)
        }
        Err(error) => {
            machine.enter(if response.status() == 101 { Stage::Failed } else { Stage::Refused }, now);
            Event::Refused { response, error }
        }
    }
}
