//! Where a session stands, apart from its connection and its memory, and what follows from that alone.

use sansocket::{Instant, MessageKind, ProtocolError};

use crate::beat::Beat;
use crate::cause::Cause;
use crate::config::{Overflow, SessionConfig};
use crate::delivery::{Delivery, Numbers};
use crate::error::SendError;
use crate::queue::{Queue, Queued};
use crate::time::{NEVER, after};

/// The steps from a dial to the wait for the next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Stage {
    Idle,
    /// The loop dials.
    Dialing,
    /// The proxy is connected, and is asked for a tunnel next.
    Greeting,
    /// The proxy was asked for a tunnel.
    Tunnelling,
    /// The loop starts TLS in the tunnel.
    Securing,
    /// The transport stands.
    Connected,
    /// `Connected` was given, and the opening handshake has not been asked for yet.
    Requesting,
    /// The handler of `Connected` has asked, and there was no entropy for it: that is given again.
    Reasking,
    /// The connection has its say: it is opened, open, or closing.
    Live,
    /// A refusal was shown, and the program reads its body.
    Body(Cause),
    /// A redirect was shown, and is followed next.
    Redirecting,
    /// The connection has ended, and what is due still leaves.
    Ending(Cause),
    /// It is over, which has to be said.
    Over(Cause),
    Backoff {
        until: Instant,
    },
    /// `Down` was given without a retry.
    GivingUp,
    Stopped,
}

/// The current event.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shown {
    Nothing,
    Connected,
    /// That of the connection.
    Live,
    ProxyRefused,
    Redirected {
        status: u16,
    },
    Down {
        cause: Cause,
        retry_in_ms: Option<u64>,
        unconfirmed: Numbers,
    },
    Dropped(Numbers),
    GaveUp,
}

#[derive(Clone, Copy)]
pub(crate) struct Control<'c> {
    pub(crate) config: &'c SessionConfig<'c>,
    pub(crate) stage: Stage,
    pub(crate) shown: Shown,
    /// The dial that counts.
    pub(crate) epoch: u32,
    /// In a row.
    pub(crate) failures: u32,
    /// In a row.
    pub(crate) redirects: u8,
    pub(crate) url_len: u16,
    /// Of the URL that is redirected to; 0 if there is none.
    pub(crate) redirect_len: u16,
    pub(crate) queue: Queue,
    pub(crate) delivery: Delivery,
    /// What was dropped and has to be said.
    pub(crate) dropped: Numbers,
    /// The number of the latest message.
    pub(crate) last_number: u64,
    /// The longest message that fits into the output.
    pub(crate) longest: usize,
    /// Of the connection's input.
    pub(crate) input_len: usize,
    /// Until when the connection has to be open; `NEVER` if there is no such time.
    pub(crate) connect_deadline: Instant,
    pub(crate) beat: Beat,
    /// Since when the connection is open.
    pub(crate) up_since: Option<Instant>,
    /// Until when the input was looked at: deadlines of a connection up to then may act.
    pub(crate) looked: Instant,
    /// The number of the message that is sent in parts, as long as its last part was not handed over.
    pub(crate) in_parts: Option<u64>,
    /// The queue is kept back.
    pub(crate) holds: bool,
    /// The transport takes no more: what is sent waits for the next one.
    pub(crate) is_mute: bool,
    /// The application takes no messages for now.
    pub(crate) is_paused: bool,
    /// The application has closed the session.
    pub(crate) closes: bool,
    /// The rule that the peer has broken.
    pub(crate) fault: Option<ProtocolError>,
    /// What the peer's refusal asks for.
    pub(crate) retry_after_s: u32,
    /// How long the wait is, or would be if the cause were not final; `None` if there were too many failures.
    pub(crate) wait_ms: Option<u64>,
}

impl<'c> Control<'c> {
    pub(crate) fn new(config: &'c SessionConfig<'c>, longest: usize, input_len: usize) -> Self {
        Self {
            config,
            stage: Stage::Idle,
            shown: Shown::Nothing,
            epoch: 0,
            failures: 0,
            redirects: 0,
            url_len: 0,
            redirect_len: 0,
            queue: Queue::default(),
            delivery: Delivery::default(),
            dropped: Numbers::NONE,
            last_number: 0,
            longest,
            input_len,
            connect_deadline: NEVER,
            beat: Beat::OFF,
            up_since: None,
            looked: Instant::from_micros(0),
            in_parts: None,
            holds: false,
            is_mute: false,
            is_paused: false,
            closes: false,
            fault: None,
            retry_after_s: 0,
            wait_ms: None,
        }
    }

    /// Whether there is a transport that the session writes to and reads from.
    pub(crate) fn has_transport(&self) -> bool {
        use Stage as S;
        match self.stage {
            S::Greeting | S::Tunnelling | S::Connected | S::Requesting | S::Reasking | S::Live | S::Body(_) | S::Ending(_) => {
                true
            }
            S::Idle | S::Dialing | S::Securing | S::Redirecting | S::Over(_) | S::Backoff { .. } | S::GivingUp | S::Stopped => {
                false
            }
        }
    }

    /// Whether a dial is under way that has not led to an open connection, as far as the stage says.
    pub(crate) fn is_dialling(&self) -> bool {
        use Stage as S;
        match self.stage {
            S::Dialing
            | S::Greeting
            | S::Tunnelling
            | S::Securing
            | S::Connected
            | S::Requesting
            | S::Reasking
            | S::Redirecting => true,
            S::Idle | S::Live | S::Body(_) | S::Ending(_) | S::Over(_) => false,
            S::Backoff { .. } | S::GivingUp | S::Stopped => false,
        }
    }

