//! A client of Socket.IO over a session, against servers that say anything: nothing panics, nothing spins, each answer ends once, and what is
//! sent keeps the rules.

use crate::input::{Call, Socketio};
use crate::session::whole_frame;
use crate::socketio_texts::{Lines, packet};
use crate::support::entropy::Counter;
use crate::support::frames::{BINARY, FIN, PING, TEXT, close_to, frame_to};
use crate::support::http::accept_of;
use sansocket::{Buffered, Config, Connection, Instant, Role};
use sansocket_session::{Commands, DialError, Epoch, Overflow, Session, SessionConfig, Transport};
use sansocket_socketio::client::{AckSlot, Asker, Client, ClientConfig, Emit, Event, NamespaceId, NamespaceSlot, NamespaceState};
use sansocket_socketio::{Assembler, Limits, engine};
use std::collections::BTreeSet;

const WS: Config<'static> = Config::new().keepalive_interval_ms(0).handshake_timeout_ms(60).closing_timeout_ms(50);
const NAMES: [&str; 4] = ["/", "/a", "/later", "/a?b"];

/// Any calls, while any bytes arrive.
pub fn socketio_client(input: &Socketio<'_>) {
    let options = input.options;
    let config = ClientConfig::new().open_timeout_ms(40).namespace_len(if options & 1 == 0 { 32 } else { 8 }).max_attachments(2);
    let (overflow, is_small) = (options >> 1 & 3, options & 8 != 0);
    let overflow = [Overflow::Refuse, Overflow::DropOldest, Overflow::DropNewest, Overflow::Refuse][usize::from(overflow)];
    let session = SessionConfig::new().first_delay_ms(20).max_delay_ms(50).min_delay_ms(10).max_queued(4).overflow(overflow);
    let connection = Connection::client(&WS, Counter::default(), Instant::from_millis(1));
    let output = if is_small { 262 } else { 600 };
    let ws = Buffered::new(connection, vec![0; 400], vec![0; output]);
    let ws = if options & 16 == 0 { ws } else { ws.in_pieces() };
    let memory = vec![0; session.url_memory_len() + output];
    let session = Session::new(ws, &session, "ws://h/socket.io/?EIO=4&transport=websocket", memory).expect("a session");
    let bytes = vec![0; 3 * usize::from(config.namespace_len) + if is_small { 40 } else { 200 }];
    let io = Client::new(&config, vec![NamespaceSlot::EMPTY; 3], vec![AckSlot::EMPTY; 3], bytes);
    let program =
        Program { io, ids: Vec::new(), asker: None, acks: BTreeSet::new(), inside: BTreeSet::new(), emitted: 0, reaction: 0 };
    let wire = Wire { lines: Lines(input.wire.0), sent: Vec::new(), read: 0, latest: None, assembler: assembler() };
    let mut world = World { session, program, wire, now: 1, dialled: None, is_up: false };
    for call in &input.calls {
        world.act(*call);
    }
    world.rest();
}

const fn assembler() -> Assembler {
    Assembler::new(Limits::new())
}

/// What the client writes, and what there is for it to read.
struct Wire<'d> {
    lines: Lines<'d>,
    /// Since the dial, or since the opening handshake.
    sent: Vec<u8>,
    /// So much of it was looked at.
    read: usize,
    /// The last event of the program's.
    latest: Option<u32>,
    assembler: Assembler,
}

impl Wire<'_> {
    /// Looks at the messages that have left: packets, attachments after theirs, each event at most once and in order. Returns the texts.
    fn look(&mut self) -> Vec<String> {
        let mut texts = Vec::new();
        while let Some((first, payload, rest)) = whole_frame(&self.sent[self.read..]) {
            self.read = self.sent.len() - rest.len();
            match first {
                0x81 => texts.push(String::from_utf8(payload).expect("text")),
                0x82 => {
                    self.assembler.binary(&payload).expect("an attachment of something");
                    continue;
                }
                0x88..=0x8A => continue,
                other => panic!("a frame that begins with {other:#x}"),
            }
            let text = texts.last().unwrap();
            let engine::Packet::Message(message) = engine::Packet::decode(text).expect("a packet") else {
                assert_eq!(text, "3");
                continue;
            };
            let packet = self.assembler.text(message).expect("a packet in its place");
            let name = packet.name().and_then(|name| name.text()).filter(|_| packet.kind().is_event());
            let Some(number) = name.map(|name| name.raw().parse().unwrap()) else { continue };
            assert!(self.latest.is_none_or(|latest| latest < number), "{number} comes after {:?}", self.latest);
            self.latest = Some(number);
        }
        texts
    }

    /// Another transport begins, or its WebSocket.
    fn restart(&mut self) {
        self.look();
        self.sent.clear();
        (self.read, self.assembler) = (0, assembler());
    }
}

