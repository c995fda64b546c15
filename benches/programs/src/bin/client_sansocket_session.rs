//! A client that connects again, on the sessions of sansocket-tokio. README.md says what it does.

use std::io;
use std::time::Duration;

use sansocket_tokio::session::{Cause, Event, Session, SessionConfig, SessionState};
use sansocket_tokio::{CloseCode, Config};
use tokio::io::{AsyncBufReadExt, BufReader, stdin};
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{MissedTickBehavior, interval};

static CONFIG: Config = Config::new();
/// 0 to 1 s, then 1 to 2, up to 15 to 30.
static SESSION: SessionConfig =
    SessionConfig::new().first_delay_ms(1_000).min_delay_ms(1_500).max_delay_ms(22_500).jitter_percent(33).min_uptime_ms(0);

#[tokio::main]
async fn main() -> io::Result<()> {
    let Some(url) = std::env::args().nth(1) else {
        eprintln!("usage: client_sansocket_session URL");
        std::process::exit(2);
    };
    match Session::builder(&CONFIG, &SESSION).start(&url) {
        // Not by returning: that would wait for the thread that reads standard input.
        Ok(session) => std::process::exit(run(session).await?),
        Err(error) => {
            eprintln!("{error}");
            std::process::exit(2);
        }
    }
}

async fn run(mut session: Session) -> io::Result<i32> {
    let mut lines = BufReader::new(stdin()).lines();
    let mut pace = interval(Duration::from_secs(1));
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut interrupt = signal(SignalKind::interrupt())?;
    let (mut waits, mut ends) = (true, false);
    loop {
        let is_open = session.state() == SessionState::Open && !ends;
        tokio::select! {
            event = session.next() => match event {
                Some(Event::Up(_)) => eprintln!("connected"),
                Some(Event::Message(message)) => message.as_text().into_iter().for_each(|text| println!("{text}")),
                Some(Event::Down { cause: Cause::Refused { status }, .. }) if is_final(status) => {
                    eprintln!("refused: {status}");
                    return Ok(3);
                }
                Some(Event::Down { cause, retry_in, reason, .. }) => {
                    eprintln!("{cause} {reason}; again in {retry_in:?}");
                    if ends && cause != Cause::Application {
                        return Ok(1);
                    }
                    if retry_in.is_none() {
                        session.retry_in(Duration::from_secs(1));
                    }
                }
                Some(_) => {}
                None => return Ok(0),
            },
            _ = pace.tick(), if is_open && waits => waits = false,
            line = lines.next_line(), if is_open && !waits => match line.unwrap_or(None) {
                Some(line) => {
                    session.send(line).map_err(io::Error::other)?;
                    waits = true;
                }
                None => {
                    ends = true;
                    session.finish(CloseCode::NORMAL_CLOSURE, "").map_err(io::Error::other)?;
                }
            },
            _ = interrupt.recv(), if !ends => {
                ends = true;
                session.close(CloseCode::NORMAL_CLOSURE, "").map_err(io::Error::other)?;
            }
        }
    }
}

/// Whether asking again would bring the same answer.
fn is_final(status: u16) -> bool {
    (300..500).contains(&status) && ![408, 425, 429].contains(&status)
}
