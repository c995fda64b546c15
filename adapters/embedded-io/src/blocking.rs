//! The same without async: calls that wait, for a program with a main loop or threads.
//!
//! The transport's halves implement embedded-io's [`Read`](embedded_io::Read) and [`ReadReady`], [`Write`](embedded_io::Write) and
//! [`WriteReady`]; [`Polled`] around each makes a [`Transport`] of them. A half is only called when it is ready, so both directions go on and
//! deadlines act while a call waits. Between two looks at them the program sleeps by [`Clock::idle`].
//!
//! (A transport that is not able to say whether it is ready cannot be waited for together with anything else. Where its `read` gives up after some
//! milliseconds with `TimedOut`, say "ready" always: then its `write` must not block for longer than the peer may be kept waiting either.)
//!
//! ```
//! use sansocket::{Buffered, CallError, ClientRequest, Config, Connection, Entropy, Event, Instant};
//! use sansocket_embedded_io::{HandshakeError, Line};
//! use sansocket_embedded_io::blocking::{Clock, Polled, WebSocket};
//!
//! static CONFIG: Config = Config::new().max_head_len(512);
//!
//! struct Ticks;
//!
//! impl Clock for Ticks {
//!     fn now(&mut self) -> Instant {
//!         Instant::from_millis(ticks_ms())
//!     }
//!
//!     fn idle(&mut self, _: Option<Instant>) {
//!         wfe(); // SysTick ends it every millisecond, and so does the UART's interrupt
//!     }
//! }
//!
//! # fn ticks_ms() -> u64 { static MS: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0); MS.fetch_add(1, std::sync::atomic::Ordering::Relaxed) }
//! # fn wfe() {}
//! # mod hal {
//! #     use core::convert::Infallible; use embedded_io::*;
//! #     pub struct Rx(pub Vec<u8>); pub struct Tx(pub Vec<u8>);
//! #     impl ErrorType for Rx { type Error = Infallible; } impl ErrorType for Tx { type Error = Infallible; }
//! #     impl ReadReady for Rx { fn read_ready(&mut self) -> Result<bool, Infallible> { Ok(!self.0.is_empty()) } }
//! #     impl Read for Rx { fn read(&mut self, b: &mut [u8]) -> Result<usize, Infallible> { Ok(0) } }
//! #     impl WriteReady for Tx { fn write_ready(&mut self) -> Result<bool, Infallible> { Ok(true) } }
//! #     impl Write for Tx { fn write(&mut self, b: &[u8]) -> Result<usize, Infallible> { Ok(b.len()) } fn flush(&mut self) -> Result<(), Infallible> { Ok(()) } }
//! # }
//! fn talk(rx: hal::Rx, tx: hal::Tx, rng: impl Entropy) -> Result<(), HandshakeError> {
//!     let ws = Buffered::new(Connection::client(&CONFIG, rng, Ticks.now()), [0; 512], [0; 512]);
//!     let mut ws = WebSocket::new(ws, Line(Polled(rx), Polled(tx)), Ticks);
//!     ws.connect(&ClientRequest::new("example.com", "/"))?;
//!     ws.send_text("hello")?;
//!     while let Some((event, mut ws)) = ws.next()? {
//!         if let Event::Data(message) = event {
//!             ws.send(message.kind, message.payload)?;
//!         }
//!     }
//!     Ok(())
//! }
//! # struct Rng; impl Entropy for Rng { fn fill(&mut self, b: &mut [u8]) -> Result<(), sansocket::EntropyError> { Ok(b.fill(7)) } }
//! # use sansocket::EndCause;
//! # assert_eq!(talk(hal::Rx(vec![]), hal::Tx(vec![]), Rng), Err(HandshakeError::Ended { cause: EndCause::HandshakeTimeout }));
//! ```

use core::future::poll_fn;
use core::pin::pin;
use core::task::{Context, Poll, Waker};

