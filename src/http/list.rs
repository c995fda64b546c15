//! Lists in header values (RFC 9110 §5.6.1): members separated by commas, empty ones tolerated.

use crate::http::run::{is_token, token_run};

/// The members of a list of tokens in one header value, such as offered subprotocols.
#[derive(Clone, Copy)]
pub struct Tokens<'a> {
    rest: &'a [u8],
}

/// Does not show the tokens: some clients send credentials as a subprotocol (§10.6).
impl core::fmt::Debug for Tokens<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Tokens").finish_non_exhaustive()
    }
}

impl<'a> Tokens<'a> {
    /// The members of the list in `value`, up to the first that is not a token.
    pub const fn of(value: &'a [u8]) -> Self {
        Self { rest: value }
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        while !self.rest.is_empty() {
            let end = self.rest.iter().position(|&byte| byte == b',').unwrap_or(self.rest.len());
            let (member, rest) = self.rest.split_at_checked(end)?;
            self.rest = rest.get(1..).unwrap_or_default();
            let member = member.trim_ascii();
            if is_token(member) {
                return core::str::from_utf8(member).ok();
            }
            if !member.is_empty() {
                self.rest = &[];
            }
        }
        None
    }
}

impl core::iter::FusedIterator for Tokens<'_> {}

/// The members of the list in `value`, without the empty ones. They may be anything.
pub(crate) fn members(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|&byte| byte == b',').map(<[u8]>::trim_ascii).filter(|member| !member.is_empty())
}

/// Whether the list in `value` names `token`, compared without regard to case; `None` if some member is not a token. RFC 9110 §7.6.1: the
/// members of Connection are tokens; §7.8: those of Upgrade may have a version after a `/`, which makes them other names.
#[inline(never)]
pub(crate) fn lists(value: &[u8], token: &[u8], with_versions: bool) -> Option<bool> {
    members(value).try_fold(false, |found, member| {
        let (name, version) = member.split_at_checked(token_run(member))?;
        let has_version = with_versions && version.strip_prefix(b"/").is_some_and(is_token);
        let is_right = !name.is_empty() && (version.is_empty() || has_version);
        is_right.then(|| found || member.eq_ignore_ascii_case(token))
    })
}

/// How many tokens the list in `value` has; `None` if some member is not a token. A name that a client repeats, which §4.1 of RFC
/// 6455 forbids, does no harm here.
#[inline(never)]
pub(crate) fn count_tokens(value: &[u8]) -> Option<usize> {
    members(value).try_fold(0_usize, |count, member| is_token(member).then(|| count.saturating_add(1)))
}

/// The position of `name` in `list`, counted from 0.
pub(crate) fn position(list: &str, name: &[u8]) -> Option<u8> {
    let mut index = 0_u8;
    for member in Tokens::of(list.as_bytes()) {
        if member.as_bytes() == name {
            return Some(index);
        }
        index = index.checked_add(1)?;
    }
    None
}

/// §4.1: whether the subprotocols of `list` are non-empty tokens, all distinct, with nothing but commas and blanks between them,
/// so that it can be written as it is. It may be empty, and has at most 64.
pub(crate) fn is_subprotocol_list(list: &str) -> bool {
    // It is written into a header line unchanged.
    if list.bytes().any(|byte| byte.is_ascii_control()) {
        return false;
    }
    let mut index = 0_u8;
    list.is_empty()
        || list.as_bytes().split(|&byte| byte == b',').map(<[u8]>::trim_ascii).all(|name| {
            let is_new = is_token(name) && position(list, name) == Some(index);
            index = index.saturating_add(1);
            is_new && index <= 64
        })
}

#[cfg(test)]
mod tests {
    use super::{Tokens, count_tokens, is_subprotocol_list, lists};

    /// HT-11, HC-13.
    #[test]
    fn lists_tolerate_empty_members_and_case() {
        let connection = |value: &[u8]| lists(value, b"upgrade", false);
        assert_eq!((connection(b"keep-alive, UPGRADE"), connection(b", ,upgrade")), (Some(true), Some(true)));
        assert_eq!((connection(b"upgraded"), connection(b""), connection(b"upgrade/1")), (Some(false), Some(false), None));
        assert!(Tokens::of(b" a,,b ,").eq(["a", "b"]));
        let mut tokens = Tokens::of(b"a, b c, d");
        assert_eq!((tokens.next(), tokens.next(), tokens.next()), (Some("a"), None, None));
        assert_eq!(
            (count_tokens(b"a, b"), count_tokens(b"a"), count_tokens(b", "), count_tokens(b"")),
            (Some(2), Some(1), Some(0), Some(0))
        );
        assert!(count_tokens(b"a b").is_none() && count_tokens(b"a, b c").is_none());
    }

    /// HS-03, HS-04, HT-11: what Connection and Upgrade may list.
    #[test]
    fn connection_and_upgrade_are_lists_of_tokens_and_protocols() {
        let (connection, upgrade) = (|value: &[u8]| lists(value, b"x", false), |value: &[u8]| lists(value, b"websocket", true));
        assert_eq!((connection(b""), connection(b", keep-alive,Upgrade ,X")), (Some(false), Some(true)));
        assert_eq!((upgrade(b"h2c, websocket/13,TLS/1.0"), upgrade(b"h2c,WebSocket")), (Some(false), Some(true)));
        for byte in 0..=u8::MAX {
            let is_tchar = byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
            let separates = byte == b',';
            assert_eq!(connection(&[b'a', byte, b'b']).is_some(), is_tchar || separates, "{byte:#x}");
            assert_eq!(upgrade(&[b'a', byte, b'b']).is_some(), is_tchar || separates || byte == b'/', "{byte:#x}");
        }
        for bad in [&b"/"[..], b"a/", b"/b", b"a/b/c", b"websocket, a b"] {
            assert_eq!(upgrade(bad), None, "{bad:?}");
        }
    }

    /// HC-08.
    #[test]
    fn subprotocol_lists_are_distinct_tokens() {
        assert!(is_subprotocol_list("") && is_subprotocol_list("chat") && is_subprotocol_list("chat, Chat,x"));
        assert!(!is_subprotocol_list("chat, chat") && !is_subprotocol_list("a,,b") && !is_subprotocol_list("a b"));
        for separator in "()<>@,;:\\\"/[]?={} \t".chars() {
            assert!(!is_subprotocol_list(&std::format!("a, {separator}")), "{separator:?}");
        }
    }
}
