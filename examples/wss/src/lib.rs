//! TLS between a `Buffered` connection and its socket, and what both programs print.

mod codec;

use std::fmt::Display;
use std::io::{self, ErrorKind, Read, Write};
use std::time::{Duration, Instant as Clock};

use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use sansocket::{Buffer, Buffered, Codec, Commands, Connection, Entropy, Event, Instant, State, Transport};

pub use codec::Memory;

/// The longest plaintext of a TLS record.
const RECORD_LEN: usize = 1 << 14;
/// What the system may take ahead of the network. It would take megabytes, and what is behind them in line is late: a Ping, or a Close,
/// whose deadlines begin when it was taken.
#[cfg(target_os = "linux")]
const UNSENT: u32 = 64 << 10;

/// A socket with TLS on it, what waits for it, and a clock. rustls has no socket either: plain bytes on one side, `reader` and
/// `writer`, records on the other, `read_tls` and `write_tls`.
///
/// The TLS handshake has no call of its own. It happens while the connection waits for its first bytes, so the WebSocket machine's
/// handshake deadline covers it.
pub struct Wire {
    session: rustls::Connection,
    socket: TcpStream,
    /// What else is registered here ends a wait, too.
    pub poll: Poll,
    events: Events,
    start: Clock,
    /// Until when the last records have to be gone, once the connection is over.
    deadline: Option<Duration>,
    /// The socket takes no more.
    is_cut: bool,
}

impl Wire {
    /// A socket that is connected.
    pub fn new(session: impl Into<rustls::Connection>, socket: std::net::TcpStream) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        socket.set_nodelay(true)?;
        #[cfg(target_os = "linux")]
        socket2::SockRef::from(&socket).set_tcp_notsent_lowat(UNSENT)?;
        let mut socket = TcpStream::from_std(socket);
        let poll = Poll::new()?;
        poll.registry().register(&mut socket, Token(0), Interest::READABLE | Interest::WRITABLE)?;
        let (events, start) = (Events::with_capacity(8), Clock::now());
        Ok(Self { session: session.into(), socket, poll, events, start, deadline: None, is_cut: false })
    }

    pub fn now(&self) -> Instant {
        Instant::from(self.start.elapsed())
    }

    /// Waits for the next event of `ws`; `None` once it is over.
    ///
    /// # Errors
    /// What is wrong with the peer's TLS.
    pub fn next<'w, 'c, E: Entropy, I: Buffer, O: Buffer, J: Buffer, D: Codec>(
        &mut self,
        ws: &'w mut Buffered<'c, E, I, O, J, Connection<'c, E>, D>,
    ) -> io::Result<Option<(Event<'w>, Commands<'w, 'c, E, D>)>> {
        while !ws.advance(self.now()).map_err(io::Error::other)? {
            if !self.turn(ws)? {
                return Ok(None);
            }
        }
        Ok(ws.current(self.now()))
    }

    /// One turn of the socket, once there is no event. If that is nothing, waits for it, for a deadline or for what else `poll` has.
    /// False once the connection is over.
    ///
    /// # Errors
    /// What is wrong with the peer's TLS.
    pub fn turn<'c, E: Entropy, I: Buffer, O: Buffer, J: Buffer, D: Codec>(
        &mut self,
        ws: &mut Buffered<'c, E, I, O, J, Connection<'c, E>, D>,
    ) -> io::Result<bool> {
        if ws.transport() == Transport::Close {
            // For a peer that still listens: the last record, which the layer counts as written, and that there are no more.
            self.session.send_close_notify();
            self.write_tls();
            let timeout = Duration::from_millis(ws.connection().config().closing_timeout_ms.into());
            let deadline = *self.deadline.get_or_insert(self.start.elapsed() + timeout);
            let left = deadline.saturating_sub(self.start.elapsed());
            // A peer that let a deadline pass has none left.
            let is_done = !self.session.wants_write() || self.is_cut || !ws.connection().was_clean();
            if is_done || left.is_zero() {
                return Ok(false);
            }
            wait_for(&mut self.poll, &mut self.events, Some(left))?;
            return Ok(true);
        }
        if !self.exchange(ws)? {
            let wait = ws.millis_until_timeout(self.now()).map(Duration::from_millis);
            wait_for(&mut self.poll, &mut self.events, wait)?;
        }
        Ok(true)
    }

    /// Writes and reads what the socket takes and gives. False if that was nothing.
    fn exchange<'c, E: Entropy, I: Buffer, O: Buffer, J: Buffer, D: Codec>(
        &mut self,
        ws: &mut Buffered<'c, E, I, O, J, Connection<'c, E>, D>,
    ) -> io::Result<bool> {
        let mut has_moved = false;
        // One record ahead of the socket, so that what a peer does not read stays due.
        if !ws.due().is_empty() && !self.session.wants_write() && !self.session.is_handshaking() {
            let n = self.session.writer().write(&ws.due()[..ws.due().len().min(RECORD_LEN)])?;
            ws.written(n, self.now());
            has_moved = true;
        }
        if ws.transport() == Transport::ShutdownWrite {
            // Nothing happens the second time.
            self.session.send_close_notify();
        }
        has_moved |= self.write_tls();
        // What waits for the end of a TLS handshake that will not come.
        self.is_cut |= self.session.is_handshaking() && ws.connection().state() == State::Closed;
        if self.is_cut && !ws.due().is_empty() {
            ws.write_failed();
            has_moved = true;
        }
        let read = match ws.space() {
            Some(space) => read(&mut self.session, &mut self.socket, space),
            None => Err(ErrorKind::WouldBlock.into()),
        };
        match read {
            Ok(0) => ws.eof(),
            Ok(n) => ws.filled(n, self.now()),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                ws.filled(0, self.now());
                return Ok(has_moved);
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            // The alert that says what was wrong. After both Closes it no longer matters.
            Err(error) if error.kind() == ErrorKind::InvalidData && !ws.connection().was_clean() => {
                self.write_tls();
                return Err(error);
            }
            Err(_) => {
                self.is_cut = true;
                ws.eof();
            }
        }
        Ok(true)
    }

    /// Writes records as far as the socket takes them. True if it took some.
    fn write_tls(&mut self) -> bool {
        let mut has_moved = false;
        while self.session.wants_write() && !self.is_cut {
            match self.session.write_tls(&mut self.socket) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Ok(n) if n > 0 => has_moved = true,
                _ => self.is_cut = true,
            }
        }
        has_moved
    }
}

