//! RFC 7692: the inflater and the compressor, in memory of the caller's, and the calls that use them.

use super::call::{event, verb};
use super::connection::sansocket;
use super::io::{Call, give_bytes, sansocket_io};
use super::memory::{Opaque, Region, object, object_ref};
use super::numbers::{done, sansocket_kind, sansocket_level, sansocket_result};
use super::setup::{init, sansocket_setup};
use crate::{Compressor, Inflater, Level};
use core::ffi::c_void;

/// Inflates what a peer compressed, for one connection: 3 456 bytes of the caller's, or 2 112 where pointers have 32 bits, for tables
/// that are smaller and slower; and 2^8 to 2^15 of history that are lent to it. Its contents are the library's. It may be moved
/// between calls, as a `sansocket` may; the history may not. There is nothing to free.
///
/// The functions that take an inflater or a compressor are not in a library that was built without the feature `deflate`.
#[repr(C)]
pub struct sansocket_inflater {
    /// Not for the caller.
    opaque: [u64; 96],
    /// Not for the caller.
    opaque_sizes: [usize; 336],
}

/// Chosen by the size of a pointer, on which C's compiler and Rust's agree: with an option of the build, a header that was told
/// another one would give too little memory.
#[cfg(target_pointer_width = "64")]
type InflaterTables = crate::FastTables;
#[cfg(not(target_pointer_width = "64"))]
type InflaterTables = crate::SmallTables;

/// Compresses what we send, for one connection: 256 bytes of the caller's, and 384 to 158 400 of memory that are lent to it. Its
/// contents are the library's. It may be moved between calls, as a `sansocket` may; the lent memory may not. There is nothing to
/// free.
#[repr(C)]
pub struct sansocket_compressor {
    /// Not for the caller.
    opaque: [u64; 32],
}

/// What stands in both: the codec, and the memory that it has, which nothing that a call reads or writes may overlap.
#[doc(hidden)]
pub struct Lent<T> {
    pub(super) codec: T,
    pub(super) memory: Region,
}

// SAFETY: the size and the alignment are asserted by `fill`; the words may be anything.
unsafe impl Opaque for sansocket_inflater {
    type Object = Lent<Inflater<'static, InflaterTables>>;
    const NAME: &'static [u8; 8] = b"sansinfl";
}

// SAFETY: the size and the alignment are asserted by `fill`; the words may be anything.
unsafe impl Opaque for sansocket_compressor {
    type Object = Lent<Compressor<'static>>;
    const NAME: &'static [u8; 8] = b"sanscomp";
}

const _: () = assert!(size_of::<sansocket_inflater>() == 768 + 336 * size_of::<usize>());
const _: () = assert!(align_of::<sansocket_inflater>() == align_of::<u64>());
const _: () = assert!(size_of::<sansocket_compressor>() == 256 && align_of::<sansocket_compressor>() == align_of::<u64>());

/// Makes an inflater at the start of a connection. Of `setup` it reads `memory` and `memory_len`: the history, 2^8 to 2^15 bytes,
/// at least as long as the window that was agreed for what the peer sends (`receive_window_bits` of `sansocket_get_deflate`): 32 KiB
/// serve any. What refers further back than was agreed is a fault all the same.
///
/// Returns `SANSOCKET_OK`, `SANSOCKET_WRONG_MEMORY_LEN` for a length that is no power of 2 or out of that range, `SANSOCKET_WRONG_SIZE` or `SANSOCKET_WRONG_VERSION`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_inflater_init(
    inflater: *mut sansocket_inflater,
    setup: *const sansocket_setup,
) -> sansocket_result {
    let new = |setup: &sansocket_setup| {
        let memory = Region::new(setup.memory, setup.memory_len)?;
        // SAFETY: the caller lends the history for as long as the inflater is used.
        let codec = Inflater::with_tables(unsafe { memory.bytes_mut() }).ok_or(sansocket_result::WRONG_MEMORY_LEN)?;
        Ok(Lent { codec, memory })
    };
    // SAFETY: the caller keeps to what stands at the top of the header.
    unsafe { init(inflater, setup, new) }
}

/// Makes a compressor at the start of a connection. Of `setup` it reads `window_bits`, of which it uses no more than is
/// agreed for what we send (`send_window_bits` of `sansocket_get_deflate`), `level`, `memory` and `memory_len`: at least as much as
/// `sansocket_compressor_memory_len` says, or, for `SANSOCKET_LEVEL_FAST`, a window and 128 bytes, where what follows the window is
/// the largest hash table that fits.
///
/// Returns what `sansocket_inflater_init` does, or `SANSOCKET_OUT_OF_RANGE` for `window_bits` other than 8 to 15,
/// `SANSOCKET_INVALID_ARGUMENT` for a level that does not exist; `SANSOCKET_WRONG_MEMORY_LEN` for too little memory.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_compressor_init(
    compressor: *mut sansocket_compressor,
    setup: *const sansocket_setup,
) -> sansocket_result {
    let new = |setup: &sansocket_setup| {
        let level = Level::try_from(setup.level)?;
        let bits = u8::try_from(setup.window_bits).ok().filter(|&bits| Compressor::memory_len(bits, level).is_some());
        let bits = bits.ok_or(sansocket_result::OUT_OF_RANGE)?;
        let memory = Region::new(setup.memory, setup.memory_len)?;
        // SAFETY: the caller lends the memory for as long as the compressor is used.
        let codec = Compressor::new(bits, level, unsafe { memory.bytes_mut() }).ok_or(sansocket_result::WRONG_MEMORY_LEN)?;
        Ok(Lent { codec, memory })
    };
    // SAFETY: the caller keeps to what stands at the top of the header.
    unsafe { init(compressor, setup, new) }
}

