//! Sessions in C: the functions of include/sansocket_session.h against a server of sansocket's own, in virtual time.
#![cfg(feature = "ffi")]
#![allow(clippy::undocumented_unsafe_blocks, reason = "each calls C functions with memory that the lines around it made")]

mod support;

use std::ffi::{CStr, c_char, c_void};
use std::ptr::{null, null_mut};

use ::sansocket::ffi::*;
use ::sansocket::{Instant, ProtocolError};
use ::sansocket_session::ffi::*;
use ::sansocket_session::{Cause, CredentialsError, DialError, ProxyError, RedirectError, SendError, SetupError};
use support::{Peer, Server};

use sansocket_session_event_type as E;

unsafe extern "C" fn entropy(context: *mut c_void, bytes: *mut u8, len: usize) -> i32 {
    let last = context.cast::<u8>();
    for at in 0..len {
        unsafe {
            *last = (*last).wrapping_mul(5).wrapping_add(1);
            *bytes.add(at) = *last;
        }
    }
    0
}

/// A session with all that is lent to it.
struct C {
    session: Box<sansocket_session>,
    config: Box<sansocket_session_config>,
    memory: [Vec<u8>; 3],
    chance: Box<u8>,
    now: u64,
}

fn zeroed<T>() -> Box<T> {
    unsafe { Box::new(std::mem::zeroed()) }
}

fn setup() -> sansocket_session_setup {
    let mut setup: sansocket_session_setup = unsafe { std::mem::zeroed() };
    (setup.size, setup.abi_version) = (size_of::<sansocket_session_setup>(), SANSOCKET_ABI_VERSION);
    setup
}

fn text(text: &str) -> sansocket_text {
    sansocket_text { data: text.as_ptr().cast(), len: text.len() }
}

fn bytes<'a>(data: *const u8, len: usize) -> &'a [u8] {
    if len == 0 { &[] } else { unsafe { std::slice::from_raw_parts(data, len) } }
}

fn str_at<'a>(text: sansocket_text) -> &'a str {
    std::str::from_utf8(bytes(text.data.cast(), text.len)).unwrap()
}

fn c_text<'a>(text: *const c_char) -> &'a str {
    unsafe { CStr::from_ptr(text) }.to_str().unwrap()
}

impl C {
    fn new(options: &[(sansocket_session_option, u64)]) -> Self {
        let memory = [vec![0; 2048], vec![0; 2048], vec![0; 1024]];
        let mut c = Self { session: zeroed(), config: zeroed(), memory, chance: Box::new(1), now: 0 };
        assert_eq!(unsafe { sansocket_session_config_init(&mut *c.config, &setup()) }, sansocket_result::OK);
        for &(option, value) in options {
            assert_eq!(unsafe { sansocket_session_config_set(&mut *c.config, option, value) }, sansocket_result::OK);
        }
        c
    }

    fn setup(&mut self, url: &str) -> sansocket_session_setup {
        let mut setup = setup();
        setup.session_config = &*self.config;
        (setup.entropy, setup.entropy_context) = (Some(entropy as _), (&raw mut *self.chance).cast());
        setup.url = text(url);
        let [input, output, memory] = &mut self.memory;
        (setup.buffers.input, setup.buffers.input_size) = (input.as_mut_ptr(), input.len());
        (setup.buffers.output, setup.buffers.output_size) = (output.as_mut_ptr(), output.len());
        (setup.memory, setup.memory_size) = (memory.as_mut_ptr(), memory.len());
        setup
    }

    fn begun(url: &str, options: &[(sansocket_session_option, u64)]) -> Self {
        let mut c = Self::new(options);
        let setup = c.setup(url);
        assert_eq!(unsafe { sansocket_session_init(&mut *c.session, &setup) }, sansocket_result::OK);
        assert_eq!(unsafe { sansocket_session_start(&mut *c.session, 0) }, sansocket_result::OK);
        c
    }

    fn next(&mut self) -> sansocket_session_event {
        let mut event = unsafe { std::mem::zeroed() };
        assert_eq!(unsafe { sansocket_session_next(&mut *self.session, self.now, &mut event) }, sansocket_result::OK);
        event
    }

