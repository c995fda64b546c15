//! W5: the opening handshake, each side.
use super::Peers;
use crate::api::Role;
use crate::browser::REQUEST;
use crate::handshake::{ACCEPT, KEY, accept_key, respond};
use crate::measure::{Config, Entry, Row, bench, flags};
use std::hint::black_box;

/// Handshakes in one pass.
const PER_PASS: usize = 64;

pub fn run(cfg: &Config, all: &Peers, cell: &str, role: Role) -> Vec<Row> {
    let server = role == Role::Server;
    let mut entries: Vec<Entry> = vec![];
    macro_rules! add {
        ($name:expr, $flags:expr, $native:expr, $f:expr $(,)?) => {
            entries.push(Entry::simple($name, $flags, $native, PER_PASS, Box::new($f)))
        };
    }
    add!("limit: SHA-1 (2 blocks) + base64", "L", false, || {
        let mut a = [0u8; 28];
        accept_key(black_box(KEY), &mut a);
        black_box(a);
    });
    if server {
        add!("limit: httparse of the request", "L", false, || {
            let mut h = [httparse::EMPTY_HEADER; 16];
            let mut r = httparse::Request::new(&mut h);
            black_box(r.parse(black_box(REQUEST)).is_ok());
        });
    } else {
        add!("harness' fake server alone (in every row)", "L", false, || {
            let mut o = [0u8; 256];
            black_box(respond(black_box(REQUEST), &mut o));
        });
    }
    for peer in all {
        let c = peer.caps();
        let name = peer.name();
        if cfg.callgrind && c.native {
            continue;
        }
        if server && c.hs_server {
            let mut out = vec![0u8; 4096];
            let n = peer.server_handshake(REQUEST, &mut out);
            let head = &out[..n];
            let ok = head.starts_with(b"HTTP/1.1 101") && head.windows(28).any(|w| w == ACCEPT) && head.ends_with(b"\r\n\r\n");
            if !ok {
                eprintln!("!! {cell} {name}: bad response {:?}", String::from_utf8_lossy(head));
                continue;
            }
            add!(&name, &flags(&c, false), c.native, move || {
                black_box(peer.server_handshake(black_box(REQUEST), &mut out));
            });
        } else if !server && c.hs_client {
            if !peer.client_handshake(respond) {
                eprintln!("!! {cell} {name}: failed");
                continue;
            }
            add!(&name, &flags(&c, false), c.native, move || {
                black_box(peer.client_handshake(respond));
            });
        }
    }
    bench(cfg, cell, REQUEST.len(), entries)
}
