//! What functions return, the rules that a peer can break, and the texts of both.

use super::io::sansocket_event_type;
use super::text;
#[cfg(feature = "deflate")]
use crate::InflateError;
use crate::{CallError, ProtocolError, UrlError, UsageError};
use core::ffi::{CStr, c_char};

/// What a function did. Every result but `SANSOCKET_OK` means that nothing was consumed, unmasked, written to the output,
/// changed or drawn from entropy. Numbers are never used again for something else; later versions may add some.
#[repr(u32)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum sansocket_result {
    /// Done.
    SANSOCKET_OK = 0,
    /// Not yet: the output is too short. A call with room for `needed` bytes gets on.
    SANSOCKET_NEEDS_ROOM = 1,
    /// The entropy function did not return 0.
    SANSOCKET_ENTROPY_FAILED = 2,
    /// What was asked for does not exist: no such header, no subprotocol agreed, nothing measured yet. No mistake.
    SANSOCKET_ABSENT = 3,
    /// Not yet: more bytes have to arrive, of a head, of a frame's header or of a message. No mistake.
    SANSOCKET_INCOMPLETE = 4,

    /// A pointer is NULL that may not be.
    SANSOCKET_NULL_POINTER = 16,
    /// A pointer to a struct is not aligned as the struct must be.
    SANSOCKET_MISALIGNED = 17,
    /// The `sansocket` or the `sansocket_config` was never initialised.
    SANSOCKET_NOT_INITIALISED = 18,
    /// The size that was passed is not the library's: header and library are of different versions.
    SANSOCKET_WRONG_SIZE = 19,
    /// The ABI version that was passed is not the library's.
    SANSOCKET_WRONG_VERSION = 20,
    /// A length above `PTRDIFF_MAX`.
    SANSOCKET_LENGTH_TOO_LARGE = 21,
    /// The output overlaps something that the call reads.
    SANSOCKET_OVERLAP = 22,
    /// A role, kind, option or origin decision that does not exist, or a close code above 65535.
    SANSOCKET_INVALID_ARGUMENT = 23,
    /// The value is outside the range of the option.
    SANSOCKET_OUT_OF_RANGE = 24,
    /// More headers or origins than `SANSOCKET_MAX_LIST`.
    SANSOCKET_LIST_TOO_LONG = 25,
    /// The bytes are not the head of a request, or not all of it.
    SANSOCKET_NOT_A_HEAD = 26,
    /// The message is longer than the memory lent to collect it.
    SANSOCKET_MESSAGE_TOO_LONG = 27,
    /// The bytes are not the header of a frame, or not of one that the rules allow.
    SANSOCKET_NOT_A_FRAME = 28,
    /// The memory lent to an inflater or compressor does not have the length that it must have.
    SANSOCKET_WRONG_MEMORY_LEN = 29,

    /// A verb of the opening handshake, where no opening handshake waits for it.
    SANSOCKET_USAGE_NOT_CONNECTING = 257,
    /// A message, Ping, Pong or Close before the opening handshake is over (§4.1, §6.1). Afterwards it is no mistake.
    SANSOCKET_USAGE_NOT_OPEN = 258,
    /// A verb of the other role.
    SANSOCKET_USAGE_WRONG_ROLE = 259,
    /// §5.6: text that is not UTF-8, or that ends inside a character.
    SANSOCKET_USAGE_INVALID_UTF8 = 260,
    /// §5.5: a control payload of more than 125 bytes.
    SANSOCKET_USAGE_CONTROL_PAYLOAD_TOO_LONG = 261,
    /// §7.4: a code that may not stand in a frame.
    SANSOCKET_USAGE_INVALID_CLOSE_CODE = 262,
    /// §5.5.1: a reason of more than 123 bytes, or a reason without a code.
    SANSOCKET_USAGE_INVALID_CLOSE_REASON = 263,
    /// §5.4: a fragment of the other kind than the message it continues, or compressed where that is not, or the reverse.
    SANSOCKET_USAGE_WRONG_MESSAGE_KIND = 264,
    /// A host that cannot stand in a Host header.
    SANSOCKET_USAGE_INVALID_HOST = 265,
    /// A target that cannot stand in a request line: it starts with `/` or `?` and has neither blanks, controls nor `#`.
    SANSOCKET_USAGE_INVALID_TARGET = 266,
    /// A header name that is no token, or a value with control bytes.
    SANSOCKET_USAGE_INVALID_HEADER = 267,
    /// A header that the opening handshake writes itself.
    SANSOCKET_USAGE_RESERVED_HEADER = 268,
    /// A list of subprotocols with an empty, repeated or malformed name (§4.1).
    SANSOCKET_USAGE_INVALID_SUBPROTOCOL = 269,
    /// §4.2.2: a subprotocol that the client did not offer or that is not in the configuration.
    SANSOCKET_USAGE_UNOFFERED_SUBPROTOCOL = 270,
    /// §4.2.2: a request whose Origin is not among those accepted.
    SANSOCKET_USAGE_ORIGIN_NOT_ALLOWED = 271,
    /// A request that is not a valid opening handshake.
    SANSOCKET_USAGE_NOT_AN_OPENING_HANDSHAKE = 272,
    /// A status that no final response has: below 200 or above 999; a body with 204, 205 or 304, which have none; or success for a
    /// CONNECT, which would open a tunnel (RFC 9110 §9.3.6).
    SANSOCKET_USAGE_INVALID_STATUS = 273,
    /// Fewer bytes were presented than were left unconsumed before.
    SANSOCKET_USAGE_INPUT_TOO_SHORT = 274,
    /// A compressed message, where no compression was agreed.
    SANSOCKET_USAGE_NO_DEFLATE = 275,
    /// §5.4: a whole message, where another is unfinished.
    SANSOCKET_USAGE_MESSAGE_UNFINISHED = 276,
    /// §5.2: a payload of 2^63 bytes or more.
    SANSOCKET_USAGE_PAYLOAD_TOO_LONG = 277,

    /// The scheme of a URL is missing or not `ws`, `wss`, `http` or `https`.
    SANSOCKET_URL_INVALID_SCHEME = 513,
    /// The host is missing, or has a byte that no host has. Names beyond ASCII have to be given in their `xn--` form.
    SANSOCKET_URL_INVALID_HOST = 514,
    /// The port is not a number from 1 to 65535.
    SANSOCKET_URL_INVALID_PORT = 515,
    /// A user name or password (`user@`): §3 has none. Credentials go into a header.
    SANSOCKET_URL_USER_INFORMATION = 516,
    /// A fragment (`#`), which §3 forbids.
    SANSOCKET_URL_FRAGMENT = 517,
    /// A blank, a control byte or one beyond ASCII in path or query: they have to be given percent-encoded.
    SANSOCKET_URL_INVALID_TARGET = 518,

    /// RFC 1951 §3.2.3: block type 3 is reserved.
    SANSOCKET_INFLATE_RESERVED_BLOCK_TYPE = 769,
    /// RFC 1951 §3.2.4: NLEN of a stored block is not the complement of LEN.
    SANSOCKET_INFLATE_STORED_LEN_MISMATCH = 770,
    /// RFC 1951 §3.2.7: more than 286 literal and length codes, or more than 30 distance codes.
    SANSOCKET_INFLATE_TOO_MANY_CODES = 771,
    /// RFC 1951 §3.2.7: the code length code is over-subscribed or incomplete.
    SANSOCKET_INFLATE_BAD_CODE_LENGTH_CODE = 772,
    /// RFC 1951 §3.2.7: a repeat without a previous length, or beyond the last code.
    SANSOCKET_INFLATE_BAD_REPEAT = 773,
    /// RFC 1951 §3.2.5: there is no code for the end of the block.
    SANSOCKET_INFLATE_NO_END_OF_BLOCK = 774,
    /// RFC 1951 §3.2.2: the literal and length code is over-subscribed or incomplete.
    SANSOCKET_INFLATE_BAD_LITERAL_CODE = 775,
    /// RFC 1951 §3.2.2: the distance code is over-subscribed or incomplete.
    SANSOCKET_INFLATE_BAD_DISTANCE_CODE = 776,
    /// RFC 1951 §3.2.5: bits that are no code for a literal or a length, or symbol 286 or 287.
    SANSOCKET_INFLATE_INVALID_LITERAL = 777,
    /// RFC 1951 §3.2.5: bits that are no code for a distance, or symbol 30 or 31.
    SANSOCKET_INFLATE_INVALID_DISTANCE = 778,
    /// RFC 1951 §3.2.5, RFC 7692 §7.1.2: a match before the first byte known, or beyond the window agreed.
    SANSOCKET_INFLATE_DISTANCE_TOO_FAR = 779,
    /// RFC 7692 §7.2.1: the message does not end with an empty stored block whose LEN and NLEN were removed.
    SANSOCKET_INFLATE_NOT_FLUSHED = 780,
}

