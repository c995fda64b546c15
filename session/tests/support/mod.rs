//! A world for sessions: time that is a number, transports that are queues, and peers on the other side.
#![allow(dead_code, reason = "each test file needs some of it")]

use sansocket::{
    Accept, Buffered, CloseCode, Config, Connection, Entropy, EntropyError, Event as Ws, Header, Instant, MessageKind, NoEntropy,
    Origin,
};
use sansocket_session::{Commands, Dial, DialError, Epoch, Event, Session, SessionConfig, Transport};

pub(crate) type TestSession = Session<'static, Lcg, Vec<u8>, Vec<u8>, Vec<u8>>;

pub(crate) static CONFIG: Config = Config::new();

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

pub(crate) fn leak<T>(value: T) -> &'static T {
    Box::leak(Box::new(value))
}

pub(crate) fn session(config: SessionConfig<'static>, url: &str, queue: usize) -> TestSession {
    session_with(&CONFIG, config, url, queue)
}

pub(crate) fn session_with(ws: &'static Config<'static>, config: SessionConfig<'static>, url: &str, queue: usize) -> TestSession {
    let ws = Buffered::new(Connection::client(ws, Lcg(1), Instant::from_millis(0)), vec![0; 2048], vec![0; 2048]);
    let memory = vec![0; config.url_memory_len() + queue];
    Session::new(ws, leak(config), url, memory).expect("a session")
}

/// What is at the other end of a transport.
pub(crate) trait Peer {
    /// Takes bytes, gives bytes. `None` of them: the other end has closed.
    fn take(&mut self, bytes: &[u8], now: Instant) -> Vec<u8>;
    /// Whether it has closed its end.
    fn has_closed(&self) -> bool {
        false
    }
    /// The messages that it got.
    fn messages(&mut self) -> Vec<String> {
        Vec::new()
    }
    /// Has it send a message.
    fn send(&mut self, _text: &str) {}
    fn close(&mut self, _code: u16) {}
}

/// A server of sansocket's own.
pub(crate) struct Server {
    ws: Buffered<'static, NoEntropy, Vec<u8>, Vec<u8>>,
    /// Another status than 101, and its header fields.
    answer: Option<(u16, Vec<(String, String)>)>,
    messages: Vec<String>,
    to_send: Vec<String>,
    to_close: Option<u16>,
    pub(crate) heads: Vec<String>,
    /// Answers this text with that.
    pub(crate) answers: Option<(String, String)>,
    /// Says nothing after the opening handshake.
    pub(crate) is_silent: bool,
}

impl Server {
    pub(crate) fn new(now: Instant) -> Self {
        let ws = Buffered::new(Connection::server(&CONFIG, now), vec![0; 65_536], vec![0; 65_536]);
        Self {
            ws,
            answer: None,
            messages: Vec::new(),
            to_send: Vec::new(),
            to_close: None,
            heads: Vec::new(),
            answers: None,
            is_silent: false,
        }
    }

    pub(crate) fn refusing(now: Instant, status: u16, headers: &[(&str, &str)]) -> Self {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Self { answer: Some((status, headers)), ..Self::new(now) }
    }
}

