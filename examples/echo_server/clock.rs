//! The server's clock: deadlines in milliseconds, and the seconds that tick on the page.

use std::time::{Duration, Instant as Monotonic, SystemTime, UNIX_EPOCH};

use sansocket::Instant;

pub(crate) struct Clock {
    start: Monotonic,
    /// The second that has begun last, since 1970.
    second: u64,
}

impl Clock {
    pub(crate) fn start() -> Self {
        Self { start: Monotonic::now(), second: since_1970().as_secs() }
    }

    /// Now for the connections: time that does not jump.
    pub(crate) fn now(&self) -> Instant {
        Instant::from_millis(u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX))
    }

    /// The same, finer, for round trips.
    pub(crate) fn micros(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    pub(crate) fn uptime(&self) -> Duration {
        self.start.elapsed()
    }

    /// The second that has begun last, since 1970.
    pub(crate) fn second(&self) -> u64 {
        self.second
    }

    /// Whether another second has begun.
    pub(crate) fn tick(&mut self) -> bool {
        let second = since_1970().as_secs();
        std::mem::replace(&mut self.second, second) != second
    }

    /// How long until the next second begins.
    pub(crate) fn until_tick(&self) -> Duration {
        Duration::from_nanos(u64::from(1_000_000_000 - since_1970().subsec_nanos()))
    }

    /// The time for the page: the second that ticked last and, to show how old that is, now.
    pub(crate) fn json(&self) -> String {
        format!(r#"{{"second":{},"now":{:.3}}}"#, self.second, since_1970().as_secs_f64() * 1000.0)
    }

    /// The same with what this costs in bytes: those of the request's head and of the response's. The latter has four places
    /// whatever it is, so that its length does not depend on itself.
    pub(crate) fn json_with_heads(&self, request: usize, response: usize) -> String {
        let time = self.json();
        format!(r#"{},"request":{request},"response":{response:4}}}"#, time.trim_end_matches('}'))
    }
}

fn since_1970() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}
