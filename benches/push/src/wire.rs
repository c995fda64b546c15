//! The clients' side of HTTP/1.1, server-sent events and WebSocket over a socket that counts: as little as the server here needs, so that
//! neither a library's time nor its header fields are measured.

use std::cell::Cell;
use std::io::{Error, ErrorKind, Result};
use std::rc::Rc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::event::{find, number_after};

/// What all clients together sent and received so far.
#[derive(Default)]
pub struct Meter {
    pub up: Cell<u64>,
    pub down: Cell<u64>,
    pub requests: Cell<u64>,
    /// Requests that were answered without an event.
    pub empty: Cell<u64>,
}

pub fn add(cell: &Cell<u64>, value: u64) {
    cell.set(cell.get() + value);
}

pub struct Wire {
    stream: TcpStream,
    /// What has arrived and was not taken.
    input: Vec<u8>,
    meter: Rc<Meter>,
}

pub struct Head {
    pub status: u64,
    pub body_len: usize,
}

impl Wire {
    pub async fn connect(port: u16, meter: Rc<Meter>) -> Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port)).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, input: Vec::new(), meter })
    }

    async fn write(&mut self, bytes: &[u8]) -> Result<()> {
        add(&self.meter.up, bytes.len() as u64);
        self.stream.write_all(bytes).await
    }

    pub async fn request(&mut self, head: &str) -> Result<()> {
        add(&self.meter.requests, 1);
        self.write(head.as_bytes()).await
    }

    /// Waits for more input.
    async fn fill(&mut self) -> Result<()> {
        let len = self.stream.read_buf(&mut self.input).await?;
        add(&self.meter.down, len as u64);
        if len == 0 { Err(ErrorKind::UnexpectedEof.into()) } else { Ok(()) }
    }

    async fn take(&mut self, len: usize) -> Result<Vec<u8>> {
        while self.input.len() < len {
            self.fill().await?;
        }
        Ok(self.input.drain(..len).collect())
    }

    /// Up to the first `end`, and that.
    async fn take_to(&mut self, end: &[u8]) -> Result<Vec<u8>> {
        loop {
            if let Some(at) = find(&self.input, end) {
                return self.take(at + end.len()).await;
            }
            self.fill().await?;
        }
    }

    pub async fn head(&mut self) -> Result<Head> {
        let text = self.take_to(b"\r\n\r\n").await?;
        let status = number_after(&text, "HTTP/1.1 ").ok_or_else(|| wrong("no status", &text))?;
        let body_len = number_after(&text, "\r\ncontent-length: ").unwrap_or(0) as usize;
        Ok(Head { status, body_len })
    }

    /// The body of an answer: empty for 204.
    pub async fn answer(&mut self) -> Result<Vec<u8>> {
        let head = self.head().await?;
        match head.status {
            200 if head.body_len > 0 => self.take(head.body_len).await,
            204 if head.body_len == 0 => {
                add(&self.meter.empty, 1);
                Ok(Vec::new())
            }
            status => Err(Error::other(format!("status {status} with {} bytes", head.body_len))),
        }
    }

    /// Opens what is no answer with an end.
    pub async fn open(&mut self, head: &str, status: u64) -> Result<()> {
        self.request(head).await?;
        let head = self.head().await?;
        if head.status == status { Ok(()) } else { Err(Error::other(format!("status {}", head.status))) }
    }

    /// The next chunk of a body without a length (RFC 9112 §7.1).
    pub async fn chunk(&mut self) -> Result<Vec<u8>> {
        let line = self.take_to(b"\r\n").await?;
        let digits = String::from_utf8_lossy(&line);
        let len = usize::from_str_radix(digits.trim_end(), 16).map_err(|_| wrong("no length of a chunk", &line))?;
        let mut chunk = self.take(len + 2).await?;
        if len == 0 || chunk.split_off(len) != b"\r\n" {
            return Err(wrong("the end, or no end of a chunk", &chunk));
        }
        Ok(chunk)
    }

    /// The next text message; Pings are answered.
    pub async fn message(&mut self) -> Result<Vec<u8>> {
        loop {
            let frame = self.take(2).await?;
            let len = match frame[1] {
                126 => self.take(2).await?.iter().fold(0, |len, &byte| len << 8 | usize::from(byte)),
                len @ ..126 => usize::from(len),
                _ => return Err(wrong("a frame that is masked, or too long", &frame)),
            };
            let payload = self.take(len).await?;
            match frame[0] {
                0x81 => return Ok(payload),
                0x89 => self.write(&pong(&payload)).await?,
                _ => return Err(wrong("no text and no Ping", &frame)),
            }
        }
    }
}

fn pong(payload: &[u8]) -> Vec<u8> {
    // Any key costs the same.
    let key = [0x37, 0xfa, 0x21, 0x3d];
    let mut frame = vec![0x8a, 0x80 | payload.len() as u8];
    frame.extend(key);
    frame.extend(payload.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key));
    frame
}

fn wrong(what: &str, bytes: &[u8]) -> Error {
    Error::new(ErrorKind::InvalidData, format!("{what}: {}", bytes.escape_ascii()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpListener;

    /// A wire whose peer sends these bytes, one by one, and that peer.
    async fn wire(bytes: &'static [u8]) -> (Wire, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let wire = Wire::connect(listener.local_addr().unwrap().port(), Rc::default()).await.unwrap();
        let (mut peer, _) = listener.accept().await.unwrap();
        peer.set_nodelay(true).unwrap();
        for &byte in bytes {
            peer.write_all(&[byte]).await.unwrap();
        }
        (wire, peer)
    }

    #[tokio::test]
    async fn answers_are_taken_whole_and_counted() {
        let bytes = b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabcHTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 500 x\r\n\r\n";
        let (mut wire, _peer) = wire(bytes).await;
        wire.request("four").await.unwrap();
        assert_eq!(wire.answer().await.unwrap(), b"abc");
        assert_eq!(wire.answer().await.unwrap(), b"");
        assert_eq!(wire.answer().await.unwrap_err().to_string(), "status 500 with 0 bytes");
        let Meter { up, down, requests, empty } = &*wire.meter;
        assert_eq!([up.get(), down.get(), requests.get(), empty.get()], [4, bytes.len() as u64, 1, 1]);
    }

    #[tokio::test]
    async fn chunks_are_taken_out_of_their_frames() {
        let (mut wire, _peer) = wire(b"3\r\nabc\r\n10\r\n0123456789abcdef\r\n2\r\nabc\r\n").await;
        assert_eq!(wire.chunk().await.unwrap(), b"abc");
        assert_eq!(wire.chunk().await.unwrap(), b"0123456789abcdef");
        assert_eq!(wire.chunk().await.unwrap_err().kind(), ErrorKind::InvalidData);
    }

    #[tokio::test]
    async fn messages_are_taken_and_pings_answered() {
        let (mut wire, mut peer) = wire(b"\x81\x02Hi\x89\x01p\x81\x7e\0\x03abc\x82\0").await;
        assert_eq!(wire.message().await.unwrap(), b"Hi");
        assert_eq!(wire.message().await.unwrap(), b"abc");
        let mut pong = [0; 7];
        peer.read_exact(&mut pong).await.unwrap();
        assert_eq!((pong[0], pong[1], pong[2] ^ pong[6]), (0x8a, 0x81, b'p'));
        assert_eq!(wire.message().await.unwrap_err().kind(), ErrorKind::InvalidData);
    }
}
