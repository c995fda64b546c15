//! What the client compresses and inflates with, if the server agrees to that.

use sansocket::{Buffered, Compressor, Config, Connection, DeflateConfig, Deflated, Inflater, Instant, Level};
use sansocket_session::{Commands, Session};

use crate::PIECE_LEN;
use crate::wire::SystemEntropy;

const LEVEL: Level = Level::Default;

/// Messages come in pieces, so that they may have any length.
pub(crate) type Ws<'c, 'm> =
    Buffered<'c, SystemEntropy, Vec<u8>, Vec<u8>, Vec<u8>, Connection<'c, SystemEntropy>, Option<Own<'m>>>;

/// Such connections, one after the other.
pub(crate) type Talk<'c, 'm> = Session<'c, SystemEntropy, Vec<u8>, Vec<u8>, Vec<u8>, Vec<u8>, Option<Own<'m>>>;

/// What can be done with them.
pub(crate) type Verbs<'a, 'c, 'm> = Commands<'a, 'c, SystemEntropy, Option<Own<'m>>>;

pub(crate) type Own<'m> = Deflated<Inflater<'m>, Compressor<'m>>;

/// A connection that was not used yet.
pub(crate) fn unused<'c, 'm>(config: &'c Config<'c>, memory: &'m mut Memory) -> Ws<'c, 'm> {
    let ws = Connection::client(config, SystemEntropy, Instant::from_millis(0));
    Buffered::new(ws, vec![0; PIECE_LEN], vec![0; 3 * PIECE_LEN])
        .deflate(memory.codec(&config.deflate), vec![0; PIECE_LEN])
        .in_pieces()
}

/// The histories of one connection.
#[derive(Default)]
pub(crate) struct Memory {
    received: Vec<u8>,
    sent: Vec<u8>,
}

impl Memory {
    /// A codec with the largest windows that may be agreed on; `None` if there is to be no compression.
    pub(crate) fn codec(&mut self, deflate: &DeflateConfig) -> Option<Own<'_>> {
        let (receive, send) = (deflate.receive_window_bits, deflate.send_window_bits);
        if !deflate.is_on() {
            return None;
        }
        self.received.resize(1 << receive, 0);
        self.sent.resize(Compressor::memory_len(send, LEVEL)?, 0);
        Some(Deflated::new(Inflater::new(&mut self.received)?, Compressor::new(send, LEVEL, &mut self.sent)?))
    }
}
