//! Bodies of the fuzz targets: plain functions that panic if a law is broken. `targets/` hands them to libFuzzer, the tests run
//! them over the committed seeds.
//!
//! The oracles are those of the tests: the probe that checks the laws at every call, and the reference model of frames. This package
//! adds a second reading of HTTP heads (`naive`), of the negotiation of permessage-deflate (`agreement`) and of URLs, another
//! inflater (`second_opinion`), a prediction of what each verb must do (`endpoint`), and a second reading of Socket.IO with another reader of
//! JSON (`socketio`). Above the packets of Socket.IO it counts: who may get what, which answers are outstanding, which messages have arrived.
//!
//! What a body takes is a value of `input`, for `url` and the packets of `socketio` a text, and for `ffi` bytes.

mod agreement;
mod buffered;
mod codec;
mod compressed_pair;
mod compressing_end;
mod deflate;
mod encode;
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
mod input;
mod input_deflate;
mod naive;
mod negotiate;
mod second_opinion;
mod seeds;
mod seeds_deflate;
mod seeds_session;
mod seeds_socketio;
mod seeds_socketio_calls;
mod sending;
mod session;
mod socketio;
mod socketio_client;
mod socketio_polling;
mod socketio_server;
mod socketio_texts;
#[path = "../../tests/support/mod.rs"]
mod support;
mod url;

use arbitrary::{Arbitrary, Unstructured};
use core::fmt::Debug;

pub use buffered::buffered;
pub use compressed_pair::compressed_pair;
pub use deflate::deflate;
pub use frames::{frames_client, frames_server};
pub use handshake::{client, server};
pub use heads::heads;
pub use input::{Buffered, Client, Frames, Heads, Sending, Server, Session, Socketio};
pub use input_deflate::{CompressedPair, Deflate, Negotiate};
pub use negotiate::negotiate;
pub use seeds::{Seed, seeds};
pub use sending::sending;
pub use session::session;
pub use socketio::{socketio_engine, socketio_json, socketio_packet};
pub use socketio_client::socketio_client;
pub use socketio_polling::socketio_polling;
pub use socketio_server::socketio_server;
pub use url::url;

/// Any sequence of calls of the C layer does what the same calls in Rust do.
pub fn ffi(data: &[u8]) {
    ffi_sequence::ffi_sequence(data);
}

/// A target's name, and its body on the bytes of an input; false if they are not an input.
pub type Target = (&'static str, fn(&[u8]) -> bool);

/// All targets.
pub const TARGETS: [Target; 19] = [
    ("server", |data| run(data, server)),
    ("client", |data| run(data, client)),
    ("frames_server", |data| run(data, frames_server)),
    ("frames_client", |data| run(data, frames_client)),
    ("heads", |data| run(data, heads)),
    ("url", |data| run(data, url)),
    ("negotiate", |data| run(data, negotiate)),
    ("deflate", |data| run(data, deflate)),
    ("compressed_pair", |data| run(data, compressed_pair)),
    ("sending", |data| run(data, sending)),
    ("buffered", |data| run(data, buffered)),
    ("session", |data| run(data, session)),
    ("ffi", |data| run(data, |data: &&[u8]| ffi(data))),
    ("socketio_engine", |data| run(data, socketio_engine)),
    ("socketio_packet", |data| run(data, socketio_packet)),
    ("socketio_json", |data| run(data, socketio_json)),
    ("socketio_server", |data| run(data, socketio_server)),
    ("socketio_client", |data| run(data, socketio_client)),
    ("socketio_polling", |data| run(data, socketio_polling)),
];

/// Takes `data` as `libfuzzer_sys::fuzz_target` does. The input is printed if `body` panics.
fn run<'d, I: Arbitrary<'d> + Debug>(data: &'d [u8], body: fn(&I)) -> bool {
    if data.len() < I::size_hint(0).0 {
        return false;
    }
    let Ok(input) = I::arbitrary_take_rest(Unstructured::new(data)) else { return false };
    let input = PrintedOnPanic(input);
    body(&input.0);
    true
}

struct PrintedOnPanic<I: Debug>(I);

impl<I: Debug> Drop for PrintedOnPanic<I> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("{:#?}", self.0);
        }
    }
}
