//! The cells whose figures are committed.

use sansocket::Role;

use crate::deflate;
use crate::frames::{Payload, READ, decode_cell, encode_cell, message};
use crate::handshake;

const SIZES: [usize; 4] = [16, 125, 1024, 16384];
/// One TCP segment.
const SEGMENT: usize = 1460;

pub fn run() {
    use Payload::{Ascii, Binary, Chinese};
    for payload in [Binary, Ascii, Chinese] {
        decode(Role::Server, payload, READ);
    }
    for payload in [Binary, Ascii, Chinese] {
        decode(Role::Server, payload, SEGMENT);
    }
    for payload in [Binary, Ascii, Chinese] {
        decode(Role::Client, payload, READ);
    }
    decode(Role::Client, Binary, SEGMENT);
    encode(Role::Server);
    encode(Role::Client);
    let head = handshake::browser();
    handshake::server("handshake, server", &head, head.len(), 1);
    handshake::client("handshake, client", READ, 1, |answer| answer);
    deflate::cells();
}

fn side(role: Role) -> &'static str {
    if role == Role::Server { "server" } else { "client" }
}

/// Messages in one pass: many of the short ones, so that reads cut them in all places.
fn messages(len: usize) -> usize {
    (65536 / len).clamp(16, 1024)
}

fn decode(role: Role, payload: Payload, read: usize) {
    for len in SIZES {
        let reads = if read == READ { "" } else { ", in reads of 1 460" };
        let name = format!("decode, {}, {}{reads}, {len}", side(role), payload.name());
        let count = messages(len);
        decode_cell(&name, role, &message(role, payload, len).repeat(count), read, count);
    }
}

fn encode(role: Role) {
    for len in [&SIZES[..], &[65536]].concat() {
        let count = messages(len);
        encode_cell(&format!("encode, {}, {len}", side(role)), role, &Payload::Binary.bytes(len), count, count);
    }
}
