//! `Config`, in memory of the caller's.

use super::memory::{Opaque, Region, fill, object, object_ref};
use super::result::{done, sansocket_result};
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

const _: () = assert!(size_of::<sansocket_config>() == 128 && align_of::<sansocket_config>() == 8);

/// What connections have that were given no configuration.
static DEFAULTS: Config<'static> = Config::new();

/// What can be set, by `sansocket_config_set`. Lengths are in bytes; times in milliseconds, where 0 turns a deadline off.
#[repr(u32)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum sansocket_option {
    /// Bytes of a message: 16 777 216 unless set. 64 bits.
    SANSOCKET_MAX_MESSAGE_LEN = 1,
    /// Fragments of a message, empty ones counted: 65 536. 32 bits.
    SANSOCKET_MAX_FRAGMENTS = 2,
    /// Empty data frames between two bytes of payload: 1 024. 32 bits.
    SANSOCKET_MAX_EMPTY_FRAMES = 3,
    /// Bytes of a handshake head: 8 192. 32 bits. A caller whose buffer is smaller sets the size of that buffer.
    SANSOCKET_MAX_HEAD_LEN = 4,
    /// Bytes of a request target: 4 096. 32 bits.
    SANSOCKET_MAX_TARGET_LEN = 5,
    /// Header lines in a head: 100. 16 bits.
    SANSOCKET_MAX_HEADER_LINES = 6,
    /// Interim (1xx) responses before the final one, for a client: 8. 8 bits.
    SANSOCKET_MAX_INTERIM_RESPONSES = 7,
    /// Whether `sansocket_receive` answers Pings itself (§5.5.2): 1. Or 0.
    SANSOCKET_AUTO_PONG = 8,
    /// From the start to the end of the opening handshake: 10 000 ms. 32 bits, as the times below.
    SANSOCKET_HANDSHAKE_TIMEOUT_MS = 9,
    /// From our Close, or from a failure, to the end of the connection: 5 000 ms.
    SANSOCKET_CLOSING_TIMEOUT_MS = 10,
    /// Between two keepalive Pings: 25 000 ms.
    SANSOCKET_KEEPALIVE_INTERVAL_MS = 11,
    /// From a keepalive Ping to its Pong: 20 000 ms.
    SANSOCKET_PONG_TIMEOUT_MS = 12,
    /// Without any byte from the peer: 0, off.
    SANSOCKET_IDLE_TIMEOUT_MS = 13,
    /// Bytes a second at which a peer has to take what was due before our Close, on average, if it is to have longer than
    /// `SANSOCKET_CLOSING_TIMEOUT_MS` for it: 240. With 0 any byte will do. For callers of `sansocket_written`. 32 bits.
    SANSOCKET_MIN_WRITE_RATE = 14,
}

/// Sets every option to its default. `size` is `sizeof *config`, `abi_version` is `SANSOCKET_ABI_VERSION`. The memory may have
/// any contents before; there is nothing to free.
///
/// Returns `SANSOCKET_OK`, `SANSOCKET_NULL_POINTER`, `SANSOCKET_MISALIGNED`, `SANSOCKET_WRONG_SIZE` or
/// `SANSOCKET_WRONG_VERSION`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_config_init(config: *mut sansocket_config, size: usize, abi_version: u32) -> sansocket_result {
    // SAFETY: the caller's memory of that size.
    done(unsafe { fill(config, size, abi_version, || Ok(Config::new())) })
}

/// Sets an option (`sansocket_option`), before the configuration is lent to a connection.
///
/// Returns `SANSOCKET_OK`, `SANSOCKET_INVALID_ARGUMENT` for an option that does not exist, `SANSOCKET_OUT_OF_RANGE`,
/// `SANSOCKET_NULL_POINTER`, `SANSOCKET_MISALIGNED` or `SANSOCKET_NOT_INITIALISED`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_config_set(config: *mut sansocket_config, option: u32, value: u64) -> sansocket_result {
    // SAFETY: the caller has the configuration to itself until it lends it.
    done(unsafe { object(config) }.and_then(|config| {
        *config = set(*config, option, value)?;
        Ok(())
    }))
}

fn set(config: Config<'static>, option: u32, value: u64) -> Result<Config<'static>, sansocket_result> {
    use sansocket_option as O;
    let wide = || u32::try_from(value).map_err(|_| sansocket_result::SANSOCKET_OUT_OF_RANGE);
    let out_of_range = sansocket_result::SANSOCKET_OUT_OF_RANGE;
    let is = |named: O| option == named as u32;
    Ok(match () {
        () if is(O::SANSOCKET_MAX_MESSAGE_LEN) => config.max_message_len(value),
        () if is(O::SANSOCKET_MAX_FRAGMENTS) => config.max_fragments(wide()?),
        () if is(O::SANSOCKET_MAX_EMPTY_FRAMES) => config.max_empty_frames(wide()?),
        () if is(O::SANSOCKET_MAX_HEAD_LEN) => config.max_head_len(wide()?),
        () if is(O::SANSOCKET_MAX_TARGET_LEN) => config.max_target_len(wide()?),
        () if is(O::SANSOCKET_MAX_HEADER_LINES) => config.max_header_lines(u16::try_from(value).map_err(|_| out_of_range)?),
        () if is(O::SANSOCKET_MAX_INTERIM_RESPONSES) => {
            config.max_interim_responses(u8::try_from(value).map_err(|_| out_of_range)?)
        }
        () if is(O::SANSOCKET_AUTO_PONG) => match value {
            0 | 1 => config.auto_pong(value == 1),
            _ => return Err(out_of_range),
        },
        () if is(O::SANSOCKET_HANDSHAKE_TIMEOUT_MS) => config.handshake_timeout_ms(wide()?),
        () if is(O::SANSOCKET_CLOSING_TIMEOUT_MS) => config.closing_timeout_ms(wide()?),
        () if is(O::SANSOCKET_KEEPALIVE_INTERVAL_MS) => config.keepalive_interval_ms(wide()?),
        () if is(O::SANSOCKET_PONG_TIMEOUT_MS) => config.pong_timeout_ms(wide()?),
        () if is(O::SANSOCKET_IDLE_TIMEOUT_MS) => config.idle_timeout_ms(wide()?),
        () if is(O::SANSOCKET_MIN_WRITE_RATE) => config.min_write_rate(wide()?),
        () => return Err(sansocket_result::SANSOCKET_INVALID_ARGUMENT),
    })
}

/// Sets the subprotocols that this endpoint speaks, in order of preference, as the header writes them: `chat, superchat`. A client
/// offers all of them, a server's `sansocket_accept` picks from them. `list` is lent as the configuration is. The names are checked
/// by the verbs of the opening handshake. `len` of 0 for none, which is the default; `list` may be NULL then.
///
/// Returns `SANSOCKET_OK`, `SANSOCKET_USAGE_INVALID_SUBPROTOCOL` for what is not even UTF-8, `SANSOCKET_NULL_POINTER`,
/// `SANSOCKET_LENGTH_TOO_LARGE`, `SANSOCKET_MISALIGNED` or `SANSOCKET_NOT_INITIALISED`.
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
pub(super) unsafe fn lent(config: *const sansocket_config) -> Result<&'static Config<'static>, sansocket_result> {
    if config.is_null() {
        return Ok(&DEFAULTS);
    }
    // SAFETY: what our caller promises; shared from here on.
    unsafe { object_ref(config) }
}
