//! The verbs of an open connection: each writes one whole frame into the output.

use super::connection::sansocket;
use super::io::{give_bytes, sansocket_io, sansocket_kind, write_bytes};
use super::result::sansocket_result;
use crate::{CloseCode, MessageKind, UsageError, frame};
use core::ffi::{c_char, c_void};

/// Writes a message, or the next fragment of one (§5.4), as one frame: `len` bytes and 2 to 14 more. `kind` is a
/// `sansocket_kind`. `fin` that is not 0 ends the message; without it further calls with the same `kind` continue it. `payload`
/// may lie in the input of an event, not in the output; NULL if `len` is 0. A message that crosses the peer's Close, or comes after
/// ours or a failure, is no mistake: nothing is produced.
///
/// Returns `SANSOCKET_OK`, `SANSOCKET_NEEDS_ROOM`, `SANSOCKET_ENTROPY_FAILED` (a client), `SANSOCKET_USAGE_NOT_OPEN` before the
/// opening handshake is over, `SANSOCKET_USAGE_INVALID_UTF8`, `SANSOCKET_USAGE_WRONG_MESSAGE_KIND`, `SANSOCKET_INVALID_ARGUMENT` for a kind that does not
/// exist, `SANSOCKET_NULL_POINTER`, `SANSOCKET_MISALIGNED`, `SANSOCKET_NOT_INITIALISED`, `SANSOCKET_LENGTH_TOO_LARGE` or
/// `SANSOCKET_OVERLAP`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_send(
    ws: *mut sansocket,
    io: *mut sansocket_io,
    kind: u32,
    payload: *const c_void,
    len: usize,
    fin: u8,
) -> sansocket_result {
    // SAFETY: the caller keeps to what stands at the top of the header, and lends payload and output.
    unsafe {
        give_bytes(ws, io, |endpoint, call, output| {
            Ok(endpoint.send(message_kind(kind)?, call.lent(payload, len)?, fin != 0, output)?)
        })
    }
}

/// Writes the header alone of the frame that `sansocket_send` would write, for a server: the caller writes `payload` itself, directly
/// behind it (`writev`), and whatever is produced later behind that. At most 10 bytes. The payload is read for the check of text only.
///
/// Returns what `sansocket_send` does, or `SANSOCKET_USAGE_WRONG_ROLE` for a client, whose payload has to be masked.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_send_header(
    ws: *mut sansocket,
    io: *mut sansocket_io,
    kind: u32,
    payload: *const c_void,
    len: usize,
    fin: u8,
) -> sansocket_result {
    // SAFETY: the caller keeps to what stands at the top of the header, and lends payload and output.
    unsafe {
        give_bytes(ws, io, |endpoint, call, output| {
            Ok(endpoint.send_header(message_kind(kind)?, call.lent(payload, len)?, fin != 0, output)?)
        })
    }
}

/// `sansocket_send_header` for `payload_len` bytes, below 2^63, that are not in memory (`sendfile`). Binary only: text would have to be
/// checked.
///
/// Returns what `sansocket_send_header` does, or `SANSOCKET_USAGE_PAYLOAD_TOO_LONG`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_send_binary_header(
    ws: *mut sansocket,
    io: *mut sansocket_io,
    payload_len: u64,
    fin: u8,
) -> sansocket_result {
    // SAFETY: the caller keeps to what stands at the top of the header, and lends the output.
    unsafe { give_bytes(ws, io, |endpoint, _, output| Ok(endpoint.send_binary_header(payload_len, fin != 0, output)?)) }
}

/// Encodes a whole message of a server's as one frame, once, to be sent to many: a server's frames are not masked, so they are the
/// same for all. `sansocket_send_encoded` sends it on each. `len` bytes and 2 to 10 more; of `io` only the
/// output is used.
///
/// Returns `SANSOCKET_OK`, `SANSOCKET_NEEDS_ROOM`, `SANSOCKET_USAGE_INVALID_UTF8`, `SANSOCKET_INVALID_ARGUMENT` for a kind that does
/// not exist, `SANSOCKET_NULL_POINTER`, `SANSOCKET_MISALIGNED`, `SANSOCKET_LENGTH_TOO_LARGE` or `SANSOCKET_OVERLAP`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_encode_message(
    io: *mut sansocket_io,
    kind: u32,
    payload: *const c_void,
    len: usize,
) -> sansocket_result {
    // SAFETY: the caller keeps to what stands at the top of the header, and lends payload and output.
    unsafe { write_bytes(io, |call, output| Ok(frame::encode_message(message_kind(kind)?, call.lent(payload, len)?, output)?)) }
}

/// Writes a Ping (§5.5.2) of at most 125 bytes of payload, NULL if `len` is 0. Its Pong arrives as an event.
///
/// Returns what `sansocket_send` does, or `SANSOCKET_USAGE_CONTROL_PAYLOAD_TOO_LONG`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_ping(
    ws: *mut sansocket,
    io: *mut sansocket_io,
    payload: *const c_void,
    len: usize,
) -> sansocket_result {
    // SAFETY: the caller keeps to what stands at the top of the header, and lends payload and output.
    unsafe { give_bytes(ws, io, |endpoint, call, output| Ok(endpoint.ping(call.lent(payload, len)?, output)?)) }
}

/// Writes a Pong (§5.5.3), for those who answer Pings themselves (`SANSOCKET_AUTO_PONG` is 0) or send them unasked. It is allowed
/// until the peer's Close was received.
///
/// Returns what `sansocket_ping` does.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_pong(
    ws: *mut sansocket,
    io: *mut sansocket_io,
    payload: *const c_void,
    len: usize,
) -> sansocket_result {
    // SAFETY: the caller keeps to what stands at the top of the header, and lends payload and output.
    unsafe { give_bytes(ws, io, |endpoint, call, output| Ok(endpoint.pong(call.lent(payload, len)?, output)?)) }
}

