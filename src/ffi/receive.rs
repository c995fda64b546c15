//! What happened outside: bytes arrived, the transport ended, time passed.

use super::connection::sansocket;
use super::io::{give_event, sansocket_io};
use super::result::sansocket_result;

/// Takes the bytes that arrived (`io->input`): at most one event, and the bytes that it makes due. To be called again, behind
/// what was consumed, until the event is `SANSOCKET_EVENT_NONE`; what is not consumed then is presented again with more behind it.
///
/// Returns `SANSOCKET_OK`; `SANSOCKET_NEEDS_ROOM` where an answer is due that does not fit the output, which 131 bytes prevent;
/// `SANSOCKET_ENTROPY_FAILED`, for a client; `SANSOCKET_USAGE_INPUT_TOO_SHORT` where bytes of an unfinished head are missing;
/// `SANSOCKET_NULL_POINTER`, `SANSOCKET_MISALIGNED`, `SANSOCKET_NOT_INITIALISED`, `SANSOCKET_LENGTH_TOO_LARGE`,
/// `SANSOCKET_OVERLAP`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_receive(ws: *mut sansocket, io: *mut sansocket_io) -> sansocket_result {
    // SAFETY: the caller keeps to what stands at the top of the header, and lends input and output, which lie apart.
    unsafe {
        give_event(ws, io, |endpoint, call| {
            let input = call.input()?.bytes_mut();
            Ok(endpoint.receive(call.now, input, call.output.bytes_mut())?)
        })
    }
}

/// Takes the end of the transport's input, an orderly end or a reset: ends in `SANSOCKET_EVENT_CLOSED` unless that was given
/// before. Reads `io->now_ms` only and produces nothing.
///
/// Returns `SANSOCKET_OK`, `SANSOCKET_NULL_POINTER`, `SANSOCKET_MISALIGNED`, `SANSOCKET_NOT_INITIALISED` or
/// `SANSOCKET_LENGTH_TOO_LARGE`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_receive_eof(ws: *mut sansocket, io: *mut sansocket_io) -> sansocket_result {
    // SAFETY: the caller keeps to what stands at the top of the header.
    unsafe { give_event(ws, io, |endpoint, call| Ok(endpoint.receive_eof(call.now))) }
}

/// Acts on the deadlines that have passed: sends the keepalive Ping, ends what waited too long. To be called at
/// `sansocket_get_next_timeout`; earlier or more often does no harm. Reads `io->now_ms` and the output, not the input.
///
/// It never wants room: a Ping that does not fit (6 bytes, a client's 10) is left out, and its Pong is missed all the same, so that
/// a writer that is stuck is noticed.
///
/// Returns what `sansocket_receive_eof` does.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_handle_timeout(ws: *mut sansocket, io: *mut sansocket_io) -> sansocket_result {
    // SAFETY: the caller keeps to what stands at the top of the header, and lends the output.
    unsafe { give_event(ws, io, |endpoint, call| Ok(endpoint.handle_timeout(call.now, call.output.bytes_mut()))) }
}
