//! A client that polls: two connections, one for what is sent, one for the poll that waits. HTTP is written here, as short as it can be.

use sansocket_socketio::{EventWriter, Header, Limits, Packet, engine};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::client::{Kind, Result, check_text, payload};

pub struct Poller {
    posts: Http,
    polls: Http,
    path: String,
    index: u64,
    size: usize,
}

impl Poller {
    /// Connects to the namespace `/`.
    pub async fn open(port: u16, index: usize, size: usize) -> Result<Self> {
        let path = "/socket.io/?EIO=4&transport=polling".to_owned();
        let (posts, polls) = (Http::open(port).await?, Http::open(port).await?);
        let mut poller = Self { posts, polls, path, index: index.try_into()?, size };
        let opened = poller.polls.ask("GET", &poller.path, "").await?;
        let engine::Packet::Open(json) = engine::Packet::decode(&opened)? else { return Err("no handshake".into()) };
        poller.path = format!("{}&sid={}", poller.path, engine::Handshake::parse(json)?.sid.raw());
        let connected = poller.exchange("40").await?;
        if !connected.starts_with("0{") {
            return Err(format!("not connected: {connected}").into());
        }
        Ok(poller)
    }

    /// Sends an event, and takes its echo from the poll.
    pub async fn echo(&mut self, number: u64) -> Result<()> {
        let (mut out, due) = ([0; 2048], payload(self.index, number, self.size));
        let event = EventWriter::event(&Header::event("/"), "echo", &mut out).text(&due).finish()?;
        let echo = self.exchange(event).await?;
        check_text(&Packet::decode(&echo, Limits::new())?, Kind::Polling, number, &due)
    }

    /// Sends a packet, and takes the one that answers it.
    async fn exchange(&mut self, packet: &str) -> Result<String> {
        // A poll waits when the packet is sent, as a client has it.
        self.polls.send("GET", &self.path, "").await?;
        self.posts.send("POST", &self.path, packet).await?;
        let (mut answer, mut has_ping) = (None, false);
        while answer.is_none() {
            if has_ping {
                self.polls.send("GET", &self.path, "").await?;
            }
            let body = self.polls.receive().await?;
            for packet in engine::packets(&body) {
                match packet? {
                    engine::Packet::Ping(_) => has_ping = true,
                    engine::Packet::Message(packet) if answer.is_none() => answer = Some(packet.to_owned()),
                    other => return Err(format!("not the answer: {other:?}").into()),
                }
            }
        }
        self.posts.taken().await?;
        if has_ping {
            self.posts.send("POST", &self.path, "3").await?;
            self.posts.taken().await?;
        }
        answer.ok_or_else(|| "no answer".into())
    }
}

/// A connection that stays open.
struct Http {
    stream: TcpStream,
    read: Vec<u8>,
}

impl Http {
    async fn open(port: u16) -> Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port)).await?;
        stream.set_nodelay(true)?;
        stream.set_zero_linger()?;
        Ok(Self { stream, read: Vec::new() })
    }

    async fn ask(&mut self, method: &str, path: &str, body: &str) -> Result<String> {
        self.send(method, path, body).await?;
        self.receive().await
    }

    async fn send(&mut self, method: &str, path: &str, body: &str) -> Result<()> {
        let kind = if body.is_empty() { "" } else { "Content-Type: text/plain;charset=UTF-8\r\n" };
        let length = if body.is_empty() { String::new() } else { format!("Content-Length: {}\r\n", body.len()) };
        let request = format!("{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{kind}{length}\r\n{body}");
        Ok(self.stream.write_all(request.as_bytes()).await?)
    }

    /// The answer to a POST.
    async fn taken(&mut self) -> Result<()> {
        let body = self.receive().await?;
        if body.eq_ignore_ascii_case("ok") { Ok(()) } else { Err(format!("a POST was refused: {body}").into()) }
    }

    /// The body of the next response, which is a 200 with a length.
    async fn receive(&mut self) -> Result<String> {
        let (head_len, body_len) = loop {
            if let Some(end) = self.read.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                break (end + 4, body_len(std::str::from_utf8(&self.read[..end])?)?);
            }
            self.fill().await?;
        };
        while self.read.len() < head_len + body_len {
            self.fill().await?;
        }
        let body = String::from_utf8(self.read[head_len..head_len + body_len].to_vec())?;
        self.read.drain(..head_len + body_len);
        Ok(body)
    }

    async fn fill(&mut self) -> Result<()> {
        match self.stream.read_buf(&mut self.read).await? {
            0 => Err("the server has closed the connection".into()),
            _ => Ok(()),
        }
    }
}

fn body_len(head: &str) -> Result<usize> {
    if !head.starts_with("HTTP/1.1 200 ") {
        return Err(format!("refused: {head}").into());
    }
    let fields = head.lines().filter_map(|line| line.split_once(':'));
    let length = fields.into_iter().find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    Ok(length.ok_or("a response without a length")?.1.trim().parse()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_are_read() {
        assert_eq!(body_len("HTTP/1.1 200 OK\r\nA: b\r\ncontent-length: 12").unwrap(), 12);
        assert!(body_len("HTTP/1.1 400 Bad Request\r\nContent-Length: 12").is_err());
        assert!(body_len("HTTP/1.1 200 OK\r\nA: b").is_err());
    }
}
