//! What our compressor compresses, our inflater inflates with exactly the same window, and so does zlib.

use crate::inputs::{Message, message};
use crate::ours::{self, Cut, Room};
use crate::{Tally, zlib};
use proptest::collection::vec;
use proptest::prelude::*;
use sansocket::{Compressor, Inflater};

/// The messages of one direction of a connection, with or without context takeover.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    bits: u8,
    memory: Memory,
    takeover: bool,
    messages: Vec<Sent>,
    /// What is in the memory that is lent.
    garbage: u8,
}

/// What the compressor is lent.
#[derive(Clone, Debug)]
enum Memory {
    Sensible,
    /// This many bytes more than its window.
    Beyond(usize),
}

#[derive(Clone, Debug)]
struct Sent {
    message: Message,
    room: Room,
    cut: Cut,
    /// A sender may forget any of its history.
    forgets: bool,
}

pub(crate) fn cases() -> impl Strategy<Value = Case> {
    let message = prop_oneof![message(100), message(3_000), message(200_000)];
    let sent = (ours::rooms(), ours::cuts(), prop::bool::weighted(0.1), message).prop_map(|(room, cut, forgets, message)| Sent {
        message,
        room,
        cut,
        forgets,
    });
    let memory = prop_oneof![Just(Memory::Sensible), Just(Memory::Beyond(128)), (128..=100_000_usize).prop_map(Memory::Beyond)];
    (8..=15_u8, memory, any::<bool>(), vec(sent, 1..=20), any::<u8>())
        .prop_map(|(bits, memory, takeover, messages, garbage)| Case { bits, memory, takeover, messages, garbage })
}

pub(crate) fn check(case: &Case) -> Tally {
    let mut tally = Tally::default();
    let bits = case.bits;
    let memory_len = match case.memory {
        Memory::Sensible => Compressor::memory_len(bits).expect("8 to 15 bits"),
        Memory::Beyond(more) => (1 << bits) + more,
    };
    let mut memory = vec![case.garbage; memory_len];
    let mut compressor = Compressor::new(bits, &mut memory).expect("enough memory");
    let mut history = vec![case.garbage; 1 << bits];
    let mut inflater = Inflater::new(&mut history).expect("a window of 8 to 15 bits");
    assert_eq!((compressor.window_bits(), inflater.window_bits()), (bits, bits));
    let mut zlib = zlib::Inflater::new(bits);
    for Sent { message, room, cut, forgets } in &case.messages {
        let message = message.bytes();
        let payload = ours::compress(&mut compressor, &message, room);
        assert!(!message.is_empty() || payload == [0], "an empty message is the byte 00, not {payload:x?}");

        let inflated = ours::inflate(&mut inflater, &payload, cut).expect("what we compressed");
        assert!(inflated == message, "{} bytes inflated by ours to {} others", message.len(), inflated.len());
        let mut inflated = Vec::new();
        assert!(zlib.inflate(&payload, &mut inflated) && zlib.finish_message(), "zlib refuses what we compressed");
        assert!(inflated == message, "{} bytes inflated by zlib to {} others", message.len(), inflated.len());
        tally.add_message(message.len());

        if !case.takeover || *forgets {
            compressor.reset();
        }
        if !case.takeover {
            inflater.reset();
            zlib.reset();
        }
    }
    tally
}
