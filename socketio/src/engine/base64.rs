//! Base64 (RFC 4648 §4): how binary messages travel in texts.
//!
//! Ours, as elsewhere in sansocket: the crates for it reach panics on thumbv7em.

use crate::sentences::sentences;
use crate::writer::Writer;

sentences! {
/// Why base64 was not decoded.
Base64Error {
    /// A character of another alphabet, a blank, padding that is missing or out of place, or bits that the last digit has too many (RFC
    /// 4648 §3.2, §3.3, §3.5).
    Invalid = "the binary packet is not base64";
    /// The buffer is shorter than [`base64_len`] says.
    TooLong = "the binary packet is longer than the buffer";
}
}

/// How many bytes [`decode_base64`] writes for this text, if it is valid.
pub const fn base64_len(text: &str) -> usize {
    let padding = match text.as_bytes() {
        [.., b'=', b'='] => 2,
        [.., b'='] => 1,
        _ => 0,
    };
    (text.len() / 4).saturating_mul(3).saturating_sub(padding)
}

/// Writes the bytes of a [`Base64`](super::Packet::Base64) packet to `out`, which is the caller's, and returns them. [`base64_len`] says how
/// much room they need.
///
/// Strict: the standard alphabet, padded, as all clients write it. (Node's decoder, which the reference server uses, skips what it does not
/// know.)
///
/// ```
/// use sansocket_socketio::engine::{Packet, decode_base64};
///
/// let Packet::Base64(text) = Packet::decode("bAQID")? else { panic!() };
/// assert_eq!(decode_base64(text, &mut [0; 3])?, [1, 2, 3]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`Base64Error`]. What the buffer holds then is of no use.
pub fn decode_base64<'o>(text: &str, out: &'o mut [u8]) -> Result<&'o [u8], Base64Error> {
    let groups = text.as_bytes().chunks_exact(4);
    if !groups.remainder().is_empty() {
        return Err(Base64Error::Invalid);
    }
    let out = out.get_mut(..base64_len(text)).ok_or(Base64Error::TooLong)?;
    // Only the last group may have padding, and only for the bytes that are missing in `out`.
    let padding = groups.len().saturating_mul(3).saturating_sub(out.len());
    let digits = text.get(..text.len().saturating_sub(padding)).unwrap_or_default();
    for (group, bytes) in digits.as_bytes().chunks(4).zip(out.chunks_mut(3)) {
        let bits = group.iter().try_fold(0, |bits, &digit| Some(bits << 6 | value(digit)?)).ok_or(Base64Error::Invalid)?;
        // Three digits have two bits more than two bytes, two digits four more than one.
        let surplus = match group.len() {
            2 => 4,
            3 => 2,
            _ => 0,
        };
        if bits & ((1 << surplus) - 1) != 0 {
            return Err(Base64Error::Invalid);
        }
        let mut bits: u32 = bits >> surplus;
        for byte in bytes.iter_mut().rev() {
            *byte = u8::try_from(bits & 0xFF).unwrap_or_default();
            bits >>= 8;
        }
    }
    Ok(out)
}

/// The six bits of a digit (RFC 4648 §4, table 1).
fn value(digit: u8) -> Option<u32> {
    let (first, value) = match digit {
        b'A'..=b'Z' => (b'A', 0),
        b'a'..=b'z' => (b'a', 26),
        b'0'..=b'9' => (b'0', 52),
        b'+' => (b'+', 62),
        b'/' => (b'/', 63),
        _ => return None,
    };
    Some(u32::from(digit.wrapping_sub(first)).wrapping_add(value))
}

/// The character of six bits.
fn digit(bits: u32) -> char {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let index = usize::try_from(bits & 63).unwrap_or_default();
    DIGITS.get(index).map_or('=', |&digit| char::from(digit))
}

/// The length of the base64 form of so many bytes.
pub(crate) const fn encoded_len(bytes: usize) -> usize {
    bytes.div_ceil(3).saturating_mul(4)
}

pub(crate) fn write_base64(bytes: &[u8], writer: &mut Writer<'_>) {
    for group in bytes.chunks(3) {
        let bits = |at: usize, shift: u32| group.get(at).map_or(0, |&byte| u32::from(byte) << shift);
        let bits = bits(0, 16) | bits(1, 8) | bits(2, 0);
        // One digit more than there are bytes.
        for (at, shift) in [18, 12, 6, 0].into_iter().enumerate() {
            writer.char(if at <= group.len() { digit(bits >> shift) } else { '=' });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Base64Error, base64_len, decode_base64, encoded_len, write_base64};
    use crate::writer::Writer;
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use std::format;
    use std::string::String;
    use std::vec;
    use std::vec::Vec;

    fn encode(bytes: &[u8]) -> String {
        let mut out = vec![0; encoded_len(bytes.len())];
        let mut writer = Writer::new(&mut out);
        write_base64(bytes, &mut writer);
        writer.finish().unwrap().into()
    }

    fn decode(text: &str) -> Result<Vec<u8>, Base64Error> {
        decode_base64(text, &mut vec![0; base64_len(text)]).map(<[u8]>::to_vec)
    }

    /// RFC 4648 §10.
    #[test]
    fn test_vectors_of_the_rfc_come_out_as_printed() {
        for (plain, encoded) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(encode(plain.as_bytes()), encoded);
            assert_eq!(decode(encoded), Ok(plain.as_bytes().to_vec()));
        }
    }

    /// Every group of four characters from an alphabet with all that is special, alone and before another.
    #[test]
    fn groups_are_valid_where_another_implementation_says_so() {
        let alphabet = ['A', 'B', 'Q', 'g', 'z', '9', '+', '/', '=', '-', '_', ' ', '\n', '\u{e4}'];
        for a in alphabet {
            for b in alphabet {
                for c in alphabet {
                    for d in alphabet {
                        let group = format!("{a}{b}{c}{d}");
                        for text in [format!("{group}AAAA"), format!("AAAA{group}"), group] {
                            assert_eq!(decode(&text).ok(), STANDARD.decode(&text).ok(), "{text:?}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn base64_is_that_of_another_implementation() {
        let bytes: Vec<u8> = (0..=u8::MAX).collect();
        for start in 0..bytes.len() {
            for len in 0..=8.min(bytes.len() - start) {
                let bytes = &bytes[start..start + len];
                let encoded = STANDARD.encode(bytes);
                assert_eq!(encode(bytes), encoded);
                assert_eq!(decode(&encoded), Ok(bytes.to_vec()));
            }
        }
    }

    #[test]
    fn base64_needs_exactly_the_room_that_its_length_says() {
        for len in 1..20_usize {
            let text = STANDARD.encode(vec![7; len]);
            assert_eq!(base64_len(&text), len);
            assert_eq!(decode_base64(&text, &mut vec![0; len]), Ok(&vec![7; len][..]));
            assert_eq!(decode_base64(&text, &mut vec![0; len - 1]), Err(Base64Error::TooLong));
        }
        for text in ["A", "AA", "AAA", "AAAAA", "=", "==", "====", "A===", "AA=A", "="] {
            assert_eq!(decode(text), Err(Base64Error::Invalid), "{text}");
        }
    }
}
