//! `Buffered`, in memory of the caller's: a connection in its own place, with buffers that C lends.

#[cfg(feature = "deflate")]
use super::codec::Codecs;
use super::layer::{Layer, Lent, Place};
use crate::ffi::connection::sansocket;
use crate::ffi::memory::{Opaque, Region, check_filled, check_struct, fill, object, object_ref};
use crate::ffi::numbers::{done, sansocket_result};
use crate::{Buffered, MAX_ANSWER, MAX_REMAINDER, UsageError};

/// A connection with the two buffers of its transport: it says what is to be written and where to read into, and no more I/O
/// than that. It lies in 320 bytes of the caller's, and may be moved between calls; the connection and the
/// buffers that it was attached to stay where they are. There is nothing to free.
#[repr(C)]
pub struct sansocket_buffered {
    /// Not for the caller.
    opaque: [u64; 40],
}

/// What `sansocket_buffered_attach` is told. Begin with all of it zero. The struct itself is needed only during the call; the
/// memory that it names is lent until `sansocket_buffered_detach`, or until neither the `sansocket_buffered` nor an event of it
/// is used.
#[repr(C)]
pub struct sansocket_buffers {
    /// For what arrives: where to read into. Its contents do not matter.
    pub input: *mut u8,
    /// How many bytes, at least 131. A message that is joined here has at most 144 bytes less (a header and a control frame);
    /// while a head fills it without an end, it is answered with 431, whatever `SANSOCKET_OPTION_MAX_HEAD_LEN` says.
    pub input_size: usize,
    /// For what goes to the peer. Its contents do not matter.
    pub output: *mut u8,
    /// How many bytes, at least 262. 131 of them (`SANSOCKET_MAX_ANSWER`) are kept for answers to the peer; the longest message
    /// that `sansocket_buffered_send` takes has 14 bytes less than the others.
    pub output_size: usize,
    /// For messages that arrive in pieces, to be joined here: the longest may fill it. NULL, with a size of 0, to join them in the
    /// input. What is inflated comes here (`sansocket_buffered_set_inflater`), `in_pieces` too: then the longest piece may fill it.
    pub joining: *mut u8,
    /// How many bytes.
    pub joining_size: usize,
    /// There is no event unless the output has room for so many bytes of frames beside the answer to the peer: what a handler sends
    /// for each event without looking. For an echo that is the longest piece and 14. At most `output_size` less 131, otherwise
    /// `SANSOCKET_USAGE_BUFFER_TOO_SHORT`.
    pub room_for: usize,
    /// 1 for messages in pieces, as they arrive, of any length; 0 for whole ones. A message that is too long to be joined fails the
    /// connection with 1009.
    pub in_pieces: u8,
    /// 0.
    pub reserved: [u8; 7],
    /// 0.
    pub reserved_more: u64,
}

/// Some bytes. `data` is NULL, and `len` 0, if there are none.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct sansocket_bytes {
    /// The first byte.
    pub data: *mut u8,
    /// How many bytes.
    pub len: usize,
}

/// What stands in a `sansocket_buffered`.
#[doc(hidden)]
pub struct Attached {
    pub(super) layer: Layer,
    #[cfg(feature = "deflate")]
    pub(super) codecs: Codecs,
    place: Place,
    pub(super) input: Region,
    pub(super) output: Region,
    pub(super) joining: Region,
}

// SAFETY: the size and the alignment are asserted by `fill`; the words may be anything.
unsafe impl Opaque for sansocket_buffered {
    type Object = Attached;
    const NAME: &'static [u8; 8] = b"sansbuff";
}

const _: () = assert!(size_of::<sansocket_buffered>() == 320 && align_of::<sansocket_buffered>() == align_of::<u64>());

/// The least bytes of the buffers, so that every control frame and its answer fit.
const MIN_INPUT: usize = MAX_REMAINDER + 1;
const MIN_OUTPUT: usize = 2 * MAX_ANSWER;

