//! Repeats at the far edge of the window, inside a message and across messages: what is compressed refers to nothing beyond it.

use crate::inputs::one_of;
use crate::ours::{self, Cut, Room};
use crate::zlib::{self, Flushes, Settings};
use crate::{Tally, inputs};
use proptest::collection::vec;
use proptest::prelude::*;
use sansocket::{Compressor, Inflater, Level};

/// The messages of one direction of a connection.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    bits: u8,
    level: Level,
    /// Of zlib, which has no window of 8 bits.
    settings: Settings,
    takeover: bool,
    messages: Vec<(Vec<Piece>, Room, Flushes, Cut)>,
    garbage: u8,
}

#[derive(Clone, Debug)]
enum Piece {
    /// As many new bytes as the window has, and so many more or fewer.
    Window(u64, i32),
    New(u64, usize),
    /// Bytes from before as many as the window has, and so many more or fewer.
    Far(i32, usize),
}

pub(crate) fn cases() -> impl Strategy<Value = Case> {
    // zlib keeps 262 bytes of its window free.
    let near = || prop_oneof![-3..=3_i32, -270..=-255_i32, -300..=40_i32];
    let seed = || any::<u64>().no_shrink();
    let piece = prop_oneof![
        1 => (seed(), near()).prop_map(|(seed, more)| Piece::Window(seed, more)),
        1 => (seed(), 0..=600_usize).prop_map(|(seed, len)| Piece::New(seed, len)),
        3 => (near(), 1..=300_usize).prop_map(|(more, len)| Piece::Far(more, len)),
    ];
    let message = (vec(piece, 0..=8), ours::rooms(), zlib::flushes(), ours::cuts());
    let level = one_of(&[Level::Fast, Level::Default, Level::Best]);
    (8..=15_u8, level, zlib::settings(), any::<bool>(), vec(message, 1..=6), any::<u8>()).prop_map(
        |(bits, level, mut settings, takeover, messages, garbage)| {
            settings.window_bits = bits.max(9);
            Case { bits, level, settings, takeover, messages, garbage }
        },
    )
}

/// Puts a message behind the history.
fn put(history: &mut Vec<u8>, pieces: &[Piece], bits: u8) {
    let window = |more: i32| usize::try_from((1 << bits) + more).unwrap_or(0);
    for piece in pieces {
        match *piece {
            Piece::Window(seed, more) => inputs::put_noise(history, seed, window(more)),
            Piece::New(seed, len) => inputs::put_noise(history, seed, len),
            Piece::Far(more, len) => {
                let start = history.len().saturating_sub(window(more).max(1));
                for at in start..if history.is_empty() { start } else { start + len } {
                    history.push(history[at]);
                }
            }
        }
    }
}

pub(crate) fn check(case: &Case) -> Tally {
    let mut tally = Tally::default();
    let Case { bits, level, settings, takeover, garbage, .. } = *case;
    let mut memory = vec![garbage; Compressor::memory_len(bits, level).expect("8 to 15 bits")];
    let mut compressor = Compressor::new(bits, level, &mut memory).expect("enough memory");
    let mut histories = [bits, bits, settings.window_bits].map(|bits| vec![garbage; 1 << bits]);
    let [of_ours, of_limited, of_zlib] = &mut histories;
    let mut inflater = Inflater::new(of_ours).expect("a window of 8 to 15 bits");
    let mut zlibs = zlib::Inflater::new(bits);
    let mut deflater = zlib::Deflater::new(settings);
    let mut from_zlib = Inflater::new(of_zlib).expect("a window of 9 to 15 bits");
    // A larger history that is limited refuses the same distances.
    of_limited.resize(1 << 15, garbage);
    let mut limited = Inflater::new(of_limited).expect("a window of 15 bits");
    limited.limit_window(bits);

    let mut history = Vec::new();
    for (pieces, room, flushes, cut) in &case.messages {
        if !takeover {
            history.clear();
        }
        let start = history.len();
        put(&mut history, pieces, bits);
        let message = &history[start..];
        let payload = ours::compress(&mut compressor, message, room);
        let inflated = ours::inflate(&mut inflater, &payload, cut).expect("what we compressed");
        assert!(inflated == message, "{} bytes inflated by ours to others", message.len());
        let inflated = ours::inflate(&mut limited, &payload, cut).expect("what we compressed for this window");
        assert!(inflated == message, "{} bytes inflated by ours with a limit to others", message.len());
        let mut inflated = Vec::new();
        assert!(zlibs.inflate(&payload, &mut inflated) && zlibs.finish_message(), "zlib refuses what we compressed");
        assert!(inflated == message, "{} bytes inflated by zlib to others", message.len());
        let payload = deflater.message(flushes, message);
        let inflated = ours::inflate(&mut from_zlib, &payload, cut).expect("what zlib compressed");
        assert!(inflated == message, "{} bytes from zlib inflated to others", message.len());
        tally.add_message(message.len());
        if !takeover {
            compressor.reset();
            inflater.reset();
            limited.reset();
            zlibs.reset();
            deflater.reset();
            from_zlib.reset();
        }
    }
    tally
}
