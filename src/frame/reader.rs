//! §5, §6.2, the lower storey: bytes become pieces of messages and whole control frames. It reads headers, unmasks in place and
//! checks UTF-8. It knows no closing, no time, no entropy and no output.

use super::decode::HeaderRules;
use super::header::{FrameHeader, Opcode};
use super::inflation::{Inflated, Inflation};
use super::mask::{advance_key, apply_mask, apply_mask_inline, unmask_text, unmask_text_inline};
use crate::close_code::CloseCode;
use crate::config::Config;
use crate::error::ProtocolError;
use crate::event::{Data, MessageKind};
use crate::length::{at_most, max_deflated, wire_len};
use crate::utf8::{Utf8, is_utf8};

/// The position of the input in a frame and in a message.
#[derive(Clone, Copy)]
pub(crate) struct Reader {
    /// Bytes of the current data frame's payload still to come; 0 between frames.
    remaining: u64,
    /// Bytes of the current message so far; inflated ones if it is compressed.
    offset: u64,
    /// Frames of the current message so far.
    fragments: u32,
    /// Frames of the current message since its last byte, all of which were empty.
    empty_frames: u32,
    /// The current frame's, rotated so that its first byte is next; zero from a server.
    masking_key: [u8; 4],
    utf8: Utf8,
    /// The current message's kind; `None` between messages.
    message: Option<MessageKind>,
    /// Whether the current frame ends the message.
    fin: bool,
    coding: Coding,
}

/// How the current message is encoded.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Coding {
    Plain,
    Compressed,
    /// Compressed, and more may come out of the inflater without further payload.
    Pending,
}

/// What a reader has to know about its connection.
#[derive(Clone, Copy)]
pub(crate) struct Rules<'c> {
    pub(crate) config: &'c Config<'c>,
    /// §5.1: whether frames must be masked, because a client sends them; otherwise they must not be.
    pub(crate) masked: bool,
    /// Whether permessage-deflate was agreed.
    pub(crate) deflate: bool,
}

/// What the input holds next, as positions in it.
#[derive(Clone, Copy)]
pub(crate) struct Piece {
    /// How much of the input is consumed once the piece is taken.
    pub(crate) consumed: usize,
    /// Where its `len` bytes start: in the input, or in the window if they were inflated.
    pub(crate) start: usize,
    pub(crate) len: usize,
    pub(crate) what: What,
}

#[derive(Clone, Copy)]
pub(crate) enum What {
    /// Nothing yet: the rest is incomplete.
    Nothing,
    /// Compressed payload, and nothing to inflate it with.
    NoInflater,
    /// A piece of a message, unmasked and checked.
    Data { kind: MessageKind, offset: u64, last: bool, inflated: bool },
    /// A whole control frame, checked but still masked: the caller unmasks it.
    Control { opcode: Opcode, masking_key: [u8; 4], frame_start: usize },
}

impl Piece {
    fn nothing(consumed: usize) -> Self {
        Self { consumed, start: 0, len: 0, what: What::Nothing }
    }
}

/// A message that lies whole in the input, its payload `len` bytes from `start`.
pub(crate) struct WholeMessage {
    pub(crate) kind: MessageKind,
    pub(crate) start: usize,
    pub(crate) len: usize,
}

/// What the input holds, if that is common.
pub(crate) enum Plain<'i> {
    /// A piece of a message.
    Piece(PlainPiece<'i>),
    /// Nothing yet, and no fault.
    Nothing,
    Other(Rest<'i>),
}

/// What is left for the general way: the input, untouched, or a fault that shows in so many bytes.
pub(crate) type Rest<'i> = Result<&'i mut [u8], (ProtocolError, usize)>;

/// What [`Reader::take`] took.
struct Taken {
    kind: MessageKind,
    offset: u64,
    last: bool,
}

/// A piece of a message, and how much of the input is consumed with it.
pub(crate) struct PlainPiece<'i> {
    pub(crate) data: Data<'i>,
    pub(crate) consumed: usize,
}

