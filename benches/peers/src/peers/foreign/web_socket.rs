use super::memio::{Mem, poll_once};
use crate::api::*;
use tokio::io::BufReader;
use web_socket::{Event, WebSocket};

pub struct WebSo;
struct C {
    io: Mem,
    rd: WebSocket<BufReader<Mem>>,
    wr: WebSocket<Mem>,
}
impl Peer for WebSo {
    fn name(&self) -> String {
        "web-socket 0.7".into()
    }
    fn caps(&self) -> Caps {
        Caps { utf8: false, ..FULL }
    }
    fn open(&self, o: &Open) -> Box<dyn Conn> {
        let io = Mem::new();
        let b = BufReader::new(io.clone());
        let (rd, wr) = match o.role {
            Role::Server => (WebSocket::server(b), WebSocket::server(io.clone())),
            Role::Client => (WebSocket::client(b), WebSocket::client(io.clone())),
        };
        Box::new(C { io, rd, wr })
    }
}
impl Conn for C {
    fn state_bytes(&self) -> usize {
        std::mem::size_of_val(&self.rd)
    }
    fn decode(&mut self, wire: &[u8], chunk: usize, sink: &mut Sink) {
        self.io.set_input(wire, chunk);
        while let Some(e) = poll_once(self.rd.recv()) {
            match e.expect("web-socket") {
                Event::Data { data, .. } => sink.message(&data),
                _ => panic!("web-socket"),
            }
        }
    }
    fn encode(&mut self, p: &Payload, n: usize, out: &mut Out) {
        self.io.set_output(out);
        for _ in 0..n {
            if p.text {
                poll_once(self.wr.send(unsafe { std::str::from_utf8_unchecked(&p.slice) })).unwrap().unwrap();
            } else {
                poll_once(self.wr.send(&p.slice[..])).unwrap().unwrap();
            }
        }
    }
}
