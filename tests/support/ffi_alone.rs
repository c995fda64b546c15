//! The functions of the C layer that have no connection, each beside its Rust: heads, URLs, frames, keys, texts. Belongs to `ffi_sequence`.
#![allow(clippy::undocumented_unsafe_blocks, reason = "each calls C functions with memory that the lines around it made")]

use super::ffi_sequence::{Source, usage, zeroed};
use ::sansocket::ffi::*;
use ::sansocket::frame::{FrameHeader, HeaderRules, Opcode, apply_mask};
use ::sansocket::{CloseCode, Config, DeflateOffer, Instant, Origin, ProtocolError, Request, Response, Tokens, Url, UsageError};
use sansocket_result as R;
use std::ffi::{CStr, c_char};
use std::ptr::{null, null_mut};

const OK: sansocket_result = sansocket_result::OK;
/// A value that no call gives.
const NO_ERROR: sansocket_error = sansocket_error(9999);

/// Calls one of them. `head` is what a connection received.
pub(crate) fn call(source: &mut Source<'_>, config: &Config<'_>, c_config: &sansocket_config, head: &[u8]) {
    match source.below(8) {
        0 => url(source),
        1 => header_decode(source),
        2 => header_encode(source),
        3 => mask(source),
        4 => numbers(source),
        5 => heads(source, config, c_config),
        _ => parts(source, config, c_config, head),
    }
}

/// The bytes of a text, `None` for none.
fn bytes<'a>(text: sansocket_text) -> Option<&'a [u8]> {
    (!text.data.is_null()).then(|| unsafe { std::slice::from_raw_parts(text.data.cast(), text.len) })
}

fn chars(text: &[u8]) -> (*const c_char, usize) {
    (text.as_ptr().cast(), text.len())
}

fn url(source: &mut Source<'_>) {
    let mut url = source
        .pick(&[
            "ws://example.com",
            "WSS://h:8443/a?b",
            "https://[::1]:443?q",
            "",
            "ftp://h",
            "ws://",
            "ws://h:0/",
            "ws://a@h/",
            "ws://h/#x",
            "ws://h/a b",
        ])
        .as_bytes()
        .to_vec();
    if source.one_in(4) {
        let at = source.below(url.len() + 1);
        url.insert(at, source.byte());
    }
    let mut parts: Box<sansocket_url> = zeroed();
    let (data, len) = chars(&url);
    let given = unsafe { sansocket_url_parse(data, len, &mut *parts) };
    let Ok(url) = std::str::from_utf8(&url) else { return assert_eq!(given, usage(UsageError::InvalidUtf8)) };
    match Url::parse(url) {
        Ok(url) => {
            assert_eq!(given, OK);
            let c = [parts.host, parts.authority, parts.target].map(bytes);
            assert_eq!(c, [url.host(), url.authority(), url.target()].map(|part| Some(part.as_bytes())));
            assert_eq!((parts.port, parts.is_secure, parts.reserved), (url.port(), url.is_secure().into(), [0; 5]));
        }
        Err(error) => {
            assert_eq!(given, R(512 + u32::from(error.number())));
            assert_eq!(result_text(given), error.text());
            assert!(bytes(parts.host).is_none(), "a refused call wrote");
        }
    }
    unsafe {
        assert_eq!(sansocket_url_parse(data, len, null_mut()), R::NULL_POINTER);
        assert_eq!(sansocket_url_parse(data, usize::MAX, &mut *parts), R::LENGTH_TOO_LARGE);
        assert_eq!(sansocket_url_parse(null(), 1, &mut *parts), R::NULL_POINTER);
        assert_eq!(sansocket_url_parse(data, len, (&raw mut *parts).byte_add(1)), R::MISALIGNED);
    }
}

