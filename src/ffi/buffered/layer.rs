//! The layer that a `sansocket_buffered` holds: a connection in its own place, with buffers that C lends.

use crate::Buffered;
use crate::ffi::connection::{Endpoint, sansocket};
use crate::ffi::memory::{Filled, Region};
use crate::ffi::setup::Source;
use core::borrow::{Borrow, BorrowMut};

/// A connection in its own place, with memory that C lends.
pub(super) type Layer = Buffered<'static, Source, Lent, Lent, Lent, Place>;

/// Where the connection is, for as long as it is attached.
#[derive(Clone, Copy)]
pub(super) struct Place(pub(super) *mut sansocket);

/// Memory of the caller's that is lent for as long as this exists, and lies apart from all other.
pub struct Lent(pub Region);

impl Borrow<Endpoint> for Place {
    #[inline]
    fn borrow(&self) -> &Endpoint {
        // SAFETY: `attached` and `attached_ref`, by which alone the layer is reached, found it there.
        unsafe { &(*self.0.cast::<Filled<sansocket>>()).object }
    }
}

impl BorrowMut<Endpoint> for Place {
    #[inline]
    fn borrow_mut(&mut self) -> &mut Endpoint {
        // SAFETY: `attached` found it there, and the caller has it to itself.
        unsafe { &mut (*self.0.cast::<Filled<sansocket>>()).object }
    }
}

impl AsRef<[u8]> for Lent {
    #[inline]
    fn as_ref(&self) -> &[u8] {
        // SAFETY: what `Lent` says.
        unsafe { self.0.bytes() }
    }
}

impl AsMut<[u8]> for Lent {
    #[inline]
    fn as_mut(&mut self) -> &mut [u8] {
        // SAFETY: what `Lent` says.
        unsafe { self.0.bytes_mut() }
    }
}
