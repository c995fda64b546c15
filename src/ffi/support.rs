//! What the C layers of packages above this one share with it: pointers that are checked, and what stands in memory of the caller's. For
//! no others: it may change.

pub use super::buffered::layer::Lent;
pub use super::config::lent;
pub use super::handshake::{NO_HEADERS, headers};
pub use super::memory::{Filled, Lender, Opaque, Region, check_struct, fill, object, object_ref, write};
pub use super::numbers::{Refusal, done};
pub use super::setup::Source;
