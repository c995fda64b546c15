//! Ours.
#[cfg(feature = "peers")]
mod buffered;
#[cfg(feature = "peers")]
mod deflate;
#[cfg(feature = "peers")]
mod tokio;
#[cfg(feature = "peers")]
mod zlib;

use crate::api::*;
#[cfg(feature = "peers")]
use deflate::{Compressing, With};
#[cfg(feature = "peers")]
use sansocket::Level;
use sansocket::{Accept, ClientRequest, Config, Connection, Entropy, EntropyError, Event, Instant, MessageKind, Origin};

static CONFIG: Config = Config::new();
const NOW: Instant = Instant::from_millis(0);
/// A header at the most, and what a `receive` may write.
const ROOM: usize = 14 + 131;

/// A server's messages from this length on are not copied behind their header: `writev` takes them from where they are.
const LARGE: usize = 2048;

pub struct Sansocket;

/// In table order: the engine itself, and what stands on it.
pub fn all() -> Vec<Box<dyn Peer>> {
    vec![
        Box::new(Sansocket),
        #[cfg(feature = "peers")]
        Box::new(buffered::WithBuffers { whole: false }),
        #[cfg(feature = "peers")]
        Box::new(buffered::WithBuffers { whole: true }),
        #[cfg(feature = "peers")]
        Box::new(tokio::Tokio::new()),
        #[cfg(feature = "peers")]
        super::foreign::from_c(),
        #[cfg(feature = "peers")]
        Box::new(Compressing(With::Own(Level::Fast))),
        #[cfg(feature = "peers")]
        Box::new(Compressing(With::Own(Level::Best))),
        #[cfg(feature = "peers")]
        Box::new(Compressing(With::Zlib { level: 6 })),
    ]
}

fn role(role: Role) -> sansocket::Role {
    match role {
        Role::Server => sansocket::Role::Server,
        Role::Client => sansocket::Role::Client,
    }
}

fn kind(p: &Payload) -> MessageKind {
    if p.text { MessageKind::Text } else { MessageKind::Binary }
}

/// As quick as the sources of the other peers; for benchmarks only.
struct FastRand;

impl Entropy for FastRand {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        fastrand::fill(bytes);
        Ok(())
    }
}

struct Conn_ {
    ws: Connection<'static, FastRand>,
    buf: Vec<u8>,
    enc: Vec<u8>,
    have: usize,
    is_server: bool,
}

impl Peer for Sansocket {
    fn name(&self) -> String {
        "sansocket".into()
    }

    fn caps(&self) -> Caps {
        Caps { streaming: true, hs_server: true, hs_client: true, deflate: cfg!(feature = "peers"), ..FULL }
    }

    fn server_handshake(&self, req: &[u8], out: &mut [u8]) -> usize {
        let mut input = [0; 1024];
        let input = &mut input[..req.len()];
        input.copy_from_slice(req);
        let mut ws = Connection::server(&CONFIG, NOW);
        let received = ws.receive(NOW, input, out).expect("room");
        let Some(Event::Request(request)) = received.event else { return 0 };
        ws.accept(&request, &Accept::new(Origin::Any), NOW, out).expect("room")
    }

    fn client_handshake(&self, responder: Responder) -> bool {
        let mut ws = Connection::client(&CONFIG, FastRand, NOW);
        let (mut request, mut input) = ([0; 512], [0; 512]);
        let target = ClientRequest::new("server.example.com", "/chat");
        let written = ws.request(&target, NOW, &mut request).expect("room");
        let filled = responder(&request[..written], &mut input);
        let received = ws.receive(NOW, &mut input[..filled], &mut [0; 131]);
        matches!(received.expect("room").event, Some(Event::Opened(_)))
    }

    fn open(&self, o: &Open) -> Box<dyn Conn> {
        #[cfg(feature = "peers")]
        if o.deflate {
            return Box::new(deflate::Compressed::open(o, With::Own(Level::Default)));
        }
        let ws = Connection::open(role(o.role), &CONFIG, FastRand, sansocket::Negotiated::NOTHING, NOW);
        Box::new(Conn_ { ws, buf: Vec::new(), enc: Vec::new(), have: 0, is_server: o.role == Role::Server })
    }
}

impl Conn for Conn_ {
    fn state_bytes(&self) -> usize {
        size_of_val(&self.ws)
    }

    fn shared_bytes(&self) -> usize {
        self.buf.capacity() + self.enc.capacity()
    }

    fn decode(&mut self, wire: &[u8], chunk: usize, sink: &mut Sink) {
        let mut out = [0; 131];
        self.buf.resize(self.buf.len().max(chunk + 131), 0);
        for c in wire.chunks(chunk) {
            let end = self.have + c.len();
            self.buf[self.have..end].copy_from_slice(c);
            let mut at = 0;
            loop {
                let received = self.ws.receive(NOW, &mut self.buf[at..end], &mut out).expect("room");
                at += received.consumed;
                match received.event {
                    None => break,
                    Some(Event::Data(data)) => {
                        sink.part(data.payload);
                        if data.last {
                            sink.end();
                        }
                    }
                    Some(other) => panic!("{other:?}"),
                }
            }
            self.buf.copy_within(at..end, 0);
            self.have = end - at;
        }
    }

    fn encode(&mut self, p: &Payload, n: usize, out: &mut Out) {
        if self.is_server && p.slice.len() > LARGE {
            let mut header = [0; 14];
            for _ in 0..n {
                let len = self.ws.send_header(kind(p), &p.slice, true, &mut header).expect("room");
                out.write(&header[..len]);
                out.write(&p.slice);
            }
            return;
        }
        self.enc.resize(self.enc.len().max(n * (p.slice.len() + 14) + ROOM), 0);
        let mut at = 0;
        for _ in 0..n {
            at += self.ws.send(kind(p), &p.slice, true, &mut self.enc[at..]).expect("room");
        }
        out.write(&self.enc[..at]);
    }
}
