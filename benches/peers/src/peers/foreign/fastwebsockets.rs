use super::memio::{Mem, poll_once};
use crate::api::*;
use fastwebsockets::{FragmentCollector, Frame, OpCode, Payload as P, WebSocket};

pub struct FastWs;
struct C {
    io: Mem,
    ws: FragmentCollector<Mem>,
}
impl Peer for FastWs {
    fn name(&self) -> String {
        "fastwebsockets 0.10".into()
    }
    fn caps(&self) -> Caps {
        FULL
    }
    fn open(&self, o: &Open) -> Box<dyn Conn> {
        let io = Mem::new();
        let role = if o.role == Role::Server { fastwebsockets::Role::Server } else { fastwebsockets::Role::Client };
        let ws = WebSocket::after_handshake(io.clone(), role);
        Box::new(C { io, ws: FragmentCollector::new(ws) })
    }
}
impl Conn for C {
    fn state_bytes(&self) -> usize {
        std::mem::size_of_val(&self.ws)
    }
    fn decode(&mut self, wire: &[u8], chunk: usize, sink: &mut Sink) {
        self.io.set_input(wire, chunk);
        while let Some(r) = poll_once(self.ws.read_frame()) {
            let f = r.expect("fastwebsockets");
            if matches!(f.opcode, OpCode::Text | OpCode::Binary) {
                sink.message(&f.payload);
            }
        }
    }
    fn encode(&mut self, p: &Payload, n: usize, out: &mut Out) {
        self.io.set_output(out);
        // the frame's lifetime is tied to the socket's type parameter in this API
        let s: &'static [u8] = unsafe { std::mem::transmute(&p.slice[..]) };
        for _ in 0..n {
            let f = if p.text { Frame::text(P::Borrowed(s)) } else { Frame::binary(P::Borrowed(s)) };
            poll_once(self.ws.write_frame(f)).unwrap().unwrap();
        }
    }
}