/// A header that starts a piece.
struct Start {
    kind: MessageKind,
    fin: bool,
    masking_key: [u8; 4],
    payload_len: u64,
    /// Where the payload starts.
    at: usize,
}

/// What [`Reader::start_of`] reads.
enum Starts {
    Frame(Start),
    Incomplete,
    Other,
}

impl Reader {
    pub(crate) const START: Self = Self {
        remaining: 0,
        offset: 0,
        fragments: 0,
        empty_frames: 0,
        masking_key: [0; 4],
        utf8: Utf8::START,
        message: None,
        fin: false,
        coding: Coding::Plain,
    };

    pub(crate) const fn is_inside_message(&self) -> bool {
        self.message.is_some()
    }

    /// Whether more may come out without further input.
    pub(crate) fn is_pending(&self) -> bool {
        self.coding == Coding::Pending
    }

    /// Of a frame that is not compressed.
    pub(crate) fn payload_remaining(&self) -> u64 {
        if self.coding == Coding::Plain { self.remaining } else { 0 }
    }

    pub(crate) const fn is_inside_frame(&self) -> bool {
        self.remaining > 0
    }

    /// The common case, between messages: a valid message of one frame with at most 65 535 bytes that lies whole in the input. Of everything
    /// else, faults included, the input is left untouched, and if it is such a message that does not lie whole in it, and it `may_begin`,
    /// the length of the header is returned, which the reader is behind then: [`plain_piece`](Self::plain_piece) comes next, with the same
    /// input.
    #[inline(always)]
    pub(crate) fn whole_message(&mut self, input: &mut [u8], rules: Rules<'_>, may_begin: bool) -> Result<WholeMessage, usize> {
        const OTHER: usize = 0;
        if self.message.is_some() {
            return Err(OTHER);
        }
        let &[first, second] = input.first_chunk().ok_or(OTHER)?;
        let kind = match first {
            0x81 => MessageKind::Text,
            0x82 => MessageKind::Binary,
            _ => return Err(OTHER),
        };
        if second >> 7 != u8::from(rules.masked) {
            return Err(OTHER);
        }
        let (len, after) = match second & 0x7F {
            126 => (u16::from_be_bytes(*input.get(2..).and_then(<[u8]>::first_chunk).ok_or(OTHER)?), 4_usize),
            127 => return Err(OTHER),
            short => (u16::from(short), 2),
        };
        let is_minimal = len > 125 || second & 0x7F != 126;
        if !is_minimal || u64::from(len) > rules.config.max_message_len {
            return Err(OTHER);
        }
        // Without a branch, so that the compiler sees in `slice` that this was checked.
        let start = after.wrapping_add(usize::from(rules.masked) << 2);
        let payload_len = usize::from(len);
        let Some(frame) = input.get_mut(..start.wrapping_add(payload_len)) else {
            return Err(if may_begin { self.begin_cut(kind, len, start, input) } else { OTHER });
        };
        let (header, payload) = frame.split_at_mut_checked(start).ok_or(OTHER)?;
        let key = if rules.masked { *header.last_chunk().ok_or(OTHER)? } else { [0; 4] };
        match kind {
            MessageKind::Binary if rules.masked => apply_mask_inline(key, payload),
            MessageKind::Binary => {}
            MessageKind::Text => {
                if !unmask_text_inline(key, payload) && !is_utf8(payload) {
                    apply_mask(key, payload);
                    return Err(OTHER);
                }
            }
        }
        Ok(WholeMessage { kind, start, len: payload_len })
    }

