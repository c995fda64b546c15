//! RFC 7692, permessage-deflate: what two endpoints agree on, and, with the feature `deflate`, how, and the inflater and the compressor.
//!
//! Both keep their history in memory that the caller lends, and neither knows about frames. A connection holds only what was
//! agreed.

#[cfg(feature = "deflate")]
mod bits;
#[cfg(feature = "deflate")]
mod codec;
#[cfg(feature = "deflate")]
mod compress;
pub(crate) mod config;
#[cfg(feature = "deflate")]
mod entry;
#[cfg(feature = "deflate")]
mod error;
#[cfg(feature = "deflate")]
mod fast;
#[cfg(feature = "deflate")]
mod history;
#[cfg(feature = "deflate")]
mod huffman;
#[cfg(feature = "deflate")]
mod inflate;
#[cfg(feature = "deflate")]
mod lengths;
#[cfg(feature = "deflate")]
mod mode;
#[cfg(feature = "deflate")]
mod negotiation;
#[cfg(feature = "deflate")]
mod output;
pub(crate) mod params;
#[cfg(feature = "deflate")]
mod symbols;
#[cfg(feature = "deflate")]
mod tables;

#[cfg(feature = "deflate")]
pub use codec::{Deflate, Inflate};
#[cfg(feature = "deflate")]
pub use compress::{Compressed, Compressor, Level};
pub use config::{DeflateConfig, DeflateOffer};
#[cfg(feature = "deflate")]
pub use error::InflateError;
#[cfg(feature = "deflate")]
pub use inflate::{Finished, Inflater, Progress};
pub use params::{DeflateDirection, DeflateParams};
#[cfg(feature = "deflate")]
pub use tables::{FastTables, SmallTables, Tables};
