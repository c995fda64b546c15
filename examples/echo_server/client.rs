//! One connection, and the loop that every program around the machine has.

use std::fmt::{self, Display, Formatter};
use std::io::{self, ErrorKind, Read, Write};
use std::net::Shutdown;

use mio::net::TcpStream;
use sansocket::{Accept, CallError, CloseCode, Config, Connection, Event, Header, Instant, Origin, Request, State, Transport};

use crate::clock::Clock;
use crate::log::Log;
use crate::pages;

/// What one read takes at most; also the longest piece of a message that one event can show.
pub(crate) const READ_LEN: usize = 64 * 1024;
/// Room for the echo of the longest piece, with its header, after whatever one `receive` writes.
const ROOM: usize = READ_LEN + 10 + sansocket::MAX_ANSWER;
/// Reads in a row before the others have their turn.
const READS: usize = 16;
/// Seconds between two Pings to whoever watches the time.
const PING_EVERY: u64 = 5;

/// What is kept per connection.
pub(crate) struct Client<'c> {
    pub(crate) stream: TcpStream,
    pub(crate) ws: Connection<'c>,
    /// Present only while it holds something.
    rest: Option<Box<Rest>>,
    purpose: Purpose,
    /// For the log.
    number: u32,
    messages: u32,
    received: u64,
    sent: u64,
}

/// What the bytes of one turn leave for the next.
#[derive(Default)]
struct Rest {
    /// Input that the machine has not consumed yet.
    input: Vec<u8>,
    /// Output that the socket has not taken yet. While there is some, nothing is read.
    output: Vec<u8>,
}

/// What the peer came for.
#[derive(Clone, Copy, PartialEq)]
enum Purpose {
    /// Not known before the head of its request, or an answer by HTTP that has been given.
    Http,
    /// Answered at the next tick; the length of its request's head.
    LongPoll { request_len: u16 },
    /// WebSocket at `/time`.
    Time,
    /// WebSocket anywhere else.
    Echo,
}

/// What all connections share.
pub(crate) struct Shared {
    pub(crate) out: Output,
    pub(crate) clock: Clock,
    pub(crate) now: Instant,
    pub(crate) log: Log,
}

/// The write buffer: `due` bytes at its start are on their way.
pub(crate) struct Output {
    bytes: Vec<u8>,
    due: usize,
}

impl Output {
    pub(crate) fn new() -> Self {
        Self { bytes: vec![0; 2 * ROOM], due: 0 }
    }

    /// Where the next bytes go.
    fn room(&mut self) -> &mut [u8] {
        &mut self.bytes[self.due..]
    }

    pub(crate) fn clear(&mut self) {
        self.due = 0;
    }
}

impl<'c> Client<'c> {
    pub(crate) fn new(stream: TcpStream, config: &'c Config<'c>, now: Instant, number: u32) -> Self {
        let ws = Connection::server(config, now);
        Self { stream, ws, rest: None, purpose: Purpose::Http, number, messages: 0, received: 0, sent: 0 }
    }

    /// The loop: feed what there is, answer each event, keep what was not consumed. Ends early when the socket takes no more.
    fn echo(&mut self, input: &mut [u8], shared: &mut Shared) -> io::Result<usize> {
        let mut consumed = 0;
        while shared.out.room().len() >= ROOM || self.write(shared)? {
            let received = self.ws.receive(shared.now, &mut input[consumed..], shared.out.room()).map_err(io::Error::other)?;
            consumed += received.consumed;
            shared.out.due += received.produced;
            let Some(event) = received.event else { break };
            self.note(&event, shared);
            let written = match event {
                Event::Request(request) => self.accept(&request, shared),
                Event::HttpRequest(request) => self.respond(&request, shared),
                Event::Data(data) if self.purpose == Purpose::Echo => {
                    self.ws.send(data.kind, data.payload, data.last, shared.out.room())
                }
                Event::Pong { payload, .. } if self.purpose == Purpose::Time => self.send_round_trip(payload, shared),
                _ => Ok(0),
            };
            // If it crosses a Close, nothing is written: it has nowhere to go.
            shared.out.due += written.unwrap_or(0);
        }
        self.write(shared)?;
        Ok(consumed)
    }

