//! What a program sends and decides.

use core::ffi::{c_char, c_void};

use sansocket::ffi::support::{Lender, NO_HEADERS, Refusal, check_struct, done, headers};
use sansocket::ffi::{sansocket_header, sansocket_kind, sansocket_result};
use sansocket::{CloseCode, Instant, MessageKind, UsageError};

use super::place::{Placed, placed, sansocket_session};
use crate::{Commands, SendError};
use sansocket::ffi::support::Source;

type Verbs<'a> = Commands<'a, 'static, Source>;

/// Dials, unless the session is started already. After it has stopped this starts it again. Returns `SANSOCKET_OK`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_session_start(session: *mut sansocket_session, now_ms: u64) -> sansocket_result {
    // SAFETY: the caller keeps to what stands at the top of the header.
    done(unsafe { placed(session) }.map(|placed| placed.life.start(Instant::from_millis(now_ms))))
}

/// Sends a message, now or, after those that wait before it, once there is a connection, and writes its number to `number`, unless that is
/// NULL: from 1 on, in the order of the calls, by which events tell what became of it. It may be called before
/// `sansocket_session_start`, and in any handler. `payload` may lie in the input, as that of an event does.
///
/// Returns `SANSOCKET_OK`; `SANSOCKET_SESSION_FULL`, if `SANSOCKET_SESSION_OPTION_OVERFLOW` says so; `SANSOCKET_SESSION_TOO_LONG`,
/// `SANSOCKET_SESSION_STOPPED`, `SANSOCKET_USAGE_INVALID_UTF8`, or `SANSOCKET_INVALID_ARGUMENT` for a kind that does not exist.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_session_send(
    session: *mut sansocket_session,
    now_ms: u64,
    kind: sansocket_kind,
    payload: *const c_void,
    len: usize,
    number: *mut u64,
) -> sansocket_result {
    // SAFETY: the caller keeps to what stands at the top of the header, and lends payload and number.
    unsafe { send(session, now_ms, &Message { kind, payload, len, number }, |verbs, kind, payload| verbs.send(kind, payload)) }
}

/// `sansocket_session_send`, of a message that is worth nothing later, such as a position: it is dropped, and reported, if there is no
/// connection, or if the connection ends while it waits. Returns what that does.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_session_send_volatile(
    session: *mut sansocket_session,
    now_ms: u64,
    kind: sansocket_kind,
    payload: *const c_void,
    len: usize,
    number: *mut u64,
) -> sansocket_result {
    // SAFETY: the caller keeps to what stands at the top of the header, and lends payload and number.
    unsafe {
        send(session, now_ms, &Message { kind, payload, len, number }, |verbs, kind, payload| verbs.send_volatile(kind, payload))
    }
}

/// `sansocket_session_send`, on the connection that is open, before those that wait: a log-in.
///
/// Returns `SANSOCKET_OK`; `SANSOCKET_SESSION_NOT_NOW` if no connection is open, or its output has no room;
/// `SANSOCKET_SESSION_TOO_LONG`, `SANSOCKET_USAGE_INVALID_UTF8`, or `SANSOCKET_INVALID_ARGUMENT` for a kind that does not exist.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_session_send_now(
    session: *mut sansocket_session,
    now_ms: u64,
    kind: sansocket_kind,
    payload: *const c_void,
    len: usize,
    number: *mut u64,
) -> sansocket_result {
    // SAFETY: the caller keeps to what stands at the top of the header, and lends payload and number.
    unsafe {
        send(session, now_ms, &Message { kind, payload, len, number }, |verbs, kind, payload| verbs.send_now(kind, payload))
    }
}

