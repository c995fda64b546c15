//! RFC 7692 §6.2 in the machine: compressed payload, inflated into a window that the caller lends.

use super::receive::{Frames, What};
use super::{Machine, Stop};
use crate::error::{CallError, ProtocolError, UsageError};
use crate::event::MessageKind;
use crate::frame::{advance_key, apply_mask};
use crate::length::{at_most, wire_len};

/// How compressed payload becomes octets of a message. Without the feature `deflate` it does not.
pub(super) trait Inflation {
    /// A compressed message starts.
    fn start(&mut self, machine: &Machine<'_>) -> Result<(), CallError>;

    /// Inflates from `payload` to the start of the window, `limit` octets and at most one more; the message `ends` with this
    /// payload.
    fn inflate(&mut self, payload: &[u8], ends: bool, limit: u64) -> Result<Inflated, Stop>;

    fn window(&mut self) -> &mut [u8];
}

/// What became of a compressed payload.
#[derive(Clone, Copy)]
pub(super) struct Inflated {
    pub(super) consumed: usize,
    pub(super) produced: usize,
    /// The message has come out to its end.
    pub(super) done: bool,
    /// There may be more without further payload.
    pub(super) more: bool,
}

/// What `receive` has: nothing to inflate with.
pub(super) struct NoInflation;

impl Inflation for NoInflation {
    fn start(&mut self, _: &Machine<'_>) -> Result<(), CallError> {
        Err(UsageError::NoDeflate.into())
    }

    fn inflate(&mut self, _: &[u8], _: bool, _: u64) -> Result<Inflated, Stop> {
        Err(CallError::from(UsageError::NoDeflate).into())
    }

    fn window(&mut self) -> &mut [u8] {
        &mut []
    }
}

impl Frames {
    /// Inflates from the next octets of the current frame; what was not consumed is as it was.
    pub(super) fn inflate(
        &mut self,
        payload: &mut [u8],
        max_message_len: u64,
        inflation: &mut dyn Inflation,
    ) -> Result<Inflated, Stop> {
        // Unmasking what cannot be consumed yet is work for nothing: an octet is rarely worth less than one in the window.
        let len = payload.len().min(inflation.window().len().max(64));
        let payload = payload.get_mut(..len).unwrap_or_default();
        let ends = self.fin && self.remaining == wire_len(len);
        apply_mask(self.masking_key, payload);
        let inflated = inflation.inflate(payload, ends, max_message_len.saturating_sub(self.offset))?;
        self.masking_key = advance_key(self.masking_key, inflated.consumed);
        apply_mask(self.masking_key, payload.get_mut(inflated.consumed..).unwrap_or_default());
        self.remaining = self.remaining.saturating_sub(wire_len(inflated.consumed));
        self.pending = inflated.more && !inflated.done;
        Ok(inflated)
    }

    /// Checks the octets that came out, if any.
    pub(super) fn take_inflated(
        &mut self,
        inflated: Inflated,
        window: &[u8],
        max_message_len: u64,
    ) -> Result<What, ProtocolError> {
        let kind = self.message.unwrap_or(MessageKind::Binary);
        // the limit counts what comes out, while it comes out. A fault before it comes first.
        let within = at_most(max_message_len.saturating_sub(self.offset), inflated.produced);
        let octets = window.get(..within).unwrap_or_default();
        let is_bad_text = kind == MessageKind::Text && self.utf8.feed(octets).is_err();
        if !is_bad_text && within < inflated.produced {
            return Err(ProtocolError::MessageTooLong);
        }
        if is_bad_text || kind == MessageKind::Text && inflated.done && !self.utf8.is_complete() {
            return Err(ProtocolError::InvalidUtf8);
        }
        let what = What::Inflated { kind, offset: self.offset, last: inflated.done };
        if inflated.done {
            *self = Self::START;
        } else {
            self.offset = self.offset.saturating_add(wire_len(inflated.produced));
        }
        Ok(what)
    }
}