    /// Reads and answers until the socket has no more or takes no more. True if there is enough for another turn.
    pub(crate) fn serve(&mut self, input: &mut [u8], shared: &mut Shared) -> io::Result<bool> {
        let mut reads = 0;
        // Before a long poll is answered, nothing is read: what comes after it can wait.
        while self.flush(shared.now)?
            && self.ws.transport() != Transport::Close
            && !matches!(self.purpose, Purpose::LongPoll { .. })
        {
            if reads == READS {
                return Ok(true);
            }
            reads += 1;
            let kept = self.rest.take().map_or_else(Vec::new, |rest| rest.input);
            input[..kept.len()].copy_from_slice(&kept);
            // The longest input is the longest piece, and its echo has to fit.
            let is_full = kept.len() == input.len();
            let read = if is_full { Ok(0) } else { self.stream.read(&mut input[kept.len()..]) };
            let (read, has_ended, is_dry) = match read {
                Ok(read) => (read, read == 0 && !is_full, false),
                Err(error) if error.kind() == ErrorKind::WouldBlock => (0, false, true),
                Err(error) if error.kind() == ErrorKind::Interrupted => (0, false, false),
                Err(error) => return Err(error),
            };
            self.received += read as u64;
            shared.log.totals.received += read as u64;
            let input = &mut input[..kept.len() + read];
            let consumed = self.echo(input, shared)?;
            self.keep(&input[consumed..]);
            if has_ended && !self.is_blocked() {
                self.end(shared);
            } else if is_dry {
                break;
            }
        }
        Ok(false)
    }

    /// Decides on an opening handshake. A client that watches the time gets it at once, and what the handshake took.
    fn accept(&mut self, request: &Request<'_>, shared: &mut Shared) -> Result<usize, CallError> {
        self.purpose = if request.path() == "/time" { Purpose::Time } else { Purpose::Echo };
        // Every page may connect: nothing here is private.
        let mut written = self.ws.accept(request, &Accept::new(Origin::Any), shared.now, shared.out.room())?;
        if self.purpose == Purpose::Time {
            let hello = shared.clock.json_with_heads(request.bytes().len(), written);
            written += self.ws.send_text(&hello, &mut shared.out.room()[written..])?;
        }
        shared.log.line(&shared.clock, self, format_args!("WebSocket opens at {}", request.path()));
        Ok(written)
    }

    /// Answers plain HTTP, unless it is a long poll: that waits for the next tick.
    fn respond(&mut self, request: &Request<'_>, shared: &mut Shared) -> Result<usize, CallError> {
        let (method, path) = (request.method(), request.path());
        if method == "GET" && path == "/time/next" && pages::must_wait(request, &shared.clock) {
            self.purpose = Purpose::LongPoll { request_len: u16::try_from(request.bytes().len()).unwrap_or(u16::MAX) };
            shared.log.line(&shared.clock, self, format_args!("GET {path}: waits"));
            return Ok(0);
        }
        let (status, written) = pages::answer(&mut self.ws, request, &shared.clock, shared.now, shared.out.room())?;
        shared.log.line(&shared.clock, self, format_args!("{method} {path}: {status}, {written} bytes"));
        Ok(written)
    }

    /// A second has begun: answers a long poll, or passes on the `frame` that was encoded once for all. True if there may be
    /// something to read.
    pub(crate) fn tick(&mut self, frame: &[u8], shared: &mut Shared) -> io::Result<bool> {
        match self.purpose {
            Purpose::LongPoll { request_len } => {
                self.purpose = Purpose::Http;
                let time = pages::time(&mut self.ws, request_len.into(), &shared.clock, shared.now, shared.out.room());
                shared.out.due += time.unwrap_or(0);
                shared.log.line(&shared.clock, self, format_args!("GET /time/next: 200, {} bytes", shared.out.due));
                self.write(shared)?;
                Ok(true)
            }
            // A client that does not take one tick misses the next, so that none pile up.
            Purpose::Time if !self.is_blocked() && self.ws.send_encoded(frame).is_ok_and(|due| due > 0) => {
                self.put(frame, shared)?;
                if shared.clock.second() % PING_EVERY == 0 {
                    // The Ping itself says when it left, and so does its Pong. The machine sends Pings of its own less often.
                    let left = shared.clock.micros().to_be_bytes();
                    shared.out.due += self.ws.ping(&left, shared.out.room()).unwrap_or(0);
                    self.write(shared)?;
                }
                Ok(false)
            }
            _ => Ok(false),
        }
    }

