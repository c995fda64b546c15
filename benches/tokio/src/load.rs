//! The load generator: one thread, non-blocking sockets, frames that were encoded beforehand. Every echo is checked.
use crate::arguments::Arguments;
use crate::handshake;
use crate::traffic::Traffic;
use mio::event::Event;
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use socket2::SockRef;
use std::collections::VecDeque;
use std::io::{Error, ErrorKind, Read, Result as IoResult, Write};
use std::time::{Duration, Instant};

struct Connection {
    stream: TcpStream,
    /// Bytes, since the handshake.
    sent: usize,
    received: usize,
    /// Echoes that have arrived.
    finished: usize,
    /// When the messages in flight were sent, oldest first.
    started: VecDeque<Instant>,
}

struct Load {
    traffic: Traffic,
    in_flight: usize,
    connections: Vec<Connection>,
    poll: Poll,
    buffer: Vec<u8>,
    /// Bytes of echoes, since the start.
    received: usize,
    /// Nanoseconds of every message, while it is measured.
    latencies: Option<Vec<u32>>,
}

/// Prints messages, seconds, the server's and the client's CPU time in ns, the server's ticks in user and kernel mode, and the latencies'
/// median, 99th percentile and maximum in ns.
pub(crate) fn run(arguments: &mut Arguments) -> Result<(), String> {
    let (port, pid) = (arguments.value("--port")?, arguments.value("--pid")?);
    let (connections, in_flight) = (arguments.value("--connections")?, arguments.value("--in-flight")?);
    let (warm, time) = (arguments.value("--warm")?, arguments.value("--time")?);
    let traffic = Traffic::new(arguments.value("--size")?, arguments.flag("--raw"));
    arguments.end()?;
    let mut load = Load::new(port, connections, traffic, in_flight).map_err(|error| error.to_string())?;
    load.drive(Duration::from_millis(warm)).map_err(|error| error.to_string())?;

    let before = (load.received, cpu_time(pid)?, cpu_time(std::process::id())?, ticks(pid)?);
    load.latencies = Some(Vec::with_capacity(1 << 22));
    let seconds = load.drive(Duration::from_millis(time)).map_err(|error| error.to_string())?.as_secs_f64();
    let messages = (load.received - before.0) as f64 / load.traffic.expected_length() as f64;
    let (server, client) = (cpu_time(pid)? - before.1, cpu_time(std::process::id())? - before.2);
    let (user, system) = ticks(pid)?;
    let mut latencies = load.latencies.take().unwrap_or_default();
    latencies.sort_unstable();
    let at = |part: usize| latencies.get((latencies.len() * part / 100).min(latencies.len().saturating_sub(1))).copied();
    let [median, high, most] = [50, 99, 100].map(|part| at(part).unwrap_or(0));
    let (user, system) = (user - before.3.0, system - before.3.1);
    println!("{messages}\t{seconds}\t{server}\t{client}\t{user}\t{system}\t{median}\t{high}\t{most}");
    Ok(())
}

/// Opens connections and keeps them; on the first line of standard input has 1 KiB echoed on each. Prints a line when each is done.
pub(crate) fn idle(arguments: &mut Arguments) -> Result<(), String> {
    let (port, connections) = (arguments.value("--port")?, arguments.value("--connections")?);
    let traffic = Traffic::new(1024, arguments.flag("--raw"));
    arguments.end()?;
    let mut line = String::new();
    let mut wait = || std::io::stdin().read_line(&mut line).map_err(|error| error.to_string());
    let mut streams = Vec::new();
    for _ in 0..connections {
        streams.push(open(port).map_err(|error| format!("{} connections are open: {error}", streams.len()))?);
    }
    println!("open");
    wait()?;
    for stream in &mut streams {
        echo_once(stream, &traffic).map_err(|error| error.to_string())?;
    }
    println!("echoed");
    wait()?;
    Ok(())
}

fn echo_once(stream: &mut std::net::TcpStream, traffic: &Traffic) -> IoResult<()> {
    stream.write_all(traffic.to_send(0, traffic.sent_length()))?;
    let mut echo = vec![0; traffic.expected_length()];
    stream.read_exact(&mut echo)?;
    check(traffic, 0, &echo)
}