/// Added to [`UsageError::number`].
const USAGE: u32 = 256;

impl From<UsageError> for sansocket_result {
    fn from(error: UsageError) -> Self {
        use UsageError as E;
        match error {
            E::NotConnecting => Self::SANSOCKET_USAGE_NOT_CONNECTING,
            E::NotOpen => Self::SANSOCKET_USAGE_NOT_OPEN,
            E::WrongRole => Self::SANSOCKET_USAGE_WRONG_ROLE,
            E::InvalidUtf8 => Self::SANSOCKET_USAGE_INVALID_UTF8,
            E::ControlPayloadTooLong => Self::SANSOCKET_USAGE_CONTROL_PAYLOAD_TOO_LONG,
            E::InvalidCloseCode => Self::SANSOCKET_USAGE_INVALID_CLOSE_CODE,
            E::InvalidCloseReason => Self::SANSOCKET_USAGE_INVALID_CLOSE_REASON,
            E::WrongMessageKind => Self::SANSOCKET_USAGE_WRONG_MESSAGE_KIND,
            E::InvalidHost => Self::SANSOCKET_USAGE_INVALID_HOST,
            E::InvalidTarget => Self::SANSOCKET_USAGE_INVALID_TARGET,
            E::InvalidHeader => Self::SANSOCKET_USAGE_INVALID_HEADER,
            E::ReservedHeader => Self::SANSOCKET_USAGE_RESERVED_HEADER,
            E::InvalidSubprotocol => Self::SANSOCKET_USAGE_INVALID_SUBPROTOCOL,
            E::UnofferedSubprotocol => Self::SANSOCKET_USAGE_UNOFFERED_SUBPROTOCOL,
            E::OriginNotAllowed => Self::SANSOCKET_USAGE_ORIGIN_NOT_ALLOWED,
            E::NotAnOpeningHandshake => Self::SANSOCKET_USAGE_NOT_AN_OPENING_HANDSHAKE,
            E::InvalidStatus => Self::SANSOCKET_USAGE_INVALID_STATUS,
            E::InputTooShort => Self::SANSOCKET_USAGE_INPUT_TOO_SHORT,
            E::NoDeflate => Self::SANSOCKET_USAGE_NO_DEFLATE,
            E::MessageUnfinished => Self::SANSOCKET_USAGE_MESSAGE_UNFINISHED,
            E::PayloadTooLong => Self::SANSOCKET_USAGE_PAYLOAD_TOO_LONG,
        }
    }
}

