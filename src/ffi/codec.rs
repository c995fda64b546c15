//! A codec of the caller's (RFC 7692): a struct of C functions that does what an inflater or a compressor does.

use super::memory::check_struct;
use super::numbers::sansocket_result;
use crate::{Compressed, Deflate, Finished, Inflate, InflateError, Progress};
use core::ffi::c_void;

/// What a codec of the caller's is to do in one step.
#[repr(C)]
pub struct sansocket_codec_step {
    /// In: what to read; nothing may be read through it if `input_len` is 0.
    pub input: *const u8,
    /// In: how many bytes.
    pub input_len: usize,
    /// In: where to write to.
    pub output: *mut u8,
    /// In: how many bytes at most.
    pub output_size: usize,
    /// Out, 0 before: how many bytes of the input are done with. They are not presented again.
    pub consumed: usize,
    /// Out, 0 before: how many bytes were written to the output.
    pub produced: usize,
    /// In, for a codec that compresses: 1 if the message ends with this input, so that all of it has to come out
    /// (`Z_SYNC_FLUSH`); otherwise bytes may be held back (`Z_NO_FLUSH`).
    pub flush: u8,
    /// 0 in this version.
    pub reserved: [u8; 7],
}

/// Takes a step: reads from the input and writes to the output until the one is consumed and all that it says is written, or the
/// other is full. Returns 0, or something else if it cannot go on; `consumed` and `produced` count then, too.
pub type sansocket_codec_run = Option<unsafe extern "C" fn(context: *mut c_void, step: *mut sansocket_codec_step) -> i32>;

/// Forgets the history and the message under way.
pub type sansocket_codec_reset = Option<unsafe extern "C" fn(context: *mut c_void)>;

/// Says, before a message begins, that the window which was agreed on has 2^`window_bits` bytes. Returns 1 if the codec can do
/// with that, else 0. It may be asked the same again at any time.
pub type sansocket_codec_limit_window = Option<unsafe extern "C" fn(context: *mut c_void, window_bits: u32) -> u8>;

/// A codec of the caller's that inflates, for one connection: zlib, or what a processor has. Begin with all of it zero, fill in
/// `context` to `window_bits`, and pass it to `sansocket_receive_with_codec`. It is used during the call only, and may be moved
/// between calls.
///
/// It has to do what zlib's `inflate` does on a raw stream (`inflateInit2` with -15, `Z_SYNC_FLUSH`), where `Z_BUF_ERROR` is no
/// failure. The bytes 00 00 ff ff between two messages, which senders remove, are put there by the library.
///
/// The functions run inside the call. They must not call functions of this library for the same `sansocket`, nor jump or throw
/// out of it, and they keep no pointer. A codec of the caller's stands outside of what is proven of this library: it may allocate
/// or abort if its author lets it. Counts that it returns are checked: more bytes than there are, or neither read nor written, is
/// a fault of the message (`SANSOCKET_ERROR_INVALID_DEFLATE`), as another result than 0 is.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct sansocket_inflate_codec {
    /// What the functions are called with.
    pub context: *mut c_void,
    /// Inflates.
    pub inflate: sansocket_codec_run,
    /// Forgets.
    pub reset: sansocket_codec_reset,
    /// Whether it can inflate what was compressed with a window of that size, and, if it can do that too, from now on refuses
    /// matches that begin further back. NULL stands for: if its own is no smaller.
    pub limit_window: sansocket_codec_limit_window,
    /// The base-2 logarithm of its window in bytes, 8 to 15.
    pub window_bits: u32,
    /// 0.
    pub reserved: u32,
    /// Not for the caller, except that it makes all of it 0 at first, and after it has reset the codec itself.
    pub state: [u64; 2],
}