/// Returns the bytes of memory that a compressor of this window and level has use for: 2 w for `SANSOCKET_LEVEL_FAST`, w being
/// 2^`window_bits`, and 19/4 w + 2 752 for the others; 0 if `window_bits` is not 8 to 15 or there is no such level.
#[unsafe(no_mangle)]
pub extern "C" fn sansocket_compressor_memory_len(window_bits: u32, level: sansocket_level) -> usize {
    let (Ok(bits), Ok(level)) = (u8::try_from(window_bits), Level::try_from(level)) else { return 0 };
    Compressor::memory_len(bits, level).unwrap_or(0)
}

/// `sansocket_receive` for a connection with permessage-deflate. Compressed messages are inflated into `window`, `window_len`
/// bytes of the caller's, where the event shows them; others come as they do there. `inflater` belongs to this connection alone.
///
/// Inflating cannot be undone, so this call asks for 131 free bytes of output before it inflates, and what the inflater took
/// stays in it.
///
/// Returns what `sansocket_receive` does, or `SANSOCKET_USAGE_NO_DEFLATE` where a compressed message comes and the window is
/// empty or the inflater's history is shorter than was agreed. No two of input, output, window and history may overlap.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_receive_with(
    ws: *mut sansocket,
    io: *mut sansocket_io,
    inflater: *mut sansocket_inflater,
    window: *mut u8,
    window_len: usize,
) -> sansocket_result {
    // SAFETY: the caller keeps to what stands at the top of the header, and lends input, window and output, which lie apart.
    unsafe {
        event(ws, io, |endpoint, call| {
            let inflater = object(inflater)?;
            let (input, window) = (call.input()?, Region::new(window, window_len)?);
            window.check_apart(input)?;
            window.check_apart(call.whole)?;
            inflater.check_apart([input, window, call.whole])?;
            let (input, window, output) = (input.bytes_mut(), window.bytes_mut(), call.output.bytes_mut());
            Ok(endpoint.receive_with(call.now, input, &mut inflater.codec, window, output)?)
        })
    }
}

/// `sansocket_send`, compressed (RFC 7692 §6.1): writes at most one frame, as long as the output allows. Until `done` the caller
/// writes what is due and calls again with what is left of the payload after its first `consumed` bytes, which may be nothing,
/// and the same `kind` and `fin`. Fragments follow as with `sansocket_send`. With context takeover `compressor` belongs to this
/// connection alone. Without (`send_no_context_takeover` of `sansocket_get_deflate`) any number of connections can share it, one
/// message after the other; `sansocket_compressor_reset` it after a message that its connection did not end.
///
/// To leave a message uncompressed, because it holds a secret beside what a stranger chose (RFC 7692 §8) or is not worth it, use
/// `sansocket_send`.
///
/// Returns what `sansocket_send` does, with `SANSOCKET_NEEDS_ROOM` below 32 free bytes; `SANSOCKET_USAGE_NO_DEFLATE` where none
/// was agreed; `SANSOCKET_USAGE_WRONG_COMPRESSOR` if the compressor is inside another message than this one. Neither payload nor output may overlap the compressor's memory.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_send_with(
    ws: *mut sansocket,
    io: *mut sansocket_io,
    compressor: *mut sansocket_compressor,
    kind: sansocket_kind,
    payload: *const c_void,
    len: usize,
    fin: u8,
) -> sansocket_result {
    // SAFETY: the caller keeps to what stands at the top of the header, and lends payload and output.
    unsafe {
        verb(ws, io, |endpoint, call, output| {
            let compressor = object(compressor)?;
            let payload = call.lent_apart(compressor.memory, payload, len)?;
            let sent = endpoint.send_with(&mut compressor.codec, kind.try_into()?, payload, fin != 0, output)?;
            call.give_consumed(sent.consumed);
            call.give_done(sent.done);
            Ok(sent.produced)
        })
    }
}

