//! Compression (RFC 7692), where both ends have it.

mod support;

use std::io::{Read, Write};
use std::thread;

use sansocket_std::sansocket::ProtocolError;
use sansocket_std::{Accept, CloseCode, Config, DeflateConfig, Error, Handshake, Message, Origin};
use support::{REQUEST, noise, pair, read_head, rest, sockets};

static COMPRESSING: Config = Config::new().deflate(DeflateConfig::new());
static PLAIN: Config = Config::new();

#[test]
fn messages_come_back_whatever_was_agreed() {
    static SMALL: Config = Config::new().deflate(DeflateConfig::new().send_window_bits(9).receive_window_bits(10));
    static ALONE: Config =
        Config::new().deflate(DeflateConfig::new().send_no_context_takeover(true).receive_no_context_takeover(true));
    let texts = ["", "a", "Grüße", &"{\"id\":12345,\"price\":1.5},\n".repeat(20_000)];
    for (one, other) in [
        (&COMPRESSING, &COMPRESSING),
        (&SMALL, &COMPRESSING),
        (&COMPRESSING, &SMALL),
        (&ALONE, &COMPRESSING),
        (&COMPRESSING, &PLAIN),
    ] {
        let (mut client, mut server) = pair(one, other);
        let is_agreed = client.negotiated().deflate().is_some();
        assert_eq!(is_agreed, other.deflate.is_on());
        let echo = thread::spawn(move || {
            let mut buffer = Vec::new();
            while let Some(message) = server.read_into(&mut buffer).unwrap() {
                server.send(message).unwrap();
            }
        });
        for _ in 0..2 {
            for text in texts {
                client.send(text).unwrap();
                assert_eq!(client.read().unwrap(), Some(Message::Text(text)));
            }
            let bytes = noise(100_000);
            client.send(&bytes).unwrap();
            assert!(client.read().unwrap() == Some(Message::Binary(&bytes)));
        }
        client.close(CloseCode::NORMAL_CLOSURE, "").unwrap();
        echo.join().unwrap();
    }
}

/// A server whose client offers compression, and a thread that reads what it writes.
fn compressing(config: &'static Config) -> (support::Tcp<'static>, std::net::TcpStream) {
    let (mut raw, ours) = sockets();
    let request = String::from_utf8(REQUEST.to_vec()).unwrap();
    let request = request.replace("Host:", "Sec-WebSocket-Extensions: permessage-deflate\r\nHost:");
    raw.write_all(request.as_bytes()).unwrap();
    let ws = Handshake::receive(ours, config).unwrap().accept(&Accept::new(Origin::Any)).unwrap();
    assert!(read_head(&mut raw).contains("\r\nSec-WebSocket-Extensions: permessage-deflate"));
    (ws, raw)
}

#[test]
fn what_leaves_is_compressed_and_short_messages_are_not() {
    let (mut ws, mut raw) = compressing(&COMPRESSING);
    ws.send("short").unwrap();
    ws.send(&"again and ".repeat(1_000)).unwrap();
    let mut bytes = [0; 9];
    raw.read_exact(&mut bytes).unwrap();
    assert_eq!(&bytes[..7], b"\x81\x05short");
    // RSV1, and two bytes for every hundred.
    assert!(bytes[7] == 0xC1 && bytes[8] < 126, "{bytes:02x?}");
}

/// The limit is on what is inflated, and a bomb of a few bytes does not get beyond it.
#[test]
fn the_limit_counts_after_inflating() {
    static LIMITED: Config = Config::new().max_message_len(100_000).deflate(DeflateConfig::new());
    for len in [100_000, 100_001] {
        let (mut client, mut server) = pair(&COMPRESSING, &LIMITED);
        client.send(&vec![b'a'; len]).unwrap();
        let closed = thread::spawn(move || client.read().map(|message| message.is_some()).map_err(drop));
        match server.read() {
            Ok(message) => assert_eq!((len, message), (100_000, Some(Message::Binary(&vec![b'a'; len])))),
            Err(Error::Protocol(error)) => assert_eq!((len, error), (100_001, ProtocolError::MessageTooLong)),
            other => panic!("{other:?}"),
        }
        drop(server);
        closed.join().unwrap().ok();
    }
}

#[test]
fn what_does_not_inflate_fails() {
    let (mut ws, mut raw) = compressing(&COMPRESSING);
    raw.write_all(&support::masked(0xC1, &[0xFF; 10])).unwrap();
    raw.shutdown(std::net::Shutdown::Write).unwrap();
    let received = rest(raw);
    assert!(matches!(ws.read(), Err(Error::Protocol(ProtocolError::InvalidDeflate))));
    assert_eq!(received.join().unwrap(), b"\x88\x02\x03\xef");
}
