//! The current event, as positions: what it borrows can be lent again, and moved.

use crate::close_code::CloseCode;
use crate::error::ProtocolError;
use crate::event::{Data, EndCause, Event, MessageKind, PingSource};
use crate::handshake::{Request, Response};

/// An event, and where its bytes are. Flat, so that what is common costs few stores.
#[derive(Clone, Copy)]
pub(super) struct Held {
    what: What,
    /// A message: its kind; whether it ends here; whether its bytes are in the memory for joining.
    kind: MessageKind,
    last: bool,
    joined: bool,
    /// Bytes of the message before these.
    offset: u64,
    /// Where its bytes are in the input, or in the memory for joining.
    pub(super) at: usize,
    pub(super) len: usize,
    /// Of other events.
    rest: Rest,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum What {
    Nothing,
    Data,
    Other,
}

/// What an event other than a message has besides its bytes.
#[derive(Clone, Copy)]
enum Rest {
    Nothing,
    Request { is_opening_handshake: bool },
    Opened,
    Refused { error: ProtocolError },
    Ping { answered: bool },
    Pong { answers: Option<PingSource> },
    CloseReceived { code: CloseCode },
    Failed { error: ProtocolError },
    Closed { code: CloseCode, was_clean: bool, cause: EndCause },
}

impl Held {
    pub(super) const NOTHING: Self = Self {
        what: What::Nothing,
        kind: MessageKind::Binary,
        last: false,
        joined: false,
        offset: 0,
        at: 0,
        len: 0,
        rest: Rest::Nothing,
    };

    pub(super) fn is_nothing(&self) -> bool {
        self.what == What::Nothing
    }

    pub(super) fn release(&mut self) {
        self.what = What::Nothing;
    }

    /// A piece of a message, or a whole one, in the input.
    #[inline]
    pub(super) fn set_data(&mut self, kind: MessageKind, offset: u64, last: bool, at: usize, len: usize) {
        (self.what, self.kind, self.last, self.joined) = (What::Data, kind, last, false);
        (self.offset, self.at, self.len) = (offset, at, len);
    }

    /// A piece of a message, or a whole one, at the front of the memory for joining.
    pub(super) fn set_joined(&mut self, kind: MessageKind, offset: u64, last: bool, len: usize) {
        self.set_data(kind, offset, last, 0, len);
        self.joined = true;
    }

    /// An event whose bytes, if it has any, are in the input that starts at the address `input`.
    pub(super) fn set(&mut self, event: &Event<'_>, input: usize) {
        let (rest, bytes) = match event {
            Event::Request(request) => (Rest::Request { is_opening_handshake: true }, request.bytes()),
            Event::HttpRequest(request) => (Rest::Request { is_opening_handshake: false }, request.bytes()),
            Event::Opened(response) => (Rest::Opened, response.bytes()),
            Event::Refused { response, error } => (Rest::Refused { error: *error }, response.bytes()),
            // `set_data` is for it.
            Event::Data(_) => return,
            Event::Ping { payload, answered } => (Rest::Ping { answered: *answered }, *payload),
            Event::Pong { payload, answers } => (Rest::Pong { answers: *answers }, *payload),
            Event::CloseReceived { code, reason } => (Rest::CloseReceived { code: *code }, reason.as_bytes()),
            Event::Failed { error } => (Rest::Failed { error: *error }, &[][..]),
            Event::Closed { code, was_clean, cause } => {
                (Rest::Closed { code: *code, was_clean: *was_clean, cause: *cause }, &[][..])
            }
        };
        (self.what, self.joined, self.rest) = (What::Other, false, rest);
        (self.at, self.len) = (bytes.as_ptr().addr().saturating_sub(input), bytes.len());
    }

    /// Whether no messages come after it: an unfinished one stays so.
    pub(super) const fn ends_messages(&self) -> bool {
        matches!(self.rest, Rest::CloseReceived { .. } | Rest::Failed { .. } | Rest::Closed { .. })
    }

    /// Whether its bytes are in the memory for joining.
    pub(super) fn is_joined(&self) -> bool {
        self.what == What::Data && self.joined
    }

    /// The event, with its bytes.
    #[inline]
    pub(super) fn event<'i>(&self, input: &'i mut [u8], memory: &'i mut [u8]) -> Option<Event<'i>> {
        let place = if self.joined { memory } else { input };
        let bytes = place.get_mut(self.at..).and_then(|rest| rest.get_mut(..self.len)).unwrap_or_default();
        match self.what {
            What::Nothing => None,
            What::Data => Some(Event::Data(Data { kind: self.kind, payload: bytes, offset: self.offset, last: self.last })),
            What::Other => self.other(bytes),
        }
    }

    #[inline(never)]
    fn other<'i>(&self, bytes: &'i [u8]) -> Option<Event<'i>> {
        Some(match self.rest {
            Rest::Nothing => return None,
            Rest::Request { is_opening_handshake } => {
                let request = Request::of_checked(bytes, is_opening_handshake);
                if is_opening_handshake { Event::Request(request) } else { Event::HttpRequest(request) }
            }
            Rest::Opened => Event::Opened(Response::of_scanned(bytes)),
            Rest::Refused { error } => Event::Refused { response: Response::of_scanned(bytes), error },
            Rest::Ping { answered } => Event::Ping { payload: bytes, answered },
            Rest::Pong { answers } => Event::Pong { payload: bytes, answers },
            Rest::CloseReceived { code } => {
                Event::CloseReceived { code, reason: core::str::from_utf8(bytes).unwrap_or_default() }
            }
            Rest::Failed { error } => Event::Failed { error },
            Rest::Closed { code, was_clean, cause } => Event::Closed { code, was_clean, cause },
        })
    }
}
