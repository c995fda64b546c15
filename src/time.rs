//! Time as a value: microseconds since an epoch of the caller's choice.

/// A point in time, in whole microseconds since an epoch of the caller's choice. A clock that has only milliseconds works too,
/// with round trips as coarse as the clock.
///
/// The machine only compares and subtracts, so a counter that starts at power-up works as well as a system clock. Do not use wall
/// time that can jump: time that runs backwards counts as standing still, and time that leaps forward expires deadlines. Widen a
/// 32-bit tick that wraps with [`widen_millis`](Self::widen_millis) first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Instant(u64);

impl Instant {
    /// An instant that never comes: the value of a deadline that is off.
    pub(crate) const NEVER: Self = Self(u64::MAX);

    /// The instant `ms` milliseconds after the caller's epoch.
    pub const fn from_millis(ms: u64) -> Self {
        Self(ms.saturating_mul(1000))
    }

    /// The instant `us` microseconds after the caller's epoch.
    pub const fn from_micros(us: u64) -> Self {
        Self(us)
    }

    /// Milliseconds since the caller's epoch, rounded down.
    pub fn as_millis(self) -> u64 {
        thousandth(self.0)
    }

    /// Microseconds since the caller's epoch.
    pub const fn as_micros(self) -> u64 {
        self.0
    }

    /// Widens `tick`, a 32-bit counter of milliseconds that wraps after 49.7 days, to 64 bits. `last` is what the last call
    /// returned, 0 at first, when any tick is taken as it is; two calls must be at most 24 days apart. A tick slightly earlier than
    /// `last` gives `last`.
    ///
    /// ```
    /// use sansocket::Instant;
    /// let mut ms = 0;
    /// # fn ticks_of_the_board() -> u32 { 7 }
    /// ms = Instant::widen_millis(ms, ticks_of_the_board());
    /// let now = Instant::from_millis(ms);
    /// # assert_eq!(now.as_millis(), 7);
    /// ```
    pub const fn widen_millis(last: u64, tick: u32) -> u64 {
        let [.., a, b, c, d] = last.to_be_bytes();
        let ahead = tick.wrapping_sub(u32::from_be_bytes([a, b, c, d]));
        let [a, b, c, d] = ahead.to_be_bytes();
        // More than half the circle ahead means earlier, but of the first tick: the counter may have run for weeks.
        if ahead >> 31 == 0 || last == 0 { last.wrapping_add(u64::from_be_bytes([0, 0, 0, 0, a, b, c, d])) } else { last }
    }

    /// This instant plus `ms` milliseconds, at most the end of the scale.
    pub(crate) const fn plus_millis(self, ms: u64) -> Self {
        self.plus_micros(ms.saturating_mul(1000))
    }

    /// This instant plus `us` microseconds, at most the end of the scale.
    pub(crate) const fn plus_micros(self, us: u64) -> Self {
        Self(self.0.saturating_add(us))
    }

    /// Milliseconds from `earlier` to this instant, rounded up; 0 if it is not earlier.
    pub(crate) fn millis_since(self, earlier: Self) -> u64 {
        thousandth(self.since(earlier).saturating_add(999))
    }

