//! What can go wrong, by what a program does about it.

use std::error::Error as StdError;
use std::fmt;
use std::io;

use sansocket::{CallError, EndCause, ProtocolError, UrlError, UsageError};

use crate::refusal::Refusal;

/// Why a call failed. Nothing can be sent any more after all of them except [`Usage`](Self::Usage).
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The text is not a URL for a WebSocket (§3).
    Url(UrlError),
    /// A `wss` URL, and this crate was built without the feature `rustls`.
    /// [`Connector::over`](crate::Connector::over) takes a TLS stream of the caller's.
    NoTls,
    /// There is no TCP connection to any address of the host, or it could not be set up.
    #[non_exhaustive]
    Connect {
        /// Host and port.
        to: String,
        /// What the system said of the last address, or TLS of the name.
        source: io::Error,
    },
    /// The server refused the opening handshake: it answered with another status than 101.
    Refused(Box<Refusal>),
    /// The request was answered with 403 because of its Origin ([`UsageError::OriginNotAllowed`]), or with 400 because it is not an
    /// opening handshake.
    Declined(UsageError),
    /// The peer broke a rule (§7.1.7). It was told so, by a Close or an HTTP status, if that was possible.
    Protocol(ProtocolError),
    /// The connection ended without an exchange of Closes (1006), and this is how.
    #[non_exhaustive]
    Lost {
        /// A deadline, or the end of what came.
        cause: EndCause,
        /// What the transport said, unless it just ended.
        source: Option<io::Error>,
    },
    /// What was to be sent could not be written, or the system has no entropy for it. What has arrived can still be read.
    Io(io::Error),
    /// The connection is closing or over: the message was not sent; or an earlier call has reported the end.
    Closed,
    /// A mistake in the call, which has done nothing.
    Usage(UsageError),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url(error) => write!(f, "invalid URL: {error}"),
            Self::NoTls => f.write_str("wss needs TLS, which this program was built without (feature rustls)"),
            Self::Connect { to, source } => write!(f, "cannot connect to {to}: {source}"),
            Self::Refused(refusal) => write!(f, "{refusal}"),
            Self::Declined(reason) => write!(f, "request declined: {reason}"),
            Self::Protocol(error) => write!(f, "the peer broke the protocol: {error}"),
            Self::Lost { cause, source: None } => write!(f, "connection lost: {cause}"),
            Self::Lost { cause, source: Some(source) } => write!(f, "connection lost: {cause}: {source}"),
            Self::Io(error) => write!(f, "cannot send: {error}"),
            Self::Closed => f.write_str("the connection is closed"),
            Self::Usage(error) => error.fmt(f),
        }
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Url(error) => Some(error),
            Self::Connect { source, .. } | Self::Lost { source: Some(source), .. } | Self::Io(source) => Some(source),
            Self::Declined(error) | Self::Usage(error) => Some(error),
            Self::Protocol(error) => Some(error),
            Self::NoTls | Self::Refused(_) | Self::Lost { source: None, .. } | Self::Closed => None,
        }
    }
}

impl From<CallError> for Error {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Usage(error) => Self::Usage(error),
            // No entropy. (Room is made before each call.)
            error => Self::Io(io::Error::other(error)),
        }
    }
}

/// For functions that return what `std::io` does.
impl From<Error> for io::Error {
    fn from(error: Error) -> Self {
        Self::other(error)
    }
}
