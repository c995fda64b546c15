//! What the C layers of packages above this one share with it. For no others: it may change.

pub use super::config::text_at;
pub use super::place::{Placed, placed, placed_ref};
