//! §5, §6.2: frames as they arrive. Header, unmask in place, UTF-8, event: a payload octet's whole way through the machine.

use super::handshake::Handshake;
use super::inflation::{Inflation, NoInflation};
use super::{MAX_ANSWER, Machine, Stage, Stop};
use crate::close_code::CloseCode;
use crate::entropy::Entropy;
use crate::error::{CallError, ProtocolError, room};
use crate::event::{Data, Event, MessageKind, Received, Role};
use crate::frame::{FrameHeader, HeaderRules, Opcode, advance_key, apply_mask, apply_mask_inline, unmask_text};
use crate::length::{at_most, wire_len};
use crate::time::Instant;
use crate::utf8::{Utf8, is_utf8};

/// What is known of the octets to come: of a head, then of frames.
#[derive(Clone, Copy)]
pub(super) enum Reception {
    Handshake(Handshake),
    Frames(Frames),
}

/// Where in a frame and in a message the input stands.
#[derive(Clone, Copy)]
pub(super) struct Frames {
    /// Octets of the current data frame's payload still to come; 0 between frames.
    pub(super) remaining: u64,
    /// Octets of the current message so far.
    pub(super) offset: u64,
    /// Frames of the current message so far.
    fragments: u32,
    /// Empty ones among them since the last octet of payload.
    empty_frames: u32,
    /// The current frame's, turned so that its first octet is next; zero from a server.
    pub(super) masking_key: [u8; 4],
    pub(super) utf8: Utf8,
    /// The current message's kind; `None` between messages.
    pub(super) message: Option<MessageKind>,
    /// Whether the current frame ends the message.
    pub(super) fin: bool,
    /// Whether the current message is compressed: `offset` and `utf8` count inflated octets then.
    compressed: bool,
    /// Whether more of it may come out of the inflater without further payload.
    pub(super) pending: bool,
}

impl Frames {
    pub(super) const START: Self = Self {
        remaining: 0,
        offset: 0,
        fragments: 0,
        empty_frames: 0,
        masking_key: [0; 4],
        utf8: Utf8::START,
        message: None,
        fin: false,
        compressed: false,
        pending: false,
    };
}

/// A call's result as positions in the input, so that the borrow of the input ends before the event takes it.
#[derive(Clone, Copy)]
pub(super) struct Outcome {
    pub(super) consumed: usize,
    pub(super) produced: usize,
    /// What the event shows: `len` octets from `start`.
    pub(super) start: usize,
    pub(super) len: usize,
    pub(super) what: What,
}

/// A message that lies whole in the input, its payload `len` octets from `start`.
struct WholeMessage {
    kind: MessageKind,
    start: usize,
    len: usize,
}

#[derive(Clone, Copy)]
pub(super) enum What {
    Nothing,
    Data {
        kind: MessageKind,
        offset: u64,
        last: bool,
    },
    /// The same, at the start of the window for inflated payload.
    Inflated {
        kind: MessageKind,
        offset: u64,
        last: bool,
    },
    Ping {
        answered: bool,
    },
    Pong,
    CloseReceived(CloseCode),
    Failed(ProtocolError),
}

impl Outcome {
    pub(super) fn nothing(consumed: usize) -> Self {
        Self { consumed, produced: 0, start: 0, len: 0, what: What::Nothing }
    }

    /// After a fault nothing of the input is of use.
    pub(super) fn failed(error: ProtocolError, input: &[u8], produced: usize) -> Self {
        Self { consumed: input.len(), produced, start: 0, len: 0, what: What::Failed(error) }
    }

    /// Shows the octets that the event is about.
    #[inline]
    pub(super) fn into_received<'i>(self, input: &'i mut [u8], window: &'i mut [u8]) -> Received<'i> {
        let memory = if let What::Inflated { .. } = self.what { window } else { input };
        let octets = memory.get_mut(self.start..).and_then(|rest| rest.get_mut(..self.len)).unwrap_or_default();
        let event = match self.what {
            What::Nothing => None,
            What::Data { kind, offset, last } | What::Inflated { kind, offset, last } => {
                Some(Event::Data(Data { kind, payload: octets, offset, last }))
            }
            what => what.into_event(octets),
        };
        Received { consumed: self.consumed, produced: self.produced, event }
    }
}

