//! RFC 9110 §9.3.6: an HTTP proxy, whether a connection goes through it, and the request that asks it for a tunnel.

use sansocket::Url;

use crate::address::{Address, is_ipv6};
use crate::append::{append, cut_at};
use crate::credentials::{CredentialsError, UserInfo, split_authority};

/// Why a text is not a proxy.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum ProxyError {
    /// Another scheme than `http`: a proxy that is itself reached over TLS (`https`), or one for SOCKS.
    UnsupportedScheme,
    /// The host is missing, or has a byte that no host has.
    InvalidHost,
    /// The port is not a number from 1 to 65535.
    InvalidPort,
    /// A path, a query or a fragment. A single `/` is no path.
    Path,
    /// The user information cannot be sent.
    Credentials(CredentialsError),
}

impl core::fmt::Display for ProxyError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::UnsupportedScheme => "the scheme of the proxy is not http",
            Self::InvalidHost => "the host of the proxy is missing or has a byte that no host has",
            Self::InvalidPort => "the port of the proxy is not a number from 1 to 65535",
            Self::Path => "a proxy has no path, query or fragment",
            Self::Credentials(error) => return core::fmt::Display::fmt(error, f),
        })
    }
}

impl core::error::Error for ProxyError {}

/// Why a request for a tunnel was not written.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum TunnelError {
    /// The host is empty, or has a byte that no host has.
    InvalidHost,
    /// The port is 0, which a proxy must reject (RFC 9110 §9.3.6).
    InvalidPort,
    /// The user information cannot be sent.
    Credentials(CredentialsError),
    /// The caller's buffer is too short.
    TooLong,
}

impl core::fmt::Display for TunnelError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::InvalidHost => "the host is missing or has a byte that no host has",
            Self::InvalidPort => "there is no port 0",
            Self::Credentials(error) => return core::fmt::Display::fmt(error, f),
            Self::TooLong => "the buffer is too short for the request",
        })
    }
}

impl core::error::Error for TunnelError {}

/// An HTTP proxy: where it is, and what it is told about who asks.
///
/// ```
/// use sansocket_session::Proxy;
/// let proxy = Proxy::parse("http://user:pass@proxy.example:3128")?;
/// assert_eq!((proxy.host(), proxy.port()), ("proxy.example", 3128));
/// assert!(proxy.user_info().is_some());
/// # Ok::<(), sansocket_session::ProxyError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Proxy<'a> {
    host: &'a str,
    port: u16,
    user_info: Option<UserInfo<'a>>,
}

impl<'a> Proxy<'a> {
    /// Reads `http://[user:password@]host[:port]`, with or without `http://`, and with or without a `/` at the end. The port is 80
    /// unless there is another, as for Go and Python; curl takes 1080 then, which is SOCKS's. User and password are percent-encoded.
    ///
    /// # Errors
    /// The first part that is wrong.
    pub fn parse(text: &'a str) -> Result<Self, ProxyError> {
        let (scheme, rest) = cut_at(text, b":/?#");
        let rest = match rest.strip_prefix("://") {
            Some(rest) if scheme.eq_ignore_ascii_case("http") => rest,
            Some(_) => return Err(ProxyError::UnsupportedScheme),
            None => text,
        };
        let (user_info, rest) = split_authority(rest);
        if let Some(user_info) = user_info {
            user_info.check().map_err(ProxyError::Credentials)?;
        }
        let (authority, path) = cut_at(rest, b"/?#");
        if !matches!(path, "" | "/") {
            return Err(ProxyError::Path);
        }
        let (host, port) = split_port(authority);
        let host = host_of(host).ok_or(ProxyError::InvalidHost)?;
        // RFC 3986 §3.2.3: a colon without a port stands for the default.
        let port = match port {
            None | Some("") => 80,
            Some(digits) => port_of(digits).ok_or(ProxyError::InvalidPort)?,
        };
        Ok(Self { host, port, user_info })
    }

