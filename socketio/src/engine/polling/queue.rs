//! What waits to be sent: as bodies of requests, or as messages of a WebSocket.

use super::{Due, Message, SendError};
use crate::engine::{Packet, PayloadWriter};
use alloc::borrow::ToOwned;
use alloc::collections::VecDeque;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

/// Between two packets.
const SEPARATOR: char = '\u{1e}';

pub(super) struct Queue {
    messages: VecDeque<Waiting>,
    /// The bytes of all of them.
    bytes: usize,
    max_bytes: usize,
    /// One answers all pings that came before.
    pong_due: bool,
}

enum Waiting {
    Text(String),
    Binary(Vec<u8>),
}

impl Waiting {
    fn packet(&self) -> Packet<'_> {
        match self {
            Self::Text(text) => Packet::Message(text),
            Self::Binary(bytes) => Packet::Binary(bytes),
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Binary(bytes) => bytes.len(),
        }
    }
}

impl Queue {
    pub(super) const fn new(max_bytes: usize) -> Self {
        Self { messages: VecDeque::new(), bytes: 0, max_bytes, pong_due: false }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.messages.is_empty() && !self.pong_due
    }

    pub(super) fn pong(&mut self) {
        self.pong_due = true;
    }

    /// `max_payload` if it may have to fit into a body.
    pub(super) fn push(&mut self, message: Message<'_>, max_payload: Option<u64>) -> Result<(), SendError> {
        let waiting = match message {
            Message::Text(text) if max_payload.is_some() && text.contains(SEPARATOR) => return Err(SendError::Separator),
            Message::Text(text) => Waiting::Text(text.to_owned()),
            Message::Binary(bytes) => Waiting::Binary(bytes.to_owned()),
        };
        let body_len = u64::try_from(waiting.packet().encoded_len()).unwrap_or(u64::MAX);
        if max_payload.is_some_and(|max| body_len > max) {
            return Err(SendError::TooLong);
        }
        let bytes = self.bytes.saturating_add(waiting.len());
        if bytes > self.max_bytes {
            return Err(SendError::Full);
        }
        self.bytes = bytes;
        self.messages.push_back(waiting);
        Ok(())
    }

    /// As many packets as a body may have, joined; after all of them the `1` of a session that is `closing`, and whether it is there.
    pub(super) fn body(&mut self, max_payload: u64, closing: bool) -> (String, bool) {
        // "3", and "1" after its separator; each message with one.
        let wanted = self
            .messages
            .iter()
            .fold(4_usize, |len, waiting| len.saturating_add(waiting.packet().encoded_len()).saturating_add(1));
        let mut out = vec![0; usize::try_from(max_payload).unwrap_or(usize::MAX).min(wanted)];
        let mut body = PayloadWriter::new(&mut out, max_payload);
        if self.pong_due && body.push(&Packet::Pong("")).is_ok() {
            self.pong_due = false;
        }
        while self.messages.front().is_some_and(|waiting| body.push(&waiting.packet()).is_ok()) {
            self.pop_message();
        }
        let says_close = closing && self.is_empty() && body.push(&Packet::Close).is_ok();
        (body.finish().to_owned(), says_close)
    }

    /// The next message of a WebSocket.
    pub(super) fn pop(&mut self) -> Option<Due> {
        if self.pong_due {
            self.pong_due = false;
            return Some(Due::Text("3".to_owned()));
        }
        Some(match self.pop_message()? {
            Waiting::Text(mut text) => {
                text.insert(0, '4');
                Due::Text(text)
            }
            Waiting::Binary(bytes) => Due::Binary(bytes),
        })
    }

    fn pop_message(&mut self) -> Option<Waiting> {
        let waiting = self.messages.pop_front()?;
        self.bytes = self.bytes.saturating_sub(waiting.len());
        Some(waiting)
    }
}

/// Shows how much waits, not what.
impl core::fmt::Debug for Queue {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Queue").field("messages", &self.messages.len()).field("bytes", &self.bytes).finish_non_exhaustive()
    }
}
