//! A chat server, one thread for all connections. A client whose output has no room misses messages.
//!
//! It leaves out: messages of more than 64 KiB.
#[path = "../../../../examples/hub.rs"]
mod hub;

use std::collections::BTreeSet;

use hub::Hub;
use sansocket::{Accept, Event, MessageKind, Origin};

fn main() -> anyhow::Result<()> {
    let port = std::env::args().nth(1).expect("usage: sansocket_chat PORT");
    let mut hub = Hub::listen(format!("127.0.0.1:{port}").parse()?)?;
    let mut guests = BTreeSet::new();
    loop {
        let (peer, event, mut ws) = hub.next()?;
        let name = peer.address;
        let text = match event {
            Event::Request(request) => {
                ws.accept(&request, &Accept::new(Origin::Any))?;
                guests.insert(peer);
                format!("{name} joined")
            }
            Event::HttpRequest(_) => {
                ws.respond(400, &[], b"")?;
                continue;
            }
            Event::Data(message) if message.kind == MessageKind::Text => {
                format!("{name}: {}", String::from_utf8_lossy(message.payload))
            }
            Event::Closed { .. } if guests.remove(&peer) => format!("{name} left"),
            _ => continue,
        };
        hub.send_all(&text);
    }
}
