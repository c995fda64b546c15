//! The compressor alone, at every level: what it writes, our inflater takes with exactly its window.
#![cfg(feature = "deflate")]

use sansocket::{Compressor, Inflater, Level};

const LEVELS: [Level; 3] = [Level::Fast, Level::Default, Level::Best];

fn memory(window_bits: u8, level: Level) -> Vec<u8> {
    vec![0xAA; Compressor::memory_len(window_bits, level).unwrap()]
}

/// Compresses a message in parts of `part` bytes into outputs of `room` bytes.
fn compress_in(compressor: &mut Compressor<'_>, message: &[u8], part: usize, room: usize) -> Vec<u8> {
    let (mut rest, mut compressed) = (message, Vec::new());
    let mut output = vec![0; room];
    loop {
        let now = part.min(rest.len());
        let step = compressor.compress(&rest[..now], &mut output, now == rest.len());
        rest = &rest[step.consumed..];
        compressed.extend_from_slice(&output[..step.produced]);
        assert_eq!(compressor.is_idle(), step.done);
        if step.done {
            assert!(rest.is_empty());
            return compressed;
        }
        assert!(step.consumed == now || step.produced + 8 > room, "{step:?} of {now} for {room}");
    }
}

fn compress(compressor: &mut Compressor<'_>, message: &[u8]) -> Vec<u8> {
    compress_in(compressor, message, message.len(), message.len() * 9 / 8 + 64)
}

#[track_caller]
fn assert_inflates(inflater: &mut Inflater<'_>, compressed: &[u8], message: &[u8]) {
    let mut output = vec![0; message.len() + 1];
    let progress = inflater.inflate(compressed, &mut output).unwrap();
    assert_eq!(progress.consumed, compressed.len());
    assert!(output[..progress.produced] == *message);
    assert!(inflater.finish_message(&mut output).is_ok_and(|end| end.done && end.produced == 0));
}

/// Numbers that look random.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % end
    }

    fn noise(&mut self, len: usize) -> Vec<u8> {
        (0..len).map(|_| self.below(256) as u8).collect()
    }

    /// Text that repeats itself at many distances.
    fn text(&mut self, len: usize) -> Vec<u8> {
        let words = b"the quick brown fox jumps over a lazy dog, 0123456789 times\n";
        let mut text = Vec::new();
        while text.len() < len {
            let start = self.below(words.len());
            let end = words.len().min(start + self.below(16));
            text.extend_from_slice(&words[start..end]);
        }
        text.truncate(len);
        text
    }
}

///
#[test]
fn example_of_rfc_7692_section_7_2_3_1_comes_out() {
    for level in LEVELS {
        let mut memory = memory(8, level);
        let mut compressor = Compressor::new(8, level, &mut memory).unwrap();
        let hello = [0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00];
        assert_eq!(compress(&mut compressor, b"Hello"), hello);
        // §7.2.3.2: with the history, the second is shorter.
        assert!(compress(&mut compressor, b"Hello").len() < 7);
        compressor.reset();
        assert_eq!(compress_in(&mut compressor, b"Hello", 5, 1), hello);
    }
}

#[test]
fn empty_message_is_the_byte_00() {
    for level in LEVELS {
        let mut memory = memory(8, level);
        let mut compressor = Compressor::new(8, level, &mut memory).unwrap();
        for room in [1, 9] {
            assert_eq!(compress_in(&mut compressor, b"", 1, room), [0]);
        }
    }
}

#[test]
fn messages_come_back_for_every_window_and_any_room() {
    let mut random = Random(1);
    let (text, noise) = (random.text(3000), random.noise(3000));
    let mut history = [0; 32768];
    for (window_bits, level) in (8..=15).flat_map(|bits| LEVELS.map(|level| (bits, level))) {
        let mut memory = memory(window_bits, level);
        for room in [1, 7, 8, 100, 4096] {
            // The inflater has exactly the same window and refuses longer distances.
            let mut inflater = Inflater::new(&mut history[..1 << window_bits]).unwrap();
            let mut compressor = Compressor::new(window_bits, level, &mut memory).unwrap();
            assert_eq!((compressor.window_bits(), compressor.level()), (window_bits, level));
            for message in [&text[..], &noise, &text[..1000], b"", &text[500..2500], b"abcabc", b"abc", b"bc"] {
                let compressed = compress_in(&mut compressor, message, message.len(), room);
                assert_inflates(&mut inflater, &compressed, message);
            }
        }
    }
}

