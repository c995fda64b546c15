//! An echo server, a thread for each connection; a message has up to 64 KiB.
//!
//! The library does not do: read a request, wait for the rest of a frame's header (the connection ends), check Sec-WebSocket-Version,
//! masks, RSV bits, FIN and length of control frames, order of fragments, content of Close; a Close for faults, deadlines.
use std::io::{self, BufRead, BufReader, Read};
use std::net::{TcpListener, TcpStream};
use std::{env, thread};

use embedded_websocket::framer::{Framer, FramerError, ReadResult};
use embedded_websocket::{WebSocketContext, WebSocketSendMessageType, WebSocketServer, read_http_header};

type Result<T> = std::result::Result<T, FramerError<io::Error>>;

const MAX_LEN: usize = 64 * 1024;

fn main() -> io::Result<()> {
    let port = env::args().nth(1).expect("usage: embedded-websocket_echo PORT");
    for stream in TcpListener::bind(format!("127.0.0.1:{port}"))?.incoming() {
        thread::spawn(move || stream.map_err(FramerError::Io).and_then(echo).inspect_err(|error| eprintln!("{error:?}")));
    }
    Ok(())
}

fn echo(mut stream: TcpStream) -> Result<()> {
    let context = read_request(&stream)?;
    let (mut input, mut output, mut message) = ([0; 4096], vec![0; MAX_LEN + 10], vec![0; MAX_LEN + 1]);
    let mut cursor = 0;
    let mut ws = WebSocketServer::new_server();
    let mut framer = Framer::new(&mut input, &mut cursor, &mut output, &mut ws);
    framer.accept(&mut stream, &context)?;
    loop {
        match framer.read(&mut stream, &mut message)? {
            ReadResult::Text(text) => framer.write(&mut stream, WebSocketSendMessageType::Text, true, text.as_bytes())?,
            ReadResult::Binary(bytes) => framer.write(&mut stream, WebSocketSendMessageType::Binary, true, bytes)?,
            ReadResult::Pong(_) => {}
            ReadResult::Closed => return Ok(()),
        }
    }
}

/// Whatever a client sends before the answer is lost; it may not (§4.1).
fn read_request(stream: &TcpStream) -> Result<WebSocketContext> {
    let mut reader = BufReader::new(stream.take(8192));
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if reader.read_until(b'\n', &mut head).map_err(FramerError::Io)? == 0 {
            return Err(FramerError::Io(io::ErrorKind::UnexpectedEof.into()));
        }
    }
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut request = httparse::Request::new(&mut headers);
    request.parse(&head).map_err(FramerError::HttpHeader)?;
    let context = read_http_header(request.headers.iter().map(|header| (header.name, header.value)));
    context.map_err(FramerError::WebSocket)?.ok_or(FramerError::Io(io::ErrorKind::InvalidData.into()))
}
