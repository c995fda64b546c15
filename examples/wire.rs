//! The socket around a `Buffered` connection: dial, clock, entropy, wait; and what a program with a terminal needs. Copy it, with
//! `socket.rs`.

#[path = "socket.rs"]
pub mod socket;

use std::io::{self, ErrorKind, Write};
use std::net::{SocketAddr, TcpStream as Dialed, ToSocketAddrs};
use std::time::{Duration, Instant as Clock};

use mio::net::TcpStream;
use mio::{Events, Poll, Token};
use sansocket::{Buffer, Buffered, Codec, Commands, Connection, Entropy, EntropyError, Event, Instant, Transport, Url};

use socket::Socket;

/// Masking keys must be unpredictable (RFC 6455 §5.3): they come from the system.
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        getrandom::fill(bytes).map_err(|_| EntropyError)
    }
}

/// A socket, what waits for it, and a clock.
pub struct Wire {
    socket: Socket,
    /// A thread that has something for the program ends its wait: `Waker::new(wire.poll.registry(), Token(1))`.
    pub poll: Poll,
    events: Events,
    start: Clock,
}

impl Wire {
    /// Connects to the first address of the URL's host that answers. The clock starts after that.
    pub fn dial(url: &Url<'_>) -> io::Result<Self> {
        let stream = connect((url.host(), url.port()).to_socket_addrs()?)?;
        let poll = Poll::new()?;
        let socket = Socket::new(stream, &poll, Token(0))?;
        Ok(Self { socket, poll, events: Events::with_capacity(8), start: Clock::now() })
    }

    pub fn now(&self) -> Instant {
        Instant::from(self.start.elapsed())
    }

    /// Waits for the next event of `ws`; `None` once it is over.
    #[allow(dead_code, reason = "programs that wait for lines, too, have a loop of their own")]
    pub fn next<'w, 'c, E: Entropy, I: Buffer, O: Buffer, J: Buffer, D: Codec>(
        &mut self,
        ws: &'w mut Buffered<'c, E, I, O, J, Connection<'c, E>, D>,
    ) -> io::Result<Option<(Event<'w>, Commands<'w, 'c, E, D>)>> {
        while !ws.advance(self.now()).map_err(io::Error::other)? {
            if ws.transport() == Transport::Close {
                return Ok(None);
            }
            self.turn(ws)?;
        }
        Ok(ws.current(self.now()))
    }

    /// One turn of the socket. If that is nothing, waits for it, for a deadline or for a `Waker`.
    pub fn turn<'c, E: Entropy, I: Buffer, O: Buffer, J: Buffer, D: Codec>(
        &mut self,
        ws: &mut Buffered<'c, E, I, O, J, Connection<'c, E>, D>,
    ) -> io::Result<()> {
        let now = self.now();
        if self.socket.turn(ws, now) {
            return Ok(());
        }
        let wait = ws.millis_until_timeout(now).map(Duration::from_millis);
        let polled = self.poll.poll(&mut self.events, wait);
        polled.or_else(|error| if error.kind() == ErrorKind::Interrupted { Ok(()) } else { Err(error) })
    }
}

/// Connects to the first of the addresses that answers.
pub fn connect(addresses: impl Iterator<Item = SocketAddr>) -> io::Result<TcpStream> {
    let mut dialed = Err(io::Error::new(ErrorKind::NotFound, "the host has no address"));
    for address in addresses {
        dialed = Dialed::connect_timeout(&address, Duration::from_secs(10));
        if dialed.is_ok() {
            break;
        }
    }
    let dialed = dialed?;
    dialed.set_nonblocking(true)?;
    Ok(TcpStream::from_std(dialed))
}

/// Notes how a connection ends, and returns the exit status that this asks for, of which the highest counts: 0 as it should be,
/// 1 failed or cut off, 3 refused.
#[allow(dead_code, reason = "programs whose connections come back have more to say")]
pub fn report(event: &Event<'_>) -> u8 {
    let (text, status) = match event {
        Event::Refused { response, error, .. } => {
            // A 101 that breaks a rule refuses nothing.
            let (what, status) = if response.status() == 101 { ("failed", 1) } else { ("refused", 3) };
            (format!("{what} with {} {}: {error}", response.status(), String::from_utf8_lossy(response.reason())), status)
        }
        Event::Failed { error, .. } => (format!("failed: {error}"), 1),
        Event::Closed { was_clean: false, code, cause, .. } => (format!("closed with {code}, not clean: {cause}"), 1),
        Event::Closed { code, .. } => (format!("closed with {code}, clean"), u8::from(!matches!(code.0, 1000 | 1001 | 1005))),
        _ => return 0,
    };
    note(&text);
    status
}

/// Writes `text`, escaped, to standard error. If nobody reads that, there is nobody to tell.
pub fn note(text: &str) {
    writeln!(io::stderr(), "* {}", escaped(text)).ok();
}

/// Writes `text`, escaped, and `end` to standard output. If nobody reads that, the program ends, as if by SIGPIPE.
pub fn show(text: &str, end: &str) {
    let mut out = io::stdout().lock();
    match out.write_all((escaped(text) + end).as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::BrokenPipe => std::process::exit(141),
        Err(error) => {
            note(&format!("cannot write to standard output: {error}"));
            std::process::exit(1)
        }
    }
}

/// `text` without what could command a terminal: all control characters but the newline are escaped.
pub fn escaped(text: &str) -> String {
    let is_plain = |c: char| c == '\n' || !c.is_control();
    text.chars().map(|c| if is_plain(c) { c.to_string() } else { c.escape_default().to_string() }).collect()
}
