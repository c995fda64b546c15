//! The server's opening handshake (§4.2).

use crate::endpoint::Endpoint;
use crate::error::Error;
use crate::incoming::Occurrence;
use crate::websocket::WebSocket;
use bytes::Bytes;
use core::future::poll_fn;
use sansocket::{Accept, Config, Header, Origin, Request, State, UsageError};
use tokio::io::{AsyncRead, AsyncWrite};

static DEFAULT: Config<'static> = Config::new();

/// Accepts whatever asks to be a WebSocket on a transport that a client has connected (TLS included), with all defaults. Which pages may
/// connect is for `origin` to say (§10.2). [`Handshake`] shows the request first. Sockets want `set_nodelay(true)`, as
/// [`connect`](crate::connect) sets it: messages are written whole.
///
/// # Errors
/// As [`Handshake::receive`] and [`Handshake::accept`].
pub async fn accept<S: AsyncRead + AsyncWrite + Unpin>(io: S, origin: Origin<'_>) -> Result<WebSocket<S>, Error> {
    accept_with(&DEFAULT, io, origin).await
}

/// [`accept`] with the settings of `config`: limits, deadlines, compression. (A subprotocol is chosen by [`Handshake`].)
///
/// # Errors
/// As [`accept`].
pub async fn accept_with<S: AsyncRead + AsyncWrite + Unpin>(
    config: &'static Config<'static>,
    io: S,
    origin: Origin<'_>,
) -> Result<WebSocket<S>, Error> {
    Handshake::receive(io, config).await?.accept(&Accept::new(origin)).await
}

/// A request that waits for its answer, within [`Config::handshake_timeout_ms`] of the connection's start.
///
/// ```no_run
/// use sansocket_tokio::{Accept, Config, Error, Handshake, Origin};
/// use tokio::net::TcpStream;
///
/// static CONFIG: Config = Config::new().subprotocols("chat");
///
/// # async fn example(socket: TcpStream) -> Result<(), Error> {
/// let handshake = Handshake::receive(socket, &CONFIG).await?;
/// let request = handshake.request();
/// if request.path() != "/chat" {
///     return handshake.respond(404, &[], b"Try /chat").await;
/// }
/// let subprotocol = request.choose_subprotocol(&CONFIG);
/// let accept = Accept::new(Origin::OneOf(&["https://example.com"])).subprotocol(subprotocol);
/// let mut ws = handshake.accept(&accept).await?;
/// # ws.close(None, "").await
/// # }
/// ```
pub struct Handshake<S> {
    io: S,
    endpoint: Endpoint,
    head: Bytes,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Handshake<S> {
    /// Reads a request, which is an opening handshake or plain HTTP. What breaks the rules of either is answered (400 and others).
    ///
    /// # Errors
    /// [`Error::Protocol`], [`Error::Timeout`], or [`Error::Io`] if the client is gone.
    pub async fn receive(mut io: S, config: &'static Config<'static>) -> Result<Self, Error> {
        let mut endpoint = Endpoint::server(config);
        loop {
            match poll_fn(|cx| endpoint.poll_occurrence(&mut io, cx)).await? {
                Some(Occurrence::Request(head)) => return Ok(Self { io, endpoint, head }),
                Some(_) => {}
                None => return Err(endpoint.end().unwrap_or(Error::Closed)),
            }
        }
    }

    /// The request.
    pub fn request(&self) -> Request<'_> {
        match self.endpoint.connection().pending_request(&self.head) {
            Some(request) => request,
            None => unreachable!("it was parsed when it arrived"),
        }
    }

    /// Accepts it, or refuses: 403 if its page may not connect, 400 if it does not ask for a WebSocket.
    ///
    /// # Errors
    /// [`Error::NotAccepted`] after a refusal; [`Error::Usage`] for what cannot be answered so; [`Error::Io`], [`Error::Timeout`].
    pub async fn accept(mut self, accept: &Accept<'_>) -> Result<WebSocket<S>, Error> {
        let (endpoint, head) = (&mut self.endpoint, &self.head);
        let Some(request) = endpoint.connection().pending_request(head) else {
            return Err(UsageError::NotAnOpeningHandshake.into());
        };
        endpoint.write_head(512, |ws, now, room| ws.accept_or_refuse(&request, accept, now, room))?;
        if endpoint.connection().state() != State::Open {
            self.finish().await?;
            return Err(Error::NotAccepted);
        }
        endpoint.was_opened();
        poll_fn(|cx| self.endpoint.poll_flush(&mut self.io, cx)).await?;
        Ok(WebSocket::new(self.io, self.endpoint))
    }

    /// Answers it with any other final response: a page, 404, 401, a redirect.
    ///
    /// # Errors
    /// [`Error::Usage`] for a status or header fields that this response cannot have; [`Error::Io`], [`Error::Timeout`].
    pub async fn respond(mut self, status: u16, headers: &[Header<'_>], body: &[u8]) -> Result<(), Error> {
        self.endpoint.write_head(512, |ws, now, room| ws.respond(status, headers, body, now, room))?;
        self.finish().await
    }

    /// The response leaves before the transport is closed.
    async fn finish(&mut self) -> Result<(), Error> {
        poll_fn(|cx| self.endpoint.poll_flush(&mut self.io, cx)).await?;
        // There is no closing handshake, so how it ends does not count.
        poll_fn(|cx| self.endpoint.poll_end(&mut self.io, cx, true)).await.ok();
        Ok(())
    }
}

/// Shows no query and no values of header fields (§10.6).
impl<S: AsyncRead + AsyncWrite + Unpin> core::fmt::Debug for Handshake<S> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Handshake").field("request", &self.request()).finish_non_exhaustive()
    }
}
