//! §4, RFC 9112: heads of HTTP, read where they lie.

use super::config::{lent, sansocket_config};
use super::memory::{Region, check_struct, write};
use super::numbers::{sansocket_error, sansocket_result, sansocket_role};
use super::text::{sansocket_header, sansocket_text};
use crate::{Config, Headers, ProtocolError, Request, Response, Role, Tokens};
use core::ffi::c_char;

/// A request, read in place: all texts lie in the head, or are constants.
#[repr(C)]
pub struct sansocket_request_parts {
    /// `GET` in an opening handshake.
    pub method: sansocket_text,
    /// The target as it was sent: path and query, or a whole URL (RFC 9112 §3.2).
    pub target: sansocket_text,
    /// The path of the target, `/` if it has none.
    pub path: sansocket_text,
    /// The query of the target, after its `?`; `data` NULL if it has none.
    pub query: sansocket_text,
    /// The host that is asked for, with its port; `data` NULL if there is none.
    pub host: sansocket_text,
    /// The Origin header (§10.2); `data` NULL if there is none.
    pub origin: sansocket_text,
}

/// A response, read in place.
#[repr(C)]
pub struct sansocket_response_parts {
    /// The text after the status; often empty. It lies in the head.
    pub reason: sansocket_text,
    /// 101, or why not.
    pub status: u16,
    /// 0 in this version.
    pub reserved: [u8; 6],
}

/// Reads the head of a request and writes its parts to `parts`. `head` is that of an event, where it lies or a copy of it.
///
/// Returns `SANSOCKET_OK`, or `SANSOCKET_NOT_A_HEAD`; nothing is written unless it is `SANSOCKET_OK`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_request_parse(
    head: *const u8,
    head_len: usize,
    parts: *mut sansocket_request_parts,
) -> sansocket_result {
    let parse = || {
        check_struct(parts)?;
        // SAFETY: the caller lends the head for the call.
        let request = request(unsafe { Region::new(head, head_len)?.bytes() })?;
        let read = sansocket_request_parts {
            method: sansocket_text::of(request.method().as_bytes()),
            target: sansocket_text::of(request.target().as_bytes()),
            path: sansocket_text::of(request.path().as_bytes()),
            query: sansocket_text::of_option(request.query().map(str::as_bytes)),
            host: sansocket_text::of_option(request.host()),
            origin: sansocket_text::of_option(request.origin()),
        };
        Ok(read)
    };
    // SAFETY: `parts` was checked; the caller's to be written.
    unsafe { write(parts, parse()) }
}

/// Reads the head of a response and writes its parts to `parts`. `head` is that of an event, where it lies or a copy of it.
///
/// Returns what `sansocket_request_parse` does.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_response_parse(
    head: *const u8,
    head_len: usize,
    parts: *mut sansocket_response_parts,
) -> sansocket_result {
    let parse = || {
        check_struct(parts)?;
        // SAFETY: the caller lends the head for the call.
        let response = response(unsafe { Region::new(head, head_len)?.bytes() })?;
        let reason = sansocket_text::of(response.reason());
        Ok(sansocket_response_parts { reason, status: response.status(), reserved: [0; 6] })
    };
    // SAFETY: `parts` was checked; the caller's to be written.
    unsafe { write(parts, parse()) }
}

/// Returns the first subprotocol of `config` that the client offers in `head`, the head of a request, in the list of the
/// configuration. Its `data` is NULL if there is none, or where an argument is wrong.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_choose_subprotocol(
    config: *const sansocket_config,
    head: *const u8,
    head_len: usize,
) -> sansocket_text {
    // SAFETY: the caller lends configuration and head for the call.
    text(
        unsafe { lent(config) }
            .ok()
            .zip(unsafe { request_at(head, head_len) })
            .and_then(|(config, request)| request.choose_subprotocol(config)),
    )
}

/// Returns the subprotocol at `index`, counted from 0, of those that the client offers in `head`, the head of a request, in its
/// order of preference (§1.9). It lies in the head. Its `data` is NULL if there is none, or where an argument is wrong.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_request_subprotocol_at(head: *const u8, head_len: usize, index: usize) -> sansocket_text {
    // SAFETY: the caller lends the head for the call.
    text(unsafe { request_at(head, head_len) }.and_then(|request| request.subprotocols().nth(index)))
}

/// Returns the value of the first header called `name` in `head`, the head of a request or a response. It lies in the head. Its
/// `data` is NULL if there is none, or where an argument is wrong.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_head_header(
    head: *const u8,
    head_len: usize,
    name: *const c_char,
    name_len: usize,
) -> sansocket_text {
    // SAFETY: the caller lends head and name for the call.
    let (headers, name) = unsafe { (headers_at(head, head_len), Region::new(name.cast(), name_len).map(|name| name.bytes())) };
    let found = headers
        .zip(name.ok())
        .and_then(|(mut headers, name)| headers.find(|header| header.name.as_bytes().eq_ignore_ascii_case(name)));
    sansocket_text::of_option(found.map(|header| header.value))
}