impl From<UrlError> for sansocket_result {
    fn from(error: UrlError) -> Self {
        match error {
            UrlError::Scheme => Self::SANSOCKET_URL_INVALID_SCHEME,
            UrlError::Host => Self::SANSOCKET_URL_INVALID_HOST,
            UrlError::Port => Self::SANSOCKET_URL_INVALID_PORT,
            UrlError::UserInformation => Self::SANSOCKET_URL_USER_INFORMATION,
            UrlError::Fragment => Self::SANSOCKET_URL_FRAGMENT,
            UrlError::Target => Self::SANSOCKET_URL_INVALID_TARGET,
        }
    }
}

#[cfg(feature = "deflate")]
impl From<InflateError> for sansocket_result {
    fn from(error: InflateError) -> Self {
        use InflateError as E;
        match error {
            E::ReservedBlockType => Self::SANSOCKET_INFLATE_RESERVED_BLOCK_TYPE,
            E::StoredLenMismatch => Self::SANSOCKET_INFLATE_STORED_LEN_MISMATCH,
            E::TooManyCodes => Self::SANSOCKET_INFLATE_TOO_MANY_CODES,
            E::BadCodeLengthCode => Self::SANSOCKET_INFLATE_BAD_CODE_LENGTH_CODE,
            E::BadRepeat => Self::SANSOCKET_INFLATE_BAD_REPEAT,
            E::NoEndOfBlock => Self::SANSOCKET_INFLATE_NO_END_OF_BLOCK,
            E::BadLiteralCode => Self::SANSOCKET_INFLATE_BAD_LITERAL_CODE,
            E::BadDistanceCode => Self::SANSOCKET_INFLATE_BAD_DISTANCE_CODE,
            E::InvalidLiteral => Self::SANSOCKET_INFLATE_INVALID_LITERAL,
            E::InvalidDistance => Self::SANSOCKET_INFLATE_INVALID_DISTANCE,
            E::DistanceTooFar => Self::SANSOCKET_INFLATE_DISTANCE_TOO_FAR,
            E::NotFlushed => Self::SANSOCKET_INFLATE_NOT_FLUSHED,
        }
    }
}

