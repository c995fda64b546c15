//! A WebSocket client that connects again, as a pure state machine: [`sansocket`] with a life beyond one connection.
//!
//! [`Session`] dials, waits, dials again, keeps what is sent meanwhile, and says what may be lost. It is sans-IO like the engine: it says
//! when to dial, what to write and where to read into, and time is a number. `no_std`, no heap, no unsafe code, no panics.
//!
//! # The loop
//!
//! ```
//! use std::io::{ErrorKind, Read, Write};
//! use std::net::{Shutdown, TcpStream};
//! use std::time::{Duration, Instant as Clock};
//! use sansocket::{Buffered, CloseCode, Config, Connection, Entropy, Instant};
//! use sansocket_session::{DialError, Event, Session, SessionConfig, SessionState, Transport};
//!
//! static CONFIG: Config = Config::new();
//! // The first wait is at most a second, instead of five.
//! static SESSION: SessionConfig = SessionConfig::new().first_delay_ms(1_000);
//!
//! fn run(url: &str, entropy: impl Entropy) -> Result<(), Box<dyn std::error::Error>> {
//!     let start = Clock::now();
//!     let now = || Instant::from(start.elapsed());
//!     let ws = Buffered::new(Connection::client(&CONFIG, entropy, now()), vec![0; 16 << 10], vec![0; 16 << 10]);
//!     let mut session = Session::new(ws, &SESSION, url, vec![0; 16 << 10])?;
//!     session.commands(now()).send_text("Hello")?; // waits for the connection
//!     session.start(now());
//!     let mut socket = None;
//!     while session.state() != SessionState::Stopped {
//!         while let Some((event, mut ws)) = session.next(now())? {
//!             match event {
//!                 Event::Data(message) => {
//!                     println!("{}", message.payload.escape_ascii());
//!                     ws.close(CloseCode::NORMAL_CLOSURE, "")?;
//!                 }
//!                 Event::Down { cause, retry_in_ms, .. } => println!("{cause}, again in {retry_in_ms:?} ms"),
//!                 _ => {}
//!             }
//!         }
//!         let epoch = session.epoch();
//!         match session.transport() {
//!             Transport::None => socket = None,
//!             Transport::Dial(dial) => match TcpStream::connect((dial.host, dial.port)) {
//!                 Ok(connected) => {
//!                     socket = Some(connected);
//!                     session.connected(epoch, now());
//!                 }
//!                 Err(_) => session.dial_failed(epoch, DialError::Connect),
//!             },
//!             Transport::ShutdownWrite => drop(socket.as_ref().map(|socket| socket.shutdown(Shutdown::Write))),
//!             _ => {}
//!         }
//!         let wait = Duration::from_millis(session.millis_until_timeout(now()).unwrap_or(1000).clamp(1, 1000));
//!         let Some(socket) = &mut socket else {
//!             std::thread::sleep(wait);
//!             continue;
//!         };
//!         if !session.due().is_empty() {
//!             match socket.write(session.due()) {
//!                 Ok(n) => session.written(epoch, n, now()),
//!                 Err(error) if error.kind() == ErrorKind::Interrupted => {}
//!                 Err(_) => session.write_failed(epoch),
//!             }
//!         }
//!         socket.set_read_timeout(Some(wait))?;
//!         match session.space().map(|space| socket.read(space)) {
//!             None => session.filled(epoch, 0, now()),
//!             Some(Ok(0)) => session.eof(epoch),
//!             Some(Ok(n)) => session.filled(epoch, n, now()),
//!             Some(Err(error)) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted) => {
//!                 session.filled(epoch, 0, now());
//!             }
//!             Some(Err(_)) => session.eof(epoch),
//!         }
//!     }
//!     Ok(())
//! }
//! # struct Counter(u8);
//! # impl Entropy for Counter {
//! #     fn fill(&mut self, bytes: &mut [u8]) -> Result<(), sansocket::EntropyError> {
//! #         bytes.iter_mut().for_each(|byte| { self.0 = self.0.wrapping_mul(5).wrapping_add(1); *byte = self.0; });
//! #         Ok(())
//! #     }
//! # }
//! # let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
//! # let url = format!("ws://{}/", listener.local_addr()?);
//! # let server = std::thread::spawn(move || {
//! #     // The first client is dropped, the second is echoed to.
//! #     drop(listener.accept().unwrap());
//! #     let (mut socket, _) = listener.accept().unwrap();
//! #     let now = Instant::from_millis(0);
//! #     let mut ws = Buffered::new(Connection::server(&CONFIG, now), vec![0; 1024], vec![0; 2048]);
//! #     loop {
//! #         while let Some((event, mut ws)) = ws.next(now).unwrap() {
//! #             match event {
//! #                 sansocket::Event::Request(request) => ws.accept(&request, &sansocket::Accept::new(sansocket::Origin::Any)).unwrap(),
//! #                 sansocket::Event::Data(data) => ws.send(data.kind, data.payload).unwrap(),
//! #                 _ => {}
//! #             }
//! #         }
//! #         let n = socket.write(ws.due()).unwrap();
//! #         ws.written(n, now);
//! #         if ws.transport() != sansocket::Transport::Keep { break }
//! #         let n = ws.space().map_or(0, |space| socket.read(space).unwrap());
//! #         if n == 0 { ws.eof() } else { ws.filled(n, now) }
//! #     }
//! # });
//! # run(&url, Counter(1))?;
//! # server.join().unwrap();
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What is in here beside it
//!
//! Functions that are of use without a session: [`Proxy`] and [`write_connect`] for HTTP proxies, [`resolve`] for redirects,
//! [`split_user_info`] and [`basic`] for credentials, [`retry_after`], and [`SessionConfig::delay_ms`], the wait before a dial.
//!
//! Section numbers without a document are those of RFC 6455.
#![no_std]
#![cfg_attr(not(feature = "ffi"), forbid(unsafe_code))]
#![cfg_attr(feature = "ffi", deny(unsafe_code))]
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

#[cfg(test)]
extern crate std;

mod address;
mod advance;
mod append;
mod backoff;
mod beat;
mod cause;
mod commands;
mod config;
mod control;
mod credentials;
mod delivery;
mod error;
mod event;
// Pointers from C are checked and read in this module only.
#[cfg(feature = "ffi")]
#[allow(unsafe_code)]
pub mod ffi;
mod heartbeat;
mod proxy;
mod queue;
mod redirect;
mod retry_after;
mod session;
mod time;

pub use cause::{Cause, DialError};
pub use commands::Commands;
pub use config::{MAX_REDIRECTS, Overflow, SessionConfig};
pub use credentials::{CredentialsError, SplitUrl, UserInfo, basic, split_user_info};
pub use delivery::Numbers;
pub use error::{SendError, SetupError};
pub use event::{Dial, Epoch, Event, SessionState, Transport};
pub use heartbeat::{Heartbeat, HeartbeatAnswer};
pub use proxy::{Proxy, ProxyError, TunnelError, write_connect};
pub use queue::QUEUE_OVERHEAD;
pub use redirect::{RedirectError, resolve};
pub use retry_after::retry_after;
pub use session::Session;
