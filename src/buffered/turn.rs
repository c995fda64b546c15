//! What the layer does by itself: takes events from the input while the output has room for what they cause, joins messages, acts
//! on the end of the input and on deadlines, in this order.

use super::codec::Codec;
use super::commands::Commands;
use super::input::{Joined, Piece, max_joined};
use super::progress::Progress;
use crate::close_code::CloseCode;
use crate::connection::{Connection, MAX_ANSWER, MAX_REMAINDER, SHORTCUTS};
use crate::entropy::Entropy;
use crate::error::{CallError, ProtocolError, UsageError};
use crate::event::{Data, EndCause, Event, Received};
use crate::frame::{Plain, PlainPiece, WholeMessage};
use crate::time::Instant;

/// The least bytes of an input: so that every control frame fits.
pub(super) const MIN_INPUT: usize = MAX_REMAINDER + 1;

/// The least bytes of an output: for an answer to the peer, and for a control frame of the caller's beside it.
pub(super) const MIN_OUTPUT: usize = 2 * MAX_ANSWER;

/// A connection with its buffers, for the time of a call: one type, whoever owns them.
pub(super) struct Turn<'a, 'c, E, D> {
    pub(super) ws: &'a mut Connection<'c, E>,
    pub(super) input: &'a mut [u8],
    pub(super) output: &'a mut [u8],
    /// For joining messages; empty if they are joined in the input.
    pub(super) joining: &'a mut [u8],
    pub(super) codec: &'a mut D,
    pub(super) progress: &'a mut Progress,
}

/// What the input holds.
enum Looked {
    /// A piece of a message, with which so many bytes are consumed.
    Piece(Piece, usize),
    /// Nothing yet.
    Nothing,
    /// A fault that shows in so many bytes.
    Fault(ProtocolError, usize),
    /// Something else.
    Other,
}

/// What came of the input.
enum Taken {
    /// A piece of a message for a caller that takes pieces, at this place in the input.
    Piece(Piece, usize),
    /// A piece that was joined to those before it.
    Joined,
    Event,
    Nothing,
}

impl<'a, 'c, E: Entropy, D: Codec> Turn<'a, 'c, E, D> {
    /// Releases the current event and goes on to the next, if that is a message that lies whole in the input: gives its piece and
    /// place. Otherwise how much of the input was read, for [`next_other`](Self::next_other).
    #[inline(always)]
    pub(super) fn advance_to_message(&mut self, now: Instant) -> Result<(Piece, usize), usize> {
        if self.free() < self.progress.needed() {
            return Err(0);
        }
        let arrived = first(self.progress.arrived.bytes(self.input), self.progress.at_once);
        let WholeMessage { kind, start, len } = self.ws.whole_message(now, arrived, MAX_ANSWER)?;
        let piece = Piece { kind, offset: 0, last: true, len };
        Ok((piece, self.progress.show(&piece, start.wrapping_add(len))))
    }

    /// Releases the current event if it is certain that there is no other: the common end of a turn.
    #[inline(always)]
    pub(super) fn has_nothing(&mut self) -> bool {
        let is_nothing =
            self.progress.at_once > 0 && self.progress.arrived.is_used_up() && self.ws.needs_input() && self.is_quiet();
        if is_nothing {
            self.progress.arrived.restart();
            self.progress.held.release();
            self.progress.has_news = false;
        }
        is_nothing
    }

    /// Whether no deadline has passed, up to when the input was last looked at.
    #[inline(always)]
    fn is_quiet(&mut self) -> bool {
        let Progress { due, looked, quiet_until, .. } = &mut *self.progress;
        if *quiet_until == Instant::from_micros(0) {
            *quiet_until = self.ws.next_timeout().unwrap_or(Instant::NEVER);
        }
        *looked < *quiet_until && *looked < due.deadline()
    }

    /// Releases the current event and goes on to the next, which does not lie whole in the input, and of which `header_len` bytes were
    /// read.
    #[inline]
    #[expect(clippy::type_complexity, reason = "an alias would hide what comes with an event")]
    pub(super) fn next_other(
        mut self,
        header_len: usize,
        now: Instant,
    ) -> Result<Option<(Event<'a>, Commands<'a, 'c, E, D>)>, CallError> {
        self.progress.held.release();
        if !SHORTCUTS || !self.may_look() {
            return self.go_on(None, now);
        }
        match self.look(header_len, now) {
            Looked::Piece(piece, consumed) if !self.progress.is_joined(&piece) => {
                let at = self.progress.show_piece(&piece, consumed);
                Ok(Some(self.lend(piece, at, now)))
            }
            looked => self.go_on(Some(looked), now),
        }
    }

