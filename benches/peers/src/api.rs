//! The interface every peer implements: a `Peer`, which opens connections, and a `Conn`.
use bytes::Bytes;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    Server,
    Client,
}

/// The application. Every peer must hand each message's payload to it.
pub struct Sink {
    pub msgs: u64,
    pub bytes: u64,
    pub touch: u64,
    pub verify: bool,
    pub hash: u64,
}
impl Sink {
    pub fn new(verify: bool) -> Self {
        Sink { msgs: 0, bytes: 0, touch: 0, verify, hash: 0xcbf29ce484222325 }
    }
    /// A whole message, contiguous.
    #[inline]
    pub fn message(&mut self, p: &[u8]) {
        self.part(p);
        self.end();
    }
    /// A piece of a message (streaming APIs).
    #[inline]
    pub fn part(&mut self, p: &[u8]) {
        self.bytes += p.len() as u64;
        if let (Some(a), Some(b)) = (p.first(), p.last()) {
            self.touch = self.touch.wrapping_add(*a as u64 + ((*b as u64) << 8));
        }
        if self.verify {
            for b in p {
                self.hash = (self.hash ^ *b as u64).wrapping_mul(0x100000001b3);
            }
        }
    }
    #[inline]
    pub fn end(&mut self) {
        self.msgs += 1;
    }
    /// Whether two verifying sinks were given the same bytes.
    pub fn same(&self, other: &Sink) -> bool {
        (self.msgs, self.bytes, self.hash) == (other.msgs, other.bytes, other.hash)
    }
}

/// Where encoded bytes go: the stand-in for the kernel's copy in `send`/`writev`.
/// Every encoded byte of every peer is copied here exactly once.
pub struct Out {
    pub buf: Vec<u8>,
    pub pos: usize,
    pub total: u64,
}
impl Out {
    pub fn new() -> Self {
        Out { buf: vec![0; (1 << 20) + (1 << 17)], pos: 0, total: 0 }
    }
    #[inline]
    pub fn write(&mut self, b: &[u8]) {
        if self.pos + b.len() > self.buf.len() {
            self.pos = 0;
        }
        self.buf[self.pos..self.pos + b.len()].copy_from_slice(b);
        self.pos += b.len();
        self.total += b.len() as u64;
    }
    pub fn reset(&mut self) {
        self.pos = 0;
    }
}

/// A payload to send, in the forms that the different APIs prefer.
pub struct Payload {
    pub slice: Vec<u8>,
    pub bytes: Bytes,
    pub text: bool,
}

#[derive(Clone, Copy, Default)]
pub struct Caps {
    pub decode: bool,
    pub encode: bool,
    /// validates UTF-8 of text messages itself
    pub utf8: bool,
    /// delivers a message in pieces as they arrive instead of whole
    pub streaming: bool,
    pub hs_server: bool,
    pub hs_client: bool,
    pub deflate: bool,
    /// cannot run under valgrind (AVX-512 code)
    pub native: bool,
    /// a bound to compare with, not a library
    pub limit: bool,
    pub client_decode: bool,
}
impl Caps {
    /// Only moves or masks bytes, without WebSocket: there is nothing to verify.
    pub fn is_bound(&self) -> bool {
        self.limit && !self.utf8
    }
}
pub const FULL: Caps = Caps {
    decode: true,
    client_decode: true,
    encode: true,
    utf8: true,
    streaming: false,
    hs_server: false,
    hs_client: false,
    deflate: false,
    native: false,
    limit: false,
};

pub struct Open {
    pub role: Role,
    pub deflate: bool,
    /// size of one read from the "socket"
    pub chunk: usize,
}

/// Answers a client's upgrade request (the harness' fake server).
pub type Responder = fn(req: &[u8], out: &mut [u8]) -> usize;

pub trait Peer {
    fn name(&self) -> String;
    fn caps(&self) -> Caps;
    /// An established connection, as after the handshake.
    fn open(&self, o: &Open) -> Box<dyn Conn>;
    /// Parse `req`, produce the 101 into `out`. Returns its length (0 = failed).
    fn server_handshake(&self, _req: &[u8], _out: &mut [u8]) -> usize {
        0
    }
    /// Produce a request, get the answer from `responder`, verify it.
    fn client_handshake(&self, _responder: Responder) -> bool {
        false
    }
}

pub trait Conn {
    /// Feed the whole `wire` in reads of at most `chunk`. `wire` holds whole frames.
    /// The bytes must be copied out of `wire` once (the "kernel's" copy); it may not be modified.
    fn decode(&mut self, wire: &[u8], chunk: usize, sink: &mut Sink);
    /// sizeof of the protocol state itself
    fn state_bytes(&self) -> usize;
    /// Heap bytes held by this harness file in buffers that all connections of a thread could share
    /// (a receive buffer for in-place parsers, an output scratch buffer): subtracted in W7.
    fn shared_bytes(&self) -> usize {
        0
    }
    /// Send `n` messages, then flush: all bytes must be in `out` on return.
    fn encode(&mut self, p: &Payload, n: usize, out: &mut Out);
}