/// The rule that the peer broke, in the field `error` of an event; 0 in the others. Numbers are never used again for something
/// else; later versions may add some.
#[repr(u32)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum sansocket_error {
    /// None.
    SANSOCKET_ERROR_NONE = 0,

    /// §5.2: RSV1, RSV2 or RSV3 is set without an extension that defines it.
    SANSOCKET_ERROR_RESERVED_BIT_SET = 1,
    /// §5.2: opcode 3-7 or B-F.
    SANSOCKET_ERROR_RESERVED_OPCODE = 2,
    /// §5.4, §5.5: a control frame without FIN.
    SANSOCKET_ERROR_FRAGMENTED_CONTROL_FRAME = 3,
    /// §5.5: a control frame announces more than 125 bytes.
    SANSOCKET_ERROR_CONTROL_FRAME_TOO_LONG = 4,
    /// §5.1: a client's frame without masking key.
    SANSOCKET_ERROR_UNMASKED_CLIENT_FRAME = 5,
    /// §5.1: a server's frame with masking key.
    SANSOCKET_ERROR_MASKED_SERVER_FRAME = 6,
    /// §5.2: a length that fits a shorter form.
    SANSOCKET_ERROR_NON_MINIMAL_LENGTH = 7,
    /// §5.2: the most significant bit of a 64-bit length is set.
    SANSOCKET_ERROR_LENGTH_TOP_BIT_SET = 8,
    /// §5.4: a continuation frame where no message is unfinished.
    SANSOCKET_ERROR_CONTINUATION_WITHOUT_START = 9,
    /// §5.4: a text or binary frame while another message is unfinished.
    SANSOCKET_ERROR_MESSAGE_INSIDE_MESSAGE = 10,
    /// §8.1: a text message that is not UTF-8.
    SANSOCKET_ERROR_INVALID_UTF8 = 11,
    /// §5.5.1: a Close body of one byte.
    SANSOCKET_ERROR_CLOSE_BODY_TOO_SHORT = 12,
    /// §7.4: a close code that may not stand in a frame.
    SANSOCKET_ERROR_INVALID_CLOSE_CODE = 13,
    /// §5.5.1: a close reason that is not UTF-8.
    SANSOCKET_ERROR_INVALID_CLOSE_REASON = 14,
    /// §10.4: a message longer than `SANSOCKET_MAX_MESSAGE_LEN`.
    SANSOCKET_ERROR_MESSAGE_TOO_LONG = 15,
    /// §10.4: more fragments than `SANSOCKET_MAX_FRAGMENTS`.
    SANSOCKET_ERROR_TOO_MANY_FRAGMENTS = 16,
    /// §10.4: more empty frames in a row than `SANSOCKET_MAX_EMPTY_FRAMES`.
    SANSOCKET_ERROR_TOO_MANY_EMPTY_FRAMES = 17,
    /// RFC 7692 §7.2.2: a compressed message that does not inflate.
    SANSOCKET_ERROR_INVALID_DEFLATE = 18,

    /// RFC 9112 §3: not an HTTP/1.x request line; TLS or another protocol on the port ends here.
    SANSOCKET_ERROR_INVALID_REQUEST_LINE = 32,
    /// RFC 9112 §4: not an HTTP/1.x status line.
    SANSOCKET_ERROR_INVALID_STATUS_LINE = 33,
    /// RFC 9112 §5.1: a header name with a byte that is not a token's, or white space around it.
    SANSOCKET_ERROR_INVALID_HEADER_NAME = 34,
    /// RFC 9110 §5.5: a control byte in a header value.
    SANSOCKET_ERROR_INVALID_HEADER_VALUE = 35,
    /// RFC 9112 §2.2: CR without LF or LF without CR.
    SANSOCKET_ERROR_INVALID_LINE_END = 36,
    /// RFC 9112 §5.2: a folded header line.
    SANSOCKET_ERROR_FOLDED_HEADER_LINE = 37,
    /// A head longer than `SANSOCKET_MAX_HEAD_LEN`.
    SANSOCKET_ERROR_HEAD_TOO_LONG = 38,
    /// More header lines than `SANSOCKET_MAX_HEADER_LINES`.
    SANSOCKET_ERROR_TOO_MANY_HEADER_LINES = 39,
    /// A request target longer than `SANSOCKET_MAX_TARGET_LEN`.
    SANSOCKET_ERROR_TARGET_TOO_LONG = 40,
    /// §9.1, §11.3: a list header (Connection, Upgrade, Sec-WebSocket-Protocol, -Extensions) that breaks its grammar.
    SANSOCKET_ERROR_INVALID_HEADER_LIST = 41,
    /// RFC 9112 §6.1, §6.3: a Content-Length that is no number, or several that differ; one beside Transfer-Encoding; a
    /// Transfer-Encoding of a request that does not end in chunked, or one over HTTP/1.0. Where the body ends cannot be told.
    SANSOCKET_ERROR_INVALID_BODY_LENGTH = 42,

    /// §4.2.1: the method is not GET.
    SANSOCKET_ERROR_METHOD_NOT_GET = 48,
    /// RFC 9112 §3.2: no Host, two of them, or one that is none.
    SANSOCKET_ERROR_INVALID_HOST = 49,
    /// §4.2.1: Connection does not list `upgrade`.
    SANSOCKET_ERROR_MISSING_CONNECTION_UPGRADE = 50,
    /// §4.2.1: no Sec-WebSocket-Key, two of them, or one that is not the base64 of 16 bytes.
    SANSOCKET_ERROR_INVALID_KEY = 51,
    /// §4.2.1: no Sec-WebSocket-Version, or two of them.
    SANSOCKET_ERROR_INVALID_VERSION = 52,
    /// §4.4: a version other than 13.
    SANSOCKET_ERROR_UNSUPPORTED_VERSION = 53,
    /// The request of an opening handshake announces a body.
    SANSOCKET_ERROR_REQUEST_WITH_BODY = 54,
    /// `Expect` in an opening handshake.
    SANSOCKET_ERROR_UNSUPPORTED_EXPECTATION = 55,
    /// RFC 8441 §5, RFC 9113 §8.2.2: a field in an extended CONNECT that belongs to a connection of HTTP/1.1.
    SANSOCKET_ERROR_CONNECTION_SPECIFIC_FIELD = 56,

    /// §4.1: a final response with a status other than 101.
    SANSOCKET_ERROR_STATUS_NOT_101 = 64,
    /// §4.1: Upgrade is missing or not `websocket`.
    SANSOCKET_ERROR_INVALID_UPGRADE = 65,
    /// §4.1: Connection does not list `upgrade`.
    SANSOCKET_ERROR_MISSING_CONNECTION_UPGRADE_IN_RESPONSE = 66,
    /// §4.1: Sec-WebSocket-Accept is missing or repeated.
    SANSOCKET_ERROR_INVALID_ACCEPT = 67,
    /// §4.1: Sec-WebSocket-Accept does not belong to our key.
    SANSOCKET_ERROR_WRONG_ACCEPT = 68,
    /// §4.1: a subprotocol that was not offered, or two of them.
    SANSOCKET_ERROR_UNOFFERED_SUBPROTOCOL = 69,
    /// §4.1: an extension that was not offered.
    SANSOCKET_ERROR_UNOFFERED_EXTENSION = 70,
    /// RFC 9112 §6.1: Transfer-Encoding in a 101.
    SANSOCKET_ERROR_RESPONSE_WITH_BODY = 71,
    /// More interim responses than `SANSOCKET_MAX_INTERIM_RESPONSES`.
    SANSOCKET_ERROR_TOO_MANY_INTERIM_RESPONSES = 72,
}

