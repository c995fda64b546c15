//! Our client over long-polling against our server: requests, answers and WebSocket messages arrive in a random order, the upgrade begins and
//! fails at random, and each message arrives once, in order.
#![cfg(feature = "alloc")]

use proptest::prelude::*;
use sansocket::{Entropy, EntropyError, Instant};
use sansocket_socketio::engine::polling::{self, Method, Polling};
use sansocket_socketio::engine::server::{self, Answer, Config, Key, Message, Outgoing, Server, SessionId};
use std::collections::VecDeque;

/// Not random: what matters here is that ids differ.
struct Counter(u8);

impl Entropy for Counter {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        self.0 += 1;
        bytes.fill(self.0);
        Ok(())
    }
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Owned {
    Text(String),
    Binary(Vec<u8>),
}

impl Owned {
    fn of(message: Message<'_>) -> Self {
        match message {
            Message::Text(text) => Self::Text(text.to_owned()),
            Message::Binary(bytes) => Self::Binary(bytes.to_owned()),
        }
    }

    fn borrowed(&self) -> Message<'_> {
        match self {
            Self::Text(text) => Message::Text(text),
            Self::Binary(bytes) => Message::Binary(bytes),
        }
    }

    /// The `n`th of its direction.
    fn numbered(n: usize, len: u8) -> Self {
        let text = format!("{n} {}", "x".repeat(usize::from(len % 30)));
        if len % 3 == 0 { Self::Binary(text.into_bytes()) } else { Self::Text(text) }
    }
}

/// What the server tells.
#[derive(Default)]
struct Told {
    session: Option<SessionId>,
    received: Vec<Owned>,
    upgrades: u32,
    closed: Option<server::Reason>,
}

impl Told {
    fn event(&mut self, event: server::Event<'_>) {
        match event {
            server::Event::Opened(session) => self.session = Some(session),
            server::Event::Message(_, message) => self.received.push(Owned::of(message)),
            server::Event::Upgraded(_) => self.upgrades += 1,
            server::Event::Closed(_, reason) => self.closed = Some(reason),
        }
    }
}

/// A WebSocket between both.
#[derive(Default)]
struct WebSocket {
    key: u64,
    /// The server has accepted it, and the client knows.
    is_open: bool,
    up: VecDeque<Owned>,
    down: VecDeque<Owned>,
}

struct World {
    now: u64,
    keys: u64,
    client: Polling,
    server: Server<Counter>,
    told: Told,
    /// On their way to the server, waiting there, and on their way back.
    requests: Vec<polling::Request>,
    parked: Vec<(Key, u64)>,
    responses: Vec<(u64, server::Response)>,
    websocket: Option<WebSocket>,
    sent: [Vec<Owned>; 2],
    received: Vec<Owned>,
}

impl World {
    fn new() -> Self {
        let config = Config { ping_interval_ms: 50, ping_timeout_ms: 1_000_000, max_payload: 64, ..Config::new() };
        Self {
            now: 0,
            keys: 0,
            client: Polling::new("/engine.io/"),
            server: Server::new(config, Counter(0)),
            told: Told::default(),
            requests: Vec::new(),
            parked: Vec::new(),
            responses: Vec::new(),
            websocket: None,
            sent: [Vec::new(), Vec::new()],
            received: Vec::new(),
        }
    }

    fn now(&self) -> Instant {
        Instant::from_millis(self.now)
    }

    fn key(&mut self) -> Key {
        self.keys += 1;
        Key(self.keys)
    }

    /// One of the things that can happen.
    fn step(&mut self, (what, which): (u8, u8)) {
        match what % 14 {
            0 | 1 => self.client_sends(which),
            2 | 3 => self.server_sends(which),
            4 | 5 => self.client_asks(),
            6 | 7 => self.server_is_asked(which),
            8 | 9 => self.client_is_answered(which),
            10 => self.open_websocket(),
            11 => self.upward(),
            12 => self.downward(),
            _ if which < 40 => self.cut_websocket(),
            _ => self.pass(u64::from(which)),
        }
    }

