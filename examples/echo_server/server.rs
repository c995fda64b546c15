//! Sockets, deadlines and ticks: who gets a turn, and when.

use std::io::{self, ErrorKind, Write};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use mio::net::TcpListener;
use mio::{Events, Interest, Poll, Token};
use sansocket::{Config, Instant, MessageKind, frame};

use crate::client::{After, Buffers, Cause, Client};
use crate::clock::Clock;
use crate::log::Log;
use crate::{Shared, codecs};

/// The listener's; a client's is its place in the list.
const LISTENER: Token = Token(usize::MAX);
const NEVER: Instant = Instant::from_millis(u64::MAX);
/// Deadlines are looked at no more often than that, all in one go: most connections have none for seconds to come.
const SCAN_EVERY_MS: u64 = 100;
/// The pause before `accept` is tried again after it could not open another socket.
const ACCEPT_AGAIN_MS: u64 = 500;
/// What the system may take ahead of the network, so that a Ping is not behind megabytes in line.
#[cfg(target_os = "linux")]
const UNSENT: u32 = 64 << 10;

pub(crate) struct Server<'c> {
    config: &'c Config<'c>,
    poll: Poll,
    /// `None` once the server ends.
    listener: Option<TcpListener>,
    /// When to accept again; [`NEVER`] unless that failed.
    accept_again: Instant,
    /// Whether that was reported.
    cannot_accept: bool,
    clients: Vec<Option<Client<'c>>>,
    /// Places in `clients` that are free.
    free: Vec<usize>,
    /// Those that had more to read when their turn was over.
    again: Vec<usize>,
    /// No deadline of a client comes earlier.
    due: Instant,
    scanned: Instant,
    buffers: Buffers,
    shared: Shared,
}

