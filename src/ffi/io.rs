//! What goes in and out of a call: one struct, with one flat event in it.

use super::connection::{Endpoint, sansocket};
use super::memory::{Region, check_struct, object};
use super::result::{Refusal, sansocket_error, sansocket_result};
use crate::{Data, Event, Instant, MessageKind, PingSource, Received, Transport, UsageError};
use core::ffi::{c_char, c_void};
use core::marker::PhantomData;

/// What happened.
#[repr(u32)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum sansocket_event_type {
    /// Nothing, and nothing more can be had from this input.
    SANSOCKET_EVENT_NONE = 0,
    /// Server: a valid opening handshake (§4.2.1). `data` and `len`: its head, for `sansocket_accept` and `sansocket_request_parse`.
    /// Nothing more is read until `sansocket_accept` or `sansocket_respond` answers it.
    SANSOCKET_EVENT_REQUEST = 1,
    /// Server: plain HTTP on our port. `data` and `len`: its head. `sansocket_respond` answers it.
    SANSOCKET_EVENT_HTTP_REQUEST = 2,
    /// Client: the server's 101, completely checked (§4.1). Messages may be sent. `status`; `data` and `len`: its head.
    SANSOCKET_EVENT_OPENED = 3,
    /// Client: any other final response. `status`; `error`: what is wrong with it; `data` and `len`: its head. Its body, if any,
    /// stays in the input, unparsed; the connection takes nothing more, and `sansocket_close` ends it at once.
    SANSOCKET_EVENT_REFUSED = 4,
    /// A piece of a message, unmasked and, if text, checked as far as it goes. `kind`; `offset`; `first`; `last`; `data` and `len`: the
    /// bytes, in the input, the caller's to change. `len` is 0 only where a message ends without further bytes.
    SANSOCKET_EVENT_DATA = 5,
    /// A Ping (§5.5.2). `data` and `len`: its payload, at most 125 bytes; `answered`: whether the Pong is in the output of this call.
    SANSOCKET_EVENT_PING = 6,
    /// A Pong (§5.5.3). `data` and `len`: its payload, at most 125 bytes; `answers`: which Ping of ours it answers.
    SANSOCKET_EVENT_PONG = 7,
    /// The peer's Close (§5.5.1). Ours is in the output of this call unless it was sent before. `close_code`: the peer's, 1005 if it
    /// gave none; `data` and `len`: its reason, at most 123 bytes of UTF-8 without NUL at its end.
    SANSOCKET_EVENT_CLOSE_RECEIVED = 8,
    /// The peer broke a rule (§7.1.7): `error`. The Close or HTTP response that tells it is in the output of this call.
    SANSOCKET_EVENT_FAILED = 9,
    /// The connection has ended: the last event of every connection, given exactly once. The transport can go. `close_code`: the
    /// peer's, 1005 if its Close had none, 1006 if there was no Close; `was_clean`: whether both Closes were exchanged (§7.1.4).
    SANSOCKET_EVENT_CLOSED = 10,
}

/// The kinds of message (§5.6), with the numbers of their opcodes.
#[repr(u32)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum sansocket_kind {
    /// UTF-8 text.
    SANSOCKET_TEXT = 1,
    /// Any bytes.
    SANSOCKET_BINARY = 2,
}

/// Who sent a Ping of ours.
#[repr(u32)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum sansocket_ping_source {
    /// `sansocket_handle_timeout`, to see whether the peer lives.
    SANSOCKET_PING_KEEPALIVE = 1,
    /// The caller, by `sansocket_ping`.
    SANSOCKET_PING_APPLICATION = 2,
}

/// What to do with the transport.
#[repr(u32)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum sansocket_transport {
    /// Keep it.
    SANSOCKET_TRANSPORT_KEEP = 0,
    /// Write what is due, then shut down writing (`shutdown(fd, SHUT_WR)`) and go on reading until the end of input or the
    /// deadline, so that a reset does not eat our last bytes (§7.1.1).
    SANSOCKET_TRANSPORT_SHUTDOWN_WRITE = 1,
    /// Close it, once what is due is written: for as long as the peer takes it, and no longer than a writing deadline of the caller's.
    SANSOCKET_TRANSPORT_CLOSE = 2,
}

