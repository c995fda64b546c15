//! [zlib-rs](https://docs.rs/zlib-rs) in the place of [`sansocket`]'s own codec of permessage-deflate (RFC 7692): [`ZlibInflater`]
//! is an [`Inflate`](sansocket::Inflate), [`ZlibCompressor`] a [`Deflate`](sansocket::Deflate). They are passed to
//! [`receive_with`](sansocket::Connection::receive_with) and [`send_with`](sansocket::Connection::send_with) as the library's own
//! would be. One direction can use zlib and the other not.
//!
//! ```
//! use sansocket::{Config, Connection, DeflateDirection, DeflateParams, Entropy, EntropyError, Event, Instant, MessageKind, Negotiated};
//! use sansocket::{NoEntropy, Role};
//! use sansocket_zlib_rs::{ZlibCompressor, ZlibInflater};
//!
//! // What the opening handshake agreed on; it is done by `Connection::client` and `Connection::server`, or elsewhere.
//! let params = DeflateParams { client: DeflateDirection { max_window_bits: 12, ..DeflateDirection::DEFAULT }, ..DeflateParams::DEFAULT };
//! let agreed = Negotiated::NOTHING.with_deflate(params);
//! let (config, now) = (Config::new(), Instant::from_millis(0));
//! # struct Keys;
//! # impl Entropy for Keys {
//! #     fn fill(&mut self, bytes: &mut [u8]) -> Result<(), EntropyError> { bytes.fill(7); Ok(()) }
//! # }
//! let mut client = Connection::open(Role::Client, &config, Keys, agreed, now);
//! let mut server = Connection::open(Role::Server, &config, NoEntropy, agreed, now);
//!
//! let mut compressor = ZlibCompressor::new(12, 9).unwrap();
//! let mut inflater = ZlibInflater::new(12).unwrap();
//! let text = "tick 1.2345 tick 1.2346 tick 1.2345";
//! for _ in 0..2 {
//!     let mut wire = [0; 256];
//!     let sent = client.send_with(&mut compressor, MessageKind::Text, text.as_bytes(), true, &mut wire)?;
//!     assert!(sent.done && sent.produced < text.len());
//!
//!     let (mut window, mut out) = ([0; 256], [0; 131]);
//!     let received = server.receive_with(now, &mut wire[..sent.produced], &mut inflater, &mut window, &mut out)?;
//!     assert!(matches!(received.event, Some(Event::Data(data)) if *data.payload == *text.as_bytes() && data.last));
//! }
//! # Ok::<(), sansocket::CallError>(())
//! ```
//!
//! # When it pays
//!
//! On hosts that want zlib's levels, 0 to 9, and have the memory: the library's own compressor has three levels, and needs a
//! fraction of it. On firmware, for windows of 8 bits, and where thousands of connections keep their history, the library's own
//! codec is the right one.
//!
//! # What it costs
//!
//! Memory on the heap for each value, by its window, in thousands of bytes. A connection has one of each for its life, unless it
//! compresses without context takeover: then any number of connections can share a compressor.
//!
//! | window bits | 8 | 9 | 10 | 11 | 12 | 13 | 14 | 15 |
//! |---|---|---|---|---|---|---|---|---|
//! | [`ZlibInflater`] | 47.8 KB | 48.0 KB | 48.5 KB | 49.6 KB | 51.6 KB | 55.7 KB | 63.9 KB | 80.3 KB |
//! | [`ZlibCompressor`], memory level 8 | - | 251.0 KB | 253.0 KB | 257.1 KB | 265.3 KB | 281.7 KB | 314.4 KB | 380.0 KB |
//! | the same, memory level 1 | - | 137.2 KB | 139.2 KB | 143.3 KB | 151.5 KB | 167.9 KB | 200.7 KB | 266.2 KB |
//!
//! # What it does not promise
//!
//! What the library promises of its own codec is not promised of zlib-rs: it allocates when a value is made, and panics if it cannot;
//! it has unsafe code; and no proof says that its other panics cannot be reached. This package has no unsafe code. What a peer sends
//! is checked all the same: what zlib refuses fails the connection, and limits on messages are the connection's.
mod compress;
mod history;
mod inflate;

pub use compress::ZlibCompressor;
pub use inflate::ZlibInflater;