    fn expect(&mut self, kind: E) -> sansocket_session_event {
        let event = self.next();
        assert_eq!(event.r#type, kind, "{}", c_text(sansocket_session_event_text(event.r#type)));
        event
    }

    fn order(&self) -> sansocket_session_transport {
        unsafe { sansocket_session_get_transport(&*self.session) }
    }

    fn epoch(&self) -> u32 {
        unsafe { sansocket_session_get_epoch(&*self.session) }
    }

    fn dial(&self) -> sansocket_dial {
        let mut dial = unsafe { std::mem::zeroed() };
        assert_eq!(unsafe { sansocket_session_dial(&*self.session, &mut dial) }, sansocket_result::OK);
        dial
    }

    /// Sends text.
    fn send(&mut self, text: &str) -> (sansocket_result, u64) {
        let (mut number, kind) = (0, sansocket_kind(1));
        let sent =
            unsafe { sansocket_session_send(&mut *self.session, self.now, kind, text.as_ptr().cast(), text.len(), &mut number) };
        (sent, number)
    }

    /// Hands bytes over, both ways, once.
    fn exchange(&mut self, server: &mut Server) {
        let (epoch, now) = (self.epoch(), self.now);
        unsafe {
            let due = sansocket_session_due(&*self.session);
            let answer = server.take(bytes(due.data, due.len), Instant::from_millis(now));
            assert_eq!(
                sansocket_session_written(&mut *self.session, epoch, due.len + 1, now),
                sansocket_result::INVALID_ARGUMENT
            );
            assert_eq!(sansocket_session_written(&mut *self.session, epoch, due.len, now), sansocket_result::OK);
            let space = sansocket_session_space(&mut *self.session);
            assert!(answer.len() <= space.len || answer.is_empty());
            space.data.copy_from(answer.as_ptr(), answer.len());
            assert_eq!(sansocket_session_filled(&mut *self.session, epoch, answer.len(), now), sansocket_result::OK);
        }
    }

    /// From the dial to the open connection.
    fn up(&mut self) -> Server {
        let mut server = Server::new(Instant::from_millis(self.now));
        let dial = self.dial();
        assert_eq!(unsafe { sansocket_session_connected(&mut *self.session, dial.epoch, self.now) }, sansocket_result::OK);
        self.expect(E::CONNECTED);
        self.expect(E::NONE);
        self.exchange(&mut server);
        assert_eq!(self.expect(E::UP).status, 101);
        server
    }
}

#[test]
fn a_session_dials_sends_is_cut_off_waits_and_dials_again() {
    let mut c = C::begun("ws://example.com:81/chat", &[(sansocket_session_option::FIRST_DELAY_MS, 1_000)]);
    assert_eq!(c.send("early"), (sansocket_result::OK, 1));
    assert_eq!(unsafe { sansocket_session_get_queued(&*c.session) }, 1);
    assert_eq!(c.order(), sansocket_session_transport::DIAL);
    let dial = c.dial();
    assert_eq!((str_at(dial.host), dial.port, dial.tls, dial.is_proxy, dial.failures), ("example.com", 81, 0, 0, 0));
    let mut server = c.up();
    assert!(server.heads[0].starts_with("GET /chat HTTP/1.1\r\nHost: example.com:81\r\n"));
    assert_eq!(c.order(), sansocket_session_transport::KEEP);
    c.expect(E::NONE); // the queue leaves after the handler
    c.exchange(&mut server);
    assert_eq!(server.messages(), ["early"]);
    assert_eq!(c.send("now"), (sansocket_result::OK, 2));
    server.send("hello");
    c.exchange(&mut server);
    let data = c.expect(E::DATA);
    assert_eq!((bytes(data.data, data.len), data.kind.0, data.first, data.last), (&b"hello"[..], 1, 1, 1));
    // What an event shows may be sent from where it lies.
    let mut number = 0;
    let echo = unsafe { sansocket_session_send(&mut *c.session, 0, data.kind, data.data.cast(), data.len, &mut number) };
    assert_eq!((echo, number), (sansocket_result::OK, 3));
    let mut again = unsafe { std::mem::zeroed::<sansocket_session_event>() };
    assert_eq!(unsafe { sansocket_session_current(&mut *c.session, &mut again) }, sansocket_result::OK);
    assert_eq!((again.data, again.len), (data.data, data.len));

    let epoch = c.epoch();
    // What is due keeps the end back, until the transport says that it takes no more.
    assert_eq!(unsafe { sansocket_session_eof(&mut *c.session, epoch) }, sansocket_result::OK);
    c.expect(E::NONE);
    assert_eq!(unsafe { sansocket_session_write_failed(&mut *c.session, epoch) }, sansocket_result::OK);
    let down = c.expect(E::DOWN);
    assert_eq!(down.cause, sansocket_session_cause::LOST);
    assert_eq!(c_text(sansocket_end_cause_text(down.end_cause)), ::sansocket::EndCause::EndOfInput.text());
    assert_eq!((down.first_number, down.last_number, down.count), (1, 3, 3));
    assert!(down.retry_in_ms < 1_000, "{}", down.retry_in_ms);
    assert_eq!(c.order(), sansocket_session_transport::NONE);
    assert_eq!(unsafe { sansocket_session_get_state(&*c.session) }.0, 5);
    assert_eq!(unsafe { sansocket_session_get_next_timeout(&*c.session) }, down.retry_in_ms);
    assert_eq!(i64::from(unsafe { sansocket_session_poll_timeout(&*c.session, 0) }), down.retry_in_ms as i64);
    c.now = down.retry_in_ms;
    c.expect(E::NONE);
    let dial = c.dial();
    assert_eq!(dial.failures, 1);
    // A report of the transport that was given up is ignored.
    assert_eq!(unsafe { sansocket_session_connected(&mut *c.session, epoch, c.now) }, sansocket_result::OK);
    assert_eq!(c.order(), sansocket_session_transport::DIAL);
    let mut server = c.up();
    c.exchange(&mut server);
    assert_eq!(server.messages(), [] as [&str; 0], "at most once");
}

#[test]
fn a_long_message_goes_in_parts_and_is_interrupted_with_its_connection() {
    let mut c = C::begun("ws://a/", &[]);
    let mut server = c.up();
    c.expect(E::NONE);
    let payload = "x".repeat(5_000);
    let (mut offset, mut taken) = (0_usize, 0_usize);
    while offset < payload.len() {
        let rest = &payload.as_bytes()[offset..];
        let sent = unsafe {
            let now = c.now;
            let data = rest.as_ptr().cast();
            sansocket_session_send_part(&mut *c.session, now, sansocket_kind(1), offset as u64, data, rest.len(), 1, &mut taken)
        };
        assert!(sent == sansocket_result::OK && taken > 0, "{sent:?}");
        offset += taken;
        c.exchange(&mut server);
        c.expect(E::NONE);
    }
    assert_eq!(server.messages(), [payload]);
    assert_eq!(unsafe { sansocket_session_get_last_number(&*c.session) }, 1);
    let mut part = |c: &mut C, offset| unsafe {
        sansocket_session_send_part(&mut *c.session, 0, sansocket_kind(1), offset, b"x".as_ptr().cast(), 1, 0, &mut taken).0
    };
    assert_eq!(part(&mut c, 0), 0);
    let epoch = c.epoch();
    unsafe { sansocket_session_write_failed(&mut *c.session, epoch) };
    assert_eq!(part(&mut c, 1), session_result::INTERRUPTED.0);
    assert_eq!(part(&mut c, 0), session_result::NOT_NOW.0);
}

#[test]
fn a_session_that_is_closed_says_so_and_stops() {
    let mut c = C::begun("ws://a/", &[]);
    let mut server = c.up();
    let now = c.now;
    let close = |c: &mut C, code| unsafe { sansocket_session_close(&mut *c.session, now, code, c"bye".as_ptr(), 3) };
    assert_eq!(c_text(sansocket_session_result_text(close(&mut c, 1005))), ::sansocket::UsageError::InvalidCloseCode.text());
    assert_eq!(close(&mut c, 1000), sansocket_result::OK);
    c.expect(E::NONE);
    c.exchange(&mut server);
    assert_eq!(c.expect(E::CLOSE_RECEIVED).close_code, 1000);
    c.expect(E::NONE);
    let epoch = c.epoch();
    unsafe { sansocket_session_eof(&mut *c.session, epoch) };
    let down = c.expect(E::DOWN);
    assert_eq!((down.cause, down.retry_in_ms), (sansocket_session_cause::APPLICATION, SANSOCKET_NEVER));
    c.expect(E::NONE);
    assert_eq!(unsafe { sansocket_session_get_state(&*c.session) }.0, 6);
    assert_eq!(unsafe { sansocket_session_poll_timeout(&*c.session, 0) }, -1);
    assert_eq!(c.send("late").0.0, session_result::STOPPED.0);
}

#[test]
fn failed_dials_and_refusals_have_their_details() {
    let mut c = C::begun("ws://a/", &[(sansocket_session_option::MAX_FAILURES, 2)]);
    let dial = c.dial();
    let failed =
        |c: &mut C, error| unsafe { sansocket_session_dial_failed(&mut *c.session, dial.epoch, sansocket_dial_error(error)) };
    assert_eq!(failed(&mut c, 5), sansocket_result::INVALID_ARGUMENT);
    assert_eq!(failed(&mut c, 2), sansocket_result::OK);
    let down = c.expect(E::DOWN);
    assert_eq!((down.cause, down.dial_error.0), (sansocket_session_cause::DIAL, 2));
    assert_eq!(c_text(sansocket_dial_error_text(down.dial_error)), DialError::Connect.to_string());
    assert_eq!(unsafe { sansocket_session_retry_in(&mut *c.session, 0, 7) }, sansocket_result::OK);
    assert_eq!(unsafe { sansocket_session_poll_timeout(&*c.session, 0) }, 7);
    c.now = 7;
    c.expect(E::NONE);
    let mut server = Server::refusing(Instant::from_millis(7), 503, &[("Retry-After", "1")]);
    let epoch = c.dial().epoch;
    unsafe { sansocket_session_connected(&mut *c.session, epoch, 7) };
    let url = c.expect(E::CONNECTED);
    assert_eq!(bytes(url.data, url.len), b"ws://a/");
    let header = |name, value| sansocket_header { name: text(name), value: text(value) };
    let headers = [header("Authorization", "Basic dTpw")];
    let request = |c: &mut C, count| unsafe {
        sansocket_session_request(&mut *c.session, 7, c"https://b".as_ptr(), 9, headers.as_ptr(), count)
    };
    assert_eq!(request(&mut c, 17), sansocket_result::LIST_TOO_LONG);
    assert_eq!(request(&mut c, 1), sansocket_result::OK);
    c.expect(E::NONE);
    c.exchange(&mut server);
    assert!(
        server.heads[0].contains("\r\nOrigin: https://b\r\n") && server.heads[0].contains("\r\nAuthorization: Basic dTpw\r\n")
    );
    let refused = c.expect(E::REFUSED);
    assert_eq!(refused.status, 503);
    let retry = unsafe { sansocket_head_header(refused.data, refused.len, c"retry-after".as_ptr(), 11) };
    assert_eq!(str_at(retry), "1");
    let body = unsafe { sansocket_session_unread(&*c.session) };
    assert_eq!(bytes(body.data, body.len), b"no");
    assert_eq!(unsafe { sansocket_session_read_body(&mut *c.session, 7) }, sansocket_result::OK);
    c.expect(E::NONE);
    assert_eq!(unsafe { sansocket_session_discard(&mut *c.session, 3) }, sansocket_result::INVALID_ARGUMENT);
    assert_eq!(unsafe { sansocket_session_discard(&mut *c.session, 1) }, sansocket_result::OK);
    let body = unsafe { sansocket_session_unread(&*c.session) };
    assert_eq!(bytes(body.data, body.len), b"o");
    assert_eq!(unsafe { sansocket_session_end_body(&mut *c.session, 7) }, sansocket_result::OK);
    let down = c.expect(E::DOWN);
    assert_eq!((down.cause, down.status, down.retry_in_ms), (sansocket_session_cause::REFUSED, 503, SANSOCKET_NEVER));
    c.expect(E::GAVE_UP);
}

#[test]
fn a_full_queue_refuses_or_drops_as_the_configuration_says() {
    let options = [(sansocket_session_option::MAX_QUEUED, 1)];
    let mut c = C::begun("ws://a/", &options);
    assert_eq!(c.send("one").0, sansocket_result::OK);
    assert_eq!(c.send("two"), (session_result::FULL.into(), 0));
    let mut c = C::begun("ws://a/", &[options[0], (sansocket_session_option::OVERFLOW, 2)]);
    assert_eq!((c.send("one").1, c.send("two").1), (1, 2));
    let dropped = c.expect(E::DROPPED);
    assert_eq!((dropped.first_number, dropped.last_number, dropped.count), (1, 1, 1));
    let volatile = |c: &mut C| unsafe {
        sansocket_session_send_volatile(&mut *c.session, 0, sansocket_kind(2), b"x".as_ptr().cast(), 1, null_mut())
    };
    assert_eq!(volatile(&mut c), sansocket_result::OK);
    assert_eq!(c.expect(E::DROPPED).first_number, 3);
    let now = |c: &mut C| unsafe { sansocket_session_send_now(&mut *c.session, 0, sansocket_kind(2), null(), 0, null_mut()) };
    assert_eq!(now(&mut c).0, session_result::NOT_NOW.0);
    for (option, value, result) in [
        (12, 4, sansocket_result::OUT_OF_RANGE),
        (9, 256, sansocket_result::OUT_OF_RANGE),
        (10, 65_536, sansocket_result::OUT_OF_RANGE),
        (1, 1 << 32, sansocket_result::OUT_OF_RANGE),
        (0, 0, sansocket_result::INVALID_ARGUMENT),
        (14, 0, sansocket_result::INVALID_ARGUMENT),
    ] {
        let set = unsafe { sansocket_session_config_set(&mut *c.config, sansocket_session_option(option), value) };
        assert_eq!(set, result, "{option}");
    }
}

#[test]
fn through_a_proxy_the_dial_is_its_and_tls_starts_in_the_tunnel() {
    let mut c = C::new(&[]);
    let (proxy, no_proxy) = ("http://user:pass@proxy:3128", ".example.org");
    let set = |c: &mut C, proxy: &'static str| unsafe {
        let no_proxy = text(no_proxy);
        sansocket_session_config_set_proxy(&mut *c.config, proxy.as_ptr().cast(), proxy.len(), no_proxy.data, no_proxy.len)
    };
    assert_eq!(set(&mut c, "https://proxy"), sansocket_result::OK);
    let setup = c.setup("wss://example.com/");
    let refused = unsafe { sansocket_session_init(&mut *c.session, &setup) };
    assert_eq!(refused.0, session_result::PROXY_UNSUPPORTED_SCHEME.0);
    assert_eq!(set(&mut c, proxy), sansocket_result::OK);
    assert_eq!(unsafe { sansocket_session_init(&mut *c.session, &setup) }, sansocket_result::OK);
    unsafe { sansocket_session_start(&mut *c.session, 0) };
    let dial = c.dial();
    assert_eq!((str_at(dial.host), dial.port, dial.tls, dial.is_proxy), ("proxy", 3128, 0, 1));
    unsafe { sansocket_session_connected(&mut *c.session, dial.epoch, 0) };
    c.expect(E::NONE);
    let due = unsafe { sansocket_session_due(&*c.session) };
    let connect = std::str::from_utf8(bytes(due.data, due.len)).unwrap();
    assert!(connect.starts_with("CONNECT example.com:443 HTTP/1.1\r\n") && connect.contains("Basic dXNlcjpwYXNz"), "{connect}");
    let answer = b"HTTP/1.1 200 Connected\r\n\r\n";
    unsafe {
        sansocket_session_written(&mut *c.session, dial.epoch, due.len, 0);
        let space = sansocket_session_space(&mut *c.session);
        space.data.copy_from(answer.as_ptr(), answer.len());
        sansocket_session_filled(&mut *c.session, dial.epoch, answer.len(), 0);
    }
    c.expect(E::NONE);
    assert_eq!(c.order(), sansocket_session_transport::START_TLS);
    let tls = c.dial();
    assert_eq!((str_at(tls.host), tls.port, tls.tls, tls.is_proxy), ("example.com", 0, 1, 0));
    unsafe { sansocket_session_connected(&mut *c.session, tls.epoch, 0) };
    c.expect(E::CONNECTED);
    let url = c"wss://a.example.org/";
    assert_eq!(unsafe { sansocket_session_set_url(&mut *c.session, url.as_ptr(), 20) }, sansocket_result::OK);
    assert_eq!(str_at(unsafe { sansocket_session_get_url(&*c.session) }), "wss://a.example.org/");
}

