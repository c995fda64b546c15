//! The machine: one endpoint of one connection.

mod closing;
mod control;
#[cfg(feature = "deflate")]
mod deflate;
mod handshake;
mod inflation;
mod receive;
mod send;
mod timer;

use crate::close_code::CloseCode;
use crate::config::Config;
use crate::deflate::DeflateParams;
use crate::entropy::{Entropy, NoEntropy};
use crate::error::{CallError, ProtocolError, UsageError};
use crate::event::{MessageKind, Received, Role, State, Transport};
use crate::frame::MAX_CONTROL_PAYLOAD;
use crate::handshake::{Accept, ClientRequest, Request};
use crate::http::Header;
use crate::length::wire_len;
use crate::time::Instant;
#[cfg(feature = "deflate")]
pub use deflate::Sent;
use handshake::Handshake;
use receive::{Frames, Reception};
use send::Sending;
use timer::Timers;

/// Octets that suffice as output for every [`Connection::receive`] and [`Connection::handle_timeout`]: a client's longest Pong, which is
/// longer than every refusal of a handshake.
pub const MAX_ANSWER: usize = 2 + 4 + MAX_CONTROL_PAYLOAD;

/// The most octets that [`Connection::receive`] leaves unconsumed once the opening handshake is over: a control frame of which the last
/// octet is missing.
pub const MAX_REMAINDER: usize = MAX_ANSWER - 1;

/// One endpoint of one WebSocket connection.
///
/// It borrows its [`Config`] and owns its entropy source; a server needs none. It never borrows from the buffers of a call
/// beyond that call, and is freely movable.
pub struct Connection<'c, E = NoEntropy> {
    machine: Machine<'c>,
    entropy: E,
}

/// The machine without its entropy source, so that programs with several sources hold its code once.
struct Machine<'c> {
    config: &'c Config<'c>,
    timers: Timers,
    reception: Reception,
    sending: Sending,
    /// The code in the peer's Close (§7.1.5).
    close_code: CloseCode,
    /// The agreed subprotocol, as its place in the `Config`.
    subprotocol: Option<u8>,
    /// What was agreed of permessage-deflate.
    deflate: Option<DeflateParams>,
    role: Role,
    stage: Stage,
}

/// Where the connection stands: [`State`] in finer steps. `connection/closing.rs` has the picture.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stage {
    /// Client: the request is still to be written.
    Fresh,
    /// A head is awaited: a server's request, a client's response.
    Head,
    /// Server: the request was shown and is not answered yet.
    Deciding,
    Open,
    /// Our Close went out, the peer's is awaited.
    CloseSent,
    /// Both Closes were exchanged.
    BothClosed,
    /// The peer broke a rule, or the opening handshake was answered with something else than 101: what comes is ignored.
    Failed,
    /// Client: the response was not a good 101; its body is not ours.
    Refused,
    /// `Closed` was given.
    Ended,
}

impl Stage {
    /// Whether the handshake's deadline runs. It covers the body of a refusal, which an HTTP client may want to read.
    const fn is_handshake(self) -> bool {
        matches!(self, Self::Fresh | Self::Head | Self::Deciding | Self::Refused)
    }
}

impl<'c> Connection<'c> {
    /// A server's connection, when the transport is there.
    pub fn server(config: &'c Config<'c>, now: Instant) -> Self {
        Self::new(Role::Server, config, NoEntropy, now)
    }
}

impl<'c, E: Entropy> Connection<'c, E> {
    /// A client's connection, when the transport (and TLS in it, with the host's name in SNI) is there.
    /// [`request`](Self::request) comes next. §4.1 allows one such connection at a time to each host and port that is still
    /// connecting: that is the caller's to keep.
    pub fn client(config: &'c Config<'c>, entropy: E, now: Instant) -> Self {
        Self::new(Role::Client, config, entropy, now)
    }

    /// A connection of either role, before its opening handshake.
    pub fn new(role: Role, config: &'c Config<'c>, entropy: E, now: Instant) -> Self {
        Self { machine: Machine::connecting(role, config, now), entropy }
    }

