//! What a line of standard input asks for.

/// A parsed line.
#[derive(PartialEq, Eq, Debug)]
pub(crate) enum Command<'l> {
    Text(&'l str),
    Ping(&'l str),
    /// The name of a file.
    Binary(&'l str),
    Close(Option<u16>, &'l str),
}

impl<'l> Command<'l> {
    /// Parses `line`, with or without its line end.
    ///
    /// # Errors
    /// A sentence that says what is wrong with it.
    pub(crate) fn parse(line: &'l [u8]) -> Result<Self, String> {
        let line = std::str::from_utf8(line).map_err(|_| "the line is not UTF-8")?;
        let line = line.strip_suffix('\n').map_or(line, |line| line.strip_suffix('\r').unwrap_or(line));
        let Some(command) = line.strip_prefix('/') else { return Ok(Self::Text(line)) };
        let (name, rest) = command.split_once(' ').unwrap_or((command, ""));
        match name {
            _ if command.starts_with('/') => Ok(Self::Text(command)),
            "ping" => Ok(Self::Ping(rest)),
            "binary" if rest.is_empty() => Err("/binary needs the name of a file".into()),
            "binary" => Ok(Self::Binary(rest)),
            "close" if rest.is_empty() => Ok(Self::Close(None, "")),
            "close" => {
                let (code, reason) = rest.split_once(' ').unwrap_or((rest, ""));
                Ok(Self::Close(Some(code.parse().map_err(|_| format!("{code:?} is not a close code such as 1000"))?), reason))
            }
            _ => Err(format!("there is no command /{name}; a text that starts with / is written with two of them")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Command;

    #[test]
    fn lines_are_texts_or_commands() {
        for (line, command) in [
            ("", Command::Text("")),
            ("Hello\n", Command::Text("Hello")),
            ("Hello \r\n", Command::Text("Hello ")),
            (" /ping", Command::Text(" /ping")),
            ("//ping\n", Command::Text("/ping")),
            ("///\n", Command::Text("//")),
            ("/ping\n", Command::Ping("")),
            ("/ping a b\n", Command::Ping("a b")),
            ("/binary a file\n", Command::Binary("a file")),
            ("/close\n", Command::Close(None, "")),
            ("/close 4000\n", Command::Close(Some(4000), "")),
            ("/close 4000 so long\n", Command::Close(Some(4000), "so long")),
        ] {
            assert_eq!(Command::parse(line.as_bytes()), Ok(command), "{line:?}");
        }
    }

    #[test]
    fn lines_that_are_neither_are_named() {
        for (line, part) in [
            (&b"/binary\n"[..], "name of a file"),
            (b"/close now\n", "\"now\""),
            (b"/close 65536\n", "65536"),
            (b"/quit\n", "/quit"),
            (b"/\n", "no command"),
            (b"\xff\n", "UTF-8"),
        ] {
            let sentence = Command::parse(line).unwrap_err();
            assert!(sentence.contains(part), "{sentence}");
        }
    }
}
