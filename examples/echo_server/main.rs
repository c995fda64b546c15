//! An echo server with a page that shows it at work: one thread, readiness by `mio`, two buffers for all connections.
//!
//! `cargo run --release --example echo_server`, then open the address that it prints. [`client`] has a connection's turn with the
//! buffers, [`codecs`] what it compresses with, [`peer`] what is answered, [`server`] the sockets and deadlines, [`pages`] the answers
//! to plain HTTP, [`clock`] the time that the page shows, [`log`] what the terminal shows.

mod client;
mod clock;
mod codecs;
mod log;
mod pages;
mod peer;
mod server;

use std::io::{ErrorKind, Write};
use std::net::{SocketAddr, ToSocketAddrs};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use sansocket::{CallError, ClientRequest, Config, Connection, DeflateConfig, Instant, NoEntropy};
use signal_hook::consts::{SIGINT, SIGTERM};

const USAGE: &str = "\
usage: echo_server [--listen ADDR:PORT] [--quiet] [--max-message N] [--subprotocol LIST] [--deflate[=BITS]]

  --listen ADDR:PORT   where to listen: 127.0.0.1:9001 unless given; port 0 takes any that is free
  --quiet              prints where it listens and nothing more
  --max-message N      the longest message that it takes, in bytes: 16777216 unless given
  --subprotocol LIST   the subprotocols that it speaks, best first, such as 'chat, superchat'; unless given,
                       it takes the first that a client offers
  --deflate[=BITS]     compresses the messages of clients that can do that too (permessage-deflate). Costs processor
                       time, and memory for each such connection: the server says how much. With windows of
                       2^BITS bytes, 8 to 15, where clients that cannot limit theirs are served uncompressed;
                       unless given, 2^12 for what is sent and 2^15 for what is received";

struct Arguments {
    listen: SocketAddr,
    quiet: bool,
    max_message: u64,
    subprotocols: String,
    deflate: DeflateConfig,
}

/// What all connections share, apart from their buffers.
pub(crate) struct Shared {
    pub(crate) clock: clock::Clock,
    pub(crate) now: Instant,
    pub(crate) log: log::Log,
}

/// What the command line says; `None` if it asks for help.
fn arguments() -> Result<Option<Arguments>, String> {
    let (mut listen, mut quiet, mut max_message) = ("127.0.0.1:9001".to_owned(), false, 16 << 20);
    let (mut subprotocols, mut deflate) = (String::new(), DeflateConfig::OFF);
    let mut arguments = std::env::args_os().skip(1).map(|argument| argument.to_string_lossy().into_owned());
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or(format!("{argument} needs a value"));
        match argument.as_str() {
            "--listen" => listen = value()?,
            "--quiet" => quiet = true,
            "--max-message" => {
                let bytes = value()?;
                max_message = bytes.parse().map_err(|_| format!("{bytes} is not a number of bytes"))?;
            }
            "--subprotocol" => {
                subprotocols = value()?;
                check_subprotocols(&subprotocols)?;
            }
            "--help" | "-h" => return Ok(None),
            // The compressors of many connections take turns in the CPU's caches: 2^15 would take three times the time.
            "--deflate" => deflate = DeflateConfig::new().send_window_bits(12),
            other if other.starts_with("--deflate=") => deflate = windows(&other["--deflate=".len()..])?,
            other => return Err(format!("unknown argument {other}")),
        }
    }
    let addresses = listen.to_socket_addrs().ok().and_then(|mut addresses| addresses.next());
    let listen = addresses.ok_or(format!("{listen} is not an address such as 127.0.0.1:9001"))?;
    Ok(Some(Arguments { listen, quiet, max_message, subprotocols, deflate }))
}

/// Compression with windows of 2^`bits` bytes.
fn windows(bits: &str) -> Result<DeflateConfig, String> {
    let number = bits.parse().ok().filter(|bits| (8..=15).contains(bits));
    let bits = number.ok_or(format!("{bits} is not a number of bits from 8 to 15"))?;
    Ok(DeflateConfig::new().send_window_bits(bits).receive_window_bits(bits))
}

/// Whether a client could offer this list.
fn check_subprotocols(list: &str) -> Result<(), String> {
    let (config, now) = (Config::new().subprotocols(list), Instant::from_millis(0));
    match Connection::client(&config, NoEntropy, now).request(&ClientRequest::new("localhost", "/"), now, &mut []) {
        Err(CallError::Usage(error)) => Err(format!("{list:?}: {error}")),
        _ => Ok(()),
    }
}

fn main() -> ExitCode {
    let Arguments { listen, quiet, max_message, subprotocols, deflate } = match arguments() {
        Ok(Some(arguments)) => arguments,
        Ok(None) => {
            // A reader that has gone ends other programs by SIGPIPE.
            return if writeln!(std::io::stdout(), "{USAGE}").is_ok() { ExitCode::SUCCESS } else { ExitCode::from(128 + 13) };
        }
        Err(problem) => {
            eprintln!("echo_server: {problem}\n\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    // The defaults, but for one case of the Autobahn suite that cuts a message into 65 537 frames.
    let config = Config::new().max_message_len(max_message).max_fragments(100_000).subprotocols(&subprotocols).deflate(deflate);
    let result = stop_signal().and_then(|stop| server::Server::bind(listen, &config, quiet)?.run(&stop));
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            match error.kind() {
                ErrorKind::AddrInUse => {
                    eprintln!(
                        "echo_server: {listen} is in use: another program listens there. Choose another port with --listen."
                    );
                }
                _ => eprintln!("echo_server: {listen}: {error}"),
            }
            ExitCode::FAILURE
        }
    }
}

/// Set by Ctrl-C and SIGTERM, which also interrupt the poll. The second one does not wait for anything.
fn stop_signal() -> std::io::Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        signal_hook::flag::register_conditional_shutdown(signal, 128 + signal, Arc::clone(&stop))?;
        signal_hook::flag::register(signal, Arc::clone(&stop))?;
    }
    Ok(stop)
}
