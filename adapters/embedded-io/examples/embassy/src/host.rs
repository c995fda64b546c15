//! What the board has not and the host of its emulator has: random bytes, and arguments.

use cortex_m::asm::semihosting_syscall;
use sansocket::{Entropy, EntropyError};

/// The host's `/dev/urandom`.
pub struct HostEntropy {
    file: u32,
}

impl HostEntropy {
    pub fn open() -> Self {
        let block = [address(PATH.as_ptr()), READ_BINARY, PATH.count_bytes() as u32];
        // SAFETY: SYS_OPEN reads three words, and the path of that length.
        Self { file: unsafe { semihosting_syscall(SYS_OPEN, address(block.as_ptr())) } }
    }
}

impl Entropy for HostEntropy {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        let block = [self.file, address(bytes.as_mut_ptr()), bytes.len() as u32];
        // SAFETY: SYS_READ reads three words, and writes at most as many bytes as `bytes` has. It returns how many it has not.
        match unsafe { semihosting_syscall(SYS_READ, address(block.as_ptr())) } {
            0 => Ok(()),
            _ => Err(EntropyError),
        }
    }
}

/// The number after the last blank of the command line.
pub fn last_argument() -> Option<u16> {
    let mut line = [0_u8; 80];
    let block = [address(line.as_mut_ptr()), line.len() as u32];
    // SAFETY: SYS_GET_CMDLINE reads two words, and writes a string and its NUL of at most that length.
    unsafe { semihosting_syscall(SYS_GET_CMDLINE, address(block.as_ptr())) };
    let line = core::ffi::CStr::from_bytes_until_nul(&line).ok()?;
    line.to_str().ok()?.rsplit(' ').next()?.parse().ok()
}

/// Addresses have 32 bits on the targets that have semihosting.
fn address<T>(pointer: *const T) -> u32 {
    pointer.expose_provenance() as u32
}

const PATH: &core::ffi::CStr = c"/dev/urandom";
const READ_BINARY: u32 = 1;
const SYS_OPEN: u32 = 0x01;
const SYS_READ: u32 = 0x06;
const SYS_GET_CMDLINE: u32 = 0x15;
