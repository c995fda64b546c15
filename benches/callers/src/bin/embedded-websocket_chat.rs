//! A chat server, two threads for each client; a message has up to 64 KiB. A client that is too slow for its queue misses messages.
//!
//! The library does not do: read a request, wait for the rest of a frame's header (the connection ends), check Sec-WebSocket-Version,
//! masks, RSV bits, FIN and length of control frames, order of fragments, content of Close; a Close for faults, deadlines.
use std::collections::HashMap;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::{env, thread};

use embedded_websocket::framer::{Framer, FramerError, ReadResult, Stream};
use embedded_websocket::{WebSocketContext, WebSocketSendMessageType, WebSocketServer, WebSocketState, read_http_header};

type Result<T> = std::result::Result<T, FramerError<io::Error>>;
type Clients = Arc<Mutex<HashMap<SocketAddr, SyncSender<Vec<u8>>>>>;

const MAX_LEN: usize = 64 * 1024;

/// All that is written goes through the queue: a Pong must not come into the middle of a message.
struct Client(TcpStream, SyncSender<Vec<u8>>);

impl Stream<io::Error> for Client {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        Read::read(&mut self.0, buf)
    }

    fn write_all(&mut self, buf: &[u8]) -> io::Result<()> {
        self.1.send(buf.to_vec()).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

fn main() -> io::Result<()> {
    let port = env::args().nth(1).expect("usage: embedded-websocket_chat PORT");
    let clients = Clients::default();
    for stream in TcpListener::bind(format!("127.0.0.1:{port}"))?.incoming() {
        let clients = clients.clone();
        thread::spawn(move || {
            let ended = stream.map_err(FramerError::Io).and_then(|stream| serve(stream, &clients));
            ended.inspect_err(|error| eprintln!("{error:?}"))
        });
    }
    Ok(())
}

fn serve(stream: TcpStream, clients: &Clients) -> Result<()> {
    let addr = stream.peer_addr().map_err(FramerError::Io)?;
    let context = read_request(&stream)?;
    let (queue, frames) = sync_channel(64);
    let output = stream.try_clone().map_err(FramerError::Io)?;
    thread::spawn(move || write(output, &frames));
    let ended = converse(Client(stream, queue), addr, &context, clients);
    if clients.lock().unwrap().remove(&addr).is_some() {
        broadcast(clients, &format!("{addr} left"));
    }
    ended
}

fn converse(mut client: Client, addr: SocketAddr, context: &WebSocketContext, clients: &Clients) -> Result<()> {
    let (mut input, mut output, mut message) = ([0; 4096], [0; 4096], vec![0; MAX_LEN + 1]);
    let mut cursor = 0;
    let mut ws = WebSocketServer::new_server();
    let mut framer = Framer::new(&mut input, &mut cursor, &mut output, &mut ws);
    framer.accept(&mut client, context)?;
    clients.lock().unwrap().insert(addr, client.1.clone());
    broadcast(clients, &format!("{addr} joined"));
    loop {
        match framer.read(&mut client, &mut message)? {
            ReadResult::Text(text) => broadcast(clients, &format!("{addr}: {text}")),
            ReadResult::Binary(_) | ReadResult::Pong(_) => {}
            ReadResult::Closed => return Ok(()),
        }
    }
}

/// Until the client has left and all frames are written, or writing fails, which ends reading.
fn write(mut stream: TcpStream, frames: &Receiver<Vec<u8>>) {
    let _ = frames.iter().try_for_each(|frame| Write::write_all(&mut stream, &frame));
    let _ = stream.shutdown(Shutdown::Both);
}

/// A server's frames are not masked, so one encoder serves all.
fn broadcast(clients: &Clients, text: &str) {
    let mut encoder = WebSocketServer::new_server();
    encoder.state = WebSocketState::Open;
    let mut frame = vec![0; text.len() + 10];
    let written = encoder.write(WebSocketSendMessageType::Text, true, text.as_bytes(), &mut frame).expect("there is room");
    for queue in clients.lock().unwrap().values() {
        let _ = queue.try_send(frame[..written].to_vec());
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