#[test]
fn a_heartbeat_that_is_not_answered_ends_the_connection() {
    let mut c = C::new(&[]);
    let beat = unsafe {
        sansocket_session_config_set_heartbeat(&mut *c.config, c"are you there".as_ptr(), 13, c"yes".as_ptr(), 3, 1_000, 500)
    };
    assert_eq!(beat, sansocket_result::OK);
    let setup = c.setup("ws://a/");
    assert_eq!(unsafe { sansocket_session_init(&mut *c.session, &setup) }, sansocket_result::OK);
    unsafe { sansocket_session_start(&mut *c.session, 0) };
    let mut server = c.up();
    c.expect(E::NONE);
    c.now = 1_000;
    c.exchange(&mut server);
    c.expect(E::NONE);
    c.exchange(&mut server);
    assert_eq!(server.messages(), ["are you there"]);
    c.now = 1_500;
    c.exchange(&mut server);
    assert_eq!(c.expect(E::DOWN).cause, sansocket_session_cause::HEARTBEAT_TIMEOUT);
}

#[test]
fn null_zeroed_memory_and_wrong_setups_are_results() {
    let mut c = C::new(&[]);
    let good = c.setup("ws://a/");
    let mut session = zeroed::<sansocket_session>();
    let mut event = unsafe { std::mem::zeroed() };
    let mut init = |change: &dyn Fn(&mut sansocket_session_setup)| {
        let mut setup = unsafe { std::ptr::read(&good) };
        change(&mut setup);
        unsafe { sansocket_session_init(&mut *session, &setup) }.0
    };
    assert_eq!(init(&|setup| setup.size -= 1), sansocket_result::WRONG_SIZE.0);
    assert_eq!(init(&|setup| setup.abi_version += 1), sansocket_result::WRONG_VERSION.0);
    assert_eq!(init(&|setup| setup.reserved_more[1] = 1), sansocket_result::INVALID_ARGUMENT.0);
    assert_eq!(init(&|setup| setup.buffers.in_pieces = 2), sansocket_result::INVALID_ARGUMENT.0);
    assert_eq!(init(&|setup| setup.entropy = None), sansocket_result::NULL_POINTER.0);
    assert_eq!(init(&|setup| setup.buffers.output = null_mut()), sansocket_result::NULL_POINTER.0);
    assert_eq!(init(&|setup| setup.buffers.input_size = 130), sansocket_result::from(::sansocket::UsageError::BufferTooShort).0);
    assert_eq!(init(&|setup| setup.memory = setup.buffers.output), sansocket_result::OVERLAP.0);
    assert_eq!(init(&|setup| setup.url.data = setup.memory.cast()), sansocket_result::OVERLAP.0);
    assert_eq!(init(&|setup| setup.memory_size = 255), session_result::MEMORY_TOO_SHORT.0);
    assert_eq!(init(&|setup| setup.url = text("http//a")), sansocket_result::from(::sansocket::UrlError::InvalidScheme).0);
    let zeroed_config = zeroed::<sansocket_session_config>();
    assert_eq!(init(&|setup| setup.session_config = &*zeroed_config), sansocket_result::NOT_INITIALISED.0);
    unsafe {
        assert_eq!(sansocket_session_init(null_mut(), &good), sansocket_result::NULL_POINTER);
        assert_eq!(sansocket_session_init(&mut *session, null()), sansocket_result::NULL_POINTER);
        assert_eq!(sansocket_session_next(&mut *session, 0, &mut event), sansocket_result::NOT_INITIALISED);
        assert_eq!(sansocket_session_next(&mut *session, 0, null_mut()), sansocket_result::NULL_POINTER);
        assert_eq!(sansocket_session_start(null_mut(), 0), sansocket_result::NULL_POINTER);
        assert_eq!(sansocket_session_start((&raw mut *session).byte_add(1), 0), sansocket_result::MISALIGNED);
        assert_eq!(sansocket_session_due(null()).len, 0);
        assert_eq!(sansocket_session_get_transport(&*session), sansocket_session_transport::NONE);
        assert_eq!(sansocket_session_get_state(null()).0, 6);
        assert_eq!(sansocket_session_poll_timeout(null(), 0), 0);
        assert_eq!(sansocket_session_get_next_timeout(null()), SANSOCKET_NEVER);
        assert!(sansocket_session_get_url(null()).data.is_null());
        assert_eq!(sansocket_session_config_url_memory_len(null()), 256);
        assert_eq!(sansocket_session_config_url_memory_len(&*zeroed_config), 0);
        assert_eq!(sansocket_session_init(&mut *session, &good), sansocket_result::OK);
        let kind = sansocket_kind(1);
        let overlaps = [good.buffers.output, good.memory];
        for data in overlaps {
            assert_eq!(sansocket_session_send(&mut *session, 0, kind, data.cast(), 1, null_mut()), sansocket_result::OVERLAP);
        }
        assert_eq!(
            sansocket_session_send(&mut *session, 0, sansocket_kind(3), null(), 0, null_mut()),
            sansocket_result::INVALID_ARGUMENT
        );
        assert_eq!(sansocket_session_dial(&*session, &mut std::mem::zeroed()).0, session_result::NOT_NOW.0);
    }
}

