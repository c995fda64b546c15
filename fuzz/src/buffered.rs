//! Any calls of a `Buffered` connection, of whatever sizes, over buffers of any size, do what a plain loop around the bare
//! connection does.

use crate::input::{Buffered, Call};
use crate::support::Begin;
use crate::support::buffered::{Act, Mode, Setup, run};
use sansocket::MessageKind;

/// Any calls over any buffers, while any bytes arrive.
pub fn buffered(input: &Buffered<'_>) {
    let (config, _) = input.settings.config();
    let joining = usize::from(input.joining >> 2) * 8;
    let mode = match input.joining & 3 {
        0 => Mode::Pieces,
        1 | 2 => Mode::Whole,
        _ => Mode::WholeIn(joining),
    };
    // Joined in the input, there has to be room beside the message.
    let least = if let Mode::Whole | Mode::WholeIn(0) = mode { 145 } else { 131 };
    let setup = Setup {
        role: input.receiver,
        begin: if input.is_open { Begin::Open } else { Begin::Handshake },
        input: least + usize::from(input.input),
        output: 262 + usize::from(input.output),
        mode,
    };
    let acts: Vec<_> = input.calls.iter().map(act).collect();
    run(setup, &config, input.wire.0, &acts);
}

fn act(&Call { number, by }: &Call) -> Act {
    let len = usize::from(by);
    let kind = if by % 2 == 0 { MessageKind::Binary } else { MessageKind::Text };
    let size = if by == u8::MAX { usize::MAX } else { len };
    match number % 32 {
        0..=3 => Act::NextAll,
        4 => Act::Next,
        5 => Act::Scribble,
        6..=7 => Act::Read(size),
        8..=9 => Act::Filled,
        10 => Act::Waited,
        11..=12 => Act::Written(size),
        13 => Act::WriteFailed,
        14 => Act::Eof,
        15 => Act::Pause,
        16 => Act::Resume,
        17 => Act::Send { kind, len: len * 4 },
        18 => Act::SendEncoded(len),
        19 => Act::Part { kind, len: len * 4, fin: by % 4 < 2 },
        20 => Act::Ping(len / 2),
        21 => Act::Pong(len / 2),
        22 => Act::Close(if by % 4 == 0 { 0 } else { 1000 }, if by % 4 == 0 { 0 } else { len / 2 }),
        23 => Act::Fail(if by % 4 == 0 { 1005 } else { 1011 }),
        24 => Act::Accept,
        25 => Act::Respond(len),
        26 => Act::Offer,
        27 => Act::Discard(len),
        28 => Act::Time(if by < 200 { i64::from(by) } else { i64::from(by) - 256 }),
        29 => Act::Detach,
        30 => Act::Turn,
        _ => Act::Entropy(by % 2 == 0),
    }
}

/// The number that stands for a call, for the seeds.
pub(crate) mod number {
    pub(crate) const NEXT: u8 = 0;
    pub(crate) const READ: u8 = 6;
    pub(crate) const FILLED: u8 = 8;
    pub(crate) const WRITTEN: u8 = 11;
    pub(crate) const EOF: u8 = 14;
    pub(crate) const PAUSE: u8 = 15;
    pub(crate) const RESUME: u8 = 16;
    pub(crate) const PART: u8 = 19;
    pub(crate) const CLOSE: u8 = 22;
    pub(crate) const ACCEPT: u8 = 24;
    pub(crate) const TIME: u8 = 28;
    pub(crate) const TURN: u8 = 30;
}
