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
//! # Who may come
//!
//! `Origin` keeps other pages out of a user's browser; it is no log-in, since programs that are no browsers send what they like. A client says who
//! it is in the `auth` of [`Event::Connect`]: look it up, now or in another task, then [`accept`](Io::accept) or [`refuse`](Io::refuse). The
//! handler does not see header fields, cookies or addresses. What depends on those is decided before [`Host::serve`], for each request, as each
//! poll is one; to know them in the handler, give the page a token that lives shortly, and have it sent as `auth`.
//!
//! # What it does not do
//!
//! - **Scale out.** A `Host` is one process, and one lock: its rooms and broadcasts end there. Before several processes a proxy must bring all
//!   requests of a client to the same one, by its address or a cookie of the proxy's (unless clients use WebSocket alone, `engine.polling`), and
//!   what is emitted in one process is not heard in the others.
//! - **Limit how much comes.** Lengths, queues, namespaces and the number of sessions have limits ([`Config`]), and what is not let in is closed
//!   after 45 s. How many connections an address has, how many events a client sends, how long the head of a request takes is for the program,
//!   the proxy, or hyper (`header_read_timeout`). A client that reads slowly keeps up to `engine.max_queued` bytes, and a body or message on its
//!   way up to `engine.max_payload`, for everybody who can connect: with the defaults, 17 MB times the number of connections.
//! - **More of CORS** than `Access-Control-Allow-Origin`: no preflight (the client's `extraHeaders`), no credentials (`withCredentials`). A layer
//!   around it can add them.
//! - **Remember.** A client that comes back is a new socket, in no room. There is no connection state recovery, and what was on its way when a
//!   connection broke is lost, unless the program asks for answers and sends again.
//! - **Data of sockets, middleware, answers of many at once.** A map by [`SocketId`] is the program's, and so are functions before its handler.
//! - **Cookies, JSONP, `EIO=3`, WebTransport, WebSockets over HTTP/2, compression.** Polls work over HTTP/2.
//! - **Stop.** `host.with(|io| io.shut_down())` closes all sessions, whose clients come back when they can; new ones are taken until the program
//!   no longer serves them.
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
