//! §4.2: what a client offers and what a server answers, as values. The request may have been read by this library, or by another
//! over HTTP/1.1, HTTP/2 (RFC 8441) or HTTP/3 (RFC 9220).

use super::accept_key::{ACCEPT_KEY_LEN, KEY_LEN, accept_key};
use super::fields::{Asked, Fields};
use super::negotiated::Negotiated;
use super::origin::Origin;
use crate::config::Config;
use crate::deflate::config::{DeflateConfig, DeflateOffer, DeflateOffers, ExtensionText};
use crate::error::{ProtocolError, UsageError};
use crate::http::authority::Authority;
use crate::http::head::{Header, Headers};
use crate::http::list::{Tokens, is_subprotocol_list, position};
use crate::http::target::Target;
use crate::http::token::is_word;

/// What a valid opening handshake asks for. Owned and of fixed size: it can be kept while the program looks things up elsewhere,
/// and answered later ([`Connection::accept_offer`](crate::Connection::accept_offer)). The Origin was decided on when it was
/// made.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Offer<'c> {
    /// The subprotocols that we speak.
    subprotocols: &'c str,
    /// A bit for each of them that is offered.
    offered: u64,
    /// What it offers of compression, and what we want of it.
    offers: DeflateOffers,
    deflate: DeflateConfig,
    /// Sec-WebSocket-Key; `None` over HTTP/2 and HTTP/3.
    key: Option<[u8; KEY_LEN]>,
}

/// Why there is no [`Offer`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum OfferError {
    /// The request breaks a rule of §4.2.1, or of HTTP.
    Protocol(ProtocolError),
    /// [`UsageError::NotAnOpeningHandshake`]: it asks for something other than WebSocket. [`UsageError::OriginNotAllowed`].
    /// [`UsageError::InvalidSubprotocol`]: the [`Config`]'s list is malformed.
    Usage(UsageError),
    /// An extended CONNECT with a `:protocol` other than `websocket`.
    OtherProtocol,
}

impl OfferError {
    /// The status of the response that reports it: 403 for an Origin, 426 for a version (with `Sec-WebSocket-Version: 13` and,
    /// over HTTP/1.1, Upgrade), 500 for a mistake of this end, 400 and others for the rest.
    pub const fn status(self) -> u16 {
        match self {
            Self::Protocol(error) => error.status(),
            Self::Usage(UsageError::NotAnOpeningHandshake) => 400,
            Self::Usage(UsageError::OriginNotAllowed) => 403,
            Self::Usage(_) => 500,
            // RFC 9220 §3.
            Self::OtherProtocol => 501,
        }
    }
}

impl From<ProtocolError> for OfferError {
    fn from(error: ProtocolError) -> Self {
        Self::Protocol(error)
    }
}

impl From<UsageError> for OfferError {
    fn from(error: UsageError) -> Self {
        Self::Usage(error)
    }
}

impl core::fmt::Display for OfferError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Protocol(error) => error.fmt(f),
            Self::Usage(error) => error.fmt(f),
            Self::OtherProtocol => f.write_str("the extended CONNECT is for another protocol than websocket"),
        }
    }
}

impl core::error::Error for OfferError {}

/// The pseudo-header fields of an extended CONNECT (RFC 8441 §4).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ExtendedConnect<'a> {
    /// `:protocol`.
    pub protocol: &'a str,
    /// `:scheme`.
    pub scheme: &'a str,
    /// `:authority`.
    pub authority: &'a str,
    /// `:path`: path and query.
    pub path: &'a str,
}

