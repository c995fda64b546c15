//! What the caller sends: the verbs of a connection, into the output that belongs to it.

use super::codec::{Codec, NoCodec};
use super::progress::Progress;
use crate::close_code::CloseCode;
#[cfg(feature = "deflate")]
use crate::connection::CompressedMessage;
use crate::connection::{Connection, MAX_ANSWER, SHORTCUTS};
use crate::entropy::Entropy;
use crate::error::{CallError, UsageError};
use crate::event::MessageKind;
use crate::frame::{FrameHeader, Opcode};
use crate::handshake::{Accept, ClientRequest, Offer, Request};
use crate::http::Header;
use crate::length::{copy, wire_len};
use crate::role::Role;
use crate::time::Instant;

/// What a program can do with a [`Buffered`](crate::Buffered) connection, at one point in time. It comes with each event, so that a
/// handler can answer while it still has the event's bytes; outside of events [`commands`](crate::Buffered::commands) lends it.
///
/// A verb writes all of its bytes to the output, or it does nothing and returns [`CallError::NeedsRoom`]: then it can be repeated once
/// the transport has taken some ([`room`](Self::room)). What the output could not hold even if it were empty is
/// [`UsageError::BufferTooShort`]. On a connection that is already closing, messages go nowhere, and that
/// is no error.
///
/// Messages are compressed where that was agreed on and the connection has a codec ([`Buffered::deflate`](crate::Buffered::deflate)),
/// except by the commands that [`plain`](Self::plain) lends. Whether a message is compressed is decided when it begins: it goes
/// uncompressed too if it is shorter than the codec wants, or if there is room for it as it is but not for what it could become at
/// worst, n + n/8 + n/64 + 78 bytes for n (`CompressedMessage::max_len`).
pub struct Commands<'a, 'c, E, D = NoCodec> {
    pub(super) ws: &'a mut Connection<'c, E>,
    output: &'a mut [u8],
    /// `None` if nothing is to be compressed.
    #[cfg_attr(not(feature = "deflate"), expect(dead_code, reason = "nothing is compressed"))]
    pub(super) codec: Option<&'a mut D>,
    pub(super) progress: &'a mut Progress,
    now: Instant,
}

/// A part of a message.
struct Part<'p> {
    payload: &'p [u8],
    fin: bool,
}

impl Part<'_> {
    /// Nothing that has to be sent.
    fn is_nothing(&self) -> bool {
        self.payload.is_empty() && !self.fin
    }
}

impl<'a, 'c, E: Entropy, D: Codec> Commands<'a, 'c, E, D> {
    pub(super) fn new(
        ws: &'a mut Connection<'c, E>,
        output: &'a mut [u8],
        codec: &'a mut D,
        progress: &'a mut Progress,
        now: Instant,
    ) -> Self {
        Self { ws, output, codec: Some(codec), progress, now }
    }

    /// These commands, without compression: for messages with a secret beside text that a stranger may choose (CRIME, BREACH; RFC 7692
    /// §8), and for what is compressed already.
    pub fn plain(&mut self) -> Commands<'_, 'c, E, D> {
        Commands { ws: self.ws, output: self.output, codec: None, progress: self.progress, now: self.now }
    }

