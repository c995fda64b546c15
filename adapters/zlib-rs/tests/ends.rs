//! How messages end and what breaks them: zlib's inflater judges as the library's does.
mod support;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use sansocket::{Deflate, Inflate, InflateError, Inflater};
use sansocket_zlib_rs::{ZlibCompressor, ZlibInflater};
use support::{Cuts, compress, config, cuts, inflate, message};

/// Whole, and byte by byte into one byte.
fn inflate_both_ways(inflater: &mut dyn Inflate, payload: &[u8]) -> Result<Vec<u8>, InflateError> {
    let results = [vec![], vec![1]].map(|cuts: Cuts| {
        inflater.reset();
        inflate(inflater, payload, &cuts, &cuts).map_err(|(error, _)| error)
    });
    assert_eq!(results[0], results[1], "{payload:02x?}");
    results.into_iter().next().unwrap()
}

/// RFC 7692 §7.2.3, one message after the other with one history.
#[test]
fn the_examples_of_the_rfc_are_inflated() {
    let examples: [(&[u8], &str); 7] = [
        (&[0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00], "Hello"),
        (&[0xF2, 0x00, 0x11, 0x00, 0x00], "Hello"),
        (&[0x00, 0x05, 0x00, 0xFA, 0xFF, 0x48, 0x65, 0x6C, 0x6C, 0x6F, 0x00], "Hello"),
        (&[0xF3, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00, 0x00], "Hello"),
        (&[0xF2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0xCA, 0xC9, 0xC9, 0x07, 0x00], "Hello"),
        (&[0x00], ""),
        (&[], ""),
    ];
    for parts in [vec![], vec![1], vec![2], vec![3, 1]] {
        for rooms in [vec![], vec![1], vec![2], vec![3, 1]] {
            let mut inflater = ZlibInflater::new(8).unwrap();
            for _ in 0..3 {
                for (payload, text) in examples {
                    assert_eq!(inflate(&mut inflater, payload, &parts, &rooms), Ok(text.into()), "{payload:02x?}");
                }
            }
        }
    }
}

/// §7.2.3.4: what follows a block with BFINAL may refer to what came before it, in the same message and in the next, and nothing is
/// known after a reset.
#[test]
fn history_outlasts_a_block_with_bfinal() {
    let mut inflater = ZlibInflater::new(15).unwrap();
    let whole: Cuts = vec![];
    let (hello, again) = ([0xF3, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00], [0xF2, 0x00, 0x11, 0x00, 0x00]);
    for _ in 0..2 {
        assert_eq!(inflate(&mut inflater, &[&hello[..], &again].concat(), &whole, &whole), Ok(b"HelloHello".to_vec()));
        // Without the byte 00 that should follow the block, as some peers send it.
        assert_eq!(inflate(&mut inflater, &hello, &whole, &whole), Ok(b"Hello".to_vec()));
        assert_eq!(inflate(&mut inflater, &again, &whole, &whole), Ok(b"Hello".to_vec()));
        Inflate::reset(&mut inflater);
        assert_eq!(inflate(&mut inflater, &again, &whole, &whole), Err((InflateError::Unspecified, b"H".to_vec())));
        Inflate::reset(&mut inflater);
    }
}

/// a message that ends inside a block, or goes on after its end, is refused, also one whose last four bytes were not removed.
#[test]
fn message_without_its_end_is_refused() {
    let mut inflater = ZlibInflater::new(15).unwrap();
    let payload = [0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00];
    for cut in 1..payload.len() - 1 {
        assert_eq!(inflate_both_ways(&mut inflater, &payload[..cut]), Err(InflateError::NotFlushed), "{cut}");
    }
    let with_tail = [&payload[..], &[0, 0, 0xFF, 0xFF]].concat();
    assert_eq!(inflate_both_ways(&mut inflater, &with_tail), Err(InflateError::NotFlushed));
    // A stored block of four bytes, none of which came: the tail is not its content.
    assert_eq!(inflate_both_ways(&mut inflater, &[0x00, 0x04, 0x00, 0xFB, 0xFF]), Err(InflateError::NotFlushed));
    // The header of a dynamic block.
    assert_eq!(inflate_both_ways(&mut inflater, &[0x04]), Err(InflateError::NotFlushed));
    assert_eq!(inflate_both_ways(&mut inflater, &payload), Ok(b"Hello".to_vec()));
}

/// The removed bytes complete the codes of a block and end it, all but their last three bits: to zlib, that is a block's end.
#[test]
fn removed_bytes_that_end_a_block_by_chance_are_no_end() {
    let (mut payload, mut count) = (vec![0; 12], 0);
    let mut put = |value: u32, len: u32| {
        for bit in 0..len {
            payload[count / 8] |= u8::from(value >> bit & 1 == 1) << (count % 8);
            count += 1;
        }
    };
    // RFC 1951 §3.2.7: 257 literals, one distance, 19 code lengths: 18 is 0, 2 is 10, 17 is 110, 0 is 1110 and 1 is 1111.
    for (value, len) in [(4, 3), (0, 5), (0, 5), (15, 4)] {
        put(value, len);
    }
    for len in [0, 3, 1, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 4, 0] {
        put(len, 3);
    }
    // No code for 138, 85 and 10 literals, and for 22 more in the zeros of the tail. Its ones are three lengths of one bit, the end of
    // the block, and three bits.
    for (value, len) in [(0, 1), (127, 7), (0, 1), (74, 7), (3, 3), (7, 3)] {
        put(value, len);
    }
    assert_eq!(count, 96);
    let mut history = vec![0; 1 << 15];
    let mut inflaters: [&mut dyn Inflate; 2] = [&mut Inflater::new(&mut history).unwrap(), &mut ZlibInflater::new(15).unwrap()];
    for inflater in &mut inflaters {
        assert_eq!(inflate_both_ways(*inflater, &payload), Err(InflateError::NotFlushed));
    }
}

