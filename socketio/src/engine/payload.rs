//! Bodies of HTTP long-polling: packets with a record separator between them ("HTTP long-polling" in the Engine.IO protocol).

use super::{EngineError, Packet};
use crate::sentences::sentences;
use crate::writer::Writer;

/// U+001E stands between two packets of a body.
const SEPARATOR: char = '\u{1e}';

/// The packets of a body, in order. After one that is wrong there are no more. A body has at least one packet: an empty one is wrong.
///
/// ```
/// use sansocket_socketio::engine::{Packet, packets};
///
/// let body = "4hello\u{1e}2\u{1e}bAQID";
/// assert!(packets(body).eq([Ok(Packet::Message("hello")), Ok(Packet::Ping("")), Ok(Packet::Base64("AQID"))]));
/// ```
pub const fn packets(body: &str) -> Packets<'_> {
    Packets { rest: Some(body) }
}

/// The packets of a body: [`packets`].
#[derive(Clone)]
pub struct Packets<'a> {
    rest: Option<&'a str>,
}

impl<'a> Iterator for Packets<'a> {
    type Item = Result<Packet<'a>, EngineError>;

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.rest.take()?;
        let (text, rest) = match rest.split_once(SEPARATOR) {
            Some((text, rest)) => (text, Some(rest)),
            None => (rest, None),
        };
        let packet = Packet::decode(text);
        self.rest = rest.filter(|_| packet.is_ok());
        Some(packet)
    }
}

/// Shows the length of what is left.
impl core::fmt::Debug for Packets<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Packets").field("bytes", &self.rest.map_or(0, str::len)).finish()
    }
}

sentences! {
/// Why a packet was not added to a body, which is as before.
PushError {
    /// There is no more room in the body: it has to be sent, and the packet goes into the next one.
    Full = "the body has no more room for the packet";
    /// The packet is longer than any body may be.
    TooLong = "the packet is longer than a body may be";
    /// The packet has a U+001E, which would cut it in two. JSON escapes it in strings, so no packet of Socket.IO has one.
    Separator = "the packet has a separator of packets in it";
}
}

/// Joins packets to a body in a buffer of the caller's.
///
/// ```
/// use sansocket_socketio::engine::{Packet, PayloadWriter};
///
/// let mut out = [0; 100];
/// let mut body = PayloadWriter::new(&mut out, 1_000_000);
/// body.push(&Packet::Message("hello"))?;
/// body.push(&Packet::Binary(&[1, 2, 3]))?;
/// assert_eq!(body.finish(), "4hello\u{1e}bAQID");
/// # Ok::<(), sansocket_socketio::engine::PushError>(())
/// ```
#[derive(Debug)]
pub struct PayloadWriter<'o> {
    writer: Writer<'o>,
    max_len: usize,
}

impl<'o> PayloadWriter<'o> {
    /// An empty body, which may have as many bytes as `out`, and no more than `max_payload`: for a client that of the
    /// [`Handshake`](super::Handshake::max_payload), as the server answers 413 to more; a server may take `u64::MAX`.
    pub fn new(out: &'o mut [u8], max_payload: u64) -> Self {
        let max_len = usize::try_from(max_payload).unwrap_or(usize::MAX).min(out.len());
        Self { writer: Writer::new(out), max_len }
    }

    /// Whether nothing was added yet.
    pub const fn is_empty(&self) -> bool {
        self.writer.len() == 0
    }

    /// Adds a packet. Where the reference's client estimates the length of base64 and lets the first packet be of any length, this counts.
    ///
    /// # Errors
    /// Any [`PushError`].
    pub fn push(&mut self, packet: &Packet<'_>) -> Result<(), PushError> {
        let text = match *packet {
            Packet::Open(text) | Packet::Ping(text) | Packet::Pong(text) | Packet::Message(text) | Packet::Base64(text) => text,
            Packet::Close | Packet::Binary(_) | Packet::Upgrade | Packet::Noop => "",
        };
        if text.contains(SEPARATOR) {
            return Err(PushError::Separator);
        }
        if packet.encoded_len() > self.max_len {
            return Err(PushError::TooLong);
        }
        let separator = if self.is_empty() { "" } else { "\u{1e}" };
        let len = self.writer.len().saturating_add(separator.len()).saturating_add(packet.encoded_len());
        if len > self.max_len {
            return Err(PushError::Full);
        }
        self.writer.text(separator);
        packet.write(&mut self.writer);
        Ok(())
    }

    /// The body. Empty if there was no packet, which is no body that may be sent.
    pub fn finish(self) -> &'o str {
        // All of it has fitted.
        self.writer.finish().unwrap_or_default()
    }
}
