//! The client as a session: says Hello, and sends back what arrives.

use sansocket::{Buffered, CallError, Config, Connection};
use sansocket_session::{DialError, Event, Session, SessionConfig, SessionState, Transport};

use crate::clock::Clock;
use crate::line::Line;
use crate::modem::{self, Rng};

static CONFIG: Config = Config::new();
static SESSION: SessionConfig = SessionConfig::new().max_url_len(64);

// Read by ci/session-size: what the parts of a client take, memory that is lent to them left out.
core::arch::global_asm!(
    ".globl session_bytes, buffered_bytes, connection_bytes",
    ".equ session_bytes, {}",
    ".equ buffered_bytes, {}",
    ".equ connection_bytes, {}",
    const size_of::<Session<'static, Rng, &mut [u8], &mut [u8], &mut [u8]>>(),
    const size_of::<Buffered<'static, Rng, &mut [u8], &mut [u8]>>(),
    const size_of::<Connection<'static, Rng>>(),
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

pub fn run(clock: &mut Clock, line: &mut Line, input: &mut [u8], output: &mut [u8]) -> Result<(), Mistake> {
    let ws = Buffered::new(Connection::client(&CONFIG, Rng, clock.now()), input, output);
    let mut session =
        Session::new(ws, core::hint::black_box(&SESSION), "ws://example.com/", [0; MEMORY_LEN]).map_err(|_| Mistake)?;
    session.start(clock.now());
    #[cfg(feature = "proof")]
    {
        crate::proof::use_all(&mut session, clock.now());
        crate::proof::use_functions();
    }
    while session.state() != SessionState::Stopped {
        while let Some((event, mut ws)) = session.next(clock.now())? {
            #[cfg(feature = "proof")]
            crate::proof::handle(&event, &mut ws);
            match event {
                Event::Up(_) => drop(ws.send_text("Hello")),
                Event::Data(data) => drop(ws.send(data.kind, data.payload)),
                _ => {}
            }
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
                line.wait(session.next_timeout(), clock);
            }
        }
    }
    Ok(())
}
