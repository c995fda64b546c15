//! §9.1: the grammar of Sec-WebSocket-Extensions. It reads names and parameters, and knows none of them.
#![cfg_attr(not(feature = "deflate"), allow(dead_code, reason = "only permessage-deflate has parameters that are read"))]

use crate::http::run::token_run;
use crate::http::token::is_token_byte;

/// The extensions that a header line lists, in their order. `Err` where it breaks the grammar.
#[derive(Clone, Copy)]
pub(crate) struct Extensions<'a> {
    rest: &'a [u8],
}

/// A list that breaks the grammar.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Malformed;

/// An extension, with its parameters as they were written.
#[derive(Clone, Copy)]
pub(crate) struct Extension<'a> {
    pub(crate) name: &'a [u8],
    params: &'a [u8],
}

/// A parameter of an extension.
#[derive(Clone, Copy)]
pub(crate) struct Param<'a> {
    pub(crate) name: &'a [u8],
    pub(crate) value: Option<Value<'a>>,
}

/// The value of a parameter: a token, or a quoted string that is one once it is unescaped.
#[derive(Clone, Copy)]
pub(crate) struct Value<'a> {
    written: &'a [u8],
}

impl Value<'_> {
    /// The bytes that it stands for. (No token has a backslash.)
    pub(crate) fn bytes(&self) -> impl Iterator<Item = u8> {
        self.written.iter().copied().filter(|&byte| byte != b'\\')
    }
}

/// How many extensions the list in `value` has; `None` if it breaks the grammar.
#[inline(never)]
pub(super) fn count_extensions(value: &[u8]) -> Option<usize> {
    let count = |count: usize, extension: Result<_, Malformed>| extension.ok().map(|_| count.saturating_add(1));
    Extensions::of(value).try_fold(0, count)
}

impl<'a> Extensions<'a> {
    pub(crate) const fn of(value: &'a [u8]) -> Self {
        Self { rest: value }
    }

    fn blanks(&mut self) {
        self.rest = self.rest.trim_ascii_start();
    }

    fn take(&mut self, byte: u8) -> bool {
        match self.rest.split_first() {
            Some((&first, rest)) if first == byte => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    fn token(&mut self) -> Option<&'a [u8]> {
        let (token, rest) = self.rest.split_at_checked(token_run(self.rest))?;
        self.rest = rest;
        if token.is_empty() { None } else { Some(token) }
    }

    /// `token *( ";" param )`, and the comma after it, unless the list ends.
    fn extension(&mut self) -> Option<Extension<'a>> {
        let name = self.token()?;
        let params = self.rest;
        while self.param()?.is_some() {}
        let len = params.len().saturating_sub(self.rest.len());
        if !self.rest.is_empty() && !self.take(b',') {
            return None;
        }
        Some(Extension { name, params: params.get(..len).unwrap_or_default() })
    }

    /// `";" token [ "=" ( token | quoted-string ) ]`, if there is one more.
    fn param(&mut self) -> Option<Option<Param<'a>>> {
        self.blanks();
        if !self.take(b';') {
            return Some(None);
        }
        self.blanks();
        let name = self.token()?;
        self.blanks();
        if !self.take(b'=') {
            return Some(Some(Param { name, value: None }));
        }
        self.blanks();
        let written = if self.take(b'"') { self.quoted()? } else { self.token()? };
        Some(Some(Param { name, value: Some(Value { written }) }))
    }

    /// The rest of a quoted string, after the opening quote. §9.1: what remains after unescaping must be a token.
    fn quoted(&mut self) -> Option<&'a [u8]> {
        let written = self.rest;
        loop {
            let len = written.len().saturating_sub(self.rest.len());
            if self.take(b'"') {
                return written.get(..len).filter(|written| !written.is_empty());
            }
            self.take(b'\\');
            match self.rest.split_first() {
                Some((&byte, rest)) if is_token_byte(byte) => self.rest = rest,
                _ => return None,
            }
        }
    }
}

impl<'a> Iterator for Extensions<'a> {
    type Item = Result<Extension<'a>, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        self.blanks();
        while self.take(b',') {
            self.blanks();
        }
        if self.rest.is_empty() {
            return None;
        }
        let extension = self.extension();
        if extension.is_none() {
            self.rest = &[];
        }
        Some(extension.ok_or(Malformed))
    }
}

impl<'a> Extension<'a> {
    /// Its parameters, in their order.
    pub(crate) fn params(&self) -> impl Iterator<Item = Param<'a>> + use<'a> {
        let mut rest = Extensions::of(self.params);
        core::iter::from_fn(move || rest.param().flatten())
    }
}

#[cfg(test)]
mod tests {
    use super::{Extensions, count_extensions};
    use std::string::String;
    use std::vec::Vec;

    /// HS-11, B-16: the grammar of §9.1.
    #[test]
    fn extension_lists_follow_the_grammar() {
        for (good, count) in [
            ("", 0),
            (",", 0),
            ("a", 1),
            ("a; b", 1),
            ("a;b=c", 1),
            ("a ; b = \"c\" , d", 2),
            (", a,", 1),
            ("a; b=\"\\c\"", 1),
            ("permessage-deflate; client_max_window_bits", 1),
        ] {
            assert_eq!(count_extensions(good.as_bytes()), Some(count), "{good}");
        }
        for bad in ["a b", "a;", "a; b=", "a; b=\"", "a; b=\"\"", "a; b=\"c d\"", "a; b=\"c\\", ";", "a=b", "a;b;;c", "\u{e4}"] {
            assert_eq!(count_extensions(bad.as_bytes()), None, "{bad}");
        }
    }

    /// §9.1: what is quoted means what it stands for.
    #[test]
    fn names_parameters_and_values_are_read() {
        let text = |bytes: &mut dyn Iterator<Item = u8>| String::from_utf8(bytes.collect()).unwrap();
        let mut seen = Vec::new();
        for extension in Extensions::of(b"a; b ;c = 1\t, ,d;e=\"1\\0\"; f=\"2\",g") {
            let extension = extension.unwrap();
            seen.push(text(&mut extension.name.iter().copied()));
            seen.extend(extension.params().map(|param| {
                let value = param.value.map(|value| text(&mut value.bytes()));
                std::format!("{}={value:?}", text(&mut param.name.iter().copied()))
            }));
        }
        assert_eq!(seen, ["a", "b=None", "c=Some(\"1\")", "d", "e=Some(\"10\")", "f=Some(\"2\")", "g"]);
    }
}
