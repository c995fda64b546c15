//! The lines of a head, each read at once where it is whole. [`Scan`](super::scan::Scan) goes on byte by byte where one is not.

use crate::http::run::{token_run, value_run, visible_run};

/// The start line of a head (RFC 9112 §3, §4), as numbers.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct StartLine {
    /// The length of the method, or the status.
    pub(crate) first: u16,
    /// The length of the target, or of the reason.
    pub(crate) second_len: usize,
    /// How many bytes the line has, with its end.
    pub(crate) len: usize,
    /// Whether the version is at least HTTP/1.1.
    pub(crate) modern: bool,
}

/// A header line (RFC 9112 §5), cut in place.
pub(crate) struct HeaderLine<'i> {
    pub(crate) name: &'i [u8],
    /// Without blanks around it.
    pub(crate) value: &'i [u8],
}

/// The request line at the start of `text`; `None` if it is not whole, or wrong.
pub(crate) fn request_line(text: &[u8]) -> Option<StartLine> {
    let (method, rest) = text.split_at_checked(token_run(text)).filter(|(method, _)| !method.is_empty())?;
    let rest = rest.strip_prefix(b" ")?;
    let (target, rest) = rest.split_at_checked(visible_run(rest)).filter(|(target, _)| !target.is_empty())?;
    let (modern, rest) = version(rest.strip_prefix(b" ")?)?;
    let len = len_before(rest.strip_prefix(b"\r\n")?, text);
    Some(StartLine { first: u16::try_from(method.len()).ok()?, second_len: target.len(), len, modern })
}

/// The status line at the start of `text`; `None` if it is not whole, or wrong.
pub(crate) fn status_line(text: &[u8]) -> Option<StartLine> {
    let (modern, rest) = version(text)?;
    let [b' ', a @ b'0'..=b'9', b @ b'0'..=b'9', c @ b'0'..=b'9', rest @ ..] = rest else { return None };
    let status = [a, b, c].iter().fold(0_u16, |sum, &&digit| sum.wrapping_mul(10).wrapping_add(u16::from(digit & 15)));
    // HT-20: some servers leave out the space before an empty reason.
    let (reason, rest) = match rest.strip_prefix(b" ") {
        Some(rest) => rest.split_at_checked(value_run(rest))?,
        None => (&[][..], rest),
    };
    let len = len_before(rest.strip_prefix(b"\r\n")?, text);
    Some(StartLine { first: status, second_len: reason.len(), len, modern })
}

/// How much of `text` comes before the `rest` of it.
const fn len_before(rest: &[u8], text: &[u8]) -> usize {
    text.len().saturating_sub(rest.len())
}

/// The lines of a head after its first, before which there may be an empty one.
pub(crate) fn after_start_line(head: &[u8]) -> &[u8] {
    let head = head.strip_prefix(b"\r\n").unwrap_or(head);
    let end = head.iter().position(|&byte| byte == b'\n').unwrap_or(head.len());
    head.get(end.saturating_add(1)..).unwrap_or_default()
}

/// The header line at the start of `text`, and what follows it; `None` if it is not whole, or wrong.
#[cfg_attr(target_pointer_width = "64", inline(always))]
pub(crate) fn header_line(text: &[u8]) -> Option<(HeaderLine<'_>, &[u8])> {
    // The end of the line first: where the next one starts does not wait for this one's name.
    let (line, rest) = text.split_at_checked(value_run(text))?;
    let [b'\r', b'\n', rest @ ..] = rest else { return None };
    let (name, value) = line.split_at_checked(token_run(text)).filter(|(name, _)| !name.is_empty())?;
    // One blank before the value and none after it is how nearly everybody writes.
    let ([b':', b' ', value @ ..] | [b':', value @ ..]) = value else { return None };
    // Of what may be in a value, only blank and tab are as low.
    let value =
        if [value.first(), value.last()].into_iter().flatten().any(|&end| end <= b' ') { value.trim_ascii() } else { value };
    Some((HeaderLine { name, value }, rest))
}

/// The first `len` bytes, and the rest.
pub(crate) const fn cut(bytes: &[u8], len: usize) -> (&[u8], &[u8]) {
    match bytes.split_at_checked(len) {
        Some(parts) => parts,
        None => (bytes, &[]),
    }
}

/// `HTTP/1.` and a digit (RFC 9112 §2.3): whether it is at least HTTP/1.1, and what follows.
fn version(text: &[u8]) -> Option<(bool, &[u8])> {
    match text.strip_prefix(b"HTTP/1.")? {
        [digit @ b'0'..=b'9', rest @ ..] => Some((*digit != b'0', rest)),
        _ => None,
    }
}
