//! The session: a client's connections, one after the other, and what stands between them.

use sansocket::{Buffer, Buffered, CallError, Connection, Entropy, Instant, NoCodec, State, Url};

use crate::cause::Cause;
use crate::cause::DialError;
use crate::commands::Commands;
use crate::config::SessionConfig;
use crate::control::{Control, Shown, Stage};
use crate::error::SetupError;
use crate::event::{Dial, Epoch, Event, SessionState, Transport};
use crate::proxy::Proxy;
use crate::time::NEVER;

/// A client's session: connections that follow one another, as one thing to send to and to take events from. It does no I/O of its own: it
/// says when to dial, what to write and where to read into.
///
/// It stands on a [`Buffered`] connection, and its loop is that one's, with the transport's coming and going in addition. `M` is memory that
/// the caller lends: for the URL ([`url_memory_len`](SessionConfig::url_memory_len)), and after it for messages that wait.
///
/// # The loop
///
/// 1. [`next`](Self::next), until it gives no event.
/// 2. Obey [`transport`](Self::transport): dial, start TLS, shut down, drop what there is.
/// 3. Write [`due`](Self::due), report it by [`written`](Self::written).
/// 4. Wait until the transport can be read, if [`wants_reading`](Self::wants_reading), or written, if there is something due, or until
///    [`next_timeout`](Self::next_timeout). Read into [`space`](Self::space), and report what came by [`filled`](Self::filled): 0 if nothing did.
///
/// The crate's page has it as a program.
///
/// # What it promises
///
/// - **At most once.** A message is handed to one connection or to none. What was handed over and may be lost is told by
///   [`Event::Down`]; what was dropped unsent by [`Event::Dropped`]. Nothing is sent a second time.
/// - **In order.** Messages leave in the order of their numbers, except for those sent by [`send_now`](Commands::send_now).
/// - **`Up` first.** The queue leaves after the handler of [`Event::Up`] has had its say.
/// - **Spread out.** Waits are random from the first on (RFC 6455 §7.2.3), and grow until a connection has been up for a while.
/// - **Stale transports are ignored.** Reports name the [`Epoch`] of their dial.
pub struct Session<'c, E, I, O, M, J = [u8; 0], D = NoCodec> {
    pub(crate) ws: Buffered<'c, E, I, O, J, Connection<'c, E>, D>,
    pub(crate) memory: M,
    pub(crate) control: Control<'c>,
}

impl<'c, E: Entropy, I: Buffer, O: Buffer, M: Buffer, J: Buffer, D: sansocket::Codec> Session<'c, E, I, O, M, J, D> {
    /// A session with the server of `url`, over a client's connection that was not used before. It does nothing until it is
    /// [started](Self::start).
    ///
    /// # Errors
    /// [`SetupError`]: the URL, the proxy's, or the memory.
    pub fn new(
        mut ws: Buffered<'c, E, I, O, J, Connection<'c, E>, D>,
        config: &'c SessionConfig<'c>,
        url: &str,
        memory: M,
    ) -> Result<Self, SetupError> {
        // A frame of the longest message has a header of 14 bytes.
        let longest = ws.room().saturating_sub(sansocket::frame::FrameHeader::MAX_LEN);
        let input_len = ws.space().map_or(0, |space| space.len());
        let mut session = Self { ws, memory, control: Control::new(config, longest, input_len) };
        session.set_url(url)?;
        Ok(session)
    }

    /// Dials another URL from the next dial on. A dial that is under way, up to the end of the opening handshake, is given up for it,
    /// without an event: what the handler of [`Event::Connected`] says is for the host that it is told.
    ///
    /// # Errors
    /// As [`new`](Self::new); the old one stays.
    pub fn set_url(&mut self, url: &str) -> Result<(), SetupError> {
        let config = self.control.config;
        Url::parse(url).map_err(SetupError::Url)?;
        // Also where it is not wanted: a redirect may lead to where it is.
        if !config.proxy.trim_ascii().is_empty() {
            Proxy::parse(config.proxy.trim_ascii()).map_err(SetupError::Proxy)?;
        }
        let len = u16::try_from(url.len()).ok().filter(|&len| len <= config.max_url_len).ok_or(SetupError::UrlTooLong)?;
        let memory = self.memory.as_mut().get_mut(..config.url_memory_len()).ok_or(SetupError::MemoryTooShort)?;
        memory.iter_mut().zip(url.bytes()).for_each(|(to, from)| *to = from);
        (self.control.url_len, self.control.redirect_len, self.control.redirects) = (len, 0, 0);
        let is_opening = self.control.stage == Stage::Live && self.ws.connection().state() == State::Connecting;
        if is_opening || self.control.is_dialling() {
            self.control.stage = Stage::Redirecting;
        }
        Ok(())
    }

