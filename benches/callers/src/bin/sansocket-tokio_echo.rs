//! An echo server, a task for each connection.
use std::env;

use sansocket_tokio::{Error, Origin, accept};
use tokio::net::{TcpListener, TcpStream};

#[tokio::main]
async fn main() -> Result<(), Error> {
    let port = env::args().nth(1).expect("usage: sansocket-tokio_echo PORT");
    let listener = TcpListener::bind(format!("127.0.0.1:{port}")).await?;
    loop {
        match listener.accept().await {
            Ok((stream, _)) => drop(tokio::spawn(async { echo(stream).await.inspect_err(|error| eprintln!("{error}")) })),
            Err(error) => eprintln!("{error}"),
        }
    }
}

async fn echo(stream: TcpStream) -> Result<(), Error> {
    let mut ws = accept(stream, Origin::Any).await?;
    while let Some(message) = ws.next().await.transpose()? {
        ws.send(message).await?;
    }
    Ok(())
}