/// An event: its type, and what `sansocket_event_type` says that goes with it. All other fields are 0.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct sansocket_event {
    /// Which `sansocket_event_type`.
    pub r#type: u32,
    /// Which `sansocket_error`.
    pub error: u32,
    /// A close code (§7.4).
    pub close_code: u16,
    /// The status of a response.
    pub status: u16,
    /// Which `sansocket_kind`, the same for all pieces of a message.
    pub kind: u8,
    /// 1 if the message starts with this piece.
    pub first: u8,
    /// 1 if the message ends with this piece: what `sansocket_send` takes as `fin`.
    pub last: u8,
    /// 1 if the connection ended with both Closes.
    pub was_clean: u8,
    /// 1 if the Pong is in the output; 0 if `sansocket_pong` is the caller's.
    pub answered: u8,
    /// Which Ping of ours the Pong answers, a `sansocket_ping_source`; 0 if it came unasked, or to one that was not the latest.
    pub answers: u8,
    /// 0 in this version.
    pub reserved: [u8; 6],
    /// Bytes of this message before this piece.
    pub offset: u64,
    /// Bytes in the input of the call that gave the event, or in the window of `sansocket_receive_with`: valid for as long as the
    /// caller leaves them there. To be read only, except those of `SANSOCKET_EVENT_DATA`.
    pub data: *mut u8,
    /// How many bytes.
    pub len: usize,
    /// 0 in this version.
    pub reserved_more: [u64; 2],
}

impl sansocket_event {
    const NONE: Self = Self {
        r#type: sansocket_event_type::SANSOCKET_EVENT_NONE as u32,
        error: 0,
        close_code: 0,
        status: 0,
        kind: 0,
        first: 0,
        last: 0,
        was_clean: 0,
        answered: 0,
        answers: 0,
        reserved: [0; 6],
        offset: 0,
        data: core::ptr::null_mut(),
        len: 0,
        reserved_more: [0; 2],
    };

