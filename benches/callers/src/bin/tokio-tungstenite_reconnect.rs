//! A client that prints messages, sends lines, and connects again until standard input ends.
//!
//! The library does not do: deadlines.
use std::env;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncBufReadExt, BufReader, Lines, Stdin, stdin};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, frame::coding::CloseCode};
use tokio_tungstenite::tungstenite::{Error, Message, Result};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

#[tokio::main]
async fn main() {
    let url = env::args().nth(1).expect("usage: tokio-tungstenite_reconnect URL");
    let mut lines = BufReader::new(stdin()).lines();
    let mut pause = 1.0;
    loop {
        let ended = match connect_async(&url).await {
            Ok((ws, _)) => {
                pause = 1.0;
                converse(ws, &mut lines).await
            }
            Err(error) => Err(error),
        };
        match ended {
            Ok(()) => return,
            Err(error) => eprintln!("{error}"),
        }
        pause = f64::min(pause * 2.0, 30.0);
        tokio::time::sleep(Duration::from_secs_f64(pause * (0.5 + rand::random::<f64>() / 2.0))).await;
    }
}

/// Returns `Ok` if the connection has ended because there are no more lines.
async fn converse(mut ws: WebSocketStream<MaybeTlsStream<TcpStream>>, lines: &mut Lines<BufReader<Stdin>>) -> Result<()> {
    loop {
        tokio::select! {
            received = ws.next() => match received.transpose()? {
                Some(Message::Close(_)) | None => {
                    ws.flush().await?; // sends the answer
                    return Err(Error::ConnectionClosed);
                }
                Some(message) => show(&message),
            },
            line = lines.next_line() => match line? {
                Some(line) => ws.send(line.into()).await?,
                None => break,
            },
        }
    }
    ws.close(Some(CloseFrame { code: CloseCode::Normal, reason: "".into() })).await?;
    while let Some(Ok(message)) = ws.next().await {
        show(&message);
    }
    Ok(())
}

fn show(message: &Message) {
    if message.is_text() || message.is_binary() {
        println!("{message}");
    }
}
