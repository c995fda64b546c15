//! A client that prints messages, sends lines, and connects again until standard input ends.
use std::env;
use std::time::Duration;

use sansocket_tokio::{CloseCode, Error, Message, Transport, WebSocket, connect};
use tokio::io::{AsyncBufReadExt, BufReader, Lines, Stdin, stdin};

#[tokio::main]
async fn main() {
    let url = env::args().nth(1).expect("usage: sansocket-tokio_reconnect URL");
    let mut lines = BufReader::new(stdin()).lines();
    let mut pause = 1.0;
    loop {
        let ended = match connect(&url).await {
            Ok(ws) => {
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
async fn converse(mut ws: WebSocket<Transport>, lines: &mut Lines<BufReader<Stdin>>) -> Result<(), Error> {
    loop {
        tokio::select! {
            received = ws.next() => show(&received.ok_or(Error::Closed)??),
            line = lines.next_line() => match line? {
                Some(line) => ws.send(line).await?,
                None => break,
            },
        }
    }
    ws.start_close(CloseCode::NORMAL_CLOSURE, "")?;
    while let Some(Ok(message)) = ws.next().await {
        show(&message);
    }
    Ok(())
}

fn show(message: &Message) {
    match message {
        Message::Text(text) => println!("{text}"),
        Message::Binary(bytes) => println!("{}", String::from_utf8_lossy(bytes)),
    }
}
