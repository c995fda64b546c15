//! Compressed messages made by hand, and connections that inflate them while their work is counted.
//!
//! Beside `support`, not in it: that is built without the feature `deflate` too.
#![allow(dead_code, reason = "each test file uses its part")]

use crate::support::entropy::Counter;
use crate::support::ms;
use sansocket::{
    Config, Connection, DeflateParams, Event, Finished, Inflate, InflateError, Inflater, MessageKind, Negotiated, Progress,
    ProtocolError, Role,
};

/// Bits in the order of RFC 1951 §3.1.1.
#[derive(Clone, Default)]
pub(crate) struct Bits {
    pub(crate) bytes: Vec<u8>,
    count: usize,
}

impl Bits {
    /// A number: its lowest bit first.
    pub(crate) fn put(&mut self, value: u32, len: u32) -> &mut Self {
        for bit in 0..len {
            if self.count % 8 == 0 {
                self.bytes.push(0);
            }
            *self.bytes.last_mut().unwrap() |= ((value >> bit & 1) as u8) << (self.count % 8);
            self.count += 1;
        }
        self
    }

    /// A code: its highest bit first.
    pub(crate) fn put_code(&mut self, code: u32, len: u32) -> &mut Self {
        self.put(code.reverse_bits() >> (32 - len), len)
    }

    /// §3.2.4: a stored block.
    pub(crate) fn put_stored(&mut self, data: &[u8]) -> &mut Self {
        self.put(0, 3);
        self.count = self.bytes.len() * 8;
        let len = u16::try_from(data.len()).unwrap();
        self.bytes.extend([&len.to_le_bytes()[..], &(!len).to_le_bytes(), data].concat());
        self.count = self.bytes.len() * 8;
        self
    }

    /// §3.2.6: a block with the fixed codes and nothing in it.
    pub(crate) fn put_empty_fixed(&mut self) -> &mut Self {
        self.put(2, 3).put_code(0, 7)
    }

    /// RFC 7692 §7.2.1: the flush that ends a message or a fragment, as far as it is sent: three bits and padding.
    pub(crate) fn ended(&self) -> Vec<u8> {
        let mut all = self.clone();
        all.put(0, 3);
        all.bytes
    }
}

/// How `len` zeros are compressed, from the least to the most.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Coding {
    Stored,
    /// 13 bits for 258 bytes.
    Fixed,
    /// Two bits for 258 bytes: 1 032 to 1.
    Dynamic,
}

pub(crate) const CODINGS: [Coding; 3] = [Coding::Stored, Coding::Fixed, Coding::Dynamic];

/// Blocks of `len` zeros, without the end of the message.
pub(crate) fn zeros(coding: Coding, len: usize) -> Bits {
    let mut bits = Bits::default();
    let (matches, literals) = (len.saturating_sub(1) / 258, len - len.saturating_sub(1) / 258 * 258);
    match coding {
        Coding::Stored => {
            for start in (0..len).step_by(0xFFFF) {
                bits.put_stored(&vec![0; (len - start).min(0xFFFF)]);
            }
        }
        Coding::Fixed => {
            bits.put(2, 3);
            for _ in 0..literals {
                bits.put_code(0x30, 8);
            }
            // Length 258 is symbol 285, distance 1 is symbol 0.
            for _ in 0..matches {
                bits.put_code(0xC5, 8).put_code(0, 5);
            }
            bits.put_code(0, 7);
        }
        Coding::Dynamic => {
            // 286 literals and lengths, one distance, 18 lengths of the code length code: 18 is 0, 1 is 10, 2 is 11.
            bits.put(4, 3).put(29, 5).put(0, 5).put(14, 4);
            for len in [0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 2] {
                bits.put(len, 3);
            }
            // The literal 0 and the end have two bits, length 258 and the distance one; between them 255 and 28 have no code.
            bits.put_code(3, 2);
            bits.put_code(0, 1).put(138 - 11, 7).put_code(0, 1).put(117 - 11, 7);
            bits.put_code(3, 2);
            bits.put_code(0, 1).put(28 - 11, 7);
            bits.put_code(2, 2).put_code(2, 2);
            for _ in 0..literals {
                bits.put_code(2, 2);
            }
            for _ in 0..matches {
                bits.put_code(0, 1).put_code(0, 1);
            }
            bits.put_code(3, 2);
        }
    }
    bits
}

