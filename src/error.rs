//! The three kinds of error: the peer's fault, the caller's mistake, and a call that cannot be carried out yet.

use crate::close_code::CloseCode;
use crate::numbered::numbered;

numbered! {
/// The rule that the peer broke. It arrives in [`Event::Failed`](crate::Event::Failed) or
/// [`Event::Refused`](crate::Event::Refused), never as an `Err`.
ProtocolError {
    // Frames and messages, 1-31.
    /// §5.2: RSV1, RSV2 or RSV3 is set without an extension that defines it.
    ReservedBitSet = 1, "a reserved bit is set without an extension that defines it";
    /// §5.2: opcode 3-7 or B-F.
    ReservedOpcode = 2, "the opcode is reserved";
    /// §5.4, §5.5: a control frame without FIN.
    FragmentedControlFrame = 3, "a control frame is fragmented";
    /// §5.5: a control frame with more than 125 bytes of payload.
    ControlFrameTooLong = 4, "a control frame is longer than 125 bytes";
    /// §5.1: a client's frame without a masking key.
    UnmaskedClientFrame = 5, "a client's frame is not masked";
    /// §5.1: a server's frame with a masking key.
    MaskedServerFrame = 6, "a server's frame is masked";
    /// §5.2: a length that would fit a shorter form.
    NonMinimalLength = 7, "the payload length is not in its shortest form";
    /// §5.2: the most significant bit of a 64-bit length is set.
    LengthTopBitSet = 8, "the top bit of the 64-bit payload length is set";
    /// §5.4: a continuation frame while no message is unfinished.
    ContinuationWithoutStart = 9, "a continuation frame without a message to continue";
    /// §5.4: a text or binary frame while another message is unfinished.
    MessageInsideMessage = 10, "a new message starts inside an unfinished one";
    /// §8.1: a text message that is not UTF-8.
    InvalidUtf8 = 11, "a text message is not valid UTF-8";
    /// §5.5.1: a Close body of one byte.
    CloseBodyTooShort = 12, "the body of a Close frame is a single byte";
    /// §7.4: a close code that is not allowed in a frame.
    InvalidCloseCode = 13, "the close code is not allowed in a frame";
    /// §5.5.1: a close reason that is not UTF-8.
    InvalidCloseReason = 14, "the close reason is not valid UTF-8";
    /// §10.4: longer than [`Config::max_message_len`](crate::Config::max_message_len), known from the header
    /// or, when compressed, while inflating.
    MessageTooLong = 15, "a message is longer than the limit";
    /// §10.4: more fragments than [`Config::max_fragments`](crate::Config::max_fragments).
    TooManyFragments = 16, "a message has more fragments than the limit";
    /// §10.4: more empty frames in a row than [`Config::max_empty_frames`](crate::Config::max_empty_frames).
    TooManyEmptyFrames = 17, "more empty frames in a row than the limit";
    /// RFC 7692 §7.2.2: a compressed message that does not inflate.
    InvalidDeflate = 18, "a compressed message is not valid DEFLATE data";

    // HTTP heads, both directions, 32-47.
    /// RFC 9112 §3: not an HTTP/1.x request line, as with TLS or another protocol on this port. §4.2.1: an opening handshake
    /// whose target is neither a path nor a URL.
    InvalidRequestLine = 32, "not an HTTP/1.x request line, or not one of an opening handshake";
    /// RFC 9112 §4: not an HTTP/1.x status line, or a 101 of HTTP/1.0.
    InvalidStatusLine = 33, "not an HTTP/1.x status line, or a 101 of HTTP/1.0";
    /// RFC 9112 §5.1: a header name with a byte that is not allowed in a token, or with white space around it.
    InvalidHeaderName = 34, "a header name has a byte that no token has";
    /// RFC 9110 §5.5: a control byte in a header value.
    InvalidHeaderValue = 35, "a header value has a control byte";
    /// RFC 9112 §2.2: CR without LF or LF without CR. We accept neither as a line end.
    InvalidLineEnd = 36, "a line ends in something other than CR LF";
    /// RFC 9112 §5.2: a folded header line. Refused in requests as the RFC requires, in responses by policy.
    FoldedHeaderLine = 37, "a header line is folded or starts with white space";
    /// A head longer than [`Config::max_head_len`](crate::Config::max_head_len).
    HeadTooLong = 38, "the head is longer than the limit";
    /// More header lines than [`Config::max_header_lines`](crate::Config::max_header_lines).
    TooManyHeaderLines = 39, "the head has more header lines than the limit";
    /// A request target longer than [`Config::max_target_len`](crate::Config::max_target_len).
    TargetTooLong = 40, "the request target is longer than the limit";
    /// §9.1, §11.3: a list header (Connection, Upgrade, Sec-WebSocket-Protocol, -Extensions) that breaks its grammar.
    InvalidHeaderList = 41, "a list header breaks its grammar";
    /// RFC 9112 §6.1, §6.3: a Content-Length that is not a number, or several that differ; one together with Transfer-Encoding; a
    /// Transfer-Encoding of a request that does not end in chunked, or one in HTTP/1.0. The end of the body cannot be determined.
    InvalidBodyLength = 42, "the end of the body cannot be determined";

    // The client's opening handshake, seen by a server, 48-63.
    /// §4.2.1: the method is not GET.
    MethodNotGet = 48, "the method of the opening handshake is not GET";
    /// RFC 9112 §3.2: no Host, two of them, or an invalid one.
    InvalidHost = 49, "the Host header is missing, repeated or malformed";
    /// §4.2.1: Connection does not list `upgrade`.
    MissingConnectionUpgrade = 50, "the Connection header does not list upgrade";
    /// §4.2.1: no Sec-WebSocket-Key, two of them, or one that is not the base64 of 16 bytes.
    InvalidKey = 51, "Sec-WebSocket-Key is missing, repeated or not the base64 of 16 bytes";
    /// §4.2.1: no Sec-WebSocket-Version, or two of them.
    InvalidVersion = 52, "Sec-WebSocket-Version is missing or repeated";
    /// §4.4: a version other than 13.
    UnsupportedVersion = 53, "Sec-WebSocket-Version is not 13";
    /// Policy on RFC 9110 §7.8: the request announces a body.
    RequestWithBody = 54, "an opening handshake has a body";
    /// Policy on RFC 9110 §7.8: `Expect` in an opening handshake.
    UnsupportedExpectation = 55, "an opening handshake has an Expect header";
    /// RFC 8441 §5, RFC 9113 §8.2.2: Connection, Upgrade, Transfer-Encoding or Sec-WebSocket-Key in an extended CONNECT.
    ConnectionSpecificField = 56, "an extended CONNECT has a field that belongs to a connection of HTTP/1.1";

    // The server's opening handshake, seen by a client, 64-79.
    /// §4.1: a final response with a status other than 101.
    StatusNot101 = 64, "the status is not 101";
    /// §4.1: Upgrade is missing or not `websocket`.
    InvalidUpgrade = 65, "the Upgrade header of the response is not websocket";
    /// §4.1: Connection does not list `upgrade`.
    MissingConnectionUpgradeInResponse = 66, "the Connection header of the response does not list upgrade";
    /// §4.1: Sec-WebSocket-Accept is missing or repeated.
    InvalidAccept = 67, "Sec-WebSocket-Accept is missing or repeated";
    /// §4.1: Sec-WebSocket-Accept does not match our key.
    WrongAccept = 68, "Sec-WebSocket-Accept does not match the key that was sent";
    /// §4.1: a subprotocol that was not offered, or two of them.
    UnofferedSubprotocol = 69, "the server chose a subprotocol that was not offered";
    /// §4.1: an extension that was not offered.
    UnofferedExtension = 70, "the server chose an extension that was not offered";
    /// RFC 9112 §6.1: Transfer-Encoding in a 101.
    ResponseWithBody = 71, "a 101 response has a transfer coding";
    /// More interim responses than [`Config::max_interim_responses`](crate::Config::max_interim_responses).
    TooManyInterimResponses = 72, "more interim responses than the limit";
    /// RFC 7692 §7.1: the response's Sec-WebSocket-Extensions names something other than permessage-deflate, or that with an
    /// unknown, repeated or invalid parameter, or it grants less than every offer asked for.
    InvalidDeflateResponse = 73, "the server's answer to the offer of permessage-deflate breaks a rule or fits no offer";
}
}