    /// Goes on to the next event from what was `looked` at, if anything was.
    #[inline(never)]
    #[expect(clippy::type_complexity, reason = "an alias would hide what comes with an event")]
    fn go_on(
        mut self,
        mut looked: Option<Looked>,
        now: Instant,
    ) -> Result<Option<(Event<'a>, Commands<'a, 'c, E, D>)>, CallError> {
        let is_event = loop {
            if looked.is_none() && !self.may_look() {
                if self.has_short_buffers() {
                    return Err(UsageError::BufferTooShort.into());
                }
                if self.is_held_up(now) {
                    break self.act_on_time();
                }
            }
            let first = looked.take().unwrap_or_else(|| self.look(0, now));
            match self.receive(first, now)? {
                Taken::Piece(piece, at) => return Ok(Some(self.lend(piece, at, now))),
                Taken::Joined if self.progress.arrived.is_empty() && self.ws.needs_input() => break self.nothing_arrived(now),
                Taken::Joined => {}
                Taken::Event => break true,
                Taken::Nothing => break self.nothing_arrived(now),
            }
        };
        Ok(if is_event { self.current(now) } else { None })
    }

    /// Whether the input need not wait.
    #[inline]
    fn may_look(&self) -> bool {
        self.progress.at_once > 0 && self.free() >= self.progress.needed()
    }

    /// Looks at what has arrived, of which `header_len` bytes were read, for what is common.
    #[inline(always)]
    fn look(&mut self, header_len: usize, now: Instant) -> Looked {
        let room = self.free();
        match self.ws.plain(now, self.progress.arrived.bytes(self.input), header_len, room) {
            Plain::Piece(PlainPiece { data, consumed }) => Looked::Piece(Piece::of(&data), consumed),
            Plain::Nothing => Looked::Nothing,
            Plain::Other(Ok(_)) => Looked::Other,
            Plain::Other(Err((fault, consumed))) => Looked::Fault(fault, consumed),
        }
    }

    /// Takes what has arrived, up to the end of a piece or another event.
    #[inline(always)]
    fn receive(&mut self, looked: Looked, now: Instant) -> Result<Taken, CallError> {
        let address = self.input.as_ptr().addr();
        let is_full = self.progress.arrived.is_full(self.input.len());
        let rest = match looked {
            Looked::Piece(piece, consumed) => return Ok(self.take(piece, consumed, false, now)),
            Looked::Nothing => return Ok(Taken::Nothing),
            Looked::Fault(fault, consumed) => Err((fault, consumed)),
            Looked::Other => Ok(self.progress.arrived.bytes(self.input)),
        };
        let out = self.progress.due.free_part(self.output);
        #[cfg(not(feature = "deflate"))]
        let (received, is_inflated) = (self.ws.receive_rest(now, rest, is_full, out), false);
        #[cfg(feature = "deflate")]
        let (mut beyond, mut is_inflated) = ([0], false);
        #[cfg(feature = "deflate")]
        let received = match self.codec.inflater() {
            None => self.ws.receive_rest(now, rest, is_full, out),
            Some(inflater) => {
                // After what is joined there already. If that fills it, one byte more shows that the message is too long.
                let (joined, has_memory) = (self.progress.arrived.joined_in_memory(true), !self.joining.is_empty());
                let room = self.joining.get_mut(joined..).unwrap_or_default();
                let mut room = Some(if room.is_empty() && joined > 0 { &mut beyond } else { room });
                let received = self.ws.receive_inflated(now, (rest, is_full), inflater, &mut room, out);
                is_inflated = has_memory && room.is_none();
                received
            }
        };
        match received {
            Ok(Received { consumed, event: Some(Event::Data(data)), .. }) => {
                let piece = Piece::of(&data);
                Ok(self.take(piece, consumed, is_inflated, now))
            }
            Ok(Received { consumed, produced, event: None }) => {
                self.progress.arrived.consume(consumed);
                self.progress.produced(produced, now, self.ws.config());
                Ok(Taken::Nothing)
            }
            Ok(received) => {
                self.progress.take(&received, address, now, self.ws.config());
                Ok(Taken::Event)
            }
            Err(error) => {
                self.fail_without_codec(error, now);
                Err(error)
            }
        }
    }

