//! The seeds: inputs that reach far into the machine, from which libFuzzer goes on. `examples/seeds.rs` writes them to `seeds/`.

use crate::recipe::plain;
use crate::support::frames::{BINARY, CLOSE, CONTINUATION, FIN, PING, PONG, TEXT, close_to, frame_to, hex};
use crate::support::http::{request_but, request_with, response_but, response_with};
use sansocket::{Compressor, Role};

/// A file below `seeds/`: target, name, octets.
pub type Seed = (&'static str, String, Vec<u8>);

/// All of them.
pub fn seeds() -> Vec<Seed> {
    let mut seeds = Seeds(Vec::new());
    seeds.frames();
    seeds.heads();
    seeds.urls();
    seeds.deflate();
    seeds.sending();
    seeds.ffi();
    seeds.0
}

struct Seeds(Vec<Seed>);

impl Seeds {
    /// Commands have no form that could be written by hand: some hundred octets of a generator.
    fn ffi(&mut self) {
        for seed in 0..8_u32 {
            let octets =
                (0..300_u32).map(|i| (i.wrapping_mul(2_654_435_761).wrapping_add(seed.wrapping_mul(40_503)) >> 13) as u8);
            self.0.push(("ffi", format!("random-{seed}"), octets.collect()));
        }
    }
}

/// A recipe with `settings` that cuts at 3, 7, 20 and 70, and has `verbs` and 5 ms between the pieces.
fn recipe(settings: u8, verbs: [(u8, u8); 4]) -> Vec<u8> {
    let mut octets = plain(settings);
    octets[1] = 3;
    for (i, (cut, (verb, argument))) in [3, 7, 20, 70].into_iter().zip(verbs).enumerate() {
        octets[2 + 2 * i] = cut;
        octets[10 + 3 * i..13 + 3 * i].copy_from_slice(&[verb, argument, 5]);
    }
    octets[22..].copy_from_slice(&[6, 5]);
    octets
}

/// Bits of a recipe's settings.
const DRIVEN: u8 = 1;
const CLOSING: u8 = 2;
const SMALL: u8 = 4;
const SUBPROTOCOLS: u8 = 16;
const SHORT_TIMES: u8 = 32;

/// Verbs in pairs with their arguments: fragments with a Ping between them; a Pong and a Close.
const FRAGMENTS: [(u8, u8); 4] = [(0, 0), (5, 0xC0), (0, 0), (0, 0xE1)];
const CLOSES: [(u8, u8); 4] = [(4, 0), (6, 0x40), (2, 1), (7, 1)];

/// Wires for `receiver` and what they are.
fn wires(receiver: Role) -> Vec<(&'static str, Vec<u8>)> {
    let frame = |first, payload: &[u8]| frame_to(receiver, first, payload);
    let text = "K\u{f6}ln \u{20ac} \u{1f600}".as_bytes();
    vec![
        ("text", frame(FIN | TEXT, text)),
        ("binary-126", frame(FIN | BINARY, &[7; 126])),
        ("two-messages", [frame(FIN | TEXT, b"Hello"), frame(FIN | BINARY, b"\x00\xFF")].concat()),
        (
            "fragments-and-controls",
            [
                frame(TEXT, &text[..2]),
                frame(FIN | PING, b"ping"),
                frame(CONTINUATION, &text[2..7]),
                frame(FIN | PONG, b""),
                frame(CONTINUATION, b""),
                frame(FIN | CONTINUATION, &text[7..]),
                close_to(receiver, 1001, b"bye"),
                frame(FIN | TEXT, b"behind"),
            ]
            .concat(),
        ),
        ("empty-fragments", [frame(BINARY, b""), frame(CONTINUATION, b""), frame(FIN | CONTINUATION, b"")].concat()),
        ("many-empty-fragments", [frame(TEXT, b""), frame(CONTINUATION, b""), frame(CONTINUATION, b"")].concat()),
        ("bad-text", frame(FIN | TEXT, b"ab\xED\xA0\x80")),
        ("cut-text", frame(FIN | TEXT, b"\xE2\x82")),
        ("long", frame(FIN | BINARY, &[b'x'; 301])),
        ("three-fragments", [frame(BINARY, b"1"), frame(CONTINUATION, b"2"), frame(FIN | CONTINUATION, b"3")].concat()),
        ("four-fragments", [frame(BINARY, b"1"), frame(CONTINUATION, b"2").repeat(2), frame(FIN | CONTINUATION, b"3")].concat()),
        ("message-of-150", [frame(BINARY, &[1; 100]), frame(FIN | CONTINUATION, &[2; 50])].concat()),
        ("message-of-151", [frame(BINARY, &[1; 100]), frame(FIN | CONTINUATION, &[2; 51])].concat()),
        ("pings", frame(FIN | PING, b"0123456789").repeat(3)),
        ("close-without-body", frame(FIN | CLOSE, b"")),
        ("close-bad-code", close_to(receiver, 1005, b"")),
        ("close-bad-reason", close_to(receiver, 1000, b"a\xC3(")),
        ("reserved-bit", frame(FIN | 0x40 | TEXT, b"x")),
        ("non-minimal", if receiver == Role::Client { hex("82 7e 00 05") } else { hex("82 fe 00 05") }),
    ]
}

/// The head with its last value made longer, so that it has `len` octets.
fn padded(mut head: Vec<u8>, len: usize) -> Vec<u8> {
    let missing = len - head.len();
    let end = head.len() - 4;
    head.splice(end..end, vec![b'x'; missing]);
    head
}

impl Seeds {
    fn add(&mut self, target: &'static str, name: &str, parts: &[&[u8]]) {
        self.0.push((target, name.into(), parts.concat()));
    }

    fn frames(&mut self) {
        for (target, role) in [("frames_server", Role::Server), ("frames_client", Role::Client)] {
            for (name, wire) in wires(role) {
                // The limits of the recipe tell these apart.
                let is_about_limits = name.contains("fragments") || name.contains("-of-");
                let settings = if is_about_limits { SMALL } else { 0 };
                self.add(target, name, &[&recipe(settings, FRAGMENTS), &wire]);
            }
            let all = wires(role).into_iter().take(4).map(|(_, wire)| wire).collect::<Vec<_>>().concat();
            self.add(target, "small-limits", &[&recipe(SMALL, FRAGMENTS), &all]);
            self.add(target, "closing", &[&recipe(CLOSING, FRAGMENTS), &all]);
            self.add(target, "sends-fragments", &[&recipe(DRIVEN, FRAGMENTS), &all]);
            self.add(target, "closes", &[&recipe(DRIVEN, CLOSES), &all]);
            self.add(target, "deadlines", &[&recipe(DRIVEN | SHORT_TIMES, FRAGMENTS), &all]);
        }
    }

    fn heads(&mut self) {
        let requests: Vec<(&str, Vec<u8>)> = vec![
            ("request", request_with(&[])),
            ("subprotocols", request_with(&["Sec-WebSocket-Protocol: x, superchat", "sec-websocket-protocol: chat"])),
            (
                "browser",
                request_with(&[
                    "Origin: https://example.com",
                    "Sec-WebSocket-Extensions: permessage-deflate; a=\"b\\c\"; d=1, e",
                ]),
            ),
            ("plain-http", b"GET /index.html?a=b HTTP/1.1\r\nHost: example.com\r\nCookie: c\r\n\r\n".into()),
            ("http-1.0", b"GET / HTTP/1.0\r\n\r\n".into()),
            ("empty-line-first", [b"\r\n", &request_with(&[])[..]].concat()),
            ("absolute-target", request_but(0, "GET http://h:80/x?y HTTP/1.1")),
            ("body", request_with(&["Content-Length: 0", "Transfer-Encoding: chunked"])),
            ("expects", request_with(&["Expect: 100-continue"])),
            ("two-keys", request_with(&["Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="])),
            ("bad-scheme", request_but(0, "GET http:x://h/ HTTP/1.1")),
            ("version-8", request_but(5, "Sec-WebSocket-Version: 8")),
            ("connection-list", request_but(3, "Connection: keep-alive, ,UPGRADE")),
            ("no-connection", request_but(3, "")),
            ("folded", request_with(&["X: a", " b"])),
            // At the limits of the recipe, and one beyond.
            ("limit-target-20", request_but(0, "GET /1234567890123456789 HTTP/1.1")),
            ("limit-target-21", request_but(0, "GET /12345678901234567890 HTTP/1.1")),
            ("limit-lines-9", request_with(&["A:"; 4])),
            ("limit-lines-10", request_with(&["A:"; 5])),
            ("limit-len-400", padded(request_with(&["A: "]), 400)),
            ("limit-len-401", padded(request_with(&["A: "]), 401)),
        ];
        let responses: Vec<(&str, Vec<u8>)> = vec![
            ("response", response_with(&[])),
            ("subprotocol", response_with(&["Sec-WebSocket-Protocol: superchat", "Content-Length: 0"])),
            ("extension", response_with(&["Sec-WebSocket-Extensions: x"])),
            ("interim", [b"HTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 100\r\n\r\n", &response_with(&[])[..]].concat()),
            ("not-found", b"HTTP/1.1 404 Not Found\r\nContent-Length: 3\r\n\r\n404".into()),
            ("wrong-accept", response_but(3, "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")),
            ("http-1.0-101", response_but(0, "HTTP/1.0 101 Switching Protocols")),
            ("no-upgrade", response_but(1, "")),
            ("limit-interim-2", [&b"HTTP/1.1 103\r\n\r\n".repeat(2)[..], &response_with(&[])].concat()),
            ("limit-interim-3", [&b"HTTP/1.1 103\r\n\r\n".repeat(3)[..], &response_with(&[])].concat()),
        ];
        let wires = [wires(Role::Server), wires(Role::Client)];
        for (target, heads, wires) in [("server", requests, &wires[0]), ("client", responses, &wires[1])] {
            for (name, head) in heads {
                let settings = SUBPROTOCOLS | if name.starts_with("limit") { SMALL } else { 0 };
                self.add(target, name, &[&recipe(settings, FRAGMENTS), &head, &wires[3].1]);
                let mut recipe = recipe(settings, FRAGMENTS);
                recipe[23] = u8::from(target == "client");
                self.add("heads", &format!("{target}-{name}"), &[&recipe, &head]);
            }
            let head = if target == "server" { request_with(&[]) } else { response_with(&[]) };
            let mut recipe = recipe(DRIVEN, CLOSES);
            // The head, and then the frames.
            for cut in 0..4 {
                let at = u16::try_from(head.len() + 9 * cut).unwrap();
                recipe[2 + 2 * cut..4 + 2 * cut].copy_from_slice(&at.to_le_bytes());
            }
            self.add(target, "closes", &[&recipe, &head, &wires[3].1]);
            recipe[0] |= SHORT_TIMES;
            self.add(target, "deadlines", &[&recipe, &head, &wires[3].1]);
            // Verbs whose high bits say that the request is accepted later.
            recipe[0] = DRIVEN | 0x40;
            recipe[13] |= 0x20;
            self.add(target, "later", &[&recipe, &head, &wires[3].1]);
            recipe[13] = 0x10;
            self.add(target, "refused-later", &[&recipe, &head, &wires[3].1]);
        }
    }

    fn urls(&mut self) {
        for (name, url) in [
            ("plain", "ws://example.com"),
            ("path", "wss://example.com:8443/chat?room=1"),
            ("default-port", "https://h:0443?a=b"),
            ("ipv6", "ws://[::ffff:1.2.3.4]:9001/"),
            ("user", "ws://user:pass@h/"),
            ("fragment", "http://h/#x"),
            ("empty-port", "WS://h:/x"),
            ("port-too-large", "ws://h:65536/"),
        ] {
            self.add("url", name, &[url.as_bytes()]);
        }
    }

    fn deflate(&mut self) {
        let choice = |choice: u8, settings: u8, bits: u8| {
            let mut recipe = recipe(settings | choice << 6, [(0, 0), (0, 1), (0, 2), (0, 4)]);
            recipe[22..].copy_from_slice(&[bits, 0x35]);
            recipe
        };
        let text = b"the same words again, and again the same words, and then some".repeat(3);
        // RFC 7692 §7.2.3, and a dynamic block that zlib made.
        let messages = [
            ("hello", hex("f2 48 cd c9 c9 07 00")),
            ("stored", hex("00 05 00 fa ff 48 65 6c 6c 6f 00")),
            ("final", hex("f3 48 cd c9 c9 07 00 00")),
            ("two-blocks", hex("f2 48 05 00 00 00 ff ff ca c9 c9 07 00")),
            ("thousand-zeros", hex("62 60 18 05 a3 60 14 0c 77 00 00")),
            (
                "dynamic",
                hex(
                    "6c4ec90d004108fa5b85ad015efd57b0cc7f4d34460e81a8020e081e0b759ac68838f6757299068d16454ad979d1b84835f6f1024b700e85e685821040f731d29a922ac506437a40f90f9b3d40079e2fdf186888b5d654a739b08eb0db7add7a6f168f9c8053d81d7365a539461c2d5318cbc42c5fffeb03",
                ),
            ),
        ];
        for (name, message) in &messages {
            let mut whole = choice(0, 0, 7);
            // One message: all cuts at its end.
            for cut in 0..4 {
                whole[2 + 2 * cut] = u8::try_from(message.len()).unwrap();
            }
            self.add("deflate", &format!("inflate-{name}"), &[&whole, message]);
            let wire = frame_to(Role::Server, FIN | 0x40 | TEXT, message);
            self.add("deflate", &format!("receive-{name}"), &[&choice(2, 0, 7), &wire, &wire]);
        }
        for bits in [0, 7, 0x87] {
            let mut memory = vec![0; 2 << (8 + (bits & 7))];
            let mut out = [0; 400];
            let compressed = Compressor::new(8 + (bits & 7), &mut memory).unwrap().compress(&text, &mut out, true);
            self.add("deflate", &format!("inflate-ours-{bits}"), &[&choice(0, 0, bits), &out[..compressed.produced]]);
            self.add("deflate", &format!("compress-{bits}"), &[&choice(1, 0, bits), &text]);
            self.add("deflate", &format!("pair-{bits}"), &[&choice(3, 0, bits), &text]);
            self.add("deflate", &format!("pair-client-{bits}"), &[&choice(3, 8, bits), &text]);
        }
        let fragments = [
            frame_to(Role::Client, 0x40 | TEXT, &hex("f2 48 cd")),
            frame_to(Role::Client, FIN | PING, b"p"),
            frame_to(Role::Client, FIN | CONTINUATION, &hex("c9 c9 07 00")),
            frame_to(Role::Client, FIN | TEXT, b"plain"),
            frame_to(Role::Client, FIN | 0x40 | BINARY, &messages[4].1),
            close_to(Role::Client, 1000, b""),
        ];
        self.add("deflate", "receive-fragments", &[&choice(2, 8, 7), &fragments.concat()]);
        self.add("deflate", "receive-small-limits", &[&choice(2, 8 | SMALL, 7), &fragments.concat()]);
    }

    fn sending(&mut self) {
        let fragments =
            b"\x00\x00\x03Hel\xF0\x03\x05\x05\x00\x02pi\x70\x00\x00\x00\x01\x02lo\xF0\x05\x00\x80\x41\x03abc\x70\x83\x00";
        self.add("sending", "fragments", &[b"\0", fragments]);
        self.add(
            "sending",
            "fragments-and-deadlines",
            &[b"\x01", fragments, b"\x50\xFF\x29\x50\xFF\x50\xD0\x0A\x30\xF0\x20\x00"],
        );
        self.add("sending", "closes", &[b"\0", fragments, b"\x07\x01\x04\x00bye\x82\x01\x02xy\xF0\x00\x00\x70\x00\x00"]);
        self.add("sending", "both-close", &[b"\0", fragments, b"\x07\x01\x01\x00\x87\x00\x00\xF0\x00\x00\x70\x00\x00"]);
        self.add("sending", "header-alone", &[b"\0", b"\x89\x01\x05Hello\x8A\x02\x03\xFF\xFE\xFD\x70\x00\x04\x70\x00\x00"]);
        self.add("sending", "fails", &[b"\0", fragments, b"\x08\x07\x01\x00\xF0\x00\x00"]);
        self.add("sending", "paused", &[b"\x01", b"\x0B\0\0\x50\xFF\x64\x0C\0\0\x50\xFF\x64", fragments]);
    }
}