/// A codec of the caller's that compresses. Without context takeover any number of connections can share it, one message after
/// the other. Begin with all of it zero, fill in `context` to `window_bits`, and pass it to `sansocket_send_with_codec` or
/// `sansocket_encode_compressed_with_codec`.
///
/// It has to do what zlib's `deflate` does on a raw stream (`deflateInit2` with -15), where `Z_BUF_ERROR` is no failure. With
/// `flush` the output ends with the bytes 00 00 ff ff of an empty stored block, which the library removes; it is complete once
/// there is room left after them. The rest is as for `sansocket_inflate_codec`, but a fault is `SANSOCKET_CODEC_FAILED`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct sansocket_deflate_codec {
    /// What the functions are called with.
    pub context: *mut c_void,
    /// Compresses.
    pub compress: sansocket_codec_run,
    /// Forgets.
    pub reset: sansocket_codec_reset,
    /// Whether it can compress so that nothing refers to bytes further back than that, and does so from now on. NULL stands for:
    /// if its own window is no larger.
    pub limit_window: sansocket_codec_limit_window,
    /// The base-2 logarithm of its window in bytes, 8 to 15.
    pub window_bits: u32,
    /// 0.
    pub reserved: u32,
    /// Not for the caller, except that it makes all of it 0 at first, and after it has reset the codec itself.
    pub state: [u64; 2],
}

/// The functions of a codec, which were checked.
#[derive(Clone, Copy)]
struct Functions {
    context: *mut c_void,
    run: unsafe extern "C" fn(*mut c_void, *mut sansocket_codec_step) -> i32,
    reset: unsafe extern "C" fn(*mut c_void),
    limit_window: sansocket_codec_limit_window,
    window_bits: u8,
}

/// The bytes that a sender removes from the end of a message (§7.2.1).
const TAIL: [u8; 4] = [0, 0, 0xFF, 0xFF];

/// How far a step got.
struct Stepped {
    consumed: usize,
    produced: usize,
    is_fault: bool,
}

impl Functions {
    fn new(
        context: *mut c_void,
        run: sansocket_codec_run,
        reset: sansocket_codec_reset,
        limit_window: sansocket_codec_limit_window,
        window_bits: u32,
    ) -> Result<Self, sansocket_result> {
        let (Some(run), Some(reset)) = (run, reset) else { return Err(sansocket_result::NULL_POINTER) };
        Ok(Self { context, run, reset, limit_window, window_bits: window_bits_of(window_bits)? })
    }

    /// What the codec did, with counts that fit.
    fn step(&self, input: &[u8], output: &mut [u8], flush: bool) -> Stepped {
        let mut step = sansocket_codec_step {
            input: input.as_ptr(),
            input_len: input.len(),
            output: output.as_mut_ptr(),
            output_size: output.len(),
            consumed: 0,
            produced: 0,
            flush: flush.into(),
            reserved: [0; 7],
        };
        // SAFETY: the caller's function, which keeps to `sansocket_codec_run`; the output is ours to be written.
        let status = unsafe { (self.run)(self.context, &mut step) };
        let (consumed, produced) = (step.consumed, step.produced);
        if consumed > input.len() || produced > output.len() {
            return Stepped { consumed: 0, produced: 0, is_fault: true };
        }
        // Without this, a codec that does nothing would be called for ever.
        let does_nothing = consumed == 0 && produced == 0 && !input.is_empty() && !output.is_empty();
        Stepped { consumed, produced, is_fault: status != 0 || does_nothing }
    }

    fn reset(&self) {
        // SAFETY: the caller's function, which keeps to `sansocket_codec_reset`.
        unsafe { (self.reset)(self.context) };
    }

    /// What the codec says of a window; `None` if it leaves that to us.
    fn allows(&self, window_bits: u8) -> Option<bool> {
        let limit_window = self.limit_window?;
        // SAFETY: the caller's function, which keeps to `sansocket_codec_limit_window`.
        Some(unsafe { limit_window(self.context, window_bits.into()) } != 0)
    }
}

