//! The loop around a connection: events out, what is to be written, where to read into, how long to wait.

use super::attach::{Attached, attached, attached_ref, sansocket_buffered, sansocket_bytes};
use crate::ffi::connection::SANSOCKET_NEVER;
use crate::ffi::io::sansocket_event;
use crate::ffi::memory::{Region, check_struct};
use crate::ffi::numbers::{done, sansocket_result, sansocket_transport};
use crate::{Event, Instant, Transport};

/// Releases the current event and writes the next to `event`: `SANSOCKET_EVENT_NONE` if there is none, and where the result is
/// not `SANSOCKET_OK`. Then the transport is to be written, read or waited for. The bytes of an event lie in the input, or in the
/// memory for joining, until the next call of this function; they may be changed in place, and answered from there.
///
/// There is no event while the output lacks room for the answer that it may cause: a peer that does not read is not read. What
/// arrived comes before the end of the input, and that before deadlines, which act only up to the time of the last
/// `sansocket_buffered_filled`.
///
/// Returns `SANSOCKET_OK`, or `SANSOCKET_ENTROPY_FAILED` if a client's answer to the peer needs a masking key: call it again;
/// `SANSOCKET_USAGE_NO_DEFLATE` for a compressed message, if there is no inflater (`sansocket_buffered_set_inflater`) or its history is
/// shorter than was agreed: the connection has failed with 1011 then.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_buffered_next(
    buffered: *mut sansocket_buffered,
    now_ms: u64,
    event: *mut sansocket_event,
) -> sansocket_result {
    // SAFETY: the caller keeps to what stands at the top of the header.
    unsafe { give_event(buffered, event, |attached, place| attached.next(Instant::from_millis(now_ms), place)) }
}

/// Writes the current event to `event` once more, with its bytes as they are now: for a handler that could not finish, because
/// there was no room for its answer. `SANSOCKET_EVENT_NONE` if there is none. Returns `SANSOCKET_OK`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_buffered_current(
    buffered: *mut sansocket_buffered,
    event: *mut sansocket_event,
) -> sansocket_result {
    // SAFETY: the caller keeps to what stands at the top of the header.
    unsafe {
        give_event(buffered, event, |attached, place| {
            attached.show_current(place);
            Ok(())
        })
    }
}

/// Returns what is to be written to the transport, in this order; `data` is NULL if there is nothing, or without a connection.
/// It stays where it is until `sansocket_buffered_written`, whatever is sent meanwhile. To be read only.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_buffered_due(buffered: *const sansocket_buffered) -> sansocket_bytes {
    // SAFETY: the caller keeps to what stands at the top of the header.
    let attached = unsafe { attached_ref(buffered) };
    attached.map_or(sansocket_bytes::NONE, |attached| sansocket_bytes::of(attached.layer.due(), attached.output))
}

/// Says that the transport took the first `n` bytes of what is due; with TLS, the transport below it. 0 is allowed. Call
/// `sansocket_buffered_next` before you wait, unless `sansocket_buffered_wants_reading`: there may be room for events again. The rest
/// of what is due may have moved.
///
/// If it takes nothing for `SANSOCKET_OPTION_WRITE_TIMEOUT_MS`, the connection ends.
///
/// Returns `SANSOCKET_OK`, or `SANSOCKET_INVALID_ARGUMENT` if `n` is more than is due.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_buffered_written(
    buffered: *mut sansocket_buffered,
    n: usize,
    now_ms: u64,
) -> sansocket_result {
    // SAFETY: the caller keeps to what stands at the top of the header.
    done(unsafe { attached(buffered) }.and_then(|attached| {
        check_count(n, attached.layer.due().len())?;
        attached.layer.written(n, Instant::from_millis(now_ms));
        Ok(())
    }))
}

/// Says that the transport takes no more: what is due is dropped, and what is sent from now on. What has arrived can still be
/// read, the peer's Close perhaps, until `sansocket_buffered_eof`. Returns `SANSOCKET_OK`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_buffered_write_failed(buffered: *mut sansocket_buffered) -> sansocket_result {
    // SAFETY: the caller keeps to what stands at the top of the header.
    done(unsafe { attached(buffered) }.map(|attached| attached.layer.write_failed()))
}

/// Returns where the transport's next bytes go. `data` is NULL if nothing should be read now: events wait for
/// `sansocket_buffered_next` or for room in the output, there is nothing more to read, or there is no connection. It stays where
/// it is until `sansocket_buffered_filled`, so that a read may be under way.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_buffered_space(buffered: *mut sansocket_buffered) -> sansocket_bytes {
    // SAFETY: the caller keeps to what stands at the top of the header.
    let attached = unsafe { attached(buffered) };
    attached.map_or(sansocket_bytes::NONE, |attached| {
        let input = attached.input;
        attached.layer.space().map_or(sansocket_bytes::NONE, |space| sansocket_bytes::of(space, input))
    })
}

