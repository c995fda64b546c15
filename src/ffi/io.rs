//! What goes in and out of a call: one struct, with one flat event in it.

use super::memory::{Lender, Region, check_struct};
use super::numbers::{
    Refusal, sansocket_end_cause, sansocket_error, sansocket_event_type, sansocket_kind, sansocket_ping_source, sansocket_result,
    sansocket_transport,
};
use crate::frame::WholeMessage;
use crate::{Data, Event, Instant};
use core::ffi::c_void;
use core::marker::PhantomData;

/// An event: its type, and what `sansocket_event_type` says that goes with it. All other fields are 0.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct sansocket_event {
    /// What happened.
    pub r#type: sansocket_event_type,
    /// The rule that the peer broke.
    pub error: sansocket_error,
    /// Text or binary, the same for all pieces of a message.
    pub kind: sansocket_kind,
    /// Which Ping of ours the Pong answers; 0 if it came unasked, or to one that was not the latest of its source.
    pub answers: sansocket_ping_source,
    /// A close code (§7.4).
    pub close_code: u16,
    /// The status of a response.
    pub status: u16,
    /// 1 if the message starts with this piece.
    pub first: u8,
    /// 1 if the message ends with this piece: what `sansocket_send` takes as `fin`.
    pub last: u8,
    /// 1 if the connection ended with both Closes. Ours counts as soon as it is in the output: whether it was written the caller
    /// knows.
    pub was_clean: u8,
    /// 1 if the Pong is in the output; 0 if `sansocket_pong` is the caller's.
    pub answered: u8,
    /// Bytes of this message before this piece.
    pub offset: u64,
    /// Bytes in the caller's own memory: in the input of the call that gave the event, before where `input` points now, or in the
    /// window of `sansocket_receive_with`. They are not copied: they are there until the caller moves, overwrites or frees that
    /// memory, so use them before the next read into it and before a `memmove` of what is left. Calls of this library leave them
    /// alone, but for `sansocket_buffered_next`, which releases those that it gave before. To be read only, except those of
    /// `SANSOCKET_EVENT_DATA`. No NUL follows them. Without meaning if `len` is 0.
    pub data: *mut u8,
    /// How many bytes.
    pub len: usize,
    /// What ended the connection.
    pub cause: sansocket_end_cause,
    /// 0 in this version.
    pub reserved: u32,
    /// 0 in this version.
    pub reserved_more: u64,
}

/// What goes in and out of every call that reads or writes bytes. Begin with all of it zero: `sansocket_io io = {0};`. The
/// library keeps no pointer to it, so one struct can serve all connections of a thread.
///
/// It refers to two buffers of the caller's. Of the input, calls take from the front: they move `input` on and shorten
/// `input_len`. To the output, calls append: they lengthen `output_len`. So neither can be counted twice, and a call that does
/// nothing leaves both as they are.
#[repr(C)]
pub struct sansocket_io {
    /// In: the time, in milliseconds since any epoch, of a clock that does not run backwards or leap.
    pub now_ms: u64,
    /// In and out: the bytes that arrived and were not consumed yet. `sansocket_receive` and `sansocket_receive_with` consume
    /// from the front; payload is unmasked in place, and what is not consumed is left as it was. The caller keeps it, moves it to
    /// the front of its buffer, and presents it again with more after it.
    pub input: *mut u8,
    /// In and out: how many bytes.
    pub input_len: usize,
    /// In: the caller's buffer for what goes to the peer. The part that is free must not overlap what the call reads.
    pub output: *mut u8,
    /// In: the size of that buffer, in bytes. `sansocket_receive` asks for 131 free bytes (`SANSOCKET_MAX_ANSWER`), which suffice
    /// for it and for `sansocket_handle_timeout`.
    pub output_size: usize,
    /// In and out: how many bytes of the buffer are due, whatever the event. Calls append to them. The caller writes them to the
    /// transport, in their order, and takes them out: `output_len = 0`, or what was not written moved to the front.
    pub output_len: usize,
    /// Out, where the result is `SANSOCKET_NEEDS_ROOM`: how many free bytes the call wants; otherwise 0.
    pub needed: usize,
    /// Out, of `sansocket_send_with` and `sansocket_compress`: how many bytes of what they were given are done with; 0 where the
    /// result is not `SANSOCKET_OK`.
    pub consumed: usize,
    /// Out: what to do with the transport of the connection that was called, once the output is written. With one struct for many
    /// connections, it is that of the last one; `sansocket_get_transport` asks another.
    pub transport: sansocket_transport,
    /// Out, of `sansocket_send_with`, `sansocket_compress` and `sansocket_inflate_end`: 1 if the message is complete; 0 if the
    /// call is to be made again, with what was not consumed.
    pub done: u32,
    /// Out, of `sansocket_receive`, `sansocket_receive_with`, `sansocket_receive_eof` and `sansocket_handle_timeout`: what
    /// happened; `SANSOCKET_EVENT_NONE` where the result is not `SANSOCKET_OK`. The other functions leave it alone, so that it
    /// can be answered.
    pub event: sansocket_event,
}

