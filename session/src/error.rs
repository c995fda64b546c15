//! The caller's mistakes, and why a message is not taken.

use core::fmt;

use sansocket::{CallError, UrlError, UsageError};

use crate::proxy::ProxyError;

/// Why a session cannot be set up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum SetupError {
    /// The URL is wrong. (User and password go into a header, [`split_user_info`](crate::split_user_info).)
    Url(UrlError),
    /// It is longer than [`max_url_len`](crate::SessionConfig::max_url_len).
    UrlTooLong,
    /// The memory is shorter than [`url_memory_len`](crate::SessionConfig::url_memory_len).
    MemoryTooShort,
    /// The proxy's URL is wrong.
    Proxy(ProxyError),
}

impl fmt::Display for SetupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url(error) => error.fmt(f),
            Self::UrlTooLong => f.write_str("the URL is longer than the configuration allows"),
            Self::MemoryTooShort => f.write_str("the session's memory is too short for its URLs"),
            Self::Proxy(error) => write!(f, "the proxy: {error}"),
        }
    }
}

impl core::error::Error for SetupError {}

/// Why a message was not taken. The caller still has it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum SendError {
    /// The queue has no room for it.
    Full,
    /// It does not fit into the output, or not even into an empty queue.
    TooLong,
    /// The session was closed, or has given up.
    Stopped,
    /// [`send_now`](crate::Commands::send_now) while there is no open connection, or no room in its output.
    NotNow,
    /// [`send_part`](crate::Commands::send_part): the connection on which the message began is no longer open.
    Interrupted,
    /// Text is not UTF-8.
    InvalidUtf8,
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full => "the queue is full",
            Self::TooLong => "the message is longer than the output or the queue",
            Self::Stopped => "the session has stopped",
            Self::NotNow => "the message cannot be sent at once",
            Self::Interrupted => "the connection on which the message began is no longer open",
            Self::InvalidUtf8 => "the text is not UTF-8",
        })
    }
}

impl core::error::Error for SendError {}

/// Entropy that failed while a message was sent is not the message's fault: it waits in the queue, or is not sent now.
impl From<CallError> for SendError {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Usage(UsageError::InvalidUtf8) => Self::InvalidUtf8,
            _ => Self::NotNow,
        }
    }
}
