//! C's connection with its buffers does what Rust's does: random sequences of calls beside the same calls in Rust. After each, all that
//! can be asked is the same; what is sent and received is, byte for byte, compressed or not.
#![cfg(all(feature = "ffi", feature = "deflate"))]
#![allow(clippy::undocumented_unsafe_blocks, reason = "each calls C functions with memory that the lines around it made")]

use ::sansocket::ffi::*;
use ::sansocket::frame::{FrameHeader, Opcode, apply_mask, encode_message};
use ::sansocket::{
    Accept, Buffered, CallError, ClientRequest, CloseCode, Codec, CompressedMessage, Compressor, Config, Connection, Deflate,
    DeflateConfig, DeflateDirection, DeflateParams, Entropy, EntropyError, Event, Inflate, Inflater, Instant, Level, MessageKind,
    Negotiated, Origin, Request, Role, Transport, UsageError, accept_key,
};
use std::borrow::{Borrow, BorrowMut};
use std::cell::Cell;
use std::ffi::c_void;
use std::ptr::null;

/// Two hundred thousand calls; ten times as many in a release build. A seed that fails is printed.
#[test]
fn random_calls_on_a_connection_with_its_buffers_do_in_c_what_they_do_in_rust() {
    let mut counts = [0; CALLS];
    for seed in 0..if cfg!(debug_assertions) { 2_000 } else { 20_000 } {
        let result = std::panic::catch_unwind(|| {
            let mut counts = [0; CALLS];
            let chance = Chance::default();
            let mut pair = Pair::begin(Random(seed << 1 | 1), &chance);
            for _ in 0..100 {
                pair.step(&mut counts);
                pair.check();
            }
            counts
        });
        let done = result.unwrap_or_else(|panic| {
            eprintln!("seed {seed}");
            std::panic::resume_unwind(panic)
        });
        (0..CALLS).for_each(|call| counts[call] += done[call]);
    }
    // Each does something else than being refused.
    assert!(counts.iter().all(|count| *count > 50), "{counts:?}");
}

/// How many kinds of calls there are.
const CALLS: usize = 23;

/// Xorshift, multiplied.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        (self.0, _) = (self.0 ^ self.0 << 13, ());
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize % end
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    fn bytes(&mut self, len: usize) -> Vec<u8> {
        let byte = self.pick(&[b'a', b'b', b'c', 0xC3]);
        vec![byte; len]
    }

    fn payload(&mut self) -> Vec<u8> {
        let len = self.pick(&[0, 0, 1, 2, 5, 16, 100, 125, 126, 300, 700]);
        self.bytes(len)
    }
}

/// Counts up, once for each side; fails if it is told so.
#[derive(Default)]
struct Chance {
    rust: Cell<u8>,
    c: Cell<u8>,
    is_broken: Cell<bool>,
}

fn fill(last: &Cell<u8>, is_broken: bool, bytes: &mut [u8]) -> bool {
    for byte in bytes.iter_mut().filter(|_| !is_broken) {
        last.set(last.get().wrapping_add(1));
        *byte = last.get();
    }
    !is_broken
}

impl Entropy for &Chance {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        fill(&self.rust, self.is_broken.get(), bytes).then_some(()).ok_or(EntropyError)
    }
}

unsafe extern "C" fn entropy(context: *mut c_void, bytes: *mut u8, len: usize) -> i32 {
    let (chance, bytes) = unsafe { (&*context.cast::<Chance>(), std::slice::from_raw_parts_mut(bytes, len)) };
    i32::from(!fill(&chance.c, chance.is_broken.get(), bytes))
}

fn zeroed<T>() -> Box<T> {
    unsafe { Box::new(std::mem::zeroed()) }
}

type Machine<'c> = Connection<'static, &'c Chance>;

/// Rust's connection, which stays where it is from turn to turn.
struct Place<'c>(*mut Machine<'c>);

impl<'c> Borrow<Machine<'c>> for Place<'c> {
    fn borrow(&self) -> &Machine<'c> {
        unsafe { &*self.0 }
    }
}

impl<'c> BorrowMut<Machine<'c>> for Place<'c> {
    fn borrow_mut(&mut self) -> &mut Machine<'c> {
        unsafe { &mut *self.0 }
    }
}

type Rust<'c> = Buffered<'static, &'c Chance, Vec<u8>, Vec<u8>, Vec<u8>, Place<'c>, Twin>;

static CONFIG: Config<'static> = Config::new()
    .write_timeout_ms(3_000)
    .keepalive_interval_ms(2_000)
    .max_message_len(900)
    .deflate(DeflateConfig::new().send_window_bits(WINDOW_BITS));