/// The library's inflater, with a count of what it does.
pub(crate) struct Watched<'m> {
    inner: Inflater<'m>,
    pub(crate) calls: usize,
    pub(crate) consumed: usize,
    pub(crate) produced: usize,
}

impl<'m> Watched<'m> {
    pub(crate) fn new(history: &'m mut [u8]) -> Self {
        Self { inner: Inflater::new(history).unwrap(), calls: 0, consumed: 0, produced: 0 }
    }
}

impl Inflate for Watched<'_> {
    fn window_bits(&self) -> u8 {
        self.inner.window_bits()
    }

    fn limit_window(&mut self, window_bits: u8) -> bool {
        Inflate::limit_window(&mut self.inner, window_bits)
    }

    fn reset(&mut self) {
        self.inner.reset();
    }

    fn taken(&self) -> u64 {
        Inflate::taken(&self.inner)
    }

    fn inflate(&mut self, input: &[u8], output: &mut [u8]) -> Result<Progress, InflateError> {
        self.calls += 1;
        let progress = self.inner.inflate(input, output)?;
        self.consumed += progress.consumed;
        self.produced += progress.produced;
        Ok(progress)
    }

    fn finish_message(&mut self, output: &mut [u8]) -> Result<Finished, InflateError> {
        self.calls += 1;
        let finished = self.inner.finish_message(output)?;
        self.produced += finished.produced;
        Ok(finished)
    }
}

/// What came of a wire.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(crate) struct Delivered {
    pub(crate) messages: Vec<(MessageKind, Vec<u8>)>,
    /// What came of a message that was not finished.
    pub(crate) open: Vec<u8>,
    pub(crate) fault: Option<ProtocolError>,
}

pub(crate) fn open<'c>(role: Role, config: &'c Config<'c>) -> Connection<'c, Counter> {
    let negotiated = Negotiated::NOTHING.with_deflate(DeflateParams::DEFAULT);
    Connection::open(role, config, Counter::default(), negotiated, ms(0))
}

/// Gives `wire` to a connection in pieces that end at `cuts`, and inflates into a window of `window` bytes.
pub(crate) fn deliver(
    conn: &mut Connection<'_, Counter>,
    inflater: &mut dyn Inflate,
    wire: &[u8],
    cuts: impl IntoIterator<Item = usize>,
    window: usize,
) -> Delivered {
    let (mut delivered, mut input, mut from) = (Delivered::default(), Vec::new(), 0);
    for to in cuts.into_iter().chain([wire.len()]) {
        input.extend_from_slice(&wire[from..to]);
        from = to;
        let mut consumed = 0;
        loop {
            let (mut window, mut out) = (vec![0; window], [0; 131]);
            let received = conn.receive_with(ms(0), &mut input[consumed..], inflater, &mut window, &mut out).unwrap();
            consumed += received.consumed;
            match received.event {
                None => break,
                Some(Event::Data(data)) => {
                    assert_eq!(data.offset, delivered.open.len() as u64);
                    delivered.open.extend_from_slice(data.payload);
                    if data.last {
                        delivered.messages.push((data.kind, std::mem::take(&mut delivered.open)));
                    }
                }
                Some(Event::Failed { error, .. }) => {
                    assert!(delivered.fault.replace(error).is_none(), "it failed twice");
                }
                Some(Event::Ping { .. } | Event::Pong { .. }) => {}
                Some(other) => panic!("{other:?}"),
            }
        }
        input.drain(..consumed);
    }
    delivered
}
