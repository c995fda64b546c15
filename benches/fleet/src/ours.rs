//! Our client: a real session with its defaults, and a real server's answer.

use sansocket::{Accept, Buffered, Config, Connection, Event as Ws, Instant, Origin};
use sansocket_session::{DialError, Session, SessionConfig, SessionState};

use crate::client::{Client, State};
use crate::random::Random;

pub const NAME: &str = "sansocket-session";

/// Without Pings: what they would find is told to the clients here.
static CONFIG: Config = Config::new().keepalive_interval_ms(0);
static SESSION: SessionConfig = SessionConfig::new().max_url_len(32);

/// The session's clock begins earlier than the simulation, so that it has been up for long.
const UP_FOR: u64 = 60_000_000;

pub struct Ours(Session<'static, Random, [u8; 512], [u8; 512], [u8; 32]>);

impl Ours {
    /// It has been up for long.
    pub fn new(random: Random) -> Self {
        let start = Instant::from_micros(0);
        let ws = Buffered::new(Connection::client(&CONFIG, random, start), [0; 512], [0; 512]);
        let mut session = Session::new(ws, &SESSION, "ws://example.com/", [0; 32]).expect("a session");
        session.start(start);
        let mut ours = Self(session);
        ours.connect(start);
        ours.open(start);
        ours
    }

    /// Takes all events: the session's own decisions stand.
    fn run(&mut self, now: Instant) {
        while self.0.next(now).expect("buffers are long enough").is_some() {}
    }

    fn connect(&mut self, now: Instant) {
        self.0.connected(self.0.epoch(), now);
        self.run(now);
    }

    fn open(&mut self, now: Instant) {
        let answer = answer(self.0.due(), now);
        let epoch = self.0.epoch();
        self.0.written(epoch, self.0.due().len(), now);
        self.0.space().expect("a session that waits reads")[..answer.len()].copy_from_slice(&answer);
        self.0.filled(epoch, answer.len(), now);
        self.run(now);
        assert_eq!(self.0.state(), SessionState::Open);
    }
}

/// What a server answers to the opening handshake.
fn answer(request: &[u8], now: Instant) -> Vec<u8> {
    let mut server = Buffered::new(Connection::server(&CONFIG, now), [0; 512], [0; 512]);
    server.space().expect("nothing was read")[..request.len()].copy_from_slice(request);
    server.filled(request.len(), now);
    while let Some((event, mut commands)) = server.next(now).expect("a server") {
        if let Ws::Request(request) = event {
            commands.accept(&request, &Accept::new(Origin::Any)).expect("a good request");
        }
    }
    server.due().to_vec()
}

fn instant(now: u64) -> Instant {
    Instant::from_micros(now + UP_FOR)
}

impl Client for Ours {
    fn state(&self) -> State {
        match self.0.state() {
            SessionState::Dialing => State::Dials,
            SessionState::Handshaking => State::Waits,
            SessionState::Open => State::Up,
            _ => State::Down,
        }
    }

    fn next_wake(&self) -> Option<u64> {
        // A dial is answered before time passes.
        self.0.next_timeout().filter(|_| self.state() != State::Dials).map(|next| next.as_micros() - UP_FOR)
    }

    fn wake(&mut self, now: u64) {
        self.0.filled(self.0.epoch(), 0, instant(now));
        self.run(instant(now));
    }

    fn refused(&mut self, now: u64) {
        self.0.dial_failed(self.0.epoch(), DialError::Connect);
        self.run(instant(now));
    }

    fn connected(&mut self, now: u64) {
        self.connect(instant(now));
    }

    fn opened(&mut self, now: u64) {
        self.open(instant(now));
    }

    fn lost(&mut self, now: u64) {
        self.0.eof(self.0.epoch());
        self.run(instant(now));
    }
}
