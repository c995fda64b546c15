//! The two kinds of call that a connection takes: those that give events, and those that only write.

use super::connection::{Endpoint, sansocket};
use super::io::{Call, give_bytes, give_no_bytes, sansocket_event, sansocket_io};
use super::memory::{Region, check_struct, object};
use super::numbers::{Refusal, sansocket_result};
use crate::frame::{Plain, PlainPiece};
use crate::{Instant, MessageKind, Received, Transport};

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
    // SAFETY: what our caller promises; `io` was checked where there is a call.
    unsafe {
        match begin(ws, io) {
            Ok((endpoint, call)) => {
                let received = act(endpoint, &call);
                give(io, endpoint, received)
            }
            Err(result) => result,
        }
    }
}

/// Carries out `sansocket_receive`. A message that lies whole in the input, the common case, is given here: nothing is got ready for
/// what the others need.
///
/// # Safety
/// What stands at the top of the header.
#[inline]
pub(super) unsafe fn receive(ws: *mut sansocket, io: *mut sansocket_io) -> sansocket_result {
    // SAFETY: what our caller promises; `io` was checked where there is a call. Input and output lie apart.
    unsafe {
        let (endpoint, call) = match begin(ws, io) {
            Ok(begun) => begun,
            Err(result) => return result,
        };
        let input = match call.input() {
            Ok(input) => input,
            Err(result) => return give(io, endpoint, Err(result.into())),
        };
        let message = match endpoint.whole_message(call.now, input.bytes_mut(), call.output.len()) {
            Ok(message) => message,
            Err(header_len) => return receive_other(io, endpoint, call.now, header_len),
        };
        debug_assert_eq!(endpoint.transport(), Transport::Keep, "§5.5.1, §7.1.7: no data after a Close or a failure");
        call.consume(message.start.wrapping_add(message.len));
        (*io).needed = 0;
        (*io).transport = Transport::Keep.into();
        (*io).event = sansocket_event::of_message(&message, input);
        sansocket_result::OK
    }
}

/// What is not a whole message. It reads the places of input and output again, as they would be kept through `receive` otherwise.
///
/// # Safety
/// As in `receive`, after its checks.
#[inline(never)]
unsafe fn receive_other(io: *mut sansocket_io, endpoint: &mut Endpoint, now: Instant, header_len: usize) -> sansocket_result {
    // SAFETY: what our caller promises.
    unsafe {
        let memory = || {
            let input = Region::new((*io).input, (*io).input_len)?;
            let output = Region::new((*io).output, (*io).output_size)?.past((*io).output_len)?;
            Ok((input.bytes_mut(), output.bytes_mut()))
        };
        let (input, output) = match memory() {
            Ok(memory) => memory,
            Err(refusal) => return give(io, endpoint, Err(refusal)),
        };
        let (consumed, event) = match endpoint.plain(now, input, header_len, output.len()) {
            Plain::Piece(PlainPiece { data, consumed }) => (consumed, sansocket_event::of_data(data)),
            Plain::Nothing => (0, sansocket_event::NONE),
            Plain::Other(rest) => {
                let received = endpoint.receive_rest(now, rest, false, output);
                return give(io, endpoint, received.map_err(Refusal::from));
            }
        };
        debug_assert_eq!(endpoint.transport(), Transport::Keep, "§5.5.1, §7.1.7: no data after a Close or a failure");
        (*io).input = (*io).input.wrapping_add(consumed);
        (*io).input_len = (*io).input_len.wrapping_sub(consumed);
        (*io).needed = 0;
        (*io).transport = Transport::Keep.into();
        (*io).event = event;
    }
    sansocket_result::OK
}

/// The connection, and what every call checks.
///
/// # Safety
/// What stands at the top of the header.
#[inline]
unsafe fn begin<'a>(ws: *mut sansocket, io: *mut sansocket_io) -> Result<(&'a mut Endpoint, Call<'a>), sansocket_result> {
    check_struct(io)?;
    // SAFETY: what our caller promises; `io` was checked.
    unsafe { object(ws).and_then(|endpoint| Ok((endpoint, Call::new(io)?))).map_err(|result| refuse(io, result.into())) }
}

/// Tells C what came of a call.
///
/// # Safety
/// `io` is not NULL, aligned and the caller's to lend.
#[inline(never)]
unsafe fn give(io: *mut sansocket_io, endpoint: &Endpoint, received: Result<Received<'_>, Refusal>) -> sansocket_result {
    // SAFETY: what our caller promises.
    unsafe {
        (*io).transport = endpoint.transport().into();
        let Received { consumed, produced, event } = match received {
            Ok(received) => received,
            Err(refusal) => return refuse(io, refusal),
        };
        (*io).input = (*io).input.wrapping_add(consumed);
        (*io).input_len = (*io).input_len.wrapping_sub(consumed);
        (*io).output_len = (*io).output_len.wrapping_add(produced);
        (*io).needed = 0;
        (*io).event = event.map_or(sansocket_event::NONE, sansocket_event::of);
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

/// Carries out `sansocket_send`, of a kind, a payload and whether the message ends with it. What is written is written by an open
/// connection, which stays open: nothing is asked of it afterwards.
///
/// # Safety
/// What stands at the top of the header.
#[inline]
pub(super) unsafe fn send<'a>(
    ws: *mut sansocket,
    io: *mut sansocket_io,
    arguments: impl FnOnce(&Call<'a>) -> Result<(MessageKind, &'a [u8], bool), sansocket_result>,
) -> sansocket_result {
    if let Err(result) = check_struct(io) {
        return result;
    }
    // SAFETY: what our caller promises; `io` was checked, and no reference to it exists. The payload lies apart from the output.
    unsafe {
        let (call, endpoint) = match Call::new(io).and_then(|call| Ok((call, object(ws)?))) {
            Ok(begun) => begun,
            Err(result) => return give_no_bytes(io, result.into()),
        };
        let (kind, payload, fin) = match arguments(&call) {
            Ok(arguments) => arguments,
            Err(result) => return send_nothing(io, endpoint, Some(result)),
        };
        match endpoint.send(kind, payload, fin, call.output.bytes_mut()) {
            Ok(written @ 1..) => {
                debug_assert_eq!(endpoint.transport(), Transport::Keep, "sending does not close");
                (*io).output_len = (*io).output_len.wrapping_add(written);
                (*io).needed = 0;
                (*io).transport = Transport::Keep.into();
                sansocket_result::OK
            }
            other => send_nothing(io, endpoint, other.err()),
        }
    }
}

/// What stands in the way of sending: a refusal, or nothing but that it is too late.
///
/// # Safety
/// `io` is not NULL, aligned and the caller's to lend.
#[cold]
#[inline(never)]
unsafe fn send_nothing(io: *mut sansocket_io, endpoint: &Endpoint, refusal: Option<impl Into<Refusal>>) -> sansocket_result {
    // SAFETY: what our caller promises.
    unsafe {
        (*io).transport = endpoint.transport().into();
        (*io).needed = 0;
        refusal.map_or(sansocket_result::OK, |refusal| give_no_bytes(io, refusal.into()))
    }
}
