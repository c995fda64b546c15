//! permessage-deflate for a connection with its buffers: the codecs that the caller lends.

use super::attach::{Attached, attached, sansocket_buffered};
use super::codec::{COMPRESSOR, Compressing, FOREIGN_COMPRESSOR, FOREIGN_INFLATER, INFLATER, Inflating};
use crate::UsageError;
use crate::ffi::codec::{ForeignCompressor, ForeignInflater, sansocket_deflate_codec, sansocket_inflate_codec};
use crate::ffi::deflate::{sansocket_compressor, sansocket_inflater};
use crate::ffi::memory::{Region, object};
use crate::ffi::numbers::{done, sansocket_result};

/// Inflates what comes on this connection with `inflater`, once permessage-deflate is agreed on, at the handshake's event or later; NULL
/// takes it away again. It is lent until then, until `sansocket_buffered_detach`, or for as long as `buffered` is used: it belongs to
/// this connection alone, and stays where it is. `sansocket_buffered_attach` begins without one, so a turn with shared buffers sets it
/// each time. Messages are inflated into `joining` of `sansocket_buffers`: a whole one that is longer fails the connection
/// with 1009; pieces, if they are asked for, fill it at most.
///
/// Without an inflater a compressed message fails the connection with 1011, and `sansocket_buffered_next` returns
/// `SANSOCKET_USAGE_NO_DEFLATE` once.
/// Its history is as long as the window that was agreed for what the peer sends (`sansocket_get_deflate`), or longer.
///
/// Returns `SANSOCKET_OK`, `SANSOCKET_NOT_INITIALISED` (one of the two), `SANSOCKET_USAGE_BUFFER_TOO_SHORT` if there is no `joining`,
/// or `SANSOCKET_OVERLAP` if the history and a buffer do.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_buffered_set_inflater(
    buffered: *mut sansocket_buffered,
    inflater: *mut sansocket_inflater,
) -> sansocket_result {
    // SAFETY: the caller keeps to what stands at the top of the header, and lends the inflater.
    done(unsafe { attached(buffered) }.and_then(|attached| {
        if !inflater.is_null() {
            // SAFETY: as above.
            attached.check_inflating(unsafe { object(inflater) }?.memory)?;
        }
        attached.codecs.inflating = Inflating::new(&INFLATER, inflater.cast());
        Ok(())
    }))
}

/// Compresses what is sent on this connection with `compressor`, once permessage-deflate is agreed on; NULL takes it away again.
/// Messages of fewer than `min_len` bytes go uncompressed: without context takeover short ones hardly get shorter. It is lent as an
/// inflater is (`sansocket_buffered_set_inflater`), but without context takeover (`send_no_context_takeover` of
/// `sansocket_get_deflate`) any number of connections can share it, one message after the other; `sansocket_compressor_reset` it after
/// a message in parts that its connection did not end.
///
/// Whether a message is compressed is decided when it begins: it goes uncompressed, too, if it is sent by `sansocket_buffered_send_plain`
/// or `_send_part_plain`, if what it could become at worst (n + n/8 + n/64 and at most 78 bytes) has no room where it fits as
/// it is, or if the compressor is inside a message of another connection.
///
/// Returns `SANSOCKET_OK`, `SANSOCKET_NOT_INITIALISED` (one of the two), or `SANSOCKET_OVERLAP` if its memory and a buffer do. What is
/// sent must not overlap that memory either.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_buffered_set_compressor(
    buffered: *mut sansocket_buffered,
    compressor: *mut sansocket_compressor,
    min_len: usize,
) -> sansocket_result {
    // SAFETY: the caller keeps to what stands at the top of the header, and lends the compressor.
    done(unsafe { attached(buffered) }.and_then(|attached| {
        // SAFETY: as above.
        let memory = if compressor.is_null() { Region::NONE } else { unsafe { object(compressor) }?.memory };
        attached.check_apart(memory)?;
        attached.codecs.compressing = Compressing::new(&COMPRESSOR, compressor.cast(), min_len, memory);
        Ok(())
    }))
}

/// `sansocket_buffered_set_inflater` with a codec of the caller's.
///
/// Returns what that does, `SANSOCKET_NULL_POINTER` for a codec without `inflate` or `reset`, or `SANSOCKET_OUT_OF_RANGE` for
/// window bits other than 8 to 15.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_buffered_set_inflate_codec(
    buffered: *mut sansocket_buffered,
    codec: *mut sansocket_inflate_codec,
) -> sansocket_result {
    // SAFETY: the caller keeps to what stands at the top of the header, and lends the codec.
    done(unsafe { attached(buffered) }.and_then(|attached| {
        if !codec.is_null() {
            // SAFETY: as above.
            unsafe { ForeignInflater::new(codec) }?;
            attached.check_inflating(Region::NONE)?;
        }
        attached.codecs.inflating = Inflating::new(&FOREIGN_INFLATER, codec.cast());
        Ok(())
    }))
}

/// `sansocket_buffered_set_compressor` with a codec of the caller's. If it fails, the functions that send return
/// `SANSOCKET_CODEC_FAILED`, and the connection has failed with 1011.
///
/// Returns what that does, `SANSOCKET_NULL_POINTER` for a codec without `compress` or `reset`, or `SANSOCKET_OUT_OF_RANGE` for
/// window bits other than 8 to 15.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_buffered_set_deflate_codec(
    buffered: *mut sansocket_buffered,
    codec: *mut sansocket_deflate_codec,
    min_len: usize,
) -> sansocket_result {
    // SAFETY: the caller keeps to what stands at the top of the header, and lends the codec.
    done(unsafe { attached(buffered) }.and_then(|attached| {
        if !codec.is_null() {
            // SAFETY: as above.
            unsafe { ForeignCompressor::new(codec) }?;
        }
        attached.codecs.compressing = Compressing::new(&FOREIGN_COMPRESSOR, codec.cast(), min_len, Region::NONE);
        Ok(())
    }))
}

impl Attached {
    fn check_inflating(&self, memory: Region) -> Result<(), sansocket_result> {
        if self.joining.len() == 0 {
            return Err(UsageError::BufferTooShort.into());
        }
        self.check_apart(memory)
    }
}
