//! §5.3, §6.1, §8.1: what every call that sends does, in every state: keys, states, text. Random walks through whole connections, and an
//! entropy source that keeps what it gave.
mod support;

use core::cell::RefCell;
use std::collections::HashSet;
use std::rc::Rc;

use sansocket::{
    CallError, CloseCode, Config, Connection, Entropy, EntropyError, MessageKind, Negotiated, Role, State, UsageError,
};
#[cfg(feature = "deflate")]
use sansocket::{Compressor, DeflateParams};
use support::frames::*;
use support::http::{head, request_with, response_with};
use support::rng::Rng;
use support::{AMPLE, DEFAULT, ROLES, ms};

/// Random bytes; every draw is kept.
#[derive(Clone)]
struct Drawn(Rc<RefCell<(Rng, Vec<Vec<u8>>)>>);

impl Drawn {
    fn new(seed: u64) -> Self {
        Self(Rc::new(RefCell::new((Rng::new(seed), Vec::new()))))
    }

    fn count(&self) -> usize {
        self.0.borrow().1.len()
    }

    fn since(&self, count: usize) -> Vec<Vec<u8>> {
        self.0.borrow().1[count..].to_vec()
    }
}

impl Entropy for Drawn {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        let (rng, draws) = &mut *self.0.borrow_mut();
        bytes.iter_mut().for_each(|byte| *byte = rng.octet());
        draws.push(bytes.to_vec());
        Ok(())
    }
}

type Conn<'c> = Connection<'c, Drawn>;

const ROOM: usize = 600;

/// A random frame to `receiver`, mostly good.
fn incoming(rng: &mut Rng, receiver: Role) -> Vec<u8> {
    let len = rng.below(20);
    let payload = rng.octets(len);
    match rng.below(24) {
        0..=9 => frame_to(receiver, FIN | PING, &payload),
        10..=13 => frame_to(receiver, FIN | PONG, &payload),
        14..=19 => frame_to(receiver, FIN | BINARY, &payload),
        20 => close_to(receiver, 1000 + rng.below(4) as u16, b""),
        21 => frame_to(receiver, FIN | CLOSE, b""),
        22 => frame_to(receiver, rng.pick(&[0x83, 0xC2, 0x09, 0x80, 0x81]), &[0xFF, payload.len() as u8]),
        _ => rng.octets(8),
    }
}

/// One step of a random walk: what was written, and by which of the calls; `None` if the call was refused.
fn step(rng: &mut Rng, conn: &mut Conn<'_>, now: u64, unfinished: &mut Option<MessageKind>, out: &mut [u8]) -> (usize, usize) {
    let len = rng.below(60);
    let payload = rng.octets(len);
    let ascii: String = payload.iter().map(|byte| char::from(byte & 0x7F)).collect();
    let call = rng.below(20);
    let written = match call {
        0 if unfinished.is_none() => conn.send_text(&ascii, out),
        0..=3 => {
            let kind = unfinished.unwrap_or(rng.pick(&[MessageKind::Text, MessageKind::Binary]));
            let fin = rng.one_in(2);
            let result = conn.send(kind, ascii.as_bytes(), fin, out);
            if result.is_ok() {
                *unfinished = (!fin).then_some(kind);
            }
            result
        }
        4 | 5 => conn.ping(&payload, out),
        6 => conn.pong(&payload, out),
        7 if rng.one_in(4) => conn.close(Some(CloseCode::GOING_AWAY), "bye", ms(now), out),
        7 => conn.close(None, "", ms(now), &mut out[..0]),
        8 if rng.one_in(8) => conn.fail(CloseCode::POLICY_VIOLATION, ms(now), out),
        9..=12 => Ok(conn.handle_timeout(ms(now), out).produced),
        _ => {
            let mut input = incoming(rng, conn.role());
            let mut consumed = 0;
            let mut produced = 0;
            // One event for one answer; what is left over of a frame is left out.
            while let Ok(received) = conn.receive(ms(now), &mut input[consumed..], &mut out[produced..]) {
                consumed += received.consumed;
                produced += received.produced;
                if received.event.is_none() {
                    break;
                }
            }
            Ok(produced)
        }
    };
    (call, written.unwrap_or(0))
}

