use super::memio::Mem;
use crate::api::*;
use tungstenite::protocol::{Role as R, WebSocketConfig};
use tungstenite::{Message, Utf8Bytes, WebSocket};

pub struct Tung;
struct C {
    io: Mem,
    ws: WebSocket<Mem>,
}
impl Peer for Tung {
    fn name(&self) -> String {
        "tungstenite 0.30".into()
    }
    fn caps(&self) -> Caps {
        Caps { hs_server: true, hs_client: true, ..FULL }
    }
    fn open(&self, o: &Open) -> Box<dyn Conn> {
        let io = Mem::new();
        let role = if o.role == Role::Server { R::Server } else { R::Client };
        Box::new(C { ws: WebSocket::from_raw_socket(io.clone(), role, Some(WebSocketConfig::default())), io })
    }
    fn server_handshake(&self, req: &[u8], out: &mut [u8]) -> usize {
        let io = Mem::new();
        io.set_input(req, usize::MAX);
        match tungstenite::accept(io.clone()) {
            Ok(ws) => {
                let w = io.written();
                out[..w.len()].copy_from_slice(w);
                let n = w.len();
                drop(ws);
                n
            }
            Err(_) => 0,
        }
    }
    fn client_handshake(&self, r: Responder) -> bool {
        let io = Mem::new();
        io.set_responder(r);
        tungstenite::client("ws://server.example.com/chat", io).is_ok()
    }
}
impl Conn for C {
    fn state_bytes(&self) -> usize {
        std::mem::size_of_val(&self.ws)
    }
    fn decode(&mut self, wire: &[u8], chunk: usize, sink: &mut Sink) {
        self.io.set_input(wire, chunk);
        loop {
            match self.ws.read() {
                Ok(Message::Binary(b)) => sink.message(&b),
                Ok(Message::Text(t)) => sink.message(t.as_bytes()),
                Ok(_) => {}
                Err(tungstenite::Error::Io(e)) if e.kind() == std::io::ErrorKind::WouldBlock => {
                    break;
                }
                Err(e) => panic!("tungstenite: {e}"),
            }
        }
    }
    fn encode(&mut self, p: &Payload, n: usize, out: &mut Out) {
        self.io.set_output(out);
        for _ in 0..n {
            let m = if p.text {
                Message::Text(unsafe { Utf8Bytes::from_bytes_unchecked(p.bytes.clone()) })
            } else {
                Message::Binary(p.bytes.clone())
            };
            self.ws.write(m).unwrap();
        }
        self.ws.flush().unwrap();
    }
}
