//! §7, the upper storey: one endpoint of one connection, above the frames that `frame` reads and writes.

mod client;
mod closing;
#[cfg(feature = "deflate")]
mod compressed;
#[cfg(feature = "deflate")]
mod deflate;
mod endpoint;
mod machine;
mod pings;
mod receive;
mod send;
mod server;
mod timeout;
mod timers;

#[cfg(feature = "deflate")]
pub use compressed::CompressedMessage;
#[cfg(feature = "deflate")]
pub(crate) use deflate::MIN_ROOM;
#[cfg(feature = "deflate")]
pub use deflate::Sent;
pub use endpoint::Connection;
pub use machine::{MAX_ANSWER, MAX_REMAINDER};
pub(crate) use receive::SHORTCUTS;
