//! The entropy of a client under test.

use core::cell::{Cell, RefCell};
use sansocket::{Entropy, EntropyError};
use std::rc::Rc;

/// Bytes 1, 2, 3 and so on, with a log of the draws. Clones share both.
#[derive(Clone, Default, Debug)]
pub(crate) struct Counter {
    last: Rc<Cell<u8>>,
    draws: Rc<RefCell<Vec<usize>>>,
    broken: Rc<Cell<bool>>,
}

impl Counter {
    /// The sizes of all draws that succeeded.
    pub(crate) fn draws(&self) -> Vec<usize> {
        self.draws.borrow().clone()
    }

    /// From now on draws fail, or succeed again.
    pub(crate) fn set_broken(&self, broken: bool) {
        self.broken.set(broken);
    }
}

impl Entropy for Counter {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        if self.broken.get() {
            return Err(EntropyError);
        }
        for byte in bytes.iter_mut() {
            self.last.set(self.last.get().wrapping_add(1));
            *byte = self.last.get();
        }
        self.draws.borrow_mut().push(bytes.len());
        Ok(())
    }
}
