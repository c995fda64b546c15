//! The functions of the C layer that have no connection, each beside its Rust: heads, URLs, frames, keys, texts. Belongs to `ffi_sequence`.
#![allow(clippy::undocumented_unsafe_blocks, reason = "each calls C functions with memory that the lines around it made")]

use super::ffi_sequence::{Source, text, zeroed};
use ::sansocket::ffi::*;
use ::sansocket::frame::{FrameHeader, HeaderRules, Opcode, apply_mask};
use ::sansocket::{CloseCode, Config, ProtocolError, Request, Response, Tokens, Url, UsageError};
use sansocket_result as R;
use std::ffi::{CStr, c_char};
use std::ptr::{null, null_mut};

const OK: sansocket_result = sansocket_result::SANSOCKET_OK;

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
    let Ok(url) = std::str::from_utf8(&url) else { return assert_eq!(given, R::SANSOCKET_USAGE_INVALID_UTF8) };
    match Url::parse(url) {
        Ok(url) => {
            assert_eq!(given, OK);
            let c = [parts.host, parts.authority, parts.target].map(bytes);
            assert_eq!(c, [url.host(), url.authority(), url.target()].map(|part| Some(part.as_bytes())));
            assert_eq!((parts.port, parts.is_secure, parts.reserved), (url.port(), url.is_secure().into(), [0; 5]));
        }
        Err(error) => {
            assert_eq!(given as u32, 513 + error as u32);
            assert_eq!(result_text(given as u32), error.to_string());
            assert!(bytes(parts.host).is_none(), "a refused call wrote");
        }
    }
    unsafe {
        assert_eq!(sansocket_url_parse(data, len, null_mut()), R::SANSOCKET_NULL_POINTER);
        assert_eq!(sansocket_url_parse(data, usize::MAX, &mut *parts), R::SANSOCKET_LENGTH_TOO_LARGE);
        assert_eq!(sansocket_url_parse(null(), 1, &mut *parts), R::SANSOCKET_NULL_POINTER);
        assert_eq!(sansocket_url_parse(data, len, (&raw mut *parts).byte_add(1)), R::SANSOCKET_MISALIGNED);
    }
}

fn header_decode(source: &mut Source<'_>) {
    let input: Vec<u8> = (0..source.below(16)).map(|_| source.byte()).collect();
    let (mut header, mut error): (Box<sansocket_frame_header>, _) = (zeroed(), 99);
    let mut rules: Box<sansocket_frame_rules> = zeroed();
    (rules.max_payload_len, rules.masking, rules.rsv) =
        (source.pick(&[0, 125, 70_000, u64::MAX]), source.pick(&[0, 1, 2, 3]), source.byte() & 7);
    let masked = [None, Some(true), Some(false)].get(rules.masking as usize);
    let any = source.one_in(2);
    let (data, len, r) = (input.as_ptr(), input.len(), if any { null() } else { &raw const *rules });
    let given = unsafe { sansocket_frame_header_decode(data, len, r, &mut *header, &mut error) };
    let rules = match masked {
        _ if any => HeaderRules::ANY,
        Some(&masked) => HeaderRules { masked, rsv: rules.rsv, max_payload_len: rules.max_payload_len },
        None => return assert_eq!(given, R::SANSOCKET_INVALID_ARGUMENT),
    };
    match FrameHeader::decode(&input, rules) {
        Ok(Some(seen)) => {
            assert_eq!((given, error), (OK, 99));
            let (key, masked) = (seen.masking_key.unwrap_or_default(), seen.masking_key.is_some());
            assert_eq!((header.fin, header.rsv, header.opcode), (seen.fin.into(), seen.rsv, seen.opcode as u8));
            assert_eq!((header.masking_key, header.masked, header.payload_len), (key, masked.into(), seen.payload_len));
            assert_eq!((usize::from(header.header_len), header.reserved), (seen.header_len(), [0; 7]));
        }
        Ok(None) => assert_eq!((given, error, header.header_len), (R::SANSOCKET_INCOMPLETE, 99, 0)),
        Err(broken) => {
            assert_eq!((given, error, header.header_len), (R::SANSOCKET_NOT_A_FRAME, u32::from(broken.number()), 0));
            // Who does not want to know does not say where.
            let again = unsafe { sansocket_frame_header_decode(data, len, r, &mut *header, null_mut()) };
            assert_eq!(again, given);
        }
    }
    unsafe {
        let h: *mut sansocket_frame_header = &mut *header;
        assert_eq!(sansocket_frame_header_decode(null(), 1, r, h, &mut error), R::SANSOCKET_NULL_POINTER);
        assert_eq!(sansocket_frame_header_decode(data, usize::MAX, r, h, &mut error), R::SANSOCKET_LENGTH_TOO_LARGE);
        assert_eq!(sansocket_frame_header_decode(data, len, r, null_mut(), &mut error), R::SANSOCKET_NULL_POINTER);
        assert_eq!(sansocket_frame_header_decode(data, len, r, h.byte_add(4), &mut error), R::SANSOCKET_MISALIGNED);
    }
}

