//! A client that connects again, on tokio-websockets. README.md says what it does.

use std::io;
use std::time::Duration;

use anyhow::{Result, ensure};
use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncBufReadExt, BufReader, Lines, Stdin, stdin};
use tokio::net::TcpStream;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval, sleep, timeout};
use tokio_websockets::{ClientBuilder, CloseCode, Error, MaybeTlsStream, Message, WebSocketStream, upgrade};

const FIRST_DELAY: Duration = Duration::from_secs(1);
const MAX_DELAY: Duration = Duration::from_secs(30);
const OPENING: Duration = Duration::from_secs(10);
const WRITING: Duration = Duration::from_secs(20);
const CLOSING: Duration = Duration::from_secs(5);
const BETWEEN_PINGS: Duration = Duration::from_secs(25);
const SILENCE: Duration = Duration::from_secs(45);

type WebSocket = WebSocketStream<MaybeTlsStream<TcpStream>>;

#[tokio::main]
async fn main() -> io::Result<()> {
    let Some(url) = std::env::args().nth(1) else {
        eprintln!("usage: client_tokio_websockets URL");
        std::process::exit(2);
    };
    let mut user = User::new()?;
    // Not by returning: that would wait for the thread that reads standard input.
    std::process::exit(run(&url, &mut user).await)
}

async fn run(url: &str, user: &mut User) -> i32 {
    // `connect` looks at the scheme only after it has found the host.
    if !url.starts_with("ws://") && !url.starts_with("wss://") {
        eprintln!("not a URL for a WebSocket: {url}");
        return 2;
    }
    let builder = match ClientBuilder::new().uri(url) {
        Ok(builder) => builder,
        Err(error) => {
            eprintln!("{error}");
            return 2;
        }
    };
    let mut delay = FIRST_DELAY;
    loop {
        let connected = tokio::select! {
            connected = timeout(OPENING, builder.connect()) => connected,
            _ = user.interrupt.recv() => return 0,
        };
        let failure = match connected {
            Ok(Ok((mut ws, _))) => {
                eprintln!("connected");
                delay = FIRST_DELAY;
                match talk(&mut ws, user).await {
                    Ok(End::User) => return close(ws).await,
                    Ok(End::Server(code)) => format!("closed by the server: {code:?}"),
                    Err(error) => error.to_string(),
                }
            }
            Ok(Err(Error::Upgrade(upgrade::Error::DidNotSwitchProtocols(status)))) if is_final(status) => {
                eprintln!("refused: {status}");
                return 3;
            }
            Ok(Err(error)) => error.to_string(),
            Err(_) => "no answer".into(),
        };
        let pause = delay.mul_f64(0.5 + fastrand::f64() / 2.0);
        eprintln!("{failure}; again in {pause:.1?}");
        tokio::select! {
            _ = sleep(pause) => {}
            _ = user.interrupt.recv() => return 0,
        }
        delay = MAX_DELAY.min(delay * 2);
    }
}

/// Whether asking again would bring the same answer.
fn is_final(status: u16) -> bool {
    (300..500).contains(&status) && ![408, 425, 429].contains(&status)
}

enum End {
    User,
    Server(Option<CloseCode>),
}

async fn talk(ws: &mut WebSocket, user: &mut User) -> Result<End> {
    let mut ping = interval(BETWEEN_PINGS);
    let mut heard = Instant::now();
    loop {
        tokio::select! {
            message = ws.next() => {
                heard = Instant::now();
                match message.transpose()? {
                    Some(message) if message.is_close() => {
                        finish(ws).await?;
                        return Ok(End::Server(message.as_close().map(|(code, _)| code)));
                    }
                    Some(message) => print(&message),
                    None => return Ok(End::Server(None)),
                }
            }
            line = user.next_line() => match line {
                Some(line) => {
                    timeout(WRITING, ws.send(Message::text(line))).await??;
                    user.waiting = None;
                }
                None => return Ok(End::User),
            },
            _ = ping.tick() => {
                ensure!(heard.elapsed() < SILENCE, "the server does not answer Pings");
                timeout(WRITING, ws.send(Message::ping(""))).await??;
            }
        }
    }
}

async fn close(mut ws: WebSocket) -> i32 {
    let closed = async {
        timeout(WRITING, ws.send(Message::close(Some(CloseCode::NORMAL_CLOSURE), ""))).await??;
        finish(&mut ws).await
    };
    match closed.await {
        Ok(()) => 0,
        Err(error) => {
            eprintln!("not closed in order: {error}");
            1
        }
    }
}

/// Reads to the end, by which the rest of the closing handshake is done.
async fn finish(ws: &mut WebSocket) -> Result<()> {
    let rest = async {
        while let Some(message) = ws.next().await.transpose()? {
            print(&message);
        }
        Ok(())
    };
    timeout(CLOSING, rest).await?
}

fn print(message: &Message) {
    if let Some(text) = message.as_text() {
        println!("{text}");
    }
}

struct User {
    lines: Lines<BufReader<Stdin>>,
    pace: Interval,
    interrupt: Signal,
    /// A line that was read, but not sent yet.
    waiting: Option<String>,
}

impl User {
    fn new() -> io::Result<Self> {
        let mut pace = interval(Duration::from_secs(1));
        pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let interrupt = signal(SignalKind::interrupt())?;
        Ok(Self { lines: BufReader::new(stdin()).lines(), pace, interrupt, waiting: None })
    }

    /// A line each second, or `None` at the end of standard input or Ctrl-C; the same line until it is taken from `waiting`.
    async fn next_line(&mut self) -> Option<String> {
        if self.waiting.is_none() {
            let line = async {
                self.pace.tick().await;
                self.lines.next_line().await.unwrap_or(None)
            };
            self.waiting = tokio::select! {
                line = line => line,
                _ = self.interrupt.recv() => None,
            };
        }
        self.waiting.clone()
    }
}
