//! HTTP heads read a second time: line by line, without regard to speed or to bytes that are still to come. Shares nothing with the
//! library.

use crate::input::HeadLimits;
use crate::support::http::{is_authority, is_body_length, is_list_of_options, is_request_target};

/// The result of reading bytes that should start with a head.
#[derive(Debug)]
pub(crate) enum Reading<T> {
    /// The end of the head is missing. It may be invalid all the same.
    Incomplete,
    Invalid,
    Valid(T),
}

/// Bytes are characters of ISO 8859-1 here.
#[derive(Debug)]
pub(crate) struct Head {
    /// Method, target and version; or version, status and reason.
    pub(crate) start: [String; 3],
    /// Names in lower case.
    pub(crate) fields: Vec<(String, String)>,
    /// Bytes, all of them.
    pub(crate) len: usize,
}

/// What a valid request is to a server.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    Plain,
    OpeningHandshake,
    /// Breaks a rule, and is answered by us.
    Wrong,
}

pub(crate) fn request(bytes: &[u8], limits: &HeadLimits) -> Reading<Head> {
    match read(bytes, limits, true) {
        Reading::Valid(head) if !head.is_request() => Reading::Invalid,
        reading => reading,
    }
}

pub(crate) fn response(bytes: &[u8], limits: &HeadLimits) -> Reading<Head> {
    read(bytes, limits, false)
}

/// The position of `what` in `bytes`.
pub(crate) fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

fn read(bytes: &[u8], limits: &HeadLimits, is_request: bool) -> Reading<Head> {
    // RFC 9112 §2.2: one empty line before a request.
    let skipped = if is_request && bytes.starts_with(b"\r\n") { 2 } else { 0 };
    let Some(end) = find(&bytes[skipped..], b"\r\n\r\n") else { return Reading::Incomplete };
    let text: String = bytes[skipped..skipped + end].iter().map(|&byte| char::from(byte)).collect();
    let mut lines = text.split("\r\n");
    let first = lines.next().unwrap();
    let start = if is_request { request_line(first, limits) } else { status_line(first) };
    let fields: Option<Vec<_>> = lines.map(field).collect();
    let len = skipped + end + 4;
    match (start, fields) {
        (Some(start), Some(fields)) if len <= limits.len && fields.len() <= limits.lines => {
            Reading::Valid(Head { start, fields, len })
        }
        _ => Reading::Invalid,
    }
}

fn request_line(line: &str, limits: &HeadLimits) -> Option<[String; 3]> {
    let parts: Vec<_> = line.split(' ').collect();
    let [method, target, version] = parts[..] else { return None };
    let is_target = !target.is_empty() && target.len() <= limits.target && target.chars().all(|c| ('!'..='~').contains(&c));
    // Methods end at 33 bytes: a policy of ours.
    let good = is_token(method) && method.len() <= 33 && is_target && is_version(version);
    good.then(|| [method, target, version].map(String::from))
}

fn status_line(line: &str) -> Option<[String; 3]> {
    let (version, rest) = line.split_once(' ')?;
    let (status, reason) = rest.split_once(' ').unwrap_or((rest, ""));
    let is_status = status.len() == 3 && status.chars().all(|c| c.is_ascii_digit());
    (is_version(version) && is_status && reason.chars().all(is_value_char)).then(|| [version, status, reason].map(String::from))
}

fn field(line: &str) -> Option<(String, String)> {
    let (name, value) = line.split_once(':')?;
    let good = is_token(name) && value.chars().all(is_value_char);
    good.then(|| (name.to_ascii_lowercase(), value.trim_matches([' ', '\t']).to_string()))
}

fn is_version(text: &str) -> bool {
    text.len() == 8 && text.starts_with("HTTP/1.") && text.ends_with(|c: char| c.is_ascii_digit())
}

fn is_token(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c))
}

pub(crate) fn is_value_char(c: char) -> bool {
    c == '\t' || c >= ' ' && c != '\u{7f}'
}

impl Head {
    pub(crate) fn all(&self, name: &str) -> Vec<&str> {
        self.fields.iter().filter(|(field, _)| field == name).map(|(_, value)| &value[..]).collect()
    }

    fn only(&self, name: &str) -> Option<&str> {
        let values = self.all(name);
        if values.len() == 1 { Some(values[0]) } else { None }
    }

    /// The members of all lists of that name; `None` if there is no such header.
    pub(crate) fn list(&self, name: &str) -> Option<Vec<String>> {
        let values = self.all(name);
        let members = values.join(",");
        let members = members.split(',').map(|member| member.trim_matches([' ', '\t']).to_string());
        (!values.is_empty()).then(|| members.filter(|member| !member.is_empty()).collect())
    }

    fn lists(&self, name: &str, member: &str) -> bool {
        self.list(name).unwrap_or_default().iter().any(|listed| listed.eq_ignore_ascii_case(member))
    }

    /// RFC 9110 §7.8: in HTTP/1.0 Upgrade is ignored, whatever it is.
    fn lists_are_good(&self, is_old: bool) -> bool {
        self.all("connection").iter().all(|value| is_list_of_options(value, false))
            && (is_old || self.all("upgrade").iter().all(|value| is_list_of_options(value, true)))
    }

