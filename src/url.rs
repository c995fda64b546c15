//! §3: WebSocket URIs, split in place. `http` and `https` are accepted too, as in browsers.

use crate::http::authority::{is_ipv6, port_of};
use crate::http::target::position;
use crate::numbered::numbered;

/// A `ws`, `wss`, `http` or `https` URL: where to connect, and what to request.
///
/// ```
/// use sansocket::{ClientRequest, Url};
/// let url = Url::parse("wss://example.com:8443/chat?room=1")?;
/// assert_eq!((url.is_secure(), url.host(), url.port()), (true, "example.com", 8443));
/// let request = ClientRequest::new(url.authority(), url.target());
/// assert_eq!((request.host, request.target), ("example.com:8443", "/chat?room=1"));
/// # Ok::<(), sansocket::UrlError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Url<'a> {
    secure: bool,
    authority: &'a str,
    host: &'a str,
    port: u16,
    target: &'a str,
}

numbered! {
/// Why a text is not a URL for a WebSocket.
UrlError {
    /// The scheme is missing or not `ws`, `wss`, `http` or `https`.
    InvalidScheme = 1, "the scheme is not ws, wss, http or https";
    /// The host is missing, or has a byte that no host has. Names with characters beyond ASCII must be given in their `xn--`
    /// form.
    InvalidHost = 2, "the host is missing or has a byte that no host has";
    /// The port is not a number from 1 to 65535.
    InvalidPort = 3, "the port is not a number from 1 to 65535";
    /// A user name or password (`user@`), for which §3 has no place. Credentials go into a header.
    UserInformation = 4, "user names and passwords are not allowed in a WebSocket URL";
    /// A fragment (`#`), which §3 forbids.
    Fragment = 5, "fragments are not allowed in a WebSocket URL";
    /// A blank, a control byte or a byte beyond ASCII in path or query: they must be given percent-encoded.
    InvalidTarget = 6, "path and query have a byte that must be percent-encoded";
}
}

impl core::error::Error for UrlError {}

impl<'a> Url<'a> {
    /// Splits `url` into its parts.
    ///
    /// # Errors
    /// The first part that is wrong.
    pub fn parse(url: &'a str) -> Result<Self, UrlError> {
        let (scheme, rest) = split(url, position(url.as_bytes(), b":")).ok_or(UrlError::InvalidScheme)?;
        let default_port = |scheme: &str| match scheme {
            _ if scheme.eq_ignore_ascii_case("ws") || scheme.eq_ignore_ascii_case("http") => Some(80),
            _ if scheme.eq_ignore_ascii_case("wss") || scheme.eq_ignore_ascii_case("https") => Some(443),
            _ => None,
        };
        let default_port = default_port(scheme).ok_or(UrlError::InvalidScheme)?;
        let rest = rest.strip_prefix("://").ok_or(UrlError::InvalidScheme)?;
        if position(rest.as_bytes(), b"#").is_some() {
            return Err(UrlError::Fragment);
        }
        let (authority, target) = split(rest, position(rest.as_bytes(), b"/?")).unwrap_or((rest, "/"));
        if !target.bytes().all(|byte| matches!(byte, 0x21..=0x7E)) {
            return Err(UrlError::InvalidTarget);
        }
        if position(authority.as_bytes(), b"@").is_some() {
            return Err(UrlError::UserInformation);
        }
        // The colons of an IPv6 address are inside its brackets.
        let bracket = position(authority.as_bytes(), b"]").map_or(0, |end| end.saturating_add(1));
        let (before, after) = split(authority, Some(bracket)).unwrap_or_default();
        let (host, port) = match position(after.as_bytes(), b":") {
            Some(colon) => (authority.get(..before.len().saturating_add(colon)), after.get(colon..)),
            None => (Some(authority), None),
        };
        let host = host.filter(|host| is_host(host)).ok_or(UrlError::InvalidHost)?;
        // RFC 3986 §3.2.3: a colon without a port stands for the default.
        let port = match port.and_then(|port| port.get(1..)).filter(|port| !port.is_empty()) {
            Some(digits) => port_of(digits.as_bytes()).filter(|&port| port > 0).ok_or(UrlError::InvalidPort)?,
            None => default_port,
        };
        let authority = if port == default_port { host } else { authority };
        Ok(Self { secure: default_port == 443, authority, host, port, target })
    }

    /// Whether the connection uses TLS: `wss` or `https`.
    pub const fn is_secure(&self) -> bool {
        self.secure
    }

    /// The host to connect to; an IPv6 address without its brackets.
    pub fn host(&self) -> &'a str {
        self.host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(self.host)
    }

    /// The port to connect to: the scheme's, 80 or 443, unless the URL has another.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Host and port as in the Host header (§4.1): the port only if it is not the scheme's.
    pub const fn authority(&self) -> &'a str {
        self.authority
    }

    /// Path and query. A query without a path starts with its `?`, and is sent after a `/`.
    pub const fn target(&self) -> &'a str {
        self.target
    }
}

