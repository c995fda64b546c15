//! Our inflater and our compressor, with input and output cut in all ways.

use crate::inputs::{Sizes, one_of, sizes};
use proptest::prelude::*;
use sansocket::{Compressor, InflateError, Inflater, Tables};
use std::fmt::{self, Debug, Formatter};

/// How a compressed message is presented.
#[derive(Clone, Debug)]
pub(crate) enum Cut {
    /// At once, to as much room as there is.
    Whole,
    /// Byte by byte, each to as much room as there is.
    Bytes,
    /// Anywhere, to rooms of one byte up to the largest.
    Anywhere { parts: Sizes, rooms: Sizes, largest_room: usize },
}

/// How a message is cut, but for byte by byte.
pub(crate) fn cuts() -> impl Strategy<Value = Cut> {
    let anywhere = (sizes(), sizes(), one_of(&[ROOM, 600, 5, 1])).prop_map(|(parts, rooms, largest_room)| Cut::Anywhere {
        parts,
        rooms,
        largest_room,
    });
    prop_oneof![1 => Just(Cut::Whole), 3 => anywhere]
}

/// How a message is compressed: whole or in parts, to much room, to little or to none.
#[derive(Clone, Debug)]
pub(crate) struct Room {
    parts: Sizes,
    rooms: Sizes,
    is_small: bool,
}

/// Half of them for whole messages, a third for little room.
pub(crate) fn rooms() -> impl Strategy<Value = Room> {
    let parts = prop_oneof![Just(Sizes::WHOLE), sizes()];
    (parts, sizes(), prop::bool::weighted(1.0 / 3.0)).prop_map(|(parts, rooms, is_small)| Room { parts, rooms, is_small })
}

/// A message that our inflater does not take.
pub(crate) struct Refused {
    pub(crate) error: InflateError,
    /// What came out before the call that failed.
    pub(crate) inflated: Vec<u8>,
    /// The bytes presented up to and with that call.
    pub(crate) presented: usize,
}

/// The length of what came out instead of its bytes, which may be many.
impl Debug for Refused {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} within {} bytes, after {} were inflated", self.error, self.presented, self.inflated.len())
    }
}

/// More than the largest window. A byte cannot fill it.
const ROOM: usize = 40_000;

/// Inflates a message and ends it.
pub(crate) fn inflate<T: Tables>(inflater: &mut Inflater<'_, T>, message: &[u8], cut: &Cut) -> Result<Vec<u8>, Refused> {
    let mut inflated = Vec::new();
    let mut output = vec![0xEE; ROOM];
    let whole = Sizes::WHOLE;
    let (parts, rooms, largest_room) = match cut {
        Cut::Anywhere { parts, rooms, largest_room } => (parts, rooms, *largest_room),
        Cut::Whole | Cut::Bytes => (&whole, &whole, ROOM),
    };
    let mut parts = parts.turns();
    let mut rooms = rooms.turns().map(|size| size.of(largest_room).max(1));
    let mut room = || rooms.next().expect("turns without end");
    let (mut rest, mut may_have_more) = (message, false);
    while !rest.is_empty() || may_have_more {
        let part = match cut {
            // A fault that comes after bytes is given before the next byte is.
            Cut::Bytes => rest.len().min(usize::from(!may_have_more)),
            Cut::Whole | Cut::Anywhere { .. } => parts.next().expect("turns without end").of(rest.len()),
        };
        let room = room();
        let progress = match inflater.inflate(&rest[..part], &mut output[..room]) {
            Ok(progress) => progress,
            Err(error) => {
                assert_eq!(inflater.inflate(&[], &mut output), Err(error), "the fault is forgotten");
                return Err(Refused { error, inflated, presented: message.len() - rest.len() + part });
            }
        };
        may_have_more = progress.more;
        assert!(progress.consumed == part || progress.consumed < part && may_have_more, "{progress:?} of {part} for {room}");
        inflated.extend_from_slice(&output[..progress.produced]);
        rest = &rest[progress.consumed..];
    }
    loop {
        let room = room();
        match inflater.finish_message(&mut output[..room]) {
            Ok(finished) => {
                inflated.extend_from_slice(&output[..finished.produced]);
                if finished.done {
                    return Ok(inflated);
                }
                assert!(finished.produced > 0, "not done, and nothing written");
            }
            Err(error) => return Err(Refused { error, inflated, presented: message.len() }),
        }
    }
}

impl Room {
    /// The whole message at once, to as much room as it needs.
    pub(crate) const WHOLE: Self = Self { parts: Sizes::WHOLE, rooms: Sizes::WHOLE, is_small: false };
}

pub(crate) fn compress(compressor: &mut Compressor<'_>, message: &[u8], room: &Room) -> Vec<u8> {
    let largest_room = if room.is_small { 20 } else { message.len() * 9 / 8 + 64 };
    let (mut parts, mut rooms) = (room.parts.turns(), room.rooms.turns());
    let mut compressed = Vec::new();
    let mut output = vec![0xEE; largest_room];
    let mut rest = message;
    assert!(compressor.is_idle());
    loop {
        let part = parts.next().expect("turns without end").of(rest.len());
        let room = rooms.next().expect("turns without end").of(largest_room);
        let flush = part == rest.len();
        let progress = compressor.compress(&rest[..part], &mut output[..room], flush);
        assert!(progress.produced <= room && progress.consumed <= part && (flush || !progress.done), "{progress:?}");
        // Up to 63 bits wait inside, so that up to 7 bytes of room may stay.
        let was_full = progress.produced + 8 > room;
        let was_all = progress.consumed == part && (progress.done || !flush);
        assert!(was_all || was_full, "{progress:?} of {part} for {room}");
        assert_eq!(compressor.is_idle(), progress.done);
        compressed.extend_from_slice(&output[..progress.produced]);
        rest = &rest[progress.consumed..];
        if progress.done {
            assert!(rest.is_empty());
            return compressed;
        }
    }
}
