//! The last mile: a connection with its two buffers, and the rules that hold for the loop around it.

mod codec;
mod commands;
#[cfg(feature = "deflate")]
mod compressing;
mod held;
mod input;
mod output;
mod progress;
mod remainder;
mod turn;

#[cfg(feature = "deflate")]
pub use codec::Deflated;
pub use codec::{Codec, NoCodec};
pub use commands::Commands;
pub use remainder::Remainder;

use core::borrow::BorrowMut;
use core::marker::PhantomData;

use crate::connection::{Connection, SHORTCUTS};
use crate::entropy::Entropy;
use crate::error::CallError;
use crate::event::{Event, Transport};
use crate::time::Instant;
use progress::Progress;
use turn::Turn;

/// A connection with the buffers of its transport: what a program that has a socket, a UART or a TLS stream wants. It does no I/O of
/// its own: it says what is to be written, and where to read into.
///
/// ```text
///                     commands(now)                                         current event
///             send_text, close, request, ...                                      ▲
///                          │                                                      │ next(now)
///                ┌─────────▼──────────────────────────────────────────────────────┴────────┐
///                │                               Connection                                │
///                └─────────┬──────────────────────────────────────────────────────▲────────┘
///                ┌─────────▼─────────┐                                  ┌─────────┴─────────┐
///                │      output       │                                  │       input       │
///                └─────────┬─────────┘                                  └─────────▲─────────┘
///     due() ──▶ the transport takes n bytes ──▶ written(n, now)     space() ──▶ n bytes arrive ──▶ filled(n, now)
///                           else: write_failed()                          the end: eof(); nothing there: filled(0, now)
/// ```
///
/// # The loop
///
/// 1. [`next`](Self::next), until it gives no event. The [`Commands`] that come with an event answer it.
/// 2. Write [`due`](Self::due), as far as the transport takes it, and report that by [`written`](Self::written).
/// 3. Obey [`transport`](Self::transport), which asks for nothing before the output is written. It says Close when all is over.
/// 4. Wait until the transport can be read, if [`wants_reading`](Self::wants_reading), or written, if there is something due, or
///    until [`next_timeout`](Self::next_timeout). Read into [`space`](Self::space), and report what came by
///    [`filled`](Self::filled): 0 if nothing did.
///
/// ```
/// use std::io::{self, ErrorKind, Read, Write};
/// use std::net::{Shutdown, TcpStream};
/// use std::time::{Duration, Instant as Clock};
/// use sansocket::{Accept, Buffered, Config, Connection, Event, Instant, Origin, Transport};
///
/// static CONFIG: Config = Config::new();
/// const LONGEST: usize = 64 << 10;
///
/// /// An echo server's connection, in a thread of its own.
/// fn serve(mut socket: TcpStream) -> Result<(), Box<dyn std::error::Error>> {
///     let start = Clock::now();
///     let now = || Instant::from(start.elapsed());
///     // A peer that does not take what is written is read all the same.
///     socket.set_write_timeout(Some(Duration::from_millis(100)))?;
///     let ws = Connection::server(&CONFIG, now());
///     let mut ws = Buffered::new(ws, vec![0; LONGEST + 144], vec![0; 2 * LONGEST]).room_for(LONGEST + 14);
///     let mut was_shut_down = false;
///     while ws.transport() != Transport::Close {
///         while let Some((event, mut ws)) = ws.next(now())? {
///             match event {
///                 Event::Request(request) | Event::HttpRequest(request) => {
///                     ws.accept_or_refuse(&request, &Accept::new(Origin::Any))?;
///                 }
///                 Event::Data(message) => ws.send(message.kind, message.payload)?,
///                 _ => {}
///             }
///         }
///         if !ws.due().is_empty() {
///             match socket.write(ws.due()) {
///                 Ok(n) => ws.written(n, now()),
///                 Err(error) if is_not_yet(&error) => {}
///                 Err(_) => ws.write_failed(),
///             }
///         }
///         if ws.transport() == Transport::ShutdownWrite && !was_shut_down {
///             was_shut_down = true;
///             socket.shutdown(Shutdown::Write).ok();
///         }
///         let wait = if ws.due().is_empty() { ws.millis_until_timeout(now()) } else { Some(1) };
///         socket.set_read_timeout(wait.map(|ms| Duration::from_millis(ms.max(1))))?;
///         match ws.space().map(|space| socket.read(space)) {
///             None => ws.filled(0, now()),
///             Some(Ok(0)) => ws.eof(),
///             Some(Ok(n)) => ws.filled(n, now()),
///             Some(Err(error)) if is_not_yet(&error) => ws.filled(0, now()),
///             Some(Err(_)) => ws.eof(),
///         }
///     }
///     Ok(())
/// }
///
/// /// Nothing is wrong: the time is over, or a signal came.
/// fn is_not_yet(error: &io::Error) -> bool {
///     matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted)
/// }
/// # // What a client sends, after which it ends its own half, is answered with all of this.
/// # fn answer(request: &[u8]) -> std::io::Result<Vec<u8>> {
/// #     let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
/// #     let mut client = TcpStream::connect(listener.local_addr()?)?;
/// #     let server = std::thread::spawn(move || serve(listener.accept().unwrap().0).unwrap());
/// #     client.write_all(&request[..40])?;
/// #     std::thread::sleep(Duration::from_millis(20));
/// #     client.write_all(&request[40..])?;
/// #     client.shutdown(Shutdown::Write)?;
/// #     let mut answer = Vec::new();
/// #     client.read_to_end(&mut answer)?;
/// #     server.join().unwrap();
/// #     Ok(answer)
/// # }
/// # let request = b"GET / HTTP/1.1\r\nHost: example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
/// #     Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n\x81\x82\0\0\0\0Hi\x88\x80\0\0\0\0";
/// # assert!(answer(request)?.ends_with(b"Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n\x81\x02Hi\x88\x00"));
/// # assert!(answer(b"GET /page.html HTTP/1.1\r\nHost: example.com\r\n\r\n")?.starts_with(b"HTTP/1.1 400 "));
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # What holds by itself
///
/// - **Events.** [`next`](Self::next) releases the event that it gave before. Until then [`current`](Self::current) gives that one
///   again: a handler that failed by `?`, or a future that was dropped, has lost neither event nor bytes, if it is called before
///   `next`. (What the handler has changed in the bytes stays changed.)
/// - **Room.** There is no event while the output lacks room for the answer that it may cause, and no space to read into while
///   bytes wait: a peer that does not read is not read. What the program sends leaves room for such an answer, so a flood
///   of Pings and a program that sends do not block each other. Meanwhile the deadlines that wait for the peer stand still. A program
///   that answers events with more says how much: [`room_for`](Self::room_for).
/// - **Order.** What arrived comes before the end of the input, and that before deadlines, which act only up to when the input was
///   last looked at ([`filled`](Self::filled)): a machine that slept takes what has arrived first. Output is written before
///   the transport is shut down or closed.
/// - **Slow peers.** The peer may take the output as slowly as it likes, until the connection closes: from then on at
///   [`Config::min_write_rate`](crate::Config::min_write_rate). If it takes nothing of it for
///   [`Config::write_timeout_ms`](crate::Config::write_timeout_ms), the connection ends.
/// - **Messages.** [`new`](Self::new) gives whole messages: in place if they arrive whole, otherwise joined in the input. One that is
///   longer than the input less 144 bytes (a header and a control frame) fails the connection with 1009.
///   [`join_in`](Self::join_in) lends memory for longer ones, and [`in_pieces`](Self::in_pieces) gives pieces as they arrive, however
///   long the message is.
/// - **Compression** (feature `deflate`). [`deflate`](Self::deflate) lends a codec and memory for what is inflated; then it is as if
///   nothing were compressed, once both ends have agreed to it ([`Config::deflate`](crate::Config::deflate)).
/// - **Heads.** A head that fills the input without an end is answered with 431, whatever
///   [`Config::max_head_len`](crate::Config::max_head_len) says.
/// - **Bytes stay where they are.** [`due`](Self::due) moves in [`written`](Self::written) only, and [`space`](Self::space), once it
///   was lent, in [`filled`](Self::filled): a read and a write can be under way (io_uring, DMA) while the program sends.
///
/// The input has at least 131 bytes ([`MAX_REMAINDER`](crate::MAX_REMAINDER) and one), the output 262 (two
/// [`MAX_ANSWER`](crate::MAX_ANSWER)s); with less [`next`](Self::next) says [`BufferTooShort`](crate::UsageError::BufferTooShort).
///
/// # Transports
///
/// With TLS, `written` means: taken by the transport beneath TLS, or at most one record ahead of it.
///
/// A socket takes as many bytes as the system keeps for it, megabytes, and a Ping or our Close waits behind them while its deadline
/// passes. Where a peer may read slowly, have the system keep less: by `TCP_NOTSENT_LOWAT` (64 KiB) on Linux, or by a small
/// `SO_SNDBUF`.
///
/// [`Transport::ShutdownWrite`] is a `close_notify` and a flush. An end of the input without `close_notify` is an end
/// like any other: whether something was cut off shows [`was_clean`](Connection::was_clean). Where a transport cannot shut down
/// one direction (a UART, most TLS libraries), call [`eof`](Self::eof) when it says `ShutdownWrite` and
/// [`was_clean`](Connection::was_clean). What is unread is dropped then: where it may belong to the next connection, call
/// [`pause`](Self::pause) as soon as both Closes were exchanged, and end when nothing is due.
///
/// # Many connections, one pair of buffers
///
/// A server with one thread needs one pair: [`attach`](Self::attach) for a turn, [`detach`](Self::detach) after it. What remains is
/// kept by the caller, and there is something only while bytes wait: an idle connection costs its [`Connection`], and no more.
///
/// # By hand
///
/// [`Connection`] itself is the same machine without buffers, for programs that want every byte: payload that is in no memory
/// (sendfile), or positions of their own. (Long payload is written from where it lies by [`Commands::send_part_by`].)
pub struct Buffered<'c, E, I, O, J = [u8; 0], W = Connection<'c, E>, D = NoCodec> {
    ws: W,
    input: I,
    output: O,
    joining: J,
    codec: D,
    progress: Progress,
    connection: PhantomData<(&'c (), E)>,
}

/// Memory of the caller's, lent or given away: an array, a vector, a boxed or borrowed slice.
pub trait Buffer: AsRef<[u8]> + AsMut<[u8]> {}

impl<T: AsRef<[u8]> + AsMut<[u8]> + ?Sized> Buffer for T {}

/// Both directions at once, for a wait that ends with either.
#[non_exhaustive]
pub struct Io<'a> {
    /// What is to be written to the transport.
    pub due: &'a [u8],
    /// Where to read into; `None` if nothing should be read now.
    pub space: Option<&'a mut [u8]>,
}

