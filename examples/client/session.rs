//! One connection, from the TCP handshake to its end: the protocol loop and what it waits for.

use std::fs::File;
use std::io::{BufReader, Read};
use std::net::{Shutdown, TcpStream};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant as Clock};

use sansocket::{
    CallError, ClientRequest, Config, Connection, Entropy, EntropyError, Event, Instant, MAX_ANSWER, State, Transport, Url,
};

use crate::Problem;
use crate::body::Body;
use crate::threads::{self, Buffer, Happening};

/// What one read takes at most; also the longest piece of a message that one event shows, and the longest that we send.
pub(crate) const PIECE_LEN: usize = 64 * 1024;
/// Room for all output of one event: an answer, and a frame with a piece.
const ROOM: usize = MAX_ANSWER + 14 + PIECE_LEN;
/// What the program sends by itself leaves room for events and the answers they make due. Otherwise two ends that both send would
/// wait for each other, each until the other reads.
const OUTPUT_LEN: usize = 3 * ROOM;

pub(crate) type Ws<'c> = Connection<'c, SystemEntropy>;

/// What the program does with what happens. `out` has room for a frame of [`PIECE_LEN`] bytes; what is written there is
/// returned as its length.
pub(crate) trait Application {
    fn on_event(&mut self, ws: &mut Ws<'_>, event: Event<'_>, now: Instant, out: &mut [u8]) -> Result<usize, Problem>;

    /// The connection is open and there is room: what the program sends by itself. 0 for nothing at present.
    fn produce(&mut self, _ws: &mut Ws<'_>, _now: Instant, _out: &mut [u8]) -> Result<usize, Problem> {
        Ok(0)
    }

    /// A line of standard input came, of those that were asked for.
    fn on_line(&mut self, _line: std::io::Result<Vec<u8>>) {}
}

/// Masking keys must be unpredictable (§5.3): they come from the system.
pub(crate) struct SystemEntropy(BufReader<File>);

impl Entropy for SystemEntropy {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        self.0.read_exact(bytes).map_err(|_| EntropyError)
    }
}

pub(crate) struct Session<'c> {
    ws: Ws<'c>,
    start: Clock,
    socket: TcpStream,
    happenings: Receiver<Happening>,
    reporter: Sender<Happening>,
    reader: Sender<Buffer>,
    /// `None` once writing is shut down or has failed.
    writer: Option<Sender<Buffer>>,
    /// What was read; `None` while the reader has the buffer.
    input: Option<Buffer>,
    /// What is due.
    output: Buffer,
    /// The other output buffer; `None` while the writer has it.
    spare: Option<Buffer>,
    is_refused: bool,
    cause: String,
}

impl<'c> Session<'c> {
    /// Connects to the host of `url` and sends the request. The handshake's deadline covers both.
    pub(crate) fn connect(url: &Url<'_>, config: &'c Config<'c>, request: &ClientRequest<'_>) -> Result<Self, Problem> {
        let start = Clock::now();
        let entropy = File::open("/dev/urandom").map_err(|error| Problem::Failed(format!("/dev/urandom: {error}")))?;
        let mut ws = Connection::client(config, SystemEntropy(BufReader::new(entropy)), Instant::from_millis(0));
        let mut output = Buffer::new(OUTPUT_LEN);
        // Before there is a socket: what a request cannot contain is refused without troubling the server.
        let written = ws.request(request, Instant::from_millis(0), output.room()).map_err(|error| match error {
            CallError::Usage(error) => Problem::Usage(error.to_string()),
            other => other.into(),
        })?;
        output.add(written);

        let limit = ws.next_timeout().map_or(Duration::from_secs(60), |due| Duration::from_millis(due.as_millis()));
        let socket = threads::connect(url.host(), url.port(), limit)?;
        let clone = || socket.try_clone().map_err(|error| Problem::Failed(format!("cannot share the socket: {error}")));
        let (reporter, happenings) = channel();
        Ok(Self {
            reader: threads::reader(clone()?, reporter.clone()),
            writer: Some(threads::writer(clone()?, reporter.clone())),
            input: Some(Buffer::new(PIECE_LEN)),
            spare: Some(Buffer::new(OUTPUT_LEN)),
            is_refused: false,
            cause: String::new(),
            ws,
            start,
            socket,
            happenings,
            reporter,
            output,
        })
    }

    /// The loop: feed what there is, write what was produced, keep what was not consumed, until the transport has to be closed or
    /// the server refuses.
    pub(crate) fn run(&mut self, app: &mut impl Application) -> Result<(), Problem> {
        while self.ws.transport() != Transport::Close && !self.is_refused {
            // Without room nothing is received: a server that does not read our answers is not read either.
            if self.output.room().len() < ROOM || !self.step(app)? {
                self.write_on();
                if self.input.is_none() || self.output.room().len() < ROOM {
                    self.wait(app)?;
                }
            }
        }
        Ok(())
    }

