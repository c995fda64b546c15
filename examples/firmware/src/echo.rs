//! The WebSocket server: one peer after the other, over a UART, on a connection with buffers of its own.

use sansocket::{Accept, Buffered, CallError, CloseCode, Config, Connection, Event, MAX_ANSWER, Origin, Transport};

use crate::clock::Clock;
use crate::codec::{DEFLATE, GROWTH, Memory, Own};
use crate::line::Line;

/// A request's head waits here until it is complete: what is longer gets a 431.
pub const INPUT_LEN: usize = 512;
/// All of the input as one frame, after a header of 4 bytes, beside what is kept for answers.
pub const OUTPUT_LEN: usize = INPUT_LEN + GROWTH + 4 + MAX_ANSWER;

static CONFIG: Config = Config::new().subprotocols("echo").deflate(DEFLATE);

/// A close code for private use (§7.4.2), with which `host.py` ends the program.
const STOP: CloseCode = CloseCode(4000);

/// Serves peers until one closes with `STOP`. Peers' faults are events: an error is a mistake of this program.
pub fn serve(clock: &mut Clock, line: &mut Line, input: &mut [u8], output: &mut [u8]) -> Result<(), CallError> {
    let mut memory = Memory::new();
    let (mut codec, piece) = memory.lend();
    while converse(clock, line, input, output, (&mut codec, piece))? != STOP {
        codec.restart();
    }
    Ok(())
}

/// Echoes a peer's messages, piece by piece as they arrive. Returns the code that it closed with.
fn converse(
    clock: &mut Clock,
    line: &mut Line,
    input: &mut [u8],
    output: &mut [u8],
    (codec, piece): (&mut Own<'_>, &mut [u8]),
) -> Result<CloseCode, CallError> {
    let mut ws = Buffered::new(Connection::server(&CONFIG, clock.now()), input, output).deflate(codec, piece).in_pieces();
    while ws.transport() != Transport::Close {
        while let Some((event, mut ws)) = ws.next(clock.now())? {
            match event {
                Event::Request(request) => {
                    // Pages of any origin are welcome: this server does nothing in a user's name (§10.2).
                    ws.accept(&request, &Accept::new(Origin::Any).subprotocol(request.choose_subprotocol(&CONFIG)))?;
                }
                Event::HttpRequest(_) => ws.respond(404, &[], b"WebSocket only\n")?,
                Event::Data(data) => drop(ws.send_part(data.kind, data.offset, data.payload, data.last)?),
                _ => {}
            }
            line.write(ws.due());
            ws.written(ws.due().len());
        }
        let due = ws.due().len();
        line.write(ws.due());
        ws.written(due, clock.now());
        // A UART does not report that a peer has gone. After a Close nothing comes; after a fault, what was under way.
        let is_gone = ws.transport() == Transport::ShutdownWrite && (ws.connection().was_clean() || line.is_quiet(clock));
        if is_gone {
            ws.eof();
        } else {
            let arrived = ws.space().map_or(0, |space| line.read(space, clock));
            ws.filled(arrived, clock.now());
            if arrived == 0 {
                line.wait(ws.next_timeout(), clock);
            }
        }
    }
    Ok(ws.connection().close_code())
}