impl<'c, E: Entropy, I: Buffer, O: Buffer> Buffered<'c, E, I, O> {
    /// A connection with buffers of its own: arrays, which lie where it lies and move with it, or vectors, which suit what is longer.
    /// Messages come whole.
    ///
    /// Its type is `Buffered<'static, NoEntropy, Vec<u8>, Vec<u8>>` for a server with vectors; a function for all takes
    /// `&mut Buffered<'_, E, I, O>` with `E: Entropy, I: Buffer, O: Buffer`; one that takes codecs too, `&mut Buffered<'c, E, I, O, J, W, D>`
    /// with `J: Buffer, W: BorrowMut<Connection<'c, E>>, D: Codec`.
    pub fn new(ws: Connection<'c, E>, input: I, output: O) -> Self {
        Self::attach(ws, input, output).whole()
    }
}

impl<'c, E: Entropy, I: Buffer, O: Buffer, W: BorrowMut<Connection<'c, E>>> Buffered<'c, E, I, O, [u8; 0], W> {
    /// A connection with buffers that it shares with others, for one turn; [`restore`](Self::restore) comes next if something
    /// remained of the last. Messages come in pieces.
    pub fn attach(ws: W, input: I, output: O) -> Self {
        Self { ws, input, output, joining: [], codec: NoCodec, progress: Progress::START, connection: PhantomData }.in_pieces()
    }

    /// Joins messages in memory of their own, whose length is then the longest message.
    #[must_use]
    pub fn join_in<J: Buffer>(self, joining: J) -> Buffered<'c, E, I, O, J, W> {
        let Self { ws, input, output, codec, progress, connection, .. } = self;
        let mut buffered = Buffered { ws, input, output, joining, codec, progress, connection };
        buffered.turn().move_to_memory();
        buffered.whole()
    }

    /// Compresses and inflates messages with `codec`, once that is agreed on ([`Config::deflate`](crate::Config::deflate)). What is
    /// inflated comes in `memory`: whole messages are joined there, whose longest has its length; pieces, if they are asked for, have at
    /// most its length.
    ///
    /// Messages are compressed where the output has room for what they could become at worst, and go as they are where it has not: for
    /// an echo of up to N bytes ask for [`room_for`](Self::room_for) `CompressedMessage::max_len(N)`. On a connection that owns its
    /// buffers the codec is there before it is known whether the peer compresses; one that is attached for a turn can have it as an
    /// `Option`.
    ///
    /// If compression is agreed on and there is no codec, or no memory, or too small a window, the first compressed message fails the
    /// connection with 1011, and [`next`](Self::next) says [`NoDeflate`](crate::UsageError::NoDeflate) once.
    #[must_use]
    pub fn deflate<J: Buffer, D: Codec>(self, codec: D, memory: J) -> Buffered<'c, E, I, O, J, W, D> {
        let Self { ws, input, output, progress, connection, .. } = self;
        let mut buffered = Buffered { ws, input, output, joining: memory, codec, progress, connection };
        buffered.turn().move_to_memory();
        buffered
    }
}

