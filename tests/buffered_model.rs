//! `Buffered` against the bare `Connection`: random calls, sizes and buffers, events and bytes as those of a plain loop
//! (`support/buffered.rs`).

mod property;
mod support;

use std::cell::Cell;

use property::{bytes, count, one_of, property, role, weighted};
use proptest::collection::vec;
use proptest::prelude::*;
use sansocket::{Config, MessageKind, Role};
use support::Begin;
use support::buffered::{Act, Ev, Mode, Setup, run};
use support::frames::{BINARY, CONTINUATION, FIN, PING, PONG, TEXT, close_to, frame_to};
use support::http::{good_head_to, request_with, response_with};

const KINDS: [MessageKind; 2] = [MessageKind::Binary, MessageKind::Text];

/// Buffers from the smallest on.
fn setup() -> impl Strategy<Value = Setup> {
    let input = prop_oneof![Just(131_usize), 131_usize..400, 131_usize..2000];
    let output = prop_oneof![Just(262_usize), 262_usize..600, 262_usize..3000];
    let mode = prop_oneof![
        Just(Mode::Pieces),
        Just(Mode::Whole),
        (0_usize..600).prop_map(Mode::WholeIn),
        one_of(&[Mode::WholeIn(1), Mode::WholeIn(2000)])
    ];
    (role(), one_of(&[Begin::Open, Begin::Open, Begin::Handshake]), input, output, mode).prop_map(
        |(role, begin, input, output, mode)| {
            // Joined in the input, there has to be room beside the message.
            let input = if mode == Mode::Whole || mode == Mode::WholeIn(0) { input.max(145) } else { input };
            Setup { role, begin, input, output, mode }
        },
    )
}

fn config() -> impl Strategy<Value = Config<'static>> {
    let times = prop_oneof![
        Just(Config::new()),
        (0_u32..3, 0_u32..3, 0_u32..3, 0_u32..3, 0_u32..3).prop_map(|(keepalive, pong, idle, write, handshake)| {
            Config::new()
                .keepalive_interval_ms(keepalive * 40)
                .pong_timeout_ms(pong * 30)
                .idle_timeout_ms(idle * 70)
                .write_timeout_ms(write * 45)
                .handshake_timeout_ms(handshake * 60)
                .closing_timeout_ms(50)
        })
    ];
    (times, any::<bool>(), one_of(&[16 << 20, 300, 1000]), one_of(&[8192, 131, 200]))
        .prop_map(|(config, auto_pong, message, head)| config.auto_pong(auto_pong).max_message_len(message).max_head_len(head))
}

/// A frame or a few; `fin` apart.
#[derive(Clone, Debug)]
enum Sent {
    /// A message in fragments, with a control frame after each.
    Message {
        is_text: bool,
        fragments: Vec<usize>,
        pings: bool,
        is_cut: bool,
    },
    Ping(usize),
    Pong(usize),
    Close(u16, usize),
    Garbage(Vec<u8>),
}

fn sent() -> impl Strategy<Value = Sent> {
    let len = prop_oneof![0_usize..10, 0_usize..200, 0_usize..900];
    let message = (any::<bool>(), vec(len, 1..5), any::<bool>(), weighted(&[(9, false), (1, true)]))
        .prop_map(|(is_text, fragments, pings, is_cut)| Sent::Message { is_text, fragments, pings, is_cut });
    prop_oneof![
        8 => message,
        3 => prop_oneof![Just(125_usize), 0_usize..126].prop_map(Sent::Ping),
        1 => (0_usize..126).prop_map(Sent::Pong),
        1 => (one_of(&[1000, 1001, 1005]), 0_usize..124).prop_map(|(code, len)| Sent::Close(code, len)),
        1 => bytes(1..30).prop_map(Sent::Garbage),
    ]
}

fn wire_of(role: Role, sent: &[Sent]) -> Vec<u8> {
    let mut wire = Vec::new();
    for sent in sent {
        match sent {
            Sent::Message { is_text, fragments, pings, is_cut } => {
                let total: usize = fragments.iter().sum();
                // Whole characters of three bytes, cut anywhere, and ASCII at the end.
                let text = "\u{20ac}".repeat(total / 3) + &"x".repeat(total % 3);
                let payload = if *is_text { text.into_bytes() } else { (0..total).map(|i| i as u8).collect() };
                let mut at = 0;
                for (i, len) in fragments.iter().enumerate() {
                    let opcode = if i > 0 { CONTINUATION } else { [BINARY, TEXT][usize::from(*is_text)] };
                    let fin = if i + 1 == fragments.len() { FIN } else { 0 };
                    wire.extend(frame_to(role, fin | opcode, &payload[at..at + len]));
                    at += len;
                    if *pings {
                        wire.extend(frame_to(role, FIN | PING, &vec![b'P'; (at * 7) % 126]));
                    }
                }
                if *is_cut {
                    wire.truncate(wire.len() - (total / 2).min(wire.len()));
                }
            }
            Sent::Ping(len) => wire.extend(frame_to(role, FIN | PING, &vec![b'x'; *len])),
            Sent::Pong(len) => wire.extend(frame_to(role, FIN | PONG, &vec![0; *len])),
            Sent::Close(code, len) => wire.extend(close_to(role, *code, &vec![b'r'; *len])),
            Sent::Garbage(bytes) => wire.extend(bytes),
        }
    }
    wire
}

