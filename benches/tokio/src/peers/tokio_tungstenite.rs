use super::{Io, Peer};
use crate::echo::{self, Exchange};
use tokio_tungstenite::tungstenite::Message;

pub(crate) struct Tungstenite;

impl Peer for Tungstenite {
    async fn serve<S: Io>(stream: S, batch: bool) {
        let Ok(ws) = tokio_tungstenite::accept_async(stream).await else { return };
        let is_data = |message: &Message| message.is_binary() || message.is_text();
        if batch { echo::batch(ws, is_data).await } else { echo::each(ws, is_data).await }
    }

    async fn converse<S: Io>(stream: S, exchange: &Exchange) {
        let (ws, _) = tokio_tungstenite::client_async("ws://localhost/", stream).await.expect("the handshake works");
        echo::converse(ws, exchange, Message::Binary, |message| match message {
            Message::Binary(payload) => payload,
            other => panic!("{other:?}"),
        })
        .await;
    }
}
