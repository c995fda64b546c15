//! One endpoint of one connection: the machine with its entropy source, and the grammar of its methods.

use core::time::Duration;

use super::machine::{Machine, Output, Stage};
use super::server::AWAITS_REQUEST;
use crate::close_code::CloseCode;
use crate::config::Config;
use crate::entropy::{Entropy, NoEntropy};
use crate::error::{CallError, UsageError};
use crate::event::{MessageKind, Received, State, Transport};
use crate::handshake::{Accept, ClientRequest, Negotiated, Offer, Request};
use crate::http::{Header, Tokens};
use crate::length::wire_len;
use crate::role::Role;
use crate::time::Instant;

/// One endpoint of one WebSocket connection.
///
/// It borrows its [`Config`] and owns its entropy source; a server needs none. It never borrows from the buffers of a call
/// beyond that call, and is freely movable.
///
/// # The methods
///
/// - *Begin*: [`client`](Self::client), [`server`](Connection::server), [`server_with`](Self::server_with), [`open`](Self::open).
/// - *What happened outside*: [`receive`](Self::receive) (`receive_with`), [`receive_eof`](Self::receive_eof),
///   [`handle_timeout`](Self::handle_timeout) give at most one event and what it makes due; [`written`](Self::written),
///   [`pause`](Self::pause), [`resume`](Self::resume) give nothing.
/// - *Verbs* write into `out` and return how many bytes: [`request`](Self::request) once, first, by a client; [`accept`](Self::accept) or
///   [`respond`](Self::respond) once, by a server that was shown a request; then [`send`](Self::send) and its kin, [`ping`](Self::ping),
///   [`pong`](Self::pong); [`close`](Self::close), [`fail`](Self::fail). Too early is a [`UsageError`]; too late writes nothing and
///   returns 0.
/// - *Getters* ask and change nothing: [`next_timeout`](Self::next_timeout), [`transport`](Self::transport), [`state`](Self::state) and so on.
///
/// # The stages
///
/// | stage | [`state`](Self::state) | `receive` gives | may be sent | [`transport`](Self::transport) | at the end of input |
/// |---|---|---|---|---|---|
/// | client, before its request | Connecting | nothing, takes nothing | `request` | Keep | `Closed` 1006 |
/// | a head is awaited | Connecting | the head | nothing | Keep | `Closed` 1006 |
/// | server, a request was shown | Connecting | nothing, takes nothing | `accept`, `respond` | Keep | after the answer: `Closed` |
/// | open | Open | everything | everything | Keep | `Closed` 1006 |
/// | our Close went out | Closing | messages still; Pings still answered (§5.5.2) | `pong` | Keep | `Closed` 1006 |
/// | both Closes did | Closing | nothing, takes everything | nothing | server: ShutdownWrite; client: Keep (§7.1.1) | `Closed`, the peer's code, clean |
/// | failed, another answer than 101 given, or a wrong 101 received | Closing | nothing, takes everything | nothing | ShutdownWrite | `Closed` 1006 |
/// | client, refused by another status | Closing | nothing, takes nothing: the body is the caller's | nothing; `close` ends it | Keep | `Closed` 1006 |
/// | over: a refused client called `close` | Closing | `Closed` 1006 | nothing | Close | `Closed` 1006 |
/// | ended | Closed | nothing, takes everything | nothing | Close | nothing |
pub struct Connection<'c, E = NoEntropy> {
    machine: Machine<'c>,
    entropy: E,
}

impl<'c> Connection<'c> {
    /// A server's connection, when the transport is there.
    pub fn server(config: &'c Config<'c>, now: Instant) -> Self {
        Self::server_with(config, NoEntropy, now)
    }
}

impl<'c, E: Entropy> Connection<'c, E> {
    /// A client's connection, when the transport (and TLS in it, with the host's name in SNI) is there.
    /// [`request`](Self::request) comes next. §4.1 allows one such connection at a time to each host and port that is still
    /// connecting: that is the caller's to keep.
    pub fn client(config: &'c Config<'c>, entropy: E, now: Instant) -> Self {
        Self { machine: Machine::new(Role::Client, config, Stage::Fresh, now), entropy }
    }

    /// A server's connection, of the type that a program's clients have. A server draws nothing from its `entropy`.
    pub fn server_with(config: &'c Config<'c>, entropy: E, now: Instant) -> Self {
        Self { machine: Machine::new(Role::Server, config, AWAITS_REQUEST, now), entropy }
    }

