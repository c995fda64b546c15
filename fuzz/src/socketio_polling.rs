//! A client of Engine.IO over long-polling: against servers and proxies that answer anything, and against our server, with what is between them
//! arriving in any order until it breaks. Each message leaves, or arrives, once and in order.

use crate::input::{Call, Socketio};
use crate::socketio_texts::{Lines, packet};
use crate::support::entropy::Counter;
use sansocket::Instant;
use sansocket_socketio::engine::polling::{Due, End, Event, Message, Method, Polling, Request, SendError};
use sansocket_socketio::engine::server::{self, Answer, Config, Key, Outgoing, Server, SessionId};
use sansocket_socketio::engine::{Packet, base64_len, decode_base64, packets};
use std::collections::VecDeque;

/// Any calls.
pub fn socketio_polling(input: &Socketio<'_>) {
    if input.options & 1 == 0 {
        let mut world = Liar::new(input);
        for call in &input.calls {
            world.act(*call);
            world.look();
        }
    } else {
        let mut world = Pair::new();
        for call in &input.calls {
            world.act(*call);
            world.look();
        }
        world.rest();
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
    fn numbered(n: usize, by: u8) -> Self {
        let text = format!("{n} {}", "x".repeat(usize::from(by / 4)));
        if by % 4 == 0 { Self::Binary(text.into_bytes()) } else { Self::Text(text) }
    }
}

/// One of so many.
fn pick(by: u8, of: usize) -> Option<usize> {
    usize::from(by).checked_rem(of)
}

/// A client, and a server that says what the input says.
struct Liar<'d> {
    client: Polling,
    now: u64,
    lines: Lines<'d>,
    requests: Vec<Request>,
    sent: Vec<Owned>,
    /// How many of them were in requests, or went over the WebSocket.
    left: usize,
    max_payload: usize,
    has_websocket: bool,
    end: Option<End>,
}

impl<'d> Liar<'d> {
    fn new(input: &Socketio<'d>) -> Self {
        let client = Polling::new("/engine.io/?a=b").max_queued(300 + 8 * usize::from(input.options));
        Self {
            client,
            now: 1,
            lines: Lines(input.wire.0),
            requests: Vec::new(),
            sent: Vec::new(),
            left: 0,
            max_payload: usize::MAX,
            has_websocket: false,
            end: None,
        }
    }

    fn act(&mut self, Call { number, by }: Call) {
        match number % 20 {
            0 | 1 => self.send(by),
            2..=4 => self.ask(),
            5..=7 => self.respond(0, 200, packet(by).as_bytes()),
            8 => self.respond(1, 200, packet(by).as_bytes()),
            9 => {
                let line = self.lines.next();
                self.respond(by, 200, line);
            }
            10 => {
                let line = self.lines.next();
                self.respond(by, [0, 101, 204, 302, 400, 503, 999, u16::MAX][usize::from(by / 32)], line);
            }
            11 => {
                if let Some(at) = pick(by, self.requests.len()).filter(|_| by > 100) {
                    self.client.failed(self.requests.swap_remove(at).id);
                }
                self.client.failed(by.into());
                self.requests.retain(|request| request.id != u64::from(by));
            }
            12 => {
                self.client.opened();
                self.has_websocket = true;
            }
            13 | 14 => self.receive(Message::Text(&packet(by))),
            15 => {
                let text = self.lines.next_text();
                self.receive(if by < 100 { Message::Binary(&[1, 2]) } else { Message::Text(&text) });
            }
            16 => {
                self.client.gone();
                self.has_websocket = false;
            }
            17 => while self.pull() {},
            18 => {
                self.now += u64::from(by);
                self.client.advance(Instant::from_millis(self.now));
            }
            _ if by == 0 => self.client.close(),
            _ => _ = self.pull(),
        }
    }