    /// The proxy for `url` in an environment where `ALL_PROXY` is `all_proxy` and `NO_PROXY` is `no_proxy`; `None` if there is none.
    /// A variable that is not set is the same as an empty one. Which variables are read is the caller's decision.
    ///
    /// `no_proxy` lists hosts to be reached without the proxy. No standard says how; where programs differ, this is how it is read, and
    /// why:
    ///
    /// | an item | means | others |
    /// |---|---|---|
    /// | separators | commas, blanks, or both | Go and Python: commas only. curl: blanks too, in some versions |
    /// | `*` | every host | Go too. curl and Python only if the list has nothing else, and no host is called `*` |
    /// | `example.com` | the host, and every host whose name ends in `.example.com`; case is ignored, as is a dot at the end of either name | all |
    /// | `.example.com`, `*.example.com` | the same | curl and Python for the first. Go: subdomains only. Most who write the dot mean both |
    /// | `host:port` | only if the URL's port is this one | Go and Python. curl finds no host of that name |
    /// | `10.0.0.1`, `::1`, `[::1]`, `[::1]:80` | that address, in any spelling | Go has brackets only with a port, curl never. Python compares texts |
    /// | `10.0.0.0/8`, `fd00::/8` | the addresses of that network | Go, curl since 7.86. `/0` is all addresses, as in Go |
    ///
    /// Addresses are compared with a URL that has an address for its host: no name is looked up. An IPv4 address in an IPv6 one
    /// (`::ffff:10.0.0.1`) is that IPv4 address. `localhost` and its addresses are hosts like others: Go never uses a proxy for them,
    /// curl and Python do, and a list can name them. What cannot be read matches nothing.
    ///
    /// ```
    /// use sansocket::Url;
    /// use sansocket_session::Proxy;
    /// let no_proxy = "localhost, .example.com, 10.0.0.0/8";
    /// for (url, through_proxy) in [("wss://example.org/", true), ("wss://a.example.com/", false), ("ws://10.1.2.3/", false)] {
    ///     let proxy = Proxy::for_url(&Url::parse(url)?, "http://proxy.example:3128", no_proxy)?;
    ///     assert_eq!(proxy.is_some(), through_proxy);
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// The first part of `all_proxy` that is wrong, unless the URL is to be reached without it.
    pub fn for_url(url: &Url<'_>, all_proxy: &'a str, no_proxy: &str) -> Result<Option<Self>, ProxyError> {
        let all_proxy = all_proxy.trim_ascii();
        if all_proxy.is_empty() || is_listed(no_proxy, url) {
            return Ok(None);
        }
        Self::parse(all_proxy).map(Some)
    }

    /// The host to connect to; an IPv6 address without its brackets.
    pub const fn host(&self) -> &'a str {
        self.host
    }

    /// The port to connect to.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// What [`write_connect`] tells the proxy about who asks.
    pub const fn user_info(&self) -> Option<&UserInfo<'a>> {
        self.user_info.as_ref()
    }
}

/// Does not show the credentials.
impl core::fmt::Debug for Proxy<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Proxy").field("host", &self.host).field("port", &self.port).field("user_info", &self.user_info).finish()
    }
}

