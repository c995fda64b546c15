//! C's client does what Rust's does: random sequences of calls, many of them wrong, beside the same calls in Rust. After each, all that can be
//! asked is the same; what is sent and received is, byte for byte.
#![cfg(feature = "ffi")]
#![allow(clippy::undocumented_unsafe_blocks, reason = "each calls C functions with memory that the lines around it made")]

mod ffi_world;

use ::sansocket::ffi::{SANSOCKET_NEVER, sansocket_bytes, sansocket_result};
use ::sansocket::{Buffered, CloseCode, Config, Connection, Entropy, Instant};
use ::sansocket_session::ffi::*;
use ::sansocket_session::{DialError, Epoch, Event as SessionEvent, Session, SessionConfig, Transport};
use ::sansocket_socketio::client::{
    AckSlot, Asker, Client, ClientConfig, Emit, Event, NamespaceId, NamespaceSlot, NamespaceState, Refusal,
};
use ::sansocket_socketio::ffi::*;
use ffi_world::{C, Lcg, Lent, OPEN, Server, argument, bytes, str_at, text, zeroed};

use sansocket_argument_type as A;
use sansocket_socketio_event_type as E;

type Rust = Session<'static, Lcg, Vec<u8>, Vec<u8>, Vec<u8>>;
type Io = Client<'static, Vec<NamespaceSlot>, Vec<AckSlot>, Vec<u8>>;

/// What C has without a configuration.
static DEFAULTS: Config = Config::new();
static SESSION: SessionConfig = SessionConfig::new();
static CLIENT: ClientConfig = ClientConfig::new();
const URL: &str = "ws://a/socket.io/?EIO=4&transport=websocket";
const CALLS: usize = 15;

/// A hundred and twenty thousand calls; ten times as many in a release build. A seed that fails is printed.
#[test]
fn random_calls_do_in_c_what_they_do_in_rust() {
    let (mut counts, mut seen) = ([0; CALLS], [0; 11]);
    for seed in 0..if cfg!(debug_assertions) { 300 } else { 3_000 } {
        let result = std::panic::catch_unwind(|| {
            let mut pair = Pair::new(seed);
            pair.begin();
            for _ in 0..400 {
                pair.step();
                pair.check();
            }
            (pair.counts, pair.seen)
        });
        let (done, found) = result.unwrap_or_else(|panic| {
            eprintln!("seed {seed}");
            std::panic::resume_unwind(panic)
        });
        (0..CALLS).for_each(|call| counts[call] += done[call]);
        (0..seen.len()).for_each(|kind| seen[kind] += found[kind]);
    }
    // Each call does something else than being refused, and every event comes.
    assert!(counts.iter().all(|count| *count > 30) && seen.iter().all(|count| *count > 20), "{counts:?} {seen:?}");
}

struct Pair {
    rust: Rust,
    io: Io,
    c: C,
    random: Lcg,
    /// The last event of the server's that wanted an answer.
    asker: Option<Asker>,
    /// The last event of ours that wants one.
    ack: Option<u64>,
    /// What is asked for next.
    joining: Option<NamespaceId>,
    /// The last event wants an answer.
    asks: bool,
    /// An attachment is due.
    owes: bool,
    counts: [u32; CALLS],
    seen: [u32; 11],
}

impl Pair {
    fn new(seed: u64) -> Self {
        let ws = Buffered::new(Connection::client(&DEFAULTS, Lcg(seed), Instant::from_millis(0)), vec![0; 700], vec![0; 700]);
        let rust = Session::new(ws, &SESSION, URL, vec![0; 900]).expect("a session");
        let io = Client::new(&CLIENT, vec![NamespaceSlot::EMPTY; 2], vec![AckSlot::EMPTY; 2], vec![0; 2 * 128 + 300]);
        let mut c = C {
            session: zeroed(),
            io: zeroed(),
            lent: Lent::new([700, 700, 900], 2, 2, 2 * 128 + 300, seed),
            server: None,
            now: 0,
        };
        let (session, setup) = (c.lent.session_setup(URL), c.lent.setup());
        unsafe {
            assert_eq!(sansocket_session_init(&mut *c.session, &session), sansocket_result::OK);
            assert_eq!(sansocket_socketio_init(&mut *c.io, &setup), sansocket_result::OK);
        }
        Self {
            rust,
            io,
            c,
            random: Lcg(seed ^ 0x5EED),
            asker: None,
            ack: None,
            joining: None,
            asks: false,
            owes: false,
            counts: [0; CALLS],
            seen: [0; 11],
        }
    }

