//! Engine.IO for a client, over HTTP long-polling and over a WebSocket that takes its place ("HTTP long-polling" and "Upgrade" in the Engine.IO
//! protocol).
//!
//! For networks that do not let a WebSocket through. [`Polling`] says which requests to make and what to send over the WebSocket; HTTP itself,
//! sockets, TLS, header fields, cookies and redirects are the caller's.
//!
//! ```text
//!   next_request() -> Request -> HTTP -> response(id, …) or failed(id)
//!   websocket_target() -> WebSocket -> opened(), receive(…), gone(); pull() -> Due
//!   time           -> advance(now), next_timeout()
//!   the program    -> send(…), close(), end()
//! ```
//!
//! What has arrived comes first, then [`advance`](Polling::advance), then [`next_request`](Polling::next_request) and
//! [`pull`](Polling::pull), each until it returns `None`.
//!
//! ```
//! use sansocket::Instant;
//! use sansocket_socketio::engine::polling::{Event, Message, Method, Polling};
//!
//! let mut polling = Polling::new("/engine.io/?token=abc");
//! let opening = polling.next_request().unwrap();
//! assert_eq!(opening.target, "/engine.io/?token=abc&EIO=4&transport=polling&t=0");
//!
//! let body = br#"0{"sid":"lv","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#;
//! let now = Instant::from_millis(0);
//! assert!(matches!(polling.response(now, opening.id, 200, body)[..], [Event::Opened(_)]));
//!
//! polling.send(Message::Text("hello"))?;
//! polling.send(Message::Binary(&[1, 2, 3]))?;
//! let (poll, post) = (polling.next_request().unwrap(), polling.next_request().unwrap());
//! assert_eq!((poll.method, post.method), (Method::Get, Method::Post));
//! assert_eq!(post.body, "4hello\u{1e}bAQID");
//! assert_eq!(polling.next_request(), None);
//!
//! polling.response(now, post.id, 200, b"ok");
//! for event in polling.response(now, poll.id, 200, b"4hi\x1e2") {
//!     println!("{event:?}"); // Text(2 bytes), Ping: the answer is in the next request
//! }
//! # Ok::<(), sansocket_socketio::engine::polling::SendError>(())
//! ```

mod event;
mod queue;
mod request;

pub use super::server::Message;
pub use event::{Due, End, Event, Refusal, SendError};
pub use request::{Method, Request};

use super::{EngineError, Handshake, Packet, base64_len, decode_base64, packets};
use alloc::borrow::{Cow, ToOwned};
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use queue::Queue;
use sansocket::Instant;

/// A client's session, from its opening over HTTP on.
///
/// At most one GET and one POST are in flight. Whatever goes wrong with one of them ends the session ([`end`](Self::end)): what was in a request
/// that failed may have arrived or not, and is not sent again.
///
/// # The upgrade
///
/// If [`websocket_target`](Self::websocket_target) has one, the caller may open a WebSocket to it at any time, and says [`opened`](Self::opened).
/// Polling goes on while the server is asked over the WebSocket (`2probe`). Once it has answered (`3probe`), no new request is made; when those
/// in flight are over, `5` is said, and from there on everything goes over the WebSocket. If the WebSocket ends before, polling goes on.
/// No message is lost, repeated or put out of order by that.
///
/// # Memory
///
/// The messages that wait to be sent: at most [`max_queued`](Self::max_queued) bytes. What is received is the caller's, who should not read a
/// body without a limit.
pub struct Polling {
    target: String,
    /// How many requests were made; their number is their id.
    requests: u64,
    get: Option<u64>,
    post: Option<Post>,
    session: Option<Session>,
    queue: Queue,
    websocket: WebSocket,
    is_closing: bool,
    end: Option<End>,
}

struct Post {
    id: u64,
    /// It has the `1` of [`Polling::close`].
    says_close: bool,
}

