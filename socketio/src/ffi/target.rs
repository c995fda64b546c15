//! URLs, as Socket.IO's clients take them.

use core::ffi::{c_char, c_void};

use ::sansocket_session::ffi::support::text_at;
use sansocket::ffi::support::{Region, check_struct, write};
use sansocket::ffi::{sansocket_result, sansocket_text};

use crate::client::{DEFAULT_PATH, target};

/// Where to dial, and what to join there.
#[repr(C)]
pub struct sansocket_target {
    /// For the `url` of `sansocket_session_setup`, which copies it. It lies in the `out` of the call.
    pub url: sansocket_text,
    /// For `sansocket_socketio_connect`: the URL's path. It lies in the URL, or is a constant.
    pub namespace_name: sansocket_text,
}

/// Takes a URL as Socket.IO's other clients do, `http://host:port/namespace?query`, or `https`, `ws` or `wss`, and writes to `out` the URL of the
/// server's WebSocket; and where that and the namespace lie to `target`. `path` is where the server has Socket.IO: `/socket.io/` if `path_len`
/// is 0. The length of URL and path and 40 bytes more always suffice for `out`.
///
/// Returns `SANSOCKET_OK`, `SANSOCKET_URL_...`, `SANSOCKET_USAGE_BUFFER_TOO_SHORT` or `SANSOCKET_USAGE_INVALID_UTF8`. Nothing is written to
/// `target` unless it is `SANSOCKET_OK`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_socketio_target(
    url: *const c_char,
    url_len: usize,
    path: *const c_char,
    path_len: usize,
    out: *mut c_char,
    out_size: usize,
    target: *mut sansocket_target,
) -> sansocket_result {
    let find = || {
        check_struct(target)?;
        let out = Region::new(out.cast::<c_void>().cast(), out_size)?;
        Region::new(url.cast(), url_len)?.check_apart(out)?;
        Region::new(path.cast(), path_len)?.check_apart(out)?;
        // SAFETY: the caller lends all three for the call; what is read lies apart from what is written.
        let (url, path, place) = unsafe { (text_at(url, url_len)?, text_at(path, path_len)?, out.bytes_mut()) };
        let found = self::target(url, if path.is_empty() { DEFAULT_PATH } else { path }, place)?;
        Ok(sansocket_target {
            url: sansocket_text { data: out.start().cast(), len: found.url.len() },
            namespace_name: sansocket_text::of(found.namespace.as_bytes()),
        })
    };
    // SAFETY: `target` was checked; the caller's to be written.
    unsafe { write(target, find()) }
}
