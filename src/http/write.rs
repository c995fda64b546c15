//! Writes a head into the caller's output. It is measured first, so that a call that fails has written nothing.

use crate::error::{CallError, UsageError, room};
use crate::http::head::Header;
use crate::http::run::is_token;
use crate::http::token::is_value_byte;
use crate::length::copy;

/// Where the parts of a head go: nowhere while they are measured, then into room for all of them.
pub(crate) struct HeadWriter<'o> {
    out: &'o mut [u8],
    len: usize,
}

impl HeadWriter<'_> {
    /// Appends `parts`, one after the other.
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

    /// Appends the header lines of the caller.
    pub(crate) fn put_headers(&mut self, headers: &[Header<'_>]) -> &mut Self {
        for header in headers {
            self.put(&[header.name.as_bytes(), b": ", header.value, b"\r\n"]);
        }
        self
    }
}

/// Writes the head that `parts` appends and returns its length. `last`, called once there is room, makes what else `parts` needs;
/// nothing can fail after it.
pub(crate) fn write_head<T: Copy + Default, E: Into<CallError>>(
    out: &mut [u8],
    last: impl FnOnce() -> Result<T, E>,
    parts: impl Fn(T, &mut HeadWriter<'_>),
) -> Result<usize, CallError> {
    let mut counted = HeadWriter { out: &mut [], len: 0 };
    parts(T::default(), &mut counted);
    let out = room(out, counted.len)?;
    parts(last().map_err(Into::into)?, &mut HeadWriter { out, len: 0 });
    Ok(counted.len)
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
