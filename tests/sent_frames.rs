//! §5.3, §6.1, §8.1: what every call that sends does, in every state: keys, states, text. Random walks through whole connections, and an
//! entropy source that remembers its draws.
mod property;
mod support;

use core::cell::{Cell, RefCell};
use std::rc::Rc;

use property::{bytes, fin, one_of, property, role, weighted};
use proptest::collection::vec;
use proptest::prelude::*;
use sansocket::{
    CallError, CloseCode, Config, Connection, Entropy, EntropyError, MessageKind, Negotiated, Role, State, UsageError,
};
#[cfg(feature = "deflate")]
use sansocket::{Compressor, DeflateParams, Level};
use support::frames::*;
use support::http::{head, request_with, response_with};
use support::{AMPLE, DEFAULT, ROLES, ms};

/// Four bytes that are never the same, repeated; every draw is kept.
#[derive(Clone, Default)]
struct Drawn(Rc<RefCell<Vec<Vec<u8>>>>);

impl Drawn {
    fn count(&self) -> usize {
        self.0.borrow().len()
    }

    fn since(&self, count: usize) -> Vec<Vec<u8>> {
        self.0.borrow()[count..].to_vec()
    }
}

impl Entropy for Drawn {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        let draws = &mut *self.0.borrow_mut();
        // The factor is odd, so no two products are alike.
        let four = (draws.len() as u32 + 1).wrapping_mul(0x9E37_79B1).to_be_bytes();
        bytes.iter_mut().zip(four.iter().cycle()).for_each(|(byte, drawn)| *byte = *drawn);
        draws.push(bytes.to_vec());
        Ok(())
    }
}

type Conn<'c> = Connection<'c, Drawn>;

const ROOM: usize = 600;

/// A step of a walk.
#[derive(Clone, Debug)]
struct Step {
    /// How long after the one before it.
    pause: u64,
    call: Call,
}

#[derive(Clone, Debug)]
enum Call {
    SendText {
        len: usize,
    },
    /// The start of a message of this kind, or its continuation if one is unfinished.
    Send {
        kind: MessageKind,
        len: usize,
        fin: bool,
    },
    Ping {
        len: usize,
    },
    Pong {
        len: usize,
    },
    Close,
    CloseWithoutRoom,
    Fail,
    Timeout,
    /// What a frame with this first byte carries.
    Frame(u8, Vec<u8>),
    Noise([u8; 8]),
}

/// The kinds of calls whose frames are counted.
const CALLS: usize = 8;

/// One draw chooses the kind of call, others its arguments: so steps are fast to make, and there are many.
fn calls() -> impl Strategy<Value = Call> {
    type Make = fn(usize, bool, u64) -> Call;
    let kinds: [(usize, Make); 21] = [
        (32, |_, _, _| Call::Timeout),
        (8, |len, _, _| Call::SendText { len }),
        (12, |len, fin, _| Call::Send { kind: MessageKind::Text, len, fin }),
        (12, |len, fin, _| Call::Send { kind: MessageKind::Binary, len, fin }),
        (16, |len, _, _| Call::Ping { len }),
        (8, |len, _, _| Call::Pong { len }),
        (2, |_, _, _| Call::Close),
        (6, |_, _, _| Call::CloseWithoutRoom),
        (1, |_, _, _| Call::Fail),
        (26, |len, _, _| Call::Frame(FIN | PING, vec![b'x'; len])),
        (10, |len, _, _| Call::Frame(FIN | PONG, vec![b'x'; len])),
        (16, |len, _, _| Call::Frame(FIN | BINARY, vec![b'x'; len])),
        (2, |_, _, _| Call::Frame(FIN | CLOSE, 1000_u16.to_be_bytes().to_vec())),
        (1, |_, _, _| Call::Frame(FIN | CLOSE, 1003_u16.to_be_bytes().to_vec())),
        (3, |_, _, _| Call::Frame(FIN | CLOSE, Vec::new())),
        (1, |len, _, _| Call::Frame(FIN | 3, vec![0xFF, len as u8])),
        (1, |len, _, _| Call::Frame(FIN | 0x40 | BINARY, vec![0xFF, len as u8])),
        (1, |len, _, _| Call::Frame(PING, vec![0xFF, len as u8])),
        (1, |len, _, _| Call::Frame(FIN | CONTINUATION, vec![0xFF, len as u8])),
        (1, |len, _, _| Call::Frame(FIN | TEXT, vec![0xFF, len as u8])),
        (3, |_, _, noise| Call::Noise(noise.to_be_bytes())),
    ];
    (weighted(&kinds), 0_usize..60, fin(), any::<u64>()).prop_map(|(make, len, fin, noise)| make(len, fin, noise))
}

