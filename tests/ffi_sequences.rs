//! The C layer does what the Rust API does: random sequences of calls, right and wrong ones, beside the same calls in Rust.
#![cfg(all(feature = "ffi", feature = "deflate"))]

#[path = "support/ffi_alone.rs"]
mod ffi_alone;
#[path = "support/ffi_sequence.rs"]
mod ffi_sequence;

use ::sansocket::ffi::*;
use ffi_sequence::{CALL_LEN, ffi_sequence, setup, text, zeroed};
use proptest::collection::vec;
use proptest::prelude::any;
use proptest::test_runner::{Config, FileFailurePersistence, RngAlgorithm, TestError, TestRunner};

/// A quarter of a million calls; ten times as many in a release build. What fails is made small: calls are left out, and their bytes
/// become 0, which stands for the simplest choice. It is kept in `tests/regressions`, and tried first in every later run.
#[test]
fn random_sequences_of_calls_do_in_c_what_they_do_in_rust() {
    const REGRESSIONS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/regressions/ffi_sequences.txt");
    let config = Config {
        cases: if cfg!(debug_assertions) { 10_000 } else { 100_000 },
        max_shrink_iters: 20_000,
        // ChaCha, not optimised, takes as long as the calls.
        rng_algorithm: RngAlgorithm::XorShift,
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct(REGRESSIONS))),
        ..Config::default()
    };
    let calls = vec([any::<u8>(); CALL_LEN], 1..52);
    let result = TestRunner::new(config).run(&calls, |calls| {
        ffi_sequence(&calls.concat());
        Ok(())
    });
    match result {
        Ok(()) => {}
        Err(TestError::Fail(_, calls)) => {
            let without_zeros =
                |call: &[u8; CALL_LEN]| call[..call.iter().rposition(|byte| *byte != 0).map_or(0, |at| at + 1)].to_vec();
            eprintln!("smallest sequence found that fails: {:?}", calls.iter().map(without_zeros).collect::<Vec<_>>());
            ffi_sequence(&calls.concat());
            panic!("that sequence passed when it was tried again");
        }
        Err(abort) => panic!("{abort}"),
    }
}

/// A server of C's, its output, and the head of the request that it was shown.
struct Server {
    ws: Box<sansocket>,
    io: Box<sansocket_io>,
    out: Vec<u8>,
    head: Vec<u8>,
}

impl Server {
    fn asked(request: &[u8]) -> Self {
        let (mut ws, mut io): (Box<sansocket>, Box<sansocket_io>) = (zeroed(), zeroed());
        let (mut out, mut head) = (vec![0; 400], request.to_vec());
        (io.output, io.output_size) = (out.as_mut_ptr(), out.len());
        (io.input, io.input_len) = (head.as_mut_ptr(), head.len());
        // SAFETY: structs and bytes are ours for the calls.
        unsafe {
            assert_eq!(sansocket_init_server(&mut *ws, &*setup()), sansocket_result::OK);
            assert_eq!(sansocket_receive(&mut *ws, &mut *io), sansocket_result::OK);
        }
        assert_eq!((io.event.data, io.event.len, io.input_len), (head.as_mut_ptr(), head.len(), 0));
        Self { ws, io, out, head }
    }

    fn answers(
        &mut self,
        acceptance: &sansocket_acceptance,
        answer: unsafe extern "C" fn(
            *mut sansocket,
            *mut sansocket_io,
            *const u8,
            usize,
            *const sansocket_acceptance,
        ) -> sansocket_result,
    ) -> (sansocket_result, &str) {
        let (ws, io): (*mut sansocket, *mut sansocket_io) = (&mut *self.ws, &mut *self.io);
        // SAFETY: structs and bytes are ours for the call.
        let result = unsafe { answer(ws, io, self.head.as_ptr(), self.head.len(), acceptance) };
        (result, std::str::from_utf8(&self.out[..self.io.output_len]).unwrap())
    }

