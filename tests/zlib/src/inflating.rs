//! What zlib compressed, our inflater inflates.

use crate::Tally;
use crate::inputs::{Message, message};
use crate::ours::{self, Cut};
use crate::zlib::{self, Flushes, Settings};
use proptest::collection::vec;
use proptest::prelude::*;
use sansocket::{Inflater, SmallTables};

/// The messages of one direction of a connection, with or without context takeover.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    settings: Settings,
    agreed_bits: u8,
    takeover: bool,
    messages: Vec<(Flushes, Cut, Message)>,
    /// What is in the memory that the inflater is lent.
    garbage: u8,
}

pub(crate) fn cases() -> impl Strategy<Value = Case> {
    let message = prop_oneof![message(100), message(3_000), message(100_000)];
    let messages = vec((zlib::flushes(), ours::cuts(), message), 1..=20);
    (zlib::settings(), 9..=15_u8, any::<bool>(), messages, any::<u8>()).prop_map(
        |(settings, bits, takeover, messages, garbage)| Case {
            settings,
            agreed_bits: bits.max(settings.window_bits),
            takeover,
            messages,
            garbage,
        },
    )
}

pub(crate) fn check(case: &Case) -> Tally {
    let mut tally = Tally::default();
    let mut deflater = zlib::Deflater::new(case.settings);
    let mut history = vec![case.garbage; 1 << case.agreed_bits];
    let mut inflater = Inflater::new(&mut history).expect("a window of 9 to 15 bits");
    let mut history = vec![!case.garbage; 1 << case.agreed_bits];
    let mut small = Inflater::<SmallTables>::with_tables(&mut history).expect("a window of 9 to 15 bits");
    for (flushes, cut, message) in &case.messages {
        let message = message.bytes();
        let payload = deflater.message(flushes, &message);
        let inflated = ours::inflate(&mut inflater, &payload, cut).expect("what zlib compressed");
        assert!(inflated == message, "{} bytes inflated to {} others", message.len(), inflated.len());
        let inflated = ours::inflate(&mut small, &payload, cut).expect("what zlib compressed");
        assert!(inflated == message, "{} bytes inflated to {} others by small tables", message.len(), inflated.len());
        tally.add_message(message.len());
        if !case.takeover {
            deflater.reset();
            inflater.reset();
            small.reset();
        }
    }
    tally
}
