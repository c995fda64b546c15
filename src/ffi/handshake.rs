//! §4: the verbs of the opening handshake, which take what they write as structs.

use super::call::verb;
use super::connection::{Endpoint, sansocket};
use super::io::sansocket_io;
use super::memory::{Lender, Region, check_struct, write};
use super::negotiation::{sansocket_deflate_config, settings_over};
use super::numbers::{Refusal, sansocket_origin, sansocket_result};
use super::text::{sansocket_header, sansocket_text};
use crate::{Accept, CallError, ClientRequest, DeflateConfig, Header, Instant, Origin, Request, UsageError, accept_key};
use core::ffi::{c_char, c_void};

/// The most headers, and the most origins, that a verb takes.
pub const SANSOCKET_MAX_LIST: usize = 16;

/// What a client asks for. The subprotocols it offers are those of its configuration. Begin with all of it zero.
#[repr(C)]
pub struct sansocket_client_request {
    /// Host, with the port unless it is the scheme's default: `example.com:8080`, `[::1]:9001`.
    pub host: sansocket_text,
    /// Path and query: `/chat?room=1`. Never empty.
    pub target: sansocket_text,
    /// Origin (§4.1), which browsers send and others may; of length 0 for none.
    pub origin: sansocket_text,
    /// Further headers: Authorization, Cookie, User-Agent. NULL for none.
    pub headers: *const sansocket_header,
    /// How many, at most `SANSOCKET_MAX_LIST`.
    pub header_count: usize,
    /// 0.
    pub reserved: [u64; 2],
}

/// How a server accepts an opening handshake. Begin with all of it zero.
#[repr(C)]
pub struct sansocket_acceptance {
    /// The subprotocol, out of those that the client offers and the configuration lists (`sansocket_choose_subprotocol`), or that
    /// the client offers if the configuration lists none (`sansocket_request_subprotocol_at`); of length 0 for none.
    pub subprotocol: sansocket_text,
    /// Further headers, such as Set-Cookie. NULL for none.
    pub headers: *const sansocket_header,
    /// How many, at most `SANSOCKET_MAX_LIST`.
    pub header_count: usize,
    /// The origins, for `SANSOCKET_ORIGIN_ONE_OF`; NULL for none.
    pub origins: *const sansocket_text,
    /// How many, at most `SANSOCKET_MAX_LIST`.
    pub origin_count: usize,
    /// Compression for this client: other settings than those of the configuration, which has it on
    /// (`sansocket_config_set_deflate`). NULL for those.
    pub deflate: *const sansocket_deflate_config,
    /// The decision on the request's Origin.
    pub origin: sansocket_origin,
    /// 1 for no compression for this client, whatever the configuration and `deflate` say.
    pub no_deflate: u8,
    /// 0.
    pub reserved: [u8; 3],
    /// 0.
    pub reserved_more: [u64; 2],
}

/// Writes a client's opening handshake (§4.1). What `request` points to is needed only during the call.
///
/// Returns `SANSOCKET_OK`, `SANSOCKET_NEEDS_ROOM`, `SANSOCKET_ENTROPY_FAILED`, `SANSOCKET_USAGE_NOT_CONNECTING`,
/// `SANSOCKET_USAGE_WRONG_ROLE`, `SANSOCKET_USAGE_INVALID_HOST`, `_INVALID_TARGET`, `_INVALID_HEADER` (the origin, too),
/// `_RESERVED_HEADER`, `_INVALID_SUBPROTOCOL` (the configuration's) or `SANSOCKET_LIST_TOO_LONG`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_request(
    ws: *mut sansocket,
    io: *mut sansocket_io,
    request: *const sansocket_client_request,
) -> sansocket_result {
    // SAFETY: the caller keeps to what stands at the top of the header, and lends what the request points to.
    unsafe {
        verb(ws, io, |endpoint, call, output| {
            let mut room = NO_HEADERS;
            let request = client_request(call.lender(), request, &mut room)?;
            Ok(endpoint.request(&request, call.now, output)?)
        })
    }
}

