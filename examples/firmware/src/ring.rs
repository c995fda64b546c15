//! A ring of bytes between one interrupt handler that pushes and one main loop that pops.

use core::sync::atomic::{AtomicU8, AtomicUsize, Ordering};

/// A power of two, so that the counters may wrap around.
const CAPACITY: usize = 256;

pub struct Ring {
    bytes: [AtomicU8; CAPACITY],
    /// Bytes ever pushed; only the pushing side stores it.
    pushed: AtomicUsize,
    /// Bytes ever popped; only the popping side stores it.
    popped: AtomicUsize,
}

impl Ring {
    pub const fn new() -> Self {
        Self { bytes: [const { AtomicU8::new(0) }; CAPACITY], pushed: AtomicUsize::new(0), popped: AtomicUsize::new(0) }
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn is_full(&self) -> bool {
        self.len() >= CAPACITY
    }

    /// The caller has asked `is_full` before: a byte pushed into a full ring replaces one that was not read.
    pub fn push(&self, byte: u8) {
        let pushed = self.pushed.load(Ordering::Relaxed);
        if let Some(slot) = self.bytes.get(pushed % CAPACITY) {
            slot.store(byte, Ordering::Relaxed);
        }
        self.pushed.store(pushed.wrapping_add(1), Ordering::Release);
    }

    pub fn pop(&self) -> Option<u8> {
        let popped = self.popped.load(Ordering::Relaxed);
        if self.pushed.load(Ordering::Acquire) == popped {
            return None;
        }
        let byte = self.bytes.get(popped % CAPACITY)?.load(Ordering::Relaxed);
        self.popped.store(popped.wrapping_add(1), Ordering::Release);
        Some(byte)
    }

    fn len(&self) -> usize {
        self.pushed.load(Ordering::Acquire).wrapping_sub(self.popped.load(Ordering::Acquire))
    }
}
