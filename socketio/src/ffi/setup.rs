//! What initialising is told: one struct, with its size in front.

use sansocket::ffi::support::check_struct;
use sansocket::ffi::{SANSOCKET_ABI_VERSION, sansocket_result};

use super::config::sansocket_socketio_config;
use super::place::{sansocket_ack_slot, sansocket_namespace_slot};

/// What `sansocket_socketio_init` is told. Begin with `sansocket_socketio_setup setup = SANSOCKET_SOCKETIO_SETUP;`, which fills in size and
/// version and leaves the rest zero. The struct itself is needed only during the call.
#[repr(C)]
pub struct sansocket_socketio_setup {
    /// `sizeof(sansocket_socketio_setup)`.
    pub size: usize,
    /// `SANSOCKET_ABI_VERSION`.
    pub abi_version: u32,
    /// 0.
    pub reserved: u32,
    /// Limits and timeouts, lent for as long as the client is used; NULL for the defaults.
    pub config: *const sansocket_socketio_config,
    /// A slot for each namespace that is connected at the same time, lent for as long as the client is used.
    pub namespaces: *mut sansocket_namespace_slot,
    /// How many.
    pub namespace_count: usize,
    /// A slot for each answer that is waited for at the same time, lent for as long as the client is used. NULL if `ack_count` is 0.
    pub acks: *mut sansocket_ack_slot,
    /// How many.
    pub ack_count: usize,
    /// `SANSOCKET_SOCKETIO_OPTION_NAMESPACE_LEN` bytes for each namespace slot, 128 unless set otherwise, and after them room for the longest
    /// event that is emitted, its attachments not counted: lent for as long as the client is used. Its contents do not matter.
    pub memory: *mut u8,
    /// How many bytes.
    pub memory_size: usize,
    /// 0.
    pub reserved_more: [u64; 2],
}

/// A setup whose size and version are ours.
pub(super) fn check_setup<'a>(setup: *const sansocket_socketio_setup) -> Result<&'a sansocket_socketio_setup, sansocket_result> {
    check_struct(setup)?;
    // SAFETY: not NULL and aligned. Whatever struct it is, of whatever version, its size stands in front.
    if unsafe { (*setup).size } != size_of::<sansocket_socketio_setup>() {
        return Err(sansocket_result::WRONG_SIZE);
    }
    // SAFETY: it is as long as ours, and lent for the call.
    let setup = unsafe { &*setup };
    if setup.abi_version == SANSOCKET_ABI_VERSION { Ok(setup) } else { Err(sansocket_result::WRONG_VERSION) }
}
