//! Events: one flat struct, and how to get it.

use sansocket::Instant;
use sansocket::ffi::support::{check_struct, done};
use sansocket::ffi::{
    SANSOCKET_NEVER, sansocket_end_cause, sansocket_error, sansocket_kind, sansocket_ping_source, sansocket_result,
};

use super::numbers::{sansocket_dial_error, sansocket_redirect_error, sansocket_session_cause, sansocket_session_event_type};
use super::place::{Placed, placed, sansocket_session};
use crate::{Cause, Event, Numbers};

/// An event of a session: its type, and what `sansocket_session_event_type` says that goes with it. All other fields are 0, but for
/// `retry_in_ms`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct sansocket_session_event {
    /// What happened.
    pub r#type: sansocket_session_event_type,
    /// Text or binary, the same for all pieces of a message.
    pub kind: sansocket_kind,
    /// Which Ping of ours the Pong answers; 0 if it came unasked.
    pub answers: sansocket_ping_source,
    /// The rule that the peer broke.
    pub error: sansocket_error,
    /// Why there is no connection.
    pub cause: sansocket_session_cause,
    /// Why there was no transport, as the caller said.
    pub dial_error: sansocket_dial_error,
    /// Why a redirect was not followed.
    pub redirect_error: sansocket_redirect_error,
    /// What ended a connection that was cut off.
    pub end_cause: sansocket_end_cause,
    /// A close code (§7.4).
    pub close_code: u16,
    /// The status of a response.
    pub status: u16,
    /// 1 if the message starts with this piece.
    pub first: u8,
    /// 1 if the message ends with this piece.
    pub last: u8,
    /// 0 in this version.
    pub reserved: u16,
    /// Bytes of this message before this piece.
    pub offset: u64,
    /// Bytes in memory that was lent to the session. They are there until the next call of `sansocket_session_next`, whatever else is
    /// called, but for `sansocket_session_set_url`, which overwrites a URL. To be read only, except those of `SANSOCKET_SESSION_EVENT_DATA`. No NUL follows them. Without meaning if `len` is 0.
    pub data: *mut u8,
    /// How many bytes.
    pub len: usize,
    /// When the session dials again, in milliseconds from now; `SANSOCKET_NEVER` if it does not, and in other events.
    pub retry_in_ms: u64,
    /// The lowest number of some messages; 0 if there are none.
    pub first_number: u64,
    /// The highest of these numbers.
    pub last_number: u64,
    /// How many messages, which are not always all of those from the first to the last number.
    pub count: u64,
    /// 0 in this version.
    pub reserved_more: [u64; 2],
}

/// Releases the current event and writes the next to `event`: `SANSOCKET_SESSION_EVENT_NONE` if there is none, and where the result is
/// not `SANSOCKET_OK`. Then the transport's order is to be obeyed, and the transport to be written, read or waited for. An event's bytes
/// lie where they are until the next call of this function; they may be sent from there.
///
/// Returns `SANSOCKET_OK`; `SANSOCKET_ENTROPY_FAILED` if there is no masking key: call it again; or
/// `SANSOCKET_USAGE_BUFFER_TOO_SHORT` if the output is too short for the opening handshake or for CONNECT.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_session_next(
    session: *mut sansocket_session,
    now_ms: u64,
    event: *mut sansocket_session_event,
) -> sansocket_result {
    let next = |placed: &mut Placed| {
        let found = placed.life.advance(Instant::from_millis(now_ms))?;
        Ok(if found { placed.event() } else { sansocket_session_event::NONE })
    };
    // SAFETY: the caller keeps to what stands at the top of the header.
    unsafe { give(session, event, next) }
}

/// Writes the current event to `event` once more, with its bytes as they are now: for a handler that could not finish, because there was
/// no room for its answer. `SANSOCKET_SESSION_EVENT_NONE` if there is none. Returns `SANSOCKET_OK`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_session_current(
    session: *mut sansocket_session,
    event: *mut sansocket_session_event,
) -> sansocket_result {
    // SAFETY: the caller keeps to what stands at the top of the header.
    unsafe { give(session, event, |placed| Ok(placed.event())) }
}

/// # Safety
/// What stands at the top of the header.
unsafe fn give(
    session: *mut sansocket_session,
    event: *mut sansocket_session_event,
    find: impl FnOnce(&mut Placed) -> Result<sansocket_session_event, sansocket_result>,
) -> sansocket_result {
    if let Err(result) = check_struct(event) {
        return result;
    }
    // SAFETY: what our caller promises.
    let found = unsafe { placed(session) }.and_then(find);
    // SAFETY: not NULL, aligned, and the caller's to be written.
    unsafe { event.write(found.unwrap_or(sansocket_session_event::NONE)) };
    done(found.map(drop))
}

