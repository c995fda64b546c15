//! Echoes every message, until Ctrl-C: `cargo run --example echo_server -- 127.0.0.1:9001`.

use core::time::Duration;
use sansocket_tokio::{CloseCode, Error, Origin, accept};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

#[tokio::main]
async fn main() -> Result<(), Error> {
    let address = std::env::args().nth(1).unwrap_or("127.0.0.1:9001".into());
    let listener = TcpListener::bind(address).await?;
    println!("listening on ws://{}/", listener.local_addr()?);
    let stop = watch::Sender::new(());
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((socket, _)) => {
                    let stopped = stop.subscribe();
                    tokio::spawn(async { echo(socket, stopped).await.unwrap_or_else(|error| eprintln!("{error}")) });
                }
                // No descriptor is left, perhaps: it would fail again at once.
                Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            },
            _ = tokio::signal::ctrl_c() => break,
        }
    }
    stop.send_replace(());
    // Until each connection has been closed.
    stop.closed().await;
    Ok(())
}

async fn echo(socket: TcpStream, mut stopped: watch::Receiver<()>) -> Result<(), Error> {
    socket.set_nodelay(true)?;
    let mut ws = accept(socket, Origin::Any).await?;
    loop {
        tokio::select! {
            message = ws.next() => match message.transpose()? {
                Some(message) => ws.send(message).await?,
                None => return Ok(()),
            },
            _ = stopped.changed() => return ws.close(CloseCode::GOING_AWAY, "").await,
        }
    }
}
