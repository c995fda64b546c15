//! What initialises: a configuration, and a client.

use sansocket::ffi::sansocket_result;
use sansocket::ffi::support::{Lent, Region, done, fill};

use super::config::{lent_config, sansocket_socketio_config};
use super::numbers::socketio_result;
use super::place::{LentSlots, Standing, sansocket_socketio};
use super::setup::{check_setup, sansocket_socketio_setup};
use crate::client::{AckSlot, Client, ClientConfig, NamespaceSlot};

/// Sets every option to its default. Of `setup` only size and version are read. `config` may have any contents before; there is
/// nothing to free.
///
/// Returns `SANSOCKET_OK`, `SANSOCKET_WRONG_SIZE` or `SANSOCKET_WRONG_VERSION`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_socketio_config_init(
    config: *mut sansocket_socketio_config,
    setup: *const sansocket_socketio_setup,
) -> sansocket_result {
    // SAFETY: the caller keeps to what stands at the top of the header.
    done(unsafe { fill(config, || check_setup(setup).map(|_| ClientConfig::new())) })
}

/// Begins a client without namespaces. `io` may have any contents before.
///
/// Returns `SANSOCKET_OK`, `SANSOCKET_WRONG_SIZE`, `SANSOCKET_WRONG_VERSION`, `SANSOCKET_NOT_INITIALISED` (the configuration), or
/// `SANSOCKET_SOCKETIO_MEMORY_TOO_SHORT`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_socketio_init(
    io: *mut sansocket_socketio,
    setup: *const sansocket_socketio_setup,
) -> sansocket_result {
    let begin = || {
        let setup = check_setup(setup)?;
        if setup.reserved != 0 || setup.reserved_more != [0; 2] {
            return Err(sansocket_result::INVALID_ARGUMENT);
        }
        let namespaces = LentSlots::<NamespaceSlot>::region(setup.namespaces, setup.namespace_count)?;
        let acks = LentSlots::<AckSlot>::region(setup.acks, setup.ack_count)?;
        let memory = Region::new(setup.memory, setup.memory_size)?;
        namespaces.check_apart(acks)?;
        memory.check_apart(namespaces)?;
        memory.check_apart(acks)?;
        // SAFETY: what the caller promised with the setup.
        let config = unsafe { lent_config(setup.config) }?;
        if setup.namespace_count.checked_mul(config.namespace_len.into()).is_none_or(|len| len > memory.len()) {
            return Err(socketio_result::MEMORY_TOO_SHORT.into());
        }
        let lent = [namespaces, acks, memory];
        // SAFETY: what the caller promised with the setup; they lie apart.
        let (namespaces, acks) = unsafe {
            let namespaces = LentSlots::new(namespaces, setup.namespace_count, NamespaceSlot::EMPTY);
            (namespaces, LentSlots::new(acks, setup.ack_count, AckSlot::EMPTY))
        };
        Ok(Standing { life: Client::new(config, namespaces, acks, Lent(memory)), lent })
    };
    // SAFETY: the caller keeps to what stands at the top of the header.
    done(unsafe { fill(io, begin) })
}