    /// Receives: one event at most. If there is none, the program sends of its own accord. Returns whether there may be more.
    fn step(&mut self, app: &mut impl Application) -> Result<bool, Problem> {
        let now = self.now();
        let input = self.input.as_mut().map_or(&mut [][..], |input| input.bytes());
        let received = self.ws.receive(now, input, self.output.room())?;
        let (consumed, is_event) = (received.consumed, received.event.is_some());
        self.output.add(received.produced);
        self.is_refused = matches!(received.event, Some(Event::Refused { .. }));
        let due = match received.event {
            Some(event) => {
                // A full pipe on our standard output is not the server's fault.
                self.ws.pause(now);
                let due = app.on_event(&mut self.ws, event, now, self.output.room())?;
                self.ws.resume(self.now());
                due
            }
            None if self.ws.state() == State::Open && self.output.room().len() >= 2 * ROOM => {
                app.produce(&mut self.ws, now, self.output.room())?
            }
            None => 0,
        };
        self.output.add(due);
        if let Some(input) = &mut self.input {
            input.remove(consumed);
        }
        if !is_event {
            self.read_on();
        }
        Ok(is_event || due > 0)
    }

    /// Waits for the next thing to happen or the next deadline.
    fn wait(&mut self, app: &mut impl Application) -> Result<(), Problem> {
        let now = self.now();
        let until = |due: Instant| Duration::from_millis(due.as_millis().saturating_sub(now.as_millis()));
        let happening = match self.ws.next_timeout().map(until) {
            // Even if something happens all the time.
            Some(Duration::ZERO) => Err(RecvTimeoutError::Timeout),
            Some(wait) => self.happenings.recv_timeout(wait),
            None => self.happenings.recv().map_err(RecvTimeoutError::from),
        };
        let now = self.now();
        let received = match happening {
            Ok(Happening::Input(buffer)) => {
                self.input = Some(buffer);
                return Ok(());
            }
            Ok(Happening::Written(buffer, written)) => {
                self.spare = Some(buffer);
                if let Err(error) = written {
                    // What the server sent before, its Close perhaps, can still be read.
                    self.writer = None;
                    self.cause = format!("cannot write: {error}");
                }
                return Ok(());
            }
            Ok(Happening::Line(line)) => {
                app.on_line(line);
                return Ok(());
            }
            Ok(Happening::End(end)) => {
                let is_open = self.ws.state() != State::Connecting;
                match end {
                    Err(error) => self.cause = format!("the connection was cut: {error}"),
                    Ok(()) if !self.cause.is_empty() => {}
                    Ok(()) if is_open => self.cause = "the server ended the connection without a closing handshake".into(),
                    Ok(()) => self.cause = "the server ended the connection without an answer".into(),
                }
                self.ws.receive_eof(now)
            }
            Err(_) => {
                let what = match self.ws.state() {
                    State::Connecting => "the opening handshake took too long",
                    State::Open => "the server did not answer a Ping in time",
                    _ => "the closing handshake took too long",
                };
                let received = self.ws.handle_timeout(now, self.output.room());
                if received.event.is_some() {
                    self.cause = what.into();
                }
                received
            }
        };
        self.output.add(received.produced);
        if let Some(event) = received.event {
            let due = app.on_event(&mut self.ws, event, now, self.output.room())?;
            self.output.add(due);
        }
        Ok(())
    }

    /// Hands the input buffer to the reader: nothing more can be had from what it holds.
    fn read_on(&mut self) {
        if let Some(mut buffer) = self.input.take() {
            buffer.compact();
            // A reader that has ended has reported it.
            self.reader.send(buffer).ok();
        }
    }

    /// Hands what is due to the writer, if it waits for something.
    fn write_on(&mut self) {
        match &self.writer {
            None => self.output.clear(),
            Some(_) if self.output.is_empty() => {
                if self.ws.transport() == Transport::ShutdownWrite && self.spare.is_some() {
                    self.writer = None;
                }
            }
            Some(writer) => {
                if let Some(spare) = self.spare.take() {
                    writer.send(std::mem::replace(&mut self.output, spare)).ok();
                }
            }
        }
    }

    /// Reads the body of a refusal, until it is whole, the server ends it or the handshake's deadline passes.
    pub(crate) fn read_body(&mut self, body: &mut Body, app: &mut impl Application) -> Result<(), Problem> {
        while !body.is_done() && self.ws.transport() != Transport::Close {
            match &mut self.input {
                Some(input) if !input.is_empty() => {
                    body.add(input.bytes());
                    input.clear();
                }
                _ => {
                    self.read_on();
                    self.wait(app)?;
                }
            }
        }
        Ok(())
    }

    /// The thread that reads standard input, for an application that reads lines.
    pub(crate) fn lines(&self) -> Sender<()> {
        threads::lines(self.reporter.clone())
    }

    /// What ended the connection, as far as it was not the protocol.
    pub(crate) fn cause(&self) -> &str {
        &self.cause
    }

    fn now(&self) -> Instant {
        Instant::from_millis(self.start.elapsed().as_millis() as u64)
    }
}

impl Drop for Session<'_> {
    fn drop(&mut self) {
        // Wakes the threads that still wait for the socket. It fails if the server was faster.
        self.socket.shutdown(Shutdown::Both).ok();
    }
}
