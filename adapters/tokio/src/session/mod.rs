//! A client that comes back: connections to a server, one after the other, as one thing to send to and to take events from.
//!
//! ```
//! use sansocket_tokio::session::{Event, Session};
//! use sansocket_tokio::{CloseCode, Message, Origin, accept};
//! use tokio::net::TcpListener;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let listener = TcpListener::bind("127.0.0.1:0").await?;
//! # let url = format!("ws://{}/", listener.local_addr()?);
//! # tokio::spawn(async move {
//! #     let (socket, _) = listener.accept().await?;
//! #     let mut ws = accept(socket, Origin::Any).await?;
//! #     while let Some(message) = ws.next().await.transpose()? {
//! #         ws.send(message).await?;
//! #     }
//! #     Ok::<(), sansocket_tokio::Error>(())
//! # });
//! let mut session = Session::new(&url)?;
//! session.send("Hello")?; // waits for the connection
//! while let Some(event) = session.next().await {
//!     match event {
//!         Event::Up(_) => println!("connected"),
//!         Event::Message(message) => {
//!             assert_eq!(message, Message::text("Hello"));
//!             session.close(CloseCode::NORMAL_CLOSURE, "")?;
//!         }
//!         Event::Down { cause, retry_in: Some(wait), .. } => println!("{cause}, again in {wait:?}"),
//!         Event::Down { cause, .. } => println!("{cause}"),
//!         _ => {}
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! All rules are those of [`sansocket_session::Session`], which this module drives over tokio's sockets and by tokio's clock.

mod builder;
mod codec;
mod event;
pub(crate) mod link;
mod sender;

pub use builder::Builder;
pub use event::{Event, Response};
pub use sansocket_session::{
    Cause, DialError, Heartbeat, HeartbeatAnswer, Numbers, Overflow, ProxyError, QUEUE_OVERHEAD, RedirectError, SendError,
    SessionConfig, SessionState, SetupError,
};
pub use sender::Sender;

use crate::timer::Timer;
pub(crate) use builder::Headers;
#[cfg(feature = "socketio")]
pub(crate) use builder::Parts;
use codec::Codec;
use core::future::poll_fn;
use core::ops::Deref;
use core::pin::Pin;
use core::task::{Context, Poll};
pub(crate) use event::Taken;
use futures_core::Stream;
pub(crate) use link::Link;
use sansocket::{CallError, Config, Header, Instant, UsageError};

/// The state machine.
pub(crate) type Machine = sansocket_session::Session<'static, crate::random::Random, Vec<u8>, Vec<u8>, Vec<u8>, Vec<u8>, Codec>;

static CONFIG: Config<'static> = Config::new();
static SESSION: SessionConfig<'static> = SessionConfig::new();

/// So many microseconds after the system has given no random bytes it is asked again.
pub(crate) const ENTROPY_PAUSE_US: u64 = 100_000;

/// A client that comes back. [`next`](Self::next) takes its events; what it sends and decides are the methods of its [`Sender`], to which it
/// dereferences.
///
/// # It lives while it is polled
///
/// [`next`](Self::next) is what dials, writes, reads, answers Pings and acts on deadlines. A program that only sends calls it all the same, in
/// one arm of `tokio::select!` or in a task of its own, and has [`sender`](Self::sender) for the others. Its future has no state and may be
/// dropped anywhere. Between two calls nothing happens: what a handler decides before the next call of `next` comes before anything else, and
/// so a handler may wait for a new token, and then call [`retry_in`](Sender::retry_in).
///
/// # What is promised
///
/// - **At most once.** Each message has a number, and is handed to one connection or to none. What was handed over and may be lost is told by
///   [`Event::Down`], what was dropped unsent by [`Event::Dropped`]. Nothing is sent a second time.
/// - **In order**, except for [`send_now`](Sender::send_now). What waits leaves after the handler of [`Event::Up`].
/// - **No tight loop.** Waits are random from the first on, and grow until a connection has been up for a while ([`SessionConfig`]).
/// - **Dead links are found**: 45 s after the last sign of life at the latest, by the deadlines of [`Config`], and 20 s after the machine has
///   slept.
/// - **One transport at a time.** One that was given up is dropped, and what it would still have said goes nowhere.
///
/// Dropping the session cuts the connection off, and senders get [`SendError::Stopped`]. [`close`](Sender::close) and read on until `None`
/// before.
///
/// # Memory
///
/// Its own, of fixed size, given out when it is made: by default messages of 64 KiB in each direction, and a queue of 256 KiB
/// ([`Builder`]).
pub struct Session {
    sender: Sender,
    link: Link,
    timer: Timer,
    headers: Headers,
    /// The transport stands, to this URL, and the opening handshake has to be asked for.
    connected: Option<String>,
    /// The text for humans in the server's Close.
    close_reason: String,
}

impl Session {
    /// A session with the server of `url`, with all defaults: [`Builder::start`].
    ///
    /// # Errors
    /// As there.
    pub fn new(url: &str) -> Result<Self, SetupError> {
        Self::builder(&CONFIG, &SESSION).start(url)
    }

