//! Ours with permessage-deflate.
use super::{CONFIG, FastRand, NOW, ROOM, kind, role};
use crate::api::*;
use sansocket::{Compressor, Connection, DeflateParams, Event, Inflater, Level, Negotiated};

/// What a message is inflated through, piece by piece.
const WINDOW: usize = 65536;

pub(super) struct Compressed {
    ws: Connection<'static, FastRand>,
    // Both are lent memory that is never given back: a connection lives as long as its cell.
    compressor: Compressor<'static>,
    inflater: Inflater<'static>,
    window: Vec<u8>,
    buf: Vec<u8>,
    enc: Vec<u8>,
    have: usize,
}

impl Compressed {
    pub(super) fn open(o: &Open) -> Self {
        let agreed = Negotiated::NOTHING.with_deflate(DeflateParams::DEFAULT);
        let memory = vec![0; Compressor::memory_len(15, Level::Default).expect("a window")].leak();
        Self {
            ws: Connection::open(role(o.role), &CONFIG, FastRand, agreed, NOW),
            compressor: Compressor::new(15, Level::Default, memory).expect("memory"),
            inflater: Inflater::new(vec![0; 1 << 15].leak()).expect("a window"),
            window: Vec::new(),
            buf: Vec::new(),
            enc: Vec::new(),
            have: 0,
        }
    }
}

impl Conn for Compressed {
    fn state_bytes(&self) -> usize {
        size_of_val(&self.ws) + size_of_val(&self.compressor) + size_of_val(&self.inflater)
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
                let received = self.ws.receive_with(NOW, input, &mut self.inflater, window, &mut out).expect("room");
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
                let sent = self.ws.send_with(&mut self.compressor, kind(p), rest, true, &mut self.enc).expect("room");
                out.write(&self.enc[..sent.produced]);
                rest = &rest[sent.consumed..];
                if sent.done {
                    break;
                }
            }
        }
    }
}
