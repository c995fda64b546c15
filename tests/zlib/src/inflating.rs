//! What zlib compressed, our inflater inflates.

use crate::chance::Chance;
use crate::ours::{self, Cut};
use crate::{Tally, zlib};
use sansocket::Inflater;

/// The messages of one direction of a connection, with or without context takeover.
pub(crate) fn case(chance: &mut Chance) -> Tally {
    let mut tally = Tally::default();
    let sent_bits = chance.between(9, 15);
    let agreed_bits = chance.between(sent_bits, 15);
    let mut deflater = zlib::Deflater::any(chance, sent_bits as u8);
    let mut history = vec![chance.octet(); 1 << agreed_bits];
    let mut inflater = Inflater::new(&mut history).expect("a window of 9 to 15 bits");
    let takeover = chance.one_in(2);
    for _ in 0..chance.between(1, 20) {
        let max = chance.pick(&[100, 3_000, 100_000]);
        let message = chance.message(max);
        let payload = deflater.message(chance, &message);
        let cut = Cut::any(chance);
        let inflated = ours::inflate(&mut inflater, &payload, cut, chance).expect("what zlib compressed");
        assert!(inflated == message, "{} octets inflated to {} others", message.len(), inflated.len());
        tally.add_message(message.len());
        if !takeover {
            deflater.reset();
            inflater.reset();
        }
    }
    tally
}
