//! A random sequence of calls of the C layer, beside the same calls of the Rust API: results, events, outputs and all that can be
//! asked must be the same, byte for byte, and wrong calls must change nothing.
//!
//! Depends on no other file, so that a fuzz target can `#[path]`-include it; needs the features `ffi` and `deflate`.
#![allow(clippy::undocumented_unsafe_blocks, reason = "each calls C functions with memory that the lines around it made")]

use ::sansocket::ffi::*;
use ::sansocket::{
    Accept, CallError, ClientRequest, CloseCode, Collector, CompressedMessage, Compressor, Config, Connection, Data,
    DeflateConfig, DeflateDirection, DeflateParams, Entropy, EntropyError, Event, Finished, Header, Inflate, InflateError,
    Inflater, Instant, Level, MessageKind, Negotiated, Origin, PingSource, Progress, Received, Request, Role, UsageError,
};
use std::cell::Cell;
use std::ffi::{c_char, c_void};
use std::ptr::{null, null_mut};
use std::rc::Rc;

/// How many bytes decide on one call. All have the same number, so that a call can be left out without changing the others.
pub(crate) const CALL_LEN: usize = 48;

/// Decides by the first bytes of `data` how to begin, and by the next ones what to call; the same data give the same sequence.
pub(crate) fn ffi_sequence(data: &[u8]) {
    let mut calls = data.chunks(CALL_LEN).map(|data| Source { data, at: 0 });
    let Some(mut beginning) = calls.next() else { return };
    let settings = settings(&mut beginning);
    let deflate = deflate_settings(&mut beginning).filter(|_| beginning.one_in(2));
    let config = Config::new().subprotocols(SUBPROTOCOLS).deflate(deflate.map_or(DeflateConfig::OFF, of_c));
    let config = Box::new(settings.iter().fold(config, |config, &(option, value)| {
        let wide = u32::try_from(value).unwrap();
        match option {
            O::MAX_MESSAGE_LEN => config.max_message_len(value),
            O::MAX_FRAGMENTS => config.max_fragments(wide),
            O::MAX_EMPTY_FRAMES => config.max_empty_frames(wide),
            O::MAX_HEAD_LEN => config.max_head_len(wide),
            O::AUTO_PONG => config.auto_pong(value == 1),
            O::KEEPALIVE_INTERVAL_MS => config.keepalive_interval_ms(wide),
            O::CLOSING_TIMEOUT_MS => config.closing_timeout_ms(wide),
            O::MIN_WRITE_RATE => config.min_write_rate(wide),
            O::WRITE_TIMEOUT_MS => config.write_timeout_ms(wide),
            _ => config.idle_timeout_ms(wide),
        }
    }));
    let c_config = c_config(&settings, deflate.as_ref());
    let mut pair = Pair::begin(&mut beginning, &config, &c_config);
    for mut source in calls {
        pair.step(&mut source);
        pair.check(&mut source);
    }
}

const SUBPROTOCOLS: &str = "chat, superchat";
const CANARY: u8 = 0xA5;
const OK: sansocket_result = sansocket_result::OK;
use sansocket_event_type as E;
use sansocket_option as O;
use sansocket_result as R;

/// Decisions out of the data; zeros after their end.
pub(crate) struct Source<'d> {
    data: &'d [u8],
    at: usize,
}

impl Source<'_> {
    pub(crate) fn byte(&mut self) -> u8 {
        self.at += 1;
        self.data.get(self.at - 1).copied().unwrap_or(0)
    }

    pub(crate) fn below(&mut self, end: usize) -> usize {
        usize::from(self.byte()) % end
    }

    pub(crate) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    pub(crate) fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == n - 1
    }

    fn bytes(&mut self, len: usize) -> Vec<u8> {
        let ascii = self.one_in(2);
        let mut bytes: Vec<u8> = (0..len.min(8)).map(|_| self.byte()).collect();
        bytes.resize(len, b'x');
        if ascii { bytes.iter().map(|byte| byte & 0x7F).collect() } else { bytes }
    }

    /// Mostly short, sometimes around the edges of the length's forms.
    fn payload(&mut self) -> Vec<u8> {
        let len = self.pick(&[0, 0, 1, 2, 3, 5, 16, 16, 16, 20, 123, 124, 125, 126, 127, 300]);
        self.bytes(len)
    }
}

/// The same bytes for both sides, or none.
#[derive(Default)]
struct Chance {
    last: Cell<u8>,
    draws: Cell<usize>,
    broken: Cell<bool>,
}

impl Chance {
    fn fill(&self, bytes: &mut [u8]) -> bool {
        if self.broken.get() {
            return false;
        }
        for byte in bytes.iter_mut() {
            self.last.set(self.last.get().wrapping_add(1));
            *byte = self.last.get();
        }
        self.draws.set(self.draws.get() + 1);
        true
    }
}

struct Shared(Rc<Chance>);

impl Entropy for Shared {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        self.0.fill(bytes).then_some(()).ok_or(EntropyError)
    }
}

unsafe extern "C" fn entropy(context: *mut c_void, bytes: *mut u8, len: usize) -> i32 {
    let (chance, bytes) = unsafe { (&*context.cast::<Chance>(), std::slice::from_raw_parts_mut(bytes, len)) };
    i32::from(!chance.fill(bytes))
}

/// What C returns for a mistake.
pub(crate) fn usage(error: UsageError) -> sansocket_result {
    R(256 + u32::from(error.number()))
}

/// Options and values that both sides take.
fn settings(source: &mut Source<'_>) -> Vec<(sansocket_option, u64)> {
    let mut settings = Vec::new();
    for (option, values) in [
        (O::MAX_MESSAGE_LEN, &[200_u64, 5, 1 << 20][..]),
        (O::MAX_FRAGMENTS, &[1, 2]),
        (O::MAX_EMPTY_FRAMES, &[1]),
        (O::MAX_HEAD_LEN, &[64, 400]),
        (O::AUTO_PONG, &[0, 1]),
        (O::KEEPALIVE_INTERVAL_MS, &[0, 50]),
        (O::IDLE_TIMEOUT_MS, &[70]),
        (O::CLOSING_TIMEOUT_MS, &[0, 60]),
        (O::MIN_WRITE_RATE, &[0, 1 << 20]),
        (O::WRITE_TIMEOUT_MS, &[0, 20_000]),
    ] {
        if source.one_in(4) {
            settings.push((option, source.pick(values)));
        }
    }
    settings
}

/// What may be wanted of compression.
fn deflate_settings(source: &mut Source<'_>) -> Option<sansocket_deflate_config> {
    let [send_window_bits, receive_window_bits] = [(); 2].map(|()| source.pick(&[0, 0, 15, 12, 8, 9]));
    let marks = source.byte();
    let [send_no_context_takeover, receive_no_context_takeover, fallback] = [1, 2, 4].map(|bit| u8::from(marks & bit != 0));
    (marks & 8 != 0).then_some(sansocket_deflate_config {
        send_window_bits,
        receive_window_bits,
        send_no_context_takeover,
        receive_no_context_takeover,
        fallback,
        reserved: [0; 3],
    })
}

/// The same settings in Rust.
fn of_c(settings: sansocket_deflate_config) -> DeflateConfig {
    let bits = |bits| if bits == 0 { 15 } else { bits };
    DeflateConfig::new()
        .send_window_bits(bits(settings.send_window_bits))
        .receive_window_bits(bits(settings.receive_window_bits))
        .send_no_context_takeover(settings.send_no_context_takeover == 1)
        .receive_no_context_takeover(settings.receive_no_context_takeover == 1)
        .fallback(settings.fallback == 1)
}

/// `SANSOCKET_SETUP`.
pub(crate) fn setup() -> Box<sansocket_setup> {
    let mut setup: Box<sansocket_setup> = zeroed();
    (setup.size, setup.abi_version) = (size_of::<sansocket_setup>(), SANSOCKET_ABI_VERSION);
    setup
}

/// What every function that initialises must refuse, without a change: NULL, misaligned structs, another size or version.
fn wrong_setups<T>(
    place: *mut T,
    setup: &sansocket_setup,
    init: unsafe extern "C" fn(*mut T, *const sansocket_setup) -> sansocket_result,
) {
    let before = bits(unsafe { &*place });
    let with = |change: &dyn Fn(&mut sansocket_setup)| {
        let mut wrong = Box::new(copied(setup));
        change(&mut wrong);
        wrong
    };
    // Of a struct of another version nothing but its size may be read.
    let small = Box::new(size_of::<usize>());
    unsafe {
        assert_eq!(init(null_mut(), setup), R::NULL_POINTER);
        assert_eq!(init(place.byte_add(2), setup), R::MISALIGNED);
        assert_eq!(init(place, null()), R::NULL_POINTER);
        assert_eq!(init(place, (&raw const *setup).byte_add(2)), R::MISALIGNED);
        assert_eq!(init(place, (&raw const *small).cast()), R::WRONG_SIZE);
        assert_eq!(init(place, &*with(&|setup| setup.size += 8)), R::WRONG_SIZE);
        assert_eq!(init(place, &*with(&|setup| setup.abi_version += 1)), R::WRONG_VERSION);
    }
    assert_eq!(bits(unsafe { &*place }), before, "refused, yet changed");
}

fn c_config(settings: &[(sansocket_option, u64)], deflate: Option<&sansocket_deflate_config>) -> Box<sansocket_config> {
    let mut config: Box<sansocket_config> = zeroed();
    let list = SUBPROTOCOLS.as_ptr().cast::<c_char>();
    let setup = setup();
    let c: *mut sansocket_config = &mut *config;
    unsafe {
        assert_eq!(sansocket_config_set(c, O::MAX_FRAGMENTS, 1), R::NOT_INITIALISED);
        assert_eq!(sansocket_config_set_subprotocols(c, list, 1), R::NOT_INITIALISED);
        assert_eq!(sansocket_config_set_deflate(c, null()), R::NOT_INITIALISED);
        wrong_setups(c, &setup, sansocket_config_init);
        assert_eq!(sansocket_config_init(c, &*setup), OK);
        let made = bits(&*c);
        assert_eq!(sansocket_config_set(null_mut(), O::MAX_FRAGMENTS, 1), R::NULL_POINTER);
        assert_eq!(sansocket_config_set(c, O(0), 1), R::INVALID_ARGUMENT);
        assert_eq!(sansocket_config_set(c, O::MAX_FRAGMENTS, 1 << 32), R::OUT_OF_RANGE);
        assert_eq!(sansocket_config_set(c, O::AUTO_PONG, 2), R::OUT_OF_RANGE);
        assert_eq!(sansocket_config_set_subprotocols(c, null(), 1), R::NULL_POINTER);
        assert_eq!(sansocket_config_set_subprotocols(c, list, usize::MAX), R::LENGTH_TOO_LARGE);
        let bad = b"\xFF".as_ptr().cast();
        assert_eq!(sansocket_config_set_subprotocols(c, bad, 1), usage(UsageError::InvalidSubprotocol));
        let mut wrong: Box<sansocket_deflate_config> = zeroed();
        assert_eq!(sansocket_config_set_deflate(null_mut(), &*wrong), R::NULL_POINTER);
        for bits in [1, 7, 16, 255] {
            wrong.send_window_bits = bits;
            assert_eq!(sansocket_config_set_deflate(c, &*wrong), R::OUT_OF_RANGE);
            (wrong.send_window_bits, wrong.receive_window_bits) = (0, bits);
            assert_eq!(sansocket_config_set_deflate(c, &*wrong), R::OUT_OF_RANGE);
            wrong.receive_window_bits = 0;
        }
        wrong.reserved[2] = 1;
        assert_eq!(sansocket_config_set_deflate(c, &*wrong), R::INVALID_ARGUMENT);
        assert_eq!(bits(&*c), made, "refused, yet changed");
        assert_eq!(sansocket_config_set_subprotocols(c, list, SUBPROTOCOLS.len()), OK);
        assert_eq!(sansocket_config_set_deflate(c, deflate.map_or(null(), |deflate| deflate)), OK);
        for &(option, value) in settings {
            assert_eq!(sansocket_config_set(c, option, value), OK);
        }
    }
    config
}

