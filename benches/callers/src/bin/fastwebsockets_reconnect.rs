//! A client that prints messages, sends lines, and connects again until standard input ends.
//!
//! The library does not do: reading that can be cancelled (so the halves run side by side), look at URLs, check
//! Sec-WebSocket-Accept (§4.1), refuse masked frames (§5.1), limit a fragmented message as a whole, deadlines.
use std::env;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use fastwebsockets::{CloseCode, FragmentCollectorRead, Frame, OpCode, WebSocket, handshake};
use http_body_util::Empty;
use hyper::body::Bytes;
use hyper::header::{CONNECTION, HOST, UPGRADE};
use hyper::upgrade::Upgraded;
use hyper::{Request, Uri};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncBufReadExt, BufReader, Lines, Stdin, stdin};
use tokio::net::TcpStream;
use tokio::sync::mpsc::channel;

#[tokio::main]
async fn main() -> Result<()> {
    let url = env::args().nth(1).context("usage: fastwebsockets_reconnect URL")?.parse()?;
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
            Ok(()) => return Ok(()),
            Err(error) => eprintln!("{error}"),
        }
        pause = f64::min(pause * 2.0, 30.0);
        tokio::time::sleep(Duration::from_secs_f64(pause * (0.5 + rand::random::<f64>() / 2.0))).await;
    }
}

async fn connect(url: &Uri) -> Result<WebSocket<TokioIo<Upgraded>>> {
    let authority = url.authority().context("a URL without a host")?;
    let stream = TcpStream::connect((authority.host(), authority.port_u16().unwrap_or(80))).await?;
    let request = Request::builder()
        .uri(url.path_and_query().map_or("/", |path| path.as_str()))
        .header(HOST, authority.as_str())
        .header(UPGRADE, "websocket")
        .header(CONNECTION, "upgrade")
        .header("Sec-WebSocket-Key", handshake::generate_key())
        .header("Sec-WebSocket-Version", "13")
        .body(Empty::<Bytes>::new())?;
    Ok(handshake::client(&TokioExecutor::new(), request, stream).await?.0)
}

/// Returns `Ok` if the connection has ended because there are no more lines.
async fn converse(ws: WebSocket<TokioIo<Upgraded>>, lines: &mut Lines<BufReader<Stdin>>) -> Result<()> {
    let (reader, mut writer) = ws.split(tokio::io::split);
    let mut reader = FragmentCollectorRead::new(reader);
    let (replies, mut owed) = channel(16);
    let reading = async {
        loop {
            let frame = reader.read_frame(&mut |reply| replies.send(reply)).await?;
            match frame.opcode {
                OpCode::Text => println!("{}", String::from_utf8_lossy(&frame.payload)),
                OpCode::Binary => println!("{} bytes", frame.payload.len()),
                OpCode::Close => return anyhow::Ok(()),
                _ => {}
            }
        }
    };
    // Ends after a Close, which may be the answer to the peer's.
    let mut closing = false;
    let writing = async {
        while !writer.is_closed() {
            let frame = tokio::select! {
                Some(reply) = owed.recv() => reply,
                line = lines.next_line() => match line? {
                    Some(line) => Frame::text(line.into_bytes().into()),
                    None => {
                        closing = true;
                        Frame::close(CloseCode::Normal.into(), b"")
                    }
                },
            };
            writer.write_frame(frame).await?;
        }
        Ok(())
    };
    match tokio::try_join!(reading, writing) {
        _ if closing => Ok(()),
        Ok(_) => bail!("closed by the server"),
        Err(error) => Err(error),
    }
}
