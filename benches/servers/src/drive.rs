//! A load on a server: as much as it takes, then half of that.
use crate::arguments::Arguments;
use crate::connection::{Buffers, Connection};
use crate::process::{all_cpu_time, cpu_time};
use crate::traffic::Traffic;
use mio::{Events, Interest, Poll, Token};
use std::io::{Error, ErrorKind, Result as IoResult};
use std::time::{Duration, Instant};

/// A server's connections, and what comes back.
pub(crate) struct Load {
    traffic: Traffic,
    at_once: usize,
    connections: Vec<Connection>,
    buffers: Buffers,
    poll: Poll,
    events: Events,
    began: Instant,
    tally: Tally,
}

/// What came back.
#[derive(Default)]
struct Tally {
    messages: usize,
    bytes: usize,
    /// Nanoseconds of each.
    latencies: Vec<u32>,
}

/// When messages are sent.
#[derive(Clone, Copy)]
enum Pace {
    /// When those before have come back.
    Closed,
    /// So many nanoseconds after those before, which are another connection's, whatever comes back.
    Open(f64),
    /// Never.
    Drain,
}

/// How long answers that are due may take.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) fn run(arguments: &mut Arguments) -> Result<(), String> {
    let (port, pid) = (arguments.value("--port")?, arguments.value("--pid")?);
    let (connections, size): (usize, usize) = (arguments.value("--connections")?, arguments.value("--size")?);
    let at_once: usize = arguments.value("--at-once")?;
    let (warm, time) = (arguments.value("--warm")?, Duration::from_millis(arguments.value("--time")?));
    let traffic = Traffic::new(size, arguments.flag("--deflate"));
    arguments.end()?;
    let text = |error: Error| error.to_string();
    let connections = Connection::open_all(port, connections, traffic.is_deflated).map_err(text)?;
    let mut load = Load::new(connections, traffic, at_once).map_err(text)?;
    load.verify().map_err(text)?;

    load.pass(Pace::Closed, Duration::from_millis(warm)).map_err(text)?;
    load.tally = Tally::default();
    let before = (Instant::now(), cpu_time(pid)?, cpu_time(std::process::id())?, all_cpu_time()?);
    load.pass(Pace::Closed, time).map_err(text)?;
    let seconds = before.0.elapsed().as_secs_f64();
    let (server, client) = (cpu_time(pid)? - before.1, cpu_time(std::process::id())? - before.2);
    let others = (all_cpu_time()? - before.3).saturating_sub(server + client);
    let full = std::mem::take(&mut load.tally);
    if full.messages == 0 {
        return Err("nothing came back in time".to_owned());
    }
    let rate = full.messages as f64 / seconds;
    println!("rate {rate}");
    println!("cpu {}", server as f64 / full.messages as f64);
    println!("busy {}", server as f64 / seconds / 1e9);
    println!("others {}", others as f64 / seconds / 1e9);
    println!("wire {}", full.bytes as f64 / full.messages as f64);
    full.print_latencies("full");
    load.drain().map_err(text)?;

    load.tally = Tally::default();
    let before = (Instant::now(), cpu_time(pid)?);
    load.pass(Pace::Open(2e9 * at_once as f64 / rate), time).map_err(text)?;
    let (sent, seconds, server) = (load.tally.messages, before.0.elapsed().as_secs_f64(), cpu_time(pid)? - before.1);
    // Those that are late count most.
    load.drain().map_err(text)?;
    println!("half-rate {}", sent as f64 / seconds);
    println!("half-cpu {}", server as f64 / sent.max(1) as f64);
    load.tally.print_latencies("half");
    Ok(())
}

impl Load {
    pub(crate) fn new(mut connections: Vec<Connection>, traffic: Traffic, at_once: usize) -> IoResult<Self> {
        let poll = Poll::new()?;
        for (index, connection) in connections.iter_mut().enumerate() {
            poll.registry().register(&mut connection.stream, Token(index), Interest::READABLE | Interest::WRITABLE)?;
        }
        let (buffers, events) = (Buffers::new(traffic.size), Events::with_capacity(1024));
        Ok(Self { traffic, at_once, connections, buffers, poll, events, began: Instant::now(), tally: Tally::default() })
    }

