//! §6.1: messages, fragments and control frames, each written whole into the caller's output.

use super::{Machine, Stage};
use crate::entropy::Entropy;
use crate::error::{CallError, UsageError, room};
use crate::event::{MessageKind, Role};
use crate::frame::{FrameHeader, MAX_CONTROL_PAYLOAD, Opcode, apply_mask};
use crate::length::wire_len;
use crate::utf8::Utf8;

/// What is known of the message that we are sending.
#[derive(Clone, Copy)]
pub(super) struct Sending {
    /// The kind of the unfinished message, if there is one.
    message: Option<MessageKind>,
    /// How far its text is checked.
    utf8: Utf8,
}

impl Sending {
    pub(super) const START: Self = Self { message: None, utf8: Utf8::START };
}

impl Machine<'_> {
    pub(super) fn send_text(&mut self, entropy: &mut dyn Entropy, text: &str, out: &mut [u8]) -> Result<usize, CallError> {
        if self.sending.message.is_some() {
            return self.send(entropy, MessageKind::Text, text.as_bytes(), true, out);
        }
        self.check_open()?;
        self.put_frame(entropy, true, Opcode::Text, text.as_bytes(), out)
    }

    pub(super) fn send(
        &mut self,
        entropy: &mut dyn Entropy,
        kind: MessageKind,
        payload: &[u8],
        fin: bool,
        out: &mut [u8],
    ) -> Result<usize, CallError> {
        self.check_open()?;
        let opcode = match self.sending.message {
            Some(unfinished) if unfinished != kind => return Err(UsageError::WrongMessageKind.into()),
            Some(_) => Opcode::Continuation,
            None if kind == MessageKind::Text => Opcode::Text,
            None => Opcode::Binary,
        };
        let mut utf8 = self.sending.utf8;
        // §8.1 binds the sender too: as a whole the message is UTF-8, its fragments may end anywhere.
        if kind == MessageKind::Text && (utf8.feed(payload).is_err() || fin && !utf8.is_complete()) {
            return Err(UsageError::InvalidUtf8.into());
        }
        let octets = self.put_frame(entropy, fin, opcode, payload, out)?;
        self.sending = if fin { Sending::START } else { Sending { message: Some(kind), utf8 } };
        Ok(octets)
    }

    pub(super) fn ping(&mut self, entropy: &mut dyn Entropy, payload: &[u8], out: &mut [u8]) -> Result<usize, CallError> {
        self.check_open()?;
        check_control(payload)?;
        self.put_control(entropy, Opcode::Ping, payload, out)
    }

    pub(super) fn pong(&mut self, entropy: &mut dyn Entropy, payload: &[u8], out: &mut [u8]) -> Result<usize, CallError> {
        // §5.5.2: Pings are answered until a Close was received.
        if !matches!(self.stage, Stage::Open | Stage::CloseSent) {
            return Err(UsageError::NotOpen.into());
        }
        check_control(payload)?;
        self.put_control(entropy, Opcode::Pong, payload, out)
    }

    /// §6.1: data goes out only in the state OPEN.
    fn check_open(&self) -> Result<(), UsageError> {
        if self.stage == Stage::Open { Ok(()) } else { Err(UsageError::NotOpen) }
    }

    /// Writes a control frame whose payload was checked.
    pub(super) fn put_control(
        &self,
        entropy: &mut dyn Entropy,
        opcode: Opcode,
        payload: &[u8],
        out: &mut [u8],
    ) -> Result<usize, CallError> {
        self.put_frame(entropy, true, opcode, payload, out)
    }

    /// Writes a frame: header, payload and, from a client, mask. Entropy is drawn once everything fits.
    fn put_frame(
        &self,
        entropy: &mut dyn Entropy,
        fin: bool,
        opcode: Opcode,
        payload: &[u8],
        out: &mut [u8],
    ) -> Result<usize, CallError> {
        let masking_key = if self.role == Role::Client { Some([0; 4]) } else { None };
        let mut header = FrameHeader { fin, rsv: 0, opcode, masking_key, payload_len: wire_len(payload.len()) };
        let header_len = header.header_len();
        let frame_len = header_len.saturating_add(payload.len());
        let out = room(out, frame_len)?;
        if let Some(key) = &mut header.masking_key {
            // §5.3: a fresh key for every frame, which the application could not foresee.
            entropy.fill(key)?;
        }
        header.encode(out)?;
        let room = out.get_mut(header_len..).unwrap_or_default();
        if room.len() == payload.len() {
            room.copy_from_slice(payload);
        }
        if let Some(key) = header.masking_key {
            apply_mask(key, room);
        }
        Ok(frame_len)
    }
}

/// §5.5: the payload of a control frame.
fn check_control(payload: &[u8]) -> Result<(), UsageError> {
    if payload.len() <= MAX_CONTROL_PAYLOAD { Ok(()) } else { Err(UsageError::ControlPayloadTooLong) }
}
