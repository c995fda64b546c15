//! Sessions of Engine.IO, for a server: over HTTP long-polling, over WebSocket, and from one to the other. The caller owns the sockets.
//!
//! A session is known by its `sid` and lives longer than any connection: each poll is a request of its own, and an upgrade is a second
//! connection beside the polls. So the server is one value for all of them, and connections are numbers that the caller gives ([`Key`]): one
//! for each HTTP request, one for each WebSocket.
//!
//! ```text
//!   HTTP request  ->  request(key, …)  ->  Respond | Park | Upgrade
//!   WebSocket     ->  opened(key), receive(key, …), gone(key)
//!   time          ->  advance(now), before it next_timeout()
//!   messages      ->  send(session, …)
//!                     next_ready()  ->  key, pull(key)  ->  Respond | Text | Binary | Close
//! ```
//!
//! Each of the first three tells what it has found by calling `on`, which can send and close at once. After each call the caller asks
//! [`Server::next_ready`] until there are no more keys, and [`Server::pull`]s under each what is to be written. What a client does not take
//! waits in the server, up to [`Config::max_queued`] bytes.
//!
//! ```
//! use sansocket::{Entropy, EntropyError, Instant};
//! use sansocket_socketio::engine::server::{Answer, Config, Due, Event, Key, Message, Outgoing, Request, Server};
//!
//! # struct Generator(u8);
//! # impl Entropy for Generator {
//! #     fn fill(&mut self, bytes: &mut [u8]) -> Result<(), EntropyError> {
//! #         self.0 += 1;
//! #         bytes.fill(self.0);
//! #         Ok(())
//! #     }
//! # }
//! # let generator = Generator(0);
//! let mut server = Server::new(Config::new(), generator);
//! // An echo.
//! let mut on = |server: &mut Server<_>, event: Event<'_>| {
//!     if let Event::Message(session, Message::Text(text)) = event {
//!         server.send(session, Outgoing::text(text));
//!     }
//! };
//! let now = Instant::from_millis(0);
//! let request = Request { method: "GET", query: "EIO=4&transport=polling", content_type: None, is_upgrade: false, body: b"" };
//! let Answer::Respond(opening) = server.request(now, Key(1), &request, &mut on) else { panic!() };
//! assert_eq!((opening.status, &opening.body[..8]), (200, &br#"0{"sid":"#[..]));
//!
//! let query = format!("EIO=4&transport=polling&sid={}", std::str::from_utf8(&opening.body[9..29])?);
//! let poll = Request { query: &query, ..request };
//! assert_eq!(server.request(now, Key(2), &poll, &mut on), Answer::Park);
//! let post = Request { method: "POST", body: b"4hello", ..poll };
//! let Answer::Respond(ok) = server.request(now, Key(3), &post, &mut on) else { panic!() };
//! assert_eq!((ok.status, &ok.body[..]), (200, &b"ok"[..]));
//!
//! assert_eq!(server.next_ready(), Some(Key(2)));
//! let Some(Due::Respond(answer)) = server.pull(Key(2)) else { panic!() };
//! assert_eq!(answer.body, "4hello");
//! # Ok::<(), std::str::Utf8Error>(())
//! ```
//!
//! # What is done with odd clients
//!
//! As the reference (`engine.io` 6.6) does it, where no reason is given.
//!
//! | request or packet | reference | here | why |
//! |---|---|---|---|
//! | another `transport`, or polling if that is off | 400, code 0 | the same | |
//! | a `sid` that there is not, or not any longer | 400, code 1 | the same | |
//! | an opening that is no GET | 400, code 2 | the same | |
//! | a `transport` that the session has not, or not any longer; another `EIO` with a `sid` | 400, code 3 | the same | |
//! | neither GET nor POST with a `sid` | 500 | 400, code 3 | it is the client's fault |
//! | `transport=websocket` and a `sid`, but no upgrade | never answers if the session has a WebSocket | 400, code 3 | |
//! | an upgrade with `transport=polling` | 101, then closes | 400, code 3 | no WebSocket comes of it |
//! | an opening with another `EIO` | 400, code 5; after the 101 if it asks for a WebSocket | 400, code 5, always | the client is to see an HTTP answer |
//! | no entropy for a `sid` | 400, code 3 | 503 | it is not the client's fault |
//! | a second WebSocket with the `sid`, during an upgrade or after it | 101, then closes | the same | |
//! | a second GET while one waits | 400 for it, `1` for the other, the session is over | the same | |
//! | a second POST while one is sent | 400, the session is over | each is taken when it is complete | a request comes with all of its body here, so there is only one at a time |
//! | a GET that the client gives up | the session is over | the same | what was on its way is lost |
//! | a POST that breaks off | the session is over | the session goes on | it never was a whole request; the client knows, and ends it |
//! | a POST of more than `max_payload` bytes; of octets | 413, 400; the session is over | the same | |
//! | a POST that is not UTF-8 | replaces what is wrong | 400, the session is over | a message that is changed is no message |
//! | a wrong packet, `2` in a POST | 200; what came before it was delivered, the session is over | 400, else the same | the packet was not taken |
//! | base64 with other characters, or without padding | skips them | as a wrong packet | bytes that are guessed are wrong bytes |
//! | `1` in a POST | `6` for the GET, the session is over, what follows is ignored | the same | |
//! | `1` over a WebSocket | ignores it | closes, the session is over | the client has said so |
//! | `0`, `5`, `6` unasked | ignores it | the same | |
//! | `3` unasked | the next ping comes one interval later | the same | |
//! | anything else while a `3` is due | gives the client its time again, once | the same | |
//! | a WebSocket to upgrade to that sends neither `2probe` nor `5` | closes it, polling goes on | the same | |
//! | `5` without `2probe` | upgrades | the same | |
//! | a GET that waits when `5` comes | `1` | 400, code 3 | as one that comes a moment later: the session is not over |
//! | no `3` since the ping when `5` comes | stops waiting for it | goes on waiting | else a dead client is never noticed |