fn header_decode(source: &mut Source<'_>) {
    let input: Vec<u8> = (0..source.below(16)).map(|_| source.byte()).collect();
    let (mut header, mut error): (Box<sansocket_frame_header>, _) = (zeroed(), NO_ERROR);
    let mut rules: Box<sansocket_frame_rules> = zeroed();
    rules.max_payload_len = source.pick(&[0, 125, 70_000, u64::MAX]);
    (rules.masking, rules.rsv) = (sansocket_masking(source.pick(&[0, 1, 2, 3])), source.byte() & 7);
    let masked = [None, Some(true), Some(false)].get(rules.masking.0 as usize);
    let any = source.one_in(2);
    let (data, len, r) = (input.as_ptr(), input.len(), if any { null() } else { &raw const *rules });
    let given = unsafe { sansocket_frame_header_decode(data, len, r, &mut *header, &mut error) };
    let rules = match masked {
        _ if any => HeaderRules::ANY,
        Some(&masked) => HeaderRules { masked, rsv: rules.rsv, max_payload_len: rules.max_payload_len },
        None => return assert_eq!((given, error, header.header_len), (R::INVALID_ARGUMENT, NO_ERROR, 0)),
    };
    match FrameHeader::decode(&input, rules) {
        Ok(Some(seen)) => {
            assert_eq!((given, error), (OK, NO_ERROR));
            let (key, masked) = (seen.masking_key.unwrap_or_default(), seen.masking_key.is_some());
            assert_eq!((header.fin, header.rsv, header.opcode.0), (seen.fin.into(), seen.rsv, seen.opcode as u32));
            assert_eq!((header.masking_key, header.masked, header.payload_len), (key, masked.into(), seen.payload_len));
            assert_eq!((usize::from(header.header_len), header.reserved), (seen.header_len(), [0; 4]));
        }
        Ok(None) => assert_eq!((given, error, header.header_len), (R::INCOMPLETE, NO_ERROR, 0)),
        Err(broken) => {
            assert_eq!((given, error.0, header.header_len), (R::NOT_A_FRAME, broken.number().into(), 0));
            // NULL for a result that the caller does not want.
            let again = unsafe { sansocket_frame_header_decode(data, len, r, &mut *header, null_mut()) };
            assert_eq!(again, given);
        }
    }
    unsafe {
        let (h, e): (*mut sansocket_frame_header, *mut sansocket_error) = (&mut *header, &mut error);
        assert_eq!(sansocket_frame_header_decode(null(), 1, r, h, e), R::NULL_POINTER);
        assert_eq!(sansocket_frame_header_decode(data, usize::MAX, r, h, e), R::LENGTH_TOO_LARGE);
        assert_eq!(sansocket_frame_header_decode(data, len, r, null_mut(), e), R::NULL_POINTER);
        assert_eq!(sansocket_frame_header_decode(data, len, r, h.byte_add(2), e), R::MISALIGNED);
        assert_eq!(sansocket_frame_header_decode(data, len, r, h, e.byte_add(1)), R::MISALIGNED);
    }
}

fn header_encode(source: &mut Source<'_>) {
    let mut header: Box<sansocket_frame_header> = zeroed();
    header.payload_len = source.pick(&[0, 125, 126, 0xFFFF, 0x1_0000, u64::MAX >> 1, 1 << 63]);
    header.masking_key = [1, 2, 3, source.byte()];
    header.opcode = sansocket_opcode(u32::from(source.byte() % 17) + source.pick(&[0, 0, 0, 256]));
    (header.fin, header.rsv, header.masked) = (source.byte() & 1, source.byte() % 9, source.byte() & 1);
    let (due, room) = (source.below(4), source.below(16));
    let mut out = [vec![0x5A; due], vec![0xA5; room]].concat();
    let mut twin = out.clone();
    let mut io: Box<sansocket_io> = zeroed();
    (io.output, io.output_size, io.output_len) = (out.as_mut_ptr(), out.len(), due);
    let given = unsafe { sansocket_frame_header_encode(&mut *io, &*header) };
    let opcode = u8::try_from(header.opcode.0).ok().and_then(Opcode::from_byte);
    let opcode = opcode.filter(|opcode| *opcode as u32 == header.opcode.0 && header.rsv <= 7);
    let refused = |wanted| assert_eq!((given, io.output_len, io.needed), (wanted, due, 0));
    match opcode {
        _ if header.payload_len >> 63 != 0 => refused(usage(UsageError::PayloadTooLong)),
        None => refused(R::INVALID_ARGUMENT),
        Some(opcode) => {
            let masking_key = (header.masked != 0).then_some(header.masking_key);
            let same =
                FrameHeader { fin: header.fin != 0, rsv: header.rsv, opcode, masking_key, payload_len: header.payload_len };
            match same.encode(&mut twin[due..]) {
                Ok(len) => assert_eq!((given, io.output_len, io.needed), (OK, due + len, 0)),
                Err(_) => assert_eq!((given, io.output_len, io.needed), (R::NEEDS_ROOM, due, same.header_len())),
            }
        }
    }
    assert_eq!(out, twin);
    let written = io.output_len;
    unsafe {
        assert_eq!(sansocket_frame_header_encode(&mut *io, null()), R::NULL_POINTER);
        assert_eq!(sansocket_frame_header_encode(&mut *io, (&raw const *header).byte_add(2)), R::MISALIGNED);
        assert_eq!(sansocket_frame_header_encode(null_mut(), &*header), R::NULL_POINTER);
    }
    assert_eq!((io.output_len, io.needed, out), (written, 0, twin));
}

