//! Cost against size: of messages, frames, heads, numbers of connections and of fragments. A cell is named plot/line/size.

use std::hint::black_box;

use cost::frames::{HEADER, NOW, Payload, READ, SEGMENT, Ws, decode_cell, encode_cell, frame, message, open};
use cost::handshake;
use cost::meter::{cell, memory, placed};
use sansocket::{Buffered, Collector, Event, MessageKind, Role};

/// The length of a message that is cut into frames.
const CUT: usize = 1 << 20;
/// The least that one pass does, so that what a pass itself costs does not show.
const BYTES: usize = 1 << 14;
const FRAGMENTS: usize = 1 << 10;

fn powers(from: u32, to: u32, step: usize) -> impl Iterator<Item = usize> {
    (from..=to).step_by(step).map(|power| 1 << power)
}

fn main() {
    powers(0, 24, 1).for_each(of_message);
    powers(4, 20, 1).for_each(of_frame);
    [200, 300, 400, 600, 800, 1200, 1600, 2400, 3200, 4800, 6400, 8192, 12288, 16384].into_iter().for_each(of_head);
    [1, 10, 100, 1000, 10_000].into_iter().for_each(of_connections);
    powers(1, 16, 1).for_each(of_fragments);
}

fn of_message(len: usize) {
    use Payload::{Ascii, Binary};
    let count = (BYTES / len).clamp(1, 1024);
    let units = count * len;
    for (line, role, payload, read) in [
        ("decode, server, binary", Role::Server, Binary, READ),
        ("decode, server, binary, in reads of 1 460", Role::Server, Binary, SEGMENT),
        ("decode, server, ASCII", Role::Server, Ascii, READ),
        ("decode, client, binary", Role::Client, Binary, READ),
    ] {
        decode_cell(&format!("message/{line}/{len}"), role, &message(role, payload, len).repeat(count), read, units);
    }
    for (line, role) in [("encode, server", Role::Server), ("encode, client", Role::Client)] {
        encode_cell(&format!("message/{line}/{len}"), role, &Binary.bytes(len), count, units);
    }
}

/// One message in frames of equal length.
fn in_frames(to: Role, payload: &[u8], len: usize) -> Vec<u8> {
    let count = payload.len() / len;
    let first = |at| if at == 0 { 2 } else { 0 } | if at + 1 == count { 0x80 } else { 0 };
    payload.chunks_exact(len).enumerate().flat_map(|(at, part)| frame(to, first(at), part)).collect()
}

fn send_in_frames(ws: &mut Ws, payload: &[u8], len: usize, output: &mut [u8]) {
    let mut rest = payload;
    while let Some((part, after)) = rest.split_at_checked(len) {
        rest = after;
        ws.send(MessageKind::Binary, part, rest.is_empty(), output).expect("room");
        black_box(&mut *output);
        if rest.is_empty() {
            return;
        }
    }
}

fn of_frame(len: usize) {
    let payload = placed(&Payload::Binary.bytes(CUT));
    let output = memory(len + HEADER);
    for (side, role) in [("server", Role::Server), ("client", Role::Client)] {
        decode_cell(&format!("frame/decode, {side}/{len}"), role, &in_frames(role, payload, len), READ, CUT);
        let mut ws = open(role);
        cell(&format!("frame/encode, {side}/{len}"), CUT, |meter| {
            meter.measure(&mut || send_in_frames(&mut ws, payload, len, output));
        });
    }
}

