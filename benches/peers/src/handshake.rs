//! What the handshake cells use: a key and the answer to it, and the fake server that clients talk to.
use base64::Engine;
use sha1::Digest;

/// The key of the browser's request (RFC 6455, §1.3) and the answer to it.
pub const KEY: &[u8] = b"dGhlIHNhbXBsZSBub25jZQ==";
pub const ACCEPT: &[u8] = b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

pub fn accept_key(key: &[u8], out: &mut [u8; 28]) {
    let mut h = sha1::Sha1::new();
    h.update(key);
    h.update(b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    base64::engine::general_purpose::STANDARD.encode_slice(h.finalize(), out).unwrap();
}

/// The fake server of the client handshakes.
pub fn respond(req: &[u8], out: &mut [u8]) -> usize {
    let name = b"sec-websocket-key:";
    let at = req.windows(name.len()).position(|w| w.eq_ignore_ascii_case(name)).expect("no key") + name.len();
    let rest = &req[at..];
    let s = rest.iter().position(|b| *b != b' ').unwrap();
    let mut acc = [0u8; 28];
    accept_key(&rest[s..s + 24], &mut acc);
    let head = b"HTTP/1.1 101 Switching Protocols\r\n\
        Upgrade: websocket\r\n\
        Connection: Upgrade\r\n\
        Sec-WebSocket-Accept: ";
    let mut n = 0;
    for p in [&head[..], &acc, b"\r\n\r\n"] {
        out[n..n + p.len()].copy_from_slice(p);
        n += p.len();
    }
    n
}
