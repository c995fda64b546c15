//! The points in time from which deadlines are counted, and how many bytes the transport has not taken. Deadlines are derived,
//! not stored.

use super::pings::Pings;
use crate::event::PingSource;
use crate::length::wire_len;
use crate::time::Instant;

#[derive(Clone, Copy)]
pub(super) struct Timers {
    /// When the current wait began: for the end of the handshake, for the next keepalive Ping or its Pong, or for the end of the
    /// closing.
    since: Instant,
    /// When the last bytes came from the peer.
    received: Instant,
    /// When reading was paused; `NEVER` if it is not.
    paused: Instant,
    /// Bytes of output that the transport has not taken yet, for callers that report what it takes: those after
    /// `pings.unwritten`, or all of them while that is `Pings::FAR`.
    unwritten: u64,
    pub(super) pings: Pings,
}

/// A deadline of `ms` milliseconds from `start`; 0 turns it off.
fn deadline(start: Instant, ms: u32) -> Instant {
    if ms == 0 { Instant::NEVER } else { start.plus_millis(u64::from(ms)) }
}

impl Timers {
    pub(super) fn start(now: Instant) -> Self {
        Self { since: now, received: now, paused: Instant::NEVER, unwritten: 0, pings: Pings::START }
    }

    /// Law 10: time that runs backwards counts as standing still.
    pub(super) fn advance(&self, now: Instant) -> Instant {
        now.max(self.since).max(self.received)
    }

    /// Another wait begins: the connection opens, or it closes. A Pong is no longer timed.
    pub(super) fn begin(&mut self, now: Instant) {
        self.since = self.advance(now);
        self.received = self.since;
        self.pings.is_timed = false;
    }

    /// Bytes arrived from the peer.
    #[inline]
    pub(super) fn note_received(&mut self, now: Instant) {
        self.received = self.received.max(now);
    }

    /// Bytes arrived of a data frame that does not lie whole in the input; `begins` says whether they are its first.
    #[inline]
    pub(super) fn note_frame(&mut self, now: Instant, begins: bool) {
        if begins {
            self.pings.note_frame();
        }
        if self.pings.is_pong_after_frame() {
            self.since = self.advance(now);
            self.pings.is_timed = false;
        }
    }

    /// A keepalive Ping was due, and is in the output unless it was `left_out`.
    pub(super) fn note_keepalive(&mut self, now: Instant, left_out: bool) {
        self.since = now;
        self.pings.note_keepalive(left_out);
        let (before, after) = self.unwritten();
        self.set_unwritten(before.saturating_add(after), 0);
    }

    /// Bytes that the transport has not taken yet, up to the end of the keepalive Ping and after it.
    fn unwritten(&self) -> (u64, u64) {
        match self.pings.unwritten {
            Pings::FAR => (self.unwritten, 0),
            before => (u64::from(before), self.unwritten),
        }
    }

    fn set_unwritten(&mut self, before: u64, after: u64) {
        let near = u32::try_from(before).ok().filter(|&before| before != Pings::FAR);
        (self.pings.unwritten, self.unwritten) = match near {
            Some(before) => (before, after),
            None => (Pings::FAR, before.saturating_add(after)),
        };
    }

    pub(super) fn note_pong(&mut self, now: Instant, payload: &[u8]) -> Option<PingSource> {
        let answers = self.pings.note_pong(payload);
        if answers == Some(PingSource::Keepalive) && self.pings.is_timed {
            let round_trip = self.advance(now).since(self.since);
            self.pings.round_trip = u32::try_from(round_trip).unwrap_or(u32::MAX);
        }
        answers
    }

    /// Microseconds from a keepalive Ping to its Pong.
    pub(super) fn round_trip(&self) -> Option<u32> {
        let known = self.pings.round_trip != u32::MAX;
        known.then_some(self.pings.round_trip)
    }

    /// `n` bytes were written to the caller's output.
    #[inline]
    pub(super) fn note_produced(&mut self, n: usize) {
        self.unwritten = self.unwritten.saturating_add(wire_len(n));
    }

    /// The caller writes `n` bytes of its own after ours.
    pub(super) fn note_due(&mut self, n: u64) {
        self.unwritten = self.unwritten.saturating_add(n);
    }

    /// The transport took `n` bytes. Returns how many of them were known to be due, and how many of those come before the end of
    /// the keepalive Ping.
    pub(super) fn note_written(&mut self, n: u64) -> (u64, u64) {
        let (before, after) = self.unwritten();
        let of_ping = n.min(before);
        let of_rest = n.saturating_sub(of_ping).min(after);
        self.set_unwritten(before.saturating_sub(of_ping), after.saturating_sub(of_rest));
        self.pings.note_written(of_ping > 0);
        (of_ping.saturating_add(of_rest), of_ping)
    }

    /// Moves the start of the current wait by `us` microseconds, but not past now.
    pub(super) fn postpone(&mut self, now: Instant, us: u64) {
        self.since = self.since.plus_micros(us).min(self.advance(now));
    }

    /// How many microseconds the current wait has lasted.
    pub(super) fn waited(&self, now: Instant) -> u64 {
        self.advance(now).since(self.since)
    }

    pub(super) fn pause(&mut self, now: Instant) {
        self.paused = self.paused.min(self.advance(now));
    }

    /// Moves the waits for the peer by the length of the pause. `for_peer` says whether the current wait is one.
    pub(super) fn resume(&mut self, now: Instant, for_peer: bool) {
        if self.paused == Instant::NEVER {
            return;
        }
        let (paused, now) = (self.paused, self.advance(now).max(self.paused));
        let later = |start: Instant| start.plus_micros(now.since(paused.max(start)));
        self.received = later(self.received);
        if for_peer {
            self.since = later(self.since);
            self.pings.is_timed = false;
        }
        self.paused = Instant::NEVER;
    }

    /// The deadline `ms` after the start of the current wait.
    pub(super) fn wait_due(&self, ms: u32) -> Instant {
        deadline(self.since, ms)
    }

    /// The same for a wait for the peer: it stands still while the caller does not read.
    pub(super) fn peer_wait_due(&self, ms: u32) -> Instant {
        self.unless_paused(deadline(self.since, ms))
    }

    /// When the next keepalive Ping is due.
    pub(super) fn ping_due(&self, interval_ms: u32, pong_ms: u32) -> Instant {
        let waits = self.pings.awaits_pong() && pong_ms != 0;
        if waits { Instant::NEVER } else { deadline(self.since, interval_ms) }
    }

    /// When a Pong will have been missed.
    pub(super) fn pong_due(&self, ms: u32) -> Instant {
        if self.pings.awaits_pong() { self.peer_wait_due(ms) } else { Instant::NEVER }
    }

    /// When the peer will have been silent for too long.
    pub(super) fn idle_due(&self, ms: u32) -> Instant {
        self.unless_paused(deadline(self.received, ms))
    }

    /// Now.
    pub(super) fn now_due(&self) -> Instant {
        self.since
    }

    fn unless_paused(&self, deadline: Instant) -> Instant {
        if self.paused == Instant::NEVER { deadline } else { Instant::NEVER }
    }
}
