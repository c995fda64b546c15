//! The board's Ethernet controller, a LAN9118, as a driver of embassy-net: packets are moved to and from its FIFOs by the processor.

use core::task::Context;

use cortex_m::interrupt::InterruptNumber;
use cortex_m::peripheral::NVIC;
use embassy_net_driver::{Capabilities, Driver, HardwareAddress, LinkState};
use embassy_sync::waitqueue::AtomicWaker;

/// Bytes of the longest packet, without its checksum.
const MTU: usize = 1514;

/// There is one, and its registers are static: make one of these.
pub struct Lan9118 {
    received: Packet,
    to_send: Packet,
}

/// A packet on its way between a FIFO and the stack, in words, as the FIFO has it.
pub struct Packet([u8; MTU.next_multiple_of(4) + 4]);

impl Lan9118 {
    pub fn start() -> Self {
        write(HW_CFG, SOFT_RESET);
        while read(HW_CFG) & SOFT_RESET != 0 {}
        write(HW_CFG, MUST_BE_ONE | TX_FIFO_5K);
        write(FIFO_INT, 0);
        write(IRQ_CFG, IRQ_ENABLE | IRQ_ACTIVE_HIGH | IRQ_PUSH_PULL);
        write(TX_CFG, TX_ON);
        write_mac(MAC_CR, MAC_TX | MAC_RX);
        // SAFETY: no critical section of this program relies on the interrupt being masked at the NVIC.
        unsafe { NVIC::unmask(Ethernet) };
        let empty = || Packet([0; MTU.next_multiple_of(4) + 4]);
        Self { received: empty(), to_send: empty() }
    }
}

impl Driver for Lan9118 {
    type RxToken<'a> = RxToken<'a>;
    type TxToken<'a> = TxToken<'a>;

    fn receive(&mut self, cx: &mut Context<'_>) -> Option<(RxToken<'_>, TxToken<'_>)> {
        WAKER.register(cx.waker());
        write(INT_STS, RX_STATUS_LEVEL);
        write(INT_EN, RX_STATUS_LEVEL);
        let has_packet = read(RX_FIFO_INF) >> 16 & 0xFF != 0;
        has_packet.then_some((RxToken(&mut self.received), TxToken(&mut self.to_send)))
    }

    fn transmit(&mut self, cx: &mut Context<'_>) -> Option<TxToken<'_>> {
        if read(TX_FIFO_INF) & 0xFFFF < 2048 {
            // No interrupt reports this; it is over within a millisecond.
            cx.waker().wake_by_ref();
            return None;
        }
        Some(TxToken(&mut self.to_send))
    }

    fn link_state(&mut self, _: &mut Context<'_>) -> LinkState {
        LinkState::Up
    }

    fn capabilities(&self) -> Capabilities {
        let mut capabilities = Capabilities::default();
        capabilities.max_transmission_unit = MTU;
        capabilities.max_burst_size = Some(1);
        capabilities
    }

    fn hardware_address(&self) -> HardwareAddress {
        let ([a, b, c, d], [e, f, ..]) = (read_mac(MAC_ADDRL).to_le_bytes(), read_mac(MAC_ADDRH).to_le_bytes());
        HardwareAddress::Ethernet([a, b, c, d, e, f])
    }
}

pub struct RxToken<'a>(&'a mut Packet);

impl embassy_net_driver::RxToken for RxToken<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, take: F) -> R {
        let status = read(RX_STATUS);
        // With the checksum, and filled up to whole words. A packet that is too long is shortened, and dropped by its own checksum.
        let len = (status >> 16 & 0x3FFF) as usize;
        let mut place = self.0.0.chunks_exact_mut(4);
        for _ in 0..len.div_ceil(4) {
            let word = read(RX_DATA).to_le_bytes();
            if let Some(place) = place.next() {
                place.copy_from_slice(&word);
            }
        }
        take(self.0.0.get_mut(..len.saturating_sub(4).min(MTU)).unwrap_or_default())
    }
}

pub struct TxToken<'a>(&'a mut Packet);

