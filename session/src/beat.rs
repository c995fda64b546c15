//! When the heartbeat is due, and whether its answer is.

use sansocket::Instant;

use crate::heartbeat::Heartbeat;
use crate::time::{NEVER, after};

#[derive(Clone, Copy)]
pub(crate) struct Beat {
    /// When the next is sent, or its answer has to be there; `NEVER` without a heartbeat.
    pub(crate) due: Instant,
    awaits: bool,
}

impl Beat {
    pub(crate) const OFF: Self = Self { due: NEVER, awaits: false };

    /// The connection is open, or a heartbeat was answered.
    pub(crate) fn restart(&mut self, heartbeat: &Heartbeat<'_>, now: Instant) {
        *self = Self { due: after(now, u64::from(heartbeat.interval_ms)), awaits: false };
    }

    /// A heartbeat was sent, or found no room: then too an answer is missed, unless messages come.
    pub(crate) fn note_sent(&mut self, heartbeat: &Heartbeat<'_>, now: Instant) {
        *self = Self { due: after(now, u64::from(heartbeat.timeout_ms)), awaits: true };
    }

    /// A message has arrived, or its first piece.
    pub(crate) fn note_message(&mut self, heartbeat: &Heartbeat<'_>, piece: &[u8], now: Instant) {
        if self.awaits && heartbeat.answer.is_met_by(piece) {
            self.restart(heartbeat, now);
        }
    }

    /// Whether an answer has not come in time.
    pub(crate) fn is_missed(&self, looked: Instant) -> bool {
        self.awaits && self.due <= looked
    }
}
