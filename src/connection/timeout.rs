//! Deadlines (law 10): handshake, keepalive Ping, missing Pong, idle peer, closing. Each is derived from a point in time that
//! `Timers` keeps.

use super::machine::{Machine, Output, Stage};
use crate::close_code::CloseCode;
use crate::event::{EndCause, Event, Received};
use crate::frame::Opcode;
use crate::time::Instant;

impl Machine<'_> {
    pub(super) fn resume(&mut self, now: Instant) {
        let for_peer = match self.stage {
            Stage::Open { .. } => self.timers.pings.awaits_pong(),
            Stage::Fresh | Stage::Head { .. } | Stage::Deciding { .. } | Stage::Refused => true,
            Stage::CloseSent { .. } | Stage::BothClosed { .. } | Stage::Failed | Stage::Over | Stage::Ended { .. } => false,
        };
        self.timers.resume(now, for_peer);
    }

    /// When a handshake or a closing must be over.
    fn stage_due(&self) -> Instant {
        match self.stage {
            Stage::Open { .. } | Stage::Ended { .. } => Instant::NEVER,
            // The body of a refusal is part of the handshake: the caller may want to read it.
            Stage::Fresh | Stage::Head { .. } | Stage::Deciding { .. } | Stage::Refused => {
                self.timers.peer_wait_due(self.config.handshake_timeout_ms)
            }
            Stage::CloseSent { .. } | Stage::BothClosed { .. } | Stage::Failed => {
                self.timers.wait_due(self.config.closing_timeout_ms)
            }
            Stage::Over => self.timers.now_due(),
        }
    }

    /// When the Pong, any sign of life, and the next Ping are due.
    fn open_due(&self) -> [Instant; 3] {
        let (timers, config) = (&self.timers, self.config);
        [
            timers.pong_due(config.pong_timeout_ms),
            timers.idle_due(config.idle_timeout_ms),
            timers.ping_due(config.keepalive_interval_ms, config.pong_timeout_ms),
        ]
    }

    /// `Closed`, if only that is left to be given.
    pub(super) fn end_if_over(&mut self, now: Instant) -> Option<Event<'static>> {
        let cause = if let Stage::Over = self.stage { EndCause::Caller } else { EndCause::EndOfInput };
        if self.is_over() { self.end(cause, now) } else { None }
    }

    /// Whether only `Closed` is left to be given.
    fn is_over(&self) -> bool {
        match self.stage {
            Stage::Deciding { .. } | Stage::Ended { .. } => false,
            Stage::Over => true,
            _ => self.input_ended,
        }
    }

    pub(super) fn next_timeout(&self) -> Option<Instant> {
        let next = match self.stage {
            Stage::Open { .. } => self.open_due().into_iter().fold(Instant::NEVER, Instant::min),
            _ => self.stage_due(),
        };
        let next = if self.is_over() { self.timers.now_due() } else { next };
        (next != Instant::NEVER).then_some(next)
    }

    pub(super) fn handle_timeout(&mut self, now: Instant, out: &mut Output<'_>) -> Received<'static> {
        let now = self.timers.advance(now);
        let is_due = |deadline: Instant| deadline != Instant::NEVER && deadline <= now;
        let [pong, idle, ping] = self.open_due().map(is_due);
        let mut produced = 0;
        let mut event = None;
        match self.stage {
            _ if self.is_over() => event = self.end_if_over(now),
            Stage::Open { .. } if pong => event = self.end(EndCause::PongTimeout, now),
            Stage::Open { .. } if idle => match self.close(Some(CloseCode::GOING_AWAY), "", now, out) {
                Ok(n) => produced = n,
                Err(_) => event = self.end(EndCause::IdleTimeout, now),
            },
            Stage::Open { .. } if ping => produced = self.keep_alive(now, out),
            Stage::Open { .. } => {}
            Stage::Fresh | Stage::Head { .. } | Stage::Deciding { .. } | Stage::Refused if is_due(self.stage_due()) => {
                event = self.end(EndCause::HandshakeTimeout, now);
            }
            _ if is_due(self.stage_due()) => event = self.end(EndCause::ClosingTimeout, now),
            _ => {}
        }
        Received { consumed: 0, produced, event }
    }

    /// Without room (or entropy) no Ping is sent, and its Pong will be missed.
    fn keep_alive(&mut self, now: Instant, out: &mut Output<'_>) -> usize {
        let payload = self.timers.pings.next_payload();
        let produced = self.put_control(Opcode::Ping, &payload, out).unwrap_or(0);
        self.timers.note_keepalive(now, produced == 0);
        produced
    }

    /// Law 10: a peer that takes bytes is alive. The wait for a Pong begins once its Ping has left, and the wait for the end of
    /// the closing once the peer has taken what was due no later than our Close, if it does so fast enough.
    pub(super) fn written(&mut self, n: usize, now: Instant) {
        let (taken, of_ping) = self.timers.note_written(crate::length::wire_len(n));
        match self.stage {
            Stage::Open { .. } if of_ping > 0 && self.timers.pings.awaits_pong() => self.timers.postpone(now, u64::MAX),
            Stage::CloseSent { .. } | Stage::BothClosed { .. } | Stage::Failed if taken > 0 => {
                let rate = u64::from(self.config.min_write_rate);
                let credit = taken.saturating_mul(1_000_000).saturating_add(rate.saturating_sub(1));
                self.timers.postpone(now, crate::time::quotient(credit, rate));
            }
            _ => {}
        }
    }
}
