//! Sends each line and prints each message, whatever becomes of the connection: `cargo run --features session --example reconnecting --
//! ws://127.0.0.1:9001/`. The end of the input closes, once all lines have left.

use sansocket_tokio::CloseCode;
use sansocket_tokio::session::{Event, Session};
use tokio::io::{AsyncBufReadExt, BufReader};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let url = std::env::args().nth(1).unwrap_or("ws://127.0.0.1:9001/".into());
    let mut session = Session::new(&url)?;
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    let mut is_at_end = false;
    loop {
        tokio::select! {
            event = session.next() => match event {
                Some(Event::Up(_)) => eprintln!("* connected to {}", session.url()),
                // What could command a terminal is escaped.
                Some(Event::Message(message)) => println!("{}", message.as_bytes().escape_ascii()),
                Some(Event::Down { cause, retry_in, unconfirmed, .. }) => {
                    eprintln!("* {cause}; {}; {} perhaps lost", retry_in.map_or("done".into(), |wait| format!("again in {wait:.1?}")), unconfirmed.count);
                }
                Some(other) => eprintln!("* {other:?}"),
                None => return Ok(()),
            },
            line = lines.next_line(), if !is_at_end => match line? {
                Some(line) => drop(session.send(line)?),
                None => {
                    is_at_end = true;
                    session.finish(CloseCode::NORMAL_CLOSURE, "")?;
                }
            },
        }
    }
}
