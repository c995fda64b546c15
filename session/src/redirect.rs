//! RFC 3986 §5.2, RFC 9110 §10.2.2: where a redirection leads.

use sansocket::{Url, UrlError};

use crate::append::{append, cut_at};

/// Why a redirection is not followed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum RedirectError {
    /// From `wss` to `ws`, `https` to `http`, or across: what was meant for TLS would be readable on the way (RFC 6455 §10.6).
    Insecure,
    /// User information in it (RFC 3986 §3.2.1): a server has no credentials to give, and `a@b` is mistaken for the host `a`.
    UserInformation,
    /// Not a reference to a URL for a WebSocket (RFC 6455 §3): another scheme, no host, or bytes that no URL has.
    Invalid,
    /// The caller's buffer is too short.
    TooLong,
    /// One more than a session follows in a row ([`max_redirects`](crate::SessionConfig::max_redirects)).
    TooMany,
}

impl core::fmt::Display for RedirectError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Insecure => "the redirection leads from wss to ws",
            Self::UserInformation => "the redirection has a user name or a password",
            Self::Invalid => "the redirection does not lead to a URL for a WebSocket",
            Self::TooLong => "the buffer is too short for the redirection's URL",
            Self::TooMany => "there were too many redirections in a row",
        })
    }
}

impl core::error::Error for RedirectError {}

/// Writes to `out` the URL that `location` means, seen from `base` (RFC 3986 §5.2, RFC 9110 §10.2.2), and returns it.
///
/// `base` is the URL of the request, `location` the value of the response's Location: a URL, or a reference relative to `base` in any
/// form. The result has the scheme `ws` or `wss`, has no dot segments, and can be parsed by [`Url::parse`]. A fragment is dropped:
/// Location may have one, a WebSocket's URL has none. Nothing else is mended: blanks and bytes beyond ASCII are refused, as in any
/// URL.
///
/// `out` is the caller's. A buffer of `8 + authority + target + location` bytes, with the two lengths of `base`, always suffices; a
/// shorter one may, if it has room for the path before its dot segments are removed. After an error its content has no meaning.
///
/// If the result has another host or port, Authorization, Cookie and the like must not be sent to it: they were meant for `base`.
///
/// ```
/// use sansocket::Url;
/// let base = Url::parse("wss://example.com/a/chat?room=1")?;
/// let mut out = [0; 100];
/// assert_eq!(sansocket_session::resolve(&base, b"../b", &mut out)?, "wss://example.com/b");
/// assert_eq!(sansocket_session::resolve(&base, b"https://b.example/chat#top", &mut out)?, "wss://b.example/chat");
/// assert!(sansocket_session::resolve(&base, b"http://example.com/a/chat", &mut out).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// Any [`RedirectError`].
pub fn resolve<'o>(base: &Url<'_>, location: &[u8], out: &'o mut [u8]) -> Result<&'o str, RedirectError> {
    let reference = Reference::parse(core::str::from_utf8(location).map_err(|_| RedirectError::Invalid)?);
    let secure = match reference.scheme {
        Some(scheme) => is_secure(scheme).ok_or(RedirectError::Invalid)?,
        None => base.is_secure(),
    };
    if base.is_secure() && !secure {
        return Err(RedirectError::Insecure);
    }
    let len = write(base, &reference, secure, out).ok_or(RedirectError::TooLong)?;
    let url = out.get(..len).and_then(|url| core::str::from_utf8(url).ok()).ok_or(RedirectError::Invalid)?;
    match Url::parse(url) {
        Ok(_) => Ok(url),
        Err(UrlError::UserInformation) => Err(RedirectError::UserInformation),
        Err(_) => Err(RedirectError::Invalid),
    }
}

