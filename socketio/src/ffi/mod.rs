//! The C layer: `include/sansocket_socketio.h`, in Rust, beside those of `sansocket` and of its sessions. A function checks its pointers, calls
//! the Rust API and translates.
//!
//! Names are those of the header, so that one search finds both sides; the docs of each item are the header's text, which
//! `ci/header` makes from them. What holds for all functions is at the top of `sansocket.h` and of the header.
//! Rust programs have no use for this module.
#![allow(non_camel_case_types, reason = "these are C's types, under C's names")]
#![allow(clippy::missing_safety_doc, reason = "what a caller owes stands at the top of the header, once for all functions")]

mod arguments;
mod ask;
mod commands;
mod config;
mod event;
mod init;
mod json;
mod numbers;
mod place;
mod setup;
mod target;

pub use arguments::*;
pub use ask::*;
pub use commands::*;
pub use config::*;
pub use event::*;
pub use init::*;
pub use json::*;
pub use numbers::*;
pub use place::*;
pub use setup::*;
pub use target::*;
