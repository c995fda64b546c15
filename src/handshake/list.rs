//! Lists in header values (RFC 9110 §5.6.1): members between commas, empty ones tolerated.

use crate::error::ProtocolError;
use crate::handshake::head::Headers;
use crate::handshake::scan::{is_token, is_token_octet};

/// The members of a list of tokens in one header value, such as offered subprotocols.
#[derive(Clone, Copy, Debug)]
pub struct Tokens<'a> {
    rest: &'a [u8],
}

impl<'a> Tokens<'a> {
    pub(crate) const fn of(value: &'a [u8]) -> Self {
        Self { rest: value }
    }
}

/// Members that are not tokens end the list: the check of the handshake refused them before anybody iterates.
impl<'a> Iterator for Tokens<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        while !self.rest.is_empty() {
            let end = self.rest.iter().position(|&octet| octet == b',').unwrap_or(self.rest.len());
            let (member, rest) = self.rest.split_at_checked(end)?;
            self.rest = rest.get(1..).unwrap_or_default();
            let member = member.trim_ascii();
            if !member.is_empty() {
                return is_token(member).then_some(core::str::from_utf8(member).ok()?);
            }
        }
        None
    }
}

/// Whether the list in `value` names `token`, compared without regard to case. `websocket/13` and the like are other names.
pub(crate) fn names(value: &[u8], token: &str) -> bool {
    value.split(|&octet| octet == b',').any(|member| member.trim_ascii().eq_ignore_ascii_case(token.as_bytes()))
}

/// §4.1, §11.3.4: `value` is a list of tokens. Repeated names are looked for elsewhere.
pub(crate) fn check_tokens(value: &[u8]) -> Result<(), ProtocolError> {
    let members = || value.split(|&octet| octet == b',').map(<[u8]>::trim_ascii).filter(|member| !member.is_empty());
    if members().next().is_some() && members().all(is_token) { Ok(()) } else { Err(ProtocolError::InvalidHeaderList) }
}

/// Where `name` stands in `list`, counted from 0.
pub(crate) fn position(list: &str, name: &str) -> Option<u8> {
    Tokens::of(list.as_bytes()).position(|member| member == name).and_then(|index| u8::try_from(index).ok())
}

/// §4.1: whether the subprotocols of `list` are non-empty tokens, all distinct. An empty list is one.
pub(crate) fn is_subprotocol_list(list: &str) -> bool {
    let distinct = |index, name| !Tokens::of(list.as_bytes()).take(index).any(|before| before == name);
    let members = list.as_bytes().split(|&octet| octet == b',').map(<[u8]>::trim_ascii);
    let distinct = |(index, name)| distinct(index, core::str::from_utf8(name).unwrap_or_default());
    list.is_empty() || members.clone().count() <= 255 && members.clone().all(is_token) && members.enumerate().all(distinct)
}

/// §9.1: `value` is a list of extensions with parameters. The extensions are not looked at: we speak none here.
pub(crate) fn check_extensions(value: &[u8]) -> Result<(), ProtocolError> {
    let mut parser = Extensions { rest: value };
    let mut any = false;
    loop {
        parser.blanks();
        if parser.rest.is_empty() {
            return if any { Ok(()) } else { Err(ProtocolError::InvalidHeaderList) };
        }
        if parser.take(b',') {
            continue;
        }
        parser.extension()?;
        any = true;
        parser.blanks();
        if !parser.rest.is_empty() && !parser.take(b',') {
            return Err(ProtocolError::InvalidHeaderList);
        }
    }
}

/// A position in an extension list.
struct Extensions<'a> {
    rest: &'a [u8],
}

impl Extensions<'_> {
    fn blanks(&mut self) {
        self.rest = self.rest.trim_ascii_start();
    }

    fn take(&mut self, octet: u8) -> bool {
        match self.rest.split_first() {
            Some((&first, rest)) if first == octet => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    fn token(&mut self) -> Result<(), ProtocolError> {
        let len = self.rest.iter().take_while(|&&octet| is_token_octet(octet)).count();
        self.rest = self.rest.get(len..).unwrap_or_default();
        if len == 0 { Err(ProtocolError::InvalidHeaderList) } else { Ok(()) }
    }

    /// `token *( ";" token [ "=" ( token | quoted-string ) ] )`
    fn extension(&mut self) -> Result<(), ProtocolError> {
        self.token()?;
        loop {
            self.blanks();
            if !self.take(b';') {
                return Ok(());
            }
            self.blanks();
            self.token()?;
            self.blanks();
            if self.take(b'=') {
                self.blanks();
                if self.take(b'"') { self.quoted()? } else { self.token()? }
            }
        }
    }

    /// Behind the opening quote. §9.1: what remains after unescaping must be a token.
    fn quoted(&mut self) -> Result<(), ProtocolError> {
        let mut any = false;
        loop {
            if self.take(b'"') {
                return if any { Ok(()) } else { Err(ProtocolError::InvalidHeaderList) };
            }
            self.take(b'\\');
            match self.rest.split_first() {
                Some((&octet, rest)) if is_token_octet(octet) => self.rest = rest,
                _ => return Err(ProtocolError::InvalidHeaderList),
            }
            any = true;
        }
    }
}

/// The only value of the header `name`: `Ok(None)` if there is none, `Err(repeated)` if there are two.
pub(crate) fn single<'i>(headers: Headers<'i>, name: &str, repeated: ProtocolError) -> Result<Option<&'i [u8]>, ProtocolError> {
    let mut values = headers.all(name);
    match (values.next(), values.next()) {
        (value, None) => Ok(value),
        _ => Err(repeated),
    }
}

#[cfg(test)]
mod tests {
    use super::{Tokens, check_extensions, check_tokens, is_subprotocol_list, names};

    /// HT-11, HC-13.
    #[test]
    fn lists_tolerate_empty_members_and_case() {
        assert!(names(b"keep-alive, UPGRADE", "upgrade") && names(b", ,upgrade", "upgrade"));
        assert!(!names(b"upgraded", "upgrade") && !names(b"", "upgrade") && !names(b"upgrade/1", "upgrade"));
        assert!(Tokens::of(b" a,,b ,").eq(["a", "b"]));
        assert!(check_tokens(b"a, b").is_ok() && check_tokens(b", ").is_err() && check_tokens(b"a b").is_err());
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

    /// HS-11, B-16: the grammar of §9.1.
    #[test]
    fn extension_lists_follow_the_grammar() {
        for good in
            ["a", "a; b", "a;b=c", "a ; b = \"c\" , d", ", a,", "a; b=\"\\c\"", "permessage-deflate; client_max_window_bits"]
        {
            assert!(check_extensions(good.as_bytes()).is_ok(), "{good}");
        }
        for bad in
            ["", ",", "a b", "a;", "a; b=", "a; b=\"", "a; b=\"\"", "a; b=\"c d\"", "a; b=\"c\\", ";", "a=b", "a;b;;c", "\u{e4}"]
        {
            assert!(check_extensions(bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
