//! A caller of the server, as tests want it.

use sansocket::{Entropy, EntropyError, Instant};
use sansocket_socketio::engine::server::{
    Answer, Config, Due, Event, Key, Message, Outgoing, Reason, Request, Response, Server, SessionId,
};

/// Not random, but never the same twice.
#[derive(Default)]
pub(crate) struct Counter(u64);

impl Entropy for Counter {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        self.0 += 1;
        // A first byte that gives a `-` or a `_`, which the standard alphabet of base64 lacks.
        bytes.fill(0xFB);
        bytes[1..9].copy_from_slice(&self.0.to_be_bytes());
        Ok(())
    }
}

/// An event, to be compared.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Told {
    Opened,
    Text(String),
    Binary(Vec<u8>),
    Upgraded,
    Closed(Reason),
}

impl Told {
    pub(crate) fn of(event: Event<'_>) -> (SessionId, Self) {
        match event {
            Event::Opened(id) => (id, Self::Opened),
            Event::Message(id, Message::Text(text)) => (id, Self::Text(text.into())),
            Event::Message(id, Message::Binary(bytes)) => (id, Self::Binary(bytes.into())),
            Event::Upgraded(id) => (id, Self::Upgraded),
            Event::Closed(id, reason) => (id, Self::Closed(reason)),
        }
    }
}

/// What leaves the server, or becomes of a request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Out {
    Park,
    Upgrade,
    Answer(u16, String),
    Text(String),
    Binary(Vec<u8>),
    Close,
}

impl Out {
    fn answer(response: &Response) -> Self {
        Self::Answer(response.status, String::from_utf8(response.body.to_vec()).unwrap())
    }

    pub(crate) fn ok(body: &str) -> Self {
        Self::Answer(200, body.into())
    }

    /// One of the reference's errors.
    pub(crate) fn refused(status: u16, code: u8, message: &str) -> Self {
        Self::Answer(status, format!("{{\"code\":{code},\"message\":\"{message}\"}}"))
    }

    pub(crate) fn bad_request() -> Self {
        Self::refused(400, 3, "Bad request")
    }

    pub(crate) fn unknown_sid() -> Self {
        Self::refused(400, 1, "Session ID unknown")
    }

