use super::memio::{Mem, waker};
use crate::api::*;
use futures_util::Sink as _;
use std::pin::Pin;
use std::task::{Context, Poll};
use yawc::{Frame, Options, Role as R, WebSocket};

pub struct Yawc;
struct C {
    io: Mem,
    ws: WebSocket<Mem>,
}
impl Peer for Yawc {
    fn name(&self) -> String {
        "yawc 0.5".into()
    }
    fn caps(&self) -> Caps {
        Caps { deflate: true, ..FULL }
    }
    fn open(&self, o: &Open) -> Box<dyn Conn> {
        let io = Mem::new();
        let role = if o.role == Role::Server { R::Server } else { R::Client };
        let mut opt = Options::default().with_limits(4 << 20, 8 << 20).with_utf8();
        let ws = if o.deflate {
            opt = opt.with_balanced_compression();
            WebSocket::from_stream_with_extensions(io.clone(), role, Some("permessage-deflate"), opt)
        } else {
            opt = opt.without_compression();
            WebSocket::from_stream(io.clone(), role, opt)
        };
        Box::new(C { io, ws: ws.unwrap() })
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
        while let Poll::Ready(f) = self.ws.poll_next_frame(&mut cx) {
            let f = f.expect("yawc");
            sink.message(f.payload());
        }
    }
    fn encode(&mut self, p: &Payload, n: usize, out: &mut Out) {
        self.io.set_output(out);
        let w = waker();
        let mut cx = Context::from_waker(&w);
        for _ in 0..n {
            assert!(Pin::new(&mut self.ws).poll_ready(&mut cx).is_ready());
            let f = if p.text { Frame::text(p.bytes.clone()) } else { Frame::binary(p.bytes.clone()) };
            Pin::new(&mut self.ws).start_send(f).unwrap();
        }
        assert!(Pin::new(&mut self.ws).poll_flush(&mut cx).is_ready());
    }
}