    /// What RFC 9110 and 9112 ask of every request.
    fn is_request(&self) -> bool {
        let [method, target, version] = &self.start;
        let is_old = version == "HTTP/1.0";
        let is_host = match self.all("host")[..] {
            [] => is_old,
            [host] => is_authority(host),
            _ => false,
        };
        is_host
            && is_request_target(method, target)
            && is_body_length(&self.all("content-length"), &self.all("transfer-encoding"), !is_old)
            && self.lists_are_good(is_old)
    }

    /// RFC 9112 §6.3: whether a final response has no body, or one whose end is beyond doubt.
    pub(crate) fn is_framed(&self) -> bool {
        let [version, status, _] = &self.start;
        let codings = self.list("transfer-encoding");
        match codings {
            _ if ["101", "204", "304"].contains(&&**status) => true,
            None => is_body_length(&self.all("content-length"), &[], true),
            Some(codings) => {
                let chunked = codings.iter().position(|coding| coding.eq_ignore_ascii_case("chunked"));
                version != "HTTP/1.0" && !codings.is_empty() && chunked.is_none_or(|at| at + 1 == codings.len())
            }
        }
    }

    /// §4.2.1 and the rows HS and HT of the conformance table.
    pub(crate) fn kind(&self) -> Kind {
        let [method, target, version] = &self.start;
        let is_old = version == "HTTP/1.0";
        if is_old || !self.lists("upgrade", "websocket") {
            return Kind::Plain;
        }
        let key = self.only("sec-websocket-key").unwrap_or("");
        let is_key = key.len() == 24
            && key.ends_with("==")
            && key[..22].chars().all(|c| c.is_ascii_alphanumeric() || c == '+' || c == '/');
        let protocols = self.list("sec-websocket-protocol");
        let extensions = extensions(&self.all("sec-websocket-extensions").join(","));
        // By policy an empty line is no offer.
        let is_empty = self.all("sec-websocket-extensions").iter().all(|value| value.is_empty());
        let good = method == "GET"
            && is_resource(target)
            && self.lists("connection", "upgrade")
            && self.only("sec-websocket-version") == Some("13")
            && is_key
            && self.all("content-length").iter().all(|len| !len.is_empty() && len.chars().all(|digit| digit == '0'))
            && self.all("transfer-encoding").is_empty()
            && self.all("expect").is_empty()
            && protocols.is_none_or(|names| !names.is_empty() && names.iter().all(|name| is_token(name)))
            && extensions.is_some_and(|members| !members.is_empty() || is_empty);
        if good { Kind::OpeningHandshake } else { Kind::Wrong }
    }

    /// §4.1: whether this is the 101 for a client whose key has the answer `accept` and which offers `subprotocols`.
    pub(crate) fn opens(&self, accept: &str, subprotocols: &[&str]) -> bool {
        let [version, status, _] = &self.start;
        let chosen = self.all("sec-websocket-protocol");
        status == "101"
            && version != "HTTP/1.0"
            && self.only("upgrade").is_some_and(|value| value.eq_ignore_ascii_case("websocket"))
            && self.lists("connection", "upgrade")
            && self.lists_are_good(false)
            && self.only("sec-websocket-accept") == Some(accept)
            && self.all("transfer-encoding").is_empty()
            && self.all("sec-websocket-extensions").is_empty()
            && (chosen.is_empty() || chosen.len() == 1 && subprotocols.contains(&chosen[0]))
    }
}

/// A path, or a URL of our schemes.
fn is_resource(target: &str) -> bool {
    let is_ours = |scheme: &&str| target.split_once("://").is_some_and(|(named, _)| named.eq_ignore_ascii_case(scheme));
    is_request_target("GET", target) && (target.starts_with('/') || ["ws", "wss", "http", "https"].iter().any(is_ours))
}

/// An extension: its name, and its parameters with their values unquoted.
pub(crate) type Extension = (String, Vec<(String, Option<String>)>);

/// §9.1: the members of a list; `None` if one breaks the grammar. It is cut at its commas: a token, quoted or not, has none.
pub(crate) fn extensions(list: &str) -> Option<Vec<Extension>> {
    let members = list.split(',').map(|member| member.trim_matches([' ', '\t']));
    members.filter(|member| !member.is_empty()).map(extension).collect()
}

fn extension(text: &str) -> Option<Extension> {
    let mut parts = text.split(';').map(|part| part.trim_matches([' ', '\t']));
    let param = |param: &str| match param.split_once('=') {
        None => is_token(param).then(|| (param.into(), None)),
        Some((name, value)) => {
            let (name, value) = (name.trim_matches([' ', '\t']), value.trim_matches([' ', '\t']));
            let quoted = value.strip_prefix('"').map(|value| value.strip_suffix('"').and_then(unescaped));
            let value = quoted.unwrap_or_else(|| Some(value.into()))?;
            (is_token(name) && is_token(&value)).then(|| (name.into(), Some(value)))
        }
    };
    let name = parts.next().filter(|name| is_token(name))?;
    Some((name.into(), parts.map(param).collect::<Option<_>>()?))
}

/// The text between quotes, without the backslash before a byte.
fn unescaped(text: &str) -> Option<String> {
    let mut unescaped = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        unescaped.push(if c == '\\' { chars.next()? } else { c });
    }
    Some(unescaped)
}
