//! A client of Socket.IO that comes back: `emit`, acknowledgements, namespaces, binary, recovery.
//!
//! ```no_run
//! use sansocket_tokio::socketio::client::{Args, Client, Event};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let mut client = Client::builder().auth(|_| Some(r#"{"token":"abc"}"#.to_owned())).start("https://example.com/chat")?;
//! client.emit("say", "Hello")?; // waits for the connection
//! client.emit("photo", Args::new().text("cat.png").binary(vec![1, 2, 3]))?;
//! while let Some(event) = client.next().await {
//!     match event {
//!         Event::Connected { recovered, .. } => println!("connected, recovered: {recovered}"),
//!         Event::Message(message) => match message.name() {
//!             "say" => println!("{}", message.text(0).unwrap_or_default()),
//!             "ping" => message.ack("pong")?,
//!             other => println!("{other}: {}", message.args_json()),
//!         },
//!         Event::ConnectError { refusal, .. } => println!("not let in: {}", refusal.message()),
//!         Event::Disconnected { reason, .. } => println!("{}", reason.as_str()),
//!         _ => {}
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! All rules are those of [`sansocket_socketio::client`] and of [`session`](crate::session), which this module drives over tokio's sockets and by
//! tokio's clock.

mod args;
mod builder;
mod event;
mod incoming;
pub(crate) mod polling;
mod socket;

pub use args::Args;
pub use builder::Builder;
pub use event::{Event, Message, Payload, Refusal};
pub use sansocket_socketio::client::{
    AckError, ClientConfig, ConnectError, EmitError, Fault, NamespaceState, Reason, TargetError,
};
pub use socket::{Answer, Socket};

use crate::session::{Cause, ENTROPY_PAUSE_US, Headers, Link, SessionState};
use crate::timer::Timer;
use builder::Auth;
use core::future::poll_fn;
use core::ops::Deref;
use core::pin::Pin;
use core::task::{Context, Poll};
use futures_core::Stream;
use incoming::{Incoming, Taken};
use sansocket::{CallError, Header, Instant, UsageError};
use sansocket_socketio::client::NamespaceId;
use socket::{Core, Shared};

/// A client of Socket.IO that comes back. [`next`](Self::next) takes its events; to emit is for its [`Socket`]s, one for each namespace. It
/// dereferences to that of the namespace in its URL.
///
/// # It lives while it is polled
///
/// [`next`](Self::next) is what dials, writes, reads, answers pings and acts on deadlines. A program calls it all the time, in one arm of
/// `tokio::select!` or in a task of its own. Who waits for an acknowledgement ([`Socket::emit_with_ack`]) does that in another task or arm.
/// Its future has no state and may be dropped anywhere.
///
/// # What is promised
///
/// - **At most once**, in both directions. What was handed over and may be lost is told by [`Event::Down`], what was dropped unsent by
///   [`Event::Dropped`], an acknowledgement that will not come by [`AckError`].
/// - **In order.** What is emitted without a connection waits, and leaves after [`Event::Connected`].
/// - **It comes back** after whatever has ended the connection, with waits that grow and are random, and joins its namespaces anew. Not
///   after [`disconnect`](Socket::disconnect), nor where the server has disconnected it or has refused it: [`Socket::connect`] tries again.
/// - **What was missed** meanwhile comes once, before `Connected { recovered: true, .. }`, if the server has connection state recovery.
///
/// Dropping the client cuts the connection off. [`close`](Socket::close) and read on until `None` before.
pub struct Client {
    socket: Socket,
    driver: Driver,
}

/// What only the task that polls needs.
struct Driver {
    link: Link,
    timer: Timer,
    headers: Headers,
    auth: Option<Auth>,
    /// The transport stands, to this URL, and the opening handshake has to be asked for.
    connected: Option<String>,
    /// CONNECT is to be sent to this namespace.
    joining: Option<NamespaceId>,
    incoming: Incoming,
    /// The text for humans in the server's Close.
    close_reason: String,
}

impl Client {
    /// A client for the server and the namespace of `url`, with all defaults: [`Builder::start`].
    ///
    /// # Errors
    /// As there.
    pub fn new(url: &str) -> Result<Self, StartError> {
        Self::builder().start(url)
    }

    /// What a client is made of.
    pub fn builder() -> Builder {
        Builder::new()
    }

    /// What happens next; `None` once the client has stopped: no namespace is left, it was closed, or it has given up.
    pub async fn next(&mut self) -> Option<Event> {
        poll_fn(|cx| self.poll_event(cx)).await
    }

    /// The namespace of the URL, for other tasks.
    pub fn socket(&self) -> Socket {
        self.socket.clone()
    }

    /// Another namespace, which is joined now and at each connection. The same again if it is there already.
    ///
    /// # Errors
    /// Any [`ConnectError`].
    pub fn namespace(&self, name: &str) -> Result<Socket, ConnectError> {
        self.socket.namespace(name)
    }

    fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Option<Event>> {
        let Self { socket, driver } = self;
        let shared = socket.shared();
        shared.listen(cx);
        let polled = driver.poll_event(socket, cx);
        if polled.is_ready() {
            shared.ignore();
        }
        polled
    }
}

