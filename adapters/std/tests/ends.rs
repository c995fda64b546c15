//! How connections end: closed by one or the other, cut off, given up at a deadline.

mod support;

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use sansocket_std::sansocket::{EndCause, ProtocolError, State, UsageError};
use sansocket_std::{CloseCode, Config, Error, Message};
use support::{client, masked, noise, pair, reset, rest, server, unmasked};

static CONFIG: Config = Config::new();
/// Deadlines of a few hundred milliseconds, and their order.
static HASTY: Config =
    Config::new().closing_timeout_ms(300).write_timeout_ms(400).keepalive_interval_ms(200).pong_timeout_ms(300);

fn lost(ended: Result<Option<Message<'_>>, Error>) -> (EndCause, Option<ErrorKind>) {
    match ended {
        Err(Error::Lost { cause, source, .. }) => (cause, source.map(|source| source.kind())),
        other => panic!("{other:?}"),
    }
}

#[test]
fn either_side_closes_and_both_know_it() {
    for is_client in [true, false] {
        let (client, server) = pair(&CONFIG, &CONFIG);
        let (mut one, mut other) = if is_client { (client, server) } else { (server, client) };
        let closed = thread::spawn(move || {
            one.close(CloseCode(4001), "so long").unwrap();
            assert_eq!(one.read().unwrap(), None);
            assert_eq!(one.close_code(), CloseCode(4001));
            one.close(None, "").unwrap();
            assert!(matches!(one.send("late"), Err(Error::Closed)));
        });
        assert_eq!(other.read().unwrap(), None);
        assert_eq!((other.close_code(), other.close_reason()), (CloseCode(4001), "so long"));
        assert_eq!(other.state(), State::Closed);
        assert!(matches!(other.send("late"), Err(Error::Closed)));
        assert_eq!(other.read().unwrap(), None);
        drop(other);
        closed.join().unwrap();
    }
}

#[test]
fn messages_that_come_after_our_close_can_be_read_or_are_dropped() {
    let after = [unmasked(0x81, b"one"), unmasked(0x81, b"two"), unmasked(0x88, b"\x03\xe8")].concat();
    let (mut ws, mut raw) = client(&CONFIG, b"");
    ws.start_close(CloseCode::NORMAL_CLOSURE, "").unwrap();
    raw.write_all(&after).unwrap();
    raw.shutdown(Shutdown::Write).unwrap();
    for text in ["one", "two"] {
        assert_eq!(ws.read().unwrap(), Some(Message::Text(text)));
    }
    assert_eq!(ws.read().unwrap(), None);

    let (mut ws, raw) = client(&CONFIG, &after);
    raw.shutdown(Shutdown::Write).unwrap();
    ws.close(CloseCode::NORMAL_CLOSURE, "").unwrap();
    assert_eq!(ws.read().unwrap(), None);
}

#[test]
fn codes_and_reasons_that_cannot_be_sent_are_mistakes() {
    let (mut ws, _peer) = pair(&CONFIG, &CONFIG);
    let mistake = |closed| match closed {
        Err(Error::Usage(mistake)) => mistake,
        other => panic!("{other:?}"),
    };
    assert_eq!(mistake(ws.close(CloseCode(1006), "")), UsageError::InvalidCloseCode);
    assert_eq!(mistake(ws.close(CloseCode(1000), &"x".repeat(124))), UsageError::InvalidCloseReason);
    assert_eq!(mistake(ws.close(None, "why")), UsageError::InvalidCloseReason);
    // It is open still.
    ws.send("so").unwrap();
}

#[test]
fn an_end_and_a_reset_without_close_are_told_apart_and_reported_once() {
    let (mut ws, raw) = server(&CONFIG);
    drop(raw);
    assert_eq!(lost(ws.read()), (EndCause::EndOfInput, None));
    assert!(matches!(ws.read(), Err(Error::Closed)) && matches!(ws.close(None, ""), Err(Error::Closed)));
    assert_eq!(ws.close_code(), CloseCode::ABNORMAL_CLOSURE);

    let (mut ws, mut raw) = server(&CONFIG);
    raw.write_all(&masked(0x81, b"never whole")[..9]).unwrap();
    assert!(!ws.ready_within(Duration::from_millis(50)).unwrap());
    reset(raw);
    assert!(ws.ready_within(Duration::from_secs(5)).unwrap());
    assert_eq!(lost(ws.read()), (EndCause::EndOfInput, Some(ErrorKind::ConnectionReset)));
}

