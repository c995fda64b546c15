//! Bounds, not libraries: what the memory and the SIMD units allow, and `floor`, the smallest loop that still does
//! the job.
use crate::api::*;

mod floor;
mod floor_bytes;
mod simd;

pub use floor::FLOOR;
use floor::Floor;
use floor_bytes::FloorBytes;
use simd::xor;
pub use simd::{xor_avx2, xor_avx512, xor_sse2};

/// In table order.
pub fn all() -> Vec<Box<dyn Peer>> {
    let mut v: Vec<Box<dyn Peer>> = vec![Box::new(Memcpy), Box::new(Xor { avx2: false })];
    if is_x86_feature_detected!("avx2") {
        v.push(Box::new(Xor { avx2: true }));
    }
    v.push(Box::new(Floor));
    v.push(Box::new(FloorBytes));
    v
}

const LIMIT: Caps = Caps { utf8: false, limit: true, ..FULL };

struct Memcpy;
struct Xor {
    avx2: bool,
}
struct Lim {
    buf: Vec<u8>,
    xor: Option<bool>,
    client: bool,
}
impl Peer for Memcpy {
    fn name(&self) -> String {
        "limit: memcpy".into()
    }
    fn caps(&self) -> Caps {
        LIMIT
    }
    fn open(&self, o: &Open) -> Box<dyn Conn> {
        Box::new(Lim { buf: Vec::new(), xor: None, client: o.role == Role::Client })
    }
}
impl Peer for Xor {
    fn name(&self) -> String {
        format!("limit: memcpy + XOR {}", if self.avx2 { "AVX2" } else { "SSE2" })
    }
    fn caps(&self) -> Caps {
        LIMIT
    }
    fn open(&self, o: &Open) -> Box<dyn Conn> {
        Box::new(Lim { buf: Vec::new(), xor: Some(self.avx2), client: o.role == Role::Client })
    }
}
impl Conn for Lim {
    fn state_bytes(&self) -> usize {
        0
    }
    fn decode(&mut self, wire: &[u8], chunk: usize, sink: &mut Sink) {
        if self.buf.len() < chunk {
            self.buf.resize(chunk, 0);
        }
        for c in wire.chunks(chunk) {
            let b = &mut self.buf[..c.len()];
            b.copy_from_slice(c);
            if let (Some(a), false) = (self.xor, self.client) {
                xor(b, 0x12345678, a);
            }
            sink.touch = sink.touch.wrapping_add(b[0] as u64);
        }
    }
    fn encode(&mut self, p: &Payload, n: usize, out: &mut Out) {
        for _ in 0..n {
            let at = if out.pos + p.slice.len() > out.buf.len() { 0 } else { out.pos };
            out.write(&p.slice);
            if let (Some(a), true) = (self.xor, self.client) {
                xor(&mut out.buf[at..at + p.slice.len()], 0x12345678, a);
            }
        }
    }
}
