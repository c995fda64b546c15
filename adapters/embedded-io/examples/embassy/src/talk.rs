//! The part that uses the adapter: a server that echoes, and a client that reports to another server.

use embassy_net::tcp::TcpSocket;
use sansocket::{Buffered, CallError, ClientRequest, CloseCode, Config, Connection, Event, MessageKind, Origin};
use sansocket_embedded_io::{EmbassyTimer, HandshakeError, Timer, WebSocket};

use crate::host::HostEntropy;

static CONFIG: Config = Config::new().subprotocols("echo");

/// Echoes what one peer sends, in pieces of any message, until it is over. Returns the code that the peer closed with.
pub async fn echo(socket: &mut TcpSocket<'_>) -> Result<CloseCode, CallError> {
    let ws = Connection::server(&CONFIG, EmbassyTimer.now());
    let ws = Buffered::new(ws, [0; 1024], [0; 1200]).in_pieces().room_for(1024 + 14);
    let mut ws = WebSocket::new(ws, socket, EmbassyTimer);
    if let Err(HandshakeError::Call(error)) = ws.accept(Origin::Any).await {
        return Err(error);
    }
    while let Some((event, mut ws)) = ws.next().await? {
        if let Event::Data(data) = event {
            ws.send_part(data.kind, data.offset, data.payload, data.last)?;
        }
    }
    Ok(ws.connection().close_code())
}

/// Reports to a server, and waits until it has everything back. Returns whether that ended in good order.
pub async fn report(socket: &mut TcpSocket<'_>, readings: &[u8]) -> Result<bool, HandshakeError> {
    let ws = Connection::client(&CONFIG, HostEntropy::open(), EmbassyTimer.now());
    let mut ws = WebSocket::new(Buffered::new(ws, [0; 1024], [0; 1024]).in_pieces(), socket, EmbassyTimer);
    ws.connect(&ClientRequest::new("10.0.2.2", "/readings")).await?;
    ws.send_text("22.4 °C").await?;
    ws.send_in_parts(MessageKind::Binary, readings).await?;
    let mut missing = "22.4 °C".len() + readings.len();
    while missing > 0 {
        match ws.next().await? {
            Some((Event::Data(data), _)) => missing -= data.payload.len(),
            Some(_) => {}
            None => return Ok(false),
        }
    }
    Ok(ws.close(CloseCode::NORMAL_CLOSURE, "").await?)
}
