//! Our adapter for tokio, over the transport in memory.
use super::role;
use crate::api::*;
use crate::peers::foreign::memio::{Mem, poll_once, waker};
use futures_util::{Sink as _, Stream};
use sansocket_tokio::{Config, Connector, Message, Negotiated, Origin, Text, WebSocket, accept_with};
use std::pin::Pin;
use std::task::{Context, Poll};

static CONFIG: Config = Config::new();

pub struct Tokio;

impl Tokio {
    /// Deadlines follow tokio's clock: there has to be a runtime, as there is in every program that uses the adapter.
    pub fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
        std::mem::forget(Box::leak(Box::new(runtime)).enter());
        Self
    }
}

struct Conn_ {
    io: Mem,
    ws: WebSocket<Mem>,
}

impl Peer for Tokio {
    fn name(&self) -> String {
        "sansocket-tokio".into()
    }

    fn caps(&self) -> Caps {
        Caps { hs_server: true, hs_client: true, deflate: true, ..FULL }
    }

    fn open(&self, o: &Open) -> Box<dyn Conn> {
        let io = Mem::new();
        let agreed =
            if o.deflate { Negotiated::NOTHING.with_deflate(sansocket::DeflateParams::DEFAULT) } else { Negotiated::NOTHING };
        Box::new(Conn_ { ws: WebSocket::open(role(o.role), io.clone(), &CONFIG, agreed), io })
    }

    fn server_handshake(&self, req: &[u8], out: &mut [u8]) -> usize {
        let io = Mem::new();
        io.set_input(req, usize::MAX);
        match poll_once(accept_with(&CONFIG, io.clone(), Origin::Any)) {
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
        matches!(poll_once(Connector::new(&CONFIG).over(io, "ws://server.example.com/chat")), Some(Ok(_)))
    }
}

impl Conn for Conn_ {
    fn state_bytes(&self) -> usize {
        size_of_val(&self.ws)
    }

    fn decode(&mut self, wire: &[u8], chunk: usize, sink: &mut Sink) {
        self.io.set_input(wire, chunk);
        let w = waker();
        let mut cx = Context::from_waker(&w);
        while let Poll::Ready(m) = Pin::new(&mut self.ws).poll_next(&mut cx) {
            sink.message(m.expect("it is open").expect("sansocket-tokio").as_bytes());
        }
    }

    fn encode(&mut self, p: &Payload, n: usize, out: &mut Out) {
        self.io.set_output(out);
        let w = waker();
        let mut cx = Context::from_waker(&w);
        for _ in 0..n {
            assert!(Pin::new(&mut self.ws).poll_ready(&mut cx).is_ready());
            let m = if p.text {
                Message::Text(Text::try_from(p.bytes.clone()).expect("UTF-8"))
            } else {
                Message::Binary(p.bytes.clone())
            };
            Pin::new(&mut self.ws).start_send(m).unwrap();
        }
        assert!(Pin::new(&mut self.ws).poll_flush(&mut cx).is_ready());
    }
}
