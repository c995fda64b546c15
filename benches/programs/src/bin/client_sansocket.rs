//! A client that connects again, on sansocket-tokio. README.md says what it does.

use std::io;
use std::time::Duration;

use sansocket_tokio::{CloseCode, Error, Message, Transport, WebSocket, connect};
use tokio::io::{AsyncBufReadExt, BufReader, Lines, Stdin, stdin};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{Interval, MissedTickBehavior, interval, sleep};

const FIRST_DELAY: Duration = Duration::from_secs(1);
const MAX_DELAY: Duration = Duration::from_secs(30);

#[tokio::main]
async fn main() -> io::Result<()> {
    let Some(url) = std::env::args().nth(1) else {
        eprintln!("usage: client_sansocket URL");
        std::process::exit(2);
    };
    let mut user = User::new()?;
    // Not by returning: that would wait for the thread that reads standard input.
    std::process::exit(run(&url, &mut user).await)
}

async fn run(url: &str, user: &mut User) -> i32 {
    let mut delay = FIRST_DELAY;
    loop {
        let connected = tokio::select! {
            connected = connect(url) => connected,
            _ = user.interrupt.recv() => return 0,
        };
        let failure = match connected {
            Ok(mut ws) => {
                eprintln!("connected");
                delay = FIRST_DELAY;
                match talk(&mut ws, user).await {
                    Ok(End::User) => return close(ws).await,
                    Ok(End::Server) => format!("closed by the server: {} {}", ws.close_code(), ws.close_reason()),
                    Err(error) => error.to_string(),
                }
            }
            Err(Error::Refused(refusal)) if is_final(refusal.status) => {
                eprintln!("refused: {}", refusal.status);
                return 3;
            }
            Err(error @ (Error::Url(_) | Error::Usage(_))) => {
                eprintln!("{error}");
                return 2;
            }
            Err(error) => error.to_string(),
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
    Server,
}

async fn talk(ws: &mut WebSocket<Transport>, user: &mut User) -> Result<End, Error> {
    loop {
        tokio::select! {
            message = ws.next() => match message.transpose()? {
                Some(message) => print(&message),
                None => return Ok(End::Server),
            },
            line = user.next_line() => match line {
                Some(line) => {
                    ws.send(line).await?;
                    user.waiting = None;
                }
                None => return Ok(End::User),
            },
        }
    }
}

async fn close(mut ws: WebSocket<Transport>) -> i32 {
    let closed = async {
        ws.start_close(CloseCode::NORMAL_CLOSURE, "")?;
        while let Some(message) = ws.next().await.transpose()? {
            print(&message);
        }
        Ok::<(), Error>(())
    };
    match closed.await {
        Ok(()) => 0,
        Err(error) => {
            eprintln!("not closed in order: {error}");
            1
        }
    }
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