    fn send(&mut self, by: u8) {
        let message = Owned::numbered(self.sent.len(), by);
        let message = if by == 255 { Owned::Text("\u{1e}".to_owned()) } else { message };
        match self.client.send(message.borrowed()) {
            Ok(()) => {
                assert!(by != 255 || self.client.is_upgraded(), "a message is cut in two");
                self.sent.push(message);
            }
            Err(error) => assert_eq!(error == SendError::NotOpen, !self.client.is_open()),
        }
    }

    fn ask(&mut self) {
        let Some(request) = self.client.next_request() else { return };
        assert!(request.target.bytes().all(|byte| byte.is_ascii_graphic()), "{}", request.target);
        assert!(self.requests.iter().all(|flying| flying.method != request.method && flying.id != request.id));
        assert_eq!(request.body.is_empty(), request.method == Method::Get);
        assert!(request.body.len() <= self.max_payload);
        let parts = packets(&request.body).skip(usize::from(request.body.is_empty()));
        let mut is_over = false;
        for part in parts {
            assert!(!core::mem::replace(&mut is_over, part == Ok(Packet::Close)), "a packet after the end");
            self.note(part.unwrap());
        }
        self.requests.push(request);
    }

    /// Notes a packet that leaves.
    fn note(&mut self, packet: Packet<'_>) {
        let message = match packet {
            Packet::Message(text) => Owned::Text(text.to_owned()),
            Packet::Binary(bytes) => Owned::Binary(bytes.to_owned()),
            Packet::Base64(text) => {
                let mut out = vec![0; base64_len(text)];
                Owned::Binary(decode_base64(text, &mut out).unwrap().to_owned())
            }
            Packet::Pong("") | Packet::Close => return,
            other => panic!("{other:?} from a client"),
        };
        assert_eq!(Some(&message), self.sent.get(self.left));
        self.left += 1;
    }

    /// Answers the latest request, or the one before that; or one that there is not.
    fn respond(&mut self, by: u8, status: u16, body: &[u8]) {
        let at = self.requests.len().checked_sub(1 + usize::from(by % 2));
        let id = at.map_or(u64::MAX, |at| self.requests.remove(at).id);
        let (was_open, had_ended) = (self.client.is_open(), self.client.end().is_some());
        let events = self.client.response(Instant::from_millis(self.now), id, status, body);
        assert!(events.is_empty() || at.is_some() && status == 200 && !had_ended);
        for event in events {
            if let Event::Opened(handshake) = event {
                assert!(!was_open, "open twice");
                let max = handshake.max_payload.filter(|&max| max > 0);
                self.max_payload = max.map_or(usize::MAX, |max| usize::try_from(max).unwrap());
            }
        }
    }

    fn receive(&mut self, message: Message<'_>) {
        let is_transport = self.client.is_upgraded() && self.client.end().is_none();
        let event = self.client.receive(Instant::from_millis(self.now), message);
        assert!(event.is_none() || is_transport && self.has_websocket);
    }

    /// Takes what is due for the WebSocket. False if there is nothing.
    fn pull(&mut self) -> bool {
        let Some(due) = self.client.pull() else { return false };
        assert!(self.has_websocket, "{due:?} without a WebSocket");
        match &due {
            Due::Text(text) if text == "2probe" => {}
            Due::Text(text) if text == "5" => assert!(self.requests.is_empty(), "requests are in flight"),
            Due::Text(text) => self.note(Packet::decode(text).unwrap()),
            Due::Binary(bytes) => self.note(Packet::Binary(bytes)),
            Due::Close => self.has_websocket = false,
        }
        true
    }

    /// Checks what holds after every call.
    fn look(&mut self) {
        assert!(self.client.websocket_target().is_none() || !self.has_websocket && self.client.is_open());
        assert!(!self.client.is_writable() || self.client.is_open());
        if let Some(end) = self.client.end() {
            assert_eq!(end, self.end.get_or_insert_with(|| end.clone()), "two ends");
            assert!(!self.client.is_open() && self.client.next_timeout().is_none());
            assert_eq!(self.client.next_request(), None);
        } else {
            assert_eq!(self.end, None, "alive again");
        }
    }
}

