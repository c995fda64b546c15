//! What can go wrong.

use core::fmt;
use sansocket::{CallError, EndCause, ProtocolError, UrlError, UsageError};
use std::io;

/// Why a call failed, or a connection ended other than by its closing handshake.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The transport failed; with [`io::ErrorKind::UnexpectedEof`], the peer ended it without a closing handshake (§7.1.5: code 1006).
    Io(io::Error),
    /// The peer broke a rule of the protocol, or a limit of the [`Config`](crate::Config). It was told so by a Close.
    Protocol(ProtocolError),
    /// A deadline has passed.
    Timeout(EndCause),
    /// The server refused the opening handshake, or its answer was wrong.
    Refused(Box<Refusal>),
    /// Not a URL for a WebSocket.
    Url(UrlError),
    /// A mistake of this program: the call has done nothing.
    Usage(UsageError),
    /// The connection is closing or closed: what was to be sent was not.
    Closed,
    /// The request was answered otherwise than by accepting it ([`respond`](crate::Handshake::respond), or a refusal): there is no
    /// connection.
    NotAccepted,
}

/// A server's answer other than a valid 101 (§4.1).
#[derive(Clone)]
#[non_exhaustive]
pub struct Refusal {
    /// The status: 401, 302 and so on.
    pub status: u16,
    /// What is wrong with it.
    pub error: ProtocolError,
    /// The header fields, as the server wrote them: Location, WWW-Authenticate, Retry-After.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body as far as its Content-Length says, at most 16 KiB; without one, what came with the head, a coding included.
    pub body: Vec<u8>,
}

impl Refusal {
    pub(crate) fn new(response: &sansocket::Response<'_>, error: ProtocolError) -> Self {
        let headers = response.headers().map(|header| (header.name.to_owned(), header.value.to_vec())).collect();
        Self { status: response.status(), error, headers, body: Vec::new() }
    }

    /// The value of the first header called `name`.
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        self.headers.iter().find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| &value[..])
    }
}

/// Does not show what the values of headers are, nor the body: they may hold credentials (§10.6).
impl fmt::Debug for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Refusal")
            .field("status", &self.status)
            .field("error", &self.error)
            .field("headers", &self.headers.iter().map(|(name, _)| name).collect::<Vec<_>>())
            .field("body", &self.body.len())
            .finish()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => error.fmt(f),
            Self::Protocol(error) => error.fmt(f),
            Self::Timeout(cause) => cause.fmt(f),
            Self::Refused(refusal) => write!(f, "the server answered {}: {}", refusal.status, refusal.error),
            Self::Url(error) => error.fmt(f),
            Self::Usage(error) => error.fmt(f),
            Self::Closed => f.write_str("the connection is closing: nothing more can be sent"),
            Self::NotAccepted => f.write_str("the request was not accepted as a WebSocket"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io(error) => error.source(),
            _ => None,
        }
    }
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<UrlError> for Error {
    fn from(error: UrlError) -> Self {
        Self::Url(error)
    }
}

impl From<UsageError> for Error {
    fn from(error: UsageError) -> Self {
        Self::Usage(error)
    }
}

impl From<CallError> for Error {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Usage(error) => Self::Usage(error),
            CallError::EntropyFailed => Self::Io(io::Error::other("the system gave no random bytes")),
            // Room is made before each call.
            error => Self::Io(io::Error::other(error)),
        }
    }
}
