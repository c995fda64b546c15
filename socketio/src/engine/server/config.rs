//! What the sessions of a server share.

/// What the sessions of a server share. Times are in milliseconds, lengths in bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Config {
    /// How long after an opening, or an answered ping, the client is pinged: 25 000.
    pub ping_interval_ms: u32,
    /// How long it has to answer, and to fetch what is left when the program has closed its session: 20 000.
    pub ping_timeout_ms: u32,
    /// How long an upgrade may take: 10 000.
    pub upgrade_timeout_ms: u32,
    /// The longest body of a POST, of which clients are told: 1 000 000. Messages of WebSockets are limited where they are received, to be set
    /// to the same. Answers of polls are cut at this length, but never inside a packet.
    pub max_payload: usize,
    /// How many bytes may wait for one client, with some for each message: 16 000 000. Beyond that its session is closed.
    pub max_queued: usize,
    /// How many sessions there may be: 1 000 000. Beyond that openings are refused with 403.
    pub max_sessions: usize,
    /// Whether long-polling is served; without it only WebSockets are: true.
    pub polling: bool,
}

impl Config {
    /// The values above: those of the reference, where it has them.
    pub const fn new() -> Self {
        Self {
            ping_interval_ms: 25_000,
            ping_timeout_ms: 20_000,
            upgrade_timeout_ms: 10_000,
            max_payload: 1_000_000,
            max_queued: 16_000_000,
            max_sessions: 1_000_000,
            polling: true,
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self::new()
    }
}