/// Of the largest window that we compress with.
const WINDOW_BITS: u8 = 10;

/// The codecs of one connection, for Rust and for C, which stay where they are from turn to turn.
struct Codecs {
    rust: (Inflater<'static>, Compressor<'static>),
    c: (sansocket_inflater, sansocket_compressor),
    inflates: bool,
    /// With the least length.
    compresses: Option<usize>,
    _memory: [Vec<u8>; 4],
}

impl Codecs {
    fn new(random: &mut Random) -> *mut Self {
        let memory_len = Compressor::memory_len(WINDOW_BITS, Level::Fast).unwrap();
        let mut memory = [1 << 15, memory_len, 1 << 15, memory_len].map(|len| vec![0; len]);
        let [history, window, c_history, c_window] =
            memory.each_mut().map(|memory| unsafe { std::slice::from_raw_parts_mut(memory.as_mut_ptr(), memory.len()) });
        let rust = (Inflater::new(history).unwrap(), Compressor::new(WINDOW_BITS, Level::Fast, window).unwrap());
        let (mut inflater, mut compressor): (Box<sansocket_inflater>, Box<sansocket_compressor>) = (zeroed(), zeroed());
        let mut setup: Box<sansocket_setup> = zeroed();
        (setup.size, setup.abi_version) = (size_of::<sansocket_setup>(), SANSOCKET_ABI_VERSION);
        (setup.window_bits, setup.level) = (WINDOW_BITS.into(), sansocket_level(Level::Fast as u32));
        (setup.memory, setup.memory_len) = (c_history.as_mut_ptr(), c_history.len());
        assert_eq!(unsafe { sansocket_inflater_init(&mut *inflater, &*setup) }, OK);
        (setup.memory, setup.memory_len) = (c_window.as_mut_ptr(), c_window.len());
        assert_eq!(unsafe { sansocket_compressor_init(&mut *compressor, &*setup) }, OK);
        let (inflates, compresses) = (random.below(4) > 0, random.pick(&[None, Some(0), Some(50)]));
        Box::into_raw(Box::new(Self { rust, c: (*inflater, *compressor), inflates, compresses, _memory: memory }))
    }
}

/// Rust's codecs.
struct Twin(*mut Codecs);

impl Codec for Twin {
    fn inflater(&mut self) -> Option<&mut dyn Inflate> {
        let codecs = unsafe { &mut *self.0 };
        if codecs.inflates { Some(&mut codecs.rust.0) } else { None }
    }

    fn compressor(&mut self, len: usize) -> Option<&mut dyn Deflate> {
        let codecs = unsafe { &mut *self.0 };
        if codecs.compresses.is_some_and(|least| len >= least) { Some(&mut codecs.rust.1) } else { None }
    }
}

/// A transport of C's that takes a few bytes.
struct Wire {
    buffered: *mut sansocket_buffered,
    most: usize,
    bytes: Vec<u8>,
}

unsafe extern "C" fn write(context: *mut c_void, due: sansocket_bytes, payload: sansocket_bytes) -> usize {
    let wire = unsafe { &mut *context.cast::<Wire>() };
    // Nothing can be done with the connection meanwhile.
    assert_eq!(unsafe { sansocket_buffered_ping(wire.buffered, 0, null(), 0) }, sansocket_result::NOT_INITIALISED);
    assert!(unsafe { sansocket_buffered_due(wire.buffered) }.data.is_null());
    for bytes in [due, payload] {
        assert_eq!(bytes.data.is_null(), bytes.len == 0);
        if bytes.len > 0 {
            wire.bytes.extend_from_slice(unsafe { std::slice::from_raw_parts(bytes.data, bytes.len) });
        }
    }
    wire.bytes.truncate(wire.most);
    wire.bytes.len()
}

/// The same connection twice.
struct Pair<'c> {
    random: Random,
    chance: &'c Chance,
    role: Role,
    rust: Option<Rust<'c>>,
    machine: *mut Machine<'c>,
    ws: Box<sansocket>,
    c: Box<sansocket_buffered>,
    event: Box<sansocket_event>,
    /// Input, output and memory for joining of C's.
    memory: [Vec<u8>; 3],
    in_pieces: bool,
    codecs: *mut Codecs,
    /// What is still to arrive, and whether a message of the peer's is open; then, if it is compressed, what is left of it.
    wire: Vec<u8>,
    is_open: bool,
    deflated: Option<Vec<u8>>,
    now: u64,
    /// How many bytes of our message went before.
    sent: u64,
    _config: Box<sansocket_config>,
}

