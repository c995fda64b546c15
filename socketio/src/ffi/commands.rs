//! What a program sends and decides.

use core::ffi::c_char;

use ::sansocket_session::ffi::sansocket_session;
use sansocket::Instant;
use sansocket::ffi::support::{check_struct, done, write};
use sansocket::ffi::{SANSOCKET_NEVER, sansocket_result, sansocket_text};

use super::arguments::{Reader, sansocket_emit};
use super::event::sansocket_asker;
use super::place::{sansocket_socketio, standing};
use crate::client::{AckId, Asker, Emit, NamespaceId};

/// What was emitted.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct sansocket_sent {
    /// The session's number of it, which `SANSOCKET_SESSION_EVENT_DROPPED` and `DOWN` name.
    pub number: u64,
    /// If an answer is wanted, what `SANSOCKET_SOCKETIO_EVENT_ACK` or `_ACK_FAILED` has as its `ack`, from 0 on; else `SANSOCKET_NEVER`.
    pub ack: u64,
}

/// Wants into a namespace, `/` or a slash and a name: now, if there is a connection, and at each connection to come; and writes its id to
/// `namespace_id`, the same when that name is connected again. Then start the session, unless it is.
///
/// Returns `SANSOCKET_OK`, `SANSOCKET_SOCKETIO_INVALID_NAME`, `_NAME_TOO_LONG`, `_NO_NAMESPACE_SLOT`, `_LEAVING`, or
/// `SANSOCKET_USAGE_INVALID_UTF8`. Nothing is written unless it is `SANSOCKET_OK`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_socketio_connect(
    io: *mut sansocket_socketio,
    session: *mut sansocket_session,
    now_ms: u64,
    name: *const c_char,
    name_len: usize,
    namespace_id: *mut u32,
) -> sansocket_result {
    let connect = || {
        check_struct(namespace_id)?;
        // SAFETY: the caller keeps to what stands at the top of the header, and lends the name.
        unsafe {
            let (io, placed) = standing(io, session)?;
            let name = Reader { io, placed }.text(sansocket_text { data: name, len: name_len })?;
            let connected = io.life.connect(&mut placed.life.commands(Instant::from_millis(now_ms)), name);
            connected.map(NamespaceId::number).map_err(sansocket_result::from)
        }
    };
    // SAFETY: `namespace_id` was checked; the caller's to be written.
    unsafe { write(namespace_id, connect()) }
}

/// In the handler of `SANSOCKET_SOCKETIO_EVENT_JOINING`: asks for the namespace with `auth`, credentials in a JSON object. If the output has
/// no room for it now, that event comes again.
///
/// Returns `SANSOCKET_OK`, `SANSOCKET_SOCKETIO_NOT_CONNECTED` at any other time, or `SANSOCKET_USAGE_INVALID_UTF8`;
/// `SANSOCKET_SOCKETIO_TOO_LONG`, or `SANSOCKET_SOCKETIO_PACKET_...` for what is no JSON object, after which the namespace is off.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_socketio_authenticate(
    io: *mut sansocket_socketio,
    session: *mut sansocket_session,
    now_ms: u64,
    namespace_id: u32,
    auth: *const c_char,
    auth_len: usize,
) -> sansocket_result {
    let authenticate = || {
        // SAFETY: the caller keeps to what stands at the top of the header, and lends the object.
        unsafe {
            let (io, placed) = standing(io, session)?;
            let auth = Reader { io, placed }.text(sansocket_text { data: auth, len: auth_len })?;
            let ws = &mut placed.life.commands(Instant::from_millis(now_ms));
            Ok(io.life.authenticate(ws, NamespaceId::from_number(namespace_id), auth)?)
        }
    };
    done(authenticate())
}

