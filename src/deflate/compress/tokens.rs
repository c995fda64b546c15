//! A block before it is written: its bytes and matches, three bytes each, in lent memory.

use super::symbols::{MIN_MATCH, Match};

/// What a block is made of, in order.
pub(super) struct Tokens<'m> {
    bytes: &'m mut [u8],
    /// How many of the bytes are used.
    filled: usize,
}

#[derive(Clone, Copy)]
pub(super) enum Token {
    Literal(u8),
    Match(Match),
}

pub(super) const TOKEN_LEN: usize = 3;

impl<'m> Tokens<'m> {
    pub(super) const fn new(bytes: &'m mut [u8]) -> Self {
        Self { bytes, filled: 0 }
    }

    pub(super) const fn len(&self) -> usize {
        self.filled / TOKEN_LEN
    }

    pub(super) const fn is_full(&self) -> bool {
        self.filled + TOKEN_LEN > self.bytes.len()
    }

    pub(super) const fn clear(&mut self) {
        self.filled = 0;
    }

    #[inline(always)]
    pub(super) fn push(&mut self, token: Token) {
        let place = self.bytes.get_mut(self.filled..).and_then(|free| free.first_chunk_mut::<TOKEN_LEN>());
        let Some(place) = place else { return };
        *place = match token {
            Token::Literal(byte) => [0, 0, byte],
            Token::Match(Match { len, distance }) => {
                let ([low, high], [len, _]) = (distance.to_le_bytes(), (len - MIN_MATCH).to_le_bytes());
                [low, high, len]
            }
        };
        self.filled += TOKEN_LEN;
    }

    /// Those from the `from`th on.
    #[inline(always)]
    pub(super) fn iter(&self, from: usize) -> impl Iterator<Item = Token> {
        self.bytes.get(from * TOKEN_LEN..self.filled).unwrap_or(&[]).chunks_exact(TOKEN_LEN).map(|token| match *token {
            [0, 0, byte] => Token::Literal(byte),
            [low, high, len] => {
                Token::Match(Match { len: u16::from(len) + MIN_MATCH, distance: u16::from_le_bytes([low, high]) })
            }
            _ => Token::Literal(0),
        })
    }
}
