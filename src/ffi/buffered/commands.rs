//! What a program sends on a connection with its buffers: the verbs, which append to the output that belongs to it.

use super::attach::{attached, sansocket_buffered, sansocket_bytes};
#[cfg(feature = "deflate")]
use super::codec::Outgoing;
#[cfg(feature = "deflate")]
use crate::CompressedMessage;
#[cfg(feature = "deflate")]
use crate::ffi::codec::window_bits_of;
use crate::ffi::handshake::{
    NO_HEADERS, NO_ORIGINS, accept, client_request, headers, sansocket_acceptance, sansocket_client_request,
};
use crate::ffi::memory::{Lender, check_struct, closed_to_others, write};
use crate::ffi::numbers::{Refusal, done, sansocket_kind, sansocket_result};
use crate::ffi::setup::Source;
use crate::ffi::text::sansocket_header;
use crate::{Accept, CallError, CloseCode, Commands, Instant, Request, UsageError};
use core::ffi::{c_char, c_void};

type Verbs<'a> = Commands<'a, 'static, Source>;

/// `sansocket_request`, into the output of the connection: a client's first call. What `request` points to is needed only during
/// the call.
///
/// All functions of this kind append all of their bytes to the output, or they do nothing and return `SANSOCKET_NEEDS_ROOM`:
/// `sansocket_buffered_get_room` says when there is room again. For what the output could not hold even if it were empty, they
/// return `SANSOCKET_USAGE_BUFFER_TOO_SHORT`. What they read must not overlap the output. They return what
/// those do whose names they have.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_buffered_request(
    buffered: *mut sansocket_buffered,
    now_ms: u64,
    request: *const sansocket_client_request,
) -> sansocket_result {
    // SAFETY: the caller keeps to what stands at the top of the header, and lends what the request points to.
    unsafe {
        verb(buffered, now_ms, |commands, lender| {
            let mut room = NO_HEADERS;
            Ok(commands.request(&client_request(lender, request, &mut room)?)?)
        })
    }
}

/// `sansocket_accept`, into the output of the connection. `head` is that of the event, where it lies or a copy of it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_buffered_accept(
    buffered: *mut sansocket_buffered,
    now_ms: u64,
    head: *const u8,
    head_len: usize,
    acceptance: *const sansocket_acceptance,
) -> sansocket_result {
    // SAFETY: the caller keeps to what stands at the top of the header, and lends head and what the acceptance points to.
    unsafe {
        answer(buffered, now_ms, (head, head_len), acceptance, |commands, request, accept| commands.accept(request, accept))
    }
}

/// `sansocket_accept_or_refuse`, into the output of the connection. `head` is that of the event, where it lies or a copy of it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_buffered_accept_or_refuse(
    buffered: *mut sansocket_buffered,
    now_ms: u64,
    head: *const u8,
    head_len: usize,
    acceptance: *const sansocket_acceptance,
) -> sansocket_result {
    // SAFETY: the caller keeps to what stands at the top of the header, and lends head and what the acceptance points to.
    unsafe {
        answer(buffered, now_ms, (head, head_len), acceptance, |commands, request, accept| {
            commands.accept_or_refuse(request, accept)
        })
    }
}

/// `sansocket_respond`, into the output of the connection, which has to hold the whole response.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_buffered_respond(
    buffered: *mut sansocket_buffered,
    now_ms: u64,
    status: u16,
    headers: *const sansocket_header,
    header_count: usize,
    body: *const c_void,
    body_len: usize,
) -> sansocket_result {
    // SAFETY: the caller keeps to what stands at the top of the header, and lends headers and body.
    unsafe {
        verb(buffered, now_ms, |commands, lender| {
            let mut room = NO_HEADERS;
            let headers = self::headers(lender, headers, header_count, &mut room)?;
            Ok(commands.respond(status, headers, lender.bytes(body, body_len)?)?)
        })
    }
}

/// Sends a whole message, as one frame: compressed if that was agreed on and there is a compressor
/// (`sansocket_buffered_set_compressor`). For what is longer than the output there is `sansocket_buffered_send_part`. `payload` may
/// lie in the input, as that of an event does.
///
/// Returns what `sansocket_send` does, or `SANSOCKET_USAGE_MESSAGE_UNFINISHED` inside a message that is sent in parts.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_buffered_send(
    buffered: *mut sansocket_buffered,
    now_ms: u64,
    kind: sansocket_kind,
    payload: *const c_void,
    len: usize,
) -> sansocket_result {
    // SAFETY: the caller keeps to what stands at the top of the header, and lends the payload.
    unsafe { send(buffered, now_ms, kind, (payload, len), false) }
}

