//! The `sansocket` itself: memory of the caller's with a `Connection` in it, how it begins, and what can be asked of it.

use super::config::{lent, sansocket_config};
use super::head::sansocket_text;
use super::io::{number, sansocket_transport};
use super::memory::{Opaque, Region, check_struct, fill, look, object, object_ref, write};
use super::result::{done, sansocket_result};
use crate::{Connection, DeflateDirection, DeflateParams, Entropy, EntropyError, Instant, Negotiated, Role, State};
use core::ffi::c_void;

/// One endpoint of one connection, in 128 bytes of the caller's: on the stack, in static memory, in a struct. Its
/// contents are the library's. It may be moved (`memcpy`, `realloc`) between calls; of the copies only one may be used then. There
/// is nothing to free. Zeroed memory is a `sansocket` that was never initialised.
#[repr(C)]
pub struct sansocket {
    /// Not for the caller.
    opaque: [u64; 16],
}

/// A source of bytes that a peer cannot predict (§10.3), which a client needs: writes `len` bytes (4 for a frame, 16 for an opening
/// handshake) to `bytes` and returns 0, or returns something else if it cannot. It may not call functions of this library for the
/// same `sansocket`. `context` is what was passed with it.
pub type sansocket_entropy = Option<unsafe extern "C" fn(context: *mut c_void, bytes: *mut u8, len: usize) -> i32>;

/// Which end of a connection (§1.1).
#[repr(u32)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum sansocket_role {
    /// Sends the opening handshake and masks what it sends.
    SANSOCKET_CLIENT = 1,
    /// Answers the opening handshake and never masks.
    SANSOCKET_SERVER = 2,
}

/// The states of a connection, numbered as browsers number `readyState`.
#[repr(u32)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum sansocket_state {
    /// The opening handshake is under way.
    SANSOCKET_STATE_CONNECTING = 0,
    /// Messages may be sent.
    SANSOCKET_STATE_OPEN = 1,
    /// A Close was sent or received, the connection failed or the handshake was refused.
    SANSOCKET_STATE_CLOSING = 2,
    /// `SANSOCKET_EVENT_CLOSED` was given.
    SANSOCKET_STATE_CLOSED = 3,
}

/// What an opening handshake that was done elsewhere agreed on. Begin with all of it zero.
#[repr(C)]
pub struct sansocket_negotiated {
    /// 1 if a subprotocol was agreed.
    pub has_subprotocol: u8,
    /// The subprotocol, as its place in the list of the configuration, counted from 0.
    pub subprotocol: u8,
    /// 1 if permessage-deflate (RFC 7692) was agreed, with the parameters below. Its messages are received by
    /// `sansocket_receive_with`.
    pub has_deflate: u8,
    /// 1 for `server_no_context_takeover`.
    pub server_no_context_takeover: u8,
    /// `server_max_window_bits`, 8 to 15; 0 for 15, where nothing was said.
    pub server_max_window_bits: u8,
    /// 1 for `client_no_context_takeover`.
    pub client_no_context_takeover: u8,
    /// `client_max_window_bits`, 8 to 15; 0 for 15, where nothing was said.
    pub client_max_window_bits: u8,
    /// 0.
    pub reserved: u8,
    /// 0.
    pub reserved_more: [u64; 3],
}

/// What `sansocket_get_next_timeout` gives where nothing is waited for.
pub const SANSOCKET_NEVER: u64 = 0xFFFF_FFFF_FFFF_FFFF;

/// The configuration is lent by a caller whose lifetimes we do not see.
pub(super) type Endpoint = Connection<'static, Source>;

// SAFETY: the size and the alignment are asserted by `fill`; the words may be anything.
unsafe impl Opaque for sansocket {
    type Object = Endpoint;
    const NAME: &'static [u8; 8] = b"sansocke";
}

const _: () = assert!(size_of::<sansocket>() == 128 && align_of::<sansocket>() == 8);

/// The caller's entropy; none, for a server.
#[derive(Debug)]
pub(super) struct Source {
    function: sansocket_entropy,
    context: *mut c_void,
}

impl Entropy for Source {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        let Some(function) = self.function else { return Err(EntropyError) };
        // SAFETY: the caller's function, which keeps to `sansocket_entropy`; the bytes are ours to be written.
        if unsafe { function(self.context, bytes.as_mut_ptr(), bytes.len()) } == 0 { Ok(()) } else { Err(EntropyError) }
    }
}

/// What the functions that begin a connection have in common.
///
/// # Safety
/// What stands at the top of the header.
unsafe fn begin(
    ws: *mut sansocket,
    size: usize,
    abi_version: u32,
    config: *const sansocket_config,
    begin: impl FnOnce(&'static crate::Config<'static>) -> Result<Endpoint, sansocket_result>,
) -> sansocket_result {
    // SAFETY: what our caller promises.
    done(unsafe { fill(ws, size, abi_version, || begin(lent(config)?)) })
}

