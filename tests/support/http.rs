//! Heads for the wire, and SHA-1 and base64 written without the crates that the library uses.

use sansocket::Role;

pub(crate) const HOST: &str = "example.com";

/// The key of §1.3.
pub(crate) const RFC_KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";

pub(crate) const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// The key of a client under test: its entropy begins with 1, 2, 3.
pub(crate) fn client_key() -> String {
    base64(&core::array::from_fn::<u8, 16, _>(|i| i as u8 + 1))
}

/// A valid opening handshake, line by line; lines may be replaced before they are joined.
pub(crate) const REQUEST: [&str; 6] = [
    "GET /chat HTTP/1.1",
    "Host: example.com",
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version: 13",
];

/// A valid request with further header lines.
pub(crate) fn request_with(more: &[&str]) -> Vec<u8> {
    head(&[&REQUEST[..], more].concat())
}

/// A valid request with its line `index` replaced, or left out where that is empty.
pub(crate) fn request_but(index: usize, line: &str) -> Vec<u8> {
    let mut lines = REQUEST.to_vec();
    if line.is_empty() {
        lines.remove(index);
    } else {
        lines[index] = line;
    }
    head(&lines)
}

/// The good response to a client under test, with further header lines.
pub(crate) fn response_with(more: &[&str]) -> Vec<u8> {
    let accept = format!("Sec-WebSocket-Accept: {}", accept_of(&client_key()));
    let lines = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade", &accept];
    head(&[&lines[..], more].concat())
}

/// As `request_but`, for the response.
pub(crate) fn response_but(index: usize, line: &str) -> Vec<u8> {
    let text = String::from_utf8(response_with(&[])).unwrap();
    let mut lines: Vec<_> = text.trim_end().split("\r\n").collect();
    if line.is_empty() {
        lines.remove(index);
    } else {
        lines[index] = line;
    }
    head(&lines)
}

/// The head that opens a connection for `receiver`.
pub(crate) fn good_head_to(receiver: Role) -> Vec<u8> {
    match receiver {
        Role::Client => response_with(&[]),
        Role::Server => request_with(&[]),
    }
}

pub(crate) fn head(lines: &[&str]) -> Vec<u8> {
    (lines.join("\r\n") + "\r\n\r\n").into_bytes()
}

/// §4.2.2.
pub(crate) fn accept_of(key: &str) -> String {
    base64(&sha1(format!("{key}{GUID}").as_bytes()))
}

/// The status of an HTTP response.
pub(crate) fn status_of(output: &[u8]) -> u16 {
    let text = String::from_utf8_lossy(output);
    assert!(text.starts_with("HTTP/1.1 ") && text.contains("\r\n\r\n"), "no response: {text}");
    text[9..12].parse().unwrap()
}

pub(crate) fn base64(octets: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in octets.chunks(3) {
        let bits = group.iter().chain([0, 0].iter()).take(3).fold(0_u32, |bits, &octet| bits << 8 | u32::from(octet));
        for place in 0..4 {
            let digit = DIGITS[(bits >> (18 - 6 * place) & 63) as usize];
            text.push(if place <= group.len() { char::from(digit) } else { '=' });
        }
    }
    text
}

/// FIPS 180-4, word by word.
pub(crate) fn sha1(octets: &[u8]) -> [u8; 20] {
    let mut padded = octets.to_vec();
    padded.push(0x80);
    while padded.len() % 64 != 56 {
        padded.push(0);
    }
    padded.extend((octets.len() as u64 * 8).to_be_bytes());
    let mut hash = [0x6745_2301_u32, 0xEFCD_AB89, 0x98BA_DCFE, 0x1032_5476, 0xC3D2_E1F0];
    for block in padded.chunks(64) {
        let mut words: Vec<_> = block.chunks(4).map(|word| u32::from_be_bytes(word.try_into().unwrap())).collect();
        for i in 16..80 {
            words.push((words[i - 3] ^ words[i - 8] ^ words[i - 14] ^ words[i - 16]).rotate_left(1));
        }
        let [mut a, mut b, mut c, mut d, mut e] = hash;
        for (i, word) in words.iter().enumerate() {
            let (f, k) = match i {
                0..20 => (b & c | !b & d, 0x5A82_7999),
                20..40 => (b ^ c ^ d, 0x6ED9_EBA1),
                40..60 => (b & c | b & d | c & d, 0x8F1B_BCDC),
                _ => (b ^ c ^ d, 0xCA62_C1D6_u32),
            };
            let next = a.rotate_left(5).wrapping_add(f).wrapping_add(e).wrapping_add(k).wrapping_add(*word);
            (a, b, c, d, e) = (next, a, b.rotate_left(30), c, d);
        }
        for (sum, word) in hash.iter_mut().zip([a, b, c, d, e]) {
            *sum = sum.wrapping_add(word);
        }
    }
    let mut digest = [0; 20];
    for (place, word) in digest.chunks_mut(4).zip(hash) {
        place.copy_from_slice(&word.to_be_bytes());
    }
    digest
}