/// The application, and what it knows.
struct Program<'c> {
    io: Client<'c, Vec<NamespaceSlot>, Vec<AckSlot>, Vec<u8>>,
    ids: Vec<NamespaceId>,
    asker: Option<Asker>,
    /// Those whose end has not come.
    acks: BTreeSet<u64>,
    inside: BTreeSet<NamespaceId>,
    emitted: u32,
    /// What the next handler does.
    reaction: u8,
}

type Verbs<'a, 'c> = Commands<'a, 'c, Counter>;

impl Program<'_> {
    fn note(&mut self, event: &Event<'_>, ws: &mut Verbs<'_, '_>) {
        match event {
            Event::Connected { namespace, .. } => assert!(self.inside.insert(*namespace), "in twice"),
            Event::Disconnected { namespace, .. } => assert!(self.inside.remove(namespace), "out twice"),
            Event::Event { asker: Some(asker), .. } => self.asker = Some(*asker),
            Event::Ack { ack, .. } | Event::AckFailed { ack, .. } => {
                assert!(self.acks.remove(&ack.number()), "{ack:?} has ended before");
            }
            Event::Joining { namespace, .. } if self.reaction % 8 == 3 => {
                let auth = [r#"{"token":"abc"}"#, "{ }", "[]", "{"][usize::from(self.reaction / 64)];
                ignore(self.io.authenticate(ws, *namespace, auth));
            }
            _ => {}
        }
        let reaction = core::mem::take(&mut self.reaction);
        self.act(reaction, ws);
    }

    fn act(&mut self, by: u8, ws: &mut Verbs<'_, '_>) {
        let at = usize::from(by / 8);
        match by % 8 {
            0 => {}
            1 => {
                if let Ok(id) = self.io.connect(ws, NAMES[at % 4]) {
                    self.ids.push(id);
                }
            }
            2 => {
                if let Some(&id) = self.ids.iter().nth_back(at % 4) {
                    self.io.disconnect(ws, id);
                }
            }
            3 => {
                if let Some(asker) = self.asker {
                    let files: &[&[u8]] = if at & 1 == 0 { &[] } else { &[b"f"] };
                    let args = if at & 1 == 0 { "[1]" } else { r#"[{"_placeholder":true,"num":0}]"# };
                    ignore(self.io.ack(ws, asker, args, files));
                }
            }
            _ => self.emit(by, ws),
        }
    }

    fn emit(&mut self, by: u8, ws: &mut Verbs<'_, '_>) {
        let Some(&id) = self.ids.iter().nth_back(usize::from(by / 64)) else { return };
        let name = self.emitted.to_string();
        let files: &[&[u8]] = if by & 8 == 0 { &[] } else { &[b"one", b""] };
        let args =
            if by & 8 == 0 { r#"["some text"]"# } else { r#"[{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]"# };
        let mut emit = Emit::new(id, &name).args(args).attachments(files);
        emit.ack_within_ms = (by & 16 == 0).then_some(u32::from(by / 2));
        emit.is_volatile = by & 32 != 0;
        // A name is given once, whatever becomes of it.
        self.emitted += 1;
        if let Ok(sent) = self.io.emit(ws, &emit) {
            assert_eq!(sent.ack.is_some(), emit.ack_within_ms.is_some());
            assert!(sent.ack.is_none_or(|ack| self.acks.insert(ack.number())), "an id comes again");
        }
    }
}

/// What is refused is the program's own doing.
fn ignore<T, E>(_: Result<T, E>) {}

struct World<'c, 'd> {
    session: Session<'c, Counter, Vec<u8>, Vec<u8>, Vec<u8>>,
    program: Program<'c>,
    wire: Wire<'d>,
    now: u64,
    dialled: Option<Epoch>,
    /// The opening handshake was answered.
    is_up: bool,
}

impl World<'_, '_> {
    fn clock(&self) -> Instant {
        Instant::from_millis(self.now)
    }

    fn act(&mut self, Call { number, by }: Call) {
        let (now, epoch) = (self.clock(), self.session.epoch());
        match number % 32 {
            0 => self.program.reaction = by,
            1..=3 => self.turn(),
            4..=6 => self.obey(by),
            7 => self.let_in(by),
            8..=13 => self.say(TEXT, packet(by).as_bytes()),
            14 => {
                let line = self.wire.lines.next();
                self.say(TEXT, line);
            }
            15 => self.say(BINARY, &vec![by; usize::from(by % 4)]),
            16 => {
                let line = self.wire.lines.next();
                self.put(line);
            }
            17 => {
                let control = if by & 1 == 0 {
                    frame_to(Role::Client, FIN | PING, b"?")
                } else {
                    close_to(Role::Client, 1000 + u16::from(by / 2), b"")
                };
                self.put(&control);
            }
            18 => self.session.eof(epoch),
            19 => self.session.write_failed(epoch),
            20..=22 => self.now += if by < 200 { by.into() } else { u64::from(by) * 100 },
            23 => self.write(by.into()),
            24 => self.session.start(now),
            25 => self.answer(by),
            _ => self.program.act(by, &mut self.session.commands(now)),
        }
    }

    /// Does what the transport waits for: the dial, the answer to the opening handshake, with Engine.IO's behind it, and to write.
    fn obey(&mut self, by: u8) {
        if let Transport::Dial(dial) = self.session.transport() {
            let (epoch, now) = (dial.epoch, self.clock());
            if by > 240 {
                return self.session.dial_failed(epoch, DialError::Connect);
            }
            self.session.connected(epoch, now);
            self.turn();
        }
        self.write(usize::MAX);
        let text = String::from_utf8_lossy(&self.wire.sent).into_owned();
        let Some((_, key)) = text.rsplit_once("Sec-WebSocket-Key: ").filter(|_| !self.is_up) else { return };
        let head = [
            "HTTP/1.1 101 \r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ",
            &accept_of(&key[..24]),
            "\r\n\r\n",
        ];
        let open = frame_to(Role::Client, FIN | TEXT, packet(23 - by % 2).as_bytes());
        let open = if by > 200 { Vec::new() } else { open };
        self.wire.sent.clear();
        (self.is_up, self.wire.read) = (true, 0);
        self.put(&[head.concat().as_bytes(), &open].concat());
        self.turn();
    }

    fn write(&mut self, n: usize) {
        if self.dialled != Some(self.session.epoch()) {
            if self.is_up {
                self.wire.restart();
            }
            self.wire.sent.clear();
            (self.dialled, self.is_up) = (Some(self.session.epoch()), false);
        }
        let n = n.min(self.session.due().len());
        self.wire.sent.extend(&self.session.due()[..n]);
        self.session.written(self.session.epoch(), n, self.clock());
    }

    fn say(&mut self, kind: u8, payload: &[u8]) {
        if self.is_up {
            self.put(&frame_to(Role::Client, FIN | kind, payload));
        }
    }

    fn put(&mut self, bytes: &[u8]) {
        let epoch = self.session.epoch();
        let Some(space) = self.session.space().filter(|space| space.len() >= bytes.len()) else { return };
        space[..bytes.len()].copy_from_slice(bytes);
        self.session.filled(epoch, bytes.len(), self.clock());
    }

    /// Answers what has left: lets in who asks for it, and answers what wants it.
    fn let_in(&mut self, by: u8) {
        self.turn();
        self.write(usize::MAX);
        if !self.is_up {
            return;
        }
        for text in self.wire.look() {
            let Some(rest) = text.strip_prefix("40") else { continue };
            let namespace = rest.split_once(',').map_or(String::new(), |(namespace, _)| format!("{namespace},"));
            let pid = if by & 1 == 0 { "" } else { r#","pid":"p""# };
            self.say(TEXT, format!(r#"40{namespace}{{"sid":"s"{pid}}}"#).as_bytes());
            self.turn();
        }
    }

    /// The answer to one of the events that wait for it.
    fn answer(&mut self, by: u8) {
        let Some(id) =
            usize::from(by).checked_rem(self.program.acks.len()).and_then(|at| self.program.acks.iter().nth(at).copied())
        else {
            return;
        };
        let namespace = ["", "/a,"][usize::from(by / 128)];
        self.say(TEXT, format!("43{namespace}{id}[1]").as_bytes());
    }

    /// Takes all events. Whether there were any.
    fn take_events(&mut self) -> bool {
        let now = self.clock();
        for round in 0..2_000 {
            let before = round;
            while let Some((event, mut ws)) = self.session.next(now).expect("entropy") {
                if let Some(event) = self.program.io.handle(event, &mut ws) {
                    self.program.note(&event, &mut ws);
                }
            }
            let mut ws = self.session.commands(now);
            let Some(event) = self.program.io.poll(&mut ws) else { return before > 0 };
            self.program.note(&event, &mut ws);
        }
        panic!("events without an end");
    }

    /// Takes events until nothing more is due at this time.
    fn turn(&mut self) {
        for _ in 0..100 {
            self.take_events();
            self.session.filled(self.session.epoch(), 0, self.clock());
            let happened = self.take_events();
            let next = [self.session.next_timeout(), self.program.io.next_timeout()].into_iter().flatten().min();
            if !happened && next.is_none_or(|next| next > self.clock()) {
                let io = &self.program.io;
                assert!(
                    self.program
                        .inside
                        .iter()
                        .all(|&id| matches!(io.state(id), NamespaceState::Connected | NamespaceState::Leaving))
                );
                return;
            }
        }
        panic!("a deadline does not move");
    }

    /// The server is gone, and time passes: each answer has ended.
    fn rest(&mut self) {
        self.program.reaction = 0;
        self.turn();
        self.write(usize::MAX);
        self.session.eof(self.session.epoch());
        self.turn();
        self.now += 1000;
        self.turn();
        if self.is_up {
            self.wire.look();
        }
        assert!(self.program.acks.is_empty(), "answers without an end");
    }
}
