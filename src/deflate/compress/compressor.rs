//! Encoder for raw DEFLATE (RFC 1951), a message at a time (RFC 7692 §7.2.1), in memory that the caller lends.

use super::fast::Fast;
use super::level::Level;
use super::run::Run;
use super::thorough::{Effort, Thorough};

/// Compresses what we send, message by message.
///
/// All its memory but about 200 bytes is lent by the caller for the life of the value; [`memory_len`](Self::memory_len) says how
/// much. Matches reach over the whole window and into earlier messages (context takeover, RFC 7692 §7.1.1) unless
/// [`reset`](Self::reset) is called between them. Every window from 2^8 bytes on is respected exactly.
///
/// What it spends is a [`Level`]. The same calls give the same bytes on every machine, whatever was compressed before the last
/// reset. With [`Level::Fast`] other splits of the input give other bytes for the same message, since no match reaches beyond the
/// input of the call; with the others neither the splits nor the room of a call matters.
pub struct Compressor<'m> {
    engine: Engine<'m>,
    /// [`Fast::compress`] or [`Thorough::compress`]. A program that names only one level carries only one of them.
    step: Step,
    level: Level,
    idle: bool,
}

enum Engine<'m> {
    Fast(Fast<'m>),
    Thorough(Thorough<'m>),
}

type Step = for<'m, 'e, 'r, 'c> fn(&'e mut Engine<'m>, &'r mut Run<'c>, bool) -> bool;

/// How far a call of [`Compressor::compress`] got.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Compressed {
    /// How many bytes were taken from the start of the input; they must not be presented again.
    pub consumed: usize,
    /// How many bytes were written to the start of the output.
    pub produced: usize,
    /// Whether the message is complete: `flush` was given, all input is consumed and the last byte is written.
    pub done: bool,
}

impl<'m> Compressor<'m> {
    /// The length of memory for a window of w = 2^window_bits bytes. `None` if `window_bits` is not 8 to 15.
    ///
    /// | Level | bytes | 2^8 | 2^9 | 2^10 | 2^12 | 2^13 | 2^15 |
    /// |---|---|---|---|---|---|---|---|
    /// | [`Fast`](Level::Fast) | 2 w | 512 | 1 024 | 2 048 | 8 192 | 16 384 | 65 536 |
    /// | [`Default`](Level::Default), [`Best`](Level::Best) | 19/4 w + 2 752 | 3 968 | 5 184 | 7 616 | 22 208 | 41 664 | 158 400 |
    pub const fn memory_len(window_bits: u8, level: Level) -> Option<usize> {
        match (window_bits, level) {
            (8..=15, Level::Fast) => Some(2 << window_bits),
            (8..=15, Level::Default | Level::Best) => Some(Thorough::memory_len(window_bits)),
            _ => None,
        }
    }

    /// A compressor at the start of a connection.
    ///
    /// `window_bits`, 8 to 15, is the base-2 logarithm of the window in bytes. It may be larger than the one agreed for our direction,
    /// which [`limit_window`](Self::limit_window) then keeps to, and which a connection sets by itself. `memory` is lent for the life
    /// of the value; its content does not matter.
    ///
    /// `None` if `window_bits` is out of range or `memory` is shorter than [`memory_len`](Self::memory_len), except that
    /// [`Level::Fast`] makes do with the window and 128 bytes: what follows the window is the largest hash table that fits, a
    /// power of two from 128 to 65 536 bytes. Bytes beyond are not used.
    #[inline]
    pub fn new(window_bits: u8, level: Level, memory: &'m mut [u8]) -> Option<Self> {
        Self::memory_len(window_bits, level)?;
        let (engine, step): (_, Step) = match level {
            Level::Fast => (Engine::Fast(Fast::new(window_bits, memory)?), fast),
            Level::Default => (Engine::Thorough(Thorough::new(window_bits, Effort::DEFAULT, memory)?), thorough),
            Level::Best => (Engine::Thorough(Thorough::new(window_bits, Effort::BEST, memory)?), thorough),
        };
        Some(Self { engine, step, level, idle: true })
    }

    /// The base-2 logarithm of the window in bytes, 8 to 15.
    pub const fn window_bits(&self) -> u8 {
        let window = match &self.engine {
            Engine::Fast(fast) => fast.window(),
            Engine::Thorough(thorough) => thorough.window(),
        };
        let [bits, ..] = window.trailing_zeros().to_le_bytes();
        bits
    }

    /// From now on, no match begins more than 2^window_bits bytes back, even if the window is larger: for a peer that asks for a smaller
    /// one (RFC 7692 §7.1.2). Replaces an earlier limit, and outlasts [`reset`](Self::reset). At first, and with a limit larger than the
    /// window, the window alone counts.
    pub const fn limit_window(&mut self, window_bits: u8) {
        let bits = if window_bits < self.window_bits() { window_bits } else { self.window_bits() };
        match &mut self.engine {
            Engine::Fast(fast) => fast.limit_window(1 << bits),
            Engine::Thorough(thorough) => thorough.limit_window(1 << bits),
        }
    }

    /// The level that it was made with.
    pub const fn level(&self) -> Level {
        self.level
    }

    /// Whether it stands between two messages: true when new, after [`reset`](Self::reset) and once a message is done; false
    /// from the first call of [`compress`](Self::compress) for a message on, even one without input.
    pub const fn is_idle(&self) -> bool {
        self.idle
    }

    /// Forgets the history, and an unfinished message: to be called between messages without context takeover (RFC 7692 §7.1.1).
    ///
    /// It takes the same short time for every window. The window's bytes are not wiped, but can no longer be referred to.
    pub const fn reset(&mut self) {
        match &mut self.engine {
            Engine::Fast(fast) => fast.reset(),
            Engine::Thorough(thorough) => thorough.reset(),
        }
        self.idle = true;
    }

    /// Compresses `input` into `output` until one is consumed or the other is full. What was consumed and not written waits
    /// inside: up to 63 bits with [`Level::Fast`], with the others up to a block, which ends with the message or after as many
    /// matches and unmatched bytes as memory is lent for.
    ///
    /// `flush` says that the message ends with this input. It is given again with the rest of the input, which may be empty,
    /// until the result is done. The bytes 00 00 ff ff, which end a sync flush, are not written (RFC 7692 §7.2.1); an empty
    /// message is the byte 00. Once the end is being written, no input is taken until it is done.
    ///
    /// Any room is enough. What does not become shorter is stored, at five bytes a block more; with [`Level::Fast`] only if the
    /// whole of it fits into the output of the call, so in a small output random bytes grow by up to an eighth. Bytes of `output`
    /// after those produced may be overwritten.
    pub fn compress(&mut self, input: &[u8], output: &mut [u8], flush: bool) -> Compressed {
        let mut run = Run { input, at: 0, output, written: 0 };
        let done = (self.step)(&mut self.engine, &mut run, flush);
        self.idle = done;
        Compressed { consumed: run.at, produced: run.written, done }
    }
}

fn fast(engine: &mut Engine<'_>, run: &mut Run<'_>, flush: bool) -> bool {
    match engine {
        Engine::Fast(fast) => fast.compress(run, flush),
        Engine::Thorough(_) => false,
    }
}

fn thorough(engine: &mut Engine<'_>, run: &mut Run<'_>, flush: bool) -> bool {
    match engine {
        Engine::Thorough(thorough) => thorough.compress(run, flush),
        Engine::Fast(_) => false,
    }
}
