//! URLs, cut by the library and a second time here, and a trip of the parts through a request.

use crate::support::entropy::Counter;
use crate::support::{DEFAULT, ms};
use sansocket::{ClientRequest, Connection, Request, Url};

/// A text that may be a URL.
pub fn url(&text: &&str) {
    let cut = naive(text);
    let url = match (Url::parse(text), &cut) {
        (Ok(url), Some(_)) => url,
        (Err(_), None) => return,
        (url, cut) => panic!("{url:?}, expected {cut:?}"),
    };
    let parts = (url.is_secure(), url.host().to_string(), url.port(), url.target().to_string());
    assert_eq!(Some(parts), cut);
    // The parts are the text again, except for a default port and a missing path.
    let (_, rest) = text.split_once("://").unwrap();
    assert!(rest.starts_with(url.authority()));
    assert!(rest.ends_with(url.target()) || url.target() == "/");
    let port = rest[url.authority().len()..].strip_suffix(url.target()).unwrap_or(&rest[url.authority().len()..]);
    let default = if url.is_secure() { "443" } else { "80" };
    let digits = port.strip_prefix(':').unwrap_or(port).trim_start_matches('0');
    assert!(digits.is_empty() || digits == default, "{port} is lost");

    // The parts of a URL can always be sent in a request, and a server reads them back.
    let mut out = vec![0; text.len() + 400];
    let mut client = Connection::client(&DEFAULT, Counter::default(), ms(0));
    let len = client.request(&ClientRequest::new(url.authority(), url.target()), ms(0), &mut out).unwrap();
    let config = DEFAULT.max_head_len(u32::MAX).max_target_len(u32::MAX);
    let request = Request::parse(&out[..len], &config).unwrap().unwrap();
    assert_eq!(request.host(), Some(url.authority().as_bytes()));
    let target = request.target();
    assert!(target == url.target() || target.strip_prefix('/') == Some(url.target()), "{target}");
}

/// RFC 3986 by hand, without what §3 and the library's documentation exclude: secure, host, port and target.
fn naive(text: &str) -> Option<(bool, String, u16, String)> {
    let (scheme, rest) = text.split_once("://")?;
    let is_secure = match &*scheme.to_ascii_lowercase() {
        "ws" | "http" => false,
        "wss" | "https" => true,
        _ => return None,
    };
    if !rest.chars().all(|c| c.is_ascii_graphic() && c != '#') {
        return None;
    }
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, target) = rest.split_at(end);
    let (host, port) = match authority.strip_prefix('[') {
        Some(inside) => {
            let (address, rest) = inside.split_once(']')?;
            let good = address.parse::<std::net::Ipv6Addr>().is_ok();
            let port = if rest.is_empty() { "" } else { rest.strip_prefix(':')? };
            (good.then_some(address)?, port)
        }
        None => {
            let (name, port) = authority.split_once(':').unwrap_or((authority, ""));
            let good = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "-._~".contains(c));
            (good.then_some(name)?, port)
        }
    };
    let port = match port {
        "" if is_secure => 443,
        "" => 80,
        digits if digits.chars().all(|c| c.is_ascii_digit()) => digits.parse().ok().filter(|&port| port > 0)?,
        _ => return None,
    };
    Some((is_secure, host.into(), port, if target.is_empty() { "/" } else { target }.into()))
}
