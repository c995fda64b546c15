//! W6: permessage-deflate with context takeover, from server to client.
use super::Peers;
use crate::api::{Open, Out, Payload, Role, Sink};
use crate::measure::{Config, Cpu, Entry, Row, Run, bench, flags};
use crate::wire::{self, Kind};
use std::time::Duration;

/// Time to compress, time to decompress, bytes on the wire.
type Pass = (Duration, Duration, usize);

fn repeat<'a>(mut pass: impl FnMut() -> Pass + 'a) -> Run<'a> {
    Box::new(move |reps| {
        let (mut a, mut b) = (Duration::ZERO, Duration::ZERO);
        for _ in 0..reps {
            let x = pass();
            a += x.0;
            b += x.1;
        }
        (a, b)
    })
}

pub fn run(cfg: &Config, all: &Peers, cell: &str, size: usize) -> Vec<Row> {
    let k = if size == 1024 { 64 } else { 8 };
    let ps: Vec<Payload> = (0..k).map(|i| wire::payload(Kind::Json, size, 100 + i)).collect();
    let k = ps.len();
    let ratio = |bytes: usize| format!("{:.3}", bytes as f64 / (size * k) as f64);
    let mut want = Sink::new(true);
    for p in &ps {
        want.message(&p.slice);
    }
    let mut entries: Vec<Entry> = vec![];
    // the raw library underneath most of them
    for level in [1u32, 6] {
        let mut pass = raw(&ps, level, size);
        entries.push(Entry {
            peer: format!("limit: raw zlib-rs level {level}"),
            flags: "L".into(),
            per_pass: k,
            native: false,
            note: ratio(pass().2),
            run: repeat(pass),
        });
    }
    for peer in all {
        let c = peer.caps();
        let name = peer.name();
        if !c.deflate || (cfg.callgrind && c.native) {
            continue;
        }
        let mut srv = peer.open(&Open { role: Role::Server, deflate: true, chunk: 65536 });
        let mut cli = peer.open(&Open { role: Role::Client, deflate: true, chunk: 65536 });
        let mut out = Out::new();
        let ps = &ps;
        let mut pass = move |s: &mut Sink| {
            out.reset();
            wire::is_new();
            let t = Cpu::now();
            for p in ps {
                srv.encode(p, 1, &mut out);
            }
            let a = t.elapsed();
            let t = Cpu::now();
            cli.decode(&out.buf[..out.pos], 65536, s);
            (a, t.elapsed(), out.pos)
        };
        let mut s = Sink::new(true);
        let (_, _, n) = pass(&mut s);
        if !s.same(&want) {
            eprintln!("!! {cell} {name}: wrong payload ({} of {} messages)", s.msgs, want.msgs);
            continue;
        }
        let mut s = Sink::new(false);
        entries.push(Entry {
            peer: name,
            flags: flags(&c, false),
            per_pass: k,
            native: c.native,
            note: ratio(n),
            run: repeat(move || pass(&mut s)),
        });
    }
    bench(cfg, cell, size, entries)
}

/// zlib-rs alone: no frames, no copies.
fn raw(ps: &[Payload], level: u32, size: usize) -> impl FnMut() -> Pass {
    use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress};
    let mut cx = Compress::new(Compression::new(level), false);
    let mut dx = Decompress::new(false);
    let mut out = vec![0u8; 1 << 20];
    let mut dec = vec![0u8; size + 64];
    move || {
        let mut ends = vec![];
        let mut at = 0;
        let t = Cpu::now();
        for p in ps {
            let b = cx.total_out();
            cx.compress(&p.slice, &mut out[at..], FlushCompress::Sync).unwrap();
            at += (cx.total_out() - b) as usize;
            ends.push(at);
        }
        let a = t.elapsed();
        let t = Cpu::now();
        let mut s = 0;
        for e in ends {
            dx.decompress(&out[s..e], &mut dec, FlushDecompress::Sync).unwrap();
            s = e;
        }
        (a, t.elapsed(), at)
    }
}