/// F-01, F-03, F-10, F-20, F-28, B-27, C-01: random walks of both roles through sending, control frames, automatic Pongs and Closes, failures, keepalive
/// and idle deadlines. A client's every frame has the four bytes that were drawn by the very call that wrote it, each draw is used, once,
/// and none by a call that wrote nothing; a server draws nothing. Behind our Close no data, no Ping and no second Close leaves.
#[test]
fn every_frame_has_the_key_that_its_call_drew() {
    let config = DEFAULT.keepalive_interval_ms(50).pong_timeout_ms(5_000).idle_timeout_ms(400).closing_timeout_ms(1_000);
    let mut by_call = [0; 20];
    let mut by_opcode = [0; 16];
    let mut keys = HashSet::new();
    let mut frames_of_clients = 0;
    for seed in 0..1_500 {
        let mut rng = Rng::new(seed);
        let role = ROLES[usize::from(seed % 4 == 0)];
        let entropy = Drawn::new(seed + 10_000);
        let mut conn = Connection::open(role, &config, entropy.clone(), Negotiated::NOTHING, ms(0));
        let (mut now, mut unfinished, mut has_closed) = (0, None, false);
        for _ in 0..40 {
            let pause = rng.pick(&[30, 30, 30, 30, 30, 500]);
            now += rng.below(pause) as u64;
            let before = entropy.count();
            let mut out = [0xA5; ROOM];
            let (call, written) = step(&mut rng, &mut conn, now, &mut unfinished, &mut out);
            assert!(out[written..].iter().all(|&byte| byte == 0xA5), "call {call} wrote behind what it said");
            let frames = written_by(role, &out[..written]);
            let drawn = entropy.since(before);
            match role {
                Role::Server => assert!(drawn.is_empty()),
                Role::Client => {
                    let used: Vec<_> = frames.iter().map(|frame| frame.key.unwrap().to_vec()).collect();
                    assert_eq!(used, drawn, "call {call}");
                    frames_of_clients += used.len();
                    keys.extend(used);
                }
            }
            by_call[call] += frames.len();
            for frame in frames {
                let opcode = frame.first & 15;
                assert!(!has_closed || opcode == PONG, "{:02x} behind our Close, by call {call}", frame.first);
                has_closed |= opcode == CLOSE;
                by_opcode[usize::from(opcode)] += 1;
            }
        }
    }
    assert!((0..=13).all(|call| by_call[call] > 20), "{by_call:?}");
    assert!(
        [CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG].iter().all(|&opcode| by_opcode[usize::from(opcode)] > 100),
        "{by_opcode:?}"
    );
    // Random draws of four bytes, so no two of them are alike but by chance.
    assert!(keys.len() + 5 > frames_of_clients, "{} keys for {frames_of_clients} frames", keys.len());
}

