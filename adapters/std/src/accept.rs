//! The server's side of the opening handshake (§4.2).

use std::time::Instant as Clock;

use sansocket::{Accept, CallError, Config, Connection, Event, Header, Instant, Origin, Request, Transport, UsageError};

use crate::error::Error;
use crate::stream::Stream;
use crate::web_socket::WebSocket;
use crate::wire::{SystemEntropy, Wire, Ws, buffered};

static DEFAULT: Config = Config::new();
/// For heads that were checked before.
static ANY_LENGTH: Config = Config::new().max_head_len(u32::MAX).max_header_lines(u16::MAX).max_target_len(u32::MAX);

/// Accepts a client that has connected, with the defaults of [`Config`], if `origin` allows the page that it comes from. [`Handshake`]
/// shows the request first.
///
/// # Errors
/// As [`Handshake::receive`] and [`Handshake::accept`].
pub fn accept<S: Stream>(stream: S, origin: Origin<'_>) -> Result<WebSocket<'static, S>, Error> {
    Handshake::receive(stream, &DEFAULT)?.accept(&Accept::new(origin))
}

/// A client that has sent its request, and waits for the answer.
///
/// ```no_run
/// use sansocket_std::{Accept, Config, Origin, Handshake};
/// static CONFIG: Config = Config::new().subprotocols("chat, superchat");
/// # fn serve(stream: std::net::TcpStream) -> Result<(), sansocket_std::Error> {
/// let handshake = Handshake::receive(stream, &CONFIG)?;
/// if handshake.request().path() != "/chat" {
///     return handshake.respond(404, &[], b"Nothing here.\n");
/// }
/// let subprotocol = handshake.request().choose_subprotocol(&CONFIG);
/// let mut ws = handshake.accept(&Accept::new(Origin::SameHost { secure: false }).subprotocol(subprotocol))?;
/// ws.send("Welcome")?;
/// # Ok(())
/// # }
/// ```
#[must_use = "the client waits for an answer"]
pub struct Handshake<'c, S> {
    wire: Wire<S>,
    ws: Ws<'c>,
    /// The request.
    head: Vec<u8>,
}

impl<'c, S: Stream> Handshake<'c, S> {
    /// Waits for the request of a client that has connected, at most for [`handshake_timeout_ms`](Config::handshake_timeout_ms). What is
    /// wrong with it is answered at once, by 400, 426 or 431.
    ///
    /// # Errors
    /// [`Error::Protocol`] for a request that breaks a rule, after the answer. [`Error::Lost`]: the deadline passed, or the transport ended or broke.
    pub fn receive(stream: S, config: &'c Config<'c>) -> Result<Self, Error> {
        let mut wire = Wire::new(stream, Clock::now()).map_err(Error::Io)?;
        let mut ws = buffered(Connection::server_with(config, SystemEntropy, Instant::default()));
        let mut failed = None;
        loop {
            let now = wire.now();
            if !ws.advance(now)? {
                if ws.transport() == Transport::Close {
                    wire.shut_down();
                    return Err(failed.unwrap_or(Error::Closed));
                }
                wire.turn(&mut ws, None);
                continue;
            }
            match ws.current(now) {
                Some((Event::Request(request) | Event::HttpRequest(request), _)) => {
                    let head = request.bytes().to_vec();
                    return Ok(Self { wire, ws, head });
                }
                Some((Event::Failed { error, .. }, _)) => failed = Some(Error::Protocol(error)),
                Some((Event::Closed { cause, .. }, _)) => {
                    failed.get_or_insert(Error::Lost { cause, source: wire.reason() });
                }
                _ => {}
            }
        }
    }

    /// The request: path, headers, subprotocols. One that is not an opening handshake
    /// ([`is_opening_handshake`](Request::is_opening_handshake)) is plain HTTP on this port.
    ///
    /// # Panics
    /// Never: the head was parsed before.
    pub fn request(&self) -> Request<'_> {
        Request::parse(&self.head, &ANY_LENGTH).ok().flatten().expect("a head that was parsed before")
    }

    /// The transport, to ask it for its addresses and the like.
    pub fn stream(&self) -> &S {
        self.wire.stream()
    }

    /// Accepts the request; with 403 or 400 it declines what [`Accept::origin`] does not allow, and what is not an opening handshake.
    ///
    /// # Errors
    /// [`Error::Declined`]. [`Error::Usage`] for a subprotocol that was not offered or headers that cannot be sent: the client gets no answer.
    /// [`Error::Io`] and [`Error::Lost`], if the answer cannot be written.
    pub fn accept(mut self, accept: &Accept<'_>) -> Result<WebSocket<'c, S>, Error> {
        let now = self.wire.now();
        let Some((Event::Request(request) | Event::HttpRequest(request), mut commands)) = self.ws.current(now) else {
            return Err(Error::Closed);
        };
        match commands.accept(&request, accept) {
            Err(CallError::Usage(reason @ (UsageError::OriginNotAllowed | UsageError::NotAnOpeningHandshake))) => {
                commands.accept_or_refuse(&request, accept)?;
                self.finish()?;
                Err(Error::Declined(reason))
            }
            accepted => {
                accepted?;
                WebSocket::opened(self.wire, self.ws)
            }
        }
    }

    /// Answers with any other final response, and waits until the client has taken it, at most for
    /// [`closing_timeout_ms`](Config::closing_timeout_ms). A `body` has at most 16 000 bytes.
    ///
    /// # Errors
    /// [`Error::Usage`] for a status, headers or a body that cannot be sent: the client gets no answer.
    pub fn respond(mut self, status: u16, headers: &[Header<'_>], body: &[u8]) -> Result<(), Error> {
        self.ws.commands(self.wire.now()).respond(status, headers, body)?;
        self.finish()
    }

    /// Waits until the answer has left and the client has ended its half, so that a reset does not destroy it.
    fn finish(&mut self) -> Result<(), Error> {
        loop {
            while self.ws.advance(self.wire.now())? {}
            if self.ws.transport() == Transport::Close {
                self.wire.shut_down();
                return Ok(());
            }
            self.wire.turn(&mut self.ws, None);
        }
    }
}