mod config;
mod heartbeat;
mod life;
mod links;
mod polling;
mod query;
mod queue;
mod session;
mod sid;
mod values;
mod websocket;

pub use config::Config;
pub use values::{Answer, Due, Event, Key, Message, Outgoing, Reason, Request, Response, Transport};

use crate::slab::{Number, Slab};
use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use links::{Links, Role};
use query::{Query, Refusal};
use sansocket::{Entropy, EntropyError, Instant};
use session::{Part, Session};
pub(crate) use sid::Sid;

/// A session, as long as it lives; never used again for another one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct SessionId(Number);

impl From<SessionId> for Number {
    fn from(id: SessionId) -> Self {
        id.0
    }
}

/// The sessions of a server. See the [module](self).
pub struct Server<E> {
    entropy: E,
    config: Config,
    sessions: Slab<Session>,
    sids: BTreeMap<Sid, SessionId>,
    links: Links,
    /// One for each session: the first of what it waits for.
    timers: BTreeSet<(Instant, SessionId)>,
    /// Those that are over, which the program was not told yet.
    closed: VecDeque<(SessionId, Reason)>,
}

impl<E: Entropy> Server<E> {
    /// Without sessions. `entropy` makes their ids, which are secrets.
    pub fn new(config: Config, entropy: E) -> Self {
        Self {
            entropy,
            config,
            sessions: Slab::new(),
            sids: BTreeMap::new(),
            links: Links::default(),
            timers: BTreeSet::new(),
            closed: VecDeque::new(),
        }
    }

    /// What it was made with.
    pub const fn config(&self) -> &Config {
        &self.config
    }