/// Accepts the opening handshake that `SANSOCKET_EVENT_REQUEST` showed (§4.2.2): writes the 101. The connection is open then.
/// `head` is that of the event, where it lies or a copy of it (in other bytes, as long, the parts are read where those of the request
/// were, its Origin too); what `acceptance` points to is needed only during the call.
///
/// It only decides: if it refuses, nothing is written, and the peer waits until `sansocket_respond` answers it (403 for an Origin
/// that is not allowed), or until the deadline of the handshake. `sansocket_accept_or_refuse` does that by itself.
///
/// Returns `SANSOCKET_OK`, `SANSOCKET_NEEDS_ROOM`, `SANSOCKET_USAGE_NOT_CONNECTING`, `SANSOCKET_USAGE_WRONG_ROLE`,
/// `SANSOCKET_USAGE_ORIGIN_NOT_ALLOWED`, `_NOT_AN_OPENING_HANDSHAKE`, `_UNOFFERED_SUBPROTOCOL`, `_INVALID_SUBPROTOCOL`,
/// `_INVALID_HEADER`, `_RESERVED_HEADER`, `SANSOCKET_NOT_A_HEAD`, `SANSOCKET_INVALID_ARGUMENT` where no decision on the Origin
/// was made, `SANSOCKET_USAGE_INVALID_WINDOW_BITS` for those of `deflate` other than 0 and 8 to 15, or `SANSOCKET_LIST_TOO_LONG`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_accept(
    ws: *mut sansocket,
    io: *mut sansocket_io,
    head: *const u8,
    head_len: usize,
    acceptance: *const sansocket_acceptance,
) -> sansocket_result {
    // SAFETY: the caller keeps to what stands at the top of the header, and lends head and what the acceptance points to.
    unsafe { answer(ws, io, (head, head_len), acceptance, Endpoint::accept) }
}

/// `sansocket_accept`, or the response that refuses: 403 where the request's Origin is not allowed, 400 where the request is no
/// opening handshake. `sansocket_get_state` says which it was: `SANSOCKET_STATE_OPEN`, or `SANSOCKET_STATE_CLOSING` after a
/// refusal.
///
/// Returns what `sansocket_accept` does, but for `SANSOCKET_USAGE_ORIGIN_NOT_ALLOWED` and `_NOT_AN_OPENING_HANDSHAKE`. What is
/// left are mistakes of the acceptance, such as a subprotocol that was not offered: nothing is written, and `sansocket_respond`
/// with 500 ends it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_accept_or_refuse(
    ws: *mut sansocket,
    io: *mut sansocket_io,
    head: *const u8,
    head_len: usize,
    acceptance: *const sansocket_acceptance,
) -> sansocket_result {
    // SAFETY: the caller keeps to what stands at the top of the header, and lends head and what the acceptance points to.
    unsafe { answer(ws, io, (head, head_len), acceptance, Endpoint::accept_or_refuse) }
}

/// A verb that answers a request by an acceptance.
type Answer = fn(&mut Endpoint, &Request<'_>, &Accept<'_>, Instant, &mut [u8]) -> Result<usize, CallError>;

/// # Safety
/// What stands at the top of the header.
unsafe fn answer(
    ws: *mut sansocket,
    io: *mut sansocket_io,
    (head, head_len): (*const u8, usize),
    acceptance: *const sansocket_acceptance,
    answer: Answer,
) -> sansocket_result {
    // SAFETY: what our caller promises.
    unsafe {
        verb(ws, io, |endpoint, call, output| {
            check_struct(acceptance)?;
            let head = call.lent(head.cast(), head_len)?;
            let request = endpoint.pending_request(head).ok_or(sansocket_result::NOT_A_HEAD)?;
            let (mut origins, mut room) = (NO_ORIGINS, NO_HEADERS);
            let accept = accept(call.lender(), acceptance, endpoint.config().deflate, &mut origins, &mut room)?;
            Ok(answer(endpoint, &request, &accept, call.now, output)?)
        })
    }
}

