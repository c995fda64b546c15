//! What the load generator sends and expects: both directions are a stream of bytes that repeats itself, encoded beforehand, so that
//! generating and checking cost a copy and a comparison.
use bytes::Bytes;

pub(crate) struct Traffic {
    pub(crate) payloads: Vec<Bytes>,
    /// All frames of one repetition: a client's, masked.
    sent: Vec<u8>,
    /// The echoes of these: a server's, not masked.
    expected: Vec<u8>,
}

impl Traffic {
    /// Frames of `size` bytes of payload. `raw`: the peer speaks no WebSocket and returns the bytes that it gets.
    pub(crate) fn new(size: usize, raw: bool) -> Self {
        let mut random = Random(0x9e37_79b9_7f4a_7c15);
        let count = if size <= 4096 { 64 } else { 8 };
        let mut traffic = Self { payloads: Vec::new(), sent: Vec::new(), expected: Vec::new() };
        for _ in 0..count {
            let payload: Vec<u8> = (0..size).map(|_| random.byte()).collect();
            let mask = [random.byte(), random.byte(), random.byte(), random.byte()];
            header(&mut traffic.sent, size, Some(mask));
            traffic.sent.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
            header(&mut traffic.expected, size, None);
            traffic.expected.extend_from_slice(&payload);
            traffic.payloads.push(payload.into());
        }
        if raw {
            traffic.expected.clone_from(&traffic.sent);
        }
        traffic
    }

    /// Bytes of one frame that is sent.
    pub(crate) fn sent_length(&self) -> usize {
        self.sent.len() / self.payloads.len()
    }

    /// Bytes of one echo.
    pub(crate) fn expected_length(&self) -> usize {
        self.expected.len() / self.payloads.len()
    }

    /// The bytes to send at `position` of the stream, at most up to `end`, at least one if `position` is less.
    pub(crate) fn to_send(&self, position: usize, end: usize) -> &[u8] {
        let at = position % self.sent.len();
        let length = (end - position).min(self.sent.len() - at);
        &self.sent[at..at + length]
    }

    /// Whether these are the bytes at `position` of the stream of echoes.
    pub(crate) fn is_expected(&self, position: usize, mut bytes: &[u8]) -> bool {
        let mut at = position % self.expected.len();
        while !bytes.is_empty() {
            let length = bytes.len().min(self.expected.len() - at);
            if bytes[..length] != self.expected[at..at + length] {
                return false;
            }
            bytes = &bytes[length..];
            at = 0;
        }
        true
    }

    pub(crate) fn payload(&self, index: usize) -> &Bytes {
        &self.payloads[index % self.payloads.len()]
    }
}

/// RFC 6455 section 5.2: a final binary frame.
fn header(out: &mut Vec<u8>, size: usize, mask: Option<[u8; 4]>) {
    let masked = if mask.is_some() { 0x80 } else { 0 };
    out.push(0x82);
    match (u8::try_from(size), u16::try_from(size)) {
        (Ok(short @ ..126), _) => out.push(masked | short),
        (_, Ok(medium)) => {
            out.push(masked | 126);
            out.extend_from_slice(&medium.to_be_bytes());
        }
        _ => {
            out.push(masked | 127);
            out.extend_from_slice(&(size as u64).to_be_bytes());
        }
    }
    out.extend(mask.into_iter().flatten());
}

/// xorshift64
struct Random(u64);

impl Random {
    fn byte(&mut self) -> u8 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.to_le_bytes()[3]
    }
}
