//! A message of the application's that shows whether the peer still answers: for servers and clients that cannot see Pongs, and for
//! gateways that answer Pings themselves.

/// A heartbeat of the application's: text that is sent at intervals, and how its answer is known.
///
/// A dead link is found `interval_ms` and `timeout_ms` after its last answer at the latest, and `timeout_ms` after a sleep of the machine. The
/// answer is an event like other messages.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Heartbeat<'c> {
    /// The text that is sent.
    pub text: &'c str,
    /// What answers it.
    pub answer: HeartbeatAnswer<'c>,
    /// From the opening, and from the answer to one heartbeat, to the next.
    pub interval_ms: u32,
    /// From the heartbeat to its answer.
    pub timeout_ms: u32,
}

impl<'c> Heartbeat<'c> {
    /// Sends `text` every 25 seconds, and expects an answer within 20.
    pub const fn new(text: &'c str, answer: HeartbeatAnswer<'c>) -> Self {
        Self { text, answer, interval_ms: 25_000, timeout_ms: 20_000 }
    }

    /// With this interval.
    #[must_use]
    pub const fn interval_ms(mut self, ms: u32) -> Self {
        self.interval_ms = ms;
        self
    }

    /// With this time for the answer.
    #[must_use]
    pub const fn timeout_ms(mut self, ms: u32) -> Self {
        self.timeout_ms = ms;
        self
    }
}

/// Which message answers a heartbeat.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum HeartbeatAnswer<'c> {
    /// Any message that arrives after it.
    Any,
    /// A message that starts with this, and may be this. (Of a message that comes in pieces, the first piece is looked at.)
    StartsWith(&'c str),
}

impl HeartbeatAnswer<'_> {
    /// Whether the message that starts with `piece` is the answer.
    pub(crate) fn is_met_by(&self, piece: &[u8]) -> bool {
        match self {
            Self::Any => true,
            Self::StartsWith(start) => piece.starts_with(start.as_bytes()),
        }
    }
}
