//! RFC 7692 §6.2, as the reader of frames sees it: compressed payload goes in, bytes of the message come out.

use crate::error::ProtocolError;

/// How compressed payload becomes bytes of a message. Without the feature `deflate` there is no way.
pub(crate) trait Inflation<'i> {
    /// Whether there is an inflater, with the window that was agreed, and room for its output.
    fn is_ready(&self) -> bool;

    /// Inflates from `payload` to the start of the window, at most one byte more than `limit`; the message `ends` with this
    /// payload.
    fn inflate(&mut self, payload: &[u8], ends: bool, limit: u64) -> Result<Inflated, ProtocolError>;

    /// Compressed bytes of the current message so far.
    fn taken(&self) -> u64;

    /// The memory for inflated bytes.
    fn window(&mut self) -> &mut [u8];

    /// The same, for as long as the caller lends it.
    fn take_window(&mut self) -> &'i mut [u8];
}

/// The type that calls inflate with: only one, so that the code over it is not duplicated. Without the feature `deflate` it is
/// empty and costs no code.
#[cfg(feature = "deflate")]
pub(crate) type AnyInflation<'a, 'i> = dyn Inflation<'i> + 'a;
#[cfg(not(feature = "deflate"))]
pub(crate) type AnyInflation<'a, 'i> = NoInflation;

/// What became of a compressed payload.
#[derive(Clone, Copy)]
pub(crate) struct Inflated {
    pub(crate) consumed: usize,
    pub(crate) produced: usize,
    /// The whole message has come out.
    pub(crate) done: bool,
    /// More may come out without further payload.
    pub(crate) more: bool,
}

/// For `receive`: nothing to inflate with.
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
