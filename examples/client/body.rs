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
    After(usize),
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

    /// What has arrived of it, without the framing of chunks, and whether that is enough.
    pub(crate) fn content(&self) -> (Vec<u8>, bool) {
        let (mut content, is_whole) = match self.end {
            End::After(len) => (self.bytes[..len.min(self.bytes.len())].to_vec(), self.bytes.len() >= len),
            End::OfChunks => join_chunks(&self.bytes),
            End::OfInput => (self.bytes.clone(), false),
        };
        content.truncate(MAX_LEN);
        (content, is_whole || self.bytes.len() >= MAX_LEN)
    }
}

/// RFC 9112 §7.1: what is in the chunks, and whether the last of them is there, or what is none.
fn join_chunks(mut rest: &[u8]) -> (Vec<u8>, bool) {
    let mut content = Vec::new();
    while let Some(end) = rest.windows(2).position(|two| two == b"\r\n") {
        let size = rest[..end].split(|&byte| byte == b';').next().unwrap_or_default();
        let size = std::str::from_utf8(size).ok().and_then(|digits| u64::from_str_radix(digits.trim(), 16).ok());
        // What is longer than memory lasts to the end of what has arrived.
        let size = size.map(|size| usize::try_from(size).unwrap_or(usize::MAX));
        let Some(size) = size.filter(|&size| size > 0) else { return (content, true) };
        rest = &rest[end + 2..];
        content.extend_from_slice(&rest[..size.min(rest.len())]);
        rest = rest.get(size.saturating_add(2)..).unwrap_or_default();
    }
    (content, false)
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
        assert_eq!(counted.content(), (b"Hell".to_vec(), false));
        counted.add(b"o and more");
        assert_eq!(counted.content(), (b"Hello".to_vec(), true));

        let mut chunked = body("HTTP/1.1 503 No\r\nContent-Length: 5\r\nTransfer-Encoding: gzip, Chunked\r\n\r\n");
        chunked.add(b"3\r\nHel\r\n2;x=y\r\nlo\r\n0\r");
        assert_eq!(chunked.content(), (b"Hello".to_vec(), false));
        chunked.add(b"\n\r\n");
        assert_eq!(chunked.content(), (b"Hello".to_vec(), true));

        assert!(body("HTTP/1.1 204 No\r\nContent-Length: 5\r\n\r\n").content().1);
        let mut open = body("HTTP/1.1 200 OK\r\nContent-Length: five\r\n\r\n");
        open.add(&[b'x'; 100]);
        assert!(!open.content().1);
        open.add(&[b'x'; 70_000]);
        assert_eq!(open.content(), (vec![b'x'; 65_536], true));
    }

    #[test]
    fn invalid_chunks_end_the_body() {
        for (bytes, content, is_enough) in [
            ("", "", false),
            ("zz\r\nab", "", true),
            ("5\r\nab", "ab", false),
            ("2\r\nab\r\n-\r\nc", "ab", true),
            ("7fffffffffffffff\r\nab", "ab", false),
            ("1ffffffffffffffff\r\nab", "", true),
        ] {
            assert_eq!(join_chunks(bytes.as_bytes()), (content.into(), is_enough), "{bytes}");
        }
    }
}
