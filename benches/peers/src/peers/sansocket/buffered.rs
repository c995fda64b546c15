//! Ours with its buffers: reads go into its room, events come out, its output is lent to the transport.
use super::{CONFIG, FastRand, NOW, kind, role};
use crate::api::*;
use sansocket::{Buffered, Connection, Event, Negotiated};

/// What it holds: a message of the longest cell and what came with it, or, in pieces, a read and what the last one left.
const WHOLE: usize = (1 << 20) + READ + 144;
const READ: usize = 65536;
/// Longer messages leave as fragments, each as long as there is room for.
const OUTPUT: usize = 2 * 65536;

pub struct WithBuffers {
    /// Messages are joined, as they are by default, instead of coming in pieces.
    pub whole: bool,
}

struct Conn_ {
    ws: Buffered<'static, FastRand, Vec<u8>, Vec<u8>>,
    input: usize,
}

impl Peer for WithBuffers {
    fn name(&self) -> String {
        if self.whole { "sansocket Buffered" } else { "sansocket Buffered, in pieces" }.into()
    }

    fn caps(&self) -> Caps {
        Caps { streaming: !self.whole, ..FULL }
    }

    fn open(&self, o: &Open) -> Box<dyn Conn> {
        let ws = Connection::open(role(o.role), &CONFIG, FastRand, Negotiated::NOTHING, NOW);
        let input = if self.whole { WHOLE } else { READ + 131 };
        let ws = Buffered::new(ws, vec![0; input], vec![0; OUTPUT]);
        Box::new(Conn_ { ws: if self.whole { ws } else { ws.in_pieces() }, input })
    }
}

impl Conn for Conn_ {
    fn state_bytes(&self) -> usize {
        size_of_val(&self.ws)
    }

    /// `Buffered::attach` lends them for a turn.
    fn shared_bytes(&self) -> usize {
        self.input + OUTPUT
    }

    fn decode(&mut self, mut wire: &[u8], chunk: usize, sink: &mut Sink) {
        while !wire.is_empty() {
            let space = self.ws.space().expect("nothing is due");
            let n = wire.len().min(chunk).min(space.len());
            space[..n].copy_from_slice(&wire[..n]);
            wire = &wire[n..];
            self.ws.filled(n, NOW);
            while let Some((event, _)) = self.ws.next(NOW).expect("room") {
                match event {
                    Event::Data(data) => {
                        sink.part(data.payload);
                        if data.last {
                            sink.end();
                        }
                    }
                    other => panic!("{other:?}"),
                }
            }
        }
    }

    fn encode(&mut self, p: &Payload, n: usize, out: &mut Out) {
        for _ in 0..n {
            if p.slice.len() <= 65536 {
                if self.ws.room() < p.slice.len() + 14 {
                    self.flush(out);
                }
                self.ws.commands(NOW).send(kind(p), &p.slice).expect("room");
                continue;
            }
            let mut taken = 0;
            while taken < p.slice.len() {
                taken += self.ws.commands(NOW).send_part(kind(p), taken as u64, &p.slice[taken..], true).expect("room");
                self.flush(out);
            }
        }
        self.flush(out);
    }
}

impl Conn_ {
    fn flush(&mut self, out: &mut Out) {
        let due = self.ws.due();
        let n = due.len();
        out.write(due);
        self.ws.written(n, NOW);
    }
}
