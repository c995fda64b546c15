use super::{Io, Peer};
use crate::echo::{self, Exchange};
use sansocket_tokio::{Config, Connector, Message, Origin};

static CONFIG: Config = Config::new();

pub(crate) struct SansocketTokio;

impl Peer for SansocketTokio {
    async fn serve<S: Io>(stream: S, batch: bool) {
        let Ok(ws) = sansocket_tokio::accept(stream, Origin::Any).await else { return };
        let is_data = |_: &Message| true;
        if batch { echo::batch(ws, is_data).await } else { echo::each(ws, is_data).await }
    }

    async fn converse<S: Io>(stream: S, exchange: &Exchange) {
        let ws = Connector::new(&CONFIG).over(stream, "ws://localhost/").await.expect("the handshake works");
        echo::converse(ws, exchange, Message::Binary, |message| match message {
            Message::Binary(payload) => payload,
            Message::Text(_) => panic!("an echo became text"),
        })
        .await;
    }
}