    fn state(&self) -> sansocket_state {
        // SAFETY: the struct is ours.
        unsafe { sansocket_get_state(&*self.ws) }
    }
}

const REQUEST: &str = "GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nOrigin: https://evil.example\r\n\r\n";
const OPEN: sansocket_state = sansocket_state(1);
const CLOSING: sansocket_state = sansocket_state(2);

#[test]
fn a_text_of_length_0_is_no_subprotocol_wherever_it_points() {
    for data in [c"chat".as_ptr(), std::ptr::null()] {
        let mut acceptance: Box<sansocket_acceptance> = zeroed();
        acceptance.origin = sansocket_origin::ANY;
        acceptance.subprotocol = sansocket_text { data, len: 0 };
        let mut server = Server::asked(REQUEST.as_bytes());
        let (result, response) = server.answers(&acceptance, sansocket_accept);
        assert_eq!(result, sansocket_result::OK);
        assert!(response.starts_with("HTTP/1.1 101") && !response.contains("Sec-WebSocket-Protocol"), "{response}");
        assert_eq!(server.state(), OPEN);
    }
}

#[test]
fn what_is_not_accepted_is_refused_by_the_same_call() {
    let origins = [text(b"https://example.com")];
    let mut acceptance: Box<sansocket_acceptance> = zeroed();
    acceptance.origin = sansocket_origin::ONE_OF;
    (acceptance.origins, acceptance.origin_count) = (origins.as_ptr(), 1);
    for (request, status) in [(REQUEST, "HTTP/1.1 403 "), ("GET / HTTP/1.1\r\nHost: h\r\n\r\n", "HTTP/1.1 400 ")] {
        let mut server = Server::asked(request.as_bytes());
        let (result, response) = server.answers(&acceptance, sansocket_accept_or_refuse);
        assert_eq!(result, sansocket_result::OK);
        assert!(response.starts_with(status), "{response}");
        // The transport is told of with it: no peer waits for the deadline.
        assert_eq!((server.state(), server.io.transport), (CLOSING, sansocket_transport(1)));
    }
    let mut server = Server::asked(REQUEST.as_bytes());
    let (result, response) = server.answers(&acceptance, sansocket_accept);
    assert_eq!((result, response), (sansocket_result::from(::sansocket::UsageError::OriginNotAllowed), ""));
}

/// What is due is read and written to the transport later: nothing that a call changes in place may lie in it.
#[test]
fn input_in_what_is_due_is_refused() {
    let mut server = Server::asked(REQUEST.as_bytes());
    let before = server.out.clone();
    (server.io.output_len, server.io.input_len) = (200, 20);
    // SAFETY: both lie in the output, which is ours.
    server.io.input = unsafe { server.out.as_mut_ptr().add(100) };
    // SAFETY: structs and bytes are ours for the call.
    let result = unsafe { sansocket_receive(&mut *server.ws, &mut *server.io) };
    assert_eq!((result, server.io.input_len), (sansocket_result::OVERLAP, 20));
    assert_eq!(server.out, before);
}

#[test]
fn window_and_lent_memory_in_what_is_due_are_refused() {
    let (mut server, mut inflater): (Server, Box<sansocket_inflater>) = (Server::asked(REQUEST.as_bytes()), zeroed());
    (server.io.input_len, server.io.output_len) = (0, 350);
    let (ws, io): (*mut sansocket, *mut sansocket_io) = (&mut *server.ws, &mut *server.io);
    let mut history = [0; 256];
    let mut setup = setup();
    // SAFETY: structs and bytes are ours for the calls.
    unsafe {
        (setup.memory, setup.memory_len) = (history.as_mut_ptr(), 256);
        assert_eq!(sansocket_inflater_init(&mut *inflater, &*setup), sansocket_result::OK);
        let window = server.out.as_mut_ptr().add(100);
        assert_eq!(sansocket_receive_with(ws, io, &mut *inflater, window, 50), sansocket_result::OVERLAP);
        (setup.memory, setup.memory_len) = (server.out.as_mut_ptr(), 256);
        assert_eq!(sansocket_inflater_init(&mut *inflater, &*setup), sansocket_result::OK);
        assert_eq!(sansocket_inflate(&mut *inflater, io), sansocket_result::OVERLAP);
    }
}

