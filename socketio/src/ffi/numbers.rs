//! C's numbers and texts.
//!
//! An enum of C's is a number here, since C may pass any. `capi/header` makes the header's enums from the tables below.

use core::ffi::{CStr, c_char};

use ::sansocket_session::ffi::sansocket_session_result_text;
use sansocket::UsageError;
use sansocket::ffi::sansocket_result;

use crate::client::{AckError, ConnectError, EmitError, Fault, NamespaceState, Reason, Refusal, TargetError};
use crate::engine::EngineError;
use crate::json::{JsonError, ValueKind};
use crate::{NeedsRoom, PacketError};

/// Declares an enum of C's with its constants, as `SANSOCKET_...` in the header, and their texts, if there are any.
macro_rules! c_table {
    ($(#[$doc:meta])* $name:ident { $($(#[$row:meta])* $constant:ident = $number:literal, $text:literal;)* }) => {
        c_table! { $(#[$doc])* $name { $($(#[$row])* $constant = $number;)* } }

        impl $name {
            const fn own_text(self) -> Option<&'static CStr> {
                match self.0 { $($number => Some($text),)* _ => None }
            }
        }
    };
    ($(#[$doc:meta])* $name:ident { $($(#[$row:meta])* $constant:ident = $number:literal;)* }) => {
        $(#[$doc])*
        #[repr(transparent)]
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub struct $name(pub u32);

        impl $name { $($(#[$row])* pub const $constant: Self = Self($number);)* }
    };
}

/// [`NamespaceState`].
#[repr(transparent)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct sansocket_socketio_state(pub u32);

c_table! {
/// What functions of Socket.IO return beside the results of `sansocket.h` and `sansocket_session.h`.
socketio_result {
    /// The namespace is not wanted: it was not connected, was left, or the server does not let the client in; or it is not asked for now.
    NOT_CONNECTED = 1281, c"the namespace is not connected";
    /// The event that is answered came on a connection that has ended, or in a namespace that was left.
    STALE = 1282, c"the connection of the event that is answered has ended";
    /// As many answers are waited for as there are slots for them.
    NO_ACK_SLOT = 1283, c"as many answers are waited for as there is memory for";
    /// The event or answer does not fit into the client's memory, or with all its attachments into the session's output or queue, or is longer
    /// than the server takes.
    TOO_LONG = 1284, c"the packet is too long for the client, the session or the server";

    /// A namespace's name starts with a slash, and has no comma.
    INVALID_NAME = 1296, c"the namespace does not start with a slash, or has a comma";
    /// The namespace's name does not fit into `SANSOCKET_SOCKETIO_OPTION_NAMESPACE_LEN`.
    NAME_TOO_LONG = 1297, c"the namespace's name does not fit into its memory";
    /// As many namespaces are connected as there are slots for them.
    NO_NAMESPACE_SLOT = 1298, c"as many namespaces are connected as there is memory for";
    /// The namespace is being left. Connect it after its `SANSOCKET_SOCKETIO_EVENT_DISCONNECTED`.
    LEAVING = 1299, c"the namespace is being left";
    /// The memory has less than `SANSOCKET_SOCKETIO_OPTION_NAMESPACE_LEN` bytes for each namespace.
    MEMORY_TOO_SHORT = 1300, c"the memory is too short for the namespaces";
    /// The JSON value is of another kind, or has no such member.
    OTHER_KIND = 1301, c"the JSON value is of another kind";

    /// There is no byte.
    PACKET_EMPTY = 1312, c"the packet is empty";
    /// The first byte is not a digit from 0 to 6.
    PACKET_UNKNOWN_TYPE = 1313, c"the packet has an unknown type";
    /// The number of attachments is none, or 0, or the packet has some although its type has none.
    PACKET_INVALID_ATTACHMENTS = 1314, c"the packet has an invalid number of attachments";
    /// More attachments than `SANSOCKET_SOCKETIO_OPTION_MAX_ATTACHMENTS`.
    PACKET_TOO_MANY_ATTACHMENTS = 1315, c"the packet has more attachments than allowed";
    /// A namespace starts with a slash and has no comma.
    PACKET_INVALID_NAMESPACE = 1316, c"the namespace does not start with a slash, or has a comma";
    /// The id is larger than 2^53 - 1, or missing.
    PACKET_INVALID_ID = 1317, c"the id of the packet is too large or missing";
    /// A packet that cannot be acknowledged has an id.
    PACKET_UNEXPECTED_ID = 1318, c"the packet has an id although its type has none";
    /// An event, an acknowledgement or a refusal without a payload.
    PACKET_MISSING_PAYLOAD = 1319, c"the packet has no payload";
    /// A packet has a payload although its type has none.
    PACKET_UNEXPECTED_PAYLOAD = 1320, c"the packet has a payload although its type has none";
    /// What is there is not JSON (RFC 8259).
    PACKET_INVALID_JSON = 1321, c"the payload is not JSON";
    /// JSON is nested deeper than 32.
    PACKET_TOO_DEEP = 1322, c"the payload is nested too deep";
    /// Arguments that are not an array, or an auth that is not an object.
    PACKET_WRONG_PAYLOAD = 1323, c"the payload is not of the kind that the packet's type has";
    /// The event has no name.
    PACKET_INVALID_EVENT_NAME = 1324, c"the event has no name";
    /// The event has a name that the libraries use themselves: `connect`, `connect_error`, `disconnect`, `disconnecting`, `newListener`,
    /// `removeListener`.
    PACKET_RESERVED_EVENT_NAME = 1325, c"the event has a reserved name";
    /// A placeholder names no attachment of the packet, or there are more `SANSOCKET_ARGUMENT_ATTACHMENT` than attachments.
    PACKET_INVALID_PLACEHOLDER = 1326, c"a placeholder names no attachment of the packet";
    /// A text message while attachments are due.
    PACKET_ATTACHMENTS_DUE = 1327, c"a text message came while attachments were due";
    /// A binary message while no attachment is due.
    PACKET_NO_ATTACHMENT_DUE = 1328, c"a binary message came while no attachment was due";

    /// A text message without a byte.
    ENGINE_EMPTY = 1344, c"the packet is empty";
    /// The first byte of a text message is no type of Engine.IO.
    ENGINE_UNKNOWN_TYPE = 1345, c"the packet has an unknown type";
    /// Engine.IO's handshake is not a JSON object.
    ENGINE_INVALID_HANDSHAKE = 1346, c"the handshake is not a JSON object";
    /// Its `sid` is missing, empty or not a string.
    ENGINE_INVALID_SID = 1347, c"the handshake has no valid sid";
    /// Its `upgrades` is missing, or not an array of strings.
    ENGINE_INVALID_UPGRADES = 1348, c"the handshake has no valid upgrades";
    /// Its `pingInterval` is missing, or not a number.
    ENGINE_INVALID_PING_INTERVAL = 1349, c"the handshake has no valid pingInterval";
    /// Its `pingTimeout` is missing, or not a number.
    ENGINE_INVALID_PING_TIMEOUT = 1350, c"the handshake has no valid pingTimeout";
    /// Its `maxPayload` is not a number.
    ENGINE_INVALID_MAX_PAYLOAD = 1351, c"the handshake has an invalid maxPayload";
}
}

c_table! {
/// What happened in a Socket.IO client. All but `NONE`, `DOWN` and `SESSION` have a `namespace_id`.
sansocket_socketio_event_type {
    /// Nothing: obey the transport's order, write, read, or wait.
    NONE = 0, c"none";
    /// The namespace is asked for next, at each connection anew. The handler may call `sansocket_socketio_authenticate`; otherwise it is asked
    /// for without credentials.
    JOINING = 1, c"joining";
    /// The namespace is joined. `sid`: the server's name for this client there; `recovered`: 1 if the events that were missed came before
    /// this one.
    CONNECTED = 2, c"connected";
    /// The server does not let the client into the namespace: `refusal`; `json`: what it says, an object or a string. It is not asked again
    /// by itself.
    CONNECT_ERROR = 3, c"connect error";
    /// The namespace is not joined any longer: `reason`. One for each `CONNECTED`. It is joined again by itself, unless `is_final` is 1.
    DISCONNECTED = 4, c"disconnected";
    /// An event of the server's. `name`: its name, a JSON string; `json`: an array of its name and its arguments; `attachments`: how
    /// many follow, as `ATTACHMENT`; `wants_ack`: 1 if `sansocket_socketio_ack` is to answer it, by `asker`.
    EVENT = 5, c"event";
    /// The answer to an event that was emitted. `ack`: which; `json`: an array of its arguments; `attachments`: how many follow.
    ACK = 6, c"ack";
    /// There will be no answer. `ack`: which; `ack_error`: why.
    ACK_FAILED = 7, c"ack failed";
    /// An attachment of the last `EVENT` or `ACK`: `data` and `len`; `attachment`: which one, counted from 0, of `attachments`.
    ATTACHMENT = 8, c"attachment";
    /// The transport has ended: `session`, an event of the type `SANSOCKET_SESSION_EVENT_DOWN`. `fault`: why the client gave it up, if it
    /// did; `error`: the rule that the server broke then.
    DOWN = 9, c"down";
    /// Another event of the session's: `session`.
    SESSION = 10, c"session";
}
}

c_table! {
/// Why a namespace is not joined any longer. The texts are those of the JavaScript client.
sansocket_socketio_reason {
    /// None: the event is not `DISCONNECTED`.
    NONE = 0, c"";
    /// The server has put the client out.
    IO_SERVER_DISCONNECT = 1, c"io server disconnect";
    /// `sansocket_socketio_disconnect`.
    IO_CLIENT_DISCONNECT = 2, c"io client disconnect";
    /// The server sent no ping in time, or did not answer ours.
    PING_TIMEOUT = 3, c"ping timeout";
    /// The connection was closed or cut off.
    TRANSPORT_CLOSE = 4, c"transport close";
    /// The server broke a rule of WebSocket, or of who speaks when.
    TRANSPORT_ERROR = 5, c"transport error";
    /// The server sent what is no packet.
    PARSE_ERROR = 6, c"parse error";
    /// The application closed the session.
    FORCED_CLOSE = 7, c"forced close";
}
}

c_table! {
/// Why the server does not let the client into a namespace.
sansocket_socketio_refusal {
    /// None: the event is not `CONNECT_ERROR`.
    NONE = 0;
    /// It says so: `json`.
    REFUSED = 1;
    /// It is one of Socket.IO 2, whose protocol is another.
    OLD_SERVER = 2;
    /// It has closed the namespace instead of an answer.
    CLOSED = 3;
    /// The request does not fit into the client's memory or the session's output.
    TOO_LONG = 4;
}
}

c_table! {
/// Why there is no answer.
sansocket_socketio_ack_error {
    /// None: the event is not `ACK_FAILED`.
    NONE = 0;
    /// It did not come in time. An event that still waited is dropped.
    TIMEOUT = 1;
    /// The event was sent and its connection has ended, or its namespace was left, or it was dropped unsent.
    LOST = 2;
}
}

c_table! {
/// Why the client gave up the connection.
sansocket_socketio_fault {
    /// It did not.
    NONE = 0, c"no fault";
    /// The server sent no ping within the times of its handshake.
    PING_TIMEOUT = 1, c"the server sent no ping in time";
    /// Engine.IO's handshake did not come within `SANSOCKET_SOCKETIO_OPTION_OPEN_TIMEOUT_MS`.
    OPEN_TIMEOUT = 2, c"the server sent no handshake in time";
    /// What the server sent is no packet of Engine.IO, or its handshake is wrong: `error`.
    ENGINE = 3, c"what the server sent is no packet of Engine.IO";
    /// What the server sent is no packet of Socket.IO: `error`.
    PACKET = 4, c"what the server sent is no packet of Socket.IO";
    /// The server has closed the session by a packet of Engine.IO.
    CLOSED_BY_SERVER = 5, c"the server has closed the session";
    /// What only another peer would send: a packet before the handshake, base64 over a WebSocket; or a message in pieces, because the session
    /// has `in_pieces` set.
    UNEXPECTED = 6, c"the server sent what no server sends here";
}
}

c_table! {
/// What `sansocket_socketio_config_set` sets, and what it is unless set.
sansocket_socketio_option {
    /// `ClientConfig::namespace_len`.
    NAMESPACE_LEN = 1;
    /// `ClientConfig::open_timeout_ms`.
    OPEN_TIMEOUT_MS = 2;
    /// `ClientConfig::max_attachments`.
    MAX_ATTACHMENTS = 3;
}
}

c_table! {
/// What an argument is.
sansocket_argument_type {
    /// A string: `text`, UTF-8, which is escaped as JSON wants it.
    TEXT = 1;
    /// A number: `integer`. JavaScript rounds what is beyond 2^53 - 1.
    INTEGER = 2;
    /// A value that is JSON already: `text`; `true` or `null` are such values, too.
    JSON = 3;
    /// All items of an array that is JSON already: `text`. Each is an argument.
    ITEMS = 4;
    /// The place of the next attachment. In `JSON` and `ITEMS` they stand as `{"_placeholder":true,"num":0}`.
    ATTACHMENT = 5;
}
}

c_table! {
/// What a JSON value is.
sansocket_json_kind {
    /// `null`
    NULL = 0;
    /// `true` or `false`: `is_true`
    BOOL = 1;
    /// A number.
    NUMBER = 2;
    /// A string.
    TEXT = 3;
    /// An array.
    ARRAY = 4;
    /// An object.
    OBJECT = 5;
}
}

impl From<socketio_result> for sansocket_result {
    fn from(result: socketio_result) -> Self {
        Self(result.0)
    }
}

impl From<EmitError> for sansocket_result {
    fn from(error: EmitError) -> Self {
        match error {
            EmitError::NotConnected => socketio_result::NOT_CONNECTED.into(),
            EmitError::Stale => socketio_result::STALE.into(),
            EmitError::NoAckSlot => socketio_result::NO_ACK_SLOT.into(),
            EmitError::TooLong => socketio_result::TOO_LONG.into(),
            EmitError::Packet(error) => error.into(),
            EmitError::Session(error) => error.into(),
        }
    }
}

impl From<ConnectError> for sansocket_result {
    fn from(error: ConnectError) -> Self {
        match error {
            ConnectError::InvalidName => socketio_result::INVALID_NAME.into(),
            ConnectError::NameTooLong => socketio_result::NAME_TOO_LONG.into(),
            ConnectError::NoNamespaceSlot => socketio_result::NO_NAMESPACE_SLOT.into(),
            ConnectError::Leaving => socketio_result::LEAVING.into(),
        }
    }
}

impl From<TargetError> for sansocket_result {
    fn from(error: TargetError) -> Self {
        match error {
            TargetError::Url(error) => error.into(),
            TargetError::NeedsRoom { bytes } => NeedsRoom { bytes }.into(),
        }
    }
}

impl From<NeedsRoom> for sansocket_result {
    fn from(_: NeedsRoom) -> Self {
        UsageError::BufferTooShort.into()
    }
}

impl From<JsonError> for sansocket_result {
    fn from(error: JsonError) -> Self {
        PacketError::from(error).into()
    }
}

impl From<PacketError> for sansocket_result {
    fn from(error: PacketError) -> Self {
        use socketio_result as R;
        match error {
            PacketError::Empty => R::PACKET_EMPTY,
            PacketError::UnknownType => R::PACKET_UNKNOWN_TYPE,
            PacketError::InvalidAttachments => R::PACKET_INVALID_ATTACHMENTS,
            PacketError::TooManyAttachments => R::PACKET_TOO_MANY_ATTACHMENTS,
            PacketError::InvalidNamespace => R::PACKET_INVALID_NAMESPACE,
            PacketError::InvalidId => R::PACKET_INVALID_ID,
            PacketError::UnexpectedId => R::PACKET_UNEXPECTED_ID,
            PacketError::MissingPayload => R::PACKET_MISSING_PAYLOAD,
            PacketError::UnexpectedPayload => R::PACKET_UNEXPECTED_PAYLOAD,
            PacketError::InvalidJson => R::PACKET_INVALID_JSON,
            PacketError::TooDeep => R::PACKET_TOO_DEEP,
            PacketError::WrongPayload => R::PACKET_WRONG_PAYLOAD,
            PacketError::InvalidEventName => R::PACKET_INVALID_EVENT_NAME,
            PacketError::ReservedEventName => R::PACKET_RESERVED_EVENT_NAME,
            PacketError::InvalidPlaceholder => R::PACKET_INVALID_PLACEHOLDER,
            PacketError::AttachmentsDue => R::PACKET_ATTACHMENTS_DUE,
            PacketError::NoAttachmentDue => R::PACKET_NO_ATTACHMENT_DUE,
        }
        .into()
    }
}

impl From<EngineError> for sansocket_result {
    fn from(error: EngineError) -> Self {
        use socketio_result as R;
        match error {
            EngineError::Empty => R::ENGINE_EMPTY,
            EngineError::UnknownType => R::ENGINE_UNKNOWN_TYPE,
            EngineError::InvalidHandshake => R::ENGINE_INVALID_HANDSHAKE,
            EngineError::InvalidSid => R::ENGINE_INVALID_SID,
            EngineError::InvalidUpgrades => R::ENGINE_INVALID_UPGRADES,
            EngineError::InvalidPingInterval => R::ENGINE_INVALID_PING_INTERVAL,
            EngineError::InvalidPingTimeout => R::ENGINE_INVALID_PING_TIMEOUT,
            EngineError::InvalidMaxPayload => R::ENGINE_INVALID_MAX_PAYLOAD,
        }
        .into()
    }
}

impl From<NamespaceState> for sansocket_socketio_state {
    fn from(state: NamespaceState) -> Self {
        Self(state as u32)
    }
}

impl From<Reason> for sansocket_socketio_reason {
    fn from(reason: Reason) -> Self {
        match reason {
            Reason::IoServerDisconnect => Self::IO_SERVER_DISCONNECT,
            Reason::IoClientDisconnect => Self::IO_CLIENT_DISCONNECT,
            Reason::PingTimeout => Self::PING_TIMEOUT,
            Reason::TransportClose => Self::TRANSPORT_CLOSE,
            Reason::TransportError => Self::TRANSPORT_ERROR,
            Reason::ParseError => Self::PARSE_ERROR,
            Reason::ForcedClose => Self::FORCED_CLOSE,
        }
    }
}

impl From<&Refusal<'_>> for sansocket_socketio_refusal {
    fn from(refusal: &Refusal<'_>) -> Self {
        match refusal {
            Refusal::Refused(_) => Self::REFUSED,
            Refusal::OldServer => Self::OLD_SERVER,
            Refusal::Closed => Self::CLOSED,
            Refusal::TooLong => Self::TOO_LONG,
        }
    }
}

impl From<AckError> for sansocket_socketio_ack_error {
    fn from(error: AckError) -> Self {
        match error {
            AckError::Timeout => Self::TIMEOUT,
            AckError::Lost => Self::LOST,
        }
    }
}

impl From<&Fault> for sansocket_socketio_fault {
    fn from(fault: &Fault) -> Self {
        match fault {
            Fault::PingTimeout => Self::PING_TIMEOUT,
            Fault::OpenTimeout => Self::OPEN_TIMEOUT,
            Fault::Engine(_) => Self::ENGINE,
            Fault::Packet(_) => Self::PACKET,
            Fault::ClosedByServer => Self::CLOSED_BY_SERVER,
            Fault::Unexpected => Self::UNEXPECTED,
        }
    }
}

impl From<ValueKind> for sansocket_json_kind {
    fn from(kind: ValueKind) -> Self {
        match kind {
            ValueKind::Null => Self::NULL,
            ValueKind::Bool => Self::BOOL,
            ValueKind::Number => Self::NUMBER,
            ValueKind::Text => Self::TEXT,
            ValueKind::Array => Self::ARRAY,
            ValueKind::Object => Self::OBJECT,
        }
    }
}

/// Returns one sentence, without a full stop, that says what a result means, those of `sansocket.h` and `sansocket_session.h` included. Any
/// number may be passed. Never NULL; constant, ends in NUL.
#[unsafe(no_mangle)]
pub extern "C" fn sansocket_socketio_result_text(result: sansocket_result) -> *const c_char {
    match socketio_result(result.0).own_text() {
        Some(text) => text.as_ptr(),
        None => sansocket_session_result_text(result),
    }
}

/// Returns the name of an event for a log: `connected`, `ack failed`. Any number may be passed. Never NULL; constant, ends in NUL.
#[unsafe(no_mangle)]
pub extern "C" fn sansocket_socketio_event_text(event_type: sansocket_socketio_event_type) -> *const c_char {
    event_type.own_text().unwrap_or(c"unknown event").as_ptr()
}

/// Returns the `reason` of `SANSOCKET_SOCKETIO_EVENT_DISCONNECTED` as the JavaScript client calls it: `io server disconnect`. Any number may
/// be passed. Never NULL; constant, ends in NUL.
#[unsafe(no_mangle)]
pub extern "C" fn sansocket_socketio_reason_text(reason: sansocket_socketio_reason) -> *const c_char {
    reason.own_text().unwrap_or(c"a reason that this version does not know").as_ptr()
}

/// Returns one sentence, without a full stop, about the `fault` of `SANSOCKET_SOCKETIO_EVENT_DOWN`. Any number may be passed. Never NULL;
/// constant, ends in NUL.
#[unsafe(no_mangle)]
pub extern "C" fn sansocket_socketio_fault_text(fault: sansocket_socketio_fault) -> *const c_char {
    fault.own_text().unwrap_or(c"a fault that this version does not know").as_ptr()
}

/// Returns the name of a namespace's state for a log: `connecting`. Any number may be passed. Never NULL; constant, ends in NUL.
#[unsafe(no_mangle)]
pub extern "C" fn sansocket_socketio_state_text(state: sansocket_socketio_state) -> *const c_char {
    const NAMES: [&CStr; 4] = [c"off", c"connecting", c"connected", c"leaving"];
    let name = usize::try_from(state.0).ok().and_then(|state| NAMES.get(state));
    name.unwrap_or(&c"unknown state").as_ptr()
}