    /// The other common case, payload that does not lie whole in the input, of a message that is not compressed: the first bytes of a
    /// frame, or further ones. Everything else is left untouched to `next`, faults included, but for text that is not UTF-8: after that
    /// the reader must not be used again. The input is not empty. `header_len`: what `whole_message` has read of it.
    #[inline(always)]
    pub(crate) fn plain_piece<'i>(&mut self, input: &'i mut [u8], header_len: usize, rules: Rules<'_>) -> Plain<'i> {
        if self.coding != Coding::Plain {
            return Plain::Other(Ok(input));
        }
        let available = input.len();
        let mut start = header_len;
        if self.remaining == 0 {
            let frame = match self.start_of(input, rules) {
                Starts::Frame(frame) => frame,
                Starts::Incomplete => return Plain::Nothing,
                Starts::Other => return Plain::Other(Ok(input)),
            };
            start = frame.at;
            self.begin(frame);
        }
        let rest = input.get_mut(start..).unwrap_or_default();
        let len = at_most(self.remaining, rest.len());
        let payload = rest.get_mut(..len).unwrap_or_default();
        match self.take(payload, rules) {
            Ok(Taken { kind, offset, last }) => {
                Plain::Piece(PlainPiece { data: Data { kind, payload, offset, last }, consumed: start.wrapping_add(len) })
            }
            Err(fault) => Plain::Other(Err((fault, available))),
        }
    }

    /// Enters the frame at the start of `input`, whose header takes `start` bytes, unless it is all that is there. Returns how much was read.
    #[inline(never)]
    fn begin_cut(&mut self, kind: MessageKind, len: u16, start: usize, input: &[u8]) -> usize {
        match input.split_at_checked(start) {
            Some((header, [_, ..])) => {
                let masking_key = if let &[_, 0x80..=0xFF, .., a, b, c, d] = header { [a, b, c, d] } else { [0; 4] };
                self.begin(Start { kind, fin: true, masking_key, payload_len: len.into(), at: start });
                start
            }
            _ => 0,
        }
    }

    /// Enters a frame with payload, of a message that is not compressed.
    #[inline(always)]
    fn begin(&mut self, frame: Start) {
        self.message = Some(frame.kind);
        self.masking_key = frame.masking_key;
        self.remaining = frame.payload_len;
        self.fin = frame.fin;
        self.fragments = self.fragments.saturating_add(1);
        self.empty_frames = 0;
    }

    /// Reads the header at the start of `input`, if it is that of a valid data frame of a message that is not compressed, and payload follows
    /// it.
    #[inline(always)]
    fn start_of(&self, input: &[u8], rules: Rules<'_>) -> Starts {
        let Some(&first) = input.first() else { return Starts::Other };
        let kind = match (first & 0x7F, self.message) {
            (0, Some(kind)) => kind,
            (1, None) => MessageKind::Text,
            (2, None) => MessageKind::Binary,
            _ => return Starts::Other,
        };
        if self.fragments >= rules.config.max_fragments.max(1) {
            return Starts::Other;
        }
        let Some(&second) = input.get(1) else { return Starts::Incomplete };
        let extended = input.get(2..).unwrap_or_default();
        let (payload_len, least, after) = match second & 0x7F {
            126 => match extended.first_chunk() {
                Some(&bytes) => (u64::from(u16::from_be_bytes(bytes)), 126, 4_usize),
                None => return Starts::Other,
            },
            127 => match extended.first_chunk() {
                Some(&bytes) => (u64::from_be_bytes(bytes), 0x1_0000, 10),
                None => return Starts::Other,
            },
            short => (u64::from(short), 1, 2),
        };
        let most = rules.config.max_message_len.saturating_sub(self.offset).min(u64::MAX >> 1);
        if second >> 7 != u8::from(rules.masked) || payload_len < least || payload_len > most {
            return Starts::Other;
        }
        let (masking_key, at) = match rules.masked {
            true => match input.get(after..).and_then(<[u8]>::first_chunk) {
                Some(&key) => (key, after.wrapping_add(4)),
                None => return Starts::Incomplete,
            },
            false => ([0; 4], after),
        };
        if at >= input.len() {
            return Starts::Other;
        }
        Starts::Frame(Start { kind, fin: first & 0x80 != 0, masking_key, payload_len, at })
    }

