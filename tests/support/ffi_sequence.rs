//! A random sequence of calls of the C layer, beside the same calls of the Rust API: results, events, outputs and all that can be asked must
//! be the same, byte for byte, and wrong calls must change nothing.
//!
//! Stands alone, so that a fuzz target can `#[path]`-include it; wants the features `ffi` and `deflate`.
#![allow(clippy::undocumented_unsafe_blocks, reason = "each calls C functions with memory that the lines around it made")]

use ::sansocket::ffi::*;
use ::sansocket::{
    Accept, CallError, ClientRequest, CloseCode, Collector, Compressor, Config, Connection, Data, DeflateDirection,
    DeflateParams, Entropy, EntropyError, Event, Header, Inflater, Instant, MessageKind, Negotiated, Origin, PingSource,
    Received, Request, Role,
};
use std::cell::Cell;
use std::ffi::{c_char, c_void};
use std::ptr::{null, null_mut};
use std::rc::Rc;

/// Decides by `data` what to call; the same data give the same sequence.
pub(crate) fn ffi_sequence(data: &[u8]) {
    let mut source = Source { data, at: 0 };
    let settings = settings(&mut source);
    let config = Box::new(settings.iter().fold(Config::new().subprotocols(SUBPROTOCOLS), |config, &(option, value)| {
        let wide = u32::try_from(value).unwrap();
        match option {
            1 => config.max_message_len(value),
            2 => config.max_fragments(wide),
            3 => config.max_empty_frames(wide),
            4 => config.max_head_len(wide),
            8 => config.auto_pong(value == 1),
            11 => config.keepalive_interval_ms(wide),
            _ => config.idle_timeout_ms(wide),
        }
    }));
    let c_config = c_config(&settings);
    let mut pair = Pair::begin(&mut source, &config, &c_config);
    while source.at < source.data.len() {
        pair.step(&mut source);
        pair.check(&mut source);
    }
}

const SUBPROTOCOLS: &str = "chat, superchat";
const CANARY: u8 = 0xA5;
const OK: sansocket_result = sansocket_result::SANSOCKET_OK;
use sansocket_result as R;

/// Decisions out of the data; zeros behind their end.
pub(crate) struct Source<'d> {
    pub(crate) data: &'d [u8],
    pub(crate) at: usize,
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

/// Options and values that both sides take.
fn settings(source: &mut Source<'_>) -> Vec<(u32, u64)> {
    let mut settings = Vec::new();
    for (option, values) in
        [(1, &[200_u64, 5, 1 << 20][..]), (2, &[1, 2]), (3, &[1]), (4, &[64, 400]), (8, &[0, 1]), (11, &[0, 50]), (13, &[70])]
    {
        if source.one_in(4) {
            settings.push((option, source.pick(values)));
        }
    }
    settings
}

fn c_config(settings: &[(u32, u64)]) -> Box<sansocket_config> {
    let mut config: Box<sansocket_config> = zeroed();
    let size = size_of::<sansocket_config>();
    let list = SUBPROTOCOLS.as_ptr().cast::<c_char>();
    unsafe {
        assert_eq!(sansocket_config_set(&mut *config, 1, 1), R::SANSOCKET_NOT_INITIALISED);
        assert_eq!(sansocket_config_init(&mut *config, size - 1, SANSOCKET_ABI_VERSION), R::SANSOCKET_WRONG_SIZE);
        assert_eq!(sansocket_config_init(&mut *config, size, SANSOCKET_ABI_VERSION + 1), R::SANSOCKET_WRONG_VERSION);
        assert_eq!(sansocket_config_init(null_mut(), size, SANSOCKET_ABI_VERSION), R::SANSOCKET_NULL_POINTER);
        assert_eq!(sansocket_config_init(&mut *config, size, SANSOCKET_ABI_VERSION), OK);
        assert_eq!(sansocket_config_set(&mut *config, 0, 1), R::SANSOCKET_INVALID_ARGUMENT);
        assert_eq!(sansocket_config_set(&mut *config, 2, 1 << 32), R::SANSOCKET_OUT_OF_RANGE);
        assert_eq!(sansocket_config_set(&mut *config, 8, 2), R::SANSOCKET_OUT_OF_RANGE);
        assert_eq!(sansocket_config_set_subprotocols(&mut *config, null(), 1), R::SANSOCKET_NULL_POINTER);
        assert_eq!(sansocket_config_set_subprotocols(&mut *config, list, usize::MAX), R::SANSOCKET_LENGTH_TOO_LARGE);
        let bad = b"\xFF".as_ptr().cast();
        assert_eq!(sansocket_config_set_subprotocols(&mut *config, bad, 1), R::SANSOCKET_USAGE_INVALID_SUBPROTOCOL);
        assert_eq!(sansocket_config_set_subprotocols(&mut *config, list, SUBPROTOCOLS.len()), OK);
        for &(option, value) in settings {
            assert_eq!(sansocket_config_set(&mut *config, option, value), OK);
        }
    }
    config
}

/// A struct of C's, all zero.
pub(crate) fn zeroed<T>() -> Box<T> {
    // Only structs of integers and pointers are asked for.
    unsafe { Box::new(std::mem::zeroed()) }
}

/// An event as plain numbers, its bytes as a place in the buffers of the call.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct Flat {
    kind_of_event: u32,
    error: u32,
    close_code: u16,
    status: u16,
    kind: u8,
    marks: [bool; 4],
    answers: u8,
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
    fn of_c(event: &sansocket_event, buffers: [Span; 2]) -> Self {
        assert_eq!((event.reserved, event.reserved_more), ([0; 6], [0; 2]));
        assert!([event.first, event.last, event.was_clean, event.answered].iter().all(|mark| *mark <= 1));
        let place = place((event.data, event.len), buffers);
        assert!(event.len == 0 || place.is_some(), "an event shows bytes that are not in the call's memory");
        Self {
            kind_of_event: event.r#type,
            error: event.error,
            close_code: event.close_code,
            status: event.status,
            kind: event.kind,
            marks: [event.first, event.last, event.was_clean, event.answered].map(|mark| mark == 1),
            answers: event.answers,
            offset: event.offset,
            len: event.len,
            place,
        }
    }

    fn of_rust(event: Option<Event<'_>>, buffers: [Span; 2]) -> Self {
        let none = (null(), 0);
        let (kind_of_event, shown, flat) = match event {
            None => (0, none, Self::default()),
            Some(Event::Request(request)) => (1, span(request.bytes()), Self::default()),
            Some(Event::HttpRequest(request)) => (2, span(request.bytes()), Self::default()),
            Some(Event::Opened(response)) => (3, span(response.bytes()), Self { status: response.status(), ..Self::default() }),
            Some(Event::Refused { response, error, .. }) => {
                let flat = Self { status: response.status(), error: error.number().into(), ..Self::default() };
                (4, span(response.bytes()), flat)
            }
            Some(Event::Data(data)) => {
                let kind = if data.kind == MessageKind::Text { 1 } else { 2 };
                let marks = [data.first(), data.last, false, false];
                (5, span(data.payload), Self { kind, marks, offset: data.offset, ..Self::default() })
            }
            Some(Event::Ping { payload, answered, .. }) => {
                (6, span(payload), Self { marks: [false, false, false, answered], ..Self::default() })
            }
            Some(Event::Pong { payload, answers, .. }) => {
                let answers = answers.map_or(0, |source| if source == PingSource::Keepalive { 1 } else { 2 });
                (7, span(payload), Self { answers, ..Self::default() })
            }
            Some(Event::CloseReceived { code, reason, .. }) => {
                (8, span(reason.as_bytes()), Self { close_code: code.0, ..Self::default() })
            }
            Some(Event::Failed { error, .. }) => (9, none, Self { error: error.number().into(), ..Self::default() }),
            Some(Event::Closed { code, was_clean, .. }) => {
                let marks = [false, false, was_clean, false];
                (10, none, Self { close_code: code.0, marks, ..Self::default() })
            }
            Some(other) => panic!("{other:?} is not known here"),
        };
        Self { kind_of_event, len: shown.1, place: place(shown, buffers), ..flat }
    }
}

