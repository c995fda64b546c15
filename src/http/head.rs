//! A scanned head, read in place: its start line and header lines.

use crate::config::Config;
use crate::error::ProtocolError;
use crate::http::scan::Scan;
use crate::http::words::position;

/// One header line.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Header<'a> {
    /// A token (RFC 9110 §5.1), compared without regard to case.
    pub name: &'a str,
    /// Without white space around it. Any bytes except controls; often, but not always, ASCII.
    pub value: &'a [u8],
}

impl<'a> Header<'a> {
    /// A header to be sent.
    pub const fn new(name: &'a str, value: &'a str) -> Self {
        Self { name, value: value.as_bytes() }
    }
}

impl<'a> From<(&'a str, &'a str)> for Header<'a> {
    fn from((name, value): (&'a str, &'a str)) -> Self {
        Self::new(name, value)
    }
}

impl<'a> From<(&'a str, &'a [u8])> for Header<'a> {
    fn from((name, value): (&'a str, &'a [u8])) -> Self {
        Self { name, value }
    }
}

/// The name only: the value may be a credential or a cookie (§10.6).
impl core::fmt::Debug for Header<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Header").field("name", &self.name).finish_non_exhaustive()
    }
}

/// The header lines of a head, in order.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Headers<'i> {
    /// Whole lines, each with its CR LF.
    lines: &'i [u8],
}

impl<'i> Headers<'i> {
    /// The value of the first header called `name`.
    pub fn get(self, name: &str) -> Option<&'i [u8]> {
        self.all(name).next()
    }

    /// The values of all headers called `name`.
    pub fn all(mut self, name: &str) -> impl Iterator<Item = &'i [u8]> + use<'i, '_> {
        let lines = core::iter::from_fn(move || self.next_line());
        lines.filter(|(line_name, _)| line_name.eq_ignore_ascii_case(name.as_bytes())).map(|(_, value)| value)
    }

    /// The next name and value.
    pub(crate) fn next_line(&mut self) -> Option<(&'i [u8], &'i [u8])> {
        let (name, after_name) = split(self.lines, b':')?;
        let (value, rest) = split(after_name, b'\n')?;
        self.lines = rest;
        // Blanks around the value, and the CR.
        Some((name, value.trim_ascii()))
    }
}

impl<'i> Iterator for Headers<'i> {
    type Item = Header<'i>;

    fn next(&mut self) -> Option<Header<'i>> {
        let (name, value) = self.next_line()?;
        // The scan accepts only ASCII in names.
        Some(Header { name: core::str::from_utf8(name).ok()?, value })
    }
}

/// Shows names only: values hold credentials and cookies (§10.6).
impl core::fmt::Debug for Headers<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_list().entries(self.map(|header| header.name)).finish()
    }
}

/// A complete head, cut into start line and header lines.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Head<'i> {
    pub(crate) start_line: &'i [u8],
    pub(crate) headers: Headers<'i>,
    /// All of its bytes.
    pub(crate) bytes: &'i [u8],
}

impl<'i> Head<'i> {
    /// Cuts the head `bytes`, which [`Scan`] found complete.
    pub(crate) fn of_scanned(bytes: &'i [u8]) -> Self {
        // The empty line that may precede a request.
        let text = bytes.strip_prefix(b"\r\n").unwrap_or(bytes);
        let (start_line, lines) = split_line(text).unwrap_or_default();
        Self { start_line, headers: Headers { lines: lines.strip_suffix(b"\r\n").unwrap_or_default() }, bytes }
    }

    /// Scans and cuts the head at the start of `input`.
    pub(crate) fn parse(input: &'i [u8], mut scan: Scan, config: &Config<'_>) -> Result<Option<Self>, ProtocolError> {
        Ok(scan.advance(input, config)?.and_then(|len| input.get(..len)).map(Self::of_scanned))
    }
}

/// The first line of `text` without its CR LF, and the rest.
fn split_line(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let (line, rest) = split(text, b'\n')?;
    Some((line.strip_suffix(b"\r")?, rest))
}

/// The bytes before the first `mark`, and those after it.
fn split(bytes: &[u8], mark: u8) -> Option<(&[u8], &[u8])> {
    let (before, after) = bytes.split_at_checked(position(bytes, mark)?)?;
    Some((before, after.get(1..)?))
}
