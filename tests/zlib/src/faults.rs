//! What zlib refuses, our inflater refuses, at the same octet or before; and what it takes, ours takes.

use crate::chance::Chance;
use crate::ours::{self, Cut, Refused};
use crate::{Tally, zlib};
use sansocket::{InflateError, Inflater};

pub(crate) fn case(chance: &mut Chance) -> Tally {
    let stream = match chance.between(0, 7) {
        0 => {
            let len = chance.between(0, 60);
            chance.octets(len)
        }
        1 | 2 => dynamic_block(chance),
        _ => mutated(chance),
    };
    let mut history = vec![chance.octet(); 1 << 15];
    let mut inflater = Inflater::new(&mut history).expect("a window of 15 bits");
    let octet_by_octet = ours::inflate(&mut inflater, &stream, Cut::Octets, chance);
    compare_with_zlib(&stream, &octet_by_octet);
    let cut = Cut::any(chance);
    inflater.reset();
    compare_cuts(&octet_by_octet, &ours::inflate(&mut inflater, &stream, cut, chance));

    // A smaller window can only make a distance too long.
    let mut history = vec![chance.octet(); 1 << chance.between(8, 14)];
    let mut inflater = Inflater::new(&mut history).expect("a window of 8 to 14 bits");
    let small = ours::inflate(&mut inflater, &stream, Cut::Octets, chance);
    match (&octet_by_octet, &small) {
        (Err(Refused { inflated, .. }) | Ok(inflated), Err(small)) if small.error == InflateError::DistanceTooFar => {
            assert!(inflated.starts_with(&small.inflated));
        }
        (large, small) => compare_cuts(large, small),
    }
    inflater.reset();
    compare_cuts(&small, &ours::inflate(&mut inflater, &stream, cut, chance));

    let mut tally = Tally { refused: u64::from(octet_by_octet.is_err()), ..Tally::default() };
    tally.add_message(octet_by_octet.map_or_else(|refused| refused.inflated.len(), |inflated| inflated.len()));
    tally
}

fn compare_with_zlib(stream: &[u8], ours: &Result<Vec<u8>, Refused>) {
    let (mut zlib, mut inflated) = (zlib::Inflater::new(15), Vec::new());
    let refused_at = stream.iter().position(|octet| !zlib.inflate(&[*octet], &mut inflated));
    match (ours, refused_at) {
        (Ok(ours), None) => {
            assert!(*ours == inflated, "inflated differently: {stream:02x?}");
            assert!(zlib.finish_message(), "ours takes an end that zlib does not: {stream:02x?}");
        }
        (Err(ours), None) if ours.error == InflateError::NotFlushed => {
            assert!(ours.inflated == inflated, "inflated differently: {stream:02x?}");
            assert!(!zlib.finish_message(), "ours refuses an end that zlib takes: {stream:02x?}");
        }
        // A code length code without any code: zlib waits until one is used.
        (Err(ours), None) if ours.error == InflateError::BadCodeLengthCode => {
            assert!(ours.inflated == inflated, "inflated differently: {stream:02x?}");
            assert!(!zlib.inflate(&[0; 400], &mut inflated), "zlib takes a code length code that ours does not: {stream:02x?}");
            assert!(ours.inflated == inflated, "inflated differently: {stream:02x?}");
        }
        (Err(ours), Some(at)) if ours.error != InflateError::NotFlushed => {
            assert!(ours.presented <= at + 1, "{:?} at {}, zlib at {at}: {stream:02x?}", ours.error, ours.presented - 1);
            assert!(inflated.starts_with(&ours.inflated), "inflated differently: {stream:02x?}");
        }
        (ours, zlib) => panic!("ours says {:?}, zlib refuses octet {zlib:?}: {stream:02x?}", ours.as_ref().map(Vec::len)),
    }
}

/// How the stream is cut must make no difference, but for what was lost in the call that failed.
fn compare_cuts(octet_by_octet: &Result<Vec<u8>, Refused>, other: &Result<Vec<u8>, Refused>) {
    match (octet_by_octet, other) {
        (Ok(a), Ok(b)) => assert!(a == b, "inflated differently when cut differently"),
        (Err(a), Err(b)) => {
            assert_eq!(a.error, b.error, "refused differently when cut differently");
            assert!(a.inflated.starts_with(&b.inflated) || b.inflated.starts_with(&a.inflated));
            assert!(a.presented <= b.presented, "found later octet by octet");
        }
        (a, b) => panic!("one says {:?}, the other {:?}", a.as_ref().map(Vec::len), b.as_ref().map(Vec::len)),
    }
}

