//! C's numbers and texts, and what holds for the whole header.
//!
//! An enum of C's is a number here, since C may pass any. What has the same numbers in Rust takes them, with their docs and
//! texts, from there; the tables below have the rest. `capi/header` makes the header's enums from both.

use crate::{CallError, EndCause, MessageKind, PingSource, ProtocolError, Role, State, Transport, UrlError, UsageError};
use core::ffi::{CStr, c_char};

/// The version of this header's structs and functions. `SANSOCKET_SETUP` fills it in, and the functions that initialise compare
/// it with the library's.
pub const SANSOCKET_ABI_VERSION: u32 = 4;

/// The version of the library that this header belongs to: its first number.
pub const SANSOCKET_VERSION_MAJOR: u32 = 0;

/// The second number of the version.
pub const SANSOCKET_VERSION_MINOR: u32 = 1;

/// The third number of the version.
pub const SANSOCKET_VERSION_PATCH: u32 = 0;

/// Bytes of free output that suffice for every `sansocket_receive` and `sansocket_handle_timeout`.
pub const SANSOCKET_MAX_ANSWER: usize = 131;

/// The most bytes that `sansocket_receive` leaves in the input once the opening handshake is over.
pub const SANSOCKET_MAX_REMAINDER: usize = 130;

/// The length of a Sec-WebSocket-Accept, in bytes.
pub const SANSOCKET_ACCEPT_KEY_LEN: usize = 28;

const _: () = assert!(
    SANSOCKET_MAX_ANSWER == crate::MAX_ANSWER
        && SANSOCKET_MAX_REMAINDER == crate::MAX_REMAINDER
        && SANSOCKET_ACCEPT_KEY_LEN == crate::ACCEPT_KEY_LEN
);