impl sansocket_event {
    pub(super) const NONE: Self = Self {
        r#type: sansocket_event_type::NONE,
        error: sansocket_error::NONE,
        kind: sansocket_kind(0),
        answers: sansocket_ping_source(0),
        close_code: 0,
        status: 0,
        first: 0,
        last: 0,
        was_clean: 0,
        answered: 0,
        offset: 0,
        data: core::ptr::null_mut(),
        len: 0,
        cause: sansocket_end_cause(0),
        reserved: 0,
        reserved_more: 0,
    };

    fn new(r#type: sansocket_event_type) -> Self {
        Self { r#type, ..Self::NONE }
    }

    fn with_bytes(self, bytes: &[u8]) -> Self {
        let data = if bytes.is_empty() { core::ptr::null() } else { bytes.as_ptr() };
        Self { data: data.cast_mut(), len: bytes.len(), ..self }
    }

    /// The same as `of_data`, with less to do.
    #[inline]
    pub(super) fn of_message(message: &WholeMessage, input: Region) -> Self {
        Self {
            kind: message.kind.into(),
            first: 1,
            last: 1,
            data: input.start().wrapping_add(message.start),
            len: message.len,
            ..Self::new(sansocket_event_type::DATA)
        }
    }

    pub(super) fn of_data(data: Data<'_>) -> Self {
        Self {
            kind: data.kind.into(),
            first: data.first().into(),
            last: data.last.into(),
            offset: data.offset,
            data: data.payload.as_mut_ptr(),
            len: data.payload.len(),
            ..Self::new(sansocket_event_type::DATA)
        }
    }

    /// Makes `NONE` a piece of a message: less to do than a whole struct to write.
    #[inline]
    pub(super) fn set_data(&mut self, data: Data<'_>) {
        self.r#type = sansocket_event_type::DATA;
        self.kind = data.kind.into();
        self.first = data.first().into();
        self.last = data.last.into();
        self.offset = data.offset;
        self.len = data.payload.len();
        self.data = data.payload.as_mut_ptr();
    }

    #[inline(never)]
    pub(super) fn of(event: Event<'_>) -> Self {
        use sansocket_event_type as T;
        match event {
            Event::Data(data) => Self::of_data(data),
            Event::Request(request) => Self::new(T::REQUEST).with_bytes(request.bytes()),
            Event::HttpRequest(request) => Self::new(T::HTTP_REQUEST).with_bytes(request.bytes()),
            Event::Opened(response) => Self { status: response.status(), ..Self::new(T::OPENED) }.with_bytes(response.bytes()),
            Event::Refused { response, error } => {
                let event = Self { status: response.status(), error: error.into(), ..Self::new(T::REFUSED) };
                event.with_bytes(response.bytes())
            }
            Event::Ping { payload, answered } => Self { answered: answered.into(), ..Self::new(T::PING) }.with_bytes(payload),
            Event::Pong { payload, answers } => Self { answers: answers.into(), ..Self::new(T::PONG) }.with_bytes(payload),
            Event::CloseReceived { code, reason } => {
                Self { close_code: code.0, ..Self::new(T::CLOSE_RECEIVED) }.with_bytes(reason.as_bytes())
            }
            Event::Failed { error } => Self { error: error.into(), ..Self::new(T::FAILED) },
            Event::Closed { code, was_clean, cause } => {
                Self { close_code: code.0, was_clean: was_clean.into(), cause: cause.into(), ..Self::new(T::CLOSED) }
            }
        }
    }
}

/// The caller's side of one call, checked as far as every call needs it.
pub(super) struct Call<'a> {
    pub(super) now: Instant,
    /// The free part of the output.
    pub(super) output: Region,
    /// All of the output, which nothing that is changed in place may overlap.
    pub(super) whole: Region,
    io: *mut sansocket_io,
    lent: PhantomData<&'a [u8]>,
}

