//! Ours with permessage-deflate.
use super::zlib::{ZlibDeflate, ZlibInflate};
use super::{CONFIG, FastRand, NOW, ROOM, kind, role};
use crate::api::*;
use sansocket::{Compressor, Connection, Deflate, DeflateParams, Event, Inflate, Inflater, Level, Negotiated};

/// What a message is inflated through, piece by piece.
const WINDOW: usize = 65536;

/// What compresses; and inflates, where it is not the library's own.
#[derive(Clone, Copy)]
pub enum With {
    Own(Level),
    /// zlib-rs in the place of the library's codecs.
    Zlib {
        level: u32,
    },
}

/// The rows that only compress: the other settings than the default, and another's codec.
pub struct Compressing(pub With);

impl Peer for Compressing {
    fn name(&self) -> String {
        match self.0 {
            With::Own(level) => format!("sansocket, Level::{level:?}"),
            With::Zlib { level } => format!("sansocket with zlib-rs level {level}"),
        }
    }

    fn caps(&self) -> Caps {
        Caps { deflate: true, streaming: true, utf8: true, ..Caps::default() }
    }

    fn open(&self, o: &Open) -> Box<dyn Conn> {
        Box::new(Compressed::open(o, self.0))
    }
}

pub struct Compressed {
    ws: Connection<'static, FastRand>,
    compressor: Box<dyn Deflate>,
    inflater: Box<dyn Inflate>,
    window: Vec<u8>,
    buf: Vec<u8>,
    enc: Vec<u8>,
    have: usize,
}

/// Memory for ours, lent and never given back: a connection lives as long as its cell.
fn own(level: Level) -> (Box<dyn Deflate>, Box<dyn Inflate>) {
    let memory = vec![0; Compressor::memory_len(15, level).expect("a window")].leak();
    let compressor = Compressor::new(15, level, memory).expect("memory");
    (Box::new(compressor), Box::new(Inflater::new(vec![0; 1 << 15].leak()).expect("a window")))
}

impl Compressed {
    pub fn open(o: &Open, with: With) -> Self {
        let agreed = Negotiated::NOTHING.with_deflate(DeflateParams::DEFAULT);
        let (compressor, inflater) = match with {
            With::Own(level) => own(level),
            With::Zlib { level } => (Box::new(ZlibDeflate::new(level)) as _, Box::new(ZlibInflate::new()) as _),
        };
        Self {
            ws: Connection::open(role(o.role), &CONFIG, FastRand, agreed, NOW),
            compressor,
            inflater,
            window: Vec::new(),
            buf: Vec::new(),
            enc: Vec::new(),
            have: 0,
        }
    }
}

impl Conn for Compressed {
    fn state_bytes(&self) -> usize {
        size_of_val(&self.ws) + size_of_val(&*self.compressor) + size_of_val(&*self.inflater)
    }

    fn shared_bytes(&self) -> usize {
        self.window.capacity() + self.buf.capacity() + self.enc.capacity()
    }

    fn decode(&mut self, wire: &[u8], chunk: usize, sink: &mut Sink) {
        let mut out = [0; 131];
        self.window.resize(WINDOW, 0);
        self.buf.resize(self.buf.len().max(chunk + 131), 0);
        for c in wire.chunks(chunk) {
            let end = self.have + c.len();
            self.buf[self.have..end].copy_from_slice(c);
            let mut at = 0;
            loop {
                let (input, window) = (&mut self.buf[at..end], &mut self.window);
                let received = self.ws.receive_with(NOW, input, &mut *self.inflater, window, &mut out).expect("room");
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
        // With that much room each message is one frame.
        self.enc.resize(self.enc.len().max(p.slice.len() + p.slice.len() / 4 + 64 + ROOM), 0);
        for _ in 0..n {
            let mut rest = &p.slice[..];
            loop {
                let sent = self.ws.send_with(&mut *self.compressor, kind(p), rest, true, &mut self.enc).expect("room");
                out.write(&self.enc[..sent.produced]);
                rest = &rest[sent.consumed..];
                if sent.done {
                    break;
                }
            }
        }
    }
}