fn of_head(len: usize) {
    let fields = |room: usize| {
        let mut fields = String::new();
        while fields.len() + 128 <= room {
            fields += &format!("X-Field-{:03}: {}\r\n", fields.len() / 64, "v".repeat(49));
        }
        let rest = room - fields.len();
        fields + "X-Rest: " + &"v".repeat(rest - 10) + "\r\n"
    };
    let cookie = |room: usize| format!("Cookie: {}\r\n", "v".repeat(room - 10));
    for (line, head, read) in [
        ("server, many fields", handshake::request(len, fields), len),
        ("server, many fields, byte by byte", handshake::request(len, fields), 1),
        ("server, one long field", handshake::request(len, cookie), len),
        ("server, one long field, byte by byte", handshake::request(len, cookie), 1),
    ] {
        handshake::server(&format!("head/{line}/{len}"), &head, read, len);
    }
    // The same length in all: a response has no field that it could do without.
    let longer = |mut answer: Vec<u8>| {
        answer.truncate(answer.len() - 2);
        let fields = fields(len - answer.len() - 2);
        [answer, fields.into_bytes(), b"\r\n".to_vec()].concat()
    };
    handshake::client(&format!("head/client, many fields/{len}"), len, len, longer);
    handshake::client(&format!("head/client, many fields, byte by byte/{len}"), 1, len, longer);
}

/// Messages to and from many connections in turn, which share a buffer, as in an event loop.
fn of_connections(count: usize) {
    let turns = (FRAGMENTS / count).max(1);
    let mut all: Vec<_> = (0..count).map(|_| open(Role::Server)).collect();
    for len in [16, 1024] {
        // Unmasking it again is as good: the header stays, and any bytes are a payload.
        let input = placed(&message(Role::Server, Payload::Binary, len));
        cell(&format!("connections/decode, {len} bytes/{count}"), turns * count, |meter| {
            meter.measure(&mut || {
                for _ in 0..turns {
                    for ws in &mut all {
                        let received = ws.receive(NOW, input, &mut [0; 131]).expect("room");
                        assert!(matches!(black_box(received).event, Some(Event::Data(_))));
                    }
                }
            });
        });
        let (payload, output) = (placed(&Payload::Binary.bytes(len)), memory(len + HEADER));
        cell(&format!("connections/encode, {len} bytes/{count}"), turns * count, |meter| {
            meter.measure(&mut || {
                for _ in 0..turns {
                    for ws in &mut all {
                        black_box(ws.send(MessageKind::Binary, payload, true, output).expect("room"));
                    }
                }
            });
        });
    }
}

/// A message in fragments of one byte.
fn of_fragments(count: usize) {
    let messages = (FRAGMENTS / count).max(1);
    let units = messages * count;
    let payload = placed(&Payload::Binary.bytes(count));
    let wire = in_frames(Role::Server, payload, 1).repeat(messages);
    decode_cell(&format!("fragments/decode, in pieces/{count}"), Role::Server, &wire, READ, units);

    let (input, joined) = (memory(wire.len()), memory(count));
    let mut ws = open(Role::Server);
    cell(&format!("fragments/decode, joined by Collector/{count}"), units, |meter| {
        input.copy_from_slice(&wire);
        meter.measure(&mut || {
            let (mut start, mut seen) = (0, 0);
            while let Some(event) = {
                let received = ws.receive(NOW, &mut input[start..], &mut [0; 131]).expect("room");
                start += received.consumed;
                received.event
            } {
                let Event::Data(data) = event else { panic!("{event:?}") };
                if let Some(message) = Collector::new(joined).collect(data).expect("room") {
                    seen += black_box(message).len();
                }
            }
            assert_eq!(seen, units);
        });
    });

    let mut ws = Buffered::new(open(Role::Server), memory(READ + 131), memory(1024)).join_in(joined);
    cell(&format!("fragments/decode, joined by Buffered/{count}"), units, |meter| {
        meter.measure(&mut || {
            let mut seen = 0;
            for read in wire.chunks(READ) {
                ws.space().expect("room")[..read.len()].copy_from_slice(read);
                ws.filled(read.len(), NOW);
                while let Some((event, _)) = ws.next(NOW).expect("room") {
                    let Event::Data(data) = event else { panic!("{event:?}") };
                    seen += black_box(data.payload).len();
                }
            }
            assert_eq!(seen, units);
        });
    });

    for (side, role) in [("server", Role::Server), ("client", Role::Client)] {
        let (mut ws, output) = (open(role), memory(1 + HEADER));
        cell(&format!("fragments/encode, {side}/{count}"), units, |meter| {
            meter.measure(&mut || (0..messages).for_each(|_| send_in_frames(&mut ws, payload, 1, output)));
        });
    }
}
