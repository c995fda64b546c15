//! A server's refusal: its head, and its body as far as that is worth keeping.

use std::fmt;

use sansocket::Response;

/// What is kept of a body, at most.
const MAX_BODY_LEN: usize = 64 << 10;
/// The answer of a server that refused the opening handshake: 401, 404, 503, a redirect. Nothing is followed by itself; a Location can be
/// passed to the next [`connect`](crate::connect).
#[derive(Clone)]
#[non_exhaustive]
pub struct Refusal {
    /// The status code.
    pub status: u16,
    /// The text after it. It is the server's: a terminal needs it escaped.
    pub reason: String,
    /// The header lines, as the server wrote them: Location, WWW-Authenticate, Retry-After.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body, without the framing of chunks, as far as it came before the handshake's deadline; at most 64 KiB.
    pub body: Vec<u8>,
}

impl Refusal {
    /// Without its body.
    pub(crate) fn of(response: &Response<'_>) -> Self {
        let headers = response.headers().map(|header| (header.name.to_owned(), header.value.to_vec())).collect();
        let reason = String::from_utf8_lossy(response.reason()).into_owned();
        Self { status: response.status(), reason, headers, body: Vec::new() }
    }

    /// The value of the first header called `name`.
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        self.headers.iter().find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| &value[..])
    }
}

/// Shows status and names of headers: values and body may be secrets (§10.6).
impl fmt::Debug for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.headers.iter().map(|(name, _)| name).collect();
        f.debug_struct("Refusal").field("status", &self.status).field("headers", &names).finish_non_exhaustive()
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { status, reason, .. } = self;
        write!(f, "the server refused with {status}{}{reason}", if reason.is_empty() { "" } else { " " })
    }
}

/// What has come of a body, and where it ends.
pub(crate) struct Body {
    bytes: Vec<u8>,
    end: End,
}

/// Where a body ends (RFC 9112 §6.3).
#[derive(Clone, Copy)]
enum End {
    After(usize),
    /// After the chunk of length 0.
    OfChunks,
    /// Where the server ends the connection.
    OfInput,
}

impl Body {
    pub(crate) fn of(response: &Response<'_>) -> Self {
        let is_chunked = |value: &[u8]| value.trim_ascii().to_ascii_lowercase().ends_with(b"chunked");
        let len = |value| std::str::from_utf8(value).ok()?.parse().ok();
        let end = match (response.status(), response.header("transfer-encoding"), response.header("content-length")) {
            (204 | 304, ..) => End::After(0),
            (_, Some(coding), _) if is_chunked(coding) => End::OfChunks,
            (_, None, Some(value)) => len(value).map_or(End::OfInput, End::After),
            _ => End::OfInput,
        };
        Self { bytes: Vec::new(), end }
    }

    pub(crate) fn add(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// What has arrived of it, and whether that is enough.
    pub(crate) fn content(&self) -> (Vec<u8>, bool) {
        let (mut content, is_whole) = match self.end {
            End::After(len) => (self.bytes[..len.min(self.bytes.len())].to_vec(), self.bytes.len() >= len),
            End::OfChunks => join_chunks(&self.bytes),
            End::OfInput => (self.bytes.clone(), false),
        };
        content.truncate(MAX_BODY_LEN);
        (content, is_whole || self.bytes.len() >= MAX_BODY_LEN)
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