impl Driver {
    fn poll_event(&mut self, socket: &Socket, cx: &mut Context<'_>) -> Poll<Option<Event>> {
        let shared = socket.shared();
        loop {
            match self.step(socket) {
                Ok(Step::Event(event)) => return Poll::Ready(Some(event)),
                Ok(Step::Again) => continue,
                Ok(Step::Quiet) => {}
                Err(CallError::EntropyFailed) => {
                    let until = Instant::from_micros(shared.clock().now().as_micros().saturating_add(ENTROPY_PAUSE_US));
                    match self.timer.poll(cx, shared.clock(), until) {
                        Poll::Ready(_) => continue,
                        Poll::Pending => return Poll::Pending,
                    }
                }
                Err(error) => {
                    socket.close();
                    let error = if let CallError::Usage(error) = error { error } else { UsageError::BufferTooShort };
                    return Poll::Ready(Some(Event::Usage(error)));
                }
            }
            let mut core = shared.lock();
            if core.machine.state() == SessionState::Stopped {
                core.forget_acks();
                return Poll::Ready(None);
            }
            let deadline = core.machine.next_timeout().into_iter().chain(core.io.next_timeout()).min();
            let passed = deadline.map_or(Poll::Pending, |deadline| self.timer.poll(cx, shared.clock(), deadline));
            if self.link.poll_turn(cx, &mut core.machine, shared.clock(), passed).is_pending() {
                return Poll::Pending;
            }
        }
    }

    /// What happens without the transport.
    fn step(&mut self, socket: &Socket) -> Result<Step, CallError> {
        let shared = socket.shared();
        if let Some(url) = self.connected.clone() {
            let requested = self.request(shared, &url);
            if requested != Err(CallError::EntropyFailed) {
                // Not before: without its header fields the machine would ask, too.
                self.connected = None;
            }
            return requested.map(|()| Step::Again);
        }
        if let Some(namespace) = self.joining.take() {
            return Ok(self.authenticate(&socket.of(namespace)));
        }
        let now = shared.clock().now();
        let mut core = shared.lock();
        let Core { machine, io, acks, .. } = &mut *core;
        if machine.state() == SessionState::Idle {
            machine.start(now);
        }
        let taken = if machine.advance(now)? {
            let Some((event, mut ws)) = machine.current(now) else { return Ok(Step::Again) };
            let (taken, head) = io.handle(event, &mut ws).map_or((Taken::Nothing, 0), Taken::of);
            let taken = taken.with_body(machine.unread().get(head..).unwrap_or_default());
            // The machine uses its transport no more, and so it goes before the program has the event.
            self.link.drop_unless_wanted(machine);
            taken
        } else {
            let Some(event) = io.poll(&mut machine.commands(now)) else { return Ok(Step::Quiet) };
            Taken::of(event).0
        };
        let event = self.incoming.take(taken, acks, socket);
        drop(core);
        Ok(event.map_or(Step::Again, |event| self.complete(event)))
    }

    /// What the task that polls adds to an event, or does in its place.
    fn complete(&mut self, event: incoming::Happened) -> Step {
        match event {
            incoming::Happened::Transport(url) => self.connected = Some(url),
            incoming::Happened::CloseReceived(reason) => self.close_reason = reason,
            incoming::Happened::Joining(namespace) => self.joining = Some(namespace),
            incoming::Happened::Event(Event::Down { cause, fault, retry_in, unconfirmed, .. }) => {
                let reason = core::mem::take(&mut self.close_reason);
                let error = self.link.take_error().filter(|_| matches!(cause, Cause::Dial(_) | Cause::Lost(_)));
                return Step::Event(Event::Down { cause, fault, retry_in, unconfirmed, reason, error });
            }
            incoming::Happened::Event(event) => return Step::Event(event),
        }
        Step::Again
    }

    /// Asks for the opening handshake.
    fn request(&mut self, shared: &Shared, url: &str) -> Result<(), CallError> {
        // The program's own code runs here, and may emit: without the lock.
        let fields = self.headers.for_url(url, shared.url());
        let headers: Vec<_> = fields.iter().map(|(name, value)| Header::new(name, value)).collect();
        let now = shared.clock().now();
        match shared.lock().machine.commands(now).request(self.headers.origin(), &headers) {
            // Another task has closed the client meanwhile.
            Err(CallError::Usage(UsageError::NotConnecting)) => Ok(()),
            requested => requested,
        }
    }

    /// Says who we are, before the client asks to be let in.
    fn authenticate(&mut self, socket: &Socket) -> Step {
        let Some(auth) = &mut self.auth else { return Step::Again };
        // The program's own code, as above.
        let Some(auth) = auth(&socket.name()) else { return Step::Again };
        match socket.authenticate(&auth) {
            Ok(()) => Step::Again,
            Err(error) => Step::Event(Event::AuthFailed { socket: socket.clone(), error }),
        }
    }
}

/// What came of a step.
enum Step {
    Event(Event),
    Again,
    /// Nothing more without the transport.
    Quiet,
}

/// Why a client was not made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum StartError {
    /// The URL.
    Target(TargetError),
    /// The URL or the proxy's, as the session sees it.
    Session(crate::session::SetupError),
    /// The namespace in the URL.
    Namespace(ConnectError),
}

impl core::fmt::Display for StartError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Target(error) => error.fmt(f),
            Self::Session(error) => error.fmt(f),
            Self::Namespace(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for StartError {}

impl Deref for Client {
    type Target = Socket;

    fn deref(&self) -> &Socket {
        &self.socket
    }
}

impl Stream for Client {
    type Item = Event;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Event>> {
        self.get_mut().poll_event(cx)
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        // What is emitted from now on, and what waits for an answer, would wait for ever.
        self.socket.close();
        let mut core = self.socket.shared().lock();
        core.is_abandoned = true;
        core.forget_acks();
    }
}

/// Shows no bytes and no values of header fields, which may be credentials.
impl core::fmt::Debug for Client {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.socket.fmt(f)
    }
}
