//! The transport: when to dial, and what is reported of it.

use sansocket::Instant;
use sansocket::ffi::support::{check_struct, done, write};
use sansocket::ffi::{sansocket_bytes, sansocket_result, sansocket_text};

use super::numbers::{sansocket_dial_error, sansocket_session_transport, session_result};
use super::place::{NO_BYTES, Placed, bytes_of, placed, placed_ref, sansocket_session};
use crate::{Epoch, Transport};

/// Where to dial, or for which host to start TLS in a proxy's tunnel.
#[repr(C)]
pub struct sansocket_dial {
    /// The host to connect to: the server's or the proxy's; an IPv6 address without its brackets. With `SANSOCKET_SESSION_TRANSPORT_START_TLS`
    /// the server's name, for SNI and the certificate. It lies in the session's memory, until `sansocket_session_set_url` changes it, or in
    /// the configuration; without NUL at its end.
    pub host: sansocket_text,
    /// Which dial this is. The reports of its transport name it.
    pub epoch: u32,
    /// How many dials that failed and connections that ended came before this in a row: 0 for the first dial.
    pub failures: u32,
    /// The port to connect to; 0 with `SANSOCKET_SESSION_TRANSPORT_START_TLS`.
    pub port: u16,
    /// 1 if TLS is started before `sansocket_session_connected` is reported, with `host` as its name. Through a proxy it comes later.
    pub tls: u8,
    /// 1 if it is the proxy's.
    pub is_proxy: u8,
    /// 0 in this version.
    pub reserved: u32,
}

/// Returns what to do with the transport now; `SANSOCKET_SESSION_TRANSPORT_NONE` without a session.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_session_get_transport(session: *const sansocket_session) -> sansocket_session_transport {
    // SAFETY: the caller keeps to what stands at the top of the header.
    unsafe { placed_ref(session) }.map_or(sansocket_session_transport::NONE, |placed| match placed.life.transport() {
        Transport::None => sansocket_session_transport::NONE,
        Transport::Dial(_) => sansocket_session_transport::DIAL,
        Transport::StartTls { .. } => sansocket_session_transport::START_TLS,
        Transport::Keep => sansocket_session_transport::KEEP,
        Transport::ShutdownWrite => sansocket_session_transport::SHUTDOWN_WRITE,
    })
}

/// Writes to `dial` where to dial, while the transport's order is `SANSOCKET_SESSION_TRANSPORT_DIAL`; or for which host to start TLS, while
/// it is `SANSOCKET_SESSION_TRANSPORT_START_TLS`.
///
/// Returns `SANSOCKET_OK`, or `SANSOCKET_SESSION_NOT_NOW` with another order. Nothing is written unless it is `SANSOCKET_OK`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_session_dial(
    session: *const sansocket_session,
    dial: *mut sansocket_dial,
) -> sansocket_result {
    let find = || {
        check_struct(dial)?;
        // SAFETY: the caller keeps to what stands at the top of the header.
        let placed = unsafe { placed_ref(session) }?;
        let failures = placed.life.failures();
        match placed.life.transport() {
            Transport::Dial(dial) => Ok(sansocket_dial {
                host: placed.text(dial.host),
                epoch: dial.epoch.number(),
                failures,
                port: dial.port,
                tls: dial.tls.into(),
                is_proxy: dial.is_proxy.into(),
                reserved: 0,
            }),
            Transport::StartTls { host, epoch } => Ok(sansocket_dial {
                host: placed.text(host),
                epoch: epoch.number(),
                failures,
                port: 0,
                tls: 1,
                is_proxy: 0,
                reserved: 0,
            }),
            _ => Err(session_result::NOT_NOW.into()),
        }
    };
    // SAFETY: `dial` was checked; the caller's to be written.
    unsafe { write(dial, find()) }
}

/// Says that the transport of this epoch stands: connected to the host of `sansocket_session_dial`, with TLS if that says so, or with TLS
/// in the tunnel.
///
/// Reports name the epoch of their dial; what is reported of a transport that was given up, or at the wrong time, is ignored. Returns
/// `SANSOCKET_OK`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_session_connected(
    session: *mut sansocket_session,
    epoch: u32,
    now_ms: u64,
) -> sansocket_result {
    // SAFETY: the caller keeps to what stands at the top of the header.
    done(unsafe { placed(session) }.map(|placed| placed.life.connected(Epoch::from_number(epoch), Instant::from_millis(now_ms))))
}

