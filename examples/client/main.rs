//! A WebSocket client for the command line, over `std` alone: `cargo run --example client -- ws://127.0.0.1:9001/`.
//!
//! Lines of standard input become text messages; those that start with `/` are commands (`--help` lists them). Messages go to
//! standard output, notes about the connection to standard error. The end of the input closes; Ctrl-C ends at
//! once, and the server sees a connection that was cut.
//!
//! The protocol loop is [`session::Session::run`]. Standard input and the two directions of the socket have a thread each
//! ([`threads`]); everything else happens on the main thread.

mod arguments;
mod autobahn;
mod body;
mod command;
mod session;
mod terminal;
mod threads;

use std::process::ExitCode;

use sansocket::{CallError, ClientRequest, Config, Header};

use arguments::{Arguments, USAGE};
use session::Session;
use terminal::Terminal;

/// Why the program does not end with 0.
enum Problem {
    /// The command line is wrong: exit code 2.
    Usage(String),
    /// Refused, failed, cut off, or an error of the system: exit code 1.
    Failed(String),
}

/// An output without room, or an entropy source that fails.
impl From<CallError> for Problem {
    fn from(error: CallError) -> Self {
        Self::Failed(error.to_string())
    }
}

/// Talks to the server until the connection ends.
fn talk(arguments: &Arguments) -> Result<(), Problem> {
    let url = arguments.url()?;
    let config = Config::new().subprotocols(&arguments.subprotocols);
    let headers: Vec<_> = arguments.headers.iter().map(|(name, value)| Header::new(name, value)).collect();
    let request = ClientRequest::new(url.authority(), url.target()).origin(arguments.origin.as_deref()).headers(&headers);
    let mut session = Session::connect(&url, &config, &request)?;
    let mut terminal = Terminal::new(session.lines());
    session.run(&mut terminal)?;
    if let Some(mut body) = terminal.take_body() {
        session.read_body(&mut body, &mut terminal)?;
        terminal.show_body(&body)?;
    }
    terminal.verdict(session.cause())
}

fn main() -> ExitCode {
    let done = Arguments::of_process().and_then(|arguments| match &arguments.agent {
        _ if arguments.help => {
            println!("{USAGE}");
            Ok(())
        }
        Some(agent) => autobahn::run(&arguments.url()?, agent),
        None => talk(&arguments),
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(Problem::Failed(sentence)) => {
            eprintln!("client: {sentence}");
            ExitCode::FAILURE
        }
        Err(Problem::Usage(sentence)) => {
            eprintln!("client: {sentence}\nclient --help says more");
            ExitCode::from(2)
        }
    }
}