/// The close codes that have a name (§7.4.1 and the registry). 3000 to 4999 are the applications' own.
#[repr(u32)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum sansocket_close_code {
    /// The purpose of the connection is fulfilled.
    SANSOCKET_CLOSE_NORMAL_CLOSURE = 1000,
    /// A server goes down, a page is left.
    SANSOCKET_CLOSE_GOING_AWAY = 1001,
    /// The peer broke the protocol.
    SANSOCKET_CLOSE_PROTOCOL_ERROR = 1002,
    /// A kind of data that this endpoint does not take.
    SANSOCKET_CLOSE_UNSUPPORTED_DATA = 1003,
    /// The peer's Close carried no code. Never in a frame.
    SANSOCKET_CLOSE_NO_STATUS_RECEIVED = 1005,
    /// The connection ended without a Close from the peer. Never in a frame.
    SANSOCKET_CLOSE_ABNORMAL_CLOSURE = 1006,
    /// Data that does not fit the type of the message, such as text that is not UTF-8.
    SANSOCKET_CLOSE_INVALID_PAYLOAD_DATA = 1007,
    /// A policy of this endpoint was violated.
    SANSOCKET_CLOSE_POLICY_VIOLATION = 1008,
    /// A message is too big.
    SANSOCKET_CLOSE_MESSAGE_TOO_BIG = 1009,
    /// A client misses an extension in the server's handshake. For clients only.
    SANSOCKET_CLOSE_MANDATORY_EXTENSION = 1010,
    /// Something unexpected happened in the endpoint itself.
    SANSOCKET_CLOSE_INTERNAL_ERROR = 1011,
    /// The service restarts.
    SANSOCKET_CLOSE_SERVICE_RESTART = 1012,
    /// Try again later.
    SANSOCKET_CLOSE_TRY_AGAIN_LATER = 1013,
    /// A gateway got a bad answer.
    SANSOCKET_CLOSE_BAD_GATEWAY = 1014,
}

/// Returns 1 if the code may stand in a Close frame, ours or the peer's (1000 to 1003, 1007 to 1014 and 3000 to 4999), else 0.
#[unsafe(no_mangle)]
pub extern "C" fn sansocket_close_code_is_allowed(code: u32) -> u8 {
    close_code(code).is_ok_and(CloseCode::is_allowed_in_frame).into()
}

/// Writes our Close (§7.1.2): with a `code` and a `reason` of at most 123 bytes of UTF-8, or with neither: `code` is 0 then. The
/// peer's messages go on arriving until its own Close. `reason` may be NULL if `reason_len` is 0. Again, or after the peer's Close or a
/// failure, nothing is produced. After a refused handshake it ends the connection at once, without the rest of the response.
///
/// Returns `SANSOCKET_OK`, `SANSOCKET_NEEDS_ROOM`, `SANSOCKET_ENTROPY_FAILED` (a client), `SANSOCKET_USAGE_NOT_OPEN` before the opening
/// handshake is over,
/// `SANSOCKET_USAGE_INVALID_CLOSE_CODE`, `SANSOCKET_USAGE_INVALID_CLOSE_REASON`, `SANSOCKET_USAGE_INVALID_UTF8`,
/// `SANSOCKET_INVALID_ARGUMENT` for a code above 65535, or the results for pointers and lengths that `sansocket_send` has.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_close(
    ws: *mut sansocket,
    io: *mut sansocket_io,
    code: u32,
    reason: *const c_char,
    reason_len: usize,
) -> sansocket_result {
    // SAFETY: the caller keeps to what stands at the top of the header, and lends reason and output.
    unsafe {
        give_bytes(ws, io, |endpoint, call, output| {
            let code = close_code(code)?;
            let reason = call.text(reason, reason_len, UsageError::InvalidUtf8)?;
            Ok(endpoint.close((code.0 != 0).then_some(code), reason, call.now, output)?)
        })
    }
}

/// Fails the connection for a reason of the caller's (§7.1.7): writes a Close with `code` if none went out yet, and takes nothing
/// more from the peer. It works in every stage; once nothing more comes anyway it does nothing.
///
/// Returns `SANSOCKET_OK`, `SANSOCKET_NEEDS_ROOM`, `SANSOCKET_ENTROPY_FAILED` (a client), `SANSOCKET_USAGE_INVALID_CLOSE_CODE`,
/// `SANSOCKET_INVALID_ARGUMENT` for a code above 65535, or the results for pointers and lengths that `sansocket_send` has.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_fail(ws: *mut sansocket, io: *mut sansocket_io, code: u32) -> sansocket_result {
    // SAFETY: the caller keeps to what stands at the top of the header, and lends the output.
    unsafe { give_bytes(ws, io, |endpoint, call, output| Ok(endpoint.fail(close_code(code)?, call.now, output)?)) }
}

#[inline]
pub(super) fn message_kind(kind: u32) -> Result<MessageKind, sansocket_result> {
    match kind {
        _ if kind == sansocket_kind::SANSOCKET_TEXT as u32 => Ok(MessageKind::Text),
        _ if kind == sansocket_kind::SANSOCKET_BINARY as u32 => Ok(MessageKind::Binary),
        _ => Err(sansocket_result::SANSOCKET_INVALID_ARGUMENT),
    }
}

fn close_code(code: u32) -> Result<CloseCode, sansocket_result> {
    u16::try_from(code).map(CloseCode).map_err(|_| sansocket_result::SANSOCKET_INVALID_ARGUMENT)
}
