//! Why a connection ended or did not come about, and whether to try again.

use core::fmt;

use sansocket::{CloseCode, EndCause, ProtocolError};

use crate::redirect::RedirectError;

/// Why a connection ended, or did not come about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Cause {
    /// There was no transport.
    Dial(DialError),
    /// It took longer than [`connect_timeout_ms`](crate::SessionConfig::connect_timeout_ms).
    ConnectTimeout,
    /// The proxy did not open a tunnel: 407 asks for other credentials, 502 to 504 say that it did not reach the server.
    ProxyRefused {
        /// Of its answer.
        status: u16,
    },
    /// The proxy's answer was not HTTP, or not only an answer.
    ProxyFailed(ProtocolError),
    /// The server answered the opening handshake with another status than 101 (RFC 6455 §4.1).
    Refused {
        /// Of its answer.
        status: u16,
    },
    /// The server's redirect was not followed.
    Redirect(RedirectError),
    /// The server broke a rule of the protocol, with its 101 or later.
    Failed(ProtocolError),
    /// The server closed the connection (RFC 6455 §7.1.5), with this code; 1005 if it gave none.
    Closed(CloseCode),
    /// The connection was cut off: the input ended, or a deadline of the connection passed.
    Lost(EndCause),
    /// The heartbeat was not answered in time.
    HeartbeatTimeout,
    /// The application closed the session.
    Application,
    /// The application dropped the connection ([`drop_connection`](crate::Commands::drop_connection)); or messages that belong together were cut
    /// in two, because there was no masking key for one of them.
    Dropped,
}

/// Why there is no transport. The caller says which, since only it knows names, sockets and certificates.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum DialError {
    /// The host's name has no address, or nobody could be asked for it.
    Name = 1,
    /// No connection: nobody listens there, nobody is there, or the connection broke while TLS was started.
    Connect = 2,
    /// The certificate is wrong: another attempt would give the same.
    Certificate = 3,
    /// The URL wants TLS, and this program has none: another attempt would give the same.
    NoTls = 4,
}

impl Cause {
    /// Whether another attempt may have better luck: what a session does unless the application decides otherwise.
    ///
    /// | cause | again |
    /// |---|---|
    /// | no name, no connection, a deadline, cut off, no answer to the heartbeat, dropped by the application | yes |
    /// | a wrong certificate, no TLS in this program, a redirect that is not followed, a broken rule, a close by the application | no |
    /// | statuses 408, 425, 429, 500, 502, 503, 504, of server or proxy | yes |
    /// | other statuses: 401, 403, 404, 407 and so on | no |
    /// | close codes 1001, 1005, 1006, 1011 to 1014 | yes |
    /// | close codes 1000, 1002, 1003, 1007 to 1010, 1015 | no |
    /// | close codes from 3000 on, which are the application's: it knows what they mean | no |
    pub const fn is_transient(self) -> bool {
        match self {
            Self::Dial(DialError::Name | DialError::Connect) | Self::ConnectTimeout => true,
            Self::Lost(_) | Self::HeartbeatTimeout | Self::Dropped => true,
            Self::Dial(DialError::Certificate | DialError::NoTls)
            | Self::ProxyFailed(_)
            | Self::Redirect(_)
            | Self::Failed(_)
            | Self::Application => false,
            Self::ProxyRefused { status } | Self::Refused { status } => matches!(status, 408 | 425 | 429 | 500 | 502 | 503 | 504),
            Self::Closed(code) => matches!(code.0, 1001 | 1005 | 1006 | 1011..=1014),
        }
    }
}

impl fmt::Display for DialError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Name => "the name has no address",
            Self::Connect => "there is no connection",
            Self::Certificate => "the certificate is wrong",
            Self::NoTls => "there is no TLS in this program",
        })
    }
}

impl core::error::Error for DialError {}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dial(error) => error.fmt(f),
            Self::ConnectTimeout => f.write_str("connecting took too long"),
            Self::ProxyRefused { status } => write!(f, "the proxy refused with status {status}"),
            Self::ProxyFailed(error) => write!(f, "the proxy's answer: {error}"),
            Self::Refused { status } => write!(f, "the server refused with status {status}"),
            Self::Redirect(error) => write!(f, "a redirect that is not followed: {error}"),
            Self::Failed(error) => error.fmt(f),
            Self::Closed(code) => write!(f, "the server closed with {}", code.0),
            Self::Lost(cause) => cause.fmt(f),
            Self::HeartbeatTimeout => f.write_str("the heartbeat was not answered in time"),
            Self::Application => f.write_str("the application closed"),
            Self::Dropped => f.write_str("the application dropped the connection"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Cause, DialError};
    use sansocket::{CloseCode, EndCause, ProtocolError};

    #[test]
    fn what_may_pass_is_tried_again() {
        for status in 100..600 {
            let again = [408, 425, 429, 500, 502, 503, 504].contains(&status);
            assert_eq!(Cause::Refused { status }.is_transient(), again, "{status}");
            assert_eq!(Cause::ProxyRefused { status }.is_transient(), again, "{status}");
        }
        for code in (0..=u16::MAX).map(CloseCode) {
            let again = [1001, 1005, 1006, 1011, 1012, 1013, 1014].contains(&code.0);
            assert_eq!(Cause::Closed(code).is_transient(), again, "{code:?}");
        }
        assert!(EndCause::ALL.iter().all(|&cause| Cause::Lost(cause).is_transient()));
        assert!(Cause::Dial(DialError::Name).is_transient() && !Cause::Dial(DialError::Certificate).is_transient());
        assert!(!Cause::Dial(DialError::NoTls).is_transient() && Cause::Dropped.is_transient());
        assert!(!Cause::Failed(ProtocolError::WrongAccept).is_transient() && !Cause::Application.is_transient());
    }
}