fn open(port: u16) -> IoResult<std::net::TcpStream> {
    let mut stream = std::net::TcpStream::connect(("127.0.0.1", port))?;
    stream.set_nodelay(true)?;
    SockRef::from(&stream).set_linger(Some(Duration::ZERO))?;
    handshake::connect_blocking(&mut stream)?;
    Ok(stream)
}

fn check(traffic: &Traffic, position: usize, bytes: &[u8]) -> IoResult<()> {
    if traffic.is_expected(position, bytes) {
        return Ok(());
    }
    Err(Error::new(ErrorKind::InvalidData, format!("not the echo that was expected, {position} bytes after the handshake")))
}

impl Load {
    fn new(port: u16, count: usize, traffic: Traffic, in_flight: usize) -> IoResult<Self> {
        let poll = Poll::new()?;
        let mut connections = Vec::new();
        for index in 0..count {
            let stream = open(port)?;
            stream.set_nonblocking(true)?;
            let mut stream = TcpStream::from_std(stream);
            poll.registry().register(&mut stream, Token(index), Interest::READABLE | Interest::WRITABLE)?;
            connections.push(Connection { stream, sent: 0, received: 0, finished: 0, started: VecDeque::new() });
        }
        Ok(Self { traffic, in_flight, connections, poll, buffer: vec![0; 256 << 10], received: 0, latencies: None })
    }

    fn drive(&mut self, time: Duration) -> IoResult<Duration> {
        let started = Instant::now();
        let mut events = Events::with_capacity(1024);
        while started.elapsed() < time {
            // Registering made each of them writable once, which sends the first messages.
            self.poll.poll(&mut events, Some(Duration::from_secs(5)))?;
            if events.is_empty() {
                return Err(Error::new(ErrorKind::TimedOut, "no echo for 5 s"));
            }
            for event in &events {
                self.turn(event)?;
            }
        }
        Ok(started.elapsed())
    }

    /// Reads what is there, and writes what may be written: mio's events are edges.
    fn turn(&mut self, event: &Event) -> IoResult<()> {
        let connection = &mut self.connections[event.token().0];
        connection.write(&self.traffic, self.in_flight)?;
        loop {
            let length = match connection.stream.read(&mut self.buffer) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(length) => length,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            };
            check(&self.traffic, connection.received, &self.buffer[..length])?;
            connection.received += length;
            self.received += length;
            connection.finish(&self.traffic, self.latencies.as_mut());
            connection.write(&self.traffic, self.in_flight)?;
            if length < self.buffer.len() {
                return Ok(());
            }
        }
    }
}

impl Connection {
    fn write(&mut self, traffic: &Traffic, in_flight: usize) -> IoResult<()> {
        let end = (self.finished + in_flight) * traffic.sent_length();
        if self.sent == end {
            return Ok(());
        }
        // Also those that the socket does not take yet wait from now on.
        let now = Instant::now();
        let started = in_flight - self.started.len();
        self.started.extend(std::iter::repeat_n(now, started));
        while self.sent < end {
            match self.stream.write(traffic.to_send(self.sent, end)) {
                Ok(length) => self.sent += length,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn finish(&mut self, traffic: &Traffic, mut latencies: Option<&mut Vec<u32>>) {
        let now = Instant::now();
        while self.finished < self.received / traffic.expected_length()
            && let Some(started) = self.started.pop_front()
        {
            self.finished += 1;
            if let Some(latencies) = &mut latencies {
                latencies.push(u32::try_from((now - started).as_nanos()).unwrap_or(u32::MAX));
            }
        }
    }
}

/// Nanoseconds that the main thread of a process has run.
pub(crate) fn cpu_time(pid: u32) -> Result<u64, String> {
    field(&format!("/proc/{pid}/schedstat"), 0)
}

/// In user and in kernel mode, 100 a second.
fn ticks(pid: u32) -> Result<(u64, u64), String> {
    let path = format!("/proc/{pid}/task/{pid}/stat");
    // The name of the program, the second field, contains no blank.
    Ok((field(&path, 13)?, field(&path, 14)?))
}

fn field(path: &str, index: usize) -> Result<u64, String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))?;
    text.split_whitespace().nth(index).and_then(|word| word.parse().ok()).ok_or(format!("{path}: no field {index}"))
}
