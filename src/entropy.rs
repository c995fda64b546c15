//! Entropy, which only a client needs: for the nonce of the handshake (§4.1) and a masking key for each frame (§5.3).

/// A source of bytes that a peer cannot predict (§10.3), supplied by the user of the library.
///
/// There is no default. A hardware generator, `getrandom`, or a seeded cryptographic generator is what §5.3 asks for; a counter,
/// the time or `rand()` is not. A call that writes a client's frame, or may write one (`send_with`), draws 4 bytes; an opening
/// handshake draws 16.
pub trait Entropy {
    /// Fills all of `bytes`, or reports that it cannot. The call that needed them then does nothing and returns
    /// [`CallError::EntropyFailed`](crate::CallError::EntropyFailed).
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), EntropyError>;
}

/// The source could not fill the bytes that were requested.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct EntropyError;

impl core::fmt::Display for EntropyError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("no entropy to be had")
    }
}

impl core::error::Error for EntropyError {}

/// For a server, which never masks (§5.1) and so never draws.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct NoEntropy;

impl Entropy for NoEntropy {
    fn fill(&mut self, _: &mut [u8]) -> Result<(), EntropyError> {
        Err(EntropyError)
    }
}

impl<T: Entropy + ?Sized> Entropy for &mut T {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        (**self).fill(bytes)
    }
}