    /// Reads `input` up to the next piece. After a fault the reader must not be used again.
    pub(crate) fn next<'i>(
        &mut self,
        input: &mut [u8],
        rules: Rules<'_>,
        inflation: &mut (impl Inflation<'i> + ?Sized),
    ) -> Result<Piece, ProtocolError> {
        let mut consumed = 0;
        loop {
            let rest = input.get_mut(consumed..).unwrap_or_default();
            if self.remaining == 0 && self.coding != Coding::Pending {
                let taken = inflation.is_ready().then(|| inflation.taken());
                let Some(header) = self.header(rest, rules, taken)? else { return Ok(Piece::nothing(consumed)) };
                let start = consumed.saturating_add(header.header_len());
                if header.opcode.is_control() {
                    return control(header, input.get(start..).unwrap_or_default(), consumed);
                }
                if header.rsv != 0 && !inflation.is_ready() {
                    return Ok(Piece { what: What::NoInflater, ..Piece::nothing(consumed) });
                }
                consumed = start;
                self.start_frame(header);
                // §5.4: an empty fragment is not a piece of the message, unless it ends it.
                if header.payload_len == 0 && !header.fin {
                    continue;
                }
            }
            let rest = input.get_mut(consumed..).unwrap_or_default();
            let len = at_most(self.remaining, rest.len());
            if len == 0 && self.remaining > 0 && self.coding != Coding::Pending {
                return Ok(Piece::nothing(consumed));
            }
            let payload = rest.get_mut(..len).unwrap_or_default();
            if self.coding == Coding::Plain {
                let Taken { kind, offset, last } = self.take(payload, rules)?;
                let what = What::Data { kind, offset, last, inflated: false };
                return Ok(Piece { consumed: consumed.saturating_add(len), start: consumed, len, what });
            }
            if !inflation.is_ready() {
                return Ok(Piece { what: What::NoInflater, ..Piece::nothing(consumed) });
            }
            let inflated = self.inflate(payload, rules, inflation)?;
            consumed = consumed.saturating_add(inflated.consumed);
            let what = self.take_inflated(inflated, inflation.window(), rules)?;
            if inflated.produced > 0 || inflated.done {
                return Ok(Piece { consumed, start: 0, len: inflated.produced, what });
            }
        }
    }

    /// Reads the header at the start of `input`. Rules are checked in the order of the bytes that show them, so that the fault
    /// does not depend on how much of the header has arrived. `taken`: compressed bytes of the message so far, if they can be
    /// inflated.
    #[inline]
    fn header(&self, input: &[u8], rules: Rules<'_>, taken: Option<u64>) -> Result<Option<FrameHeader>, ProtocolError> {
        let Some(&first) = input.first() else { return Ok(None) };
        // Opcodes below 8 are for data frames (§5.2); reserved ones fail in `decode`.
        let is_data = first & 0x08 == 0;
        if is_data {
            self.check_sequence(first, rules.config.max_fragments)?;
        }
        // RFC 7692 §6: RSV1 marks a compressed message, on its first frame and nowhere else.
        let may_start_compressed = is_data && rules.deflate && self.message.is_none();
        let is_compressed = self.coding != Coding::Plain || may_start_compressed && first & 0x40 != 0;
        // §10.4, L-06: a frame that is too long fails by its header alone.
        let max_payload_len = match is_data {
            false => u64::MAX,
            true if is_compressed => match taken {
                Some(taken) => self.max_compressed_len(rules.config.max_message_len).saturating_sub(taken),
                None => u64::MAX,
            },
            true => rules.config.max_message_len.saturating_sub(self.offset),
        };
        let rsv = if may_start_compressed { 4 } else { 0 };
        let header = FrameHeader::decode(input, HeaderRules { masked: Some(rules.masked), rsv, max_payload_len })?;
        match input.get(1).map(|second| second & 0x7F) {
            // §8.1: a text that ends inside a character shows in the length, before the masking key has arrived.
            Some(0) if is_data && first & 0x80 != 0 && !is_compressed && !self.utf8.is_complete() => {
                Err(ProtocolError::InvalidUtf8)
            }
            // An empty fragment makes no progress, unless it ends its message.
            Some(0) if is_data && first & 0x80 == 0 && self.empty_frames >= rules.config.max_empty_frames => {
                Err(ProtocolError::TooManyEmptyFrames)
            }
            // §5.5.1: a body starts with a code of two bytes.
            Some(1) if first & 0x0F == Opcode::Close as u8 => Err(ProtocolError::CloseBodyTooShort),
            _ => Ok(header),
        }
    }

