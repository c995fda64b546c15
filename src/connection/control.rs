//! §5.5: control frames. Each is taken once it is whole, and answered in the call that takes it.

use super::receive::{Outcome, What};
use super::{Machine, Stop};
use crate::close_code::CloseCode;
use crate::entropy::Entropy;
use crate::error::ProtocolError;
use crate::frame::{FrameHeader, Opcode, apply_mask};
use crate::length::{at_most, wire_len};
use crate::time::Instant;
use crate::utf8::Utf8;

impl Machine<'_> {
    /// A control frame, once it is whole, with its payload at the start of `input`. Positions in the outcome count from there.
    #[cold]
    pub(super) fn receive_control(
        &mut self,
        header: FrameHeader,
        entropy: &mut dyn Entropy,
        now: Instant,
        input: &mut [u8],
        out: &mut [u8],
    ) -> Result<Option<Outcome>, Stop> {
        let len = at_most(header.payload_len, input.len());
        let payload = input.get_mut(..len).unwrap_or_default();
        let key = header.masking_key.unwrap_or_default();
        let is_whole = wire_len(len) == header.payload_len;
        if header.opcode == Opcode::Close {
            check_close_body(payload, key, is_whole)?;
        }
        if !is_whole {
            return Ok(None);
        }
        apply_mask(key, payload);
        let mut outcome = Outcome { consumed: len, produced: 0, start: 0, len, what: What::Pong };
        let answered = match header.opcode {
            Opcode::Close => {
                let code = payload.first_chunk().map(|&code| CloseCode(u16::from_be_bytes(code)));
                let code = code.unwrap_or(CloseCode::NO_STATUS_RECEIVED);
                outcome.what = What::CloseReceived(code);
                (outcome.start, outcome.len) = (len.min(2), len.saturating_sub(2));
                self.answer_close(entropy, code, now, out)
            }
            Opcode::Ping => {
                outcome.what = What::Ping { answered: self.config.auto_pong };
                // §5.5.2: a Pong with the same payload.
                if self.config.auto_pong { self.put_control(entropy, Opcode::Pong, payload, out) } else { Ok(0) }
            }
            _ => {
                self.timers.note_pong(now, payload);
                Ok(0)
            }
        };
        match answered {
            Ok(produced) => Ok(Some(Outcome { produced, ..outcome })),
            Err(error) => {
                // Law 7: what could not be answered is handed back as it came.
                apply_mask(key, payload);
                Err(error.into())
            }
        }
    }
}

/// §5.5.1, §7.4: checks as much of a Close frame's masked body as is there.
fn check_close_body(masked: &[u8], key: [u8; 4], is_whole: bool) -> Result<(), ProtocolError> {
    let mut octets = masked.iter().zip(key.iter().cycle()).map(|(octet, key)| octet ^ key);
    let Some(high) = octets.next() else { return Ok(()) };
    let is_allowed = |low| CloseCode(u16::from_be_bytes([high, low])).is_allowed_in_frame();
    // Half a code is wrong if no other half could mend it.
    let low = octets.next();
    if !low.map_or_else(|| (0..=0xFF).any(is_allowed), is_allowed) {
        return Err(ProtocolError::InvalidCloseCode);
    }
    let mut reason = Utf8::START;
    octets.try_for_each(|octet| reason.step(octet)).map_err(|_| ProtocolError::InvalidCloseReason)?;
    if is_whole && !reason.is_complete() { Err(ProtocolError::InvalidCloseReason) } else { Ok(()) }
}