/// Takes a step: which of `CALLS` it was, and what was written, nothing if the call was refused.
fn walk(step: &Step, conn: &mut Conn<'_>, now: u64, unfinished: &mut Option<MessageKind>, out: &mut [u8]) -> (usize, usize) {
    let text = "x".repeat(60);
    let (call, written) = match step.call {
        Call::SendText { len } => (0, conn.send_text(&text[..len], out)),
        Call::Send { kind, len, fin } => {
            let kind = unfinished.unwrap_or(kind);
            let result = conn.send(kind, &text.as_bytes()[..len], fin, out);
            if result.is_ok() {
                *unfinished = (!fin).then_some(kind);
            }
            (1, result)
        }
        Call::Ping { len } => (2, conn.ping(&text.as_bytes()[..len], out)),
        Call::Pong { len } => (3, conn.pong(&text.as_bytes()[..len], out)),
        Call::Close => (4, conn.close(Some(CloseCode::GOING_AWAY), "bye", ms(now), out)),
        Call::CloseWithoutRoom => (4, conn.close(None, "", ms(now), &mut [])),
        Call::Fail => (5, conn.fail(CloseCode::POLICY_VIOLATION, ms(now), out)),
        Call::Timeout => (6, Ok(conn.handle_timeout(ms(now), out).produced)),
        Call::Frame(first, ref payload) => (7, Ok(receive(conn, now, frame_to(conn.role(), first, payload), out))),
        Call::Noise(bytes) => (7, Ok(receive(conn, now, bytes.to_vec(), out))),
    };
    (call, written.unwrap_or(0))
}

/// One event for one answer; what is left over of a frame is left out.
fn receive(conn: &mut Conn<'_>, now: u64, mut input: Vec<u8>, out: &mut [u8]) -> usize {
    let (mut consumed, mut produced) = (0, 0);
    while let Ok(received) = conn.receive(ms(now), &mut input[consumed..], &mut out[produced..]) {
        consumed += received.consumed;
        produced += received.produced;
        if received.event.is_none() {
            break;
        }
    }
    produced
}

