//! How much of the stack has ever been in use: cortex-m-rt painted it before `main`, what is scrubbed off was used.

use cortex_m_rt::STACK_PAINT_VALUE;

unsafe extern "C" {
    /// The lowest word of the stack, just past all statics.
    static _stack_end: u32;
    /// The word past the highest, where the stack starts to grow downwards.
    static _stack_start: u32;
}

/// Bytes there are: all RAM that no static uses.
pub fn size() -> usize {
    (&raw const _stack_start).addr().saturating_sub((&raw const _stack_end).addr())
}

/// The most bytes that were ever in use. A result equal to `size` means that the stack ran into the statics.
pub fn high_water() -> usize {
    let top = &raw const _stack_start;
    let mut word = &raw const _stack_end;
    // SAFETY: every word between the two symbols is RAM, aligned, painted before `main`; nothing else lives there, and
    // what this function's callers keep above is only read.
    while word < top && unsafe { word.read_volatile() } == STACK_PAINT_VALUE {
        word = word.wrapping_add(1);
    }
    top.addr().saturating_sub(word.addr())
}
