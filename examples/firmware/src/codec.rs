//! With the feature `inflate`: permessage-deflate with small windows. Messages are inflated, and with the feature `deflate` compressed.

use sansocket::{Codec, Deflate, DeflateConfig, Inflate, Inflater, SmallTables};
#[cfg(feature = "deflate")]
use sansocket::{Compressor, Level};

use crate::echo::INPUT_LEN;

/// Windows of 1 KiB. A client that cannot limit its window to that is served without compression.
const WINDOW_BITS: u8 = 10;
pub const DEFLATE: DeflateConfig = DeflateConfig::new().send_window_bits(WINDOW_BITS).receive_window_bits(WINDOW_BITS);

/// By how much the echo of a full input can grow: bytes that cannot be made shorter become longer.
pub const GROWTH: usize = if cfg!(feature = "deflate") { INPUT_LEN / 8 + INPUT_LEN / 64 + 64 } else { 0 };

/// The history of each direction, and the piece that was inflated last.
pub struct Memory {
    history: [u8; 1 << WINDOW_BITS],
    piece: [u8; INPUT_LEN],
    #[cfg(feature = "deflate")]
    sent: [u8; SENT_LEN],
}

/// The least: the window, and the smallest table.
#[cfg(feature = "deflate")]
const SENT_LEN: usize = (1 << WINDOW_BITS) + 128;

impl Memory {
    pub const fn new() -> Self {
        Self {
            history: [0; 1 << WINDOW_BITS],
            piece: [0; INPUT_LEN],
            #[cfg(feature = "deflate")]
            sent: [0; SENT_LEN],
        }
    }

    /// A codec for one connection at a time, and where it inflates to.
    #[inline]
    pub fn lend(&mut self) -> (Own<'_>, &mut [u8]) {
        let codec = Own {
            inflater: Inflater::with_tables(&mut self.history),
            #[cfg(feature = "deflate")]
            compressor: Compressor::new(WINDOW_BITS, Level::Fast, &mut self.sent),
        };
        (codec, &mut self.piece)
    }
}

/// Neither is ever `None`: the memory has the right lengths.
pub struct Own<'m> {
    inflater: Option<Inflater<'m, SmallTables>>,
    #[cfg(feature = "deflate")]
    compressor: Option<Compressor<'m>>,
}

impl Own<'_> {
    /// For the next connection.
    pub fn restart(&mut self) {
        if let Some(inflater) = &mut self.inflater {
            inflater.reset();
        }
        #[cfg(feature = "deflate")]
        if let Some(compressor) = &mut self.compressor {
            compressor.reset();
        }
    }
}

impl Codec for Own<'_> {
    fn inflater(&mut self) -> Option<&mut dyn Inflate> {
        Some(self.inflater.as_mut()?)
    }

    #[cfg(feature = "deflate")]
    fn compressor(&mut self, _: usize) -> Option<&mut dyn Deflate> {
        Some(self.compressor.as_mut()?)
    }

    #[cfg(not(feature = "deflate"))]
    fn compressor(&mut self, _: usize) -> Option<&mut dyn Deflate> {
        None
    }
}
