//! How hard the compressor tries.

/// How much a [`Compressor`](crate::Compressor) spends on a short output. For memory see
/// [`Compressor::memory_len`](crate::Compressor::memory_len).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Level {
    /// The least time and memory: matches among four places, the fixed code, and no delay, so that what is fed of a message comes
    /// out before its end. 10 to 35 % longer than zlib's level 6.
    Fast = 1,
    /// As short as zlib's level 6, within 3 %, in less time and less memory.
    #[default]
    Default = 2,
    /// As short as zlib's level 6 or shorter, in more time than [`Default`](Self::Default).
    Best = 3,
}
