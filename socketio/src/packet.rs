//! A Socket.IO packet: its header and its payload, read, checked and written ("Packet encoding" in the Socket.IO protocol).

use crate::error::PacketError;
use crate::header::{Header, Kind};
use crate::json::{Items, Text, Value, ValueKind};
use crate::placeholder::Placeholders;
use crate::writer::{NeedsRoom, Writer};

/// The names of events that applications cannot use: the libraries have events of their own that are called so.
pub const RESERVED_EVENTS: [&str; 6] =
    ["connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"];

/// What a peer may ask of us.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    max_attachments: u16,
}

impl Limits {
    /// Those of the reference: 10 attachments.
    pub const fn new() -> Self {
        Self { max_attachments: 10 }
    }

    /// How many attachments a packet may have.
    pub const fn max_attachments(self, max_attachments: u16) -> Self {
        Self { max_attachments }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::new()
    }
}

/// A packet that keeps all rules of its type: one that was received, or one that can be sent.
///
/// ```
/// use sansocket_socketio::{Kind, Limits, Packet};
///
/// let packet = Packet::decode(r#"2/admin,13["say","hi",1]"#, Limits::new())?;
/// assert_eq!((packet.kind(), packet.namespace(), packet.id()), (Kind::Event, "/admin", Some(13)));
/// assert_eq!(packet.name().and_then(|name| name.text()).unwrap(), "say");
/// assert!(packet.args().map(|arg| arg.as_json()).eq([r#""hi""#, "1"]));
/// # Ok::<(), sansocket_socketio::PacketError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Packet<'a> {
    header: Header<'a>,
    payload: Option<Value<'a>>,
}

impl<'a> Packet<'a> {
    /// Reads the text of an Engine.IO message, without Engine.IO's digit before it.
    ///
    /// # Errors
    /// The first rule that it breaks. A server closes the connection then.
    pub fn decode(text: &'a str, limits: Limits) -> Result<Self, PacketError> {
        let (header, json) = Header::decode(text, limits.max_attachments)?;
        // The reference takes a blank there for a digit of the id.
        if json.starts_with([' ', '\t', '\n', '\r']) {
            return Err(PacketError::InvalidJson);
        }
        Self::new(header, json)
    }

    /// A packet that is to be sent. `json` is empty if it has no payload. ([`EventWriter`](crate::EventWriter) writes events and answers
    /// without a buffer for their JSON.)
    ///
    /// ```
    /// use sansocket_socketio::{Header, Kind, Packet};
    ///
    /// let packet = Packet::new(Header::new(Kind::Connect, "/admin"), r#"{"token":"123"}"#)?;
    /// assert_eq!(packet.encode_message(&mut [0; 40]), Ok(r#"40/admin,{"token":"123"}"#));
    /// # Ok::<(), sansocket_socketio::PacketError>(())
    /// ```
    ///
    /// # Errors
    /// The first rule that it breaks.
    pub fn new(header: Header<'a>, json: &'a str) -> Result<Self, PacketError> {
        header.check()?;
        let payload = if json.is_empty() { None } else { Some(Value::parse(json)?) };
        check_payload(&header, payload)?;
        Ok(Self { header, payload })
    }

