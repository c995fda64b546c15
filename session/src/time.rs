//! Instants that are not now.

use sansocket::Instant;

/// No deadline.
pub(crate) const NEVER: Instant = Instant::from_micros(u64::MAX);

/// `now` and `ms` milliseconds more.
pub(crate) fn after(now: Instant, ms: u64) -> Instant {
    Instant::from_micros(now.as_micros().saturating_add(ms.saturating_mul(1000)))
}