    fn new(r#type: sansocket_event_type) -> Self {
        Self { r#type: r#type as u32, ..Self::NONE }
    }

    fn with_bytes(self, bytes: &[u8]) -> Self {
        Self { data: bytes.as_ptr().cast_mut(), len: bytes.len(), ..self }
    }

    /// The common case, by itself: each field once, and the reserved ones, which no call writes, not at all.
    #[inline]
    fn give_data(&mut self, data: Data<'_>) {
        let Self {
            r#type,
            error,
            close_code,
            status,
            kind,
            first,
            last,
            was_clean,
            answered,
            answers,
            offset,
            data: bytes,
            len,
            ..
        } = self;
        *r#type = sansocket_event_type::SANSOCKET_EVENT_DATA as u32;
        (*error, *close_code, *status) = (0, 0, 0);
        *kind = match data.kind {
            MessageKind::Text => sansocket_kind::SANSOCKET_TEXT as u8,
            MessageKind::Binary => sansocket_kind::SANSOCKET_BINARY as u8,
        };
        (*first, *last, *was_clean, *answered, *answers) = (data.first().into(), data.last.into(), 0, 0, 0);
        *offset = data.offset;
        (*bytes, *len) = (data.payload.as_mut_ptr(), data.payload.len());
    }

    fn of_data(data: Data<'_>) -> Self {
        Self {
            kind: match data.kind {
                MessageKind::Text => sansocket_kind::SANSOCKET_TEXT as u8,
                MessageKind::Binary => sansocket_kind::SANSOCKET_BINARY as u8,
            },
            first: data.first().into(),
            last: data.last.into(),
            offset: data.offset,
            data: data.payload.as_mut_ptr(),
            len: data.payload.len(),
            ..Self::new(sansocket_event_type::SANSOCKET_EVENT_DATA)
        }
    }

    fn of(event: Event<'_>) -> Self {
        use sansocket_event_type as T;
        match event {
            Event::Data(data) => Self::of_data(data),
            Event::Request(request) => Self::new(T::SANSOCKET_EVENT_REQUEST).with_bytes(request.bytes()),
            Event::HttpRequest(request) => Self::new(T::SANSOCKET_EVENT_HTTP_REQUEST).with_bytes(request.bytes()),
            Event::Opened(response) => {
                Self { status: response.status(), ..Self::new(T::SANSOCKET_EVENT_OPENED) }.with_bytes(response.bytes())
            }
            Event::Refused { response, error } => {
                let error = sansocket_error::from(error) as u32;
                let event = Self { status: response.status(), error, ..Self::new(T::SANSOCKET_EVENT_REFUSED) };
                event.with_bytes(response.bytes())
            }
            Event::Ping { payload, answered } => {
                Self { answered: answered.into(), ..Self::new(T::SANSOCKET_EVENT_PING) }.with_bytes(payload)
            }
            Event::Pong { payload, answers } => {
                let answers = match answers {
                    None => 0,
                    Some(PingSource::Keepalive) => sansocket_ping_source::SANSOCKET_PING_KEEPALIVE as u8,
                    Some(PingSource::Application) => sansocket_ping_source::SANSOCKET_PING_APPLICATION as u8,
                };
                Self { answers, ..Self::new(T::SANSOCKET_EVENT_PONG) }.with_bytes(payload)
            }
            Event::CloseReceived { code, reason } => {
                Self { close_code: code.0, ..Self::new(T::SANSOCKET_EVENT_CLOSE_RECEIVED) }.with_bytes(reason.as_bytes())
            }
            Event::Failed { error } => {
                Self { error: sansocket_error::from(error) as u32, ..Self::new(T::SANSOCKET_EVENT_FAILED) }
            }
            Event::Closed { code, was_clean } => {
                Self { close_code: code.0, was_clean: was_clean.into(), ..Self::new(T::SANSOCKET_EVENT_CLOSED) }
            }
        }
    }
}

/// What goes in and out of every call that reads or writes bytes. The caller sets the first five fields, the library the rest.
/// Begin with all of it zero: `sansocket_io io = {0};`. The library keeps no pointer to it, so one struct can serve all
/// connections of a thread.
#[repr(C)]
pub struct sansocket_io {
    /// In: the time, in milliseconds since any epoch, of a clock that does not run backwards or leap.
    pub now_ms: u64,
    /// In: for `sansocket_receive` and `_receive_with`, what the last call left unconsumed, unchanged, and behind it what arrived
    /// since. Payload is unmasked in place; what is not consumed is left as it was. NULL if `input_len` is 0.
    pub input: *mut u8,
    /// In: bytes of `input`.
    pub input_len: usize,
    /// In: room for what the call writes. It may not overlap what the call reads. NULL if `output_len` is 0. `sansocket_receive` asks for
    /// 131 bytes (`SANSOCKET_MAX_ANSWER`), which suffice for it and for `sansocket_handle_timeout`.
    pub output: *mut u8,
    /// In: bytes of room.
    pub output_len: usize,
    /// Out, only of `sansocket_receive`, `_receive_with`, `_receive_eof` and `_handle_timeout`: bytes at the start of `input` that are
    /// done with. Of `sansocket_send_with`, `_compress` and `_inflate`: bytes of what they read.
    pub consumed: usize,
    /// Out: bytes at the start of `output` that go to the peer, whatever the event. 0 unless the result is `SANSOCKET_OK`.
    pub produced: usize,
    /// Out: the room that the call wants, where the result is `SANSOCKET_NEEDS_ROOM`; otherwise 0.
    pub needed: usize,
    /// Out, where the result is `SANSOCKET_OK`: which `sansocket_transport`, what to do with the transport once `output` is written.
    /// Functions without a connection leave it alone.
    pub transport: u32,
    /// Out, only of `sansocket_send_with`, `_compress` and `_inflate_end`: 1 if the message is complete; 0 if the call is to be made
    /// again, with what was not consumed.
    pub done: u32,
    /// Out, only of `sansocket_receive`, `_receive_with`, `_receive_eof` and `_handle_timeout`: what happened. The verbs leave it
    /// alone, so that it can be answered.
    pub event: sansocket_event,
}

/// The caller's side of one call, checked as far as every call needs it.
pub(super) struct Call<'a> {
    pub(super) now: Instant,
    pub(super) output: Region,
    io: *mut sansocket_io,
    lent: PhantomData<&'a [u8]>,
}

impl<'a> Call<'a> {
    /// # Safety
    /// `io` is not NULL, aligned, and the caller's to lend.
    #[inline]
    unsafe fn new(io: *mut sansocket_io) -> Result<Self, sansocket_result> {
        // SAFETY: what our caller promises.
        let (now_ms, output) = unsafe { ((*io).now_ms, Region::new((*io).output, (*io).output_len)) };
        Ok(Self { now: Instant::from_millis(now_ms), output: output?, io, lent: PhantomData })
    }

    /// The input, apart from the output.
    #[inline]
    pub(super) fn input(&self) -> Result<Region, sansocket_result> {
        // SAFETY: `new` was promised that `io` is not NULL, aligned, and the caller's to lend.
        let input = unsafe { Region::new((*self.io).input, (*self.io).input_len) }?;
        input.check_apart(self.output)?;
        Ok(input)
    }

