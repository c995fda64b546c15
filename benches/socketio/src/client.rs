//! A client: Engine.IO and Socket.IO over a WebSocket, by the codecs alone, so that all servers have the same load, and no server a client
//! of its own make. Every message has a number of its own, and every answer is compared with the one that is due.

use std::error::Error;

use sansocket_socketio::{Assembler, EventWriter, Header, Limits, Packet, engine, placeholder};
use sansocket_tokio::{Config, Connector, Message, WebSocket};
use tokio::net::TcpStream;

pub type Result<T> = std::result::Result<T, Box<dyn Error>>;

// Engine.IO has a heartbeat of its own.
static CONFIG: Config = Config::new().keepalive_interval_ms(0);

/// What goes to the server, and what comes back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// An event with a string, and one back.
    Event,
    /// An event with a string, and an acknowledgement with it.
    Ack,
    /// An event with an attachment, and one back.
    Binary,
    /// An event with a string, over HTTP long polling, and one back.
    Polling,
    /// An event with a string, which goes to all in a room.
    Broadcast,
}

pub struct Client {
    ws: WebSocket<TcpStream>,
    assembler: Assembler,
    index: u64,
    size: usize,
}

impl Client {
    /// Connects to the namespace `/`. Messages have `size` bytes.
    pub async fn open(port: u16, index: usize, size: usize) -> Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port)).await?;
        stream.set_nodelay(true)?;
        // Thousands of connections leave no TIME_WAIT.
        stream.set_zero_linger()?;
        let url = format!("ws://127.0.0.1:{port}/socket.io/?EIO=4&transport=websocket");
        let ws = Connector::new(&CONFIG).over(stream, &url).await?;
        let mut client = Self { ws, assembler: Assembler::new(Limits::new()), index: index.try_into()?, size };
        let opened = client.message().await?;
        if !matches!(engine::Packet::decode(text(&opened)?)?, engine::Packet::Open(_)) {
            return Err("no handshake".into());
        }
        client.ws.send(Message::text("40")).await?;
        let connected = client.message().await?;
        if !text(&connected)?.starts_with("40{") {
            return Err(format!("not connected: {connected:?}").into());
        }
        Ok(client)
    }

    /// Puts it in the room that broadcasts go to.
    pub async fn join(&mut self) -> Result<()> {
        let mut out = [0; 64];
        let packet = EventWriter::event(&Header::event("/").with_id(0), "join", &mut out).finish()?;
        self.ws.send(Message::text(packet)).await?;
        let joined = self.message().await?;
        if text(&joined)? != r#"430[""]"# {
            return Err(format!("not in the room: {joined:?}").into());
        }
        Ok(())
    }

    /// Takes a message, which is written by `flush`, or while it waits for an answer.
    pub async fn feed(&mut self, kind: Kind, number: u64) -> Result<()> {
        let mut out = [0; 2048];
        let text = payload(self.index, number, self.size);
        let event = Header::event("/");
        let packet = match kind {
            Kind::Event | Kind::Polling => EventWriter::event(&event, "echo", &mut out).text(&text),
            Kind::Ack => EventWriter::event(&event.with_id(number), "ask", &mut out).text(&text),
            Kind::Binary => EventWriter::event(&event.with_attachments(1), "binary", &mut out).attachment(),
            Kind::Broadcast => EventWriter::event(&event, "say", &mut out).text(&text),
        };
        self.ws.feed(Message::text(packet.finish()?)).await?;
        if kind == Kind::Binary {
            self.ws.feed(Message::binary(text.into_bytes())).await?;
        }
        Ok(())
    }

    pub async fn flush(&mut self) -> Result<()> {
        Ok(self.ws.flush().await?)
    }

    /// Waits for the answer to what this client has sent with this number.
    pub async fn expect(&mut self, kind: Kind, number: u64) -> Result<()> {
        self.expect_from(kind, self.index, number).await
    }

    /// Waits for what the client with this index has sent with this number.
    pub async fn expect_from(&mut self, kind: Kind, index: u64, number: u64) -> Result<()> {
        let message = self.message().await?;
        let due = payload(index, number, self.size);
        let engine::Packet::Message(packet) = engine::Packet::decode(text(&message)?)? else {
            return Err(format!("not a message: {message:?}").into());
        };
        let packet = self.assembler.text(packet)?;
        if kind != Kind::Binary {
            return check_text(&packet, kind, number, &due);
        }
        let mut out = [0; 64];
        let args: Vec<_> = packet.args().map(|arg| arg.as_json()).collect();
        if args != [placeholder(0, &mut out)?] {
            return Err(format!("not an attachment: {packet:?}").into());
        }
        let bytes = self.message().await?;
        let attachment = self.assembler.binary(bytes.as_bytes())?;
        if !attachment.is_last() || attachment.bytes != due.as_bytes() {
            return Err(format!("not attachment {number}: {bytes:?}").into());
        }
        Ok(())
    }

    /// The next message that is not the heartbeat, which it answers.
    pub async fn message(&mut self) -> Result<Message> {
        loop {
            let message = self.ws.next().await.ok_or("the connection has ended")??;
            if message.as_text() != Some("2") {
                return Ok(message);
            }
            self.ws.send(Message::text("3")).await?;
        }
    }
}

