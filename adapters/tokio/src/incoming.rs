//! What has arrived: bytes that are not consumed yet, and the message that is being joined. Long payload is read straight to where it
//! stays.

use crate::codec::Codec;
use crate::error::Refusal;
use crate::message::Message;
use crate::random::Random;
use bytes::{BufMut, Bytes, BytesMut};
use core::cell::Cell;
use core::pin::Pin;
use core::task::{Context, Poll, ready};
use sansocket::{CallError, Connection, Data, EndCause, Event, Instant, MessageKind, PingSource, ProtocolError};
use std::io;
use tokio::io::AsyncRead;
use tokio_util::io::poll_read_buf;

/// So much is read at a time: a message of 16 KiB comes whole, with its header.
const CHUNK: usize = (16 << 10) + BEYOND;

/// A message from this length on is cut out of the input instead of copied.
const LONG: usize = 8 << 10;

/// From so much payload on that has yet to arrive, it is read into the message.
const DIRECT: u64 = 4 << 10;

/// So much is read past the end of such a message.
const BEYOND: usize = 64;

/// With less room than this for a message, or than it needs, there has to be more.
const DIRECT_ROOM: usize = 4 << 10;

/// So much memory a header can ask for before the payload is there; from then on the message doubles.
const TRUSTED: usize = 1 << 20;

/// What has happened.
pub(crate) enum Occurrence {
    Message(Message),
    /// A server: the head of a request.
    Request(Bytes),
    /// A client: the 101.
    Opened,
    /// A client: any other answer; its body follows in the input.
    Refused(Box<Refusal>),
    /// The answer to a keepalive Ping.
    Pong,
    /// A Ping.
    #[cfg(feature = "socketio")]
    Ping(Bytes),
    /// The answer to a Ping of the caller's.
    #[cfg(feature = "socketio")]
    Answered,
    CloseReceived(String),
    Failed(ProtocolError),
    Closed(EndCause),
    /// Nothing that anybody has to know.
    Other,
}

#[derive(Default)]
pub(crate) struct Incoming {
    /// What was read. The first `consumed` bytes are consumed; none remain if all are.
    input: Vec<u8>,
    consumed: usize,
    /// The message that is being joined.
    joined: BytesMut,
    /// Bytes at the end of `joined` that were read there and not shown to the connection.
    direct: usize,
    has_ended: bool,
    /// When the last bytes arrived, or the end, unless all of them were received.
    pub(crate) arrived: Option<Instant>,
}

