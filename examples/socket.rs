//! One turn of a socket that does not block, for the connection that it carries. `wire.rs` and `hub.rs` wait for it.

use std::io::{self, ErrorKind, Read, Write};
use std::net::Shutdown;

use mio::net::TcpStream;
use mio::{Interest, Poll, Token};
use sansocket::{Buffer, Buffered, Codec, Connection, Entropy, Instant, Transport};

/// What the system may take ahead of the network. It would take megabytes, and what is behind them in line is late: a Ping, or a Close,
/// whose deadlines begin when it was taken.
#[cfg(target_os = "linux")]
const UNSENT: u32 = 64 << 10;

pub struct Socket {
    stream: TcpStream,
    /// Once is enough: on Linux each time wakes the poll, which would never wait.
    is_shut_down: bool,
}

impl Socket {
    /// `poll` says by `token` when there may be something to read or to write.
    pub fn new(mut stream: TcpStream, poll: &Poll, token: Token) -> io::Result<Self> {
        poll.registry().register(&mut stream, token, Interest::READABLE | Interest::WRITABLE)?;
        // They fail if the peer has gone.
        stream.set_nodelay(true).ok();
        #[cfg(target_os = "linux")]
        socket2::SockRef::from(&stream).set_tcp_notsent_lowat(UNSENT).ok();
        Ok(Self { stream, is_shut_down: false })
    }

    /// Writes and reads what the socket takes and gives. False if that is nothing.
    pub fn turn<'c, E: Entropy, I: Buffer, O: Buffer, J: Buffer, D: Codec>(
        &mut self,
        ws: &mut Buffered<'c, E, I, O, J, Connection<'c, E>, D>,
        now: Instant,
    ) -> bool {
        let written = self.write(ws.due());
        match written {
            Some(Ok(n)) => ws.written(n, now),
            Some(Err(_)) => ws.write_failed(),
            None => {}
        }
        if ws.transport() == Transport::ShutdownWrite {
            self.shut_down();
        }
        let read = ws.space().and_then(|space| self.read(space));
        match read {
            Some(Ok(0) | Err(_)) => ws.eof(),
            Some(Ok(n)) => ws.filled(n, now),
            None => ws.filled(0, now),
        }
        written.is_some() || read.is_some()
    }

    /// `None` if the socket takes nothing, or there is nothing.
    pub fn write(&mut self, due: &[u8]) -> Option<io::Result<usize>> {
        if due.is_empty() { None } else { attempt(|| self.stream.write(due)) }
    }

    /// `None` if there is nothing to read.
    pub fn read(&mut self, space: &mut [u8]) -> Option<io::Result<usize>> {
        attempt(|| self.stream.read(space))
    }

    /// Ends the output, once.
    pub fn shut_down(&mut self) {
        if !self.is_shut_down {
            self.is_shut_down = true;
            // It fails if the peer has gone.
            self.stream.shutdown(Shutdown::Write).ok();
        }
    }
}

/// What `call` did on the socket; `None` if it would block. A signal does not disturb it.
fn attempt(mut call: impl FnMut() -> io::Result<usize>) -> Option<io::Result<usize>> {
    loop {
        match call() {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => return None,
            done => return Some(done),
        }
    }
}