/// F-10, F-28, B-27: a call without room draws nothing, with every room from 0 to one too few; the same call then draws once.
#[test]
fn no_key_is_drawn_without_room_for_its_frame() {
    type Verb = fn(&mut Conn<'_>, &mut [u8]) -> Result<usize, CallError>;
    let verbs: [(Verb, usize); 7] = [
        (|conn, out| conn.send_text("text", out), 10),
        (|conn, out| conn.send(MessageKind::Binary, &[7; 130], false, out), 138),
        (|conn, out| conn.ping(b"ping", out), 10),
        (|conn, out| conn.pong(b"", out), 6),
        (|conn, out| conn.close(Some(CloseCode::NORMAL_CLOSURE), "reason", ms(0), out), 14),
        (|conn, out| conn.fail(CloseCode::POLICY_VIOLATION, ms(0), out), 8),
        // An automatic Pong, and the answer to a Close.
        (
            |conn, out| {
                conn.receive(ms(0), &mut frame_to(Role::Client, FIN | PING, b"abc"), out).map(|received| received.produced)
            },
            9,
        ),
    ];
    for (verb, len) in verbs {
        let entropy = Drawn::new(5);
        let mut conn = Connection::open(Role::Client, &DEFAULT, entropy.clone(), Negotiated::NOTHING, ms(0));
        // Law 7: `receive` asks for what any answer takes.
        let needed = if len == 9 { AMPLE } else { len };
        for room in 0..needed {
            assert_eq!(verb(&mut conn, &mut vec![0; room]), Err(CallError::NeedsRoom { octets: needed }));
            assert_eq!(entropy.count(), 0);
        }
        assert_eq!(verb(&mut conn, &mut vec![0; needed]), Ok(len));
        assert_eq!(entropy.since(0).iter().map(Vec::len).collect::<Vec<_>>(), [4]);
    }
}

/// F-10, F-20, B-27, C-01: frames of compressed messages, in pieces as small as they can be: a key of its own for each, and none without a
/// frame; behind our Close nothing of a message leaves.
#[cfg(feature = "deflate")]
#[test]
fn every_compressed_frame_has_the_key_that_its_call_drew() {
    let negotiated = Negotiated::NOTHING.with_deflate(DeflateParams::DEFAULT);
    for seed in 0..200 {
        let mut rng = Rng::new(seed);
        let entropy = Drawn::new(seed + 1);
        let mut conn = Connection::open(Role::Client, &DEFAULT, entropy.clone(), negotiated, ms(0));
        let mut memory = vec![0; Compressor::memory_len(9).unwrap()];
        let mut compressor = Compressor::new(9, &mut memory).unwrap();
        for _ in 0..6 {
            let len = rng.below(400);
            let payload: Vec<u8> = if rng.one_in(2) { rng.octets(len) } else { vec![b'x'; len] };
            let (mut from, fin) = (0, rng.one_in(2));
            loop {
                let before = entropy.count();
                let mut out = vec![0; 20 + rng.below(60)];
                let result = conn.send_with(&mut compressor, MessageKind::Binary, &payload[from..], fin, &mut out);
                let Ok(sent) = result else {
                    assert!(out.len() < 32 && result == Err(CallError::NeedsRoom { octets: 32 }), "{result:?}");
                    assert_eq!(entropy.count(), before);
                    continue;
                };
                let frames = written_by(Role::Client, &out[..sent.produced]);
                let drawn = entropy.since(before);
                // A call that takes payload and writes no frame yet may draw; nobody sees that key.
                assert!(frames.len() <= 1 && drawn.len() <= 1);
                assert!(frames.iter().all(|frame| drawn == [frame.key.unwrap()]));
                from += sent.consumed;
                if sent.done {
                    break;
                }
            }
        }
        conn.close(None, "", ms(0), &mut [0; 10]).unwrap();
        let before = entropy.count();
        let mut out = [0xA5; 100];
        let late = conn.send_with(&mut compressor, MessageKind::Binary, b"late", true, &mut out);
        assert!(!matches!(late, Ok(sent) if sent.produced > 0));
        assert_eq!((out, entropy.count()), ([0xA5; 100], before));
    }
}

/// Every state in which nothing may be sent, by name.
fn closed_states(role: Role, entropy: &Drawn) -> Vec<(&'static str, Conn<'static>)> {
    static CONFIG: Config<'static> = Config::new().closing_timeout_ms(10);
    let fresh = || match role {
        Role::Client => Connection::client(&CONFIG, entropy.clone(), ms(0)),
        Role::Server => Connection::server_with(&CONFIG, entropy.clone(), ms(0)),
    };
    let open = || Connection::open(role, &CONFIG, entropy.clone(), Negotiated::NOTHING, ms(0));
    let fed = |mut conn: Conn<'static>, mut wire: Vec<u8>| {
        let _ = conn.receive(ms(0), &mut wire, &mut [0; AMPLE]).unwrap();
        conn
    };
    let closing = || {
        let mut conn = open();
        conn.close(None, "", ms(0), &mut [0; 20]).unwrap();
        conn
    };
    let failed = || fed(open(), frame_to(role, 0x83, b""));
    let mut by_caller = open();
    by_caller.fail(CloseCode::POLICY_VIOLATION, ms(0), &mut [0; 20]).unwrap();
    let mut ended = open();
    assert!(ended.receive_eof(ms(0)).event.is_some());
    let mut late = closing();
    assert!(late.handle_timeout(ms(10), &mut []).event.is_some());
    let mut states = vec![
        ("fresh", fresh()),
        ("Close sent", closing()),
        ("Close received", fed(open(), close_to(role, 1000, b""))),
        ("Close sent and received", fed(closing(), close_to(role, 1000, b""))),
        ("failed", failed()),
        ("failed behind our Close", fed(closing(), frame_to(role, 0x83, b""))),
        ("failed by the caller", by_caller),
        ("ended", ended),
        ("ended by the deadline", late),
    ];
    match role {
        Role::Client => {
            let asked = || {
                let mut conn = fresh();
                conn.request(&sansocket::ClientRequest::new("h", "/"), ms(0), &mut [0; 300]).unwrap();
                conn
            };
            states.push(("request sent", asked()));
            states.push(("inside the response", fed(asked(), response_with(&[])[..50].to_vec())));
            states.push(("refused", fed(asked(), head(&["HTTP/1.1 404 x"]))));
            states.push(("no response", fed(asked(), b"SSH-2.0\r\n\r\n".to_vec())));
        }
        Role::Server => {
            states.push(("inside the request", fed(fresh(), request_with(&[])[..50].to_vec())));
            states.push(("deciding", fed(fresh(), request_with(&[]))));
            states.push(("no request", fed(fresh(), b"\x16\x03\x01".to_vec())));
            let mut answered = fed(fresh(), request_with(&[]));
            answered.respond(404, &[], b"", ms(0), &mut [0; 300]).unwrap();
            states.push(("answered", answered));
        }
    }
    states
}

