//! A chat server, a thread for each client. A client that is too slow for its queue misses messages.
//!
//! The library does not do: wait for the peer and for a queue at once (the queue is looked at every 50 ms), a Close for most of the
//! peer's faults (§7.1.7), deadlines.
use std::collections::HashMap;
use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use std::{env, thread};

use tungstenite::{Error, Message, WebSocket};

type Clients = Arc<Mutex<HashMap<SocketAddr, SyncSender<Message>>>>;

fn main() -> anyhow::Result<()> {
    let port = env::args().nth(1).expect("usage: tungstenite_chat PORT");
    let clients = Clients::default();
    for stream in TcpListener::bind(format!("127.0.0.1:{port}"))?.incoming() {
        let clients = clients.clone();
        thread::spawn(move || {
            stream.map_err(Into::into).and_then(|stream| serve(stream, &clients)).inspect_err(|e| eprintln!("{e}"))
        });
    }
    Ok(())
}

fn serve(stream: TcpStream, clients: &Clients) -> anyhow::Result<()> {
    let addr = stream.peer_addr()?;
    let mut ws = tungstenite::accept(stream)?;
    ws.get_ref().set_read_timeout(Some(Duration::from_millis(50)))?;
    let (queue, messages) = sync_channel(64);
    clients.lock().unwrap().insert(addr, queue);
    broadcast(clients, format!("{addr} joined"));
    let ended = converse(&mut ws, addr, &messages, clients);
    clients.lock().unwrap().remove(&addr);
    broadcast(clients, format!("{addr} left"));
    Ok(ended?)
}

fn converse(
    ws: &mut WebSocket<TcpStream>,
    addr: SocketAddr,
    messages: &Receiver<Message>,
    clients: &Clients,
) -> tungstenite::Result<()> {
    loop {
        match ws.read() {
            Ok(Message::Text(text)) => broadcast(clients, format!("{addr}: {text}")),
            Ok(Message::Close(_)) => return ws.flush(), // sends the answer; `send` below would fail and lose it
            Ok(_) => {}
            Err(Error::Io(error)) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
        for message in messages.try_iter() {
            ws.send(message)?;
        }
    }
}

fn broadcast(clients: &Clients, text: String) {
    let message = Message::from(text);
    for queue in clients.lock().unwrap().values() {
        let _ = queue.try_send(message.clone());
    }
}