    /// The connection: its state, what was agreed, its role and so on.
    pub fn connection(&self) -> &Connection<'c, E> {
        self.ws
    }

    /// The connection's entropy source, for what else has to be unpredictable.
    pub fn entropy(&mut self) -> &mut E {
        self.ws.entropy()
    }

    /// Sends what comes before the request and is not WebSocket: a proxy's CONNECT, a greeting of SOCKS. `write` gets what is free of
    /// the output, and returns how many bytes it wrote there. What comes back is in [`unread`](crate::Buffered::unread), until
    /// [`discard`](crate::Buffered::discard) drops it; the deadline of the opening handshake runs.
    ///
    /// # Errors
    /// Those of `write`; [`UsageError::NotConnecting`] after the request, and for a server.
    pub fn before_request(&mut self, write: impl FnOnce(&mut [u8]) -> Result<usize, CallError>) -> Result<(), CallError> {
        self.write(0, |ws, _, out| {
            let is_fresh = ws.is_fresh();
            if is_fresh { Ok(write(out)?.min(out.len())) } else { Err(UsageError::NotConnecting.into()) }
        })
    }

    /// A client's opening handshake.
    ///
    /// # Errors
    /// As [`Connection::request`].
    pub fn request(&mut self, request: &ClientRequest<'_>) -> Result<(), CallError> {
        self.write(0, |ws, now, out| ws.request(request, now, out))
    }

    /// Accepts the request of [`Event::Request`](crate::Event::Request).
    ///
    /// # Errors
    /// As [`Connection::accept`].
    pub fn accept(&mut self, request: &Request<'_>, accept: &Accept<'_>) -> Result<(), CallError> {
        self.write(0, |ws, now, out| ws.accept(request, accept, now, out))
    }

    /// [`accept`](Self::accept), or the response that refuses: 403 for its Origin, 400 for what is not an opening handshake.
    ///
    /// # Errors
    /// As [`Connection::accept_or_refuse`].
    pub fn accept_or_refuse(&mut self, request: &Request<'_>, accept: &Accept<'_>) -> Result<(), CallError> {
        self.write(0, |ws, now, out| ws.accept_or_refuse(request, accept, now, out))
    }

    /// Accepts later: the [`Offer`] was made while the request was there ([`Request::offer`]), and the answer was looked up
    /// elsewhere meanwhile.
    ///
    /// # Errors
    /// As [`Connection::accept_offer`].
    pub fn accept_offer(
        &mut self,
        offer: &Offer<'_>,
        subprotocol: Option<&str>,
        headers: &[Header<'_>],
    ) -> Result<(), CallError> {
        self.write(0, |ws, now, out| ws.accept_offer(offer, subprotocol, headers, now, out))
    }

    /// Answers a request with any other final response, whose `body` has to fit into the output.
    ///
    /// # Errors
    /// As [`Connection::respond`].
    pub fn respond(&mut self, status: u16, headers: &[Header<'_>], body: &[u8]) -> Result<(), CallError> {
        self.write(0, |ws, now, out| ws.respond(status, headers, body, now, out))
    }

    /// Sends a text message.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub fn send_text(&mut self, text: &str) -> Result<(), CallError> {
        #[cfg(feature = "deflate")]
        if self.compresses(text.len()) {
            return self.send_compressing(MessageKind::Text, text.as_bytes());
        }
        self.write(self.reserve(), |ws, _, out| ws.send_text(text, out))
    }

    /// Sends a whole message, as one frame. For what is longer than the output there is [`send_part`](Self::send_part).
    ///
    /// # Errors
    /// [`CallError::NeedsRoom`], [`CallError::EntropyFailed`]; [`UsageError::NotOpen`] before the opening handshake is over,
    /// [`UsageError::InvalidUtf8`], [`UsageError::MessageUnfinished`] inside a message that is sent in parts.
    #[inline]
    pub fn send(&mut self, kind: MessageKind, payload: &[u8]) -> Result<(), CallError> {
        #[cfg(feature = "deflate")]
        if self.compresses(payload.len()) {
            return self.send_compressing(kind, payload);
        }
        self.write(self.reserve(), |ws, _, out| ws.send_message(kind, payload, out))
    }

    /// Sends a part of a message, as a fragment (§5.4), as far as there is room, and returns how many bytes of `payload` it
    /// took. `offset` is how many bytes of the message went before: 0 begins one, as [`Data::offset`](crate::Data) does. `fin` ends
    /// the message, once all of `payload` is taken. On a connection that is already closing it takes everything, which goes
    /// nowhere. An empty message is one call with an empty payload. Once a call has said `fin`, the calls with the rest say it too. (Of
    /// `offset`, only whether it is 0 matters: whether a message is unfinished has to agree.)
    ///
    /// What is compressed leaves once the compressor has a block of it, and at the end of the message; only the level `Fast` holds
    /// nothing back.
    ///
    /// ```
    /// # use sansocket::{Buffered, CallError, Config, Connection, Instant, MessageKind, Negotiated, NoEntropy, Role};
    /// # let (config, now) = (Config::new(), Instant::from_millis(0));
    /// # let ws = Connection::open(Role::Server, &config, NoEntropy, Negotiated::NOTHING, now);
    /// # let mut ws = Buffered::new(ws, [0; 512], [0; 1024]);
    /// let message = [b'x'; 10_000];
    /// let mut sent = 0;
    /// while sent < message.len() {
    ///     match ws.commands(now).send_part(MessageKind::Binary, sent as u64, &message[sent..], true) {
    ///         Ok(taken) => sent += taken,
    ///         Err(CallError::NeedsRoom { .. }) => {
    ///             let due = ws.due().len(); // here the program waits until its socket has taken some of `due`
    ///             ws.written(due, now);
    ///         }
    ///         Err(other) => return Err(other),
    ///     }
    /// }
    /// # Ok::<(), CallError>(())
    /// ```
    ///
    /// # Errors
    /// As [`send`](Self::send), with [`CallError::NeedsRoom`] where nothing can be taken;
    /// [`UsageError::MessageUnfinished`] if a message begins inside another, [`UsageError::NoMessageUnfinished`] if there is none
    /// to continue, [`UsageError::WrongMessageKind`] if it is of another kind.
    #[inline]
    pub fn send_part(&mut self, kind: MessageKind, offset: u64, payload: &[u8], fin: bool) -> Result<usize, CallError> {
        // What is common: a message that need not be cut.
        if SHORTCUTS && offset == 0 && fin && payload.len().saturating_add(FrameHeader::MAX_LEN) <= self.room() {
            #[cfg(feature = "deflate")]
            if self.compresses(payload.len()) {
                return self.send_some(kind, offset, payload, fin);
            }
            self.write(self.reserve(), |ws, _, out| ws.send_message(kind, payload, out))?;
            return Ok(payload.len());
        }
        self.send_some(kind, offset, payload, fin)
    }

    /// [`send_part`](Self::send_part) of what may have to be cut or compressed.
    #[inline(never)]
    fn send_some(&mut self, kind: MessageKind, offset: u64, payload: &[u8], fin: bool) -> Result<usize, CallError> {
        let Some(mut part) = self.part(offset, payload, fin)? else { return Ok(payload.len()) };
        if part.is_nothing() {
            return Ok(0);
        }
        #[cfg(feature = "deflate")]
        if self.compresses_part(offset, payload.len(), fin) {
            return self.send_part_compressing(kind, payload, fin);
        }
        self.cut(&mut part)?;
        self.write(self.reserve(), |ws, _, out| ws.send_fragment(kind, part.payload, part.fin, out))?;
        Ok(part.payload.len())
    }

    /// [`send_part`](Self::send_part) without a copy of what the transport takes at once: for long payload, a server's. `write` gets
    /// what is due, up to the header of this part, and the payload, which comes after it; it writes them (by `writev`), and returns how
    /// many bytes of both the transport took, 0 if it takes nothing now. The rest is copied to the output, which has to have room for
    /// all of it, since the transport may take nothing.
    ///
    /// `write` is not called where bytes have to be changed on their way, or go nowhere: where they are masked or compressed, and
    /// on a connection that is already closing. Then this is `send_part`.
    ///
    /// ```
    /// # use sansocket::{Buffered, Config, Connection, Instant, MessageKind, Negotiated, NoEntropy, Role};
    /// # use std::io::{IoSlice, Write};
    /// # let (config, now) = (Config::new(), Instant::from_millis(0));
    /// # let ws = Connection::open(Role::Server, &config, NoEntropy, Negotiated::NOTHING, now);
    /// # let mut ws = Buffered::new(ws, [0; 512], vec![0; 20_000]);
    /// # let mut socket = Vec::new();
    /// let message = [b'x'; 10_000];
    /// ws.commands(now).send_part_by(MessageKind::Binary, 0, &message, true, |due, payload| {
    ///     socket.write_vectored(&[IoSlice::new(due), IoSlice::new(payload)]).unwrap_or(0)
    /// })?;
    /// assert!(ws.due().is_empty() && socket.len() == 10_004);
    /// # Ok::<(), sansocket::CallError>(())
    /// ```
    ///
    /// # Errors
    /// As [`send_part`](Self::send_part).
    pub fn send_part_by(
        &mut self,
        kind: MessageKind,
        offset: u64,
        payload: &[u8],
        fin: bool,
        write: impl FnOnce(&[u8], &[u8]) -> usize,
    ) -> Result<usize, CallError> {
        let Some(mut part) = self.part(offset, payload, fin)? else { return Ok(payload.len()) };
        let is_changed = self.ws.role() == Role::Client || self.progress.due.is_lost();
        #[cfg(feature = "deflate")]
        let is_changed = is_changed || self.compresses_part(offset, payload.len(), fin);
        if is_changed || part.is_nothing() {
            return self.send_some(kind, offset, payload, fin);
        }
        self.cut(&mut part)?;
        self.write(self.reserve(), |ws, _, out| ws.send_header(kind, part.payload, part.fin, out))?;
        let due = self.due();
        let (written, due, deadline) = (write(due, part.payload), due.len(), self.progress.due.deadline());
        // What is left of the payload comes after what is left of that.
        self.progress.written(written.min(due), self.now, self.ws, self.output);
        let direct = written.saturating_sub(due).min(part.payload.len());
        let copied = copy(part.payload.get(direct..).unwrap_or_default(), self.progress.due.free_part(self.output));
        self.progress.produced(copied, self.now, self.ws.config());
        // The clock may have gone back since what was due was written (law 10).
        self.progress.due.extend(deadline);
        self.ws.written(direct, self.now);
        Ok(part.payload.len())
    }

    /// Sends a whole message that [`frame::encode_message`](crate::frame::encode_message) encoded once for many connections. For
    /// servers.
    ///
    /// # Errors
    /// [`CallError::NeedsRoom`], and as [`Connection::send_encoded`].
    pub fn send_encoded(&mut self, encoded: &[u8]) -> Result<(), CallError> {
        self.write(self.reserve(), |ws, _, out| {
            let is_refused = ws.role() == Role::Client || ws.is_inside_message()? != Some(false);
            if is_refused {
                return Ok(ws.send_encoded(encoded)?);
            }
            let out = crate::error::room(out, encoded.len())?;
            Ok(copy(encoded, out).min(ws.send_encoded(encoded)?))
        })
    }

    /// Sends a whole message that was compressed once for many connections ([`CompressedMessage`](crate::CompressedMessage)). For servers.
    ///
    /// # Errors
    /// [`CallError::NeedsRoom`], and as [`Connection::send_compressed`].
    #[cfg(feature = "deflate")]
    pub fn send_compressed(&mut self, message: &CompressedMessage<'_>) -> Result<(), CallError> {
        self.write(self.reserve(), |ws, _, out| {
            // Too late, nothing is written; for a mistake there need not be room.
            if ws.is_inside_message()? == Some(false) && ws.allows(message) {
                crate::error::room(out, message.frame().len())?;
            }
            let len = ws.send_compressed(message)?;
            Ok(copy(message.frame().get(..len).unwrap_or_default(), out))
        })
    }

    /// Sends a Ping with at most 125 bytes of payload.
    ///
    /// # Errors
    /// As [`Connection::ping`].
    pub fn ping(&mut self, payload: &[u8]) -> Result<(), CallError> {
        self.write(self.reserve(), |ws, _, out| ws.ping(payload, out))
    }

    /// Sends a Pong: unasked, or in answer to a Ping that was not answered ([`Config::auto_pong`](crate::Config::auto_pong)).
    ///
    /// # Errors
    /// As [`Connection::pong`].
    pub fn pong(&mut self, payload: &[u8]) -> Result<(), CallError> {
        self.write(self.reserve(), |ws, _, out| ws.pong(payload, out))
    }

    /// Begins the closing handshake: with a code and a reason of at most 123 bytes, or with `None` and an empty reason. May be
    /// called again, which does nothing. What was sent before still leaves, the peer's messages still come, and the connection
    /// ends with [`Event::Closed`](crate::Event::Closed).
    ///
    /// # Errors
    /// As [`Connection::close`]. The room that is kept for answers to the peer is there for a Close too.
    pub fn close(&mut self, code: impl Into<Option<CloseCode>>, reason: &str) -> Result<(), CallError> {
        let code = code.into();
        self.write(0, |ws, now, out| ws.close(code, reason, now, out))
    }

    /// Fails the connection (§7.1.7): a Close with `code`, and what else the peer sends is ignored.
    ///
    /// # Errors
    /// As [`Connection::fail`].
    pub fn fail(&mut self, code: CloseCode) -> Result<(), CallError> {
        self.write(0, |ws, now, out| ws.fail(code, now, out))?;
        self.progress.arrived.stop_joining();
        Ok(())
    }

    /// How many bytes of frames the output has room for: those of a payload, and of its header, 2 to 14.
    pub fn room(&self) -> usize {
        self.progress.room(self.output.len())
    }

    /// What is to be written to the transport, for a handler that writes by itself.
    pub fn due(&self) -> &[u8] {
        self.progress.due.bytes(self.output)
    }

    /// The transport has taken the first `n` bytes of [`due`](Self::due).
    pub fn written(&mut self, n: usize) {
        self.progress.written(n, self.now, self.ws, self.output);
    }

    /// A part of a message that comes after `offset` bytes of it; `None` if it goes nowhere, on a connection that is already closing.
    #[inline]
    fn part<'p>(&self, offset: u64, payload: &'p [u8], fin: bool) -> Result<Option<Part<'p>>, CallError> {
        match (self.ws.is_inside_message()?, offset) {
            (None, _) => Ok(None),
            (Some(true), 0) => Err(UsageError::MessageUnfinished.into()),
            (Some(false), 1..) => Err(UsageError::NoMessageUnfinished.into()),
            _ => Ok(Some(Part { payload, fin })),
        }
    }

    /// Leaves of a part what the output has room for.
    #[inline]
    fn cut(&self, part: &mut Part<'_>) -> Result<(), CallError> {
        let (room, len) = (self.room(), part.payload.len());
        let masking_key = if self.ws.role() == Role::Client { Some([0; 4]) } else { None };
        let payload_len = wire_len(len.min(room));
        let header_len =
            FrameHeader { fin: part.fin, rsv: 0, opcode: Opcode::Continuation, masking_key, payload_len }.header_len();
        let taken = len.min(room.saturating_sub(header_len));
        if taken < len && taken == 0 {
            return Err(CallError::NeedsRoom { bytes: header_len.saturating_add(1) });
        }
        part.fin &= taken == len;
        part.payload = part.payload.get(..taken).unwrap_or_default();
        Ok(())
    }

    /// How much of the output frames of the caller's leave free.
    #[inline]
    pub(super) fn reserve(&self) -> usize {
        self.progress.reserve()
    }

    /// Lets `act` write to what is free of the output, except for `reserve` bytes.
    #[inline]
    pub(super) fn write(
        &mut self,
        reserve: usize,
        act: impl FnOnce(&mut Connection<'c, E>, Instant, &mut [u8]) -> Result<usize, CallError>,
    ) -> Result<(), CallError> {
        let most = self.output.len().saturating_sub(if reserve == 0 { 0 } else { MAX_ANSWER });
        let free = self.progress.due.free_part(self.output);
        let len = free.len().saturating_sub(reserve);
        let written = match act(self.ws, self.now, free.get_mut(..len).unwrap_or_default()) {
            // Not "not yet" but never.
            Err(CallError::NeedsRoom { bytes }) if bytes > most => return Err(UsageError::BufferTooShort.into()),
            written => written?,
        };
        self.progress.produced(written, self.now, self.ws.config());
        // What changes the stage may set free what waits in the input, and starts deadlines.
        if reserve == 0 {
            self.progress.has_news = true;
            self.progress.quiet_until = Instant::from_micros(0);
        }
        Ok(())
    }
}
