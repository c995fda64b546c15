//! The floor's loop with an owned `Bytes` per message, to show what that kind of API costs.
use super::floor::check;
use super::simd::xor_best;
use crate::api::*;

pub struct FloorBytes;
struct FloorB {
    buf: bytes::BytesMut,
    avx2: bool,
}
impl Peer for FloorBytes {
    fn name(&self) -> String {
        "floor, but an owned Bytes per message".into()
    }
    fn caps(&self) -> Caps {
        Caps { limit: true, encode: false, ..FULL }
    }
    fn open(&self, _: &Open) -> Box<dyn Conn> {
        Box::new(FloorB { buf: bytes::BytesMut::new(), avx2: is_x86_feature_detected!("avx2") })
    }
}
impl Conn for FloorB {
    fn state_bytes(&self) -> usize {
        std::mem::size_of::<bytes::BytesMut>()
    }
    fn shared_bytes(&self) -> usize {
        self.buf.capacity()
    }
    fn decode(&mut self, wire: &[u8], chunk: usize, sink: &mut Sink) {
        for c in wire.chunks(chunk) {
            self.buf.reserve(chunk);
            self.buf.extend_from_slice(c);
            loop {
                let h = &self.buf[..];
                if h.len() < 2 {
                    break;
                }
                assert!(h[0] & 0xF0 == 0x80);
                let text = h[0] & 15 == 1;
                let masked = h[1] & 0x80 != 0;
                let l7 = (h[1] & 0x7F) as usize;
                let ext = [0, 2, 8][(l7 > 125) as usize + (l7 > 126) as usize];
                let hl = 2 + ext + masked as usize * 4;
                if h.len() < hl {
                    break;
                }
                let len = match ext {
                    0 => l7,
                    2 => u16::from_be_bytes(h[2..4].try_into().unwrap()) as usize,
                    _ => u64::from_be_bytes(h[2..10].try_into().unwrap()) as usize,
                };
                if h.len() < hl + len {
                    break;
                }
                let key = if masked { u32::from_le_bytes(h[hl - 4..hl].try_into().unwrap()) } else { 0 };
                bytes::Buf::advance(&mut self.buf, hl);
                let mut m = self.buf.split_to(len);
                if masked {
                    xor_best(&mut m, key, self.avx2);
                }
                if text {
                    check(&m, true);
                }
                let m = m.freeze();
                sink.message(&m);
            }
        }
    }
    fn encode(&mut self, _: &Payload, _: usize, _: &mut Out) {}
}
