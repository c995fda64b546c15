//! WebSocket over blocking [`std::io`], for scripts, tests and threads: [`connect`], [`accept`], read, send, close. It stands on
//! [`sansocket`], which has the protocol, and adds the socket, its deadlines, and memory for messages of any size.
//!
//! # A client
//!
//! ```
//! use sansocket_std::{CloseCode, Message, connect};
//!
//! # fn talk(url: &str) -> Result<(), sansocket_std::Error> {
//! let mut ws = connect(url)?;
//! ws.send("Hello")?;
//! while let Some(message) = ws.read()? {
//!     match message {
//!         Message::Text(text) => println!("{text}"),
//!         Message::Binary(bytes) => println!("{} bytes", bytes.len()),
//!     }
//!     ws.start_close(CloseCode::NORMAL_CLOSURE, "")?;
//! }
//! # Ok(())
//! # }
//! # let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
//! # let url = format!("ws://{}/", listener.local_addr().unwrap());
//! # let server = std::thread::spawn(move || {
//! #     let mut ws = sansocket_std::accept(listener.accept().unwrap().0, sansocket_std::Origin::Any).unwrap();
//! #     let text = ws.read().unwrap().unwrap() == Message::Text("Hello");
//! #     ws.send("and hello").unwrap();
//! #     text && ws.read().unwrap().is_none()
//! # });
//! # talk(&url)?;
//! # assert!(server.join().unwrap());
//! # Ok::<(), sansocket_std::Error>(())
//! ```
//!
//! `wss` needs the feature `rustls`. Headers, subprotocols, limits, settings for TLS and streams of the caller's: [`Connector`].
//!
//! # A server
//!
//! ```
//! use std::net::TcpStream;
//! use sansocket_std::{Error, Origin, accept};
//!
//! /// Echoes, in a thread of its own. Which pages may connect (§10.2) is a decision that has no default.
//! fn serve(client: TcpStream) -> Result<(), Error> {
//!     let mut ws = accept(client, Origin::SameHost { secure: false })?;
//!     let mut buffer = Vec::new();
//!     while let Some(message) = ws.read_into(&mut buffer)? {
//!         ws.send(message)?;
//!     }
//!     Ok(())
//! }
//! # let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
//! # let url = format!("ws://{}/", listener.local_addr().unwrap());
//! # let server = std::thread::spawn(move || serve(listener.accept().unwrap().0));
//! # let mut ws = sansocket_std::connect(&url)?;
//! # ws.send(b"Hello")?;
//! # assert_eq!(ws.read()?, Some(sansocket_std::Message::Binary(b"Hello")));
//! # ws.close(None, "")?;
//! # server.join().unwrap()?;
//! # Ok::<(), Error>(())
//! ```
//!
//! [`Handshake`] shows the request first: path, headers, subprotocols; it can be refused, or answered as plain HTTP.
//!
//! # Deadlines
//!
//! Those of the [`Config`], in every call that blocks, by read and write timeouts of the stream ([`Stream`]). 0 turns one off.
//!
//! | deadline | default | what ends, and how |
//! |---|---|---|
//! | [`handshake_timeout_ms`](Config::handshake_timeout_ms) | 10 s | `connect` (TCP, TLS and WebSocket together) and `accept`: [`Lost`](Error::Lost), [`Connect`](Error::Connect) |
//! | [`write_timeout_ms`](Config::write_timeout_ms) | 20 s | `send` and others, once the peer takes nothing for so long: `Lost` |
//! | [`keepalive_interval_ms`](Config::keepalive_interval_ms) | 25 s | nothing: a Ping leaves, while the program reads |
//! | [`pong_timeout_ms`](Config::pong_timeout_ms) | 20 s | `read`, if that Ping is not answered: `Lost` |
//! | [`idle_timeout_ms`](Config::idle_timeout_ms) | off | `read`, if the peer sends nothing: a Close with 1001, then `Lost` or a clean end |
//! | [`closing_timeout_ms`](Config::closing_timeout_ms) | 5 s | `close`, and `read` after a Close or a fault: `Lost`, or a clean end if only the peer's end of TCP is missing |
//! | [`ready_within`](WebSocket::ready_within) | the argument | the wait, and nothing is lost |
//!
//! They may be some milliseconds late. Two things have none: looking up a name, which is the system's, and the time between calls. A
//! program that does not call anything sends no Pings and no Pongs, and finds what came when it calls again.
//!
//! # Sizes
//!
//! A message is received up to [`max_message_len`](Config::max_message_len), 16 MiB by default, in memory that grows with what has come, not
//! with what the peer declares. One that came whole in a read, up to 16 KB, is lent from there; others are joined. What is sent is written
//! from the caller's memory, of any length, in fragments of 16 KB.
//!
//! A connection has two buffers of 16 KiB, a message that it joins, and, while a send is blocked, what comes from the peer meanwhile: at
//! most `max_message_len` again. Two peers that send each other more than that, before either reads, block each other until the writing
//! deadline, as any two blocking programs do.
//!
//! # Threads
//!
//! A connection is owned by one thread, and can be moved to another. It has no halves: a Ping is answered by who reads, and waits for
//! who writes, so a lock would be held for as long as the peer pleases. Give it a thread that takes what is to be sent from a channel:
//!
//! ```
//! use std::net::TcpStream;
//! use std::sync::mpsc::{Receiver, Sender};
//! use std::time::Duration;
//! use sansocket_std::{Error, Message, WebSocket};
//!
//! fn run(mut ws: WebSocket<'_, TcpStream>, outgoing: Receiver<String>, incoming: Sender<String>) -> Result<(), Error> {
//!     loop {
//!         while let Ok(text) = outgoing.try_recv() {
//!             ws.send(&text)?;
//!         }
//!         // What is to be sent waits at most for so long.
//!         if ws.ready_within(Duration::from_millis(10))? {
//!             match ws.read()? {
//!                 Some(Message::Text(text)) => drop(incoming.send(text.into())),
//!                 Some(Message::Binary(_)) => {}
//!                 None => return Ok(()),
//!             }
//!         }
//!     }
//! }
//! ```
//!
//! Who needs both directions at once without such a wait takes `sansocket` itself with a socket that does not block (its example `hub`), or
//! an adapter for an asynchronous run-time.
//!
//! # Features
//!
//! - `rustls`: `wss` in [`connect`], with Mozilla's certificate authorities unless `Connector::tls` has others; and
//!   `tls::TlsStream` for servers.
//! - `deflate`: permessage-deflate (RFC 7692), for connections whose [`Config::deflate`] turns it on and whose peers agree. Such a connection has
//!   up to 33 KiB for inflating, 158 KB for compressing and 16 KiB for what is inflated; smaller windows
//!   ([`DeflateConfig`]) need less. A message with a secret beside text that a stranger may choose should not be compressed (CRIME, BREACH): turn it
//!   off for such a connection.
//!
//! Section numbers without a document are those of RFC 6455.

mod accept;
mod codec;
mod connect;
mod error;
mod message;
mod refusal;
mod socket;
mod stream;
#[cfg(feature = "rustls")]
pub mod tls;
mod web_socket;
mod wire;

// The README's code compiles.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

pub use accept::{Handshake, accept};
pub use connect::{Connector, connect};
pub use error::Error;
pub use message::Message;
pub use refusal::Refusal;
pub use socket::Socket;
pub use stream::Stream;
pub use web_socket::WebSocket;

#[cfg(feature = "rustls")]
pub use rustls;
pub use sansocket;
pub use sansocket::{
    Accept, CloseCode, Config, DeflateConfig, EndCause, Header, MessageKind, Negotiated, Origin, ProtocolError, Request, State,
    UrlError, UsageError,
};
