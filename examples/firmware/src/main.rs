//! A WebSocket echo server on a bare Cortex-M4 without heap: bytes come and go over a UART.

#![no_std]
#![no_main]
#![cfg_attr(feature = "bare", allow(dead_code, reason = "`bare` has no use for some of the board, and is there to be compared"))]

mod clock;
#[cfg_attr(not(feature = "inflate"), path = "no_codec.rs")]
#[cfg_attr(any(feature = "bare", feature = "by-hand"), allow(dead_code, reason = "neither compresses"))]
mod codec;
#[cfg_attr(feature = "bare", path = "bare.rs")]
#[cfg_attr(feature = "by-hand", path = "by_hand.rs")]
mod echo;
mod line;
mod ring;
mod semihosting;
mod stack;
mod uart;

use clock::Clock;
use cortex_m_rt::{ExceptionFrame, entry, exception};
use echo::{INPUT_LEN, OUTPUT_LEN};
use line::Line;
use sansocket::Connection;
use uart::Uart;

#[entry]
fn main() -> ! {
    static mut INPUT: [u8; INPUT_LEN] = [0; INPUT_LEN];
    static mut OUTPUT: [u8; OUTPUT_LEN] = [0; OUTPUT_LEN];

    let Some(core) = cortex_m::Peripherals::take() else { semihosting::exit(1) };
    let mut clock = Clock::start(core.SYST);
    let mut line = Line::new(Uart::start());
    match echo::serve(&mut clock, &mut line, INPUT, OUTPUT) {
        Ok(()) => report(&mut clock, &line),
        Err(_) => semihosting::exit(2),
    }
}

/// Prints what `ci/firmware` reads, one `name value` a line, and ends the emulator.
fn report(clock: &mut Clock, line: &Line) -> ! {
    semihosting::print_figure(c"connection", size_of::<Connection<'static>>());
    semihosting::print_figure(c"buffers", INPUT_LEN + OUTPUT_LEN);
    semihosting::print_figure(c"stack_size", stack::size());
    semihosting::print_figure(c"stack_high_water", stack::high_water());
    semihosting::print_figure(c"uptime_ms", usize::try_from(clock.now().as_millis()).unwrap_or(usize::MAX));
    semihosting::print_figure(c"lost_bytes", usize::from(line.has_lost_bytes()));
    semihosting::exit(u32::from(line.has_lost_bytes()))
}

/// Calls what exists nowhere: an image in which a panic can be reached does not link.
#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    unsafe extern "C" {
        safe fn a_panic_is_reachable() -> !;
    }
    a_panic_is_reachable()
}

/// A bus fault, an undefined instruction and the like: ends the emulator instead of hanging until a timeout.
/// (cortex-m-rt requires `unsafe` in the signature; nothing in here is.)
#[exception]
unsafe fn HardFault(_: &ExceptionFrame) -> ! {
    semihosting::print(c"hard fault\n");
    semihosting::exit(102)
}