/// C-01, F-20, HC-10: every call that sends, in every state but OPEN: not a byte, no draw, no change. (A Pong may follow our Close until the
/// peer's comes, §5.5.2.)
#[test]
fn nothing_is_sent_in_any_state_but_open() {
    type Verb = fn(&mut Conn<'static>, &mut [u8]) -> Result<usize, CallError>;
    let verbs: [(&str, Verb); 14] = [
        ("send_text", |conn, out| conn.send_text("late", out)),
        ("send text", |conn, out| conn.send(MessageKind::Text, b"late", true, out)),
        ("send fragment of text", |conn, out| conn.send(MessageKind::Text, b"late", false, out)),
        ("send", |conn, out| conn.send(MessageKind::Binary, b"late", true, out)),
        ("send nothing", |conn, out| conn.send(MessageKind::Binary, b"", true, out)),
        ("send fragment", |conn, out| conn.send(MessageKind::Binary, b"late", false, out)),
        ("send_header", |conn, out| conn.send_header(MessageKind::Text, b"late", true, out)),
        ("send_header of a fragment", |conn, out| conn.send_header(MessageKind::Binary, b"late", false, out)),
        ("send_binary_header", |conn, out| conn.send_binary_header(4, true, out)),
        ("send_encoded", |conn, _| conn.send_encoded(b"\x81\0").map_err(CallError::from)),
        ("ping", |conn, out| conn.ping(b"late", out)),
        ("pong", |conn, out| conn.pong(b"late", out)),
        ("close", |conn, out| conn.close(None, "", ms(5), out)),
        ("close with a code", |conn, out| conn.close(Some(CloseCode::GOING_AWAY), "late", ms(5), out)),
    ];
    for role in ROLES {
        let entropy = Drawn::new(61);
        for (state, mut conn) in closed_states(role, &entropy) {
            assert_ne!(conn.state(), State::Open, "{state}");
            let look = |conn: &Conn<'_>| {
                (
                    conn.state(),
                    conn.transport(),
                    conn.next_timeout().map(|next| next.as_millis()),
                    conn.close_code(),
                    entropy.count(),
                )
            };
            for (name, verb) in verbs {
                let may_pong = name == "pong" && state == "Close sent";
                // K-12: that ends it at once.
                if name.starts_with("close") && state == "refused" {
                    continue;
                }
                let before = look(&conn);
                for room in [0, 200] {
                    let mut out = vec![0xA5; room];
                    let result = verb(&mut conn, &mut out);
                    if may_pong {
                        continue;
                    }
                    assert!(!matches!(result, Ok(1..)), "{name} when {state}: {result:?}");
                    assert!(out.iter().all(|&byte| byte == 0xA5), "{name} when {state} wrote");
                    assert_eq!(look(&conn), before, "{name} when {state}");
                }
            }
        }
    }
}

