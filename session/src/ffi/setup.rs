//! What initialising is told: one struct, with its size in front.

use core::ffi::c_void;

use sansocket::ffi::support::check_struct;
use sansocket::ffi::{
    SANSOCKET_ABI_VERSION, sansocket_buffers, sansocket_config, sansocket_entropy, sansocket_result, sansocket_text,
};

use super::config::sansocket_session_config;

/// What `sansocket_session_init` is told. Begin with `sansocket_session_setup setup = SANSOCKET_SESSION_SETUP;`, which fills in size and
/// version and leaves the rest zero. The struct itself is needed only during the call.
#[repr(C)]
pub struct sansocket_session_setup {
    /// `sizeof(sansocket_session_setup)`.
    pub size: usize,
    /// `SANSOCKET_ABI_VERSION`.
    pub abi_version: u32,
    /// 0.
    pub reserved: u32,
    /// The time, in milliseconds since any epoch, of a clock that does not run backwards or leap.
    pub now_ms: u64,
    /// Limits and timeouts of the connections, lent for as long as the session is used; NULL for the defaults. What it says of
    /// compression is not offered.
    pub config: *const sansocket_config,
    /// How to dial, wait, queue and give up, lent for as long as the session is used; NULL for the defaults.
    pub session_config: *const sansocket_session_config,
    /// The source of masking keys and of what spreads the waits, called only while a function of this session runs. Not NULL.
    pub entropy: sansocket_entropy,
    /// What `entropy` is called with.
    pub entropy_context: *mut c_void,
    /// The server, `ws://host:port/path` or `wss`. It is copied. (User and password go into a header: `sansocket_split_url_user`.)
    pub url: sansocket_text,
    /// The buffers of the connections, lent for as long as the session is used: `sansocket_buffered_attach` has their least sizes. The
    /// output has to hold the request of the opening handshake, with its headers, and CONNECT if there is a proxy.
    pub buffers: sansocket_buffers,
    /// For the URL, and after it for messages that wait: lent for as long as the session is used. Its contents do not matter.
    pub memory: *mut u8,
    /// How many bytes. `sansocket_session_config_url_memory_len` of them, 256 unless set otherwise, are for URLs; a message in the queue
    /// takes `SANSOCKET_SESSION_QUEUE_OVERHEAD` bytes more than its payload.
    pub memory_size: usize,
    /// 0.
    pub reserved_more: [u64; 2],
}

/// Bytes of the queue that a message takes beside its payload.
pub const SANSOCKET_SESSION_QUEUE_OVERHEAD: usize = 13;

const _: () = assert!(SANSOCKET_SESSION_QUEUE_OVERHEAD == crate::QUEUE_OVERHEAD);

/// A setup whose size and version are ours.
pub(super) fn check_setup<'a>(setup: *const sansocket_session_setup) -> Result<&'a sansocket_session_setup, sansocket_result> {
    check_struct(setup)?;
    // SAFETY: not NULL and aligned. Whatever struct it is, of whatever version, its size stands in front.
    if unsafe { (*setup).size } != size_of::<sansocket_session_setup>() {
        return Err(sansocket_result::WRONG_SIZE);
    }
    // SAFETY: it is as long as ours, and lent for the call.
    let setup = unsafe { &*setup };
    if setup.abi_version == SANSOCKET_ABI_VERSION { Ok(setup) } else { Err(sansocket_result::WRONG_VERSION) }
}
