//! The program of ../examples/minimal.rs on tokio-tungstenite: `cargo run -- ws://127.0.0.1:9001/`.
//!
//! What a session does by itself is done by hand: deadlines, Pings, waits that grow and are random, which causes are final, and a minimum
//! of time that a connection has to be up. Retry-After, proxies and messages that are told to be lost are left out.

use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, interval, sleep, timeout};
use tokio_tungstenite::tungstenite::error::{Error as WsError, UrlError};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Bytes, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

const OPENING: Duration = Duration::from_secs(20);
const WRITING: Duration = Duration::from_secs(20);
const CLOSING: Duration = Duration::from_secs(5);
const BETWEEN_PINGS: Duration = Duration::from_secs(25);
const SILENCE: Duration = Duration::from_secs(45);
const MIN_UPTIME: Duration = Duration::from_secs(5);
const MAX_DELAY: f64 = 30.0;

type WebSocket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Why a connection ended.
enum End {
    Application,
    Transient(String),
    Final(String),
}

/// Returns whether the application ended it.
async fn run(url: &str) -> Result<bool, Box<dyn Error>> {
    let mut waiting = Some("Hello");
    let mut failures = 0;
    loop {
        let end = match timeout(OPENING, connect_async(url)).await {
            Ok(Ok((mut ws, _))) => {
                let since = Instant::now();
                let end = converse(&mut ws, &mut waiting).await.unwrap_or_else(|error| End::Transient(error.to_string()));
                if since.elapsed() >= MIN_UPTIME {
                    failures = 0;
                }
                end
            }
            Ok(Err(WsError::Http(response))) if !is_transient(response.status().as_u16()) => {
                End::Final(format!("the server refused with status {}", response.status()))
            }
            Ok(Err(error @ WsError::Url(UrlError::UnableToConnect(_)))) => End::Transient(error.to_string()),
            Ok(Err(error @ (WsError::Url(_) | WsError::HttpFormat(_)))) => return Err(error.into()),
            Ok(Err(error)) => End::Transient(error.to_string()),
            Err(_) => End::Transient("connecting took too long".into()),
        };
        let cause = match end {
            End::Application => return Ok(true),
            End::Final(cause) => {
                eprintln!("* {cause}");
                return Ok(false);
            }
            End::Transient(cause) => cause,
        };
        let delay = delay(failures);
        failures += 1;
        eprintln!("* {cause}; again in {} ms", delay.as_millis());
        sleep(delay).await;
    }
}

/// The first is anything up to a second; then a second, twice as long each time, half of it more or less.
fn delay(failures: i32) -> Duration {
    Duration::from_secs_f64(match failures {
        0 => fastrand::f64(),
        _ => 2_f64.powi(failures - 1).min(MAX_DELAY) * (0.5 + fastrand::f64()),
    })
}

fn is_transient(status: u16) -> bool {
    matches!(status, 408 | 425 | 429 | 500 | 502 | 503 | 504)
}

async fn converse(ws: &mut WebSocket, waiting: &mut Option<&str>) -> Result<End, Box<dyn Error>> {
    if let Some(text) = *waiting {
        timeout(WRITING, ws.send(text.into())).await??;
        *waiting = None;
    }
    let mut ping = interval(BETWEEN_PINGS);
    let mut heard = Instant::now();
    loop {
        tokio::select! {
            message = ws.next() => {
                heard = Instant::now();
                match message.transpose()? {
                    Some(Message::Close(frame)) => {
                        timeout(CLOSING, finish(ws)).await?;
                        return Ok(closed(frame));
                    }
                    Some(message @ (Message::Text(_) | Message::Binary(_))) => {
                        println!("{}", String::from_utf8_lossy(&message.into_data()));
                        let frame = CloseFrame { code: CloseCode::Normal, reason: "".into() };
                        timeout(WRITING, ws.close(Some(frame))).await??;
                        timeout(CLOSING, finish(ws)).await?;
                        return Ok(End::Application);
                    }
                    Some(_) => {}
                    None => return Ok(End::Transient("cut off".into())),
                }
            }
            _ = ping.tick() => {
                if heard.elapsed() >= SILENCE {
                    return Ok(End::Transient("the server does not answer Pings".into()));
                }
                timeout(WRITING, ws.send(Message::Ping(Bytes::new()))).await??;
            }
        }
    }
}

/// Reads to the end, by which the rest of the closing handshake is done.
async fn finish(ws: &mut WebSocket) {
    while let Some(Ok(_)) = ws.next().await {}
}

fn closed(frame: Option<CloseFrame>) -> End {
    let code = frame.map_or(1005, |frame| frame.code.into());
    let cause = format!("the server closed with {code}");
    if matches!(code, 1001 | 1005 | 1006 | 1011..=1014) { End::Transient(cause) } else { End::Final(cause) }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let url = std::env::args().nth(1).unwrap_or("ws://127.0.0.1:9001/".into());
    match run(&url).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("* {url}: {error}");
            ExitCode::from(2)
        }
    }
}
