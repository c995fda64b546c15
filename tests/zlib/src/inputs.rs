//! What all checks are made of: messages, and how much of them comes at a time. Messages are made of pieces, so that the smallest one
//! that fails is found by leaving pieces out, in a few hundred tries; byte by byte it would take a try for each byte.

use proptest::collection::{SizeRange, vec};
use proptest::prelude::*;
use proptest::sample::select;

/// One of `from`, the first being the simplest.
pub(crate) fn one_of<T: Clone + std::fmt::Debug + 'static>(from: &[T]) -> impl Strategy<Value = T> + use<T> {
    select(from.to_vec())
}

/// How much of what there is comes next, or how much room there is.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Size {
    Bytes(usize),
    /// In 255ths.
    Share(u8),
}

impl Size {
    pub(crate) const ALL: Self = Self::Share(255);

    pub(crate) fn of(self, all: usize) -> usize {
        match self {
            Self::Bytes(bytes) => bytes.min(all),
            Self::Share(share) => all * usize::from(share) / 255,
        }
    }
}

/// Short ones rather often.
pub(crate) fn size() -> impl Strategy<Value = Size> {
    let bytes = prop_oneof![0..=1_usize, 0..=20_usize, 0..=300_usize];
    prop_oneof![3 => bytes.prop_map(Size::Bytes), 1 => any::<u8>().prop_map(Size::Share)]
}

/// Sizes in turn. After the last one comes all that there is, then the first one again, so that there is always progress.
#[derive(Clone, Debug)]
pub(crate) struct Sizes(Vec<Size>);

impl Sizes {
    pub(crate) const WHOLE: Self = Self(Vec::new());

    pub(crate) fn turns(&self) -> impl Iterator<Item = Size> {
        self.0.iter().copied().chain([Size::ALL]).cycle()
    }
}

pub(crate) fn sizes() -> impl Strategy<Value = Sizes> {
    prop_oneof![1 => Just(Vec::new()), 3 => vec(size(), 1..20)].prop_map(Sizes)
}

/// Bytes that do not compress.
pub(crate) fn put_noise(bytes: &mut Vec<u8>, seed: u64, len: usize) {
    let mut state = seed | 1;
    bytes.extend((0..len).map(|_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 24) as u8
    }));
}

/// A message before it is put together.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    pieces: Vec<Piece>,
    max: usize,
}

#[derive(Clone, Debug)]
enum Piece {
    Run(u8, usize),
    /// Bytes that came before, at a distance in 65536ths of the message.
    Again(u16, usize),
    Text(String),
    /// 21 times one of three letters for each number.
    Letters(Vec<u64>),
    /// Four bytes for each number, the low ones more often than the others, up to the limit.
    Low(u8, Vec<u64>),
    /// Eight bytes for each number.
    Bytes(Vec<u64>),
}

impl Message {
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for piece in &self.pieces {
            match piece {
                Piece::Run(byte, len) => bytes.extend(vec![*byte; *len]),
                Piece::Again(back, len) => {
                    let distance = 1 + bytes.len() * usize::from(*back) / 0x1_0000;
                    for _ in 0..if bytes.is_empty() { 0 } else { *len } {
                        bytes.push(bytes[bytes.len() - distance]);
                    }
                }
                Piece::Text(text) => bytes.extend(text.bytes()),
                Piece::Letters(numbers) => {
                    let letters = |number: u64| (0..21).map(move |i| b"abca"[(number >> (3 * i) & 3) as usize]);
                    bytes.extend(numbers.iter().flat_map(|number| letters(*number)));
                }
                Piece::Low(limit, numbers) => {
                    let low =
                        |pair: &[u8]| pair.iter().fold(usize::from(*limit), |low, byte| low * usize::from(*byte) / 255) as u8;
                    bytes.extend(numbers.iter().flat_map(|number| number.to_le_bytes()).collect::<Vec<_>>().chunks(2).map(low));
                }
                Piece::Bytes(numbers) => bytes.extend(numbers.iter().flat_map(|number| number.to_le_bytes())),
            }
        }
        bytes.truncate(self.max);
        bytes
    }
}

/// Pieces for up to about `max` bytes: often few, and sometimes cut off at once.
fn pieces<S: Strategy>(piece: impl Fn() -> S, max: usize) -> impl Strategy<Value = (Vec<S::Value>, usize)> {
    /// Somewhat less than pieces have on average.
    const PIECE: usize = 150;
    let many = |count: SizeRange, max| (vec(piece(), count), Just(max));
    prop_oneof![
        1 => many((0..=1).into(), 40.min(max)),
        1 => many((0..=3).into(), 400.min(max)),
        2 => many((0..=max / PIECE).into(), max),
    ]
}

/// Up to `max` bytes that compress well, badly or not at all.
pub(crate) fn message(max: usize) -> impl Strategy<Value = Message> {
    // Small numbers would be no easier to read, and cost many tries.
    let numbers = |most: usize| vec(any::<u64>().no_shrink(), 0..=most);
    let run = |most: usize| (any::<u8>(), 1..=most).prop_map(|(byte, len)| Piece::Run(byte, len));
    let again = (any::<u16>(), 1..=400_usize).prop_map(|(back, len)| Piece::Again(back, len));
    let kind = prop_oneof![
        pieces(move || run(700), max),
        pieces(move || prop_oneof![1 => run(50), 2 => again.clone()], max),
        pieces(|| record().prop_map(Piece::Text), max),
        pieces(move || numbers(15).prop_map(Piece::Letters), max),
        pieces(move || (any::<u8>(), numbers(80)).prop_map(|(limit, numbers)| Piece::Low(limit, numbers)), max),
        pieces(move || numbers(40).prop_map(Piece::Bytes), max),
    ];
    kind.prop_map(|(pieces, max)| Message { pieces, max })
}

/// Up to `max` bytes of UTF-8.
pub(crate) fn text(max: usize) -> impl Strategy<Value = Message> {
    let some = || vec(one_of(&['a', 'e', 'ß', 'Ω', '語', '\u{1F980}']), 0..=120).prop_map(String::from_iter);
    let any = || vec(any::<char>(), 0..=80).prop_map(String::from_iter);
    let kind = prop_oneof![pieces(record, max), pieces(some, max), pieces(any, max)];
    kind.prop_map(|(mut texts, max)| {
        // A text may be cut off, but not inside a character.
        let mut left = max;
        for text in &mut texts {
            while text.len() > left {
                text.pop();
            }
            left -= text.len();
        }
        Message { pieces: texts.into_iter().map(Piece::Text).collect(), max }
    })
}

/// A line as many applications send them.
fn record() -> impl Strategy<Value = String> {
    let numbers = (0..100_000_u32, 0..500_u32, 0..10_000_000_u32, 0..60_u32, any::<bool>());
    let words = (one_of(&["trade", "quote", "update", "cancel"]), one_of(&["alpha", "beta", "gamma"]));
    (numbers, words).prop_map(|((id, user, cents, minute, done), (event, tag))| {
        let price = f64::from(cents) / 100.0;
        format!("{{\"id\":{id},\"user\":\"user{user}\",\"type\":\"{event}\",\"price\":{price},\"done\":{done},")
            + &format!("\"time\":\"2024-05-17T12:{minute:02}:00Z\",\"tags\":[\"{tag}\"]}},\n")
    })
}
