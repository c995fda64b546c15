//! Messages there and back: sizes, kinds, limits, splits, two directions at once.

mod support;

use std::io::Write;
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use sansocket_std::sansocket::ProtocolError;
use sansocket_std::{CloseCode, Config, Error, Message};
use support::{client, masked, noise, pair, rest, server, unmasked, within};

static CONFIG: Config = Config::new();

#[test]
fn messages_of_every_length_form_come_back() {
    let (mut client, mut server) = pair(&CONFIG, &CONFIG);
    let echo = thread::spawn(move || {
        let mut buffer = Vec::new();
        while let Some(message) = server.read_into(&mut buffer).unwrap() {
            server.send(message).unwrap();
        }
    });
    let bytes = noise(3 << 20);
    let text = "Grüße 😀 ".repeat(50_000);
    for len in [0, 1, 125, 126, 16_239, 16_240, 16_384, 65_535, 65_536, 3 << 20] {
        client.send(&bytes[..len]).unwrap();
        assert_eq!(client.read().unwrap(), Some(Message::Binary(&bytes[..len])), "{len} bytes");
    }
    for text in ["", "a", "Grüße", &text] {
        client.send(text).unwrap();
        assert_eq!(client.read().unwrap(), Some(Message::Text(text)));
    }
    client.close(CloseCode::NORMAL_CLOSURE, "so long").unwrap();
    echo.join().unwrap();
}

#[test]
fn whatever_looks_like_text_or_bytes_can_be_sent() {
    let (mut client, mut server) = pair(&CONFIG, &CONFIG);
    client.send("literal").unwrap();
    client.send(&String::from("string")).unwrap();
    client.send(b"array").unwrap();
    client.send(&vec![1, 2]).unwrap();
    client.send(&[3, 4][..]).unwrap();
    client.send(Message::Text("message")).unwrap();
    for text in ["literal", "string"] {
        assert_eq!(server.read().unwrap(), Some(Message::Text(text)));
    }
    for bytes in [&b"array"[..], &[1, 2], &[3, 4]] {
        assert_eq!(server.read().unwrap(), Some(Message::Binary(bytes)));
    }
    assert_eq!(server.read().unwrap().unwrap().as_bytes(), b"message");
}

#[test]
fn a_message_in_fragments_with_a_ping_between_is_one_and_the_ping_is_answered() {
    let (mut ws, mut raw) = server(&CONFIG);
    raw.write_all(&[masked(0x01, "Grü".as_bytes()), masked(0x89, b"p"), masked(0x80, "ße".as_bytes())].concat()).unwrap();
    assert_eq!(ws.read().unwrap(), Some(Message::Text("Grüße")));
    // The answer has left with that call, not with the next.
    let mut pong = [0; 3];
    raw.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    std::io::Read::read_exact(&mut raw, &mut pong).unwrap();
    assert_eq!(&pong, b"\x8a\x01p");
}

#[test]
fn bytes_that_come_one_at_a_time_are_a_message() {
    let (mut ws, mut raw) = client(&CONFIG, b"");
    let bytes = [unmasked(0x82, &noise(300)), unmasked(0x81, b"end")].concat();
    let sender = thread::spawn(move || {
        for byte in bytes {
            raw.write_all(&[byte]).unwrap();
            thread::sleep(Duration::from_micros(100));
        }
        raw
    });
    assert_eq!(ws.read().unwrap(), Some(Message::Binary(&noise(300))));
    assert_eq!(ws.read().unwrap(), Some(Message::Text("end")));
    sender.join().unwrap();
}

#[test]
fn what_comes_with_the_101_is_read() {
    let (mut ws, _raw) = client(&CONFIG, &[unmasked(0x81, b"at"), unmasked(0x81, b"once")].concat());
    assert_eq!(ws.read().unwrap(), Some(Message::Text("at")));
    assert_eq!(ws.read().unwrap(), Some(Message::Text("once")));
}

/// The limit is the configuration's: n passes and n + 1 is told 1009, in one frame and in many.
#[test]
fn a_message_of_the_limit_passes_and_one_byte_more_does_not() {
    static LIMITED: Config = Config::new().max_message_len(100_000);
    for piece in [100_001, 40_000] {
        for len in [100_000, 100_001] {
            let (mut ws, raw) = server(&LIMITED);
            let bytes = noise(len);
            let pieces: Vec<_> = bytes.chunks(piece).collect();
            let frames: Vec<_> = (0..pieces.len())
                .map(|at| {
                    let (first, fin) = (if at == 0 { 2 } else { 0 }, u8::from(at + 1 == pieces.len()) << 7);
                    masked(fin | first, pieces[at])
                })
                .collect();
            let mut sender = raw.try_clone().unwrap();
            let sender = thread::spawn(move || {
                sender.write_all(&frames.concat()).and_then(|()| sender.shutdown(std::net::Shutdown::Write))
            });
            let received = rest(raw);
            match ws.read() {
                Ok(message) => assert_eq!((len, message), (100_000, Some(Message::Binary(&bytes)))),
                Err(Error::Protocol(error)) => assert_eq!((len, error), (100_001, ProtocolError::MessageTooLong)),
                other => panic!("{other:?}"),
            }
            drop(ws);
            sender.join().unwrap().ok();
            let close = b"\x88\x02\x03\xf1";
            assert_eq!(received.join().unwrap().ends_with(close), len > 100_000);
        }
    }
}

