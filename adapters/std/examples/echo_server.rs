//! Echoes messages, with a thread for each connection: `cargo run --example echo_server --features deflate -- --listen 127.0.0.1:9001`
mod program;

use std::{net::TcpStream, time::Duration};

use sansocket_std::{Accept, CloseCode, Config, DeflateConfig, Error, Handshake, Origin};

const USAGE: &str = "usage: echo_server [--listen HOST:PORT] [--deflate]";
static PLAIN: Config = Config::new().max_message_len(8 << 20);
static COMPRESSING: Config = PLAIN.deflate(DeflateConfig::new());

fn main() {
    let (mut listen, mut config, mut arguments) = ("127.0.0.1:9001".into(), &PLAIN, program::arguments(USAGE).into_iter());
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--listen" => listen = arguments.next().unwrap_or_else(|| program::fail(2, USAGE)),
            "--deflate" => config = &COMPRESSING,
            _ => program::fail(2, USAGE),
        }
    }
    program::listen(&listen, move |client| drop(serve(client, config)));
}

fn serve(client: TcpStream, config: &'static Config) -> Result<(), Error> {
    let handshake = Handshake::receive(client, config)?;
    let subprotocol = handshake.request().subprotocols().next().map(str::to_owned);
    let _open = program::Open::new();
    let mut ws = handshake.accept(&Accept::new(Origin::Any).subprotocol(subprotocol.as_deref()))?;
    let mut buffer = Vec::new();
    while !program::stops() {
        if ws.ready_within(Duration::from_millis(100))? {
            let Some(message) = ws.read_into(&mut buffer)? else { return Ok(()) };
            ws.send(message)?;
        }
    }
    ws.close(CloseCode::GOING_AWAY, "")
}
