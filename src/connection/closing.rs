//! §7: closing, failing, and what becomes of the transport.
//!
//! ```text
//!   Fresh ──request──▶ Head ──101──▶ Open ──close()──▶ CloseSent ──Close──▶ BothClosed
//!   (client)            │  ▲          │ ╲                  │                    │
//!                       │  │accept    │  ╲──Close (answered at once)───────────▶│
//!   (server) ──▶ Head ──┴─▶ Deciding  │                     │                    │
//!                   │         │       └────── fault ────────┤                    │
//!                   │fault    │respond                      ▼                    │
//!                   └─────────┴─────────────────────────▶ Failed                 │
//!            Head ──other status──▶ Refused                 │                    │
//!                                      └──── end of input or deadline ───────────┴──▶ Ended, with `Closed`
//! ```

use super::{Machine, Stage};
use crate::close_code::CloseCode;
use crate::entropy::Entropy;
use crate::error::{CallError, UsageError};
use crate::event::{Received, Role, Transport};
use crate::frame::{MAX_CONTROL_PAYLOAD, Opcode};
use crate::time::Instant;

impl Machine<'_> {
    pub(super) fn transport(&self) -> Transport {
        match self.stage {
            // §7.1.1: the server ends TCP first, so the client waits for it.
            Stage::BothClosed if self.role == Role::Server => Transport::ShutdownWrite,
            Stage::Failed => Transport::ShutdownWrite,
            Stage::Ended => Transport::Close,
            _ => Transport::Keep,
        }
    }

    pub(super) fn receive_eof(&mut self, now: Instant) -> Received<'static> {
        self.timers.note_received(now);
        Received { consumed: 0, produced: 0, event: self.end() }
    }

    pub(super) fn close(
        &mut self,
        entropy: &mut dyn Entropy,
        code: Option<CloseCode>,
        reason: &str,
        now: Instant,
        out: &mut [u8],
    ) -> Result<usize, CallError> {
        if self.stage != Stage::Open {
            return Err(UsageError::NotOpen.into());
        }
        let octets = match code {
            None if reason.is_empty() => self.put_control(entropy, Opcode::Close, &[], out)?,
            None => return Err(UsageError::InvalidCloseReason.into()),
            Some(code) if !code.is_allowed_in_frame() => return Err(UsageError::InvalidCloseCode.into()),
            Some(code) => {
                let mut body = [0; MAX_CONTROL_PAYLOAD];
                let end = reason.len().saturating_add(2);
                let text = body.get_mut(2..end).ok_or(UsageError::InvalidCloseReason)?;
                crate::length::copy(reason.as_bytes(), text);
                if let Some(start) = body.first_chunk_mut() {
                    *start = code.0.to_be_bytes();
                }
                self.put_control(entropy, Opcode::Close, body.get(..end).unwrap_or_default(), out)?
            }
        };
        self.enter_closing(Stage::CloseSent, now);
        Ok(octets)
    }

    pub(super) fn fail_by_caller(
        &mut self,
        entropy: &mut dyn Entropy,
        code: CloseCode,
        now: Instant,
        out: &mut [u8],
    ) -> Result<usize, CallError> {
        if !code.is_allowed_in_frame() {
            return Err(UsageError::InvalidCloseCode.into());
        }
        if matches!(self.stage, Stage::Failed | Stage::Refused | Stage::BothClosed | Stage::Ended) {
            return Err(UsageError::NotOpen.into());
        }
        self.fail(entropy, code, now, out)
    }

    /// §7.1.7: tells the peer by a Close if one may still go out, and takes nothing more.
    pub(super) fn fail(
        &mut self,
        entropy: &mut dyn Entropy,
        code: CloseCode,
        now: Instant,
        out: &mut [u8],
    ) -> Result<usize, CallError> {
        let octets = match self.stage {
            Stage::Open => self.put_control(entropy, Opcode::Close, &code.0.to_be_bytes(), out)?,
            _ => 0,
        };
        self.enter_failed(now);
        Ok(octets)
    }

    /// What comes from now on is ignored.
    pub(super) fn enter_failed(&mut self, now: Instant) {
        self.enter_closing(Stage::Failed, now);
    }

    /// The closing deadline runs from the first step of the closing.
    fn enter_closing(&mut self, stage: Stage, now: Instant) {
        if self.stage != Stage::CloseSent {
            self.timers.enter(now);
        }
        self.stage = stage;
    }

    /// §5.5.1: answers the peer's Close with its code, if ours has not gone out.
    pub(super) fn answer_close(
        &mut self,
        entropy: &mut dyn Entropy,
        code: CloseCode,
        now: Instant,
        out: &mut [u8],
    ) -> Result<usize, CallError> {
        let octets = match self.stage {
            Stage::Open if code == CloseCode::NO_STATUS_RECEIVED => self.put_control(entropy, Opcode::Close, &[], out)?,
            Stage::Open => self.put_control(entropy, Opcode::Close, &code.0.to_be_bytes(), out)?,
            _ => 0,
        };
        self.close_code = code;
        self.enter_closing(Stage::BothClosed, now);
        Ok(octets)
    }
}
