//! Events: one flat struct, and how to get it.

use ::sansocket_session::ffi::support::Placed;
use ::sansocket_session::ffi::{sansocket_session, sansocket_session_event};
use sansocket::Instant;
use sansocket::ffi::support::{check_struct, done};
use sansocket::ffi::{sansocket_result, sansocket_text};

use super::numbers::{
    sansocket_socketio_ack_error, sansocket_socketio_event_type, sansocket_socketio_fault, sansocket_socketio_reason,
    sansocket_socketio_refusal,
};
use super::place::{Standing, sansocket_socketio, standing};
use crate::Packet;
use crate::client::{Asker, Event, Fault, NamespaceId, Refusal};

/// Which event of the server's is answered by `sansocket_socketio_ack`. It may be kept.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct sansocket_asker {
    /// The event's id.
    pub id: u64,
    /// Where it came.
    pub namespace_id: u32,
    /// On which connection.
    pub connection: u32,
}

/// An event of a Socket.IO client: its type, and what `sansocket_socketio_event_type` says that goes with it. All other fields are 0.
///
/// Texts, JSON and bytes lie in memory that was lent to the session. They are there until the next call of `sansocket_socketio_next`. JSON
/// was checked, and is UTF-8; `sansocket_json_items` and its like read it. No NUL follows.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct sansocket_socketio_event {
    /// What happened.
    pub r#type: sansocket_socketio_event_type,
    /// The namespace.
    pub namespace_id: u32,
    /// Why the namespace is not joined any longer.
    pub reason: sansocket_socketio_reason,
    /// Why the server does not let the client in.
    pub refusal: sansocket_socketio_refusal,
    /// Why there is no answer.
    pub ack_error: sansocket_socketio_ack_error,
    /// Why the client gave up the connection.
    pub fault: sansocket_socketio_fault,
    /// The rule that the server broke.
    pub error: sansocket_result,
    /// How many attachments the event or answer has.
    pub attachments: u16,
    /// Which of them this is, counted from 0.
    pub attachment: u16,
    /// 1 if the event is to be answered.
    pub wants_ack: u8,
    /// 1 if what was missed came before.
    pub recovered: u8,
    /// 1 if the namespace is not joined again by itself.
    pub is_final: u8,
    /// 0 in this version.
    pub reserved: [u8; 5],
    /// Which event of ours is answered, or not.
    pub ack: u64,
    /// By what the event is answered.
    pub asker: sansocket_asker,
    /// An event's name, as JSON: `sansocket_json_equals(event.name, "say", 3)`.
    pub name: sansocket_text,
    /// JSON: an array, of an event its name first; or what the server says.
    pub json: sansocket_text,
    /// The server's name for this client, as it stands between the quotes of its JSON.
    pub sid: sansocket_text,
    /// The bytes of an attachment.
    pub data: *const u8,
    /// How many.
    pub len: usize,
    /// What the session says.
    pub session: sansocket_session_event,
    /// 0 in this version.
    pub reserved_more: [u64; 2],
}

/// Releases the current event and writes the next to `event`: `SANSOCKET_SOCKETIO_EVENT_NONE` if there is none, and where the result is not
/// `SANSOCKET_OK`. It takes the place of `sansocket_session_next`, which is not to be called beside it: it takes the session's events, and does
/// what is due by itself: heartbeats, joining, deadlines.
///
/// Returns what `sansocket_session_next` does.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_socketio_next(
    io: *mut sansocket_socketio,
    session: *mut sansocket_session,
    now_ms: u64,
    event: *mut sansocket_socketio_event,
) -> sansocket_result {
    if let Err(result) = check_struct(event) {
        return result;
    }
    // SAFETY: the caller keeps to what stands at the top of the header.
    let found = unsafe { standing(io, session) };
    let found = found.and_then(|(io, placed)| next(io, placed, Instant::from_millis(now_ms)));
    // SAFETY: not NULL, aligned, and the caller's to be written.
    unsafe { event.write(found.unwrap_or(sansocket_socketio_event::none())) };
    done(found.map(drop))
}

fn next(io: &mut Standing, placed: &mut Placed, now: Instant) -> Result<sansocket_socketio_event, sansocket_result> {
    while placed.life.advance(now)? {
        let Some((event, mut ws)) = placed.life.current(now) else { continue };
        if let Some(event) = io.life.handle(event, &mut ws) {
            let event = sansocket_socketio_event::of(event);
            return Ok(event.in_place(placed));
        }
    }
    let due = io.life.poll(&mut placed.life.commands(now));
    Ok(due.map_or(sansocket_socketio_event::none(), sansocket_socketio_event::of))
}

