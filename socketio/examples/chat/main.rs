//! A chat for browsers, with rooms, files, and a connection that shows how it goes from HTTP polling to WebSocket: `cargo run --release --example
//! chat`, then open the address that it prints, twice.
//!
//! [`chat`] has what the chat does, [`pages`] the page; here are sockets and signals. HTTP is hyper's, and what Engine.IO needs between the
//! two is done by [`Host`].

mod chat;
mod pages;

use std::convert::Infallible;
use std::io::{Error, ErrorKind, Write};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use sansocket_tokio::Origin;
use sansocket_tokio::socketio::Host;
use tokio::net::{TcpListener, TcpStream};

const USAGE: &str = "\
usage: chat [--listen ADDR:PORT]

  --listen ADDR:PORT   where to listen: 127.0.0.1:9003 unless given; port 0 takes any that is free";

/// What the command line says; `None` if it asks for help.
fn listen_address() -> Result<Option<String>, String> {
    let mut listen = "127.0.0.1:9003".to_owned();
    let mut arguments = std::env::args_os().skip(1).map(|argument| argument.to_string_lossy().into_owned());
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--listen" => listen = arguments.next().ok_or("--listen needs a value")?,
            "--help" | "-h" => return Ok(None),
            other => return Err(format!("unknown argument {other}")),
        }
    }
    Ok(Some(listen))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let listen = match listen_address() {
        Ok(Some(listen)) => listen,
        Ok(None) => {
            // A reader that has gone ends other programs by SIGPIPE.
            return if writeln!(std::io::stdout(), "{USAGE}").is_ok() { ExitCode::SUCCESS } else { ExitCode::from(128 + 13) };
        }
        Err(problem) => {
            eprintln!("chat: {problem}\n\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    match run(&listen).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            match error.kind() {
                ErrorKind::AddrInUse => {
                    eprintln!("chat: {listen} is in use: another program listens there. Choose another port with --listen.");
                }
                ErrorKind::InvalidInput => eprintln!("chat: {listen} is not an address such as 127.0.0.1:9003"),
                _ => eprintln!("chat: {listen}: {error}"),
            }
            ExitCode::FAILURE
        }
    }
}

async fn run(listen: &str) -> Result<(), Error> {
    let listener = TcpListener::bind(listen).await?;
    tell(&format!("chat: open {} in two windows; Ctrl-C ends it", url(listener.local_addr()?)));
    let mut chat = chat::Chat::default();
    // Pages of others may not use it.
    let origin = Origin::SameHost { secure: false };
    let host = Host::new(chat::config(), origin, move |io, event| chat.handle(io, event));
    tokio::select! {
        () = accept(&listener, &host) => {}
        stopped = stopped() => stopped?,
    }
    drop(listener);
    host.with(|io| io.shut_down());
    // What tells the clients leaves now.
    tokio::time::sleep(Duration::from_millis(200)).await;
    tell("chat: done");
    Ok(())
}

/// Prints a line. It goes on where nobody reads that.
fn tell(line: &str) {
    writeln!(std::io::stdout(), "{line}").ok();
}

/// What a browser on this machine is given.
fn url(address: SocketAddr) -> String {
    let is_everywhere = address.ip().is_unspecified();
    if is_everywhere { format!("http://localhost:{}/", address.port()) } else { format!("http://{address}/") }
}

async fn accept(listener: &TcpListener, host: &Host) {
    loop {
        match listener.accept().await {
            Ok((socket, _)) => drop(tokio::spawn(serve(socket, host.clone()))),
            Err(error) => {
                // Too many files are open, for example: some will be closed.
                eprintln!("chat: {error}");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

async fn serve(socket: TcpStream, host: Host) {
    socket.set_nodelay(true).ok();
    let service = service_fn(|request: hyper::Request<hyper::body::Incoming>| {
        let host = host.clone();
        async move {
            let is_ours = request.uri().path() == "/socket.io/";
            Ok::<_, Infallible>(if is_ours { host.serve(request).await } else { pages::answer(&request) })
        }
    });
    let connection = http1::Builder::new().timer(TokioTimer::new()).serve_connection(TokioIo::new(socket), service);
    // How it ended concerns nobody: sessions outlive their connections.
    connection.with_upgrades().await.ok();
}

/// Once Ctrl-C was pressed, or SIGTERM has come.
async fn stopped() -> Result<(), Error> {
    #[cfg(unix)]
    {
        let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
        tokio::select! {
            pressed = tokio::signal::ctrl_c() => pressed,
            _ = terminate.recv() => Ok(()),
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await
}
