//! §4.2.2: the accept key, and the base64 form of the key it answers.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Octets of an accept key: the base64 of a SHA-1 digest.
pub const ACCEPT_KEY_LEN: usize = 28;

/// Octets of a key: the base64 of 16 octets.
pub(crate) const KEY_LEN: usize = 24;

/// §1.3: what a server appends to the key.
const GUID: &[u8; 36] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// The Sec-WebSocket-Accept that answers `key`, the value of Sec-WebSocket-Key as it was sent.
///
/// ```
/// assert_eq!(&sansocket::accept_key(b"dGhlIHNhbXBsZSBub25jZQ=="), b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
/// ```
pub fn accept_key(key: &[u8]) -> [u8; ACCEPT_KEY_LEN] {
    let mut sha1 = sha1_smol::Sha1::new();
    sha1.update(key);
    sha1.update(GUID);
    let mut text = [0; ACCEPT_KEY_LEN];
    // 20 octets are 28 of base64, so this cannot fall short.
    let _ = STANDARD.encode_slice(sha1.digest().bytes(), &mut text);
    text
}

/// The Sec-WebSocket-Key of a client whose nonce is `nonce` (§4.1).
pub(crate) fn key_of(nonce: [u8; 16]) -> [u8; KEY_LEN] {
    let mut text = [0; KEY_LEN];
    // 16 octets are 24 of base64, so this cannot fall short.
    let _ = STANDARD.encode_slice(nonce, &mut text);
    text
}

/// Whether `key` has the form of the base64 of 16 octets: 22 digits and `==` (§4.2.1). The four bits that the last digit has
/// too many are not looked at: §4.2.1 lets a server skip decoding, and clients exist that leave them set.
pub(crate) fn is_key(key: &[u8]) -> bool {
    key.len() == KEY_LEN
        && key
            .strip_suffix(b"==")
            .is_some_and(|digits| digits.iter().all(|&digit| digit.is_ascii_alphanumeric() || digit == b'+' || digit == b'/'))
}

#[cfg(test)]
mod tests {
    use super::{accept_key, is_key};

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
