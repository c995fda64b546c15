//! Payloads, the bytes that carry them, and the check of what a peer encoded.
use crate::api::Payload;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicUsize, Ordering};

#[derive(Clone, Copy, PartialEq)]
pub enum Kind {
    Binary,
    Ascii,
    Chinese,
    Json,
}

pub fn payload(kind: Kind, size: usize, seed: u64) -> Payload {
    let mut r = fastrand::Rng::with_seed(seed);
    let mut v = Vec::with_capacity(size + 512);
    match kind {
        Kind::Binary => v.extend((0..size).map(|_| r.u8(..))),
        Kind::Ascii => {
            while v.len() < size {
                v.extend_from_slice(b"The quick brown fox jumps over the lazy dog. ");
            }
            v.truncate(size);
        }
        Kind::Chinese => {
            while v.len() + 3 <= size {
                let c = char::from_u32(0x4e00 + r.u32(0..20000)).unwrap();
                v.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            }
            v.resize(size, b'a');
        }
        Kind::Json => {
            let words = ["open", "filled", "cancelled", "pending", "rejected", "expired"];
            let mut s = String::from("[");
            while s.len() < size {
                let _ = write!(
                    s,
                    "{{\"id\":{},\"user\":\"user{}\",\"price\":{}.{:02},\"qty\":{},\"state\":\"{}\",\"ts\":{}}},",
                    r.u32(..),
                    r.u32(0..5000),
                    r.u32(90..110),
                    r.u32(0..100),
                    r.u32(1..1000),
                    words[r.usize(0..6)],
                    1_700_000_000_000u64 + r.u64(0..100_000_000)
                );
            }
            s.truncate(size);
            v = s.into_bytes();
        }
    }
    Payload { bytes: bytes::Bytes::from(v.clone()), slice: v, text: kind != Kind::Binary }
}

/// `n` messages of one frame each.
pub fn wire(p: &Payload, n: usize, masked: bool) -> Vec<u8> {
    let mut r = fastrand::Rng::with_seed(7);
    let l = p.slice.len();
    let mut w = Vec::with_capacity(n * (l + 14));
    for _ in 0..n {
        w.push(0x80 | if p.text { 1 } else { 2 });
        let m = if masked { 0x80 } else { 0 };
        if l < 126 {
            w.push(m | l as u8);
        } else if l < 65536 {
            w.push(m | 126);
            w.extend_from_slice(&(l as u16).to_be_bytes());
        } else {
            w.push(m | 127);
            w.extend_from_slice(&(l as u64).to_be_bytes());
        }
        if masked {
            let k = r.u32(..).to_le_bytes();
            w.extend_from_slice(&k);
            w.extend(p.slice.iter().enumerate().map(|(i, b)| b ^ k[i & 3]));
        } else {
            w.extend_from_slice(&p.slice);
        }
    }
    w
}

/// Independent check of what a peer encoded.
pub fn check_encoded(mut b: &[u8], p: &Payload, n: usize, masked: bool) -> Result<(), String> {
    for i in 0..n {
        let mut got: Vec<u8> = vec![];
        let mut first = true;
        loop {
            if b.len() < 2 {
                return Err(format!("message {i}: short"));
            }
            let (b0, b1) = (b[0], b[1]);
            let opcode = match (first, p.text) {
                (false, _) => 0,
                (true, true) => 1,
                (true, false) => 2,
            };
            if b0 & 15 != opcode {
                return Err(format!("message {i}: first byte {b0:02x}"));
            }
            first = false;
            let (l, mut h) = match b1 & 127 {
                126 => (u16::from_be_bytes([b[2], b[3]]) as usize, 4),
                127 => (u64::from_be_bytes(b[2..10].try_into().unwrap()) as usize, 10),
                l => (l as usize, 2),
            };
            if (b1 & 0x80 != 0) != masked {
                return Err(format!("message {i}: mask bit"));
            }
            let mut k = [0; 4];
            if masked {
                k.copy_from_slice(&b[h..h + 4]);
                h += 4;
            }
            if b.len() < h + l {
                return Err(format!("message {i}: short payload"));
            }
            got.extend(b[h..h + l].iter().enumerate().map(|(i, x)| x ^ k[i & 3]));
            b = &b[h + l..];
            if b0 & 0x80 != 0 {
                break;
            }
        }
        if got != p.slice {
            return Err(format!("message {i}: payload differs"));
        }
    }
    if !b.is_empty() {
        return Err("trailing bytes".into());
    }
    Ok(())
}

/// How often the bytes at an address that a peer was given may have changed.
static GENERATION: AtomicUsize = AtomicUsize::new(0);

/// Call it before a peer is given a new wire, which may have the address of an older one.
pub fn is_new() {
    GENERATION.fetch_add(1, Ordering::Relaxed);
}

/// How many messages a wire (of data frames only) holds.
#[cfg(feature = "peers")]
fn count_messages(w: &[u8]) -> usize {
    let (mut n, mut at) = (0, 0);
    while at < w.len() {
        let m = if w[at + 1] & 0x80 != 0 { 4 } else { 0 };
        let (l, h) = match w[at + 1] & 0x7f {
            126 => (u16::from_be_bytes([w[at + 2], w[at + 3]]) as usize, 4),
            127 => (u64::from_be_bytes(w[at + 2..at + 10].try_into().unwrap()) as usize, 10),
            l => (l as usize, 2),
        };
        n += (w[at] >> 7) as usize;
        at += h + m + l;
    }
    n
}

/// The same, counted once per wire, for peers whose read does not survive a "would block" at the end of it.
#[cfg(feature = "peers")]
pub fn messages_in(wire: &[u8]) -> usize {
    use std::cell::Cell;
    thread_local!(static CACHE: Cell<(usize, usize, usize)> = const { Cell::new((0, 0, 0)) });
    let mut c = CACHE.get();
    let generation = GENERATION.load(Ordering::Relaxed);
    if c.1 != generation || c.0 != wire.as_ptr() as usize {
        c = (wire.as_ptr() as usize, generation, count_messages(wire));
        CACHE.set(c);
    }
    c.2
}
