//! Pointers and lengths from C, checked before anything is read through them.

use super::numbers::{Refusal, SANSOCKET_ABI_VERSION, sansocket_result};
use crate::UsageError;
use core::ffi::{c_char, c_void};
use core::marker::PhantomData;
use core::ptr::NonNull;

/// Refuses NULL and what is not aligned for a `T`.
#[inline]
pub fn check_struct<T>(pointer: *const T) -> Result<(), sansocket_result> {
    if pointer.is_null() {
        return Err(null_pointer());
    }
    if pointer.is_aligned() { Ok(()) } else { Err(misaligned()) }
}

// Refusals are functions, so that nothing is got ready for them on the way of the calls that are right.
#[cold]
#[inline(never)]
fn null_pointer() -> sansocket_result {
    sansocket_result::NULL_POINTER
}

#[cold]
#[inline(never)]
fn misaligned() -> sansocket_result {
    sansocket_result::MISALIGNED
}

#[cold]
#[inline(never)]
fn out_of_region() -> sansocket_result {
    sansocket_result::INVALID_ARGUMENT
}

#[cold]
#[inline(never)]
fn not_initialised() -> sansocket_result {
    sansocket_result::NOT_INITIALISED
}

/// What an opaque struct of C's holds, after a word that zeroed memory and another version's structs do not have.
///
/// # Safety
/// [`Filled<Self::Object>`](Filled) fits the struct, in size and alignment; any bytes are a value of it.
pub unsafe trait Opaque: Sized {
    /// What stands in it.
    type Object: 'static;

    /// Eight letters that no other struct has.
    const NAME: &'static [u8; 8];

    /// The word, for this version.
    const MAGIC: u64 = u64::from_be_bytes(*Self::NAME) ^ SANSOCKET_ABI_VERSION as u64;

    /// Fails to compile where the object does not fit.
    const FITS: () = assert!(size_of::<Filled<Self>>() <= size_of::<Self>() && align_of::<Filled<Self>>() <= align_of::<Self>());
}

/// What stands in the memory of an [`Opaque`] that was initialised.
#[repr(C)]
pub struct Filled<C: Opaque> {
    magic: u64,
    pub(super) object: C::Object,
}

/// Puts an object into memory of the caller's, whatever it held before.
///
/// # Safety
/// The memory is the caller's to be written.
pub unsafe fn fill<C: Opaque>(
    place: *mut C,
    object: impl FnOnce() -> Result<C::Object, sansocket_result>,
) -> Result<(), sansocket_result> {
    let () = C::FITS;
    check_struct(place)?;
    let filled = Filled { magic: C::MAGIC, object: object()? };
    // SAFETY: not NULL, aligned, and as large as the object needs; the rest is what our caller promises.
    unsafe { place.cast::<Filled<C>>().write(filled) };
    Ok(())
}

/// The object in a struct of the caller's.
///
/// # Safety
/// NULL or a struct that the caller has to itself, in memory that was written.
#[inline]
pub unsafe fn object<'a, C: Opaque>(place: *mut C) -> Result<&'a mut C::Object, sansocket_result> {
    // SAFETY: what our caller promises.
    unsafe { check_filled(place) }?;
    // SAFETY: it is not NULL, aligned, and `fill` made it; the caller has it to itself.
    Ok(unsafe { &mut (*place.cast::<Filled<C>>()).object })
}

/// The same, to be looked at.
///
/// # Safety
/// NULL or a struct that nobody writes, in memory that was written.
#[inline]
pub unsafe fn object_ref<'a, C: Opaque>(place: *const C) -> Result<&'a C::Object, sansocket_result> {
    // SAFETY: what our caller promises.
    unsafe { check_filled(place) }?;
    // SAFETY: it is not NULL, aligned, and `fill` made it; nobody writes it.
    Ok(unsafe { &(*place.cast::<Filled<C>>()).object })
}

/// Makes a struct of the caller's one that was never initialised.
///
/// # Safety
/// It holds an object, and the caller has it to itself.
pub(super) unsafe fn empty<C: Opaque>(place: *mut C) {
    // SAFETY: not NULL and aligned, as it holds an object, which is forgotten: none has a destructor.
    unsafe { (*place.cast::<Filled<C>>()).magic = 0 };
}

/// Calls a function of the caller's while a struct is one that was never initialised, so that nothing reaches what it holds.
///
/// # Safety
/// It holds an object, which is in use.
pub(super) unsafe fn closed_to_others<C: Opaque, T>(place: *mut C, call: impl FnOnce() -> T) -> T {
    // SAFETY: not NULL and aligned, as it holds an object; the word lies beside that.
    unsafe { (*place.cast::<Filled<C>>()).magic = 0 };
    let returned = call();
    // SAFETY: as above.
    unsafe { (*place.cast::<Filled<C>>()).magic = C::MAGIC };
    returned
}

/// # Safety
/// NULL or a struct in memory that was written.
#[inline]
pub(super) unsafe fn check_filled<C: Opaque>(place: *const C) -> Result<(), sansocket_result> {
    check_struct(place)?;
    // SAFETY: not NULL and aligned; the first word may be anything.
    if unsafe { (*place.cast::<Filled<C>>()).magic } == C::MAGIC { Ok(()) } else { Err(not_initialised()) }
}

