//! A WebSocket route of axum, by axum's own feature `ws`, which is tokio-tungstenite. README.md says what it does.

use std::time::Duration;

use anyhow::{Result, ensure};
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{any, get};
use axum::{Router, serve};
use bytes::Bytes;
use tokio::net::TcpListener;
use tokio::time::{Instant, interval, timeout};

const MAX_LEN: usize = 64 * 1024;
const WRITING: Duration = Duration::from_secs(20);
const CLOSING: Duration = Duration::from_secs(5);
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

async fn upgrade(headers: HeaderMap, upgrade: WebSocketUpgrade) -> Response {
    if !is_own_page(&headers) {
        return StatusCode::FORBIDDEN.into_response();
    }
    upgrade.max_message_size(MAX_LEN).max_frame_size(MAX_LEN).on_upgrade(|mut ws| async move {
        if let Err(error) = echo(&mut ws).await {
            eprintln!("{error}");
        }
    })
}

/// Whether the request comes from a page of this server, or not from a browser.
fn is_own_page(headers: &HeaderMap) -> bool {
    let Some(origin) = headers.get("origin") else { return true };
    let host = headers.get("host").and_then(|host| host.to_str().ok());
    let origin = origin.to_str().ok().and_then(|origin| origin.parse::<Uri>().ok());
    origin.is_some_and(|origin| origin.authority().map(|authority| authority.as_str()) == host)
}

async fn echo(ws: &mut WebSocket) -> Result<()> {
    let mut ping = interval(BETWEEN_PINGS);
    let mut heard = Instant::now();
    loop {
        tokio::select! {
            message = ws.recv() => {
                heard = Instant::now();
                match message.transpose()? {
                    Some(message @ (Message::Text(_) | Message::Binary(_))) => timeout(WRITING, ws.send(message)).await??,
                    // Reading to the end answers it.
                    Some(Message::Close(_)) => {
                        timeout(CLOSING, async { while let Some(Ok(_)) = ws.recv().await {} }).await?;
                        return Ok(());
                    }
                    Some(_) => {}
                    None => return Ok(()),
                }
            }
            _ = ping.tick() => {
                ensure!(heard.elapsed() < SILENCE, "the client does not answer Pings");
                timeout(WRITING, ws.send(Message::Ping(Bytes::new()))).await??;
            }
        }
    }
}
