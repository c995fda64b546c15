//! The WebSocket server: the loop of `sansocket`'s users, here over a UART with buffers of its own size.

use sansocket::{Accept, CallError, CloseCode, Config, Connection, Event, Origin, Received, Transport};

use crate::clock::Clock;
use crate::input::Input;
use crate::uart::Uart;

/// A request's head waits here until it is complete: what is longer gets a 431.
pub const INPUT_LEN: usize = 512;
/// The most that is ever due at once: all of the input as one frame, after a header of 4 bytes.
pub const OUTPUT_LEN: usize = INPUT_LEN + 4;

static CONFIG: Config = Config::new().subprotocols("echo").max_head_len(INPUT_LEN as u32);

/// A close code for private use (§7.4.2), with which `host.py` ends the program.
const STOP: CloseCode = CloseCode(4000);

/// Echoes messages piece by piece as they arrive, for one peer after the other, until one closes with `STOP`.
/// Peers' faults are events: an error is a mistake of this program.
pub fn serve(clock: &mut Clock, uart: &mut Uart, input: &mut Input, output: &mut [u8]) -> Result<(), CallError> {
    let mut ws = Connection::server(&CONFIG, clock.now());
    loop {
        let now = clock.now();
        // A UART does not report that a peer has gone. After a Close nothing comes; after a fault, what was under way.
        let is_gone = ws.was_clean() || ws.transport() == Transport::ShutdownWrite && input.is_quiet(now);
        let received = if is_gone {
            ws.receive_eof(now)
        } else if ws.next_timeout().is_some_and(|due| due <= now) {
            ws.handle_timeout(now, output)
        } else {
            ws.receive(now, input.fill(uart, clock), output)?
        };
        let Received { consumed, mut produced, event, .. } = received;
        let is_idle = event.is_none();
        let room = output.get_mut(produced..).unwrap_or_default();
        match event {
            Some(Event::Request(request)) => {
                // Pages of any origin are welcome: this server does nothing in a user's name (§10.2).
                let accept = Accept::new(Origin::Any).subprotocol(request.choose_subprotocol(&CONFIG));
                produced += ws.accept(&request, &accept, now, room)?;
            }
            Some(Event::HttpRequest(_)) => produced += ws.respond(404, &[], b"WebSocket only\n", now, room)?,
            Some(Event::Data(data)) => produced += ws.send(data.kind, data.payload, data.last, room)?,
            Some(Event::Closed { code: STOP, .. }) => return Ok(()),
            Some(Event::Closed { .. }) => {
                input.clear();
                ws = Connection::server(&CONFIG, now);
            }
            _ => {}
        }
        uart.write(output.get(..produced).unwrap_or_default());
        input.consume(consumed);
        if is_idle {
            clock.wake_at(ws.next_timeout());
            uart.wait();
        }
    }
}