    /// Sends whoever watches the time the round trip of our own Ping.
    fn send_round_trip(&mut self, payload: &[u8], shared: &mut Shared) -> Result<usize, CallError> {
        let Ok(left) = payload.try_into().map(u64::from_be_bytes) else { return Ok(0) };
        let micros = shared.clock.micros().saturating_sub(left);
        let message = format!(r#"{{"round_trip_ms":{}.{:03}}}"#, micros / 1000, micros % 1000);
        self.ws.send_text(&message, shared.out.room())
    }

    /// Acts on a deadline that has passed.
    pub(crate) fn handle_timeout(&mut self, shared: &mut Shared) -> io::Result<bool> {
        let received = self.ws.handle_timeout(shared.now, shared.out.room());
        shared.out.due += received.produced;
        received.event.iter().for_each(|event| self.note(event, shared));
        self.write(shared)?;
        Ok(false)
    }

    /// The server ends: the peer is told, and its answer waited for as long as the closing deadline allows.
    pub(crate) fn close(&mut self, shared: &mut Shared) -> io::Result<bool> {
        let out = shared.out.room();
        let bytes = match (self.ws.state(), self.purpose) {
            (State::Open, _) => self.ws.close(Some(CloseCode::GOING_AWAY), "the server ends", shared.now, out),
            (State::Connecting, Purpose::LongPoll { .. }) => {
                self.purpose = Purpose::Http;
                self.ws.respond(503, &[Header::new("Retry-After", "5")], b"", shared.now, out)
            }
            (State::Connecting, _) => return Err(io::Error::other("the server ends")),
            _ => Ok(0),
        };
        shared.out.due += bytes.unwrap_or(0);
        self.write(shared)?;
        Ok(true)
    }

    /// Obeys `transport`, once everything is written: [`Transport::Close`] is for the connection's owner.
    pub(crate) fn settle(&self) {
        if self.ws.transport() == Transport::ShutdownWrite && !self.is_blocked() {
            // Refused if the peer has gone already, which the next read shows.
            self.stream.shutdown(Shutdown::Write).ok();
        }
    }

    /// The connection broke.
    pub(crate) fn lose(&mut self, error: &io::Error, shared: &mut Shared) {
        shared.log.line(&shared.clock, self, format_args!("lost: {error}"));
        self.end(shared);
    }

    /// The input has ended.
    fn end(&mut self, shared: &mut Shared) {
        let end = self.ws.receive_eof(shared.now);
        end.event.iter().for_each(|event| self.note(event, shared));
    }

    fn note(&mut self, event: &Event<'_>, shared: &mut Shared) {
        if matches!(event, Event::Data(data) if data.last) {
            self.messages = self.messages.wrapping_add(1);
            shared.log.totals.messages += 1;
        }
        // The end of what was never a WebSocket is not logged.
        if self.purpose != Purpose::Http || !matches!(event, Event::Closed { .. }) {
            shared.log.event(&shared.clock, self, event);
        }
    }

    /// Whether output waits for the socket.
    fn is_blocked(&self) -> bool {
        self.rest.as_ref().is_some_and(|rest| !rest.output.is_empty())
    }

    /// Keeps input that was not consumed.
    fn keep(&mut self, input: &[u8]) {
        if !input.is_empty() {
            self.rest.get_or_insert_default().input = input.to_vec();
        }
    }

    /// Writes what is due in the write buffer, and keeps what the socket does not take. True if it took all.
    fn write(&mut self, shared: &mut Shared) -> io::Result<bool> {
        let due = std::mem::take(&mut shared.out.due);
        let bytes = std::mem::take(&mut shared.out.bytes);
        let result = self.put(&bytes[..due], shared);
        shared.out.bytes = bytes;
        result
    }

    /// Writes `bytes` after what waits, and keeps what the socket does not take. True if it took all.
    fn put(&mut self, bytes: &[u8], shared: &mut Shared) -> io::Result<bool> {
        self.sent += bytes.len() as u64;
        shared.log.totals.sent += bytes.len() as u64;
        let written = if self.is_blocked() { 0 } else { write_some(&mut self.stream, bytes)? };
        self.ws.written(written, shared.now);
        if written < bytes.len() {
            self.rest.get_or_insert_default().output.extend_from_slice(&bytes[written..]);
        }
        Ok(!self.is_blocked())
    }

    /// Writes what waits for the socket. True if nothing is left.
    fn flush(&mut self, now: Instant) -> io::Result<bool> {
        let Some(rest) = &mut self.rest else { return Ok(true) };
        let written = write_some(&mut self.stream, &rest.output)?;
        self.ws.written(written, now);
        rest.output.drain(..written);
        if rest.output.is_empty() {
            rest.output = Vec::new();
        }
        Ok(rest.output.is_empty())
    }

    /// A line of the summary.
    pub(crate) fn summary(&self) -> String {
        let purpose = match self.purpose {
            Purpose::Http => "HTTP",
            Purpose::LongPoll { .. } => "long poll",
            Purpose::Time => "time",
            Purpose::Echo => "echo",
        };
        format!("{purpose}, {:?}: {} messages in, {} bytes in, {} out", self.ws.state(), self.messages, self.received, self.sent)
    }
}

/// Number and address.
impl Display for Client<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.stream.peer_addr() {
            Ok(peer) => write!(f, "#{} {peer}", self.number),
            Err(_) => write!(f, "#{} (gone)", self.number),
        }
    }
}

/// Writes as much of `bytes` as the socket takes now.
fn write_some(stream: &mut TcpStream, bytes: &[u8]) -> io::Result<usize> {
    let mut written = 0;
    while written < bytes.len() {
        match stream.write(&bytes[written..]) {
            Ok(0) => break,
            Ok(more) => written += more,
            Err(error) if error.kind() == ErrorKind::WouldBlock => break,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(written)
}
