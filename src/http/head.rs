//! The header lines of a head, read in place.

use crate::http::line::header_line;

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
    /// Whole lines, each with its CR LF, and the empty one after them.
    lines: &'i [u8],
}

impl<'i> Headers<'i> {
    /// Those of a head, from the end of its start line on.
    pub(crate) const fn of(lines: &'i [u8]) -> Self {
        Self { lines }
    }

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
        let (line, rest) = header_line(self.lines)?;
        self.lines = rest;
        Some((line.name, line.value))
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
