//! An open connection: read, send, close.

use std::fmt;
use std::mem;
use std::time::Duration;

use sansocket::{CallError, CloseCode, Commands, Event, MessageKind, Negotiated, State, Transport};

use crate::codec::{self, Codec, Memory};
use crate::error::Error;
use crate::message::Message;
use crate::stream::Stream;
use crate::wire::{SystemEntropy, Wire, Ws};

/// An open connection, of a client ([`connect`](crate::connect)) or a server ([`accept`](crate::accept)).
///
/// The calls block, for as long as the deadlines of the [`Config`](sansocket::Config) allow. Pings are answered, and keepalive Pings sent, by
/// [`read`](Self::read), [`read_into`](Self::read_into), [`ready_within`](Self::ready_within) and [`close`](Self::close): a program that does
/// something else for long is silent meanwhile. Time in which it does not read counts for nothing: what has arrived comes before deadlines.
///
/// Dropping it ends the transport without a Close, and the peer sees 1006.
pub struct WebSocket<'c, S> {
    wire: Wire<S>,
    ws: Ws<'c, Memory, Codec>,
    /// A whole message that was not given yet.
    ready: Option<Ready>,
    /// The message that comes, or came, in pieces.
    joined: Vec<u8>,
    close_reason: String,
    /// What was wrong, until it is reported.
    error: Option<Error>,
}

/// Where a whole message lies.
#[derive(Clone, Copy)]
enum Ready {
    /// In the input: it is the current event.
    InPlace(MessageKind),
    /// In `joined`.
    Joined(MessageKind),
}

/// What a wait came to.
enum Waited {
    ForMessage,
    ForEnd,
    InVain,
}

impl<'c, S: Stream> WebSocket<'c, S> {
    /// The opening handshake is over.
    pub(crate) fn new(wire: Wire<S>, ws: Ws<'c>) -> Self {
        let (codec, memory) = codec::agreed(ws.connection());
        let ws = codec::lend(ws, codec, memory);
        Self { wire, ws, ready: None, joined: Vec::new(), close_reason: String::new(), error: None }
    }

    /// The same for a server, whose answer has to leave first.
    pub(crate) fn opened(wire: Wire<S>, ws: Ws<'c>) -> Result<Self, Error> {
        let mut opened = Self::new(wire, ws);
        opened.drain()?;
        Ok(opened)
    }

