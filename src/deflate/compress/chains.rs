//! The search for matches by hash chains: for each three bytes the places where they stood, the latest first, in lent memory.

use super::positions::{AGE, MAX_POSITION, low_16};
use super::symbols::{MAX_MATCH, MIN_MATCH, Match, common_len};
use super::tables::{Tables, index};
use crate::length::copy;

/// The bytes of the window and those that follow it, in one piece, and where some of them occurred before.
///
/// Positions count from the first byte on, modulo 2^16, and are aged before they wrap around, so that none is ever taken for
/// another. What stood before the last reset is beyond the reach of every search.
pub(super) struct Chains<'m> {
    /// At least the window before `at`, then what is not compressed yet.
    bytes: &'m mut [u8],
    tables: Tables<'m>,
    /// How far back a match may begin.
    limit: usize,
    /// The position of the first byte, modulo the numbers of `usize`: that byte may be too old to have one.
    base: usize,
    /// The first byte that may be referred to.
    start: usize,
    at: usize,
    end: usize,
}

/// How long a search goes on.
#[derive(Clone, Copy)]
pub(super) struct Effort {
    /// How many places are looked at.
    pub(super) chain: u16,
    /// Of those a quarter, if the match that is to be exceeded has this length.
    pub(super) good: u16,
    /// A match of this length is taken at once.
    pub(super) nice: u16,
    /// A match of this length is taken without a search at the next byte.
    pub(super) lazy: u16,
}

impl Effort {
    pub(super) const DEFAULT: Self = Self { chain: 32, good: 6, nice: 64, lazy: 16 };
    pub(super) const BEST: Self = Self { chain: 512, good: 32, nice: 258, lazy: 258 };
}

/// With so many bytes after it, what is found at a position and the next one does not depend on what follows.
pub(super) const LOOKAHEAD: usize = MAX_MATCH + 4;

/// Three bytes from further back cost more than they do by themselves.
const FAR: u32 = 4096;

impl<'m> Chains<'m> {
    /// `None` if the lengths do not go together.
    pub(super) fn new(bytes: &'m mut [u8], heads: &'m mut [u8], steps: &'m mut [u8], threes: &'m mut [u8]) -> Option<Self> {
        let tables = Tables::new(heads, steps, threes)?;
        if bytes.len() <= tables.window() + LOOKAHEAD || bytes.len() > 0xFFFF {
            return None;
        }
        Some(Self { limit: tables.window(), bytes, tables, base: 1, start: 0, at: 0, end: 0 })
    }

    pub(super) const fn window(&self) -> usize {
        self.tables.window()
    }

    pub(super) const fn limit_window(&mut self, limit: usize) {
        self.limit = limit;
    }

    /// Forgets everything. Takes the same time for every window.
    pub(super) const fn reset(&mut self) {
        self.base = self.base.wrapping_add(self.end);
        (self.start, self.at, self.end) = (0, 0, 0);
    }

    /// How many bytes are still to be compressed.
    pub(super) const fn left(&self) -> usize {
        self.end - self.at
    }

    /// The next byte to be compressed.
    pub(super) fn next(&self) -> u8 {
        self.bytes.get(self.at).copied().unwrap_or_default()
    }

    /// The last `len` bytes that were compressed, at most the window.
    pub(super) fn last(&self, len: usize) -> &[u8] {
        self.bytes.get(self.at.saturating_sub(len)..self.at).unwrap_or(&[])
    }

    /// Takes in as much of `input` as there is room for, and returns how much.
    pub(super) fn fill(&mut self, input: &[u8]) -> usize {
        let old = self.at.saturating_sub(self.window());
        if self.end == self.bytes.len() && old > 0 && !input.is_empty() {
            slide(self.bytes, old);
            self.base = self.base.wrapping_add(old);
            self.start = self.start.saturating_sub(old);
            (self.at, self.end) = (self.at - old, self.end - old);
        }
        let taken = self.bytes.get_mut(self.end..).map_or(0, |room| copy(input, room));
        self.end += taken;
        taken
    }

    /// Goes on by a byte, which was searched for.
    pub(super) const fn advance(&mut self) {
        self.at += 1;
    }

    /// Goes on by `len` bytes, and enters those from the `from`th on by their hash of four.
    pub(super) fn skip(&mut self, from: usize, len: usize) {
        let at = self.at + len;
        let mut position = low_16(self.base.wrapping_add(self.at + from));
        for bytes in self.bytes.get(self.at + from..(at + 3).min(self.end)).unwrap_or(&[]).windows(4) {
            if let Some(four) = bytes.first_chunk::<4>() {
                self.tables.enter(u32::from_le_bytes(*four), position);
            }
            position = position.wrapping_add(1);
        }
        self.at = at;
    }

