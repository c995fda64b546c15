//! What is compared. To add a crate: a module here with a `Peer`, its name in `NAMES` and in `with_peer`.
use crate::echo::Exchange;
use tokio::io::{AsyncRead, AsyncWrite};

pub(crate) mod fastwebsockets;
pub(crate) mod raw;
pub(crate) mod sansocket_tokio;
pub(crate) mod sockudo_ws;
pub(crate) mod tokio_tungstenite;
pub(crate) mod tokio_websockets;

/// In the order of the tables. `raw` speaks no WebSocket: what tokio and the kernel cost by themselves.
pub(crate) const NAMES: [&str; 6] =
    ["raw", "sansocket-tokio", "tokio-tungstenite", "fastwebsockets", "tokio-websockets", "sockudo-ws"];

pub(crate) trait Io: AsyncRead + AsyncWrite + Send + Unpin + 'static {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin + 'static> Io for S {}

pub(crate) trait Peer: 'static {
    /// Accepts the handshake and echoes until the stream ends. `batch`: several echoes in one write, if the crate can.
    fn serve<S: Io>(stream: S, batch: bool) -> impl Future<Output = ()> + Send;

    /// Opens the connection, has the exchange, and checks every echo.
    fn converse<S: Io>(stream: S, exchange: &Exchange) -> impl Future<Output = ()> + Send;
}

/// Calls a generic function with the type of the peer that has this name.
macro_rules! with_peer {
    ($name:expr, $function:ident($($argument:expr),*)) => {
        match $name {
            "raw" => $function::<crate::peers::raw::Raw>($($argument),*),
            "sansocket-tokio" => $function::<crate::peers::sansocket_tokio::SansocketTokio>($($argument),*),
            "tokio-tungstenite" => $function::<crate::peers::tokio_tungstenite::Tungstenite>($($argument),*),
            "fastwebsockets" => $function::<crate::peers::fastwebsockets::FastWebSockets>($($argument),*),
            "tokio-websockets" => $function::<crate::peers::tokio_websockets::TokioWebSockets>($($argument),*),
            "sockudo-ws" => $function::<crate::peers::sockudo_ws::Sockudo>($($argument),*),
            name => Err(format!("--server {name}? one of {:?}", crate::peers::NAMES)),
        }
    };
}
pub(crate) use with_peer;
