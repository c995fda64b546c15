//! The oracle for `Buffered`: the bare `Connection`, driven by a plain loop over unbounded buffers with the same bytes, calls and times.
//! Whatever the order of the calls, the sizes of reads and writes, and the buffers, events and bytes are those of the loop.

use super::entropy::Counter;
use super::http::HOST;
use super::{Begin, connecting, ms};
use sansocket::{
    Accept, Buffered, CallError, ClientRequest, CloseCode, Commands, Config, Connection, EndCause, Event, Instant, MAX_ANSWER,
    MessageKind, Negotiated, Offer, Origin, PingSource, ProtocolError, Request, Role, State, Transport, UsageError,
};

/// How messages are given.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Mode {
    Pieces,
    /// Whole, joined in the input.
    Whole,
    /// Whole, joined in memory of so many bytes.
    WholeIn(usize),
}

/// A connection with its buffers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Setup {
    pub(crate) role: Role,
    /// Open, or from the opening handshake on.
    pub(crate) begin: Begin,
    pub(crate) input: usize,
    pub(crate) output: usize,
    pub(crate) mode: Mode,
}

/// What the program or its transport does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Act {
    Next,
    /// `next` until there is no event.
    NextAll,
    /// The handler changes the payload that it was given.
    Scribble,
    /// A read begins: the bytes may come at any time until `Filled`.
    Read(usize),
    /// It ends.
    Filled,
    /// Nothing was there to be read.
    Waited,
    Written(usize),
    WriteFailed,
    Eof,
    Pause,
    Resume,
    Send {
        kind: MessageKind,
        len: usize,
    },
    SendEncoded(usize),
    Part {
        kind: MessageKind,
        len: usize,
        fin: bool,
    },
    /// The transport takes so much of it, and of what is due before it, at once.
    PartBy {
        kind: MessageKind,
        len: usize,
        fin: bool,
        at_once: usize,
    },
    Ping(usize),
    Pong(usize),
    Close(u16, usize),
    Fail(u16),
    /// Answers a request, if there is one: by `accept_or_refuse` or `respond`, or by an offer that is taken later.
    Accept,
    Respond(usize),
    Offer,
    /// Drops bytes of a refusal's body.
    Discard(usize),
    /// The time in milliseconds moves, possibly back.
    Time(i64),
    /// Detaches, and restores the same.
    Detach,
    /// Detaches, and other connections use the buffers.
    Turn,
    /// The client's source of masking keys fails, or works again.
    Entropy(bool),
}

/// An event that outlives its bytes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Ev {
    Head(&'static str, Vec<u8>, Option<ProtocolError>),
    Data { kind: MessageKind, bytes: Vec<u8>, offset: u64, last: bool },
    Ping(Vec<u8>, bool),
    Pong(Vec<u8>, Option<PingSource>),
    CloseReceived(u16, String),
    Failed(ProtocolError),
    Closed { code: CloseCode, was_clean: bool, cause: EndCause },
}

impl Ev {
    fn of(event: &Event<'_>) -> Self {
        match event {
            Event::Request(request) => Self::Head("request", request.bytes().into(), None),
            Event::HttpRequest(request) => Self::Head("http request", request.bytes().into(), None),
            Event::Opened(response) => Self::Head("opened", response.bytes().into(), None),
            Event::Refused { response, error, .. } => Self::Head("refused", response.bytes().into(), Some(*error)),
            Event::Data(data) => {
                Self::Data { kind: data.kind, bytes: data.payload.to_vec(), offset: data.offset, last: data.last }
            }
            Event::Ping { payload, answered, .. } => Self::Ping(payload.to_vec(), *answered),
            Event::Pong { payload, answers, .. } => Self::Pong(payload.to_vec(), *answers),
            Event::CloseReceived { code, reason, .. } => Self::CloseReceived(code.0, (*reason).into()),
            Event::Failed { error, .. } => Self::Failed(*error),
            Event::Closed { code, was_clean, cause, .. } => Self::Closed { code: *code, was_clean: *was_clean, cause: *cause },
            other => panic!("{other:?}"),
        }
    }
}

