//! Random lives of sessions against a slow model of what they promise: which message went where, which waits, which is told as lost.

mod support;

use std::cell::Cell;
use std::collections::{HashSet, VecDeque};
use std::rc::Rc;

use proptest::prelude::*;
use proptest::sample::select;
use sansocket::{Buffered, CallError, CloseCode, Config, Connection, Entropy, EntropyError, Instant, MessageKind};
use sansocket_session::{
    Cause, Commands, DialError, Epoch, Event, Heartbeat, HeartbeatAnswer, Numbers, Overflow, SendError, Session, SessionConfig,
    SessionState as S, Transport,
};
use support::{BlackHole, Lcg, Peer, ProxyPeer, Server, leak};

/// Entropy that fails as often as it is told to.
struct Flaky(Lcg, Rc<Cell<u32>>);

impl Entropy for Flaky {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        match self.1.get() {
            0 => self.0.fill(bytes),
            left => {
                self.1.set(left - 1);
                Err(EntropyError)
            }
        }
    }
}

#[derive(Clone, Copy, Debug)]
enum Outcome {
    Server,
    Silent,
    Refuses(u16, Option<u16>),
    Redirects,
    /// Through a proxy: what it answers instead of 200.
    ProxyRefuses(u16),
    BlackHole,
    Fails(DialError),
    Hangs,
}

/// What the program does, in the handler of an event or outside.
#[derive(Clone, Copy, Debug)]
enum Verb {
    Nothing,
    Send(usize),
    Volatile(usize),
    SendNow(usize),
    /// Begins a message in parts, or goes on with one.
    Part(usize),
    Ping,
    Request,
    Hold,
    Release,
    RetryIn(u16),
    Stop,
    Close,
}

/// What happens in the world.
#[derive(Clone, Copy, Debug)]
enum Step {
    Verb(Verb),
    Start,
    SetUrl(u8),
    Pause,
    Resume,
    Wait(u16),
    /// As `Wait`, but nothing wakes the session before.
    Sleep(u32),
    ServerSends,
    ServerPings,
    ServerCloses(u16),
    /// The server goes, with what was on the way to it.
    Kill,
    WriteFails,
    /// Nothing arrives any longer, in neither direction.
    Cut,
    Mend,
    EntropyFails(u8),
    Stale,
}

#[derive(Clone, Debug)]
struct Setup {
    config: SessionConfig<'static>,
    ws: Config<'static>,
    queue: usize,
    input: usize,
    output: usize,
    /// How many bytes move at a time, up and down, and how many are under way at most.
    moves: (usize, usize, usize),
    outcomes: Vec<Outcome>,
    reactions: Vec<Verb>,
    steps: Vec<Step>,
}

/// What has become of the messages, and what is expected next.
struct Model {
    config: SessionConfig<'static>,
    now: u64,
    /// The texts of messages by their number less one.
    last_number: u64,
    /// Messages that wait: number, whether volatile.
    queue: VecDeque<(u64, bool)>,
    dropped: Vec<u64>,
    /// Handed to this connection, in order, and how many of them have arrived.
    handed: Vec<u64>,
    arrived: usize,
    /// The message that is sent in parts: its number, its text, and how much of it was taken.
    in_parts: Option<(u64, String, usize)>,
    state: S,
    is_active: bool,
    has_closed: bool,
    is_mute: bool,
    holds: bool,
    /// `Up` was given and its handler is done.
    is_up: bool,
    /// `request` found no entropy: the next call says so, too.
    asked_in_vain: bool,
    up_since: Option<u64>,
    failures: u32,
    retry_after_s: u64,
    /// Where the dial that counts goes.
    url: String,
    /// When the next dial comes.
    dial_at: Option<u64>,
    gives_up: bool,
}

impl Model {
    /// Compares the queue with the session's: what has left it was handed to the connection.
    fn sync(&mut self, queued: u32) {
        while self.queue.len() > queued as usize {
            assert!(self.is_up, "the queue leaves without `Up`");
            assert!(!self.holds && !self.is_mute && self.in_parts.is_none(), "the queue leaves though it is held");
            let (number, _) = self.queue.pop_front().unwrap();
            self.handed.push(number);
        }
        assert_eq!(self.queue.len(), queued as usize);
    }

