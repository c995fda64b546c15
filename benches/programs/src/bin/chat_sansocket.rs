//! A chat server on sansocket-tokio. README.md says what it does.

use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use sansocket_tokio::{Accept, CloseCode, Config, Error, Handshake, Message, Origin, WebSocket};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{broadcast, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

static CONFIG: Config = Config::new().max_message_len(64 * 1024).write_timeout_ms(5_000);

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
        let mut ws = Handshake::receive(socket, &CONFIG).await?.accept(&Accept::new(Origin::Any)).await?;
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
    ws: &mut WebSocket<TcpStream>,
    address: SocketAddr,
    room: &Room,
    mut said: broadcast::Receiver<(SocketAddr, Message)>,
    mut stopping: watch::Receiver<()>,
) -> Result<(), Error> {
    loop {
        tokio::select! {
            message = ws.next() => match message.transpose()? {
                Some(Message::Text(text)) => {
                    let _ = room.send((address, format!("{address}: {text}").into()));
                }
                Some(Message::Binary(_)) => {}
                None => return Ok(()),
            },
            said = said.recv() => match said {
                Ok((author, message)) if author != address => ws.send(message).await?,
                Ok(_) => {}
                // It has not taken the last 64 messages.
                Err(_) => return Ok(()),
            },
            _ = stopping.changed() => return ws.close(CloseCode::GOING_AWAY, "the server goes down").await,
        }
    }
}