/// Says that there is no transport, or that TLS has failed: after `SANSOCKET_DIAL_ERROR_CERTIFICATE` and `_NO_TLS` the session gives
/// up, after others it waits and dials again. Returns `SANSOCKET_OK`, or `SANSOCKET_INVALID_ARGUMENT` for an error that does not exist.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_session_dial_failed(
    session: *mut sansocket_session,
    epoch: u32,
    error: sansocket_dial_error,
) -> sansocket_result {
    // SAFETY: the caller keeps to what stands at the top of the header.
    done(unsafe { placed(session) }.and_then(|placed| {
        placed.life.dial_failed(Epoch::from_number(epoch), error.try_into()?);
        Ok(())
    }))
}

/// Returns what is to be written to the transport, in this order; `data` is NULL if there is nothing. It stays where it is until
/// `sansocket_session_written`, whatever is sent meanwhile. To be read only.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_session_due(session: *const sansocket_session) -> sansocket_bytes {
    // SAFETY: the caller keeps to what stands at the top of the header.
    bytes_of(unsafe { placed_ref(session) }.map(|placed| (placed.life.due(), placed.output)))
}

/// Says that the transport of this epoch took the first `n` bytes of what is due; with TLS, the transport below it. 0 is allowed. Call
/// `sansocket_session_next` before you wait: there may be room for events and for the queue again.
///
/// Returns `SANSOCKET_OK`, or `SANSOCKET_INVALID_ARGUMENT` if `n` is more than is due.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_session_written(
    session: *mut sansocket_session,
    epoch: u32,
    n: usize,
    now_ms: u64,
) -> sansocket_result {
    // SAFETY: the caller keeps to what stands at the top of the header.
    unsafe {
        report(session, epoch, |placed, epoch| {
            check_count(n, placed.life.due().len())?;
            placed.life.written(epoch, n, Instant::from_millis(now_ms));
            Ok(())
        })
    }
}

/// Says that the transport of this epoch takes no more. What has arrived can still be read, until `sansocket_session_eof`; what is sent
/// waits for the next connection. Returns `SANSOCKET_OK`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_session_write_failed(session: *mut sansocket_session, epoch: u32) -> sansocket_result {
    // SAFETY: the caller keeps to what stands at the top of the header.
    unsafe {
        report(session, epoch, |placed, epoch| {
            placed.life.write_failed(epoch);
            Ok(())
        })
    }
}

/// Returns where the transport's next bytes go. `data` is NULL if nothing should be read now. It stays where it is until
/// `sansocket_session_filled`, so that a read may be under way.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_session_space(session: *mut sansocket_session) -> sansocket_bytes {
    // SAFETY: the caller keeps to what stands at the top of the header.
    let Ok(placed) = (unsafe { placed(session) }) else { return NO_BYTES };
    let input = placed.input;
    placed.life.space().map_or(NO_BYTES, |space| sansocket_bytes::of(space, input))
}

/// Says that the transport of this epoch has put `n` bytes at the start of the space. 0 says that there was nothing to read: the deadlines
/// up to `now_ms` may act. Report that too after each wait while there is a transport, also while there is no space: without it no deadline
/// of the connection acts. (A `recv` of 0 is the end of the input: `sansocket_session_eof`.)
///
/// Returns `SANSOCKET_OK`, or `SANSOCKET_INVALID_ARGUMENT` if `n` is more than the space.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_session_filled(
    session: *mut sansocket_session,
    epoch: u32,
    n: usize,
    now_ms: u64,
) -> sansocket_result {
    // SAFETY: the caller keeps to what stands at the top of the header.
    unsafe {
        report(session, epoch, |placed, epoch| {
            check_count(n, placed.free())?;
            placed.life.filled(epoch, n, Instant::from_millis(now_ms));
            Ok(())
        })
    }
}

/// Says that the input of the transport of this epoch has ended, in order or by a reset. It takes effect after all that arrived before.
/// Returns `SANSOCKET_OK`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_session_eof(session: *mut sansocket_session, epoch: u32) -> sansocket_result {
    // SAFETY: the caller keeps to what stands at the top of the header.
    unsafe {
        report(session, epoch, |placed, epoch| {
            placed.life.eof(epoch);
            Ok(())
        })
    }
}

/// Carries out a report of a transport; nothing if that was given up.
///
/// # Safety
/// What stands at the top of the header.
unsafe fn report(
    session: *mut sansocket_session,
    epoch: u32,
    act: impl FnOnce(&mut Placed, Epoch) -> Result<(), sansocket_result>,
) -> sansocket_result {
    // SAFETY: what our caller promises.
    done(unsafe { placed(session) }.and_then(|placed| {
        let epoch = Epoch::from_number(epoch);
        if placed.life.epoch() == epoch { act(placed, epoch) } else { Ok(()) }
    }))
}

/// A count of bytes, which is no more than there are: -1, from a `read` or `write` that failed, is too many.
fn check_count(n: usize, len: usize) -> Result<(), sansocket_result> {
    if n <= len { Ok(()) } else { Err(sansocket_result::INVALID_ARGUMENT) }
}