    /// Notes a message that was taken. `queued` is how many wait after that.
    fn note_sent(&mut self, number: u64, is_volatile: bool, queued: u32) {
        assert_eq!(number, self.last_number + 1, "numbers have no gaps");
        self.last_number = number;
        let (before, after) = (self.queue.len(), queued as usize);
        let can_send = self.state == S::Open && !self.is_mute;
        if is_volatile && !can_send {
            assert_eq!(before, after);
            self.dropped.push(number);
        } else if before == 0 && after == 0 {
            assert!(can_send && !self.holds && self.in_parts.is_none(), "a message without a place");
            self.handed.push(number);
        } else if self.config.overflow == Overflow::DropNewest && before == after {
            self.dropped.push(number);
        } else {
            self.queue.push_back((number, is_volatile));
            let too_many = self.queue.len() - after;
            assert!(too_many == 0 || self.config.overflow == Overflow::DropOldest);
            self.dropped.extend(self.queue.drain(..too_many).map(|(number, _)| number));
        }
    }

    fn note_state(&mut self, state: S) {
        use S::{Backoff, Closing, Dialing, Handshaking, Idle, Open, Stopped};
        let is_legal = self.state == state
            || matches!(
                (self.state, state),
                (Idle | Backoff, Dialing | Closing | Stopped)
                    | (Stopped, Dialing | Closing)
                    | (Dialing, Handshaking | Closing | Backoff | Stopped)
                    | (Handshaking, Open | Closing | Backoff | Stopped | Dialing)
                    | (Open, Closing | Backoff | Stopped)
                    | (Closing, Backoff | Stopped | Dialing)
            );
        assert!(is_legal, "{:?} to {state:?}", self.state);
        self.state = state;
        // What closes may be a connection, or what has yet to be told after it.
        let is_active = matches!(state, Dialing | Handshaking | Open) || state == Closing && self.is_active;
        assert!(is_active || !self.is_active, "a connection has gone without `Down`");
        self.is_active = is_active;
    }

    /// The text of a message that has arrived.
    fn note_arrived(&mut self, text: &str) {
        if text.starts_with("tick") {
            return;
        }
        let number: u64 = text.trim_end_matches('x').parse().expect("one of our messages");
        assert_eq!(self.handed.get(self.arrived), Some(&number), "{:?}", self.handed);
        self.arrived += 1;
    }

    fn note_dropped(&mut self, numbers: Numbers) {
        let dropped = std::mem::take(&mut self.dropped);
        assert_eq!(numbers.count, dropped.len() as u64);
        assert_eq!((Some(&numbers.first), Some(&numbers.last)), (dropped.iter().min(), dropped.iter().max()));
    }

    fn note_down(&mut self, cause: Cause, retry_in_ms: Option<u64>, unconfirmed: Numbers) {
        assert!(self.is_active, "`Down` without a dial");
        self.is_active = false;
        // What was begun is lost for certain.
        self.handed.extend(self.in_parts.take().map(|(number, ..)| number));
        let is_told = |number: &u64| (unconfirmed.first..=unconfirmed.last).contains(number);
        let lost = &self.handed[self.arrived..];
        assert!(lost.iter().all(is_told), "{lost:?} of {:?}, told: {unconfirmed:?}", self.handed);
        assert!(unconfirmed.count >= lost.len() as u64);
        assert!(unconfirmed.count <= self.handed.iter().filter(|number| is_told(number)).count() as u64);
        self.note_wait(cause, retry_in_ms);
        let (volatile, rest): (Vec<_>, Vec<_>) = self.queue.drain(..).partition(|(_, is_volatile)| *is_volatile);
        self.dropped.extend(volatile.iter().map(|(number, _)| number));
        self.queue.extend(rest);
    }