    /// A connection whose opening handshake was done elsewhere, by an HTTP/1.1, HTTP/2 (RFC 8441) or HTTP/3 (RFC 9220)
    /// stack: it starts in [`State::Open`] with what was `negotiated` there.
    pub fn open(role: Role, config: &'c Config<'c>, entropy: E, negotiated: Negotiated, now: Instant) -> Self {
        let mut machine = Machine::connecting(role, config, now);
        (machine.subprotocol, machine.deflate) = (negotiated.subprotocol, negotiated.deflate);
        machine.enter_open(now);
        Self { machine, entropy }
    }

    /// Takes the octets that arrived: at most one event, and the octets that it makes due.
    ///
    /// `input` starts with what the last call left unconsumed, unchanged, and goes on with what arrived since. Payload is
    /// unmasked in place; what was not consumed is as it was. The caller repeats until there is no event.
    ///
    /// # Errors
    /// [`CallError::NeedsRoom`] where an answer is due that does not fit `out`; 131 octets always suffice.
    /// [`CallError::EntropyFailed`] where a client's answer wants a masking key. [`UsageError::InputTooShort`](crate::UsageError::InputTooShort) where
    /// octets of an unfinished head are missing. Nothing was consumed or changed.
    #[inline]
    pub fn receive<'i>(&mut self, now: Instant, input: &'i mut [u8], out: &mut [u8]) -> Result<Received<'i>, CallError> {
        self.machine.receive(&mut self.entropy, now, input, out)
    }

    /// Takes the end of the transport's input (an orderly end or a reset): ends in
    /// [`Event::Closed`](crate::Event::Closed) unless that was given before.
    pub fn receive_eof(&mut self, now: Instant) -> Received<'static> {
        self.machine.receive_eof(now)
    }

    /// Acts on the deadlines that have passed: sends the keepalive Ping, ends what waited too long. To be called at
    /// [`next_timeout`](Self::next_timeout); earlier or more often does no harm.
    ///
    /// It never refuses: a Ping that does not fit `out` (6 octets, a client's 10) is left out, and its Pong is missed all
    /// the same, so that a writer that is stuck is noticed.
    pub fn handle_timeout(&mut self, now: Instant, out: &mut [u8]) -> Received<'static> {
        self.machine.handle_timeout(&mut self.entropy, now, out)
    }

    /// When [`handle_timeout`](Self::handle_timeout) has something to do; `None` if nothing is waited for.
    pub fn next_timeout(&self) -> Option<Instant> {
        self.machine.next_timeout()
    }

    /// Writes a client's opening handshake (§4.1) and returns its octets.
    ///
    /// # Errors
    /// [`CallError::Usage`] where something cannot stand in a request; [`CallError::NeedsRoom`];
    /// [`CallError::EntropyFailed`]: the key wants 16 octets of entropy.
    pub fn request(&mut self, request: &ClientRequest<'_>, now: Instant, out: &mut [u8]) -> Result<usize, CallError> {
        self.machine.request(&mut self.entropy, request, now, out)
    }

    /// Accepts the opening handshake that [`Event::Request`](crate::Event::Request) showed (§4.2.2): writes the 101 and
    /// returns its octets. The connection is open then.
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

    /// Answers a request with any other final response: 404, 403, 401, a redirect, a page. Returns its octets; the
    /// connection closes behind it, within the closing deadline. With an empty `out` the error says how long the response is.
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
        self.machine.respond(status, headers, body.len(), body, now, out)
    }

    /// [`respond`](Self::respond), the head alone: the caller writes the `content_len` octets of the body behind it, before it obeys
    /// [`transport`](Self::transport). For bodies longer than `out`, and for the answer to a HEAD, which has none.
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
        self.machine.respond(status, headers, content_len, &[], now, out)
    }

    /// Writes a whole text message as one frame and returns its octets: `send(Text, …, true)` for what is known to be
    /// UTF-8.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub fn send_text(&mut self, text: &str, out: &mut [u8]) -> Result<usize, CallError> {
        self.machine.send_text(&mut self.entropy, text, out)
    }

    /// Writes a message, or the next fragment of one (§5.4), as one frame and returns its octets: `payload` and 2 to 14
    /// more. `fin` ends the message; without it further calls with the same `kind` continue it.
    ///
    /// # Errors
    /// [`CallError::NeedsRoom`], [`CallError::EntropyFailed`];
    /// [`UsageError::NotOpen`](crate::UsageError::NotOpen),
    /// [`UsageError::InvalidUtf8`](crate::UsageError::InvalidUtf8) for text that is none,
    /// [`UsageError::WrongMessageKind`](crate::UsageError::WrongMessageKind) inside an unfinished message.
    #[inline]
    pub fn send(&mut self, kind: MessageKind, payload: &[u8], fin: bool, out: &mut [u8]) -> Result<usize, CallError> {
        self.machine.send(&mut self.entropy, kind, payload, fin, out)
    }

    /// Writes the header alone of the frame that [`send`](Self::send) would write, for a server: the caller writes `payload` itself,
    /// directly behind it (writev), and whatever is produced later behind that. At most 10 octets.
    ///
    /// # Errors
    /// As [`send`](Self::send), and [`UsageError::WrongRole`](crate::UsageError::WrongRole) for a client, whose payload has to
    /// be masked.
    pub fn send_header(&mut self, kind: MessageKind, payload: &[u8], fin: bool, out: &mut [u8]) -> Result<usize, CallError> {
        self.machine.send_header(kind, Some(payload), wire_len(payload.len()), fin, out)
    }

    /// [`send_header`](Self::send_header) for `payload_len` octets, below 2^63, that are not in memory (sendfile). Binary only: text would
    /// have to be checked.
    ///
    /// # Errors
    /// As [`send_header`](Self::send_header).
    pub fn send_binary_header(&mut self, payload_len: u64, fin: bool, out: &mut [u8]) -> Result<usize, CallError> {
        self.machine.send_header(MessageKind::Binary, None, payload_len, fin, out)
    }

    /// Whether a whole message may go out now that [`frame::encode_message`](crate::frame::encode_message) encoded for many
    /// connections at once.
    ///
    /// # Errors
    /// [`UsageError::NotOpen`](crate::UsageError::NotOpen); [`UsageError::WrongRole`](crate::UsageError::WrongRole) for a client;
    /// [`UsageError::MessageUnfinished`](crate::UsageError::MessageUnfinished).
    pub fn may_send(&self) -> Result<(), UsageError> {
        self.machine.may_send()
    }

    /// Writes a Ping (§5.5.2) of at most 125 octets of payload. Its Pong arrives as an event.
    ///
    /// # Errors
    /// As [`send`](Self::send), and [`UsageError::ControlPayloadTooLong`](crate::UsageError::ControlPayloadTooLong).
    pub fn ping(&mut self, payload: &[u8], out: &mut [u8]) -> Result<usize, CallError> {
        self.machine.ping(&mut self.entropy, payload, out)
    }

    /// Writes a Pong (§5.5.3), for those who answer Pings themselves ([`Config::auto_pong`]) or send them unasked.
    ///
    /// # Errors
    /// As [`ping`](Self::ping). It is allowed until the peer's Close was received.
    pub fn pong(&mut self, payload: &[u8], out: &mut [u8]) -> Result<usize, CallError> {
        self.machine.pong(&mut self.entropy, payload, out)
    }

    /// Writes our Close (§7.1.2): with `code` and a `reason` of at most 123 octets, or with neither. The peer's messages go
    /// on arriving until its own Close.
    ///
    /// # Errors
    /// [`CallError::NeedsRoom`], [`CallError::EntropyFailed`];
    /// [`UsageError::NotOpen`](crate::UsageError::NotOpen),
    /// [`UsageError::InvalidCloseCode`](crate::UsageError::InvalidCloseCode),
    /// [`UsageError::InvalidCloseReason`](crate::UsageError::InvalidCloseReason).
    pub fn close(&mut self, code: Option<CloseCode>, reason: &str, now: Instant, out: &mut [u8]) -> Result<usize, CallError> {
        self.machine.close(&mut self.entropy, code, reason, now, out)
    }

    /// Fails the connection for a reason of the caller's (§7.1.7): writes a Close with `code` if none went out yet, and
    /// takes nothing more from the peer.
    ///
    /// # Errors
    /// [`CallError::NeedsRoom`], [`CallError::EntropyFailed`];
    /// [`UsageError::InvalidCloseCode`](crate::UsageError::InvalidCloseCode);
    /// [`UsageError::NotOpen`](crate::UsageError::NotOpen) once the connection failed or ended.
    pub fn fail(&mut self, code: CloseCode, now: Instant, out: &mut [u8]) -> Result<usize, CallError> {
        self.machine.fail_by_caller(&mut self.entropy, code, now, out)
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
        match self.machine.stage {
            Stage::Fresh | Stage::Head | Stage::Deciding => State::Connecting,
            Stage::Open => State::Open,
            Stage::CloseSent | Stage::BothClosed | Stage::Failed | Stage::Refused => State::Closing,
            Stage::Ended => State::Closed,
        }
    }

    /// What to do with the transport now.
    pub fn transport(&self) -> Transport {
        self.machine.transport()
    }

    /// Which end this is.
    pub fn role(&self) -> Role {
        self.machine.role
    }

    /// The agreed subprotocol, out of the [`Config`]'s.
    pub fn subprotocol(&self) -> Option<&'c str> {
        self.machine.subprotocol()
    }

    /// The code of the peer's Close (§7.1.5): 1005 if it had none, 1006 as long as no Close was received.
    pub fn close_code(&self) -> CloseCode {
        self.machine.close_code
    }

    /// Whether the closing handshake was completed (§7.1.4): the peer's Close was received, and ours sent before or at once.
    pub fn was_clean(&self) -> bool {
        // No frame carries 1006.
        self.machine.close_code != CloseCode::ABNORMAL_CLOSURE
    }

    /// The time between the last answered keepalive Ping and its Pong, in milliseconds.
    pub fn round_trip_ms(&self) -> Option<u32> {
        self.machine.timers.round_trip_ms()
    }
}