/// What zlib compressed, with up to three small changes.
fn mutated(chance: &mut Chance) -> Vec<u8> {
    let bits = chance.between(9, 15) as u8;
    let mut deflater = zlib::Deflater::any(chance, bits);
    let mut stream = Vec::new();
    for _ in 0..chance.between(1, 2) {
        let max = chance.pick(&[200, 200, 200, 3_000]);
        let message = chance.message(max);
        stream.extend(deflater.message(chance, &message));
        if chance.one_in(2) {
            stream.extend(zlib::TAIL);
        }
    }
    for _ in 0..chance.between(0, 3) {
        let Some(last) = stream.len().checked_sub(1) else { break };
        let at = chance.between(0, last);
        match chance.between(0, 4) {
            0 => stream[at] = chance.octet(),
            1 => stream[at] ^= 1 << chance.between(0, 7),
            2 => drop(stream.remove(at)),
            3 => stream.insert(at, chance.octet()),
            _ => stream.truncate(at),
        }
    }
    stream
}

/// A block with codes of its own (RFC 1951 §3.2.7), most of them complete, and random symbols.
fn dynamic_block(chance: &mut Chance) -> Vec<u8> {
    /// The code length code: 13 codes of 4 bits and 6 of 5 bits, which is complete.
    const SHORT: u32 = 13;
    let mut bits = Bits::default();
    bits.put(4 | u32::from(chance.one_in(2)), 3);
    // More than 286 and 30 are too many.
    let (max_literals, max_distances) = chance.pick(&[(286, 30), (286, 30), (286, 30), (288, 32)]);
    let (literals, distances) = (chance.between(257, max_literals), chance.between(1, max_distances));
    bits.put(literals as u32 - 257, 5);
    bits.put(distances as u32 - 1, 5);
    bits.put(19 - 4, 4);
    for symbol in [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15] {
        bits.put(if symbol < SHORT { 4 } else { 5 }, 3);
    }
    let put_symbol = |bits: &mut Bits, symbol: u32| match symbol {
        0..SHORT => bits.put_code(symbol, 4),
        _ => bits.put_code(2 * SHORT + symbol - SHORT, 5),
    };

    let mut lengths = code(chance, literals, 1);
    if lengths[256] == 0 && !chance.one_in(4) {
        // The end of the block takes the place of another symbol.
        let other = lengths.iter().position(|len| *len > 0).unwrap_or(0);
        lengths.swap(other, 256);
    }
    lengths.extend(code(chance, distances, 0));
    if chance.one_in(6) {
        let at = chance.between(0, lengths.len() - 1);
        lengths[at] = chance.between(0, 15) as u32;
    }

    let mut at = 0;
    while at < lengths.len() {
        let len = lengths[at];
        let run = lengths[at..].iter().take_while(|other| **other == len).count();
        let repeats_previous = at > 0 && lengths[at - 1] == len;
        let (symbol, extra, extra_bits, count) = match run {
            11.. if len == 0 => (18, run.min(138) - 11, 7, run.min(138)),
            3.. if len == 0 => (17, run.min(10) - 3, 3, run.min(10)),
            3.. if repeats_previous => (16, run.min(6) - 3, 2, run.min(6)),
            _ => (len, 0, 0, 1),
        };
        put_symbol(&mut bits, symbol);
        bits.put(extra as u32, extra_bits);
        at += count;
    }
    for _ in 0..chance.between(0, 60) {
        bits.put(u32::from(chance.octet()), 8);
    }
    bits.octets
}

/// The lengths of a complete code for some of `symbols` symbols, at least `min`. A single code may have no bit or one.
fn code(chance: &mut Chance, symbols: usize, min: usize) -> Vec<u32> {
    let used = chance.between(min, symbols);
    let mut lengths = vec![0; used.min(1)];
    while lengths.len() < used {
        // A code split in two keeps the whole complete.
        let at = chance.between(0, lengths.len() - 1);
        if lengths[at] < 15 {
            lengths[at] += 1;
            lengths.push(lengths[at]);
        }
    }
    if used == 1 {
        lengths[0] = chance.between(0, 1) as u32;
    }
    lengths.resize(symbols, 0);
    for at in (1..symbols).rev() {
        lengths.swap(at, chance.between(0, at));
    }
    lengths
}

/// Bits in the order of RFC 1951 §3.1.1.
#[derive(Default)]
struct Bits {
    octets: Vec<u8>,
    count: usize,
}

impl Bits {
    /// A number: its lowest bit first.
    fn put(&mut self, value: u32, len: u32) {
        for bit in 0..len {
            if self.count % 8 == 0 {
                self.octets.push(0);
            }
            self.octets[self.count / 8] |= ((value >> bit & 1) as u8) << (self.count % 8);
            self.count += 1;
        }
    }

    /// A code: its highest bit first.
    fn put_code(&mut self, code: u32, len: u32) {
        self.put(code.reverse_bits() >> (32 - len), len);
    }
}
