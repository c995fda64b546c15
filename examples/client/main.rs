//! A WebSocket client for the command line: `cargo run --example client -- ws://127.0.0.1:9001/`.
//!
//! Lines of standard input become text messages; those that start with `/` are commands (`--help` lists them). Messages go to
//! standard output, notes about the connection to standard error. The end of the input closes; Ctrl-C ends at
//! once, and the server sees a connection that was cut.
//!
//! There is one loop, in [`talk`], over a session, which has one connection, or one after the other with `--reconnect`. Standard input and
//! dials alone have threads of their own, because they block.

mod arguments;
mod autobahn;
mod body;
mod codec;
mod command;
#[path = "../lines.rs"]
mod lines;
mod link;
mod notes;
mod request;
mod sending;
mod terminal;
#[path = "../wire.rs"]
mod wire;

use std::error::Error;
use std::process::ExitCode;

use sansocket::{CallError, Config};
use sansocket_session::{Event, Session, SessionState};

use arguments::{Arguments, USAGE};
use codec::{Memory, unused};
use lines::Lines;
use link::Link;
use request::Request;
use terminal::{Aside, Terminal};
use wire::{note, show};

/// The longest piece of a message that one event shows, and the longest that we send.
const PIECE_LEN: usize = 64 * 1024;
/// What of the messages waits for a connection, beyond its URLs.
const QUEUE_LEN: usize = 1 << 20;
const NO_TLS: &str = "wss:// is WebSocket over TLS, which this example leaves out: examples/wss shows it";

/// Why the program does not end with 0.
#[derive(Debug)]
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

/// What a request cannot contain was on the command line.
fn not_asked(error: CallError) -> Problem {
    match error {
        CallError::Usage(error) => wrong(error.to_string()),
        other => other.into(),
    }
}

/// Talks to the server until the session ends. Returns the exit status.
fn talk(arguments: &Arguments) -> Result<u8, Problem> {
    let (target, way) = (arguments.target()?, arguments.way()?);
    let config = Config::new().subprotocols(&arguments.subprotocols).deflate(arguments.deflate());
    let request = Request::new(arguments, &target)?;
    request.check(&config)?;
    let settings = arguments.settings(&way);
    let mut memory = Memory::default();
    let queue = vec![0; settings.url_memory_len() + QUEUE_LEN];
    let session = Session::new(unused(&config, &mut memory), &settings, &target.url, queue);
    let mut session = session.map_err(|error| wrong(error.to_string()))?;
    let lines = Lines::read();
    let mut link = Link::new(&lines)?;
    let mut terminal = Terminal::new(lines, arguments.reconnect.is_some());
    session.start(link.now());
    loop {
        let now = link.now();
        if session.advance(now)? {
            let aside = Aside { round_trip: session.connection().round_trip(), failure: link.failure.as_deref() };
            if let Some((event, mut commands)) = session.current(now) {
                if let Event::Connected { url, .. } = event {
                    let url = url.to_owned();
                    request.ask(&url, &mut commands)?;
                } else {
                    terminal.show(event, &mut commands, &aside)?;
                }
            }
            // A full pipe on our standard output is not the server's fault.
            session.pause(now);
            session.resume(link.now());
        } else if session.state() == SessionState::Stopped {
            return Ok(terminal.status());
        } else if !terminal.send(&mut session, now)? && !terminal.read_body(&mut session, now) {
            link.turn(&mut session)?;
        }
    }
}

fn main() -> ExitCode {
    let done = Arguments::of_process().and_then(|arguments| match &arguments.agent {
        _ if arguments.help => {
            show(USAGE, "\n");
            Ok(0)
        }
        Some(agent) => autobahn::run(&arguments.target()?.parsed()?, agent, arguments.deflate()),
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
