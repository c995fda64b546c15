//! The C layer: `include/sansocket.h`, in Rust. A function checks its pointers, calls the public Rust API and translates.
//!
//! Names are those of the header, so that one search finds both sides; the docs of each item are the header's text, which
//! `ci/header` makes from them. What holds for all functions is at the top of the header (`capi/header/top.h`).
//! Rust programs have no use for this module, except to measure it.
#![allow(non_camel_case_types, reason = "these are C's types, under C's names")]
#![allow(clippy::missing_safety_doc, reason = "what a caller owes stands at the top of the header, once for all functions")]

mod buffered;
mod call;
#[cfg(feature = "deflate")]
mod codec;
#[cfg(feature = "deflate")]
mod compressed;
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
mod negotiation;
mod numbers;
mod receive;
mod send;
mod setup;
#[doc(hidden)]
pub mod support;
mod text;
mod url;
#[cfg(feature = "deflate")]
mod with_codec;

pub use buffered::*;
#[cfg(feature = "deflate")]
pub use codec::*;
#[cfg(feature = "deflate")]
pub use compressed::*;
pub use config::*;
pub use connection::*;
#[cfg(feature = "deflate")]
pub use deflate::*;
pub use frame::*;
pub use handshake::*;
pub use head::*;
pub use io::*;
pub use message::*;
pub use negotiation::*;
pub use numbers::*;
pub use receive::*;
pub use send::*;
pub use setup::*;
pub use text::*;
pub use url::*;
#[cfg(feature = "deflate")]
pub use with_codec::*;

#[cfg(test)]
mod tests;
