//! Inputs as the bodies see them, read by `Arbitrary` from libFuzzer's bytes.
//!
//! The wire comes last and is all that is left, so that mutating it is natural. What comes before keeps its length when an argument
//! changes, so that the wire stays where it is.

use crate::support::Begin;
use crate::support::model::{DEFAULT_LIMITS, Limits};
use arbitrary::{Arbitrary, Result, Unstructured};
use core::fmt;
use sansocket::{Config, MessageKind, Role};

/// Frames from the state OPEN on.
#[derive(Arbitrary, Clone, PartialEq, Eq, Debug)]
pub struct Frames<'d> {
    pub(crate) settings: Settings,
    /// Whether our Close went out before.
    pub(crate) is_closing: bool,
    pub(crate) pieces: Pieces,
    /// What happens at each cut; if nothing, the wire is delivered in every way.
    pub(crate) steps: Option<[Step; 4]>,
    pub(crate) wire: Wire<'d>,
}

/// A server's connection from the request on.
#[derive(Arbitrary, Clone, PartialEq, Eq, Debug)]
pub struct Server<'d> {
    pub(crate) settings: Settings,
    pub(crate) pieces: Pieces,
    pub(crate) driven: Option<Driven>,
    pub(crate) wire: Wire<'d>,
}

/// How a request is answered, and what happens at each cut.
#[derive(Arbitrary, Clone, PartialEq, Eq, Debug)]
pub(crate) struct Driven {
    pub(crate) reply: Reply,
    pub(crate) steps: [Step; 4],
}

/// A client's connection from the response on.
#[derive(Arbitrary, Clone, PartialEq, Eq, Debug)]
pub struct Client<'d> {
    pub(crate) settings: Settings,
    pub(crate) pieces: Pieces,
    pub(crate) steps: Option<[Step; 4]>,
    pub(crate) wire: Wire<'d>,
}

/// A request for a server, or a response for a client.
#[derive(Arbitrary, Clone, PartialEq, Eq, Debug)]
pub struct Heads<'d> {
    #[arbitrary(with = role)]
    pub(crate) receiver: Role,
    pub(crate) settings: Settings,
    pub(crate) pieces: Pieces,
    pub(crate) wire: Wire<'d>,
}

/// Commands to two open endpoints.
#[derive(Arbitrary, Clone, PartialEq, Eq, Debug)]
pub struct Sending<'d> {
    pub(crate) has_short_times: bool,
    pub(crate) commands: Vec<Command<'d>>,
}

#[derive(Arbitrary, Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Command<'d> {
    #[arbitrary(with = role)]
    pub(crate) end: Role,
    pub(crate) action: Action<'d>,
}

#[derive(Arbitrary, Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Action<'d> {
    Call {
        verb: Verb,
        attempts: Attempts,
        payload: Payload<'d>,
    },
    /// Time passes, with `room` for what becomes due.
    Pass {
        ms: u8,
        room: u8,
    },
    /// Bytes from the other end arrive, 0 being all, in calls with `room`.
    Receive {
        len: u8,
        #[arbitrary(with = room)]
        room: u8,
    },
}

/// Calls of a connection with its buffers.
#[derive(Arbitrary, Clone, PartialEq, Eq, Debug)]
pub struct Buffered<'d> {
    pub(crate) settings: Settings,
    #[arbitrary(with = role)]
    pub(crate) receiver: Role,
    pub(crate) is_open: bool,
    /// Bytes of the buffers beyond the least.
    pub(crate) input: u8,
    pub(crate) output: u8,
    /// Whether and where messages are joined.
    pub(crate) joining: u8,
    pub(crate) calls: [Call; 24],
    pub(crate) wire: Wire<'d>,
}

/// Calls of a session.
#[derive(Arbitrary, Clone, PartialEq, Eq, Debug)]
pub struct Session<'d> {
    pub(crate) settings: Settings,
    /// Two bits for redirects, two for a policy or a heartbeat, and whether there is a proxy, TLS, and messages come in pieces.
    pub(crate) options: u8,
    /// Bytes of the buffers beyond the least.
    pub(crate) input: u8,
    pub(crate) output: u8,
    pub(crate) queue: u8,
    pub(crate) calls: [Call; 48],
    pub(crate) wire: Wire<'d>,
}