/// Does not show the query, which may hold credentials (§10.6).
impl core::fmt::Debug for Url<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Url")
            .field("secure", &self.secure)
            .field("authority", &self.authority)
            .field("path", &path_of(self.target))
            .finish()
    }
}

/// A target up to its query.
pub(crate) fn path_of(target: &str) -> &str {
    split(target, position(target.as_bytes(), b"?")).map_or(target, |(path, _)| path)
}

/// Whether a program can connect to it: a name, an IPv4 address, or an IPv6 address in brackets.
fn is_host(host: &str) -> bool {
    match host.as_bytes() {
        [b'[', address @ .., b']'] => is_ipv6(address),
        name => {
            let allowed = |&byte: &u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
            !name.is_empty() && name.iter().all(allowed)
        }
    }
}

fn split(text: &str, at: Option<usize>) -> Option<(&str, &str)> {
    at.and_then(|at| text.split_at_checked(at))
}

#[cfg(test)]
mod tests {
    use super::{Url, UrlError};

    /// HC-03, W-07, §3.
    #[test]
    fn urls_are_cut_into_their_parts() {
        for (url, secure, host, port, authority, target) in [
            ("ws://example.com", false, "example.com", 80, "example.com", "/"),
            ("WSS://Example.com/", true, "Example.com", 443, "Example.com", "/"),
            ("ws://h:80/x", false, "h", 80, "h", "/x"),
            ("wss://h:80/x", true, "h", 80, "h:80", "/x"),
            ("ws://h:/x", false, "h", 80, "h", "/x"),
            ("https://h?a=b", true, "h", 443, "h", "?a=b"),
            ("http://10.0.0.1:8080/a/b?c=/d?e@f:g", false, "10.0.0.1", 8080, "10.0.0.1:8080", "/a/b?c=/d?e@f:g"),
            ("ws://[::1]:9001/", false, "::1", 9001, "[::1]:9001", "/"),
            ("ws://[::ffff:1.2.3.4]", false, "::ffff:1.2.3.4", 80, "[::ffff:1.2.3.4]", "/"),
            ("wss://[2001:db8::1]:443", true, "2001:db8::1", 443, "[2001:db8::1]", "/"),
        ] {
            let cut = Url::parse(url).unwrap_or_else(|error| panic!("{url}: {error}"));
            let parts = (cut.is_secure(), cut.host(), cut.port(), cut.authority(), cut.target());
            assert_eq!(parts, (secure, host, port, authority, target), "{url}");
        }
    }

    #[test]
    fn what_is_no_websocket_url_is_refused_with_a_reason() {
        for (url, error) in [
            ("", UrlError::InvalidScheme),
            ("example.com", UrlError::InvalidScheme),
            ("ws:/h", UrlError::InvalidScheme),
            ("ftp://h", UrlError::InvalidScheme),
            ("ws://", UrlError::InvalidHost),
            ("ws:///x", UrlError::InvalidHost),
            ("ws://a b/", UrlError::InvalidHost),
            ("ws://h\u{e4}/", UrlError::InvalidHost),
            ("ws://[::1/", UrlError::InvalidHost),
            ("ws://[]/", UrlError::InvalidHost),
            ("ws://[1:2:3]/", UrlError::InvalidHost),
            ("ws://[1::2::3]/", UrlError::InvalidHost),
            ("ws://[:]/", UrlError::InvalidHost),
            ("ws://[::1.2.3.4.5]/", UrlError::InvalidHost),
            ("ws://[fe80::1%25eth0]/", UrlError::InvalidHost),
            ("ws://[v1.x]/", UrlError::InvalidHost),
            ("ws://::1/", UrlError::InvalidHost),
            ("ws://[::1]x/", UrlError::InvalidHost),
            ("ws://h:0/", UrlError::InvalidPort),
            ("ws://h:65536/", UrlError::InvalidPort),
            ("ws://h:+1/", UrlError::InvalidPort),
            ("ws://h:1:2/", UrlError::InvalidPort),
            ("ws://user@h/", UrlError::UserInformation),
            ("ws://user:pass@h/", UrlError::UserInformation),
            ("ws://h/#", UrlError::Fragment),
            ("ws://h#x", UrlError::Fragment),
            ("ws://h/a b", UrlError::InvalidTarget),
            ("ws://h/\r\n", UrlError::InvalidTarget),
            ("ws://h/\u{e4}", UrlError::InvalidTarget),
        ] {
            assert_eq!(Url::parse(url), Err(error), "{url}");
        }
    }
}
