//! A client that prints messages, sends lines, and connects again until standard input ends.
//!
//! The library does not do: wait for the peer and for lines at once (lines are looked for every 50 ms), deadlines.
use std::io::{ErrorKind, stdin};
use std::net::TcpStream;
use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::time::Duration;
use std::{env, thread};

use tungstenite::protocol::{CloseFrame, frame::coding::CloseCode};
use tungstenite::stream::MaybeTlsStream;
use tungstenite::{Error, Message, Result, WebSocket, connect};

fn main() {
    let url = env::args().nth(1).expect("usage: tungstenite_reconnect URL");
    let (sender, lines) = channel();
    thread::spawn(move || stdin().lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
    let mut pause = 1.0;
    loop {
        let connected = connect(&url).inspect(|_| pause = 1.0);
        match connected.and_then(|(ws, _)| converse(ws, &lines)) {
            Ok(()) => return,
            Err(error) => eprintln!("{error}"),
        }
        pause = f64::min(pause * 2.0, 30.0);
        thread::sleep(Duration::from_secs_f64(pause * (0.5 + rand::random::<f64>() / 2.0)));
    }
}

/// Returns `Ok` if the connection has ended because there are no more lines.
fn converse(mut ws: WebSocket<MaybeTlsStream<TcpStream>>, lines: &Receiver<String>) -> Result<()> {
    if let MaybeTlsStream::Plain(stream) = ws.get_ref() {
        stream.set_read_timeout(Some(Duration::from_millis(50)))?;
    }
    let mut closing = false;
    loop {
        match ws.read() {
            Ok(message @ (Message::Text(_) | Message::Binary(_))) => println!("{message}"),
            Ok(_) => {}
            Err(Error::Io(error)) if error.kind() == ErrorKind::WouldBlock => {}
            Err(_) if closing => return Ok(()),
            Err(error) => return Err(error),
        }
        while ws.can_write() {
            match lines.try_recv() {
                Ok(line) => ws.send(line.into())?,
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Disconnected) => {
                    closing = true;
                    ws.close(Some(CloseFrame { code: CloseCode::Normal, reason: "".into() }))?;
                }
            }
        }
    }
}
