//! The C layer: `include/sansocket.h`, in Rust. A function checks its pointers, calls the public Rust API and translates.
//!
//! Names are those of the header, so that one search finds both sides; the docs of each item are the header's text, which
//! `ci/header` makes from them. What holds for all functions stands at the top of the header (`capi/header/cbindgen.toml`).
//! Rust programs have no use for this module, except to measure it.
#![allow(non_camel_case_types, reason = "these are C's types, under C's names")]
#![allow(clippy::missing_safety_doc, reason = "what a caller owes stands at the top of the header, once for all functions")]

mod config;
mod connection;
#[cfg(feature = "deflate")]
mod deflate;
mod frame;
mod handshake;
mod head;
mod io;
mod memory;
mod message;
mod receive;
mod result;
mod send;
mod text;
mod url;

pub use config::*;
pub use connection::*;
#[cfg(feature = "deflate")]
pub use deflate::*;
pub use frame::*;
pub use handshake::*;
pub use head::*;
pub use io::*;
pub use message::*;
pub use receive::*;
pub use result::*;
pub use send::*;
pub use url::*;

/// The version of this header's structs and functions. The functions that initialise something compare it with the library's.
pub const SANSOCKET_ABI_VERSION: u32 = 2;

/// The version of the library that this header belongs to: its first number.
pub const SANSOCKET_VERSION_MAJOR: u32 = 0;

/// The second number of the version.
pub const SANSOCKET_VERSION_MINOR: u32 = 1;

/// The third number of the version.
pub const SANSOCKET_VERSION_PATCH: u32 = 0;

/// Bytes that suffice as output for every `sansocket_receive` and `sansocket_handle_timeout`.
pub const SANSOCKET_MAX_ANSWER: usize = 131;

/// The most bytes that stay unconsumed once the opening handshake is over.
pub const SANSOCKET_MAX_REMAINDER: usize = 130;

/// Bytes that `sansocket_accept_key` writes.
pub const SANSOCKET_ACCEPT_KEY_LEN: usize = 28;

const _: () = assert!(
    SANSOCKET_MAX_ANSWER == crate::MAX_ANSWER
        && SANSOCKET_MAX_REMAINDER == crate::MAX_REMAINDER
        && SANSOCKET_ACCEPT_KEY_LEN == crate::ACCEPT_KEY_LEN
);

/// Returns the version of the library that runs, as `SANSOCKET_VERSION` has that of the header: 1 000 000 times its first
/// number, 1000 times its second and its third.
#[unsafe(no_mangle)]
pub extern "C" fn sansocket_version() -> u32 {
    SANSOCKET_VERSION_MAJOR * 1_000_000 + SANSOCKET_VERSION_MINOR * 1_000 + SANSOCKET_VERSION_PATCH
}

#[cfg(test)]
mod tests;
