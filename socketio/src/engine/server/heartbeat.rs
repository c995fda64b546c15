//! Who is alive: the server pings, the client answers.

use super::Config;
use super::after;
use sansocket::Instant;

/// What is due next.
pub(super) enum Heartbeat {
    Ping { at: Instant },
    Pong { by: Instant, is_extended: bool },
}

impl Heartbeat {
    /// From an opening or an answer on.
    pub(super) const fn new(now: Instant, config: &Config) -> Self {
        Self::Ping { at: after(now, config.ping_interval_ms) }
    }

    /// A ping is sent.
    pub(super) const fn pinged(now: Instant, config: &Config) -> Self {
        Self::Pong { by: after(now, config.ping_timeout_ms), is_extended: false }
    }

    pub(super) const fn deadline(&self) -> Instant {
        match self {
            Self::Ping { at } => *at,
            Self::Pong { by, .. } => *by,
        }
    }

    /// A packet that is no answer gives a slow client the time for one again, but only once.
    pub(super) const fn extend(&mut self, now: Instant, config: &Config) {
        if let Self::Pong { is_extended: false, .. } = self {
            *self = Self::Pong { by: after(now, config.ping_timeout_ms), is_extended: true };
        }
    }
}
