//! RFC 7617: credentials for a header, from a user name and a password or from a URL.

use core::ffi::{c_char, c_void};

use sansocket::UsageError;
use sansocket::ffi::support::{Lender, Region, check_struct, write};
use sansocket::ffi::{sansocket_result, sansocket_text};

use crate::{CredentialsError, basic, split_user_info};

/// A URL whose user and password are apart from it.
#[repr(C)]
pub struct sansocket_split_url {
    /// The URL without them, for `sansocket_session_setup`.
    pub url: sansocket_text,
    /// The value of an Authorization header, `Basic ...`; `data` NULL if the URL had neither user nor password.
    pub authorization: sansocket_text,
}

/// Writes the value of an Authorization or Proxy-Authorization header to `out`: `Basic`, and the base64 form of `user:password`; and where
/// it lies to `value`. `out` needs 6 + 4 * ((n + 2) / 3) bytes, where n counts user, colon and password; it holds a secret afterwards.
///
/// Returns `SANSOCKET_OK`, `SANSOCKET_SESSION_COLON_IN_USER`, `SANSOCKET_SESSION_CONTROL_CHARACTER`, or
/// `SANSOCKET_USAGE_BUFFER_TOO_SHORT`. Nothing is written unless it is `SANSOCKET_OK`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_basic_credentials(
    user: *const c_char,
    user_len: usize,
    password: *const c_char,
    password_len: usize,
    out: *mut c_char,
    out_size: usize,
    value: *mut sansocket_text,
) -> sansocket_result {
    let encode = || {
        check_struct(value)?;
        let out = Region::new(out.cast::<c_void>().cast(), out_size)?;
        let lender = Lender::new(out);
        // SAFETY: the caller lends all three for the call; what is read lies apart from what is written.
        let (user, password, place) =
            unsafe { (lender.bytes(user.cast(), user_len)?, lender.bytes(password.cast(), password_len)?, out.bytes_mut()) };
        let len = basic(user, password, place)?.len();
        Ok(sansocket_text { data: out.start().cast(), len })
    };
    // SAFETY: `value` was checked; the caller's to be written.
    unsafe { write(value, encode()) }
}

/// Cuts user and password out of a URL, `wss://user:password@host/path`, and writes to `out` the URL without them and after it the value of
/// an Authorization header; and where they lie to `split`. Twice the URL's length and 16 bytes more always suffice for `out`, which may hold
/// a secret afterwards. The rest of the URL is not checked.
///
/// Returns `SANSOCKET_OK`, `SANSOCKET_SESSION_CONTROL_CHARACTER`, `_COLON_IN_USER` or `_INVALID_PERCENT_ENCODING`,
/// `SANSOCKET_USAGE_INVALID_UTF8`, or `SANSOCKET_USAGE_BUFFER_TOO_SHORT`. Nothing is written to `split` unless it is `SANSOCKET_OK`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_split_url_user(
    url: *const c_char,
    url_len: usize,
    out: *mut c_char,
    out_size: usize,
    split: *mut sansocket_split_url,
) -> sansocket_result {
    let cut = || {
        check_struct(split)?;
        let out = Region::new(out.cast::<c_void>().cast(), out_size)?;
        // SAFETY: the caller lends both for the call; what is read lies apart from what is written.
        let (url, place) = unsafe {
            let url = Lender::new(out).text(url, url_len, UsageError::InvalidUtf8).map_err(|refusal| refusal.result)?;
            (url, out.bytes_mut())
        };
        let split = split_user_info(url);
        let plain_len = split.join(place)?.len();
        let rest = place.get_mut(plain_len..).ok_or(CredentialsError::TooLong)?;
        let value_len = split.user_info.map(|user_info| user_info.basic(rest).map(str::len)).transpose()?;
        let at = |region: Region, len| sansocket_text { data: region.start().cast(), len };
        let rest = out.past(plain_len)?;
        Ok(sansocket_split_url {
            url: at(out, plain_len),
            authorization: value_len.map_or(sansocket_text::of_option(None), |len| at(rest, len)),
        })
    };
    // SAFETY: `split` was checked; the caller's to be written.
    unsafe { write(split, cut()) }
}
