//! In place of `session.rs`: a client of Socket.IO that reports, answers and sends back what arrives, and calls all that a client has.

use sansocket::{Buffered, CallError, Config, Connection};
use sansocket_session::{Commands, DialError, Session, SessionConfig, SessionState, Transport};
use sansocket_socketio::client::{AckSlot, Client, ClientConfig, DEFAULT_PATH, Emit, EmitError, Event, NamespaceSlot, target};

use crate::clock::Clock;
use crate::line::Line;
use crate::modem::{self, Rng};

static CONFIG: Config = Config::new();
static SESSION: SessionConfig = SessionConfig::new().max_url_len(64);
static CLIENT: ClientConfig = ClientConfig::new().namespace_len(64);

type Lent = &'static mut [u8];
type Io = Client<'static, [NamespaceSlot; 2], [AckSlot; 2], [u8; 2 * 64 + 256]>;

// Read by ci/session-size.
core::arch::global_asm!(
    ".globl session_bytes, buffered_bytes, connection_bytes, client_bytes, namespace_bytes, ack_bytes",
    ".equ session_bytes, {}",
    ".equ buffered_bytes, {}",
    ".equ connection_bytes, {}",
    ".equ client_bytes, {}",
    ".equ namespace_bytes, {}",
    ".equ ack_bytes, {}",
    const size_of::<Session<'static, Rng, Lent, Lent, Lent>>(),
    const size_of::<Buffered<'static, Rng, Lent, Lent>>(),
    const size_of::<Connection<'static, Rng>>(),
    const size_of::<Client<'static, [NamespaceSlot; 0], [AckSlot; 0], [u8; 0]>>(),
    const size_of::<NamespaceSlot>(),
    const size_of::<AckSlot>(),
);

/// For the URL, and for messages that wait.
const MEMORY_LEN: usize = 64 + 256;

/// What a mistake of this program is.
pub struct Mistake;

impl From<CallError> for Mistake {
    fn from(_: CallError) -> Self {
        Self
    }
}

/// What cannot be sent is left out.
fn handle(event: &Event<'_>, io: &mut Io, ws: &mut Commands<'_, '_, Rng>) -> Result<(), EmitError> {
    match event {
        Event::Joining { namespace, .. } => io.authenticate(ws, *namespace, r#"{"token":"secret"}"#)?,
        Event::Connected { namespace, .. } => {
            let emit = Emit::new(*namespace, "hello").args(r#"["world"]"#).ack_within_ms(5_000);
            io.emit(ws, &emit)?;
            let file: &[&[u8]] = &[&[1, 2, 3]];
            io.emit_with(ws, &Emit::new(*namespace, "file").attachments(file).volatile(), |args| args.attachment().number(7))?;
        }
        Event::Event { asker: Some(asker), packet, .. } => {
            let is_known = packet.name().and_then(|name| name.text()).is_some_and(|name| name == "ask");
            if is_known {
                io.ack(ws, *asker, r#"["yes"]"#, &[])?;
            } else {
                io.ack_with(ws, *asker, &[], |args| args.text("no"))?;
            }
        }
        Event::Ack { namespace, .. } => io.disconnect(ws, *namespace),
        Event::ConnectError { namespace, .. } => {
            let name = io.name(*namespace).is_empty();
            core::hint::black_box((name, io.state(*namespace), io.namespace("/")));
        }
        _ => {}
    }
    Ok(())
}

pub fn run(clock: &mut Clock, line: &mut Line, input: &mut [u8], output: &mut [u8]) -> Result<(), Mistake> {
    let mut memory = [0; 64];
    let target = target(core::hint::black_box("http://example.com/"), DEFAULT_PATH, &mut memory).map_err(|_| Mistake)?;
    let ws = Buffered::new(Connection::client(&CONFIG, Rng, clock.now()), input, output);
    let mut session = Session::new(ws, core::hint::black_box(&SESSION), target.url, [0; MEMORY_LEN]).map_err(|_| Mistake)?;
    let mut io: Io =
        Client::new(core::hint::black_box(&CLIENT), [NamespaceSlot::EMPTY; 2], [AckSlot::EMPTY; 2], [0; 2 * 64 + 256]);
    io.connect(&mut session.commands(clock.now()), target.namespace).map_err(|_| Mistake)?;
    session.start(clock.now());
    while session.state() != SessionState::Stopped {
        while let Some((event, mut ws)) = session.next(clock.now())? {
            if let Some(event) = io.handle(event, &mut ws) {
                let _ = handle(&event, &mut io, &mut ws);
            }
        }
        let mut ws = session.commands(clock.now());
        while let Some(event) = io.poll(&mut ws) {
            let _ = handle(&event, &mut io, &mut ws);
        }
        let (epoch, transport) = (session.epoch(), session.transport());
        if let Transport::Dial(dial) = transport {
            if modem::dial(dial.host, line, clock) {
                session.connected(epoch, clock.now());
            } else {
                session.dial_failed(epoch, DialError::Connect);
            }
            continue;
        }
        let is_over = transport == Transport::ShutdownWrite && line.is_quiet(clock);
        let due = session.due().len();
        line.write(session.due());
        session.written(epoch, due, clock.now());
        if is_over {
            session.eof(epoch);
        } else {
            let arrived = session.space().map_or(0, |space| line.read(space, clock));
            session.filled(epoch, arrived, clock.now());
            if arrived == 0 {
                let next = [session.next_timeout(), io.next_timeout()].into_iter().flatten().min();
                line.wait(next, clock);
            }
        }
    }
    Ok(())
}