/// Sends a part of a message that is longer than the output, or is not all in memory, on the connection that is open, as far as there is
/// room, and writes to `taken` how many bytes of `payload` that is: call it again, with the rest, once the transport has taken some of what
/// is due. `offset` is how many bytes of the message went before: 0 begins one. `fin` that is not 0 ends the message, once all of `payload`
/// is taken. Its number is the next one, from its first part on (`sansocket_session_get_last_number`). What is sent until its last part
/// waits in the queue. It cannot wait there itself, and if the connection ends before its last part, it is among the unconfirmed ones, and
/// the caller begins a new one.
///
/// Returns `SANSOCKET_OK`; `SANSOCKET_SESSION_NOT_NOW` if no connection is open, messages wait, or the output has no room: again, later;
/// `SANSOCKET_SESSION_INTERRUPTED` for parts but the first, once the connection that had that one is no longer open;
/// `SANSOCKET_USAGE_INVALID_UTF8`, or `SANSOCKET_INVALID_ARGUMENT` for a kind that does not exist. `taken` is written with `SANSOCKET_OK`
/// only.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_session_send_part(
    session: *mut sansocket_session,
    now_ms: u64,
    kind: sansocket_kind,
    offset: u64,
    payload: *const c_void,
    len: usize,
    fin: u8,
    taken: *mut usize,
) -> sansocket_result {
    // SAFETY: the caller keeps to what stands at the top of the header, and lends payload and count.
    unsafe {
        verb(session, now_ms, |placed, now| {
            check_struct(taken)?;
            let (kind, payload) = (kind.try_into()?, placed.lent(payload, len)?);
            let sent = placed.life.commands(now).send_part(kind, offset, payload, fin != 0);
            // Not NULL, aligned, and the caller's to be written.
            taken.write(sent.map_err(sansocket_result::from)?);
            Ok(())
        })
    }
}

/// After `SANSOCKET_SESSION_EVENT_REFUSED`: the transport stays, and what arrives of the body is in `sansocket_session_unread`, until
/// `sansocket_session_discard` makes space for more. `SANSOCKET_SESSION_EVENT_DOWN` comes when the server ends the connection, at the
/// deadline of the opening handshake, or after `sansocket_session_end_body`. Without effect at any other time. Returns `SANSOCKET_OK`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_session_read_body(session: *mut sansocket_session, now_ms: u64) -> sansocket_result {
    // SAFETY: the caller keeps to what stands at the top of the header.
    unsafe {
        verb(session, now_ms, |placed, now| {
            placed.life.commands(now).read_body();
            Ok(())
        })
    }
}

/// Says that the program has enough of the body. Returns `SANSOCKET_OK`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_session_end_body(session: *mut sansocket_session, now_ms: u64) -> sansocket_result {
    // SAFETY: the caller keeps to what stands at the top of the header.
    unsafe {
        verb(session, now_ms, |placed, now| {
            placed.life.commands(now).end_body();
            Ok(())
        })
    }
}

/// Drops the first `n` bytes of the body of a refusal, which makes space for more, after `sansocket_session_read_body`.
///
/// Returns `SANSOCKET_OK`, or `SANSOCKET_INVALID_ARGUMENT` if `n` is more than is unread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_session_discard(session: *mut sansocket_session, n: usize) -> sansocket_result {
    // SAFETY: the caller keeps to what stands at the top of the header.
    done(unsafe { placed(session) }.and_then(|placed| {
        if n > placed.life.unread().len() {
            return Err(sansocket_result::INVALID_ARGUMENT);
        }
        placed.life.discard(n);
        Ok(())
    }))
}

