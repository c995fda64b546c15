//! The `sansocket_session` itself: memory of the caller's with a `Session` in it, and what was lent to that.

use core::ffi::c_void;

use sansocket::ffi::support::{Lender, Lent, Opaque, Region, Source, object, object_ref};
use sansocket::ffi::{sansocket_bytes, sansocket_result, sansocket_text};

use crate::Session;

/// A client's session: connections that follow one another, as one thing to send to and to take events from. It lies in 896 bytes of the
/// caller's, with its connection in it, and may be moved between calls; what was lent to it by its setup stays where it is. There is
/// nothing to free. Zeroed memory is a session that was never initialised.
#[repr(C)]
pub struct sansocket_session {
    /// Not for the caller.
    opaque: [u64; 112],
}

/// A session in memory that C lends.
pub type Life = Session<'static, Source, Lent, Lent, Lent, Lent>;

/// What stands in a `sansocket_session`.
#[doc(hidden)]
pub struct Placed {
    /// The session.
    pub life: Life,
    /// What was lent to it.
    pub input: Region,
    /// The same.
    pub output: Region,
    /// The same.
    pub joining: Region,
    /// The same.
    pub memory: Region,
}

// SAFETY: the size and the alignment are asserted by `fill`; the words may be anything.
unsafe impl Opaque for sansocket_session {
    type Object = Placed;
    const NAME: &'static [u8; 8] = b"sanssess";
}

const _: () = assert!(size_of::<sansocket_session>() == 896 && align_of::<sansocket_session>() == align_of::<u64>());

/// The session in a struct of the caller's, to be used.
///
/// # Safety
/// NULL or a struct that the caller has to itself, in memory that was written; what was lent to it still is.
pub unsafe fn placed<'a>(session: *mut sansocket_session) -> Result<&'a mut Placed, sansocket_result> {
    // SAFETY: what our caller promises.
    unsafe { object(session) }
}

/// The same, to be looked at.
///
/// # Safety
/// NULL or a struct that nobody writes, in memory that was written; what was lent to it still is.
pub unsafe fn placed_ref<'a>(session: *const sansocket_session) -> Result<&'a Placed, sansocket_result> {
    // SAFETY: what our caller promises.
    unsafe { object_ref(session) }
}

impl Placed {
    /// Bytes that a call reads, apart from what it writes: the output and the memory.
    ///
    /// # Safety
    /// They are the caller's for the call.
    pub unsafe fn lent<'a>(&self, data: *const c_void, len: usize) -> Result<&'a [u8], sansocket_result> {
        Region::new(data.cast(), len)?.check_apart(self.memory)?;
        // SAFETY: what our caller promises.
        unsafe { Lender::new(self.output).bytes(data, len) }
    }

    /// Where bytes are that an event shows, by a pointer that stays good when slices of the buffers are made.
    pub fn pointer_to(&self, bytes: *const u8) -> *mut u8 {
        let places = [self.memory, self.joining, self.input];
        let place = places.iter().find(|place| place.contains(bytes.addr()));
        place.map_or(core::ptr::null_mut(), |place| place.pointer_at(bytes.addr()))
    }

    /// The same for text, which may lie in the configuration.
    pub fn text(&self, text: &str) -> sansocket_text {
        let own = self.pointer_to(text.as_ptr());
        let text = sansocket_text::of(text.as_bytes());
        if own.is_null() || text.len == 0 { text } else { sansocket_text { data: own.cast(), ..text } }
    }

    /// How many bytes the input has room for.
    pub(super) fn free(&self) -> usize {
        let unread = self.life.unread();
        let end = unread.as_ptr().addr().wrapping_add(unread.len()).wrapping_sub(self.input.start().addr());
        self.input.past(end).map_or(0, Region::len)
    }
}

/// No bytes.
pub(super) const NO_BYTES: sansocket_bytes = sansocket_bytes { data: core::ptr::null_mut(), len: 0 };

/// Bytes that lie in a region; none without a session.
pub(super) fn bytes_of(found: Result<(&[u8], Region), sansocket_result>) -> sansocket_bytes {
    found.map_or(NO_BYTES, |(bytes, region)| sansocket_bytes::of(bytes, region))
}
