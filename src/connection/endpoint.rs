//! One endpoint of one connection: the machine with its entropy source, and its public methods.

use core::time::Duration;

use super::machine::{Machine, Output, Stage};
use super::receive::slice;
use super::server::AWAITS_REQUEST;
use crate::close_code::CloseCode;
use crate::config::Config;
use crate::entropy::{Entropy, NoEntropy};
use crate::error::{CallError, ProtocolError, UsageError};
use crate::event::{Data, EndCause, Event, MessageKind, Received, State, Transport};
use crate::frame::{Plain, PlainPiece, Rest, WholeMessage};
use crate::handshake::{Accept, ClientRequest, Negotiated, Offer, Request};
use crate::http::{Header, Tokens};
use crate::length::wire_len;
use crate::role::Role;
use crate::time::Instant;

/// One endpoint of one WebSocket connection.
///
/// It borrows its [`Config`] and owns its entropy source, which a server does not need. It keeps no reference to the buffers of a
/// call and can be moved freely.
///
/// # The methods
///
/// - *Constructors*: [`client`](Self::client), [`server`](Connection::server), [`server_with`](Self::server_with),
///   [`open`](Self::open).
/// - *What happened outside*: [`receive`](Self::receive) (`receive_with`), [`receive_eof`](Self::receive_eof),
///   [`handle_timeout`](Self::handle_timeout) return at most one event, and write what it makes due; [`written`](Self::written),
///   [`pause`](Self::pause), [`resume`](Self::resume) return nothing.
/// - *Verbs* write into `out` and return how many bytes: [`request`](Self::request) once, first, by a client;
///   [`accept`](Self::accept) or [`respond`](Self::respond) once, by a server that was shown a request; then [`send`](Self::send)
///   and its variants, [`ping`](Self::ping), [`pong`](Self::pong); [`close`](Self::close), [`fail`](Self::fail). A call that comes
///   too early is a [`UsageError`]; one that comes too late writes nothing and returns 0.
/// - *Getters* change nothing: [`next_timeout`](Self::next_timeout), [`transport`](Self::transport), [`state`](Self::state) and
///   so on.
///
/// # The stages
///
/// | stage | [`state`](Self::state) | `receive` gives | may be sent | [`transport`](Self::transport) | end of input |
/// |---|---|---|---|---|---|
/// | client, before its request | Connecting | nothing, takes nothing | `request` | Keep | `Closed` 1006 |
/// | a head is awaited | Connecting | the head | nothing | Keep | `Closed` 1006 |
/// | server, a request was shown | Connecting | nothing, takes nothing | `accept`, `respond` | Keep | after the answer: `Closed` |
/// | open | Open | everything | everything | Keep | `Closed` 1006 |
/// | our Close went out | Closing | messages still; Pings still answered (§5.5.2) | `pong` | Keep | `Closed` 1006 |
/// | both Closes were exchanged | Closing | nothing, takes everything | nothing | server: ShutdownWrite; client: Keep (§7.1.1) | `Closed`, the peer's code, clean |
/// | failed, or an answer other than 101 was given, or a wrong 101 received | Closing | nothing, takes everything | nothing | ShutdownWrite | `Closed` 1006 |
/// | client, refused by another status | Closing | nothing, takes nothing: the body is the caller's | nothing; `close` ends it | Keep | `Closed` 1006 |
/// | over: a refused client called `close` | Closing | `Closed` 1006 | nothing | Close | `Closed` 1006 |
/// | ended | Closed | nothing, takes everything | nothing | Close | nothing |
pub struct Connection<'c, E = NoEntropy> {
    machine: Machine<'c>,
    entropy: E,
}

impl<'c> Connection<'c> {
    /// A server's connection, once the transport is connected.
    pub fn server(config: &'c Config<'c>, now: Instant) -> Self {
        Self::server_with(config, NoEntropy, now)
    }
}

impl<'c, E: Entropy> Connection<'c, E> {
    /// A client's connection, once the transport is connected (TLS included, with the host's name in SNI).
    /// [`request`](Self::request) comes next. §4.1 allows only one connection to a host and port to be connecting at a time: the
    /// caller sees to that.
    pub fn client(config: &'c Config<'c>, entropy: E, now: Instant) -> Self {
        Self { machine: Machine::new(Role::Client, config, Stage::Fresh, now), entropy }
    }

