//! The opening handshake with RFC 6455's sample key, for the peers that leave it to their user. It is no part of what is measured.
use std::io::{Error, ErrorKind, Read, Result, Write};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// Answers the request of `connect` or `connect_blocking`.
pub(crate) async fn accept<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S) -> Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    if head != REQUEST {
        return Err(Error::new(ErrorKind::InvalidData, "not the request that was expected"));
    }
    let response = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {ACCEPT}\r\n\r\n"
    );
    stream.write_all(response.as_bytes()).await
}

pub(crate) async fn connect<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S) -> Result<()> {
    stream.write_all(REQUEST).await?;
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    check(&head)
}

pub(crate) fn connect_blocking(stream: &mut std::net::TcpStream) -> Result<()> {
    stream.write_all(REQUEST)?;
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        // No server sends anything of its own accord: nothing follows the head.
        let mut bytes = [0; 512];
        let length = stream.read(&mut bytes)?;
        if length == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        head.extend_from_slice(&bytes[..length]);
    }
    check(&head)
}

fn check(head: &[u8]) -> Result<()> {
    let head = String::from_utf8_lossy(head);
    if head.starts_with("HTTP/1.1 101 ") && head.contains(ACCEPT) {
        return Ok(());
    }
    Err(Error::new(ErrorKind::InvalidData, format!("the handshake was answered by {head}")))
}