type Ws<'a, 'c> = Buffered<'c, Counter, &'a mut [u8], &'a mut [u8], &'a mut [u8], &'a mut Connection<'c, Counter>>;

/// The plain loop, and what the test knows of the buffers.
pub(crate) struct Model<'c> {
    setup: Setup,
    ws: Connection<'c, Counter>,
    config: &'c Config<'c>,
    /// What arrived and is not consumed.
    arrived: Vec<u8>,
    joined: Option<(MessageKind, Vec<u8>)>,
    held: Option<Ev>,
    pub(crate) events: Vec<Ev>,
    due: Vec<u8>,
    since: Instant,
    lost: bool,
    looked: Instant,
    paused: bool,
    paused_at: Instant,
    stalled: bool,
    ended: bool,
    offer: Option<Offer<'c>>,
    /// The message that is sent in parts.
    part: Option<(MessageKind, usize)>,
    broken: [Counter; 2],
    is_broken: bool,
    now: u64,
    /// What the peer has not sent yet.
    wire: Vec<u8>,
    /// A read under way: where, and how many bytes are there already.
    read: Option<(usize, usize)>,
    output_at: usize,
    /// All that the transport took.
    pub(crate) sent: Vec<u8>,
}

/// Runs `acts` on a connection to which the peer sends `wire`, then lets all come to an end. Returns the events.
pub(crate) fn run(setup: Setup, config: &Config<'_>, wire: &[u8], acts: &[Act]) -> Vec<Ev> {
    // The rule about heads: what fills the input without an end is too long.
    let head = config.max_head_len.min(u32::try_from(setup.input).unwrap());
    let plain = config.max_head_len(head);
    let entropy = [Counter::default(), Counter::default()];
    let start = |config, entropy: &Counter| match setup.begin {
        Begin::Handshake => connecting(setup.role, config, entropy.clone()),
        _ => Connection::open(setup.role, config, entropy.clone(), Negotiated::NOTHING, ms(0)),
    };
    let mut ws = start(config, &entropy[0]);
    let mut model = Model::new(setup, start(&plain, &entropy[1]), &plain, wire, entropy);
    let (mut input, mut output) = (vec![0xEE; setup.input], vec![0xEE; setup.output]);
    let mut joining = vec![0xEE; if let Mode::WholeIn(len) = setup.mode { len } else { 0 }];
    model.output_at = output.as_ptr().addr();
    let mut rest = None;
    let mut turns = acts.split(|act| *act == Act::Turn).peekable();
    let mut is_first = true;
    while let Some(turn) = turns.next() {
        let mut attached: Ws<'_, '_> = Buffered::attach(&mut ws, &mut input[..], &mut output[..]).join_in(&mut joining[..]);
        if setup.mode == Mode::Pieces {
            attached = attached.in_pieces();
        }
        if let Some(rest) = rest.take() {
            attached.restore(&rest).unwrap();
        }
        model.check(&mut attached);
        if is_first && setup.begin == Begin::Handshake && setup.role == Role::Client {
            model.request(&mut attached);
        }
        is_first = false;
        for act in turn {
            model.act(&mut attached, *act);
            model.check(&mut attached);
        }
        if turns.peek().is_some() {
            rest = model.detach(&mut attached);
            input.fill(0xAA);
            output.fill(0xBB);
            joining.fill(0xCC);
        } else {
            model.finish(&mut attached);
        }
    }
    model.events
}

/// What `kind` messages of ours contain from `offset` on.
fn content(kind: MessageKind, offset: usize, len: usize) -> Vec<u8> {
    let text = "a\u{e4}\u{20ac}\u{1f600}".as_bytes();
    let byte = |i| if kind == MessageKind::Text { text[i % text.len()] } else { (i * 7) as u8 };
    (offset..offset + len).map(byte).collect()
}

