//! The `sansocket` itself: memory of the caller's with a `Connection` in it, how it begins, and what can be asked of it.

use super::memory::{Opaque, Region, check_struct, object, object_ref, write};
use super::numbers::{done, sansocket_result, sansocket_role, sansocket_state, sansocket_transport};
use super::setup::{Source, init, sansocket_setup};
use super::text::sansocket_text;
use crate::{CloseCode, Connection, Instant, Role};

/// One endpoint of one connection, in 128 bytes of the caller's: on the stack, in static memory, in a struct. Its contents are
/// the library's. It may be moved (`memcpy`, `realloc`) between calls; of the copies only one may be used then. There is nothing
/// to free. Zeroed memory is a `sansocket` that was never initialised.
#[repr(C)]
pub struct sansocket {
    /// Not for the caller.
    opaque: [u64; 16],
}

/// What `sansocket_get_next_timeout` and `sansocket_get_round_trip_us` return if there is nothing to return.
pub const SANSOCKET_NEVER: u64 = 0xFFFF_FFFF_FFFF_FFFF;

/// The configuration is lent by a caller whose lifetimes we do not see.
pub(super) type Endpoint = Connection<'static, Source>;

// SAFETY: the size and the alignment are asserted by `fill`; the words may be anything.
unsafe impl Opaque for sansocket {
    type Object = Endpoint;
    const NAME: &'static [u8; 8] = b"sansocke";
}

const _: () = assert!(size_of::<sansocket>() == 128 && align_of::<sansocket>() == align_of::<u64>());

/// Begins a server's connection, when the transport is there. Of `setup` it reads `now_ms` and `config`. `ws` may have any
/// contents before.
///
/// Returns `SANSOCKET_OK`, `SANSOCKET_WRONG_SIZE`, `SANSOCKET_WRONG_VERSION` or `SANSOCKET_NOT_INITIALISED` (the configuration).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_init_server(ws: *mut sansocket, setup: *const sansocket_setup) -> sansocket_result {
    let server = |setup: &sansocket_setup| Ok(Connection::server_with(setup.lent_config()?, Source::NONE, setup.now()));
    // SAFETY: the caller keeps to what stands at the top of the header.
    unsafe { init(ws, setup, server) }
}

/// Begins a client's connection, when the transport (and TLS in it) is there; `sansocket_request` comes next. Of `setup` it reads
/// `now_ms`, `config`, `entropy`, which is not NULL, and `entropy_context`. The rest as `sansocket_init_server`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_init_client(ws: *mut sansocket, setup: *const sansocket_setup) -> sansocket_result {
    let client = |setup: &sansocket_setup| Ok(Connection::client(setup.lent_config()?, setup.source(Role::Client)?, setup.now()));
    // SAFETY: the caller keeps to what stands at the top of the header.
    unsafe { init(ws, setup, client) }
}

/// Begins a connection whose opening handshake was done elsewhere, by an HTTP/1.1, HTTP/2 (RFC 8441) or HTTP/3 (RFC 9220) stack:
/// messages may be sent at once. Of `setup` it reads `role`, `now_ms`, `config`, `negotiated` and, for a client, `entropy` and
/// `entropy_context`.
///
/// Returns what `sansocket_init_server` does, `SANSOCKET_INVALID_ARGUMENT` for a role that does not exist, or
/// `SANSOCKET_OUT_OF_RANGE` for window bits that are neither 0 nor 8 to 15.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_init_open(ws: *mut sansocket, setup: *const sansocket_setup) -> sansocket_result {
    let open = |setup: &sansocket_setup| {
        let role = Role::try_from(setup.role)?;
        Ok(Connection::open(role, setup.lent_config()?, setup.source(role)?, setup.agreed()?, setup.now()))
    };
    // SAFETY: the caller keeps to what stands at the top of the header.
    unsafe { init(ws, setup, open) }
}