impl core::error::Error for ProtocolError {}

impl ProtocolError {
    /// The code of the Close frame that reports it to the peer (§7.1.7). Faults of the opening handshake, where no Close can be
    /// sent, have 1002.
    pub const fn close_code(self) -> CloseCode {
        match self {
            Self::InvalidUtf8 | Self::InvalidCloseReason | Self::InvalidDeflate => CloseCode::INVALID_PAYLOAD_DATA,
            Self::MessageTooLong => CloseCode::MESSAGE_TOO_BIG,
            Self::TooManyFragments | Self::TooManyEmptyFrames => CloseCode::POLICY_VIOLATION,
            _ => CloseCode::PROTOCOL_ERROR,
        }
    }

    /// The status of the HTTP response that reports a fault in the opening handshake to the peer.
    pub const fn status(self) -> u16 {
        match self {
            Self::TargetTooLong => 414,
            Self::UnsupportedExpectation => 417,
            Self::UnsupportedVersion => 426,
            Self::HeadTooLong | Self::TooManyHeaderLines => 431,
            _ => 400,
        }
    }
}

numbered! {
/// The caller's mistake. Nothing was changed, written or drawn from entropy.
UsageError {
    /// A call of the opening handshake while no opening handshake waits for it.
    NotConnecting = 1, "the opening handshake is not at this step";
    /// A message, Ping, Pong or Close before the opening handshake is over (§4.1, §6.1). Afterwards it is not a mistake.
    NotOpen = 2, "the connection is not open yet";
    /// A call that is for the other role.
    WrongRole = 3, "this call is for the other role";
    /// §5.6: text that is not UTF-8, or that ends inside a character.
    InvalidUtf8 = 4, "the text is not valid UTF-8";
    /// §5.5: a control payload of more than 125 bytes.
    ControlPayloadTooLong = 5, "a control frame carries at most 125 bytes";
    /// §7.4: a code that is not allowed in a frame.
    InvalidCloseCode = 6, "this close code is not allowed in a frame";
    /// §5.5.1: a reason of more than 123 bytes, or a reason without a code.
    InvalidCloseReason = 7, "a close reason has at most 123 bytes and needs a code";
    /// §5.4: a fragment of another kind than the message that it continues, or compressed while that is not, or the reverse.
    WrongMessageKind = 8, "the unfinished message is of another kind";
    /// A host that is not allowed in a Host header.
    InvalidHost = 9, "the host is not allowed in a Host header";
    /// A target that is not allowed in a request line: it must start with `/` or `?` and have neither blanks, controls nor `#`.
    InvalidTarget = 10, "the target is not allowed in a request line";
    /// A header name that is not a token, or a value with control bytes.
    InvalidHeader = 11, "a header has a name or value that cannot be sent";
    /// A header that the opening handshake writes itself.
    ReservedHeader = 12, "a header that the opening handshake writes itself";
    /// A list of subprotocols with an empty, repeated or malformed name (§4.1).
    InvalidSubprotocol = 13, "the list of subprotocols has an empty, repeated or malformed name";
    /// §4.2.2: a subprotocol that the client did not offer or that is not in the `Config`'s list.
    UnofferedSubprotocol = 14, "the subprotocol was not offered or is not in the configuration";
    /// §4.2.2: a request whose Origin is not among those that are accepted.
    OriginNotAllowed = 15, "the origin of the request is not among those accepted";
    /// A request that is not a valid opening handshake.
    NotAnOpeningHandshake = 16, "the request is not an opening handshake";
    /// A status that a final response cannot have, below 200 or above 999; a body with 204, 205 or 304, which have no body; or
    /// success for a CONNECT, which would open a tunnel (RFC 9110 §9.3.6).
    InvalidStatus = 17, "the status is not possible for a final response, with this body, or to a CONNECT";
    /// Fewer bytes were presented than were left unconsumed before.
    InputTooShort = 18, "fewer bytes were presented than were left unconsumed before";
    /// A compressed message arrives, or should be sent, and compression was not agreed on, or not as this call needs it; or the inflater,
    /// the compressor or the memory for what is inflated is missing, or its window is too small.
    NoDeflate = 19, "compression was not agreed on as this call needs it, or the codec is missing, or its window or memory is too small";
    /// §5.4: a whole message while another is unfinished.
    MessageUnfinished = 20, "another message is unfinished";
    /// §5.2: a payload of 2^63 bytes or more.
    PayloadTooLong = 21, "a payload has less than 2^63 bytes";
    /// §5.4: a further part of a message while no message is unfinished.
    NoMessageUnfinished = 22, "no message is unfinished that this could continue";
    /// A [`Buffered`](crate::Buffered) connection with an input below 131 bytes, or an output below 262, below 131 and the room that was
    /// asked for, or below a frame and 131.
    BufferTooShort = 23, "a buffer is too short: the input below 131 bytes, or the output below 262 or below what is to be sent and 131";
    /// RFC 7692 §7.1.2: settings of permessage-deflate with a window of other than 8 to 15 bits.
    InvalidWindowBits = 24, "a window has 8 to 15 bits";
    /// A compressor that many connections share is inside a message of another, or not inside the one that is to be continued.
    WrongCompressor = 25, "the compressor is inside another message than this one";
}
}

