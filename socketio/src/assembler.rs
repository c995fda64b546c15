//! Puts packets and the attachments that follow them in order: all that has to be kept is two counts.

use crate::error::PacketError;
use crate::packet::{Limits, Packet};

/// One of the binary messages that belong to a packet.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Attachment<'a> {
    /// Which one, counted from 0: the `num` of placeholders.
    pub index: u16,
    /// How many the packet has. The packet is complete with the last one.
    pub of: u16,
    /// All of its bytes.
    pub bytes: &'a [u8],
}

impl Attachment<'_> {
    /// Whether the packet is complete.
    pub const fn is_last(&self) -> bool {
        self.index.saturating_add(1) >= self.of
    }
}

/// Shows the length of the bytes, not what they are.
impl core::fmt::Debug for Attachment<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Attachment").field("index", &self.index).field("of", &self.of).field("bytes", &self.bytes.len()).finish()
    }
}

/// Takes the messages of a connection in their order, and says what each is: a packet, or an attachment of the last packet.
///
/// It keeps neither: who needs a packet together with its attachments copies it, others handle an attachment when it comes. It is given text and
/// binary messages only, so that pings and pongs between them do not disturb it.
///
/// ```
/// use sansocket_socketio::{Assembler, Limits, engine};
///
/// let mut assembler = Assembler::new(Limits::new());
/// for message in [engine::Packet::decode(r#"451-["file",{"_placeholder":true,"num":0}]"#)?, engine::Packet::Binary(&[1, 2, 3])] {
///     match message {
///         engine::Packet::Message(text) => {
///             let packet = assembler.text(text)?;
///             assert_eq!(packet.name().and_then(|name| name.text()).unwrap(), "file");
///         }
///         engine::Packet::Binary(bytes) => {
///             let attachment = assembler.binary(bytes)?;
///             assert_eq!((attachment.index, attachment.of, attachment.bytes), (0, 1, &[1, 2, 3][..]));
///         }
///         _ => {}
///     }
/// }
/// assert_eq!(assembler.due(), 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Assembler {
    limits: Limits,
    /// How many attachments the last packet has, and how many of them came.
    of: u16,
    received: u16,
}

impl Assembler {
    /// Of a connection that begins.
    pub const fn new(limits: Limits) -> Self {
        Self { limits, of: 0, received: 0 }
    }

    /// How many attachments are due before the next packet.
    pub const fn due(&self) -> u16 {
        self.of.saturating_sub(self.received)
    }

    /// Takes the text of an Engine.IO message: a packet.
    ///
    /// # Errors
    /// [`PacketError::AttachmentsDue`], or what is wrong with the packet. The connection is to be closed: nothing has changed here, but what
    /// would come next cannot be known.
    pub fn text<'a>(&mut self, text: &'a str) -> Result<Packet<'a>, PacketError> {
        if self.due() > 0 {
            return Err(PacketError::AttachmentsDue);
        }
        let packet = Packet::decode(text, self.limits)?;
        (self.of, self.received) = (packet.attachments(), 0);
        Ok(packet)
    }

    /// Takes a binary message, all of it: an attachment. One that came in base64 is decoded before
    /// ([`decode_base64`](crate::engine::decode_base64)).
    ///
    /// # Errors
    /// [`PacketError::NoAttachmentDue`]. The connection is to be closed.
    pub const fn binary<'a>(&mut self, bytes: &'a [u8]) -> Result<Attachment<'a>, PacketError> {
        if self.due() == 0 {
            return Err(PacketError::NoAttachmentDue);
        }
        let attachment = Attachment { index: self.received, of: self.of, bytes };
        self.received = self.received.saturating_add(1);
        Ok(attachment)
    }
}
