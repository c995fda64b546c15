//! Writes a frame's header, with the length in its shortest form (§5.2).

use super::header::{FrameHeader, Opcode};
use crate::error::{CallError, UsageError, room};
use crate::event::MessageKind;
use crate::length::{copy, wire_len};
use crate::utf8::is_utf8;

impl FrameHeader {
    /// Writes the header to the start of `out` and returns its length, [`header_len`](Self::header_len).
    ///
    /// # Errors
    /// [`CallError::NeedsRoom`]; [`UsageError::PayloadTooLong`] for 2^63 bytes or more. Nothing was written.
    #[inline]
    pub fn encode(&self, out: &mut [u8]) -> Result<usize, CallError> {
        // §5.2: the most significant bit of a length is 0.
        if self.payload_len >> 63 != 0 {
            return Err(UsageError::PayloadTooLong.into());
        }
        let len = self.header_len();
        self.put(room(out, len)?);
        Ok(len)
    }

    /// Writes the header to `out`, which has the room, and returns the rest of it.
    #[inline(always)]
    pub(super) fn put<'o>(&self, out: &'o mut [u8]) -> &'o mut [u8] {
        let first = u8::from(self.fin) << 7 | (self.rsv & 7) << 4 | self.opcode.number();
        let mask_bit = u8::from(self.masking_key.is_some()) << 7;
        let [.., low] = self.payload_len.to_be_bytes();
        let rest = match self.payload_len {
            0..=125 => put(out, [first, mask_bit | low]),
            126..=0xFFFF => {
                let [.., high, low] = self.payload_len.to_be_bytes();
                put(out, [first, mask_bit | 126, high, low])
            }
            _ => put(put(out, [first, mask_bit | 127]), self.payload_len.to_be_bytes()),
        };
        match self.masking_key {
            Some(key) => put(rest, key),
            None => rest,
        }
    }
}

/// Encodes a whole message as one frame of a server, once, for many connections: a server's frames are not masked, so they are
/// the same for all. [`Connection::send_encoded`](crate::Connection::send_encoded) sends it on each. Returns the length of the
/// frame: that of `payload` and 2 to 10 bytes more.
///
/// # Errors
/// [`CallError::NeedsRoom`]; [`UsageError::InvalidUtf8`] for text that is not UTF-8.
///
/// ```
/// use sansocket::{MessageKind, frame};
/// let mut out = [0; 64];
/// let len = frame::encode_message(MessageKind::Text, b"tick", &mut out)?;
/// assert_eq!(&out[..len], b"\x81\x04tick");
/// # Ok::<(), sansocket::CallError>(())
/// ```
pub fn encode_message(kind: MessageKind, payload: &[u8], out: &mut [u8]) -> Result<usize, CallError> {
    let opcode = match kind {
        MessageKind::Text if !is_utf8(payload) => return Err(UsageError::InvalidUtf8.into()),
        MessageKind::Text => Opcode::Text,
        MessageKind::Binary => Opcode::Binary,
    };
    put_unmasked((true, opcode), payload, out)
}

/// Writes a server's frame: as [`FrameHeader::encode`] and a copy, but faster, since most frames are short.
#[inline(always)]
pub(super) fn put_unmasked((fin, opcode): (bool, Opcode), payload: &[u8], out: &mut [u8]) -> Result<usize, CallError> {
    let first = u8::from(fin) << 7 | opcode.number();
    let [a, b, c, d, e, f, high, low] = wire_len(payload.len()).to_be_bytes();
    match payload.len() {
        0..=125 => put_both([first, low], payload, out),
        126..=0xFFFF => put_both([first, 126, high, low], payload, out),
        _ => put_both([first, 127, a, b, c, d, e, f, high, low], payload, out),
    }
}

#[inline(always)]
fn put_both<const N: usize>(header: [u8; N], payload: &[u8], out: &mut [u8]) -> Result<usize, CallError> {
    let frame_len = N.saturating_add(payload.len());
    copy(payload, put(room(out, frame_len)?, header));
    Ok(frame_len)
}

/// Writes `bytes` to the start of `out` and returns the rest.
#[inline(always)]
fn put<const N: usize>(out: &mut [u8], bytes: [u8; N]) -> &mut [u8] {
    match out.split_first_chunk_mut() {
        Some((start, rest)) => {
            *start = bytes;
            rest
        }
        None => &mut [],
    }
}

#[cfg(test)]
mod tests {
    use super::super::decode::HeaderRules;
    use super::{FrameHeader, Opcode};
    use crate::error::CallError;

    /// F-07: every form comes back unchanged at its edges, and one byte of room less is refused.
    #[test]
    fn headers_survive_encode_and_decode() {
        for payload_len in [0, 1, 125, 126, 127, 0xFFFF, 0x1_0000, u64::MAX >> 1] {
            for masking_key in [None, Some([1, 2, 3, 4])] {
                let header = FrameHeader { fin: true, rsv: 4, opcode: Opcode::Binary, masking_key, payload_len };
                let mut out = [0; FrameHeader::MAX_LEN];
                let len = header.encode(&mut out).unwrap();
                assert_eq!(FrameHeader::decode(&out[..len], HeaderRules::ANY), Ok(Some(header)));
                assert_eq!(header.encode(&mut out[..len - 1]), Err(CallError::NeedsRoom { bytes: len }));
            }
        }
    }
}
