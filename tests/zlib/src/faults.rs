//! What zlib refuses, our inflater refuses, at the same byte or before; and what it takes, ours takes.

use crate::inputs::message;
use crate::ours::{self, Cut, Refused};
use crate::{Tally, zlib};
use proptest::collection::vec;
use proptest::option::weighted;
use proptest::prelude::*;
use proptest::sample::Index;
use sansocket::{InflateError, Inflater, SmallTables};
use std::fmt::{self, Debug, Formatter};

pub(crate) struct Case {
    stream: Vec<u8>,
    cut: Cut,
    small_bits: u8,
    /// What is in the memory that the inflaters are lent.
    garbage: u8,
}

impl Debug for Case {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { stream, cut, small_bits, garbage } = self;
        write!(f, "{stream:02x?}, {cut:?}, {small_bits} bits, {garbage:02x}")
    }
}

pub(crate) fn cases() -> impl Strategy<Value = Case> {
    let stream = prop_oneof![1 => vec(any::<u8>(), 0..=60), 2 => dynamic_block(), 5 => mutated()];
    (stream, ours::cuts(), 8..=14_u8, any::<u8>()).prop_map(|(stream, cut, small_bits, garbage)| Case {
        stream,
        cut,
        small_bits,
        garbage,
    })
}

pub(crate) fn check(Case { stream, cut, small_bits, garbage }: &Case) -> Tally {
    let mut history = vec![*garbage; 1 << 15];
    let mut inflater = Inflater::new(&mut history).expect("a window of 15 bits");
    let byte_by_byte = ours::inflate(&mut inflater, stream, &Cut::Bytes);
    compare_with_zlib(stream, &byte_by_byte);
    inflater.reset();
    compare_cuts(&byte_by_byte, &ours::inflate(&mut inflater, stream, cut));

    let mut inflater = Inflater::<SmallTables>::with_tables(&mut history).expect("a window of 15 bits");
    let small_tables = ours::inflate(&mut inflater, stream, cut);
    compare_cuts(&byte_by_byte, &small_tables);

    // A smaller window can only make a distance too long.
    let mut history = vec![*garbage; 1 << small_bits];
    let mut inflater = Inflater::new(&mut history).expect("a window of 8 to 14 bits");
    let small = ours::inflate(&mut inflater, stream, &Cut::Bytes);
    match (&byte_by_byte, &small) {
        (Err(Refused { inflated, .. }) | Ok(inflated), Err(small)) if small.error == InflateError::DistanceTooFar => {
            assert!(inflated.starts_with(&small.inflated));
        }
        (large, small) => compare_cuts(large, small),
    }
    inflater.reset();
    compare_cuts(&small, &ours::inflate(&mut inflater, stream, cut));

    let mut tally = Tally { refused: u64::from(byte_by_byte.is_err()), ..Tally::default() };
    tally.add_message(byte_by_byte.map_or_else(|refused| refused.inflated.len(), |inflated| inflated.len()));
    tally
}

pub(crate) fn compare_with_zlib(stream: &[u8], ours: &Result<Vec<u8>, Refused>) {
    let (mut zlib, mut inflated) = (zlib::Inflater::new(15), Vec::new());
    let refused_at = stream.iter().position(|byte| !zlib.inflate(&[*byte], &mut inflated));
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
        (ours, zlib) => panic!("ours says {:?}, zlib refuses byte {zlib:?}: {stream:02x?}", ours.as_ref().map(Vec::len)),
    }
}

/// How the stream is cut must make no difference, but for what was lost in the call that failed.
fn compare_cuts(byte_by_byte: &Result<Vec<u8>, Refused>, other: &Result<Vec<u8>, Refused>) {
    match (byte_by_byte, other) {
        (Ok(a), Ok(b)) => assert!(a == b, "inflated differently when cut differently"),
        (Err(a), Err(b)) => {
            assert_eq!(a.error, b.error, "refused differently when cut differently");
            assert!(a.inflated.starts_with(&b.inflated) || b.inflated.starts_with(&a.inflated));
            assert!(a.presented <= b.presented, "found later byte by byte");
        }
        (a, b) => panic!("one says {:?}, the other {:?}", a.as_ref().map(Vec::len), b.as_ref().map(Vec::len)),
    }
}