/// Setups that begin no connection.
fn wrong_beginnings(ws: *mut sansocket, setup: &sansocket_setup) {
    type Init = unsafe extern "C" fn(*mut sansocket, *const sansocket_setup) -> sansocket_result;
    let (server, client, open): (Init, Init, Init) = (sansocket_init_server, sansocket_init_client, sansocket_init_open);
    for init in [server, client, open] {
        wrong_setups(ws, setup, init);
    }
    let before = bits(unsafe { &*ws });
    let refuses = |wanted, init: Init, change: &dyn Fn(&mut sansocket_setup)| {
        let mut wrong = Box::new(copied(setup));
        change(&mut wrong);
        assert_eq!(unsafe { init(ws, &*wrong) }, wanted);
    };
    let zeroed_config = zeroed();
    for init in [server, client, open] {
        refuses(R::NOT_INITIALISED, init, &|setup| setup.config = &raw const *zeroed_config);
        refuses(R::MISALIGNED, init, &|setup| setup.config = unsafe { setup.config.byte_add(2) });
    }
    let client_role = sansocket_role(1);
    refuses(R::NULL_POINTER, client, &|setup| setup.entropy = None);
    refuses(R::NULL_POINTER, open, &|setup| (setup.role, setup.entropy) = (client_role, None));
    refuses(R::INVALID_ARGUMENT, open, &|setup| setup.role = sansocket_role(0));
    refuses(R::INVALID_ARGUMENT, open, &|setup| setup.role = sansocket_role(3));
    refuses(R::MISALIGNED, open, &|setup| setup.negotiated = unsafe { setup.negotiated.byte_add(2) });
    for (server, client) in [(7, 0), (0, 7), (16, 8), (8, 16)] {
        let mut negotiated: Box<sansocket_negotiated> = zeroed();
        negotiated.has_deflate = 1;
        (negotiated.server_max_window_bits, negotiated.client_max_window_bits) = (server, client);
        refuses(R::OUT_OF_RANGE, open, &|setup| setup.negotiated = &raw const *negotiated);
    }
    assert_eq!(bits(unsafe { &*ws }), before, "refused, yet changed");
}

/// A struct of C's, all zero.
pub(crate) fn zeroed<T>() -> Box<T> {
    // Only structs of integers and pointers are asked for.
    unsafe { Box::new(std::mem::zeroed()) }
}

/// A copy of a struct of C's.
fn copied<T>(of: &T) -> T {
    // Bits only: none of these has anything to drop.
    unsafe { std::ptr::read(of) }
}

/// An event as plain numbers, its bytes as a place in the buffers of the call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Flat {
    event_type: sansocket_event_type,
    error: u32,
    close_code: u16,
    status: u16,
    kind: u32,
    marks: [bool; 4],
    answers: u32,
    cause: u32,
    offset: u64,
    len: usize,
    /// Which buffer, and where in it.
    place: Option<(usize, usize)>,
}

/// Address and length.
type Span = (*const u8, usize);

fn span(bytes: &[u8]) -> Span {
    (bytes.as_ptr(), bytes.len())
}

const NO_BUFFERS: [Span; 2] = [(null(), 0); 2];

/// Where `bytes` lie in one of the `buffers`.
fn place((data, len): Span, buffers: [Span; 2]) -> Option<(usize, usize)> {
    let within = |(start, room): Span| data.addr().checked_sub(start.addr()).filter(|at| at + len <= room);
    if len == 0 { None } else { (0..2).find_map(|index| Some((index, within(buffers[index])?))) }
}

impl Flat {
    const NONE: Self = Self {
        event_type: E::NONE,
        error: 0,
        close_code: 0,
        status: 0,
        kind: 0,
        marks: [false; 4],
        answers: 0,
        cause: 0,
        offset: 0,
        len: 0,
        place: None,
    };

    fn of_c(event: &sansocket_event, buffers: [Span; 2]) -> Self {
        assert_eq!((event.reserved, event.reserved_more), (0, 0));
        assert!([event.first, event.last, event.was_clean, event.answered].iter().all(|mark| *mark <= 1));
        let place = place((event.data, event.len), buffers);
        assert!(event.len == 0 || place.is_some(), "an event shows bytes that are not in the call's memory");
        Self {
            event_type: event.r#type,
            error: event.error.0,
            close_code: event.close_code,
            status: event.status,
            kind: event.kind.0,
            marks: [event.first, event.last, event.was_clean, event.answered].map(|mark| mark == 1),
            answers: event.answers.0,
            cause: event.cause.0,
            offset: event.offset,
            len: event.len,
            place,
        }
    }

    fn of_rust(event: Option<Event<'_>>, buffers: [Span; 2]) -> Self {
        let none = (null(), 0);
        let (event_type, shown, flat) = match event {
            None => (E::NONE, none, Self::NONE),
            Some(Event::Request(request)) => (E::REQUEST, span(request.bytes()), Self::NONE),
            Some(Event::HttpRequest(request)) => (E::HTTP_REQUEST, span(request.bytes()), Self::NONE),
            Some(Event::Opened(response)) => {
                (E::OPENED, span(response.bytes()), Self { status: response.status(), ..Self::NONE })
            }
            Some(Event::Refused { response, error, .. }) => {
                let flat = Self { status: response.status(), error: error.number().into(), ..Self::NONE };
                (E::REFUSED, span(response.bytes()), flat)
            }
            Some(Event::Data(data)) => {
                let kind = if data.kind == MessageKind::Text { 1 } else { 2 };
                let marks = [data.first(), data.last, false, false];
                (E::DATA, span(data.payload), Self { kind, marks, offset: data.offset, ..Self::NONE })
            }
            Some(Event::Ping { payload, answered, .. }) => {
                (E::PING, span(payload), Self { marks: [false, false, false, answered], ..Self::NONE })
            }
            Some(Event::Pong { payload, answers, .. }) => {
                let answers = answers.map_or(0, |source| if source == PingSource::Keepalive { 1 } else { 2 });
                (E::PONG, span(payload), Self { answers, ..Self::NONE })
            }
            Some(Event::CloseReceived { code, reason, .. }) => {
                (E::CLOSE_RECEIVED, span(reason.as_bytes()), Self { close_code: code.0, ..Self::NONE })
            }
            Some(Event::Failed { error, .. }) => (E::FAILED, none, Self { error: error.number().into(), ..Self::NONE }),
            Some(Event::Closed { code, was_clean, cause, .. }) => (
                E::CLOSED,
                none,
                Self { close_code: code.0, marks: [false, false, was_clean, false], cause: cause.number().into(), ..Self::NONE },
            ),
            Some(other) => panic!("{other:?} is not known here"),
        };
        Self { event_type, len: shown.1, place: place(shown, buffers), ..flat }
    }
}

/// What a call reports: result and room wanted, or what it did.
type Outcome<T> = Result<T, (sansocket_result, usize)>;

fn outcome<T>(result: Result<T, CallError>) -> Outcome<T> {
    result.map_err(|error| match error {
        CallError::NeedsRoom { bytes } => (R::NEEDS_ROOM, bytes),
        CallError::EntropyFailed => (R::ENTROPY_FAILED, 0),
        CallError::Usage(error) => (usage(error), 0),
        other => panic!("{other:?} is not known here"),
    })
}

/// Whether a call gives events or only bytes, or has no connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Sort {
    Event,
    Verb,
    Alone,
}

/// The outputs of a call, full of canaries. C's begins with bytes that are due, and ends with a margin that its size leaves out.
struct Outputs {
    c: Vec<u8>,
    due: usize,
    rust: Vec<u8>,
}

const DUE: u8 = 0x5A;
const MARGIN: usize = 8;

impl Outputs {
    fn with_room(room: usize, source: &mut Source<'_>) -> Self {
        let due = source.pick(&[0, 0, 1, 7, 131, 300]);
        let c = [vec![DUE; due], vec![CANARY; room + MARGIN]].concat();
        Self { c, due, rust: vec![CANARY; room] }
    }

    /// Some room.
    fn new(source: &mut Source<'_>) -> Self {
        let room = source.pick(&[131, 131, 400, 400, 400, 400, 400, 400, 400, 32, 130, 8, 5, 2, 1, 0]);
        Self::with_room(room, source)
    }

    fn check(&self) {
        let (due, written) = self.c.split_at(self.due);
        let (written, margin) = written.split_at(self.rust.len());
        assert_eq!((written, margin), (&self.rust[..], &[CANARY; MARGIN][..]));
        assert!(due.iter().all(|byte| *byte == DUE), "what was due before the call was overwritten");
    }
}

struct Pair<'c> {
    role: Role,
    config: &'c Config<'c>,
    c_config: &'c sansocket_config,
    ws: Box<sansocket>,
    rust: Connection<'c, Shared>,
    c_chance: Box<Chance>,
    rust_chance: Rc<Chance>,
    io: Box<sansocket_io>,
    /// What `io` has to hold after the call, all of it.
    expected: sansocket_io,
    now: u64,
    /// Input that was not consumed.
    buffer: Vec<u8>,
    /// The head of the last request.
    head: Vec<u8>,
    /// The key of our request, for a good response.
    key: Vec<u8>,
    peer: Peer,
    deflate: Deflate,
}

/// Inflaters and compressors of both sides. The memory that they borrow is dropped after them.
struct Deflate {
    inflater: Box<sansocket_inflater>,
    compressor: Box<sansocket_compressor>,
    rust_inflater: Inflater<'static>,
    rust_compressor: Compressor<'static>,
    /// The inflater as a codec of the caller's: what C keeps of it, and what Rust does.
    codec: [u64; 2],
    rust_codec: (u64, bool),
    /// What C has lent, and what Rust has: given back at the end.
    memory: [*mut [u8]; 4],
}