    /// §5.4: which data frames may come now, by their first byte.
    #[inline]
    fn check_sequence(&self, first: u8, max_fragments: u32) -> Result<(), ProtocolError> {
        let is_continuation = first & 0x0F == Opcode::Continuation as u8;
        match self.message {
            None if is_continuation => Err(ProtocolError::ContinuationWithoutStart),
            // Opcodes 3 to 7 are reserved, which `decode` reports.
            Some(_) if !is_continuation && Opcode::from_byte(first).is_some() => Err(ProtocolError::MessageInsideMessage),
            _ if self.fragments >= max_fragments.max(1) => Err(ProtocolError::TooManyFragments),
            _ => Ok(()),
        }
    }

    /// L-06: how many compressed bytes a message may have, its next frame included. A sender may add some bytes to each fragment by
    /// flushing it.
    fn max_compressed_len(&self, max_message_len: u64) -> u64 {
        let of_fragments = u64::from(self.fragments).saturating_add(1).saturating_mul(8);
        max_deflated(max_message_len).saturating_add(of_fragments)
    }

    /// Enters the data frame of `header`.
    #[inline]
    fn start_frame(&mut self, header: FrameHeader) {
        match header.opcode {
            Opcode::Text => self.message = Some(MessageKind::Text),
            Opcode::Binary => self.message = Some(MessageKind::Binary),
            _ => {}
        }
        if header.rsv != 0 {
            self.coding = Coding::Compressed;
        }
        self.remaining = header.payload_len;
        self.masking_key = header.masking_key.unwrap_or_default();
        self.fin = header.fin;
        self.fragments = self.fragments.saturating_add(1);
        // A compressed frame counts as empty until it has given output.
        let is_empty = header.payload_len == 0 || self.coding != Coding::Plain;
        self.empty_frames = if is_empty { self.empty_frames.saturating_add(1) } else { 0 };
    }

    /// Unmasks and checks the next bytes of the current frame.
    #[inline(always)]
    fn take(&mut self, payload: &mut [u8], rules: Rules<'_>) -> Result<Taken, ProtocolError> {
        let kind = self.message.unwrap_or(MessageKind::Binary);
        let key = self.masking_key;
        let len = wire_len(payload.len());
        let last = self.fin && self.remaining == len;
        match kind {
            MessageKind::Binary if rules.masked => apply_mask(key, payload),
            MessageKind::Binary => {}
            MessageKind::Text => {
                let is_ascii = unmask_text(key, payload);
                // §8.1: text fails at its first bad byte, and if it ends inside a character.
                if self.utf8.feed_after(is_ascii, payload).is_err() || last && !self.utf8.is_complete() {
                    return Err(ProtocolError::InvalidUtf8);
                }
            }
        }
        let offset = self.offset;
        if last {
            *self = Self::START;
        } else {
            // Not more than remain, nor than the longest message has: these do not wrap.
            self.remaining = self.remaining.wrapping_sub(len);
            self.offset = offset.wrapping_add(len);
            self.masking_key = advance_key(key, payload.len());
        }
        Ok(Taken { kind, offset, last })
    }

