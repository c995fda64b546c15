//! What our compressor compresses, our inflater inflates with exactly the same window, and so does zlib.

use crate::chance::Chance;
use crate::ours::{self, Cut};
use crate::{Tally, zlib};
use sansocket::{Compressor, Inflater};

/// The messages of one direction of a connection, with or without context takeover.
pub(crate) fn case(chance: &mut Chance) -> Tally {
    let mut tally = Tally::default();
    let bits = chance.between(8, 15) as u8;
    let sensible = Compressor::memory_len(bits).expect("8 to 15 bits");
    let any = (1 << bits) + chance.between(128, 100_000);
    let mut memory = vec![chance.octet(); chance.pick(&[sensible, (1 << bits) + 128, any])];
    let mut compressor = Compressor::new(bits, &mut memory).expect("enough memory");
    let mut history = vec![chance.octet(); 1 << bits];
    let mut inflater = Inflater::new(&mut history).expect("a window of 8 to 15 bits");
    assert_eq!((compressor.window_bits(), inflater.window_bits()), (bits, bits));
    let mut zlib = zlib::Inflater::new(bits);
    let takeover = chance.one_in(2);
    for _ in 0..chance.between(1, 20) {
        let max = chance.pick(&[100, 3_000, 200_000]);
        let message = chance.message(max);
        let payload = ours::compress(&mut compressor, &message, chance);
        assert!(!message.is_empty() || payload == [0], "an empty message is the octet 00, not {payload:x?}");

        let cut = Cut::any(chance);
        let inflated = ours::inflate(&mut inflater, &payload, cut, chance).expect("what we compressed");
        assert!(inflated == message, "{} octets inflated by ours to {} others", message.len(), inflated.len());
        let mut inflated = Vec::new();
        assert!(zlib.inflate(&payload, &mut inflated) && zlib.finish_message(), "zlib refuses what we compressed");
        assert!(inflated == message, "{} octets inflated by zlib to {} others", message.len(), inflated.len());
        tally.add_message(message.len());

        // A sender may forget what it likes.
        if !takeover || chance.one_in(10) {
            compressor.reset();
        }
        if !takeover {
            inflater.reset();
            zlib.reset();
        }
    }
    tally
}
