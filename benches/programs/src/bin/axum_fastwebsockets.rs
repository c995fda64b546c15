//! A WebSocket route of axum, on fastwebsockets, by its feature `with_axum`. README.md says what it does.

use std::pin::pin;
use std::time::Duration;

use anyhow::{Result, ensure};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{any, get};
use axum::{Router, serve};
use fastwebsockets::upgrade::{IncomingUpgrade, UpgradeFut};
use fastwebsockets::{FragmentCollectorRead, Frame, OpCode, Payload, WebSocketRead, WebSocketWrite};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::io::{ReadHalf, WriteHalf};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::time::{Instant, interval, timeout};

type Socket = TokioIo<Upgraded>;

const MAX_LEN: usize = 64 * 1024;
const WRITING: Duration = Duration::from_secs(20);
const BETWEEN_PINGS: Duration = Duration::from_secs(25);
const SILENCE: Duration = Duration::from_secs(45);

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let port = std::env::args().nth(1).unwrap_or("9001".into());
    let listener = TcpListener::bind(format!("127.0.0.1:{port}")).await?;
    println!("listening on {}", listener.local_addr()?);
    let app = Router::new().route("/", get(page)).route("/echo", any(upgrade));
    serve(listener, app).await
}

async fn page() -> Html<&'static str> {
    Html(include_str!("../page.html"))
}

async fn upgrade(headers: HeaderMap, upgrade: IncomingUpgrade) -> Response {
    if !is_own_page(&headers) {
        return StatusCode::FORBIDDEN.into_response();
    }
    let Ok((response, upgrading)) = upgrade.upgrade() else { return StatusCode::BAD_REQUEST.into_response() };
    tokio::spawn(async move {
        if let Err(error) = echo(upgrading).await {
            eprintln!("{error}");
        }
    });
    response.into_response()
}

/// Whether the request comes from a page of this server, or not from a browser.
fn is_own_page(headers: &HeaderMap) -> bool {
    let Some(origin) = headers.get("origin") else { return true };
    let host = headers.get("host").and_then(|host| host.to_str().ok());
    let origin = origin.to_str().ok().and_then(|origin| origin.parse::<Uri>().ok());
    origin.is_some_and(|origin| origin.authority().map(|authority| authority.as_str()) == host)
}

async fn echo(upgrading: UpgradeFut) -> Result<()> {
    let mut ws = upgrading.await?;
    ws.set_max_message_size(MAX_LEN);
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
                    Event::Message(frame) if !matches!(frame.opcode, OpCode::Text | OpCode::Binary) => drop(frame),
                    Event::Message(frame) | Event::Answer(frame) => write(&mut writer, frame).await?,
                }
            }
            ended = &mut reading => return ended,
            _ = ping.tick() => {
                ensure!(heard.elapsed() < SILENCE, "the client does not answer Pings");
                write(&mut writer, Frame::new(true, OpCode::Ping, None, Payload::Borrowed(b""))).await?;
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
