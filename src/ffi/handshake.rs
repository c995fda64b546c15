//! §4: the opening handshake. Heads are read where they lie; the verbs that answer them take what they add as structs.

use super::config::{lent, sansocket_config};
use super::connection::sansocket;
use super::io::{Call, give_octets, sansocket_io};
use super::memory::{Region, check_struct};
use super::result::{Refusal, done, sansocket_result};
use crate::{Accept, ClientRequest, Config, Header, Headers, Origin, Request, Response, UsageError};
use core::ffi::{c_char, c_void};

/// Text of the caller's or in memory of the caller's: `len` octets at `data`, without NUL at its end. Names, hosts, targets and
/// subprotocols are ASCII; the value of a header that was received may have any octets but controls.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct sansocket_text {
    /// NULL for none.
    pub data: *const c_char,
    /// How many octets.
    pub len: usize,
}

impl sansocket_text {
    const NONE: Self = Self { data: core::ptr::null(), len: 0 };

    pub(super) fn of(octets: &[u8]) -> Self {
        Self { data: octets.as_ptr().cast(), len: octets.len() }
    }

    fn of_option(octets: Option<&[u8]>) -> Self {
        octets.map_or(Self::NONE, Self::of)
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

/// The most headers, and the most origins, that a verb takes.
pub const SANSOCKET_MAX_LIST: usize = 16;

/// What a client asks for. The subprotocols it offers are those of its configuration. Begin with all of it zero.
#[repr(C)]
pub struct sansocket_client_request {
    /// Host, with the port unless it is the scheme's default: `example.com:8080`, `[::1]:9001`.
    pub host: sansocket_text,
    /// Path and query: `/chat?room=1`. Never empty.
    pub target: sansocket_text,
    /// Origin (§4.1), which browsers send and others may; `data` NULL for none.
    pub origin: sansocket_text,
    /// Further headers: Authorization, Cookie, User-Agent. NULL for none.
    pub headers: *const sansocket_header,
    /// How many, at most `SANSOCKET_MAX_LIST`.
    pub header_count: usize,
    /// 0.
    pub reserved: [u64; 2],
}

/// Which pages may connect (§10.2). There is no default: a server that authenticates by cookies and takes any origin can be used by
/// every page that its users visit.
#[repr(u32)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum sansocket_origin {
    /// Any: for public services, for those that authenticate inside the connection, and where the caller checked it.
    SANSOCKET_ORIGIN_ANY = 1,
    /// Those in `origins`, compared octet by octet: `https://example.com`. A request without Origin does not come from a browser's
    /// page and passes.
    SANSOCKET_ORIGIN_ONE_OF = 2,
}

/// How a server accepts an opening handshake. Begin with all of it zero.
#[repr(C)]
pub struct sansocket_acceptance {
    /// The decision on the request's Origin: a `sansocket_origin`.
    pub origin: u32,
    /// 0.
    pub reserved: u32,
    /// The origins, for `SANSOCKET_ORIGIN_ONE_OF`; NULL for none.
    pub origins: *const sansocket_text,
    /// How many, at most `SANSOCKET_MAX_LIST`.
    pub origin_count: usize,
    /// The subprotocol, out of those that the client offers and the configuration lists (`sansocket_choose_subprotocol`); `data` NULL
    /// for none.
    pub subprotocol: sansocket_text,
    /// Further headers, such as Set-Cookie. NULL for none.
    pub headers: *const sansocket_header,
    /// How many, at most `SANSOCKET_MAX_LIST`.
    pub header_count: usize,
    /// 0.
    pub reserved_more: [u64; 2],
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

/// Writes a client's opening handshake (§4.1). What `request` points to is needed only during the call.
///
/// Returns `SANSOCKET_OK`, `SANSOCKET_NEEDS_ROOM`, `SANSOCKET_ENTROPY_FAILED`, `SANSOCKET_USAGE_NOT_CONNECTING`,
/// `SANSOCKET_USAGE_WRONG_ROLE`, `SANSOCKET_USAGE_INVALID_HOST`, `_INVALID_TARGET`, `_INVALID_HEADER` (the origin, too),
/// `_RESERVED_HEADER`, `_INVALID_SUBPROTOCOL` (the configuration's), `SANSOCKET_LIST_TOO_LONG`, `SANSOCKET_NULL_POINTER`,
/// `SANSOCKET_MISALIGNED`, `SANSOCKET_NOT_INITIALISED`, `SANSOCKET_LENGTH_TOO_LARGE` or `SANSOCKET_OVERLAP`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_request(
    ws: *mut sansocket,
    io: *mut sansocket_io,
    request: *const sansocket_client_request,
) -> sansocket_result {
    // SAFETY: the caller keeps to what stands at the top of the header, and lends what the request points to.
    unsafe {
        give_octets(ws, io, |call, output| {
            check_struct(request)?;
            let mut room = NO_HEADERS;
            let request = &*request;
            let request = ClientRequest {
                host: call.text(request.host.data, request.host.len, UsageError::InvalidHost)?,
                target: call.text(request.target.data, request.target.len, UsageError::InvalidTarget)?,
                origin: optional(call, request.origin, UsageError::InvalidHeader)?,
                headers: headers(call, request.headers, request.header_count, &mut room)?,
            };
            Ok(call.endpoint.request(&request, call.now, output)?)
        })
    }
}

/// Accepts the opening handshake that `SANSOCKET_EVENT_REQUEST` showed (§4.2.2): writes the 101. The connection is open then. `head`
/// is that of the event, where it lies or a copy of it; what `acceptance` points to is needed only during the call.
///
/// Returns `SANSOCKET_OK`, `SANSOCKET_NEEDS_ROOM`, `SANSOCKET_USAGE_NOT_CONNECTING`, `SANSOCKET_USAGE_WRONG_ROLE`,
/// `SANSOCKET_USAGE_ORIGIN_NOT_ALLOWED`, `_NOT_AN_OPENING_HANDSHAKE`, `_UNOFFERED_SUBPROTOCOL`, `_INVALID_SUBPROTOCOL`,
/// `_INVALID_HEADER`, `_RESERVED_HEADER`, `SANSOCKET_NOT_A_HEAD`, `SANSOCKET_INVALID_ARGUMENT` where no decision on the Origin was
/// made, `SANSOCKET_LIST_TOO_LONG`, or the results for pointers and lengths that `sansocket_request` has.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_accept(
    ws: *mut sansocket,
    io: *mut sansocket_io,
    head: *const u8,
    head_len: usize,
    acceptance: *const sansocket_acceptance,
) -> sansocket_result {
    // SAFETY: the caller keeps to what stands at the top of the header, and lends head and what the acceptance points to.
    unsafe {
        give_octets(ws, io, |call, output| {
            check_struct(acceptance)?;
            let request = request(call.lent(head.cast(), head_len)?)?;
            let (mut origins_room, mut room) = ([""; SANSOCKET_MAX_LIST], NO_HEADERS);
            let acceptance = &*acceptance;
            let origin = match acceptance.origin {
                any if any == sansocket_origin::SANSOCKET_ORIGIN_ANY as u32 => Origin::Any,
                one_of if one_of == sansocket_origin::SANSOCKET_ORIGIN_ONE_OF as u32 => {
                    Origin::OneOf(origins(call, acceptance.origins, acceptance.origin_count, &mut origins_room)?)
                }
                _ => return Err(sansocket_result::SANSOCKET_INVALID_ARGUMENT.into()),
            };
            let accept = Accept {
                origin,
                subprotocol: optional(call, acceptance.subprotocol, UsageError::UnofferedSubprotocol)?,
                headers: headers(call, acceptance.headers, acceptance.header_count, &mut room)?,
            };
            Ok(call.endpoint.accept(&request, &accept, call.now, output)?)
        })
    }
}

