//! UART0 of the board: an interrupt moves what arrives into a ring, `read` empties it, `write` blocks.

use core::sync::atomic::{AtomicBool, Ordering};

use cortex_m::interrupt::{self, InterruptNumber};
use cortex_m::peripheral::NVIC;

use crate::ring::Ring;

/// The driver. There is one UART, and its registers and ring are static: make one of these.
pub struct Uart(());

impl Uart {
    pub fn start() -> Self {
        write_register(Register::BaudDiv, CLOCK_HZ / BAUD);
        write_register(Register::Ctrl, TX_ENABLE | RX_ENABLE | RX_INTERRUPT);
        // SAFETY: no critical section of this program relies on the interrupt being masked at the NVIC.
        unsafe { NVIC::unmask(RxInterrupt) };
        Self(())
    }

    /// Takes what has arrived, as much as fits, without waiting.
    pub fn read(&mut self, into: &mut [u8]) -> usize {
        let mut len = 0;
        for (slot, byte) in into.iter_mut().zip(core::iter::from_fn(|| RING.pop())) {
            *slot = byte;
            len += 1;
        }
        if RX_PAUSED.load(Ordering::Relaxed) && !RING.is_full() {
            // The byte that met the full ring raised its interrupt long ago and will not raise another.
            interrupt::free(|_| {
                RX_PAUSED.store(false, Ordering::Relaxed);
                write_register(Register::Ctrl, TX_ENABLE | RX_ENABLE | RX_INTERRUPT);
                drain_receiver();
            });
        }
        len
    }

    /// Returns when the last byte has been handed to the transmitter.
    pub fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            while read_register(Register::State) & TX_FULL != 0 {}
            write_register(Register::Data, u32::from(byte));
        }
    }

    /// Sleeps until any interrupt, unless bytes are waiting to be read.
    pub fn wait(&self) {
        // Masked, a byte that arrives after the test stays pending and ends the sleep at once.
        interrupt::free(|_| {
            if RING.is_empty() {
                cortex_m::asm::wfi();
            }
        });
    }

    /// Whether the hardware had to drop bytes because the interrupt was served too late.
    pub fn has_lost_bytes(&self) -> bool {
        read_register(Register::State) & RX_OVERRUN != 0
    }
}

/// Moves bytes from the receiver into the ring. Runs in the interrupt, or with interrupts masked.
fn drain_receiver() {
    while read_register(Register::State) & RX_FULL != 0 {
        if RING.is_full() {
            // The byte stays in the receiver: a sender with flow control is held back, and without one
            // the overrun bit reports the loss. Otherwise the interrupt would fire without end.
            RX_PAUSED.store(true, Ordering::Relaxed);
            write_register(Register::Ctrl, TX_ENABLE | RX_ENABLE);
            return;
        }
        let [byte, ..] = read_register(Register::Data).to_le_bytes();
        RING.push(byte);
    }
}

extern "C" fn on_receive() {
    write_register(Register::IntClear, RX_INTERRUPT_STATUS);
    drain_receiver();
}

/// What the processor calls, by interrupt number, after the exceptions. No other interrupt is ever unmasked.
// SAFETY: cortex-m-rt's linker script needs the table in this section under this name, and nothing else defines either.
#[unsafe(link_section = ".vector_table.interrupts")]
#[unsafe(export_name = "__INTERRUPTS")]
static INTERRUPTS: [extern "C" fn(); 1] = [on_receive];

#[derive(Clone, Copy)]
struct RxInterrupt;

// SAFETY: interrupt 0 of the board is UART0's receiver, always, and the table above has it.
unsafe impl InterruptNumber for RxInterrupt {
    fn number(self) -> u16 {
        0
    }
}

static RING: Ring = Ring::new();
/// The ring was full, and the interrupt is off until there is room.
static RX_PAUSED: AtomicBool = AtomicBool::new(false);

fn read_register(register: Register) -> u32 {
    // SAFETY: the address is that of a 32-bit register of UART0, which is always powered. Reading `Data` takes a byte
    // out of the receiver and has no other effect on memory.
    unsafe { register.address().read_volatile() }
}

fn write_register(register: Register, value: u32) {
    // SAFETY: as above; the UART has no DMA, so no value written to it makes it touch memory.
    unsafe { register.address().write_volatile(value) }
}

/// Arm's CMSDK APB UART, offsets from its base.
#[derive(Clone, Copy)]
enum Register {
    Data = 0,
    State = 4,
    Ctrl = 8,
    IntClear = 12,
    BaudDiv = 16,
}

impl Register {
    fn address(self) -> *mut u32 {
        core::ptr::with_exposed_provenance_mut(BASE + self as usize)
    }
}

const BASE: usize = 0x4000_4000;
const CLOCK_HZ: u32 = 25_000_000;
const BAUD: u32 = 115_200;
/// Of the processor's clock, with start and stop bit.
pub const TICKS_PER_BYTE: u32 = 10 * CLOCK_HZ / BAUD;

// `State`
const TX_FULL: u32 = 1 << 0;
const RX_FULL: u32 = 1 << 1;
const RX_OVERRUN: u32 = 1 << 3;
// `Ctrl`
const TX_ENABLE: u32 = 1 << 0;
const RX_ENABLE: u32 = 1 << 1;
const RX_INTERRUPT: u32 = 1 << 3;
// `IntClear`
const RX_INTERRUPT_STATUS: u32 = 1 << 1;
