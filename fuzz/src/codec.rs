//! RFC 1951, RFC 7692 §7.2: the inflater and the compressor alone, in every way of calling them, and against another inflater.

use crate::input_deflate::Deflate;
use crate::second_opinion::{Opinion, SecondOpinion};
use sansocket::{Compressor, FastTables, Inflate, InflateError, Inflater, Level, SmallTables, Tables};

/// How a codec is called.
struct Way<'s> {
    /// Lengths of the inputs and outputs, in turn.
    inputs: &'s [usize],
    outputs: &'s [usize],
    /// What its memory held before.
    garbage: u8,
    /// Whether it was reset in the middle of something.
    was_reset: bool,
}

/// What messages inflate to, and the fault that ended the last one.
type Inflated = (Vec<Vec<u8>>, Option<InflateError>);

/// Compressed messages.
pub(crate) fn inflating(setup: &Deflate<'_>, bytes: &[u8]) {
    let messages = setup.pieces.of(bytes);
    let whole = Way { inputs: &[usize::MAX], outputs: &[1 << 14], garbage: 0, was_reset: false };
    let whole = inflate::<FastTables>(setup, &messages, setup.window_bits, &whole);
    assert_second_opinion(setup, &messages, &whole);
    // Law 2. A larger history makes no difference, and neither do other tables.
    let single = Way { inputs: &[1], outputs: &[1 << 14], garbage: 0xFF, was_reset: true };
    assert_eq!(whole, inflate::<SmallTables>(setup, &messages, 15, &single), "byte by byte");
    let is_long = whole.0.iter().map(Vec::len).sum::<usize>() > 5_000;
    let (inputs, mut outputs) = (setup.sizes(), setup.sizes());
    outputs.reverse();
    // Not too many calls.
    outputs[0] += if is_long { 2_000 } else { 0 };
    let sized = Way { inputs: &inputs, outputs: &outputs, garbage: 0x55, was_reset: false };
    let inflate = if setup.small_window() % 2 == 0 { inflate::<FastTables> } else { inflate::<SmallTables> };
    assert_eq!(whole, inflate(setup, &messages, setup.history_bits(), &sized), "{inputs:?} to {outputs:?}");
}

fn inflate<T: Tables>(setup: &Deflate<'_>, messages: &[&[u8]], history_bits: u8, way: &Way<'_>) -> Inflated {
    let mut history = vec![way.garbage; 1 << history_bits];
    let mut inflater = Inflater::<T>::with_tables(&mut history).unwrap();
    inflater.limit_window(setup.window_bits);
    if way.was_reset {
        for message in messages {
            let _ = inflater.inflate(message, &mut [0; 300]);
        }
        inflater.reset();
    }
    let mut output = vec![!way.garbage; way.outputs.iter().copied().max().unwrap_or(0)];
    let (mut inputs, mut outputs) = (way.inputs.iter().cycle(), way.outputs.iter().cycle());
    let mut inflated = Vec::new();
    for message in messages {
        let mut bytes = Vec::new();
        let fault = inflate_one(&mut inflater, message, &mut inputs, &mut outputs, &mut output, &mut bytes).err();
        inflated.push(bytes);
        if let Some(fault) = fault {
            assert_eq!(inflater.inflate(message, &mut output), Err(fault), "the fault is forgotten");
            assert_eq!(inflater.finish_message(&mut output), Err(fault), "the fault is forgotten");
            return (inflated, Some(fault));
        }
        if setup.no_context_takeover {
            inflater.reset();
        }
    }
    (inflated, None)
}

fn inflate_one<'s, T: Tables>(
    inflater: &mut Inflater<'_, T>,
    mut rest: &[u8],
    inputs: &mut impl Iterator<Item = &'s usize>,
    outputs: &mut impl Iterator<Item = &'s usize>,
    output: &mut [u8],
    bytes: &mut Vec<u8>,
) -> Result<(), InflateError> {
    let (mut more, mut taken) = (false, 0);
    while !rest.is_empty() || more {
        let part = &rest[..rest.len().min(*inputs.next().unwrap())];
        let output = &mut output[..*outputs.next().unwrap()];
        let progress = inflater.inflate(part, output)?;
        more = progress.more;
        assert!(progress.consumed == part.len() || more && progress.consumed < part.len(), "no progress: {progress:?}");
        bytes.extend(&output[..progress.produced]);
        rest = &rest[progress.consumed..];
        taken += progress.consumed as u64;
        assert_eq!(Inflate::taken(inflater), taken);
    }
    loop {
        let output = &mut output[..*outputs.next().unwrap()];
        let finished = inflater.finish_message(output)?;
        bytes.extend(&output[..finished.produced]);
        if finished.done {
            assert_eq!(Inflate::taken(inflater), 0);
            return Ok(());
        }
        assert!(finished.produced > 0 || output.is_empty(), "not done, and nothing written");
    }
}