impl What {
    /// The rarer events.
    fn into_event(self, octets: &[u8]) -> Option<Event<'_>> {
        Some(match self {
            Self::Nothing | Self::Data { .. } | Self::Inflated { .. } => return None,
            Self::Ping { answered } => Event::Ping { payload: octets, answered },
            Self::Pong => Event::Pong { payload: octets },
            // The reason was checked octet by octet.
            Self::CloseReceived(code) => Event::CloseReceived { code, reason: core::str::from_utf8(octets).unwrap_or_default() },
            Self::Failed(error) => Event::Failed { error },
        })
    }
}

impl Machine<'_> {
    #[inline(always)]
    pub(super) fn receive<'i>(
        &mut self,
        entropy: &mut dyn Entropy,
        now: Instant,
        input: &'i mut [u8],
        out: &mut [u8],
    ) -> Result<Received<'i>, CallError> {
        let Some(whole) = self.whole_message(now, input) else {
            return self.receive_rarer(entropy, now, input, out);
        };
        // Its own way out: merged with the other events, it would go through memory twice.
        let payload = input.get_mut(whole.start..).and_then(|rest| rest.get_mut(..whole.len)).unwrap_or_default();
        let event = Some(Event::Data(Data { kind: whole.kind, payload, offset: 0, last: true }));
        Ok(Received { consumed: whole.start.saturating_add(whole.len), produced: 0, event })
    }

    #[inline(never)]
    fn receive_rarer<'i>(
        &mut self,
        entropy: &mut dyn Entropy,
        now: Instant,
        input: &'i mut [u8],
        out: &mut [u8],
    ) -> Result<Received<'i>, CallError> {
        if self.stage == Stage::Head {
            return self.receive_head(now, input, out);
        }
        let outcome = self.receive_any(entropy, now, input, &mut NoInflation, out)?;
        Ok(outcome.into_received(input, &mut []))
    }

    /// All events but those of the handshake, with an inflater for compressed messages.
    pub(super) fn receive_any(
        &mut self,
        entropy: &mut dyn Entropy,
        now: Instant,
        input: &mut [u8],
        inflation: &mut dyn Inflation,
        out: &mut [u8],
    ) -> Result<Outcome, CallError> {
        let outcome = match self.stage {
            Stage::Open | Stage::CloseSent => self.receive_frames(entropy, now, input, inflation, out)?,
            // Until there is an answer nothing is read; a refused client's rest is not ours.
            Stage::Fresh | Stage::Head | Stage::Deciding | Stage::Refused => Outcome::nothing(0),
            // §5.5.1, §7.1.7: what comes behind a Close or a fault is ignored.
            Stage::BothClosed | Stage::Failed | Stage::Ended => Outcome::nothing(input.len()),
        };
        if outcome.consumed > 0 {
            self.timers.note_received(now);
        }
        Ok(outcome)
    }

    /// The common case by itself: between messages, a valid message of one frame that lies whole in the input. Whatever else is
    /// there, a fault above all, is left untouched to the general way.
    #[inline(always)]
    fn whole_message(&mut self, now: Instant, input: &mut [u8]) -> Option<WholeMessage> {
        let Reception::Frames(Frames { message: None, .. }) = self.reception else { return None };
        if !matches!(self.stage, Stage::Open | Stage::CloseSent) {
            return None;
        }
        let available = input.len();
        let (&mut [first, second], behind) = input.split_first_chunk_mut()?;
        let kind = match first {
            0x81 => MessageKind::Text,
            0x82 => MessageKind::Binary,
            _ => return None,
        };
        let is_masked = self.role == Role::Server;
        if second >> 7 != u8::from(is_masked) {
            return None;
        }
        let (len, behind) = match second & 0x7F {
            126 => {
                let (&mut octets, behind) = behind.split_first_chunk_mut()?;
                (u16::from_be_bytes(octets), behind)
            }
            127 => return None,
            short => (u16::from(short), behind),
        };
        let is_minimal = len > 125 || second & 0x7F != 126;
        if !is_minimal || u64::from(len) > self.config.max_message_len {
            return None;
        }
        let (key, behind) = match is_masked {
            true => {
                let (&mut key, behind) = behind.split_first_chunk_mut()?;
                (key, behind)
            }
            false => ([0; 4], behind),
        };
        let start = available.saturating_sub(behind.len());
        let len = usize::from(len);
        let payload = behind.get_mut(..len)?;
        match kind {
            MessageKind::Binary => apply_mask_inline(key, payload),
            MessageKind::Text => {
                if !unmask_text(key, payload) && !is_utf8(payload) {
                    apply_mask(key, payload);
                    return None;
                }
            }
        }
        self.timers.note_received(now);
        Some(WholeMessage { kind, start, len })
    }

    #[inline]
    fn receive_frames(
        &mut self,
        entropy: &mut dyn Entropy,
        now: Instant,
        input: &mut [u8],
        inflation: &mut dyn Inflation,
        out: &mut [u8],
    ) -> Result<Outcome, CallError> {
        let Reception::Frames(frames) = self.reception else { return Ok(Outcome::nothing(0)) };
        // How far octets went into the inflater, if they did: the part of the call that cannot be taken back.
        let mut committed = None;
        match self.next_event(frames, &mut committed, entropy, now, input, inflation, out) {
            Ok(outcome) => Ok(outcome),
            // Room was made sure of, so entropy failed: the next call will say so.
            Err(Stop::Call(error)) => committed.map(Outcome::nothing).ok_or(error),
            Err(Stop::Fault(error)) => {
                let produced = match self.fail(entropy, error.close_code(), now, out) {
                    Err(refused) if committed.is_none() => return Err(refused),
                    Err(_) => {
                        self.enter_failed(now);
                        0
                    }
                    Ok(produced) => produced,
                };
                Ok(Outcome::failed(error, input, produced))
            }
        }
    }

    /// Goes through `input` up to the first event. `frames` is a copy, put back where the call succeeds and where octets were
    /// `committed`.
    #[allow(clippy::too_many_arguments, reason = "what a call is given, and its two pieces of state")]
    fn next_event(
        &mut self,
        mut frames: Frames,
        committed: &mut Option<usize>,
        entropy: &mut dyn Entropy,
        now: Instant,
        input: &mut [u8],
        inflation: &mut dyn Inflation,
        out: &mut [u8],
    ) -> Result<Outcome, Stop> {
        let mut consumed = 0;
        loop {
            let rest = input.get_mut(consumed..).unwrap_or_default();
            if frames.remaining == 0 && !frames.pending {
                let Some(header) = self.next_header(&frames, rest)? else { break };
                let header_len = header.header_len();
                if header.opcode.is_control() {
                    let behind = rest.get_mut(header_len..).unwrap_or_default();
                    let Some(mut outcome) = self.receive_control(header, entropy, now, behind, out)? else { break };
                    self.reception = Reception::Frames(frames);
                    outcome.start = outcome.start.saturating_add(consumed).saturating_add(header_len);
                    outcome.consumed = outcome.consumed.saturating_add(consumed).saturating_add(header_len);
                    return Ok(outcome);
                }
                if header.rsv != 0 {
                    inflation.start(self)?;
                }
                consumed = consumed.saturating_add(header_len);
                frames.start_data(header);
                if header.payload_len == 0 && !header.fin {
                    continue;
                }
            }
            let start = consumed;
            let rest = input.get_mut(start..).unwrap_or_default();
            let len = at_most(frames.remaining, rest.len());
            // An empty piece ends a message or is none.
            if len == 0 && frames.remaining > 0 && !frames.pending {
                break;
            }
            if frames.compressed {
                // Inflating cannot be undone, so there has to be room for whatever may be due behind it.
                room(out, MAX_ANSWER)?;
                let payload = rest.get_mut(..len).unwrap_or_default();
                let inflated = frames.inflate(payload, self.config.max_message_len, inflation)?;
                consumed = consumed.saturating_add(inflated.consumed);
                *committed = Some(consumed);
                let what = frames.take_inflated(inflated, inflation.window(), self.config.max_message_len)?;
                self.reception = Reception::Frames(frames);
                if inflated.produced > 0 || inflated.done {
                    return Ok(Outcome { consumed, produced: 0, start: 0, len: inflated.produced, what });
                }
                continue;
            }
            let what = frames.take_payload(rest.get_mut(..len).unwrap_or_default())?;
            self.reception = Reception::Frames(frames);
            return Ok(Outcome { consumed: consumed.saturating_add(len), produced: 0, start, len, what });
        }
        self.reception = Reception::Frames(frames);
        Ok(Outcome::nothing(consumed))
    }

    /// Reads the header at the start of `input`. Rules are checked in the order of the octets that show them, so that the
    /// fault does not depend on how much of the header is there.
    #[inline]
    fn next_header(&self, frames: &Frames, input: &[u8]) -> Result<Option<FrameHeader>, ProtocolError> {
        let Some(&first) = input.first() else { return Ok(None) };
        // Opcodes below 8 are those of data frames (§5.2); reserved ones fail in `decode`.
        let is_data = first & 0x08 == 0;
        if is_data {
            frames.check_sequence(first, self.config.max_fragments)?;
        }
        // §10.4, L-06: a frame fails from its header alone.
        let left = self.config.max_message_len.saturating_sub(frames.offset);
        // RFC 7692 §6: RSV1 marks a compressed message, on its first frame and nowhere else.
        let may_compress = self.deflate.is_some() && frames.message.is_none();
        let max_payload_len = match is_data {
            false => u64::MAX,
            // Stored blocks and the end of the message make compressed octets the longer.
            true if frames.compressed || first & 0x40 != 0 => left.saturating_add(left / 1024).saturating_add(64),
            true => left,
        };
        let rsv = if is_data && may_compress { 4 } else { 0 };
        let rules = HeaderRules { masked: Some(self.role == Role::Server), rsv, max_payload_len };
        let header = FrameHeader::decode(input, rules)?;
        match input.get(1).map(|second| second & 0x7F) {
            // §8.1: the end of a text inside a character shows in the length, before the masking key is there.
            Some(0) if is_data && first & 0x80 != 0 && !frames.compressed && !frames.utf8.is_complete() => {
                Err(ProtocolError::InvalidUtf8)
            }
            // Empty fragments make no progress; one that ends its message does.
            Some(0) if is_data && first & 0x80 == 0 && frames.empty_frames >= self.config.max_empty_frames => {
                Err(ProtocolError::TooManyEmptyFrames)
            }
            // §5.5.1: a body starts with a code of two octets.
            Some(1) if first & 0x0F == Opcode::Close as u8 => Err(ProtocolError::CloseBodyTooShort),
            _ => Ok(header),
        }
    }
}

