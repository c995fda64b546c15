//! A blocking stream under a `Buffered` connection, a clock, and the turns between the two.

use std::io::{self, ErrorKind};
use std::mem;
use std::time::{Duration, Instant as Clock};

use sansocket::{Buffer, Buffered, Codec, Connection, Entropy, EntropyError, Instant, NoCodec, Transport};

use crate::stream::Stream;

/// The system's entropy, from which a client's masking keys come (§5.3).
pub(crate) struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        getrandom::fill(bytes).map_err(|_| EntropyError)
    }
}

/// A connection with its buffers.
pub(crate) type Ws<'c, J = [u8; 0], D = NoCodec> =
    Buffered<'c, SystemEntropy, Vec<u8>, Vec<u8>, J, Connection<'c, SystemEntropy>, D>;

/// The lengths of input and output: a handshake's head at its default limit, and a TLS record.
const BUFFER_LEN: usize = 16 << 10;
/// How long a write waits for a peer that takes nothing, before what comes from that peer is taken.
const WRITING: Duration = Duration::from_millis(20);
/// How long a read waits meanwhile.
const LOOKING: Duration = Duration::from_millis(1);
/// How much is read at a time, and how often, while a write waits.
const AHEAD_LEN: usize = 16 << 10;
const AHEAD_TIMES: usize = 64;

pub(crate) fn buffered<'c>(ws: Connection<'c, SystemEntropy>) -> Ws<'c> {
    let input = BUFFER_LEN.max(usize::try_from(ws.config().max_head_len).unwrap_or(BUFFER_LEN).min(MAX_HEAD_LEN));
    Buffered::new(ws, vec![0; input], vec![0; BUFFER_LEN]).in_pieces()
}

/// A head does not get longer than this, whatever the configuration says: it lies in the input, which is there from the start.
const MAX_HEAD_LEN: usize = 1 << 20;

pub(crate) struct Wire<S> {
    stream: S,
    start: Clock,
    /// What the stream has now.
    read_timeout: Option<Duration>,
    /// What was read while a write waited, and how much of it the connection has.
    ahead: Vec<u8>,
    ahead_taken: usize,
    /// The stream has no more to read.
    has_ended: bool,
    /// The stream may hold something back.
    is_unflushed: bool,
    is_shut_down: bool,
    /// Why the stream broke.
    error: Option<io::Error>,
    /// It takes no more.
    pub(crate) is_cut: bool,
}

/// What a read gave.
enum Got {
    /// Or none, if it was interrupted.
    Bytes(usize),
    /// Nothing came in time.
    Nothing,
    End,
}

impl<S: Stream> Wire<S> {
    /// The clock's epoch is `start`.
    pub(crate) fn new(mut stream: S, start: Clock) -> io::Result<Self> {
        stream.set_up(WRITING)?;
        stream.set_read_timeout(None)?;
        Ok(Self {
            stream,
            start,
            read_timeout: None,
            ahead: Vec::new(),
            ahead_taken: 0,
            has_ended: false,
            is_unflushed: false,
            is_shut_down: false,
            error: None,
            is_cut: false,
        })
    }

    pub(crate) const fn stream(&self) -> &S {
        &self.stream
    }

