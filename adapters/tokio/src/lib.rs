//! WebSocket (RFC 6455) over tokio: whole messages as `Stream` and `Sink`, client and server, on [`sansocket`].
//!
//! - A client: [`connect`], or a [`Connector`] with header fields, TLS settings or a transport of its own.
//! - A server: [`accept`], or a [`Handshake`], which shows the request first; with another HTTP stack, the modules `hyper` and `axum`
//!   (features of these names), or [`WebSocket::open`] with what `sansocket::Offer` has checked.
//! - The connection: a [`WebSocket`], whose page says how it is read, sent on and closed; or its two halves, [`Sender`] and
//!   [`Receiver`].
//! - A client that comes back: the module `session` (a feature of this name).
//! - A server for the clients of Socket.IO: the module `socketio` (a feature of this name).
//!
//! Limits, deadlines, subprotocols and compression are those of a [`Config`], which is a `static` of the program's. Deadlines follow
//! tokio's clock, so the runtime needs `enable_time`, and tests can pause it. What the docs of the `Config` say of buffers and of `Buffered` is
//! about the engine; here memory grows with what has arrived, up to `max_message_len`, and whoever sends waits while 64 KiB are due.
//!
//! Section numbers without a document are those of RFC 6455.

#[cfg(feature = "axum")]
pub mod axum;
mod client;
mod codec;
mod dial;
mod endpoint;
mod error;
#[cfg(feature = "hyper")]
pub mod hyper;
mod incoming;
mod message;
mod outgoing;
mod random;
mod server;
#[cfg(feature = "session")]
pub mod session;
#[cfg(feature = "socketio")]
pub mod socketio;
mod split;
mod timer;
mod transport;
mod websocket;

pub use client::{Connector, connect};
pub use error::{Error, Refusal};
pub use message::{Message, Text};
pub use sansocket::{
    Accept, CloseCode, Config, EndCause, Header, MessageKind, Negotiated, Offer, OfferError, Origin, ProtocolError, Request,
    Role, State, UrlError, UsageError,
};
#[cfg(feature = "deflate")]
pub use sansocket::{DeflateConfig, DeflateOffer};
pub use server::{Handshake, accept, accept_with};
pub use split::{Receiver, Sender};
pub use transport::Transport;
pub use websocket::WebSocket;

// The README's code compiles.
#[cfg(all(doctest, feature = "axum", feature = "session", feature = "socketio"))]
#[doc = include_str!("../README.md")]
struct Readme;
