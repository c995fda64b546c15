//! The output of one call, and matches that lie within it (RFC 1951 §3.2.3).

use super::history::History;
use crate::length::copy;

/// The output of one call, and how much of it is written.
pub(super) struct Output<'o> {
    pub(super) bytes: &'o mut [u8],
    pub(super) at: usize,
}

impl Output<'_> {
    pub(super) fn written(&self) -> &[u8] {
        self.bytes.get(..self.at).unwrap_or(&[])
    }

    pub(super) fn is_full(&self) -> bool {
        self.at >= self.bytes.len()
    }

    /// Appends a byte, if there is room.
    #[inline(always)]
    pub(super) fn push(&mut self, byte: u8) -> bool {
        let Some(slot) = self.bytes.get_mut(self.at) else { return false };
        *slot = byte;
        self.at += 1;
        true
    }

    /// Appends as much of `part` as there is room for, and returns how much.
    #[inline]
    pub(super) fn append(&mut self, part: &[u8]) -> usize {
        let len = copy(part, self.bytes.get_mut(self.at..).unwrap_or(&mut []));
        self.at += len;
        len
    }

    /// Appends up to `len` of the bytes that begin `distance` before the end, which may include those just appended, and returns
    /// how many.
    #[inline]
    pub(super) fn repeat(&mut self, distance: usize, len: usize) -> usize {
        let end = self.bytes.len().min(self.at + len);
        let (mut at, mut back) = (self.at, distance);
        while at < end {
            let Some(start) = at.checked_sub(back) else { break };
            // Most matches are short. 16 bytes at a time: those beyond the match will be overwritten.
            if back >= 16 {
                let from = self.bytes.get(start..).and_then(sixteen);
                let to = self.bytes.get_mut(at..).and_then(|to| to.first_chunk_mut::<16>());
                if let (Some(from), Some(to)) = (from, to) {
                    *to = from.to_le_bytes();
                    at += 16;
                    continue;
                }
            }
            self.repeat_bytes(at, start, 16.min(end - at));
            at += 16;
            // Bytes that repeat after `distance` bytes also repeat after a multiple of it, once these have been appended.
            while back < 16 && distance > 0 {
                back += distance;
            }
        }
        let copied = at.min(end).saturating_sub(self.at);
        self.at += copied;
        copied
    }

    /// Copies `len` bytes from `start` to `at` one after the other, so that each may be one that was just written.
    fn repeat_bytes(&mut self, at: usize, start: usize, len: usize) {
        for offset in 0..len {
            let byte = self.bytes.get(start.saturating_add(offset)).copied().unwrap_or_default();
            if let Some(to) = self.bytes.get_mut(at.saturating_add(offset)) {
                *to = byte;
            }
        }
    }
}

/// The first 16 bytes, as a number: firmware copies arrays by `memmove`, which it has no other use for, and which is 1.5 KB.
#[inline(always)]
pub(super) fn sixteen(bytes: &[u8]) -> Option<u128> {
    bytes.first_chunk::<16>().copied().map(u128::from_le_bytes)
}

/// Appends up to `len` of the bytes that begin `distance` before the end, of which those that were there before this call are in
/// `history`, and returns how many there was room for.
pub(super) fn copy_match(history: &History<'_>, output: &mut Output<'_>, distance: usize, len: usize) -> usize {
    let mut left = len;
    while left > 0 {
        let copied = match distance.checked_sub(output.at) {
            None | Some(0) => output.repeat(distance, left),
            // The match starts before this call's output.
            Some(back) => {
                let (part, _) = history.last(back);
                output.append(part.get(..left).unwrap_or(part))
            }
        };
        if copied == 0 {
            break;
        }
        left = left.saturating_sub(copied);
    }
    len.saturating_sub(left)
}
