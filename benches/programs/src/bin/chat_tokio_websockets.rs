//! A chat server on tokio-websockets. README.md says what it does.

use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use anyhow::Result;
use futures_util::{SinkExt, StreamExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{broadcast, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, interval, sleep, timeout};
use tokio_websockets::{CloseCode, Limits, Message, ServerBuilder, WebSocketStream};

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
        let builder = ServerBuilder::new().limits(Limits::default().max_payload_len(MAX_LEN));
        let (_, mut ws) = timeout(OPENING, builder.accept(socket)).await??;
        let said = room.subscribe();
        let _ = room.send((address, Message::text(format!("{address} joined"))));
        let ended = chat(&mut ws, address, &room, said, stopping).await;
        let _ = room.send((address, Message::text(format!("{address} left"))));
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
                    Some(message) if message.is_close() => return finish(ws).await,
                    Some(message) => {
                        if let Some(text) = message.as_text() {
                            let _ = room.send((address, Message::text(format!("{address}: {text}"))));
                        }
                    }
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
                timeout(WRITING, ws.send(Message::ping(""))).await??;
            }
            _ = stopping.changed() => {
                let close = Message::close(Some(CloseCode::GOING_AWAY), "the server goes down");
                timeout(WRITING, ws.send(close)).await??;
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
