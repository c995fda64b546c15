use super::{Io, Peer};
use crate::echo::{self, Exchange};
use crate::handshake;
use sockudo_ws::{Config, Message, WebSocketStream};

pub(crate) struct Sockudo;

impl Peer for Sockudo {
    async fn serve<S: Io>(mut stream: S, batch: bool) {
        if handshake::accept(&mut stream).await.is_err() {
            return;
        }
        let ws = WebSocketStream::server(stream, Config::default());
        let is_data = |message: &Message| message.is_binary() || message.is_text();
        if batch { echo::batch(ws, is_data).await } else { echo::each(ws, is_data).await }
    }

    async fn converse<S: Io>(mut stream: S, exchange: &Exchange) {
        handshake::connect(&mut stream).await.expect("the handshake works");
        let ws = WebSocketStream::client(stream, Config::default());
        echo::converse(ws, exchange, Message::Binary, |message| match message {
            Message::Binary(payload) => payload,
            other => panic!("{other:?}"),
        })
        .await;
    }
}
