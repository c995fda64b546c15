use super::memio::{Mem, poll_once, waker};
use crate::api::*;
use futures_util::{Sink as _, Stream};
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio_websockets::{ClientBuilder, Config, Limits, Message, ServerBuilder, WebSocketStream};

pub struct TokioWs;
struct C {
    io: Mem,
    ws: WebSocketStream<Mem>,
}
impl Peer for TokioWs {
    fn name(&self) -> String {
        "tokio-websockets 0.13".into()
    }
    fn caps(&self) -> Caps {
        Caps { hs_server: true, hs_client: true, ..FULL }
    }
    fn open(&self, o: &Open) -> Box<dyn Conn> {
        let io = Mem::new();
        let cfg = Config::default();
        let ws = if o.role == Role::Server {
            ServerBuilder::new().config(cfg).limits(Limits::default()).serve(io.clone())
        } else {
            ClientBuilder::new().config(cfg).limits(Limits::default()).take_over(io.clone())
        };
        Box::new(C { io, ws })
    }
    fn server_handshake(&self, req: &[u8], out: &mut [u8]) -> usize {
        let io = Mem::new();
        io.set_input(req, usize::MAX);
        match poll_once(ServerBuilder::new().accept(io.clone())) {
            Some(Ok(_ws)) => {
                let w = io.written();
                out[..w.len()].copy_from_slice(w);
                w.len()
            }
            _ => 0,
        }
    }
    fn client_handshake(&self, r: Responder) -> bool {
        let io = Mem::new();
        io.set_responder(r);
        let b = ClientBuilder::new().uri("ws://server.example.com/chat").unwrap();
        let ok = matches!(poll_once(b.connect_on(io)), Some(Ok(_)));
        ok
    }
}
impl Conn for C {
    fn state_bytes(&self) -> usize {
        std::mem::size_of_val(&self.ws)
    }
    fn decode(&mut self, wire: &[u8], chunk: usize, sink: &mut Sink) {
        self.io.set_input(wire, chunk);
        let w = waker();
        let mut cx = Context::from_waker(&w);
        while let Poll::Ready(m) = Pin::new(&mut self.ws).poll_next(&mut cx) {
            let m: Message = m.unwrap().expect("tokio-websockets");
            if m.is_text() || m.is_binary() {
                sink.message(m.as_payload());
            }
        }
    }
    fn encode(&mut self, p: &Payload, n: usize, out: &mut Out) {
        self.io.set_output(out);
        let w = waker();
        let mut cx = Context::from_waker(&w);
        for _ in 0..n {
            assert!(Pin::new(&mut self.ws).poll_ready(&mut cx).is_ready());
            let m = if p.text { Message::text(p.bytes.clone().try_into_text()) } else { Message::binary(p.bytes.clone()) };
            Pin::new(&mut self.ws).start_send(m).unwrap();
        }
        assert!(Pin::new(&mut self.ws).poll_flush(&mut cx).is_ready());
    }
}
trait Txt {
    fn try_into_text(self) -> String;
}
impl Txt for bytes::Bytes {
    fn try_into_text(self) -> String {
        unsafe { String::from_utf8_unchecked(self.to_vec()) }
    }
}