/// Answers a request with any other final response: 404, 403, 401, a redirect, a page. The connection closes after it. To a HEAD
/// it writes the head alone, with the length of the body. Headers and body are needed only during the call.
///
/// Returns `SANSOCKET_OK`, `SANSOCKET_NEEDS_ROOM`, `SANSOCKET_USAGE_NOT_CONNECTING`, `SANSOCKET_USAGE_WRONG_ROLE`,
/// `SANSOCKET_USAGE_INVALID_STATUS`, `_INVALID_HEADER`, `_RESERVED_HEADER` or `SANSOCKET_LIST_TOO_LONG`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_respond(
    ws: *mut sansocket,
    io: *mut sansocket_io,
    status: u16,
    headers: *const sansocket_header,
    header_count: usize,
    body: *const c_void,
    body_len: usize,
) -> sansocket_result {
    // SAFETY: the caller keeps to what stands at the top of the header, and lends headers and body.
    unsafe {
        verb(ws, io, |endpoint, call, output| {
            let mut room = NO_HEADERS;
            let headers = self::headers(call.lender(), headers, header_count, &mut room)?;
            Ok(endpoint.respond(status, headers, call.lent(body, body_len)?, call.now, output)?)
        })
    }
}

/// `sansocket_respond`, the head alone: the caller writes the `content_len` bytes of the body after it, before it obeys
/// `transport`, unless the request was a HEAD. For bodies longer than the output.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_respond_head(
    ws: *mut sansocket,
    io: *mut sansocket_io,
    status: u16,
    headers: *const sansocket_header,
    header_count: usize,
    content_len: usize,
) -> sansocket_result {
    // SAFETY: the caller keeps to what stands at the top of the header, and lends the headers.
    unsafe {
        verb(ws, io, |endpoint, call, output| {
            let mut room = NO_HEADERS;
            let headers = self::headers(call.lender(), headers, header_count, &mut room)?;
            Ok(endpoint.respond_head(status, headers, content_len, call.now, output)?)
        })
    }
}

/// Writes the Sec-WebSocket-Accept that answers `key`, the value of Sec-WebSocket-Key as it was sent, to `accept`: 28 bytes
/// (`SANSOCKET_ACCEPT_KEY_LEN`), without NUL. For those who do the opening handshake themselves.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_accept_key(key: *const c_char, key_len: usize, accept: *mut c_char) -> sansocket_result {
    let digest = || {
        check_struct(accept)?;
        // SAFETY: the caller lends the key for the call.
        Ok(accept_key(unsafe { Region::new(key.cast(), key_len)?.bytes() }))
    };
    // SAFETY: not NULL; 28 bytes of the caller's to be written.
    unsafe { write(accept.cast(), digest()) }
}

/// Room for the headers of a call.
pub const NO_HEADERS: [Header<'static>; SANSOCKET_MAX_LIST] = [Header::new("", ""); SANSOCKET_MAX_LIST];

/// Room for the origins of a call.
pub(super) const NO_ORIGINS: [&str; SANSOCKET_MAX_LIST] = [""; SANSOCKET_MAX_LIST];

/// What a client asks for.
///
/// # Safety
/// The struct and what it points to are the caller's for the call.
pub(super) unsafe fn client_request<'r, 'a: 'r>(
    lender: Lender<'a>,
    request: *const sansocket_client_request,
    room: &'r mut [Header<'a>; SANSOCKET_MAX_LIST],
) -> Result<ClientRequest<'r>, Refusal> {
    check_struct(request)?;
    // SAFETY: not NULL and aligned; the rest is what our caller promises.
    unsafe {
        let request = &*request;
        if request.reserved != [0; 2] {
            return Err(sansocket_result::INVALID_ARGUMENT.into());
        }
        let host = lender.text(request.host.data, request.host.len, UsageError::InvalidHost)?;
        let target = lender.text(request.target.data, request.target.len, UsageError::InvalidTarget)?;
        let origin = optional(lender, request.origin, UsageError::InvalidHeader)?;
        let headers = headers(lender, request.headers, request.header_count, room)?;
        Ok(ClientRequest::new(host, target).origin(origin).headers(headers))
    }
}