    pub(crate) fn text(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl From<Answer> for Out {
    fn from(answer: Answer) -> Self {
        match answer {
            Answer::Respond(response) => Self::answer(&response),
            Answer::Park => Self::Park,
            Answer::Upgrade => Self::Upgrade,
        }
    }
}

impl From<Due> for Out {
    fn from(due: Due) -> Self {
        match due {
            Due::Respond(response) => Self::answer(&response),
            Due::Text(text) => Self::Text(String::from_utf8(text.to_vec()).unwrap()),
            Due::Binary(bytes) => Self::Binary(bytes.to_vec()),
            Due::Close => Self::Close,
        }
    }
}

/// A server with its time, its keys, and what it has told.
pub(crate) struct Host {
    pub(crate) server: Server<Counter>,
    pub(crate) now: Instant,
    told: Vec<(SessionId, Told)>,
    keys: u64,
}

impl Host {
    pub(crate) fn new() -> Self {
        Self::with(Config::new())
    }

    pub(crate) fn with(config: Config) -> Self {
        Self { server: Server::new(config, Counter::default()), now: Instant::from_millis(1_000_000), told: Vec::new(), keys: 0 }
    }

    pub(crate) fn key(&mut self) -> Key {
        self.keys += 1;
        Key(self.keys)
    }

    pub(crate) fn send(&mut self, request: &Request<'_>) -> (Key, Out) {
        let key = self.key();
        let told = &mut self.told;
        let answer = self.server.request(self.now, key, request, &mut |_, event| told.push(Told::of(event)));
        (key, answer.into())
    }

    pub(crate) fn request(&mut self, method: &str, query: &str, body: &str) -> (Key, Out) {
        self.send(&Request { method, query, content_type: None, is_upgrade: false, body: body.as_bytes() })
    }

    pub(crate) fn ask_websocket(&mut self, query: &str) -> (Key, Out) {
        self.send(&Request { method: "GET", query, content_type: None, is_upgrade: true, body: b"" })
    }

    pub(crate) fn get(&mut self, sid: &str) -> (Key, Out) {
        self.request("GET", &format!("EIO=4&transport=polling&sid={sid}"), "")
    }

    pub(crate) fn post(&mut self, sid: &str, body: &str) -> Out {
        self.request("POST", &format!("EIO=4&transport=polling&sid={sid}"), body).1
    }

    /// A GET that waits.
    pub(crate) fn park(&mut self, sid: &str) -> Key {
        let (key, out) = self.get(sid);
        assert_eq!(out, Out::Park);
        key
    }

    pub(crate) fn open_polling(&mut self) -> (SessionId, String) {
        let (_, out) = self.request("GET", "EIO=4&transport=polling", "");
        let Out::Answer(200, body) = out else { panic!("{out:?}") };
        let [(id, Told::Opened)] = self.told()[..] else { panic!() };
        (id, sid(&body))
    }

    pub(crate) fn open_websocket(&mut self) -> (SessionId, Key) {
        let (key, out) = self.ask_websocket("EIO=4&transport=websocket");
        assert_eq!(out, Out::Upgrade);
        self.opened(key);
        let [(id, Told::Opened)] = self.told()[..] else { panic!() };
        let due = self.due();
        assert!(matches!(&due[..], [(k, Out::Text(text))] if *k == key && text.starts_with("0{")), "{due:?}");
        (id, key)
    }

    /// A WebSocket to upgrade to.
    pub(crate) fn join(&mut self, sid: &str) -> Key {
        let (key, out) = self.ask_websocket(&format!("EIO=4&transport=websocket&sid={sid}"));
        assert_eq!(out, Out::Upgrade);
        self.opened(key);
        key
    }

    /// Polling, and then no more.
    pub(crate) fn open_and_upgrade(&mut self) -> (SessionId, String, Key) {
        let (id, sid) = self.open_polling();
        let key = self.join(&sid);
        self.text(key, "2probe");
        assert_eq!(self.due(), [(key, Out::text("3probe"))]);
        self.text(key, "5");
        assert_eq!(self.told(), [(id, Told::Upgraded)]);
        (id, sid, key)
    }

    pub(crate) fn opened(&mut self, key: Key) {
        let told = &mut self.told;
        self.server.opened(self.now, key, &mut |_, event| told.push(Told::of(event)));
    }

    pub(crate) fn receive(&mut self, key: Key, message: Message<'_>) {
        let told = &mut self.told;
        self.server.receive(self.now, key, message, &mut |_, event| told.push(Told::of(event)));
    }

    pub(crate) fn text(&mut self, key: Key, text: &str) {
        self.receive(key, Message::Text(text));
    }

    pub(crate) fn gone(&mut self, key: Key) {
        let told = &mut self.told;
        self.server.gone(key, &mut |_, event| told.push(Told::of(event)));
    }

    pub(crate) fn say(&mut self, session: SessionId, text: &str) -> bool {
        self.server.send(session, Outgoing::text(text))
    }

    /// Time goes on, and what is due is done when it is due.
    pub(crate) fn wait(&mut self, ms: u64) {
        let end = Instant::from_micros(self.now.as_micros() + ms * 1000);
        while let Some(at) = self.server.next_timeout().filter(|at| *at <= end) {
            self.now = self.now.max(at);
            self.advance();
        }
        self.now = end;
    }

    pub(crate) fn advance(&mut self) {
        let told = &mut self.told;
        self.server.advance(self.now, &mut |_, event| told.push(Told::of(event)));
    }

    /// What was told since the last time.
    pub(crate) fn told(&mut self) -> Vec<(SessionId, Told)> {
        std::mem::take(&mut self.told)
    }

    /// All that is due, for all keys.
    pub(crate) fn due(&mut self) -> Vec<(Key, Out)> {
        let mut due = Vec::new();
        while let Some(key) = self.server.next_ready() {
            while let Some(one) = self.server.pull(key) {
                due.push((key, one.into()));
            }
        }
        due
    }
}

/// From an open packet.
pub(crate) fn sid(open: &str) -> String {
    open.split('"').nth(3).unwrap().into()
}
