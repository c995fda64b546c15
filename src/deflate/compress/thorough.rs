//! The levels with blocks of their own codes: what is found is collected, and written in the shortest of the three ways.

use super::super::bits::BitWriter;
use super::blocks::{BLOCKS, Blocks, Choice};
pub(super) use super::chains::Effort;
use super::chains::{Chains, LOOKAHEAD};
use super::run::Run;
use super::symbols::{MIN_MATCH, Match};
use super::tokens::{TOKEN_LEN, Token, Tokens};
use crate::length::copy;

/// A compressor that keeps what is fed until a block is full, so that its output depends neither on the splits of the input nor on
/// the room of each call.
pub(super) struct Thorough<'m> {
    chains: Chains<'m>,
    tokens: Tokens<'m>,
    blocks: Blocks<'m>,
    bits: BitWriter,
    stage: Stage,
    effort: Effort,
    /// How many bytes the tokens stand for.
    raw: usize,
    /// What was found at the next byte.
    ahead: Option<Match>,
}

/// What comes next.
#[derive(Clone, Copy)]
enum Stage {
    /// Input, until the block is full or the message ends.
    Collect,
    /// The header, from a bit on, and then the tokens or the bytes themselves.
    Header { at: u32, choice: Choice },
    /// The tokens from one on.
    Tokens { at: usize },
    /// LEN and NLEN.
    StoredLen,
    /// So many bytes.
    Stored { left: usize },
    /// The end of the message, of which some bits are still to be written.
    Flushed,
}

/// How much of the lent memory is what.
struct Shares {
    bytes: usize,
    heads: usize,
    steps: usize,
    threes: usize,
    tokens: usize,
}

impl Shares {
    const fn of(window_bits: u8) -> Self {
        let window = 1_usize << window_bits;
        Self {
            bytes: window + window / 8 + 512,
            heads: window,
            steps: 2 * window,
            threes: window / 4,
            tokens: TOKEN_LEN * (window / 8 + 224),
        }
    }
}

impl<'m> Thorough<'m> {
    /// How much memory the window needs.
    pub(super) const fn memory_len(window_bits: u8) -> usize {
        let Shares { bytes, heads, steps, threes, tokens } = Shares::of(window_bits);
        bytes + heads + steps + threes + tokens + BLOCKS
    }

    pub(super) fn new(window_bits: u8, effort: Effort, memory: &'m mut [u8]) -> Option<Self> {
        let shares = Shares::of(window_bits);
        let (bytes, memory) = memory.split_at_mut_checked(shares.bytes)?;
        let (heads, memory) = memory.split_at_mut_checked(shares.heads)?;
        let (steps, memory) = memory.split_at_mut_checked(shares.steps)?;
        let (threes, memory) = memory.split_at_mut_checked(shares.threes)?;
        let (tokens, memory) = memory.split_at_mut_checked(shares.tokens)?;
        let blocks = memory.get_mut(..BLOCKS)?;
        Some(Self {
            chains: Chains::new(bytes, heads, steps, threes)?,
            tokens: Tokens::new(tokens),
            blocks: Blocks::new(blocks),
            bits: BitWriter::new(),
            stage: Stage::Collect,
            effort,
            raw: 0,
            ahead: None,
        })
    }

    pub(super) const fn window(&self) -> usize {
        self.chains.window()
    }

    pub(super) const fn limit_window(&mut self, limit: usize) {
        self.chains.limit_window(limit);
    }

    pub(super) const fn reset(&mut self) {
        self.chains.reset();
        self.tokens.clear();
        self.bits = BitWriter::new();
        self.stage = Stage::Collect;
        self.raw = 0;
        self.ahead = None;
    }

    /// Goes on as far as input and room allow, and returns whether the message is done.
    pub(super) fn compress(&mut self, run: &mut Run<'_>, flush: bool) -> bool {
        loop {
            let goes_on = match self.stage {
                Stage::Collect => self.collect(run, flush),
                Stage::Header { at, choice } => self.header(run, at, choice),
                Stage::Tokens { at } => self.tokens(run, at),
                Stage::StoredLen => self.stored_len(run),
                Stage::Stored { left } => self.stored(run, left),
                Stage::Flushed => {
                    self.drain(run);
                    let done = self.bits.count() == 0;
                    if done {
                        self.stage = Stage::Collect;
                    }
                    return done;
                }
            };
            if !goes_on {
                return false;
            }
        }
    }

    fn drain(&mut self, run: &mut Run<'_>) {
        run.written = self.bits.drain(run.output, run.written);
    }

