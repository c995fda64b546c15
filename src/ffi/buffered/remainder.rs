//! What remains of a turn with shared buffers: a block of bytes, wherever it lies.

use super::attach::{Attached, attached, sansocket_buffered};
use super::layer::Lent;
use crate::Remainder;
use crate::ffi::memory::{Region, empty};
use crate::ffi::numbers::{SANSOCKET_ABI_VERSION, done, sansocket_result};

/// What stands at the start of a block; after it come the bytes that are kept. No address, so that the block may move.
#[repr(C)]
#[derive(Clone, Copy)]
struct Kept {
    magic: u64,
    /// How many bytes are kept.
    len: usize,
    /// Whether there was memory for joining.
    has_joining: bool,
    remainder: Remainder<()>,
}

const MAGIC: u64 = u64::from_be_bytes(*b"sansrest") ^ SANSOCKET_ABI_VERSION as u64;

/// Returns the length of the block that `sansocket_buffered_detach` wants, in bytes; 0 if nothing remains, or without a
/// connection: it is idle, and costs nothing until its next turn. Otherwise: input that is not consumed, the current event,
/// a message that is being joined, output that is due, and up to 192 bytes that remember the rest. A program that will not keep
/// that much fails or drops the connection.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_buffered_remaining(buffered: *mut sansocket_buffered) -> usize {
    // SAFETY: the caller keeps to what stands at the top of the header.
    match unsafe { attached(buffered) } {
        Ok(attached) if !attached.layer.is_idle() => size_of::<Kept>().saturating_add(attached.layer.remaining()),
        _ => 0,
    }
}

/// Ends a turn with shared buffers: writes what remains to `block`, memory of any alignment with at least as many bytes as
/// `sansocket_buffered_remaining` says, which may be NULL if that is 0. Connection and buffers
/// are no longer lent then. Every function refuses `buffered`, and `sansocket_buffered_get_transport` says
/// `SANSOCKET_TRANSPORT_CLOSE`: ask it before, and `sansocket_buffered_get_next_timeout`. The block is the caller's; it may be copied and moved, and is for `sansocket_buffered_restore`.
///
/// Returns `SANSOCKET_OK`, or `SANSOCKET_WRONG_MEMORY_LEN` if the block is shorter: it is still attached. The block must not
/// overlap the buffers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_buffered_detach(
    buffered: *mut sansocket_buffered,
    block: *mut u8,
    size: usize,
) -> sansocket_result {
    // SAFETY: the caller keeps to what stands at the top of the header, and lends the block for the call.
    done(unsafe { attached(buffered) }.and_then(|attached| {
        // SAFETY: as above.
        unsafe {
            attached.keep(Region::new(block, size)?)?;
            empty(buffered);
        }
        Ok(())
    }))
}

/// Begins a turn with what remained of the last: right after `sansocket_buffered_attach`, with buffers that are no shorter, and
/// memory for joining if there was some then. Reads the block that `sansocket_buffered_detach` wrote, or a copy of it, which is
/// not needed any longer then; a `size` of 0 stands for nothing that remained. Once for each block, before anything else:
/// neither one that is left out nor one that is given twice is noticed. `room_for` and `in_pieces` may differ from the last
/// turn's; a message that is being joined is joined to its end.
///
/// Returns `SANSOCKET_OK`; `SANSOCKET_NOT_INITIALISED` if it is no such block; `SANSOCKET_WRONG_MEMORY_LEN` if it is cut off;
/// `SANSOCKET_USAGE_BUFFER_TOO_SHORT`, or `SANSOCKET_INVALID_ARGUMENT` as to the memory for joining: the buffers are not as they
/// were. The block must not overlap the buffers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_buffered_restore(
    buffered: *mut sansocket_buffered,
    block: *const u8,
    size: usize,
) -> sansocket_result {
    // SAFETY: the caller keeps to what stands at the top of the header, and lends the block for the call.
    done(unsafe { attached(buffered) }.and_then(|attached| {
        let block = Region::new(block, size)?;
        // SAFETY: as above.
        if size == 0 { Ok(()) } else { unsafe { attached.restore(block) } }
    }))
}

impl Attached {
    /// Refuses memory that overlaps a buffer.
    pub(super) fn check_apart(&self, block: Region) -> Result<(), sansocket_result> {
        [self.input, self.output, self.joining].into_iter().try_for_each(|region| region.check_apart(block))
    }

    /// # Safety
    /// The block is the caller's to be written.
    unsafe fn keep(&mut self, block: Region) -> Result<(), sansocket_result> {
        if self.layer.is_idle() {
            return Ok(());
        }
        self.check_apart(block)?;
        let bytes = block.past(size_of::<Kept>()).map_err(|_| sansocket_result::WRONG_MEMORY_LEN)?;
        let len = self.layer.remaining();
        if bytes.len() < len {
            return Err(sansocket_result::WRONG_MEMORY_LEN);
        }
        if let Some(remainder) = self.layer.detach(|_| Lent(bytes))? {
            let remainder = remainder.map(drop);
            let kept = Kept { magic: MAGIC, len, has_joining: self.joining.len() > 0, remainder };
            // SAFETY: it is as long; the rest is what our caller promises.
            unsafe { block.start().cast::<Kept>().write_unaligned(kept) };
        }
        Ok(())
    }

    /// # Safety
    /// The block is the caller's to be read.
    unsafe fn restore(&mut self, block: Region) -> Result<(), sansocket_result> {
        self.check_apart(block)?;
        let bytes = block.past(size_of::<Kept>()).map_err(|_| sansocket_result::WRONG_MEMORY_LEN)?;
        // SAFETY: it is as long; the first word may be anything, and with that word `keep` wrote all of it.
        let kept = unsafe {
            if block.start().cast::<u64>().read_unaligned() != MAGIC {
                return Err(sansocket_result::NOT_INITIALISED);
            }
            block.start().cast::<Kept>().read_unaligned()
        };
        if bytes.len() < kept.len {
            return Err(sansocket_result::WRONG_MEMORY_LEN);
        }
        if kept.has_joining != (self.joining.len() > 0) {
            return Err(sansocket_result::INVALID_ARGUMENT);
        }
        Ok(self.layer.restore(&kept.remainder.map(|()| Lent(bytes)))?)
    }
}
