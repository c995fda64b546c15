//! A client that prints messages, sends lines, and connects again until standard input ends; a message has up to 64 KiB.
//!
//! The library does not do: look at URLs, require Sec-WebSocket-Accept, keep what comes with the response, wait for the rest of a
//! frame's header (the connection ends), check masks, RSV bits, FIN and length of control frames, order of fragments; deadlines.
use std::io::{self, Read, Write, stdin};
use std::net::TcpStream;
use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::time::Duration;
use std::{env, thread};

use embedded_websocket::framer::{Framer, FramerError, ReadResult, Stream};
use embedded_websocket::{WebSocketClient, WebSocketCloseStatusCode, WebSocketOptions, WebSocketSendMessageType, WebSocketState};

const MAX_LEN: usize = 64 * 1024;

/// Hands out the response as a whole, and no byte after it: the framer loses what follows, and cannot add up two reads.
struct Opening<'a>(&'a mut TcpStream);

impl Stream<io::Error> for Opening<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let mut len = 0;
        while !buf[..len].ends_with(b"\r\n\r\n") {
            let byte = buf.get_mut(len..len + 1).ok_or(io::ErrorKind::InvalidData)?;
            self.0.read_exact(byte)?;
            len += 1;
        }
        Ok(len)
    }

    fn write_all(&mut self, buf: &[u8]) -> io::Result<()> {
        Write::write_all(self.0, buf)
    }
}

fn main() {
    let url = env::args().nth(1).expect("usage: embedded-websocket_reconnect URL");
    let (host, path) =
        url.strip_prefix("ws://").map(|rest| rest.split_at(rest.find('/').unwrap_or(rest.len()))).expect("a ws URL");
    let options = WebSocketOptions {
        path: if path.is_empty() { "/" } else { path },
        host,
        origin: &format!("http://{host}"),
        sub_protocols: None,
        additional_headers: None,
    };
    let (sender, lines) = channel();
    thread::spawn(move || stdin().lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
    let mut pause = 1.0;
    loop {
        match converse(&options, &lines, &mut pause) {
            Ok(()) => return,
            Err(error) => eprintln!("{error:?}"),
        }
        pause = f64::min(pause * 2.0, 30.0);
        thread::sleep(Duration::from_secs_f64(pause * (0.5 + rand::random::<f64>() / 2.0)));
    }
}

/// Returns `Ok` if the connection has ended because there are no more lines.
fn converse(options: &WebSocketOptions, lines: &Receiver<String>, pause: &mut f64) -> Result<(), FramerError<io::Error>> {
    let addr = if options.host.contains(':') { options.host.to_string() } else { format!("{}:80", options.host) };
    let mut stream = TcpStream::connect(addr).map_err(FramerError::Io)?;
    let (mut input, mut output, mut message) = ([0; 4096], vec![0; MAX_LEN + 14], vec![0; MAX_LEN + 1]);
    let mut cursor = 0;
    let mut ws = WebSocketClient::new_client(rand::thread_rng());
    let mut framer = Framer::new(&mut input, &mut cursor, &mut output, &mut ws);
    framer.connect(&mut Opening(&mut stream), options)?;
    *pause = 1.0;
    stream.set_read_timeout(Some(Duration::from_millis(50))).map_err(FramerError::Io)?;
    let mut closing = false;
    loop {
        match framer.read(&mut stream, &mut message) {
            Ok(ReadResult::Text(text)) => println!("{text}"),
            Ok(ReadResult::Binary(bytes)) => println!("{} bytes", bytes.len()),
            Ok(ReadResult::Pong(_)) => {}
            Err(FramerError::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => {}
            _ if closing => return Ok(()),
            Ok(ReadResult::Closed) => return Err(FramerError::Io(io::ErrorKind::ConnectionAborted.into())),
            Err(error) => return Err(error),
        }
        while framer.state() == WebSocketState::Open {
            match lines.try_recv() {
                Ok(line) => framer.write(&mut stream, WebSocketSendMessageType::Text, true, line.as_bytes())?,
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Disconnected) => {
                    closing = true;
                    framer.close(&mut stream, WebSocketCloseStatusCode::NormalClosure, None)?;
                }
            }
        }
    }
}
