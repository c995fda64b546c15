//! §5.5.2, §5.5.3: the Pings that we sent, and which of them a Pong answers.

use crate::event::PingSource;

/// The latest keepalive Ping and the application's latest: a peer may answer only the latest Ping, so no others are remembered.
#[derive(Clone, Copy)]
pub(super) struct Pings {
    /// Bytes of output, up to the end of the keepalive Ping, that the transport has not taken yet; `FAR` if the number does not
    /// fit. Then all bytes not taken count as before the Ping: a peer that takes gigabytes is alive.
    pub(super) unwritten: u32,
    /// A hash of the payload of the application's latest Ping until its Pong comes; 0 if there is none.
    application: u32,
    /// Microseconds; `u32::MAX` before the first answer.
    pub(super) round_trip: u32,
    /// The number of the latest keepalive Ping, which is its payload.
    number: u8,
    awaits: Awaits,
    /// Whether the application's Ping was sent after the keepalive's.
    application_is_later: bool,
    /// Whether only the sending of the Ping itself has moved the start of the wait for its Pong.
    pub(super) is_timed: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Awaits {
    Nothing,
    /// The Ping found no room, or no entropy. Its Pong will be missed unless the transport takes what is in the way.
    Room,
    Pong,
    /// The Pong, after a frame that is arriving: no Pong can interrupt it (§5.4).
    PongAfterFrame,
    /// The same, and the peer may have sent the next frame before it saw the Ping.
    PongAfterTwoFrames,
}

impl Pings {
    pub(super) const FAR: u32 = u32::MAX;

    pub(super) const START: Self = Self {
        unwritten: 0,
        application: 0,
        round_trip: u32::MAX,
        number: 0,
        awaits: Awaits::Nothing,
        application_is_later: false,
        is_timed: false,
    };

    pub(super) fn awaits_pong(&self) -> bool {
        self.awaits != Awaits::Nothing
    }

    /// No Pong is awaited any longer.
    pub(super) fn forget(&mut self) {
        self.awaits = Awaits::Nothing;
    }

    /// The payload of the next keepalive Ping.
    pub(super) fn next_payload(&self) -> [u8; 4] {
        payload(self.number.wrapping_add(1))
    }

    /// A keepalive Ping was due, and is in the output unless it was `left_out`.
    pub(super) fn note_keepalive(&mut self, left_out: bool) {
        self.number = self.number.wrapping_add(1);
        self.awaits = if left_out { Awaits::Room } else { Awaits::PongAfterTwoFrames };
        (self.application_is_later, self.is_timed) = (false, true);
    }

    /// The application sent a Ping.
    pub(super) fn note_application(&mut self, payload: &[u8]) {
        self.application = hash(payload);
        self.application_is_later = true;
    }

    /// A Pong arrived. If it answers a Ping that was sent after the keepalive's, it answers that too (§5.5.3). A Pong to an
    /// earlier Ping, or to none, shows nothing. Of two Pings with the same payload, the latest counts.
    pub(super) fn note_pong(&mut self, pong: &[u8]) -> Option<PingSource> {
        let to_application = self.application != 0 && self.application == hash(pong);
        let to_keepalive = self.awaits_pong() && self.awaits != Awaits::Room && pong == payload(self.number);
        if !to_application && !to_keepalive {
            return None;
        }
        if to_keepalive && (!to_application || !self.application_is_later) {
            self.forget();
            return Some(PingSource::Keepalive);
        }
        if self.application_is_later {
            (self.awaits, self.is_timed) = (Awaits::Nothing, false);
        }
        self.application = 0;
        Some(PingSource::Application)
    }

    /// A data frame begins that does not lie whole in the input.
    pub(super) fn note_frame(&mut self) {
        self.awaits = match self.awaits {
            Awaits::PongAfterTwoFrames => Awaits::PongAfterFrame,
            Awaits::PongAfterFrame => Awaits::Pong,
            other => other,
        };
    }

    /// Whether bytes of a data frame count as a sign of life: its sender cannot answer before the frame ends.
    pub(super) fn is_pong_after_frame(&self) -> bool {
        matches!(self.awaits, Awaits::PongAfterFrame | Awaits::PongAfterTwoFrames)
    }

    /// Whether the keepalive Ping was left out for want of room.
    #[inline]
    pub(super) fn awaits_room(&self) -> bool {
        self.awaits == Awaits::Room
    }

    /// The transport took bytes, `some` of them before the end of the keepalive Ping.
    pub(super) fn note_written(&mut self, some: bool) {
        // The Ping had not left until now, so earlier frames say nothing about its Pong.
        if some && matches!(self.awaits, Awaits::PongAfterFrame | Awaits::Pong) {
            self.awaits = Awaits::PongAfterTwoFrames;
        }
        // The transport has taken what was in the way of the Ping, so the peer is not stuck. The next Ping finds room.
        if self.unwritten == 0 && self.awaits == Awaits::Room {
            self.forget();
        }
    }
}

fn payload(number: u8) -> [u8; 4] {
    u32::from(number).to_be_bytes()
}

/// FNV-1a, never 0. A peer that finds another payload with the same hash could just as well send the right one.
fn hash(payload: &[u8]) -> u32 {
    let hash = payload.iter().fold(0x811C_9DC5_u32, |hash, &byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    hash.max(1)
}