/// Writes to `out` the request for a tunnel to `host` and `port` (RFC 9110 §9.3.6), and returns its length. The proxy's answer is
/// read by [`Response::parse`](sansocket::Response::parse): any status 2xx means that the bytes after its head are the server's.
///
/// `host` is as [`Url::host`] has it, an IPv6 address without its brackets. Without `user_info` there is no Proxy-Authorization. `out`
/// is the caller's; after an error its content has no meaning, and it may hold a part of the credentials.
///
/// ```
/// use sansocket_session::{Proxy, write_connect};
/// let proxy = Proxy::parse("http://user:pass@proxy.example:3128")?;
/// let mut out = [0; 200];
/// let len = write_connect("example.com", 443, proxy.user_info(), &mut out)?;
/// assert_eq!(
///     out[..len],
///     *b"CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\nProxy-Authorization: Basic dXNlcjpwYXNz\r\n\r\n"
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// Any [`TunnelError`].
pub fn write_connect(host: &str, port: u16, user_info: Option<&UserInfo<'_>>, out: &mut [u8]) -> Result<usize, TunnelError> {
    let host = host_of(host).ok_or(TunnelError::InvalidHost)?;
    if port == 0 {
        return Err(TunnelError::InvalidPort);
    }
    let is_ipv6 = host.contains(':');
    let (left, right) = if is_ipv6 { ("[", "]:") } else { ("", ":") };
    let (digits, unused) = decimal(port);
    let port = digits.get(unused..).unwrap_or_default();
    // There is no default port here, and Host repeats the target (RFC 9112 §3.2).
    let authority = [left.as_bytes(), host.as_bytes(), right.as_bytes(), port];
    let parts = [&[&b"CONNECT "[..]], &authority[..], &[b" HTTP/1.1\r\nHost: "], &authority[..], &[b"\r\n"]];
    let mut parts = parts.into_iter().flatten();
    let mut len = parts.try_fold(0, |len, part| append(out, len, part)).ok_or(TunnelError::TooLong)?;
    if let Some(user_info) = user_info {
        len = append(out, len, b"Proxy-Authorization: ").ok_or(TunnelError::TooLong)?;
        let value = user_info.basic(out.get_mut(len..).unwrap_or_default()).map_err(|error| match error {
            CredentialsError::TooLong => TunnelError::TooLong,
            error => TunnelError::Credentials(error),
        })?;
        len = len.checked_add(value.len()).and_then(|len| append(out, len, b"\r\n")).ok_or(TunnelError::TooLong)?;
    }
    append(out, len, b"\r\n").ok_or(TunnelError::TooLong)
}

/// The decimal digits of `number` at the end of five bytes, and how many before them are unused.
fn decimal(number: u16) -> ([u8; 5], usize) {
    let (mut digits, mut unused, mut rest) = ([b'0'; 5], 5_usize, number);
    for digit in digits.iter_mut().rev() {
        let [low, _] = (rest % 10).to_le_bytes();
        *digit = b'0' | low;
        unused = unused.saturating_sub(1);
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    (digits, unused)
}

/// A name, an IPv4 address, or an IPv6 address with or without its brackets, which it loses; as [`Url`] takes it.
fn host_of(host: &str) -> Option<&str> {
    let in_brackets = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    if in_brackets.is_some() || host.contains(':') {
        return Some(in_brackets.unwrap_or(host)).filter(|address| is_ipv6(address));
    }
    let is_name = !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte));
    is_name.then_some(host)
}

/// Cuts the port off an authority. The colons of an IPv6 address are inside its brackets.
fn split_port(authority: &str) -> (&str, Option<&str>) {
    let bracket = authority.bytes().position(|byte| byte == b']').map_or(0, |end| end.saturating_add(1));
    let after = authority.get(bracket..).unwrap_or_default();
    let colon = after.bytes().position(|byte| byte == b':').and_then(|colon| colon.checked_add(bracket));
    match colon.and_then(|colon| authority.split_at_checked(colon)) {
        Some((host, port)) => (host, port.get(1..)),
        None => (authority, None),
    }
}

/// From 1 to 65535.
fn port_of(digits: &str) -> Option<u16> {
    let digits = Some(digits).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
    digits?.parse().ok().filter(|&port| port > 0)
}

/// Whether `no_proxy` names the host of `url`.
fn is_listed(no_proxy: &str, url: &Url<'_>) -> bool {
    let address = address_of(url.host());
    let mut items = no_proxy.split(|mark: char| mark == ',' || mark.is_ascii_whitespace());
    items.any(|item| {
        if let Some((network, bits)) = item.split_once('/') {
            return address.is_some_and(|address| is_in_network(address, network, bits));
        }
        // An IPv6 address without brackets has no port.
        let (host, port) = if is_ipv6(item) { (item, None) } else { split_port(item) };
        if port.is_some_and(|port| !port.is_empty() && port_of(port) != Some(url.port())) {
            return false;
        }
        match address {
            Some(address) => host == "*" || address_of(host) == Some(address),
            None => host == "*" || is_in_domain(url.host(), host),
        }
    })
}

