use super::memio::{Mem, poll_once};
use crate::api::*;
use futures_util::io::{BufReader, BufWriter};
use soketto::Mode;
use soketto::connection::{Builder, Receiver, Sender};

pub struct Soketto;
type S = BufReader<BufWriter<Mem>>;
struct C {
    io: Mem,
    tx: Sender<S>,
    rx: Receiver<S>,
    msg: Vec<u8>,
}
impl Peer for Soketto {
    fn name(&self) -> String {
        "soketto 0.8".into()
    }
    fn caps(&self) -> Caps {
        Caps { utf8: false, hs_server: true, hs_client: true, deflate: false, ..FULL }
    }
    fn open(&self, o: &Open) -> Box<dyn Conn> {
        let io = Mem::new();
        // its examples wrap the socket this way
        let s = BufReader::new(BufWriter::new(io.clone()));
        let mode = if o.role == Role::Server { Mode::Server } else { Mode::Client };
        let b = Builder::new(s, mode);
        let (tx, rx) = b.finish();
        Box::new(C { io, tx, rx, msg: Vec::new() })
    }
    fn server_handshake(&self, req: &[u8], out: &mut [u8]) -> usize {
        use soketto::handshake::server::{Response, Server};
        let io = Mem::new();
        io.set_input(req, usize::MAX);
        let mut s = Server::new(BufReader::new(BufWriter::new(io.clone())));
        let ok = poll_once(async {
            let key = s.receive_request().await.ok()?.key();
            s.send_response(&Response::Accept { key, protocol: None }).await.ok()
        });
        if !matches!(ok, Some(Some(()))) {
            return 0;
        }
        let w = io.written();
        out[..w.len()].copy_from_slice(w);
        w.len()
    }
    fn client_handshake(&self, r: Responder) -> bool {
        use soketto::handshake::client::{Client, ServerResponse};
        let io = Mem::new();
        io.set_responder(r);
        let mut c = Client::new(BufReader::new(BufWriter::new(io)), "server.example.com", "/chat");
        let x = poll_once(c.handshake());
        matches!(x, Some(Ok(ServerResponse::Accepted { .. })))
    }
}
impl Conn for C {
    fn state_bytes(&self) -> usize {
        std::mem::size_of_val(&self.tx) + std::mem::size_of_val(&self.rx)
    }
    fn decode(&mut self, wire: &[u8], chunk: usize, sink: &mut Sink) {
        self.io.set_input(wire, chunk);
        // its receive future loses state when dropped while pending, so never let it pend
        for _ in 0..crate::wire::messages_in(wire) {
            self.msg.clear();
            poll_once(self.rx.receive_data(&mut self.msg)).expect("soketto pending").expect("soketto");
            sink.message(&self.msg);
        }
    }
    fn encode(&mut self, p: &Payload, n: usize, out: &mut Out) {
        self.io.set_output(out);
        for _ in 0..n {
            if p.text {
                let s = unsafe { std::str::from_utf8_unchecked(&p.slice) };
                poll_once(self.tx.send_text(s)).unwrap().unwrap();
            } else {
                poll_once(self.tx.send_binary(&p.slice)).unwrap().unwrap();
            }
        }
        poll_once(self.tx.flush()).unwrap().unwrap();
    }
}