impl embassy_net_driver::TxToken for TxToken<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, len: usize, fill: F) -> R {
        let packet = self.0.0.get_mut(..len).unwrap_or_default();
        let len = packet.len() as u32;
        let filled = fill(packet);
        write(TX_DATA, TX_FIRST_SEGMENT | TX_LAST_SEGMENT | len);
        write(TX_DATA, len);
        for word in self.0.0.chunks_exact(4).take(len.div_ceil(4) as usize) {
            write(TX_DATA, u32::from_le_bytes(word.try_into().unwrap_or_default()));
        }
        while read(TX_FIFO_INF) >> 16 & 0xFF != 0 {
            read(TX_STATUS);
        }
        filled
    }
}

static WAKER: AtomicWaker = AtomicWaker::new();

extern "C" fn on_packet() {
    write(INT_EN, 0);
    WAKER.wake();
}

/// An interrupt that is never unmasked.
extern "C" fn unused() {}

/// What the processor calls, by interrupt number, after the exceptions.
// SAFETY: cortex-m-rt's linker script needs the table in this section under this name, and nothing else defines either.
#[unsafe(link_section = ".vector_table.interrupts")]
#[unsafe(export_name = "__INTERRUPTS")]
static INTERRUPTS: [extern "C" fn(); 14] = {
    let mut table: [extern "C" fn(); 14] = [unused; 14];
    table[13] = on_packet;
    table
};

#[derive(Clone, Copy)]
struct Ethernet;

// SAFETY: interrupt 13 of the board is the Ethernet controller's, always, and the table above has it.
unsafe impl InterruptNumber for Ethernet {
    fn number(self) -> u16 {
        13
    }
}

fn read_mac(register: u32) -> u32 {
    write(MAC_CSR_CMD, MAC_BUSY | MAC_READ | register);
    while read(MAC_CSR_CMD) & MAC_BUSY != 0 {}
    read(MAC_CSR_DATA)
}

fn write_mac(register: u32, value: u32) {
    write(MAC_CSR_DATA, value);
    write(MAC_CSR_CMD, MAC_BUSY | register);
    while read(MAC_CSR_CMD) & MAC_BUSY != 0 {}
}

fn read(register: usize) -> u32 {
    // SAFETY: the address is that of a 32-bit register of the controller, which is always powered.
    unsafe { core::ptr::with_exposed_provenance::<u32>(BASE + register).read_volatile() }
}

fn write(register: usize, value: u32) {
    // SAFETY: as above; the controller has no DMA, so no value written to it makes it touch memory.
    unsafe { core::ptr::with_exposed_provenance_mut::<u32>(BASE + register).write_volatile(value) }
}

const BASE: usize = 0x4020_0000;
// Its registers.
const RX_DATA: usize = 0x00;
const TX_DATA: usize = 0x20;
const RX_STATUS: usize = 0x40;
const TX_STATUS: usize = 0x48;
const IRQ_CFG: usize = 0x54;
const INT_STS: usize = 0x58;
const INT_EN: usize = 0x5C;
const FIFO_INT: usize = 0x68;
const TX_CFG: usize = 0x70;
const HW_CFG: usize = 0x74;
const RX_FIFO_INF: usize = 0x7C;
const TX_FIFO_INF: usize = 0x80;
const MAC_CSR_CMD: usize = 0xA4;
const MAC_CSR_DATA: usize = 0xA8;
// `HW_CFG`
const SOFT_RESET: u32 = 1 << 0;
const MUST_BE_ONE: u32 = 1 << 20;
const TX_FIFO_5K: u32 = 5 << 16;
// `IRQ_CFG`
const IRQ_ENABLE: u32 = 1 << 8;
const IRQ_ACTIVE_HIGH: u32 = 1 << 4;
const IRQ_PUSH_PULL: u32 = 1 << 0;
// `INT_STS`, `INT_EN`
const RX_STATUS_LEVEL: u32 = 1 << 3;
// `TX_CFG`
const TX_ON: u32 = 1 << 1;
// The first word of a packet to be sent.
const TX_FIRST_SEGMENT: u32 = 1 << 13;
const TX_LAST_SEGMENT: u32 = 1 << 12;
// `MAC_CSR_CMD`
const MAC_BUSY: u32 = 1 << 31;
const MAC_READ: u32 = 1 << 30;
// Registers of the MAC, and their bits.
const MAC_CR: u32 = 1;
const MAC_ADDRH: u32 = 2;
const MAC_ADDRL: u32 = 3;
const MAC_TX: u32 = 1 << 3;
const MAC_RX: u32 = 1 << 2;
