//! What the program sends and decides.

use sansocket::{CallError, ClientRequest, CloseCode, Codec, Entropy, Header, Instant, MessageKind, NoCodec, PingSource, State};

use crate::cause::Cause;
use crate::control::{Control, Messages, Shown, Stage};
use crate::error::SendError;

/// What a program can do with a [`Session`](crate::Session), at one point in time. It comes with each event; outside of events
/// [`commands`](crate::Session::commands) lends it.
///
/// Each message gets a number, from 1 on in the order of the calls, by which events tell what became of it.
pub struct Commands<'a, 'c, E, D = NoCodec> {
    /// `None` beside an event that borrows all of the connection.
    pub(crate) ws: Option<sansocket::Commands<'a, 'c, E, D>>,
    pub(crate) control: &'a mut Control<'c>,
    pub(crate) queue: &'a mut [u8],
    pub(crate) url: &'a str,
    pub(crate) now: Instant,
}

impl<'c, E: Entropy, D: Codec> Commands<'_, 'c, E, D> {
    /// Sends a message, now or, after those that wait before it, once there is a connection. Returns its number.
    ///
    /// # Errors
    /// [`SendError::Full`], if [`overflow`](crate::SessionConfig::overflow) says so; [`SendError::TooLong`], [`SendError::Stopped`],
    /// [`SendError::InvalidUtf8`].
    pub fn send(&mut self, kind: MessageKind, payload: &[u8]) -> Result<u64, SendError> {
        self.put(&[(kind, payload)], false)
    }

    /// Sends a text message: [`send`](Self::send).
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub fn send_text(&mut self, text: &str) -> Result<u64, SendError> {
        self.put(&[(MessageKind::Text, text.as_bytes())], false)
    }

    /// Sends a message that is worth nothing later, such as a position: it is dropped, and reported, if there is no connection, or if the
    /// connection ends while it waits.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub fn send_volatile(&mut self, kind: MessageKind, payload: &[u8]) -> Result<u64, SendError> {
        self.put(&[(kind, payload)], true)
    }

    /// Sends messages that belong together: all of them or none, on one connection, and none of the session's between them. They count as one
    /// message with one number, so that all wait, and all are dropped, but take [`QUEUE_OVERHEAD`](crate::QUEUE_OVERHEAD) and a place in the
    /// queue each. Together, with 14 bytes for each, they have to fit into the output. Several are not compressed. `is_volatile` is as with
    /// [`send_volatile`](Self::send_volatile).
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub fn send_together(&mut self, messages: &[(MessageKind, &[u8])], is_volatile: bool) -> Result<u64, SendError> {
        self.put(messages, is_volatile)
    }

    /// Sends a message on the connection that is open, before those that wait: a log-in. Returns its number.
    ///
    /// # Errors
    /// [`SendError::NotNow`] if no connection is open, or its output has no room; [`SendError::TooLong`], [`SendError::InvalidUtf8`].
    pub fn send_now(&mut self, kind: MessageKind, payload: &[u8]) -> Result<u64, SendError> {
        self.check(&[(kind, payload)])?;
        if !self.can_send() {
            return Err(SendError::NotNow);
        }
        let ws = self.ws.as_mut().ok_or(SendError::NotNow)?;
        ws.send(kind, payload)?;
        let number = self.control.last_number.saturating_add(1);
        self.control.last_number = number;
        self.control.delivery.note_handed(number);
        Ok(number)
    }

    /// Sends a part of a message that is longer than the output, or is not all in memory, on the connection that is open; as
    /// [`sansocket::Commands::send_part`], and returns how many bytes of `payload` were taken. Its number is the next one, from its first
    /// part on ([`last_number`](Self::last_number)). What is sent until its last part waits in the queue. It cannot wait there itself, and if
    /// the connection ends before its last part, it is among the [`unconfirmed`](crate::Event::Down) ones, and the caller begins a new one.
    ///
    /// # Errors
    /// [`SendError::NotNow`] if no connection is open, messages wait, or the output has no room: again, later. [`SendError::Interrupted`] for
    /// parts but the first, once the connection that had that one is no longer open. [`SendError::InvalidUtf8`].
    pub fn send_part(&mut self, kind: MessageKind, offset: u64, payload: &[u8], fin: bool) -> Result<usize, SendError> {
        let is_next = match (offset, self.control.in_parts) {
            (0, None) => self.can_send() && self.control.may_flush() && self.control.queue.len() == 0,
            (1.., Some(_)) if self.can_send() => true,
            (1.., _) => return Err(SendError::Interrupted),
            _ => false,
        };
        let Some(ws) = self.ws.as_mut().filter(|_| is_next) else { return Err(SendError::NotNow) };
        let taken = ws.send_part(kind, offset, payload, fin)?;
        let is_last = fin && taken == payload.len();
        if taken > 0 || is_last {
            self.control.note_part(is_last);
        }
        Ok(taken)
    }

    /// The number of the latest message; 0 if there was none.
    pub fn last_number(&self) -> u64 {
        self.control.last_number
    }

    /// In the handler of [`Event::Refused`](crate::Event::Refused): the transport stays, and what arrives of the body is in
    /// [`unread`](crate::Session::unread), until [`discard`](crate::Session::discard) makes space for more. [`Event::Down`](crate::Event::Down)
    /// comes when the server ends the connection, at the deadline of the opening handshake, or after [`end_body`](Self::end_body).
    pub fn read_body(&mut self) {
        if let (Stage::Over(cause), Shown::Live) = (self.control.stage, self.control.shown) {
            self.control.stage = Stage::Body(cause);
        }
    }

    /// The program has enough of the body.
    pub fn end_body(&mut self) {
        if let Stage::Body(cause) = self.control.stage {
            self.control.stage = Stage::Over(cause);
        }
    }

    /// Asks for the opening handshake, in the handler of [`Event::Connected`](crate::Event::Connected): with an Origin, and with header
    /// fields.
    ///
    /// # Errors
    /// As [`Connection::request`](sansocket::Connection::request), with
    /// [`NotConnecting`](sansocket::UsageError::NotConnecting) at any other time. After [`CallError::EntropyFailed`] the next call of
    /// [`next`](crate::Session::next) says so too, and then `Connected` comes again.
    pub fn request(&mut self, origin: Option<&str>, headers: &[Header<'_>]) -> Result<(), CallError> {
        let not_now = sansocket::UsageError::NotConnecting;
        if !matches!(self.control.stage, Stage::Requesting | Stage::Reasking) {
            return Err(not_now.into());
        }
        let url = sansocket::Url::parse(self.url).map_err(|_| not_now)?;
        let request = ClientRequest::new(url.authority(), url.target()).origin(origin).headers(headers);
        let requested = self.ws.as_mut().ok_or(not_now)?.request(&request);
        if requested == Err(CallError::EntropyFailed) {
            self.control.stage = Stage::Reasking;
        }
        requested?;
        self.control.stage = Stage::Live;
        Ok(())
    }

    /// Sends a Ping with at most 125 bytes of payload, on the connection that is open. Its Pong shows that what was sent before it has
    /// arrived: give each a payload of its own, so that it is known which of them is answered.
    ///
    /// # Errors
    /// As [`Connection::ping`](sansocket::Connection::ping), with [`NotOpen`](sansocket::UsageError::NotOpen) without a connection.
    pub fn ping(&mut self, payload: &[u8]) -> Result<(), CallError> {
        if !self.is_open() {
            return Err(sansocket::UsageError::NotOpen.into());
        }
        if let Some(ws) = &mut self.ws {
            ws.ping(payload)?;
            self.control.delivery.note_ping(PingSource::Application);
        }
        Ok(())
    }

    /// Keeps the queue back until [`release`](Self::release), or until the connection ends: in the handler of
    /// [`Event::Up`](crate::Event::Up), for a server that wants an answer to its challenge first. What is sent meanwhile waits too, except by
    /// [`send_now`](Self::send_now).
    pub fn hold(&mut self) {
        self.control.holds = true;
    }

    /// Lets the queue leave.
    pub fn release(&mut self) {
        self.control.holds = false;
    }

    /// Ends the session: an open connection by a closing handshake, anything else at once. What waits in the queue is dropped, and
    /// reported; a program that wants it to leave waits until [`queued`](crate::Session::queued) is 0. On an open connection a Ping goes
    /// before the Close, whose Pong shows that all before it has arrived. [`Event::Down`](crate::Event::Down) comes last.
    ///
    /// # Errors
    /// As [`Connection::close`](sansocket::Connection::close): the session goes on.
    pub fn close(&mut self, code: impl Into<Option<CloseCode>>, reason: &str) -> Result<(), CallError> {
        let is_open = self.is_open();
        match (self.control.stage, &mut self.ws) {
            (Stage::Live, Some(ws)) if is_open => {
                if !self.control.delivery.unconfirmed().is_empty() && ws.ping(b"before the Close").is_ok() {
                    self.control.delivery.note_ping(PingSource::Application);
                }
                ws.close(code, reason)?;
            }
            (Stage::Live, Some(ws)) if ws.connection().state() != State::Connecting => {}
            (Stage::Idle | Stage::Backoff { .. } | Stage::GivingUp | Stage::Stopped, _) => self.control.stage = Stage::Stopped,
            (Stage::Body(cause), _) => self.control.stage = Stage::Over(cause),
            (Stage::Ending(_) | Stage::Over(_), _) => {}
            _ => self.control.stage = Stage::Over(Cause::Application),
        }
        self.control.closes = true;
        self.control.drop_queue(self.queue);
        Ok(())
    }

    /// Dials in `ms` milliseconds, whatever the session would do: in the handler of [`Event::Down`](crate::Event::Down), for a cause that is
    /// final otherwise or to wait for another time; and while it waits, with 0, if the program knows that the network is back. Without
    /// effect while there is a connection, and after [`close`](Self::close).
    pub fn retry_in(&mut self, ms: u64) {
        if let (Stage::Backoff { .. } | Stage::GivingUp, false) = (self.control.stage, self.control.closes) {
            self.control.retry_in(ms, self.now);
        }
    }

    /// Does not dial again: in the handler of [`Event::Down`](crate::Event::Down), and while the session waits.
    /// [`Event::GaveUp`](crate::Event::GaveUp) follows.
    pub fn stop(&mut self) {
        if let Stage::Backoff { .. } = self.control.stage {
            self.control.stage = Stage::GivingUp;
        }
    }

    /// Dials again after the wait that the session's rules give, although the cause is final for them: in the handler of
    /// [`Event::Down`](crate::Event::Down), for a protocol above this one that knows better. The milliseconds; `None` if the session does not,
    /// after [`close`](Self::close) and too many failures.
    pub fn retry(&mut self) -> Option<u64> {
        let ms = self.control.wait_ms.filter(|_| self.control.stage == Stage::GivingUp)?;
        self.retry_in(ms);
        Some(ms)
    }

    /// Drops the connection, or the dial, without a closing handshake, and has the session dial again by its rules: for a protocol above this
    /// one that knows it to be dead or has lost its thread. What is due does not leave; what waits in the queue stays.
    /// [`Event::Down`](crate::Event::Down) follows, with [`Cause::Dropped`]. Without effect if there is neither.
    pub fn drop_connection(&mut self) {
        if self.control.stage == Stage::Live || self.control.is_dialling() {
            self.control.stage = Stage::Over(Cause::Dropped);
        }
    }

    /// Drops the messages that wait and of which `drops` says so, and reports them ([`Event::Dropped`](crate::Event::Dropped)). It is asked
    /// with number, kind and payload; of messages that belong together, about the first.
    pub fn drop_queued(&mut self, mut drops: impl FnMut(u64, MessageKind, &[u8]) -> bool) {
        self.control.drop_if(self.queue, |message| drops(message.number, message.kind, message.payload));
    }

    /// The number of the oldest message in the queue. Those that were sent before it have been handed to a connection, or dropped.
    pub fn oldest_queued(&self) -> Option<u64> {
        self.control.queue.front(self.queue).map(|message| message.number)
    }

    /// How many bytes of frames the output has room for, each 2 to 14 longer than its payload; 0 beside an event that borrows all of the
    /// connection.
    pub fn room(&self) -> usize {
        self.ws.as_ref().map_or(0, sansocket::Commands::room)
    }

    /// The point in time that these commands are for.
    pub fn now(&self) -> Instant {
        self.now
    }

    /// Until when the input was looked at ([`filled`](crate::Session::filled)); now, if there is no transport. A deadline for the peer's bytes
    /// acts once it is not later than this: a machine that slept reads first.
    pub fn looked(&self) -> Instant {
        if self.control.has_transport() { self.control.looked } else { self.now }
    }

    /// How many messages wait in the queue.
    pub fn queued(&self) -> u32 {
        self.control.queue.len()
    }

    fn is_open(&self) -> bool {
        let is_open = |ws: &sansocket::Commands<'_, 'c, E, D>| ws.connection().state() == State::Open;
        self.control.stage == Stage::Live && self.ws.as_ref().is_some_and(is_open)
    }

    /// Whether what is sent may reach the server.
    fn can_send(&self) -> bool {
        self.is_open() && !self.control.is_mute
    }

    fn check(&self, messages: Messages<'_>) -> Result<(), SendError> {
        let len = messages.iter().fold(0_usize, |sum, (_, payload)| sum.saturating_add(payload.len()));
        if Control::frames_len(messages.len(), len) > Control::frames_len(1, self.control.longest) {
            return Err(SendError::TooLong);
        }
        let is_valid =
            |(kind, payload): &(MessageKind, &[u8])| *kind != MessageKind::Text || core::str::from_utf8(payload).is_ok();
        if messages.iter().all(is_valid) { Ok(()) } else { Err(SendError::InvalidUtf8) }
    }

    fn put(&mut self, messages: Messages<'_>, is_volatile: bool) -> Result<u64, SendError> {
        self.check(messages)?;
        if self.control.closes || self.control.stage == Stage::Stopped {
            return Err(SendError::Stopped);
        }
        let number = self.control.last_number.saturating_add(1);
        let is_open = self.can_send();
        let is_next = self.control.queue.len() == 0 && self.control.may_flush();
        if is_open && is_next && self.hand_over(messages) {
            self.control.delivery.note_handed(number);
        } else if is_volatile && !is_open {
            self.control.dropped.add(number);
        } else {
            self.control.enqueue(self.queue, number, is_volatile, messages)?;
        }
        self.control.last_number = number;
        Ok(number)
    }

    /// Hands messages to the connection, all or none. If the first has gone and another cannot, the connection is dropped: the peer would take
    /// what comes next for what is missing.
    fn hand_over(&mut self, messages: Messages<'_>) -> bool {
        let Some(ws) = &mut self.ws else { return false };
        if let &[(kind, payload)] = messages {
            return ws.send(kind, payload).is_ok();
        }
        let len = messages.iter().fold(0_usize, |sum, (_, payload)| sum.saturating_add(payload.len()));
        if ws.room() < Control::frames_len(messages.len(), len) {
            return false;
        }
        let sent = messages.iter().take_while(|(kind, payload)| ws.plain().send(*kind, payload).is_ok()).count();
        if sent > 0 && sent < messages.len() {
            self.drop_connection();
        }
        sent > 0
    }
}