/// `sansocket_buffered_send`, but never compressed: for messages with a secret beside text that a stranger may choose (CRIME, BREACH;
/// RFC 7692 §8), and for what is compressed already.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_buffered_send_plain(
    buffered: *mut sansocket_buffered,
    now_ms: u64,
    kind: sansocket_kind,
    payload: *const c_void,
    len: usize,
) -> sansocket_result {
    // SAFETY: the caller keeps to what stands at the top of the header, and lends the payload.
    unsafe { send(buffered, now_ms, kind, (payload, len), true) }
}

/// Sends a part of a message, as a fragment (§5.4), as far as there is room, and writes to `taken` how many bytes of `payload`
/// that is: call it again, with the rest, once the transport has taken some of what is due. `offset` is how many bytes of the
/// message went before: 0 begins one, as in an event. `fin` that is not 0 ends the message, once all of `payload` is taken. On a
/// connection that is already closing it takes everything, which goes nowhere. An empty message is one call with a `len` of 0. No
/// deadline comes for the rest: call it after each `sansocket_buffered_written`. All parts of a message are compressed, or none, as with
/// `sansocket_buffered_send`; the compressor may hold back what it took until the message ends, and the calls with the rest say `fin`
/// too, once one has.
///
/// Returns what `sansocket_send` does, with `SANSOCKET_NEEDS_ROOM` if nothing can be taken;
/// `SANSOCKET_USAGE_MESSAGE_UNFINISHED` if a message begins inside another, `_NO_MESSAGE_UNFINISHED` if there is none to
/// continue; `SANSOCKET_USAGE_NO_DEFLATE` if the compressor was taken away inside the message. `taken` is written with `SANSOCKET_OK`
/// only.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_buffered_send_part(
    buffered: *mut sansocket_buffered,
    now_ms: u64,
    kind: sansocket_kind,
    offset: u64,
    payload: *const c_void,
    len: usize,
    fin: u8,
    taken: *mut usize,
) -> sansocket_result {
    // SAFETY: the caller keeps to what stands at the top of the header, and lends payload and count.
    unsafe { send_part(buffered, now_ms, &Part { kind, offset, payload, len, fin }, taken, false) }
}

/// `sansocket_buffered_send_part`, but never compressed. A message that began so goes on so, otherwise the result is
/// `SANSOCKET_USAGE_WRONG_MESSAGE_KIND`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_buffered_send_part_plain(
    buffered: *mut sansocket_buffered,
    now_ms: u64,
    kind: sansocket_kind,
    offset: u64,
    payload: *const c_void,
    len: usize,
    fin: u8,
    taken: *mut usize,
) -> sansocket_result {
    // SAFETY: the caller keeps to what stands at the top of the header, and lends payload and count.
    unsafe { send_part(buffered, now_ms, &Part { kind, offset, payload, len, fin }, taken, true) }
}

/// Writes to the transport, for `sansocket_buffered_send_part_by`: what is due, then the payload (`writev`, `sendmsg`). Both are to be read
/// only, and only during the call, in which the connection cannot be used: every call would return `SANSOCKET_NOT_INITIALISED`. Returns
/// how many bytes of both the transport took, in this order; 0 if it takes nothing now, or no more, which the next write shows.
pub type sansocket_write =
    Option<unsafe extern "C" fn(context: *mut c_void, due: sansocket_bytes, payload: sansocket_bytes) -> usize>;

