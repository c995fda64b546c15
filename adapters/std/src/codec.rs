//! What a connection compresses and inflates with, if that was agreed on: the library's own codec, with its memory.

use sansocket::Connection;

use crate::wire::{SystemEntropy, Ws};

#[cfg(not(feature = "deflate"))]
mod off {
    use super::*;
    use sansocket::NoCodec;

    pub(crate) type Codec = NoCodec;
    pub(crate) type Memory = [u8; 0];

    pub(crate) fn agreed(_: &Connection<'_, SystemEntropy>) -> (Codec, Memory) {
        (NoCodec, [])
    }

    pub(crate) fn lend<'c>(ws: Ws<'c>, _: Codec, _: Memory) -> Ws<'c, Memory, Codec> {
        ws
    }
}

#[cfg(feature = "deflate")]
mod on {
    use super::*;
    use sansocket::{
        Compressed, Compressor, Deflate, Deflated, Finished, Inflate, InflateError, Inflater, Level, Progress, Role,
    };
    use self_cell::{MutBorrow, self_cell};

    /// Both are on the heap: a connection that does not compress has nothing of them.
    pub(crate) type Codec = Option<Deflated<OwnInflater, OwnCompressor>>;
    pub(crate) type Memory = Vec<u8>;

    /// A piece of what is inflated has at most this length.
    const PIECE_LEN: usize = 16 << 10;
    const LEVEL: Level = Level::Default;
    /// What is shorter goes as it is.
    const MIN_LEN: usize = 32;

    self_cell! {
        pub(crate) struct OwnInflater {
            owner: MutBorrow<Vec<u8>>,
            #[covariant]
            dependent: Inflater,
        }
    }

    self_cell! {
        pub(crate) struct OwnCompressor {
            owner: MutBorrow<Vec<u8>>,
            #[covariant]
            dependent: Compressor,
        }
    }

    pub(crate) fn agreed(ws: &Connection<'_, SystemEntropy>) -> (Codec, Memory) {
        match create(ws) {
            Some(codec) => (Some(codec), vec![0; PIECE_LEN]),
            None => (None, Vec::new()),
        }
    }

    /// `None` if nothing was agreed on.
    fn create(ws: &Connection<'_, SystemEntropy>) -> Option<Deflated<OwnInflater, OwnCompressor>> {
        let params = ws.negotiated().deflate()?;
        let (own, peer) = match ws.role() {
            Role::Client => (Role::Client, Role::Server),
            Role::Server => (Role::Server, Role::Client),
        };
        let (send, receive) = (params.sent_by(own).max_window_bits, params.sent_by(peer).max_window_bits);
        let history = MutBorrow::new(vec![0; 1 << receive]);
        let inflater = OwnInflater::try_new(history, |memory| Inflater::new(memory.borrow_mut()).ok_or(())).ok()?;
        let memory = MutBorrow::new(vec![0; Compressor::memory_len(send, LEVEL)?]);
        let compressor =
            OwnCompressor::try_new(memory, |memory| Compressor::new(send, LEVEL, memory.borrow_mut()).ok_or(())).ok()?;
        Some(Deflated::new(inflater, compressor).min_len(MIN_LEN))
    }

    pub(crate) fn lend<'c>(ws: Ws<'c>, codec: Codec, memory: Memory) -> Ws<'c, Memory, Codec> {
        ws.deflate(codec, memory)
    }

    impl Inflate for OwnInflater {
        fn window_bits(&self) -> u8 {
            self.borrow_dependent().window_bits()
        }

        fn limit_window(&mut self, window_bits: u8) -> bool {
            self.with_dependent_mut(|_, inflater| Inflate::limit_window(inflater, window_bits))
        }

        fn reset(&mut self) {
            self.with_dependent_mut(|_, inflater| inflater.reset());
        }

        fn taken(&self) -> u64 {
            self.borrow_dependent().taken()
        }

        fn inflate(&mut self, input: &[u8], output: &mut [u8]) -> Result<Progress, InflateError> {
            self.with_dependent_mut(|_, inflater| inflater.inflate(input, output))
        }

        fn finish_message(&mut self, output: &mut [u8]) -> Result<Finished, InflateError> {
            self.with_dependent_mut(|_, inflater| inflater.finish_message(output))
        }
    }

    impl Deflate for OwnCompressor {
        fn window_bits(&self) -> u8 {
            self.borrow_dependent().window_bits()
        }

        fn limit_window(&mut self, window_bits: u8) -> bool {
            self.with_dependent_mut(|_, compressor| Deflate::limit_window(compressor, window_bits))
        }

        fn is_idle(&self) -> bool {
            self.borrow_dependent().is_idle()
        }

        fn reset(&mut self) {
            self.with_dependent_mut(|_, compressor| compressor.reset());
        }

        fn compress(&mut self, input: &[u8], output: &mut [u8], flush: bool) -> Compressed {
            self.with_dependent_mut(|_, compressor| compressor.compress(input, output, flush))
        }
    }
}

#[cfg(not(feature = "deflate"))]
pub(crate) use off::*;
#[cfg(feature = "deflate")]
pub(crate) use on::*;