impl Deflate {
    /// With the windows to receive and to send.
    fn new([inflated, bits]: [u8; 2]) -> Self {
        let level = [Level::Default, Level::Fast, Level::Default, Level::Best][usize::from(bits) % 4];
        // 0 stands for the default.
        let number = u32::from(bits) % 4;
        let len = sansocket_compressor_memory_len(bits.into(), sansocket_level(number));
        assert_eq!(Some(len), Compressor::memory_len(bits, level));
        for (bits, level) in [(7, 1), (16, 0), (1000, 1), (8, 4)] {
            assert_eq!(sansocket_compressor_memory_len(bits, sansocket_level(level)), 0);
        }
        let lend = |len: usize| Box::into_raw(vec![CANARY; len].into_boxed_slice());
        let memory = [lend(1 << inflated), lend(1 << inflated), lend(len), lend(len)];
        let (mut inflater, mut compressor): (Box<sansocket_inflater>, Box<sansocket_compressor>) = (zeroed(), zeroed());
        let [c_history, _, c_memory, _] = memory.map(|memory| memory.cast::<u8>());
        let lent = |memory, memory_len, window_bits| {
            let mut lent = setup();
            (lent.memory, lent.memory_len, lent.window_bits) = (memory, memory_len, window_bits);
            lent.level = sansocket_level(number);
            lent
        };
        unsafe {
            let i: *mut sansocket_inflater = &mut *inflater;
            let init = |memory, len| sansocket_inflater_init(i, &*lent(memory, len, 0));
            assert_eq!(sansocket_inflater_reset(i), R::NOT_INITIALISED);
            assert_eq!((sansocket_inflater_get_window_bits(i), sansocket_inflater_get_window_bits(null())), (0, 0));
            assert_eq!(init(c_history, 255), R::WRONG_MEMORY_LEN);
            assert_eq!(init(null_mut(), 256), R::NULL_POINTER);
            assert_eq!(init(c_history, usize::MAX), R::LENGTH_TOO_LARGE);
            wrong_setups(i, &lent(c_history, 1 << inflated, 0), sansocket_inflater_init);
            assert_eq!(sansocket_inflater_reset(i), R::NOT_INITIALISED, "refused, yet made");
            assert_eq!(init(c_history, 1 << inflated), OK);
            assert_eq!(sansocket_inflater_get_window_bits(i), u32::from(inflated));
            assert_eq!(sansocket_inflater_get_window_bits(i.byte_add(2)), 0);

            let c: *mut sansocket_compressor = &mut *compressor;
            let init = |len, bits| sansocket_compressor_init(c, &*lent(c_memory, len, bits));
            assert_eq!(sansocket_compressor_reset(c), R::NOT_INITIALISED);
            assert_eq!((sansocket_compressor_get_window_bits(c), sansocket_compressor_get_window_bits(null())), (0, 0));
            assert_eq!((sansocket_compressor_is_idle(c), sansocket_compressor_is_idle(null())), (0, 0));
            assert_eq!([7, 16, 256 + 8].map(|bits| init(len, bits)), [R::OUT_OF_RANGE; 3]);
            assert_eq!(init(300, bits.into()), R::WRONG_MEMORY_LEN);
            wrong_setups(c, &lent(c_memory, len, bits.into()), sansocket_compressor_init);
            let mut unknown = lent(c_memory, len, bits.into());
            unknown.level = sansocket_level(4);
            assert_eq!(sansocket_compressor_init(c, &*unknown), R::INVALID_ARGUMENT);
            assert_eq!(sansocket_compressor_reset(c), R::NOT_INITIALISED, "refused, yet made");
            assert_eq!(init(len, bits.into()), OK);
            assert_eq!(sansocket_compressor_get_window_bits(c), u32::from(bits));
            assert_eq!(sansocket_compressor_get_window_bits(c.byte_add(2)), 0);
        }
        let [_, history, _, for_compressor] = memory.map(|memory| unsafe { &mut *memory });
        let rust_inflater = Inflater::new(history).unwrap();
        let rust_compressor = Compressor::new(bits, level, for_compressor).unwrap();
        Self { inflater, compressor, rust_inflater, rust_compressor, codec: [0; 2], rust_codec: (0, false), memory }
    }
}

/// An inflater in the part of a codec of the caller's, as zlib is one: the tail is input like any other.
struct Foreign<'a> {
    inner: &'a mut Inflater<'static>,
    /// Bytes of the message, and whether it failed.
    kept: &'a mut (u64, bool),
}

impl Inflate for Foreign<'_> {
    fn window_bits(&self) -> u8 {
        self.inner.window_bits()
    }

    fn reset(&mut self) {
        self.inner.reset();
        *self.kept = (0, false);
    }

    fn taken(&self) -> u64 {
        self.kept.0
    }

    fn inflate(&mut self, input: &[u8], output: &mut [u8]) -> Result<Progress, InflateError> {
        let progress = if self.kept.1 { Err(InflateError::Unspecified) } else { self.inner.inflate(input, output) };
        self.kept.1 = progress.is_err();
        let Progress { consumed, produced, .. } = progress?;
        self.kept.0 += consumed as u64;
        Ok(Progress { consumed, produced, more: produced == output.len() })
    }

    fn finish_message(&mut self, output: &mut [u8]) -> Result<Finished, InflateError> {
        let progress = if self.kept.1 { Err(InflateError::Unspecified) } else { self.inner.inflate(&[0, 0, 255, 255], output) };
        self.kept.1 = !progress.is_ok_and(|progress| (progress.consumed, progress.produced) == (4, 0));
        if self.kept.1 {
            return Err(InflateError::Unspecified);
        }
        self.kept.0 = 0;
        Ok(Finished { produced: 0, done: true })
    }
}

/// The same in C: its context is the inflater.
unsafe extern "C" fn codec_inflate(context: *mut c_void, step: *mut sansocket_codec_step) -> i32 {
    let mut io: Box<sansocket_io> = zeroed();
    let step = unsafe { &mut *step };
    assert_eq!((step.consumed, step.produced, step.flush, step.reserved), (0, 0, 0, [0; 7]));
    let mut input =
        if step.input_len == 0 { Vec::new() } else { unsafe { std::slice::from_raw_parts(step.input, step.input_len) }.to_vec() };
    (io.input, io.input_len) = (input.as_mut_ptr(), input.len());
    (io.output, io.output_size) = (step.output, step.output_size);
    let result = unsafe { sansocket_inflate(context.cast(), &mut *io) };
    (step.consumed, step.produced) = (step.input_len - io.input_len, io.output_len);
    i32::from(result != OK)
}

unsafe extern "C" fn codec_reset(context: *mut c_void) {
    assert_eq!(unsafe { sansocket_inflater_reset(context.cast()) }, OK);
}

impl Drop for Deflate {
    fn drop(&mut self) {
        // The codecs are not used any more; they do nothing when dropped.
        for memory in self.memory {
            drop(unsafe { Box::from_raw(memory) });
        }
    }
}

impl<'c> Pair<'c> {
    fn begin(source: &mut Source<'_>, config: &'c Config<'c>, c_config: &'c sansocket_config) -> Self {
        let role = source.pick(&[Role::Client, Role::Server]);
        let (c_chance, rust_chance) = (Box::<Chance>::default(), Rc::<Chance>::default());
        let now = u64::from(source.byte());
        let (shared, instant) = (Shared(rust_chance.clone()), Instant::from_millis(now));
        let (mut peer, mut windows) = (Peer::default(), [source.pick(&[8, 9, 15]), source.pick(&[8, 9, 15])]);
        let mut ws: Box<sansocket> = zeroed();
        let w: *mut sansocket = &mut *ws;
        let mut setup = setup();
        (setup.now_ms, setup.config) = (now, c_config);
        setup.entropy = Some(entropy);
        setup.entropy_context = (&raw const *c_chance).cast_mut().cast();
        let mut negotiated: Box<sansocket_negotiated> = zeroed();
        setup.role = sansocket_role(if role == Role::Client { 1 } else { 2 });
        setup.negotiated = &raw const *negotiated;
        wrong_beginnings(w, &setup);
        let rust = if source.one_in(2) {
            // Input that was not declared is not read.
            (setup.role, setup.negotiated) = (sansocket_role(9), null());
            if !source.one_in(8) {
                // They fit whatever is agreed.
                windows = [15, 8];
            }
            if role == Role::Client {
                assert_eq!(unsafe { sansocket_init_client(w, &*setup) }, OK);
                Connection::client(config, shared, instant)
            } else {
                setup.entropy = None;
                assert_eq!(unsafe { sansocket_init_server(w, &*setup) }, OK);
                Connection::server_with(config, shared, instant)
            }
        } else {
            let mut agreed = Negotiated::NOTHING;
            if source.one_in(3) {
                (negotiated.has_subprotocol, negotiated.subprotocol) = (1, source.byte() % 4);
                agreed = agreed.with_subprotocol(negotiated.subprotocol);
            }
            if !source.one_in(3) {
                let bits = [source.pick(&[0, 8, 9, 15]), source.pick(&[0, 8, 9, 15])];
                let fresh = [source.byte() & 1, source.byte() & 1];
                negotiated.has_deflate = 1;
                [negotiated.server_max_window_bits, negotiated.client_max_window_bits] = bits;
                [negotiated.server_no_context_takeover, negotiated.client_no_context_takeover] = fresh;
                let direction = |end: usize| DeflateDirection {
                    no_context_takeover: fresh[end] == 1,
                    max_window_bits: if bits[end] == 0 { 15 } else { bits[end] },
                };
                let params = DeflateParams { server: direction(0), client: direction(1) };
                agreed = agreed.with_deflate(params);
                peer.deflate = true;
                if !source.one_in(8) {
                    let theirs = if role == Role::Client { params.server } else { params.client };
                    windows = [theirs.max_window_bits, params.sent_by(role).max_window_bits];
                }
            }
            if agreed == Negotiated::NOTHING && source.one_in(2) {
                setup.negotiated = null();
            }
            assert_eq!(unsafe { sansocket_init_open(w, &*setup) }, OK);
            Connection::open(role, config, shared, agreed, instant)
        };
        let (deflate, io, expected) = (Deflate::new(windows), zeroed(), *zeroed());
        let (buffer, head, key) = (Vec::new(), Vec::new(), Vec::new());
        Self { role, config, c_config, ws, rust, c_chance, rust_chance, io, expected, now, buffer, head, key, peer, deflate }
    }

    fn step(&mut self, source: &mut Source<'_>) {
        self.now += u64::from(source.pick(&[0_u16, 0, 0, 0, 0, 0, 0, 1, 1, 1, 7, 7, 60, 60, 3_000, 30_000]));
        let broken = source.one_in(32);
        self.c_chance.broken.set(broken);
        self.rust_chance.broken.set(broken);
        if source.one_in(4) {
            self.move_everything();
        }
        self.peer.deflate |= self.rust.negotiated().deflate().is_some();
        // What the opening handshake waits for comes soon, or few sequences would get further.
        let connecting = self.rust.state() == ::sansocket::State::Connecting;
        match source.below(32) {
            _ if connecting && self.role == Role::Client && self.key.is_empty() && source.one_in(2) => self.request(source),
            _ if connecting && self.role == Role::Server && !self.head.is_empty() && source.one_in(2) => self.accept(source),
            0..=9 => self.receive(source),
            10 | 11 => self.receive_with(source),
            12 => self.receive_with_codec(source),
            13 => self.handle_timeout(source),
            14 if source.one_in(4) => self.receive_eof(source),
            14..=18 => self.send(source),
            19 | 20 => self.send_with(source),
            21 => self.control(source),
            22 => self.close_or_fail(source),
            23 => self.pace(source),
            24 | 25 if self.role == Role::Client || source.one_in(8) => self.request(source),
            24..=26 => self.accept(source),
            27 => self.respond(source),
            28 => self.encode(source),
            29 => self.codecs(source),
            30 => self.collect(source),
            _ => super::ffi_alone::call(source, self.config, self.c_config, &self.head),
        }
    }

    /// Everything that may move between calls is moved, and its old place overwritten.
    fn move_everything(&mut self) {
        fn moved<T>(from: &mut Box<T>) {
            let mut to = Box::new(copied(&**from));
            std::mem::swap(from, &mut to);
            unsafe { (&raw mut *to).cast::<u8>().write_bytes(CANARY, size_of::<T>()) };
        }
        moved(&mut self.ws);
        moved(&mut self.io);
        moved(&mut self.deflate.inflater);
        moved(&mut self.deflate.compressor);
    }

    fn instant(&self) -> Instant {
        Instant::from_millis(self.now)
    }

