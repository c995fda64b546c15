//! C zlib for raw DEFLATE, and all the unsafe code of this package.

use crate::inputs::{Size, one_of, size};
use libz_sys as z;
use proptest::collection::vec;
use proptest::prelude::*;
use std::ffi::{CStr, c_int};
use std::mem::MaybeUninit;

unsafe extern "C" {
    /// Begins a new stream and keeps the window. In zlib.h, but not in the binding.
    fn inflateResetKeep(stream: *mut z::z_stream) -> c_int;
}

/// The bytes that the sender of a message removes from its end (RFC 7692 §7.2.1).
pub(crate) const TAIL: [u8; 4] = [0, 0, 0xFF, 0xFF];

pub(crate) fn version() -> &'static str {
    // SAFETY: it gives a constant of zlib's.
    unsafe { CStr::from_ptr(z::zlibVersion()) }.to_str().expect("a version in ASCII")
}

type Call = unsafe extern "C" fn(*mut z::z_stream, c_int) -> c_int;

/// An initialised stream. zlib keeps a pointer to it, so it stays where it is.
struct Stream(*mut z::z_stream);

impl Stream {
    /// `init` gets a stream of zeros, the version and the size of the stream.
    fn new(init: impl FnOnce(*mut z::z_stream, *const std::ffi::c_char, c_int) -> c_int) -> Self {
        // Zeros ask for zlib's own allocator. They are not a valid `z_stream` for Rust until `init` has filled it.
        let stream = Box::into_raw(Box::new(MaybeUninit::<z::z_stream>::zeroed())).cast::<z::z_stream>();
        // SAFETY: as above.
        let version = unsafe { z::zlibVersion() };
        assert_eq!(init(stream, version, size_of::<z::z_stream>() as c_int), z::Z_OK);
        Self(stream)
    }

    /// Calls until `input` is used up and all output is there, or the stream ends or breaks. Gives the last result and the rest
    /// of the input.
    fn run<'i>(&mut self, call: Call, flush: c_int, input: &'i [u8], output: &mut Vec<u8>) -> (c_int, &'i [u8]) {
        let mut room = [0; 4096];
        // SAFETY: the stream is initialised and ours alone. Both buffers outlive the calls, and zlib only reads its input.
        unsafe {
            let stream = self.0;
            (*stream).next_in = input.as_ptr().cast_mut();
            (*stream).avail_in = input.len() as u32;
            loop {
                (*stream).next_out = room.as_mut_ptr();
                (*stream).avail_out = room.len() as u32;
                let result = call(stream, flush);
                let left = (*stream).avail_out as usize;
                output.extend_from_slice(&room[..room.len() - left]);
                // Z_BUF_ERROR says that nothing was left to do.
                if left > 0 || !matches!(result, z::Z_OK | z::Z_BUF_ERROR) {
                    return (result, &input[input.len() - (*stream).avail_in as usize..]);
                }
            }
        }
    }

    fn end(&mut self, end: unsafe extern "C" fn(*mut z::z_stream) -> c_int) {
        // SAFETY: the stream is initialised, came from a box and is not used again.
        unsafe {
            end(self.0);
            drop(Box::from_raw(self.0));
        }
    }
}

/// What zlib compresses by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    pub(crate) window_bits: u8,
    level: c_int,
    strategy: c_int,
    mem_level: c_int,
}

/// Windows of 9 to 15 bits.
pub(crate) fn settings() -> impl Strategy<Value = Settings> {
    let others = (0..=9, 0..=z::Z_FIXED, 1..=9);
    (9..=15_u8, others).prop_map(|(window_bits, (level, strategy, mem_level))| Settings {
        window_bits,
        level,
        strategy,
        mem_level,
    })
}

/// How a message is cut inside zlib, and how it ends.
#[derive(Clone, Debug)]
pub(crate) struct Flushes {
    /// After parts of what is left.
    inside: Vec<(Size, c_int)>,
    /// By a block with BFINAL set.
    is_final: bool,
    /// With a byte 00 after that, or for what has no byte. Some leave it out.
    with_zero: bool,
}

pub(crate) fn flushes() -> impl Strategy<Value = Flushes> {
    let flush = one_of(&[z::Z_NO_FLUSH, z::Z_PARTIAL_FLUSH, z::Z_SYNC_FLUSH, z::Z_FULL_FLUSH, z::Z_BLOCK]);
    let inside = prop_oneof![2 => Just(Vec::new()), 1 => vec((size(), flush), 1..5)];
    (inside, prop::bool::weighted(1.0 / 3.0), any::<bool>()).prop_map(|(inside, is_final, with_zero)| Flushes {
        inside,
        is_final,
        with_zero,
    })
}

pub(crate) struct Deflater(Stream);