impl<'c> Model<'c> {
    fn new(setup: Setup, ws: Connection<'c, Counter>, config: &'c Config<'c>, wire: &[u8], broken: [Counter; 2]) -> Self {
        Self {
            setup,
            ws,
            config,
            arrived: Vec::new(),
            joined: None,
            held: None,
            events: Vec::new(),
            due: Vec::new(),
            since: ms(0),
            lost: false,
            looked: ms(0),
            paused: false,
            paused_at: ms(0),
            stalled: false,
            ended: false,
            offer: None,
            part: None,
            broken,
            is_broken: false,
            now: 0,
            wire: wire.into(),
            read: None,
            output_at: 0,
            sent: Vec::new(),
        }
    }

    fn now(&self) -> Instant {
        ms(self.now)
    }

    /// Bytes after what is due.
    fn free(&self, ws: &Ws<'_, '_>) -> usize {
        let due = ws.due();
        let end = due.as_ptr().addr() - self.output_at + due.len();
        // A byte moves at most once on average, so that at most as much lies idle before it.
        assert!(end <= 2 * due.len(), "{end} for {}", due.len());
        self.setup.output - end
    }

    fn produce(&mut self, bytes: &[u8], now: Instant) {
        if bytes.is_empty() {
            return;
        }
        if self.due.is_empty() {
            // Law 10: a clock that runs backwards stands still.
            self.since = now.max(self.looked);
        }
        if !self.lost {
            self.due.extend(bytes);
        }
    }

    fn write_due(&self) -> Option<Instant> {
        let timeout = u64::from(self.config.write_timeout_ms);
        (timeout > 0 && !self.due.is_empty()).then(|| Instant::from_micros(self.since.as_micros() + timeout * 1000))
    }

    fn next_timeout(&self) -> Option<Instant> {
        [self.ws.next_timeout(), self.write_due()].into_iter().flatten().min()
    }

    fn transport(&self) -> Transport {
        // Closed comes first.
        let is_over = self.ws.transport() != Transport::Close || self.ws.state() == State::Closed;
        if self.due.is_empty() && is_over { self.ws.transport() } else { Transport::Keep }
    }

    /// One `next` of the plain loop, `free` being the room of the output.
    fn advance(&mut self, free: usize) -> Result<(), CallError> {
        let now = self.now();
        self.held = None;
        loop {
            if !self.paused {
                let short = free < MAX_ANSWER && !self.arrived.is_empty();
                if short != self.stalled {
                    self.stalled = short;
                    if short { self.ws.pause(now) } else { self.ws.resume(now) }
                }
            }
            if self.paused || self.stalled {
                break;
            }
            let mut out = [0; MAX_ANSWER];
            let received = self.ws.receive(now, &mut self.arrived, &mut out)?;
            let (consumed, produced, event) = (received.consumed, received.produced, received.event.as_ref().map(Ev::of));
            self.arrived.drain(..consumed);
            self.produce(&out[..produced], now);
            match event {
                Some(Ev::Data { kind, bytes, offset, last }) if self.setup.mode != Mode::Pieces => {
                    if self.join(kind, &bytes, offset, last) {
                        return Ok(());
                    }
                }
                None => break,
                held => {
                    self.hold(held);
                    return Ok(());
                }
            }
        }
        if !self.paused && !self.stalled && self.ended {
            let event = self.ws.receive_eof(now).event.as_ref().map(Ev::of);
            if event.is_some() {
                self.hold(event);
                return Ok(());
            }
        }
        if self.write_due().is_some_and(|due| due <= self.looked) {
            self.lost = true;
            self.due.clear();
            if self.ws.state() != State::Closed {
                let (code, was_clean) = (self.ws.close_code(), self.ws.was_clean());
                self.kill();
                self.hold(Some(Ev::Closed { code, was_clean, cause: EndCause::WriteTimeout }));
                return Ok(());
            }
        }
        if self.ws.next_timeout().is_some_and(|due| due <= self.looked) {
            let mut out = [0; MAX_ANSWER];
            let room = free.min(MAX_ANSWER);
            let received = self.ws.handle_timeout(self.looked, &mut out[..room]);
            let (produced, event) = (received.produced, received.event.as_ref().map(Ev::of));
            self.produce(&out[..produced], self.looked);
            // Nobody waits for a request that the peer has not taken.
            if let Some(Ev::Closed { cause: EndCause::HandshakeTimeout | EndCause::ClosingTimeout, .. }) = event {
                self.lost = true;
                self.due.clear();
            }
            self.hold(event);
        }
        Ok(())
    }