/// Calls of a server or a client of Socket.IO, or of a client of Engine.IO.
#[derive(Arbitrary, Clone, PartialEq, Eq, Debug)]
pub struct Socketio<'d> {
    /// What each bit means, the target knows.
    pub(crate) options: u8,
    pub(crate) calls: [Call; 64],
    /// Texts, a line each.
    pub(crate) wire: Wire<'d>,
}

/// A call by its number, and its argument.
#[derive(Arbitrary, Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct Call {
    pub(crate) number: u8,
    pub(crate) by: u8,
}

/// How a connection is configured.
#[derive(Arbitrary, Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct Settings {
    pub(crate) has_small_limits: bool,
    pub(crate) has_manual_pong: bool,
    pub(crate) has_subprotocols: bool,
    /// Whether deadlines come soon enough to end the connection.
    pub(crate) has_short_times: bool,
}

/// How a wire is delivered.
#[derive(Arbitrary, Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct Pieces {
    /// Bytes of output that each call is given at first.
    #[arbitrary(with = room)]
    pub(crate) room: u8,
    /// Where the wire is cut, modulo its length plus one.
    pub(crate) cuts: [u16; 4],
}

/// What happens at a cut.
#[derive(Arbitrary, Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct Step {
    /// Time that passes, and room for what becomes due.
    pub(crate) ms: u8,
    pub(crate) room: u8,
    #[arbitrary(with = verb)]
    pub(crate) verb: Verb,
    pub(crate) attempts: Attempts,
    /// The payload is taken from the wire.
    pub(crate) payload: Range,
    /// What a careless caller presents as input.
    pub(crate) stray: Range,
}

/// `len` bytes of the wire, if there are as many.
#[derive(Arbitrary, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Range {
    pub(crate) from: u8,
    pub(crate) len: u8,
}

#[derive(Arbitrary, Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) enum Verb {
    #[default]
    Nothing,
    Send {
        #[arbitrary(with = kind)]
        kind: MessageKind,
        fin: bool,
    },
    SendText,
    /// The header alone; the payload goes after it.
    SendHeader {
        #[arbitrary(with = kind)]
        kind: MessageKind,
        fin: bool,
    },
    SendBinaryHeader {
        fin: bool,
    },
    /// A message that was encoded once.
    SendForMany {
        #[arbitrary(with = kind)]
        kind: MessageKind,
    },
    Ping,
    Pong,
    /// The payload is the reason.
    Close {
        code: Option<Code>,
    },
    Fail {
        code: Code,
    },
    Pause,
    Resume,
    /// Verbs of the handshake, when none is expected.
    Misuse,
}

/// A close code: good ones, and those at the edges.
#[derive(Arbitrary, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Code(#[arbitrary(with = |u: &mut Unstructured<'_>| u.choose(&CODES).copied())] pub(crate) u16);

pub(crate) const CODES: [u16; 16] =
    [1000, 1001, 1003, 1004, 1005, 1006, 1011, 1014, 1015, 2999, 3000, 4999, 5000, 999, 0, 65_535];

/// What is tried before a call is carried out.
#[derive(Arbitrary, Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct Attempts {
    /// The call with too little room.
    pub(crate) without_room: bool,
    /// The call of a client with entropy that fails.
    pub(crate) without_entropy: bool,
    /// In that case, exactly the room that is needed.
    pub(crate) has_exact_room: bool,
}

/// How a server answers a request.
#[derive(Arbitrary, Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Reply {
    Accept,
    NotFound,
    /// At one of the cuts.
    Later([Decision; 4]),
}

#[derive(Arbitrary, Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Decision {
    pub(crate) kind: DecisionKind,
    /// Only pages of one origin may connect.
    pub(crate) wants_origin: bool,
    pub(crate) has_header: bool,
    /// The last subprotocol that was offered is chosen, ours or not.
    pub(crate) takes_last: bool,
}

#[derive(Arbitrary, Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum DecisionKind {
    Wait,
    Refuse,
    Accept,
}

/// All bytes that are left.
#[derive(Arbitrary, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wire<'d>(pub(crate) &'d [u8]);

/// The number of bytes goes before them: `Arbitrary` for slices takes it from the end of the input, where that of another command may be.
#[derive(Arbitrary, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Payload<'d>(#[arbitrary(with = payload)] pub(crate) &'d [u8]);