thread_local! {
    /// An input that no connection uses now: those that wait have none.
    static SPARE: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

impl Incoming {
    pub(crate) const fn has_ended(&self) -> bool {
        self.has_ended
    }

    /// The transport's input has ended, or nobody wants more of it.
    pub(crate) fn end(&mut self, now: Instant) {
        (self.has_ended, self.arrived) = (true, Some(now));
    }

    /// Whether the connection has been shown all that arrived.
    #[inline]
    pub(crate) fn is_used_up(&self) -> bool {
        self.input.is_empty() && self.direct == 0
    }

    /// The next message, if it lies whole in the input: the common case.
    #[inline]
    pub(crate) fn whole_message(&mut self, ws: &mut Connection<'static, Random>, now: Instant) -> Option<Message> {
        // Inside a message the rest comes in pieces.
        if !self.joined.is_empty() || self.input.is_empty() {
            return None;
        }
        // Without room for answers a call takes nothing but such a message, of less than 64 KiB.
        let received = ws.receive(now, &mut self.input[self.consumed..], &mut []).ok()?;
        let consumed = received.consumed;
        let Event::Data(Data { kind, payload, .. }) = received.event? else { return None };
        let len = payload.len();
        if len < LONG {
            let message = Message::of_checked(kind, Bytes::copy_from_slice(payload));
            self.consume(consumed);
            return Some(message);
        }
        Some(Message::of_checked(kind, self.cut(consumed, len)))
    }

    #[inline]
    fn consume(&mut self, n: usize) {
        self.consumed += n;
        if self.consumed == self.input.len() {
            self.input.clear();
            self.consumed = 0;
        }
    }

    /// Consumes `n` bytes, the last `len` of which are a message, with the memory that they lie in.
    fn cut(&mut self, n: usize, len: usize) -> Bytes {
        let end = self.consumed + n;
        let mut rest = SPARE.take();
        rest.extend_from_slice(&self.input[end..]);
        self.consumed = 0;
        Bytes::from(core::mem::replace(&mut self.input, rest)).slice(end - len..end)
    }

    /// What has arrived after the last head.
    pub(crate) fn unread(&self) -> &[u8] {
        &self.input[self.consumed..]
    }

    /// Gives back memory that an idle connection does not need.
    #[inline]
    pub(crate) fn shrink(&mut self) {
        if self.input.is_empty() && self.input.capacity() > 0 {
            let input = core::mem::take(&mut self.input);
            if input.capacity() <= 2 * CHUNK {
                SPARE.set(input);
            }
        }
    }

    /// Reads what is there. Returns how many bytes, 0 at the end of the input.
    pub(crate) fn poll_read<S: AsyncRead>(
        &mut self,
        io: Pin<&mut S>,
        cx: &mut Context<'_>,
        payload_remaining: u64,
    ) -> Poll<io::Result<usize>> {
        let is_direct = payload_remaining >= DIRECT && self.input.is_empty();
        if is_direct {
            return self.poll_read_direct(io, cx, usize::try_from(payload_remaining).unwrap_or(usize::MAX));
        }
        if self.input.capacity() == 0 {
            self.input = SPARE.take();
        }
        if self.input.capacity() - self.input.len() < CHUNK / 4 {
            self.input.drain(..self.consumed);
            self.consumed = 0;
            self.input.reserve(CHUNK);
        }
        poll_read_buf(io, cx, &mut self.input)
    }

    /// The same into the message. It asks for a little more than the payload: a read that fills all its room would have to be tried
    /// again before tokio knows that the socket has no more, and the next header may be there.
    fn poll_read_direct<S: AsyncRead>(
        &mut self,
        io: Pin<&mut S>,
        cx: &mut Context<'_>,
        remaining: usize,
    ) -> Poll<io::Result<usize>> {
        let wanted = remaining.saturating_add(BEYOND);
        if self.joined.capacity() - self.joined.len() < wanted.min(DIRECT_ROOM) {
            self.joined.reserve(wanted.min(TRUSTED.max(self.joined.len())));
        }
        let n = ready!(poll_read_buf(io, cx, &mut (&mut self.joined).limit(wanted)))?;
        self.direct = n.min(remaining);
        if n > remaining {
            if self.input.capacity() == 0 {
                self.input = SPARE.take();
            }
            let end = self.joined.len() - (n - remaining);
            self.input.extend_from_slice(&self.joined[end..]);
            self.joined.truncate(end);
        }
        Poll::Ready(Ok(n))
    }

    /// Shows the connection what has arrived: how many bytes of `answer` are due, and what has happened.
    pub(crate) fn receive(
        &mut self,
        ws: &mut Connection<'static, Random>,
        codec: &mut Codec,
        now: Instant,
        answer: &mut [u8],
    ) -> Result<(usize, Option<Occurrence>), CallError> {
        if self.direct > 0 {
            return self.receive_direct(ws, now, answer);
        }
        let may_be_inflated = codec.is_on();
        let received = codec.receive(ws, now, &mut self.input[self.consumed..], answer)?;
        let (consumed, produced) = (received.consumed, received.produced);
        let Some(event) = received.event else {
            self.consume(consumed);
            return Ok((produced, None));
        };
        let occurrence = match event {
            Event::Data(Data { kind, payload, offset: 0, last: true, .. }) => {
                let len = payload.len();
                if len < LONG || may_be_inflated {
                    Occurrence::Message(Message::of_checked(kind, Bytes::copy_from_slice(payload)))
                } else {
                    let message = Message::of_checked(kind, self.cut(consumed, len));
                    return Ok((produced, Some(Occurrence::Message(message))));
                }
            }
            Event::Data(Data { kind, payload, last, .. }) => {
                if self.joined.is_empty() {
                    // All that will be needed at once, unless it is too much to trust the header. Memory that a message fills
                    // is its own without another allocation.
                    let remaining = ws.payload_remaining();
                    let beyond = if remaining >= DIRECT { BEYOND } else { 0 };
                    let rest = usize::try_from(remaining).unwrap_or(usize::MAX);
                    self.joined.reserve(payload.len() + rest.saturating_add(beyond).min(TRUSTED));
                }
                self.joined.extend_from_slice(payload);
                self.end_of_piece(kind, last)
            }
            event => of(event),
        };
        self.consume(consumed);
        Ok((produced, Some(occurrence)))
    }

    /// The same for bytes that were read into the message.
    fn receive_direct(
        &mut self,
        ws: &mut Connection<'static, Random>,
        now: Instant,
        answer: &mut [u8],
    ) -> Result<(usize, Option<Occurrence>), CallError> {
        let start = self.joined.len() - core::mem::take(&mut self.direct);
        let received = ws.receive(now, &mut self.joined[start..], answer)?;
        let produced = received.produced;
        let occurrence = match received.event {
            Some(Event::Data(Data { kind, last, .. })) => Some(self.end_of_piece(kind, last)),
            event => event.map(of),
        };
        Ok((produced, occurrence))
    }

    fn end_of_piece(&mut self, kind: MessageKind, last: bool) -> Occurrence {
        if last {
            Occurrence::Message(Message::of_checked(kind, core::mem::take(&mut self.joined).freeze()))
        } else {
            Occurrence::Other
        }
    }
}

/// An event other than a piece of a message.
pub(crate) fn of(event: Event<'_>) -> Occurrence {
    match event {
        Event::Request(request) | Event::HttpRequest(request) => Occurrence::Request(Bytes::copy_from_slice(request.bytes())),
        Event::Opened(_) => Occurrence::Opened,
        Event::Refused { response, error, .. } => Occurrence::Refused(Box::new(Refusal::new(&response, error))),
        Event::Pong { answers: Some(PingSource::Keepalive), .. } => Occurrence::Pong,
        #[cfg(feature = "socketio")]
        Event::Pong { answers: Some(PingSource::Application), .. } => Occurrence::Answered,
        #[cfg(feature = "socketio")]
        Event::Ping { payload, .. } => Occurrence::Ping(Bytes::copy_from_slice(payload)),
        Event::CloseReceived { reason, .. } => Occurrence::CloseReceived(reason.to_owned()),
        Event::Failed { error, .. } => Occurrence::Failed(error),
        Event::Closed { cause, .. } => Occurrence::Closed(cause),
        _ => Occurrence::Other,
    }
}