    /// Dials, unless the session is started already. After it has stopped this starts it again.
    pub fn start(&mut self, now: Instant) {
        if let Stage::Idle | Stage::Stopped | Stage::GivingUp = self.control.stage {
            (self.control.failures, self.control.closes) = (0, false);
            self.control.dial(now);
        }
    }

    /// Releases the current event and goes on to the next; `None` if there is none. Then the transport is to be obeyed, written, read or
    /// waited for.
    ///
    /// # Errors
    /// [`CallError::EntropyFailed`] if there is no masking key: call it again. [`CallError::Usage`] if a buffer is too short: for the
    /// opening handshake, for CONNECT, or as [`Buffered::next`] says.
    #[expect(clippy::type_complexity, reason = "an alias would hide what comes with an event")]
    pub fn next(&mut self, now: Instant) -> Result<Option<(Event<'_>, Commands<'_, 'c, E, D>)>, CallError> {
        Ok(if self.advance(now)? { self.current(now) } else { None })
    }

    /// The current event, once more.
    pub fn current(&mut self, now: Instant) -> Option<(Event<'_>, Commands<'_, 'c, E, D>)> {
        let Self { ws, memory, control, .. } = self;
        let (urls, queue) = split(memory, control.config);
        let url = url_of(urls, control);
        let event = match control.shown {
            Shown::Nothing => return None,
            Shown::Live => {
                let (event, ws) = ws.current(now)?;
                return Some((live_event(event)?, Commands { ws: Some(ws), control, queue, url, now }));
            }
            Shown::ProxyRefused => {
                let config = ws.connection().config();
                let response = sansocket::Response::parse(ws.unread(), config).ok()??;
                return Some((Event::ProxyRefused(response), Commands { ws: None, control, queue, url, now }));
            }
            Shown::Connected => Event::Connected { url },
            Shown::Redirected { status } => Event::Redirected { status, url },
            Shown::Down { cause, retry_in_ms, unconfirmed } => Event::Down { cause, retry_in_ms, unconfirmed },
            Shown::Dropped(numbers) => Event::Dropped(numbers),
            Shown::GaveUp => Event::GaveUp,
        };
        Some((event, Commands { ws: Some(ws.commands(now)), control, queue, url, now }))
    }

    /// What the program sends and decides of its own accord. Call [`next`](Self::next) before you wait.
    pub fn commands(&mut self, now: Instant) -> Commands<'_, 'c, E, D> {
        let Self { ws, memory, control, .. } = self;
        let (urls, queue) = split(memory, control.config);
        let url = url_of(urls, control);
        Commands { ws: Some(ws.commands(now)), control, queue, url, now }
    }