/// A frame that only says how long it is takes no memory.
#[test]
fn a_declared_length_is_not_allocated() {
    static LARGE: Config = Config::new().max_message_len(1 << 60);
    let (mut ws, mut raw) = server(&LARGE);
    raw.write_all(&[&b"\x82\xff\x0f\xff\xff\xff\xff\xff\xff\xff\0\0\0\0"[..], b"a few bytes"].concat()).unwrap();
    assert!(!ws.ready_within(Duration::from_millis(100)).unwrap());
}

/// Both send far more than the sockets keep before either reads.
#[test]
fn two_peers_that_send_at_the_same_time_do_not_block_each_other() {
    within(Duration::from_secs(60), || {
        let (client, server) = pair(&CONFIG, &CONFIG);
        let ends = [client, server].map(|mut ws| {
            thread::spawn(move || {
                let bytes = noise(4 << 20);
                ws.send(&bytes).unwrap();
                ws.send("after").unwrap();
                assert!(ws.read().unwrap() == Some(Message::Binary(&bytes)));
                assert_eq!(ws.read().unwrap(), Some(Message::Text("after")));
                ws.close(CloseCode::NORMAL_CLOSURE, "").unwrap();
            })
        });
        ends.into_iter().for_each(|end| end.join().unwrap());
    });
}

/// A message and a Close that arrive while another message is being sent wait for their turn.
#[test]
fn a_close_does_not_overtake_messages_during_a_send() {
    let (mut ws, mut raw) = server(&CONFIG);
    let peer = thread::spawn(move || {
        thread::sleep(Duration::from_millis(200));
        raw.write_all(&[masked(0x81, b"one"), masked(0x81, b"two")].concat()).unwrap();
        thread::sleep(Duration::from_millis(100));
        raw.write_all(&masked(0x88, b"\x03\xe8")).unwrap();
        thread::sleep(Duration::from_millis(100));
        raw.shutdown(std::net::Shutdown::Write).unwrap();
        rest(raw).join().unwrap()
    });
    let bytes = noise(4 << 20);
    ws.send(&bytes).unwrap();
    assert_eq!(ws.read().unwrap(), Some(Message::Text("one")));
    ws.send("an answer").unwrap();
    assert_eq!(ws.read().unwrap(), Some(Message::Text("two")));
    ws.send("another").unwrap();
    assert_eq!(ws.read().unwrap(), None);
    let received = peer.join().unwrap();
    assert!(received.len() > bytes.len() && received.ends_with(b"\x81\x09an answer\x81\x07another\x88\x02\x03\xe8"));
}

/// A message that waits in place, seen by `ready_within`, is still there after a send that had to read.
#[test]
fn a_message_that_waits_survives_a_send() {
    let (mut ws, raw) = server(&CONFIG);
    let mut sender = raw.try_clone().unwrap();
    sender.write_all(&masked(0x81, b"waits")).unwrap();
    assert!(ws.ready_within(Duration::from_secs(5)).unwrap());
    sender.write_all(&masked(0x81, b"next")).unwrap();
    let reader = thread::spawn(move || {
        thread::sleep(Duration::from_millis(200));
        rest(raw)
    });
    ws.send(&noise(4 << 20)).unwrap();
    assert_eq!(ws.read().unwrap(), Some(Message::Text("waits")));
    assert_eq!(ws.read().unwrap(), Some(Message::Text("next")));
    drop(ws);
    reader.join().unwrap().join().unwrap();
}

#[test]
fn a_wait_that_ends_in_the_middle_of_a_message_loses_nothing() {
    let (mut ws, mut raw) = server(&CONFIG);
    let bytes = masked(0x82, &noise(1_000));
    for piece in bytes.chunks(300) {
        assert!(!ws.ready_within(Duration::from_millis(20)).unwrap());
        raw.write_all(piece).unwrap();
    }
    assert!(ws.ready_within(Duration::from_secs(5)).unwrap());
    assert!(ws.ready_within(Duration::ZERO).unwrap());
    assert_eq!(ws.read().unwrap(), Some(Message::Binary(&noise(1_000))));
    assert!(!ws.ready_within(Duration::ZERO).unwrap());
}

