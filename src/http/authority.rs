//! RFC 3986 §3.2, RFC 9110 §7.2: the authority of a URI, as in Host and in request targets: `uri-host [ ":" port ]`.

use crate::http::run::name_run;
use crate::http::token::Alphabet;

/// A host and its port, checked.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Authority<'a> {
    /// A name, an IPv4 address, or an IP literal in its brackets; never empty.
    pub(crate) host: &'a [u8],
    /// `None` if it is absent, or only its colon is there (RFC 3986 §3.2.3).
    pub(crate) port: Option<u16>,
}

impl<'a> Authority<'a> {
    /// Reads `value`; `None` if it is not an authority, or one with user information.
    ///
    /// Two policies: a host must not be empty, since no URI of ours has such a host (RFC 9110 §4.2.1); and a port above 65535,
    /// which the grammar allows, is refused.
    pub(crate) fn parse(value: &'a [u8]) -> Option<Self> {
        let (host, rest) = value.split_at_checked(host_len(value)).filter(|(host, _)| !host.is_empty())?;
        let port = match rest {
            [] | [b':'] => None,
            [b':', digits @ ..] => Some(port_of(digits)?),
            _ => return None,
        };
        Some(Self { host, port })
    }

    /// The port, or `default` if there is none (RFC 3986 §6.2.3).
    pub(crate) fn port_or(self, default: u16) -> u16 {
        self.port.unwrap_or(default)
    }
}

/// A port in decimal digits, at most 65535.
pub(crate) fn port_of(digits: &[u8]) -> Option<u16> {
    digits.iter().try_fold(0_u16, |value, digit| {
        let digit = digit.is_ascii_digit().then(|| digit.wrapping_sub(b'0'))?;
        value.checked_mul(10)?.checked_add(u16::from(digit))
    })
}

/// How many bytes at the start of `value` are a host (RFC 3986 §3.2.2): an IP literal or a registered name, whose grammar covers IPv4
/// addresses.
fn host_len(value: &[u8]) -> usize {
    if value.first() != Some(&b'[') {
        return reg_name_len(value);
    }
    let len = value.iter().position(|&byte| byte == b']').map_or(0, |end| end.saturating_add(1));
    let is_literal = match value.get(..len).unwrap_or_default() {
        [b'[', b'v' | b'V', rest @ .., b']'] => is_ip_future(rest),
        [b'[', address @ .., b']'] => is_ipv6(address),
        _ => false,
    };
    if is_literal { len } else { 0 }
}