#[test]
fn reserved_fields_are_refused_unless_they_are_0() {
    let (mut setup, mut ws): (Box<sansocket_setup>, Box<sansocket>) = (setup(), zeroed());
    let mut negotiated: Box<sansocket_negotiated> = zeroed();
    let mut init = |setup: &sansocket_setup| {
        // SAFETY: the structs are ours for the call.
        unsafe { sansocket_init_open(&mut *ws, setup) }
    };
    setup.role = sansocket_role(2);
    setup.negotiated = &*negotiated;
    assert_eq!(init(&setup), sansocket_result::OK);
    negotiated.reserved_more[2] = 1;
    setup.negotiated = &*negotiated;
    assert_eq!(init(&setup), sansocket_result::INVALID_ARGUMENT);

    let mut acceptance: Box<sansocket_acceptance> = zeroed();
    acceptance.origin = sansocket_origin::ANY;
    acceptance.reserved_more[1] = 1;
    let mut server = Server::asked(REQUEST.as_bytes());
    assert_eq!(server.answers(&acceptance, sansocket_accept), (sansocket_result::INVALID_ARGUMENT, ""));
}

/// One struct for many connections: what stands in it after a call is that connection's, whatever the result.
#[test]
fn a_refused_call_leaves_nothing_of_the_call_before() {
    let (mut other, mut acceptance): (Box<sansocket>, Box<sansocket_acceptance>) = (zeroed(), zeroed());
    acceptance.origin = sansocket_origin::SAME_HOST;
    let mut server = Server::asked(REQUEST.as_bytes());
    assert_eq!(server.answers(&acceptance, sansocket_accept_or_refuse).0, sansocket_result::OK);
    assert_eq!(server.io.transport, sansocket_transport(1));
    let mut setup = setup();
    setup.role = sansocket_role(2);
    let (io, kind): (*mut sansocket_io, sansocket_kind) = (&mut *server.io, sansocket_kind(2));
    // SAFETY: structs and bytes are ours for the calls.
    unsafe {
        assert_eq!(sansocket_init_open(&mut *other, &*setup), sansocket_result::OK);
        ((*io).output_len, (*io).consumed, (*io).done) = ((*io).output_size, 300, 1);
        assert_eq!(sansocket_send(&mut *other, io, kind, c"x".as_ptr().cast(), 1, 1), sansocket_result::NEEDS_ROOM);
        assert_eq!(((*io).consumed, (*io).done, (*io).transport), (0, 0, sansocket_transport(0)));
    }
}

#[test]
fn an_empty_payload_is_null_and_an_empty_text_is_not() {
    let (mut ws, mut setup): (Box<sansocket>, Box<sansocket_setup>) = (zeroed(), setup());
    setup.role = sansocket_role(2);
    let mut server = Server::asked(REQUEST.as_bytes());
    let mut close = *b"\x88\x80\0\0\0\0";
    (server.io.input, server.io.input_len) = (close.as_mut_ptr(), close.len());
    let mut parts: Box<sansocket_response_parts> = zeroed();
    let head = b"HTTP/1.1 404 \r\n\r\n";
    // SAFETY: structs and bytes are ours for the calls.
    unsafe {
        assert_eq!(sansocket_init_open(&mut *ws, &*setup), sansocket_result::OK);
        assert_eq!(sansocket_receive(&mut *ws, &mut *server.io), sansocket_result::OK);
        assert_eq!(sansocket_response_parse(head.as_ptr(), head.len(), &mut *parts), sansocket_result::OK);
        assert_eq!((parts.reason.len, *parts.reason.data), (0, 0));
    }
    let event = &server.io.event;
    assert_eq!((event.r#type, event.len, event.data.is_null()), (sansocket_event_type::CLOSE_RECEIVED, 0, true));
}
