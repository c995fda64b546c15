//! RFC 9110, RFC 9112: heads of HTTP/1.1, read and written in place. It knows nothing about WebSocket.

pub(crate) mod authority;
pub(crate) mod body;
pub(crate) mod head;
pub(crate) mod line;
pub(crate) mod list;
pub(crate) mod run;
pub(crate) mod scan;
pub(crate) mod target;
pub(crate) mod token;
#[cfg(any(test, not(all(any(feature = "std", feature = "ffi"), target_arch = "x86_64"))))]
pub(crate) mod words;
pub(crate) mod write;

pub use head::{Header, Headers};
pub use list::Tokens;