impl Deflater {
    pub(crate) fn new(settings: Settings) -> Self {
        let Settings { window_bits, level, strategy, mem_level } = settings;
        Self(Stream::new(|stream, version, size| {
            let window_bits = -c_int::from(window_bits);
            // SAFETY: a stream of zeros, zlib's own version and the right size.
            unsafe { z::deflateInit2_(stream, level, z::Z_DEFLATED, window_bits, mem_level, strategy, version, size) }
        }))
    }

    pub(crate) fn reset(&mut self) {
        // SAFETY: the stream is initialised.
        assert_eq!(unsafe { z::deflateReset(self.0.0) }, z::Z_OK);
    }

    pub(crate) fn write(&mut self, input: &[u8], flush: c_int, output: &mut Vec<u8>) {
        let (result, rest) = self.0.run(z::deflate, flush, input, output);
        assert!(matches!(result, z::Z_OK | z::Z_STREAM_END | z::Z_BUF_ERROR) && rest.is_empty(), "{result}");
    }

    /// The payload of a compressed message (RFC 7692 §7.2.1), with flushes of all kinds inside, and ended in one of four ways.
    pub(crate) fn message(&mut self, flushes: &Flushes, message: &[u8]) -> Vec<u8> {
        let (mut payload, mut rest) = (Vec::new(), message);
        for (size, flush) in &flushes.inside {
            let (part, more) = rest.split_at(size.of(rest.len()));
            self.write(part, *flush, &mut payload);
            rest = more;
        }
        let zero = if flushes.with_zero { &[0][..] } else { &[] };
        if flushes.is_final {
            // §7.2.3.4: a block with BFINAL set, and the byte 00 after it.
            self.write(rest, z::Z_FINISH, &mut payload);
            self.reset();
            payload.extend(zero);
            return payload;
        }
        self.write(rest, z::Z_SYNC_FLUSH, &mut payload);
        if payload.is_empty() {
            // §7.2.3.6: an empty message where zlib has nothing to flush. RSV1 over no bytes means the same.
            payload.extend(zero);
        } else {
            assert!(payload.ends_with(&TAIL));
            payload.truncate(payload.len() - TAIL.len());
        }
        payload
    }
}

impl Drop for Deflater {
    fn drop(&mut self) {
        self.0.end(z::deflateEnd);
    }
}

pub(crate) struct Inflater {
    stream: Stream,
    /// Nothing was read since the start or since a block with BFINAL.
    fresh: bool,
}

impl Inflater {
    /// For a window of 8 to 15 bits.
    pub(crate) fn new(window_bits: u8) -> Self {
        let stream = Stream::new(|stream, version, size| {
            // SAFETY: a stream of zeros, zlib's own version and the right size.
            unsafe { z::inflateInit2_(stream, -c_int::from(window_bits), version, size) }
        });
        Self { stream, fresh: true }
    }

    pub(crate) fn reset(&mut self) {
        // SAFETY: the stream is initialised.
        assert_eq!(unsafe { z::inflateReset(self.stream.0) }, z::Z_OK);
        self.fresh = true;
    }

    /// Inflates all of `input`, also what follows a block with BFINAL (RFC 7692 §7.2.3.4). False if it is refused.
    #[must_use]
    pub(crate) fn inflate(&mut self, input: &[u8], output: &mut Vec<u8>) -> bool {
        let mut rest = input;
        self.fresh &= rest.is_empty();
        loop {
            let result;
            (result, rest) = self.stream.run(z::inflate, z::Z_SYNC_FLUSH, rest, output);
            match result {
                z::Z_OK | z::Z_BUF_ERROR => return true,
                z::Z_STREAM_END => {
                    // SAFETY: the stream is initialised.
                    assert_eq!(unsafe { inflateResetKeep(self.stream.0) }, z::Z_OK);
                    self.fresh = rest.is_empty();
                    if self.fresh {
                        return true;
                    }
                }
                z::Z_DATA_ERROR => return false,
                other => panic!("zlib says {other}"),
            }
        }
    }

    /// Whether a message may end here: with the bytes removed from its end, or with a block with BFINAL. Ends it.
    #[must_use]
    pub(crate) fn finish_message(&mut self) -> bool {
        /// What `data_type` is between two blocks and between two bytes.
        const BETWEEN_BLOCKS: c_int = 128;
        if self.fresh {
            return true;
        }
        let mut more = Vec::new();
        let valid = self.inflate(&TAIL, &mut more) && more.is_empty();
        // SAFETY: the stream is initialised.
        let data_type = unsafe { (*self.stream.0).data_type };
        valid && (self.fresh || data_type == BETWEEN_BLOCKS)
    }
}

impl Drop for Inflater {
    fn drop(&mut self) {
        self.stream.end(z::inflateEnd);
    }
}