    /// The connection ends for a reason that it does not know.
    fn kill(&mut self) {
        if self.ws.receive_eof(self.now()).event.is_none() {
            self.ws.respond(404, &[], b"", self.now(), &mut [0; 500]).unwrap();
            assert!(self.ws.receive_eof(self.now()).event.is_some());
        }
    }

    fn hold(&mut self, event: Option<Ev>) {
        if let Some(Ev::Failed(_) | Ev::CloseReceived(..) | Ev::Closed { .. }) = event {
            self.joined = None;
        }
        self.events.extend(event.clone());
        self.held = event;
    }

    /// Joins a piece; whether there is an event.
    fn join(&mut self, kind: MessageKind, bytes: &[u8], offset: u64, last: bool) -> bool {
        let limit = match self.setup.mode {
            Mode::WholeIn(len @ 1..) => len,
            _ => self.setup.input - 144,
        };
        let (_, mut joined) = self.joined.take().unwrap_or((kind, Vec::new()));
        assert_eq!(joined.len() as u64, offset);
        joined.extend(bytes);
        if joined.len() > limit {
            let mut out = [0; MAX_ANSWER];
            let now = self.now();
            self.broken[1].set_broken(false);
            let n = self.ws.fail(CloseCode(1009), now, &mut out).unwrap();
            self.broken[1].set_broken(self.is_broken);
            // Without entropy the connection fails all the same.
            if !(self.is_broken && self.setup.role == Role::Client) {
                self.produce(&out[..n], now);
            }
            self.hold(Some(Ev::Failed(ProtocolError::MessageTooLong)));
        } else if last {
            self.hold(Some(Ev::Data { kind, bytes: joined, offset: 0, last: true }));
        } else {
            self.joined = Some((kind, joined));
            return false;
        }
        true
    }

    /// All that can be seen is as the plain loop has it.
    pub(crate) fn check(&mut self, ws: &mut Ws<'_, '_>) {
        let now = self.now();
        assert!(ws.due() == self.due, "due: {:02x?}\nwanted: {:02x?}", ws.due(), self.due);
        assert_eq!(ws.room(), self.free(ws).saturating_sub(MAX_ANSWER));
        assert_eq!(ws.unread(), self.arrived, "not consumed");
        for _ in 0..2 {
            assert_eq!(ws.current(now).map(|(event, _)| Ev::of(&event)), self.held, "the current event");
        }
        assert_eq!(ws.transport(), self.transport());
        assert_eq!(ws.connection().state(), self.ws.state());
        let next = ws.next_timeout();
        if self.transport() == Transport::Close {
            assert_eq!(next, None);
            assert!(!ws.wants_reading());
        } else if next != self.next_timeout() {
            // There is something to do at once.
            assert!(!self.paused && next.is_some_and(|next| next <= self.looked), "{next:?} and not {:?}", self.next_timeout());
        }
        if let Some((at, _)) = self.read {
            if let Some(space) = ws.space() {
                assert_eq!(space.as_ptr().addr(), at, "the space has moved");
            }
        }
        let closed = self.events.iter().filter(|event| matches!(event, Ev::Closed { .. })).count();
        assert_eq!(closed, usize::from(self.ws.state() == State::Closed));
    }

    /// What holds once `next` gave nothing.
    fn check_waiting(&mut self, ws: &mut Ws<'_, '_>) {
        assert_eq!(ws.next_timeout(), if self.transport() == Transport::Close { None } else { self.next_timeout() });
        if self.paused || self.ended || self.ws.state() == State::Closed {
            return assert!(!ws.wants_reading() && ws.space().is_none());
        }
        if self.stalled {
            assert!(!self.due.is_empty() && !ws.wants_reading());
        } else {
            // What fills the input and is not consumed waits for the program: a request's answer, the body of a refusal.
            let is_programs =
                self.ws.state() == State::Connecting || self.events.iter().any(|event| matches!(event, Ev::Head("refused", ..)));
            assert!(ws.wants_reading() || is_programs && self.arrived.len() == self.setup.input, "it stands still");
        }
        // No deadline that has passed is left, once the input was looked at.
        if self.looked >= self.now() {
            assert!(ws.next_timeout().is_none_or(|next| next > self.looked), "a busy loop");
        }
    }

