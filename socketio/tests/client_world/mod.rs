//! A world for clients: time that is a number, a real session over queues of bytes, and a server that does what a script says.
#![allow(dead_code, reason = "each test file needs some of it")]

use std::collections::VecDeque;

use sansocket::{
    Accept, Buffered, CloseCode, Config, Connection, Entropy, EntropyError, Event as Ws, Instant, MessageKind, NoEntropy, Origin,
};
use sansocket_session::{Commands, DialError, Epoch, Event as SessionEvent, Session, SessionConfig, Transport};
use sansocket_socketio::client::{
    AckSlot, Client, ClientConfig, Emit, EmitError, Event, NamespaceId, NamespaceSlot, Refusal, Sent,
};

pub(crate) static CONFIG: Config = Config::new().keepalive_interval_ms(0);
pub(crate) static CLIENT: ClientConfig = ClientConfig::new();
pub(crate) const OPEN: &str = r#"0{"sid":"engine","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#;

pub(crate) type Io = Client<'static, Vec<NamespaceSlot>, Vec<AckSlot>, Vec<u8>>;
pub(crate) type TestSession = Session<'static, Lcg, Vec<u8>, Vec<u8>, Vec<u8>>;
pub(crate) type Verbs<'a> = Commands<'a, 'static, Lcg>;

/// A generator that always gives the same numbers.
pub(crate) struct Lcg(pub(crate) u64);

impl Entropy for Lcg {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        for byte in bytes {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            *byte = (self.0 >> 56) as u8;
        }
        Ok(())
    }
}

/// What a server does.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Act {
    Text(String),
    Binary(Vec<u8>),
    /// A closing handshake.
    Close(u16),
    /// Its process dies, after what it has sent before.
    Die,
}

pub(crate) fn text(text: &str) -> Act {
    Act::Text(text.to_owned())
}

/// What it does about a message; `open` stands for the end of the opening handshake. Binary messages are `b` and their bytes in hexadecimal.
pub(crate) type Script = Box<dyn FnMut(usize, &str) -> Vec<Act>>;

