//! An echo server: one thread, readiness by `mio`, one read buffer and one write buffer for all connections.
//!
//! `cargo run --release --example echo_server [-- --listen ADDR] [--quiet]`; a browser finds a page at the address it prints.

use std::collections::HashMap;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr};
use std::process::ExitCode;
use std::time::{Duration, Instant as Clock};

use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};
use sansocket::{Accept, Config, Connection, Event, Header, Instant, Origin, Transport};

/// The defaults, but for one case of the Autobahn suite that cuts a message into 65 537 frames.
static CONFIG: Config = Config::new().max_fragments(100_000);
/// What one read takes at most; also the longest piece of a message that one event can show.
const READ_LEN: usize = 64 * 1024;
/// Room for the echo of the longest piece, with its header, behind whatever one `receive` writes.
const ROOM: usize = READ_LEN + 10 + 131;
/// How often deadlines are looked at.
const TICK: Duration = Duration::from_millis(250);
const PAGE: &[u8] = include_bytes!("page.html");

/// What is kept per connection; `tail` and `pending` own memory only while there is something in them.
struct Client {
    stream: TcpStream,
    ws: Connection<'static>,
    /// Input that the machine has not consumed yet.
    tail: Vec<u8>,
    /// Output that the socket has not taken yet. While there is some, nothing is read.
    pending: Vec<u8>,
}

/// The buffers that all connections share.
struct Buffers {
    input: Vec<u8>,
    output: Vec<u8>,
}

impl Client {
    /// Reads and answers until the socket has no more or takes no more.
    fn serve(&mut self, buffers: &mut Buffers, now: Instant, log: bool) -> io::Result<()> {
        while self.flush()? && self.ws.transport() != Transport::Close {
            let kept = self.tail.len();
            buffers.input[..kept].copy_from_slice(&self.tail);
            let read = match self.stream.read(&mut buffers.input[kept..]) {
                Ok(0) if kept < READ_LEN => return self.finish(now, log),
                Ok(read) => Some(read),
                Err(error) if error.kind() == ErrorKind::WouldBlock => None,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(_) => return self.finish(now, log),
            };
            let input = &mut buffers.input[..kept + read.unwrap_or(0)];
            let consumed = self.echo(input, &mut buffers.output, now, log)?;
            self.tail.clear();
            self.tail.extend_from_slice(&input[consumed..]);
            if read.is_none() {
                break;
            }
        }
        self.tail.shrink_to_fit();
        if self.pending.is_empty() && self.ws.transport() == Transport::ShutdownWrite {
            self.stream.shutdown(Shutdown::Write)?;
        }
        Ok(())
    }

    /// The loop: feed what there is, write what was produced, keep what was not consumed.
    fn echo(&mut self, input: &mut [u8], output: &mut [u8], now: Instant, log: bool) -> io::Result<usize> {
        let (mut consumed, mut due) = (0, 0);
        loop {
            if output.len() - due < ROOM && !self.write(output, &mut due)? {
                break;
            }
            let received = self.ws.receive(now, &mut input[consumed..], &mut output[due..]).map_err(io::Error::other)?;
            consumed += received.consumed;
            due += received.produced;
            let written = match received.event {
                None => break,
                Some(Event::Request(request)) => self.ws.accept(&request, &Accept::new(Origin::Any), now, &mut output[due..]),
                Some(Event::HttpRequest(request)) => {
                    let (status, body) = if request.path() == "/" { (200, PAGE) } else { (404, &b"not found\n"[..]) };
                    self.ws.respond(status, &[Header::new("Content-Type", "text/html")], body, now, &mut output[due..])
                }
                Some(Event::Data(data)) => self.ws.send(data.kind, data.payload, data.last, &mut output[due..]),
                Some(other) => {
                    if log {
                        println!("{:?}: {other:?}", self.stream.peer_addr().ok());
                    }
                    continue;
                }
            };
            // Only data that crosses our own Close has nowhere to go.
            due += written.unwrap_or(0);
        }
        self.write(output, &mut due)?;
        Ok(consumed)
    }

    /// Writes the first `due` octets of `output`, keeping what the socket does not take. Whether it took all.
    fn write(&mut self, output: &[u8], due: &mut usize) -> io::Result<bool> {
        let octets = &output[..std::mem::take(due)];
        let written = if self.pending.is_empty() { put(&mut self.stream, octets)? } else { 0 };
        self.pending.extend_from_slice(&octets[written..]);
        Ok(self.pending.is_empty())
    }