    fn next(&mut self, ws: &mut Ws<'_, '_>) -> bool {
        let free = self.free(ws);
        let due = (ws.due().as_ptr(), ws.due().len());
        let was_waiting = self.held.is_none() && ws.transport() != Transport::Close;
        let (said, wants_reading) = (ws.next_timeout(), ws.wants_reading());
        let is_late = self.next_timeout().is_some_and(|next| next <= self.looked);
        let wanted = self.advance(free);
        let now = self.now();
        let got = ws.next(now).map(|next| next.map(|(event, _)| Ev::of(&event)));
        assert_eq!(got, wanted.map(|()| self.held.clone()));
        if !self.due.is_empty() && due.1 > 0 {
            assert_eq!(ws.due().as_ptr(), due.0, "what is due has moved");
        }
        match got {
            Ok(Some(_)) => {
                // A program that waits for what it was told to wait for does not miss it.
                assert!(!was_waiting || said.is_some_and(|said| said <= self.looked.max(now)), "an event that was not announced");
                assert!(!wants_reading || is_late, "an event, though it wants reading");
                true
            }
            Ok(None) => {
                self.check_waiting(ws);
                false
            }
            Err(error) => {
                assert!(error == CallError::EntropyFailed && self.is_broken && self.setup.role == Role::Client);
                false
            }
        }
    }

