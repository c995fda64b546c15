//! What happens to a client, as values that belong to the program.

use super::{Args, EmitError, Fault, Reason, Socket};
use crate::session::{self, Cause, Numbers};
use bytes::Bytes;
use core::fmt;
use core::ops::Deref;
use core::time::Duration;
use sansocket::UsageError;
use sansocket_socketio::client::Asker;
use sansocket_socketio::json::Value;
use std::io;

/// What happened. (Patterns of its variants end in `..`, as they may grow.)
#[derive(Debug)]
#[non_exhaustive]
pub enum Event {
    /// The server has let us into a namespace: at the first time, and after each reconnection.
    #[non_exhaustive]
    Connected {
        /// The namespace.
        socket: Socket,
        /// The server's id of us in it.
        sid: String,
        /// The server has kept what we were: what was missed came before this.
        recovered: bool,
    },
    /// The server does not let us into a namespace. It is not tried again by itself: [`Socket::connect`].
    #[non_exhaustive]
    ConnectError {
        /// The namespace.
        socket: Socket,
        /// Why.
        refusal: Refusal,
    },
    /// An event of the server's, with all of its attachments.
    Message(Message),
    /// We are no longer in a namespace; one for each `Connected`. Joined again by itself, unless
    /// [`is_final`](Reason::is_final) says otherwise.
    #[non_exhaustive]
    Disconnected {
        /// The namespace.
        socket: Socket,
        /// Why.
        reason: Reason,
    },
    /// What [`Builder::auth`](super::Builder::auth) gave cannot be sent; the namespace is asked for without it.
    #[non_exhaustive]
    AuthFailed {
        /// The namespace.
        socket: Socket,
        /// Why.
        error: EmitError,
    },
    /// There is no connection any longer, or it did not come about. As [`session::Event::Down`].
    #[non_exhaustive]
    Down {
        /// Why, and by [`is_transient`](Cause::is_transient) whether another attempt may have better luck.
        cause: Cause,
        /// Why we have dropped it, if we have.
        fault: Option<Fault>,
        /// When the client dials again; `None`: it does not.
        retry_in: Option<Duration>,
        /// What was handed to the transport, and of which it is not known whether it arrived, by the numbers that [`Socket::emit`] gave.
        /// It is not sent again.
        unconfirmed: Numbers,
        /// The text for humans in the server's Close, if there was one.
        reason: String,
        /// What the system or TLS said, if that is why.
        error: Option<io::Error>,
    },
    /// What was emitted was dropped unsent, by the numbers that [`Socket::emit`] gave: the queue was full, it was volatile, or the client
    /// was closed.
    Dropped(Numbers),
    /// The server has answered the opening handshake with another status than 101. [`Down`](Self::Down) follows.
    Refused(session::Response),
    /// What else happens to the session below: [`Up`](session::Event::Up), [`Redirected`](session::Event::Redirected),
    /// [`ProxyRefused`](session::Event::ProxyRefused), [`GaveUp`](session::Event::GaveUp).
    Session(session::Event),
    /// A mistake of this program: header fields that cannot be sent, or not all at once. The client ends, and [`Down`](Self::Down) follows.
    Usage(UsageError),
}

/// Why the server does not let us into a namespace.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Refusal {
    /// It says so, in JSON: an object with `message` and maybe `data`, or a string (python-socketio).
    Refused(String),
    /// It speaks an older protocol, of Socket.IO 2.
    OldServer,
    /// The name of the namespace with what [`auth`](super::Builder::auth) gave is too long.
    TooLong,
}

impl Refusal {
    /// For humans, and for `match`: the server's message, or one of ours.
    pub fn message(&self) -> String {
        match self {
            Self::Refused(json) => {
                let value = Value::parse(json).ok();
                let message = value.and_then(|value| value.get("message")).or(value).and_then(|value| value.text());
                message.map(|text| text.to_string()).unwrap_or_default()
            }
            Self::OldServer => "the server speaks an older protocol".to_owned(),
            Self::TooLong => "what is to be sent is too long".to_owned(),
        }
    }

    /// `data` beside the message, as JSON.
    pub fn data_json(&self) -> Option<&str> {
        let Self::Refused(json) = self else { return None };
        Value::parse(json).ok()?.get("data").map(|data| data.as_json())
    }
}

/// The arguments of an event or an answer that was received.
#[derive(Clone, PartialEq, Eq)]
pub struct Payload {
    /// A JSON array.
    pub(super) json: String,
    pub(super) attachments: Vec<Bytes>,
}

impl Payload {
    /// All arguments as a JSON array, for `serde_json::from_str`. Where bytes belong it has placeholders:
    /// `{"_placeholder":true,"num":0}` is the first of [`attachments`](Self::attachments).
    pub fn args_json(&self) -> &str {
        &self.json
    }

    /// The arguments.
    pub fn args(&self) -> impl Iterator<Item = Value<'_>> {
        Value::parse(&self.json).into_iter().flat_map(|array| array.items())
    }

    /// An argument, counted from 0.
    pub fn arg(&self, at: usize) -> Option<Value<'_>> {
        self.args().nth(at)
    }

    /// An argument that is a string.
    pub fn text(&self, at: usize) -> Option<String> {
        Some(self.arg(at)?.text()?.to_string())
    }

    /// An argument that is bytes.
    pub fn bytes(&self, at: usize) -> Option<&Bytes> {
        self.attachment(self.arg(at)?)
    }

    /// The bytes that belong in the place of this value, if they do: one of the arguments, or nested in one.
    pub fn attachment(&self, value: Value<'_>) -> Option<&Bytes> {
        let is_placeholder = value.get("_placeholder")?.as_bool()?;
        let num = value.get("num").filter(|_| is_placeholder)?.as_u64()?;
        self.attachments.get(usize::try_from(num).ok()?)
    }

    /// All bytes, in the order in which they came.
    pub fn attachments(&self) -> &[Bytes] {
        &self.attachments
    }
}

/// Shows lengths, not what was sent.
impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Payload").field("json", &self.json.len()).field("attachments", &self.attachments.len()).finish()
    }
}

/// An event of the server's: its name, and the [`Payload`] to which it dereferences.
#[derive(Clone)]
pub struct Message {
    pub(super) socket: Socket,
    pub(super) name: String,
    pub(super) payload: Payload,
    pub(super) asker: Option<Asker>,
}

impl Message {
    /// The namespace.
    pub const fn socket(&self) -> &Socket {
        &self.socket
    }

    /// Its name; of one that is a number, its digits.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether the server waits for an answer.
    pub const fn wants_ack(&self) -> bool {
        self.asker.is_some()
    }

    /// Answers it, once.
    ///
    /// # Errors
    /// [`EmitError::Stale`] if the connection that it came on has ended, or if it wants no answer; otherwise as [`Socket::emit`].
    pub fn ack(&self, args: impl Into<Args>) -> Result<(), EmitError> {
        self.socket.answer(self.asker.ok_or(EmitError::Stale)?, &args.into())
    }
}

impl Deref for Message {
    type Target = Payload;

    fn deref(&self) -> &Payload {
        &self.payload
    }
}

/// Shows lengths, not what was sent.
impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message").field("payload", &self.payload).field("wants_ack", &self.wants_ack()).finish_non_exhaustive()
    }
}