/// Asks for the opening handshake, after `SANSOCKET_SESSION_EVENT_CONNECTED`: with an Origin, unless `origin_len` is 0, and with header
/// fields, at most `SANSOCKET_MAX_LIST`. What they point to is needed only during the call.
///
/// Returns `SANSOCKET_OK`, `SANSOCKET_USAGE_NOT_CONNECTING` at any other time, `SANSOCKET_USAGE_BUFFER_TOO_SHORT`,
/// `SANSOCKET_ENTROPY_FAILED`, `SANSOCKET_USAGE_INVALID_HEADER` (the origin, too), `_RESERVED_HEADER`, `_INVALID_SUBPROTOCOL` (the
/// configuration's) or `SANSOCKET_LIST_TOO_LONG`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_session_request(
    session: *mut sansocket_session,
    now_ms: u64,
    origin: *const c_char,
    origin_len: usize,
    headers: *const sansocket_header,
    header_count: usize,
) -> sansocket_result {
    // SAFETY: the caller keeps to what stands at the top of the header, and lends origin and headers.
    unsafe {
        verb(session, now_ms, |placed, now| {
            let origin = (origin_len > 0).then(|| placed.lent(origin.cast(), origin_len)).transpose()?;
            let origin = origin.map(|origin| core::str::from_utf8(origin).map_err(|_| UsageError::InvalidHeader)).transpose()?;
            let mut room = NO_HEADERS;
            // They lie apart from the memory, and from the output.
            self::headers(Lender::new(placed.memory), headers, header_count, &mut room)?;
            let headers = self::headers(Lender::new(placed.output), headers, header_count, &mut room)?;
            Ok(placed.life.commands(now).request(origin, headers)?)
        })
    }
}

/// Sends a Ping with at most 125 bytes of payload, on the connection that is open. Its Pong shows that what was sent before it has arrived:
/// give each a payload of its own, so that it is known which of them is answered.
///
/// Returns `SANSOCKET_OK`, `SANSOCKET_NEEDS_ROOM`, `SANSOCKET_ENTROPY_FAILED`, `SANSOCKET_USAGE_NOT_OPEN` without a connection, or
/// `SANSOCKET_USAGE_CONTROL_PAYLOAD_TOO_LONG`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_session_ping(
    session: *mut sansocket_session,
    now_ms: u64,
    payload: *const c_void,
    len: usize,
) -> sansocket_result {
    // SAFETY: the caller keeps to what stands at the top of the header, and lends the payload.
    unsafe {
        verb(session, now_ms, |placed, now| {
            let payload = placed.lent(payload, len)?;
            Ok(placed.life.commands(now).ping(payload)?)
        })
    }
}

/// Keeps the queue back until `sansocket_session_release`, or until the connection ends: after `SANSOCKET_SESSION_EVENT_UP`, for a server
/// that wants an answer to its challenge first. What is sent meanwhile waits too, except by `sansocket_session_send_now`. Returns
/// `SANSOCKET_OK`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_session_hold(session: *mut sansocket_session, now_ms: u64) -> sansocket_result {
    // SAFETY: the caller keeps to what stands at the top of the header.
    unsafe {
        verb(session, now_ms, |placed, now| {
            placed.life.commands(now).hold();
            Ok(())
        })
    }
}

/// Lets the queue leave. Returns `SANSOCKET_OK`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_session_release(session: *mut sansocket_session, now_ms: u64) -> sansocket_result {
    // SAFETY: the caller keeps to what stands at the top of the header.
    unsafe {
        verb(session, now_ms, |placed, now| {
            placed.life.commands(now).release();
            Ok(())
        })
    }
}

/// Ends the session: an open connection by a closing handshake, with `code`, or 0 for none, and `reason`, at most 123 bytes of UTF-8;
/// anything else at once. What waits in the queue is dropped, and reported; a program that wants it to leave waits until
/// `sansocket_session_get_queued` is 0. `SANSOCKET_SESSION_EVENT_DOWN` comes last, if there was a connection or a dial.
///
/// Returns `SANSOCKET_OK`, or what `sansocket_close` does; the session goes on then.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_session_close(
    session: *mut sansocket_session,
    now_ms: u64,
    code: u16,
    reason: *const c_char,
    reason_len: usize,
) -> sansocket_result {
    // SAFETY: the caller keeps to what stands at the top of the header, and lends the reason.
    unsafe {
        verb(session, now_ms, |placed, now| {
            let reason = placed.lent(reason.cast(), reason_len)?;
            let reason = core::str::from_utf8(reason).map_err(|_| UsageError::InvalidUtf8)?;
            Ok(placed.life.commands(now).close((code != 0).then_some(CloseCode(code)), reason)?)
        })
    }
}

