//! A chat server on tokio-tungstenite. README.md says what it does.

use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use anyhow::Result;
use futures_util::{SinkExt, StreamExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{broadcast, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, interval, sleep, timeout};
use tokio_tungstenite::tungstenite::protocol::frame::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Bytes, Message, protocol::WebSocketConfig};
use tokio_tungstenite::{WebSocketStream, accept_async_with_config};

const MAX_LEN: Option<usize> = Some(64 * 1024);
const OPENING: Duration = Duration::from_secs(10);
const WRITING: Duration = Duration::from_secs(5);
const CLOSING: Duration = Duration::from_secs(5);
const BETWEEN_PINGS: Duration = Duration::from_secs(25);
const SILENCE: Duration = Duration::from_secs(45);

type Room = broadcast::Sender<(SocketAddr, Message)>;

#[tokio::main]
async fn main() -> Result<(), std::io::Error> {
    let port = std::env::args().nth(1).unwrap_or("9001".into());
    let listener = TcpListener::bind(format!("127.0.0.1:{port}")).await?;
    println!("listening on {}", listener.local_addr()?);
    let room = broadcast::Sender::new(64);
    let (stop, stopping) = watch::channel(());
    let mut clients = JoinSet::new();
    let mut interrupt = pin!(tokio::signal::ctrl_c());
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((socket, address)) => {
                    clients.spawn(serve(socket, address, room.clone(), stopping.clone()));
                }
                Err(error) => {
                    eprintln!("cannot accept: {error}");
                    sleep(Duration::from_millis(100)).await;
                }
            },
            Some(_) = clients.join_next() => {}
            _ = &mut interrupt => break,
        }
    }
    drop((listener, stop));
    let _ = timeout(Duration::from_secs(6), clients.join_all()).await;
    Ok(())
}

async fn serve(socket: TcpStream, address: SocketAddr, room: Room, stopping: watch::Receiver<()>) {
    let served = async {
        let config = WebSocketConfig::default().max_message_size(MAX_LEN).max_frame_size(MAX_LEN);
        let mut ws = timeout(OPENING, accept_async_with_config(socket, Some(config))).await??;
        let said = room.subscribe();
        let _ = room.send((address, format!("{address} joined").into()));
        let ended = chat(&mut ws, address, &room, said, stopping).await;
        let _ = room.send((address, format!("{address} left").into()));
        ended
    };
    if let Err(error) = served.await {
        eprintln!("{address}: {error}");
    }
}

async fn chat(
    ws: &mut WebSocketStream<TcpStream>,
    address: SocketAddr,
    room: &Room,
    mut said: broadcast::Receiver<(SocketAddr, Message)>,
    mut stopping: watch::Receiver<()>,
) -> Result<()> {
    let mut ping = interval(BETWEEN_PINGS);
    let mut heard = Instant::now();
    loop {
        tokio::select! {
            message = ws.next() => {
                heard = Instant::now();
                match message.transpose()? {
                    Some(Message::Text(text)) => {
                        let _ = room.send((address, format!("{address}: {text}").into()));
                    }
                    Some(Message::Close(_)) => return finish(ws).await,
                    Some(_) => {}
                    None => return Ok(()),
                }
            }
            said = said.recv() => match said {
                Ok((author, message)) if author != address => timeout(WRITING, ws.send(message)).await??,
                Ok(_) => {}
                // It has not taken the last 64 messages.
                Err(_) => return Ok(()),
            },
            _ = ping.tick() => {
                anyhow::ensure!(heard.elapsed() < SILENCE, "it does not answer Pings");
                timeout(WRITING, ws.send(Message::Ping(Bytes::new()))).await??;
            }
            _ = stopping.changed() => {
                let frame = CloseFrame { code: CloseCode::Away, reason: "the server goes down".into() };
                timeout(WRITING, ws.close(Some(frame))).await??;
                return finish(ws).await;
            }
        }
    }
}

/// Reads to the end, by which the rest of the closing handshake is done.
async fn finish(ws: &mut WebSocketStream<TcpStream>) -> Result<()> {
    timeout(CLOSING, async { while let Some(Ok(_)) = ws.next().await {} }).await?;
    Ok(())
}
