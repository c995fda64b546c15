//! `SessionConfig`, in memory of the caller's.

use core::ffi::{c_char, c_void};

use sansocket::UsageError;
use sansocket::ffi::sansocket_result;
use sansocket::ffi::support::{Opaque, Region, done, object, object_ref};

use super::numbers::{overflow, sansocket_session_option};
use crate::{Heartbeat, HeartbeatAnswer, SessionConfig};

/// How sessions dial, wait, queue and give up: one for any number of sessions. Its contents are the library's.
///
/// It is lent to the sessions that are initialised with it: it stays where it is, unchanged, until the last of them is no longer used.
#[repr(C)]
pub struct sansocket_session_config {
    /// Not for the caller.
    opaque: [u64; 24],
}

// SAFETY: the size and the alignment are asserted by `fill`; the words may be anything.
unsafe impl Opaque for sansocket_session_config {
    type Object = SessionConfig<'static>;
    const NAME: &'static [u8; 8] = b"sanssecf";
}

const _: () =
    assert!(size_of::<sansocket_session_config>() == 192 && align_of::<sansocket_session_config>() == align_of::<u64>());

/// The most redirects in a row that are followed, whatever the configuration says.
pub const SANSOCKET_SESSION_MAX_REDIRECTS: u8 = 5;

const _: () = assert!(SANSOCKET_SESSION_MAX_REDIRECTS == crate::MAX_REDIRECTS);

/// What sessions have that were given no configuration.
static DEFAULTS: SessionConfig<'static> = SessionConfig::new();

/// Sets an option, before the configuration is lent to a session.
///
/// Returns `SANSOCKET_OK`, `SANSOCKET_INVALID_ARGUMENT` for an option that does not exist, or `SANSOCKET_OUT_OF_RANGE`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_session_config_set(
    config: *mut sansocket_session_config,
    option: sansocket_session_option,
    value: u64,
) -> sansocket_result {
    // SAFETY: the caller has the configuration to itself until it lends it.
    done(unsafe { object(config) }.and_then(|config| set(config, option, value)))
}

fn set(config: &mut SessionConfig<'static>, option: sansocket_session_option, value: u64) -> Result<(), sansocket_result> {
    use sansocket_session_option as O;
    let out_of_range = sansocket_result::OUT_OF_RANGE;
    let wide = || u32::try_from(value).map_err(|_| out_of_range);
    let short = || u16::try_from(value).map_err(|_| out_of_range);
    let byte = || u8::try_from(value).map_err(|_| out_of_range);
    match option {
        O::CONNECT_TIMEOUT_MS => config.connect_timeout_ms = wide()?,
        O::FIRST_DELAY_MS => config.first_delay_ms = wide()?,
        O::MIN_DELAY_MS => config.min_delay_ms = wide()?,
        O::MAX_DELAY_MS => config.max_delay_ms = wide()?,
        O::FACTOR_PERCENT => config.factor_percent = short()?,
        O::JITTER_PERCENT => config.jitter_percent = byte()?,
        O::MIN_UPTIME_MS => config.min_uptime_ms = wide()?,
        O::MAX_FAILURES => config.max_failures = wide()?,
        O::MAX_REDIRECTS => config.max_redirects = byte()?,
        O::MAX_URL_LEN => config.max_url_len = short()?,
        O::MAX_RETRY_AFTER_S => config.max_retry_after_s = wide()?,
        O::OVERFLOW => config.overflow = overflow(value).ok_or(out_of_range)?,
        O::MAX_QUEUED => config.max_queued = wide()?,
        _ => return Err(sansocket_result::INVALID_ARGUMENT),
    }
    Ok(())
}

