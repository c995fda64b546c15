//! RFC 7692 in the machine: compressed messages through an inflater and a compressor that are passed to the call.

use super::endpoint::Connection;
use super::machine::{Machine, Output, Stage};
use super::receive::slice;
use crate::deflate::{Deflate, DeflateDirection, Finished, Inflate};
use crate::entropy::Entropy;
use crate::error::{CallError, ProtocolError, UsageError, room};
use crate::event::{Data, Event, MessageKind, Received};
use crate::frame::{AnyInflation, FrameHeader, Inflated, Inflation, Plain, PlainPiece, Rest, WholeMessage, apply_mask};
use crate::length::{move_down, wire_len};
use crate::role::Role;
use crate::time::Instant;

/// How far a call of [`Connection::send_with`] got.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Sent {
    /// How many bytes of the payload were taken; the rest must be given again.
    pub consumed: usize,
    /// How many bytes at the start of the output go to the peer: one frame, or none yet.
    pub produced: usize,
    /// Whether the call is complete: all of the payload was taken, and with `fin` the end of the message has been produced.
    /// Without `fin` what was taken may come with a later call: bits of it with [`Level::Fast`](crate::Level::Fast), with the other
    /// levels up to a block. Also true if the connection is already closing and nothing more is sent.
    pub done: bool,
}

/// With less room [`Connection::send_with`] does not start a frame: the header of a masked one and some payload.
pub(crate) const MIN_ROOM: usize = 32;

/// The most bytes of payload that a call takes for each byte of room; text written by people does not compress that well.
const MAX_RATIO: usize = 64;

impl<E: Entropy> Connection<'_, E> {
    /// [`receive`](Self::receive) for a connection with permessage-deflate. Compressed messages are inflated into `window`, which
    /// the event borrows; others arrive as with `receive`. `inflater` is the library's [`Inflater`](crate::Inflater) or another,
    /// and must be used for this connection only: fragments of messages from many connections interleave.
    ///
    /// Inflating cannot be undone, so this call asks for [`MAX_ANSWER`](crate::MAX_ANSWER) bytes of room before it inflates, and
    /// what the inflater took remains in it.
    ///
    /// # Errors
    /// As [`receive`](Self::receive), and [`UsageError::NoDeflate`](crate::UsageError::NoDeflate) if a compressed message arrives
    /// and `window` is empty or the inflater's window is smaller than the agreed one.
    pub fn receive_with<'i>(
        &mut self,
        now: Instant,
        input: &'i mut [u8],
        inflater: &mut dyn Inflate,
        window: &'i mut [u8],
        out: &mut [u8],
    ) -> Result<Received<'i>, CallError> {
        match self.whole_message(now, input, out.len()) {
            Ok(WholeMessage { kind, start, len }) => {
                let event = Some(Event::Data(Data { kind, payload: slice(input, start, len), offset: 0, last: true }));
                Ok(Received { consumed: start.wrapping_add(len), produced: 0, event })
            }
            Err(header_len) => self.receive_other_with(now, (input, header_len), inflater, window, out),
        }
    }

    /// Everything but whole messages. The number: how much of the input [`whole_message`](Self::whole_message) has read.
    #[inline(never)]
    fn receive_other_with<'i>(
        &mut self,
        now: Instant,
        (input, header_len): (&'i mut [u8], usize),
        inflater: &mut dyn Inflate,
        window: &'i mut [u8],
        out: &mut [u8],
    ) -> Result<Received<'i>, CallError> {
        match self.plain(now, input, header_len, out.len()) {
            Plain::Piece(PlainPiece { data, consumed }) => Ok(Received { consumed, produced: 0, event: Some(Event::Data(data)) }),
            Plain::Nothing => Ok(Received::consumed(0)),
            Plain::Other(rest) => self.receive_inflated(now, (rest, false), inflater, &mut Some(window), out),
        }
    }

    /// What [`plain`](Self::plain) has left for [`receive_with`](Self::receive_with). `is_full`: no more can be added to this
    /// input. `window` is taken if the bytes of the event are in it.
    pub(crate) fn receive_inflated<'i>(
        &mut self,
        now: Instant,
        (rest, is_full): (Rest<'i>, bool),
        inflater: &mut dyn Inflate,
        window: &mut Option<&'i mut [u8]>,
        out: &mut [u8],
    ) -> Result<Received<'i>, CallError> {
        let (machine, mut out) = self.output(out);
        let input = match rest {
            Ok(input) => input,
            fault => return machine.receive_rest(fault, is_full, now, out),
        };
        let agreed = machine.negotiated.deflate().map(|params| params.sent_by(machine.role.peer()));
        let fits = agreed.is_some_and(|agreed| agreed.is_valid() && inflater.limit_window(agreed.max_window_bits));
        let mut inflating = Inflating { inflater, fits, agreed, window: window.take().unwrap_or_default() };
        let inflation: &mut AnyInflation<'_, 'i> = &mut inflating;
        let received = machine.receive_any(input, is_full, inflation, now, &mut out);
        *window = Some(inflating.window).filter(|window| !window.is_empty());
        received
    }

    /// [`send`](Self::send), compressed (RFC 7692 §6.1): writes at most one frame, as long as `out` allows. Until [`Sent::done`]
    /// the caller writes what was produced and calls again with the rest of the payload, which may be empty, and the same `kind`
    /// and `fin`. Fragments follow as with `send`.
    ///
    /// `compressor` is the library's [`Compressor`](crate::Compressor) or another. With context takeover it must be used for this
    /// connection only. Without ([`DeflateDirection::no_context_takeover`](crate::DeflateDirection)) any number of connections can
    /// share it, one message after the other; reset it after a message that was not finished because its connection ended.
    ///
    /// To send a message uncompressed, because it has a secret beside text that an attacker may choose (RFC 7692 §8) or because
    /// compression is not worth it, use [`send`](Self::send).
    ///
    /// # Errors
    /// As [`send`](Self::send), with [`CallError::NeedsRoom`] below 32 bytes, and
    /// [`UsageError::NoDeflate`](crate::UsageError::NoDeflate) if compression was not agreed or the compressor cannot keep to the
    /// agreed window, [`UsageError::WrongCompressor`](crate::UsageError::WrongCompressor) if it is inside another message.
    pub fn send_with(
        &mut self,
        compressor: &mut dyn Deflate,
        kind: MessageKind,
        payload: &[u8],
        fin: bool,
        out: &mut [u8],
    ) -> Result<Sent, CallError> {
        let (machine, out) = self.output(out);
        machine.send_with(compressor, kind, payload, fin, out)
    }
}

