//! §6.2, §7: what the pieces from the reader mean for the connection.

use super::machine::{HeadInput, MAX_ANSWER, Machine, Output, Stage};
use crate::close_code::CloseCode;
use crate::error::{CallError, ProtocolError, UsageError, room};
use crate::event::{Data, Event, Received};
use crate::frame::{AnyInflation, Inflation, NoInflation, Opcode, Plain, Reader, Rest, What, WholeMessage, apply_mask};
use crate::length::wire_len;
use crate::time::Instant;

impl Machine<'_> {
    /// The message at the start of the input, if it lies there whole: unmasked, and to be consumed. Otherwise how much of it was read, for
    /// [`plain`](Self::plain): 0, or the header of a message that does not lie there whole. `room`: how much output there is.
    #[inline(always)]
    pub(super) fn whole_message(&mut self, input: &mut [u8], now: Instant, room: usize) -> Result<WholeMessage, usize> {
        let (rules, may_begin) = (self.rules(), takes_pieces(room));
        let Stage::Open { reader, .. } = &mut self.stage else { return Err(0) };
        let whole = reader.whole_message(input, rules, may_begin)?;
        self.timers.note_received(now);
        Ok(whole)
    }

    /// The other common case: payload of a message that does not lie whole in the input. `header_len`: what
    /// [`whole_message`](Self::whole_message) has read.
    #[inline(always)]
    pub(super) fn plain_piece<'i>(&mut self, input: &'i mut [u8], header_len: usize, now: Instant, room: usize) -> Plain<'i> {
        // Where the input has ended, `Closed` comes once it is used up.
        if !takes_pieces(room) || input.is_empty() || self.input_ended && header_len == 0 {
            return Plain::Other(Ok(input));
        }
        let rules = self.rules();
        let Stage::Open { reader, .. } = &mut self.stage else { return Plain::Other(Ok(input)) };
        let begins = header_len > 0 || !reader.is_inside_frame();
        let plain = reader.plain_piece(input, header_len, rules);
        if let Plain::Piece(_) = plain {
            let is_under_way = !begins || reader.is_inside_frame();
            self.timers.note_received(now);
            if is_under_way {
                self.timers.note_frame(now, begins);
            }
        }
        plain
    }

    /// The same, and no input, out of line.
    #[inline(never)]
    pub(super) fn plain<'i>(&mut self, input: &'i mut [u8], header_len: usize, now: Instant, room: usize) -> Plain<'i> {
        if input.is_empty() && self.needs_input() {
            return Plain::Nothing;
        }
        self.plain_piece(input, header_len, now, room)
    }

    /// What [`plain`](Self::plain) has left. `is_full`: no more can be added to this input.
    #[inline(never)]
    pub(super) fn receive_rest<'i>(
        &mut self,
        rest: Rest<'i>,
        is_full: bool,
        now: Instant,
        mut out: Output<'_>,
    ) -> Result<Received<'i>, CallError> {
        match rest {
            Ok(input) => {
                let none: &mut AnyInflation<'_, '_> = &mut NoInflation;
                self.receive_any(input, is_full, none, now, &mut out)
            }
            Err((fault, consumed)) => Ok(self.receive_fault(fault, consumed, now, &mut out)),
        }
    }

    /// Takes any input in any stage, and gives the `Closed` that is left over from the end of input.
    pub(super) fn receive_any<'i>(
        &mut self,
        input: &'i mut [u8],
        is_full: bool,
        inflation: &mut (impl Inflation<'i> + ?Sized),
        now: Instant,
        out: &mut Output<'_>,
    ) -> Result<Received<'i>, CallError> {
        let mut received = match self.stage {
            Stage::Head { heads, .. } if wire_len(input.len()) < u64::from(heads.scan.scanned) => {
                return Err(UsageError::InputTooShort.into());
            }
            Stage::Head { reads, heads } => reads(self, heads, HeadInput { bytes: input, is_full }, now, out)?,
            _ => self.receive_next(input, inflation, now, out)?,
        };
        if received.consumed > 0 {
            self.timers.note_received(now);
        }
        if received.event.is_none() {
            received.event = self.end_if_over(now);
        }
        Ok(received)
    }

    /// Takes frames, or whatever comes instead of them.
    // Not inlined: reading a head needs the stack.
    #[inline(never)]
    fn receive_next<'i>(
        &mut self,
        input: &'i mut [u8],
        inflation: &mut (impl Inflation<'i> + ?Sized),
        now: Instant,
        out: &mut Output<'_>,
    ) -> Result<Received<'i>, CallError> {
        let rules = self.rules();
        let reader = match &mut self.stage {
            Stage::Open { reader, .. } | Stage::CloseSent { reader, .. } => reader,
            // Heads are read elsewhere. Until there is an answer nothing is read; after a refusal the rest is not ours.
            Stage::Fresh | Stage::Head { .. } | Stage::Deciding { .. } | Stage::Refused => return Ok(Received::consumed(0)),
            // §5.5.1, §7.1.7: what comes after a Close or a fault is ignored.
            Stage::BothClosed { .. } | Stage::Failed | Stage::Over | Stage::Ended { .. } => {
                return Ok(Received::consumed(input.len()));
            }
        };
        if input.is_empty() && !reader.is_pending() {
            return Ok(Received::consumed(0));
        }
        // Law 7: the answer will fit, whatever the frame is.
        room(out.room, MAX_ANSWER)?;
        let (before, inflated) = (*reader, inflation.taken());
        let began_inside = before.is_inside_frame();
        let piece = match reader.next(input, rules, inflation) {
            Ok(piece) => piece,
            Err(error) => return Ok(self.receive_fault(error, input.len(), now, out)),
        };
        // §5.4: no Pong can interrupt a frame, so the bytes of a frame stand for one.
        let is_under_way = began_inside || reader.is_inside_frame();
        if piece.consumed > 0 && is_under_way && matches!(self.stage, Stage::Open { .. }) {
            self.timers.note_frame(now, !began_inside);
        }
        match piece.what {
            What::Nothing => Ok(Received::consumed(piece.consumed)),
            What::NoInflater => {
                self.set_reader(before);
                Err(UsageError::NoDeflate.into())
            }
            What::Data { kind, offset, last, inflated } => {
                self.note_message(last, now);
                let payload = slice(if inflated { inflation.take_window() } else { input }, piece.start, piece.len);
                let event = Some(Event::Data(Data { kind, payload, offset, last }));
                Ok(Received { consumed: piece.consumed, produced: 0, event })
            }
            What::Control { opcode, masking_key, frame_start } => {
                let payload = slice(input, piece.start, piece.len);
                apply_mask(masking_key, payload);
                match self.answer(opcode, payload, out) {
                    Ok(produced) => {
                        let event = Some(self.control_event(opcode, payload, now));
                        Ok(Received { consumed: piece.consumed, produced, event })
                    }
                    // Entropy failed: a client's, whose input is not masked. Everything is left as it came, unless the inflater has
                    // taken something on the way, with no output.
                    Err(refused) => {
                        if inflation.taken() != inflated {
                            return Ok(Received::consumed(frame_start));
                        }
                        self.set_reader(before);
                        Err(refused)
                    }
                }
            }
        }
    }

    /// Resets the reader, for a call that is refused.
    fn set_reader(&mut self, before: Reader) {
        if let Stage::Open { reader, .. } | Stage::CloseSent { reader, .. } = &mut self.stage {
            *reader = before;
        }
    }

    /// Writes the answer to a control frame.
    fn answer(&mut self, opcode: Opcode, payload: &[u8], out: &mut Output<'_>) -> Result<usize, CallError> {
        match (opcode, &self.stage) {
            // §5.5.2: a Pong with the same payload, until the peer's Close.
            (Opcode::Ping, _) if self.config.auto_pong => self.put_control(Opcode::Pong, payload, out),
            // §5.5.1: a Close with the same code, unless ours was sent before.
            (Opcode::Close, Stage::Open { .. }) => self.put_control(Opcode::Close, payload.get(..2).unwrap_or_default(), out),
            _ => Ok(0),
        }
    }

    /// The event of a control frame that was answered, and the change of stage.
    fn control_event<'i>(&mut self, opcode: Opcode, payload: &'i [u8], now: Instant) -> Event<'i> {
        match opcode {
            Opcode::Ping => Event::Ping { payload, answered: self.config.auto_pong },
            Opcode::Close => {
                let (code, reason) = payload.split_first_chunk().unwrap_or((&[0x03, 0xED], &[]));
                let code = CloseCode(u16::from_be_bytes(*code));
                self.enter(Stage::BothClosed { code }, now);
                // The reader has checked the reason.
                Event::CloseReceived { code, reason: core::str::from_utf8(reason).unwrap_or_default() }
            }
            _ => Event::Pong { payload, answers: self.timers.note_pong(now, payload) },
        }
    }

    /// §7.1.7. Without entropy for the Close the connection fails all the same.
    #[cold]
    pub(super) fn receive_fault<'i>(
        &mut self,
        error: ProtocolError,
        consumed: usize,
        now: Instant,
        out: &mut Output<'_>,
    ) -> Received<'i> {
        let produced = self.put_fault(error.close_code(), out).unwrap_or(0);
        self.enter(Stage::Failed, now);
        Received { consumed, produced, event: Some(Event::Failed { error }) }
    }

    /// A piece of a message arrived. After our Close the rest of the message that was under way moves the closing deadline,
    /// within bounds; new messages do not (law 10).
    fn note_message(&mut self, last: bool, now: Instant) {
        if let Stage::CloseSent { grace_ms, .. } = &mut self.stage {
            let waited_ms = u32::try_from(self.timers.waited(now)).unwrap_or(u32::MAX) / 1000;
            let granted_ms = waited_ms.min(*grace_ms);
            *grace_ms = if last { 0 } else { grace_ms.saturating_sub(granted_ms) };
            self.timers.postpone(now, u64::from(granted_ms).saturating_mul(1000));
        }
    }
}

/// Whether what is common has a way of its own, beside the general one. Small machines have less flash than time.
pub(crate) const SHORTCUTS: bool = cfg!(target_pointer_width = "64");

/// Whether a piece of a message may go that way. Law 7, as for all input of which a part may be a fault: the answer would fit.
#[inline(always)]
fn takes_pieces(room: usize) -> bool {
    SHORTCUTS && room >= MAX_ANSWER
}

/// `len` bytes from `start`. Asked for in the way in which the reader has made sure that they are there.
#[inline(always)]
pub(super) fn slice(memory: &mut [u8], start: usize, len: usize) -> &mut [u8] {
    memory.get_mut(..start.wrapping_add(len)).and_then(|bytes| bytes.get_mut(start..)).unwrap_or_default()
}