/// What the program does next.
#[derive(Clone, Copy, Debug)]
enum Step {
    Wait(u64),
    Read,
    ReadInto,
    Send(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        3 => (0..4_u64).prop_map(Step::Wait),
        2 => Just(Step::Read),
        2 => Just(Step::ReadInto),
        1 => (0..2_000_usize).prop_map(Step::Send),
    ];
    vec(step, 1..40)
}

/// Frames with these payloads, some of them fragments, and the messages that they are.
fn frames(pieces: &[(usize, bool, bool)]) -> (Vec<u8>, Vec<Vec<u8>>) {
    let (mut wire, mut messages, mut message, mut is_inside) = (Vec::new(), Vec::new(), Vec::new(), false);
    for (at, &(len, fin, has_ping)) in pieces.iter().enumerate() {
        let fin = fin || at + 1 == pieces.len();
        let payload: Vec<_> = noise(len + at).split_off(at);
        wire.extend(masked(u8::from(fin) << 7 | if is_inside { 0 } else { 2 }, &payload));
        message.extend(payload);
        is_inside = !fin;
        if fin {
            messages.push(std::mem::take(&mut message));
        }
        if has_ping {
            wire.extend(masked(0x89, b"ping"));
        }
    }
    (wire, messages)
}

fn write_in_pieces(mut raw: TcpStream, wire: &[u8], cuts: &[usize]) {
    let mut rest = wire;
    for cut in cuts.iter().cycle() {
        let (piece, after) = rest.split_at((*cut).min(rest.len()));
        raw.write_all(piece).unwrap();
        rest = after;
        if rest.is_empty() {
            break;
        }
        thread::sleep(Duration::from_micros(u64::try_from(cut % 3).unwrap() * 300));
    }
    raw.shutdown(std::net::Shutdown::Write).unwrap();
}

/// Unmasked frames: their first bytes and the lengths of their payloads.
fn parse(mut wire: &[u8]) -> Vec<(u8, usize)> {
    let mut frames = Vec::new();
    while let [first, len, rest @ ..] = wire {
        let (len, rest) = match (len, rest) {
            (126, [a, b, rest @ ..]) => (usize::from(u16::from_be_bytes([*a, *b])), rest),
            (len @ 0..=125, rest) => (usize::from(*len), rest),
            _ => panic!("a frame with the length {len}"),
        };
        frames.push((*first, len));
        wire = &rest[len..];
    }
    frames
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, max_shrink_iters: 200, ..ProptestConfig::default() })]

    /// However the bytes are split, whenever a wait ends, and whatever is sent between: each message comes once, whole and in order.
    #[test]
    fn splits_and_timeouts_lose_and_repeat_nothing(
        pieces in vec((prop_oneof![0..10_usize, 100..140_usize, 0..40_000_usize], any::<bool>(), any::<bool>()), 1..12),
        cuts in vec(prop_oneof![1..20_usize, 100..5_000_usize, 10_000..60_000_usize], 1..12),
        steps in steps(),
    ) {
        let (wire, expected) = frames(&pieces);
        let (mut ws, raw) = server(&CONFIG);
        let reader = rest(raw.try_clone().unwrap());
        let writer = thread::spawn(move || write_in_pieces(raw, &wire, &cuts));
        let (mut messages, mut buffer, mut sent) = (Vec::new(), Vec::new(), Vec::new());
        for step in steps.iter().chain([&Step::Read]).cycle() {
            let read = match *step {
                Step::Wait(millis) => {
                    ws.ready_within(Duration::from_millis(millis)).unwrap();
                    continue;
                }
                Step::Send(len) => {
                    match ws.send(&vec![7; len]) {
                        Ok(()) => sent.push((0x82, len)),
                        // A wait has seen the end, which comes after all messages.
                        Err(error) => prop_assert!(matches!(error, Error::Closed) && messages == expected),
                    }
                    continue;
                }
                Step::Read => ws.read(),
                Step::ReadInto => ws.read_into(&mut buffer),
            };
            let Ok(message) = read else { break };
            messages.push(message.unwrap().as_bytes().to_vec());
        }
        prop_assert!(messages == expected);
        drop(ws);
        writer.join().unwrap();
        let (pongs, others): (Vec<_>, Vec<_>) = parse(&reader.join().unwrap()).into_iter().partition(|&(first, _)| first == 0x8A);
        prop_assert_eq!(pongs, vec![(0x8A, 4); pieces.iter().filter(|piece| piece.2).count()]);
        prop_assert_eq!(others, sent);
    }
}
