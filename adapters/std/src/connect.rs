//! The client's side of the opening handshake (§4.1).

use std::io::{self, ErrorKind};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant as Clock};

use sansocket::{ClientRequest, Config, Connection, Event, Header, Instant, Transport, Url};

use crate::error::Error;
use crate::refusal::{Body, Refusal};
use crate::socket::Socket;
use crate::stream::Stream;
use crate::web_socket::WebSocket;
use crate::wire::{SystemEntropy, Wire, Ws, buffered};

static DEFAULT: Config = Config::new();

/// Connects to a `ws` or `wss` URL, with the defaults of [`Config`]. [`Connector`] has more to say.
///
/// # Errors
/// As [`Connector::connect`].
pub fn connect(url: &str) -> Result<WebSocket<'static, Socket>, Error> {
    Connector::new(&DEFAULT).connect(url)
}

/// What a client asks for, and how. Subprotocols and compression are those of its [`Config`].
///
/// ```no_run
/// use sansocket_std::{Config, Connector};
/// static CONFIG: Config = Config::new().subprotocols("chat").max_message_len(1 << 20);
/// let ws = Connector::new(&CONFIG).header("Authorization", "Bearer …").connect("wss://example.com/chat")?;
/// assert_eq!(ws.subprotocol(), Some("chat"));
/// # Ok::<(), sansocket_std::Error>(())
/// ```
#[derive(Clone)]
#[must_use = "it connects only when it is told to"]
pub struct Connector<'c, 'a> {
    config: &'c Config<'c>,
    origin: Option<&'a str>,
    headers: Vec<Header<'a>>,
    #[cfg(feature = "rustls")]
    tls: Option<std::sync::Arc<rustls::ClientConfig>>,
}

impl<'c, 'a> Connector<'c, 'a> {
    /// A client with these limits, deadlines, subprotocols and compression; a `static` is the usual place for them.
    pub const fn new(config: &'c Config<'c>) -> Self {
        Self {
            config,
            origin: None,
            headers: Vec::new(),
            #[cfg(feature = "rustls")]
            tls: None,
        }
    }

    /// With one more header: Authorization, Cookie, User-Agent.
    pub fn header(mut self, name: &'a str, value: &'a str) -> Self {
        self.headers.push(Header::new(name, value));
        self
    }

    /// With an Origin (§4.1), which browsers send and other clients may.
    pub const fn origin(mut self, origin: &'a str) -> Self {
        self.origin = Some(origin);
        self
    }

    /// With other settings for TLS: certificate authorities, a client's certificate. By default the server's certificate must be one of
    /// Mozilla's authorities' (`webpki-roots`).
    #[cfg(feature = "rustls")]
    pub fn tls(mut self, config: std::sync::Arc<rustls::ClientConfig>) -> Self {
        self.tls = Some(config);
        self
    }

