//! An echo server, a thread for each connection.
//!
//! The library does not do: a Close for most of the peer's faults (§7.1.7), deadlines.
use std::net::{TcpListener, TcpStream};
use std::{env, thread};

fn main() -> anyhow::Result<()> {
    let port = env::args().nth(1).expect("usage: tungstenite_echo PORT");
    for stream in TcpListener::bind(format!("127.0.0.1:{port}"))?.incoming() {
        thread::spawn(move || stream.map_err(Into::into).and_then(echo).inspect_err(|error| eprintln!("{error}")));
    }
    Ok(())
}

/// Returns with `ConnectionClosed` after a closing handshake.
fn echo(stream: TcpStream) -> anyhow::Result<()> {
    let mut ws = tungstenite::accept(stream)?;
    loop {
        let message = ws.read()?;
        if message.is_text() || message.is_binary() {
            ws.send(message)?;
        }
    }
}