/// Output of zlib with up to three small changes.
fn mutated() -> impl Strategy<Value = Vec<u8>> {
    let message = prop_oneof![3 => message(200), 1 => message(3_000)];
    let messages = vec((message, zlib::flushes(), any::<bool>()), 1..=2);
    let change = prop_oneof![
        any::<u8>().prop_map(Change::Set),
        (0..8).prop_map(|bit| Change::Flip(1_u8 << bit)),
        Just(Change::Remove),
        any::<u8>().prop_map(Change::Insert),
        Just(Change::Truncate),
    ];
    (zlib::settings(), messages, vec((any::<Index>(), change), 0..=3)).prop_map(|(settings, messages, changes)| {
        let mut deflater = zlib::Deflater::new(settings);
        let mut stream = Vec::new();
        for (message, flushes, with_tail) in messages {
            stream.extend(deflater.message(&flushes, &message.bytes()));
            stream.extend(if with_tail { &zlib::TAIL[..] } else { &[] });
        }
        for (place, change) in changes {
            if stream.is_empty() {
                break;
            }
            let at = place.index(stream.len());
            match change {
                Change::Set(byte) => stream[at] = byte,
                Change::Flip(bit) => stream[at] ^= bit,
                Change::Remove => drop(stream.remove(at)),
                Change::Insert(byte) => stream.insert(at, byte),
                Change::Truncate => stream.truncate(at),
            }
        }
        stream
    })
}

#[derive(Clone, Debug)]
enum Change {
    Set(u8),
    Flip(u8),
    Remove,
    Insert(u8),
    Truncate,
}

/// A block with codes of its own (RFC 1951 §3.2.7), most of them complete, and random symbols.
fn dynamic_block() -> impl Strategy<Value = Vec<u8>> {
    // More than 286 and 30 are too many.
    let literals = prop_oneof![3 => 257..=286_usize, 1 => 257..=288_usize];
    let distances = prop_oneof![3 => 1..=30_usize, 1 => 1..=32_usize];
    let codes = (code(literals, 1), code(distances, 0));
    let wrong = weighted(1.0 / 6.0, (any::<Index>(), 0..=15_u32));
    (any::<bool>(), codes, prop::bool::weighted(0.75), wrong, vec(any::<u8>(), 0..=60)).prop_map(
        |(is_last, (mut literals, distances), has_end, wrong, data)| {
            if literals[256] == 0 && has_end {
                // The end of the block takes the place of another symbol.
                let other = literals.iter().position(|len| *len > 0).unwrap_or(0);
                literals.swap(other, 256);
            }
            let mut lengths = [&literals[..], &distances].concat();
            if let Some((place, len)) = wrong {
                let at = place.index(lengths.len());
                lengths[at] = len;
            }
            put_block(is_last, literals.len(), &lengths, &data)
        },
    )
}

/// The block: `lengths` of so many literals and then of distances, and symbols.
fn put_block(is_last: bool, literals: usize, lengths: &[u32], data: &[u8]) -> Vec<u8> {
    /// The code length code: 13 codes of 4 bits and 6 of 5 bits, which is complete.
    const SHORT: u32 = 13;
    let mut bits = Bits::default();
    bits.put(4 | u32::from(is_last), 3);
    bits.put(literals as u32 - 257, 5);
    bits.put((lengths.len() - literals) as u32 - 1, 5);
    bits.put(19 - 4, 4);
    for symbol in [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15] {
        bits.put(if symbol < SHORT { 4 } else { 5 }, 3);
    }
    let put_symbol = |bits: &mut Bits, symbol: u32| match symbol {
        0..SHORT => bits.put_code(symbol, 4),
        _ => bits.put_code(2 * SHORT + symbol - SHORT, 5),
    };
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
    for byte in data {
        bits.put(u32::from(*byte), 8);
    }
    bits.bytes
}

/// The lengths of a complete code for some of the symbols, at least `min`. A single code may have no bit or one.
fn code(symbols: impl Strategy<Value = usize>, min: usize) -> impl Strategy<Value = Vec<u32>> {
    const MOST: usize = 288;
    let splits = prop_oneof![vec(any::<Index>(), 0..=30), vec(any::<Index>(), 0..=MOST)];
    let places = Just((0..MOST).collect::<Vec<_>>()).prop_shuffle();
    (symbols, 0..=1_u32, splits, places).prop_map(move |(symbols, single, splits, places)| {
        let used = splits.len().clamp(min, symbols);
        let mut used_lengths = vec![if used == 1 { single } else { 0 }; used.min(1)];
        for split in splits.iter().take(used.saturating_sub(1)) {
            // A code split in two keeps the whole complete.
            let at = split.index(used_lengths.len());
            if used_lengths[at] < 15 {
                used_lengths[at] += 1;
                used_lengths.push(used_lengths[at]);
            }
        }
        let mut lengths = vec![0; symbols];
        for (len, place) in used_lengths.into_iter().zip(places.into_iter().filter(|place| *place < symbols)) {
            lengths[place] = len;
        }
        lengths
    })
}

/// Bits in the order of RFC 1951 §3.1.1.
#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    count: usize,
}

impl Bits {
    /// A number: its lowest bit first.
    fn put(&mut self, value: u32, len: u32) {
        for bit in 0..len {
            if self.count % 8 == 0 {
                self.bytes.push(0);
            }
            self.bytes[self.count / 8] |= ((value >> bit & 1) as u8) << (self.count % 8);
            self.count += 1;
        }
    }

    /// A code: its highest bit first.
    fn put_code(&mut self, code: u32, len: u32) {
        self.put(code.reverse_bits() >> (32 - len), len);
    }
}