    fn client_sends(&mut self, len: u8) {
        let message = Owned::numbered(self.sent[0].len(), len);
        if self.client.send(message.borrowed()).is_ok() {
            self.sent[0].push(message);
        }
    }

    fn server_sends(&mut self, len: u8) {
        let Some(session) = self.told.session else { return };
        let message = Owned::numbered(self.sent[1].len(), len);
        let outgoing = match &message {
            Owned::Text(text) => Outgoing::text(text),
            Owned::Binary(bytes) => Outgoing::Binary(bytes.clone().into()),
        };
        assert!(self.server.send(session, outgoing), "the session is open: {:?}", self.told.closed);
        self.sent[1].push(message);
    }

    fn client_asks(&mut self) {
        while let Some(request) = self.client.next_request() {
            self.requests.push(request);
        }
        let flying = self.requests.iter().map(|request| request.id);
        assert!(flying.count() + self.parked.len() + self.responses.len() <= 2);
    }

    /// One of the requests arrives.
    fn server_is_asked(&mut self, which: u8) {
        let Some(at) = pick(which, self.requests.len()) else { return };
        let request = self.requests.swap_remove(at);
        let key = self.key();
        let asked = server::Request {
            method: if request.method == Method::Get { "GET" } else { "POST" },
            query: request.target.split_once('?').unwrap().1,
            content_type: Some("text/plain;charset=UTF-8"),
            is_upgrade: false,
            body: request.body.as_bytes(),
        };
        assert!(asked.body.len() <= 64);
        let (now, told) = (self.now(), &mut self.told);
        match self.server.request(now, key, &asked, &mut |_, event| told.event(event)) {
            Answer::Respond(response) => self.responses.push((request.id, response)),
            Answer::Park => self.parked.push((key, request.id)),
            Answer::Upgrade => panic!("nobody has asked for a WebSocket"),
        }
        self.drain_server();
    }

    /// One of the answers arrives.
    fn client_is_answered(&mut self, which: u8) {
        let Some(at) = pick(which, self.responses.len()) else { return };
        let (id, response) = self.responses.swap_remove(at);
        let now = self.now();
        for event in self.client.response(now, id, response.status, &response.body) {
            receive(&mut self.received, event);
        }
    }

    fn open_websocket(&mut self) {
        if let Some(websocket) = &mut self.websocket {
            if !websocket.is_open {
                websocket.is_open = true;
                self.client.opened();
            }
            return;
        }
        let Some(target) = self.client.websocket_target() else { return };
        let key = self.key();
        let query = target.split_once('?').unwrap().1;
        let asked = server::Request { method: "GET", query, content_type: None, is_upgrade: true, body: b"" };
        let (now, told) = (self.now(), &mut self.told);
        let answer = self.server.request(now, key, &asked, &mut |_, event| told.event(event));
        assert_eq!(answer, Answer::Upgrade);
        self.server.opened(now, key, &mut |_, event| told.event(event));
        self.websocket = Some(WebSocket { key: key.0, ..WebSocket::default() });
        self.drain_server();
    }

    /// Before `5` has left: the session goes on.
    fn cut_websocket(&mut self) {
        if self.client.is_upgraded() {
            return;
        }
        let Some(websocket) = self.websocket.take() else { return };
        if websocket.is_open {
            self.client.gone();
        }
        let told = &mut self.told;
        self.server.gone(Key(websocket.key), &mut |_, event| told.event(event));
        self.drain_server();
    }

