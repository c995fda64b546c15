//! What `Buffered` costs, against a loop by hand around the bare machine.
//!
//! Both loops take the same reads into a buffer of their own, hand each message to the same handler, and look at deadlines and at
//! what is due after each read, as a loop that obeys them must.

use std::hint::black_box;
use std::slice::Chunks;

use cost::frames::{HEADER, NOW, Payload, READ, SEGMENT, message, messages, open, reads};
use cost::meter::{cell, memory};
use sansocket::{Buffered, Event, MAX_ANSWER, Role};

const INPUT: usize = READ + 131;
const OUTPUT: usize = READ + HEADER + 2 * MAX_ANSWER;

/// The program: it looks at a message, or sends it back.
trait Handler {
    /// What goes back, if anything does.
    const ECHOES: bool;
}

struct Reader;
struct Echo;

impl Handler for Reader {
    const ECHOES: bool = false;
}

impl Handler for Echo {
    const ECHOES: bool = true;
}

/// By hand: the positions in both buffers are the caller's.
#[inline(never)]
fn bare<H: Handler>(reads: Chunks<'_, u8>, input: &mut [u8], output: &mut [u8]) -> usize {
    let mut ws = open(Role::Server);
    let (mut start, mut end, mut due, mut seen) = (0, 0, 0, 0);
    for read in reads {
        input[end..][..read.len()].copy_from_slice(read);
        end += read.len();
        loop {
            if output.len() - due < MAX_ANSWER {
                ws.written(due, NOW);
                due = 0;
            }
            let received = ws.receive(NOW, &mut input[start..end], &mut output[due..]).unwrap();
            start += received.consumed;
            due += received.produced;
            match received.event {
                None => break,
                Some(Event::Data(data)) => {
                    seen += black_box(&data.payload).len();
                    if H::ECHOES {
                        if output.len() - due < data.payload.len() + 14 + MAX_ANSWER {
                            ws.written(due, NOW);
                            due = 0;
                        }
                        due += ws.send(data.kind, data.payload, data.last, &mut output[due..]).unwrap();
                    }
                }
                Some(_) => {}
            }
        }
        input.copy_within(start..end, 0);
        (start, end) = (0, end - start);
        if ws.next_timeout().is_some_and(|timeout| timeout <= NOW) {
            due += ws.handle_timeout(NOW, &mut output[due..]).produced;
        }
        if !black_box(&output[..due]).is_empty() {
            ws.written(due, NOW);
            due = 0;
        }
        black_box(ws.next_timeout());
    }
    seen
}

#[inline(never)]
fn buffered<H: Handler>(reads: Chunks<'_, u8>, input: &mut [u8], output: &mut [u8]) -> usize {
    let mut ws = Buffered::new(open(Role::Server), input, output).in_pieces();
    let mut seen = 0;
    for read in reads {
        ws.space().unwrap()[..read.len()].copy_from_slice(read);
        ws.filled(read.len(), NOW);
        while let Some((event, mut commands)) = ws.next(NOW).unwrap() {
            if let Event::Data(data) = event {
                seen += black_box(&data.payload).len();
                if H::ECHOES {
                    if commands.room() < data.payload.len() + 14 {
                        commands.written(commands.due().len());
                    }
                    commands.send(data.kind, data.payload).unwrap();
                }
            }
        }
        let due = black_box(ws.due()).len();
        if due > 0 {
            ws.written(due, NOW);
        }
        black_box(ws.next_timeout());
    }
    seen
}

type Loop = fn(Chunks<'_, u8>, &mut [u8], &mut [u8]) -> usize;

fn main() {
    let loops: [(&str, [Loop; 2]); 2] =
        [("receive", [bare::<Reader>, buffered::<Reader>]), ("echo", [bare::<Echo>, buffered::<Echo>])];
    for (what, [bare, buffered]) in loops {
        for read in [READ, SEGMENT] {
            for len in [16, 125, 1024] {
                let count = messages(len);
                let wire = message(Role::Server, Payload::Binary, len).repeat(count);
                let (input, output) = (memory(INPUT), memory(OUTPUT));
                for (how, run) in [("by hand", bare), ("on Buffered", buffered)] {
                    cell(&format!("{what}{}, {len}, {how}", reads(read)), count, |meter| {
                        meter.measure(&mut || assert_eq!(run(wire.chunks(read), input, output), len * count));
                    });
                }
            }
        }
    }
}