/// Gives a connection its buffers: once, right after it was initialised, or for one turn with buffers that many connections
/// share, which `sansocket_buffered_detach` ends. `buffered` may have any contents before, and what it held is lost, unread input
/// and output that is due too: `sansocket_buffered_detach` comes first.
///
/// The connection is lent until it is detached, or for as long as `buffered` is used: it stays where it is, belongs to no other
/// `sansocket_buffered`, and meanwhile only functions that ask it something (`sansocket_get_...`) are called with `ws` itself.
///
/// Returns `SANSOCKET_OK`, `SANSOCKET_NOT_INITIALISED` (the connection), `SANSOCKET_USAGE_BUFFER_TOO_SHORT`,
/// `SANSOCKET_OVERLAP` if two of the buffers do, or `SANSOCKET_INVALID_ARGUMENT` for a `reserved` that is not 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_buffered_attach(
    buffered: *mut sansocket_buffered,
    ws: *mut sansocket,
    buffers: *const sansocket_buffers,
) -> sansocket_result {
    let attach = || {
        check_struct(buffers)?;
        // SAFETY: not NULL and aligned; the caller lends both for the call.
        let buffers = unsafe { check_filled(ws).map(|()| &*buffers) }?;
        let [input, output, joining] = buffers.regions()?;
        let layer = Buffered::attach(Place(ws), Lent(input), Lent(output)).join_in(Lent(joining));
        let layer = if buffers.in_pieces == 1 { layer.in_pieces() } else { layer.whole() };
        let layer = layer.room_for(buffers.room_for);
        Ok(Attached {
            layer,
            #[cfg(feature = "deflate")]
            codecs: Codecs::NONE,
            place: Place(ws),
            input,
            output,
            joining,
        })
    };
    // SAFETY: the caller keeps to what stands at the top of the header.
    done(unsafe { fill(buffered, attach) })
}

/// The layer in a struct of the caller's, to be used; its connection is there.
///
/// # Safety
/// NULL or a struct that the caller has to itself, in memory that was written; what was lent to it still is.
#[inline]
pub(super) unsafe fn attached<'a>(buffered: *mut sansocket_buffered) -> Result<&'a mut Attached, sansocket_result> {
    // SAFETY: what our caller promises.
    unsafe {
        let attached = object(buffered)?;
        check_filled(attached.place.0)?;
        Ok(attached)
    }
}

/// The same, to be looked at.
///
/// # Safety
/// NULL or a struct that nobody writes, in memory that was written; what was lent to it still is.
#[inline]
pub(super) unsafe fn attached_ref<'a>(buffered: *const sansocket_buffered) -> Result<&'a Attached, sansocket_result> {
    // SAFETY: what our caller promises.
    unsafe {
        let attached = object_ref(buffered)?;
        check_filled(attached.place.0)?;
        Ok(attached)
    }
}

impl sansocket_buffers {
    /// Input, output and memory for joining, apart from each other and long enough.
    #[doc(hidden)]
    pub fn regions(&self) -> Result<[Region; 3], sansocket_result> {
        if self.in_pieces > 1 || self.reserved != [0; 7] || self.reserved_more != 0 {
            return Err(sansocket_result::INVALID_ARGUMENT);
        }
        let input = Region::new(self.input, self.input_size)?;
        let output = Region::new(self.output, self.output_size)?;
        let joining = Region::new(self.joining, self.joining_size)?;
        input.check_apart(output)?;
        joining.check_apart(input)?;
        joining.check_apart(output)?;
        if input.len() < MIN_INPUT || output.len() < MIN_OUTPUT.max(MAX_ANSWER.saturating_add(self.room_for)) {
            return Err(UsageError::BufferTooShort.into());
        }
        Ok([input, output, joining])
    }
}

impl sansocket_bytes {
    pub(super) const NONE: Self = Self { data: core::ptr::null_mut(), len: 0 };

    /// Bytes that lie in a region.
    #[doc(hidden)]
    pub fn of(bytes: &[u8], region: Region) -> Self {
        if bytes.is_empty() { Self::NONE } else { Self { data: region.pointer_at(bytes.as_ptr().addr()), len: bytes.len() } }
    }

    /// Bytes that C only reads, and only as long as they are borrowed.
    pub(super) fn read_only(bytes: &[u8]) -> Self {
        if bytes.is_empty() { Self::NONE } else { Self { data: bytes.as_ptr().cast_mut(), len: bytes.len() } }
    }
}
