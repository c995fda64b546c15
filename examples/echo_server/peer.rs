//! Who is at the other end of a connection, what they came for, and what they are answered.

use std::fmt::{self, Display, Formatter};
use std::io::{self, ErrorKind, IoSlice, Read, Write};

use mio::net::TcpStream;
use sansocket::{Accept, CallError, CloseCode, Commands, Data, DeflateConfig, Event, Header, NoEntropy, Origin, Request, State};

use crate::client::Cause;
use crate::codecs::Own;
use crate::{Shared, pages};

/// From this length on a copy costs more than a write.
const LONG: usize = 32 * 1024;
/// Seconds between two Pings to whoever watches the time.
const PING_EVERY: u64 = 5;

/// What a connection can do during its turn.
pub(crate) type Verbs<'a, 'b, 'c> = Commands<'a, 'c, NoEntropy, Option<&'b mut Own>>;

pub(crate) struct Peer {
    pub(crate) stream: TcpStream,
    purpose: Purpose,
    /// For the log.
    number: u32,
    messages: u32,
    received: u64,
    sent: u64,
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

impl Peer {
    pub(crate) fn new(stream: TcpStream, number: u32) -> Self {
        Self { stream, purpose: Purpose::Http, number, messages: 0, received: 0, sent: 0 }
    }

    /// Does what `cause` asks for, if it is more than to look at the socket.
    pub(crate) fn act(&mut self, cause: Cause<'_>, ws: &mut Verbs<'_, '_, '_>, shared: &mut Shared) -> Result<(), CallError> {
        match cause {
            Cause::Ready | Cause::Open => Ok(()),
            Cause::Tick(frame) => self.tick(frame, ws, shared),
            Cause::Goodbye => self.say_goodbye(ws),
        }
    }

    /// Answers an event.
    pub(crate) fn answer(&mut self, event: Event<'_>, ws: &mut Verbs<'_, '_, '_>, shared: &mut Shared) -> Result<(), CallError> {
        self.note(&event, shared);
        match event {
            Event::Request(request) => self.accept(&request, ws, shared),
            Event::HttpRequest(request) => self.respond(&request, ws, shared),
            Event::Data(data) if self.purpose == Purpose::Echo => self.echo(&data, ws, shared),
            Event::Pong { payload, .. } if self.purpose == Purpose::Time => self.send_round_trip(payload, ws, shared),
            _ => Ok(()),
        }
    }

    /// Sends a piece of a message back; there is room for all of it. A long one is written from where it lies.
    fn echo(&mut self, data: &Data<'_>, ws: &mut Verbs<'_, '_, '_>, shared: &mut Shared) -> Result<(), CallError> {
        let Data { kind, offset, ref payload, last } = *data;
        if payload.len() < LONG {
            return ws.send_part(kind, offset, payload, last).map(drop);
        }
        let write = |due: &[u8], payload: &[u8]| self.write(&[IoSlice::new(due), IoSlice::new(payload)], shared).unwrap_or(0);
        ws.send_part_by(kind, offset, payload, last, write).map(drop)
    }

    /// Decides on an opening handshake. A client that watches the time gets it at once, and what the handshake took.
    fn accept(&mut self, request: &Request<'_>, ws: &mut Verbs<'_, '_, '_>, shared: &mut Shared) -> Result<(), CallError> {
        self.purpose = if request.path() == "/time" { Purpose::Time } else { Purpose::Echo };
        let config = ws.connection().config();
        // A browser that offers subprotocols and gets none hangs up.
        let any = request.subprotocols().next().filter(|_| config.subprotocols.is_empty());
        let subprotocol = request.choose_subprotocol(config).or(any);
        // The time is not worth a codec: its messages are short, and the same for all.
        let deflate = if self.purpose == Purpose::Time { DeflateConfig::OFF } else { config.deflate };
        // Every page may connect: nothing here is private.
        ws.accept(request, &Accept::new(Origin::Any).subprotocol(subprotocol).deflate(Some(deflate)))?;
        let compressed = if ws.connection().negotiated().deflate().is_some() { ", compressed" } else { "" };
        shared.log.line(&shared.clock, self, format_args!("WebSocket opens at {}{compressed}", request.path()));
        if self.purpose == Purpose::Time {
            ws.send_text(&shared.clock.json_with_heads(request.bytes().len(), ws.due().len()))?;
        }
        Ok(())
    }