impl<'c, E: Entropy, I: Buffer, O: Buffer, J: Buffer, W: BorrowMut<Connection<'c, E>>, D: Codec> Buffered<'c, E, I, O, J, W, D> {
    /// Gives messages in pieces, as they arrive, of any length.
    #[must_use]
    pub fn in_pieces(mut self) -> Self {
        self.progress.joins = false;
        self.turn().settle();
        self
    }

    /// Gives whole messages, joined in the input unless [`join_in`](Self::join_in) lends memory for that.
    #[must_use]
    pub fn whole(mut self) -> Self {
        self.progress.joins = true;
        self.turn().settle();
        self
    }

    /// Gives no event unless the output has room for `bytes` of frames beside the answer to the peer: so much a handler can send
    /// for each event without looking. For an echo of up to N bytes that is N and 14, or what compressing it could make of it. The output has at least 131 bytes
    /// ([`MAX_ANSWER`](crate::MAX_ANSWER)) more; one that is twice as long takes several answers before the transport has to take them.
    /// While an event waits for this room, what the program sends of its own accord leaves it free, too.
    ///
    /// With a shorter output [`next`](Self::next) says [`BufferTooShort`](crate::UsageError::BufferTooShort).
    #[must_use]
    pub fn room_for(mut self, bytes: usize) -> Self {
        self.progress.want_room(bytes);
        self.turn().settle();
        self
    }

    /// The next connection of a client, over another transport: [`Connection::reconnect`], with empty buffers, a codec without history,
    /// and what the program has asked of this one: whole messages or pieces, and room. What was due or unread is dropped.
    pub fn reconnect(&mut self, now: Instant) {
        let turn = self.turn();
        turn.ws.reconnect(now);
        turn.codec.reset();
        *turn.progress = Progress::START.set_up_as(turn.progress);
        self.turn().settle();
    }

    /// Releases the current event and goes on to the next; `None` if there is none. Then the transport is to be written, read or
    /// waited for.
    ///
    /// # Errors
    /// [`CallError::EntropyFailed`] if a client's answer to the peer needs a masking key and there is none: call it again.
    /// [`UsageError::BufferTooShort`](crate::UsageError::BufferTooShort). [`UsageError::NoDeflate`](crate::UsageError::NoDeflate) for a
    /// compressed message, if compression was agreed on and there is no codec for it ([`deflate`](Self::deflate)), or one whose window is
    /// too small: the connection has failed with 1011 then, since no later call could go on.
    #[inline(always)]
    #[expect(clippy::type_complexity, reason = "an alias would hide what comes with an event")]
    pub fn next(&mut self, now: Instant) -> Result<Option<(Event<'_>, Commands<'_, 'c, E, D>)>, CallError> {
        // What is common goes from registers to the caller.
        match self.turn().advance_to_message(now) {
            Ok((piece, at)) => Ok(Some(self.turn().lend(piece, at, now))),
            Err(_) if self.turn().has_nothing() => Ok(None),
            Err(header_len) if !SHORTCUTS => self.next_other(header_len, now),
            Err(header_len) => {
                // Taken apart, so that what is common is not put together in memory, where this function would write.
                let Some((event, commands)) = self.next_other(header_len, now)? else { return Ok(None) };
                Ok(Some((event, commands)))
            }
        }
    }

    /// The first half of [`next`](Self::next): whether there is another event, which [`current`](Self::current) gives. For functions
    /// that loop and return an event, which the borrow checker does not let loop on `next`.
    ///
    /// # Errors
    /// As [`next`](Self::next).
    #[inline]
    pub fn advance(&mut self, now: Instant) -> Result<bool, CallError> {
        Ok(self.next(now)?.is_some())
    }

    /// The current event, once more, with the bytes as the handler left them.
    #[inline]
    pub fn current(&mut self, now: Instant) -> Option<(Event<'_>, Commands<'_, 'c, E, D>)> {
        self.turn().current(now)
    }

    /// What the program sends of its own accord. Call [`next`](Self::next) before you wait.
    pub fn commands(&mut self, now: Instant) -> Commands<'_, 'c, E, D> {
        let Turn { ws, output, codec, progress, .. } = self.turn();
        Commands::new(ws, output, codec, progress, now)
    }

    /// [`next`](Self::next) with a codec that is lent for the call: for connections whose type says nothing of compression, and for a
    /// compressor that connections with buffers of their own share. What is inflated comes in the memory for joining
    /// ([`join_in`](Self::join_in)), in pieces too. The commands that come with the event compress with it.
    ///
    /// # Errors
    /// As [`next`](Self::next).
    #[cfg(feature = "deflate")]
    #[expect(clippy::type_complexity, reason = "an alias would hide what comes with an event")]
    pub fn next_with<'a, X: Codec>(
        &'a mut self,
        now: Instant,
        codec: &'a mut X,
    ) -> Result<Option<(Event<'a>, Commands<'a, 'c, E, X>)>, CallError> {
        let mut turn = self.turn_with(codec);
        match turn.advance_to_message(now) {
            Ok((piece, at)) => Ok(Some(turn.lend(piece, at, now))),
            Err(_) if turn.has_nothing() => Ok(None),
            Err(header_len) => turn.next_other(header_len, now),
        }
    }

    /// [`commands`](Self::commands) that compress with a codec that is lent for the call.
    #[cfg(feature = "deflate")]
    pub fn commands_with<'a, X: Codec>(&'a mut self, now: Instant, codec: &'a mut X) -> Commands<'a, 'c, E, X> {
        let Turn { ws, output, codec, progress, .. } = self.turn_with(codec);
        Commands::new(ws, output, codec, progress, now)
    }

    /// What is to be written to the transport, in this order. It stays where it is until [`written`](Self::written), whatever is
    /// sent meanwhile.
    pub fn due(&self) -> &[u8] {
        self.progress.due.bytes(self.output.as_ref())
    }

    /// The transport has taken the first `n` bytes of [`due`](Self::due). Call [`next`](Self::next) before you wait, unless it
    /// [`wants_reading`](Self::wants_reading): there may be room for events again.
    pub fn written(&mut self, n: usize, now: Instant) {
        self.turn().written(n, now);
    }

    /// The transport takes no more: what is due is dropped, and what is sent from now on. What has arrived can still be read,
    /// the peer's Close perhaps, until [`eof`](Self::eof). This is for errors that are final: what would block, a timeout and a signal
    /// are none.
    pub fn write_failed(&mut self) {
        self.turn().write_failed();
    }

    /// Where the transport's next bytes go; never empty. `None` if nothing should be read now: events wait for
    /// [`next`](Self::next) or for room in the output, or there is nothing more to read. It stays where it is until
    /// [`filled`](Self::filled).
    pub fn space(&mut self) -> Option<&mut [u8]> {
        self.io().space
    }

    /// The transport has put `n` bytes at the start of [`space`](Self::space). 0 says that there was nothing to read: deadlines
    /// up to now may act. Report that too after each wait, also while there is no space: without it no deadline acts, not even the
    /// writing deadline. `n` beyond what was lent counts as all of it.
    ///
    /// While a read is under way, a timer reports 0 as well: what that read brings, at the start of the space that was lent to it, is
    /// reported later. (Once the connection has failed, that no longer matters.)
    pub fn filled(&mut self, n: usize, now: Instant) {
        self.turn().filled(n, now);
    }

    /// The transport's input has ended, in order or by a reset. It takes effect after all that arrived before; what is due still leaves.
    pub fn eof(&mut self) {
        self.turn().eof();
    }

    /// [`due`](Self::due) and [`space`](Self::space) at once.
    pub fn io(&mut self) -> Io<'_> {
        let wants_reading = self.wants_reading();
        let Turn { input, output, progress, .. } = self.turn();
        let space = if wants_reading { progress.arrived.space(input) } else { None };
        Io { due: progress.due.bytes(output), space }
    }

    /// Whether [`space`](Self::space) lends something. Then [`next`](Self::next) gives nothing before that is filled, or a deadline
    /// has passed: a loop need not call it.
    pub fn wants_reading(&self) -> bool {
        self.progress.wants_reading(self.ws.borrow(), self.input.as_ref().len())
    }

    /// When to call [`next`](Self::next) again, if nothing happens before: after a [`filled`](Self::filled), with 0 if need be. A time
    /// that has passed says at once. `None` if there is no deadline.
    pub fn next_timeout(&self) -> Option<Instant> {
        self.progress.next_timeout(self.ws.borrow())
    }

    /// Milliseconds from `now` until [`next_timeout`](Self::next_timeout), rounded up: the timeout for `poll` and the like. 0 once
    /// all is over, so that no loop waits for that.
    pub fn millis_until_timeout(&self, now: Instant) -> Option<u64> {
        if self.transport() == Transport::Close {
            return Some(0);
        }
        self.next_timeout().map(|deadline| deadline.millis_since(now))
    }

    /// What to do with the transport now. Shut it down once: it says so until the end, and on Linux each `shutdown` of a socket wakes
    /// an epoll that waits for it by edges, so that the loop would never wait.
    pub fn transport(&self) -> Transport {
        self.progress.transport(self.ws.borrow())
    }

    /// How many bytes of frames the output has room for: a payload and its header, of 2 to 14 bytes. For what a program sends of its
    /// own accord; a program that answers events says [`room_for`](Self::room_for).
    pub fn room(&self) -> usize {
        self.progress.room(self.output.as_ref().len())
    }

    /// The connection: its state, what was agreed, its role and so on.
    pub fn connection(&self) -> &Connection<'c, E> {
        self.ws.borrow()
    }

    /// The program stops taking events, for reasons of its own: [`next`](Self::next) gives only what deadlines cause, there is no
    /// space, and the deadlines that wait for the peer stand still.
    pub fn pause(&mut self, now: Instant) {
        self.turn().pause(now);
    }

    /// Ends a [`pause`](Self::pause). Its time does not count for the writing deadline: a peer whose output nobody read may have
    /// waited for that.
    pub fn resume(&mut self, now: Instant) {
        self.turn().resume(now);
    }

    /// What has arrived and no event has shown yet, without what is being joined. After [`Event::Refused`] that is the body of the
    /// response, which is the program's to read.
    pub fn unread(&self) -> &[u8] {
        self.input.as_ref().get(self.progress.arrived.start..self.progress.arrived.end).unwrap_or_default()
    }

    /// Drops the first `n` bytes of [`unread`](Self::unread), which makes space for more. Call [`next`](Self::next) before you
    /// wait.
    pub fn discard(&mut self, n: usize) {
        self.turn().discard(n);
    }

    /// Whether nothing remains for the next turn: [`detach`](Self::detach) gives `None`.
    pub fn is_idle(&self) -> bool {
        self.progress.is_idle()
    }

    /// How many bytes [`detach`](Self::detach) asks for: input that is not consumed, the current event, output that is due.
    pub fn remaining(&mut self) -> usize {
        self.turn().remaining()
    }

    /// Ends a turn with shared buffers. `None` if nothing remains: the connection is idle. Otherwise `lend` lends memory of at least
    /// the length that it is given, which holds what remains until the next turn restores it. A program that will not keep that
    /// much looks at [`remaining`](Self::remaining) first, and fails or drops the connection.
    ///
    /// # Errors
    /// [`CallError::NeedsRoom`] if the memory is shorter: everything is still here.
    pub fn detach<B: AsMut<[u8]>>(&mut self, lend: impl FnOnce(usize) -> B) -> Result<Option<Remainder<B>>, CallError> {
        self.turn().detach(lend)
    }

    /// Begins a turn with what remained of the last. Room for answers, and whole messages or pieces, are as this turn asks; a message
    /// that is being joined is joined to its end.
    ///
    /// # Errors
    /// [`UsageError::BufferTooShort`](crate::UsageError::BufferTooShort) if it does not fit: the buffers are shorter than those it
    /// comes from, or only one of them has memory for joining; or if its memory has become shorter. Nothing has changed.
    pub fn restore<B: AsRef<[u8]>>(&mut self, remainder: &Remainder<B>) -> Result<(), CallError> {
        self.turn().restore(remainder)
    }

    #[inline(never)]
    #[expect(clippy::type_complexity, reason = "an alias would hide what comes with an event")]
    fn next_other(&mut self, header_len: usize, now: Instant) -> Result<Option<(Event<'_>, Commands<'_, 'c, E, D>)>, CallError> {
        self.turn().next_other(header_len, now)
    }

    #[cfg(feature = "deflate")]
    fn turn_with<'a, X>(&'a mut self, codec: &'a mut X) -> Turn<'a, 'c, E, X> {
        let Turn { ws, input, output, joining, progress, .. } = self.turn();
        Turn { ws, input, output, joining, codec, progress }
    }

    #[inline]
    fn turn(&mut self) -> Turn<'_, 'c, E, D> {
        let Self { ws, input, output, joining, codec, progress, .. } = self;
        let (ws, input, output, joining) = (ws.borrow_mut(), input.as_mut(), output.as_mut(), joining.as_mut());
        Turn { ws, input, output, joining, codec, progress }
    }
}

/// Shows no bytes, which are the users' own (§10.6).
impl<'c, E: Entropy, I: Buffer, O: Buffer, J: Buffer, W: BorrowMut<Connection<'c, E>>, D: Codec> core::fmt::Debug
    for Buffered<'c, E, I, O, J, W, D>
{
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let (input, due) = (self.unread().len(), self.due().len());
        f.debug_struct("Buffered")
            .field("connection", self.ws.borrow())
            .field("input", &input)
            .field("due", &due)
            .finish_non_exhaustive()
    }
}
