//! A client that prints messages, sends lines, and connects again until standard input ends.
//!
//! It leaves out: lines and messages of more than 16 MiB.
#[path = "../../../../examples/lines.rs"]
mod lines;
#[path = "../../../../examples/wire.rs"]
mod wire;

use std::time::Duration;
use std::{env, thread};

use lines::Lines;
use sansocket::{Buffered, ClientRequest, CloseCode, Config, Connection, Event, State, Transport, Url};
use wire::{SystemEntropy, Wire, note, report, show};

static CONFIG: Config = Config::new();

fn main() -> anyhow::Result<()> {
    let url = env::args().nth(1).expect("usage: sansocket_reconnect URL");
    let (url, mut lines, mut pause) = (Url::parse(&url)?, Lines::read(), 1.0);
    loop {
        converse(&url, &mut lines, &mut pause).unwrap_or_else(|error| note(&error.to_string()));
        if lines.have_ended() {
            return Ok(());
        }
        pause = f64::min(pause * 2.0, 30.0);
        thread::sleep(Duration::from_secs_f64(pause * (0.5 + rand::random::<f64>() / 2.0)));
    }
}

/// Returns when the connection has ended, whatever ended it.
fn converse(url: &Url<'_>, lines: &mut Lines, pause: &mut f64) -> anyhow::Result<()> {
    let mut wire = Wire::dial(url)?;
    lines.wake(&wire.poll)?;
    let mut ws = Buffered::new(Connection::client(&CONFIG, SystemEntropy, wire.now()), vec![0; 17 << 20], vec![0; 17 << 20]);
    ws.commands(wire.now()).request(&ClientRequest::new(url.authority(), url.target()))?;
    while ws.transport() != Transport::Close {
        if ws.connection().state() == State::Open && ws.due().is_empty() {
            match lines.next() {
                Some(line) => ws.commands(wire.now()).send_text(&String::from_utf8_lossy(&line?))?,
                None if lines.have_ended() => ws.commands(wire.now()).close(CloseCode::NORMAL_CLOSURE, "")?,
                None => {}
            }
        }
        match ws.next(wire.now())? {
            None => wire.turn(&mut ws)?,
            Some((Event::Opened(_), _)) => *pause = 1.0,
            Some((Event::Data(message), _)) => show(&String::from_utf8_lossy(message.payload), "\n"),
            Some((Event::Refused { error, .. }, _)) => return Err(error.into()),
            Some((event, _)) => _ = report(&event),
        }
    }
    Ok(())
}