    /// Begins a dial.
    pub(crate) fn dial(&mut self, now: Instant) {
        self.epoch = self.epoch.wrapping_add(1);
        self.stage = Stage::Dialing;
        let timeout = self.config.connect_timeout_ms;
        self.connect_deadline = if timeout == 0 { NEVER } else { after(now, u64::from(timeout)) };
        (self.fault, self.retry_after_s, self.holds, self.is_mute) = (None, 0, false, false);
    }

    /// The connection has ended or did not come about. `random` spreads the wait.
    pub(crate) fn end(&mut self, cause: Cause, now: Instant, random: u32, queue: &mut [u8]) {
        let uptime = self.up_since.take().map(|since| now.as_millis().saturating_sub(since.as_millis()));
        let was_up = uptime.is_some_and(|ms| ms >= u64::from(self.config.min_uptime_ms));
        if was_up {
            self.failures = 0;
        }
        let wait = self.config.delay_ms(self.failures, random);
        self.failures = self.failures.saturating_add(1);
        let asked = u64::from(self.retry_after_s.min(self.config.max_retry_after_s)).saturating_mul(1000);
        let is_left = was_up || self.config.max_failures == 0 || self.failures < self.config.max_failures;
        self.wait_ms = (is_left && !self.closes).then(|| asked.saturating_add(wait));
        if let Some(number) = self.in_parts.take() {
            self.delivery.note_handed(number);
        }
        let retry_in_ms = self.wait_ms.filter(|_| cause.is_transient());
        self.shown = Shown::Down { cause, retry_in_ms, unconfirmed: self.delivery.unconfirmed() };
        self.epoch = self.epoch.wrapping_add(1);
        (self.redirects, self.redirect_len) = (0, 0);
        (self.delivery, self.beat, self.connect_deadline) = (Delivery::default(), Beat::OFF, NEVER);
        match retry_in_ms {
            Some(ms) => self.retry_in(ms, now),
            None if self.closes => self.stage = Stage::Stopped,
            None => self.stage = Stage::GivingUp,
        }
        self.drop_if(queue, |message| message.is_volatile);
    }

    /// Whether messages may go to the connection now.
    pub(crate) fn may_flush(&self) -> bool {
        !self.holds && !self.is_mute && self.in_parts.is_none()
    }

    /// A part was handed to the connection. A Pong proves nothing about a message whose last part was sent after its Ping, so that it
    /// counts from that part on.
    pub(crate) fn note_part(&mut self, is_last: bool) {
        let number = self.in_parts.unwrap_or(self.last_number.saturating_add(1));
        self.last_number = self.last_number.max(number);
        if is_last {
            self.delivery.note_handed(number);
        }
        self.in_parts = (!is_last).then_some(number);
    }

    pub(crate) fn retry_in(&mut self, ms: u64, now: Instant) {
        self.stage = Stage::Backoff { until: after(now, ms) };
    }

    /// All that waits is dropped, and reported.
    pub(crate) fn drop_queue(&mut self, queue: &mut [u8]) {
        self.drop_if(queue, |_| true);
    }

    /// Drops what `drops` says of a message, or of the first of those that belong together.
    pub(crate) fn drop_if(&mut self, queue: &mut [u8], mut drops: impl FnMut(&Queued<'_>) -> bool) {
        let dropped = &mut self.dropped;
        let (mut number, mut is_dropped) = (0, false);
        self.queue.drop_if(queue, |message| {
            if message.number != number {
                (number, is_dropped) = (message.number, drops(message));
                if is_dropped {
                    dropped.add(number);
                }
            }
            is_dropped
        });
    }

    /// Puts messages that belong together into the queue, all or none, or drops some as the configuration says.
    pub(crate) fn enqueue(
        &mut self,
        queue: &mut [u8],
        number: u64,
        is_volatile: bool,
        messages: Messages<'_>,
    ) -> Result<(), SendError> {
        let size = messages
            .iter()
            .fold(0_usize, |sum, (_, payload)| sum.saturating_add(payload.len()).saturating_add(crate::queue::QUEUE_OVERHEAD));
        let count = u32::try_from(messages.len()).unwrap_or(u32::MAX);
        if size > queue.len() || self.config.max_queued < count {
            // On an open connection it waits for room in the output, and is sent then.
            let is_for_now = self.stage == Stage::Live || queue.is_empty() || self.config.max_queued == 0;
            return Err(if is_for_now { SendError::Full } else { SendError::TooLong });
        }
        while self.queue.len() > self.config.max_queued.saturating_sub(count) || !self.queue.has_room(queue, size) {
            match (self.config.overflow, self.queue.front(queue).map(|oldest| oldest.number)) {
                (Overflow::DropOldest, Some(oldest)) => {
                    self.dropped.add(oldest);
                    self.queue.pop_all(queue, oldest);
                }
                (Overflow::DropNewest, _) => {
                    self.dropped.add(number);
                    return Ok(());
                }
                _ => return Err(SendError::Full),
            }
        }
        for &(kind, payload) in messages {
            self.queue.push(queue, &Queued { number, kind, is_volatile, payload });
        }
        Ok(())
    }

    /// How many bytes of frames messages take at most.
    pub(crate) fn frames_len(count: usize, payload_len: usize) -> usize {
        count.saturating_mul(sansocket::frame::FrameHeader::MAX_LEN).saturating_add(payload_len)
    }
}

/// Messages that belong together.
pub(crate) type Messages<'m> = &'m [(MessageKind, &'m [u8])];
