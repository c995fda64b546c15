//! A WebSocket client for the command line: `cargo run --example client -- ws://127.0.0.1:9001/`.
//!
//! Lines of standard input become text messages; those that start with `/` are commands (`--help` lists them). Messages go to
//! standard output, notes about the connection to standard error. The end of the input closes; Ctrl-C ends at
//! once, and the server sees a connection that was cut.
//!
//! There is one loop, in [`talk`]. Standard input alone has a thread of its own, because reading it blocks.

mod arguments;
mod autobahn;
mod body;
mod command;
#[path = "../lines.rs"]
mod lines;
mod terminal;
#[path = "../wire.rs"]
mod wire;

use std::error::Error;
use std::process::ExitCode;

use sansocket::{Buffered, CallError, ClientRequest, Config, Connection, Header, Instant, Transport, Url};

use arguments::{Arguments, USAGE};
use terminal::Terminal;
use wire::{SystemEntropy, Wire, note, show};

/// The longest piece of a message that one event shows, and the longest that we send.
const PIECE_LEN: usize = 64 * 1024;
/// A piece as a frame.
const ROOM: usize = PIECE_LEN + 14;

/// Messages come in pieces, so that they may have any length.
type Ws<'c> = Buffered<'c, SystemEntropy, Vec<u8>, Vec<u8>>;

/// Why the program does not end with 0.
struct Problem {
    status: u8,
    sentence: String,
}

/// The command line is wrong.
fn wrong(sentence: impl Into<String>) -> Problem {
    Problem { status: 2, sentence: sentence.into() }
}

/// The connection failed or was cut off, or the system has failed.
fn failed(sentence: impl Into<String>) -> Problem {
    Problem { status: 1, sentence: sentence.into() }
}

impl<E: Error> From<E> for Problem {
    fn from(error: E) -> Self {
        failed(error.to_string())
    }
}

/// A connection to the host of `url`, with the request in its output.
fn connect<'c>(url: &Url<'_>, config: &'c Config<'c>, request: &ClientRequest<'_>) -> Result<(Wire, Ws<'c>), Problem> {
    let start = Instant::from_millis(0);
    let ws = Connection::client(config, SystemEntropy, start);
    let mut ws = Buffered::new(ws, vec![0; PIECE_LEN], vec![0; 3 * PIECE_LEN]).in_pieces();
    // Before there is a socket: what a request cannot contain is refused without troubling the server.
    ws.commands(start).request(request).map_err(|error| match error {
        CallError::Usage(error) => wrong(error.to_string()),
        other => other.into(),
    })?;
    let wire = Wire::dial(url).map_err(|error| failed(format!("cannot connect to {}: {error}", url.authority())))?;
    Ok((wire, ws))
}

/// Talks to the server until the connection ends. Returns the exit status.
fn talk(arguments: &Arguments) -> Result<u8, Problem> {
    let url = arguments.url()?;
    let config = Config::new().subprotocols(&arguments.subprotocols);
    let headers: Vec<_> = arguments.headers.iter().map(|(name, value)| Header::new(name, value)).collect();
    let request = ClientRequest::new(url.authority(), url.target()).origin(arguments.origin.as_deref()).headers(&headers);
    let (mut wire, mut ws) = connect(&url, &config, &request)?;
    let mut terminal = Terminal::new(&wire)?;
    while ws.transport() != Transport::Close {
        let now = wire.now();
        if let Some((event, commands)) = ws.next(now)? {
            terminal.show(event, commands.connection());
            // A full pipe on our standard output is not the server's fault.
            ws.pause(now);
            ws.resume(wire.now());
        } else if !terminal.send(&mut ws.commands(now))? && !terminal.read_body(&mut ws, now)? {
            wire.turn(&mut ws)?;
        }
    }
    Ok(terminal.status())
}

fn main() -> ExitCode {
    let done = Arguments::of_process().and_then(|arguments| match &arguments.agent {
        _ if arguments.help => {
            show(USAGE, "\n");
            Ok(0)
        }
        Some(agent) => autobahn::run(&arguments.url()?, agent),
        None => talk(&arguments),
    });
    ExitCode::from(done.unwrap_or_else(|Problem { status, sentence }| {
        note(&sentence);
        if status == 2 {
            note("client --help says more");
        }
        status
    }))
}