/// A URI reference (RFC 3986 §4.1), cut in place. A component that is not there is `None`, which is not the same as an empty one.
struct Reference<'a> {
    scheme: Option<&'a str>,
    /// With the two slashes before it.
    authority: Option<&'a str>,
    path: &'a str,
    /// With its question mark.
    query: Option<&'a str>,
}

impl<'a> Reference<'a> {
    /// Every text is a reference; what is in the components is not checked.
    fn parse(text: &'a str) -> Self {
        let (text, _fragment) = cut_at(text, b"#");
        // A colon after a slash or a question mark belongs to a path or a query (§4.2).
        let (scheme, rest) = cut_at(text, b":/?");
        let (scheme, rest) = match rest.strip_prefix(':') {
            Some(rest) => (Some(scheme), rest),
            None => (None, text),
        };
        let authority_len = rest.strip_prefix("//").map(|rest| cut_at(rest, b"/?").0.len().saturating_add(2));
        let split = authority_len.and_then(|len| rest.split_at_checked(len));
        let (authority, rest) = split.map_or((None, rest), |(authority, rest)| (Some(authority), rest));
        let (path, query) = cut_at(rest, b"?");
        Self { scheme, authority, path, query: Some(query).filter(|query| !query.is_empty()) }
    }

    /// The path and query of a base.
    fn of_target(target: &'a str) -> Self {
        let (path, query) = cut_at(target, b"?");
        Self { scheme: None, authority: None, path, query: Some(query).filter(|query| !query.is_empty()) }
    }
}

/// Whether a WebSocket of this scheme uses TLS; `None` if there is none.
fn is_secure(scheme: &str) -> Option<bool> {
    let is = |name| scheme.eq_ignore_ascii_case(name);
    if is("wss") || is("https") { Some(true) } else { (is("ws") || is("http")).then_some(false) }
}

/// §5.2.2 and §5.3: transforms the reference and writes the result. `None` if it does not fit.
fn write(base: &Url<'_>, reference: &Reference<'_>, secure: bool, out: &mut [u8]) -> Option<usize> {
    let scheme: &[u8] = if secure { b"wss:" } else { b"ws:" };
    let target = Reference::of_target(base.target());
    let mut len = append(out, 0, scheme)?;
    // A scheme without an authority ("http:g") is not relative to anything (§5.4.2): what comes out is no URL.
    if reference.scheme.is_some() || reference.authority.is_some() {
        len = append(out, len, reference.authority.unwrap_or_default().as_bytes())?;
        len = write_path(out, len, "", reference.path)?;
        return append(out, len, reference.query.unwrap_or_default().as_bytes());
    }
    len = append(out, len, b"//")?;
    len = append(out, len, base.authority().as_bytes())?;
    if reference.path.is_empty() {
        len = append(out, len, target.path.as_bytes())?;
        return append(out, len, reference.query.or(target.query).unwrap_or_default().as_bytes());
    }
    // §5.2.3: a relative path replaces what follows the last slash of the base's.
    let folder = if reference.path.starts_with('/') { "" } else { folder_of(target.path) };
    len = write_path(out, len, folder, reference.path)?;
    append(out, len, reference.query.unwrap_or_default().as_bytes())
}

/// A path up to and with its last slash.
fn folder_of(path: &str) -> &str {
    let slash = path.bytes().rposition(|byte| byte == b'/');
    slash.and_then(|slash| path.get(..=slash)).unwrap_or_default()
}

/// §5.2.4: writes `folder` and `path`, joined, without dot segments. An empty path is left empty; any other starts with a slash.
fn write_path(out: &mut [u8], start: usize, folder: &str, path: &str) -> Option<usize> {
    if path.is_empty() {
        return Some(start);
    }
    let mut len = append(out, start, b"/")?;
    for part in parts(folder).chain(parts(path)) {
        len = match part {
            b"." | b"./" => len,
            // The root has no parent.
            b".." | b"../" => start.checked_add(parent_len(out.get(start..len)?))?,
            part => append(out, len, part)?,
        };
    }
    Some(len)
}

