//! RFC 1951: what the inflater writes does not depend on how its input and its output are cut, nor on its tables. It does much at once where
//! there is plenty of both; what is tested here is that nothing goes wrong at the edges of that.
#![cfg(feature = "deflate")]

mod property;
mod support;

use property::property;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use sansocket::{InflateError, Inflater, SmallTables, Tables};
use support::tokens::{Token, Writer, expand};

/// Lengths of a complete code for `count` symbols, the first ones longest: up to `depth` bits.
fn lengths(count: usize, depth: u32) -> Vec<u32> {
    let mut leaves = vec![0];
    for _ in 0..depth {
        let deepest = leaves.pop().unwrap();
        leaves.extend([deepest + 1; 2]);
    }
    while leaves.len() < count {
        let place = (0..leaves.len()).min_by_key(|&place| leaves[place]).unwrap();
        let len = leaves.remove(place);
        leaves.extend([len + 1; 2]);
    }
    leaves.sort_unstable_by(|a, b| b.cmp(a));
    leaves
}

/// How many bytes one call is given, and how much room.
type Cut = (usize, usize);

/// All of what a message gives when it is cut like that, again and again, and its fault.
fn inflate<T: Tables>(inflater: &mut Inflater<'_, T>, message: &[u8], cuts: &[Cut]) -> (Vec<u8>, Option<InflateError>) {
    let (mut inflated, mut rest, mut cuts) = (Vec::new(), message, cuts.iter().cycle());
    let mut output = vec![0; 70_000];
    loop {
        let &(part, room) = cuts.next().unwrap();
        let part = part.min(rest.len());
        let progress = match inflater.inflate(&rest[..part], &mut output[..room]) {
            Ok(progress) => progress,
            Err(error) => return (inflated, Some(error)),
        };
        inflated.extend_from_slice(&output[..progress.produced]);
        rest = &rest[progress.consumed..];
        assert!(progress.consumed == part || progress.more, "{progress:?} of {part}");
        if rest.is_empty() && !progress.more {
            break;
        }
    }
    loop {
        let &(_, room) = cuts.next().unwrap();
        match inflater.finish_message(&mut output[..room]) {
            Ok(finished) => {
                inflated.extend_from_slice(&output[..finished.produced]);
                if finished.done {
                    return (inflated, None);
                }
            }
            Err(error) => return (inflated, Some(error)),
        }
    }
}

/// What messages give, in order, up to the first fault, cut each way and with both kinds of tables: always the same.
fn inflate_all(window_bits: u8, messages: &[&[u8]], ways: &[Vec<Cut>]) -> (Vec<u8>, Option<InflateError>) {
    fn one<T: Tables>(mut inflater: Inflater<'_, T>, messages: &[&[u8]], cuts: &[Cut]) -> (Vec<u8>, Option<InflateError>) {
        let mut all = Vec::new();
        for message in messages {
            let (bytes, error) = inflate(&mut inflater, message, cuts);
            all.extend(bytes);
            if error.is_some() {
                return (all, error);
            }
        }
        (all, None)
    }
    let mut history = vec![0xA5; 1 << window_bits];
    let whole = one(Inflater::new(&mut history).unwrap(), messages, &[(usize::MAX, 70_000)]);
    for cuts in ways {
        assert!(one(Inflater::new(&mut history).unwrap(), messages, cuts) == whole, "cut as {cuts:?}");
        assert!(
            one(Inflater::<SmallTables>::with_tables(&mut history).unwrap(), messages, cuts) == whole,
            "small tables, cut as {cuts:?}"
        );
    }
    whole
}

/// A token before it is known what precedes it.
#[derive(Clone, Copy, Debug)]
enum Draft {
    Literal(u8),
    /// A match at a distance that is counted from the nearest byte, or from the farthest, or anywhere between.
    Near(usize, usize),
    Far(usize, usize),
    Anywhere(usize, Index),
}

impl Draft {
    fn token(self, reach: usize) -> Token {
        let (len, distance) = match self {
            Self::Literal(byte) => return Token::Literal(byte),
            _ if reach == 0 => return Token::Literal(b'-'),
            Self::Near(len, distance) => (len, distance.min(reach)),
            Self::Far(len, back) => (len, reach.saturating_sub(back).max(1)),
            Self::Anywhere(len, index) => (len, 1 + index.index(reach)),
        };
        Token::Match { len, distance }
    }
}

