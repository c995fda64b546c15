//! A WebSocket connection with its transport and its clock.

use embedded_io::ErrorKind;
use sansocket::{
    Accept, Buffer, Buffered, CallError, ClientRequest, CloseCode, Codec, Commands, Connection, EndCause, Entropy, Event,
    Instant, MessageKind, NoCodec, Origin, Response, State, Transport as What, UsageError,
};

use crate::turn::after;
use crate::{HandshakeError, Timer, Transport};

/// A WebSocket connection: a [`Buffered`], which has the buffers and the settings, a [`Transport`] and a [`Timer`]. It allocates nothing and
/// needs no task of its own.
///
/// The caller polls [`next`](Self::next); that reads, writes, answers Pings, acts on deadlines and closes. What is sent from outside of
/// events goes out at once as far as the transport takes it, and the rest while `next` or any other of these futures is polled:
///
/// ```
/// # use sansocket_embedded_io::{Timer, Transport, WebSocket};
/// # use sansocket::{Buffer, CallError, Codec, Entropy, Event};
/// # async fn select<A, B>(a: impl Future<Output = A>, b: impl Future<Output = B>) -> Either<A, B> { drop(b); Either::First(a.await) }
/// # enum Either<A, B> { First(A), Second(B) }
/// # struct Ticker; impl Ticker { async fn next(&mut self) {} }
/// # async fn run<T: Transport, C: Timer, E: Entropy>(ws: &mut WebSocket<'_, T, C, E, [u8; 1024], [u8; 1024]>, mut ticker: Ticker) -> Result<(), CallError> {
/// loop {
///     // `embassy_futures::select`: whichever is first. The other is dropped, which loses nothing.
///     match select(ws.next(), ticker.next()).await {
///         Either::First(event) => match event? {
///             Some((Event::Data(message), _)) => { /* a command */ }
///             Some(_) => {}
///             None => return Ok(()), // over
///         },
///         Either::Second(()) => ws.send_text("22.4 °C").await?,
///     }
/// }
/// # }
/// ```
///
/// # Dropped futures
///
/// All of them may be dropped at any time, if the transport's may ([`Transport`]).
///
/// - `next` has lost no byte and no event: call it again.
/// - [`send`](Self::send), [`send_text`](Self::send_text), [`send_part`](Self::send_part), [`ping`](Self::ping) and
///   [`when_room`](Self::when_room) have sent nothing: they wait for room in the output, and then take it whole.
/// - [`send_in_parts`](Self::send_in_parts) may have begun the message. Then whatever sends another says
///   [`MessageUnfinished`](UsageError::MessageUnfinished), until `send_part` has ended it.
/// - [`connect`](Self::connect), [`accept`](Self::accept), [`flush`](Self::flush) and [`close`](Self::close) continue where they were if they
///   are called again.
///
/// # Errors
///
/// What the peer or the transport does wrong ends the connection by an event, [`Event::Closed`], never by an `Err`, so `?` meets only
/// mistakes of the program ([`CallError`]). Why the transport failed says [`transport_error`](Self::transport_error).
///
/// # Its type
///
/// With arrays, a `static` configuration and embassy-net: `WebSocket<'static, TcpSocket<'a>, EmbassyTimer, Rng, [u8; 1024], [u8; 1024]>`; a
/// server's entropy is `NoEntropy`. Functions for any of them are generic, like the one above.
pub struct WebSocket<'c, T, C, E, I, O, J = [u8; 0], D = NoCodec> {
    pub(crate) ws: Buffered<'c, E, I, O, J, Connection<'c, E>, D>,
    pub(crate) transport: T,
    pub(crate) timer: C,
    /// The current event was not given yet.
    is_waiting: bool,
    /// Nothing was written since the last flush.
    pub(crate) is_flushed: bool,
    pub(crate) is_shut_down: bool,
    pub(crate) error: Option<ErrorKind>,
}