/// An address, an IPv6 address with or without brackets.
fn address_of(host: &str) -> Option<Address> {
    let in_brackets = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let address = match in_brackets {
        Some(host) => Address::parse(host).filter(|address| matches!(address, Address::V6(_))),
        None => Address::parse(host),
    };
    address.map(Address::canonical)
}

/// Whether the first `bits` of both addresses are the same (RFC 4632 §3.1, RFC 4291 §2.3).
fn is_in_network(address: Address, network: &str, bits: &str) -> bool {
    let bits = bits.parse::<u32>().ok();
    let (differing, len) = match (address, Address::parse(network)) {
        (Address::V4(address), Some(Address::V4(network))) => (u128::from(address ^ network) << 96, 32),
        (Address::V6(address), Some(Address::V6(network))) => (address ^ network, 128),
        _ => return false,
    };
    bits.is_some_and(|bits| bits <= len && differing.leading_zeros() >= bits)
}

/// Whether `host` is `domain` or below it. Case is ignored, and so are a dot at the end of either, and a dot or `*.` before the domain.
fn is_in_domain(host: &str, domain: &str) -> bool {
    let domain = domain.strip_prefix('*').filter(|domain| domain.starts_with('.')).unwrap_or(domain);
    let domain = domain.strip_prefix('.').unwrap_or(domain);
    let without_dot = |name: &'_ str| name.strip_suffix('.').map_or(name.len(), str::len);
    let (host, domain) = (host.get(..without_dot(host)), domain.get(..without_dot(domain)));
    let (Some(host), Some(domain)) = (host, domain.filter(|domain| !domain.is_empty())) else { return false };
    let split = host.len().checked_sub(domain.len()).and_then(|at| host.split_at_checked(at));
    split.is_some_and(|(before, end)| end.eq_ignore_ascii_case(domain) && (before.is_empty() || before.ends_with('.')))
}

#[cfg(test)]
mod tests {
    use sansocket::{Config, Response, Url};
    use std::collections::BTreeSet;
    use std::format;
    use std::vec::Vec;

    use super::{Proxy, ProxyError, TunnelError, write_connect};
    use crate::credentials::{CredentialsError, UserInfo};

    #[test]
    fn proxies_are_cut_into_their_parts() {
        let info = |text| Some(UserInfo::of_url(text));
        for (text, host, port, user_info) in [
            ("http://proxy:3128", "proxy", 3128, None),
            ("proxy:3128", "proxy", 3128, None),
            ("HTTP://Proxy.example", "Proxy.example", 80, None),
            ("proxy", "proxy", 80, None),
            ("proxy:", "proxy", 80, None),
            ("http://proxy:3128/", "proxy", 3128, None),
            ("proxy/", "proxy", 80, None),
            ("http://127.0.0.1:8080", "127.0.0.1", 8080, None),
            ("http://[::1]:3128", "::1", 3128, None),
            ("[::1]", "::1", 80, None),
            ("http://user:pass@proxy:3128/", "proxy", 3128, info("user:pass")),
            ("user:p@ss@proxy", "proxy", 80, info("user:p@ss")),
            ("http://user@[::1]:65535", "::1", 65535, info("user")),
            ("http://@proxy", "proxy", 80, None),
        ] {
            let proxy = Proxy::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!((proxy.host(), proxy.port(), proxy.user_info()), (host, port, user_info.as_ref()), "{text}");
        }
    }