    /// A connection whose opening handshake was done elsewhere, by an HTTP/1.1, HTTP/2 (RFC 8441) or HTTP/3 (RFC 9220)
    /// stack: it starts in [`State::Open`] with what was `negotiated` there ([`Offer`](crate::Offer) checks the request's headers).
    pub fn open(role: Role, config: &'c Config<'c>, entropy: E, negotiated: Negotiated, now: Instant) -> Self {
        let mut machine = Machine::new(role, config, Stage::Fresh, now);
        machine.open(negotiated, now);
        Self { machine, entropy }
    }

    /// Takes the bytes that arrived: at most one event, and the bytes that it makes due.
    ///
    /// `input` starts with what the last call left unconsumed, unchanged, and goes on with what arrived since. Payload is
    /// unmasked in place; what was not consumed is as it was. The caller repeats until there is no event, and calls again when
    /// there is room that there was not before, even if nothing new has arrived.
    ///
    /// **What was consumed was unmasked: it must not be presented again.** Count `consumed` before anything that can fail.
    ///
    /// # Errors
    /// [`CallError::NeedsRoom`] if `out` has less than [`MAX_ANSWER`](crate::MAX_ANSWER) bytes, whatever frames it is that come: with as
    /// many no call is refused. (An empty `input`, heads that are good, and messages of one frame of at most 65 535 bytes that lie whole in the input, pass with less.)
    /// [`CallError::EntropyFailed`] where a client's answer wants a masking key. [`UsageError::InputTooShort`](crate::UsageError::InputTooShort) where
    /// bytes of an unfinished head are missing. Nothing was consumed or changed.
    #[inline]
    pub fn receive<'i>(&mut self, now: Instant, input: &'i mut [u8], out: &mut [u8]) -> Result<Received<'i>, CallError> {
        let (machine, out) = self.output(out);
        machine.receive(input, now, out)
    }

    /// Takes the end of the transport's input (an orderly end or a reset): ends in
    /// [`Event::Closed`](crate::Event::Closed) unless that was given before. **Pass what has arrived to [`receive`](Self::receive) first**, until it gives
    /// nothing more: behind this call it is lost.
    ///
    /// While a request waits for its answer there is no event: who half-closes behind a request still reads (RFC 9112 §9.6). `Closed`
    /// comes after the answer, from `receive` behind whatever the input still holds, or at once from `receive_eof` and
    /// [`handle_timeout`](Self::handle_timeout).
    pub fn receive_eof(&mut self, now: Instant) -> Received<'static> {
        self.machine.receive_eof(now)
    }

    /// Acts on the deadlines that have passed: sends the keepalive Ping, ends what waited too long. To be called at
    /// [`next_timeout`](Self::next_timeout); earlier or more often does no harm.
    ///
    /// **What has arrived comes first**: a caller that was late, because its machine slept, reads what is there and passes it to
    /// [`receive`](Self::receive) before it calls this. A Pong may be among it.
    ///
    /// It never refuses: a Ping that does not fit `out` (6 bytes, a client's 10) is left out, and its Pong is missed all
    /// the same, so that a writer that is stuck is noticed.
    pub fn handle_timeout(&mut self, now: Instant, out: &mut [u8]) -> Received<'static> {
        let (machine, mut out) = self.output(out);
        machine.handle_timeout(now, &mut out)
    }

    /// When [`handle_timeout`](Self::handle_timeout) has something to do; `None` if nothing is waited for.
    pub fn next_timeout(&self) -> Option<Instant> {
        self.machine.next_timeout()
    }

    /// Milliseconds from `now` until [`next_timeout`](Self::next_timeout), rounded up, 0 if that has passed; `None` if nothing is
    /// waited for. What `poll` and its like wait.
    pub fn millis_until_timeout(&self, now: Instant) -> Option<u64> {
        self.next_timeout().map(|deadline| deadline.millis_since(now))
    }

    /// The transport took `n` of the bytes that are due: those that calls produced, and those that the caller writes behind them
    /// ([`send_header`](Self::send_header), [`respond_head`](Self::respond_head)). Below TLS, if there is TLS.
    ///
    /// Whoever calls this does so for all of them, in their order. Then a peer that reads slowly is told from one that does not
    /// read: the wait for a Pong begins when its Ping has left, and the closing deadline moves while the peer takes what was due
    /// no later than our Close, at [`Config::min_write_rate`] or faster. Whoever does not call it loses nothing else.
    pub fn written(&mut self, n: usize, now: Instant) {
        self.machine.written(n, now);
    }

    /// Writes a client's opening handshake (§4.1) and returns its bytes.
    ///
    /// # Errors
    /// [`CallError::Usage`] where something cannot stand in a request; [`CallError::NeedsRoom`];
    /// [`CallError::EntropyFailed`]: the key wants 16 bytes of entropy.
    pub fn request(&mut self, request: &ClientRequest<'_>, now: Instant, out: &mut [u8]) -> Result<usize, CallError> {
        let (machine, out) = self.output(out);
        machine.request(request, now, out)
    }

    /// Accepts the opening handshake that [`Event::Request`](crate::Event::Request) showed (§4.2.2): writes the 101 and
    /// returns its bytes. The connection is open then.
    ///
    /// # Errors
    /// [`CallError::NeedsRoom`]; [`CallError::Usage`] where the request is none, its Origin is not among those
    /// accepted, or a subprotocol or header cannot stand in the answer.
    pub fn accept(
        &mut self,
        request: &Request<'_>,
        accept: &Accept<'_>,
        now: Instant,
        out: &mut [u8],
    ) -> Result<usize, CallError> {
        self.machine.accept(request, accept, now, out)
    }

    /// [`accept`](Self::accept) in two steps: [`Request::offer`] while the head is there, this whenever the program knows enough.
    /// The offer is to be one made with this connection's [`Config`].
    ///
    /// # Errors
    /// As [`accept`](Self::accept), but for the Origin, which is decided already.
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

    /// Answers a request with any other final response: 404, 403, 401, a redirect, a page. Returns its bytes; the
    /// connection closes behind it, within the closing deadline. With an empty `out` the error says how long the response is.
    /// The answer to a HEAD is the head alone, with the length of `body` (RFC 9110 §9.3.2).
    ///
    /// # Errors
    /// [`CallError::NeedsRoom`]; [`CallError::Usage`] for a status below 200 and for headers that cannot be sent.
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

    /// [`respond`](Self::respond), the head alone: the caller writes the `content_len` bytes of the body behind it, before it obeys
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

    /// Writes a whole text message as one frame and returns its bytes; 0 if the connection is closing already.
    ///
    /// # Errors
    /// As [`send`](Self::send), and [`UsageError::MessageUnfinished`](crate::UsageError::MessageUnfinished).
    pub fn send_text(&mut self, text: &str, out: &mut [u8]) -> Result<usize, CallError> {
        let (machine, out) = self.output(out);
        machine.send_text(text, out)
    }

    /// Writes a message, or the next fragment of one (§5.4), as one frame and returns its bytes: `payload` and 2 to 14
    /// more. `fin` ends the message; without it further calls with the same `kind` continue it.
    ///
    /// A message that crosses the peer's Close, or comes after ours or a failure, is no mistake: nothing is written, and 0 is returned.
    ///
    /// # Errors
    /// [`CallError::NeedsRoom`], [`CallError::EntropyFailed`];
    /// [`UsageError::NotOpen`](crate::UsageError::NotOpen) before the opening handshake is over,
    /// [`UsageError::InvalidUtf8`](crate::UsageError::InvalidUtf8) for text that is none,
    /// [`UsageError::WrongMessageKind`](crate::UsageError::WrongMessageKind) inside an unfinished message.
    #[inline]
    pub fn send(&mut self, kind: MessageKind, payload: &[u8], fin: bool, out: &mut [u8]) -> Result<usize, CallError> {
        let (machine, out) = self.output(out);
        machine.send(kind, payload, fin, out)
    }

    /// Writes the header alone of the frame that [`send`](Self::send) would write, for a server: the caller writes `payload` itself,
    /// directly behind it (writev), and whatever is produced later behind that. At most 10 bytes.
    ///
    /// # Errors
    /// As [`send`](Self::send), and [`UsageError::WrongRole`](crate::UsageError::WrongRole) for a client, whose payload has to
    /// be masked.
    pub fn send_header(&mut self, kind: MessageKind, payload: &[u8], fin: bool, out: &mut [u8]) -> Result<usize, CallError> {
        self.machine.send_header(kind, Some(payload), wire_len(payload.len()), fin, out)
    }

    /// [`send_header`](Self::send_header) for `payload_len` bytes, below 2^63, that are not in memory (sendfile). Binary only: text would
    /// have to be checked.
    ///
    /// # Errors
    /// As [`send_header`](Self::send_header).
    pub fn send_binary_header(&mut self, payload_len: u64, fin: bool, out: &mut [u8]) -> Result<usize, CallError> {
        self.machine.send_header(MessageKind::Binary, None, payload_len, fin, out)
    }

    /// Counts `encoded`, a whole message that [`frame::encode_message`](crate::frame::encode_message) encoded for many connections at
    /// once, as sent, and returns its length: the caller writes it now, behind what is due. 0 if the connection is closing
    /// already, and then it is not written.
    ///
    /// # Errors
    /// [`UsageError::NotOpen`](crate::UsageError::NotOpen) before the opening handshake is over;
    /// [`UsageError::WrongRole`](crate::UsageError::WrongRole) for a client;
    /// [`UsageError::MessageUnfinished`](crate::UsageError::MessageUnfinished).
    pub fn send_encoded(&mut self, encoded: &[u8]) -> Result<usize, UsageError> {
        self.machine.send_encoded(encoded)
    }

    /// Writes a Ping (§5.5.2) of at most 125 bytes of payload. Its Pong arrives as an event. Give each Ping a payload of its own: of
    /// two with the same one, the latest counts.
    ///
    /// # Errors
    /// As [`send`](Self::send), and [`UsageError::ControlPayloadTooLong`](crate::UsageError::ControlPayloadTooLong).
    pub fn ping(&mut self, payload: &[u8], out: &mut [u8]) -> Result<usize, CallError> {
        let (machine, mut out) = self.output(out);
        machine.ping(payload, &mut out)
    }

    /// Writes a Pong (§5.5.3), for those who answer Pings themselves ([`Config::auto_pong`]) or send them unasked.
    ///
    /// # Errors
    /// As [`ping`](Self::ping). It is allowed until the peer's Close was received.
    pub fn pong(&mut self, payload: &[u8], out: &mut [u8]) -> Result<usize, CallError> {
        let (machine, mut out) = self.output(out);
        machine.pong(payload, &mut out)
    }

    /// Writes our Close (§7.1.2): with `code` and a `reason` of at most 123 bytes, or with neither. The peer's messages go
    /// on arriving until its own Close.
    ///
    /// Again, or after the peer's Close or a failure, it writes nothing and returns 0: what was wished for has come true. After a
    /// refused handshake it ends the connection at once, without the rest of the response.
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

    /// Fails the connection for a reason of the caller's (§7.1.7): writes a Close with `code` if none went out yet, and
    /// takes nothing more from the peer. It works in every stage; once nothing more comes anyway it does nothing, and returns 0.
    ///
    /// # Errors
    /// [`CallError::NeedsRoom`], [`CallError::EntropyFailed`];
    /// [`UsageError::InvalidCloseCode`](crate::UsageError::InvalidCloseCode).
    pub fn fail(&mut self, code: CloseCode, now: Instant, out: &mut [u8]) -> Result<usize, CallError> {
        let (machine, mut out) = self.output(out);
        machine.fail(code, now, &mut out)
    }

    /// The caller stops reading for reasons of its own: the deadlines that wait for the peer stand still until
    /// [`resume`](Self::resume). The closing deadline does not: it also ends what nobody reads.
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

    /// What the opening handshake agreed on; nothing before it is over.
    pub fn negotiated(&self) -> Negotiated {
        self.machine.negotiated
    }

    /// The agreed subprotocol, out of the [`Config`]'s.
    pub fn subprotocol(&self) -> Option<&'c str> {
        let index = usize::from(self.machine.negotiated.subprotocol()?);
        Tokens::of(self.machine.config.subprotocols.as_bytes()).nth(index)
    }

    /// The configuration that it borrows.
    pub fn config(&self) -> &'c Config<'c> {
        self.machine.config
    }

    /// The code of the peer's Close (§7.1.5): 1005 if it had none, 1006 as long as no Close was received.
    pub fn close_code(&self) -> CloseCode {
        self.machine.close_code()
    }

    /// Whether the closing handshake was completed (§7.1.4): the peer's Close was received, and ours sent before or at once.
    pub fn was_clean(&self) -> bool {
        // No frame carries 1006.
        self.close_code() != CloseCode::ABNORMAL_CLOSURE
    }

    /// The time between the last keepalive Ping that was answered by itself and its Pong, as fine as the caller's clock.
    pub fn round_trip(&self) -> Option<Duration> {
        let us = self.machine.timers.round_trip()?;
        Some(Duration::new(u64::from(us / 1_000_000), (us % 1_000_000).saturating_mul(1000)))
    }

    /// The machine, and where a call writes.
    #[inline]
    pub(super) fn output<'a>(&'a mut self, out: &'a mut [u8]) -> (&'a mut Machine<'c>, Output<'a>) {
        (&mut self.machine, Output { entropy: &mut self.entropy, room: out })
    }
}

/// No key, no nonce, no entropy (§10.6).
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

/// Law 8: with a source of two words, as C has it, and with a word for the C layer to spare.
const _: () = assert!(size_of::<Connection<'static, [usize; 2]>>() + size_of::<u64>() <= 128);
