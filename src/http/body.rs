//! RFC 9112 §6: what header fields say about a message's body. Bodies are the caller's; where they end must be beyond doubt.

use crate::error::ProtocolError;
use crate::http::list::members;

/// What Content-Length and Transfer-Encoding have said so far.
#[derive(Clone, Copy, Default)]
pub(crate) struct Body {
    len: Length,
    coding: Coding,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Length {
    #[default]
    Absent,
    Is(u64),
    Invalid,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Coding {
    #[default]
    Absent,
    /// Lines that list no coding.
    Empty,
    /// Codings, the last of which is chunked.
    EndsChunked,
    /// Codings that do not mark their end; chunked is not among them.
    EndsOtherwise,
    /// Chunked, but not as the last one.
    Invalid,
}

impl Body {
    /// Takes a line of Content-Length. RFC 9110 §8.6 allows rejecting a list of equal numbers, and we do; equal lines count as
    /// one.
    pub(crate) fn note_content_length(&mut self, value: &[u8]) {
        self.len = match (self.len, decimal(value)) {
            (Length::Absent, Some(len)) => Length::Is(len),
            (Length::Is(before), Some(len)) if before == len => self.len,
            _ => Length::Invalid,
        };
    }

    /// Takes a line of Transfer-Encoding. Chunked has no parameters and comes once, last (RFC 9112 §7.1).
    pub(crate) fn note_transfer_encoding(&mut self, value: &[u8]) {
        if self.coding == Coding::Absent {
            self.coding = Coding::Empty;
        }
        for coding in members(value) {
            self.coding = match self.coding {
                Coding::EndsChunked | Coding::Invalid => Coding::Invalid,
                _ if coding.eq_ignore_ascii_case(b"chunked") => Coding::EndsChunked,
                _ => Coding::EndsOtherwise,
            };
        }
    }

    /// Whether a request has a body.
    pub(crate) fn is_present(self) -> bool {
        self.is_coded() || !matches!(self.len, Length::Absent | Length::Is(0))
    }

    /// Whether there is a Transfer-Encoding.
    pub(crate) fn is_coded(self) -> bool {
        self.coding != Coding::Absent
    }

    /// RFC 9112 §6.3: a request without a reliable end is answered with 400. So is one with both fields; that is our policy.
    pub(crate) fn check_request(self, modern: bool) -> Result<(), ProtocolError> {
        match (self.coding, self.len) {
            (Coding::Absent, Length::Absent | Length::Is(_)) => Ok(()),
            // §6.1: HTTP/1.0 has no transfer codings.
            (Coding::EndsChunked, Length::Absent) if modern => Ok(()),
            _ => Err(ProtocolError::InvalidBodyLength),
        }
    }

    /// RFC 9112 §6.3: a response that ends with the connection may have other codings, and a coding overrides the length.
    pub(crate) fn check_response(self, modern: bool) -> Result<(), ProtocolError> {
        match (self.coding, self.len) {
            (Coding::Absent, Length::Absent | Length::Is(_)) => Ok(()),
            (Coding::EndsChunked | Coding::EndsOtherwise, _) if modern => Ok(()),
            _ => Err(ProtocolError::InvalidBodyLength),
        }
    }
}

/// `1*DIGIT`, below 2^64.
fn decimal(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_u64, |value, digit| {
        let digit = digit.is_ascii_digit().then(|| digit.wrapping_sub(b'0'))?;
        value.checked_mul(10)?.checked_add(u64::from(digit))
    })
}

#[cfg(test)]
mod tests {
    use super::Body;

    fn body(lens: &[&[u8]], codings: &[&[u8]]) -> Body {
        let mut body = Body::default();
        lens.iter().for_each(|value| body.note_content_length(value));
        codings.iter().for_each(|value| body.note_transfer_encoding(value));
        body
    }

    /// HT-15: all lengths of one and of two bytes; and two lines.
    #[test]
    fn lengths_are_numbers_and_agree() {
        for byte in 0..=u8::MAX {
            let digit = byte.is_ascii_digit();
            for value in [&[byte][..], &[b'5', byte], &[byte, b'5']] {
                assert_eq!(body(&[value], &[]).check_request(true).is_ok(), digit, "{value:02x?}");
                assert_eq!(body(&[value], &[]).check_response(false).is_ok(), digit, "{value:02x?}");
            }
        }
        assert!(body(&[b"18446744073709551615"], &[]).check_request(true).is_ok());
        for bad in [&b""[..], b"18446744073709551616", b"5, 6", b"5, 5", b"0x5", b"5 5"] {
            assert!(body(&[bad], &[]).check_request(true).is_err(), "{bad:?}");
        }
        for (first, second) in [(0, 0), (0, 5), (5, 0), (5, 5), (5, 6)] {
            let lines = [first, second].map(|len| std::format!("{len}"));
            let lines = [lines[0].as_bytes(), lines[1].as_bytes()];
            let both = body(&lines, &[]);
            assert_eq!(both.check_request(true).is_ok(), first == second);
            assert_eq!(both.is_present(), first != second || first > 0);
        }
        assert!(body(&[b"5", b"x", b"5"], &[]).check_request(false).is_err());
    }

    /// HT-15, RFC 9112 §6.1, §6.3: every list of up to three codings, in one line and in several, for both versions and sides.
    #[test]
    fn codings_of_a_request_end_in_chunked() {
        let names: [&[u8]; 5] = [b"chunked", b"CHUNKED", b"gzip", b"identity", b"chunked;q=1"];
        for a in 0..names.len() {
            for b in 0..=names.len() {
                for c in 0..=names.len() {
                    let list: std::vec::Vec<_> = [Some(a), b.checked_sub(1), c.checked_sub(1)].into_iter().flatten().collect();
                    let lines: std::vec::Vec<_> = list.iter().map(|&index| names[index]).collect();
                    let chunked = |index: &usize| *index < 2;
                    let is_last = list.iter().position(chunked) == Some(list.len() - 1);
                    for coded in [body(&[], &lines), body(&[], &[&lines.join(&b", "[..])])] {
                        assert_eq!(coded.check_request(true).is_ok(), is_last, "{list:?}");
                        assert!(coded.check_request(false).is_err() && coded.check_response(false).is_err());
                        let in_response = is_last || !list.iter().any(chunked);
                        assert_eq!(coded.check_response(true).is_ok(), in_response, "{list:?}");
                        assert!(coded.is_present() && coded.is_coded());
                    }
                    assert!(body(&[b"5"], &lines).check_request(true).is_err());
                }
            }
        }
        assert!(body(&[], &[b""]).check_request(true).is_err() && body(&[], &[b","]).check_response(true).is_err());
        assert!(body(&[], &[b"", b"gzip", b"", b"chunked"]).check_request(true).is_ok());
    }
}