#[test]
fn credentials_are_written_and_cut_out_of_urls() {
    let mut out = [0_u8; 64];
    let mut value = text("");
    let mut basic = |user: &str, password: &str, size| unsafe {
        let (data, user, password) = (out.as_mut_ptr().cast(), text(user), text(password));
        let result = sansocket_basic_credentials(user.data, user.len, password.data, password.len, data, size, &mut value);
        (result.0, str_at(value))
    };
    assert_eq!(basic("user", "pass", 18), (0, "Basic dXNlcjpwYXNz"));
    assert_eq!(basic("user", "pass", 17).0, sansocket_result::from(::sansocket::UsageError::BufferTooShort).0);
    assert_eq!(basic("us:er", "pass", 64).0, session_result::COLON_IN_USER.0);
    let mut split = sansocket_split_url { url: text(""), authorization: text("") };
    let mut cut = |url: &str| unsafe {
        sansocket_split_url_user(url.as_ptr().cast(), url.len(), out.as_mut_ptr().cast(), out.len(), &mut split).0
    };
    assert_eq!(cut("wss://u:%"), 0); // no `@`, no user
    assert_eq!(cut("wss://u:%@h/"), session_result::INVALID_PERCENT_ENCODING.0);
    assert_eq!(cut("wss://user:p%40ss@host/x"), 0);
    assert_eq!((str_at(split.url), str_at(split.authorization)), ("wss://host/x", "Basic dXNlcjpwQHNz"));
    let plain = c"ws://h/";
    unsafe { sansocket_split_url_user(plain.as_ptr(), 7, out.as_mut_ptr().cast(), 7, &mut split) };
    assert!(str_at(split.url) == "ws://h/" && split.authorization.data.is_null());
}

