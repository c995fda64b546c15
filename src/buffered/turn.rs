//! What the layer does by itself: takes events from the input while the output has room for what they cause, joins messages, acts
//! on the end of the input and on deadlines, in this order.

use super::held::Held;
use super::input::{Arrived, Joined, Piece};
use super::output::Due;
use crate::connection::{Connection, MAX_ANSWER, MAX_REMAINDER};
use crate::entropy::Entropy;
use crate::error::{CallError, ProtocolError, UsageError};
use crate::event::{EndCause, Event, Received, State, Transport};
use crate::time::Instant;

/// The least bytes of an input: so that every control frame fits.
pub(super) const MIN_INPUT: usize = MAX_REMAINDER + 1;

/// The least bytes of an output: for an answer to the peer, and for a control frame of the caller's beside it.
pub(super) const MIN_OUTPUT: usize = 2 * MAX_ANSWER;

/// What the layer remembers from call to call.
#[derive(Clone, Copy)]
pub(super) struct Progress {
    pub(super) arrived: Arrived,
    pub(super) due: Due,
    /// The current event.
    pub(super) held: Held,
    /// Until when the input was looked at: deadlines up to then may act (law 10).
    looked: Instant,
    /// Whether messages are joined.
    pub(super) joins: bool,
    /// The caller has stopped reading.
    is_paused: bool,
    /// Bytes of the input wait for room in the output.
    is_stalled: bool,
    /// Something has happened since `advance` last found nothing to do.
    pub(super) has_news: bool,
}

impl Progress {
    pub(super) const START: Self = Self {
        arrived: Arrived::NOTHING,
        due: Due::NOTHING,
        held: Held::NOTHING,
        looked: Instant::from_micros(0),
        joins: false,
        is_paused: false,
        is_stalled: false,
        has_news: false,
    };

    /// What to do with the transport: nothing before the output is written.
    pub(super) fn transport<E: Entropy>(&self, ws: &Connection<'_, E>) -> Transport {
        if self.due.is_empty() { ws.transport() } else { Transport::Keep }
    }

    /// Whether there is something to read into, of `input_len` bytes, and a reason to read.
    pub(super) fn wants_reading<E: Entropy>(&self, ws: &Connection<'_, E>, input_len: usize) -> bool {
        let waits = self.is_paused || self.is_stalled || self.has_news || !self.held.is_nothing();
        !waits && !self.arrived.has_ended && self.arrived.end < input_len && ws.state() != State::Closed
    }

    pub(super) fn next_timeout<E: Entropy>(&self, ws: &Connection<'_, E>) -> Option<Instant> {
        if self.transport(ws) == Transport::Close {
            return None;
        }
        if self.has_news && !self.is_paused {
            return Some(self.looked);
        }
        let writing = self.due.deadline(ws.config().write_timeout_ms);
        let next = ws.next_timeout().unwrap_or(Instant::NEVER).min(writing);
        (next != Instant::NEVER).then_some(next)
    }

    /// Whether nothing has to be remembered.
    pub(super) fn is_idle(&self) -> bool {
        let rests = self.arrived.is_empty() && !self.arrived.is_joining() && !self.arrived.has_ended;
        rests && self.due.is_empty() && !self.due.is_lost() && self.held.is_nothing() && !self.is_paused && !self.is_stalled
    }
}

/// A connection with its buffers, for the time of a call: one type, whoever owns them.
pub(super) struct Turn<'a, 'c, E> {
    pub(super) ws: &'a mut Connection<'c, E>,
    pub(super) input: &'a mut [u8],
    pub(super) output: &'a mut [u8],
    /// For joining messages; empty if they are joined in the input.
    pub(super) joining: &'a mut [u8],
    pub(super) progress: &'a mut Progress,
}

