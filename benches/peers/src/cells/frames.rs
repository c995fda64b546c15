//! W1 to W4: decoding and encoding of messages of one frame.
use super::Peers;
use crate::api::{Open, Out, Role, Sink};
use crate::measure::{Config, Cpu, Entry, Row, bench, flags};
use crate::wire::{self, Kind};
use std::time::Duration;

pub struct Decode {
    pub role: Role,
    pub kind: Kind,
    pub size: usize,
    pub chunk: usize,
}

/// Bytes between two flushes: as many as uWebSockets keeps before it writes. With more it alone would stay in the CPU's first cache.
const FLUSH: usize = 16384;

/// Messages in one pass.
fn messages_for(size: usize, callgrind: bool) -> usize {
    let n = match size {
        0..=64 => 4096,
        65..=512 => 2048,
        513..=4096 => 256,
        4097..=65536 => 16,
        _ => 2,
    };
    if callgrind && size <= 4096 { n / 4 } else { n }
}

pub fn decode(cfg: &Config, all: &Peers, cell: &str, d: &Decode) -> Vec<Row> {
    let Decode { role, kind, size, chunk } = *d;
    let text = kind != Kind::Binary;
    let p = wire::payload(kind, size, 3);
    let n = messages_for(size, cfg.callgrind);
    let w = wire::wire(&p, n, role == Role::Server);
    wire::is_new();
    let mut want = Sink::new(true);
    for _ in 0..n {
        want.message(&p.slice);
    }
    let mut entries: Vec<Entry> = vec![];
    for peer in all {
        let c = peer.caps();
        let name = peer.name();
        let can = if role == Role::Server { c.decode } else { c.client_decode };
        if !can || !cfg.wants_peer(&name) || (cfg.callgrind && c.native) || (c.is_bound() && text) {
            continue;
        }
        let mut conn = peer.open(&Open { role, deflate: false, chunk });
        if !c.is_bound() {
            let mut s = Sink::new(true);
            conn.decode(&w, chunk, &mut s);
            if !s.same(&want) {
                eprintln!(
                    "!! {cell} {name}: wrong payload ({} of {} messages, {} of {} bytes)",
                    s.msgs, want.msgs, s.bytes, want.bytes
                );
                continue;
            }
        }
        let w = &w;
        entries.push(Entry {
            peer: name,
            flags: flags(&c, text),
            per_pass: n,
            native: c.native,
            note: String::new(),
            run: Box::new(move |reps| {
                let mut s = Sink::new(false);
                let t = Cpu::now();
                for _ in 0..reps {
                    conn.decode(w, chunk, &mut s);
                }
                std::hint::black_box(s.touch);
                (t.elapsed(), Duration::ZERO)
            }),
        });
    }
    bench(cfg, cell, size, entries)
}

pub fn encode(cfg: &Config, all: &Peers, cell: &str, role: Role, kind: Kind, size: usize) -> Vec<Row> {
    let p = wire::payload(kind, size, 3);
    // messages between two flushes, and flushes in one pass
    let burst = (FLUSH / size).clamp(1, 64);
    let bursts = (if cfg.callgrind { 256 } else { 1024 } / burst).clamp(2, 16);
    let mut entries: Vec<Entry> = vec![];
    for peer in all {
        let c = peer.caps();
        let name = peer.name();
        if !c.encode || !cfg.wants_peer(&name) || (cfg.callgrind && c.native) {
            continue;
        }
        let mut conn = peer.open(&Open { role, deflate: false, chunk: 65536 });
        let mut out = Out::new();
        if !c.is_bound() {
            let k = burst.min(5);
            conn.encode(&p, k, &mut out);
            if let Err(e) = wire::check_encoded(&out.buf[..out.pos], &p, k, role == Role::Client) {
                eprintln!("!! {cell} {name}: {e}");
                continue;
            }
        }
        let p = &p;
        entries.push(Entry {
            peer: name,
            flags: flags(&c, false),
            per_pass: burst * bursts,
            native: c.native,
            note: String::new(),
            run: Box::new(move |reps| {
                let t = Cpu::now();
                for _ in 0..reps * bursts {
                    out.reset();
                    conn.encode(p, burst, &mut out);
                }
                std::hint::black_box(out.total);
                (t.elapsed(), Duration::ZERO)
            }),
        });
    }
    bench(cfg, cell, size, entries)
}