impl From<ProtocolError> for sansocket_error {
    fn from(error: ProtocolError) -> Self {
        use ProtocolError as E;
        match error {
            E::ReservedBitSet => Self::SANSOCKET_ERROR_RESERVED_BIT_SET,
            E::ReservedOpcode => Self::SANSOCKET_ERROR_RESERVED_OPCODE,
            E::FragmentedControlFrame => Self::SANSOCKET_ERROR_FRAGMENTED_CONTROL_FRAME,
            E::ControlFrameTooLong => Self::SANSOCKET_ERROR_CONTROL_FRAME_TOO_LONG,
            E::UnmaskedClientFrame => Self::SANSOCKET_ERROR_UNMASKED_CLIENT_FRAME,
            E::MaskedServerFrame => Self::SANSOCKET_ERROR_MASKED_SERVER_FRAME,
            E::NonMinimalLength => Self::SANSOCKET_ERROR_NON_MINIMAL_LENGTH,
            E::LengthTopBitSet => Self::SANSOCKET_ERROR_LENGTH_TOP_BIT_SET,
            E::ContinuationWithoutStart => Self::SANSOCKET_ERROR_CONTINUATION_WITHOUT_START,
            E::MessageInsideMessage => Self::SANSOCKET_ERROR_MESSAGE_INSIDE_MESSAGE,
            E::InvalidUtf8 => Self::SANSOCKET_ERROR_INVALID_UTF8,
            E::CloseBodyTooShort => Self::SANSOCKET_ERROR_CLOSE_BODY_TOO_SHORT,
            E::InvalidCloseCode => Self::SANSOCKET_ERROR_INVALID_CLOSE_CODE,
            E::InvalidCloseReason => Self::SANSOCKET_ERROR_INVALID_CLOSE_REASON,
            E::MessageTooLong => Self::SANSOCKET_ERROR_MESSAGE_TOO_LONG,
            E::TooManyFragments => Self::SANSOCKET_ERROR_TOO_MANY_FRAGMENTS,
            E::TooManyEmptyFrames => Self::SANSOCKET_ERROR_TOO_MANY_EMPTY_FRAMES,
            E::InvalidDeflate => Self::SANSOCKET_ERROR_INVALID_DEFLATE,
            E::InvalidRequestLine => Self::SANSOCKET_ERROR_INVALID_REQUEST_LINE,
            E::InvalidStatusLine => Self::SANSOCKET_ERROR_INVALID_STATUS_LINE,
            E::InvalidHeaderName => Self::SANSOCKET_ERROR_INVALID_HEADER_NAME,
            E::InvalidHeaderValue => Self::SANSOCKET_ERROR_INVALID_HEADER_VALUE,
            E::InvalidLineEnd => Self::SANSOCKET_ERROR_INVALID_LINE_END,
            E::FoldedHeaderLine => Self::SANSOCKET_ERROR_FOLDED_HEADER_LINE,
            E::HeadTooLong => Self::SANSOCKET_ERROR_HEAD_TOO_LONG,
            E::TooManyHeaderLines => Self::SANSOCKET_ERROR_TOO_MANY_HEADER_LINES,
            E::TargetTooLong => Self::SANSOCKET_ERROR_TARGET_TOO_LONG,
            E::InvalidHeaderList => Self::SANSOCKET_ERROR_INVALID_HEADER_LIST,
            E::InvalidBodyLength => Self::SANSOCKET_ERROR_INVALID_BODY_LENGTH,
            E::MethodNotGet => Self::SANSOCKET_ERROR_METHOD_NOT_GET,
            E::InvalidHost => Self::SANSOCKET_ERROR_INVALID_HOST,
            E::MissingConnectionUpgrade => Self::SANSOCKET_ERROR_MISSING_CONNECTION_UPGRADE,
            E::InvalidKey => Self::SANSOCKET_ERROR_INVALID_KEY,
            E::InvalidVersion => Self::SANSOCKET_ERROR_INVALID_VERSION,
            E::UnsupportedVersion => Self::SANSOCKET_ERROR_UNSUPPORTED_VERSION,
            E::RequestWithBody => Self::SANSOCKET_ERROR_REQUEST_WITH_BODY,
            E::UnsupportedExpectation => Self::SANSOCKET_ERROR_UNSUPPORTED_EXPECTATION,
            E::ConnectionSpecificField => Self::SANSOCKET_ERROR_CONNECTION_SPECIFIC_FIELD,
            E::StatusNot101 => Self::SANSOCKET_ERROR_STATUS_NOT_101,
            E::InvalidUpgrade => Self::SANSOCKET_ERROR_INVALID_UPGRADE,
            E::MissingConnectionUpgradeInResponse => Self::SANSOCKET_ERROR_MISSING_CONNECTION_UPGRADE_IN_RESPONSE,
            E::InvalidAccept => Self::SANSOCKET_ERROR_INVALID_ACCEPT,
            E::WrongAccept => Self::SANSOCKET_ERROR_WRONG_ACCEPT,
            E::UnofferedSubprotocol => Self::SANSOCKET_ERROR_UNOFFERED_SUBPROTOCOL,
            E::UnofferedExtension => Self::SANSOCKET_ERROR_UNOFFERED_EXTENSION,
            E::ResponseWithBody => Self::SANSOCKET_ERROR_RESPONSE_WITH_BODY,
            E::TooManyInterimResponses => Self::SANSOCKET_ERROR_TOO_MANY_INTERIM_RESPONSES,
        }
    }
}