/// How far `text` is UTF-8: whether it may still become one, and whether it is one.
fn utf8(text: &[u8]) -> (bool, bool) {
    match core::str::from_utf8(text) {
        Ok(_) => (true, true),
        Err(error) => (error.error_len().is_none(), false),
    }
}

/// C-23, C-02: random texts in random fragments, by every call that sends bytes as text, with random bad fragments tried in between: refused
/// if and only if core says that the message cannot be UTF-8 with them; then nothing is written, and the message goes on.
#[test]
fn random_fragments_of_text_are_judged_as_by_core() {
    let characters =
        ['a', '\u{7f}', '\u{80}', '\u{7ff}', '\u{800}', '\u{d7ff}', '\u{e000}', '\u{ffff}', '\u{10000}', '\u{10ffff}'];
    let mut counts = [0, 0];
    for seed in 0..3_000 {
        let mut rng = Rng::new(seed);
        let role = rng.pick(&ROLES);
        let negotiated = Negotiated::NOTHING;
        #[cfg(feature = "deflate")]
        let negotiated = negotiated.with_deflate(DeflateParams::DEFAULT);
        #[cfg(feature = "deflate")]
        let mut memory = vec![0; Compressor::memory_len(9).unwrap()];
        #[cfg(feature = "deflate")]
        let mut compressor = Compressor::new(9, &mut memory).unwrap();
        let mut conn = Connection::open(role, &DEFAULT, Drawn::new(seed), negotiated, ms(0));
        let compressed = cfg!(feature = "deflate") && rng.one_in(3);
        let text: String = (0..1 + rng.below(12)).map(|_| rng.pick(&characters)).collect();
        let text = text.as_bytes();
        let mut from = 0;
        while from < text.len() {
            let to = from + 1 + rng.below(text.len() - from);
            let mut tries: Vec<_> = (0..rng.below(4))
                .map(|_| {
                    let len = 1 + rng.below(3);
                    (rng.octets(len), rng.one_in(2))
                })
                .collect();
            // The rest with its last byte cut off, as an end.
            tries.push((text[from..to].split_last().unwrap().1.to_vec(), true));
            tries.retain(|(bytes, fin)| {
                let (possible, complete) = utf8(&[&text[..from], bytes].concat());
                !possible || *fin && !complete
            });
            tries.push((text[from..to].to_vec(), to == text.len()));
            let last = tries.len() - 1;
            for (i, (bytes, fin)) in tries.into_iter().enumerate() {
                let mut out = [0xA5; 200];
                let result = match (compressed, role == Role::Server && rng.one_in(2)) {
                    #[cfg(feature = "deflate")]
                    (true, _) => conn.send_with(&mut compressor, MessageKind::Text, &bytes, fin, &mut out).map(|sent| {
                        assert!(sent.done && sent.consumed == bytes.len());
                        sent.produced
                    }),
                    (_, true) => conn.send_header(MessageKind::Text, &bytes, fin, &mut out),
                    _ => conn.send(MessageKind::Text, &bytes, fin, &mut out),
                };
                counts[usize::from(i == last)] += 1;
                if i == last {
                    assert!(result.is_ok(), "{result:?}, {bytes:02x?} behind {:02x?}", &text[..from]);
                } else {
                    assert_eq!(result, Err(UsageError::InvalidUtf8.into()), "{bytes:02x?} behind {:02x?}", &text[..from]);
                    assert_eq!(out, [0xA5; 200], "a refused call wrote");
                }
            }
            from = to;
        }
        // The message is over: another may start.
        assert!(conn.send_text("next", &mut [0; 20]).is_ok());
    }
    assert!(counts.iter().all(|&count| count > 5_000), "{counts:?}");
}
