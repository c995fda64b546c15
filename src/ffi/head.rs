//! §4, RFC 9112: heads of HTTP, read where they lie.

use super::config::{lent, sansocket_config};
use super::connection::sansocket_role;
use super::memory::{Region, check_struct, write};
use super::result::{sansocket_error, sansocket_result};
use crate::{Config, Headers, ProtocolError, Request, Response, Tokens};
use core::ffi::c_char;

/// Text of the caller's or in memory of the caller's: `len` bytes at `data`, without NUL at its end. Names, hosts, targets and
/// subprotocols are ASCII; the value of a header that was received may have any bytes but controls.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct sansocket_text {
    /// NULL for none.
    pub data: *const c_char,
    /// How many bytes.
    pub len: usize,
}

impl sansocket_text {
    const NONE: Self = Self { data: core::ptr::null(), len: 0 };

    pub(super) fn of(bytes: &[u8]) -> Self {
        Self { data: bytes.as_ptr().cast(), len: bytes.len() }
    }

    fn of_option(bytes: Option<&[u8]>) -> Self {
        bytes.map_or(Self::NONE, Self::of)
    }
}

/// One header line.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct sansocket_header {
    /// Compared without regard to case.
    pub name: sansocket_text,
    /// Without white space around it.
    pub value: sansocket_text,
}

/// A request, read in place: all texts lie in the head, or are constants.
#[repr(C)]
pub struct sansocket_request_parts {
    /// `GET` in an opening handshake.
    pub method: sansocket_text,
    /// The target as it was sent: path and query, or a whole URL (RFC 9112 §3.2).
    pub target: sansocket_text,
    /// The path of the target, `/` if it has none.
    pub path: sansocket_text,
    /// The query of the target, behind its `?`; `data` NULL if it has none.
    pub query: sansocket_text,
    /// The host that is asked for, with its port; `data` NULL if there is none.
    pub host: sansocket_text,
    /// The Origin header (§10.2); `data` NULL if there is none.
    pub origin: sansocket_text,
}

/// A response, read in place.
#[repr(C)]
pub struct sansocket_response_parts {
    /// The text behind the status; often empty. It lies in the head.
    pub reason: sansocket_text,
    /// 101, or why not.
    pub status: u16,
    /// 0 in this version.
    pub reserved: [u8; 6],
}

/// Reads the head of a request and writes its parts to `parts`. `head` is that of an event, where it lies or a copy of it.
///
/// Returns `SANSOCKET_OK`, `SANSOCKET_NOT_A_HEAD`, `SANSOCKET_NULL_POINTER`, `SANSOCKET_MISALIGNED` or
/// `SANSOCKET_LENGTH_TOO_LARGE`; nothing is written unless it is `SANSOCKET_OK`.
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

/// Writes to `subprotocol` the first subprotocol of `config` that the client offers in `head`. It points into the list of the
/// configuration.
///
/// Returns `SANSOCKET_OK`; `SANSOCKET_ABSENT` if there is none, and nothing is written; `SANSOCKET_NOT_A_HEAD`,
/// `SANSOCKET_NULL_POINTER`, `SANSOCKET_MISALIGNED`, `SANSOCKET_NOT_INITIALISED` (the configuration) or
/// `SANSOCKET_LENGTH_TOO_LARGE`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_choose_subprotocol(
    config: *const sansocket_config,
    head: *const u8,
    head_len: usize,
    subprotocol: *mut sansocket_text,
) -> sansocket_result {
    let choose = || {
        check_struct(subprotocol)?;
        // SAFETY: the caller lends configuration and head for the call.
        let (config, request) = unsafe { (lent(config)?, request(Region::new(head, head_len)?.bytes())?) };
        let chosen = request.choose_subprotocol(config).ok_or(sansocket_result::SANSOCKET_ABSENT)?;
        Ok(sansocket_text::of(chosen.as_bytes()))
    };
    // SAFETY: `subprotocol` was checked; the caller's to be written.
    unsafe { write(subprotocol, choose()) }
}

/// Writes to `value` that of the first header called `name` in `head`, the head of a request or a response. It lies in the head.
///
/// Returns `SANSOCKET_OK`; `SANSOCKET_ABSENT` if there is none, and nothing is written; `SANSOCKET_NOT_A_HEAD`,
/// `SANSOCKET_NULL_POINTER`, `SANSOCKET_MISALIGNED` or `SANSOCKET_LENGTH_TOO_LARGE`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_head_header(
    head: *const u8,
    head_len: usize,
    name: *const c_char,
    name_len: usize,
    value: *mut sansocket_text,
) -> sansocket_result {
    let find = || {
        check_struct(value)?;
        // SAFETY: the caller lends head and name for the call.
        let (head, name) = unsafe { (Region::new(head, head_len)?.bytes(), Region::new(name.cast(), name_len)?.bytes()) };
        let found = lines(head)?.find(|header| header.name.as_bytes().eq_ignore_ascii_case(name));
        Ok(sansocket_text::of(found.ok_or(sansocket_result::SANSOCKET_ABSENT)?.value))
    };
    // SAFETY: `value` was checked; the caller's to be written.
    unsafe { write(value, find()) }
}

