//! For the tests of the C layer: a server that sends what it is told, and what C passes.
#![allow(dead_code, reason = "each test file needs some of it")]
#![allow(clippy::undocumented_unsafe_blocks, reason = "each calls C functions with memory that the lines around it made")]

use std::ffi::{CStr, c_char, c_void};

use ::sansocket::ffi::{SANSOCKET_ABI_VERSION, sansocket_result, sansocket_text};
use ::sansocket::{
    Accept, Buffered, Config, Connection, Entropy, EntropyError, Event as Ws, Instant, MessageKind, NoEntropy, Origin,
};
use ::sansocket_session::ffi::*;
use ::sansocket_socketio::ffi::*;

pub(crate) static CONFIG: Config = Config::new().keepalive_interval_ms(0);
pub(crate) const OPEN: &str = r#"0{"sid":"engine","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":100000}"#;

/// A generator that always gives the same numbers.
pub(crate) struct Lcg(pub(crate) u64);

impl Entropy for Lcg {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        for byte in bytes {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            *byte = (self.0 >> 56) as u8;
        }
        Ok(())
    }
}

pub(crate) unsafe extern "C" fn entropy(context: *mut c_void, bytes: *mut u8, len: usize) -> i32 {
    let (random, bytes) = unsafe { (&mut *context.cast::<Lcg>(), std::slice::from_raw_parts_mut(bytes, len)) };
    i32::from(random.fill(bytes).is_err())
}

/// A WebSocket server: binary messages are `b` and their bytes in hexadecimal, both ways.
pub(crate) struct Server {
    ws: Buffered<'static, NoEntropy, Vec<u8>, Vec<u8>>,
    pub(crate) to_send: Vec<String>,
    pub(crate) got: Vec<String>,
    /// It has sent something.
    pub(crate) has_begun: bool,
}

impl Server {
    pub(crate) fn new(now: Instant) -> Self {
        let ws = Buffered::new(Connection::server(&CONFIG, now), vec![0; 65_536], vec![0; 65_536]);
        Self { ws, to_send: Vec::new(), got: Vec::new(), has_begun: false }
    }

    /// Takes bytes, gives bytes.
    pub(crate) fn take(&mut self, mut bytes: &[u8], now: Instant) -> Vec<u8> {
        loop {
            while let Some((event, mut ws)) = self.ws.next(now).expect("server") {
                match event {
                    Ws::Request(request) => ws.accept(&request, &Accept::new(Origin::Any)).expect("accept"),
                    Ws::Data(data) if data.kind == MessageKind::Text => {
                        self.got.push(String::from_utf8(data.payload.to_vec()).expect("UTF-8"));
                    }
                    Ws::Data(data) => {
                        self.got.push(data.payload.iter().fold("b".to_owned(), |text, byte| format!("{text}{byte:02x}")));
                    }
                    _ => {}
                }
            }
            if bytes.is_empty() {
                break;
            }
            let Some(space) = self.ws.space() else { break };
            let n = space.len().min(bytes.len());
            space[..n].copy_from_slice(&bytes[..n]);
            self.ws.filled(n, now);
            bytes = &bytes[n..];
        }
        if self.ws.connection().state() == sansocket::State::Open {
            for text in self.to_send.drain(..) {
                let hex = text.strip_prefix('b').map(|hex| (0..hex.len() / 2).map(|at| &hex[2 * at..2 * at + 2]));
                let mut ws = self.ws.commands(now);
                match hex {
                    Some(hex) => {
                        let bytes: Vec<_> = hex.map(|byte| u8::from_str_radix(byte, 16).expect("hex")).collect();
                        ws.send(MessageKind::Binary, &bytes).expect("room");
                    }
                    None => ws.send_text(&text).expect("room"),
                }
            }
        }
        let out = self.ws.due().to_vec();
        self.ws.written(out.len(), now);
        out
    }
}

pub(crate) fn zeroed<T>() -> Box<T> {
    unsafe { Box::new(std::mem::zeroed()) }
}

pub(crate) fn text(text: &str) -> sansocket_text {
    sansocket_text { data: text.as_ptr().cast(), len: text.len() }
}

pub(crate) fn bytes<'a>(data: *const u8, len: usize) -> &'a [u8] {
    if len == 0 { &[] } else { unsafe { std::slice::from_raw_parts(data, len) } }
}

pub(crate) fn str_at<'a>(text: sansocket_text) -> &'a str {
    std::str::from_utf8(bytes(text.data.cast(), text.len)).expect("UTF-8")
}

pub(crate) fn c_text<'a>(text: *const c_char) -> &'a str {
    unsafe { CStr::from_ptr(text) }.to_str().expect("UTF-8")
}

pub(crate) fn setup() -> sansocket_socketio_setup {
    let mut setup = *zeroed::<sansocket_socketio_setup>();
    (setup.size, setup.abi_version) = (size_of::<sansocket_socketio_setup>(), SANSOCKET_ABI_VERSION);
    setup
}

