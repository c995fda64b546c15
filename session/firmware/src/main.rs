//! A WebSocket client on a bare Cortex-M4 without heap, behind a modem on a UART: as a session, and as less, to be compared.

#![no_std]
#![no_main]

#[allow(dead_code, reason = "shared")]
#[path = "../../../examples/firmware/src/clock.rs"]
mod clock;
#[allow(dead_code, reason = "shared")]
#[path = "../../../examples/firmware/src/line.rs"]
mod line;
#[cfg_attr(feature = "bare", allow(dead_code, reason = "`bare` needs no entropy"))]
mod modem;
#[cfg(feature = "proof")]
mod proof;
#[allow(dead_code, reason = "shared")]
#[path = "../../../examples/firmware/src/ring.rs"]
mod ring;
#[cfg_attr(feature = "bare", path = "bare.rs")]
#[cfg_attr(feature = "plain", path = "plain.rs")]
#[cfg_attr(feature = "socketio", path = "socketio.rs")]
mod session;
#[allow(dead_code, reason = "shared")]
#[path = "../../../examples/firmware/src/uart.rs"]
mod uart;

use clock::Clock;
use cortex_m_rt::entry;
use line::Line;
use uart::Uart;

#[entry]
fn main() -> ! {
    static mut INPUT: [u8; 512] = [0; 512];
    static mut OUTPUT: [u8; 512] = [0; 512];

    if let Some(core) = cortex_m::Peripherals::take() {
        let mut clock = Clock::start(core.SYST);
        let mut line = Line::new(Uart::start());
        // An error is a mistake of this program: it stops.
        let _ = session::run(&mut clock, &mut line, INPUT, OUTPUT);
    }
    loop {
        cortex_m::asm::wfi();
    }
}

/// Calls what exists nowhere: an image in which a panic can be reached does not link.
#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    unsafe extern "C" {
        safe fn a_panic_is_reachable() -> !;
    }
    a_panic_is_reachable()
}