/// What the documentation says of windows below 15 bits: a distance beyond them is taken, with the right bytes, and one beyond 32 KiB or
/// before the first byte is refused.
#[test]
fn distances_are_refused_beyond_what_zlib_keeps() {
    let before: Vec<u8> = support::noise(5, 300);
    let message = [&before[..], &before].concat();
    let payload = compress(&mut ZlibCompressor::new(15, 6).unwrap(), &message, &vec![], &vec![]);
    assert!(payload.len() < 330, "a repeat at a distance of 300 bytes");
    let mut inflater = ZlibInflater::new(8).unwrap();
    assert!(inflater.limit_window(8));
    assert_eq!(inflate_both_ways(&mut inflater, &payload), Ok(message));
    // `H`, and a match of four bytes at a distance of five.
    let too_far = [0xF2, 0x00, 0x11, 0x00, 0x00];
    assert_eq!(inflate_both_ways(&mut inflater, &too_far), Err(InflateError::Unspecified));
}

/// A block with BFINAL costs a copy of the window, so that many of them in a short message are refused, and few are not.
#[test]
fn blocks_with_bfinal_are_limited() {
    let mut inflater = ZlibInflater::new(15).unwrap();
    let whole: Cuts = vec![];
    for _ in 0..3 {
        assert_eq!(inflate(&mut inflater, &[3, 0].repeat(8), &whole, &whole), Ok(vec![]));
    }
    assert_eq!(inflate(&mut inflater, &[3, 0].repeat(9), &whole, &whole), Err((InflateError::Unspecified, vec![])));
    Inflate::reset(&mut inflater);
    // One for 256 bytes is less than this message has.
    let stored = [&[1, 200, 0, 55, 255][..], &[b'x'; 200], &[0, 200, 0, 55, 255], &[b'y'; 200]].concat();
    let payload = [stored.repeat(100), vec![0]].concat();
    assert_eq!(inflate(&mut inflater, &payload, &whole, &whole).map(|all| all.len()), Ok(40_000));
}

/// A small change to a payload.
#[derive(Clone, Debug)]
enum Change {
    Flip(u8),
    Set(u8),
    Remove,
    Insert(u8),
    Truncate,
    /// The first block gets BFINAL.
    Final,
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        3 => (0_u8..8).prop_map(Change::Flip),
        1 => any::<u8>().prop_map(Change::Set),
        1 => Just(Change::Remove),
        1 => any::<u8>().prop_map(Change::Insert),
        1 => Just(Change::Truncate),
        2 => Just(Change::Final),
    ]
}

fn apply(payload: &mut Vec<u8>, changes: &[(Index, Change)]) {
    for (place, change) in changes {
        if payload.is_empty() {
            return;
        }
        let at = place.index(payload.len());
        match change {
            Change::Flip(bit) => payload[at] ^= 1 << bit,
            Change::Set(byte) => payload[at] = *byte,
            Change::Remove => drop(payload.remove(at)),
            Change::Insert(byte) => payload.insert(at, *byte),
            Change::Truncate => payload.truncate(at),
            Change::Final => payload[0] |= 1,
        }
    }
}

proptest! {
    #![proptest_config(config(4_000))]

    /// What was changed on its way: both inflaters give the same bytes, or both refuse it.
    #[test]
    fn broken_messages_are_judged_as_by_ours(
        cuts in [cuts(), cuts()],
        level in 0_u8..=9,
        bits in 9_u8..=15,
        messages in vec((prop_oneof![4 => message(60), 1 => message(2_000)], vec((any::<Index>(), change()), 0..=2)), 1..5),
    ) {
        let [parts, rooms] = cuts;
        let mut compressor = ZlibCompressor::new(bits, level).unwrap();
        let mut history = vec![0xA5; 1 << 15];
        let mut ours = Inflater::new(&mut history).unwrap();
        let mut zlib = ZlibInflater::new(15).unwrap();
        for (message, changes) in messages {
            let mut payload = compress(&mut compressor, &message, &vec![], &vec![]);
            apply(&mut payload, &changes);
            let expected = inflate(&mut ours, &payload, &parts, &rooms);
            let actual = inflate(&mut zlib, &payload, &parts, &rooms);
            match (&expected, &actual) {
                (Err((_, before)), Err((_, other))) => {
                    prop_assert!(before.starts_with(other) || other.starts_with(before));
                }
                _ => prop_assert_eq!(&expected, &actual, "{:02x?}", payload),
            }
            if expected.is_err() {
                compressor.reset();
                Inflate::reset(&mut ours);
                Inflate::reset(&mut zlib);
            }
        }
    }
}
