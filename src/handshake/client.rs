//! §4.1: the request that opens a connection.

use crate::config::Config;
use crate::entropy::EntropyError;
use crate::error::{CallError, UsageError};
use crate::handshake::accept_key::{KEY_LEN, key_of};
use crate::http::authority::Authority;
use crate::http::head::Header;
use crate::http::list;
use crate::http::write::{HeadWriter, Lines, check_headers};
use crate::url::path_of;

/// What a client asks for. The subprotocols and the compression that it offers are those of its [`Config`].
///
/// Its fields are for reading; methods of the same names set them.
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClientRequest<'a> {
    /// Host, with the port unless it is the scheme's default: `example.com:8080`, `[::1]:9001`.
    pub host: &'a str,
    /// Path and query: `/chat?room=1`. Never empty; a query alone, `?room=1`, is sent as `/?room=1` (§3).
    pub target: &'a str,
    /// Origin (§4.1), which browsers send and other clients may send.
    pub origin: Option<&'a str>,
    /// Further headers: Authorization, Cookie, User-Agent.
    pub headers: &'a [Header<'a>],
}

impl<'a> ClientRequest<'a> {
    /// A request for `target` at `host`, without Origin or further headers.
    pub const fn new(host: &'a str, target: &'a str) -> Self {
        Self { host, target, origin: None, headers: &[] }
    }

    /// For this host.
    #[must_use]
    pub const fn host(mut self, host: &'a str) -> Self {
        self.host = host;
        self
    }

    /// For this target.
    #[must_use]
    pub const fn target(mut self, target: &'a str) -> Self {
        self.target = target;
        self
    }

    /// With this Origin, or with none.
    #[must_use]
    pub const fn origin(mut self, origin: Option<&'a str>) -> Self {
        self.origin = origin;
        self
    }

    /// With further headers.
    #[must_use]
    pub const fn headers(mut self, headers: &'a [Header<'a>]) -> Self {
        self.headers = headers;
        self
    }
}

/// Does not show the query and the values of headers: they hold credentials (§10.6).
impl core::fmt::Debug for ClientRequest<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("ClientRequest")
            .field("host", &self.host)
            .field("path", &path_of(self.target))
            .field("origin", &self.origin)
            .field("headers", &self.headers)
            .finish()
    }
}

/// What the opening handshake writes itself, or what would give its request a body.
const RESERVED: &[&str] = &[
    "host",
    "upgrade",
    "connection",
    "origin",
    "content-length",
    "transfer-encoding",
    "expect",
    "sec-websocket-key",
    "sec-websocket-version",
    "sec-websocket-protocol",
    "sec-websocket-extensions",
];

/// Refuses what a request must not contain, before a single byte is written.
fn check(request: &ClientRequest<'_>, config: &Config<'_>) -> Result<(), UsageError> {
    // RFC 9112 §3.2.1: a path in ASCII without blanks; §3: never a fragment.
    let visible = |&byte: &u8| matches!(byte, 0x21..=0x7E) && byte != b'#';
    if !matches!(request.target.as_bytes(), [b'/' | b'?', ..]) || !request.target.as_bytes().iter().all(visible) {
        return Err(UsageError::InvalidTarget);
    }
    if Authority::parse(request.host.as_bytes()).is_none() {
        return Err(UsageError::InvalidHost);
    }
    if !list::is_subprotocol_list(config.subprotocols) {
        return Err(UsageError::InvalidSubprotocol);
    }
    if !config.deflate.is_valid() {
        return Err(UsageError::InvalidWindowBits);
    }
    let origin = request.origin.map(|origin| Header::new("origin", origin));
    check_headers(origin.as_slice(), &[])?;
    check_headers(request.headers, RESERVED)
}

/// Writes the request, with the key made of `nonce`, which is drawn last.
pub(crate) fn write_request(
    request: &ClientRequest<'_>,
    config: &Config<'_>,
    out: &mut [u8],
    nonce: impl FnOnce() -> Result<[u8; 16], EntropyError>,
) -> Result<usize, CallError> {
    check(request, config)?;
    let root: &[u8] = if request.target.starts_with('?') { b"/" } else { b"" };
    let start: [&[u8]; 6] = [
        b"GET ",
        root,
        request.target.as_bytes(),
        b" HTTP/1.1\r\nHost: ",
        request.host.as_bytes(),
        b"\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ",
    ];
    let extensions = config.deflate.offer();
    let lines: Lines<'_> = (
        &[
            (!config.subprotocols.is_empty()).then(|| Header::new("Sec-WebSocket-Protocol", config.subprotocols)),
            (!extensions.is_empty()).then(|| Header::new("Sec-WebSocket-Extensions", extensions.as_str())),
            request.origin.map(|origin| Header::new("Origin", origin)),
        ],
        request.headers,
    );
    let mut head = HeadWriter::new(out, &start, lines, KEY_LEN + b"\r\n".len())?;
    let key = key_of(nonce()?);
    Ok(head.put(&start).put(&[&key, b"\r\n"]).end(lines).len())
}
