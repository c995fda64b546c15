//! In place of `talk.rs`, to know what WebSocket costs: bytes come back as they are, and go as they are.

use embassy_net::tcp::{Error, TcpSocket};
use sansocket::CloseCode;

pub async fn echo(socket: &mut TcpSocket<'_>) -> Result<CloseCode, Error> {
    let mut bytes = [0; 1024];
    loop {
        let len = socket.read(&mut bytes).await?;
        let mut rest = bytes.get(..len).unwrap_or_default();
        while !rest.is_empty() {
            let written = socket.write(rest).await?;
            rest = rest.get(written..).unwrap_or_default();
        }
        if len == 0 || bytes.starts_with(&[0x04]) {
            return Ok(CloseCode(4000));
        }
    }
}

pub async fn report(socket: &mut TcpSocket<'_>, readings: &[u8]) -> Result<bool, Error> {
    let mut rest = readings;
    while !rest.is_empty() {
        let written = socket.write(rest).await?;
        rest = rest.get(written..).unwrap_or_default();
    }
    socket.close();
    socket.flush().await?;
    Ok(true)
}