/// Answers a request with any other final response: 404, 403, 401, a redirect, a page. The connection closes behind it. `headers`
/// may be NULL if `header_count` is 0, `body` if `body_len` is 0; all are needed only during the call.
///
/// Returns `SANSOCKET_OK`, `SANSOCKET_NEEDS_ROOM`, `SANSOCKET_USAGE_NOT_CONNECTING`, `SANSOCKET_USAGE_WRONG_ROLE`,
/// `SANSOCKET_USAGE_INVALID_STATUS`, `_INVALID_HEADER`, `_RESERVED_HEADER`, `SANSOCKET_LIST_TOO_LONG`, or the results for pointers
/// and lengths that `sansocket_request` has.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_respond(
    ws: *mut sansocket,
    io: *mut sansocket_io,
    status: u32,
    headers: *const sansocket_header,
    header_count: usize,
    body: *const c_void,
    body_len: usize,
) -> sansocket_result {
    // SAFETY: the caller keeps to what stands at the top of the header, and lends headers and body.
    unsafe {
        give_octets(ws, io, |call, output| {
            let status = u16::try_from(status).map_err(|_| UsageError::InvalidStatus)?;
            let mut room = NO_HEADERS;
            let headers = self::headers(call, headers, header_count, &mut room)?;
            Ok(call.endpoint.respond(status, headers, call.lent(body, body_len)?, call.now, output)?)
        })
    }
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
        let request = request(unsafe { Region::new(head, head_len)?.octets() })?;
        let read = sansocket_request_parts {
            method: sansocket_text::of(request.method().as_bytes()),
            target: sansocket_text::of(request.target().as_bytes()),
            path: sansocket_text::of(request.path().as_bytes()),
            query: sansocket_text::of_option(request.query().map(str::as_bytes)),
            host: sansocket_text::of_option(request.host()),
            origin: sansocket_text::of_option(request.origin()),
        };
        // SAFETY: not NULL, aligned, and the caller's to be written.
        unsafe { parts.write(read) };
        Ok(())
    };
    done(parse())
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
        let (config, request) = unsafe { (lent(config)?, request(Region::new(head, head_len)?.octets())?) };
        let chosen = request.choose_subprotocol(config).ok_or(sansocket_result::SANSOCKET_ABSENT)?;
        // SAFETY: not NULL, aligned, and the caller's to be written.
        unsafe { subprotocol.write(sansocket_text::of(chosen.as_bytes())) };
        Ok(())
    };
    done(choose())
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
        let (head, name) = unsafe { (Region::new(head, head_len)?.octets(), Region::new(name.cast(), name_len)?.octets()) };
        let found = lines(head)?.find(|header| header.name.as_bytes().eq_ignore_ascii_case(name));
        // SAFETY: not NULL, aligned, and the caller's to be written.
        unsafe { value.write(sansocket_text::of(found.ok_or(sansocket_result::SANSOCKET_ABSENT)?.value)) };
        Ok(())
    };
    done(find())
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
        let found = lines(unsafe { Region::new(head, head_len)?.octets() })?.nth(index);
        let found = found.ok_or(sansocket_result::SANSOCKET_ABSENT)?;
        let found = sansocket_header { name: sansocket_text::of(found.name.as_bytes()), value: sansocket_text::of(found.value) };
        // SAFETY: not NULL, aligned, and the caller's to be written.
        unsafe { header.write(found) };
        Ok(())
    };
    done(find())
}

