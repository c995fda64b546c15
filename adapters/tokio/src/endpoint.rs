//! A connection and its transport: what arrives, what is due, and the deadlines. Everything that is under way is kept here, so that a
//! future that is dropped loses nothing.
//!
//! It stands on [`Connection`], not on `Buffered`: its buffers grow and shrink, and long payload is read and written where it lies.

use crate::codec::Codec;
use crate::error::Error;
use crate::incoming::{Incoming, Occurrence, of};
use crate::message::Message;
use crate::outgoing::{Outgoing, SHORT};
use crate::random::Random;
use crate::timer::{Clock, Timer};
use core::pin::Pin;
use core::task::{Context, Poll, ready};
use core::time::Duration;
use sansocket::{
    CallError, CloseCode, Config, Connection, EndCause, Instant, MAX_ANSWER, MessageKind, Negotiated, ProtocolError, Role, State,
    Transport, UsageError,
};
use std::io;
use tokio::io::{AsyncRead, AsyncWrite};

/// The longest header of a frame.
const MAX_HEADER: usize = 14;

pub(crate) struct Endpoint {
    ws: Connection<'static, Random>,
    incoming: Incoming,
    outgoing: Outgoing,
    codec: Codec,
    clock: Clock,
    timer: Timer,
    /// A message that arrived while something was written.
    waiting: Option<Message>,
    /// Nothing is read now, so the deadlines that wait for the peer stand still.
    is_paused: bool,
    /// A keepalive Ping was sent, and no Pong has come since.
    awaits_pong: bool,
    /// When something was read last: deadlines up to then act before more is read.
    looked: Instant,
    /// Since when the transport has taken nothing of what is due.
    blocked_since: Option<Instant>,
    was_shut_down: bool,
    /// A message of ours was begun, and has no end.
    is_unfinished: bool,
    /// A part of it was begun, and has no end: nobody knows how much of it was sent.
    is_cut: bool,
    ending: Ending,
    done: Done,
}

/// What was done that another task may wait for than the one that did it: the transport need not wake it any more.
#[derive(Clone, Copy, Default)]
pub(crate) struct Done {
    /// Something was written: there may be room for messages.
    pub(crate) wrote: bool,
    /// Anything else has happened.
    pub(crate) turned: bool,
}

/// The header of a frame.
struct Header {
    bytes: [u8; MAX_HEADER],
    len: usize,
}

impl core::ops::Deref for Header {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

/// What ends the connection, as far as it is known.
#[derive(Default)]
struct Ending {
    close_reason: String,
    fault: Option<ProtocolError>,
    cause: Option<EndCause>,
    io: Option<io::Error>,
    was_told: bool,
}

impl Endpoint {
    pub(crate) fn client(config: &'static Config<'static>) -> Self {
        let clock = Clock::start();
        Self::new(Connection::client(config, Random, clock.now()), clock)
    }

    pub(crate) fn server(config: &'static Config<'static>) -> Self {
        let clock = Clock::start();
        Self::new(Connection::server_with(config, Random, clock.now()), clock)
    }

    /// A connection whose opening handshake was done elsewhere.
    pub(crate) fn open(role: Role, config: &'static Config<'static>, negotiated: Negotiated) -> Self {
        let clock = Clock::start();
        let mut endpoint = Self::new(Connection::open(role, config, Random, negotiated, clock.now()), clock);
        endpoint.was_opened();
        endpoint
    }

    fn new(ws: Connection<'static, Random>, clock: Clock) -> Self {
        Self {
            ws,
            incoming: Incoming::default(),
            outgoing: Outgoing::default(),
            codec: Codec::default(),
            clock,
            timer: Timer::default(),
            waiting: None,
            is_paused: false,
            awaits_pong: false,
            looked: Instant::from_micros(0),
            blocked_since: None,
            was_shut_down: false,
            is_unfinished: false,
            is_cut: false,
            ending: Ending::default(),
            done: Done::default(),
        }
    }

    pub(crate) const fn connection(&self) -> &Connection<'static, Random> {
        &self.ws
    }

    pub(crate) fn close_reason(&self) -> &str {
        &self.ending.close_reason
    }

    /// What has arrived after the last head.
    pub(crate) fn unread(&self) -> &[u8] {
        self.incoming.unread()
    }

    /// The opening handshake is over: what was agreed holds.
    pub(crate) fn was_opened(&mut self) {
        self.codec = Codec::new(self.ws.negotiated(), self.ws.role());
    }

