//! RFC 7692 §7.1: what an endpoint wants of permessage-deflate, and what a client offers.

use super::params::DeflateParams;

/// How an endpoint compresses (permessage-deflate, RFC 7692). It is part of the [`Config`](crate::Config); off by default, because
/// compression takes memory for each connection, and because the length of a compressed message tells about its content: whoever can
/// add text of his own to a message with a secret can guess the secret from the lengths (CRIME, BREACH; §8). Send such messages
/// uncompressed.
///
/// The settings say what is sent and what is received, so that the same value serves both roles. Its fields are for reading; methods
/// of the same names set them.
///
/// ```
/// use sansocket::{Config, DeflateConfig};
/// static CONFIG: Config = Config::new().deflate(DeflateConfig::new().receive_window_bits(12).send_no_context_takeover(true));
/// ```
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct DeflateConfig {
    /// The base-2 logarithm of the largest window that we compress with, 8 to 15: that of our compressor. 15 by default. A smaller one
    /// is used if the peer asks for it.
    pub send_window_bits: u8,
    /// The base-2 logarithm of the largest window that the peer may compress with, 8 to 15: that of the memory lent for inflating.
    /// 15 by default.
    pub receive_window_bits: u8,
    /// Each of our messages is compressed by itself (`*_no_context_takeover`, §7.1.1), so that the compressor can serve many
    /// connections. No by default.
    pub send_no_context_takeover: bool,
    /// The peer compresses each of its messages by itself. No by default: the history costs memory here, but makes messages much
    /// shorter.
    pub receive_no_context_takeover: bool,
    /// If the peer does not support what the two settings for receiving ask of it, compression is agreed on without them, and the
    /// program lends 32 KiB for inflating. Otherwise, which is the default, messages are not compressed then.
    pub fallback: bool,
    /// The rules of the negotiation, so that programs that never negotiate do not contain them; `None` if compression is off.
    pub(super) rules: Option<&'static Rules>,
}

/// The values of a header's lines, one after the other.
pub(super) type Lines<'a, 'i> = dyn FnMut() -> Option<&'i [u8]> + 'a;

/// The functions that know the rules.
pub(super) struct Rules {
    pub(super) note: fn(&mut DeflateOffers, &[u8]),
    pub(super) accept: fn(&DeflateConfig, &DeflateOffers) -> Option<(DeflateParams, ExtensionText)>,
    pub(super) offer: fn(&DeflateConfig) -> ExtensionText,
    pub(super) judge: for<'i> fn(&DeflateConfig, &mut Lines<'_, 'i>) -> Option<DeflateParams>,
}

impl DeflateConfig {
    /// No compression.
    pub const OFF: Self = Self {
        send_window_bits: 15,
        receive_window_bits: 15,
        send_no_context_takeover: false,
        receive_no_context_takeover: false,
        fallback: false,
        rules: None,
    };

    /// Whether permessage-deflate is negotiated at all.
    pub const fn is_on(&self) -> bool {
        self.rules().is_some()
    }