    /// Type, number of attachments, namespace and id.
    pub const fn header(&self) -> &Header<'a> {
        &self.header
    }

    /// The type.
    pub const fn kind(&self) -> Kind {
        self.header.kind
    }

    /// Where it belongs: `/`, or `/` and a name.
    pub const fn namespace(&self) -> &'a str {
        self.header.namespace
    }

    /// Of an event that wants an answer, and of the answer.
    pub const fn id(&self) -> Option<u64> {
        self.header.id
    }

    /// How many attachments follow it.
    pub const fn attachments(&self) -> u16 {
        self.header.attachments
    }

    /// The payload. Events and acknowledgements have an array, CONNECT_ERROR an object or a string, CONNECT an object or nothing.
    pub const fn payload(&self) -> Option<Value<'a>> {
        self.payload
    }

    /// The payload as it stands in the packet; empty if there is none.
    pub const fn json(&self) -> &'a str {
        match self.payload {
            Some(payload) => payload.as_json(),
            None => "",
        }
    }

    /// The name of an event: a string, or a number. `None` for other packets.
    pub fn name(&self) -> Option<Value<'a>> {
        self.payload.filter(|_| self.kind().is_event()).and_then(|payload| payload.items().next())
    }

    /// The arguments of an event, without its name, or of an acknowledgement. Other packets have none.
    pub fn args(&self) -> Items<'a> {
        let payload = self.payload.filter(|_| self.kind().is_event() || self.kind().is_ack());
        let mut items = payload.map_or_else(Items::none, |payload| payload.items());
        if self.kind().is_event() {
            items.next();
        }
        items
    }

    /// The places in the payload where attachments belong. Only binary packets have some.
    pub fn placeholders(&self) -> Placeholders<'a> {
        let payload = self.payload.filter(|_| self.kind().is_binary());
        Placeholders::new(payload.unwrap_or(Value::checked("")), self.attachments())
    }

    /// Writes the packet to `out`, which is the caller's, and returns it.
    ///
    /// # Errors
    /// [`NeedsRoom`], if it does not fit.
    pub fn encode<'o>(&self, out: &'o mut [u8]) -> Result<&'o str, NeedsRoom> {
        self.write(Writer::new(out))
    }

    /// The same with Engine.IO's `4` before it: the text message of a WebSocket.
    ///
    /// # Errors
    /// [`NeedsRoom`], if it does not fit.
    pub fn encode_message<'o>(&self, out: &'o mut [u8]) -> Result<&'o str, NeedsRoom> {
        let mut writer = Writer::new(out);
        writer.text("4");
        self.write(writer)
    }

    fn write<'o>(&self, mut writer: Writer<'o>) -> Result<&'o str, NeedsRoom> {
        self.header.write(&mut writer);
        writer.text(self.json());
        writer.finish()
    }
}

/// Shows the length of the payload: it may hold credentials.
impl core::fmt::Debug for Packet<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Packet").field("header", &self.header).field("payload", &self.json().len()).finish()
    }
}

/// What each type may carry.
fn check_payload(header: &Header<'_>, payload: Option<Value<'_>>) -> Result<(), PacketError> {
    let Some(value) = payload else {
        let is_optional = matches!(header.kind, Kind::Connect | Kind::Disconnect);
        return if is_optional { Ok(()) } else { Err(PacketError::MissingPayload) };
    };
    match (header.kind, value.kind()) {
        (Kind::Disconnect, _) => return Err(PacketError::UnexpectedPayload),
        (Kind::Connect, ValueKind::Object) => {}
        // python-socketio sends strings.
        (Kind::ConnectError, ValueKind::Object | ValueKind::Text) => {}
        (Kind::Ack | Kind::BinaryAck, ValueKind::Array) => {}
        (Kind::Event | Kind::BinaryEvent, ValueKind::Array) => check_name(value.items().next())?,
        _ => return Err(PacketError::WrongPayload),
    }
    if !header.kind.is_binary() {
        return Ok(());
    }
    Placeholders::new(value, header.attachments).try_for_each(|placeholder| placeholder.map(drop))
}

fn check_name(name: Option<Value<'_>>) -> Result<(), PacketError> {
    let name = name.ok_or(PacketError::InvalidEventName)?;
    match name.kind() {
        ValueKind::Number => Ok(()),
        ValueKind::Text => name.text().map_or(Ok(()), |name| check_text(&name)),
        _ => Err(PacketError::InvalidEventName),
    }
}

fn check_text(name: &Text<'_>) -> Result<(), PacketError> {
    if is_reserved(name.chars()) { Err(PacketError::ReservedEventName) } else { Ok(()) }
}

/// Whether these are the characters of a reserved name.
pub(crate) fn is_reserved(name: impl Iterator<Item = char> + Clone) -> bool {
    RESERVED_EVENTS.iter().any(|reserved| name.clone().eq(reserved.chars()))
}