    /// Writes what is pending. Whether nothing is left.
    fn flush(&mut self) -> io::Result<bool> {
        let written = put(&mut self.stream, &self.pending)?;
        self.pending.drain(..written);
        if self.pending.is_empty() {
            self.pending = Vec::new();
        }
        Ok(self.pending.is_empty())
    }

    /// The end of input.
    fn finish(&mut self, now: Instant, log: bool) -> io::Result<()> {
        let event = self.ws.receive_eof(now).event;
        if log {
            println!("{:?}: {event:?}", self.stream.peer_addr().ok());
        }
        Ok(())
    }
}

fn run(listen: SocketAddr, log: bool) -> io::Result<()> {
    let mut poll = Poll::new()?;
    let mut events = Events::with_capacity(1024);
    let mut listener = TcpListener::bind(listen)?;
    poll.registry().register(&mut listener, Token(0), Interest::READABLE)?;
    println!("listening on http://{}/, {} octets per connection", listener.local_addr()?, size_of::<Client>());

    let start = Clock::now();
    let mut clients: HashMap<Token, Client> = HashMap::new();
    let mut buffers = Buffers { input: vec![0; READ_LEN], output: vec![0; 2 * ROOM] };
    let mut next_token = 1;
    let mut last_tick = start;
    loop {
        match poll.poll(&mut events, Some(TICK)) {
            Err(error) if error.kind() != ErrorKind::Interrupted => return Err(error),
            _ => {}
        }
        let now = Instant::from_millis(start.elapsed().as_millis() as u64);
        for event in &events {
            let token = event.token();
            if token == Token(0) {
                while let Some(mut stream) = accept(&listener) {
                    let token = Token(next_token);
                    next_token += 1;
                    stream.set_nodelay(true).ok();
                    poll.registry().register(&mut stream, token, Interest::READABLE | Interest::WRITABLE)?;
                    let ws = Connection::server(&CONFIG, now);
                    clients.insert(token, Client { stream, ws, tail: Vec::new(), pending: Vec::new() });
                }
            } else if let Some(client) = clients.get_mut(&token) {
                let served = client.serve(&mut buffers, now, log);
                if served.is_err() || client.ws.transport() == Transport::Close {
                    clients.remove(&token);
                }
            }
        }
        if last_tick.elapsed() >= TICK {
            last_tick = Clock::now();
            clients.retain(|_, client| {
                let is_due = client.ws.next_timeout().is_some_and(|due| due <= now);
                if is_due {
                    let mut due = client.ws.handle_timeout(now, &mut buffers.output).produced;
                    return client.write(&buffers.output, &mut due).is_ok() && client.ws.transport() != Transport::Close;
                }
                true
            });
        }
    }
}

/// Writes as much of `octets` as the socket takes now.
fn put(stream: &mut TcpStream, octets: &[u8]) -> io::Result<usize> {
    let mut written = 0;
    while written < octets.len() {
        match stream.write(&octets[written..]) {
            Ok(more) => written += more,
            Err(error) if error.kind() == ErrorKind::WouldBlock => break,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(written)
}

/// The next connection that waits, if it can be had.
fn accept(listener: &TcpListener) -> Option<TcpStream> {
    match listener.accept() {
        Ok((stream, _)) => Some(stream),
        Err(error) => {
            if error.kind() != ErrorKind::WouldBlock {
                eprintln!("echo_server: cannot accept: {error}");
            }
            None
        }
    }
}

const USAGE: &str = "usage: echo_server [--listen ADDR:PORT] [--quiet]";

/// Address and whether to log.
fn arguments() -> Result<(SocketAddr, bool), String> {
    let mut listen = "127.0.0.1:9001".to_owned();
    let mut log = true;
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--listen" => listen = arguments.next().ok_or("--listen wants an address")?,
            "--quiet" => log = false,
            other => return Err(format!("unknown argument {other}")),
        }
    }
    let address = listen.parse().map_err(|_| format!("{listen} is no address such as 127.0.0.1:9001"))?;
    Ok((address, log))
}

fn main() -> ExitCode {
    let (listen, log) = match arguments() {
        Ok(arguments) => arguments,
        Err(problem) => {
            eprintln!("echo_server: {problem}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    match run(listen, log) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("echo_server: {listen}: {error}");
            ExitCode::FAILURE
        }
    }
}