    /// The next message; `None` after the closing handshake. Every other end is given once, as an error.
    pub(crate) fn poll_message<S: AsyncRead + AsyncWrite + Unpin>(
        &mut self,
        io: &mut S,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Message, Error>>> {
        loop {
            match ready!(self.poll_occurrence(io, cx))? {
                Some(Occurrence::Message(message)) => return Poll::Ready(Some(Ok(message))),
                Some(_) => {}
                None => return Poll::Ready(self.end().map(Err)),
            }
        }
    }

    /// What happens next; `None` if all is over.
    pub(crate) fn poll_occurrence<S: AsyncRead + AsyncWrite + Unpin>(
        &mut self,
        io: &mut S,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Option<Occurrence>, Error>> {
        loop {
            if let Some(message) = self.waiting.take().or_else(|| self.whole_message()) {
                return Poll::Ready(Ok(Some(Occurrence::Message(message))));
            }
            if let Some(occurrence) = self.receive()? {
                return Poll::Ready(Ok(Some(occurrence)));
            }
            if self.is_over() {
                return Poll::Ready(Ok(None));
            }
            if self.poll_turn(io, cx).is_pending() {
                self.incoming.shrink();
                self.outgoing.shrink();
                return Poll::Pending;
            }
        }
    }

    /// The next message, if it lies whole in the input and nothing else comes first: the common case.
    #[inline]
    fn whole_message(&mut self) -> Option<Message> {
        let now = self.incoming.arrived?;
        if self.waiting.is_some() || self.codec.is_on() || self.ws.state() != State::Open || self.outgoing.is_crowded() {
            return None;
        }
        self.incoming.whole_message(&mut self.ws, now)
    }

    /// Takes what has arrived, up to the next occurrence. After all of it comes the end of the input.
    fn receive(&mut self) -> Result<Option<Occurrence>, Error> {
        while let Some(now) = self.incoming.arrived.filter(|_| !self.outgoing.is_crowded()) {
            // An open connection has nothing to say to an empty input, unless a message is being inflated.
            if !self.incoming.is_used_up() || self.codec.is_on() || self.ws.state() != State::Open {
                let mut answer = [0; MAX_ANSWER];
                let received = self.incoming.receive(&mut self.ws, &mut self.codec, now, &mut answer);
                if received.as_ref().is_err_and(|error| *error == UsageError::NoDeflate.into()) {
                    // Compression was negotiated, and nothing here inflates: no later call could go on.
                    let n = self.ws.fail(CloseCode::INTERNAL_ERROR, now, &mut answer).unwrap_or(0);
                    self.outgoing.copy(&answer[..n]);
                }
                let (produced, occurrence) = received?;
                self.outgoing.copy(&answer[..produced]);
                if let Some(occurrence) = occurrence {
                    return Ok(Some(self.note(occurrence)));
                }
            }
            self.incoming.arrived = None;
            if self.incoming.has_ended() {
                let event = self.ws.receive_eof(now).event;
                return Ok(event.map(|event| self.note(of(event))));
            }
        }
        Ok(None)
    }

    fn note(&mut self, occurrence: Occurrence) -> Occurrence {
        match &occurrence {
            Occurrence::CloseReceived(reason) => self.ending.close_reason.clone_from(reason),
            Occurrence::Pong => self.awaits_pong = false,
            Occurrence::Failed(fault) => self.ending.fault = Some(*fault),
            Occurrence::Closed(cause) => _ = self.ending.cause.get_or_insert(*cause),
            _ => {}
        }
        occurrence
    }

    /// Whether nothing more comes or goes.
    fn is_over(&self) -> bool {
        self.ws.state() == State::Closed && self.outgoing.is_empty() && self.was_shut_down
    }

    /// What ended the connection, once, unless that was the closing handshake.
    pub(crate) fn end(&mut self) -> Option<Error> {
        if core::mem::replace(&mut self.ending.was_told, true) || self.ws.was_clean() {
            return None;
        }
        let reason = self.reason();
        Some(match (reason, &mut self.ending.io) {
            // The error itself, with the system's number; later calls have the copy.
            (Error::Io(copy), Some(error)) => Error::Io(core::mem::replace(error, copy)),
            (reason, _) => reason,
        })
    }

    /// What ended the connection, other than the closing handshake.
    fn reason(&self) -> Error {
        match (self.ending.fault, &self.ending.io, self.ending.cause) {
            (Some(fault), ..) => Error::Protocol(fault),
            (None, Some(error), _) => Error::Io(io::Error::new(error.kind(), error.to_string())),
            (None, None, Some(cause)) if cause != EndCause::EndOfInput => Error::Timeout(cause),
            _ => {
                let text = "the connection ended without a closing handshake";
                Error::Io(io::Error::new(io::ErrorKind::UnexpectedEof, text))
            }
        }
    }

    /// Writes, reads, and acts on deadlines. Ready if anything has happened.
    fn poll_turn<S: AsyncRead + AsyncWrite + Unpin>(&mut self, io: &mut S, cx: &mut Context<'_>) -> Poll<()> {
        if self.ws.state() != State::Open || !self.outgoing.is_empty() {
            let was_crowded = self.outgoing.is_crowded();
            let is_written = self.poll_write(io, cx).is_ready();
            if was_crowded && !self.outgoing.is_crowded() {
                return Poll::Ready(());
            }
            if is_written && self.ws.transport() != Transport::Keep && !self.was_shut_down {
                // It matters to the peer only: whether it fails shows in what is read. Once all is over nobody waits for it.
                let is_shut_down = Pin::new(&mut *io).poll_shutdown(cx).is_ready();
                self.was_shut_down = is_shut_down || self.ws.state() == State::Closed;
            }
            if self.is_over() {
                return Poll::Ready(());
            }
        }
        let reads = self.waiting.is_none() && !self.outgoing.is_crowded();
        self.pause(!reads);
        // A peer that sends without end does not put off the end of the opening handshake or of the closing.
        if self.ws.state() != State::Open && self.ws.next_timeout().is_some_and(|deadline| deadline <= self.looked) {
            self.act_on_deadline(self.looked);
            return Poll::Ready(());
        }
        if reads && !self.incoming.has_ended() && self.ws.state() != State::Closed {
            let read = self.incoming.poll_read(Pin::new(io), cx, self.ws.payload_remaining());
            if let Poll::Ready(read) = read {
                self.done.turned = true;
                let now = self.clock.now();
                self.looked = now;
                match read {
                    Ok(0) => self.incoming.end(now),
                    Ok(_) => self.incoming.arrived = Some(now),
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) => {
                        self.ending.io.get_or_insert(error);
                        self.incoming.end(now);
                    }
                }
                return Poll::Ready(());
            }
        }
        self.poll_deadline(cx)
    }

    fn pause(&mut self, pauses: bool) {
        if pauses != self.is_paused {
            self.is_paused = pauses;
            let now = self.clock.now();
            if pauses { self.ws.pause(now) } else { self.ws.resume(now) }
        }
    }

    /// Writes what is due. Ready when nothing is, or nothing more can be written.
    fn poll_write<S: AsyncWrite + Unpin>(&mut self, io: &mut S, cx: &mut Context<'_>) -> Poll<()> {
        if self.outgoing.is_empty() {
            return Poll::Ready(());
        }
        let (was_crowded, mut taken) = (self.outgoing.is_crowded(), 0);
        let written = self.outgoing.poll_write(Pin::new(io), cx, |n| taken += n);
        if taken > 0 {
            self.blocked_since = None;
            // The time matters to a Ping that is on its way, and to the closing.
            let is_timed = self.awaits_pong || self.ws.state() != State::Open;
            self.ws.written(taken, if is_timed { self.clock.now() } else { Instant::from_micros(0) });
        }
        self.done.wrote |= taken > 0 || written.is_ready();
        // Reading waited for room, or it is the end that waits.
        self.done.turned |= self.done.wrote && (was_crowded || self.ws.state() != State::Open);
        match written {
            Poll::Ready(Ok(())) => self.blocked_since = None,
            Poll::Ready(Err(error)) => {
                self.ending.io.get_or_insert(error);
                self.outgoing.lose();
            }
            Poll::Pending => {
                self.blocked_since.get_or_insert_with(|| self.clock.now());
                return Poll::Pending;
            }
        }
        Poll::Ready(())
    }

    /// Ready once a deadline has passed and was acted upon.
    fn poll_deadline(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let write_deadline = self.write_deadline();
        let Some(deadline) = self.ws.next_timeout().into_iter().chain(write_deadline).min() else { return Poll::Pending };
        let now = ready!(self.timer.poll(cx, self.clock, deadline));
        if write_deadline.is_some_and(|deadline| deadline <= now) {
            self.ending.cause.get_or_insert(EndCause::WriteTimeout);
            self.outgoing.lose();
            self.incoming.end(now);
            self.done = Done { wrote: true, turned: true };
        } else {
            self.act_on_deadline(now);
        }
        Poll::Ready(())
    }

    fn act_on_deadline(&mut self, now: Instant) {
        self.done = Done { wrote: true, turned: true };
        let mut answer = [0; MAX_ANSWER];
        let received = self.ws.handle_timeout(now, &mut answer);
        self.outgoing.copy(&answer[..received.produced]);
        self.awaits_pong |= received.produced > 0;
        if let Some(Occurrence::Closed(EndCause::HandshakeTimeout | EndCause::ClosingTimeout)) =
            received.event.map(|event| self.note(of(event)))
        {
            // Nobody waits for the rest of what is due.
            self.outgoing.lose();
        }
    }

    fn write_deadline(&self) -> Option<Instant> {
        let timeout = Duration::from_millis(self.ws.config().write_timeout_ms.into());
        let since = self.blocked_since.filter(|_| !timeout.is_zero() && !self.outgoing.is_empty())?;
        Some(Instant::from(Duration::from_micros(since.as_micros()).saturating_add(timeout)))
    }

    /// Writes all that is due. Meanwhile one message is read: of two ends that send to each other, neither waits for ever.
    pub(crate) fn poll_flush<S: AsyncRead + AsyncWrite + Unpin>(
        &mut self,
        io: &mut S,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), Error>> {
        self.poll_room(io, cx, Outgoing::is_empty)
    }

    /// Waits until a message can be sent.
    pub(crate) fn poll_ready<S: AsyncRead + AsyncWrite + Unpin>(
        &mut self,
        io: &mut S,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), Error>> {
        ready!(self.poll_room(io, cx, |outgoing| !outgoing.is_full()))?;
        Poll::Ready(self.check_open())
    }

    fn poll_room<S: AsyncRead + AsyncWrite + Unpin>(
        &mut self,
        io: &mut S,
        cx: &mut Context<'_>,
        has_room: impl Fn(&Outgoing) -> bool,
    ) -> Poll<Result<(), Error>> {
        loop {
            if has_room(&self.outgoing) || self.poll_write(io, cx).is_ready() {
                return Poll::Ready(self.check_lost());
            }
            while self.waiting.is_none() {
                match self.receive()? {
                    Some(Occurrence::Message(message)) => self.waiting = Some(message),
                    // All of the rest first: it is not to pile up.
                    Some(_) => {}
                    None => break,
                }
            }
            // It may have written what could not be written before.
            if self.poll_turn(io, cx).is_pending() && !has_room(&self.outgoing) {
                return Poll::Pending;
            }
        }
    }

    fn check_lost(&self) -> Result<(), Error> {
        if self.outgoing.is_lost() { Err(self.reason()) } else { Ok(()) }
    }

    fn check_open(&self) -> Result<(), Error> {
        self.check_lost()?;
        match self.ws.state() {
            State::Open => Ok(()),
            State::Connecting => Err(UsageError::NotOpen.into()),
            State::Closing | State::Closed => Err(Error::Closed),
        }
    }

    /// Takes a message, once there is room.
    pub(crate) fn send(&mut self, message: Message, compresses: bool) -> Result<(), Error> {
        self.check_open()?;
        if self.is_unfinished {
            return Err(UsageError::MessageUnfinished.into());
        }
        let (kind, bytes) = (message.kind(), message.into_bytes());
        if compresses && self.codec.compresses(bytes.len()) {
            return Ok(self.codec.send(&mut self.ws, kind, &bytes, &mut self.outgoing)?);
        }
        if bytes.len() <= SHORT || self.outgoing.is_full() {
            return self.send_frame(kind, &bytes, true);
        }
        let (header, masking_key) = self.header(kind, &bytes, true)?;
        self.outgoing.copy(&header);
        self.outgoing.add_payload(bytes, masking_key);
        Ok(())
    }

    fn send_frame(&mut self, kind: MessageKind, payload: &[u8], fin: bool) -> Result<(), Error> {
        let (header, masking_key) = self.header(kind, payload, fin)?;
        self.outgoing.copy_frame(&header, payload, masking_key);
        Ok(())
    }

    /// The header of a frame, and the key that a client's payload is to be masked with.
    #[inline]
    fn header(&mut self, kind: MessageKind, payload: &[u8], fin: bool) -> Result<(Header, Option<[u8; 4]>), CallError> {
        let mut header = Header { bytes: [0; MAX_HEADER], len: 0 };
        header.len = self.ws.send_header(kind, payload, fin, &mut header.bytes)?;
        let masking_key = if self.ws.role() == Role::Client { header.last_chunk().copied() } else { None };
        Ok((header, masking_key))
    }

    /// Whether a part can be sent.
    pub(crate) fn check_part(&self) -> Result<(), Error> {
        self.check_open()?;
        if self.is_cut { Err(UsageError::MessageUnfinished.into()) } else { Ok(()) }
    }

    /// Takes the first bytes of a part of a message, once there is room: one fragment. `rest` has the others, `fin` ends the message.
    pub(crate) fn send_part(&mut self, kind: MessageKind, payload: &[u8], rest: &[u8], fin: bool) -> Result<(), Error> {
        self.check_open()?;
        let fin = fin && rest.is_empty();
        self.send_frame(kind, payload, fin)?;
        (self.is_unfinished, self.is_cut) = (!fin, !rest.is_empty());
        Ok(())
    }

    /// Whether the end of the connection was given.
    pub(crate) const fn has_ended(&self) -> bool {
        self.ending.was_told
    }

    /// What was done since the last call.
    pub(crate) const fn take_done(&mut self) -> Done {
        core::mem::replace(&mut self.done, Done { wrote: false, turned: false })
    }

    /// Whether a message waits for whoever reads.
    pub(crate) const fn has_waiting(&self) -> bool {
        self.waiting.is_some()
    }

    /// Whether a message was begun that has no end yet.
    pub(crate) const fn is_unfinished(&self) -> bool {
        self.is_unfinished
    }

    pub(crate) fn ping(&mut self, payload: &[u8]) -> Result<(), Error> {
        self.check_open()?;
        self.control(|ws, room| ws.ping(payload, room))
    }

    /// Without `Config::auto_pong`.
    #[cfg(feature = "socketio")]
    pub(crate) fn pong(&mut self, payload: &[u8]) -> Result<(), Error> {
        self.check_open()?;
        self.control(|ws, room| ws.pong(payload, room))
    }

    pub(crate) fn close(&mut self, code: Option<CloseCode>, reason: &str) -> Result<(), Error> {
        let now = self.clock.now();
        self.control(|ws, room| ws.close(code, reason, now, room))?;
        // After a refusal it ends the connection, which `receive` tells.
        self.incoming.arrived.get_or_insert(now);
        Ok(())
    }

    /// Waits for `len` bytes that the connection does not take, or the end.
    pub(crate) fn poll_unread<S: AsyncRead + AsyncWrite + Unpin>(
        &mut self,
        io: &mut S,
        cx: &mut Context<'_>,
        len: usize,
    ) -> Poll<Result<(), Error>> {
        while self.unread().len() < len && self.ws.state() != State::Closed {
            if self.receive()?.is_none() {
                ready!(self.poll_turn(io, cx));
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Waits for the end of the connection. One message that arrives is kept, or all are dropped.
    pub(crate) fn poll_end<S: AsyncRead + AsyncWrite + Unpin>(
        &mut self,
        io: &mut S,
        cx: &mut Context<'_>,
        drops: bool,
    ) -> Poll<Result<(), Error>> {
        loop {
            if drops {
                self.waiting = None;
            }
            if self.waiting.is_none() {
                match self.receive()? {
                    Some(Occurrence::Message(message)) => self.waiting = Some(message),
                    Some(_) => {}
                    None if self.is_over() => break,
                    None => ready!(self.poll_turn(io, cx)),
                }
            } else if self.is_over() {
                break;
            } else {
                ready!(self.poll_turn(io, cx));
            }
        }
        Poll::Ready(if self.ws.was_clean() { Ok(()) } else { Err(self.reason()) })
    }

    /// Writes up to `room` bytes of something else than frames: heads.
    pub(crate) fn write_head(
        &mut self,
        room: usize,
        mut write: impl FnMut(&mut Connection<'static, Random>, Instant, &mut [u8]) -> Result<usize, CallError>,
    ) -> Result<(), CallError> {
        let (ws, now) = (&mut self.ws, self.clock.now());
        let written = self.outgoing.add(room, |room| write(ws, now, room));
        // What came after the head of a request is read now.
        self.incoming.arrived = Some(now);
        match written {
            // Only now is it known how long it is.
            Err(CallError::NeedsRoom { bytes }) if bytes > room => self.write_head(bytes, write),
            written => written.map(drop),
        }
    }

    fn control(
        &mut self,
        write: impl FnOnce(&mut Connection<'static, Random>, &mut [u8]) -> Result<usize, CallError>,
    ) -> Result<(), Error> {
        let ws = &mut self.ws;
        // A control frame is no longer than an answer.
        self.outgoing.add(MAX_ANSWER, |room| write(ws, room))?;
        Ok(())
    }
}
