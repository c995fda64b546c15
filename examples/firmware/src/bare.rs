//! In place of `echo.rs`, to know what WebSocket costs: bytes come back as they are, until a byte 0x04.

use crate::clock::Clock;
use crate::line::Line;

pub const INPUT_LEN: usize = 512;
pub const OUTPUT_LEN: usize = INPUT_LEN + 4 + 131;

pub fn serve(clock: &mut Clock, line: &mut Line, input: &mut [u8], _: &mut [u8]) -> Result<(), ()> {
    loop {
        let len = line.read(input, clock);
        let bytes = input.get(..len).unwrap_or_default();
        line.write(bytes);
        if bytes.contains(&0x04) {
            return Ok(());
        }
        if len == 0 {
            line.wait(None, clock);
        }
    }
}