/// Says that the caller reads nothing from the transport for now: because its output is full, because others come first. What the
/// peer answers lies unread then, so the deadlines that wait for the peer (handshake, Pong, idle) stand still until
/// `sansocket_resume`. The closing deadline does not: it also ends what nobody reads. Allowed at any time, again and again.
///
/// A caller that pauses because the peer takes nothing sets a deadline of its own for that.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_pause(ws: *mut sansocket, now_ms: u64) -> sansocket_result {
    // SAFETY: the caller keeps to what stands at the top of the header.
    done(unsafe { object(ws) }.map(|endpoint| endpoint.pause(Instant::from_millis(now_ms))))
}

/// Ends a `sansocket_pause`: the caller reads again. Without a pause it does nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_resume(ws: *mut sansocket, now_ms: u64) -> sansocket_result {
    // SAFETY: the caller keeps to what stands at the top of the header.
    done(unsafe { object(ws) }.map(|endpoint| endpoint.resume(Instant::from_millis(now_ms))))
}

/// Says that the transport took `n` of the bytes that are due: those that calls wrote to the output, and those that the caller
/// writes after them (`sansocket_send_header`, `sansocket_respond_head`, `sansocket_send_encoded`). With TLS, count what the
/// transport below it took.
///
/// Whoever calls this does so for all of them, in their order. Then whatever the transport takes until a keepalive Ping has left
/// puts off the deadline of its Pong, so that only a peer that takes nothing is given up; and the closing deadline moves while
/// the peer takes what was due no later than our Close, at `SANSOCKET_OPTION_MIN_WRITE_RATE` or faster. A socket takes as many
/// bytes as the system buffers for it, so keep that buffer small (`SO_SNDBUF`, on Linux `TCP_NOTSENT_LOWAT`) where a peer may
/// read slowly. Whoever does not call it loses nothing else.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_written(ws: *mut sansocket, n: usize, now_ms: u64) -> sansocket_result {
    // SAFETY: the caller keeps to what stands at the top of the header.
    done(unsafe { object(ws) }.map(|endpoint| endpoint.written(n, Instant::from_millis(now_ms))))
}

/// Counts a whole message that `sansocket_encode_message` encoded, the `len` bytes at `encoded`, as sent on this connection.
/// Writes to `due` how many of them the caller has to write now, after what is in the output: all, or 0 if the connection is
/// closing already.
///
/// Returns `SANSOCKET_OK`, `SANSOCKET_USAGE_NOT_OPEN` before the opening handshake is over, `SANSOCKET_USAGE_WRONG_ROLE` for a
/// client, or `SANSOCKET_USAGE_MESSAGE_UNFINISHED`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_send_encoded(
    ws: *mut sansocket,
    encoded: *const u8,
    len: usize,
    due: *mut usize,
) -> sansocket_result {
    let send = || {
        check_struct(due)?;
        // SAFETY: the caller keeps to what stands at the top of the header, and lends the bytes for the call.
        let (endpoint, encoded) = unsafe { (object(ws)?, Region::new(encoded, len)?.bytes()) };
        Ok(endpoint.send_encoded(encoded)?)
    };
    // SAFETY: `due` was checked; the caller's to be written.
    unsafe { write(due, send()) }
}

/// Returns the milliseconds from `now_ms` until `sansocket_handle_timeout` has something to do, as `poll` takes them: 0 if that
/// time has passed, -1 if nothing is waited for, or without a connection.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_poll_timeout(ws: *const sansocket, now_ms: u64) -> i32 {
    // SAFETY: the caller keeps to what stands at the top of the header.
    let ms = unsafe { ask(ws, None, |endpoint| endpoint.millis_until_timeout(Instant::from_millis(now_ms))) };
    ms.map_or(-1, |ms| i32::try_from(ms).unwrap_or(i32::MAX))
}

/// Returns when `sansocket_handle_timeout` has something to do, in the milliseconds of `now_ms`; `SANSOCKET_NEVER` if nothing is
/// waited for, so that the earliest of many is simply their minimum, or without a connection.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_get_next_timeout(ws: *const sansocket) -> u64 {
    // SAFETY: the caller keeps to what stands at the top of the header.
    unsafe { ask(ws, SANSOCKET_NEVER, |endpoint| endpoint.next_timeout().map_or(SANSOCKET_NEVER, Instant::as_millis)) }
}