    /// What a session is made of: the settings of its connections and its own, usually two `static`s, and what [`Builder`] adds.
    pub fn builder(config: &'static Config<'static>, session: &'static SessionConfig<'static>) -> Builder {
        Builder::new(config, session)
    }

    /// What happens next; `None` once the session has stopped, after [`Event::Down`] or [`Event::GaveUp`].
    pub async fn next(&mut self) -> Option<Event> {
        poll_fn(|cx| self.poll_event(cx)).await
    }

    /// A handle for other tasks, which can do all that this one can but [`next`](Self::next).
    pub fn sender(&self) -> Sender {
        self.sender.clone()
    }

    fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Option<Event>> {
        self.sender.listen(cx);
        let polled = loop {
            match self.step() {
                Ok(Step::Event(event)) => break Poll::Ready(Some(event)),
                Ok(Step::Again) => continue,
                Ok(Step::Quiet) => {}
                Err(CallError::EntropyFailed) => match self.poll_pause(cx) {
                    Poll::Ready(()) => continue,
                    Poll::Pending => break Poll::Pending,
                },
                Err(error) => {
                    self.sender.close(None, "").ok();
                    let error = if let CallError::Usage(error) = error { error } else { UsageError::BufferTooShort };
                    break Poll::Ready(Some(Event::Usage(error)));
                }
            }
            let (clock, mut core) = (self.sender.clock(), self.sender.lock());
            if core.machine.state() == SessionState::Stopped {
                break Poll::Ready(None);
            }
            let deadline = core.machine.next_timeout();
            let passed = deadline.map_or(Poll::Pending, |deadline| self.timer.poll(cx, clock, deadline));
            if self.link.poll_turn(cx, &mut core.machine, clock, passed).is_pending() {
                break Poll::Pending;
            }
        };
        if polled.is_ready() {
            self.sender.ignore();
        }
        polled
    }

    /// What the machine does by itself.
    fn step(&mut self) -> Result<Step, CallError> {
        if let Some(url) = self.connected.clone() {
            let requested = self.request(&url);
            if requested != Err(CallError::EntropyFailed) {
                // Not before: without its header fields the machine would ask, too.
                self.connected = None;
            }
            return requested.map(|()| Step::Again);
        }
        let now = self.sender.clock().now();
        let mut core = self.sender.lock();
        if core.machine.state() == SessionState::Idle {
            core.machine.start(now);
        }
        if !core.machine.advance(now)? {
            return Ok(if core.finish(now) { Step::Again } else { Step::Quiet });
        }
        let taken = Taken::of(&mut core.machine, now);
        // The machine uses its transport no more, and so it goes before the program has the event.
        self.link.drop_unless_wanted(&core.machine);
        Ok(match taken {
            Taken::Event(Event::Down { cause, retry_in, unconfirmed, .. }) => {
                let reason = core::mem::take(&mut self.close_reason);
                let error = self.link.take_error().filter(|_| matches!(cause, Cause::Dial(_) | Cause::Lost(_)));
                Step::Event(Event::Down { cause, retry_in, unconfirmed, reason, error })
            }
            Taken::Event(event) => Step::Event(event),
            Taken::Connected(url) => {
                self.connected = Some(url);
                Step::Again
            }
            Taken::CloseReceived(reason) => {
                self.close_reason = reason;
                Step::Again
            }
            Taken::Nothing => Step::Again,
        })
    }

    /// Asks for the opening handshake.
    fn request(&mut self, url: &str) -> Result<(), CallError> {
        let home = self.sender.lock().url.clone();
        // The program's own code runs here, and may send: without the lock.
        let fields = self.headers.for_url(url, &home);
        let headers: Vec<_> = fields.iter().map(|(name, value)| Header::new(name, value)).collect();
        let now = self.sender.clock().now();
        match self.sender.lock().machine.commands(now).request(self.headers.origin(), &headers) {
            // A sender has closed the session meanwhile.
            Err(CallError::Usage(UsageError::NotConnecting)) => Ok(()),
            requested => requested,
        }
    }

    /// Waits, since the system has given no random bytes.
    fn poll_pause(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let clock = self.sender.clock();
        let until = Instant::from_micros(clock.now().as_micros().saturating_add(ENTROPY_PAUSE_US));
        self.timer.poll(cx, clock, until).map(drop)
    }
}

/// What came of a step.
enum Step {
    Event(Event),
    Again,
    /// Nothing more without the transport.
    Quiet,
}

impl Deref for Session {
    type Target = Sender;

    fn deref(&self) -> &Sender {
        &self.sender
    }
}

impl Stream for Session {
    type Item = Event;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Event>> {
        self.get_mut().poll_event(cx)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // What senders give it from now on would wait for ever.
        self.sender.close(None, "").ok();
    }
}

/// Shows no bytes and no values of header fields, which may be credentials (§10.6).
impl core::fmt::Debug for Session {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.sender.fmt(f)
    }
}
