//! The cells whose figures are committed.

use cost::frames::{Payload, READ, SEGMENT, decode_cell, encode_cell, message, messages, reads};
use cost::{browser, deflate, handshake};
use sansocket::Role;

const SIZES: [usize; 4] = [16, 125, 1024, 16384];

fn main() {
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
    let head = browser::REQUEST;
    handshake::server("handshake, server", head, head.len(), 1);
    handshake::client("handshake, client", READ, 1, |answer| answer);
    deflate::cells();
}

fn side(role: Role) -> &'static str {
    if role == Role::Server { "server" } else { "client" }
}

fn decode(role: Role, payload: Payload, read: usize) {
    for len in SIZES {
        let name = format!("decode, {}, {}{}, {len}", side(role), payload.name(), reads(read));
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
