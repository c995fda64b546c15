use super::{Io, Peer};
use crate::echo::Exchange;
use crate::handshake;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Returns the bytes that it gets, and as a client sends frames that were encoded beforehand.
pub(crate) struct Raw;

impl Peer for Raw {
    async fn serve<S: Io>(mut stream: S, _batch: bool) {
        if handshake::accept(&mut stream).await.is_err() {
            return;
        }
        let mut buffer = vec![0; 256 << 10];
        while let Ok(length @ 1..) = stream.read(&mut buffer).await {
            if stream.write_all(&buffer[..length]).await.is_err() {
                return;
            }
        }
    }

    async fn converse<S: Io>(mut stream: S, exchange: &Exchange) {
        handshake::connect(&mut stream).await.expect("the handshake works");
        let traffic = &exchange.traffic;
        let (mut sent, mut received) = (0, 0);
        let mut buffer = vec![0; 256 << 10];
        exchange.open().await;
        for turn in exchange.turns() {
            while sent < turn.end * traffic.sent_length() {
                let bytes = traffic.to_send(sent, turn.end * traffic.sent_length());
                stream.write_all(bytes).await.expect("writing works");
                sent += bytes.len();
            }
            while received < turn.end * traffic.expected_length() {
                let length = stream.read(&mut buffer).await.expect("reading works");
                assert!(length > 0 && traffic.is_expected(received, &buffer[..length]), "not the echo that was expected");
                received += length;
            }
        }
    }
}
