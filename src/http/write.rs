//! Writes a head into the caller's output. Its parts are measured first, so that a call that fails has written nothing.

use crate::error::{CallError, UsageError, room};
use crate::http::head::Header;
use crate::http::run::is_token;
use crate::http::token::is_value_byte;
use crate::length::copy;

/// Writes the parts of a head, one after the other, into room for all of them.
pub(crate) struct HeadWriter<'o> {
    out: &'o mut [u8],
    len: usize,
}

impl<'o> HeadWriter<'o> {
    /// In `out`, if it has room for `parts`, for what [`end`](Self::end) appends, and for `more` bytes.
    pub(crate) fn new(out: &'o mut [u8], parts: &[&[u8]], lines: Lines<'_>, more: usize) -> Result<Self, CallError> {
        // Without room it only counts.
        let counted = HeadWriter { out: &mut [], len: more }.put(parts).end(lines).len;
        Ok(Self { out: room(out, counted)?, len: 0 })
    }

    /// Appends `parts`.
    pub(crate) fn put(&mut self, parts: &[&[u8]]) -> &mut Self {
        for part in parts {
            let end = self.len.saturating_add(part.len());
            if let Some(room) = self.out.get_mut(self.len..end) {
                copy(part, room);
            }
            self.len = end;
        }
        self
    }

    /// Appends `lines` and the empty one.
    pub(crate) fn end(&mut self, (ours, theirs): Lines<'_>) -> &mut Self {
        for header in ours.iter().flatten().chain(theirs) {
            self.put(&[header.name.as_bytes(), b": ", header.value, b"\r\n"]);
        }
        self.put(&[b"\r\n"])
    }

    /// How many bytes were written.
    pub(crate) const fn len(&self) -> usize {
        self.len
    }
}

/// Header lines: ours, as far as they are there, and the caller's.
pub(crate) type Lines<'h> = (&'h [Option<Header<'h>>], &'h [Header<'h>]);

/// Writes the head of `parts` and `lines`, with `body` after it, and returns the length of all.
pub(crate) fn write_head(out: &mut [u8], parts: &[&[u8]], lines: Lines<'_>, body: &[u8]) -> Result<usize, CallError> {
    Ok(HeadWriter::new(out, parts, lines, body.len())?.put(parts).end(lines).put(&[body]).len())
}

/// B-23: no byte of a header that the caller adds can end its line; nor may it repeat a header that we write.
pub(crate) fn check_headers(headers: &[Header<'_>], reserved: &[&str]) -> Result<(), UsageError> {
    headers.iter().try_for_each(|header| {
        if !is_token(header.name.as_bytes()) || !header.value.iter().all(|&byte| is_value_byte(byte)) {
            return Err(UsageError::InvalidHeader);
        }
        let ours = |name: &&str| header.name.eq_ignore_ascii_case(name);
        if reserved.iter().any(ours) { Err(UsageError::ReservedHeader) } else { Ok(()) }
    })
}
