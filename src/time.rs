//! Time as a value: milliseconds since any epoch the caller likes.

/// A point in time, in whole milliseconds since an epoch of the caller's choice.
///
/// The machine only compares and subtracts, so a counter that starts at power-up does as well as a system clock.
/// It must not be derived from wall time that can jump: time that runs backwards counts as standing still, time that
/// leaps forward expires deadlines.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Instant(u64);

impl Instant {
    /// Far enough away never to come; what a deadline that is off is set to.
    pub(crate) const NEVER: Self = Self(u64::MAX);

    /// The instant `ms` milliseconds after the caller's epoch.
    pub const fn from_millis(ms: u64) -> Self {
        Self(ms)
    }

    /// Milliseconds since the caller's epoch.
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// This instant and `ms` milliseconds; the far end of the scale where that does not exist.
    pub(crate) const fn plus(self, ms: u64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    /// Milliseconds from `earlier` to this instant, 0 if it is not earlier.
    pub(crate) const fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}
