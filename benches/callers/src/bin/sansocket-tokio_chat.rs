//! A chat server, a task for each client. A client that is too slow for its queue misses messages.
use std::env;
use std::net::SocketAddr;

use sansocket_tokio::{Error, Message, Origin, WebSocket, accept};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::broadcast::{Receiver, Sender, error::RecvError};

#[tokio::main]
async fn main() -> Result<(), Error> {
    let port = env::args().nth(1).expect("usage: sansocket-tokio_chat PORT");
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

async fn serve(stream: TcpStream, addr: SocketAddr, room: &Sender<Message>) -> Result<(), Error> {
    let ws = accept(stream, Origin::Any).await?;
    let messages = room.subscribe();
    let _ = room.send(format!("{addr} joined").into());
    let ended = converse(ws, addr, messages, room).await;
    let _ = room.send(format!("{addr} left").into());
    ended
}

async fn converse(
    mut ws: WebSocket<TcpStream>,
    addr: SocketAddr,
    mut messages: Receiver<Message>,
    room: &Sender<Message>,
) -> Result<(), Error> {
    loop {
        tokio::select! {
            received = ws.next() => match received.transpose()? {
                Some(Message::Text(text)) => drop(room.send(format!("{addr}: {text}").into())),
                Some(Message::Binary(_)) => {}
                None => return Ok(()),
            },
            message = messages.recv() => match message {
                Ok(message) => ws.send(message).await?,
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return ws.close(None, "").await,
            },
        }
    }
}
