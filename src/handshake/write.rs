//! Writes a head into the caller's output, counting on where it does not fit, so that the needed room can be told.

use crate::error::{CallError, UsageError};
use crate::handshake::head::Header;
use crate::handshake::request::is_sendable;

/// A head in the making.
pub(crate) struct HeadWriter<'o> {
    out: &'o mut [u8],
    len: usize,
}

impl<'o> HeadWriter<'o> {
    pub(crate) fn new(out: &'o mut [u8]) -> Self {
        Self { out, len: 0 }
    }

    /// Appends `parts`, one behind the other.
    pub(crate) fn put(&mut self, parts: &[&[u8]]) -> &mut Self {
        for part in parts {
            let end = self.len.saturating_add(part.len());
            if let Some(room) = self.out.get_mut(self.len..end) {
                crate::length::copy(part, room);
            }
            self.len = end;
        }
        self
    }

    /// Appends the header lines of the caller.
    pub(crate) fn put_headers(&mut self, headers: &[Header<'_>]) -> &mut Self {
        for header in headers {
            self.put(&[header.name.as_bytes(), b": ", header.value, b"\r\n"]);
        }
        self
    }

    /// The octets of the head, if all of them were written.
    pub(crate) fn finish(&self) -> Result<usize, CallError> {
        if self.len <= self.out.len() { Ok(self.len) } else { Err(CallError::NeedsRoom { octets: self.len }) }
    }
}

/// B-23: no octet of a header that the caller adds can end its line; nor may it double one that we write.
pub(crate) fn check_headers(headers: &[Header<'_>], reserved: &[&str]) -> Result<(), UsageError> {
    headers.iter().try_for_each(|header| {
        if !is_sendable(header) {
            return Err(UsageError::InvalidHeader);
        }
        let ours = |name: &&str| header.name.eq_ignore_ascii_case(name);
        if reserved.iter().any(ours) { Err(UsageError::ReservedHeader) } else { Ok(()) }
    })
}
