//! What every codec is to the measurements: one of two traits, and how it is made.

/// The bytes at the end of a sync flush that are not sent (RFC 7692 §7.2.1).
pub(crate) const TAIL: [u8; 4] = [0, 0, 0xFF, 0xFF];

pub(crate) trait Compress {
    /// Writes a message without its tail and returns its length. The output has room for it.
    fn message(&mut self, input: &[u8], output: &mut [u8]) -> usize;
    /// Forgets the history.
    fn reset(&mut self);
}

pub(crate) trait Inflate {
    /// Takes a message with its tail and returns the length of what is in it. The output has room for it.
    fn message(&mut self, input: &[u8], output: &mut [u8]) -> usize;
}

/// A codec that can be made again and again.
pub(crate) struct Codec<T: ?Sized> {
    pub(crate) name: String,
    make: Box<dyn Fn() -> Box<T>>,
}

impl<T: ?Sized> Codec<T> {
    pub(crate) fn new(name: impl Into<String>, make: impl Fn() -> Box<T> + 'static) -> Self {
        Self { name: name.into(), make: Box::new(make) }
    }

    pub(crate) fn make(&self) -> Box<T> {
        (self.make)()
    }
}
