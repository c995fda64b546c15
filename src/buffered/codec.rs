//! What a connection with its buffers compresses with.

#[cfg(feature = "deflate")]
use crate::deflate::{Deflate, Inflate};

/// What a [`Buffered`](crate::Buffered) connection inflates and compresses with, once permessage-deflate is agreed on
/// ([`Config::deflate`](crate::Config::deflate)): a `Deflated`, with the feature `deflate`; one that is lent, for buffers that many
/// connections share; or an `Option`, for servers that attach connections for a turn and have codecs for those that have agreed. [`NoCodec`] is nothing, and costs nothing.
pub trait Codec {
    /// The inflater of this connection.
    #[cfg(feature = "deflate")]
    fn inflater(&mut self) -> Option<&mut dyn Inflate>;

    /// The compressor, if messages of this length are worth it.
    #[cfg(feature = "deflate")]
    fn compressor(&mut self, len: usize) -> Option<&mut dyn Deflate>;

    /// Forgets the history of a connection that has ended.
    fn reset(&mut self) {
        #[cfg(feature = "deflate")]
        {
            if let Some(inflater) = self.inflater() {
                inflater.reset();
            }
            if let Some(compressor) = self.compressor(usize::MAX) {
                compressor.reset();
            }
        }
    }
}

/// No codec: every message goes uncompressed, and compression must not be agreed on.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct NoCodec;

impl Codec for NoCodec {
    #[cfg(feature = "deflate")]
    #[inline]
    fn inflater(&mut self) -> Option<&mut dyn Inflate> {
        None
    }

    #[cfg(feature = "deflate")]
    #[inline]
    fn compressor(&mut self, _: usize) -> Option<&mut dyn Deflate> {
        None
    }
}

impl<D: Codec> Codec for Option<D> {
    #[cfg(feature = "deflate")]
    #[inline]
    fn inflater(&mut self) -> Option<&mut dyn Inflate> {
        self.as_mut()?.inflater()
    }

    #[cfg(feature = "deflate")]
    #[inline]
    fn compressor(&mut self, len: usize) -> Option<&mut dyn Deflate> {
        self.as_mut()?.compressor(len)
    }
}

impl<D: Codec> Codec for &mut D {
    #[cfg(feature = "deflate")]
    #[inline]
    fn inflater(&mut self) -> Option<&mut dyn Inflate> {
        (**self).inflater()
    }

    #[cfg(feature = "deflate")]
    #[inline]
    fn compressor(&mut self, len: usize) -> Option<&mut dyn Deflate> {
        (**self).compressor(len)
    }
}

/// An inflater and a compressor: the library's own, others ([`Inflate`], [`Deflate`]), or lent ones.
///
/// The inflater's window is at least as large as the configuration allows the peer's
/// ([`receive_window_bits`](crate::DeflateConfig::receive_window_bits), 15 with a [`fallback`](crate::DeflateConfig::fallback)). The
/// compressor's may have any size: the library's own keeps to what was agreed on, and with another's that cannot, messages go
/// uncompressed.
///
/// A compressor that connections share is reset by the program if one of them ends inside a message that it sends in parts. Until then
/// nothing else is compressed with it.
/// ```
/// use sansocket::{Buffered, Compressor, Config, Connection, DeflateConfig, Deflated, Inflater, Instant, Level};
/// static CONFIG: Config = Config::new().deflate(DeflateConfig::new().send_window_bits(12).receive_window_bits(13));
/// let (mut history, mut memory) = ([0; 1 << 13], [0; Compressor::memory_len(12, Level::Fast).unwrap()]);
/// let inflater = Inflater::new(&mut history).unwrap();
/// let compressor = Compressor::new(12, Level::Fast, &mut memory).unwrap();
/// let ws = Connection::server(&CONFIG, Instant::from_millis(0));
/// // Messages of up to 4096 bytes, after inflating.
/// let ws = Buffered::new(ws, [0; 1024], [0; 8192]).deflate(Deflated::new(inflater, compressor), [0; 4096]);
/// # assert!(ws.due().is_empty());
/// ```
#[cfg(feature = "deflate")]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Deflated<N, C> {
    inflater: N,
    compressor: C,
    min_len: usize,
}

#[cfg(feature = "deflate")]
impl<N: Inflate, C: Deflate> Deflated<N, C> {
    /// Compresses every message that is not sent by [`plain`](crate::Commands::plain) commands.
    pub const fn new(inflater: N, compressor: C) -> Self {
        Self { inflater, compressor, min_len: 0 }
    }

    /// Sends messages of fewer bytes uncompressed: without context takeover short ones hardly get shorter. (A message that is sent in
    /// parts counts as long, unless its first part is all of it.)
    #[must_use]
    pub fn min_len(mut self, bytes: usize) -> Self {
        self.min_len = bytes;
        self
    }
}

#[cfg(feature = "deflate")]
impl<N: Inflate, C: Deflate> Codec for Deflated<N, C> {
    fn inflater(&mut self) -> Option<&mut dyn Inflate> {
        Some(&mut self.inflater)
    }

    fn compressor(&mut self, len: usize) -> Option<&mut dyn Deflate> {
        if len < self.min_len { None } else { Some(&mut self.compressor) }
    }
}