/// `sansocket_buffered_send_part` without a copy of what the transport takes at once: for long payload, a server's. It calls `write`
/// once, with `context`; what the transport does not take is copied to the output, which has to have room for all of it.
///
/// `write` is not called where bytes have to be changed on their way, or go nowhere: for a client, where there is a compressor, and on
/// a connection that is already closing. Then this is `sansocket_buffered_send_part`, whose results it has.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_buffered_send_part_by(
    buffered: *mut sansocket_buffered,
    now_ms: u64,
    kind: sansocket_kind,
    offset: u64,
    payload: *const c_void,
    len: usize,
    fin: u8,
    write: sansocket_write,
    context: *mut c_void,
    taken: *mut usize,
) -> sansocket_result {
    let Some(write) = write else { return sansocket_result::NULL_POINTER };
    let (now, offset_and_end) = (Instant::from_millis(now_ms), (offset, fin != 0));
    // SAFETY: the caller keeps to what stands at the top of the header, and lends payload and count.
    let sent = unsafe { attached(buffered) }.and_then(|attached| {
        check_struct(taken)?;
        // SAFETY: as above.
        let payload = unsafe { Lender::new(attached.output).bytes(payload, len) }?;
        let kind = kind.try_into()?;
        #[cfg(feature = "deflate")]
        if let Some(compressing) = attached.codecs.compressing(false) {
            let message = Outgoing { kind, payload, part: Some(offset_and_end) };
            return (compressing.functions.send)(compressing, &mut attached.layer, now, &message);
        }
        let call = |due: &[u8], payload: &[u8]| {
            let (due, payload) = (sansocket_bytes::read_only(due), sansocket_bytes::read_only(payload));
            // SAFETY: the struct holds a connection, which nobody can reach until the caller's function has returned.
            unsafe { closed_to_others(buffered, || write(context, due, payload)) }
        };
        let (offset, fin) = offset_and_end;
        Ok(attached.layer.commands(now).send_part_by(kind, offset, payload, fin, call)?)
    });
    // SAFETY: if there is something to write, `taken` was checked; it is the caller's to be written.
    unsafe { self::write(taken, sent) }
}

/// Sends a whole message that `sansocket_encode_message` encoded once for many connections of a server's.
///
/// Returns what `sansocket_send_encoded` does, or `SANSOCKET_NEEDS_ROOM`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_buffered_send_encoded(
    buffered: *mut sansocket_buffered,
    now_ms: u64,
    encoded: *const u8,
    len: usize,
) -> sansocket_result {
    // SAFETY: the caller keeps to what stands at the top of the header, and lends the bytes.
    unsafe { verb(buffered, now_ms, |commands, lender| Ok(commands.send_encoded(lender.bytes(encoded.cast(), len)?)?)) }
}

/// Sends a whole message that `sansocket_encode_compressed` compressed once, with this `window_bits`, for many connections of a server's.
///
/// Returns what `sansocket_send_compressed` does, or `SANSOCKET_NEEDS_ROOM`.
#[cfg(feature = "deflate")]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_buffered_send_compressed(
    buffered: *mut sansocket_buffered,
    now_ms: u64,
    encoded: *const u8,
    len: usize,
    window_bits: u32,
) -> sansocket_result {
    // SAFETY: the caller keeps to what stands at the top of the header, and lends the message.
    unsafe {
        verb(buffered, now_ms, |commands, lender| {
            let encoded = lender.bytes(encoded.cast(), len)?;
            Ok(commands.send_compressed(&CompressedMessage::from_parts(encoded, window_bits_of(window_bits)?))?)
        })
    }
}

/// `sansocket_ping`, into the output of the connection.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_buffered_ping(
    buffered: *mut sansocket_buffered,
    now_ms: u64,
    payload: *const c_void,
    len: usize,
) -> sansocket_result {
    // SAFETY: the caller keeps to what stands at the top of the header, and lends the payload.
    unsafe { verb(buffered, now_ms, |commands, lender| Ok(commands.ping(lender.bytes(payload, len)?)?)) }
}

/// `sansocket_pong`, into the output of the connection.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_buffered_pong(
    buffered: *mut sansocket_buffered,
    now_ms: u64,
    payload: *const c_void,
    len: usize,
) -> sansocket_result {
    // SAFETY: the caller keeps to what stands at the top of the header, and lends the payload.
    unsafe { verb(buffered, now_ms, |commands, lender| Ok(commands.pong(lender.bytes(payload, len)?)?)) }
}

/// `sansocket_close`, into the output of the connection. What was sent before still leaves, the peer's messages still come, and
/// the connection ends with `SANSOCKET_EVENT_CLOSED`. Room that is kept for answers to the peer is there for a Close too.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_buffered_close(
    buffered: *mut sansocket_buffered,
    now_ms: u64,
    code: u16,
    reason: *const c_char,
    reason_len: usize,
) -> sansocket_result {
    // SAFETY: the caller keeps to what stands at the top of the header, and lends the reason.
    unsafe {
        verb(buffered, now_ms, |commands, lender| {
            let reason = lender.text(reason, reason_len, UsageError::InvalidUtf8)?;
            Ok(commands.close((code != 0).then_some(CloseCode(code)), reason)?)
        })
    }
}

