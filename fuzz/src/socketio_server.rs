//! A server of Socket.IO: any requests, messages and calls of the application, in any order. No key is told of that is done with, nobody gets
//! what was not sent to them, and when all are gone nothing is left.

use crate::input::{Call, Socketio};
use crate::socketio_texts::{Lines, packet};
use crate::support::entropy::Counter;
use sansocket::Instant;
use sansocket_socketio::engine::server::{self as engine, Answer, Due, Key, Request, SessionId};
use sansocket_socketio::engine::{Handshake, Packet, packets};
use sansocket_socketio::server::{AckId, AckToken, Answer as Said, Config, Event, Io, Message, Server, SocketId, To};
use sansocket_socketio::{Assembler, Kind, Limits};
use std::collections::{BTreeMap, BTreeSet};

/// Any calls.
pub fn socketio_server(input: &Socketio<'_>) {
    let entropy = Counter::default();
    let mut world = World {
        server: Server::new(config(input.options), entropy.clone()),
        entropy,
        app: App::default(),
        now: 1,
        lines: Lines(input.wire.0),
        links: BTreeMap::new(),
        streams: Vec::new(),
        last_key: 0,
        current: 0,
    };
    for call in &input.calls {
        world.act(*call);
        world.look();
    }
    world.rest();
}

fn config(options: u8) -> Config {
    let is_set = |bit: u8| options & bit != 0;
    let pick = |bit, small, large| if is_set(bit) { small } else { large };
    let engine = engine::Config {
        ping_interval_ms: 60,
        ping_timeout_ms: 40,
        upgrade_timeout_ms: 30,
        max_payload: pick(1, 30, 10_000),
        max_queued: pick(2, 300, 100_000),
        max_sessions: pick(4, 2, 100),
        polling: !is_set(8),
    };
    Config {
        engine,
        connect_timeout_ms: 50,
        limits: Limits::new(),
        max_attachment_bytes: pick(16, 5, 10_000),
        max_namespaces: pick(32, 2, 100),
        max_acks: pick(64, 1, 100),
        max_rooms: pick(128, 1, 100),
    }
}

/// The application, and what it knows.
#[derive(Default)]
struct App {
    sockets: BTreeMap<SocketId, Socket>,
    tokens: Vec<AckToken>,
    /// Who may get what was sent, by its number.
    sent: Vec<BTreeSet<SocketId>>,
    /// What the next handler does.
    reaction: u8,
}

struct Socket {
    session: SessionId,
    sid: String,
    namespace: String,
    is_accepted: bool,
    is_over: bool,
    acks: BTreeSet<AckId>,
}

impl App {
    fn handle(&mut self, io: &mut Io<'_, Counter>, event: Event<'_>) {
        match event {
            Event::Connect { socket: id, namespace, .. } => {
                let (session, sid) = (io.session(id).unwrap(), io.sid(id).unwrap().to_owned());
                let namespace = namespace.to_owned();
                let socket = Socket { session, sid, namespace, is_accepted: false, is_over: false, acks: BTreeSet::new() };
                assert!(self.sockets.insert(id, socket).is_none(), "an id comes again");
                if self.reaction == 0 {
                    self.accept(io, id);
                }
            }
            Event::Message { socket, packet, attachments, ack } => {
                assert!(self.is_in(socket) && packet.kind().is_event());
                assert_eq!(attachments.len(), usize::from(packet.attachments()));
                self.tokens.extend(ack);
            }
            Event::Ack { socket, id, packet, attachments } => {
                assert!(self.is_in(socket) && packet.kind().is_ack());
                assert_eq!(attachments.len(), usize::from(packet.attachments()));
                assert!(self.sockets.get_mut(&socket).unwrap().acks.remove(&id), "{id:?} has ended before");
            }
            Event::AckTimeout { socket, id } => {
                assert!(self.is_in(socket));
                assert!(self.sockets.get_mut(&socket).unwrap().acks.remove(&id), "{id:?} has ended before");
            }
            Event::Disconnected { socket, namespace, .. } => {
                assert!(!io.is_connected(socket) && io.namespace(socket) == Some(namespace));
                let known = self.sockets.get_mut(&socket).expect("a socket that came, and was not refused");
                assert!(!core::mem::replace(&mut known.is_over, true), "over twice");
            }
        }
        let reaction = core::mem::take(&mut self.reaction);
        self.act(io, reaction);
    }