    /// What to do with the transport now.
    pub fn transport(&self) -> Transport<'_> {
        match self.control.stage {
            Stage::Dialing => self.dial().map_or(Transport::None, Transport::Dial),
            Stage::Securing => match Url::parse(self.url()) {
                Ok(url) => Transport::StartTls { host: url.host(), epoch: self.epoch() },
                Err(_) => Transport::None,
            },
            _ if !self.control.has_transport() => Transport::None,
            _ if self.ws.transport() == sansocket::Transport::ShutdownWrite => Transport::ShutdownWrite,
            _ => Transport::Keep,
        }
    }

    fn dial(&self) -> Option<Dial<'_>> {
        let Control { config, failures, .. } = self.control;
        let (epoch, url) = (self.epoch(), Url::parse(self.url()).ok()?);
        Some(match Proxy::for_url(&url, config.proxy, config.no_proxy).ok()? {
            Some(proxy) => Dial { epoch, host: proxy.host(), port: proxy.port(), tls: false, is_proxy: true, failures },
            None => Dial { epoch, host: url.host(), port: url.port(), tls: url.is_secure(), is_proxy: false, failures },
        })
    }

    /// The transport stands: connected to the host that [`Dial`] names, with TLS if that says so, or with TLS in the tunnel.
    pub fn connected(&mut self, epoch: Epoch, now: Instant) {
        let is_proxy = self.dial().is_some_and(|dial| dial.is_proxy);
        let stage = match self.control.stage {
            Stage::Dialing if is_proxy => Stage::Greeting,
            Stage::Dialing | Stage::Securing => Stage::Connected,
            _ => return,
        };
        if epoch == self.epoch() {
            self.control.stage = stage;
            self.control.looked = now;
            self.ws.reconnect(now);
        }
    }

    /// There is no transport, or TLS has failed.
    pub fn dial_failed(&mut self, epoch: Epoch, error: DialError) {
        if let (true, Stage::Dialing | Stage::Securing) = (epoch == self.epoch(), self.control.stage) {
            self.control.stage = Stage::Over(Cause::Dial(error));
        }
    }

    /// What is to be written to the transport, in this order; it stays where it is until [`written`](Self::written).
    pub fn due(&self) -> &[u8] {
        if self.control.has_transport() { self.ws.due() } else { &[] }
    }

    /// The transport of this epoch has taken the first `n` bytes of [`due`](Self::due). Call [`next`](Self::next) before you wait.
    pub fn written(&mut self, epoch: Epoch, n: usize, now: Instant) {
        if self.is_of(epoch) {
            self.ws.written(n, now);
        }
    }

    /// The transport of this epoch takes no more. What has arrived can still be read, until [`eof`](Self::eof); what is sent waits for the
    /// next connection.
    pub fn write_failed(&mut self, epoch: Epoch) {
        if self.is_of(epoch) {
            self.control.is_mute = true;
            self.ws.write_failed();
        }
    }

    /// Where the transport's next bytes go; never empty. `None` if nothing should be read now. It stays where it is until
    /// [`filled`](Self::filled).
    pub fn space(&mut self) -> Option<&mut [u8]> {
        if self.control.has_transport() { self.ws.space() } else { None }
    }

    /// The transport of this epoch has put `n` bytes at the start of [`space`](Self::space); 0: there was nothing to read, and deadlines up
    /// to now may act ([`Buffered::filled`]).
    pub fn filled(&mut self, epoch: Epoch, n: usize, now: Instant) {
        if self.is_of(epoch) {
            self.control.looked = self.control.looked.max(now);
            self.ws.filled(n, now);
        }
    }

    /// The input of the transport of this epoch has ended, in order or by a reset.
    pub fn eof(&mut self, epoch: Epoch) {
        if self.is_of(epoch) {
            self.ws.eof();
        }
    }

    /// [`due`](Self::due) and [`space`](Self::space) at once; `None` without a transport.
    pub fn io(&mut self) -> Option<sansocket::Io<'_>> {
        if self.control.has_transport() { Some(self.ws.io()) } else { None }
    }

    /// Whether [`space`](Self::space) lends something.
    pub fn wants_reading(&self) -> bool {
        self.control.has_transport() && self.ws.wants_reading()
    }

    /// When to call [`next`](Self::next) again, if nothing happens before: while there is a transport, after a [`filled`](Self::filled),
    /// with 0 if need be. A time that has passed says at once. `None` if there is no deadline.
    pub fn next_timeout(&self) -> Option<Instant> {
        let Control { stage, dropped, looked, connect_deadline, beat, .. } = self.control;
        if !dropped.is_empty() {
            return Some(looked);
        }
        let next = match stage {
            Stage::Idle | Stage::Stopped => return None,
            Stage::Backoff { until } => until,
            Stage::Dialing | Stage::Securing => connect_deadline,
            Stage::Tunnelling => self.ws.next_timeout().unwrap_or(NEVER).min(connect_deadline),
            Stage::Live => self.ws.next_timeout().unwrap_or(NEVER).min(match self.ws.connection().state() {
                State::Connecting => connect_deadline,
                State::Open => beat.due,
                State::Closing | State::Closed => NEVER,
            }),
            Stage::Body(_) => self.ws.next_timeout().unwrap_or(NEVER).min(connect_deadline),
            Stage::Ending(_) if self.ws.transport() != sansocket::Transport::Close => self.ws.next_timeout().unwrap_or(NEVER),
            _ => looked,
        };
        (next != NEVER).then_some(next)
    }

    /// Milliseconds from `now` until [`next_timeout`](Self::next_timeout), rounded up: the timeout for `poll` and the like.
    pub fn millis_until_timeout(&self, now: Instant) -> Option<u64> {
        let us = self.next_timeout()?.as_micros().saturating_sub(now.as_micros());
        Some(us.div_ceil(1000))
    }

    /// Where the session stands.
    pub fn state(&self) -> SessionState {
        use SessionState as S;
        match self.control.stage {
            Stage::Idle => S::Idle,
            Stage::Dialing | Stage::Greeting | Stage::Tunnelling | Stage::Securing | Stage::Redirecting => S::Dialing,
            Stage::Connected | Stage::Requesting | Stage::Reasking => S::Handshaking,
            Stage::Live => match self.ws.connection().state() {
                State::Connecting => S::Handshaking,
                State::Open => S::Open,
                _ => S::Closing,
            },
            Stage::Body(_) | Stage::Ending(_) | Stage::Over(_) => S::Closing,
            Stage::Backoff { .. } => S::Backoff,
            // What was dropped has yet to be told.
            Stage::Stopped if self.control.dropped.is_empty() => S::Stopped,
            Stage::GivingUp | Stage::Stopped => S::Closing,
        }
    }

    /// The dial that counts, or the next one's forerunner: what is reported of any other transport is ignored.
    pub fn epoch(&self) -> Epoch {
        Epoch(self.control.epoch)
    }

    /// The URL that is dialled: the session's, or the one that it was redirected to.
    pub fn url(&self) -> &str {
        let urls = self.memory.as_ref().get(..self.control.config.url_memory_len()).unwrap_or_default();
        url_of(urls, &self.control)
    }

    /// How many messages wait in the queue.
    pub fn queued(&self) -> u32 {
        self.control.queue.len()
    }

    /// The number of the latest message; 0 if there was none.
    pub fn last_number(&self) -> u64 {
        self.control.last_number
    }

    /// How many dials have failed and connections have ended in a row, which the next wait depends on. The end of one that was up for
    /// [`min_uptime_ms`](SessionConfig::min_uptime_ms) begins the count anew, at 1.
    pub fn failures(&self) -> u32 {
        self.control.failures
    }

    /// The connection: what was agreed, its round trip, and so on. Without a transport, that of the last one.
    pub fn connection(&self) -> &Connection<'c, E> {
        self.ws.connection()
    }

    /// What has arrived and no event has shown yet: after [`Event::Refused`], and until the next call of [`next`](Self::next), the body of the
    /// answer, as far as it came with the head; more of it after [`read_body`](Commands::read_body).
    pub fn unread(&self) -> &[u8] {
        self.ws.unread()
    }

    /// Drops the first `n` bytes of the body of a refusal, which makes space for more.
    pub fn discard(&mut self, n: usize) {
        if let Stage::Body(_) = self.control.stage {
            self.ws.discard(n);
        }
    }

    /// The program takes no messages for now: [`Buffered::pause`], on this connection, if it is open, and on those after it. That connections
    /// come and go is told all the same.
    pub fn pause(&mut self, now: Instant) {
        self.control.is_paused = true;
        self.pause_open(now);
    }

    /// Ends a [`pause`](Self::pause).
    pub fn resume(&mut self, now: Instant) {
        self.control.is_paused = false;
        self.ws.resume(now);
    }

    /// An opening handshake and an answer of a proxy are the session's to read, also during a pause.
    pub(crate) fn pause_open(&mut self, now: Instant) {
        if self.control.is_paused && self.control.stage == Stage::Live && self.ws.connection().state() == State::Open {
            self.ws.pause(now);
        }
    }

    fn is_of(&self, epoch: Epoch) -> bool {
        epoch == self.epoch() && self.control.has_transport()
    }
}