impl core::error::Error for UsageError {}

/// Why a call did nothing. With every variant nothing was consumed, unmasked, written, changed or drawn from entropy, and the
/// same call can be repeated.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum CallError {
    /// "Not yet": the output is too short. A call with room for `bytes` succeeds.
    NeedsRoom {
        /// How many bytes of room the call needs.
        bytes: usize,
    },
    /// The entropy source failed.
    EntropyFailed,
    /// The caller's mistake.
    Usage(UsageError),
}

impl From<UsageError> for CallError {
    fn from(error: UsageError) -> Self {
        Self::Usage(error)
    }
}

impl From<crate::entropy::EntropyError> for CallError {
    fn from(_: crate::entropy::EntropyError) -> Self {
        Self::EntropyFailed
    }
}

impl core::fmt::Display for CallError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::NeedsRoom { bytes } => write!(f, "the output needs room for {bytes} bytes"),
            Self::EntropyFailed => crate::entropy::EntropyError.fmt(f),
            Self::Usage(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for CallError {}

/// The first `len` bytes of `out`, or the error that says how many are needed.
pub(crate) fn room(out: &mut [u8], len: usize) -> Result<&mut [u8], CallError> {
    out.get_mut(..len).ok_or(CallError::NeedsRoom { bytes: len })
}

#[cfg(test)]
mod tests {
    use super::{ProtocolError, UsageError};

    #[test]
    fn numbers_rise_and_texts_are_sentences_without_full_stop() {
        let protocol = ProtocolError::ALL.iter().map(|e| (e.number(), e.text()));
        let usage = UsageError::ALL.iter().map(|e| (e.number(), e.text()));
        assert!(ProtocolError::ALL.is_sorted_by_key(|e| e.number()) && UsageError::ALL.is_sorted_by_key(|e| e.number()));
        for (number, text) in protocol.chain(usage) {
            assert!(number > 0 && !text.is_empty() && !text.ends_with('.'), "{text}");
        }
    }
}
