//! RFC 9112 §3.2: the target of a request, in its four forms.

use crate::http::authority::Authority;
use crate::http::run::visible_run;

/// A request target, cut in place.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target<'a> {
    /// §3.2.1: path and query.
    Origin(&'a [u8]),
    /// §3.2.2: a whole URI; its path may be empty.
    Absolute { scheme: &'a [u8], authority: &'a [u8], path_and_query: &'a [u8] },
    /// §3.2.3: host and port, for CONNECT.
    Authority(&'a [u8]),
    /// §3.2.4: the server as a whole, for OPTIONS.
    Asterisk,
}

impl<'a> Target<'a> {
    /// Reads the target of a request with `method`; `None` if it is malformed.
    ///
    /// Browsers send `|`, `{`, `}` and a lone `%` in a query as they are (WHATWG URL), so after the authority any visible ASCII
    /// is accepted except `#`, which starts a fragment and has no place in a target. An absolute target must have an authority:
    /// every scheme that is requested over HTTP has one.
    pub(crate) fn parse(method: &[u8], target: &'a [u8]) -> Option<Self> {
        if visible_run(target) != target.len() || target.contains(&b'#') {
            return None;
        }
        match (method, target) {
            // §3.2.3: here the port is not optional.
            (b"CONNECT", authority) => Authority::parse(authority)?.port.map(|_| Self::Authority(target)),
            (b"OPTIONS", b"*") => Some(Self::Asterisk),
            (_, [b'/', ..]) => Some(Self::Origin(target)),
            _ => Self::absolute(target),
        }
    }

    fn absolute(target: &'a [u8]) -> Option<Self> {
        let (scheme, rest) = target.split_at_checked(position(target, b":")?)?;
        let is_scheme = scheme.iter().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(byte));
        if !is_scheme || !scheme.first().is_some_and(u8::is_ascii_alphabetic) {
            return None;
        }
        let rest = rest.strip_prefix(b"://")?;
        let (authority, path_and_query) = rest.split_at_checked(position(rest, b"/?").unwrap_or(rest.len()))?;
        Authority::parse(authority)?;
        Some(Self::Absolute { scheme, authority, path_and_query })
    }

    /// The authority in the target, if it has one.
    pub(crate) fn authority(self) -> Option<&'a [u8]> {
        match self {
            Self::Absolute { authority, .. } | Self::Authority(authority) => Some(authority),
            Self::Origin(_) | Self::Asterisk => None,
        }
    }

    /// Path and query; empty if the target has neither.
    pub(crate) fn path_and_query(self) -> &'a [u8] {
        match self {
            Self::Origin(path_and_query) | Self::Absolute { path_and_query, .. } => path_and_query,
            Self::Authority(_) | Self::Asterisk => b"",
        }
    }

    /// §3.1, §4.2.1 of RFC 6455: whether this is a resource name, or a URI of our schemes that has one.
    pub(crate) fn is_resource(self) -> bool {
        match self {
            Self::Origin(_) => true,
            Self::Absolute { scheme, .. } => {
                [&b"ws"[..], b"wss", b"http", b"https"].iter().any(|known| scheme.eq_ignore_ascii_case(known))
            }
            Self::Authority(_) | Self::Asterisk => false,
        }
    }
}

/// The position of the first of `marks`, which are ASCII. (Core's searches for characters reach panics.)
pub(crate) fn position(text: &[u8], marks: &[u8]) -> Option<usize> {
    text.iter().position(|byte| marks.contains(byte))
}

#[cfg(test)]
mod tests {
    use super::Target;

    /// Q6, Q6b: valid and invalid targets, by method.
    #[test]
    fn targets_have_four_forms() {
        for (method, good) in [
            ("GET", "/"),
            ("GET", "//x"),
            ("GET", "/q?a={b|c}"),
            ("GET", "/q?t=50%"),
            ("GET", "/a|b"),
            ("GET", "/?u=http://evil/"),
            ("GET", "http://h"),
            ("POST", "https://h:1/x"),
            ("GET", "ws://[::1]?q"),
            ("GET", "ftp://h/"),
            ("OPTIONS", "*"),
            ("OPTIONS", "/x"),
            ("CONNECT", "h:443"),
            ("CONNECT", "[::1]:1"),
            ("get", "/x"),
        ] {
            assert!(Target::parse(method.as_bytes(), good.as_bytes()).is_some(), "{method} {good}");
        }
        for (method, bad) in [
            ("GET", ""),
            ("GET", "x"),
            ("GET", "?q"),
            ("GET", "*"),
            ("GET", "x?u=http://evil/"),
            ("GET", "http://"),
            ("GET", "http:///x"),
            ("GET", "ws://u@h/"),
            ("GET", "http://h:x/"),
            ("GET", "http://a b/"),
            ("GET", "h:80"),
            ("GET", "urn:x"),
            ("GET", "://h"),
            ("GET", "1a://h/"),
            ("GET", "a_b://h/"),
            ("GET", "/a#b"),
            ("GET", "/#"),
            ("GET", "http://h/#"),
            ("GET", "/a\u{7f}"),
            ("GET", "/\u{e4}"),
            ("CONNECT", "/"),
            ("CONNECT", "h"),
            ("CONNECT", "h:"),
            ("CONNECT", "http://h/"),
            ("OPTIONS", "**"),
            ("options", "*"),
        ] {
            assert!(Target::parse(method.as_bytes(), bad.as_bytes()).is_none(), "{method} {bad}");
        }
    }

    /// Q6: every byte after the path and in the query: visible ASCII except `#`.
    #[test]
    fn every_ascii_byte_in_path_and_query() {
        for byte in 0..0x80_u8 {
            let is_allowed = (0x21..0x7F).contains(&byte) && byte != b'#';
            for target in [[b'/', byte], [b'/', b'?']].map(|start| [start[0], start[1], byte]) {
                assert_eq!(Target::parse(b"GET", &target).is_some(), is_allowed, "{target:x?}");
            }
        }
    }
}
