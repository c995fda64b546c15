//! §10.2: which pages may connect.

use crate::handshake::fields::Field;
use crate::http::authority::Authority;

/// Which pages may connect (§10.2). There is no default: a server that authenticates by cookies and takes any origin can be
/// used by every page that its users visit.
///
/// A request without Origin does not come from a browser's page and passes; one with several passes only [`Any`](Self::Any). `null`, which pages without an origin of their own send,
/// passes only [`Any`](Self::Any).
///
/// ```compile_fail
/// let accept = sansocket::Accept::default();
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Origin<'a> {
    /// Any: for public services, for those that authenticate inside the connection, and where the caller checked
    /// [`Request::origin`](crate::Request::origin) itself.
    Any,
    /// These, compared byte by byte: `https://example.com`.
    OneOf(&'a [&'a str]),
    /// Pages of the host that is asked for: the same host, and the same port once the defaults of both schemes are put in.
    ///
    /// This believes the Host header. A name that an attacker points at this server's address passes for its own (DNS rebinding), so a
    /// server that others must not reach by such a name, above all one on a loopback or private address, also compares
    /// [`Request::host`](crate::Request::host) with a list of the names that it has.
    SameHost {
        /// Whether the request came over TLS, to this program or to a proxy in front of it: the default port is 443 then, else 80.
        secure: bool,
    },
}

impl Origin<'_> {
    /// Whether a request to `host` with these Origin headers passes. No browser sends two.
    pub(super) fn allows_field(self, origin: Field<'_>, host: Option<&[u8]>) -> bool {
        match origin {
            Field::Absent => true,
            Field::Once(origin) => self.allows(origin, host),
            Field::Repeated => matches!(self, Self::Any),
        }
    }

    /// Whether a request to `host` with this Origin header passes.
    fn allows(self, origin: &[u8], host: Option<&[u8]>) -> bool {
        match self {
            Self::Any => true,
            Self::OneOf(allowed) => allowed.iter().any(|allowed| allowed.as_bytes() == origin),
            // RFC 3986 §6.2.2.1: case does not count in a host.
            Self::SameHost { secure } => match (host.and_then(Authority::parse), page(origin)) {
                (Some(asked), Some((page, port))) => {
                    page.host.eq_ignore_ascii_case(asked.host) && port == asked.port_or(default_port(secure))
                }
                _ => false,
            },
        }
    }
}

/// The host of a page, and its port; `None` for `null` and for schemes that are not HTTP's.
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

    /// HS-13, C-21, B-25: every pair of a page and a Host, over both schemes, against the rule written out.
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
