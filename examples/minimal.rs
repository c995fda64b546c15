//! The README's program: a client over a socket. `cargo run --example minimal -- ws://127.0.0.1:9001/`, with an echo server there.

mod wire;

use std::error::Error;

use sansocket::{Buffered, ClientRequest, CloseCode, Config, Connection, Event, Url};
use wire::{SystemEntropy, Wire};

static CONFIG: Config = Config::new();

fn main() -> Result<(), Box<dyn Error>> {
    let argument = std::env::args().nth(1);
    let url = Url::parse(argument.as_deref().unwrap_or("ws://127.0.0.1:9001/"))?;
    let mut wire = Wire::dial(&url)?;
    let mut ws = Buffered::new(Connection::client(&CONFIG, SystemEntropy, wire.now()), [0; 16 << 10], [0; 4 << 10]);
    ws.commands(wire.now()).request(&ClientRequest::new(url.authority(), url.target()))?;

    while let Some((event, mut ws)) = wire.next(&mut ws)? {
        match event {
            Event::Opened(_) => ws.send_text("Hello, sansocket")?,
            Event::Data(message) => {
                println!("{}", String::from_utf8_lossy(message.payload).escape_debug());
                ws.close(CloseCode::NORMAL_CLOSURE, "")?;
            }
            Event::Closed { code, was_clean, .. } => {
                println!("closed with {code}, {}", if was_clean { "clean" } else { "not clean" })
            }
            _ => {}
        }
    }
    Ok(())
}