    /// A request to the path of Engine.IO (`/engine.io/`, `/socket.io/`: the path is the caller's to compare). A key that is in use is refused
    /// with 400.
    pub fn request(
        &mut self,
        now: Instant,
        key: Key,
        request: &Request<'_>,
        on: &mut impl FnMut(&mut Self, Event<'_>),
    ) -> Answer {
        let answer = self.answer(now, key, request, on).unwrap_or_else(|refusal| Answer::Respond(refusal.response()));
        self.tell_closed(on);
        answer
    }

    /// The WebSocket of a request that was to be upgraded is open.
    pub fn opened(&mut self, now: Instant, key: Key, on: &mut impl FnMut(&mut Self, Event<'_>)) {
        match self.links.role(key) {
            Some(&Role::Opening { sid, wants_base64 }) => self.open_websocket(now, key, (sid, wants_base64), on),
            Some(&Role::Joining { session, wants_base64 }) => self.join(now, key, session, wants_base64),
            _ => {}
        }
        self.tell_closed(on);
    }

    /// A whole message of a WebSocket.
    pub fn receive(&mut self, now: Instant, key: Key, message: Message<'_>, on: &mut impl FnMut(&mut Self, Event<'_>)) {
        if let Some((id, part)) = self.part(key) {
            match part {
                Part::WebSocket { .. } => self.receive_message(now, id, message, on),
                Part::Candidate => self.receive_probe(now, id, message, on),
                Part::Poll => {}
            }
        }
        self.tell_closed(on);
    }

    /// The WebSocket has ended, or the client has given up a parked request. The key is done with.
    pub fn gone(&mut self, key: Key, on: &mut impl FnMut(&mut Self, Event<'_>)) {
        let part = self.part(key);
        self.links.remove(key);
        match part {
            Some((id, Part::Poll)) => self.end(id, Reason::TransportError),
            Some((id, Part::WebSocket { .. })) => self.end(id, Reason::TransportClose),
            Some((id, Part::Candidate)) => self.drop_candidate(id),
            None => {}
        }
        self.tell_closed(on);
    }

    /// Does what is due by now.
    pub fn advance(&mut self, now: Instant, on: &mut impl FnMut(&mut Self, Event<'_>)) {
        while let Some(&(_, id)) = self.timers.first().filter(|(at, _)| *at <= now) {
            self.do_due(now, id);
        }
        self.tell_closed(on);
    }

    /// When [`advance`](Self::advance) is to be called next. It may lie in the past.
    pub fn next_timeout(&self) -> Option<Instant> {
        if self.closed.is_empty() { self.timers.first().map(|&(at, _)| at) } else { Some(Instant::from_micros(0)) }
    }

    /// A key under which something is due. Each is told once, until [`pull`](Self::pull) has returned `None` for it.
    pub fn next_ready(&mut self) -> Option<Key> {
        self.links.next_ready()
    }

    /// What is due under a key: to be called until it returns `None`, or as long as the transport takes it. A caller that stops before goes on
    /// by itself when the transport takes more.
    pub fn pull(&mut self, key: Key) -> Option<Due> {
        let due = match self.part(key) {
            Some((id, part)) => self.pull_part(id, part),
            None => self.links.pull_ending(key),
        };
        if due.is_none() {
            self.links.set_quiet(key);
        }
        due
    }

    /// Sends a message, after all that wait for the client. False if it does not go: the session is over, or with this it is, because the
    /// client does not take what waits ([`Reason::QueueFull`]). `Closed` comes then as [`close`](Self::close) says.
    pub fn send(&mut self, session: SessionId, message: Outgoing) -> bool {
        let Some(open) = self.sessions.get_mut(session).filter(|session| session.is_open()) else { return false };
        if open.queue.bytes_with(&message) > self.config.max_queued {
            self.end(session, Reason::QueueFull);
            return false;
        }
        open.queue.push(message);
        let outlet = open.outlet();
        self.set_ready(outlet);
        true
    }

    /// Whether nothing waits for the client, and its transport takes more: what is worth nothing later is sent only then.
    pub fn is_writable(&self, session: SessionId) -> bool {
        self.sessions.get(session).is_some_and(|session| {
            session.is_open() && session.queue.is_empty() && session.outlet().is_some_and(|key| self.links.is_quiet(key))
        })
    }

    /// Closes a session, after what waits for the client has left: at once over a WebSocket; over polling the client has
    /// [`Config::ping_timeout_ms`] to fetch it. `Closed` comes at the end of the call that is under way, or with the next
    /// [`advance`](Self::advance), which is due at once then.
    pub fn close(&mut self, now: Instant, session: SessionId) {
        self.close_softly(now, session);
    }

    /// What a session goes over now. `None` if it is over.
    pub fn transport(&self, session: SessionId) -> Option<Transport> {
        let session = self.sessions.get(session).filter(|session| session.is_open())?;
        Some(match session.transport {
            session::Transport::Polling { .. } => Transport::Polling,
            session::Transport::WebSocket { .. } => Transport::WebSocket,
        })
    }

    /// An id for something that is not a session.
    pub(crate) fn draw_sid(&mut self) -> Result<Sid, EntropyError> {
        sid::draw(&mut self.entropy)
    }

    /// In the order in which the reference checks.
    fn answer(
        &mut self,
        now: Instant,
        key: Key,
        request: &Request<'_>,
        on: &mut impl FnMut(&mut Self, Event<'_>),
    ) -> Result<Answer, Refusal> {
        if self.links.contains(key) {
            return Err(Refusal::BadRequest);
        }
        let query = Query::parse(request.query);
        let is_websocket = match query.transport {
            "polling" if self.config.polling => false,
            "websocket" => true,
            _ => return Err(Refusal::UnknownTransport),
        };
        if query.sid.is_empty() {
            self.check_opening(request, &query, is_websocket)?;
            return if is_websocket { self.promise_websocket(key, &query) } else { self.open_polling(now, on) };
        }
        let id = *self.sids.get(query.sid.as_bytes()).ok_or(Refusal::UnknownSid)?;
        if query.version != "4" || is_websocket != request.is_upgrade {
            return Err(Refusal::BadRequest);
        }
        let polls = self.sessions.get(id).is_some_and(|session| matches!(session.transport, session::Transport::Polling { .. }));
        match request.method {
            "GET" if is_websocket => {
                self.links.insert(key, Role::Joining { session: id, wants_base64: query.wants_base64 });
                Ok(Answer::Upgrade)
            }
            "GET" if polls => self.poll(key, id),
            "POST" if polls && !is_websocket => self.post(now, id, request, on),
            _ => Err(Refusal::BadRequest),
        }
    }

    fn check_opening(&self, request: &Request<'_>, query: &Query<'_>, is_websocket: bool) -> Result<(), Refusal> {
        if request.method != "GET" {
            Err(Refusal::BadHandshakeMethod)
        } else if is_websocket != request.is_upgrade {
            Err(Refusal::BadRequest)
        } else if query.version != "4" {
            Err(Refusal::UnsupportedVersion)
        } else if self.sids.len() >= self.config.max_sessions {
            Err(Refusal::Forbidden)
        } else {
            Ok(())
        }
    }

    /// Whose poll or WebSocket it is.
    fn part(&self, key: Key) -> Option<(SessionId, Part)> {
        let Some(&Role::Of(id)) = self.links.role(key) else { return None };
        Some((id, self.sessions.get(id)?.part(key)?))
    }

    fn pull_part(&mut self, id: SessionId, part: Part) -> Option<Due> {
        match part {
            Part::Poll => self.pull_poll(id).map(Due::Respond),
            Part::Candidate => self.pull_pong(id),
            Part::WebSocket { wants_base64 } => {
                let packet = self.sessions.get_mut(id)?.queue.pop()?;
                Some(queue::over_websocket(packet, wants_base64))
            }
        }
    }

    fn set_ready(&mut self, outlet: Option<Key>) {
        if let Some(key) = outlet {
            self.links.set_ready(key);
        }
    }
}

/// Shows how many sessions there are. Their ids are secrets.
impl<E> core::fmt::Debug for Server<E> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Server").field("config", &self.config).field("sessions", &self.sids.len()).finish_non_exhaustive()
    }
}

/// That long after `now`, at most the end of the scale.
const fn after(now: Instant, ms: u32) -> Instant {
    let [a, b, c, d] = ms.to_be_bytes();
    let ms = u64::from_be_bytes([0, 0, 0, 0, a, b, c, d]);
    Instant::from_micros(now.as_micros().saturating_add(ms.saturating_mul(1000)))
}