/// Sets the HTTP proxy, `http://user:password@host:port`, user and password being optional, and which hosts are dialled without it, as
/// `NO_PROXY` lists them: names, with a dot in front for what ends in them, addresses and ranges of addresses, `*` for all, separated by
/// commas. The proxy is asked for a tunnel (CONNECT) for `ws` too. A `proxy_len` of 0, the default, stands for none. Both texts are lent for
/// as long as the configuration is. The proxy's URL is checked by `sansocket_session_init`.
///
/// Returns `SANSOCKET_OK`, or `SANSOCKET_USAGE_INVALID_UTF8`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_session_config_set_proxy(
    config: *mut sansocket_session_config,
    proxy: *const c_char,
    proxy_len: usize,
    no_proxy: *const c_char,
    no_proxy_len: usize,
) -> sansocket_result {
    let set = || {
        // SAFETY: the caller has the configuration to itself until it lends it, and lends the texts for as long.
        unsafe {
            let config = object(config)?;
            let (proxy, no_proxy) = (text_at(proxy, proxy_len)?, text_at(no_proxy, no_proxy_len)?);
            (config.proxy, config.no_proxy) = (proxy, no_proxy);
        }
        Ok(())
    };
    done(set())
}

/// Sets a heartbeat: `text` is sent each `interval_ms` milliseconds while a connection is open, and if no message answers it within
/// `timeout_ms`, the connection is given up (`SANSOCKET_SESSION_CAUSE_HEARTBEAT_TIMEOUT`). For servers and clients that cannot see Pongs, and
/// for gateways that answer Pings themselves. The answer is a message that starts with `answer`, an event like others; any message if
/// `answer_len` is 0. A `text_len` of 0, the default, stands for no heartbeat. Both texts are lent for as long as the configuration is.
///
/// Returns `SANSOCKET_OK`, or `SANSOCKET_USAGE_INVALID_UTF8`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_session_config_set_heartbeat(
    config: *mut sansocket_session_config,
    text: *const c_char,
    text_len: usize,
    answer: *const c_char,
    answer_len: usize,
    interval_ms: u32,
    timeout_ms: u32,
) -> sansocket_result {
    let set = || {
        // SAFETY: the caller has the configuration to itself until it lends it, and lends the texts for as long.
        let (config, text, answer) = unsafe { (object(config)?, text_at(text, text_len)?, text_at(answer, answer_len)?) };
        let answer = if answer.is_empty() { HeartbeatAnswer::Any } else { HeartbeatAnswer::StartsWith(answer) };
        let heartbeat = Heartbeat::new(text, answer).interval_ms(interval_ms).timeout_ms(timeout_ms);
        config.heartbeat = (!text.is_empty()).then_some(heartbeat);
        Ok(())
    };
    done(set())
}

/// Returns how many bytes of a session's memory its URLs take; the rest is the queue. `config` is NULL for the defaults. 0 without a
/// configuration.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_session_config_url_memory_len(config: *const sansocket_session_config) -> usize {
    // SAFETY: the caller lends the configuration for the call.
    unsafe { lent_config(config) }.map_or(0, SessionConfig::url_memory_len)
}

/// What a session borrows; the defaults for NULL.
///
/// # Safety
/// NULL, or a `sansocket_session_config` that stays where it is, unchanged, for as long as the session is used.
pub(super) unsafe fn lent_config(
    config: *const sansocket_session_config,
) -> Result<&'static SessionConfig<'static>, sansocket_result> {
    if config.is_null() {
        return Ok(&DEFAULTS);
    }
    // SAFETY: what our caller promises; shared from here on.
    unsafe { object_ref(config) }
}

/// Text that is lent for as long as we need it.
///
/// # Safety
/// It is the caller's, unchanged, for `'a`.
pub unsafe fn text_at<'a>(data: *const c_char, len: usize) -> Result<&'a str, sansocket_result> {
    // SAFETY: what our caller promises.
    let bytes = unsafe { Region::new(data.cast::<c_void>().cast(), len)?.bytes() };
    core::str::from_utf8(bytes).map_err(|_| UsageError::InvalidUtf8.into())
}