    /// Connects to a `ws` or `wss` URL. All of that, from the TCP connection on, takes at most
    /// [`handshake_timeout_ms`](Config::handshake_timeout_ms); looking up the name has the system's own deadline. A host's addresses are tried
    /// one after the other.
    ///
    /// # Errors
    /// [`Error::Url`], [`Error::NoTls`], [`Error::Connect`], and those of [`over`](Self::over).
    pub fn connect(self, url: &str) -> Result<WebSocket<'c, Socket>, Error> {
        let start = Clock::now();
        let parsed = Url::parse(url).map_err(Error::Url)?;
        if parsed.is_secure() && !cfg!(feature = "rustls") {
            return Err(Error::NoTls);
        }
        let timeout = self.config.handshake_timeout_ms;
        let timeout = (timeout > 0).then(|| Duration::from_millis(timeout.into()));
        let stream = dial(&parsed, start, timeout).and_then(|stream| self.secure(stream, &parsed));
        let stream = stream.map_err(|source| Error::Connect { to: format!("{}:{}", parsed.host(), parsed.port()), source })?;
        self.open(stream, &parsed, start)
    }

    /// Opens a connection over a stream of the caller's, which leads to the URL's host: a Unix socket, a proxy's tunnel, TLS of another
    /// library.
    ///
    /// # Errors
    /// [`Error::Url`]. [`Error::Refused`], with the server's answer. [`Error::Protocol`] for a wrong one. [`Error::Lost`]: the deadline
    /// passed, or the transport ended or broke; what TLS objects to comes here too. [`Error::Usage`] for headers that cannot be sent,
    /// or not all at once: the request has at most 16 KB.
    pub fn over<S: Stream>(self, stream: S, url: &str) -> Result<WebSocket<'c, S>, Error> {
        let url = Url::parse(url).map_err(Error::Url)?;
        self.open(stream, &url, Clock::now())
    }

    fn open<S: Stream>(self, stream: S, url: &Url<'_>, start: Clock) -> Result<WebSocket<'c, S>, Error> {
        let mut wire = Wire::new(stream, start).map_err(Error::Io)?;
        let mut ws = buffered(Connection::client(self.config, SystemEntropy, Instant::default()));
        let request = ClientRequest::new(url.authority(), url.target()).origin(self.origin).headers(&self.headers);
        ws.commands(wire.now()).request(&request)?;
        loop {
            let now = wire.now();
            if !ws.advance(now)? {
                wire.turn(&mut ws, None);
                continue;
            }
            let (mut refusal, body) = match ws.current(now) {
                Some((Event::Opened(_), _)) => return Ok(WebSocket::new(wire, ws)),
                // A 101 that breaks a rule refuses nothing.
                Some((Event::Refused { response, error, .. }, _)) if response.status() == 101 => {
                    return Err(Error::Protocol(error));
                }
                Some((Event::Failed { error, .. }, _)) => return Err(Error::Protocol(error)),
                Some((Event::Closed { cause, .. }, _)) => return Err(Error::Lost { cause, source: wire.reason() }),
                Some((Event::Refused { response, .. }, _)) => (Refusal::of(&response), Body::of(&response)),
                _ => continue,
            };
            refusal.body = read_body(body, &mut wire, &mut ws)?;
            return Err(Error::Refused(Box::new(refusal)));
        }
    }

    #[cfg(not(feature = "rustls"))]
    fn secure(&self, stream: TcpStream, _: &Url<'_>) -> io::Result<Socket> {
        Ok(Socket::Tcp(stream))
    }

    #[cfg(feature = "rustls")]
    fn secure(&self, stream: TcpStream, url: &Url<'_>) -> io::Result<Socket> {
        if !url.is_secure() {
            return Ok(Socket::Tcp(stream));
        }
        let config = self.tls.clone().unwrap_or_else(crate::tls::default_config);
        crate::tls::TlsStream::client(stream, config, url.host()).map(|stream| Socket::Tls(Box::new(stream)))
    }
}

/// Reads the body of a refusal, until it is whole or the handshake's deadline has passed.
fn read_body<S: Stream>(mut body: Body, wire: &mut Wire<S>, ws: &mut Ws<'_>) -> Result<Vec<u8>, Error> {
    loop {
        while ws.advance(wire.now())? {}
        body.add(ws.unread());
        ws.discard(ws.unread().len());
        let (content, is_whole) = body.content();
        if is_whole || ws.transport() == Transport::Close {
            return Ok(content);
        }
        wire.turn(ws, None);
    }
}

/// A TCP connection to the first address of the host that answers. Each gets its share of the time that is left.
fn dial(url: &Url<'_>, start: Clock, timeout: Option<Duration>) -> io::Result<TcpStream> {
    let addresses: Vec<_> = (url.host(), url.port()).to_socket_addrs()?.collect();
    let mut error = io::Error::new(ErrorKind::NotFound, "the host has no address");
    for (address, rest) in addresses.iter().zip((1..=addresses.len()).rev()) {
        let dialed = match timeout {
            None => TcpStream::connect(address),
            Some(timeout) => {
                let left = timeout.saturating_sub(start.elapsed()).max(Duration::from_millis(1));
                TcpStream::connect_timeout(address, left / u32::try_from(rest).unwrap_or(u32::MAX))
            }
        };
        match dialed {
            Ok(stream) => return Ok(stream),
            Err(failed) => error = failed,
        }
    }
    Err(error)
}
