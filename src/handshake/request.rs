//! A client's request as a server reads it: any HTTP request, and the check that makes it an opening handshake (§4.2.1).

use crate::config::Config;
use crate::error::{ProtocolError, UsageError};
use crate::handshake::fields::Fields;
use crate::handshake::offer::Offer;
use crate::handshake::origin::Origin;
use crate::http::head::{Head, Headers};
use crate::http::list::Tokens;
use crate::http::scan::Scan;
use crate::http::target::{Target, position};

/// An HTTP request, read in place from the bytes that carried it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Request<'i> {
    head: Head<'i>,
    method: &'i str,
    target: &'i str,
    /// Whether the version is at least HTTP/1.1.
    modern: bool,
    /// The key, if the request was found to be a valid opening handshake.
    key: Option<&'i [u8]>,
}

impl<'i> Request<'i> {
    /// Reads the request at the start of `input`; `None` while its head is incomplete. A server that answers later keeps a copy
    /// of [`bytes`](Self::bytes) and parses it again for [`accept`](crate::Connection::accept).
    ///
    /// # Errors
    /// The first rule of HTTP/1.1 or limit of `config` that it breaks.
    pub fn parse(input: &'i [u8], config: &Config<'_>) -> Result<Option<Self>, ProtocolError> {
        let Some(head) = Head::parse(input, Scan::REQUEST, config)? else { return Ok(None) };
        let mut request = Self::of_head(head);
        let fields = Fields::of(request.headers());
        request.check_http(&fields)?;
        // A request that breaks a rule of the opening handshake is not one.
        request.key = request.check_handshake(&fields).unwrap_or(None);
        Ok(Some(request))
    }

    /// Reads the start line of a scanned head.
    pub(crate) fn of_head(head: Head<'i>) -> Self {
        // The scan accepts only ASCII in method and target, and two spaces in the line.
        let mut parts = head.start_line.split(|&byte| byte == b' ').map(|part| core::str::from_utf8(part).unwrap_or_default());
        let method = parts.next().unwrap_or_default();
        let target = parts.next().unwrap_or_default();
        let modern = parts.next().is_some_and(|version| !version.ends_with(".0"));
        Self { head, method, target, modern, key: None }
    }

    /// The request of a head that was checked before.
    pub(crate) fn of_checked(bytes: &'i [u8], is_opening_handshake: bool) -> Self {
        let request = Self::of_head(Head::of_scanned(bytes));
        Self { key: if is_opening_handshake { request.header("sec-websocket-key") } else { None }, ..request }
    }

    /// The bytes of the head.
    pub const fn bytes(&self) -> &'i [u8] {
        self.head.bytes
    }

    /// `GET` in an opening handshake.
    pub const fn method(&self) -> &'i str {
        self.method
    }

    /// The target as it was sent: path and query, or a whole URL (RFC 9112 §3.2).
    pub const fn target(&self) -> &'i str {
        self.target
    }

    /// The path of the target, `/` if it has none.
    pub fn path(&self) -> &'i str {
        let rest = self.path_and_query();
        let path = rest.get(..position(rest, b"?").unwrap_or(rest.len())).unwrap_or_default();
        if path.is_empty() { "/" } else { path }
    }

    /// The query of the target, after its `?`.
    pub fn query(&self) -> Option<&'i str> {
        let rest = self.path_and_query();
        rest.get(position(rest, b"?")?.saturating_add(1)..)
    }

    /// The host that the request is for, with its port: that of an absolute target (RFC 9112 §3.2.2), otherwise the Host header.
    pub fn host(&self) -> Option<&'i [u8]> {
        let named = Target::parse(self.method, self.target).and_then(Target::authority);
        named.map(str::as_bytes).or_else(|| self.header("host"))
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
        Offer::of_lines(self.headers(), config).1.subprotocols().next()
    }

    /// The value of the first header called `name`.
    pub fn header(&self, name: &str) -> Option<&'i [u8]> {
        self.head.headers.get(name)
    }

    /// All header lines.
    pub const fn headers(&self) -> Headers<'i> {
        self.head.headers
    }

    fn path_and_query(&self) -> &'i str {
        Target::parse(self.method, self.target).map(Target::path_and_query).unwrap_or_default()
    }

    /// What RFC 9110 and 9112 require of every request.
    fn check_http(&self, fields: &Fields<'i>) -> Result<(), ProtocolError> {
        if Target::parse(self.method, self.target).is_none() {
            return Err(ProtocolError::InvalidRequestLine);
        }
        fields.check_http(self.modern)
    }

    /// Tells plain requests from opening handshakes, and checks both. Keeps the key of the latter.
    // Not inlined, so that what it gathers leaves the stack when it returns.
    #[inline(never)]
    pub(crate) fn check(&mut self) -> Result<(), ProtocolError> {
        let fields = Fields::of(self.headers());
        self.check_http(&fields)?;
        self.key = self.check_handshake(&fields)?;
        Ok(())
    }

    /// §4.2.1, if this is an opening handshake: its key.
    fn check_handshake(&self, fields: &Fields<'i>) -> Result<Option<&'i [u8]>, ProtocolError> {
        // RFC 9110 §7.8: Upgrade is ignored in HTTP/1.0. A request that does not name websocket wants something else.
        if !self.modern || !fields.upgrades_to_websocket {
            return Ok(None);
        }
        let is_resource = Target::parse(self.method, self.target).is_some_and(Target::is_resource);
        fields.check_upgrade(self.method, is_resource).map(Some)
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
        let key = self.key.ok_or(UsageError::NotAnOpeningHandshake)?;
        let (page, offer) = Offer::of_lines(self.headers(), config);
        let is_allowed = origin.allows_field(page, || self.host());
        offer.with_key(key).decide(is_allowed)
    }

    /// Whether this is a valid opening handshake, which [`accept`](crate::Connection::accept) takes.
    pub const fn is_opening_handshake(&self) -> bool {
        self.key.is_some()
    }
}

/// Shows method, path and the names of the headers: query and values hold credentials (§10.6).
impl core::fmt::Debug for Request<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("path", &self.path())
            .field("headers", &self.headers())
            .finish()
    }
}
