//! What the application sends: events and answers.

use sansocket::{Codec, Entropy, MessageKind};
use sansocket_session::{Commands, SendError};

use super::parts::{Link, Parts, after};
use super::slots::{AckId, AckSlot, AckState, NamespaceId, State};
use crate::error::{EncodeError, PacketError};
use crate::event_writer::EventWriter;
use crate::header::Header;
use crate::json::{Value, ValueKind};

/// The most attachments of a packet that is sent: what servers of the reference take.
pub const MAX_ATTACHMENTS: usize = 10;

/// An event of the server's that wants an answer. It is worth nothing after its connection.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Asker {
    /// Where.
    pub namespace: NamespaceId,
    /// The packet's id.
    pub id: u64,
    /// Which connection of this client, counted from 1.
    pub connection: u32,
}

/// An event that is to be emitted. Each part is a field, and a method that sets it.
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Emit<'a> {
    /// Where.
    pub namespace: NamespaceId,
    /// Its name, none of [`RESERVED_EVENTS`](crate::RESERVED_EVENTS).
    pub name: &'a str,
    /// Its arguments, a JSON array. [Placeholders](fn@crate::placeholder) say where attachments belong.
    pub args: &'a str,
    /// What is sent after it, as binary messages; at most [`MAX_ATTACHMENTS`].
    pub attachments: &'a [&'a [u8]],
    /// How many milliseconds the server has for an answer, from the call of [`emit`](super::Client::emit) on, also while the event waits for a
    /// connection. `None`: no answer is wanted.
    pub ack_within_ms: Option<u32>,
    /// Whether it is worth nothing later: it is dropped if there is no connection.
    pub is_volatile: bool,
}

impl<'a> Emit<'a> {
    /// An event without arguments.
    pub const fn new(namespace: NamespaceId, name: &'a str) -> Self {
        Self { namespace, name, args: "[]", attachments: &[], ack_within_ms: None, is_volatile: false }
    }

    /// With these arguments, a JSON array.
    #[must_use]
    pub const fn args(self, args: &'a str) -> Self {
        Self { args, ..self }
    }

    /// With these attachments.
    #[must_use]
    pub const fn attachments(self, attachments: &'a [&'a [u8]]) -> Self {
        Self { attachments, ..self }
    }

    /// That wants an answer within so many milliseconds.
    #[must_use]
    pub const fn ack_within_ms(self, ms: u32) -> Self {
        Self { ack_within_ms: Some(ms), ..self }
    }

    /// That is worth nothing later.
    #[must_use]
    pub const fn volatile(self) -> Self {
        Self { is_volatile: true, ..self }
    }
}

/// Shows no arguments, which are the users' own.
impl core::fmt::Debug for Emit<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Emit")
            .field("namespace", &self.namespace)
            .field("name", &self.name)
            .field("args", &self.args.len())
            .field("attachments", &self.attachments.len())
            .field("ack_within_ms", &self.ack_within_ms)
            .field("is_volatile", &self.is_volatile)
            .finish()
    }
}

/// What became of an event.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Sent {
    /// The session's number of it, by which [`Down`](super::Event::Down) and [`Dropped`](sansocket_session::Event::Dropped) tell its fate.
    pub number: u64,
    /// What its answer will name, if it wants one.
    pub ack: Option<AckId>,
}

/// Why something was not sent. Nothing has changed, and the caller still has it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum EmitError {
    /// The namespace is not wanted: it was not connected, was left, or the server does not let us in.
    NotConnected,
    /// The event that is answered came over a connection that has ended, or from a namespace that was left.
    Stale,
    /// Every [`AckSlot`] waits for an answer.
    NoAckSlot,
    /// The client's memory, the session's output or queue, or the server (its `maxPayload`) has no room for so much.
    TooLong,
    /// No server would take it.
    Packet(PacketError),
    /// The session does not take it.
    Session(SendError),
}

impl From<EncodeError> for EmitError {
    fn from(error: EncodeError) -> Self {
        match error {
            EncodeError::NeedsRoom { .. } => Self::TooLong,
            EncodeError::Packet(error) => Self::Packet(error),
        }
    }
}

impl From<PacketError> for EmitError {
    fn from(error: PacketError) -> Self {
        Self::Packet(error)
    }
}

impl From<SendError> for EmitError {
    fn from(error: SendError) -> Self {
        if error == SendError::TooLong { Self::TooLong } else { Self::Session(error) }
    }
}

