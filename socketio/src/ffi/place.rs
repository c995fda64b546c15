//! The `sansocket_socketio` itself: memory of the caller's with a `Client` in it, and what was lent to that.

use core::ptr::NonNull;

use ::sansocket_session::ffi::sansocket_session;
use ::sansocket_session::ffi::support::{Placed, placed};
use sansocket::ffi::sansocket_result;
use sansocket::ffi::support::{Lent, Opaque, Region, check_struct, object, object_ref};

use crate::client::{AckSlot, Client, NamespaceSlot};

/// A Socket.IO client, which stands on a `sansocket_session` that is passed to its functions: always the same one. It lies in 256 bytes of
/// the caller's and may be moved between calls; what was lent to it by its setup stays where it is. There is nothing to free. Zeroed memory is
/// a client that was never initialised.
#[repr(C)]
pub struct sansocket_socketio {
    /// Not for the caller.
    opaque: [u64; 32],
}

/// Memory for a namespace. Its contents are the library's, and do not matter before.
#[repr(C)]
pub struct sansocket_namespace_slot {
    /// Not for the caller.
    opaque: [u64; 4],
}

/// Memory for an answer that is waited for. Its contents are the library's, and do not matter before.
#[repr(C)]
pub struct sansocket_ack_slot {
    /// Not for the caller.
    opaque: [u64; 5],
}

/// A client in memory that C lends.
pub(super) type Life = Client<'static, LentSlots<NamespaceSlot>, LentSlots<AckSlot>, Lent>;

/// What stands in a `sansocket_socketio`.
#[doc(hidden)]
pub struct Standing {
    pub(super) life: Life,
    /// What was lent to it: its slots, its memory.
    pub(super) lent: [Region; 3],
}

// SAFETY: the size and the alignment are asserted by `fill`; the words may be anything.
unsafe impl Opaque for sansocket_socketio {
    type Object = Standing;
    const NAME: &'static [u8; 8] = b"sanssoio";
}

const _: () = assert!(size_of::<sansocket_socketio>() == 256 && align_of::<sansocket_socketio>() == align_of::<u64>());

/// Slots in memory of the caller's that is lent for as long as this exists, and lies apart from all other.
pub(super) struct LentSlots<T> {
    first: NonNull<T>,
    count: usize,
}

impl<T: Copy> LentSlots<T> {
    /// Where `count` slots of C's are, each of which has room for one of ours.
    pub(super) fn region<C>(slots: *mut C, count: usize) -> Result<Region, sansocket_result> {
        const { assert!(size_of::<T>() <= size_of::<C>() && align_of::<T>() <= align_of::<C>()) };
        if count > 0 {
            check_struct(slots)?;
        }
        let len = count.checked_mul(size_of::<C>()).ok_or(sansocket_result::LENGTH_TOO_LARGE)?;
        Region::new(slots.cast(), len)
    }

    /// Slots that are all `empty`.
    ///
    /// # Safety
    /// The region is that of as many slots of C's, and is the caller's to be lent, apart from all other.
    pub(super) unsafe fn new(region: Region, count: usize, empty: T) -> Self {
        let Some(first) = NonNull::new(region.start().cast::<T>()).filter(|_| count > 0) else {
            return Self { first: NonNull::dangling(), count: 0 };
        };
        for at in 0..count {
            // SAFETY: within the region, aligned like C's slots, and the caller's to be written.
            unsafe { first.add(at).write(empty) };
        }
        Self { first, count }
    }
}

impl<T> AsRef<[T]> for LentSlots<T> {
    fn as_ref(&self) -> &[T] {
        // SAFETY: `new` wrote them; what `LentSlots` says.
        unsafe { core::slice::from_raw_parts(self.first.as_ptr(), self.count) }
    }
}

impl<T> AsMut<[T]> for LentSlots<T> {
    fn as_mut(&mut self) -> &mut [T] {
        // SAFETY: `new` wrote them; what `LentSlots` says.
        unsafe { core::slice::from_raw_parts_mut(self.first.as_ptr(), self.count) }
    }
}

/// The client in a struct of the caller's and the session below it, to be used. What was lent to one lies apart from what was lent to the other.
///
/// # Safety
/// Both NULL or structs that the caller has to itself, in memory that was written; what was lent to them still is.
pub(super) unsafe fn standing<'a>(
    io: *mut sansocket_socketio,
    session: *mut sansocket_session,
) -> Result<(&'a mut Standing, &'a mut Placed), sansocket_result> {
    // SAFETY: what our caller promises. They are two, since one struct cannot have both names.
    let (io, placed) = unsafe { (object(io)?, placed(session)?) };
    for region in [placed.input, placed.output, placed.joining, placed.memory] {
        io.check_apart(region)?;
    }
    Ok((io, placed))
}

/// The client alone, to be looked at.
///
/// # Safety
/// NULL or a struct that nobody writes, in memory that was written; what was lent to it still is.
pub(super) unsafe fn standing_ref<'a>(io: *const sansocket_socketio) -> Result<&'a Standing, sansocket_result> {
    // SAFETY: what our caller promises.
    unsafe { object_ref(io) }
}

impl Standing {
    /// Refuses what has a byte in common with what was lent to the client.
    pub(super) fn check_apart(&self, region: Region) -> Result<(), sansocket_result> {
        self.lent.iter().try_for_each(|lent| lent.check_apart(region))
    }
}
