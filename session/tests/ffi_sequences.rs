//! C's session does what Rust's does: random sequences of calls beside the same calls in Rust. After each, all that can be asked is the same;
//! what is sent and received is, byte for byte.
#![cfg(feature = "ffi")]
#![allow(clippy::undocumented_unsafe_blocks, reason = "each calls C functions with memory that the lines around it made")]

mod support;

use std::ffi::c_void;

use ::sansocket::ffi::{SANSOCKET_NEVER, sansocket_kind, sansocket_result, sansocket_text};
use ::sansocket::{Buffered, CloseCode, Connection, Entropy, Instant, MessageKind};
use ::sansocket_session::ffi::*;
use ::sansocket_session::{DialError, Epoch, Event, Session, SessionConfig, Transport};
use support::{CONFIG, Lcg, Peer, Server, leak};

type Rust = Session<'static, Lcg, Vec<u8>, Vec<u8>, Vec<u8>>;

/// Two hundred thousand calls; ten times as many in a release build. A seed that fails is printed.
#[test]
fn random_calls_do_in_c_what_they_do_in_rust() {
    let (mut counts, mut ups) = ([0; CALLS], 0);
    for seed in 0..if cfg!(debug_assertions) { 1_000 } else { 10_000 } {
        let result = std::panic::catch_unwind(|| {
            let (mut pair, mut counts) = (Pair::new(seed), [0; CALLS]);
            for _ in 0..200 {
                pair.step(&mut counts);
                pair.check();
            }
            (counts, pair.ups)
        });
        let (done, seen) = result.unwrap_or_else(|panic| {
            eprintln!("seed {seed}");
            std::panic::resume_unwind(panic)
        });
        (0..CALLS).for_each(|call| counts[call] += done[call]);
        ups += seen;
    }
    // Each does something else than being refused, and there are connections.
    assert!(counts.iter().all(|count| *count > 50) && ups > 500, "{ups} {counts:?}");
}

const CALLS: usize = 20;

unsafe extern "C" fn entropy(context: *mut c_void, bytes: *mut u8, len: usize) -> i32 {
    let (random, bytes) = unsafe { (&mut *context.cast::<Lcg>(), std::slice::from_raw_parts_mut(bytes, len)) };
    i32::from(random.fill(bytes).is_err())
}

fn bytes<'a>(data: *const u8, len: usize) -> &'a [u8] {
    if len == 0 { &[] } else { unsafe { std::slice::from_raw_parts(data, len) } }
}

struct Pair {
    rust: Rust,
    c: Box<sansocket_session>,
    _lent: (Box<sansocket_session_config>, Vec<Vec<u8>>, Box<Lcg>),
    server: Option<Server>,
    random: Lcg,
    now: u64,
    ups: u32,
    /// Of the message that is sent in parts.
    offset: u64,
}

impl Pair {
    fn new(seed: u64) -> Self {
        let options = [
            (sansocket_session_option::FIRST_DELAY_MS, 300),
            (sansocket_session_option::MIN_DELAY_MS, 100),
            (sansocket_session_option::MAX_FAILURES, 9),
            (sansocket_session_option::MAX_QUEUED, 5),
            (sansocket_session_option::OVERFLOW, 1 + seed % 3),
        ];
        let overflow = [::sansocket_session::Overflow::Refuse, ::sansocket_session::Overflow::DropOldest];
        let overflow = overflow.get((seed % 3) as usize).copied().unwrap_or(::sansocket_session::Overflow::DropNewest);
        let config = SessionConfig::new().first_delay_ms(300).min_delay_ms(100).max_failures(9).max_queued(5).overflow(overflow);
        let ws = Buffered::new(Connection::client(&CONFIG, Lcg(seed), Instant::from_millis(0)), vec![0; 600], vec![0; 700]);
        let rust = Session::new(ws, leak(config), "ws://a/", vec![0; 800]).expect("a session");
        let mut c: Box<sansocket_session> = unsafe { Box::new(std::mem::zeroed()) };
        let mut c_config: Box<sansocket_session_config> = unsafe { Box::new(std::mem::zeroed()) };
        let (mut lent, mut chance) = (vec![vec![0; 600], vec![0; 700], vec![0; 800]], Box::new(Lcg(seed)));
        let mut setup: sansocket_session_setup = unsafe { std::mem::zeroed() };
        (setup.size, setup.abi_version) = (size_of_val(&setup), ::sansocket::ffi::SANSOCKET_ABI_VERSION);
        unsafe { sansocket_session_config_init(&mut *c_config, &setup) };
        for (option, value) in options {
            assert_eq!(unsafe { sansocket_session_config_set(&mut *c_config, option, value) }, sansocket_result::OK);
        }
        (setup.session_config, setup.entropy, setup.entropy_context) =
            (&raw const *c_config, Some(entropy as _), (&raw mut *chance).cast());
        setup.url = sansocket_text { data: c"ws://a/".as_ptr(), len: 7 };
        (setup.buffers.input, setup.buffers.input_size) = (lent[0].as_mut_ptr(), 600);
        (setup.buffers.output, setup.buffers.output_size) = (lent[1].as_mut_ptr(), 700);
        (setup.memory, setup.memory_size) = (lent[2].as_mut_ptr(), 800);
        assert_eq!(unsafe { sansocket_session_init(&mut *c, &setup) }, sansocket_result::OK);
        let random = Lcg(seed ^ 0x5EED);
        Self { rust, c, _lent: (c_config, lent, chance), server: None, random, now: 0, ups: 0, offset: 0 }
    }