#[test]
fn results_and_causes_have_rusts_texts() {
    let result = |result: sansocket_result| c_text(sansocket_session_result_text(result)).to_owned();
    for error in [SendError::Full, SendError::TooLong, SendError::Stopped, SendError::Interrupted] {
        assert_eq!(result(error.into()), error.to_string());
    }
    for error in [SetupError::UrlTooLong, SetupError::MemoryTooShort] {
        assert_eq!(result(error.into()), error.to_string());
    }
    for error in [ProxyError::UnsupportedScheme, ProxyError::InvalidHost, ProxyError::InvalidPort, ProxyError::Path] {
        assert_eq!(result(error.into()), error.to_string());
    }
    for error in [CredentialsError::ColonInUser, CredentialsError::ControlCharacter, CredentialsError::InvalidPercentEncoding] {
        assert_eq!(result(error.into()), error.to_string());
    }
    use RedirectError as R;
    for error in [R::Insecure, R::UserInformation, R::Invalid, R::TooLong, R::TooMany] {
        assert_eq!(c_text(sansocket_redirect_error_text(error.into())), error.to_string());
    }
    for error in [DialError::Name, DialError::Connect, DialError::Certificate, DialError::NoTls] {
        assert_eq!(c_text(sansocket_dial_error_text(error.into())), error.to_string());
    }
    for cause in [Cause::ConnectTimeout, Cause::HeartbeatTimeout, Cause::Application] {
        assert_eq!(c_text(sansocket_session_cause_text(cause.into())), cause.to_string());
    }
    assert_eq!(result(sansocket_result::OVERLAP), "output, input or lent memory overlap");
    assert_eq!(sansocket_session_cause::from(Cause::Failed(ProtocolError::WrongAccept)), sansocket_session_cause::FAILED);
    for number in [22, u32::MAX] {
        assert_eq!(result(sansocket_result(1024 | number)), "a result that this version does not know");
        assert_eq!(c_text(sansocket_session_event_text(E(number))), "unknown event");
        assert_eq!(c_text(sansocket_session_state_text(sansocket_session_state(number))), "unknown state");
    }
}
