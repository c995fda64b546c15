//! An echo server, a task for each connection.
//!
//! The library does not do: a Close for most of the peer's faults (§7.1.7), deadlines.
use std::env;

use futures_util::{SinkExt, StreamExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::{accept_async, tungstenite::Result};

#[tokio::main]
async fn main() -> Result<()> {
    let port = env::args().nth(1).expect("usage: tokio-tungstenite_echo PORT");
    let listener = TcpListener::bind(format!("127.0.0.1:{port}")).await?;
    loop {
        match listener.accept().await {
            Ok((stream, _)) => drop(tokio::spawn(async { echo(stream).await.inspect_err(|error| eprintln!("{error}")) })),
            Err(error) => eprintln!("{error}"),
        }
    }
}

async fn echo(stream: TcpStream) -> Result<()> {
    let mut ws = accept_async(stream).await?;
    while let Some(message) = ws.next().await {
        let message = message?;
        if message.is_text() || message.is_binary() {
            ws.send(message).await?;
        }
    }
    Ok(())
}