/// Leaves a namespace, after what waits for it. `SANSOCKET_SOCKETIO_EVENT_DISCONNECTED` follows if it is joined; if it is not, what waits is
/// dropped. With the last namespace the session is closed, and has to be started again after the next `sansocket_socketio_connect`. Without
/// effect on a namespace that does not exist. Returns `SANSOCKET_OK`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_socketio_disconnect(
    io: *mut sansocket_socketio,
    session: *mut sansocket_session,
    now_ms: u64,
    namespace_id: u32,
) -> sansocket_result {
    // SAFETY: the caller keeps to what stands at the top of the header.
    done(unsafe { standing(io, session) }.map(|(io, placed)| {
        let ws = &mut placed.life.commands(Instant::from_millis(now_ms));
        io.life.disconnect(ws, NamespaceId::from_number(namespace_id));
    }))
}

/// Emits an event, now or once its namespace is joined, and writes to `sent` by what it is known, unless that is NULL. What `emit` points to
/// may lie in the session's input, as what an event shows does.
///
/// Returns `SANSOCKET_OK`; `SANSOCKET_SOCKETIO_NOT_CONNECTED`, `_NO_ACK_SLOT`, `_TOO_LONG`; `SANSOCKET_SOCKETIO_PACKET_...` for arguments or a
/// name that no server would take; what `sansocket_session_send` does; or `SANSOCKET_INVALID_ARGUMENT` for an argument of a type that
/// does not exist.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_socketio_emit(
    io: *mut sansocket_socketio,
    session: *mut sansocket_session,
    now_ms: u64,
    emit: *const sansocket_emit,
    sent: *mut sansocket_sent,
) -> sansocket_result {
    let send = || {
        if !sent.is_null() {
            check_struct(sent)?;
        }
        // SAFETY: the caller keeps to what stands at the top of the header, and lends what is emitted.
        unsafe {
            let (io, placed) = standing(io, session)?;
            let reader = Reader { io, placed };
            let outgoing = reader.emit(emit)?;
            let name = reader.text(outgoing.emit.name)?;
            let mut emit = Emit::new(NamespaceId::from_number(outgoing.emit.namespace_id), name);
            emit.attachments = outgoing.attachments();
            emit.ack_within_ms = Some(outgoing.emit.ack_within_ms).filter(|&ms| ms != 0);
            emit.is_volatile = outgoing.emit.is_volatile != 0;
            let ws = &mut placed.life.commands(Instant::from_millis(now_ms));
            let done = io.life.emit_with(ws, &emit, |writer| outgoing.write(writer))?;
            if !sent.is_null() {
                // Not NULL, aligned, and the caller's to be written.
                sent.write(sansocket_sent { number: done.number, ack: done.ack.map_or(SANSOCKET_NEVER, AckId::number) });
            }
        }
        Ok(())
    };
    done(send())
}

/// Answers the event of the server's that `asker` names, once, with the arguments and attachments of `answer`, whose other fields are not
/// read. It need not be done in the event's handler, but while its connection lasts.
///
/// Returns `SANSOCKET_OK`, `SANSOCKET_SOCKETIO_STALE`, or what `sansocket_socketio_emit` does.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_socketio_ack(
    io: *mut sansocket_socketio,
    session: *mut sansocket_session,
    now_ms: u64,
    asker: *const sansocket_asker,
    answer: *const sansocket_emit,
) -> sansocket_result {
    let ack = || {
        check_struct(asker)?;
        // SAFETY: the caller keeps to what stands at the top of the header, and lends what is answered.
        unsafe {
            let sansocket_asker { id, namespace_id, connection } = *asker;
            let asker = Asker { namespace: NamespaceId::from_number(namespace_id), id, connection };
            let (io, placed) = standing(io, session)?;
            let outgoing = Reader { io, placed }.emit(answer)?;
            let ws = &mut placed.life.commands(Instant::from_millis(now_ms));
            Ok(io.life.ack_with(ws, asker, outgoing.attachments(), |writer| outgoing.write(writer))?)
        }
    };
    done(ack())
}