/// Window bits of C's.
pub(super) fn window_bits_of(bits: u32) -> Result<u8, sansocket_result> {
    u8::try_from(bits).ok().filter(|bits| matches!(bits, 8..=15)).ok_or(sansocket_result::OUT_OF_RANGE)
}

/// The caller's codec in the part of an inflater, for one call.
pub(super) struct ForeignInflater {
    functions: Functions,
    taken: u64,
    has_failed: bool,
}

impl ForeignInflater {
    /// # Safety
    /// NULL, or lent for the call.
    pub(super) unsafe fn new(codec: *const sansocket_inflate_codec) -> Result<Self, sansocket_result> {
        check_struct(codec)?;
        // SAFETY: not NULL, aligned; the rest is what our caller promises.
        let sansocket_inflate_codec { context, inflate, reset, limit_window, window_bits, reserved, state } = unsafe { *codec };
        if reserved != 0 {
            return Err(sansocket_result::INVALID_ARGUMENT);
        }
        let functions = Functions::new(context, inflate, reset, limit_window, window_bits)?;
        let [taken, marks] = state;
        Ok(Self { functions, taken, has_failed: marks != 0 })
    }

    /// What the codec's struct keeps for the next call.
    pub(super) fn state(&self) -> [u64; 2] {
        [self.taken, self.has_failed.into()]
    }
}

impl Inflate for ForeignInflater {
    fn window_bits(&self) -> u8 {
        self.functions.window_bits
    }

    fn limit_window(&mut self, window_bits: u8) -> bool {
        self.functions.allows(window_bits).unwrap_or(window_bits <= self.functions.window_bits)
    }

    fn reset(&mut self) {
        self.functions.reset();
        (self.taken, self.has_failed) = (0, false);
    }

    fn taken(&self) -> u64 {
        self.taken
    }

    fn inflate(&mut self, input: &[u8], output: &mut [u8]) -> Result<Progress, InflateError> {
        if self.has_failed {
            return Err(InflateError::Unspecified);
        }
        let Stepped { consumed, produced, is_fault } = self.functions.step(input, output, false);
        self.taken = self.taken.saturating_add(wide(consumed));
        self.has_failed = is_fault;
        // Law 2: what came before the fault is given first.
        if is_fault && produced == 0 {
            return Err(InflateError::Unspecified);
        }
        Ok(Progress { consumed, produced, more: is_fault || produced == output.len() })
    }

    fn finish_message(&mut self, output: &mut [u8]) -> Result<Finished, InflateError> {
        if self.has_failed {
            return Err(InflateError::Unspecified);
        }
        // Whatever the message said is written; the tail adds nothing to that.
        let tail = self.functions.step(&TAIL, output, false);
        if tail.is_fault || tail.consumed != TAIL.len() || tail.produced != 0 {
            self.has_failed = true;
            return Err(InflateError::Unspecified);
        }
        self.taken = 0;
        Ok(Finished { produced: 0, done: true })
    }
}

/// The caller's codec in the part of a compressor, for one call.
pub(super) struct ForeignCompressor {
    functions: Functions,
    /// A message is under way.
    is_busy: bool,
    /// Bytes of it were consumed.
    is_fed: bool,
    has_failed: bool,
    /// It failed in this call, whatever was done since.
    failed_now: bool,
    /// The last bytes that came out, which may be the tail.
    held: [u8; TAIL.len()],
    held_len: usize,
}

impl ForeignCompressor {
    /// # Safety
    /// NULL, or lent for the call.
    pub(super) unsafe fn new(codec: *const sansocket_deflate_codec) -> Result<Self, sansocket_result> {
        check_struct(codec)?;
        // SAFETY: not NULL, aligned; the rest is what our caller promises.
        let sansocket_deflate_codec { context, compress, reset, limit_window, window_bits, reserved, state } = unsafe { *codec };
        if reserved != 0 {
            return Err(sansocket_result::INVALID_ARGUMENT);
        }
        let functions = Functions::new(context, compress, reset, limit_window, window_bits)?;
        let [marks, held] = state.map(u64::to_le_bytes);
        let [is_busy, is_fed, has_failed, held_len, ..] = marks;
        let [a, b, c, d, ..] = held;
        Ok(Self {
            functions,
            is_busy: is_busy != 0,
            is_fed: is_fed != 0,
            has_failed: has_failed != 0,
            failed_now: false,
            held: [a, b, c, d],
            held_len: usize::from(held_len).min(TAIL.len()),
        })
    }

