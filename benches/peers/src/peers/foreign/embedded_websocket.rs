use crate::api::*;
use embedded_websocket as ws;
use rand08::{SeedableRng, rngs::SmallRng};

pub struct Embedded;
enum W {
    S(ws::WebSocketServer),
    C(ws::WebSocketClient<SmallRng>),
}
struct C {
    w: W,
    buf: Vec<u8>,
    /// bytes left over at the front of `buf` (an incomplete header)
    have: usize,
    to: Vec<u8>,
    fill: usize,
    enc: Vec<u8>,
}
impl Peer for Embedded {
    fn name(&self) -> String {
        "embedded-websocket 0.9".into()
    }
    fn caps(&self) -> Caps {
        Caps { utf8: false, hs_server: true, hs_client: true, ..FULL }
    }
    fn open(&self, o: &Open) -> Box<dyn Conn> {
        let w = match o.role {
            Role::Server => {
                let mut s = ws::WebSocketServer::new_server();
                s.state = ws::WebSocketState::Open;
                W::S(s)
            }
            Role::Client => {
                let mut c = ws::WebSocketClient::new_client(SmallRng::seed_from_u64(1));
                c.state = ws::WebSocketState::Open;
                W::C(c)
            }
        };
        Box::new(C { w, buf: Vec::new(), have: 0, to: Vec::new(), fill: 0, enc: Vec::new() })
    }
    fn server_handshake(&self, req: &[u8], out: &mut [u8]) -> usize {
        let mut headers = [httparse::EMPTY_HEADER; 24];
        let mut r = httparse::Request::new(&mut headers);
        if r.parse(req).is_err() {
            return 0;
        }
        let it = r.headers.iter().map(|f| (f.name, f.value));
        let Ok(Some(cx)) = ws::read_http_header(it) else {
            return 0;
        };
        let mut s = ws::WebSocketServer::new_server();
        s.server_accept(&cx.sec_websocket_key, None, out).unwrap_or(0)
    }
    fn client_handshake(&self, r: Responder) -> bool {
        let mut c = ws::WebSocketClient::new_client(SmallRng::seed_from_u64(fastrand::u64(..)));
        let mut buf = [0u8; 2048];
        let o = ws::WebSocketOptions {
            path: "/chat",
            host: "server.example.com",
            origin: "http://server.example.com",
            sub_protocols: None,
            additional_headers: None,
        };
        let (n, key) = c.client_connect(&o, &mut buf).unwrap();
        let mut resp = [0u8; 1024];
        let m = r(&buf[..n], &mut resp);
        c.client_accept(&key, &resp[..m]).is_ok()
    }
}
impl Conn for C {
    fn state_bytes(&self) -> usize {
        match &self.w {
            W::S(w) => std::mem::size_of_val(w),
            W::C(w) => std::mem::size_of_val(w),
        }
    }
    fn shared_bytes(&self) -> usize {
        self.buf.capacity() + self.enc.capacity() + self.to.capacity()
    }
    fn decode(&mut self, wire: &[u8], chunk: usize, sink: &mut Sink) {
        if self.buf.len() < chunk + 64 {
            self.buf.resize(chunk + 64, 0);
        }
        if self.to.is_empty() {
            self.to.resize((1 << 20) + 64, 0);
        }
        for c in wire.chunks(chunk) {
            self.buf[self.have..self.have + c.len()].copy_from_slice(c);
            let end = self.have + c.len();
            let mut at = 0;
            while at < end {
                let (from, to) = (&self.buf[at..end], &mut self.to[self.fill..]);
                let r = match &mut self.w {
                    W::S(w) => w.read(from, to),
                    W::C(w) => w.read(from, to),
                };
                match r {
                    Ok(r) => {
                        at += r.len_from;
                        self.fill += r.len_to;
                        if r.end_of_message {
                            sink.message(&self.to[..self.fill]);
                            self.fill = 0;
                        }
                    }
                    Err(ws::Error::ReadFrameIncomplete) => break,
                    Err(e) => panic!("embedded-websocket {e}"),
                }
            }
            self.buf.copy_within(at..end, 0);
            self.have = end - at;
        }
    }
    fn encode(&mut self, p: &Payload, n: usize, out: &mut Out) {
        use ws::WebSocketSendMessageType as T;
        let need = (p.slice.len() + 16) * n;
        if self.enc.len() < need {
            self.enc.resize(need, 0);
        }
        let t = || if p.text { T::Text } else { T::Binary };
        let mut at = 0;
        for _ in 0..n {
            at += match &mut self.w {
                W::S(w) => w.write(t(), true, &p.slice, &mut self.enc[at..]),
                W::C(w) => w.write(t(), true, &p.slice, &mut self.enc[at..]),
            }
            .unwrap();
        }
        out.write(&self.enc[..at]);
    }
}