/// How much of `path`, which ends in a slash, stays without its last segment: at least the root's slash.
fn parent_len(path: &[u8]) -> usize {
    let without_slash = path.split_last().map_or(path, |(_, rest)| rest);
    without_slash.iter().rposition(is_slash).map_or(1, |slash| slash.saturating_add(1))
}

/// The segments of a path, each with the slash after it; the first slash belongs to none.
fn parts(path: &str) -> impl Iterator<Item = &[u8]> {
    let mut rest = path.strip_prefix('/').unwrap_or(path).as_bytes();
    // `split_inclusive` slices in a way that the optimiser does not see through at each level.
    core::iter::from_fn(move || {
        let end = rest.iter().position(is_slash).map_or(rest.len(), |slash| slash.saturating_add(1));
        let (part, after) = rest.split_at_checked(end)?;
        rest = after;
        Some(part).filter(|part| !part.is_empty())
    })
}

fn is_slash(byte: &u8) -> bool {
    *byte == b'/'
}

#[cfg(test)]
mod tests {
    use sansocket::Url;
    use std::string::String;
    use std::vec::Vec;

    use super::{RedirectError, resolve};

    fn resolved(base: &str, location: &str) -> Result<String, RedirectError> {
        let mut out = [0xAA; 200];
        resolve(&Url::parse(base).unwrap(), location.as_bytes(), &mut out).map(String::from)
    }

    /// RFC 3986 §5.4.1 and §5.4.2, complete: without the fragments, and with `ws` for `http`. What is not one of ours there (`g:h`, and
    /// `http:g` for a strict parser) is refused.
    #[test]
    fn examples_of_rfc_3986_come_out_as_printed() {
        for (location, expected) in [
            ("g", "ws://a/b/c/g"),
            ("./g", "ws://a/b/c/g"),
            ("g/", "ws://a/b/c/g/"),
            ("/g", "ws://a/g"),
            ("//g", "ws://g"),
            ("?y", "ws://a/b/c/d;p?y"),
            ("g?y", "ws://a/b/c/g?y"),
            ("#s", "ws://a/b/c/d;p?q"),
            ("g#s", "ws://a/b/c/g"),
            ("g?y#s", "ws://a/b/c/g?y"),
            (";x", "ws://a/b/c/;x"),
            ("g;x", "ws://a/b/c/g;x"),
            ("g;x?y#s", "ws://a/b/c/g;x?y"),
            ("", "ws://a/b/c/d;p?q"),
            (".", "ws://a/b/c/"),
            ("./", "ws://a/b/c/"),
            ("..", "ws://a/b/"),
            ("../", "ws://a/b/"),
            ("../g", "ws://a/b/g"),
            ("../..", "ws://a/"),
            ("../../", "ws://a/"),
            ("../../g", "ws://a/g"),
            ("../../../g", "ws://a/g"),
            ("../../../../g", "ws://a/g"),
            ("/./g", "ws://a/g"),
            ("/../g", "ws://a/g"),
            ("g.", "ws://a/b/c/g."),
            (".g", "ws://a/b/c/.g"),
            ("g..", "ws://a/b/c/g.."),
            ("..g", "ws://a/b/c/..g"),
            ("./../g", "ws://a/b/g"),
            ("./g/.", "ws://a/b/c/g/"),
            ("g/./h", "ws://a/b/c/g/h"),
            ("g/../h", "ws://a/b/c/h"),
            ("g;x=1/./y", "ws://a/b/c/g;x=1/y"),
            ("g;x=1/../y", "ws://a/b/c/y"),
            ("g?y/./x", "ws://a/b/c/g?y/./x"),
            ("g?y/../x", "ws://a/b/c/g?y/../x"),
            ("g#s/./x", "ws://a/b/c/g"),
            ("g#s/../x", "ws://a/b/c/g"),
        ] {
            assert_eq!(resolved("http://a/b/c/d;p?q", location).as_deref(), Ok(expected), "{location}");
        }
        for location in ["g:h", "http:g"] {
            assert_eq!(resolved("http://a/b/c/d;p?q", location), Err(RedirectError::Invalid), "{location}");
        }
    }