    fn is_in(&self, socket: SocketId) -> bool {
        self.sockets.get(&socket).is_some_and(|socket| socket.is_accepted && !socket.is_over)
    }

    fn accept(&mut self, io: &mut Io<'_, Counter>, id: SocketId) {
        if io.accept(id) {
            let socket = self.sockets.get_mut(&id).expect("not refused");
            assert!(!core::mem::replace(&mut socket.is_accepted, true) && !socket.is_over);
        }
    }

    /// The number of what is sent now, to the sockets that are meant.
    fn number(&mut self, io: &Io<'_, Counter>, is_meant: impl Fn(SocketId, &Socket) -> bool) -> usize {
        let meant = self.sockets.iter().filter(|&(&id, socket)| is_meant(id, socket) && io.is_connected(id));
        let meant = meant.map(|(&id, _)| id).collect();
        self.sent.push(meant);
        self.sent.len() - 1
    }

    /// What the application does with one of its sockets, in a handler or outside.
    fn act(&mut self, io: &mut Io<'_, Counter>, by: u8) {
        // The latest first.
        let Some(at) = usize::from(by / 16).checked_rem(self.sockets.len()) else { return };
        let Some((&id, socket)) = self.sockets.iter().nth_back(at) else { return };
        let (session, namespace) = (socket.session, socket.namespace.clone());
        match by % 16 {
            0 => {}
            1 => self.accept(io, id),
            2 => {
                if io.refuse(id, r#""no""#).unwrap() {
                    assert!(!self.sockets.remove(&id).unwrap().is_accepted);
                }
            }
            3 => self.emit(io, To::socket(id), 0, |one, _| one == id),
            4 => self.emit(io, To::namespace(&namespace), 0, |_, socket| socket.namespace == namespace),
            5 => self.emit(io, To::namespace(&namespace).except(id), 2, |one, socket| one != id && socket.namespace == namespace),
            6 => {
                let members: BTreeSet<_> = io.members(&namespace, "x").collect();
                self.emit(io, To::room(&namespace, "x"), 1, |one, _| members.contains(&one));
            }
            7 => {
                let number = self.number(io, |one, _| one == id);
                let count = io.emit_volatile(id, &message(number, 1));
                assert!(count <= self.sent[number].len());
            }
            8 | 9 => {
                let number = self.number(io, |one, _| one == id);
                if let Ok(ack) = io.emit_with_ack(id, &message(number, by % 2), u32::from(by / 4)) {
                    assert!(self.sockets.get_mut(&id).unwrap().acks.insert(ack), "{ack:?} comes again");
                }
            }
            10 => {
                let Some(token) = self.tokens.pop() else { return };
                let number = self.number(io, |one, _| one == token.socket());
                io.ack(token, &Said::new(|args| args.text(&number.to_string())).unwrap());
            }
            11 => assert!(io.join(id, "x").is_err() || io.members(&namespace, "x").any(|one| one == id)),
            12 => drop(io.join(id, "y")),
            13 => drop(io.leave(id, if by & 16 == 0 { "x" } else { "y" })),
            14 => {
                let was_connected = io.is_connected(id);
                assert_eq!((io.disconnect(id), io.is_connected(id)), (was_connected, false));
            }
            _ if by == 255 => io.shut_down(),
            _ => {
                let is_closed = io.close(id);
                assert!(!is_closed || self.sockets.iter().all(|(&id, socket)| socket.session != session || !io.is_connected(id)));
            }
        }
    }

    fn emit(&mut self, io: &mut Io<'_, Counter>, to: To<'_>, attachments: u8, is_meant: impl Fn(SocketId, &Socket) -> bool) {
        let number = self.number(io, is_meant);
        let count = io.emit(to, &message(number, attachments));
        assert!(count <= self.sent[number].len());
    }
}

fn message(number: usize, attachments: u8) -> Message {
    let bytes: Vec<_> = (0..attachments).map(|at| vec![at].into()).collect();
    Message::with_attachments(&number.to_string(), bytes, |args| (0..attachments).fold(args, |args, _| args.attachment()))
        .unwrap()
}

