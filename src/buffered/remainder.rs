//! What remains of a connection's turn with buffers that many share.

use super::codec::Codec;
use super::progress::Progress;
use super::turn::Turn;
use crate::entropy::Entropy;
use crate::error::{CallError, UsageError, room};
use crate::length::copy;

/// What a connection leaves for its next turn with shared buffers: input that is not consumed or belongs to an unfinished
/// message, output that the transport has not taken, and what the layer remembers of them. `bytes` is memory of the caller's.
#[derive(Clone, Copy)]
pub struct Remainder<B> {
    progress: Progress,
    /// Bytes of the input, from the front of `bytes` on; then those of a message that is joined elsewhere; then output.
    input_len: usize,
    joined_len: usize,
    /// Whether messages are joined elsewhere.
    has_memory: bool,
    bytes: B,
}

impl<B> Remainder<B> {
    /// The memory, to be used again.
    pub fn into_bytes(self) -> B {
        self.bytes
    }

    /// With its bytes in other memory, which has to hold the same: for programs that keep them apart from the rest.
    pub fn map<C>(self, map: impl FnOnce(B) -> C) -> Remainder<C> {
        let Self { progress, input_len, joined_len, has_memory, bytes } = self;
        Remainder { progress, input_len, joined_len, has_memory, bytes: map(bytes) }
    }
}

/// Shows no bytes, which are the users' own (§10.6).
impl<B> core::fmt::Debug for Remainder<B> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Remainder")
            .field("input", &self.input_len)
            .field("output", &self.progress.due.len())
            .finish_non_exhaustive()
    }
}

impl<E: Entropy, D: Codec> Turn<'_, '_, E, D> {
    /// From where on the input has to be kept.
    fn kept_from(&self) -> usize {
        let needed = self.progress.arrived.needed_from(!self.joining.is_empty());
        let held = self.progress.held;
        if held.is_nothing() || held.len == 0 || held.is_joined() { needed } else { needed.min(held.at) }
    }

    /// How many bytes of the input, of a message that is joined elsewhere, and of the output have to be kept.
    fn kept(&self) -> (usize, usize, usize) {
        let joined = self.progress.arrived.joined_in_memory(!self.joining.is_empty());
        let joined = if self.progress.held.is_joined() { self.progress.held.len } else { joined };
        (self.progress.arrived.end.saturating_sub(self.kept_from()), joined, self.progress.due.len())
    }

    pub(super) fn remaining(&self) -> usize {
        let (input, joined, output) = self.kept();
        input.saturating_add(joined).saturating_add(output)
    }

    pub(super) fn detach<B: AsMut<[u8]>>(&mut self, lend: impl FnOnce(usize) -> B) -> Result<Option<Remainder<B>>, CallError> {
        let remainder = if self.progress.is_idle() { None } else { Some(self.keep(lend)?) };
        *self.progress = Progress::START.set_up_as(self.progress);
        self.settle();
        Ok(remainder)
    }

    fn keep<B: AsMut<[u8]>>(&self, lend: impl FnOnce(usize) -> B) -> Result<Remainder<B>, CallError> {
        let (from, (input_len, joined_len, due_len)) = (self.kept_from(), self.kept());
        let mut bytes = lend(self.remaining());
        let mut rest = room(bytes.as_mut(), self.remaining())?;
        let parts = [
            self.input.get(from..self.progress.arrived.end),
            self.joining.get(..joined_len),
            Some(self.progress.due.bytes(self.output)),
        ];
        for part in parts.into_iter().flatten() {
            let (place, others) = rest.split_at_mut_checked(part.len()).unwrap_or_default();
            copy(part, place);
            rest = others;
        }
        let mut progress = *self.progress;
        progress.arrived.rebase(from);
        progress.held.at = progress.held.at.saturating_sub(if progress.held.is_joined() { 0 } else { from });
        progress.due.restore(due_len);
        Ok(Remainder { progress, input_len, joined_len, has_memory: !self.joining.is_empty(), bytes })
    }

    /// Puts back what remained.
    pub(super) fn restore<B: AsRef<[u8]>>(&mut self, remainder: &Remainder<B>) -> Result<(), CallError> {
        let has_memory = !self.joining.is_empty();
        let parts = [
            (&mut *self.input, remainder.input_len),
            (&mut *self.joining, remainder.joined_len),
            (&mut *self.output, remainder.progress.due.len()),
        ];
        let kept = parts.iter().fold(0, |sum: usize, (_, len)| sum.saturating_add(*len));
        let is_short = parts.iter().any(|(place, len)| place.len() < *len) || remainder.bytes.as_ref().len() < kept;
        let can_go_on = remainder.progress.arrived.can_go_on(parts[0].0.len(), parts[1].0.len());
        if is_short || !can_go_on || remainder.has_memory != has_memory {
            return Err(UsageError::BufferTooShort.into());
        }
        let mut rest = remainder.bytes.as_ref();
        for (place, len) in parts {
            let (part, others) = rest.split_at_checked(len).unwrap_or_default();
            copy(part, place);
            rest = others;
        }
        *self.progress = remainder.progress.set_up_as(self.progress);
        // Here may be room for events.
        self.progress.has_news |= self.progress.is_stalled;
        self.settle();
        Ok(())
    }
}
