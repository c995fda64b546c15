//! Our inflater and our compressor, with input and output cut in all ways.

use crate::chance::Chance;
use sansocket::{Compressor, InflateError, Inflater};
use std::fmt::{self, Debug, Formatter};

/// How a compressed message is presented.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cut {
    /// At once, to as much room as there is.
    Whole,
    /// Octet by octet, each to as much room as there is.
    Octets,
    /// Anywhere, to any room from one octet on.
    Anywhere,
}

impl Cut {
    pub(crate) fn any(chance: &mut Chance) -> Self {
        chance.pick(&[Self::Whole, Self::Anywhere, Self::Anywhere, Self::Anywhere])
    }
}

/// A message that our inflater does not take.
pub(crate) struct Refused {
    pub(crate) error: InflateError,
    /// What came out before the call that failed.
    pub(crate) inflated: Vec<u8>,
    /// The octets presented up to and with that call.
    pub(crate) presented: usize,
}

/// The length of what came out instead of its octets, which may be many.
impl Debug for Refused {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} within {} octets, after {} were inflated", self.error, self.presented, self.inflated.len())
    }
}

/// More than the largest window. An octet cannot fill it.
const ROOM: usize = 40_000;

/// Inflates a message and ends it.
pub(crate) fn inflate(inflater: &mut Inflater<'_>, message: &[u8], cut: Cut, chance: &mut Chance) -> Result<Vec<u8>, Refused> {
    let mut inflated = Vec::new();
    let mut output = vec![0xEE; ROOM];
    let largest_room = chance.pick(&[1, 5, 600, ROOM]);
    let room = |chance: &mut Chance| if cut == Cut::Anywhere { chance.between(1, largest_room) } else { ROOM };
    let (mut rest, mut may_have_more) = (message, false);
    while !rest.is_empty() || may_have_more {
        let part = match cut {
            Cut::Whole => rest.len(),
            // A fault that stands behind octets is given before the next octet is.
            Cut::Octets => rest.len().min(usize::from(!may_have_more)),
            Cut::Anywhere => chance.part(rest.len()),
        };
        let room = room(chance);
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
        let room = room(chance);
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

/// Compresses a message, half of the time in parts, a third of the time to little room or none.
pub(crate) fn compress(compressor: &mut Compressor<'_>, message: &[u8], chance: &mut Chance) -> Vec<u8> {
    let in_parts = chance.one_in(2);
    let largest_room = if chance.one_in(3) { 20 } else { message.len() * 9 / 8 + 64 };
    let mut compressed = Vec::new();
    let mut output = vec![0xEE; largest_room];
    let mut rest = message;
    loop {
        let part = if in_parts { chance.part(rest.len()) } else { rest.len() };
        let room = if in_parts || largest_room == 20 { chance.part(largest_room) } else { largest_room };
        let flush = part == rest.len();
        let progress = compressor.compress(&rest[..part], &mut output[..room], flush);
        assert!(progress.produced <= room && progress.consumed <= part && (flush || !progress.done), "{progress:?}");
        // Up to 63 bits wait inside, so that up to 7 octets of room may stay.
        let was_full = progress.produced + 8 > room;
        let was_all = progress.consumed == part && (progress.done || !flush);
        assert!(was_all || was_full, "{progress:?} of {part} for {room}");
        compressed.extend_from_slice(&output[..progress.produced]);
        rest = &rest[progress.consumed..];
        if progress.done {
            assert!(rest.is_empty());
            return compressed;
        }
    }
}
