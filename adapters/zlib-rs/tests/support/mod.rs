//! Messages, and codecs with their input and output cut anywhere.
#![allow(dead_code, reason = "each test file uses its part")]

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::Config;
use sansocket::{Deflate, Inflate, InflateError, Level};

/// `cases` random ones, none of them kept in a file.
pub(crate) fn config(cases: u32) -> Config {
    Config { cases, failure_persistence: None, max_shrink_iters: 2_000, ..Config::default() }
}

/// A part of a message, from what does not shrink to what shrinks most.
#[derive(Clone, Debug)]
enum Part {
    Noise(u64, usize),
    Record(u32),
    /// Bytes that came before, at a distance in 65536ths of the message.
    Again(u16, usize),
    Run(u8, usize),
}

/// A message of up to `max` bytes.
pub(crate) fn message(max: usize) -> impl Strategy<Value = Vec<u8>> {
    let len = (max / 8).max(1);
    let part = prop_oneof![
        1 => (any::<u64>(), 0..=len.min(2_000)).prop_map(|(seed, len)| Part::Noise(seed, len)),
        4 => any::<u32>().prop_map(Part::Record),
        2 => (any::<u16>(), 0..=len.min(600)).prop_map(|(back, len)| Part::Again(back, len)),
        1 => (any::<u8>(), 0..=len).prop_map(|(byte, len)| Part::Run(byte, len)),
    ];
    (vec(part, 0..=(max / 60).max(2)), 0..=max).prop_map(|(parts, most)| {
        let mut bytes: Vec<u8> = Vec::new();
        for part in parts {
            match part {
                Part::Noise(seed, len) => bytes.extend(noise(seed, len)),
                Part::Record(id) => bytes.extend(format!("{{\"id\":{id},\"price\":{}.5,\"on\":true}},\n", id % 977).bytes()),
                Part::Again(back, len) => {
                    let distance = 1 + bytes.len() * usize::from(back) / 0x1_0000;
                    for _ in 0..if bytes.is_empty() { 0 } else { len } {
                        bytes.push(bytes[bytes.len() - distance]);
                    }
                }
                Part::Run(byte, len) => bytes.resize(bytes.len() + len, byte),
            }
        }
        bytes.truncate(most);
        bytes
    })
}

pub(crate) fn messages() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let one = prop_oneof![4 => message(100), 3 => message(3_000), 2 => message(40_000), 1 => message(200_000)];
    vec(one, 1..6)
}

/// Bytes that do not compress.
pub(crate) fn noise(seed: u64, len: usize) -> Vec<u8> {
    let mut state = seed | 1;
    let next = |_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 24) as u8
    };
    (0..len).map(next).collect()
}

pub(crate) fn levels() -> impl Strategy<Value = Level> {
    prop_oneof![Just(Level::Fast), Just(Level::Default), Just(Level::Best)]
}

/// Lengths of pieces in turn; without any, everything at once.
pub(crate) type Cuts = Vec<usize>;

pub(crate) fn cuts() -> impl Strategy<Value = Cuts> {
    let one = prop_oneof![1_usize..=8, 1_usize..=300, 1_usize..=50_000];
    prop_oneof![1 => Just(Vec::new()), 3 => vec(one, 1..6)]
}

/// Without end.
fn turns(cuts: &Cuts) -> impl Iterator<Item = usize> + '_ {
    let all = if cuts.is_empty() { &[usize::MAX][..] } else { cuts };
    all.iter().copied().cycle()
}

/// More than a test's message, compressed or not.
const ROOM: usize = 250_000;

/// The payload of a compressed message.
pub(crate) fn compress(compressor: &mut dyn Deflate, message: &[u8], parts: &Cuts, rooms: &Cuts) -> Vec<u8> {
    let (mut parts, mut rooms) = (turns(parts), turns(rooms));
    let (mut compressed, mut rest, mut output) = (Vec::new(), message, vec![0xEE; ROOM]);
    loop {
        let part = parts.next().unwrap().min(rest.len());
        let room = rooms.next().unwrap().min(ROOM);
        let flush = part == rest.len();
        let progress = compressor.compress(&rest[..part], &mut output[..room], flush);
        assert!(!progress.done || flush && progress.consumed == part);
        assert!(progress.done || progress.produced == room || !flush && progress.consumed == part, "{progress:?}, room {room}");
        assert_eq!(compressor.is_idle(), progress.done);
        compressed.extend_from_slice(&output[..progress.produced]);
        rest = &rest[progress.consumed..];
        if progress.done {
            return compressed;
        }
    }
}

/// What a compressed message inflates to, or the fault and what came before it.
pub(crate) fn inflate(
    inflater: &mut dyn Inflate,
    payload: &[u8],
    parts: &Cuts,
    rooms: &Cuts,
) -> Result<Vec<u8>, (InflateError, Vec<u8>)> {
    let (mut parts, mut rooms) = (turns(parts), turns(rooms));
    let (mut inflated, mut rest, mut output, mut more) = (Vec::new(), payload, vec![0xEE; ROOM], false);
    assert_eq!(inflater.taken(), 0);
    while !rest.is_empty() || more {
        let part = parts.next().unwrap().min(rest.len());
        let room = rooms.next().unwrap().min(ROOM);
        let progress = match inflater.inflate(&rest[..part], &mut output[..room]) {
            Ok(progress) => progress,
            Err(error) => {
                assert_eq!(inflater.inflate(&[], &mut output), Err(error), "the fault is forgotten");
                return Err((error, inflated));
            }
        };
        inflated.extend_from_slice(&output[..progress.produced]);
        rest = &rest[progress.consumed..];
        more = progress.more;
        assert!(progress.consumed == part || more, "{progress:?} of {part}, room {room}");
        assert_eq!(inflater.taken(), (payload.len() - rest.len()) as u64);
    }
    loop {
        let room = rooms.next().unwrap().min(ROOM);
        match inflater.finish_message(&mut output[..room]) {
            Ok(finished) => {
                inflated.extend_from_slice(&output[..finished.produced]);
                if finished.done {
                    return Ok(inflated);
                }
                assert!(finished.produced > 0, "not done, and nothing written");
            }
            Err(error) => return Err((error, inflated)),
        }
    }
}

pub(crate) fn assert_inflates(inflater: &mut dyn Inflate, payload: &[u8], message: &[u8], parts: &Cuts, rooms: &Cuts) {
    match inflate(inflater, payload, parts, rooms) {
        Ok(inflated) => assert!(inflated == message, "{} bytes, and not {}, or others", inflated.len(), message.len()),
        Err((error, inflated)) => panic!("{error:?} after {} bytes of {}", inflated.len(), message.len()),
    }
}