impl Peer for Server {
    fn take(&mut self, bytes: &[u8], now: Instant) -> Vec<u8> {
        let mut bytes = bytes;
        let mut out = Vec::new();
        loop {
            while let Some((event, mut ws)) = self.ws.next(now).expect("server") {
                match event {
                    Ws::Request(request) => {
                        self.heads.push(String::from_utf8_lossy(request.bytes()).into_owned());
                        match &self.answer {
                            None => ws.accept(&request, &Accept::new(Origin::Any)).expect("accept"),
                            Some((status, headers)) => {
                                let headers: Vec<_> = headers.iter().map(|(name, value)| Header::new(name, value)).collect();
                                ws.respond(*status, &headers, b"no").expect("respond");
                            }
                        }
                    }
                    Ws::Data(data) => {
                        let text = String::from_utf8_lossy(data.payload).into_owned();
                        if let Some((_, answer)) = self.answers.as_ref().filter(|(ask, _)| *ask == text) {
                            ws.send_text(answer).expect("room");
                        }
                        self.messages.push(text);
                    }
                    _ => {}
                }
            }
            if self.ws.connection().state() == sansocket::State::Open {
                for text in self.to_send.drain(..) {
                    self.ws.commands(now).send_text(&text).expect("room");
                }
                if let Some(code) = self.to_close.take() {
                    self.ws.commands(now).close(CloseCode(code), "").expect("close");
                }
            }
            if !self.is_silent || self.ws.due().starts_with(b"HTTP") {
                out.extend_from_slice(self.ws.due());
            }
            let n = self.ws.due().len();
            self.ws.written(n, now);
            let Some(space) = self.ws.space() else {
                // What it sent of its own accord is to be followed by `next`.
                if bytes.is_empty() || self.ws.connection().state() == sansocket::State::Closed {
                    return out;
                }
                continue;
            };
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
        self.ws.transport() != sansocket::Transport::Keep
    }

    fn messages(&mut self) -> Vec<String> {
        std::mem::take(&mut self.messages)
    }

    fn send(&mut self, text: &str) {
        self.to_send.push(text.to_owned());
    }

    fn close(&mut self, code: u16) {
        self.to_close = Some(code);
    }
}

/// A proxy that answers CONNECT with this, and tunnels to a peer if that is a 200.
pub(crate) struct ProxyPeer {
    pub(crate) answer: Vec<u8>,
    pub(crate) head: Vec<u8>,
    pub(crate) inner: Option<Box<dyn Peer>>,
    is_open: bool,
}

impl ProxyPeer {
    pub(crate) fn new(answer: impl Into<Vec<u8>>, inner: Option<Box<dyn Peer>>) -> Self {
        Self { answer: answer.into(), head: Vec::new(), inner, is_open: false }
    }
}

impl Peer for ProxyPeer {
    fn take(&mut self, bytes: &[u8], now: Instant) -> Vec<u8> {
        match &mut self.inner {
            Some(inner) if self.is_open => return inner.take(bytes, now),
            _ => {}
        }
        self.head.extend_from_slice(bytes);
        if !self.is_open && self.head.ends_with(b"\r\n\r\n") {
            self.is_open = true;
            return self.answer.clone();
        }
        Vec::new()
    }

    fn messages(&mut self) -> Vec<String> {
        self.inner.as_mut().map(|inner| inner.messages()).unwrap_or_default()
    }

