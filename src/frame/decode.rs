//! Reads a frame's header, and fails at the first byte that breaks a rule, before the header is complete.

use super::header::{FrameHeader, Opcode};
use crate::error::ProtocolError;

/// What a header must satisfy beyond §5.2's syntax.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct HeaderRules {
    /// Whether the payload must be masked (§5.1); `None` accepts both.
    pub masked: Option<bool>,
    /// The reserved bits that an extension has given a meaning (§5.8), as in [`FrameHeader::rsv`].
    pub rsv: u8,
    /// The longest acceptable payload in bytes; a longer one fails as [`ProtocolError::MessageTooLong`].
    pub max_payload_len: u64,
}

impl HeaderRules {
    /// The syntax of §5.2 and nothing else.
    pub const ANY: Self = Self { masked: None, rsv: 7, max_payload_len: u64::MAX };
}

impl FrameHeader {
    /// Reads the header at the start of `input`; `None` while it is incomplete. Its length is [`header_len`](Self::header_len).
    ///
    /// # Errors
    /// The rule that the first offending byte breaks, as soon as that byte has arrived. Lengths must be minimal and below
    /// 2^63 (§5.2).
    #[inline]
    pub fn decode(input: &[u8], rules: HeaderRules) -> Result<Option<Self>, ProtocolError> {
        let Some((&first, after_first)) = input.split_first() else { return Ok(None) };
        let Some(opcode) = Opcode::from_byte(first) else { return Err(ProtocolError::ReservedOpcode) };
        let fin = first & 0x80 != 0;
        let rsv = first >> 4 & 7;
        if rsv & !rules.rsv != 0 {
            return Err(ProtocolError::ReservedBitSet);
        }
        // §5.5: control frames are never fragmented.
        if opcode.is_control() && !fin {
            return Err(ProtocolError::FragmentedControlFrame);
        }

        let Some((&second, after_second)) = after_first.split_first() else { return Ok(None) };
        let masked = second & 0x80 != 0;
        match rules.masked {
            Some(true) if !masked => return Err(ProtocolError::UnmaskedClientFrame),
            Some(false) if masked => return Err(ProtocolError::MaskedServerFrame),
            _ => {}
        }
        let short = second & 0x7F;
        // §5.5: control payloads have at most 125 bytes, so the longer forms are wrong even for a small value.
        if opcode.is_control() && short > 125 {
            return Err(ProtocolError::ControlFrameTooLong);
        }

        let (payload_len, after_len) = match short {
            0..=125 => (u64::from(short), after_second),
            126 => match after_second.split_first_chunk() {
                Some((&bytes, rest)) => (u64::from(u16::from_be_bytes(bytes)), rest),
                None => return check_partial_len::<2>(after_second, 126, rules).map(|()| None),
            },
            _ => match after_second.split_first_chunk() {
                Some((&bytes, rest)) => (u64::from_be_bytes(bytes), rest),
                None => return check_partial_len::<8>(after_second, 0x1_0000, rules).map(|()| None),
            },
        };
        if short > 125 || payload_len > rules.max_payload_len {
            check_len(payload_len, payload_len, if short == 126 { 126 } else { 0x1_0000 }, short <= 125, rules)?;
        }

        let masking_key = if masked {
            let Some(&key) = after_len.first_chunk() else { return Ok(None) };
            Some(key)
        } else {
            None
        };
        Ok(Some(Self { fin, rsv, opcode, masking_key, payload_len }))
    }
}

/// Checks an extended length of `N` bytes of which some have not arrived: it is between the value with all missing bytes 0 and
/// the value with all of them FF.
#[cold]
fn check_partial_len<const N: usize>(bytes: &[u8], minimum: u64, rules: HeaderRules) -> Result<(), ProtocolError> {
    let value = |missing: u8| {
        let filled = bytes.iter().copied().chain(core::iter::repeat(missing)).take(N);
        filled.fold(0_u64, |value, byte| value << 8 | u64::from(byte))
    };
    if bytes.is_empty() {
        return Ok(());
    }
    check_len(value(0), value(0xFF), minimum, false, rules)
}

