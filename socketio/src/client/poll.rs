//! What a client does of its own accord: tells, asks for namespaces, leaves them, and loses patience.

use sansocket::{CloseCode, Codec, Entropy, MessageKind};
use sansocket_session::{Commands, SendError};

use super::event::{AckError, Event, Fault, Reason, Refusal};
use super::parts::{Link, Parts};
use super::send::EmitError;
use super::slots::{AckId, AckSlot, AckState, NamespaceId, State};
use crate::error::PacketError;
use crate::header::{Header, Kind};
use crate::json::{Value, ValueKind};
use crate::packet::Packet;
use crate::writer::{NeedsRoom, Writer};

impl Parts<'_> {
    pub(super) fn poll<E: Entropy, D: Codec>(&mut self, ws: &mut Commands<'_, '_, E, D>) -> Option<Event<'static>> {
        if self.core.deadline <= ws.looked() {
            let is_open = self.core.link == Link::Open;
            self.fail(if is_open { Fault::PingTimeout } else { Fault::OpenTimeout }, ws);
        }
        self.pong(ws);
        let event = loop {
            if let Some(event) = self.tell(ws) {
                break Some(event);
            }
            if self.core.link != Link::Open || self.core.stuck == Some(ws.room()) {
                break None;
            }
            match self.step(ws) {
                Step::Nothing => break None,
                Step::Event(event) => break Some(event),
                Step::Done => {}
            }
        };
        let is_idle = event.is_none() && self.names.find(|state| state != State::Off).is_none();
        if is_idle && self.core.serves && ws.close(CloseCode::NORMAL_CLOSURE, "").is_ok() {
            self.core.serves = false;
            self.core.leave_link();
        }
        self.hold_or_release(ws);
        event
    }

    /// What has happened and was not told: namespaces first, as in the reference.
    fn tell<E: Entropy, D: Codec>(&mut self, ws: &mut Commands<'_, '_, E, D>) -> Option<Event<'static>> {
        let gone = self.names.slots.iter_mut().find_map(|slot| Some((NamespaceId(slot.id), slot.gone.take()?)));
        if let Some((namespace, reason)) = gone {
            return Some(Event::Disconnected { namespace, reason });
        }
        let looked = ws.looked();
        let is_over = |ack: &&mut AckSlot| match ack.state {
            AckState::Free => false,
            AckState::Waiting => ack.deadline <= looked,
            AckState::Lost => true,
        };
        let ack = core::mem::replace(self.acks.iter_mut().find(is_over)?, AckSlot::EMPTY);
        let error = if ack.state == AckState::Lost { AckError::Lost } else { AckError::Timeout };
        if error == AckError::Timeout {
            ws.drop_queued(|number, _, _| number == ack.number);
        }
        Some(Event::AckFailed { ack: AckId(ack.id), namespace: NamespaceId(ack.namespace), error })
    }

    /// Leaves one namespace, or asks for one.
    fn step<E: Entropy, D: Codec>(&mut self, ws: &mut Commands<'_, '_, E, D>) -> Step {
        if let Some(index) = self.names.find(|state| state == State::Leaving).filter(|_| ws.queued() == 0) {
            return self.leave(index, ws);
        }
        if let Some(index) = self.names.find(|state| state == State::Joining) {
            // The handler has said nothing.
            return match self.ask(index, "", ws) {
                Ok(()) if self.core.stuck.is_some() => Step::Nothing,
                Ok(()) => Step::Done,
                Err(_) => {
                    let namespace = self.names.id(index);
                    Step::Event(Event::ConnectError { namespace, error: Refusal::TooLong })
                }
            };
        }
        let Some(index) = self.names.find(|state| state == State::Wanted) else { return Step::Nothing };
        self.names.set_state(index, State::Joining);
        Step::Event(Event::Joining { namespace: self.names.id(index) })
    }

    fn leave<E: Entropy, D: Codec>(&mut self, index: usize, ws: &mut Commands<'_, '_, E, D>) -> Step {
        let header = Header::new(Kind::Disconnect, self.names.name(index));
        let packet = Packet::new(header, "").ok();
        let len = packet.and_then(|packet| Some(packet.encode_message(self.out).ok()?.len()));
        let sent = len.ok_or(EmitError::TooLong).and_then(|len| self.send_now(ws, len));
        if sent.is_err() {
            self.core.stuck = Some(ws.room());
            return Step::Nothing;
        }
        self.core.stuck = None;
        self.turn_off(index, Some(Reason::IoClientDisconnect), ws);
        Step::Done
    }

    /// Sends CONNECT, or has `Joining` come again if there is no room for it now. After an error the namespace is off.
    pub(super) fn ask<E: Entropy, D: Codec>(
        &mut self,
        index: usize,
        auth: &str,
        ws: &mut Commands<'_, '_, E, D>,
    ) -> Result<(), EmitError> {
        let mut sent = self.try_to_ask(index, auth, ws);
        if sent == Err(EmitError::TooLong) && !self.names.pid(index).is_empty() {
            // Better in without what was missed than not in.
            self.names.set_pid(index, "");
            sent = self.try_to_ask(index, auth, ws);
        }
        match sent {
            Ok(()) => {
                self.core.stuck = None;
                self.names.set_state(index, State::Pending);
            }
            Err(EmitError::Session(SendError::NotNow)) => {
                self.core.stuck = Some(ws.room());
                self.names.set_state(index, State::Wanted);
            }
            Err(error) => {
                self.turn_off(index, None, ws);
                return Err(error);
            }
        }
        Ok(())
    }

    fn try_to_ask<E: Entropy, D: Codec>(
        &mut self,
        index: usize,
        auth: &str,
        ws: &mut Commands<'_, '_, E, D>,
    ) -> Result<(), EmitError> {
        let len = self.write_connect(index, auth)?;
        self.send_now(ws, len)
    }

    /// Writes CONNECT: the application's object, with our place before its members, so that those win, as in the reference.
    fn write_connect(&mut self, index: usize, auth: &str) -> Result<usize, EmitError> {
        let mut members = "";
        if !auth.is_empty() {
            let auth = Value::parse(auth).map_err(PacketError::from)?;
            let is_object = auth.kind() == ValueKind::Object;
            let inner = auth.as_json().strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).filter(|_| is_object);
            members = inner.ok_or(PacketError::WrongPayload)?.trim_ascii();
        }
        let (pid, offset) = (self.names.pid(index), self.names.offset(index));
        let mut writer = Writer::new(self.out);
        writer.text("4");
        Header::new(Kind::Connect, self.names.name(index)).write(&mut writer);
        if !pid.is_empty() || !auth.is_empty() {
            writer.text("{");
            // Both are kept as they stood in JSON.
            for (name, value) in
                [("\"pid\":\"", pid), (",\"offset\":\"", offset)].into_iter().filter(|(_, value)| !value.is_empty())
            {
                writer.text(name);
                writer.text(value);
                writer.text("\"");
            }
            writer.text(if pid.is_empty() || members.is_empty() { "" } else { "," });
            writer.text(members);
            writer.text("}");
        }
        Ok(writer.finish().map_err(|NeedsRoom { .. }| EmitError::TooLong)?.len())
    }

    /// Sends the first `len` bytes of what was written, before what waits.
    fn send_now<E: Entropy, D: Codec>(&self, ws: &mut Commands<'_, '_, E, D>, len: usize) -> Result<(), EmitError> {
        let text = self.out.get(..len).unwrap_or_default();
        ws.send_now(MessageKind::Text, text).map(drop).map_err(EmitError::from)
    }
}

enum Step {
    Nothing,
    Done,
    Event(Event<'static>),
}
