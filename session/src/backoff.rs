//! How long to wait before the next dial. RFC 6455 §7.2.3: a random wait first, then truncated binary exponential backoff.

use crate::config::SessionConfig;

impl SessionConfig<'_> {
    /// Milliseconds to wait after a dial that failed, or a connection that ended, when `failures` came before it in a row: 0 after a
    /// connection that was up for long enough. `random` is spread evenly over all numbers.
    ///
    /// ```
    /// use sansocket_session::SessionConfig;
    /// let config = SessionConfig::new();
    /// assert_eq!(config.delay_ms(0, u32::MAX), 4_999); // anything from 0 to 5 s
    /// assert_eq!((config.delay_ms(1, 0), config.delay_ms(1, u32::MAX)), (500, 1_499)); // 1 s, half of it more or less
    /// assert_eq!((config.delay_ms(20, 0), config.delay_ms(20, u32::MAX)), (15_000, 44_999)); // 30 s
    /// ```
    pub fn delay_ms(&self, failures: u32, random: u32) -> u64 {
        let Some(failures) = failures.checked_sub(1) else { return share(u64::from(self.first_delay_ms), random) };
        // So that twice the spread has 32 bits.
        let cap = u64::from(self.max_delay_ms.min(u32::MAX >> 1));
        let factor = u64::from(self.factor_percent);
        let mut delay = u64::from(self.min_delay_ms).min(cap);
        for _ in 0..failures {
            let next = (delay.saturating_mul(factor) / 100).min(cap);
            if next == delay {
                break;
            }
            delay = next;
        }
        let spread = delay.saturating_mul(u64::from(self.jitter_percent.min(100))) / 100;
        delay.saturating_sub(spread).saturating_add(share(spread.saturating_mul(2), random))
    }
}

/// The part of `whole`, which is below 2^32, that `random` is of all numbers.
fn share(whole: u64, random: u32) -> u64 {
    whole.saturating_mul(u64::from(random)) >> 32
}

#[cfg(test)]
mod tests {
    use crate::SessionConfig;

    #[test]
    fn waits_grow_to_the_cap_and_are_spread_around_it() {
        let config = SessionConfig::new();
        let middle = |failures| config.delay_ms(failures, 1 << 31);
        assert_eq!([0, 1, 2, 3, 4, 5, 6, 7, 1000].map(middle), [2500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
        for failures in 1..50 {
            let (least, most) = (config.delay_ms(failures, 0), config.delay_ms(failures, u32::MAX));
            assert_eq!((least, most), (middle(failures) / 2, middle(failures) * 3 / 2 - 1), "{failures}");
        }
    }

    #[test]
    fn extreme_settings_are_harmless() {
        let longest =
            SessionConfig::new().min_delay_ms(u32::MAX).max_delay_ms(u32::MAX).factor_percent(u16::MAX).jitter_percent(255);
        assert_eq!(longest.first_delay_ms(u32::MAX).delay_ms(0, u32::MAX), u64::from(u32::MAX) - 1);
        assert_eq!((longest.delay_ms(u32::MAX, 0), longest.delay_ms(u32::MAX, u32::MAX)), (0, u64::from(u32::MAX) - 2));
        let none = SessionConfig::new().min_delay_ms(0).factor_percent(0).first_delay_ms(0);
        assert_eq!([0, 1, 2, u32::MAX].map(|failures| none.delay_ms(failures, u32::MAX)), [0; 4]);
        let steady = SessionConfig::new().factor_percent(100).jitter_percent(0);
        assert_eq!([1, 2, u32::MAX].map(|failures| steady.delay_ms(failures, 7)), [1000; 3]);
        // A factor of less than 100 makes waits shorter, and the loop ends.
        let falling = SessionConfig::new().factor_percent(50).jitter_percent(0);
        assert_eq!([1, 2, 3, u32::MAX].map(|failures| falling.delay_ms(failures, 7)), [1000, 500, 250, 0]);
    }
}
