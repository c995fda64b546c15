//! The input and output of one call, and the positions in them.

/// What is read and written by a call of the compressor.
pub(super) struct Run<'c> {
    pub(super) input: &'c [u8],
    /// How much of the input is taken.
    pub(super) at: usize,
    pub(super) output: &'c mut [u8],
    pub(super) written: usize,
}
