//! zlib's compressor as the library's: RFC 7692 §7.2.1, the bytes 00 00 ff ff removed whatever the size of the output.

use sansocket::{Compressed, Deflate};
use zlib_rs::{DeflateConfig, DeflateFlush};

/// Compresses our messages, by zlib-rs.
///
/// zlib writes no raw DEFLATE data for a window of 8 bits: with an agreed window of 8, [`send_with`](sansocket::Connection::send_with)
/// returns [`NoDeflate`](sansocket::UsageError::NoDeflate), and the library's own [`Compressor`](sansocket::Compressor) does it. Nor
/// can zlib change its window afterwards: a compressor serves connections whose window is at least its own.
pub struct ZlibCompressor {
    stream: zlib_rs::Deflate,
    window_bits: u8,
    stage: Stage,
}

enum Stage {
    Idle,
    Inside,
    /// All is written but the last bytes of the message.
    Ending {
        last: [u8; ROOM],
        at: usize,
        len: usize,
    },
}

/// More than what ends a message: bits of the last block, three bits and padding, and 00 00 ff ff.
const ROOM: usize = 16;
const TAIL: [u8; 4] = [0, 0, 0xFF, 0xFF];

impl ZlibCompressor {
    /// For a window of 9 to 15 bits and a level of 0 (stored) to 9, with zlib's usual memory level of 8; else `None`.
    pub fn new(window_bits: u8, level: u8) -> Option<Self> {
        Self::with_mem_level(window_bits, level, 8)
    }

    /// The same with a memory level of 1 to 9: how many symbols a block can have, 2^(6 + `mem_level`), at four bytes and more each.
    pub fn with_mem_level(window_bits: u8, level: u8, mem_level: u8) -> Option<Self> {
        if !(9..=15).contains(&window_bits) || level > 9 || !(1..=9).contains(&mem_level) {
            return None;
        }
        let config = DeflateConfig {
            window_bits: -i32::from(window_bits),
            mem_level: i32::from(mem_level),
            ..DeflateConfig::new(i32::from(level))
        };
        Some(Self { stream: zlib_rs::Deflate::new_with_config(config), window_bits, stage: Stage::Idle })
    }

    /// Calls zlib until all of `input` is taken and what that gives is written, or `output` is full.
    fn run(&mut self, input: &[u8], output: &mut [u8], flush: DeflateFlush) -> (usize, usize) {
        let (mut consumed, mut produced) = (0, 0);
        while produced < output.len() {
            let (read, written) = (self.stream.total_in(), self.stream.total_out());
            // Its only error is that there is nothing to do.
            let _ = self.stream.compress(&input[consumed..], &mut output[produced..], flush);
            let count = |now: u64, before: u64| usize::try_from(now - before).unwrap_or(usize::MAX);
            let (taken, given) = (count(self.stream.total_in(), read), count(self.stream.total_out(), written));
            consumed += taken;
            produced += given;
            if taken == 0 && given == 0 || consumed == input.len() && produced < output.len() {
                break;
            }
        }
        (consumed, produced)
    }

    /// The end of a message whose blocks are written: without 00 00 ff ff.
    fn end(&mut self) -> Stage {
        let mut last = [0; ROOM];
        let (_, written) = self.run(&[], &mut last, DeflateFlush::SyncFlush);
        debug_assert!(last[..written].ends_with(&TAIL));
        // An empty message is the byte 00 (§7.2.3.6).
        Stage::Ending { last, at: 0, len: written.saturating_sub(TAIL.len()).max(1) }
    }
}

impl Deflate for ZlibCompressor {
    fn window_bits(&self) -> u8 {
        self.window_bits
    }

    fn is_idle(&self) -> bool {
        matches!(self.stage, Stage::Idle)
    }

    fn reset(&mut self) {
        self.stream.reset();
        self.stage = Stage::Idle;
    }

    fn compress(&mut self, input: &[u8], output: &mut [u8], flush: bool) -> Compressed {
        let (mut consumed, mut produced) = (0, 0);
        if !matches!(self.stage, Stage::Ending { .. }) {
            self.stage = Stage::Inside;
            // A sync flush writes 00 00 ff ff again and again if there is little room for it. A block flush ends the block and writes
            // nothing of its own, however often it is called; the sync flush after it gets room of our own.
            let how = if flush { DeflateFlush::Block } else { DeflateFlush::NoFlush };
            (consumed, produced) = self.run(input, output, how);
            if !flush || produced == output.len() {
                return Compressed { consumed, produced, done: false };
            }
            self.stage = self.end();
        }
        let Stage::Ending { last, at, len } = &mut self.stage else { return Compressed { consumed, produced, done: false } };
        let count = (*len - *at).min(output.len() - produced);
        output[produced..][..count].copy_from_slice(&last[*at..][..count]);
        produced += count;
        *at += count;
        let done = at == len;
        if done {
            self.stage = Stage::Idle;
        }
        Compressed { consumed, produced, done }
    }
}
