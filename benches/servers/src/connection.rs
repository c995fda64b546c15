//! One client's connection.
use crate::frames::Frames;
use crate::traffic::Traffic;
use mio::net::TcpStream;
use socket2::SockRef;
use std::collections::VecDeque;
use std::io::{Error, ErrorKind, Read, Result, Write};
use std::mem::MaybeUninit;
use std::time::Duration;

pub(crate) struct Connection {
    pub(crate) stream: TcpStream,
    frames: Frames,
    /// Bytes, since the handshake.
    sent: usize,
    end: usize,
    /// Messages, since the handshake.
    pub(crate) begun: usize,
    pub(crate) answered: usize,
    /// When the messages in flight were to be sent, oldest first.
    starts: VecDeque<u64>,
}

/// Where what arrives is put. All connections share it.
pub(crate) struct Buffers {
    /// To be looked at.
    seen: Vec<u8>,
    /// To be dropped: the kernel writes nothing there.
    unseen: Vec<MaybeUninit<u8>>,
}

/// Payload of more than this is not copied out of the kernel, so that a load costs the generator less than any server.
const WORTH_DROPPING: usize = 16 << 10;

impl Buffers {
    pub(crate) fn new(size: usize) -> Self {
        // Large messages: little more than their header is looked at.
        let len = if size > WORTH_DROPPING { 4 << 10 } else { 64 << 10 };
        Self { seen: vec![0; len], unseen: vec![MaybeUninit::uninit(); 4 << 20] }
    }
}

impl Connection {
    /// Opens connections, a few at a time, so that no server's backlog is too short.
    pub(crate) fn open_all(port: u16, count: usize, with_deflate: bool) -> Result<Vec<Self>> {
        let mut all = Vec::with_capacity(count);
        while all.len() < count {
            let mut some = Vec::new();
            for _ in all.len()..count.min(all.len() + 64) {
                let mut stream = std::net::TcpStream::connect(("127.0.0.1", port))?;
                stream.set_nodelay(true)?;
                stream.set_read_timeout(Some(Duration::from_secs(10)))?;
                SockRef::from(&stream).set_linger(Some(Duration::ZERO))?;
                stream.write_all(request(with_deflate).as_bytes())?;
                some.push(stream);
            }
            for stream in some {
                all.push(Self::opened(stream, with_deflate)?);
            }
        }
        Ok(all)
    }

    fn opened(mut stream: std::net::TcpStream, with_deflate: bool) -> Result<Self> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            // No server sends anything of its own accord: nothing follows the head.
            let mut bytes = [0; 1024];
            let length = stream.read(&mut bytes)?;
            if length == 0 {
                return Err(ErrorKind::UnexpectedEof.into());
            }
            head.extend_from_slice(&bytes[..length]);
        }
        let head = String::from_utf8_lossy(&head).to_ascii_lowercase();
        if !head.starts_with("http/1.1 101 ") || !head.contains(ACCEPT) || head.contains("permessage-deflate") != with_deflate {
            return Err(Error::new(ErrorKind::InvalidData, format!("the handshake was answered by {head}")));
        }
        stream.set_nonblocking(true)?;
        let frames = Frames::looked_at();
        Ok(Self { stream: TcpStream::from_std(stream), frames, sent: 0, end: 0, begun: 0, answered: 0, starts: VecDeque::new() })
    }

    pub(crate) fn is_idle(&self) -> bool {
        self.begun == self.answered
    }

    /// Sends `count` messages, or as much of them as the socket takes now. They were to be sent at `start`.
    pub(crate) fn send(&mut self, traffic: &Traffic, count: usize, start: u64) -> Result<()> {
        self.starts.extend(std::iter::repeat_n(start, count));
        self.begun += count;
        self.end = traffic.end(self.begun);
        self.write(traffic)
    }

    /// Goes on with what was to be sent.
    pub(crate) fn write(&mut self, traffic: &Traffic) -> Result<()> {
        while self.sent < self.end {
            match self.stream.write(traffic.to_send(self.sent, self.end)) {
                Ok(length) => self.sent += length,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Reads what is there, until nothing is due any more. `ended` gets the start of each message that has come back, and its
    /// length on the wire. mio's events are edges: what is left is told with the next bytes.
    pub(crate) fn read(&mut self, traffic: &Traffic, buffers: &mut Buffers, mut ended: impl FnMut(u64, usize)) -> Result<()> {
        while !self.is_idle() {
            let Self { frames, starts, answered, .. } = self;
            let mut one = |length: usize| {
                let start = starts.pop_front().ok_or_else(|| Error::new(ErrorKind::InvalidData, "more answers than messages"))?;
                *answered += 1;
                if !traffic.is_deflated && length != traffic.size {
                    return Err(Error::new(ErrorKind::InvalidData, format!("an echo of {length} bytes")));
                }
                ended(start, length);
                Ok(())
            };
            let blind = frames.blind();
            let (asked, read) = if blind >= WORTH_DROPPING {
                let room = &mut buffers.unseen[..blind.min(4 << 20)];
                (room.len(), SockRef::from(&self.stream).recv_with_flags(room, libc::MSG_TRUNC))
            } else {
                (buffers.seen.len(), self.stream.read(&mut buffers.seen))
            };
            let length = match read {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(length) => length,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            };
            if blind >= WORTH_DROPPING {
                frames.skip(length, &mut one)?;
            } else {
                frames.take(&buffers.seen[..length], &mut one)?;
            }
            if length < asked {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Checks the echo of the first message. Those after it are only counted.
    pub(crate) fn check(&mut self, traffic: &Traffic) -> Result<()> {
        match self.frames.collected.take() {
            Some(echo) if !traffic.is_first(&echo) => Err(Error::new(ErrorKind::InvalidData, "an echo is not what was sent")),
            _ => Ok(()),
        }
    }
}

/// RFC 6455's sample key: the only request that the servers of benches/tokio which have no handshake of their own take.
fn request(with_deflate: bool) -> String {
    let extension = if with_deflate { "Sec-WebSocket-Extensions: permessage-deflate\r\n" } else { "" };
    format!(
        "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n{extension}\r\n"
    )
}

/// In lower case.
const ACCEPT: &str = "s3pplmbitxaq9kygzzhzrbk+xoo=";