/// What came before a reset is read; what is sent after it fails, and says why.
#[test]
fn sending_to_a_peer_that_is_gone_fails_and_what_came_is_read() {
    let (mut ws, mut raw) = server(&CONFIG);
    raw.write_all(&masked(0x81, b"last words")).unwrap();
    assert!(ws.ready_within(Duration::from_secs(5)).unwrap());
    reset(raw);
    thread::sleep(Duration::from_millis(50));
    let error = ws.send(&noise(1 << 20)).unwrap_err();
    assert!(
        matches!(&error, Error::Io(error) if matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe)),
        "{error:?}"
    );
    let error = ws.send("more").unwrap_err();
    assert!(matches!(error, Error::Io(_)), "{error:?}");
    assert_eq!(ws.read().unwrap(), Some(Message::Text("last words")));
    assert_eq!(lost(ws.read()).0, EndCause::EndOfInput);
}

#[test]
fn a_fault_is_told_to_the_peer_before_it_is_reported() {
    let (mut ws, mut raw) = server(&CONFIG);
    raw.write_all(&[masked(0x81, b"fine"), masked(0x83, b""), noise(100_000)].concat()).unwrap();
    let peer = thread::spawn(move || {
        let mut bytes = Vec::new();
        // The Close and the end, and not a reset.
        raw.read_to_end(&mut bytes).unwrap();
        bytes
    });
    assert_eq!(ws.read().unwrap(), Some(Message::Text("fine")));
    assert!(matches!(ws.read(), Err(Error::Protocol(ProtocolError::ReservedOpcode))));
    assert_eq!(peer.join().unwrap(), b"\x88\x02\x03\xea");
}

#[test]
fn deadlines_hold() {
    let took = |start: Instant, millis: u64| {
        let passed = start.elapsed();
        assert!(passed >= Duration::from_millis(millis - 20) && passed < Duration::from_millis(millis + 2_000), "{passed:?}");
    };
    // The closing: a peer that answers nothing, and one that floods.
    let (mut ws, raw) = client(&HASTY, b"");
    let start = Instant::now();
    let flood = thread::spawn({
        let mut raw = raw.try_clone().unwrap();
        move || while raw.write_all(&unmasked(0x8A, b"a pong")).is_ok() {}
    });
    assert_eq!(lost(ws.close(CloseCode::NORMAL_CLOSURE, "").map(|()| None)), (EndCause::ClosingTimeout, None));
    took(start, 300);
    drop((ws, raw));
    flood.join().unwrap();

    // A Ping after 200 ms, and its Pong within 300.
    let (mut ws, mut raw) = client(&HASTY, b"");
    let start = Instant::now();
    assert_eq!(lost(ws.read()), (EndCause::PongTimeout, None));
    took(start, 500);
    drop(ws);
    let mut bytes = Vec::new();
    raw.read_to_end(&mut bytes).unwrap();
    // Masked, with four bytes of payload.
    assert_eq!((bytes[..2].to_vec(), bytes.len()), (vec![0x89, 0x84], 10));
}

/// What the peer takes moves the deadline; once it takes nothing, the send ends. A message that came before can still be read.
#[test]
fn a_send_ends_at_the_writing_deadline_and_not_before() {
    let (mut ws, mut raw) = server(&HASTY);
    raw.write_all(&masked(0x81, b"waits")).unwrap();
    assert!(ws.ready_within(Duration::from_secs(5)).unwrap());
    let reader = thread::spawn(move || {
        let mut bytes = vec![0; 100_000];
        for _ in 0..20 {
            thread::sleep(Duration::from_millis(50));
            raw.read_exact(&mut bytes).unwrap();
        }
        raw
    });
    let bytes = vec![7; 64 << 20];
    let start = Instant::now();
    let error = ws.send(&bytes).unwrap_err();
    assert!(matches!(error, Error::Lost { cause: EndCause::WriteTimeout, source: None, .. }), "{error:?}");
    assert!(start.elapsed() > Duration::from_millis(1_200), "{:?}", start.elapsed());
    drop(reader.join().unwrap());
    assert!(matches!(ws.send("more"), Err(Error::Closed)));
    assert_eq!(ws.read().unwrap(), Some(Message::Text("waits")));
    assert!(matches!(ws.read(), Err(Error::Closed)));
}