/// Writes what was found to `to`; nothing where it is refused.
///
/// # Safety
/// `to` was checked, or nothing was found, and is the caller's to be written.
pub unsafe fn write<T>(to: *mut T, found: Result<T, sansocket_result>) -> sansocket_result {
    match found {
        Ok(found) => {
            // SAFETY: what our caller promises.
            unsafe { to.write(found) };
            sansocket_result::OK
        }
        Err(result) => result,
    }
}

/// Bytes of the caller's.
#[derive(Clone, Copy)]
pub struct Region {
    data: NonNull<u8>,
    len: usize,
}

#[expect(clippy::len_without_is_empty, reason = "nobody asks")]
impl Region {
    /// No bytes.
    #[cfg(feature = "deflate")]
    pub const NONE: Self = Self { data: NonNull::dangling(), len: 0 };

    /// NULL stands for none.
    #[inline]
    pub fn new(data: *const u8, len: usize) -> Result<Self, sansocket_result> {
        match NonNull::new(data.cast_mut()) {
            Some(data) if isize::try_from(len).is_ok() => Ok(Self { data, len }),
            _ => Self::new_empty(len),
        }
    }

    #[cold]
    #[inline(never)]
    fn new_empty(len: usize) -> Result<Self, sansocket_result> {
        match len {
            0 => Ok(Self { data: NonNull::dangling(), len }),
            _ if isize::try_from(len).is_err() => Err(sansocket_result::LENGTH_TOO_LARGE),
            _ => Err(sansocket_result::NULL_POINTER),
        }
    }

    /// How many bytes.
    pub const fn len(self) -> usize {
        self.len
    }

    /// Where it starts, to be read or written by a pointer.
    pub const fn start(self) -> *mut u8 {
        self.data.as_ptr()
    }

    /// An address in it, as a pointer that stays good when slices of it are made.
    #[inline]
    pub fn pointer_at(self, address: usize) -> *mut u8 {
        self.data.as_ptr().with_addr(address)
    }

    /// Whether an address lies in it.
    #[inline]
    pub fn contains(self, address: usize) -> bool {
        address.wrapping_sub(self.data.addr().get()) < self.len
    }

    /// What lies past its first `len` bytes.
    #[inline]
    pub fn past(self, len: usize) -> Result<Self, sansocket_result> {
        let rest = self.len.checked_sub(len).ok_or_else(out_of_region)?;
        // SAFETY: within the region or at its end.
        Ok(Self { data: unsafe { self.data.add(len) }, len: rest })
    }

    /// Refuses two regions with a byte in common.
    #[inline]
    pub fn check_apart(self, other: Self) -> Result<(), sansocket_result> {
        let ahead = other.data.addr().get().wrapping_sub(self.data.addr().get());
        // Each starts past the other's end, counted around the address space. Only empty ones may start inside.
        if ahead >= self.len && ahead.wrapping_neg() >= other.len { Ok(()) } else { check_empty(self.len, other.len) }
    }

    /// The bytes, to be read.
    ///
    /// # Safety
    /// They are the caller's for `'a`, and nobody writes them.
    #[inline]
    pub unsafe fn bytes<'a>(self) -> &'a [u8] {
        // SAFETY: not NULL and at most `isize::MAX` bytes (`new`); the rest is what our caller promises.
        unsafe { core::slice::from_raw_parts(self.data.as_ptr(), self.len) }
    }

    /// The bytes, to be written.
    ///
    /// # Safety
    /// They are the caller's for `'a`, and nobody else reads or writes them.
    #[inline]
    pub unsafe fn bytes_mut<'a>(self) -> &'a mut [u8] {
        // SAFETY: not NULL and at most `isize::MAX` bytes (`new`); the rest is what our caller promises.
        unsafe { core::slice::from_raw_parts_mut(self.data.as_ptr(), self.len) }
    }
}

/// Bytes and texts that a call reads, all of which lie apart from what it writes.
#[derive(Clone, Copy)]
pub struct Lender<'a> {
    written: Region,
    lent: PhantomData<&'a [u8]>,
}

impl<'a> Lender<'a> {
    /// What it lends lies apart from `written`.
    #[inline]
    pub fn new(written: Region) -> Self {
        Self { written, lent: PhantomData }
    }

    /// Bytes.
    ///
    /// # Safety
    /// They are the caller's for the call.
    #[inline]
    pub unsafe fn bytes(self, data: *const c_void, len: usize) -> Result<&'a [u8], sansocket_result> {
        let region = Region::new(data.cast(), len)?;
        region.check_apart(self.written)?;
        // SAFETY: what our caller promises.
        Ok(unsafe { region.bytes() })
    }

    /// Text; `otherwise` if it is not UTF-8.
    ///
    /// # Safety
    /// It is the caller's for the call.
    pub unsafe fn text(self, data: *const c_char, len: usize, otherwise: UsageError) -> Result<&'a str, Refusal> {
        // SAFETY: what our caller promises.
        let bytes = unsafe { self.bytes(data.cast(), len) }?;
        core::str::from_utf8(bytes).map_err(|_| otherwise.into())
    }
}

#[cold]
#[inline(never)]
fn check_empty(len: usize, other_len: usize) -> Result<(), sansocket_result> {
    if len == 0 || other_len == 0 { Ok(()) } else { Err(sansocket_result::OVERLAP) }
}