    fn set_io(&mut self, input: &mut [u8], outputs: &mut Outputs, source: &mut Source<'_>) {
        let io = &mut *self.io;
        io.now_ms = self.now;
        (io.input, io.input_len) = (input.as_mut_ptr(), input.len());
        (io.output, io.output_size, io.output_len) = (outputs.c.as_mut_ptr(), outputs.due + outputs.rust.len(), outputs.due);
        if input.is_empty() && source.one_in(2) {
            io.input = null_mut();
        }
        if io.output_size == 0 && source.one_in(2) {
            io.output = null_mut();
        }
        self.expected = copied(io);
    }

    /// Makes a call that must be refused: nothing changes but what reports it. `io` is `changed` during the call.
    fn refused(
        &mut self,
        sort: Sort,
        wanted: sansocket_result,
        change: impl FnOnce(&mut sansocket_io),
        call: impl FnOnce(*mut sansocket, *mut sansocket_io) -> sansocket_result,
    ) {
        let kept = copied(&*self.io);
        change(&mut self.io);
        self.expected = copied(&*self.io);
        let before = (bits(&*self.ws), self.c_chance.draws.get());
        assert_eq!(call(&mut *self.ws, &mut *self.io), wanted, "{sort:?}");
        assert_eq!((bits(&*self.ws), self.c_chance.draws.get()), before, "a refused call changed the connection");
        self.expect_refusal(sort, 0);
        self.check_io();
        *self.io = copied(&kept);
        self.expected = kept;
    }

    /// Makes the call wrongly, now and then: it must report that, and change nothing.
    fn misuse(
        &mut self,
        source: &mut Source<'_>,
        sort: Sort,
        call: &dyn Fn(*mut sansocket, *mut sansocket_io) -> sansocket_result,
    ) {
        let bytes_of = |data: *const u8, len: usize| match len {
            0 => Vec::new(),
            _ => unsafe { std::slice::from_raw_parts(data, len) }.to_vec(),
        };
        let memory = |io: &sansocket_io| (bytes_of(io.input, io.input_len), bytes_of(io.output, io.output_size));
        let before = memory(&self.io);
        let mut elsewhere = [0_u64; 64];
        let aside = unsafe { elsewhere.as_mut_ptr().byte_add(source.pick(&[1, 2])) };
        let mut other: Box<sansocket> = zeroed();
        let has_connection = sort != Sort::Alone;
        let same = |_: &mut sansocket_io| {};
        match source.below(64) {
            1 | 2 => {
                // There is no `io` to write to, so all of it stays as it was.
                let before = (bits(&*self.ws), self.c_chance.draws.get());
                assert_eq!(call(&mut *self.ws, null_mut()), R::NULL_POINTER);
                unsafe { aside.cast::<u8>().copy_from((&raw const *self.io).cast(), size_of::<sansocket_io>()) };
                let spoilt = elsewhere;
                assert_eq!(call(&mut *self.ws, aside.cast()), R::MISALIGNED);
                assert_eq!(elsewhere, spoilt, "a misaligned struct was written");
                assert_eq!((bits(&*self.ws), self.c_chance.draws.get()), before, "a refused call changed the connection");
                self.check_io();
            }
            3 if has_connection => self.refused(sort, R::NULL_POINTER, same, |_, io| call(null_mut(), io)),
            4 if has_connection => self.refused(sort, R::MISALIGNED, same, |ws, io| unsafe {
                aside.cast::<u8>().copy_from(ws.cast(), size_of::<sansocket>());
                call(aside.cast(), io)
            }),
            5 if has_connection => self.refused(sort, R::NOT_INITIALISED, same, |_, io| call(&mut *other, io)),
            6 if has_connection => self.refused(sort, R::NOT_INITIALISED, same, |ws, io| unsafe {
                // What a library of another ABI version, or another kind of struct, would have written.
                (&raw mut *other).cast::<u8>().copy_from(ws.cast(), size_of::<sansocket>());
                *(&raw mut *other).cast::<u64>() ^= u64::from(source.byte().max(1));
                call(&mut *other, io)
            }),
            7 => self.refused(sort, R::LENGTH_TOO_LARGE, |io| io.output_size = isize::MAX as usize + 1, call),
            8 => self.refused(sort, R::NULL_POINTER, |io| (io.output, io.output_size) = (null_mut(), 1), call),
            9 => self.refused(sort, R::INVALID_ARGUMENT, |io| io.output_len = io.output_size + 1, call),
            10 => self.refused(sort, R::INVALID_ARGUMENT, |io| io.output_len = usize::MAX, call),
            _ => {}
        }
        assert!(memory(&self.io) == before, "a refused call wrote bytes");
    }

    /// What a refusal leaves in `io`.
    fn expect_refusal(&mut self, sort: Sort, needed: usize) {
        self.expected.needed = needed;
        if sort == Sort::Event {
            self.expected.event = *zeroed();
        } else {
            (self.expected.consumed, self.expected.done) = (0, 0);
        }
    }

    fn check_io(&self) {
        let numbers = |io: &sansocket_io| {
            let input = (io.input, io.input_len);
            let output = (io.output, io.output_size, io.output_len);
            (input, output, io.needed, io.consumed, io.transport, io.done)
        };
        let names = "(input, input_len), (output, output_size, output_len), needed, consumed, transport, done";
        assert_eq!(numbers(&self.io), numbers(&self.expected), "{names}");
        assert_eq!(bits(&self.io.event), bits(&self.expected.event), "the event");
        assert_eq!(self.io.now_ms, self.expected.now_ms);
    }

    fn transport(&self) -> sansocket_transport {
        sansocket_transport(self.rust.transport() as u32)
    }

    /// Compares what a call that writes bytes did.
    fn compare(&mut self, sort: Sort, given: sansocket_result, did: Outcome<usize>) {
        match did {
            Ok(written) => {
                assert_eq!(given, OK);
                self.expected.output_len += written;
                self.expected.needed = 0;
                if sort == Sort::Verb {
                    self.expected.transport = self.transport();
                }
            }
            Err((result, needed)) => {
                assert_eq!(given, result);
                self.expect_refusal(sort, needed);
            }
        }
        self.check_io();
    }

    /// Compares what a call that gives an event did. `flat` is Rust's event.
    fn compare_event(&mut self, given: sansocket_result, did: Outcome<(usize, usize, Flat)>, buffers: [Span; 2]) {
        match did {
            Ok((consumed, produced, flat)) => {
                assert_eq!(given, OK);
                assert_eq!(Flat::of_c(&self.io.event, buffers), flat);
                self.expect_consumed(consumed);
                self.expected.output_len += produced;
                (self.expected.needed, self.expected.transport) = (0, self.transport());
                self.expected.event = self.io.event;
            }
            Err((result, needed)) => {
                assert_eq!(given, result);
                self.expect_refusal(Sort::Event, needed);
            }
        }
        self.check_io();
    }

    /// The front of the input is taken off.
    fn expect_consumed(&mut self, len: usize) {
        self.expected.input = self.expected.input.wrapping_add(len);
        self.expected.input_len -= len;
    }

    fn receive(&mut self, source: &mut Source<'_>) {
        self.arrive(source);
        let mut outputs = Outputs::new(source);
        let (mut c_in, mut input) = (self.buffer.clone(), self.buffer.clone());
        self.set_io(&mut c_in, &mut outputs, source);
        self.misuse(source, Sort::Event, &|ws, io| unsafe { sansocket_receive(ws, io) });
        self.misplaced_input(source, &|ws, io| unsafe { sansocket_receive(ws, io) });
        let given = unsafe { sansocket_receive(&mut *self.ws, &mut *self.io) };
        let spans = [span(&input), span(&[])];
        let did = flatten(outcome(self.rust.receive(self.instant(), &mut input, &mut outputs.rust)), spans);
        self.compare_event(given, did, [span(&c_in), span(&[])]);
        assert_eq!(c_in, input);
        outputs.check();
        self.take(did, &input);
    }

    /// Input that is NULL, too long or overlaps what is free in the output.
    fn misplaced_input(&mut self, source: &mut Source<'_>, call: &dyn Fn(*mut sansocket, *mut sansocket_io) -> sansocket_result) {
        let mut memory = [CANARY; 40];
        let start = memory.as_mut_ptr();
        match source.below(32) {
            1 => self.refused(Sort::Event, R::NULL_POINTER, |io| (io.input, io.input_len) = (null_mut(), 3), call),
            2 => self.refused(Sort::Event, R::LENGTH_TOO_LARGE, |io| io.input_len = isize::MAX as usize + 1, call),
            3 => {
                // The output's free part are the bytes 8 to 16.
                let [due, at, len] = [source.below(9), source.below(9), source.below(10) + 1];
                let change = |io: &mut sansocket_io| {
                    (io.output, io.output_size, io.output_len) = (unsafe { start.add(8 - due) }, due + 8, due);
                    (io.input, io.input_len) = (unsafe { start.add(at) }, len + 8 - at);
                };
                self.refused(Sort::Event, R::OVERLAP, change, call);
            }
            _ => {}
        }
        assert_eq!(memory, [CANARY; 40]);
    }

    fn receive_with(&mut self, source: &mut Source<'_>) {
        self.arrive(source);
        let mut outputs = Outputs::new(source);
        let (mut c_in, mut input) = (self.buffer.clone(), self.buffer.clone());
        let len = source.pick(&[0, 1, 4, 64, 64, 500]);
        let (mut c_window, mut window) = (vec![CANARY; len], vec![CANARY; len]);
        self.set_io(&mut c_in, &mut outputs, source);
        let (inflater, w): (*mut _, *mut u8) = (&mut *self.deflate.inflater, c_window.as_mut_ptr());
        self.misuse(source, Sort::Event, &|ws, io| unsafe { sansocket_receive_with(ws, io, inflater, w, len) });
        self.misplaced_input(source, &|ws, io| unsafe { sansocket_receive_with(ws, io, inflater, w, len) });
        if source.one_in(16) {
            let before = bits(&*self.deflate.inflater);
            let history = self.deflate.memory[0].cast::<u8>();
            let (front, free) = (c_in.as_mut_ptr(), unsafe { outputs.c.as_mut_ptr().add(outputs.due) });
            let mut none: Box<sansocket_inflater> = zeroed();
            for (wanted, inflater, window, len) in [
                (R::NULL_POINTER, null_mut(), w, len),
                (R::NOT_INITIALISED, &raw mut *none, w, len),
                (R::NULL_POINTER, inflater, null_mut(), 1),
                (R::LENGTH_TOO_LARGE, inflater, w, usize::MAX),
                (R::OVERLAP, inflater, unsafe { history.add(255) }, 1),
                (R::OVERLAP, inflater, free, outputs.rust.len().min(1)),
                (R::OVERLAP, inflater, front, c_in.len().min(1)),
            ] {
                // An empty window overlaps nothing.
                if wanted != R::OVERLAP || len > 0 {
                    let call = |ws, io| unsafe { sansocket_receive_with(ws, io, inflater, window, len) };
                    self.refused(Sort::Event, wanted, |_| {}, call);
                }
            }
            assert_eq!(bits(&*self.deflate.inflater), before);
        }
        let given = unsafe { sansocket_receive_with(&mut *self.ws, &mut *self.io, inflater, w, len) };
        let instant = self.instant();
        let spans = [span(&input), span(&window)];
        let did = self.rust.receive_with(instant, &mut input, &mut self.deflate.rust_inflater, &mut window, &mut outputs.rust);
        let did = flatten(outcome(did), spans);
        self.compare_event(given, did, [span(&c_in), span(&c_window)]);
        assert_eq!((c_in, c_window), (input.clone(), window));
        outputs.check();
        self.take(did, &input);
    }

