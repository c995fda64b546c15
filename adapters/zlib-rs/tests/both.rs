//! The same messages through the library's codec and through zlib-rs, each inflating what the other compressed.
mod support;

use proptest::prelude::*;
use sansocket::{Compressor, Deflate, Inflate, Inflater};
use sansocket_zlib_rs::{ZlibCompressor, ZlibInflater};
use support::{assert_inflates, compress, config, cuts, levels, messages, noise};
use zlib_rs::{DeflateConfig, DeflateFlush};

proptest! {
    #![proptest_config(config(300))]

    /// Every window and level of zlib's, with and without context takeover: what is written at once is what zlib's own sync flush
    /// writes but for its last four bytes, and both inflaters read it.
    #[test]
    fn what_zlib_compresses_both_inflate(
        cuts in [cuts(), cuts(), cuts(), cuts()],
        takeover: bool,
        bits in 9_u8..=15,
        level in prop_oneof![2 => Just(1), 2 => Just(6), 2 => Just(9), 3 => 0_u8..=9],
        mem_level in prop_oneof![Just(8), 1_u8..=9],
        more_bits in 0_u8..=6,
        messages in messages(),
    ) {
        let [parts, rooms, read_parts, read_rooms] = cuts;
        let mut compressor = ZlibCompressor::with_mem_level(bits, level, mem_level).unwrap();
        let settings =
            DeflateConfig { window_bits: -i32::from(bits), mem_level: mem_level.into(), ..DeflateConfig::new(level.into()) };
        let mut plain = zlib_rs::Deflate::new_with_config(settings);
        let mut history = vec![0xA5; 1 << bits];
        let mut ours = Inflater::new(&mut history).unwrap();
        let mut zlib = ZlibInflater::new((bits + more_bits).min(15)).unwrap();
        prop_assert!(Inflate::limit_window(&mut zlib, bits) && compressor.limit_window(bits));
        for message in messages {
            let payload = compress(&mut compressor, &message, &parts, &rooms);
            if parts.is_empty() && rooms.is_empty() {
                let mut expected = vec![0; message.len() * 9 / 8 + message.len() / 64 + 100];
                let before = plain.total_out();
                plain.compress(&message, &mut expected, DeflateFlush::SyncFlush).unwrap();
                expected.truncate((plain.total_out() - before) as usize);
                // zlib writes nothing for an empty message after another.
                let expected = expected.strip_suffix(&[0, 0, 0xFF, 0xFF]).unwrap_or(&[0]);
                prop_assert!(payload == expected, "{} bytes, not {}", payload.len(), expected.len());
            }
            assert_inflates(&mut ours, &payload, &message, &read_parts, &read_rooms);
            assert_inflates(&mut zlib, &payload, &message, &read_parts, &read_rooms);
            if !takeover {
                compressor.reset();
                plain.reset();
                ours.reset();
                Inflate::reset(&mut zlib);
            }
        }
    }

    /// Every window and level of ours.
    #[test]
    fn what_we_compress_zlib_inflates(
        cuts in [cuts(), cuts(), cuts(), cuts()],
        takeover: bool,
        bits in 8_u8..=15,
        level in levels(),
        messages in messages(),
    ) {
        let [parts, rooms, read_parts, read_rooms] = cuts;
        let mut memory = vec![0xA5; Compressor::memory_len(bits, level).unwrap()];
        let mut compressor = Compressor::new(bits, level, &mut memory).unwrap();
        let mut zlib = ZlibInflater::new(bits).unwrap();
        for message in messages {
            let payload = compress(&mut compressor, &message, &parts, &rooms);
            assert_inflates(&mut zlib, &payload, &message, &read_parts, &read_rooms);
            if !takeover {
                compressor.reset();
                Inflate::reset(&mut zlib);
            }
        }
    }
}

/// The trait's promise: a whole message with room for n + n/8 + n/64 + 64 bytes is done in one call, whatever is in it.
#[test]
fn whole_message_is_done_in_one_call() {
    for bits in 9..=15 {
        for (level, mem_level) in (0..=9).flat_map(|level| [1, 8].map(|mem_level| (level, mem_level))) {
            let mut compressor = ZlibCompressor::with_mem_level(bits, level, mem_level).unwrap();
            for len in [0, 1, 64, 1_300, 2_000, 70_000] {
                for message in
                    [noise(len as u64, len), vec![0; len], noise(len as u64, len).iter().map(|byte| byte | 128).collect()]
                {
                    let mut output = vec![0; len + len / 8 + len / 64 + 64];
                    let progress = compressor.compress(&message, &mut output, true);
                    assert!(progress.done && progress.consumed == len, "{len} bytes, {bits} bits, {level}, {mem_level}");
                }
            }
        }
    }
}

#[test]
fn settings_that_zlib_does_not_have_make_no_codec() {
    for bits in 0..=255 {
        assert_eq!(ZlibInflater::new(bits).is_some(), (8..=15).contains(&bits));
        for level in 0..=20 {
            assert_eq!(ZlibCompressor::new(bits, level).is_some(), (9..=15).contains(&bits) && level <= 9);
        }
    }
    assert!([0, 10, 255].iter().all(|&mem_level| ZlibCompressor::with_mem_level(15, 6, mem_level).is_none()));
    for bits in 9..=15 {
        let mut compressor = ZlibCompressor::new(bits, 6).unwrap();
        let mut inflater = ZlibInflater::new(bits).unwrap();
        assert_eq!((compressor.window_bits(), inflater.window_bits()), (bits, bits));
        for agreed in 0..=16 {
            assert_eq!(compressor.limit_window(agreed), agreed >= bits, "{agreed}, {bits}");
            assert_eq!(inflater.limit_window(agreed), (8..=bits).contains(&agreed), "{agreed}, {bits}");
        }
    }
}
