//! What initialises: one struct, with its size in front, for connections, configurations and codecs.

use super::config::{lent, sansocket_config};
use super::memory::{Opaque, check_struct, fill};
use super::numbers::{SANSOCKET_ABI_VERSION, done, sansocket_level, sansocket_result, sansocket_role};
use crate::{Config, DeflateDirection, DeflateParams, Entropy, EntropyError, Instant, Negotiated, Role};
use core::ffi::c_void;

/// A source of bytes that a peer cannot predict (§10.3), which a client needs: writes `len` bytes (4 for a frame, 16 for an
/// opening handshake) to `bytes` and returns 0, or returns something else if it cannot. It must not call functions of this
/// library for the same `sansocket`. `context` is what was passed with it.
pub type sansocket_entropy = Option<unsafe extern "C" fn(context: *mut c_void, bytes: *mut u8, len: usize) -> i32>;

/// What an opening handshake that was done elsewhere agreed on. Begin with all of it zero.
#[repr(C)]
pub struct sansocket_negotiated {
    /// 1 if a subprotocol was agreed.
    pub has_subprotocol: u8,
    /// The subprotocol, as its place in the list of the configuration, counted from 0.
    pub subprotocol: u8,
    /// 1 if permessage-deflate (RFC 7692) was agreed, with the parameters below. Its messages are received by
    /// `sansocket_receive_with`.
    pub has_deflate: u8,
    /// 1 for `server_no_context_takeover`.
    pub server_no_context_takeover: u8,
    /// `server_max_window_bits`, 8 to 15; 0 for 15, where nothing was said.
    pub server_max_window_bits: u8,
    /// 1 for `client_no_context_takeover`.
    pub client_no_context_takeover: u8,
    /// `client_max_window_bits`, 8 to 15; 0 for 15, where nothing was said.
    pub client_max_window_bits: u8,
    /// 0.
    pub reserved: u8,
    /// 0.
    pub reserved_more: [u64; 3],
}

/// What a `..._init` function is told. Begin with `sansocket_setup setup = SANSOCKET_SETUP;`, which fills in size and version and
/// leaves the rest zero, and set what the function reads. The struct itself is needed only during the call, so one serves many.
#[repr(C)]
pub struct sansocket_setup {
    /// `sizeof(sansocket_setup)`.
    pub size: usize,
    /// `SANSOCKET_ABI_VERSION`.
    pub abi_version: u32,
    /// `sansocket_init_open`: which end this is.
    pub role: sansocket_role,
    /// Connections: the time, as in `sansocket_io`.
    pub now_ms: u64,
    /// Connections: limits and timeouts, lent until the connection is no longer used; NULL for the defaults.
    pub config: *const sansocket_config,
    /// Clients: the source of masking keys, called only while a function of this `sansocket` runs.
    pub entropy: sansocket_entropy,
    /// What `entropy` is called with.
    pub entropy_context: *mut c_void,
    /// `sansocket_init_open`: what was agreed; NULL for nothing. Needed only during the call.
    pub negotiated: *const sansocket_negotiated,
    /// Inflater and compressor: the memory lent for as long as it is used. Its contents do not matter.
    pub memory: *mut u8,
    /// How many bytes.
    pub memory_len: usize,
    /// Compressor: the base-2 logarithm of its window in bytes, 8 to 15.
    pub window_bits: u32,
    /// Compressor: how much it spends on a short output; 0 for `SANSOCKET_LEVEL_DEFAULT`.
    pub level: sansocket_level,
}

/// Sets every option to its default. Of `setup` only size and version are read. `config` may have any contents before; there is
/// nothing to free.
///
/// Returns `SANSOCKET_OK`, `SANSOCKET_WRONG_SIZE` or `SANSOCKET_WRONG_VERSION`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_config_init(config: *mut sansocket_config, setup: *const sansocket_setup) -> sansocket_result {
    // SAFETY: the caller keeps to what stands at the top of the header.
    unsafe { init(config, setup, |_| Ok(Config::new())) }
}