impl<'c, E: Entropy> Turn<'_, 'c, E> {
    /// Releases the current event and goes on to the next. False if there is none.
    #[inline]
    pub(super) fn advance(&mut self, now: Instant) -> Result<bool, CallError> {
        self.progress.held = Held::NOTHING;
        if self.input.len() < MIN_INPUT || self.output.len() < MIN_OUTPUT {
            return Err(UsageError::BufferTooShort.into());
        }
        loop {
            let may_be_held_up = self.progress.is_paused || self.progress.is_stalled || self.free() < MAX_ANSWER;
            if may_be_held_up && self.is_held_up(now) {
                return Ok(self.act_on_time());
            }
            let address = self.input.as_ptr().addr();
            let arrived = self.progress.arrived.bytes(self.input);
            let received = self.ws.receive(now, arrived, self.progress.due.free_part(self.output))?;
            let consumed = received.consumed;
            let Some(Event::Data(data)) = received.event else {
                let held = received.event.map(|event| Held::of(&event, address));
                let produced = received.produced;
                return self.take_other(held, consumed, produced, now);
            };
            let piece = Piece::of(&data);
            self.progress.arrived.consume(consumed);
            if !self.progress.joins {
                let at = self.progress.arrived.start.saturating_sub(piece.len);
                self.progress.held = Held::data(piece.kind, piece.offset, piece.last, at, piece.len);
                return Ok(true);
            }
            if self.join(&piece, now) {
                return Ok(true);
            }
        }
    }

    fn free(&self) -> usize {
        self.progress.due.free(self.output.len())
    }

    /// Whether the input has to wait: the caller wants it, or an answer might not fit. Meanwhile the deadlines that wait for the
    /// peer stand still.
    #[cold]
    fn is_held_up(&mut self, now: Instant) -> bool {
        if self.progress.is_paused {
            return true;
        }
        let is_short = self.free() < MAX_ANSWER && !self.progress.arrived.is_empty();
        if is_short != self.progress.is_stalled {
            self.progress.is_stalled = is_short;
            if is_short { self.ws.pause(now) } else { self.ws.resume(now) }
        }
        is_short
    }

    /// Joins a piece. True if there is an event: a whole message, or a failure.
    #[inline]
    fn join(&mut self, piece: &Piece, now: Instant) -> bool {
        self.progress.held = match self.progress.arrived.join(piece, self.input, self.joining) {
            Joined::Unfinished => return false,
            Joined::Whole { len, .. } if !self.joining.is_empty() => Held::joined(piece.kind, len),
            Joined::Whole { at, len } => Held::data(piece.kind, 0, true, at, len),
            Joined::TooLong => {
                let failed = self.ws.fail_for(ProtocolError::MessageTooLong, now, self.progress.due.free_part(self.output));
                return self.take(failed, now);
            }
        };
        true
    }

    /// Takes what a call without input gave. True if there is an event.
    fn take(&mut self, received: Received<'static>, now: Instant) -> bool {
        self.progress.due.add(received.produced, now);
        self.progress.held = received.event.map_or(Held::NOTHING, |event| Held::of(&event, 0));
        !self.progress.held.is_nothing()
    }

    /// What is not data, and nothing at all: then come the end of the input, and deadlines.
    #[inline(never)]
    fn take_other(&mut self, held: Option<Held>, consumed: usize, produced: usize, now: Instant) -> Result<bool, CallError> {
        self.progress.arrived.consume(consumed);
        self.progress.due.add(produced, now);
        if let Some(held) = held {
            self.progress.held = held;
            return Ok(true);
        }
        if self.progress.arrived.has_ended {
            let received = self.ws.receive_eof(now);
            if self.take(received, now) {
                return Ok(true);
            }
        } else {
            self.progress.arrived.compact(self.input, !self.joining.is_empty());
            if self.progress.arrived.is_full(self.input.len()) && self.ws.state() == State::Connecting {
                let address = self.input.as_ptr().addr();
                let arrived = self.progress.arrived.bytes(self.input);
                let received = self.ws.receive_full(now, arrived, self.progress.due.free_part(self.output))?;
                let held = received.event.map(|event| Held::of(&event, address));
                self.progress.arrived.consume(received.consumed);
                self.progress.due.add(received.produced, now);
                if let Some(held) = held {
                    self.progress.held = held;
                    return Ok(true);
                }
            }
        }
        Ok(self.act_on_time())
    }

    /// Acts on the deadlines up to when the input was last looked at. True if there is an event.
    fn act_on_time(&mut self) -> bool {
        let looked = self.progress.looked;
        if self.progress.due.deadline(self.ws.config().write_timeout_ms) <= looked {
            self.progress.due.lose();
            let event = self.ws.end(EndCause::WriteTimeout, looked);
            if self.take(Received { consumed: 0, produced: 0, event }, looked) {
                return true;
            }
        }
        if self.ws.next_timeout().is_some_and(|due| due <= looked) {
            let received = self.ws.handle_timeout(looked, self.progress.due.free_part(self.output));
            if self.take(received, looked) {
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
        self.ws.written(n, now);
        self.progress.due.take(n, now, self.output);
        self.progress.has_news |= self.progress.is_stalled;
    }

    pub(super) fn write_failed(&mut self) {
        self.progress.due.lose();
        self.progress.has_news = true;
    }

    pub(super) fn pause(&mut self, now: Instant) {
        self.progress.is_paused = true;
        self.ws.pause(now);
    }

    pub(super) fn resume(&mut self, now: Instant) {
        if self.progress.is_paused {
            (self.progress.is_paused, self.progress.has_news) = (false, true);
            if !self.progress.is_stalled {
                self.ws.resume(now);
            }
        }
    }
}
