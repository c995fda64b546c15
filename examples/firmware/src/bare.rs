//! In place of `echo.rs`, to know what WebSocket costs: bytes come back as they are, until a byte 0x04.

use crate::clock::Clock;
use crate::input::Input;
use crate::uart::Uart;

pub const INPUT_LEN: usize = 512;
pub const OUTPUT_LEN: usize = INPUT_LEN + 4;

pub fn serve(clock: &mut Clock, uart: &mut Uart, input: &mut Input, output: &mut [u8]) -> Result<(), ()> {
    loop {
        let bytes = input.fill(uart, clock);
        let len = bytes.len();
        let stop = bytes.contains(&0x04);
        for (to, from) in output.iter_mut().zip(bytes) {
            *to = *from;
        }
        uart.write(output.get(..len).unwrap_or_default());
        input.consume(len);
        if stop {
            return Ok(());
        }
        if len == 0 {
            clock.wake_at(None);
            uart.wait();
        }
    }
}