/// Checks the setup, makes an object by it, and puts that into memory of the caller's.
///
/// # Safety
/// `place` is NULL or the caller's to be written, `setup` NULL or lent for the call.
pub(super) unsafe fn init<C: Opaque>(
    place: *mut C,
    setup: *const sansocket_setup,
    object: impl FnOnce(&sansocket_setup) -> Result<C::Object, sansocket_result>,
) -> sansocket_result {
    let object = || {
        check_struct(setup)?;
        // SAFETY: not NULL and aligned. Whatever struct it is, of whatever version, its size stands in front.
        if unsafe { (*setup).size } != size_of::<sansocket_setup>() {
            return Err(sansocket_result::WRONG_SIZE);
        }
        // SAFETY: it is as long as ours, and lent for the call.
        let setup = unsafe { &*setup };
        if setup.abi_version != SANSOCKET_ABI_VERSION {
            return Err(sansocket_result::WRONG_VERSION);
        }
        object(setup)
    };
    // SAFETY: what our caller promises.
    done(unsafe { fill(place, object) })
}

/// The caller's entropy; none, for a server.
#[derive(Debug)]
pub struct Source {
    function: sansocket_entropy,
    context: *mut c_void,
}

impl Source {
    pub(super) const NONE: Self = Self { function: None, context: core::ptr::null_mut() };

    /// A client's, which must have one.
    pub fn of_client(function: sansocket_entropy, context: *mut c_void) -> Result<Self, sansocket_result> {
        if function.is_none() { Err(sansocket_result::NULL_POINTER) } else { Ok(Self { function, context }) }
    }
}

impl Entropy for Source {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        let Some(function) = self.function else { return Err(EntropyError) };
        // SAFETY: the caller's function, which keeps to `sansocket_entropy`; the bytes are ours to be written.
        if unsafe { function(self.context, bytes.as_mut_ptr(), bytes.len()) } == 0 { Ok(()) } else { Err(EntropyError) }
    }
}

impl sansocket_setup {
    pub(super) fn now(&self) -> Instant {
        Instant::from_millis(self.now_ms)
    }

    pub(super) fn lent_config(&self) -> Result<&'static Config<'static>, sansocket_result> {
        // SAFETY: what the caller promised with the setup.
        unsafe { lent(self.config) }
    }

    /// The source of an endpoint; a client must have one.
    pub(super) fn source(&self, role: Role) -> Result<Source, sansocket_result> {
        match role {
            Role::Client => Source::of_client(self.entropy, self.entropy_context),
            Role::Server => Ok(Source { function: self.entropy, context: self.entropy_context }),
        }
    }

    pub(super) fn agreed(&self) -> Result<Negotiated, sansocket_result> {
        let mut agreed = Negotiated::NOTHING;
        if self.negotiated.is_null() {
            return Ok(agreed);
        }
        check_struct(self.negotiated)?;
        // SAFETY: not NULL, aligned, and lent for the call.
        let negotiated = unsafe { &*self.negotiated };
        if negotiated.reserved != 0 || negotiated.reserved_more != [0; 3] {
            return Err(sansocket_result::INVALID_ARGUMENT);
        }
        if negotiated.has_subprotocol != 0 {
            agreed = agreed.with_subprotocol(negotiated.subprotocol);
        }
        if negotiated.has_deflate != 0 {
            agreed = agreed.with_deflate(DeflateParams {
                server: direction(negotiated.server_no_context_takeover, negotiated.server_max_window_bits)?,
                client: direction(negotiated.client_no_context_takeover, negotiated.client_max_window_bits)?,
            });
        }
        Ok(agreed)
    }
}

/// One half of what was agreed of permessage-deflate.
fn direction(no_context_takeover: u8, max_window_bits: u8) -> Result<DeflateDirection, sansocket_result> {
    match window_bits(max_window_bits) {
        max_window_bits @ 8..=15 => Ok(DeflateDirection { no_context_takeover: no_context_takeover != 0, max_window_bits }),
        _ => Err(sansocket_result::OUT_OF_RANGE),
    }
}

/// RFC 7692 §7.1.2: where nothing is said, 15.
pub(super) const fn window_bits(bits: u8) -> u8 {
    if bits == 0 { 15 } else { bits }
}
