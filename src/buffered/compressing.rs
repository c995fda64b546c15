//! Messages that are compressed on their way to the output.

use super::codec::Codec;
use super::commands::Commands;
use crate::close_code::CloseCode;
use crate::connection::{CompressedMessage, MIN_ROOM};
use crate::entropy::Entropy;
use crate::error::{CallError, UsageError};
use crate::event::MessageKind;

impl<E: Entropy, D: Codec> Commands<'_, '_, E, D> {
    /// Whether a message that begins now, of `len` bytes, is compressed.
    #[inline]
    pub(super) fn compresses(&mut self, len: usize) -> bool {
        let Some(compressor) = self.codec.as_mut().and_then(|codec| codec.compressor(len)) else { return false };
        let Some(params) = self.ws.negotiated().deflate() else { return false };
        // Inside a message, and too early or too late, there is nothing to compress.
        if self.ws.is_inside_message() != Ok(Some(false)) {
            return false;
        }
        let agreed = params.sent_by(self.ws.role());
        // One that others share may be inside a message of theirs.
        agreed.is_valid() && compressor.is_idle() && compressor.limit_window(agreed.max_window_bits)
    }

    /// Whether a part is compressed: as the message was when it began.
    pub(super) fn compresses_part(&mut self, offset: u64, len: usize, fin: bool) -> bool {
        match offset {
            0 => self.compresses(if fin { len } else { usize::MAX }),
            _ => self.codec.is_some() && self.ws.is_inside_compressed(),
        }
    }

    /// A whole message, if there is room for what it could become at worst: compressing cannot be undone. Otherwise as it is.
    pub(super) fn send_compressing(&mut self, kind: MessageKind, payload: &[u8]) -> Result<(), CallError> {
        if self.room() < CompressedMessage::max_len(payload.len()) {
            return self.plain().send(kind, payload);
        }
        let mut codec = self.codec.take();
        let sent = self.write(self.reserve(), |ws, now, out| {
            let compressor = codec.as_mut().and_then(|codec| codec.compressor(payload.len())).ok_or(UsageError::NoDeflate)?;
            let sent = ws.send_with(compressor, kind, payload, true, out)?;
            if sent.done {
                return Ok(sent.produced);
            }
            // A codec of somebody else's that does not keep to its contract: half a message cannot be taken back.
            compressor.reset();
            let rest = out.get_mut(sent.produced..).unwrap_or_default();
            Ok(sent.produced.saturating_add(ws.fail(CloseCode::INTERNAL_ERROR, now, rest).unwrap_or(0)))
        });
        self.codec = codec;
        sent
    }

    /// A part of a message, as far as there is room. If all of it is taken and its end has no room, the last byte counts as not taken,
    /// so that the caller comes again; it also does after `NeedsRoom`, if there is no byte.
    pub(super) fn send_part_compressing(&mut self, kind: MessageKind, payload: &[u8], fin: bool) -> Result<usize, CallError> {
        let mut codec = self.codec.take();
        let was_withheld = usize::from(self.progress.is_byte_withheld);
        let (mut taken, mut is_done) = (0, false);
        let sent = self.write(self.reserve(), |ws, _, out| {
            let compressor = codec.as_mut().and_then(|codec| codec.compressor(usize::MAX)).ok_or(UsageError::NoDeflate)?;
            let sent = ws.send_with(compressor, kind, payload.get(was_withheld..).unwrap_or_default(), fin, out)?;
            (taken, is_done) = (sent.consumed.saturating_add(was_withheld), sent.done);
            Ok(sent.produced)
        });
        self.codec = codec;
        sent?;
        let lacks_end = fin && !is_done && taken >= payload.len();
        self.progress.is_byte_withheld = lacks_end && !payload.is_empty();
        match taken.min(payload.len()).saturating_sub(usize::from(lacks_end)) {
            0 if lacks_end => Err(CallError::NeedsRoom { bytes: MIN_ROOM }),
            taken => Ok(taken),
        }
    }
}
