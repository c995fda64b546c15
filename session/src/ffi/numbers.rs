//! C's numbers and texts.
//!
//! An enum of C's is a number here, since C may pass any. What has numbers in Rust takes them, with their docs, from there; the tables
//! below have the rest. `capi/header` makes the header's enums from both.

use core::ffi::{CStr, c_char};

use sansocket::UsageError;
use sansocket::ffi::sansocket_result;

use crate::{Cause, CredentialsError, DialError, Overflow, ProxyError, RedirectError, SendError, SessionState, SetupError};

/// Declares enums of C's.
macro_rules! c_enums {
    ($($(#[$doc:meta])* $name:ident;)*) => {
        $(
            $(#[$doc])*
            #[repr(transparent)]
            #[derive(Clone, Copy, PartialEq, Eq, Debug)]
            pub struct $name(pub u32);
        )*
    };
}

/// Declares an enum of C's with its constants, as `SANSOCKET_...` in the header, and their texts, if there are any.
macro_rules! c_table {
    ($(#[$doc:meta])* $name:ident { $($(#[$row:meta])* $constant:ident = $number:literal, $text:literal;)* }) => {
        c_table! { $(#[$doc])* $name { $($(#[$row])* $constant = $number;)* } }

        impl $name {
            const fn own_text(self) -> Option<&'static CStr> {
                match self.0 { $($number => Some($text),)* _ => None }
            }
        }
    };
    ($(#[$doc:meta])* $name:ident { $($(#[$row:meta])* $constant:ident = $number:literal;)* }) => {
        c_enums! { $(#[$doc])* $name; }

        impl $name { $($(#[$row])* pub const $constant: Self = Self($number);)* }
    };
}

c_enums! {
    /// [`DialError`], or 0.
    sansocket_dial_error;
    /// [`SessionState`].
    sansocket_session_state;
}

c_table! {
/// What functions of sessions return beside the results of `sansocket.h`.
session_result {
    /// The queue has no room for the message, or is that of a session without one. The caller still has it.
    FULL = 1025, c"the queue is full";
    /// The message does not fit into the output, or not even into an empty queue.
    TOO_LONG = 1026, c"the message is longer than the output or the queue";
    /// The session was closed, or has given up.
    STOPPED = 1027, c"the session has stopped";
    /// Not at this time: no connection is open, or its output has no room; or there is nothing to dial.
    NOT_NOW = 1028, c"not at this time";
    /// `sansocket_session_send_part`: the connection on which the message began is no longer open.
    INTERRUPTED = 1029, c"the connection on which the message began is no longer open";

    /// The URL is longer than `SANSOCKET_SESSION_OPTION_MAX_URL_LEN`.
    URL_TOO_LONG = 1040, c"the URL is longer than the configuration allows";
    /// The memory is shorter than `sansocket_session_config_url_memory_len`.
    MEMORY_TOO_SHORT = 1041, c"the session's memory is too short for its URLs";

    /// The scheme of the proxy is not `http`: one that is itself reached over TLS (`https`), or one for SOCKS.
    PROXY_UNSUPPORTED_SCHEME = 1056, c"the scheme of the proxy is not http";
    /// The host of the proxy is missing, or has a byte that no host has.
    PROXY_INVALID_HOST = 1057, c"the host of the proxy is missing or has a byte that no host has";
    /// The port of the proxy is not a number from 1 to 65535.
    PROXY_INVALID_PORT = 1058, c"the port of the proxy is not a number from 1 to 65535";
    /// The proxy has a path, a query or a fragment. A single `/` is no path.
    PROXY_PATH = 1059, c"a proxy has no path, query or fragment";

    /// A colon in the user name (RFC 7617 §2): a server would take what follows it for the password.
    COLON_IN_USER = 1072, c"the user name has a colon";
    /// A control character in the user name or in the password (RFC 7617 §2).
    CONTROL_CHARACTER = 1073, c"the user name or the password has a control character";
    /// A `%` in the user information of a URL that two hexadecimal digits do not follow (RFC 3986 §2.1).
    INVALID_PERCENT_ENCODING = 1074, c"the user information has a % that two hexadecimal digits do not follow";
}
}

c_table! {
/// What happened in a session. What `sansocket.h` has too has its number there.
sansocket_session_event_type {
    /// Nothing: obey the transport's order, write, read, or wait.
    NONE = 0, c"none";
    /// The connection is open: the server's 101. `status`; `data` and `len`: its head. What the handler sends by
    /// `sansocket_session_send_now`, a log-in, a subscription, goes before what waits in the queue; `sansocket_session_hold` keeps the
    /// queue back until the server has answered that.
    UP = 3, c"up";
    /// The server answered the opening handshake with another status than 101. `status`; `data` and `len`: its head; what has arrived
    /// of its body: `sansocket_session_unread`, and `sansocket_session_read_body` waits for the rest. `DOWN` follows.
    REFUSED = 4, c"refused";
    /// A message, or a piece of one if `in_pieces` was set: `kind`; `offset`; `first`; `last`; `data` and `len`: the bytes, which the
    /// caller may change in place.
    DATA = 5, c"data";
    /// A Ping (§5.5.2), which was answered unless `SANSOCKET_OPTION_AUTO_PONG` is 0. `data` and `len`: its payload, at most 125 bytes.
    PING = 6, c"ping";
    /// A Pong (§5.5.3). `data` and `len`: its payload, at most 125 bytes; `answers`: which Ping of ours it answers.
    PONG = 7, c"pong";
    /// The peer's Close (§5.5.1). `close_code`: 1005 if it gave none; `data` and `len`: its reason. `DOWN` follows.
    CLOSE_RECEIVED = 8, c"close received";
    /// The peer broke a rule (§7.1.7): `error`. `DOWN` follows.
    FAILED = 9, c"failed";
    /// The transport stands, through the proxy and with TLS if they are wanted, and the opening handshake comes next.
    /// `sansocket_session_request` asks for it with header fields of the caller's: credentials are made anew at each dial. Otherwise
    /// the session asks without. `data` and `len`: the URL, which may be one that the session was redirected to: some headers do not
    /// belong to another host.
    CONNECTED = 16, c"connected";
    /// The proxy did not open a tunnel. `status`, where 407 has its challenge in Proxy-Authenticate; `data` and `len`: the head of its
    /// answer. `DOWN` follows.
    PROXY_REFUSED = 17, c"proxy refused";
    /// The server redirects. `status`: 301, 302, 303, 307 or 308; `data` and `len`: the URL that is dialled next.
    REDIRECTED = 18, c"redirected";
    /// There is no connection any longer, or it did not come about. `cause`, and what goes with it; `retry_in_ms`: when the session
    /// dials again, in milliseconds from now, or `SANSOCKET_NEVER`; `first_number`, `last_number` and `count`: messages that were handed
    /// to the transport, and of which it is not known whether they arrived. The session does not send them again. The handler can decide
    /// otherwise: `sansocket_session_retry_in`, `sansocket_session_stop`.
    DOWN = 19, c"down";
    /// Messages were dropped unsent: the queue was full, they were volatile, or the session was closed. `first_number`, `last_number`,
    /// `count`.
    DROPPED = 20, c"dropped";
    /// The session dials no more, and not because it was asked to: the cause is final, or there were too many failures.
    GAVE_UP = 21, c"gave up";
}
}

c_table! {
/// Why a connection ended, or did not come about.
sansocket_session_cause {
    /// None: the event is not `DOWN`.
    NONE = 0, c"no cause";
    /// There was no transport: `dial_error`.
    DIAL = 1, c"there was no transport";
    /// It took longer than `SANSOCKET_SESSION_OPTION_CONNECT_TIMEOUT_MS`.
    CONNECT_TIMEOUT = 2, c"connecting took too long";
    /// The proxy did not open a tunnel: `status`, where 407 asks for other credentials, and 502 to 504 say that it did not reach the
    /// server.
    PROXY_REFUSED = 3, c"the proxy refused";
    /// The proxy's answer was not HTTP, or not only an answer: `error`.
    PROXY_FAILED = 4, c"the proxy's answer is wrong";
    /// The server answered the opening handshake with another status than 101 (§4.1): `status`.
    REFUSED = 5, c"the server refused";
    /// The server's redirect was not followed: `redirect_error`.
    REDIRECT = 6, c"a redirect that is not followed";
    /// The server broke a rule of the protocol, with its 101 or later: `error`.
    FAILED = 7, c"the server broke a rule";
    /// The server closed the connection (§7.1.5): `close_code`, 1005 if it gave none.
    CLOSED = 8, c"the server closed";
    /// The connection was cut off: `end_cause`.
    LOST = 9, c"the connection was cut off";
    /// The heartbeat was not answered in time.
    HEARTBEAT_TIMEOUT = 10, c"the heartbeat was not answered in time";
    /// The application closed the session.
    APPLICATION = 11, c"the application closed";
    /// The connection was given up: messages that belong together were cut in two, because there was no masking key for one of them.
    DROPPED = 12, c"the application dropped the connection";
}
}

c_table! {
/// Why a redirection is not followed; 0 if that is not the cause.
sansocket_redirect_error {
    /// From `wss` to `ws`, `https` to `http`: what was meant for TLS would be readable on the way (§10.6).
    INSECURE = 1, c"the redirection leads from wss to ws";
    /// User information in it: a server has no credentials to give.
    USER_INFORMATION = 2, c"the redirection has a user name or a password";
    /// Not a reference to a URL for a WebSocket.
    INVALID = 3, c"the redirection does not lead to a URL for a WebSocket";
    /// The URL is longer than `SANSOCKET_SESSION_OPTION_MAX_URL_LEN`.
    TOO_LONG = 4, c"the buffer is too short for the redirection's URL";
    /// One more than `SANSOCKET_SESSION_OPTION_MAX_REDIRECTS` in a row.
    TOO_MANY = 5, c"there were too many redirections in a row";
}
}

c_table! {
/// What the loop does with its transport.
sansocket_session_transport {
    /// There is none: the loop closes what it has, without writing or reading on.
    NONE = 0;
    /// Dial what `sansocket_session_dial` says, once for each epoch, in place of any transport that there was before; report
    /// `sansocket_session_connected` or `sansocket_session_dial_failed`.
    DIAL = 1;
    /// The proxy has opened a tunnel: start TLS in it, for the host of `sansocket_session_dial`, and report as for a dial. There is
    /// nothing to write or read until then.
    START_TLS = 2;
    /// Keep it.
    KEEP = 3;
    /// Shut down writing, once, and read on.
    SHUTDOWN_WRITE = 4;
}
}

c_table! {
/// What `sansocket_session_config_set` sets, and what it is unless set.
sansocket_session_option {
    /// `SessionConfig::connect_timeout_ms`.
    CONNECT_TIMEOUT_MS = 1;
    /// `SessionConfig::first_delay_ms`.
    FIRST_DELAY_MS = 2;
    /// `SessionConfig::min_delay_ms`.
    MIN_DELAY_MS = 3;
    /// `SessionConfig::max_delay_ms`.
    MAX_DELAY_MS = 4;
    /// `SessionConfig::factor_percent`.
    FACTOR_PERCENT = 5;
    /// `SessionConfig::jitter_percent`.
    JITTER_PERCENT = 6;
    /// `SessionConfig::min_uptime_ms`.
    MIN_UPTIME_MS = 7;
    /// `SessionConfig::max_failures`.
    MAX_FAILURES = 8;
    /// `SessionConfig::max_redirects`.
    MAX_REDIRECTS = 9;
    /// `SessionConfig::max_url_len`.
    MAX_URL_LEN = 10;
    /// `SessionConfig::max_retry_after_s`.
    MAX_RETRY_AFTER_S = 11;
    /// `SessionConfig::overflow`.
    OVERFLOW = 12;
    /// `SessionConfig::max_queued`.
    MAX_QUEUED = 13;
}
}

impl From<session_result> for sansocket_result {
    fn from(result: session_result) -> Self {
        Self(result.0)
    }
}

impl From<SendError> for sansocket_result {
    fn from(error: SendError) -> Self {
        match error {
            SendError::Full => session_result::FULL.into(),
            SendError::TooLong => session_result::TOO_LONG.into(),
            SendError::Stopped => session_result::STOPPED.into(),
            SendError::NotNow => session_result::NOT_NOW.into(),
            SendError::Interrupted => session_result::INTERRUPTED.into(),
            SendError::InvalidUtf8 => UsageError::InvalidUtf8.into(),
        }
    }
}

impl From<SetupError> for sansocket_result {
    fn from(error: SetupError) -> Self {
        match error {
            SetupError::Url(error) => error.into(),
            SetupError::UrlTooLong => session_result::URL_TOO_LONG.into(),
            SetupError::MemoryTooShort => session_result::MEMORY_TOO_SHORT.into(),
            SetupError::Proxy(error) => error.into(),
        }
    }
}

impl From<ProxyError> for sansocket_result {
    fn from(error: ProxyError) -> Self {
        match error {
            ProxyError::UnsupportedScheme => session_result::PROXY_UNSUPPORTED_SCHEME.into(),
            ProxyError::InvalidHost => session_result::PROXY_INVALID_HOST.into(),
            ProxyError::InvalidPort => session_result::PROXY_INVALID_PORT.into(),
            ProxyError::Path => session_result::PROXY_PATH.into(),
            ProxyError::Credentials(error) => error.into(),
        }
    }
}

impl From<CredentialsError> for sansocket_result {
    fn from(error: CredentialsError) -> Self {
        match error {
            CredentialsError::ColonInUser => session_result::COLON_IN_USER.into(),
            CredentialsError::ControlCharacter => session_result::CONTROL_CHARACTER.into(),
            CredentialsError::InvalidPercentEncoding => session_result::INVALID_PERCENT_ENCODING.into(),
            CredentialsError::TooLong => UsageError::BufferTooShort.into(),
        }
    }
}

impl From<SessionState> for sansocket_session_state {
    fn from(state: SessionState) -> Self {
        Self(state as u32)
    }
}

impl From<Cause> for sansocket_session_cause {
    fn from(cause: Cause) -> Self {
        match cause {
            Cause::Dial(_) => Self::DIAL,
            Cause::ConnectTimeout => Self::CONNECT_TIMEOUT,
            Cause::ProxyRefused { .. } => Self::PROXY_REFUSED,
            Cause::ProxyFailed(_) => Self::PROXY_FAILED,
            Cause::Refused { .. } => Self::REFUSED,
            Cause::Redirect(_) => Self::REDIRECT,
            Cause::Failed(_) => Self::FAILED,
            Cause::Closed(_) => Self::CLOSED,
            Cause::Lost(_) => Self::LOST,
            Cause::HeartbeatTimeout => Self::HEARTBEAT_TIMEOUT,
            Cause::Application => Self::APPLICATION,
            Cause::Dropped => Self::DROPPED,
        }
    }
}

impl From<RedirectError> for sansocket_redirect_error {
    fn from(error: RedirectError) -> Self {
        match error {
            RedirectError::Insecure => Self::INSECURE,
            RedirectError::UserInformation => Self::USER_INFORMATION,
            RedirectError::Invalid => Self::INVALID,
            RedirectError::TooLong => Self::TOO_LONG,
            RedirectError::TooMany => Self::TOO_MANY,
        }
    }
}

impl From<DialError> for sansocket_dial_error {
    fn from(error: DialError) -> Self {
        Self(error as u32)
    }
}

impl TryFrom<sansocket_dial_error> for DialError {
    type Error = sansocket_result;

    fn try_from(error: sansocket_dial_error) -> Result<Self, sansocket_result> {
        const NAME: u32 = DialError::Name as u32;
        const CONNECT: u32 = DialError::Connect as u32;
        const CERTIFICATE: u32 = DialError::Certificate as u32;
        const NO_TLS: u32 = DialError::NoTls as u32;
        match error.0 {
            NAME => Ok(Self::Name),
            CONNECT => Ok(Self::Connect),
            CERTIFICATE => Ok(Self::Certificate),
            NO_TLS => Ok(Self::NoTls),
            _ => Err(sansocket_result::INVALID_ARGUMENT),
        }
    }
}

/// The overflow of that number.
pub(super) fn overflow(number: u64) -> Option<Overflow> {
    const REFUSE: u64 = Overflow::Refuse as u64;
    const DROP_OLDEST: u64 = Overflow::DropOldest as u64;
    const DROP_NEWEST: u64 = Overflow::DropNewest as u64;
    match number {
        REFUSE => Some(Overflow::Refuse),
        DROP_OLDEST => Some(Overflow::DropOldest),
        DROP_NEWEST => Some(Overflow::DropNewest),
        _ => None,
    }
}

/// Returns one sentence, without a full stop, that says what a result means, those of `sansocket.h` included. Any number may be passed.
/// Never NULL; constant, ends in NUL.
#[unsafe(no_mangle)]
pub extern "C" fn sansocket_session_result_text(result: sansocket_result) -> *const c_char {
    match session_result(result.0).own_text() {
        Some(text) => text.as_ptr(),
        None => sansocket::ffi::sansocket_result_text(result),
    }
}

/// Returns the name of an event for a log: `up`, `gave up`. Any number may be passed. Never NULL; constant, ends in NUL.
#[unsafe(no_mangle)]
pub extern "C" fn sansocket_session_event_text(event_type: sansocket_session_event_type) -> *const c_char {
    event_type.own_text().unwrap_or(c"unknown event").as_ptr()
}

/// Returns one sentence, without a full stop, about the `cause` of `SANSOCKET_SESSION_EVENT_DOWN`. Any number may be passed. Never
/// NULL; constant, ends in NUL.
#[unsafe(no_mangle)]
pub extern "C" fn sansocket_session_cause_text(cause: sansocket_session_cause) -> *const c_char {
    cause.own_text().unwrap_or(c"a cause that this version does not know").as_ptr()
}

/// Returns one sentence, without a full stop, about a `dial_error`. Any number may be passed. Never NULL; constant, ends in NUL.
#[unsafe(no_mangle)]
pub extern "C" fn sansocket_dial_error_text(error: sansocket_dial_error) -> *const c_char {
    match DialError::try_from(error) {
        Ok(DialError::Name) => c"the name has no address",
        Ok(DialError::Connect) => c"there is no connection",
        Ok(DialError::Certificate) => c"the certificate is wrong",
        Ok(DialError::NoTls) => c"there is no TLS in this program",
        Err(_) => c"an error that this version does not know",
    }
    .as_ptr()
}

/// Returns one sentence, without a full stop, about a `redirect_error`. Any number may be passed. Never NULL; constant, ends in NUL.
#[unsafe(no_mangle)]
pub extern "C" fn sansocket_redirect_error_text(error: sansocket_redirect_error) -> *const c_char {
    error.own_text().unwrap_or(c"an error that this version does not know").as_ptr()
}

/// Returns the name of a state for a log: `open`, `backoff`. Any number may be passed. Never NULL; constant, ends in NUL.
#[unsafe(no_mangle)]
pub extern "C" fn sansocket_session_state_text(state: sansocket_session_state) -> *const c_char {
    const NAMES: [&CStr; 7] = [c"idle", c"dialing", c"handshaking", c"open", c"closing", c"backoff", c"stopped"];
    let name = usize::try_from(state.0).ok().and_then(|state| NAMES.get(state));
    name.unwrap_or(&c"unknown state").as_ptr()
}