impl core::fmt::Display for EmitError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::NotConnected => f.write_str("the namespace is not connected"),
            Self::Stale => f.write_str("the connection of the event that is answered has ended"),
            Self::NoAckSlot => f.write_str("as many answers are waited for as there is memory for"),
            Self::TooLong => f.write_str("the packet is too long for the client, the session or the server"),
            Self::Packet(error) => error.fmt(f),
            Self::Session(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for EmitError {}

impl Parts<'_> {
    pub(super) fn emit<E: Entropy, D: Codec>(
        &mut self,
        ws: &mut Commands<'_, '_, E, D>,
        emit: &Emit<'_>,
        write: impl FnOnce(EventWriter<'_>) -> EventWriter<'_>,
    ) -> Result<Sent, EmitError> {
        // The server may be gone, which was not noticed yet.
        self.hold_or_release(ws);
        let index = self.names.index_of(emit.namespace).filter(|&index| self.names.state(index).is_wanted());
        let index = index.ok_or(EmitError::NotConnected)?;
        let place = self.acks.iter().position(|ack| ack.state == AckState::Free);
        let id = self.core.next_ack;
        let mut header = Header::event(self.names.name(index)).with_attachments(count(emit.attachments)?);
        if emit.ack_within_ms.is_some() {
            place.ok_or(EmitError::NoAckSlot)?;
            header = header.with_id(id);
        }
        let args = items(emit.args)?;
        let writer = EventWriter::event(&header, emit.name, self.out);
        let len = write(add(writer, args)).finish()?.len();
        let number = self.send(ws, len, emit.attachments, emit.is_volatile)?;
        let Some(ms) = emit.ack_within_ms else { return Ok(Sent { number, ack: None }) };
        self.core.next_ack = id.saturating_add(1);
        if let Some(slot) = place.and_then(|place| self.acks.get_mut(place)) {
            let deadline = after(ws.now(), ms.into());
            *slot = AckSlot { state: AckState::Waiting, id, number, deadline, namespace: emit.namespace.0 };
        }
        Ok(Sent { number, ack: Some(AckId(id)) })
    }

    pub(super) fn ack<E: Entropy, D: Codec>(
        &mut self,
        ws: &mut Commands<'_, '_, E, D>,
        asker: Asker,
        attachments: &[&[u8]],
        write: impl FnOnce(EventWriter<'_>) -> EventWriter<'_>,
    ) -> Result<(), EmitError> {
        self.hold_or_release(ws);
        let is_now = self.core.link == Link::Open && asker.connection == self.core.connection;
        let is_in = |index: &usize| is_now && matches!(self.names.state(*index), State::Pending | State::Connected);
        let index = self.names.index_of(asker.namespace).filter(is_in).ok_or(EmitError::Stale)?;
        let header = Header::ack(self.names.name(index), asker.id).with_attachments(count(attachments)?);
        let len = write(EventWriter::ack(&header, self.out)).finish()?.len();
        // On the next connection it would answer another event.
        self.send(ws, len, attachments, true).map(drop)
    }

    /// Sends the first `len` bytes of what was written, and its attachments.
    fn send<E: Entropy, D: Codec>(
        &self,
        ws: &mut Commands<'_, '_, E, D>,
        len: usize,
        attachments: &[&[u8]],
        is_volatile: bool,
    ) -> Result<u64, EmitError> {
        let text = self.out.get(..len).unwrap_or_default();
        let longest = attachments.iter().fold(len, |longest, bytes| longest.max(bytes.len()));
        let is_too_long = |max: u64| u64::try_from(longest).unwrap_or(u64::MAX) > max;
        if self.core.max_payload.is_some_and(is_too_long) {
            return Err(EmitError::TooLong);
        }
        let mut messages = [(MessageKind::Text, text); MAX_ATTACHMENTS + 1];
        for (message, bytes) in messages.iter_mut().skip(1).zip(attachments) {
            *message = (MessageKind::Binary, bytes);
        }
        let messages = messages.get(..=attachments.len()).unwrap_or_default();
        Ok(ws.send_together(messages, is_volatile)?)
    }
}

/// The number of attachments.
fn count(attachments: &[&[u8]]) -> Result<u16, PacketError> {
    let count = u16::try_from(attachments.len()).ok().filter(|_| attachments.len() <= MAX_ATTACHMENTS);
    count.ok_or(PacketError::TooManyAttachments)
}

/// Writes the items of an array as arguments.
pub(super) fn add<'o>(writer: EventWriter<'o>, args: Value<'_>) -> EventWriter<'o> {
    args.items().fold(writer, |writer, arg| writer.json(arg.as_json()))
}

/// The JSON array of arguments.
pub(super) fn items(args: &str) -> Result<Value<'_>, PacketError> {
    let args = Value::parse(args)?;
    if args.kind() == ValueKind::Array { Ok(args) } else { Err(PacketError::WrongPayload) }
}