/// Why a call did nothing, and how much room it wants.
#[derive(Clone, Copy)]
pub(super) struct Refusal {
    pub(super) result: sansocket_result,
    pub(super) needed: usize,
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

impl From<CallError> for Refusal {
    fn from(error: CallError) -> Self {
        match error {
            CallError::NeedsRoom { bytes } => Self { result: sansocket_result::SANSOCKET_NEEDS_ROOM, needed: bytes },
            CallError::EntropyFailed => sansocket_result::SANSOCKET_ENTROPY_FAILED.into(),
            CallError::Usage(error) => error.into(),
        }
    }
}

/// `Ok` or the result that refuses.
pub(super) fn done(outcome: Result<(), sansocket_result>) -> sansocket_result {
    outcome.err().unwrap_or(sansocket_result::SANSOCKET_OK)
}

/// Returns one sentence, without a full stop, that says what a result means. Any number may be passed. Never NULL; constant, ends
/// in NUL.
#[unsafe(no_mangle)]
pub extern "C" fn sansocket_result_text(result: u32) -> *const c_char {
    let usage = result.checked_sub(USAGE).and_then(|number| UsageError::ALL.iter().position(|e| u32::from(e.number()) == number));
    if let Some(index) = usage {
        return text::usage(index);
    }
    own_text(result).as_ptr()
}

fn own_text(result: u32) -> &'static CStr {
    use sansocket_result as R;
    const NAMED: &[(R, &CStr)] = &[
        (R::SANSOCKET_OK, c"done"),
        (R::SANSOCKET_NEEDS_ROOM, c"the output is too short"),
        (R::SANSOCKET_ENTROPY_FAILED, c"no entropy to be had"),
        (R::SANSOCKET_ABSENT, c"what was asked for does not exist"),
        (R::SANSOCKET_NULL_POINTER, c"a pointer is NULL that may not be"),
        (R::SANSOCKET_MISALIGNED, c"a pointer to a struct is misaligned"),
        (R::SANSOCKET_NOT_INITIALISED, c"the struct was never initialised"),
        (R::SANSOCKET_WRONG_SIZE, c"the size of the struct is not the library's"),
        (R::SANSOCKET_WRONG_VERSION, c"the ABI version is not the library's"),
        (R::SANSOCKET_LENGTH_TOO_LARGE, c"a length is above PTRDIFF_MAX"),
        (R::SANSOCKET_OVERLAP, c"the output overlaps what the call reads"),
        (R::SANSOCKET_INVALID_ARGUMENT, c"an argument has a value that means nothing"),
        (R::SANSOCKET_OUT_OF_RANGE, c"the value is outside the range of the option"),
        (R::SANSOCKET_LIST_TOO_LONG, c"more headers or origins than can be passed"),
        (R::SANSOCKET_INCOMPLETE, c"more bytes have to arrive"),
        (R::SANSOCKET_NOT_A_HEAD, c"the bytes are not the whole head of a request"),
        (R::SANSOCKET_MESSAGE_TOO_LONG, c"the message is longer than the memory lent for it"),
        (R::SANSOCKET_NOT_A_FRAME, c"the bytes are not the header of a frame, or of one that is allowed"),
        (R::SANSOCKET_WRONG_MEMORY_LEN, c"the memory lent does not have the length that it must have"),
        (R::SANSOCKET_URL_INVALID_SCHEME, c"the scheme is not ws, wss, http or https"),
        (R::SANSOCKET_URL_INVALID_HOST, c"the host is missing or has a byte that no host has"),
        (R::SANSOCKET_URL_INVALID_PORT, c"the port is not a number from 1 to 65535"),
        (R::SANSOCKET_URL_USER_INFORMATION, c"user names and passwords are not allowed in a WebSocket URL"),
        (R::SANSOCKET_URL_FRAGMENT, c"fragments are not allowed in a WebSocket URL"),
        (R::SANSOCKET_URL_INVALID_TARGET, c"path and query have a byte that must be percent-encoded"),
        (R::SANSOCKET_INFLATE_RESERVED_BLOCK_TYPE, c"reserved deflate block type"),
        (R::SANSOCKET_INFLATE_STORED_LEN_MISMATCH, c"stored deflate block with contradicting lengths"),
        (R::SANSOCKET_INFLATE_TOO_MANY_CODES, c"too many deflate codes"),
        (R::SANSOCKET_INFLATE_BAD_CODE_LENGTH_CODE, c"bad deflate code length code"),
        (R::SANSOCKET_INFLATE_BAD_REPEAT, c"bad repeat of a deflate code length"),
        (R::SANSOCKET_INFLATE_NO_END_OF_BLOCK, c"deflate block without a code for its end"),
        (R::SANSOCKET_INFLATE_BAD_LITERAL_CODE, c"bad deflate literal and length code"),
        (R::SANSOCKET_INFLATE_BAD_DISTANCE_CODE, c"bad deflate distance code"),
        (R::SANSOCKET_INFLATE_INVALID_LITERAL, c"invalid deflate literal or length"),
        (R::SANSOCKET_INFLATE_INVALID_DISTANCE, c"invalid deflate distance"),
        (R::SANSOCKET_INFLATE_DISTANCE_TOO_FAR, c"deflate distance beyond the history"),
        (R::SANSOCKET_INFLATE_NOT_FLUSHED, c"compressed message does not end with a flush"),
    ];
    NAMED.iter().find(|(named, _)| *named as u32 == result).map_or(c"a result that this version does not know", |(_, text)| text)
}