    /// Answers plain HTTP, unless it is a long poll: that waits for the next tick.
    fn respond(&mut self, request: &Request<'_>, ws: &mut Verbs<'_, '_, '_>, shared: &mut Shared) -> Result<(), CallError> {
        let (method, path) = (request.method(), request.path());
        if method == "GET" && path == "/time/next" && pages::must_wait(request, &shared.clock) {
            self.purpose = Purpose::LongPoll { request_len: u16::try_from(request.bytes().len()).unwrap_or(u16::MAX) };
            shared.log.line(&shared.clock, self, format_args!("GET {path}: waits"));
            return Ok(());
        }
        let status = pages::answer(ws, request, &shared.clock)?;
        shared.log.line(&shared.clock, self, format_args!("{method} {path}: {status}, {} bytes", ws.due().len()));
        Ok(())
    }

    /// Sends whoever watches the time the round trip of our own Ping.
    fn send_round_trip(&self, payload: &[u8], ws: &mut Verbs<'_, '_, '_>, shared: &Shared) -> Result<(), CallError> {
        let Ok(left) = payload.try_into().map(u64::from_be_bytes) else { return Ok(()) };
        let micros = shared.clock.micros().saturating_sub(left);
        ws.send_text(&format!(r#"{{"round_trip_ms":{}.{:03}}}"#, micros / 1000, micros % 1000))
    }

    /// Whether each second brings something.
    pub(crate) fn ticks(&self) -> bool {
        self.purpose == Purpose::Time || self.is_waiting()
    }

    /// Whether a long poll waits for its answer.
    fn is_waiting(&self) -> bool {
        matches!(self.purpose, Purpose::LongPoll { .. })
    }

    /// A second has begun: answers a long poll, or passes on the `frame` that was encoded once for all.
    fn tick(&mut self, frame: &[u8], ws: &mut Verbs<'_, '_, '_>, shared: &mut Shared) -> Result<(), CallError> {
        if let Purpose::LongPoll { request_len } = self.purpose {
            self.purpose = Purpose::Http;
            pages::time(ws, request_len.into(), &shared.clock)?;
            shared.log.line(&shared.clock, self, format_args!("GET /time/next: 200, {} bytes", ws.due().len()));
        } else if ws.due().is_empty() && ws.connection().state() == State::Open {
            // A client that does not take one tick misses the next, so that none pile up.
            ws.send_encoded(frame)?;
            if shared.clock.second() % PING_EVERY == 0 {
                // The Ping itself says when it left, and so does its Pong. The machine sends Pings of its own less often.
                ws.ping(&shared.clock.micros().to_be_bytes())?;
            }
        }
        Ok(())
    }

    /// The server ends: the peer is told, and its answer waited for as long as the closing deadline allows.
    /// Whoever has not asked for anything yet is refused that, and dropped.
    fn say_goodbye(&mut self, ws: &mut Verbs<'_, '_, '_>) -> Result<(), CallError> {
        if self.is_waiting() {
            self.purpose = Purpose::Http;
            return ws.respond(503, &[Header::new("Retry-After", "5")], b"");
        }
        ws.close(CloseCode::GOING_AWAY, "the server ends")
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

    /// Reads from the socket, and counts.
    pub(crate) fn read(&mut self, into: &mut [u8], shared: &mut Shared) -> io::Result<usize> {
        let read = self.stream.read(into);
        let n = self.count(&read, shared);
        self.received += n;
        shared.log.totals.received += n;
        read
    }

    /// Writes to the socket, and counts.
    pub(crate) fn write(&mut self, parts: &[IoSlice<'_>], shared: &mut Shared) -> io::Result<usize> {
        let written = if let [bytes] = parts { self.stream.write(bytes) } else { self.stream.write_vectored(parts) };
        let n = self.count(&written, shared);
        self.sent += n;
        shared.log.totals.sent += n;
        written
    }

    /// The bytes that were moved; an error is logged if the connection broke.
    fn count(&self, moved: &io::Result<usize>, shared: &mut Shared) -> u64 {
        if let Err(error) = moved {
            if !matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) {
                self.note_lost(error, shared);
            }
        }
        moved.as_ref().map_or(0, |&n| n as u64)
    }

    /// The connection broke.
    pub(crate) fn note_lost(&self, error: &dyn Display, shared: &mut Shared) {
        shared.log.line(&shared.clock, self, format_args!("lost: {error}"));
    }

    /// A line of the summary.
    pub(crate) fn summary(&self, state: State) -> String {
        let purpose = match self.purpose {
            Purpose::Http => "HTTP",
            Purpose::LongPoll { .. } => "long poll",
            Purpose::Time => "time",
            Purpose::Echo => "echo",
        };
        format!("{purpose}, {state:?}: {} messages in, {} bytes in, {} out", self.messages, self.received, self.sent)
    }
}

/// Number and address.
impl Display for Peer {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.stream.peer_addr() {
            Ok(peer) => write!(f, "#{} {peer}", self.number),
            Err(_) => write!(f, "#{} (gone)", self.number),
        }
    }
}
