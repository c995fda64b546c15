//! Talks to valgrind, when the program runs under it, with the instruction sequence that `valgrind.h` defines:
//! it does nothing on a real CPU. Written out here so that no header is needed to build.
use std::arch::asm;
use std::ffi::CStr;

const TOOL_BASE: usize = ((b'C' as usize) << 24) | ((b'T' as usize) << 16);
const ZERO_STATS: usize = TOOL_BASE + 1;
const DUMP_STATS_AT: usize = TOOL_BASE + 3;
const START_INSTRUMENTATION: usize = TOOL_BASE + 4;
const STOP_INSTRUMENTATION: usize = TOOL_BASE + 5;

#[inline(always)]
fn request(code: usize, arg: usize) -> usize {
    let args = [code, arg, 0, 0, 0, 0];
    let mut result = 0;
    // SAFETY: four rotations of rdi by 128 bits together and an exchange of rbx with itself change nothing;
    // valgrind reads `args` and writes rdx.
    unsafe {
        asm!(
            "rol rdi, 3",
            "rol rdi, 13",
            "rol rdi, 61",
            "rol rdi, 51",
            "xchg rbx, rbx",
            in("rax") args.as_ptr(),
            inout("rdx") result,
        );
    }
    result
}

/// Counts the instructions of `f` and dumps them under `name`.
pub(crate) fn count(name: &CStr, f: impl FnOnce()) {
    request(START_INSTRUMENTATION, 0);
    request(ZERO_STATS, 0);
    f();
    request(DUMP_STATS_AT, name.as_ptr() as usize);
    request(STOP_INSTRUMENTATION, 0);
}
