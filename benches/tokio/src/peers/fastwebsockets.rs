use super::{Io, Peer};
use crate::echo::Exchange;
use crate::handshake;
use fastwebsockets::{FragmentCollector, Frame, OpCode, Payload, Role, WebSocket};

pub(crate) struct FastWebSockets;

impl Peer for FastWebSockets {
    /// It writes every frame at once, and a read cannot be given up, so there is nothing to batch.
    async fn serve<S: Io>(mut stream: S, _batch: bool) {
        if handshake::accept(&mut stream).await.is_err() {
            return;
        }
        let mut ws = FragmentCollector::new(WebSocket::after_handshake(stream, Role::Server));
        while let Ok(frame) = ws.read_frame().await {
            if matches!(frame.opcode, OpCode::Binary | OpCode::Text) && ws.write_frame(frame).await.is_err() {
                return;
            }
        }
    }

    async fn converse<S: Io>(mut stream: S, exchange: &Exchange) {
        handshake::connect(&mut stream).await.expect("the handshake works");
        let mut ws = FragmentCollector::new(WebSocket::after_handshake(stream, Role::Client));
        exchange.open().await;
        for turn in exchange.turns() {
            for index in turn.clone() {
                let payload = Payload::Borrowed(exchange.traffic.payload(index));
                ws.write_frame(Frame::binary(payload)).await.expect("sending works");
            }
            for index in turn {
                let frame = ws.read_frame().await.expect("receiving works");
                assert!(frame.opcode == OpCode::Binary);
                exchange.check(index, &frame.payload);
            }
        }
    }
}
