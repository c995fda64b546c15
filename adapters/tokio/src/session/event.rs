//! What happens to a session, as values that belong to the program.

use super::{Cause, Machine, Numbers};
use crate::message::Message;
use bytes::Bytes;
use core::fmt;
use core::time::Duration;
use sansocket::{Instant, UsageError};
use std::io;

/// What happened. (Patterns of its variants end in `..`, as they may grow.)
#[derive(Debug)]
#[non_exhaustive]
pub enum Event {
    /// The connection is open: the server's 101. What the handler sends by [`send_now`](super::Sender::send_now), a log-in, a subscription,
    /// goes before what waits; [`hold`](super::Sender::hold) keeps that back until the server has answered.
    Up(Response),
    /// A message.
    Message(Message),
    /// The server answered the opening handshake with another status than 101. [`Down`](Self::Down) follows.
    Refused(Response),
    /// The proxy did not open a tunnel: 407 has its challenge in Proxy-Authenticate. [`Down`](Self::Down) follows.
    ProxyRefused(Response),
    /// The server redirects to another URL, which is dialled next.
    #[non_exhaustive]
    Redirected {
        /// 301, 302, 303, 307 or 308.
        status: u16,
        /// Where to.
        url: String,
    },
    /// There is no connection any longer, or it did not come about. Before the next call of [`next`](super::Session::next) the handler
    /// can decide otherwise: [`retry_in`](super::Sender::retry_in), [`stop`](super::Sender::stop).
    #[non_exhaustive]
    Down {
        /// Why, and by [`is_transient`](Cause::is_transient) whether another attempt may have better luck.
        cause: Cause,
        /// When the session dials again; `None`: it does not.
        retry_in: Option<Duration>,
        /// Messages that were handed to the transport, and of which it is not known whether they arrived: no Pong has come since. They
        /// are not sent again.
        unconfirmed: Numbers,
        /// The text for humans in the server's Close, if there was one.
        reason: String,
        /// What the system or TLS said, if that is why: which certificate is wrong, and how.
        error: Option<io::Error>,
    },
    /// Messages were dropped unsent: the queue was full, they were volatile, or the session was closed.
    Dropped(Numbers),
    /// The session dials no more, and not because it was asked to: the cause is final, or there were too many failures.
    GaveUp,
    /// A mistake of this program: header fields that cannot be sent, or not all at once. The session ends, and [`Down`](Self::Down) follows.
    Usage(UsageError),
}

/// An answer of the server's or the proxy's to the opening handshake or to CONNECT.
#[derive(Clone)]
#[non_exhaustive]
pub struct Response {
    /// The status: 101, 401, 407 and so on.
    pub status: u16,
    /// The header fields, as they were written: Set-Cookie, Retry-After, WWW-Authenticate.
    pub headers: Vec<(String, Vec<u8>)>,
    /// Of a refusal: what came of its body with the head, a coding included.
    pub body: Vec<u8>,
}

impl Response {
    fn new(response: &sansocket::Response<'_>) -> Self {
        let headers = response.headers().map(|header| (header.name.to_owned(), header.value.to_vec())).collect();
        Self { status: response.status(), headers, body: Vec::new() }
    }

    /// The value of the first header called `name`.
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        self.headers.iter().find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| &value[..])
    }
}

/// Does not show what the values of headers are, nor the body: they may hold credentials (§10.6).
impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("status", &self.status)
            .field("headers", &self.headers.iter().map(|(name, _)| name).collect::<Vec<_>>())
            .field("body", &self.body.len())
            .finish()
    }
}

/// An event of the machine's.
pub(crate) enum Taken {
    Event(Event),
    /// The transport stands, to this URL.
    Connected(String),
    /// The text for humans in the server's Close.
    CloseReceived(String),
    /// Nothing that a program over whole messages has to know: Pings, Pongs.
    Nothing,
}

impl Taken {
    /// The current event.
    pub(super) fn of(machine: &mut Machine, now: Instant) -> Self {
        let Some((event, _)) = machine.current(now) else { return Self::Nothing };
        let (taken, head) = Self::owned(event);
        taken.with_body(machine.unread().get(head..).unwrap_or_default())
    }

    /// Of this event. Of a refusal without its body, which begins so many bytes after the start of what is unread.
    pub(crate) fn owned(event: sansocket_session::Event<'_>) -> (Self, usize) {
        use sansocket_session::Event as E;
        let mut head = 0;
        let event = match event {
            E::Connected { url, .. } => return (Self::Connected(url.to_owned()), head),
            E::CloseReceived { reason, .. } => return (Self::CloseReceived(reason.to_owned()), head),
            E::Up(response) => Event::Up(Response::new(&response)),
            E::Data(data) => Event::Message(Message::of_checked(data.kind, Bytes::copy_from_slice(data.payload))),
            E::Refused(response) => Event::Refused(Response::new(&response)),
            E::ProxyRefused(response) => {
                head = response.bytes().len();
                Event::ProxyRefused(Response::new(&response))
            }
            E::Redirected { status, url, .. } => Event::Redirected { status, url: url.to_owned() },
            E::Down { cause, retry_in_ms, unconfirmed, .. } => {
                let retry_in = retry_in_ms.map(Duration::from_millis);
                Event::Down { cause, retry_in, unconfirmed, reason: String::new(), error: None }
            }
            E::Dropped(numbers) => Event::Dropped(numbers),
            E::GaveUp => Event::GaveUp,
            _ => return (Self::Nothing, head),
        };
        (Self::Event(event), head)
    }

    /// With this body, if it is a refusal.
    pub(crate) fn with_body(mut self, body: &[u8]) -> Self {
        if let Self::Event(Event::Refused(response) | Event::ProxyRefused(response)) = &mut self {
            response.body = body.to_vec();
        }
        self
    }
}
