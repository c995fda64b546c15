//! What blocks has a thread of its own: reading the socket, writing to it, reading standard input.
//!
//! Each of them is handed a buffer or a token, makes one blocking call and sends back the result. So each has at most one thing
//! under way: nothing piles up, and a side that is slow slows the other down.

use std::io::{self, BufRead, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream, ToSocketAddrs};
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::{Duration, Instant as Clock};

use crate::Problem;

/// What the threads report to the main one.
pub(crate) enum Happening {
    /// The buffer has more bytes than before.
    Input(Buffer),
    /// The transport's input has ended, orderly or not.
    End(io::Result<()>),
    /// What was due in the buffer was written, or cannot be any more.
    Written(Buffer, io::Result<()>),
    /// The next line of standard input with its line end, or nothing at its end.
    Line(io::Result<Vec<u8>>),
}

/// Memory that is passed between the threads; the bytes from `start` to `end` are valid.
pub(crate) struct Buffer {
    memory: Box<[u8]>,
    start: usize,
    end: usize,
}

impl Buffer {
    pub(crate) fn new(len: usize) -> Self {
        Self { memory: vec![0; len].into(), start: 0, end: 0 }
    }

    pub(crate) fn bytes(&mut self) -> &mut [u8] {
        &mut self.memory[self.start..self.end]
    }

    pub(crate) fn room(&mut self) -> &mut [u8] {
        &mut self.memory[self.end..]
    }

    /// The first `len` bytes of the room are valid from now on.
    pub(crate) fn add(&mut self, len: usize) {
        self.end += len;
    }

    /// The first `len` bytes are consumed.
    pub(crate) fn remove(&mut self, len: usize) {
        self.start += len;
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.start == self.end
    }

    pub(crate) fn clear(&mut self) {
        (self.start, self.end) = (0, 0);
    }

    /// Moves what is left to the front, so that more fits after that.
    pub(crate) fn compact(&mut self) {
        self.memory.copy_within(self.start..self.end, 0);
        (self.start, self.end) = (0, self.end - self.start);
    }
}

/// Connects to the first address of `host` that answers; all together have `limit`.
pub(crate) fn connect(host: &str, port: u16, limit: Duration) -> Result<TcpStream, Problem> {
    let deadline = Clock::now() + limit;
    let problem = |what: &str, error: io::Error| Problem::Failed(format!("cannot {what} {host}:{port}: {error}"));
    let addresses: Vec<_> = (host, port).to_socket_addrs().map_err(|error| problem("find", error))?.collect();
    let mut last = io::Error::new(ErrorKind::NotFound, "it has no address");
    for (tried, address) in addresses.iter().enumerate() {
        let share = deadline.saturating_duration_since(Clock::now()) / (addresses.len() - tried) as u32;
        match TcpStream::connect_timeout(address, share.max(Duration::from_millis(1))) {
            Ok(socket) => {
                // Small frames should leave at once. A socket without this works too.
                socket.set_nodelay(true).ok();
                return Ok(socket);
            }
            Err(error) => last = error,
        }
    }
    Err(problem("connect to", last))
}

/// Reads the socket: after what the given buffer holds, once per buffer.
pub(crate) fn reader(mut socket: TcpStream, happenings: Sender<Happening>) -> Sender<Buffer> {
    worker(happenings, move |mut buffer: Buffer| {
        loop {
            return match socket.read(buffer.room()) {
                Ok(0) => Happening::End(Ok(())),
                Ok(len) => {
                    buffer.add(len);
                    Happening::Input(buffer)
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => Happening::End(Err(error)),
            };
        }
    })
}

/// Writes to the socket. Dropping the sender shuts down writing, after all that was sent before.
pub(crate) fn writer(socket: TcpStream, happenings: Sender<Happening>) -> Sender<Buffer> {
    let mut half = WriteHalf(socket);
    worker(happenings, move |mut buffer: Buffer| {
        let written = half.0.write_all(buffer.bytes());
        buffer.clear();
        Happening::Written(buffer, written)
    })
}

struct WriteHalf(TcpStream);

impl Drop for WriteHalf {
    fn drop(&mut self) {
        // It fails if the peer was faster.
        self.0.shutdown(Shutdown::Write).ok();
    }
}

/// Reads standard input: one line for each token.
pub(crate) fn lines(happenings: Sender<Happening>) -> Sender<()> {
    worker(happenings, |()| {
        let mut line = Vec::new();
        Happening::Line(io::stdin().lock().read_until(b'\n', &mut line).map(|_| line))
    })
}

/// Runs `job` on a thread of its own for each item that is sent, until the sender is dropped.
fn worker<T: Send + 'static>(happenings: Sender<Happening>, mut job: impl FnMut(T) -> Happening + Send + 'static) -> Sender<T> {
    let (give, given) = channel();
    thread::spawn(move || given.iter().try_for_each(|thing| happenings.send(job(thing))));
    give
}