fn drafts(most: usize) -> impl Strategy<Value = Vec<Draft>> {
    let len = || prop_oneof![4 => 3..=18_usize, 2 => 3..=258_usize, 1 => Just(258_usize), 1 => 30..=34_usize];
    let draft = prop_oneof![
        4 => any::<u8>().prop_map(Draft::Literal),
        1 => (len(), 1..=40_usize).prop_map(|(len, distance)| Draft::Near(len, distance)),
        1 => (len(), 0..=300_usize).prop_map(|(len, back)| Draft::Far(len, back)),
        1 => (len(), any::<Index>()).prop_map(|(len, index)| Draft::Anywhere(len, index)),
    ];
    vec(draft, 0..=most)
}

/// A block's codes: none, fixed, or up to so long, the longest for the symbols at a place.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Stored,
    Fixed,
    Own { depth: u32, literal: usize, distance: usize },
}

fn kind() -> impl Strategy<Value = Kind> {
    let own = (1..=15_u32, 0..286_usize, 0..30_usize);
    prop_oneof![1 => Just(Kind::Stored), 2 => Just(Kind::Fixed), 4 => own.prop_map(|(depth, literal, distance)| Kind::Own { depth, literal, distance })]
}

impl Kind {
    /// Writes the tokens.
    fn write(self, writer: &mut Writer, tokens: &[Token]) {
        let codes = match self {
            Self::Stored => return,
            Self::Fixed => writer.fixed(),
            Self::Own { depth, literal, distance } => {
                let (mut literals, mut distances) = (lengths(286, depth), lengths(30, depth));
                literals.rotate_right(literal);
                distances.rotate_right(distance);
                writer.dynamic(&literals, &distances)
            }
        };
        writer.tokens(&codes, tokens);
        writer.end(&codes);
    }
}

/// A message of some blocks, appended to what was before. Matches begin at most `window` back.
fn message(blocks: &[(Kind, Vec<Draft>)], window: usize, bytes: &mut Vec<u8>) -> Vec<u8> {
    let mut writer = Writer::default();
    for (kind, drafts) in blocks {
        let (start, mut tokens) = (bytes.len(), Vec::new());
        for draft in drafts {
            tokens.push(draft.token(bytes.len().min(window)));
            expand(bytes, &tokens[tokens.len() - 1..]);
        }
        match kind {
            Kind::Stored => bytes[start..].chunks(0xFFFF).for_each(|part| writer.stored(part)),
            kind => kind.write(&mut writer, &tokens),
        }
    }
    writer.flush();
    writer.bytes
}

/// Bytes that differ from those around them.
fn literals(count: usize) -> Vec<Token> {
    (0..count).map(|at| Token::Literal((at * 37 + at / 7) as u8)).collect()
}

/// A message of these tokens in one block, and what it stands for.
fn block(kind: Kind, tokens: &[Token]) -> (Vec<u8>, Vec<u8>) {
    let (mut writer, mut bytes) = (Writer::default(), Vec::new());
    kind.write(&mut writer, tokens);
    expand(&mut bytes, tokens);
    writer.flush();
    (writer.bytes, bytes)
}

/// Streams with what could go wrong: runs of literals of every length, and between them matches of all sorts.
fn streams() -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut tokens = literals(20);
    for (run, len) in [3, 258, 4, 16, 17, 31, 32, 33, 258, 64, 257, 10, 3, 258].into_iter().enumerate() {
        for distance in [1, 2, 7, 8, 15, 16, 17, 20] {
            tokens.extend(literals(run % 5));
            tokens.push(Token::Match { len: if distance == 1 { len } else { 3 + (len + distance) % 40 }, distance });
        }
    }
    let mut streams: Vec<_> =
        [Kind::Fixed, Kind::Own { depth: 15, literal: 60, distance: 0 }].map(|kind| block(kind, &tokens)).into();
    // The same with a stored block between two others.
    let (mut writer, mut bytes) = (Writer::default(), Vec::new());
    expand(&mut bytes, &tokens);
    Kind::Fixed.write(&mut writer, &tokens);
    writer.stored(&bytes[..40]);
    bytes.extend_from_within(..40);
    expand(&mut bytes, &tokens);
    Kind::Fixed.write(&mut writer, &tokens);
    writer.flush();
    streams.push((writer.bytes, bytes));
    streams
}

#[test]
fn every_output_window_gives_the_same_bytes() {
    for (stream, bytes) in streams() {
        assert!(bytes.len() > 3_000);
        let ways: Vec<_> = (1..=700).map(|room| vec![(usize::MAX, room)]).collect();
        assert_eq!(inflate_all(15, &[&stream], &ways), (bytes, None));
    }
}

#[test]
fn every_cut_of_the_input_gives_the_same_bytes() {
    for (stream, bytes) in streams() {
        let mut ways: Vec<_> = (1..stream.len()).map(|cut| vec![(cut, 70_000), (usize::MAX, 70_000)]).collect();
        ways.extend((1..40).map(|part| vec![(part, 70_000)]));
        assert_eq!(inflate_all(15, &[&stream], &ways), (bytes, None));
    }
}