    fn below(&mut self, end: u64) -> u64 {
        let mut bytes = [0; 8];
        self.random.fill(&mut bytes).expect("random");
        u64::from_le_bytes(bytes) % end
    }

    /// One call, in C and in Rust. Most are those that a loop makes.
    fn step(&mut self, counts: &mut [u32; CALLS]) {
        self.now += self.below(40);
        let call = match self.below(40) {
            call @ 0..20 => call,
            20..28 => 0,
            28..31 => 1,
            31..36 => 2,
            _ => 3,
        } as usize;
        let (c, now_ms, now): (*mut sansocket_session, _, _) = (&raw mut *self.c, self.now, Instant::from_millis(self.now));
        // One time in eight, the report of another transport.
        let epoch = if self.below(8) == 0 { Epoch::from_number(self.rust.epoch().number() ^ 1) } else { self.rust.epoch() };
        let e = epoch.number();
        let len = [0, 1, 20, 130, 400, 800][self.below(6) as usize];
        let (payload, kind) = (vec![b'x'; len], if self.below(2) == 0 { MessageKind::Text } else { MessageKind::Binary });
        let (data, c_kind) = (payload.as_ptr().cast::<c_void>(), sansocket_kind::from(kind));
        let (mut number, mut taken) = (0, 0);
        let done = match call {
            0 => self.next(),
            1 => {
                self.rust.connected(epoch, now);
                if matches!(self.rust.transport(), Transport::Keep) && self.server.is_none() {
                    self.server = Some(Server::new(now));
                }
                unsafe { sansocket_session_connected(c, e, now_ms) == sansocket_result::OK }
            }
            2 => self.exchange(),
            3 => {
                self.rust.filled(epoch, 0, now);
                unsafe { sansocket_session_filled(c, e, 0, now_ms) == sansocket_result::OK }
            }
            4 => {
                let rust = self.rust.commands(now).send(kind, &payload).map_err(sansocket_result::from);
                let done = unsafe { sansocket_session_send(c, now_ms, c_kind, data, len, &mut number) };
                same(rust, done, number)
            }
            5 => {
                let rust = self.rust.commands(now).send_volatile(kind, &payload).map_err(sansocket_result::from);
                let done = unsafe { sansocket_session_send_volatile(c, now_ms, c_kind, data, len, &mut number) };
                same(rust, done, number)
            }
            6 => {
                let rust = self.rust.commands(now).send_now(kind, &payload).map_err(sansocket_result::from);
                let done = unsafe { sansocket_session_send_now(c, now_ms, c_kind, data, len, &mut number) };
                same(rust, done, number)
            }
            7 => {
                let (offset, fin) = (self.offset, self.below(3) == 0);
                let rust = self.rust.commands(now).send_part(kind, offset, &payload, fin).map_err(sansocket_result::from);
                let done = unsafe { sansocket_session_send_part(c, now_ms, c_kind, offset, data, len, fin.into(), &mut taken) };
                let is_whole = rust.is_ok_and(|taken| fin && taken == len);
                let has_failed = rust.is_err();
                self.offset = if is_whole || has_failed { 0 } else { offset + taken as u64 };
                same(rust, done, taken)
            }
            8 => {
                let rust = self.rust.commands(now).ping(&payload).map_err(sansocket_result::from);
                same(rust, unsafe { sansocket_session_ping(c, now_ms, data, len) }, ())
            }
            9 if self.below(4) == 0 => {
                let code = [0, 1000, 1005, 4000][self.below(4) as usize];
                let rust =
                    self.rust.commands(now).close((code != 0).then_some(CloseCode(code)), "").map_err(sansocket_result::from);
                same(rust, unsafe { sansocket_session_close(c, now_ms, code, std::ptr::null(), 0) }, ())
            }
            10 => {
                self.rust.commands(now).hold();
                unsafe { sansocket_session_hold(c, now_ms) == sansocket_result::OK }
            }
            9 | 11 => {
                self.rust.commands(now).release();
                unsafe { sansocket_session_release(c, now_ms) == sansocket_result::OK }
            }
            12 => {
                self.rust.commands(now).retry_in(5);
                unsafe { sansocket_session_retry_in(c, now_ms, 5) == sansocket_result::OK }
            }
            13 if self.below(4) == 0 => {
                self.rust.commands(now).stop();
                unsafe { sansocket_session_stop(c, now_ms) == sansocket_result::OK }
            }
            13 | 14 => {
                self.rust.start(now);
                unsafe { sansocket_session_start(c, now_ms) == sansocket_result::OK }
            }
            15 => {
                let error =
                    [DialError::Name, DialError::Connect, DialError::Certificate, DialError::NoTls][self.below(4) as usize];
                self.rust.dial_failed(epoch, error);
                unsafe { sansocket_session_dial_failed(c, e, error.into()) == sansocket_result::OK }
            }
            16 => {
                self.server = None;
                self.rust.eof(epoch);
                unsafe { sansocket_session_eof(c, e) == sansocket_result::OK }
            }
            17 => {
                self.rust.write_failed(epoch);
                unsafe { sansocket_session_write_failed(c, e) == sansocket_result::OK }
            }
            18 => {
                let url = [c"ws://a/", c"ws://b:81/x?y", c"http//a", c""][self.below(4) as usize];
                let rust = self.rust.set_url(url.to_str().expect("UTF-8")).map_err(sansocket_result::from);
                same(rust, unsafe { sansocket_session_set_url(c, url.as_ptr(), url.count_bytes()) }, ())
            }
            _ if self.below(4) == 0 => {
                self.rust.pause(now);
                unsafe { sansocket_session_pause(c, now_ms) == sansocket_result::OK }
            }
            _ => {
                self.rust.resume(now);
                unsafe { sansocket_session_resume(c, now_ms) == sansocket_result::OK }
            }
        };
        counts[call] += u32::from(done);
    }

