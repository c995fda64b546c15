//! What a client needs that connects more than once: a connection that starts over, and what is said to a proxy before the request.

mod support;

use sansocket::{Buffered, CallError, ClientRequest, Connection, Event, State, UsageError};
use support::entropy::Counter;
use support::frames::{FIN, PING, TEXT, frame_to};
use support::http::{accept_of, head};
use support::{DEFAULT, ms};

type Client = Buffered<'static, Counter, Vec<u8>, Vec<u8>, Vec<u8>>;

fn client() -> Client {
    Buffered::new(Connection::client(&DEFAULT, Counter::default(), ms(0)), vec![0; 1024], vec![0; 1024]).join_in(vec![0; 4096])
}

fn bring(ws: &mut Client, bytes: &[u8]) {
    ws.space().expect("space")[..bytes.len()].copy_from_slice(bytes);
    ws.filled(bytes.len(), ms(0));
}

fn take(ws: &mut Client) -> Vec<u8> {
    let due = ws.due().to_vec();
    ws.written(due.len(), ms(0));
    assert!(!ws.advance(ms(0)).unwrap());
    due
}

/// The 101 to this request.
fn accepting(request: &[u8]) -> Vec<u8> {
    let request = std::str::from_utf8(request).unwrap();
    let key = request.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: ")).unwrap();
    let accept = format!("Sec-WebSocket-Accept: {}", accept_of(key));
    head(&["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade", &accept])
}

/// Opens the connection.
fn open(ws: &mut Client) {
    ws.commands(ms(0)).request(&ClientRequest::new("h", "/")).unwrap();
    let response = accepting(&take(ws));
    bring(ws, &response);
    assert!(matches!(ws.next(ms(0)).unwrap(), Some((Event::Opened(_), _))));
    assert!(!ws.advance(ms(0)).unwrap());
    assert_eq!(ws.connection().state(), State::Open);
}

#[test]
fn proxy_is_spoken_to_before_the_request() {
    let mut ws = client();
    let connect = b"CONNECT h:80 HTTP/1.1\r\nHost: h:80\r\n\r\n";
    ws.commands(ms(0))
        .before_request(|out| {
            out[..connect.len()].copy_from_slice(connect);
            Ok(connect.len())
        })
        .unwrap();
    assert_eq!(take(&mut ws), connect);
    bring(&mut ws, b"HTTP/1.1 200 OK\r\n");
    assert!(ws.next(ms(0)).unwrap().is_none());
    assert_eq!(ws.unread(), b"HTTP/1.1 200 OK\r\n");
    bring(&mut ws, b"\r\n");
    assert_eq!(ws.unread(), b"HTTP/1.1 200 OK\r\n\r\n");
    ws.discard(19);
    open(&mut ws);
    let too_late = ws.commands(ms(0)).before_request(|_| Ok(0));
    assert_eq!(too_late, Err(UsageError::NotConnecting.into()));
}

#[test]
fn what_comes_before_the_request_needs_room_and_a_client() {
    let mut ws = client();
    let refused = ws.commands(ms(0)).before_request(|out| Err(CallError::NeedsRoom { bytes: out.len() + 1 }));
    assert_eq!(refused, Err(UsageError::BufferTooShort.into()));
    // More than there is room for counts as all of it.
    ws.commands(ms(0)).before_request(|out| Ok(out.len() + 1)).unwrap();
    assert_eq!(ws.due().len(), 1024);
    let mut server = Buffered::new(Connection::server(&DEFAULT, ms(0)), [0; 512], [0; 512]);
    assert_eq!(server.commands(ms(0)).before_request(|_| Ok(1)), Err(UsageError::NotConnecting.into()));
    assert!(server.due().is_empty());
}

