//! WebSocket (RFC 6455) over embedded-io and embedded-io-async: [`sansocket`] for embassy and any other HAL. `no_std`, no heap, no unsafe code,
//! no task of its own, and everything in memory of the caller's.
//!
//! [`WebSocket`] is a connection over a [`Transport`] with a [`Timer`]; its futures may be dropped at any time. [`blocking`] has the same for
//! programs without async.
//!
//! ```
//! use sansocket::{Buffered, ClientRequest, CloseCode, Config, Connection, Entropy, Event};
//! use sansocket_embedded_io::{HandshakeError, Timer, Transport, WebSocket};
//!
//! static CONFIG: Config = Config::new();
//!
//! /// Says hello over a connected socket, shows what comes, and closes when that is "bye".
//! async fn talk(socket: impl Transport, mut timer: impl Timer, rng: impl Entropy) -> Result<(), HandshakeError> {
//!     let ws = Connection::client(&CONFIG, rng, timer.now());
//!     let mut ws = WebSocket::new(Buffered::new(ws, [0; 1024], [0; 512]), socket, timer);
//!     ws.connect(&ClientRequest::new("example.com", "/chat")).await?;
//!     ws.send_text("hello").await?;
//!     while let Some((event, mut ws)) = ws.next().await? {
//!         match event {
//!             Event::Data(message) if message.payload == b"bye" => ws.close(CloseCode::NORMAL_CLOSURE, "")?,
//!             Event::Data(message) => show(message.payload),
//!             _ => {}
//!         }
//!     }
//!     Ok(())
//! }
//! # fn show(_: &[u8]) {}
//! ```
//!
//! # Memory
//!
//! The input has the longest head and, unless messages come in pieces, the longest message and 144 bytes; 131 at least. The output has what the
//! program sends at once and 131 bytes; 262 at least. Both may be arrays, `&'static mut [u8]`, or anything else that
//! [`Buffer`](sansocket::Buffer) is. A connection with its future takes 648 bytes beside them on a Cortex-M4, in
//! the task that polls it.
//!
//! # Compression
//!
//! The feature `deflate` of `sansocket`, [`Config::deflate`](sansocket::Config::deflate), and a codec over lent memory in
//! [`Buffered::deflate`](sansocket::Buffered::deflate): off by default, and nothing here changes by it.
//!
//! # Features
//!
//! - `embassy-time`: `EmbassyTimer`.
//! - `embassy-net`: `Transport` for `embassy_net::tcp::TcpSocket`. The program's own `embassy-net` names an IP version and a medium.
#![no_std]
#![allow(async_fn_in_trait, reason = "executors without a heap do not move futures between threads")]
#![deny(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::cast_possible_truncation,
    clippy::std_instead_of_core
)]

pub mod blocking;
mod either;
#[cfg(any(feature = "embassy-time", feature = "embassy-net"))]
mod embassy;
mod error;
mod timer;
mod transport;
mod turn;
mod websocket;

// The README's code compiles.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

#[cfg(feature = "embassy-time")]
pub use embassy::EmbassyTimer;
pub use error::HandshakeError;
pub use timer::Timer;
pub use transport::{Line, Transport};
pub use websocket::{Done, WebSocket};
