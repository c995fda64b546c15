//! The socket around a `Buffered` connection: dial, clock, entropy, wait. Copy it.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream as Dialed, ToSocketAddrs};
use std::time::{Duration, Instant as Clock};

use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use sansocket::{Buffer, Buffered, Commands, Entropy, EntropyError, Event, Instant, Transport, Url};

/// Masking keys must be unpredictable (RFC 6455 §5.3): they come from the system.
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        getrandom::fill(bytes).map_err(|_| EntropyError)
    }
}

/// A socket, what waits for it, and a clock.
pub struct Wire {
    socket: TcpStream,
    poll: Poll,
    events: Events,
    start: Clock,
}

impl Wire {
    /// Connects to the first address of the URL's host that answers.
    pub fn dial(url: &Url<'_>) -> io::Result<Self> {
        let mut last = io::Error::new(ErrorKind::NotFound, "the host has no address");
        for address in (url.host(), url.port()).to_socket_addrs()? {
            match Dialed::connect_timeout(&address, Duration::from_secs(10)) {
                Ok(socket) => return Self::over(socket),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// A socket that is connected.
    pub fn over(socket: Dialed) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        socket.set_nodelay(true)?;
        let mut socket = TcpStream::from_std(socket);
        let poll = Poll::new()?;
        poll.registry().register(&mut socket, Token(0), Interest::READABLE | Interest::WRITABLE)?;
        Ok(Self { socket, poll, events: Events::with_capacity(8), start: Clock::now() })
    }

    pub fn now(&self) -> Instant {
        Instant::from(self.start.elapsed())
    }

    /// Waits for the next event of `ws`; `None` once it is over.
    pub fn next<'w, 'c, E: Entropy, I: Buffer, O: Buffer, J: Buffer>(
        &mut self,
        ws: &'w mut Buffered<'c, E, I, O, J>,
    ) -> io::Result<Option<(Event<'w>, Commands<'w, 'c, E>)>> {
        while !ws.advance(self.now()).map_err(io::Error::other)? {
            if ws.transport() == Transport::Close {
                return Ok(None);
            }
            self.exchange(ws)?;
        }
        Ok(ws.current(self.now()))
    }

    /// Writes and reads what the socket takes and gives. If that is nothing, waits for it, or for a deadline.
    fn exchange<'c, E: Entropy, I: Buffer, O: Buffer, J: Buffer>(&mut self, ws: &mut Buffered<'c, E, I, O, J>) -> io::Result<()> {
        let has_written = self.write(ws);
        if ws.transport() == Transport::ShutdownWrite {
            // It fails if the peer has gone.
            self.socket.shutdown(Shutdown::Write).ok();
        }
        if self.read(ws) || has_written {
            return Ok(());
        }
        let wait = ws.millis_until_timeout(self.now()).map(Duration::from_millis);
        self.poll
            .poll(&mut self.events, wait)
            .or_else(|error| if error.kind() == ErrorKind::Interrupted { Ok(()) } else { Err(error) })
    }

    /// Whether there may be more to write at once.
    fn write<'c, E: Entropy, I: Buffer, O: Buffer, J: Buffer>(&mut self, ws: &mut Buffered<'c, E, I, O, J>) -> bool {
        if ws.due().is_empty() {
            return false;
        }
        match self.socket.write(ws.due()) {
            Ok(n) => ws.written(n, self.now()),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return false,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => ws.write_failed(),
        }
        true
    }

    /// Whether there may be more to read at once.
    fn read<'c, E: Entropy, I: Buffer, O: Buffer, J: Buffer>(&mut self, ws: &mut Buffered<'c, E, I, O, J>) -> bool {
        let read = ws.space().map_or(Err(ErrorKind::WouldBlock.into()), |space| self.socket.read(space));
        match read {
            Ok(0) => ws.eof(),
            Ok(n) => ws.filled(n, self.now()),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                ws.filled(0, self.now());
                return false;
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => ws.eof(),
        }
        true
    }
}
