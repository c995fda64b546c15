//! Every contender.
use crate::api::Peer;

#[cfg(feature = "peers")]
mod foreign;
pub mod limits;
mod sansocket;

/// In table order.
pub fn all() -> Vec<Box<dyn Peer>> {
    let mut v = limits::all();
    v.extend(sansocket::all());
    #[cfg(feature = "peers")]
    v.extend(foreign::all());
    v
}
