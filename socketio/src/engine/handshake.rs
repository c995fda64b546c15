//! The JSON of an open packet: what a server says of a session ("Handshake" in the Engine.IO protocol).

use super::EngineError;
use crate::json::{Text, Value, ValueKind};
use crate::writer::{NeedsRoom, Writer};

/// What a server says when a session opens.
///
/// ```
/// use sansocket_socketio::engine::Handshake;
/// use sansocket_socketio::json::Text;
///
/// let json = r#"{"sid":"lv_VI97HAXpY6yYWAAAC","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#;
/// let handshake = Handshake::parse(json)?;
/// assert_eq!(handshake.sid, "lv_VI97HAXpY6yYWAAAC");
/// assert_eq!(handshake.ping_interval_ms, 25_000);
/// assert_eq!(handshake.encode(&mut [0; 200]), Ok(json));
/// # Ok::<(), sansocket_socketio::engine::EngineError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Handshake<'a> {
    /// The session's id, never empty: `sid` in the query of all later requests. Who knows it can take the session over. Ours is made by
    /// [`Text::plain`].
    pub sid: Text<'a>,
    /// Whether `upgrades` lists `websocket`. Other names are passed over.
    pub can_upgrade: bool,
    /// How long the server waits between two pings, in milliseconds.
    pub ping_interval_ms: u64,
    /// How long it waits for an answer, in milliseconds. A client drops the connection if no ping came for the sum of both.
    pub ping_timeout_ms: u64,
    /// How many bytes a body of polling, or a WebSocket message, may have that the server gets. `None` for servers that do not say.
    pub max_payload: Option<u64>,
}

impl<'a> Handshake<'a> {
    /// Reads the payload of [`Packet::Open`](super::Packet::Open). Members may come in any order, and others are ignored.
    ///
    /// # Errors
    /// The members of [`EngineError`] that name the handshake. Numbers have plain digits.
    pub fn parse(json: &'a str) -> Result<Self, EngineError> {
        use EngineError as E;
        let object = Value::parse(json).ok().filter(|value| value.kind() == ValueKind::Object).ok_or(E::InvalidHandshake)?;
        let number = |name, error| object.get(name).and_then(|value| value.as_u64()).ok_or(error);
        let sid = object.get("sid").and_then(|sid| sid.text()).filter(|sid| !sid.raw().is_empty()).ok_or(E::InvalidSid)?;
        let upgrades = object.get("upgrades").filter(|upgrades| upgrades.kind() == ValueKind::Array).ok_or(E::InvalidUpgrades)?;
        let mut can_upgrade = false;
        for item in upgrades.items() {
            can_upgrade |= item.text().ok_or(E::InvalidUpgrades)? == "websocket";
        }
        Ok(Self {
            sid,
            can_upgrade,
            ping_interval_ms: number("pingInterval", E::InvalidPingInterval)?,
            ping_timeout_ms: number("pingTimeout", E::InvalidPingTimeout)?,
            max_payload: object.get("maxPayload").map(|value| value.as_u64().ok_or(E::InvalidMaxPayload)).transpose()?,
        })
    }

    /// Writes the JSON to `out`, which is the caller's, and returns it: the payload of [`Packet::Open`](super::Packet::Open), with its members
    /// in the order of the reference.
    ///
    /// # Errors
    /// [`NeedsRoom`], if it does not fit.
    pub fn encode<'o>(&self, out: &'o mut [u8]) -> Result<&'o str, NeedsRoom> {
        let mut writer = Writer::new(out);
        writer.text("{\"sid\":\"");
        writer.text(self.sid.raw());
        writer.text(if self.can_upgrade { "\",\"upgrades\":[\"websocket\"]" } else { "\",\"upgrades\":[]" });
        let numbers = [
            (",\"pingInterval\":", Some(self.ping_interval_ms)),
            (",\"pingTimeout\":", Some(self.ping_timeout_ms)),
            (",\"maxPayload\":", self.max_payload),
        ];
        for (name, number) in numbers {
            if let Some(number) = number {
                writer.text(name);
                writer.number(number);
            }
        }
        writer.text("}");
        writer.finish()
    }
}

/// Does not show the `sid`, which is a secret.
impl core::fmt::Debug for Handshake<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Handshake")
            .field("can_upgrade", &self.can_upgrade)
            .field("ping_interval_ms", &self.ping_interval_ms)
            .field("ping_timeout_ms", &self.ping_timeout_ms)
            .field("max_payload", &self.max_payload)
            .finish_non_exhaustive()
    }
}
