//! From the state machine's events, which borrow, to the program's.

use super::event::{Event, Message, Payload, Refusal};
use super::socket::{Acks, Socket};
use super::{AckError, Fault, Reason};
use crate::session::{self, Cause, Numbers};
use bytes::Bytes;
use core::time::Duration;
use sansocket_socketio::Packet;
use sansocket_socketio::client::{self as io, AckId, Asker, NamespaceId};

/// An event that borrows nothing.
pub(super) enum Taken {
    Joining(NamespaceId),
    Connected { namespace: NamespaceId, sid: String, recovered: bool },
    ConnectError { namespace: NamespaceId, refusal: Refusal },
    Disconnected { namespace: NamespaceId, reason: Reason },
    Packet(Whole),
    Attachment(Bytes),
    AckFailed { ack: AckId, error: AckError },
    Down { cause: Cause, fault: Option<Fault>, retry_in: Option<Duration>, unconfirmed: Numbers },
    Session(session::Taken),
    Nothing,
}

impl Taken {
    /// Of this event, and where the body of a refusal begins in what is unread.
    pub(super) fn of(event: io::Event<'_>) -> (Self, usize) {
        use io::Event as E;
        let taken = match event {
            E::Joining { namespace, .. } => Self::Joining(namespace),
            E::Connected { namespace, sid, recovered, .. } => Self::Connected { namespace, sid: sid.to_string(), recovered },
            E::ConnectError { namespace, error, .. } => Self::ConnectError { namespace, refusal: refusal(error) },
            E::Disconnected { namespace, reason, .. } => Self::Disconnected { namespace, reason },
            E::Event { namespace, packet, asker, .. } => {
                let name =
                    packet.name().map(|name| name.text().map_or_else(|| name.as_json().to_owned(), |name| name.to_string()));
                Self::Packet(Whole::new(To::Event { namespace, name: name.unwrap_or_default(), asker }, &packet))
            }
            E::Ack { ack, packet, .. } => Self::Packet(Whole::new(To::Ack(ack), &packet)),
            E::AckFailed { ack, error, .. } => Self::AckFailed { ack, error },
            E::Attachment { attachment, .. } => Self::Attachment(Bytes::copy_from_slice(attachment.bytes)),
            E::Down { cause, fault, retry_in_ms, unconfirmed, .. } => {
                Self::Down { cause, fault, retry_in: retry_in_ms.map(Duration::from_millis), unconfirmed }
            }
            E::Session(event) => {
                let (taken, head) = session::Taken::owned(event);
                return (Self::Session(taken), head);
            }
            _ => Self::Nothing,
        };
        (taken, 0)
    }

    /// With this body, if it is a refusal.
    pub(super) fn with_body(self, body: &[u8]) -> Self {
        if let Self::Session(taken) = self { Self::Session(taken.with_body(body)) } else { self }
    }
}

fn refusal(error: io::Refusal<'_>) -> Refusal {
    match error {
        io::Refusal::Refused(json) => Refusal::Refused(json.as_json().to_owned()),
        io::Refusal::OldServer => Refusal::OldServer,
        _ => Refusal::TooLong,
    }
}

/// A packet and, once it is whole, its attachments.
pub(super) struct Whole {
    to: To,
    payload: Payload,
    /// How many attachments it has.
    wanted: usize,
}

enum To {
    Event { namespace: NamespaceId, name: String, asker: Option<Asker> },
    Ack(AckId),
}

impl Whole {
    fn new(to: To, packet: &Packet<'_>) -> Self {
        let mut json = "[".to_owned();
        for arg in packet.args() {
            if json.len() > 1 {
                json.push(',');
            }
            json.push_str(arg.as_json());
        }
        json.push(']');
        Self { to, payload: Payload { json, attachments: Vec::new() }, wanted: packet.attachments().into() }
    }

    /// To the program, by an event or by the acknowledgement that it waits for.
    fn deliver(self, acks: &mut Acks, socket: &Socket) -> Option<Event> {
        let Self { to, payload, .. } = self;
        match to {
            To::Event { namespace, name, asker } => {
                Some(Event::Message(Message { socket: socket.of(namespace), name, payload, asker }))
            }
            To::Ack(ack) => {
                acks.resolve(ack, Ok(payload));
                None
            }
        }
    }
}

/// What came of an event.
pub(super) enum Happened {
    Event(Event),
    Joining(NamespaceId),
    /// The transport stands, to this URL.
    Transport(String),
    CloseReceived(String),
}

/// Puts packets and attachments together.
#[derive(Default)]
pub(super) struct Incoming(Option<Whole>);

impl Incoming {
    /// What it means to the program, if anything; acknowledgements go to who waits for them.
    pub(super) fn take(&mut self, taken: Taken, acks: &mut Acks, socket: &Socket) -> Option<Happened> {
        Some(Happened::Event(match taken {
            Taken::Joining(namespace) => return Some(Happened::Joining(namespace)),
            Taken::Connected { namespace, sid, recovered } => Event::Connected { socket: socket.of(namespace), sid, recovered },
            Taken::ConnectError { namespace, refusal } => Event::ConnectError { socket: socket.of(namespace), refusal },
            Taken::Disconnected { namespace, reason } => Event::Disconnected { socket: socket.of(namespace), reason },
            Taken::Packet(whole) => {
                self.0 = Some(whole);
                self.whole(acks, socket)?
            }
            Taken::Attachment(bytes) => {
                self.0.as_mut()?.payload.attachments.push(bytes);
                self.whole(acks, socket)?
            }
            Taken::AckFailed { ack, error } => {
                acks.resolve(ack, Err(error));
                return None;
            }
            Taken::Down { cause, fault, retry_in, unconfirmed } => {
                // What was not whole will not be.
                self.0 = None;
                Event::Down { cause, fault, retry_in, unconfirmed, reason: String::new(), error: None }
            }
            Taken::Session(session::Taken::Connected(url)) => return Some(Happened::Transport(url)),
            Taken::Session(session::Taken::CloseReceived(reason)) => return Some(Happened::CloseReceived(reason)),
            Taken::Session(session::Taken::Event(event)) => match event {
                session::Event::Dropped(numbers) => Event::Dropped(numbers),
                session::Event::Refused(response) => Event::Refused(response),
                event => Event::Session(event),
            },
            Taken::Session(session::Taken::Nothing) | Taken::Nothing => return None,
        }))
    }

    /// The packet, once all of its attachments are there.
    fn whole(&mut self, acks: &mut Acks, socket: &Socket) -> Option<Event> {
        self.0.take_if(|whole| whole.payload.attachments.len() >= whole.wanted)?.deliver(acks, socket)
    }
}