/// Whether it is what is due, all of it.
pub fn check_text(packet: &Packet<'_>, kind: Kind, number: u64, due: &str) -> Result<()> {
    let name = match kind {
        Kind::Ack => None,
        Kind::Broadcast => Some("said"),
        Kind::Event | Kind::Polling | Kind::Binary => Some("echo"),
    };
    let id = (kind == Kind::Ack).then_some(number);
    let mut args = packet.args();
    let is_due = packet.id() == id
        && packet.kind().is_ack() == name.is_none()
        && packet.name().and_then(|name| name.text()).and_then(|name| name.as_plain()) == name
        && args.next().and_then(|arg| arg.text()).and_then(|text| text.as_plain()) == Some(due)
        && args.next().is_none();
    if is_due { Ok(()) } else { Err(format!("not answer {number}: {}", packet.json()).into()) }
}

/// 16 digits that no other message has, and as many letters as are left.
pub fn payload(index: u64, number: u64, size: usize) -> String {
    const LETTERS: &str = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";
    let mut text = format!("{:016}", index * 1_000_000_000_000 + number);
    text.reserve_exact(size.saturating_sub(text.len()));
    while text.len() < size {
        text.push_str(&LETTERS[..LETTERS.len().min(size - text.len())]);
    }
    text
}

fn text(message: &Message) -> Result<&str> {
    message.as_text().ok_or_else(|| "bytes where a text was due".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_compared() {
        let check = |text, kind, number, due| {
            let packet = Packet::decode(text, Limits::new()).unwrap();
            check_text(&packet, kind, number, due).is_ok()
        };
        assert!(check(r#"2["echo","17"]"#, Kind::Event, 1, "17"));
        assert!(check(r#"31["17"]"#, Kind::Ack, 1, "17"));
        for wrong in [r#"2["echo","18"]"#, r#"2["said","17"]"#, r#"2["echo","17",1]"#, r#"21["echo","17"]"#, r#"31["17"]"#] {
            assert!(!check(wrong, Kind::Event, 1, "17"), "{wrong}");
        }
        for wrong in [r#"32["17"]"#, r#"31["18"]"#, r#"31[]"#, r#"2["echo","17"]"#] {
            assert!(!check(wrong, Kind::Ack, 1, "17"), "{wrong}");
        }
    }

    #[test]
    fn payloads_have_their_size() {
        assert_eq!(payload(7, 42, 16), "0007000000000042");
        assert_eq!(payload(7, 42, 1024).len(), 1024);
    }
}