/// The source of an endpoint; a client must have one.
fn source(role: Role, function: sansocket_entropy, context: *mut c_void) -> Result<Source, sansocket_result> {
    if role == Role::Client && function.is_none() {
        return Err(sansocket_result::SANSOCKET_NULL_POINTER);
    }
    Ok(Source { function, context })
}

/// Begins a server's connection, when the transport is there. `ws` may have any contents before. `size` is `sizeof *ws`,
/// `abi_version` is `SANSOCKET_ABI_VERSION`. `config` is lent until the connection is no longer used; NULL for the defaults.
///
/// Returns `SANSOCKET_OK`, `SANSOCKET_NULL_POINTER`, `SANSOCKET_MISALIGNED`, `SANSOCKET_WRONG_SIZE`, `SANSOCKET_WRONG_VERSION` or
/// `SANSOCKET_NOT_INITIALISED` (the configuration).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_init_server(
    ws: *mut sansocket,
    size: usize,
    abi_version: u32,
    config: *const sansocket_config,
    now_ms: u64,
) -> sansocket_result {
    let source = Source { function: None, context: core::ptr::null_mut() };
    let server = |config| Ok(Connection::server_with(config, source, Instant::from_millis(now_ms)));
    // SAFETY: the caller keeps to what stands at the top of the header.
    unsafe { begin(ws, size, abi_version, config, server) }
}

/// Begins a client's connection, when the transport (and TLS in it) is there. `sansocket_request` comes next. `entropy` is not
/// NULL; it is called with `context`, only while a function of this `sansocket` runs. The rest as `sansocket_init_server`.
///
/// Returns what `sansocket_init_server` does.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_init_client(
    ws: *mut sansocket,
    size: usize,
    abi_version: u32,
    config: *const sansocket_config,
    entropy: sansocket_entropy,
    context: *mut c_void,
    now_ms: u64,
) -> sansocket_result {
    let client = |config| {
        let source = source(Role::Client, entropy, context)?;
        Ok(Connection::client(config, source, Instant::from_millis(now_ms)))
    };
    // SAFETY: the caller keeps to what stands at the top of the header.
    unsafe { begin(ws, size, abi_version, config, client) }
}

/// Begins a connection whose opening handshake was done elsewhere, by an HTTP/1.1, HTTP/2 (RFC 8441) or HTTP/3 (RFC 9220) stack:
/// messages may be sent at once. `role` is a `sansocket_role`; `entropy` may be NULL for a server; `negotiated` is needed only
/// during the call, NULL for nothing. The rest as `sansocket_init_client`.
///
/// Returns what `sansocket_init_server` does, `SANSOCKET_INVALID_ARGUMENT` for a role that does not exist, or
/// `SANSOCKET_OUT_OF_RANGE` for window bits that are neither 0 nor 8 to 15.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_init_open(
    ws: *mut sansocket,
    size: usize,
    abi_version: u32,
    role: u32,
    config: *const sansocket_config,
    entropy: sansocket_entropy,
    context: *mut c_void,
    negotiated: *const sansocket_negotiated,
    now_ms: u64,
) -> sansocket_result {
    let open = |config| {
        let mut agreed = Negotiated::NOTHING;
        if !negotiated.is_null() {
            check_struct(negotiated)?;
            // SAFETY: not NULL, aligned, and lent for the call.
            let negotiated = unsafe { &*negotiated };
            if negotiated.has_subprotocol != 0 {
                agreed = agreed.with_subprotocol(negotiated.subprotocol);
            }
            if negotiated.has_deflate != 0 {
                agreed = agreed.with_deflate(DeflateParams {
                    server: direction(negotiated.server_no_context_takeover, negotiated.server_max_window_bits)?,
                    client: direction(negotiated.client_no_context_takeover, negotiated.client_max_window_bits)?,
                });
            }
        }
        let role = match role {
            _ if role == sansocket_role::SANSOCKET_CLIENT as u32 => Role::Client,
            _ if role == sansocket_role::SANSOCKET_SERVER as u32 => Role::Server,
            _ => return Err(sansocket_result::SANSOCKET_INVALID_ARGUMENT),
        };
        Ok(Connection::open(role, config, source(role, entropy, context)?, agreed, Instant::from_millis(now_ms)))
    };
    // SAFETY: the caller keeps to what stands at the top of the header.
    unsafe { begin(ws, size, abi_version, config, open) }
}