    /// Both are dialling, for `/`.
    fn begin(&mut self) {
        let now = Instant::from_millis(0);
        let id = self.io.connect(&mut self.rust.commands(now), "/").expect("a namespace");
        self.rust.start(now);
        assert_eq!(self.c.connect("/"), id.number());
        unsafe { sansocket_session_start(&mut *self.c.session, 0) };
    }

    fn below(&mut self, end: u64) -> u64 {
        let mut bytes = [0; 8];
        self.random.fill(&mut bytes).expect("random");
        u64::from_le_bytes(bytes) % end
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len() as u64) as usize]
    }

    /// One call, in C and in Rust. Most are those that a loop makes.
    fn step(&mut self) {
        self.c.now += self.below(40);
        let call = match self.below(50) {
            call @ 0..15 => call,
            15..30 => 0,
            30..35 => 1,
            35..47 => 2,
            _ => 4,
        } as usize;
        let joining = self.joining.take();
        let asks = std::mem::take(&mut self.asks);
        let call = match (joining.is_some(), asks) {
            (true, _) if self.below(2) == 0 => 8,
            (_, true) if self.below(2) == 0 => 9,
            _ => call,
        };
        let now = Instant::from_millis(self.c.now);
        let (io, session): (*mut sansocket_socketio, *mut sansocket_session) = (&raw mut *self.c.io, &raw mut *self.c.session);
        // One time in eight, the report of another transport.
        let epoch = if self.below(8) == 0 { Epoch::from_number(self.rust.epoch().number() ^ 1) } else { self.rust.epoch() };
        let namespace = joining.unwrap_or(NamespaceId::from_number(self.below(4) as u32));
        let done = match call {
            0 => self.next(),
            1 => {
                self.rust.connected(epoch, now);
                if matches!(self.rust.transport(), Transport::Keep) && self.c.server.is_none() {
                    self.c.server = Some(Server::new(now));
                }
                unsafe { sansocket_session_connected(session, epoch.number(), self.c.now) == sansocket_result::OK }
            }
            2 => self.exchange(),
            3 => {
                self.rust.filled(epoch, 0, now);
                unsafe { sansocket_session_filled(session, epoch.number(), 0, self.c.now) == sansocket_result::OK }
            }
            4 | 5 => self.emit(namespace),
            6 => {
                let name = self.pick(&["/", "/", "/b", "/c", "b", "/b,"]);
                let rust = self.io.connect(&mut self.rust.commands(now), name);
                let mut id = 0;
                let c = unsafe { sansocket_socketio_connect(io, session, self.c.now, text(name).data, name.len(), &mut id) };
                same(rust.map(NamespaceId::number).map_err(sansocket_result::from), c, id)
            }
            7 => {
                if self.below(8) != 0 {
                    return;
                }
                self.io.disconnect(&mut self.rust.commands(now), namespace);
                unsafe { sansocket_socketio_disconnect(io, session, self.c.now, namespace.number()) == sansocket_result::OK }
            }
            8 => self.authenticate(namespace),
            9 => self.ack(namespace),
            10 => {
                self.rust.start(now);
                unsafe { sansocket_session_start(session, self.c.now) == sansocket_result::OK }
            }
            11 if self.below(20) == 0 => {
                self.c.server = None;
                self.rust.eof(epoch);
                unsafe { sansocket_session_eof(session, epoch.number()) == sansocket_result::OK }
            }
            12 if self.below(20) == 0 => {
                self.rust.write_failed(epoch);
                unsafe { sansocket_session_write_failed(session, epoch.number()) == sansocket_result::OK }
            }
            13 if self.below(20) == 0 => {
                let rust = self.rust.commands(now).close(CloseCode(1000), "").map_err(sansocket_result::from);
                same(rust, unsafe { sansocket_session_close(session, self.c.now, 1000, std::ptr::null(), 0) }, ())
            }
            14 if self.below(4) == 0 => {
                self.rust.dial_failed(epoch, DialError::Connect);
                unsafe {
                    sansocket_session_dial_failed(session, epoch.number(), DialError::Connect.into()) == sansocket_result::OK
                }
            }
            _ => return,
        };
        self.counts[call] += u32::from(done);
    }

    fn emit(&mut self, namespace: NamespaceId) -> bool {
        let name = self.pick(&["say", "say", "\"", "connect"]);
        let json = self.pick(&["1", "{\"a\":[]}", "[", "{\"_placeholder\":true,\"num\":0}"]);
        let long = "x".repeat(self.pick(&[0, 3, 100, 400]));
        let mut kinds = vec![A::TEXT, A::INTEGER];
        for _ in 0..self.below(3) {
            let kind = self.pick(&[A::JSON, A::ATTACHMENT, A::ATTACHMENT]);
            kinds.push(kind);
        }
        let files = vec![&[7_u8; 90][..]; self.pick(&[0, 0, 1, 2, 11])];
        let (ms, is_volatile) = (self.pick(&[0, 50, 5_000, 5_000]), self.below(3) == 0);

        let mut emit = Emit::new(namespace, name).attachments(&files);
        (emit.ack_within_ms, emit.is_volatile) = ((ms != 0).then_some(ms), is_volatile);
        let ws = &mut self.rust.commands(Instant::from_millis(self.c.now));
        let rust = self.io.emit_with(ws, &emit, |writer| {
            kinds.iter().fold(writer, |writer, kind| match *kind {
                A::TEXT => writer.text(&long),
                A::INTEGER => writer.number(-5),
                A::JSON => writer.json(json),
                _ => writer.attachment(),
            })
        });

        let arguments: Vec<_> = kinds
            .iter()
            .map(|&kind| sansocket_argument { integer: -5, ..argument(kind, if kind == A::TEXT { &long } else { json }) })
            .collect();
        let attachments: Vec<_> =
            files.iter().map(|file| sansocket_bytes { data: file.as_ptr().cast_mut(), len: file.len() }).collect();
        let c = sansocket_emit {
            namespace_id: namespace.number(),
            ack_within_ms: ms,
            is_volatile: is_volatile.into(),
            name: text(name),
            arguments: arguments.as_ptr(),
            argument_count: arguments.len(),
            attachments: attachments.as_ptr(),
            attachment_count: attachments.len(),
            reserved: [0; 7],
        };
        let (done, sent) = self.c.emit(&c);
        if files.len() > 10 {
            // C counts before it looks at the rest.
            assert!(rust.is_err() && done.0 == socketio_result::PACKET_TOO_MANY_ATTACHMENTS.0);
            return false;
        }
        self.ack = rust.ok().and_then(|sent| sent.ack).map_or(self.ack, |ack| Some(ack.number()));
        let rust = rust.map(|sent| (sent.number, sent.ack.map_or(SANSOCKET_NEVER, |ack| ack.number())));
        same(rust.map_err(sansocket_result::from), done, (sent.number, sent.ack))
    }

    fn authenticate(&mut self, namespace: NamespaceId) -> bool {
        let auth = self.pick(&["{}", "{\"token\":1}", "[]", "{", ""]);
        let rust = self.io.authenticate(&mut self.rust.commands(Instant::from_millis(self.c.now)), namespace, auth);
        let c = unsafe {
            let (io, session) = (&mut *self.c.io, &mut *self.c.session);
            sansocket_socketio_authenticate(io, session, self.c.now, namespace.number(), text(auth).data, auth.len())
        };
        same(rust.map_err(sansocket_result::from), c, ())
    }

    fn ack(&mut self, namespace: NamespaceId) -> bool {
        let wild = Asker { namespace, id: self.below(4), connection: self.below(4) as u32 };
        let asker = self.asker.filter(|_| self.below(4) != 0).unwrap_or(wild);
        let ws = &mut self.rust.commands(Instant::from_millis(self.c.now));
        let rust = self.io.ack_with(ws, asker, &[&[1, 2]], |writer| writer.json("1").text("two").attachment());
        let arguments = [argument(A::ITEMS, "[ 1, \"two\" ]"), argument(A::ATTACHMENT, "")];
        let attachments = [sansocket_bytes { data: [1, 2].as_mut_ptr(), len: 2 }];
        let answer = sansocket_emit {
            arguments: arguments.as_ptr(),
            argument_count: 2,
            attachments: attachments.as_ptr(),
            attachment_count: 1,
            ..*zeroed()
        };
        let c_asker = sansocket_asker { id: asker.id, namespace_id: asker.namespace.number(), connection: asker.connection };
        let c = unsafe { sansocket_socketio_ack(&mut *self.c.io, &mut *self.c.session, self.c.now, &c_asker, &answer) };
        same(rust.map_err(sansocket_result::from), c, ())
    }

    /// The next event of both.
    fn next(&mut self) -> bool {
        let mut event = *zeroed::<sansocket_socketio_event>();
        let found = unsafe { sansocket_socketio_next(&mut *self.c.io, &mut *self.c.session, self.c.now, &mut event) };
        let now = Instant::from_millis(self.c.now);
        let (mut is_over, mut asker) = (false, self.asker);
        while !is_over {
            match self.rust.next(now) {
                Err(error) => {
                    assert_eq!((found, event.r#type), (error.into(), E::NONE));
                    return false;
                }
                Ok(Some((session, mut ws))) => {
                    if let Some(expected) = self.io.handle(session, &mut ws) {
                        compare(&event, Some(&expected), &mut asker);
                        is_over = true;
                    }
                }
                Ok(None) => {
                    compare(&event, self.io.poll(&mut self.rust.commands(now)).as_ref(), &mut asker);
                    is_over = true;
                }
            }
        }
        assert_eq!(found, sansocket_result::OK);
        self.asker = asker;
        self.joining = (event.r#type == E::JOINING).then_some(NamespaceId::from_number(event.namespace_id));
        self.asks = event.wants_ack == 1;
        self.seen[event.r#type.0 as usize] += 1;
        event.r#type != E::NONE
    }

    /// Hands all that is due to the server, and its answer to both.
    fn exchange(&mut self) -> bool {
        let (now, epoch) = (Instant::from_millis(self.c.now), self.rust.epoch());
        let answer = format!("43{}[1]", self.ack.unwrap_or(7));
        let owes = std::mem::take(&mut self.owes) && self.below(8) != 0;
        let is_new = self.c.server.as_ref().is_some_and(|server| !server.has_begun);
        let (first, second) = (self.io.state(NamespaceId::from_number(1)), self.io.state(NamespaceId::from_number(2)));
        let message = match self.below(24) {
            0..21 if is_new => OPEN,
            _ if owes => "bff00",
            0..12 if first == NamespaceState::Connecting => r#"40{"sid":"s"}"#,
            0..12 if second == NamespaceState::Connecting => r#"40/b,{"sid":"s2","pid":"p"}"#,
            0..4 => r#"42["e",1]"#,
            4 | 5 => r#"422["e"]"#,
            6 | 7 => r#"42/b,3["e","offset"]"#,
            8..12 => &answer,
            12..15 => r#"451-["f",{"_placeholder":true,"num":0}]"#,
            15 => r#"44{"message":"no"}"#,
            16 => r#"44/b,"no""#,
            17 => "430[1]",
            18 => "43/b,0[]",
            19 => "2",
            20 => "41",
            21 => "bff00",
            22 => "",
            _ => "7",
        };
        if message.is_empty() {
            return false;
        }
        self.owes = message.starts_with("451");
        let Some(server) = &mut self.c.server else { return false };
        let Some(space) = self.rust.space().map(|space| space.len()) else { return false };
        let due = self.rust.due().to_vec();
        server.to_send.push(message.to_owned());
        server.has_begun = true;
        let mut answer = server.take(&due, now);
        answer.truncate(space);
        self.rust.written(epoch, due.len(), now);
        if let Some(space) = self.rust.space() {
            space[..answer.len()].copy_from_slice(&answer);
        }
        self.rust.filled(epoch, answer.len(), now);
        unsafe {
            let session: *mut sansocket_session = &raw mut *self.c.session;
            assert_eq!(sansocket_session_written(session, epoch.number(), due.len(), self.c.now), sansocket_result::OK);
            sansocket_session_space(session).data.copy_from(answer.as_ptr(), answer.len());
            assert_eq!(sansocket_session_filled(session, epoch.number(), answer.len(), self.c.now), sansocket_result::OK);
        }
        true
    }

    /// All that can be asked.
    fn check(&mut self) {
        if !matches!(self.rust.transport(), Transport::Keep | Transport::ShutdownWrite) {
            self.c.server = None;
        }
        let (c, io): (*const sansocket_session, *const sansocket_socketio) = (&raw const *self.c.session, &raw const *self.c.io);
        unsafe {
            let due = sansocket_session_due(c);
            assert_eq!(bytes(due.data, due.len), self.rust.due());
            assert_eq!(sansocket_session_get_state(c), self.rust.state().into());
            assert_eq!(sansocket_session_get_queued(c), self.rust.queued());
            assert_eq!(sansocket_session_get_last_number(c), self.rust.last_number());
            for id in 0..5 {
                let namespace = NamespaceId::from_number(id);
                assert_eq!(sansocket_socketio_get_state(io, id), self.io.state(namespace).into());
                assert_eq!(str_at(sansocket_socketio_get_name(io, id)), self.io.name(namespace));
            }
            let next = [self.rust.next_timeout(), self.io.next_timeout()].into_iter().flatten().min();
            assert_eq!(sansocket_socketio_get_next_timeout(io, c), next.map_or(SANSOCKET_NEVER, Instant::as_millis));
            let wait = sansocket_socketio_poll_timeout(io, c, self.c.now);
            let is_due = next.is_some_and(|next| next <= Instant::from_millis(self.c.now));
            assert_eq!((wait == -1, wait == 0), (next.is_none(), is_due));
        }
    }
}

/// That C's event is Rust's.
fn compare(c: &sansocket_socketio_event, rust: Option<&Event<'_>>, asker: &mut Option<Asker>) {
    let (name, json, sid, data) = (str_at(c.name), str_at(c.json), str_at(c.sid), bytes(c.data, c.len));
    let is = |kind: E, namespace: &NamespaceId| assert_eq!((c.r#type, c.namespace_id), (kind, namespace.number()));
    match rust {
        None => assert_eq!(c.r#type, E::NONE),
        Some(Event::Joining { namespace, .. }) => is(E::JOINING, namespace),
        Some(Event::Connected { namespace, sid: expected, recovered, .. }) => {
            is(E::CONNECTED, namespace);
            assert_eq!((sid, c.recovered == 1), (expected.raw(), *recovered));
        }
        Some(Event::ConnectError { namespace, error, .. }) => {
            is(E::CONNECT_ERROR, namespace);
            let expected = if let Refusal::Refused(value) = error { value.as_json() } else { "" };
            assert_eq!((c.refusal, json), (error.into(), expected));
        }
        Some(Event::Disconnected { namespace, reason, .. }) => {
            is(E::DISCONNECTED, namespace);
            assert_eq!((c.reason, c.is_final == 1), ((*reason).into(), reason.is_final()));
        }
        Some(Event::Event { namespace, packet, asker: expected, .. }) => {
            is(E::EVENT, namespace);
            assert_eq!((name, json), (packet.name().expect("a name").as_json(), packet.json()));
            let found = Asker {
                namespace: NamespaceId::from_number(c.asker.namespace_id),
                id: c.asker.id,
                connection: c.asker.connection,
            };
            assert_eq!((c.attachments, (c.wants_ack == 1).then_some(found)), (packet.attachments(), *expected));
            *asker = expected.or(*asker);
        }
        Some(Event::Ack { ack, namespace, packet, .. }) => {
            is(E::ACK, namespace);
            assert_eq!((c.ack, json, c.attachments), (ack.number(), packet.json(), packet.attachments()));
        }
        Some(Event::AckFailed { ack, namespace, error, .. }) => {
            is(E::ACK_FAILED, namespace);
            assert_eq!((c.ack, c.ack_error), (ack.number(), (*error).into()));
        }
        Some(Event::Attachment { namespace, attachment, .. }) => {
            is(E::ATTACHMENT, namespace);
            assert_eq!((data, c.attachment, c.attachments), (attachment.bytes, attachment.index, attachment.of));
        }
        Some(Event::Down { cause, fault, retry_in_ms, unconfirmed, .. }) => {
            assert_eq!((c.r#type, c.session.r#type), (E::DOWN, sansocket_session_event_type::DOWN));
            assert_eq!((c.session.cause, c.session.count), ((*cause).into(), unconfirmed.count));
            assert_eq!(c.session.retry_in_ms, retry_in_ms.unwrap_or(SANSOCKET_NEVER));
            assert_eq!(c.fault, fault.as_ref().map_or(sansocket_socketio_fault::NONE, Into::into));
        }
        Some(Event::Session(session)) => {
            assert_eq!(c.r#type, E::SESSION);
            let payload: &[u8] = match session {
                SessionEvent::Connected { url, .. } => url.as_bytes(),
                SessionEvent::Ping { payload, .. } | SessionEvent::Pong { payload, .. } => payload,
                SessionEvent::CloseReceived { reason, .. } => reason.as_bytes(),
                SessionEvent::Up(response) | SessionEvent::Refused(response) => response.bytes(),
                _ => b"",
            };
            assert_eq!(bytes(c.session.data, c.session.len), payload);
            let numbers = if let SessionEvent::Dropped(numbers) = session { numbers.count } else { 0 };
            assert_eq!(c.session.count, numbers);
        }
        Some(other) => panic!("{other:?}"),
    }
}

/// Whether both did it, which they must say alike.
fn same<T: PartialEq + std::fmt::Debug>(rust: Result<T, sansocket_result>, c: sansocket_result, found: T) -> bool {
    match rust {
        Ok(value) => assert_eq!((value, sansocket_result::OK), (found, c)),
        Err(result) => assert_eq!(result, c),
    }
    c == sansocket_result::OK
}