#[test]
fn history_shortens_and_reset_forgets() {
    let text = Random(2).text(3000);
    for level in LEVELS {
        let mut memory = memory(12, level);
        let mut compressor = Compressor::new(12, level, &mut memory).unwrap();
        let first = compress(&mut compressor, &text);
        assert!(compress(&mut compressor, &text).len() < first.len() / 5);
        compressor.reset();
        assert!(compress(&mut compressor, &text) == first);
    }
}

/// The tables are not cleared by a reset: what they hold of earlier messages must not show, after however many of them.
#[test]
fn after_a_reset_nothing_shows_what_was_before() {
    let mut random = Random(3);
    let texts: Vec<_> = (0..60).map(|i| random.text(if i % 20 == 5 { 40_000 } else { 400 })).collect();
    for (window_bits, level) in [8, 15].into_iter().flat_map(|bits| LEVELS.map(|level| (bits, level))) {
        let (mut old, mut new) = (memory(window_bits, level), memory(window_bits, level));
        let mut used = Compressor::new(window_bits, level, &mut old).unwrap();
        for (i, text) in texts.iter().enumerate() {
            // A message that is broken off is forgotten too.
            used.compress(&texts[texts.len() - 1 - i], &mut [0; 100], false);
            used.reset();
            let mut fresh = Compressor::new(window_bits, level, &mut new).unwrap();
            for (part, room) in [(text.len(), text.len()), (333, 100)] {
                let compressed = compress_in(&mut used, text, part, room);
                assert!(compressed == compress_in(&mut fresh, text, part, room), "{window_bits} {level:?}, message {i}");
            }
        }
    }
}

#[test]
fn neither_parts_nor_room_matter_but_at_the_fast_level() {
    let mut random = Random(4);
    for level in [Level::Default, Level::Best] {
        let (mut one, mut other) = (memory(10, level), memory(10, level));
        let mut whole = Compressor::new(10, level, &mut one).unwrap();
        let mut parts = Compressor::new(10, level, &mut other).unwrap();
        for i in 0..60 {
            let len = random.below(7000);
            let message = if i % 4 == 0 { random.noise(len) } else { random.text(len) };
            let (part, room) = (1 + random.below(500), 1 + random.below(300));
            assert!(compress(&mut whole, &message) == compress_in(&mut parts, &message, part, room), "{part} {room}");
        }
    }
}

/// L-06: what a message may need at most beyond its length.
#[test]
fn noise_is_stored() {
    let noise = Random(5).noise(100_000);
    let mut memory_8 = memory(8, Level::Fast);
    let mut compressor = Compressor::new(8, Level::Fast, &mut memory_8).unwrap();
    // LEN and NLEN, a byte with the header before them, and one with the header of the empty block at the end.
    assert_eq!(compress(&mut compressor, &noise[..3000]).len(), 3000 + 6);
    for (window_bits, level) in (8..=15).flat_map(|bits| LEVELS.map(|level| (bits, level))) {
        let mut memory = memory(window_bits, level);
        let mut compressor = Compressor::new(window_bits, level, &mut memory).unwrap();
        let growth = compress(&mut compressor, &noise).len() - noise.len();
        // Five bytes for as many as tokens fit into the memory.
        let blocks = if level == Level::Fast { 2 } else { noise.len() / ((1 << window_bits) / 8 + 224) + 1 };
        assert!(growth <= 5 * blocks + 1, "{window_bits} {level:?}: {growth}");
        let growth = compress_in(&mut compressor, &noise, 1000, 20).len() - noise.len();
        assert!(
            growth <= if level == Level::Fast { noise.len() / 8 } else { 5 * blocks + 1 },
            "{window_bits} {level:?}: {growth}"
        );
    }
}

