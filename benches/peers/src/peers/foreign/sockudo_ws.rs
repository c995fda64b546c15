use crate::api::*;
use bytes::{BufMut, BytesMut};
use sockudo_ws::deflate::DeflateConfig;
use sockudo_ws::handshake as hs;
use sockudo_ws::protocol::{CompressedProtocol, Message, Protocol, Role as R};

pub struct Sockudo;
#[allow(clippy::large_enum_variant)] // a box would be measured, too
enum P {
    Plain(Protocol),
    Deflate(CompressedProtocol),
}
struct C {
    p: P,
    buf: BytesMut,
    msgs: Vec<Message>,
    enc: BytesMut,
}
impl Peer for Sockudo {
    fn name(&self) -> String {
        "sockudo-ws 3.1".into()
    }
    fn caps(&self) -> Caps {
        Caps { hs_server: true, hs_client: true, deflate: true, ..FULL }
    }
    fn open(&self, o: &Open) -> Box<dyn Conn> {
        let m = 64 << 20;
        let p = match (o.deflate, o.role) {
            (false, Role::Server) => P::Plain(Protocol::new(R::Server, m, m)),
            (false, Role::Client) => P::Plain(Protocol::new(R::Client, m, m)),
            (true, Role::Server) => P::Deflate(CompressedProtocol::server(m, m, DeflateConfig::default())),
            (true, Role::Client) => P::Deflate(CompressedProtocol::client(m, m, DeflateConfig::default())),
        };
        Box::new(C { p, buf: BytesMut::new(), msgs: Vec::new(), enc: BytesMut::new() })
    }
    fn server_handshake(&self, req: &[u8], out: &mut [u8]) -> usize {
        let Ok(Some((r, _))) = hs::parse_request(req) else {
            return 0;
        };
        let a = hs::generate_accept_key(r.key);
        let resp = hs::build_response(&a, None, None);
        out[..resp.len()].copy_from_slice(&resp);
        resp.len()
    }
    fn client_handshake(&self, r: Responder) -> bool {
        let key = hs::generate_key();
        let req = hs::build_request("server.example.com", "/chat", &key, None, None);
        let mut resp = [0u8; 1024];
        let n = r(&req, &mut resp);
        match hs::parse_response(&resp[..n]) {
            Ok(Some((x, _))) => x.accept.map(|a| hs::validate_accept_key(&key, a)).unwrap_or(false),
            _ => false,
        }
    }
}
impl Conn for C {
    fn state_bytes(&self) -> usize {
        match &self.p {
            P::Plain(p) => std::mem::size_of_val(p),
            P::Deflate(p) => std::mem::size_of_val(p),
        }
    }
    fn shared_bytes(&self) -> usize {
        self.enc.capacity() + self.buf.capacity()
    }
    fn decode(&mut self, wire: &[u8], chunk: usize, sink: &mut Sink) {
        for c in wire.chunks(chunk) {
            self.buf.reserve(chunk);
            self.buf.put_slice(c);
            match &mut self.p {
                P::Plain(p) => p.process_into(&mut self.buf, &mut self.msgs),
                P::Deflate(p) => p.process_into(&mut self.buf, &mut self.msgs),
            }
            .expect("sockudo");
            for m in self.msgs.drain(..) {
                sink.message(m.as_bytes());
            }
        }
    }
    fn encode(&mut self, pl: &Payload, n: usize, out: &mut Out) {
        for _ in 0..n {
            let m = if pl.text { Message::Text(pl.bytes.clone()) } else { Message::Binary(pl.bytes.clone()) };
            match &mut self.p {
                P::Plain(p) => p.encode_message(&m, &mut self.enc),
                P::Deflate(p) => p.encode_message(&m, &mut self.enc),
            }
            .unwrap();
        }
        out.write(&self.enc);
        self.enc.clear();
    }
}
