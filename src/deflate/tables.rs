//! How large the decoding tables of an inflater are, and how fast.

use super::entry::Entry;

/// The tables of an inflater: [`FastTables`] or [`SmallTables`].
pub trait Tables: Kind {}

impl<T: Kind> Tables for T {}

/// As fast as zlib, with 3.4 KB of state and, on a Cortex-M4, 10 KB of code: for hosts.
#[derive(Clone, Copy, Debug)]
pub struct FastTables;

/// For microcontrollers: 2.1 KB of state and 6.4 KB of code, at half of the speed.
#[derive(Clone, Copy, Debug)]
pub struct SmallTables;

/// What the inflater knows about its tables, which nobody else can add to.
pub trait Kind {
    /// How a table keeps an entry.
    #[expect(private_bounds, reason = "neither trait can be named outside of the library")]
    type Entry: Entry;

    /// Whether there is a loop of its own for when there is plenty of input and room.
    const HAS_FAST_LOOP: bool;
}

impl Kind for FastTables {
    type Entry = u32;
    const HAS_FAST_LOOP: bool = true;
}

impl Kind for SmallTables {
    type Entry = u16;
    const HAS_FAST_LOOP: bool = false;
}
