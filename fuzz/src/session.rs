//! Any calls of a session, against servers and proxies that say anything: nothing panics, nothing spins, and what is promised of
//! messages holds as far as a liar at the other end cannot change it.

use crate::input::{Call, Session as Input};
use crate::support::entropy::Counter;
use crate::support::http::accept_of;
use core::time::Duration;
use sansocket::{Buffered, CallError, CloseCode, Connection, Header, Instant, MessageKind};
use sansocket_session::{
    Commands, DialError, Epoch, Event, Heartbeat, HeartbeatAnswer, Overflow, Session, SessionConfig, SessionState, Transport,
};
use std::collections::HashSet;

/// Any calls, while any bytes arrive.
pub fn session(input: &Input<'_>) {
    let (ws, _) = input.settings.config();
    let config = config(input.options);
    let entropy = Counter::default();
    let connection = Connection::client(&ws, entropy.clone(), Instant::from_millis(0));
    let ws = Buffered::new(connection, vec![0; 131 + usize::from(input.input)], vec![0; 500 + usize::from(input.output)]);
    let ws = if input.options & 128 == 0 { ws } else { ws.in_pieces() };
    let memory = vec![0; config.url_memory_len() + usize::from(input.queue)];
    let url = if input.options & 64 == 0 { "ws://h0/" } else { "wss://h0/" };
    let session = Session::new(ws, &config, url, memory).expect("a session");
    let mut world =
        World { session, entropy, wire: input.wire.0, told: Told::default(), now: Duration::ZERO, reaction: 0, lent: 0 };
    for call in &input.calls {
        world.act(*call);
        world.look();
    }
    world.rest();
}

fn config(options: u8) -> SessionConfig<'static> {
    let config = SessionConfig::new().max_url_len(40).max_redirects(options & 3).connect_timeout_ms(90).first_delay_ms(50);
    let config = config.min_delay_ms(20).max_delay_ms(100).min_uptime_ms(30).max_queued(4).max_retry_after_s(9);
    let config = match options >> 2 & 3 {
        0 => config,
        1 => config.overflow(Overflow::DropOldest).max_failures(3),
        2 => config.overflow(Overflow::DropNewest),
        _ => config.heartbeat(Some(Heartbeat::new("tick", HeartbeatAnswer::Any).interval_ms(30).timeout_ms(20))),
    };
    if options & 32 == 0 { config } else { config.proxy("http://user:password@proxy").no_proxy("h2") }
}

/// What the session has said of its messages and connections.
#[derive(Default)]
struct Told {
    dropped: u64,
    is_active: bool,
    is_up: bool,
    epochs: HashSet<Epoch>,
    dialled: Option<Epoch>,
    /// What this transport was given.
    sent: Vec<u8>,
    /// The messages that all of them were given.
    seen: HashSet<u64>,
    latest: u64,
}

impl Told {
    fn note(&mut self, event: &Event<'_>, given: u64) {
        match event {
            Event::Up(_) => assert!(!core::mem::replace(&mut self.is_up, true), "up twice"),
            Event::Data(_) | Event::Ping { .. } | Event::Pong { .. } => assert!(self.is_up),
            Event::Down { unconfirmed, .. } => {
                assert!(core::mem::take(&mut self.is_active), "down without a dial");
                self.end_transport();
                assert!(unconfirmed.count <= given && unconfirmed.first <= unconfirmed.last && unconfirmed.last <= given);
            }
            Event::Dropped(numbers) => {
                assert!(numbers.count > 0 && numbers.first <= numbers.last && numbers.last <= given);
                self.dropped += numbers.count;
            }
            Event::GaveUp => assert!(!self.is_active),
            _ => {}
        }
    }

    /// Looks at what the transport was given: each message at most once in all, in order, none before `Up`.
    fn end_transport(&mut self) {
        let sent = core::mem::take(&mut self.sent);
        let mut frames = &sent[..];
        for method in ["CONNECT ", "GET "] {
            if frames.starts_with(method.as_bytes()) {
                let end = frames.windows(4).position(|bytes| bytes == b"\r\n\r\n");
                frames = end.map_or(&[], |end| &frames[end + 4..]);
            }
        }
        while let Some((first, payload, rest)) = whole_frame(frames) {
            frames = rest;
            // Not a heartbeat, nor a part.
            let Some((&[by_now, ref number @ ..], _)) = payload.split_first_chunk::<9>().filter(|_| first == 0x82) else {
                continue;
            };
            assert!(self.is_up, "a message before `Up`");
            let number = u64::from_be_bytes(*number.first_chunk().unwrap());
            assert!(self.seen.insert(number), "{number} is sent twice");
            if by_now == 0 {
                assert!(number > self.latest, "{number} comes after {}", self.latest);
                self.latest = number;
            }
        }
        self.is_up = false;
    }
}

