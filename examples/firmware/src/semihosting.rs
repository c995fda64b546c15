//! Text and an exit code for the debugger or emulator that the board is attached to; without one these calls fault.

use core::ffi::CStr;

/// Prints one line `name value`.
pub fn print_figure(name: &CStr, value: usize) {
    let mut digits = [0; 12];
    print(name);
    print(c" ");
    print(decimal(value, &mut digits));
    print(c"\n");
}

pub fn print(text: &CStr) {
    // SAFETY: SYS_WRITE0 reads a string up to its NUL, which a `CStr` has.
    unsafe { cortex_m::asm::semihosting_syscall(SYS_WRITE0, address(text.as_ptr())) };
}

/// Ends the emulator, with `code` as its exit status.
pub fn exit(code: u32) -> ! {
    let block = [ADP_STOPPED_APPLICATION_EXIT, code];
    // SAFETY: SYS_EXIT_EXTENDED reads two words.
    unsafe { cortex_m::asm::semihosting_syscall(SYS_EXIT_EXTENDED, address(block.as_ptr())) };
    loop {
        cortex_m::asm::wfi();
    }
}

fn decimal(mut value: usize, buffer: &mut [u8; 12]) -> &CStr {
    // The last byte stays the NUL.
    let mut start = buffer.len() - 1;
    for slot in buffer.iter_mut().rev().skip(1) {
        let [digit, ..] = (value % 10).to_le_bytes();
        *slot = b'0' + digit;
        start -= 1;
        value /= 10;
        if value == 0 {
            break;
        }
    }
    buffer.get(start..).and_then(|text| CStr::from_bytes_with_nul(text).ok()).unwrap_or(c"?")
}

/// Addresses have 32 bits on the targets that have semihosting.
fn address<T>(pointer: *const T) -> u32 {
    pointer.expose_provenance() as u32
}

const SYS_WRITE0: u32 = 0x04;
const SYS_EXIT_EXTENDED: u32 = 0x20;
const ADP_STOPPED_APPLICATION_EXIT: u32 = 0x2_0026;