/// What the library has written into `io`: each call has to leave exactly this.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct Out {
    consumed: usize,
    produced: usize,
    needed: usize,
    transport: u32,
    done: u32,
}

/// What a call reports: result and room wanted, or what it did.
type Outcome<T> = Result<T, (u32, usize)>;

fn outcome<T>(result: Result<T, CallError>) -> Outcome<T> {
    result.map_err(|error| match error {
        CallError::NeedsRoom { bytes } => (1, bytes),
        CallError::EntropyFailed => (2, 0),
        CallError::Usage(error) => (256 + u32::from(error.number()), 0),
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

struct Pair<'c> {
    role: Role,
    config: &'c Config<'c>,
    c_config: &'c sansocket_config,
    ws: Box<sansocket>,
    rust: Connection<'c, Shared>,
    c_chance: Box<Chance>,
    rust_chance: Rc<Chance>,
    io: Box<sansocket_io>,
    out: Out,
    /// The bits of `io.event`, which only calls that give events may change.
    event: Vec<u8>,
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

/// Inflaters and compressors of both sides. What they are lent goes after them.
struct Deflate {
    inflater: Box<sansocket_inflater>,
    compressor: Box<sansocket_compressor>,
    rust_inflater: Inflater<'static>,
    rust_compressor: Compressor<'static>,
    /// What C has lent, and what Rust has: given back at the end.
    memory: [*mut [u8]; 4],
}

impl Deflate {
    /// With the windows to receive and to send.
    fn new([inflated, bits]: [u8; 2]) -> Self {
        let len = sansocket_compressor_memory_len(bits.into());
        assert_eq!(Some(len), Compressor::memory_len(bits));
        assert_eq!((sansocket_compressor_memory_len(7), sansocket_compressor_memory_len(1000)), (0, 0));
        let lend = |len: usize| Box::into_raw(vec![CANARY; len].into_boxed_slice());
        let memory = [lend(1 << inflated), lend(1 << inflated), lend(len), lend(len)];
        let (mut inflater, mut compressor): (Box<sansocket_inflater>, Box<sansocket_compressor>) = (zeroed(), zeroed());
        let (version, wide) = (SANSOCKET_ABI_VERSION, u32::from(bits));
        let [c_history, _, c_memory, _] = memory.map(|memory| memory.cast::<u8>());
        unsafe {
            let i = &mut *inflater;
            assert_eq!(sansocket_inflater_reset(i), R::SANSOCKET_NOT_INITIALISED);
            assert_eq!(sansocket_inflater_init(i, 2176, version, c_history, 255), R::SANSOCKET_WRONG_MEMORY_LEN);
            assert_eq!(sansocket_inflater_init(i, 2175, version, c_history, 256), R::SANSOCKET_WRONG_SIZE);
            assert_eq!(sansocket_inflater_init(i, 2176, version, null_mut(), 256), R::SANSOCKET_NULL_POINTER);
            assert_eq!(sansocket_inflater_init(i, 2176, version, c_history, usize::MAX), R::SANSOCKET_LENGTH_TOO_LARGE);
            assert_eq!(sansocket_inflater_init(i, 2176, version + 1, c_history, 256), R::SANSOCKET_WRONG_VERSION);
            assert_eq!(sansocket_inflater_reset(i), R::SANSOCKET_NOT_INITIALISED, "refused, and made all the same");
            assert_eq!(sansocket_inflater_init(i, 2176, version, c_history, 1 << inflated), OK);
            let c = &mut *compressor;
            assert_eq!(sansocket_compressor_reset(c), R::SANSOCKET_NOT_INITIALISED);
            assert_eq!(sansocket_compressor_init(c, 128, version, 16, c_memory, len), R::SANSOCKET_OUT_OF_RANGE);
            assert_eq!(sansocket_compressor_init(c, 128, version, wide, c_memory, 300), R::SANSOCKET_WRONG_MEMORY_LEN);
            assert_eq!(sansocket_compressor_init(c, 128, version, wide, c_memory, len), OK);
            let mut seen = [0; 2];
            assert_eq!(sansocket_inflater_get_window_bits(i, &mut seen[0]), OK);
            assert_eq!(sansocket_compressor_get_window_bits(c, &mut seen[1]), OK);
            assert_eq!(seen, [inflated.into(), wide]);
        }
        let [_, history, _, for_compressor] = memory.map(|memory| unsafe { &mut *memory });
        let rust_inflater = Inflater::new(history).unwrap();
        let rust_compressor = Compressor::new(bits, for_compressor).unwrap();
        Self { inflater, compressor, rust_inflater, rust_compressor, memory }
    }
}

impl Drop for Deflate {
    fn drop(&mut self) {
        // Nobody uses the codecs any more; they do nothing when dropped.
        for memory in self.memory {
            drop(unsafe { Box::from_raw(memory) });
        }
    }
}

impl<'c> Pair<'c> {
    fn begin(source: &mut Source<'_>, config: &'c Config<'c>, c_config: &'c sansocket_config) -> Self {
        let role = source.pick(&[Role::Client, Role::Server]);
        let role_number = if role == Role::Client { 1 } else { 2 };
        let (c_chance, rust_chance) = (Box::<Chance>::default(), Rc::<Chance>::default());
        let context: *mut c_void = (&raw const *c_chance).cast_mut().cast();
        let (size, version, now) = (size_of::<sansocket>(), SANSOCKET_ABI_VERSION, u64::from(source.byte()));
        let mut ws: Box<sansocket> = zeroed();
        let shared = Shared(rust_chance.clone());
        let instant = Instant::from_millis(now);
        let w: *mut sansocket = &mut *ws;
        let rust;
        let (mut peer, mut windows) = (Peer::default(), [source.pick(&[8, 9, 15]), source.pick(&[8, 9, 15])]);
        unsafe {
            assert_eq!(sansocket_init_server(w, size + 8, version, c_config, now), R::SANSOCKET_WRONG_SIZE);
            assert_eq!(sansocket_init_server(w, size, version + 1, c_config, now), R::SANSOCKET_WRONG_VERSION);
            assert_eq!(sansocket_init_client(w, size, version, c_config, None, context, now), R::SANSOCKET_NULL_POINTER);
            assert_eq!(sansocket_init_server(w, size, version, &*zeroed(), now), R::SANSOCKET_NOT_INITIALISED);
            let open = |role, negotiated: &sansocket_negotiated| {
                sansocket_init_open(w, size, version, role, c_config, Some(entropy), context, negotiated, now)
            };
            let mut negotiated: Box<sansocket_negotiated> = zeroed();
            assert_eq!(open(3, &negotiated), R::SANSOCKET_INVALID_ARGUMENT);
            (negotiated.has_deflate, negotiated.client_max_window_bits) = (1, 7);
            assert_eq!(open(1, &negotiated), R::SANSOCKET_OUT_OF_RANGE);
            if source.one_in(2) {
                if role == Role::Client {
                    assert_eq!(sansocket_init_client(w, size, version, c_config, Some(entropy), context, now), OK);
                } else {
                    assert_eq!(sansocket_init_server(w, size, version, c_config, now), OK);
                }
                rust = match role {
                    Role::Client => Connection::client(config, shared, instant),
                    Role::Server => Connection::server_with(config, shared, instant),
                };
            } else {
                let mut agreed = Negotiated::NOTHING;
                *negotiated = *zeroed();
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
                assert_eq!(open(role_number, &negotiated), OK);
                rust = Connection::open(role, config, shared, agreed, instant);
            }
        }
        let deflate = Deflate::new(windows);
        let (io, event): (Box<sansocket_io>, _) = (zeroed(), vec![0; size_of::<sansocket_event>()]);
        let (buffer, head, key) = (Vec::new(), Vec::new(), Vec::new());
        let out = Out::default();
        Self { role, config, c_config, ws, rust, c_chance, rust_chance, io, out, event, now, buffer, head, key, peer, deflate }
    }

    fn step(&mut self, source: &mut Source<'_>) {
        self.now += u64::from(source.pick(&[0_u16, 0, 0, 0, 0, 0, 0, 1, 1, 1, 7, 7, 60, 60, 3_000, 30_000]));
        let broken = source.one_in(32);
        self.c_chance.broken.set(broken);
        self.rust_chance.broken.set(broken);
        if source.one_in(4) {
            self.move_everything();
        }
        // What the opening handshake waits for comes soon, or few sequences would get further.
        let connecting = self.rust.state() == ::sansocket::State::Connecting;
        match source.below(32) {
            _ if connecting && self.role == Role::Client && self.key.is_empty() && source.one_in(2) => self.request(source),
            _ if connecting && self.role == Role::Server && !self.head.is_empty() && source.one_in(2) => self.accept(source),
            0..=9 => self.receive(source),
            10..=12 => self.receive_with(source),
            13 => self.handle_timeout(source),
            14 if source.one_in(4) => self.receive_eof(source),
            14..=18 => self.send(source),
            19 | 20 => self.send_with(source),
            21 => self.control(source),
            22 => self.close_or_fail(source),
            23 => self.pause_or_resume(source),
            24 | 25 if self.role == Role::Client || source.one_in(8) => self.request(source),
            24..=26 => self.accept(source),
            27 => self.respond(source),
            28 => self.encode(source),
            29 => self.codecs(source),
            30 => self.collect(source),
            _ => super::ffi_alone::call(source, self.config, self.c_config, &self.head),
        }
    }

    /// §"a moved connection goes on": to other places, and what was there is spoilt.
    fn move_everything(&mut self) {
        fn moved<T>(from: &mut Box<T>) {
            // Bits only: none of these has anything to drop.
            let mut to = Box::new(unsafe { std::ptr::read(&raw const **from) });
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

    /// Output of both sides: some room, full of canaries.
    fn room(&mut self, source: &mut Source<'_>) -> (Vec<u8>, Vec<u8>) {
        let room = source.pick(&[131, 131, 400, 400, 400, 32, 130, 8, 5, 2, 1, 0]);
        (vec![CANARY; room], vec![CANARY; room])
    }

    fn set_io(&mut self, input: &mut [u8], output: &mut [u8], source: &mut Source<'_>) {
        let io = &mut *self.io;
        io.now_ms = self.now;
        (io.input, io.input_len) = (input.as_mut_ptr(), input.len());
        (io.output, io.output_len) = (output.as_mut_ptr(), output.len());
        if input.is_empty() && source.one_in(2) {
            io.input = null_mut();
        }
        if output.is_empty() && source.one_in(2) {
            io.output = null_mut();
        }
    }

    /// Makes the call wrongly, now and then: it must say so, and change nothing.
    fn misuse(
        &mut self,
        source: &mut Source<'_>,
        sort: Sort,
        call: &dyn Fn(*mut sansocket, *mut sansocket_io) -> sansocket_result,
    ) {
        let before = (bits(&*self.ws), self.c_chance.draws.get());
        let output = if self.io.output_len == 0 {
            &[][..]
        } else {
            unsafe { std::slice::from_raw_parts(self.io.output, self.io.output_len) }
        };
        let input = if self.io.input_len == 0 {
            &[][..]
        } else {
            unsafe { std::slice::from_raw_parts(self.io.input, self.io.input_len) }
        };
        let (bytes, input_before) = (output.to_vec(), input.to_vec());
        let (ws, io): (*mut sansocket, *mut sansocket_io) = (&mut *self.ws, &mut *self.io);
        let mut elsewhere = [0_u64; 64];
        let aside = unsafe { elsewhere.as_mut_ptr().byte_add(source.pick(&[1, 2, 4])) };
        let mut other: Box<sansocket> = zeroed();
        let has_connection = sort != Sort::Alone;
        let kept = unsafe { ((*io).output, (*io).output_len) };
        let (given, wanted, io_is_good) = match source.below(64) {
            0 => (call(ws, null_mut()), R::SANSOCKET_NULL_POINTER, false),
            1 => unsafe {
                aside.cast::<u8>().copy_from(io.cast(), size_of::<sansocket_io>());
                let spoilt = elsewhere;
                let given = call(ws, aside.cast());
                assert_eq!(elsewhere, spoilt, "a misaligned struct was written");
                (given, R::SANSOCKET_MISALIGNED, false)
            },
            2 if has_connection => (call(null_mut(), io), R::SANSOCKET_NULL_POINTER, true),
            3 if has_connection => unsafe {
                aside.cast::<u8>().copy_from(ws.cast(), size_of::<sansocket>());
                (call(aside.cast(), io), R::SANSOCKET_MISALIGNED, true)
            },
            4 if has_connection => (call(&mut *other, io), R::SANSOCKET_NOT_INITIALISED, true),
            5 if has_connection => unsafe {
                // What a library of another ABI version, or another kind of struct, would have written.
                (&raw mut *other).cast::<u8>().copy_from(ws.cast(), size_of::<sansocket>());
                *(&raw mut *other).cast::<u64>() ^= u64::from(source.byte().max(1));
                (call(&mut *other, io), R::SANSOCKET_NOT_INITIALISED, true)
            },
            6 => unsafe {
                (*io).output_len = isize::MAX as usize + 1;
                (call(ws, io), R::SANSOCKET_LENGTH_TOO_LARGE, true)
            },
            7 => unsafe {
                ((*io).output, (*io).output_len) = (null_mut(), 1);
                (call(ws, io), R::SANSOCKET_NULL_POINTER, true)
            },
            _ => return,
        };
        unsafe { ((*io).output, (*io).output_len) = kept };
        assert_eq!(given, wanted, "{sort:?}");
        assert_eq!((bits(&*self.ws), self.c_chance.draws.get()), before, "a refused call changed the connection");
        assert_eq!((output, input), (&bytes[..], &input_before[..]), "a refused call wrote bytes");
        if io_is_good {
            self.refused(sort, 0);
        }
        self.check_io();
    }

    /// What a refusal leaves in `io`.
    fn refused(&mut self, sort: Sort, needed: usize) {
        (self.out.produced, self.out.needed) = (0, needed);
        if sort == Sort::Event {
            self.out.consumed = 0;
            self.event.fill(0);
        }
    }

    fn check_io(&self) {
        let io = &*self.io;
        let seen =
            Out { consumed: io.consumed, produced: io.produced, needed: io.needed, transport: io.transport, done: io.done };
        assert_eq!(seen, self.out);
        assert_eq!(bits(&io.event), self.event, "the event was changed by a call that gives none");
    }

    fn transport(&self) -> u32 {
        self.rust.transport() as u32
    }

    /// Compares what a call that writes bytes did.
    fn compare(&mut self, sort: Sort, given: sansocket_result, did: Outcome<usize>) {
        match did {
            Ok(produced) => {
                assert_eq!(given, OK);
                (self.out.produced, self.out.needed) = (produced, 0);
                if sort == Sort::Verb {
                    self.out.transport = self.transport();
                }
            }
            Err((result, needed)) => {
                assert_eq!(given as u32, result);
                self.refused(sort, needed);
            }
        }
        self.check_io();
    }

    /// Compares what a call that gives an event did. `flat` is Rust's event.
    fn compare_event(&mut self, given: sansocket_result, did: Outcome<(usize, usize, Flat)>, buffers: [Span; 2]) {
        match did {
            Ok((consumed, produced, flat)) => {
                assert_eq!(given, OK);
                let transport = self.transport();
                self.out = Out { consumed, produced, needed: 0, transport, ..self.out };
                assert_eq!(Flat::of_c(&self.io.event, buffers), flat);
                self.event = bits(&self.io.event);
            }
            Err((result, needed)) => {
                assert_eq!(given as u32, result);
                self.refused(Sort::Event, needed);
            }
        }
        self.check_io();
    }

    fn receive(&mut self, source: &mut Source<'_>) {
        self.arrive(source);
        let (mut c_out, mut out) = self.room(source);
        let (mut c_in, mut input) = (self.buffer.clone(), self.buffer.clone());
        self.set_io(&mut c_in, &mut c_out, source);
        self.misuse(source, Sort::Event, &|ws, io| unsafe { sansocket_receive(ws, io) });
        self.misplaced_input(source, &mut |ws, io| unsafe { sansocket_receive(ws, io) });
        let given = unsafe { sansocket_receive(&mut *self.ws, &mut *self.io) };
        let spans = [span(&input), span(&[])];
        let did = flatten(outcome(self.rust.receive(self.instant(), &mut input, &mut out)), spans);
        self.compare_event(given, did, [span(&c_in), span(&[])]);
        assert_eq!((c_in, c_out), (input.clone(), out));
        self.take(did, &input);
    }

    /// Input that is NULL, too long or overlaps the output.
    fn misplaced_input(
        &mut self,
        source: &mut Source<'_>,
        call: &mut dyn FnMut(*mut sansocket, *mut sansocket_io) -> sansocket_result,
    ) {
        let kept = (self.io.input, self.io.input_len, self.io.output, self.io.output_len);
        let mut memory = [CANARY; 40];
        let start = memory.as_mut_ptr();
        let wanted = match source.below(32) {
            0 => {
                (self.io.input, self.io.input_len) = (null_mut(), 3);
                R::SANSOCKET_NULL_POINTER
            }
            1 => {
                self.io.input_len = isize::MAX as usize + 1;
                R::SANSOCKET_LENGTH_TOO_LARGE
            }
            2 => {
                let [at, len] = [source.below(9), source.below(10) + 1];
                (self.io.output, self.io.output_len) = (unsafe { start.add(8) }, 8);
                (self.io.input, self.io.input_len) = (unsafe { start.add(at) }, len + 8 - at);
                R::SANSOCKET_OVERLAP
            }
            _ => return,
        };
        assert_eq!(call(&mut *self.ws, &mut *self.io), wanted);
        (self.io.input, self.io.input_len, self.io.output, self.io.output_len) = kept;
        assert_eq!(memory, [CANARY; 40]);
        self.refused(Sort::Event, 0);
        self.check_io();
    }

    fn receive_with(&mut self, source: &mut Source<'_>) {
        self.arrive(source);
        let (mut c_out, mut out) = self.room(source);
        let (mut c_in, mut input) = (self.buffer.clone(), self.buffer.clone());
        let len = source.pick(&[0, 1, 4, 64, 64, 500]);
        let (mut c_window, mut window) = (vec![CANARY; len], vec![CANARY; len]);
        self.set_io(&mut c_in, &mut c_out, source);
        let (inflater, w): (*mut _, *mut u8) = (&mut *self.deflate.inflater, c_window.as_mut_ptr());
        self.misuse(source, Sort::Event, &|ws, io| unsafe { sansocket_receive_with(ws, io, inflater, w, len) });
        self.misplaced_input(source, &mut |ws, io| unsafe { sansocket_receive_with(ws, io, inflater, w, len) });
        if source.one_in(16) {
            let (ws, io): (*mut sansocket, *mut sansocket_io) = (&mut *self.ws, &mut *self.io);
            let history = self.deflate.memory[0].cast::<u8>();
            let before = bits(&*self.deflate.inflater);
            unsafe {
                assert_eq!(sansocket_receive_with(ws, io, null_mut(), w, len), R::SANSOCKET_NULL_POINTER);
                assert_eq!(sansocket_receive_with(ws, io, &mut *zeroed(), w, len), R::SANSOCKET_NOT_INITIALISED);
                assert_eq!(sansocket_receive_with(ws, io, inflater, null_mut(), 1), R::SANSOCKET_NULL_POINTER);
                assert_eq!(sansocket_receive_with(ws, io, inflater, w, usize::MAX), R::SANSOCKET_LENGTH_TOO_LARGE);
                assert_eq!(sansocket_receive_with(ws, io, inflater, history.add(255), 1), R::SANSOCKET_OVERLAP);
                if !c_out.is_empty() {
                    assert_eq!(sansocket_receive_with(ws, io, inflater, (*io).output, 1), R::SANSOCKET_OVERLAP);
                }
                if !c_in.is_empty() {
                    assert_eq!(sansocket_receive_with(ws, io, inflater, (*io).input, 1), R::SANSOCKET_OVERLAP);
                }
            }
            assert_eq!(bits(&*self.deflate.inflater), before);
            self.refused(Sort::Event, 0);
            self.check_io();
        }
        let given = unsafe { sansocket_receive_with(&mut *self.ws, &mut *self.io, inflater, w, len) };
        let instant = self.instant();
        let spans = [span(&input), span(&window)];
        let did = self.rust.receive_with(instant, &mut input, &mut self.deflate.rust_inflater, &mut window, &mut out);
        let did = flatten(outcome(did), spans);
        self.compare_event(given, did, [span(&c_in), span(&c_window)]);
        assert_eq!((c_in, c_out, c_window), (input.clone(), out, window));
        self.take(did, &input);
    }

    /// Keeps what was not consumed, and the head of a request.
    fn take(&mut self, did: Outcome<(usize, usize, Flat)>, input: &[u8]) {
        let Ok((consumed, _, flat)) = did else { return };
        if let (1 | 2, Some((0, at))) = (flat.kind_of_event, flat.place) {
            self.head = input[at..at + flat.len].to_vec();
        }
        self.buffer = input[consumed..].to_vec();
        // What a refused client leaves is not ours; a sequence without end is of no use.
        if self.buffer.len() > 2000 || flat.kind_of_event == 4 {
            self.buffer.clear();
        }
    }

    /// More bytes from the peer: the rest of what it wrote before, or something new.
    fn arrive(&mut self, source: &mut Source<'_>) {
        if self.peer.wire.is_empty() {
            let connecting = self.rust.state() == ::sansocket::State::Connecting;
            self.peer.wire = match source.below(16) {
                0 => return,
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
                "Origin: https://example.com\r\nSec-WebSocket-Protocol: x, chat\r\nSec-WebSocket-Protocol: superchat\r\n\r\n",
                "Transfer-Encoding: chunked\r\n\r\n",
                "Bad Name: x\r\n\r\n",
            ]);
            return match source.below(6) {
                0 => b"GET /page HTTP/1.1\r\nHost: h\r\n\r\n".to_vec(),
                1 => b"\x16\x03\x01".to_vec(),
                _ => [request, more].concat().into_bytes(),
            };
        }
        let accept = ::sansocket::accept_key(&self.key);
        let response = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ";
        let more =
            source.pick(&["\r\n\r\n", "\r\nSec-WebSocket-Protocol: chat\r\n\r\n", "\r\nSec-WebSocket-Protocol: x\r\n\r\n"]);
        match source.below(6) {
            0 => b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".to_vec(),
            1 => b"HTTP/1.1 100 Continue\r\n\r\n".to_vec(),
            _ => {
                let frame = self.peer.frame(source, self.role);
                [response.as_bytes(), &accept, more.as_bytes(), &frame].concat()
            }
        }
    }

    fn receive_eof(&mut self, source: &mut Source<'_>) {
        let mut c_out = vec![CANARY; 8];
        self.set_io(&mut [], &mut c_out, source);
        self.misuse(source, Sort::Event, &|ws, io| unsafe { sansocket_receive_eof(ws, io) });
        let given = unsafe { sansocket_receive_eof(&mut *self.ws, &mut *self.io) };
        let did = flatten(Ok(self.rust.receive_eof(self.instant())), NO_BUFFERS);
        self.compare_event(given, did, NO_BUFFERS);
        assert_eq!(c_out, [CANARY; 8]);
    }

    fn handle_timeout(&mut self, source: &mut Source<'_>) {
        let (mut c_out, mut out) = self.room(source);
        self.set_io(&mut [], &mut c_out, source);
        self.misuse(source, Sort::Event, &|ws, io| unsafe { sansocket_handle_timeout(ws, io) });
        let given = unsafe { sansocket_handle_timeout(&mut *self.ws, &mut *self.io) };
        let did = flatten(Ok(self.rust.handle_timeout(self.instant(), &mut out)), NO_BUFFERS);
        self.compare_event(given, did, NO_BUFFERS);
        assert_eq!(c_out, out);
    }

    /// A verb: C's and Rust's call, each with its output.
    fn verb(
        &mut self,
        source: &mut Source<'_>,
        sort: Sort,
        c: &dyn Fn(*mut sansocket, *mut sansocket_io) -> sansocket_result,
        rust: impl FnOnce(&mut Connection<'c, Shared>, Instant, &mut [u8]) -> Outcome<usize>,
    ) -> Vec<u8> {
        let (mut c_out, mut out) = self.room(source);
        self.set_io(&mut [], &mut c_out, source);
        self.misuse(source, sort, c);
        let given = c(&mut *self.ws, &mut *self.io);
        let instant = self.instant();
        let did = rust(&mut self.rust, instant, &mut out);
        self.compare(sort, given, did);
        assert_eq!(c_out, out);
        out.truncate(did.unwrap_or(0));
        out
    }

    fn send(&mut self, source: &mut Source<'_>) {
        let (payload, fin) = (source.payload(), source.byte() % 4);
        let (number, kind) = pick_kind(source);
        let (data, len) = (payload.as_ptr().cast::<c_void>(), payload.len());
        match source.below(8) {
            0 => {
                let c = |ws, io| unsafe { sansocket_send_header(ws, io, number, data, len, fin) };
                let rust = |rust: &mut Connection<'c, Shared>, _, out: &mut [u8]| {
                    outcome(rust.send_header(kind.ok_or((23, 0))?, &payload, fin != 0, out))
                };
                self.verb(source, Sort::Verb, &c, rust);
            }
            1 => {
                let len = source.pick(&[0, 125, 126, 0xFFFF, 0x1_0000, u64::MAX >> 1, 1 << 63, u64::MAX]);
                let c = |ws, io| unsafe { sansocket_send_binary_header(ws, io, len, fin) };
                self.verb(source, Sort::Verb, &c, |rust, _, out| outcome(rust.send_binary_header(len, fin != 0, out)));
            }
            2 => {
                let mut due = usize::MAX;
                let given = unsafe { sansocket_send_encoded(&mut *self.ws, data.cast(), len, &mut due) };
                match self.rust.send_encoded(&payload) {
                    Ok(n) => assert_eq!((given, due), (OK, n)),
                    Err(error) => assert_eq!((given as u32, due), (256 + u32::from(error.number()), usize::MAX)),
                }
            }
            _ => {
                self.misplaced_payload(source, number);
                let c = |ws, io| unsafe { sansocket_send(ws, io, number, data, len, fin) };
                let rust = |rust: &mut Connection<'c, Shared>, _, out: &mut [u8]| {
                    outcome(rust.send(kind.ok_or((23, 0))?, &payload, fin != 0, out))
                };
                self.verb(source, Sort::Verb, &c, rust);
            }
        }
    }

    /// Payload that is NULL, too long or overlaps the output.
    fn misplaced_payload(&mut self, source: &mut Source<'_>, kind: u32) {
        if kind != 1 && kind != 2 {
            return;
        }
        let mut memory = [CANARY; 40];
        let start = memory.as_mut_ptr();
        let (data, len, wanted) = match source.below(24) {
            0 => (null_mut(), 3, R::SANSOCKET_NULL_POINTER),
            1 => (start, isize::MAX as usize + 1, R::SANSOCKET_LENGTH_TOO_LARGE),
            2 => (unsafe { start.add(source.below(8)) }, 9, R::SANSOCKET_OVERLAP),
            3 => (unsafe { start.add(15) }, 20, R::SANSOCKET_OVERLAP),
            _ => return,
        };
        let before = bits(&*self.ws);
        (self.io.output, self.io.output_len) = (unsafe { start.add(8) }, 8);
        let (ws, io): (*mut sansocket, *mut sansocket_io) = (&mut *self.ws, &mut *self.io);
        assert_eq!(unsafe { sansocket_send(ws, io, kind, data.cast(), len, 1) }, wanted);
        assert_eq!(unsafe { sansocket_ping(ws, io, data.cast(), len) }, wanted);
        assert_eq!(unsafe { sansocket_close(ws, io, 1000, data.cast(), len) }, wanted);
        assert_eq!((memory, bits(&*self.ws)), ([CANARY; 40], before));
        self.refused(Sort::Verb, 0);
        self.check_io();
    }

    fn send_with(&mut self, source: &mut Source<'_>) {
        let (payload, fin) = (source.payload(), source.byte() % 4);
        let (number, kind) = pick_kind(source);
        let compressor: *mut sansocket_compressor = &mut *self.deflate.compressor;
        if source.one_in(16) {
            let memory = self.deflate.memory[2].cast::<u8>();
            let (ws, io): (*mut sansocket, *mut sansocket_io) = (&mut *self.ws, &mut *self.io);
            let mut out = [CANARY; 64];
            self.set_io(&mut [], &mut out, source);
            unsafe {
                assert_eq!(sansocket_send_with(ws, io, null_mut(), 2, null(), 0, 1), R::SANSOCKET_NULL_POINTER);
                assert_eq!(sansocket_send_with(ws, io, compressor, 2, memory.cast(), 1, 1), R::SANSOCKET_OVERLAP);
                assert_eq!(sansocket_send_with(ws, io, compressor, 2, out.as_ptr().cast(), 1, 1), R::SANSOCKET_OVERLAP);
            }
            assert_eq!(out, [CANARY; 64]);
            self.refused(Sort::Verb, 0);
            self.check_io();
        }
        let mut rest = &payload[..];
        // Until it is done, as C's documentation has it; without room it never is.
        for _ in 0..20 {
            let (mut c_out, mut out) = self.room(source);
            self.set_io(&mut [], &mut c_out, source);
            let (data, len) = (rest.as_ptr().cast(), rest.len());
            let c = |ws, io| unsafe { sansocket_send_with(ws, io, compressor, number, data, len, fin) };
            self.misuse(source, Sort::Verb, &c);
            let given = c(&mut *self.ws, &mut *self.io);
            let codec = &mut self.deflate.rust_compressor;
            let did = kind.ok_or((23, 0)).and_then(|kind| outcome(self.rust.send_with(codec, kind, rest, fin != 0, &mut out)));
            if let Ok(sent) = did {
                (self.out.consumed, self.out.done) = (sent.consumed, sent.done.into());
            }
            self.compare(Sort::Verb, given, did.map(|sent| sent.produced));
            assert_eq!(c_out, out);
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
            self.verb(source, Sort::Verb, &c, |rust, _, out| outcome(rust.ping(&payload, out)));
        } else {
            let c = |ws, io| unsafe { sansocket_pong(ws, io, data, len) };
            self.verb(source, Sort::Verb, &c, |rust, _, out| outcome(rust.pong(&payload, out)));
        }
    }

    fn close_or_fail(&mut self, source: &mut Source<'_>) {
        let code = source.pick(&[0, 999, 1000, 1005, 1011, 3000, 4999, 5000, 65_536, u32::MAX]);
        let reason = source.payload();
        let text = std::str::from_utf8(&reason);
        let (data, len) = (reason.as_ptr().cast::<c_char>(), reason.len());
        let narrow = u16::try_from(code).map(CloseCode).map_err(|_| (23, 0));
        if source.one_in(3) {
            let c = |ws, io| unsafe { sansocket_close(ws, io, code, data, len) };
            let rust = |rust: &mut Connection<'c, Shared>, now, out: &mut [u8]| {
                let code = narrow?;
                let text = text.map_err(|_| (260, 0))?;
                outcome(rust.close((code.0 != 0).then_some(code), text, now, out))
            };
            self.verb(source, Sort::Verb, &c, rust);
        } else if source.one_in(4) {
            let c = |ws, io| unsafe { sansocket_fail(ws, io, code) };
            self.verb(source, Sort::Verb, &c, |rust, now, out| outcome(rust.fail(narrow?, now, out)));
        }
    }

    fn pause_or_resume(&mut self, source: &mut Source<'_>) {
        let (ws, now, instant): (*mut sansocket, _, _) = (&mut *self.ws, self.now, self.instant());
        unsafe {
            assert_eq!(sansocket_pause(null_mut(), now), R::SANSOCKET_NULL_POINTER);
            assert_eq!(sansocket_resume(&mut *zeroed(), now), R::SANSOCKET_NOT_INITIALISED);
            if source.one_in(2) {
                assert_eq!(sansocket_pause(ws, now), OK);
                self.rust.pause(instant);
            } else {
                assert_eq!(sansocket_resume(ws, now), OK);
                self.rust.resume(instant);
            }
        }
    }

    fn request(&mut self, source: &mut Source<'_>) {
        let mut request: Box<sansocket_client_request> = zeroed();
        let host = source.pick(&["example.com", "example.com", "[::1]:9001", "[::1]:9001", "h", "h", "", "a b", "h\u{e4}"]);
        let target = source.pick(&["/", "/", "/chat?room=1", "/chat?room=1", "?q", "chat", "/a b"]);
        let origin = source.pick(&[None, None, Some("https://example.com"), Some("https://example.com"), Some("bad\r\n")]);
        let headers = pick_headers(source);
        let c_headers = c_headers(&headers);
        request.host = text(host.as_bytes());
        request.target = text(target.as_bytes());
        if let Some(origin) = origin {
            request.origin = text(origin.as_bytes());
        }
        (request.headers, request.header_count) = (c_headers.as_ptr(), c_headers.len());
        let c_request: *const sansocket_client_request = &*request;
        let c = |ws, io| unsafe { sansocket_request(ws, io, c_request) };
        let rust = |rust: &mut Connection<'c, Shared>, now, out: &mut [u8]| {
            if headers.len() > SANSOCKET_MAX_LIST {
                return Err((25, 0));
            }
            outcome(rust.request(&ClientRequest::new(host, target).origin(origin).headers(&headers), now, out))
        };
        let written = self.verb(source, Sort::Verb, &c, rust);
        if let Some(at) = written.windows(19).position(|bytes| bytes == b"Sec-WebSocket-Key: ") {
            self.key = written[at + 19..at + 43].to_vec();
        }
        let refused = unsafe { sansocket_request(&mut *self.ws, &mut *self.io, null()) };
        assert_eq!(refused, R::SANSOCKET_NULL_POINTER);
        self.refused(Sort::Verb, 0);
        self.check_io();
    }

    fn accept(&mut self, source: &mut Source<'_>) {
        let mut acceptance: Box<sansocket_acceptance> = zeroed();
        let origins = [source.pick(&["https://example.com", "https://other.example"]), "https://third.example"];
        let c_origins = origins.map(|origin| text(origin.as_bytes()));
        let headers = pick_headers(source);
        let c_headers = c_headers(&headers);
        let subprotocol = source.pick(&[None, None, Some("chat"), Some("superchat"), Some("x")]);
        acceptance.origin = source.pick(&[1, 1, 2, 3, 4, 0, 5]);
        (acceptance.origins, acceptance.origin_count) = (c_origins.as_ptr(), 2);
        (acceptance.headers, acceptance.header_count) = (c_headers.as_ptr(), c_headers.len());
        if let Some(name) = subprotocol {
            acceptance.subprotocol = text(name.as_bytes());
        }
        let mut head = self.head.clone();
        if source.one_in(8) {
            head.truncate(10);
        }
        let (data, len) = (head.as_ptr(), head.len());
        let choice = acceptance.origin;
        let c_acceptance: *const sansocket_acceptance = &*acceptance;
        let c = |ws, io| unsafe { sansocket_accept(ws, io, data, len, c_acceptance) };
        let rust = |rust: &mut Connection<'c, Shared>, now, out: &mut [u8]| {
            let request = Request::parse(&head, &Config::new()).ok().flatten().ok_or((26, 0))?;
            let origin = match choice {
                1 => Origin::Any,
                2 => Origin::OneOf(&origins),
                3 | 4 => Origin::SameHost { secure: choice == 4 },
                _ => return Err((23, 0)),
            };
            if headers.len() > SANSOCKET_MAX_LIST {
                return Err((25, 0));
            }
            outcome(rust.accept(&request, &Accept::new(origin).subprotocol(subprotocol).headers(&headers), now, out))
        };
        self.verb(source, Sort::Verb, &c, rust);
    }

    fn respond(&mut self, source: &mut Source<'_>) {
        let (status, body, headers) = (source.pick(&[404, 200, 204, 304, 101, 70_000]), source.payload(), pick_headers(source));
        let c_headers = c_headers(&headers);
        let (fields, count) = (c_headers.as_ptr(), c_headers.len());
        let narrow = u16::try_from(status).map_err(|_| (273, 0));
        let few = || if count > SANSOCKET_MAX_LIST { Err((25, 0)) } else { Ok(()) };
        if source.one_in(2) {
            let (data, len) = (body.as_ptr().cast(), body.len());
            let c = |ws, io| unsafe { sansocket_respond(ws, io, status, fields, count, data, len) };
            let rust = |rust: &mut Connection<'c, Shared>, now, out: &mut [u8]| {
                let status = narrow?;
                few()?;
                outcome(rust.respond(status, &headers, &body, now, out))
            };
            self.verb(source, Sort::Verb, &c, rust);
        } else {
            let len = source.pick(&[0, 5, 1 << 30]);
            let c = |ws, io| unsafe { sansocket_respond_head(ws, io, status, fields, count, len) };
            let rust = |rust: &mut Connection<'c, Shared>, now, out: &mut [u8]| {
                let status = narrow?;
                few()?;
                outcome(rust.respond_head(status, &headers, len, now, out))
            };
            self.verb(source, Sort::Verb, &c, rust);
        }
    }

    fn encode(&mut self, source: &mut Source<'_>) {
        let payload = source.payload();
        let (number, kind) = pick_kind(source);
        let (data, len) = (payload.as_ptr().cast(), payload.len());
        let c = |_, io| unsafe { sansocket_encode_message(io, number, data, len) };
        let rust = |_: &mut Connection<'c, Shared>, _, out: &mut [u8]| {
            outcome(::sansocket::frame::encode_message(kind.ok_or((23, 0))?, &payload, out))
        };
        self.verb(source, Sort::Alone, &c, rust);

        // Payload that touches the output, or is none inside it, does not overlap it.
        let mut memory = [CANARY; 40];
        let start = memory.as_mut_ptr();
        for (at, len, output, room, wanted) in [
            (0, 8, 8, 32, OK),
            (30, 10, 0, 30, OK),
            (4, 0, 0, 30, OK),
            (0, 30, 4, 0, R::SANSOCKET_NEEDS_ROOM),
            (0, 9, 8, 32, R::SANSOCKET_OVERLAP),
            (29, 10, 0, 30, R::SANSOCKET_OVERLAP),
        ] {
            let io = &mut *self.io;
            (io.output, io.output_len) = (unsafe { start.add(output) }, room);
            assert_eq!(unsafe { sansocket_encode_message(io, 2, start.add(at).cast(), len) }, wanted);
            let produced = if wanted == OK { len + 2 } else { 0 };
            let needed = if wanted == R::SANSOCKET_NEEDS_ROOM { len + 2 } else { 0 };
            self.out = Out { produced, needed, ..self.out };
            self.check_io();
        }
    }

    /// The inflater and the compressor by themselves.
    fn codecs(&mut self, source: &mut Source<'_>) {
        let (inflater, compressor): (*mut _, *mut _) = (&mut *self.deflate.inflater, &mut *self.deflate.compressor);
        let (mut c_out, mut out) = self.room(source);
        let mut bytes = source.payload();
        let mut twin = bytes.clone();
        let (data, len, flush) = (bytes.as_ptr().cast(), bytes.len(), source.byte() % 2);
        self.set_io(&mut bytes, &mut c_out, source);
        match source.below(5) {
            0 => {
                assert_eq!(unsafe { sansocket_inflater_reset(inflater) }, OK);
                self.deflate.rust_inflater.reset();
            }
            1 => {
                assert_eq!(unsafe { sansocket_compressor_reset(compressor) }, OK);
                self.deflate.rust_compressor.reset();
            }
            2 => {
                self.misuse(source, Sort::Alone, &|_, io| unsafe { sansocket_inflate(inflater, io) });
                let given = unsafe { sansocket_inflate(inflater, &mut *self.io) };
                let did = self.deflate.rust_inflater.inflate(&twin, &mut out);
                if let Ok(progress) = did {
                    (self.out.consumed, self.out.done) = (progress.consumed, 0);
                }
                self.compare(Sort::Alone, given, did.map(|did| did.produced).map_err(|error| (769 + error as u32, 0)));
            }
            3 => {
                self.misuse(source, Sort::Alone, &|_, io| unsafe { sansocket_inflate_end(inflater, io) });
                let given = unsafe { sansocket_inflate_end(inflater, &mut *self.io) };
                let did = self.deflate.rust_inflater.finish_message(&mut out);
                if let Ok(finished) = did {
                    (self.out.consumed, self.out.done) = (0, finished.done.into());
                }
                self.compare(Sort::Alone, given, did.map(|did| did.produced).map_err(|error| (769 + error as u32, 0)));
            }
            _ => {
                self.misuse(source, Sort::Alone, &|_, io| unsafe { sansocket_compress(compressor, io, data, len, flush) });
                let given = unsafe { sansocket_compress(compressor, &mut *self.io, data, len, flush) };
                let did = self.deflate.rust_compressor.compress(&twin, &mut out, flush != 0);
                (self.out.consumed, self.out.done) = (did.consumed, did.done.into());
                self.compare(Sort::Alone, given, Ok(did.produced));
            }
        }
        twin.truncate(bytes.len());
        assert_eq!((c_out, bytes), (out, twin));
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
            (event.r#type, event.kind, event.first, event.last) = (5, 2, u8::from(offset == 0), last.into());
            (event.data, event.len, event.offset) = (bytes.as_mut_ptr(), bytes.len(), offset);
            let before = bits(&*event);
            let given = unsafe { sansocket_collect(c_memory.as_mut_ptr(), len, &mut *event) };
            let data = Data { kind: MessageKind::Binary, payload: &mut twin, offset, last };
            let mut collector = Collector::new(&mut memory);
            match collector.collect(data) {
                Ok(Some(whole)) => {
                    assert_eq!((given, event.first, event.last, event.offset), (OK, 1, 1, 0));
                    let seen =
                        if event.len == 0 { &[][..] } else { unsafe { std::slice::from_raw_parts(event.data, event.len) } };
                    assert_eq!(seen, whole);
                }
                Ok(None) => assert_eq!((given, bits(&*event)), (R::SANSOCKET_INCOMPLETE, before)),
                Err(_) => assert_eq!((given, bits(&*event)), (R::SANSOCKET_MESSAGE_TOO_LONG, before)),
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
            assert_eq!(sansocket_collect(null_mut(), 0, null_mut()), R::SANSOCKET_NULL_POINTER);
            assert_eq!(sansocket_collect(null_mut(), 0, &mut *event), R::SANSOCKET_INVALID_ARGUMENT);
            (event.r#type, event.kind, event.data, event.len) = (5, 1, bytes.as_mut_ptr(), 8);
            let e = &mut *event;
            assert_eq!(sansocket_collect(null_mut(), 1, e), R::SANSOCKET_NULL_POINTER);
            assert_eq!(sansocket_collect(bytes.as_mut_ptr().add(7), 1, e), R::SANSOCKET_OVERLAP);
            assert_eq!(sansocket_collect(bytes.as_mut_ptr(), usize::MAX, e), R::SANSOCKET_LENGTH_TOO_LARGE);
        }
    }

    /// All that can be asked says the same.
    fn check(&self, source: &mut Source<'_>) {
        let (ws, rust): (*const sansocket, _) = (&*self.ws, &self.rust);
        let mut numbers = [u32::MAX; 4];
        let (mut at, mut code, mut clean) = (0, 0, u8::MAX);
        let mut name = text(&[]);
        unsafe {
            assert_eq!(sansocket_get_next_timeout(ws, &mut at), OK);
            assert_eq!(sansocket_get_state(ws, &mut numbers[0]), OK);
            assert_eq!(sansocket_get_transport(ws, &mut numbers[1]), OK);
            assert_eq!(sansocket_get_role(ws, &mut numbers[2]), OK);
            assert_eq!(sansocket_get_close_code(ws, &mut code), OK);
            assert_eq!(sansocket_get_was_clean(ws, &mut clean), OK);
            let mut trip = u64::MAX;
            let known = sansocket_get_round_trip_us(ws, &mut trip);
            assert_eq!((known == OK).then(|| std::time::Duration::from_micros(trip)), rust.round_trip());
            let wait = rust.millis_until_timeout(Instant::from_millis(self.now));
            let wait = wait.map_or(-1, |ms| i32::try_from(ms).unwrap_or(i32::MAX));
            assert_eq!(sansocket_poll_timeout(ws, self.now), wait);
            let subprotocol = sansocket_get_subprotocol(ws, &mut name);
            let name = (subprotocol == OK).then(|| std::slice::from_raw_parts(name.data.cast::<u8>(), name.len));
            assert_eq!(name, rust.subprotocol().map(str::as_bytes));
            if source.one_in(32) {
                assert_eq!(sansocket_get_state(ws, null_mut()), R::SANSOCKET_NULL_POINTER);
                assert_eq!(sansocket_get_state(null(), &mut numbers[3]), R::SANSOCKET_NULL_POINTER);
                assert_eq!(sansocket_get_next_timeout(ws, (&raw mut at).byte_add(1)), R::SANSOCKET_MISALIGNED);
                assert_eq!(sansocket_get_close_code(ws.byte_add(2), &mut code), R::SANSOCKET_MISALIGNED);
                assert_eq!(sansocket_get_was_clean(&*zeroed(), &mut clean), R::SANSOCKET_NOT_INITIALISED);
            }
        }
        assert_eq!(at, rust.next_timeout().map_or(SANSOCKET_NEVER, Instant::as_millis));
        assert_eq!(numbers[0], rust.state() as u32);
        assert_eq!(numbers[1], self.transport());
        assert_eq!(numbers[2], if self.role == Role::Client { 1 } else { 2 });
        assert_eq!((code, clean), (rust.close_code().0, rust.was_clean().into()));
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
                let mut memory = [0; 512];
                let mut out = [0; 1000];
                let done = Compressor::new(8, &mut memory).unwrap().compress(&payload, &mut out, true);
                payload = out[..done.produced].to_vec();
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

fn pick_kind(source: &mut Source<'_>) -> (u32, Option<MessageKind>) {
    source.pick(&[
        (1, Some(MessageKind::Text)),
        (2, Some(MessageKind::Binary)),
        (2, Some(MessageKind::Binary)),
        (1, Some(MessageKind::Text)),
        (0, None),
        (3, None),
    ])
}

fn pick_headers(source: &mut Source<'_>) -> Vec<Header<'static>> {
    let one = source.pick(&[
        Header::new("Cookie", "a=b"),
        Header::new("X", ""),
        Header::new("Host", "x"),
        Header::new("Bad name", "x"),
        Header::new("X", "a\r\nb"),
    ]);
    vec![one; source.pick(&[0, 0, 0, 0, 0, 0, 1, 2, 17])]
}

fn c_headers(headers: &[Header<'_>]) -> Vec<sansocket_header> {
    headers.iter().map(|header| sansocket_header { name: text(header.name.as_bytes()), value: text(header.value) }).collect()
}

pub(crate) fn text(bytes: &[u8]) -> sansocket_text {
    sansocket_text { data: bytes.as_ptr().cast(), len: bytes.len() }
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