    #[test]
    fn what_is_no_http_proxy_is_refused_with_a_reason() {
        use ProxyError as E;
        for (text, error) in [
            ("https://proxy:3128", E::UnsupportedScheme),
            ("socks4://proxy", E::UnsupportedScheme),
            ("socks5h://proxy:1080", E::UnsupportedScheme),
            ("://proxy", E::UnsupportedScheme),
            ("", E::InvalidHost),
            ("http://", E::InvalidHost),
            ("http://:3128", E::InvalidHost),
            ("user:pass@", E::InvalidHost),
            ("http://pro xy", E::InvalidHost),
            ("http://pr\u{f6}xy", E::InvalidHost),
            ("http://[::1", E::InvalidHost),
            ("http://[::1]x:1", E::InvalidHost),
            ("http://[proxy]", E::InvalidHost),
            ("http://[127.0.0.1]", E::InvalidHost),
            ("http://[fe80::1%25eth0]", E::InvalidHost),
            ("proxy\r\nX: y", E::InvalidHost),
            ("http://::1", E::InvalidHost),
            ("proxy:0", E::InvalidPort),
            ("proxy:65536", E::InvalidPort),
            ("proxy:+1", E::InvalidPort),
            ("proxy:1:2", E::InvalidPort),
            ("proxy:http", E::InvalidPort),
            ("http://proxy/x", E::Path),
            ("http://proxy//", E::Path),
            ("http://proxy?x", E::Path),
            ("http://proxy/#", E::Path),
            ("http://us%3Aer:x@proxy", E::Credentials(CredentialsError::ColonInUser)),
            ("http://user:100%@proxy", E::Credentials(CredentialsError::InvalidPercentEncoding)),
            ("http://user:%0A@proxy", E::Credentials(CredentialsError::ControlCharacter)),
        ] {
            assert_eq!(Proxy::parse(text), Err(error), "{text}");
        }
    }

    fn goes_through(url: &str, no_proxy: &str) -> bool {
        Proxy::for_url(&Url::parse(url).unwrap(), "http://proxy:3128", no_proxy).unwrap().is_some()
    }

    #[test]
    fn hosts_that_are_listed_are_reached_without_the_proxy() {
        for (no_proxy, url) in [
            ("*", "ws://h/"),
            ("*", "ws://[::1]/"),
            ("a,*", "ws://h/"),
            ("example.com", "ws://example.com/"),
            ("example.com", "ws://a.b.example.com/"),
            ("EXAMPLE.com", "ws://A.Example.COM/"),
            (".example.com", "ws://example.com/"),
            (".example.com", "ws://a.example.com/"),
            ("*.example.com", "ws://a.example.com/"),
            ("example.com.", "ws://a.example.com/"),
            ("example.com", "ws://a.example.com./"),
            (".example.com.", "ws://example.com./"),
            ("com", "ws://example.com/"),
            ("localhost", "ws://localhost:9001/"),
            // Separators.
            ("a,b", "ws://b/"),
            ("a b", "ws://b/"),
            (" a ,\tb\n", "ws://b/"),
            (",,b,,", "ws://b/"),
            // Ports.
            ("h:80", "ws://h/"),
            ("h:443", "wss://h/"),
            ("h:9001", "wss://a.h:9001/"),
            ("*:9001", "ws://h:9001/"),
            ("h:", "ws://h:9001/"),
            // Addresses.
            ("10.0.0.1", "ws://10.0.0.1/"),
            ("10.0.0.1:9001", "ws://10.0.0.1:9001/"),
            ("::1", "ws://[::1]:9001/"),
            ("[::1]", "ws://[::1]:9001/"),
            ("[::1]:9001", "ws://[::1]:9001/"),
            ("0:0:0::0:1", "ws://[::1]/"),
            ("2001:DB8::1", "ws://[2001:db8:0::1]/"),
            ("10.0.0.1", "ws://[::ffff:10.0.0.1]/"),
            ("::ffff:10.0.0.1", "ws://10.0.0.1/"),
            // Networks.
            ("10.0.0.0/8", "ws://10.255.0.1/"),
            ("10.1.2.3/8", "ws://10.255.0.1/"),
            ("192.168.2.128/25", "ws://192.168.2.128/"),
            ("10.0.0.1/32", "ws://10.0.0.1/"),
            ("0.0.0.0/0", "ws://203.0.113.9/"),
            ("10.0.0.0/8", "ws://[::ffff:10.0.0.1]/"),
            ("fd00::/8", "ws://[fdff::1]/"),
            ("fe80::/10", "ws://[febf::1]/"),
            ("::1/128", "ws://[::1]/"),
            ("::/0", "ws://[2001:db8::1]/"),
            ("a, 127.0.0.0/8 ,b", "ws://127.9.9.9/"),
        ] {
            assert!(!goes_through(url, no_proxy), "{url} and {no_proxy:?}");
        }
    }

