//! What tests are made of: a clock that stands until it is moved, pipes that behave as they are told, and polling by hand.
#![allow(dead_code, unreachable_pub, reason = "each test uses a part of it")]

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use embedded_io::{ErrorKind, ErrorType};
use embedded_io_async::{Read, Write};
use sansocket::{
    Buffered, ClientRequest, Config, Connection, Entropy, EntropyError, Event, Instant, MessageKind, NoEntropy, Origin,
};
use sansocket_embedded_io::{Timer, Transport, WebSocket};

/// Keys that count: enough for a test.
pub struct Counter(pub u8);

impl Entropy for Counter {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        for byte in bytes {
            self.0 = self.0.wrapping_add(101);
            *byte = self.0;
        }
        Ok(())
    }
}

/// Microseconds, moved by the test; shared.
#[derive(Clone, Default)]
pub struct Clock(Rc<Cell<u64>>);

impl Clock {
    pub fn now(&self) -> Instant {
        Instant::from_micros(self.0.get())
    }

    pub fn pass_ms(&self, ms: u64) {
        self.0.set(self.0.get() + ms * 1000);
    }
}

impl Timer for Clock {
    fn now(&mut self) -> Instant {
        (*self).now()
    }

    async fn wait(&mut self, until: Option<Instant>) {
        poll_fn(|_| match until {
            Some(until) if until <= (*self).now() => Poll::Ready(()),
            _ => Poll::Pending,
        })
        .await;
    }
}

/// One direction between two ends.
#[derive(Default)]
pub struct Pipe {
    pub bytes: VecDeque<u8>,
    /// The writing end was shut down.
    pub has_ended: bool,
    /// What the reading end says once there are no bytes.
    pub read_error: Option<ErrorKind>,
    pub write_error: Option<ErrorKind>,
    /// What the next calls say instead of moving bytes.
    pub errors: VecDeque<ErrorKind>,
    /// A writer that takes nothing, and says so by 0.
    pub takes_zero: bool,
    /// Written, but only there once it is flushed; `None` if bytes go at once.
    pub held: Option<Vec<u8>>,
    pub capacity: usize,
    /// The most bytes that one call moves.
    pub at_once: usize,
    /// Of 256 polls, how many wait, at random.
    pub waits: u8,
    random: u32,
    pub flushes: usize,
    pub flush_hangs: bool,
}

impl Pipe {
    fn waits(&mut self) -> bool {
        self.random = self.random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        self.random.to_be_bytes()[0] < self.waits
    }
}

/// Either end of a pipe. Cancel-safe: it moves bytes only in the poll that is done.
#[derive(Clone)]
pub struct End(pub Rc<RefCell<Pipe>>);

impl End {
    pub fn new() -> Self {
        Self(Rc::new(RefCell::new(Pipe { capacity: usize::MAX, at_once: usize::MAX, ..Pipe::default() })))
    }

    pub fn push(&self, bytes: &[u8]) {
        self.0.borrow_mut().bytes.extend(bytes);
    }

    pub fn take(&self) -> Vec<u8> {
        self.0.borrow_mut().bytes.drain(..).collect()
    }

    pub fn with(&self, change: impl FnOnce(&mut Pipe)) {
        change(&mut self.0.borrow_mut());
    }
}

impl ErrorType for End {
    type Error = ErrorKind;
}

impl Read for End {
    async fn read(&mut self, buf: &mut [u8]) -> Result<usize, ErrorKind> {
        poll_fn(|_| {
            let mut pipe = self.0.borrow_mut();
            if pipe.waits() {
                return Poll::Pending;
            }
            assert!(!buf.is_empty(), "a read into nothing would look like the end");
            if let Some(error) = pipe.errors.pop_front() {
                return Poll::Ready(Err(error));
            }
            let n = buf.len().min(pipe.at_once).min(pipe.bytes.len());
            if n > 0 {
                buf.iter_mut().zip(pipe.bytes.drain(..n)).for_each(|(place, byte)| *place = byte);
                return Poll::Ready(Ok(n));
            }
            match pipe.read_error {
                Some(error) => Poll::Ready(Err(error)),
                None if pipe.has_ended => Poll::Ready(Ok(0)),
                None => Poll::Pending,
            }
        })
        .await
    }
}

impl Write for End {
    async fn write(&mut self, buf: &[u8]) -> Result<usize, ErrorKind> {
        poll_fn(|_| {
            let pipe = &mut *self.0.borrow_mut();
            assert!(!buf.is_empty() && !pipe.has_ended);
            if let Some(error) = pipe.errors.pop_front().or(pipe.write_error) {
                return Poll::Ready(Err(error));
            }
            if pipe.takes_zero {
                return Poll::Ready(Ok(0));
            }
            let n = buf.len().min(pipe.at_once).min(pipe.capacity.saturating_sub(pipe.bytes.len()));
            if n == 0 || pipe.waits() {
                return Poll::Pending;
            }
            match &mut pipe.held {
                Some(held) => held.extend(&buf[..n]),
                None => pipe.bytes.extend(&buf[..n]),
            }
            Poll::Ready(Ok(n))
        })
        .await
    }

