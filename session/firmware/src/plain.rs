//! In place of `session.rs`, to know what a session costs: the same on `Buffered`, with a fixed wait before each dial, and without a queue.

use sansocket::{Buffered, CallError, ClientRequest, Config, Connection, Event, Instant, Transport};

use crate::clock::Clock;
use crate::line::Line;
use crate::modem::{self, Rng};

static CONFIG: Config = Config::new();

const WAIT_MS: u64 = 10_000;

pub fn run(clock: &mut Clock, line: &mut Line, input: &mut [u8], output: &mut [u8]) -> Result<(), CallError> {
    let mut ws = Buffered::new(Connection::client(&CONFIG, Rng, clock.now()), input, output);
    loop {
        if modem::dial("example.com", line, clock) {
            ws.reconnect(clock.now());
            ws.commands(clock.now()).request(&ClientRequest::new("example.com", "/"))?;
            converse(&mut ws, clock, line)?;
        }
        let due = Instant::from_millis(clock.now().as_millis().saturating_add(WAIT_MS));
        while clock.now() < due {
            line.wait(Some(due), clock);
        }
    }
}

/// Until the connection has ended.
fn converse(ws: &mut Buffered<'_, Rng, &mut [u8], &mut [u8]>, clock: &mut Clock, line: &mut Line) -> Result<(), CallError> {
    while ws.transport() != Transport::Close {
        while let Some((event, mut ws)) = ws.next(clock.now())? {
            match event {
                Event::Opened(_) => ws.send_text("Hello")?,
                Event::Data(data) => ws.send(data.kind, data.payload)?,
                _ => {}
            }
        }
        let due = ws.due().len();
        line.write(ws.due());
        ws.written(due, clock.now());
        if ws.transport() == Transport::ShutdownWrite && line.is_quiet(clock) {
            ws.eof();
        } else {
            let arrived = ws.space().map_or(0, |space| line.read(space, clock));
            ws.filled(arrived, clock.now());
            if arrived == 0 {
                line.wait(ws.next_timeout(), clock);
            }
        }
    }
    Ok(())
}
