//! The client's opening handshake (§4.1).

use crate::dial;
use crate::endpoint::Endpoint;
use crate::error::{Error, Refusal};
use crate::incoming::Occurrence;
use crate::transport::Transport;
use crate::websocket::WebSocket;
use core::future::poll_fn;
use core::time::Duration;
use sansocket::{ClientRequest, Config, EndCause, Header, Url};
use std::io;
use tokio::io::{AsyncRead, AsyncWrite};

static DEFAULT: Config<'static> = Config::new();

/// The most bytes that are kept of the body of a refusal.
const MAX_BODY: usize = 16 << 10;

/// Connects to `ws://` or, with the feature `rustls`, `wss://`, with all defaults. (`http://` and `https://` mean the same.)
///
/// # Errors
/// As [`Connector::connect`].
pub async fn connect(url: &str) -> Result<WebSocket<Transport>, Error> {
    Connector::new(&DEFAULT).connect(url).await
}

/// How to connect: settings, subprotocols and compression by the [`Config`], header fields, TLS.
///
/// ```no_run
/// use sansocket_tokio::{Config, Connector, Error};
///
/// static CONFIG: Config = Config::new().subprotocols("chat").max_message_len(1 << 20);
///
/// # async fn example() -> Result<(), Error> {
/// let ws = Connector::new(&CONFIG).header("Authorization", "Bearer abc").connect("ws://example.com/chat").await?;
/// assert_eq!(ws.subprotocol(), Some("chat"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Connector {
    config: &'static Config<'static>,
    origin: Option<String>,
    headers: Vec<(String, String)>,
    #[cfg(feature = "rustls")]
    tls: Option<std::sync::Arc<tokio_rustls::rustls::ClientConfig>>,
}

impl Connector {
    /// Connects with the settings of `config`, usually a `static`.
    pub const fn new(config: &'static Config<'static>) -> Self {
        Self {
            config,
            origin: None,
            headers: Vec::new(),
            #[cfg(feature = "rustls")]
            tls: None,
        }
    }

    /// With another header field: Authorization, Cookie, User-Agent.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// With an Origin, which browsers send and other clients may (§10.2).
    #[must_use]
    pub fn origin(mut self, origin: impl Into<String>) -> Self {
        self.origin = Some(origin.into());
        self
    }

    /// With certificates and settings of your own, in the place of Mozilla's certificate authorities.
    #[cfg(feature = "rustls")]
    #[must_use]
    pub fn tls(mut self, config: std::sync::Arc<tokio_rustls::rustls::ClientConfig>) -> Self {
        self.tls = Some(config);
        self
    }

    /// Connects to the host of `url`, by TLS if it says `wss`, and opens a connection. DNS, TCP and TLS together, and then the opening
    /// handshake, may take [`Config::handshake_timeout_ms`] each.
    ///
    /// # Errors
    /// [`Error::Url`]; [`Error::Io`] if there is no transport, `wss` without the feature `rustls` included; then as
    /// [`over`](Self::over).
    pub async fn connect(&self, url: &str) -> Result<WebSocket<Transport>, Error> {
        let parsed = Url::parse(url)?;
        let timeout = match self.config.handshake_timeout_ms {
            0 => Duration::MAX,
            ms => Duration::from_millis(ms.into()),
        };
        let dialled = tokio::time::timeout(timeout, self.dial(&parsed)).await;
        let transport = dialled.map_err(|_| Error::Timeout(EndCause::HandshakeTimeout))??;
        self.over(transport, url).await
    }

    /// Opens a connection over a transport that is connected, TLS included, to the host of `url`.
    ///
    /// # Errors
    /// [`Error::Refused`] with the server's answer; [`Error::Timeout`] after [`Config::handshake_timeout_ms`]; [`Error::Io`];
    /// [`Error::Protocol`] if the answer is no HTTP; [`Error::Url`]; [`Error::Usage`] for header fields that cannot be sent.
    pub async fn over<S: AsyncRead + AsyncWrite + Unpin>(&self, mut io: S, url: &str) -> Result<WebSocket<S>, Error> {
        let url = Url::parse(url)?;
        let headers: Vec<_> = self.headers.iter().map(|(name, value)| Header::new(name, value)).collect();
        let request = ClientRequest::new(url.authority(), url.target()).origin(self.origin.as_deref()).headers(&headers);
        let mut endpoint = Endpoint::client(self.config);
        endpoint.write_head(1024, |ws, now, room| ws.request(&request, now, room))?;
        loop {
            match poll_fn(|cx| endpoint.poll_occurrence(&mut io, cx)).await? {
                Some(Occurrence::Opened) => {
                    endpoint.was_opened();
                    return Ok(WebSocket::new(io, endpoint));
                }
                Some(Occurrence::Refused(mut refusal)) => {
                    poll_fn(|cx| endpoint.poll_unread(&mut io, cx, body_len(&refusal))).await?;
                    let body = endpoint.unread();
                    refusal.body = body[..body.len().min(MAX_BODY)].to_vec();
                    return Err(Error::Refused(refusal));
                }
                Some(_) => {}
                None => return Err(endpoint.end().unwrap_or(Error::Closed)),
            }
        }
    }

    async fn dial(&self, url: &Url<'_>) -> io::Result<Transport> {
        let addresses = dial::addresses(url.host(), url.port()).await?;
        let transport = Transport::plain(dial::connect(addresses).await?)?;
        if url.is_secure() { self.start_tls(transport, url.host()).await } else { Ok(transport) }
    }

    #[cfg(feature = "rustls")]
    async fn start_tls(&self, transport: Transport, host: &str) -> io::Result<Transport> {
        transport.start_tls(self.tls.clone(), host).await
    }

    #[cfg(not(feature = "rustls"))]
    async fn start_tls(&self, _: Transport, _: &str) -> io::Result<Transport> {
        Err(io::Error::new(io::ErrorKind::Unsupported, "wss:// needs the feature `rustls` of sansocket-tokio"))
    }
}

/// Shows no values of header fields, which may be credentials (§10.6).
impl core::fmt::Debug for Connector {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let headers: Vec<_> = self.headers.iter().map(|(name, _)| name).collect();
        f.debug_struct("Connector").field("origin", &self.origin).field("headers", &headers).finish_non_exhaustive()
    }
}

/// The rest of a refusal: its body as far as its Content-Length says, otherwise what came with its head.
fn body_len(refusal: &Refusal) -> usize {
    let len = refusal.header("content-length").and_then(|value| core::str::from_utf8(value).ok()?.trim().parse::<usize>().ok());
    len.unwrap_or(0).min(MAX_BODY)
}