impl<'a> Call<'a> {
    /// # Safety
    /// `io` is not NULL, aligned, and the caller's to lend.
    #[inline]
    pub(super) unsafe fn new(io: *mut sansocket_io) -> Result<Self, sansocket_result> {
        // SAFETY: what our caller promises.
        let (now_ms, whole, used) = unsafe { ((*io).now_ms, Region::new((*io).output, (*io).output_size)?, (*io).output_len) };
        Ok(Self { now: Instant::from_millis(now_ms), output: whole.past(used)?, whole, io, lent: PhantomData })
    }

    /// The input, apart from the output.
    #[inline]
    pub(super) fn input(&self) -> Result<Region, sansocket_result> {
        // SAFETY: `new` was promised that `io` is not NULL, aligned, and the caller's to lend.
        let input = unsafe { Region::new((*self.io).input, (*self.io).input_len) }?;
        input.check_apart(self.whole)?;
        Ok(input)
    }

    /// Takes `len` bytes from the front of the input, which has as many.
    #[inline]
    pub(super) fn consume(&self, len: usize) {
        // SAFETY: `new` was promised that `io` is not NULL, aligned, and the caller's to lend; no reference to it exists.
        unsafe {
            (*self.io).input = (*self.io).input.wrapping_add(len);
            (*self.io).input_len = (*self.io).input_len.wrapping_sub(len);
        }
    }

    /// For what the call reads, apart from the free part of the output.
    #[inline]
    pub(super) fn lender(&self) -> Lender<'a> {
        Lender::new(self.output)
    }

    /// Bytes that the call reads, apart from the output.
    ///
    /// # Safety
    /// They are the caller's for the call.
    #[inline]
    pub(super) unsafe fn lent(&self, data: *const c_void, len: usize) -> Result<&'a [u8], sansocket_result> {
        // SAFETY: what our caller promises.
        unsafe { self.lender().bytes(data, len) }
    }

    /// Says how many bytes of what it was given a call is done with.
    #[cfg(feature = "deflate")]
    pub(super) fn give_consumed(&self, consumed: usize) {
        // SAFETY: `new` was promised that `io` is not NULL, aligned, and the caller's to lend; no reference to it exists.
        unsafe { (*self.io).consumed = consumed };
    }

    /// Says whether a message is complete, or the call has to be made again.
    #[cfg(feature = "deflate")]
    pub(super) fn give_done(&self, done: bool) {
        // SAFETY: as in `give_consumed`.
        unsafe { (*self.io).done = done.into() };
    }
}

/// Carries out a call that writes to the output, and counts what it wrote.
///
/// # Safety
/// What stands at the top of the header.
#[inline]
pub(super) unsafe fn give_bytes<'a>(
    io: *mut sansocket_io,
    act: impl FnOnce(&Call<'a>, &'a mut [u8]) -> Result<usize, Refusal>,
) -> sansocket_result {
    if let Err(result) = check_struct(io) {
        return result;
    }
    // SAFETY: what our caller promises; `io` was checked.
    let outcome = unsafe { Call::new(io) }.map_err(Refusal::from).and_then(|call| {
        // SAFETY: the caller lends the output for the call; whatever else the call reads is checked to lie apart from it.
        let output = unsafe { call.output.bytes_mut() };
        act(&call, output)
    });
    // SAFETY: not NULL, aligned, and the caller's to lend. No reference to it exists.
    unsafe {
        match outcome {
            Ok(written) => {
                (*io).output_len = (*io).output_len.wrapping_add(written);
                (*io).needed = 0;
                sansocket_result::OK
            }
            Err(refusal) => give_no_bytes(io, refusal),
        }
    }
}

/// Tells C why a call wrote nothing.
///
/// # Safety
/// `io` is not NULL, aligned, and the caller's to lend.
#[cold]
#[inline(never)]
pub(super) unsafe fn give_no_bytes(io: *mut sansocket_io, refusal: Refusal) -> sansocket_result {
    // SAFETY: what our caller promises.
    unsafe {
        (*io).needed = refusal.needed;
        (*io).consumed = 0;
        (*io).done = 0;
    }
    refusal.result
}
