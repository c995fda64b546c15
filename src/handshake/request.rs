//! A client's request as a server reads it: any HTTP request, and the check that makes it an opening handshake (§4.2.1).

use crate::config::Config;
use crate::error::{ProtocolError, UsageError};
use crate::handshake::accept_key::is_key;
use crate::handshake::fields::{AskedAt, Fields, Place};
use crate::handshake::offer::Offer;
use crate::handshake::origin::Origin;
use crate::http::head::Headers;
use crate::http::line::{StartLine, cut, request_line};
use crate::http::list::Tokens;
use crate::http::scan::Scan;
use crate::http::target::{Target, position};
use crate::length::wire_len;

/// An HTTP request, read in place from the bytes that carried it.
///
/// It has places in them, not slices of them: all events are as large as a request.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Request<'i> {
    /// All of its bytes.
    bytes: &'i [u8],
    method_len: usize,
    target_len: usize,
    /// The key, if the request was found to be a valid opening handshake.
    key: Place,
    /// What an offer is read from.
    asked: AskedAt,
}

/// Where the parts of a request are in its head, for copies of that.
#[derive(Clone, Copy, Default)]
pub(crate) struct Places {
    head_len: u32,
    target_len: u32,
    /// 0 if it was not found to be a valid opening handshake.
    key_at: u32,
    asked: AskedAt,
}

impl<'i> Request<'i> {
    /// Reads the request at the start of `input`; `None` while its head is incomplete. A server that answers later keeps a copy
    /// of [`bytes`](Self::bytes), and [`Connection::pending_request`](crate::Connection::pending_request) finds the request in it.
    ///
    /// # Errors
    /// The first rule of HTTP/1.1 or limit of `config` that it breaks.
    pub fn parse(input: &'i [u8], config: &Config<'_>) -> Result<Option<Self>, ProtocolError> {
        let mut scan = Scan::REQUEST;
        // A request that breaks a rule of the opening handshake is not one.
        Self::read(input, &mut scan, config, false)
    }

    /// The request at the start of `input`, where `scan` goes on, checked as one of HTTP. `is_strict`: if it asks for an opening handshake
    /// and breaks a rule of it, that is an error.
    // Not inlined, so that what it gathers leaves the stack when it returns.
    #[inline(never)]
    pub(crate) fn read(
        input: &'i [u8],
        scan: &mut Scan,
        config: &Config<'_>,
        is_strict: bool,
    ) -> Result<Option<Self>, ProtocolError> {
        let (mut fields, mut start) = (Fields::default(), StartLine::default());
        let Some(head) = fields.read(input, scan, config, &mut start)? else { return Ok(None) };
        if start.len == 0 {
            start = start_of(head);
        }
        let mut request = Self::with_start(head, start);
        request.asked = AskedAt::of(&fields.asked, head);
        let [method, target, _] = request.parts();
        let target = Target::parse(method, target).ok_or(ProtocolError::InvalidRequestLine)?;
        fields.check_http(start.modern)?;
        // RFC 9110 §7.8: Upgrade is ignored in HTTP/1.0. A request that does not name websocket wants something else.
        if start.modern && fields.upgrades_to_websocket {
            match fields.check_upgrade(method, target.is_resource()) {
                Ok(()) => request.key = Place::of(fields.key, head),
                Err(broken) if is_strict => return Err(broken),
                Err(_) => {}
            }
        }
        Ok(Some(request))
    }

    /// The request of a head that was checked before.
    pub(crate) fn of_checked(bytes: &'i [u8], is_opening_handshake: bool) -> Self {
        let request = Self::with_start(bytes, start_of(bytes));
        let fields = Fields::of(request.headers());
        let key = if is_opening_handshake { Place::of(fields.key, bytes) } else { Place::ABSENT };
        Self { key, asked: AskedAt::of(&fields.asked, bytes), ..request }
    }

    /// A head with its start line.
    fn with_start(bytes: &'i [u8], start: StartLine) -> Self {
        let (method_len, target_len) = (usize::from(start.first), start.second_len);
        Self { bytes, method_len, target_len, key: Place::ABSENT, asked: AskedAt::default() }
    }

    /// Where its parts are, unless it is longer than a configuration can allow.
    pub(crate) fn places(&self) -> Option<Places> {
        let (head_len, target_len) = (u32::try_from(self.bytes.len()).ok()?, u32::try_from(self.target_len).ok()?);
        Some(Places { head_len, target_len, key_at: self.key.start(), asked: self.asked })
    }

    /// The request whose parts are at `places` in `bytes`, a copy of its head. `None` if these are other bytes, as far as that shows at
    /// once: what a part is then is cut from `bytes`, whatever they are.
    pub(crate) fn in_copy(bytes: &'i [u8], places: Places) -> Option<Self> {
        let Places { head_len, target_len, key_at, asked } = places;
        let ([b'\r', b'\n', line @ ..] | line) = bytes;
        let (method_len, target_len) = (position(line, b" ")?, usize::try_from(target_len).ok()?);
        let request = Self { bytes, method_len, target_len, key: Place::of_key_at(key_at), asked };
        let is_same = wire_len(bytes.len()) == u64::from(head_len) && request.key.field(bytes).only().is_none_or(is_key);
        is_same.then_some(request)
    }

