//! §5: frames on the wire. Public for proxies: fragment boundaries and reserved bits survive [`FrameHeader::decode`] and
//! [`FrameHeader::encode`].

mod decode;
mod encode;
mod header;
mod inflation;
mod mask;
mod reader;
mod writer;
pub(crate) mod xor;

pub use decode::HeaderRules;
pub use encode::encode_message;
pub use header::{FrameHeader, MAX_CONTROL_PAYLOAD, Opcode};
#[cfg(feature = "deflate")]
pub(crate) use inflation::Inflated;
pub(crate) use inflation::{AnyInflation, Inflation, NoInflation};
pub use mask::{advance_key, apply_mask};
pub(crate) use reader::{Plain, PlainPiece, Reader, Rest, Rules, What, WholeMessage};
pub(crate) use writer::{Writer, put_frame, put_frame_inline};
