//! One session: how it is reached, what waits for it, and what it waits for.

use super::heartbeat::Heartbeat;
use super::queue::Queue;
use super::sid::Sid;
use super::{Key, after};
use sansocket::Instant;

pub(super) struct Session {
    pub(super) sid: Sid,
    pub(super) transport: Transport,
    pub(super) queue: Queue,
    pub(super) life: Life,
    /// Where it stands among the timers of all sessions.
    pub(super) armed: Instant,
}

pub(super) enum Life {
    Open(Heartbeat),
    /// The program has closed it, which it was told. The client polls for what is left, or has upgraded to get it.
    Closing {
        until: Instant,
    },
}

pub(super) enum Transport {
    Polling { poll: Option<Poll>, candidate: Option<Candidate> },
    WebSocket { key: Key, wants_base64: bool },
}

/// A request that waits.
pub(super) struct Poll {
    pub(super) key: Key,
    /// It is to end even if there is nothing to say.
    pub(super) ends: bool,
}

/// A WebSocket that the client may upgrade to.
pub(super) struct Candidate {
    pub(super) key: Key,
    pub(super) wants_base64: bool,
    pub(super) deadline: Instant,
    /// When the poll is to end, so that the client can go on to upgrade. From its probe on.
    pub(super) next_noop: Option<Instant>,
    /// The probe was not answered yet.
    pub(super) owes_pong: bool,
}

/// What a key is to a session.
pub(super) enum Part {
    Poll,
    Candidate,
    WebSocket { wants_base64: bool },
}

impl Session {
    pub(super) const fn is_open(&self) -> bool {
        matches!(self.life, Life::Open(_))
    }

    pub(super) fn part(&self, key: Key) -> Option<Part> {
        match &self.transport {
            Transport::Polling { poll: Some(poll), .. } if poll.key == key => Some(Part::Poll),
            Transport::Polling { candidate: Some(candidate), .. } if candidate.key == key => Some(Part::Candidate),
            Transport::WebSocket { key: own, wants_base64 } if *own == key => {
                Some(Part::WebSocket { wants_base64: *wants_base64 })
            }
            _ => None,
        }
    }

    /// Under which key what waits can go.
    pub(super) fn outlet(&self) -> Option<Key> {
        match &self.transport {
            Transport::Polling { poll, .. } => poll.as_ref().map(|poll| poll.key),
            Transport::WebSocket { key, .. } => Some(*key),
        }
    }

    pub(super) const fn candidate(&mut self) -> Option<&mut Candidate> {
        match &mut self.transport {
            Transport::Polling { candidate, .. } => candidate.as_mut(),
            Transport::WebSocket { .. } => None,
        }
    }

    /// The candidate fails, the polling goes on.
    pub(super) fn take_candidate(&mut self) -> Option<Candidate> {
        match &mut self.transport {
            Transport::Polling { candidate, .. } => candidate.take(),
            Transport::WebSocket { .. } => None,
        }
    }

    pub(super) fn deadline(&self) -> Instant {
        let life = match &self.life {
            Life::Open(heartbeat) => heartbeat.deadline(),
            Life::Closing { until } => *until,
        };
        match &self.transport {
            Transport::Polling { candidate: Some(candidate), .. } => {
                life.min(candidate.deadline).min(candidate.next_noop.unwrap_or(candidate.deadline))
            }
            _ => life,
        }
    }

    /// The waiting poll ends, and the next one a while later.
    pub(super) fn end_poll(&mut self, now: Instant) {
        if let Transport::Polling { poll, candidate: Some(candidate) } = &mut self.transport {
            candidate.next_noop = Some(after(now, NOOP_INTERVAL_MS));
            if let Some(poll) = poll {
                poll.ends = true;
            }
        }
    }
}

/// How long a poll may hold up an upgrade.
pub(super) const NOOP_INTERVAL_MS: u32 = 100;
