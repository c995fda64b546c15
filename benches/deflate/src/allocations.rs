//! Counts the bytes that are allocated, by Rust and by the C libraries alike.

use std::alloc::{GlobalAlloc, Layout, System};
use std::ffi::{c_uint, c_void};
use std::sync::atomic::{AtomicUsize, Ordering};

struct Counting;

static LIVE: AtomicUsize = AtomicUsize::new(0);

// SAFETY: it passes everything on to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LIVE.fetch_add(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's promise is the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's promise is the same.
        unsafe { System.dealloc(block, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// How many bytes are allocated now.
pub(crate) fn live() -> usize {
    LIVE.load(Ordering::Relaxed)
}

/// Room before each block for its length; as much as the alignment that C expects of `malloc`.
const HEADER: usize = 16;

fn layout(len: usize) -> Layout {
    Layout::from_size_align(len, HEADER).expect("a small block")
}

/// `zalloc`: not for `malloc`'s overhead, which differs from system to system.
pub(crate) unsafe extern "C" fn zalloc(_: *mut c_void, items: c_uint, size: c_uint) -> *mut c_void {
    let len = items as usize * size as usize + HEADER;
    // SAFETY: the layout has a size, and the block has room for it.
    unsafe {
        let block = std::alloc::alloc_zeroed(layout(len));
        block.cast::<usize>().write(len);
        LIVE.fetch_sub(HEADER, Ordering::Relaxed);
        block.add(HEADER).cast()
    }
}

/// `zfree`.
pub(crate) unsafe extern "C" fn zfree(_: *mut c_void, block: *mut c_void) {
    // SAFETY: the block came from `zalloc`, which wrote its length.
    unsafe {
        let block = block.cast::<u8>().sub(HEADER);
        let len = block.cast::<usize>().read();
        LIVE.fetch_add(HEADER, Ordering::Relaxed);
        std::alloc::dealloc(block, layout(len));
    }
}