fn mask(source: &mut Source<'_>) {
    let key = [source.byte(), 1, 2, source.byte()];
    let mut bytes: Vec<u8> = (0..source.below(40)).map(|at| at as u8).collect();
    let mut whole = bytes.clone();
    apply_mask(key, &mut whole);
    let split = source.below(bytes.len() + 1);
    let (front, back) = bytes.split_at_mut(split);
    // Any multiple of four may have gone before as well.
    let before = source.pick(&[0, 4, u64::MAX - 3]);
    unsafe {
        assert_eq!(sansocket_apply_mask(key.as_ptr(), before, front.as_mut_ptr(), front.len()), OK);
        let offset = before.wrapping_add(front.len() as u64);
        assert_eq!(sansocket_apply_mask(key.as_ptr(), offset, back.as_mut_ptr(), back.len()), OK);
        assert_eq!(bytes, whole);
        assert_eq!(sansocket_apply_mask(null(), 0, bytes.as_mut_ptr(), 0), R::NULL_POINTER);
        assert_eq!(sansocket_apply_mask(key.as_ptr(), 0, null_mut(), 1), R::NULL_POINTER);
        assert_eq!(sansocket_apply_mask(key.as_ptr(), 0, bytes.as_mut_ptr(), usize::MAX), R::LENGTH_TOO_LARGE);
    }
    assert_eq!(bytes, whole);
}

fn result_text(result: sansocket_result) -> &'static str {
    unsafe { CStr::from_ptr(sansocket_result_text(result)) }.to_str().unwrap()
}

/// Texts and codes of any number.
fn numbers(source: &mut Source<'_>) {
    let number = u32::from(source.byte()) * source.pick(&[1, 2, 4, 1 << 24]);
    let result = R(number);
    let known = UsageError::ALL.iter().find(|error| usage(**error) == result);
    assert!(known.is_none_or(|error| error.text() == result_text(result)) && !result_text(result).is_empty());
    let error = sansocket_error(number);
    let known = ProtocolError::ALL.iter().find(|error| u32::from(error.number()) == number);
    let shown = unsafe { CStr::from_ptr(sansocket_error_text(error)) }.to_str().unwrap();
    assert!(known.is_none_or(|error| error.text() == shown) && !shown.is_empty());
    assert_eq!(sansocket_error_close_code(error), known.map_or(1002, |error| error.close_code().0));
    assert!(!unsafe { CStr::from_ptr(sansocket_event_text(sansocket_event_type(number))) }.is_empty());
    let code = source.pick(&[0, 999, 1000, 1005, 1014, 1015, 2999, 3000, 4999, 5000, u16::MAX]);
    assert_eq!(sansocket_close_code_is_allowed(code), u8::from(CloseCode(code).is_allowed_in_frame()));
    let last = u64::from(source.byte()) << source.pick(&[0, 24, 32, 56]);
    assert_eq!(sansocket_widen_ms(last, number), Instant::widen_millis(last, number));
    assert_eq!(
        sansocket_version(),
        1_000_000 * SANSOCKET_VERSION_MAJOR + 1_000 * SANSOCKET_VERSION_MINOR + SANSOCKET_VERSION_PATCH
    );
    let key = vec![b'k'; source.below(100)];
    let mut accept = [0; SANSOCKET_ACCEPT_KEY_LEN];
    unsafe {
        let (data, len) = chars(&key);
        assert_eq!(sansocket_accept_key(data, len, accept.as_mut_ptr().cast()), OK);
        assert_eq!(sansocket_accept_key(data, len, null_mut()), R::NULL_POINTER);
        assert_eq!(sansocket_accept_key(null(), 1, accept.as_mut_ptr().cast()), R::NULL_POINTER);
        assert_eq!(sansocket_accept_key(data, usize::MAX, accept.as_mut_ptr().cast()), R::LENGTH_TOO_LARGE);
    }
    assert_eq!(accept, ::sansocket::accept_key(&key));
}

const REQUEST: &[u8] = b"GET /a?b HTTP/1.1\r\nHost: h\r\nX: 1\r\nx:  2 \r\nSec-WebSocket-Protocol: a, chat,,b c\r\n\r\nrest";
const RESPONSE: &[u8] = b"HTTP/1.1 404 Not \xE4\r\nX: 1\r\nSet-Cookie: a\r\n\r\nrest";

