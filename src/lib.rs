//! WebSocket without the socket: one endpoint of RFC 6455, client or server, as a pure state machine.
//!
//! Bytes in, events out; commands in, bytes out; time in, deadlines out. It has no sockets, no heap, no clock, no threads, no
//! callbacks, no unsafe code (except in the C layer and, with `std`, in one file for AVX2 and SSE2), and no panic that bytes, time or
//! calls can reach.
//!
//! # Two ways to hold it
//!
//! [`Buffered`] is a connection with its two buffers: what a program with a socket, a UART or a TLS stream wants. It says what is to be
//! written and where to read into, and the rules of a good loop hold by themselves. Its page has the loop.
//!
//! [`Connection`] is the machine below it, without buffers, for those who want every byte. The rest of this page is about it.
//!
//! # The loop by hand
//!
//! *Feed what you have, keep what was not consumed, write what was produced, obey [`transport`](Connection::transport), re-arm
//! [`next_timeout`](Connection::next_timeout).*
//!
//! ```
//! use sansocket::{Accept, CallError, Config, Connection, Event, Instant, Origin};
//!
//! /// What an echo server does with the bytes that its transport has read. Returns how many of them are consumed; the rest must
//! /// be presented again, with more after it. `write` takes what goes to the peer. `output` is longer than `input` by 131 bytes,
//! /// so that everything that one event makes due fits.
//! fn on_input(
//!     ws: &mut Connection, now: Instant, input: &mut [u8], output: &mut [u8], mut write: impl FnMut(&[u8]),
//! ) -> Result<usize, CallError> {
//!     let mut consumed = 0;
//!     loop {
//!         let received = ws.receive(now, &mut input[consumed..], output)?;
//!         consumed += received.consumed;
//!         let mut due = received.produced;
//!         match received.event {
//!             None => return Ok(consumed),
//!             Some(Event::Request(request)) => due += ws.accept(&request, &Accept::new(Origin::Any), now, &mut output[due..])?,
//!             Some(Event::Data(data)) => due += ws.send(data.kind, data.payload, data.last, &mut output[due..])?,
//!             Some(_) => {}
//!         }
//!         write(&output[..due]);
//!     }
//! }
//!
//! static CONFIG: Config = Config::new();
//! let now = Instant::from_millis(0);
//! let mut ws = Connection::server(&CONFIG, now);
//! let mut input = *b"GET / HTTP/1.1\r\nHost: example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
//!     Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n\x81\x82\0\0\0\0Hi";
//! let mut written = Vec::new();
//! let consumed = on_input(&mut ws, now, &mut input, &mut [0; 512], |bytes| written.extend_from_slice(bytes))?;
//! assert_eq!(consumed, input.len());
//! assert!(written.ends_with(b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n\x81\x02Hi"));
//! # Ok::<(), CallError>(())
//! ```
//!
//! # Who owns what
//!
//! - **Input** is the caller's. `receive` unmasks payload in it and returns how much of it is consumed. What cannot be acted on
//!   yet, an incomplete head, frame header or control frame, stays unchanged, and is presented again, contiguous, with more after
//!   it: at most a head, and after the handshake at most 130 bytes.
//! - **Output** is the caller's. Every call that can make bytes due takes it and writes them at once; there is no queue. If they
//!   do not fit, the call returns [`CallError::NeedsRoom`] and nothing has happened. [`receive`](Connection::receive) asks for
//!   [`MAX_ANSWER`] bytes, and is never refused with that many.
//! - **Events** borrow the input of their call, never the connection: the handler can call any method.
//! - **[`Config`]** is lent to any number of connections; a `static` is enough. The **entropy** source is owned by the
//!   connection; a server needs none.
//!
//! # Three kinds of error
//!
//! The peer's fault is an event, [`Event::Failed`], and the Close that reports it is in the output. The caller's mistake is a
//! [`UsageError`] and changes nothing. "Not yet" is [`CallError::NeedsRoom`]. "Too late" is not an error: on a connection that is
//! already closing nothing is sent, and 0 is returned. Every connection ends with exactly one [`Event::Closed`].
//!
//! # Time
//!
//! `now` is an argument, in micro- or milliseconds of any clock that does not jump. [`Connection::next_timeout`] says when to
//! call [`Connection::handle_timeout`]; only that acts on deadlines, and what has arrived is received before it.
//! [`Connection::written`] reports what the transport took, so that a slow reader is not mistaken for a dead one.
//!
//! # With another HTTP stack
//!
//! For a server with hyper, axum, h2 or a board's own HTTP server, [`Offer`] checks whether the header fields are a valid opening
//! handshake, and says what the client offers; the [`Answer`] has the fields of the response, and what [`Connection::open`]
//! starts with.
//!
//! # Features
//!
//! - `deflate`: permessage-deflate (RFC 7692), which [`Config::deflate`] turns on: an inflater and a compressor over lent memory for
//!   `Buffered::deflate`, or for `receive_with` and `send_with` of a bare connection. `docs/compression.md` says when it pays.
//! - `ffi`: the C layer, which the package `capi` makes into a library.
//! - `std`, on by default: for hosts. The CPU's vector units, found at run time, for masking (AVX2, on x86-64) and for text beyond ASCII
//!   (by the crate `simdutf8`), and its instructions for SHA-1 (by `sha1`). Without it the library needs no std and has no dependencies.
//!
//! Section numbers without a document are those of RFC 6455. Laws are the guarantees in `ARCHITECTURE.md`, by their numbers.
#![no_std]
#![cfg_attr(not(any(feature = "ffi", feature = "std")), forbid(unsafe_code))]
#![cfg_attr(any(feature = "ffi", feature = "std"), deny(unsafe_code))]
// Nothing that can panic, and no cast that can lose bits (laws 11 and 15), except in tests.
#![cfg_attr(
    not(test),
    deny(
        clippy::indexing_slicing,
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::cast_possible_truncation,
        clippy::std_instead_of_core,
        clippy::alloc_instead_of_core
    )
)]