    /// Whether the wait is inside its bounds, and is none where it has to be.
    fn note_wait(&mut self, cause: Cause, retry_in_ms: Option<u64>) {
        let config = &self.config;
        let was_up = self.up_since.take().is_some_and(|since| self.now - since >= u64::from(config.min_uptime_ms));
        if was_up {
            self.failures = 0;
        }
        let (mut least, mut most) = (0, f64::from(config.first_delay_ms));
        if self.failures > 0 {
            let cap = f64::from(config.max_delay_ms);
            let middle =
                f64::from(config.min_delay_ms) * (f64::from(config.factor_percent) / 100.0).powi(self.failures as i32 - 1);
            let (middle, jitter) = (middle.min(cap), f64::from(config.jitter_percent) / 100.0);
            // Each step is rounded down.
            (least, most) = ((middle * 0.9 * (1.0 - jitter)) as u64, middle * (1.0 + jitter));
        }
        self.failures += 1;
        let is_left = was_up || config.max_failures == 0 || self.failures < config.max_failures;
        let retries = !self.has_closed && cause.is_transient() && is_left;
        assert_eq!(retry_in_ms.is_some(), retries, "{cause:?}");
        let asked = match cause {
            Cause::Refused { .. } | Cause::ProxyRefused { .. } => {
                self.retry_after_s.min(u64::from(config.max_retry_after_s)) * 1000
            }
            _ => 0,
        };
        if let Some(wait) = retry_in_ms {
            assert!((least..=most as u64).contains(&(wait - asked)), "{wait} is not {asked} and {least} to {most}");
        }
        self.dial_at = retry_in_ms.map(|wait| self.now + wait);
        self.gives_up = retry_in_ms.is_none() && !self.has_closed;
    }

    fn note_event(&mut self, event: &Event<'_>) {
        match event {
            Event::Up(_) => {
                assert!(!self.is_up && self.state == S::Handshaking);
                self.up_since = Some(self.now);
            }
            Event::Down { cause, retry_in_ms, unconfirmed, .. } => self.note_down(*cause, *retry_in_ms, *unconfirmed),
            Event::Dropped(numbers) => self.note_dropped(*numbers),
            Event::GaveUp => {
                assert!(std::mem::take(&mut self.gives_up));
                self.note_state(S::Stopped);
            }
            Event::Data(_) => assert!(self.is_up),
            Event::Connected { url, .. } => assert_eq!(*url, self.url, "the headers are for another host"),
            Event::CloseReceived { .. } | Event::Failed { .. } => self.note_state(S::Closing),
            _ => {}
        }
    }

    fn act(&mut self, verb: Verb, ws: &mut Commands<'_, 'static, Flaky>) {
        let text = |number: u64, len: usize| format!("{number}{}", "x".repeat(len));
        self.sync(ws.queued());
        let next = self.last_number + 1;
        match verb {
            Verb::Nothing => {}
            Verb::Send(len) | Verb::Volatile(len) => {
                let (is_volatile, text) = (matches!(verb, Verb::Volatile(_)), text(next, len));
                let kind = if len % 2 == 0 { MessageKind::Text } else { MessageKind::Binary };
                let sent = if is_volatile { ws.send_volatile(kind, text.as_bytes()) } else { ws.send(kind, text.as_bytes()) };
                match sent {
                    Ok(number) => self.note_sent(number, is_volatile, ws.queued()),
                    Err(error) => assert_eq!(error == SendError::Stopped, self.has_closed || self.state == S::Stopped),
                }
            }
            Verb::SendNow(len) => {
                if let Ok(number) = ws.send_now(MessageKind::Text, text(next, len).as_bytes()) {
                    assert_eq!((number, self.state), (next, S::Open));
                    self.last_number = number;
                    self.handed.push(number);
                }
            }
            Verb::Part(len) => self.send_part(len, ws),
            Verb::Ping => ignore(ws.ping(next.to_string().as_bytes())),
            Verb::Request => {
                let requested = ws.request(Some("https://example.com"), &[]);
                self.asked_in_vain |= requested == Err(CallError::EntropyFailed);
            }
            Verb::Hold => {
                ws.hold();
                self.holds = true;
            }
            Verb::Release => {
                ws.release();
                self.holds = false;
            }
            Verb::RetryIn(ms) => {
                ws.retry_in(u64::from(ms));
                if (self.state == S::Backoff || self.gives_up) && !self.has_closed {
                    (self.state, self.dial_at, self.gives_up) = (S::Backoff, Some(self.now + u64::from(ms)), false);
                }
            }
            Verb::Stop => {
                ws.stop();
                if self.state == S::Backoff {
                    (self.state, self.dial_at, self.gives_up) = (S::Closing, None, true);
                }
            }
            Verb::Close => {
                if ws.close(CloseCode::NORMAL_CLOSURE, "").is_ok() {
                    (self.has_closed, self.dial_at, self.gives_up) = (true, None, false);
                    self.dropped.extend(self.queue.drain(..).map(|(number, _)| number));
                }
            }
        }
        self.sync(ws.queued());
    }