/// Waits for what `poll` has. A signal ends the wait, too.
///
/// # Errors
/// Those of the system.
pub fn wait_for(poll: &mut Poll, events: &mut Events, wait: Option<Duration>) -> io::Result<()> {
    let polled = poll.poll(events, wait);
    polled.or_else(|error| if error.kind() == ErrorKind::Interrupted { Ok(()) } else { Err(error) })
}

/// Takes what is decrypted, if need be after one read from the socket.
fn read(session: &mut rustls::Connection, socket: &mut TcpStream, plain: &mut [u8]) -> io::Result<usize> {
    match session.reader().read(plain) {
        Err(error) if error.kind() == ErrorKind::WouldBlock => {}
        // The end of TCP without close_notify: somebody may have cut something off. WebSocket's own closing handshake shows
        // whether something is missing (`was_clean`), so this is an end like any other.
        read => return read,
    }
    session.read_tls(socket)?;
    session.process_new_packets().map_err(|error| io::Error::new(ErrorKind::InvalidData, error))?;
    // There may be a rest of the handshake to write, or more to read.
    match session.reader().read(plain) {
        Err(error) if error.kind() == ErrorKind::WouldBlock => Err(ErrorKind::Interrupted.into()),
        read => read,
    }
}

/// Text that others have sent, for a terminal: what would steer it is escaped.
pub fn shown(text: &str) -> String {
    let steers =
        |c: char| c.is_control() || matches!(c, '\u{200e}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.chars().map(|c| if steers(c) { c.escape_debug().to_string() } else { c.into() }).collect()
}

/// Prints a line. If nobody reads that, the program ends, quietly and as others do by SIGPIPE.
pub fn print(line: impl Display) {
    let mut out = io::stdout().lock();
    if let Err(error) = writeln!(out, "{line}").and_then(|()| out.flush()) {
        if error.kind() != ErrorKind::BrokenPipe {
            complain(format_args!("standard output: {error}"));
            std::process::exit(1);
        }
        std::process::exit(128 + 13);
    }
}

/// Prints a line to standard error, if that is still there.
pub fn complain(line: impl Display) {
    writeln!(io::stderr(), "{line}").ok();
}