/// What the server has said, and when it must speak again.
struct Session {
    /// As it stands in a query.
    sid: String,
    can_upgrade: bool,
    /// The longest body.
    max_payload: u64,
    /// Between two pings, in microseconds.
    patience_us: u64,
    deadline: Instant,
}

impl Session {
    fn new(handshake: &Handshake<'_>, now: Instant) -> Self {
        let patience_ms = handshake.ping_interval_ms.saturating_add(handshake.ping_timeout_ms);
        let mut session = Self {
            sid: request::in_query(handshake.sid.chars()),
            can_upgrade: handshake.can_upgrade,
            // The reference means "without a limit" by 0, too.
            max_payload: handshake.max_payload.filter(|&bytes| bytes > 0).unwrap_or(u64::MAX),
            patience_us: patience_ms.saturating_mul(1000),
            deadline: now,
        };
        session.was_pinged(now);
        session
    }

    fn was_pinged(&mut self, now: Instant) {
        self.deadline = Instant::from_micros(now.as_micros().saturating_add(self.patience_us));
    }
}

/// The WebSocket that is to be the transport, and then is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum WebSocket {
    /// There is none.
    None,
    /// It is open; the server is to be asked.
    Opened,
    /// The server was asked.
    Probing,
    /// The server has agreed. Polling comes to its end.
    Agreed,
    /// It is the transport.
    Transport,
    /// It is to be closed.
    Unwanted,
}

impl Polling {
    /// A session with the server that has this path, with its trailing slash and, if the program has one, a query: `/socket.io/?token=abc`.
    ///
    /// Its requests are numbered in their query (`t`), for caches. For those that ignore the Cache-Control of the first answer, put something
    /// random into the query.
    pub fn new(target: &str) -> Self {
        Self {
            target: target.to_owned(),
            requests: 0,
            get: None,
            post: None,
            session: None,
            queue: Queue::new(16_000_000),
            websocket: WebSocket::None,
            is_closing: false,
            end: None,
        }
    }

    /// How many bytes of messages may wait to be sent: 16 000 000.
    #[must_use]
    pub fn max_queued(mut self, bytes: usize) -> Self {
        self.queue = Queue::new(bytes);
        self
    }

    /// A request that is to be made now, if there is one. Its outcome is told by [`response`](Self::response) or [`failed`](Self::failed).
    pub fn next_request(&mut self) -> Option<Request> {
        if self.end.is_some() || matches!(self.websocket, WebSocket::Agreed | WebSocket::Transport) {
            return None;
        }
        let wants_get = self.session.is_none() || !self.is_closing;
        if wants_get && self.get.is_none() {
            let request = self.request(Method::Get, String::new());
            self.get = Some(request.id);
            return Some(request);
        }
        let session = self.session.as_ref()?;
        if self.post.is_some() {
            return None;
        }
        let (body, says_close) = self.queue.body(session.max_payload, self.is_closing);
        if body.is_empty() {
            return None;
        }
        let request = self.request(Method::Post, body);
        self.post = Some(Post { id: request.id, says_close });
        Some(request)
    }

    fn request(&mut self, method: Method, body: String) -> Request {
        let id = self.requests;
        self.requests = id.saturating_add(1);
        let target = request::target(&self.target, "polling", self.session.as_ref().map(|session| &*session.sid), Some(id));
        Request { id, method, target, body }
    }

