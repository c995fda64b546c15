//! The two ends of a connection (§1.1).

/// An end of a connection (§1.1).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Role {
    /// Sends the opening handshake and masks what it sends.
    Client = 0,
    /// Answers the opening handshake and never masks.
    Server = 1,
}

impl Role {
    /// The other end.
    #[must_use]
    pub const fn peer(self) -> Self {
        match self {
            Self::Client => Self::Server,
            Self::Server => Self::Client,
        }
    }
}
