//! The current event, as positions: what it borrows can be lent again, and moved (rule 2 of `buffered`).

use crate::close_code::CloseCode;
use crate::error::ProtocolError;
use crate::event::{Data, EndCause, Event, MessageKind, PingSource};
use crate::handshake::{Request, Response};

/// An event, and where its bytes are.
#[derive(Clone, Copy)]
pub(super) struct Held {
    what: What,
    /// Where its bytes are in the input, or in the memory for joining if it is `joined`.
    pub(super) at: usize,
    pub(super) len: usize,
}

#[derive(Clone, Copy)]
enum What {
    Nothing,
    Request { is_opening_handshake: bool },
    Opened,
    Refused { error: ProtocolError },
    Data { kind: MessageKind, offset: u64, last: bool, joined: bool },
    Ping { answered: bool },
    Pong { answers: Option<PingSource> },
    CloseReceived { code: CloseCode },
    Failed { error: ProtocolError },
    Closed { code: CloseCode, was_clean: bool, cause: EndCause },
}

impl Held {
    pub(super) const NOTHING: Self = Self { what: What::Nothing, at: 0, len: 0 };

    pub(super) const fn is_nothing(&self) -> bool {
        matches!(self.what, What::Nothing)
    }

    /// A piece of a message, or a whole one, in the input.
    #[inline]
    pub(super) const fn data(kind: MessageKind, offset: u64, last: bool, at: usize, len: usize) -> Self {
        Self { what: What::Data { kind, offset, last, joined: false }, at, len }
    }

    /// A message that was joined in the memory for it.
    pub(super) const fn joined(kind: MessageKind, len: usize) -> Self {
        Self { what: What::Data { kind, offset: 0, last: true, joined: true }, at: 0, len }
    }

    /// An event whose bytes, if it has any, are in the input that starts at the address `input`.
    pub(super) fn of(event: &Event<'_>, input: usize) -> Self {
        let (what, bytes) = match event {
            Event::Request(request) => (What::Request { is_opening_handshake: true }, request.bytes()),
            Event::HttpRequest(request) => (What::Request { is_opening_handshake: false }, request.bytes()),
            Event::Opened(response) => (What::Opened, response.bytes()),
            Event::Refused { response, error } => (What::Refused { error: *error }, response.bytes()),
            Event::Data(data) => {
                (What::Data { kind: data.kind, offset: data.offset, last: data.last, joined: false }, &*data.payload)
            }
            Event::Ping { payload, answered } => (What::Ping { answered: *answered }, *payload),
            Event::Pong { payload, answers } => (What::Pong { answers: *answers }, *payload),
            Event::CloseReceived { code, reason } => (What::CloseReceived { code: *code }, reason.as_bytes()),
            Event::Failed { error } => (What::Failed { error: *error }, &[][..]),
            Event::Closed { code, was_clean, cause } => {
                (What::Closed { code: *code, was_clean: *was_clean, cause: *cause }, &[][..])
            }
        };
        Self { what, at: bytes.as_ptr().addr().saturating_sub(input), len: bytes.len() }
    }

    /// Whether its bytes are in the memory for joining.
    pub(super) const fn is_joined(&self) -> bool {
        matches!(self.what, What::Data { joined: true, .. })
    }

    /// The event, with its bytes.
    #[inline]
    pub(super) fn event<'i>(self, input: &'i mut [u8], memory: &'i mut [u8]) -> Option<Event<'i>> {
        let place = if self.is_joined() { memory } else { input };
        let bytes = place.get_mut(self.at..).and_then(|rest| rest.get_mut(..self.len)).unwrap_or_default();
        Some(match self.what {
            What::Data { kind, offset, last, .. } => Event::Data(Data { kind, payload: bytes, offset, last }),
            What::Nothing => return None,
            What::Request { is_opening_handshake } => {
                let request = Request::of_checked(bytes, is_opening_handshake);
                if is_opening_handshake { Event::Request(request) } else { Event::HttpRequest(request) }
            }
            What::Opened => Event::Opened(Response::of_checked(bytes)),
            What::Refused { error } => Event::Refused { response: Response::of_checked(bytes), error },
            What::Ping { answered } => Event::Ping { payload: bytes, answered },
            What::Pong { answers } => Event::Pong { payload: bytes, answers },
            What::CloseReceived { code } => {
                Event::CloseReceived { code, reason: core::str::from_utf8(bytes).unwrap_or_default() }
            }
            What::Failed { error } => Event::Failed { error },
            What::Closed { code, was_clean, cause } => Event::Closed { code, was_clean, cause },
        })
    }
}