const OK: sansocket_result = sansocket_result::OK;

fn result<T>(outcome: &Result<T, CallError>) -> sansocket_result {
    outcome.as_ref().map_or_else(|error| (*error).into(), |_| OK)
}

/// An event as numbers and bytes.
fn flat(event: Option<Event<'_>>) -> ([u64; 12], Vec<u8>) {
    let none = ([0; 12], Vec::new());
    let Some(event) = event else { return none };
    let number = |error: ::sansocket::ProtocolError| u64::from(error.number());
    match event {
        Event::Request(request) => ([1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], request.bytes().to_vec()),
        Event::HttpRequest(request) => ([2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], request.bytes().to_vec()),
        Event::Opened(response) => ([3, 0, 0, 0, 0, response.status().into(), 0, 0, 0, 0, 0, 0], response.bytes().to_vec()),
        Event::Refused { response, error, .. } => {
            ([4, number(error), 0, 0, 0, response.status().into(), 0, 0, 0, 0, 0, 0], response.bytes().to_vec())
        }
        Event::Data(data) => {
            let (first, last) = (data.first().into(), data.last.into());
            ([5, 0, data.kind as u64, 0, 0, 0, first, last, 0, 0, data.offset, 0], data.payload.to_vec())
        }
        Event::Ping { payload, answered, .. } => ([6, 0, 0, 0, 0, 0, 0, 0, 0, answered.into(), 0, 0], payload.to_vec()),
        Event::Pong { payload, answers, .. } => {
            ([7, 0, 0, answers.map_or(0, |answers| answers as u64), 0, 0, 0, 0, 0, 0, 0, 0], payload.to_vec())
        }
        Event::CloseReceived { code, reason, .. } => {
            ([8, 0, 0, 0, code.0.into(), 0, 0, 0, 0, 0, 0, 0], reason.as_bytes().to_vec())
        }
        Event::Failed { error, .. } => ([9, number(error), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], Vec::new()),
        Event::Closed { code, was_clean, cause, .. } => {
            ([10, 0, 0, 0, code.0.into(), 0, 0, 0, was_clean.into(), 0, 0, cause.number().into()], Vec::new())
        }
        other => panic!("{other:?}"),
    }
}

