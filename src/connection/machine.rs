//! §7, the upper storey: the stages of a connection, and the one function that changes them.

use super::timers::Timers;
use crate::close_code::CloseCode;
use crate::config::Config;
use crate::entropy::Entropy;
use crate::error::{CallError, UsageError};
use crate::event::{EndCause, Event, Received};
use crate::frame::{MAX_CONTROL_PAYLOAD, Opcode, Reader, Rules, Writer, put_frame};
use crate::handshake::Negotiated;
use crate::handshake::request::Places;
use crate::http::scan::Scan;
use crate::role::Role;
use crate::time::Instant;

/// The room in bytes that [`Connection::receive`](crate::Connection::receive) may ask for in the output, and that is enough for
/// it and for [`Connection::handle_timeout`](crate::Connection::handle_timeout): a client's longest Pong, than which no refusal
/// of a handshake is longer.
pub const MAX_ANSWER: usize = 2 + 4 + MAX_CONTROL_PAYLOAD;

/// The most bytes that [`Connection::receive`](crate::Connection::receive) leaves unconsumed once the opening handshake is over:
/// a control frame without its last byte.
pub const MAX_REMAINDER: usize = MAX_ANSWER - 1;

/// The machine without its entropy source, so that programs with several sources contain its code once.
pub(super) struct Machine<'c> {
    pub(super) config: &'c Config<'c>,
    pub(super) timers: Timers,
    pub(super) stage: Stage,
    pub(super) negotiated: Negotiated,
    pub(super) role: Role,
    /// The input ended while a request waited for its answer: `Closed` comes once the answer is given and all input is read.
    pub(super) input_ended: bool,
}

/// The stage of a connection, with the data that belongs to it. The table at [`Connection`](crate::Connection) says what each
/// means.
#[derive(Clone, Copy)]
pub(super) enum Stage {
    /// Client: the request has not been written.
    Fresh,
    /// A head is awaited: a server's request, a client's response.
    Head {
        reads: ReadHead,
        heads: Heads,
    },
    /// Server: the request was shown and has not been answered.
    Deciding {
        method: Method,
        /// Where the parts of the request are in its head.
        places: Places,
    },
    Open {
        reader: Reader,
        writer: Writer,
    },
    /// Our Close was sent, the peer's is awaited.
    CloseSent {
        reader: Reader,
        /// By how many more milliseconds the rest of the message that was under way may move the closing deadline.
        grace_ms: u32,
    },
    /// Both Closes were exchanged.
    BothClosed {
        code: CloseCode,
    },
    /// The peer broke a rule, the caller failed the connection, or the request was answered with something other than 101:
    /// further input is ignored.
    Failed,
    /// Client: the response was not a 101; its body is not ours.
    Refused,
    /// Nothing more is awaited; `Closed` has not been given.
    Over,
    /// `Closed` was given.
    Ended {
        code: CloseCode,
    },
}

/// The methods, as far as they change the answer.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    /// RFC 9110 §9.3.2: the answer has no body.
    Head,
    /// RFC 9110 §9.3.6: success would open a tunnel.
    Connect,
    Other,
}

/// Reads the head that is awaited. Each role has its own function, so that a program contains only the code of its roles.
pub(super) type ReadHead = for<'m, 'c, 'i, 'a, 'b> fn(
    &'m mut Machine<'c>,
    Heads,
    HeadInput<'i>,
    Instant,
    &'a mut Output<'b>,
) -> Result<Received<'i>, CallError>;

/// The bytes of a head that have arrived.
pub(super) struct HeadInput<'i> {
    pub(super) bytes: &'i mut [u8],
    /// No more of them can come: an incomplete head is too long for the caller's buffer.
    pub(super) is_full: bool,
}

/// The state of reading the heads of an opening handshake.
#[derive(Clone, Copy)]
pub(super) struct Heads {
    pub(super) scan: Scan,
    /// Client: the nonce in our key.
    pub(super) nonce: [u8; 16],
}

/// The output of a call, and its source of masking keys.
pub(super) struct Output<'a> {
    pub(super) entropy: &'a mut dyn Entropy,
    pub(super) room: &'a mut [u8],
}