#[cfg(any(feature = "std", test))]
extern crate std;

mod buffered;
mod close_code;
mod config;
mod connection;
mod deflate;
mod entropy;
mod error;
mod event;
// Pointers from C are checked and read in this module only.
#[cfg(feature = "ffi")]
#[allow(unsafe_code)]
pub mod ffi;
pub mod frame;
mod handshake;
mod http;
mod length;
mod message;
mod numbered;
mod role;
mod time;
mod url;
mod utf8;
#[cfg(all(any(feature = "std", feature = "ffi"), target_arch = "x86_64"))]
mod vector;

// The README's code compiles.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

#[cfg(all(doctest, feature = "deflate"))]
#[doc = include_str!("../docs/compression.md")]
struct Compression;

#[cfg(feature = "deflate")]
pub use buffered::Deflated;
pub use buffered::{Buffer, Buffered, Codec, Commands, Io, NoCodec, Remainder};
pub use close_code::CloseCode;
pub use config::Config;
#[cfg(feature = "deflate")]
pub use connection::{CompressedMessage, Sent};
pub use connection::{Connection, MAX_ANSWER, MAX_REMAINDER};
#[cfg(feature = "deflate")]
pub use deflate::{
    Compressed, Compressor, Deflate, FastTables, Finished, Inflate, InflateError, Inflater, Level, Progress, SmallTables, Tables,
};
pub use deflate::{DeflateConfig, DeflateDirection, DeflateOffer, DeflateParams};
pub use entropy::{Entropy, EntropyError, NoEntropy};
pub use error::{CallError, ProtocolError, UsageError};
pub use event::{Data, EndCause, Event, MessageKind, PingSource, Received, State, Transport};
pub use handshake::{
    ACCEPT_KEY_LEN, Accept, Answer, ClientRequest, ExtendedConnect, Negotiated, Offer, OfferError, Origin, Request, Response,
    accept_key,
};
pub use http::{Header, Headers, Tokens};
pub use message::{CollectError, Collector};
pub use role::Role;
pub use time::Instant;
pub use url::{Url, UrlError};
