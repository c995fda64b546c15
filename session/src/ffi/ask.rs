//! What can be asked of a session.

use sansocket::Instant;
use sansocket::ffi::{SANSOCKET_NEVER, sansocket_bytes, sansocket_text};

use super::numbers::sansocket_session_state;
use super::place::{Placed, bytes_of, placed_ref, sansocket_session};
use crate::SessionState;

/// Returns where the session stands; `SANSOCKET_SESSION_STATE_STOPPED` without a session.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_session_get_state(session: *const sansocket_session) -> sansocket_session_state {
    // SAFETY: the caller keeps to what stands at the top of the header.
    unsafe { ask(session, SessionState::Stopped, |placed| placed.life.state()) }.into()
}

/// Returns the dial that counts: what is reported of any other transport is ignored. 0 without a session.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_session_get_epoch(session: *const sansocket_session) -> u32 {
    // SAFETY: the caller keeps to what stands at the top of the header.
    unsafe { ask(session, 0, |placed| placed.life.epoch().number()) }
}

/// Returns the URL that is dialled: the session's, or the one that it was redirected to. It lies in the session's memory, until
/// `sansocket_session_set_url` or `sansocket_session_next` changes it. `data` is NULL
/// without a session.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_session_get_url(session: *const sansocket_session) -> sansocket_text {
    // SAFETY: the caller keeps to what stands at the top of the header.
    unsafe { ask(session, sansocket_text::of_option(None), |placed| placed.text(placed.life.url())) }
}

/// Returns how many messages wait in the queue; 0 without a session.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_session_get_queued(session: *const sansocket_session) -> u32 {
    // SAFETY: the caller keeps to what stands at the top of the header.
    unsafe { ask(session, 0, |placed| placed.life.queued()) }
}

/// Returns the number of the latest message; 0 if there was none, or without a session.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_session_get_last_number(session: *const sansocket_session) -> u64 {
    // SAFETY: the caller keeps to what stands at the top of the header.
    unsafe { ask(session, 0, |placed| placed.life.last_number()) }
}

/// Returns how many dials have failed and connections have ended in a row, which the next wait depends on. The end of one that was up for
/// `SANSOCKET_SESSION_OPTION_MIN_UPTIME_MS` begins the count anew, at 1. 0 without a session.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_session_get_failures(session: *const sansocket_session) -> u32 {
    // SAFETY: the caller keeps to what stands at the top of the header.
    unsafe { ask(session, 0, |placed| placed.life.failures()) }
}

/// Returns the agreed subprotocol, in the list that was set with `sansocket_config_set_subprotocols`; `data` is NULL if none was agreed, or
/// without a session.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_session_get_subprotocol(session: *const sansocket_session) -> sansocket_text {
    // SAFETY: the caller keeps to what stands at the top of the header.
    unsafe {
        ask(session, sansocket_text::of_option(None), |placed| {
            sansocket_text::of_option(placed.life.connection().subprotocol().map(str::as_bytes))
        })
    }
}

/// Returns the time between the last keepalive Ping that was answered and its Pong, in microseconds; `SANSOCKET_NEVER` before the first, or
/// without a session.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_session_get_round_trip_us(session: *const sansocket_session) -> u64 {
    // SAFETY: the caller keeps to what stands at the top of the header.
    let time = unsafe { ask(session, None, |placed| placed.life.connection().round_trip()) };
    time.and_then(|time| u64::try_from(time.as_micros()).ok()).unwrap_or(SANSOCKET_NEVER)
}

/// Returns 1 if `sansocket_session_space` has something: wait until the transport can be read; else 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_session_wants_reading(session: *const sansocket_session) -> u8 {
    // SAFETY: the caller keeps to what stands at the top of the header.
    unsafe { ask(session, false, |placed| placed.life.wants_reading()) }.into()
}

/// Returns the milliseconds from `now_ms` until `sansocket_session_next` has something to do, as `poll` takes them: 0 for at once, -1 if
/// nothing is waited for: before the start, and after the session has stopped. 0 without a session. While there is a transport,
/// `sansocket_session_filled` comes after the wait, with 0 if nothing arrived.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_session_poll_timeout(session: *const sansocket_session, now_ms: u64) -> i32 {
    // SAFETY: the caller keeps to what stands at the top of the header.
    let ms = unsafe { ask(session, Some(0), |placed| placed.life.millis_until_timeout(Instant::from_millis(now_ms))) };
    ms.map_or(-1, |ms| i32::try_from(ms).unwrap_or(i32::MAX))
}

/// Returns when `sansocket_session_next` has something to do, in the milliseconds of `now_ms`; a time that has passed says at once,
/// `SANSOCKET_NEVER` that nothing is waited for, or that there is no session.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_session_get_next_timeout(session: *const sansocket_session) -> u64 {
    // SAFETY: the caller keeps to what stands at the top of the header.
    unsafe { ask(session, None, |placed| placed.life.next_timeout()) }.map_or(SANSOCKET_NEVER, Instant::as_millis)
}

/// Returns what has arrived and no event has shown yet: after `SANSOCKET_SESSION_EVENT_REFUSED`, the body of the answer, as far as it came
/// with the head. `data` is NULL if there is nothing. It stays where it is until `sansocket_session_next`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_session_unread(session: *const sansocket_session) -> sansocket_bytes {
    // SAFETY: the caller keeps to what stands at the top of the header.
    bytes_of(unsafe { placed_ref(session) }.map(|placed| (placed.life.unread(), placed.input)))
}

/// What a session answers; `otherwise` if there is none.
///
/// # Safety
/// NULL or a struct that nobody writes, in memory that was written.
unsafe fn ask<T>(session: *const sansocket_session, otherwise: T, ask: impl FnOnce(&'static Placed) -> T) -> T {
    // SAFETY: what our caller promises. What is returned is copied, or lent for longer than the call.
    unsafe { placed_ref(session) }.map_or(otherwise, ask)
}
