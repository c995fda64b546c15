//! Peers that are raw sockets, and pairs of connections.
#![allow(dead_code, reason = "each test file uses its part")]

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use sansocket_std::sansocket::accept_key;
use sansocket_std::{Accept, Config, Connector, Error, Handshake, Origin, WebSocket};

pub(crate) type Tcp<'c> = WebSocket<'c, TcpStream>;

/// Two ends of a TCP connection: of who connects, and of who accepts.
pub(crate) fn sockets() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    (client, listener.accept().unwrap().0)
}

/// A client and a server of ours.
pub(crate) fn pair<'c>(client: &'c Config<'c>, server: &'c Config<'c>) -> (Tcp<'c>, Tcp<'c>) {
    let (one, two) = sockets();
    thread::scope(|scope| {
        let accepted = scope.spawn(|| Handshake::receive(two, server)?.accept(&Accept::new(Origin::Any)));
        let opened = Connector::new(client).over(one, "ws://localhost/").unwrap();
        (opened, accepted.join().unwrap().unwrap())
    })
}

pub(crate) const REQUEST: &[u8] =
    b"GET /chat?room=1 HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

/// A server of ours whose client is a raw socket, which has read the 101.
pub(crate) fn server<'c>(config: &'c Config<'c>) -> (Tcp<'c>, TcpStream) {
    let (mut raw, ours) = sockets();
    raw.write_all(REQUEST).unwrap();
    let ws = Handshake::receive(ours, config).unwrap().accept(&Accept::new(Origin::Any)).unwrap();
    assert!(read_head(&mut raw).starts_with("HTTP/1.1 101 "));
    (ws, raw)
}

/// A client of ours whose server is a raw socket, which has sent the 101, and `after` with it.
pub(crate) fn client<'c>(config: &'c Config<'c>, after: &[u8]) -> (Tcp<'c>, TcpStream) {
    let (ours, mut raw) = sockets();
    thread::scope(|scope| {
        let opened = scope.spawn(|| Connector::new(config).over(ours, "ws://localhost/"));
        let answer = accepting(&read_head(&mut raw));
        raw.write_all(&[answer.as_bytes(), after].concat()).unwrap();
        (opened.join().unwrap().unwrap(), raw)
    })
}

/// A server that answers the request of a client of ours with these bytes and then does something else; what becomes of the client.
pub(crate) fn answered<'c>(config: &'c Config<'c>, answer: &[u8], then: impl FnOnce(TcpStream) + Send) -> Result<Tcp<'c>, Error> {
    let (ours, mut raw) = sockets();
    thread::scope(|scope| {
        let opened = scope.spawn(|| Connector::new(config).over(ours, "ws://localhost/"));
        read_head(&mut raw);
        raw.write_all(answer).unwrap();
        then(raw);
        opened.join().unwrap()
    })
}

pub(crate) fn accepting(request: &str) -> String {
    let key = request.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: ")).unwrap();
    let accept = String::from_utf8(accept_key(key.as_bytes()).to_vec()).unwrap();
    format!("HTTP/1.1 101 Yes\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n")
}

pub(crate) fn read_head(raw: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        assert_eq!(raw.read(&mut byte).unwrap(), 1, "the end, after {:?}", String::from_utf8_lossy(&head));
        head.extend(byte);
    }
    String::from_utf8(head).unwrap()
}

/// A frame with its header: `first` is the first byte. Masked, with a key of zeros, for a server.
pub(crate) fn frame(first: u8, is_masked: bool, payload: &[u8]) -> Vec<u8> {
    let mask = u8::from(is_masked) << 7;
    let mut frame = match payload.len() {
        len @ 0..=125 => vec![first, mask | u8::try_from(len).unwrap()],
        len @ 126..=0xFFFF => [&[first, mask | 126][..], &u16::try_from(len).unwrap().to_be_bytes()].concat(),
        len => [&[first, mask | 127][..], &u64::try_from(len).unwrap().to_be_bytes()].concat(),
    };
    frame.extend(vec![0; if is_masked { 4 } else { 0 }]);
    frame.extend(payload);
    frame
}

pub(crate) fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
    frame(first, true, payload)
}

pub(crate) fn unmasked(first: u8, payload: &[u8]) -> Vec<u8> {
    frame(first, false, payload)
}

/// Everything that comes until the end.
pub(crate) fn rest(mut raw: TcpStream) -> JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        raw.read_to_end(&mut bytes).ok();
        bytes
    })
}

/// Ends a connection by a reset.
pub(crate) fn reset(raw: TcpStream) {
    socket2::SockRef::from(&raw).set_linger(Some(Duration::ZERO)).unwrap();
}

/// What `act` gives, which must not take longer than `limit`.
pub(crate) fn within<T: Send + 'static>(limit: Duration, act: impl FnOnce() -> T + Send + 'static) -> T {
    let (give, given): (_, Receiver<T>) = channel();
    thread::spawn(move || give.send(act()).ok());
    given.recv_timeout(limit).expect("it takes too long, or has panicked")
}

pub(crate) fn noise(len: usize) -> Vec<u8> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        state.to_be_bytes()[0]
    };
    std::iter::repeat_with(next).take(len).collect()
}
