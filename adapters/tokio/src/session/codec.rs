//! The connection under a session, and its compression, if that is wanted.

use crate::random::Random;
use sansocket::{Buffered, Config, Connection, Instant};

/// A connection with its buffers, and memory for the longest message.
pub(super) type Connected = Buffered<'static, Random, Vec<u8>, Vec<u8>, Vec<u8>, Connection<'static, Random>, Codec>;

#[cfg(not(feature = "deflate"))]
pub(super) use sansocket::NoCodec as Codec;

#[cfg(not(feature = "deflate"))]
pub(super) fn connection(config: &'static Config<'static>, input: usize, output: usize, longest: usize) -> Connected {
    let ws = Connection::client(config, Random, Instant::from_micros(0));
    Buffered::new(ws, vec![0; input], vec![0; output]).join_in(vec![0; longest])
}

#[cfg(feature = "deflate")]
pub(super) use deflate::{Codec, connection};

#[cfg(feature = "deflate")]
mod deflate {
    use super::{Buffered, Config, Connected, Connection, Instant, Random};
    use crate::codec::{Compression, Inflation, compression, inflation};
    use sansocket::{Deflate, Inflate};

    /// The largest window (RFC 7692 §7.1.2): what was agreed on is known only later, and may differ from connection to connection.
    const WINDOW_BITS: u8 = 15;

    /// Nothing, unless the configuration turns compression on.
    pub(crate) struct Codec(Option<Box<Both>>);

    struct Both {
        inflation: Inflation,
        /// Only once something is compressed: it is the larger part.
        compression: Option<Compression>,
    }

    pub(in super::super) fn connection(
        config: &'static Config<'static>,
        input: usize,
        output: usize,
        longest: usize,
    ) -> Connected {
        let ws = Connection::client(config, Random, Instant::from_micros(0));
        let both = if config.deflate.is_on() { inflation(WINDOW_BITS) } else { None };
        let codec = Codec(both.map(|inflation| Box::new(Both { inflation, compression: None })));
        Buffered::new(ws, vec![0; input], vec![0; output]).deflate(codec, vec![0; longest])
    }

    impl sansocket::Codec for Codec {
        fn inflater(&mut self) -> Option<&mut dyn Inflate> {
            let Both { inflation, .. } = &mut **self.0.as_mut()?;
            Some(inflation.with_dependent_mut(|_, inflater| inflater as &mut dyn Inflate))
        }

        fn compressor(&mut self, len: usize) -> Option<&mut dyn Deflate> {
            let Both { compression: made, .. } = &mut **self.0.as_mut()?;
            if len > 0 && made.is_none() {
                *made = compression(WINDOW_BITS);
            }
            Some(made.as_mut()?.with_dependent_mut(|_, compressor| compressor as &mut dyn Deflate))
        }

        fn reset(&mut self) {
            let Some(both) = &mut self.0 else { return };
            both.inflation.with_dependent_mut(|_, inflater| inflater.reset());
            if let Some(compression) = &mut both.compression {
                compression.with_dependent_mut(|_, compressor| compressor.reset());
            }
        }
    }
}