/// `sansocket_fail`, into the output of the connection.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_buffered_fail(buffered: *mut sansocket_buffered, now_ms: u64, code: u16) -> sansocket_result {
    // SAFETY: the caller keeps to what stands at the top of the header.
    unsafe { verb(buffered, now_ms, |commands, _| Ok(commands.fail(CloseCode(code))?)) }
}

/// # Safety
/// What stands at the top of the header.
unsafe fn send(
    buffered: *mut sansocket_buffered,
    now_ms: u64,
    kind: sansocket_kind,
    (payload, len): (*const c_void, usize),
    is_plain: bool,
) -> sansocket_result {
    // SAFETY: what our caller promises.
    done(unsafe { attached(buffered) }.and_then(|attached| {
        let (now, kind) = (Instant::from_millis(now_ms), kind.try_into()?);
        // SAFETY: as above.
        let payload = unsafe { Lender::new(attached.output).bytes(payload, len) }?;
        #[cfg(feature = "deflate")]
        if let Some(compressing) = attached.codecs.compressing(is_plain) {
            let message = Outgoing { kind, payload, part: None };
            return (compressing.functions.send)(compressing, &mut attached.layer, now, &message).map(drop);
        }
        #[cfg(not(feature = "deflate"))]
        let _ = is_plain;
        Ok(attached.layer.commands(now).send(kind, payload)?)
    }))
}

/// A part of a message, as C says it.
struct Part {
    kind: sansocket_kind,
    offset: u64,
    payload: *const c_void,
    len: usize,
    fin: u8,
}

/// # Safety
/// What stands at the top of the header.
unsafe fn send_part(
    buffered: *mut sansocket_buffered,
    now_ms: u64,
    part: &Part,
    taken: *mut usize,
    is_plain: bool,
) -> sansocket_result {
    // SAFETY: what our caller promises.
    let sent = unsafe { attached(buffered) }.and_then(|attached| {
        check_struct(taken)?;
        // SAFETY: as above.
        let payload = unsafe { Lender::new(attached.output).bytes(part.payload, part.len) }?;
        let (now, kind, fin) = (Instant::from_millis(now_ms), part.kind.try_into()?, part.fin != 0);
        #[cfg(feature = "deflate")]
        if let Some(compressing) = attached.codecs.compressing(is_plain) {
            let message = Outgoing { kind, payload, part: Some((part.offset, fin)) };
            return (compressing.functions.send)(compressing, &mut attached.layer, now, &message);
        }
        let mut commands = attached.layer.commands(now);
        let mut commands = if is_plain { commands.plain() } else { commands };
        Ok(commands.send_part(kind, part.offset, payload, fin)?)
    });
    // SAFETY: if there is something to write, `taken` was checked; it is the caller's to be written.
    unsafe { write(taken, sent) }
}

/// A verb that answers a request by an acceptance.
type Answer = fn(&mut Verbs<'_>, &Request<'_>, &Accept<'_>) -> Result<(), CallError>;

/// # Safety
/// What stands at the top of the header.
unsafe fn answer(
    buffered: *mut sansocket_buffered,
    now_ms: u64,
    (head, head_len): (*const u8, usize),
    acceptance: *const sansocket_acceptance,
    answer: Answer,
) -> sansocket_result {
    // SAFETY: what our caller promises.
    unsafe {
        verb(buffered, now_ms, |commands, lender| {
            check_struct(acceptance)?;
            let head = lender.bytes(head.cast(), head_len)?;
            let request = commands.connection().pending_request(head).ok_or(sansocket_result::NOT_A_HEAD)?;
            let (mut origins, mut room) = (NO_ORIGINS, NO_HEADERS);
            let configured = commands.connection().config().deflate;
            Ok(answer(commands, &request, &accept(lender, acceptance, configured, &mut origins, &mut room)?)?)
        })
    }
}

/// Carries out a verb. What it reads is lent after the output was borrowed, and lies apart from all of it.
///
/// # Safety
/// What stands at the top of the header.
#[inline]
unsafe fn verb<'a>(
    buffered: *mut sansocket_buffered,
    now_ms: u64,
    act: impl FnOnce(&mut Verbs<'_>, Lender<'a>) -> Result<(), Refusal>,
) -> sansocket_result {
    // SAFETY: what our caller promises.
    done(unsafe { attached(buffered) }.and_then(|attached| {
        let lender = Lender::new(attached.output);
        let mut commands = attached.layer.commands(Instant::from_millis(now_ms));
        act(&mut commands, lender).map_err(|refusal| refusal.result)
    }))
}