    fn has_closed(&self) -> bool {
        self.inner.as_ref().is_some_and(|inner| inner.has_closed())
    }
}

/// Takes everything and says nothing.
pub(crate) struct BlackHole;

impl Peer for BlackHole {
    fn take(&mut self, _: &[u8], _: Instant) -> Vec<u8> {
        Vec::new()
    }
}

/// What comes of a dial.
pub(crate) enum Dialled {
    Peer(Box<dyn Peer>),
    Failed(DialError),
    /// Nothing, not even a failure.
    Hangs,
}

pub(crate) type Dialler = Box<dyn FnMut(&str, Instant) -> Dialled>;
pub(crate) type Handler = Box<dyn FnMut(&Event<'_>, &mut Commands<'_, 'static, Lcg>)>;

/// A session in its world.
pub(crate) struct World {
    pub(crate) session: TestSession,
    pub(crate) now: u64,
    pub(crate) log: Vec<String>,
    pub(crate) peer: Option<Box<dyn Peer>>,
    dialled: Option<Epoch>,
    tls: Option<Epoch>,
    pub(crate) dialler: Dialler,
    pub(crate) handler: Handler,
    /// Messages that peers got.
    pub(crate) got: Vec<String>,
    /// The peer has gone, and the end of the input was reported.
    ended: bool,
    /// Bytes that the session has no space for yet.
    unread: Vec<u8>,
    /// Bytes vanish, in both directions.
    pub(crate) is_cut: bool,
}

impl World {
    pub(crate) fn new(session: TestSession, dialler: impl FnMut(&str, Instant) -> Dialled + 'static) -> Self {
        Self {
            session,
            now: 0,
            log: Vec::new(),
            peer: None,
            dialled: None,
            tls: None,
            dialler: Box::new(dialler),
            handler: Box::new(|_, _| {}),
            got: Vec::new(),
            ended: false,
            unread: Vec::new(),
            is_cut: false,
        }
    }

    /// With servers of sansocket's own.
    pub(crate) fn served(session: TestSession) -> Self {
        Self::new(session, |_, now| Dialled::Peer(Box::new(Server::new(now))))
    }

    pub(crate) fn handling(mut self, handler: impl FnMut(&Event<'_>, &mut Commands<'_, 'static, Lcg>) + 'static) -> Self {
        self.handler = Box::new(handler);
        self
    }

    pub(crate) fn clock(&self) -> Instant {
        Instant::from_millis(self.now)
    }

    pub(crate) fn start(&mut self) {
        self.session.start(self.clock());
        self.settle();
    }

    /// The peer's process is killed.
    pub(crate) fn kill(&mut self) {
        self.collect();
        self.peer = None;
        self.settle();
    }

    pub(crate) fn send(&mut self, text: &str) -> Result<u64, sansocket_session::SendError> {
        let number = self.session.commands(self.clock()).send(MessageKind::Text, text.as_bytes());
        self.settle();
        number
    }

    fn collect(&mut self) {
        if let Some(peer) = &mut self.peer {
            self.got.extend(peer.messages());
        }
    }

    /// Whether there were any.
    fn take_events(&mut self, now: Instant) -> bool {
        let before = self.log.len();
        while let Some((event, mut commands)) = self.session.next(now).expect("next") {
            self.log.push(format!("{} {}", self.now, line(&event)));
            (self.handler)(&event, &mut commands);
        }
        self.log.len() > before
    }

    /// Takes events, and moves bytes, until nothing more happens at this time.
    pub(crate) fn settle(&mut self) {
        for round in 0.. {
            assert!(
                round < 10_000,
                "the session spins: {:?}, {:?}",
                self.session,
                &self.log[self.log.len().saturating_sub(20)..]
            );
            let now = self.clock();
            self.take_events(now);
            if !self.obey(now) && !self.exchange(now) {
                self.collect();
                self.session.filled(self.session.epoch(), 0, now);
                if !self.take_events(now) {
                    let next = self.session.next_timeout();
                    assert!(next.is_none_or(|next| next > now), "{next:?} has passed at {now:?}: {:?}", self.session);
                    return;
                }
            }
        }
    }

    /// Whether there was something to do.
    fn obey(&mut self, now: Instant) -> bool {
        match self.session.transport() {
            Transport::None => {
                self.collect();
                (self.peer, self.tls) = (None, None);
                self.unread.clear();
                false
            }
            Transport::Dial(dial) if self.dialled == Some(dial.epoch) => false,
            Transport::Dial(dial) => {
                let Dial { epoch, host, port, tls, is_proxy, failures, .. } = dial;
                let scheme = if is_proxy {
                    "proxy"
                } else if tls {
                    "tls"
                } else {
                    "tcp"
                };
                self.log.push(format!("{} dial {scheme} {host}:{port} {failures}", self.now));
                let host = host.to_owned();
                self.collect();
                (self.peer, self.ended) = (None, false);
                self.unread.clear();
                self.dialled = Some(epoch);
                match (self.dialler)(&host, now) {
                    Dialled::Peer(peer) => {
                        self.peer = Some(peer);
                        self.session.connected(epoch, now);
                    }
                    Dialled::Failed(error) => self.session.dial_failed(epoch, error),
                    Dialled::Hangs => return false,
                }
                true
            }
            Transport::StartTls { epoch, host, .. } if self.tls != Some(epoch) => {
                self.log.push(format!("{} tls {host}", self.now));
                self.tls = Some(epoch);
                self.session.connected(epoch, now);
                true
            }
            _ => false,
        }
    }

    fn exchange(&mut self, now: Instant) -> bool {
        let epoch = self.session.epoch();
        let due = self.session.due().to_vec();
        self.session.written(epoch, due.len(), now);
        if self.is_cut {
            self.session.filled(epoch, 0, now);
            return !due.is_empty();
        }
        let Some(peer) = &mut self.peer else {
            let is_news = self.session.wants_reading() && !self.ended;
            if is_news {
                self.ended = true;
                self.session.eof(epoch);
            }
            return is_news;
        };
        let mut answer = std::mem::take(&mut self.unread);
        answer.extend(peer.take(&due, now));
        let closed = peer.has_closed();
        let mut rest = &answer[..];
        while !rest.is_empty() {
            if self.session.transport() == Transport::None {
                break;
            }
            let mut taken = 0;
            if let Some(space) = self.session.space() {
                taken = space.len().min(rest.len());
                space[..taken].copy_from_slice(&rest[..taken]);
                self.session.filled(epoch, taken, now);
                rest = &rest[taken..];
            }
            if !self.take_events(now) && taken == 0 {
                // Paused, or the output is full.
                self.unread = rest.to_vec();
                break;
            }
        }
        self.session.filled(epoch, 0, now);
        if closed && due.is_empty() && answer.is_empty() && !self.ended {
            self.ended = true;
            self.session.eof(epoch);
            return true;
        }
        !due.is_empty() || answer.len() > self.unread.len()
    }

    /// Lets time pass, from one deadline to the next.
    pub(crate) fn run_to(&mut self, until: u64) {
        self.settle();
        for round in 0.. {
            assert!(round < 100_000, "deadlines do not move");
            let peer_due = self.now + 1000;
            let next = self
                .session
                .next_timeout()
                .map_or(until, |deadline| deadline.as_micros().div_ceil(1000))
                .min(until)
                .min(peer_due);
            self.now = next.max(self.now);
            self.session.filled(self.session.epoch(), 0, self.clock());
            self.settle();
            if self.now >= until {
                return;
            }
        }
    }

    /// Lets time jump, as when the machine sleeps.
    pub(crate) fn sleep(&mut self, ms: u64) {
        self.now += ms;
        self.settle();
    }

    /// The log's lines without their times, from the last one that was taken on.
    pub(crate) fn take_log(&mut self) -> Vec<String> {
        std::mem::take(&mut self.log)
            .into_iter()
            .map(|line| line.split_once(' ').map_or_else(String::new, |(_, text)| text.to_owned()))
            .collect()
    }
}

/// An event as a line.
pub(crate) fn line(event: &Event<'_>) -> String {
    match event {
        Event::Connected { url, .. } => format!("connected {url}"),
        Event::Up(_) => "up".into(),
        Event::Data(data) => format!("data {}", String::from_utf8_lossy(data.payload)),
        Event::Ping { .. } => "ping".into(),
        Event::Pong { .. } => "pong".into(),
        Event::CloseReceived { code, .. } => format!("close {code}"),
        Event::Failed { error, .. } => format!("failed {error:?}"),
        Event::Refused(response) => format!("refused {}", response.status()),
        Event::ProxyRefused(response) => format!("proxy refused {}", response.status()),
        Event::Redirected { status, url, .. } => format!("redirected {status} {url}"),
        Event::Down { cause, retry_in_ms, unconfirmed, .. } => {
            let retry = retry_in_ms.map_or_else(|| "never".to_owned(), |_| "again".to_owned());
            format!("down {cause:?} {retry}, unconfirmed {}", unconfirmed.count)
        }
        Event::Dropped(numbers) => format!("dropped {}..{} {}", numbers.first, numbers.last, numbers.count),
        Event::GaveUp => "gave up".into(),
        other => format!("{other:?}"),
    }
}
