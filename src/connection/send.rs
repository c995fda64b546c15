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
    /// Whether it is compressed.
    compressed: bool,
    /// How far its text is checked.
    utf8: Utf8,
}

impl Sending {
    pub(super) const START: Self = Self { message: None, compressed: false, utf8: Utf8::START };

    pub(super) const fn is_inside_message(&self) -> bool {
        self.message.is_some()
    }

    /// The opcode of the next frame (§5.4).
    pub(super) fn opcode(&self, kind: MessageKind, compressed: bool) -> Result<Opcode, UsageError> {
        match self.message {
            None if kind == MessageKind::Text => Ok(Opcode::Text),
            None => Ok(Opcode::Binary),
            Some(unfinished) if unfinished == kind && self.compressed == compressed => Ok(Opcode::Continuation),
            Some(_) => Err(UsageError::WrongMessageKind),
        }
    }

    /// What is known once `payload` has gone out. §8.1 binds the sender too: as a whole a text is UTF-8, its fragments may
    /// end anywhere.
    pub(super) fn after(self, kind: MessageKind, payload: &[u8], fin: bool, compressed: bool) -> Result<Self, UsageError> {
        let mut utf8 = self.utf8;
        if kind == MessageKind::Text && (utf8.feed(payload).is_err() || fin && !utf8.is_complete()) {
            return Err(UsageError::InvalidUtf8);
        }
        Ok(if fin { Self::START } else { Self { message: Some(kind), compressed, utf8 } })
    }
}

impl Machine<'_> {
    pub(super) fn send_text(&mut self, entropy: &mut dyn Entropy, text: &str, out: &mut [u8]) -> Result<usize, CallError> {
        if self.sending.is_inside_message() {
            return self.send(entropy, MessageKind::Text, text.as_bytes(), true, out);
        }
        self.check_open()?;
        self.put_frame(entropy, true, Opcode::Text, text.as_bytes(), out)
    }

    #[inline]
    pub(super) fn send(
        &mut self,
        entropy: &mut dyn Entropy,
        kind: MessageKind,
        payload: &[u8],
        fin: bool,
        out: &mut [u8],
    ) -> Result<usize, CallError> {
        self.check_open()?;
        let opcode = self.sending.opcode(kind, false)?;
        let after = self.sending.after(kind, payload, fin, false)?;
        let octets = self.put_frame(entropy, fin, opcode, payload, out)?;
        self.sending = after;
        Ok(octets)
    }

    pub(super) fn send_header(
        &mut self,
        kind: MessageKind,
        payload: Option<&[u8]>,
        payload_len: u64,
        fin: bool,
        out: &mut [u8],
    ) -> Result<usize, CallError> {
        self.check_open()?;
        if self.role != Role::Server {
            return Err(UsageError::WrongRole.into());
        }
        let opcode = self.sending.opcode(kind, false)?;
        let after = self.sending.after(kind, payload.unwrap_or_default(), fin, false)?;
        let octets = FrameHeader { fin, rsv: 0, opcode, masking_key: None, payload_len }.encode(out)?;
        self.sending = after;
        Ok(octets)
    }

    pub(super) fn may_send(&self) -> Result<(), UsageError> {
        self.check_open()?;
        match self.role {
            Role::Client => Err(UsageError::WrongRole),
            Role::Server if self.sending.is_inside_message() => Err(UsageError::MessageUnfinished),
            Role::Server => Ok(()),
        }
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

    /// Writes a control frame whose payload was checked: `put_frame`, but once in the program.
    #[inline(never)]
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
    #[inline]
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
        crate::length::copy(payload, room);
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
