//! RFC 7692 §6.2, as the reader of frames sees it: compressed payload goes in, bytes of the message come out.

use crate::error::ProtocolError;

/// How compressed payload becomes bytes of a message. Without the feature `deflate` it does not.
pub(crate) trait Inflation<'i> {
    /// Whether there is an inflater, with the window that was agreed, and room for what comes out of it.
    fn is_ready(&self) -> bool;

    /// Inflates from `payload` to the start of the window, `limit` bytes and at most one more; the message `ends` with this
    /// payload.
    fn inflate(&mut self, payload: &[u8], ends: bool, limit: u64) -> Result<Inflated, ProtocolError>;

    /// Compressed bytes of the current message so far.
    fn taken(&self) -> u64;

    /// Where inflated bytes stand.
    fn window(&mut self) -> &mut [u8];

    /// The same, for as long as the caller lends it.
    fn take_window(&mut self) -> &'i mut [u8];
}

/// What calls inflate with: one type, so that the code over it is there once. Without the feature `deflate` it is nothing, and no code
/// for it is left.
#[cfg(feature = "deflate")]
pub(crate) type AnyInflation<'a, 'i> = dyn Inflation<'i> + 'a;
#[cfg(not(feature = "deflate"))]
pub(crate) type AnyInflation<'a, 'i> = NoInflation;

/// What became of a compressed payload.
#[derive(Clone, Copy)]
pub(crate) struct Inflated {
    pub(crate) consumed: usize,
    pub(crate) produced: usize,
    /// The message has come out to its end.
    pub(crate) done: bool,
    /// There may be more without further payload.
    pub(crate) more: bool,
}

/// What `receive` has: nothing to inflate with.
pub(crate) struct NoInflation;

impl<'i> Inflation<'i> for NoInflation {
    fn is_ready(&self) -> bool {
        false
    }

    // Not reached: the reader asks whether there is an inflater before it starts a compressed message.
    fn inflate(&mut self, _: &[u8], _: bool, _: u64) -> Result<Inflated, ProtocolError> {
        Err(ProtocolError::InvalidDeflate)
    }

    fn taken(&self) -> u64 {
        0
    }

    fn window(&mut self) -> &mut [u8] {
        &mut []
    }

    fn take_window(&mut self) -> &'i mut [u8] {
        &mut []
    }
}