    async fn flush(&mut self) -> Result<(), ErrorKind> {
        poll_fn(|_| {
            let pipe = &mut *self.0.borrow_mut();
            if pipe.flush_hangs || pipe.waits() {
                return Poll::Pending;
            }
            pipe.flushes += 1;
            pipe.bytes.extend(pipe.held.iter_mut().flat_map(|held| held.drain(..)));
            Poll::Ready(pipe.write_error.map_or(Ok(()), Err))
        })
        .await
    }
}

/// A socket, whose writing can be shut down.
pub struct Socket {
    pub input: End,
    pub output: End,
}

impl Transport for Socket {
    fn split(&mut self) -> (impl Read, impl Write) {
        (self.input.clone(), self.output.clone())
    }

    async fn shutdown_write(&mut self) -> Result<bool, ErrorKind> {
        self.output.with(|pipe| {
            assert!(!pipe.has_ended, "shut down twice");
            assert!(pipe.held.as_ref().is_none_or(Vec::is_empty), "shut down before the flush");
            pipe.has_ended = true;
        });
        Ok(true)
    }
}

pub type Client<T> = WebSocket<'static, T, Clock, Counter, Vec<u8>, Vec<u8>>;
pub type Server<T> = WebSocket<'static, T, Clock, NoEntropy, Vec<u8>, Vec<u8>>;

pub static CONFIG: Config = Config::new();

pub fn client<T: Transport>(clock: &Clock, transport: T) -> Client<T> {
    let ws = Connection::client(&CONFIG, Counter(0), clock.now());
    WebSocket::new(Buffered::new(ws, vec![0; 1024], vec![0; 512]), transport, clock.clone())
}

pub fn server<T: Transport>(clock: &Clock, transport: T) -> Server<T> {
    let ws = Connection::server(&CONFIG, clock.now());
    WebSocket::new(Buffered::new(ws, vec![0; 1024], vec![0; 512]), transport, clock.clone())
}

/// Two ends of a connection, and the pipes from client to server and back.
pub fn pair(clock: &Clock) -> (Client<Socket>, Server<Socket>, End, End) {
    let (up, down) = (End::new(), End::new());
    let client = client(clock, Socket { input: down.clone(), output: up.clone() });
    let server = server(clock, Socket { input: up.clone(), output: down.clone() });
    (client, server, up, down)
}

/// The same, with the opening handshake done.
pub fn open_pair(clock: &Clock) -> (Client<Socket>, Server<Socket>, End, End) {
    let (mut client, mut server, up, down) = pair(clock);
    {
        let request = ClientRequest::new("example.com", "/");
        let mut connecting = pin!(client.connect(&request));
        assert!(poll(connecting.as_mut()).is_none());
        assert_eq!(run(server.accept(Origin::Any)), Ok(()));
        assert!(poll(connecting).expect("open").is_ok());
    }
    (client, server, up, down)
}

/// A server over these pipes, which a request by hand has opened.
pub fn open_server(clock: &Clock, transport: impl Transport, input: &End, output: &End) -> Server<impl Transport> {
    let mut ws = server(clock, transport);
    input.push(REQUEST);
    assert_eq!(run(ws.accept(Origin::Any)), Ok(()));
    assert!(output.take().starts_with(b"HTTP/1.1 101 "));
    ws
}

pub const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

/// Polls once.
pub fn poll<R>(future: std::pin::Pin<&mut impl Future<Output = R>>) -> Option<R> {
    match future.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(done) => Some(done),
        Poll::Pending => None,
    }
}

/// Polls that many times, and drops it.
pub fn poll_times<R>(future: impl Future<Output = R>, times: usize) -> Option<R> {
    let mut future = pin!(future);
    (0..times).find_map(|_| poll(future.as_mut()))
}

/// Polls until it is done, which must not depend on time or on another end.
#[track_caller]
pub fn run<R>(future: impl Future<Output = R>) -> R {
    poll_times(future, 10_000).expect("it waits for something that does not happen")
}

/// An event, as a value.
#[derive(Clone, PartialEq, Debug)]
pub enum Seen {
    Opened,
    Message(MessageKind, Vec<u8>),
    Ping(Vec<u8>),
    Pong,
    CloseReceived(u16),
    Failed(sansocket::ProtocolError),
    Closed { code: u16, was_clean: bool, cause: sansocket::EndCause },
    Other,
}

pub fn seen(event: &Event<'_>) -> Seen {
    match event {
        Event::Opened(_) => Seen::Opened,
        Event::Data(data) => Seen::Message(data.kind, data.payload.to_vec()),
        Event::Ping { payload, .. } => Seen::Ping(payload.to_vec()),
        Event::Pong { .. } => Seen::Pong,
        Event::CloseReceived { code, .. } => Seen::CloseReceived(code.0),
        Event::Failed { error, .. } => Seen::Failed(*error),
        Event::Closed { code, was_clean, cause, .. } => Seen::Closed { code: code.0, was_clean: *was_clean, cause: *cause },
        _ => Seen::Other,
    }
}

/// The next event, if it comes within that many polls.
pub fn next<T: Transport, E: Entropy>(
    ws: &mut WebSocket<'static, T, Clock, E, Vec<u8>, Vec<u8>>,
    polls: usize,
) -> Option<Option<Seen>> {
    let event = poll_times(ws.next(), polls)?;
    Some(event.expect("no mistake").map(|(event, _)| seen(&event)))
}

pub fn text(text: &str) -> Seen {
    Seen::Message(MessageKind::Text, text.as_bytes().to_vec())
}
