//! The UART as a transport: bytes come in bursts, and a peer that has gone is quiet.

use sansocket::Instant;

use crate::clock::Clock;
use crate::uart::{TICKS_PER_BYTE, Uart};

pub struct Line {
    uart: Uart,
    /// When the line will count as quiet unless more arrives.
    quiet_at_ms: u64,
}

impl Line {
    pub fn new(uart: Uart) -> Self {
        Self { uart, quiet_at_ms: 0 }
    }

    /// Reads a burst, as far as there is space: what the UART has, and what follows without a pause. Returns how many bytes.
    pub fn read(&mut self, space: &mut [u8], clock: &mut Clock) -> usize {
        let mut len = 0;
        loop {
            let arrived = self.uart.read(space.get_mut(len..).unwrap_or_default());
            if arrived == 0 {
                return len;
            }
            len += arrived;
            self.quiet_at_ms = clock.now().as_millis().saturating_add(QUIET_MS);
            clock.wake_after_ticks(PAUSE_TICKS);
            self.uart.wait();
        }
    }

    /// Returns when the last byte has been handed to the transmitter.
    pub fn write(&mut self, bytes: &[u8]) {
        self.uart.write(bytes);
    }

    /// Sleeps until bytes arrive, or until `due`.
    pub fn wait(&mut self, due: Option<Instant>, clock: &mut Clock) {
        clock.wake_at(due);
        self.uart.wait();
    }

    /// Whether nothing has arrived for [`QUIET_MS`].
    pub fn is_quiet(&self, clock: &mut Clock) -> bool {
        clock.now().as_millis() >= self.quiet_at_ms
    }

    /// Whether the hardware had to drop bytes because the interrupt was served too late.
    pub fn has_lost_bytes(&self) -> bool {
        self.uart.has_lost_bytes()
    }
}

/// Once a connection has failed, what its peer has under way still comes, and must not be taken for the next peer's.
const QUIET_MS: u64 = 100;

/// What separates bursts. Without waiting for their end, every byte would be a piece of a message by itself.
const PAUSE_TICKS: u32 = 4 * TICKS_PER_BYTE;