    /// A verb: what `Buffered` writes, and the bare connection, if there is room. `keeps`: room for an answer to the peer is kept.
    fn verb(
        &mut self,
        ws: &mut Ws<'_, '_>,
        keeps: bool,
        buffered: impl FnOnce(&mut Commands<'_, '_, Counter>) -> Result<(), CallError>,
        bare: impl Fn(&mut Connection<'c, Counter>, Instant, &mut [u8]) -> Result<usize, CallError>,
    ) -> bool {
        let now = self.now();
        let room = if keeps { ws.room() } else { self.free(ws) };
        let mut out = vec![0; 0x1_2000];
        match buffered(&mut ws.commands(now)) {
            Ok(()) => {
                let n = bare(&mut self.ws, now, &mut out).unwrap();
                assert!(n <= room, "{n} bytes in a room of {room}");
                self.produce(&out[..n], now);
                true
            }
            // Longer than the output ever has room for.
            Err(CallError::Usage(UsageError::BufferTooShort)) => {
                let most = self.setup.output - if keeps { MAX_ANSWER } else { 0 };
                let Err(CallError::NeedsRoom { bytes }) = bare(&mut self.ws, now, &mut []) else { panic!("it needs no room") };
                assert!(bytes > most, "{bytes} bytes do fit into {most}");
                false
            }
            Err(CallError::NeedsRoom { bytes }) => {
                assert!(bytes > room, "{bytes} bytes do fit into {room}");
                assert_eq!(bare(&mut self.ws, now, &mut []), Err(CallError::NeedsRoom { bytes }));
                false
            }
            Err(error) => {
                assert_eq!(bare(&mut self.ws, now, &mut out), Err(error));
                false
            }
        }
    }

    fn request(&mut self, ws: &mut Ws<'_, '_>) {
        let request = ClientRequest::new(HOST, "/");
        let done = self.verb(ws, false, |ws| ws.request(&request), |ws, now, out| ws.request(&request, now, out));
        assert!(done);
        self.check(ws);
    }

    /// `at_once`: so much of it, and of what is due before it, the transport takes in the call itself.
    fn part(&mut self, ws: &mut Ws<'_, '_>, (kind, len, fin): (MessageKind, usize, bool), at_once: Option<usize>) {
        let (kind, sent) = self.part.unwrap_or((kind, 0));
        let payload = content(kind, sent, len);
        let (room, now) = (ws.room(), self.now());
        let (mut shown, mut commands) = (None, ws.commands(now));
        let result = match at_once {
            None => commands.send_part(kind, sent as u64, &payload, fin),
            Some(most) => commands.send_part_by(kind, sent as u64, &payload, fin, |due, part| {
                shown = Some([due, part].concat());
                most.min(due.len() + part.len())
            }),
        };
        let mut out = vec![0; 0x1_2000];
        match result {
            Ok(taken) => {
                assert!(taken <= len);
                let fin = fin && taken == len;
                if taken == 0 && !fin {
                    return assert!(len == 0);
                }
                let n = self.ws.send(kind, &payload[..taken], fin, &mut out).unwrap();
                // As much as fits, but for the bytes of a header.
                assert!(n <= room && (taken == len || n + 3 >= room), "{taken} of {len} bytes in a room of {room}");
                self.produce(&out[..n], now);
                self.part = if fin || n == 0 { None } else { Some((kind, sent + taken)) };
                let is_direct = at_once.is_some() && n > 0 && self.setup.role == Role::Server && !self.lost;
                assert_eq!(shown, is_direct.then(|| self.due.clone()));
                if let (Some(shown), Some(most)) = (shown, at_once) {
                    self.taken(ws, most.min(shown.len()));
                }
            }
            Err(CallError::NeedsRoom { bytes }) => assert!(bytes > room),
            // Where not all fits, the end of the text is not looked at.
            Err(CallError::EntropyFailed) => assert!(self.is_broken && self.setup.role == Role::Client),
            Err(error) => assert_eq!(self.ws.send(kind, &payload, fin, &mut out), Err(error)),
        }
        if self.ws.state() != State::Open {
            self.part = None;
        }
    }

    fn read(&mut self, ws: &mut Ws<'_, '_>, len: usize) {
        assert_eq!(ws.wants_reading(), ws.io().space.is_some());
        if self.read.is_some() {
            return;
        }
        let Some(space) = ws.space() else { return };
        assert!(!space.is_empty());
        let len = len.min(space.len()).min(self.wire.len());
        // They are there before the program hears of it.
        space[..len].copy_from_slice(&self.wire[..len]);
        self.read = Some((space.as_ptr().addr(), len));
    }

    fn filled(&mut self, ws: &mut Ws<'_, '_>) {
        let Some((_, len)) = self.read.take() else { return };
        self.arrived.extend(self.wire.drain(..len));
        self.looked = self.looked.max(self.now());
        ws.filled(len, self.now());
    }

    fn written(&mut self, ws: &mut Ws<'_, '_>, n: usize) {
        let now = self.now();
        let taken = n.min(self.due.len());
        if n % 2 == 0 {
            ws.written(n, now);
        } else {
            let mut commands = ws.commands(now);
            assert_eq!(commands.due(), self.due);
            commands.written(n);
        }
        self.taken(ws, taken);
    }

    /// The transport has taken so much.
    fn taken(&mut self, ws: &mut Ws<'_, '_>, taken: usize) {
        let now = self.now();
        self.ws.written(taken, now);
        self.sent.extend(self.due.drain(..taken));
        if taken > 0 {
            self.since = self.since.max(now);
        }
        let is_at_front = ws.due().is_empty() || ws.due().as_ptr().addr() == self.output_at;
        assert!(is_at_front || self.free(ws) >= MAX_ANSWER, "there is room for an answer, but not in one piece");
        // Either there is nothing to do, or it is said.
        let is_over = self.transport() == Transport::Close;
        if self.stalled && self.free(ws) >= MAX_ANSWER && !self.paused && !is_over {
            assert!(ws.next_timeout().is_some_and(|next| next <= self.looked), "room for events, and nobody knows");
        }
    }

    fn accept(&mut self, ws: &mut Ws<'_, '_>) {
        let now = self.now();
        let Some(Ev::Head("request" | "http request", head, _)) = self.held.clone() else { return };
        let request = Request::parse(&head, self.config).unwrap().unwrap();
        let accept = Accept::new(Origin::Any);
        let Some((Event::Request(theirs) | Event::HttpRequest(theirs), _)) = ws.current(now) else { panic!("no request") };
        assert_eq!(theirs.offer(self.config, Origin::Any), request.offer(self.config, Origin::Any));
        self.verb(
            ws,
            false,
            |ws| ws.accept_or_refuse(&request, &accept),
            |ws, now, out| ws.accept_or_refuse(&request, &accept, now, out),
        );
    }

    fn act(&mut self, ws: &mut Ws<'_, '_>, act: Act) {
        let now = self.now();
        let due = ws.due().as_ptr();
        let is_moving =
            matches!(act, Act::Written(_) | Act::PartBy { .. } | Act::WriteFailed | Act::Next | Act::NextAll | Act::Detach);
        match act {
            Act::Next => drop(self.next(ws)),
            Act::NextAll => {
                while self.next(ws) {
                    self.check(ws);
                }
            }
            Act::Scribble => {
                if let (Some((Event::Data(data), _)), Some(Ev::Data { bytes, .. })) = (ws.current(now), &mut self.held) {
                    data.payload.iter_mut().for_each(|byte| *byte = !*byte);
                    bytes.iter_mut().for_each(|byte| *byte = !*byte);
                }
            }
            Act::Read(len) => self.read(ws, len),
            Act::Filled => self.filled(ws),
            Act::Waited => {
                self.filled(ws);
                self.looked = self.looked.max(now);
                ws.filled(0, now);
            }
            Act::Written(n) => self.written(ws, n),
            Act::WriteFailed => {
                self.lost = true;
                self.due.clear();
                ws.write_failed();
            }
            Act::Eof => {
                self.filled(ws);
                self.ended = true;
                ws.eof();
            }
            Act::Pause => {
                self.paused_at = if self.paused { self.paused_at.min(now) } else { now };
                self.paused = true;
                self.ws.pause(now);
                ws.pause(now);
            }
            Act::Resume => {
                if self.paused {
                    self.paused = false;
                    // A pause does not count for the writing deadline.
                    let paused = now.as_micros().saturating_sub(self.paused_at.as_micros());
                    self.since = self.since.max(Instant::from_micros(self.since.as_micros() + paused).min(now));
                    if !self.stalled {
                        self.ws.resume(now);
                    }
                }
                ws.resume(now);
            }
            Act::Discard(n) if self.events.iter().any(|event| matches!(event, Ev::Head("refused", ..))) => {
                let n = n.min(self.arrived.len());
                self.arrived.drain(..n);
                ws.discard(n);
            }
            Act::Discard(_) | Act::Turn => {}
            Act::Time(by) => self.now = self.now.saturating_add_signed(by),
            Act::Detach => {
                if let Some(rest) = self.detach(ws) {
                    ws.restore(&rest).unwrap();
                }
            }
            Act::Entropy(broken) => {
                self.is_broken = broken;
                self.broken.iter().for_each(|counter| counter.set_broken(broken));
            }
            verb => self.send(ws, verb),
        }
        if !is_moving && !self.due.is_empty() {
            assert_eq!(ws.due().as_ptr(), due, "what is due has moved");
        }
    }

    fn send(&mut self, ws: &mut Ws<'_, '_>, act: Act) {
        match act {
            Act::Part { kind, len, fin } => self.part(ws, (kind, len, fin), None),
            Act::PartBy { kind, len, fin, at_once } => self.part(ws, (kind, len, fin), Some(at_once)),
            Act::Send { kind, len } => {
                let payload = content(kind, 0, len);
                if self.part.is_some() && self.ws.state() == State::Open {
                    let refused = ws.commands(self.now()).send(kind, &payload);
                    return assert_eq!(refused, Err(UsageError::MessageUnfinished.into()));
                }
                self.verb(ws, true, |ws| ws.send(kind, &payload), |ws, _, out| ws.send(kind, &payload, true, out));
            }
            Act::SendEncoded(len) => {
                let mut encoded = vec![0; len + 10];
                let payload = content(MessageKind::Binary, 0, len);
                let n = sansocket::frame::encode_message(MessageKind::Binary, &payload, &mut encoded).unwrap();
                let encoded = &encoded[..n];
                self.verb(
                    ws,
                    true,
                    |ws| ws.send_encoded(encoded),
                    |ws, _, out| {
                        let out = out.get_mut(..n).ok_or(CallError::NeedsRoom { bytes: n })?;
                        let n = ws.send_encoded(encoded)?;
                        out[..n].copy_from_slice(&encoded[..n]);
                        Ok(n)
                    },
                );
            }
            Act::Ping(len) => {
                let payload = vec![b'p'; len];
                self.verb(ws, true, |ws| ws.ping(&payload), |ws, _, out| ws.ping(&payload, out));
            }
            Act::Pong(len) => {
                let payload = vec![b'q'; len];
                self.verb(ws, true, |ws| ws.pong(&payload), |ws, _, out| ws.pong(&payload, out));
            }
            Act::Close(code, len) => {
                let reason = "r".repeat(len);
                let code = (code > 0).then_some(CloseCode(code));
                self.verb(ws, false, |ws| ws.close(code, &reason), |ws, now, out| ws.close(code, &reason, now, out));
            }
            Act::Fail(code) => {
                let code = CloseCode(code);
                if self.verb(ws, false, |ws| ws.fail(code), |ws, now, out| ws.fail(code, now, out)) {
                    self.joined = None;
                }
            }
            Act::Accept => self.accept(ws),
            Act::Respond(len) => {
                let body = vec![b'b'; len];
                self.verb(ws, false, |ws| ws.respond(404, &[], &body), |ws, now, out| ws.respond(404, &[], &body, now, out));
            }
            Act::Offer => {
                if let Some(Ev::Head("request", head, _)) = &self.held {
                    let request = Request::parse(head, self.config).unwrap().unwrap();
                    self.offer = request.offer(self.config, Origin::Any).ok();
                } else if let Some(offer) = self.offer {
                    self.verb(
                        ws,
                        false,
                        |ws| ws.accept_offer(&offer, None, &[]),
                        |ws, now, out| ws.accept_offer(&offer, None, &[], now, out),
                    );
                }
            }
            other => unreachable!("{other:?}"),
        }
    }

    fn detach(&mut self, ws: &mut Ws<'_, '_>) -> Option<sansocket::Remainder<Vec<u8>>> {
        self.filled(ws);
        let len = ws.remaining();
        let rest = ws.detach(|asked| {
            assert_eq!(asked, len);
            vec![0xDD; len]
        });
        let rest = rest.unwrap();
        let is_idle = self.arrived.is_empty() && self.due.is_empty() && self.joined.is_none() && self.held.is_none();
        let is_idle = is_idle && !self.ended && !self.lost && !self.paused && !self.stalled;
        assert_eq!(rest.is_none(), is_idle, "whether something remains");
        if is_idle {
            self.looked = ms(0);
        }
        rest
    }

    /// The transport and the program do all that is left to be done.
    fn finish(&mut self, ws: &mut Ws<'_, '_>) {
        self.act(ws, Act::Entropy(false));
        self.act(ws, Act::Resume);
        for _ in 0..1_000_000 {
            self.act(ws, Act::NextAll);
            self.check(ws);
            if ws.transport() == Transport::Close {
                break;
            }
            if ws.due().is_empty() && !ws.wants_reading() && self.ended {
                // A request that waits for its answer.
                assert_eq!(self.ws.state(), State::Connecting, "neither over nor waiting");
                self.act(ws, Act::Respond(0));
            }
            let n = ws.due().len();
            self.written(ws, n);
            if ws.wants_reading() && !self.wire.is_empty() {
                self.read(ws, usize::MAX);
                self.filled(ws);
            } else if !self.ended && (self.wire.is_empty() || self.arrived.len() == self.setup.input) {
                self.act(ws, Act::Eof);
            }
            self.check(ws);
        }
        let over = (ws.transport(), ws.next_timeout(), ws.wants_reading(), ws.connection().state());
        assert_eq!(over, (Transport::Close, None, false, State::Closed));
        let closed = |event: &Ev| matches!(event, Ev::Closed { .. });
        assert_eq!(self.events.iter().position(closed), Some(self.events.len() - 1), "one Closed, which is the last");
        assert!(!self.next(ws));
    }
}