    /// Takes a piece of a message, with which so many bytes are consumed.
    #[inline]
    fn take(&mut self, piece: Piece, consumed: usize, is_inflated: bool, now: Instant) -> Taken {
        if self.progress.is_joined(&piece) {
            self.progress.arrived.consume(consumed);
            return if self.join(&piece, is_inflated, now) { Taken::Event } else { Taken::Joined };
        }
        if is_inflated {
            self.progress.arrived.stop_joining();
            self.progress.arrived.consume(consumed);
            self.progress.held.set_joined(piece.kind, piece.offset, piece.last, piece.len);
            return Taken::Event;
        }
        Taken::Piece(piece, self.progress.show_piece(&piece, consumed))
    }

    /// The current event.
    #[inline]
    pub(super) fn current(self, now: Instant) -> Option<(Event<'a>, Commands<'a, 'c, E, D>)> {
        let Turn { ws, input, output, joining, codec, progress } = self;
        let event = progress.held.event(input, joining)?;
        Some((event, Commands::new(ws, output, codec, progress, now)))
    }

    /// A piece of a message, `at` a place in the input.
    #[inline(always)]
    pub(super) fn lend(self, piece: Piece, at: usize, now: Instant) -> (Event<'a>, Commands<'a, 'c, E, D>) {
        let Turn { ws, input, output, codec, progress, .. } = self;
        let payload = input.get_mut(at..).and_then(|rest| rest.get_mut(..piece.len)).unwrap_or_default();
        let event = Event::Data(Data { kind: piece.kind, payload, offset: piece.offset, last: piece.last });
        (event, Commands::new(ws, output, codec, progress, now))
    }

    /// Notes how much of the input may be looked at for a message that is shown at once. Of messages that are joined, the longest
    /// take the long way, where their limit is. (A frame's header has two bytes or more.)
    pub(super) fn settle(&mut self) {
        self.progress.quiet_until = Instant::from_micros(0);
        let Progress { is_stalled, joins, .. } = *self.progress;
        self.progress.at_once = if self.progress.is_paused() || is_stalled || self.has_short_buffers() {
            0
        } else if joins {
            max_joined(self.input.len(), self.joining.len()).saturating_add(2)
        } else {
            usize::MAX
        };
    }

    /// Begins to join messages in memory, the one under way included.
    pub(super) fn move_to_memory(&mut self) {
        self.progress.arrived.move_to_memory(self.input, self.joining);
        self.settle();
    }

    fn has_short_buffers(&self) -> bool {
        self.input.len() < MIN_INPUT || self.output.len() < MIN_OUTPUT.max(self.progress.needed())
    }

    fn free(&self) -> usize {
        self.progress.due.free(self.output.len())
    }

    /// Whether the input has to wait: the caller wants it, or an answer might not fit. Meanwhile the deadlines that wait for the
    /// peer stand still.
    #[cold]
    fn is_held_up(&mut self, now: Instant) -> bool {
        if self.progress.is_paused() {
            return true;
        }
        let is_short = self.free() < self.progress.needed() && self.has_more();
        if is_short != self.progress.is_stalled {
            self.progress.is_stalled = is_short;
            if is_short {
                self.ws.pause(now)
            } else {
                self.ws.resume(now)
            }
            self.settle();
        }
        is_short
    }

    /// A compressed message that nothing here inflates: no later call could go on, and a loop that passes over the error would never wait.
    #[cold]
    fn fail_without_codec(&mut self, error: CallError, now: Instant) {
        if error == CallError::Usage(UsageError::NoDeflate) {
            let failed = self.ws.fail(CloseCode::INTERNAL_ERROR, now, self.progress.due.free_part(self.output));
            self.progress.produced(failed.unwrap_or(0), now, self.ws.config());
            self.progress.arrived.stop_joining();
            self.progress.has_news = true;
        }
    }

    /// Whether anything waits for room: what has arrived, or the rest of a message that is being inflated.
    fn has_more(&self) -> bool {
        #[cfg(feature = "deflate")]
        if self.ws.awaits_inflating() {
            return true;
        }
        !self.progress.arrived.is_empty()
    }

