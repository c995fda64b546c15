//! The smallest loop that still does the job: checks the header, unmasks in place, validates text, hands out the
//! payload where it lies. Whole messages only: no fragments, no control frames, no limits, no closing, no errors
//! (it panics).
use super::simd::{xor_ascii_avx2, xor_ascii_small, xor_best, xor_copy_avx2, xor_tail};
use crate::api::*;

pub const FLOOR: &str = "floor: minimal in-place loop";

pub struct Floor;
struct FloorC {
    buf: Vec<u8>,
    enc: Vec<u8>,
    have: usize,
    /// bytes of the frame at the front already unmasked / already validated
    done: usize,
    checked: usize,
    avx2: bool,
    client: bool,
}
impl Peer for Floor {
    fn name(&self) -> String {
        FLOOR.into()
    }
    fn caps(&self) -> Caps {
        Caps { limit: true, ..FULL }
    }
    fn open(&self, o: &Open) -> Box<dyn Conn> {
        Box::new(FloorC {
            buf: Vec::new(),
            enc: Vec::new(),
            have: 0,
            done: 0,
            checked: 0,
            avx2: is_x86_feature_detected!("avx2"),
            client: o.role == Role::Client,
        })
    }
}
/// Validate the whole characters of `p`; returns how many bytes were covered.
pub fn check(p: &[u8], last: bool) -> usize {
    let mut e = p.len();
    if !last {
        let mut k = 0;
        while k < 3 && e > 0 && p[e - 1] & 0xC0 == 0x80 {
            e -= 1;
            k += 1;
        }
        if e > 0 && p[e - 1] >= 0xC0 {
            e -= 1;
        } else if e > 0 {
            e += k.min(p.len() - e);
        }
    }
    assert!(simdutf8::basic::from_utf8(&p[..e]).is_ok());
    e
}
const BLOCK: usize = 4096;
impl FloorC {
    /// Unmask and validate `p[self.done..]` a block at a time, so that every pass after the first
    /// finds its bytes in L1; ASCII blocks are recognised while unmasking.
    fn text(&mut self, p: &mut [u8], key: Option<u32>, whole: bool) {
        while self.done < p.len() {
            let e = (self.done + BLOCK).min(p.len());
            let key = key.unwrap_or(0).rotate_right(8 * (self.done as u32 & 3));
            let b = &mut p[self.done..e];
            let ascii = unsafe {
                if self.avx2 && b.len() >= 32 {
                    xor_ascii_avx2(b.as_mut_ptr(), b.len(), key)
                } else {
                    xor_ascii_small(b.as_mut_ptr(), b.len(), key)
                }
            };
            if ascii && self.checked == self.done {
                self.checked = e;
            } else {
                self.checked += check(&p[self.checked..e], whole && e == p.len());
            }
            self.done = e;
        }
    }
}
impl Conn for FloorC {
    fn state_bytes(&self) -> usize {
        32
    }
    fn shared_bytes(&self) -> usize {
        self.buf.capacity() + self.enc.capacity()
    }
    fn decode(&mut self, wire: &[u8], chunk: usize, sink: &mut Sink) {
        let mut buf = std::mem::take(&mut self.buf);
        for c in wire.chunks(chunk) {
            if buf.len() < self.have + chunk {
                buf.resize((self.have + chunk).next_power_of_two(), 0);
            }
            buf[self.have..self.have + c.len()].copy_from_slice(c);
            let end = self.have + c.len();
            let b = &mut buf[..end];
            let mut at = 0;
            loop {
                let h = &b[at..];
                if h.len() < 2 {
                    break;
                }
                assert!(h[0] & 0xF0 == 0x80);
                let text = h[0] & 15 == 1;
                let masked = h[1] & 0x80 != 0;
                let l7 = (h[1] & 0x7F) as usize;
                let mut hl = 2 + masked as usize * 4;
                let len = if l7 < 126 {
                    l7
                } else if l7 == 126 {
                    hl += 2;
                    if h.len() < 4 {
                        break;
                    }
                    u16::from_be_bytes(h[2..4].try_into().unwrap()) as usize
                } else {
                    hl += 8;
                    if h.len() < 10 {
                        break;
                    }
                    u64::from_be_bytes(h[2..10].try_into().unwrap()) as usize
                };
                if h.len() < hl {
                    break;
                }
                let key = if masked { u32::from_le_bytes(h[hl - 4..hl].try_into().unwrap()) } else { 0 };
                let here = (h.len() - hl).min(len);
                let whole = here == len;
                let p = &mut b[at + hl..at + hl + here];
                if text {
                    self.text(p, masked.then_some(key), whole);
                } else if masked {
                    xor_best(&mut p[self.done..], key.rotate_right(8 * (self.done as u32 & 3)), self.avx2);
                }
                if !whole {
                    self.done = here;
                    break;
                }
                self.done = 0;
                self.checked = 0;
                sink.message(p);
                at += hl + len;
            }
            b.copy_within(at..end, 0);
            self.have = end - at;
        }
        self.buf = buf;
    }
    /// Small or masked: into a scratch buffer, one write for all. Large unmasked: header and
    /// payload written as they are (writev).
    fn encode(&mut self, p: &Payload, n: usize, out: &mut Out) {
        let l = p.slice.len();
        if self.enc.len() < n * (l + 14) + 64 {
            self.enc.resize(n * (l + 14) + 64, 0);
        }
        let direct = !self.client && l > 2048;
        let e = self.enc.as_mut_ptr();
        let mut at = 0;
        for _ in 0..n {
            // SAFETY: room for n headers and payloads was made above
            unsafe {
                let h = e.add(at);
                *h = 0x80 | if p.text { 1 } else { 2 };
                let mut hl = if l < 126 {
                    *h.add(1) = l as u8;
                    2
                } else if l < 65536 {
                    *h.add(1) = 126;
                    (h.add(2) as *mut u16).write_unaligned((l as u16).to_be());
                    4
                } else {
                    *h.add(1) = 127;
                    (h.add(2) as *mut u64).write_unaligned((l as u64).to_be());
                    10
                };
                if self.client {
                    let k = fastrand::u32(..);
                    *h.add(1) |= 0x80;
                    (h.add(hl) as *mut u32).write_unaligned(k);
                    hl += 4;
                    if self.avx2 && l >= 32 {
                        xor_copy_avx2(h.add(hl), p.slice.as_ptr(), l, k);
                    } else {
                        std::ptr::copy_nonoverlapping(p.slice.as_ptr(), h.add(hl), l);
                        xor_tail(h.add(hl), l, k);
                    }
                } else if direct {
                    out.write(std::slice::from_raw_parts(h, hl));
                    out.write(&p.slice);
                    continue;
                } else {
                    std::ptr::copy_nonoverlapping(p.slice.as_ptr(), h.add(hl), l);
                }
                at += hl + l;
            }
        }
        out.write(&self.enc[..at]);
    }
}