/// Returns the header at `index`, counted from 0, of `head`, the head of a request or a response. It lies in the head.
/// `name.data` is NULL if there is none, or where an argument is wrong.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_head_header_at(head: *const u8, head_len: usize, index: usize) -> sansocket_header {
    // SAFETY: the caller lends the head for the call.
    let found = unsafe { headers_at(head, head_len) }.and_then(|mut headers| headers.nth(index));
    found.map_or(sansocket_header::NONE, |header| sansocket_header {
        name: sansocket_text::of(header.name.as_bytes()),
        value: sansocket_text::of(header.value),
    })
}

/// Returns the token at `index`, counted from 0, of the list in `value`, a header's value such as `chat, superchat`: what stands
/// between commas, up to the first member that is no token (RFC 9110 §5.6.1). It lies in `value`. Its `data` is NULL if there is
/// none, or where an argument is wrong.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_token_at(value: *const c_char, value_len: usize, index: usize) -> sansocket_text {
    // SAFETY: the caller lends the value for the call.
    let value = Region::new(value.cast(), value_len).map(|value| unsafe { value.bytes() });
    text(value.ok().and_then(|value| Tokens::of(value).nth(index)))
}

/// Looks for the end of the head at the start of `input`, within the limits of `config` (NULL for the defaults), and writes its
/// length to `head_len`. `sender` says whether it is a request (`SANSOCKET_CLIENT`) or a response (`SANSOCKET_SERVER`). It looks
/// at all of `input` each time. For those who do the opening handshake themselves: `sansocket_receive` does this.
///
/// Returns `SANSOCKET_OK`; `SANSOCKET_INCOMPLETE`; `SANSOCKET_NOT_A_HEAD`, and `error`, unless it is NULL, says why;
/// `SANSOCKET_INVALID_ARGUMENT` for a role that does not exist. `head_len` is written only with the first, `error` only with the
/// third of these.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_head_find(
    config: *const sansocket_config,
    sender: sansocket_role,
    input: *const u8,
    input_len: usize,
    head_len: *mut usize,
    error: *mut sansocket_error,
) -> sansocket_result {
    let find = || {
        check_struct(head_len)?;
        if !error.is_null() {
            check_struct(error)?;
        }
        // SAFETY: the caller lends configuration and input for the call.
        let (config, input) = unsafe { (lent(config)?, Region::new(input, input_len)?.bytes()) };
        let found = match sender.try_into()? {
            Role::Client => Request::parse(input, config).map(|request| request.map(|request| request.bytes().len())),
            Role::Server => Response::parse(input, config).map(|response| response.map(|response| response.bytes().len())),
        };
        let explain = |why: ProtocolError| {
            if !error.is_null() {
                // SAFETY: not NULL, aligned, and the caller's to be written.
                unsafe { error.write(why.into()) };
            }
            sansocket_result::NOT_A_HEAD
        };
        found.map_err(explain)?.ok_or(sansocket_result::INCOMPLETE)
    };
    // SAFETY: `head_len` was checked; the caller's to be written.
    unsafe { write(head_len, find()) }
}

/// The limits were applied when the head arrived; what a caller hands in besides is its own memory.
const UNLIMITED: Config<'static> = Config::new().max_head_len(u32::MAX).max_target_len(u32::MAX).max_header_lines(u16::MAX);

pub(super) fn request(head: &[u8]) -> Result<Request<'_>, sansocket_result> {
    Request::parse(head, &UNLIMITED).ok().flatten().ok_or(sansocket_result::NOT_A_HEAD)
}

fn response(head: &[u8]) -> Result<Response<'_>, sansocket_result> {
    Response::parse(head, &UNLIMITED).ok().flatten().ok_or(sansocket_result::NOT_A_HEAD)
}

fn text(text: Option<&str>) -> sansocket_text {
    sansocket_text::of_option(text.map(str::as_bytes))
}

/// # Safety
/// The head is the caller's for `'a`.
pub(super) unsafe fn request_at<'a>(head: *const u8, head_len: usize) -> Option<Request<'a>> {
    // SAFETY: what our caller promises.
    request(unsafe { Region::new(head, head_len).ok()?.bytes() }).ok()
}

/// The header lines of a head of either kind.
///
/// # Safety
/// The head is the caller's for `'a`.
unsafe fn headers_at<'a>(head: *const u8, head_len: usize) -> Option<Headers<'a>> {
    // SAFETY: what our caller promises.
    let head = unsafe { Region::new(head, head_len).ok()?.bytes() };
    let request = request(head).map(|request| request.headers());
    request.or_else(|_| response(head).map(|response| response.headers())).ok()
}