    /// Joins a piece. True if there is an event: a whole message, or a failure.
    #[inline(always)]
    fn join(&mut self, piece: &Piece, is_inflated: bool, now: Instant) -> bool {
        let kind = piece.kind;
        let joined = match is_inflated {
            true => self.progress.arrived.join_inflated(piece, self.joining.len()),
            false => self.progress.arrived.join(piece, self.input, self.joining),
        };
        match joined {
            Joined::Unfinished => return false,
            Joined::Whole { len, .. } if !self.joining.is_empty() => self.progress.held.set_joined(kind, 0, true, len),
            Joined::Whole { at, len } => self.progress.held.set_data(kind, 0, true, at, len),
            Joined::TooLong => {
                let failed = self.ws.fail_for(ProtocolError::MessageTooLong, now, self.progress.due.free_part(self.output));
                return self.progress.take(&failed, 0, now, self.ws.config());
            }
        }
        true
    }

    /// After all that arrived come the end of the input, and deadlines. True if there is an event.
    fn nothing_arrived(&mut self, now: Instant) -> bool {
        if self.progress.arrived.has_ended {
            let received = self.ws.receive_eof(now);
            if self.progress.take(&received, 0, now, self.ws.config()) {
                return true;
            }
        } else {
            self.progress.arrived.compact(self.input, !self.joining.is_empty());
        }
        if self.is_quiet() {
            self.progress.has_news = false;
            return false;
        }
        self.act_on_time()
    }

    /// Acts on the deadlines up to when the input was last looked at. True if there is an event.
    fn act_on_time(&mut self) -> bool {
        let looked = self.progress.looked;
        if self.progress.due.deadline() <= looked && !self.progress.due.is_empty() {
            self.progress.due.lose();
            let event = self.ws.end(EndCause::WriteTimeout, looked);
            if self.progress.take(&Received { consumed: 0, produced: 0, event }, 0, looked, self.ws.config()) {
                return true;
            }
        }
        if self.ws.next_timeout().is_some_and(|due| due <= looked) {
            let received = self.ws.handle_timeout(looked, self.progress.due.free_part(self.output));
            if let Some(Event::Closed { cause: EndCause::HandshakeTimeout | EndCause::ClosingTimeout, .. }) = received.event {
                // Nobody waits for the rest of a request any longer, nor for a peer that takes less than `min_write_rate`.
                self.progress.due.lose();
            }
            if self.progress.take(&received, 0, looked, self.ws.config()) {
                return true;
            }
        }
        self.progress.has_news = false;
        false
    }

    pub(super) fn filled(&mut self, n: usize, now: Instant) {
        self.progress.arrived.add(n, self.input.len());
        self.progress.looked = self.progress.looked.max(now);
        self.progress.has_news |= n > 0;
    }

    pub(super) fn eof(&mut self) {
        self.progress.arrived.has_ended = true;
        self.progress.has_news = true;
    }

    pub(super) fn written(&mut self, n: usize, now: Instant) {
        self.progress.written(n, now, self.ws, self.output);
    }

    /// What waited for room is less now, or nothing.
    pub(super) fn discard(&mut self, n: usize) {
        self.progress.arrived.consume(n);
        self.progress.has_news |= n > 0;
        self.progress.quiet_until = Instant::from_micros(0);
    }

    pub(super) fn write_failed(&mut self) {
        self.progress.due.lose();
        self.progress.has_news = true;
    }

    pub(super) fn pause(&mut self, now: Instant) {
        self.progress.paused_at = self.progress.paused_at.min(now);
        self.settle();
        self.ws.pause(now);
    }

    pub(super) fn resume(&mut self, now: Instant) {
        if self.progress.is_paused() {
            self.progress.due.postpone(self.progress.paused_at, now, self.ws.config().write_timeout_ms);
            (self.progress.paused_at, self.progress.has_news) = (Instant::NEVER, true);
            self.settle();
            if !self.progress.is_stalled {
                self.ws.resume(now);
            }
        }
    }
}

/// The first `len` bytes, or all of them.
#[inline]
fn first(bytes: &mut [u8], len: usize) -> &mut [u8] {
    let len = len.min(bytes.len());
    bytes.get_mut(..len).unwrap_or_default()
}