/// What stands behind a key that is alive.
struct Link {
    stage: Stage,
    stream: Option<usize>,
    /// That something is due was told, and not all was pulled.
    is_told: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stage {
    /// A request that waits for its answer.
    Parked,
    /// A WebSocket that is not open yet.
    Promised,
    Open,
}

/// What a client gets, over all its transports.
struct Stream {
    sid: String,
    session: Option<SessionId>,
    assembler: Assembler,
    /// Which socket it was in each namespace, as far as it knows.
    inside: BTreeMap<String, SocketId>,
    latest: Option<usize>,
}

struct World<'d> {
    server: Server<Counter>,
    entropy: Counter,
    app: App,
    now: u64,
    lines: Lines<'d>,
    links: BTreeMap<u64, Link>,
    streams: Vec<Stream>,
    last_key: u64,
    /// Whose turn it is.
    current: u8,
}

impl World<'_> {
    fn clock(&self) -> Instant {
        Instant::from_millis(self.now)
    }

    fn act(&mut self, Call { number, by }: Call) {
        match number % 32 {
            0 => self.request("GET", "EIO=4&transport=polling", false, b""),
            1 | 2 => {
                let query = if by & 1 == 0 { "EIO=4&transport=websocket" } else { "EIO=4&transport=websocket&b64=1" };
                self.request("GET", query, true, b"");
                if by < 200 {
                    self.open();
                }
            }
            3 | 4 => self.request("GET", &self.query("polling"), false, b""),
            5 | 6 => {
                let body = if by % 3 == 0 { packet(by) + "\u{1e}bAQID" } else { packet(by) };
                self.request("POST", &self.query("polling"), false, body.as_bytes());
            }
            7 => {
                let body = self.lines.next();
                self.request("POST", &self.query("polling"), false, body);
            }
            8 => {
                self.request("GET", &self.query("websocket"), true, b"");
                if by < 200 {
                    self.open();
                }
            }
            9 => self.open(),
            10 => self.receive(Some(self.last_key), engine::Message::Text("2probe")),
            11 => self.receive(Some(self.last_key), engine::Message::Text("5")),
            12..=17 => self.receive(self.websocket(), engine::Message::Text(&packet(by))),
            18 => {
                let text = self.lines.next_text();
                self.receive(self.websocket(), engine::Message::Text(&text));
            }
            19 => self.receive(self.websocket(), engine::Message::Binary(&vec![by; usize::from(by % 8)])),
            20 => self.current = by,
            21 => {
                let at = usize::from(by).checked_rem(self.links.len()).unwrap_or_default();
                self.gone(self.links.keys().nth(at).copied());
            }
            22 | 23 => self.pass(if by < 100 { by.into() } else { u64::from(by) * 1000 }),
            24 => self.drain(),
            25 => {
                if let Some(key) = self.ready() {
                    self.pull(key);
                }
            }
            26 => self.app.reaction = by,
            27 => {
                let query = self.lines.next_text();
                let method = ["GET", "POST", "PUT", ""][usize::from(by % 4)];
                self.request(method, &query, by & 4 != 0, b"4");
            }
            28 => self.entropy.set_broken(by % 2 == 0),
            29 => self.ask_with_a_used_key(by),
            _ => {
                let now = self.clock();
                self.app.act(&mut self.server.at(now), by);
            }
        }
    }

    /// The query of the current client.
    fn query(&self, transport: &str) -> String {
        let at = usize::from(self.current).checked_rem(self.streams.len());
        let sid = at.map_or("unknown", |at| &self.streams[at].sid);
        format!("EIO=4&transport={transport}&sid={sid}")
    }

    /// The current WebSocket.
    fn websocket(&self) -> Option<u64> {
        let open = || self.links.iter().filter(|(_, link)| link.stage == Stage::Open);
        let at = usize::from(self.current).checked_rem(open().count())?;
        open().nth(at).map(|(&key, _)| key)
    }

    fn answer(&mut self, key: u64, request: &Request<'_>) -> Answer {
        let (now, Self { server, app, .. }) = (self.clock(), self);
        server.request(now, Key(key), request, &mut |io, event| app.handle(io, event))
    }

    fn request(&mut self, method: &str, query: &str, is_upgrade: bool, body: &[u8]) {
        self.last_key += 1;
        let key = self.last_key;
        let content_type = Some(if body.first() == Some(&b'o') { "application/octet-stream" } else { "text/plain" });
        let sid = query.rsplit_once("sid=").map(|(_, sid)| sid).filter(|sid| !sid.is_empty());
        let stream = sid.and_then(|sid| self.streams.iter().position(|stream| stream.sid == sid));
        let stage = match self.answer(key, &Request { method, query, content_type, is_upgrade, body }) {
            Answer::Respond(response) => {
                if response.status == 200 && method == "GET" {
                    let stream = stream.unwrap_or_else(|| self.add_stream());
                    self.read_body(stream, &response.body);
                }
                return;
            }
            Answer::Park => Stage::Parked,
            Answer::Upgrade => Stage::Promised,
        };
        self.links.insert(key, Link { stage, stream, is_told: false });
    }

    /// A key that is in use is refused, and goes on as if nothing had been.
    fn ask_with_a_used_key(&mut self, by: u8) {
        let Some(key) = usize::from(by).checked_rem(self.links.len()).and_then(|at| self.links.keys().nth(at).copied()) else {
            return;
        };
        let polls = by & 1 == 0;
        let own = self.query(if polls { "polling" } else { "websocket" });
        let opening = if polls { "EIO=4&transport=polling" } else { "EIO=4&transport=websocket" };
        let query = if by & 2 == 0 { &own } else { opening };
        let request = Request { method: "GET", query, content_type: None, is_upgrade: !polls, body: b"" };
        let Answer::Respond(response) = self.answer(key, &request) else { panic!("a key is used twice") };
        assert_eq!(response.status, 400, "a key that is in use");
    }

    fn add_stream(&mut self) -> usize {
        let assembler = Assembler::new(Limits::new());
        self.streams.push(Stream { sid: String::new(), session: None, assembler, inside: BTreeMap::new(), latest: None });
        self.streams.len() - 1
    }

    /// The first WebSocket that was promised is open.
    fn open(&mut self) {
        let promised = self.links.iter().find(|(_, link)| link.stage == Stage::Promised).map(|(&key, link)| (key, link.stream));
        let Some((key, stream)) = promised else { return };
        let stream = stream.unwrap_or_else(|| self.add_stream());
        self.links.insert(key, Link { stage: Stage::Open, stream: Some(stream), is_told: false });
        let (now, Self { server, app, .. }) = (self.clock(), self);
        server.opened(now, Key(key), &mut |io, event| app.handle(io, event));
    }

    fn receive(&mut self, key: Option<u64>, message: engine::Message<'_>) {
        let (now, Self { server, app, .. }) = (self.clock(), self);
        server.receive(now, Key(key.unwrap_or_default()), message, &mut |io, event| app.handle(io, event));
    }

    fn gone(&mut self, key: Option<u64>) {
        self.links.remove(&key.unwrap_or_default());
        let (now, Self { server, app, .. }) = (self.clock(), self);
        server.gone(now, Key(key.unwrap_or_default()), &mut |io, event| app.handle(io, event));
    }

    fn pass(&mut self, ms: u64) {
        self.now += ms;
        let (now, Self { server, app, .. }) = (self.clock(), &mut *self);
        server.advance(now, &mut |io, event| app.handle(io, event));
    }

    /// The next key under which something is due.
    fn ready(&mut self) -> Option<u64> {
        let Key(key) = self.server.next_ready()?;
        let link = self.links.get_mut(&key).expect("a key is told that is done with");
        assert!(!core::mem::replace(&mut link.is_told, true), "a key is told twice");
        Some(key)
    }

    /// Takes one of what is due. False if there was nothing.
    fn pull(&mut self, key: u64) -> bool {
        let due = self.server.pull(Key(key));
        let Some(link) = self.links.get_mut(&key) else {
            assert_eq!(due, None, "{key} is done with");
            return false;
        };
        let (stage, stream) = (link.stage, link.stream);
        match due {
            None => {
                link.is_told = false;
                return false;
            }
            Some(Due::Respond(response)) => {
                assert_eq!(stage, Stage::Parked);
                self.links.remove(&key);
                if response.status == 200 {
                    self.read_body(stream.expect("a client"), &response.body);
                }
            }
            Some(Due::Text(text)) => {
                assert_eq!(stage, Stage::Open);
                self.read(stream.expect("a client"), &text);
            }
            Some(Due::Binary(bytes)) => {
                assert_eq!(stage, Stage::Open);
                let stream = &mut self.streams[stream.expect("a client")];
                stream.assembler.binary(&bytes).expect("an attachment of something");
            }
            Some(Due::Close) => {
                assert_eq!(stage, Stage::Open);
                self.links.remove(&key);
            }
        }
        true
    }

    /// Takes all that is due.
    fn drain(&mut self) {
        let told: Vec<_> = self.links.iter().filter(|(_, link)| link.is_told).map(|(&key, _)| key).collect();
        for key in told {
            while self.pull(key) {}
        }
        while let Some(key) = self.ready() {
            while self.pull(key) {}
        }
        for key in self.links.keys().copied().collect::<Vec<_>>() {
            assert!(!self.pull(key), "{key} was not told");
        }
    }

    fn read_body(&mut self, stream: usize, body: &[u8]) {
        let body = core::str::from_utf8(body).unwrap();
        for packet in packets(body) {
            let mut out = vec![0; body.len()];
            let text = packet.expect("packets").encode(&mut out).unwrap().to_owned();
            self.read(stream, text.as_bytes());
        }
    }

    /// A packet that a client gets.
    fn read(&mut self, stream: usize, text: &[u8]) {
        let text = core::str::from_utf8(text).unwrap();
        match Packet::decode(text).expect("a packet") {
            Packet::Open(json) => {
                let sid = Handshake::parse(json).unwrap().sid.raw();
                assert!(self.streams.iter().all(|stream| stream.sid != sid), "a sid comes again");
                self.streams[stream].sid = sid.to_owned();
            }
            Packet::Message(text) => self.read_message(stream, text),
            Packet::Base64(_) => drop(self.streams[stream].assembler.binary(&[]).expect("an attachment of something")),
            Packet::Ping("") | Packet::Pong("probe") | Packet::Noop | Packet::Close => {}
            other => panic!("{other:?} from a server"),
        }
    }

    fn read_message(&mut self, stream: usize, text: &str) {
        let (stream, app) = (&mut self.streams[stream], &self.app);
        let packet = stream.assembler.text(text).expect("a packet in its place");
        let namespace = packet.namespace();
        match packet.kind() {
            Kind::Connect => {
                let sid = packet.payload().unwrap().get("sid").unwrap().text().unwrap().raw();
                let (&id, socket) = app.sockets.iter().find(|(_, socket)| socket.sid == sid).expect("a socket");
                assert!(socket.is_accepted && socket.namespace == namespace, "let in without a word");
                assert_eq!(*stream.session.get_or_insert(socket.session), socket.session, "another client's");
                stream.inside.insert(namespace.to_owned(), id);
            }
            Kind::ConnectError => {}
            Kind::Disconnect => assert!(stream.inside.remove(namespace).is_some(), "put out of where it was not"),
            _ => {
                let name = packet.name().or_else(|| packet.args().next()).and_then(|name| name.text()).unwrap();
                let number: usize = name.raw().parse().unwrap();
                assert!(stream.latest.is_none_or(|latest| latest < number), "twice, or out of order");
                stream.latest = Some(number);
                let socket = stream.inside.get(namespace).expect("let in");
                assert!(app.sent[number].contains(socket), "a message for others");
            }
        }
    }

    /// Checks what holds after every call.
    fn look(&mut self) {
        let now = self.clock();
        let io = self.server.at(now);
        for namespace in ["/", "/a"] {
            assert!(io.sockets(namespace).all(|socket| self.app.is_in(socket)));
            assert!(io.members(namespace, "x").all(|socket| io.is_connected(socket)));
        }
    }

    /// All are gone, and time passes.
    fn rest(&mut self) {
        self.drain();
        while let Some(&key) = self.links.keys().next() {
            self.gone(Some(key));
        }
        for _ in 0..8 {
            self.pass(100);
            self.drain();
        }
        assert!(self.server.is_empty() && self.server.next_timeout().is_none());
        assert!(self.app.sockets.values().all(|socket| socket.is_over), "a socket is gone without a word");
    }
}