    #[test]
    fn hosts_that_are_not_listed_are_reached_through_the_proxy() {
        for (no_proxy, url) in [
            ("", "ws://h/"),
            (" , ", "ws://h/"),
            ("example.com", "ws://notexample.com/"),
            ("example.com", "ws://example.com.evil/"),
            ("a.example.com", "ws://example.com/"),
            ("*example.com", "ws://notexample.com/"),
            ("ex*", "ws://example.com/"),
            ("**", "ws://h/"),
            (".", "ws://h/"),
            (".", "ws://h./"),
            ("*.", "ws://h./"),
            ("..com", "ws://example.com/"),
            ("localhost", "ws://127.0.0.1/"),
            ("", "ws://localhost/"),
            // Ports.
            ("h:81", "ws://h/"),
            ("h:80", "wss://h/"),
            ("h:x", "ws://h/"),
            ("h:080x", "ws://h/"),
            (":80", "ws://h/"),
            ("[::1]:9001", "ws://[::1]/"),
            // Addresses are no names, nor parts of one another.
            ("0.0.1", "ws://10.0.0.1/"),
            ("1", "ws://10.0.0.1/"),
            ("10.0.0.10", "ws://10.0.0.1/"),
            ("::1", "ws://[::2]/"),
            ("[10.0.0.1]", "ws://10.0.0.1/"),
            ("::1:9001", "ws://[::1]:9001/"),
            // Networks.
            ("10.0.0.0/8", "ws://11.0.0.1/"),
            ("192.168.2.128/25", "ws://192.168.2.127/"),
            ("10.0.0.0/8", "ws://10.example.com/"),
            ("fe80::/10", "ws://[fec0::1]/"),
            ("::/0", "ws://10.0.0.1/"),
            ("0.0.0.0/0", "ws://[2001:db8::1]/"),
            ("0.0.0.0/0", "ws://h/"),
            ("10.0.0.1/33", "ws://10.0.0.1/"),
            ("::1/129", "ws://[::1]/"),
            ("10.0.0.1/", "ws://10.0.0.1/"),
            ("10.0.0.1/x", "ws://10.0.0.1/"),
            ("10.0.0.1/-1", "ws://10.0.0.1/"),
            ("10.0/8", "ws://10.0.0.1/"),
            ("/8", "ws://10.0.0.1/"),
        ] {
            assert!(goes_through(url, no_proxy), "{url} and {no_proxy:?}");
        }
    }

    #[test]
    fn environments_without_a_proxy_or_with_a_wrong_one() {
        let url = Url::parse("ws://h/").unwrap();
        for all_proxy in ["", " ", "\t\n"] {
            assert_eq!(Proxy::for_url(&url, all_proxy, ""), Ok(None));
        }
        assert_eq!(Proxy::for_url(&url, " proxy:1 ", ""), Proxy::parse("proxy:1").map(Some));
        assert_eq!(Proxy::for_url(&url, "socks5://proxy", ""), Err(ProxyError::UnsupportedScheme));
        assert_eq!(Proxy::for_url(&url, "socks5://proxy", "h"), Ok(None));
    }

