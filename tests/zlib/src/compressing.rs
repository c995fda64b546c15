//! What our compressor compresses, our inflater inflates with exactly the same window, and so does zlib.

use crate::inputs::{Message, message, one_of};
use crate::ours::{self, Cut, Room};
use crate::{Tally, zlib};
use proptest::collection::vec;
use proptest::prelude::*;
use sansocket::{Compressor, Inflater, Level};

/// The messages of one direction of a connection, with or without context takeover.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    bits: u8,
    level: Level,
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
    /// This many bytes more than its window, for the fast level; more than is sensible, for the others.
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
    let level = one_of(&[Level::Fast, Level::Default, Level::Best]);
    (8..=15_u8, level, memory, any::<bool>(), vec(sent, 1..=20), any::<u8>())
        .prop_map(|(bits, level, memory, takeover, messages, garbage)| Case { bits, level, memory, takeover, messages, garbage })
}

pub(crate) fn check(case: &Case) -> Tally {
    let mut tally = Tally::default();
    let (bits, level) = (case.bits, case.level);
    let sensible = Compressor::memory_len(bits, level).expect("8 to 15 bits");
    let memory_len = match (&case.memory, level) {
        (Memory::Sensible, _) => sensible,
        (Memory::Beyond(more), Level::Fast) => (1 << bits) + more,
        (Memory::Beyond(more), _) => sensible + more,
    };
    let mut memory = vec![case.garbage; memory_len];
    let mut compressor = Compressor::new(bits, level, &mut memory).expect("enough memory");
    let mut other_memory = vec![!case.garbage; memory_len];
    let mut twin = Compressor::new(bits, level, &mut other_memory).expect("enough memory");
    let mut history = vec![case.garbage; 1 << bits];
    let mut inflater = Inflater::new(&mut history).expect("a window of 8 to 15 bits");
    assert_eq!((compressor.window_bits(), inflater.window_bits()), (bits, bits));
    let mut zlib = zlib::Inflater::new(bits);
    for Sent { message, room, cut, forgets } in &case.messages {
        let message = message.bytes();
        let payload = ours::compress(&mut compressor, &message, room);
        if level != Level::Fast {
            let whole = ours::compress(&mut twin, &message, &Room::WHOLE);
            assert!(payload == whole, "{} bytes in parts, {} whole", payload.len(), whole.len());
        }
        let most = message.len() + message.len() / 8 + message.len() / 64 + 64;
        assert!(payload.len() <= most, "{} bytes to {}", message.len(), payload.len());
        assert!(!message.is_empty() || payload == [0], "an empty message is the byte 00, not {payload:x?}");

        let inflated = ours::inflate(&mut inflater, &payload, cut).expect("what we compressed");
        assert!(inflated == message, "{} bytes inflated by ours to {} others", message.len(), inflated.len());
        let mut inflated = Vec::new();
        assert!(zlib.inflate(&payload, &mut inflated) && zlib.finish_message(), "zlib refuses what we compressed");
        assert!(inflated == message, "{} bytes inflated by zlib to {} others", message.len(), inflated.len());
        tally.add_message(message.len());

        if !case.takeover || *forgets {
            compressor.reset();
            twin.reset();
            // What was compressed before does not show.
            let again = ours::compress(&mut compressor, &message, room);
            let mut memory = vec![!case.garbage; memory_len];
            let mut new = Compressor::new(bits, level, &mut memory).expect("enough memory");
            assert!(again == ours::compress(&mut new, &message, room), "{} bytes after a reset", message.len());
            compressor.reset();
        }
        if !case.takeover {
            inflater.reset();
            zlib.reset();
        }
    }
    tally
}