impl Frames {
    /// §5.4: which data frames may come now, judged by their first octet.
    #[inline]
    fn check_sequence(&self, first: u8, max_fragments: u32) -> Result<(), ProtocolError> {
        let is_continuation = first & 0x0F == Opcode::Continuation as u8;
        match self.message {
            None if is_continuation => Err(ProtocolError::ContinuationWithoutStart),
            // Opcodes 3 to 7 are reserved, and that is what `decode` says of them.
            Some(_) if !is_continuation && Opcode::from_octet(first).is_some() => Err(ProtocolError::MessageInsideMessage),
            _ if self.fragments >= max_fragments.max(1) => Err(ProtocolError::TooManyFragments),
            _ => Ok(()),
        }
    }

    /// Enters the data frame of `header`.
    #[inline]
    fn start_data(&mut self, header: FrameHeader) {
        match header.opcode {
            Opcode::Text => self.message = Some(MessageKind::Text),
            Opcode::Binary => self.message = Some(MessageKind::Binary),
            _ => {}
        }
        self.compressed |= header.rsv != 0;
        self.remaining = header.payload_len;
        self.masking_key = header.masking_key.unwrap_or_default();
        self.fin = header.fin;
        self.fragments = self.fragments.saturating_add(1);
        self.empty_frames = if header.payload_len == 0 { self.empty_frames.saturating_add(1) } else { 0 };
    }

    /// Unmasks and checks the next octets of the current frame. On a fault they are as they were.
    #[inline]
    fn take_payload(&mut self, payload: &mut [u8]) -> Result<What, ProtocolError> {
        let kind = self.message.unwrap_or(MessageKind::Binary);
        let key = self.masking_key;
        let len = wire_len(payload.len());
        let last = self.fin && self.remaining == len;
        match kind {
            MessageKind::Binary => apply_mask(key, payload),
            MessageKind::Text => {
                let is_ascii = unmask_text(key, payload);
                // §8.1: text fails at its first bad octet, and where it ends inside a character.
                if self.utf8.feed_after(is_ascii, payload).is_err() || last && !self.utf8.is_complete() {
                    apply_mask(key, payload);
                    return Err(ProtocolError::InvalidUtf8);
                }
            }
        }
        let what = What::Data { kind, offset: self.offset, last };
        if last {
            *self = Self::START;
        } else {
            self.remaining = self.remaining.saturating_sub(len);
            self.offset = self.offset.saturating_add(len);
            self.masking_key = advance_key(key, payload.len());
        }
        Ok(what)
    }
}
