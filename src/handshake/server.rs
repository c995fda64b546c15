//! §4.2.2: the answers of a server.

use crate::deflate::config::DeflateConfig;
use crate::error::{CallError, ProtocolError, UsageError};
use crate::handshake::offer::Answer;
use crate::handshake::origin::Origin;
use crate::http::head::Header;
use crate::http::write::{check_headers, write_head};

/// How a server accepts an opening handshake.
///
/// Its fields are for reading; methods of the same names set them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Accept<'a> {
    /// The decision on the request's Origin.
    pub origin: Origin<'a>,
    /// The subprotocol, one that the client offers and the [`Config`](crate::Config) lists; see
    /// [`Request::choose_subprotocol`](crate::Request::choose_subprotocol). If the `Config` lists none, any of
    /// [`Request::subprotocols`](crate::Request::subprotocols); then the program remembers which.
    pub subprotocol: Option<&'a str>,
    /// Compression for this client: other settings than the [`Config`](crate::Config)'s, or [`DeflateConfig::OFF`]. `None`: as there.
    pub deflate: Option<DeflateConfig>,
    /// Further headers, such as Set-Cookie.
    pub headers: &'a [Header<'a>],
}

impl<'a> Accept<'a> {
    /// Accepts without a subprotocol or further headers.
    pub const fn new(origin: Origin<'a>) -> Self {
        Self { origin, subprotocol: None, deflate: None, headers: &[] }
    }

    /// With this subprotocol, or with none.
    #[must_use]
    pub const fn subprotocol(mut self, subprotocol: Option<&'a str>) -> Self {
        self.subprotocol = subprotocol;
        self
    }

    /// With other settings for compression than the [`Config`](crate::Config)'s, which has it on.
    #[must_use]
    pub const fn deflate(mut self, deflate: Option<DeflateConfig>) -> Self {
        self.deflate = deflate;
        self
    }

    /// With further headers.
    #[must_use]
    pub const fn headers(mut self, headers: &'a [Header<'a>]) -> Self {
        self.headers = headers;
        self
    }
}

/// What we write into a 101 ourselves, and what it must not have (RFC 9110 §8.6, RFC 9112 §6.1).
const RESERVED_IN_101: &[&str] = &[
    "upgrade",
    "connection",
    "content-length",
    "transfer-encoding",
    "sec-websocket-accept",
    "sec-websocket-protocol",
    "sec-websocket-extensions",
    "sec-websocket-version",
];

/// What we write into other responses ourselves.
const RESERVED: &[&str] = &["connection", "content-length", "transfer-encoding"];

/// Writes the response that accepts an offer over HTTP/1.1.
pub(crate) fn write_answer(answer: &Answer<'_>, headers: &[Header<'_>], out: &mut [u8]) -> Result<usize, CallError> {
    check_headers(headers, RESERVED_IN_101)?;
    let key = answer.accept_key.ok_or(UsageError::NotAnOpeningHandshake)?;
    let start = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ";
    let extensions = (!answer.extensions.is_empty()).then(|| answer.extensions.as_str());
    let ours = [
        answer.subprotocol.map(|name| Header::new("Sec-WebSocket-Protocol", name)),
        extensions.map(|text| Header::new("Sec-WebSocket-Extensions", text)),
    ];
    write_head(out, &[start, &key, b"\r\n"], (&ours, headers), &[])
}

/// Writes any other response: its head, and `body`, which is all of the `content_len` bytes, the start of them, or empty. The
/// connection closes after it (HT-23).
pub(crate) fn write_response(
    status: u16,
    headers: &[Header<'_>],
    content_len: usize,
    body: &[u8],
    out: &mut [u8],
) -> Result<usize, CallError> {
    if !(200..=999).contains(&status) {
        return Err(UsageError::InvalidStatus.into());
    }
    check_headers(headers, RESERVED)?;
    // RFC 9110 §15.3.5, §15.3.6, §15.4.5: no content. §8.6: a 205 still has its length.
    if matches!(status, 204 | 205 | 304) && content_len > 0 {
        return Err(UsageError::InvalidStatus.into());
    }
    let has_body = !matches!(status, 204 | 304);
    let upgrades = headers.iter().any(|header| header.name.eq_ignore_ascii_case("upgrade"));
    // The reason phrase is optional (RFC 9112 §4) and nobody reads it; the space before it is mandatory.
    let (mut status_digits, mut len_digits) = ([0; 20], [0; 20]);
    let status = decimal(usize::from(status), &mut status_digits);
    // RFC 9110 §7.8: Upgrade, as in a 426, is listed in Connection too.
    let connection: &[u8] = if upgrades { b" \r\nConnection: close, upgrade\r\n" } else { b" \r\nConnection: close\r\n" };
    let len = has_body.then(|| Header { name: "Content-Length", value: decimal(content_len, &mut len_digits) });
    write_head(out, &[b"HTTP/1.1 ", status, connection], (&[len], headers), body)
}

/// The response to bytes that are not a request, or to a request that breaks the rules of §4.2.1: at most 131 bytes (law 7).
pub(crate) fn refusal(error: ProtocolError) -> &'static [u8] {
    match error.status() {
        431 => b"HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
        414 => b"HTTP/1.1 414 URI Too Long\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
        417 => b"HTTP/1.1 417 Expectation Failed\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
        // §4.4: the versions that are understood; RFC 9110 §15.5.22: Upgrade.
        426 => {
            b"HTTP/1.1 426 Upgrade Required\r\nUpgrade: websocket\r\nConnection: close, upgrade\r\nSec-WebSocket-Version: 13\r\nContent-Length: 0\r\n\r\n"
        }
        _ => b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
    }
}

/// `value` in decimal digits, at the end of `digits`.
fn decimal(mut value: usize, digits: &mut [u8; 20]) -> &[u8] {
    let mut len = 0_usize;
    for digit in digits.iter_mut().rev() {
        *digit = b'0'.wrapping_add(u8::try_from(value % 10).unwrap_or(0));
        value /= 10;
        len = len.saturating_add(1);
        if value == 0 {
            break;
        }
    }
    digits.last_chunk::<20>().and_then(|all| all.get(20_usize.saturating_sub(len)..)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{decimal, refusal};
    use crate::error::ProtocolError;

    /// HT-19, HT-23, law 7.
    #[test]
    fn refusals_fit_131_bytes_and_close() {
        for &error in ProtocolError::ALL {
            let text = core::str::from_utf8(refusal(error)).unwrap();
            assert!(text.len() <= 131 && text.contains("\r\nConnection: close") && text.ends_with("\r\n\r\n"), "{error}");
        }
        let upgrade = core::str::from_utf8(refusal(ProtocolError::UnsupportedVersion)).unwrap();
        assert!(upgrade.contains("\r\nSec-WebSocket-Version: 13\r\n") && upgrade.contains("\r\nUpgrade: websocket\r\n"));
    }

    #[test]
    fn decimals() {
        for value in [0, 9, 10, 101, 65_536, usize::MAX] {
            assert_eq!(core::str::from_utf8(decimal(value, &mut [0; 20])).unwrap(), std::format!("{value}"));
        }
    }
}