/// The first frame of a client, unmasked, and what comes after it.
pub(crate) fn whole_frame(bytes: &[u8]) -> Option<(u8, Vec<u8>, &[u8])> {
    let ([first, second], rest) = bytes.split_first_chunk()?;
    let (len, rest) = match second & 127 {
        126 => rest.split_first_chunk().map(|(len, rest)| (usize::from(u16::from_be_bytes(*len)), rest))?,
        len => (usize::from(len), rest),
    };
    let (key, rest) = rest.split_first_chunk::<4>()?;
    let (payload, rest) = rest.split_at_checked(len)?;
    Some((*first, payload.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key).collect(), rest))
}

struct World<'a, 'd> {
    session: Session<'a, Counter, Vec<u8>, Vec<u8>, Vec<u8>>,
    entropy: Counter,
    wire: &'d [u8],
    told: Told,
    now: Duration,
    /// What the next handler does.
    reaction: u8,
    /// How many bytes were put into the space that was lent, and not reported.
    lent: usize,
}

impl<'a> World<'a, '_> {
    fn clock(&self) -> Instant {
        Instant::from(self.now)
    }

    fn act(&mut self, Call { number, by }: Call) {
        let (now, epoch, len) = (self.clock(), self.session.epoch(), usize::from(by));
        match number % 32 {
            0..=3 => self.next_all(by),
            4 => {
                self.next_one();
            }
            5 => self.session.start(now),
            6 => self.session.connected(epoch, now),
            7 => {
                let errors = [DialError::Name, DialError::Connect, DialError::Certificate, DialError::NoTls];
                self.session.dial_failed(epoch, errors[len % 4]);
            }
            8..=10 => self.read(if by == 255 { usize::MAX } else { len }),
            11 => {
                self.session.filled(epoch, self.lent, now);
                self.lent = 0;
            }
            12..=14 => self.write(if by == 255 { usize::MAX } else { len }),
            15 => self.session.eof(epoch),
            16 => self.session.write_failed(epoch),
            17..=18 => self.pass(by),
            19 => self.answer(by),
            20 => self.session.pause(now),
            21 => self.session.resume(now),
            22 => {
                ignore(self.session.set_url(["ws://h1/", "wss://h2/", "ws://", "wss://h3/far/away/from/here/and/there"][len % 4]))
            }
            23 => self.session.discard(len),
            24 => self.entropy.set_broken(by % 2 == 0),
            25 => self.report_stale(by),
            26 => self.reaction = by,
            _ => verb(&mut self.session.commands(now), by),
        }
    }

    /// Checks what holds after every call.
    fn look(&mut self) {
        match self.session.state() {
            SessionState::Dialing | SessionState::Handshaking | SessionState::Open => self.told.is_active = true,
            // A connection, or what has yet to be told after it.
            SessionState::Closing => {}
            _ => assert!(!self.told.is_active, "a connection has gone without a word"),
        }
        if let Transport::Dial(dial) = self.session.transport() {
            let epoch = dial.epoch;
            if self.told.dialled != Some(epoch) {
                assert!(self.told.epochs.insert(epoch), "an epoch comes again");
                self.told.dialled = Some(epoch);
                self.told.end_transport();
                self.lent = 0;
            }
        }
        if let Transport::StartTls { .. } = self.session.transport() {
            self.told.end_transport();
            self.lent = 0;
        }
        let io = self.session.io();
        assert_eq!(io.is_some_and(|io| io.space.is_some()), self.session.wants_reading());
    }

    /// Takes an event. `None` if there is none, or if entropy fails.
    fn next_one(&mut self) -> Option<()> {
        let now = self.clock();
        match self.session.next(now) {
            Ok(None) => None,
            Ok(Some((event, mut ws))) => {
                self.told.note(&event, ws.last_number());
                verb(&mut ws, core::mem::take(&mut self.reaction));
                self.session.current(now);
                Some(())
            }
            Err(error) => {
                assert_eq!(error, CallError::EntropyFailed);
                None
            }
        }
    }

    /// Takes events until there are none, the last time after a look at the input: then no deadline has passed.
    fn next_all(&mut self, by: u8) {
        self.reaction = by;
        for _ in 0..2 {
            for round in 0.. {
                assert!(round < 5_000, "events without an end");
                if self.next_one().is_none() {
                    break;
                }
                self.look();
            }
            self.look();
            self.session.filled(self.session.epoch(), self.lent, self.clock());
            self.lent = 0;
        }
        while self.next_one().is_some() {
            self.look();
        }
        if self.session.next(self.clock()).is_ok_and(|next| next.is_none()) {
            let (next, now) = (self.session.next_timeout(), self.clock());
            assert!(next.is_none_or(|next| next > now), "{next:?} has passed at {now:?}: {:?}", self.session);
        }
    }

    /// Puts bytes of the wire into the space.
    fn read(&mut self, n: usize) {
        if let Some(space) = self.session.space() {
            self.lent = n.min(space.len()).min(self.wire.len());
            let (bytes, rest) = self.wire.split_at(self.lent);
            space[..self.lent].copy_from_slice(bytes);
            self.wire = rest;
        }
    }

    fn write(&mut self, n: usize) {
        let n = n.min(self.session.due().len());
        self.told.sent.extend(&self.session.due()[..n]);
        self.session.written(self.session.epoch(), n, self.clock());
    }

    /// Lets time pass, a little or much, back, or to its end.
    fn pass(&mut self, by: u8) {
        let by = u64::from(by);
        self.now = match by {
            0..100 => self.now.saturating_add(Duration::from_millis(by)),
            100..200 => self.now.saturating_add(Duration::from_secs(by)),
            200..250 => self.now.saturating_sub(Duration::from_millis(by)),
            _ => Duration::from_micros(u64::MAX - 1 - (255 - by) * 10_000),
        };
        self.now = self.now.min(Duration::from_micros(u64::MAX - 1));
    }

    /// A true answer to what was sent: the proxy's, or the server's, with bytes of the wire behind it.
    fn answer(&mut self, by: u8) {
        let text = String::from_utf8_lossy(&self.told.sent).into_owned();
        let Some((_, key)) = text.rsplit_once("Sec-WebSocket-Key: ") else { return self.put(b"HTTP/1.1 200 OK\r\n\r\n", 0) };
        let accept = accept_of(key.split("\r\n").next().unwrap_or_default());
        match by % 4 {
            0..=2 => {
                let upgrade = "HTTP/1.1 101 \r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ";
                self.put(format!("{upgrade}{accept}\r\n\r\n").as_bytes(), usize::from(by) / 4);
            }
            _ => self.put(format!("HTTP/1.1 302 \r\nRetry-After: 5\r\nLocation: /{by}\r\n\r\n").as_bytes(), usize::from(by) / 4),
        }
    }

    /// Puts bytes, and so many of the wire behind them, into the space.
    fn put(&mut self, bytes: &[u8], of_wire: usize) {
        let Some(space) = self.session.space().filter(|space| space.len() >= bytes.len()) else { return };
        space[..bytes.len()].copy_from_slice(bytes);
        let rest = &mut space[bytes.len()..];
        let n = of_wire.min(rest.len()).min(self.wire.len());
        rest[..n].copy_from_slice(&self.wire[..n]);
        self.wire = &self.wire[n..];
        self.lent = bytes.len() + n;
        self.session.filled(self.session.epoch(), self.lent, self.clock());
        self.lent = 0;
    }

    fn report_stale(&mut self, by: u8) {
        let (current, now) = (self.session.epoch(), self.clock());
        let before = (self.session.state(), self.session.due().to_vec());
        for &epoch in self.told.epochs.iter().filter(|&&epoch| epoch != current) {
            self.session.connected(epoch, now);
            self.session.dial_failed(epoch, DialError::Certificate);
            self.session.written(epoch, usize::from(by), now);
            self.session.filled(epoch, usize::from(by), now);
            self.session.write_failed(epoch);
            self.session.eof(epoch);
        }
        assert_eq!(before, (self.session.state(), self.session.due().to_vec()));
    }

    /// At the end each message has one fate.
    fn rest(&mut self) {
        self.entropy.set_broken(false);
        self.next_all(0);
        self.told.end_transport();
        let (given, queued) = (self.session.commands(self.clock()).last_number(), u64::from(self.session.queued()));
        let handed = given.checked_sub(self.told.dropped + queued).expect("a message that was dropped twice");
        assert!(self.told.seen.len() as u64 <= handed);
    }
}

