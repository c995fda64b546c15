//! A chat server, a task for each client. A client that is too slow for its queue misses messages.
//!
//! The library does not do: a Close for most of the peer's faults (§7.1.7), deadlines.
use std::env;
use std::net::SocketAddr;

use futures_util::{SinkExt, StreamExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::broadcast::{Receiver, Sender, error::RecvError};
use tokio_tungstenite::tungstenite::{Message, Result};
use tokio_tungstenite::{WebSocketStream, accept_async};

#[tokio::main]
async fn main() -> Result<()> {
    let port = env::args().nth(1).expect("usage: tokio-tungstenite_chat PORT");
    let listener = TcpListener::bind(format!("127.0.0.1:{port}")).await?;
    let room = Sender::new(64);
    loop {
        match listener.accept().await {
            Ok((stream, addr)) => {
                let room = room.clone();
                tokio::spawn(async move { serve(stream, addr, &room).await.inspect_err(|error| eprintln!("{error}")) });
            }
            Err(error) => eprintln!("{error}"),
        }
    }
}

async fn serve(stream: TcpStream, addr: SocketAddr, room: &Sender<Message>) -> Result<()> {
    let ws = accept_async(stream).await?;
    let messages = room.subscribe();
    let _ = room.send(format!("{addr} joined").into());
    let ended = converse(ws, addr, messages, room).await;
    let _ = room.send(format!("{addr} left").into());
    ended
}

async fn converse(
    mut ws: WebSocketStream<TcpStream>,
    addr: SocketAddr,
    mut messages: Receiver<Message>,
    room: &Sender<Message>,
) -> Result<()> {
    loop {
        tokio::select! {
            received = ws.next() => match received.transpose()? {
                Some(Message::Text(text)) => drop(room.send(format!("{addr}: {text}").into())),
                Some(Message::Close(_)) | None => return ws.flush().await, // sends the answer; `send` below would lose it
                Some(_) => {}
            },
            message = messages.recv() => match message {
                Ok(message) => ws.send(message).await?,
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return ws.close(None).await,
            },
        }
    }
}