impl<E> Connection<'_, E> {
    /// Whether more of a message can be inflated without further input.
    pub(crate) fn awaits_inflating(&self) -> bool {
        self.machine().is_inflating()
    }

    /// Whether a compressed message of ours is unfinished.
    pub(crate) fn is_inside_compressed(&self) -> bool {
        self.machine().writer().is_ok_and(|writer| writer.is_some_and(|writer| writer.is_compressed()))
    }
}

/// The inflater of a call, the parameters agreed for it, and the memory for its output.
struct Inflating<'a, 'i> {
    inflater: &'a mut dyn Inflate,
    /// Its window is the agreed one.
    fits: bool,
    agreed: Option<DeflateDirection>,
    window: &'i mut [u8],
}

impl<'i> Inflation<'i> for Inflating<'_, 'i> {
    fn is_ready(&self) -> bool {
        self.fits && !self.window.is_empty()
    }

    fn inflate(&mut self, payload: &[u8], ends: bool, limit: u64) -> Result<Inflated, ProtocolError> {
        // at most one byte beyond the limit is ever produced.
        let room = crate::length::at_most(limit.saturating_add(1), self.window.len());
        let window = self.window.get_mut(..room).unwrap_or_default();
        let progress = self.inflater.inflate(payload, window).map_err(|_| ProtocolError::InvalidDeflate)?;
        // A codec that does not keep to its contract: there is room, and no call would get further.
        if progress.produced == 0 && (progress.more || progress.consumed == 0 && !payload.is_empty()) {
            return Err(ProtocolError::InvalidDeflate);
        }
        let mut inflated =
            Inflated { consumed: progress.consumed, produced: progress.produced, done: false, more: progress.more };
        if ends && progress.consumed == payload.len() && !progress.more {
            // Everything has come out: the byte of room only shows that nothing more does.
            match self.inflater.finish_message(&mut [0]) {
                Ok(Finished { produced: 0, done: true }) => inflated.done = true,
                // The output before the fault is given first.
                Err(_) if inflated.produced > 0 => inflated.more = true,
                // Also for a codec that has held back output, which would be lost.
                _ => return Err(ProtocolError::InvalidDeflate),
            }
        }
        // RFC 7692 §7.1.1: the next message refers to nothing in this one.
        if inflated.done && self.agreed.is_some_and(|agreed| agreed.no_context_takeover) {
            self.inflater.reset();
        }
        Ok(inflated)
    }