/// One half of what was agreed of permessage-deflate.
fn direction(no_context_takeover: u8, max_window_bits: u8) -> Result<DeflateDirection, sansocket_result> {
    let max_window_bits = match max_window_bits {
        0 => DeflateDirection::DEFAULT.max_window_bits,
        8..=15 => max_window_bits,
        _ => return Err(sansocket_result::SANSOCKET_OUT_OF_RANGE),
    };
    Ok(DeflateDirection { no_context_takeover: no_context_takeover != 0, max_window_bits })
}

/// The caller stops reading for reasons of its own: the deadlines that wait for the peer stand still until `sansocket_resume`. The
/// closing deadline does not: it also ends what nobody reads.
///
/// Returns `SANSOCKET_OK`, `SANSOCKET_NULL_POINTER`, `SANSOCKET_MISALIGNED` or `SANSOCKET_NOT_INITIALISED`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_pause(ws: *mut sansocket, now_ms: u64) -> sansocket_result {
    // SAFETY: the caller keeps to what stands at the top of the header.
    done(unsafe { object(ws) }.map(|endpoint| endpoint.pause(Instant::from_millis(now_ms))))
}

/// Ends a `sansocket_pause`.
///
/// Returns what `sansocket_pause` does.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_resume(ws: *mut sansocket, now_ms: u64) -> sansocket_result {
    // SAFETY: the caller keeps to what stands at the top of the header.
    done(unsafe { object(ws) }.map(|endpoint| endpoint.resume(Instant::from_millis(now_ms))))
}

/// Writes to `at_ms` when `sansocket_handle_timeout` has something to do, in the milliseconds of `now_ms`; `SANSOCKET_NEVER` if
/// nothing is waited for, so that the earliest of many is simply their minimum.
///
/// Returns `SANSOCKET_OK`, `SANSOCKET_NULL_POINTER`, `SANSOCKET_MISALIGNED` or `SANSOCKET_NOT_INITIALISED`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_get_next_timeout(ws: *const sansocket, at_ms: *mut u64) -> sansocket_result {
    // SAFETY: the caller keeps to what stands at the top of the header.
    unsafe { look(ws, at_ms, |endpoint: &Endpoint| Ok(endpoint.next_timeout().map_or(SANSOCKET_NEVER, Instant::as_millis))) }
}

/// Writes the `sansocket_state` to `state`.
///
/// Returns what `sansocket_get_next_timeout` does.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_get_state(ws: *const sansocket, state: *mut u32) -> sansocket_result {
    let state_number = |endpoint: &Endpoint| match endpoint.state() {
        State::Connecting => sansocket_state::SANSOCKET_STATE_CONNECTING,
        State::Open => sansocket_state::SANSOCKET_STATE_OPEN,
        State::Closing => sansocket_state::SANSOCKET_STATE_CLOSING,
        State::Closed => sansocket_state::SANSOCKET_STATE_CLOSED,
    };
    // SAFETY: the caller keeps to what stands at the top of the header.
    unsafe { look(ws, state, |endpoint| Ok(state_number(endpoint) as u32)) }
}

/// Writes the `sansocket_transport` to `transport`: what to do with the transport now. The same stands in `sansocket_io` after
/// each call.
///
/// Returns what `sansocket_get_next_timeout` does.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_get_transport(ws: *const sansocket, transport: *mut u32) -> sansocket_result {
    const _: () = assert!(sansocket_transport::SANSOCKET_TRANSPORT_KEEP as u32 == 0, "what a zeroed sansocket_io says");
    // SAFETY: the caller keeps to what stands at the top of the header.
    unsafe { look(ws, transport, |endpoint| Ok(number(endpoint.transport()))) }
}

/// Writes the `sansocket_role` to `role`.
///
/// Returns what `sansocket_get_next_timeout` does.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_get_role(ws: *const sansocket, role: *mut u32) -> sansocket_result {
    let role_number = |endpoint: &Endpoint| match endpoint.role() {
        Role::Client => sansocket_role::SANSOCKET_CLIENT,
        Role::Server => sansocket_role::SANSOCKET_SERVER,
    };
    // SAFETY: the caller keeps to what stands at the top of the header.
    unsafe { look(ws, role, |endpoint| Ok(role_number(endpoint) as u32)) }
}

/// Counts a whole message that `sansocket_encode_message` encoded, the `len` bytes at `encoded`, as sent on this connection. Writes to
/// `due` how many of them the caller has to write now, behind what is due: all, or 0 if the connection is closing already.
///
/// Returns `SANSOCKET_OK`, `SANSOCKET_USAGE_NOT_OPEN` before the opening handshake is over, `SANSOCKET_USAGE_WRONG_ROLE` for a client,
/// `SANSOCKET_USAGE_MESSAGE_UNFINISHED`, `SANSOCKET_NULL_POINTER`, `SANSOCKET_MISALIGNED`, `SANSOCKET_LENGTH_TOO_LARGE` or
/// `SANSOCKET_NOT_INITIALISED`.
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