/// A good head, or another.
fn head() -> impl Strategy<Value = u8> {
    weighted(&[(12, 0_u8), (1, 1), (1, 2), (1, 3), (1, 4)])
}

fn head_of(role: Role, which: u8) -> Vec<u8> {
    match (which, role) {
        (1, Role::Server) => b"GET /page HTTP/1.1\r\nHost: a\r\n\r\n".into(),
        (1, Role::Client) => [b"HTTP/1.1 404 Not Found\r\nContent-Length: 700\r\n\r\n", &[b'b'; 700][..]].concat(),
        (2, Role::Server) => request_with(&[&format!("Cookie: {}", "c".repeat(1000))]),
        (2, Role::Client) => response_with(&[&format!("Set-Cookie: {}", "c".repeat(1000))]),
        (3, Role::Server) => b"GET\r\n\r\n".into(),
        (3, Role::Client) => [b"HTTP/1.1 103 Early\r\nLink: x\r\n\r\n", &response_with(&[])[..]].concat(),
        (4, Role::Client) => {
            [&b"HTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n"[..], b"HTTP/1.1 503 No\r\n\r\nbody"].concat()
        }
        (4, Role::Server) => [b"\r\n", &request_with(&[])[..]].concat(),
        _ => good_head_to(role),
    }
}

fn size() -> impl Strategy<Value = usize> {
    prop_oneof![Just(usize::MAX), 0_usize..8, 0_usize..300]
}

fn act() -> impl Strategy<Value = Act> {
    let len = || prop_oneof![0_usize..10, 0_usize..130, 0_usize..1200];
    prop_oneof![
        6 => one_of(&[Act::NextAll, Act::NextAll, Act::Next, Act::Accept, Act::Filled, Act::Filled]),
        4 => size().prop_map(Act::Read),
        4 => size().prop_map(Act::Written),
        2 => (one_of(&KINDS), len()).prop_map(|(kind, len)| Act::Send { kind, len }),
        3 => (one_of(&KINDS), len(), any::<bool>()).prop_map(|(kind, len, fin)| Act::Part { kind, len, fin }),
        3 => (one_of(&KINDS), len(), any::<bool>(), len()).prop_map(|(kind, len, fin, at_once)| Act::PartBy { kind, len, fin, at_once }),
        2 => prop_oneof![Just(0_i64), 0_i64..100, -50_i64..50, 0_i64..30_000].prop_map(Act::Time),
        3 => one_of(&[
            Act::Waited, Act::Waited, Act::Scribble, Act::Detach, Act::Detach, Act::Turn, Act::Turn, Act::Pause, Act::Resume,
            Act::Resume, Act::Offer, Act::Entropy(true), Act::Entropy(false), Act::Fail(1005),
        ]),
        1 => prop_oneof![
            (0_usize..127).prop_map(Act::Ping),
            (0_usize..127).prop_map(Act::Pong),
            (0_usize..400).prop_map(Act::SendEncoded),
            (0_usize..400).prop_map(Act::Discard),
        ],
        1 => weighted(&[
            (4, Act::Waited), (1, Act::Close(1000, 3)), (1, Act::Close(0, 0)), (1, Act::Close(1000, 124)), (1, Act::Fail(1011)),
            (1, Act::Respond(0)), (1, Act::Respond(300)), (1, Act::Eof), (1, Act::WriteFailed),
        ]),
    ]
}

/// The oracle over everything.
#[test]
fn buffered_does_what_a_plain_loop_does() {
    let (messages, closes, faults) = (Cell::new(0), Cell::new(0), Cell::new(0));
    let input = (setup(), config(), vec(act(), 0..60), head(), vec(sent(), 0..8));
    property(CASES, input, |(setup, config, acts, head, sent)| {
        let mut wire = if setup.begin == Begin::Handshake { head_of(setup.role, head) } else { Vec::new() };
        wire.extend(wire_of(setup.role, &sent));
        for event in run(setup, &config, &wire, &acts) {
            match event {
                Ev::Data { .. } => count(&messages),
                Ev::CloseReceived(..) => count(&closes),
                Ev::Failed(_) => count(&faults),
                _ => {}
            }
        }
    });
    for (what, met) in [("messages", messages), ("closes", closes), ("faults", faults)] {
        assert!(met.get() > CASES / 40, "only {} {what}", met.get());
    }
}

const CASES: u32 = 2_000;
