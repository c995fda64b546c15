//! §4.2.2: the accept key, and the base64 form (RFC 4648) of the key it answers.

use super::sha1::sha1;

/// The length of an accept key in bytes: the base64 of a SHA-1 digest.
pub const ACCEPT_KEY_LEN: usize = 28;

/// The length of a key in bytes: the base64 of 16 bytes.
pub(crate) const KEY_LEN: usize = 24;

/// §1.3: what a server appends to the key.
const GUID: &[u8; 36] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// The Sec-WebSocket-Accept that answers `key`, the value of Sec-WebSocket-Key as it was sent.
///
/// ```
/// assert_eq!(&sansocket::accept_key(b"dGhlIHNhbXBsZSBub25jZQ=="), b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
/// ```
// Not inlined, so that its blocks leave the stack when it returns.
#[inline(never)]
pub fn accept_key(key: &[u8]) -> [u8; ACCEPT_KEY_LEN] {
    base64(&sha1(&[key, GUID]))
}

/// The Sec-WebSocket-Key of a client whose nonce is `nonce` (§4.1).
pub(crate) fn key_of(nonce: [u8; 16]) -> [u8; KEY_LEN] {
    base64(&nonce)
}

/// The base64 of `bytes`, `N` digits with padding.
fn base64<const N: usize>(bytes: &[u8]) -> [u8; N] {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = [b'='; N];
    // Not zipped: the length of that would divide, and reach a panic.
    let mut groups = bytes.chunks(3);
    for digits in text.chunks_exact_mut(4) {
        let (bits, len) = match *groups.next().unwrap_or_default() {
            [a, b, c] => (u32::from_be_bytes([0, a, b, c]), 4),
            [a, b] => (u32::from_be_bytes([0, a, b, 0]), 3),
            [a] => (u32::from_be_bytes([0, a, 0, 0]), 2),
            _ => (0, 0),
        };
        for (digit, shift) in digits.iter_mut().zip([18, 12, 6, 0]).take(len) {
            let [index, ..] = (bits >> shift & 63).to_le_bytes();
            *digit = DIGITS.get(usize::from(index)).copied().unwrap_or_default();
        }
    }
    text
}

/// Whether `key` has the form of the base64 of 16 bytes: 22 digits and `==` (§4.2.1). The four unused bits of the last digit are
/// not checked: §4.2.1 lets a server skip decoding, and some clients leave them set.
pub(crate) fn is_key(key: &[u8]) -> bool {
    let is_digit = |byte: &u8| byte.is_ascii_alphanumeric() | (*byte == b'+') | (*byte == b'/');
    let Ok(key) = <&[u8; KEY_LEN]>::try_from(key) else { return false };
    // All of them, without a look at each: the compiler makes vectors of this.
    key.ends_with(b"==")
        && key.first_chunk::<22>().is_some_and(|digits| digits.iter().fold(true, |all, byte| all & is_digit(byte)))
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;

    use super::{accept_key, is_key, key_of};

    /// HC-14, HS-09: known pairs, the first from §1.3.
    #[test]
    fn accept_keys_are_those_of_known_pairs() {
        for (key, accept) in [
            ("dGhlIHNhbXBsZSBub25jZQ==", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
            ("5fTJ1LTuh3RKjSJxydyifQ==", "ZUip34t+bCjhkvxxwhmdEOyx9hE="),
            ("xUmMgSW9Hpt1PGw/X1UCHg==", "iLkXOjF0f9x4bGvi9GnUKeEdnIM="),
            ("x3JJHMbDL1EzLkh9GBhXDw==", "HSmrc0sMlYUkAGmm5OPpG2HaGWk="),
        ] {
            assert!(is_key(key.as_bytes()));
            assert_eq!(&accept_key(key.as_bytes()), accept.as_bytes());
        }
    }

    /// Against the crates sha1_smol and base64, over keys of every length up to 200.
    #[test]
    fn accept_keys_and_keys_are_those_of_other_implementations() {
        let bytes: [u8; 200] = core::array::from_fn(|i| (i * 37 + 11) as u8);
        for len in 0..=bytes.len() {
            let mut sha1 = sha1_smol::Sha1::from(&bytes[..len]);
            sha1.update(super::GUID);
            let digest = sha1.digest().bytes();
            assert_eq!(STANDARD.encode(digest).as_bytes(), accept_key(&bytes[..len]));
        }
        for nonce in bytes.windows(16) {
            let nonce: [u8; 16] = nonce.try_into().unwrap();
            assert_eq!(STANDARD.encode(nonce).as_bytes(), key_of(nonce));
        }
    }

    /// HS-05.
    #[test]
    fn keys_of_another_form_are_refused() {
        for key in [
            "",
            "dGhlIHNhbXBsZSBub25jZQ=",
            "dGhlIHNhbXBsZSBub25jZQ",
            "dGhlIHNhbXBsZSBub25jZVg=",
            "dGhlIHNhbXBs ZSBub25jZQ=",
            "dGhlIHNhbXBsZSBub25jZ-==",
        ] {
            assert!(!is_key(key.as_bytes()), "{key}");
        }
    }
}
