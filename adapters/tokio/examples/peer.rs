//! The programs that harnesses run: an echo server and a line client, with their options, exit codes and signals.
//! `cargo run --example peer --features deflate -- --help`. The programs to learn from are `echo_server` and `client`.

use sansocket::{DeflateConfig, EndCause};
use sansocket_tokio::{Accept, CloseCode, Config, Connector, Error, Handshake, Message, Origin, Receiver, Sender, Transport};
use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinSet;

const USAGE: &str = "\
usage: peer --listen ADDR:PORT [--quiet] [--deflate]     echoes messages; port 0 takes any that is free
       peer [--deflate] URL                              sends lines, prints messages; the end of the input closes
       peer [--deflate] --autobahn AGENT URL             runs all cases of a fuzzing server
  --quiet     prints where it listens and nothing more
  --deflate   compresses (permessage-deflate)
Exit code of the client: 0 closed clean with 1000, 1001 or no code, 1 failed, 2 wrong usage, 3 refused";

/// Autobahn's suite goes beyond the defaults.
static PLAIN: Config = Config::new().max_message_len(64 << 20).max_fragments(100_000);
static DEFLATE: Config = PLAIN.deflate(DeflateConfig::new());
/// A server's: the compressors of many connections take turns in the CPU's caches, where larger windows do not stay.
static DEFLATE_FOR_MANY: Config = PLAIN.deflate(DeflateConfig::new().send_window_bits(12));

#[derive(Default)]
struct Arguments {
    listen: Option<String>,
    is_quiet: bool,
    deflates: bool,
    agent: Option<String>,
    url: Option<String>,
    helps: bool,
}

fn arguments() -> Option<Arguments> {
    let mut found = Arguments::default();
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match &*argument {
            "--listen" => found.listen = Some(arguments.next()?),
            "--autobahn" => found.agent = Some(arguments.next()?),
            "--quiet" => found.is_quiet = true,
            "--deflate" => found.deflates = true,
            "--help" => found.helps = true,
            other if other.starts_with('-') || found.url.is_some() => return None,
            _ => found.url = Some(argument),
        }
    }
    (found.helps || found.listen.is_some() != found.url.is_some()).then_some(found)
}

#[tokio::main]
async fn main() -> ExitCode {
    let Some(Arguments { listen, is_quiet, deflates, agent, url, helps }) = arguments() else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    let config = match deflates {
        true if listen.is_some() => &DEFLATE_FOR_MANY,
        true => &DEFLATE,
        false => &PLAIN,
    };
    let done = match (listen, url, agent) {
        _ if helps => show(USAGE).map(|()| 0),
        (Some(address), ..) => listen_at(&address, config, is_quiet).await.map(|()| 0).map_err(Error::from),
        (_, Some(url), Some(agent)) => run_cases(&url, &agent, config).await.map(|()| 0),
        (_, url, _) => talk(&url.unwrap_or_default(), config).await,
    };
    let code = done.unwrap_or_else(|error| {
        let code = match &error {
            Error::Io(error) if error.kind() == ErrorKind::BrokenPipe => std::process::exit(141),
            Error::Refused(refusal) if refusal.status != 101 => 3,
            Error::Url(_) => 2,
            _ => 1,
        };
        note(&error.to_string());
        code
    });
    // The thread that waits for a line does not end.
    std::process::exit(code)
}

/// Without what could command a terminal.
fn escaped(text: &str) -> String {
    let is_plain = |c: char| c == '\n' || !c.is_control();
    text.chars().map(|c| if is_plain(c) { c.to_string() } else { c.escape_default().to_string() }).collect()
}

fn note(text: &str) {
    writeln!(io::stderr(), "* {}", escaped(text)).ok();
}

fn show(text: &str) -> Result<(), Error> {
    let mut out = io::stdout().lock();
    Ok(writeln!(out, "{}", escaped(text)).and_then(|()| out.flush())?)
}

/// Has the system take little ahead of the network, so that a Ping or a Close behind megabytes is not late.
fn prepare(socket: &TcpStream) {
    // They fail if the peer has gone.
    socket.set_nodelay(true).ok();
    #[cfg(target_os = "linux")]
    socket2::SockRef::from(socket).set_tcp_notsent_lowat(64 << 10).ok();
}

