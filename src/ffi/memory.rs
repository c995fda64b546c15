//! Pointers and lengths from C, checked before anything is read through them.

use super::result::sansocket_result;

/// Refuses NULL and what is not aligned for a `T`.
#[inline]
pub(super) fn check_struct<T>(pointer: *const T) -> Result<(), sansocket_result> {
    if pointer.is_null() {
        return Err(sansocket_result::SANSOCKET_NULL_POINTER);
    }
    if pointer.is_aligned() { Ok(()) } else { Err(sansocket_result::SANSOCKET_MISALIGNED) }
}

/// Refuses what [`check_struct`] refuses, and a struct or functions of another version.
pub(super) fn check_version<T>(pointer: *const T, size: usize, abi_version: u32) -> Result<(), sansocket_result> {
    check_struct(pointer)?;
    if size != size_of::<T>() {
        return Err(sansocket_result::SANSOCKET_WRONG_SIZE);
    }
    if abi_version == super::SANSOCKET_ABI_VERSION { Ok(()) } else { Err(sansocket_result::SANSOCKET_WRONG_VERSION) }
}

/// Octets of the caller's. NULL stands for none.
#[derive(Clone, Copy)]
pub(super) struct Region {
    data: *mut u8,
    len: usize,
}

impl Region {
    #[inline]
    pub(super) fn new(data: *const u8, len: usize) -> Result<Self, sansocket_result> {
        if isize::try_from(len).is_err() {
            return Err(sansocket_result::SANSOCKET_LENGTH_TOO_LARGE);
        }
        if data.is_null() && len > 0 {
            return Err(sansocket_result::SANSOCKET_NULL_POINTER);
        }
        Ok(Self { data: data.cast_mut(), len })
    }

    /// Refuses two regions with an octet in common.
    #[inline]
    pub(super) fn check_apart(self, other: Self) -> Result<(), sansocket_result> {
        let (start, other_start) = (self.data.addr(), other.data.addr());
        let inside = other_start.wrapping_sub(start) < self.len || start.wrapping_sub(other_start) < other.len;
        if inside && self.len > 0 && other.len > 0 { Err(sansocket_result::SANSOCKET_OVERLAP) } else { Ok(()) }
    }

    /// The octets, to be read.
    ///
    /// # Safety
    /// They are the caller's for `'a`, and nobody writes them.
    #[inline]
    pub(super) unsafe fn octets<'a>(self) -> &'a [u8] {
        if self.data.is_null() {
            return &[];
        }
        // SAFETY: not NULL and at most `isize::MAX` octets (`new`); the rest is what our caller promises.
        unsafe { core::slice::from_raw_parts(self.data, self.len) }
    }

    /// The octets, to be written.
    ///
    /// # Safety
    /// They are the caller's for `'a`, and nobody else reads or writes them.
    #[inline]
    pub(super) unsafe fn octets_mut<'a>(self) -> &'a mut [u8] {
        if self.data.is_null() {
            return &mut [];
        }
        // SAFETY: not NULL and at most `isize::MAX` octets (`new`); the rest is what our caller promises.
        unsafe { core::slice::from_raw_parts_mut(self.data, self.len) }
    }
}
