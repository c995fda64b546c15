//! What another inflater, miniz_oxide, says of compressed messages (RFC 1951, RFC 7692 §7.2.2).

use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::inflate_flags::{TINFL_FLAG_HAS_MORE_INPUT, TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF};
use miniz_oxide::inflate::core::{DecompressorOxide, decompress};

/// The judgement of a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Opinion {
    Valid,
    /// All its bytes are valid, but it does not end where one may.
    Unfinished,
    Invalid,
    /// It gives more bytes than were expected.
    TooLong,
}

/// All that came out since the last reset: its windows are not limited.
#[derive(Default)]
pub(crate) struct SecondOpinion(Vec<u8>);

/// What a sender leaves out at the end of a message.
const LEFT_OUT: [u8; 4] = [0, 0, 0xFF, 0xFF];

/// A last block with one byte, which shows that a block can begin here.
const LAST_BLOCK: [u8; 6] = [1, 1, 0, 0xFE, 0xFF, b'!'];

impl SecondOpinion {
    /// The bytes of `message`, at most `most`.
    pub(crate) fn of(&mut self, message: &[u8], most: usize) -> (Opinion, &[u8]) {
        let from = self.0.len();
        let opinion = self.judge(message, most);
        (opinion, &self.0[from..])
    }

    pub(crate) fn reset(&mut self) {
        self.0.clear();
    }

    fn judge(&mut self, mut rest: &[u8], most: usize) -> Opinion {
        // §7.2.3.4: after a block with BFINAL others follow. Ours takes messages that end with it, and empty ones.
        while !rest.is_empty() {
            let from = self.0.len();
            let all = [rest, &LEFT_OUT, &LAST_BLOCK].concat();
            let (status, consumed) = self.inflate(&all, most + 1);
            if status == TINFLStatus::Done && consumed <= rest.len() {
                rest = &rest[consumed..];
                continue;
            }
            // What was left out may belong to a block with BFINAL, too.
            let is_finished = status == TINFLStatus::Done
                && (consumed == rest.len() + LEFT_OUT.len() || consumed == all.len() && self.0.pop() == Some(b'!'));
            let len = self.0.len();
            self.0.truncate(from);
            return match self.inflate(rest, most).0 {
                // What was left out does not count as content.
                TINFLStatus::NeedsMoreInput if is_finished && self.0.len() == len => Opinion::Valid,
                TINFLStatus::NeedsMoreInput => Opinion::Unfinished,
                TINFLStatus::HasMoreOutput => Opinion::TooLong,
                _ => Opinion::Invalid,
            };
        }
        Opinion::Valid
    }

    fn inflate(&mut self, bytes: &[u8], most: usize) -> (TINFLStatus, usize) {
        let from = self.0.len();
        self.0.resize(from + most, 0);
        let flags = TINFL_FLAG_HAS_MORE_INPUT | TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
        let (status, consumed, produced) = decompress(&mut DecompressorOxide::new(), bytes, &mut self.0, from, flags);
        self.0.truncate(from + produced);
        (status, consumed)
    }
}