    /// Without the feature there are none, which the compiler sees only here.
    const fn rules(&self) -> Option<&'static Rules> {
        if cfg!(feature = "deflate") { self.rules } else { None }
    }

    /// With a window of at most 2^`bits` bytes for what we send.
    #[must_use]
    pub const fn send_window_bits(mut self, bits: u8) -> Self {
        self.send_window_bits = bits;
        self
    }

    /// With a window of at most 2^`bits` bytes for what we receive.
    #[must_use]
    pub const fn receive_window_bits(mut self, bits: u8) -> Self {
        self.receive_window_bits = bits;
        self
    }

    /// With each of our messages compressed by itself, or not.
    #[must_use]
    pub const fn send_no_context_takeover(mut self, alone: bool) -> Self {
        self.send_no_context_takeover = alone;
        self
    }

    /// With each of the peer's messages compressed by itself, or not.
    #[must_use]
    pub const fn receive_no_context_takeover(mut self, alone: bool) -> Self {
        self.receive_no_context_takeover = alone;
        self
    }

    /// With a fall-back to what every peer supports, or without.
    #[must_use]
    pub const fn fallback(mut self, fallback: bool) -> Self {
        self.fallback = fallback;
        self
    }

    /// Whether both windows have 8 to 15 bits.
    pub(crate) const fn is_valid(&self) -> bool {
        matches!(self.send_window_bits, 8..=15) && matches!(self.receive_window_bits, 8..=15)
    }

    /// Takes a line of a request's Sec-WebSocket-Extensions.
    pub(crate) fn note(&self, offers: &mut DeflateOffers, value: &[u8]) {
        if let Some(rules) = self.rules() {
            (rules.note)(offers, value);
        }
    }

    /// A server's answer to the first of `offers` that it can honour: what is agreed on then, and the extension as the response names
    /// it.
    pub(crate) fn accept(&self, offers: &DeflateOffers) -> Option<(DeflateParams, ExtensionText)> {
        self.rules().and_then(|rules| (rules.accept)(self, offers))
    }

    /// The extensions as a client's request lists them: empty if there are none.
    pub(crate) fn offer(&self) -> ExtensionText {
        self.rules().map_or(ExtensionText::NONE, |rules| (rules.offer)(self))
    }

    /// What the values of a response's Sec-WebSocket-Extensions, one after the other, agree on, for a client that sent [`offer`](Self::offer); `None` if they
    /// break a rule or fit no offer.
    pub(crate) fn judge(&self, lines: &mut Lines<'_, '_>) -> Option<DeflateParams> {
        self.rules().and_then(|rules| (rules.judge)(self, lines))
    }

    /// The settings, without what follows from them.
    const fn settings(&self) -> (bool, u8, u8, bool, bool, bool) {
        let (sends, receives) = (self.send_no_context_takeover, self.receive_no_context_takeover);
        (self.is_on(), self.send_window_bits, self.receive_window_bits, sends, receives, self.fallback)
    }
}

impl PartialEq for DeflateConfig {
    fn eq(&self, other: &Self) -> bool {
        self.settings() == other.settings()
    }
}

impl Eq for DeflateConfig {}

impl core::fmt::Debug for DeflateConfig {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("DeflateConfig")
            .field("is_on", &self.is_on())
            .field("send_window_bits", &self.send_window_bits)
            .field("receive_window_bits", &self.receive_window_bits)
            .field("send_no_context_takeover", &self.send_no_context_takeover)
            .field("receive_no_context_takeover", &self.receive_no_context_takeover)
            .field("fallback", &self.fallback)
            .finish()
    }
}

/// One offer of permessage-deflate in a client's request (RFC 7692 §7.1), valid by itself.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct DeflateOffer {
    /// The client asks that the server compresses each message by itself.
    pub server_no_context_takeover: bool,
    /// The client hints that it compresses each message by itself.
    pub client_no_context_takeover: bool,
    /// The largest window that the client can inflate with.
    pub server_max_window_bits: Option<u8>,
    /// `Some` if the server may limit the client's window; the number is the largest that the client uses in any case (15 if it says
    /// none).
    pub client_max_window_bits: Option<u8>,
}

/// The offers of a request that can make a difference: the first, and, if that does not let a server limit the client's window, the
/// first that does. (There is nothing else that this library cannot honour.)
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct DeflateOffers {
    pub(crate) first: Option<DeflateOffer>,
    pub(crate) limitable: Option<DeflateOffer>,
}

/// The value of a Sec-WebSocket-Extensions that this library writes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct ExtensionText {
    pub(super) bytes: [u8; ExtensionText::MAX_LEN],
    pub(super) len: u8,
}

impl ExtensionText {
    /// No extension.
    pub(crate) const NONE: Self = Self { bytes: [0; Self::MAX_LEN], len: 0 };

    /// The longest: an offer with all parameters and its fall-back.
    pub(super) const MAX_LEN: usize = if cfg!(feature = "deflate") { 172 } else { 0 };

    pub(crate) const fn is_empty(&self) -> bool {
        Self::MAX_LEN == 0 || self.len == 0
    }

    pub(crate) fn as_str(&self) -> &str {
        self.bytes.get(..usize::from(self.len)).and_then(|text| core::str::from_utf8(text).ok()).unwrap_or_default()
    }
}

impl core::fmt::Debug for ExtensionText {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.as_str().fmt(f)
    }
}