    fn receive_with_codec(&mut self, source: &mut Source<'_>) {
        self.arrive(source);
        let mut outputs = Outputs::new(source);
        let (mut c_in, mut input) = (self.buffer.clone(), self.buffer.clone());
        let len = source.pick(&[0, 1, 4, 64, 64, 500]);
        let (mut c_window, mut window) = (vec![CANARY; len], vec![CANARY; len]);
        self.set_io(&mut c_in, &mut outputs, source);
        let bits = self.deflate.rust_inflater.window_bits().into();
        let mut codec = Box::new(sansocket_inflate_codec {
            context: (&raw mut *self.deflate.inflater).cast(),
            inflate: Some(codec_inflate),
            reset: Some(codec_reset),
            limit_window: None,
            window_bits: bits,
            reserved: 0,
            state: self.deflate.codec,
        });
        let (c, w): (*mut _, *mut u8) = (&mut *codec, c_window.as_mut_ptr());
        self.misuse(source, Sort::Event, &|ws, io| unsafe { sansocket_receive_with_codec(ws, io, c, w, len) });
        self.misplaced_input(source, &|ws, io| unsafe { sansocket_receive_with_codec(ws, io, c, w, len) });
        let given = unsafe { sansocket_receive_with_codec(&mut *self.ws, &mut *self.io, c, w, len) };
        self.deflate.codec = codec.state;
        let instant = self.instant();
        let spans = [span(&input), span(&window)];
        let mut foreign = Foreign { inner: &mut self.deflate.rust_inflater, kept: &mut self.deflate.rust_codec };
        let did = self.rust.receive_with(instant, &mut input, &mut foreign, &mut window, &mut outputs.rust);
        let did = flatten(outcome(did), spans);
        self.compare_event(given, did, [span(&c_in), span(&c_window)]);
        let (taken, has_failed) = self.deflate.rust_codec;
        assert_eq!(self.deflate.codec, [taken, has_failed.into()]);
        assert_eq!((c_in, c_window), (input.clone(), window));
        outputs.check();
        self.take(did, &input);
    }

    /// Keeps what was not consumed, and the head of a request.
    fn take(&mut self, did: Outcome<(usize, usize, Flat)>, input: &[u8]) {
        let Ok((consumed, _, flat)) = did else { return };
        if let (E::REQUEST | E::HTTP_REQUEST, Some((0, at))) = (flat.event_type, flat.place) {
            self.head = input[at..at + flat.len].to_vec();
        }
        self.buffer = input[consumed..].to_vec();
        // What a refused client leaves is not ours; an endless sequence is of no use.
        if self.buffer.len() > 2000 || flat.event_type == E::REFUSED {
            self.buffer.clear();
        }
    }

    /// More bytes from the peer: the rest of what it wrote before, or something new.
    fn arrive(&mut self, source: &mut Source<'_>) {
        if self.peer.wire.is_empty() {
            let connecting = self.rust.state() == ::sansocket::State::Connecting;
            self.peer.wire = match source.below(16) {
                0 => return,
                // A client's peer has nothing to say before the request.
                _ if connecting && self.role == Role::Client && self.key.is_empty() && !source.one_in(16) => return,
                1 if source.one_in(6) => source.bytes(3),
                _ if connecting && !source.one_in(16) => self.head_from_peer(source),
                _ => self.peer.frame(source, self.role),
            };
        }
        let end = match source.below(8) {
            0 => self.peer.wire.len() / 2,
            1 => self.peer.wire.len().min(1),
            _ => self.peer.wire.len(),
        };
        self.buffer.extend(self.peer.wire.drain(..end));
    }

    fn head_from_peer(&mut self, source: &mut Source<'_>) -> Vec<u8> {
        if self.role == Role::Server {
            let request = "GET /chat?a=b HTTP/1.1\r\nHost: example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
            let more = source.pick(&[
                "\r\n",
                "Origin: https://evil.example\r\n\r\n",
                "Origin: https://example.com\r\nSec-WebSocket-Protocol: x, chat\r\nSec-WebSocket-Protocol: superchat\r\n\r\n",
                "Sec-WebSocket-Extensions: permessage-deflate; client_no_context_takeover; client_max_window_bits=12\r\n\r\n",
                "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=9; server_no_context_takeover\r\n\r\n",
                "Transfer-Encoding: chunked\r\n\r\n",
                "Bad Name: x\r\n\r\n",
            ]);
            return match source.below(12) {
                0 => b"GET /page HTTP/1.1\r\nHost: h\r\n\r\n".to_vec(),
                1 => b"\x16\x03\x01".to_vec(),
                _ => [request, more].concat().into_bytes(),
            };
        }
        let accept = ::sansocket::accept_key(&self.key);
        let response = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ";
        let more = source.pick(&[
            "\r\n\r\n",
            "\r\nSec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=8\r\n\r\n",
            "\r\nSec-WebSocket-Extensions: permessage-deflate; client_no_context_takeover; server_no_context_takeover\r\n\r\n",
            "\r\nSec-WebSocket-Protocol: chat\r\n\r\n",
            "\r\nSec-WebSocket-Protocol: x\r\n\r\n",
        ]);
        match source.below(12) {
            0 => b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".to_vec(),
            1 => b"HTTP/1.1 100 Continue\r\n\r\n".to_vec(),
            _ => {
                let frame = self.peer.frame(source, self.role);
                [response.as_bytes(), &accept, more.as_bytes(), &frame].concat()
            }
        }
    }

    fn receive_eof(&mut self, source: &mut Source<'_>) {
        let mut outputs = Outputs::with_room(8, source);
        self.set_io(&mut [], &mut outputs, source);
        self.misuse(source, Sort::Event, &|ws, io| unsafe { sansocket_receive_eof(ws, io) });
        let given = unsafe { sansocket_receive_eof(&mut *self.ws, &mut *self.io) };
        let did = flatten(Ok(self.rust.receive_eof(self.instant())), NO_BUFFERS);
        self.compare_event(given, did, NO_BUFFERS);
        outputs.check();
    }

    fn handle_timeout(&mut self, source: &mut Source<'_>) {
        let mut outputs = Outputs::new(source);
        // The input is not read: it waits unchanged.
        let mut waiting = source.payload();
        self.set_io(&mut waiting, &mut outputs, source);
        self.misuse(source, Sort::Event, &|ws, io| unsafe { sansocket_handle_timeout(ws, io) });
        let given = unsafe { sansocket_handle_timeout(&mut *self.ws, &mut *self.io) };
        let did = flatten(Ok(self.rust.handle_timeout(self.instant(), &mut outputs.rust)), NO_BUFFERS);
        self.compare_event(given, did, NO_BUFFERS);
        outputs.check();
    }

