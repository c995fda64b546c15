//! §3: URLs.

use super::memory::{Region, check_struct, write};
use super::numbers::sansocket_result;
use super::text::sansocket_text;
use crate::{Url, UsageError};
use core::ffi::c_char;

/// A `ws`, `wss`, `http` or `https` URL: where to connect, and what to ask for. All texts lie in the URL, or are constants.
#[repr(C)]
pub struct sansocket_url {
    /// The host to connect to; an IPv6 address without its brackets.
    pub host: sansocket_text,
    /// Host and port as the Host header has them, for `sansocket_client_request`: the port only if it is not the scheme's.
    pub authority: sansocket_text,
    /// Path and query, for `sansocket_client_request`.
    pub target: sansocket_text,
    /// The port to connect to: that of the scheme, 80 or 443, unless another is named.
    pub port: u16,
    /// 1 if TLS comes first: `wss` or `https`.
    pub is_secure: u8,
    /// 0 in this version.
    pub reserved: [u8; 5],
}

/// Cuts `url` into its parts and writes them to `parts`.
///
/// Returns `SANSOCKET_OK`, `SANSOCKET_URL_...` for the first part that is wrong, or `SANSOCKET_USAGE_INVALID_UTF8`. Nothing is
/// written unless it is `SANSOCKET_OK`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_url_parse(url: *const c_char, url_len: usize, parts: *mut sansocket_url) -> sansocket_result {
    let parse = || {
        check_struct(parts)?;
        // SAFETY: the caller lends the URL for the call.
        let url = unsafe { Region::new(url.cast(), url_len)?.bytes() };
        let url = Url::parse(core::str::from_utf8(url).map_err(|_| UsageError::InvalidUtf8)?)?;
        Ok(sansocket_url {
            host: sansocket_text::of(url.host().as_bytes()),
            authority: sansocket_text::of(url.authority().as_bytes()),
            target: sansocket_text::of(url.target().as_bytes()),
            port: url.port(),
            is_secure: url.is_secure().into(),
            reserved: [0; 5],
        })
    };
    // SAFETY: `parts` was checked; the caller's to be written.
    unsafe { write(parts, parse()) }
}