/// The transport took `n` of the bytes that are due: those that calls produced, and those that the caller writes behind them
/// (`sansocket_send_header`, `sansocket_respond_head`, `sansocket_send_encoded`). Below TLS, if there is TLS.
///
/// Whoever calls this does so for all of them, in their order. Then a peer that reads slowly is told from one that does not read: the
/// wait for a Pong begins when its Ping has left, and the closing deadline moves while the peer takes what was due no later than our
/// Close, at `SANSOCKET_MIN_WRITE_RATE` or faster. Whoever does not call it loses nothing else.
///
/// Returns what `sansocket_pause` does.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_written(ws: *mut sansocket, n: usize, now_ms: u64) -> sansocket_result {
    // SAFETY: the caller keeps to what stands at the top of the header.
    done(unsafe { object(ws) }.map(|endpoint| endpoint.written(n, Instant::from_millis(now_ms))))
}

/// Returns the milliseconds from `now_ms` until `sansocket_handle_timeout` has something to do, as `poll` takes them: 0 if that time
/// has passed, -1 if nothing is waited for, or if `ws` is NULL, misaligned or was never initialised.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_poll_timeout(ws: *const sansocket, now_ms: u64) -> i32 {
    // SAFETY: the caller keeps to what stands at the top of the header.
    let ms = unsafe { object_ref(ws) }.ok().and_then(|endpoint| endpoint.millis_until_timeout(Instant::from_millis(now_ms)));
    ms.map_or(-1, |ms| i32::try_from(ms).unwrap_or(i32::MAX))
}

/// Widens `tick`, a 32-bit counter of milliseconds that wraps after 49.7 days, to 64 bits, and returns it. `last_ms` is what the last
/// call returned, 0 at first; at most 24 days lie between two calls. A tick that is a little behind gives `last_ms`.
#[unsafe(no_mangle)]
pub extern "C" fn sansocket_widen_ms(last_ms: u64, tick: u32) -> u64 {
    Instant::widen_millis(last_ms, tick)
}

/// Writes the agreed subprotocol to `subprotocol`. It points into the list that was set with `sansocket_config_set_subprotocols`.
///
/// Returns `SANSOCKET_ABSENT` if none was agreed, or what `sansocket_get_next_timeout` does.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_get_subprotocol(ws: *const sansocket, subprotocol: *mut sansocket_text) -> sansocket_result {
    let agreed = |endpoint: &'static Endpoint| endpoint.subprotocol().ok_or(sansocket_result::SANSOCKET_ABSENT);
    // SAFETY: the caller keeps to what stands at the top of the header.
    unsafe { look(ws, subprotocol, |endpoint| Ok(sansocket_text::of(agreed(endpoint)?.as_bytes()))) }
}

/// Writes the code of the peer's Close (§7.1.5) to `close_code`: 1005 if it had none, 1006 as long as no Close was received.
///
/// Returns what `sansocket_get_next_timeout` does.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_get_close_code(ws: *const sansocket, close_code: *mut u16) -> sansocket_result {
    // SAFETY: the caller keeps to what stands at the top of the header.
    unsafe { look(ws, close_code, |endpoint| Ok(endpoint.close_code().0)) }
}

/// Writes 1 to `was_clean` if the closing handshake was completed (§7.1.4), else 0.
///
/// Returns what `sansocket_get_next_timeout` does.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_get_was_clean(ws: *const sansocket, was_clean: *mut u8) -> sansocket_result {
    // SAFETY: the caller keeps to what stands at the top of the header.
    unsafe { look(ws, was_clean, |endpoint| Ok(u8::from(endpoint.was_clean()))) }
}

/// Writes the time between the last keepalive Ping that was answered by itself and its Pong, in microseconds, to `round_trip_us`.
///
/// Returns `SANSOCKET_ABSENT` before the first, or what `sansocket_get_next_timeout` does.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_get_round_trip_us(ws: *const sansocket, round_trip_us: *mut u64) -> sansocket_result {
    // SAFETY: the caller keeps to what stands at the top of the header.
    unsafe { look(ws, round_trip_us, |endpoint| round_trip(endpoint).ok_or(sansocket_result::SANSOCKET_ABSENT)) }
}

fn round_trip(endpoint: &Endpoint) -> Option<u64> {
    endpoint.round_trip().map(|time| u64::try_from(time.as_micros()).unwrap_or(u64::MAX))
}