/// Says that the transport has put `n` bytes at the start of the space. 0 says that there was nothing to read: the deadlines up
/// to `now_ms` may act. Report that too after each wait, also while there is no space: without it no deadline acts. (A `recv` of
/// 0 is the end of the input: `sansocket_buffered_eof`.)
///
/// While a read is under way (io_uring, IOCP, Asio), a timer reports 0 as well: what that read brings, at the start of the space that
/// was lent to it, is reported later. (Once the connection has failed, that no longer matters.)
///
/// Returns `SANSOCKET_OK`, or `SANSOCKET_INVALID_ARGUMENT` if `n` is more than the space.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_buffered_filled(buffered: *mut sansocket_buffered, n: usize, now_ms: u64) -> sansocket_result {
    // SAFETY: the caller keeps to what stands at the top of the header.
    done(unsafe { attached(buffered) }.and_then(|attached| {
        check_count(n, attached.free())?;
        attached.layer.filled(n, Instant::from_millis(now_ms));
        Ok(())
    }))
}

/// Says that the transport's input has ended, in order or by a reset. It takes effect after all that arrived before; what is due
/// still leaves. A transport that cannot shut down one direction (a UART, most TLS libraries) calls it when it is told
/// `SANSOCKET_TRANSPORT_SHUTDOWN_WRITE` and `sansocket_get_was_clean` is 1. What is unread is dropped then: where it may belong to
/// the next connection, call `sansocket_buffered_pause` as soon as both Closes were exchanged, and end when nothing is due.
///
/// Returns `SANSOCKET_OK`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_buffered_eof(buffered: *mut sansocket_buffered) -> sansocket_result {
    // SAFETY: the caller keeps to what stands at the top of the header.
    done(unsafe { attached(buffered) }.map(|attached| attached.layer.eof()))
}

/// Returns what to do with the transport now: `SANSOCKET_TRANSPORT_KEEP` as long as something is due; `SANSOCKET_TRANSPORT_CLOSE`
/// when all is over, or without a connection. Shut it down once where an edge-triggered epoll waits for the socket: it says so until
/// the end, and on Linux each `shutdown` wakes that, so that the loop would never wait. With `poll`, doing it again is harmless.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_buffered_get_transport(buffered: *const sansocket_buffered) -> sansocket_transport {
    // SAFETY: the caller keeps to what stands at the top of the header.
    unsafe { attached_ref(buffered) }.map_or(Transport::Close, |attached| attached.layer.transport()).into()
}

/// Returns 1 if `sansocket_buffered_space` has something: wait until the transport can be read; else 0. With 1,
/// `sansocket_buffered_next` has nothing before the space is filled, or a deadline has passed: a loop need not call it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_buffered_wants_reading(buffered: *const sansocket_buffered) -> u8 {
    // SAFETY: the caller keeps to what stands at the top of the header.
    unsafe { attached_ref(buffered) }.is_ok_and(|attached| attached.layer.wants_reading()).into()
}

/// Returns the milliseconds from `now_ms` until `sansocket_buffered_next` has something to do, as `poll` takes them: 0 for at
/// once, -1 if nothing is waited for. It is 0, too, when the transport is to be closed, or without a connection: nothing would end
/// that wait. After the wait comes `sansocket_buffered_filled`, with 0 if nothing arrived.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_buffered_poll_timeout(buffered: *const sansocket_buffered, now_ms: u64) -> i32 {
    // SAFETY: the caller keeps to what stands at the top of the header.
    let Ok(attached) = (unsafe { attached_ref(buffered) }) else { return 0 };
    match attached.layer.millis_until_timeout(Instant::from_millis(now_ms)) {
        Some(ms) => i32::try_from(ms).unwrap_or(i32::MAX),
        None if attached.layer.transport() == Transport::Close => 0,
        None => -1,
    }
}

/// Returns when `sansocket_buffered_next` has something to do, in the milliseconds of `now_ms`; a time that has passed says at
/// once, `SANSOCKET_NEVER` that nothing is waited for: when the transport is to be closed, too, or without a connection.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_buffered_get_next_timeout(buffered: *const sansocket_buffered) -> u64 {
    // SAFETY: the caller keeps to what stands at the top of the header.
    let attached = unsafe { attached_ref(buffered) }.ok();
    attached.and_then(|attached| attached.layer.next_timeout()).map_or(SANSOCKET_NEVER, Instant::as_millis)
}

/// Returns how many bytes of frames the output has room for: a payload and its header, of 2 to 14 bytes; 0 without a connection.
/// What is missing after `SANSOCKET_NEEDS_ROOM` comes back when the transport takes what is due. If nothing is due, the output is
/// too short for it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_buffered_get_room(buffered: *const sansocket_buffered) -> usize {
    // SAFETY: the caller keeps to what stands at the top of the header.
    unsafe { attached_ref(buffered) }.map_or(0, |attached| attached.layer.room())
}

