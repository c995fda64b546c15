//! Clients that poll, upgrade, stall and get lost at random, over a network that delivers when it likes.
//!
//! Whatever happens: messages arrive once and in order, in both directions, and all of them if nothing was lost; each request is answered once;
//! no key is told that is done with, or twice; and in the end nothing is left.

use super::host::{Counter, Told, sid};
use proptest::prelude::*;
use sansocket::Instant;
use sansocket_socketio::engine::server::{
    Answer, Config, Due, Event, Key, Message, Outgoing, Request, Response, Server, SessionId,
};
use sansocket_socketio::engine::{Packet, base64_len, decode_base64, packets};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

const MAX_PAYLOAD: usize = 30;
const CLIENTS: usize = 2;

#[derive(Clone, Copy, Debug)]
enum Step {
    /// One of what is under way for the client arrives.
    Deliver(usize, usize),
    /// The server's caller pulls some of what is due under a key that it is told.
    Pull(usize),
    /// It goes on with one that it has left.
    GoOn(usize),
    ClientSends(usize, bool),
    ServerSends(usize, bool),
    StartsUpgrade(usize),
    Wait(u16),
    LosesRequest(usize),
    LosesWebSocket(usize),
    /// If it has not upgraded to it.
    LosesCandidate(usize),
    ServerCloses(usize),
    ClientCloses(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let client = 0..CLIENTS;
    prop_oneof![
        60 => (client.clone(), 0..10_usize).prop_map(|(client, which)| Step::Deliver(client, which)),
        25 => (1..4_usize).prop_map(Step::Pull),
        10 => (1..4_usize).prop_map(Step::GoOn),
        12 => (client.clone(), any::<bool>()).prop_map(|(client, is_binary)| Step::ClientSends(client, is_binary)),
        12 => (client.clone(), any::<bool>()).prop_map(|(client, is_binary)| Step::ServerSends(client, is_binary)),
        4 => client.clone().prop_map(Step::StartsUpgrade),
        5 => (1..150_u16).prop_map(Step::Wait),
        1 => client.prop_map(Step::LosesCandidate),
    ]
}

/// The same, with what costs a session.
fn harsh_step() -> impl Strategy<Value = Step> {
    let client = 0..CLIENTS;
    prop_oneof![
        150 => step(),
        1 => client.clone().prop_map(Step::LosesRequest),
        1 => client.clone().prop_map(Step::LosesWebSocket),
        1 => client.clone().prop_map(Step::ServerCloses),
        1 => client.prop_map(Step::ClientCloses),
        1 => (1..3000_u16).prop_map(Step::Wait),
    ]
}

/// A message: a number, as a text or as bytes.
type Sent = (u32, bool);

/// An HTTP request.
enum Http {
    Up(String),
    Parked(Key),
    Down(Response),
}

/// A WebSocket.
struct Ws {
    key: Option<Key>,
    /// The server has closed it, and its key may be another's.
    is_closed: bool,
    stage: Stage,
    up: VecDeque<Outgoing>,
    down: VecDeque<Due>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Asking,
    Accepted,
    Open,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Mode {
    Polling,
    /// `3probe` came: nothing more is asked, and when all is answered the upgrade is sent.
    Pausing,
    WebSocket,
    Closed,
}

/// As the reference's client.
struct Client {
    sid: String,
    id: SessionId,
    mode: Mode,
    get: Option<Http>,
    post: Option<Http>,
    ws: Option<Ws>,
    outbox: VecDeque<Outgoing>,
    sent: u32,
    received: Vec<Sent>,
}

/// What the program on top of the server knows of a session.
#[derive(Default)]
struct Program {
    sent: u32,
    received: Vec<Sent>,
    is_upgraded: bool,
    is_closed: bool,
}

struct World {
    server: Server<Counter>,
    now: Instant,
    clients: Vec<Client>,
    programs: BTreeMap<SessionId, Program>,
    /// Those that the server answers yet: parked requests and WebSockets.
    alive: BTreeMap<Key, usize>,
    /// Told, and not pulled to the end.
    stalled: BTreeSet<Key>,
}

fn outgoing(prefix: char, (number, is_binary): Sent) -> Outgoing {
    let text = format!("{prefix}{number}");
    if is_binary { Outgoing::Binary(text.into_bytes().into()) } else { Outgoing::text(&text) }
}

fn number(text: &str, prefix: char) -> u32 {
    text.strip_prefix(prefix).unwrap().parse().unwrap()
}

fn bytes_number(bytes: &[u8], prefix: char) -> u32 {
    number(std::str::from_utf8(bytes).unwrap(), prefix)
}

/// As a packet of a body.
fn in_body(packet: &Outgoing) -> String {
    match packet {
        Outgoing::Text(text) => String::from_utf8(text.to_vec()).unwrap(),
        Outgoing::Binary(bytes) => {
            let packet = Packet::Binary(bytes);
            packet.encode(&mut vec![0; packet.encoded_len()]).unwrap().to_owned()
        }
    }
}

impl Program {
    fn take(&mut self, told: Told) {
        assert!(!self.is_closed, "{told:?} after the end");
        match told {
            Told::Text(text) => self.received.push((number(&text, 'c'), false)),
            Told::Binary(bytes) => self.received.push((bytes_number(&bytes, 'c'), true)),
            Told::Upgraded => assert!(!std::mem::replace(&mut self.is_upgraded, true)),
            Told::Closed(_) => self.is_closed = true,
            Told::Opened => panic!("opened twice"),
        }
    }
}

impl World {
    fn new() -> Self {
        let config = Config {
            ping_interval_ms: 300,
            ping_timeout_ms: 2000,
            upgrade_timeout_ms: 500,
            max_payload: MAX_PAYLOAD,
            ..Config::new()
        };
        let mut world = Self {
            server: Server::new(config, Counter::default()),
            now: Instant::from_millis(5),
            clients: Vec::new(),
            programs: BTreeMap::new(),
            alive: BTreeMap::new(),
            stalled: BTreeSet::new(),
        };
        for _ in 0..CLIENTS {
            let request =
                Request { method: "GET", query: "EIO=4&transport=polling", content_type: None, is_upgrade: false, body: b"" };
            let (answer, told) = world.call(|server, now, mut on| server.request(now, Key(0), &request, &mut on));
            let (Answer::Respond(response), [(id, Told::Opened)]) = (answer, &told[..]) else { panic!() };
            let sid = sid(std::str::from_utf8(&response.body).unwrap());
            world.programs.insert(*id, Program::default());
            let (outbox, received) = (VecDeque::new(), Vec::new());
            world.clients.push(Client {
                sid,
                id: *id,
                mode: Mode::Polling,
                get: None,
                post: None,
                ws: None,
                outbox,
                sent: 0,
                received,
            });
        }
        world
    }

