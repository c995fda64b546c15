//! Heads for the wire; SHA-1 and base64 by their crates, and the grammar of RFC 3986, 9110 and 9112 once more, independent of the
//! library.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sansocket::Role;
use sha1_smol::Sha1;

pub(crate) const HOST: &str = "example.com";

/// The key of §1.3.
pub(crate) const RFC_KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";

pub(crate) const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// The key of a client under test: its entropy begins with 1, 2, 3.
pub(crate) fn client_key() -> String {
    base64(&core::array::from_fn::<u8, 16, _>(|i| i as u8 + 1))
}

/// A valid opening handshake, line by line; lines may be replaced before they are joined.
pub(crate) const REQUEST: [&str; 6] = [
    "GET /chat HTTP/1.1",
    "Host: example.com",
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version: 13",
];

/// A valid request with further header lines.
pub(crate) fn request_with(more: &[&str]) -> Vec<u8> {
    head(&[&REQUEST[..], more].concat())
}

/// A valid request with its line `index` replaced, or left out if that is empty.
pub(crate) fn request_but(index: usize, line: &str) -> Vec<u8> {
    let mut lines = REQUEST.to_vec();
    if line.is_empty() {
        lines.remove(index);
    } else {
        lines[index] = line;
    }
    head(&lines)
}

/// The good response to a client under test, with further header lines.
pub(crate) fn response_with(more: &[&str]) -> Vec<u8> {
    let accept = format!("Sec-WebSocket-Accept: {}", accept_of(&client_key()));
    let lines = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade", &accept];
    head(&[&lines[..], more].concat())
}

/// As `request_but`, for the response.
pub(crate) fn response_but(index: usize, line: &str) -> Vec<u8> {
    let text = String::from_utf8(response_with(&[])).unwrap();
    let mut lines: Vec<_> = text.trim_end().split("\r\n").collect();
    if line.is_empty() {
        lines.remove(index);
    } else {
        lines[index] = line;
    }
    head(&lines)
}

/// The head that opens a connection for `receiver`.
pub(crate) fn good_head_to(receiver: Role) -> Vec<u8> {
    match receiver {
        Role::Client => response_with(&[]),
        Role::Server => request_with(&[]),
    }
}

pub(crate) fn head(lines: &[&str]) -> Vec<u8> {
    (lines.join("\r\n") + "\r\n\r\n").into_bytes()
}

/// §4.2.2.
pub(crate) fn accept_of(key: &str) -> String {
    base64(&sha1(format!("{key}{GUID}").as_bytes()))
}

/// The status of an HTTP response.
pub(crate) fn status_of(output: &[u8]) -> u16 {
    let text = String::from_utf8_lossy(output);
    assert!(text.starts_with("HTTP/1.1 ") && text.contains("\r\n\r\n"), "no response: {text}");
    text[9..12].parse().unwrap()
}

pub(crate) fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

pub(crate) fn sha1(bytes: &[u8]) -> [u8; 20] {
    Sha1::from(bytes).digest().bytes()
}

/// RFC 9110 §7.2, RFC 3986 §3.2: `uri-host [ ":" port ]`, with our two policies: no empty host, no port above 65535.
pub(crate) fn is_authority(text: &str) -> bool {
    let (host, port) = match text.rfind(':') {
        Some(colon) if !text[colon..].contains(']') => (&text[..colon], &text[colon + 1..]),
        _ => (text, ""),
    };
    let is_port =
        port.chars().all(|c| c.is_ascii_digit()) && (port.is_empty() || port.parse::<u128>().is_ok_and(|port| port < 65_536));
    let literal = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    is_port
        && literal
            .map_or_else(|| is_reg_name(host), |literal| literal.parse::<std::net::Ipv6Addr>().is_ok() || is_ip_future(literal))
}

const UNRESERVED_AND_SUB_DELIMS: &str = "-._~!$&'()*+,;=";

fn is_reg_name(name: &str) -> bool {
    let mut chars = name.chars();
    while let Some(c) = chars.next() {
        let escaped = c == '%' && (0..2).all(|_| chars.next().is_some_and(|c| c.is_ascii_hexdigit()));
        if !escaped && !c.is_ascii_alphanumeric() && !UNRESERVED_AND_SUB_DELIMS.contains(c) {
            return false;
        }
    }
    !name.is_empty()
}

fn is_ip_future(text: &str) -> bool {
    let parts = text.strip_prefix(['v', 'V']).and_then(|text| text.split_once('.'));
    parts.is_some_and(|(version, address)| {
        let allowed = |c: char| c.is_ascii_alphanumeric() || c == ':' || UNRESERVED_AND_SUB_DELIMS.contains(c);
        !version.is_empty()
            && version.chars().all(|c| c.is_ascii_hexdigit())
            && !address.is_empty()
            && address.chars().all(allowed)
    })
}

/// RFC 9112 §3.2, with our policies: raw visible ASCII is taken as browsers send it, and an absolute target has an authority.
pub(crate) fn is_request_target(method: &str, target: &str) -> bool {
    if !target.chars().all(|c| ('!'..='~').contains(&c) && c != '#') {
        return false;
    }
    match method {
        "CONNECT" => is_authority(target) && target.ends_with(|c: char| c.is_ascii_digit()) && target.contains(':'),
        "OPTIONS" if target == "*" => true,
        _ if target.starts_with('/') => true,
        _ => target.split_once("://").is_some_and(|(scheme, rest)| {
            let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
                && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
            is_scheme && is_authority(rest.split(['/', '?']).next().unwrap())
        }),
    }
}

/// RFC 9112 §6.3, with our policies: whether the lines of Content-Length and Transfer-Encoding say where a request ends.
pub(crate) fn is_body_length(lens: &[&str], codings: &[&str], modern: bool) -> bool {
    let is_number = |len: &&str| !len.is_empty() && len.chars().all(|c| c.is_ascii_digit()) && len.parse::<u64>().is_ok();
    let numbers: Vec<u64> = lens.iter().filter(|len| is_number(len)).map(|len| len.parse().unwrap()).collect();
    if codings.is_empty() {
        return numbers.len() == lens.len() && numbers.windows(2).all(|pair| pair[0] == pair[1]);
    }
    let codings = codings.join(",").to_ascii_lowercase();
    let codings: Vec<_> =
        codings.split(',').map(|coding| coding.trim_matches([' ', '\t'])).filter(|coding| !coding.is_empty()).collect();
    let chunked = codings.iter().position(|&coding| coding == "chunked");
    modern && lens.is_empty() && chunked.is_some() && chunked == codings.len().checked_sub(1)
}

/// RFC 9110 §7.6.1, §7.8: the members of Connection are tokens, those of Upgrade tokens with an optional version.
pub(crate) fn is_list_of_options(value: &str, with_versions: bool) -> bool {
    let token = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c));
    value.split(',').map(|member| member.trim_matches([' ', '\t'])).filter(|member| !member.is_empty()).all(|member| match member
        .split_once('/')
    {
        Some((name, version)) => with_versions && token(name) && token(version),
        None => token(member),
    })
}
