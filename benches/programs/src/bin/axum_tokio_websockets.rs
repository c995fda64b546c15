//! A WebSocket route of axum, on tokio-websockets. README.md says what it does.

use std::time::Duration;

use anyhow::{Result, ensure};
use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{any, get};
use axum::{Router, serve};
use base64::{Engine, engine::general_purpose::STANDARD};
use futures_util::{SinkExt, StreamExt};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use sha1::{Digest, Sha1};
use tokio::net::TcpListener;
use tokio::time::{Instant, interval, timeout};
use tokio_websockets::{Limits, Message, ServerBuilder, WebSocketStream};

const MAX_LEN: Option<usize> = Some(64 * 1024);
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

async fn upgrade(mut request: Request) -> Response {
    if !is_own_page(request.headers()) {
        return StatusCode::FORBIDDEN.into_response();
    }
    let Some(accept) = accept_key(request.headers()) else { return StatusCode::BAD_REQUEST.into_response() };
    let upgrading = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        let served = async {
            let builder = ServerBuilder::new().limits(Limits::default().max_payload_len(MAX_LEN));
            echo(builder.serve(TokioIo::new(upgrading.await?))).await
        };
        if let Err(error) = served.await {
            eprintln!("{error}");
        }
    });
    let headers = [("connection", "upgrade"), ("upgrade", "websocket"), ("sec-websocket-accept", &accept)];
    (StatusCode::SWITCHING_PROTOCOLS, headers, Body::empty()).into_response()
}

/// What answers the key of an opening handshake; `None` for any other request.
fn accept_key(headers: &HeaderMap) -> Option<String> {
    let has = |name, token: &str| {
        headers
            .get_all(name)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .any(|word| word.trim().eq_ignore_ascii_case(token))
    };
    let is_handshake = has("upgrade", "websocket") && has("connection", "upgrade") && has("sec-websocket-version", "13");
    let key = headers.get("sec-websocket-key").filter(|_| is_handshake)?;
    let hash = Sha1::new().chain_update(key).chain_update("258EAFA5-E914-47DA-95CA-C5AB0DC85B11").finalize();
    Some(STANDARD.encode(hash))
}

/// Whether the request comes from a page of this server, or not from a browser.
fn is_own_page(headers: &HeaderMap) -> bool {
    let Some(origin) = headers.get("origin") else { return true };
    let host = headers.get("host").and_then(|host| host.to_str().ok());
    let origin = origin.to_str().ok().and_then(|origin| origin.parse::<Uri>().ok());
    origin.is_some_and(|origin| origin.authority().map(|authority| authority.as_str()) == host)
}

async fn echo(mut ws: WebSocketStream<TokioIo<Upgraded>>) -> Result<()> {
    let mut ping = interval(BETWEEN_PINGS);
    let mut heard = Instant::now();
    loop {
        tokio::select! {
            message = ws.next() => {
                heard = Instant::now();
                match message.transpose()? {
                    Some(message) if message.is_text() || message.is_binary() => timeout(WRITING, ws.send(message)).await??,
                    // Reading to the end answers it.
                    Some(message) if message.is_close() => {
                        timeout(CLOSING, async { while let Some(Ok(_)) = ws.next().await {} }).await?;
                        return Ok(());
                    }
                    Some(_) => {}
                    None => return Ok(()),
                }
            }
            _ = ping.tick() => {
                ensure!(heard.elapsed() < SILENCE, "the client does not answer Pings");
                timeout(WRITING, ws.send(Message::ping(""))).await??;
            }
        }
    }
}
