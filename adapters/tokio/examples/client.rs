//! Sends each line, prints each message: `cargo run --example client -- ws://127.0.0.1:9001/`. The end of the input closes.

use sansocket_tokio::{CloseCode, Error, connect};
use tokio::io::{AsyncBufReadExt, BufReader};

#[tokio::main]
async fn main() -> Result<(), Error> {
    let url = std::env::args().nth(1).unwrap_or("ws://127.0.0.1:9001/".into());
    let (mut sender, mut receiver) = connect(&url).await?.split();
    let sends = tokio::spawn(async move {
        let mut lines = BufReader::new(tokio::io::stdin()).lines();
        while let Some(line) = lines.next_line().await? {
            sender.send(line).await?;
        }
        sender.close(CloseCode::NORMAL_CLOSURE, "").await
    });
    while let Some(message) = receiver.next().await.transpose()? {
        match message.as_text() {
            // What could command a terminal is escaped.
            Some(text) => println!("{}", text.escape_debug()),
            None => println!("{} bytes", message.as_bytes().len()),
        }
    }
    println!("closed with {} {:?}", receiver.close_code(), receiver.close_reason());
    sends.abort();
    Ok(())
}