/// A client, our server, and the network between them.
struct Pair {
    now: u64,
    keys: u64,
    client: Polling,
    server: Server<Counter>,
    session: Option<SessionId>,
    is_closed: bool,
    /// On their way to the server, waiting there, and on their way back.
    requests: Vec<Request>,
    parked: Vec<(Key, u64)>,
    responses: Vec<(u64, server::Response)>,
    websocket: Option<WebSocket>,
    sent: [Vec<Owned>; 2],
    received: [Vec<Owned>; 2],
    harm: Harm,
}

/// What has happened that may cost messages.
#[derive(Default)]
struct Harm {
    is_cut: bool,
    client_closes: bool,
    server_closes: bool,
}

/// Between both. `None` is an end.
struct WebSocket {
    key: Key,
    /// The client knows of it.
    is_open: bool,
    up: VecDeque<Option<Owned>>,
    down: VecDeque<Option<Owned>>,
}

/// Which way.
const UP: usize = 0;
const DOWN: usize = 1;

impl Pair {
    fn new() -> Self {
        // What is late is late, but is not given up.
        let (ping_timeout_ms, upgrade_timeout_ms) = (1_000_000, 1_000_000);
        let config = Config { ping_interval_ms: 50, ping_timeout_ms, upgrade_timeout_ms, max_payload: 80, ..Config::new() };
        Self {
            now: 1,
            keys: 0,
            client: Polling::new("/engine.io/"),
            server: Server::new(config, Counter::default()),
            session: None,
            is_closed: false,
            requests: Vec::new(),
            parked: Vec::new(),
            responses: Vec::new(),
            websocket: None,
            sent: [Vec::new(), Vec::new()],
            received: [Vec::new(), Vec::new()],
            harm: Harm::default(),
        }
    }

    fn act(&mut self, Call { number, by }: Call) {
        match number % 16 {
            0 | 1 => {
                let message = Owned::numbered(self.sent[UP].len(), by);
                if self.client.send(message.borrowed()).is_ok() {
                    self.sent[UP].push(message);
                }
            }
            2 | 3 => self.server_sends(by),
            4 | 5 => self.ask(),
            6 | 7 => self.server_is_asked(by),
            8 | 9 => self.client_is_answered(by),
            10 => self.open(),
            11 => self.upward(),
            12 => self.downward(),
            13 => self.pass(by.into()),
            14 => self.cut(by),
            _ if by < 30 => {
                self.client.close();
                self.harm.client_closes = true;
            }
            _ if by > 220 => {
                if let Some(session) = self.session {
                    self.server.close(self.clock(), session);
                    self.harm.server_closes = true;
                    self.pass(0);
                }
            }
            _ => self.settle(by),
        }
    }

    fn clock(&self) -> Instant {
        Instant::from_millis(self.now)
    }

    fn key(&mut self) -> Key {
        self.keys += 1;
        Key(self.keys)
    }