/// What is refused is the program's own doing.
fn ignore<T, E>(_: Result<T, E>) {}

/// What a program does, in the handler of an event or outside.
fn verb(ws: &mut Commands<'_, '_, Counter>, by: u8) {
    let len = usize::from(by / 16) * 12;
    let message = |number: u64, by_now: u8| [&[by_now][..], &number.to_be_bytes(), &vec![b'x'; len]].concat();
    let (next, before) = (ws.last_number() + 1, ws.last_number());
    let sent = match by % 16 {
        0 => return,
        1..=3 => ws.send(MessageKind::Binary, &message(next, 0)),
        4 => ws.send_volatile(MessageKind::Binary, &message(next, 0)),
        5 => ws.send_now(MessageKind::Binary, &message(next, 1)),
        6 => return ignore(ws.send_part(MessageKind::Text, u64::from(by / 64), &vec![b'p'; len], by & 16 == 0)),
        7 => return ignore(ws.ping(&[by; 3])),
        8 => return ignore(ws.close(if by == 8 { None } else { Some(CloseCode(1000)) }, "")),
        9 => return ws.retry_in(if by == 255 - 6 { u64::MAX } else { u64::from(by / 16) }),
        10 => return ws.stop(),
        11 => return ws.hold(),
        12 => return ws.release(),
        13 => return ignore(ws.request(None, &[Header::new("X", "y")])),
        14 => return ws.read_body(),
        _ => return ws.end_body(),
    };
    assert_eq!(ws.last_number(), sent.unwrap_or(before));
}