use embedded_io::{ErrorKind, ErrorType, ReadReady, WriteReady};
use sansocket::{
    Buffer, Buffered, CallError, ClientRequest, CloseCode, Codec, Commands, Connection, Entropy, Event, Instant, MessageKind,
    NoCodec, Origin, Response,
};

use crate::{Done, HandshakeError, Timer, Transport};

/// A clock that does not jump, and what to do while nothing happens.
pub trait Clock {
    /// The time. A counter of 32 bits that wraps is widened by [`Instant::widen_millis`].
    fn now(&mut self) -> Instant;

    /// The transport has been found not ready: sleeps, at most until that time, and until an interrupt of the transport. What became ready
    /// since it was looked at must end the sleep, too: by `wfe`, or in steps of a millisecond. It need not sleep at all.
    fn idle(&mut self, until: Option<Instant>) {
        let _ = until;
        core::hint::spin_loop();
    }
}

/// One direction of a transport that says whether it is ready.
///
/// A `flush` has no readiness: it blocks for as long as the transport does, which for a UART is the time that its buffer takes.
pub struct Polled<T>(pub T);

impl<T: ErrorType> ErrorType for Polled<T> {
    type Error = T::Error;
}

impl<T: embedded_io::Read + ReadReady> embedded_io_async::Read for Polled<T> {
    async fn read(&mut self, buf: &mut [u8]) -> Result<usize, Self::Error> {
        poll_fn(|_| match self.0.read_ready() {
            Ok(false) => Poll::Pending,
            Ok(true) => Poll::Ready(self.0.read(buf)),
            Err(error) => Poll::Ready(Err(error)),
        })
        .await
    }
}

impl<T: embedded_io::Write + WriteReady> embedded_io_async::Write for Polled<T> {
    async fn write(&mut self, buf: &[u8]) -> Result<usize, Self::Error> {
        poll_fn(|_| match self.0.write_ready() {
            Ok(false) => Poll::Pending,
            Ok(true) => Poll::Ready(self.0.write(buf)),
            Err(error) => Poll::Ready(Err(error)),
        })
        .await
    }

    async fn flush(&mut self) -> Result<(), Self::Error> {
        self.0.flush()
    }
}

/// [`WebSocket`](crate::WebSocket), by calls that wait. What it says of errors holds here; nothing is ever dropped in the middle.
pub struct WebSocket<'c, T, C, E, I, O, J = [u8; 0], D = NoCodec>(crate::WebSocket<'c, T, Ticks<C>, E, I, O, J, D>);