    fn send_part(&mut self, len: usize, ws: &mut Commands<'_, 'static, Flaky>) {
        let next = self.last_number + 1;
        let can_send = self.state == S::Open && !self.is_mute;
        let can_begin = can_send && !self.holds && self.queue.is_empty();
        let is_begun = self.in_parts.is_some();
        let (number, text, before) = self.in_parts.take().unwrap_or_else(|| (next, format!("{next}{}", "x".repeat(len)), 0));
        match ws.send_part(MessageKind::Text, before as u64, &text.as_bytes()[before..], true) {
            Ok(taken) => {
                assert!(taken > 0 && (can_begin || is_begun && can_send));
                self.last_number = self.last_number.max(number);
                if before + taken == text.len() {
                    self.handed.push(number);
                } else {
                    self.in_parts = Some((number, text, before + taken));
                }
            }
            Err(error) => {
                assert!(matches!(error, SendError::NotNow | SendError::Interrupted));
                assert_eq!(error == SendError::Interrupted, is_begun && !can_send);
                self.in_parts = is_begun.then_some((number, text, before));
            }
        }
        assert_eq!(ws.last_number(), self.last_number);
    }

    /// Another connection, or none.
    fn begin(&mut self) {
        self.handed.clear();
        (self.arrived, self.is_up, self.is_mute) = (0, false, false);
    }
}

type Life = Session<'static, Flaky, Vec<u8>, Vec<u8>, Vec<u8>>;

struct World {
    session: Life,
    model: Model,
    setup: Setup,
    failing: Rc<Cell<u32>>,
    peer: Option<Box<dyn Peer>>,
    /// Bytes under way.
    up: VecDeque<u8>,
    down: VecDeque<u8>,
    is_cut: bool,
    ended: bool,
    dialled: Option<Epoch>,
    secured: Option<Epoch>,
    epochs: HashSet<Epoch>,
    dials: usize,
    reactions: std::vec::IntoIter<Verb>,
    log: Vec<String>,
    is_good: bool,
    hangs: bool,
}

impl World {
    fn new(setup: Setup) -> Self {
        let failing = Rc::new(Cell::new(0));
        let entropy = Flaky(Lcg(7), Rc::clone(&failing));
        let connection = Connection::client(leak(setup.ws), entropy, Instant::from_millis(0));
        let ws = Buffered::new(connection, vec![0; setup.input], vec![0; setup.output]);
        let memory = vec![0; setup.config.url_memory_len() + setup.queue];
        let session = Session::new(ws, leak(setup.config), "ws://h0.example/", memory).expect("a session");
        let model = Model {
            config: setup.config,
            now: 0,
            last_number: 0,
            queue: VecDeque::new(),
            dropped: Vec::new(),
            handed: Vec::new(),
            arrived: 0,
            in_parts: None,
            state: S::Idle,
            is_active: false,
            has_closed: false,
            is_mute: false,
            holds: false,
            is_up: false,
            asked_in_vain: false,
            up_since: None,
            failures: 0,
            retry_after_s: 0,
            url: String::new(),
            dial_at: None,
            gives_up: false,
        };
        let reactions = setup.reactions.clone().into_iter();
        Self {
            session,
            model,
            setup,
            failing,
            peer: None,
            up: VecDeque::new(),
            down: VecDeque::new(),
            is_cut: false,
            ended: false,
            dialled: None,
            secured: None,
            epochs: HashSet::new(),
            dials: 0,
            reactions,
            log: Vec::new(),
            is_good: false,
            hangs: false,
        }
    }