impl<'c> Offer<'c> {
    /// The offer in a request that another HTTP/1.1 stack has read: its method and header fields, in any order.
    ///
    /// The caller checks two rules itself, since neither shows in these. A request of HTTP/1.0 is not an opening handshake,
    /// whatever its Upgrade says (RFC 9110 §7.8). If the target is a whole URL, its host replaces the Host header (RFC 9112
    /// §3.2.2), here for [`Origin::SameHost`].
    ///
    /// ```
    /// use sansocket::{Config, Connection, Header, Instant, NoEntropy, Offer, Origin, Role};
    ///
    /// static CONFIG: Config = Config::new().subprotocols("chat");
    /// let fields = [
    ///     ("host", "example.com"), ("upgrade", "websocket"), ("connection", "Upgrade"), ("sec-websocket-version", "13"),
    ///     ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="), ("sec-websocket-protocol", "superchat, chat"),
    /// ];
    /// let fields = fields.iter().map(|(name, value)| Header::new(name, value));
    /// let offer = Offer::of_http1("GET", fields, &CONFIG, Origin::SameHost { secure: true })?;
    /// let answer = offer.answer(offer.subprotocols().next())?;
    /// assert_eq!(answer.status(), 101);
    /// assert!(answer.fields().any(|field| field == ("sec-websocket-protocol", "chat")));
    /// let ws = Connection::open(Role::Server, &CONFIG, NoEntropy, answer.negotiated(), Instant::from_millis(0));
    /// assert_eq!(ws.subprotocol(), Some("chat"));
    /// # Ok::<(), sansocket::OfferError>(())
    /// ```
    ///
    /// # Errors
    /// What is wrong; [`status`](OfferError::status) is the answer that reports it.
    pub fn of_http1<'i>(
        method: &str,
        fields: impl IntoIterator<Item = Header<'i>>,
        config: &'c Config<'c>,
        origin: Origin<'_>,
    ) -> Result<Self, OfferError> {
        let (fields, offer) = Self::gather(fields, config);
        fields.check_http(true)?;
        if !fields.upgrades_to_websocket {
            return Err(UsageError::NotAnOpeningHandshake.into());
        }
        fields.check_upgrade(method.as_bytes(), true)?;
        let offer = offer.with_key(fields.key.only().unwrap_or_default());
        Ok(offer.decide(origin.allows_field(fields.asked.origin, || fields.host.only()))?)
    }

    /// The offer in an extended CONNECT (RFC 8441 §5): its pseudo-header fields, and the others. Success is answered with 200.
    ///
    /// # Errors
    /// What is wrong; [`status`](OfferError::status) is the answer that reports it.
    pub fn of_extended_connect<'i>(
        request: ExtendedConnect<'_>,
        fields: impl IntoIterator<Item = Header<'i>>,
        config: &'c Config<'c>,
        origin: Origin<'_>,
    ) -> Result<Self, OfferError> {
        let (fields, offer) = Self::gather(fields, config);
        if !request.protocol.eq_ignore_ascii_case("websocket") {
            return Err(OfferError::OtherProtocol);
        }
        let is_http = ["http", "https"].iter().any(|scheme| request.scheme.eq_ignore_ascii_case(scheme));
        if !is_http || !Target::parse(b"GET", request.path.as_bytes()).is_some_and(|target| matches!(target, Target::Origin(_))) {
            return Err(ProtocolError::InvalidRequestLine.into());
        }
        if Authority::parse(request.authority.as_bytes()).is_none() {
            return Err(ProtocolError::InvalidHost.into());
        }
        fields.check_extended_connect()?;
        Ok(offer.decide(origin.allows_field(fields.asked.origin, || Some(request.authority.as_bytes())))?)
    }

    /// Nothing, so far, of what `config` speaks.
    fn new(config: &Config<'c>) -> Self {
        let offers = DeflateOffers::default();
        Self { subprotocols: config.subprotocols, offered: 0, offers, deflate: config.deflate, key: None }
    }

    /// What the lines of a request read by us offer.
    pub(super) fn of_asked(asked: &Asked<'_>, headers: Headers<'_>, config: &Config<'c>) -> Self {
        let mut offer = Self::new(config);
        asked.subprotocols.all(headers, "sec-websocket-protocol").for_each(|value| offer.note_subprotocols(value));
        asked.extensions.all(headers, "sec-websocket-extensions").for_each(|value| offer.note_extensions(value));
        offer
    }

    /// With `key`, which has been checked.
    pub(super) fn with_key(mut self, key: &[u8]) -> Self {
        self.key = key.first_chunk().copied();
        self
    }

    /// The deciding fields, and what is offered of what we speak.
    fn gather<'i>(from: impl IntoIterator<Item = Header<'i>>, config: &'c Config<'c>) -> (Fields<'i>, Self) {
        let (mut fields, mut offer) = (Fields::default(), Self::new(config));
        for Header { name, value } in from {
            let (name, value) = (name.as_bytes(), value.trim_ascii());
            fields.note(name, value);
            match name.len() {
                22 if is_word(name, b"sec-websocket-protocol") => offer.note_subprotocols(value),
                24 if is_word(name, b"sec-websocket-extensions") => offer.note_extensions(value),
                _ => {}
            }
        }
        (fields, offer)
    }

    /// Takes a line of subprotocols.
    fn note_subprotocols(&mut self, value: &[u8]) {
        for offered in Tokens::of(value) {
            self.offered |= position(self.subprotocols, offered.as_bytes()).map_or(0, bit);
        }
    }

    /// Takes a line of extensions.
    fn note_extensions(&mut self, value: &[u8]) {
        self.deflate.note(&mut self.offers, value);
    }

    fn ours(&self) -> impl Iterator<Item = (u8, &'c str)> + use<'c> {
        (0..64).zip(Tokens::of(self.subprotocols.as_bytes()))
    }

    /// The last checks.
    pub(super) fn decide(self, is_origin_allowed: bool) -> Result<Self, UsageError> {
        if !is_origin_allowed {
            return Err(UsageError::OriginNotAllowed);
        }
        if !is_subprotocol_list(self.subprotocols) {
            return Err(UsageError::InvalidSubprotocol);
        }
        if self.deflate.is_valid() { Ok(self) } else { Err(UsageError::InvalidWindowBits) }
    }

    /// The subprotocols that both ends speak, in this end's order of preference.
    pub fn subprotocols(&self) -> impl Iterator<Item = &'c str> + use<'c> {
        let offered = self.offered;
        self.ours().filter(move |&(index, _)| offered & bit(index) != 0).map(|(_, name)| name)
    }

    /// The first offer of permessage-deflate that is valid, if the [`Config`] has it on; a server may decide by it on
    /// [`with_deflate`](Self::with_deflate).
    pub const fn deflate(&self) -> Option<DeflateOffer> {
        self.offers.first
    }

    /// Answers it with other settings for compression than the [`Config`]'s, which has it on, or without compression
    /// ([`DeflateConfig::OFF`]).
    #[must_use]
    pub const fn with_deflate(mut self, deflate: DeflateConfig) -> Self {
        self.deflate = deflate;
        self
    }

    /// The answer that accepts it, with one of its [`subprotocols`](Self::subprotocols) or without.
    ///
    /// # Errors
    /// [`UsageError::UnofferedSubprotocol`]: answer with another, or refuse. [`UsageError::InvalidWindowBits`] for
    /// [`with_deflate`](Self::with_deflate).
    pub fn answer(&self, subprotocol: Option<&str>) -> Result<Answer<'c>, UsageError> {
        let accept_key = self.key.as_ref().map(|key| accept_key(key));
        let mut answer =
            Answer { accept_key, subprotocol: None, extensions: ExtensionText::NONE, negotiated: Negotiated::NOTHING };
        if !self.deflate.is_valid() {
            return Err(UsageError::InvalidWindowBits);
        }
        if let Some((params, text)) = self.deflate.accept(&self.offers) {
            (answer.extensions, answer.negotiated) = (text, answer.negotiated.with_deflate(params));
        }
        let Some(name) = subprotocol else { return Ok(answer) };
        let (index, ours) = self.ours().find(|&(_, ours)| ours == name).ok_or(UsageError::UnofferedSubprotocol)?;
        // §4.2.2: one that the client offered, and that we speak.
        if self.offered & bit(index) == 0 {
            return Err(UsageError::UnofferedSubprotocol);
        }
        answer.subprotocol = Some(ours);
        answer.negotiated = answer.negotiated.with_subprotocol(index);
        Ok(answer)
    }
}

