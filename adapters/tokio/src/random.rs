//! Random bytes for masking keys and nonces (§5.3, §10.3).

use core::cell::RefCell;
use sansocket::{Entropy, EntropyError};

/// The system's random bytes, drawn 256 at a time for each thread.
#[cfg_attr(not(feature = "socketio"), expect(unreachable_pub))]
#[derive(Clone, Copy, Debug)]
pub struct Random;

struct Drawn {
    bytes: [u8; 256],
    used: usize,
}

thread_local! {
    static DRAWN: RefCell<Drawn> = const { RefCell::new(Drawn { bytes: [0; 256], used: 256 }) };
}

impl Entropy for Random {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        DRAWN.with_borrow_mut(|drawn| {
            if drawn.bytes.len() - drawn.used < bytes.len() {
                getrandom::fill(&mut drawn.bytes).map_err(|_| EntropyError)?;
                drawn.used = 0;
            }
            let part = drawn.bytes.get_mut(drawn.used..drawn.used + bytes.len()).ok_or(EntropyError)?;
            bytes.copy_from_slice(part);
            // A key that was used is not kept.
            part.fill(0);
            drawn.used += bytes.len();
            Ok(())
        })
    }
}
