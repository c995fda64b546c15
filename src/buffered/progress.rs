//! What the layer remembers from call to call, and what follows from that alone.

use super::held::Held;
use super::input::{Arrived, Piece};
use super::output::{Due, deadline};
use crate::config::Config;
use crate::connection::{Connection, MAX_ANSWER};
use crate::entropy::Entropy;
use crate::event::{Received, State, Transport};
use crate::time::Instant;

/// What the layer remembers from call to call.
#[derive(Clone, Copy)]
pub(super) struct Progress {
    pub(super) arrived: Arrived,
    pub(super) due: Due,
    /// The current event.
    pub(super) held: Held,
    /// Until when the input was looked at: deadlines up to then may act (law 10).
    pub(super) looked: Instant,
    /// No deadline of the connection's comes earlier; 0 once something has happened that may start one, until it is looked up.
    pub(super) quiet_until: Instant,
    /// How much of the output has to be free for another event, beside the answer to the peer. In 32 bits, which a `Remainder` has
    /// to spare.
    wanted: u32,
    /// Whether messages are joined.
    pub(super) joins: bool,
    /// How much of the input may be looked at for a message that is shown at once; 0 if the input waits, `MAX` if messages are not
    /// joined. (Derived from what is here and the buffers, for the common case.)
    pub(super) at_once: usize,
    /// Since when the caller has stopped reading; `NEVER` if it has not.
    pub(super) paused_at: Instant,
    /// Bytes of the input wait for room in the output.
    pub(super) is_stalled: bool,
    /// Something has happened since `advance` last found nothing to do.
    pub(super) has_news: bool,
    /// A compressed message that is sent in parts has all its bytes, but not its end: the last counts as not taken.
    #[cfg(feature = "deflate")]
    pub(super) is_byte_withheld: bool,
}

impl Progress {
    pub(super) const START: Self = Self {
        arrived: Arrived::NOTHING,
        due: Due::NOTHING,
        held: Held::NOTHING,
        looked: Instant::from_micros(0),
        quiet_until: Instant::from_micros(0),
        wanted: 0,
        joins: false,
        at_once: 0,
        paused_at: Instant::NEVER,
        is_stalled: false,
        has_news: false,
        #[cfg(feature = "deflate")]
        is_byte_withheld: false,
    };

    /// How much of the output has to be free for another event.
    #[inline]
    pub(super) fn needed(&self) -> usize {
        MAX_ANSWER.saturating_add(usize::try_from(self.wanted).unwrap_or(usize::MAX))
    }

    pub(super) fn want_room(&mut self, bytes: usize) {
        self.wanted = u32::try_from(bytes).unwrap_or(u32::MAX);
    }

    /// This, with what the caller has asked of `other`: whole messages or pieces, and room.
    pub(super) fn set_up_as(self, other: &Self) -> Self {
        Self { joins: other.joins, wanted: other.wanted, ..self }
    }

    pub(super) fn is_paused(&self) -> bool {
        self.paused_at != Instant::NEVER
    }

    /// What to do with the transport: nothing before the output is written, nor before `Closed` was given.
    pub(super) fn transport<E: Entropy>(&self, ws: &Connection<'_, E>) -> Transport {
        match ws.transport() {
            Transport::Close if ws.state() != State::Closed => Transport::Keep,
            transport if self.due.is_empty() => transport,
            _ => Transport::Keep,
        }
    }

    /// Whether there is something to read into, of `input_len` bytes, and a reason to read.
    pub(super) fn wants_reading<E: Entropy>(&self, ws: &Connection<'_, E>, input_len: usize) -> bool {
        let waits = self.is_paused() || self.is_stalled || self.has_news || !self.held.is_nothing();
        !waits && !self.arrived.has_ended && self.arrived.end < input_len && ws.state() != State::Closed
    }

    pub(super) fn next_timeout<E: Entropy>(&self, ws: &Connection<'_, E>) -> Option<Instant> {
        if self.transport(ws) == Transport::Close {
            return None;
        }
        if self.has_news && !self.is_paused() {
            return Some(self.looked);
        }
        let next = ws.next_timeout().unwrap_or(Instant::NEVER).min(self.due.deadline());
        (next != Instant::NEVER).then_some(next)
    }

    /// Takes what a call gave. True if there is an event, whose bytes are in an input that starts at `address`.
    pub(super) fn take(&mut self, received: &Received<'_>, address: usize, now: Instant, config: &Config<'_>) -> bool {
        self.arrived.consume(received.consumed);
        self.produced(received.produced, now, config);
        self.quiet_until = Instant::from_micros(0);
        if let Some(event) = &received.event {
            self.held.set(event, address);
            if self.held.ends_messages() {
                self.arrived.stop_joining();
            }
        }
        received.event.is_some()
    }

    /// Whether a piece is joined to others. The way of giving messages changes between messages only.
    #[inline]
    pub(super) fn is_joined(&self, piece: &Piece) -> bool {
        if piece.offset == 0 { self.joins } else { self.arrived.is_joining() }
    }

    /// [`show`](Self::show) for a piece that is not the whole message.
    #[inline]
    pub(super) fn show_piece(&mut self, piece: &Piece, consumed: usize) -> usize {
        self.arrived.stop_joining();
        self.show(piece, consumed)
    }

    /// Consumes bytes that end in a piece, and makes that the current event. Returns its place. (None of these can wrap: all is in
    /// the input.)
    #[inline]
    pub(super) fn show(&mut self, piece: &Piece, consumed: usize) -> usize {
        self.arrived.start = self.arrived.start.wrapping_add(consumed);
        let at = self.arrived.start.wrapping_sub(piece.len);
        self.held.set_data(piece.kind, piece.offset, piece.last, at, piece.len);
        at
    }

    /// `n` bytes were written to the output. A clock that has gone back counts as standing still (law 10).
    #[inline]
    pub(super) fn produced(&mut self, n: usize, now: Instant, config: &Config<'_>) {
        self.due.add(n, || deadline(now.max(self.looked), config.write_timeout_ms));
    }

    /// The transport took `n` bytes of `output`: there may be room for events.
    pub(super) fn written<E: Entropy>(&mut self, n: usize, now: Instant, ws: &mut Connection<'_, E>, output: &mut [u8]) {
        let n = n.min(self.due.len());
        // A keepalive Ping that found no room is due again, once there is some.
        if ws.awaits_room() {
            self.quiet_until = Instant::from_micros(0);
        }
        ws.written(n, now);
        self.due.take(n, now, ws.config().write_timeout_ms, self.needed(), output);
        self.has_news |= self.is_stalled && self.due.free(output.len()) >= self.needed();
    }

    /// How much of the output frames of the caller's leave free (law 7): room for an answer to the peer; and while an event waits, for
    /// what the caller wants to answer to it, so that what it sends of its own accord does not keep the event waiting for ever.
    #[inline]
    pub(super) fn reserve(&self) -> usize {
        if self.is_stalled { self.needed() } else { MAX_ANSWER }
    }

    /// How many bytes of frames an output of this length has room for.
    pub(super) fn room(&self, output_len: usize) -> usize {
        self.due.free(output_len).saturating_sub(self.reserve())
    }

    /// Whether nothing has to be remembered.
    pub(super) fn is_idle(&self) -> bool {
        #[cfg(feature = "deflate")]
        if self.is_byte_withheld {
            return false;
        }
        let rests = self.arrived.is_empty() && !self.arrived.is_joining() && !self.arrived.has_ended;
        rests && self.due.is_empty() && !self.due.is_lost() && self.held.is_nothing() && !self.is_paused() && !self.is_stalled
    }
}