    /// The next event of both.
    fn next(&mut self) -> bool {
        let mut event = unsafe { std::mem::zeroed::<sansocket_session_event>() };
        let found = unsafe { sansocket_session_next(&mut *self.c, self.now, &mut event) };
        let rust = self.rust.next(Instant::from_millis(self.now));
        let (kind, data) = (event.r#type, bytes(event.data, event.len));
        use sansocket_session_event_type as E;
        let (expected, payload): (E, &[u8]) = match &rust {
            Err(error) => {
                assert_eq!((found, kind), ((*error).into(), E::NONE));
                return false;
            }
            Ok(None) => (E::NONE, b""),
            Ok(Some((expected, _))) => match expected {
                Event::Connected { url, .. } => (E::CONNECTED, url.as_bytes()),
                Event::Up(response) => (E::UP, response.bytes()),
                Event::Data(message) => (E::DATA, &*message.payload),
                Event::Ping { payload, .. } => (E::PING, payload),
                Event::Pong { payload, .. } => (E::PONG, payload),
                Event::CloseReceived { reason, .. } => (E::CLOSE_RECEIVED, reason.as_bytes()),
                Event::Failed { .. } => (E::FAILED, b""),
                Event::Refused(response) => (E::REFUSED, response.bytes()),
                Event::Down { cause, retry_in_ms, unconfirmed, .. } => {
                    assert_eq!(event.cause, (*cause).into());
                    assert_eq!(event.retry_in_ms, retry_in_ms.unwrap_or(SANSOCKET_NEVER));
                    let numbers = (unconfirmed.first, unconfirmed.last, unconfirmed.count);
                    assert_eq!((event.first_number, event.last_number, event.count), numbers);
                    (E::DOWN, b"")
                }
                Event::Dropped(_) => (E::DROPPED, b""),
                Event::GaveUp => (E::GAVE_UP, b""),
                other => panic!("{other:?}"),
            },
        };
        assert_eq!((found, kind, data), (sansocket_result::OK, expected, payload));
        self.ups += u32::from(kind == E::UP);
        kind != E::NONE
    }

    /// Hands all that is due to the server, and its answer to both.
    fn exchange(&mut self) -> bool {
        let (now, epoch) = (Instant::from_millis(self.now), self.rust.epoch());
        let Some(server) = &mut self.server else { return false };
        let Some(space) = self.rust.space().map(|space| space.len()) else { return false };
        let due = self.rust.due().to_vec();
        server.send("hello");
        let mut answer = server.take(&due, now);
        answer.truncate(space);
        self.rust.written(epoch, due.len(), now);
        if let Some(space) = self.rust.space() {
            space[..answer.len()].copy_from_slice(&answer);
        }
        self.rust.filled(epoch, answer.len(), now);
        unsafe {
            assert_eq!(sansocket_session_written(&mut *self.c, epoch.number(), due.len(), self.now), sansocket_result::OK);
            let space = sansocket_session_space(&mut *self.c);
            space.data.copy_from(answer.as_ptr(), answer.len());
            assert_eq!(sansocket_session_filled(&mut *self.c, epoch.number(), answer.len(), self.now), sansocket_result::OK);
        }
        true
    }

    /// All that can be asked.
    fn check(&mut self) {
        let (c, rust, now) = (&raw mut *self.c, &mut self.rust, Instant::from_millis(self.now));
        if !matches!(rust.transport(), Transport::Keep | Transport::ShutdownWrite) {
            self.server = None;
        }
        unsafe {
            let due = sansocket_session_due(c);
            assert_eq!(bytes(due.data, due.len), rust.due());
            let unread = sansocket_session_unread(c);
            assert_eq!(bytes(unread.data, unread.len), rust.unread());
            assert_eq!(sansocket_session_space(c).len, rust.space().map_or(0, |space| space.len()));
            assert_eq!(sansocket_session_wants_reading(c) == 1, rust.wants_reading());
            let order = match rust.transport() {
                Transport::Dial(_) => sansocket_session_transport::DIAL,
                Transport::Keep => sansocket_session_transport::KEEP,
                Transport::ShutdownWrite => sansocket_session_transport::SHUTDOWN_WRITE,
                _ => sansocket_session_transport::NONE,
            };
            assert_eq!(sansocket_session_get_transport(c), order);
            let mut dial = std::mem::zeroed::<sansocket_dial>();
            let has_dial = sansocket_session_dial(c, &mut dial) == sansocket_result::OK;
            assert_eq!(has_dial, order == sansocket_session_transport::DIAL);
            if let Transport::Dial(expected) = rust.transport() {
                assert_eq!((bytes(dial.host.data.cast(), dial.host.len), dial.port), (expected.host.as_bytes(), expected.port));
                assert_eq!((dial.epoch, dial.failures), (expected.epoch.number(), expected.failures));
            }
            assert_eq!(sansocket_session_get_state(c), rust.state().into());
            assert_eq!(sansocket_session_get_epoch(c), rust.epoch().number());
            let url = sansocket_session_get_url(c);
            assert_eq!(bytes(url.data.cast(), url.len), rust.url().as_bytes());
            assert_eq!(sansocket_session_get_queued(c), rust.queued());
            assert_eq!(sansocket_session_get_failures(c), rust.failures());
            assert_eq!(sansocket_session_get_last_number(c), rust.last_number());
            assert_eq!(sansocket_session_get_next_timeout(c), rust.next_timeout().map_or(SANSOCKET_NEVER, Instant::as_millis));
            let ms = rust.millis_until_timeout(now).map_or(-1, |ms| i32::try_from(ms).unwrap_or(i32::MAX));
            assert_eq!(sansocket_session_poll_timeout(c, self.now), ms);
        }
    }
}

/// Whether both did it, which they must say alike.
fn same<T: PartialEq + std::fmt::Debug>(rust: Result<T, sansocket_result>, c: sansocket_result, found: T) -> bool {
    match rust {
        Ok(value) => assert_eq!((value, sansocket_result::OK), (found, c)),
        Err(result) => assert_eq!(result, c),
    }
    c == sansocket_result::OK
}
