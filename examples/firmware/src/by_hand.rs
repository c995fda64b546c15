//! In place of `echo.rs`: the same server on the machine itself, which keeps no positions. To know what `Buffered` costs, and for
//! firmware that wants every byte.

use sansocket::{Accept, CallError, CloseCode, Config, Connection, Event, Origin, Received, Transport};

use crate::clock::Clock;
use crate::line::Line;

/// A request's head waits here until it is complete: what is longer gets a 431.
pub const INPUT_LEN: usize = 512;
/// The most that is ever due at once: all of the input as one frame, after a header of 4 bytes.
pub const OUTPUT_LEN: usize = INPUT_LEN + 4;

static CONFIG: Config = Config::new().subprotocols("echo").max_head_len(INPUT_LEN as u32);

/// A close code for private use (§7.4.2), with which `host.py` ends the program.
const STOP: CloseCode = CloseCode(4000);

/// Echoes messages piece by piece as they arrive, for one peer after the other, until one closes with `STOP`.
pub fn serve(clock: &mut Clock, line: &mut Line, input: &mut [u8], output: &mut [u8]) -> Result<(), CallError> {
    let mut ws = Connection::server(&CONFIG, clock.now());
    // What is not consumed lies between these two.
    let (mut start, mut end) = (0, 0);
    loop {
        let now = clock.now();
        // A UART does not report that a peer has gone. After a Close nothing comes; after a fault, what was under way.
        let is_gone = ws.was_clean() || ws.transport() == Transport::ShutdownWrite && line.is_quiet(clock);
        let received = if is_gone {
            ws.receive_eof(now)
        } else if ws.next_timeout().is_some_and(|due| due <= now) {
            ws.handle_timeout(now, output)
        } else {
            move_to_front(input, &mut start, &mut end);
            end += line.read(input.get_mut(end..).unwrap_or_default(), clock);
            ws.receive(now, input.get_mut(start..end).unwrap_or_default(), output)?
        };
        let Received { consumed, mut produced, event, .. } = received;
        let is_idle = event.is_none();
        let room = output.get_mut(produced..).unwrap_or_default();
        let mut is_over = false;
        match event {
            Some(Event::Request(request)) => {
                // Pages of any origin are welcome: this server does nothing in a user's name (§10.2).
                let accept = Accept::new(Origin::Any).subprotocol(request.choose_subprotocol(&CONFIG));
                produced += ws.accept(&request, &accept, now, room)?;
            }
            Some(Event::HttpRequest(_)) => produced += ws.respond(404, &[], b"WebSocket only\n", now, room)?,
            Some(Event::Data(data)) => produced += ws.send(data.kind, data.payload, data.last, room)?,
            Some(Event::Closed { code: STOP, .. }) => return Ok(()),
            Some(Event::Closed { .. }) => is_over = true,
            _ => {}
        }
        line.write(output.get(..produced).unwrap_or_default());
        ws.written(produced, clock.now());
        start = (start + consumed).min(end);
        if is_over {
            (start, end) = (0, 0);
            ws = Connection::server(&CONFIG, now);
        }
        if is_idle {
            line.wait(ws.next_timeout(), clock);
        }
    }
}

fn move_to_front(input: &mut [u8], start: &mut usize, end: &mut usize) {
    let len = *end - *start;
    for at in 0..len {
        let byte = input.get(*start + at).copied().unwrap_or_default();
        if let Some(place) = input.get_mut(at) {
            *place = byte;
        }
    }
    (*start, *end) = (0, len);
}
