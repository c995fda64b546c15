//! What both programs compress and inflate with, if the peer agrees to that.

use sansocket::{Compressor, DeflateConfig, Deflated, Inflater, Level};

const LEVEL: Level = Level::Default;

/// The histories of one connection.
#[derive(Default)]
pub struct Memory {
    received: Vec<u8>,
    sent: Vec<u8>,
}

impl Memory {
    /// A codec with the largest windows that may be agreed on; `None` if there is to be no compression.
    pub fn codec(&mut self, deflate: &DeflateConfig) -> Option<Deflated<Inflater<'_>, Compressor<'_>>> {
        let (receive, send) = (deflate.receive_window_bits, deflate.send_window_bits);
        if !deflate.is_on() {
            return None;
        }
        self.received.resize(1 << receive, 0);
        self.sent.resize(Compressor::memory_len(send, LEVEL)?, 0);
        Some(Deflated::new(Inflater::new(&mut self.received)?, Compressor::new(send, LEVEL, &mut self.sent)?))
    }
}
