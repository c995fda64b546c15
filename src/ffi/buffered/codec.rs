//! What a connection with its buffers does with a codec.
//!
//! All of it is reached through the four tables, which only the functions that set a codec name: the linker leaves it out of a program
//! without one.

use super::layer::Layer;
use crate::ffi::codec::{ForeignCompressor, ForeignInflater, sansocket_deflate_codec, sansocket_inflate_codec};
use crate::ffi::deflate::{sansocket_compressor, sansocket_inflater};
use crate::ffi::memory::{Region, object};
use crate::ffi::numbers::sansocket_result;
use crate::{CloseCode, Codec, Deflate, Inflate, Instant, MessageKind};
use core::ffi::c_void;

/// What was lent for what arrives, and for what is sent.
pub(super) struct Codecs {
    pub(super) inflating: Option<Inflating>,
    pub(super) compressing: Option<Compressing>,
}

/// An inflater, and what is done with it.
pub(super) struct Inflating {
    pub(super) functions: &'static Inflates,
    inflater: *mut c_void,
}

pub(super) struct Inflates {
    /// Goes on to the next event.
    pub(super) advance: fn(&Inflating, &mut Layer, Instant) -> Result<bool, sansocket_result>,
    lend: LendInflater,
}

/// A compressor, and what is done with it.
pub(super) struct Compressing {
    pub(super) functions: &'static Compresses,
    compressor: *mut c_void,
    min_len: usize,
    /// What the compressor has; no payload lies there.
    memory: Region,
}

pub(super) struct Compresses {
    /// Sends, and says how much of the payload was taken.
    pub(super) send: Send,
    lend: LendCompressor,
}

/// A whole message, or a part of one.
pub(super) struct Outgoing<'a> {
    pub(super) kind: MessageKind,
    pub(super) payload: &'a [u8],
    /// How many bytes went before, and whether the message ends here.
    pub(super) part: Option<(u64, bool)>,
}

type Send = fn(&Compressing, &mut Layer, Instant, &Outgoing<'_>) -> Result<usize, sansocket_result>;

/// Calls a function with what is lent.
type LendInflater = unsafe fn(*mut c_void, &mut dyn FnMut(&mut dyn Inflate)) -> Lent;
type LendCompressor = unsafe fn(*mut c_void, &mut dyn FnMut(&mut dyn Deflate)) -> Lent;
type Lent = Result<(), sansocket_result>;

pub(super) static INFLATER: Inflates = Inflates {
    advance: Inflating::advance,
    lend: |inflater, act| {
        // SAFETY: the caller lends it for as long as it is set.
        act(&mut unsafe { object(inflater.cast::<sansocket_inflater>()) }?.codec);
        Ok(())
    },
};

pub(super) static COMPRESSOR: Compresses = Compresses {
    send: Compressing::send,
    lend: |compressor, act| {
        // SAFETY: the caller lends it for as long as it is set.
        act(&mut unsafe { object(compressor.cast::<sansocket_compressor>()) }?.codec);
        Ok(())
    },
};

pub(super) static FOREIGN_INFLATER: Inflates = Inflates {
    advance: Inflating::advance,
    lend: |codec, act| {
        let codec = codec.cast::<sansocket_inflate_codec>();
        // SAFETY: the caller lends it for as long as it is set; it was checked then.
        unsafe {
            let mut inflater = ForeignInflater::new(codec)?;
            act(&mut inflater);
            (*codec).state = inflater.state();
        }
        Ok(())
    },
};

pub(super) static FOREIGN_COMPRESSOR: Compresses = Compresses {
    send: Compressing::send,
    lend: |codec, act| {
        let codec = codec.cast::<sansocket_deflate_codec>();
        // SAFETY: the caller lends it for as long as it is set; it was checked then.
        unsafe {
            let mut compressor = ForeignCompressor::new(codec)?;
            act(&mut compressor);
            let has_failed = compressor.did_fail();
            // Others may share it.
            if has_failed && !compressor.is_idle() {
                compressor.reset();
            }
            (*codec).state = compressor.state();
            if has_failed { Err(sansocket_result::CODEC_FAILED) } else { Ok(()) }
        }
    },
};

impl Codecs {
    pub(super) const NONE: Self = Self { inflating: None, compressing: None };

    /// What compresses a message that is not to go as it is.
    #[inline]
    pub(super) fn compressing(&self, is_plain: bool) -> Option<&Compressing> {
        self.compressing.as_ref().filter(|_| !is_plain)
    }
}

/// What inflates, for one call.
struct OneInflater<'a>(&'a mut dyn Inflate);

impl Codec for OneInflater<'_> {
    fn inflater(&mut self) -> Option<&mut dyn Inflate> {
        Some(self.0)
    }

    fn compressor(&mut self, _: usize) -> Option<&mut dyn Deflate> {
        None
    }
}

/// What compresses, for one call.
struct OneCompressor<'a>(&'a mut dyn Deflate, usize);

impl Codec for OneCompressor<'_> {
    fn inflater(&mut self) -> Option<&mut dyn Inflate> {
        None
    }

    fn compressor(&mut self, len: usize) -> Option<&mut dyn Deflate> {
        if len < self.1 { None } else { Some(self.0) }
    }
}

impl Inflating {
    /// `None` without an inflater.
    pub(super) fn new(functions: &'static Inflates, inflater: *mut c_void) -> Option<Self> {
        if inflater.is_null() { None } else { Some(Self { functions, inflater }) }
    }

    fn advance(&self, layer: &mut Layer, now: Instant) -> Result<bool, sansocket_result> {
        let mut found = Ok(false);
        let mut next = |inflater: &mut dyn Inflate| {
            found = layer.next_with(now, &mut OneInflater(inflater)).map(|event| event.is_some());
        };
        // SAFETY: the caller lends the inflater for as long as it is set.
        unsafe { (self.functions.lend)(self.inflater, &mut next) }?;
        Ok(found?)
    }
}

impl Compressing {
    /// `None` without a compressor.
    pub(super) fn new(functions: &'static Compresses, compressor: *mut c_void, min_len: usize, memory: Region) -> Option<Self> {
        if compressor.is_null() { None } else { Some(Self { functions, compressor, min_len, memory }) }
    }

    fn send(&self, layer: &mut Layer, now: Instant, message: &Outgoing<'_>) -> Result<usize, sansocket_result> {
        let Outgoing { kind, payload, part } = *message;
        Region::new(payload.as_ptr(), payload.len())?.check_apart(self.memory)?;
        let mut sent = Ok(0);
        let mut send = |compressor: &mut dyn Deflate| {
            let mut codec = OneCompressor(compressor, self.min_len);
            let mut commands = layer.commands_with(now, &mut codec);
            sent = match part {
                None => commands.send(kind, payload).map(|()| payload.len()),
                Some((offset, fin)) => commands.send_part(kind, offset, payload, fin),
            };
        };
        // SAFETY: the caller lends the compressor for as long as it is set.
        let lent = unsafe { (self.functions.lend)(self.compressor, &mut send) };
        if lent == Err(sansocket_result::CODEC_FAILED) {
            // Half a message cannot be taken back. There is room for the Close; without entropy it fails all the same.
            let _ = layer.commands(now).fail(CloseCode::INTERNAL_ERROR);
        }
        lent?;
        Ok(sent?)
    }
}
