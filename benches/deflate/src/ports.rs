//! The codecs in Rust that are not ours.

use crate::codec::{Compress, Inflate, TAIL};
use miniz_oxide::deflate::core::{CompressorOxide, TDEFLFlush, TDEFLStatus, compress, create_comp_flags_from_zip_params};
use miniz_oxide::inflate::stream::{InflateState, inflate};
use miniz_oxide::{DataFormat, MZFlush};
use zlib_rs::{Deflate, DeflateFlush, InflateFlush, Status};

pub(crate) struct ZlibRs(Deflate);

impl ZlibRs {
    pub(crate) fn new(level: i32) -> Self {
        Self(Deflate::new(level, false, 15))
    }
}

impl Compress for ZlibRs {
    fn message(&mut self, input: &[u8], output: &mut [u8]) -> usize {
        let before = self.0.total_out();
        assert_eq!(self.0.compress(input, output, DeflateFlush::SyncFlush), Ok(Status::Ok));
        (self.0.total_out() - before) as usize - TAIL.len()
    }

    fn reset(&mut self) {
        self.0.reset();
    }
}

pub(crate) struct ZlibRsInflate(zlib_rs::Inflate);

impl ZlibRsInflate {
    pub(crate) fn new() -> Self {
        Self(zlib_rs::Inflate::new(false, 15))
    }
}

impl Inflate for ZlibRsInflate {
    fn message(&mut self, input: &[u8], output: &mut [u8]) -> usize {
        let before = self.0.total_out();
        assert_eq!(self.0.decompress(input, output, InflateFlush::SyncFlush), Ok(Status::Ok));
        (self.0.total_out() - before) as usize
    }
}

pub(crate) struct Miniz(Box<CompressorOxide>);

impl Miniz {
    pub(crate) fn new(level: i32) -> Self {
        Self(Box::new(CompressorOxide::new(create_comp_flags_from_zip_params(level, -15, 0))))
    }
}

impl Compress for Miniz {
    fn message(&mut self, input: &[u8], output: &mut [u8]) -> usize {
        let (status, consumed, produced) = compress(&mut self.0, input, output, TDEFLFlush::Sync);
        assert!(status == TDEFLStatus::Okay && consumed == input.len(), "the output has room");
        produced - TAIL.len()
    }

    fn reset(&mut self) {
        self.0.reset();
    }
}

pub(crate) struct MinizInflate(Box<InflateState>);

impl MinizInflate {
    pub(crate) fn new() -> Self {
        Self(InflateState::new_boxed(DataFormat::Raw))
    }
}

impl Inflate for MinizInflate {
    fn message(&mut self, mut input: &[u8], output: &mut [u8]) -> usize {
        let mut written = 0;
        loop {
            let made = inflate(&mut self.0, input, &mut output[written..], MZFlush::Sync);
            input = &input[made.bytes_consumed..];
            written += made.bytes_written;
            // It takes all input before all output is out, and says then that nothing was to do.
            if made.bytes_consumed == 0 && made.bytes_written == 0 {
                assert!(input.is_empty(), "{:?}", made.status);
                return written;
            }
            made.status.expect("a valid stream");
        }
    }
}
