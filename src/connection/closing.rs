//! §7: closing and failing by the caller, the end of input, and what to do with the transport.

use super::machine::{Machine, Output, Stage};
use crate::close_code::CloseCode;
use crate::error::{CallError, UsageError};
use crate::event::{EndCause, Received, State, Transport};
use crate::frame::{MAX_CONTROL_PAYLOAD, Opcode};
use crate::role::Role;
use crate::time::Instant;

/// By how many closing timeouts the rest of a message that was under way may move the deadline (law 10).
const GRACE_TIMEOUTS: u32 = 9;

impl Machine<'_> {
    pub(super) fn state(&self) -> State {
        match self.stage {
            Stage::Fresh | Stage::Head { .. } | Stage::Deciding { .. } => State::Connecting,
            Stage::Open { .. } => State::Open,
            Stage::CloseSent { .. } | Stage::BothClosed { .. } | Stage::Failed | Stage::Refused | Stage::Over => State::Closing,
            Stage::Ended { .. } => State::Closed,
        }
    }

    pub(super) fn transport(&self) -> Transport {
        match self.stage {
            // §7.1.1: the server closes TCP first, so the client waits for it.
            Stage::BothClosed { .. } if self.role == Role::Server => Transport::ShutdownWrite,
            Stage::Failed => Transport::ShutdownWrite,
            Stage::Over | Stage::Ended { .. } => Transport::Close,
            _ => Transport::Keep,
        }
    }

    pub(super) fn receive_eof(&mut self, now: Instant) -> Received<'static> {
        // RFC 9112 §9.6: a client that half-closes after its request still reads the answer.
        if let Stage::Deciding { .. } = self.stage {
            self.input_ended = true;
            return Received::consumed(0);
        }
        Received { consumed: 0, produced: 0, event: self.end(EndCause::EndOfInput, now) }
    }

    /// §7.1.2. If the connection is already closing or closed, nothing is written.
    pub(super) fn close(
        &mut self,
        code: Option<CloseCode>,
        reason: &str,
        now: Instant,
        out: &mut Output<'_>,
    ) -> Result<usize, CallError> {
        let mut body = [0; MAX_CONTROL_PAYLOAD];
        let body = close_body(code, reason, &mut body)?;
        match self.stage {
            Stage::Open { reader, .. } => {
                let n = self.put_control(Opcode::Close, body, out)?;
                let is_inside = reader.is_inside_message();
                let grace_ms = if is_inside { self.config.closing_timeout_ms.saturating_mul(GRACE_TIMEOUTS) } else { 0 };
                self.enter(Stage::CloseSent { reader, grace_ms }, now);
                Ok(n)
            }
            Stage::Fresh | Stage::Head { .. } | Stage::Deciding { .. } => Err(UsageError::NotOpen.into()),
            // The caller does not want the body of the refusal.
            Stage::Refused => {
                self.enter(Stage::Over, now);
                Ok(0)
            }
            Stage::CloseSent { .. } | Stage::BothClosed { .. } | Stage::Failed | Stage::Over | Stage::Ended { .. } => Ok(0),
        }
    }

    /// §7.1.7: fails the connection for a reason of the caller's.
    pub(super) fn fail(&mut self, code: CloseCode, now: Instant, out: &mut Output<'_>) -> Result<usize, CallError> {
        if !code.is_allowed_in_frame() {
            return Err(UsageError::InvalidCloseCode.into());
        }
        if let Stage::Refused | Stage::BothClosed { .. } | Stage::Failed | Stage::Over | Stage::Ended { .. } = self.stage {
            return Ok(0);
        }
        let n = self.put_fault(code, out)?;
        self.enter(Stage::Failed, now);
        Ok(n)
    }

    /// Reports a failure to the peer by a Close, if one may still be sent.
    pub(super) fn put_fault(&mut self, code: CloseCode, out: &mut Output<'_>) -> Result<usize, CallError> {
        match self.stage {
            Stage::Open { .. } => self.put_control(Opcode::Close, &code.0.to_be_bytes(), out),
            _ => Ok(0),
        }
    }
}

/// §5.5.1: the body of our Close.
fn close_body<'b>(
    code: Option<CloseCode>,
    reason: &str,
    body: &'b mut [u8; MAX_CONTROL_PAYLOAD],
) -> Result<&'b [u8], UsageError> {
    let Some(code) = code else {
        return if reason.is_empty() { Ok(&[]) } else { Err(UsageError::InvalidCloseReason) };
    };
    if !code.is_allowed_in_frame() {
        return Err(UsageError::InvalidCloseCode);
    }
    let end = reason.len().saturating_add(2);
    let text = body.get_mut(2..end).ok_or(UsageError::InvalidCloseReason)?;
    crate::length::copy(reason.as_bytes(), text);
    if let Some(start) = body.first_chunk_mut() {
        *start = code.0.to_be_bytes();
    }
    Ok(body.get(..end).unwrap_or_default())
}
