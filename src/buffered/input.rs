//! Where the bytes of the input stand that the connection has not consumed yet, and the message that is being joined there.

use crate::connection::MAX_REMAINDER;
use crate::event::{Data, MessageKind};
use crate::frame::FrameHeader;
use crate::length::{copy, move_down, wire_len};

/// Bytes of the input that stay free beside a message that is joined in it: for a header, and for a control frame between two
/// fragments.
const BESIDE_MESSAGE: usize = FrameHeader::MAX_LEN + MAX_REMAINDER;

#[derive(Clone, Copy)]
pub(super) struct Arrived {
    /// What is not consumed lies between these two.
    pub(super) start: usize,
    pub(super) end: usize,
    /// The part of an unfinished message that is joined: its place in the input, unless there is memory for joining.
    joined_at: usize,
    joined_len: usize,
    /// Whether there is an unfinished message.
    is_joining: bool,
    /// The space after `end` was lent, for a read that may be under way: nothing moves.
    is_lent: bool,
    /// The transport's input has ended.
    pub(super) has_ended: bool,
}

/// What became of a piece.
pub(super) enum Joined {
    /// The message is whole, here.
    Whole {
        at: usize,
        len: usize,
    },
    Unfinished,
    TooLong,
}

/// A piece of a message, as `receive` gave it, by its place in the input.
#[derive(Clone, Copy)]
pub(super) struct Piece {
    pub(super) kind: MessageKind,
    pub(super) offset: u64,
    pub(super) last: bool,
    pub(super) len: usize,
}

impl Piece {
    #[inline]
    pub(super) fn of(data: &Data<'_>) -> Self {
        Self { kind: data.kind, offset: data.offset, last: data.last, len: data.payload.len() }
    }
}

/// The longest message that is joined in an input, or in memory unless that is empty.
#[inline]
pub(super) const fn max_joined(input_len: usize, memory_len: usize) -> usize {
    if memory_len == 0 { input_len.saturating_sub(BESIDE_MESSAGE) } else { memory_len }
}

impl Arrived {
    pub(super) const NOTHING: Self =
        Self { start: 0, end: 0, joined_at: 0, joined_len: 0, is_joining: false, is_lent: false, has_ended: false };

    pub(super) const fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// Whether nothing is left of what arrived, and nothing has to stay where it is.
    #[inline]
    pub(super) const fn is_used_up(&self) -> bool {
        self.start == self.end && !self.is_joining && !self.is_lent && !self.has_ended
    }

    /// What arrives next is put at the front.
    #[inline]
    pub(super) fn restart(&mut self) {
        (self.start, self.end) = (0, 0);
    }

    pub(super) const fn is_joining(&self) -> bool {
        self.is_joining
    }

