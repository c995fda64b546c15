//! `Config`, in memory of the caller's.

use super::memory::{Opaque, Region, object, object_ref};
use super::numbers::{done, sansocket_option, sansocket_result};
use crate::{Config, UsageError};
use core::ffi::c_char;

/// Limits, timeouts and subprotocols: one for any number of connections. Its contents are the library's.
///
/// It is lent to the connections that are initialised with it: it stays where it is, unchanged, until the last of them is no
/// longer used. Meanwhile any number of threads may have connections that use it.
#[repr(C)]
pub struct sansocket_config {
    /// Not for the caller.
    opaque: [u64; 16],
}

// SAFETY: the size and the alignment are asserted by `fill`; the words may be anything.
unsafe impl Opaque for sansocket_config {
    type Object = Config<'static>;
    const NAME: &'static [u8; 8] = b"sansconf";
}

const _: () = assert!(size_of::<sansocket_config>() == 128 && align_of::<sansocket_config>() == align_of::<u64>());

/// What connections have that were given no configuration.
static DEFAULTS: Config<'static> = Config::new();

/// Sets an option, before the configuration is lent to a connection.
///
/// Returns `SANSOCKET_OK`, `SANSOCKET_INVALID_ARGUMENT` for an option that does not exist, or `SANSOCKET_OUT_OF_RANGE`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_config_set(
    config: *mut sansocket_config,
    option: sansocket_option,
    value: u64,
) -> sansocket_result {
    // SAFETY: the caller has the configuration to itself until it lends it.
    done(unsafe { object(config) }.and_then(|config| {
        *config = set(*config, option, value)?;
        Ok(())
    }))
}

fn set(config: Config<'static>, option: sansocket_option, value: u64) -> Result<Config<'static>, sansocket_result> {
    use sansocket_option as O;
    let out_of_range = sansocket_result::OUT_OF_RANGE;
    let wide = || u32::try_from(value).map_err(|_| out_of_range);
    Ok(match option {
        O::MAX_MESSAGE_LEN => config.max_message_len(value),
        O::MAX_FRAGMENTS => config.max_fragments(wide()?),
        O::MAX_EMPTY_FRAMES => config.max_empty_frames(wide()?),
        O::MAX_HEAD_LEN => config.max_head_len(wide()?),
        O::MAX_TARGET_LEN => config.max_target_len(wide()?),
        O::MAX_HEADER_LINES => config.max_header_lines(u16::try_from(value).map_err(|_| out_of_range)?),
        O::MAX_INTERIM_RESPONSES => config.max_interim_responses(u8::try_from(value).map_err(|_| out_of_range)?),
        O::AUTO_PONG => match value {
            0 | 1 => config.auto_pong(value == 1),
            _ => return Err(out_of_range),
        },
        O::HANDSHAKE_TIMEOUT_MS => config.handshake_timeout_ms(wide()?),
        O::CLOSING_TIMEOUT_MS => config.closing_timeout_ms(wide()?),
        O::KEEPALIVE_INTERVAL_MS => config.keepalive_interval_ms(wide()?),
        O::PONG_TIMEOUT_MS => config.pong_timeout_ms(wide()?),
        O::IDLE_TIMEOUT_MS => config.idle_timeout_ms(wide()?),
        O::MIN_WRITE_RATE => config.min_write_rate(wide()?),
        O::WRITE_TIMEOUT_MS => config.write_timeout_ms(wide()?),
        _ => return Err(sansocket_result::INVALID_ARGUMENT),
    })
}

/// Sets the subprotocols that this endpoint speaks, in order of preference, as the header writes them: `chat, superchat`. A
/// client offers all of them; a server picks from them (`sansocket_choose_subprotocol`). `list` is lent for as long as the
/// configuration is. The names are checked when an opening handshake is written. A `len` of 0, the default, stands for none.
///
/// Returns `SANSOCKET_OK`, or `SANSOCKET_USAGE_INVALID_SUBPROTOCOL` for what is not even UTF-8.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_config_set_subprotocols(
    config: *mut sansocket_config,
    list: *const c_char,
    len: usize,
) -> sansocket_result {
    let set = || {
        // SAFETY: the caller has the configuration to itself until it lends it.
        let config = unsafe { object(config) }?;
        // SAFETY: the caller lends the list for as long as the configuration.
        let list = unsafe { Region::new(list.cast(), len)?.bytes() };
        let list = core::str::from_utf8(list).map_err(|_| sansocket_result::from(UsageError::InvalidSubprotocol))?;
        *config = config.subprotocols(list);
        Ok(())
    };
    done(set())
}

/// What a connection borrows; the defaults for NULL.
///
/// # Safety
/// NULL, or a `sansocket_config` that stays where it is, unchanged, for as long as the connection is used.
pub unsafe fn lent(config: *const sansocket_config) -> Result<&'static Config<'static>, sansocket_result> {
    if config.is_null() {
        return Ok(&DEFAULTS);
    }
    // SAFETY: what our caller promises; shared from here on.
    unsafe { object_ref(config) }
}
