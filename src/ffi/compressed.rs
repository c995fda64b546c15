//! One compressed frame for many connections.

use super::codec::{ForeignCompressor, sansocket_deflate_codec, window_bits_of};
use super::connection::sansocket;
use super::deflate::sansocket_compressor;
use super::io::{give_bytes, sansocket_io};
use super::memory::{Region, check_struct, object, write};
use super::numbers::{Refusal, sansocket_kind, sansocket_result};
use crate::{CompressedMessage, Deflate};
use core::ffi::c_void;

/// Compresses a whole message of a server's as one frame, once, to be sent to many: to every connection whose server compresses
/// each message by itself (`send_no_context_takeover` of `sansocket_get_deflate`), in a window of at least 2^`window_bits` bytes.
/// `sansocket_send_compressed` sends it on each. The compressor uses no more of its own window, and may serve other
/// connections, or other messages, between the calls. The frame goes to the output of an `io` of its own; of that only the output
/// is used.
///
/// Returns `SANSOCKET_OK`; `SANSOCKET_NEEDS_ROOM` unless there is room for a frame that does not compress, of n + n/8 + n/64 and at
/// most 74 bytes for a payload of n; `SANSOCKET_USAGE_INVALID_UTF8`; `SANSOCKET_USAGE_WRONG_COMPRESSOR` for one that is inside a
/// message; `SANSOCKET_OUT_OF_RANGE` for window bits other than 8 to 15; or `SANSOCKET_INVALID_ARGUMENT` for a kind that does not
/// exist. Neither payload nor output may overlap the compressor's memory.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_encode_compressed(
    io: *mut sansocket_io,
    compressor: *mut sansocket_compressor,
    window_bits: u32,
    kind: sansocket_kind,
    payload: *const c_void,
    len: usize,
) -> sansocket_result {
    // SAFETY: the caller keeps to what stands at the top of the header, and lends payload and output.
    unsafe {
        give_bytes(io, |call, output| {
            let compressor = object(compressor)?;
            let payload = call.lent_apart(compressor.memory, payload, len)?;
            encode(&mut compressor.codec, window_bits, kind, payload, output)
        })
    }
}

/// `sansocket_encode_compressed` with a codec of the caller's.
///
/// Returns what that does, `SANSOCKET_NULL_POINTER` for a codec without `compress` or `reset`, `SANSOCKET_USAGE_NO_DEFLATE` for one
/// that cannot keep to the window, or `SANSOCKET_CODEC_FAILED`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_encode_compressed_with_codec(
    io: *mut sansocket_io,
    codec: *mut sansocket_deflate_codec,
    window_bits: u32,
    kind: sansocket_kind,
    payload: *const c_void,
    len: usize,
) -> sansocket_result {
    // SAFETY: the caller keeps to what stands at the top of the header, and lends payload and output.
    unsafe {
        give_bytes(io, |call, output| {
            let mut compressor = ForeignCompressor::new(codec)?;
            let payload = call.lent(payload, len)?;
            let encoded = encode(&mut compressor, window_bits, kind, payload, output);
            (*codec).state = compressor.state();
            if compressor.did_fail() { Err(sansocket_result::CODEC_FAILED.into()) } else { encoded }
        })
    }
}

/// Counts a message that `sansocket_encode_compressed` encoded with this `window_bits`, the `len` bytes at `encoded`, as sent on
/// this connection. Writes to `due` how many of them the caller has to write now, after what is in the output: all, or 0 if the
/// connection is closing already.
///
/// Returns what `sansocket_send_encoded` does, `SANSOCKET_OUT_OF_RANGE` for window bits other than 8 to 15, or
/// `SANSOCKET_USAGE_NO_DEFLATE` if this server does not compress each message by itself, or only in a smaller window: send it
/// another way then.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_send_compressed(
    ws: *mut sansocket,
    encoded: *const u8,
    len: usize,
    window_bits: u32,
    due: *mut usize,
) -> sansocket_result {
    let send = || {
        check_struct(due)?;
        // SAFETY: the caller keeps to what stands at the top of the header, and lends the bytes for the call.
        let (endpoint, encoded) = unsafe { (object(ws)?, Region::new(encoded, len)?.bytes()) };
        Ok(endpoint.send_compressed(&CompressedMessage::from_parts(encoded, window_bits_of(window_bits)?))?)
    };
    // SAFETY: `due` was checked; the caller's to be written.
    unsafe { write(due, send()) }
}

/// The length of the frame.
fn encode(
    compressor: &mut dyn Deflate,
    window_bits: u32,
    kind: sansocket_kind,
    payload: &[u8],
    output: &mut [u8],
) -> Result<usize, Refusal> {
    let message = CompressedMessage::encode(compressor, window_bits_of(window_bits)?, kind.try_into()?, payload, output)?;
    Ok(message.frame().len())
}