fn flat_c(event: &sansocket_event) -> ([u64; 12], Vec<u8>) {
    let bytes = if event.len == 0 { &[][..] } else { unsafe { std::slice::from_raw_parts(event.data, event.len) } };
    let [kind, error, answers] = [event.kind.0, event.error.0, event.answers.0].map(u64::from);
    let flags = [event.first, event.last, event.was_clean, event.answered].map(u64::from);
    let numbers = [u64::from(event.r#type.0), error, kind, answers, event.close_code.into(), event.status.into()];
    let mut all = [0; 12];
    all[..6].copy_from_slice(&numbers);
    all[6..10].copy_from_slice(&flags);
    (all[10], all[11]) = (event.offset, event.cause.0.into());
    (all, bytes.to_vec())
}

fn slice<'a>(bytes: sansocket_bytes) -> &'a [u8] {
    if bytes.data.is_null() { &[] } else { unsafe { std::slice::from_raw_parts(bytes.data, bytes.len) } }
}

const EXTENSION: &str = "Sec-WebSocket-Extensions: permessage-deflate";
const REQUEST: &str = "GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

/// What a connection that is open from the beginning agreed on, for Rust and for C.
fn agreement(random: &mut Random) -> (Negotiated, Box<sansocket_negotiated>) {
    let mut c: Box<sansocket_negotiated> = zeroed();
    if random.below(4) == 0 {
        return (Negotiated::NOTHING, c);
    }
    let mut direction =
        || DeflateDirection { no_context_takeover: random.below(2) == 0, max_window_bits: random.pick(&[9, WINDOW_BITS, 15]) };
    let params = DeflateParams { server: direction(), client: direction() };
    c.has_deflate = 1;
    c.server_no_context_takeover = params.server.no_context_takeover.into();
    c.client_no_context_takeover = params.client.no_context_takeover.into();
    c.server_max_window_bits = params.server.max_window_bits;
    c.client_max_window_bits = params.client.max_window_bits;
    (Negotiated::NOTHING.with_deflate(params), c)
}

impl<'c> Pair<'c> {
    fn begin(mut random: Random, chance: &'c Chance) -> Self {
        let (mut ws, mut c_config): (Box<sansocket>, Box<sansocket_config>) = (zeroed(), zeroed());
        let mut setup: Box<sansocket_setup> = zeroed();
        (setup.size, setup.abi_version) = (size_of::<sansocket_setup>(), SANSOCKET_ABI_VERSION);
        let options = [(sansocket_option::WRITE_TIMEOUT_MS, 3_000), (sansocket_option::KEEPALIVE_INTERVAL_MS, 2_000)];
        unsafe {
            assert_eq!(sansocket_config_init(&mut *c_config, &*setup), OK);
            for (option, value) in options.into_iter().chain([(sansocket_option::MAX_MESSAGE_LEN, 900)]) {
                assert_eq!(sansocket_config_set(&mut *c_config, option, value), OK);
            }
            let mut deflate: Box<sansocket_deflate_config> = zeroed();
            deflate.send_window_bits = WINDOW_BITS;
            assert_eq!(sansocket_config_set_deflate(&mut *c_config, &*deflate), OK);
        }
        setup.config = &*c_config;
        setup.entropy = Some(entropy);
        setup.entropy_context = std::ptr::from_ref(chance).cast_mut().cast();
        let role = random.pick(&[Role::Client, Role::Server]);
        let is_open = random.below(3) > 0;
        setup.role = sansocket_role(1 + role as u32);
        let now = Instant::from_millis(0);
        let (negotiated, c_negotiated) = agreement(&mut random);
        setup.negotiated = &*c_negotiated;
        let rust = match role {
            _ if is_open => Connection::open(role, &CONFIG, chance, negotiated, now),
            Role::Client => Connection::client(&CONFIG, chance, now),
            _ => Connection::server_with(&CONFIG, chance, now),
        };
        let init = match role {
            _ if is_open => sansocket_init_open,
            Role::Client => sansocket_init_client,
            _ => sansocket_init_server,
        };
        assert_eq!(unsafe { init(&mut *ws, &*setup) }, OK);
        let sizes = [random.pick(&[131, 200, 600]), random.pick(&[262, 300, 1000]), random.pick(&[0, 0, 50, 800])];
        let in_pieces = random.below(3) == 0;
        let codecs = Codecs::new(&mut random);
        let request = if random.below(4) > 0 {
            REQUEST.replace("\r\n\r\n", &format!("\r\n{EXTENSION}\r\n\r\n"))
        } else {
            REQUEST.to_owned()
        };
        let mut pair = Self {
            random,
            chance,
            role,
            rust: None,
            machine: Box::into_raw(Box::new(rust)),
            ws,
            c: zeroed(),
            event: zeroed(),
            memory: sizes.map(|size| vec![0; size]),
            in_pieces,
            codecs,
            wire: if role == Role::Server && !is_open { request.into_bytes() } else { Vec::new() },
            is_open: false,
            deflated: None,
            now: 0,
            sent: 0,
            _config: c_config,
        };
        pair.attach();
        pair
    }

    /// Gives both buffers with other contents.
    fn attach(&mut self) {
        let mut buffers: Box<sansocket_buffers> = zeroed();
        for memory in &mut self.memory {
            *memory = vec![0xA5; memory.len()];
        }
        let [input, output, joining] = [0, 1, 2].map(|at: usize| vec![0x5A; self.memory[at].len()]);
        let rust = Buffered::attach(Place(self.machine), input, output).deflate(Twin(self.codecs), joining);
        self.rust = Some(if self.in_pieces { rust.in_pieces() } else { rust.whole() });
        let [input, output, joining] = &mut self.memory;
        (buffers.input, buffers.input_size) = (input.as_mut_ptr(), input.len());
        (buffers.output, buffers.output_size) = (output.as_mut_ptr(), output.len());
        (buffers.joining, buffers.joining_size) = (joining.as_mut_ptr(), joining.len());
        buffers.in_pieces = self.in_pieces.into();
        assert_eq!(unsafe { sansocket_buffered_attach(&mut *self.c, &mut *self.ws, &*buffers) }, OK);
        self.set_codecs();
    }

    /// As the codecs of Rust's say.
    fn set_codecs(&mut self) {
        let c: *mut sansocket_buffered = &mut *self.c;
        let (codecs, none) = (unsafe { &mut *self.codecs }, std::ptr::null_mut());
        let inflater = if codecs.inflates { &mut codecs.c.0 } else { none };
        let compressor = if codecs.compresses.is_some() { &mut codecs.c.1 } else { std::ptr::null_mut() };
        unsafe {
            let result = sansocket_buffered_set_inflater(c, inflater);
            let is_refused = codecs.inflates && self.memory[2].is_empty();
            assert_eq!(result, if is_refused { CallError::from(UsageError::BufferTooShort).into() } else { OK });
            assert_eq!(sansocket_buffered_set_compressor(c, compressor, codecs.compresses.unwrap_or(0)), OK);
        }
        // Without memory for what is inflated, Rust is told later.
        codecs.inflates &= !self.memory[2].is_empty();
    }

    fn rust(&mut self) -> &mut Rust<'c> {
        self.rust.as_mut().unwrap()
    }

    /// A frame of the peer's, mostly a right one.
    fn frame(&mut self) {
        let payload = self.random.payload();
        let fin = self.random.below(2) == 0;
        let (opcode, fin, payload) = match self.random.below(12) {
            0 => (Opcode::Ping, true, &payload[..payload.len().min(125)]),
            1 => (Opcode::Pong, true, &payload[..payload.len().min(125)]),
            2 if self.random.below(8) == 0 => (Opcode::Close, true, &b"\x03\xE8bye"[..]),
            3 if self.random.below(8) == 0 => (Opcode::Ping, false, &payload[..]),
            _ if self.is_open => (Opcode::Continuation, fin, &payload[..]),
            _ => (self.random.pick(&[Opcode::Text, Opcode::Binary]), fin, &payload[..]),
        };
        let (mut fin, mut payload, mut rsv) = (fin, payload.to_vec(), 0);
        if !opcode.is_control() {
            if !self.is_open {
                let is_deflated = self.agreed() && self.random.below(3) > 0;
                self.deflated = if is_deflated { Some(self.deflate()) } else { None };
                rsv = if is_deflated { 4 } else { 0 };
            }
            if let Some(rest) = &mut self.deflated {
                payload = rest.drain(..payload.len().min(rest.len())).collect();
                fin = rest.is_empty();
            }
            self.is_open = !fin;
        }
        let masking_key = (self.role == Role::Server).then_some([1, 2, 3, 4]);
        let header = FrameHeader { fin, rsv, opcode, masking_key, payload_len: payload.len() as u64 };
        let mut bytes = [0; FrameHeader::MAX_LEN];
        let len = header.encode(&mut bytes).unwrap();
        masking_key.inspect(|key| apply_mask(*key, &mut payload));
        self.wire.extend_from_slice(&bytes[..len]);
        self.wire.extend_from_slice(&payload);
    }

    /// Whether compression was agreed on.
    fn agreed(&self) -> bool {
        self.rust.as_ref().unwrap().connection().negotiated().deflate().is_some()
    }

    /// A message of the peer's, compressed by itself; sometimes a wrong one.
    fn deflate(&mut self) -> Vec<u8> {
        let mut message = vec![b'a'; self.random.below(300)];
        message.extend(self.random.payload());
        let mut memory = [0; Compressor::memory_len(8, Level::Fast).unwrap()];
        let mut out = vec![0; 2_000];
        let mut compressor = Compressor::new(8, Level::Fast, &mut memory).unwrap();
        let compressed = compressor.compress(&message, &mut out, true);
        assert!(compressed.done);
        out.truncate(compressed.produced);
        if self.random.below(20) == 0 {
            out[0] = 0xFF;
        }
        out
    }

    /// Gives codecs, or takes them away.
    fn change_codecs(&mut self) -> (sansocket_result, sansocket_result) {
        let codecs = unsafe { &mut *self.codecs };
        codecs.inflates = self.random.below(4) > 0;
        codecs.compresses = self.random.pick(&[None, Some(0), Some(50)]);
        self.set_codecs();
        (OK, OK)
    }

    /// A message that was compressed for many.
    fn send_compressed(&mut self, kind: MessageKind, payload: &[u8]) -> (sansocket_result, sansocket_result) {
        let mut memory = [0; Compressor::memory_len(9, Level::Fast).unwrap()];
        let (mut out, now) = (vec![0; 1_000], Instant::from_millis(self.now));
        let mut compressor = Compressor::new(9, Level::Fast, &mut memory).unwrap();
        let Ok(message) = CompressedMessage::encode(&mut compressor, 9, kind, payload, &mut out) else { return (OK, OK) };
        let (data, len) = (message.frame().as_ptr(), message.frame().len());
        let given = unsafe { sansocket_buffered_send_compressed(&mut *self.c, self.now, data, len, 9) };
        (given, result(&self.rust().commands(now).send_compressed(&message)))
    }

    fn step(&mut self, counts: &mut [u32; CALLS]) {
        let call = self.random.below(CALLS + 12);
        let now = Instant::from_millis(self.now);
        let (c, at): (*mut sansocket_buffered, _) = (&mut *self.c, self.now);
        let kind = self.random.pick(&[MessageKind::Text, MessageKind::Binary]);
        let c_kind = sansocket_kind(kind as u32);
        let payload = self.random.payload();
        let (data, len) = (payload.as_ptr(), payload.len());
        let (given, wanted) = match call {
            0 => unsafe {
                (
                    sansocket_buffered_send(c, at, c_kind, data.cast(), len),
                    result(&self.rust().commands(now).send(kind, &payload)),
                )
            },
            1 => self.send_part(kind, &payload, false),
            2 => unsafe { (sansocket_buffered_ping(c, at, data.cast(), len), result(&self.rust().commands(now).ping(&payload))) },
            3 => unsafe { (sansocket_buffered_pong(c, at, data.cast(), len), result(&self.rust().commands(now).pong(&payload))) },
            4 if self.random.below(4) == 0 => {
                let given = unsafe { sansocket_buffered_close(c, at, 1001, c"why".as_ptr(), 3) };
                (given, result(&self.rust().commands(now).close(CloseCode::GOING_AWAY, "why")))
            }
            5 if self.random.below(8) == 0 => {
                let given = unsafe { sansocket_buffered_fail(c, at, 1011) };
                (given, result(&self.rust().commands(now).fail(CloseCode::INTERNAL_ERROR)))
            }
            6 => {
                let mut encoded = vec![0; len + 14];
                let Ok(len) = encode_message(kind, &payload, &mut encoded) else { return };
                let given = unsafe { sansocket_buffered_send_encoded(c, at, encoded.as_ptr(), len) };
                (given, result(&self.rust().commands(now).send_encoded(&encoded[..len])))
            }
            7 => self.request(),
            8 if self.random.below(8) == 0 => {
                self.rust().eof();
                (unsafe { sansocket_buffered_eof(c) }, OK)
            }
            9 if self.random.below(8) == 0 => {
                self.rust().write_failed();
                (unsafe { sansocket_buffered_write_failed(c) }, OK)
            }
            10 if self.random.below(3) == 0 => {
                self.rust().pause(now);
                (unsafe { sansocket_buffered_pause(c, at) }, OK)
            }
            10 | 11 => {
                self.rust().resume(now);
                (unsafe { sansocket_buffered_resume(c, at) }, OK)
            }
            12 if self.random.below(8) == 0 => {
                let n = self.random.below(self.rust.as_ref().unwrap().unread().len() + 1);
                self.rust().discard(n);
                (unsafe { sansocket_buffered_discard(c, n) }, OK)
            }
            13 => self.turn(),
            14 => {
                let rust = flat(self.rust.as_mut().unwrap().current(now).map(|(event, _)| event));
                let given = unsafe { sansocket_buffered_current(c, &mut *self.event) };
                assert_eq!(flat_c(&self.event), rust);
                (given, OK)
            }
            15 => {
                let broken = self.random.below(8) == 0;
                self.chance.is_broken.set(broken);
                self.now += self.random.pick(&[0, 1, 10, 500, 3_000]) as u64;
                (OK, OK)
            }
            18 => self.change_codecs(),
            19 => {
                let given = unsafe { sansocket_buffered_send_plain(c, at, c_kind, data.cast(), len) };
                (given, result(&self.rust().commands(now).plain().send(kind, &payload)))
            }
            20 => self.send_part(kind, &payload, true),
            21 => self.send_compressed(kind, &payload),
            22 => self.send_part_by(kind, &payload),
            16 | 23..=25 => {
                let n = self.random.below(self.rust.as_ref().unwrap().due().len() + 1);
                self.rust().written(n, now);
                (unsafe { sansocket_buffered_written(c, n, at) }, OK)
            }
            17 | 26..=29 => self.fill(),
            30.. => self.next(),
            _ => return,
        };
        assert_eq!(given, wanted, "call {call}");
        if call < CALLS && given == OK {
            counts[call] += 1;
        }
    }

    fn send_part(&mut self, kind: MessageKind, payload: &[u8], is_plain: bool) -> (sansocket_result, sansocket_result) {
        let (mut taken, now) = (usize::MAX, Instant::from_millis(self.now));
        let offset = if self.random.below(8) == 0 { 1 - self.sent.min(1) } else { self.sent };
        let fin = self.random.below(3) == 0;
        let given = unsafe {
            let (data, kind) = (payload.as_ptr().cast(), sansocket_kind(kind as u32));
            let send = if is_plain { sansocket_buffered_send_part_plain } else { sansocket_buffered_send_part };
            send(&mut *self.c, self.now, kind, offset, data, payload.len(), fin.into(), &mut taken)
        };
        let mut commands = self.rust().commands(now);
        let outcome = match is_plain {
            true => commands.plain().send_part(kind, offset, payload, fin),
            false => commands.send_part(kind, offset, payload, fin),
        };
        assert_eq!(taken, outcome.unwrap_or(usize::MAX));
        if let Ok(taken) = outcome {
            self.sent = if fin && taken == payload.len() { 0 } else { offset + taken as u64 };
        }
        (given, result(&outcome))
    }

    /// The transport takes some of it at once.
    fn send_part_by(&mut self, kind: MessageKind, payload: &[u8]) -> (sansocket_result, sansocket_result) {
        let (mut taken, now, offset) = (usize::MAX, Instant::from_millis(self.now), self.sent);
        let (fin, most) = (self.random.below(3) == 0, self.random.pick(&[0, 1, 3, 50, 200, 2_000]));
        let mut wire = Wire { buffered: &mut *self.c, most, bytes: Vec::new() };
        let given = unsafe {
            let (data, kind) = (payload.as_ptr().cast(), sansocket_kind(kind as u32));
            let (write, context) = (Some(write as _), (&raw mut wire).cast());
            sansocket_buffered_send_part_by(
                wire.buffered,
                self.now,
                kind,
                offset,
                data,
                payload.len(),
                fin.into(),
                write,
                context,
                &mut taken,
            )
        };
        let has_compressor = unsafe { (*self.codecs).compresses.is_some() };
        let (mut commands, mut bytes) = (self.rust().commands(now), Vec::new());
        let outcome = if has_compressor {
            commands.send_part(kind, offset, payload, fin)
        } else {
            commands.send_part_by(kind, offset, payload, fin, |due, payload| {
                bytes = [due, payload].concat();
                bytes.truncate(most);
                bytes.len()
            })
        };
        assert_eq!(wire.bytes, bytes);
        assert_eq!(taken, outcome.unwrap_or(usize::MAX));
        if let Ok(taken) = outcome {
            self.sent = if fin && taken == payload.len() { 0 } else { offset + taken as u64 };
        }
        (given, result(&outcome))
    }

    /// A client's opening handshake, and the answer to it.
    fn request(&mut self) -> (sansocket_result, sansocket_result) {
        let now = Instant::from_millis(self.now);
        let mut request: Box<sansocket_client_request> = zeroed();
        request.host = sansocket_text { data: c"h".as_ptr(), len: 1 };
        request.target = sansocket_text { data: c"/".as_ptr(), len: 1 };
        let given = unsafe { sansocket_buffered_request(&mut *self.c, self.now, &*request) };
        let outcome = self.rust().commands(now).request(&ClientRequest::new("h", "/"));
        if outcome.is_ok() {
            let due = String::from_utf8_lossy(self.rust.as_ref().unwrap().due()).into_owned();
            let key = due.split("Sec-WebSocket-Key: ").nth(1).map_or("", |rest| &rest[..24]);
            let accept = String::from_utf8(accept_key(key.as_bytes()).to_vec()).unwrap();
            let status = self.random.pick(&["101 S", "101 S", "404 N"]);
            let extension = self.random.pick(&[EXTENSION, EXTENSION, "X: y"]);
            self.wire = format!(
                "HTTP/1.1 {status}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n{extension}\r\n\r\n"
            )
            .into_bytes();
        }
        (given, result(&outcome))
    }

    /// Ends a turn and begins the next, with C's block moved and its buffers changed.
    fn turn(&mut self) -> (sansocket_result, sansocket_result) {
        let c: *mut sansocket_buffered = &mut *self.c;
        let rust = self.rust.as_mut().unwrap();
        let remainder = rust.detach(|len| vec![0; len]).unwrap();
        let size = unsafe { sansocket_buffered_remaining(c) };
        assert_eq!(size == 0, remainder.is_none());
        let mut block = vec![0_u8; size + 1];
        assert_eq!(unsafe { sansocket_buffered_detach(c, block.as_mut_ptr(), size) }, OK);
        self.attach();
        if let Some(remainder) = remainder {
            self.rust().restore(&remainder).unwrap();
        }
        // Elsewhere, and not aligned.
        unsafe {
            std::ptr::copy(block.as_ptr(), block.as_mut_ptr().add(1), size);
            (sansocket_buffered_restore(&mut *self.c, block.as_ptr().add(1), size), OK)
        }
    }

    /// The transport brings something, or nothing.
    fn fill(&mut self) -> (sansocket_result, sansocket_result) {
        while self.wire.len() < 300 && self.random.below(3) > 0 {
            self.frame();
        }
        let now = Instant::from_millis(self.now);
        let space = unsafe { sansocket_buffered_space(&mut *self.c) };
        let mut n = self.random.pick(&[0, 1, 7, 60, 600]).min(self.wire.len()).min(space.len);
        let twin = self.rust.as_mut().unwrap().space();
        assert_eq!(space.len, twin.as_ref().map_or(0, |space| space.len()));
        assert_eq!(space.data.is_null(), twin.is_none());
        if let Some(twin) = twin {
            twin[..n].copy_from_slice(&self.wire[..n]);
            unsafe { std::ptr::copy_nonoverlapping(self.wire.as_ptr(), space.data, n) };
        } else {
            n = 0;
        }
        self.wire.drain(..n);
        self.rust().filled(n, now);
        (unsafe { sansocket_buffered_filled(&mut *self.c, n, self.now) }, OK)
    }

    fn next(&mut self) -> (sansocket_result, sansocket_result) {
        let (now, c): (_, *mut sansocket_buffered) = (Instant::from_millis(self.now), &mut *self.c);
        let given = unsafe { sansocket_buffered_next(c, self.now, &mut *self.event) };
        let how = self.random.below(4);
        let outcome = self.rust.as_mut().unwrap().next(now);
        let outcome = outcome.map(|found| {
            found.map(|(event, mut commands)| {
                let asked = matches!(event, Event::Request(_) | Event::HttpRequest(_));
                let flat = flat(Some(event));
                assert_eq!(flat_c(&self.event), flat);
                if asked {
                    // SAFETY: the head of the event, which lies in C's input.
                    let (head, len) = (self.event.data, self.event.len);
                    let request = Request::parse(&flat.1, &CONFIG).unwrap();
                    let mut acceptance: Box<sansocket_acceptance> = zeroed();
                    acceptance.origin = sansocket_origin::SAME_HOST;
                    let accept = Accept::new(Origin::SameHost { secure: false });
                    let (given, outcome) = unsafe {
                        match request {
                            Some(request) if how == 0 => (
                                sansocket_buffered_accept(c, self.now, head, len, &*acceptance),
                                commands.accept(&request, &accept),
                            ),
                            Some(request) if how > 1 => (
                                sansocket_buffered_accept_or_refuse(c, self.now, head, len, &*acceptance),
                                commands.accept_or_refuse(&request, &accept),
                            ),
                            _ => (
                                sansocket_buffered_respond(c, self.now, 404, null(), 0, c"no".as_ptr().cast(), 2),
                                commands.respond(404, &[], b"no"),
                            ),
                        }
                    };
                    assert_eq!(given, result(&outcome));
                }
            })
        });
        if !matches!(outcome, Ok(Some(()))) {
            assert_eq!(flat_c(&self.event), flat(None));
        }
        (given, result(&outcome))
    }

    /// All that can be asked without a change.
    fn check(&mut self) {
        let (c, now): (*mut sansocket_buffered, _) = (&mut *self.c, Instant::from_millis(self.now));
        let rust = self.rust.as_mut().unwrap();
        unsafe {
            assert_eq!(slice(sansocket_buffered_due(c)), rust.due());
            assert_eq!(slice(sansocket_buffered_unread(c)), rust.unread());
            assert_eq!(sansocket_buffered_get_room(c), rust.room());
            assert_eq!(sansocket_buffered_wants_reading(c), u8::from(rust.wants_reading()));
            assert_eq!(sansocket_buffered_get_transport(c).0, rust.transport() as u32);
            let next = rust.next_timeout().map_or(SANSOCKET_NEVER, Instant::as_millis);
            assert_eq!(sansocket_buffered_get_next_timeout(c), next);
            // Nothing would end a wait once the transport is to be closed.
            let never = if rust.transport() == Transport::Close { 0 } else { -1 };
            let ms = rust.millis_until_timeout(now).map_or(never, |ms| i32::try_from(ms).unwrap());
            assert_eq!(sansocket_buffered_poll_timeout(c, self.now), ms);
            assert_eq!(sansocket_buffered_remaining(c) == 0, rust.is_idle());
            assert_eq!(sansocket_get_state(&*self.ws).0, rust.connection().state() as u32);
            assert_eq!(sansocket_get_was_clean(&*self.ws), u8::from(rust.connection().was_clean()));
        }
    }
}

impl Drop for Pair<'_> {
    fn drop(&mut self) {
        self.rust = None;
        unsafe {
            drop(Box::from_raw(self.machine));
            drop(Box::from_raw(self.codecs));
        }
    }
}
