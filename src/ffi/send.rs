//! The verbs of an open connection: each writes one whole frame into the output.

use super::call::{send, verb};
use super::connection::sansocket;
use super::io::{give_bytes, sansocket_io};
use super::numbers::{sansocket_kind, sansocket_result};
use crate::{CloseCode, UsageError, frame};
use core::ffi::{c_char, c_void};

/// Writes a message, or the next fragment of one (§5.4), as one frame: `len` bytes and 2 to 14 more. `fin` that is not 0 ends the
/// message; without it, further calls with the same `kind` continue it. `payload` may lie in the input, as that of an event does,
/// or in the part of the output that is due. A message that crosses the peer's Close, or comes after ours or a failure, is no
/// mistake: nothing is written.
///
/// Returns `SANSOCKET_OK`, `SANSOCKET_NEEDS_ROOM`, `SANSOCKET_ENTROPY_FAILED` (a client), `SANSOCKET_USAGE_NOT_OPEN` before the
/// opening handshake is over, `SANSOCKET_USAGE_INVALID_UTF8`, `SANSOCKET_USAGE_WRONG_MESSAGE_KIND`, or
/// `SANSOCKET_INVALID_ARGUMENT` for a kind that does not exist.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_send(
    ws: *mut sansocket,
    io: *mut sansocket_io,
    kind: sansocket_kind,
    payload: *const c_void,
    len: usize,
    fin: u8,
) -> sansocket_result {
    // SAFETY: the caller keeps to what stands at the top of the header, and lends payload and output.
    unsafe { send(ws, io, |call| Ok((kind.try_into()?, call.lent(payload, len)?, fin != 0))) }
}

/// Writes the header alone of the frame that `sansocket_send` would write, at most 14 bytes: the caller writes `payload` itself,
/// directly after what is in the output (`writev`), and whatever calls write later after that. A client masks it on the way: each
/// byte is XORed with the last four bytes of the header in turn. The payload is read for the check of text only.
///
/// Returns what `sansocket_send` does.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_send_header(
    ws: *mut sansocket,
    io: *mut sansocket_io,
    kind: sansocket_kind,
    payload: *const c_void,
    len: usize,
    fin: u8,
) -> sansocket_result {
    // SAFETY: the caller keeps to what stands at the top of the header, and lends payload and output.
    unsafe {
        verb(ws, io, |endpoint, call, output| {
            Ok(endpoint.send_header(kind.try_into()?, call.lent(payload, len)?, fin != 0, output)?)
        })
    }
}

/// `sansocket_send_header` for `payload_len` bytes, below 2^63, that are not in memory (`sendfile`). Binary only: text would have
/// to be checked.
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
    unsafe { verb(ws, io, |endpoint, _, output| Ok(endpoint.send_binary_header(payload_len, fin != 0, output)?)) }
}

/// Encodes a whole message of a server's as one frame, once, to be sent to many: a server's frames are not masked, so they are
/// the same for all. `sansocket_send_encoded` sends it on each. `len` bytes and 2 to 10 more, in the output of an `io` of its
/// own; of that only the output is used.
///
/// Returns `SANSOCKET_OK`, `SANSOCKET_NEEDS_ROOM`, `SANSOCKET_USAGE_INVALID_UTF8`, or `SANSOCKET_INVALID_ARGUMENT` for a kind
/// that does not exist.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_encode_message(
    io: *mut sansocket_io,
    kind: sansocket_kind,
    payload: *const c_void,
    len: usize,
) -> sansocket_result {
    // SAFETY: the caller keeps to what stands at the top of the header, and lends payload and output.
    unsafe { give_bytes(io, |call, output| Ok(frame::encode_message(kind.try_into()?, call.lent(payload, len)?, output)?)) }
}

/// Writes a Ping (§5.5.2) of at most 125 bytes of payload. Its Pong arrives as an event.
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
    unsafe { verb(ws, io, |endpoint, call, output| Ok(endpoint.ping(call.lent(payload, len)?, output)?)) }
}

/// Writes a Pong (§5.5.3), for those who answer Pings themselves (`SANSOCKET_OPTION_AUTO_PONG` is 0) or send them unasked. It is
/// allowed until the peer's Close was received.
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
    unsafe { verb(ws, io, |endpoint, call, output| Ok(endpoint.pong(call.lent(payload, len)?, output)?)) }
}

/// Writes our Close (§7.1.2): with a `code` and a `reason` of at most 123 bytes of UTF-8, or with neither: `code` is 0 then. The
/// peer's messages go on arriving, and its Pings are answered, until its own Close. Again, or after the peer's Close or a
/// failure, nothing is written. After a refused handshake it ends the connection at once, without the rest of the response.
///
/// Returns `SANSOCKET_OK`, `SANSOCKET_NEEDS_ROOM`, `SANSOCKET_ENTROPY_FAILED` (a client), `SANSOCKET_USAGE_NOT_OPEN` before the
/// opening handshake is over, `SANSOCKET_USAGE_INVALID_CLOSE_CODE`, `SANSOCKET_USAGE_INVALID_CLOSE_REASON` or
/// `SANSOCKET_USAGE_INVALID_UTF8`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_close(
    ws: *mut sansocket,
    io: *mut sansocket_io,
    code: u16,
    reason: *const c_char,
    reason_len: usize,
) -> sansocket_result {
    // SAFETY: the caller keeps to what stands at the top of the header, and lends reason and output.
    unsafe {
        verb(ws, io, |endpoint, call, output| {
            let reason = call.lender().text(reason, reason_len, UsageError::InvalidUtf8)?;
            Ok(endpoint.close((code != 0).then_some(CloseCode(code)), reason, call.now, output)?)
        })
    }
}

/// Fails the connection for a reason of the caller's (§7.1.7): writes a Close with `code` if none went out yet, and takes nothing
/// more from the peer. Before the opening handshake is over there is no Close to write: the connection ends by `transport` alone.
/// Once nothing more comes anyway it does nothing.
///
/// Returns `SANSOCKET_OK`, `SANSOCKET_NEEDS_ROOM`, `SANSOCKET_ENTROPY_FAILED` (a client) or `SANSOCKET_USAGE_INVALID_CLOSE_CODE`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_fail(ws: *mut sansocket, io: *mut sansocket_io, code: u16) -> sansocket_result {
    // SAFETY: the caller keeps to what stands at the top of the header, and lends the output.
    unsafe { verb(ws, io, |endpoint, call, output| Ok(endpoint.fail(CloseCode(code), call.now, output)?)) }
}
