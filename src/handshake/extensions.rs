//! §9.1: the grammar of Sec-WebSocket-Extensions. The names are not compared: no extension is negotiated here.

use crate::http::scan::is_token_byte;

/// How many extensions the list in `value` has; `None` if it breaks the grammar.
pub(super) fn count_extensions(value: &[u8]) -> Option<usize> {
    let mut parser = Extensions { rest: value };
    let mut count = 0_usize;
    loop {
        parser.blanks();
        if parser.rest.is_empty() {
            return Some(count);
        }
        if parser.take(b',') {
            continue;
        }
        parser.extension()?;
        count = count.saturating_add(1);
        parser.blanks();
        if !parser.rest.is_empty() && !parser.take(b',') {
            return None;
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

    fn take(&mut self, byte: u8) -> bool {
        match self.rest.split_first() {
            Some((&first, rest)) if first == byte => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    fn token(&mut self) -> Option<()> {
        let len = self.rest.iter().take_while(|&&byte| is_token_byte(byte)).count();
        self.rest = self.rest.get(len..).unwrap_or_default();
        if len == 0 { None } else { Some(()) }
    }

    /// `token *( ";" token [ "=" ( token | quoted-string ) ] )`
    fn extension(&mut self) -> Option<()> {
        self.token()?;
        loop {
            self.blanks();
            if !self.take(b';') {
                return Some(());
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

    /// The rest of a quoted string, after the opening quote. §9.1: what remains after unescaping must be a token.
    fn quoted(&mut self) -> Option<()> {
        let mut any = false;
        loop {
            if self.take(b'"') {
                return if any { Some(()) } else { None };
            }
            self.take(b'\\');
            match self.rest.split_first() {
                Some((&byte, rest)) if is_token_byte(byte) => self.rest = rest,
                _ => return None,
            }
            any = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::count_extensions;

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
}
