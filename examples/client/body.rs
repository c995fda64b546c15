//! The body of a refusal: how long it is (RFC 9112 §6.3), and as much of it as is worth showing.

use sansocket::Response;

/// What is kept of a body, at most.
const MAX_LEN: usize = 64 * 1024;

pub(crate) struct Body {
    bytes: Vec<u8>,
    end: End,
}

/// Where a body ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum End {
    After(u64),
    /// After the chunk of length 0.
    OfChunks,
    /// Where the server ends the connection.
    OfInput,
}

impl Body {
    /// The body of `response`, of which nothing has been read yet.
    pub(crate) fn of(response: &Response<'_>) -> Self {
        let is_chunked = |value: &[u8]| value.trim_ascii().to_ascii_lowercase().ends_with(b"chunked");
        let len = |value| std::str::from_utf8(value).ok()?.parse().ok();
        let end = match (response.status(), response.header("transfer-encoding"), response.header("content-length")) {
            // A 101 that was refused is followed by frames.
            (101 | 204 | 304, ..) => End::After(0),
            (_, Some(coding), _) if is_chunked(coding) => End::OfChunks,
            (_, None, Some(value)) => len(value).map_or(End::OfInput, End::After),
            _ => End::OfInput,
        };
        Self { bytes: Vec::new(), end }
    }

    pub(crate) fn add(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Whether it is complete, or long enough to stop reading.
    pub(crate) fn is_done(&self) -> bool {
        let len = self.bytes.len();
        len >= MAX_LEN
            || match self.end {
                End::After(end) => len as u64 >= end,
                End::OfChunks => self.bytes.ends_with(b"\r\n0\r\n\r\n") || self.bytes == b"0\r\n\r\n",
                End::OfInput => false,
            }
    }

    /// What has arrived of it, without the framing of chunks.
    pub(crate) fn content(&self) -> Vec<u8> {
        let mut content = match self.end {
            End::OfChunks => join_chunks(&self.bytes),
            _ => self.bytes.clone(),
        };
        if let End::After(end) = self.end {
            content.truncate(usize::try_from(end).unwrap_or(MAX_LEN));
        }
        content.truncate(MAX_LEN);
        content
    }
}

/// RFC 9112 §7.1, up to where it is cut off or invalid.
fn join_chunks(mut rest: &[u8]) -> Vec<u8> {
    let mut content = Vec::new();
    while let Some(end) = rest.windows(2).position(|two| two == b"\r\n") {
        let size = rest[..end].split(|&byte| byte == b';').next().unwrap_or_default();
        let size = std::str::from_utf8(size).ok().and_then(|digits| u64::from_str_radix(digits.trim(), 16).ok());
        // What is longer than memory lasts to the end of what has arrived.
        let size = size.map(|size| usize::try_from(size).unwrap_or(usize::MAX));
        let Some(size) = size.filter(|&size| size > 0) else { break };
        rest = &rest[end + 2..];
        content.extend_from_slice(&rest[..size.min(rest.len())]);
        rest = rest.get(size.saturating_add(2)..).unwrap_or_default();
    }
    content
}

#[cfg(test)]
mod tests {
    use super::{Body, join_chunks};
    use sansocket::{Config, Response};

    fn body(head: &str) -> Body {
        Body::of(&Response::parse(head.as_bytes(), &Config::new()).unwrap().unwrap())
    }

    #[test]
    fn a_body_ends_where_its_head_says() {
        let mut counted = body("HTTP/1.1 401 No\r\nContent-Length: 5\r\n\r\n");
        counted.add(b"Hell");
        assert!(!counted.is_done());
        counted.add(b"o and more");
        assert!(counted.is_done() && counted.content() == b"Hello");

        let mut chunked = body("HTTP/1.1 503 No\r\nContent-Length: 5\r\nTransfer-Encoding: gzip, Chunked\r\n\r\n");
        chunked.add(b"3\r\nHel\r\n2;x=y\r\nlo\r\n0\r\n");
        assert!(!chunked.is_done());
        chunked.add(b"\r\n");
        assert!(chunked.is_done() && chunked.content() == b"Hello");

        assert!(body("HTTP/1.1 204 No\r\nContent-Length: 5\r\n\r\n").is_done());
        let mut open = body("HTTP/1.1 200 OK\r\nContent-Length: five\r\n\r\n");
        open.add(&[b'x'; 100]);
        assert!(!open.is_done());
        open.add(&[b'x'; 70_000]);
        assert!(open.is_done() && open.content().len() == 65_536);
    }

    #[test]
    fn invalid_chunks_end_the_body() {
        for (bytes, content) in [("", ""), ("zz\r\nab", ""), ("5\r\nab", "ab"), ("ffffffffffffffff\r\nab", "ab")] {
            assert_eq!(join_chunks(bytes.as_bytes()), content.as_bytes(), "{bytes}");
        }
    }
}
