//! §5, §6.1, the lower storey of what we send: messages become frames in the caller's output.

use super::encode::put_unmasked;
use super::header::{FrameHeader, Opcode};
use super::mask::copy_masked;
use crate::entropy::Entropy;
use crate::error::{CallError, UsageError, room};
use crate::event::MessageKind;
use crate::length::wire_len;
use crate::utf8::Utf8;

/// The state of the message that we are sending.
#[derive(Clone, Copy)]
pub(crate) struct Writer {
    /// The kind of the unfinished message, if there is one.
    message: Option<MessageKind>,
    /// Whether it is compressed.
    compressed: bool,
    /// The state of its text so far.
    utf8: Utf8,
    /// Whether the previous call has already checked the rest of its payload, which the next call brings.
    #[cfg_attr(not(feature = "deflate"), expect(dead_code, reason = "send_with alone takes a payload in parts"))]
    pub(crate) rest_is_checked: bool,
}

impl Writer {
    pub(crate) const START: Self = Self { message: None, compressed: false, utf8: Utf8::START, rest_is_checked: false };

    pub(crate) const fn is_inside_message(&self) -> bool {
        self.message.is_some()
    }

    /// Whether the unfinished message is compressed.
    #[cfg(feature = "deflate")]
    pub(crate) const fn is_compressed(&self) -> bool {
        self.message.is_some() && self.compressed
    }

    /// The opcode of the next frame (§5.4).
    #[inline]
    pub(crate) fn opcode(&self, kind: MessageKind, compressed: bool) -> Result<Opcode, UsageError> {
        match self.message {
            None if kind == MessageKind::Text => Ok(Opcode::Text),
            None => Ok(Opcode::Binary),
            Some(unfinished) if unfinished == kind && self.compressed == compressed => Ok(Opcode::Continuation),
            Some(_) => Err(UsageError::WrongMessageKind),
        }
    }

    /// The state once `payload` has been sent. §8.1 applies to the sender too: the text as a whole is UTF-8; its fragments may
    /// end anywhere.
    #[inline]
    pub(crate) fn after(self, kind: MessageKind, payload: &[u8], fin: bool, compressed: bool) -> Result<Self, UsageError> {
        let mut utf8 = self.utf8;
        if kind == MessageKind::Text && (utf8.feed(payload).is_err() || fin && !utf8.is_complete()) {
            return Err(UsageError::InvalidUtf8);
        }
        Ok(if fin { Self::START } else { Self { message: Some(kind), compressed, utf8, rest_is_checked: false } })
    }
}

/// Writes a frame: its header, and its payload, `masked` or not. Entropy is drawn only if everything fits.
#[inline(never)]
pub(crate) fn put_frame(
    (fin, opcode): (bool, Opcode),
    payload: &[u8],
    masked: bool,
    entropy: &mut dyn Entropy,
    out: &mut [u8],
) -> Result<usize, CallError> {
    put_frame_inline((fin, opcode), payload, masked, entropy, out)
}

/// The same, for the one place where the cost of a call outweighs 200 bytes of flash.
#[inline(always)]
pub(crate) fn put_frame_inline(
    (fin, opcode): (bool, Opcode),
    payload: &[u8],
    masked: bool,
    entropy: &mut dyn Entropy,
    out: &mut [u8],
) -> Result<usize, CallError> {
    if masked { put_masked((fin, opcode), payload, entropy, out) } else { put_unmasked((fin, opcode), payload, out) }
}

#[inline(always)]
fn put_masked(
    (fin, opcode): (bool, Opcode),
    payload: &[u8],
    entropy: &mut dyn Entropy,
    out: &mut [u8],
) -> Result<usize, CallError> {
    let mut key = [0; 4];
    let header = FrameHeader { fin, rsv: 0, opcode, masking_key: Some(key), payload_len: wire_len(payload.len()) };
    let frame_len = header.header_len().saturating_add(payload.len());
    let out = room(out, frame_len)?;
    // §5.3: a fresh key for every frame, which the application cannot predict.
    entropy.fill(&mut key)?;
    let room = FrameHeader { masking_key: Some(key), ..header }.put(out);
    copy_masked(key, payload, room);
    Ok(frame_len)
}
