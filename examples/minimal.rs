//! The README's program: a client over a socket. `cargo run --example minimal -- ws://127.0.0.1:9001/`, with an echo server there.

mod wire;

use std::error::Error;
use std::process::ExitCode;

use sansocket::{Buffered, ClientRequest, CloseCode, Config, Connection, Event, Url};
use wire::{SystemEntropy, Wire, note, report, show};

static CONFIG: Config = Config::new();
const USAGE: &str = "usage: minimal [ws://HOST[:PORT][/PATH]]";

fn main() -> ExitCode {
    ExitCode::from(talk().map_err(|error| note(&error.to_string())).unwrap_or(1))
}

/// Returns the exit status.
fn talk() -> Result<u8, Box<dyn Error>> {
    let argument = std::env::args_os().nth(1).unwrap_or("ws://127.0.0.1:9001/".into());
    let argument = argument.to_string_lossy();
    if argument == "--help" {
        show(USAGE, "\n");
        return Ok(0);
    }
    let Some(url) = Url::parse(&argument).ok().filter(|url| !url.is_secure()) else {
        note(USAGE);
        return Ok(2);
    };
    let mut wire = Wire::dial(&url)?;
    let mut ws = Buffered::new(Connection::client(&CONFIG, SystemEntropy, wire.now()), [0; 16 << 10], [0; 4 << 10]);
    ws.commands(wire.now()).request(&ClientRequest::new(url.authority(), url.target()))?;
    let mut status = 0;

    while let Some((event, mut ws)) = wire.next(&mut ws)? {
        status = status.max(report(&event));
        match event {
            Event::Opened(_) => ws.send_text("Hello, sansocket")?,
            Event::Data(message) => {
                show(&String::from_utf8_lossy(message.payload), "\n");
                ws.close(CloseCode::NORMAL_CLOSURE, "")?;
            }
            Event::Refused { .. } => ws.close(None, "")?,
            _ => {}
        }
    }
    Ok(status)
}
