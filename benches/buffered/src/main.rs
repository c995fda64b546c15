//! Runs one loop over many messages: `buffered-cost LOOP BYTES READ MESSAGES`. Under callgrind, which counts the instructions of the
//! loop.
//!
//! Both loops take the same reads into a buffer of their own, hand each message to the same handler, and look at deadlines and at
//! what is due after each read, as a loop that obeys them must.

use std::hint::black_box;

use sansocket::{Buffered, Config, Connection, Event, Instant, MAX_ANSWER, Negotiated, NoEntropy, Role};

static CONFIG: Config = Config::new();
const NOW: Instant = Instant::from_millis(0);
const INPUT: usize = 64 * 1024 + 131;
const OUTPUT: usize = 64 * 1024 + 14 + 2 * MAX_ANSWER;

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

fn ws() -> Connection<'static> {
    Connection::open(Role::Server, &CONFIG, NoEntropy, Negotiated::NOTHING, NOW)
}

/// By hand: the positions in both buffers are the caller's.
#[inline(always)]
fn bare<H: Handler>(reads: std::slice::Chunks<'_, u8>, input: &mut [u8], output: &mut [u8]) -> usize {
    let mut ws = ws();
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
        if black_box(&output[..due]).len() > 0 {
            ws.written(due, NOW);
            due = 0;
        }
        black_box(ws.next_timeout());
    }
    seen
}

#[inline(always)]
fn buffered<H: Handler>(reads: std::slice::Chunks<'_, u8>, input: &mut [u8], output: &mut [u8]) -> usize {
    let mut ws = Buffered::new(ws(), input, output).in_pieces();
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

/// The loops under names that callgrind is told.
macro_rules! named {
    ($($name:ident: $loop:ident::<$handler:ident>;)*) => {
        $(#[unsafe(no_mangle)]
        #[inline(never)]
        fn $name(reads: std::slice::Chunks<'_, u8>, input: &mut [u8], output: &mut [u8]) -> usize {
            $loop::<$handler>(reads, input, output)
        })*

        const LOOPS: &[(&str, fn(std::slice::Chunks<'_, u8>, &mut [u8], &mut [u8]) -> usize)] = &[$((stringify!($name), $name)),*];
    };
}

named! {
    bare_loop: bare::<Reader>;
    buffered_loop: buffered::<Reader>;
    bare_echo: bare::<Echo>;
    buffered_echo: buffered::<Echo>;
}

fn main() {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let [name, bytes, read, messages] = &arguments[..] else { panic!("usage: buffered-cost LOOP BYTES READ MESSAGES") };
    let (bytes, read, messages): (usize, usize, usize) =
        (bytes.parse().unwrap(), read.parse().unwrap(), messages.parse().unwrap());
    let payload = vec![7; bytes];
    let mut wire = Vec::new();
    for _ in 0..messages {
        wire.push(0x82);
        match u8::try_from(bytes) {
            Ok(len @ ..126) => wire.push(0x80 | len),
            _ => wire.extend([&[0x80 | 126][..], &u16::try_from(bytes).unwrap().to_be_bytes()].concat()),
        }
        wire.extend([0, 0, 0, 0]);
        wire.extend(&payload);
    }
    let (mut input, mut output) = (vec![0; INPUT], vec![0; OUTPUT]);
    let (_, run) = LOOPS.iter().find(|(known, _)| known == name).expect("a loop of that name");
    assert_eq!(run(wire.chunks(read), &mut input, &mut output), bytes * messages);
}