    #[test]
    fn requests_for_a_tunnel_are_these_bytes() {
        let user_info = UserInfo::of_url("user:pass");
        for (host, port, user_info, expected) in [
            ("h", 1, None, "CONNECT h:1 HTTP/1.1\r\nHost: h:1\r\n\r\n"),
            ("a.example", 80, None, "CONNECT a.example:80 HTTP/1.1\r\nHost: a.example:80\r\n\r\n"),
            ("::1", 65535, None, "CONNECT [::1]:65535 HTTP/1.1\r\nHost: [::1]:65535\r\n\r\n"),
            ("[::1]", 9001, None, "CONNECT [::1]:9001 HTTP/1.1\r\nHost: [::1]:9001\r\n\r\n"),
            (
                "10.0.0.1",
                443,
                Some(&user_info),
                "CONNECT 10.0.0.1:443 HTTP/1.1\r\nHost: 10.0.0.1:443\r\nProxy-Authorization: Basic dXNlcjpwYXNz\r\n\r\n",
            ),
        ] {
            let mut out = [0; 200];
            let len = write_connect(host, port, user_info, &mut out).unwrap();
            assert_eq!(core::str::from_utf8(&out[..len]), Ok(expected));
            // Exactly that room.
            assert_eq!(write_connect(host, port, user_info, &mut out[..len]), Ok(len));
            for less in 0..len {
                assert_eq!(write_connect(host, port, user_info, &mut out[..less]), Err(TunnelError::TooLong), "{less}");
            }
        }
    }

    #[test]
    fn every_port_is_written_as_it_is() {
        for port in 1..=u16::MAX {
            let mut out = [0; 100];
            let len = write_connect("h", port, None, &mut out).unwrap();
            assert_eq!(out[..len], *format!("CONNECT h:{port} HTTP/1.1\r\nHost: h:{port}\r\n\r\n").as_bytes());
        }
        assert_eq!(write_connect("h", 0, None, &mut [0; 100]), Err(TunnelError::InvalidPort));
    }

    #[test]
    fn hosts_and_credentials_cannot_end_their_line() {
        for host in ["", "h\r\nX: y", "h x", "h\u{e4}", "h/x", "u@h", "h:80", "[h]", "[::1", "fe80::1%eth0", "::1]", "h,i", "%41"]
        {
            assert_eq!(write_connect(host, 80, None, &mut [0; 100]), Err(TunnelError::InvalidHost), "{host}");
        }
        for (user_info, error) in [
            ("user:\r\nX: y", CredentialsError::ControlCharacter),
            ("u%3Aser:x", CredentialsError::ColonInUser),
            ("user:%", CredentialsError::InvalidPercentEncoding),
        ] {
            let written = write_connect("h", 80, Some(&UserInfo::of_url(user_info)), &mut [0; 100]);
            assert_eq!(written, Err(TunnelError::Credentials(error)), "{user_info}");
        }
    }

    /// What a proxy's 200 looks like to `sansocket`: bytes after its head are left alone.
    #[test]
    fn answers_of_proxies_are_responses() {
        for (answer, status, len) in [
            (&b"HTTP/1.1 200 Connection established\r\n\r\n\x81\x00"[..], 200, 39),
            (b"HTTP/1.0 200 Connection established\r\nProxy-agent: tinyproxy/1.11.1\r\n\r\n", 200, 70),
            (b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 2\r\n\r\nno", 407, 65),
        ] {
            let response = Response::parse(answer, &Config::new()).unwrap().unwrap();
            assert_eq!((response.status(), response.bytes().len()), (status, len));
        }
    }

    #[test]
    fn secrets_are_not_shown() {
        let shown = format!("{:?}", Proxy::parse("http://token:hunter2@proxy:3128").unwrap());
        assert_eq!(shown, "Proxy { host: \"proxy\", port: 3128, user_info: Some(UserInfo { .. }) }");
    }

    #[test]
    fn errors_are_sentences_in_lower_case() {
        use {CredentialsError as C, ProxyError as P, TunnelError as T};
        let proxy = [P::UnsupportedScheme, P::InvalidHost, P::InvalidPort, P::Path, P::Credentials(C::ColonInUser)];
        let tunnel = [T::InvalidHost, T::InvalidPort, T::TooLong, T::Credentials(C::ColonInUser)];
        let texts: Vec<_> = proxy.iter().map(|error| format!("{error}")).chain(tunnel.map(|error| format!("{error}"))).collect();
        for text in &texts {
            assert!(text.starts_with(char::is_lowercase) && !text.ends_with('.'), "{text}");
        }
        // What is wrong with credentials is said in the same words in both.
        assert_eq!(texts.iter().collect::<BTreeSet<_>>().len(), texts.len() - 1);
    }
}