/// What came first: [`WebSocket::next_or`].
#[allow(clippy::large_enum_variant, reason = "it is matched where it is returned, and there is no heap for a box")]
pub enum Done<'a, 'c, R, E, D = NoCodec> {
    /// The command, and what it gave.
    Command(R),
    /// An event, with the commands that answer it.
    Event(Event<'a>, Commands<'a, 'c, E, D>),
    /// The connection is over, and everything is written.
    Over,
}

impl<'c, T, C, E, I, O, J, D> WebSocket<'c, T, C, E, I, O, J, D>
where
    T: Transport,
    C: Timer,
    E: Entropy,
    I: Buffer,
    O: Buffer,
    J: Buffer,
    D: Codec,
{
    /// A connection over `transport`, which is connected. `ws` has its buffers, owned or lent, and how messages come; `timer` is the clock of
    /// which `ws` had its time.
    ///
    /// ```
    /// # use sansocket::{Buffered, Config, Connection, Entropy};
    /// # use sansocket_embedded_io::{Timer, Transport, WebSocket};
    /// static CONFIG: Config = Config::new().max_head_len(1024);
    ///
    /// # fn connect(socket: impl Transport, mut timer: impl Timer, rng: impl Entropy) {
    /// let ws = Connection::client(&CONFIG, rng, timer.now()); // or `Connection::server(&CONFIG, timer.now())`
    /// let ws = Buffered::new(ws, [0; 1024], [0; 1024]);       // `.in_pieces()`, `.join_in(…)`, `.room_for(…)`, `.deflate(…)`
    /// let mut ws = WebSocket::new(ws, socket, timer);
    /// # }
    /// ```
    pub fn new(ws: Buffered<'c, E, I, O, J, Connection<'c, E>, D>, transport: T, timer: C) -> Self {
        Self { ws, transport, timer, is_waiting: false, is_flushed: true, is_shut_down: false, error: None }
    }

    /// A client's opening handshake. Gives the response, which borrows the input.
    ///
    /// # Errors
    /// [`HandshakeError`]. After `Refused`, the connection is of no more use.
    pub async fn connect(&mut self, request: &ClientRequest<'_>) -> Result<Response<'_>, HandshakeError> {
        match self.when_room(|ws| ws.request(request)).await {
            // It is under way since a call that was dropped.
            Err(CallError::Usage(UsageError::NotConnecting)) if self.ws.connection().state() == State::Connecting => {}
            sent => sent?,
        }
        let mut error = HandshakeError::START;
        loop {
            match self.next().await? {
                Some((Event::Opened(_), _)) => break,
                Some((event, _)) => error.note(&event),
                None => return Err(error),
            }
            if let HandshakeError::Refused { .. } = error {
                return Err(error);
            }
        }
        let now = self.timer.now();
        match self.ws.current(now) {
            Some((Event::Opened(response), _)) => Ok(response),
            _ => Err(error),
        }
    }

    /// A server's opening handshake: waits for the request, and accepts it if pages of its Origin may connect (§10.2), with the first of the
    /// configuration's subprotocols that the client offers. What is not an opening handshake is answered as HTTP wants it.
    ///
    /// Whoever decides by more than that takes [`Event::Request`] from [`next`](Self::next) instead, and answers it by the commands that come
    /// with it.
    ///
    /// # Errors
    /// [`HandshakeError`]; the peer has got the answer that refuses, and the connection is over.
    pub async fn accept(&mut self, origin: Origin<'_>) -> Result<(), HandshakeError> {
        let mut error = HandshakeError::START;
        while let Some((event, mut ws)) = self.next().await? {
            if let Event::Request(request) | Event::HttpRequest(request) = &event {
                let config = ws.connection().config();
                ws.accept_or_refuse(request, &Accept::new(origin).subprotocol(request.choose_subprotocol(config)))?;
                if ws.connection().state() == State::Open {
                    self.write_at_once().await;
                    return Ok(());
                }
            }
            error.note(&event);
        }
        Err(error)
    }

    /// Waits for the next event; `None` once the connection is over and everything is written. With the event come the commands that answer
    /// it, for which [`room_for`](Buffered::room_for) keeps room. The event before is released.
    ///
    /// # Errors
    /// As [`Buffered::next`]: mistakes of the program.
    pub async fn next(&mut self) -> Result<Option<(Event<'_>, Commands<'_, 'c, E, D>)>, CallError> {
        loop {
            let now = self.timer.now();
            if core::mem::take(&mut self.is_waiting) || self.ws.advance(now)? {
                break;
            }
            if self.ws.transport() == What::Close {
                self.end().await;
                return Ok(None);
            }
            self.turn(self.ws.next_timeout()).await;
        }
        let now = self.timer.now();
        Ok(self.ws.current(now))
    }

    /// Sends a text message. Waits for room in the output; when it is done, what the transport takes at once is on its way.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub async fn send_text(&mut self, text: &str) -> Result<(), CallError> {
        self.when_room(|ws| ws.send_text(text)).await
    }

    /// Sends a whole message, as one frame. For what is longer than the output there is [`send_in_parts`](Self::send_in_parts).
    ///
    /// # Errors
    /// As [`Commands::send`], and as [`when_room`](Self::when_room).
    pub async fn send(&mut self, kind: MessageKind, payload: &[u8]) -> Result<(), CallError> {
        self.when_room(|ws| ws.send(kind, payload)).await
    }

    /// Sends a part of a message, as much as there is room for, and returns how many bytes of `payload` that was:
    /// [`Commands::send_part`].
    ///
    /// # Errors
    /// As [`Commands::send_part`], and as [`when_room`](Self::when_room).
    pub async fn send_part(&mut self, kind: MessageKind, offset: u64, payload: &[u8], fin: bool) -> Result<usize, CallError> {
        self.when_room(|ws| ws.send_part(kind, offset, payload, fin)).await
    }

    /// Sends a message of any length, in as many fragments as the output makes of it (§5.4). Dropped in the middle, it has begun the
    /// message; nothing else can be sent then, except its rest, Pings and a Close.
    ///
    /// # Errors
    /// As [`send_part`](Self::send_part).
    pub async fn send_in_parts(&mut self, kind: MessageKind, payload: &[u8]) -> Result<(), CallError> {
        let (mut rest, mut offset) = (payload, 0);
        loop {
            let taken = self.send_part(kind, offset, rest, true).await?;
            rest = rest.get(taken..).unwrap_or_default();
            offset = offset.saturating_add(u64::try_from(taken).unwrap_or(u64::MAX));
            if rest.is_empty() {
                return Ok(());
            }
        }
    }

    /// Sends a Ping with at most 125 bytes of payload.
    ///
    /// # Errors
    /// As [`Commands::ping`], and as [`when_room`](Self::when_room).
    pub async fn ping(&mut self, payload: &[u8]) -> Result<(), CallError> {
        self.when_room(|ws| ws.ping(payload)).await
    }

    /// Any command, again and again until there is room for it; then it lets the transport take what it takes at once.
    ///
    /// While it waits, the transport is written and read and deadlines act, but only up to the next event, which `next` gives.
    ///
    /// # Errors
    /// Those of the command. [`CallError::NeedsRoom`] if an event waits, and the peer has taken nothing for
    /// [`Config::write_timeout_ms`](sansocket::Config::write_timeout_ms): nothing was sent. `next` gives the event and acts on the deadline.
    pub async fn when_room<R>(
        &mut self,
        mut act: impl FnMut(&mut Commands<'_, 'c, E, D>) -> Result<R, CallError>,
    ) -> Result<R, CallError> {
        let done = self
            .until(|ws| {
                let now = ws.timer.now();
                act(&mut ws.ws.commands(now))
            })
            .await?;
        self.write_at_once().await;
        Ok(done)
    }

    /// A command as soon as there is room for it, or the next event, whichever is first: for a program that sends something long and takes
    /// events meanwhile. Two peers that do nothing but send would stand still, since neither takes what the other sends.
    ///
    /// ```
    /// # use sansocket_embedded_io::{Done, Timer, Transport, WebSocket};
    /// # use sansocket::{CallError, Entropy, Event, MessageKind};
    /// # async fn run<T: Transport, C: Timer, E: Entropy>(ws: &mut WebSocket<'_, T, C, E, [u8; 1024], [u8; 1024]>, log: &[u8]) -> Result<(), CallError> {
    /// let mut sent = 0;
    /// while sent < log.len() {
    ///     match ws.next_or(|ws| ws.send_part(MessageKind::Binary, sent as u64, &log[sent..], true)).await? {
    ///         Done::Command(taken) => sent += taken,
    ///         Done::Event(Event::Data(message), _) => { /* a command for the device */ }
    ///         Done::Event(..) => {}
    ///         Done::Over => break,
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Those of the command and of [`next`](Self::next).
    pub async fn next_or<R>(
        &mut self,
        mut act: impl FnMut(&mut Commands<'_, 'c, E, D>) -> Result<R, CallError>,
    ) -> Result<Done<'_, 'c, R, E, D>, CallError> {
        loop {
            let now = self.timer.now();
            if self.ws.transport() == What::Close && !self.is_waiting {
                self.end().await;
                return Ok(Done::Over);
            }
            match act(&mut self.ws.commands(now)) {
                Err(CallError::NeedsRoom { .. }) => {}
                done => {
                    let done = done?;
                    self.write_at_once().await;
                    return Ok(Done::Command(done));
                }
            }
            if core::mem::take(&mut self.is_waiting) || self.ws.advance(now)? {
                break;
            }
            self.turn(self.ws.next_timeout()).await;
        }
        let now = self.timer.now();
        Ok(self.ws.current(now).map_or(Done::Over, |(event, ws)| Done::Event(event, ws)))
    }

    /// Waits until the transport has taken everything, and flushed it: before a sleep in which nothing is polled.
    ///
    /// # Errors
    /// As [`when_room`](Self::when_room).
    pub async fn flush(&mut self) -> Result<(), CallError> {
        self.until(|ws| {
            let is_over = ws.is_written() || ws.ws.connection().state() == State::Closed;
            if is_over { Ok(()) } else { Err(CallError::NeedsRoom { bytes: ws.ws.due().len() }) }
        })
        .await
    }

    /// The closing handshake, up to the end of the connection. Events that still come are dropped; whoever wants them calls
    /// `when_room(|ws| ws.close(…))` and `next`. Returns whether both Closes were exchanged.
    ///
    /// # Errors
    /// As [`Commands::close`].
    pub async fn close(&mut self, code: impl Into<Option<CloseCode>>, reason: &str) -> Result<bool, CallError> {
        let code = code.into();
        loop {
            match self.when_room(|ws| ws.close(code, reason)).await {
                Err(CallError::NeedsRoom { .. }) => _ = self.next().await?,
                closed => break closed?,
            }
        }
        while self.next().await?.is_some() {}
        Ok(self.ws.connection().was_clean())
    }

    /// The connection: its state, what was agreed, its role and so on.
    pub fn connection(&self) -> &Connection<'c, E> {
        self.ws.connection()
    }

