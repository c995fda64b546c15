//! §5: frames on the wire. Public for those who build proxies: fragment boundaries and reserved bits survive a trip
//! through [`FrameHeader::decode`] and [`FrameHeader::encode`].

mod decode;
mod encode;
mod header;
mod mask;

pub use decode::HeaderRules;
pub use encode::encode_message;
pub use header::{FrameHeader, MAX_CONTROL_PAYLOAD, Opcode};
pub use mask::{advance_key, apply_mask};
pub(crate) use mask::{apply_mask_inline, unmask_text};
