//! A connection: messages as `Stream` and `Sink`.

use crate::endpoint::Endpoint;
use crate::error::Error;
use crate::message::Message;
use crate::outgoing::FULL;
use core::future::poll_fn;
use core::pin::Pin;
use core::task::{Context, Poll, ready};
use core::time::Duration;
use futures_core::{FusedStream, Stream};
use futures_sink::Sink;
use sansocket::{CloseCode, Config, MessageKind, Negotiated, Role, State};
use tokio::io::{AsyncRead, AsyncWrite};

/// An open connection over `S`: a socket, a TLS stream, a pipe.
///
/// ```
/// use sansocket_tokio::{CloseCode, Error, Message, Origin, accept, connect};
/// use tokio::net::TcpListener;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Error> {
/// let listener = TcpListener::bind("127.0.0.1:0").await?;
/// let url = format!("ws://{}/", listener.local_addr()?);
/// tokio::spawn(async move {
///     let (socket, _) = listener.accept().await?;
///     let mut ws = accept(socket, Origin::Any).await?;
///     while let Some(message) = ws.next().await.transpose()? {
///         ws.send(message).await?;
///     }
///     Ok::<(), Error>(())
/// });
///
/// let mut ws = connect(&url).await?;
/// ws.send("Hello").await?;
/// assert_eq!(ws.next().await.unwrap()?, Message::text("Hello"));
/// ws.close(CloseCode::NORMAL_CLOSURE, "").await?;
/// # Ok(())
/// # }
/// ```
///
/// # Reading
///
/// [`next`](Self::next), or the [`Stream`]: whole messages, of up to [`Config::max_message_len`]. `None` comes after the closing
/// handshake, whose code is [`close_code`](Self::close_code); every other end is an [`Error`], once, and then `None`. Reading is also
/// what answers Pings, sends keepalive Pings, writes what is due and acts on deadlines: **a connection that nobody reads does not live
/// on.** A program that only sends reads all the same, in another task ([`split`](Self::split)) or by `tokio::select!`.
///
/// # Sending
///
/// [`send`](Self::send) waits until the transport has taken the message. [`feed`](Self::feed) does not: what it was given leaves when
/// the connection is read, or by [`flush`](Self::flush), many messages in one write. Both wait while 64 KiB are due already, and read one
/// message ahead meanwhile, so that two ends that send to each other do not wait for each other. If the transport takes nothing for
/// [`Config::write_timeout_ms`], the connection ends.
///
/// # Futures that are dropped
///
/// `next`, `flush` and `close` can be dropped at any point, by `select!` or a timeout: nothing is lost, and nothing comes
/// twice. A dropped `send` or `feed` has sent its message whole or not at all; to know which, `feed`, after which it is whole, and `flush`. [`send_slice`](Self::send_slice) borrows what it
/// sends: if it is dropped in the middle, the next message is refused with
/// [`MessageUnfinished`](sansocket::UsageError::MessageUnfinished), and all that is left is to close.
///
/// Dropping the connection itself cuts it off (the peer sees 1006): call [`close`](Self::close) before.
pub struct WebSocket<S> {
    io: S,
    endpoint: Endpoint,
}

impl<S> WebSocket<S> {
    pub(crate) const fn new(io: S, endpoint: Endpoint) -> Self {
        Self { io, endpoint }
    }

    /// A connection whose opening handshake was done elsewhere: what was `negotiated` there holds
    /// ([`Offer`](sansocket::Offer)).
    pub fn open(role: Role, io: S, config: &'static Config<'static>, negotiated: Negotiated) -> Self {
        Self::new(io, Endpoint::open(role, config, negotiated))
    }