    /// Calls the server, and hands what it tells to the programs.
    fn call<T>(
        &mut self,
        call: impl FnOnce(&mut Server<Counter>, Instant, &mut dyn FnMut(&mut Server<Counter>, Event<'_>)) -> T,
    ) -> (T, Vec<(SessionId, Told)>) {
        let mut told = Vec::new();
        let result = call(&mut self.server, self.now, &mut |_, event| told.push(Told::of(event)));
        for (id, told) in &told {
            if let Some(program) = self.programs.get_mut(id) {
                program.take(told.clone());
            }
        }
        (result, told)
    }

    /// The lowest that is free, so that numbers are used again soon.
    fn free_key(&self) -> Key {
        (0..).map(Key).find(|key| !self.alive.contains_key(key)).unwrap()
    }

    fn gone(&mut self, key: Key) {
        assert!(self.alive.remove(&key).is_some());
        self.stalled.remove(&key);
        self.call(|server, _, mut on| server.gone(key, &mut on));
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Deliver(client, which) => {
                self.act(client);
                self.deliver(client, which);
            }
            Step::Pull(count) => {
                if let Some(key) = self.server.next_ready() {
                    assert!(self.alive.contains_key(&key), "{key:?} is done with");
                    assert!(self.stalled.insert(key), "{key:?} is known already");
                    self.pull(key, count);
                }
            }
            Step::GoOn(count) => {
                if let Some(&key) = self.stalled.first() {
                    self.pull(key, count);
                }
            }
            Step::ClientSends(client, is_binary) => {
                let client = &mut self.clients[client];
                if client.mode != Mode::Closed {
                    client.outbox.push_back(outgoing('c', (client.sent, is_binary)));
                    client.sent += 1;
                }
            }
            Step::ServerSends(client, is_binary) => {
                let id = self.clients[client].id;
                let program = self.programs.get_mut(&id).unwrap();
                let was_sent = self.server.send(id, outgoing('s', (program.sent, is_binary)));
                assert_eq!(was_sent, !program.is_closed);
                program.sent += u32::from(was_sent);
            }
            Step::StartsUpgrade(client) => {
                let client = &mut self.clients[client];
                if client.mode == Mode::Polling && client.ws.is_none() {
                    client.ws = Some(Ws {
                        key: None,
                        is_closed: false,
                        stage: Stage::Asking,
                        up: VecDeque::new(),
                        down: VecDeque::new(),
                    });
                }
            }
            Step::Wait(ms) => self.wait(ms.into()),
            Step::LosesRequest(client) => {
                if self.clients[client].get.is_some() || self.clients[client].post.is_some() {
                    self.give_up(client);
                }
            }
            Step::LosesWebSocket(client) => self.lose_websocket(client),
            Step::LosesCandidate(client) if self.clients[client].mode == Mode::WebSocket => {}
            Step::LosesCandidate(client) => self.lose_websocket(client),
            Step::ServerCloses(client) => {
                let id = self.clients[client].id;
                self.call(|server, now, mut on| {
                    server.close(now, id);
                    server.advance(now, &mut on);
                });
            }
            Step::ClientCloses(client) => {
                let is_polling = self.clients[client].mode == Mode::Polling && self.clients[client].post.is_none();
                if is_polling {
                    let sid = self.clients[client].sid.clone();
                    self.post(&sid, "1");
                }
                self.give_up(client);
            }
        }
    }

    fn wait(&mut self, ms: u64) {
        self.now = Instant::from_micros(self.now.as_micros() + ms * 1000);
        self.call(|server, now, mut on| server.advance(now, &mut on));
        assert!(self.server.next_timeout().is_none_or(|at| at > self.now));
    }

    fn pull(&mut self, key: Key, count: usize) {
        for _ in 0..count {
            let Some(due) = self.server.pull(key) else {
                self.stalled.remove(&key);
                return;
            };
            let client = &mut self.clients[self.alive[&key]];
            let is_over = matches!(due, Due::Respond(_) | Due::Close);
            match due {
                Due::Respond(response) => {
                    assert!(matches!(client.get, Some(Http::Parked(parked)) if parked == key));
                    client.get = Some(Http::Down(response));
                }
                due => {
                    let ws = client.ws.as_mut().filter(|ws| ws.key == Some(key) && !ws.is_closed).unwrap();
                    ws.is_closed = due == Due::Close;
                    ws.down.push_back(due);
                }
            }
            if is_over {
                self.alive.remove(&key);
                self.stalled.remove(&key);
                assert_eq!(self.server.pull(key), None);
                return;
            }
        }
    }

    /// What the client does by itself.
    fn act(&mut self, client: usize) {
        let client = &mut self.clients[client];
        if client.mode == Mode::Polling {
            client.get.get_or_insert(Http::Up(String::new()));
            if client.post.is_none() && !client.outbox.is_empty() {
                let mut body = in_body(&client.outbox.pop_front().unwrap());
                while let Some(next) =
                    client.outbox.front().map(in_body).filter(|next| body.len() + 1 + next.len() <= MAX_PAYLOAD)
                {
                    body = body + "\u{1e}" + &next;
                    client.outbox.pop_front();
                }
                client.post = Some(Http::Up(body));
            }
        }
        if client.mode == Mode::Pausing && client.get.is_none() && client.post.is_none() {
            client.mode = Mode::WebSocket;
            client.ws.as_mut().unwrap().up.push_back(Outgoing::Text("5".into()));
        }
        if client.mode == Mode::WebSocket {
            client.ws.as_mut().unwrap().up.append(&mut client.outbox);
        }
    }

    /// One of what is under way arrives. False if there was nothing.
    fn deliver(&mut self, index: usize, which: usize) -> bool {
        let client = &self.clients[index];
        let get = matches!(client.get, Some(Http::Up(_) | Http::Down(_)));
        let post = matches!(client.post, Some(Http::Up(_) | Http::Down(_)));
        let up = client.ws.as_ref().is_some_and(|ws| ws.stage == Stage::Asking || !ws.up.is_empty());
        let down = client.ws.as_ref().is_some_and(|ws| ws.stage == Stage::Accepted || !ws.down.is_empty());
        let ways: Vec<_> = [get, post, up, down].into_iter().enumerate().filter(|(_, is)| *is).map(|(way, _)| way).collect();
        if ways.is_empty() {
            return false;
        }
        match ways[which % ways.len()] {
            0 => self.deliver_get(index),
            1 => self.deliver_post(index),
            2 => self.deliver_up(index),
            _ => self.deliver_down(index),
        }
        true
    }

    fn deliver_get(&mut self, index: usize) {
        match self.clients[index].get.take().unwrap() {
            Http::Up(_) => {
                let key = self.free_key();
                let query = format!("EIO=4&transport=polling&sid={}", self.clients[index].sid);
                let request = Request { method: "GET", query: &query, content_type: None, is_upgrade: false, body: b"" };
                let (answer, _) = self.call(|server, now, mut on| server.request(now, key, &request, &mut on));
                self.clients[index].get = Some(match answer {
                    Answer::Respond(response) => Http::Down(response),
                    Answer::Park => {
                        self.alive.insert(key, index);
                        Http::Parked(key)
                    }
                    Answer::Upgrade => panic!(),
                });
            }
            Http::Down(response) => self.take_body(index, &response),
            Http::Parked(_) => panic!(),
        }
    }

    fn take_body(&mut self, index: usize, response: &Response) {
        if response.status != 200 {
            return self.give_up(index);
        }
        let body = std::str::from_utf8(&response.body).unwrap();
        assert!(!body.contains('\u{1e}') || body.len() <= MAX_PAYLOAD);
        for packet in packets(body) {
            self.take(index, packet.unwrap());
        }
    }

    /// A packet for the client.
    fn take(&mut self, index: usize, packet: Packet<'_>) {
        let client = &mut self.clients[index];
        match packet {
            Packet::Message(text) => client.received.push((number(text, 's'), false)),
            Packet::Binary(bytes) => client.received.push((bytes_number(bytes, 's'), true)),
            Packet::Base64(text) => {
                let bytes = decode_base64(text, &mut vec![0; base64_len(text)]).unwrap().to_vec();
                client.received.push((bytes_number(&bytes, 's'), true));
            }
            Packet::Ping("") => client.outbox.push_back(Outgoing::Text("3".into())),
            Packet::Noop => {}
            Packet::Close => self.give_up(index),
            other => panic!("{other:?}"),
        }
    }

    fn deliver_post(&mut self, index: usize) {
        match self.clients[index].post.take().unwrap() {
            Http::Up(body) => {
                let sid = self.clients[index].sid.clone();
                let response = self.post(&sid, &body);
                self.clients[index].post = Some(Http::Down(response));
            }
            Http::Down(response) if response.status != 200 => self.give_up(index),
            _ => {}
        }
    }

    fn post(&mut self, sid: &str, body: &str) -> Response {
        let query = format!("EIO=4&transport=polling&sid={sid}");
        let request = Request { method: "POST", query: &query, content_type: None, is_upgrade: false, body: body.as_bytes() };
        let key = self.free_key();
        let (Answer::Respond(response), _) = self.call(|server, now, mut on| server.request(now, key, &request, &mut on)) else {
            panic!()
        };
        response
    }

    fn deliver_up(&mut self, index: usize) {
        let ws = self.clients[index].ws.as_mut().unwrap();
        let Some(key) = ws.key else { return self.ask_websocket(index) };
        let message = ws.up.pop_front().unwrap();
        if ws.is_closed {
            return;
        }
        self.call(|server, now, mut on| match &message {
            Outgoing::Text(text) => server.receive(now, key, Message::Text(std::str::from_utf8(text).unwrap()), &mut on),
            Outgoing::Binary(bytes) => server.receive(now, key, Message::Binary(bytes), &mut on),
        });
    }

    fn ask_websocket(&mut self, index: usize) {
        let key = self.free_key();
        let query = format!("EIO=4&transport=websocket&sid={}", self.clients[index].sid);
        let request = Request { method: "GET", query: &query, content_type: None, is_upgrade: true, body: b"" };
        let (answer, _) = self.call(|server, now, mut on| {
            let answer = server.request(now, key, &request, &mut on);
            if answer == Answer::Upgrade {
                server.opened(now, key, &mut on);
            }
            answer
        });
        if answer != Answer::Upgrade {
            self.clients[index].ws = None;
            return;
        }
        self.alive.insert(key, index);
        let ws = self.clients[index].ws.as_mut().unwrap();
        (ws.key, ws.stage) = (Some(key), Stage::Accepted);
    }

    fn deliver_down(&mut self, index: usize) {
        let client = &mut self.clients[index];
        let ws = client.ws.as_mut().unwrap();
        if ws.stage == Stage::Accepted {
            ws.stage = Stage::Open;
            ws.up.push_back(Outgoing::Text("2probe".into()));
            return;
        }
        match ws.down.pop_front().unwrap() {
            Due::Text(text) if text == "3probe" => {
                assert_eq!(client.mode, Mode::Polling);
                client.mode = Mode::Pausing;
            }
            Due::Text(text) => self.take(index, Packet::decode(std::str::from_utf8(&text).unwrap()).unwrap()),
            Due::Binary(bytes) => self.take(index, Packet::Binary(&bytes)),
            Due::Close => self.websocket_ended(index),
            Due::Respond(_) => panic!(),
        }
    }

    /// The client is left without its WebSocket, which may be all that it had.
    fn websocket_ended(&mut self, index: usize) {
        let client = &mut self.clients[index];
        client.ws = None;
        match client.mode {
            Mode::WebSocket => self.give_up(index),
            Mode::Pausing => client.mode = Mode::Polling,
            Mode::Polling | Mode::Closed => {}
        }
    }

    fn lose_websocket(&mut self, index: usize) {
        if let Some(ws) = &self.clients[index].ws {
            if let Some(key) = ws.key.filter(|_| !ws.is_closed) {
                self.gone(key);
            }
            self.websocket_ended(index);
        }
    }

    /// The client has done with the session, and all of its connections end.
    fn give_up(&mut self, index: usize) {
        self.clients[index].mode = Mode::Closed;
        let get = self.clients[index].get.take();
        self.clients[index].post = None;
        if let Some(Http::Parked(key)) = get {
            self.gone(key);
        }
        self.lose_websocket(index);
    }

    /// All that is under way arrives, and all that is due is pulled.
    fn settle(&mut self) {
        for _ in 0..10_000 {
            let mut is_quiet = true;
            while let Some(key) = self.server.next_ready() {
                assert!(self.alive.contains_key(&key) && self.stalled.insert(key));
            }
            while let Some(&key) = self.stalled.first() {
                is_quiet = false;
                self.pull(key, usize::MAX);
            }
            for client in 0..CLIENTS {
                self.act(client);
                is_quiet &= !self.deliver(client, 0);
            }
            if is_quiet && self.clients.iter().all(|client| client.mode != Mode::Pausing) {
                return;
            }
            if is_quiet {
                // Until the server ends the poll that the upgrade waits for.
                self.wait(100);
            }
        }
        panic!("it never ends");
    }

    /// What holds at any time.
    fn check(&self) {
        for client in &self.clients {
            let program = &self.programs[&client.id];
            let numbers = |received: &[Sent]| received.iter().map(|(number, _)| *number).collect::<Vec<_>>();
            let upto = |received: &[Sent]| (0..u32::try_from(received.len()).unwrap()).collect::<Vec<_>>();
            assert_eq!(numbers(&client.received), upto(&client.received));
            assert_eq!(numbers(&program.received), upto(&program.received));
            assert!(client.received.len() <= usize::try_from(program.sent).unwrap());
        }
    }

    /// Nobody is left in the end.
    fn end(mut self) {
        for client in 0..CLIENTS {
            self.give_up(client);
        }
        self.wait(10_000);
        self.wait(10_000);
        assert_eq!((self.server.next_timeout(), self.server.next_ready()), (None, None));
        assert!(self.alive.is_empty() && self.programs.values().all(|program| program.is_closed));
        assert!(format!("{:?}", self.server).contains("sessions: 0"));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    /// A candidate that is lost costs nothing. Only an upgrade that comes too late is the end.
    #[test]
    fn messages_arrive_once_and_in_order(steps in proptest::collection::vec(step(), 0..400)) {
        let mut world = World::new();
        for step in steps {
            world.step(step);
            world.check();
        }
        world.settle();
        world.check();
        for client in &world.clients {
            let program = &world.programs[&client.id];
            if client.mode != Mode::Closed && !program.is_closed {
                prop_assert_eq!(client.received.len(), usize::try_from(program.sent).unwrap());
                prop_assert_eq!(program.received.len(), usize::try_from(client.sent).unwrap());
                prop_assert_eq!(program.is_upgraded, client.mode == Mode::WebSocket);
            }
        }
        world.end();
    }

    #[test]
    fn nothing_is_left_of_what_was_lost(steps in proptest::collection::vec(harsh_step(), 0..400)) {
        let mut world = World::new();
        for step in steps {
            world.step(step);
            world.check();
        }
        world.settle();
        world.check();
        for client in &world.clients {
            // Whoever is there to poll has an answer, or waits for one.
            prop_assert!(client.mode != Mode::Polling || matches!(client.get, Some(Http::Parked(_))));
        }
        world.end();
    }
}
