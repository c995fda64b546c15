//! What can be asked of a client.

use ::sansocket_session::ffi::sansocket_session;
use ::sansocket_session::ffi::support::placed_ref;
use sansocket::Instant;
use sansocket::ffi::{SANSOCKET_NEVER, sansocket_text};

use super::numbers::sansocket_socketio_state;
use super::place::{sansocket_socketio, standing_ref};
use crate::client::{NamespaceId, NamespaceState};

/// Returns when `sansocket_socketio_next` has something to do, of the session's or of its own, in the milliseconds of `now_ms`; a time that has
/// passed says at once, `SANSOCKET_NEVER` that nothing is waited for, or that there is no client or no session.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_socketio_get_next_timeout(
    io: *const sansocket_socketio,
    session: *const sansocket_session,
) -> u64 {
    // SAFETY: the caller keeps to what stands at the top of the header.
    unsafe { next_timeout(io, session) }.flatten().map_or(SANSOCKET_NEVER, Instant::as_millis)
}

/// Returns the milliseconds from `now_ms` until `sansocket_socketio_next` has something to do, of the session's or of its own, as `poll` takes
/// them: 0 for at once, -1 if nothing is waited for, as after the session has stopped. 0 without a client or a session. It takes the place of
/// `sansocket_session_poll_timeout`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_socketio_poll_timeout(
    io: *const sansocket_socketio,
    session: *const sansocket_session,
    now_ms: u64,
) -> i32 {
    // SAFETY: the caller keeps to what stands at the top of the header.
    let Some(next) = (unsafe { next_timeout(io, session) }) else { return 0 };
    let now = Instant::from_millis(now_ms);
    next.map_or(-1, |next| {
        let us = next.as_micros().saturating_sub(now.as_micros());
        i32::try_from(us.div_ceil(1000)).unwrap_or(i32::MAX)
    })
}

/// The earlier of both; `None` without one of them.
///
/// # Safety
/// What stands at the top of the header.
unsafe fn next_timeout(io: *const sansocket_socketio, session: *const sansocket_session) -> Option<Option<Instant>> {
    // SAFETY: what our caller promises.
    let (io, placed) = unsafe { (standing_ref(io).ok()?, placed_ref(session).ok()?) };
    Some([io.life.next_timeout(), placed.life.next_timeout()].into_iter().flatten().min())
}

/// Returns where a namespace stands; `SANSOCKET_SOCKETIO_STATE_OFF` for one that does not exist, or without a client.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_socketio_get_state(
    io: *const sansocket_socketio,
    namespace_id: u32,
) -> sansocket_socketio_state {
    // SAFETY: the caller keeps to what stands at the top of the header.
    let io = unsafe { standing_ref(io) };
    io.map_or(NamespaceState::Off, |io| io.life.state(NamespaceId::from_number(namespace_id))).into()
}

/// Returns the name of a namespace: `/`, or a slash and a name. It lies in the client's memory, for as long as the namespace is connected. `data`
/// is NULL for one that does not exist, or without a client.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_socketio_get_name(io: *const sansocket_socketio, namespace_id: u32) -> sansocket_text {
    let none = sansocket_text::of_option(None);
    // SAFETY: the caller keeps to what stands at the top of the header.
    unsafe { standing_ref(io) }.map_or(none, |io| {
        let name = io.life.name(NamespaceId::from_number(namespace_id));
        let [_, _, memory] = io.lent;
        match name.len() {
            0 => none,
            len => sansocket_text { data: memory.pointer_at(name.as_ptr().addr()).cast_const().cast(), len },
        }
    })
}
