//! Requests, and what stands in their first line ("HTTP long-polling" in the Engine.IO protocol).

use alloc::borrow::ToOwned;
use alloc::string::String;
use core::fmt;
use core::fmt::Write;

/// Of an HTTP request.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Method {
    /// It waits for messages of the server's, as long as there are none.
    Get,
    /// It brings messages to the server. Its Content-Type is `text/plain;charset=UTF-8`.
    Post,
}

/// An HTTP request that is to be made.
#[derive(Clone, PartialEq, Eq)]
pub struct Request {
    /// For [`response`](super::Polling::response) and [`failed`](super::Polling::failed).
    pub id: u64,
    /// GET or POST.
    pub method: Method,
    /// Path and query.
    pub target: String,
    /// Empty for GET.
    pub body: String,
}

/// Shows the path and the length of the body: the query has the `sid`, which is a secret.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.target.split_once('?').map_or(&*self.target, |(path, _)| path);
        write!(f, "Request({} {:?} {path}, {} bytes)", self.id, self.method, self.body.len())
    }
}

/// `base`, which may have a query, with what Engine.IO adds to it.
pub(super) fn target(base: &str, transport: &str, sid: Option<&str>, number: Option<u64>) -> String {
    let mut target = base.to_owned();
    target.push(if base.contains('?') { '&' } else { '?' });
    target.push_str("EIO=4&transport=");
    target.push_str(transport);
    if let Some(number) = number {
        // Writing to a `String` does not fail.
        _ = write!(target, "&t={number}");
    }
    if let Some(sid) = sid {
        target.push_str("&sid=");
        target.push_str(sid);
    }
    target
}

/// As a value in a query: all but the unreserved characters percent-encoded (RFC 3986 §2.3).
pub(super) fn in_query(text: impl Iterator<Item = char>) -> String {
    let mut out = String::new();
    for char in text {
        if char.is_ascii_alphanumeric() || matches!(char, '-' | '.' | '_' | '~') {
            out.push(char);
        } else {
            for byte in char.encode_utf8(&mut [0; 4]).bytes() {
                _ = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}
