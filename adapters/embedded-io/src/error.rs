//! Why there is no connection.

use core::fmt;

use sansocket::{CallError, EndCause, ProtocolError};

/// Why an opening handshake did not open a connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum HandshakeError {
    /// Client: the server answered with another status than 101, or with a 101 that breaks a rule.
    Refused {
        /// The status.
        status: u16,
        /// What is wrong with it.
        error: ProtocolError,
    },
    /// Server: the request was not an opening handshake, or its Origin is not allowed. It has been answered with 400 or 403.
    NotAccepted,
    /// The peer broke a rule. A server has answered it.
    Failed {
        /// The rule.
        error: ProtocolError,
    },
    /// The connection ended before.
    Ended {
        /// Why.
        cause: EndCause,
    },
    /// A mistake of the program, or an entropy source that failed.
    Call(CallError),
}

impl From<CallError> for HandshakeError {
    fn from(error: CallError) -> Self {
        Self::Call(error)
    }
}

impl fmt::Display for HandshakeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused { status, error } => write!(f, "the server refused with status {status}: {error}"),
            Self::NotAccepted => f.write_str("the request was not accepted"),
            Self::Failed { error } => write!(f, "the opening handshake failed: {error}"),
            Self::Ended { cause } => write!(f, "the connection ended in the opening handshake: {cause}"),
            Self::Call(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for HandshakeError {}