/// Dials in `ms` milliseconds, whatever the session would do: after `SANSOCKET_SESSION_EVENT_DOWN`, for a cause that is final otherwise or
/// to wait for another time; and while the session waits, with 0, if the program knows that the network is back. Without effect while
/// there is a connection, and after `sansocket_session_close`. Returns `SANSOCKET_OK`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_session_retry_in(session: *mut sansocket_session, now_ms: u64, ms: u64) -> sansocket_result {
    // SAFETY: the caller keeps to what stands at the top of the header.
    unsafe {
        verb(session, now_ms, |placed, now| {
            placed.life.commands(now).retry_in(ms);
            Ok(())
        })
    }
}

/// Does not dial again: after `SANSOCKET_SESSION_EVENT_DOWN`, and while the session waits. `SANSOCKET_SESSION_EVENT_GAVE_UP` follows.
/// Returns `SANSOCKET_OK`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_session_stop(session: *mut sansocket_session, now_ms: u64) -> sansocket_result {
    // SAFETY: the caller keeps to what stands at the top of the header.
    unsafe {
        verb(session, now_ms, |placed, now| {
            placed.life.commands(now).stop();
            Ok(())
        })
    }
}

/// Says that the caller takes no messages for now, on this connection, if it is open, and on those after it: there is no space, and the
/// deadlines that wait for the peer stand still. That connections come and go is told all the same. Returns `SANSOCKET_OK`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_session_pause(session: *mut sansocket_session, now_ms: u64) -> sansocket_result {
    // SAFETY: the caller keeps to what stands at the top of the header.
    done(unsafe { placed(session) }.map(|placed| placed.life.pause(Instant::from_millis(now_ms))))
}

/// Ends a `sansocket_session_pause`. Returns `SANSOCKET_OK`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_session_resume(session: *mut sansocket_session, now_ms: u64) -> sansocket_result {
    // SAFETY: the caller keeps to what stands at the top of the header.
    done(unsafe { placed(session) }.map(|placed| placed.life.resume(Instant::from_millis(now_ms))))
}

/// A message, as C says it.
struct Message {
    kind: sansocket_kind,
    payload: *const c_void,
    len: usize,
    number: *mut u64,
}

/// # Safety
/// What stands at the top of the header.
unsafe fn send(
    session: *mut sansocket_session,
    now_ms: u64,
    message: &Message,
    act: impl FnOnce(&mut Verbs<'_>, MessageKind, &[u8]) -> Result<u64, SendError>,
) -> sansocket_result {
    // SAFETY: what our caller promises.
    unsafe {
        verb(session, now_ms, |placed, now| {
            if !message.number.is_null() {
                check_struct(message.number)?;
            }
            let (kind, payload) = (message.kind.try_into()?, placed.lent(message.payload, message.len)?);
            let number = act(&mut placed.life.commands(now), kind, payload).map_err(sansocket_result::from)?;
            if !message.number.is_null() {
                // Not NULL, aligned, and the caller's to be written.
                message.number.write(number);
            }
            Ok(())
        })
    }
}

/// Carries out a verb.
///
/// # Safety
/// What stands at the top of the header.
unsafe fn verb(
    session: *mut sansocket_session,
    now_ms: u64,
    act: impl FnOnce(&mut Placed, Instant) -> Result<(), Refusal>,
) -> sansocket_result {
    // SAFETY: what our caller promises.
    let placed = unsafe { placed(session) };
    done(placed.and_then(|placed| act(placed, Instant::from_millis(now_ms)).map_err(|refusal| refusal.result)))
}
