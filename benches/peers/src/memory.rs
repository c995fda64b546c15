//! W7: what a connection holds, and how often each peer allocates.
use crate::api::{Caps, Conn, Open, Out, Payload, Peer, Role, Sink};
use crate::browser::REQUEST;
use crate::wire::{self, Kind};

// c/hooks.c
unsafe extern "C" {
    fn ah_enable(v: i32);
    fn ah_count() -> u64;
    fn ah_live() -> i64;
}
fn counting(on: bool) {
    // SAFETY: sets a flag; this program has one thread
    unsafe { ah_enable(on as i32) }
}
fn allocations() -> u64 {
    // SAFETY: reads a counter
    unsafe { ah_count() }
}
fn live() -> i64 {
    // SAFETY: reads a counter
    unsafe { ah_live() }
}

/// Connections opened to take the mean of.
const N: usize = 64;
const READ: usize = 65536;

struct Wires {
    p125: Payload,
    w1: Vec<u8>,
    w125: Vec<u8>,
    w16k: Vec<u8>,
}

pub fn run(all: &[Box<dyn Peer>]) {
    println!(
        "peer\tstate\topen_total\tused_total\talloc_dec125\talloc_dec16k\talloc_enc125\talloc_enc_client125\talloc_hs\t\
         open_deflate"
    );
    let p125 = wire::payload(Kind::Binary, 125, 3);
    let p16k = wire::payload(Kind::Binary, 16384, 3);
    let w = Wires { w1: wire::wire(&p125, 1, true), w125: wire::wire(&p125, 256, true), w16k: wire::wire(&p16k, 8, true), p125 };
    for peer in all {
        let c = peer.caps();
        if c.decode && !c.native && !c.is_bound() {
            println!("{}", of_peer(peer.as_ref(), &c, &w));
        }
    }
}

fn open(peer: &dyn Peer, role: Role) -> Box<dyn Conn> {
    peer.open(&Open { role, deflate: false, chunk: READ })
}

fn shared(conns: &[Box<dyn Conn>]) -> i64 {
    conns.iter().map(|x| x.shared_bytes() as i64).sum()
}

/// One line of the table.
fn of_peer(peer: &dyn Peer, c: &Caps, w: &Wires) -> String {
    let mut out = Out::new();
    let mut sink = Sink::new(false);
    let mut use_once = |x: &mut Box<dyn Conn>| {
        x.decode(&w.w1, READ, &mut sink);
        if c.encode {
            x.encode(&w.p125, 1, &mut out);
        }
    };
    let mut deflate = -1;
    if c.deflate {
        deflate_bytes(peer); // one-time allocations
        deflate = deflate_bytes(peer);
    }
    let mut v: Vec<Box<dyn Conn>> = Vec::with_capacity(N);
    {
        // one-time allocations (thread-local and static buffers) happen here
        let mut x = open(peer, Role::Server);
        wire::is_new();
        use_once(&mut x);
    }
    counting(true);
    let l0 = live();
    for _ in 0..N {
        v.push(open(peer, Role::Server));
    }
    let l1 = live() - shared(&v);
    wire::is_new();
    v.iter_mut().for_each(&mut use_once);
    let l2 = live() - shared(&v);
    let state = v[0].state_bytes();

    let mut counts = vec![];
    for (wire, messages) in [(&w.w125, 256), (&w.w16k, 8)] {
        wire::is_new();
        v[0].decode(wire, READ, &mut sink);
        let a = allocations();
        for _ in 0..4 {
            v[0].decode(wire, READ, &mut sink);
        }
        counts.push((allocations() - a) as f64 / (4 * messages) as f64);
    }
    for role in [Role::Server, Role::Client] {
        if !c.encode {
            counts.push(f64::NAN);
            continue;
        }
        let mut x = open(peer, role);
        x.encode(&w.p125, 64, &mut out);
        let a = allocations();
        for _ in 0..4 {
            x.encode(&w.p125, 64, &mut out);
        }
        counts.push((allocations() - a) as f64 / 256.0);
    }
    if c.hs_server {
        let mut o = vec![0u8; 4096];
        peer.server_handshake(REQUEST, &mut o);
        let a = allocations();
        for _ in 0..8 {
            peer.server_handshake(REQUEST, &mut o);
        }
        counts.push((allocations() - a) as f64 / 8.0);
    } else {
        counts.push(f64::NAN);
    }
    counting(false);
    let counts: Vec<String> = counts.iter().map(|x| format!("{x:.2}")).collect();
    format!("{}\t{state}\t{}\t{}\t{}\t{deflate}", peer.name(), (l1 - l0) / N as i64, (l2 - l0) / N as i64, counts.join("\t"))
}

/// Heap bytes of a server connection with compression, just opened.
fn deflate_bytes(peer: &dyn Peer) -> i64 {
    let a = live();
    counting(true);
    let x = peer.open(&Open { role: Role::Server, deflate: true, chunk: READ });
    counting(false);
    let n = live() - a;
    counting(true);
    drop(x);
    counting(false);
    n
}