/// Checks a length in `low..=high` whose form is for values from `minimum` on.
fn check_len(low: u64, high: u64, minimum: u64, short: bool, rules: HeaderRules) -> Result<(), ProtocolError> {
    // §5.2: the most significant bit must be 0. It comes first, so the limit cannot hide it.
    if low >> 63 != 0 {
        return Err(ProtocolError::LengthTopBitSet);
    }
    // §5.2: the minimal number of bytes must be used. Unlike some endpoints we do not accept a longer form (F-07).
    if !short && high < minimum {
        return Err(ProtocolError::NonMinimalLength);
    }
    if low > rules.max_payload_len {
        return Err(ProtocolError::MessageTooLong);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{FrameHeader, HeaderRules};
    use crate::error::ProtocolError::{self, *};

    /// The verdict on every prefix of `bytes`: `Ok(length of the header)` or the fault and the byte that showed it.
    fn verdict(bytes: &[u8], rules: HeaderRules) -> Result<usize, (usize, ProtocolError)> {
        for end in 0..=bytes.len() {
            match FrameHeader::decode(&bytes[..end], rules) {
                Ok(None) => {}
                Ok(Some(header)) => {
                    assert_eq!(header.header_len(), end);
                    return Ok(end);
                }
                Err(error) => {
                    // The bytes after it do not change the fault.
                    assert_eq!(FrameHeader::decode(bytes, rules), Err(error));
                    return Err((end, error));
                }
            }
        }
        panic!("no verdict on {bytes:02x?}");
    }

    /// F-07, F-08, F-09: forms and values of the length, and the byte at which each fault shows.
    #[test]
    fn length_faults_show_at_their_first_byte() {
        let any = HeaderRules::ANY;
        let max = |max_payload_len| HeaderRules { max_payload_len, ..any };
        assert_eq!(verdict(&[0x82, 125], any), Ok(2));
        assert_eq!(verdict(&[0x82, 126, 0, 126], any), Ok(4));
        assert_eq!(verdict(&[0x82, 126, 0, 125], any), Err((4, NonMinimalLength)));
        assert_eq!(verdict(&[0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0], any), Ok(10));
        assert_eq!(verdict(&[0x82, 127, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF], any), Err((8, NonMinimalLength)));
        assert_eq!(verdict(&[0x82, 127, 0x80, 0, 0, 0, 0, 0, 0, 0], any), Err((3, LengthTopBitSet)));
        assert_eq!(verdict(&[0x82, 127, 0x7F, 255, 255, 255, 255, 255, 255, 255], any), Ok(10));
        assert_eq!(verdict(&[0x82, 125], max(125)), Ok(2));
        assert_eq!(verdict(&[0x82, 125], max(124)), Err((2, MessageTooLong)));
        assert_eq!(verdict(&[0x82, 126, 2, 0], max(512)), Ok(4));
        assert_eq!(verdict(&[0x82, 126, 2, 1], max(512)), Err((4, MessageTooLong)));
        assert_eq!(verdict(&[0x82, 126, 3, 0], max(512)), Err((3, MessageTooLong)));
        assert_eq!(verdict(&[0x82, 127, 0, 0, 0, 1, 0, 0, 0, 0], max(0xFFFF_FFFF)), Err((6, MessageTooLong)));
    }

    /// F-02, F-04, F-05, F-06, F-17 at the first and second byte.
    #[test]
    fn first_and_second_byte_faults() {
        let any = HeaderRules::ANY;
        assert_eq!(verdict(&[0x83, 0], any), Err((1, ReservedOpcode)));
        assert_eq!(verdict(&[0xC1, 0], HeaderRules { rsv: 3, ..any }), Err((1, ReservedBitSet)));
        assert_eq!(verdict(&[0xC1, 0], HeaderRules { rsv: 4, ..any }), Ok(2));
        assert_eq!(verdict(&[0x09, 0], any), Err((1, FragmentedControlFrame)));
        assert_eq!(verdict(&[0x89, 126, 0, 126], any), Err((2, ControlFrameTooLong)));
        assert_eq!(verdict(&[0x81, 0], HeaderRules { masked: Some(true), ..any }), Err((2, UnmaskedClientFrame)));
        assert_eq!(verdict(&[0x81, 0x80, 1, 2, 3, 4], HeaderRules { masked: Some(false), ..any }), Err((2, MaskedServerFrame)));
        assert_eq!(verdict(&[0x81, 0x80, 1, 2, 3, 4], any), Ok(6));
    }
}