    /// Has the server do something, and takes what is due by it.
    fn serve<T>(
        &mut self,
        act: impl FnOnce(&mut Server<Counter>, &mut dyn FnMut(&mut Server<Counter>, server::Event<'_>)) -> T,
    ) -> T {
        let (session, received, is_closed) = (&mut self.session, &mut self.received[UP], &mut self.is_closed);
        let mut on = |_: &mut Server<Counter>, event: server::Event<'_>| match event {
            server::Event::Opened(id) => *session = Some(id),
            server::Event::Message(_, message) => received.push(Owned::of(message)),
            server::Event::Upgraded(_) => {}
            server::Event::Closed(..) => assert!(!core::mem::replace(is_closed, true), "closed twice"),
        };
        let result = act(&mut self.server, &mut on);
        self.drain();
        result
    }

    fn server_sends(&mut self, by: u8) {
        let Some(session) = self.session else { return };
        let message = Owned::numbered(self.sent[DOWN].len(), by);
        let outgoing = match &message {
            Owned::Text(text) => Outgoing::text(text),
            Owned::Binary(bytes) => Outgoing::Binary(bytes.clone().into()),
        };
        if self.server.send(session, outgoing) {
            self.sent[DOWN].push(message);
        } else {
            assert!(self.harm.is_any(), "the session is open");
        }
        self.drain();
    }

    fn ask(&mut self) {
        while let Some(request) = self.client.next_request() {
            self.requests.push(request);
        }
    }

    /// One of the requests arrives.
    fn server_is_asked(&mut self, by: u8) {
        let Some(at) = pick(by, self.requests.len()) else { return };
        let request = self.requests.swap_remove(at);
        let (now, key) = (self.clock(), self.key());
        let asked = server::Request {
            method: if request.method == Method::Get { "GET" } else { "POST" },
            query: request.target.split_once('?').unwrap().1,
            content_type: Some("text/plain;charset=UTF-8"),
            is_upgrade: false,
            body: request.body.as_bytes(),
        };
        match self.serve(|server, mut on| server.request(now, key, &asked, &mut on)) {
            Answer::Respond(response) => self.responses.push((request.id, response)),
            Answer::Park => self.parked.push((key, request.id)),
            Answer::Upgrade => panic!("nobody has asked for a WebSocket"),
        }
        self.drain();
    }

    /// One of the answers arrives.
    fn client_is_answered(&mut self, by: u8) {
        let Some(at) = pick(by, self.responses.len()) else { return };
        let (id, response) = self.responses.swap_remove(at);
        let events = self.client.response(self.clock(), id, response.status, &response.body);
        self.received[DOWN].extend(events.into_iter().filter_map(message));
    }

    /// A WebSocket is open for the server, and after the next call for the client.
    fn open(&mut self) {
        if let Some(websocket) = &mut self.websocket {
            if !core::mem::replace(&mut websocket.is_open, true) {
                self.client.opened();
            }
            return;
        }
        let Some(target) = self.client.websocket_target() else { return };
        let (now, key) = (self.clock(), self.key());
        let query = target.split_once('?').unwrap().1;
        let asked = server::Request { method: "GET", query, content_type: None, is_upgrade: true, body: b"" };
        match self.serve(|server, mut on| server.request(now, key, &asked, &mut on)) {
            Answer::Upgrade => {
                self.websocket = Some(WebSocket { key, is_open: false, up: VecDeque::new(), down: VecDeque::new() });
                self.serve(|server, mut on| server.opened(now, key, &mut on));
            }
            answer => assert!(self.harm.is_any(), "{answer:?}"),
        }
    }

    /// What the client says over the WebSocket leaves, and one message arrives.
    fn upward(&mut self) {
        let Some(websocket) = self.websocket.as_mut().filter(|websocket| websocket.is_open) else { return };
        while let Some(due) = self.client.pull() {
            websocket.up.push_back(match due {
                Due::Text(text) => Some(Owned::Text(text)),
                Due::Binary(bytes) => Some(Owned::Binary(bytes)),
                Due::Close => None,
            });
        }
        let (now, key) = (Instant::from_millis(self.now), websocket.key);
        match websocket.up.pop_front() {
            Some(Some(message)) => self.serve(|server, mut on| server.receive(now, key, message.borrowed(), &mut on)),
            Some(None) => {
                self.websocket = None;
                self.serve(|server, mut on| server.gone(key, &mut on));
            }
            None => {}
        }
    }

    fn downward(&mut self) {
        let now = self.clock();
        let Some(websocket) = &mut self.websocket else { return };
        match websocket.down.pop_front() {
            Some(Some(what)) => {
                assert!(websocket.is_open, "the client has said nothing");
                self.received[DOWN].extend(self.client.receive(now, what.borrowed()).and_then(message));
            }
            Some(None) => {
                if websocket.is_open {
                    self.client.gone();
                }
                self.websocket = None;
            }
            None => {}
        }
    }

    fn pass(&mut self, ms: u64) {
        self.now += ms;
        let now = self.clock();
        self.client.advance(now);
        self.serve(|server, mut on| server.advance(now, &mut on));
    }

    /// A request, an answer or a WebSocket gets lost.
    fn cut(&mut self, by: u8) {
        if by < 50 {
            let Some(websocket) = self.websocket.take() else { return };
            // What it still carries, perhaps after the end.
            self.harm.is_cut |= self.client.is_upgraded() || self.client.end().is_some();
            if websocket.is_open {
                self.client.gone();
            }
            self.serve(|server, mut on| server.gone(websocket.key, &mut on));
        } else if by < 60 && !self.requests.is_empty() {
            self.client.failed(self.requests.remove(0).id);
            self.harm.is_cut = true;
        } else if by < 70 && !self.parked.is_empty() {
            let (key, id) = self.parked.remove(0);
            self.client.failed(id);
            self.serve(|server, mut on| server.gone(key, &mut on));
            self.harm.is_cut = true;
        } else if by < 80 && !self.responses.is_empty() {
            self.client.failed(self.responses.remove(0).0);
            self.harm.is_cut = true;
        }
    }

    fn drain(&mut self) {
        while let Some(key) = self.server.next_ready() {
            while let Some(due) = self.server.pull(key) {
                let down = self.websocket.as_mut().filter(|websocket| websocket.key == key).map(|websocket| &mut websocket.down);
                match (due, down) {
                    (server::Due::Respond(response), _) => {
                        let at = self.parked.iter().position(|parked| parked.0 == key).expect("a request that waits");
                        self.responses.push((self.parked.swap_remove(at).1, response));
                    }
                    (server::Due::Text(text), Some(down)) => {
                        down.push_back(Some(Owned::Text(String::from_utf8(text.to_vec()).unwrap())));
                    }
                    (server::Due::Binary(bytes), Some(down)) => down.push_back(Some(Owned::Binary(bytes.to_vec()))),
                    (server::Due::Close, Some(down)) => down.push_back(None),
                    (due, None) => panic!("{due:?} for a WebSocket that there is not"),
                }
            }
        }
    }

    /// Much of what is on its way arrives.
    fn settle(&mut self, rounds: u8) {
        for round in 0..rounds {
            self.ask();
            self.server_is_asked(round);
            self.client_is_answered(round);
            self.upward();
            self.downward();
            self.pass(1);
        }
    }

    /// Checks what holds after every call.
    fn look(&self) {
        assert!(self.requests.len() + self.parked.len() + self.responses.len() <= 2);
        for (sent, received) in self.sent.iter().zip(&self.received) {
            assert!(sent.starts_with(received), "not once, or not in order");
        }
        let end = self.client.end();
        assert!(self.harm.is_any() || end.is_none() && !self.is_closed, "{end:?}");
    }

    /// All that is on its way arrives; then what is over ends.
    fn rest(&mut self) {
        for _ in 0..4 {
            self.settle(u8::MAX);
            self.look();
        }
        let Harm { is_cut, client_closes, server_closes } = self.harm;
        assert!(is_cut || server_closes || self.sent[UP] == self.received[UP], "the server has not got all");
        assert!(is_cut || client_closes || server_closes || self.sent[DOWN] == self.received[DOWN], "the client has not got all");
        if self.harm.is_any() {
            self.pass(2_000_000);
            self.settle(20);
            assert!(self.client.end().is_some() && (self.is_closed || self.session.is_none()));
        }
    }
}

impl Harm {
    const fn is_any(&self) -> bool {
        self.is_cut || self.client_closes || self.server_closes
    }
}

fn message(event: Event<'_>) -> Option<Owned> {
    match event {
        Event::Text(text) => Some(Owned::Text(text.to_owned())),
        Event::Binary(bytes) => Some(Owned::Binary(bytes.into_owned())),
        Event::Opened(_) | Event::Ping => None,
    }
}
