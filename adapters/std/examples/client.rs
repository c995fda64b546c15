//! Sends the lines of standard input, and prints what comes: `cargo run --example client -- ws://127.0.0.1:9001/`
mod program;

use std::sync::mpsc::TryRecvError;
use std::{process::exit, time::Duration};

use program::{arguments, fail, lines, show};
use sansocket_std::{CloseCode, Error, Message, connect};

fn main() {
    let url = arguments("usage: client [ws://HOST[:PORT][/PATH]]").pop().unwrap_or("ws://127.0.0.1:9001/".into());
    match talk(&url) {
        Ok(status) => exit(status),
        Err(error @ (Error::Url(_) | Error::NoTls)) => fail(2, error),
        Err(error @ Error::Refused(_)) => fail(3, error),
        Err(error) => fail(1, error),
    }
}

/// Returns the exit status.
fn talk(url: &str) -> Result<i32, Error> {
    let (mut ws, lines) = (connect(url)?, lines());
    loop {
        match lines.try_recv() {
            Ok(line) => ws.send(&line)?,
            Err(TryRecvError::Disconnected) => ws.start_close(CloseCode::NORMAL_CLOSURE, "")?,
            Err(TryRecvError::Empty) => {}
        }
        if ws.ready_within(Duration::from_millis(10))? {
            match ws.read()? {
                Some(Message::Text(text)) => show(text),
                Some(Message::Binary(bytes)) => show(&format!("{} bytes", bytes.len())),
                None => return Ok(i32::from(!matches!(ws.close_code().0, 1000 | 1001 | 1005))),
            }
        }
    }
}