/// F-01, F-03, F-10, F-20, F-28, B-27, C-01: random walks of both roles through sending, control frames, automatic Pongs and Closes, failures, keepalive
/// and idle deadlines. Every frame of a client has the four bytes that the very call that wrote it drew; each draw is used once,
/// and a call that writes nothing draws nothing; a server draws nothing. After our Close no data, no Ping and no second Close leaves.
#[test]
fn every_frame_has_the_key_that_its_call_drew() {
    let config = DEFAULT.keepalive_interval_ms(50).pong_timeout_ms(5_000).idle_timeout_ms(400).closing_timeout_ms(1_000);
    let by_call = [const { Cell::new(0) }; CALLS];
    let by_opcode = [const { Cell::new(0) }; 16];
    let role = one_of(&[Role::Client, Role::Client, Role::Client, Role::Server]);
    let pause = prop_oneof![5 => 0_u64..30, 1 => 0_u64..500];
    let step = (pause, calls()).prop_map(|(pause, call)| Step { pause, call });
    property(1_500, (role, vec(step, 0..80)), |(role, steps)| {
        let entropy = Drawn::default();
        let mut conn = Connection::open(role, &config, entropy.clone(), Negotiated::NOTHING, ms(0));
        let (mut now, mut unfinished, mut has_closed) = (0, None, false);
        for step in &steps {
            now += step.pause;
            let before = entropy.count();
            let mut out = [0xA5; ROOM];
            let (call, written) = walk(step, &mut conn, now, &mut unfinished, &mut out);
            assert!(out[written..].iter().all(|&byte| byte == 0xA5), "{step:?} wrote past the length that it returned");
            let frames = written_by(role, &out[..written]);
            let drawn = entropy.since(before);
            match role {
                Role::Server => assert!(drawn.is_empty()),
                Role::Client => {
                    let used: Vec<_> = frames.iter().map(|frame| frame.key.unwrap().to_vec()).collect();
                    assert_eq!(used, drawn, "{step:?}");
                }
            }
            by_call[call].set(by_call[call].get() + frames.len());
            for frame in frames {
                let opcode = frame.first & 15;
                assert!(!has_closed || opcode == PONG, "{:02x} after our Close, by {step:?}", frame.first);
                has_closed |= opcode == CLOSE;
                let count = &by_opcode[usize::from(opcode)];
                count.set(count.get() + 1);
            }
        }
    });
    assert!(by_call.iter().all(|count| count.get() > 20), "{by_call:?}");
    assert!(
        [CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG].iter().all(|&opcode| by_opcode[usize::from(opcode)].get() > 100),
        "{by_opcode:?}"
    );
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
        let entropy = Drawn::default();
        let mut conn = Connection::open(Role::Client, &DEFAULT, entropy.clone(), Negotiated::NOTHING, ms(0));
        // Law 7: `receive` asks for the room that any answer needs.
        let needed = if len == 9 { AMPLE } else { len };
        for room in 0..needed {
            assert_eq!(verb(&mut conn, &mut vec![0; room]), Err(CallError::NeedsRoom { bytes: needed }));
            assert_eq!(entropy.count(), 0);
        }
        assert_eq!(verb(&mut conn, &mut vec![0; needed]), Ok(len));
        assert_eq!(entropy.since(0).iter().map(Vec::len).collect::<Vec<_>>(), [4]);
    }
}

