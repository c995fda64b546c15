//! The verbs of an open connection: each writes one whole frame into the output.

use super::connection::sansocket;
use super::io::{give_octets, sansocket_io, sansocket_kind};
use super::result::sansocket_result;
use crate::{CloseCode, MessageKind, UsageError};
use core::ffi::{c_char, c_void};

/// Writes a message, or the next fragment of one (§5.4), as one frame: `len` octets and 2 to 14 more. `kind` is a
/// `sansocket_kind`. `fin` that is not 0 ends the message; without it further calls with the same `kind` continue it. `payload`
/// may lie in the input of an event, not in the output; NULL if `len` is 0.
///
/// Returns `SANSOCKET_OK`, `SANSOCKET_NEEDS_ROOM`, `SANSOCKET_ENTROPY_FAILED` (a client), `SANSOCKET_USAGE_NOT_OPEN`,
/// `SANSOCKET_USAGE_INVALID_UTF8`, `SANSOCKET_USAGE_WRONG_MESSAGE_KIND`, `SANSOCKET_INVALID_ARGUMENT` for a kind that does not
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
        give_octets(ws, io, |call, output| {
            let kind = match kind {
                _ if kind == sansocket_kind::SANSOCKET_TEXT as u32 => MessageKind::Text,
                _ if kind == sansocket_kind::SANSOCKET_BINARY as u32 => MessageKind::Binary,
                _ => return Err(sansocket_result::SANSOCKET_INVALID_ARGUMENT.into()),
            };
            Ok(call.endpoint.send(kind, call.lent(payload, len)?, fin != 0, output)?)
        })
    }
}

/// Writes a Ping (§5.5.2) of at most 125 octets of payload, NULL if `len` is 0. Its Pong arrives as an event.
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
    unsafe { give_octets(ws, io, |call, output| Ok(call.endpoint.ping(call.lent(payload, len)?, output)?)) }
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
    unsafe { give_octets(ws, io, |call, output| Ok(call.endpoint.pong(call.lent(payload, len)?, output)?)) }
}

/// Writes our Close (§7.1.2): with a `code` and a `reason` of at most 123 octets of UTF-8, or with neither: `code` is 0 then. The
/// peer's messages go on arriving until its own Close. `reason` may be NULL if `reason_len` is 0.
///
/// Returns `SANSOCKET_OK`, `SANSOCKET_NEEDS_ROOM`, `SANSOCKET_ENTROPY_FAILED` (a client), `SANSOCKET_USAGE_NOT_OPEN`,
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
        give_octets(ws, io, |call, output| {
            let code = close_code(code)?;
            let reason = call.text(reason, reason_len, UsageError::InvalidUtf8)?;
            Ok(call.endpoint.close((code.0 != 0).then_some(code), reason, call.now, output)?)
        })
    }
}

/// Fails the connection for a reason of the caller's (§7.1.7): writes a Close with `code` if none went out yet, and takes nothing
/// more from the peer.
///
/// Returns `SANSOCKET_OK`, `SANSOCKET_NEEDS_ROOM`, `SANSOCKET_ENTROPY_FAILED` (a client), `SANSOCKET_USAGE_INVALID_CLOSE_CODE`,
/// `SANSOCKET_USAGE_NOT_OPEN` once the connection failed or ended, `SANSOCKET_INVALID_ARGUMENT` for a code above 65535, or the
/// results for pointers and lengths that `sansocket_send` has.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_fail(ws: *mut sansocket, io: *mut sansocket_io, code: u32) -> sansocket_result {
    // SAFETY: the caller keeps to what stands at the top of the header, and lends the output.
    unsafe { give_octets(ws, io, |call, output| Ok(call.endpoint.fail(close_code(code)?, call.now, output)?)) }
}

fn close_code(code: u32) -> Result<CloseCode, sansocket_result> {
    u16::try_from(code).map(CloseCode).map_err(|_| sansocket_result::SANSOCKET_INVALID_ARGUMENT)
}