    /// The next connection of a client, over another transport: with the configuration and the entropy source of this one, and nothing
    /// else of it. [`request`](Self::request) comes next. (What was a server becomes a client.)
    pub fn reconnect(&mut self, now: Instant) {
        self.machine = Machine::new(Role::Client, self.machine.config, Stage::Fresh, now);
    }

    /// A server's connection with the type of a program's clients. A server draws nothing from its `entropy`.
    pub fn server_with(config: &'c Config<'c>, entropy: E, now: Instant) -> Self {
        Self { machine: Machine::new(Role::Server, config, AWAITS_REQUEST, now), entropy }
    }

    /// A connection whose opening handshake was done elsewhere, by an HTTP/1.1, HTTP/2 (RFC 8441) or HTTP/3 (RFC 9220) stack: it
    /// starts in [`State::Open`] with what was `negotiated` there. ([`Offer`](crate::Offer) checks the headers of the request.)
    pub fn open(role: Role, config: &'c Config<'c>, entropy: E, negotiated: Negotiated, now: Instant) -> Self {
        let mut machine = Machine::new(role, config, Stage::Fresh, now);
        machine.open(negotiated, now);
        Self { machine, entropy }
    }

    /// Takes bytes that arrived. Returns at most one event, and writes what it makes due.
    ///
    /// `input` starts with what the last call left unconsumed, unchanged, and continues with what has arrived since. Payload is
    /// unmasked in place; what is not consumed is left unchanged. The caller repeats until there is no event, and after
    /// `NeedsRoom` calls again once there is room, even if nothing new has arrived.
    ///
    /// **What was consumed has been unmasked and must not be presented again.** Add `consumed` before doing anything that can
    /// fail.
    ///
    /// # Errors
    /// [`CallError::NeedsRoom`] if `out` has less than [`MAX_ANSWER`](crate::MAX_ANSWER) bytes, whatever the frames are; with
    /// that many no call is refused. (An empty `input`, a valid head, and a message of one frame of at most 65 535 bytes that
    /// lies whole in the input need no room.) [`CallError::EntropyFailed`] if a client's answer needs a masking key and there is
    /// none. [`UsageError::InputTooShort`](crate::UsageError::InputTooShort) if bytes of an unfinished head are missing. Nothing
    /// was consumed or changed.
    // Always inlined: otherwise what it returns goes through memory, twice where a loop looks at every event: 40 instructions a message.
    #[inline(always)]
    pub fn receive<'i>(&mut self, now: Instant, input: &'i mut [u8], out: &mut [u8]) -> Result<Received<'i>, CallError> {
        match self.whole_message(now, input, out.len()) {
            // Returned here: together with the other events it would be copied through memory twice.
            Ok(WholeMessage { kind, start, len }) => {
                let event = Some(Event::Data(Data { kind, payload: slice(input, start, len), offset: 0, last: true }));
                Ok(Received { consumed: start.wrapping_add(len), produced: 0, event })
            }
            Err(_) if input.is_empty() && self.needs_input() => Ok(Received::consumed(0)),
            Err(header_len) => self.receive_other(now, input, header_len, out),
        }
    }

    /// Everything but whole messages. `header_len`: what [`whole_message`](Self::whole_message) has read.
    #[inline(never)]
    fn receive_other<'i>(
        &mut self,
        now: Instant,
        input: &'i mut [u8],
        header_len: usize,
        out: &mut [u8],
    ) -> Result<Received<'i>, CallError> {
        match self.machine.plain_piece(input, header_len, now, out.len()) {
            Plain::Piece(PlainPiece { data, consumed }) => Ok(Received { consumed, produced: 0, event: Some(Event::Data(data)) }),
            Plain::Nothing => Ok(Received::consumed(0)),
            Plain::Other(rest) => self.receive_rest(now, rest, false, out),
        }
    }

    /// Takes the end of the transport's input (an orderly end or a reset). Returns [`Event::Closed`](crate::Event::Closed),
    /// unless that was given before. **Pass what has arrived to [`receive`](Self::receive) first**, until it gives no event:
    /// after this call it is lost.
    ///
    /// While a request waits for its answer there is no event: a client that half-closes after its request still reads (RFC 9112
    /// §9.6). `Closed` comes after the answer, from `receive` once it has taken the rest of the input, or at once from
    /// `receive_eof` and [`handle_timeout`](Self::handle_timeout).
    pub fn receive_eof(&mut self, now: Instant) -> Received<'static> {
        self.machine.receive_eof(now)
    }

    /// Acts on the deadlines that have passed: sends the keepalive Ping, or ends the connection. Call it at
    /// [`next_timeout`](Self::next_timeout); calling it earlier or more often does no harm.
    ///
    /// **What has arrived comes first**: a caller that is late, for instance because its machine slept, reads what is there and
    /// passes it to [`receive`](Self::receive) before this call. It may contain the Pong.
    ///
    /// It never refuses. A Ping that does not fit into `out` (6 bytes, a client's 10) is left out, but its Pong is still awaited,
    /// so that a stuck writer is noticed.
    pub fn handle_timeout(&mut self, now: Instant, out: &mut [u8]) -> Received<'static> {
        let (machine, mut out) = self.output(out);
        machine.handle_timeout(now, &mut out)
    }

    /// When to call [`handle_timeout`](Self::handle_timeout); `None` if there is no deadline.
    pub fn next_timeout(&self) -> Option<Instant> {
        self.machine.next_timeout()
    }

    /// Milliseconds from `now` until [`next_timeout`](Self::next_timeout), rounded up, 0 if that has passed; `None` if there is
    /// no deadline. The timeout for `poll` and the like.
    pub fn millis_until_timeout(&self, now: Instant) -> Option<u64> {
        self.next_timeout().map(|deadline| deadline.millis_since(now))
    }

    /// The transport took `n` of the bytes that are due: those that calls produced, and those that the caller writes after them
    /// ([`send_header`](Self::send_header), [`respond_head`](Self::respond_head)). With TLS, the transport is below it.
    ///
    /// A caller that uses this reports all of them, in order. Then a peer that reads slowly is distinguished from one that does
    /// not read: the wait for a Pong begins when its Ping has left, and the closing deadline moves while the peer takes what was
    /// due no later than our Close, at [`Config::min_write_rate`] or faster. A socket takes as many bytes as the system keeps for
    /// it, so have that keep few (`TCP_NOTSENT_LOWAT` on Linux, `SO_SNDBUF`) where a peer may read slowly. Without `written` only
    /// this distinction is lost.
    pub fn written(&mut self, n: usize, now: Instant) {
        self.machine.written(n, now);
    }

    /// Writes a client's opening handshake (§4.1) and returns its length.
    ///
    /// # Errors
    /// [`CallError::Usage`] if something is not allowed in a request; [`CallError::NeedsRoom`]; [`CallError::EntropyFailed`]: the
    /// key needs 16 bytes of entropy.
    pub fn request(&mut self, request: &ClientRequest<'_>, now: Instant, out: &mut [u8]) -> Result<usize, CallError> {
        let (machine, out) = self.output(out);
        machine.request(request, now, out)
    }

    /// The request in `head`, which is a copy of the [`bytes`](Request::bytes) of the one that waits for its answer: for a program that
    /// looks things up elsewhere before it calls [`accept`](Self::accept). On a 64-bit target it is not parsed again, since the connection
    /// has kept where its parts are. `None` if `head` is not a whole request (RFC 9112 §3).
    ///
    /// In other bytes of that length the parts are cut where those of the pending request are: nothing breaks, but the Origin that `accept`
    /// checks, for one, may not be the one that they have.
    ///
    /// ```
    /// use sansocket::{Accept, Config, Connection, Event, Instant, Origin};
    ///
    /// static CONFIG: Config = Config::new();
    /// let now = Instant::from_millis(0);
    /// let mut ws = Connection::server(&CONFIG, now);
    /// let mut input = *b"GET /chat HTTP/1.1\r\nHost: example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    ///     Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    /// let received = ws.receive(now, &mut input, &mut [0; 131])?;
    /// let Some(Event::Request(request)) = received.event else { panic!("no request") };
    /// let head = request.bytes().to_vec();
    /// // Later, when the input has been overwritten:
    /// let request = ws.pending_request(&head).expect("a copy of its head");
    /// assert_eq!(request.path(), "/chat");
    /// ws.accept(&request, &Accept::new(Origin::Any), now, &mut [0; 200])?;
    /// # Ok::<(), sansocket::CallError>(())
    /// ```
    pub fn pending_request<'i>(&self, head: &'i [u8]) -> Option<Request<'i>> {
        self.machine.pending_request(head)
    }

    /// Accepts the opening handshake that [`Event::Request`](crate::Event::Request) showed (§4.2.2): writes the 101 and returns
    /// its length. The connection is then open.
    ///
    /// # Errors
    /// [`CallError::NeedsRoom`]; [`CallError::Usage`] if the request is not an opening handshake, its Origin is not among those
    /// accepted, or a subprotocol or header is not allowed in the answer.
    pub fn accept(
        &mut self,
        request: &Request<'_>,
        accept: &Accept<'_>,
        now: Instant,
        out: &mut [u8],
    ) -> Result<usize, CallError> {
        self.machine.accept(request, accept, now, out)
    }

    /// [`accept`](Self::accept), or the response that refuses: 403 where the request's Origin is not accepted, 400 where the request
    /// is not an opening handshake. [`state`](Self::state) says which it was: open, or closing after a refusal.
    ///
    /// # Errors
    /// As [`accept`](Self::accept), except for these two.
    pub fn accept_or_refuse(
        &mut self,
        request: &Request<'_>,
        accept: &Accept<'_>,
        now: Instant,
        out: &mut [u8],
    ) -> Result<usize, CallError> {
        match self.accept(request, accept, now, out) {
            Err(CallError::Usage(UsageError::OriginNotAllowed)) => self.respond(403, &[], &[], now, out),
            Err(CallError::Usage(UsageError::NotAnOpeningHandshake)) => self.respond(400, &[], &[], now, out),
            accepted => accepted,
        }
    }

    /// [`accept`](Self::accept) in two steps: [`Request::offer`] while the head is there, and this once the program knows enough.
    /// The offer must have been made with this connection's [`Config`].
    ///
    /// # Errors
    /// As [`accept`](Self::accept), except for the Origin, which is already decided.
    pub fn accept_offer(
        &mut self,
        offer: &Offer<'_>,
        subprotocol: Option<&str>,
        headers: &[Header<'_>],
        now: Instant,
        out: &mut [u8],
    ) -> Result<usize, CallError> {
        self.machine.accept_offer(offer, subprotocol, headers, now, out)
    }

    /// Answers a request with any other final response: 404, 403, 401, a redirect, a page. Returns its length; the connection
    /// closes after it, within the closing deadline. With an empty `out` the error says how long the response is.
    /// The answer to a HEAD is the head alone, with the length of `body` (RFC 9110 §9.3.2).
    ///
    /// # Errors
    /// [`CallError::NeedsRoom`]; [`CallError::Usage`] for a status that this response cannot have, and for headers that cannot be
    /// sent.
    pub fn respond(
        &mut self,
        status: u16,
        headers: &[Header<'_>],
        body: &[u8],
        now: Instant,
        out: &mut [u8],
    ) -> Result<usize, CallError> {
        self.machine.respond(status, headers, (body, body.len()), now, out)
    }

    /// [`respond`](Self::respond), only the head: the caller writes the `content_len` bytes of the body after it, before it obeys
    /// [`transport`](Self::transport), unless the request was a HEAD. For bodies longer than `out`.
    ///
    /// # Errors
    /// As [`respond`](Self::respond).
    pub fn respond_head(
        &mut self,
        status: u16,
        headers: &[Header<'_>],
        content_len: usize,
        now: Instant,
        out: &mut [u8],
    ) -> Result<usize, CallError> {
        self.machine.respond(status, headers, (&[], content_len), now, out)
    }

    /// Writes a whole text message as one frame and returns its length, or 0 if the connection is already closing.
    ///
    /// # Errors
    /// As [`send`](Self::send), and [`UsageError::MessageUnfinished`](crate::UsageError::MessageUnfinished).
    pub fn send_text(&mut self, text: &str, out: &mut [u8]) -> Result<usize, CallError> {
        let (machine, out) = self.output(out);
        machine.send_text(text, out)
    }

    /// Writes a message, or the next fragment of one (§5.4), as one frame and returns its length: that of `payload` and 2 to 14
    /// bytes more. `fin` ends the message; without it further calls with the same `kind` continue it.
    ///
    /// A message that crosses the peer's Close, or comes after ours or after a failure, is not a mistake: nothing is written, and
    /// 0 is returned.
    ///
    /// # Errors
    /// [`CallError::NeedsRoom`], [`CallError::EntropyFailed`];
    /// [`UsageError::NotOpen`](crate::UsageError::NotOpen) before the opening handshake is over,
    /// [`UsageError::InvalidUtf8`](crate::UsageError::InvalidUtf8) for text that is not UTF-8,
    /// [`UsageError::WrongMessageKind`](crate::UsageError::WrongMessageKind) inside an unfinished message.
    #[inline]
    pub fn send(&mut self, kind: MessageKind, payload: &[u8], fin: bool, out: &mut [u8]) -> Result<usize, CallError> {
        let (machine, out) = self.output(out);
        machine.send(kind, payload, fin, out)
    }

    /// Writes only the header of the frame that [`send`](Self::send) would write, at most 14 bytes: the caller writes `payload`
    /// itself, directly after it (writev), and whatever is produced later after that. A client masks it on the way
    /// ([`frame::apply_mask`](crate::frame::apply_mask), §5.3), with the key in the last four bytes of the header.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub fn send_header(&mut self, kind: MessageKind, payload: &[u8], fin: bool, out: &mut [u8]) -> Result<usize, CallError> {
        let (machine, out) = self.output(out);
        machine.send_header(kind, (Some(payload), wire_len(payload.len())), fin, out)
    }

    /// [`send_header`](Self::send_header) for `payload_len` bytes, below 2^63, that are not in memory (sendfile). Binary only,
    /// since text would have to be checked.
    ///
    /// # Errors
    /// As [`send_header`](Self::send_header).
    pub fn send_binary_header(&mut self, payload_len: u64, fin: bool, out: &mut [u8]) -> Result<usize, CallError> {
        let (machine, out) = self.output(out);
        machine.send_header(MessageKind::Binary, (None, payload_len), fin, out)
    }

    /// Counts `encoded`, a whole message that [`frame::encode_message`](crate::frame::encode_message) encoded once for many
    /// connections, as sent, and returns its length: the caller writes it now, after what is due. Returns 0 if the connection is
    /// already closing; then the caller does not write it.
    ///
    /// # Errors
    /// [`UsageError::NotOpen`](crate::UsageError::NotOpen) before the opening handshake is over;
    /// [`UsageError::WrongRole`](crate::UsageError::WrongRole) for a client;
    /// [`UsageError::MessageUnfinished`](crate::UsageError::MessageUnfinished).
    pub fn send_encoded(&mut self, encoded: &[u8]) -> Result<usize, UsageError> {
        self.machine.send_encoded(encoded)
    }

    /// Writes a Ping (§5.5.2) with at most 125 bytes of payload. Its Pong arrives as an event. Give each Ping a payload of its
    /// own: of two with the same payload, the latest counts.
    ///
    /// # Errors
    /// As [`send`](Self::send), and [`UsageError::ControlPayloadTooLong`](crate::UsageError::ControlPayloadTooLong).
    pub fn ping(&mut self, payload: &[u8], out: &mut [u8]) -> Result<usize, CallError> {
        let (machine, mut out) = self.output(out);
        machine.ping(payload, &mut out)
    }

    /// Writes a Pong (§5.5.3), for callers that answer Pings themselves ([`Config::auto_pong`]) or send Pongs unasked.
    ///
    /// # Errors
    /// As [`ping`](Self::ping). A Pong can be sent until the peer's Close is received.
    pub fn pong(&mut self, payload: &[u8], out: &mut [u8]) -> Result<usize, CallError> {
        let (machine, mut out) = self.output(out);
        machine.pong(payload, &mut out)
    }

    /// Writes our Close (§7.1.2): with `code` and a `reason` of at most 123 bytes, or with neither. The peer's messages continue
    /// to arrive until its own Close.
    ///
    /// Called again, or after the peer's Close or a failure, it writes nothing and returns 0: the connection is closing as
    /// wished. After a refused handshake it ends the connection at once, without the rest of the response.
    ///
    /// # Errors
    /// [`CallError::NeedsRoom`], [`CallError::EntropyFailed`];
    /// [`UsageError::NotOpen`](crate::UsageError::NotOpen) before the opening handshake is over,
    /// [`UsageError::InvalidCloseCode`](crate::UsageError::InvalidCloseCode),
    /// [`UsageError::InvalidCloseReason`](crate::UsageError::InvalidCloseReason).
    pub fn close(&mut self, code: Option<CloseCode>, reason: &str, now: Instant, out: &mut [u8]) -> Result<usize, CallError> {
        let (machine, mut out) = self.output(out);
        machine.close(code, reason, now, &mut out)
    }

    /// Fails the connection for a reason of the caller's (§7.1.7): writes a Close with `code`, if the connection is open and has
    /// sent none, and ignores what else the peer sends. It can be called in every stage; if the peer's input is already ignored
    /// or ended, it does nothing and returns 0.
    ///
    /// # Errors
    /// [`CallError::NeedsRoom`], [`CallError::EntropyFailed`];
    /// [`UsageError::InvalidCloseCode`](crate::UsageError::InvalidCloseCode).
    pub fn fail(&mut self, code: CloseCode, now: Instant, out: &mut [u8]) -> Result<usize, CallError> {
        let (machine, mut out) = self.output(out);
        machine.fail(code, now, &mut out)
    }

    /// The caller stops reading for reasons of its own: the deadlines that wait for the peer stand still until
    /// [`resume`](Self::resume). The closing deadline does not, so that a connection that nobody reads also ends.
    pub fn pause(&mut self, now: Instant) {
        self.machine.timers.pause(now);
    }

    /// Ends a [`pause`](Self::pause).
    pub fn resume(&mut self, now: Instant) {
        self.machine.resume(now);
    }

    /// The state, as browsers number `readyState`.
    pub fn state(&self) -> State {
        self.machine.state()
    }

    /// What to do with the transport now.
    pub fn transport(&self) -> Transport {
        self.machine.transport()
    }

    /// Which end this is.
    pub fn role(&self) -> Role {
        self.machine.role
    }

    /// What the opening handshake agreed on: nothing until it is over.
    pub fn negotiated(&self) -> Negotiated {
        self.machine.negotiated
    }

    /// The agreed subprotocol, one of the [`Config`]'s. `None` for one that a server took without a list there.
    pub fn subprotocol(&self) -> Option<&'c str> {
        let index = usize::from(self.machine.negotiated.subprotocol()?);
        Tokens::of(self.machine.config.subprotocols.as_bytes()).nth(index)
    }

    /// The configuration that this connection borrows.
    pub fn config(&self) -> &'c Config<'c> {
        self.machine.config
    }

    /// The code of the peer's Close (§7.1.5): 1005 if it had none, 1006 as long as no Close was received.
    pub fn close_code(&self) -> CloseCode {
        self.machine.close_code()
    }

    /// Whether the closing handshake was completed (§7.1.4): the peer's Close was received, and ours was sent before it or in
    /// reply.
    pub fn was_clean(&self) -> bool {
        // No frame has the code 1006.
        self.close_code() != CloseCode::ABNORMAL_CLOSURE
    }

    /// How many bytes of the current frame's payload have yet to arrive; 0 between frames, and in a compressed message. So many can
    /// be read straight into the memory of a message: [`receive`](Self::receive) gives what lies there in one piece.
    pub fn payload_remaining(&self) -> u64 {
        self.machine.payload_remaining()
    }

    /// Whether a keepalive Ping waits for its Pong. What was sent before it was written has arrived once it is answered
    /// ([`Event::Pong`](crate::Event::Pong)).
    pub fn awaits_pong(&self) -> bool {
        self.machine.timers.pings.awaits_pong()
    }

    /// The entropy source, for what else has to be unpredictable: a client's wait before it connects again.
    pub fn entropy(&mut self) -> &mut E {
        &mut self.entropy
    }

    /// The time between the last keepalive Ping that got its own Pong and that Pong, as precise as the caller's clock.
    pub fn round_trip(&self) -> Option<Duration> {
        let us = self.machine.timers.round_trip()?;
        Some(Duration::new(u64::from(us / 1_000_000), (us % 1_000_000).saturating_mul(1000)))
    }

    /// The common case of [`receive`](Self::receive): the message that lies whole at the start of the input. Otherwise how much of it was
    /// read, for [`plain`](Self::plain). `room`: how much output there is.
    #[inline(always)]
    pub(crate) fn whole_message(&mut self, now: Instant, input: &mut [u8], room: usize) -> Result<WholeMessage, usize> {
        self.machine.whole_message(input, now, room)
    }

    /// The other common cases of [`receive`](Self::receive), where [`whole_message`](Self::whole_message) has found none and has read the
    /// first `header_len` bytes.
    #[inline(always)]
    pub(crate) fn plain<'i>(&mut self, now: Instant, input: &'i mut [u8], header_len: usize, room: usize) -> Plain<'i> {
        self.machine.plain(input, header_len, now, room)
    }

    /// What [`plain`](Self::plain) has left. `is_full`: no more can be added to this input, so that a head that is incomplete is too long.
    #[inline]
    pub(crate) fn receive_rest<'i>(
        &mut self,
        now: Instant,
        rest: Rest<'i>,
        is_full: bool,
        out: &mut [u8],
    ) -> Result<Received<'i>, CallError> {
        let (machine, out) = self.output(out);
        machine.receive_rest(rest, is_full, now, out)
    }

    /// Whether a client has still to send its request.
    pub(crate) fn is_fresh(&self) -> bool {
        matches!((self.machine.role, self.machine.stage), (Role::Client, Stage::Fresh))
    }

    /// Whether a keepalive Ping was left out for want of room.
    #[inline]
    pub(crate) fn awaits_room(&self) -> bool {
        self.machine.timers.pings.awaits_room()
    }

    /// Whether an empty input gives nothing.
    #[inline]
    pub(crate) fn needs_input(&self) -> bool {
        self.machine.needs_input()
    }

    /// [`send`](Self::send) for parts of messages, which are longer: once in a program.
    #[inline(never)]
    pub(crate) fn send_fragment(
        &mut self,
        kind: MessageKind,
        payload: &[u8],
        fin: bool,
        out: &mut [u8],
    ) -> Result<usize, CallError> {
        self.send(kind, payload, fin, out)
    }

    /// [`send`](Self::send), where nothing else may be unfinished.
    #[inline]
    pub(crate) fn send_message(&mut self, kind: MessageKind, payload: &[u8], out: &mut [u8]) -> Result<usize, CallError> {
        let (machine, out) = self.output(out);
        machine.send_message(kind, payload, out)
    }

    /// Fails the connection as if the peer had broken a rule.
    pub(crate) fn fail_for(&mut self, error: ProtocolError, now: Instant, out: &mut [u8]) -> Received<'static> {
        let (machine, mut out) = self.output(out);
        machine.receive_fault(error, 0, now, &mut out)
    }

    /// Ends the connection without a word to the peer. Gives `Closed` once.
    pub(crate) fn end(&mut self, cause: EndCause, now: Instant) -> Option<Event<'static>> {
        self.machine.end(cause, now)
    }

    /// Whether a message of ours is unfinished; `None` if none can be sent any more.
    pub(crate) fn is_inside_message(&self) -> Result<Option<bool>, UsageError> {
        Ok(self.machine.writer()?.map(|writer| writer.is_inside_message()))
    }

    /// The machine, and the output of a call.
    #[inline]
    pub(super) fn output<'a>(&'a mut self, out: &'a mut [u8]) -> (&'a mut Machine<'c>, Output<'a>) {
        (&mut self.machine, Output { entropy: &mut self.entropy, room: out })
    }
}

#[cfg(feature = "deflate")]
impl<'c, E> Connection<'c, E> {
    pub(super) const fn machine(&self) -> &Machine<'c> {
        &self.machine
    }
}

/// Shows no key, no nonce and no entropy (§10.6).
impl<E> core::fmt::Debug for Connection<'_, E> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Connection")
            .field("role", &self.machine.role)
            .field("state", &self.machine.state())
            .field("transport", &self.machine.transport())
            .field("close_code", &self.machine.close_code())
            .finish_non_exhaustive()
    }
}

/// Law 8: with an entropy source of two words, as in C, and one word more for the C layer.
const _: () = assert!(size_of::<Connection<'static, [usize; 2]>>() + size_of::<u64>() <= 128);
