//! One connection, and its turn with the buffers that all connections share.

use std::io::{ErrorKind, IoSlice};
use std::net::Shutdown;

use mio::net::TcpStream;
use sansocket::{Buffered, CallError, Config, Connection, Event, Instant, MAX_ANSWER, NoEntropy, Remainder, State, Transport};

use crate::Shared;
use crate::codecs::{Codecs, Own};
use crate::peer::Peer;

/// What one read takes at most; also the longest piece of a message that one event can show.
const READ_LEN: usize = 256 * 1024;
/// Room for the echo of the longest piece, with its header. Compressing makes bytes longer that cannot be made shorter.
const ROOM: usize = READ_LEN + READ_LEN / 8 + READ_LEN / 64 + 64 + 14;
/// There is that room while 64 KiB are due. What a slow peer leaves of more would be copied from turn to turn.
const OUTPUT_LEN: usize = 64 * 1024 + ROOM + MAX_ANSWER;
/// How much of messages a connection gets at once: a thousand times what was read may come of it by inflating.
const SHARE: usize = 2 * READ_LEN;

/// What is kept per connection.
pub(crate) struct Client<'c> {
    ws: Connection<'c>,
    /// What its last turn left. Most leave nothing.
    rest: Option<Box<Rest>>,
    /// Once it has agreed on compression.
    codec: Option<Box<Own>>,
    pub(crate) peer: Peer,
}

struct Rest {
    remainder: Remainder<Vec<u8>>,
    /// When it needs a turn, even if its socket stays as it is.
    due: Option<Instant>,
}

/// What all share: the buffers to read and to write, the one for pieces that were inflated, and the codecs that nobody has.
pub(crate) struct Buffers {
    input: Vec<u8>,
    output: Vec<u8>,
    inflated: Vec<u8>,
    codecs: Codecs,
}

/// A connection with them, for one turn.
type Attached<'a, 'c> =
    Buffered<'c, NoEntropy, &'a mut [u8], &'a mut [u8], &'a mut [u8], &'a mut Connection<'c>, Option<&'a mut Own>>;

/// Why it is a connection's turn.
#[derive(Clone, Copy)]
pub(crate) enum Cause<'a> {
    /// Its socket can be read or written, or a deadline has passed.
    Ready,
    /// The first, and no end or error is known of: a read that leaves room has taken all.
    Open,
    /// A second has begun: the frame that says so, encoded once for all.
    Tick(&'a [u8]),
    /// The server ends.
    Goodbye,
}

/// What comes after the turn.
pub(crate) enum After {
    Wait,
    /// There may be more to read: another turn, once the others had theirs.
    Again,
    Over,
}

impl Buffers {
    pub(crate) fn new() -> Self {
        let (input, output, inflated) = (vec![0; READ_LEN], vec![0; OUTPUT_LEN], vec![0; READ_LEN]);
        Self { input, output, inflated, codecs: Codecs::default() }
    }
}

impl<'c> Client<'c> {
    pub(crate) fn new(stream: TcpStream, config: &'c Config<'c>, now: Instant, number: u32) -> Self {
        Self { ws: Connection::server(config, now), rest: None, codec: None, peer: Peer::new(stream, number) }
    }

    /// Its turn: what can be read now, whatever `cause` asks for, and the answers.
    pub(crate) fn turn(&mut self, cause: Cause<'_>, buffers: &mut Buffers, shared: &mut Shared) -> Result<After, CallError> {
        let Self { ws, rest, codec, peer } = self;
        if codec.is_none() {
            *codec = buffers.codecs.take(ws);
        }
        let Buffers { input, output, inflated, .. } = buffers;
        let ws = Buffered::attach(ws, &mut input[..], &mut output[..]);
        let mut ws = ws.deflate(codec.as_deref_mut(), &mut inflated[..]).room_for(ROOM);
        if let Some(rest) = rest.take() {
            ws.restore(&rest.remainder)?;
        }
        let was_shut_down = ws.transport() == Transport::ShutdownWrite;
        // Once a turn, so that nobody waits long for theirs.
        let more = read(&mut ws, peer, shared, cause);
        peer.act(cause, &mut ws.commands(shared.now), shared)?;
        let again = converse(&mut ws, peer, shared)? || more && ws.wants_reading();
        match ws.transport() {
            Transport::Close => return Ok(After::Over),
            // Once: it wakes Linux's epoll, each time. It is refused if the peer has gone, which the next read shows.
            Transport::ShutdownWrite if !was_shut_down => drop(peer.stream.shutdown(Shutdown::Write)),
            _ => {}
        }
        if !ws.is_idle() {
            let due = ws.next_timeout();
            *rest = ws.detach(|len| vec![0; len])?.map(|remainder| Box::new(Rest { remainder, due }));
        }
        Ok(if again { After::Again } else { After::Wait })
    }

    /// It is over: what it had of the `buffers` serves others.
    pub(crate) fn end(self, buffers: &mut Buffers) {
        if let Some(codec) = self.codec {
            buffers.codecs.give_back(codec);
        }
    }

    /// When it needs a turn, even if its socket stays as it is.
    pub(crate) fn next_timeout(&self) -> Option<Instant> {
        self.rest.as_ref().map_or_else(|| self.ws.next_timeout(), |rest| rest.due)
    }

    pub(crate) fn state(&self) -> State {
        self.ws.state()
    }
}

/// Takes events and writes the answers, until there are no more events or the socket takes no more. True if it is to go on in another
/// turn: with a codec, or because it has had its share of this one.
fn converse(ws: &mut Attached<'_, '_>, peer: &mut Peer, shared: &mut Shared) -> Result<bool, CallError> {
    let mut shown = 0;
    while shown < SHARE {
        if let Some((event, mut commands)) = ws.next(shared.now)? {
            if let Event::Data(data) = &event {
                shown += data.payload.len();
            }
            let is_handshake = matches!(event, Event::Request(_));
            peer.answer(event, &mut commands, shared)?;
            if is_handshake && commands.connection().negotiated().deflate().is_some() {
                return Ok(true);
            }
        } else if !write(ws, peer, shared) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Writes some of what is due. True if there may be more to do: more to write, or events that had no room.
fn write(ws: &mut Attached<'_, '_>, peer: &mut Peer, shared: &mut Shared) -> bool {
    if ws.due().is_empty() {
        return false;
    }
    match peer.write(&[IoSlice::new(ws.due())], shared) {
        Ok(n) => ws.written(n, shared.now),
        Err(error) if error.kind() == ErrorKind::WouldBlock => return false,
        Err(error) if error.kind() == ErrorKind::Interrupted => {}
        Err(_) => ws.write_failed(),
    }
    !(ws.due().is_empty() && ws.wants_reading())
}

/// Reads, unless what was read before has to go first. True if there may be more.
fn read(ws: &mut Attached<'_, '_>, peer: &mut Peer, shared: &mut Shared, cause: Cause<'_>) -> bool {
    let Some(space) = ws.space() else {
        ws.filled(0, shared.now);
        return true;
    };
    let (room, read) = (space.len(), peer.read(space, shared));
    match &read {
        Ok(0) => ws.eof(),
        Ok(n) => ws.filled(*n, shared.now),
        Err(error) if error.kind() == ErrorKind::WouldBlock => ws.filled(0, shared.now),
        Err(error) if error.kind() == ErrorKind::Interrupted => return true,
        Err(_) => ws.eof(),
    }
    read.is_ok_and(|n| n == room || n > 0 && !matches!(cause, Cause::Open))
}
