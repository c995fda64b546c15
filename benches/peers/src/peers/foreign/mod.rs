//! The libraries that are not ours. To add one:
//! - in Rust: a dependency in `Cargo.toml` (and in its feature `peers`), one file here with a `Peer` and a `Conn`
//!   (see `src/api.rs`; `websocket_sans_io.rs` is the shortest sans-IO example), one line in `all`;
//! - in C or C++: one file in `c/` that fills a `ws_c_peer` (`c/peer.h`; `c/wslay.c` is an example), its name in
//!   `build.rs`, its getter in `c_peers.rs`.
use crate::api::Peer;

mod c_peers;
mod embedded_websocket;
mod fastwebsockets;
pub mod memio;
mod shiguredo;
mod sockudo_ws;
mod soketto;
mod tokio_websockets;
mod tungstenite;
mod web_socket;
mod websocket_sans_io;
mod ws_framer;
mod yawc;

pub use c_peers::ours as from_c;

/// In table order.
pub fn all() -> Vec<Box<dyn Peer>> {
    let mut v: Vec<Box<dyn Peer>> = vec![
        Box::new(tungstenite::Tung),
        Box::new(fastwebsockets::FastWs),
        Box::new(tokio_websockets::TokioWs),
        Box::new(soketto::Soketto),
        Box::new(embedded_websocket::Embedded),
        Box::new(ws_framer::WsFramer),
        Box::new(websocket_sans_io::SansIo),
        Box::new(web_socket::WebSo),
        Box::new(yawc::Yawc),
        Box::new(sockudo_ws::Sockudo),
        Box::new(shiguredo::Shiguredo),
    ];
    v.extend(c_peers::all());
    v
}
