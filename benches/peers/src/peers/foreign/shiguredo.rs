use crate::api::*;
use crate::browser::REQUEST;
use shiguredo_websocket::{
    ClientConnectionOptions, ConnectionEvent, ConnectionOutput, ConnectionState, PerMessageDeflateConfig, RandomSource,
    ServerConnectionOptions, Timestamp, WebSocketClientConnection, WebSocketServerConnection,
};

pub struct Shiguredo;
#[allow(clippy::large_enum_variant)] // a box would be measured, too
enum C {
    Server(WebSocketServerConnection),
    Client(WebSocketClientConnection<Random>),
}

struct Random;
impl RandomSource for Random {
    fn masking_key(&mut self) -> [u8; 4] {
        fastrand::u32(..).to_ne_bytes()
    }
    fn nonce(&mut self) -> [u8; 16] {
        fastrand::u128(..).to_ne_bytes()
    }
}

fn client(deflate: bool) -> WebSocketClientConnection<Random> {
    let mut o = ClientConnectionOptions::new("server.example.com", "/chat");
    if deflate {
        o = o.deflate(PerMessageDeflateConfig::new());
    }
    WebSocketClientConnection::new(o, Random)
}
fn server(deflate: bool) -> WebSocketServerConnection {
    let mut o = ServerConnectionOptions::new();
    if deflate {
        o = o.deflate(PerMessageDeflateConfig::new());
    }
    WebSocketServerConnection::new(o)
}

/// The first bytes that are to be sent.
fn sent(mut output: impl FnMut() -> Option<ConnectionOutput>) -> Option<Vec<u8>> {
    loop {
        if let ConnectionOutput::SendData(bytes) = output()? {
            return Some(bytes);
        }
    }
}
/// What a server answers.
fn answer(s: &mut WebSocketServerConnection, req: &[u8]) -> Option<Vec<u8>> {
    s.feed_recv_buf(req).ok()?;
    s.accept_handshake_auto().ok()?;
    sent(|| s.poll_output())
}

impl Peer for Shiguredo {
    fn name(&self) -> String {
        "shiguredo 2026.3".into()
    }
    fn caps(&self) -> Caps {
        Caps { hs_server: true, hs_client: true, deflate: true, ..FULL }
    }
    fn open(&self, o: &Open) -> Box<dyn Conn> {
        // nothing opens a connection but a handshake
        let mut s = server(o.deflate);
        if o.role == Role::Server {
            answer(&mut s, REQUEST).expect("shiguredo");
            while s.poll_event().is_some() {}
            while s.poll_output().is_some() {}
            return Box::new(C::Server(s));
        }
        let mut c = client(o.deflate);
        c.connect().expect("shiguredo");
        let req = sent(|| c.poll_output()).expect("shiguredo");
        let resp = answer(&mut s, &req).expect("shiguredo");
        c.feed_recv_buf(&resp, Timestamp::from_millis(0)).expect("shiguredo");
        while c.poll_event().is_some() {}
        while c.poll_output().is_some() {}
        Box::new(C::Client(c))
    }
    fn server_handshake(&self, req: &[u8], out: &mut [u8]) -> usize {
        let Some(resp) = answer(&mut server(false), req) else {
            return 0;
        };
        out[..resp.len()].copy_from_slice(&resp);
        resp.len()
    }
    fn client_handshake(&self, r: Responder) -> bool {
        let mut c = client(false);
        if c.connect().is_err() {
            return false;
        }
        let Some(req) = sent(|| c.poll_output()) else {
            return false;
        };
        let mut resp = [0u8; 1024];
        let n = r(&req, &mut resp);
        c.feed_recv_buf(&resp[..n], Timestamp::from_millis(0)).is_ok() && c.state() == ConnectionState::Connected
    }
}
impl Conn for C {
    fn state_bytes(&self) -> usize {
        match self {
            C::Server(s) => std::mem::size_of_val(s),
            C::Client(c) => std::mem::size_of_val(c),
        }
    }
    fn decode(&mut self, wire: &[u8], chunk: usize, sink: &mut Sink) {
        // it copies what it is fed: that is the kernel's copy
        for c in wire.chunks(chunk) {
            match self {
                C::Server(s) => s.feed_recv_buf(c),
                C::Client(s) => s.feed_recv_buf(c, Timestamp::from_millis(0)),
            }
            .expect("shiguredo");
            loop {
                let e = match self {
                    C::Server(s) => s.poll_event(),
                    C::Client(s) => s.poll_event(),
                };
                match e {
                    None => break,
                    Some(ConnectionEvent::BinaryMessage(b)) => sink.message(&b),
                    Some(ConnectionEvent::TextMessage(t)) => sink.message(t.as_bytes()),
                    Some(e) => panic!("shiguredo: {e:?}"),
                }
            }
        }
    }
    fn encode(&mut self, p: &Payload, n: usize, out: &mut Out) {
        for _ in 0..n {
            let text = || unsafe { std::str::from_utf8_unchecked(&p.slice) };
            match (&mut *self, p.text) {
                (C::Server(s), true) => s.send_text(text()),
                (C::Server(s), false) => s.send_binary(&p.slice),
                (C::Client(c), true) => c.send_text(text()),
                (C::Client(c), false) => c.send_binary(&p.slice),
            }
            .expect("shiguredo");
        }
        while let Some(o) = match self {
            C::Server(s) => s.poll_output(),
            C::Client(c) => c.poll_output(),
        } {
            if let ConnectionOutput::SendData(bytes) = o {
                out.write(&bytes);
            }
        }
    }
}