impl fmt::Debug for Wire<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "b\"{}\"", self.0.escape_ascii())
    }
}

impl fmt::Debug for Payload<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Wire(self.0).fmt(f)
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl fmt::Debug for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let from = u16::from(self.from);
        write!(f, "{from}..{}", from + u16::from(self.len))
    }
}

fn payload<'d>(u: &mut Unstructured<'d>) -> Result<&'d [u8]> {
    let len = usize::from(u8::arbitrary(u)?).min(u.len());
    u.bytes(len)
}

pub(crate) fn role(u: &mut Unstructured<'_>) -> Result<Role> {
    Ok(if bool::arbitrary(u)? { Role::Client } else { Role::Server })
}

fn kind(u: &mut Unstructured<'_>) -> Result<MessageKind> {
    Ok(if bool::arbitrary(u)? { MessageKind::Binary } else { MessageKind::Text })
}

fn room(u: &mut Unstructured<'_>) -> Result<u8> {
    u.int_in_range(0..=131)
}

/// Bytes of the longest verb.
pub(crate) const VERB_LEN: usize = 6;

/// A verb from as many bytes as the longest needs: another verb does not shift the wire.
fn verb(u: &mut Unstructured<'_>) -> Result<Verb> {
    Unstructured::new(u.bytes(VERB_LEN)?).arbitrary()
}

impl Settings {
    pub(crate) fn config(&self) -> (Config<'static>, Limits) {
        let config = Config::new().auto_pong(!self.has_manual_pong);
        let config = if self.has_subprotocols { config.subprotocols("chat, superchat") } else { config };
        // Times near each other, so that deadlines meet.
        let config = if self.has_short_times {
            config
                .handshake_timeout_ms(60)
                .closing_timeout_ms(50)
                .keepalive_interval_ms(40)
                .pong_timeout_ms(30)
                .idle_timeout_ms(70)
        } else {
            config
        };
        if self.has_small_limits {
            let limits = Limits { message: 150, fragments: 3, empty: 2 };
            let config = config.max_message_len(150).max_fragments(3).max_empty_frames(2);
            (config.max_head_len(400).max_target_len(20).max_header_lines(9).max_interim_responses(2), limits)
        } else {
            (config, DEFAULT_LIMITS)
        }
    }

    pub(crate) fn head_limits(&self) -> HeadLimits {
        if self.has_small_limits { HeadLimits { len: 400, target: 20, lines: 9, interim: 2 } } else { HeadLimits::DEFAULT }
    }

    pub(crate) fn subprotocols(&self) -> &'static [&'static str] {
        if self.has_subprotocols { &["chat", "superchat"] } else { &[] }
    }
}

/// The limits of heads in the settings.
pub(crate) struct HeadLimits {
    pub(crate) len: usize,
    pub(crate) target: usize,
    pub(crate) lines: usize,
    pub(crate) interim: usize,
}

impl HeadLimits {
    pub(crate) const DEFAULT: Self = Self { len: 8192, target: 4096, lines: 100, interim: 8 };
}

impl Frames<'_> {
    pub(crate) fn begin(&self) -> Begin {
        if self.is_closing { Begin::Closing } else { Begin::Open }
    }
}

impl Pieces {
    pub(crate) fn room(&self) -> usize {
        self.room.into()
    }

    /// Where a wire of `len` bytes is cut.
    pub(crate) fn cuts(&self, len: usize) -> [usize; 4] {
        let mut cuts = self.cuts.map(|cut| usize::from(cut) % (len + 1));
        cuts.sort_unstable();
        cuts
    }

    /// The pieces of `wire` between its cuts.
    pub(crate) fn of<'w>(&self, wire: &'w [u8]) -> Vec<&'w [u8]> {
        let mut from = 0;
        let ends = self.cuts(wire.len()).into_iter().chain([wire.len()]);
        ends.map(|to| &wire[core::mem::replace(&mut from, to)..to]).collect()
    }
}

impl Range {
    pub(crate) fn of<'w>(&self, wire: &'w [u8]) -> &'w [u8] {
        let from = usize::from(self.from).min(wire.len());
        let to = (from + usize::from(self.len)).min(wire.len());
        &wire[from..to]
    }
}