    /// Takes input in and makes tokens of it. False if there is nothing to do without more input or room.
    fn collect(&mut self, run: &mut Run<'_>, flush: bool) -> bool {
        loop {
            run.at += self.chains.fill(run.input.get(run.at..).unwrap_or(&[]));
            let is_all = run.at == run.input.len();
            self.search(flush && is_all);
            if self.tokens.is_full() {
                break;
            }
            if !is_all {
                continue;
            }
            if !flush {
                return false;
            }
            if self.tokens.len() > 0 {
                break;
            }
            self.drain(run);
            if self.bits.count() > 32 {
                return false;
            }
            // §7.2.1: the header of an empty stored block, whose LEN and NLEN are the bytes to be removed.
            self.bits.put(0, 3);
            self.bits.align();
            self.stage = Stage::Flushed;
            return true;
        }
        let stored = if self.raw <= self.chains.window() { Some(self.raw) } else { None };
        let choice = self.blocks.choose(&self.tokens, stored, self.bits.count());
        self.stage = Stage::Header { at: 0, choice };
        true
    }

    /// Makes tokens of what was taken in, until the block is full or it does not depend on what follows only. `ends` says that
    /// nothing follows.
    fn search(&mut self, ends: bool) {
        let least = if ends { 1 } else { LOOKAHEAD };
        while self.chains.left() >= least && !self.tokens.is_full() {
            let found = match self.ahead.take() {
                Some(found) => found,
                None => self.chains.find(0, MIN_MATCH - 1, &self.effort),
            };
            let is_match = found.len >= MIN_MATCH;
            // Lazy matching: prefer a longer match one byte later.
            let hesitates = is_match && found.len < self.effort.lazy;
            if hesitates {
                self.ahead = Some(self.chains.find(1, found.len, &self.effort)).filter(|later| later.len > found.len);
            }
            if is_match && self.ahead.is_none() {
                let len = usize::from(found.len);
                self.tokens.push(Token::Match(found));
                self.raw += len;
                self.chains.skip(if hesitates { 2 } else { 1 }, len);
            } else {
                self.tokens.push(Token::Literal(self.chains.next()));
                self.raw += 1;
                self.chains.advance();
            }
        }
    }

    fn header(&mut self, run: &mut Run<'_>, at: u32, choice: Choice) -> bool {
        let mut at = at;
        while at < choice.header_len {
            if self.bits.count() > 48 {
                self.drain(run);
                if self.bits.count() > 48 {
                    self.stage = Stage::Header { at, choice };
                    return false;
                }
            }
            let len = (choice.header_len - at).min(8);
            self.bits.put(self.blocks.header(at).into(), len);
            at += len;
        }
        self.stage = if choice.is_stored { Stage::StoredLen } else { Stage::Tokens { at: 0 } };
        true
    }

    fn tokens(&mut self, run: &mut Run<'_>, at: usize) -> bool {
        // With a token, at most 63 bits are held.
        const MOST_HELD: u32 = 15;
        let (mut bits, mut written, mut at) = (self.bits, run.written, at);
        for token in self.tokens.iter(at) {
            if bits.count() > MOST_HELD {
                written = bits.drain(run.output, written);
                if bits.count() > MOST_HELD {
                    break;
                }
            }
            self.blocks.put(token, &mut bits);
            at += 1;
        }
        written = bits.drain(run.output, written);
        let ends = at == self.tokens.len() && bits.count() <= 48;
        if ends {
            self.blocks.put_end(&mut bits);
        }
        (self.bits, run.written) = (bits, written);
        if ends {
            self.end_block();
        } else {
            self.stage = Stage::Tokens { at };
        }
        ends
    }

    fn end_block(&mut self) {
        self.tokens.clear();
        self.raw = 0;
        self.stage = Stage::Collect;
    }

    fn stored_len(&mut self, run: &mut Run<'_>) -> bool {
        self.bits.align();
        self.drain(run);
        if self.bits.count() > 24 {
            return false;
        }
        let Ok(len) = u16::try_from(self.raw) else { return false };
        self.bits.put(u32::from(len), 16);
        self.bits.put(u32::from(!len), 16);
        self.stage = Stage::Stored { left: self.raw };
        true
    }

    fn stored(&mut self, run: &mut Run<'_>, left: usize) -> bool {
        self.drain(run);
        if self.bits.count() > 0 {
            return false;
        }
        let copied = run.output.get_mut(run.written..).map_or(0, |room| copy(self.chains.last(left), room));
        run.written += copied;
        if copied == left {
            self.end_block();
            return true;
        }
        self.stage = Stage::Stored { left: left - copied };
        false
    }
}
