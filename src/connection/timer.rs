//! Deadlines: handshake, keepalive Ping, missing Pong, idle peer, closing. Points in time are kept, deadlines derived.

use super::{Machine, Stage};
use crate::close_code::CloseCode;
use crate::config::Config;
use crate::entropy::Entropy;
use crate::event::{Event, Received};
use crate::frame::Opcode;
use crate::time::Instant;

/// The points in time from which deadlines are counted.
#[derive(Clone, Copy)]
pub(super) struct Timers {
    /// The latest `now`; an earlier one counts as this.
    now: Instant,
    /// When the current wait began: that for the end of the handshake, for the next keepalive Ping or its Pong, for the end
    /// of the closing.
    since: Instant,
    /// When the last octets came from the peer.
    received: Instant,
    /// Since when reading has been paused; `NEVER` if it is not.
    paused: Instant,
    /// Counts keepalive Pings and their Pongs: odd while a Pong is awaited, and then the payload of the Ping.
    ping_number: u32,
    /// Milliseconds; `u32::MAX` before the first answer.
    round_trip_ms: u32,
}

/// A deadline of `ms` milliseconds from `start`, 0 being none.
fn deadline(start: Instant, ms: u32) -> Instant {
    if ms == 0 { Instant::NEVER } else { start.plus(u64::from(ms)) }
}

impl Timers {
    pub(super) fn start(now: Instant) -> Self {
        Self { now, since: now, received: now, paused: Instant::NEVER, ping_number: 0, round_trip_ms: u32::MAX }
    }

    /// Another wait begins: the connection is open, or it closes. A Pong is not awaited any more.
    pub(super) fn enter(&mut self, now: Instant) {
        self.since = self.advance(now);
        self.received = self.since;
        self.ping_number &= !1;
    }

    /// Law 10: time that runs backwards stands still.
    fn advance(&mut self, now: Instant) -> Instant {
        self.now = self.now.max(now);
        self.now
    }

    /// Octets came from the peer.
    #[inline]
    pub(super) fn note_received(&mut self, now: Instant) {
        self.received = self.advance(now);
    }

    const fn awaits_pong(&self) -> bool {
        self.ping_number & 1 == 1
    }

    /// A keepalive Ping is due. Returns its payload.
    fn note_ping(&mut self, now: Instant) -> [u8; 4] {
        self.since = now;
        self.ping_number = self.ping_number.wrapping_add(1) | 1;
        self.ping_number.to_be_bytes()
    }

    /// A Pong came: the answer to our own Ping, and nothing else, shows that both directions work.
    pub(super) fn note_pong(&mut self, now: Instant, payload: &[u8]) {
        let now = self.advance(now);
        if self.awaits_pong() && payload == self.ping_number.to_be_bytes() {
            self.ping_number = self.ping_number.wrapping_add(1);
            self.round_trip_ms = u32::try_from(now.since(self.since)).unwrap_or(u32::MAX);
        }
    }

    pub(super) fn round_trip_ms(&self) -> Option<u32> {
        (self.round_trip_ms != u32::MAX).then_some(self.round_trip_ms)
    }

    pub(super) fn pause(&mut self, now: Instant) {
        let now = self.advance(now);
        self.paused = self.paused.min(now);
    }

    /// Moves what waits for the peer by the length of the pause; the current wait is such if it is `for_peer`.
    fn resume(&mut self, now: Instant, for_peer: bool) {
        let now = self.advance(now);
        if self.paused == Instant::NEVER {
            return;
        }
        let paused = self.paused;
        let later = |start: Instant| start.plus(now.since(paused.max(start)));
        self.received = later(self.received);
        if for_peer {
            self.since = later(self.since);
        }
        self.paused = Instant::NEVER;
    }

    /// When the next keepalive Ping is due.
    fn ping_due(&self, config: &Config<'_>) -> Instant {
        let waits = self.awaits_pong() && config.pong_timeout_ms != 0;
        if waits { Instant::NEVER } else { deadline(self.since, config.keepalive_interval_ms) }
    }

    /// When a Pong will have been missed.
    fn pong_due(&self, config: &Config<'_>) -> Instant {
        if self.awaits_pong() { self.unless_paused(deadline(self.since, config.pong_timeout_ms)) } else { Instant::NEVER }
    }

    /// When the peer will have been silent for too long.
    fn idle_due(&self, config: &Config<'_>) -> Instant {
        self.unless_paused(deadline(self.received, config.idle_timeout_ms))
    }

    fn unless_paused(&self, deadline: Instant) -> Instant {
        if self.paused == Instant::NEVER { deadline } else { Instant::NEVER }
    }
}

impl Machine<'_> {
    pub(super) fn resume(&mut self, now: Instant) {
        let for_peer = match self.stage {
            Stage::Open => self.timers.awaits_pong(),
            stage => stage.is_handshake(),
        };
        self.timers.resume(now, for_peer);
    }

    /// When a handshake or a closing must be over.
    fn phase_due(&self) -> Instant {
        match self.stage {
            Stage::Open | Stage::Ended => Instant::NEVER,
            stage if stage.is_handshake() => {
                self.timers.unless_paused(deadline(self.timers.since, self.config.handshake_timeout_ms))
            }
            _ => deadline(self.timers.since, self.config.closing_timeout_ms),
        }
    }

    pub(super) fn next_timeout(&self) -> Option<Instant> {
        let (timers, config) = (&self.timers, self.config);
        let next = match self.stage {
            Stage::Open => timers.ping_due(config).min(timers.pong_due(config)).min(timers.idle_due(config)),
            _ => self.phase_due(),
        };
        (next != Instant::NEVER).then_some(next)
    }

    pub(super) fn handle_timeout(&mut self, entropy: &mut dyn Entropy, now: Instant, out: &mut [u8]) -> Received<'static> {
        let now = self.timers.advance(now);
        let due = |deadline: Instant| deadline != Instant::NEVER && deadline <= now;
        let (timers, config) = (&self.timers, self.config);
        let mut produced = 0;
        let mut event = None;
        match self.stage {
            Stage::Open if due(timers.pong_due(config)) => event = self.end(),
            Stage::Open if due(timers.idle_due(config)) => match self.close(entropy, Some(CloseCode::GOING_AWAY), "", now, out) {
                Ok(octets) => produced = octets,
                Err(_) => event = self.end(),
            },
            Stage::Open if due(timers.ping_due(config)) => {
                let payload = self.timers.note_ping(now);
                // Without room (or entropy) no Ping leaves, and the missing Pong will tell.
                produced = self.put_control(entropy, Opcode::Ping, &payload, out).unwrap_or(0);
            }
            _ if due(self.phase_due()) => event = self.end(),
            _ => {}
        }
        Received { consumed: 0, produced, event }
    }

    /// The end, once.
    pub(super) fn end(&mut self) -> Option<Event<'static>> {
        if self.stage == Stage::Ended {
            return None;
        }
        self.stage = Stage::Ended;
        Some(Event::Closed { code: self.close_code, was_clean: self.close_code != CloseCode::ABNORMAL_CLOSURE })
    }
}