/// Writes to `header` the header at `index`, counted from 0, of `head`, the head of a request or a response. It lies in the head.
///
/// Returns what `sansocket_head_header` does.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_head_header_at(
    head: *const u8,
    head_len: usize,
    index: usize,
    header: *mut sansocket_header,
) -> sansocket_result {
    let find = || {
        check_struct(header)?;
        // SAFETY: the caller lends the head for the call.
        let found = lines(unsafe { Region::new(head, head_len)?.bytes() })?.nth(index);
        let found = found.ok_or(sansocket_result::SANSOCKET_ABSENT)?;
        let found = sansocket_header { name: sansocket_text::of(found.name.as_bytes()), value: sansocket_text::of(found.value) };
        Ok(found)
    };
    // SAFETY: `header` was checked; the caller's to be written.
    unsafe { write(header, find()) }
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

/// Writes to `subprotocol` that at `index`, counted from 0, of those that the client offers in `head`, in its order of preference
/// (§1.9). It lies in the head.
///
/// Returns what `sansocket_head_header` does, for the head of a request.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_request_subprotocol_at(
    head: *const u8,
    head_len: usize,
    index: usize,
    subprotocol: *mut sansocket_text,
) -> sansocket_result {
    let find = || {
        check_struct(subprotocol)?;
        // SAFETY: the caller lends the head for the call.
        let offered = request(unsafe { Region::new(head, head_len)?.bytes() })?.subprotocols().nth(index);
        Ok(sansocket_text::of(offered.ok_or(sansocket_result::SANSOCKET_ABSENT)?.as_bytes()))
    };
    // SAFETY: `subprotocol` was checked; the caller's to be written.
    unsafe { write(subprotocol, find()) }
}

/// Writes to `token` that at `index`, counted from 0, of the list in `value`, a header's value such as `chat, superchat`: what stands
/// between commas, up to the first member that is no token (RFC 9110 §5.6.1). It lies in `value`.
///
/// Returns `SANSOCKET_OK`; `SANSOCKET_ABSENT` if there is none, and nothing is written; `SANSOCKET_NULL_POINTER`,
/// `SANSOCKET_MISALIGNED` or `SANSOCKET_LENGTH_TOO_LARGE`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_token_at(
    value: *const c_char,
    value_len: usize,
    index: usize,
    token: *mut sansocket_text,
) -> sansocket_result {
    let find = || {
        check_struct(token)?;
        // SAFETY: the caller lends the value for the call.
        let found = Tokens::of(unsafe { Region::new(value.cast(), value_len)?.bytes() }).nth(index);
        Ok(sansocket_text::of(found.ok_or(sansocket_result::SANSOCKET_ABSENT)?.as_bytes()))
    };
    // SAFETY: `token` was checked; the caller's to be written.
    unsafe { write(token, find()) }
}

/// Looks for the end of the head at the start of `input`, within the limits of `config` (NULL for the defaults), and writes its length
/// to `head_len`. `sender`, a `sansocket_role`, says whether it is a request (`SANSOCKET_CLIENT`) or a response (`SANSOCKET_SERVER`).
/// It looks at all of `input` each time. For those who do the opening handshake themselves: `sansocket_receive` does this.
///
/// Returns `SANSOCKET_OK`; `SANSOCKET_INCOMPLETE`; `SANSOCKET_NOT_A_HEAD`, and `error` is the `sansocket_error` that says why;
/// `SANSOCKET_INVALID_ARGUMENT` for a role that does not exist, `SANSOCKET_NULL_POINTER`, `SANSOCKET_MISALIGNED`,
/// `SANSOCKET_NOT_INITIALISED` (the configuration) or `SANSOCKET_LENGTH_TOO_LARGE`. `head_len` is written only with the first,
/// `error` only with the third of these; it may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_head_find(
    config: *const sansocket_config,
    sender: u32,
    input: *const u8,
    input_len: usize,
    head_len: *mut usize,
    error: *mut u32,
) -> sansocket_result {
    let find = || {
        check_struct(head_len)?;
        if !error.is_null() {
            check_struct(error)?;
        }
        // SAFETY: the caller lends configuration and input for the call.
        let (config, input) = unsafe { (lent(config)?, Region::new(input, input_len)?.bytes()) };
        let found = match sender {
            _ if sender == sansocket_role::SANSOCKET_CLIENT as u32 => {
                Request::parse(input, config).map(|request| request.map(|request| request.bytes().len()))
            }
            _ if sender == sansocket_role::SANSOCKET_SERVER as u32 => {
                Response::parse(input, config).map(|response| response.map(|response| response.bytes().len()))
            }
            _ => return Err(sansocket_result::SANSOCKET_INVALID_ARGUMENT),
        };
        let explain = |why: ProtocolError| {
            if !error.is_null() {
                // SAFETY: not NULL, aligned, and the caller's to be written.
                unsafe { error.write(sansocket_error::from(why) as u32) };
            }
            sansocket_result::SANSOCKET_NOT_A_HEAD
        };
        found.map_err(explain)?.ok_or(sansocket_result::SANSOCKET_INCOMPLETE)
    };
    // SAFETY: `head_len` was checked; the caller's to be written.
    unsafe { write(head_len, find()) }
}

/// The limits were applied when the head arrived; what a caller hands in besides is its own memory.
const UNLIMITED: Config<'static> = Config::new().max_head_len(u32::MAX).max_target_len(u32::MAX).max_header_lines(u16::MAX);

pub(super) fn request(head: &[u8]) -> Result<Request<'_>, sansocket_result> {
    Request::parse(head, &UNLIMITED).ok().flatten().ok_or(sansocket_result::SANSOCKET_NOT_A_HEAD)
}

fn response(head: &[u8]) -> Result<Response<'_>, sansocket_result> {
    Response::parse(head, &UNLIMITED).ok().flatten().ok_or(sansocket_result::SANSOCKET_NOT_A_HEAD)
}

/// The header lines of a head of either kind.
fn lines(head: &[u8]) -> Result<Headers<'_>, sansocket_result> {
    if let Ok(request) = request(head) {
        return Ok(request.headers());
    }
    Ok(response(head)?.headers())
}