    #[test]
    fn references_of_every_form_are_resolved() {
        for (base, location, expected) in [
            // Schemes.
            ("ws://a/", "http://b/x", "ws://b/x"),
            ("ws://a/", "HTTPS://b/x", "wss://b/x"),
            ("wss://a/", "https://b:8443/x?y", "wss://b:8443/x?y"),
            ("wss://a/", "WSS://b", "wss://b"),
            ("wss://a/", "//b:443/x", "wss://b:443/x"),
            ("https://a/", "/x", "wss://a/x"),
            // Authorities.
            ("ws://a:9001/b", "c", "ws://a:9001/c"),
            ("ws://[::1]:9001/b", "?c", "ws://[::1]:9001/b?c"),
            ("ws://a/", "//[::1]:9001", "ws://[::1]:9001"),
            ("ws://a/", "//b?x:y@z", "ws://b?x:y@z"),
            ("ws://a/", "//b/../../c/./d/..", "ws://b/c/"),
            // Bases without a path, or a query.
            ("ws://a", "", "ws://a/"),
            ("ws://a", "b", "ws://a/b"),
            ("ws://a?q", "", "ws://a?q"),
            ("ws://a?q", "?r", "ws://a?r"),
            ("ws://a?q", "b", "ws://a/b"),
            ("ws://a?q/r", "b", "ws://a/b"),
            ("ws://a/b?q/r", "c", "ws://a/c"),
            // An empty query is a query.
            ("ws://a/b?q", "?", "ws://a/b?"),
            ("ws://a/b?q", "#", "ws://a/b?q"),
            ("ws://a/b?q", "#?/:@", "ws://a/b?q"),
            // A base's dot segments stay only if its path stays.
            ("ws://a/b/../c", "", "ws://a/b/../c"),
            ("ws://a/b/../c", "d", "ws://a/d"),
            // Empty segments are segments.
            ("ws://a//", "b", "ws://a//b"),
            ("ws://a/b//c", "../d", "ws://a/b/d"),
            ("ws://a/", "/b//../c", "ws://a/b/c"),
            ("ws://a/", "/.//b", "ws://a//b"),
            ("ws://a/b/c", "..//d", "ws://a//d"),
            // Colons and marks that are not the scheme's.
            ("ws://a/b", "./c:d", "ws://a/c:d"),
            ("ws://a/b", "/c:d", "ws://a/c:d"),
            ("ws://a/b", "?c:d", "ws://a/b?c:d"),
            ("ws://a/b", "c?d?e", "ws://a/c?d?e"),
            // Percent-encoded dots are no dot segments (RFC 3986 has no decoding before §5.2.4).
            ("ws://a/b/c", "%2e%2e/d", "ws://a/b/%2e%2e/d"),
        ] {
            assert_eq!(resolved(base, location).as_deref(), Ok(expected), "{location} from {base}");
        }
    }

    #[test]
    fn redirect_from_wss_to_ws_is_refused() {
        for base in ["wss://a/", "https://a/"] {
            for location in ["ws://a/", "http://a/", "HTTP://b", "Ws://b/", "http:x", "http://u@b/"] {
                assert_eq!(resolved(base, location), Err(RedirectError::Insecure), "{location} from {base}");
            }
        }
        assert_eq!(resolved("ws://a/", "ws://b/").as_deref(), Ok("ws://b/"));
    }

    #[test]
    fn redirect_to_user_information_is_refused() {
        for location in ["ws://user@b/", "wss://user:pass@b", "//a@b/", "//@b/", "https://u:p@a?x"] {
            assert_eq!(resolved("ws://a/", location), Err(RedirectError::UserInformation), "{location}");
        }
    }