/// The other inflater agrees on the bytes, and on whether they are valid; it knows no windows but 32 KiB.
fn assert_second_opinion(setup: &Deflate<'_>, messages: &[&[u8]], (inflated, fault): &Inflated) {
    let mut other = SecondOpinion::default();
    for (at, (message, bytes)) in messages.iter().zip(inflated).enumerate() {
        let (opinion, theirs) = other.of(message, bytes.len() + 1);
        match fault.filter(|_| at + 1 == inflated.len()) {
            Some(InflateError::DistanceTooFar) if setup.window_bits < 15 => {
                assert!(theirs.starts_with(bytes), "message {at}: other bytes before a distance beyond the window");
                continue;
            }
            fault => {
                let is_same = match fault {
                    None => opinion == Opinion::Valid,
                    // The other one rejects a code that needs further bits as soon as it cannot be right; ours waits for the bits.
                    Some(InflateError::NotFlushed) => matches!(opinion, Opinion::Unfinished | Opinion::Invalid),
                    Some(_) => opinion == Opinion::Invalid,
                };
                assert!(is_same, "message {at}: {fault:?}, but {opinion:?}");
                assert_eq!(bytes, theirs, "message {at}: {fault:?}");
            }
        }
        if setup.no_context_takeover {
            other.reset();
        }
    }
}

/// Messages to compress.
pub(crate) fn compressing(setup: &Deflate<'_>, bytes: &[u8]) {
    let messages = setup.pieces.of(bytes);
    let (inputs, mut outputs) = (setup.sizes(), setup.sizes());
    outputs.reverse();
    let sized = Way { inputs: &inputs, outputs: &outputs, garbage: 0, was_reset: false };
    let compressed = compress(setup, &messages, &sized);
    let again = compress(setup, &messages, &Way { garbage: 0xA5, was_reset: true, ..sized });
    assert_eq!(compressed, again, "what was in the memory or came before the reset shows");
    let rooms: Vec<_> = messages.iter().map(|message| message.len()).map(|n| n + n / 8 + n / 64 + 64).collect();
    let whole = compress(setup, &messages, &Way { inputs: &[usize::MAX], outputs: &rooms, garbage: 0x3C, was_reset: true });
    if setup.level != Level::Fast {
        assert_eq!(compressed, whole, "the splits or the room of the calls show");
    }
    for compressed in [compressed, whole] {
        let compressed: Vec<_> = compressed.iter().map(|message| &message[..]).collect();
        let way = Way { inputs: &[usize::MAX], outputs: &[1 << 12], garbage: 0x7E, was_reset: false };
        let inflated = inflate::<FastTables>(setup, &compressed, setup.history_bits(), &way);
        assert_eq!(inflated.1, None);
        assert!(inflated.0.iter().eq(&messages), "what is inflated is not what was compressed");
        assert_second_opinion(setup, &compressed, &inflated);
    }
}

/// Compresses `messages`, each to the outputs of `way` until it is done.
fn compress(setup: &Deflate<'_>, messages: &[&[u8]], way: &Way<'_>) -> Vec<Vec<u8>> {
    let ample = Compressor::memory_len(setup.window_bits, setup.level).unwrap();
    // Little memory for the hash table is enough at the lowest level.
    let is_scarce = setup.level == Level::Fast && setup.small_window() % 2 != 0;
    let mut memory = vec![way.garbage; if is_scarce { (1 << setup.window_bits) + 128 } else { ample }];
    let mut compressor = Compressor::new(setup.window_bits, setup.level, &mut memory).unwrap();
    assert!(compressor.is_idle() && compressor.level() == setup.level && compressor.window_bits() == setup.window_bits);
    if way.was_reset {
        for message in messages {
            compressor.compress(message, &mut [0; 20], false);
            assert!(!compressor.is_idle());
        }
        compressor.reset();
    }
    let mut output = vec![!way.garbage; way.outputs.iter().copied().max().unwrap_or(0)];
    let (mut inputs, mut outputs) = (way.inputs.iter().cycle(), way.outputs.iter().cycle());
    let mut all = Vec::new();
    for message in messages {
        let (mut rest, mut compressed, mut flush, mut has_begun) = (*message, Vec::new(), false, false);
        assert!(compressor.is_idle());
        loop {
            // Once the end is called for, it is until it is there.
            let len = *inputs.next().unwrap();
            flush |= len >= rest.len();
            let part = if flush { rest } else { &rest[..len] };
            let room = *outputs.next().unwrap();
            let progress = compressor.compress(part, &mut output[..room], flush);
            assert!(progress.produced <= room && progress.consumed <= part.len() && (flush || !progress.done));
            // Up to 63 bits wait inside, so that up to 7 bytes of room may stay.
            let stays = progress.produced + 8 > room;
            assert!(progress.consumed == part.len() && (progress.done || !flush) || stays, "no progress: {progress:?}");
            assert_eq!(compressor.is_idle(), progress.done);
            let promised = message.len() + message.len() / 8 + message.len() / 64 + 64;
            let is_in_one_call = flush && !has_begun;
            assert!(progress.done || !is_in_one_call || room < promised, "not done in {room} bytes");
            has_begun = true;
            compressed.extend(&output[..progress.produced]);
            rest = &rest[progress.consumed..];
            if progress.done {
                assert!(rest.is_empty());
                break;
            }
        }
        all.push(compressed);
        if setup.no_context_takeover {
            compressor.reset();
        }
    }
    all
}