/// A peer whose Pong waits unread while a long message is being sent is not given up.
#[test]
fn a_slow_reader_that_answers_pings_is_not_given_up() {
    static PATIENT: Config = Config::new().keepalive_interval_ms(200).pong_timeout_ms(700);
    let bytes = noise(8 << 20);
    let (mut ws, raw) = server(&PATIENT);
    socket2::SockRef::from(&raw).set_recv_buffer_size(32 << 10).unwrap();
    assert!(!ws.ready_within(Duration::from_millis(250)).unwrap());
    let (mut reader, mut writer) = (raw.try_clone().unwrap(), raw);
    let pong = masked(0x8A, &read_ping(&mut reader));
    let peer = thread::spawn(move || {
        let (mut bytes, mut total) = (vec![0; 64 << 10], 0);
        thread::sleep(Duration::from_millis(100));
        writer.write_all(&pong).unwrap();
        while total < 8 << 20 {
            thread::sleep(Duration::from_millis(10));
            total += reader.read(&mut bytes).unwrap();
        }
        writer.write_all(&masked(0x81, b"got it")).unwrap();
        (reader, writer)
    });
    let start = Instant::now();
    ws.send(&bytes).unwrap();
    assert!(start.elapsed() > Duration::from_millis(1_000), "{:?}", start.elapsed());
    assert_eq!(ws.read().unwrap(), Some(Message::Text("got it")));
    drop(peer.join().unwrap());
}

/// The payload of the Ping that comes.
fn read_ping(raw: &mut TcpStream) -> Vec<u8> {
    let mut head = [0; 2];
    raw.read_exact(&mut head).unwrap();
    assert_eq!(head[0], 0x89);
    let mut payload = vec![0; usize::from(head[1])];
    raw.read_exact(&mut payload).unwrap();
    payload
}

/// The same for a Pong that came before the program did something else for long, and then sent.
#[test]
fn a_pong_that_came_in_time_counts_after_a_pause_and_a_send() {
    static PATIENT: Config = Config::new().keepalive_interval_ms(200).pong_timeout_ms(700);
    let bytes = noise(4 << 20);
    let (mut ws, mut raw) = server(&PATIENT);
    assert!(!ws.ready_within(Duration::from_millis(250)).unwrap());
    let pong = masked(0x8A, &read_ping(&mut raw));
    raw.write_all(&[pong, masked(0x81, b"here")].concat()).unwrap();
    thread::sleep(Duration::from_millis(900));
    let len = bytes.len();
    let peer = thread::spawn(move || {
        thread::sleep(Duration::from_millis(200));
        raw.read_exact(&mut vec![0; len]).unwrap();
        raw
    });
    ws.send(&bytes).unwrap();
    assert_eq!(ws.read().unwrap(), Some(Message::Text("here")));
    drop(peer.join().unwrap());
}

/// A program that does not read for longer than the deadlines finds what has come, and the peer alive.
#[test]
fn time_in_which_the_program_does_not_read_counts_for_nothing() {
    let (mut ws, mut raw) = server(&HASTY);
    assert!(!ws.ready_within(Duration::from_millis(250)).unwrap());
    let pong = masked(0x8A, &read_ping(&mut raw));
    raw.write_all(&[pong, masked(0x81, b"here")].concat()).unwrap();
    thread::sleep(Duration::from_millis(800));
    assert_eq!(ws.read().unwrap(), Some(Message::Text("here")));
    ws.send("there").unwrap();
}

#[test]
fn a_flood_of_pings_to_a_peer_that_does_not_read_pongs_ends_at_the_writing_deadline() {
    let (mut ws, mut raw) = server(&HASTY);
    let flood = thread::spawn(move || {
        let pings = masked(0x89, &[b'x'; 125]).repeat(500);
        while raw.write_all(&pings).is_ok() {}
    });
    assert_eq!(lost(ws.read()), (EndCause::WriteTimeout, None));
    drop(ws);
    flood.join().unwrap();
}

/// A peer that closes and half-closes at once gets our Close.
#[test]
fn a_half_close_after_the_close_is_answered() {
    let (mut ws, mut raw) = server(&CONFIG);
    raw.write_all(&masked(0x88, b"\x03\xe9bye")).unwrap();
    raw.shutdown(Shutdown::Write).unwrap();
    assert_eq!(ws.read().unwrap(), None);
    assert_eq!(ws.close_reason(), "bye");
    assert_eq!(rest(raw).join().unwrap(), b"\x88\x02\x03\xe9");
}