    /// Inflates from the next bytes of the current frame; what is not consumed is unchanged.
    fn inflate<'i>(
        &mut self,
        payload: &mut [u8],
        rules: Rules<'_>,
        inflation: &mut (impl Inflation<'i> + ?Sized),
    ) -> Result<Inflated, ProtocolError> {
        // Do not unmask what will not be consumed: a compressed byte seldom inflates to less than one.
        let len = payload.len().min(inflation.window().len().max(64));
        let payload = payload.get_mut(..len).unwrap_or_default();
        let ends = self.fin && self.remaining == wire_len(len);
        apply_mask(self.masking_key, payload);
        let limit = rules.config.max_message_len.saturating_sub(self.offset);
        let inflated = inflation.inflate(payload, ends, limit)?;
        self.masking_key = advance_key(self.masking_key, inflated.consumed);
        apply_mask(self.masking_key, payload.get_mut(inflated.consumed..).unwrap_or_default());
        self.remaining = self.remaining.saturating_sub(wire_len(inflated.consumed));
        self.coding = if inflated.more && !inflated.done { Coding::Pending } else { Coding::Compressed };
        Ok(inflated)
    }

    /// Checks the bytes that came out, if any.
    fn take_inflated(&mut self, inflated: Inflated, window: &[u8], rules: Rules<'_>) -> Result<What, ProtocolError> {
        let kind = self.message.unwrap_or(MessageKind::Binary);
        // the limit counts inflated bytes, while they are inflated. A fault before the limit comes first.
        let within = at_most(rules.config.max_message_len.saturating_sub(self.offset), inflated.produced);
        let bytes = window.get(..within).unwrap_or_default();
        let is_bad_text = kind == MessageKind::Text && self.utf8.feed(bytes).is_err();
        if !is_bad_text && within < inflated.produced {
            return Err(ProtocolError::MessageTooLong);
        }
        if is_bad_text || kind == MessageKind::Text && inflated.done && !self.utf8.is_complete() {
            return Err(ProtocolError::InvalidUtf8);
        }
        let what = What::Data { kind, offset: self.offset, last: inflated.done, inflated: true };
        if inflated.done {
            *self = Self::START;
            return Ok(what);
        }
        self.offset = self.offset.saturating_add(wire_len(inflated.produced));
        if inflated.produced > 0 {
            self.empty_frames = 0;
        } else if self.remaining == 0 && self.coding == Coding::Compressed && self.empty_frames > rules.config.max_empty_frames {
            // L-09: a frame that inflated to nothing.
            return Err(ProtocolError::TooManyEmptyFrames);
        }
        Ok(what)
    }
}

/// §5.5: a control frame, once it is whole. `input` starts with its payload.
#[cold]
fn control(header: FrameHeader, input: &[u8], frame_start: usize) -> Result<Piece, ProtocolError> {
    let len = at_most(header.payload_len, input.len());
    let masking_key = header.masking_key.unwrap_or_default();
    let is_whole = wire_len(len) == header.payload_len;
    if header.opcode == Opcode::Close {
        check_close_body(input.get(..len).unwrap_or_default(), masking_key, is_whole)?;
    }
    if !is_whole {
        return Ok(Piece::nothing(frame_start));
    }
    let start = frame_start.saturating_add(header.header_len());
    let what = What::Control { opcode: header.opcode, masking_key, frame_start };
    Ok(Piece { consumed: start.saturating_add(len), start, len, what })
}

/// §5.5.1, §7.4: checks as much of a Close frame's masked body as has arrived.
fn check_close_body(masked: &[u8], key: [u8; 4], is_whole: bool) -> Result<(), ProtocolError> {
    let mut bytes = masked.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key);
    let Some(high) = bytes.next() else { return Ok(()) };
    let is_allowed = |low| CloseCode(u16::from_be_bytes([high, low])).is_allowed_in_frame();
    // Half a code is wrong if no other half would make it valid.
    let low = bytes.next();
    if !low.map_or_else(|| (0..=0xFF).any(is_allowed), is_allowed) {
        return Err(ProtocolError::InvalidCloseCode);
    }
    let mut reason = Utf8::START;
    bytes.try_for_each(|byte| reason.step(byte)).map_err(|_| ProtocolError::InvalidCloseReason)?;
    if is_whole && !reason.is_complete() { Err(ProtocolError::InvalidCloseReason) } else { Ok(()) }
}
