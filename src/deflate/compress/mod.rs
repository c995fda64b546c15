//! The compressor of permessage-deflate (RFC 7692 §7.2.1): a fast level, which writes at once, and thorough ones, which collect.

mod blocks;
mod chains;
mod codes;
mod compressor;
mod fast;
mod header;
mod level;
mod places;
mod positions;
mod run;
mod symbols;
mod tables;
mod thorough;
mod tokens;

pub use compressor::{Compressed, Compressor};
pub use level::Level;
