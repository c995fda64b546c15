//! The transport of a session: it is dialled on a thread of its own, because that blocks, written, read and waited for.

use std::io::{self, ErrorKind};
use std::net::ToSocketAddrs;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant as Clock};

use mio::net::TcpStream;
use mio::{Events, Poll, Token, Waker};
use sansocket::Instant;
use sansocket_session::{Dial, DialError, Epoch, Transport};

use crate::codec::Talk;
use crate::lines::{Lines, wake};
use crate::wire::{connect, socket::Socket};

pub(crate) struct Link {
    socket: Option<Socket>,
    poll: Poll,
    events: Events,
    start: Clock,
    waker: Arc<Waker>,
    give: Sender<Dialled>,
    dialled: Receiver<Dialled>,
    /// What is dialled, or was.
    epoch: Option<Epoch>,
    /// Why the latest dial has failed.
    pub(crate) failure: Option<String>,
}

/// What came of a dial.
struct Dialled {
    epoch: Epoch,
    to: String,
    result: Result<TcpStream, (DialError, io::Error)>,
}

impl Link {
    /// Lines that come end its waits.
    pub(crate) fn new(lines: &Lines) -> io::Result<Self> {
        let poll = Poll::new()?;
        let waker = lines.wake(&poll)?;
        let (give, dialled) = channel();
        let (events, start) = (Events::with_capacity(8), Clock::now());
        Ok(Self { socket: None, poll, events, start, waker, give, dialled, epoch: None, failure: None })
    }

    pub(crate) fn now(&self) -> Instant {
        Instant::from(self.start.elapsed())
    }

    /// Does what the session asks of its transport. If that is nothing, waits for the transport, a deadline, a dial or a line.
    pub(crate) fn turn(&mut self, session: &mut Talk<'_, '_>) -> io::Result<()> {
        let now = self.now();
        if self.obey(session, now) || self.exchange(session, now) {
            return Ok(());
        }
        let wait = session.millis_until_timeout(now).map(Duration::from_millis);
        let polled = self.poll.poll(&mut self.events, wait);
        polled.or_else(|error| if error.kind() == ErrorKind::Interrupted { Ok(()) } else { Err(error) })
    }

    /// Dials, drops the socket, shuts it down. True if the session has to be asked again.
    fn obey(&mut self, session: &mut Talk<'_, '_>, now: Instant) -> bool {
        let epoch = session.epoch();
        match session.transport() {
            Transport::None => self.socket = None,
            Transport::Dial(dial) if self.epoch != Some(epoch) => {
                (self.socket, self.epoch, self.failure) = (None, Some(epoch), None);
                if dial.tls {
                    return self.leave_out_tls(session);
                }
                self.dial(&dial, session.url());
            }
            Transport::StartTls { .. } => return self.leave_out_tls(session),
            Transport::ShutdownWrite => self.socket.iter_mut().for_each(Socket::shut_down),
            _ => {}
        }
        let news = self.dialled.try_iter().find(|dialled| dialled.epoch == epoch);
        let Some(Dialled { to, result, .. }) = news else { return false };
        let token = Token(0);
        let socket =
            result.and_then(|stream| Socket::new(stream, &self.poll, token).map_err(|error| (DialError::Connect, error)));
        match socket {
            Ok(socket) => {
                self.socket = Some(socket);
                session.connected(epoch, now);
            }
            Err((cause, error)) => {
                self.failure = Some(format!("cannot connect to {to}: {error}"));
                session.dial_failed(epoch, cause);
            }
        }
        true
    }

    /// The server's URL is `ws`, but it may redirect.
    fn leave_out_tls(&mut self, session: &mut Talk<'_, '_>) -> bool {
        self.failure = Some(format!("{}: {}", session.url(), crate::NO_TLS));
        session.dial_failed(session.epoch(), DialError::NoTls);
        true
    }

    fn dial(&self, dial: &Dial<'_>, url: &str) {
        let (epoch, host, port) = (dial.epoch, dial.host.to_owned(), dial.port);
        let authority = sansocket::Url::parse(url).map(|url| url.authority().to_owned()).unwrap_or_default();
        let to = if dial.is_proxy { format!("the proxy {host}, port {port}") } else { authority };
        let (give, waker) = (self.give.clone(), Arc::clone(&self.waker));
        thread::spawn(move || {
            let addresses = (host.as_str(), port).to_socket_addrs().map_err(|error| (DialError::Name, error));
            let result = addresses.and_then(|addresses| connect(addresses).map_err(|error| (DialError::Connect, error)));
            // The program may have ended.
            give.send(Dialled { epoch, to, result }).ok();
            wake(&waker);
        });
    }

    /// Writes and reads what the socket takes and gives. False if that is nothing.
    fn exchange(&mut self, session: &mut Talk<'_, '_>, now: Instant) -> bool {
        let epoch = session.epoch();
        let Some(socket) = &mut self.socket else { return false };
        let written = socket.write(session.due());
        match written {
            Some(Ok(n)) => session.written(epoch, n, now),
            Some(Err(_)) => session.write_failed(epoch),
            None => {}
        }
        let read = session.space().and_then(|space| socket.read(space));
        match read {
            Some(Ok(0) | Err(_)) => session.eof(epoch),
            Some(Ok(n)) => session.filled(epoch, n, now),
            None => session.filled(epoch, 0, now),
        }
        written.is_some() || read.is_some()
    }
}
