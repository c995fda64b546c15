//! Text and header lines, as structs of a pointer and a length.

use core::ffi::c_char;

/// Text of the caller's or in memory of the caller's: `len` bytes at `data`, without NUL at its end. Names, hosts, targets and
/// subprotocols are ASCII; the value of a header that was received may have any bytes but controls.
///
/// A text that may be left out is left out if its length is 0, wherever it points. A text that a function returns has `data` NULL
/// if what was asked for does not exist.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct sansocket_text {
    /// The first byte.
    pub data: *const c_char,
    /// How many bytes.
    pub len: usize,
}

/// One header line.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct sansocket_header {
    /// Compared without regard to case.
    pub name: sansocket_text,
    /// Without white space around it.
    pub value: sansocket_text,
}

impl sansocket_text {
    pub(super) const NONE: Self = Self { data: core::ptr::null(), len: 0 };

    /// Text that lies where the caller may see it.
    #[doc(hidden)]
    pub fn of(bytes: &[u8]) -> Self {
        // NULL says that there is none, and Rust's empty slices may point nowhere.
        let data = if bytes.is_empty() { c"".as_ptr() } else { bytes.as_ptr().cast() };
        Self { data, len: bytes.len() }
    }

    /// The same, which may be absent.
    #[doc(hidden)]
    pub fn of_option(bytes: Option<&[u8]>) -> Self {
        bytes.map_or(Self::NONE, Self::of)
    }
}

impl sansocket_header {
    pub(super) const NONE: Self = Self { name: sansocket_text::NONE, value: sansocket_text::NONE };
}