/// Widens `tick`, a 32-bit counter of milliseconds that wraps after 49.7 days, to 64 bits, and returns it. `last_ms` is what the
/// last call returned, 0 at first, when any tick is taken as it is; at most 24 days lie between two calls. A tick from before the
/// last one gives `last_ms`.
#[unsafe(no_mangle)]
pub extern "C" fn sansocket_widen_ms(last_ms: u64, tick: u32) -> u64 {
    Instant::widen_millis(last_ms, tick)
}

/// Returns the state; `SANSOCKET_STATE_CLOSED` without a connection.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_get_state(ws: *const sansocket) -> sansocket_state {
    // SAFETY: the caller keeps to what stands at the top of the header.
    unsafe { ask(ws, crate::State::Closed, |endpoint| endpoint.state()) }.into()
}

/// Returns what to do with the transport now, as `transport` in `sansocket_io` says after each call; `SANSOCKET_TRANSPORT_CLOSE`
/// without a connection.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_get_transport(ws: *const sansocket) -> sansocket_transport {
    // SAFETY: the caller keeps to what stands at the top of the header.
    unsafe { ask(ws, crate::Transport::Close, |endpoint| endpoint.transport()) }.into()
}

/// Returns the role; 0 without a connection.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_get_role(ws: *const sansocket) -> sansocket_role {
    // SAFETY: the caller keeps to what stands at the top of the header.
    unsafe { ask(ws, sansocket_role(0), |endpoint| endpoint.role().into()) }
}

/// Returns the agreed subprotocol, in the list that was set with `sansocket_config_set_subprotocols`; `data` is NULL if none was
/// agreed, if a server took one without such a list, or without a connection.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_get_subprotocol(ws: *const sansocket) -> sansocket_text {
    // SAFETY: the caller keeps to what stands at the top of the header.
    unsafe { ask(ws, sansocket_text::NONE, |endpoint| sansocket_text::of_option(endpoint.subprotocol().map(str::as_bytes))) }
}

/// Returns the code of the peer's Close (§7.1.5): 1005 if it had none, 1006 until a Close is received, or if `ws` was
/// never initialised.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_get_close_code(ws: *const sansocket) -> u16 {
    // SAFETY: the caller keeps to what stands at the top of the header.
    unsafe { ask(ws, CloseCode::ABNORMAL_CLOSURE, |endpoint| endpoint.close_code()) }.0
}

/// Returns 1 if the closing handshake was completed (§7.1.4), else 0. Our Close counts as soon as it is in the output: until that
/// is written, the peer may see it otherwise.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_get_was_clean(ws: *const sansocket) -> u8 {
    // SAFETY: the caller keeps to what stands at the top of the header.
    unsafe { ask(ws, false, |endpoint| endpoint.was_clean()) }.into()
}

/// Returns the time between the last keepalive Ping that was answered by itself and its Pong, in microseconds, as fine as
/// `now_ms` is: whole milliseconds. For callers of `sansocket_written` it begins when the Ping has left. `SANSOCKET_NEVER` before
/// the first, or without a connection.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_get_round_trip_us(ws: *const sansocket) -> u64 {
    // SAFETY: the caller keeps to what stands at the top of the header.
    let time = unsafe { ask(ws, None, |endpoint| endpoint.round_trip()) };
    time.and_then(|time| u64::try_from(time.as_micros()).ok()).unwrap_or(SANSOCKET_NEVER)
}

/// What an endpoint answers; `otherwise` if there is none.
///
/// # Safety
/// NULL or a struct that nobody writes, in memory that was written.
unsafe fn ask<T>(ws: *const sansocket, otherwise: T, ask: impl FnOnce(&'static Endpoint) -> T) -> T {
    // SAFETY: what our caller promises. What is returned is copied, or lent for longer than the call.
    unsafe { object_ref(ws) }.map_or(otherwise, ask)
}
