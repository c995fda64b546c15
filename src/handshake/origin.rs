//! §10.2: which pages may connect.

use crate::handshake::fields::Field;
use crate::http::authority::Authority;

/// Which pages may connect (§10.2). There is no default: a server that authenticates by cookies and accepts any origin can be
/// used by every page that its users visit.
///
/// A request without Origin does not come from a page in a browser, and passes. One with several Origins passes only
/// [`Any`](Self::Any), and so does `null`, which pages without an origin of their own send.
///
/// ```compile_fail
/// let accept = sansocket::Accept::default();
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Origin<'a> {
    /// Any: for public services, for those that authenticate inside the connection, and for callers that check
    /// [`Request::origin`](crate::Request::origin) themselves.
    Any,
    /// These, compared byte by byte: `https://example.com`.
    OneOf(&'a [&'a str]),
    /// Pages of the host in the request: the same host, and the same port, with the default of the scheme for a missing one.
    ///
    /// This trusts the Host header. A name that an attacker points at this server's address passes as its own (DNS rebinding), so
    /// a server that must not be reached by such a name, above all one on a loopback or private address, also compares
    /// [`Request::host`](crate::Request::host) with a list of its own names.
    SameHost {
        /// Whether the request came over TLS, to this program or to a proxy before it: the default port is then 443, otherwise
        /// 80.
        secure: bool,
    },
}

impl Origin<'_> {
    /// Whether a request to `host`, which is asked for where it matters, with these Origin headers passes. No browser sends two.
    pub(super) fn allows_field<'h>(self, origin: Field<'_>, host: impl FnOnce() -> Option<&'h [u8]>) -> bool {
        match origin {
            Field::Absent => true,
            Field::Once(origin) => self.passes(origin, host),
            Field::Repeated => matches!(self, Self::Any),
        }
    }

    /// Whether a request to `host`, its Host header, with this Origin header passes: for other requests of the pages that connect.
    pub fn allows(self, origin: &[u8], host: Option<&[u8]>) -> bool {
        self.passes(origin, || host)
    }

    fn passes<'h>(self, origin: &[u8], host: impl FnOnce() -> Option<&'h [u8]>) -> bool {
        match self {
            Self::Any => true,
            Self::OneOf(allowed) => allowed.iter().any(|allowed| allowed.as_bytes() == origin),
            // RFC 3986 §6.2.2.1: a host is compared without regard to case.
            Self::SameHost { secure } => match (host().and_then(Authority::parse), page(origin)) {
                (Some(asked), Some((page, port))) => {
                    page.host.eq_ignore_ascii_case(asked.host) && port == asked.port_or(default_port(secure))
                }
                _ => false,
            },
        }
    }
}

/// The host of a page, and its port; `None` for `null` and for schemes other than HTTP's.
fn page(origin: &[u8]) -> Option<(Authority<'_>, u16)> {
    let (scheme, authority) = origin.split_at_checked(origin.iter().position(|&byte| byte == b':')?)?;
    let secure = match scheme {
        _ if scheme.eq_ignore_ascii_case(b"http") => false,
        _ if scheme.eq_ignore_ascii_case(b"https") => true,
        _ => return None,
    };
    let authority = Authority::parse(authority.strip_prefix(b"://")?)?;
    Some((authority, authority.port_or(default_port(secure))))
}

const fn default_port(secure: bool) -> u16 {
    if secure { 443 } else { 80 }
}

#[cfg(test)]
mod tests {
    use super::Origin;

    /// HS-13, C-21, B-25: every pair of a page and a Host, in both schemes, against the rule written out.
    #[test]
    fn same_host_is_the_same_name_and_port() {
        let hosts = ["a", "A", "a.", "b", "[::1]", "127.0.0.1", "a.b"];
        let ports = ["", ":", ":80", ":443", ":8080", ":0080"];
        let number = |port: &str, default| port.trim_start_matches(':').parse().unwrap_or(default);
        for (page, page_port) in hosts.iter().flat_map(|host| ports.map(|port| (host, port))) {
            for (host, port) in hosts.iter().flat_map(|host| ports.map(|port| (host, port))) {
                for (scheme, page_default) in [("http", 80), ("https", 443), ("HTTPS", 443)] {
                    for (secure, default) in [(false, 80_u16), (true, 443)] {
                        let origin = std::format!("{scheme}://{page}{page_port}");
                        let asked = std::format!("{host}{port}");
                        let allowed = Origin::SameHost { secure }.allows(origin.as_bytes(), Some(asked.as_bytes()));
                        let expected =
                            page.eq_ignore_ascii_case(host) && number(page_port, page_default) == number(port, default);
                        assert_eq!(allowed, expected, "{origin} to {asked}, secure: {secure}");
                    }
                }
            }
        }
    }

    #[test]
    fn what_is_no_page_of_a_host_does_not_pass() {
        let same = |origin: &str, host: Option<&'static str>| {
            Origin::SameHost { secure: false }.allows(origin.as_bytes(), host.map(str::as_bytes))
        };
        assert!(same("http://a", Some("a")) && same("http://A:80", Some("a")) && !same("http://a", None));
        for origin in [
            "null",
            "",
            "a",
            "//a",
            "http:a",
            "http:/a",
            "http://",
            "http://a/",
            "http://u@a",
            "ftp://a",
            "file://",
            "http://a b",
            "http://a\u{e4}",
        ] {
            assert!(!same(origin, Some("a")), "{origin}");
        }
        assert!(!Origin::OneOf(&["https://a"]).allows(b"null", Some(b"a")) && Origin::Any.allows(b"null", None));
    }
}
