//! `ClientConfig`, in memory of the caller's.

use sansocket::ffi::sansocket_result;
use sansocket::ffi::support::{Opaque, done, object, object_ref};

use super::numbers::sansocket_socketio_option;
use crate::client::ClientConfig;

/// Limits and timeouts of Socket.IO clients: one for any number of them. Its contents are the library's.
///
/// It is lent to the clients that are initialised with it: it stays where it is, unchanged, until the last of them is no longer used.
#[repr(C)]
pub struct sansocket_socketio_config {
    /// Not for the caller.
    opaque: [u64; 8],
}

// SAFETY: the size and the alignment are asserted by `fill`; the words may be anything.
unsafe impl Opaque for sansocket_socketio_config {
    type Object = ClientConfig;
    const NAME: &'static [u8; 8] = b"sanssocf";
}

const _: () =
    assert!(size_of::<sansocket_socketio_config>() == 64 && align_of::<sansocket_socketio_config>() == align_of::<u64>());

/// What clients have that were given no configuration.
static DEFAULTS: ClientConfig = ClientConfig::new();

/// Sets an option, before the configuration is lent to a client.
///
/// Returns `SANSOCKET_OK`, `SANSOCKET_INVALID_ARGUMENT` for an option that does not exist, or `SANSOCKET_OUT_OF_RANGE`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_socketio_config_set(
    config: *mut sansocket_socketio_config,
    option: sansocket_socketio_option,
    value: u64,
) -> sansocket_result {
    // SAFETY: the caller has the configuration to itself until it lends it.
    done(unsafe { object(config) }.and_then(|config| set(config, option, value)))
}

fn set(config: &mut ClientConfig, option: sansocket_socketio_option, value: u64) -> Result<(), sansocket_result> {
    use sansocket_socketio_option as O;
    let out_of_range = sansocket_result::OUT_OF_RANGE;
    let short = || u16::try_from(value).map_err(|_| out_of_range);
    match option {
        O::NAMESPACE_LEN => config.namespace_len = short()?,
        O::OPEN_TIMEOUT_MS => config.open_timeout_ms = u32::try_from(value).map_err(|_| out_of_range)?,
        O::MAX_ATTACHMENTS => config.max_attachments = short()?,
        _ => return Err(sansocket_result::INVALID_ARGUMENT),
    }
    Ok(())
}

/// What a client borrows; the defaults for NULL.
///
/// # Safety
/// NULL, or a `sansocket_socketio_config` that stays where it is, unchanged, for as long as the client is used.
pub(super) unsafe fn lent_config(config: *const sansocket_socketio_config) -> Result<&'static ClientConfig, sansocket_result> {
    if config.is_null() {
        return Ok(&DEFAULTS);
    }
    // SAFETY: what our caller promises; shared from here on.
    unsafe { object_ref(config) }
}