    /// Microseconds from `earlier` to this instant, 0 if it is not earlier.
    pub(crate) const fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// The instant that long after the caller's epoch: `Instant::from(start.elapsed())` with a clock of `std`.
impl From<core::time::Duration> for Instant {
    fn from(since_epoch: core::time::Duration) -> Self {
        Self(since_epoch.as_secs().saturating_mul(1_000_000).saturating_add(u64::from(since_epoch.subsec_micros())))
    }
}

/// `value / 1000`, 16 bits at a time: a 64-bit division would cost firmware 864 bytes of the compiler's run-time library.
fn thousandth(value: u64) -> u64 {
    let mut quotient = 0;
    let mut rest = 0;
    for place in [48, 32, 16, 0] {
        let [.., high, low] = (value >> place).to_be_bytes();
        let digit = rest << 16 | u32::from(u16::from_be_bytes([high, low]));
        quotient = quotient << 16 | u64::from(digit / 1000);
        rest = digit % 1000;
    }
    quotient
}

/// `value / by`; the end of the scale if `by` is 0.
pub(crate) fn quotient(value: u64, by: u64) -> u64 {
    if cfg!(target_pointer_width = "64") { value.checked_div(by).unwrap_or(u64::MAX) } else { long_quotient(value, by) }
}

/// The same bit by bit, for machines on which a 64-bit division is a function of 864 bytes.
#[inline]
fn long_quotient(value: u64, by: u64) -> u64 {
    let (mut quotient, mut rest) = (0, 0_u64);
    for shift in (0..64).rev() {
        // What falls out at the top is 1 only if `by` is above 2^63.
        let is_past = rest >> 63 == 1;
        rest = rest << 1 | value >> shift & 1;
        let fits = is_past || rest >= by;
        rest = rest.wrapping_sub(if fits { by } else { 0 });
        quotient = quotient << 1 | u64::from(fits);
    }
    quotient
}

#[cfg(test)]
mod tests {
    use super::{Instant, long_quotient, quotient, thousandth};

    #[test]
    fn quotients_are_those_of_a_division() {
        let values = [0, 1, 2, 239, 240, 241, 999_999, 1 << 32, (1 << 63) - 1, 1 << 63, u64::MAX - 1, u64::MAX];
        for value in values {
            for by in values {
                let expected = value.checked_div(by).unwrap_or(u64::MAX);
                assert_eq!((quotient(value, by), long_quotient(value, by)), (expected, expected), "{value} / {by}");
            }
        }
    }

    /// Q4: over the wrap and slightly back, from every point around it.
    #[test]
    fn a_tick_of_32_bits_is_widened_over_its_wrap() {
        for high in [0, 1, 0xFFFF_FFFE] {
            for low in [0, 1, 999, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFE, 0xFFFF_FFFF] {
                let last = high << 32 | low;
                for ahead in [0, 1, 1000, 0x7FFF_FFFF] {
                    let tick = (last + ahead) as u32;
                    assert_eq!(Instant::widen_millis(last, tick), last + ahead, "{last:#x} + {ahead:#x}");
                }
                for back in [1, 1000, 0x7FFF_FFFF].into_iter().filter(|_| last != 0) {
                    let tick = last.wrapping_sub(back) as u32;
                    assert_eq!(Instant::widen_millis(last, tick), last, "{last:#x} - {back:#x}");
                }
            }
        }
        // The first tick is taken as it is, however long the counter has run.
        for tick in [0, 1, 0x7FFF_FFFF, 0x8000_0000, u32::MAX] {
            assert_eq!(Instant::widen_millis(0, tick), u64::from(tick));
        }
        let mut ms = 0;
        for step in 0..200_u64 {
            ms = Instant::widen_millis(ms, (step * 1_000_000_000) as u32);
            assert_eq!(ms, step * 1_000_000_000);
        }
    }

    #[test]
    fn thousandths_are_those_of_a_division() {
        for shift in 0..64 {
            for near in [0, 1, 7, 998, 999, 1000, 1001] {
                for value in [
                    (1_u64 << shift).wrapping_add(near),
                    (1_u64 << shift).wrapping_sub(near),
                    (u64::MAX >> shift).wrapping_sub(near),
                ] {
                    assert_eq!(thousandth(value), value / 1000, "{value}");
                }
            }
        }
    }

    #[test]
    fn milliseconds_and_microseconds_are_one_scale() {
        assert_eq!(Instant::from_millis(5), Instant::from_micros(5_000));
        assert_eq!((Instant::from_micros(5_999).as_millis(), Instant::from_micros(5_999).as_micros()), (5, 5_999));
        assert_eq!(Instant::from_millis(u64::MAX), Instant::NEVER);
        assert_eq!(Instant::from(core::time::Duration::from_micros(1_234_567)), Instant::from_micros(1_234_567));
        assert_eq!(Instant::from(core::time::Duration::MAX), Instant::NEVER);
    }
}
