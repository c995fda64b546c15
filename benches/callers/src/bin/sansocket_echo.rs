//! An echo server, one thread for all connections.
//!
//! It leaves out: messages of more than 64 KiB.
#[path = "../../../../examples/hub.rs"]
mod hub;

use sansocket::{Accept, Event, Origin};

fn main() -> anyhow::Result<()> {
    let port = std::env::args().nth(1).expect("usage: sansocket_echo PORT");
    let mut hub = hub::Hub::listen(format!("127.0.0.1:{port}").parse()?)?;
    loop {
        let (_, event, mut ws) = hub.next()?;
        match event {
            Event::Request(request) | Event::HttpRequest(request) => ws.accept_or_refuse(&request, &Accept::new(Origin::Any))?,
            Event::Data(message) => ws.send(message.kind, message.payload)?,
            _ => {}
        }
    }
}
