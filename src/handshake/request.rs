//! A client's request as a server reads it: any HTTP request, and the check that makes it an opening handshake (§4.2.1).

use crate::config::Config;
use crate::error::ProtocolError;
use crate::handshake::accept_key::is_key;
use crate::handshake::fields::Fields;
use crate::http::head::{Head, Header, Headers};
use crate::http::list::{self, Tokens};
use crate::http::scan::Scan;

/// An HTTP request, read in place from the octets that carried it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Request<'i> {
    head: Head<'i>,
    method: &'i str,
    target: &'i str,
    /// Whether the version is at least HTTP/1.1.
    modern: bool,
    /// The key, once the request was found to be a valid opening handshake.
    key: Option<&'i [u8]>,
}

impl<'i> Request<'i> {
    /// Reads the request at the start of `input`; `None` while its head is incomplete. For servers that answer later: they
    /// keep a copy of [`octets`](Self::octets) and parse it again for [`accept`](crate::Connection::accept).
    ///
    /// # Errors
    /// The first rule of HTTP/1.1 or limit of `config` that it breaks.
    pub fn parse(input: &'i [u8], config: &Config<'_>) -> Result<Option<Self>, ProtocolError> {
        let request = Head::parse(input, Scan::REQUEST, config)?.map(Self::of_head);
        // What breaks a rule of the opening handshake is none.
        Ok(request.map(|request| request.check().unwrap_or(request)))
    }

    /// Reads the start line of a scanned head.
    pub(crate) fn of_head(head: Head<'i>) -> Self {
        // The scan let only ASCII into method and target, and two spaces into the line.
        let mut parts = head.start_line.split(|&octet| octet == b' ').map(|part| core::str::from_utf8(part).unwrap_or_default());
        let method = parts.next().unwrap_or_default();
        let target = parts.next().unwrap_or_default();
        let modern = parts.next().is_some_and(|version| !version.ends_with(".0"));
        Self { head, method, target, modern, key: None }
    }