impl sansocket_socketio_event {
    fn none() -> Self {
        let no_text = sansocket_text { data: core::ptr::null(), len: 0 };
        Self {
            r#type: sansocket_socketio_event_type::NONE,
            namespace_id: 0,
            reason: sansocket_socketio_reason::NONE,
            refusal: sansocket_socketio_refusal::NONE,
            ack_error: sansocket_socketio_ack_error::NONE,
            fault: sansocket_socketio_fault::NONE,
            error: sansocket_result::OK,
            attachments: 0,
            attachment: 0,
            wants_ack: 0,
            recovered: 0,
            is_final: 0,
            reserved: [0; 5],
            ack: 0,
            asker: sansocket_asker { id: 0, namespace_id: 0, connection: 0 },
            name: no_text,
            json: no_text,
            sid: no_text,
            data: core::ptr::null(),
            len: 0,
            session: sansocket_session_event::none(),
            reserved_more: [0; 2],
        }
    }

    fn of(event: Event<'_>) -> Self {
        use sansocket_socketio_event_type as T;
        let new = |r#type, namespace: NamespaceId| Self { r#type, namespace_id: namespace.number(), ..Self::none() };
        match event {
            Event::Joining { namespace } => new(T::JOINING, namespace),
            Event::Connected { namespace, sid, recovered } => {
                Self { sid: text(sid.raw()), recovered: recovered.into(), ..new(T::CONNECTED, namespace) }
            }
            Event::ConnectError { namespace, error } => {
                let refusal = (&error).into();
                let json = if let Refusal::Refused(value) = error { value.as_json() } else { "" };
                Self { refusal, json: text(json), ..new(T::CONNECT_ERROR, namespace) }
            }
            Event::Disconnected { namespace, reason } => {
                Self { reason: reason.into(), is_final: reason.is_final().into(), ..new(T::DISCONNECTED, namespace) }
            }
            Event::Event { namespace, packet, asker } => new(T::EVENT, namespace).with_packet(&packet).with_asker(asker),
            Event::Ack { ack, namespace, packet } => Self { ack: ack.number(), ..new(T::ACK, namespace).with_packet(&packet) },
            Event::AckFailed { ack, namespace, error } => {
                Self { ack: ack.number(), ack_error: error.into(), ..new(T::ACK_FAILED, namespace) }
            }
            Event::Attachment { namespace, attachment } => Self {
                attachment: attachment.index,
                attachments: attachment.of,
                data: attachment.bytes.as_ptr(),
                len: attachment.bytes.len(),
                ..new(T::ATTACHMENT, namespace)
            },
            Event::Down { cause, fault, retry_in_ms, unconfirmed } => {
                let session = sansocket_session_event::down(cause, retry_in_ms, unconfirmed);
                Self { r#type: T::DOWN, session, ..Self::none() }.with_fault(fault)
            }
            Event::Session(event) => Self { r#type: T::SESSION, session: sansocket_session_event::of(event), ..Self::none() },
        }
    }

    fn with_packet(self, packet: &Packet<'_>) -> Self {
        let name = packet.name().map_or("", |name| name.as_json());
        Self { name: text(name), json: text(packet.json()), attachments: packet.attachments(), ..self }
    }

    fn with_asker(self, asker: Option<Asker>) -> Self {
        let Some(Asker { namespace, id, connection }) = asker else { return self };
        Self { wants_ack: 1, asker: sansocket_asker { id, namespace_id: namespace.number(), connection }, ..self }
    }

    fn with_fault(self, fault: Option<Fault>) -> Self {
        let Some(fault) = fault else { return self };
        let event = Self { fault: (&fault).into(), ..self };
        match fault {
            Fault::Engine(error) => Self { error: error.into(), ..event },
            Fault::Packet(error) => Self { error: error.into(), ..event },
            Fault::PingTimeout | Fault::OpenTimeout | Fault::ClosedByServer | Fault::Unexpected => event,
        }
    }

    /// The same event, by pointers that stay good while other calls borrow the session's memory.
    fn in_place(self, placed: &Placed) -> Self {
        let text = |text: sansocket_text| {
            let data = if text.len == 0 { core::ptr::null() } else { placed.pointer_to(text.data.cast()).cast_const().cast() };
            sansocket_text { data, len: text.len }
        };
        let data = if self.len == 0 { core::ptr::null() } else { placed.pointer_to(self.data).cast_const() };
        let session = placed.in_place(self.session);
        Self { name: text(self.name), json: text(self.json), sid: text(self.sid), data, session, ..self }
    }
}

fn text(text: &str) -> sansocket_text {
    sansocket_text { data: text.as_ptr().cast(), len: text.len() }
}