    /// The subprotocol that was agreed on (§1.9).
    pub fn subprotocol(&self) -> Option<&'static str> {
        self.endpoint.connection().subprotocol()
    }

    /// What was agreed on in the opening handshake.
    pub fn negotiated(&self) -> Negotiated {
        self.endpoint.connection().negotiated()
    }

    /// Whether messages can be sent.
    pub fn state(&self) -> State {
        self.endpoint.connection().state()
    }

    /// The peer's close code (§7.1.5): 1005 if its Close had none, 1006 if there was no Close, or not yet.
    pub fn close_code(&self) -> CloseCode {
        self.endpoint.connection().close_code()
    }

    /// The text for humans in the peer's Close.
    pub fn close_reason(&self) -> &str {
        self.endpoint.close_reason()
    }

    /// The time between the last keepalive Ping that was answered and its Pong.
    pub fn round_trip(&self) -> Option<Duration> {
        self.endpoint.connection().round_trip()
    }

    /// The transport. Do not read or write it.
    pub const fn transport(&self) -> &S {
        &self.io
    }

    /// The transport, once the connection has ended.
    pub fn into_transport(self) -> S {
        self.io
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> WebSocket<S> {
    /// The next message; `None` once the connection has ended.
    ///
    /// # Errors
    /// How the connection ended, if not by the closing handshake: [`Error::Protocol`], [`Error::Timeout`] or [`Error::Io`].
    pub async fn next(&mut self) -> Option<Result<Message, Error>> {
        poll_fn(|cx| self.poll_message(cx)).await
    }

    /// Sends a message, and waits until the transport has taken it.
    ///
    /// # Errors
    /// [`Error::Closed`] if the connection is closing or closed; why the transport takes no more; [`Error::Usage`] after an unfinished
    /// message.
    pub async fn send(&mut self, message: impl Into<Message>) -> Result<(), Error> {
        self.feed(message).await?;
        self.flush().await
    }

    /// Takes a message, to be sent while the connection is read, or by [`flush`](Self::flush).
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub async fn feed(&mut self, message: impl Into<Message>) -> Result<(), Error> {
        poll_fn(|cx| self.poll_ready_to_send(cx)).await?;
        self.endpoint.send(message.into(), true)
    }

    /// [`feed`](Self::feed), uncompressed, whatever was agreed on: for messages that have a secret beside text that others may choose
    /// (RFC 7692 §8).
    ///
    /// # Errors
    /// As [`send`](Self::send).
    #[cfg(feature = "deflate")]
    pub async fn feed_plain(&mut self, message: impl Into<Message>) -> Result<(), Error> {
        poll_fn(|cx| self.poll_ready_to_send(cx)).await?;
        self.endpoint.send(message.into(), false)
    }

    /// Waits until the transport has taken all that is due.
    ///
    /// # Errors
    /// Why it takes no more.
    pub async fn flush(&mut self) -> Result<(), Error> {
        poll_fn(|cx| self.poll_flushed(cx)).await
    }

    /// [`send`](Self::send) of borrowed bytes, in fragments of up to 64 KiB (§5.4). Never compressed.
    ///
    /// # Errors
    /// As [`send`](Self::send), and [`InvalidUtf8`](sansocket::UsageError::InvalidUtf8) for text that is none.
    pub async fn send_slice(&mut self, kind: MessageKind, payload: &[u8]) -> Result<(), Error> {
        if self.endpoint.is_unfinished() {
            return Err(sansocket::UsageError::MessageUnfinished.into());
        }
        // Of what is refused nothing has been sent.
        if kind == MessageKind::Text && core::str::from_utf8(payload).is_err() {
            return Err(sansocket::UsageError::InvalidUtf8.into());
        }
        self.send_part(kind, payload, true).await
    }

    /// The next part of a message whose length need not be known: fragments of up to 64 KiB (§5.4). `fin` ends it.
    ///
    /// # Errors
    /// As [`send_slice`](Self::send_slice), and [`WrongMessageKind`](sansocket::UsageError::WrongMessageKind) inside a message of the
    /// other kind.
    pub async fn send_part(&mut self, kind: MessageKind, payload: &[u8], fin: bool) -> Result<(), Error> {
        self.endpoint.check_part()?;
        let mut rest = payload;
        loop {
            let (part, others) = rest.split_at(rest.len().min(FULL));
            poll_fn(|cx| self.poll_ready_to_send(cx)).await?;
            self.endpoint.send_part(kind, part, others, fin)?;
            rest = others;
            if rest.is_empty() {
                return self.flush().await;
            }
        }
    }

    /// Sends a Ping (§5.5.2) with at most 125 bytes. Keepalive Pings are sent without it
    /// ([`Config::keepalive_interval_ms`]).
    ///
    /// # Errors
    /// As [`send`](Self::send), and [`ControlPayloadTooLong`](sansocket::UsageError::ControlPayloadTooLong).
    pub async fn ping(&mut self, payload: &[u8]) -> Result<(), Error> {
        poll_fn(|cx| self.poll_ready_to_send(cx)).await?;
        self.endpoint.ping(payload)?;
        self.flush().await
    }

    /// Closes the connection: sends a Close with `code` and a reason of at most 123 bytes, drops messages that still arrive, and waits
    /// for the peer's Close and the end of the transport, at most [`Config::closing_timeout_ms`]. To have what still arrives, call
    /// [`start_close`](Self::start_close) and read on.
    ///
    /// # Errors
    /// How the connection ended, if not by the closing handshake; [`Error::Usage`] for a code or reason that cannot be sent.
    pub async fn close(&mut self, code: impl Into<Option<CloseCode>>, reason: &str) -> Result<(), Error> {
        self.start_close(code, reason)?;
        poll_fn(|cx| self.endpoint.poll_end(&mut self.io, cx, true)).await
    }

    /// The first half of [`close`](Self::close), for programs that want what still arrives: go on reading until `None`.
    ///
    /// # Errors
    /// [`Error::Usage`] for a code or reason that cannot be sent.
    pub fn start_close(&mut self, code: impl Into<Option<CloseCode>>, reason: &str) -> Result<(), Error> {
        self.endpoint.close(code.into(), reason)
    }

    pub(crate) fn poll_message(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Message, Error>>> {
        self.endpoint.poll_message(&mut self.io, cx)
    }

    #[cfg(feature = "socketio")]
    pub(crate) fn poll_occurrence(&mut self, cx: &mut Context<'_>) -> Poll<Option<crate::incoming::Occurrence>> {
        self.endpoint.poll_occurrence(&mut self.io, cx).map(|occurrence| occurrence.ok().flatten())
    }

    pub(crate) fn poll_ready_to_send(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.endpoint.poll_ready(&mut self.io, cx)
    }

    pub(crate) fn poll_flushed(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.endpoint.poll_flush(&mut self.io, cx)
    }

    pub(crate) fn poll_end(&mut self, cx: &mut Context<'_>, drops: bool) -> Poll<Result<(), Error>> {
        self.endpoint.poll_end(&mut self.io, cx, drops)
    }

    pub(crate) const fn endpoint(&mut self) -> &mut Endpoint {
        &mut self.endpoint
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Stream for WebSocket<S> {
    type Item = Result<Message, Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().poll_message(cx)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> FusedStream for WebSocket<S> {
    fn is_terminated(&self) -> bool {
        self.endpoint.has_ended()
    }
}

/// Closing it sends a Close of 1000, unless one was sent, and flushes. What still arrives, up to the peer's Close, is for the
/// [`Stream`].
impl<S: AsyncRead + AsyncWrite + Unpin> Sink<Message> for WebSocket<S> {
    type Error = Error;

    fn poll_ready(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.get_mut().poll_ready_to_send(cx)
    }

    fn start_send(self: Pin<&mut Self>, message: Message) -> Result<(), Error> {
        self.get_mut().endpoint.send(message, true)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.get_mut().poll_flushed(cx)
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let ws = self.get_mut();
        ws.start_close(CloseCode::NORMAL_CLOSURE, "")?;
        if ws.endpoint.has_ended() {
            return Poll::Ready(Ok(()));
        }
        ready!(ws.poll_flushed(cx))?;
        Poll::Ready(Ok(()))
    }
}

/// Shows no bytes, which are the users' own (§10.6).
impl<S> core::fmt::Debug for WebSocket<S> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("WebSocket").field("connection", self.endpoint.connection()).finish_non_exhaustive()
    }
}
