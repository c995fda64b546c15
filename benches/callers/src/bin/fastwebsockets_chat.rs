//! A chat server, a task for each client. A client that is too slow for its queue misses messages.
//!
//! The library does not do: reading that can be cancelled (so the halves run side by side), refuse a request without Upgrade
//! and Connection, refuse unmasked frames (§5.1), limit a fragmented message as a whole, a Close for most of the peer's faults (§7.1.7), deadlines.
use std::env;
use std::net::SocketAddr;

use fastwebsockets::upgrade::{UpgradeFut, upgrade};
use fastwebsockets::{FragmentCollectorRead, Frame, OpCode, WebSocketError};
use http_body_util::Empty;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::broadcast::{Receiver, Sender, error::RecvError};
use tokio::sync::mpsc;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let port = env::args().nth(1).expect("usage: fastwebsockets_chat PORT");
    let listener = TcpListener::bind(format!("127.0.0.1:{port}")).await?;
    let room = Sender::new(64);
    loop {
        match listener.accept().await {
            Ok((stream, addr)) => {
                let room = room.clone();
                let service = service_fn(move |request| accept(request, addr, room.clone()));
                let http = http1::Builder::new().serve_connection(TokioIo::new(stream), service).with_upgrades();
                tokio::spawn(async { http.await.inspect_err(|error| eprintln!("{error}")) });
            }
            Err(error) => eprintln!("{error}"),
        }
    }
}

async fn accept(
    mut request: Request<Incoming>,
    addr: SocketAddr,
    room: Sender<String>,
) -> Result<Response<Empty<Bytes>>, WebSocketError> {
    let (response, upgraded) = upgrade(&mut request)?;
    tokio::spawn(async move { serve(upgraded, addr, &room).await.inspect_err(|error| eprintln!("{error}")) });
    Ok(response)
}

async fn serve(upgraded: UpgradeFut, addr: SocketAddr, room: &Sender<String>) -> Result<(), WebSocketError> {
    let (reader, mut writer) = upgraded.await?.split(tokio::io::split);
    let mut reader = FragmentCollectorRead::new(reader);
    let (replies, mut owed) = mpsc::channel(16);
    let mut messages = room.subscribe();
    let _ = room.send(format!("{addr} joined"));
    let reading = async {
        loop {
            let frame = reader.read_frame(&mut |reply| replies.send(reply)).await?;
            match frame.opcode {
                OpCode::Text => drop(room.send(format!("{addr}: {}", String::from_utf8_lossy(&frame.payload)))),
                OpCode::Close => return Ok(()),
                _ => {}
            }
        }
    };
    // Ends after a Close, which is the answer to the peer's.
    let writing = async {
        while !writer.is_closed() {
            let frame = tokio::select! {
                Some(reply) = owed.recv() => reply,
                text = next(&mut messages) => Frame::text(text.into_bytes().into()),
            };
            writer.write_frame(frame).await?;
        }
        Ok(())
    };
    let ended = tokio::try_join!(reading, writing);
    let _ = room.send(format!("{addr} left"));
    ended.map(drop)
}

async fn next(messages: &mut Receiver<String>) -> String {
    loop {
        match messages.recv().await {
            Ok(text) => return text,
            Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => std::future::pending().await,
        }
    }
}