    /// Why the transport failed, if it did. The first error counts.
    pub fn transport_error(&self) -> Option<ErrorKind> {
        self.error
    }

    /// Gives the transport back. What is not written yet is dropped.
    pub fn into_transport(self) -> T {
        self.transport
    }

    /// Turns until `done` gives something else than that it needs room. It changes nothing before that.
    async fn until<R>(&mut self, mut done: impl FnMut(&mut Self) -> Result<R, CallError>) -> Result<R, CallError> {
        let mut patience = None;
        loop {
            match done(self) {
                Err(CallError::NeedsRoom { bytes }) => {
                    if !self.wait_for_room(&mut patience).await? {
                        return Err(CallError::NeedsRoom { bytes });
                    }
                }
                done => return done,
            }
        }
    }

    /// One step towards more room. False if it has been waited for long enough. `patience`: until when to wait for a peer that takes nothing,
    /// while an event is in the way of the machine's own deadline.
    async fn wait_for_room(&mut self, patience: &mut Option<Instant>) -> Result<bool, CallError> {
        let now = self.timer.now();
        if self.is_waiting {
            let limit = patience.or_else(|| after(now, self.ws.connection().config().write_timeout_ms));
            if limit.is_some_and(|limit| limit <= now) {
                return Ok(false);
            }
            let due = self.ws.due().len();
            self.turn(limit).await;
            *patience = if self.ws.due().len() < due { None } else { limit };
        } else if self.ws.advance(now)? {
            self.is_waiting = true;
        } else {
            self.turn(self.ws.next_timeout()).await;
        }
        Ok(true)
    }
}

impl HandshakeError {
    /// Before anything is known.
    const START: Self = Self::Ended { cause: EndCause::EndOfInput };

    /// What an event says of the reason. The first fault counts.
    fn note(&mut self, event: &Event<'_>) {
        if let Self::Ended { .. } = self {
            *self = match event {
                Event::Refused { response, error, .. } => Self::Refused { status: response.status(), error: *error },
                Event::Failed { error, .. } => Self::Failed { error: *error },
                Event::HttpRequest(_) | Event::Request(_) => Self::NotAccepted,
                Event::Closed { cause, .. } => Self::Ended { cause: *cause },
                _ => return,
            };
        }
    }
}