/// The bit of the subprotocol at `index`; 0 beyond the 64th, which no list has.
fn bit(index: u8) -> u64 {
    1_u64.checked_shl(u32::from(index)).unwrap_or(0)
}

/// Shows how many subprotocols are offered, not their names: some clients send credentials as one (§10.6).
impl core::fmt::Debug for Offer<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Offer").field("subprotocols", &self.offered.count_ones()).finish_non_exhaustive()
    }
}

/// The answer to an [`Offer`]: what its response says, and what was agreed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Answer<'c> {
    pub(super) accept_key: Option<[u8; ACCEPT_KEY_LEN]>,
    pub(crate) subprotocol: Option<&'c str>,
    pub(super) extensions: ExtensionText,
    negotiated: Negotiated,
}

impl<'c> Answer<'c> {
    /// 101 over HTTP/1.1, 200 over HTTP/2 and HTTP/3.
    pub const fn status(&self) -> u16 {
        if self.accept_key.is_some() { 101 } else { 200 }
    }

    /// The header fields of the response, names in lower case. Others may be added to them.
    pub fn fields(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let accept = self.accept_key.as_ref().and_then(|key| core::str::from_utf8(key).ok());
        [
            accept.map(|_| ("upgrade", "websocket")),
            accept.map(|_| ("connection", "Upgrade")),
            accept.map(|key| ("sec-websocket-accept", key)),
            self.subprotocol.map(|name| ("sec-websocket-protocol", name)),
            (!self.extensions.is_empty()).then(|| ("sec-websocket-extensions", self.extensions.as_str())),
        ]
        .into_iter()
        .flatten()
    }

    /// What [`Connection::open`](crate::Connection::open) starts with.
    pub const fn negotiated(&self) -> Negotiated {
        self.negotiated
    }

    /// The subprotocol, one of the [`Config`]'s.
    pub const fn subprotocol(&self) -> Option<&'c str> {
        self.subprotocol
    }
}