/// Serves until a signal comes, and then until all connections are closed.
async fn listen_at(address: &str, config: &'static Config<'static>, is_quiet: bool) -> io::Result<()> {
    let listener = TcpListener::bind(address).await?;
    writeln!(io::stdout(), "listening on ws://{}/", listener.local_addr()?).ok();
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let stop = watch::Sender::new(());
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((socket, _)) => {
                    let echoes = echo(socket, config, stop.subscribe());
                    connections.spawn(async move { echoes.await.unwrap_or_else(|error| if !is_quiet { note(&error.to_string()) }) });
                }
                // There are no descriptors left.
                Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            },
            _ = connections.join_next(), if !connections.is_empty() => {}
            _ = interrupt.recv() => break,
            _ = terminate.recv() => break,
        }
    }
    drop(listener);
    stop.send_replace(());
    while connections.join_next().await.is_some() {}
    Ok(())
}

async fn echo(socket: TcpStream, config: &'static Config<'static>, mut stop: watch::Receiver<()>) -> Result<(), Error> {
    prepare(&socket);
    let handshake = tokio::select! {
        handshake = Handshake::receive(socket, config) => handshake?,
        _ = stop.changed() => return Ok(()),
    };
    // The first that it offers.
    let first = handshake.request().subprotocols().next().map(str::to_owned);
    let accept = Accept::new(Origin::Any).subprotocol(first.as_deref());
    let mut ws = handshake.accept(&accept).await?;
    loop {
        tokio::select! {
            message = ws.next() => match message.transpose()? {
                Some(message) => ws.send(message).await?,
                None => return Ok(()),
            },
            _ = stop.changed() => return ws.close(CloseCode::GOING_AWAY, "").await,
        }
    }
}

/// Returns the exit code.
async fn talk(url: &str, config: &'static Config<'static>) -> Result<i32, Error> {
    let ws = Connector::new(config).connect(url).await?;
    note(if ws.negotiated().deflate().is_some() { "open, compressed" } else { "open" });
    prepare(ws.transport().socket());
    let (sender, receiver) = ws.split();
    tokio::select! {
        code = print_messages(receiver) => code,
        Err(error) = send_lines(sender) => Err(error),
    }
}

async fn send_lines(mut sender: Sender<Transport>) -> Result<(), Error> {
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while let Some(line) = lines.next_line().await? {
        if let Err(Error::Closed) = sender.send(line).await {
            break;
        }
    }
    sender.close(CloseCode::NORMAL_CLOSURE, "").await.ok();
    // How it ends is for the other half to tell.
    std::future::pending().await
}

async fn print_messages(mut receiver: Receiver<Transport>) -> Result<i32, Error> {
    while let Some(message) = receiver.next().await.transpose()? {
        match message {
            Message::Text(text) => show(&text)?,
            Message::Binary(bytes) => show(&format!("binary, {} bytes", bytes.len()))?,
        }
    }
    let code = receiver.close_code();
    note(&format!("closed with {code}, clean"));
    Ok(i32::from(!matches!(code.0, 1000 | 1001 | 1005)))
}

async fn run_cases(url: &str, agent: &str, config: &'static Config<'static>) -> Result<(), Error> {
    let (connector, url) = (Connector::new(config), url.trim_end_matches('/'));
    let count = connector.connect(&format!("{url}/getCaseCount")).await?.next().await.transpose()?;
    let count: u32 = count.as_ref().and_then(|count| count.as_text()?.parse().ok()).unwrap_or(0);
    for case in 1..=count {
        let mut ws = connector.connect(&format!("{url}/runCase?case={case}&agent={agent}")).await?;
        while let Some(Ok(message)) = ws.next().await {
            // How it ends is for the server to judge.
            if matches!(ws.send(message).await, Err(Error::Timeout(EndCause::WriteTimeout))) {
                break;
            }
        }
    }
    connector.connect(&format!("{url}/updateReports?agent={agent}")).await?.next().await;
    note(&format!("{count} cases were run"));
    Ok(())
}