    fn clock(&self) -> Instant {
        Instant::from_millis(self.model.now)
    }

    fn look(&mut self) {
        self.model.note_state(self.session.state());
        self.model.sync(self.session.queued());
    }

    /// Takes events until there is none.
    fn take_events(&mut self) -> bool {
        let now = self.clock();
        let mut is_any = false;
        loop {
            let could_fail = self.failing.get() > 0 || self.model.asked_in_vain;
            let was_up = self.model.up_since.is_some();
            match self.session.next(now) {
                Ok(None) => break,
                Err(error) => {
                    assert!(could_fail && error == CallError::EntropyFailed, "{error:?}");
                    self.model.asked_in_vain = false;
                }
                Ok(Some((event, mut ws))) => {
                    is_any = true;
                    self.log.push(format!("{} {}", self.model.now, support::line(&event)));
                    self.model.is_up |= was_up;
                    let is_down = matches!(event, Event::Down { .. });
                    self.model.note_event(&event);
                    if is_down {
                        self.model.state = if self.model.dial_at.is_some() { S::Backoff } else { S::Closing };
                    } else if matches!(event, Event::Up(_)) {
                        self.model.state = S::Open;
                    }
                    self.model.act(self.reactions.next().unwrap_or(Verb::Nothing), &mut ws);
                    if is_down {
                        self.flush_pipe();
                    }
                }
            }
            self.model.is_up |= was_up;
            self.look();
        }
        self.model.is_up |= self.model.up_since.is_some();
        self.look();
        is_any
    }

    /// The transport was left. What is under way to the peer arrives late, or never.
    fn flush_pipe(&mut self) {
        if self.model.last_number % 2 == 0 && !self.up.is_empty() && !self.is_cut {
            let rest: Vec<_> = self.up.drain(..).collect();
            if let Some(peer) = &mut self.peer {
                peer.take(&rest, Instant::from_millis(self.model.now));
                peer.messages().iter().for_each(|text| self.model.note_arrived(text));
            }
        }
        (self.peer, self.is_cut) = (None, false);
        (self.up, self.down) = (VecDeque::new(), VecDeque::new());
        self.model.begin();
    }

    fn dial(&mut self, epoch: Epoch, is_proxy: bool) -> bool {
        assert!(self.epochs.insert(epoch), "an epoch comes again");
        if let Some(at) = self.model.dial_at.take() {
            assert!(at <= self.model.now, "dialled {} ms early", at - self.model.now);
        }
        (self.dialled, self.ended, self.hangs, self.model.holds) = (Some(epoch), false, false, false);
        self.flush_pipe();
        let outcomes = &self.setup.outcomes;
        let outcome = if self.is_good { Outcome::Server } else { outcomes[self.dials % outcomes.len()] };
        self.dials += 1;
        self.model.url = self.session.url().to_owned();
        self.log.push(format!("{} dial {outcome:?}", self.model.now));
        let now = self.clock();
        let mut server = Server::new(now);
        server.answers = Some(("tick".into(), "tock".into()));
        let mut proxy_answer = "HTTP/1.1 200 OK\r\n\r\n".to_owned();
        let mut peer: Box<dyn Peer> = match outcome {
            Outcome::Server => Box::new(server),
            Outcome::Silent => {
                server.is_silent = true;
                Box::new(server)
            }
            Outcome::Refuses(status, after) => {
                self.model.retry_after_s = u64::from(after.unwrap_or(0));
                let after = after.map(|after| after.to_string());
                let headers: Vec<_> = after.iter().map(|after| ("Retry-After", after.as_str())).collect();
                Box::new(Server::refusing(now, status, &headers))
            }
            Outcome::Redirects => {
                self.model.retry_after_s = 0;
                Box::new(Server::refusing(now, 302, &[("Location", "ws://h9.example/there")]))
            }
            Outcome::ProxyRefuses(status) => {
                self.model.retry_after_s = 0;
                proxy_answer = format!("HTTP/1.1 {status} No\r\n\r\n");
                Box::new(server)
            }
            Outcome::BlackHole => Box::new(BlackHole),
            Outcome::Fails(error) => {
                self.session.dial_failed(epoch, error);
                return true;
            }
            Outcome::Hangs => {
                self.hangs = true;
                return false;
            }
        };
        if is_proxy {
            peer = Box::new(ProxyPeer::new(proxy_answer, Some(peer)));
        }
        self.peer = Some(peer);
        self.session.connected(epoch, now);
        true
    }

