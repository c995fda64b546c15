//! A server's sockets around `Buffered` connections: one thread, readiness by `mio`, no queue but each connection's output. Copy it
//! with `socket.rs`.

#[path = "socket.rs"]
mod socket;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, ErrorKind, Write};
use std::net::SocketAddr;
use std::time::{Duration, Instant as Clock};

use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};
use sansocket::{Buffered, Commands, Config, Connection, Event, Instant, NoEntropy, State, Transport};

use socket::Socket;

static CONFIG: Config = Config::new();
const LISTENER: Token = Token(usize::MAX);

/// Holds the longest message, and 144 bytes beside it.
const INPUT_LEN: usize = 64 << 10;
/// What waits for a client at most. Memory is used as far as it was needed: the system lends its pages when they are written.
const OUTPUT_LEN: usize = 1 << 20;
/// Deadlines are looked at no more often than that, all in one go.
const LOOK_EVERY_MS: u64 = 100;
/// The pause before `accept` is tried again after it could not open another socket.
const ACCEPT_AGAIN_MS: u64 = 500;

/// A client. Its number is never used again; its address may be, once it has left.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Peer {
    number: usize,
    pub address: SocketAddr,
}

struct Client {
    peer: Peer,
    socket: Socket,
    ws: Buffered<'static, NoEntropy, Vec<u8>, Vec<u8>>,
}

/// A listener and its clients.
pub struct Hub {
    listener: TcpListener,
    poll: Poll,
    events: Events,
    start: Clock,
    clients: BTreeMap<usize, Client>,
    next_number: usize,
    /// Who has a turn, the first of them now; and who in the next round, after a look at the sockets.
    turns: BTreeSet<usize>,
    next_turns: BTreeSet<usize>,
    /// When all get a turn, because a deadline may have passed.
    look_again: Option<Clock>,
    /// Whether that was noted.
    cannot_accept: bool,
}

impl Hub {
    pub fn listen(address: SocketAddr) -> io::Result<Self> {
        let (mut listener, poll) = (TcpListener::bind(address)?, Poll::new()?);
        poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
        Ok(Self {
            listener,
            poll,
            events: Events::with_capacity(1024),
            start: Clock::now(),
            clients: BTreeMap::new(),
            next_number: 0,
            turns: BTreeSet::new(),
            next_turns: BTreeSet::new(),
            look_again: None,
            cannot_accept: false,
        })
    }

    /// Waits for the next event of any client. There is room for an answer as long as the longest message.
    pub fn next(&mut self) -> io::Result<(Peer, Event<'_>, Commands<'_, 'static, NoEntropy>)> {
        let number = loop {
            match self.turns.first().copied() {
                None => self.wait()?,
                Some(number) if self.attend(number)? => break number,
                Some(_) => {}
            }
        };
        let now = self.now();
        let client = self.clients.get_mut(&number).expect("it has an event");
        let (event, commands) = client.ws.current(now).expect("it has an event");
        Ok((client.peer, event, commands))
    }

    /// Sends a text message to all. Whoever has no room for it, having left too much unread, misses it.
    #[allow(dead_code, reason = "some servers only answer")]
    pub fn send_all(&mut self, text: &str) {
        let now = self.now();
        for (&number, client) in self.clients.iter_mut().filter(|(_, client)| client.ws.connection().state() == State::Open) {
            if client.ws.commands(now).send_text(text).is_ok() {
                self.next_turns.insert(number);
            }
        }
    }

    fn now(&self) -> Instant {
        Instant::from(self.start.elapsed())
    }

    /// The turn of a client: up to its next event, which is current then (true), or to one write and one read.
    fn attend(&mut self, number: usize) -> io::Result<bool> {
        let now = self.now();
        if let Some(Client { socket, ws, .. }) = self.clients.get_mut(&number) {
            if ws.advance(now).map_err(io::Error::other)? {
                return Ok(true);
            }
            if ws.transport() == Transport::Close {
                self.clients.remove(&number);
            } else if socket.turn(ws, now) || ws.millis_until_timeout(now) == Some(0) {
                self.next_turns.insert(number);
            } else if let Some(wait) = ws.millis_until_timeout(now) {
                self.look_again_in(wait);
            }
        }
        self.turns.remove(&number);
        Ok(false)
    }

    /// Begins a round: of those who have more to do, and of those whose sockets are ready, for which it waits unless there is more.
    fn wait(&mut self) -> io::Result<()> {
        self.turns = std::mem::take(&mut self.next_turns);
        let wait = if self.turns.is_empty() {
            self.look_again.map(|at| at.saturating_duration_since(Clock::now()))
        } else {
            Some(Duration::ZERO)
        };
        match self.poll.poll(&mut self.events, wait) {
            Err(error) if error.kind() == ErrorKind::Interrupted => return Ok(()),
            polled => polled?,
        }
        self.turns.extend(self.events.iter().filter(|event| event.token() != LISTENER).map(|event| event.token().0));
        let all = self.look_again.take_if(|at| *at <= Clock::now()).is_some();
        if all {
            self.turns.extend(self.clients.keys());
        }
        if all || self.events.iter().any(|event| event.token() == LISTENER) {
            self.accept();
        }
        Ok(())
    }

    /// Accepts all who wait. If there are no more descriptors or memory they keep waiting: most likely somebody leaves.
    fn accept(&mut self) {
        loop {
            let accepted = self.listener.accept().and_then(|(stream, address)| self.add(stream, address));
            match accepted.map_err(|error| (error.kind(), error)) {
                Ok(()) | Err((ErrorKind::Interrupted | ErrorKind::ConnectionAborted, _)) => {}
                Err((ErrorKind::WouldBlock, _)) => return,
                Err((_, error)) => {
                    if !std::mem::replace(&mut self.cannot_accept, true) {
                        writeln!(io::stderr(), "cannot accept: {error}").ok();
                    }
                    return self.look_again_in(ACCEPT_AGAIN_MS);
                }
            }
        }
    }

    fn add(&mut self, stream: TcpStream, address: SocketAddr) -> io::Result<()> {
        let number = self.next_number;
        let socket = Socket::new(stream, &self.poll, Token(number))?;
        let ws =
            Buffered::new(Connection::server(&CONFIG, self.now()), vec![0; INPUT_LEN], vec![0; OUTPUT_LEN]).room_for(INPUT_LEN);
        self.clients.insert(number, Client { peer: Peer { number, address }, socket, ws });
        self.turns.insert(number);
        self.next_number += 1;
        self.cannot_accept = false;
        Ok(())
    }

    fn look_again_in(&mut self, ms: u64) {
        let at = Clock::now() + Duration::from_millis(ms.max(LOOK_EVERY_MS));
        self.look_again = Some(self.look_again.map_or(at, |before| before.min(at)));
    }
}