/// F-10, F-20, B-27, C-01: frames of compressed messages, in the smallest pieces: a key of its own for each, and none without a
/// frame; after our Close nothing of a message leaves.
#[cfg(feature = "deflate")]
#[test]
fn every_compressed_frame_has_the_key_that_its_call_drew() {
    let negotiated = Negotiated::NOTHING.with_deflate(DeflateParams::DEFAULT);
    let payload = prop_oneof![(0_usize..400).prop_map(|len| vec![b'x'; len]), bytes(0..400)];
    let rooms = vec(20_usize..80, 1..20);
    property(200, (vec((payload, fin()), 0..12), rooms), |(fragments, rooms)| {
        let entropy = Drawn::default();
        let mut conn = Connection::open(Role::Client, &DEFAULT, entropy.clone(), negotiated, ms(0));
        let mut memory = vec![0; Compressor::memory_len(9, Level::Fast).unwrap()];
        let mut compressor = Compressor::new(9, Level::Fast, &mut memory).unwrap();
        let mut rooms = rooms.into_iter().cycle();
        for (payload, fin) in fragments {
            let (mut from, mut least) = (0, 0);
            loop {
                let before = entropy.count();
                let mut out = vec![0; rooms.next().unwrap().max(least)];
                let result = conn.send_with(&mut compressor, MessageKind::Binary, &payload[from..], fin, &mut out);
                let Ok(sent) = result else {
                    assert!(out.len() < 32 && result == Err(CallError::NeedsRoom { bytes: 32 }), "{result:?}");
                    assert_eq!(entropy.count(), before);
                    least = 32;
                    continue;
                };
                least = 0;
                let frames = written_by(Role::Client, &out[..sent.produced]);
                let drawn = entropy.since(before);
                // A call that takes payload and writes no frame yet may draw; that key is never seen.
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
    });
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
        ("failed after our Close", fed(closing(), frame_to(role, 0x83, b""))),
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
        let entropy = Drawn::default();
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
                // K-12: `close` ends it at once.
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

/// A fragment of text.
#[derive(Clone, Debug)]
struct Fragment {
    /// As many bytes, or all that are left.
    len: usize,
    /// Whether it is sent by `send_header`, as a server can.
    by_header: bool,
    /// What is tried before it, if it is not UTF-8 there: the bytes, `fin`, and whether by `send_header`.
    tries: Vec<(Vec<u8>, bool, bool)>,
}

/// C-23, C-02: random texts in random fragments, by every call that sends bytes as text, with random bad fragments tried in between: refused
/// if and only if core says that the message cannot be UTF-8 with them; then nothing is written, and the message continues.
#[test]
fn random_fragments_of_text_are_judged_as_by_core() {
    let character =
        one_of(&['a', '\u{7f}', '\u{80}', '\u{7ff}', '\u{800}', '\u{d7ff}', '\u{e000}', '\u{ffff}', '\u{10000}', '\u{10ffff}']);
    let text = vec(character, 1..13).prop_map(String::from_iter);
    let fragment = (1_usize..24, any::<bool>(), vec((bytes(1..4), any::<bool>(), any::<bool>()), 0..4))
        .prop_map(|(len, by_header, tries)| Fragment { len, by_header, tries });
    let is_compressed = prop::bool::weighted(if cfg!(feature = "deflate") { 0.33 } else { 0. });
    let counts = [const { Cell::new(0) }; 2];
    // The fragments are taken again and again.
    property(3_000, (role(), is_compressed, text, vec(fragment, 1..6)), |(role, is_compressed, text, fragments)| {
        let negotiated = Negotiated::NOTHING;
        #[cfg(feature = "deflate")]
        let negotiated = negotiated.with_deflate(DeflateParams::DEFAULT);
        #[cfg(feature = "deflate")]
        let mut memory = vec![0; Compressor::memory_len(9, Level::Fast).unwrap()];
        #[cfg(feature = "deflate")]
        let mut compressor = Compressor::new(9, Level::Fast, &mut memory).unwrap();
        let mut conn = Connection::open(role, &DEFAULT, Drawn::default(), negotiated, ms(0));
        let text = text.as_bytes();
        let mut from = 0;
        for fragment in fragments.iter().cycle() {
            let to = text.len().min(from + fragment.len);
            let mut tries = fragment.tries.clone();
            // The rest with its last byte cut off, as an end.
            tries.push((text[from..to].split_last().unwrap().1.to_vec(), true, fragment.by_header));
            tries.retain(|(bytes, fin, _)| {
                let (possible, complete) = utf8(&[&text[..from], bytes].concat());
                !possible || *fin && !complete
            });
            tries.push((text[from..to].to_vec(), to == text.len(), fragment.by_header));
            let last = tries.len() - 1;
            for (i, (bytes, fin, by_header)) in tries.into_iter().enumerate() {
                let mut out = [0xA5; 200];
                let result = match (is_compressed, role == Role::Server && by_header) {
                    #[cfg(feature = "deflate")]
                    (true, _) => conn.send_with(&mut compressor, MessageKind::Text, &bytes, fin, &mut out).map(|sent| {
                        assert!(sent.done && sent.consumed == bytes.len());
                        sent.produced
                    }),
                    (_, true) => conn.send_header(MessageKind::Text, &bytes, fin, &mut out),
                    _ => conn.send(MessageKind::Text, &bytes, fin, &mut out),
                };
                let count = &counts[usize::from(i == last)];
                count.set(count.get() + 1);
                if i == last {
                    assert!(result.is_ok(), "{result:?}, {bytes:02x?} after {:02x?}", &text[..from]);
                } else {
                    assert_eq!(result, Err(UsageError::InvalidUtf8.into()), "{bytes:02x?} after {:02x?}", &text[..from]);
                    assert_eq!(out, [0xA5; 200], "a refused call wrote");
                }
            }
            from = to;
            if from == text.len() {
                break;
            }
        }
        // The message is over: another may start.
        assert!(conn.send_text("next", &mut [0; 20]).is_ok());
    });
    assert!(counts.iter().all(|count| count.get() > 5_000), "{counts:?}");
}