#[test]
fn next_connection_knows_nothing_of_the_last() {
    let mut ws = client().room_for(100);
    // In the middle of a message and of a frame, with output that is due, after the end of the input, and paused.
    open(&mut ws);
    let fragment = [&[TEXT, 100][..], &[b'x'; 100]].concat();
    bring(&mut ws, &[&fragment, &frame_to(sansocket::Role::Client, FIN | PING, b"p")[..], &[0x80, 50, b'y']].concat());
    assert!(matches!(ws.next(ms(0)).unwrap(), Some((Event::Ping { .. }, _))));
    ws.commands(ms(0)).send_part(sansocket::MessageKind::Text, 0, b"unfinished", false).unwrap();
    ws.write_failed();
    ws.eof();
    ws.pause(ms(1));
    ws.reconnect(ms(5));
    assert_eq!((ws.due(), ws.unread(), ws.connection().state()), (&b""[..], &b""[..], State::Connecting));
    assert!(ws.is_idle() && ws.wants_reading());
    // The deadline of the opening handshake is that of the next connection.
    assert_eq!(ws.next_timeout(), Some(ms(5 + 10_000)));
    open(&mut ws);
    ws.commands(ms(0)).send_text("whole").unwrap();
    bring(&mut ws, b"\x81\x03new");
    let Some((Event::Data(data), _)) = ws.next(ms(0)).unwrap() else { panic!("no message") };
    assert_eq!((&*data.payload, data.last), (&b"new"[..], true));
    assert!(!ws.advance(ms(0)).unwrap());
    // What was asked of the last connection holds for this one: room for answers, and whole messages in memory.
    while ws.commands(ms(0)).ping(b"").is_ok() {}
    bring(&mut ws, b"\x81\x01x");
    assert!(ws.next(ms(0)).unwrap().is_none());
    let n = ws.due().len();
    ws.written(n, ms(0));
    assert!(matches!(ws.next(ms(0)).unwrap(), Some((Event::Data(_), _))));
    assert!(!ws.advance(ms(0)).unwrap());
    bring(&mut ws, &[&b"\x01\x01y\x80\x7e\x03\x20"[..], &[b'z'; 800]].concat());
    let Some((Event::Data(data), _)) = ws.next(ms(0)).unwrap() else { panic!("no message") };
    assert_eq!((data.payload.len(), data.last), (801, true));
}

#[test]
fn keepalive_ping_is_awaited_until_its_pong() {
    let mut ws = client();
    open(&mut ws);
    assert!(!ws.connection().awaits_pong());
    ws.filled(0, ms(25_000));
    assert!(ws.next(ms(25_000)).unwrap().is_none());
    assert!(ws.connection().awaits_pong());
    let ping = take(&mut ws);
    assert_eq!(ping[0], FIN | PING);
    let payload: Vec<u8> = ping[6..].iter().zip(ping[2..6].iter().cycle()).map(|(byte, key)| byte ^ key).collect();
    bring(&mut ws, &[&[0x8A, payload.len() as u8][..], &payload].concat());
    assert!(matches!(ws.next(ms(25_001)).unwrap(), Some((Event::Pong { answers: Some(_), .. }, _))));
    assert!(!ws.connection().awaits_pong());
}

#[cfg(feature = "deflate")]
#[test]
fn codec_has_no_history_of_the_last_connection() {
    use sansocket::{Compressor, Config, DeflateConfig, Deflated, Inflater, Level};
    static CONFIG: Config = Config::new().deflate(DeflateConfig::new());
    let (mut history, mut memory) = ([0; 1 << 15], vec![0; Compressor::memory_len(15, Level::Fast).unwrap()]);
    let inflater = Inflater::new(&mut history).unwrap();
    let mut compressor = Compressor::new(15, Level::Fast, &mut memory).unwrap();
    let codec = Deflated::new(inflater, &mut compressor);
    let ws = Connection::client(&CONFIG, Counter::default(), ms(0));
    let mut ws = Buffered::new(ws, vec![0; 1024], vec![0; 2048]).deflate(codec, vec![0; 4096]);
    let text = "the same text again and again, without a history, is as long as it was ".repeat(3);
    let mut lens = Vec::new();
    for _ in 0..2 {
        ws.commands(ms(0)).request(&ClientRequest::new("h", "/")).unwrap();
        let n = ws.due().len();
        let response = String::from_utf8(accepting(ws.due())).unwrap();
        ws.written(n, ms(0));
        assert!(!ws.advance(ms(0)).unwrap());
        let response = response.replacen("\r\n\r\n", "\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n", 1);
        ws.space().unwrap()[..response.len()].copy_from_slice(response.as_bytes());
        ws.filled(response.len(), ms(0));
        assert!(matches!(ws.next(ms(0)).unwrap(), Some((Event::Opened(_), _))));
        ws.commands(ms(0)).send_text(&text).unwrap();
        lens.push(ws.due().len());
        ws.reconnect(ms(0));
    }
    assert_eq!(lens[0], lens[1]);
    drop(ws);
    assert!(compressor.is_idle());
}