    /// Bytes that the call reads, apart from the output.
    ///
    /// # Safety
    /// They are the caller's for the call.
    #[inline]
    pub(super) unsafe fn lent(&self, data: *const c_void, len: usize) -> Result<&'a [u8], sansocket_result> {
        let region = Region::new(data.cast(), len)?;
        region.check_apart(self.output)?;
        // SAFETY: what our caller promises.
        Ok(unsafe { region.bytes() })
    }

    /// Text that the call reads, apart from the output; `otherwise` if it is not UTF-8.
    ///
    /// # Safety
    /// It is the caller's for the call.
    pub(super) unsafe fn text(&self, data: *const c_char, len: usize, otherwise: UsageError) -> Result<&'a str, Refusal> {
        // SAFETY: what our caller promises.
        let bytes = unsafe { self.lent(data.cast(), len) }?;
        core::str::from_utf8(bytes).map_err(|_| otherwise.into())
    }
}

#[cfg(feature = "deflate")]
impl Call<'_> {
    /// Says how far a call came that may have to be made again.
    pub(super) fn give_progress(&self, consumed: usize, done: bool) {
        // SAFETY: `new` was promised that `io` is not NULL, aligned, and the caller's to lend; no reference to it exists.
        unsafe { ((*self.io).consumed, (*self.io).done) = (consumed, done.into()) };
    }
}

/// Carries out one of the calls that give events.
///
/// # Safety
/// What stands at the top of the header.
#[inline]
pub(super) unsafe fn give_event<'a>(
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
            Err(result) => return refuse_event(io, result.into()),
        };
        match act(endpoint, &call) {
            Ok(Received { consumed, produced, event: Some(Event::Data(data)) }) => {
                debug_assert_eq!(endpoint.transport(), Transport::Keep, "§5.5.1, §7.1.7: no data behind a Close or a failure");
                (*io).consumed = consumed;
                (*io).produced = produced;
                (*io).needed = 0;
                (*io).transport = sansocket_transport::SANSOCKET_TRANSPORT_KEEP as u32;
                (*io).event.give_data(data);
                sansocket_result::SANSOCKET_OK
            }
            Ok(received) => give_rarer(io, received, endpoint.transport()),
            Err(refusal) => refuse_event(io, refusal),
        }
    }
}

/// # Safety
/// `io` is not NULL, aligned and the caller's to lend.
#[inline(never)]
unsafe fn give_rarer(io: *mut sansocket_io, received: Received<'_>, transport: Transport) -> sansocket_result {
    // SAFETY: what our caller promises.
    unsafe {
        (*io).consumed = received.consumed;
        (*io).produced = received.produced;
        (*io).needed = 0;
        (*io).transport = number(transport);
        (*io).event = received.event.map_or(sansocket_event::NONE, sansocket_event::of);
    }
    sansocket_result::SANSOCKET_OK
}

/// # Safety
/// `io` is not NULL, aligned and the caller's to lend.
#[cold]
unsafe fn refuse_event(io: *mut sansocket_io, refusal: Refusal) -> sansocket_result {
    // SAFETY: what our caller promises.
    unsafe {
        (*io).consumed = 0;
        (*io).produced = 0;
        (*io).needed = refusal.needed;
        (*io).event = sansocket_event::NONE;
    }
    refusal.result
}

/// Carries out a verb: writes into the output and says how much.
///
/// # Safety
/// What stands at the top of the header.
#[inline]
pub(super) unsafe fn give_bytes<'a>(
    ws: *mut sansocket,
    io: *mut sansocket_io,
    act: impl FnOnce(&mut Endpoint, &Call<'a>, &'a mut [u8]) -> Result<usize, Refusal>,
) -> sansocket_result {
    let act = |endpoint: &mut Endpoint, call: &Call<'a>, output| {
        let produced = act(endpoint, call, output)?;
        // SAFETY: not NULL and aligned, as a call exists.
        unsafe { (*io).transport = number(endpoint.transport()) };
        Ok(produced)
    };
    // SAFETY: what our caller promises.
    unsafe { write_bytes(io, |call, output| act(object(ws)?, call, output)) }
}

/// Carries out a call that writes into the output, and says how much.
///
/// # Safety
/// What stands at the top of the header.
#[inline]
pub(super) unsafe fn write_bytes<'a>(
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
            Ok(produced) => {
                (*io).produced = produced;
                (*io).needed = 0;
                sansocket_result::SANSOCKET_OK
            }
            Err(refusal) => {
                (*io).produced = 0;
                (*io).needed = refusal.needed;
                refusal.result
            }
        }
    }
}

pub(super) fn number(transport: Transport) -> u32 {
    match transport {
        Transport::Keep => sansocket_transport::SANSOCKET_TRANSPORT_KEEP as u32,
        Transport::ShutdownWrite => sansocket_transport::SANSOCKET_TRANSPORT_SHUTDOWN_WRITE as u32,
        Transport::Close => sansocket_transport::SANSOCKET_TRANSPORT_CLOSE as u32,
    }
}