    /// Whether something has happened.
    fn obey(&mut self) -> bool {
        match self.session.transport() {
            Transport::Dial(dial) if self.dialled != Some(dial.epoch) => {
                let (epoch, is_proxy) = (dial.epoch, dial.is_proxy);
                assert_eq!(dial.failures, self.model.failures);
                let is_news = self.dial(epoch, is_proxy);
                self.look();
                is_news
            }
            Transport::StartTls { epoch, .. } if self.secured != Some(epoch) => {
                self.secured = Some(epoch);
                self.session.connected(epoch, self.clock());
                true
            }
            _ => false,
        }
    }

    /// Moves some bytes. Whether there were any.
    fn exchange(&mut self) -> bool {
        let (now, epoch) = (self.clock(), self.session.epoch());
        let (up, down, most) = self.setup.moves;
        let n = self.session.due().len().min(up).min(most.saturating_sub(self.up.len()));
        self.up.extend(&self.session.due()[..n]);
        if n > 0 {
            self.session.written(epoch, n, now);
        }
        let mut is_news = n > 0;
        if let (Some(peer), false) = (&mut self.peer, self.is_cut) {
            let n = self.up.len().min(up);
            let bytes: Vec<_> = self.up.drain(..n).collect();
            let answer = peer.take(&bytes, now);
            is_news |= n > 0 || !answer.is_empty();
            self.down.extend(answer);
            peer.messages().iter().for_each(|text| self.model.note_arrived(text));
        }
        if let (Some(space), false) = (self.session.space(), self.is_cut) {
            let n = space.len().min(down).min(self.down.len());
            space.iter_mut().zip(self.down.drain(..n)).for_each(|(to, from)| *to = from);
            self.session.filled(epoch, n, now);
            let has_gone = self.peer.as_ref().is_none_or(|peer| peer.has_closed() && self.up.is_empty());
            if n == 0 && has_gone && !self.ended && !matches!(self.session.transport(), Transport::None) {
                self.ended = true;
                self.session.eof(epoch);
                is_news = true;
            }
            is_news |= n > 0;
        } else {
            self.session.filled(epoch, 0, now);
        }
        self.look();
        is_news
    }

    /// Until nothing more happens at this time. Then there is no deadline that has passed.
    fn settle(&mut self) {
        for round in 0.. {
            assert!(round < 50_000, "the session spins");
            let is_news = self.take_events();
            if self.obey() | self.exchange() | is_news {
                continue;
            }
            if self.take_events() {
                continue;
            }
            let (next, now) = (self.session.next_timeout(), self.clock());
            assert!(next.is_none_or(|next| next > now), "{next:?} has passed at {now:?}");
            let is_late = self.model.dial_at.is_some_and(|at| at <= self.model.now);
            assert!(!is_late, "no dial");
            assert!(self.hangs || !matches!(self.session.transport(), Transport::Dial(_)), "a dial without an epoch of its own");
            assert!(self.model.dropped.is_empty() && !self.model.gives_up, "something was not told");
            return;
        }
    }

    fn wait(&mut self, ms: u64) {
        let until = self.model.now + ms;
        for round in 0.. {
            assert!(round < 20_000, "deadlines do not move");
            self.settle();
            if self.model.now >= until {
                return;
            }
            let next = self.session.next_timeout().map_or(until, |next| next.as_micros().div_ceil(1000));
            // The peers have deadlines too.
            self.model.now = next.min(until).min(self.model.now + 1000);
        }
    }