/// `*( unreserved / pct-encoded / sub-delims )`
fn reg_name_len(value: &[u8]) -> usize {
    let mut rest = value;
    loop {
        rest = rest.get(name_run(rest, is_unreserved_or_sub_delim)..).unwrap_or_default();
        match rest {
            [b'%', high, low, after @ ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => rest = after,
            _ => return value.len().wrapping_sub(rest.len()),
        }
    }
}

/// What follows the `v`: `1*HEXDIG "." 1*( unreserved / sub-delims / ":" )`
fn is_ip_future(rest: &[u8]) -> bool {
    let version = rest.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    match rest.get(version..) {
        Some([b'.', address @ ..]) if version > 0 && !address.is_empty() => {
            address.iter().all(|&byte| byte == b':' || is_unreserved_or_sub_delim(byte))
        }
        _ => false,
    }
}

/// An IPv6 address without its brackets. A zone identifier has meaning on its own host only and is never sent (RFC 6874 §4).
pub(crate) fn is_ipv6(address: &[u8]) -> bool {
    let (before, after) = match address.windows(2).position(|pair| pair == b"::") {
        Some(at) => {
            let (before, after) = address.split_at_checked(at).unwrap_or_default();
            (before, after.get(2..))
        }
        None => (address, None),
    };
    // An IPv4 address may stand at the very end.
    let before = groups(before, after.is_none());
    match after {
        None => before == Some(8),
        // Two colons stand for at least one group.
        Some(after) => before.zip(groups(after, true)).is_some_and(|(before, after)| before.saturating_add(after) <= 7),
    }
}

/// How many groups of 16 bits `text` has: 0 if it is empty.
fn groups(text: &[u8], may_end_in_ipv4: bool) -> Option<usize> {
    if text.is_empty() {
        return Some(0);
    }
    let mut parts = text.split(|&byte| byte == b':').peekable();
    let mut count = 0_usize;
    while let Some(part) = parts.next() {
        let is_group = (1..=4).contains(&part.len()) && part.iter().all(u8::is_ascii_hexdigit);
        count = match is_group {
            true => count.saturating_add(1),
            false if may_end_in_ipv4 && parts.peek().is_none() && is_ipv4(part) => count.saturating_add(2),
            false => return None,
        };
    }
    Some(count)
}

/// Four numbers up to 255 without leading zeros.
fn is_ipv4(address: &[u8]) -> bool {
    let mut parts = 0_usize;
    let is_byte = |part: &[u8]| match part {
        [b'0', _, ..] | [] => false,
        digits => digits.len() <= 3 && port_of(digits).is_some_and(|value| value <= 255),
    };
    address.split(|&byte| byte == b'.').all(|part| {
        parts = parts.saturating_add(1);
        is_byte(part)
    }) && parts == 4
}

fn is_unreserved_or_sub_delim(byte: u8) -> bool {
    const ALLOWED: Alphabet = Alphabet::with(b"-._~!$&'()*+,;=");
    ALLOWED.has(byte)
}

#[cfg(test)]
mod tests {
    use core::net::Ipv6Addr;
    use std::string::String;
    use std::vec::Vec;

    use super::{Authority, is_ipv6};

    fn is_uri_host(text: &[u8]) -> bool {
        Authority::parse(text).is_some_and(|authority| authority.host == text)
    }

    fn is_authority(text: &str) -> bool {
        Authority::parse(text.as_bytes()).is_some()
    }

    /// W2, HT-06: the grammar at its edges, and both policies.
    #[test]
    fn authorities_are_those_of_rfc_3986() {
        for good in [
            "h",
            "h:",
            "h:0",
            "h:80",
            "h:0080",
            "h:65535",
            "a.b-c_d~e",
            "127.0.0.1:9001",
            "1.2.3.4.5",
            "%41%zz".get(..3).unwrap(),
            "a!$&'()*+,;=b",
            "[::1]",
            "[::1]:",
            "[::1]:9001",
            "[v1.x:y]",
            "[V7f.a]:1",
            "[::ffff:1.2.3.4]",
        ] {
            assert!(is_authority(good), "{good}");
        }
        for bad in [
            "",
            ":",
            ":80",
            "::1",
            "a]b[c",
            "h:abc",
            "h:+1",
            "h:-1",
            "h: 1",
            "[]",
            "[]:1",
            "[::1",
            "::1]",
            "[::1]x",
            "[::1]80",
            "[[::1]]",
            "%zz",
            "%4",
            "%",
            "a%4g",
            "host:65536",
            "host:99999999999999999999",
            "a:1:2",
            "u@h",
            "a/b",
            "a?b",
            "a#b",
            "a b",
            "a\\b",
            "a|b",
            "\u{e4}",
            "[fe80::1%25eth0]",
            "[fe80::1%eth0]",
            "[v1.]",
            "[v.x]",
            "[vg.x]",
            "[1.2.3.4]",
            "[h]",
        ] {
            assert!(!is_authority(bad), "{bad}");
        }
    }

    /// W2: each byte by itself, alone, inside a name and inside a port, against the character classes of RFC 3986 written out.
    #[test]
    fn every_byte_in_a_name_and_in_a_port() {
        let classes = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~!$&'()*+,;=";
        for byte in 0..=u8::MAX {
            let in_name = classes.as_bytes().contains(&byte);
            assert_eq!(is_uri_host(&[byte]), in_name, "{byte:#x}");
            assert_eq!(is_uri_host(&[b'a', byte, b'b']), in_name, "{byte:#x}");
            // A colon starts the port, which may be empty.
            assert_eq!(Authority::parse(&[b'a', byte]).is_some(), in_name || byte == b':', "{byte:#x}");
            assert_eq!(Authority::parse(&[b'a', b':', byte]).is_some(), byte.is_ascii_digit(), "{byte:#x}");
            let hex = byte.is_ascii_hexdigit();
            assert_eq!(is_uri_host(&[b'%', byte, b'0']), hex, "{byte:#x}");
            assert_eq!(is_uri_host(&[b'%', b'0', byte]), hex, "{byte:#x}");
        }
    }

    #[test]
    fn every_port_and_what_lies_beyond() {
        for port in 0..=70_000_u32 {
            let text = std::format!("h:{port}");
            let read = Authority::parse(text.as_bytes()).and_then(|authority| authority.port);
            assert_eq!(read, u16::try_from(port).ok(), "{text}");
        }
    }

    /// W2u: every text of up to four pieces that addresses are made of, against core's parser.
    #[test]
    fn ipv6_addresses_are_those_of_core() {
        let pieces = [":", "::", "1:", "abcd", "12345", "g", "1.2.3.4", "256.1.1.1", "01.2.3.4", "0:0:0", ".", "%1"];
        let mut texts: Vec<String> = [String::new()].into();
        let mut from = 0;
        for _ in 0..4 {
            let until = texts.len();
            for at in from..until {
                for piece in pieces {
                    texts.push(std::format!("{}{piece}", texts[at]));
                }
            }
            from = until;
        }
        let mut right = 0;
        for text in &texts {
            let expected = text.parse::<Ipv6Addr>().is_ok();
            right += usize::from(expected);
            assert_eq!(is_ipv6(text.as_bytes()), expected, "{text}");
        }
        assert!(right > 50, "only {right} addresses among {}", texts.len());
    }
}
