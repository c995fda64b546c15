//! Our codec. The one file that names its constructors.

use crate::codec::{Compress, Inflate, TAIL};
use sansocket::{Compressor, Inflater, Level};

pub(crate) const LEVELS: [(&str, Level); 3] = [("fast", Level::Fast), ("default", Level::Default), ("best", Level::Best)];

fn compressor(window_bits: u8, level: Level) -> Compressor<'static> {
    let memory = vec![0; Compressor::memory_len(window_bits, level).expect("8 to 15 bits")];
    Compressor::new(window_bits, level, memory.leak()).expect("enough memory")
}

/// What it lends is never given back: a codec lives as long as the program.
pub(crate) struct OurCompressor(Compressor<'static>);

impl OurCompressor {
    pub(crate) fn new(window_bits: u8, level: Level) -> Self {
        Self(compressor(window_bits, level))
    }
}

impl Compress for OurCompressor {
    fn message(&mut self, mut input: &[u8], output: &mut [u8]) -> usize {
        let mut written = 0;
        loop {
            let made = self.0.compress(input, &mut output[written..], true);
            assert!(made.consumed + made.produced > 0 || made.done, "no progress");
            input = &input[made.consumed..];
            written += made.produced;
            if made.done {
                return written;
            }
        }
    }

    fn reset(&mut self) {
        self.0.reset();
    }
}

pub(crate) struct OurInflater(Inflater<'static>);

impl OurInflater {
    pub(crate) fn new(window_bits: u8) -> Self {
        Self(Inflater::new(vec![0; 1 << window_bits].leak()).expect("a window of 8 to 15 bits"))
    }
}

impl Inflate for OurInflater {
    fn message(&mut self, input: &[u8], output: &mut [u8]) -> usize {
        let input = &input[..input.len() - TAIL.len()];
        let progress = self.0.inflate(input, output).expect("a valid stream");
        assert!(progress.consumed == input.len() && !progress.more, "the output has room");
        let finished = self.0.finish_message(&mut output[progress.produced..]).expect("a valid end");
        assert!(finished.done, "the output has room");
        progress.produced + finished.produced
    }
}