    /// The octets of the head.
    pub const fn octets(&self) -> &'i [u8] {
        self.head.octets
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
        let (_, rest) = self.split_target();
        let path = rest.get(..end_of(rest, b"?")).unwrap_or_default();
        if path.is_empty() { "/" } else { path }
    }

    /// The query of the target, behind its `?`.
    pub fn query(&self) -> Option<&'i str> {
        let (_, rest) = self.split_target();
        rest.get(end_of(rest, b"?").saturating_add(1)..)
    }

    /// The host that is asked for, with its port: that of an absolute target (RFC 9112 §3.2.2), else the Host header.
    pub fn host(&self) -> Option<&'i [u8]> {
        self.split_target().0.map(|(_, authority)| authority.as_bytes()).or_else(|| self.header("host"))
    }

    /// The Origin header (§10.2): the page that asks, where a browser does.
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
    pub fn choose_subprotocol<'c>(&self, config: &Config<'c>) -> Option<&'c str> {
        Tokens::of(config.subprotocols.as_bytes()).find(|ours| self.subprotocols().any(|offered| offered == *ours))
    }

    /// The value of the first header called `name`.
    pub fn header(&self, name: &str) -> Option<&'i [u8]> {
        self.head.headers.get(name)
    }

    /// All header lines.
    pub const fn headers(&self) -> Headers<'i> {
        self.head.headers
    }

    /// Scheme and authority (of an absolute target), and the rest of the target.
    fn split_target(&self) -> (Option<(&'i str, &'i str)>, &'i str) {
        let scheme = self.target.as_bytes().windows(3).position(|octets| octets == b"://");
        let Some(scheme_len) = scheme.filter(|_| !self.target.starts_with('/')) else { return (None, self.target) };
        let (scheme, behind) = self.target.split_at_checked(scheme_len).unwrap_or_default();
        let behind = behind.get(3..).unwrap_or_default();
        let (authority, rest) = behind.split_at_checked(end_of(behind, b"/?")).unwrap_or_default();
        (Some((scheme, authority)), rest)
    }

    /// §4.2.1: whether the target is a resource name, or a URL of our schemes with one. Fragments are in neither.
    fn names_resource(&self) -> bool {
        let starts_well = match self.split_target().0 {
            Some((scheme, authority)) => {
                let known = ["ws", "wss", "http", "https"].iter().any(|known| scheme.eq_ignore_ascii_case(known));
                known && is_host(authority.as_bytes())
            }
            None => self.target.starts_with('/'),
        };
        starts_well && !self.target.as_bytes().contains(&b'#')
    }

    /// Sorts plain requests from opening handshakes, checks the latter completely (§4.2.1) and keeps their key.
    pub(crate) fn check(mut self) -> Result<Self, ProtocolError> {
        use ProtocolError as E;
        let fields = Fields::of(self.headers());
        // RFC 9112 §3.2: whatever is asked for.
        if self.modern && !fields.host.only().is_some_and(is_host) {
            return Err(E::InvalidHost);
        }
        // RFC 9110 §7.8: Upgrade is ignored in HTTP/1.0, and who does not name websocket wants something else.
        if !self.modern || !fields.upgrades_to_websocket {
            return Ok(self);
        }
        if self.method != "GET" {
            return Err(E::MethodNotGet);
        }
        if !self.names_resource() {
            return Err(E::InvalidRequestLine);
        }
        if !fields.connection_upgrade {
            return Err(E::MissingConnectionUpgrade);
        }
        // The version comes before the key: an endpoint of another version may well have another key.
        if fields.version.only().ok_or(E::InvalidVersion)? != b"13" {
            return Err(E::UnsupportedVersion);
        }
        let key = fields.key.only().filter(|key| is_key(key)).ok_or(E::InvalidKey)?;
        // RFC 9110 §7.8 lets the protocol change only behind the whole request; we take no body there at all (HT-14).
        if fields.transfer_encoding.is_present() || fields.has_content {
            return Err(E::RequestWithBody);
        }
        if fields.expect.is_present() {
            return Err(E::UnsupportedExpectation);
        }
        if fields.subprotocol.is_present() {
            list::check_tokens(self.headers().all("sec-websocket-protocol"))?;
        }
        if fields.extensions.is_present() {
            list::check_extensions(self.headers().all("sec-websocket-extensions"))?;
        }
        self.key = Some(key);
        Ok(self)
    }

    /// Whether this is a valid opening handshake, which [`accept`](crate::Connection::accept) takes.
    pub const fn is_opening_handshake(&self) -> bool {
        self.key.is_some()
    }

    /// The key of a checked opening handshake.
    pub(crate) const fn key(&self) -> Option<&'i [u8]> {
        self.key
    }
}

/// Method, path and the names of the headers: query and values hold credentials (§10.6).
impl core::fmt::Debug for Request<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("path", &self.path())
            .field("headers", &self.headers())
            .finish()
    }
}

/// Where the first of `marks` stands in a target; its length if none does. Targets are ASCII, and core's searches for
/// characters and strings reach panics.
fn end_of(target: &str, marks: &[u8]) -> usize {
    target.bytes().position(|octet| marks.contains(&octet)).unwrap_or(target.len())
}

/// Whether `value` can be a Host (RFC 9110 §7.2): what may stand in an authority, without user information.
pub(crate) fn is_host(value: &[u8]) -> bool {
    let allowed = |&octet: &u8| octet.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=%:[]".contains(&octet);
    !value.is_empty() && value.iter().all(allowed)
}

/// Headers as an iterator of the caller's own, for what is sent.
pub(crate) fn is_sendable(header: &Header<'_>) -> bool {
    use crate::http::scan::{is_token, is_value_octet};
    is_token(header.name.as_bytes()) && header.value.iter().all(|&octet| is_value_octet(octet))
}