impl<'c> Machine<'c> {
    pub(super) fn new(role: Role, config: &'c Config<'c>, stage: Stage, now: Instant) -> Self {
        let negotiated = Negotiated::NOTHING;
        Self { config, timers: Timers::start(now), stage, negotiated, role, input_ended: false }
    }

    /// Every change of stage. The wait restarts when a connection opens and at the first step of its closing. The deadline of the
    /// handshake runs until its answer, and through a body that is not ours.
    pub(super) fn enter(&mut self, stage: Stage, now: Instant) {
        let begins = match stage {
            Stage::Open { .. } => true,
            Stage::CloseSent { .. } | Stage::BothClosed { .. } | Stage::Failed => !matches!(self.stage, Stage::CloseSent { .. }),
            Stage::Fresh | Stage::Head { .. } | Stage::Deciding { .. } | Stage::Refused | Stage::Over | Stage::Ended { .. } => {
                false
            }
        };
        if begins {
            self.timers.begin(now);
        }
        self.stage = stage;
    }

    /// Opens the connection.
    pub(super) fn open(&mut self, negotiated: Negotiated, now: Instant) {
        self.negotiated = negotiated;
        self.enter(Stage::Open { reader: Reader::START, writer: Writer::START }, now);
    }

    /// Ends the connection. Gives `Closed` once.
    pub(super) fn end(&mut self, cause: EndCause, now: Instant) -> Option<Event<'static>> {
        let code = self.close_code();
        if let Stage::Ended { .. } = self.stage {
            return None;
        }
        self.enter(Stage::Ended { code }, now);
        Some(Event::Closed { code, was_clean: code != CloseCode::ABNORMAL_CLOSURE, cause })
    }

    /// §7.1.5.
    pub(super) fn close_code(&self) -> CloseCode {
        match self.stage {
            Stage::BothClosed { code } | Stage::Ended { code } => code,
            _ => CloseCode::ABNORMAL_CLOSURE,
        }
    }

    /// The writer, if a message may be sent (§6.1). Too early is the caller's mistake; too late is not, and gives `None`.
    #[inline]
    pub(super) fn writer(&self) -> Result<Option<Writer>, UsageError> {
        match self.stage {
            Stage::Open { writer, .. } => Ok(Some(writer)),
            Stage::Fresh | Stage::Head { .. } | Stage::Deciding { .. } => Err(UsageError::NotOpen),
            _ => Ok(None),
        }
    }

    /// Whether an empty input gives nothing: no `Closed` that is left over, and nothing that inflates.
    #[inline]
    pub(super) fn needs_input(&self) -> bool {
        matches!(&self.stage, Stage::Open { reader, .. } if !reader.is_pending()) && !self.input_ended
    }

    pub(super) fn payload_remaining(&self) -> u64 {
        match &self.stage {
            Stage::Open { reader, .. } | Stage::CloseSent { reader, .. } => reader.payload_remaining(),
            _ => 0,
        }
    }

    pub(super) fn set_writer(&mut self, after: Writer) {
        if let Stage::Open { writer, .. } = &mut self.stage {
            *writer = after;
        }
    }

    /// The rules for the reader.
    #[inline]
    pub(super) fn rules(&self) -> Rules<'c> {
        Rules { config: self.config, masked: self.role == Role::Server, deflate: self.negotiated.deflate().is_some() }
    }

    /// §5.1: clients mask, servers do not.
    #[inline]
    pub(super) fn masks(&self) -> bool {
        self.role == Role::Client
    }

    /// Writes a control frame whose payload has been checked.
    pub(super) fn put_control(&mut self, opcode: Opcode, payload: &[u8], out: &mut Output<'_>) -> Result<usize, CallError> {
        let n = put_frame((true, opcode), payload, self.masks(), out.entropy, out.room)?;
        // What is sent after our Close does not move the closing deadline.
        if let Stage::Open { .. } = self.stage {
            self.timers.note_produced(n);
        }
        Ok(n)
    }
}