impl Placed {
    /// The current event, by pointers that stay good while other calls borrow the buffers.
    fn event(&mut self) -> sansocket_session_event {
        match self.life.current(Instant::from_micros(0)) {
            Some((event, _)) => {
                let event = sansocket_session_event::of(event);
                self.in_place(event)
            }
            None => sansocket_session_event::NONE,
        }
    }

    /// The same event, whose bytes lie in this session's memory, by such a pointer.
    pub fn in_place(&self, event: sansocket_session_event) -> sansocket_session_event {
        let data = if event.len == 0 { core::ptr::null_mut() } else { self.pointer_to(event.data) };
        sansocket_session_event { data, ..event }
    }
}

impl sansocket_session_event {
    const NONE: Self = Self {
        r#type: sansocket_session_event_type::NONE,
        kind: sansocket_kind(0),
        answers: sansocket_ping_source(0),
        error: sansocket_error(0),
        cause: sansocket_session_cause::NONE,
        dial_error: sansocket_dial_error(0),
        redirect_error: sansocket_redirect_error(0),
        end_cause: sansocket_end_cause(0),
        close_code: 0,
        status: 0,
        first: 0,
        last: 0,
        reserved: 0,
        offset: 0,
        data: core::ptr::null_mut(),
        len: 0,
        retry_in_ms: SANSOCKET_NEVER,
        first_number: 0,
        last_number: 0,
        count: 0,
        reserved_more: [0; 2],
    };

    /// No event.
    #[doc(hidden)]
    pub fn none() -> Self {
        Self::NONE
    }

    /// The event in C, whose bytes are where they are in Rust.
    #[doc(hidden)]
    pub fn of(event: Event<'_>) -> Self {
        use sansocket_session_event_type as T;
        let new = |r#type| Self { r#type, ..Self::NONE };
        match event {
            Event::Connected { url } => new(T::CONNECTED).with_bytes(url.as_bytes()),
            Event::Up(response) => Self { status: response.status(), ..new(T::UP) }.with_bytes(response.bytes()),
            Event::Data(data) => Self {
                kind: data.kind.into(),
                first: data.first().into(),
                last: data.last.into(),
                offset: data.offset,
                ..new(T::DATA).with_bytes(data.payload)
            },
            Event::Ping { payload } => new(T::PING).with_bytes(payload),
            Event::Pong { payload, answers } => Self { answers: answers.into(), ..new(T::PONG) }.with_bytes(payload),
            Event::CloseReceived { code, reason } => {
                Self { close_code: code.0, ..new(T::CLOSE_RECEIVED) }.with_bytes(reason.as_bytes())
            }
            Event::Failed { error } => Self { error: error.into(), ..new(T::FAILED) },
            Event::Refused(response) => Self { status: response.status(), ..new(T::REFUSED) }.with_bytes(response.bytes()),
            Event::ProxyRefused(response) => {
                Self { status: response.status(), ..new(T::PROXY_REFUSED) }.with_bytes(response.bytes())
            }
            Event::Redirected { status, url } => Self { status, ..new(T::REDIRECTED) }.with_bytes(url.as_bytes()),
            Event::Down { cause, retry_in_ms, unconfirmed } => Self::down(cause, retry_in_ms, unconfirmed),
            Event::Dropped(numbers) => new(T::DROPPED).with_numbers(numbers),
            Event::GaveUp => new(T::GAVE_UP),
        }
    }

    /// The end of a transport.
    #[doc(hidden)]
    pub fn down(cause: Cause, retry_in_ms: Option<u64>, unconfirmed: Numbers) -> Self {
        let retry_in_ms = retry_in_ms.unwrap_or(SANSOCKET_NEVER);
        let down = Self { r#type: sansocket_session_event_type::DOWN, retry_in_ms, ..Self::NONE };
        down.with_cause(cause).with_numbers(unconfirmed)
    }

    fn with_bytes(self, bytes: &[u8]) -> Self {
        Self { data: bytes.as_ptr().cast_mut(), len: bytes.len(), ..self }
    }

    fn with_cause(self, cause: Cause) -> Self {
        let event = Self { cause: cause.into(), ..self };
        match cause {
            Cause::Dial(error) => Self { dial_error: error.into(), ..event },
            Cause::ProxyRefused { status } | Cause::Refused { status } => Self { status, ..event },
            Cause::ProxyFailed(error) | Cause::Failed(error) => Self { error: error.into(), ..event },
            Cause::Redirect(error) => Self { redirect_error: error.into(), ..event },
            Cause::Closed(code) => Self { close_code: code.0, ..event },
            Cause::Lost(cause) => Self { end_cause: cause.into(), ..event },
            Cause::ConnectTimeout | Cause::HeartbeatTimeout | Cause::Application | Cause::Dropped => event,
        }
    }

    fn with_numbers(self, numbers: Numbers) -> Self {
        Self { first_number: numbers.first, last_number: numbers.last, count: numbers.count, ..self }
    }
}
