//! §5.2: the fields of a frame's header.

/// Opcodes (§5.2).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Opcode {
    /// A further fragment of a message.
    Continuation = 0x0,
    /// The first or only frame of a text message.
    Text = 0x1,
    /// The first or only frame of a binary message.
    Binary = 0x2,
    /// The closing handshake.
    Close = 0x8,
    /// Asks for a Pong.
    Ping = 0x9,
    /// Answers a Ping, or nothing.
    Pong = 0xA,
}

impl Opcode {
    /// The opcode in the low four bits of `byte`, unless it is reserved.
    pub const fn from_byte(byte: u8) -> Option<Self> {
        Some(match byte & 0x0F {
            0x0 => Self::Continuation,
            0x1 => Self::Text,
            0x2 => Self::Binary,
            0x8 => Self::Close,
            0x9 => Self::Ping,
            0xA => Self::Pong,
            _ => return None,
        })
    }

    pub(super) const fn number(self) -> u8 {
        self as u8
    }

    /// Close, Ping or Pong (§5.5).
    pub const fn is_control(self) -> bool {
        self as u8 & 0x08 != 0
    }
}

/// A frame's header (§5.2).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct FrameHeader {
    /// Whether the message ends with this frame.
    pub fin: bool,
    /// RSV1, the highest bit, to RSV3, the lowest: 0-7.
    pub rsv: u8,
    /// What the payload is.
    pub opcode: Opcode,
    /// The masking key, if the payload is masked.
    pub masking_key: Option<[u8; 4]>,
    /// The length of the payload in bytes, below 2^63.
    pub payload_len: u64,
}

impl FrameHeader {
    /// The length of the longest header in bytes.
    pub const MAX_LEN: usize = 14;

    /// The length of this header in bytes: 2 to 14.
    pub const fn header_len(&self) -> usize {
        let length = match self.payload_len {
            0..=125 => 0,
            126..=0xFFFF => 2,
            _ => 8,
        };
        // At most 2 + 8 + 4.
        2_usize.saturating_add(length).saturating_add(if self.masking_key.is_some() { 4 } else { 0 })
    }
}

/// Whether there is a masking key, not which (§10.6).
impl core::fmt::Debug for FrameHeader {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("FrameHeader")
            .field("fin", &self.fin)
            .field("rsv", &self.rsv)
            .field("opcode", &self.opcode)
            .field("masked", &self.masking_key.is_some())
            .field("payload_len", &self.payload_len)
            .finish()
    }
}

/// The longest payload of a control frame in bytes (§5.5).
pub const MAX_CONTROL_PAYLOAD: usize = 125;
