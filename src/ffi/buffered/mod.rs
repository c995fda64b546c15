//! `Buffered` in C: a connection with its two buffers.

mod attach;
#[cfg(feature = "deflate")]
mod codec;
mod commands;
pub(super) mod layer;
mod remainder;
#[cfg(feature = "deflate")]
mod set_codec;
mod turn;

pub use attach::*;
pub use commands::*;
pub use remainder::*;
#[cfg(feature = "deflate")]
pub use set_codec::*;
pub use turn::*;