    #[inline]
    pub(super) fn bytes<'i>(&self, input: &'i mut [u8]) -> &'i mut [u8] {
        input.get_mut(self.start..self.end).unwrap_or_default()
    }

    #[inline]
    pub(super) fn consume(&mut self, n: usize) {
        self.start = self.start.saturating_add(n).min(self.end);
    }

    /// Where the next bytes may be read into, if there is room.
    pub(super) fn space<'i>(&mut self, input: &'i mut [u8]) -> Option<&'i mut [u8]> {
        let space = input.get_mut(self.end..).filter(|space| !space.is_empty())?;
        self.is_lent = true;
        Some(space)
    }

    /// `n` bytes were read into the space.
    pub(super) fn add(&mut self, n: usize, len: usize) {
        self.end = self.end.saturating_add(n).min(len);
        self.is_lent = false;
    }

    /// Joins a piece, which ends where the consumed bytes do, to those before it.
    pub(super) fn join(&mut self, piece: &Piece, input: &mut [u8], memory: &mut [u8]) -> Joined {
        let limit = max_joined(input.len(), memory.len());
        if piece.offset.saturating_add(wire_len(piece.len)) > wire_len(limit) {
            self.is_joining = false;
            return Joined::TooLong;
        }
        let at = self.start.saturating_sub(piece.len);
        if piece.offset == 0 {
            (self.joined_at, self.joined_len) = (at, 0);
        }
        let end = self.joined_at.saturating_add(self.joined_len);
        if !memory.is_empty() {
            let bytes = input.get(at..).and_then(|rest| rest.get(..piece.len)).unwrap_or_default();
            copy(bytes, memory.get_mut(self.joined_len..).unwrap_or_default());
        } else if at != end {
            move_down(input, at, end, piece.len);
        }
        self.joined_len = self.joined_len.saturating_add(piece.len);
        self.is_joining = !piece.last;
        if piece.last { Joined::Whole { at: self.joined_at, len: self.joined_len } } else { Joined::Unfinished }
    }

    /// What is joined in the input goes on in `memory`, if that is not empty. (If it does not fit, nor will the next piece.)
    pub(super) fn move_to_memory(&self, input: &[u8], memory: &mut [u8]) {
        if self.is_joining {
            copy(input.get(self.joined_at..).and_then(|rest| rest.get(..self.joined_len)).unwrap_or_default(), memory);
        }
    }

    /// Joins a piece that was inflated, which lies after those before it in a memory of `limit` bytes.
    pub(super) fn join_inflated(&mut self, piece: &Piece, limit: usize) -> Joined {
        if piece.offset.saturating_add(wire_len(piece.len)) > wire_len(limit) {
            self.is_joining = false;
            return Joined::TooLong;
        }
        let before = if piece.offset == 0 { 0 } else { self.joined_len };
        self.joined_len = before.saturating_add(piece.len);
        self.is_joining = !piece.last;
        if piece.last { Joined::Whole { at: 0, len: self.joined_len } } else { Joined::Unfinished }
    }

    /// The message under way is no longer wanted.
    pub(super) fn stop_joining(&mut self) {
        self.is_joining = false;
    }

    /// The place from which the input is still needed, apart from an event. `has_memory`: messages are joined elsewhere.
    pub(super) fn needed_from(&self, has_memory: bool) -> usize {
        if self.is_joining && !has_memory { self.joined_at } else { self.start }
    }

    /// How many bytes are joined in the memory for it.
    pub(super) fn joined_in_memory(&self, has_memory: bool) -> usize {
        if self.is_joining && has_memory { self.joined_len } else { 0 }
    }

    /// Whether an unfinished message can go on in buffers of these lengths.
    pub(super) fn can_go_on(&self, input_len: usize, memory_len: usize) -> bool {
        !self.is_joining || self.joined_len <= max_joined(input_len, memory_len)
    }

    /// Moves what is still needed to the front, unless the space was lent. A message that is being joined moves only when the
    /// space is used up.
    #[inline]
    pub(super) fn compact(&mut self, input: &mut [u8], has_memory: bool) {
        if self.is_lent || self.start == 0 {
            return;
        }
        if self.is_joining && !has_memory {
            // A header or control frame between the message and the rest.
            let end = self.joined_at.saturating_add(self.joined_len);
            let len = self.end.saturating_sub(self.start);
            move_down(input, self.start, end, len);
            (self.start, self.end) = (end, end.saturating_add(len));
            if self.end < input.len() || self.joined_at == 0 {
                return;
            }
        }
        self.move_to_front(self.needed_from(has_memory), input);
    }

    /// Moves all from `from` on to the front.
    pub(super) fn move_to_front(&mut self, from: usize, input: &mut [u8]) {
        let len = self.end.saturating_sub(from);
        move_down(input, from, 0, len);
        self.rebase(from);
    }

    /// The bytes from `from` on lie at the front now.
    pub(super) fn rebase(&mut self, from: usize) {
        self.start = self.start.saturating_sub(from);
        self.end = self.end.saturating_sub(from);
        self.joined_at = self.joined_at.saturating_sub(from);
        self.is_lent = false;
    }

    /// Whether the buffer is full of what is not consumed, so that nothing more can come of it.
    pub(super) fn is_full(&self, len: usize) -> bool {
        self.start == 0 && self.end == len
    }
}