    fn taken(&self) -> u64 {
        self.inflater.taken()
    }

    fn window(&mut self) -> &mut [u8] {
        self.window
    }

    fn take_window(&mut self) -> &'i mut [u8] {
        core::mem::take(&mut self.window)
    }
}

impl Machine<'_> {
    fn is_inflating(&self) -> bool {
        match &self.stage {
            Stage::Open { reader, .. } | Stage::CloseSent { reader, .. } => reader.is_pending(),
            _ => false,
        }
    }

    fn send_with(
        &mut self,
        compressor: &mut dyn Deflate,
        kind: MessageKind,
        payload: &[u8],
        fin: bool,
        out: Output<'_>,
    ) -> Result<Sent, CallError> {
        let Output { entropy, room: out } = out;
        let Some(writer) = self.writer()? else {
            return Ok(Sent { consumed: payload.len(), produced: 0, done: true });
        };
        let agreed = self.negotiated.deflate().ok_or(UsageError::NoDeflate)?.sent_by(self.role);
        let starts = !writer.is_inside_message();
        let opcode = writer.opcode(kind, true)?;
        if compressor.is_idle() != starts {
            return Err(UsageError::WrongCompressor.into());
        }
        if !agreed.is_valid() || starts && !compressor.limit_window(agreed.max_window_bits) {
            return Err(UsageError::NoDeflate.into());
        }
        // A call takes no more than may fit, so that many calls do not check a long payload again and again.
        let (all, ends) = (payload, fin);
        let payload = all.get(..out.len().saturating_mul(MAX_RATIO)).unwrap_or(all);
        let fin = ends && payload.len() == all.len();
        // §8.1: the first call checks all of the payload, so that none of it has been sent if it is not text.
        let checks_all = !writer.rest_is_checked;
        writer.after(kind, if checks_all { all } else { payload }, if checks_all { ends } else { fin }, true)?;
        room(out, MIN_ROOM)?;
        let mut masking_key = if self.role == Role::Client { Some([0; 4]) } else { None };
        if let Some(key) = &mut masking_key {
            entropy.fill(key)?;
        }

        // Nothing may fail from here on: compressing cannot be undone.
        if starts && agreed.no_context_takeover {
            compressor.reset();
        }
        // RFC 7692 §6: RSV1 marks the first frame of a compressed message. Room is reserved for the header of the longest frame
        // that fits.
        let rsv = if starts { 4 } else { 0 };
        let mut header = FrameHeader { fin: false, rsv, opcode, masking_key, payload_len: wire_len(out.len()) };
        let reserved = header.header_len();
        let compressed = compressor.compress(payload, out.get_mut(reserved..).unwrap_or_default(), fin);
        let done = if fin { compressed.done } else { compressed.consumed == all.len() };
        let checked = payload.get(..compressed.consumed).unwrap_or_default();
        let mut after = writer.after(kind, checked, fin && done, true)?;
        after.rest_is_checked = !done;
        self.set_writer(after);
        let mut sent = Sent { consumed: compressed.consumed, produced: 0, done };
        if compressed.produced > 0 || starts || fin && done {
            header.fin = fin && done;
            header.payload_len = wire_len(compressed.produced);
            move_down(out, reserved, header.header_len(), compressed.produced);
            let header_len = header.encode(out)?;
            sent.produced = header_len.saturating_add(compressed.produced);
            if let Some(key) = masking_key {
                apply_mask(key, out.get_mut(header_len..sent.produced).unwrap_or_default());
            }
            self.timers.note_produced(sent.produced);
        }
        Ok(sent)
    }
}