/// Returns one sentence, without a full stop, about the rule that the field `error` of an event names. Any number may be passed.
/// Never NULL; constant, ends in NUL.
#[unsafe(no_mangle)]
pub extern "C" fn sansocket_error_text(error: u32) -> *const c_char {
    match ProtocolError::ALL.iter().position(|e| u32::from(e.number()) == error) {
        Some(index) => text::protocol(index),
        None if error == sansocket_error::SANSOCKET_ERROR_NONE as u32 => c"no rule was broken".as_ptr(),
        None => c"an error that this version does not know".as_ptr(),
    }
}

/// Returns the close code that tells a peer of an error (§7.1.7): 1002, 1007, 1008 or 1009. 1002 for a number that is no error.
#[unsafe(no_mangle)]
pub extern "C" fn sansocket_error_close_code(error: u32) -> u16 {
    let error = ProtocolError::ALL.iter().find(|e| u32::from(e.number()) == error);
    error.map_or(crate::CloseCode::PROTOCOL_ERROR, |error| error.close_code()).0
}

/// Returns the name of an event for a log: `data`, `close received`. Any number may be passed. Never NULL; constant, ends in NUL.
#[unsafe(no_mangle)]
pub extern "C" fn sansocket_event_text(event_type: u32) -> *const c_char {
    use sansocket_event_type as T;
    const NAMED: &[(T, &CStr)] = &[
        (T::SANSOCKET_EVENT_NONE, c"none"),
        (T::SANSOCKET_EVENT_REQUEST, c"request"),
        (T::SANSOCKET_EVENT_HTTP_REQUEST, c"HTTP request"),
        (T::SANSOCKET_EVENT_OPENED, c"opened"),
        (T::SANSOCKET_EVENT_REFUSED, c"refused"),
        (T::SANSOCKET_EVENT_DATA, c"data"),
        (T::SANSOCKET_EVENT_PING, c"ping"),
        (T::SANSOCKET_EVENT_PONG, c"pong"),
        (T::SANSOCKET_EVENT_CLOSE_RECEIVED, c"close received"),
        (T::SANSOCKET_EVENT_FAILED, c"failed"),
        (T::SANSOCKET_EVENT_CLOSED, c"closed"),
    ];
    NAMED.iter().find(|(named, _)| *named as u32 == event_type).map_or(c"unknown event", |(_, text)| text).as_ptr()
}