/// Heads with a little less, or something else, in them.
fn heads(source: &mut Source<'_>, config: &Config<'_>, c_config: &sansocket_config) {
    let mut head = source.pick(&[REQUEST, RESPONSE]).to_vec();
    head.truncate(head.len() - source.below(head.len() + 1) * source.below(2));
    if source.one_in(4) && !head.is_empty() {
        let at = source.below(head.len());
        head[at] = source.byte();
    }
    parts(source, config, c_config, &head);
}

/// All that can be read of a head.
fn parts(source: &mut Source<'_>, config: &Config<'_>, c_config: &sansocket_config, head: &[u8]) {
    let (data, len) = span_of(head, source);
    let request = Request::parse(head, &Config::new()).ok().flatten();
    let response = Response::parse(head, &Config::new()).ok().flatten();
    let headers = request.map(|request| request.headers()).or(response.map(|response| response.headers()));
    unsafe {
        let mut parts: Box<sansocket_request_parts> = zeroed();
        let given = sansocket_request_parse(data, len, &mut *parts);
        let c = [parts.method, parts.target, parts.path, parts.query, parts.host, parts.origin].map(bytes);
        if let Some(request) = request {
            let [method, target, path] = [request.method(), request.target(), request.path()].map(|part| Some(part.as_bytes()));
            assert_eq!(given, OK);
            assert_eq!(c, [method, target, path, request.query().map(str::as_bytes), request.host(), request.origin()]);
        } else {
            assert_eq!((given, c), (R::NOT_A_HEAD, [None; 6]));
        }
        let mut parts: Box<sansocket_response_parts> = zeroed();
        let given = sansocket_response_parse(data, len, &mut *parts);
        let c = (parts.status, bytes(parts.reason), parts.reserved);
        if let Some(response) = response {
            assert_eq!((given, c), (OK, (response.status(), Some(response.reason()), [0; 6])));
        } else {
            assert_eq!((given, c), (R::NOT_A_HEAD, (0, None, [0; 6])));
        }

        let name = source.pick(&["X", "x", "host", "set-cookie", "", "sec-websocket-protocol"]);
        let (name_data, name_len) = chars(name.as_bytes());
        let found = sansocket_head_header(data, len, name_data, name_len);
        assert_eq!(bytes(found), headers.and_then(|headers| headers.get(name)));
        let index = source.below(6);
        let line = sansocket_head_header_at(data, len, index);
        let header = headers.and_then(|mut headers| headers.nth(index));
        let [name, value] = [header.map(|header| header.name.as_bytes()), header.map(|header| header.value)];
        assert_eq!((bytes(line.name), bytes(line.value)), (name, value));
        let found = sansocket_request_subprotocol_at(data, len, index);
        let name = request.and_then(|request| request.subprotocols().nth(index));
        assert_eq!(bytes(found), name.map(str::as_bytes));
        let found = sansocket_choose_subprotocol(c_config, data, len);
        assert_eq!(bytes(found), request.and_then(|request| request.choose_subprotocol(config)).map(str::as_bytes));
        let found = sansocket_choose_subprotocol(null(), data, len);
        assert_eq!(bytes(found), None, "the defaults have no subprotocols");
        let offer = sansocket_request_deflate_offer(c_config, data, len);
        let wanted = request.and_then(|request| request.offer(config, Origin::Any).ok()?.deflate());
        assert_eq!(offer_of(&offer), wanted);
        assert_eq!(offer_of(&sansocket_request_deflate_offer(null(), data, len)), None, "it is off by default");
        let found = sansocket_token_at(data.cast(), len, index);
        assert_eq!(bytes(found), Tokens::of(head).nth(index).map(str::as_bytes));
        wrong_arguments(c_config);

        let (mut head_len, mut error) = (usize::MAX, NO_ERROR);
        let sender = source.pick(&[1, 2, 3]);
        let given = sansocket_head_find(c_config, sansocket_role(sender), data, len, &mut head_len, &mut error);
        let found = match sender {
            1 => Request::parse(head, config).map(|request| request.map(|request| request.bytes().len())),
            2 => Response::parse(head, config).map(|response| response.map(|response| response.bytes().len())),
            _ => return assert_eq!((given, head_len, error), (R::INVALID_ARGUMENT, usize::MAX, NO_ERROR)),
        };
        match found {
            Ok(Some(found)) => assert_eq!((given, head_len, error), (OK, found, NO_ERROR)),
            Ok(None) => assert_eq!((given, head_len, error), (R::INCOMPLETE, usize::MAX, NO_ERROR)),
            Err(why) => assert_eq!((given, head_len, error.0), (R::NOT_A_HEAD, usize::MAX, why.number().into())),
        }
    }
}

