//! What comes out of a session: events, and what is to be done with the transport.

use sansocket::{CloseCode, Data, PingSource, ProtocolError, Response};

use crate::cause::Cause;
use crate::delivery::Numbers;

/// What happened. (Patterns of its variants end in `..`, as they may grow.)
#[derive(PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Event<'i> {
    /// The transport stands, through the proxy and with TLS if they are wanted, and the opening handshake comes next. The handler asks for
    /// it with header fields of its own by [`Commands::request`](crate::Commands::request): credentials are made anew at each dial. Otherwise
    /// the session asks without.
    #[non_exhaustive]
    Connected {
        /// Where: the session's URL, or the one that it was redirected to, which may be another host, to which some headers do not belong.
        url: &'i str,
    },
    /// The connection is open: the server's 101. What the handler sends by [`send_now`](crate::Commands::send_now), a log-in, a
    /// subscription, goes before what waits in the queue; [`hold`](crate::Commands::hold) keeps the queue back until the server has
    /// answered that.
    Up(Response<'i>),
    /// A message, or a piece of one if the [`Buffered`](sansocket::Buffered) connection gives pieces.
    Data(Data<'i>),
    /// A Ping, which was answered unless [`auto_pong`](sansocket::Config::auto_pong) is off.
    #[non_exhaustive]
    Ping {
        /// At most 125 bytes.
        payload: &'i [u8],
    },
    /// A Pong.
    #[non_exhaustive]
    Pong {
        /// At most 125 bytes.
        payload: &'i [u8],
        /// Which Ping of ours it answers.
        answers: Option<PingSource>,
    },
    /// The peer's Close. [`Down`](Self::Down) follows.
    #[non_exhaustive]
    CloseReceived {
        /// The code in the frame, or 1005 if it has none.
        code: CloseCode,
        /// At most 123 bytes of text for humans.
        reason: &'i str,
    },
    /// The peer broke a rule. [`Down`](Self::Down) follows.
    #[non_exhaustive]
    Failed {
        /// The rule.
        error: ProtocolError,
    },
    /// The server answered the opening handshake with another status than 101. What has arrived of the body is in
    /// [`unread`](crate::Session::unread); [`read_body`](crate::Commands::read_body) waits for the rest. [`Down`](Self::Down) follows.
    Refused(Response<'i>),
    /// The proxy did not open a tunnel: 407 has its challenge in Proxy-Authenticate. [`Down`](Self::Down) follows.
    ProxyRefused(Response<'i>),
    /// The server redirects to another URL, which is dialled next.
    #[non_exhaustive]
    Redirected {
        /// 301, 302, 303, 307 or 308.
        status: u16,
        /// Where to.
        url: &'i str,
    },
    /// There is no connection any longer, or it did not come about. The handler can decide otherwise:
    /// [`retry_in`](crate::Commands::retry_in), [`stop`](crate::Commands::stop).
    #[non_exhaustive]
    Down {
        /// Why.
        cause: Cause,
        /// When the session dials again, in milliseconds from now; `None`: it does not.
        retry_in_ms: Option<u64>,
        /// Messages that were handed to the transport, and of which it is not known whether they arrived: no Pong has come since. The
        /// session does not send them again.
        unconfirmed: Numbers,
    },
    /// Messages were dropped unsent: the queue was full, they were volatile, or the session was closed.
    Dropped(Numbers),
    /// The session dials no more, and not because it was asked to: the cause is final, or there were too many failures.
    GaveUp,
}

/// What the loop does with its transport.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Transport<'s> {
    /// There is none: the loop closes what it has, without writing or reading on.
    None,
    /// Dial, once for each [`Epoch`], in place of any that there was before; report [`connected`](crate::Session::connected) or
    /// [`dial_failed`](crate::Session::dial_failed).
    Dial(Dial<'s>),
    /// The proxy has opened a tunnel: start TLS in it, for this host, and report as for a dial. The session has nothing to write or read
    /// until then.
    #[non_exhaustive]
    StartTls {
        /// The server's name, for SNI and the certificate.
        host: &'s str,
        /// Of the dial.
        epoch: Epoch,
    },
    /// Keep it.
    Keep,
    /// Shut down writing, once, and read on.
    ShutdownWrite,
}

/// Where to dial.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Dial<'s> {
    /// Which dial this is. The reports of its transport name it.
    pub epoch: Epoch,
    /// The host to connect to: the server's or the proxy's. An IPv6 address without its brackets.
    pub host: &'s str,
    /// The port to connect to.
    pub port: u16,
    /// Whether TLS is started before [`connected`](crate::Session::connected) is reported, with `host` as its name. Through a proxy it comes
    /// later ([`Transport::StartTls`]).
    pub tls: bool,
    /// Whether it is the proxy's.
    pub is_proxy: bool,
    /// How many dials that failed and connections that ended came before this in a row: 0 for the first dial.
    pub failures: u32,
}

/// Tells the transports of a session apart: what is reported of one that was given up is ignored.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Epoch(pub(crate) u32);

impl Epoch {
    /// As a number: for what an event loop carries along with a transport.
    pub const fn number(self) -> u32 {
        self.0
    }

    /// The epoch of that number.
    pub const fn from_number(number: u32) -> Self {
        Self(number)
    }
}

/// Where a session stands.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum SessionState {
    /// Not started.
    Idle = 0,
    /// A transport is being dialled, through the proxy and with TLS if they are wanted.
    Dialing = 1,
    /// The opening handshake.
    Handshaking = 2,
    /// Messages may be sent.
    Open = 3,
    /// The closing handshake.
    Closing = 4,
    /// Waits before the next dial.
    Backoff = 5,
    /// The session was closed, or has given up. It can be started again.
    Stopped = 6,
}

impl SessionState {
    /// As browsers number `readyState`: 0 connecting, 1 open, 2 closing, 3 closed.
    pub const fn ready_state(self) -> u8 {
        match self {
            Self::Idle | Self::Dialing | Self::Handshaking | Self::Backoff => 0,
            Self::Open => 1,
            Self::Closing => 2,
            Self::Stopped => 3,
        }
    }
}