    /// A request was answered, with all of this body. What was received by it is returned, in order; pings are answered already.
    ///
    /// After the end of the session, and for a request that it does not know, nothing happens.
    pub fn response<'b>(&mut self, now: Instant, id: u64, status: u16, body: &'b [u8]) -> Vec<Event<'b>> {
        let post = self.post.take_if(|post| post.id == id);
        let get = self.get.take_if(|get| *get == id);
        let mut events = Vec::new();
        if self.end.is_some() || post.is_none() && get.is_none() {
            return events;
        }
        if status != 200 {
            self.end = Some(End::Refused(Refusal::new(status, body)));
        } else if get.is_some() {
            let read = core::str::from_utf8(body).map_err(|_| End::NotUtf8).and_then(|body| self.body(now, body, &mut events));
            self.end = read.err();
        } else if post.is_some_and(|post| post.says_close) {
            self.end = Some(End::Closed);
        }
        events
    }

    fn body<'b>(&mut self, now: Instant, body: &'b str, events: &mut Vec<Event<'b>>) -> Result<(), End> {
        for packet in packets(body) {
            events.extend(self.packet(now, packet?)?);
        }
        Ok(())
    }

    fn packet<'b>(&mut self, now: Instant, packet: Packet<'b>) -> Result<Option<Event<'b>>, End> {
        let Some(session) = &mut self.session else {
            let Packet::Open(json) = packet else { return Err(End::NoHandshake) };
            let handshake = Handshake::parse(json)?;
            self.session = Some(Session::new(&handshake, now));
            return Ok(Some(Event::Opened(handshake)));
        };
        Ok(match packet {
            Packet::Close => return Err(End::ServerClosed),
            Packet::Ping(_) => {
                session.was_pinged(now);
                self.queue.pong();
                Some(Event::Ping)
            }
            Packet::Message(text) => Some(Event::Text(text)),
            Packet::Binary(bytes) => Some(Event::Binary(Cow::Borrowed(bytes))),
            Packet::Base64(text) => {
                let mut bytes = vec![0; base64_len(text)];
                decode_base64(text, &mut bytes).map_err(|_| End::Base64)?;
                Some(Event::Binary(Cow::Owned(bytes)))
            }
            Packet::Open(_) | Packet::Pong(_) | Packet::Upgrade | Packet::Noop => None,
        })
    }

    /// A request was not answered: the connection was refused or has ended, or it took the caller too long. The session is over.
    pub fn failed(&mut self, id: u64) {
        let post = self.post.take_if(|post| post.id == id);
        let get = self.get.take_if(|get| *get == id);
        if post.is_some() || get.is_some() {
            self.finish(End::RequestFailed);
        }
    }

    /// Where a WebSocket can be opened that takes the place of polling: path and query. `None` if the server does not want one, if there is
    /// one, and unless the session is open.
    pub fn websocket_target(&self) -> Option<String> {
        let session = self.session.as_ref().filter(|session| session.can_upgrade && self.is_open())?;
        let target = || request::target(&self.target, "websocket", Some(&session.sid), None);
        (self.websocket == WebSocket::None).then(target)
    }

    /// The WebSocket is open.
    pub fn opened(&mut self) {
        let is_wanted = self.is_open() && self.websocket == WebSocket::None;
        self.websocket = if is_wanted { WebSocket::Opened } else { WebSocket::Unwanted };
    }

    /// A message came over the WebSocket. What is for the program is returned; pings are answered already.
    pub fn receive<'m>(&mut self, now: Instant, message: Message<'m>) -> Option<Event<'m>> {
        let packet = match message {
            Message::Text(text) => Packet::decode(text),
            Message::Binary(bytes) => Ok(Packet::Binary(bytes)),
        };
        match self.websocket {
            WebSocket::Transport if self.end.is_none() => {
                let received = packet.map_err(End::from).and_then(|packet| self.packet(now, packet));
                received.unwrap_or_else(|end| {
                    self.end = Some(end);
                    None
                })
            }
            WebSocket::Probing if packet == Ok(Packet::Pong("probe")) => {
                self.websocket = WebSocket::Agreed;
                None
            }
            WebSocket::Opened | WebSocket::Probing | WebSocket::Agreed => {
                self.websocket = WebSocket::Unwanted;
                None
            }
            WebSocket::None | WebSocket::Transport | WebSocket::Unwanted => None,
        }
    }

    /// The WebSocket has ended, however. If it was the transport, the session is over; if not, polling goes on.
    pub fn gone(&mut self) {
        if self.websocket == WebSocket::Transport {
            self.finish(End::ServerClosed);
        }
        self.websocket = WebSocket::None;
    }

    /// What is to be done with the WebSocket now, if there is anything.
    pub fn pull(&mut self) -> Option<Due> {
        let (next, due) = match self.websocket {
            WebSocket::None => return None,
            _ if self.end.is_some() => (WebSocket::None, Due::Close),
            WebSocket::Unwanted => (WebSocket::None, Due::Close),
            WebSocket::Opened => (WebSocket::Probing, Due::Text("2probe".to_owned())),
            WebSocket::Agreed if self.get.is_none() && self.post.is_none() => (WebSocket::Transport, Due::Text("5".to_owned())),
            WebSocket::Probing | WebSocket::Agreed => return None,
            WebSocket::Transport => match self.queue.pop() {
                Some(due) => (WebSocket::Transport, due),
                None if self.is_closing => {
                    self.end = Some(End::Closed);
                    (WebSocket::None, Due::Close)
                }
                None => return None,
            },
        };
        self.websocket = next;
        Some(due)
    }

    /// Sends a message, after those that wait.
    ///
    /// # Errors
    /// Any [`SendError`]; nothing is sent then.
    pub fn send(&mut self, message: Message<'_>) -> Result<(), SendError> {
        let session = self.session.as_ref().filter(|_| self.is_open()).ok_or(SendError::NotOpen)?;
        // Until it is known that no POST will carry it.
        let max_payload = if self.is_upgraded() { None } else { Some(session.max_payload) };
        self.queue.push(message, max_payload)
    }

    /// Closes the session, after what waits to be sent. [`end`](Self::end) tells when that is done; who does not want to wait drops it.
    pub fn close(&mut self) {
        self.is_closing = true;
        if matches!(self.websocket, WebSocket::Opened | WebSocket::Probing | WebSocket::Agreed) {
            self.websocket = WebSocket::Unwanted;
        }
        if self.session.is_none() && self.get.is_none() {
            self.finish(End::Closed);
        }
    }

    /// Ends the session if the server has not been heard for too long: no ping for the sum of `pingInterval` and `pingTimeout`.
    pub fn advance(&mut self, now: Instant) {
        if self.next_timeout().is_some_and(|deadline| now >= deadline) {
            self.finish(End::PingTimeout);
        }
    }

    /// When [`advance`](Self::advance) is to be called. How long a server may take to answer the first request is for the caller to say.
    pub fn next_timeout(&self) -> Option<Instant> {
        self.session.as_ref().filter(|_| self.end.is_none()).map(|session| session.deadline)
    }

    /// Whether messages can be sent.
    pub const fn is_open(&self) -> bool {
        self.session.is_some() && self.end.is_none() && !self.is_closing
    }

    /// Whether nothing waits, and what is sent now leaves at once: for what is worth nothing later.
    pub fn is_writable(&self) -> bool {
        let is_free = match self.websocket {
            WebSocket::Agreed => false,
            WebSocket::Transport => true,
            _ => self.post.is_none(),
        };
        self.is_open() && is_free && self.queue.is_empty()
    }

    /// Whether everything goes over the WebSocket.
    pub fn is_upgraded(&self) -> bool {
        self.websocket == WebSocket::Transport
    }

    /// How the session has ended, if it has. Requests that are still in flight are of no use then and can be cut off.
    pub const fn end(&self) -> Option<&End> {
        self.end.as_ref()
    }

    fn finish(&mut self, end: End) {
        self.end.get_or_insert(end);
    }
}

impl From<EngineError> for End {
    fn from(error: EngineError) -> Self {
        Self::Packet(error)
    }
}

/// Does not show the `sid`, which is a secret, nor the query, which may have others.
impl core::fmt::Debug for Polling {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Polling")
            .field("is_open", &self.is_open())
            .field("is_upgraded", &self.is_upgraded())
            .field("queue", &self.queue)
            .field("end", &self.end)
            .finish_non_exhaustive()
    }
}