fn header_encode(source: &mut Source<'_>) {
    let mut header: Box<sansocket_frame_header> = zeroed();
    header.payload_len = source.pick(&[0, 125, 126, 0xFFFF, 0x1_0000, u64::MAX >> 1, 1 << 63]);
    header.masking_key = [1, 2, 3, source.byte()];
    (header.opcode, header.fin, header.rsv, header.masked) =
        (source.byte() % 17, source.byte() & 1, source.byte() % 9, source.byte() & 1);
    let mut out = vec![0xA5; source.below(16)];
    let mut io: Box<sansocket_io> = zeroed();
    (io.output, io.output_len) = (out.as_mut_ptr(), out.len());
    let given = unsafe { sansocket_frame_header_encode(&mut *io, &*header) };
    let mut twin = vec![0xA5; out.len()];
    let opcode = Opcode::from_byte(header.opcode).filter(|opcode| *opcode as u8 == header.opcode && header.rsv <= 7);
    match opcode {
        _ if header.payload_len >> 63 != 0 => assert_eq!(given, R::SANSOCKET_USAGE_PAYLOAD_TOO_LONG),
        None => assert_eq!(given, R::SANSOCKET_INVALID_ARGUMENT),
        Some(opcode) => {
            let masking_key = (header.masked != 0).then_some(header.masking_key);
            let same =
                FrameHeader { fin: header.fin != 0, rsv: header.rsv, opcode, masking_key, payload_len: header.payload_len };
            match same.encode(&mut twin) {
                Ok(len) => assert_eq!((given, io.produced, io.needed), (OK, len, 0)),
                Err(_) => assert_eq!((given, io.produced, io.needed), (R::SANSOCKET_NEEDS_ROOM, 0, same.header_len())),
            }
        }
    }
    assert_eq!(out, twin);
    unsafe {
        assert_eq!(sansocket_frame_header_encode(&mut *io, null()), R::SANSOCKET_NULL_POINTER);
        assert_eq!(sansocket_frame_header_encode(null_mut(), &*header), R::SANSOCKET_NULL_POINTER);
    }
}

fn mask(source: &mut Source<'_>) {
    let key = [source.byte(), 1, 2, source.byte()];
    let mut bytes: Vec<u8> = (0..source.below(40)).map(|at| at as u8).collect();
    let mut whole = bytes.clone();
    apply_mask(key, &mut whole);
    let split = source.below(bytes.len() + 1);
    let (front, behind) = bytes.split_at_mut(split);
    // Any multiple of four may have gone before as well.
    let before = source.pick(&[0, 4, u64::MAX - 3]);
    unsafe {
        assert_eq!(sansocket_apply_mask(key.as_ptr(), before, front.as_mut_ptr(), front.len()), OK);
        let offset = before.wrapping_add(front.len() as u64);
        assert_eq!(sansocket_apply_mask(key.as_ptr(), offset, behind.as_mut_ptr(), behind.len()), OK);
        assert_eq!(bytes, whole);
        assert_eq!(sansocket_apply_mask(null(), 0, bytes.as_mut_ptr(), 0), R::SANSOCKET_NULL_POINTER);
        assert_eq!(sansocket_apply_mask(key.as_ptr(), 0, null_mut(), 1), R::SANSOCKET_NULL_POINTER);
        assert_eq!(sansocket_apply_mask(key.as_ptr(), 0, bytes.as_mut_ptr(), usize::MAX), R::SANSOCKET_LENGTH_TOO_LARGE);
    }
    assert_eq!(bytes, whole);
}

