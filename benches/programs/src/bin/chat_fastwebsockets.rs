//! A chat server on fastwebsockets, with hyper for the opening handshake. README.md says what it does.

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use fastwebsockets::upgrade::{is_upgrade_request, upgrade};
use fastwebsockets::{CloseCode, FragmentCollectorRead, Frame, OpCode, Payload, WebSocket, WebSocketRead, WebSocketWrite};
use http_body_util::Empty;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::upgrade::Upgraded;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::io::{ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{broadcast, mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, interval, sleep, timeout};

const MAX_LEN: usize = 64 * 1024;
const OPENING: Duration = Duration::from_secs(10);
const WRITING: Duration = Duration::from_secs(5);
const CLOSING: Duration = Duration::from_secs(5);
const BETWEEN_PINGS: Duration = Duration::from_secs(25);
const SILENCE: Duration = Duration::from_secs(45);

type Socket = TokioIo<Upgraded>;
type Line = (SocketAddr, Arc<str>);
type Room = broadcast::Sender<Line>;

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
        let ws = timeout(OPENING, accept(socket)).await??;
        let said = room.subscribe();
        let _ = room.send((address, format!("{address} joined").into()));
        let ended = chat(ws, address, &room, said, stopping).await;
        let _ = room.send((address, format!("{address} left").into()));
        ended
    };
    if let Err(error) = served.await {
        eprintln!("{address}: {error}");
    }
}

async fn accept(socket: TcpStream) -> Result<WebSocket<Socket>> {
    let (accepted, mut upgrading) = mpsc::channel(1);
    let answer = service_fn(move |mut request: Request<Incoming>| {
        let accepted = accepted.clone();
        async move {
            if !is_upgrade_request(&request) {
                let mut refusal = Response::new(Empty::<Bytes>::new());
                *refusal.status_mut() = StatusCode::BAD_REQUEST;
                return Ok(refusal);
            }
            let (response, upgrading) = upgrade(&mut request)?;
            let _ = accepted.try_send(upgrading);
            anyhow::Ok(response)
        }
    });
    http1::Builder::new().serve_connection(TokioIo::new(socket), answer).with_upgrades().await?;
    let mut ws = upgrading.recv().await.context("no opening handshake")?.await?;
    ws.set_max_message_size(MAX_LEN);
    Ok(ws)
}

async fn chat(
    ws: WebSocket<Socket>,
    address: SocketAddr,
    room: &Room,
    mut said: broadcast::Receiver<Line>,
    mut stopping: watch::Receiver<()>,
) -> Result<()> {
    let (reader, mut writer) = ws.split(tokio::io::split);
    let (to_writer, mut events) = mpsc::channel(1);
    let mut reading = pin!(read(reader, to_writer));
    let mut ping = interval(BETWEEN_PINGS);
    let mut heard = Instant::now();
    loop {
        tokio::select! {
            biased; // What was read comes before the end of reading.
            Some(event) = events.recv() => {
                heard = Instant::now();
                match event {
                    Event::Message(Frame { opcode: OpCode::Text, payload, .. }) => {
                        let text = str::from_utf8(&payload)?;
                        let _ = room.send((address, format!("{address}: {text}").into()));
                    }
                    Event::Message(_) => {}
                    Event::Answer(frame) => write(&mut writer, frame).await?,
                }
            }
            ended = &mut reading => return ended,
            said = said.recv() => match said {
                Ok((author, text)) if author != address => write(&mut writer, Frame::text(text.as_bytes().into())).await?,
                Ok(_) => {}
                // It has not taken the last 64 messages.
                Err(_) => return Ok(()),
            },
            _ = ping.tick() => {
                ensure!(heard.elapsed() < SILENCE, "it does not answer Pings");
                write(&mut writer, Frame::new(true, OpCode::Ping, None, Payload::Borrowed(b""))).await?;
            }
            _ = stopping.changed() => {
                write(&mut writer, Frame::close(CloseCode::Away.into(), b"the server goes down")).await?;
                let rest = async {
                    tokio::select! {
                        _ = &mut reading => {}
                        _ = async { while events.recv().await.is_some() {} } => {}
                    }
                };
                timeout(CLOSING, rest).await?;
                return Ok(());
            }
        }
    }
}

async fn write(writer: &mut WebSocketWrite<WriteHalf<Socket>>, frame: Frame<'_>) -> Result<()> {
    timeout(WRITING, writer.write_frame(frame)).await??;
    Ok(())
}

/// What a connection's reader hands to its writer.
enum Event {
    Message(Frame<'static>),
    /// A Pong or Close, to be sent.
    Answer(Frame<'static>),
}

/// Reads until the peer's Close. Apart from the writer, because a read that is dropped would lose bytes.
async fn read(reader: WebSocketRead<ReadHalf<Socket>>, events: mpsc::Sender<Event>) -> Result<()> {
    let mut reader = FragmentCollectorRead::new(reader);
    loop {
        let mut answer = |frame| {
            let answered = owned(frame);
            let events = events.clone();
            async move { events.send(Event::Answer(answered)).await }
        };
        let frame = owned(reader.read_frame(&mut answer).await?);
        let is_last = frame.opcode == OpCode::Close;
        events.send(Event::Message(frame)).await?;
        if is_last {
            return Ok(());
        }
    }
}

fn owned(frame: Frame<'_>) -> Frame<'static> {
    Frame::new(true, frame.opcode, None, Payload::Owned(frame.payload.to_vec()))
}
