//! Bodies of the fuzz targets: plain functions that panic where a law is broken. `targets/` hands them to libFuzzer, the tests run
//! them over the committed seeds.
//!
//! The oracles are those of the tests: the probe that checks the laws at every call, and the reference model of frames. What they
//! lack stands here: a second reading of HTTP heads (`naive`) and of URLs, and a prediction of what each verb must do (`endpoint`).
//!
//! An input is a recipe of fixed length (`recipe`) and the octets that it delivers; for `url` a text, for `sending` and `ffi` a list of commands.

mod deflate;
mod endpoint;
#[allow(unsafe_code, reason = "calls the C layer")]
#[path = "../../tests/support/ffi_alone.rs"]
mod ffi_alone;
#[allow(unsafe_code, reason = "calls the C layer")]
#[path = "../../tests/support/ffi_sequence.rs"]
mod ffi_sequence;
mod frames;
mod handshake;
mod heads;
mod naive;
mod recipe;
mod seeds;
mod sending;
#[path = "../../tests/support/mod.rs"]
mod support;
mod url;

pub use deflate::deflate;
pub use frames::{frames_client, frames_server};
pub use handshake::{client, server};
pub use heads::heads;
pub use seeds::{Seed, seeds};
pub use sending::sending;
pub use url::url;

/// Any sequence of calls of the C layer does what the same calls in Rust do.
pub fn ffi(data: &[u8]) {
    ffi_sequence::ffi_sequence(data);
}

/// A body.
pub type Body = fn(&[u8]);

/// All targets: their names and bodies.
pub const TARGETS: [(&str, Body); 9] = [
    ("server", server),
    ("client", client),
    ("frames_server", frames_server),
    ("frames_client", frames_client),
    ("heads", heads),
    ("url", url),
    ("deflate", deflate),
    ("sending", sending),
    ("ffi", ffi),
];