    /// One message on every connection, whose echo is checked.
    pub(crate) fn verify(&mut self) -> IoResult<()> {
        // Not all at once: the echoes are kept until they are checked.
        let share = (64 << 20) / self.traffic.size.max(1) + 1;
        for first in (0..self.connections.len()).step_by(share) {
            let some = first..self.connections.len().min(first + share);
            let now = self.now();
            for connection in &mut self.connections[some.clone()] {
                connection.send(&self.traffic, 1, now)?;
            }
            self.drain()?;
            for connection in &mut self.connections[some] {
                connection.check(&self.traffic)?;
            }
        }
        Ok(())
    }

    fn now(&self) -> u64 {
        nanoseconds(self.began)
    }

    /// Sends at this pace for so long; as much as the server takes also until it has taken a turn of all connections.
    fn pass(&mut self, pace: Pace, time: Duration) -> IoResult<()> {
        let (start, end) = (self.now(), self.began.elapsed() + time);
        let mut missing = 0;
        if let Pace::Closed = pace {
            missing = self.connections.len() * self.at_once;
            for connection in self.connections.iter_mut().filter(|connection| connection.is_idle()) {
                connection.send(&self.traffic, self.at_once, nanoseconds(self.began))?;
            }
        }
        let mut sent = 0;
        let known = self.tally.messages;
        while self.began.elapsed() < end || self.tally.messages - known < missing && self.began.elapsed() < end + PATIENCE {
            if let Pace::Open(gap) = pace {
                let now = self.now();
                // Not so many that nothing is read for long.
                for _ in 0..64 {
                    let due = start + (sent as f64 * gap) as u64;
                    if due > now {
                        break;
                    }
                    let at = sent % self.connections.len();
                    self.connections[at].send(&self.traffic, self.at_once, due)?;
                    sent += 1;
                }
            }
            self.turn(pace)?;
        }
        Ok(())
    }

    /// Until all that was sent has come back.
    fn drain(&mut self) -> IoResult<()> {
        let end = self.began.elapsed() + PATIENCE;
        while !self.connections.iter().all(Connection::is_idle) {
            self.turn(Pace::Drain)?;
            if self.began.elapsed() > end {
                return Err(Error::new(ErrorKind::TimedOut, "some messages have not come back"));
            }
        }
        Ok(())
    }

    /// What can be read and written now. It does not wait: a CPU is its own, and to be woken takes longer than many an answer.
    fn turn(&mut self, pace: Pace) -> IoResult<()> {
        self.poll.poll(&mut self.events, Some(Duration::ZERO))?;
        for event in &self.events {
            let connection = &mut self.connections[event.token().0];
            connection.write(&self.traffic)?;
            let (tally, began) = (&mut self.tally, self.began);
            // All that comes with one read has come at once.
            let mut now = 0;
            connection.read(&self.traffic, &mut self.buffers, |start, length| {
                now = if now == 0 { nanoseconds(began) } else { now };
                tally.messages += 1;
                tally.bytes += length;
                tally.latencies.push(u32::try_from(now - start).unwrap_or(u32::MAX));
            })?;
            if let (Pace::Closed, true) = (pace, connection.is_idle()) {
                connection.send(&self.traffic, self.at_once, if now == 0 { nanoseconds(began) } else { now })?;
            }
        }
        Ok(())
    }
}

fn nanoseconds(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_nanos()).unwrap_or(u64::MAX)
}

impl Tally {
    /// In nanoseconds. A percentile that has no ten messages beyond it is left out.
    fn print_latencies(mut self, name: &str) {
        self.latencies.sort_unstable();
        for (part, label) in [(0.5, "p50"), (0.99, "p99"), (0.999, "p99.9")] {
            let at = (self.latencies.len() as f64 * part) as usize;
            if at + 10 <= self.latencies.len() {
                println!("{name}-{label} {}", self.latencies[at]);
            }
        }
    }
}