impl<'c, T, C, E, I, O, J, D> WebSocket<'c, T, C, E, I, O, J, D>
where
    T: Transport,
    C: Clock,
    E: Entropy,
    I: Buffer,
    O: Buffer,
    J: Buffer,
    D: Codec,
{
    /// As [`WebSocket::new`](crate::WebSocket::new).
    pub fn new(ws: Buffered<'c, E, I, O, J, Connection<'c, E>, D>, transport: T, clock: C) -> Self {
        Self(crate::WebSocket::new(ws, transport, Ticks(clock)))
    }

    /// As [`WebSocket::connect`](crate::WebSocket::connect).
    ///
    /// # Errors
    /// [`HandshakeError`].
    pub fn connect(&mut self, request: &ClientRequest<'_>) -> Result<Response<'_>, HandshakeError> {
        block_on(self.0.connect(request))
    }

    /// As [`WebSocket::accept`](crate::WebSocket::accept).
    ///
    /// # Errors
    /// [`HandshakeError`].
    pub fn accept(&mut self, origin: Origin<'_>) -> Result<(), HandshakeError> {
        block_on(self.0.accept(origin))
    }

    /// Waits for the next event; `None` once the connection is over: [`WebSocket::next`](crate::WebSocket::next).
    ///
    /// # Errors
    /// As [`Buffered::next`].
    #[expect(clippy::type_complexity, reason = "an alias would hide what comes with an event")]
    #[expect(clippy::should_implement_trait, reason = "an event borrows the connection, which no iterator's item can")]
    pub fn next(&mut self) -> Result<Option<(Event<'_>, Commands<'_, 'c, E, D>)>, CallError> {
        block_on(self.0.next())
    }

    /// As [`WebSocket::send_text`](crate::WebSocket::send_text).
    ///
    /// # Errors
    /// As there.
    pub fn send_text(&mut self, text: &str) -> Result<(), CallError> {
        block_on(self.0.send_text(text))
    }

    /// As [`WebSocket::send`](crate::WebSocket::send).
    ///
    /// # Errors
    /// As there.
    pub fn send(&mut self, kind: MessageKind, payload: &[u8]) -> Result<(), CallError> {
        block_on(self.0.send(kind, payload))
    }

    /// As [`WebSocket::send_part`](crate::WebSocket::send_part).
    ///
    /// # Errors
    /// As there.
    pub fn send_part(&mut self, kind: MessageKind, offset: u64, payload: &[u8], fin: bool) -> Result<usize, CallError> {
        block_on(self.0.send_part(kind, offset, payload, fin))
    }

    /// As [`WebSocket::send_in_parts`](crate::WebSocket::send_in_parts).
    ///
    /// # Errors
    /// As there.
    pub fn send_in_parts(&mut self, kind: MessageKind, payload: &[u8]) -> Result<(), CallError> {
        block_on(self.0.send_in_parts(kind, payload))
    }

    /// As [`WebSocket::when_room`](crate::WebSocket::when_room).
    ///
    /// # Errors
    /// As there.
    pub fn when_room<R>(&mut self, act: impl FnMut(&mut Commands<'_, 'c, E, D>) -> Result<R, CallError>) -> Result<R, CallError> {
        block_on(self.0.when_room(act))
    }

    /// As [`WebSocket::next_or`](crate::WebSocket::next_or).
    ///
    /// # Errors
    /// As there.
    pub fn next_or<R>(
        &mut self,
        act: impl FnMut(&mut Commands<'_, 'c, E, D>) -> Result<R, CallError>,
    ) -> Result<Done<'_, 'c, R, E, D>, CallError> {
        block_on(self.0.next_or(act))
    }

    /// As [`WebSocket::flush`](crate::WebSocket::flush).
    ///
    /// # Errors
    /// As there.
    pub fn flush(&mut self) -> Result<(), CallError> {
        block_on(self.0.flush())
    }

    /// As [`WebSocket::close`](crate::WebSocket::close).
    ///
    /// # Errors
    /// As there.
    pub fn close(&mut self, code: impl Into<Option<CloseCode>>, reason: &str) -> Result<bool, CallError> {
        block_on(self.0.close(code, reason))
    }

    /// The connection: its state, what was agreed, its role and so on.
    pub fn connection(&self) -> &Connection<'c, E> {
        self.0.connection()
    }

    /// Why the transport failed, if it did.
    pub fn transport_error(&self) -> Option<ErrorKind> {
        self.0.transport_error()
    }

    /// Gives the transport back. What is not written yet is dropped.
    pub fn into_transport(self) -> T {
        self.0.into_transport()
    }
}

/// A clock as a timer that is polled.
struct Ticks<C>(C);

impl<C: Clock> Timer for Ticks<C> {
    fn now(&mut self) -> Instant {
        self.0.now()
    }

    async fn wait(&mut self, until: Option<Instant>) {
        poll_fn(|_| {
            if until.is_some_and(|until| until <= self.0.now()) {
                return Poll::Ready(());
            }
            self.0.idle(until);
            Poll::Pending
        })
        .await;
    }
}

/// Every wait of ours polls the timer, which idles, so polling again at once is no busy loop.
fn block_on<R>(future: impl Future<Output = R>) -> R {
    let mut future = pin!(future);
    let mut cx = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(done) = future.as_mut().poll(&mut cx) {
            return done;
        }
    }
}
