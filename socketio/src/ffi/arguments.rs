//! What C emits and answers: arguments and attachments.

use core::ffi::c_void;

use ::sansocket_session::ffi::support::Placed;
use sansocket::UsageError;
use sansocket::ffi::support::{Region, check_struct};
use sansocket::ffi::{sansocket_bytes, sansocket_result, sansocket_text};

use super::numbers::sansocket_argument_type;
use super::place::Standing;
use crate::json::{Value, ValueKind};
use crate::{EventWriter, PacketError};

/// An argument of an event or of an answer. `SANSOCKET_TEXT_ARGUMENT` and its like initialise one.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct sansocket_argument {
    /// What it is.
    pub r#type: sansocket_argument_type,
    /// 0.
    pub reserved: u32,
    /// A number.
    pub integer: i64,
    /// A string, or JSON.
    pub text: sansocket_text,
}

/// What is emitted, or answered. Begin with all of it zero. What it points to is needed only during the call.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct sansocket_emit {
    /// `sansocket_socketio_emit`: the namespace.
    pub namespace_id: u32,
    /// `sansocket_socketio_emit`: within how many milliseconds the server is to answer, the wait for a connection counted; 0 if no answer is
    /// wanted.
    pub ack_within_ms: u32,
    /// `sansocket_socketio_emit`: 1 if it is worth nothing later, such as a position: it is dropped if the namespace is not joined.
    pub is_volatile: u8,
    /// 0.
    pub reserved: [u8; 7],
    /// `sansocket_socketio_emit`: the event's name.
    pub name: sansocket_text,
    /// Its arguments.
    pub arguments: *const sansocket_argument,
    /// How many.
    pub argument_count: usize,
    /// Bytes that are sent after it, each as a binary message, all or none. Nothing is written to them.
    pub attachments: *const sansocket_bytes,
    /// How many, at most `SANSOCKET_SOCKETIO_MAX_ATTACHMENTS`.
    pub attachment_count: usize,
}

/// The most attachments of what is emitted or answered.
pub const SANSOCKET_SOCKETIO_MAX_ATTACHMENTS: usize = 10;

const _: () = assert!(SANSOCKET_SOCKETIO_MAX_ATTACHMENTS == crate::client::MAX_ATTACHMENTS);

/// What a call reads: it lies apart from all that is written.
#[derive(Clone, Copy)]
pub(super) struct Reader<'s> {
    pub(super) io: &'s Standing,
    pub(super) placed: &'s Placed,
}

impl Reader<'_> {
    /// # Safety
    /// They are the caller's for the call.
    pub(super) unsafe fn bytes<'a>(&self, data: *const c_void, len: usize) -> Result<&'a [u8], sansocket_result> {
        self.io.check_apart(Region::new(data.cast(), len)?)?;
        // SAFETY: what our caller promises.
        unsafe { self.placed.lent(data, len) }
    }

    /// # Safety
    /// It is the caller's for the call.
    pub(super) unsafe fn text<'a>(&self, text: sansocket_text) -> Result<&'a str, sansocket_result> {
        // SAFETY: what our caller promises.
        let bytes = unsafe { self.bytes(text.data.cast(), text.len) }?;
        core::str::from_utf8(bytes).map_err(|_| UsageError::InvalidUtf8.into())
    }

    /// What C emits, checked.
    ///
    /// # Safety
    /// NULL, or the caller's for the call, as is all that it points to.
    pub(super) unsafe fn emit<'a>(&self, emit: *const sansocket_emit) -> Result<Outgoing<'a>, sansocket_result> {
        check_struct(emit)?;
        // SAFETY: not NULL, aligned, and the caller's for the call.
        let emit = unsafe { &*emit };
        let mut room = [&[][..]; SANSOCKET_SOCKETIO_MAX_ATTACHMENTS];
        // SAFETY: what our caller promises.
        unsafe {
            let arguments = self.list(emit.arguments, emit.argument_count)?;
            arguments.iter().try_for_each(|argument| self.check(argument))?;
            let attachments = self.list(emit.attachments, emit.attachment_count)?;
            if attachments.len() > room.len() {
                return Err(PacketError::TooManyAttachments.into());
            }
            for (to, from) in room.iter_mut().zip(attachments) {
                *to = self.bytes(from.data.cast(), from.len)?;
            }
            Ok(Outgoing { emit, arguments, room })
        }
    }

    /// An array of the caller's.
    ///
    /// # Safety
    /// It is the caller's for the call.
    unsafe fn list<'a, T>(&self, first: *const T, count: usize) -> Result<&'a [T], sansocket_result> {
        if count == 0 {
            return Ok(&[]);
        }
        check_struct(first)?;
        let len = count.checked_mul(size_of::<T>()).ok_or(sansocket_result::LENGTH_TOO_LARGE)?;
        // SAFETY: not NULL, aligned, at most `isize::MAX` bytes, which `bytes` checks, and the caller's for the call.
        unsafe {
            self.bytes(first.cast(), len)?;
            Ok(core::slice::from_raw_parts(first, count))
        }
    }

    /// # Safety
    /// What it points to is the caller's for the call.
    unsafe fn check(&self, argument: &sansocket_argument) -> Result<(), sansocket_result> {
        use sansocket_argument_type as T;
        match argument.r#type {
            // SAFETY: what our caller promises.
            T::TEXT | T::JSON => unsafe { self.text(argument.text) }.map(drop),
            T::ITEMS => {
                // SAFETY: what our caller promises.
                let list = Value::parse(unsafe { self.text(argument.text) }?)?;
                if list.kind() == ValueKind::Array { Ok(()) } else { Err(PacketError::WrongPayload.into()) }
            }
            T::INTEGER | T::ATTACHMENT => Ok(()),
            _ => Err(sansocket_result::INVALID_ARGUMENT),
        }
    }
}

/// What C emits: checked, and its attachments as slices.
pub(super) struct Outgoing<'a> {
    pub(super) emit: &'a sansocket_emit,
    arguments: &'a [sansocket_argument],
    room: [&'a [u8]; SANSOCKET_SOCKETIO_MAX_ATTACHMENTS],
}

impl<'a> Outgoing<'a> {
    pub(super) fn attachments(&self) -> &[&'a [u8]] {
        self.room.get(..self.emit.attachment_count).unwrap_or_default()
    }

    /// Writes the arguments.
    pub(super) fn write<'o>(&self, writer: EventWriter<'o>) -> EventWriter<'o> {
        self.arguments.iter().fold(writer, write)
    }
}

/// Writes an argument that was checked.
fn write<'o>(writer: EventWriter<'o>, argument: &sansocket_argument) -> EventWriter<'o> {
    use sansocket_argument_type as T;
    let text = || {
        // SAFETY: `Reader::check` has found it to be good, and it is the caller's for the call.
        let bytes = Region::new(argument.text.data.cast(), argument.text.len).map(|text| unsafe { text.bytes() });
        core::str::from_utf8(bytes.unwrap_or_default()).unwrap_or_default()
    };
    match argument.r#type {
        T::TEXT => writer.text(text()),
        T::INTEGER => writer.number(argument.integer),
        T::JSON => writer.json(text()),
        T::ITEMS => match Value::parse(text()) {
            Ok(list) => list.items().fold(writer, |writer, item| writer.json(item.as_json())),
            Err(_) => writer,
        },
        _ => writer.attachment(),
    }
}
