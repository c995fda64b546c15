//! Reads no more of a server's frames than it takes to know where messages end.
use std::io::{Error, ErrorKind, Result};

/// Where a connection's stream of frames stands.
#[derive(Default)]
pub(crate) struct Frames {
    /// Of the frame's payload, still to come.
    remaining: usize,
    /// A header that is not complete.
    header: [u8; 10],
    header_len: usize,
    /// Whether the frame is one of a message, and whether it is the last one.
    is_data: bool,
    is_last: bool,
    /// Bytes of payload of the message so far.
    message_len: usize,
    /// Where the payload of messages goes, while they are looked at.
    pub(crate) collected: Option<Vec<u8>>,
}

impl Frames {
    /// A stream whose messages are kept, at first.
    pub(crate) fn looked_at() -> Self {
        Self { collected: Some(Vec::new()), ..Self::default() }
    }

    /// Payload that may be dropped without a look at it.
    pub(crate) fn blind(&self) -> usize {
        if self.collected.is_some() { 0 } else { self.remaining }
    }

    /// Takes what has arrived, and gives the length of each message that is complete to `ended`. Pings are left without an answer:
    /// no measurement takes so long that a server would mind.
    pub(crate) fn take(&mut self, mut bytes: &[u8], mut ended: impl FnMut(usize) -> Result<()>) -> Result<()> {
        while !bytes.is_empty() {
            if self.remaining == 0 {
                if let (0, [first, second @ ..126, rest @ ..]) = (self.header_len, bytes) {
                    // Most are like this.
                    self.begin(*first, usize::from(*second))?;
                    bytes = rest;
                } else {
                    let taken = self.take_header(bytes)?;
                    bytes = &bytes[taken..];
                    if self.header_len > 0 {
                        continue;
                    }
                }
            }
            let (payload, rest) = bytes.split_at(bytes.len().min(self.remaining));
            if let Some(collected) = self.collected.as_mut().filter(|_| self.is_data) {
                collected.extend_from_slice(payload);
            }
            bytes = rest;
            self.skip(payload.len(), &mut ended)?;
        }
        Ok(())
    }

    /// The same for payload that was dropped.
    pub(crate) fn skip(&mut self, len: usize, mut ended: impl FnMut(usize) -> Result<()>) -> Result<()> {
        self.remaining -= len;
        if self.is_data {
            self.message_len += len;
            if self.remaining == 0 && self.is_last {
                ended(std::mem::take(&mut self.message_len))?;
            }
        }
        Ok(())
    }

    /// Returns how many bytes it took. `header_len` is 0 afterwards if the header is complete.
    fn take_header(&mut self, bytes: &[u8]) -> Result<usize> {
        let mut taken = 0;
        for &byte in bytes {
            self.header[self.header_len] = byte;
            self.header_len += 1;
            taken += 1;
            let needed = match (self.header_len, self.header[1]) {
                (1, _) => continue,
                (_, 126) => 4,
                (_, 127) => 10,
                (_, 128..) => return Err(Error::new(ErrorKind::InvalidData, "the server has masked a frame")),
                _ => 2,
            };
            if self.header_len == needed {
                let digits = &self.header[if needed == 2 { 1 } else { 2 }..needed];
                let length = digits.iter().fold(0, |length, &byte| length << 8 | usize::from(byte));
                self.header_len = 0;
                self.begin(self.header[0], length)?;
                break;
            }
        }
        Ok(taken)
    }

    fn begin(&mut self, first: u8, length: usize) -> Result<()> {
        if first & 0xf == 8 {
            return Err(Error::new(ErrorKind::InvalidData, "the server has closed a connection"));
        }
        self.remaining = length;
        self.is_data = first & 8 == 0;
        self.is_last = first & 0x80 != 0;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Frames;

    /// A message in two frames with a Ping between them, one of 200 bytes and one of 70 000.
    fn stream() -> Vec<u8> {
        let mut bytes = vec![0x02, 3, b'a', b'b', b'c', 0x89, 1, b'!', 0x80, 2, b'd', b'e', 0x82, 126, 0, 200];
        bytes.resize(bytes.len() + 200, 1);
        bytes.extend([0x82, 127, 0, 0, 0, 0, 0, 1, 0x11, 0x70]);
        bytes.resize(bytes.len() + 70_000, 2);
        bytes
    }

    #[test]
    fn messages_are_the_same_however_bytes_arrive() {
        for piece in [1, 2, 3, 7, 4096, 1 << 20] {
            let (mut frames, mut lengths) = (Frames::looked_at(), Vec::new());
            for bytes in stream().chunks(piece) {
                frames.take(bytes, note(&mut lengths)).unwrap();
            }
            assert_eq!(lengths, [5, 200, 70_000], "in pieces of {piece}");
            let collected = frames.collected.unwrap();
            assert!(collected.starts_with(b"abcde\x01") && collected.len() == 70_205);
        }
    }

    fn note(lengths: &mut Vec<usize>) -> impl FnMut(usize) -> std::io::Result<()> {
        |length| {
            lengths.push(length);
            Ok(())
        }
    }

    #[test]
    fn dropped_payload_counts() {
        let (mut frames, mut lengths) = (Frames::default(), Vec::new());
        let bytes = stream();
        frames.take(&bytes[..300], note(&mut lengths)).unwrap();
        let blind = frames.blind();
        assert_eq!(blind, bytes.len() - 300);
        frames.skip(blind, note(&mut lengths)).unwrap();
        assert_eq!(lengths, [5, 200, 70_000]);
    }

    #[test]
    fn masked_and_closing_frames_are_errors() {
        for bytes in [[0x82, 0x85], [0x88, 0]] {
            assert!(Frames::default().take(&bytes, |_| Ok(())).is_err());
        }
    }
}
