//! Messages that wait for a connection, one after the other in lent memory.

use sansocket::MessageKind;

use crate::append::move_down;

/// Bytes of the queue that a message takes beside its payload: its length, its number, and what it is. Messages that belong together have the
/// same number, and leave together.
pub const QUEUE_OVERHEAD: usize = 13;

/// Where the messages stand in the memory, which is passed to each call.
#[derive(Clone, Copy, Default)]
pub(crate) struct Queue {
    start: usize,
    end: usize,
    len: u32,
}

/// A message in the queue.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Queued<'m> {
    pub(crate) number: u64,
    pub(crate) kind: MessageKind,
    /// Worth nothing once the connection is lost.
    pub(crate) is_volatile: bool,
    pub(crate) payload: &'m [u8],
}

const BINARY: u8 = 1;
const VOLATILE: u8 = 2;

impl Queue {
    pub(crate) fn len(&self) -> u32 {
        self.len
    }

    /// Bytes of memory that are taken.
    pub(crate) fn bytes(&self) -> usize {
        self.end.saturating_sub(self.start)
    }

    /// Whether messages of so many bytes, their overhead included, can be added.
    pub(crate) fn has_room(&self, memory: &[u8], bytes: usize) -> bool {
        bytes <= memory.len().saturating_sub(self.bytes())
    }

    /// Adds a message at the end; false if the memory has no room for it.
    pub(crate) fn push(&mut self, memory: &mut [u8], message: &Queued<'_>) -> bool {
        let len = message.payload.len();
        let (Ok(len32), size) = (u32::try_from(len), len.saturating_add(QUEUE_OVERHEAD)) else { return false };
        if !self.has_room(memory, size) {
            return false;
        }
        if size > memory.len().saturating_sub(self.end) {
            move_down(memory, self.start, 0, self.bytes());
            (self.start, self.end) = (0, self.bytes());
        }
        let flags = if message.kind == MessageKind::Binary { BINARY } else { 0 } | if message.is_volatile { VOLATILE } else { 0 };
        let Some(place) = memory.get_mut(self.end..).and_then(|free| free.get_mut(..size)) else { return false };
        let parts: [&[u8]; 4] = [&len32.to_be_bytes(), &message.number.to_be_bytes(), &[flags], message.payload];
        for (to, from) in place.iter_mut().zip(parts.into_iter().flatten()) {
            *to = *from;
        }
        self.end = self.end.saturating_add(size);
        self.len = self.len.saturating_add(1);
        true
    }

    /// The oldest message.
    pub(crate) fn front<'m>(&self, memory: &'m [u8]) -> Option<Queued<'m>> {
        message_at(memory.get(self.start..self.end)?)
    }

    /// How many messages at the front belong together, and how many bytes their payloads have.
    pub(crate) fn together(&self, memory: &[u8]) -> (u32, usize) {
        let number = self.front(memory).map(|message| message.number);
        let (mut from, mut count, mut bytes) = (self.start, 0_u32, 0_usize);
        while let Some(message) = memory.get(from..self.end).and_then(message_at).filter(|message| Some(message.number) == number)
        {
            from = from.saturating_add(message.payload.len().saturating_add(QUEUE_OVERHEAD));
            (count, bytes) = (count.saturating_add(1), bytes.saturating_add(message.payload.len()));
        }
        (count, bytes)
    }

    /// Removes the messages at the front that have this number.
    pub(crate) fn pop_all(&mut self, memory: &[u8], number: u64) {
        while self.front(memory).is_some_and(|message| message.number == number) {
            self.pop(memory);
        }
    }

    /// Removes the oldest message.
    pub(crate) fn pop(&mut self, memory: &[u8]) {
        if let Some(message) = self.front(memory) {
            self.start = self.start.saturating_add(message.payload.len().saturating_add(QUEUE_OVERHEAD));
            self.len = self.len.saturating_sub(1);
        }
        if self.len == 0 {
            *self = Self::default();
        }
    }

    /// Removes the messages that `drops` says, oldest first.
    pub(crate) fn drop_if(&mut self, memory: &mut [u8], mut drops: impl FnMut(&Queued<'_>) -> bool) {
        let (mut from, mut kept) = (self.start, Self { end: self.start, ..*self });
        kept.len = 0;
        while let Some(message) = memory.get(from..self.end).and_then(message_at) {
            let size = message.payload.len().saturating_add(QUEUE_OVERHEAD);
            if !drops(&message) {
                move_down(memory, from, kept.end, size);
                kept.end = kept.end.saturating_add(size);
                kept.len = kept.len.saturating_add(1);
            }
            from = from.saturating_add(size);
        }
        *self = if kept.len == 0 { Self::default() } else { kept };
    }
}

/// The message at the start of `bytes`.
fn message_at(bytes: &[u8]) -> Option<Queued<'_>> {
    let (len, rest) = bytes.split_first_chunk::<4>()?;
    let (number, rest) = rest.split_first_chunk::<8>()?;
    let (flags, rest) = rest.split_first()?;
    let payload = rest.get(..usize::try_from(u32::from_be_bytes(*len)).ok()?)?;
    let kind = if flags & BINARY != 0 { MessageKind::Binary } else { MessageKind::Text };
    Some(Queued { number: u64::from_be_bytes(*number), kind, is_volatile: flags & VOLATILE != 0, payload })
}

#[cfg(test)]
mod tests {
    use super::{QUEUE_OVERHEAD, Queue, Queued};
    use proptest::prelude::*;
    use sansocket::MessageKind;
    use std::collections::VecDeque;
    use std::vec::Vec;

    fn message(number: u64, payload: &[u8]) -> Queued<'_> {
        let kind = if number % 2 == 0 { MessageKind::Text } else { MessageKind::Binary };
        Queued { number, kind, is_volatile: number % 3 == 0, payload }
    }

    proptest! {
        /// Random pushes, pops and drops against a deque that counts bytes.
        #[test]
        fn queue_does_what_a_deque_with_a_limit_does(
            memory_len in 0_usize..120,
            steps in proptest::collection::vec((0_u8..8, 0_usize..40), 0..200),
        ) {
            let mut memory = std::vec![0xAA; memory_len];
            let (mut queue, mut model) = (Queue::default(), VecDeque::<(u64, Vec<u8>)>::new());
            for (number, (step, len)) in (0_u64..).zip(steps) {
                let bytes: usize = model.iter().map(|(_, payload)| payload.len() + QUEUE_OVERHEAD).sum();
                prop_assert_eq!((queue.bytes(), queue.len() as usize), (bytes, model.len()));
                let front = model.front().map(|(number, payload)| message(*number, payload));
                prop_assert_eq!(queue.front(&memory), front);
                match step {
                    0..=3 => {
                        let payload = std::vec![number as u8; len];
                        let fits = bytes + len + QUEUE_OVERHEAD <= memory_len;
                        prop_assert_eq!(queue.push(&mut memory, &message(number, &payload)), fits);
                        if fits {
                            model.push_back((number, payload));
                        }
                    }
                    4..=6 => {
                        queue.pop(&memory);
                        model.pop_front();
                    }
                    _ => {
                        let mut dropped = Vec::new();
                        queue.drop_if(&mut memory, |message| {
                            if message.is_volatile {
                                dropped.push(message.number);
                            }
                            message.is_volatile
                        });
                        let expected: Vec<_> = model.iter().map(|(number, _)| *number).filter(|number| number % 3 == 0).collect();
                        prop_assert_eq!(dropped, expected);
                        model.retain(|(number, _)| number % 3 != 0);
                    }
                }
            }
        }
    }
}