/// Shows no bytes, which are the users' own, and no query, which may hold credentials (RFC 6455 §10.6).
impl<'c, E: Entropy, I: Buffer, O: Buffer, M: Buffer, J: Buffer, D: sansocket::Codec> core::fmt::Debug
    for Session<'c, E, I, O, M, J, D>
{
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let (state, url) = (self.state(), Url::parse(self.url()).ok());
        let (failures, queued) = (self.failures(), self.queued());
        f.debug_struct("Session")
            .field("state", &state)
            .field("url", &url)
            .field("failures", &failures)
            .field("queued", &queued)
            .finish_non_exhaustive()
    }
}

/// The memory of the URLs, and that of the queue.
pub(crate) fn split<'m>(memory: &'m mut impl Buffer, config: &SessionConfig<'_>) -> (&'m mut [u8], &'m mut [u8]) {
    memory.as_mut().split_at_mut_checked(config.url_memory_len()).unwrap_or_default()
}

/// The URL that is dialled, in the memory of URLs.
pub(crate) fn url_of<'m>(urls: &'m [u8], control: &Control<'_>) -> &'m str {
    let url = match control.redirect_len {
        0 => urls.get(..usize::from(control.url_len)),
        len => urls.get(usize::from(control.config.max_url_len)..).and_then(|urls| urls.get(..usize::from(len))),
    };
    // What is copied there are whole texts.
    core::str::from_utf8(url.unwrap_or_default()).unwrap_or_default()
}

/// An event of the connection as the session gives it; `None` for those that it does not give.
fn live_event(event: sansocket::Event<'_>) -> Option<Event<'_>> {
    use sansocket::Event as E;
    Some(match event {
        E::Opened(response) => Event::Up(response),
        E::Data(data) => Event::Data(data),
        E::Ping { payload, .. } => Event::Ping { payload },
        E::Pong { payload, answers, .. } => Event::Pong { payload, answers },
        E::CloseReceived { code, reason, .. } => Event::CloseReceived { code, reason },
        E::Failed { error, .. } => Event::Failed { error },
        E::Refused { response, .. } => Event::Refused(response),
        _ => return None,
    })
}