impl<'c> Server<'c> {
    /// Listens, and prints where.
    pub(crate) fn bind(address: SocketAddr, config: &'c Config<'c>, quiet: bool) -> io::Result<Self> {
        let poll = Poll::new()?;
        let mut listener = TcpListener::bind(address)?;
        poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
        let (address, bytes) = (listener.local_addr()?, size_of::<Option<Client<'_>>>());
        let mut line = format!("listening on http://{address}/, {bytes} bytes per connection");
        if config.deflate.is_on() {
            line += &format!(", {} more if it compresses", codecs::bytes_each(config));
        }
        // Programs read this line through a pipe, and may close that afterwards.
        let mut out = io::stdout();
        writeln!(out, "{line}").and_then(|()| out.flush()).ok();
        let clock = Clock::start();
        let now = clock.now();
        Ok(Self {
            config,
            poll,
            listener: Some(listener),
            accept_again: NEVER,
            cannot_accept: false,
            clients: Vec::new(),
            free: Vec::new(),
            again: Vec::new(),
            due: NEVER,
            scanned: now,
            buffers: Buffers::new(),
            shared: Shared { clock, now, log: Log::new(quiet) },
        })
    }

    /// Serves until `stop` is set and everyone has gone.
    pub(crate) fn run(mut self, stop: &AtomicBool) -> io::Result<()> {
        let mut events = Events::with_capacity(1024);
        while self.listener.is_some() || self.len() > 0 {
            self.shared.log.flush(&self.shared.clock, self.clients.iter().flatten());
            match self.poll.poll(&mut events, Some(self.patience())) {
                // The signal's doing.
                Err(error) if error.kind() == ErrorKind::Interrupted => events.clear(),
                result => result?,
            }
            self.shared.now = self.shared.clock.now();
            for event in &events {
                match event.token() {
                    LISTENER => self.accept(),
                    // Epoll and kqueue say when there is more; on Windows only a read that would block says that there is not.
                    Token(at) if cfg!(windows) || event.is_read_closed() || event.is_error() => self.attend(at, Cause::Ready),
                    Token(at) => self.attend(at, Cause::Open),
                }
            }
            self.go_on();
            if stop.load(Ordering::Relaxed) && self.listener.take().is_some() {
                self.close_all();
            }
        }
        self.shared.log.flush(&self.shared.clock, self.clients.iter().flatten());
        Ok(())
    }

    fn len(&self) -> usize {
        self.clients.len() - self.free.len()
    }

    /// How long nothing has to be done, unless a socket is ready. A signal that comes just before the poll is seen after it,
    /// a second later.
    fn patience(&self) -> Duration {
        if !self.again.is_empty() {
            return Duration::ZERO;
        }
        let scan = self.due.max(Instant::from_millis(self.scanned.as_millis() + SCAN_EVERY_MS));
        let next = scan.min(self.accept_again).as_millis();
        Duration::from_millis(next.saturating_sub(self.shared.clock.now().as_millis())).min(self.shared.clock.until_tick())
    }

    /// Acts on what no socket causes.
    fn go_on(&mut self) {
        let mut again = std::mem::take(&mut self.again);
        again.sort_unstable();
        again.dedup();
        for at in again {
            self.attend(at, Cause::Ready);
        }
        let now = self.shared.now;
        if self.accept_again <= now {
            self.accept_again = NEVER;
            self.accept();
        }
        if self.shared.clock.tick() {
            self.push_time();
        }
        if self.due <= now && now.as_millis() >= self.scanned.as_millis() + SCAN_EVERY_MS {
            self.handle_timeouts();
        }
    }

    /// Gives a client its turn, then does what follows.
    fn attend(&mut self, at: usize, cause: Cause<'_>) {
        let Some(Some(client)) = self.clients.get_mut(at) else { return };
        match client.turn(cause, &mut self.buffers, &mut self.shared) {
            Ok(after @ (After::Wait | After::Again)) => {
                self.due = self.due.min(client.next_timeout().unwrap_or(NEVER));
                if matches!(after, After::Again) {
                    self.again.push(at);
                }
                return;
            }
            Ok(After::Over) => {}
            Err(error) => client.peer.note_lost(&error, &mut self.shared),
        }
        self.shared.log.totals.ended += 1;
        if let Some(client) = self.clients[at].take() {
            client.end(&mut self.buffers);
        }
        self.free.push(at);
    }

    /// Accepts all connections that wait.
    fn accept(&mut self) {
        while let (Some(listener), NEVER) = (&self.listener, self.accept_again) {
            let error = match listener.accept() {
                Ok((mut stream, _)) => {
                    let at = self.free.last().copied().unwrap_or(self.clients.len());
                    let interest = Interest::READABLE | Interest::WRITABLE;
                    match self.poll.registry().register(&mut stream, Token(at), interest) {
                        Ok(()) => {
                            stream.set_nodelay(true).ok();
                            #[cfg(target_os = "linux")]
                            socket2::SockRef::from(&stream).set_tcp_notsent_lowat(UNSENT).ok();
                            self.add(at, stream);
                            continue;
                        }
                        Err(error) => error,
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) if matches!(error.kind(), ErrorKind::Interrupted | ErrorKind::ConnectionAborted) => continue,
                Err(error) => error,
            };
            // No more descriptors or memory. Those who wait keep waiting: most likely somebody leaves.
            if !std::mem::replace(&mut self.cannot_accept, true) {
                eprintln!("echo_server: cannot accept: {error}");
            }
            self.accept_again = Instant::from_millis(self.shared.now.as_millis() + ACCEPT_AGAIN_MS);
        }
    }

    fn add(&mut self, at: usize, stream: mio::net::TcpStream) {
        self.cannot_accept = false;
        self.shared.log.totals.connections += 1;
        let client = Client::new(stream, self.config, self.shared.now, self.shared.log.totals.connections);
        self.due = self.due.min(client.next_timeout().unwrap_or(NEVER));
        if self.free.pop().is_some() {
            self.clients[at] = Some(client);
        } else {
            self.clients.push(Some(client));
        }
    }

    /// A second has begun. The message is encoded once, whoever watches; each connection only says whether it may go out now.
    fn push_time(&mut self) {
        let mut frame = [0; 128];
        let time = self.shared.clock.json();
        let bytes = frame::encode_message(MessageKind::Text, time.as_bytes(), &mut frame).unwrap_or(0);
        for at in 0..self.clients.len() {
            if self.clients[at].as_ref().is_some_and(|client| client.peer.ticks()) {
                self.attend(at, Cause::Tick(&frame[..bytes]));
            }
        }
    }

    /// Acts on the deadlines that have passed, and finds the next.
    fn handle_timeouts(&mut self) {
        let now = self.shared.now;
        (self.scanned, self.due) = (now, NEVER);
        for at in 0..self.clients.len() {
            let Some(client) = &self.clients[at] else { continue };
            match client.next_timeout() {
                Some(due) if due <= now => self.attend(at, Cause::Ready),
                due => self.due = self.due.min(due.unwrap_or(NEVER)),
            }
        }
    }

    /// Says goodbye to all.
    fn close_all(&mut self) {
        for at in 0..self.clients.len() {
            self.attend(at, Cause::Goodbye);
        }
    }
}
