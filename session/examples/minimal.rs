//! The loop of the crate's page as a program: says Hello, shows the answer, closes; and comes back until that has worked.
//! `cargo run --example minimal -- ws://127.0.0.1:9001/`, with an echo server there, or started later.

use std::error::Error;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::process::ExitCode;
use std::thread::sleep;
use std::time::{Duration, Instant as Clock};

use sansocket::{Buffered, CloseCode, Config, Connection, Entropy, EntropyError, Instant};
use sansocket_session::{Cause, DialError, Event, Session, SessionConfig, SessionState, Transport};

static CONFIG: Config = Config::new();
static SESSION: SessionConfig = SessionConfig::new().first_delay_ms(1_000);

/// The system's entropy.
struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        getrandom::fill(bytes).map_err(|_| EntropyError)
    }
}

/// Returns whether the application ended it.
fn run(url: &str) -> Result<bool, Box<dyn Error>> {
    let start = Clock::now();
    let now = || Instant::from(start.elapsed());
    let ws = Buffered::new(Connection::client(&CONFIG, SystemEntropy, now()), vec![0; 16 << 10], vec![0; 16 << 10]);
    let mut session = Session::new(ws, &SESSION, url, vec![0; 16 << 10])?;
    session.commands(now()).send_text("Hello")?;
    session.start(now());
    let (mut socket, mut is_done) = (None, false);
    while session.state() != SessionState::Stopped {
        while let Some((event, mut ws)) = session.next(now())? {
            match event {
                Event::Data(message) => {
                    println!("{}", String::from_utf8_lossy(message.payload));
                    ws.close(CloseCode::NORMAL_CLOSURE, "")?;
                }
                Event::Down { cause, retry_in_ms, .. } => {
                    is_done = cause == Cause::Application;
                    eprintln!("* {cause}{}", retry_in_ms.map_or(String::new(), |ms| format!("; again in {ms} ms")));
                }
                _ => {}
            }
        }
        let epoch = session.epoch();
        match session.transport() {
            Transport::None => socket = None,
            Transport::Dial(dial) if dial.tls => session.dial_failed(epoch, DialError::NoTls),
            Transport::Dial(dial) => match TcpStream::connect((dial.host, dial.port)) {
                Ok(connected) => {
                    socket = Some(connected);
                    session.connected(epoch, now());
                }
                Err(_) => session.dial_failed(epoch, DialError::Connect),
            },
            Transport::ShutdownWrite => drop(socket.as_ref().map(|socket: &TcpStream| socket.shutdown(Shutdown::Write))),
            _ => {}
        }
        let wait = Duration::from_millis(session.millis_until_timeout(now()).unwrap_or(1000).clamp(1, 1000));
        let Some(socket) = &mut socket else {
            sleep(wait);
            continue;
        };
        if !session.due().is_empty() {
            match socket.write(session.due()) {
                Ok(n) => session.written(epoch, n, now()),
                Err(error) if is_not_yet(&error) => {}
                Err(_) => session.write_failed(epoch),
            }
        }
        socket.set_read_timeout(Some(wait))?;
        match session.space().map(|space| socket.read(space)) {
            None => session.filled(epoch, 0, now()),
            Some(Ok(0)) => session.eof(epoch),
            Some(Ok(n)) => session.filled(epoch, n, now()),
            Some(Err(error)) if is_not_yet(&error) => session.filled(epoch, 0, now()),
            Some(Err(_)) => session.eof(epoch),
        }
    }
    Ok(is_done)
}

/// Nothing is wrong: the time is over, or a signal came.
fn is_not_yet(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted)
}

fn main() -> ExitCode {
    let url = std::env::args().nth(1).unwrap_or("ws://127.0.0.1:9001/".into());
    match run(&url) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("* {url}: {error}");
            ExitCode::from(2)
        }
    }
}