/// Inflates from the input to the output, until the one is consumed and all that it says is written, or the other is full: call
/// again then. For those who frame messages themselves; a message is any number of these calls, then `sansocket_inflate_end`.
/// `sansocket_inflater_reset` between messages forgets the history.
///
/// Returns `SANSOCKET_OK`, or a `SANSOCKET_INFLATE_...` for the rule broken, given again until the inflater is reset; what it
/// wrote to the free part of the output is of no use then.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_inflate(inflater: *mut sansocket_inflater, io: *mut sansocket_io) -> sansocket_result {
    // SAFETY: the caller keeps to what stands at the top of the header, and lends input and output, which lie apart.
    unsafe {
        give_bytes(io, |call, output| {
            let inflater = object(inflater)?;
            let input = call.input()?;
            inflater.check_apart([input, call.whole])?;
            let progress = inflater.codec.inflate(input.bytes(), output).map_err(sansocket_result::from)?;
            call.consume(progress.consumed);
            Ok(progress.produced)
        })
    }
}

/// Ends the message after its last byte was consumed: writes what is still to come, and stands as if the bytes 00 00 ff ff, which
/// the sender removed (RFC 7692 §7.2.2), had been read. If `done` is 0, the output was filled: call again, with room.
///
/// Returns what `sansocket_inflate` does.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_inflate_end(inflater: *mut sansocket_inflater, io: *mut sansocket_io) -> sansocket_result {
    // SAFETY: the caller keeps to what stands at the top of the header, and lends the output.
    unsafe {
        give_bytes(io, |call, output| {
            let inflater = object(inflater)?;
            inflater.check_apart([call.whole])?;
            let finished = inflater.codec.finish_message(output).map_err(sansocket_result::from)?;
            call.give_done(finished.done);
            Ok(finished.produced)
        })
    }
}

/// Compresses `len` bytes at `data` to the output until the one is consumed (`consumed`) or the other is full; up to 63 bits wait
/// inside for room. `flush` that is not 0 says that the message ends with them, and is given again with the rest of them, which
/// may be nothing, until `done`. For those who frame messages themselves.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_compress(
    compressor: *mut sansocket_compressor,
    io: *mut sansocket_io,
    data: *const c_void,
    len: usize,
    flush: u8,
) -> sansocket_result {
    // SAFETY: the caller keeps to what stands at the top of the header, and lends bytes and output.
    unsafe {
        give_bytes(io, |call, output| {
            let compressor = object(compressor)?;
            let data = call.lent_apart(compressor.memory, data, len)?;
            let compressed = compressor.codec.compress(data, output, flush != 0);
            call.give_consumed(compressed.consumed);
            call.give_done(compressed.done);
            Ok(compressed.produced)
        })
    }
}

/// Forgets the history and all state, a fault too.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_inflater_reset(inflater: *mut sansocket_inflater) -> sansocket_result {
    // SAFETY: the caller keeps to what stands at the top of the header.
    done(unsafe { object(inflater) }.map(|inflater| inflater.codec.reset()))
}

/// Forgets the history, and a message that was not ended.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_compressor_reset(compressor: *mut sansocket_compressor) -> sansocket_result {
    // SAFETY: the caller keeps to what stands at the top of the header.
    done(unsafe { object(compressor) }.map(|compressor| compressor.codec.reset()))
}

/// Returns the base-2 logarithm of the window in bytes, 8 to 15; 0 if the inflater was never initialised.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_inflater_get_window_bits(inflater: *const sansocket_inflater) -> u32 {
    // SAFETY: the caller keeps to what stands at the top of the header.
    unsafe { object_ref(inflater) }.map_or(0, |inflater| inflater.codec.window_bits().into())
}

/// Returns the base-2 logarithm of the window in bytes, 8 to 15; 0 if the compressor was never initialised.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_compressor_get_window_bits(compressor: *const sansocket_compressor) -> u32 {
    // SAFETY: the caller keeps to what stands at the top of the header.
    unsafe { object_ref(compressor) }.map_or(0, |compressor| compressor.codec.window_bits().into())
}

/// Returns 1 if no message is under way: at first, after a reset, and once the last one is done; 0 inside a message, or if the
/// compressor was never initialised.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_compressor_is_idle(compressor: *const sansocket_compressor) -> u8 {
    // SAFETY: the caller keeps to what stands at the top of the header.
    unsafe { object_ref(compressor) }.is_ok_and(|compressor| compressor.codec.is_idle()).into()
}

impl<T> Lent<T> {
    /// Refuses regions that overlap the lent memory.
    fn check_apart<const N: usize>(&self, regions: [Region; N]) -> Result<(), sansocket_result> {
        regions.into_iter().try_for_each(|region| region.check_apart(self.memory))
    }
}

impl<'a> Call<'a> {
    /// Bytes that the call reads, apart from what is free in the output; both apart from `memory`.
    ///
    /// # Safety
    /// They are the caller's for the call.
    pub(super) unsafe fn lent_apart(
        &self,
        memory: Region,
        data: *const c_void,
        len: usize,
    ) -> Result<&'a [u8], sansocket_result> {
        self.whole.check_apart(memory)?;
        Region::new(data.cast(), len)?.check_apart(memory)?;
        // SAFETY: what our caller promises.
        unsafe { self.lent(data, len) }
    }
}
