//! §7.4: close codes, and which of them are allowed in a frame.

/// A close code (§7.4).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct CloseCode(pub u16);

impl From<u16> for CloseCode {
    fn from(code: u16) -> Self {
        Self(code)
    }
}

impl From<CloseCode> for u16 {
    fn from(code: CloseCode) -> Self {
        code.0
    }
}

/// The number.
impl core::fmt::Display for CloseCode {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.0.fmt(f)
    }
}

impl CloseCode {
    /// 1000: the connection has fulfilled its purpose.
    pub const NORMAL_CLOSURE: Self = Self(1000);
    /// 1001: a server goes down, or a browser leaves the page.
    pub const GOING_AWAY: Self = Self(1001);
    /// 1002: the peer broke the protocol.
    pub const PROTOCOL_ERROR: Self = Self(1002);
    /// 1003: a kind of data that this endpoint does not accept.
    pub const UNSUPPORTED_DATA: Self = Self(1003);
    /// 1005: the peer's Close had no code. Never in a frame.
    pub const NO_STATUS_RECEIVED: Self = Self(1005);
    /// 1006: the connection ended without a Close from the peer. Never in a frame.
    pub const ABNORMAL_CLOSURE: Self = Self(1006);
    /// 1007: data that does not fit the type of the message, such as text that is not UTF-8.
    pub const INVALID_PAYLOAD_DATA: Self = Self(1007);
    /// 1008: a policy of this endpoint was violated.
    pub const POLICY_VIOLATION: Self = Self(1008);
    /// 1009: a message is too big.
    pub const MESSAGE_TOO_BIG: Self = Self(1009);
    /// 1010: an extension that the client needs is missing in the server's handshake. For clients only.
    pub const MANDATORY_EXTENSION: Self = Self(1010);
    /// 1011: something unexpected happened in the endpoint itself.
    pub const INTERNAL_ERROR: Self = Self(1011);
    /// 1012 (registry): the service restarts.
    pub const SERVICE_RESTART: Self = Self(1012);
    /// 1013 (registry): try again later.
    pub const TRY_AGAIN_LATER: Self = Self(1013);
    /// 1014 (registry): a gateway got a bad answer.
    pub const BAD_GATEWAY: Self = Self(1014);

    /// Whether the code is allowed in a Close frame, ours or the peer's: 1000-1003, 1007-1014 and 3000-4999.
    ///
    /// §7.4.1 reserves 1004-1006 and 1015; §7.4.2 leaves 1016-2999 to later versions, and 0-999 unused. The RFC says nothing
    /// about 5000 and above; we refuse them, as most endpoints do.
    pub const fn is_allowed_in_frame(self) -> bool {
        matches!(self.0, 1000..=1003 | 1007..=1014 | 3000..=4999)
    }
}

#[cfg(test)]
mod tests {
    use super::CloseCode;

    /// C-12, C-13, C-14: all 65 536 codes against the ranges written out.
    #[test]
    fn codes_allowed_in_a_frame_are_those_of_rfc_and_registry() {
        for code in 0..=u16::MAX {
            let allowed = (1000..3000).contains(&code) && code <= 1014 && ![1004, 1005, 1006].contains(&code)
                || (3000..5000).contains(&code);
            assert_eq!(CloseCode(code).is_allowed_in_frame(), allowed, "{code}");
        }
    }
}