    fn step(&mut self, step: Step) {
        let (now, epoch) = (self.clock(), self.session.epoch());
        self.log.push(format!("{} {step:?}", self.model.now));
        match step {
            Step::Verb(verb) => self.model.act(verb, &mut self.session.commands(now)),
            Step::Start => {
                if matches!(self.model.state, S::Idle | S::Stopped) {
                    (self.model.failures, self.model.has_closed, self.model.gives_up) = (0, false, false);
                }
                self.session.start(now);
            }
            Step::SetUrl(host) => self.session.set_url(&format!("ws://h{host}.example/")).expect("a URL"),
            Step::Pause => self.session.pause(now),
            Step::Resume => self.session.resume(now),
            Step::Wait(ms) => self.wait(u64::from(ms)),
            Step::Sleep(ms) => self.model.now += u64::from(ms),
            Step::ServerSends => self.peer.iter_mut().for_each(|peer| peer.send("news")),
            Step::ServerPings if self.model.is_up && self.down.is_empty() => self.down.extend([0x89, 1, b'?']),
            Step::ServerPings => {}
            Step::ServerCloses(code) => self.peer.iter_mut().for_each(|peer| peer.close(code)),
            Step::Kill => {
                (self.peer, self.up, self.is_cut) = (None, VecDeque::new(), false);
            }
            Step::WriteFails => {
                self.session.write_failed(epoch);
                self.model.is_mute |= self.model.is_up;
            }
            Step::Cut => self.is_cut = true,
            Step::Mend => self.is_cut = false,
            Step::EntropyFails(times) => self.failing.set(u32::from(times)),
            Step::Stale => self.report_stale(now),
        }
        self.look();
        self.settle();
    }

    /// Reports of all transports that were.
    fn report_stale(&mut self, now: Instant) {
        let current = self.session.epoch();
        let seen = |session: &Life| (session.state(), session.due().to_vec(), session.wants_reading(), session.next_timeout());
        let before = seen(&self.session);
        for &epoch in self.epochs.iter().filter(|&&epoch| epoch != current) {
            self.session.connected(epoch, now);
            self.session.dial_failed(epoch, DialError::Certificate);
            self.session.written(epoch, 100, now);
            self.session.filled(epoch, 100, now);
            self.session.eof(epoch);
            self.session.write_failed(epoch);
        }
        assert_eq!(seen(&self.session), before);
    }

    /// When all is well again, the session opens, and what waits arrives.
    fn recover(&mut self) {
        (self.is_good, self.is_cut) = (true, false);
        self.failing.set(0);
        let now = self.clock();
        self.session.resume(now);
        // Far more than the longest wait, and the reactions that are left may stop it a few times. Not the same each time: a link that is
        // too slow for its deadlines comes and goes at its own pace.
        for round in 0..60 {
            self.step(Step::Verb(Verb::Release));
            self.step(Step::Start);
            let is_well =
                |world: &Self| (world.session.state(), world.session.queued(), world.model.is_mute) == (S::Open, 0, false);
            if is_well(self) && self.model.arrived < self.model.handed.len() {
                // They are under way; or the connection was lost during a pause, which is found now.
                self.wait(100);
            }
            if is_well(self) && self.model.arrived == self.model.handed.len() {
                break;
            }
            self.wait(20_000 + 777 * round);
            // What waits comes after what was begun.
            for _ in 0..20 {
                if self.model.in_parts.is_some() {
                    self.step(Step::Verb(Verb::Part(0)));
                }
            }
        }
        assert_eq!((self.session.state(), self.session.queued()), (S::Open, 0));
        assert_eq!(self.model.arrived, self.model.handed.len());
        self.step(Step::Verb(Verb::Close));
        self.wait(60_000);
        assert_eq!(self.session.state(), S::Stopped);
    }
}

/// What is refused is the program's own doing.
fn ignore<T, E>(_: Result<T, E>) {}

fn verbs() -> impl Strategy<Value = Verb> {
    prop_oneof![
        8 => Just(Verb::Nothing),
        6 => (0_usize..120).prop_map(Verb::Send),
        2 => (0_usize..60).prop_map(Verb::Volatile),
        2 => (0_usize..60).prop_map(Verb::SendNow),
        2 => (0_usize..2_000).prop_map(Verb::Part),
        2 => Just(Verb::Ping),
        1 => Just(Verb::Request),
        1 => Just(Verb::Hold),
        1 => Just(Verb::Release),
        1 => (0_u16..3_000).prop_map(Verb::RetryIn),
        1 => Just(Verb::Stop),
        1 => Just(Verb::Close),
    ]
}