/// The limits were applied when the head arrived; what a caller hands in besides is its own memory.
const UNLIMITED: Config<'static> = Config::new().max_head_len(u32::MAX).max_target_len(u32::MAX).max_header_lines(u16::MAX);

fn request(head: &[u8]) -> Result<Request<'_>, sansocket_result> {
    Request::parse(head, &UNLIMITED).ok().flatten().ok_or(sansocket_result::SANSOCKET_NOT_A_HEAD)
}

/// The header lines of a head of either kind.
fn lines(head: &[u8]) -> Result<Headers<'_>, sansocket_result> {
    if let Ok(request) = request(head) {
        return Ok(request.headers());
    }
    let response = Response::parse(head, &UNLIMITED).ok().flatten();
    response.map(|response| response.headers()).ok_or(sansocket_result::SANSOCKET_NOT_A_HEAD)
}

/// Room for the headers of a call.
const NO_HEADERS: [Header<'static>; SANSOCKET_MAX_LIST] = [Header::new("", ""); SANSOCKET_MAX_LIST];

/// # Safety
/// The text is the caller's for the call.
unsafe fn optional<'a>(call: &Call<'a>, text: sansocket_text, otherwise: UsageError) -> Result<Option<&'a str>, Refusal> {
    if text.data.is_null() && text.len == 0 {
        return Ok(None);
    }
    // SAFETY: what our caller promises.
    unsafe { call.text(text.data, text.len, otherwise) }.map(Some)
}

/// The items of an array of C's.
///
/// # Safety
/// They are the caller's for the call.
unsafe fn items<'a, T>(array: *const T, count: usize) -> Result<&'a [T], sansocket_result> {
    if count == 0 {
        return Ok(&[]);
    }
    check_struct(array)?;
    if count > SANSOCKET_MAX_LIST {
        return Err(sansocket_result::SANSOCKET_LIST_TOO_LONG);
    }
    // SAFETY: not NULL, aligned, short; the rest is what our caller promises.
    Ok(unsafe { core::slice::from_raw_parts(array, count) })
}

/// # Safety
/// The headers are the caller's for the call.
unsafe fn headers<'r, 'a: 'r>(
    call: &Call<'a>,
    array: *const sansocket_header,
    count: usize,
    room: &'r mut [Header<'a>; SANSOCKET_MAX_LIST],
) -> Result<&'r [Header<'r>], Refusal> {
    // SAFETY: what our caller promises.
    for (slot, header) in room.iter_mut().zip(unsafe { items(array, count) }?) {
        // SAFETY: what our caller promises.
        let name = unsafe { call.text(header.name.data, header.name.len, UsageError::InvalidHeader) }?;
        // SAFETY: what our caller promises.
        let value = unsafe { call.lent(header.value.data.cast(), header.value.len) }?;
        *slot = Header { name, value };
    }
    Ok(room.get(..count).unwrap_or_default())
}

/// # Safety
/// The origins are the caller's for the call.
unsafe fn origins<'r, 'a: 'r>(
    call: &Call<'a>,
    array: *const sansocket_text,
    count: usize,
    room: &'r mut [&'a str; SANSOCKET_MAX_LIST],
) -> Result<&'r [&'a str], Refusal> {
    // SAFETY: what our caller promises.
    for (slot, origin) in room.iter_mut().zip(unsafe { items(array, count) }?) {
        // SAFETY: what our caller promises.
        *slot = unsafe { call.text(origin.data, origin.len, UsageError::InvalidHeader) }?;
    }
    Ok(room.get(..count).unwrap_or_default())
}
