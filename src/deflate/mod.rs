//! RFC 7692, permessage-deflate: what two endpoints agree on, and, with the feature `deflate`, the inflater and the compressor.
//!
//! Both keep their history in memory that the caller lends, and neither knows about frames. A connection holds only what was
//! agreed.

#[cfg(feature = "deflate")]
mod bits;
#[cfg(feature = "deflate")]
mod compress;
#[cfg(feature = "deflate")]
mod error;
#[cfg(feature = "deflate")]
mod history;
#[cfg(feature = "deflate")]
mod huffman;
#[cfg(feature = "deflate")]
mod inflate;
mod params;
#[cfg(feature = "deflate")]
mod places;

#[cfg(feature = "deflate")]
pub use compress::{Compressed, Compressor};
#[cfg(feature = "deflate")]
pub use error::InflateError;
#[cfg(feature = "deflate")]
pub use inflate::{Finished, Inflater, Progress};
pub use params::{DeflateDirection, DeflateParams};