    /// What the codec's struct keeps for the next call.
    pub(super) fn state(&self) -> [u64; 2] {
        let held_len = u8::try_from(self.held_len).unwrap_or(0);
        let [a, b, c, d] = self.held;
        let marks = [self.is_busy.into(), self.is_fed.into(), self.has_failed.into(), held_len, 0, 0, 0, 0];
        [marks, [a, b, c, d, 0, 0, 0, 0]].map(u64::from_le_bytes)
    }

    /// Whether it failed in this call.
    pub(super) fn did_fail(&self) -> bool {
        self.failed_now
    }

    fn fail(&mut self) -> Compressed {
        (self.has_failed, self.failed_now) = (true, true);
        Compressed { consumed: 0, produced: 0, done: false }
    }

    fn begin_afresh(&mut self) {
        (self.is_busy, self.is_fed, self.has_failed, self.held_len) = (false, false, false, 0);
    }
}

impl Deflate for ForeignCompressor {
    fn window_bits(&self) -> u8 {
        self.functions.window_bits
    }

    fn limit_window(&mut self, window_bits: u8) -> bool {
        self.functions.allows(window_bits).unwrap_or(self.functions.window_bits <= window_bits)
    }

    fn is_idle(&self) -> bool {
        !self.is_busy
    }

    fn reset(&mut self) {
        self.functions.reset();
        self.begin_afresh();
    }

    /// The last four bytes that have come out wait here, until it shows whether they are the tail.
    fn compress(&mut self, input: &[u8], output: &mut [u8], flush: bool) -> Compressed {
        if self.has_failed {
            return self.fail();
        }
        self.is_busy = true;
        if input.is_empty() && !(flush && self.is_fed) {
            return self.compress_nothing(output, flush);
        }
        let held_len = self.held_len;
        let held = self.held;
        let (Some(front), Some(held)) = (output.get_mut(..held_len), held.get(..held_len)) else {
            return Compressed { consumed: 0, produced: 0, done: false };
        };
        front.copy_from_slice(held);
        let rest = output.get_mut(held_len..).unwrap_or_default();
        let room = rest.len();
        let Stepped { consumed, produced, is_fault } = self.functions.step(input, rest, flush);
        if is_fault {
            return self.fail();
        }
        self.is_fed |= consumed > 0;
        let written = held_len.saturating_add(produced);
        let kept = written.saturating_sub(TAIL.len());
        let last = output.get(kept..written).unwrap_or_default();
        // zlib's rule: with room left the flush is complete.
        let done = flush && consumed == input.len() && produced < room;
        if done && last != TAIL {
            return self.fail();
        }
        self.held_len = last.len();
        for (place, byte) in self.held.iter_mut().zip(last) {
            *place = *byte;
        }
        if done {
            self.begin_afresh();
        }
        Compressed { consumed, produced: kept, done }
    }
}

impl ForeignCompressor {
    /// §7.2.3.6: a message without payload is an empty stored block, of which the tail is removed. zlib writes none for a flush
    /// that follows another.
    fn compress_nothing(&mut self, output: &mut [u8], flush: bool) -> Compressed {
        let place = if flush { output.first_mut() } else { None };
        let Some(first) = place else { return Compressed { consumed: 0, produced: 0, done: false } };
        *first = 0;
        self.begin_afresh();
        Compressed { consumed: 0, produced: 1, done: true }
    }
}

fn wide(len: usize) -> u64 {
    u64::try_from(len).unwrap_or(u64::MAX)
}