impl<'c> Machine<'c> {
    fn connecting(role: Role, config: &'c Config<'c>, now: Instant) -> Self {
        Self {
            config,
            timers: Timers::start(now),
            reception: Reception::Handshake(Handshake::SERVER),
            sending: Sending::START,
            close_code: CloseCode::ABNORMAL_CLOSURE,
            subprotocol: None,
            deflate: None,
            role,
            stage: match role {
                Role::Client => Stage::Fresh,
                Role::Server => Stage::Head,
            },
        }
    }

    fn enter_open(&mut self, now: Instant) {
        self.stage = Stage::Open;
        self.reception = Reception::Frames(Frames::START);
        self.timers.enter(now);
    }
}

/// No key, no nonce, no entropy (§10.6).
impl<E> core::fmt::Debug for Connection<'_, E> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let Machine { role, stage, close_code, .. } = &self.machine;
        f.debug_struct("Connection")
            .field("role", role)
            .field("stage", stage)
            .field("close_code", close_code)
            .finish_non_exhaustive()
    }
}

/// Law 8: with a source of two words, as C has it, and with a word for the C layer to spare.
const _: () = assert!(size_of::<Connection<'static, [usize; 2]>>() + size_of::<u64>() <= 128);

/// What an opening handshake that was done elsewhere agreed on; by default nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Negotiated {
    /// The subprotocol, as its place in the list of the [`Config`], counted from 0.
    subprotocol: Option<u8>,
    /// The parameters of permessage-deflate.
    deflate: Option<DeflateParams>,
}

impl Negotiated {
    /// Neither subprotocol nor extension.
    pub const NOTHING: Self = Self { subprotocol: None, deflate: None };

    /// With the subprotocol at place `index` of the [`Config`]'s list, counted from 0.
    #[must_use]
    pub const fn subprotocol(mut self, index: u8) -> Self {
        self.subprotocol = Some(index);
        self
    }

    /// With permessage-deflate (RFC 7692). Its messages are received by `receive_with`, of the feature `deflate`.
    #[must_use]
    pub const fn deflate(mut self, params: DeflateParams) -> Self {
        self.deflate = Some(params);
        self
    }
}

/// What failed, where `receive` finds it.
#[derive(Clone, Copy)]
enum Stop {
    Fault(ProtocolError),
    Call(CallError),
}

impl From<ProtocolError> for Stop {
    fn from(error: ProtocolError) -> Self {
        Self::Fault(error)
    }
}

impl From<CallError> for Stop {
    fn from(error: CallError) -> Self {
        Self::Call(error)
    }
}