fn steps() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => verbs().prop_map(Step::Verb),
        4 => Just(Step::Start),
        1 => (0_u8..4).prop_map(Step::SetUrl),
        1 => Just(Step::Pause),
        2 => Just(Step::Resume),
        6 => (0_u16..6_000).prop_map(Step::Wait),
        2 => (0_u32..100_000).prop_map(Step::Sleep),
        1 => Just(Step::ServerSends),
        1 => Just(Step::ServerPings),
        1 => select(vec![1000, 1001, 1012, 4000]).prop_map(Step::ServerCloses),
        3 => Just(Step::Kill),
        1 => Just(Step::WriteFails),
        2 => Just(Step::Cut),
        1 => Just(Step::Mend),
        1 => (1_u8..4).prop_map(Step::EntropyFails),
        1 => Just(Step::Stale),
    ]
}

fn outcomes() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        8 => Just(Outcome::Server),
        1 => Just(Outcome::Silent),
        2 => (select(vec![401, 404, 429, 503]), proptest::option::of(0_u16..20)).prop_map(|(status, after)| Outcome::Refuses(status, after)),
        1 => Just(Outcome::Redirects),
        1 => select(vec![407, 502]).prop_map(Outcome::ProxyRefuses),
        1 => Just(Outcome::BlackHole),
        2 => select(vec![DialError::Name, DialError::Connect, DialError::Certificate]).prop_map(Outcome::Fails),
        1 => Just(Outcome::Hangs),
    ]
}

prop_compose! {
    fn configs()(
        connect in 500_u32..8_000,
        first in 100_u32..6_000,
        (min, max) in (100_u32..3_000, 100_u32..10_000),
        (factor, jitter) in (100_u16..400, 0_u8..=100),
        uptime in 0_u32..8_000,
        failures in prop_oneof![3 => Just(0_u32), 1 => 1_u32..6],
        redirects in 0_u8..3,
        (overflow, queued) in (select(vec![Overflow::Refuse, Overflow::DropOldest, Overflow::DropNewest]), 0_u32..8),
        proxy in select(vec!["", "", "http://proxy.example"]),
        beat in proptest::option::of((500_u32..5_000, 200_u32..3_000)),
    ) -> SessionConfig<'static> {
        let beat = beat.map(|(interval, timeout)| {
            Heartbeat::new("tick", HeartbeatAnswer::StartsWith("tock")).interval_ms(interval).timeout_ms(timeout)
        });
        let config = SessionConfig::new().connect_timeout_ms(connect).first_delay_ms(first).min_delay_ms(min).max_delay_ms(max);
        let config = config.factor_percent(factor).jitter_percent(jitter).min_uptime_ms(uptime).max_failures(failures);
        config.max_redirects(redirects).overflow(overflow).max_queued(queued).proxy(proxy).heartbeat(beat).max_url_len(64)
    }
}

prop_compose! {
    fn setups()(
        config in configs(),
        (interval, pong, write) in (500_u32..4_000, 500_u32..4_000, 500_u32..4_000),
        queue in 0_usize..400,
        (input, output) in (300_usize..1_500, 500_usize..1_500),
        moves in (select(vec![1, 7, 60, 300]), select(vec![1, 7, 60, 300]), 1_usize..600),
        outcomes in proptest::collection::vec(outcomes(), 1..6),
        reactions in proptest::collection::vec(verbs(), 0..30),
        steps in proptest::collection::vec(steps(), 1..60),
    ) -> Setup {
        let ws = Config::new().keepalive_interval_ms(interval).pong_timeout_ms(pong).write_timeout_ms(write);
        Setup { config, ws, queue, input, output, moves, outcomes, reactions, steps }
    }
}

/// Prints what happened, if a test fails.
struct Told(World);

impl Drop for Told {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{:?}\n{}", self.0.session, self.0.log.join("\n"));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, max_shrink_iters: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn sessions_keep_their_promises_in_any_world(setup in setups()) {
        let steps = setup.steps.clone();
        let mut world = Told(World::new(setup));
        steps.iter().for_each(|&step| world.0.step(step));
        world.0.recover();
    }
}