#[test]
fn input_in_pieces_is_one_message() {
    let mut random = Random(6);
    let messages = [random.text(3000), random.noise(3000)];
    let mut history = [0; 1024];
    for level in LEVELS {
        let mut memory = memory(10, level);
        let mut compressor = Compressor::new(10, level, &mut memory).unwrap();
        let mut inflater = Inflater::new(&mut history).unwrap();
        for piece in [1, 2, 3, 10, 1000] {
            for message in &messages {
                let mut output = [0; 4096];
                let mut written = 0;
                for part in message.chunks(piece) {
                    let step = compressor.compress(part, &mut output[written..], false);
                    assert_eq!((step.consumed, step.done), (part.len(), false));
                    written += step.produced;
                }
                let end = compressor.compress(&[], &mut output[written..], true);
                assert!(end.done);
                assert_inflates(&mut inflater, &output[..written + end.produced], message);
            }
        }
    }
}

/// What is fed of a message at the fast level comes out at once, but for 63 bits.
#[test]
fn the_fast_level_holds_nothing_back() {
    let text = Random(7).text(500);
    let mut memory = memory(10, Level::Fast);
    let mut history = [0; 1024];
    let mut compressor = Compressor::new(10, Level::Fast, &mut memory).unwrap();
    let mut inflater = Inflater::new(&mut history).unwrap();
    for part in text.chunks(50) {
        let mut output = [0; 100];
        let step = compressor.compress(part, &mut output, false);
        let mut inflated = [0; 600];
        let progress = inflater.inflate(&output[..step.produced], &mut inflated).unwrap();
        assert!(step.produced > 0 && progress.produced > 0);
    }
}

#[test]
fn it_is_idle_between_messages_only() {
    for level in LEVELS {
        let mut memory = memory(8, level);
        let mut compressor = Compressor::new(8, level, &mut memory).unwrap();
        assert!(compressor.is_idle());
        let mut output = [0; 20];
        assert!(!compressor.compress(b"", &mut output, false).done && !compressor.is_idle());
        let fed = compressor.compress(b"Hello", &mut output, false);
        assert!(!fed.done && !compressor.is_idle());
        assert!(!compressor.compress(b"", &mut [], true).done && !compressor.is_idle());
        assert!(compressor.compress(b"", &mut output, true).done && compressor.is_idle());
        assert!(!compressor.compress(b"Hello", &mut output[..3], true).done && !compressor.is_idle());
        compressor.reset();
        assert!(compressor.is_idle());
    }
}

#[test]
fn the_levels_differ_in_length() {
    let text = Random(8).text(60_000);
    let lens = LEVELS.map(|level| {
        let mut memory = memory(15, level);
        compress(&mut Compressor::new(15, level, &mut memory).unwrap(), &text).len()
    });
    assert!(lens.is_sorted_by(|a, b| a > b), "{lens:?}");
}

#[test]
fn memory_too_short_and_other_windows_are_refused() {
    for level in LEVELS {
        let mut memory = vec![0; 200_000];
        for window_bits in 0..=255 {
            let len = Compressor::memory_len(window_bits, level);
            assert_eq!(len.is_some(), (8..=15).contains(&window_bits));
            assert_eq!(Compressor::new(window_bits, level, &mut memory).is_some(), len.is_some());
            let Some(len) = len else { continue };
            let window = 1 << window_bits;
            let (documented, least) = match level {
                Level::Fast => (2 * window, window + 128),
                Level::Default | Level::Best => (19 * window / 4 + 2752, len),
            };
            assert_eq!(len, documented);
            assert!(Compressor::new(window_bits, level, &mut memory[..least - 1]).is_none());
            assert!(Compressor::new(window_bits, level, &mut memory[..least]).is_some());
        }
    }
}
