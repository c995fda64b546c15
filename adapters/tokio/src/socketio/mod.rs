//! A server for Socket.IO (v5, and Engine.IO v4 below it), behind hyper or axum: long polling, WebSocket, and the way from one to the other.
//!
//! [`Host`] runs the state machine of `sansocket-socketio` over real requests: it parks polls, upgrades to WebSocket, keeps time. What happens
//! comes to one handler as [`Event`]s, and what the program does about it goes through [`Io`], there or by [`Host::with`] anywhere else.
//!
//! ```
//! use http_body_util::Full;
//! use hyper::{Request, Response, body::{Bytes, Incoming}};
//! use sansocket_tokio::Origin;
//! use sansocket_tokio::socketio::{Config, Event, Host, Io, Message};
//!
//! fn handle(io: &mut Io<'_>, event: Event<'_>) {
//!     if let Event::Connect { socket, .. } = event {
//!         io.accept(socket);
//!         if let Ok(welcome) = Message::new("welcome", |args| args.number(1)) {
//!             io.emit(socket, &welcome);
//!         }
//!     }
//! }
//!
//! // The service for hyper, whose connections are served `with_upgrades`.
//! async fn serve(host: &Host, request: Request<Incoming>) -> Response<Full<Bytes>> {
//!     match request.uri().path() {
//!         "/socket.io/" => host.serve(request).await,
//!         _ => Response::builder().status(404).body(Full::default()).unwrap(),
//!     }
//! }
//!
//! let host = Host::new(Config::new(), Origin::SameHost { secure: true }, handle);
//! ```
//!
//! The other side is [`client`].

pub mod client;
mod connection;
mod host;
mod machine;
mod request;

pub use crate::random::Random;
pub use host::Host;
pub use machine::{EngineServer, Io, Machine, Server};
pub use sansocket_socketio::server::{
    AckId, AckToken, Answer, Config, Event, INVALID_NAMESPACE, IoError, Message, Reason, SocketId, To,
};
pub use sansocket_socketio::{engine, json};
