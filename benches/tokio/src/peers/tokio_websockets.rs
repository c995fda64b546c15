use super::{Io, Peer};
use crate::echo::{self, Exchange};
use tokio_websockets::{ClientBuilder, Message, ServerBuilder};

pub(crate) struct TokioWebSockets;

impl Peer for TokioWebSockets {
    async fn serve<S: Io>(stream: S, batch: bool) {
        let Ok((_request, ws)) = ServerBuilder::new().accept(stream).await else { return };
        let is_data = |message: &Message| message.is_binary() || message.is_text();
        // Its `poll_next` flushes: with `echo::batch` each echo would be written by itself.
        if batch { echo::collected(ws, is_data).await } else { echo::each(ws, is_data).await }
    }

    async fn converse<S: Io>(stream: S, exchange: &Exchange) {
        let builder = ClientBuilder::new().uri("ws://localhost/").expect("the URI is right");
        let (ws, _response) = builder.connect_on(stream).await.expect("the handshake works");
        echo::converse(ws, exchange, Message::binary, |message| {
            assert!(message.is_binary());
            message.as_payload()
        })
        .await;
    }
}
