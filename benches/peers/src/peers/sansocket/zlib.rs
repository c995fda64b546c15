//! zlib-rs behind the seam for codecs (`sansocket::{Deflate, Inflate}`), as a program would put it there.
use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress};
use sansocket::{Compressed, Deflate, Finished, Inflate, InflateError, Progress};

/// What ends a flush and is not sent (RFC 7692 §7.2.1).
const TAIL: [u8; 4] = [0, 0, 0xff, 0xff];

pub struct ZlibDeflate {
    zlib: Compress,
    /// The last bytes that came out, which may be the tail.
    held: [u8; 4],
    len: usize,
    is_idle: bool,
}

impl ZlibDeflate {
    pub fn new(level: u32) -> Self {
        Self { zlib: Compress::new(Compression::new(level), false), held: TAIL, len: 0, is_idle: true }
    }
}

impl Deflate for ZlibDeflate {
    fn window_bits(&self) -> u8 {
        15
    }

    fn is_idle(&self) -> bool {
        self.is_idle
    }

    fn reset(&mut self) {
        self.zlib.reset();
        (self.len, self.is_idle) = (0, true);
    }

    fn compress(&mut self, input: &[u8], output: &mut [u8], flush: bool) -> Compressed {
        let Some((held, room)) = output.split_at_mut_checked(self.len) else {
            return Compressed { consumed: 0, produced: 0, done: false };
        };
        held.copy_from_slice(&self.held[..self.len]);
        let (read, written) = (self.zlib.total_in(), self.zlib.total_out());
        let how = if flush { FlushCompress::Sync } else { FlushCompress::None };
        self.zlib.compress(input, room, how).expect("compressing does not fail");
        let consumed = (self.zlib.total_in() - read) as usize;
        let more = (self.zlib.total_out() - written) as usize;
        // With room left all of the flush is out.
        let done = flush && consumed == input.len() && more < room.len();
        let all = self.len + more;
        let kept = all.min(TAIL.len());
        self.held[..kept].copy_from_slice(&output[all - kept..all]);
        (self.len, self.is_idle) = (if done { 0 } else { kept }, done);
        Compressed { consumed, produced: all - kept, done }
    }
}

pub struct ZlibInflate {
    zlib: Decompress,
    taken: u64,
    /// How much of the tail was given.
    tail: usize,
}

impl ZlibInflate {
    pub fn new() -> Self {
        Self { zlib: Decompress::new(false), taken: 0, tail: 0 }
    }

    fn step(&mut self, input: &[u8], output: &mut [u8]) -> Result<Progress, InflateError> {
        let (read, written) = (self.zlib.total_in(), self.zlib.total_out());
        self.zlib.decompress(input, output, FlushDecompress::Sync).map_err(|_| InflateError::Unspecified)?;
        let (consumed, produced) = ((self.zlib.total_in() - read) as usize, (self.zlib.total_out() - written) as usize);
        Ok(Progress { consumed, produced, more: produced == output.len() })
    }
}

impl Inflate for ZlibInflate {
    fn window_bits(&self) -> u8 {
        15
    }

    fn reset(&mut self) {
        self.zlib.reset(false);
        (self.taken, self.tail) = (0, 0);
    }

    fn taken(&self) -> u64 {
        self.taken
    }

    fn inflate(&mut self, input: &[u8], output: &mut [u8]) -> Result<Progress, InflateError> {
        let progress = self.step(input, output)?;
        self.taken += progress.consumed as u64;
        Ok(progress)
    }

    fn finish_message(&mut self, output: &mut [u8]) -> Result<Finished, InflateError> {
        let progress = self.step(&TAIL[self.tail..], output)?;
        self.tail += progress.consumed;
        let done = self.tail == TAIL.len() && !progress.more;
        if done {
            (self.taken, self.tail) = (0, 0);
        }
        Ok(Finished { produced: progress.produced, done })
    }
}