    /// What the client says over the WebSocket leaves, and one message arrives.
    fn upward(&mut self) {
        let Some(websocket) = self.websocket.as_mut().filter(|websocket| websocket.is_open) else { return };
        let key = Key(websocket.key);
        while let Some(due) = self.client.pull() {
            websocket.up.push_back(match due {
                polling::Due::Text(text) => Owned::Text(text),
                polling::Due::Binary(bytes) => Owned::Binary(bytes),
                polling::Due::Close => panic!("nothing has gone wrong"),
            });
        }
        let Some(message) = websocket.up.pop_front() else { return };
        let (now, told) = (self.now(), &mut self.told);
        self.server.receive(now, key, message.borrowed(), &mut |_, event| told.event(event));
        self.drain_server();
    }

    fn downward(&mut self) {
        let now = self.now();
        let Some(websocket) = self.websocket.as_mut().filter(|websocket| websocket.is_open) else { return };
        let Some(message) = websocket.down.pop_front() else { return };
        if let Some(event) = self.client.receive(now, message.borrowed()) {
            receive(&mut self.received, event);
        }
    }

    fn pass(&mut self, ms: u64) {
        self.now += ms;
        let (now, told) = (self.now(), &mut self.told);
        self.client.advance(now);
        self.server.advance(now, &mut |_, event| told.event(event));
        self.drain_server();
    }

    fn drain_server(&mut self) {
        while let Some(key) = self.server.next_ready() {
            while let Some(due) = self.server.pull(key) {
                let down = self.websocket.as_mut().filter(|websocket| websocket.key == key.0);
                match (due, down) {
                    (server::Due::Respond(response), _) => {
                        let at = self.parked.iter().position(|parked| parked.0 == key).unwrap();
                        self.responses.push((self.parked.swap_remove(at).1, response));
                    }
                    (server::Due::Text(text), Some(websocket)) => {
                        websocket.down.push_back(Owned::Text(String::from_utf8(text.to_vec()).unwrap()));
                    }
                    (server::Due::Binary(bytes), Some(websocket)) => websocket.down.push_back(Owned::Binary(bytes.to_vec())),
                    (due, _) => panic!("{due:?}: {:?}", self.told.closed),
                }
            }
        }
    }

    /// Everything that is on its way arrives.
    fn settle(&mut self) {
        for round in 0..2000 {
            self.client_asks();
            self.server_is_asked(round as u8);
            self.client_is_answered(round as u8);
            self.upward();
            self.downward();
            self.pass(1);
        }
    }
}

/// One of so many.
fn pick(which: u8, of: usize) -> Option<usize> {
    usize::from(which).checked_rem(of)
}

fn receive(received: &mut Vec<Owned>, event: polling::Event<'_>) {
    match event {
        polling::Event::Text(text) => received.push(Owned::Text(text.to_owned())),
        polling::Event::Binary(bytes) => received.push(Owned::Binary(bytes.into_owned())),
        polling::Event::Opened(_) | polling::Event::Ping => {}
    }
}

proptest! {
    #[test]
    fn each_message_arrives_once_and_in_order(steps in proptest::collection::vec(any::<(u8, u8)>(), 0..400)) {
        let mut world = World::new();
        for step in steps {
            world.step(step);
            prop_assert_eq!(world.client.end(), None);
            prop_assert_eq!(world.told.closed, None);
        }
        world.settle();
        prop_assert_eq!(&world.told.received, &world.sent[0]);
        prop_assert_eq!(&world.received, &world.sent[1]);
        prop_assert_eq!(world.client.is_upgraded(), world.told.upgrades == 1);
    }
}

/// So that the property is not kept by doing nothing.
#[test]
fn messages_cross_the_upgrade() {
    let mut world = World::new();
    world.settle();
    world.open_websocket();
    for n in 0..50 {
        world.client_sends(n);
        world.server_sends(n);
        if n == 10 {
            world.open_websocket();
        }
        if n > 20 {
            world.client_asks();
            world.server_is_asked(n);
            world.client_is_answered(n);
            world.upward();
            world.downward();
        }
    }
    world.settle();
    assert!(world.client.is_upgraded());
    assert_eq!(world.told.received.len(), 50);
    assert_eq!(world.told.received, world.sent[0]);
    assert_eq!(world.received, world.sent[1]);
}