    /// Its method and its target, which are ASCII, and its header lines.
    pub(crate) const fn parts(&self) -> [&'i [u8]; 3] {
        let ([b'\r', b'\n', line @ ..] | line) = self.bytes;
        let (method, rest) = cut(line, self.method_len);
        let (target, rest) = cut(cut(rest, 1).1, self.target_len);
        [method, target, cut(rest, b" HTTP/1.1\r\n".len()).1]
    }

    /// The bytes of the head.
    pub const fn bytes(&self) -> &'i [u8] {
        self.bytes
    }

    /// `GET` in an opening handshake.
    pub const fn method(&self) -> &'i str {
        let [method, ..] = self.parts();
        text(method)
    }

    /// The target as it was sent: path and query, or a whole URL (RFC 9112 §3.2).
    pub const fn target(&self) -> &'i str {
        let [_, target, _] = self.parts();
        text(target)
    }

    /// The path of the target, `/` if it has none.
    pub fn path(&self) -> &'i str {
        let rest = self.path_and_query();
        let (path, _) = cut(rest, position(rest, b"?").unwrap_or(rest.len()));
        if path.is_empty() { "/" } else { text(path) }
    }

    /// The query of the target, after its `?`.
    pub fn query(&self) -> Option<&'i str> {
        let rest = self.path_and_query();
        Some(text(cut(rest, position(rest, b"?")?.saturating_add(1)).1))
    }

    /// The host that the request is for, with its port: that of an absolute target (RFC 9112 §3.2.2), otherwise the Host header.
    pub fn host(&self) -> Option<&'i [u8]> {
        let [method, target, _] = self.parts();
        Target::parse(method, target).and_then(Target::authority).or_else(|| self.header("host"))
    }

    /// The Origin header (§10.2): in a browser's request, the page that it comes from.
    pub fn origin(&self) -> Option<&'i [u8]> {
        self.header("origin")
    }

    /// The subprotocols that the client offers, in its order of preference (§1.9).
    pub fn subprotocols(&self) -> impl Iterator<Item = &'i str> + use<'i> {
        let headers = self.headers();
        headers
            .filter(|header| header.name.eq_ignore_ascii_case("sec-websocket-protocol"))
            .flat_map(|header| Tokens::of(header.value))
    }

    /// The first subprotocol of `config` that the client offers.
    #[inline(never)]
    pub fn choose_subprotocol<'c>(&self, config: &Config<'c>) -> Option<&'c str> {
        Offer::of_asked(&self.asked.fields(self.bytes), self.headers(), config).subprotocols().next()
    }

    /// The value of the first header called `name`.
    pub fn header(&self, name: &str) -> Option<&'i [u8]> {
        self.headers().get(name)
    }

    /// All header lines.
    pub const fn headers(&self) -> Headers<'i> {
        let [_, _, lines] = self.parts();
        Headers::of(lines)
    }

    fn path_and_query(&self) -> &'i [u8] {
        let [method, target, _] = self.parts();
        Target::parse(method, target).map(Target::path_and_query).unwrap_or_default()
    }

    /// What this opening handshake offers, once `origin` allows its page: a value that can be kept, and answered later by
    /// [`accept_offer`](crate::Connection::accept_offer). `config` is the connection's.
    ///
    /// # Errors
    /// [`UsageError::NotAnOpeningHandshake`], [`UsageError::OriginNotAllowed`], or [`UsageError::InvalidSubprotocol`] for the
    /// list of `config`.
    // Not inlined: it needs more of the stack than the loop around it.
    #[inline(never)]
    pub fn offer<'c>(&self, config: &'c Config<'c>, origin: Origin<'_>) -> Result<Offer<'c>, UsageError> {
        let key = self.key.field(self.bytes).only().ok_or(UsageError::NotAnOpeningHandshake)?;
        let asked = self.asked.fields(self.bytes);
        let is_allowed = origin.allows_field(asked.origin, || self.host());
        Offer::of_asked(&asked, self.headers(), config).with_key(key).decide(is_allowed)
    }

    /// Whether this is a valid opening handshake, which [`accept`](crate::Connection::accept) takes.
    pub const fn is_opening_handshake(&self) -> bool {
        !self.key.is_absent()
    }
}

/// The start line of a head that [`Scan`] found complete, before which there may be an empty line.
fn start_of(head: &[u8]) -> StartLine {
    request_line(head.strip_prefix(b"\r\n").unwrap_or(head)).unwrap_or_default()
}

/// ASCII as text.
const fn text(ascii: &[u8]) -> &str {
    match core::str::from_utf8(ascii) {
        Ok(text) => text,
        Err(_) => "",
    }
}

/// Shows method, path and the names of the headers: query and values hold credentials (§10.6).
impl core::fmt::Debug for Request<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Request")
            .field("method", &self.method())
            .field("path", &self.path())
            .field("headers", &self.headers())
            .finish()
    }
}