    /// Time since the clock's epoch.
    pub(crate) fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }

    pub(crate) fn now(&self) -> Instant {
        Instant::from(self.elapsed())
    }

    /// One turn, once there is no event: writes what is due, and reads what comes. Waits for that until a deadline of the connection, or
    /// until `limit` on the clock.
    pub(crate) fn turn<J: Buffer, D: Codec>(&mut self, ws: &mut Ws<'_, J, D>, limit: Option<Duration>) {
        self.write(ws);
        match ws.transport() {
            Transport::Keep => {}
            Transport::ShutdownWrite => self.shut_down(),
            Transport::Close => return,
        }
        let wait = if self.is_blocked(ws) { Some(LOOKING) } else { self.wait(ws, limit) };
        let got = ws.space().map(|space| self.read(space, wait));
        let now = self.now();
        match got {
            Some(Got::Bytes(n)) => ws.filled(n, now),
            Some(Got::Nothing) | None => ws.filled(0, now),
            Some(Got::End) => ws.eof(),
        }
    }

    /// Writes what is due, as far as the stream takes it in one go.
    pub(crate) fn write<J: Buffer, D: Codec>(&mut self, ws: &mut Ws<'_, J, D>) {
        if !ws.due().is_empty() {
            match self.stream.write(ws.due()) {
                Ok(0) => self.fail(ws, ErrorKind::WriteZero.into()),
                Ok(n) => {
                    ws.written(n, self.now());
                    self.is_unflushed = true;
                }
                Err(error) if is_not_yet(&error) => {}
                Err(error) => self.fail(ws, error),
            }
        }
        if ws.due().is_empty() && self.is_unflushed {
            match self.stream.flush() {
                Ok(()) => self.is_unflushed = false,
                Err(error) if is_not_yet(&error) => {}
                Err(error) => self.fail(ws, error),
            }
        }
    }

    /// Whether something has to leave that the stream has not taken.
    pub(crate) fn is_blocked<J: Buffer, D: Codec>(&self, ws: &Ws<'_, J, D>) -> bool {
        !ws.due().is_empty() || self.is_unflushed
    }

    /// Takes what comes from a peer that does not read, so that one which sends meanwhile gets on with it. At most `limit` bytes are
    /// kept.
    pub(crate) fn read_ahead(&mut self, limit: usize) {
        let mut ahead = mem::take(&mut self.ahead);
        ahead.drain(..mem::take(&mut self.ahead_taken));
        for _ in 0..AHEAD_TIMES {
            let (len, room) = (ahead.len(), limit.saturating_sub(ahead.len()).min(AHEAD_LEN));
            if room == 0 || self.has_ended {
                break;
            }
            ahead.resize(len + room, 0);
            let got = self.read_stream(&mut ahead[len..], Some(LOOKING));
            let Got::Bytes(n) = got else {
                ahead.truncate(len);
                break;
            };
            ahead.truncate(len + n);
        }
        self.ahead = ahead;
    }

    /// Once is enough.
    pub(crate) fn shut_down(&mut self) {
        if !mem::replace(&mut self.is_shut_down, true) {
            // It fails if the peer has gone.
            self.stream.shut_down_writing().ok();
        }
    }

    /// How long nothing needs to be done; `None`: for ever.
    fn wait<J: Buffer, D: Codec>(&self, ws: &Ws<'_, J, D>, limit: Option<Duration>) -> Option<Duration> {
        let left = limit.map(|limit| limit.saturating_sub(self.elapsed()));
        let deadline = ws.millis_until_timeout(self.now()).map(Duration::from_millis);
        [left, deadline].into_iter().flatten().min()
    }

    fn read(&mut self, space: &mut [u8], wait: Option<Duration>) -> Got {
        let ahead = &self.ahead[self.ahead_taken..];
        if ahead.is_empty() {
            return self.read_stream(space, wait);
        }
        let n = ahead.len().min(space.len());
        space[..n].copy_from_slice(&ahead[..n]);
        self.ahead_taken += n;
        if self.ahead_taken == self.ahead.len() {
            (self.ahead, self.ahead_taken) = (Vec::new(), 0);
        }
        Got::Bytes(n)
    }

    fn read_stream(&mut self, space: &mut [u8], wait: Option<Duration>) -> Got {
        if self.has_ended {
            return Got::End;
        }
        let read = self.wait_at_most(wait).and_then(|()| self.stream.read(space));
        match read {
            Ok(0) => {}
            Ok(n) => return Got::Bytes(n),
            Err(error) if error.kind() == ErrorKind::Interrupted => return Got::Bytes(0),
            Err(error) if is_not_yet(&error) => return Got::Nothing,
            Err(error) => {
                self.error.get_or_insert(error);
            }
        }
        self.has_ended = true;
        Got::End
    }

    /// Lets reads wait about so long and no longer: a power of two of milliseconds, so that the system is seldom told something new.
    fn wait_at_most(&mut self, wait: Option<Duration>) -> io::Result<()> {
        let timeout = wait.map(|wait| {
            let millis = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX).clamp(1, MAX_WAIT);
            Duration::from_millis(1 << millis.ilog2())
        });
        if timeout != self.read_timeout {
            self.stream.set_read_timeout(timeout)?;
            self.read_timeout = timeout;
        }
        Ok(())
    }

    fn fail<J: Buffer, D: Codec>(&mut self, ws: &mut Ws<'_, J, D>, error: io::Error) {
        self.error.get_or_insert(error);
        self.is_unflushed = false;
        self.is_cut = true;
        ws.write_failed();
    }

    /// Why the stream broke. It may be asked for twice.
    pub(crate) fn reason(&self) -> Option<io::Error> {
        let error = self.error.as_ref()?;
        Some(match (error.raw_os_error(), error.get_ref()) {
            (Some(code), _) => io::Error::from_raw_os_error(code),
            (None, None) => error.kind().into(),
            (None, Some(inner)) => io::Error::new(error.kind(), inner.to_string()),
        })
    }
}

/// No read waits longer than about a day.
const MAX_WAIT: u64 = 1 << 26;

/// Nothing is wrong: the time is over, or a signal came.
fn is_not_yet(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted)
}