    /// A call that only writes: C's and Rust's, each with its output. Gives what Rust wrote.
    fn writes(
        &mut self,
        source: &mut Source<'_>,
        sort: Sort,
        c: &dyn Fn(*mut sansocket, *mut sansocket_io) -> sansocket_result,
        rust: impl FnOnce(&mut Connection<'c, Shared>, Instant, &mut [u8]) -> Outcome<usize>,
    ) -> Vec<u8> {
        let mut outputs = Outputs::new(source);
        self.set_io(&mut [], &mut outputs, source);
        self.misuse(source, sort, c);
        let given = c(&mut *self.ws, &mut *self.io);
        let instant = self.instant();
        let did = rust(&mut self.rust, instant, &mut outputs.rust);
        self.compare(sort, given, did);
        outputs.check();
        outputs.rust.truncate(did.unwrap_or(0));
        outputs.rust
    }

    /// Refuses a verb for arguments that are wrong whatever the output is.
    fn refuses(&mut self, wanted: sansocket_result, call: impl FnOnce(*mut sansocket, *mut sansocket_io) -> sansocket_result) {
        let change = |io: &mut sansocket_io| {
            (io.input, io.input_len) = (null_mut(), 0);
            (io.output, io.output_size, io.output_len) = (null_mut(), 0, 0);
        };
        self.refused(Sort::Verb, wanted, change, call);
    }

    fn send(&mut self, source: &mut Source<'_>) {
        let (payload, fin) = (source.payload(), source.byte() % 4);
        let (number, kind) = pick_kind(source);
        let (data, len) = (payload.as_ptr().cast::<c_void>(), payload.len());
        match source.below(8) {
            1 => {
                let c = |ws, io| unsafe { sansocket_send_header(ws, io, number, data, len, fin) };
                let rust = |rust: &mut Connection<'c, Shared>, _, out: &mut [u8]| {
                    outcome(rust.send_header(kind.ok_or((R::INVALID_ARGUMENT, 0))?, &payload, fin != 0, out))
                };
                self.writes(source, Sort::Verb, &c, rust);
            }
            2 => {
                let len = source.pick(&[0, 125, 126, 0xFFFF, 0x1_0000, u64::MAX >> 1, 1 << 63, u64::MAX]);
                let c = |ws, io| unsafe { sansocket_send_binary_header(ws, io, len, fin) };
                self.writes(source, Sort::Verb, &c, |rust, _, out| outcome(rust.send_binary_header(len, fin != 0, out)));
            }
            3 => self.send_encoded(source, &payload),
            4 => self.send_compressed(source, &payload),
            5 => self.encode_compressed(source),
            _ => {
                self.misplaced_payload(source, number);
                let c = |ws, io| unsafe { sansocket_send(ws, io, number, data, len, fin) };
                let rust = |rust: &mut Connection<'c, Shared>, _, out: &mut [u8]| {
                    outcome(rust.send(kind.ok_or((R::INVALID_ARGUMENT, 0))?, &payload, fin != 0, out))
                };
                self.writes(source, Sort::Verb, &c, rust);
            }
        }
    }

    fn send_compressed(&mut self, source: &mut Source<'_>, encoded: &[u8]) {
        let (ws, before): (*mut sansocket, _) = (&mut *self.ws, bits(&*self.ws));
        let ((data, len), window_bits) = (span(encoded), source.pick(&[15, 9, 8, 12]));
        let mut due = usize::MAX;
        unsafe {
            if source.one_in(8) {
                assert_eq!(sansocket_send_compressed(null_mut(), data, len, 15, &mut due), R::NULL_POINTER);
                assert_eq!(sansocket_send_compressed(&mut *zeroed(), data, len, 15, &mut due), R::NOT_INITIALISED);
                assert_eq!(sansocket_send_compressed(ws, null(), 1, 15, &mut due), R::NULL_POINTER);
                assert_eq!(sansocket_send_compressed(ws, data, usize::MAX, 15, &mut due), R::LENGTH_TOO_LARGE);
                assert_eq!(sansocket_send_compressed(ws, data, len, 15, null_mut()), R::NULL_POINTER);
                for wrong in [0, 7, 16, 256 + 15] {
                    assert_eq!(sansocket_send_compressed(ws, data, len, wrong, &mut due), R::OUT_OF_RANGE);
                }
                assert_eq!((bits(&*ws), due), (before, usize::MAX), "a refused call changed something");
            }
            let given = sansocket_send_compressed(ws, data, len, window_bits.into(), &mut due);
            match self.rust.send_compressed(&CompressedMessage::from_parts(encoded, window_bits)) {
                Ok(n) => assert_eq!((given, due), (OK, n)),
                Err(error) => assert_eq!((given, due), (usage(error), usize::MAX)),
            }
        }
    }

    fn encode_compressed(&mut self, source: &mut Source<'_>) {
        let (payload, window_bits) = (source.payload(), source.pick(&[15, 15, 15, 9, 8, 7]));
        let (number, kind) = pick_kind(source);
        let compressor: *mut sansocket_compressor = &mut *self.deflate.compressor;
        let (data, len, bits) = (payload.as_ptr().cast(), payload.len(), u32::from(window_bits));
        let c = |_, io| unsafe { sansocket_encode_compressed(io, compressor, bits, number, data, len) };
        let codec: *mut Compressor<'static> = &mut self.deflate.rust_compressor;
        let rust = |_: &mut Connection<'c, Shared>, _, out: &mut [u8]| {
            if window_bits == 7 {
                return Err((R::OUT_OF_RANGE, 0));
            }
            let kind = kind.ok_or((R::INVALID_ARGUMENT, 0))?;
            outcome(CompressedMessage::encode(unsafe { &mut *codec }, window_bits, kind, &payload, out)).map(|message| {
                assert_eq!(message.window_bits(), window_bits);
                message.frame().len()
            })
        };
        self.writes(source, Sort::Alone, &c, rust);
    }

    fn send_encoded(&mut self, source: &mut Source<'_>, encoded: &[u8]) {
        let (ws, before): (*mut sansocket, _) = (&mut *self.ws, bits(&*self.ws));
        let (data, len) = span(encoded);
        let mut due = usize::MAX;
        unsafe {
            if source.one_in(8) {
                assert_eq!(sansocket_send_encoded(null_mut(), data, len, &mut due), R::NULL_POINTER);
                assert_eq!(sansocket_send_encoded(&mut *zeroed(), data, len, &mut due), R::NOT_INITIALISED);
                assert_eq!(sansocket_send_encoded(ws, null(), 1, &mut due), R::NULL_POINTER);
                assert_eq!(sansocket_send_encoded(ws, data, usize::MAX, &mut due), R::LENGTH_TOO_LARGE);
                assert_eq!(sansocket_send_encoded(ws, data, len, null_mut()), R::NULL_POINTER);
                assert_eq!(sansocket_send_encoded(ws, data, len, (&raw mut due).byte_add(1)), R::MISALIGNED);
                assert_eq!((bits(&*ws), due), (before, usize::MAX), "a refused call changed something");
            }
            let given = sansocket_send_encoded(ws, data, len, &mut due);
            match self.rust.send_encoded(encoded) {
                Ok(n) => assert_eq!((given, due), (OK, n)),
                Err(error) => assert_eq!((given, due), (usage(error), usize::MAX)),
            }
        }
    }

    /// Payload that is NULL, too long or overlaps what is free in the output.
    fn misplaced_payload(&mut self, source: &mut Source<'_>, kind: sansocket_kind) {
        if ![1, 2].contains(&kind.0) {
            return;
        }
        let mut memory = [CANARY; 40];
        let start = memory.as_mut_ptr();
        let (data, len, wanted) = match source.below(24) {
            1 => (null_mut(), 3, R::NULL_POINTER),
            2 => (start, isize::MAX as usize + 1, R::LENGTH_TOO_LARGE),
            3 => (unsafe { start.add(source.below(8)) }, 9, R::OVERLAP),
            4 => (unsafe { start.add(15) }, 20, R::OVERLAP),
            _ => return,
        };
        let due = source.below(9);
        // The output's free part are the bytes 8 to 16.
        let change = |io: &mut sansocket_io| {
            (io.output, io.output_size, io.output_len) = (unsafe { start.add(8 - due) }, due + 8, due);
        };
        self.refused(Sort::Verb, wanted, change, |ws, io| unsafe { sansocket_send(ws, io, kind, data.cast(), len, 1) });
        self.refused(Sort::Verb, wanted, change, |ws, io| unsafe { sansocket_ping(ws, io, data.cast(), len) });
        self.refused(Sort::Verb, wanted, change, |ws, io| unsafe { sansocket_close(ws, io, 1000, data.cast(), len) });
        assert_eq!(memory, [CANARY; 40]);
    }

    fn send_with(&mut self, source: &mut Source<'_>) {
        let (payload, fin) = (source.payload(), source.byte() % 4);
        let (number, kind) = pick_kind(source);
        let compressor: *mut sansocket_compressor = &mut *self.deflate.compressor;
        let before = bits(&*self.deflate.compressor);
        if source.one_in(16) {
            let memory = self.deflate.memory[2].cast::<u8>();
            let mut outputs = Outputs::with_room(64, source);
            let free: *const u8 = unsafe { outputs.c.as_ptr().add(outputs.due) };
            let mut none: Box<sansocket_compressor> = zeroed();
            self.set_io(&mut [], &mut outputs, source);
            for (wanted, compressor, data) in [
                (R::NULL_POINTER, null_mut(), null()),
                (R::NOT_INITIALISED, &raw mut *none, null()),
                (R::OVERLAP, compressor, memory.cast_const()),
                (R::OVERLAP, compressor, free),
            ] {
                let (kind, len) = (sansocket_kind(2), usize::from(!data.is_null()));
                let call = |ws, io| unsafe { sansocket_send_with(ws, io, compressor, kind, data.cast(), len, 1) };
                self.refused(Sort::Verb, wanted, |_| {}, call);
            }
            let inside = |io: &mut sansocket_io| (io.output, io.output_size, io.output_len) = (memory, 40, 0);
            self.refused(Sort::Verb, R::OVERLAP, inside, |ws, io| unsafe {
                sansocket_send_with(ws, io, compressor, sansocket_kind(2), null(), 0, 1)
            });
            outputs.check();
            assert_eq!(bits(&*self.deflate.compressor), before);
        }
        let mut rest = &payload[..];
        // Until it is done, as C's documentation says; without room it never is.
        for _ in 0..20 {
            let mut outputs = Outputs::new(source);
            self.set_io(&mut [], &mut outputs, source);
            let (data, len) = (rest.as_ptr().cast(), rest.len());
            let c = |ws, io| unsafe { sansocket_send_with(ws, io, compressor, number, data, len, fin) };
            self.misuse(source, Sort::Verb, &c);
            let given = c(&mut *self.ws, &mut *self.io);
            let codec = &mut self.deflate.rust_compressor;
            let send = |kind| outcome(self.rust.send_with(codec, kind, rest, fin != 0, &mut outputs.rust));
            let did = kind.ok_or((R::INVALID_ARGUMENT, 0)).and_then(send);
            if let Ok(sent) = did {
                (self.expected.consumed, self.expected.done) = (sent.consumed, sent.done.into());
            }
            self.compare(Sort::Verb, given, did.map(|sent| sent.produced));
            outputs.check();
            match did {
                Ok(sent) if !sent.done => rest = &rest[sent.consumed..],
                _ => break,
            }
        }
    }

    fn control(&mut self, source: &mut Source<'_>) {
        let payload = source.payload();
        let (data, len) = (payload.as_ptr().cast::<c_void>(), payload.len());
        if source.one_in(2) {
            let c = |ws, io| unsafe { sansocket_ping(ws, io, data, len) };
            self.writes(source, Sort::Verb, &c, |rust, _, out| outcome(rust.ping(&payload, out)));
        } else {
            let c = |ws, io| unsafe { sansocket_pong(ws, io, data, len) };
            self.writes(source, Sort::Verb, &c, |rust, _, out| outcome(rust.pong(&payload, out)));
        }
    }

    fn close_or_fail(&mut self, source: &mut Source<'_>) {
        let code = source.pick(&[0, 999, 1000, 1005, 1011, 3000, 4999, 5000, u16::MAX]);
        let reason = source.payload();
        let text = std::str::from_utf8(&reason);
        let (data, len) = (reason.as_ptr().cast::<c_char>(), reason.len());
        if source.one_in(3) {
            let c = |ws, io| unsafe { sansocket_close(ws, io, code, data, len) };
            let rust = |rust: &mut Connection<'c, Shared>, now, out: &mut [u8]| {
                let text = text.map_err(|_| (usage(UsageError::InvalidUtf8), 0))?;
                outcome(rust.close((code != 0).then_some(CloseCode(code)), text, now, out))
            };
            self.writes(source, Sort::Verb, &c, rust);
        } else if source.one_in(4) {
            let c = |ws, io| unsafe { sansocket_fail(ws, io, code) };
            self.writes(source, Sort::Verb, &c, |rust, now, out| outcome(rust.fail(CloseCode(code), now, out)));
        }
    }

    /// Calls about slow readers and writers.
    fn pace(&mut self, source: &mut Source<'_>) {
        let (ws, now, instant): (*mut sansocket, _, _) = (&mut *self.ws, self.now, self.instant());
        unsafe {
            assert_eq!(sansocket_pause(null_mut(), now), R::NULL_POINTER);
            assert_eq!(sansocket_resume(&mut *zeroed(), now), R::NOT_INITIALISED);
            assert_eq!(sansocket_written(ws.byte_add(2), 1, now), R::MISALIGNED);
            match source.below(4) {
                0 => {
                    assert_eq!(sansocket_pause(ws, now), OK);
                    self.rust.pause(instant);
                }
                1 => {
                    assert_eq!(sansocket_resume(ws, now), OK);
                    self.rust.resume(instant);
                }
                _ => {
                    let n = source.pick(&[0, 1, 10, 100, 1 << 20, usize::MAX]);
                    assert_eq!(sansocket_written(ws, n, now), OK);
                    self.rust.written(n, instant);
                }
            }
        }
    }

    fn request(&mut self, source: &mut Source<'_>) {
        let mut request: Box<sansocket_client_request> = zeroed();
        let host = source.pick(&[
            "h",
            "h",
            "h",
            "example.com",
            "example.com",
            "[::1]:9001",
            "[::1]:9001",
            "[::1]:9001",
            "",
            "a b",
            "h\u{e4}",
        ]);
        let target = source.pick(&["/", "/", "/", "/chat?room=1", "/chat?room=1", "/chat?room=1", "?q", "chat", "/a b"]);
        let origin = source.pick(&[None, None, Some("https://example.com"), Some("https://example.com"), Some("bad\r\n")]);
        let headers = pick_headers(source);
        let c_headers = c_headers(&headers);
        request.host = text(host.as_bytes());
        request.target = text(target.as_bytes());
        request.origin = optional(origin, source);
        (request.headers, request.header_count) = (c_headers.as_ptr(), c_headers.len());
        let c_request: *const sansocket_client_request = &*request;
        let c = |ws, io| unsafe { sansocket_request(ws, io, c_request) };
        let rust = |rust: &mut Connection<'c, Shared>, now, out: &mut [u8]| {
            if headers.len() > SANSOCKET_MAX_LIST {
                return Err((R::LIST_TOO_LONG, 0));
            }
            outcome(rust.request(&ClientRequest::new(host, target).origin(origin).headers(&headers), now, out))
        };
        let written = self.writes(source, Sort::Verb, &c, rust);
        if let Some(at) = written.windows(19).position(|bytes| bytes == b"Sec-WebSocket-Key: ") {
            self.key = written[at + 19..at + 43].to_vec();
        }
        if source.one_in(8) {
            let misaligned = unsafe { c_request.byte_add(2) };
            self.refuses(R::NULL_POINTER, |ws, io| unsafe { sansocket_request(ws, io, null()) });
            self.refuses(R::MISALIGNED, |ws, io| unsafe { sansocket_request(ws, io, misaligned) });
            request.host = sansocket_text { data: null(), len: 1 };
            self.refuses(R::NULL_POINTER, |ws, io| unsafe { sansocket_request(ws, io, c_request) });
            request.host = text(b"h");
            (request.headers, request.header_count) = (null(), 1);
            self.refuses(R::NULL_POINTER, |ws, io| unsafe { sansocket_request(ws, io, c_request) });
        }
    }

    /// Accepts a request, or refuses it.
    fn accept(&mut self, source: &mut Source<'_>) {
        let mut acceptance: Box<sansocket_acceptance> = zeroed();
        let origins = [source.pick(&["https://example.com", "https://other.example"]), "https://third.example"];
        let c_origins = origins.map(|origin| text(origin.as_bytes()));
        let headers = pick_headers(source);
        let c_headers = c_headers(&headers);
        let subprotocol = source.pick(&[None, None, None, Some("chat"), Some("superchat"), Some("x")]);
        acceptance.subprotocol = optional(subprotocol, source);
        acceptance.origin = sansocket_origin(source.pick(&[1, 1, 2, 2, 3, 4, 0, 5]));
        (acceptance.origins, acceptance.origin_count) = (c_origins.as_ptr(), 2);
        (acceptance.headers, acceptance.header_count) = (c_headers.as_ptr(), c_headers.len());
        let mut deflate = deflate_settings(source).filter(|_| source.one_in(4));
        if let Some(deflate) = &mut deflate {
            deflate.send_window_bits = source.pick(&[0, 10, 15, 15, 7]);
        }
        acceptance.deflate = deflate.as_ref().map_or(null(), |deflate| deflate);
        acceptance.no_deflate = u8::from(source.one_in(8));
        let settings = if acceptance.no_deflate == 1 { Some(DeflateConfig::OFF) } else { deflate.map(of_c) };
        let mut head = self.head.clone();
        if source.one_in(8) {
            head.truncate(10);
        }
        let (data, len) = (head.as_ptr(), head.len());
        let choice = acceptance.origin;
        let c_acceptance: *const sansocket_acceptance = &*acceptance;
        let or_refuse = source.one_in(2);
        let c_accept = if or_refuse { sansocket_accept_or_refuse } else { sansocket_accept };
        let c = |ws, io| unsafe { c_accept(ws, io, data, len, c_acceptance) };
        let rust = |rust: &mut Connection<'c, Shared>, now, out: &mut [u8]| {
            let request = Request::parse(&head, &Config::new()).ok().flatten().ok_or((R::NOT_A_HEAD, 0))?;
            let origin = match choice.0 {
                1 => Origin::Any,
                2 => Origin::OneOf(&origins),
                3 | 4 => Origin::SameHost { secure: choice.0 == 4 },
                _ => return Err((R::INVALID_ARGUMENT, 0)),
            };
            if headers.len() > SANSOCKET_MAX_LIST {
                return Err((R::LIST_TOO_LONG, 0));
            }
            let accept = Accept::new(origin).deflate(settings).subprotocol(subprotocol).headers(&headers);
            let answer = if or_refuse { Connection::accept_or_refuse } else { Connection::accept };
            outcome(answer(rust, &request, &accept, now, out))
        };
        self.writes(source, Sort::Verb, &c, rust);
        if source.one_in(8) {
            let misaligned = unsafe { c_acceptance.byte_add(2) };
            self.refuses(R::NULL_POINTER, |ws, io| unsafe { c_accept(ws, io, data, len, null()) });
            self.refuses(R::MISALIGNED, |ws, io| unsafe { c_accept(ws, io, data, len, misaligned) });
            self.refuses(R::NULL_POINTER, |ws, io| unsafe { c_accept(ws, io, null(), 1, c_acceptance) });
            self.refuses(R::LENGTH_TOO_LARGE, |ws, io| unsafe { c_accept(ws, io, data, usize::MAX, c_acceptance) });
        }
    }

    fn respond(&mut self, source: &mut Source<'_>) {
        let status = source.pick(&[404, 200, 204, 304, 101, u16::MAX]);
        let (body, headers) = (source.payload(), pick_headers(source));
        let c_headers = c_headers(&headers);
        let (fields, count) = (c_headers.as_ptr(), c_headers.len());
        let few = || if count > SANSOCKET_MAX_LIST { Err((R::LIST_TOO_LONG, 0)) } else { Ok(()) };
        if source.one_in(2) {
            let (data, len) = (body.as_ptr().cast(), body.len());
            let c = |ws, io| unsafe { sansocket_respond(ws, io, status, fields, count, data, len) };
            let rust = |rust: &mut Connection<'c, Shared>, now, out: &mut [u8]| {
                few()?;
                outcome(rust.respond(status, &headers, &body, now, out))
            };
            self.writes(source, Sort::Verb, &c, rust);
        } else {
            let len = source.pick(&[0, 5, 1 << 30]);
            let c = |ws, io| unsafe { sansocket_respond_head(ws, io, status, fields, count, len) };
            let rust = |rust: &mut Connection<'c, Shared>, now, out: &mut [u8]| {
                few()?;
                outcome(rust.respond_head(status, &headers, len, now, out))
            };
            self.writes(source, Sort::Verb, &c, rust);
        }
    }

    fn encode(&mut self, source: &mut Source<'_>) {
        let payload = source.payload();
        let (number, kind) = pick_kind(source);
        let (data, len) = (payload.as_ptr().cast(), payload.len());
        let c = |_, io| unsafe { sansocket_encode_message(io, number, data, len) };
        let rust = |_: &mut Connection<'c, Shared>, _, out: &mut [u8]| {
            outcome(::sansocket::frame::encode_message(kind.ok_or((R::INVALID_ARGUMENT, 0))?, &payload, out))
        };
        self.writes(source, Sort::Alone, &c, rust);

        // Payload does not overlap the free part of the output if it touches it, is empty inside it, or lies in the bytes that are due.
        for (at, len, output, size, due, wanted) in [
            (0, 8, 8, 32, 0, OK),
            (30, 10, 0, 30, 0, OK),
            (4, 0, 0, 30, 0, OK),
            (0, 8, 0, 40, 8, OK),
            (0, 30, 4, 0, 0, R::NEEDS_ROOM),
            (0, 8, 0, 8, 8, R::NEEDS_ROOM),
            (0, 9, 8, 32, 0, R::OVERLAP),
            (29, 10, 0, 30, 0, R::OVERLAP),
            (1, 8, 0, 40, 8, R::OVERLAP),
        ] {
            let mut memory: [u8; 40] = std::array::from_fn(|at| at as u8);
            let mut twin = memory;
            let start = memory.as_mut_ptr();
            let io = &mut *self.io;
            (io.output, io.output_size, io.output_len) = (unsafe { start.add(output) }, size, due);
            self.expected = copied(io);
            let did = match wanted {
                OK => {
                    twin.copy_within(at..at + len, output + due + 2);
                    twin[output + due..][..2].copy_from_slice(&[0x82, len as u8]);
                    Ok(len + 2)
                }
                R::NEEDS_ROOM => Err((wanted, len + 2)),
                _ => Err((wanted, 0)),
            };
            let given = unsafe { sansocket_encode_message(io, sansocket_kind(2), start.add(at).cast(), len) };
            self.compare(Sort::Alone, given, did);
            assert_eq!(memory, twin);
        }
    }

    /// The inflater and the compressor by themselves.
    fn codecs(&mut self, source: &mut Source<'_>) {
        let (inflater, compressor): (*mut _, *mut _) = (&mut *self.deflate.inflater, &mut *self.deflate.compressor);
        let mut outputs = Outputs::new(source);
        let mut bytes = source.payload();
        if source.one_in(2) {
            bytes = compressed(&bytes);
        }
        let twin = bytes.clone();
        let (data, len, flush) = (bytes.as_ptr().cast(), bytes.len(), source.byte() % 2);
        self.set_io(&mut bytes, &mut outputs, source);
        if source.one_in(8) {
            self.misused_codecs();
        }
        let fault = |error: ::sansocket::InflateError| (R(768 + u32::from(error.number())), 0);
        match source.below(6) {
            0 => {
                assert_eq!(unsafe { sansocket_inflater_reset(inflater) }, OK);
                self.deflate.rust_inflater.reset();
            }
            1 => {
                assert_eq!(unsafe { sansocket_compressor_reset(compressor) }, OK);
                self.deflate.rust_compressor.reset();
            }
            2 | 3 => {
                self.misuse(source, Sort::Alone, &|_, io| unsafe { sansocket_inflate(inflater, io) });
                let given = unsafe { sansocket_inflate(inflater, &mut *self.io) };
                let did = self.deflate.rust_inflater.inflate(&twin, &mut outputs.rust);
                if let Ok(progress) = did {
                    self.expect_consumed(progress.consumed);
                }
                self.compare(Sort::Alone, given, did.map(|did| did.produced).map_err(fault));
            }
            4 => {
                self.misuse(source, Sort::Alone, &|_, io| unsafe { sansocket_inflate_end(inflater, io) });
                let given = unsafe { sansocket_inflate_end(inflater, &mut *self.io) };
                let did = self.deflate.rust_inflater.finish_message(&mut outputs.rust);
                if let Ok(finished) = did {
                    self.expected.done = finished.done.into();
                }
                self.compare(Sort::Alone, given, did.map(|did| did.produced).map_err(fault));
            }
            _ => {
                self.misuse(source, Sort::Alone, &|_, io| unsafe { sansocket_compress(compressor, io, data, len, flush) });
                let given = unsafe { sansocket_compress(compressor, &mut *self.io, data, len, flush) };
                let did = self.deflate.rust_compressor.compress(&twin, &mut outputs.rust, flush != 0);
                (self.expected.consumed, self.expected.done) = (did.consumed, did.done.into());
                self.compare(Sort::Alone, given, Ok(did.produced));
            }
        }
        outputs.check();
        assert_eq!(bytes, twin);
    }

    /// Invalid codecs, and memory of theirs that is read or written.
    fn misused_codecs(&mut self) {
        let (inflater, compressor): (*mut _, *mut _) = (&mut *self.deflate.inflater, &mut *self.deflate.compressor);
        let [history, _, memory, _] = self.deflate.memory.map(|memory| memory.cast::<u8>());
        let before = (bits(&*self.deflate.inflater), bits(&*self.deflate.compressor));
        let same = |_: &mut sansocket_io| {};
        let from = |at: *mut u8| move |io: &mut sansocket_io| (io.input, io.input_len) = (at, 1);
        let to = |at: *mut u8| move |io: &mut sansocket_io| (io.output, io.output_size, io.output_len) = (at, 1, 0);
        unsafe {
            for (wanted, codec) in [(R::NULL_POINTER, null_mut()), (R::NOT_INITIALISED, &raw mut *zeroed())] {
                self.refused(Sort::Alone, wanted, same, |_, io| sansocket_inflate(codec, io));
                self.refused(Sort::Alone, wanted, same, |_, io| sansocket_inflate_end(codec, io));
            }
            for (wanted, codec) in [(R::NULL_POINTER, null_mut()), (R::NOT_INITIALISED, &raw mut *zeroed())] {
                self.refused(Sort::Alone, wanted, same, |_, io| sansocket_compress(codec, io, null(), 0, 1));
            }
            self.refused(Sort::Alone, R::OVERLAP, from(history), |_, io| sansocket_inflate(inflater, io));
            self.refused(Sort::Alone, R::OVERLAP, to(history.add(255)), |_, io| sansocket_inflate(inflater, io));
            self.refused(Sort::Alone, R::OVERLAP, to(history), |_, io| sansocket_inflate_end(inflater, io));
            let compress = |data: *mut u8| move |_, io| sansocket_compress(compressor, io, data.cast(), 1, 0);
            self.refused(Sort::Alone, R::OVERLAP, to(memory), compress(history));
            self.refused(Sort::Alone, R::OVERLAP, same, compress(memory.add(383)));
            self.refused(Sort::Alone, R::NULL_POINTER, same, compress(null_mut()));
        }
        assert_eq!((bits(&*self.deflate.inflater), bits(&*self.deflate.compressor)), before);
    }

    /// Pieces of a message into lent memory.
    fn collect(&mut self, source: &mut Source<'_>) {
        let len = source.pick(&[0, 5, 64]);
        let (mut c_memory, mut memory) = (vec![CANARY; len], vec![CANARY; len]);
        let mut offset = 0;
        for index in 0..3 {
            let mut bytes = source.payload();
            let mut twin = bytes.clone();
            let mut event: Box<sansocket_event> = zeroed();
            let last = index == 2 || source.one_in(3);
            (event.r#type, event.kind) = (E::DATA, sansocket_kind(2));
            (event.first, event.last) = (u8::from(offset == 0), last.into());
            (event.data, event.len, event.offset) = (bytes.as_mut_ptr(), bytes.len(), offset);
            let before = bits(&*event);
            let given = unsafe { sansocket_collect(c_memory.as_mut_ptr(), len, &mut *event) };
            let data = Data { kind: MessageKind::Binary, payload: &mut twin, offset, last };
            let mut collector = Collector::new(&mut memory);
            match collector.collect(data) {
                Ok(Some(whole)) => {
                    assert_eq!((given, event.r#type, event.kind.0), (OK, E::DATA, 2));
                    assert_eq!((event.first, event.last, event.offset), (1, 1, 0));
                    let seen =
                        if event.len == 0 { &[][..] } else { unsafe { std::slice::from_raw_parts(event.data, event.len) } };
                    assert_eq!(seen, whole);
                }
                Ok(None) => assert_eq!((given, bits(&*event)), (R::INCOMPLETE, before)),
                Err(_) => assert_eq!((given, bits(&*event)), (R::MESSAGE_TOO_LONG, before)),
            }
            assert_eq!(c_memory, memory);
            offset += bytes.len() as u64;
            if last {
                break;
            }
        }
        let mut event: Box<sansocket_event> = zeroed();
        let mut bytes = [1; 8];
        unsafe {
            assert_eq!(sansocket_collect(null_mut(), 0, null_mut()), R::NULL_POINTER);
            assert_eq!(sansocket_collect(null_mut(), 0, &mut *event), R::INVALID_ARGUMENT);
            (event.r#type, event.data, event.len) = (E::DATA, bytes.as_mut_ptr(), 8);
            assert_eq!(sansocket_collect(null_mut(), 0, &mut *event), R::INVALID_ARGUMENT, "of no kind");
            event.kind = sansocket_kind(1);
            let before = bits(&*event);
            let e: *mut sansocket_event = &mut *event;
            assert_eq!(sansocket_collect(null_mut(), 0, e.byte_add(2)), R::MISALIGNED);
            assert_eq!(sansocket_collect(null_mut(), 1, e), R::NULL_POINTER);
            assert_eq!(sansocket_collect(bytes.as_mut_ptr().add(7), 1, e), R::OVERLAP);
            assert_eq!(sansocket_collect(bytes.as_mut_ptr(), usize::MAX, e), R::LENGTH_TOO_LARGE);
            assert_eq!((bits(&*e), bytes), (before, [1; 8]), "a refused call changed something");
        }
    }

    /// All that can be asked says the same.
    fn check(&self, source: &mut Source<'_>) {
        let (ws, rust): (*const sansocket, _) = (&*self.ws, &self.rust);
        unsafe {
            let wait = rust.millis_until_timeout(Instant::from_millis(self.now));
            let wait = wait.map_or(-1, |ms| i32::try_from(ms).unwrap_or(i32::MAX));
            assert_eq!(sansocket_poll_timeout(ws, self.now), wait);
            assert_eq!(sansocket_get_next_timeout(ws), rust.next_timeout().map_or(SANSOCKET_NEVER, Instant::as_millis));
            assert_eq!(sansocket_get_state(ws).0, rust.state() as u32);
            assert_eq!(sansocket_get_transport(ws), self.transport());
            assert_eq!(sansocket_get_role(ws).0, if self.role == Role::Client { 1 } else { 2 });
            let agreed = sansocket_get_deflate(ws);
            let params = rust.negotiated().deflate().map(|params| [params.sent_by(self.role), params.sent_by(self.role.peer())]);
            let [sent, received] = params.unwrap_or([DeflateDirection { no_context_takeover: false, max_window_bits: 0 }; 2]);
            assert_eq!((agreed.is_agreed, agreed.reserved), (u8::from(params.is_some()), [0; 3]));
            assert_eq!([agreed.send_window_bits, agreed.receive_window_bits], [sent, received].map(|one| one.max_window_bits));
            let alone = [agreed.send_no_context_takeover, agreed.receive_no_context_takeover];
            assert_eq!(alone, [sent, received].map(|one| u8::from(one.no_context_takeover)));
            let compressor: *const sansocket_compressor = &*self.deflate.compressor;
            assert_eq!(sansocket_compressor_is_idle(compressor), u8::from(self.deflate.rust_compressor.is_idle()));
            assert_eq!(sansocket_get_close_code(ws), rust.close_code().0);
            assert_eq!(sansocket_get_was_clean(ws), u8::from(rust.was_clean()));
            let trip = sansocket_get_round_trip_us(ws);
            let trip = (trip != SANSOCKET_NEVER).then(|| std::time::Duration::from_micros(trip));
            assert_eq!(trip, rust.round_trip());
            let name = sansocket_get_subprotocol(ws);
            let seen = (!name.data.is_null()).then(|| std::slice::from_raw_parts(name.data.cast::<u8>(), name.len));
            assert_eq!(seen, rust.subprotocol().map(str::as_bytes));
            if seen.is_some() {
                assert!(place((name.data.cast(), name.len), [span(SUBPROTOCOLS.as_bytes()); 2]).is_some(), "not in the list");
            }
            if source.one_in(32) {
                for none in [null(), ws.byte_add(2), &raw const *zeroed()] {
                    assert_eq!((sansocket_poll_timeout(none, self.now), sansocket_get_next_timeout(none)), (-1, SANSOCKET_NEVER));
                    assert_eq!((sansocket_get_state(none).0, sansocket_get_transport(none).0), (3, 2));
                    assert_eq!((sansocket_get_role(none).0, sansocket_get_subprotocol(none).data), (0, null()));
                    assert_eq!((sansocket_get_close_code(none), sansocket_get_was_clean(none)), (1006, 0));
                    assert_eq!(sansocket_get_round_trip_us(none), SANSOCKET_NEVER);
                    assert_eq!(bits(&sansocket_get_deflate(none)), [0; 8]);
                }
            }
        }
        let (c, rust) = (&self.c_chance, &self.rust_chance);
        assert_eq!((c.draws.get(), c.last.get()), (rust.draws.get(), rust.last.get()), "entropy was drawn differently");
    }
}

/// The other end, which mostly does what it may.
#[derive(Default)]
struct Peer {
    /// What it wrote and what did not arrive yet.
    wire: Vec<u8>,
    /// It is inside a message.
    inside: bool,
    /// Compression was agreed.
    deflate: bool,
}

impl Peer {
    fn frame(&mut self, source: &mut Source<'_>, role: Role) -> Vec<u8> {
        let mut payload = source.payload();
        let (text, any) = (payload.is_ascii(), source.byte());
        let (opcode, fin) = match any % 64 {
            0 => (source.byte() % 16, source.one_in(2)),
            1 => (8, true),
            2..=5 => (9, true),
            6..=9 => (10, true),
            _ => (if self.inside { 0 } else { 1 + u8::from(!text || any & 64 != 0) }, any & 0x80 == 0),
        };
        let mut first = opcode | if fin { 0x80 } else { 0 };
        if opcode > 7 && !source.one_in(16) {
            payload.truncate(123);
        }
        if opcode == 8 && !source.one_in(4) {
            payload.splice(0..0, source.pick(&[1000_u16, 4000, 1005]).to_be_bytes());
        }
        if opcode < 8 {
            // A whole message, because what follows would have to be compressed with it.
            if self.deflate && !self.inside && source.one_in(2) || source.one_in(64) {
                first |= 0xC0;
                payload = compressed(&payload);
            }
            self.inside = first & 0x80 == 0;
        }
        let masked = (role == Role::Server) != source.one_in(128);
        let mask = if masked { 0x80 } else { 0 };
        let mut wire = match payload.len() {
            len @ 0..126 => vec![first, mask | len as u8],
            len => vec![first, mask | 126, (len >> 8) as u8, len as u8],
        };
        if masked {
            let key = [7, 0, source.byte(), 1];
            wire.extend(key);
            ::sansocket::frame::apply_mask(key, &mut payload);
        }
        [wire, payload].concat()
    }
}

/// A whole message, compressed.
fn compressed(payload: &[u8]) -> Vec<u8> {
    let mut memory = [0; 512];
    let mut out = [0; 1000];
    let done = Compressor::new(8, Level::Fast, &mut memory).unwrap().compress(payload, &mut out, true);
    out[..done.produced].to_vec()
}

fn pick_kind(source: &mut Source<'_>) -> (sansocket_kind, Option<MessageKind>) {
    let (number, kind) = source.pick(&[
        (1, Some(MessageKind::Text)),
        (2, Some(MessageKind::Binary)),
        (2, Some(MessageKind::Binary)),
        (1, Some(MessageKind::Text)),
        (0, None),
        (3, None),
    ]);
    (sansocket_kind(number), kind)
}

fn pick_headers(source: &mut Source<'_>) -> Vec<Header<'static>> {
    let one = source.pick(&[
        Header::new("Cookie", "a=b"),
        Header::new("X", ""),
        Header::new("Host", "x"),
        Header::new("Bad name", "x"),
        Header::new("X", "a\r\nb"),
    ]);
    vec![one; source.pick(&[0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 17])]
}

fn c_headers(headers: &[Header<'_>]) -> Vec<sansocket_header> {
    headers.iter().map(|header| sansocket_header { name: text(header.name.as_bytes()), value: text(header.value) }).collect()
}

pub(crate) fn text(bytes: &[u8]) -> sansocket_text {
    sansocket_text { data: bytes.as_ptr().cast(), len: bytes.len() }
}

/// `None` is a text of length 0, wherever it points.
fn optional(some: Option<&str>, source: &mut Source<'_>) -> sansocket_text {
    let nowhere = sansocket_text { data: source.pick(&[c"x".as_ptr(), null()]), len: 0 };
    some.map_or(nowhere, |some| text(some.as_bytes()))
}

/// What a Rust call gave, with the event as numbers.
fn flatten(did: Outcome<Received<'_>>, buffers: [Span; 2]) -> Outcome<(usize, usize, Flat)> {
    did.map(|received| (received.consumed, received.produced, Flat::of_rust(received.event, buffers)))
}

/// All bytes of a struct.
fn bits<T>(of: &T) -> Vec<u8> {
    let mut bytes = vec![0; size_of::<T>()];
    unsafe { bytes.as_mut_ptr().copy_from((&raw const *of).cast(), size_of::<T>()) };
    bytes
}