/// A server that lets everybody in.
pub(crate) fn friendly(nth: usize, message: &str) -> Vec<Act> {
    if message == "open" {
        return vec![text(OPEN)];
    }
    let Some(rest) = message.strip_prefix("40") else { return Vec::new() };
    let namespace = rest.split_once(',').map_or("", |(namespace, _)| namespace);
    let namespace = if rest.starts_with('/') { format!("{namespace},") } else { String::new() };
    vec![Act::Text(format!(r#"40{namespace}{{"sid":"s{nth}"}}"#))]
}

pub(crate) struct Server {
    ws: Buffered<'static, NoEntropy, Vec<u8>, Vec<u8>>,
    to_do: VecDeque<Act>,
    is_dead: bool,
}

impl Server {
    fn new(now: Instant) -> Self {
        let ws = Buffered::new(Connection::server(&CONFIG, now), vec![0; 65_536], vec![0; 65_536]);
        Self { ws, to_do: VecDeque::new(), is_dead: false }
    }

    /// Takes bytes, gives bytes.
    fn take(&mut self, mut bytes: &[u8], now: Instant, on: &mut dyn FnMut(&str) -> Vec<Act>) -> Vec<u8> {
        let mut out = Vec::new();
        loop {
            while let Some((event, mut ws)) = self.ws.next(now).expect("server") {
                match event {
                    Ws::Request(request) => {
                        ws.accept(&request, &Accept::new(Origin::Any)).expect("accept");
                        self.to_do.extend(on("open"));
                    }
                    Ws::Data(data) => {
                        let message = match data.kind {
                            MessageKind::Text => String::from_utf8(data.payload.to_vec()).expect("text"),
                            MessageKind::Binary => {
                                let hex = |sum, byte: &u8| format!("{sum}{byte:02x}");
                                data.payload.iter().fold("b".to_owned(), hex)
                            }
                        };
                        self.to_do.extend(on(&message));
                    }
                    _ => {}
                }
            }
            while self.ws.connection().state() == sansocket::State::Open && !self.is_dead {
                let Some(act) = self.to_do.pop_front() else { break };
                let mut ws = self.ws.commands(now);
                match act {
                    Act::Text(text) => ws.send_text(&text).expect("room"),
                    Act::Binary(bytes) => ws.send(MessageKind::Binary, &bytes).expect("room"),
                    Act::Close(code) => ws.close((code != 1005).then_some(CloseCode(code)), "").expect("close"),
                    Act::Die => self.is_dead = true,
                }
            }
            out.extend_from_slice(self.ws.due());
            let n = self.ws.due().len();
            self.ws.written(n, now);
            let Some(space) = self.ws.space() else { return out };
            let n = space.len().min(bytes.len());
            space[..n].copy_from_slice(&bytes[..n]);
            self.ws.filled(n, now);
            bytes = &bytes[n..];
            if n == 0 && self.ws.next(now).expect("server").is_none() {
                return out;
            }
        }
    }

    fn has_closed(&self) -> bool {
        self.is_dead || self.ws.transport() != sansocket::Transport::Keep
    }
}

pub(crate) type Handler = Box<dyn FnMut(&Event<'_>, &mut Io, &mut Verbs<'_>)>;

pub(crate) struct World {
    pub(crate) session: TestSession,
    pub(crate) io: Io,
    pub(crate) now: u64,
    pub(crate) log: Vec<String>,
    /// What servers got.
    pub(crate) got: Vec<String>,
    pub(crate) script: Script,
    pub(crate) handler: Handler,
    pub(crate) server: Option<Server>,
    /// How many connections there were.
    pub(crate) dials: usize,
    dialled: Option<Epoch>,
    ended: bool,
    /// Bytes that the session has no space for yet.
    unread: Vec<u8>,
    /// No transport comes about.
    pub(crate) is_down: bool,
    /// Bytes vanish, in both directions.
    pub(crate) is_cut: bool,
    /// The server pings so often.
    pub(crate) ping_ms: Option<u64>,
    next_ping: u64,
    /// So many bytes more come from the server before the transport breaks.
    pub(crate) bytes_left: Option<usize>,
    /// How many bytes arrive at once.
    pub(crate) chunk: usize,
    /// How many bytes the transport takes at once.
    pub(crate) takes: usize,
}

pub(crate) struct Setup {
    pub(crate) session: SessionConfig<'static>,
    pub(crate) client: ClientConfig,
    pub(crate) namespaces: usize,
    pub(crate) acks: usize,
    pub(crate) out: usize,
    pub(crate) buffers: usize,
    pub(crate) queue: usize,
}

impl Default for Setup {
    fn default() -> Self {
        let session = SessionConfig::new().first_delay_ms(1000);
        Self { session, client: CLIENT, namespaces: 3, acks: 8, out: 2000, buffers: 4096, queue: 4096 }
    }
}

pub(crate) fn leak<T>(value: T) -> &'static T {
    Box::leak(Box::new(value))
}

impl World {
    pub(crate) fn new(script: impl FnMut(usize, &str) -> Vec<Act> + 'static) -> Self {
        Self::with(Setup::default(), script)
    }

    pub(crate) fn with(setup: Setup, script: impl FnMut(usize, &str) -> Vec<Act> + 'static) -> Self {
        let Setup { session, client, namespaces, acks, out, buffers, queue } = setup;
        let connection = Connection::client(&CONFIG, Lcg(1), Instant::from_millis(0));
        let ws = Buffered::new(connection, vec![0; buffers], vec![0; buffers]);
        let memory = vec![0; session.url_memory_len() + queue];
        let bytes = vec![0; namespaces * usize::from(client.namespace_len) + out];
        Self {
            session: Session::new(ws, leak(session), "ws://example.com/socket.io/?EIO=4&transport=websocket", memory)
                .expect("session"),
            io: Client::new(leak(client), vec![NamespaceSlot::EMPTY; namespaces], vec![AckSlot::EMPTY; acks], bytes),
            now: 0,
            log: Vec::new(),
            got: Vec::new(),
            script: Box::new(script),
            handler: Box::new(|_, _, _| {}),
            server: None,
            dials: 0,
            dialled: None,
            ended: false,
            unread: Vec::new(),
            is_down: false,
            is_cut: false,
            ping_ms: None,
            next_ping: u64::MAX,
            bytes_left: None,
            chunk: usize::MAX,
            takes: usize::MAX,
        }
    }

    pub(crate) fn handling(mut self, handler: impl FnMut(&Event<'_>, &mut Io, &mut Verbs<'_>) + 'static) -> Self {
        self.handler = Box::new(handler);
        self
    }

    pub(crate) fn clock(&self) -> Instant {
        Instant::from_millis(self.now)
    }

    /// With these namespaces.
    pub(crate) fn start(&mut self, namespaces: &[&str]) -> Vec<NamespaceId> {
        let now = self.clock();
        let ids =
            namespaces.iter().map(|name| self.io.connect(&mut self.session.commands(now), name).expect("connect")).collect();
        self.session.start(now);
        self.settle();
        ids
    }

    pub(crate) fn emit(&mut self, emit: &Emit<'_>) -> Result<Sent, EmitError> {
        let now = self.clock();
        let sent = self.io.emit(&mut self.session.commands(now), emit);
        self.settle();
        sent
    }

    pub(crate) fn disconnect(&mut self, namespace: NamespaceId) {
        let now = self.clock();
        self.io.disconnect(&mut self.session.commands(now), namespace);
        self.settle();
    }

    /// Has the server do something.
    pub(crate) fn serve(&mut self, acts: &[Act]) {
        self.server.as_mut().expect("a server").to_do.extend(acts.iter().cloned());
        self.settle();
    }

    /// The server's process is killed.
    pub(crate) fn kill(&mut self) {
        self.server = None;
        self.settle();
    }

    fn take_events(&mut self, now: Instant) -> bool {
        let before = self.log.len();
        let mut happened = false;
        loop {
            while let Some((event, mut ws)) = self.session.next(now).expect("next") {
                happened = true;
                if let Some(event) = self.io.handle(event, &mut ws) {
                    self.log.extend(line(self.now, &event, &self.io));
                    (self.handler)(&event, &mut self.io, &mut ws);
                }
            }
            let mut ws = self.session.commands(now);
            let Some(event) = self.io.poll(&mut ws) else { break };
            self.log.extend(line(self.now, &event, &self.io));
            (self.handler)(&event, &mut self.io, &mut ws);
            assert!(self.log.len() < before + 1000, "events have no end: {:?}", &self.log[self.log.len() - 10..]);
        }
        happened || self.log.len() > before
    }

    /// Takes events, and moves bytes, until nothing more happens at this time.
    pub(crate) fn settle(&mut self) {
        for round in 0.. {
            assert!(
                round < 100_000,
                "the client spins: {:?}, {:?}",
                self.session,
                &self.log[self.log.len().saturating_sub(20)..]
            );
            let now = self.clock();
            let happened = self.take_events(now);
            if !self.obey(now) && !self.exchange(now) && !happened {
                self.session.filled(self.session.epoch(), 0, now);
                // What the client does without an event is the session's to follow, at once.
                if !self.take_events(now) && self.next_timeout().is_none_or(|next| next > now) {
                    return;
                }
            }
        }
    }

    fn next_timeout(&self) -> Option<Instant> {
        match (self.session.next_timeout(), self.io.next_timeout()) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        }
    }

    fn obey(&mut self, now: Instant) -> bool {
        match self.session.transport() {
            Transport::None => {
                self.server = None;
                self.unread.clear();
                false
            }
            Transport::Dial(dial) if self.dialled != Some(dial.epoch) => {
                let epoch = dial.epoch;
                (self.server, self.ended, self.dialled) = (None, false, Some(epoch));
                self.unread.clear();
                if self.is_down {
                    self.session.dial_failed(epoch, DialError::Connect);
                    return true;
                }
                self.dials += 1;
                self.server = Some(Server::new(now));
                self.next_ping = self.ping_ms.map_or(u64::MAX, |ms| self.now + ms);
                self.session.connected(epoch, now);
                true
            }
            _ => false,
        }
    }

    /// Whether bytes moved.
    fn exchange(&mut self, now: Instant) -> bool {
        let epoch = self.session.epoch();
        let due = self.session.due();
        let due = due[..due.len().min(self.takes)].to_vec();
        self.session.written(epoch, due.len(), now);
        if self.is_cut {
            return !due.is_empty();
        }
        let nth = self.dials;
        let (script, got) = (&mut self.script, &mut self.got);
        let Some(server) = &mut self.server else {
            let is_news = self.session.wants_reading() && !self.ended;
            if is_news {
                self.ended = true;
                self.session.eof(epoch);
            }
            return is_news;
        };
        let mut on = |message: &str| {
            if message != "open" {
                got.push(message.to_owned());
            }
            script(nth, message)
        };
        let answer = server.take(&due, now, &mut on);
        let (is_over, is_dead) = (server.has_closed(), server.is_dead);
        self.unread.extend(answer);
        let mut moved = !due.is_empty();
        while !self.unread.is_empty() {
            if self.bytes_left == Some(0) {
                self.server = None;
                self.unread.clear();
                self.bytes_left = None;
                return true;
            }
            let Some(space) = self.session.space() else { break };
            let taken = space.len().min(self.unread.len()).min(self.chunk).min(self.bytes_left.unwrap_or(usize::MAX));
            space[..taken].copy_from_slice(&self.unread[..taken]);
            self.unread.drain(..taken);
            self.session.filled(epoch, taken, now);
            self.bytes_left = self.bytes_left.map(|left| left - taken);
            moved = true;
            self.take_events(now);
            if self.session.epoch() != epoch || self.session.transport() == Transport::None {
                return true;
            }
        }
        if is_dead && self.unread.is_empty() {
            self.server = None;
            return true;
        }
        if is_over && !moved && !self.ended {
            self.ended = true;
            self.session.eof(epoch);
            return true;
        }
        moved
    }

    /// Lets time pass, from one deadline to the next.
    pub(crate) fn run_to(&mut self, until: u64) {
        self.settle();
        for round in 0.. {
            assert!(round < 100_000, "deadlines do not move");
            let next = self.next_timeout().map_or(until, |next| next.as_micros().div_ceil(1000));
            self.now = next.min(until).min(self.next_ping).max(self.now);
            if self.now >= self.next_ping {
                self.next_ping = self.now + self.ping_ms.unwrap_or(u64::MAX / 2);
                if let Some(server) = &mut self.server {
                    server.to_do.push_back(text("2"));
                }
            }
            self.settle();
            if self.now >= until {
                return;
            }
        }
    }

    pub(crate) fn run(&mut self, ms: u64) {
        self.run_to(self.now + ms);
    }

    /// The log's lines without their times, from the last one that was taken on.
    pub(crate) fn take_log(&mut self) -> Vec<String> {
        let log = std::mem::take(&mut self.log);
        log.into_iter().map(|line| line.split_once(' ').map_or_else(String::new, |(_, text)| text.to_owned())).collect()
    }

    pub(crate) fn take_got(&mut self) -> Vec<String> {
        std::mem::take(&mut self.got)
    }
}

/// An event as a line; `None` for those that are the session's own affair.
pub(crate) fn line(now: u64, event: &Event<'_>, io: &Io) -> Option<String> {
    let name = |namespace: &NamespaceId| io.name(*namespace).to_owned();
    Some(match event {
        Event::Joining { namespace, .. } => format!("{now} joining {}", name(namespace)),
        Event::Connected { namespace, sid, recovered, .. } => {
            format!("{now} connected {} {sid}{}", name(namespace), if *recovered { " recovered" } else { "" })
        }
        Event::ConnectError { namespace, error, .. } => match error {
            Refusal::Refused(json) => format!("{now} refused {} {}", name(namespace), json.as_json()),
            other => format!("{now} refused {} {other:?}", name(namespace)),
        },
        Event::Disconnected { namespace, reason, .. } => format!("{now} disconnected {} {reason}", name(namespace)),
        Event::Event { namespace, packet, asker, .. } => {
            let asks = asker.map_or_else(String::new, |asker| format!(" asks {}", asker.id));
            format!("{now} event {} {}{asks}", name(namespace), packet.json())
        }
        Event::Ack { ack, packet, .. } => format!("{now} ack {} {}", ack.number(), packet.json()),
        Event::AckFailed { ack, error, .. } => format!("{now} no ack {} {error:?}", ack.number()),
        Event::Attachment { attachment, .. } => {
            format!("{now} attachment {}/{} {:?}", attachment.index, attachment.of, attachment.bytes)
        }
        Event::Down { cause, fault, retry_in_ms, .. } => {
            let fault = fault.map_or_else(String::new, |fault| format!(" {fault:?}"));
            format!("{now} down {cause:?}{fault} {}", if retry_in_ms.is_some() { "again" } else { "never" })
        }
        Event::Session(SessionEvent::Dropped(numbers)) => format!("{now} dropped {}", numbers.count),
        Event::Session(SessionEvent::GaveUp) => format!("{now} gave up"),
        _ => return None,
    })
}
