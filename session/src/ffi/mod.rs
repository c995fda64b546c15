//! The C layer: `include/sansocket_session.h`, in Rust, beside that of `sansocket`. A function checks its pointers, calls the public Rust
//! API and translates.
//!
//! Names are those of the header, so that one search finds both sides; the docs of each item are the header's text, which
//! `ci/header` makes from them. What holds for all functions is at the top of `sansocket.h` and of the header.
//! Rust programs have no use for this module.
#![allow(non_camel_case_types, reason = "these are C's types, under C's names")]
#![allow(clippy::missing_safety_doc, reason = "what a caller owes stands at the top of the header, once for all functions")]

mod ask;
mod commands;
mod config;
mod credentials;
mod event;
mod init;
mod numbers;
mod place;
mod setup;
#[doc(hidden)]
pub mod support;
mod transport;

pub use ask::*;
pub use commands::*;
pub use config::*;
pub use credentials::*;
pub use event::*;
pub use init::*;
pub use numbers::*;
pub use place::*;
pub use setup::*;
pub use transport::*;
