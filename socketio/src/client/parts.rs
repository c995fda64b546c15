//! A client, apart from the types of its memory.

use sansocket::{Codec, Entropy, Instant, MessageKind};
use sansocket_session::{Commands, Numbers};

use super::config::ClientConfig;
use super::event::{Fault, Reason};
use super::slots::{AckSlot, AckState, Names, NamespaceId, State};
use crate::assembler::Assembler;
use crate::header::Header;
use crate::packet::Limits;

/// No deadline.
pub(super) const NEVER: Instant = Instant::from_micros(u64::MAX);

/// `now` and `ms` milliseconds more.
pub(super) fn after(now: Instant, ms: u64) -> Instant {
    Instant::from_micros(now.as_micros().saturating_add(ms.saturating_mul(1000)))
}

/// The earliest of a deadline and those of answers.
pub(super) fn next_timeout(deadline: Instant, acks: &[AckSlot]) -> Option<Instant> {
    let acks = acks.iter().filter(|ack| ack.state == AckState::Waiting).map(|ack| ack.deadline);
    Some(acks.fold(deadline, Instant::min)).filter(|&next| next != NEVER)
}

/// How far the connection is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Link {
    /// There is none, or it is at its end.
    Away,
    /// The WebSocket is open, and Engine.IO's handshake is due.
    Opening,
    Open,
}

/// What a client keeps beside its slots.
#[derive(Clone, Debug)]
pub(super) struct Core {
    pub(super) link: Link,
    /// Until when the handshake, or the next ping, has to be there.
    pub(super) deadline: Instant,
    /// From one ping to that deadline.
    pub(super) patience_ms: u64,
    /// Of the server's, as far as it is known.
    pub(super) max_payload: Option<u64>,
    pub(super) assembler: Assembler,
    /// Whose attachments are due; `None` if nobody wants them.
    pub(super) attachments_of: Option<NamespaceId>,
    pub(super) next_ack: u64,
    pub(super) last_namespace: u32,
    /// Counts connections.
    pub(super) connection: u32,
    /// Why the connection was dropped.
    pub(super) fault: Option<Fault>,
    /// The room of the output when a packet of ours did not go, until something arrives.
    pub(super) stuck: Option<usize>,
    /// A ping was not answered yet.
    pub(super) owes_pong: bool,
    /// A namespace was wanted since the session was closed last.
    pub(super) serves: bool,
}

impl Core {
    pub(super) const fn new(config: &ClientConfig) -> Self {
        Self {
            link: Link::Away,
            deadline: NEVER,
            patience_ms: 0,
            max_payload: None,
            assembler: Assembler::new(Limits::new().max_attachments(config.max_attachments)),
            attachments_of: None,
            next_ack: 0,
            last_namespace: 0,
            connection: 0,
            fault: None,
            stuck: None,
            owes_pong: false,
            serves: false,
        }
    }

    /// Nothing of the connection counts any longer.
    pub(super) fn leave_link(&mut self) {
        (self.link, self.deadline, self.owes_pong, self.attachments_of) = (Link::Away, NEVER, false, None);
    }
}

/// A client, with its memory lent.
pub(super) struct Parts<'m> {
    pub(super) config: &'m ClientConfig,
    pub(super) core: &'m mut Core,
    pub(super) names: Names<'m>,
    pub(super) acks: &'m mut [AckSlot],
    /// Where packets are written.
    pub(super) out: &'m mut [u8],
}

impl Parts<'_> {
    /// Drops the connection.
    pub(super) fn fail<E: Entropy, D: Codec>(&mut self, fault: Fault, ws: &mut Commands<'_, '_, E, D>) {
        self.core.leave_link();
        self.core.fault = Some(fault);
        ws.drop_connection();
    }

    /// Keeps the queue back while a namespace that it may be for is not open, and when the server may be gone: what is sent waits then.
    pub(super) fn hold_or_release<E: Entropy, D: Codec>(&mut self, ws: &mut Commands<'_, '_, E, D>) {
        let is_ready = self.core.link == Link::Open && self.core.deadline > ws.now();
        if is_ready && self.names.find(State::is_connecting).is_none() {
            ws.release();
        } else {
            ws.hold();
        }
    }

    /// A namespace is not wanted any longer: what waits for it is dropped, and no answer comes.
    pub(super) fn turn_off<E: Entropy, D: Codec>(&mut self, index: usize, gone: Option<Reason>, ws: &mut Commands<'_, '_, E, D>) {
        self.close(index, gone);
        self.drop_unwanted(ws);
    }

    /// The same, but for what waits.
    pub(super) fn close(&mut self, index: usize, gone: Option<Reason>) {
        self.names.set_state(index, State::Off);
        self.names.set_pid(index, "");
        if let Some(slot) = self.names.slots.get_mut(index) {
            slot.gone = slot.gone.or(gone);
        }
        let id = self.names.id(index);
        self.lose_acks(|ack| ack.namespace == id.0);
    }

    /// Drops what waits for namespaces that are not wanted: a server closes the connection for it.
    pub(super) fn drop_unwanted<E: Entropy, D: Codec>(&self, ws: &mut Commands<'_, '_, E, D>) {
        ws.drop_queued(|_, kind, payload| {
            let text = core::str::from_utf8(payload).ok().filter(|_| kind == MessageKind::Text);
            let packet = text.and_then(|text| text.strip_prefix('4'));
            let Some(Ok((header, _))) = packet.map(|packet| Header::decode(packet, u16::MAX)) else { return false };
            self.names.by_name(header.namespace).is_none_or(|index| self.names.state(index) == State::Off)
        });
    }

    /// No answer comes to the events that `is_lost` says.
    pub(super) fn lose_acks(&mut self, is_lost: impl Fn(&AckSlot) -> bool) {
        for ack in self.acks.iter_mut().filter(|ack| ack.state == AckState::Waiting && is_lost(ack)) {
            ack.state = AckState::Lost;
        }
    }

    /// The session has dropped messages. If they are not all of those from the first to the last, only time can tell of some.
    pub(super) fn note_dropped(&mut self, dropped: &Numbers) {
        let (first, last) = (dropped.first, dropped.last);
        let is_all = last.saturating_sub(first).saturating_add(1) == dropped.count;
        let is_among = |number: u64| number == first || number == last || is_all && (first..=last).contains(&number);
        self.lose_acks(|ack| is_among(ack.number));
    }
}
