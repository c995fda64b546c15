//! The two kinds of call that a connection takes: those that give events, and those that only write.

use super::connection::{Endpoint, sansocket};
use super::io::{Call, give_bytes, sansocket_event, sansocket_io};
use super::memory::{check_struct, object};
use super::numbers::{Refusal, sansocket_result, sansocket_transport};
use crate::{Event, Received, Transport};

/// Carries out one of the calls that give events.
///
/// # Safety
/// What stands at the top of the header.
#[inline]
pub(super) unsafe fn event<'a>(
    ws: *mut sansocket,
    io: *mut sansocket_io,
    act: impl FnOnce(&mut Endpoint, &Call<'a>) -> Result<Received<'a>, Refusal>,
) -> sansocket_result {
    if let Err(result) = check_struct(io) {
        return result;
    }
    // SAFETY: what our caller promises; `io` was checked, and no reference to it exists.
    unsafe {
        let (endpoint, call) = match object(ws).and_then(|endpoint| Ok((endpoint, Call::new(io)?))) {
            Ok(checked) => checked,
            Err(result) => return refuse(io, result.into()),
        };
        match act(endpoint, &call) {
            Ok(Received { consumed, produced, event: Some(Event::Data(data)) }) => {
                debug_assert_eq!(endpoint.transport(), Transport::Keep, "§5.5.1, §7.1.7: no data after a Close or a failure");
                debug_assert_eq!(produced, 0, "nothing answers data");
                call.consume(consumed);
                (*io).needed = 0;
                (*io).transport = Transport::Keep.into();
                (*io).event = sansocket_event::of_data(data);
                sansocket_result::OK
            }
            Ok(received) => give_other(io, &call, received, endpoint.transport().into()),
            Err(refusal) => {
                (*io).transport = endpoint.transport().into();
                refuse(io, refusal)
            }
        }
    }
}

/// What is not data, and nothing at all.
///
/// # Safety
/// `io` is not NULL, aligned and the caller's to lend.
#[inline(never)]
unsafe fn give_other(
    io: *mut sansocket_io,
    call: &Call<'_>,
    received: Received<'_>,
    transport: sansocket_transport,
) -> sansocket_result {
    call.consume(received.consumed);
    // SAFETY: what our caller promises.
    unsafe {
        (*io).output_len = (*io).output_len.wrapping_add(received.produced);
        (*io).needed = 0;
        (*io).transport = transport;
        (*io).event = received.event.map_or(sansocket_event::NONE, sansocket_event::of);
    }
    sansocket_result::OK
}

/// # Safety
/// `io` is not NULL, aligned and the caller's to lend.
#[cold]
unsafe fn refuse(io: *mut sansocket_io, refusal: Refusal) -> sansocket_result {
    // SAFETY: what our caller promises.
    unsafe {
        (*io).needed = refusal.needed;
        (*io).event = sansocket_event::NONE;
    }
    refusal.result
}

/// Carries out a verb: writes to the output, and says what to do with the transport then.
///
/// # Safety
/// What stands at the top of the header.
#[inline]
pub(super) unsafe fn verb<'a>(
    ws: *mut sansocket,
    io: *mut sansocket_io,
    act: impl FnOnce(&mut Endpoint, &Call<'a>, &'a mut [u8]) -> Result<usize, Refusal>,
) -> sansocket_result {
    let act = |endpoint: &mut Endpoint, call: &Call<'a>, output| {
        let written = act(endpoint, call, output);
        // SAFETY: not NULL and aligned, as a call exists.
        unsafe { (*io).transport = endpoint.transport().into() };
        written
    };
    // SAFETY: what our caller promises.
    unsafe { give_bytes(io, |call, output| act(object(ws)?, call, output)) }
}
