//! `Buffered` in C: a connection with its two buffers.

mod attach;
mod commands;
mod remainder;
mod turn;

pub use attach::*;
pub use commands::*;
pub use remainder::*;
pub use turn::*;
