//! What the inflater reads next.

use super::error::InflateError;

/// What the decoder reads next.
#[derive(Clone, Copy)]
pub(super) enum Mode {
    /// The 3 bits of a block header.
    Header,
    /// LEN and NLEN of a stored block.
    StoredLen,
    Stored {
        left: u16,
    },
    /// HLIT, HDIST and HCLEN of a dynamic block.
    Sizes,
    /// The lengths of the code length code.
    CodeLengths(Sizes),
    /// The lengths of both codes, compressed with the code length code.
    Lengths(Sizes),
    Symbols,
    Failed(InflateError),
}

/// What the header of the block says, and how many lengths were read: of the code length code, and then of both codes.
#[derive(Clone, Copy)]
pub(super) struct Sizes {
    pub(super) literals: u16,
    pub(super) distances: u16,
    pub(super) codes: u8,
    pub(super) have: u16,
    pub(super) previous: u8,
}
