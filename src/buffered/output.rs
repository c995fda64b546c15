//! Where the bytes of the output stand that the transport has not taken yet.

use crate::length::move_down;
use crate::time::Instant;

#[derive(Clone, Copy)]
pub(super) struct Due {
    start: usize,
    end: usize,
    /// When the transport must have taken some of them; `NEVER` if there are none.
    deadline: Instant,
    /// The transport takes no more: what is written is dropped.
    is_lost: bool,
}

impl Due {
    pub(super) const NOTHING: Self = Self { start: 0, end: 0, deadline: Instant::NEVER, is_lost: false };

    /// The bytes.
    pub(super) fn bytes<'o>(&self, output: &'o [u8]) -> &'o [u8] {
        output.get(self.start..self.end).unwrap_or_default()
    }

    pub(super) const fn len(&self) -> usize {
        self.end.saturating_sub(self.start)
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.start == self.end
    }

    pub(super) const fn is_lost(&self) -> bool {
        self.is_lost
    }

    /// How many bytes more fit into an output of `len`.
    #[inline]
    pub(super) const fn free(&self, len: usize) -> usize {
        len.saturating_sub(self.end)
    }

    /// Where the next bytes go.
    #[inline]
    pub(super) fn free_part<'o>(&self, output: &'o mut [u8]) -> &'o mut [u8] {
        output.get_mut(self.end..).unwrap_or_default()
    }

    /// `n` bytes were written there. `deadline` says until when the transport must have taken some, if there were none before.
    #[inline]
    pub(super) fn add(&mut self, n: usize, deadline: impl FnOnce() -> Instant) {
        if n == 0 {
            return;
        }
        if self.is_empty() {
            self.deadline = deadline();
        }
        self.end = self.end.wrapping_add(n);
        if self.is_lost {
            self.clear();
        }
    }

    /// The transport took the first `n` bytes, of at least as many. What is left moves to the front once there is as much room before
    /// it, so that a byte moves once at most on average; at once if there is no room for what is `needed` otherwise.
    pub(super) fn take(&mut self, n: usize, now: Instant, timeout_ms: u32, needed: usize, output: &mut [u8]) {
        self.start = self.start.saturating_add(n);
        if self.is_empty() {
            self.clear();
        } else if n > 0 {
            self.deadline = self.deadline.max(deadline(now, timeout_ms));
        }
        let len = self.len();
        if self.start >= len || self.free(output.len()) < needed {
            move_down(output, self.start, 0, len);
            (self.start, self.end) = (0, len);
        }
    }

    /// The transport has until then at least.
    pub(super) fn extend(&mut self, deadline: Instant) {
        if !self.is_empty() {
            self.deadline = self.deadline.max(deadline);
        }
    }

    /// The transport takes no more.
    pub(super) fn lose(&mut self) {
        self.is_lost = true;
        self.clear();
    }

    /// The caller did not read between these two: a peer that waits for that takes nothing meanwhile.
    pub(super) fn postpone(&mut self, paused: Instant, now: Instant, timeout_ms: u32) {
        if !self.is_empty() {
            let later = self.deadline.plus_micros(now.since(paused)).min(deadline(now, timeout_ms));
            self.deadline = self.deadline.max(later);
        }
    }

    /// Puts back `n` bytes that were kept elsewhere, at the start of an output.
    pub(super) fn restore(&mut self, n: usize) {
        (self.start, self.end) = (0, n);
    }

    /// When the transport must have taken something; `NEVER` if there is nothing to take.
    #[inline]
    pub(super) const fn deadline(&self) -> Instant {
        self.deadline
    }

    fn clear(&mut self) {
        (self.start, self.end, self.deadline) = (0, 0, Instant::NEVER);
    }
}

/// A deadline of `ms` milliseconds from `now`; 0 turns it off.
#[inline]
pub(super) fn deadline(now: Instant, ms: u32) -> Instant {
    if ms == 0 { Instant::NEVER } else { now.plus_millis(u64::from(ms)) }
}
