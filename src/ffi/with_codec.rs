//! RFC 7692 in the machine, with codecs of the caller's.

use super::call::{event, verb};
use super::codec::{ForeignCompressor, ForeignInflater, sansocket_deflate_codec, sansocket_inflate_codec};
use super::connection::sansocket;
use super::io::sansocket_io;
use super::memory::Region;
use super::numbers::{sansocket_kind, sansocket_result};
use core::ffi::c_void;

/// `sansocket_receive_with` a codec of the caller's.
///
/// Returns what that does, `SANSOCKET_NULL_POINTER` for a codec without `inflate` or `reset`, or `SANSOCKET_OUT_OF_RANGE` for
/// window bits other than 8 to 15. Input, window and output may not overlap.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_receive_with_codec(
    ws: *mut sansocket,
    io: *mut sansocket_io,
    codec: *mut sansocket_inflate_codec,
    window: *mut u8,
    window_len: usize,
) -> sansocket_result {
    // SAFETY: the caller keeps to what stands at the top of the header, and lends input, window and output, which lie apart.
    unsafe {
        event(ws, io, |endpoint, call| {
            let mut inflater = ForeignInflater::new(codec)?;
            let (input, window) = (call.input()?, Region::new(window, window_len)?);
            window.check_apart(input)?;
            window.check_apart(call.whole)?;
            let (input, window, output) = (input.bytes_mut(), window.bytes_mut(), call.output.bytes_mut());
            let received = endpoint.receive_with(call.now, input, &mut inflater, window, output);
            (*codec).state = inflater.state();
            Ok(received?)
        })
    }
}

/// `sansocket_send_with` a codec of the caller's.
///
/// Returns what that does, `SANSOCKET_NULL_POINTER` for a codec without `compress` or `reset`, `SANSOCKET_OUT_OF_RANGE` for window
/// bits other than 8 to 15, `SANSOCKET_USAGE_NO_DEFLATE` if it cannot keep to the window, or `SANSOCKET_CODEC_FAILED`: then the message cannot be ended, so `sansocket_fail` with 1011 ends the
/// connection. What is in the output is due all the same.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_send_with_codec(
    ws: *mut sansocket,
    io: *mut sansocket_io,
    codec: *mut sansocket_deflate_codec,
    kind: sansocket_kind,
    payload: *const c_void,
    len: usize,
    fin: u8,
) -> sansocket_result {
    let mut has_failed = false;
    // SAFETY: the caller keeps to what stands at the top of the header, and lends payload and output.
    let result = unsafe {
        verb(ws, io, |endpoint, call, output| {
            let mut compressor = ForeignCompressor::new(codec)?;
            let payload = call.lent(payload, len)?;
            let sent = endpoint.send_with(&mut compressor, kind.try_into()?, payload, fin != 0, output);
            (*codec).state = compressor.state();
            let sent = sent?;
            has_failed = compressor.did_fail();
            call.give_consumed(if has_failed { 0 } else { sent.consumed });
            call.give_done(sent.done);
            Ok(sent.produced)
        })
    };
    if has_failed { sansocket_result::CODEC_FAILED } else { result }
}