/// An offer of compression in Rust.
fn offer_of(offer: &sansocket_deflate_offer) -> Option<DeflateOffer> {
    let [server_alone, client_alone] = [offer.server_no_context_takeover, offer.client_no_context_takeover];
    let bits = |bits: u8| (bits != 0).then_some(bits);
    assert!([offer.is_offered, server_alone, client_alone].iter().all(|mark| *mark <= 1) && offer.reserved == [0; 3]);
    let found = DeflateOffer {
        server_no_context_takeover: server_alone == 1,
        client_no_context_takeover: client_alone == 1,
        server_max_window_bits: bits(offer.server_max_window_bits),
        client_max_window_bits: bits(offer.client_max_window_bits),
    };
    assert!(offer.is_offered == 1 || found == DeflateOffer::default());
    (offer.is_offered == 1).then_some(found)
}

/// Functions that return a text have none for them; those that return a result report it, and write nothing.
fn wrong_arguments(c_config: &sansocket_config) {
    let (data, len) = (REQUEST.as_ptr(), REQUEST.len());
    let zeroed_config: Box<sansocket_config> = zeroed();
    let client = sansocket_role(1);
    let (mut head_len, mut error) = (usize::MAX, NO_ERROR);
    let (mut request, mut response): (Box<sansocket_request_parts>, Box<sansocket_response_parts>) = (zeroed(), zeroed());
    unsafe {
        assert_eq!(bytes(sansocket_choose_subprotocol(&*zeroed_config, data, len)), None);
        assert_eq!(bytes(sansocket_choose_subprotocol((&raw const *c_config).byte_add(2), data, len)), None);
        for config in [&raw const *zeroed_config, (&raw const *c_config).byte_add(2)] {
            assert_eq!(offer_of(&sansocket_request_deflate_offer(config, data, len)), None);
        }
        assert_eq!(bytes(sansocket_head_header(data, len, null(), 1)), None);
        assert_eq!(bytes(sansocket_head_header(data, len, c"X".as_ptr(), usize::MAX)), None);
        for (data, len) in [(null(), 4), (data, usize::MAX)] {
            assert_eq!(bytes(sansocket_choose_subprotocol(c_config, data, len)), None);
            assert_eq!(offer_of(&sansocket_request_deflate_offer(c_config, data, len)), None);
            assert_eq!(bytes(sansocket_head_header(data, len, c"X".as_ptr(), 1)), None);
            assert_eq!(bytes(sansocket_head_header_at(data, len, 0).name), None);
            assert_eq!(bytes(sansocket_request_subprotocol_at(data, len, 0)), None);
            assert_eq!(bytes(sansocket_token_at(data.cast(), len, 0)), None);
            let wanted = if data.is_null() { R::NULL_POINTER } else { R::LENGTH_TOO_LARGE };
            assert_eq!(sansocket_request_parse(data, len, &mut *request), wanted);
            assert_eq!(sansocket_response_parse(data, len, &mut *response), wanted);
            assert_eq!(sansocket_head_find(null(), client, data, len, &mut head_len, &mut error), wanted);
        }
        assert_eq!(sansocket_request_parse(data, len, null_mut()), R::NULL_POINTER);
        assert_eq!(sansocket_request_parse(data, len, (&raw mut *request).byte_add(2)), R::MISALIGNED);
        assert_eq!(sansocket_response_parse(data, len, null_mut()), R::NULL_POINTER);
        assert_eq!(sansocket_response_parse(data, len, (&raw mut *response).byte_add(2)), R::MISALIGNED);
        let c: *const sansocket_config = &*zeroed_config;
        assert_eq!(sansocket_head_find(c, client, data, len, &mut head_len, null_mut()), R::NOT_INITIALISED);
        assert_eq!(sansocket_head_find(null(), client, data, len, null_mut(), null_mut()), R::NULL_POINTER);
        let aside = (&raw mut error).byte_add(2);
        assert_eq!(sansocket_head_find(null(), client, data, len, &mut head_len, aside), R::MISALIGNED);
    }
    assert_eq!((head_len, error, request.method.len, response.status), (usize::MAX, NO_ERROR, 0, 0));
}

/// NULL counts as nothing, too.
fn span_of(bytes: &[u8], source: &mut Source<'_>) -> (*const u8, usize) {
    (if bytes.is_empty() && source.one_in(2) { null() } else { bytes.as_ptr() }, bytes.len())
}