/// Declares enums of C's.
macro_rules! c_enums {
    ($($(#[$doc:meta])* $name:ident;)*) => {
        $(
            $(#[$doc])*
            #[repr(transparent)]
            #[derive(Clone, Copy, PartialEq, Eq, Debug)]
            pub struct $name(pub u32);
        )*
    };
}

/// Declares an enum of C's with its constants, as `SANSOCKET_...` in the header, and their texts.
macro_rules! c_table {
    ($(#[$doc:meta])* $name:ident { $($(#[$row:meta])* $constant:ident = $number:literal, $text:literal;)* }) => {
        c_enums! { $(#[$doc])* $name; }

        impl $name {
            $($(#[$row])* pub const $constant: Self = Self($number);)*

            const fn own_text(self) -> Option<&'static CStr> {
                match self.0 { $($number => Some($text),)* _ => None }
            }
        }
    };
    ($(#[$doc:meta])* $name:ident { $($(#[$row:meta])* $constant:ident = $number:literal;)* }) => {
        c_enums! { $(#[$doc])* $name; }

        impl $name { $($(#[$row])* pub const $constant: Self = Self($number);)* }
    };
}

c_enums! {
    /// [`EndCause`], or 0.
    sansocket_end_cause;
    /// [`ProtocolError`], or 0.
    sansocket_error;
    /// [`MessageKind`].
    sansocket_kind;
    /// `Level`, or 0 for the default.
    sansocket_level;
    /// [`Opcode`](crate::frame::Opcode).
    sansocket_opcode;
    /// [`PingSource`], or 0.
    sansocket_ping_source;
    /// [`Role`], or 0.
    sansocket_role;
    /// [`State`].
    sansocket_state;
    /// [`Transport`].
    sansocket_transport;
}

c_table! {
/// What a function did.
sansocket_result {
    /// Done.
    OK = 0, c"done";
    /// Not yet: the output has too little room. Write what is in it and call again; `needed` says how many free bytes suffice,
    /// `sansocket_buffered_get_room` how many there are.
    NEEDS_ROOM = 1, c"the output has too little room";
    /// The entropy function did not return 0.
    ENTROPY_FAILED = 2, c"the entropy function failed";
    /// Not yet: more bytes have to arrive, of a head, of a frame's header or of a message. No mistake.
    INCOMPLETE = 4, c"more bytes have to arrive";

    /// A pointer is NULL that must not be.
    NULL_POINTER = 16, c"a pointer is NULL that must not be";
    /// A pointer to a struct is not aligned as the struct must be.
    MISALIGNED = 17, c"a pointer to a struct is misaligned";
    /// The struct was never initialised.
    NOT_INITIALISED = 18, c"the struct was never initialised";
    /// The size in `sansocket_setup` is not the library's: it was not filled in by `SANSOCKET_SETUP`, or header and library are
    /// of different versions.
    WRONG_SIZE = 19, c"the size of the setup is not the library's";
    /// The ABI version in `sansocket_setup` is not the library's.
    WRONG_VERSION = 20, c"the ABI version of the setup is not the library's";
    /// A length above `PTRDIFF_MAX`.
    LENGTH_TOO_LARGE = 21, c"a length is above PTRDIFF_MAX";
    /// The output, the input or memory that was lent overlap.
    OVERLAP = 22, c"output, input or lent memory overlap";
    /// A role, kind, opcode, option, level, rule or decision on the Origin that does not exist, an `rsv` above 7, an event that is not
    /// data, a `reserved` that is not 0, an `output_len` above `output_size`, or a count of more bytes than there are.
    INVALID_ARGUMENT = 23, c"an argument has a value that means nothing";
    /// A value is outside the range of its option, or window bits are not 8 to 15.
    OUT_OF_RANGE = 24, c"a value is outside its range";
    /// More headers or origins than `SANSOCKET_MAX_LIST`.
    LIST_TOO_LONG = 25, c"more headers or origins than can be passed";
    /// The bytes are not the whole head of a request, or of a response.
    NOT_A_HEAD = 26, c"the bytes are not a whole HTTP head";
    /// The message is longer than the memory lent to collect it.
    MESSAGE_TOO_LONG = 27, c"the message is longer than the memory lent for it";
    /// The bytes are not the header of a frame, or not of one that the rules allow.
    NOT_A_FRAME = 28, c"the bytes are not the header of a frame that is allowed";
    /// The memory lent to an inflater or compressor does not have the length that it must have, or a block for what remains of a turn
    /// is too short.
    WRONG_MEMORY_LEN = 29, c"the memory lent does not have the length that it must have";
    /// A codec of the caller's that compresses returned another number than 0, or did not do what `sansocket_deflate_codec` says.
    CODEC_FAILED = 30, c"the caller's codec failed to compress";
}
}

c_table! {
/// What happened.
sansocket_event_type {
    /// Nothing, and nothing more can be had from this input.
    NONE = 0, c"none";
    /// Server: a valid opening handshake (§4.2.1). `data` and `len`: its head. Nothing more is read until
    /// `sansocket_accept_or_refuse`, `sansocket_accept` or `sansocket_respond` answers it.
    REQUEST = 1, c"request";
    /// Server: plain HTTP on our port. `data` and `len`: its head. `sansocket_respond` answers it.
    HTTP_REQUEST = 2, c"HTTP request";
    /// Client: the server's 101, completely checked (§4.1). Messages may be sent. `status`; `data` and `len`: its head.
    OPENED = 3, c"opened";
    /// Client: any other final response. `status`; `error`: what is wrong with it; `data` and `len`: its head. Its body, if it
    /// has one, stays in the input, unparsed; the connection takes nothing more, and `sansocket_close` ends it at once.
    REFUSED = 4, c"refused";
    /// A piece of a message, unmasked and, if text, checked as far as it goes. `kind`; `offset`; `first`; `last`; `data` and
    /// `len`: the bytes, which the caller may change in place. `len` is 0 only where a message ends without further bytes.
    DATA = 5, c"data";
    /// A Ping (§5.5.2). `data` and `len`: its payload, at most 125 bytes; `answered`: whether this call wrote the Pong.
    PING = 6, c"ping";
    /// A Pong (§5.5.3). `data` and `len`: its payload, at most 125 bytes; `answers`: which Ping of ours it answers.
    PONG = 7, c"pong";
    /// The peer's Close (§5.5.1). This call wrote ours, unless it was sent before. `close_code`: the peer's, 1005 if it gave
    /// none; `data` and `len`: its reason, at most 123 bytes of UTF-8.
    CLOSE_RECEIVED = 8, c"close received";
    /// The peer broke a rule (§7.1.7): `error`. This call wrote the Close or the HTTP response that tells the peer.
    FAILED = 9, c"failed";
    /// The connection has ended: the last event of every connection, given exactly once. The transport can go. `close_code`: the
    /// peer's, 1005 if its Close had none, 1006 if there was no Close; `was_clean`: whether both Closes were exchanged (§7.1.4);
    /// `cause`.
    CLOSED = 10, c"closed";
}
}

c_table! {
/// What `sansocket_config_set` sets, and what it is unless set. Lengths are in bytes; times in milliseconds, where 0 turns a
/// deadline off; 0 or 1 stands for no or yes. The header has the docs of `Config` for each.
sansocket_option {
    /// `Config::max_message_len`.
    MAX_MESSAGE_LEN = 1;
    /// `Config::max_fragments`.
    MAX_FRAGMENTS = 2;
    /// `Config::max_empty_frames`.
    MAX_EMPTY_FRAMES = 3;
    /// `Config::max_head_len`.
    MAX_HEAD_LEN = 4;
    /// `Config::max_target_len`.
    MAX_TARGET_LEN = 5;
    /// `Config::max_header_lines`.
    MAX_HEADER_LINES = 6;
    /// `Config::max_interim_responses`.
    MAX_INTERIM_RESPONSES = 7;
    /// `Config::auto_pong`.
    AUTO_PONG = 8;
    /// `Config::handshake_timeout_ms`.
    HANDSHAKE_TIMEOUT_MS = 9;
    /// `Config::closing_timeout_ms`.
    CLOSING_TIMEOUT_MS = 10;
    /// `Config::keepalive_interval_ms`.
    KEEPALIVE_INTERVAL_MS = 11;
    /// `Config::pong_timeout_ms`.
    PONG_TIMEOUT_MS = 12;
    /// `Config::idle_timeout_ms`.
    IDLE_TIMEOUT_MS = 13;
    /// `Config::min_write_rate`.
    MIN_WRITE_RATE = 14;
    /// `Config::write_timeout_ms`.
    WRITE_TIMEOUT_MS = 15;
}
}

c_table! {
/// Which pages may connect (§10.2). There is no default: a server that authenticates by cookies and takes any origin can be used
/// by every page that its users visit.
sansocket_origin {
    /// Any: for public services, for those that authenticate inside the connection, and where the caller checked it.
    ANY = 1;
    /// Those in `origins`, compared byte by byte: `https://example.com`. A request without Origin does not come from a browser's
    /// page and passes.
    ONE_OF = 2;
    /// Pages of the host that is asked for: the same host and port, where no port stands for 80. A request without Origin passes,
    /// `null` does not. This believes the Host header: a name that an attacker points at this server's address passes for its own
    /// (DNS rebinding), so a server that others must not reach by such a name compares Host with the names that it has.
    SAME_HOST = 3;
    /// The same for requests that came over TLS, to this program or to a proxy in front of it: no port stands for 443.
    SAME_HOST_SECURE = 4;
}
}

c_table! {
/// Which frames may come, as to their masking (§5.1).
sansocket_masking {
    /// Masked or not.
    ANY = 0;
    /// Masked only: from a client.
    REQUIRED = 1;
    /// Not masked: from a server.
    FORBIDDEN = 2;
}
}

/// Where the numbers of Rust's errors begin among the results.
const USAGE: u32 = 256;
const URL: u32 = 512;
#[cfg(feature = "deflate")]
const INFLATE: u32 = 768;

/// The number of Rust's first role: 0 stands for none.
const ROLE: u32 = 1;

impl From<UsageError> for sansocket_result {
    fn from(error: UsageError) -> Self {
        Self(USAGE | u32::from(error.number()))
    }
}

impl From<UrlError> for sansocket_result {
    fn from(error: UrlError) -> Self {
        Self(URL | u32::from(error.number()))
    }
}

#[cfg(feature = "deflate")]
impl From<crate::InflateError> for sansocket_result {
    fn from(error: crate::InflateError) -> Self {
        Self(INFLATE | u32::from(error.number()))
    }
}

impl sansocket_error {
    pub(super) const NONE: Self = Self(0);
}

impl From<ProtocolError> for sansocket_error {
    fn from(error: ProtocolError) -> Self {
        Self(error.number().into())
    }
}

impl From<MessageKind> for sansocket_kind {
    #[inline]
    fn from(kind: MessageKind) -> Self {
        Self(kind as u32)
    }
}

impl TryFrom<sansocket_kind> for MessageKind {
    type Error = sansocket_result;

    #[inline]
    fn try_from(kind: sansocket_kind) -> Result<Self, sansocket_result> {
        const TEXT: u32 = MessageKind::Text as u32;
        const BINARY: u32 = MessageKind::Binary as u32;
        match kind.0 {
            TEXT => Ok(Self::Text),
            BINARY => Ok(Self::Binary),
            _ => Err(sansocket_result::INVALID_ARGUMENT),
        }
    }
}

#[cfg(feature = "deflate")]
impl TryFrom<sansocket_level> for crate::Level {
    type Error = sansocket_result;

    fn try_from(level: sansocket_level) -> Result<Self, sansocket_result> {
        const FAST: u32 = crate::Level::Fast as u32;
        const DEFAULT: u32 = crate::Level::Default as u32;
        const BEST: u32 = crate::Level::Best as u32;
        match level.0 {
            FAST => Ok(Self::Fast),
            0 | DEFAULT => Ok(Self::Default),
            BEST => Ok(Self::Best),
            _ => Err(sansocket_result::INVALID_ARGUMENT),
        }
    }
}

impl From<Role> for sansocket_role {
    fn from(role: Role) -> Self {
        Self(ROLE + role as u32)
    }
}

impl TryFrom<sansocket_role> for Role {
    type Error = sansocket_result;

    fn try_from(role: sansocket_role) -> Result<Self, sansocket_result> {
        const CLIENT: u32 = ROLE + Role::Client as u32;
        const SERVER: u32 = ROLE + Role::Server as u32;
        match role.0 {
            CLIENT => Ok(Self::Client),
            SERVER => Ok(Self::Server),
            _ => Err(sansocket_result::INVALID_ARGUMENT),
        }
    }
}

impl From<State> for sansocket_state {
    fn from(state: State) -> Self {
        Self(state as u32)
    }
}

impl From<Transport> for sansocket_transport {
    fn from(transport: Transport) -> Self {
        Self(transport as u32)
    }
}

impl From<EndCause> for sansocket_end_cause {
    fn from(cause: EndCause) -> Self {
        Self(cause.number().into())
    }
}

impl From<Option<PingSource>> for sansocket_ping_source {
    fn from(source: Option<PingSource>) -> Self {
        Self(source.map_or(0, |source| source as u32))
    }
}

/// Why a call did nothing, and how much room it wants.
#[derive(Clone, Copy)]
pub struct Refusal {
    /// What the caller is told.
    pub result: sansocket_result,
    /// How many bytes of room, with `NEEDS_ROOM`.
    pub needed: usize,
}

impl From<sansocket_result> for Refusal {
    fn from(result: sansocket_result) -> Self {
        Self { result, needed: 0 }
    }
}

impl From<UsageError> for Refusal {
    fn from(error: UsageError) -> Self {
        sansocket_result::from(error).into()
    }
}

impl From<CallError> for sansocket_result {
    fn from(error: CallError) -> Self {
        Refusal::from(error).result
    }
}

impl From<CallError> for Refusal {
    fn from(error: CallError) -> Self {
        match error {
            CallError::NeedsRoom { bytes } => Self { result: sansocket_result::NEEDS_ROOM, needed: bytes },
            CallError::EntropyFailed => sansocket_result::ENTROPY_FAILED.into(),
            CallError::Usage(error) => error.into(),
        }
    }
}

/// `OK`, or the result that refuses.
pub fn done(outcome: Result<(), sansocket_result>) -> sansocket_result {
    outcome.err().unwrap_or(sansocket_result::OK)
}

/// Returns the version of the library that runs, as `SANSOCKET_VERSION` has that of the header: 1 000 000 times its first
/// number, 1000 times its second and its third.
#[unsafe(no_mangle)]
pub extern "C" fn sansocket_version() -> u32 {
    SANSOCKET_VERSION_MAJOR * 1_000_000 + SANSOCKET_VERSION_MINOR * 1_000 + SANSOCKET_VERSION_PATCH
}

/// Returns one sentence, without a full stop, that says what a result means. Any number may be passed. Never NULL; constant, ends
/// in NUL.
#[unsafe(no_mangle)]
pub extern "C" fn sansocket_result_text(result: sansocket_result) -> *const c_char {
    let number = result.0 & 0xFF;
    let text = match result.0 & !0xFF {
        USAGE => UsageError::c_text(number),
        URL => UrlError::c_text(number),
        #[cfg(feature = "deflate")]
        INFLATE => crate::InflateError::c_text(number),
        _ => result.own_text(),
    };
    text.unwrap_or(c"a result that this version does not know").as_ptr()
}

/// Returns one sentence, without a full stop, about the rule that the field `error` of an event names. Any number may be passed.
/// Never NULL; constant, ends in NUL.
#[unsafe(no_mangle)]
pub extern "C" fn sansocket_error_text(error: sansocket_error) -> *const c_char {
    if error == sansocket_error::NONE {
        return c"no rule was broken".as_ptr();
    }
    ProtocolError::c_text(error.0).unwrap_or(c"an error that this version does not know").as_ptr()
}

/// Returns the close code that tells a peer of an error (§7.1.7): 1002, 1007, 1008 or 1009. 1002 for a number that is no error.
#[unsafe(no_mangle)]
pub extern "C" fn sansocket_error_close_code(error: sansocket_error) -> u16 {
    let error = ProtocolError::ALL.iter().find(|known| u32::from(known.number()) == error.0);
    error.map_or(crate::CloseCode::PROTOCOL_ERROR, |error| error.close_code()).0
}

/// Returns one sentence, without a full stop, about the `cause` of `SANSOCKET_EVENT_CLOSED`. Any number may be passed. Never
/// NULL; constant, ends in NUL.
#[unsafe(no_mangle)]
pub extern "C" fn sansocket_end_cause_text(cause: sansocket_end_cause) -> *const c_char {
    EndCause::c_text(cause.0).unwrap_or(c"a cause that this version does not know").as_ptr()
}

/// Returns the name of an event for a log: `data`, `close received`. Any number may be passed. Never NULL; constant, ends in NUL.
#[unsafe(no_mangle)]
pub extern "C" fn sansocket_event_text(event_type: sansocket_event_type) -> *const c_char {
    event_type.own_text().unwrap_or(c"unknown event").as_ptr()
}

/// Returns 1 if the code may stand in a Close frame, ours or the peer's (1000 to 1003, 1007 to 1014 and 3000 to 4999), else 0.
#[unsafe(no_mangle)]
pub extern "C" fn sansocket_close_code_is_allowed(code: u16) -> u8 {
    crate::CloseCode(code).is_allowed_in_frame().into()
}
