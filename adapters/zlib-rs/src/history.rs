//! The last bytes that were inflated, for a zlib that forgets them.

/// The last 2^window_bits bytes, in a ring.
pub(crate) struct History {
    bytes: Box<[u8]>,
    /// Where the next byte goes: the oldest one, if it is full.
    next: usize,
    is_full: bool,
}

impl History {
    pub(crate) fn new(window_bits: u8) -> Self {
        Self { bytes: vec![0; 1 << window_bits].into_boxed_slice(), next: 0, is_full: false }
    }

    pub(crate) fn clear(&mut self) {
        (self.next, self.is_full) = (0, false);
    }

    pub(crate) fn push(&mut self, bytes: &[u8]) {
        let len = self.bytes.len();
        let last = &bytes[bytes.len().saturating_sub(len)..];
        let (to_the_end, from_the_start) = last.split_at(last.len().min(len - self.next));
        self.bytes[self.next..][..to_the_end.len()].copy_from_slice(to_the_end);
        self.bytes[..from_the_start.len()].copy_from_slice(from_the_start);
        self.next += last.len();
        if self.next >= len {
            (self.next, self.is_full) = (self.next - len, true);
        }
    }

    /// The older part and the newer one.
    pub(crate) fn parts(&self) -> [&[u8]; 2] {
        let (newer, older) = self.bytes.split_at(self.next);
        [if self.is_full { older } else { &[] }, newer]
    }
}

#[cfg(test)]
mod tests {
    use super::History;

    #[test]
    fn ring_holds_the_last_bytes() {
        let all: Vec<u8> = (0..3_000_u32).map(|i| (i * i / 8) as u8).collect();
        for step in [1, 7, 255, 256, 257, 700] {
            let (mut history, mut len) = (History::new(8), 0);
            for piece in all.chunks(step) {
                history.push(piece);
                len += piece.len();
                assert_eq!(history.parts().concat(), all[len.saturating_sub(256)..len], "{len} in pieces of {step}");
            }
            history.clear();
            assert_eq!(history.parts().concat(), []);
        }
    }
}