    /// Waits for the next message, which stays until the next call. `None` once the connection has been closed cleanly, with an exchange
    /// of Closes: [`close_code`](Self::close_code) has the peer's.
    ///
    /// # Errors
    /// [`Error::Protocol`], [`Error::Lost`]. [`Error::Closed`] after an error that was reported before.
    pub fn read(&mut self) -> Result<Option<Message<'_>>, Error> {
        if !self.wait_for_message()? {
            return Ok(None);
        }
        Ok(match self.ready.take() {
            Some(Ready::Joined(kind)) => Some(Message::of(kind, &self.joined)),
            _ => match self.ws.current(self.wire.now()) {
                Some((Event::Data(data), _)) => Some(Message::of(data.kind, data.payload)),
                _ => None,
            },
        })
    }

    /// [`read`](Self::read) into memory of the caller's, which may be used again for the next message: so the message can be answered
    /// while it is there. What was in it is replaced.
    ///
    /// ```no_run
    /// # fn echo(mut ws: sansocket_std::WebSocket<'_, std::net::TcpStream>) -> Result<(), sansocket_std::Error> {
    /// let mut buffer = Vec::new();
    /// while let Some(message) = ws.read_into(&mut buffer)? {
    ///     ws.send(message)?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn read_into<'b>(&mut self, buffer: &'b mut Vec<u8>) -> Result<Option<Message<'b>>, Error> {
        if !self.wait_for_message()? {
            return Ok(None);
        }
        self.join_ready();
        let Some(Ready::Joined(kind)) = self.ready.take() else { return Ok(None) };
        mem::swap(buffer, &mut self.joined);
        Ok(Some(Message::of(kind, buffer)))
    }

    /// Waits until [`read`](Self::read) would return at once, with a message or with the end, but at most for `timeout` (and at least
    /// for about a millisecond). Whether it would. What has arrived of a message until then is not lost.
    ///
    /// # Errors
    /// [`Error::Io`], if the system has no entropy. The end is reported by `read`.
    pub fn ready_within(&mut self, timeout: Duration) -> Result<bool, Error> {
        let limit = self.wire.elapsed().saturating_add(timeout);
        Ok(!matches!(self.wait(Some(limit))?, Waited::InVain))
    }

    /// Sends a message of any length. It is handed over to the transport when the call returns, within
    /// [`write_timeout_ms`](sansocket::Config::write_timeout_ms) for each part that the transport takes.
    ///
    /// A message of more than about 16 KB goes as fragments (§5.4). While the peer takes nothing, what comes from it is read and kept, up to
    /// [`max_message_len`](sansocket::Config::max_message_len) bytes: so two peers that send each other messages at the same time do not block
    /// each other, unless both send more than that, and what the system keeps for a socket, before they read.
    ///
    /// # Errors
    /// [`Error::Closed`] once the peer's Close was read or [`start_close`](Self::start_close) was called. [`Error::Io`] if the transport
    /// takes no more, [`Error::Lost`] after the deadline.
    pub fn send<'m>(&mut self, message: impl Into<Message<'m>>) -> Result<(), Error> {
        let message = message.into();
        let (kind, payload) = (message.kind(), message.as_bytes());
        if self.state() != State::Open {
            return Err(Error::Closed);
        }
        self.check_transport()?;
        let mut sent = 0;
        loop {
            let offset = u64::try_from(sent).unwrap_or(u64::MAX);
            sent += self.with_room(|ws| ws.send_part(kind, offset, &payload[sent..], true))?;
            self.drain()?;
            if sent == payload.len() {
                return Ok(());
            }
        }
    }

    /// Closes the connection (§7.1.2): sends a Close, drops the messages that still come, and waits for the peer's, at most for
    /// [`closing_timeout_ms`](sansocket::Config::closing_timeout_ms). A second call does nothing more. To read what still comes, call
    /// [`start_close`](Self::start_close), and [`read`](Self::read) until there is nothing.
    ///
    /// `code` is 1000 ([`CloseCode::NORMAL_CLOSURE`]) or another that an endpoint may send, or `None`; `reason` has at most 123 bytes.
    ///
    /// # Errors
    /// As [`start_close`](Self::start_close) and [`read`](Self::read).
    pub fn close(&mut self, code: impl Into<Option<CloseCode>>, reason: &str) -> Result<(), Error> {
        self.start_close(code, reason)?;
        while self.wait_for_message()? {
            self.ready = None;
        }
        Ok(())
    }

    /// The first half of [`close`](Self::close): sends a Close, and does not wait for the peer's. It does nothing once the connection is
    /// closing.
    ///
    /// # Errors
    /// [`Error::Usage`] for a code or reason that cannot be sent. [`Error::Io`] and [`Error::Lost`] as [`send`](Self::send).
    pub fn start_close(&mut self, code: impl Into<Option<CloseCode>>, reason: &str) -> Result<(), Error> {
        if self.state() != State::Open {
            return Ok(());
        }
        let code = code.into();
        self.with_room(|ws| ws.close(code, reason))?;
        self.drain()
    }

    /// Whether it is open.
    pub fn state(&self) -> State {
        self.ws.connection().state()
    }

    /// The subprotocol that was agreed on, one of the [`Config`](sansocket::Config)'s. `None` for one that a server took without a list
    /// there.
    pub fn subprotocol(&self) -> Option<&'c str> {
        self.ws.connection().subprotocol()
    }

    /// What was agreed on, compression too.
    pub fn negotiated(&self) -> Negotiated {
        self.ws.connection().negotiated()
    }

    /// The time between the last keepalive Ping and its Pong.
    pub fn round_trip(&self) -> Option<Duration> {
        self.ws.connection().round_trip()
    }

    /// The code of the peer's Close: 1005 if it had none, 1006 as long as there is no Close (§7.1.5).
    pub fn close_code(&self) -> CloseCode {
        self.ws.connection().close_code()
    }

    /// The reason of the peer's Close; empty if there was none. It is the peer's: a terminal needs it escaped.
    pub fn close_reason(&self) -> &str {
        &self.close_reason
    }

    /// The transport, to ask it for its addresses and the like.
    pub fn stream(&self) -> &S {
        self.wire.stream()
    }

    /// Whether there is a message, not the end.
    fn wait_for_message(&mut self) -> Result<bool, Error> {
        match self.wait(None)? {
            Waited::ForMessage => return Ok(true),
            _ if self.ws.connection().was_clean() => return Ok(false),
            _ => {}
        }
        Err(self.error.take().unwrap_or(Error::Closed))
    }

    /// Waits for a message or the end, until `limit` on the clock. Answers to what came before, such as Pongs, do not wait for the next call.
    fn wait(&mut self, limit: Option<Duration>) -> Result<Waited, Error> {
        let waited = self.wait_for_event(limit);
        self.wire.write(&mut self.ws);
        waited
    }

    fn wait_for_event(&mut self, limit: Option<Duration>) -> Result<Waited, Error> {
        let mut has_looked = false;
        loop {
            if self.ready.is_some() || self.advance()? {
                return Ok(Waited::ForMessage);
            }
            if self.ws.transport() == Transport::Close {
                self.wire.shut_down();
                return Ok(Waited::ForEnd);
            }
            if has_looked && limit.is_some_and(|limit| self.wire.elapsed() >= limit) {
                return Ok(Waited::InVain);
            }
            self.wire.turn(&mut self.ws, limit);
            has_looked = true;
        }
    }

    /// Takes events, until there is a message or nothing.
    fn advance(&mut self) -> Result<bool, Error> {
        while self.ready.is_none() {
            let now = self.wire.now();
            if !self.ws.advance(now)? {
                return Ok(false);
            }
            match self.ws.current(now).map(|(event, _)| event) {
                Some(Event::Data(data)) if data.first() && data.last => self.ready = Some(Ready::InPlace(data.kind)),
                Some(Event::Data(data)) => {
                    if data.first() {
                        self.joined.clear();
                    }
                    self.joined.extend_from_slice(data.payload);
                    self.ready = data.last.then_some(Ready::Joined(data.kind));
                }
                Some(Event::CloseReceived { reason, .. }) => self.close_reason = reason.into(),
                Some(Event::Failed { error, .. }) => self.error = Some(Error::Protocol(error)),
                Some(Event::Closed { was_clean: false, cause, .. }) => {
                    self.error.get_or_insert(Error::Lost { cause, source: self.wire.reason() });
                }
                _ => {}
            }
        }
        Ok(true)
    }

    /// Copies a message that was not given yet out of the input.
    fn join_ready(&mut self) {
        let Some(Ready::InPlace(kind)) = self.ready else { return };
        if let Some((Event::Data(data), _)) = self.ws.current(self.wire.now()) {
            self.joined.clear();
            self.joined.extend_from_slice(data.payload);
        }
        self.ready = Some(Ready::Joined(kind));
    }

    /// Lets `act` write, once there is room for it.
    fn with_room<T>(
        &mut self,
        mut act: impl FnMut(&mut Commands<'_, 'c, SystemEntropy, Codec>) -> Result<T, CallError>,
    ) -> Result<T, Error> {
        loop {
            match act(&mut self.ws.commands(self.wire.now())) {
                Err(CallError::NeedsRoom { .. }) => self.drain()?,
                other => return Ok(other?),
            }
        }
    }

    /// Waits until the transport has taken all that is due. What comes meanwhile is not looked at, so that a Close does not overtake the
    /// messages that the program has still to see; for that the deadlines that wait for the peer stand still.
    fn drain(&mut self) -> Result<(), Error> {
        self.ws.pause(self.wire.now());
        let drained = self.drain_paused();
        self.ws.resume(self.wire.now());
        drained?;
        self.check_transport()
    }

    fn drain_paused(&mut self) -> Result<(), Error> {
        let limit = usize::try_from(self.ws.connection().config().max_message_len).unwrap_or(usize::MAX);
        loop {
            self.wire.write(&mut self.ws);
            if !self.wire.is_blocked(&self.ws) {
                return Ok(());
            }
            self.wire.read_ahead(limit);
            let now = self.wire.now();
            // Only then, since it says that nothing waits to be read.
            if self.ws.millis_until_timeout(now) == Some(0) {
                self.ws.filled(0, now);
                self.act_on_time()?;
            }
        }
    }

    /// A deadline has passed, that for writing probably.
    fn act_on_time(&mut self) -> Result<(), Error> {
        self.join_ready();
        let ready = self.ready.take();
        let advanced = self.advance();
        self.ready = ready;
        advanced?;
        match self.state() {
            State::Closed => Err(self.error.take().unwrap_or(Error::Closed)),
            _ => Ok(()),
        }
    }

    /// Whether the transport takes anything.
    fn check_transport(&self) -> Result<(), Error> {
        match self.wire.is_cut {
            true => Err(self.wire.reason().map_or(Error::Closed, Error::Io)),
            false => Ok(()),
        }
    }
}

/// Shows no bytes, which are the users' own (§10.6).
impl<S> fmt::Debug for WebSocket<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebSocket").field("connection", &self.ws).finish_non_exhaustive()
    }
}
