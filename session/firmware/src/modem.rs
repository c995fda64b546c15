//! The modem that dials, and the device's entropy.

use sansocket::{Entropy, EntropyError, Instant};

use crate::clock::Clock;
use crate::line::Line;

/// Has the modem dial a host of its phone book. Returns whether it is connected.
pub fn dial(host: &str, line: &mut Line, clock: &mut Clock) -> bool {
    line.write(b"ATD");
    line.write(host.as_bytes());
    line.write(b"\r");
    let mut answer = [0; 64];
    let deadline = Instant::from_millis(clock.now().as_millis().saturating_add(DIAL_MS));
    while clock.now() < deadline {
        let len = line.read(&mut answer, clock);
        if len > 0 {
            return answer.get(..len).is_some_and(|answer| answer.starts_with(b"CONNECT"));
        }
        line.wait(Some(deadline), clock);
    }
    false
}

const DIAL_MS: u64 = 10_000;

/// The random number generator of an STM32F4. (The board of the linker script has none; the image is not run.)
pub struct Rng;

impl Entropy for Rng {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        for chunk in bytes.chunks_mut(4) {
            if read_register(STATUS) & FAULTS != 0 {
                return Err(EntropyError);
            }
            while read_register(STATUS) & READY == 0 {}
            chunk.iter_mut().zip(read_register(DATA).to_le_bytes()).for_each(|(to, from)| *to = from);
        }
        Ok(())
    }
}

fn read_register(address: usize) -> u32 {
    // SAFETY: the address is one of the two below, 32-bit registers that are there to be read.
    unsafe { core::ptr::with_exposed_provenance::<u32>(address).read_volatile() }
}

const STATUS: usize = 0x5006_0804;
const DATA: usize = 0x5006_0808;
const READY: u32 = 1;
const FAULTS: u32 = 0b110;
