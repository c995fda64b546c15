//! §6.1: what the caller sends, each frame written whole into the caller's output. On a connection that is already closing
//! nothing is sent; that is not a mistake, and 0 is returned.

use super::machine::{Machine, Output, Stage};
use crate::error::{CallError, UsageError, room};
use crate::event::MessageKind;
use crate::frame::{FrameHeader, MAX_CONTROL_PAYLOAD, Opcode, put_frame, put_frame_inline};
use crate::length::wire_len;
use crate::role::Role;

impl Machine<'_> {
    pub(super) fn send_text(&mut self, text: &str, out: Output<'_>) -> Result<usize, CallError> {
        let Some(writer) = self.writer()? else { return Ok(0) };
        // §5.4: a whole message cannot stand inside another.
        if writer.is_inside_message() {
            return Err(UsageError::MessageUnfinished.into());
        }
        let n = put_frame((true, Opcode::Text), text.as_bytes(), self.masks(), out.entropy, out.room)?;
        self.timers.note_produced(n);
        Ok(n)
    }

    /// A whole message, which cannot stand inside another (§5.4).
    #[inline(always)]
    pub(super) fn send_message(&mut self, kind: MessageKind, payload: &[u8], out: Output<'_>) -> Result<usize, CallError> {
        let Some(writer) = self.writer()? else { return Ok(0) };
        if writer.is_inside_message() {
            return Err(UsageError::MessageUnfinished.into());
        }
        // Outside of messages the writer stays as it is.
        if kind == MessageKind::Text {
            writer.after(kind, payload, true, false)?;
        }
        let opcode = if kind == MessageKind::Text { Opcode::Text } else { Opcode::Binary };
        let n = put_frame_inline((true, opcode), payload, self.masks(), out.entropy, out.room)?;
        self.timers.note_produced(n);
        Ok(n)
    }

    // Always inlined: C's call of it costs 46 instructions more where another part of the library calls it too.
    #[inline(always)]
    pub(super) fn send(&mut self, kind: MessageKind, payload: &[u8], fin: bool, out: Output<'_>) -> Result<usize, CallError> {
        let Some(writer) = self.writer()? else { return Ok(0) };
        if fin && !writer.is_inside_message() {
            return self.send_message(kind, payload, out);
        }
        let opcode = writer.opcode(kind, false)?;
        let after = writer.after(kind, payload, fin, false)?;
        let n = put_frame((fin, opcode), payload, self.masks(), out.entropy, out.room)?;
        self.timers.note_produced(n);
        self.set_writer(after);
        Ok(n)
    }

    /// Only the header. `payload` is `None` if its bytes are not in memory, `payload_len` of them; then it is not text.
    pub(super) fn send_header(
        &mut self,
        kind: MessageKind,
        (payload, payload_len): (Option<&[u8]>, u64),
        fin: bool,
        out: Output<'_>,
    ) -> Result<usize, CallError> {
        let Output { entropy, room: out } = out;
        let Some(writer) = self.writer()? else { return Ok(0) };
        let opcode = writer.opcode(kind, false)?;
        let after = writer.after(kind, payload.unwrap_or_default(), fin, false)?;
        let mut header = FrameHeader { fin, rsv: 0, opcode, masking_key: self.masks().then_some([0; 4]), payload_len };
        if self.masks() {
            // A call that is refused draws no key, and writes nothing.
            room(out, header.encode(&mut [0; 14])?)?;
            let mut key = [0; 4];
            entropy.fill(&mut key)?;
            header.masking_key = Some(key);
        }
        let n = header.encode(out)?;
        self.timers.note_produced(n);
        self.timers.note_due(payload_len);
        self.set_writer(after);
        Ok(n)
    }

    pub(super) fn send_encoded(&mut self, encoded: &[u8]) -> Result<usize, UsageError> {
        self.check_server()?;
        match self.writer()? {
            None => Ok(0),
            Some(writer) if writer.is_inside_message() => Err(UsageError::MessageUnfinished),
            Some(_) => {
                self.timers.note_due(wire_len(encoded.len()));
                Ok(encoded.len())
            }
        }
    }

    pub(super) fn ping(&mut self, payload: &[u8], out: &mut Output<'_>) -> Result<usize, CallError> {
        check_control(payload)?;
        if self.writer()?.is_none() {
            return Ok(0);
        }
        let n = self.put_control(Opcode::Ping, payload, out)?;
        self.timers.pings.note_application(payload);
        Ok(n)
    }

    pub(super) fn pong(&mut self, payload: &[u8], out: &mut Output<'_>) -> Result<usize, CallError> {
        check_control(payload)?;
        match self.stage {
            // §5.5.2: Pings are answered until a Close is received.
            Stage::Open { .. } | Stage::CloseSent { .. } => self.put_control(Opcode::Pong, payload, out),
            Stage::Fresh | Stage::Head { .. } | Stage::Deciding { .. } => Err(UsageError::NotOpen.into()),
            _ => Ok(0),
        }
    }

    /// A client's payload must be masked, so the caller cannot write it.
    fn check_server(&self) -> Result<(), UsageError> {
        if self.role == Role::Server { Ok(()) } else { Err(UsageError::WrongRole) }
    }
}

/// §5.5: the payload of a control frame.
fn check_control(payload: &[u8]) -> Result<(), UsageError> {
    if payload.len() <= MAX_CONTROL_PAYLOAD { Ok(()) } else { Err(UsageError::ControlPayloadTooLong) }
}