    /// The nearest of the longest matches for the bytes `ahead` after the next one, if it is longer than `than`. Enters their
    /// position.
    pub(super) fn find(&mut self, ahead: usize, than: u16, effort: &Effort) -> Match {
        let at = self.at + ahead;
        if self.base.wrapping_add(at) > MAX_POSITION {
            self.age(at);
        }
        let rest = self.bytes.get(at..self.end).unwrap_or(&[]);
        let rest = rest.get(..MAX_MATCH).unwrap_or(rest);
        let reach = low_32((at - self.start).min(self.limit));
        let position = low_16(self.base.wrapping_add(at));
        let Some(&four) = rest.first_chunk::<4>() else { return self.find_last_three(rest, at, position, than, reach) };
        let four = u32::from_le_bytes(four);
        let near = self.tables.enter_three(four, position);
        let (mut distance, at) = (u32::from(self.tables.enter(four, position)), low_32(at));
        let (mut best, mut found) = (u32::from(than.max(MIN_MATCH)), 0);
        if index(best) < rest.len() {
            let mut tries = if than >= effort.good { effort.chain >> 2 } else { effort.chain };
            let nice = u32::from(effort.nice).min(low_32(rest.len()));
            // A longer match has the same bytes at the end of the best one and after it.
            let mut tail = at + best - 3;
            let mut wanted = word(self.bytes, tail);
            let place = self.tables.place(position);
            while distance <= reach {
                let there = word(self.bytes, tail.wrapping_sub(distance));
                if there.is_none() {
                    break;
                }
                if there == wanted {
                    let len = low_32(common_len(rest, self.bytes.get(index(at.wrapping_sub(distance))..).unwrap_or(&[])));
                    if len > best {
                        (best, found) = (len, distance);
                        if len >= nice {
                            break;
                        }
                        tail = at + best - 3;
                        wanted = word(self.bytes, tail);
                    }
                }
                tries = tries.wrapping_sub(1);
                if tries == 0 {
                    break;
                }
                let Some(step) = self.tables.step(place.wrapping_sub(distance)) else { break };
                distance += step;
            }
        }
        if found > 0 {
            return Match { len: low_16(index(best)), distance: low_16(index(found)) };
        }
        let is_there = |distance| word(self.bytes, at.wrapping_sub(distance)).is_some_and(|there| there << 8 == four << 8);
        nearest_three(than, near, reach, is_there)
    }

    /// Where only three bytes are left.
    #[cold]
    #[inline(never)]
    fn find_last_three(&self, rest: &[u8], at: usize, position: u16, than: u16, reach: u32) -> Match {
        let &[a, b, c] = rest else { return Match::NONE };
        let near = self.tables.distance_of_three([a, b, c], position);
        nearest_three(than, near, reach, |distance| {
            self.bytes.get(at.wrapping_sub(index(distance))..).is_some_and(|from| from.starts_with(rest))
        })
    }

    #[cold]
    #[inline(never)]
    fn age(&mut self, at: usize) {
        while self.base.wrapping_add(at) > MAX_POSITION {
            self.tables.age();
            self.base = self.base.wrapping_sub(usize::from(AGE));
        }
    }
}

/// Three bytes, if the ones at the distance are the same and nothing longer was found.
#[inline(always)]
fn nearest_three(than: u16, near: u16, reach: u32, is_there: impl FnOnce(u32) -> bool) -> Match {
    let distance = u32::from(near);
    if than < MIN_MATCH && distance <= reach.min(FAR) && is_there(distance) {
        Match { len: MIN_MATCH, distance: near }
    } else {
        Match::NONE
    }
}

/// Four bytes from `at` on.
#[inline(always)]
fn word(bytes: &[u8], at: u32) -> Option<u32> {
    let at = index(at);
    match bytes.get(at..at.wrapping_add(4)) {
        Some(&[a, b, c, d]) => Some(u32::from_le_bytes([a, b, c, d])),
        _ => None,
    }
}

/// A number modulo 2^32.
#[inline(always)]
fn low_32(number: usize) -> u32 {
    let [a, b, c, d, ..] = number.to_le_bytes();
    u32::from_le_bytes([a, b, c, d])
}

/// Moves all bytes from `by` on, which is not 0, down by so many, piece by piece, so that no two overlap.
fn slide(bytes: &mut [u8], by: usize) {
    let mut rest = bytes;
    while let Some((to, from)) = rest.split_at_mut_checked(by) {
        copy(from, to);
        rest = from;
    }
}