fn result_text(result: u32) -> &'static str {
    unsafe { CStr::from_ptr(sansocket_result_text(result)) }.to_str().unwrap()
}

/// Texts and codes of any number.
fn numbers(source: &mut Source<'_>) {
    let number = u32::from(source.byte()) * source.pick(&[1, 2, 4, 1 << 24]);
    let usage = UsageError::ALL.iter().find(|error| 256 + u32::from(error.number()) == number);
    assert!(usage.is_none_or(|error| error.text() == result_text(number)) && !result_text(number).is_empty());
    let protocol = ProtocolError::ALL.iter().find(|error| u32::from(error.number()) == number);
    let shown = unsafe { CStr::from_ptr(sansocket_error_text(number)) }.to_str().unwrap();
    assert!(protocol.is_none_or(|error| error.text() == shown) && !shown.is_empty());
    assert_eq!(sansocket_error_close_code(number), protocol.map_or(1002, |error| error.close_code().0));
    assert!(!unsafe { CStr::from_ptr(sansocket_event_text(number)) }.is_empty());
    let allowed = u16::try_from(number).is_ok_and(|code| CloseCode(code).is_allowed_in_frame());
    assert_eq!(sansocket_close_code_is_allowed(number), allowed.into());
    assert_eq!(
        sansocket_version(),
        1_000_000 * SANSOCKET_VERSION_MAJOR + 1_000 * SANSOCKET_VERSION_MINOR + SANSOCKET_VERSION_PATCH
    );
    let key = vec![b'k'; source.below(100)];
    let mut accept = [0; SANSOCKET_ACCEPT_KEY_LEN];
    unsafe {
        let (data, len) = chars(&key);
        assert_eq!(sansocket_accept_key(data, len, accept.as_mut_ptr().cast()), OK);
        assert_eq!(sansocket_accept_key(data, len, null_mut()), R::SANSOCKET_NULL_POINTER);
        assert_eq!(sansocket_accept_key(null(), 1, accept.as_mut_ptr().cast()), R::SANSOCKET_NULL_POINTER);
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
    let absent = if request.is_some() { R::SANSOCKET_ABSENT } else { R::SANSOCKET_NOT_A_HEAD };
    unsafe {
        let mut parts: Box<sansocket_request_parts> = zeroed();
        let given = sansocket_request_parse(data, len, &mut *parts);
        assert_eq!(given, if request.is_some() { OK } else { R::SANSOCKET_NOT_A_HEAD });
        if let Some(request) = request {
            let c = [parts.method, parts.target, parts.path, parts.query, parts.host, parts.origin].map(bytes);
            let [method, target, path] = [request.method(), request.target(), request.path()].map(|part| Some(part.as_bytes()));
            assert_eq!(c, [method, target, path, request.query().map(str::as_bytes), request.host(), request.origin()]);
        }
        let mut parts: Box<sansocket_response_parts> = zeroed();
        let given = sansocket_response_parse(data, len, &mut *parts);
        assert_eq!(given, if response.is_some() { OK } else { R::SANSOCKET_NOT_A_HEAD });
        if let Some(response) = response {
            assert_eq!((parts.status, bytes(parts.reason)), (response.status(), Some(response.reason())));
        }

        let mut found = text(b"");
        let name = source.pick(&["X", "x", "host", "set-cookie", "", "sec-websocket-protocol"]);
        let (name_data, name_len) = chars(name.as_bytes());
        let given = sansocket_head_header(data, len, name_data, name_len, &mut found);
        match headers.map(|headers| headers.get(name)) {
            Some(Some(value)) => assert_eq!((given, bytes(found)), (OK, Some(value))),
            Some(None) => assert_eq!(given, R::SANSOCKET_ABSENT),
            None => assert_eq!(given, R::SANSOCKET_NOT_A_HEAD),
        }
        let index = source.below(6);
        let mut line: Box<sansocket_header> = zeroed();
        let given = sansocket_head_header_at(data, len, index, &mut *line);
        match headers.map(|mut headers| headers.nth(index)) {
            Some(Some(header)) => {
                assert_eq!(given, OK);
                assert_eq!((bytes(line.name), bytes(line.value)), (Some(header.name.as_bytes()), Some(header.value)));
            }
            Some(None) => assert_eq!(given, R::SANSOCKET_ABSENT),
            None => assert_eq!(given, R::SANSOCKET_NOT_A_HEAD),
        }
        let given = sansocket_request_subprotocol_at(data, len, index, &mut found);
        match request.and_then(|request| request.subprotocols().nth(index)) {
            Some(name) => assert_eq!((given, bytes(found)), (OK, Some(name.as_bytes()))),
            None => assert_eq!(given, absent),
        }
        let given = sansocket_choose_subprotocol(c_config, data, len, &mut found);
        match request.and_then(|request| request.choose_subprotocol(config)) {
            Some(name) => assert_eq!((given, bytes(found)), (OK, Some(name.as_bytes()))),
            None => assert_eq!(given, absent),
        }
        let given = sansocket_token_at(data.cast(), len, index, &mut found);
        match Tokens::of(head).nth(index) {
            Some(token) => assert_eq!((given, bytes(found)), (OK, Some(token.as_bytes()))),
            None => assert_eq!(given, R::SANSOCKET_ABSENT),
        }

        let (mut head_len, mut error) = (usize::MAX, 99);
        let sender = source.pick(&[1, 2, 3]);
        let given = sansocket_head_find(c_config, sender, data, len, &mut head_len, &mut error);
        let found = match sender {
            1 => Request::parse(head, config).map(|request| request.map(|request| request.bytes().len())),
            2 => Response::parse(head, config).map(|response| response.map(|response| response.bytes().len())),
            _ => return assert_eq!(given, R::SANSOCKET_INVALID_ARGUMENT),
        };
        match found {
            Ok(Some(found)) => assert_eq!((given, head_len, error), (OK, found, 99)),
            Ok(None) => assert_eq!((given, head_len, error), (R::SANSOCKET_INCOMPLETE, usize::MAX, 99)),
            Err(why) => {
                assert_eq!((given, head_len, error), (R::SANSOCKET_NOT_A_HEAD, usize::MAX, u32::from(why.number())));
            }
        }
        let uninitialised = sansocket_head_find(&*zeroed(), 1, data, len, &mut head_len, null_mut());
        assert_eq!(uninitialised, R::SANSOCKET_NOT_INITIALISED);
        assert_eq!(sansocket_head_find(null(), 1, data, len, null_mut(), null_mut()), R::SANSOCKET_NULL_POINTER);
        assert_eq!(sansocket_request_parse(null(), 4, &mut *zeroed()), R::SANSOCKET_NULL_POINTER);
        assert_eq!(sansocket_response_parse(data, usize::MAX, &mut *zeroed()), R::SANSOCKET_LENGTH_TOO_LARGE);
        assert_eq!(sansocket_head_header(data, len, null(), 1, &mut *zeroed()), R::SANSOCKET_NULL_POINTER);
        assert_eq!(sansocket_head_header_at(data, len, 0, null_mut()), R::SANSOCKET_NULL_POINTER);
        assert_eq!(sansocket_choose_subprotocol(&*zeroed(), data, len, &mut *zeroed()), R::SANSOCKET_NOT_INITIALISED);
    }
}

/// NULL stands for nothing, too.
fn span_of(bytes: &[u8], source: &mut Source<'_>) -> (*const u8, usize) {
    (if bytes.is_empty() && source.one_in(2) { null() } else { bytes.as_ptr() }, bytes.len())
}