pub(crate) fn argument(r#type: sansocket_argument_type, json: &str) -> sansocket_argument {
    sansocket_argument { r#type, reserved: 0, integer: 0, text: text(json) }
}

/// What a client in C lends: to its session input, output and memory; to itself slots and memory.
pub(crate) struct Lent {
    pub(crate) session: [Vec<u8>; 3],
    pub(crate) namespaces: Vec<sansocket_namespace_slot>,
    pub(crate) acks: Vec<sansocket_ack_slot>,
    pub(crate) memory: Vec<u8>,
    pub(crate) chance: Box<Lcg>,
}

impl Lent {
    /// Its bytes are those of memory that nobody has written to, as far as there is such in a test.
    pub(crate) fn new(buffers: [usize; 3], namespaces: usize, acks: usize, memory: usize, seed: u64) -> Self {
        Self {
            session: buffers.map(|size| vec![0xAA; size]),
            namespaces: (0..namespaces).map(|_| *zeroed()).collect(),
            acks: (0..acks).map(|_| *zeroed()).collect(),
            memory: vec![0xAA; memory],
            chance: Box::new(Lcg(seed)),
        }
    }

    pub(crate) fn session_setup(&mut self, url: &str) -> sansocket_session_setup {
        let mut setup = *zeroed::<sansocket_session_setup>();
        (setup.size, setup.abi_version) = (size_of::<sansocket_session_setup>(), SANSOCKET_ABI_VERSION);
        (setup.entropy, setup.entropy_context) = (Some(entropy as _), (&raw mut *self.chance).cast());
        setup.url = text(url);
        let [input, output, memory] = &mut self.session;
        (setup.buffers.input, setup.buffers.input_size) = (input.as_mut_ptr(), input.len());
        (setup.buffers.output, setup.buffers.output_size) = (output.as_mut_ptr(), output.len());
        (setup.memory, setup.memory_size) = (memory.as_mut_ptr(), memory.len());
        setup
    }

    pub(crate) fn setup(&mut self) -> sansocket_socketio_setup {
        let mut setup = setup();
        (setup.namespaces, setup.namespace_count) = (self.namespaces.as_mut_ptr(), self.namespaces.len());
        (setup.acks, setup.ack_count) = (self.acks.as_mut_ptr(), self.acks.len());
        (setup.memory, setup.memory_size) = (self.memory.as_mut_ptr(), self.memory.len());
        setup
    }
}

/// A client and its session in C, and their server.
pub(crate) struct C {
    pub(crate) session: Box<sansocket_session>,
    pub(crate) io: Box<sansocket_socketio>,
    pub(crate) lent: Lent,
    pub(crate) server: Option<Server>,
    pub(crate) now: u64,
}

impl C {
    /// With two namespaces and two answers at most.
    pub(crate) fn new() -> Self {
        let mut c =
            Self { session: zeroed(), io: zeroed(), lent: Lent::new([2048; 3], 2, 2, 2 * 128 + 600, 1), server: None, now: 0 };
        let (session, io) = (c.lent.session_setup("ws://a/socket.io/?EIO=4&transport=websocket"), c.lent.setup());
        unsafe {
            assert_eq!(sansocket_session_init(&mut *c.session, &session), sansocket_result::OK);
            assert_eq!(sansocket_socketio_init(&mut *c.io, &io), sansocket_result::OK);
        }
        c
    }

    pub(crate) fn connect(&mut self, name: &str) -> u32 {
        let (mut id, name) = (0, text(name));
        let done =
            unsafe { sansocket_socketio_connect(&mut *self.io, &mut *self.session, self.now, name.data, name.len, &mut id) };
        assert_eq!(done, sansocket_result::OK);
        id
    }

    pub(crate) fn next(&mut self) -> sansocket_socketio_event {
        let mut event = *zeroed();
        let done = unsafe { sansocket_socketio_next(&mut *self.io, &mut *self.session, self.now, &mut event) };
        assert_eq!(done, sansocket_result::OK);
        event
    }

    pub(crate) fn expect(&mut self, kind: sansocket_socketio_event_type) -> sansocket_socketio_event {
        let event = self.next();
        assert_eq!(event.r#type, kind, "{}", c_text(sansocket_socketio_event_text(event.r#type)));
        event
    }

    /// Hands bytes over, both ways, once.
    pub(crate) fn exchange(&mut self) {
        let Some(server) = &mut self.server else { return };
        unsafe {
            let epoch = sansocket_session_get_epoch(&*self.session);
            let due = sansocket_session_due(&*self.session);
            let answer = server.take(bytes(due.data, due.len), Instant::from_millis(self.now));
            sansocket_session_written(&mut *self.session, epoch, due.len, self.now);
            let space = sansocket_session_space(&mut *self.session);
            assert!(answer.len() <= space.len || answer.is_empty());
            space.data.copy_from(answer.as_ptr(), answer.len());
            sansocket_session_filled(&mut *self.session, epoch, answer.len(), self.now);
        }
    }

    /// Has the server send, and hands that over.
    pub(crate) fn serve(&mut self, messages: &[&str]) {
        self.server.as_mut().expect("a server").to_send.extend(messages.iter().map(|message| (*message).to_owned()));
        self.exchange();
    }

    /// What the server has got since.
    pub(crate) fn got(&mut self) -> Vec<String> {
        self.exchange();
        std::mem::take(&mut self.server.as_mut().expect("a server").got)
    }

    /// From the start, or from the end of a wait, to Engine.IO's handshake.
    pub(crate) fn up(&mut self) {
        use sansocket_socketio_event_type as E;
        unsafe {
            sansocket_session_start(&mut *self.session, self.now);
            let mut dial = *zeroed();
            assert_eq!(sansocket_session_dial(&*self.session, &mut dial), sansocket_result::OK);
            sansocket_session_connected(&mut *self.session, dial.epoch, self.now);
        }
        self.server = Some(Server::new(Instant::from_millis(self.now)));
        assert_eq!(self.expect(E::SESSION).session.r#type, sansocket_session_event_type::CONNECTED);
        self.expect(E::NONE);
        self.exchange();
        assert_eq!(self.expect(E::SESSION).session.status, 101);
        self.expect(E::NONE);
        self.serve(&[OPEN]);
    }

    pub(crate) fn emit(&mut self, emit: &sansocket_emit) -> (sansocket_result, sansocket_sent) {
        let mut sent = *zeroed();
        let done = unsafe { sansocket_socketio_emit(&mut *self.io, &mut *self.session, self.now, emit, &mut sent) };
        (done, sent)
    }
}
