//! What happened outside: bytes arrived, the transport ended, time passed.

use super::call::{event, receive};
use super::connection::sansocket;
use super::io::sansocket_io;
use super::numbers::sansocket_result;

/// Takes the bytes that arrived (`input`): at most one event, and the bytes that it makes due. Call it again until the event is
/// `SANSOCKET_EVENT_NONE`; what `input` holds then is presented again with more after it.
///
/// Call it also when the output has drained after `SANSOCKET_NEEDS_ROOM`, or after the caller stopped calling for lack of room:
/// what waits in the input makes no socket readable.
///
/// Returns `SANSOCKET_OK`; `SANSOCKET_NEEDS_ROOM` below 131 free bytes of output, where something may have to be answered;
/// `SANSOCKET_ENTROPY_FAILED`, for a client; `SANSOCKET_USAGE_INPUT_TOO_SHORT` where bytes of an unfinished head are missing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_receive(ws: *mut sansocket, io: *mut sansocket_io) -> sansocket_result {
    // SAFETY: the caller keeps to what stands at the top of the header, and lends input and output, which lie apart.
    unsafe { receive(ws, io) }
}

/// Takes the end of the transport's input, an orderly end or a reset: ends in `SANSOCKET_EVENT_CLOSED` unless that was given
/// before. A server whose request waits for an answer still gives it: the event comes after `sansocket_accept` or
/// `sansocket_respond`, with the next `sansocket_receive`. First pass on all bytes that arrived before the end, those also that
/// were read before a write failed. Reads `now_ms` only and writes nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_receive_eof(ws: *mut sansocket, io: *mut sansocket_io) -> sansocket_result {
    // SAFETY: the caller keeps to what stands at the top of the header.
    unsafe { event(ws, io, |endpoint, call| Ok(endpoint.receive_eof(call.now))) }
}

/// Acts on the deadlines that have passed, all of them in one call: appends a keepalive Ping or the Close of an idle connection,
/// or gives `SANSOCKET_EVENT_CLOSED`. Call it at `sansocket_get_next_timeout`, or when `sansocket_poll_timeout` is 0; earlier or
/// more often does no harm. Reads `now_ms` and the output, not the input: pass on what arrived first. A loop that runs its timers
/// before it polls may have the awaited Pong unread.
///
/// One keepalive Ping is awaited at a time. It never asks for room or fails for want of entropy: a Ping that cannot be written (6
/// bytes, a client's 10) is left out, and its Pong is awaited all the same, so that a writer that is stuck is noticed. For
/// callers of `sansocket_written`, whatever the transport takes meanwhile moves that deadline.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_handle_timeout(ws: *mut sansocket, io: *mut sansocket_io) -> sansocket_result {
    // SAFETY: the caller keeps to what stands at the top of the header, and lends the output.
    unsafe { event(ws, io, |endpoint, call| Ok(endpoint.handle_timeout(call.now, call.output.bytes_mut()))) }
}
