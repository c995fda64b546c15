//! A Socket.IO client with blocking sockets of std: says hello, prints what comes, and comes back until it is told to stop.
//! `cargo run --example minimal_client -- http://127.0.0.1:3000/ hello '["world"]'`, with a server of Socket.IO there, or started later.
//! The event is emitted at the start and asks for an answer; the program ends with it.

use std::error::Error;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::process::ExitCode;
use std::thread::sleep;
use std::time::{Duration, Instant as Clock};

use sansocket::{Buffered, Config, Connection, Entropy, EntropyError, Instant};
use sansocket_session::{DialError, Session, SessionConfig, SessionState, Transport};
use sansocket_socketio::client::{AckSlot, Client, ClientConfig, DEFAULT_PATH, Emit, Event, NamespaceSlot, target};

static CONFIG: Config = Config::new();
static SESSION: SessionConfig = SessionConfig::new().first_delay_ms(1_000);
static CLIENT: ClientConfig = ClientConfig::new();

/// The system's entropy.
struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        getrandom::fill(bytes).map_err(|_| EntropyError)
    }
}

/// Prints what happened. Whether that is all that was wanted.
fn show(event: &Event<'_>) -> bool {
    match event {
        Event::Connected { sid, recovered, .. } => println!("connected as {sid}{}", if *recovered { ", recovered" } else { "" }),
        Event::Event { packet, .. } => println!("{}", packet.json()),
        Event::Attachment { attachment, .. } => println!("attachment {}: {:?}", attachment.index, attachment.bytes),
        Event::Disconnected { reason, .. } => println!("disconnected: {reason}"),
        Event::ConnectError { error, .. } => println!("refused: {error:?}"),
        Event::Down { cause, fault, retry_in_ms, .. } => eprintln!("* {cause}, {fault:?}; again in {retry_in_ms:?} ms"),
        Event::Ack { packet, .. } => println!("answer: {}", packet.json()),
        Event::AckFailed { error, .. } => println!("{error}"),
        _ => {}
    }
    matches!(event, Event::Ack { .. } | Event::AckFailed { .. })
}

fn run(url: &str, name: &str, args: &str) -> Result<(), Box<dyn Error>> {
    let start = Clock::now();
    let now = || Instant::from(start.elapsed());
    let mut memory = [0; 256];
    let target = target(url, DEFAULT_PATH, &mut memory)?;
    let ws = Buffered::new(Connection::client(&CONFIG, SystemEntropy, now()), vec![0; 16 << 10], vec![0; 16 << 10]);
    let mut session = Session::new(ws, &SESSION, target.url, vec![0; 16 << 10])?;
    let mut io = Client::new(&CLIENT, [NamespaceSlot::EMPTY; 1], [AckSlot::EMPTY; 4], [0; 4096]);
    let mut ws = session.commands(now());
    let namespace = io.connect(&mut ws, target.namespace)?;
    io.emit(&mut ws, &Emit::new(namespace, name).args(args).ack_within_ms(30_000))?; // waits for the connection
    session.start(now());
    let mut socket = None;
    while session.state() != SessionState::Stopped {
        while let Some((event, mut ws)) = session.next(now())? {
            if io.handle(event, &mut ws).is_some_and(|event| show(&event)) {
                io.disconnect(&mut ws, namespace);
            }
        }
        let mut ws = session.commands(now());
        while let Some(event) = io.poll(&mut ws) {
            if show(&event) {
                io.disconnect(&mut ws, namespace);
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
        let next = session.next_timeout().into_iter().chain(io.next_timeout()).min();
        let ms = next.map_or(1000, |next| next.as_micros().saturating_sub(now().as_micros()).div_ceil(1000));
        let wait = Duration::from_millis(ms.clamp(1, 1000));
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
    Ok(())
}

/// Nothing is wrong: the time is over, or a signal came.
fn is_not_yet(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted)
}

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let mut next = |default: &str| args.next().unwrap_or_else(|| default.to_owned());
    let (url, name, args) = (next("http://127.0.0.1:3000/"), next("hello"), next(r#"["world"]"#));
    match run(&url, &name, &args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("* {url}: {error}");
            ExitCode::FAILURE
        }
    }
}
