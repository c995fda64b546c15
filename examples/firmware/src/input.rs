//! Bytes that have arrived and were not yet consumed, contiguous in a static buffer.

use sansocket::Instant;

use crate::clock::Clock;
use crate::uart::{TICKS_PER_BYTE, Uart};

pub struct Input {
    buffer: &'static mut [u8],
    /// What is not consumed lies between these two.
    start: usize,
    end: usize,
    /// When the line will count as quiet unless more arrives.
    quiet_at_ms: u64,
}

impl Input {
    pub fn new(buffer: &'static mut [u8]) -> Self {
        Self { buffer, start: 0, end: 0, quiet_at_ms: 0 }
    }

    /// Appends a burst: what the UART has, and what follows without a pause. Returns all that is not consumed.
    pub fn fill(&mut self, uart: &mut Uart, clock: &mut Clock) -> &mut [u8] {
        if self.start > 0 {
            self.move_to_front();
        }
        loop {
            let arrived = uart.read(self.buffer.get_mut(self.end..).unwrap_or_default());
            if arrived == 0 {
                break;
            }
            self.end += arrived;
            self.quiet_at_ms = clock.now().as_millis().saturating_add(QUIET_MS);
            clock.wake_after_ticks(PAUSE_TICKS);
            uart.wait();
        }
        self.buffer.get_mut(self.start..self.end).unwrap_or_default()
    }

    pub fn consume(&mut self, consumed: usize) {
        self.start = self.start.saturating_add(consumed).min(self.end);
    }

    /// Drops everything.
    pub fn clear(&mut self) {
        self.start = self.end;
    }

    /// Whether nothing has arrived for [`QUIET_MS`].
    pub fn is_quiet(&self, now: Instant) -> bool {
        now.as_millis() >= self.quiet_at_ms
    }

    fn move_to_front(&mut self) {
        let len = self.end - self.start;
        for at in 0..len {
            let byte = self.buffer.get(self.start + at).copied().unwrap_or_default();
            if let Some(slot) = self.buffer.get_mut(at) {
                *slot = byte;
            }
        }
        (self.start, self.end) = (0, len);
    }
}

/// Once a connection has failed, what its peer has under way still comes, and must not be taken for the next peer's.
const QUIET_MS: u64 = 100;

/// What separates bursts. Without waiting for their end, every byte would be a piece of a message by itself.
const PAUSE_TICKS: u32 = 4 * TICKS_PER_BYTE;
