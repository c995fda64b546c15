//! The seam for codecs: what a connection asks of an inflater and of a compressor, whoever wrote them.

use super::compress::{Compressed, Compressor};
use super::error::InflateError;
use super::inflate::{Finished, Inflater, Progress};
use super::tables::Tables;

/// What inflates the messages of one peer (RFC 7692 §7.2.2): the library's own [`Inflater`], or another, which a program passes to
/// [`receive_with`](crate::Connection::receive_with) in its place. A connection never stores it.
///
/// One that the library did not write stands outside of its guarantees: it may allocate or panic if its author lets it.
pub trait Inflate {
    /// The base-2 logarithm of its window in bytes, 8 to 15.
    fn window_bits(&self) -> u8;

    /// The window that was agreed on, before a message begins, and again before each call: from now on a distance beyond
    /// 2^`window_bits` should be a fault. Returns whether it can inflate what was compressed with that window. The provided method
    /// enforces nothing.
    fn limit_window(&mut self, window_bits: u8) -> bool {
        window_bits <= self.window_bits()
    }

    /// Forgets the history and the message under way.
    fn reset(&mut self);

    /// How many bytes of the message under way were consumed: 0 after [`reset`](Self::reset) and after a message was finished. The
    /// connection limits the sum (§8, RFC 6455 §10.4), since a message can be long without giving a byte.
    fn taken(&self) -> u64;

    /// Inflates from `input` into `output`, until all of `input` is consumed and written out, or `output` is full. Consumed bytes are
    /// not presented again. A connection takes a call that does neither for a fault of the message.
    ///
    /// # Errors
    /// Why it is not valid DEFLATE data. What was written before the fault is given first, with [`Progress::more`].
    fn inflate(&mut self, input: &[u8], output: &mut [u8]) -> Result<Progress, InflateError>;

    /// Ends the message, as if the bytes 00 00 ff ff that its sender removed had come (§7.2.2): writes what is still to come out, and
    /// is ready for the next message once it is done. Until then it is called again, with more room. (A connection calls it once
    /// [`inflate`](Self::inflate) has written all of it: a byte that only comes out here is a fault of the message.)
    ///
    /// # Errors
    /// As [`inflate`](Self::inflate), and if the data is incomplete.
    fn finish_message(&mut self, output: &mut [u8]) -> Result<Finished, InflateError>;
}

/// What compresses our messages (RFC 7692 §7.2.1): the library's own [`Compressor`], or another, which a program passes to
/// [`send_with`](crate::Connection::send_with) in its place. A connection never stores it.
pub trait Deflate {
    /// The base-2 logarithm of its window in bytes, 8 to 15.
    fn window_bits(&self) -> u8;

    /// The window that was agreed on, before a message begins: from now on nothing may refer to bytes before the last 2^`window_bits`.
    /// Returns whether it can do that exactly. The provided method can if its window is no larger.
    fn limit_window(&mut self, window_bits: u8) -> bool {
        self.window_bits() <= window_bits
    }

    /// Whether no message is under way: at first, after [`reset`](Self::reset), and once the last one is done. A compressor that
    /// connections share is idle between two of them.
    fn is_idle(&self) -> bool;

    /// Forgets the history and the message under way.
    fn reset(&mut self);

    /// Compresses from `input` into `output`, until all of `input` is consumed or `output` is full; what is consumed may still be
    /// held back. With `flush` the message ends with `input`: call again until it is done. The bytes 00 00 ff ff at the end are left
    /// out, and BFINAL is never set.
    ///
    /// A whole message of n bytes that comes to an idle compressor in one call, with room for n + n/8 + n/64 + 64 bytes, is done in
    /// that call: data that does not compress is stored.
    fn compress(&mut self, input: &[u8], output: &mut [u8], flush: bool) -> Compressed;
}

/// What is lent does what its owner's would.
impl<T: Inflate + ?Sized> Inflate for &mut T {
    fn window_bits(&self) -> u8 {
        (**self).window_bits()
    }

    fn limit_window(&mut self, window_bits: u8) -> bool {
        (**self).limit_window(window_bits)
    }

    fn reset(&mut self) {
        (**self).reset();
    }

    fn taken(&self) -> u64 {
        (**self).taken()
    }

    fn inflate(&mut self, input: &[u8], output: &mut [u8]) -> Result<Progress, InflateError> {
        (**self).inflate(input, output)
    }

    fn finish_message(&mut self, output: &mut [u8]) -> Result<Finished, InflateError> {
        (**self).finish_message(output)
    }
}

/// What is lent does what its owner's would.
impl<T: Deflate + ?Sized> Deflate for &mut T {
    fn window_bits(&self) -> u8 {
        (**self).window_bits()
    }

    fn limit_window(&mut self, window_bits: u8) -> bool {
        (**self).limit_window(window_bits)
    }

    fn is_idle(&self) -> bool {
        (**self).is_idle()
    }

    fn reset(&mut self) {
        (**self).reset();
    }

    fn compress(&mut self, input: &[u8], output: &mut [u8], flush: bool) -> Compressed {
        (**self).compress(input, output, flush)
    }
}

impl<T: Tables> Inflate for Inflater<'_, T> {
    fn window_bits(&self) -> u8 {
        self.window_bits()
    }

    fn limit_window(&mut self, window_bits: u8) -> bool {
        self.limit_window(window_bits);
        window_bits <= self.window_bits()
    }

    fn reset(&mut self) {
        self.reset();
    }

    fn taken(&self) -> u64 {
        self.taken()
    }

    fn inflate(&mut self, input: &[u8], output: &mut [u8]) -> Result<Progress, InflateError> {
        self.inflate(input, output)
    }

    fn finish_message(&mut self, output: &mut [u8]) -> Result<Finished, InflateError> {
        self.finish_message(output)
    }
}

impl Deflate for Compressor<'_> {
    fn window_bits(&self) -> u8 {
        self.window_bits()
    }

    /// Always: its window is no larger than it is told.
    fn limit_window(&mut self, window_bits: u8) -> bool {
        self.limit_window(window_bits);
        true
    }

    fn is_idle(&self) -> bool {
        self.is_idle()
    }

    fn reset(&mut self) {
        self.reset();
    }

    fn compress(&mut self, input: &[u8], output: &mut [u8], flush: bool) -> Compressed {
        self.compress(input, output, flush)
    }
}
