//! What an opening handshake agreed on (§4.2.2, §9), in this library or elsewhere.

use crate::deflate::DeflateParams;

/// What an opening handshake agreed on: nothing, by default. [`Connection::open`](crate::Connection::open) starts with it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Negotiated {
    subprotocol: Option<u8>,
    deflate: Option<DeflateParams>,
}

impl Negotiated {
    /// Neither subprotocol nor extension.
    pub const NOTHING: Self = Self { subprotocol: None, deflate: None };

    /// With the subprotocol at `index` of the [`Config`](crate::Config)'s list, counted from 0.
    #[must_use]
    pub const fn with_subprotocol(mut self, index: u8) -> Self {
        self.subprotocol = Some(index);
        self
    }

    /// With permessage-deflate (RFC 7692). Its messages need `receive_with`, of the feature `deflate`.
    #[must_use]
    pub const fn with_deflate(mut self, params: DeflateParams) -> Self {
        self.deflate = Some(params);
        self
    }

    /// The agreed subprotocol, as an index into the [`Config`](crate::Config)'s list, counted from 0.
    pub const fn subprotocol(&self) -> Option<u8> {
        self.subprotocol
    }

    /// The agreed parameters of permessage-deflate.
    pub const fn deflate(&self) -> Option<DeflateParams> {
        self.deflate
    }
}