/// The first call ends at every place of a match of each length, which lies within its output or before it.
#[test]
fn matches_that_cross_the_end_of_the_output_are_continued() {
    for len in [3, 15, 16, 17, 31, 32, 33, 64, 258] {
        for distance in [1, 3, 15, 16, 17, 33, 250, 300, 600] {
            let mut tokens = literals(600);
            tokens.push(Token::Match { len, distance });
            tokens.extend(literals(300));
            let (stream, bytes) = block(Kind::Fixed, &tokens);
            let ways: Vec<_> = (598..=602 + len).map(|room| vec![(usize::MAX, room), (usize::MAX, 70_000)]).collect();
            assert_eq!(inflate_all(15, &[&stream], &ways), (bytes, None), "{len} at {distance}");
        }
    }
}

/// The history wraps at every place of the match, which is read from it by a later message.
#[test]
fn matches_across_the_wrap_of_the_history_are_right() {
    for first in (200..=520).step_by(3) {
        for (len, distance) in [(258, 256), (20, 200), (40, 256), (3, 100), (16, 17), (100, 90)] {
            let (before, mut bytes) = block(Kind::Fixed, &literals(first));
            let mut tokens = vec![Token::Match { len, distance: distance.min(first) }];
            tokens.extend(literals(300));
            let mut writer = Writer::default();
            Kind::Fixed.write(&mut writer, &tokens);
            expand(&mut bytes, &tokens);
            writer.flush();
            let ways = [vec![(1, 70_000)], vec![(usize::MAX, 300)], vec![(usize::MAX, 1_000)]];
            assert_eq!(inflate_all(8, &[&before, &writer.bytes], &ways), (bytes, None), "{len} at {distance} after {first}");
        }
    }
}

/// Two literals of 9 bits, a length of 15 and 5 and a distance of 15 or 7 and 13 are more than a word of 64 bits.
#[test]
fn longest_symbols_are_read_at_every_place_of_a_byte() {
    let before: Vec<_> = (0..20_000_usize).map(|at| Token::Literal((at * at / 7) as u8)).collect();
    for (literal, distance) in (0..30).flat_map(|distance| [(281, distance), (271, distance)]) {
        for run in 0..3 {
            let mut tokens = before.clone();
            for at in 0..60 {
                // These have 9 bits.
                tokens.extend([Token::Literal(b'!'); 2].iter().take(if at % 3 == 0 { run } else { 2 }));
                tokens.push(Token::Match { len: 131 + at % 32, distance: 16_385 + at * 57 });
            }
            let (stream, bytes) = block(Kind::Own { depth: 15, literal, distance }, &tokens);
            assert!(inflate_all(15, &[&stream], &[vec![(usize::MAX, 5_000)]]) == (bytes, None), "{literal} {distance} {run}");
        }
    }
}

fn cuts() -> impl Strategy<Value = Vec<Cut>> {
    let part = || prop_oneof![1..=12_usize, 1..=400_usize, Just(usize::MAX)];
    let room = || prop_oneof![1..=40_usize, 250..=320_usize, 1..=3_000_usize];
    vec((part(), room()), 1..=8)
}

#[test]
fn random_symbols_inflate_to_what_they_stand_for() {
    let window_bits = prop_oneof![Just(8_u8), Just(9), Just(12), Just(15)];
    let blocks = vec((kind(), drafts(200)), 1..=3);
    property(150, (window_bits, vec(blocks, 1..=3), vec(cuts(), 1..=3)), |(window_bits, messages, ways)| {
        let mut bytes = Vec::new();
        let messages: Vec<_> = messages.iter().map(|blocks| message(blocks, 1 << window_bits, &mut bytes)).collect();
        let messages: Vec<_> = messages.iter().map(Vec::as_slice).collect();
        assert_eq!(inflate_all(window_bits, &messages, &ways), (bytes, None));
    });
}

/// So are the bytes before the fault.
#[test]
fn faults_are_the_same_however_the_message_is_cut() {
    let changes = vec((any::<Index>(), any::<u8>()), 1..=3);
    let input = (prop_oneof![Just(8_u8), Just(15)], vec((kind(), drafts(120)), 1..=2), changes, vec(cuts(), 1..=3));
    property(150, input, |(window_bits, blocks, changes, mut ways)| {
        let mut stream = message(&blocks, 1 << window_bits, &mut Vec::new());
        for (place, value) in changes {
            let at = place.index(stream.len());
            stream[at] = value;
        }
        ways.push(vec![(1, 70_000)]);
        inflate_all(window_bits, &[&stream], &ways);
    });
}