/// Says that the caller takes no events for now, for reasons of its own: `sansocket_buffered_next` gives only what deadlines cause,
/// there is no space, and the deadlines that wait for the peer stand still. Returns `SANSOCKET_OK`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_buffered_pause(buffered: *mut sansocket_buffered, now_ms: u64) -> sansocket_result {
    // SAFETY: the caller keeps to what stands at the top of the header.
    done(unsafe { attached(buffered) }.map(|attached| attached.layer.pause(Instant::from_millis(now_ms))))
}

/// Ends a `sansocket_buffered_pause`. Its time does not count for the writing deadline: a peer whose output nobody read may have
/// waited for that. Without a pause it does nothing. Returns `SANSOCKET_OK`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_buffered_resume(buffered: *mut sansocket_buffered, now_ms: u64) -> sansocket_result {
    // SAFETY: the caller keeps to what stands at the top of the header.
    done(unsafe { attached(buffered) }.map(|attached| attached.layer.resume(Instant::from_millis(now_ms))))
}

/// Returns what has arrived and is not read as WebSocket: after `SANSOCKET_EVENT_REFUSED`, the body of the response. `data` is
/// NULL if there is nothing, or without a connection. It stays where it is until `sansocket_buffered_next`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_buffered_unread(buffered: *const sansocket_buffered) -> sansocket_bytes {
    // SAFETY: the caller keeps to what stands at the top of the header.
    let attached = unsafe { attached_ref(buffered) };
    attached.map_or(sansocket_bytes::NONE, |attached| sansocket_bytes::of(attached.layer.unread(), attached.input))
}

/// Drops the first `n` bytes of what is unread, which makes space for more. Call `sansocket_buffered_next` before you wait.
///
/// Returns `SANSOCKET_OK`, or `SANSOCKET_INVALID_ARGUMENT` if `n` is more than is unread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_buffered_discard(buffered: *mut sansocket_buffered, n: usize) -> sansocket_result {
    // SAFETY: the caller keeps to what stands at the top of the header.
    done(unsafe { attached(buffered) }.and_then(|attached| {
        check_count(n, attached.layer.unread().len())?;
        attached.layer.discard(n);
        Ok(())
    }))
}

/// # Safety
/// What stands at the top of the header.
#[inline]
unsafe fn give_event(
    buffered: *mut sansocket_buffered,
    event: *mut sansocket_event,
    find: impl FnOnce(&mut Attached, &mut sansocket_event) -> Result<(), sansocket_result>,
) -> sansocket_result {
    if let Err(result) = check_struct(event) {
        return result;
    }
    // SAFETY: not NULL, aligned, and the caller's to be written.
    let event = unsafe {
        event.write(sansocket_event::NONE);
        &mut *event
    };
    // SAFETY: what our caller promises.
    done(unsafe { attached(buffered) }.and_then(|attached| find(attached, event)))
}

/// A count of bytes, which is no more than there are: -1, from a `read` or `write` that failed, is too many.
fn check_count(n: usize, len: usize) -> Result<(), sansocket_result> {
    if n <= len { Ok(()) } else { Err(sansocket_result::INVALID_ARGUMENT) }
}

impl Attached {
    /// Releases the current event, and puts the next into `place`, where there is none.
    #[inline]
    fn next(&mut self, now: Instant, place: &mut sansocket_event) -> Result<(), sansocket_result> {
        #[cfg(feature = "deflate")]
        if let Some(inflating) = &self.codecs.inflating {
            if (inflating.functions.advance)(inflating, &mut self.layer, now)? {
                self.show_current(place);
            }
            return Ok(());
        }
        let (input, joining) = (self.input, self.joining);
        if let Some((event, _)) = self.layer.next(now)? {
            show(event, place, input, joining);
        }
        Ok(())
    }

    /// Puts the current event into `place`, where there is none.
    fn show_current(&mut self, place: &mut sansocket_event) {
        let (input, joining) = (self.input, self.joining);
        if let Some((event, _)) = self.layer.current(Instant::from_micros(0)) {
            show(event, place, input, joining);
        }
    }

    /// How many bytes the input has room for.
    fn free(&self) -> usize {
        let unread = self.layer.unread();
        let end = unread.as_ptr().addr().wrapping_add(unread.len()).wrapping_sub(self.input.start().addr());
        self.input.past(end).map_or(0, Region::len)
    }
}

/// Puts an event into `place`, where there is none, by pointers that stay good while other calls borrow the buffers in which its
/// bytes are.
#[inline]
fn show(event: Event<'_>, place: &mut sansocket_event, input: Region, joining: Region) {
    match event {
        Event::Data(data) => place.set_data(data),
        other => *place = sansocket_event::of(other),
    }
    if !place.data.is_null() {
        let region = if joining.contains(place.data.addr()) { joining } else { input };
        place.data = region.pointer_at(place.data.addr());
    }
}
