//! RFC 7692 §7.1: the agreed parameters.

use crate::role::Role;

/// The agreed parameters of permessage-deflate (RFC 7692 §7.1), separately for what each end sends.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct DeflateParams {
    /// For what the server sends.
    pub server: DeflateDirection,
    /// For what the client sends.
    pub client: DeflateDirection,
}

/// How the messages of one end are compressed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct DeflateDirection {
    /// `*_no_context_takeover` (§7.1.1): no message refers to bytes of an earlier one.
    pub no_context_takeover: bool,
    /// `*_max_window_bits` (§7.1.2): the base-2 logarithm of the window, 8 to 15.
    pub max_window_bits: u8,
}

impl DeflateDirection {
    /// The defaults of the RFC: context takeover and a window of 32 KiB.
    pub const DEFAULT: Self = Self { no_context_takeover: false, max_window_bits: 15 };

    /// Whether there is such a window: what was agreed on elsewhere may be anything.
    #[cfg(feature = "deflate")]
    pub(crate) const fn is_valid(self) -> bool {
        matches!(self.max_window_bits, 8..=15)
    }
}

impl DeflateParams {
    /// What a response without parameters agrees on.
    pub const DEFAULT: Self = Self { server: DeflateDirection::DEFAULT, client: DeflateDirection::DEFAULT };

    /// The parameters for what `role` sends.
    pub const fn sent_by(self, role: Role) -> DeflateDirection {
        match role {
            Role::Server => self.server,
            Role::Client => self.client,
        }
    }
}
