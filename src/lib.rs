//! WebSocket without the socket: one endpoint of RFC 6455, client or server, as a pure state machine.
#![no_std]
#![cfg_attr(not(feature = "ffi"), forbid(unsafe_code))]
#![cfg_attr(feature = "ffi", deny(unsafe_code))]

#[cfg(test)]
extern crate std;

mod close_code;
mod config;
mod connection;
mod deflate;
mod entropy;
mod error;
mod event;
// Pointers from C are checked and read here and nowhere else.
#[cfg(feature = "ffi")]
#[allow(unsafe_code)]
pub mod ffi;
pub mod frame;
mod handshake;
mod length;
mod time;
mod utf8;

pub use close_code::CloseCode;
pub use config::Config;
#[cfg(feature = "deflate")]
pub use connection::Sent;
pub use connection::{Connection, Negotiated};
#[cfg(feature = "deflate")]
pub use deflate::{Compressed, Compressor, Finished, InflateError, Inflater, Progress};
pub use deflate::{DeflateDirection, DeflateParams};
pub use entropy::{Entropy, EntropyError, NoEntropy};
pub use error::{CallError, ProtocolError, UsageError};
pub use event::{Data, Event, MessageKind, Received, Role, State, Transport};
pub use handshake::{ACCEPT_KEY_LEN, Accept, ClientRequest, Header, Headers, Origin, Request, Response, Tokens, accept_key};
pub use time::Instant;
