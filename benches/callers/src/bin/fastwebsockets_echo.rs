//! An echo server, a task for each connection.
//!
//! The library does not do: refuse a request without Upgrade and Connection, refuse unmasked frames (§5.1), limit a fragmented
//! message as a whole, a Close for most of the peer's faults (§7.1.7), deadlines.
use std::env;

use fastwebsockets::upgrade::{UpgradeFut, upgrade};
use fastwebsockets::{FragmentCollector, OpCode, WebSocketError};
use http_body_util::Empty;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let port = env::args().nth(1).expect("usage: fastwebsockets_echo PORT");
    let listener = TcpListener::bind(format!("127.0.0.1:{port}")).await?;
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let http = http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(accept)).with_upgrades();
                tokio::spawn(async { http.await.inspect_err(|error| eprintln!("{error}")) });
            }
            Err(error) => eprintln!("{error}"),
        }
    }
}

async fn accept(mut request: Request<Incoming>) -> Result<Response<Empty<Bytes>>, WebSocketError> {
    let (response, upgraded) = upgrade(&mut request)?;
    tokio::spawn(async { echo(upgraded).await.inspect_err(|error| eprintln!("{error}")) });
    Ok(response)
}

async fn echo(upgraded: UpgradeFut) -> Result<(), WebSocketError> {
    let mut ws = FragmentCollector::new(upgraded.await?);
    loop {
        let frame = ws.read_frame().await?;
        match frame.opcode {
            OpCode::Close => return Ok(()),
            OpCode::Text | OpCode::Binary => ws.write_frame(frame).await?,
            _ => {}
        }
    }
}