/// How a server accepts. `configured` is what its configuration says of compression: other settings go by its rules, so that
/// there are none of them in a program that never turns it on.
///
/// # Safety
/// The struct and what it points to are the caller's for the call.
pub(super) unsafe fn accept<'r, 'a: 'r>(
    lender: Lender<'a>,
    acceptance: *const sansocket_acceptance,
    configured: DeflateConfig,
    origins: &'r mut [&'a str; SANSOCKET_MAX_LIST],
    room: &'r mut [Header<'a>; SANSOCKET_MAX_LIST],
) -> Result<Accept<'r>, Refusal> {
    check_struct(acceptance)?;
    // SAFETY: not NULL and aligned; the rest is what our caller promises.
    unsafe {
        let acceptance = &*acceptance;
        if acceptance.reserved != [0; 3] || acceptance.reserved_more != [0; 2] {
            return Err(sansocket_result::INVALID_ARGUMENT.into());
        }
        let origin = match acceptance.origin {
            sansocket_origin::ANY => Origin::Any,
            sansocket_origin::ONE_OF => {
                Origin::OneOf(self::origins(lender, acceptance.origins, acceptance.origin_count, origins)?)
            }
            sansocket_origin::SAME_HOST => Origin::SameHost { secure: false },
            sansocket_origin::SAME_HOST_SECURE => Origin::SameHost { secure: true },
            _ => return Err(sansocket_result::INVALID_ARGUMENT.into()),
        };
        let deflate = match acceptance.no_deflate {
            0 => settings_over(configured, acceptance.deflate)?,
            _ => Some(DeflateConfig::OFF),
        };
        Ok(Accept::new(origin)
            .deflate(deflate)
            .subprotocol(optional(lender, acceptance.subprotocol, UsageError::UnofferedSubprotocol)?)
            .headers(headers(lender, acceptance.headers, acceptance.header_count, room)?))
    }
}

/// # Safety
/// The text is the caller's for the call.
unsafe fn optional<'a>(lender: Lender<'a>, text: sansocket_text, otherwise: UsageError) -> Result<Option<&'a str>, Refusal> {
    // A text of length 0 is left out, wherever it points.
    if text.len == 0 {
        return Ok(None);
    }
    // SAFETY: what our caller promises.
    unsafe { lender.text(text.data, text.len, otherwise) }.map(Some)
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
        return Err(sansocket_result::LIST_TOO_LONG);
    }
    // SAFETY: not NULL, aligned, short; the rest is what our caller promises.
    Ok(unsafe { core::slice::from_raw_parts(array, count) })
}

/// # Safety
/// The headers are the caller's for the call.
pub unsafe fn headers<'r, 'a: 'r>(
    lender: Lender<'a>,
    array: *const sansocket_header,
    count: usize,
    room: &'r mut [Header<'a>; SANSOCKET_MAX_LIST],
) -> Result<&'r [Header<'r>], Refusal> {
    // SAFETY: what our caller promises.
    for (slot, header) in room.iter_mut().zip(unsafe { items(array, count) }?) {
        // SAFETY: what our caller promises.
        let name = unsafe { lender.text(header.name.data, header.name.len, UsageError::InvalidHeader) }?;
        // SAFETY: what our caller promises.
        let value = unsafe { lender.bytes(header.value.data.cast(), header.value.len) }?;
        *slot = Header { name, value };
    }
    Ok(room.get(..count).unwrap_or_default())
}

/// # Safety
/// The origins are the caller's for the call.
unsafe fn origins<'r, 'a: 'r>(
    lender: Lender<'a>,
    array: *const sansocket_text,
    count: usize,
    room: &'r mut [&'a str; SANSOCKET_MAX_LIST],
) -> Result<&'r [&'a str], Refusal> {
    // SAFETY: what our caller promises.
    for (slot, origin) in room.iter_mut().zip(unsafe { items(array, count) }?) {
        // SAFETY: what our caller promises.
        *slot = unsafe { lender.text(origin.data, origin.len, UsageError::InvalidHeader) }?;
    }
    Ok(room.get(..count).unwrap_or_default())
}
