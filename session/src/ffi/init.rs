//! What initialises: a configuration, a session, and its URL.

use sansocket::ffi::sansocket_result;
use sansocket::ffi::support::{Lent, Region, Source, done, fill, lent};
use sansocket::{Buffered, Connection, Instant};

use super::config::{lent_config, sansocket_session_config, text_at};
use super::place::{Placed, placed, sansocket_session};
use super::setup::{check_setup, sansocket_session_setup};
use crate::{Session, SessionConfig};

/// Sets every option to its default. Of `setup` only size and version are read. `config` may have any contents before; there is
/// nothing to free.
///
/// Returns `SANSOCKET_OK`, `SANSOCKET_WRONG_SIZE` or `SANSOCKET_WRONG_VERSION`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_session_config_init(
    config: *mut sansocket_session_config,
    setup: *const sansocket_session_setup,
) -> sansocket_result {
    // SAFETY: the caller keeps to what stands at the top of the header.
    done(unsafe { fill(config, || check_setup(setup).map(|_| SessionConfig::new())) })
}

/// Begins a session, which does nothing until `sansocket_session_start`. `session` may have any contents before.
///
/// Returns `SANSOCKET_OK`, `SANSOCKET_WRONG_SIZE`, `SANSOCKET_WRONG_VERSION`, `SANSOCKET_NULL_POINTER` without entropy,
/// `SANSOCKET_NOT_INITIALISED` (one of the configurations), `SANSOCKET_USAGE_BUFFER_TOO_SHORT`, `SANSOCKET_URL_...` for a wrong URL,
/// `SANSOCKET_SESSION_URL_TOO_LONG`, `_MEMORY_TOO_SHORT`, or `_PROXY_...` for a wrong proxy, whose user and password may give
/// `_COLON_IN_USER`, `_CONTROL_CHARACTER` or `_INVALID_PERCENT_ENCODING`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_session_init(
    session: *mut sansocket_session,
    setup: *const sansocket_session_setup,
) -> sansocket_result {
    let begin = || {
        let setup = check_setup(setup)?;
        if setup.reserved != 0 || setup.reserved_more != [0; 2] {
            return Err(sansocket_result::INVALID_ARGUMENT);
        }
        let [input, output, joining] = setup.buffers.regions()?;
        let memory = Region::new(setup.memory, setup.memory_size)?;
        let url = Region::new(setup.url.data.cast(), setup.url.len)?;
        for region in [input, output, joining] {
            memory.check_apart(region)?;
            url.check_apart(region)?;
        }
        url.check_apart(memory)?;
        let source = Source::of_client(setup.entropy, setup.entropy_context)?;
        // SAFETY: what the caller promised with the setup.
        let (config, session_config, url) =
            unsafe { (lent(setup.config)?, lent_config(setup.session_config)?, text_at(setup.url.data, setup.url.len)?) };
        let ws = Connection::client(config, source, Instant::from_millis(setup.now_ms));
        let ws = Buffered::new(ws, Lent(input), Lent(output)).join_in(Lent(joining));
        let ws = if setup.buffers.in_pieces == 1 { ws.in_pieces() } else { ws.whole() };
        let life = Session::new(ws.room_for(setup.buffers.room_for), session_config, url, Lent(memory))?;
        Ok(Placed { life, input, output, joining, memory })
    };
    // SAFETY: the caller keeps to what stands at the top of the header.
    done(unsafe { fill(session, begin) })
}

/// Dials another URL from the next dial on. It is copied. A dial that is under way, up to the end of the opening handshake, is given up for
/// it, without an event. Returns what `sansocket_session_init` does for a URL; the old one stays then.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_session_set_url(
    session: *mut sansocket_session,
    url: *const core::ffi::c_char,
    url_len: usize,
) -> sansocket_result {
    let set = || {
        // SAFETY: the caller keeps to what stands at the top of the header, and lends the URL for the call.
        unsafe {
            let placed = placed(session)?;
            Region::new(url.cast(), url_len)?.check_apart(placed.memory)?;
            Ok(placed.life.set_url(text_at(url, url_len)?)?)
        }
    };
    done(set())
}