    #[test]
    fn what_is_no_url_for_a_websocket_is_refused() {
        for location in [
            "ftp://b/",
            "mailto:a@b",
            "b.example:8080/x",
            "ws:",
            "ws:/x",
            "wss:?x",
            "ws://",
            "///x",
            "//",
            "//?x",
            "//:80/",
            "//b:0/",
            "//b:65536",
            "//b c/",
            "//[::1",
            "/a b",
            "/a\tb",
            "/a\r\nb",
            "/\u{e4}",
            "/?\u{7f}",
            ":x",
            "1:x",
            " /x",
        ] {
            assert_eq!(resolved("ws://a/b", location), Err(RedirectError::Invalid), "{location:?}");
        }
        let base = Url::parse("ws://a/b").unwrap();
        assert_eq!(resolve(&base, b"/\xFF", &mut [0; 100]), Err(RedirectError::Invalid));
    }

    #[test]
    fn the_room_that_the_documentation_names_suffices_and_less_than_the_result_does_not() {
        let bases = ["ws://a", "wss://a:1/b/c/d?q", "ws://a?b", "ws://a/b/../c/"].map(|base| Url::parse(base).unwrap());
        for base in &bases {
            for location in ["", "x", "/x/y", "../../x/../y?z", "//b", "//b/..", "wss://c/./d", "?", "#", "https://c"] {
                let room = 8 + base.authority().len() + base.target().len() + location.len();
                let mut out = [0; 100];
                let len = resolve(base, location.as_bytes(), &mut out[..room]).unwrap().len();
                for less in 0..len {
                    assert_eq!(resolve(base, location.as_bytes(), &mut out[..less]), Err(RedirectError::TooLong), "{location}");
                }
            }
        }
    }

    #[test]
    fn errors_are_sentences_in_lower_case() {
        use RedirectError as E;
        let texts = [E::Insecure, E::UserInformation, E::Invalid, E::TooLong, E::TooMany].map(|error| std::format!("{error}"));
        for text in &texts {
            assert!(text.starts_with(char::is_lowercase) && !text.ends_with('.'), "{text}");
        }
        assert_eq!(texts.iter().collect::<std::collections::BTreeSet<_>>().len(), texts.len());
    }

    /// Against §5.2.4 as it is printed, with its two buffers, over every path of up to five parts.
    #[test]
    fn dot_segments_are_removed_as_by_the_algorithm_of_the_rfc() {
        let parts = ["/", ".", "..", "a", "/..", "/b"];
        let mut paths = std::vec![String::from("/")];
        for _ in 0..5 {
            let longer: Vec<String> = paths.iter().flat_map(|path| parts.map(|part| std::format!("{path}{part}"))).collect();
            for path in &longer {
                // Two slashes at the start would be an authority.
                let location = std::format!("//h{path}");
                let expected = std::format!("ws://h{}", as_printed(path));
                assert_eq!(resolved("ws://a/b", &location), Ok(expected), "{path}");
            }
            paths = longer;
        }
    }

    fn as_printed(path: &str) -> String {
        let (mut input, mut output) = (String::from(path), String::new());
        while !input.is_empty() {
            if input.starts_with("../") || input.starts_with("./") {
                input = String::from(input.split_once('/').unwrap().1);
            } else if input.starts_with("/./") || input == "/." {
                input = std::format!("/{}", input.get(3..).unwrap_or(""));
            } else if input.starts_with("/../") || input == "/.." {
                input = std::format!("/{}", input.get(4..).unwrap_or(""));
                output.truncate(output.rfind('/').unwrap_or(0));
            } else if input == "." || input == ".." {
                input.clear();
            } else {
                let end = input[1..].find('/').map_or(input.len(), |at| at + 1);
                output.extend(input.drain(..end));
            }
        }
        output
    }
}
